//! The slash commands as Discord keeps them: what they should be, and whether they are.
//!
//! They are the server's, not everywhere's: so they appear at once, in no private conversation, and go with the bot. Discord
//! takes no `contexts` for such commands. Their names never change, for it is the name that a use of a command carries;
//! what people see instead is a translation.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serenity::model::permissions::Permissions;

use crate::discord::lenient;
use crate::discord::wire::Place;
use crate::ids::Command;
use crate::language::Language;
use crate::texts;

/// A command, as far as it is ours to say. What Discord adds (ids, versions, defaults) is not read.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Listed {
    name: String,
    #[serde(default, deserialize_with = "lenient::null_is_default")]
    name_localizations: BTreeMap<String, String>,
    #[serde(default)]
    description: String,
    #[serde(default, deserialize_with = "lenient::null_is_default")]
    description_localizations: BTreeMap<String, String>,
    /// Whoever lacks one of these permissions is not offered the command, unless the server's administrators say otherwise.
    #[serde(default)]
    default_member_permissions: Option<Permissions>,
    /// Written behind a slash.
    #[serde(rename = "type", default = "chat")]
    kind: u8,
}

const fn chat() -> u8 {
    1
}

/// All of them, as they should be.
pub(super) fn commands(place: &Place) -> Value {
    serde_json::to_value(todays(place)).expect("strings and numbers are JSON")
}

/// Whether these are all of them, as they should be. `None` where it is no list at all.
pub(super) fn is_todays(body: &[u8], place: &Place) -> Option<bool> {
    let all: Vec<Value> = serde_json::from_slice(body).ok()?;
    // One that cannot be read is not one of ours.
    let listed: Result<Vec<Listed>, _> = all.into_iter().map(serde_json::from_value).collect();
    let sorted = |mut commands: Vec<Listed>| {
        commands.sort_by(|one, other| one.name.cmp(&other.name));
        commands
    };
    Some(listed.is_ok_and(|listed| sorted(listed) == sorted(todays(place))))
}

fn todays(place: &Place) -> Vec<Listed> {
    Command::SLASH.map(|command| listed(command, place)).into()
}

fn listed(command: Command, place: &Place) -> Listed {
    let shown = |language| texts::of(language).slash(command);
    let (name, description) = (command.name(), shown(place.locale.of_anybody()).description);
    Listed {
        name: name.to_owned(),
        name_localizations: translations(name, |language| shown(language).name),
        description: description.to_owned(),
        description_localizations: translations(description, |language| shown(language).description),
        default_member_permissions: match command {
            Command::Ticket | Command::Close => None,
            Command::SetUp | Command::Explain => Some(Permissions::ADMINISTRATOR),
        },
        kind: chat(),
    }
}

/// What each locale reads that does not read the plain text.
fn translations(plain: &str, text: impl Fn(Language) -> &'static str) -> BTreeMap<String, String> {
    let others =
        Language::ALL.into_iter().map(|language| (language, text(language))).filter(|(_, text)| *text != plain);
    let read = others.flat_map(|(language, text)| language.locales().iter().map(move |locale| (*locale, text)));
    read.map(|(locale, text)| (locale.to_owned(), text.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ids::{ApplicationId, ChannelId, RoleId, UserId};
    use crate::language::Locale;

    fn place(locale: Locale) -> Place {
        Place {
            me: UserId(9),
            application: ApplicationId(8),
            panel: ChannelId(1),
            category: ChannelId(2),
            support: RoleId(3),
            locale,
        }
    }

    #[test]
    fn the_commands_are_shown_in_both_languages() {
        let russian = json!({
            "name": "close", "name_localizations": {"ru": "закрыть", "uk": "закрыть"}, "type": 1,
            "description": "закрыть этот тикет",
            "description_localizations": {"en-US": "close this ticket", "en-GB": "close this ticket"},
            "default_member_permissions": null,
        });
        let english = json!({
            "name": "close", "name_localizations": {"ru": "закрыть", "uk": "закрыть"}, "type": 1,
            "description": "close this ticket",
            "description_localizations": {"ru": "закрыть этот тикет", "uk": "закрыть этот тикет"},
            "default_member_permissions": null,
        });
        assert_eq!(commands(&place(Locale::One(Language::Russian)))[1], russian);
        assert_eq!(commands(&place(Locale::One(Language::English)))[1], english);
        assert_eq!(commands(&place(Locale::Auto))[1], english, "who speaks neither is spoken to in English");
    }

    #[test]
    fn two_are_offered_to_administrators_only() {
        let demanded = |command: &Value| command["default_member_permissions"].clone();
        let commands = commands(&place(Locale::Auto));
        let demanded: Vec<Value> = commands.as_array().unwrap().iter().map(demanded).collect();
        assert_eq!(demanded, [Value::Null, Value::Null, json!("8"), json!("8")]);
    }

    /// Today's commands as Discord lists them, changed by a test.
    fn check(change: impl FnOnce(&mut Vec<Value>), expected: Option<bool>) {
        let place = place(Locale::One(Language::Russian));
        let mut list = commands(&place).as_array().unwrap().clone();
        for command in &mut list {
            command["id"] = json!("77");
            command["version"] = json!("78");
            command["nsfw"] = json!(false);
            command["contexts"] = json!(null);
        }
        change(&mut list);
        assert_eq!(is_todays(json!(list).to_string().as_bytes(), &place), expected);
    }

    #[test]
    fn what_discord_adds_makes_no_difference() {
        check(|_| {}, Some(true));
        check(|list| list.reverse(), Some(true));
    }

    #[test]
    fn whatever_is_ours_to_say_makes_one() {
        check(|list| drop(list.pop()), Some(false));
        check(|list| list.push(json!({"name": "ping", "description": "…", "type": 1})), Some(false));
        check(|list| list.push(json!("from the future")), Some(false));
        check(|list| list[0]["description"] = json!("старое описание"), Some(false));
        check(|list| list[0]["name_localizations"] = json!(null), Some(false));
        check(|list| list[0]["name_localizations"]["ru"] = json!("билет"), Some(false));
        check(|list| list[2]["default_member_permissions"] = json!(null), Some(false));
        assert_eq!(is_todays(b"<html>", &place(Locale::Auto)), None);
        assert_eq!(is_todays(b"[]", &place(Locale::Auto)), Some(false));
    }
}
