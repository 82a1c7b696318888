//! Checking a value against the part of JSON Schema that Discord's description uses.
//!
//! Discord coerces: an id or a number may come as a string of digits or as a number, and so it may here.

use serde_json::Value;

use crate::world::refusal::FieldErrors;

pub(super) struct Checker<'a> {
    schemas: &'a Value,
}

impl<'a> Checker<'a> {
    pub(super) fn new(schemas: &'a Value) -> Self {
        Self { schemas }
    }

    /// Notes everything about `value` that `schema` does not allow.
    pub(super) fn check(&self, schema: &'a Value, value: &Value, path: &str, field_errors: &mut FieldErrors) {
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.rsplit('/').next().unwrap_or_default();
            return self.check(&self.schemas[name], value, path, field_errors);
        }
        if let Some(branches) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()) {
            self.check_union(branches, value, path, field_errors);
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.check(part, value, path, field_errors);
        }
        if !check_type(schema, value, path, field_errors) {
            return;
        }
        check_choice(schema, value, path, field_errors);
        match value {
            Value::String(text) => check_length(schema, "Length", text.chars().count(), path, field_errors),
            Value::Number(_) => check_range(schema, value, path, field_errors),
            Value::Array(list) => self.check_list(schema, list, path, field_errors),
            Value::Object(_) => self.check_object(schema, value, path, field_errors),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// One of several shapes. Where they differ by a `type` of their own, that one decides which is meant, so that the
    /// mistakes told are those of the shape that was tried.
    fn check_union(&self, branches: &'a [Value], value: &Value, path: &str, field_errors: &mut FieldErrors) {
        let fits = |branch: &'a Value| {
            let mut found = FieldErrors::default();
            self.check(branch, value, path, &mut found);
            found.is_empty()
        };
        if branches.iter().any(fits) {
            return;
        }
        let shapes: Vec<&Value> =
            branches.iter().map(|branch| self.resolved(branch)).filter(|shape| shape["type"] != "null").collect();
        let same_kind = |shape: &&&Value| value.is_object() && self.kind_fits(shape, &value["type"]);
        let constants: Option<Vec<&Value>> = shapes.iter().map(|shape| shape.get("const")).collect();
        if let Some(constants) = constants.filter(|constants| !constants.is_empty()) {
            return field_errors.add(path, "BASE_TYPE_CHOICES", must_be_one_of(&constants));
        }
        match (shapes.iter().find(same_kind), shapes.as_slice()) {
            (Some(shape), _) | (None, [shape]) => self.check(shape, value, path, field_errors),
            (None, _) if value.is_object() && shapes.iter().all(|shape| !shape["properties"]["type"].is_null()) => {
                let (code, sentence) =
                    ("UNION_TYPE_CHOICES", format!("Value of field \"type\" must be one of {}.", self.kinds(&shapes)));
                field_errors.add(&join(path, "type"), code, sentence);
            }
            (None, _) => {
                field_errors.add(path, "UNION_TYPE_CHOICES", "Value fits none of the shapes that are allowed here.")
            }
        }
    }

    fn resolved(&self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(name) => self.resolved(&self.schemas[name.rsplit('/').next().unwrap_or_default()]),
            None => schema,
        }
    }

    fn kind_fits(&self, shape: &'a Value, kind: &Value) -> bool {
        let wanted = &shape["properties"]["type"];
        let mut found = FieldErrors::default();
        self.check(wanted, kind, "", &mut found);
        !wanted.is_null() && found.is_empty()
    }

    fn kinds(&self, shapes: &[&'a Value]) -> String {
        let constants = shapes.iter().filter_map(|shape| {
            let kind = self.resolved(&shape["properties"]["type"]);
            kind["enum"].get(0).or_else(|| kind.get("const")).map(Value::to_string)
        });
        format!("({})", constants.collect::<Vec<_>>().join(", "))
    }

    fn check_list(&self, schema: &'a Value, list: &[Value], path: &str, field_errors: &mut FieldErrors) {
        check_length(schema, "Items", list.len(), path, field_errors);
        if schema["items"].is_null() {
            return;
        }
        for (index, item) in list.iter().enumerate() {
            self.check(&schema["items"], item, &join(path, &index.to_string()), field_errors);
        }
    }

    fn check_object(&self, schema: &'a Value, object: &Value, path: &str, field_errors: &mut FieldErrors) {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if object.get(name).is_none() {
                field_errors.add(&join(path, name), "BASE_TYPE_REQUIRED", "This field is required");
            }
        }
        for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
            if let Some(value) = object.get(name) {
                self.check(inner, value, &join(path, name), field_errors);
            }
        }
        let others = &schema["additionalProperties"];
        if others.is_object() {
            let known = |name: &str| schema["properties"].get(name).is_some();
            for (name, value) in object.as_object().into_iter().flatten().filter(|(name, _)| !known(name)) {
                self.check(others, value, &join(path, name), field_errors);
            }
        }
    }
}

