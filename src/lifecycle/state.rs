//! What is true of a ticket, and what it still owes: the part that is saved, and nothing else.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::ids::{ApplicationId, ChannelId, InteractionId, MessageId, RequestId, UserId};
use crate::language::Language;
use crate::lifecycle::effect::Effect;
use crate::lifecycle::notice::Notice;

/// A ticket's document, as the store keeps it. A member without a ticket has an [empty](Document::is_empty) one, which is
/// no row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// The request that opened it; none for a ticket that was taken over and does not show it.
    pub request: Option<OpenRequest>,
    /// Where it stands.
    pub state: State,
    /// What is still to be made so in Discord, oldest first. It is saved with the state, so that a restart loads the
    /// document and goes on delivering. An effect may stay here for a while after it was delivered: each is safe to
    /// deliver again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outbox: Vec<Effect>,
}

/// The request that a ticket was opened by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenRequest {
    /// The interaction or message. It names the opening, also in the channel's topic.
    pub id: RequestId,
    /// When it arrived, by this machine's clock.
    pub at: SystemTime,
    /// The member's name at that time, for the channel; empty where the channel was there before.
    pub name: String,
}

/// Where a ticket stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// The member has no ticket. If the document still holds an answer, the opening came to nothing.
    #[default]
    Absent,
    /// The member asked; the channel is being made, or made but not yet greeted in.
    Opening {
        /// The channel, once it is known.
        channel: Option<ChannelId>,
    },
    /// The member has a ticket.
    Open {
        /// Its channel.
        channel: ChannelId,
    },
    /// The channel is going to be deleted.
    Closing(Closing),
}

/// A closing, from the wish to the channel's end. Nothing is deleted before it has been announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// The channel.
    pub channel: ChannelId,
    /// When it is to be deleted.
    pub due: SystemTime,
    /// From the announcement to the end, as the settings were when the closing began: people read this.
    pub delay: Duration,
    /// Who asked.
    pub requester: Requester,
}

impl State {
    /// The channel of the ticket, if it has one.
    #[must_use]
    pub const fn channel(&self) -> Option<ChannelId> {
        match self {
            Self::Absent => None,
            Self::Opening { channel } => *channel,
            Self::Open { channel } | Self::Closing(Closing { channel, .. }) => Some(*channel),
        }
    }
}

impl From<State> for Document {
    /// A ticket that owes nothing, and of which nothing else is known.
    fn from(state: State) -> Self {
        Self { state, ..Self::default() }
    }
}

impl Document {
    /// There is nothing to save.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.state == State::Absent && self.outbox.is_empty()
    }

    /// The ticket owes this.
    pub(super) fn owes(&self, effect: impl Fn(&Effect) -> bool) -> bool {
        self.outbox.iter().any(effect)
    }

    /// What is owed to whoever asked for the ticket.
    #[must_use]
    pub fn response(&self) -> Option<(&Requester, Option<&Notice>)> {
        self.outbox.iter().find_map(|effect| match effect {
            Effect::Respond { requester, words } => Some((requester, words.as_ref())),
            Effect::EnsureChannel | Effect::EnsureMessage(_) => None,
        })
    }

    /// Why the ticket could not be opened, until whoever asked for it has been told.
    #[must_use]
    pub fn refusal(&self) -> Option<&Notice> {
        self.response().filter(|_| self.state == State::Absent).and_then(|(_, words)| words)
    }

    /// It is closing, and that has been said in the channel.
    #[must_use]
    pub fn is_announced(&self) -> bool {
        matches!(self.state, State::Closing(_)) && !self.owes(Effect::is_announcement)
    }

    /// When something is to be done about the ticket though nothing else happens: its channel is deleted, or a token is
    /// forgotten. It is saved beside the document, so that a ticket which waits need not be held in memory.
    #[must_use]
    pub fn deadline(&self) -> Option<SystemTime> {
        let due = match &self.state {
            State::Closing(closing) if self.is_announced() => Some(closing.due),
            State::Absent | State::Opening { .. } | State::Open { .. } | State::Closing(_) => None,
        };
        due.into_iter().chain(self.token_end()).min()
    }

    /// Whether this must be on the disk before anything else is done, or may be saved with the next change: what was
    /// delivered is only delivered once more after a crash.
    pub(super) fn must_be_saved_after(&self, before: &Self) -> bool {
        let delivered = |effect: &Effect| effect.is_repeatable() && !self.outbox.contains(effect);
        let rest = before.outbox.iter().filter(|effect| !delivered(effect));
        (&self.request, &self.state) != (&before.request, &before.state)
            || !self.outbox.iter().eq(rest)
            || self.outbox.is_empty() && !before.outbox.is_empty()
    }
}

/// Somebody who asked for something and is owed an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requester {
    /// Who.
    pub user: UserId,
    /// When we heard it, by this machine's clock.
    pub at: SystemTime,
    /// How they asked, and so how they are answered.
    pub origin: Origin,
    /// They asked for the same a moment ago. It is done all the same, but a refusal is not written into the channel once
    /// more, and neither is the journal filled with it.
    #[serde(skip)]
    pub repeated: bool,
}

/// The two ways to ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// A button, or a slash command: answered in private.
    Interaction(Interaction),
    /// A written command: answered with a reply, which everybody reads.
    Message {
        /// Where it was said.
        channel: ChannelId,
        /// The message that said it.
        message: MessageId,
        /// In which language they are answered.
        #[serde(default)]
        language: Language,
    },
}

/// The two gestures that Discord answers alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InteractionKind {
    /// A button was pressed.
    #[default]
    Button,
    /// A slash command was used.
    Slash,
}

/// A pressed button or a slash command, and what is needed to answer it, even after a restart.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interaction {
    /// The interaction.
    pub interaction: InteractionId,
    /// A secret: whoever has it can answer in the bot's name.
    pub token: String,
    /// Whose interaction it is; edits go to this application's webhook.
    pub application: ApplicationId,
    /// The first answer has been given, or begun: what follows is an edit.
    pub acknowledged: bool,
    /// In which language they are told what only they can read.
    #[serde(default)]
    pub language: Language,
    /// Which of the two it was, for the journal.
    #[serde(default)]
    pub interaction_kind: InteractionKind,
}

impl std::fmt::Debug for Interaction {
    /// Without the token: what is debugged ends up in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Press({}, acknowledged: {})", self.interaction, self.acknowledged)
    }
}

impl Requester {
    /// A refusal would be written where everybody has just read one.
    #[must_use]
    pub const fn is_silenced(&self) -> bool {
        self.repeated && matches!(self.origin, Origin::Message { .. })
    }

    /// The name of what they asked for.
    #[must_use]
    pub const fn request_id(&self) -> RequestId {
        match &self.origin {
            Origin::Interaction(press) => RequestId(press.interaction.0),
            Origin::Message { message, .. } => RequestId(message.0),
        }
    }
}
