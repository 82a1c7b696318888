//! Looking at the sandbox: who is there, what a person sees, what was asked, and when to look again.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::get;
use futures_util::Stream;
use serde_json::{Map, Value, json};

use super::{Shown, show};
use crate::hub::Hub;
use crate::parameters::Parameters;
use crate::world::{Cause, ChannelView, Permissions, Progress, Snowflake, World};

/// How many messages of a channel are shown: its newest.
const MOST_MESSAGES: usize = 200;

pub(super) fn router() -> Router<Arc<Hub>> {
    Router::new()
        .route("/sandbox", get(about))
        .route("/sandbox/people", get(people))
        .route("/sandbox/view", get(view))
        .route("/sandbox/calls", get(calls).delete(forget_calls))
        .route("/sandbox/live", get(live))
}

/// The address of the sandbox and what a bot needs to connect.
async fn about(State(hub): State<Arc<Hub>>) -> Response {
    show(&describe(&hub))
}

/// The address, the token, and the ids of the application, the server, its channels and roles.
pub(crate) fn describe(hub: &Hub) -> Value {
    hub.look(|state, _| {
        let world = &state.world;
        let channels: Vec<Value> = world
            .places()
            .map(|channel| json!({ "id": channel.id, "name": channel.name, "kind": channel.kind }))
            .collect();
        json!({
            "url": format!("http://{}", hub.address), "token": world.application.token,
            "application": world.application.id, "guild": { "id": world.guild.id, "name": world.guild.name },
            "available": world.guild.available, "roles": roles(world), "channels": channels,
        })
    })
}

async fn people(State(hub): State<Arc<Hub>>) -> Response {
    hub.look(|state, _| show(&everybody(&state.world)))
}

fn everybody(world: &World) -> Value {
    world.users.keys().map(|&user| person(world, user)).collect()
}

fn person(world: &World, user: Snowflake) -> Value {
    let account = world.users.get(&user);
    let member = world.guild.members.get(&user);
    let held = member.into_iter().flat_map(|member| &member.roles).filter_map(|role| world.guild.roles.get(role));
    let roles: Vec<&str> = held.map(|role| role.name.as_str()).collect();
    json!({
        "id": user, "name": world.display_name(user), "account": account.map(|account| account.username.as_str()),
        "bot": account.is_some_and(|account| account.bot), "member": member.is_some(),
        "owner": world.guild.owner == user, "roles": roles,
    })
}

/// The roles, the highest first.
fn roles(world: &World) -> Value {
    let mut roles: Vec<_> = world.guild.roles.values().collect();
    roles.sort_by_key(|role| std::cmp::Reverse(role.position));
    roles.iter().map(|role| json!({ "id": role.id, "name": role.name, "managed": role.is_managed() })).collect()
}

async fn view(State(hub): State<Arc<Hub>>, RawQuery(query): RawQuery) -> Shown {
    let parameters = Parameters::read(query.as_deref(), &Bytes::new())?;
    let user = hub.look(|state, _| parameters.person(&state.world))?;
    Ok(show(&seen(&hub, user)))
}

/// All that a person sees, with the names behind the ids.
pub(super) fn seen(hub: &Hub, user: Snowflake) -> Value {
    hub.look(|state, now| {
        let world = &state.world;
        let rights = world.guild_permissions(user);
        let channels = world.channels_seen(user).into_iter();
        let channels: Vec<Value> = channels.map(|channel| room(world, now, user, &channel)).collect();
        let names = world.users.keys().map(|id| (id.to_string(), world.display_name(*id).into()));
        let form = world.open_form(user).map(|(opened, form)| json!({ "interaction": opened, "form": form }));
        let commands = world.application.commands.values().flatten();
        let commands: Vec<Value> = commands
            .filter(|command| command["type"].as_u64().unwrap_or(1) == 1 && may_use(rights, command))
            .map(|command| {
                json!({
                    "name": command["name"], "names": command["name_localizations"],
                    "description": command["description"], "descriptions": command["description_localizations"],
                })
            })
            .collect();
        json!({
            "as": person(world, user),
            "can_remove_members": rights.has(Permissions::KICK_MEMBERS),
            "can_delete_roles": rights.has(Permissions::MANAGE_ROLES),
            "guild": { "id": world.guild.id, "name": world.guild.name, "available": world.guild.available },
            "channels": channels, "people": everybody(world), "users": names.collect::<Map<_, _>>(),
            "roles": roles(world), "form": form, "commands": commands, "bots": state.gateway.connected(),
        })
    })
}

