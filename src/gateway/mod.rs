//! The connection to Discord's gateway, and the translation of its events into [`DiscordEvent`].
//!
//! serenity's client receives the events on a thread of its own, behind a relay that bounds what Discord and the network
//! can do to it:
//!
//! ```text
//! supervisor.rs    keeps each shard connected: backoff, the limit on new sessions, fatal close codes
//! └── session.rs   a thread and a runtime: serenity's client and the connections of one session
//!     ├── socket.rs   opens the WebSocket to Discord (trusted certificates: tls.rs) and classifies disconnects
//!     └── relay.rs    relays frames between Discord and serenity (which ones: filter.rs) and bounds each stage
//! translate.rs, tolerant.rs    events → `DiscordEvent`
//! setup_events.rs              events after which the setup has to be checked
//! ```
//!
//! serenity spawns a task per event. On a current-thread runtime these tasks start in the order of the events, so whatever
//! is cast to the supervisor before the first `.await` keeps that order. No handler awaits anything before that.

pub(crate) mod backoff;
mod close_code;
mod filter;
mod frame;
mod identify_limit;
mod relay;
mod report;
mod session;
mod setup_events;
mod socket;
mod supervisor;
mod tls;
mod tolerant;
mod translate;

use std::sync::Arc;
use std::time::Duration;

use ractor::ActorRef;
use secrecy::SecretString;
use serenity::all::{Context, Event, RawEventHandler};
use serenity::async_trait;

use crate::actors::Services;
use crate::actors::supervisor::SupervisorMsg;
use crate::actors::{DiscordEvent, clock};
use crate::discord::{BotGateway, Place};
use crate::memory;
use crate::status::Status;
use crate::status::gateway::GatewayStatus;

pub use close_code::GatewayError;
pub use supervisor::run_shards;
pub use translate::translate;

/// How long after a server's channel list to release memory: by then the supervisor has processed the list.
const RELEASE_DELAY: Duration = Duration::from_secs(1);

/// The configuration of all gateway connections.
pub struct ConnectionConfig {
    /// The bot's token.
    pub token: SecretString,
    /// The response to `GET /gateway/bot`: URL, recommended number of shards and `session_start_limit`.
    pub gateway: BotGateway,
    /// Whether to request the message content intent.
    pub message_content: bool,
    /// How long each stage of a connection may take: opening the socket, HELLO, READY or RESUMED. A live session is
    /// abandoned after 1.2 times as long without any frame.
    pub stage_limit: Duration,
    /// Receives the state of the connections.
    pub status: Arc<GatewayStatus>,
}

/// Translates serenity's events and casts them to the supervisor.
#[derive(Clone)]
pub struct EventHandler {
    /// The supervisor actor, which routes the events.
    pub supervisor: ActorRef<SupervisorMsg>,
    /// The configured ids, by which frames are told apart before they are parsed.
    pub place: Place,
    /// Has the ids that the settings in force give, by which events are translated.
    pub services: Arc<Services>,
    /// Receives requests for a setup check.
    pub status: Arc<Status>,
}

#[async_trait]
impl RawEventHandler for EventHandler {
    async fn raw_event(&self, _context: Context, event: Event) {
        log_event(&event);
        let place = self.services.client.place();
        setup_events::observe_event(&event, &place, &self.status.setup);
        if let Event::Ready(_) | Event::Resumed(_) = event {
            let _ = self.supervisor.cast(SupervisorMsg::Connected { resumed: matches!(event, Event::Resumed(_)) });
        }
        let Some(heard) = translate(event, &place, clock::now()) else { return };
        let is_large = matches!(heard, DiscordEvent::Channels { .. });
        if self.supervisor.cast(SupervisorMsg::Hear(heard)).is_err() {
            tracing::debug!("the supervisor has stopped; dropping an event");
        }
        // Parsing the channel list has taken about ten times its size.
        if is_large {
            tokio::time::sleep(RELEASE_DELAY).await;
            memory::release_unused();
        }
    }
}

/// Logs the events that an operator wants to see.
fn log_event(event: &Event) {
    match event {
        Event::Ready(event) => {
            tracing::info!(bot = %event.ready.user.name, servers = event.ready.guilds.len(), "connected to Discord");
        }
        Event::Resumed(_) => tracing::info!("session resumed; no events were missed"),
        Event::GuildCreate(event) => {
            tracing::info!(guild = %event.guild.id, channels = event.guild.channels.len(), "guild available");
        }
        Event::GuildDelete(event) if event.guild.unavailable => {
            tracing::warn!(guild = %event.guild.id, "guild unavailable; keeping its tickets");
        }
        Event::GuildDelete(event) => {
            tracing::warn!(guild = %event.guild.id, "the bot was removed from this guild; tickets it has there are kept in case it returns");
        }
        _ => {}
    }
}

/// The configuration in this module's tests: replies are in the language of each member.
#[cfg(test)]
const PLACE: Place = Place { locale: crate::language::Locale::Auto, ..Place::EXAMPLE };
