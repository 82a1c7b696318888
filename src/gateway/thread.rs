//! The thread of serenity's client, and its supervisor.
//!
//! serenity's shard loop can poll an ended socket again and again without yielding (a close frame without a code, 4003,
//! 4010, 4011, a reset before READY), and on a shared runtime nothing else would run meanwhile. So the client lives on a
//! thread and a current-thread runtime of its own, and the supervisor, on the bot's runtime, bounds what it may do:
//!
//! - a loop that no longer yields is ended through the shard's own message channel;
//! - a connection that is not live for [`STAGE_LIMIT`] is given up, with its runtime, and built anew after a pause.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serenity::all::OnlineStatus;
use serenity::gateway::{ShardManager, ShardRunnerMessage};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

use super::{Ear, Hangup, Line, listen};

/// How long a connection may take to become live, or live again, before it is built anew. serenity tries again every
/// five seconds by itself and waits for ever where the other end accepts and stays silent.
pub(super) const STAGE_LIMIT: Duration = Duration::from_secs(25);
/// How often the supervisor looks whether the thread still yields.
const CHECK_INTERVAL: Duration = Duration::from_millis(250);
/// A thread that has not yielded for this long polls an ended socket. A large server is read in less.
const STUCK_AFTER: Duration = Duration::from_millis(750);
/// A thread that cannot be freed is left alone after this long, and another one takes its place.
const ABANDON_AFTER: Duration = Duration::from_secs(10);
/// How long closing the connection may take.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);
/// The pause before a client is built anew; it doubles with each client that never became live.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// What the thread tells its supervisor while it runs.
#[derive(Default)]
pub(super) struct Signs {
    /// Counts up as long as the thread yields.
    beats: AtomicU64,
    /// The shards of the running client, by which a stuck loop can be ended.
    shards: Mutex<Option<Arc<ShardManager>>>,
    /// The connection was live at least once.
    live: AtomicU64,
}

impl Signs {
    /// The thread yielded.
    fn beat(&self) {
        self.beats.fetch_add(1, Ordering::Relaxed);
    }

    /// All shards are connected.
    pub(super) fn went_live(&self) {
        self.live.fetch_add(1, Ordering::Relaxed);
    }

    /// This client runs now.
    pub(super) fn set_shards(&self, shards: &Arc<ShardManager>) {
        *self.shards.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(shards));
    }

    /// Ends the loops of shards that do not yield: a presence cannot be sent on an ended socket, and with that failure the
    /// loop ends. On a socket that is only busy it changes nothing.
    fn end_loops(&self) {
        let shards = self.shards();
        // A map that is locked is being used by somebody who yields.
        let Some(runners) = shards.as_ref().and_then(|shards| shards.runners.try_lock().ok()) else { return };
        for runner in runners.values() {
            runner.runner_tx.send_to_shard(ShardRunnerMessage::SetStatus(OnlineStatus::Online));
        }
    }

    fn shards(&self) -> Option<Arc<ShardManager>> {
        self.shards.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// How a client ended, where that is no reason to end the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The bot is being stopped.
    Stopped,
    /// The connection was not live for [`STAGE_LIMIT`].
    Silent,
    /// The thread did not yield and could not be freed.
    Stuck,
}

/// Keeps a client listening until `stop`, or until Discord refuses the bot for good.
pub async fn supervise(line: Line, ear: Ear, stop: impl Future<Output = ()>) -> Result<(), Hangup> {
    let mut stop = std::pin::pin!(stop);
    let mut pause = FIRST_PAUSE;
    loop {
        let signs = Arc::new(Signs::default());
        let end = run_client(line.clone(), ear.clone(), Arc::clone(&signs), stop.as_mut()).await?;
        if end == End::Stopped {
            return Ok(());
        }
        if signs.live.load(Ordering::Relaxed) > 0 {
            pause = FIRST_PAUSE;
        }
        tracing::warn!(
            reason = if end == End::Stuck { "the gateway thread does not yield" } else { "no live session in time" },
            ?pause,
            "the connection to Discord's gateway is given up and built anew"
        );
        tokio::select! {
            () = sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
            () = &mut stop => return Ok(()),
        }
    }
}

async fn run_client(
    line: Line,
    ear: Ear,
    signs: Arc<Signs>,
    stop: Pin<&mut impl Future<Output = ()>>,
) -> Result<End, Hangup> {
    let (stopping, stopped) = oneshot::channel::<()>();
    let (report, mut ended) = oneshot::channel();
    let thread_signs = Arc::clone(&signs);
    std::thread::Builder::new()
        .name("gateway".to_owned())
        .spawn(move || drop(report.send(run_thread(line, ear, &thread_signs, stopped))))
        .map_err(|error| Hangup::from(serenity::Error::from(error)))?;
    tokio::select! {
        end = &mut ended => end.unwrap_or(Ok(End::Stuck)),
        () = watch_beats(&signs) => Ok(End::Stuck),
        () = stop => {
            drop(stopping);
            // A thread that does not hear it ends with the process.
            let _ = timeout(SHUTDOWN_TIMEOUT, ended).await;
            Ok(End::Stopped)
        }
    }
}

/// Dropping the runtime ends all that serenity started on it.
fn run_thread(line: Line, ear: Ear, signs: &Arc<Signs>, stopped: oneshot::Receiver<()>) -> Result<End, Hangup> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error: io::Error| Hangup::from(serenity::Error::from(error)))?;
    let beating = Arc::clone(signs);
    runtime.spawn(async move {
        loop {
            beating.beat();
            sleep(CHECK_INTERVAL).await;
        }
    });
    let end = runtime.block_on(listen(line, ear, signs, async {
        let _ = stopped.await;
    }));
    runtime.shutdown_background();
    end
}

/// Frees the thread whenever it does not yield; returns when that does not help.
async fn watch_beats(signs: &Signs) {
    let (mut beats, mut since, mut freed) = (0, Instant::now(), false);
    loop {
        sleep(CHECK_INTERVAL).await;
        let now = signs.beats.load(Ordering::Relaxed);
        if now != beats {
            (beats, since) = (now, Instant::now());
            if std::mem::take(&mut freed) {
                tracing::warn!("the connection to Discord's gateway ended without a usable reason; connecting again");
                restart(signs).await;
            }
        } else if since.elapsed() >= ABANDON_AFTER {
            return;
        } else if since.elapsed() >= STUCK_AFTER {
            signs.end_loops();
            freed = true;
        }
    }
}

/// The loops that were ended do not start again by themselves.
async fn restart(signs: &Signs) {
    let Some(shards) = signs.shards() else { return };
    for shard in shards.shards_instantiated().await {
        // Its loop has ended and cannot say so.
        shards.shutdown_finished(shard);
        shards.restart(shard).await;
    }
}
