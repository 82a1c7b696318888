//! One session: serenity's client on a thread and a runtime of its own, and the relay that stands before it.
//!
//! serenity keeps what a session needs to be resumed; the relay decides when it may try. A socket that serenity opens
//! waits on loopback until there is a connection to Discord behind it. When the session is lost, the thread ends, and
//! dropping its runtime ends all that serenity started there. A new session is a new client.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::SinkExt;
use secrecy::{ExposeSecret, SecretString};
use serenity::all::{GatewayIntents, Http, ShardManager, ShardManagerOptions};
use serenity::prelude::{RwLock, TypeMap};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, oneshot, watch};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::accept_hdr_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::EventHandler;
use super::backoff::{Backoff, random_name};
use super::close_code::Aftermath;
use super::relay::{Downstream, Limits, Relay, Session};
use super::report::Reporter;
use super::socket::{Cause, Connected, connect};
use crate::status::gateway::Stage;

/// Pauses before a session is resumed again that was cut soon after the last time.
pub(super) const RESUME_PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(120));
/// Pauses before the next attempt to open a socket. Such attempts cost Discord little, and people wait.
pub(super) const CONNECT_PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(8));
/// A connection that was live for so long was a good one: the next pause is the first again.
pub(super) const STABLE_AFTER: Duration = Duration::from_secs(60);
/// How long serenity may take to open its socket to the relay.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long the handshake of whoever connects there may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(1);
/// A session that could not be resumed so many times in a row is given up, and so is one whose address was out of reach
/// for so many attempts.
const MAX_FAILED_RESUMES: u32 = 4;
const MAX_FAILED_CONNECTS: u32 = 8;
/// After so many failed attempts, every other one goes to the address for new sessions.
const CONNECTS_TO_RESUME_URL: u32 = 2;
/// How long the goodbye may take.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);
/// How often the thread shows that it yields.
const BEAT: Duration = Duration::from_millis(500);

/// What a session needs.
#[derive(Clone)]
pub(super) struct SessionConfig {
    pub(super) token: SecretString,
    pub(super) url: String,
    pub(super) shard: u32,
    pub(super) shards: u32,
    pub(super) intents: GatewayIntents,
    pub(super) limits: Limits,
    pub(super) handler: EventHandler,
    pub(super) reporter: Reporter,
    /// The pauses before a session is resumed: as long as the sessions before this one made them.
    pub(super) resume_backoff: Backoff,
}

/// How a session ended.
#[derive(Debug)]
pub(super) enum SessionEnd {
    /// The bot is being stopped.
    Stopped,
    /// It was lost, or never began.
    Lost {
        cause: Cause,
        /// What Discord allows next; never to resume.
        next: Aftermath,
        /// How long the last connection was live, if it was.
        live_for: Option<Duration>,
        /// IDENTIFY may have been sent.
        identified: bool,
        /// The pauses before the next session is resumed.
        resume_backoff: Backoff,
    },
    /// The system gave no thread or socket.
    System(std::io::Error),
}

/// A session on its thread.
pub(super) struct Handle {
    pub(super) ended: oneshot::Receiver<SessionEnd>,
    /// Counts up as long as the thread yields.
    pub(super) beats: Arc<AtomicU64>,
}

/// Starts a session on a thread of its own.
pub(super) fn spawn(config: SessionConfig, stop: watch::Receiver<bool>) -> std::io::Result<Handle> {
    let (mut report, ended) = oneshot::channel();
    let beats = Arc::new(AtomicU64::new(0));
    let beating = Arc::clone(&beats);
    std::thread::Builder::new().name(format!("gateway-{}", config.shard)).spawn(move || {
        let end = run_thread(&config, stop, &beating, &mut report);
        drop(report.send(end));
    })?;
    Ok(Handle { ended, beats })
}

fn run_thread(
    config: &SessionConfig,
    mut stop: watch::Receiver<bool>,
    beats: &AtomicU64,
    report: &mut oneshot::Sender<SessionEnd>,
) -> SessionEnd {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return SessionEnd::System(error),
    };
    let end = runtime.block_on(async {
        tokio::select! {
            end = run(config, &mut stop) => end,
            () = beat(beats) => SessionEnd::Stopped,
            // It was taken for stuck, and another thread has its place.
            () = report.closed() => SessionEnd::Stopped,
        }
    });
    runtime.shutdown_background();
    end
}

async fn beat(beats: &AtomicU64) {
    loop {
        beats.fetch_add(1, Ordering::Relaxed);
        sleep(BEAT).await;
    }
}

