//! Which server is the bot's own, and what it says in any other one.
//!
//! The bot is set up for one server, that of the panel channel, and may be invited into others. It does nothing there but
//! say so. While the own server is not known yet (the bot starts during an outage), nothing is done anywhere: what was
//! heard is kept for a moment, and who still waits then is told to try again.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use crate::actors::DiscordEvent;
use crate::ids::{ChannelId, GuildId, RequestId, UserId};
use crate::lifecycle::{Origin, Requester};

/// A press counts for three seconds; so long may it wait until the own server is known.
pub const HOLD_TIMEOUT: Duration = Duration::from_millis(1_500);
/// So much may be kept meanwhile.
const MAX_HELD: usize = 1_000;
/// A written command is answered once in this time, for each person and channel.
const REPLY_INTERVAL: Duration = Duration::from_secs(60);

/// What is known of the own server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Home {
    /// Nothing yet.
    #[default]
    Unknown,
    /// The bot is not in it.
    Nowhere,
    /// It is this one.
    In(GuildId),
}

/// Where something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// In the own server, or in none.
    Here,
    /// In another server.
    Elsewhere,
    /// That cannot be told yet.
    Unknown,
}

impl Home {
    /// Where something happened that was heard from this server.
    #[must_use]
    pub fn place(self, guild: GuildId) -> Where {
        match self {
            Self::Unknown => Where::Unknown,
            Self::In(home) if home == guild => Where::Here,
            Self::In(_) | Self::Nowhere => Where::Elsewhere,
        }
    }
}

impl DiscordEvent {
    /// The server where it happened, if it matters which one that is.
    #[must_use]
    pub const fn guild(&self) -> Option<GuildId> {
        match self {
            Self::Open { guild, .. }
            | Self::Close { guild, .. }
            | Self::SetUp { guild, .. }
            | Self::Explain { guild, .. }
            | Self::ChannelMade { guild, .. }
            | Self::Channels { guild, .. } => Some(*guild),
            Self::Private(_)
            | Self::Unknown(_)
            | Self::Ready { .. }
            | Self::PanelMade(_)
            | Self::PanelDeleted(_)
            | Self::PanelHidden(_)
            | Self::Left(_)
            | Self::ChannelGone(_) => None,
        }
    }

    /// What a person asked for, and in which channel, if this is what was heard.
    #[must_use]
    pub const fn request(&self) -> Option<(ChannelId, &Requester)> {
        match self {
            Self::Open { channel, requester, .. }
            | Self::Close { channel, requester, .. }
            | Self::SetUp { channel, requester, .. }
            | Self::Explain { channel, requester, .. } => Some((*channel, requester)),
            _ => None,
        }
    }
}

/// What was heard before the own server was known.
#[derive(Debug, Default)]
pub struct Held(Vec<DiscordEvent>);

impl Held {
    /// Keeps it; gives it back where too much is kept already.
    pub fn keep(&mut self, heard: DiscordEvent) -> Option<DiscordEvent> {
        if let DiscordEvent::Channels { guild, .. } = &heard {
            // The newest list counts.
            self.0.retain(|held| !matches!(held, DiscordEvent::Channels { guild: known, .. } if known == guild));
        }
        if self.0.len() >= MAX_HELD {
            return Some(heard);
        }
        self.0.push(heard);
        None
    }

    /// All of it, in the order in which it was heard.
    pub fn take_all(&mut self) -> Vec<DiscordEvent> {
        std::mem::take(&mut self.0)
    }

    /// The request with this intent, if it still waits.
    pub fn take(&mut self, request_id: RequestId) -> Option<DiscordEvent> {
        let asked =
            |heard: &DiscordEvent| heard.request().is_some_and(|(_, requester)| requester.request_id() == request_id);
        let found = self.0.iter().position(asked)?;
        Some(self.0.remove(found))
    }

    /// Whether anything is kept.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Which requests in other servers are answered.
#[derive(Debug, Default)]
pub struct Replies {
    last: HashMap<(UserId, ChannelId), SystemTime>,
}

impl Replies {
    /// Whether this request is answered. What is pressed always is, for the presser alone. What is written may be meant for
    /// another bot, and the answer is for all to see, so there is one in a while.
    pub fn wants(&mut self, channel: ChannelId, requester: &Requester) -> bool {
        match &requester.origin {
            Origin::Interaction(_) => true,
            Origin::Message { .. } => self.is_due((requester.user, channel), requester.at),
        }
    }

    fn is_due(&mut self, by: (UserId, ChannelId), now: SystemTime) -> bool {
        self.last.retain(|_, last| now.duration_since(*last).is_ok_and(|age| age < REPLY_INTERVAL));
        let due = !self.last.contains_key(&by);
        if due {
            self.last.insert(by, now);
        }
        due
    }
}
