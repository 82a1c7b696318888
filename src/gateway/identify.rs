//! How often a new session may begin.
//!
//! Discord resets the token of a bot that begins more than its `session_start_limit` (1,000) in a day, takes one IDENTIFY
//! in five seconds for each rate limit key, and says how many are left at `GET /gateway/bot`. The bot keeps to that, and
//! to a budget of its own that no weather exhausts: [`BURST`] sessions at once and then one in [`REFILL`], so fewer than
//! 300 in a day for one shard.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until, timeout};

use crate::actors::Outside;
use crate::discord::{BotGateway, SessionStartLimit};
use crate::status::gateway::{GatewayStatus, SessionStarts};

/// New sessions that may begin one after another, for each shard.
const BURST: u32 = 20;
/// After that, one in this time, for each shard.
const REFILL: Duration = Duration::from_secs(6 * 60);
/// "5 seconds" for each rate limit key, and a little.
const SPACING: Duration = Duration::from_millis(5_100);
/// The first sessions begin without asking again how many are left.
const UNASKED: u32 = 3;
/// How long an answer to that is waited for: a little longer than for one that hangs. A limit may hold the request up for
/// much longer, and the session does not wait for that.
const ASK_TIMEOUT: Duration = Duration::from_secs(16);
/// How much later than told the next session begins, when none was left.
const GRACE: Duration = Duration::from_secs(1);

/// Lets sessions begin, for all shards.
pub(super) struct Identifies {
    outside: Arc<Outside>,
    status: Arc<GatewayStatus>,
    budget: Mutex<Budget>,
    /// Where the gateway is, as Discord told it last.
    url: Mutex<String>,
}

/// What is left, and when there is more.
#[derive(Debug)]
struct Budget {
    shards: u32,
    tokens: u32,
    refilled: Instant,
    begun: u32,
    max_concurrency: u32,
    /// When the last session of each rate limit key began.
    last: Vec<Option<Instant>>,
    told: Option<SessionStarts>,
}

impl Budget {
    fn new(gateway: &BotGateway, now: Instant) -> Self {
        let mut budget = Self {
            shards: gateway.shards,
            tokens: BURST.saturating_mul(gateway.shards),
            refilled: now,
            begun: 0,
            max_concurrency: 1,
            last: Vec::new(),
            told: None,
        };
        budget.learn(gateway.session_start_limit.as_ref(), now);
        budget
    }

    /// Discord told how many sessions are left.
    fn learn(&mut self, limit: Option<&SessionStartLimit>, now: Instant) {
        let Some(limit) = limit else { return };
        self.max_concurrency = limit.max_concurrency.clamp(1, self.shards.max(1));
        self.last.resize(self.max_concurrency as usize, None);
        // No limit of Discord's lasts longer than a day.
        let left = Duration::from_millis(limit.reset_after).min(Duration::from_secs(24 * 60 * 60));
        self.told = Some(SessionStarts { remaining: limit.remaining, total: limit.total, resets_at: now + left });
    }

    /// When this shard may begin a session; `Ok` takes one from the budget.
    fn take(&mut self, shard: u32, now: Instant) -> Result<(), Instant> {
        let refill = REFILL / self.shards.max(1);
        while self.tokens < BURST.saturating_mul(self.shards) && self.refilled + refill <= now {
            (self.tokens, self.refilled) = (self.tokens + 1, self.refilled + refill);
        }
        if let Some(starts) = &self.told
            && starts.remaining == 0
            && now < starts.resets_at + GRACE
        {
            return Err(starts.resets_at + GRACE);
        }
        let key = (shard % self.max_concurrency) as usize;
        if self.last.len() <= key {
            self.last.resize(key + 1, None);
        }
        if let Some(free) = self.last[key].map(|last| last + SPACING).filter(|free| *free > now) {
            return Err(free);
        }
        if self.tokens == 0 {
            return Err(self.refilled + refill);
        }
        if self.tokens == BURST.saturating_mul(self.shards) {
            self.refilled = now;
        }
        self.tokens -= 1;
        self.begun += 1;
        self.last[key] = Some(now);
        if let Some(starts) = &mut self.told {
            starts.remaining = starts.remaining.saturating_sub(1);
        }
        Ok(())
    }

    /// The session that took from the budget at this time never began.
    fn give_back(&mut self, shard: u32, taken: Instant) {
        self.tokens = (self.tokens + 1).min(BURST.saturating_mul(self.shards));
        let key = (shard % self.max_concurrency) as usize;
        if let Some(last) = self.last.get_mut(key).filter(|last| **last == Some(taken)) {
            *last = None;
        }
        if let Some(starts) = &mut self.told {
            starts.remaining = (starts.remaining + 1).min(starts.total);
        }
    }

    /// What Discord told may have changed: time has passed, or many sessions have begun.
    fn is_stale(&self, now: Instant) -> bool {
        // What the start was told counts for the first session, however short the period is.
        let is_old = |starts: SessionStarts| starts.resets_at <= now && (self.begun > 0 || starts.remaining == 0);
        self.begun >= UNASKED.saturating_mul(self.shards) || self.told.is_some_and(is_old)
    }
}

