//! Whether this IP address may reach Discord at all.
//!
//! It guards all requests of the process, whatever their priority, in two ways. The first reacts to a block: Cloudflare, in
//! front of Discord, blocks an address with a 429 that has neither rate limit headers nor JSON (error 1015), or with 403
//! pages for everything. Then all requests wait and one at a time, the probe, finds out whether the block is over, after
//! delays that grow. When it is over, two requests are sent concurrently, then four, and so on, so that a block that
//! returns meets few of them. The second prevents the block: Discord bans an address that sends 10,000 invalid requests
//! (401, 403 or 429) within ten minutes (its reference, "Invalid Request Limit"), so from half of that on requests are
//! throttled.
//!
//! Time and randomness are arguments and nothing waits here; `queue` does the waiting.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// The delay before the first probe of a block, and the longest one. Each is twice as long as the one before.
const FIRST_PROBE_DELAY: Duration = Duration::from_secs(1);
const MAX_PROBE_DELAY: Duration = Duration::from_secs(2 * 60);
/// A block that returns within this time is the same block: its delays continue to grow.
const RELAPSE_WINDOW: Duration = Duration::from_secs(60);
/// After this many consecutive 403 pages, not all for the same request, the address is considered blocked.
const PAGES_UNTIL_BLOCKED: u32 = 3;
/// When this many concurrent requests have been allowed after a block, it is considered over.
const FULL_RECOVERY: usize = 64;

/// The time span in which Discord counts invalid requests, and the resolution with which it is observed here.
const COUNT_WINDOW: Duration = Duration::from_secs(10 * 60);
const SLOT_LENGTH: Duration = Duration::from_secs(10);
/// Requests are throttled from the first number of invalid requests on until there are fewer than the second. The third is
/// the most that the window ever holds.
const THROTTLE_FROM: u32 = 5_000;
const THROTTLE_UNTIL: u32 = 4_000;
const MAX_INVALID_REQUESTS: u32 = 9_500;

/// Decides whether any request may be sent.
#[derive(Debug, Default)]
pub(super) struct CloudflareGuard {
    phase: Phase,
    /// Counts the phases: the outcome of a request that was sent in an earlier phase says nothing about this one.
    phase_number: u64,
    probe_delay: Duration,
    unblocked_at: Option<Instant>,
    pages: ForbiddenPages,
    invalid_requests: InvalidRequests,
    throttled: bool,
    events: Vec<GuardEvent>,
}

/// Consecutive 403 pages.
#[derive(Debug, Default)]
struct ForbiddenPages {
    count: u32,
    /// The hash of the first request.
    first: Option<u64>,
    /// Whether another request was answered with a page, too.
    various: bool,
}

#[derive(Debug, Default)]
enum Phase {
    #[default]
    Open,
    Blocked {
        since: Instant,
        until: Instant,
        probing: bool,
    },
    Recovering {
        in_flight: usize,
        allowed: usize,
    },
}

/// The phase in which a request was sent; it is passed back with the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PhaseNumber(u64);

/// How many requests may be sent now, and when that changes by time alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Capacity {
    pub requests: usize,
    pub next_check: Option<Instant>,
}

/// The outcome of a request, as far as it says something about the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::discord) enum SendOutcome {
    /// Discord responded.
    Answered,
    /// Cloudflare blocks the address; the value of `Retry-After`, if it was given.
    Blocked(Option<Duration>),
    /// A 403 page, with a hash of the request's route and major parameter. A firewall that rejects one request must not stop
    /// all others.
    ForbiddenPage(u64),
    /// No response, or an error of something in between: says nothing about the address.
    Unknown,
}

/// A change that is logged and counted, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::discord) enum GuardEvent {
    Blocked { next_probe: Duration },
    StillBlocked { next_probe: Duration },
    Unblocked { lasted: Duration },
    Throttled { invalid_requests: u32 },
    FullSpeed { invalid_requests: u32 },
}

