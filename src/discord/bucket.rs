//! One rate limit: the requests that share it, and how many of them are left.
//!
//! Replies overtake each other, so what the last one to arrive says is not what is true. What is counted here is always
//! on the safe side: Discord's lowest word in a window, less all that are still under way.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

/// A first reply that takes longer keeps the second request waiting no more.
const PATIENCE: Duration = Duration::from_millis(500);
/// Two ends of a window that differ by less are the same end, told by two replies.
const JITTER: Duration = Duration::from_millis(500);

/// What a reply tells about its bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// Discord's name for it.
    pub bucket: Arc<str>,
    /// How many go in a window.
    pub limit: u32,
    /// How many still go in this one.
    pub remaining: u32,
    /// When this one ends.
    pub reset: Instant,
}

/// The requests that share one limit.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    in_flight: u32,
    /// When the last one went.
    last: Option<Instant>,
    window: Option<Window>,
    blocked: Option<Instant>,
}

/// The stretch of time a limit counts in.
#[derive(Debug)]
struct Window {
    /// Discord's lowest word on how many are left. Those in flight may or may not be counted in it.
    left: u32,
    /// Its end; told by the first reply within it.
    reset: Option<Instant>,
}

/// May it go?
pub(super) enum Verdict {
    Go,
    /// Not before then.
    At(Instant),
    /// Not before a reply.
    Later,
}

impl Bucket {
    /// May one more go, if so many may within a window?
    pub(super) fn verdict(&mut self, limit: Option<u32>, now: Instant) -> Verdict {
        match (self.blocked, limit) {
            (Some(until), _) if until > now => Verdict::At(until),
            (_, Some(limit)) => self.within(limit, now),
            (_, None) => self.alone(now),
        }
    }

    /// Nothing is known yet: one finds out, the others wait for its reply.
    fn alone(&self, now: Instant) -> Verdict {
        match self.last.map(|last| last + PATIENCE) {
            Some(then) if then > now && self.in_flight > 0 => Verdict::At(then),
            _ => Verdict::Go,
        }
    }

    fn within(&mut self, limit: u32, now: Instant) -> Verdict {
        // A window whose end nobody has told ends when nobody is left who could tell.
        let idle = self.in_flight == 0;
        self.window.take_if(|window| window.reset.map_or(idle, |reset| reset <= now));
        let window = self.window.get_or_insert(Window { left: limit, reset: None });
        match window.reset {
            _ if window.left > self.in_flight => Verdict::Go,
            Some(reset) => Verdict::At(reset),
            None => Verdict::Later,
        }
    }

    /// Until when it is known to be full.
    pub(super) fn full_until(&self, now: Instant) -> Option<Instant> {
        let used_up = self.window.as_ref().filter(|window| window.left <= self.in_flight);
        let reset = used_up.and_then(|window| window.reset);
        [self.blocked, reset].into_iter().flatten().max().filter(|until| *until > now)
    }

    /// Later than this it will not be full, whatever goes before the next reply.
    pub(super) fn ends_by(&self, now: Instant) -> Option<Instant> {
        let reset = self.window.as_ref().and_then(|window| window.reset);
        [self.blocked, reset].into_iter().flatten().max().filter(|until| *until > now)
    }

    /// One more goes.
    pub(super) fn go(&mut self, now: Instant) {
        self.in_flight += 1;
        self.last = Some(now);
    }

    /// One is over, whatever came of it.
    pub(super) fn landed(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// There is no room until then.
    pub(super) fn block(&mut self, until: Instant) {
        self.blocked = self.blocked.max(Some(until));
    }

    /// A reply told how it stands. Within a window, the lowest word is the latest.
    pub(super) fn learn(&mut self, told: &Told) {
        match &mut self.window {
            Some(Window { left, reset: Some(reset) }) if told.reset <= *reset + JITTER => {
                *left = told.remaining.min(*left);
                *reset = told.reset.max(*reset);
            }
            window => *window = Some(Window { left: told.remaining, reset: Some(told.reset) }),
        }
    }

    /// Forgetting it would make a difference.
    pub(super) fn matters(&self, now: Instant) -> bool {
        let window = self.window.as_ref().is_some_and(|window| window.reset.is_some_and(|reset| reset > now));
        self.in_flight > 0 || window || self.blocked.is_some_and(|until| until > now)
    }
}
