//! The rules of Discord as a pure state machine: a request or a person's action goes in together with the time, an answer
//! and events for the gateway come out. Nothing here waits, reads a clock, opens a socket or draws a random number, so
//! that a simulator can drive it through years in a second and twice the same way.
//!
//! ```text
//!   users.rs ───┐                        ┌──▶ Answer
//!   rest.rs ────┼──▶ World (+ the time) ─┤
//!               │                        └──▶ take_dispatches()
//!      guild · roles · channels · private · overwrites · messages · writing · attachments · reactions · interactions · commands · options · modals
//!      permissions · names · payload · components · mentions · limits · contract · form · refusal
//! ```
//!
//! # The rules, and where Discord writes them
//!
//! | rule | file | page of Discord's documentation |
//! |---|---|---|
//! | rights: owner, administrator, `@everyone` → roles → member, implied losses | `permissions` | *Permissions* |
//! | a bot grants only what it holds; `MANAGE_ROLES` only as an administrator | `overwrites` | *Guild Resource*: "Create Guild Channel"; *Channels Resource*: "Edit Channel Permissions"; api-docs issue 2522 |
//! | what a bot may not view: left out of lists, `___hidden___` on the gateway | `channels` | *Channels Resource*: "Obfuscated Channels"; api-docs pull request 8454 |
//! | 500 channels, 50 in a category; a deleted category leaves its children | `channels` | *Channels Resource*; api-docs pull request 1289 |
//! | codes and shape of errors | `refusal` | *Opcodes and Status Codes*; *API Reference*: "Error Messages" |
//! | content, embeds, components, files | `payload`, `components`, `attachments` | *Message Resource*: "Create Message", "Embed Limits"; *Component Reference*; *API Reference*: "Uploading Files" |
//! | private channels | `dm` | *User Resource*: "Create DM" |
//! | replies, nonces, listing, editing, bulk deletion | `messages`, `message_create` | *Message Resource* |
//! | reactions | `reactions` | *Message Resource*: "Create Reaction" |
//! | who is notified | `mentions` | *Message Resource*: "Allowed Mentions Object" |
//! | three seconds, fifteen minutes, deferrals, followups | `interactions` | *Receiving and Responding* |
//! | forms | `modals` | *Receiving and Responding*; *Component Reference* |
//! | commands, who may use them and with what | `commands`, `users`, `options` | *Application Commands* |
//! | which session gets which event, and what is blank | `dispatch`, `messages` | *Gateway*: "List of Intents", "Message Content Intent" |
//! | buckets, headers, 429 | `limits` | *Rate Limits* |
//! | ids | `snowflake` | *API Reference*: "Snowflakes" |
//! | every other shape of a query or a body | `openapi` | the `OpenAPI` description |
//!
//! Discord does not write everything down. Observed, and noted where it is done: what becomes of a channel's name
//! (`names`), 10009 for an overwrite of an unknown member or role (`overwrites`), an embed without "embed links" that is dropped or refused
//! (`message_create`; api-docs issue 2601), 10015 for a followup before the acknowledgement (`interactions`).

#![expect(missing_docs, reason = "the fields and rights bear the names that Discord's documentation explains")]

pub mod attachments;
pub mod channels;
pub mod commands;
mod components;
pub mod dispatch;
mod dm;
mod elsewhere;
mod form;
pub mod guild;
pub mod interactions;
pub mod limits;
mod member_chunks;
pub mod mentions;
mod message_create;
pub mod messages;
mod modals;
mod names;
mod openapi;
mod options;
mod overwrites;
pub mod payload;
pub mod permissions;
mod reactions;
pub mod refusal;
pub mod rest;
mod roles;
mod session_start;
pub mod snowflake;
mod start;
#[cfg(test)]
mod tests;
mod users;
pub mod view;

use std::collections::{BTreeMap, VecDeque};
use std::time::SystemTime;

use serde_json::{Value, json};

pub use attachments::{Attachment, Upload};
pub use channels::Channel;
pub use commands::Application;
pub use dispatch::{Dispatch, Intents};
pub use guild::{ChannelLimits, Guild, Member, Role, User};
pub use interactions::{Cause, Interaction, Progress, Stage};
pub use limits::{Limits, Rate};
pub use messages::Message;
pub use permissions::{Overwrite, Permissions, Target};
pub use reactions::Reaction;
pub use refusal::Refusal;
pub use rest::{Answer, Request, Route};
pub use session_start::SessionStartLimit;
pub use snowflake::Snowflake;
pub use start::{FixtureIds, Start};
pub use users::ActionError;
pub use view::{ButtonView, ChannelView, MessageView};

