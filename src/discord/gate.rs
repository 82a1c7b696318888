//! The gate before the transport: it lets requests through as the limits and the edge allow, and waits with the others.
//!
//! Nobody is employed to keep watch. Whoever is first in the line sleeps until time may change something; all others
//! sleep until they are called. Whoever leaves the line, through the gate or because nobody wants their answer any
//! more, looks around once more, so that there is always a first one awake.
//!
//! Answers to presses are in no rate limit's way. They pass at once while the edge lets the address in, and go first
//! when it does again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderMap;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::discord::bucket::Told;
use crate::discord::edge::{Edge, Met, Pass};
use crate::discord::limits::{DAY, Lane, Limits, Turn};
use crate::discord::status::{self, LimitedRoute, LineStatus};
use crate::discord::wire::{Ask, Class};
use crate::metrics::Metrics;

/// A request that a person waits for is withdrawn where it is known that it will be held up for longer than this. They
/// are told until when.
pub(super) const MAX_WAIT_AHEAD: Duration = Duration::from_secs(15);
/// A line that moves is waited in, but for no longer than this: a member's press can be answered for 15 minutes.
const MAX_WAIT: Duration = Duration::from_secs(10 * 60);

/// Everybody passes here.
pub(super) struct Gate {
    line: Mutex<Line>,
    metrics: Arc<Metrics>,
}

#[derive(Default)]
struct Line {
    limits: Limits,
    edge: Edge,
    /// Answers to presses that the edge holds up; all others wait in `limits`.
    presses: BTreeSet<Turn>,
    /// Requests that a person waits for, and since when.
    awaited: BTreeMap<Turn, Instant>,
    /// None of them has waited since before then.
    awaited_since: Option<Instant>,
    bells: HashMap<Turn, Arc<Notify>>,
    /// Let through or withdrawn, but not yet awake.
    called: HashMap<Turn, Result<Permit, HeldUp>>,
    /// When to look again.
    again: Option<Instant>,
}

/// Permission to send one request, once.
struct Permit {
    pass: Pass,
    /// The bucket it takes room in; an answer to a press takes none.
    bucket: Option<Lane>,
}

/// A request is not going to be let through for a long time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HeldUp {
    pub until: Instant,
}

/// One request's way through the gate, as often as it takes.
pub(super) struct Way<'a> {
    gate: &'a Gate,
    /// `None`: an answer to a press.
    lane: Option<Lane>,
    turn: Turn,
    /// Where a person waits for it: since when.
    awaited: Option<Instant>,
    bell: Arc<Notify>,
    permit: Option<Permit>,
}

