//! What is sent along with a request: the channel, the messages, the replies.
//!
//! Nobody is ever notified by accident: every message says whom it may mention, and only the welcome mentions anybody.

use serde::Serialize;
use serde_json::Value;
use serenity::builder::{
    CreateActionRow, CreateAllowedMentions, CreateButton, CreateChannel, CreateEmbed, CreateInteractionResponse,
    CreateInteractionResponseFollowup, CreateInteractionResponseMessage, CreateMessage, EditInteractionResponse,
    EditMessage,
};
use serenity::model::application::ButtonStyle;
use serenity::model::channel::{
    MessageReference, MessageReferenceKind, Nonce, PermissionOverwrite, PermissionOverwriteType, ReactionType,
};
use serenity::model::id as library;
use serenity::model::permissions::Permissions;

use crate::discord::wire::{Place, id};
use crate::ids::{Button, ChannelId, Intent, MessageId, Owner, UserId};
use crate::lifecycle::{Acknowledgement, ChannelName, Press};
use crate::texts::{self, Card, Texts};

/// What somebody who belongs into a ticket may do there in any case. Without the history, a person who reopens their
/// client would see an empty channel.
const BELONGS: Permissions =
    Permissions::VIEW_CHANNEL.union(Permissions::SEND_MESSAGES).union(Permissions::READ_MESSAGE_HISTORY);

/// What the member may do in their ticket.
pub(super) const MEMBER: Permissions = BELONGS.union(Permissions::ATTACH_FILES);
/// What the support may do in a ticket.
pub(super) const SUPPORT: Permissions = BELONGS.union(Permissions::MANAGE_MESSAGES);
/// What the bot may do in a ticket.
pub(super) const BOT: Permissions = BELONGS.union(Permissions::MANAGE_CHANNELS);

/// The position of the support role in the list of overwrites. A refusal names it.
pub(super) const SUPPORT_OVERWRITE: &str = "2";

/// Discord's limit for the name of a channel.
const NAME_LENGTH: usize = 100;

/// A ticket channel, private from its first moment.
pub(super) fn channel(owner: Owner, name: &ChannelName, topic: String, place: &Place) -> Value {
    let name = match name {
        ChannelName::Member(name) => name.chars().take(NAME_LENGTH).collect(),
        ChannelName::Neutral => place.texts().neutral_name(owner.member),
    };
    let builder = CreateChannel::new(name)
        .category(id::<library::ChannelId>(place.category.0))
        .topic(topic)
        .permissions(overwrites(owner, place));
    json(&builder)
}

fn overwrites(owner: Owner, place: &Place) -> [PermissionOverwrite; 4] {
    let nothing = Permissions::empty();
    // The role with the server's own number is @everyone.
    let everyone = PermissionOverwriteType::Role(id(owner.guild.0));
    let member = PermissionOverwriteType::Member(id(owner.member.0));
    let support = PermissionOverwriteType::Role(id(place.support.0));
    let bot = PermissionOverwriteType::Member(id(place.me.0));
    [
        PermissionOverwrite { allow: nothing, deny: Permissions::VIEW_CHANNEL, kind: everyone },
        PermissionOverwrite { allow: MEMBER, deny: nothing, kind: member },
        PermissionOverwrite { allow: SUPPORT, deny: nothing, kind: support },
        PermissionOverwrite { allow: BOT, deny: nothing, kind: bot },
    ]
}

/// What lets the member into their ticket again: the same as when the channel was made.
pub(super) fn member_overwrite() -> Value {
    serde_json::json!({ "type": 1, "allow": MEMBER.bits().to_string(), "deny": "0" })
}

/// The first message in a ticket. It notifies the member and the support, and nobody else.
pub(super) fn welcome(member: UserId, channel: ChannelId, place: &Place) -> Value {
    let (texts, support) = (place.texts(), place.support);
    let both =
        CreateAllowedMentions::new().users([id::<library::UserId>(member.0)]).roles([id::<library::RoleId>(support.0)]);
    let builder = CreateMessage::new()
        .content(texts.new_ticket(member, support))
        .embed(embed(&texts.welcome, texts.greeting(member)))
        .components(row(Button::CloseTicket, texts))
        .allowed_mentions(both)
        .nonce(Nonce::String(format!("{channel}.w")))
        .enforce_nonce(true);
    json(&builder)
}

