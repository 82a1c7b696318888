//! Which permissions are missing; Discord says only that one is.
//!
//! The computation is Discord's own (its reference, "Permissions"): the union of the roles, then the overwrites of the
//! channel for @everyone, for all roles together, and for the member. All that the bot needs is in one table, which the
//! invite link, the doctor and the diagnosis of a 403 share.

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::{Map, Value};
use serenity::model::id as model_id;
use serenity::model::permissions::Permissions;
use serenity::model::timestamp::Timestamp;

use crate::discord::guild::{self, RoleSource};
use crate::discord::lenient;
use crate::discord::payload;
use crate::ids::{GuildId, RoleId, UserId};
use crate::lifecycle::{Permission, Request};

/// The fields of Discord's guild object that determine permissions. A server that stands in for Discord may leave out all but
/// the id.
#[derive(Deserialize)]
pub(super) struct PartialGuild {
    id: model_id::GuildId,
    #[serde(default, deserialize_with = "lenient::or_default")]
    name: String,
    #[serde(default, deserialize_with = "lenient::or_default")]
    owner_id: Option<model_id::UserId>,
    /// Empty if the response leaves them out: every server has at least @everyone.
    #[serde(default, deserialize_with = "lenient::null_as_default")]
    roles: Vec<PartialRole>,
    /// 1: moderators must have two-factor authentication.
    #[serde(default, deserialize_with = "lenient::number")]
    mfa_level: Option<u8>,
    /// Only if the request asks for counts.
    #[serde(default, deserialize_with = "lenient::number")]
    approximate_member_count: Option<u64>,
}

#[derive(Deserialize)]
pub(super) struct PartialRole {
    id: model_id::RoleId,
    permissions: Permissions,
    #[serde(default)]
    name: String,
    #[serde(default)]
    position: i64,
    #[serde(default)]
    mentionable: bool,
    /// It belongs to a bot or another integration.
    #[serde(default)]
    managed: bool,
    /// Why it is managed; some tags have the value `null` and count by their presence.
    #[serde(default, deserialize_with = "lenient::or_default")]
    tags: Map<String, Value>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    flags: u64,
}

/// A role flag: members can choose the role in the server's onboarding.
const IN_PROMPT: u64 = 1;

impl PartialRole {
    fn source(&self, guild: model_id::GuildId) -> RoleSource {
        let has_tag = |tag: &str| self.tags.contains_key(tag);
        match self.managed {
            _ if self.id.get() == guild.get() => RoleSource::Everyone,
            _ if has_tag("bot_id") => RoleSource::Bot,
            _ if has_tag("premium_subscriber") => RoleSource::Boosters,
            _ if has_tag("guild_connections") => RoleSource::Linked,
            true => RoleSource::Integration,
            false if self.flags & IN_PROMPT != 0 => RoleSource::Onboarding,
            false => RoleSource::Moderator,
        }
    }
}

/// The fields of Discord's guild member object that determine permissions.
#[derive(Deserialize)]
pub(super) struct PartialMember {
    roles: Vec<model_id::RoleId>,
    /// The end of a time-out, in which the member has only View Channel and Read Message History.
    #[serde(default, deserialize_with = "lenient::or_default")]
    communication_disabled_until: Option<Timestamp>,
}

/// The fields of Discord's channel object that determine permissions.
#[derive(Deserialize)]
pub(super) struct PartialChannel {
    guild_id: model_id::GuildId,
    #[serde(default, deserialize_with = "lenient::readable_items_if_list")]
    permission_overwrites: Option<Vec<Overwrite>>,
}

#[derive(Deserialize)]
struct Overwrite {
    id: model_id::GenericId,
    allow: Permissions,
    deny: Permissions,
}

impl PartialMember {
    pub(super) fn roles(&self) -> Vec<RoleId> {
        self.roles.iter().map(|role| RoleId(role.get())).collect()
    }

    /// The end of the member's current time-out.
    fn time_out(&self, now: SystemTime) -> Option<SystemTime> {
        let until = u64::try_from(self.communication_disabled_until?.unix_timestamp()).ok()?;
        Some(SystemTime::UNIX_EPOCH + Duration::from_secs(until)).filter(|until| *until > now)
    }
}

impl PartialChannel {
    pub(super) fn guild(&self) -> GuildId {
        GuildId(self.guild_id.get())
    }