async fn run(config: &SessionConfig, stop: &mut watch::Receiver<bool>) -> SessionEnd {
    let lost = |cause: Cause, live_for, identified, resume_backoff| {
        let next = match cause.aftermath() {
            Aftermath::Resume => Aftermath::Identify(Duration::ZERO),
            next => next,
        };
        SessionEnd::Lost { cause, next, live_for, identified, resume_backoff }
    };
    let mut connected = tokio::select! {
        opened = open(config, &config.url) => match opened {
            Ok(connected) => connected,
            Err(cause) => return lost(cause, None, false, config.resume_backoff),
        },
        () = stopped(stop) => return SessionEnd::Stopped,
    };
    let client = match Client::start(config).await {
        Ok(client) => client,
        Err(error) => return SessionEnd::System(error),
    };
    let (mut session, mut backoff) = (Session::default(), config.resume_backoff);
    let (mut identified, mut failed_resumes) = (false, 0);
    loop {
        let Connected { mut upstream, hello } = connected;
        let Ok(Some(mut downstream)) = timeout(CLIENT_TIMEOUT, client.accept()).await else {
            return lost(Cause::Client, None, identified, backoff);
        };
        identified = true;
        let (reporter, place, limits) = (&config.reporter, &config.handler.place, config.limits);
        let relay = Relay::new(&mut upstream, &mut downstream, &mut session, reporter, place, limits);
        let (cause, live_for) = tokio::select! {
            ended = relay.run(hello) => ended,
            () = stopped(stop) => {
                let goodbye = CloseFrame { code: CloseCode::Normal, reason: "".into() };
                let _ = timeout(CLOSE_TIMEOUT, upstream.close(Some(goodbye))).await;
                return SessionEnd::Stopped;
            }
        };
        if live_for.is_some_and(|live| live >= STABLE_AFTER) {
            backoff.reset();
        }
        failed_resumes = if live_for.is_some() { 0 } else { failed_resumes + 1 };
        if cause.aftermath() != Aftermath::Resume || !session.resumable || failed_resumes >= MAX_FAILED_RESUMES {
            return lost(cause, live_for, true, backoff);
        }
        drop(upstream);
        let pause = backoff.pause();
        config.reporter.enter(Stage::Waiting);
        config.reporter.failed(&cause, pause, "resuming the session");
        // serenity opens its next socket at once, and waits there. A clean code is what it says nothing about.
        let again = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        let _ = timeout(CLOSE_TIMEOUT, downstream.send(Message::Close(Some(again)))).await;
        drop(downstream);
        let url = session.resume_url.clone().filter(|url| is_as_safe(url, &config.url));
        let url = url.unwrap_or_else(|| config.url.clone());
        connected = tokio::select! {
            reopened = reopen(config, &url, pause) => match reopened {
                Ok(connected) => connected,
                Err(cause) => return lost(cause, None, true, backoff),
            },
            () = stopped(stop) => return SessionEnd::Stopped,
        };
    }
}

/// An encrypted session is not resumed in the clear.
fn is_as_safe(url: &str, than: &str) -> bool {
    (url.starts_with("ws://") && !than.starts_with("wss://")) || url.starts_with("wss://")
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // Without a sender there is nobody left to run for.
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn open(config: &SessionConfig, url: &str) -> Result<Connected, Cause> {
    connect(url, config.limits.stage, |stage| config.reporter.enter(stage)).await
}

/// Opens a socket for a session that is to be resumed: where READY wants it, and if nobody is there, where new sessions
/// begin, too.
async fn reopen(config: &SessionConfig, url: &str, pause: Duration) -> Result<Connected, Cause> {
    let mut backoff = Backoff::new(CONNECT_PAUSES.0, CONNECT_PAUSES.1);
    let mut pause = pause;
    // The first pause of a backoff is none, and has been spent.
    let _ = backoff.pause();
    let mut failed = 0;
    loop {
        sleep(pause).await;
        let elsewhere = failed >= CONNECTS_TO_RESUME_URL && failed % 2 == 0;
        match open(config, if elsewhere { &config.url } else { url }).await {
            Ok(connected) => return Ok(connected),
            Err(cause) if failed + 1 >= MAX_FAILED_CONNECTS => return Err(cause),
            Err(cause) => {
                failed += 1;
                pause = backoff.pause();
                config.reporter.enter(Stage::Waiting);
                config.reporter.failed(&cause, pause, "connecting again to resume the session");
            }
        }
    }
}

/// serenity's client for one shard, whose socket ends at the relay.
struct Client {
    listener: TcpListener,
    path: String,
    /// It ends when it is dropped.
    _shards: Arc<ShardManager>,
}

impl Client {
    async fn start(config: &SessionConfig) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let path = format!("/{}", random_name());
        let url = format!("ws://{}{path}", listener.local_addr()?);
        let (shards, _) = ShardManager::new(ShardManagerOptions {
            data: Arc::new(RwLock::new(TypeMap::new())),
            event_handlers: Vec::new(),
            raw_event_handlers: vec![Arc::new(config.handler.clone())],
            shard_index: 0,
            shard_init: 0,
            shard_total: 0,
            ws_url: Arc::new(Mutex::new(url)),
            // Requests go through `discord`; serenity takes the token from here.
            http: Arc::new(Http::new(config.token.expose_secret())),
            intents: config.intents,
            presence: None,
        });
        shards.set_shards(config.shard, 1, config.shards).await;
        shards.initialize().map_err(std::io::Error::other)?;
        Ok(Self { listener, path, _shards: shards })
    }

    /// serenity's next socket; `None` if the system gives none. Others who find the port do not know the path.
    async fn accept(&self) -> Option<Downstream> {
        loop {
            let (stream, _) = self.listener.accept().await.ok()?;
            let _ = stream.set_nodelay(true);
            #[expect(clippy::result_large_err, reason = "the library's type")]
            let check = |request: &Request, response: Response| {
                if request.uri().path() == self.path {
                    return Ok(response);
                }
                let mut refused = ErrorResponse::new(None);
                *refused.status_mut() = StatusCode::NOT_FOUND;
                Err(refused)
            };
            if let Ok(Ok(downstream)) = timeout(HANDSHAKE_TIMEOUT, accept_hdr_async(stream, check)).await {
                return Some(downstream);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encrypted_session_is_not_resumed_in_the_clear() {
        assert!(is_as_safe("wss://resume", "wss://gateway") && is_as_safe("ws://resume", "ws://gateway"));
        assert!(!is_as_safe("ws://resume", "wss://gateway") && !is_as_safe("http://resume", "ws://gateway"));
    }
}
