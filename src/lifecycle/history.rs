//! What happened to a ticket, step by step: the words of the journal and of the log.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ids::{ChannelId, UserId};
use crate::lifecycle::request::{ApiError, Outcome};
use crate::lifecycle::state::{Interaction, InteractionKind, Origin};

/// One thing that happened to a ticket. The journal keeps them in order; the log shows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum JournalEvent {
    /// A ticket was asked for.
    Asked {
        /// By whom.
        by: UserId,
        /// How.
        way: Source,
    },
    /// A ticket was asked for again, while there was one: the asker is pointed to it.
    AskedAgain {
        /// By whom.
        by: UserId,
        /// How.
        way: Source,
    },
    /// The member had lost their overwrite in the channel, and got it back.
    AccessRestored,
    /// The member cannot see the channel, and Discord did not let the bot change that.
    LockedOut {
        /// Why.
        why: Reason,
    },
    /// Closing was asked for, and turned down.
    TurnedDown {
        /// By whom.
        by: UserId,
        /// How.
        way: Source,
        /// The channel in which it was asked for; lines of older versions do not tell it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelId>,
        /// Why it was turned down.
        why: Reason,
    },
    /// The channel was made.
    Created {
        /// The channel.
        channel: ChannelId,
    },
    /// The channel was found to have been made after all.
    Found {
        /// The channel.
        channel: ChannelId,
    },
    /// An opening came to nothing.
    Refused {
        /// Why.
        why: Reason,
    },
    /// Discord does not take the member's name for a channel, so it gets a neutral one.
    Renamed,
    /// The asker was told to wait.
    Deferred,
    /// The asker has been told.
    Route,
    /// The asker could not be told: Discord takes no answer any more.
    NotTold,
    /// The ticket is ready.
    Opened {
        /// Its channel.
        channel: ChannelId,
    },
    /// A channel that no row knew has been taken over as this member's ticket.
    Adopted {
        /// The channel.
        channel: ChannelId,
    },
    /// `talon import` took this channel over from another bot, as this member's ticket.
    Imported {
        /// The channel.
        channel: ChannelId,
        /// The other bot.
        from: SourceBot,
        /// What the other bot called the type of the ticket.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ticket_type: Option<String>,
    },
    /// A second channel of the same opening is being removed.
    Duplicate {
        /// The channel.
        channel: ChannelId,
    },
    /// Another process with the bot's token made a channel for the same press before this one: it is the ticket.
    Yielded {
        /// The channel of the other process.
        channel: ChannelId,
    },
    /// Another process uses the bot's token: it answered this member's press, or made a channel for it.
    AnotherProcess,
    /// A channel that may be this member's ticket, while they have another one. Nothing is done about it.
    Unclaimed {
        /// The channel.
        channel: ChannelId,
    },
    /// Closing was asked for.
    CloseAsked {
        /// By whom.
        by: UserId,
        /// How.
        way: Source,
    },
    /// It was said in the channel that it will be closed.
    Announced,
    /// A limit of Discord's keeps the channel for so long; it is deleted then.
    Kept {
        /// From then on.
        wait: Duration,
    },
    /// The channel is deleted, by us.
    Closed {
        /// The channel it was.
        channel: ChannelId,
    },
    /// The channel is gone, not by us.
    Gone {
        /// The channel it was.
        channel: ChannelId,
    },
    /// The channel could not be deleted; the ticket is open again.
    Reopened {
        /// Why.
        why: Reason,
    },
    /// A call did not succeed and is made again.
    Retrying {
        /// Which.
        call: String,
        /// What came of it.
        why: Reason,
        /// How often it was tried so far.
        attempt: u32,
        /// After what pause it is tried again.
        pause: Duration,
    },
    /// A call did not succeed and is not made again.
    GaveUp {
        /// Which.
        call: String,
        /// What came of it.
        why: Reason,
    },
    /// The bot was started again, and took up what the row said was under way.
    TakenUp,
    /// The store did not take what had to be saved.
    Unsaved,
    /// The ticket's actor failed and was started again from its row.
    Restarted,
}