    fn overwrites(&self) -> impl Iterator<Item = &Overwrite> {
        self.permission_overwrites.iter().flatten()
    }
}

impl PartialGuild {
    /// A server of which only the roles are known.
    pub(super) const fn from_roles(id: model_id::GuildId, roles: Vec<PartialRole>) -> Self {
        Self { id, name: String::new(), owner_id: None, roles, mfa_level: None, approximate_member_count: None }
    }

    pub(super) fn with_roles(self, roles: Vec<PartialRole>) -> Self {
        Self { roles, ..self }
    }

    pub(super) const fn has_roles(&self) -> bool {
        !self.roles.is_empty()
    }

    pub(super) const fn has_owner(&self) -> bool {
        self.owner_id.is_some()
    }

    pub(super) const fn member_count(&self) -> Option<u64> {
        self.approximate_member_count
    }

    pub(super) fn name(&self) -> Option<&str> {
        Some(&*self.name).filter(|name| !name.is_empty())
    }

    /// Whether moderation permissions require two-factor authentication, if that is known.
    pub(super) fn requires_two_factor(&self) -> Option<bool> {
        self.mfa_level.map(|level| level > 0)
    }

    /// The roles, the highest first.
    pub(super) fn to_roles(&self) -> Vec<guild::Role> {
        let mut roles: Vec<&PartialRole> = self.roles.iter().collect();
        roles.sort_by_key(|role| (std::cmp::Reverse(role.position), role.id));
        let to_role = |role: &PartialRole| guild::Role {
            id: RoleId(role.id.get()),
            name: role.name.clone(),
            mentionable: role.mentionable,
            source: role.source(self.id),
        };
        roles.into_iter().map(to_role).collect()
    }

    pub(super) fn is_administrator(&self, user: UserId, roles: &[RoleId]) -> bool {
        self.permissions(user, roles).contains(Permissions::ADMINISTRATOR)
    }

    /// The member's permissions in the server, without channel overwrites.
    fn permissions(&self, user: UserId, roles: &[RoleId]) -> Permissions {
        if self.owner_id.is_some_and(|owner| owner.get() == user.0) {
            return Permissions::all();
        }
        let everyone = self.roles.iter().filter(|role| role.id.get() == self.id.get());
        let union =
            everyone.chain(self.roles_of(roles)).fold(Permissions::empty(), |union, role| union | role.permissions);
        if union.contains(Permissions::ADMINISTRATOR) { Permissions::all() } else { union }
    }

    /// The member's permissions in one of the channels.
    fn permissions_in(&self, channel: &PartialChannel, user: UserId, roles: &[RoleId]) -> Permissions {
        let base = self.permissions(user, roles);
        if base.contains(Permissions::ADMINISTRATOR) { base } else { self.apply_overwrites(base, channel, user, roles) }
    }

    /// The member's permissions after the overwrites of a channel.
    fn apply_overwrites(
        &self,
        base: Permissions,
        channel: &PartialChannel,
        user: UserId,
        roles: &[RoleId],
    ) -> Permissions {
        let everyone = channel.apply_overwrites(base, |id| id == self.id.get());
        let roles = channel.apply_overwrites(everyone, |id| id != self.id.get() && roles.contains(&RoleId(id)));
        channel.apply_overwrites(roles, |id| id == user.0)
    }

    /// The roles with these ids, without @everyone.
    fn roles_of(&self, roles: &[RoleId]) -> impl Iterator<Item = &PartialRole> {
        self.roles.iter().filter(|role| role.id.get() != self.id.get() && roles.contains(&RoleId(role.id.get())))
    }

    /// The end of the bot's time-out, if it has one; administrators are exempt.
    pub(super) fn effective_time_out(
        &self,
        member: &PartialMember,
        bot: UserId,
        now: SystemTime,
    ) -> Option<SystemTime> {
        member.time_out(now).filter(|_| !self.is_administrator(bot, &member.roles()))
    }

