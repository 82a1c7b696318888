//! The JSON payloads of requests: the channel, the messages, the responses to interactions.
//!
//! A message never notifies by accident: each one has `allowed_mentions`, and only the welcome allows any.

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
use serenity::model::id as model_id;
use serenity::model::permissions::Permissions;

use crate::discord::request::{Place, id};
use crate::ids::{Button, ChannelId, MessageId, Owner, RequestId, UserId};
use crate::lifecycle::{Acknowledgement, ChannelName, Interaction};
use crate::texts::{self, Card, Texts};

/// The permissions of all participants of a ticket. Without the history, a person who restarts their client would see an
/// empty channel.
const PARTICIPANT_PERMISSIONS: Permissions =
    Permissions::VIEW_CHANNEL.union(Permissions::SEND_MESSAGES).union(Permissions::READ_MESSAGE_HISTORY);

/// The permissions of the member in their ticket.
pub(super) const MEMBER_PERMISSIONS: Permissions = PARTICIPANT_PERMISSIONS.union(Permissions::ATTACH_FILES);
/// The permissions of the support role in a ticket.
pub(super) const SUPPORT_PERMISSIONS: Permissions = PARTICIPANT_PERMISSIONS.union(Permissions::MANAGE_MESSAGES);
/// The permissions of the bot in a ticket.
pub(super) const BOT_PERMISSIONS: Permissions = PARTICIPANT_PERMISSIONS.union(Permissions::MANAGE_CHANNELS);

/// The index of the first staff role in the list of overwrites, as Discord's validation errors give it.
pub(super) const FIRST_STAFF_OVERWRITE: usize = 2;

/// Discord's limit for the name of a channel, in characters.
const MAX_CHANNEL_NAME_LENGTH: usize = 100;

/// A ticket channel that is private when it is created.
pub(super) fn build_channel(owner: Owner, name: &ChannelName, topic: String, place: &Place) -> Value {
    let name = match name {
        ChannelName::Member(name) => name.chars().take(MAX_CHANNEL_NAME_LENGTH).collect(),
        ChannelName::Neutral => place.texts().neutral_name(owner.member),
    };
    let builder = CreateChannel::new(name)
        .category(id::<model_id::ChannelId>(place.category.0))
        .topic(topic)
        .permissions(overwrites(owner, place));
    to_json(&builder)
}

fn overwrites(owner: Owner, place: &Place) -> Vec<PermissionOverwrite> {
    let nothing = Permissions::empty();
    // The role with the server's own id is @everyone.
    let everyone = PermissionOverwriteType::Role(id(owner.guild.0));
    let member = PermissionOverwriteType::Member(id(owner.member.0));
    let staff = place.staff.iter().map(|role| PermissionOverwrite {
        allow: SUPPORT_PERMISSIONS,
        deny: nothing,
        kind: PermissionOverwriteType::Role(id(role.0)),
    });
    let bot = PermissionOverwriteType::Member(id(place.me.0));
    let people = [
        PermissionOverwrite { allow: nothing, deny: Permissions::VIEW_CHANNEL, kind: everyone },
        PermissionOverwrite { allow: MEMBER_PERMISSIONS, deny: nothing, kind: member },
    ];
    let bot = PermissionOverwrite { allow: BOT_PERMISSIONS, deny: nothing, kind: bot };
    people.into_iter().chain(staff).chain([bot]).collect()
}

/// The overwrite that restores the member's access: the same as when the channel was created.
pub(super) fn build_member_overwrite() -> Value {
    serde_json::json!({ "type": 1, "allow": MEMBER_PERMISSIONS.bits().to_string(), "deny": "0" })
}

/// The first message in a ticket. It notifies only the member and the staff roles.
pub(super) fn build_welcome(member: UserId, channel: ChannelId, place: &Place) -> Value {
    let texts = place.texts();
    let mentioned = if place.mention_staff { &*place.staff } else { &[] };
    let mentions = CreateAllowedMentions::new()
        .users([id::<model_id::UserId>(member.0)])
        .roles(mentioned.iter().map(|role| id::<model_id::RoleId>(role.0)));
    let builder = CreateMessage::new()
        .content(texts.new_ticket(member, mentioned))
        .embed(build_embed(&texts.welcome, texts.greeting(member)))
        .components(button_row(Button::CloseTicket, texts))
        .allowed_mentions(mentions)
        .nonce(Nonce::String(format!("{channel}.w")))
        .enforce_nonce(true);
    to_json(&builder)
}

