//! Who is alive.
//!
//! ```text
//! Supervisor          one: owns the registry, routes, restores, restarts, drains
//! ├── Panel           one: keeps the message with the button in place, and the slash commands
//! ├── Clerk           one: keeps the journal short, and tells from it
//! ├── Scheduler       one: loads the tickets whose time has come
//! ├── Pulse           one: looks whether the house is well, and tells log and service manager
//! └── Ticket …        one per member with something going on
//!     └── calls       its requests to Discord, which end with it
//! ```
//!
//! The supervisor is the only one that tells tickets what was heard, so whatever a member does passes one mailbox in one
//! order. It never waits for Discord or the disk. A quiet ticket has no actor: it is a row and an entry in the registry.

pub mod clerk;
pub mod clock;
pub mod health_check;
pub mod home;
mod outage;
pub mod panel;
pub mod pulse;
mod recent;
mod registry;
mod repeats;
mod report;
pub mod router;
pub mod scheduler;
#[cfg(test)]
mod secrets;
pub mod service_manager;
pub mod staff;
pub mod standings;
pub mod supervisor;
pub mod ticket;

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;

use crate::actors::standings::Standings;
use crate::discord::Client;
use crate::ids::{ChannelId, GuildId, MessageId, RoleId, TicketId};
use crate::lifecycle::{Answer, Asker, Call, Rules, Sighting};
use crate::metrics::Metrics;
use crate::status::Status;
use crate::store::Store;

/// The world outside, as actors reach it.
pub struct Outside {
    /// What we ask of Discord.
    pub client: Client,
    /// What survives a restart.
    pub store: Store,
    /// What the operator decided.
    pub rules: Rules,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// How the bot is doing.
    pub status: Arc<Status>,
    /// Who is an administrator, and who asks that again and again.
    pub standings: Standings,
}

impl Outside {
    /// Sees to it that no number is given that a channel shows already: after the store was restored from a backup, the
    /// numbers given since then are not known to it.
    pub(crate) fn reserve_numbers(&self, guild: GuildId, channels: &[Sighting]) {
        if let Some(number) = channels.iter().filter_map(|sighting| sighting.number).max() {
            self.store.reserve_numbers(TicketId { guild, number });
        }
    }
}

/// What was heard from Discord, in our own words.
#[derive(Debug)]
pub enum Heard {
    /// A member wants a ticket.
    Open {
        /// Where.
        guild: GuildId,
        /// The channel they pressed or said it in.
        channel: ChannelId,
        /// Who.
        asker: Asker,
        /// The member's name.
        name: String,
    },
    /// Somebody wants a ticket closed.
    Close {
        /// Where.
        guild: GuildId,
        /// The channel they pressed or said it in.
        channel: ChannelId,
        /// Who.
        asker: Asker,
        /// They hold the support role.
        support: bool,
    },
    /// Somebody wants the panel looked after.
    SetUp {
        /// Where.
        guild: GuildId,
        /// The channel they asked in.
        channel: ChannelId,
        /// Who.
        asker: Asker,
        /// Whether they may.
        rank: Rank,
    },
    /// Somebody wants to know a ticket's story.
    Explain {
        /// Where.
        guild: GuildId,
        /// The channel they asked in.
        channel: ChannelId,
        /// Who.
        asker: Asker,
        /// Whether they may.
        rank: Rank,
    },
    /// Somebody pressed a button or used a slash command in a private message, where there is no server.
    Private(Asker),
    /// Somebody used a button, menu, form or command that the bot does not know: of another version, or of a feature that
    /// is off.
    Unknown(Asker),
    /// A new connection: the bot is in these servers, and each is going to tell its channels.
    Ready {
        /// The servers.
        guilds: Vec<GuildId>,
    },
    /// A panel message of the bot's own has appeared in the panel channel.
    PanelMade(MessageId),
    /// Messages were deleted in the panel's channel.
    PanelDeleted(Vec<MessageId>),
    /// The embeds of this message in the panel's channel were hidden.
    PanelHidden(MessageId),
    /// The bot is not in this server any more.
    Left(GuildId),
    /// A channel was deleted.
    ChannelGone(ChannelId),
    /// A channel was made that carries our mark.
    ChannelMade {
        /// Where.
        guild: GuildId,
        /// What it looks like.
        sighting: Sighting,
    },
    /// All channels of a server, as Discord tells them on every new connection.
    Channels {
        /// The server.
        guild: GuildId,
        /// What people call it.
        name: String,
        /// All of them.
        all: HashSet<ChannelId>,
        /// Those that may be tickets.
        sightings: Vec<Sighting>,
        /// The panel's channel is one of them.
        home: bool,
    },
}

/// What is known of somebody's place in the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rank {
    /// Discord said with their use of a slash command whether they are an administrator.
    Told {
        /// They are.
        administrator: bool,
    },
    /// Their roles, which tell it to whoever asks Discord for the rest.
    Roles(Vec<RoleId>),
}

/// Makes one call. A panic in it is an unknown outcome like any other: whoever waits for the answer must get one.
async fn perform(outside: Arc<Outside>, call: Call) -> Answer {
    let asked = AssertUnwindSafe(outside.client.execute(&call)).catch_unwind().await;
    let answer = asked.unwrap_or_else(|_| {
        tracing::error!(call = call.name(), "a call panicked; its outcome is taken as unknown");
        Answer::Unknown
    });
    match answer {
        Answer::Channels(channels) => mark_owned(&outside.store, channels).await,
        answer => answer,
    }
}

/// Discord does not know whose a channel is; the store does.
async fn mark_owned(store: &Store, mut channels: Vec<Sighting>) -> Answer {
    let ids: Vec<ChannelId> = channels.iter().map(|sighting| sighting.channel).collect();
    match store.owned(&ids).await {
        Ok(owned) => {
            for sighting in &mut channels {
                sighting.owned = owned.iter().any(|(channel, _)| *channel == sighting.channel);
            }
            Answer::Channels(channels)
        }
        Err(error) => {
            tracing::error!(%error, "cannot read which channels are tickets; trying again");
            Answer::Unknown
        }
    }
}
