//! The queue in front of the transport: a request waits here until the rate limits and Cloudflare allow it to be sent.
//!
//! There is no background task: the head of the queue sleeps until the next reset and wakes the others. All other requests
//! sleep until they are woken. A request that leaves the queue, because it may be sent or because its future was dropped,
//! examines the queue once more, so that there is always a head that is awake.
//!
//! Responses to interactions are subject to no rate limit that is known in advance. They are sent at once unless Cloudflare
//! blocks the address, and first when the block is over.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderMap;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::discord::ratelimit::bucket::RateLimitHeaders;
use crate::discord::ratelimit::cloudflare::{CloudflareGuard, PhaseNumber, SendOutcome};
use crate::discord::ratelimit::limiter::{BucketKey, MAX_RETRY_AFTER, QueuePosition, RateLimiter};
use crate::discord::request::{HttpRequest, Priority};
use crate::discord::status::{self, LimitedRoute, RestStatus};
use crate::metrics::Metrics;

/// A request that a person waits for is withdrawn where it is known that it will be blocked for longer than this; the
/// person is told until when.
pub(super) const MAX_WAIT_AHEAD: Duration = Duration::from_secs(15);
/// Such a request waits no longer than this even if each single limit is short: an interaction can be answered for 15
/// minutes.
const MAX_TOTAL_WAIT: Duration = Duration::from_secs(10 * 60);

/// Admits requests; each one passes here.
pub(in crate::discord) struct RequestQueue {
    state: Mutex<QueueState>,
    metrics: Arc<Metrics>,
}

#[derive(Default)]
struct QueueState {
    limiter: RateLimiter,
    guard: CloudflareGuard,
    /// Responses to interactions that Cloudflare blocks; all other requests wait in `limiter`.
    interactions: BTreeSet<QueuePosition>,
    /// Requests that a person waits for, and since when.
    awaited: BTreeMap<QueuePosition, Instant>,
    /// A lower bound: none of them has waited since before this time.
    awaited_since: Option<Instant>,
    wakers: HashMap<QueuePosition, Arc<Notify>>,
    /// Admitted or withdrawn, but not yet awake.
    decided: HashMap<QueuePosition, Result<Permit, RateLimited>>,
    next_check: Option<Instant>,
}

/// Permission to send one request, once.
struct Permit {
    sent_in: PhaseNumber,
    /// The bucket that the request counts against; `None` for a response to an interaction.
    bucket: Option<BucketKey>,
}

/// The request was withdrawn: a rate limit or Cloudflare blocks it for a long time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::discord) struct RateLimited {
    pub until: Instant,
}

/// One request in the queue. It may be sent several times, and needs a permit each time.
pub(in crate::discord) struct QueueEntry<'a> {
    queue: &'a RequestQueue,
    /// `None` for a response to an interaction.
    key: Option<BucketKey>,
    position: QueuePosition,
    /// Since when a person waits for it, if one does.
    awaited: Option<Instant>,
    waker: Arc<Notify>,
    permit: Option<Permit>,
}

impl RequestQueue {
    pub(in crate::discord) fn new(metrics: Arc<Metrics>) -> Self {
        Self { state: Mutex::default(), metrics }
    }

