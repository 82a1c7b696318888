//! JSON Schema, as far as the schema of the settings uses it (draft 2020-12). What it does not know it refuses.

use std::collections::HashMap;

use regex::Regex;
use serde_json::Value;

/// A schema, ready to be asked.
pub(super) struct Validator {
    schema: Value,
    patterns: HashMap<String, Regex>,
}

impl Validator {
    pub(super) fn new(schema: Value) -> Self {
        let mut patterns = HashMap::new();
        compile(&schema, &mut patterns);
        Self { schema, patterns }
    }

    pub(super) fn accepts(&self, value: &Value) -> bool {
        self.matches(&self.schema, value)
    }

    fn matches(&self, schema: &Value, value: &Value) -> bool {
        let schema = schema.as_object().expect("a schema is an object");
        schema.iter().all(|(keyword, wanted)| self.holds(keyword, wanted, schema, value))
    }

    fn holds(&self, keyword: &str, wanted: &Value, schema: &serde_json::Map<String, Value>, value: &Value) -> bool {
        let limit = || usize::try_from(wanted.as_u64().expect("a limit is a number")).expect("a small one");

        match (keyword, value) {
            ("$schema" | "title" | "description", _) => true,
            ("const", value) => value == wanted,
            ("enum", value) => list_of(wanted).contains(value),
            ("type", value) => match wanted.as_str().expect("a type is a word") {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "boolean" => value.is_boolean(),
                "integer" => value.is_u64() || value.is_i64(),
                other => panic!("unknown type {other}"),
            },
            ("anyOf", value) => list_of(wanted).iter().any(|schema| self.matches(schema, value)),
            ("allOf", value) => list_of(wanted).iter().all(|schema| self.matches(schema, value)),
            ("minimum", Value::Number(number)) => number.as_f64() >= wanted.as_f64() && !is_below(number, wanted),
            ("maximum", Value::Number(number)) => {
                number.as_u64().is_none_or(|number| number <= wanted.as_u64().unwrap())
            }
            ("minLength", Value::String(text)) => text.chars().count() >= limit(),
            ("maxLength", Value::String(text)) => text.chars().count() <= limit(),
            ("pattern", Value::String(text)) => self.patterns[wanted.as_str().expect("a pattern")].is_match(text),
            ("minItems", Value::Array(list)) => list.len() >= limit(),
            ("maxItems", Value::Array(list)) => list.len() <= limit(),
            ("uniqueItems", Value::Array(list)) => {
                wanted == false || (1..list.len()).all(|index| !list[..index].contains(&list[index]))
            }
            ("items", Value::Array(list)) => list.iter().all(|entry| self.matches(wanted, entry)),
            ("properties", Value::Object(record)) => {
                record.iter().all(|(name, value)| wanted.get(name).is_none_or(|schema| self.matches(schema, value)))
            }
            ("required", Value::Object(record)) => {
                list_of(wanted).iter().all(|name| record.contains_key(name.as_str().expect("a name")))
            }
            ("additionalProperties", Value::Object(record)) => {
                assert_eq!(wanted, false);
                record.keys().all(|name| schema["properties"].get(name).is_some())
            }
            // A keyword says nothing of values of another type.
            (
                "minimum"
                | "maximum"
                | "minLength"
                | "maxLength"
                | "pattern"
                | "minItems"
                | "maxItems"
                | "uniqueItems"
                | "items"
                | "properties"
                | "required"
                | "additionalProperties",
                _,
            ) => true,
            (other, _) => panic!("unknown keyword {other}"),
        }
    }
}

fn list_of(wanted: &Value) -> &[Value] {
    wanted.as_array().expect("a list")
}

fn is_below(number: &serde_json::Number, wanted: &Value) -> bool {
    matches!((number.as_u64(), wanted.as_u64()), (Some(number), Some(wanted)) if number < wanted)
}

fn compile(schema: &Value, patterns: &mut HashMap<String, Regex>) {
    match schema {
        Value::Object(record) => {
            for (keyword, wanted) in record {
                if let ("pattern", Value::String(pattern)) = (&**keyword, wanted) {
                    patterns.insert(pattern.clone(), Regex::new(pattern).expect("a pattern can be read"));
                }
                compile(wanted, patterns);
            }
        }
        Value::Array(list) => list.iter().for_each(|schema| compile(schema, patterns)),
        _ => {}
    }
}
