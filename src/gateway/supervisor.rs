//! Keeps every shard connected: runs one session after another, each on its own thread, with backoff and within Discord's
//! limit on new sessions.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serenity::all::GatewayIntents;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::backoff::Backoff;
use super::close_code::{GatewayError, ReconnectAction};
use super::identify_limit::IdentifyLimiter;
use super::relay::RelayLimits;
use super::report::ShardReporter;
use super::session::{CONNECT_PAUSES, RESUME_PAUSES, STABLE_AFTER, SessionConfig, SessionEnd, spawn_session};
use super::socket::DisconnectCause;
use super::{ConnectionConfig, EventHandler};
use crate::actors::Services;
use crate::status::gateway::Stage;

/// Channels and messages; without `MESSAGE_CONTENT` Discord sends the content of the bot's own messages only. Interactions
/// need no intent.
const REQUIRED_INTENTS: GatewayIntents = GatewayIntents::GUILDS.union(GatewayIntents::GUILD_MESSAGES);
/// The content of members' messages, for written commands. Privileged: the operator has to enable it for the application.
const CONTENT_INTENT: GatewayIntents = GatewayIntents::MESSAGE_CONTENT;

/// Pauses before a new session when the previous ones did not last: the first one and the longest.
const IDENTIFY_PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(360));
/// A session thread whose counter stands still for this long is considered stuck and is replaced. Parsing the largest
/// server takes less.
const STUCK_AFTER: Duration = Duration::from_secs(10);
/// How often the counter of a session thread is checked.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);
/// How long closing all connections may take at a stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// Keeps all shards connected until `stop` completes or Discord rejects the bot for good. If Discord rejects only the
/// message content intent, the shards go on without it: written commands are lost and everything else works.
pub async fn run_shards(
    config: ConnectionConfig,
    handler: EventHandler,
    services: Arc<Services>,
    stop: impl Future<Output = ()>,
) -> Result<(), GatewayError> {
    let status = Arc::clone(&config.status);
    status.set_shards(config.gateway.shards);
    let (stopping, stopped) = watch::channel(false);
    let supervisor = ShardSupervisor {
        identify_limiter: IdentifyLimiter::new(services, Arc::clone(&status), &config.gateway),
        message_content: AtomicBool::new(config.message_content),
        config,
        handler,
        stopped,
    };
    if !supervisor.config.message_content {
        warn_missing_content();
    }
    let mut shards: FuturesUnordered<_> =
        (0..supervisor.config.gateway.shards).map(|shard| supervisor.supervise_shard(shard)).collect();
    tokio::select! {
        Some(ended) = shards.next() => ended,
        () = stop => {
            stopping.send_replace(true);
            // A thread that does not stop in time ends with the process.
            let _ = timeout(STOP_TIMEOUT, async { while shards.next().await.is_some() {} }).await;
            Ok(())
        }
    }
}

fn warn_missing_content() {
    tracing::warn!(
        "the message content intent is disabled, so !ticket, !close, !setuptickets and !explain do not work; the buttons, \
         /ticket, /close and /setuptickets do. To use both, enable the intent in the Developer Portal (Bot, Privileged \
         Gateway Intents, Message Content Intent) and restart the bot"
    );
}

/// The state that all shards share.
struct ShardSupervisor {
    config: ConnectionConfig,
    handler: EventHandler,
    identify_limiter: IdentifyLimiter,
    /// Whether to request the message content intent. Cleared once Discord has rejected it.
    message_content: AtomicBool,
    stopped: watch::Receiver<bool>,
}