impl Gate {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self { line: Mutex::default(), metrics }
    }

    /// A place in the line.
    pub(super) fn join(&self, ask: &Ask<'_>) -> Way<'_> {
        let lane = (ask.class != Class::Press)
            .then(|| Lane { kind: format!("{} {}", ask.verb(), ask.label()).into(), major: ask.major() });
        let turn = self.with(|line| line.limits.turn(ask.class));
        let awaited = ask.awaited.then(Instant::now);
        Way { gate: self, lane, turn, awaited, bell: Arc::new(Notify::new()), permit: None }
    }

    /// How it stands with Discord.
    pub(super) fn status(&self) -> LineStatus {
        let now = Instant::now();
        self.with(|line| {
            let refused = line.edge.refused(now);
            let long = line.limits.longest(now).filter(|(_, until)| *until > now + MAX_WAIT_AHEAD);
            LineStatus {
                limited_route: long.map(|(route, until)| LimitedRoute { route, left: until - now }),
                ..LineStatus::new(line.edge.barred(now), refused, line.edge.is_slow(), line.limits.held_up(now))
            }
        })
    }

    /// Does something with the line, and tells the operator afterwards what has come to light.
    fn with<T>(&self, act: impl FnOnce(&mut Line) -> T) -> T {
        let mut line = self.line();
        let done = act(&mut line);
        let news = line.edge.take_news();
        drop(line);
        for news in news {
            status::announce(news, &self.metrics);
        }
        done
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        // A panic elsewhere leaves the line as it was: at worst somebody is counted who has left.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Way<'_> {
    /// Waits until this request may go, or until it is known that a person who waits for it would wait too long.
    pub(super) async fn clear(&mut self) -> Result<(), HeldUp> {
        self.permit = self.gate.with(|line| line.enter(self));
        while self.permit.is_none() {
            let (called, watch) = self.gate.with(|line| {
                let watch = line.again.filter(|_| line.first() == Some(self.turn));
                (line.called.remove(&self.turn), watch)
            });
            match (called, watch) {
                (Some(called), _) => self.permit = Some(called?),
                (None, Some(then)) => tokio::select! {
                    () = self.bell.notified() => {}
                    () = sleep_until(then) => self.gate.with(Line::advance),
                },
                (None, None) => self.bell.notified().await,
            }
        }
        Ok(())
    }

    /// The request was answered with this status; the headers tell about limits if it was Discord who answered.
    pub(super) fn answered(&mut self, status: u16, met: Met, headers: &HeaderMap) {
        self.gate.with(|line| {
            self.land(line, status, met, headers);
            line.advance();
        });
    }

    /// The request was refused because of a limit. It goes again when there is room.
    pub(super) fn limited(&mut self, headers: &HeaderMap, pause: Duration, everywhere: bool) {
        self.gate.with(|line| {
            self.land(line, 429, Met::Discord, headers);
            if let Some(lane) = &self.lane {
                line.limits.refused(lane, Instant::now() + pause, everywhere);
            }
            line.advance();
        });
    }

    /// A page on the way forbids it.
    pub(super) fn forbidden(&mut self, headers: &HeaderMap) {
        let mut what = DefaultHasher::new();
        match &self.lane {
            Some(lane) => lane.hash(&mut what),
            None => self.turn.hash(&mut what),
        }
        self.answered(403, Met::Page(what.finish()), headers);
    }

    fn land(&mut self, line: &mut Line, status: u16, met: Met, headers: &HeaderMap) {
        let now = Instant::now();
        if matches!(status, 401 | 403 | 429) {
            line.edge.count_refusal(now);
            self.gate.metrics.refusals.inc();
        }
        if let Some(permit) = self.permit.take() {
            line.land(&permit, met, now);
        }
        if let Some(lane) = self.lane.as_ref().filter(|_| met == Met::Discord) {
            line.limits.learn(lane, told(headers));
        }
    }
}

impl Drop for Way<'_> {
    /// What is not answered, and not waited for, takes no room.
    fn drop(&mut self) {
        self.gate.with(|line| {
            line.bells.remove(&self.turn);
            line.awaited.remove(&self.turn);
            let called = line.called.remove(&self.turn).and_then(Result::ok);
            let permit = self.permit.take().or(called);
            if let Some(permit) = &permit {
                line.land(permit, Met::Nothing, Instant::now());
            }
            let waited = line.limits.leave(self.turn) | line.presses.remove(&self.turn);
            if waited || permit.is_some() {
                line.advance();
            }
        });
    }
}

impl Line {
    /// Takes a place in the line, or goes at once.
    fn enter(&mut self, way: &Way<'_>) -> Option<Permit> {
        if let Some(lane) = &way.lane {
            self.limits.enter(way.turn, lane.clone());
            if let Some(since) = way.awaited {
                self.awaited.insert(way.turn, since);
                self.awaited_since = Some(self.awaited_since.map_or(since, |oldest| oldest.min(since)));
            }
        } else {
            let now = Instant::now();
            if self.presses.is_empty() && self.edge.room(now).now > 0 {
                return Some(Permit { pass: self.edge.go(now), bucket: None });
            }
            self.presses.insert(way.turn);
        }
        self.bells.insert(way.turn, way.bell.clone());
        self.advance();
        None
    }

    fn land(&mut self, permit: &Permit, met: Met, now: Instant) {
        if let Some(bucket) = &permit.bucket {
            self.limits.landed(bucket);
        }
        self.edge.landed(permit.pass, met, now, random_fraction());
    }

