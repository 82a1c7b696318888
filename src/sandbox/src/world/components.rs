//! Buttons, menus and what holds them (Discord documentation, *Component Reference*).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::form::Fields;
use super::payload::{IS_COMPONENTS_V2, put, url};

pub(super) const BUTTON: i64 = 2;

/// The rows of a message, each component numbered as Discord numbers them.
pub(super) fn read(form: &Fields<'_>, flags: u64) -> Vec<Value> {
    let v2 = flags & IS_COMPONENTS_V2 != 0;
    let mut seen = Seen::default();
    let list = form.objects("components", 0..=if v2 { 40 } else { 5 }).unwrap_or_default();
    list.iter().map(|part| if v2 { any_part(part, &mut seen) } else { row(part, &mut seen) }).collect()
}

#[derive(Default)]
pub(super) struct Seen {
    ids: BTreeSet<String>,
    count: u64,
}

impl Seen {
    pub(super) fn number(&mut self) -> u64 {
        self.count += 1;
        self.count
    }
}

/// Parts of the new kind are kept as they came; only what can be pressed inside them is checked.
fn any_part(form: &Fields<'_>, seen: &mut Seen) -> Value {
    match form.choice("type", &[1, 9, 10, 12, 13, 14, 17]) {
        Some(1) => row(form, seen),
        Some(kind) => {
            let mut result = json!({ "type": kind, "id": seen.number() });
            if kind == 10 {
                form.require("content");
                put(&mut result, "content", form.text("content", 1..=4000));
            }
            if let Some(parts) = form.objects("components", 1..=40) {
                let parts: Vec<Value> = parts.iter().map(|part| any_part(part, seen)).collect();
                result["components"] = parts.into();
            }
            put(&mut result, "accessory", form.inner("accessory").map(|accessory| leaf(&accessory, seen)));
            result
        }
        None => Value::Null,
    }
}

fn row(form: &Fields<'_>, seen: &mut Seen) -> Value {
    form.require("type");
    if form.choice("type", &[1]).is_none() {
        return Value::Null;
    }
    form.require("components");
    let id = seen.number();
    let parts = form.objects("components", 1..=5).unwrap_or_default();
    let kept: Vec<Value> = parts.iter().map(|part| leaf(part, seen)).collect();
    let selects = kept.iter().filter(|part| part["type"].as_i64() != Some(BUTTON)).count();
    if selects > 0 && kept.len() > 1 {
        form.mistake("", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The specified component exceeds the maximum width");
    }
    json!({ "type": 1, "id": id, "components": kept })
}

/// A button or a select menu.
fn leaf(form: &Fields<'_>, seen: &mut Seen) -> Value {
    form.require("type");
    match form.choice("type", &[2, 3, 5, 6, 7, 8]) {
        Some(BUTTON) => button(form, seen),
        Some(kind) => select(form, kind, seen),
        None => Value::Null,
    }
}

fn button(form: &Fields<'_>, seen: &mut Seen) -> Value {
    form.require("style");
    let style = form.choice("style", &[1, 2, 3, 4, 5, 6]).unwrap_or(1);
    let mut result = json!({ "type": BUTTON, "id": seen.number(), "style": style });
    let label = form.text("label", 0..=80).filter(|label| !label.is_empty());
    let emoji = form.inner("emoji").map(|emoji| emoji_of(&emoji));
    if label.is_none() && emoji.is_none() {
        form.mistake("", "BUTTON_COMPONENT_REQUIRES_LABEL_OR_EMOJI", "A button must have a label or emoji");
    }
    put(&mut result, "label", label);
    put(&mut result, "emoji", emoji);
    // "Link buttons must have a `url`, and cannot have a `custom_id`", and the others the other way round ("Button").
    if form.value("url").is_some() && form.value("custom_id").is_some() {
        let sentence = "A custom id and url cannot both be specified";
        form.mistake("", "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", sentence);
    }
    if style == 5 {
        form.require("url");
        put(&mut result, "url", url(form, "url"));
    } else {
        put(&mut result, "custom_id", custom_id(form, seen));
    }
    put(&mut result, "disabled", form.flag("disabled").filter(|&disabled| disabled));
    result
}

fn emoji_of(form: &Fields<'_>) -> Value {
    if let Some(id) = form.id("id") {
        let animated = form.flag("animated").unwrap_or(false);
        return json!({ "id": id, "name": form.text("name", 0..=32), "animated": animated });
    }
    form.require("name");
    let name = form.text("name", 1..=32);
    if name.as_deref().is_some_and(|name| !may_be_emoji(name)) {
        form.mistake("name", "COMPONENT_INVALID_EMOJI", "Invalid emoji");
    }
    json!({ "name": name })
}

/// Whether Discord could take it for an emoji. It has a list of them; here only what is surely none is refused: words and
/// `:names:`.
pub(super) fn may_be_emoji(name: &str) -> bool {
    const KEYCAP: char = '\u{20e3}';
    name.contains(KEYCAP) || name.chars().any(|letter| !letter.is_ascii() && !letter.is_alphanumeric())
}

pub(super) fn select(form: &Fields<'_>, kind: i64, seen: &mut Seen) -> Value {
    let mut result = json!({ "type": kind, "id": seen.number() });
    put(&mut result, "custom_id", custom_id(form, seen));
    put(&mut result, "placeholder", form.text("placeholder", 0..=150));
    let least = form.number("min_values", 0..=25).unwrap_or(1);
    let most = form.number("max_values", 1..=25).unwrap_or(1);
    result["min_values"] = least.into();
    result["max_values"] = most.into();
    if kind == 3 {
        form.require("options");
        let options = form.objects("options", 1..=25).unwrap_or_default();
        let mut values = BTreeSet::new();
        for option in &options {
            if option.text("value", 0..=100).is_some_and(|value| !values.insert(value)) {
                let sentence = "The specified option value is already used";
                option.mistake("value", "COMPONENT_OPTION_VALUE_DUPLICATED", sentence);
            }
        }
        let options: Vec<Value> = options.iter().map(option).collect();
        result["options"] = options.into();
    }
    // What else a menu of people, roles or channels may say is passed on as it is; its shape was checked before.
    for name in ["channel_types", "default_values"] {
        put(&mut result, name, form.value(name).cloned());
    }
    put(&mut result, "disabled", form.flag("disabled").filter(|&disabled| disabled));
    result
}

/// What the values of a menu stand for, as an option of a command would name it; a menu of texts stands for nothing else.
pub(super) fn thing_of(menu: i64) -> Option<u64> {
    match menu {
        5 => Some(6),
        6 => Some(8),
        7 => Some(9),
        8 => Some(7),
        _ => None,
    }
}

fn option(form: &Fields<'_>) -> Value {
    form.require("label");
    form.require("value");
    let mut result = json!({ "label": form.text("label", 1..=100), "value": form.text("value", 1..=100) });
    put(&mut result, "description", form.text("description", 0..=100));
    put(&mut result, "emoji", form.inner("emoji").map(|emoji| emoji_of(&emoji)));
    put(&mut result, "default", form.flag("default"));
    result
}

pub(super) fn custom_id(form: &Fields<'_>, seen: &mut Seen) -> Option<String> {
    form.require("custom_id");
    let id = form.text("custom_id", 1..=100)?;
    if !seen.ids.insert(id.clone()) {
        form.mistake("custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated");
    }
    Some(id)
}