fn join(path: &str, step: &str) -> String {
    if path.is_empty() { step.to_owned() } else { format!("{path}.{step}") }
}

/// Whether the value is of a type that is wanted; notes it if not.
fn check_type(schema: &Value, value: &Value, path: &str, field_errors: &mut FieldErrors) -> bool {
    let wanted: Vec<&str> = match &schema["type"] {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => return true,
    };
    let fits = wanted.iter().any(|name| is_a(name, schema, value));
    if !fits {
        let (code, sentence) = unwanted(wanted.first().copied().unwrap_or_default(), schema, value);
        field_errors.add(path, code, sentence);
    }
    fits
}

/// How Discord names a value of the wrong type.
fn unwanted(wanted: &str, schema: &Value, value: &Value) -> (&'static str, String) {
    match wanted {
        _ if value.is_null() => ("BASE_TYPE_REQUIRED", "This field is required".to_owned()),
        "string" if schema["format"] == "snowflake" => {
            ("NUMBER_TYPE_COERCE", format!("Value {value} is not snowflake."))
        }
        "string" => ("STRING_TYPE_CONVERT", format!("Could not interpret {value} as string.")),
        "integer" => ("NUMBER_TYPE_COERCE", format!("Value {value} is not int.")),
        "number" => ("NUMBER_TYPE_COERCE", format!("Value {value} is not float.")),
        "boolean" => ("BOOLEAN_TYPE_CONVERT", "Must be either true or false.".to_owned()),
        "array" => ("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType".to_owned()),
        _ => ("MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType".to_owned()),
    }
}

fn is_a(name: &str, schema: &Value, value: &Value) -> bool {
    let digits = |text: &str| text.parse::<i128>().is_ok();
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" if schema["format"] == "snowflake" => value.as_str().map_or(value.is_u64(), digits),
        "string" => value.is_string(),
        "integer" => value.as_str().map_or(value.is_i64() || value.is_u64(), digits),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    }
}

fn check_choice(schema: &Value, value: &Value, path: &str, field_errors: &mut FieldErrors) {
    let choices: Vec<&Value> = schema["enum"].as_array().into_iter().flatten().chain(schema.get("const")).collect();
    let digits = |choice: &Value| choice.as_i64().is_some_and(|choice| value.as_str() == Some(&choice.to_string()));
    let same = |choice: &&Value| *choice == value || digits(choice);
    if !choices.is_empty() && !choices.iter().any(same) {
        field_errors.add(path, "BASE_TYPE_CHOICES", must_be_one_of(&choices));
    }
}

fn must_be_one_of(choices: &[&Value]) -> String {
    let listed: Vec<String> = choices.iter().map(|choice| choice.to_string().replace('"', "'")).collect();
    format!("Value must be one of {{{}}}.", listed.join(", "))
}

