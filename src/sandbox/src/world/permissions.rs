//! Who may do what where, computed as Discord computes it
//! (Discord documentation, *Permissions*: "Permission Hierarchy", "Permission Overwrites", "Implicit Permissions").

use std::fmt;
use std::ops::{BitAnd, BitOr, Not};

use serde::{Serialize, Serializer};

use super::snowflake::Snowflake;

/// A set of rights.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Permissions(pub u64);

macro_rules! rights {
    ($($name:ident = $bit:literal;)*) => {
        impl Permissions {
            $(pub const $name: Self = Self(1 << $bit);)*
            /// Every right Discord knows.
            pub const ALL: Self = Self($((1 << $bit))|*);
            const NAMES: &[(&str, Self)] = &[$((stringify!($name), Self::$name)),*];
        }
    };
}

rights! {
    CREATE_INSTANT_INVITE = 0;
    KICK_MEMBERS = 1;
    BAN_MEMBERS = 2;
    ADMINISTRATOR = 3;
    MANAGE_CHANNELS = 4;
    MANAGE_GUILD = 5;
    ADD_REACTIONS = 6;
    VIEW_AUDIT_LOG = 7;
    PRIORITY_SPEAKER = 8;
    STREAM = 9;
    VIEW_CHANNEL = 10;
    SEND_MESSAGES = 11;
    SEND_TTS_MESSAGES = 12;
    MANAGE_MESSAGES = 13;
    EMBED_LINKS = 14;
    ATTACH_FILES = 15;
    READ_MESSAGE_HISTORY = 16;
    MENTION_EVERYONE = 17;
    USE_EXTERNAL_EMOJIS = 18;
    VIEW_GUILD_INSIGHTS = 19;
    CONNECT = 20;
    SPEAK = 21;
    MUTE_MEMBERS = 22;
    DEAFEN_MEMBERS = 23;
    MOVE_MEMBERS = 24;
    USE_VAD = 25;
    CHANGE_NICKNAME = 26;
    MANAGE_NICKNAMES = 27;
    MANAGE_ROLES = 28;
    MANAGE_WEBHOOKS = 29;
    MANAGE_GUILD_EXPRESSIONS = 30;
    USE_APPLICATION_COMMANDS = 31;
    REQUEST_TO_SPEAK = 32;
    MANAGE_EVENTS = 33;
    MANAGE_THREADS = 34;
    CREATE_PUBLIC_THREADS = 35;
    CREATE_PRIVATE_THREADS = 36;
    USE_EXTERNAL_STICKERS = 37;
    SEND_MESSAGES_IN_THREADS = 38;
    USE_EMBEDDED_ACTIVITIES = 39;
    MODERATE_MEMBERS = 40;
    VIEW_CREATOR_MONETIZATION_ANALYTICS = 41;
    USE_SOUNDBOARD = 42;
    CREATE_GUILD_EXPRESSIONS = 43;
    CREATE_EVENTS = 44;
    USE_EXTERNAL_SOUNDS = 45;
    SEND_VOICE_MESSAGES = 46;
    SEND_POLLS = 49;
    USE_EXTERNAL_APPS = 50;
    PIN_MESSAGES = 51;
    BYPASS_SLOWMODE = 52;
}

impl Permissions {
    pub const NONE: Self = Self(0);

    /// What an ordinary member of an ordinary server may do.
    pub const EVERYDAY: Self = Self(
        Self::VIEW_CHANNEL.0
            | Self::SEND_MESSAGES.0
            | Self::EMBED_LINKS.0
            | Self::ATTACH_FILES.0
            | Self::READ_MESSAGE_HISTORY.0
            | Self::ADD_REACTIONS.0
            | Self::USE_EXTERNAL_EMOJIS.0
            | Self::USE_APPLICATION_COMMANDS.0
            | Self::CHANGE_NICKNAME.0,
    );

    /// Whether all of `wanted` are held.
    #[must_use]
    pub const fn has(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }

    /// The set with `others` taken away.
    #[must_use]
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// The set with `others` added.
    #[must_use]
    pub const fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }
}

impl BitOr for Permissions {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for Permissions {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl Not for Permissions {
    type Output = Self;
    fn not(self) -> Self {
        Self(!self.0)
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> =
            Self::NAMES.iter().filter(|(_, right)| self.has(*right)).map(|(name, _)| *name).collect();
        write!(f, "{}", if names.is_empty() { "NONE".to_owned() } else { names.join(" | ") })
    }
}

/// Rights travel as a string of digits, since they outgrew 53 bits.
impl Serialize for Permissions {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

/// What a channel grants and takes for one role or one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overwrite {
    pub id: Snowflake,
    pub kind: Target,
    pub allow: Permissions,
    pub deny: Permissions,
}

/// Whom an overwrite is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Role,
    Member,
}

/// A person reduced to what decides about rights.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holder<'a> {
    pub(super) user: Snowflake,
    pub(super) owner: bool,
    pub(super) everyone: Snowflake,
    /// The rights of all the person's roles together, `@everyone` included.
    pub(super) base: Permissions,
    pub(super) roles: &'a [Snowflake],
    pub(super) timed_out: bool,
}

impl Holder<'_> {
    /// "Timed out members will temporarily lose all permissions except `VIEW_CHANNEL` and `READ_MESSAGE_HISTORY`. Owners
    /// and admin users with `ADMINISTRATOR` permissions are exempt."
    fn left(self, rights: Permissions) -> Permissions {
        if self.timed_out { rights & (Permissions::VIEW_CHANNEL | Permissions::READ_MESSAGE_HISTORY) } else { rights }
    }
}