impl CloudflareGuard {
    pub(super) fn capacity(&mut self, now: Instant) -> Capacity {
        let throttle = self.update_throttle(now);
        let none = |next_check| Capacity { requests: 0, next_check };
        match self.phase {
            Phase::Blocked { until, .. } if until > now => none(Some(until)),
            Phase::Blocked { probing: true, .. } => none(None),
            Phase::Recovering { in_flight, allowed } if in_flight >= allowed => none(None),
            _ if throttle.requests == 0 => throttle,
            Phase::Open => throttle,
            Phase::Blocked { .. } => Capacity { requests: 1, next_check: None },
            Phase::Recovering { in_flight, allowed } => {
                Capacity { requests: throttle.requests.min(allowed - in_flight), ..throttle }
            }
        }
    }

    pub(super) fn record_sent(&mut self, now: Instant) -> PhaseNumber {
        self.invalid_requests.last_sent = Some(now);
        match &mut self.phase {
            Phase::Open => {}
            Phase::Blocked { probing, .. } => *probing = true,
            Phase::Recovering { in_flight, .. } => *in_flight += 1,
        }
        PhaseNumber(self.phase_number)
    }

    /// `random` is between 0 and 1.
    pub(super) fn record_outcome(&mut self, sent_in: PhaseNumber, outcome: SendOutcome, now: Instant, random: f64) {
        if sent_in.0 != self.phase_number {
            self.record_late_outcome(outcome, now);
            return;
        }
        match outcome {
            SendOutcome::Answered => self.record_answer(now),
            SendOutcome::Blocked(retry_after) => self.start_block(retry_after, now, random),
            SendOutcome::ForbiddenPage(hash) => {
                self.pages.count += 1;
                self.pages.various |= *self.pages.first.get_or_insert(hash) != hash;
                let all = self.pages.various && self.pages.count >= PAGES_UNTIL_BLOCKED;
                if all || !matches!(self.phase, Phase::Open) {
                    self.start_block(None, now, random);
                }
            }
            SendOutcome::Unknown => self.record_unknown_outcome(now),
        }
    }

    /// A request of an earlier phase can only reveal how long the block lasts.
    fn record_late_outcome(&mut self, outcome: SendOutcome, now: Instant) {
        if let (Phase::Blocked { until, .. }, SendOutcome::Blocked(Some(retry_after))) = (&mut self.phase, outcome) {
            *until = (*until).max(now + retry_after);
        }
    }

    fn start_block(&mut self, retry_after: Option<Duration>, now: Instant, random: f64) {
        let (since, same) = match self.phase {
            Phase::Blocked { since, .. } => (since, true),
            Phase::Open | Phase::Recovering { .. } => {
                (now, self.unblocked_at.is_some_and(|unblocked_at| now < unblocked_at + RELAPSE_WINDOW))
            }
        };
        let before = self.probe_delay;
        self.probe_delay = if same { (before * 2).min(MAX_PROBE_DELAY) } else { FIRST_PROBE_DELAY };
        // Jitter: several bots behind one address must not all probe at once.
        let jittered = self.probe_delay.mul_f64(0.8 + 0.4 * random.clamp(0.0, 1.0));
        let next_probe = retry_after.unwrap_or_default().max(jittered);
        match self.phase {
            Phase::Blocked { .. } if self.probe_delay > before => {
                self.events.push(GuardEvent::StillBlocked { next_probe });
            }
            Phase::Blocked { .. } => {}
            Phase::Open | Phase::Recovering { .. } => self.events.push(GuardEvent::Blocked { next_probe }),
        }
        self.phase = Phase::Blocked { since, until: now + next_probe, probing: false };
        self.phase_number += 1;
    }

    fn record_answer(&mut self, now: Instant) {
        self.pages = ForbiddenPages::default();
        match &mut self.phase {
            Phase::Open => {}
            Phase::Blocked { since, .. } => {
                self.events.push(GuardEvent::Unblocked { lasted: now.saturating_duration_since(*since) });
                self.unblocked_at = Some(now);
                self.phase = Phase::Recovering { in_flight: 0, allowed: 2 };
                self.phase_number += 1;
            }
            Phase::Recovering { allowed, .. } if *allowed >= FULL_RECOVERY => self.phase = Phase::Open,
            Phase::Recovering { in_flight, allowed } => {
                *in_flight = in_flight.saturating_sub(1);
                *allowed *= 2;
            }
        }
    }

