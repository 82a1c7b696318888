//! The server and the people in it: roles, members, and the rights that follow
//! (Discord documentation, *Guild Resource*, *User Resource*).

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::dispatch::{Dispatch, Intents};
use super::elsewhere::move_channel;
use super::permissions::{self, Holder, Overwrite, Permissions};
use super::refusal::Refusal;
use super::rest::{Answer, Outcome, Request};
use super::snowflake::Snowflake;
use super::{World, channels::Channel, timestamp};

/// How many channels there may be, categories counted. A load test may want more than Discord allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelLimits {
    pub in_guild: usize,
    pub in_category: usize,
}

impl Default for ChannelLimits {
    fn default() -> Self {
        Self { in_guild: 500, in_category: 50 }
    }
}

/// The one server of the sandbox.
#[derive(Clone, Debug)]
pub struct Guild {
    pub id: Snowflake,
    pub name: String,
    pub owner: Snowflake,
    pub roles: BTreeMap<Snowflake, Role>,
    pub members: BTreeMap<Snowflake, Member>,
    /// False during an outage: nothing is dispatched until it comes back.
    pub available: bool,
}

#[derive(Clone, Debug)]
pub struct Role {
    pub id: Snowflake,
    pub name: String,
    pub permissions: Permissions,
    pub position: i64,
    pub mentionable: bool,
    /// The bot that it belongs to; it cannot be given to anybody else.
    pub bot: Option<Snowflake>,
    /// New members may give it to themselves ("onboarding").
    pub in_prompt: bool,
}

/// A person's presence in the server.
#[derive(Clone, Debug)]
pub struct Member {
    pub nick: Option<String>,
    pub roles: Vec<Snowflake>,
    pub joined: SystemTime,
    /// Until when the person can only look and read ("time-out").
    pub timed_out_until: Option<SystemTime>,
}

/// Anybody with an account.
#[derive(Clone, Debug)]
pub struct User {
    pub id: Snowflake,
    pub username: String,
    pub global_name: Option<String>,
    pub bot: bool,
    /// The language of the person's client: the `locale` of interactions.
    pub locale: String,
}

impl User {
    pub(super) fn new(id: Snowflake, name: &str, bot: bool) -> Self {
        let global_name = (!bot).then(|| name.to_owned());
        Self { id, username: name.to_lowercase(), global_name, bot, locale: "en-US".to_owned() }
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "id": self.id, "username": self.username, "discriminator": if self.bot { "0001" } else { "0" },
            "global_name": self.global_name, "avatar": null, "bot": self.bot, "public_flags": 0, "flags": 0,
            "accent_color": null, "banner": null, "avatar_decoration_data": null, "clan": null, "primary_guild": null,
            "collectibles": null,
        })
    }
}

impl Member {
    /// A new member.
    pub(super) const fn new(roles: Vec<Snowflake>, joined: SystemTime) -> Self {
        Self { nick: None, roles, joined, timed_out_until: None }
    }

    /// The member object without its `user`, as messages carry it.
    pub(super) fn partial(&self) -> Value {
        json!({
            "nick": self.nick, "avatar": null, "banner": null, "roles": self.roles, "joined_at": timestamp(self.joined),
            "premium_since": null, "deaf": false, "mute": false, "flags": 0, "pending": false,
            "communication_disabled_until": self.timed_out_until.map(timestamp),
        })
    }
}

impl Role {
    /// A role that anybody can be given.
    pub(super) const fn new(id: Snowflake, name: String, permissions: Permissions, position: i64) -> Self {
        Self { id, name, permissions, position, mentionable: false, bot: None, in_prompt: false }
    }

    /// Given by Discord, and not by people.
    #[must_use]
    pub const fn is_managed(&self) -> bool {
        self.bot.is_some()
    }

    pub(super) fn json(&self) -> Value {
        let mut json = json!({
            "id": self.id, "name": self.name, "permissions": self.permissions, "position": self.position,
            "color": 0, "colors": { "primary_color": 0, "secondary_color": null, "tertiary_color": null },
            "hoist": false, "icon": null, "unicode_emoji": null, "managed": self.is_managed(),
            "mentionable": self.mentionable, "flags": u8::from(self.in_prompt), "description": null,
        });
        if let Some(bot) = self.bot {
            json["tags"] = json!({ "bot_id": bot });
        }
        json
    }
}

