//! JSON, read so that nothing written in it is lost without a word: a field that stands twice is a mistake.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::model::settings::check::{entry_path, field_path};
use crate::model::settings::mistake::{Mistake, Problem};

/// The size of the largest text that is read at all, in KiB. No document that is right comes near it.
pub const LARGEST: usize = 1_024;

/// The value that a text means, and the fields in it that stand twice.
pub(super) fn parse(text: &str) -> Result<(Value, Vec<Mistake>), Mistake> {
    if text.len() > LARGEST * 1_024 {
        return Err(Mistake::whole(Problem::TooLarge(LARGEST)));
    }
    // Some editors put it before everything.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let not_json = |why: serde_json::Error| {
        Mistake::whole(Problem::NotJson { line: why.line().max(1), column: why.column().max(1) })
    };
    let twice = RefCell::default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Reading { path: "", twice: &twice }.deserialize(&mut deserializer).map_err(not_json)?;
    deserializer.end().map_err(not_json)?;
    Ok((value, twice.into_inner()))
}

/// A value that is being read.
#[derive(Clone, Copy)]
struct Reading<'a> {
    path: &'a str,
    twice: &'a RefCell<Vec<Mistake>>,
}

impl<'de> DeserializeSeed<'de> for Reading<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reading<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let path = entry_path(self.path, list.len());
            match entries.next_element_seed(Reading { path: &path, ..self })? {
                Some(entry) => list.push(entry),
                None => return Ok(Value::Array(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut record = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            let path = field_path(self.path, &name);
            let value = fields.next_value_seed(Reading { path: &path, ..self })?;
            if record.insert(name, value).is_some() {
                self.twice.borrow_mut().push(Mistake { path, problem: Problem::FieldTwice });
            }
        }
        Ok(Value::Object(record))
    }
}