/// Text in a channel, as a reply or not.
pub(super) fn message(channel: ChannelId, text: &str, reply_to: Option<MessageId>, intent: Intent) -> Value {
    let mut builder = CreateMessage::new()
        .nonce(Nonce::String(format!("{intent}.{:04x}", digest(text))))
        .enforce_nonce(true)
        .allowed_mentions(nobody())
        .content(text);
    if let Some(message) = reply_to {
        // If the message was deleted meanwhile, the words stand without it.
        let reference = MessageReference::new(MessageReferenceKind::Default, id(channel.0))
            .message_id(id(message.0))
            .fail_if_not_exists(false);
        builder = builder.reference_message(reference);
    }
    json(&builder)
}

/// The first answer to a press.
pub(super) fn acknowledgement(press: &Press, with: &Acknowledgement, place: &Place) -> Value {
    let silent = CreateInteractionResponseMessage::new().allowed_mentions(nobody());
    let builder = match with {
        Acknowledgement::Deferral => CreateInteractionResponse::Defer(silent.ephemeral(true)),
        Acknowledgement::Private(words) => {
            CreateInteractionResponse::Message(silent.ephemeral(true).content(texts::of(press.language).say(words)))
        }
        Acknowledgement::Public(words) => CreateInteractionResponse::Message(silent.content(place.texts().say(words))),
    };
    json(&builder)
}

/// The text that replaces a deferral or an earlier answer.
pub(super) fn replacement(text: &str) -> Value {
    json(&EditInteractionResponse::new().content(text).allowed_mentions(nobody()))
}

/// Another message for the presser alone.
pub(super) fn follow_up(text: &str) -> Value {
    json(&CreateInteractionResponseFollowup::new().content(text).ephemeral(true).allowed_mentions(nobody()))
}

/// A new panel message.
pub(super) fn panel(nonce: u64, place: &Place) -> Value {
    let texts = place.texts();
    let builder = CreateMessage::new()
        .embed(embed(&texts.panel, texts.panel.description))
        .components(row(Button::CreateTicket, texts))
        .allowed_mentions(nobody())
        .nonce(Nonce::String(format!("{nonce}.p")))
        .enforce_nonce(true);
    json(&builder)
}

/// Today's content for an older panel message.
pub(super) fn panel_edit(place: &Place) -> Value {
    let texts = place.texts();
    let builder = EditMessage::new()
        .content("")
        .embed(embed(&texts.panel, texts.panel.description))
        .components(row(Button::CreateTicket, texts))
        .suppress_embeds(false)
        .allowed_mentions(nobody());
    json(&builder)
}

fn embed(card: &Card, description: impl Into<String>) -> CreateEmbed {
    CreateEmbed::new().title(card.title).description(description).field(card.field, card.hint, false)
}

fn row(button: Button, texts: &Texts) -> Vec<CreateActionRow> {
    let (emoji, label, style) = match button {
        Button::CreateTicket => (texts::OPEN_EMOJI, texts.panel.label, ButtonStyle::Primary),
        Button::CloseTicket => (texts::CLOSE_EMOJI, texts.welcome.label, ButtonStyle::Danger),
    };
    let button =
        CreateButton::new(button.custom_id()).emoji(ReactionType::Unicode(emoji.into())).label(label).style(style);
    vec![CreateActionRow::Buttons(vec![button])]
}

fn nobody() -> CreateAllowedMentions {
    CreateAllowedMentions::new().replied_user(false)
}

/// FNV-1a, folded to 16 bits: short enough for a nonce of 25 characters beside an id, and the same in every build, so
/// that a restart repeats the nonce it used before.
fn digest(text: &str) -> u32 {
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash >> 16) ^ (hash & 0xffff)
}

fn json(builder: &impl Serialize) -> Value {
    serde_json::to_value(builder).expect("builders are plain data with string keys")
}