    /// Assigns a position to a request.
    pub(in crate::discord) fn add(&self, request: &HttpRequest<'_>) -> QueueEntry<'_> {
        let key = (request.priority != Priority::Interaction).then(|| BucketKey {
            name: format!("{} {}", request.verb(), request.label()).into(),
            major: request.major_parameter(),
        });
        let position = self.update(|state| state.limiter.next_position(request.priority));
        let awaited = request.awaited.then(Instant::now);
        QueueEntry { queue: self, key, position, awaited, waker: Arc::new(Notify::new()), permit: None }
    }

    pub(in crate::discord) fn status(&self) -> RestStatus {
        let now = Instant::now();
        self.update(|state| {
            let invalid_requests = state.guard.count_invalid_requests(now);
            let blocked = state.limiter.longest_blocked_route(now);
            let long = blocked.filter(|(_, until)| *until > now + MAX_WAIT_AHEAD);
            RestStatus {
                limited_route: long.map(|(route, until)| LimitedRoute { route, remaining: until - now }),
                ..RestStatus::new(
                    state.guard.block_status(now),
                    invalid_requests,
                    state.guard.is_throttled(),
                    state.limiter.global_wait(now),
                )
            }
        })
    }

    /// Changes the state, and reports the events that this caused after the lock is released.
    fn update<T>(&self, change: impl FnOnce(&mut QueueState) -> T) -> T {
        let mut state = self.lock();
        let result = change(&mut state);
        let events = state.guard.take_events();
        drop(state);
        for event in events {
            status::report_event(event, &self.metrics);
        }
        result
    }

    fn lock(&self) -> MutexGuard<'_, QueueState> {
        // A panic elsewhere leaves the state usable: at worst a request is counted that has left.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl QueueEntry<'_> {
    /// Waits until this request may be sent, or until it is known that a person who waits for it would wait too long.
    pub(in crate::discord) async fn wait_for_permit(&mut self) -> Result<(), RateLimited> {
        self.permit = self.queue.update(|state| state.enqueue(self));
        while self.permit.is_none() {
            let (decided, wake_at) = self.queue.update(|state| {
                let wake_at = state.next_check.filter(|_| state.head() == Some(self.position));
                (state.decided.remove(&self.position), wake_at)
            });
            match (decided, wake_at) {
                (Some(decided), _) => self.permit = Some(decided?),
                (None, Some(then)) => tokio::select! {
                    () = self.waker.notified() => {}
                    () = sleep_until(then) => self.queue.update(QueueState::advance),
                },
                (None, None) => self.waker.notified().await,
            }
        }
        Ok(())
    }

    /// The request was answered with this status; the rate limit headers count if Discord itself responded.
    pub(in crate::discord) fn record_response(&mut self, status: u16, outcome: SendOutcome, headers: &HeaderMap) {
        self.queue.update(|state| {
            self.apply_response(state, status, outcome, headers);
            state.advance();
        });
    }

    /// The request was rejected with a 429 of Discord's. It is sent again when the limit allows it.
    pub(in crate::discord) fn record_rate_limit(&mut self, headers: &HeaderMap, retry_after: Duration, global: bool) {
        self.queue.update(|state| {
            self.apply_response(state, 429, SendOutcome::Answered, headers);
            if let Some(key) = &self.key {
                state.limiter.record_rejection(key, Instant::now() + retry_after, global);
            }
            state.advance();
        });
    }

    /// The request was answered with a 403 page that is not Discord's.
    pub(in crate::discord) fn record_forbidden_page(&mut self, headers: &HeaderMap) {
        let mut hasher = DefaultHasher::new();
        match &self.key {
            Some(key) => key.hash(&mut hasher),
            None => self.position.hash(&mut hasher),
        }
        self.record_response(403, SendOutcome::ForbiddenPage(hasher.finish()), headers);
    }

    fn apply_response(&mut self, state: &mut QueueState, status: u16, outcome: SendOutcome, headers: &HeaderMap) {
        let now = Instant::now();
        if matches!(status, 401 | 403 | 429) {
            state.guard.record_invalid_request(now);
            self.queue.metrics.refusals.inc();
        }
        if let Some(permit) = self.permit.take() {
            state.return_permit(&permit, outcome, now);
        }
        if let Some(key) = self.key.as_ref().filter(|_| outcome == SendOutcome::Answered) {
            state.limiter.apply_headers(key, parse_headers(headers));
        }
    }
}

impl Drop for QueueEntry<'_> {
    /// Gives back the slot of a request whose response is not awaited any more.
    fn drop(&mut self) {
        self.queue.update(|state| {
            state.wakers.remove(&self.position);
            state.awaited.remove(&self.position);
            let decided = state.decided.remove(&self.position).and_then(Result::ok);
            let permit = self.permit.take().or(decided);
            if let Some(permit) = &permit {
                state.return_permit(permit, SendOutcome::Unknown, Instant::now());
            }
            let waited = state.limiter.remove(self.position) | state.interactions.remove(&self.position);
            if waited || permit.is_some() {
                state.advance();
            }
        });
    }
}

impl QueueState {
    /// Puts a request into the queue, or returns its permit at once.
    fn enqueue(&mut self, entry: &QueueEntry<'_>) -> Option<Permit> {
        if let Some(key) = &entry.key {
            self.limiter.enqueue(entry.position, key.clone());
            if let Some(since) = entry.awaited {
                self.awaited.insert(entry.position, since);
                self.awaited_since = Some(self.awaited_since.map_or(since, |oldest| oldest.min(since)));
            }
        } else {
            let now = Instant::now();
            if self.interactions.is_empty() && self.guard.capacity(now).requests > 0 {
                return Some(Permit { sent_in: self.guard.record_sent(now), bucket: None });
            }
            self.interactions.insert(entry.position);
        }
        self.wakers.insert(entry.position, entry.waker.clone());
        self.advance();
        None
    }

    fn return_permit(&mut self, permit: &Permit, outcome: SendOutcome, now: Instant) {
        if let Some(bucket) = &permit.bucket {
            self.limiter.record_finished(bucket);
        }
        self.guard.record_outcome(permit.sent_in, outcome, now, random_fraction());
    }

