//! A message as Discord shows it: is it ours, which button has it, is it today's panel?

use serde::Deserialize;
use serenity::model::id as library;

use crate::discord::body;
use crate::discord::lenient::{null_is_default, or_default};
use crate::discord::wire::Place;
use crate::ids::{Button, Intent, MessageId, UserId};
use crate::texts;

/// Discord's flag of a message whose embeds are hidden.
const SUPPRESS_EMBEDS: u64 = 1 << 2;

/// A message, as far as it matters here.
#[derive(Deserialize)]
pub(super) struct Message {
    id: library::MessageId,
    author: Author,
    #[serde(default, rename = "message_reference", deserialize_with = "or_default")]
    answers: Option<Reference>,
    #[serde(default, deserialize_with = "or_default")]
    flags: u64,
    #[serde(flatten)]
    shown: Shown,
}

#[derive(Deserialize)]
struct Reference {
    message_id: Option<library::MessageId>,
}

#[derive(Deserialize)]
struct Author {
    id: library::UserId,
}

/// What a message shows. Discord adds much to what it was given (types, ids, colours, sizes): none of it is read, so
/// none of it makes a difference.
#[derive(Deserialize, PartialEq)]
struct Shown {
    #[serde(default, deserialize_with = "null_is_default")]
    content: String,
    #[serde(default, deserialize_with = "null_is_default")]
    embeds: Vec<Embed>,
    #[serde(default, deserialize_with = "null_is_default")]
    components: Vec<Row>,
}

#[derive(Deserialize, PartialEq)]
struct Embed {
    title: Option<String>,
    description: Option<String>,
    #[serde(default, deserialize_with = "null_is_default")]
    fields: Vec<Field>,
}

#[derive(Deserialize, PartialEq)]
struct Field {
    name: String,
    value: String,
}

#[derive(Deserialize, PartialEq)]
struct Row {
    #[serde(default, deserialize_with = "null_is_default")]
    components: Vec<Part>,
}

#[derive(Deserialize, PartialEq)]
struct Part {
    custom_id: Option<String>,
    label: Option<String>,
    style: Option<u8>,
    emoji: Option<Emoji>,
    #[serde(default, deserialize_with = "null_is_default")]
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

    /// Somebody who may manage messages has hidden its embeds.
    pub(super) fn hides_embeds(&self) -> bool {
        self.flags & SUPPRESS_EMBEDS != 0
    }

    pub(super) fn is_by(&self, user: UserId) -> bool {
        self.author.id.get() == user.0
    }

    pub(super) fn has(&self, button: Button) -> bool {
        let mut parts = self.shown.components.iter().flat_map(|row| &row.components);
        parts.any(|part| part.custom_id.as_deref() == Some(button.custom_id()))
    }

    pub(super) fn announces_closing(&self) -> bool {
        texts::announces_closing(&self.shown.content)
    }

    /// It is a reply to the command with this intent.
    pub(super) fn replies_to(&self, asked: Intent) -> bool {
        let to = self.answers.as_ref().and_then(|reference| reference.message_id);
        to.is_some_and(|to| to.get() == asked.0)
    }

    /// It shows the panel as it would be sent today.
    pub(super) fn is_todays_panel(&self, place: &Place) -> bool {
        serde_json::from_value::<Shown>(body::panel_edit(place)).is_ok_and(|today| today == self.shown)
    }
}
