//! Does Discord let this address in at all?
//!
//! Two guards for all requests of the process, whatever their priority. The first is about the present: Discord's edge
//! bars an address with a 429 that has neither rate-limit headers nor JSON (error 1015) or with pages that forbid
//! everything. Then all requests wait and one at a time finds out whether the bar is over, after pauses that grow; when
//! it is, requests are let out two by two, four by four, so that a bar that comes back meets few of them. The second
//! prevents the bar: Discord bans an address from which 10,000 requests were refused with 401, 403 or 429 within ten
//! minutes (its reference, "Invalid Request Limit"), so from half of it on requests are spread out.
//!
//! Time and chance are arguments and nothing waits here; `gate` does the waiting.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// The pause before the first probe of a bar, and the longest one. Each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(2 * 60);
/// A bar that comes back sooner is the same bar: its pauses go on growing.
const RELAPSE: Duration = Duration::from_secs(60);
/// After so many pages in a row that forbid something, and not all the same thing, it is the address that is forbidden.
const PAGES: u32 = 3;
/// When so many requests at a time have been let through after a bar, it is over for good.
const REOPENED: usize = 64;

/// The stretch of time in which Discord counts refusals, and how finely it is looked at.
const WINDOW: Duration = Duration::from_secs(10 * 60);
const SLOT: Duration = Duration::from_secs(10);
/// From so many refusals on requests are spread out, until there are few again; and the window never holds more than the
/// last number.
const MANY_REFUSALS: u32 = 5_000;
const FEW_REFUSALS: u32 = 4_000;
const MOST_REFUSALS: u32 = 9_500;

/// Whether requests may go at all.
#[derive(Debug, Default)]
pub(super) struct Edge {
    phase: Phase,
    /// Counts the phases: what comes of a request from an earlier one tells nothing about this one.
    epoch: u64,
    pause: Duration,
    lifted: Option<Instant>,
    pages: Pages,
    refusals: Refusals,
    /// Requests are spread out.
    slow: bool,
    news: Vec<News>,
}

/// Pages in a row that forbid something.
#[derive(Debug, Default)]
struct Pages {
    count: u32,
    /// What the first one forbids.
    first: Option<u64>,
    /// Another one forbids something else.
    various: bool,
}

#[derive(Debug, Default)]
enum Phase {
    #[default]
    Open,
    Barred {
        since: Instant,
        until: Instant,
        probing: bool,
    },
    Reopening {
        in_flight: usize,
        allowed: usize,
    },
}

/// A request that was let go, to be handed back with what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pass(u64);

/// How many may go now, and when time alone changes that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    pub now: usize,
    pub again: Option<Instant>,
}

/// What came of a request, as far as the address is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Met {
    /// Discord answered.
    Discord,
    /// The edge bars the address, and may tell for how long.
    Bar(Option<Duration>),
    /// A page that forbids this, as a number that stands for the route and what it is about. What a firewall on the way
    /// dislikes in one request must not stop all others.
    Page(u64),
    /// Nothing that tells anything: no answer, an error on the way.
    Nothing,
}

/// What the operator is told, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    Barred { next_probe: Duration },
    StillBarred { next_probe: Duration },
    Lifted { lasted: Duration },
    Slowed { refused: u32 },
    Recovered { refused: u32 },
}

impl Edge {
    pub(super) fn room(&mut self, now: Instant) -> Room {
        let paced = self.paced(now);
        let none = |again| Room { now: 0, again };
        match self.phase {
            Phase::Barred { until, .. } if until > now => none(Some(until)),
            Phase::Barred { probing: true, .. } => none(None),
            Phase::Reopening { in_flight, allowed } if in_flight >= allowed => none(None),
            _ if paced.now == 0 => paced,
            Phase::Open => paced,
            Phase::Barred { .. } => Room { now: 1, again: None },
            Phase::Reopening { in_flight, allowed } => Room { now: paced.now.min(allowed - in_flight), ..paced },
        }
    }

    /// One goes.
    pub(super) fn go(&mut self, now: Instant) -> Pass {
        self.refusals.last_go = Some(now);
        match &mut self.phase {
            Phase::Open => {}
            Phase::Barred { probing, .. } => *probing = true,
            Phase::Reopening { in_flight, .. } => *in_flight += 1,
        }
        Pass(self.epoch)
    }

    /// This came of it. `chance` is between 0 and 1.
    pub(super) fn landed(&mut self, pass: Pass, met: Met, now: Instant, chance: f64) {
        if pass.0 != self.epoch {
            self.landed_late(met, now);
            return;
        }
        match met {
            Met::Discord => self.let_through(now),
            Met::Bar(told) => self.bar(told, now, chance),
            Met::Page(what) => {
                self.pages.count += 1;
                self.pages.various |= *self.pages.first.get_or_insert(what) != what;
                let all = self.pages.various && self.pages.count >= PAGES;
                if all || !matches!(self.phase, Phase::Open) {
                    self.bar(None, now, chance);
                }
            }
            Met::Nothing => self.learn_nothing(now),
        }
    }

