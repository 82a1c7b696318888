//! Discord's rate limits, as far as its responses have revealed them: which requests may be sent now, and which next.
//!
//! Discord limits each route by itself, within a channel or a server, and all routes together. It gives the limits only in
//! its responses, so they are learned as they arrive: the first request of a route is sent alone, and after its response
//! as many run concurrently as the limit allows. A request that hangs takes one slot and does not block the queue.
//!
//! The order is by priority, then by arrival, and a request that was rejected with a 429 keeps its position. Time is an
//! argument and nothing waits here; `queue` does the waiting.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::discord::ratelimit::bucket::{Admission, Bucket, RateLimitHeaders};
use crate::discord::ratelimit::waiting::WaitingRequests;
use crate::discord::request::Priority;

/// Requests that Discord accepts from one bot within [`GLOBAL_WINDOW`], all routes together (its reference, "Global Rate
/// Limit").
const GLOBAL_REQUESTS: usize = 50;
/// Of these, the adoption of channels leaves this many to other requests, which then need not wait for the next second.
const ADOPTION_RESERVE: usize = 10;
/// A second, and some margin because requests may arrive closer together than they were sent.
const GLOBAL_WINDOW: Duration = Duration::from_millis(1_020);
/// Discord sets no limit that lasts longer; a longer one is an error of the header or the body.
pub(super) const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// Concurrent requests where no limit is known. Each may take a socket, of which a process has about 1,000.
const MAX_IN_FLIGHT: usize = 256;

/// Identifies a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct BucketKey {
    /// Method and route without ids; once it is known, Discord's hash for the bucket.
    pub name: Arc<str>,
    /// The major parameter: the channel or server in the path, 0 where there is none.
    pub major: u64,
}

/// The position of a request in the queue: requests are sent in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct QueuePosition {
    priority: Priority,
    number: u64,
}

/// All known limits, and all waiting requests.
#[derive(Debug, Default)]
pub(super) struct RateLimiter {
    routes: HashMap<Arc<str>, RouteLimit>,
    buckets: HashMap<BucketKey, Bucket>,
    global: GlobalLimit,
    waiting: WaitingRequests,
    last_number: u64,
    /// With more buckets than this, the inactive ones are removed.
    cleanup_threshold: usize,
    /// No known limit ends later than this.
    last_end_at_most: Option<Instant>,
}

/// What the responses of a route have revealed.
#[derive(Clone, Debug)]
enum RouteLimit {
    /// They have no rate limit headers.
    Unlimited,
    /// It belongs to this bucket, which allows `limit` requests in a window.
    Limited { bucket: Arc<str>, limit: u32 },
}

/// The limit on all routes together.
#[derive(Debug, Default)]
struct GlobalLimit {
    in_flight: usize,
    presence: LimitPresence,
    sent: VecDeque<Instant>,
    blocked_until: Option<Instant>,
}

/// Whether the server limits at all. A server that stands in for Discord may not, and then sends no rate limit headers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum LimitPresence {
    #[default]
    Assumed,
    Absent,
    Present,
}

impl RateLimiter {
    /// A new position, behind all others of this priority.
    pub(super) fn next_position(&mut self, priority: Priority) -> QueuePosition {
        self.last_number += 1;
        QueuePosition { priority, number: self.last_number }
    }

    pub(super) fn enqueue(&mut self, position: QueuePosition, key: BucketKey) {
        self.waiting.insert(position, key);
    }

    /// Removes a request from the queue and returns whether it was waiting.
    pub(super) fn remove(&mut self, position: QueuePosition) -> bool {
        self.waiting.remove(position).is_some()
    }

    /// The first of all waiting requests.
    pub(super) fn first(&self) -> Option<QueuePosition> {
        self.waiting.first()
    }

    /// Takes the requests that may be sent now out of the queue, no more than `max` of them, each with the bucket it counts
    /// against. The second value is the time at which to try again, if time alone can change anything.
    pub(super) fn admit_ready(
        &mut self,
        now: Instant,
        max: usize,
    ) -> (Vec<(QueuePosition, BucketKey)>, Option<Instant>) {
        let (mut admitted, mut next_check) = (Vec::new(), None);
        self.remove_inactive_buckets(now);
        let mut last = None;
        while admitted.len() < max
            && let Some((position, key)) = self.waiting.head_after(last)
        {
            last = Some(position);
            match self.global.check_admission(position.priority, now) {
                Admission::Granted => {}
                Admission::NotBefore(then) => {
                    next_check = Some(earlier(next_check, then));
                    break;
                }
                Admission::AfterResponse => break,
            }
            let (key, limit) = self.resolve_bucket(&key);
            let bucket = self.buckets.entry(key.clone()).or_default();
            match bucket.check_admission(limit, now) {
                Admission::Granted => {
                    bucket.record_sent(now);
                    self.global.record_sent(now);
                    self.waiting.remove(position);
                    admitted.push((position, key));
                }
                Admission::NotBefore(then) => next_check = Some(earlier(next_check, then)),
                Admission::AfterResponse => {}
            }
        }
        (admitted, next_check)
    }

    /// A request is no longer in flight, whatever its outcome.
    pub(super) fn record_finished(&mut self, bucket: &BucketKey) {
        self.global.in_flight = self.global.in_flight.saturating_sub(1);
        if let Some(bucket) = self.buckets.get_mut(bucket) {
            bucket.record_finished();
        }
    }

