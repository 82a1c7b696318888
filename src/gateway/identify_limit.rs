//! Limits how often a new session begins (IDENTIFY).
//!
//! Discord resets the token of a bot that begins more than its `session_start_limit` (1,000) in a day, accepts one
//! IDENTIFY per five seconds for each rate limit key, and reports how many are left at `GET /gateway/bot`. Besides, the bot
//! has a token bucket of its own: [`BURST_SESSIONS`] at once and then one per [`REFILL_INTERVAL`], so even a
//! long outage leads to fewer than 300 sessions a day for one shard.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until, timeout};

use crate::actors::Services;
use crate::discord::{BotGateway, SessionStartLimit};
use crate::status::gateway::{GatewayStatus, SessionStarts};

/// Capacity of the token bucket, per shard.
const BURST_SESSIONS: u32 = 20;
/// How often the bucket gains a token, per shard.
const REFILL_INTERVAL: Duration = Duration::from_secs(6 * 60);
/// Time between two sessions with the same rate limit key: Discord's "5 seconds" and a margin.
const IDENTIFY_INTERVAL: Duration = Duration::from_millis(5_100);
/// After this many sessions per shard the limit is requested anew before each one.
const MAX_UNCHECKED_SESSIONS: u32 = 3;
/// How long that request may take: slightly longer than a single response. A rate limit may delay the request much longer,
/// and the session does not wait for that.
const LIMIT_REQUEST_TIMEOUT: Duration = Duration::from_secs(16);
/// Margin after the reset of an exhausted limit.
const RESET_MARGIN: Duration = Duration::from_secs(1);

/// Permits new sessions for all shards.
pub(super) struct IdentifyLimiter {
    services: Arc<Services>,
    status: Arc<GatewayStatus>,
    budget: Mutex<IdentifyBudget>,
    /// The gateway's URL, as last reported by Discord.
    url: Mutex<String>,
}

/// The token bucket and Discord's limit.
#[derive(Debug)]
struct IdentifyBudget {
    shards: u32,
    tokens: u32,
    refilled_at: Instant,
    sessions_begun: u32,
    max_concurrency: u32,
    /// When the last session with each rate limit key began.
    last_by_key: Vec<Option<Instant>>,
    session_starts: Option<SessionStarts>,
}

impl IdentifyBudget {
    fn new(gateway: &BotGateway, now: Instant) -> Self {
        let mut budget = Self {
            shards: gateway.shards,
            tokens: BURST_SESSIONS.saturating_mul(gateway.shards),
            refilled_at: now,
            sessions_begun: 0,
            max_concurrency: 1,
            last_by_key: Vec::new(),
            session_starts: None,
        };
        budget.update_limit(gateway.session_start_limit.as_ref(), now);
        budget
    }

    /// Adopts the limit from `GET /gateway/bot`.
    fn update_limit(&mut self, limit: Option<&SessionStartLimit>, now: Instant) {
        let Some(limit) = limit else { return };
        self.max_concurrency = limit.max_concurrency.clamp(1, self.shards.max(1));
        self.last_by_key.resize(self.max_concurrency as usize, None);
        // The period is a day; a longer one is taken for a mistake.
        let left = Duration::from_millis(limit.reset_after).min(Duration::from_secs(24 * 60 * 60));
        self.session_starts =
            Some(SessionStarts { remaining: limit.remaining, total: limit.total, resets_at: now + left });
    }

