//! Reactions to messages (Discord documentation, *Message Resource*: "Create Reaction" and what follows it, "Reaction
//! Object"; *Gateway Events*: "Message Reaction Add").

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::World;
use super::components::may_be_emoji;
use super::dispatch::{Dispatch, Intents};
use super::messages::{Message, public};
use super::permissions::Permissions;
use super::refusal::Refusal;
use super::rest::{Answer, Outcome, Request};
use super::snowflake::Snowflake;
use super::users::ActionError;

/// Discord's limit of different reactions to a message.
const MOST: usize = 20;

/// Everybody who reacted in the same way, in the order in which the first of them did.
#[derive(Clone, Debug)]
pub struct Reaction {
    /// A character, or `name:id`.
    pub emoji: String,
    pub users: BTreeSet<Snowflake>,
}

/// Whose reaction a route names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    Mine,
    Of(Snowflake),
}

impl World {
    /// "This endpoint requires the `READ_MESSAGE_HISTORY` permission. Additionally, if nobody else has reacted to the
    /// message using this emoji, this endpoint requires the `ADD_REACTIONS` permission."
    pub(super) fn put_reaction(&mut self, channel: Snowflake, message: Snowflake, emoji: &str) -> Outcome {
        let found = public(self.allowed(channel, Permissions::READ_MESSAGE_HISTORY)?, message)?;
        let is_new = found.reactions.iter().all(|known| known.emoji != emoji);
        if is_new {
            let full = found.reactions.len() >= MOST;
            self.allowed(channel, Permissions::ADD_REACTIONS)?;
            if !is_emoji(emoji) {
                return Err(Refusal::unknown_emoji());
            }
            if full {
                return Err(Refusal::too_many_reactions());
            }
        }
        self.set_reaction(self.bot(), channel, message, emoji, true);
        Ok(Answer::nothing())
    }

    /// Another's reaction goes only with the right "manage messages".
    pub(super) fn delete_reaction(
        &mut self,
        channel: Snowflake,
        message: Snowflake,
        emoji: &str,
        whose: Whose,
    ) -> Outcome {
        let (user, needed) = match whose {
            Whose::Mine => (self.bot(), Permissions::VIEW_CHANNEL),
            Whose::Of(user) => (user, Permissions::MANAGE_MESSAGES),
        };
        public(self.allowed(channel, needed)?, message)?;
        self.set_reaction(user, channel, message, emoji, false);
        Ok(Answer::nothing())
    }

    /// All reactions, or all of one kind, go at once: "requires the `MANAGE_MESSAGES` permission".
    pub(super) fn clear_reactions(&mut self, channel: Snowflake, message: Snowflake, emoji: Option<&str>) -> Outcome {
        public(self.allowed(channel, Permissions::MANAGE_MESSAGES)?, message)?;
        let found = self.channels.get_mut(&channel).and_then(|found| found.messages.get_mut(&message));
        if let Some(found) = found {
            found.reactions.retain(|known| emoji.is_some_and(|emoji| known.emoji != emoji));
        }
        let mut data = json!({ "channel_id": channel, "message_id": message });
        let name = if emoji.is_some() { "MESSAGE_REACTION_REMOVE_EMOJI" } else { "MESSAGE_REACTION_REMOVE_ALL" };
        if let Some(emoji) = emoji {
            data["emoji"] = emoji_json(emoji);
        }
        self.reaction_event(name, channel, data);
        Ok(Answer::nothing())
    }

    /// "A list of users that reacted with this emoji", up to 100 of them, those after one if one is named.
    pub(super) fn list_reactions(
        &self,
        channel: Snowflake,
        message: Snowflake,
        emoji: &str,
        request: &Request,
    ) -> Outcome {
        let found = public(self.allowed(channel, Permissions::READ_MESSAGE_HISTORY)?, message)?;
        let limit = request.asked("limit").and_then(|limit| limit.parse().ok()).unwrap_or(25);
        let after = request.asked("after").and_then(|id| id.parse().ok()).unwrap_or(Snowflake(0));
        let users = found.reactions.iter().filter(|known| known.emoji == emoji).flat_map(|known| &known.users);
        let page = users.filter(|user| **user > after).filter_map(|user| self.users.get(user)).take(limit);
        Ok(Answer::ok(page.map(super::User::json).collect()))
    }

    /// A person reacts, or takes it back.
    pub fn react(
        &mut self,
        user: Snowflake,
        channel: Snowflake,
        message: Snowflake,
        emoji: &str,
        held: bool,
    ) -> Result<(), ActionError> {
        if self.shown(user, channel).all(|shown| shown.id != message) {
            return Err(ActionError::MessageNotVisible);
        }
        if !self.permissions(user, channel).has(Permissions::ADD_REACTIONS) || !is_emoji(emoji) {
            return Err(ActionError::ReactingForbidden);
        }
        self.set_reaction(user, channel, message, emoji, held);
        Ok(())
    }

    /// Adds a reaction or takes it away, and says so when something changed.
    fn set_reaction(&mut self, user: Snowflake, channel: Snowflake, message: Snowflake, emoji: &str, held: bool) {
        let found = self.channels.get_mut(&channel).and_then(|found| found.messages.get_mut(&message));
        let Some(found) = found else { return };
        if !found.change_reaction(user, emoji, held) {
            return;
        }
        let author = found.author;
        let mut data = json!({
            "user_id": user, "channel_id": channel, "message_id": message, "emoji": emoji_json(emoji), "burst": false,
            "type": 0,
        });
        if held {
            data["message_author_id"] = json!(author);
            if let Some(member) = self.member_json(user).filter(|_| !self.is_private(channel)) {
                data["member"] = member;
            }
        }
        self.reaction_event(if held { "MESSAGE_REACTION_ADD" } else { "MESSAGE_REACTION_REMOVE" }, channel, data);
    }

    fn reaction_event(&mut self, name: &'static str, channel: Snowflake, mut data: Value) {
        if !self.permissions(self.bot(), channel).has(Permissions::VIEW_CHANNEL) {
            return;
        }
        let mut needs = Intents::DIRECT_MESSAGE_REACTIONS;
        if !self.is_private(channel) {
            needs = Intents::GUILD_MESSAGE_REACTIONS;
            data["guild_id"] = json!(self.guild.id);
        }
        self.dispatch(Dispatch::new(name, needs, data));
    }

    pub(super) fn reactions_json(&self, message: &Message) -> Value {
        let one = |known: &Reaction| {
            json!({
                "emoji": emoji_json(&known.emoji), "count": known.users.len(), "me": known.users.contains(&self.bot()),
                "count_details": { "burst": 0, "normal": known.users.len() }, "me_burst": false, "burst_colors": [],
            })
        };
        message.reactions.iter().map(one).collect()
    }
}

impl Message {
    /// Whether that changed anything.
    fn change_reaction(&mut self, user: Snowflake, emoji: &str, held: bool) -> bool {
        let known = self.reactions.iter_mut().find(|known| known.emoji == emoji);
        let changed = match known {
            Some(known) if held => known.users.insert(user),
            Some(known) => known.users.remove(&user),
            None if held => {
                self.reactions.push(Reaction { emoji: emoji.to_owned(), users: BTreeSet::from([user]) });
                true
            }
            None => false,
        };
        self.reactions.retain(|known| !known.users.is_empty());
        changed
    }
}

/// An emoji of Unicode's; the server has none of its own, and those of other servers are not known here.
fn is_emoji(emoji: &str) -> bool {
    emoji.chars().count() <= 16 && may_be_emoji(emoji)
}

fn emoji_json(emoji: &str) -> Value {
    json!({ "id": null, "name": emoji })
}
