//! The state of the gateway connections, written by the connections themselves and read by `/healthz`, `/metrics` and
//! the service manager.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

/// The phase of a gateway connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Waiting for the end of a backoff pause or for Discord's limit on new sessions.
    Waiting,
    /// Opening the socket: DNS lookup, TCP, TLS and the WebSocket handshake.
    Connecting,
    /// The socket is open; HELLO has not arrived.
    AwaitingHello,
    /// IDENTIFY was sent; READY has not arrived.
    Identifying,
    /// RESUME was sent; RESUMED has not arrived.
    Resuming,
    /// READY or RESUMED has arrived: events are delivered.
    Live,
}

impl Stage {
    /// The name of the stage in logs and in `/healthz`.
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

/// The state of one shard's connection.
#[derive(Clone, Debug)]
pub struct ShardStatus {
    /// The current stage.
    pub stage: Stage,
    /// When the stage was entered.
    pub since: Instant,
    /// Connections that ended or could not be opened since the session was last live.
    pub attempts: u32,
    /// Why the last connection ended or could not be opened, or what the next one waits for.
    pub last_error: Option<String>,
    /// When a live session last received a heartbeat acknowledgement; at first, when it became live.
    pub last_heartbeat_ack: Option<Instant>,
}

/// Discord's `session_start_limit`, as last reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionStarts {
    /// New sessions that are left in this period.
    pub remaining: u32,
    /// New sessions allowed in a period.
    pub total: u32,
    /// When the period ends.
    pub resets_at: Instant,
}

/// The state of the connections of all shards.
#[derive(Debug, Default)]
pub struct GatewayStatus(Mutex<GatewayState>);

#[derive(Debug, Default)]
struct GatewayState {
    shards: Vec<ShardStatus>,
    failures: u64,
    session_starts: Option<SessionStarts>,
    next_identify: Option<Instant>,
}

impl GatewayStatus {
    fn lock(&self) -> MutexGuard<'_, GatewayState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces all shards by `count` waiting ones.
    pub fn set_shards(&self, count: u32) {
        let shard = ShardStatus {
            stage: Stage::Waiting,
            since: Instant::now(),
            attempts: 0,
            last_error: None,
            last_heartbeat_ack: None,
        };
        self.lock().shards = vec![shard; count as usize];
    }

    fn update_shard(&self, shard: u32, change: impl FnOnce(&mut ShardStatus)) {
        if let Some(status) = self.lock().shards.get_mut(shard as usize) {
            change(status);
        }
    }

    /// Sets the stage of a shard. A live shard starts over with no failed attempts.
    pub fn set_stage(&self, shard: u32, stage: Stage) {
        self.update_shard(shard, |status| {
            if status.stage != stage {
                (status.stage, status.since) = (stage, Instant::now());
            }
            if stage == Stage::Live {
                status.attempts = 0;
                status.last_heartbeat_ack = Some(status.since);
            }
        });
    }

    /// Records why a shard's connection ended or could not be opened.
    pub fn record_failure(&self, shard: u32, error: &str) {
        self.lock().failures += 1;
        self.update_shard(shard, |status| {
            status.attempts += 1;
            status.last_error = Some(error.to_owned());
        });
    }

    /// Records what a shard waits for, without counting a failure.
    pub fn set_wait_reason(&self, shard: u32, reason: &str) {
        self.update_shard(shard, |status| status.last_error = Some(reason.to_owned()));
    }

    /// Records that Discord acknowledged a heartbeat.
    pub fn record_heartbeat_ack(&self, shard: u32) {
        self.update_shard(shard, |status| status.last_heartbeat_ack = Some(Instant::now()));
    }

    /// Records Discord's limit on new sessions, and when the next one may begin if it is delayed.
    pub fn set_session_starts(&self, starts: Option<SessionStarts>, next_identify: Option<Instant>) {
        let mut state = self.lock();
        (state.session_starts, state.next_identify) = (starts, next_identify);
    }

    /// Whether every shard has a live session.
    #[must_use]
    pub fn is_live(&self) -> bool {
        let state = self.lock();
        !state.shards.is_empty() && state.shards.iter().all(|shard| shard.stage == Stage::Live)
    }

    /// All shards by number; empty until Discord has named how many there are.
    #[must_use]
    pub fn shards(&self) -> Vec<ShardStatus> {
        self.lock().shards.clone()
    }

    /// Connections of all shards that ended or could not be opened, since the start.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.lock().failures
    }

    /// Discord's limit on new sessions, and when the next one may begin if it is delayed.
    #[must_use]
    pub fn session_starts(&self) -> (Option<SessionStarts>, Option<Instant>) {
        let state = self.lock();
        (state.session_starts, state.next_identify)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateway_is_live_only_if_every_shard_is() {
        let status = GatewayStatus::default();
        assert!(!status.is_live(), "the number of shards is unknown");
        status.set_shards(2);
        status.set_stage(0, Stage::Live);
        assert!(!status.is_live());
        status.set_stage(1, Stage::Live);
        assert!(status.is_live());
        status.record_failure(1, "connection reset");
        status.set_stage(1, Stage::Connecting);
        assert!(!status.is_live());
        let shard = &status.shards()[1];
        assert_eq!((shard.attempts, shard.last_error.as_deref()), (1, Some("connection reset")));
        status.set_stage(1, Stage::Live);
        assert_eq!(status.shards()[1].attempts, 0);
    }
}