    /// Takes one session from the budget. The error is the time of the next try.
    fn try_take(&mut self, shard: u32, now: Instant) -> Result<(), Instant> {
        let refill = REFILL_INTERVAL / self.shards.max(1);
        while self.tokens < BURST_SESSIONS.saturating_mul(self.shards) && self.refilled_at + refill <= now {
            (self.tokens, self.refilled_at) = (self.tokens + 1, self.refilled_at + refill);
        }
        if let Some(starts) = &self.session_starts
            && starts.remaining == 0
            && now < starts.resets_at + RESET_MARGIN
        {
            return Err(starts.resets_at + RESET_MARGIN);
        }
        let key = (shard % self.max_concurrency) as usize;
        if self.last_by_key.len() <= key {
            self.last_by_key.resize(key + 1, None);
        }
        if let Some(free) = self.last_by_key[key].map(|last| last + IDENTIFY_INTERVAL).filter(|free| *free > now) {
            return Err(free);
        }
        if self.tokens == 0 {
            return Err(self.refilled_at + refill);
        }
        if self.tokens == BURST_SESSIONS.saturating_mul(self.shards) {
            self.refilled_at = now;
        }
        self.tokens -= 1;
        self.sessions_begun += 1;
        self.last_by_key[key] = Some(now);
        if let Some(starts) = &mut self.session_starts {
            starts.remaining = starts.remaining.saturating_sub(1);
        }
        Ok(())
    }

    /// Returns the session that was taken at `taken`, because it never began.
    fn return_unused(&mut self, shard: u32, taken: Instant) {
        self.tokens = (self.tokens + 1).min(BURST_SESSIONS.saturating_mul(self.shards));
        let key = (shard % self.max_concurrency) as usize;
        if let Some(last) = self.last_by_key.get_mut(key).filter(|last| **last == Some(taken)) {
            *last = None;
        }
        if let Some(starts) = &mut self.session_starts {
            starts.remaining = (starts.remaining + 1).min(starts.total);
        }
    }

    /// Whether to request the limit anew: its period is over, or many sessions have begun.
    fn is_stale(&self, now: Instant) -> bool {
        // The limit that was requested at the start is valid for the first session, however short the period is.
        let is_old =
            |starts: SessionStarts| starts.resets_at <= now && (self.sessions_begun > 0 || starts.remaining == 0);
        self.sessions_begun >= MAX_UNCHECKED_SESSIONS.saturating_mul(self.shards)
            || self.session_starts.is_some_and(is_old)
    }
}

impl IdentifyLimiter {
    pub(super) fn new(services: Arc<Services>, status: Arc<GatewayStatus>, gateway: &BotGateway) -> Self {
        let budget = IdentifyBudget::new(gateway, Instant::now());
        status.set_session_starts(budget.session_starts, None);
        Self { services, status, budget: Mutex::new(budget), url: Mutex::new(gateway.url.clone()) }
    }

    /// The gateway's URL, as last reported by Discord.
    pub(super) async fn url(&self) -> String {
        self.url.lock().await.clone()
    }

    /// Returns the session that [`Self::acquire`] permitted at `taken`, because IDENTIFY was never sent.
    pub(super) async fn return_unused(&self, shard: u32, taken: Instant) {
        self.budget.lock().await.return_unused(shard, taken);
    }

    /// Waits until the shard may begin a session. Returns the time at which it was permitted.
    pub(super) async fn acquire(&self, shard: u32) -> Instant {
        self.refresh_if_stale().await;
        loop {
            let now = Instant::now();
            let taken = self.budget.lock().await.try_take(shard, now);
            let starts = self.budget.lock().await.session_starts;
            let Err(until) = taken else {
                self.status.set_session_starts(starts, None);
                return now;
            };
            self.status.set_session_starts(starts, Some(until));
            let wait = until.saturating_duration_since(Instant::now());
            if starts.is_some_and(|starts| starts.remaining == 0) {
                self.status
                    .set_wait_reason(shard, "Discord allows no new session until its session_start_limit is reset");
                tracing::warn!(
                    shard,
                    seconds = wait.as_secs(),
                    "Discord allows no new session until its session_start_limit is reset; check whether another process \
                     uses the same token, and do not restart the bot meanwhile"
                );
            } else if wait > IDENTIFY_INTERVAL {
                self.status.set_wait_reason(shard, "too many new sessions recently: delaying the next one");
                tracing::warn!(
                    shard,
                    seconds = wait.as_secs(),
                    "too many new sessions recently: delaying the next one"
                );
            }
            sleep_until(until).await;
            self.refresh_if_stale().await;
        }
    }

