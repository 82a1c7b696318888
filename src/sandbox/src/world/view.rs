//! The server as one person sees it: what they may not view is left out.

use std::time::SystemTime;

use serde::Serialize;
use serde_json::Value;

use super::channels::{CATEGORY, Channel};
use super::interactions::{Interaction, Progress};
use super::messages::Message;
use super::payload::LOADING;
use super::permissions::Permissions;
use super::snowflake::Snowflake;
use super::{World, show_time};

/// A channel as a person sees it in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChannelView {
    pub id: Snowflake,
    pub name: String,
    pub category: bool,
    pub parent: Option<Snowflake>,
    pub topic: Option<String>,
    pub can_write: bool,
}

/// A message as a person sees it.
#[expect(clippy::struct_excessive_bools, reason = "each is a mark of its own beside the message")]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MessageView {
    pub id: Snowflake,
    pub author: Snowflake,
    pub author_name: String,
    /// Written by a bot or through a webhook.
    pub automatic: bool,
    pub content: String,
    pub embeds: Vec<Value>,
    /// The files that came with it, as Discord describes them.
    pub files: Vec<Value>,
    pub buttons: Vec<ButtonView>,
    /// Who reacted with what.
    pub reactions: Vec<(String, Vec<Snowflake>)>,
    pub reply_to: Option<Snowflake>,
    /// "Only you can see this."
    pub ephemeral: bool,
    /// The bot has promised an answer.
    pub thinking: bool,
    pub edited: bool,
    #[serde(serialize_with = "show_time")]
    pub sent: SystemTime,
    /// Everyone who was notified by it.
    pub notified: Vec<Snowflake>,
}

/// A button under a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ButtonView {
    pub custom_id: Option<String>,
    pub label: Option<String>,
    pub emoji: Option<String>,
    pub style: u64,
    pub disabled: bool,
    /// Where a link leads.
    pub url: Option<String>,
    /// All of it, where it is a menu to choose from.
    pub menu: Option<Value>,
}

impl Message {
    /// The buttons and menus under the message, as Discord keeps them.
    pub(super) fn pressables(&self) -> impl Iterator<Item = &Value> {
        let mut found = Vec::new();
        self.components.iter().for_each(|part| collect(part, &mut found));
        found.into_iter()
    }
}

fn collect<'a>(part: &'a Value, found: &mut Vec<&'a Value>) {
    if part.get("style").is_some() || part.get("custom_id").is_some() {
        found.push(part);
    }
    let inner = part["components"].as_array().into_iter().flatten().chain(part.get("accessory"));
    inner.for_each(|part| collect(part, found));
}

impl World {
    /// The channels a person sees, in the order of the list: first those without a category, then each category with
    /// what is in it.
    #[must_use]
    pub fn channels_seen(&self, user: Snowflake) -> Vec<ChannelView> {
        let mut listed: Vec<&Channel> = self.channels.values().collect();
        listed.sort_by_key(|channel| self.place(channel));
        let seen = listed.into_iter().map(|channel| (channel, self.permissions(user, channel.id)));
        seen.filter(|(_, rights)| rights.has(Permissions::VIEW_CHANNEL))
            .map(|(channel, rights)| ChannelView {
                id: channel.id,
                name: channel.name.clone(),
                category: channel.kind == CATEGORY,
                parent: channel.parent,
                topic: channel.topic.clone(),
                can_write: channel.kind != CATEGORY && rights.has(Permissions::SEND_MESSAGES),
            })
            .collect()
    }

    /// Where a channel stands: the place of its category, itself after it, and its own place there.
    fn place(&self, channel: &Channel) -> (Option<(i64, Snowflake)>, bool, i64, Snowflake) {
        let category = if channel.kind == CATEGORY { Some(channel.id) } else { channel.parent };
        let category = category.and_then(|id| self.channels.get(&id)).map(|category| (category.position, category.id));
        (category, channel.kind != CATEGORY, channel.position, channel.id)
    }

    /// The messages a person sees in a channel, oldest first; private replies to others are not among them.
    #[must_use]
    pub fn messages_seen(&self, user: Snowflake, channel: Snowflake) -> Vec<MessageView> {
        self.shown(user, channel).map(|message| self.message_view(message)).collect()
    }

    pub(super) fn shown(&self, user: Snowflake, channel: Snowflake) -> impl DoubleEndedIterator<Item = &Message> {
        let sees = self.permissions(user, channel).has(Permissions::VIEW_CHANNEL);
        let channel = self.channels.get(&channel).filter(|_| sees);
        let messages = channel.into_iter().flat_map(|channel| channel.messages.values());
        messages.filter(move |message| message.audience.is_none_or(|audience| audience == user))
    }

    /// The presses of this person, in this channel, that the bot let lapse.
    #[must_use]
    pub fn failed(&self, now: SystemTime, user: Snowflake, channel: Snowflake) -> Vec<&Interaction> {
        let own = self.interactions.values().filter(|known| known.user == user && known.channel == channel);
        own.filter(|known| known.progress(now) == Progress::Failed).collect()
    }

    /// Where a message is.
    #[must_use]
    pub fn channel_of(&self, message: Snowflake) -> Option<Snowflake> {
        self.channels.values().find(|channel| channel.messages.contains_key(&message)).map(|channel| channel.id)
    }

    /// One message, independent of who reads it.
    #[must_use]
    pub fn message_view(&self, message: &Message) -> MessageView {
        let author = self.users.get(&message.author);
        MessageView {
            id: message.id,
            author: message.author,
            author_name: self.display_name(message.author),
            automatic: author.is_some_and(|author| author.bot),
            content: message.content.clone(),
            embeds: message.embeds.clone(),
            files: message.attachments.iter().map(|file| self.attachment_json(message, file)).collect(),
            reactions: message
                .reactions
                .iter()
                .map(|known| (known.emoji.clone(), known.users.iter().copied().collect()))
                .collect(),
            buttons: message.pressables().map(button).collect(),
            reply_to: message.reply_to.filter(|_| message.interaction.is_none()),
            ephemeral: message.audience.is_some(),
            thinking: message.flags & LOADING != 0,
            edited: message.edited.is_some(),
            sent: message.sent,
            notified: self.notified(message),
        }
    }

    /// The name others see: nickname, display name, account name.
    #[must_use]
    pub fn display_name(&self, user: Snowflake) -> String {
        let nick = self.guild.members.get(&user).and_then(|member| member.nick.clone());
        let account = self.users.get(&user);
        let name = || account.map(|account| account.global_name.clone().unwrap_or_else(|| account.username.clone()));
        nick.or_else(name).unwrap_or_else(|| "Deleted User".to_owned())
    }
}

fn button(part: &Value) -> ButtonView {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    ButtonView {
        custom_id: text(&part["custom_id"]),
        label: text(&part["label"]).or_else(|| text(&part["placeholder"])),
        emoji: text(&part["emoji"]["name"]),
        style: part["style"].as_u64().unwrap_or(1),
        disabled: part["disabled"] == true,
        url: text(&part["url"]),
        menu: part.get("min_values").map(|_| part.clone()),
    }
}
