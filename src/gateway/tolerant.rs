//! Recovers events that serenity cannot parse.
//!
//! serenity requires every field that Discord sends today and silently drops an event if one is missing. On a server in
//! Discord's place that lags behind, no interaction would arrive. The bot needs few of these fields, so such an event is
//! parsed again: the fields that matter are taken from it, and the others are filled with placeholders.

use std::collections::HashSet;

use serde_json::{Map, Value, json};
use serenity::all::{ChannelId as LibraryChannelId, Event, GuildId as LibraryGuildId, UnknownEvent};

use crate::actors::DiscordEvent;
use crate::discord::{Place, candidates};
use crate::ids::{ChannelId, GuildId};

/// Names of the events that matter to the bot or to the connection. Discord keeps adding others.
const RELEVANT_EVENTS: [&str; 9] = [
    "READY",
    "RESUMED",
    "INTERACTION_CREATE",
    "MESSAGE_CREATE",
    "MESSAGE_DELETE",
    "MESSAGE_DELETE_BULK",
    "GUILD_CREATE",
    "CHANNEL_CREATE",
    "CHANNEL_DELETE",
];

/// Whether an event of this name can be dropped without a loss.
pub(super) fn is_irrelevant(kind: &str) -> bool {
    !RELEVANT_EVENTS.contains(&kind)
}

/// A recovered event.
pub(super) enum Recovered {
    /// The completed event, as parsed by serenity.
    Event(Box<Event>),
    /// Translated directly from the JSON.
    DiscordEvent(DiscordEvent),
}

/// Parses an event again; `None` if a field that matters is missing.
pub(super) fn recover_event(event: UnknownEvent, place: &Place) -> Option<Recovered> {
    let UnknownEvent { kind, value, .. } = event;
    let event = value.as_object()?;
    match kind.as_str() {
        "INTERACTION_CREATE" => parse_completed(&kind, &complete_interaction(event, place)),
        "MESSAGE_CREATE" => parse_completed(&kind, &complete_message(event)),
        "GUILD_CREATE" => recover_channel_list(event, place).map(Recovered::DiscordEvent),
        "CHANNEL_CREATE" => recover_created_channel(&value, place).map(Recovered::DiscordEvent),
        "CHANNEL_DELETE" => {
            parse_channel_id(&value).map(|channel| Recovered::DiscordEvent(DiscordEvent::ChannelGone(channel)))
        }
        _ => None,
    }
}

fn parse_completed(kind: &str, event: &Map<String, Value>) -> Option<Recovered> {
    match serde_json::from_value(json!({ "t": kind, "d": event })).ok()? {
        Event::Unknown(_) => None,
        event => Some(Recovered::Event(Box::new(event))),
    }
}

/// The named fields of `source` as far as they are there, on top of `defaults`.
fn select_fields(source: &Map<String, Value>, names: &[&str], defaults: Value) -> Map<String, Value> {
    let mut completed = if let Value::Object(defaults) = defaults { defaults } else { Map::new() };
    let present = names.iter().filter_map(|name| Some(((*name).to_owned(), source.get(*name)?.clone())));
    completed.extend(present.filter(|(_, value)| !value.is_null()));
    completed
}

/// Like [`select_fields`] for the nested object `name`, if there is one.
fn select_nested(source: &Map<String, Value>, name: &str, names: &[&str], defaults: Value) -> Option<Value> {
    Some(select_fields(source.get(name)?.as_object()?, names, defaults).into())
}

fn complete_interaction(event: &Map<String, Value>, place: &Place) -> Map<String, Value> {
    let names = ["id", "application_id", "type", "token", "guild_id", "channel_id", "locale"];
    let language = place.locale.of_server().locales().first();
    let mut completed = select_fields(
        event,
        &names,
        json!({
            "application_id": place.application, "locale": language, "version": 1, "entitlements": [],
            "attachment_size_limit": 0, "message": placeholder_message(),
        }),
    );
    let names = ["id", "name", "type", "custom_id", "component_type"];
    completed.extend(
        select_nested(event, "data", &names, json!({ "id": "1", "type": 1, "component_type": 2 }))
            .map(|data| ("data".into(), data)),
    );
    completed.extend(complete_member(event));
    completed
}

fn complete_member(event: &Map<String, Value>) -> Option<(String, Value)> {
    let defaults = json!({ "roles": [], "deaf": false, "mute": false, "flags": 0 });
    let mut member = select_nested(event, "member", &["roles", "permissions"], defaults)?;
    if let Some(user) = complete_user(event.get("member")?.as_object()?, "user") {
        member["user"] = user;
    }
    Some(("member".into(), member))
}

fn complete_user(source: &Map<String, Value>, name: &str) -> Option<Value> {
    select_nested(source, name, &["id", "username", "bot"], json!({ "username": "" }))
}

fn complete_message(event: &Map<String, Value>) -> Map<String, Value> {
    let mut completed = select_fields(
        event,
        &["id", "channel_id", "guild_id", "webhook_id", "content", "components"],
        placeholder_message(),
    );
    completed.remove("author");
    completed.extend(complete_user(event, "author").map(|author| ("author".into(), author)));
    completed.extend(
        select_nested(event, "member", &["roles"], json!({ "roles": [] })).map(|member| ("member".into(), member)),
    );
    completed
}

/// An empty message with every field that serenity requires.
fn placeholder_message() -> Value {
    json!({
        "id": "1", "channel_id": "1", "author": { "id": "1", "username": "" }, "content": "", "type": 0,
        "timestamp": "2015-01-01T00:00:00Z", "tts": false, "mention_everyone": false, "mentions": [],
        "mention_roles": [], "attachments": [], "embeds": [], "pinned": false,
    })
}

/// Recovers `GUILD_CREATE`. `None` unless every channel has an id: a channel missing from the list counts as deleted.
fn recover_channel_list(event: &Map<String, Value>, place: &Place) -> Option<DiscordEvent> {
    if event.get("unavailable") == Some(&Value::Bool(true)) {
        return None;
    }
    let guild: LibraryGuildId = deserialize(event.get("id")?)?;
    let listed = event.get("channels")?.as_array()?;
    let all: HashSet<ChannelId> = listed.iter().map(parse_channel_id).collect::<Option<_>>()?;
    let mut candidates: Vec<_> =
        listed.iter().filter_map(|channel| candidates::parse_candidate(channel, place)).collect();
    candidates.sort_by_key(|candidate| candidate.channel);
    let home = all.contains(&place.panel);
    let name = event.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(DiscordEvent::Channels { guild: GuildId(guild.get()), name, all, candidates, home })
}

fn recover_created_channel(channel: &Value, place: &Place) -> Option<DiscordEvent> {
    let guild: LibraryGuildId = deserialize(channel.get("guild_id")?)?;
    let candidate = candidates::parse_candidate(channel, place).filter(|candidate| candidate.mark.is_some())?;
    Some(DiscordEvent::ChannelMade { guild: GuildId(guild.get()), candidate })
}

fn parse_channel_id(channel: &Value) -> Option<ChannelId> {
    deserialize(channel.get("id")?).map(|id: LibraryChannelId| ChannelId(id.get()))
}

fn deserialize<T: serde::de::DeserializeOwned>(value: &Value) -> Option<T> {
    serde_json::from_value(value.clone()).ok()
}

#[cfg(test)]
mod tests;
