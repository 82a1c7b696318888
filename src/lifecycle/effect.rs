//! What a ticket wants to be so in Discord.
//!
//! An effect is a wish, not a call: it is kept in the ticket's document until it is delivered, however many calls and
//! restarts that takes. Delivering it again is harmless, because whoever delivers it looks first.

use serde::{Deserialize, Serialize};

use crate::ids::RequestId;
use crate::lifecycle::notice::Notice;
use crate::lifecycle::state::Requester;

/// One wish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The ticket has a channel of its own.
    EnsureChannel,
    /// This message stands in the ticket's channel.
    EnsureMessage(Message),
    /// Whoever asked for the ticket is told what became of it.
    Respond {
        /// How they asked, and how far they were answered.
        requester: Requester,
        /// What they are told, once that is decided.
        words: Option<Notice>,
    },
}

/// What a message in the ticket's channel is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// The first message: it greets the member and holds the button that closes.
    Welcome,
    /// It says that the ticket is being closed, and when the channel goes.
    Announcement,
    /// It says why the ticket could not be closed after all.
    CloseFailure {
        /// The sentence.
        words: Notice,
        /// Who closed it. The answer to them is corrected where the channel takes no message.
        closer: Requester,
    },
}

impl Effect {
    pub(super) const fn is_channel(&self) -> bool {
        matches!(self, Self::EnsureChannel)
    }

    pub(super) const fn is_welcome(&self) -> bool {
        matches!(self, Self::EnsureMessage(Message::Welcome))
    }

    pub(super) const fn is_announcement(&self) -> bool {
        matches!(self, Self::EnsureMessage(Message::Announcement))
    }

    pub(super) const fn is_close_failure(&self) -> bool {
        matches!(self, Self::EnsureMessage(Message::CloseFailure { .. }))
    }

    pub(super) fn is_close_failure_of(&self, said: &Notice) -> bool {
        matches!(self, Self::EnsureMessage(Message::CloseFailure { words, .. }) if words == said)
    }

    pub(super) const fn is_response(&self) -> bool {
        matches!(self, Self::Respond { .. })
    }

    /// It answers this request.
    pub(super) fn is_response_to(&self, request: RequestId) -> bool {
        matches!(self, Self::Respond { requester, .. } if requester.request_id() == request)
    }

    /// That it was delivered need not be saved at once: a restart would find it delivered, or deliver it again without
    /// anybody noticing.
    pub(super) const fn is_repeatable(&self) -> bool {
        matches!(self, Self::EnsureMessage(Message::Welcome) | Self::Respond { .. })
    }

    /// The person whose press or message is in it.
    pub(super) const fn requester_mut(&mut self) -> Option<&mut Requester> {
        match self {
            Self::Respond { requester, .. } | Self::EnsureMessage(Message::CloseFailure { closer: requester, .. }) => {
                Some(requester)
            }
            Self::EnsureChannel | Self::EnsureMessage(Message::Welcome | Message::Announcement) => None,
        }
    }

    pub(super) const fn requester(&self) -> Option<&Requester> {
        match self {
            Self::Respond { requester, .. } | Self::EnsureMessage(Message::CloseFailure { closer: requester, .. }) => {
                Some(requester)
            }
            Self::EnsureChannel | Self::EnsureMessage(Message::Welcome | Message::Announcement) => None,
        }
    }
}
