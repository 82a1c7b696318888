//! Runs one gateway session: serenity's client on a thread and a runtime of its own, connected to Discord through the relay.
//!
//! serenity stores the session id and sends RESUME; the relay decides when. A socket that serenity opens waits on loopback
//! until there is a connection to Discord behind it. When the session is lost, the thread ends, and dropping its runtime
//! cancels every task that serenity has spawned there. A new session gets a new client.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serenity::all::{GatewayIntents, Http, ShardManager, ShardManagerOptions};
use serenity::prelude::{RwLock, TypeMap};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, oneshot, watch};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

use super::EventHandler;
use super::backoff::{Backoff, generate_path_segment};
use super::close_code::ReconnectAction;
use super::relay::{Downstream, Relay, RelayLimits, SessionState};
use super::report::ShardReporter;
use super::socket::{DisconnectCause, UpstreamConnection, connect_upstream};
use crate::status::gateway::Stage;

/// Pauses before a RESUME when the previous connections did not last: the first one and the longest.
pub(super) const RESUME_PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(120));
/// Pauses before the next attempt to open a socket: the first one and the longest. They are short because an attempt costs
/// Discord little and members are waiting.
pub(super) const CONNECT_PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(8));
/// A connection that was live for this long resets the backoff.
pub(super) const STABLE_AFTER: Duration = Duration::from_secs(60);
/// How long serenity may take to open its socket to the relay.
const ACCEPT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a client on loopback may take for its WebSocket handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(1);
/// Limits after which a session is given up: failed RESUMEs in a row, and failed attempts to open a socket in a row.
const MAX_FAILED_RESUMES: u32 = 4;
const MAX_FAILED_CONNECTS: u32 = 8;
/// Attempts to open a socket that all go to `resume_gateway_url`. After them every other one goes to the URL for new
/// sessions.
const RESUME_URL_ATTEMPTS: u32 = 2;
/// How long sending a close frame may take.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);
/// How often the thread increments its liveness counter.
const TICK_INTERVAL: Duration = Duration::from_millis(500);

/// The configuration of one session.
#[derive(Clone)]
pub(super) struct SessionConfig {
    pub(super) token: SecretString,
    pub(super) url: String,
    pub(super) shard: u32,
    pub(super) shards: u32,
    pub(super) intents: GatewayIntents,
    pub(super) limits: RelayLimits,
    pub(super) handler: EventHandler,
    pub(super) reporter: ShardReporter,
    /// The backoff before a RESUME, carried over from the previous session.
    pub(super) resume_backoff: Backoff,
}

/// How a session ended.
#[derive(Debug)]
pub(super) enum SessionEnd {
    /// The bot is being stopped.
    Stopped,
    /// The session was lost or never began.
    Lost {
        cause: DisconnectCause,
        /// How to reconnect; never `Resume`.
        next: ReconnectAction,
        /// How long the last connection was live, if it became live.
        live_for: Option<Duration>,
        /// Whether IDENTIFY may have been sent.
        identified: bool,
        /// The backoff for the next session.
        resume_backoff: Backoff,
    },
    /// The operating system refused a runtime or a socket.
    System(std::io::Error),
}

impl SessionEnd {
    /// A lost session. The next one is a new one, even if the cause alone would permit to resume.
    fn from_cause(
        cause: DisconnectCause,
        live_for: Option<Duration>,
        identified: bool,
        resume_backoff: Backoff,
    ) -> Self {
        let next = match cause.reconnect_action() {
            ReconnectAction::Resume => ReconnectAction::Identify(Duration::ZERO),
            next => next,
        };
        Self::Lost { cause, next, live_for, identified, resume_backoff }
    }
}

/// A handle to the thread of a session.
pub(super) struct SessionThread {
    pub(super) ended: oneshot::Receiver<SessionEnd>,
    /// Liveness counter: grows as long as the thread's runtime polls its tasks.
    pub(super) ticks: Arc<AtomicU64>,
}