    /// Calls everybody who may go, and whoever is first after that.
    fn advance(&mut self) {
        let now = Instant::now();
        let mut room = self.edge.room(now);
        while room.now > 0
            && let Some(turn) = self.presses.pop_first()
        {
            room.now -= 1;
            self.let_through(turn, None, now);
        }
        self.again = room.again;
        if room.now > 0 {
            let (gone, again) = self.limits.advance(now, room.now);
            self.again = [room.again, again].into_iter().flatten().min();
            room.now -= gone.len();
            for (turn, bucket) in gone {
                self.let_through(turn, Some(bucket), now);
            }
        }
        self.withdraw_held(room.again.filter(|_| room.now == 0), now);
        if let Some(bell) = self.first().and_then(|turn| self.bells.get(&turn)) {
            bell.notify_one();
        }
    }

    /// Withdraws what people wait for and what is held up for too long, by a limit or by the edge.
    fn withdraw_held(&mut self, edge_opens: Option<Instant>, now: Instant) {
        // Called at every step of the line, however long that is: mostly no limit at all lasts long enough.
        let anybody = |since: Option<Instant>, until: Option<Instant>| {
            since.zip(until).is_some_and(|(since, until)| is_too_long(until, since, now))
        };
        if !anybody(self.awaited_since, self.limits.latest_at_most(now).max(edge_opens)) {
            return;
        }
        self.awaited_since = self.awaited.values().min().copied();
        if !anybody(self.awaited_since, self.limits.latest(now).max(edge_opens)) {
            return;
        }
        let held: Vec<(Turn, Instant)> = self
            .awaited
            .iter()
            .filter_map(|(turn, since)| {
                let until = self.limits.held_until(*turn, now).max(edge_opens)?;
                is_too_long(until, *since, now).then_some((*turn, until))
            })
            .collect();
        for (turn, until) in held {
            self.limits.leave(turn);
            self.call(turn, Err(HeldUp { until }));
        }
    }

    fn let_through(&mut self, turn: Turn, bucket: Option<Lane>, now: Instant) {
        let permit = Permit { pass: self.edge.go(now), bucket };
        self.call(turn, Ok(permit));
    }

    fn call(&mut self, turn: Turn, called: Result<Permit, HeldUp>) {
        self.called.insert(turn, called);
        self.awaited.remove(&turn);
        if let Some(bell) = self.bells.remove(&turn) {
            bell.notify_one();
        }
    }

    /// Who keeps watch for all.
    fn first(&self) -> Option<Turn> {
        self.presses.first().copied().or_else(|| self.limits.first())
    }
}

/// Whether it is too long until then for somebody who has waited since then.
fn is_too_long(until: Instant, since: Instant, now: Instant) -> bool {
    until > (now + MAX_WAIT_AHEAD).min(since + MAX_WAIT)
}

/// Between 0 and 1: the keys of a hash map are random, and nothing here needs better.
pub(crate) fn random_fraction() -> f64 {
    let drawn = RandomState::new().build_hasher().finish();
    f64::from(u32::try_from(drawn >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}

/// What a reply tells about its bucket, if it tells all that is needed.
fn told(headers: &HeaderMap) -> Option<Told> {
    let text = |name| headers.get(name)?.to_str().ok();
    let seconds = text("x-ratelimit-reset-after")?.parse().ok()?;
    let left = Duration::try_from_secs_f64(seconds).ok().filter(|left| *left <= DAY)?;
    Some(Told {
        bucket: text("x-ratelimit-bucket")?.into(),
        limit: text("x-ratelimit-limit")?.parse().ok()?,
        remaining: text("x-ratelimit-remaining")?.parse().ok()?,
        reset: Instant::now() + left,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_long_for_one_limit_nor_for_ever_for_many() {
        let since = Instant::now();
        let after = |seconds| since + Duration::from_secs(seconds);
        assert!(!is_too_long(after(15), since, since));
        assert!(is_too_long(after(16), since, since));
        // A line that moves: each limit is short, but the last one ends when ten minutes are over.
        assert!(!is_too_long(after(600), since, after(590)));
        assert!(is_too_long(after(601), since, after(591)));
    }
}
