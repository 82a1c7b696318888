//! Messages as they are kept, shown, listed and lost; `message_create` makes and changes them
//! (Discord documentation, *Message Resource*; *Gateway*: "Message Content Intent").

use std::time::SystemTime;

use serde_json::{Value, json};

use super::attachments::Attachment;
use super::channels::Channel;
use super::dispatch::{Dispatch, Intents};
use super::mentions::Mentions;
use super::permissions::Permissions;
use super::reactions::Reaction;
use super::refusal::Refusal;
use super::rest::{Answer, Outcome, Request};
use super::snowflake::Snowflake;
use super::{World, timestamp};

const DEFAULT: u8 = 0;
pub(super) const REPLY: u8 = 19;

/// Something said in a channel.
#[derive(Clone, Debug)]
pub struct Message {
    pub id: Snowflake,
    pub channel: Snowflake,
    pub author: Snowflake,
    pub kind: u8,
    pub content: String,
    pub embeds: Vec<Value>,
    pub components: Vec<Value>,
    pub attachments: Vec<Attachment>,
    pub reactions: Vec<Reaction>,
    pub flags: u64,
    pub mentions: Mentions,
    pub reply_to: Option<Snowflake>,
    pub sent: SystemTime,
    pub edited: Option<SystemTime>,
    pub nonce: Option<Value>,
    /// The one person who sees an ephemeral message.
    pub audience: Option<Snowflake>,
    /// The interaction that this message answers.
    pub interaction: Option<Snowflake>,
    /// Written through a webhook, or through an interaction's token.
    pub webhook: Option<Snowflake>,
}

impl World {
    /// A message without an author, to be filled in.
    pub(super) fn new_message(&mut self, channel: Snowflake, author: Snowflake) -> Message {
        Message {
            id: self.next_id(),
            channel,
            author,
            kind: DEFAULT,
            content: String::new(),
            embeds: Vec::new(),
            components: Vec::new(),
            attachments: Vec::new(),
            reactions: Vec::new(),
            flags: 0,
            mentions: Mentions::default(),
            reply_to: None,
            sent: self.now,
            edited: None,
            nonce: None,
            audience: None,
            interaction: None,
            webhook: None,
        }
    }

    pub(super) fn message(&self, channel: Snowflake, message: Snowflake) -> Option<&Message> {
        self.channels.get(&channel)?.messages.get(&message)
    }

    pub(super) fn message_json(&self, message: &Message) -> Value {
        let mut json = self.message_core(message);
        if let Some(original) = message.reply_to {
            json["message_reference"] = json!({ "type": 0, "channel_id": message.channel, "message_id": original });
            if !self.is_private(message.channel) {
                json["message_reference"]["guild_id"] = json!(self.guild.id);
            }
            let original = self.message(message.channel, original).map(|original| self.message_core(original));
            json["referenced_message"] = original.unwrap_or_default();
        }
        if let Some(webhook) = message.webhook {
            json["webhook_id"] = json!(webhook);
        }
        if message.interaction.is_some() {
            json["application_id"] = json!(self.application.id);
        }
        if let Some(interaction) = message.interaction.and_then(|id| self.interactions.get(&id)) {
            json["interaction_metadata"] = self.interaction_metadata(interaction);
        }
        json
    }

    fn message_core(&self, message: &Message) -> Value {
        let user = |id: &Snowflake| self.users.get(id).map(super::guild::User::json);
        let mentions: Vec<Value> = message.mentions.users.iter().filter_map(user).collect();
        let mut json = json!({
            "id": message.id, "channel_id": message.channel, "type": message.kind, "author": user(&message.author),
            "content": message.content, "embeds": message.embeds, "components": message.components,
            "attachments": message.attachments.iter().map(|file| self.attachment_json(message, file)).collect::<Vec<_>>(),
            "mentions": mentions, "mention_roles": message.mentions.roles, "mention_everyone": message.mentions.everyone,
            "timestamp": timestamp(message.sent), "edited_timestamp": message.edited.map(timestamp),
            "flags": message.flags, "pinned": false, "tts": false,
        });
        // "reactions?": only where there are any.
        if !message.reactions.is_empty() {
            json["reactions"] = self.reactions_json(message);
        }
        json
    }

    /// The message as a REST answer shows it: emptied for an application that has no claim to its content.
    fn answer_json(&self, message: &Message) -> Value {
        let json = self.message_json(message);
        if self.application.content_intent || self.is_open_to_bot(message) { json } else { blank(json) }
    }

    /// The exceptions of the message content intent: one's own messages, those that mention one, and private ones.
    fn is_open_to_bot(&self, message: &Message) -> bool {
        message.author == self.bot() || self.is_private(message.channel) || message.mentions.users.contains(&self.bot())
    }