/// Spawns the thread of a session.
pub(super) fn spawn_session(config: SessionConfig, stop: watch::Receiver<bool>) -> std::io::Result<SessionThread> {
    let (mut report, ended) = oneshot::channel();
    let ticks = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&ticks);
    std::thread::Builder::new().name(format!("gateway-{}", config.shard)).spawn(move || {
        let end = run_on_thread(&config, stop, &counter, &mut report);
        drop(report.send(end));
    })?;
    Ok(SessionThread { ended, ticks })
}

fn run_on_thread(
    config: &SessionConfig,
    mut stop: watch::Receiver<bool>,
    ticks: &AtomicU64,
    report: &mut oneshot::Sender<SessionEnd>,
) -> SessionEnd {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return SessionEnd::System(error),
    };
    let end = runtime.block_on(async {
        tokio::select! {
            end = run_session(config, &mut stop) => end,
            () = count_ticks(ticks) => SessionEnd::Stopped,
            // The supervisor considered this thread stuck and has replaced it.
            () = report.closed() => SessionEnd::Stopped,
        }
    });
    runtime.shutdown_background();
    end
}

async fn count_ticks(ticks: &AtomicU64) {
    loop {
        ticks.fetch_add(1, Ordering::Relaxed);
        sleep(TICK_INTERVAL).await;
    }
}

async fn run_session(config: &SessionConfig, stop: &mut watch::Receiver<bool>) -> SessionEnd {
    let mut connected = tokio::select! {
        opened = open_upstream(config, &config.url) => match opened {
            Ok(connected) => connected,
            Err(cause) => return SessionEnd::from_cause(cause, None, false, config.resume_backoff),
        },
        () = wait_for_stop(stop) => return SessionEnd::Stopped,
    };
    let client = match SerenityClient::start(config).await {
        Ok(client) => client,
        Err(error) => return SessionEnd::System(error),
    };
    let (mut session, mut backoff) = (SessionState::default(), config.resume_backoff);
    let (mut identified, mut failed_resumes) = (false, 0);
    loop {
        let UpstreamConnection { mut upstream, hello } = connected;
        let Ok(Some(mut downstream)) = timeout(ACCEPT_TIMEOUT, client.accept_socket()).await else {
            return SessionEnd::from_cause(DisconnectCause::ClientLost, None, identified, backoff);
        };
        identified = true;
        let (reporter, place, limits) = (&config.reporter, &config.handler.place, config.limits);
        let relay = Relay::new(&mut upstream, &mut downstream, &mut session, reporter, place, limits);
        let (cause, live_for) = tokio::select! {
            ended = relay.run(hello) => ended,
            () = wait_for_stop(stop) => {
                close_socket(&mut upstream).await;
                return SessionEnd::Stopped;
            }
        };
        if live_for.is_some_and(|live| live >= STABLE_AFTER) {
            backoff.reset();
        }
        failed_resumes = if live_for.is_some() { 0 } else { failed_resumes + 1 };
        if cause.reconnect_action() != ReconnectAction::Resume
            || !session.resumable
            || failed_resumes >= MAX_FAILED_RESUMES
        {
            return SessionEnd::from_cause(cause, live_for, true, backoff);
        }
        drop(upstream);
        let pause = backoff.next_pause();
        config.reporter.enter_stage(Stage::Waiting);
        config.reporter.report_disconnect(&cause, pause, "resuming the session");
        // serenity opens its next socket at once and waits there. After a normal close code it logs no warning.
        close_socket(&mut downstream).await;
        drop(downstream);
        let resume_url = session.resume_url.as_ref().filter(|url| is_as_secure(url, &config.url));
        let url = resume_url.unwrap_or(&config.url);
        connected = tokio::select! {
            reopened = reopen_upstream(config, url, pause) => match reopened {
                Ok(connected) => connected,
                Err(cause) => return SessionEnd::from_cause(cause, None, true, backoff),
            },
            () = wait_for_stop(stop) => return SessionEnd::Stopped,
        };
    }
}

/// Sends a close frame with the normal code, within [`CLOSE_TIMEOUT`].
async fn close_socket<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut WebSocketStream<S>) {
    let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
    let _ = timeout(CLOSE_TIMEOUT, socket.close(Some(frame))).await;
}