    /// Wakes all requests that may be sent, and the one that is the head after that.
    fn advance(&mut self) {
        let now = Instant::now();
        let mut capacity = self.guard.capacity(now);
        while capacity.requests > 0
            && let Some(position) = self.interactions.pop_first()
        {
            capacity.requests -= 1;
            self.issue_permit(position, None, now);
        }
        self.next_check = capacity.next_check;
        if capacity.requests > 0 {
            let (admitted, next_check) = self.limiter.admit_ready(now, capacity.requests);
            self.next_check = [capacity.next_check, next_check].into_iter().flatten().min();
            capacity.requests -= admitted.len();
            for (position, bucket) in admitted {
                self.issue_permit(position, Some(bucket), now);
            }
        }
        self.withdraw_blocked(capacity.next_check.filter(|_| capacity.requests == 0), now);
        if let Some(waker) = self.head().and_then(|position| self.wakers.get(&position)) {
            waker.notify_one();
        }
    }

    /// Withdraws the requests that people wait for and that a rate limit or Cloudflare (`guard_opens`) blocks for too long.
    fn withdraw_blocked(&mut self, guard_opens: Option<Instant>, now: Instant) {
        // Cheap checks first, since this runs at every step: mostly no limit at all lasts long enough.
        let any_too_long = |since: Option<Instant>, until: Option<Instant>| {
            since.zip(until).is_some_and(|(since, until)| is_too_long(until, since, now))
        };
        if !any_too_long(self.awaited_since, self.limiter.last_end_at_most(now).max(guard_opens)) {
            return;
        }
        self.awaited_since = self.awaited.values().min().copied();
        if !any_too_long(self.awaited_since, self.limiter.last_end(now).max(guard_opens)) {
            return;
        }
        let blocked: Vec<(QueuePosition, Instant)> = self
            .awaited
            .iter()
            .filter_map(|(position, since)| {
                let until = self.limiter.blocked_until(*position, now).max(guard_opens)?;
                is_too_long(until, *since, now).then_some((*position, until))
            })
            .collect();
        for (position, until) in blocked {
            self.limiter.remove(position);
            self.wake_with(position, Err(RateLimited { until }));
        }
    }

    fn issue_permit(&mut self, position: QueuePosition, bucket: Option<BucketKey>, now: Instant) {
        let permit = Permit { sent_in: self.guard.record_sent(now), bucket };
        self.wake_with(position, Ok(permit));
    }

    fn wake_with(&mut self, position: QueuePosition, decision: Result<Permit, RateLimited>) {
        self.decided.insert(position, decision);
        self.awaited.remove(&position);
        if let Some(waker) = self.wakers.remove(&position) {
            waker.notify_one();
        }
    }

    /// The request that sleeps until the next check and then advances the queue.
    fn head(&self) -> Option<QueuePosition> {
        self.interactions.first().copied().or_else(|| self.limiter.first())
    }
}

/// Whether `until` is too late for a person who has waited since `since`.
fn is_too_long(until: Instant, since: Instant, now: Instant) -> bool {
    until > (now + MAX_WAIT_AHEAD).min(since + MAX_TOTAL_WAIT)
}

/// Between 0 and 1. The keys of a hash map are random, and nothing here needs a better source.
pub(crate) fn random_fraction() -> f64 {
    let bits = RandomState::new().build_hasher().finish();
    f64::from(u32::try_from(bits >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}

/// The rate limit headers of a response, if all of them are there and readable.
fn parse_headers(headers: &HeaderMap) -> Option<RateLimitHeaders> {
    let text = |name| headers.get(name)?.to_str().ok();
    let seconds = text("x-ratelimit-reset-after")?.parse().ok()?;
    let reset_after = Duration::try_from_secs_f64(seconds).ok().filter(|wait| *wait <= MAX_RETRY_AFTER)?;
    Some(RateLimitHeaders {
        bucket: text("x-ratelimit-bucket")?.into(),
        limit: text("x-ratelimit-limit")?.parse().ok()?,
        remaining: text("x-ratelimit-remaining")?.parse().ok()?,
        reset: Instant::now() + reset_after,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_waits_neither_long_for_one_limit_nor_for_ever_for_many() {
        let since = Instant::now();
        let after = |seconds| since + Duration::from_secs(seconds);
        assert!(!is_too_long(after(15), since, since));
        assert!(is_too_long(after(16), since, since));
        // A queue that moves: each limit is short, but the last one ends when ten minutes are over.
        assert!(!is_too_long(after(600), since, after(590)));
        assert!(is_too_long(after(601), since, after(591)));
    }
}
