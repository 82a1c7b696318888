//! Which right is missing? Discord says only that one is.
//!
//! The computation is Discord's own (its reference, "Permissions"): the roles together, then the overwrites of the
//! channel for everyone, for the roles together, and for the member. All that the bot needs stands in one list, which
//! the invite link, the doctor and the diagnosis of a refusal share.

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::{Map, Value};
use serenity::model::id as library;
use serenity::model::permissions::Permissions;
use serenity::model::timestamp::Timestamp;

use crate::discord::body;
use crate::discord::estate::{self, Source};
use crate::discord::lenient;
use crate::ids::{GuildId, RoleId, UserId};
use crate::lifecycle::{Call, Right};

/// A server, as far as rights go. A server in Discord's place may leave out any of it but the id.
#[derive(Deserialize)]
pub(super) struct Guild {
    id: library::GuildId,
    #[serde(default, deserialize_with = "lenient::or_default")]
    name: String,
    #[serde(default, deserialize_with = "lenient::or_default")]
    owner_id: Option<library::UserId>,
    /// None at all: they were left out, since each server has @everyone.
    #[serde(default, deserialize_with = "lenient::null_is_default")]
    roles: Vec<Role>,
    /// 1: who moderates must have two-factor authentication.
    #[serde(default, deserialize_with = "lenient::number")]
    mfa_level: Option<u8>,
    /// How many members it has, if that was asked for.
    #[serde(default, deserialize_with = "lenient::number")]
    approximate_member_count: Option<u64>,
}

#[derive(Deserialize)]
pub(super) struct Role {
    id: library::RoleId,
    permissions: Permissions,
    #[serde(default)]
    name: String,
    #[serde(default)]
    position: i64,
    #[serde(default)]
    mentionable: bool,
    /// It came with a bot, and goes with it.
    #[serde(default)]
    managed: bool,
    /// Why it is managed; some tags say it by being there, with `null` for a value.
    #[serde(default, deserialize_with = "lenient::or_default")]
    tags: Map<String, Value>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    flags: u64,
}

/// A flag of a role that members may give to themselves ("onboarding").
const IN_PROMPT: u64 = 1;

impl Role {
    fn source(&self, guild: library::GuildId) -> Source {
        let tagged = |tag: &str| self.tags.contains_key(tag);
        match self.managed {
            _ if self.id.get() == guild.get() => Source::Everyone,
            _ if tagged("bot_id") => Source::Bot,
            _ if tagged("premium_subscriber") => Source::Boosters,
            _ if tagged("guild_connections") => Source::Linked,
            true => Source::Integration,
            false if self.flags & IN_PROMPT != 0 => Source::Onboarding,
            false => Source::People,
        }
    }
}

/// A member, as far as rights go.
#[derive(Deserialize)]
pub(super) struct Member {
    roles: Vec<library::RoleId>,
    /// Until then Discord leaves it no more than to look and to read, if it is in time-out.
    #[serde(default, deserialize_with = "lenient::or_default")]
    communication_disabled_until: Option<Timestamp>,
}

/// A channel or a category, as far as rights go.
#[derive(Deserialize)]
pub(super) struct Channel {
    guild_id: library::GuildId,
    #[serde(default, deserialize_with = "lenient::each_if_any")]
    permission_overwrites: Option<Vec<Overwrite>>,
}

#[derive(Deserialize)]
struct Overwrite {
    id: library::GenericId,
    allow: Permissions,
    deny: Permissions,
}

impl Member {
    pub(super) fn roles(&self) -> Vec<RoleId> {
        self.roles.iter().map(|role| RoleId(role.get())).collect()
    }

    /// Until when it is in time-out, if it is at this moment.
    pub(super) fn timed_out(&self, now: SystemTime) -> Option<SystemTime> {
        let until = u64::try_from(self.communication_disabled_until?.unix_timestamp()).ok()?;
        Some(SystemTime::UNIX_EPOCH + Duration::from_secs(until)).filter(|until| *until > now)
    }
}

impl Channel {
    pub(super) fn guild(&self) -> GuildId {
        GuildId(self.guild_id.get())
    }