    /// Requests the limit anew if it is stale. Without a response the previous one stays in use.
    async fn refresh_if_stale(&self) {
        if !self.budget.lock().await.is_stale(Instant::now()) {
            return;
        }
        match timeout(LIMIT_REQUEST_TIMEOUT, self.services.client.fetch_gateway()).await {
            Ok(Ok(gateway)) => {
                self.budget.lock().await.update_limit(gateway.session_start_limit.as_ref(), Instant::now());
                *self.url.lock().await = gateway.url;
            }
            Ok(Err(error)) => tracing::debug!(%error, "the session_start_limit could not be requested"),
            Err(_) => tracing::debug!("the request for the session_start_limit timed out"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gateway(shards: u32, remaining: u32, reset_after: u64, max_concurrency: u32) -> BotGateway {
        let limit = SessionStartLimit { total: 1_000, remaining, reset_after, max_concurrency };
        BotGateway { url: "ws://127.0.0.1".into(), shards, session_start_limit: Some(limit) }
    }

    /// How many sessions begin within this time if each begins as soon as it may.
    fn count_sessions(budget: &mut IdentifyBudget, begin: Instant, time: Duration) -> u32 {
        let (mut now, mut count) = (begin, 0);
        while now < begin + time {
            match budget.try_take(0, now) {
                Ok(()) => count += 1,
                Err(until) => now = until,
            }
        }
        count
    }

    #[test]
    fn the_first_session_begins_without_another_request() {
        let now = Instant::now();
        let mut budget = IdentifyBudget::new(&gateway(1, 1_000, 0, 1), now);
        assert!(!budget.is_stale(now));
        assert_eq!(budget.try_take(0, now), Ok(()));
        assert!(budget.is_stale(now), "the period is over, and another one may have begun");
    }

    #[test]
    fn a_session_that_never_began_costs_nothing() {
        let now = Instant::now();
        let mut budget = IdentifyBudget::new(&gateway(1, 500, 0, 1), now);
        for _ in 0..10 * BURST_SESSIONS {
            assert_eq!(budget.try_take(0, now), Ok(()));
            budget.return_unused(0, now);
        }
        assert_eq!(budget.session_starts.map(|starts| starts.remaining), Some(500));
    }

    #[test]
    fn fewer_than_three_hundred_sessions_begin_in_a_day() {
        let now = Instant::now();
        let mut budget = IdentifyBudget::new(&gateway(1, 1_000, 0, 1), now);
        let day = count_sessions(&mut budget, now, Duration::from_secs(24 * 60 * 60));
        assert!((240..300).contains(&day), "{day}");
    }

    #[test]
    fn none_begins_while_none_is_left_and_one_does_when_the_limit_is_reset() {
        let now = Instant::now();
        let mut budget = IdentifyBudget::new(&gateway(1, 1, 60_000, 1), now);
        assert_eq!(budget.try_take(0, now), Ok(()));
        let reset = now + Duration::from_secs(60);
        assert_eq!(budget.try_take(0, now + IDENTIFY_INTERVAL), Err(reset + RESET_MARGIN));
        assert!(!budget.is_stale(now + IDENTIFY_INTERVAL) && budget.is_stale(reset));
        assert_eq!(budget.try_take(0, reset + RESET_MARGIN), Ok(()));
    }

    #[test]
    fn one_begins_in_five_seconds_for_each_key() {
        let now = Instant::now();
        let mut budget = IdentifyBudget::new(&gateway(4, 1_000, 0, 2), now);
        assert_eq!((budget.try_take(0, now), budget.try_take(1, now)), (Ok(()), Ok(())));
        assert_eq!(
            (budget.try_take(2, now), budget.try_take(3, now)),
            (Err(now + IDENTIFY_INTERVAL), Err(now + IDENTIFY_INTERVAL))
        );
        assert_eq!(
            (budget.try_take(2, now + IDENTIFY_INTERVAL), budget.try_take(3, now + IDENTIFY_INTERVAL)),
            (Ok(()), Ok(()))
        );
    }
}
