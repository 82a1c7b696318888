//! Reading a request body the way Discord reads it: field by field, remembering every mistake with its path, and
//! telling all of them at once.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::permissions::Permissions;
use super::refusal::{FieldErrors, Refusal};
use super::snowflake::Snowflake;

/// A body being read, with the mistakes found so far.
#[derive(Debug, Default)]
pub(super) struct Form {
    field_errors: RefCell<FieldErrors>,
}

/// One object inside the body.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a> {
    form: &'a Form,
    path: String,
    object: &'a Map<String, Value>,
}

impl Form {
    /// Reads `body` with `read`, and refuses it with every mistake found.
    pub(super) fn read<T>(body: Option<&Value>, read: impl FnOnce(&Fields<'_>) -> T) -> Result<T, Refusal> {
        let empty = Map::new();
        let object = match body {
            None | Some(Value::Null) => &empty,
            Some(Value::Object(object)) => object,
            Some(_) => {
                return Err(Refusal::field("", "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType"));
            }
        };
        let form = Self::default();
        let result = read(&Fields { form: &form, path: String::new(), object });
        let field_errors = form.field_errors.into_inner();
        if field_errors.is_empty() { Ok(result) } else { Err(field_errors.refusal()) }
    }
}

impl Form {
    /// The same for a body that is a list of objects.
    pub(super) fn read_list<T>(body: Option<&Value>, read: impl FnOnce(&[Fields<'_>]) -> T) -> Result<T, Refusal> {
        let Some(Value::Array(list)) = body else {
            return Err(Refusal::field("", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType"));
        };
        let form = Self::default();
        let mut fields = Vec::new();
        for (index, value) in list.iter().enumerate() {
            let path = index.to_string();
            match value.as_object() {
                Some(object) => fields.push(Fields { form: &form, path, object }),
                None => form.field_errors.borrow_mut().add(
                    &path,
                    "MODEL_TYPE_CONVERT",
                    "Only dictionaries may be used in a ModelType",
                ),
            }
        }
        let result = read(&fields);
        let field_errors = form.field_errors.into_inner();
        if field_errors.is_empty() { Ok(result) } else { Err(field_errors.refusal()) }
    }
}

impl<'a> Fields<'a> {
    fn path_to(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Remembers a mistake at a field of this object; an empty name means the object itself.
    pub(super) fn mistake(&self, name: &str, code: &str, message: impl Into<String>) {
        let path = if name.is_empty() { self.path.clone() } else { self.path_to(name) };
        self.form.field_errors.borrow_mut().add(&path, code, message);
    }

    /// Whether the field is there at all, be it null.
    pub(super) fn given(&self, name: &str) -> bool {
        self.object.contains_key(name)
    }

    /// The raw value; null counts as absent.
    pub(super) fn value(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    /// Demands that the field be there.
    pub(super) fn require(&self, name: &str) {
        if self.value(name).is_none() {
            self.mistake(name, "BASE_TYPE_REQUIRED", "This field is required");
        }
    }

    /// A trimmed string whose length in characters lies in the range.
    pub(super) fn text(&self, name: &str, length: RangeInclusive<usize>) -> Option<String> {
        let text = match self.value(name)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => {
                self.mistake(name, "STRING_TYPE_CONVERT", "Could not interpret value as string.");
                return None;
            }
        };
        if text.is_empty() && *length.start() > 0 {
            self.mistake(name, "BASE_TYPE_REQUIRED", "This field is required");
        } else {
            self.check_length(name, text.chars().count(), &length);
        }
        Some(text)
    }

    fn check_length(&self, name: &str, count: usize, allowed: &RangeInclusive<usize>) {
        let (least, most) = (allowed.start(), allowed.end());
        if allowed.contains(&count) {
        } else if *least == 0 {
            self.mistake(name, "BASE_TYPE_MAX_LENGTH", format!("Must be {most} or fewer in length."));
        } else {
            self.mistake(name, "BASE_TYPE_BAD_LENGTH", format!("Must be between {least} and {most} in length."));
        }
    }

    /// A whole number in the range.
    pub(super) fn number(&self, name: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let value = self.value(name)?;
        let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
        let Some(number) = number else {
            self.mistake(name, "NUMBER_TYPE_COERCE", format!("Value {value} is not int."));
            return None;
        };
        if number < *range.start() {
            self.mistake(
                name,
                "NUMBER_TYPE_MIN",
                format!("int value should be greater than or equal to {}.", range.start()),
            );
        } else if number > *range.end() {
            self.mistake(
                name,
                "NUMBER_TYPE_MAX",
                format!("int value should be less than or equal to {}.", range.end()),
            );
        }
        Some(number)
    }

    /// A number out of a fixed set.
    pub(super) fn choice(&self, name: &str, choices: &[i64]) -> Option<i64> {
        let number = self.number(name, i64::MIN..=i64::MAX)?;
        if !choices.contains(&number) {
            let listed: Vec<String> = choices.iter().map(i64::to_string).collect();
            self.mistake(name, "BASE_TYPE_CHOICES", format!("Value must be one of {{{}}}.", listed.join(", ")));
            return None;
        }
        Some(number)
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        let value = self.value(name)?;
        if value.as_bool().is_none() {
            self.mistake(name, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.");
        }
        value.as_bool()
    }

    pub(super) fn id(&self, name: &str) -> Option<Snowflake> {
        let value = self.value(name)?;
        let id = snowflake(value);
        if id.is_none() {
            self.mistake(name, "NUMBER_TYPE_COERCE", format!("Value {value} is not snowflake."));
        }
        id
    }

    /// A set of rights, as a string of digits or (as Discord still accepts) a number.
    pub(super) fn rights(&self, name: &str) -> Option<Permissions> {
        let value = self.value(name)?;
        let bits = value.as_u64().or_else(|| value.as_str()?.parse().ok());
        if bits.is_none() {
            self.mistake(name, "NUMBER_TYPE_COERCE", format!("Value {value} is not int."));
        }
        bits.map(Permissions)
    }

    /// An object within this one.
    pub(super) fn inner(&self, name: &str) -> Option<Fields<'a>> {
        let object = self.value(name)?.as_object();
        if object.is_none() {
            self.mistake(name, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType");
        }
        object.map(|object| Fields { form: self.form, path: self.path_to(name), object })
    }

    /// A list of anything, of an allowed length.
    pub(super) fn list(&self, name: &str, length: RangeInclusive<usize>) -> Option<&'a [Value]> {
        let Some(list) = self.value(name)?.as_array() else {
            self.mistake(name, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType");
            return None;
        };
        self.check_length(name, list.len(), &length);
        Some(list)
    }

    /// A list of objects.
    pub(super) fn objects(&self, name: &str, length: RangeInclusive<usize>) -> Option<Vec<Fields<'a>>> {
        let list = self.list(name, length)?;
        let read = |(index, value): (usize, &'a Value)| {
            let path = self.path_to(&format!("{name}.{index}"));
            let object = value.as_object();
            if object.is_none() {
                let message = "Only dictionaries may be used in a ModelType";
                self.form.field_errors.borrow_mut().add(&path, "MODEL_TYPE_CONVERT", message);
            }
            object.map(|object| Fields { form: self.form, path, object })
        };
        Some(list.iter().enumerate().filter_map(read).collect())
    }

    /// A list of ids.
    pub(super) fn ids(&self, name: &str, most: usize) -> Option<Vec<Snowflake>> {
        let list = self.list(name, 0..=most)?;
        let read = |(index, value): (usize, &Value)| {
            let id = snowflake(value);
            if id.is_none() {
                self.mistake(
                    &format!("{name}.{index}"),
                    "NUMBER_TYPE_COERCE",
                    format!("Value {value} is not snowflake."),
                );
            }
            id
        };
        Some(list.iter().enumerate().filter_map(read).collect())
    }
}

fn snowflake(value: &Value) -> Option<Snowflake> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).map(Snowflake)
}