    fn record_unknown_outcome(&mut self, now: Instant) {
        match &mut self.phase {
            Phase::Open => {}
            Phase::Blocked { until, probing, .. } => {
                *probing = false;
                *until = now + self.probe_delay;
            }
            Phase::Recovering { in_flight, .. } => *in_flight = in_flight.saturating_sub(1),
        }
    }

    /// Counts a response with status 401, 403 or 429.
    pub(super) fn record_invalid_request(&mut self, now: Instant) {
        self.invalid_requests.record(now);
    }

    fn update_throttle(&mut self, now: Instant) -> Capacity {
        let invalid_requests = self.invalid_requests.count(now);
        let throttled = invalid_requests >= if self.throttled { THROTTLE_UNTIL } else { THROTTLE_FROM };
        if self.throttled != throttled {
            self.throttled = throttled;
            self.events.push(if self.throttled {
                GuardEvent::Throttled { invalid_requests }
            } else {
                GuardEvent::FullSpeed { invalid_requests }
            });
        }
        if !self.throttled {
            return Capacity { requests: usize::MAX, next_check: None };
        }
        match self.invalid_requests.next_send(now) {
            next if next > now => Capacity { requests: 0, next_check: Some(next) },
            // One at a time: the next one is due after the spacing.
            _ => {
                let spacing = self.invalid_requests.spacing().unwrap_or(SLOT_LENGTH);
                Capacity { requests: 1, next_check: Some(now + spacing) }
            }
        }
    }

    /// The events since the last call.
    pub(super) fn take_events(&mut self) -> Vec<GuardEvent> {
        std::mem::take(&mut self.events)
    }

    /// When the block began, and how long it is until the next probe; `None` if the address is not blocked.
    pub(super) fn block_status(&self, now: Instant) -> Option<(Instant, Duration)> {
        match self.phase {
            Phase::Blocked { since, until, .. } => Some((since, until.saturating_duration_since(now))),
            Phase::Open | Phase::Recovering { .. } => None,
        }
    }

    pub(super) const fn is_throttled(&self) -> bool {
        self.throttled
    }

    /// Responses of the last ten minutes with status 401, 403 or 429.
    pub(super) fn count_invalid_requests(&mut self, now: Instant) -> u32 {
        self.invalid_requests.count(now)
    }
}

/// The invalid requests of the last ten minutes.
#[derive(Debug, Default)]
struct InvalidRequests {
    /// The end of each slot, and how many requests fell into it.
    slots: VecDeque<(Instant, u32)>,
    count: u32,
    last_sent: Option<Instant>,
}

impl InvalidRequests {
    fn record(&mut self, now: Instant) {
        self.count += 1;
        match self.slots.back_mut().filter(|(end, _)| *end > now) {
            Some((_, count)) => *count += 1,
            None => self.slots.push_back((now + SLOT_LENGTH, 1)),
        }
    }

    fn count(&mut self, now: Instant) -> u32 {
        while let Some(&(end, count)) = self.slots.front()
            && end + COUNT_WINDOW <= now
        {
            self.slots.pop_front();
            self.count -= count;
        }
        self.count
    }

    /// The time between two requests with which the window never fills up, even if each of them is invalid.
    fn spacing(&self) -> Option<Duration> {
        MAX_INVALID_REQUESTS.checked_sub(self.count).filter(|left| *left > 0).map(|left| COUNT_WINDOW / left)
    }

    /// When the next request may be sent.
    fn next_send(&self, now: Instant) -> Instant {
        match self.spacing() {
            Some(spacing) => self.last_sent.map_or(now, |last| last + spacing),
            None => self.slots.front().map_or(now, |(end, _)| *end + COUNT_WINDOW),
        }
    }
}

#[cfg(test)]
mod tests;