    /// Dispatches a message to the bot, as far as it may view it. A private reply has no place in the server.
    pub(super) fn message_event(&mut self, name: &'static str, message: &Message) {
        if !self.permissions(self.bot(), message.channel).has(Permissions::VIEW_CHANNEL) {
            return;
        }
        let mut data = self.message_json(message);
        data["channel_type"] = json!(self.channels.get(&message.channel).map(|channel| channel.kind));
        let mut needs = Intents::DIRECT_MESSAGES;
        if message.audience.is_none() && !self.is_private(message.channel) {
            needs = Intents::GUILD_MESSAGES;
            data["guild_id"] = json!(self.guild.id);
            let member = self.guild.members.get(&message.author).filter(|_| message.webhook.is_none());
            if let Some(member) = member {
                data["member"] = member.partial();
            }
            self.add_mentioned_members(&mut data, message);
        }
        if let Some(nonce) = message.nonce.as_ref().filter(|_| name == "MESSAGE_CREATE") {
            data["nonce"] = nonce.clone();
        }
        let blanked = (!self.is_open_to_bot(message)).then(|| blank(data.clone()));
        self.dispatch(Dispatch { name, needs, data, blanked });
    }

    fn add_mentioned_members(&self, data: &mut Value, message: &Message) {
        for (index, user) in message.mentions.users.iter().enumerate() {
            if let Some(member) = self.guild.members.get(user) {
                data["mentions"][index]["member"] = member.partial();
            }
        }
    }

    /// "If the current user is missing the `READ_MESSAGE_HISTORY` permission, then no messages will be returned."
    pub(super) fn list_messages(&self, channel: Snowflake, request: &Request) -> Outcome {
        let (found, rights) = self.visible(channel)?;
        let limit = limit(request)?;
        if !rights.has(Permissions::READ_MESSAGE_HISTORY) {
            return Ok(Answer::ok(json!([])));
        }
        let page = page(found, request, limit)?;
        Ok(Answer::ok(page.into_iter().map(|message| self.answer_json(message)).collect()))
    }

    pub(super) fn get_message(&self, channel: Snowflake, message: Snowflake) -> Outcome {
        let found = self.written_in(channel, Permissions::READ_MESSAGE_HISTORY)?;
        let message = public(found, message)?;
        Ok(Answer::ok(self.answer_json(message)))
    }

    pub(super) fn drop_message(&mut self, channel: Snowflake, message: Snowflake) -> Option<Message> {
        let gone = self.channels.get_mut(&channel)?.messages.remove(&message)?;
        if gone.audience.is_none() && self.permissions(self.bot(), channel).has(Permissions::VIEW_CHANNEL) {
            let mut data = json!({ "id": message, "channel_id": channel });
            let mut needs = Intents::DIRECT_MESSAGES;
            if !self.is_private(channel) {
                needs = Intents::GUILD_MESSAGES;
                data["guild_id"] = json!(self.guild.id);
            }
            self.dispatch(Dispatch::new("MESSAGE_DELETE", needs, data));
        }
        Some(gone)
    }
}

/// A message that REST knows of: not one that a single person sees.
pub(super) fn public(channel: &Channel, message: Snowflake) -> Result<&Message, Refusal> {
    channel.messages.get(&message).filter(|found| found.audience.is_none()).ok_or_else(Refusal::unknown_message)
}

fn limit(request: &Request) -> Result<usize, Refusal> {
    let Some(asked) = request.asked("limit") else { return Ok(50) };
    match asked.parse() {
        Ok(limit @ 1..=100) => Ok(limit),
        Ok(0) => Err(Refusal::field("limit", "NUMBER_TYPE_MIN", "int value should be greater than or equal to 1.")),
        Ok(_) => Err(Refusal::field("limit", "NUMBER_TYPE_MAX", "int value should be less than or equal to 100.")),
        Err(_) => Err(Refusal::field("limit", "NUMBER_TYPE_COERCE", format!("Value \"{asked}\" is not int."))),
    }
}

/// One page of a channel, newest first.
fn page<'a>(channel: &'a Channel, request: &Request, limit: usize) -> Result<Vec<&'a Message>, Refusal> {
    let bound = |name: &str| match request.asked(name) {
        None => Ok(None),
        Some(id) => id
            .parse::<Snowflake>()
            .map(Some)
            .map_err(|_| Refusal::field(name, "NUMBER_TYPE_COERCE", format!("Value \"{id}\" is not snowflake."))),
    };
    let (before, after, around) = (bound("before")?, bound("after")?, bound("around")?);
    let shown = || channel.messages.values().filter(|message| message.audience.is_none());
    let mut page: Vec<&Message> = if let Some(middle) = around {
        let older = shown().rev().filter(|message| message.id < middle).take(limit / 2);
        let newer = shown().filter(|message| message.id >= middle).take(limit - limit / 2);
        older.chain(newer).collect()
    } else if let Some(after) = after {
        shown().filter(|message| message.id > after).take(limit).collect()
    } else {
        shown().rev().filter(|message| before.is_none_or(|before| message.id < before)).take(limit).collect()
    };
    page.sort_by_key(|message| std::cmp::Reverse(message.id));
    Ok(page)
}

fn blank(mut message: Value) -> Value {
    message["content"] = json!("");
    for list in ["embeds", "attachments", "components"] {
        message[list] = json!([]);
    }
    message
}
