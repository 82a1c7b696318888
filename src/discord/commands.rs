//! The slash commands: how they should be registered with Discord, and whether they are.
//!
//! They are guild commands, not global ones: so they appear at once, not in direct messages, and disappear with the bot.
//! Discord accepts no `contexts` for guild commands. Their names never change, because an interaction carries the name;
//! members see a localization instead.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serenity::model::permissions::Permissions;

use crate::discord::lenient;
use crate::discord::request::Place;
use crate::ids::Command;
use crate::language::Language;
use crate::texts;

/// The fields of an application command that the bot sets. What Discord adds (ids, versions, defaults) is not read.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct GuildCommand {
    name: String,
    #[serde(default, deserialize_with = "lenient::null_as_default")]
    name_localizations: BTreeMap<String, String>,
    #[serde(default)]
    description: String,
    #[serde(default, deserialize_with = "lenient::null_as_default")]
    description_localizations: BTreeMap<String, String>,
    /// Members without these permissions do not see the command, unless the server's administrators override that.
    #[serde(default)]
    default_member_permissions: Option<Permissions>,
    /// The application command type; 1 is a slash command.
    #[serde(rename = "type", default = "chat_input")]
    kind: u8,
}

const fn chat_input() -> u8 {
    1
}

/// The payload that registers all commands.
pub(super) fn build_commands(place: &Place) -> Value {
    serde_json::to_value(current_commands(place)).expect("strings and numbers are JSON")
}

/// Whether this list of registered commands is as it should be; `None` if the body is no list.
pub(super) fn are_current(body: &[u8], place: &Place) -> Option<bool> {
    let commands: Vec<Value> = serde_json::from_slice(body).ok()?;
    // A command that cannot be read is not the bot's.
    let registered: Result<Vec<GuildCommand>, _> = commands.into_iter().map(serde_json::from_value).collect();
    let sorted = |mut commands: Vec<GuildCommand>| {
        commands.sort_by(|one, other| one.name.cmp(&other.name));
        commands
    };
    Some(registered.is_ok_and(|registered| sorted(registered) == sorted(current_commands(place))))
}

fn current_commands(place: &Place) -> Vec<GuildCommand> {
    Command::SLASH.map(|command| build_command(command, place)).into()
}

fn build_command(command: Command, place: &Place) -> GuildCommand {
    let text = |language| texts::of(language).slash(command);
    let (name, description) = (command.name(), text(place.locale.of_anybody()).description);
    GuildCommand {
        name: name.to_owned(),
        name_localizations: localize(name, |language| text(language).name),
        description: description.to_owned(),
        description_localizations: localize(description, |language| text(language).description),
        default_member_permissions: match command {
            Command::Ticket | Command::Close => None,
            Command::SetUp | Command::Explain => Some(Permissions::ADMINISTRATOR),
        },
        kind: chat_input(),
    }
}

/// The texts of all locales that differ from the default text.
fn localize(default: &str, text: impl Fn(Language) -> &'static str) -> BTreeMap<String, String> {
    let others =
        Language::ALL.into_iter().map(|language| (language, text(language))).filter(|(_, text)| *text != default);
    let localized = others.flat_map(|(language, text)| language.locales().iter().map(move |locale| (*locale, text)));
    localized.map(|(locale, text)| (locale.to_owned(), text.to_owned())).collect()
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
            staff: vec![RoleId(3)].into(),
            mention_staff: true,
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
        assert_eq!(build_commands(&place(Locale::One(Language::Russian)))[1], russian);
        assert_eq!(build_commands(&place(Locale::One(Language::English)))[1], english);
        assert_eq!(build_commands(&place(Locale::Auto))[1], english, "the default for other locales is English");
    }

    #[test]
    fn two_commands_require_administrator() {
        let required = |command: &Value| command["default_member_permissions"].clone();
        let commands = build_commands(&place(Locale::Auto));
        let required: Vec<Value> = commands.as_array().unwrap().iter().map(required).collect();
        assert_eq!(required, [Value::Null, Value::Null, json!("8"), json!("8")]);
    }

    /// The current commands as Discord lists them, changed by a test.
    fn check(change: impl FnOnce(&mut Vec<Value>), expected: Option<bool>) {
        let place = place(Locale::One(Language::Russian));
        let mut list = build_commands(&place).as_array().unwrap().clone();
        for command in &mut list {
            command["id"] = json!("77");
            command["version"] = json!("78");
            command["nsfw"] = json!(false);
            command["contexts"] = json!(null);
        }
        change(&mut list);
        assert_eq!(are_current(json!(list).to_string().as_bytes(), &place), expected);
    }

    #[test]
    fn what_discord_adds_makes_no_difference() {
        check(|_| {}, Some(true));
        check(|list| list.reverse(), Some(true));
    }

    #[test]
    fn any_field_that_the_bot_sets_makes_a_difference() {
        check(|list| drop(list.pop()), Some(false));
        check(|list| list.push(json!({"name": "ping", "description": "…", "type": 1})), Some(false));
        check(|list| list.push(json!("from the future")), Some(false));
        check(|list| list[0]["description"] = json!("старое описание"), Some(false));
        check(|list| list[0]["name_localizations"] = json!(null), Some(false));
        check(|list| list[0]["name_localizations"]["ru"] = json!("билет"), Some(false));
        check(|list| list[2]["default_member_permissions"] = json!(null), Some(false));
        assert_eq!(are_current(b"<html>", &place(Locale::Auto)), None);
        assert_eq!(are_current(b"[]", &place(Locale::Auto)), Some(false));
    }
}
