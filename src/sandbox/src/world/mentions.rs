//! Whom a message names, and who is notified
//! (Discord documentation, *Message Resource*: "Allowed Mentions Object").

use std::collections::BTreeSet;

use super::World;
use super::form::Fields;
use super::messages::Message;
use super::payload::SUPPRESS_NOTIFICATIONS;
use super::permissions::Permissions;
use super::snowflake::Snowflake;

/// The mentions of a message that took effect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mentions {
    pub everyone: bool,
    pub users: Vec<Snowflake>,
    pub roles: Vec<Snowflake>,
}

/// The `allowed_mentions` of the sender.
#[derive(Clone, Debug, Default)]
pub(super) struct Allowed {
    everyone: bool,
    users: Only,
    roles: Only,
    replied_user: bool,
}

#[derive(Clone, Debug, Default)]
enum Only {
    All,
    These(Vec<Snowflake>),
    #[default]
    Nobody,
}

impl Only {
    fn has(&self, id: Snowflake) -> bool {
        match self {
            Self::All => true,
            Self::These(ids) => ids.contains(&id),
            Self::Nobody => false,
        }
    }
}

impl Allowed {
    /// What takes effect when a request does not say: everything in an ordinary message, only people in one that
    /// answers an interaction or comes through a webhook ("Default Settings for Allowed Mentions").
    pub(super) fn by_default(webhook: bool) -> Self {
        if webhook { Self { users: Only::All, ..Self::default() } } else { Self::all() }
    }

    /// Everything that is written takes effect.
    pub(super) fn all() -> Self {
        Self { everyone: true, users: Only::All, roles: Only::All, replied_user: true }
    }

    pub(super) fn read(form: &Fields<'_>) -> Self {
        let parse: Vec<&str> =
            form.list("parse", 0..=3).unwrap_or_default().iter().filter_map(|kind| kind.as_str()).collect();
        for (index, kind) in parse.iter().enumerate() {
            if !["users", "roles", "everyone"].contains(kind) {
                let message = "Value must be one of ('roles', 'users', 'everyone').";
                form.mistake(&format!("parse.{index}"), "BASE_TYPE_CHOICES", message);
            }
        }
        Self {
            everyone: parse.contains(&"everyone"),
            users: Self::only(form, &parse, "users"),
            roles: Self::only(form, &parse, "roles"),
            replied_user: form.flag("replied_user").unwrap_or(false),
        }
    }

    fn only(form: &Fields<'_>, parse: &[&str], kind: &str) -> Only {
        let ids = form.ids(kind, 100).unwrap_or_default();
        match (parse.contains(&kind), ids.is_empty()) {
            (true, false) => {
                let message = format!("parse:[\"{kind}\"] and {kind}: [ids...] are mutually exclusive.");
                form.mistake("", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message);
                Only::Nobody
            }
            (true, true) => Only::All,
            (false, false) => Only::These(ids),
            (false, true) => Only::Nobody,
        }
    }
}

/// What is written in a text, in order: `<@1>`, `<@!1>`, `<@&1>`.
#[derive(Debug, PartialEq, Eq)]
enum Written {
    User(Snowflake),
    Role(Snowflake),
}

fn written(content: &str) -> Vec<Written> {
    let tags = content.split("<@").skip(1).filter_map(|rest| rest.split_once('>').map(|(tag, _)| tag));
    let read = |tag: &str| match tag.strip_prefix('&') {
        Some(role) => role.parse().ok().map(Written::Role),
        None => tag.strip_prefix('!').unwrap_or(tag).parse().ok().map(Written::User),
    };
    tags.filter_map(read).collect()
}

impl World {
    /// The mentions in `content` that take effect: written, allowed by the sender, and within the author's rights.
    pub(super) fn mentions(
        &self,
        author_rights: Permissions,
        content: &str,
        allowed: &Allowed,
        replied: Option<Snowflake>,
    ) -> Mentions {
        let everywhere = author_rights.has(Permissions::MENTION_EVERYONE);
        let mut found = Mentions {
            everyone: everywhere && allowed.everyone && (content.contains("@everyone") || content.contains("@here")),
            ..Mentions::default()
        };
        let (mut users, mut roles) = (BTreeSet::new(), BTreeSet::new());
        for tag in written(content) {
            match tag {
                Written::User(user) if allowed.users.has(user) && self.users.contains_key(&user) => {
                    users.insert(user);
                }
                Written::Role(role) if allowed.roles.has(role) && self.is_pingable(role, everywhere) => {
                    roles.insert(role);
                }
                Written::User(_) | Written::Role(_) => {}
            }
        }
        users.extend(replied.filter(|_| allowed.replied_user));
        found.users = users.into_iter().collect();
        found.roles = roles.into_iter().collect();
        found
    }

    fn is_pingable(&self, role: Snowflake, everywhere: bool) -> bool {
        self.guild.roles.get(&role).is_some_and(|role| role.mentionable || everywhere)
    }

    /// Who is notified by a message: mentioned, able to see it, and not its author.
    #[must_use]
    pub fn notified(&self, message: &Message) -> Vec<Snowflake> {
        if message.flags & SUPPRESS_NOTIFICATIONS != 0 {
            return Vec::new();
        }
        if let Some(recipient) = self.channels.get(&message.channel).and_then(|channel| channel.recipient) {
            return Vec::from_iter(Some(recipient).filter(|recipient| *recipient != message.author));
        }
        let named = |user: Snowflake, roles: &[Snowflake]| {
            let mentions = &message.mentions;
            mentions.everyone
                || mentions.users.contains(&user)
                || roles.iter().any(|role| mentions.roles.contains(role))
        };
        let sees = |user: Snowflake| {
            message.audience.is_none_or(|audience| audience == user)
                && self.permissions(user, message.channel).has(Permissions::VIEW_CHANNEL)
        };
        let members = self.guild.members.iter().filter(|&(&user, member)| named(user, &member.roles));
        members.map(|(&user, _)| user).filter(|&user| user != message.author && sees(user)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_found_in_any_text() {
        let expected = vec![Written::User(Snowflake(1)), Written::Role(Snowflake(2)), Written::User(Snowflake(3))];
        assert_eq!(written("a <@1> <@&2>, <@!3> <@x> <@4"), expected);
    }
}