    fn overwrites(&self) -> impl Iterator<Item = &Overwrite> {
        self.permission_overwrites.iter().flatten()
    }
}

impl Guild {
    /// A server of which only its roles were told.
    pub(super) const fn of_roles(id: library::GuildId, roles: Vec<Role>) -> Self {
        Self { id, name: String::new(), owner_id: None, roles, mfa_level: None, approximate_member_count: None }
    }

    pub(super) fn with_roles(self, roles: Vec<Role>) -> Self {
        Self { roles, ..self }
    }

    pub(super) const fn tells_roles(&self) -> bool {
        !self.roles.is_empty()
    }

    pub(super) const fn tells_owner(&self) -> bool {
        self.owner_id.is_some()
    }

    pub(super) const fn members(&self) -> Option<u64> {
        self.approximate_member_count
    }

    pub(super) fn name(&self) -> Option<&str> {
        Some(&*self.name).filter(|name| !name.is_empty())
    }

    /// Here a right to manage counts only for accounts with two-factor authentication, if it is told.
    pub(super) fn wants_two_factor(&self) -> Option<bool> {
        self.mfa_level.map(|level| level > 0)
    }

    /// Its roles as people know them, the highest first.
    pub(super) fn roles(&self) -> Vec<estate::Role> {
        let mut roles: Vec<&Role> = self.roles.iter().collect();
        roles.sort_by_key(|role| (std::cmp::Reverse(role.position), role.id));
        let known = |role: &Role| estate::Role {
            id: RoleId(role.id.get()),
            name: role.name.clone(),
            mentionable: role.mentionable,
            source: role.source(self.id),
        };
        roles.into_iter().map(known).collect()
    }

    pub(super) fn is_administrated_by(&self, user: UserId, roles: &[RoleId]) -> bool {
        self.permissions(user, roles).contains(Permissions::ADMINISTRATOR)
    }

    /// What this member may do in the server as a whole.
    fn permissions(&self, user: UserId, roles: &[RoleId]) -> Permissions {
        if self.owner_id.is_some_and(|owner| owner.get() == user.0) {
            return Permissions::all();
        }
        let everyone = self.roles.iter().filter(|role| role.id.get() == self.id.get());
        let together = everyone.chain(self.held(roles)).fold(Permissions::empty(), |all, role| all | role.permissions);
        if together.contains(Permissions::ADMINISTRATOR) { Permissions::all() } else { together }
    }

    /// What this member may do in one of its channels.
    fn permissions_in(&self, channel: &Channel, user: UserId, roles: &[RoleId]) -> Permissions {
        let base = self.permissions(user, roles);
        if base.contains(Permissions::ADMINISTRATOR) { base } else { self.overwritten(base, channel, user, roles) }
    }

    /// What a channel's overwrites make of a member's permissions.
    fn overwritten(&self, base: Permissions, channel: &Channel, user: UserId, roles: &[RoleId]) -> Permissions {
        let everyone = channel.applied(base, |id| id == self.id.get());
        let roles = channel.applied(everyone, |id| id != self.id.get() && roles.contains(&RoleId(id)));
        channel.applied(roles, |id| id == user.0)
    }

    /// The roles of a member, but for @everyone.
    fn held(&self, roles: &[RoleId]) -> impl Iterator<Item = &Role> {
        self.roles.iter().filter(|role| role.id.get() != self.id.get() && roles.contains(&RoleId(role.id.get())))
    }

    /// Until when Discord withholds from the bot what its roles give it, if it does: whoever may do anything is exempt.
    pub(super) fn time_out(&self, member: &Member, bot: UserId, now: SystemTime) -> Option<SystemTime> {
        member.timed_out(now).filter(|_| !self.is_administrated_by(bot, &member.roles()))
    }

