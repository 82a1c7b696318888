//! What is true of a ticket: the part that is saved, and nothing else.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::ids::{ApplicationId, ChannelId, Intent, InteractionId, MessageId, UserId};
use crate::language::Language;
use crate::lifecycle::words::Words;

/// Where a ticket stands. A row of the store is this value and its owner; [`State::Absent`] is no row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The member has no ticket.
    Absent,
    /// The member asked; the channel is being made, or made but not yet greeted in.
    Opening(Opening),
    /// The opening has come to nothing, and the asker is still to be told why.
    Refused(Refused),
    /// The member has a ticket.
    Open {
        /// Its channel.
        channel: ChannelId,
    },
    /// The channel is going to be deleted.
    Closing(Closing),
}

/// An opening, from the press to the moment when everything has been said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Who asked, and how they can be answered. Its intent names the opening.
    pub asker: Asker,
    /// The member's name, for the channel.
    pub name: String,
    /// The channel, once it is known.
    pub channel: Option<ChannelId>,
}

/// An opening that came to nothing, until its asker has been told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Who asked, and how they can be answered.
    pub asker: Asker,
    /// Why not. What was decided is not decided anew after a restart, or the asker might be told two things.
    pub words: Words,
}

/// A closing, from the wish to the channel's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// The channel.
    pub channel: ChannelId,
    /// When it is to be deleted.
    pub due: SystemTime,
    /// Who asked.
    pub asker: Asker,
    /// It has been said in the channel. Nothing is deleted before.
    pub announced: bool,
    /// The opening that was not over yet. It goes on should the close be taken back.
    pub opening: Option<Opening>,
    /// Why the channel cannot be deleted. The close is taken back as soon as that has been said.
    pub failed: Option<Words>,
}

impl State {
    /// The channel of the ticket, if it has one.
    #[must_use]
    pub const fn channel(&self) -> Option<ChannelId> {
        match self {
            Self::Absent | Self::Refused(_) => None,
            Self::Opening(opening) => opening.channel,
            Self::Open { channel } | Self::Closing(Closing { channel, .. }) => Some(*channel),
        }
    }
}

/// Somebody who asked for something and is owed an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asker {
    /// Who.
    pub user: UserId,
    /// When we heard it, by this machine's clock.
    pub at: SystemTime,
    /// How they asked, and so how they are answered.
    pub entrance: Entrance,
    /// They asked for the same a moment ago. It is done all the same, but a refusal is not written into the channel once
    /// more, and neither is the journal filled with it.
    #[serde(skip)]
    pub repeated: bool,
}

/// The two ways to ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Entrance {
    /// A button, or a slash command: answered in private.
    Press(Press),
    /// A written command: answered with a reply, which everybody reads.
    Command {
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
pub enum Gesture {
    /// A button was pressed.
    #[default]
    Button,
    /// A slash command was used.
    Slash,
}

/// A pressed button or a slash command, and what is needed to answer it, even after a restart.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Press {
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
    pub gesture: Gesture,
}

impl std::fmt::Debug for Press {
    /// Without the token: what is debugged ends up in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Press({}, acknowledged: {})", self.interaction, self.acknowledged)
    }
}

impl Asker {
    /// A refusal would be written where everybody has just read one.
    #[must_use]
    pub const fn is_silenced(&self) -> bool {
        self.repeated && matches!(self.entrance, Entrance::Command { .. })
    }

    /// The name of what they asked for.
    #[must_use]
    pub const fn intent(&self) -> Intent {
        match &self.entrance {
            Entrance::Press(press) => Intent(press.interaction.0),
            Entrance::Command { message, .. } => Intent(message.0),
        }
    }
}