impl JournalEvent {
    /// Whether everybody who reads in the ticket's channel may know it: what people did there and what was done, but
    /// neither what somebody was told in private, nor what went on behind it, nor another channel.
    #[must_use]
    pub fn is_public(&self, ticket: ChannelId) -> bool {
        match self {
            Self::Asked { .. } | Self::CloseAsked { .. } | Self::Announced | Self::Kept { .. } => true,
            Self::TurnedDown { way, channel, .. } => *way == Source::Command && *channel == Some(ticket),
            Self::Opened { channel } | Self::Adopted { channel } | Self::Imported { channel, .. } => *channel == ticket,
            Self::AskedAgain { .. }
            | Self::AccessRestored
            | Self::LockedOut { .. }
            | Self::Created { .. }
            | Self::Found { .. }
            | Self::Refused { .. }
            | Self::Renamed
            | Self::Deferred
            | Self::Route
            | Self::NotTold
            | Self::Duplicate { .. }
            | Self::Yielded { .. }
            | Self::AnotherProcess
            | Self::Unclaimed { .. }
            | Self::Closed { .. }
            | Self::Gone { .. }
            | Self::Reopened { .. }
            | Self::Retrying { .. }
            | Self::GaveUp { .. }
            | Self::TakenUp
            | Self::Unsaved
            | Self::Restarted => false,
        }
    }

    /// The channel it is about, where it is about one.
    #[must_use]
    pub const fn channel(&self) -> Option<ChannelId> {
        match self {
            Self::Created { channel }
            | Self::Found { channel }
            | Self::Opened { channel }
            | Self::Adopted { channel }
            | Self::Imported { channel, .. }
            | Self::Duplicate { channel }
            | Self::Yielded { channel }
            | Self::Unclaimed { channel }
            | Self::Closed { channel }
            | Self::Gone { channel } => Some(*channel),
            Self::Asked { .. }
            | Self::AskedAgain { .. }
            | Self::AccessRestored
            | Self::LockedOut { .. }
            | Self::TurnedDown { .. }
            | Self::Refused { .. }
            | Self::Renamed
            | Self::Deferred
            | Self::Route
            | Self::NotTold
            | Self::CloseAsked { .. }
            | Self::Announced
            | Self::Kept { .. }
            | Self::AnotherProcess
            | Self::Reopened { .. }
            | Self::Retrying { .. }
            | Self::GaveUp { .. }
            | Self::TakenUp
            | Self::Unsaved
            | Self::Restarted => None,
        }
    }
}

/// A bot whose tickets `talon import` takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceBot {
    /// <https://github.com/discord-tickets/bot>
    DiscordTickets,
    /// <https://github.com/open-discord-bots/open-ticket>
    OpenTicket,
}

impl fmt::Display for SourceBot {
    /// As the bot calls itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DiscordTickets => "discord-tickets",
            Self::OpenTicket => "Open Ticket",
        })
    }
}

/// How somebody asked for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// By pressing a button.
    Button,
    /// By a slash command.
    Slash,
    /// By writing a command.
    Command,
}

impl fmt::Display for Source {
    /// As the log says it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Button => "button",
            Self::Slash => "slash command",
            Self::Command => "written command",
        })
    }
}

impl From<&Origin> for Source {
    fn from(origin: &Origin) -> Self {
        match origin {
            Origin::Interaction(Interaction { interaction_kind: InteractionKind::Button, .. }) => Self::Button,
            Origin::Interaction(Interaction { interaction_kind: InteractionKind::Slash, .. }) => Self::Slash,
            Origin::Message { .. } => Self::Command,
        }
    }
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It was asked for in a channel that is no ticket.
    NotATicket,
    /// It is being looked whether the channel is a ticket.
    NotKnownYet,
    /// Whoever asked is neither the owner nor the support.
    NoRights,
    /// It is being done already.
    ClosingAlready,
    /// Discord said no.
    Refused(ApiError),
    /// Discord did not answer, or with an error of its own: it may have been done or not.
    NoAnswer,
    /// The same, time after time.
    NeverAnswered,
    /// A limit of Discord's held it up for so long.
    Limited {
        /// From then on.
        wait: Duration,
    },
}

impl From<&Outcome> for Reason {
    fn from(answer: &Outcome) -> Self {
        match answer {
            Outcome::Refused(refusal) => Self::Refused(refusal.clone()),
            Outcome::Limited { wait } => Self::Limited { wait: *wait },
            _ => Self::NoAnswer,
        }
    }
}

impl fmt::Display for Reason {
    /// As the log says it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotATicket => f.write_str("not a ticket"),
            Self::NotKnownYet => f.write_str("not known yet whether it is a ticket"),
            Self::NoRights => f.write_str("neither owner nor support"),
            Self::ClosingAlready => f.write_str("closing already"),
            Self::Refused(refusal) => refusal.fmt(f),
            Self::NoAnswer => f.write_str("no answer"),
            Self::NeverAnswered => f.write_str("no answer, time after time"),
            Self::Limited { wait } => {
                write!(f, "a rate limit of Discord's that ends by itself in {} s", wait.as_secs_f64().ceil())
            }
        }
    }
}