impl World {
    /// A person's rights in the server, channels aside; none for a user who is not a member.
    #[must_use]
    pub fn guild_permissions(&self, user: Snowflake) -> Permissions {
        self.with_holder(user, permissions::in_guild).unwrap_or_default()
    }

    /// A person's rights in a channel; none where either does not exist.
    #[must_use]
    pub fn permissions(&self, user: Snowflake, channel: Snowflake) -> Permissions {
        let Some(channel) = self.channels.get(&channel) else { return Permissions::NONE };
        if let Some(recipient) = channel.recipient {
            return self.private_rights(user, recipient);
        }
        self.permissions_under(user, channel.overwrites.values())
    }

    pub(super) fn permissions_under<'a>(
        &self,
        user: Snowflake,
        overwrites: impl Iterator<Item = &'a Overwrite>,
    ) -> Permissions {
        self.with_holder(user, |holder| permissions::in_channel(holder, overwrites)).unwrap_or_default()
    }

    fn with_holder<T>(&self, user: Snowflake, compute: impl FnOnce(Holder<'_>) -> T) -> Option<T> {
        let member = self.guild.members.get(&user)?;
        let own = member.roles.iter().chain([&self.guild.id]).filter_map(|role| self.guild.roles.get(role));
        let base = own.fold(Permissions::NONE, |rights, role| rights | role.permissions);
        let owner = self.guild.owner == user;
        let timed_out = member.timed_out_until.is_some_and(|until| until > self.now);
        Some(compute(Holder { user, owner, everyone: self.guild.id, base, roles: &member.roles, timed_out }))
    }

    pub(super) fn is_member(&self, user: Snowflake) -> bool {
        self.guild.members.contains_key(&user)
    }

    /// The member object with its user.
    pub(super) fn member_json(&self, user: Snowflake) -> Option<Value> {
        let mut json = self.guild.members.get(&user)?.partial();
        json["user"] = self.users.get(&user)?.json();
        Some(json)
    }

    pub(super) fn check_guild(&self, guild: Snowflake) -> Result<(), Refusal> {
        if guild != self.guild.id {
            return Err(Refusal::unknown_guild());
        }
        if self.is_member(self.bot()) { Ok(()) } else { Err(Refusal::missing_access()) }
    }

    /// "When `with_counts` is `true`, this will return approximate member and presence counts for the guild."
    pub(super) fn get_guild(&self, guild: Snowflake, request: &Request) -> Outcome {
        self.check_guild(guild)?;
        let mut json = self.guild_json();
        if matches!(request.asked("with_counts"), Some("true" | "True" | "1")) {
            json["approximate_member_count"] = self.guild.members.len().into();
            json["approximate_presence_count"] = self.guild.members.len().into();
        }
        Ok(Answer::ok(json))
    }

    pub(super) fn guild_json(&self) -> Value {
        let roles: Vec<Value> = self.guild.roles.values().map(Role::json).collect();
        json!({
            "id": self.guild.id, "name": self.guild.name, "icon": null, "icon_hash": null, "splash": null,
            "discovery_splash": null, "banner": null, "description": null, "home_header": null,
            "owner_id": self.guild.owner, "region": "deprecated", "afk_channel_id": null, "afk_timeout": 300,
            "widget_enabled": false, "widget_channel_id": null, "verification_level": 0,
            "default_message_notifications": 0, "explicit_content_filter": 0, "roles": roles, "emojis": [],
            "features": [], "mfa_level": 0, "application_id": null, "system_channel_id": null,
            "system_channel_flags": 0, "rules_channel_id": null, "public_updates_channel_id": null,
            "safety_alerts_channel_id": null, "max_presences": null, "max_members": 500_000,
            "max_video_channel_users": 25, "max_stage_video_channel_users": 50, "vanity_url_code": null,
            "premium_tier": 0, "premium_subscription_count": 0, "premium_progress_bar_enabled": false,
            "preferred_locale": "en-US", "nsfw": false, "nsfw_level": 0, "stickers": [], "incidents_data": null,
        })
    }

    /// The whole server, as a session receives it first. "If your bot does not have the `GUILD_PRESENCES` Gateway Intent,
    /// members and presences returned in this event will only contain your bot and users in voice channels."
    #[must_use]
    pub fn guild_create(&self) -> Value {
        let bot = self.bot();
        let mut json = self.guild_json();
        let shown = |user: &&Snowflake| self.application.presence_intent || **user == bot;
        let members: Vec<Value> =
            self.guild.members.keys().filter(shown).filter_map(|&user| self.member_json(user)).collect();
        let channels: Vec<Value> = self.places().map(|channel| self.guild_channel(channel)).collect();
        json["joined_at"] = timestamp(self.guild.members.get(&bot).map_or(self.now, |member| member.joined)).into();
        json["large"] = false.into();
        json["unavailable"] = false.into();
        json["member_count"] = self.guild.members.len().into();
        json["members"] = members.into();
        json["channels"] = channels.into();
        for empty in
            ["voice_states", "threads", "presences", "stage_instances", "guild_scheduled_events", "soundboard_sounds"]
        {
            json[empty] = json!([]);
        }
        json
    }

    /// The servers the bot is in.
    pub fn guilds(&self) -> impl Iterator<Item = Snowflake> {
        let first = u64::from(!self.is_member(self.bot()));
        (first..=self.neighbours).map(|number| there(self.guild.id, number))
    }

    /// How a server is called.
    pub(super) fn neighbour_name(&self, number: u64) -> String {
        let name = &self.guild.name;
        if number == 0 { name.clone() } else { format!("{name} {}", number + 1) }
    }

    /// The further servers the bot is in, as a session receives them: each has the channels and roles of this one, under
    /// ids of its own.
    pub fn neighbours(&self) -> impl Iterator<Item = Value> + use<> {
        let (model, count) = (self.guild_create(), self.neighbours);
        let names: Vec<String> = (0..=count).map(|number| self.neighbour_name(number)).collect();
        (1..=count).map(move |number| {
            let mut json = model.clone();
            moved(&mut json, number);
            json["name"] = json!(names[usize::try_from(number).unwrap_or_default()]);
            json
        })
    }

    /// A channel inside `GUILD_CREATE` does not repeat the server's id.
    fn guild_channel(&self, channel: &Channel) -> Value {
        let mut json = self.told_channel(channel);
        if let Some(object) = json.as_object_mut() {
            object.remove("guild_id");
        }
        json
    }

    pub(super) fn list_members(&self, guild: Snowflake, request: &Request) -> Outcome {
        self.check_guild(guild)?;
        if !self.application.members_intent {
            return Err(Refusal::missing_access());
        }
        let limit = request.asked("limit").and_then(|limit| limit.parse().ok()).unwrap_or(1_usize).clamp(1, 1000);
        let after = request.asked("after").and_then(|id| id.parse().ok()).unwrap_or(Snowflake(0));
        let page = self.guild.members.keys().filter(|&&user| user > after).take(limit);
        Ok(Answer::ok(page.filter_map(|&user| self.member_json(user)).collect()))
    }

    pub(super) fn get_member(&self, guild: Snowflake, user: Snowflake) -> Outcome {
        self.check_guild(guild)?;
        if !self.users.contains_key(&user) {
            return Err(Refusal::unknown_user());
        }
        self.member_json(user).map(Answer::ok).ok_or_else(Refusal::unknown_member)
    }

    pub(super) fn member_changed(&mut self, user: Snowflake) {
        let Some(mut data) = self.member_json(user) else { return };
        data["guild_id"] = json!(self.guild.id);
        let needs = if user == self.bot() { Intents::ALWAYS } else { Intents::GUILD_MEMBERS };
        self.dispatch(Dispatch::new("GUILD_MEMBER_UPDATE", needs, data));
    }
}

/// Gives everything within a server the ids that it has in that neighbour; people stay who they are.
fn moved(json: &mut Value, number: u64) {
    moved_id(&mut json["id"], number);
    for list in ["channels", "roles"] {
        for thing in json[list].as_array_mut().into_iter().flatten() {
            move_channel(thing, number);
        }
    }
}

pub(super) fn moved_id(id: &mut Value, number: u64) {
    if let Some(known) = id.as_str().and_then(|id| id.parse().ok()) {
        *id = json!(there(known, number));
    }
}

/// The id of a thing's likeness in a neighbour, some minutes later in snowflake's time.
pub(super) fn there(id: Snowflake, number: u64) -> Snowflake {
    Snowflake(id.get() + (number << 40))
}