/// Whether `url` is encrypted if `original` is: an encrypted session is not resumed over a plain connection.
fn is_as_secure(url: &str, original: &str) -> bool {
    (url.starts_with("ws://") && !original.starts_with("wss://")) || url.starts_with("wss://")
}

async fn wait_for_stop(stop: &mut watch::Receiver<bool>) {
    // A dropped sender means that the supervisor is gone, which is a stop, too.
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn open_upstream(config: &SessionConfig, url: &str) -> Result<UpstreamConnection, DisconnectCause> {
    connect_upstream(url, config.limits.stage, |stage| config.reporter.enter_stage(stage)).await
}

/// Opens a socket for a RESUME: at `url`, which READY has named, and after some failures also at the URL for new sessions.
async fn reopen_upstream(
    config: &SessionConfig,
    url: &str,
    pause: Duration,
) -> Result<UpstreamConnection, DisconnectCause> {
    let mut backoff = Backoff::new(CONNECT_PAUSES.0, CONNECT_PAUSES.1);
    let mut pause = pause;
    // The first pause of a backoff is zero; `pause` replaces it.
    let _ = backoff.next_pause();
    let mut failed = 0;
    loop {
        sleep(pause).await;
        let use_fallback = failed >= RESUME_URL_ATTEMPTS && failed % 2 == 0;
        match open_upstream(config, if use_fallback { &config.url } else { url }).await {
            Ok(connected) => return Ok(connected),
            Err(cause) if failed + 1 >= MAX_FAILED_CONNECTS => return Err(cause),
            Err(cause) => {
                failed += 1;
                pause = backoff.next_pause();
                config.reporter.enter_stage(Stage::Waiting);
                config.reporter.report_disconnect(&cause, pause, "reconnecting to resume the session");
            }
        }
    }
}

/// serenity's client for one shard, which connects to a listener on loopback instead of to Discord.
struct SerenityClient {
    listener: TcpListener,
    path: String,
    /// Dropping it stops the client.
    _shards: Arc<ShardManager>,
}

impl SerenityClient {
    async fn start(config: &SessionConfig) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let path = format!("/{}", generate_path_segment());
        let url = format!("ws://{}{path}", listener.local_addr()?);
        let (shards, _) = ShardManager::new(ShardManagerOptions {
            data: Arc::new(RwLock::new(TypeMap::new())),
            event_handlers: Vec::new(),
            raw_event_handlers: vec![Arc::new(config.handler.clone())],
            shard_index: 0,
            shard_init: 0,
            shard_total: 0,
            ws_url: Arc::new(Mutex::new(url)),
            // Only the source of the token: REST requests go through `discord`.
            http: Arc::new(Http::new(config.token.expose_secret())),
            intents: config.intents,
            presence: None,
        });
        shards.set_shards(config.shard, 1, config.shards).await;
        shards.initialize().map_err(std::io::Error::other)?;
        Ok(Self { listener, path, _shards: shards })
    }

    /// Accepts serenity's next socket; `None` if `accept` fails. Other local processes are rejected: they do not know the path.
    async fn accept_socket(&self) -> Option<Downstream> {
        loop {
            let (stream, _) = self.listener.accept().await.ok()?;
            let _ = stream.set_nodelay(true);
            #[expect(clippy::result_large_err, reason = "the library's type")]
            let check_path = |request: &Request, response: Response| {
                if request.uri().path() == self.path {
                    return Ok(response);
                }
                let mut rejection = ErrorResponse::new(None);
                *rejection.status_mut() = StatusCode::NOT_FOUND;
                Err(rejection)
            };
            if let Ok(Ok(downstream)) = timeout(HANDSHAKE_TIMEOUT, accept_hdr_async(stream, check_path)).await {
                return Some(downstream);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encrypted_session_is_not_resumed_over_a_plain_connection() {
        assert!(is_as_secure("wss://resume", "wss://gateway") && is_as_secure("ws://resume", "ws://gateway"));
        assert!(!is_as_secure("ws://resume", "wss://gateway") && !is_as_secure("http://resume", "ws://gateway"));
    }
}
