//! Events that the library cannot read, and we can.
//!
//! The library wants each event as Discord tells it today, to the last field, and drops it without a word if one is
//! missing: on a server that stands in for Discord and is a little behind, no press would ever be heard. We need few of
//! these fields. So such an event is read once more: what it means to us is taken from it, and the rest is filled in
//! with nothing.

use std::collections::HashSet;

use serde_json::{Map, Value, json};
use serenity::all::{ChannelId as LibraryChannelId, Event, GuildId as LibraryGuildId, UnknownEvent};

use crate::actors::Heard;
use crate::discord::{Place, candidates};
use crate::ids::{ChannelId, GuildId};

/// Kinds that mean something, to us or to the connection. Discord invents others all the time.
const MATTER: [&str; 9] = [
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

/// Nothing is missed if an event of this kind is not read.
pub(super) fn says_nothing(kind: &str) -> bool {
    !MATTER.contains(&kind)
}

/// What became of an event.
pub(super) enum Reread {
    /// Now the library can read it.
    Whole(Box<Event>),
    /// It is short enough to be understood without the library.
    Heard(Heard),
}

/// Reads it once more; nothing, if it lacks what it would say something with.
pub(super) fn reread(event: UnknownEvent, place: &Place) -> Option<Reread> {
    let UnknownEvent { kind, value, .. } = event;
    let told = value.as_object()?;
    match kind.as_str() {
        "INTERACTION_CREATE" => whole(&kind, &interaction(told, place)),
        "MESSAGE_CREATE" => whole(&kind, &message(told)),
        "GUILD_CREATE" => channels(told, place).map(Reread::Heard),
        "CHANNEL_CREATE" => made(&value, place).map(Reread::Heard),
        "CHANNEL_DELETE" => channel_id(&value).map(|channel| Reread::Heard(Heard::ChannelGone(channel))),
        _ => None,
    }
}

fn whole(kind: &str, event: &Map<String, Value>) -> Option<Reread> {
    match serde_json::from_value(json!({ "t": kind, "d": event })).ok()? {
        Event::Unknown(_) => None,
        event => Some(Reread::Whole(Box::new(event))),
    }
}

/// These fields, as far as they are told, before these others.
fn fields(told: &Map<String, Value>, names: &[&str], others: Value) -> Map<String, Value> {
    let mut all = if let Value::Object(others) = others { others } else { Map::new() };
    let known = names.iter().filter_map(|name| Some(((*name).to_owned(), told.get(*name)?.clone())));
    all.extend(known.filter(|(_, value)| !value.is_null()));
    all
}

/// The same for a part of an event, if it is told.
fn part(told: &Map<String, Value>, name: &str, names: &[&str], others: Value) -> Option<Value> {
    Some(fields(told.get(name)?.as_object()?, names, others).into())
}

fn interaction(told: &Map<String, Value>, place: &Place) -> Map<String, Value> {
    let names = ["id", "application_id", "type", "token", "guild_id", "channel_id", "locale"];
    let language = place.locale.of_server().locales().first();
    let mut all = fields(
        told,
        &names,
        json!({
            "application_id": place.application, "locale": language, "version": 1, "entitlements": [],
            "attachment_size_limit": 0, "message": empty_message(),
        }),
    );
    let names = ["id", "name", "type", "custom_id", "component_type"];
    all.extend(
        part(told, "data", &names, json!({ "id": "1", "type": 1, "component_type": 2 }))
            .map(|data| ("data".into(), data)),
    );
    all.extend(member(told));
    all
}

fn member(told: &Map<String, Value>) -> Option<(String, Value)> {
    let others = json!({ "roles": [], "deaf": false, "mute": false, "flags": 0 });
    let mut member = part(told, "member", &["roles", "permissions"], others)?;
    if let Some(user) = user(told.get("member")?.as_object()?, "user") {
        member["user"] = user;
    }
    Some(("member".into(), member))
}

fn user(told: &Map<String, Value>, name: &str) -> Option<Value> {
    part(told, name, &["id", "username", "bot"], json!({ "username": "" }))
}

fn message(told: &Map<String, Value>) -> Map<String, Value> {
    let mut all =
        fields(told, &["id", "channel_id", "guild_id", "webhook_id", "content", "components"], empty_message());
    all.remove("author");
    all.extend(user(told, "author").map(|author| ("author".into(), author)));
    all.extend(part(told, "member", &["roles"], json!({ "roles": [] })).map(|member| ("member".into(), member)));
    all
}

/// A message of nobody that says nothing.
fn empty_message() -> Value {
    json!({
        "id": "1", "channel_id": "1", "author": { "id": "1", "username": "" }, "content": "", "type": 0,
        "timestamp": "2015-01-01T00:00:00Z", "tts": false, "mention_everyone": false, "mentions": [],
        "mention_roles": [], "attachments": [], "embeds": [], "pinned": false,
    })
}

/// Only a list in which every channel tells its id is a complete one.
fn channels(told: &Map<String, Value>, place: &Place) -> Option<Heard> {
    if told.get("unavailable") == Some(&Value::Bool(true)) {
        return None;
    }
    let guild: LibraryGuildId = read(told.get("id")?)?;
    let listed = told.get("channels")?.as_array()?;
    let all: HashSet<ChannelId> = listed.iter().map(channel_id).collect::<Option<_>>()?;
    let mut sightings: Vec<_> =
        listed.iter().filter_map(|channel| candidates::parse_candidate(channel, place)).collect();
    sightings.sort_by_key(|sighting| sighting.channel);
    let home = all.contains(&place.panel);
    let name = told.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(Heard::Channels { guild: GuildId(guild.get()), name, all, sightings, home })
}

fn made(told: &Value, place: &Place) -> Option<Heard> {
    let guild: LibraryGuildId = read(told.get("guild_id")?)?;
    let sighting = candidates::parse_candidate(told, place).filter(|sighting| sighting.mark.is_some())?;
    Some(Heard::ChannelMade { guild: GuildId(guild.get()), sighting })
}

fn channel_id(channel: &Value) -> Option<ChannelId> {
    read(channel.get("id")?).map(|id: LibraryChannelId| ChannelId(id.get()))
}

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> Option<T> {
    serde_json::from_value(value.clone()).ok()
}

#[cfg(test)]
mod tests;