    /// Checks all permissions that the bot needs, in the server and in these channels. A time-out does not count: it ends.
    pub(super) fn check_permissions(
        &self,
        channels: &[(Scope, ChannelAccess<'_>)],
        bot: UserId,
        roles: &[RoleId],
    ) -> BotPermissions {
        let granted = self.permissions(bot, roles);
        let administrator = granted.contains(Permissions::ADMINISTRATOR);
        let (mut missing, mut unchecked) = (missing_in(Scope::Guild, granted, |_| None), Vec::new());
        for (scope, access) in channels.iter().filter(|_| !administrator) {
            match access {
                ChannelAccess::Visible(channel) if channel.permission_overwrites.is_some() => {
                    // As if the server granted all of them: what it does not grant is reported once, not for each channel again.
                    let here = self.apply_overwrites(granted | all_required(), channel, bot, roles);
                    let denied_by = |permission| Some(self.find_denial(channel, permission, bot, roles));
                    missing.extend(missing_in(*scope, here, denied_by));
                }
                ChannelAccess::Hidden if granted.contains(Permissions::VIEW_CHANNEL) => {
                    let (permission, denied_by) = (Permission::ViewChannel, Some(DeniedBy::Hidden));
                    missing.push(MissingPermission { permission, scope: *scope, denied_by });
                    unchecked.push(*scope);
                }
                ChannelAccess::Visible(_) | ChannelAccess::Hidden | ChannelAccess::Unknown => unchecked.push(*scope),
            }
        }
        let mut own: Vec<&PartialRole> = self.roles_of(roles).collect();
        own.sort_by_key(|role| !role.managed);
        let role = own.first().map(|role| role.name.clone());
        BotPermissions { administrator, role, missing, unchecked, timed_out: None }
    }

    /// The overwrite that denies this permission: the last one that Discord applies.
    fn find_denial(
        &self,
        channel: &PartialChannel,
        permission: Permissions,
        bot: UserId,
        roles: &[RoleId],
    ) -> DeniedBy {
        let denied = |id: u64| channel.overwrites().any(|one| one.id.get() == id && one.deny.contains(permission));
        let names: Vec<String> =
            self.roles_of(roles).filter(|role| denied(role.id.get())).map(|role| role.name.clone()).collect();
        match names {
            _ if denied(bot.0) => DeniedBy::Bot,
            names if names.is_empty() => DeniedBy::Everyone,
            names => DeniedBy::Roles(names),
        }
    }
}

impl PartialChannel {
    /// These permissions after the overwrites with these ids: first all denials apply, then all allowances.
    fn apply_overwrites(&self, base: Permissions, applies_to: impl Fn(u64) -> bool) -> Permissions {
        let overwrites = self.overwrites().filter(|overwrite| applies_to(overwrite.id.get()));
        let none = (Permissions::empty(), Permissions::empty());
        let (allow, deny) = overwrites.fold(none, |(allow, deny), one| (allow | one.allow, deny | one.deny));
        (base - deny) | allow
    }
}

/// The permissions that the bot lacks for this call in `channel`; for a new channel, that is its category.
pub(super) fn find_missing(
    call: &Request,
    guild: &PartialGuild,
    channel: &PartialChannel,
    bot: UserId,
    roles: &[RoleId],
) -> Vec<Permission> {
    let here = guild.permissions_in(channel, bot, roles);
    let mut missing = required_for(call) - here;
    if matches!(call, Request::CreateChannel { .. }) {
        // The bot can grant only what it has in the server or the category.
        missing |= granted_in_tickets() - (guild.permissions(bot, roles) | here);
    }
    REQUIRED.into_iter().filter(|(_, bit, _)| missing.contains(*bit)).map(|(permission, ..)| permission).collect()
}

/// The permissions that a call requires in its channel.
fn required_for(call: &Request) -> Permissions {
    let view = Permissions::VIEW_CHANNEL;
    let read = view | Permissions::READ_MESSAGE_HISTORY;
    let send = view | Permissions::SEND_MESSAGES;
    match call {
        Request::CreateChannel { .. } | Request::DeleteChannel { .. } => view | Permissions::MANAGE_CHANNELS,
        Request::RestoreAccess { .. } => view | Permissions::MANAGE_ROLES,
        Request::GetChannel { .. } | Request::EditPanel { .. } | Request::DeletePanel { .. } => view,
        Request::ReadChannel { .. } | Request::GetPanel { .. } | Request::ListPanels => read,
        Request::Welcome { .. } | Request::SendPanel { .. } => send | Permissions::EMBED_LINKS,
        Request::Say { reply_to: Some(_), .. } => send | read,
        Request::Say { reply_to: None, .. } => send,
        Request::ListChannels { .. }
        | Request::FindChannel { .. }
        | Request::Acknowledge { .. }
        | Request::EditReply { .. }
        | Request::ListCommands { .. }
        | Request::PutCommands { .. }
        | Request::RemoveCommands { .. } => Permissions::empty(),
    }
}

/// All permissions that the overwrites of a ticket channel grant.
fn granted_in_tickets() -> Permissions {
    payload::MEMBER_PERMISSIONS | payload::SUPPORT_PERMISSIONS | payload::BOT_PERMISSIONS
}

/// What is known of a channel whose permissions are checked.
#[derive(Clone, Copy)]
pub(super) enum ChannelAccess<'a> {
    Visible(&'a PartialChannel),
    /// The channel exists, and the bot may not view it.
    Hidden,
    Unknown,
}

/// Where a permission is required.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The server. Its permissions apply in ticket channels, too, where the overwrites do not grant them.
    Guild,
    /// The category of the ticket channels.
    Category,
    /// The channel that holds the panel message.
    Panel,
}

/// All permissions that the bot requires: each with serenity's flag, and the scopes besides the server where it is required.
const REQUIRED: [(Permission, Permissions, &[Scope]); 8] = [
    (Permission::ViewChannel, Permissions::VIEW_CHANNEL, &[Scope::Category, Scope::Panel]),
    (Permission::ManageChannels, Permissions::MANAGE_CHANNELS, &[Scope::Category]),
    (Permission::SendMessages, Permissions::SEND_MESSAGES, &[Scope::Panel]),
    (Permission::EmbedLinks, Permissions::EMBED_LINKS, &[Scope::Panel]),
    (Permission::AttachFiles, Permissions::ATTACH_FILES, &[]),
    (Permission::ReadMessageHistory, Permissions::READ_MESSAGE_HISTORY, &[Scope::Panel]),
    (Permission::ManageMessages, Permissions::MANAGE_MESSAGES, &[]),
    (Permission::MentionEveryone, Permissions::MENTION_EVERYONE, &[]),
];

/// All permissions that the bot requires, in the order of Discord's client.
pub fn required_permissions() -> impl Iterator<Item = Permission> {
    REQUIRED.into_iter().map(|(permission, ..)| permission)
}

/// The scopes besides the server where a permission is required.
pub fn scopes_of(permission: Permission) -> impl Iterator<Item = Scope> {
    REQUIRED.into_iter().filter(move |(known, ..)| *known == permission).flat_map(|(.., scopes)| scopes).copied()
}

/// [`required_permissions`] as the bit set in an invite link.
#[must_use]
pub fn required_permission_bits() -> u64 {
    all_required().bits()
}

fn all_required() -> Permissions {
    REQUIRED.into_iter().fold(Permissions::empty(), |all, (_, permission, _)| all | permission)
}

/// The result of checking the bot's permissions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BotPermissions {
    /// The bot has Administrator, which it does not need.
    pub administrator: bool,
    /// The name of a role that can grant the bot permissions: its managed role, or any other that it has.
    pub role: Option<String>,
    /// Required permissions that the bot does not have.
    pub missing: Vec<MissingPermission>,
    /// Scopes whose permissions are unknown.
    pub unchecked: Vec<Scope>,
    /// The end of the bot's time-out, in which only View Channel and Read Message History are effective.
    pub timed_out: Option<SystemTime>,
}

/// A permission that the bot requires in a scope and does not have there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingPermission {
    /// The required permission.
    pub permission: Permission,
    /// Where it is required.
    pub scope: Scope,
    /// The overwrite that denies it; `None` in the server, where no role grants it.
    pub denied_by: Option<DeniedBy>,
}

/// The overwrite that denies a permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeniedBy {
    /// The overwrite for @everyone.
    Everyone,
    /// The overwrites for these roles of the bot, by name.
    Roles(Vec<String>),
    /// The overwrite for the bot itself.
    Bot,
    /// Unknown, because the channel is hidden from the bot.
    Hidden,
}

/// What is required in a scope and not granted there.
fn missing_in(
    scope: Scope,
    granted: Permissions,
    denied_by: impl Fn(Permissions) -> Option<DeniedBy>,
) -> Vec<MissingPermission> {
    let required = REQUIRED.into_iter().filter(|(.., scopes)| scope == Scope::Guild || scopes.contains(&scope));
    let missing = required.filter(|(_, flag, _)| !granted.contains(*flag));
    missing.map(|(permission, flag, _)| MissingPermission { permission, scope, denied_by: denied_by(flag) }).collect()
}

#[cfg(test)]
mod tests;