use rest::Outcome;

/// How many entries of the audit log are kept.
const MOST_AUDITED: usize = 1000;

/// One server with its people, and one application that lives in it.
#[derive(Clone, Debug)]
pub struct World {
    /// The time of the current action, as it was passed last.
    now: SystemTime,
    mint: snowflake::Mint,
    pub guild: Guild,
    pub users: BTreeMap<Snowflake, User>,
    pub channels: BTreeMap<Snowflake, Channel>,
    pub interactions: BTreeMap<Snowflake, Interaction>,
    pub application: Application,
    pub audit: VecDeque<Audited>,
    /// The channels deleted last, as they were, so that a test can still read what was written there.
    pub gone: VecDeque<Channel>,
    /// Rate limits, where they are switched on.
    pub limits: Option<Limits>,
    neighbours: u64,
    /// Whether channels that the bot may not view are hidden from it, as Discord does since the autumn of 2026.
    hides_channels: bool,
    buckets: limits::Buckets,
    pub channel_limits: ChannelLimits,
    bot: Snowflake,
    /// Where this Discord is, as the addresses of its files say.
    origin: String,
    /// The address that clients get for their gateway connections.
    pub gateway: String,
    session_starts: Option<session_start::SessionStarts>,
    nonces: VecDeque<message_create::Nonce>,
    outbox: Vec<Dispatch>,
}

/// One line of the audit log: what was done, and the reason given for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    pub at: String,
    pub deed: &'static str,
    pub target: Snowflake,
    pub reason: Option<String>,
}

impl World {
    /// Sets the time at which the actions that follow happen.
    pub fn at(&mut self, now: SystemTime) -> &mut Self {
        self.now = now;
        self
    }

    /// The bot's own user.
    #[must_use]
    pub fn bot(&self) -> Snowflake {
        self.bot
    }

    /// Answers a request, as `https://discord.com/api/v10` would at this time.
    pub fn rest(&mut self, now: SystemTime, request: &Request) -> Answer {
        self.now = now;
        self.pass(request).unwrap_or_else(Answer::from)
    }

    /// Finds the route, checks who asks and how often, and then answers.
    fn pass(&mut self, request: &Request) -> Outcome {
        let route = Route::find(&request.method, &request.path)?;
        if !route.is_open() && !self.is_signed(request) {
            return Err(Refusal::unauthorized());
        }
        let Some(limits) = self.limits else { return self.handle(route, request) };
        match self.buckets.count(self.now, &limits, &route) {
            Err(turned_away) => Ok(turned_away),
            Ok(headers) => {
                let mut answer = self.handle(route, request).unwrap_or_else(Answer::from);
                answer.headers.extend(headers);
                Ok(answer)
            }
        }
    }

    /// The events caused so far, oldest first; each is given once.
    pub fn take_dispatches(&mut self) -> Vec<Dispatch> {
        std::mem::take(&mut self.outbox)
    }

    fn handle(&mut self, route: Route, request: &Request) -> Outcome {
        openapi::check_request(request)?;
        self.answer(route, request)
    }

