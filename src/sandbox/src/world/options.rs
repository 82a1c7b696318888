//! What a person gives with a command, as a client sends it: nothing that the command does not ask for, each value of its
//! kind, and what the ids among them stand for (Discord documentation, *Application Commands*: "Application Command
//! Option Structure"; *Receiving and Responding*: "Application Command Interaction Data Option Structure", "Resolved Data
//! Structure").

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::World;
use super::components::thing_of;
use super::snowflake::Snowflake;

/// What kind of value an option takes ("Application Command Option Type").
mod kind {
    pub(super) const SUB_COMMAND: u64 = 1;
    pub(super) const SUB_COMMAND_GROUP: u64 = 2;
    pub(super) const STRING: u64 = 3;
    pub(super) const INTEGER: u64 = 4;
    pub(super) const BOOLEAN: u64 = 5;
    pub(super) const USER: u64 = 6;
    pub(super) const CHANNEL: u64 = 7;
    pub(super) const ROLE: u64 = 8;
    pub(super) const MENTIONABLE: u64 = 9;
    pub(super) const NUMBER: u64 = 10;
}

impl World {
    /// The options as the interaction carries them; nothing where no client would let a person give these. They are given
    /// as a list, or as an object of names and values.
    pub(super) fn filled(&self, asked: &Value, given: &Value) -> Option<Vec<Value>> {
        let given = by_name(given);
        let asked = || asked.as_array().into_iter().flatten();
        let known = |name: &str| asked().any(|option| option["name"] == name);
        let forks = asked().filter(|option| is_fork(option)).count();
        if !given.keys().all(|name| known(name)) || forks > 0 && given.len() != 1 {
            return None;
        }
        let mut filled = Vec::new();
        for option in asked() {
            match given.get(option["name"].as_str().unwrap_or_default()) {
                Some(value) => filled.push(self.taken(option, value)?),
                None if option["required"] == true => return None,
                None => {}
            }
        }
        Some(filled)
    }

    fn taken(&self, option: &Value, value: &Value) -> Option<Value> {
        let mut filled = json!({ "name": option["name"], "type": option["type"] });
        if is_fork(option) {
            filled["options"] = self.filled(&option["options"], value)?.into();
        } else {
            filled["value"] = self.value(option, value).filter(|value| is_among(option, value))?;
        }
        Some(filled)
    }

    /// The value, if it is of the kind that is asked for. A number may be written in a query, where all is text.
    fn value(&self, option: &Value, value: &Value) -> Option<Value> {
        let text = value.as_str();
        match option["type"].as_u64()? {
            kind::STRING => text.filter(|text| fits(option, text)).map(Value::from),
            kind::INTEGER => value.as_i64().or_else(|| text?.parse().ok()).map(Value::from),
            kind::NUMBER => value.as_f64().or_else(|| text?.parse().ok()).map(Value::from),
            kind::BOOLEAN => value.as_bool().or_else(|| text?.parse().ok()).map(Value::from),
            kind => {
                let id = value.as_u64().map(Snowflake).or_else(|| text?.parse().ok())?;
                self.thing(kind, id).map(|_| json!(id))
            }
        }
    }

    /// What an id stands for, by the name of its place in the resolved data.
    fn thing(&self, kind: u64, id: Snowflake) -> Option<(&'static str, Value)> {
        let user = || self.users.get(&id).map(|user| ("users", user.json()));
        let role = || self.guild.roles.get(&id).map(|role| ("roles", role.json()));
        let channel = || self.channels.get(&id).map(|channel| ("channels", self.channel_json(channel)));
        match kind {
            kind::USER => user(),
            kind::ROLE => role(),
            kind::CHANNEL => channel(),
            kind::MENTIONABLE => user().or_else(role),
            _ => None,
        }
    }

    /// What is picked from a menu, if a client lets one pick it: so many, each once, and all of them there.
    pub(super) fn picked(&self, menu: &Value, values: &Value) -> Option<Value> {
        let values: Vec<&str> = values.as_array()?.iter().map(Value::as_str).collect::<Option<_>>()?;
        let bound = |name: &str| menu[name].as_u64().unwrap_or(1);
        let count = values.len() as u64;
        let unique: BTreeSet<&str> = values.iter().copied().collect();
        let offered = |value: &&str| match thing_of(menu["type"].as_i64().unwrap_or_default()) {
            Some(kind) => value.parse().is_ok_and(|id| self.thing(kind, id).is_some()),
            None => menu["options"].as_array().into_iter().flatten().any(|option| option["value"] == **value),
        };
        let fits = (bound("min_values")..=bound("max_values")).contains(&count) && unique.len() == values.len();
        (fits && values.iter().all(offered)).then(|| json!(values))
    }

    /// "Converted users + roles + channels": all that the ids stand for, and nothing where there are none.
    pub(super) fn resolved<'a>(&self, asker: Snowflake, ids: impl IntoIterator<Item = (u64, &'a Value)>) -> Value {
        let mut resolved = Value::Null;
        for (kind, value) in ids {
            let id = value.as_str().and_then(|id| id.parse().ok()).unwrap_or_default();
            let Some((place, mut thing)) = self.thing(kind, id) else { continue };
            let key = id.to_string();
            if place == "users"
                && let Some(member) = self.guild.members.get(&id)
            {
                // "Partial Member objects are missing `user`, `deaf` and `mute` fields."
                let mut member = member.partial();
                member["permissions"] = json!(self.guild_permissions(id));
                member.as_object_mut().map(|fields| (fields.remove("deaf"), fields.remove("mute")));
                resolved["members"][&key] = member;
            }
            if place == "channels" {
                thing["permissions"] = json!(self.permissions(asker, id));
            }
            resolved[place][&key] = thing;
        }
        resolved
    }
}

/// All values within the options, with their kinds.
pub(super) fn values(options: &[Value]) -> Vec<(u64, &Value)> {
    let mut found = Vec::new();
    for option in options {
        found.push((option["type"].as_u64().unwrap_or_default(), &option["value"]));
        found.extend(option["options"].as_array().map(|inner| values(inner)).unwrap_or_default());
    }
    found
}

fn is_fork(option: &Value) -> bool {
    matches!(option["type"].as_u64(), Some(kind::SUB_COMMAND | kind::SUB_COMMAND_GROUP))
}

fn by_name(given: &Value) -> Map<String, Value> {
    let value = |option: &Value| option.get("value").or_else(|| option.get("options")).cloned().unwrap_or_default();
    match given {
        Value::Object(named) => named.clone(),
        Value::Array(list) => {
            list.iter().map(|option| (option["name"].as_str().unwrap_or_default().to_owned(), value(option))).collect()
        }
        _ => Map::new(),
    }
}

fn fits(option: &Value, text: &str) -> bool {
    let bound = |name: &str, otherwise| option[name].as_u64().unwrap_or(otherwise);
    let count = text.chars().count() as u64;
    (bound("min_length", 0)..=bound("max_length", 6000)).contains(&count)
}

/// "If you specify `choices` for an option, they are the **only** valid values"; numbers may have bounds.
fn is_among(option: &Value, value: &Value) -> bool {
    let choices = option["choices"].as_array().filter(|choices| !choices.is_empty());
    let bound = |name: &str| option[name].as_f64();
    let low = bound("min_value").zip(value.as_f64()).is_some_and(|(least, number)| number < least);
    let high = bound("max_value").zip(value.as_f64()).is_some_and(|(most, number)| number > most);
    !low && !high && choices.is_none_or(|choices| choices.iter().any(|choice| choice["value"] == *value))
}
