//! Discord's own description of its interface, as a net beneath the rules: what it does not allow is refused here first,
//! whatever the handlers would have thought of it.
//!
//! `openapi.json` is a part of <https://github.com/discord/discord-api-spec> (see `LICENSE` beside it): the calls served
//! here, and what they refer to, without the prose. It is made anew from the whole by
//! `OPENAPI=path/to/openapi.json cargo test -p talon-sandbox openapi -- --ignored`.
//!
//! The description uses little of JSON Schema, so a checker of its own is shorter than the dependency would be.

mod check;
#[cfg(test)]
mod trim;

use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::refusal::{FieldErrors, Refusal};
use super::rest::Request;
use check::Checker;

static DESCRIPTION: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("openapi.json")).unwrap_or_default());

/// Checks a request's query and body; a call that the description does not know passes.
pub(super) fn check_request(request: &Request) -> Result<(), Refusal> {
    let Some(operation) = operation(&request.method, &request.path) else { return Ok(()) };
    let checker = Checker::new(&DESCRIPTION["components"]["schemas"]);
    let mut field_errors = FieldErrors::default();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap_or_default();
        if let Some(given) = request.asked(name) {
            let schema = &parameter["schema"];
            checker.check(schema, &from_query(given, schema), name, &mut field_errors);
        }
    }
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    if !schema.is_null() {
        let nothing = Value::Object(Map::new());
        checker.check(schema, request.body.as_ref().unwrap_or(&nothing), "", &mut field_errors);
    }
    if field_errors.is_empty() { Ok(()) } else { Err(field_errors.refusal()) }
}

/// A value from the query: text, but where a switch is asked for, the spellings of true and false that Discord knows
/// (*API Reference*, "Boolean Query Strings").
fn from_query(text: &str, schema: &Value) -> Value {
    match text {
        "true" | "True" | "1" if schema["type"] == "boolean" => true.into(),
        "false" | "False" | "0" if schema["type"] == "boolean" => false.into(),
        _ => text.into(),
    }
}

/// The operation that a call is, if it is described: literal steps go before placeholders.
fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let paths = DESCRIPTION["paths"].as_object()?;
    let fitting = paths.iter().filter(|(template, _)| fits(template, path));
    let best = fitting.min_by_key(|(template, _)| template.matches('{').count())?.1;
    best.get(method.to_ascii_lowercase())
}

fn fits(template: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(step), Some(other)) if step == other || step.starts_with('{') => {}
            _ => return false,
        }
    }
}

/// What an answer says that the description does not allow, one line each.
#[cfg(test)]
pub(super) fn check_answer(method: &str, path: &str, answer: &super::rest::Answer) -> Vec<String> {
    let Some(operation) = operation(method, path) else { return vec![format!("{method} {path} is not described")] };
    let described = &operation["responses"][answer.status.to_string()];
    if described.is_null() {
        return if answer.status >= 400 {
            Vec::new()
        } else {
            vec![format!("status {} is not described", answer.status)]
        };
    }
    let schema = &described["content"]["application/json"]["schema"];
    let mut field_errors = FieldErrors::default();
    match &answer.body {
        Some(body) if !schema.is_null() => {
            Checker::new(&DESCRIPTION["components"]["schemas"]).check(schema, body, "", &mut field_errors);
        }
        None if schema.is_null() => {}
        _ => field_errors.add("", "BODY", "a body where none is described, or none where one is"),
    }
    field_errors.lines()
}
