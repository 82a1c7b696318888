//! Who is alive.
//!
//! ```text
//! Supervisor          one: owns the registry, routes, restores, restarts, drains
//! ├── Panel           one: keeps the message with the button in place, and the slash commands
//! ├── Journal         one: keeps the journal short, and tells from it
//! ├── Scheduler       one: loads the tickets whose time has come
//! ├── Watchdog        one: polls the supervisor, and reports readiness and liveness, and tells log and service manager
//! └── Ticket …        one per member with something going on
//!     └── calls       its requests to Discord, which end with it
//! ```
//!
//! The supervisor is the only one that tells tickets what was heard, so whatever a member does passes one mailbox in one
//! order. It never waits for Discord or the disk. A quiet ticket has no actor: it is a row and an entry in the registry.

pub mod admin_status;
pub mod clock;
pub mod health_check;
pub mod home;
pub mod journal;
mod outage;
pub mod panel;
mod recent;
mod registry;
mod repeats;
mod report;
pub mod router;
pub mod scheduler;
#[cfg(test)]
mod secrets;
pub mod service_manager;
pub mod settings;
pub mod singletons;
pub mod supervisor;
pub mod ticket;
pub mod watchdog;

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;

use crate::actors::admin_status::AdminStatuses;
use crate::actors::settings::CurrentSettings;
use crate::discord::Client;
use crate::ids::{ChannelId, GuildId, MessageId, RoleId, TicketId};
use crate::lifecycle::{ChannelCandidate, Outcome, Request, Requester};
use crate::metrics::Metrics;
use crate::status::Status;
use crate::store::Store;

/// The world outside, as actors reach it.
pub struct Services {
    /// What we ask of Discord.
    pub client: Client,
    /// What survives a restart.
    pub store: Store,
    /// What the server's settings decide.
    pub settings: CurrentSettings,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// How the bot is doing.
    pub status: Arc<Status>,
    /// Who is an administrator, and who asks that again and again.
    pub standings: AdminStatuses,
}

impl Services {
    /// Sees to it that no number is given that a channel shows already: after the store was restored from a backup, the
    /// numbers given since then are not known to it.
    pub(crate) fn reserve_numbers(&self, guild: GuildId, channels: &[ChannelCandidate]) {
        if let Some(number) = channels.iter().filter_map(|candidate| candidate.number).max() {
            self.store.reserve_numbers(TicketId { guild, number });
        }
    }
}

/// What was heard from Discord, in our own words.
#[derive(Debug)]
pub enum DiscordEvent {
    /// A member wants a ticket.
    Open {
        /// Where.
        guild: GuildId,
        /// The channel they pressed or said it in.
        channel: ChannelId,
        /// Who.
        requester: Requester,
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
        requester: Requester,
        /// They hold a role of the staff.
        support: bool,
        /// They are an administrator, as far as Discord said so.
        administrator: bool,
    },
    /// Somebody wants the panel looked after.
    SetUp {
        /// Where.
        guild: GuildId,
        /// The channel they asked in.
        channel: ChannelId,
        /// Who.
        requester: Requester,
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
        requester: Requester,
        /// Whether they may.
        rank: Rank,
    },
    /// Somebody pressed a button or used a slash command in a private message, where there is no server.
    Private(Requester),
    /// Somebody used a button, menu, form or command that the bot does not know: of another version, or of a feature that
    /// is off.
    Unknown(Requester),
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
        candidate: ChannelCandidate,
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
        candidates: Vec<ChannelCandidate>,
        /// The panel's channel is one of them.
        home: bool,
    },
}

/// What is known of somebody's place in the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rank {
    /// Discord said with their use of a slash command whether they are an administrator.
    Known {
        /// They are.
        administrator: bool,
    },
    /// Their roles, which tell it to whoever asks Discord for the rest.
    Roles(Vec<RoleId>),
}

/// Makes one call. A panic in it is an unknown outcome like any other: whoever waits for the answer must get one.
async fn perform(services: Arc<Services>, call: Request) -> Outcome {
    let asked = AssertUnwindSafe(services.client.execute(&call)).catch_unwind().await;
    let answer = asked.unwrap_or_else(|_| {
        tracing::error!(call = call.name(), "a call panicked; its outcome is taken as unknown");
        Outcome::Indeterminate
    });
    match answer {
        Outcome::Channels(channels) => mark_owned(&services.store, channels).await,
        answer => answer,
    }
}

/// Discord does not know whose a channel is; the store does.
async fn mark_owned(store: &Store, mut channels: Vec<ChannelCandidate>) -> Outcome {
    let ids: Vec<ChannelId> = channels.iter().map(|candidate| candidate.channel).collect();
    match store.owned(&ids).await {
        Ok(owned) => {
            for candidate in &mut channels {
                candidate.owned = owned.iter().any(|(channel, _)| *channel == candidate.channel);
            }
            Outcome::Channels(channels)
        }
        Err(error) => {
            tracing::error!(%error, "cannot read which channels are tickets; trying again");
            Outcome::Indeterminate
        }
    }
}
