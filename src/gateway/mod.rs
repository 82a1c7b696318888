//! What we hear: Discord's events become our own words at this door.
//!
//! serenity's client hears them, on a thread of its own, behind a relay that bounds what Discord and the network may do:
//!
//! ```text
//! supervisor.rs    keeps each shard connected: pauses, Discord's limit on new sessions, what cannot be mended
//! └── session.rs   a thread and a runtime: serenity's client, and the connections of one session
//!     ├── socket.rs   opens the socket to Discord (whose certificates: trust.rs), and names why one ended
//!     └── relay.rs    carries frames between Discord and serenity, and bounds each stage (which ones: filter.rs)
//! meaning.rs, unread.rs    events → `Heard`
//! setup.rs                 events after which the panel channel, a role or a right may be gone
//! ```
//!
//! serenity starts each handler as a task of its own. On a current-thread runtime they begin in the order of the events,
//! so what is cast to the supervisor before the first wait keeps that order. Nothing here waits before that.

pub(crate) mod backoff;
mod close;
mod filter;
mod frame;
mod identify;
mod meaning;
mod relay;
mod report;
mod session;
mod setup;
mod socket;
mod supervisor;
mod trust;
mod unread;

use std::sync::Arc;
use std::time::Duration;

use ractor::ActorRef;
use secrecy::SecretString;
use serenity::all::{Context, Event, RawEventHandler};
use serenity::async_trait;

use crate::actors::supervisor::SupervisorMsg;
use crate::actors::{Heard, clock};
use crate::discord::{BotGateway, Place};
use crate::memory;
use crate::status::Status;
use crate::status::gateway::GatewayStatus;

pub use close::GatewayError;
pub use meaning::meaning;
pub use supervisor::listen;

/// When a server has been read and all that follows from it is done.
const READ: Duration = Duration::from_secs(1);

/// Where to listen, and how.
pub struct ConnectionConfig {
    /// The bot's token.
    pub token: SecretString,
    /// The gateway's address, the number of shards Discord wants, and how many sessions may begin.
    pub gateway: BotGateway,
    /// Discord will tell us what is written, as far as is known.
    pub content: bool,
    /// How long each stage of a connection may take: opening the socket, HELLO, READY or RESUMED. A live session is given
    /// up after 1.2 times as long without a word.
    pub stage_limit: Duration,
    /// Where it is kept how the connections are.
    pub status: Arc<GatewayStatus>,
}

/// Turns events into messages to the supervisor.
#[derive(Clone)]
pub struct EventHandler {
    /// Who routes what was heard.
    pub supervisor: ActorRef<SupervisorMsg>,
    /// What makes a channel a ticket, and who is support.
    pub place: Place,
    /// Who is told when what the bot is set up with may have changed.
    pub status: Arc<Status>,
}

#[async_trait]
impl RawEventHandler for EventHandler {
    async fn raw_event(&self, _context: Context, event: Event) {
        note(&event);
        setup::notice(&event, &self.place, &self.status.setup);
        if let Event::Ready(_) | Event::Resumed(_) = event {
            let _ = self.supervisor.cast(SupervisorMsg::Connected { resumed: matches!(event, Event::Resumed(_)) });
        }
        let Some(heard) = meaning(event, &self.place, clock::now()) else { return };
        let large = matches!(heard, Heard::Channels { .. });
        if self.supervisor.cast(SupervisorMsg::Hear(heard)).is_err() {
            tracing::debug!("an event came after the end and was not heard");
        }
        // To read its channels, the library has made ten times as much of them.
        if large {
            tokio::time::sleep(READ).await;
            memory::give_back();
        }
    }
}

/// What the operator wants to know of the connection.
fn note(event: &Event) {
    match event {
        Event::Ready(event) => {
            tracing::info!(bot = %event.ready.user.name, servers = event.ready.guilds.len(), "connected to Discord");
        }
        Event::Resumed(_) => tracing::info!("connected to Discord again, with nothing missed"),
        Event::GuildCreate(event) => {
            tracing::info!(guild = %event.guild.id, channels = event.guild.channels.len(), "the server is here");
        }
        Event::GuildDelete(event) if event.guild.unavailable => {
            tracing::warn!(guild = %event.guild.id, "Discord has lost sight of the server for now; its tickets stay");
        }
        Event::GuildDelete(event) => {
            tracing::warn!(guild = %event.guild.id, "the bot is not in the server any more; its tickets stay, should it come back");
        }
        _ => {}
    }
}

/// Where the tests of this room are: a bot that speaks to everybody in their own language.
#[cfg(test)]
const PLACE: Place = Place { locale: crate::language::Locale::Auto, ..Place::EXAMPLE };
