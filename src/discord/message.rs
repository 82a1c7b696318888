//! A message as Discord returns it: whether the bot wrote it, which button it has, whether it is the current panel.

use serde::Deserialize;
use serenity::model::id as model_id;

use crate::discord::lenient::{null_as_default, or_default};
use crate::discord::payload;
use crate::discord::request::Place;
use crate::ids::{Button, MessageId, RequestId, UserId};
use crate::texts;

/// Discord's flag of a message whose embeds are hidden.
const SUPPRESS_EMBEDS: u64 = 1 << 2;

/// The fields of Discord's message object that are read here.
#[derive(Deserialize)]
pub(super) struct Message {
    id: model_id::MessageId,
    author: Author,
    #[serde(default, rename = "message_reference", deserialize_with = "or_default")]
    reference: Option<Reference>,
    #[serde(default, deserialize_with = "or_default")]
    flags: u64,
    #[serde(flatten)]
    content: MessageContent,
}

#[derive(Deserialize)]
struct Reference {
    message_id: Option<model_id::MessageId>,
}

#[derive(Deserialize)]
struct Author {
    id: model_id::UserId,
}

/// What a reader sees of a message. Discord adds fields to what it was sent (types, ids, colours, sizes); they are not read,
/// so that two messages compare equal without them.
#[derive(Deserialize, PartialEq)]
struct MessageContent {
    #[serde(default, deserialize_with = "null_as_default")]
    content: String,
    #[serde(default, deserialize_with = "null_as_default")]
    embeds: Vec<Embed>,
    #[serde(default, deserialize_with = "null_as_default")]
    components: Vec<ActionRow>,
}

#[derive(Deserialize, PartialEq)]
struct Embed {
    title: Option<String>,
    description: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    fields: Vec<Field>,
}

#[derive(Deserialize, PartialEq)]
struct Field {
    name: String,
    value: String,
}

#[derive(Deserialize, PartialEq)]
struct ActionRow {
    #[serde(default, deserialize_with = "null_as_default")]
    components: Vec<Component>,
}

#[derive(Deserialize, PartialEq)]
struct Component {
    custom_id: Option<String>,
    label: Option<String>,
    style: Option<u8>,
    emoji: Option<Emoji>,
    #[serde(default, deserialize_with = "null_as_default")]
    disabled: bool,
}

#[derive(Deserialize, PartialEq)]
struct Emoji {
    name: Option<String>,
}

impl Message {
    pub(super) fn id(&self) -> MessageId {
        MessageId(self.id.get())
    }

    /// Whether a moderator has hidden its embeds.
    pub(super) fn hides_embeds(&self) -> bool {
        self.flags & SUPPRESS_EMBEDS != 0
    }

    pub(super) fn is_by(&self, user: UserId) -> bool {
        self.author.id.get() == user.0
    }

    pub(super) fn has_button(&self, button: Button) -> bool {
        let mut components = self.content.components.iter().flat_map(|row| &row.components);
        components.any(|component| component.custom_id.as_deref() == Some(button.custom_id()))
    }

    pub(super) fn announces_closing(&self) -> bool {
        texts::announces_closing(&self.content.content)
    }

    /// Whether it is a reply to the command message with this intent.
    pub(super) fn is_reply_to(&self, command: RequestId) -> bool {
        let to = self.reference.as_ref().and_then(|reference| reference.message_id);
        to.is_some_and(|to| to.get() == command.0)
    }

    /// Whether it shows the panel as it would be sent now.
    pub(super) fn is_current_panel(&self, place: &Place) -> bool {
        serde_json::from_value::<MessageContent>(payload::build_panel_edit(place))
            .is_ok_and(|current| current == self.content)
    }
}