/// Whether Discord's client offers the command to a member with these permissions.
fn may_use(rights: Permissions, command: &Value) -> bool {
    let demanded = command["default_member_permissions"].as_str().and_then(|bits| bits.parse().ok());
    let demanded = demanded.map(Permissions).unwrap_or_default();
    let for_administrators = command["default_member_permissions"] == "0";
    rights.has(if for_administrators { Permissions::ADMINISTRATOR } else { demanded })
}

/// A channel with all that this person sees in it, and who else sees it.
fn room(world: &World, now: SystemTime, user: Snowflake, channel: &ChannelView) -> Value {
    let rights = world.permissions(user, channel.id);
    let sees = |member: &Snowflake| world.permissions(*member, channel.id).has(Permissions::VIEW_CHANNEL);
    let seen_by: Vec<Snowflake> = world.guild.members.keys().copied().filter(sees).collect();
    let messages = world.messages_seen(user, channel.id);
    let everyone = world.channels.get(&channel.id).and_then(|found| found.overwrites.get(&world.guild.id));
    let mut shown = json!(channel);
    shown["private"] = everyone.is_some_and(|everyone| everyone.deny.has(Permissions::VIEW_CHANNEL)).into();
    shown["can_delete"] = rights.has(Permissions::MANAGE_CHANNELS).into();
    shown["can_moderate"] = rights.has(Permissions::MANAGE_MESSAGES).into();
    shown["can_attach"] = rights.has(Permissions::ATTACH_FILES).into();
    shown["seen_by"] = json!(seen_by);
    shown["messages"] = json!(&messages[messages.len().saturating_sub(MOST_MESSAGES)..]);
    shown["presses"] = presses(world, now, user, channel.id);
    shown
}

/// What this person has asked here and the bot has not acknowledged: of several presses under one message the last
/// counts.
fn presses(world: &World, now: SystemTime, user: Snowflake, channel: Snowflake) -> Value {
    let mut last: BTreeMap<String, Value> = BTreeMap::new();
    let own = world.interactions.values().filter(|known| known.user == user && known.channel == channel);
    for known in own {
        let place = match &known.cause {
            Cause::Press { message, .. } => message.to_string(),
            Cause::Command { name } => format!("/{name}"),
            Cause::Submit { custom_id, .. } => format!("form {custom_id}"),
        };
        let progress = known.progress(now);
        if matches!(progress, Progress::Waiting | Progress::Failed) {
            last.insert(place, json!({ "id": known.id, "cause": known.cause, "progress": progress }));
        } else {
            last.remove(&place);
        }
    }
    last.into_values().collect()
}

/// What the bot asked: all of it, or what came after `since`, or the `last` so many; with the names of all channels
/// that are there or were.
async fn calls(State(hub): State<Arc<Hub>>, RawQuery(query): RawQuery) -> Shown {
    let parameters = Parameters::read(query.as_deref(), &Bytes::new())?;
    let since = parameters.number("since")?.unwrap_or(0);
    let most = parameters.number("last")?.unwrap_or(usize::MAX);
    Ok(hub.look(|state, _| {
        let newest = state.record.calls().rev().take(most).take_while(|call| call.number > since);
        let mut calls: Vec<Value> = newest.map(|call| json!(call)).collect();
        calls.reverse();
        let notes = state.record.notes();
        let channels = state.world.gone.iter().chain(state.world.channels.values());
        let names: Map<_, _> = channels.map(|channel| (channel.id.to_string(), channel.name.clone().into())).collect();
        show(&json!({ "calls": calls, "gateway": notes[notes.len().saturating_sub(most)..], "names": names }))
    }))
}

async fn forget_calls(State(hub): State<Arc<Hub>>) -> StatusCode {
    hub.act(|state, _| state.record.clear());
    StatusCode::NO_CONTENT
}

/// Server-sent events: a tick for every change, so that a page knows when to redraw.
async fn live(State(hub): State<Arc<Hub>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut changes = hub.changes();
    changes.mark_changed();
    let ticks = futures_util::stream::unfold(changes, |mut changes| async {
        changes.changed().await.ok()?;
        let tick = *changes.borrow_and_update();
        Some((Ok(Event::default().data(tick.to_string())), changes))
    });
    Sse::new(ticks).keep_alive(KeepAlive::default())
}