impl Identifies {
    pub(super) fn new(outside: Arc<Outside>, status: Arc<GatewayStatus>, gateway: &BotGateway) -> Self {
        let budget = Budget::new(gateway, Instant::now());
        status.set_session_starts(budget.told, None);
        Self { outside, status, budget: Mutex::new(budget), url: Mutex::new(gateway.url.clone()) }
    }

    /// Where the gateway is, as Discord told it last.
    pub(super) async fn url(&self) -> String {
        self.url.lock().await.clone()
    }

    /// The session that was allowed at this time never began: Discord has not counted it.
    pub(super) async fn give_back(&self, shard: u32, taken: Instant) {
        self.budget.lock().await.give_back(shard, taken);
    }

    /// Waits until this shard may begin a session; returns when that is.
    pub(super) async fn acquire(&self, shard: u32) -> Instant {
        self.ask_if_stale().await;
        loop {
            let now = Instant::now();
            let taken = self.budget.lock().await.take(shard, now);
            let told = self.budget.lock().await.told;
            let Err(until) = taken else {
                self.status.set_session_starts(told, None);
                return now;
            };
            self.status.set_session_starts(told, Some(until));
            let wait = until.saturating_duration_since(Instant::now());
            if told.is_some_and(|starts| starts.remaining == 0) {
                self.status.waits_for(shard, "Discord allows no new session before its session_start_limit is reset");
                tracing::warn!(
                    shard,
                    seconds = wait.as_secs(),
                    "Discord allows the bot no new session before its limit is reset; see whether another process uses \
                     the same token, and do not restart the bot meanwhile"
                );
            } else if wait > SPACING {
                self.status.waits_for(shard, "too many new sessions lately: the next one waits");
                tracing::warn!(shard, seconds = wait.as_secs(), "too many new sessions lately: the next one waits");
            }
            sleep_until(until).await;
            self.ask_if_stale().await;
        }
    }

    /// Asks how many sessions are left. Without an answer, what was told before counts on.
    async fn ask_if_stale(&self) {
        if !self.budget.lock().await.is_stale(Instant::now()) {
            return;
        }
        match timeout(ASK_TIMEOUT, self.outside.client.fetch_gateway()).await {
            Ok(Ok(gateway)) => {
                self.budget.lock().await.learn(gateway.session_start_limit.as_ref(), Instant::now());
                *self.url.lock().await = gateway.url;
            }
            Ok(Err(error)) => tracing::debug!(%error, "Discord did not tell how many sessions are left"),
            Err(_) => tracing::debug!("Discord does not tell in time how many sessions are left"),
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

    /// How many sessions begin within this time, if one is wanted whenever one may begin.
    fn count(budget: &mut Budget, begin: Instant, time: Duration) -> u32 {
        let (mut now, mut count) = (begin, 0);
        while now < begin + time {
            match budget.take(0, now) {
                Ok(()) => count += 1,
                Err(until) => now = until,
            }
        }
        count
    }

    #[test]
    fn the_first_session_begins_without_asking_once_more() {
        let now = Instant::now();
        let mut budget = Budget::new(&gateway(1, 1_000, 0, 1), now);
        assert!(!budget.is_stale(now));
        assert_eq!(budget.take(0, now), Ok(()));
        assert!(budget.is_stale(now), "the period is over, and another one may have begun");
    }

    #[test]
    fn a_session_that_never_began_costs_nothing() {
        let now = Instant::now();
        let mut budget = Budget::new(&gateway(1, 500, 0, 1), now);
        for _ in 0..10 * BURST {
            assert_eq!(budget.take(0, now), Ok(()));
            budget.give_back(0, now);
        }
        assert_eq!(budget.told.map(|starts| starts.remaining), Some(500));
    }

    #[test]
    fn fewer_than_three_hundred_sessions_begin_in_a_day() {
        let now = Instant::now();
        let mut budget = Budget::new(&gateway(1, 1_000, 0, 1), now);
        let day = count(&mut budget, now, Duration::from_secs(24 * 60 * 60));
        assert!((240..300).contains(&day), "{day}");
    }

    #[test]
    fn none_begins_while_none_is_left_and_one_does_when_the_limit_is_reset() {
        let now = Instant::now();
        let mut budget = Budget::new(&gateway(1, 1, 60_000, 1), now);
        assert_eq!(budget.take(0, now), Ok(()));
        let reset = now + Duration::from_secs(60);
        assert_eq!(budget.take(0, now + SPACING), Err(reset + GRACE));
        assert!(!budget.is_stale(now + SPACING) && budget.is_stale(reset));
        assert_eq!(budget.take(0, reset + GRACE), Ok(()));
    }

    #[test]
    fn one_begins_in_five_seconds_for_each_key() {
        let now = Instant::now();
        let mut budget = Budget::new(&gateway(4, 1_000, 0, 2), now);
        assert_eq!((budget.take(0, now), budget.take(1, now)), (Ok(()), Ok(())));
        assert_eq!((budget.take(2, now), budget.take(3, now)), (Err(now + SPACING), Err(now + SPACING)));
        assert_eq!((budget.take(2, now + SPACING), budget.take(3, now + SPACING)), (Ok(()), Ok(())));
    }
}
