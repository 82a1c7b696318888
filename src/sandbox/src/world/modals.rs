//! Forms that a bot opens, and what people write into them (Discord documentation, *Receiving and Responding*: "Modal",
//! "Modal Submit Data Structure"; *Component Reference*: "Label", "Text Input").

use serde_json::{Map, Value, json};

use super::World;
use super::components::{Seen, custom_id, select};
use super::form::Fields;
use super::interactions::Cause;
use super::payload::put;
use super::snowflake::Snowflake;
use super::users::ActionError;

const ROW: i64 = 1;
const TEXT_INPUT: i64 = 4;
const TEXT_DISPLAY: i64 = 10;
const LABEL: i64 = 18;

/// The form as a bot describes it: "between 1 and 5 (inclusive) components", a title of "max 45 characters".
pub(super) fn read(form: &Fields<'_>) -> Value {
    for name in ["custom_id", "title", "components"] {
        form.require(name);
    }
    let mut seen = Seen::default();
    let (id, title) = (form.text("custom_id", 1..=100), form.text("title", 1..=45));
    let parts = form.objects("components", 1..=5).unwrap_or_default();
    let parts: Vec<Value> = parts.iter().map(|part| holder(part, &mut seen)).collect();
    json!({ "custom_id": id, "title": title, "components": parts })
}

/// What stands in the form: a label with something to fill in, a row with a text input (the old way), or a text.
fn holder(form: &Fields<'_>, seen: &mut Seen) -> Value {
    form.require("type");
    let kind = form.choice("type", &[ROW, TEXT_DISPLAY, LABEL]);
    let mut part = json!({ "type": kind, "id": seen.number() });
    match kind {
        Some(LABEL) => {
            form.require("label");
            form.require("component");
            put(&mut part, "label", form.text("label", 1..=45));
            put(&mut part, "description", form.text("description", 1..=100));
            put(&mut part, "component", form.inner("component").map(|inner| field(&inner, seen)));
        }
        Some(ROW) => {
            form.require("components");
            let inputs = form.objects("components", 1..=1).unwrap_or_default();
            // "This field is required" of a text input that no label explains.
            for input in &inputs {
                input.require("label");
            }
            let inputs: Vec<Value> = inputs.iter().map(|input| field(input, seen)).collect();
            part["components"] = inputs.into();
        }
        _ => put(&mut part, "content", form.text("content", 1..=4000)),
    }
    part
}

fn field(form: &Fields<'_>, seen: &mut Seen) -> Value {
    form.require("type");
    let mut part = match form.choice("type", &[3, TEXT_INPUT, 5, 6, 7, 8]) {
        Some(TEXT_INPUT) => text_input(form, seen),
        Some(kind) => select(form, kind, seen),
        None => Value::Null,
    };
    // "Whether this component is required to be filled (defaults to `true`)".
    part["required"] = form.flag("required").unwrap_or(true).into();
    part
}

fn text_input(form: &Fields<'_>, seen: &mut Seen) -> Value {
    form.require("style");
    let mut part = json!({ "type": TEXT_INPUT, "id": seen.number(), "style": form.choice("style", &[1, 2]) });
    put(&mut part, "custom_id", custom_id(form, seen));
    put(&mut part, "label", form.text("label", 1..=45));
    put(&mut part, "value", form.text("value", 0..=4000));
    put(&mut part, "placeholder", form.text("placeholder", 0..=100));
    put(&mut part, "min_length", form.number("min_length", 0..=4000));
    put(&mut part, "max_length", form.number("max_length", 1..=4000));
    part
}

impl World {
    /// The form that a person has open: the last one that a bot opened for them here.
    #[must_use]
    pub fn open_form(&self, user: Snowflake) -> Option<(Snowflake, &Value)> {
        let own = self.interactions.values().rev().find(|known| known.user == user && known.form.is_some())?;
        own.form.as_ref().map(|form| (own.id, form))
    }

    /// Fills in and sends the open form: values by their custom ids, a text or a list of what was picked.
    pub fn submit(&mut self, user: Snowflake, values: &Map<String, Value>) -> Result<Snowflake, ActionError> {
        let (opened, form) = self.open_form(user).ok_or(ActionError::NoOpenForm)?;
        let form = form.clone();
        let filled: Option<Vec<Value>> =
            form["components"].as_array().into_iter().flatten().map(|part| self.filled_part(part, values)).collect();
        let filled = filled.ok_or(ActionError::InvalidFormValues)?;
        let before = self.interactions.get_mut(&opened).ok_or(ActionError::NoOpenForm)?;
        before.form = None;
        let (channel, message) = (before.channel, before.pressed());
        let custom_id = form["custom_id"].as_str().unwrap_or_default().to_owned();
        let mut data = json!({ "custom_id": custom_id, "components": filled });
        let picked = picks(&filled);
        let resolved = self.resolved(user, picked.iter().map(|(kind, value)| (*kind, value)));
        put(&mut data, "resolved", Some(resolved).filter(|found| !found.is_null()));
        Ok(self.interact(user, channel, Cause::Submit { opened_by: opened, message, custom_id }, &data))
    }

    /// A part with what was written into it; nothing where the form would not be sent so.
    fn filled_part(&self, part: &Value, values: &Map<String, Value>) -> Option<Value> {
        let mut filled = json!({ "type": part["type"], "id": part["id"] });
        if part["type"] == LABEL {
            filled["component"] = self.filled_field(&part["component"], values)?;
        } else if part["type"] == ROW {
            filled["components"] = json!([self.filled_field(&part["components"][0], values)?]);
        }
        Some(filled)
    }

    fn filled_field(&self, field: &Value, values: &Map<String, Value>) -> Option<Value> {
        let id = field["custom_id"].as_str().unwrap_or_default();
        let mut filled = json!({ "type": field["type"], "id": field["id"], "custom_id": id });
        let given = values.get(id);
        if field["type"] == TEXT_INPUT {
            let text = given.or_else(|| field.get("value")).and_then(Value::as_str).unwrap_or_default();
            filled["value"] = text.into();
            fits(field, text).then_some(filled)
        } else {
            let picked = given.cloned().unwrap_or_else(|| json!([]));
            let empty = field["required"] == false && picked == json!([]);
            filled["values"] = if empty { picked } else { self.picked(field, &picked)? };
            Some(filled)
        }
    }
}

fn fits(field: &Value, text: &str) -> bool {
    let bound = |name: &str, otherwise| field[name].as_u64().unwrap_or(otherwise);
    if text.is_empty() {
        return field["required"] == false;
    }
    let count = text.chars().count() as u64;
    (bound("min_length", 0)..=bound("max_length", 4000)).contains(&count)
}

/// All that was picked, with the kinds of what the ids stand for.
fn picks(filled: &[Value]) -> Vec<(u64, Value)> {
    let fields = filled.iter().map(|part| &part["component"]);
    let picks = fields.flat_map(|field| {
        let kind = super::components::thing_of(field["type"].as_i64().unwrap_or_default());
        field["values"].as_array().into_iter().flatten().filter_map(move |value| Some((kind?, value.clone())))
    });
    picks.collect()
}
