//! Keeps every shard connected: one session after another, each on its thread, with growing pauses and within Discord's
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
use super::close_code::{Aftermath, GatewayError};
use super::identify_limit::Identifies;
use super::relay::Limits;
use super::report::Reporter;
use super::session::{CONNECT_PAUSES, RESUME_PAUSES, STABLE_AFTER, SessionConfig, SessionEnd, spawn};
use super::{ConnectionConfig, EventHandler};
use crate::actors::Outside;
use crate::status::gateway::Stage;

/// What Discord has to tell us: channels that come and go, and messages, of which it always tells our own in full. Presses
/// and slash commands it tells everybody.
const NEEDED: GatewayIntents = GatewayIntents::GUILDS.union(GatewayIntents::GUILD_MESSAGES);
/// What others write, too, commands being messages. It is privileged: it has to be switched on in the application's
/// settings.
const WRITTEN: GatewayIntents = GatewayIntents::MESSAGE_CONTENT;

/// Pauses before a new session, when those before it did not last.
const IDENTIFY_PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(360));
/// A thread that has not yielded for so long is left alone, and another one takes its place. The largest server is read
/// in less.
const STUCK_AFTER: Duration = Duration::from_secs(10);
/// How often it is looked whether a thread yields.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);
/// How long closing the connections may take.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// Listens until `stop`, or until Discord refuses the bot for good. If Discord only will not tell what others write,
/// written commands are lost and everything else goes on.
pub async fn listen(
    config: ConnectionConfig,
    handler: EventHandler,
    outside: Arc<Outside>,
    stop: impl Future<Output = ()>,
) -> Result<(), GatewayError> {
    let status = Arc::clone(&config.status);
    status.set_shards(config.gateway.shards);
    let (stopping, stopped) = watch::channel(false);
    let keeper = Keeper {
        identifies: Identifies::new(outside, Arc::clone(&status), &config.gateway),
        content: AtomicBool::new(config.content),
        config,
        handler,
        stopped,
    };
    if !keeper.config.content {
        warn_without_content();
    }
    let mut shards: FuturesUnordered<_> =
        (0..keeper.config.gateway.shards).map(|shard| keeper.keep_shard(shard)).collect();
    tokio::select! {
        Some(ended) = shards.next() => ended,
        () = stop => {
            stopping.send_replace(true);
            // A thread that does not hear it ends with the process.
            let _ = timeout(STOP_TIMEOUT, async { while shards.next().await.is_some() {} }).await;
            Ok(())
        }
    }
}

fn warn_without_content() {
    tracing::warn!(
        "Discord does not tell the bot what people write, so !ticket, !close, !setuptickets and !explain are not heard; the \
         buttons, /ticket, /close and /setuptickets work. To have both, switch it on in the Developer Portal (Bot, Privileged \
         Gateway Intents, Message Content Intent) and start the bot again"
    );
}

/// What all shards share.
struct Keeper {
    config: ConnectionConfig,
    handler: EventHandler,
    identifies: Identifies,
    /// Discord tells what others write, as far as is known.
    content: AtomicBool,
    stopped: watch::Receiver<bool>,
}

impl Keeper {
    /// Keeps one shard connected; returns `Ok` only when the bot is being stopped.
    async fn keep_shard(&self, shard: u32) -> Result<(), GatewayError> {
        let status = Arc::clone(&self.config.status);
        let reporter = Reporter { shard, status };
        let mut identify_backoff = Backoff::new(IDENTIFY_PAUSES.0, IDENTIFY_PAUSES.1);
        let mut connect_backoff = Backoff::new(CONNECT_PAUSES.0, CONNECT_PAUSES.1);
        let mut resume_backoff = Backoff::new(RESUME_PAUSES.0, RESUME_PAUSES.1);
        let mut stopped = self.stopped.clone();
        loop {
            let content = self.content.load(Ordering::Relaxed);
            let end = self.run_session(shard, &reporter, content, resume_backoff).await?;
            let SessionEnd::Lost { cause, next, live_for, identified, resume_backoff: grown } = end else {
                return Ok(());
            };
            resume_backoff = grown;
            reporter.enter(Stage::Waiting);
            let pause = match next {
                Aftermath::Fatal(GatewayError::DisallowedIntents) if content => {
                    if self.content.swap(false, Ordering::Relaxed) {
                        warn_without_content();
                    }
                    continue;
                }
                Aftermath::Fatal(error) => return Err(error),
                _ if !identified => connect_backoff.pause(),
                Aftermath::Identify(least) => {
                    if live_for.is_some_and(|live| live >= STABLE_AFTER) {
                        identify_backoff.reset();
                    }
                    identify_backoff.at_least(least);
                    connect_backoff.reset();
                    identify_backoff.pause()
                }
                Aftermath::Resume => Duration::ZERO,
            };
            reporter.failed(&cause, pause, "beginning a new session");
            tokio::select! {
                () = sleep(pause) => {}
                _ = stopped.wait_for(|stop| *stop) => return Ok(()),
            }
        }
    }

    /// Runs one session to its end, as soon as Discord's limit on new sessions allows.
    async fn run_session(
        &self,
        shard: u32,
        reporter: &Reporter,
        content: bool,
        resume_backoff: Backoff,
    ) -> Result<SessionEnd, GatewayError> {
        let mut stopped = self.stopped.clone();
        let taken = tokio::select! {
            taken = self.identifies.acquire(shard) => taken,
            _ = stopped.wait_for(|stop| *stop) => return Ok(SessionEnd::Stopped),
        };
        let config = SessionConfig {
            token: self.config.token.clone(),
            url: self.identifies.url().await,
            shard,
            shards: self.config.gateway.shards,
            intents: if content { NEEDED | WRITTEN } else { NEEDED },
            limits: Limits { stage: self.config.stage_limit },
            handler: self.handler.clone(),
            reporter: reporter.clone(),
            resume_backoff,
        };
        let handle = match spawn(config, self.stopped.clone()) {
            Ok(handle) => handle,
            Err(error) => return Err(no_system(&error)),
        };
        tokio::select! {
            // The sender is dropped only by a panic, which the log has shown.
            end = handle.ended => match end {
                Ok(SessionEnd::System(error)) => Err(no_system(&error)),
                Ok(end) => {
                    if let SessionEnd::Lost { identified: false, .. } = end {
                        self.identifies.give_back(shard, taken).await;
                    }
                    Ok(end)
                }
                Err(_) => Ok(lost_thread(resume_backoff)),
            },
            () = until_stuck(&handle.beats) => {
                tracing::error!(shard, "the gateway thread does not yield and is replaced");
                Ok(lost_thread(resume_backoff))
            }
        }
    }
}

fn no_system(error: &io::Error) -> GatewayError {
    tracing::error!(%error, "the gateway connection cannot be set up");
    GatewayError::System
}

fn lost_thread(resume_backoff: Backoff) -> SessionEnd {
    let (cause, next) = (super::socket::Cause::Client, Aftermath::Identify(Duration::ZERO));
    SessionEnd::Lost { cause, next, live_for: None, identified: true, resume_backoff }
}

/// Returns when the thread has not yielded for [`STUCK_AFTER`].
async fn until_stuck(beats: &AtomicU64) {
    let (mut known, mut since) = (0, Instant::now());
    loop {
        sleep(CHECK_INTERVAL).await;
        let now = beats.load(Ordering::Relaxed);
        if now != known {
            (known, since) = (now, Instant::now());
        } else if since.elapsed() >= STUCK_AFTER {
            return;
        }
    }
}
