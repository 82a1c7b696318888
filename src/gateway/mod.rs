//! What we hear: Discord's events become our own words at this door.
//!
//! Serenity starts each handler as a task of its own. On a current-thread runtime they begin in the order of the events,
//! so what is cast to the supervisor before the first wait keeps that order. Nothing here waits before that.

mod meaning;
mod unread;
mod watch;

use std::fmt;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use ractor::ActorRef;
use secrecy::{ExposeSecret, SecretString};
use serenity::all::{ClientBuilder, Context, Event, GatewayError, GatewayIntents, HttpBuilder, RawEventHandler};
use serenity::async_trait;

use crate::actors::supervisor::SupervisorMsg;
use crate::actors::{Heard, clock};
use crate::discord::{Gateway, Place};
use crate::memory;

use crate::status::gateway as status;

pub use meaning::meaning;

/// What Discord has to tell us: channels that come and go, and messages, of which it always tells our own in full. Presses
/// and slash commands it tells everybody.
const NEEDED: GatewayIntents = GatewayIntents::GUILDS.union(GatewayIntents::GUILD_MESSAGES);
/// What others write, too, commands being messages. It is privileged: it has to be switched on in the application's
/// settings.
const WRITTEN: GatewayIntents = GatewayIntents::MESSAGE_CONTENT;

/// When a server has been read and all that follows from it is done.
const READ: Duration = Duration::from_secs(1);
/// How long closing the connection may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// Why the gateway was given up for good.
#[derive(Debug)]
pub enum Hangup {
    /// 4004: the token is not valid (any more).
    Token,
    /// 4014: an intent is not switched on for the application.
    Intents,
    /// Anything else the library does not recover from.
    Other(serenity::Error),
}

impl fmt::Display for Hangup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token => f.write_str(
                "Discord does not accept the token; make a new one in the Developer Portal (Bot, Reset Token) \
                 and put it into DISCORD_TOKEN",
            ),
            Self::Intents => f.write_str(
                "Discord refuses what the bot asks to be told; look at its intents in the Developer Portal \
                 (Bot, Privileged Gateway Intents)",
            ),
            Self::Other(error) => write!(f, "the connection to Discord's gateway cannot be kept: {error}"),
        }
    }
}

impl std::error::Error for Hangup {}

impl From<serenity::Error> for Hangup {
    fn from(error: serenity::Error) -> Self {
        match error {
            serenity::Error::Gateway(GatewayError::InvalidAuthentication) => Self::Token,
            serenity::Error::Gateway(GatewayError::DisallowedGatewayIntents) => Self::Intents,
            error => Self::Other(error),
        }
    }
}

/// Where to listen.
pub struct Line {
    /// The bot's token.
    pub token: SecretString,
    /// What stands in for Discord, if anything does.
    pub proxy: Option<String>,
    /// The gateway's address and the number of shards Discord wants.
    pub gateway: Gateway,
    /// Discord will tell us what is written, as far as is known.
    pub content: bool,
    /// Where the connection's stages are written down.
    pub status: Arc<status::GatewayStatus>,
}

/// Listens until `stop`, or until Discord will not have us. If it only will not tell us what is written, written commands
/// are lost and everything else goes on.
pub async fn listen(mut line: Line, ear: Ear, stop: impl Future<Output = ()>) -> Result<(), Hangup> {
    let mut stop = pin!(stop);
    if line.content {
        match connect(&line, ear.clone(), stop.as_mut()).await {
            Err(Hangup::Intents) => line.content = false,
            ended => return ended,
        }
    }
    tracing::warn!(
        "Discord does not tell the bot what people write, so !ticket, !close, !setuptickets and !explain are not heard; the \
         buttons, /ticket, /close and /setuptickets work. To have both, switch it on in the Developer Portal (Bot, Privileged \
         Gateway Intents, Message Content Intent) and start the bot again"
    );
    connect(&line, ear, stop).await
}

async fn connect(line: &Line, ear: Ear, stop: Pin<&mut impl Future<Output = ()>>) -> Result<(), Hangup> {
    let mut net = reqwest::Client::builder().connect_timeout(Duration::from_secs(5)).timeout(Duration::from_secs(15));
    if line.proxy.is_some() {
        net = net.no_proxy();
    }
    let net = net.build().map_err(|error| Hangup::Other(serenity::Error::Http(error.into())))?;
    // It asks for the gateway's address once more, and nothing else; our own requests go through `discord`.
    let mut http = HttpBuilder::new(line.token.expose_secret()).client(net).ratelimiter_disabled(true);
    if let Some(proxy) = &line.proxy {
        http = http.proxy(proxy);
    }
    let intents = if line.content { NEEDED | WRITTEN } else { NEEDED };
    line.status.set_shards(line.gateway.shards);
    let mut client = ClientBuilder::new_with_http(http.build(), intents).raw_event_handler(ear).await?;
    // The library would go to the public address.
    (*client.ws_url.lock().await).clone_from(&line.gateway.url);
    let shards = Arc::clone(&client.shard_manager);
    tokio::select! {
        ended = client.start_shards(line.gateway.shards) => ended.map_err(Hangup::from),
        never = watch::watch(&shards, &line.status) => match never {},
        () = stop => {
            // It hangs when no shard is up, and no close frame is worth waiting for.
            let _ = tokio::time::timeout(GOODBYE, shards.shutdown_all()).await;
            Ok(())
        }
    }
}

/// The ear: turns events into messages to the supervisor.
#[derive(Clone)]
pub struct Ear {
    /// Who routes what was heard.
    pub supervisor: ActorRef<SupervisorMsg>,
    /// What makes a channel a ticket, and who is support.
    pub place: Place,
}

#[async_trait]
impl RawEventHandler for Ear {
    async fn raw_event(&self, _context: Context, event: Event) {
        note(&event);
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