/// A message in a channel, as a reply to another one or not.
pub(super) fn build_message(
    channel: ChannelId,
    text: &str,
    reply_to: Option<MessageId>,
    request_id: RequestId,
) -> Value {
    let mut builder = CreateMessage::new()
        .nonce(Nonce::String(format!("{request_id}.{:04x}", hash_text(text))))
        .enforce_nonce(true)
        .allowed_mentions(no_mentions())
        .content(text);
    if let Some(message) = reply_to {
        // If that message was deleted meanwhile, this one is sent without the reference.
        let reference = MessageReference::new(MessageReferenceKind::Default, id(channel.0))
            .message_id(id(message.0))
            .fail_if_not_exists(false);
        builder = builder.reference_message(reference);
    }
    to_json(&builder)
}

/// The first response to an interaction.
pub(super) fn build_initial_response(press: &Interaction, with: &Acknowledgement, place: &Place) -> Value {
    let silent = CreateInteractionResponseMessage::new().allowed_mentions(no_mentions());
    let builder = match with {
        Acknowledgement::Deferral => CreateInteractionResponse::Defer(silent.ephemeral(true)),
        Acknowledgement::Private(words) => {
            CreateInteractionResponse::Message(silent.ephemeral(true).content(texts::of(press.language).say(words)))
        }
        Acknowledgement::Public(words) => CreateInteractionResponse::Message(silent.content(place.texts().say(words))),
    };
    to_json(&builder)
}

/// The text that replaces a deferred or an earlier response.
pub(super) fn build_response_edit(text: &str) -> Value {
    to_json(&EditInteractionResponse::new().content(text).allowed_mentions(no_mentions()))
}

/// A further ephemeral message.
pub(super) fn build_follow_up(text: &str) -> Value {
    to_json(&CreateInteractionResponseFollowup::new().content(text).ephemeral(true).allowed_mentions(no_mentions()))
}

pub(super) fn build_panel(nonce: u64, place: &Place) -> Value {
    let texts = place.texts();
    let builder = CreateMessage::new()
        .embed(build_embed(&texts.panel, texts.panel.description))
        .components(button_row(Button::CreateTicket, texts))
        .allowed_mentions(no_mentions())
        .nonce(Nonce::String(format!("{nonce}.p")))
        .enforce_nonce(true);
    to_json(&builder)
}

/// The current content, for an older panel message.
pub(super) fn build_panel_edit(place: &Place) -> Value {
    let texts = place.texts();
    let builder = EditMessage::new()
        .content("")
        .embed(build_embed(&texts.panel, texts.panel.description))
        .components(button_row(Button::CreateTicket, texts))
        .suppress_embeds(false)
        .allowed_mentions(no_mentions());
    to_json(&builder)
}

fn build_embed(card: &Card, description: impl Into<String>) -> CreateEmbed {
    CreateEmbed::new().title(card.title).description(description).field(card.field, card.hint, false)
}

fn button_row(button: Button, texts: &Texts) -> Vec<CreateActionRow> {
    let (emoji, label, style) = match button {
        Button::CreateTicket => (texts::OPEN_EMOJI, texts.panel.label, ButtonStyle::Primary),
        Button::CloseTicket => (texts::CLOSE_EMOJI, texts.welcome.label, ButtonStyle::Danger),
    };
    let button =
        CreateButton::new(button.custom_id()).emoji(ReactionType::Unicode(emoji.into())).label(label).style(style);
    vec![CreateActionRow::Buttons(vec![button])]
}

fn no_mentions() -> CreateAllowedMentions {
    CreateAllowedMentions::new().replied_user(false)
}

/// FNV-1a, folded to 16 bits: short enough for a nonce of 25 characters beside an id, and the same in every build, so
/// that the same nonce is used after a restart.
fn hash_text(text: &str) -> u32 {
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash >> 16) ^ (hash & 0xffff)
}

fn to_json(builder: &impl Serialize) -> Value {
    serde_json::to_value(builder).expect("builders are plain data with string keys")
}
