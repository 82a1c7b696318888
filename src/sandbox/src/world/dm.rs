//! Private channels between the bot and one person (Discord documentation, *User Resource*: "Create DM"; *Channels
//! Resource*: "Example DM Channel").

use serde_json::{Value, json};

use super::World;
use super::channels::{Channel, PRIVATE};
use super::form::Form;
use super::permissions::Permissions;
use super::refusal::Refusal;
use super::rest::{Answer, Outcome, Request};
use super::snowflake::Snowflake;

/// What either side may do there.
const RIGHTS: Permissions = Permissions(
    Permissions::VIEW_CHANNEL.0
        | Permissions::SEND_MESSAGES.0
        | Permissions::EMBED_LINKS.0
        | Permissions::ATTACH_FILES.0
        | Permissions::READ_MESSAGE_HISTORY.0
        | Permissions::ADD_REACTIONS.0
        | Permissions::USE_EXTERNAL_EMOJIS.0
        | Permissions::MENTION_EVERYONE.0,
);

impl World {
    /// "If one already exists, it will be returned instead."
    pub(super) fn open_private(&mut self, request: &Request) -> Outcome {
        let recipient = Form::read(request.body.as_ref(), |form| {
            form.require("recipient_id");
            form.id("recipient_id")
        })?;
        let recipient = recipient.filter(|id| *id != self.bot() && self.users.contains_key(id));
        let channel = self.private_channel(recipient.ok_or_else(Refusal::invalid_recipients)?);
        Ok(Answer::ok(self.channel_json(&self.channels[&channel])))
    }

    /// The private channel with a person, made where there is none yet.
    pub fn private_channel(&mut self, recipient: Snowflake) -> Snowflake {
        let known = self.channels.values().find(|channel| channel.recipient == Some(recipient));
        if let Some(known) = known {
            return known.id;
        }
        let channel = self.new_channel(PRIVATE, self.display_name(self.bot()), None, std::collections::BTreeMap::new());
        // It stands behind the channels of the server in a person's list.
        let channel = Channel { recipient: Some(recipient), position: i64::MAX, ..channel };
        let id = channel.id;
        self.channels.insert(id, channel);
        id
    }

    /// The channels of the server.
    #[must_use = "looking at them changes nothing"]
    pub fn places(&self) -> impl DoubleEndedIterator<Item = &Channel> {
        self.channels.values().filter(|channel| channel.recipient.is_none())
    }

    pub(super) fn is_private(&self, channel: Snowflake) -> bool {
        self.channels.get(&channel).is_some_and(|channel| channel.recipient.is_some())
    }

    pub(super) fn private_rights(&self, user: Snowflake, recipient: Snowflake) -> Permissions {
        if user == recipient || user == self.bot() { RIGHTS } else { Permissions::NONE }
    }

    /// "You cannot send messages to this user": who shares no server with the bot is out of its reach.
    pub(super) fn check_reach(&self, channel: Snowflake) -> Result<(), Refusal> {
        let recipient = self.channels.get(&channel).and_then(|channel| channel.recipient);
        let bot = |user: Snowflake| self.users.get(&user).is_some_and(|user| user.bot);
        let reached = recipient.is_none_or(|user| self.is_member(user) && !bot(user));
        if reached { Ok(()) } else { Err(Refusal::out_of_reach()) }
    }

    pub(super) fn private_json(&self, channel: &Channel, recipient: Snowflake) -> Value {
        let recipient = self.users.get(&recipient).map(super::User::json);
        json!({
            "id": channel.id, "type": PRIVATE, "last_message_id": channel.last_message, "flags": 0,
            "recipients": [recipient],
        })
    }
}