/// Strings and lists are measured alike: `minLength` and `maxLength`, `minItems` and `maxItems`.
fn check_length(schema: &Value, unit: &str, count: usize, path: &str, field_errors: &mut FieldErrors) {
    let bound = |side: &str| schema[format!("{side}{unit}")].as_u64().and_then(|bound| usize::try_from(bound).ok());
    let (least, most) = (bound("min").unwrap_or(0), bound("max"));
    let too_long = most.is_some_and(|most| count > most);
    if count >= least && !too_long {
        return;
    }
    match most {
        _ if count == 0 && unit == "Length" => field_errors.add(path, "BASE_TYPE_REQUIRED", "This field is required"),
        Some(most) if least == 0 => {
            field_errors.add(path, "BASE_TYPE_MAX_LENGTH", format!("Must be {most} or fewer in length."))
        }
        Some(most) => {
            field_errors.add(path, "BASE_TYPE_BAD_LENGTH", format!("Must be between {least} and {most} in length."))
        }
        None => field_errors.add(path, "BASE_TYPE_MIN_LENGTH", format!("Must be {least} or more in length.")),
    }
}

fn check_range(schema: &Value, value: &Value, path: &str, field_errors: &mut FieldErrors) {
    let Some(number) = value.as_f64() else { return };
    if let Some(least) = schema["minimum"].as_f64().filter(|least| number < *least) {
        field_errors.add(path, "NUMBER_TYPE_MIN", format!("int value should be greater than or equal to {least}."));
    }
    if let Some(most) = schema["maximum"].as_f64().filter(|most| number > *most) {
        field_errors.add(path, "NUMBER_TYPE_MAX", format!("int value should be less than or equal to {most}."));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field_errors(schema: &Value, value: &Value) -> Vec<String> {
        let schemas = json!({ "Id": { "type": "string", "format": "snowflake" } });
        let mut found = FieldErrors::default();
        Checker::new(&schemas).check(schema, value, "", &mut found);
        found.lines()
    }

    #[test]
    fn values_are_held_to_their_schema() {
        let object = json!({ "type": "object", "required": ["a"], "properties": {
            "a": { "type": "string", "minLength": 1, "maxLength": 2 },
            "b": { "$ref": "#/components/schemas/Id" },
            "c": { "oneOf": [{ "type": "null" }, { "type": "integer", "minimum": 1, "maximum": 3 }] },
            "e": { "type": "string", "enum": ["x"] },
            "f": { "type": "integer", "enum": [1, 2] },
            "g": { "oneOf": [{ "type": "null" }, { "oneOf": [{ "const": "y" }, { "const": "z" }] }] },
            "d": { "type": ["array", "null"], "maxItems": 1, "items": { "type": "boolean" } },
        }});
        let cases = [
            (json!({ "a": "x" }), vec![]),
            (json!({}), vec!["a: BASE_TYPE_REQUIRED"]),
            (json!({ "a": "xxx" }), vec!["a: BASE_TYPE_BAD_LENGTH"]),
            (json!({ "a": "x", "b": "12" }), vec![]),
            (json!({ "a": "x", "b": 12 }), vec![]),
            (json!({ "a": "x", "b": "no" }), vec!["b: NUMBER_TYPE_COERCE"]),
            (json!({ "a": "x", "c": null }), vec![]),
            (json!({ "a": "x", "c": 4 }), vec!["c: NUMBER_TYPE_MAX"]),
            (json!({ "a": "x", "d": [true, 1] }), vec!["d: BASE_TYPE_MAX_LENGTH", "d.1: BOOLEAN_TYPE_CONVERT"]),
            (json!({ "a": "x", "e": "y" }), vec!["e: BASE_TYPE_CHOICES"]),
            (json!({ "a": "x", "f": "2" }), vec![]),
            (json!({ "a": "x", "g": "z" }), vec![]),
            (json!({ "a": "x", "g": "x" }), vec!["g: BASE_TYPE_CHOICES"]),
            (json!([]), vec![": MODEL_TYPE_CONVERT"]),
        ];
        for (value, expected) in cases {
            let found = field_errors(&object, &value);
            let codes: Vec<&str> = found.iter().filter_map(|line| line.split(" (").next()).collect();
            assert_eq!(codes, expected, "{value}");
        }
    }
}