    fn answer(&mut self, route: Route, request: &Request) -> Outcome {
        if let Some(outcome) = self.answer_elsewhere(&route, request) {
            return outcome;
        }
        match route {
            Route::Gateway => Ok(Answer::ok(json!({ "url": self.gateway }))),
            Route::GatewayBot => Ok(Answer::ok(self.gateway_bot())),
            Route::Me => Ok(Answer::ok(self.me())),
            Route::OpenPrivate => self.open_private(request),
            Route::MyGuilds => Ok(Answer::ok(self.my_guilds())),
            Route::MyApplication => Ok(self.get_application()),
            Route::User(user) => {
                self.users.get(&user).map(|user| Answer::ok(user.json())).ok_or_else(Refusal::unknown_user)
            }
            Route::Guild(guild) => self.get_guild(guild, request),
            Route::Roles(guild) => self.list_roles(guild),
            Route::RoleMemberCounts(guild) => self.count_role_members(guild),
            Route::CreateRole(guild) => self.post_role(guild, request),
            Route::DeleteRole(guild, role) => self.remove_role(guild, role),
            Route::Channels(guild) => self.list_channels(guild),
            Route::CreateChannel(guild) => self.post_channel(guild, request),
            Route::Members(guild) => self.list_members(guild, request),
            Route::Member(guild, user) => self.get_member(guild, user),
            Route::AddMemberRole(guild, user, role) => self.set_member_role(guild, user, role, true),
            Route::RemoveMemberRole(guild, user, role) => self.set_member_role(guild, user, role, false),
            Route::Channel(channel) => self.get_channel(channel),
            Route::EditChannel(channel) => self.patch_channel(channel, request),
            Route::DeleteChannel(channel) => self.remove_channel(channel, request),
            Route::PutOverwrite(channel, target) => self.put_overwrite(channel, target, request),
            Route::DeleteOverwrite(channel, target) => self.delete_overwrite(channel, target),
            Route::Typing(channel) => self.post_typing(channel),
            Route::Messages(channel) => self.list_messages(channel, request),
            Route::Message(channel, message) => self.get_message(channel, message),
            Route::CreateMessage(channel) => self.post_message(channel, request),
            Route::EditMessage(channel, message) => self.patch_message(channel, message, request),
            Route::DeleteMessage(channel, message) => self.remove_message(channel, message),
            Route::PutReaction(channel, message, emoji) => self.put_reaction(channel, message, &emoji),
            Route::DeleteReaction(channel, message, emoji, whose) => {
                self.delete_reaction(channel, message, &emoji, whose)
            }
            Route::Reactions(channel, message, emoji) => self.list_reactions(channel, message, &emoji, request),
            Route::ClearReactions(channel, message, emoji) => self.clear_reactions(channel, message, emoji.as_deref()),
            Route::BulkDelete(channel) => self.bulk_delete(channel, request),
            Route::Callback(interaction, token) => self.callback(interaction, &token, request),
            Route::Followup(application, token) => self.post_followup(application, &token, request),
            Route::Reply(application, token, which) => self.get_reply(application, &token, which),
            Route::EditReply(application, token, which) => self.patch_reply(application, &token, which, request),
            Route::DeleteReply(application, token, which) => self.remove_reply(application, &token, which),
            Route::Commands(scope) => self.list_commands(scope, request),
            Route::CreateCommand(scope) => self.post_command(scope, request),
            Route::ReplaceCommands(scope) => self.put_commands(scope, request),
            Route::DeleteCommand(scope, command) => self.remove_command(scope, command),
        }
    }

    fn is_signed(&self, request: &Request) -> bool {
        request.authorization.as_deref().and_then(|header| header.strip_prefix("Bot ")) == Some(&self.application.token)
    }

    fn gateway_bot(&self) -> Value {
        let limit = match self.session_starts {
            Some(starts) => starts.json(self.now),
            None => self.buckets.session_limit(self.now, &self.limits.unwrap_or_default()),
        };
        json!({ "url": self.gateway, "shards": 1, "session_start_limit": limit })
    }

    /// Whether the gateway may start a session now; without limits it always may.
    pub fn start_session(&mut self) -> bool {
        if let Some(starts) = &mut self.session_starts {
            return starts.start(self.now);
        }
        self.limits.is_none_or(|limits| self.buckets.start_session(self.now, &limits))
    }

    /// Limits how many sessions may be started, or leaves that to the rate limits again.
    pub fn limit_session_starts(&mut self, limit: Option<SessionStartLimit>) {
        self.session_starts = limit.map(|limit| session_start::SessionStarts::new(self.now, limit));
    }

    /// The bot's user, as it sees itself.
    #[must_use]
    pub fn me(&self) -> Value {
        let mut json = self.users[&self.bot].json();
        json["verified"] = true.into();
        json["mfa_enabled"] = false.into();
        json["email"] = Value::Null;
        json["locale"] = "en-US".into();
        json
    }

    fn my_guilds(&self) -> Value {
        let first = u64::from(!self.is_member(self.bot));
        let rights = self.guild_permissions(self.bot);
        let shown = |number: u64| {
            json!({
                "id": self.neighbour(number), "name": self.neighbour_name(number), "icon": null, "banner": null,
                "features": [], "owner": self.guild.owner == self.bot, "permissions": rights,
            })
        };
        (first..=self.neighbours).map(shown).collect()
    }

    fn next_id(&mut self) -> Snowflake {
        self.mint.next(self.now)
    }

    fn dispatch(&mut self, event: Dispatch) {
        if self.guild.available || event.name == "INTERACTION_CREATE" {
            self.outbox.push(event);
        }
    }

    fn remember(&mut self, entry: Audited) {
        self.audit.push_back(entry);
        if self.audit.len() > MOST_AUDITED {
            self.audit.pop_front();
        }
    }
}

/// For values that are shown: a time as Discord writes it.
pub(super) fn show_time<S: serde::Serializer>(time: &SystemTime, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&timestamp(*time))
}

/// A time as Discord writes it: ISO 8601 with microseconds and an offset.
fn timestamp(time: SystemTime) -> String {
    humantime::format_rfc3339_micros(time).to_string().replace('Z', "+00:00")
}
