//! What is known of the connections to the gateway, for those who tell the operator.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Waiting for a pause or for Discord's limit on new sessions to pass.
    Waiting,
    /// The socket is being opened: name, TCP, TLS and the WebSocket handshake.
    Connecting,
    /// The socket is open; Discord has not said HELLO.
    AwaitingHello,
    /// IDENTIFY was sent; READY has not come.
    Identifying,
    /// RESUME was sent; RESUMED has not come.
    Resuming,
    /// The session is live: events are heard.
    Live,
}

impl Stage {
    /// The stage in a word or two, as logs and `/healthz` have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Connecting => "connecting",
            Self::AwaitingHello => "awaiting hello",
            Self::Identifying => "identifying",
            Self::Resuming => "resuming",
            Self::Live => "live",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One shard's connection.
#[derive(Clone, Debug)]
pub struct ShardStatus {
    /// How far it has come.
    pub stage: Stage,
    /// Since when it is in that stage.
    pub since: Instant,
    /// Connections that ended, or were never made, since the session was last live.
    pub attempts: u32,
    /// Why the last connection ended or was not made, or what the next one waits for.
    pub last_error: Option<String>,
    /// When Discord was last heard on a live session.
    pub heard: Option<Instant>,
}

/// Discord's limit on new sessions, as last told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionStarts {
    /// New sessions that are left.
    pub remaining: u32,
    /// New sessions in a period.
    pub total: u32,
    /// When the period ends.
    pub resets_at: Instant,
}

/// The connections of all shards.
#[derive(Debug, Default)]
pub struct GatewayStatus(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    shards: Vec<ShardStatus>,
    failures: u64,
    session_starts: Option<SessionStarts>,
    next_identify: Option<Instant>,
}

impl GatewayStatus {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many shards are going to be connected.
    pub fn set_shards(&self, count: u32) {
        let shard =
            ShardStatus { stage: Stage::Waiting, since: Instant::now(), attempts: 0, last_error: None, heard: None };
        self.lock().shards = vec![shard; count as usize];
    }

    /// Changes what is known of a shard.
    fn update(&self, shard: u32, change: impl FnOnce(&mut ShardStatus)) {
        if let Some(status) = self.lock().shards.get_mut(shard as usize) {
            change(status);
        }
    }

    /// A shard has come to this stage.
    pub fn enter(&self, shard: u32, stage: Stage) {
        self.update(shard, |status| {
            if status.stage != stage {
                (status.stage, status.since) = (stage, Instant::now());
            }
            if stage == Stage::Live {
                status.attempts = 0;
                status.heard = Some(status.since);
            }
        });
    }

    /// A shard's connection ended, or could not be made.
    pub fn failed(&self, shard: u32, error: &str) {
        self.lock().failures += 1;
        self.update(shard, |status| {
            status.attempts += 1;
            status.last_error = Some(error.to_owned());
        });
    }

    /// A shard waits for this, and nothing has failed.
    pub fn waits_for(&self, shard: u32, what: &str) {
        self.update(shard, |status| status.last_error = Some(what.to_owned()));
    }

    /// Discord acknowledged a heartbeat.
    pub fn heard(&self, shard: u32) {
        self.update(shard, |status| status.heard = Some(Instant::now()));
    }

    /// Discord's limit on new sessions, and when the next one may begin if that has to wait.
    pub fn set_session_starts(&self, starts: Option<SessionStarts>, next_identify: Option<Instant>) {
        let mut inner = self.lock();
        (inner.session_starts, inner.next_identify) = (starts, next_identify);
    }

    /// Whether events are heard on every shard.
    #[must_use]
    pub fn is_live(&self) -> bool {
        let inner = self.lock();
        !inner.shards.is_empty() && inner.shards.iter().all(|shard| shard.stage == Stage::Live)
    }

    /// All shards, in the order of their numbers; none before the bot knows how many there are.
    #[must_use]
    pub fn shards(&self) -> Vec<ShardStatus> {
        self.lock().shards.clone()
    }

    /// How many connections of all shards have ended or could not be made.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.lock().failures
    }

    /// Discord's limit on new sessions, and when the next one may begin if that has to wait.
    #[must_use]
    pub fn session_starts(&self) -> (Option<SessionStarts>, Option<Instant>) {
        let inner = self.lock();
        (inner.session_starts, inner.next_identify)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_shards_have_to_be_live() {
        let status = GatewayStatus::default();
        assert!(!status.is_live(), "no shard is known");
        status.set_shards(2);
        status.enter(0, Stage::Live);
        assert!(!status.is_live());
        status.enter(1, Stage::Live);
        assert!(status.is_live());
        status.failed(1, "connection reset");
        status.enter(1, Stage::Connecting);
        assert!(!status.is_live());
        let shard = &status.shards()[1];
        assert_eq!((shard.attempts, shard.last_error.as_deref()), (1, Some("connection reset")));
        status.enter(1, Stage::Live);
        assert_eq!(status.shards()[1].attempts, 0);
    }
}