impl ShardSupervisor {
    /// Keeps one shard connected. Returns `Ok` only at a stop.
    async fn supervise_shard(&self, shard: u32) -> Result<(), GatewayError> {
        let status = Arc::clone(&self.config.status);
        let reporter = ShardReporter { shard, status };
        let mut identify_backoff = Backoff::new(IDENTIFY_PAUSES.0, IDENTIFY_PAUSES.1);
        let mut connect_backoff = Backoff::new(CONNECT_PAUSES.0, CONNECT_PAUSES.1);
        let mut resume_backoff = Backoff::new(RESUME_PAUSES.0, RESUME_PAUSES.1);
        let mut stopped = self.stopped.clone();
        loop {
            let message_content = self.message_content.load(Ordering::Relaxed);
            let end = self.run_next_session(shard, &reporter, message_content, resume_backoff).await?;
            let SessionEnd::Lost { cause, next, live_for, identified, resume_backoff: carried } = end else {
                return Ok(());
            };
            resume_backoff = carried;
            reporter.enter_stage(Stage::Waiting);
            let pause = match next {
                ReconnectAction::Fatal(GatewayError::DisallowedIntents) if message_content => {
                    if self.message_content.swap(false, Ordering::Relaxed) {
                        warn_missing_content();
                    }
                    continue;
                }
                ReconnectAction::Fatal(error) => return Err(error),
                _ if !identified => connect_backoff.next_pause(),
                ReconnectAction::Identify(min_pause) => {
                    if live_for.is_some_and(|live| live >= STABLE_AFTER) {
                        identify_backoff.reset();
                    }
                    identify_backoff.raise_next_pause(min_pause);
                    connect_backoff.reset();
                    identify_backoff.next_pause()
                }
                ReconnectAction::Resume => Duration::ZERO,
            };
            reporter.report_disconnect(&cause, pause, "beginning a new session");
            tokio::select! {
                () = sleep(pause) => {}
                _ = stopped.wait_for(|stop| *stop) => return Ok(()),
            }
        }
    }

    /// Waits for the limit on new sessions, then runs one session to its end on its thread.
    async fn run_next_session(
        &self,
        shard: u32,
        reporter: &ShardReporter,
        message_content: bool,
        resume_backoff: Backoff,
    ) -> Result<SessionEnd, GatewayError> {
        let mut stopped = self.stopped.clone();
        let taken = tokio::select! {
            taken = self.identify_limiter.acquire(shard) => taken,
            _ = stopped.wait_for(|stop| *stop) => return Ok(SessionEnd::Stopped),
        };
        let config = SessionConfig {
            token: self.config.token.clone(),
            url: self.identify_limiter.url().await,
            shard,
            shards: self.config.gateway.shards,
            intents: if message_content { REQUIRED_INTENTS | CONTENT_INTENT } else { REQUIRED_INTENTS },
            limits: RelayLimits { stage: self.config.stage_limit },
            handler: self.handler.clone(),
            reporter: reporter.clone(),
            resume_backoff,
        };
        let thread = match spawn_session(config, self.stopped.clone()) {
            Ok(thread) => thread,
            Err(error) => return Err(report_system_error(&error)),
        };
        tokio::select! {
            // The sender is dropped only by a panic, which has been logged.
            end = thread.ended => match end {
                Ok(SessionEnd::System(error)) => Err(report_system_error(&error)),
                Ok(end) => {
                    if let SessionEnd::Lost { identified: false, .. } = end {
                        self.identify_limiter.return_unused(shard, taken).await;
                    }
                    Ok(end)
                }
                Err(_) => Ok(end_with_lost_thread(resume_backoff)),
            },
            () = wait_until_stuck(&thread.ticks) => {
                tracing::error!(shard, "the gateway thread is stuck; replacing it");
                Ok(end_with_lost_thread(resume_backoff))
            }
        }
    }
}

fn report_system_error(error: &io::Error) -> GatewayError {
    tracing::error!(%error, "the operating system refuses a thread or a socket for the gateway connection");
    GatewayError::System
}

/// The end of a session whose thread has panicked or is stuck: a new session follows.
fn end_with_lost_thread(resume_backoff: Backoff) -> SessionEnd {
    let (cause, next) = (DisconnectCause::ClientLost, ReconnectAction::Identify(Duration::ZERO));
    SessionEnd::Lost { cause, next, live_for: None, identified: true, resume_backoff }
}

/// Returns once the counter has stood still for [`STUCK_AFTER`].
async fn wait_until_stuck(ticks: &AtomicU64) {
    let (mut last, mut since) = (0, Instant::now());
    loop {
        sleep(CHECK_INTERVAL).await;
        let current = ticks.load(Ordering::Relaxed);
        if current != last {
            (last, since) = (current, Instant::now());
        } else if since.elapsed() >= STUCK_AFTER {
            return;
        }
    }
}