    /// Takes over the rate limit headers of a response to a request with this key; `None` if it had none.
    pub(super) fn apply_headers(&mut self, key: &BucketKey, headers: Option<RateLimitHeaders>) {
        self.global.note_presence(headers.is_some());
        let Some(headers) = headers else {
            self.routes.entry(key.name.clone()).or_insert(RouteLimit::Unlimited);
            return;
        };
        let route = RouteLimit::Limited { bucket: headers.bucket.clone(), limit: headers.limit };
        self.routes.insert(key.name.clone(), route);
        self.last_end_at_most = self.last_end_at_most.max(Some(headers.reset));
        let bucket = BucketKey { name: headers.bucket.clone(), ..*key };
        self.buckets.entry(bucket).or_default().apply_headers(&headers);
    }

    /// A request with this key was rejected with a 429: nothing may be sent before `until`, in its bucket or globally.
    pub(super) fn record_rejection(&mut self, key: &BucketKey, until: Instant, global: bool) {
        self.global.presence = LimitPresence::Present;
        self.last_end_at_most = self.last_end_at_most.max(Some(until));
        if global {
            self.global.blocked_until = self.global.blocked_until.max(Some(until));
            return;
        }
        if let Some(route @ RouteLimit::Unlimited) = self.routes.get_mut(&key.name) {
            // The headers do not reveal this limit before it is exceeded: from now on one request at a time is sent.
            *route = RouteLimit::Limited { bucket: key.name.clone(), limit: 1 };
        }
        self.buckets.entry(self.resolve_bucket(key).0).or_default().block_until(until);
    }

    /// How long the global limit still blocks all requests, if it does.
    pub(super) fn global_wait(&self, now: Instant) -> Option<Duration> {
        self.global.blocked_until.filter(|until| *until > now).map(|until| until - now)
    }

    /// The time until which a known limit blocks the request at this position.
    pub(super) fn blocked_until(&self, position: QueuePosition, now: Instant) -> Option<Instant> {
        let bucket = self.buckets.get(&self.resolve_bucket(self.waiting.key(position)?).0);
        let full = bucket.and_then(|bucket| bucket.full_until(now));
        [full, self.global.blocked_until.filter(|until| *until > now)].into_iter().flatten().max()
    }

    /// An upper bound of [`RateLimiter::last_end`], in constant time.
    pub(super) fn last_end_at_most(&self, now: Instant) -> Option<Instant> {
        self.last_end_at_most.filter(|until| *until > now)
    }

    /// When the last of all known limits ends: none blocks any request for longer.
    pub(super) fn last_end(&mut self, now: Instant) -> Option<Instant> {
        let ends = self.buckets.values().filter_map(|bucket| bucket.full_until_at_most(now));
        self.last_end_at_most = ends.chain(self.global.blocked_until.filter(|until| *until > now)).max();
        let full = self.buckets.values().filter_map(|bucket| bucket.full_until(now));
        full.chain(self.global.blocked_until.filter(|until| *until > now)).max()
    }

    /// The route that is blocked for the longest time, and until when.
    pub(super) fn longest_blocked_route(&self, now: Instant) -> Option<(Arc<str>, Instant)> {
        let full = |(key, bucket): (&BucketKey, &Bucket)| Some((key.name.clone(), bucket.full_until(now)?));
        let (bucket, until) = self.buckets.iter().filter_map(full).max_by_key(|(_, until)| *until)?;
        let belongs = |route: &RouteLimit| matches!(route, RouteLimit::Limited { bucket: name, .. } if *name == bucket);
        let route = self.routes.iter().find(|(_, route)| belongs(route)).map(|(name, _)| name.clone());
        Some((route.unwrap_or(bucket), until))
    }

    /// The bucket that requests with this key count against, and its limit, as far as they are known.
    fn resolve_bucket(&self, key: &BucketKey) -> (BucketKey, Option<u32>) {
        match self.routes.get(&key.name) {
            Some(RouteLimit::Limited { bucket, limit }) => (BucketKey { name: bucket.clone(), ..*key }, Some(*limit)),
            Some(RouteLimit::Unlimited) => (key.clone(), Some(u32::MAX)),
            None => (key.clone(), None),
        }
    }

    /// Keeps memory bounded: most channels get two messages and are deleted.
    fn remove_inactive_buckets(&mut self, now: Instant) {
        if self.buckets.len() > self.cleanup_threshold {
            self.buckets.retain(|_, bucket| bucket.is_active(now));
            self.cleanup_threshold = 2 * self.buckets.len() + 64;
        }
    }
}

impl GlobalLimit {
    fn note_presence(&mut self, has_headers: bool) {
        self.presence = match self.presence {
            _ if has_headers => LimitPresence::Present,
            LimitPresence::Assumed => LimitPresence::Absent,
            presence => presence,
        };
    }

    fn check_admission(&mut self, priority: Priority, now: Instant) -> Admission {
        while self.sent.front().is_some_and(|sent| *sent + GLOBAL_WINDOW <= now) {
            self.sent.pop_front();
        }
        let reserve = if priority == Priority::Adoption { ADOPTION_RESERVE } else { 0 };
        let excess = (self.sent.len() + reserve + 1).checked_sub(GLOBAL_REQUESTS).filter(|excess| *excess > 0);
        // As many requests as are in excess must leave the window first.
        let free_at = excess
            .filter(|_| self.presence != LimitPresence::Absent)
            .map(|excess| self.sent[excess - 1] + GLOBAL_WINDOW);
        match self.blocked_until.filter(|until| *until > now).max(free_at) {
            Some(then) => Admission::NotBefore(then),
            None if self.in_flight + reserve >= MAX_IN_FLIGHT => Admission::AfterResponse,
            None => Admission::Granted,
        }
    }

    fn record_sent(&mut self, now: Instant) {
        self.in_flight += 1;
        self.sent.push_back(now);
    }
}

fn earlier(one: Option<Instant>, other: Instant) -> Instant {
    one.map_or(other, |one| one.min(other))
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod throughput;
