//! How many sessions may still be started, where a test says so: it overrides what the rate limits would tell
//! (Discord documentation, *Gateway*: "Session Start Limit Object").

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

/// The `session_start_limit` of `GET /gateway/bot`. Each session that is started counts `remaining` down; at 0 none is
/// started (op 9) until the time is over, and then `total` may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionStartLimit {
    /// How many sessions a period allows.
    pub total: u32,
    /// How many of them are left.
    pub remaining: u32,
    /// When the period ends, counted from now.
    pub reset_after: Duration,
    /// How many sessions may be started in five seconds. It is announced and not enforced.
    pub max_concurrency: u32,
}

/// A limit that is in force.
#[derive(Clone, Copy, Debug)]
pub(super) struct SessionStarts {
    limit: SessionStartLimit,
    ends: SystemTime,
}

impl SessionStarts {
    const PERIOD: Duration = Duration::from_secs(24 * 60 * 60);

    pub(super) fn new(now: SystemTime, limit: SessionStartLimit) -> Self {
        Self { limit, ends: now + limit.reset_after }
    }

    /// Whether a session may start now; it is counted.
    pub(super) fn start(&mut self, now: SystemTime) -> bool {
        *self = self.at(now);
        let free = self.limit.remaining > 0;
        self.limit.remaining = self.limit.remaining.saturating_sub(1);
        free
    }

    pub(super) fn json(self, now: SystemTime) -> Value {
        let Self { limit, ends } = self.at(now);
        let reset = ends.duration_since(now).unwrap_or_default().as_millis();
        json!({
            "total": limit.total, "remaining": limit.remaining, "reset_after": u64::try_from(reset).unwrap_or(u64::MAX),
            "max_concurrency": limit.max_concurrency,
        })
    }

    /// A period that is over is followed by the next one.
    fn at(self, now: SystemTime) -> Self {
        if now < self.ends {
            return self;
        }
        Self { limit: SessionStartLimit { remaining: self.limit.total, ..self.limit }, ends: now + Self::PERIOD }
    }
}
