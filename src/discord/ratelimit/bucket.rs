//! One rate limit: the requests that share it, and how many of them are left in the current window.
//!
//! Responses arrive out of order: use the lowest `remaining` of a window, minus the requests in flight, so that the count
//! is never too high.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

/// The first request of an unknown bucket is sent alone; when its response takes longer than this, the next one is sent.
const FIRST_RESPONSE_TIMEOUT: Duration = Duration::from_millis(500);
/// Two responses that give the end of a window less than this apart mean the same window.
const RESET_TOLERANCE: Duration = Duration::from_millis(500);

/// The `X-RateLimit-*` headers of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RateLimitHeaders {
    /// `X-RateLimit-Bucket`: Discord's hash for the bucket.
    pub bucket: Arc<str>,
    /// `X-RateLimit-Limit`: requests in a window.
    pub limit: u32,
    /// `X-RateLimit-Remaining`: requests left in this window.
    pub remaining: u32,
    /// The end of this window, from `X-RateLimit-Reset-After`.
    pub reset: Instant,
}

/// The requests that share one limit.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    in_flight: u32,
    last_sent: Option<Instant>,
    window: Option<Window>,
    blocked_until: Option<Instant>,
}

/// The time span in which a limit counts.
#[derive(Debug)]
struct Window {
    /// The lowest `remaining` that a response gave. Requests in flight may or may not be counted in it.
    remaining: u32,
    /// The end of the window; `None` until its first response.
    reset: Option<Instant>,
}

/// Whether a request may be sent now.
pub(super) enum Admission {
    Granted,
    /// Not before this time.
    NotBefore(Instant),
    /// Not before a response arrives.
    AfterResponse,
}

impl Bucket {
    /// Whether one more request may be sent. `limit` is the number of requests in a window, `None` while it is unknown.
    pub(super) fn check_admission(&mut self, limit: Option<u32>, now: Instant) -> Admission {
        match (self.blocked_until, limit) {
            (Some(until), _) if until > now => Admission::NotBefore(until),
            (_, Some(limit)) => self.check_window(limit, now),
            (_, None) => self.check_unknown_limit(now),
        }
    }

    /// While the limit is unknown, one request finds it out and the others wait for its response.
    fn check_unknown_limit(&self, now: Instant) -> Admission {
        match self.last_sent.map(|last| last + FIRST_RESPONSE_TIMEOUT) {
            Some(then) if then > now && self.in_flight > 0 => Admission::NotBefore(then),
            _ => Admission::Granted,
        }
    }

    fn check_window(&mut self, limit: u32, now: Instant) -> Admission {
        // A window whose end is unknown is over when no request is in flight that could reveal it.
        let idle = self.in_flight == 0;
        self.window.take_if(|window| window.reset.map_or(idle, |reset| reset <= now));
        let window = self.window.get_or_insert(Window { remaining: limit, reset: None });
        match window.reset {
            _ if window.remaining > self.in_flight => Admission::Granted,
            Some(reset) => Admission::NotBefore(reset),
            None => Admission::AfterResponse,
        }
    }

    /// The end of the time in which no request may be sent, if it is known.
    pub(super) fn full_until(&self, now: Instant) -> Option<Instant> {
        let exhausted = self.window.as_ref().filter(|window| window.remaining <= self.in_flight);
        let reset = exhausted.and_then(|window| window.reset);
        [self.blocked_until, reset].into_iter().flatten().max().filter(|until| *until > now)
    }

    /// An upper bound of [`Bucket::full_until`] that holds until the next response, whatever is sent before it.
    pub(super) fn full_until_at_most(&self, now: Instant) -> Option<Instant> {
        let reset = self.window.as_ref().and_then(|window| window.reset);
        [self.blocked_until, reset].into_iter().flatten().max().filter(|until| *until > now)
    }

    pub(super) fn record_sent(&mut self, now: Instant) {
        self.in_flight += 1;
        self.last_sent = Some(now);
    }

    /// A request is no longer in flight, whatever its outcome.
    pub(super) fn record_finished(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// No request may be sent before this time.
    pub(super) fn block_until(&mut self, until: Instant) {
        self.blocked_until = self.blocked_until.max(Some(until));
    }

    /// Takes over what a response says. Within a window, the lowest `remaining` is the latest.
    pub(super) fn apply_headers(&mut self, headers: &RateLimitHeaders) {
        match &mut self.window {
            Some(Window { remaining, reset: Some(reset) }) if headers.reset <= *reset + RESET_TOLERANCE => {
                *remaining = headers.remaining.min(*remaining);
                *reset = headers.reset.max(*reset);
            }
            window => *window = Some(Window { remaining: headers.remaining, reset: Some(headers.reset) }),
        }
    }

    /// Whether the bucket holds anything that a new one would not.
    pub(super) fn is_active(&self, now: Instant) -> bool {
        let window = self.window.as_ref().is_some_and(|window| window.reset.is_some_and(|reset| reset > now));
        self.in_flight > 0 || window || self.blocked_until.is_some_and(|until| until > now)
    }
}