    /// What the bot holds of all that it needs, in the server and in these places. A time-out takes nothing of it: it ends.
    pub(super) fn review(&self, places: &[(Site, Sight<'_>)], bot: UserId, roles: &[RoleId]) -> Rights {
        let held = self.permissions(bot, roles);
        let administrator = held.contains(Permissions::ADMINISTRATOR);
        let (mut lacks, mut unseen) = (lacking(Site::Server, held, |_| None), Vec::new());
        for (site, sight) in places.iter().filter(|_| !administrator) {
            match sight {
                Sight::Channel(channel) if channel.permission_overwrites.is_some() => {
                    // As if the server gave them all: what it does not give is told once, and not again for each place.
                    let here = self.overwritten(held | all(), channel, bot, roles);
                    lacks.extend(lacking(*site, here, |right| Some(self.denier(channel, right, bot, roles))));
                }
                Sight::Hidden if held.contains(Permissions::VIEW_CHANNEL) => {
                    lacks.push(Lack { right: Right::ViewChannel, site: *site, denier: Some(Denier::Hidden) });
                    unseen.push(*site);
                }
                Sight::Channel(_) | Sight::Hidden | Sight::Unknown => unseen.push(*site),
            }
        }
        let mut own: Vec<&Role> = self.held(roles).collect();
        own.sort_by_key(|role| !role.managed);
        Rights { administrator, role: own.first().map(|role| role.name.clone()), lacks, unseen, timed_out: None }
    }

    /// Whose overwrite takes this permission away: the last that does so.
    fn denier(&self, channel: &Channel, right: Permissions, bot: UserId, roles: &[RoleId]) -> Denier {
        let denied = |id: u64| channel.overwrites().any(|one| one.id.get() == id && one.deny.contains(right));
        let names: Vec<String> =
            self.held(roles).filter(|role| denied(role.id.get())).map(|role| role.name.clone()).collect();
        match names {
            _ if denied(bot.0) => Denier::Bot,
            names if names.is_empty() => Denier::Everyone,
            names => Denier::Roles(names),
        }
    }
}

impl Channel {
    /// These permissions after the overwrites of these ids: together they deny, then together they allow.
    fn applied(&self, base: Permissions, whose: impl Fn(u64) -> bool) -> Permissions {
        let overwrites = self.overwrites().filter(|overwrite| whose(overwrite.id.get()));
        let none = (Permissions::empty(), Permissions::empty());
        let (allow, deny) = overwrites.fold(none, |(allow, deny), one| (allow | one.allow, deny | one.deny));
        (base - deny) | allow
    }
}

/// What the bot lacks for this call. `channel` is where it happens: for a new channel, its category.
pub(super) fn missing(call: &Call, guild: &Guild, channel: &Channel, bot: UserId, roles: &[RoleId]) -> Vec<Right> {
    let here = guild.permissions_in(channel, bot, roles);
    let mut lacking = needed(call) - here;
    if matches!(call, Call::CreateChannel { .. }) {
        // Only what the bot holds in the server or the category can it give to others.
        lacking |= granted() - (guild.permissions(bot, roles) | here);
    }
    RIGHTS.into_iter().filter(|(_, bit, _)| lacking.contains(*bit)).map(|(right, ..)| right).collect()
}

/// What a call needs where it happens.
fn needed(call: &Call) -> Permissions {
    let view = Permissions::VIEW_CHANNEL;
    let read = view | Permissions::READ_MESSAGE_HISTORY;
    let send = view | Permissions::SEND_MESSAGES;
    match call {
        Call::CreateChannel { .. } | Call::DeleteChannel { .. } => view | Permissions::MANAGE_CHANNELS,
        Call::RestoreAccess { .. } => view | Permissions::MANAGE_ROLES,
        Call::GetChannel { .. } | Call::EditPanel { .. } | Call::DeletePanel { .. } => view,
        Call::ReadChannel { .. } | Call::GetPanel { .. } | Call::ListPanels => read,
        Call::Welcome { .. } | Call::SendPanel { .. } => send | Permissions::EMBED_LINKS,
        Call::Say { reply_to: Some(_), .. } => send | read,
        Call::Say { reply_to: None, .. } => send,
        Call::ListChannels { .. }
        | Call::FindChannel { .. }
        | Call::Acknowledge { .. }
        | Call::EditReply { .. }
        | Call::ListCommands { .. }
        | Call::PutCommands { .. }
        | Call::RemoveCommands { .. } => Permissions::empty(),
    }
}

/// Everything that the overwrites of a ticket channel give to somebody.
fn granted() -> Permissions {
    body::MEMBER | body::SUPPORT | body::BOT
}

/// What Discord tells of a place where rights count.
#[derive(Clone, Copy)]
pub(super) enum Sight<'a> {
    Channel(&'a Channel),
    /// It is there, and the bot may not view it.
    Hidden,
    Unknown,
}

/// Where a right counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site {
    /// The server as a whole. What a ticket channel's overwrites do not give counts there, too.
    Server,
    /// The category of the ticket channels.
    Category,
    /// The channel of the panel.
    Panel,
}

/// All that the bot needs: each right, its permission, and the places beside the server where it is needed.
const RIGHTS: [(Right, Permissions, &[Site]); 8] = [
    (Right::ViewChannel, Permissions::VIEW_CHANNEL, &[Site::Category, Site::Panel]),
    (Right::ManageChannels, Permissions::MANAGE_CHANNELS, &[Site::Category]),
    (Right::SendMessages, Permissions::SEND_MESSAGES, &[Site::Panel]),
    (Right::EmbedLinks, Permissions::EMBED_LINKS, &[Site::Panel]),
    (Right::AttachFiles, Permissions::ATTACH_FILES, &[]),
    (Right::ReadMessageHistory, Permissions::READ_MESSAGE_HISTORY, &[Site::Panel]),
    (Right::ManageMessages, Permissions::MANAGE_MESSAGES, &[]),
    (Right::MentionEveryone, Permissions::MENTION_EVERYONE, &[]),
];

/// All rights that the bot needs, in the order in which Discord's own lists have them.
pub fn needed_rights() -> impl Iterator<Item = Right> {
    RIGHTS.into_iter().map(|(right, ..)| right)
}

/// The places beside the server as a whole where a right is needed.
pub fn places_of(right: Right) -> impl Iterator<Item = Site> {
    RIGHTS.into_iter().filter(move |(known, ..)| *known == right).flat_map(|(.., sites)| sites).copied()
}

/// The same as the number that an invite link takes.
#[must_use]
pub fn needed_number() -> u64 {
    all().bits()
}

fn all() -> Permissions {
    RIGHTS.into_iter().fold(Permissions::empty(), |all, (_, permission, _)| all | permission)
}

/// What the bot holds of all that it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    /// It may do anything, which is more than it needs.
    pub administrator: bool,
    /// The name of a role through which it can be given rights: its own, which came with it, or any other it has.
    pub role: Option<String>,
    /// What it lacks.
    pub lacks: Vec<Lack>,
    /// Where else the rights count and nobody told what they are there.
    pub unseen: Vec<Site>,
    /// Until when it is in time-out, and can use none of them but to look and to read.
    pub timed_out: Option<SystemTime>,
}

/// A right that the bot needs in a place and does not hold there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// Which right.
    pub right: Right,
    /// Where.
    pub site: Site,
    /// Who has it taken away; nobody in the server as a whole, where no role gives it.
    pub denier: Option<Denier>,
}

/// Whose overwrite takes a right away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denier {
    /// That for @everyone.
    Everyone,
    /// Those for these roles of the bot.
    Roles(Vec<String>),
    /// That for the bot itself.
    Bot,
    /// Discord hides the channel, and with it whose it is.
    Hidden,
}

/// What is needed in a place and not among what is held there.
fn lacking(site: Site, held: Permissions, denier: impl Fn(Permissions) -> Option<Denier>) -> Vec<Lack> {
    let needed = RIGHTS.into_iter().filter(|(.., sites)| site == Site::Server || sites.contains(&site));
    let missing = needed.filter(|(_, permission, _)| !held.contains(*permission));
    missing.map(|(right, permission, _)| Lack { right, site, denier: denier(permission) }).collect()
}

#[cfg(test)]
mod tests;