    /// A request of an earlier phase knows no more than is known, but for how long it lasts.
    fn landed_late(&mut self, met: Met, now: Instant) {
        if let (Phase::Barred { until, .. }, Met::Bar(Some(told))) = (&mut self.phase, met) {
            *until = (*until).max(now + told);
        }
    }

    fn bar(&mut self, told: Option<Duration>, now: Instant, chance: f64) {
        let (since, same) = match self.phase {
            Phase::Barred { since, .. } => (since, true),
            Phase::Open | Phase::Reopening { .. } => (now, self.lifted.is_some_and(|lifted| now < lifted + RELAPSE)),
        };
        let before = self.pause;
        self.pause = if same { (before * 2).min(LONGEST_PAUSE) } else { FIRST_PAUSE };
        // Not all bots behind one address shall probe at once.
        let next_probe = told.unwrap_or_default().max(self.pause.mul_f64(0.8 + 0.4 * chance.clamp(0.0, 1.0)));
        match self.phase {
            Phase::Barred { .. } if self.pause > before => self.news.push(News::StillBarred { next_probe }),
            Phase::Barred { .. } => {}
            Phase::Open | Phase::Reopening { .. } => self.news.push(News::Barred { next_probe }),
        }
        self.phase = Phase::Barred { since, until: now + next_probe, probing: false };
        self.epoch += 1;
    }

    fn let_through(&mut self, now: Instant) {
        self.pages = Pages::default();
        match &mut self.phase {
            Phase::Open => {}
            Phase::Barred { since, .. } => {
                self.news.push(News::Lifted { lasted: now.saturating_duration_since(*since) });
                self.lifted = Some(now);
                self.phase = Phase::Reopening { in_flight: 0, allowed: 2 };
                self.epoch += 1;
            }
            Phase::Reopening { allowed, .. } if *allowed >= REOPENED => self.phase = Phase::Open,
            Phase::Reopening { in_flight, allowed } => {
                *in_flight = in_flight.saturating_sub(1);
                *allowed *= 2;
            }
        }
    }

    fn learn_nothing(&mut self, now: Instant) {
        match &mut self.phase {
            Phase::Open => {}
            Phase::Barred { until, probing, .. } => {
                *probing = false;
                *until = now + self.pause;
            }
            Phase::Reopening { in_flight, .. } => *in_flight = in_flight.saturating_sub(1),
        }
    }

    /// An answer of 401, 403 or 429.
    pub(super) fn count_refusal(&mut self, now: Instant) {
        self.refusals.add(now);
    }

    fn paced(&mut self, now: Instant) -> Room {
        let refused = self.refusals.count(now);
        let slow = refused >= if self.slow { FEW_REFUSALS } else { MANY_REFUSALS };
        if self.slow != slow {
            self.slow = slow;
            self.news.push(if self.slow { News::Slowed { refused } } else { News::Recovered { refused } });
        }
        if !self.slow {
            return Room { now: usize::MAX, again: None };
        }
        match self.refusals.next(now) {
            next if next > now => Room { now: 0, again: Some(next) },
            // One at a time: the next one is due after a pause.
            _ => Room { now: 1, again: Some(now + self.refusals.spacing().unwrap_or(SLOT)) },
        }
    }

    /// What has happened since this was last asked.
    pub(super) fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// Since when the address has been barred, and how long it is until the next probe.
    pub(super) fn barred(&self, now: Instant) -> Option<(Instant, Duration)> {
        match self.phase {
            Phase::Barred { since, until, .. } => Some((since, until.saturating_duration_since(now))),
            Phase::Open | Phase::Reopening { .. } => None,
        }
    }

    pub(super) const fn is_slow(&self) -> bool {
        self.slow
    }

    /// How many answers of the last ten minutes were refusals.
    pub(super) fn refused(&mut self, now: Instant) -> u32 {
        self.refusals.count(now)
    }
}

/// The refusals of the last ten minutes.
#[derive(Debug, Default)]
struct Refusals {
    /// The end of each stretch of time, and how many fell into it.
    slots: VecDeque<(Instant, u32)>,
    count: u32,
    last_go: Option<Instant>,
}

impl Refusals {
    fn add(&mut self, now: Instant) {
        self.count += 1;
        match self.slots.back_mut().filter(|(end, _)| *end > now) {
            Some((_, count)) => *count += 1,
            None => self.slots.push_back((now + SLOT, 1)),
        }
    }

    fn count(&mut self, now: Instant) -> u32 {
        while let Some((_, count)) = self.slots.pop_front_if(|(end, _)| *end + WINDOW <= now) {
            self.count -= count;
        }
        self.count
    }

    /// The pause between two requests with which the window never fills up, even if each is refused.
    fn spacing(&self) -> Option<Duration> {
        MOST_REFUSALS.checked_sub(self.count).filter(|left| *left > 0).map(|left| WINDOW / left)
    }

    /// When the next request may go.
    fn next(&self, now: Instant) -> Instant {
        match self.spacing() {
            Some(spacing) => self.last_go.map_or(now, |last| last + spacing),
            None => self.slots.front().map_or(now, |(end, _)| *end + WINDOW),
        }
    }
}

#[cfg(test)]
mod tests;