/// Rights in the server as a whole.
pub(super) fn in_guild(holder: Holder<'_>) -> Permissions {
    if holder.owner || holder.base.has(Permissions::ADMINISTRATOR) {
        Permissions::ALL
    } else {
        holder.left(holder.base)
    }
}

/// Rights in a channel: `@everyone`'s overwrite, then all role overwrites together, then the person's own.
pub(super) fn in_channel<'a>(holder: Holder<'_>, overwrites: impl Iterator<Item = &'a Overwrite>) -> Permissions {
    if in_guild(holder).has(Permissions::ADMINISTRATOR) {
        return Permissions::ALL;
    }
    let base = holder.base;
    let (mut everyone, mut roles, mut own) = (Change::default(), Change::default(), Change::default());
    for overwrite in overwrites {
        match overwrite.kind {
            Target::Role if overwrite.id == holder.everyone => everyone.add(overwrite),
            Target::Role if holder.roles.contains(&overwrite.id) => roles.add(overwrite),
            Target::Member if overwrite.id == holder.user => own.add(overwrite),
            Target::Role | Target::Member => {}
        }
    }
    implied(holder.left(own.apply(roles.apply(everyone.apply(base)))))
}

#[derive(Default)]
struct Change {
    allow: Permissions,
    deny: Permissions,
}

impl Change {
    fn add(&mut self, overwrite: &Overwrite) {
        self.allow = self.allow | overwrite.allow;
        self.deny = self.deny | overwrite.deny;
    }

    fn apply(self, rights: Permissions) -> Permissions {
        rights.without(self.deny).with(self.allow)
    }
}

/// Some permissions mean nothing without another: no member writes where they may not look.
fn implied(rights: Permissions) -> Permissions {
    const NEEDS_SENDING: Permissions = Permissions(
        Permissions::MENTION_EVERYONE.0
            | Permissions::SEND_TTS_MESSAGES.0
            | Permissions::ATTACH_FILES.0
            | Permissions::EMBED_LINKS.0,
    );
    if !rights.has(Permissions::VIEW_CHANNEL) {
        Permissions::NONE
    } else if !rights.has(Permissions::SEND_MESSAGES) {
        rights.without(NEEDS_SENDING)
    } else {
        rights
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERYONE: Snowflake = Snowflake(1);
    const HELPERS: Snowflake = Snowflake(2);
    const ALICE: Snowflake = Snowflake(3);
    const VIEW: Permissions = Permissions::VIEW_CHANNEL;
    const SEND: Permissions = Permissions::SEND_MESSAGES;

    fn role(id: Snowflake, allow: Permissions, deny: Permissions) -> Overwrite {
        Overwrite { id, kind: Target::Role, allow, deny }
    }

    fn own(allow: Permissions, deny: Permissions) -> Overwrite {
        Overwrite { id: ALICE, kind: Target::Member, allow, deny }
    }

    fn check(base: Permissions, overwrites: &[Overwrite], expected: Permissions) {
        let holder =
            Holder { user: ALICE, owner: false, everyone: EVERYONE, base, roles: &[HELPERS], timed_out: false };
        assert_eq!(in_channel(holder, overwrites.iter()), expected, "{base:?} under {overwrites:?}");
    }

    #[test]
    fn overwrites_go_from_everyone_to_roles_to_the_member() {
        let none = Permissions::NONE;
        check(VIEW | SEND, &[], VIEW | SEND);
        check(VIEW, &[role(EVERYONE, none, VIEW)], none);
        check(VIEW, &[role(EVERYONE, none, VIEW), role(HELPERS, VIEW, none)], VIEW);
        check(VIEW, &[role(HELPERS, none, VIEW), role(EVERYONE, VIEW, none)], none);
        check(VIEW, &[role(HELPERS, none, VIEW), own(VIEW, none)], VIEW);
        check(VIEW, &[role(HELPERS, VIEW, none), own(none, VIEW)], none);
        check(VIEW, &[role(Snowflake(9), none, VIEW)], VIEW);
    }

    #[test]
    fn administrators_and_owners_are_above_overwrites() {
        check(Permissions::ADMINISTRATOR, &[own(Permissions::NONE, VIEW)], Permissions::ALL);
        let owner = Holder {
            user: ALICE,
            owner: true,
            everyone: EVERYONE,
            base: Permissions::NONE,
            roles: &[],
            timed_out: false,
        };
        assert_eq!(in_channel(owner, [own(Permissions::NONE, VIEW)].iter()), Permissions::ALL);
    }

    #[test]
    fn a_time_out_leaves_looking_and_reading_and_spares_administrators() {
        let history = Permissions::READ_MESSAGE_HISTORY;
        let timed_out =
            |base| Holder { user: ALICE, owner: false, everyone: EVERYONE, base, roles: &[HELPERS], timed_out: true };
        let everyday = timed_out(VIEW | SEND | history | Permissions::MANAGE_CHANNELS);
        assert_eq!(in_guild(everyday), VIEW | history);
        assert_eq!(in_channel(everyday, [own(SEND, Permissions::NONE)].iter()), VIEW | history);
        assert_eq!(in_channel(everyday, [own(Permissions::NONE, VIEW)].iter()), Permissions::NONE);
        let administrator = timed_out(Permissions::ADMINISTRATOR);
        assert_eq!(in_channel(administrator, [].iter()), Permissions::ALL);
    }

    #[test]
    fn nothing_is_left_where_one_cannot_look_or_write() {
        let embeds = Permissions::EMBED_LINKS;
        check(SEND | embeds, &[], Permissions::NONE);
        check(VIEW | embeds, &[], VIEW);
    }
}
