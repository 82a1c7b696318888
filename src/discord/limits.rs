//! Rate limits, as far as Discord has told them: who may go now, and who next?
//!
//! Discord limits each route by itself, within a channel or a server, and all routes together. It tells the limits only
//! in its replies, so they are learned as they come: the first request of a route goes alone, and after its reply as
//! many go side by side as there is room for. A request that hangs holds up nobody: it takes one place, not the line.
//!
//! The order is by urgency, then by arrival, and a request that was refused after all keeps its place. Time is an
//! argument and nothing waits here; `gate` does the waiting.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::discord::bucket::{Bucket, Told, Verdict};
use crate::discord::waiting::Waiting;
use crate::discord::wire::Class;

/// What Discord takes from one bot within [`PERIOD`], all routes together (its reference, "Global Rate Limit").
const TOGETHER: usize = 50;
/// So many of them are left free by requests that nobody waits for: whoever comes in the same second need not wait for
/// the next one.
const KEPT_FREE: usize = 10;
/// A second, and a little for the ways on which requests catch up with each other.
const PERIOD: Duration = Duration::from_millis(1_020);
/// A limit that lasts longer is none that anybody has set.
pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How many go side by side where nothing else limits them. Each may take a socket, of which a process has about 1,000.
const SIDE_BY_SIDE: usize = 256;

/// Requests of one kind to one channel or server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Lane {
    /// Method and route without ids; the name of the bucket, once it is known.
    pub kind: Arc<str>,
    /// The channel or server, 0 where there is none.
    pub major: u64,
}

/// A place in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Turn {
    class: Class,
    number: u64,
}

/// All that is known, and all that wait.
#[derive(Debug, Default)]
pub(super) struct Limits {
    routes: HashMap<Arc<str>, Route>,
    buckets: HashMap<Lane, Bucket>,
    together: Together,
    waiting: Waiting,
    arrivals: u64,
    crowd: usize,
    /// No limit that has been told of ends later than this.
    ends_by: Option<Instant>,
}

/// What the replies of a route have taught.
#[derive(Clone, Debug)]
enum Route {
    /// It tells no limits.
    Free,
    /// It belongs to this bucket, of this size.
    Limited { bucket: Arc<str>, limit: u32 },
}

/// The limit on all routes together.
#[derive(Debug, Default)]
struct Together {
    in_flight: usize,
    known: Known,
    sent: VecDeque<Instant>,
    blocked: Option<Instant>,
}

/// Is there such a limit at all? Something that stands in for Discord may have none, and tells so by telling nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Known {
    #[default]
    Assumed,
    Absent,
    Present,
}

impl Limits {
    /// A new place, at the end of the line.
    pub(super) fn turn(&mut self, class: Class) -> Turn {
        self.arrivals += 1;
        Turn { class, number: self.arrivals }
    }

    /// Takes this place in the line.
    pub(super) fn enter(&mut self, turn: Turn, lane: Lane) {
        self.waiting.insert(turn, lane);
    }

    /// Leaves the line; was anybody there?
    pub(super) fn leave(&mut self, turn: Turn) -> bool {
        self.waiting.remove(turn).is_some()
    }

    /// Who keeps watch for all: the first in the line.
    pub(super) fn first(&self) -> Option<Turn> {
        self.waiting.first()
    }

    /// Lets everybody go who may, but no more than `most`, each with the lane they take; and tells when to look again, if
    /// time alone can change anything.
    pub(super) fn advance(&mut self, now: Instant, most: usize) -> (Vec<(Turn, Lane)>, Option<Instant>) {
        let (mut gone, mut again) = (Vec::new(), None);
        self.tidy(now);
        let mut last = None;
        while gone.len() < most
            && let Some((turn, lane)) = self.waiting.head_after(last)
        {
            last = Some(turn);
            match self.together.verdict(turn.class, now) {
                Verdict::Go => {}
                Verdict::At(then) => {
                    again = Some(earlier(again, then));
                    break;
                }
                Verdict::Later => break,
            }
            let (name, limit) = self.bucket(&lane);
            let bucket = self.buckets.entry(name.clone()).or_default();
            match bucket.verdict(limit, now) {
                Verdict::Go => {
                    bucket.go(now);
                    self.together.go(now);
                    self.waiting.remove(turn);
                    gone.push((turn, name));
                }
                Verdict::At(then) => again = Some(earlier(again, then)),
                Verdict::Later => {}
            }
        }
        (gone, again)
    }

    /// A request that went is over, whatever came of it.
    pub(super) fn landed(&mut self, bucket: &Lane) {
        self.together.in_flight = self.together.in_flight.saturating_sub(1);
        if let Some(bucket) = self.buckets.get_mut(bucket) {
            bucket.landed();
        }
    }

    /// What a reply to a request in this lane told, if anything.
    pub(super) fn learn(&mut self, lane: &Lane, told: Option<Told>) {
        self.together.learn(told.is_some());
        let Some(told) = told else {
            self.routes.entry(lane.kind.clone()).or_insert(Route::Free);
            return;
        };
        let route = Route::Limited { bucket: told.bucket.clone(), limit: told.limit };
        self.routes.insert(lane.kind.clone(), route);
        self.ends_by = self.ends_by.max(Some(told.reset));
        self.buckets.entry(Lane { kind: told.bucket.clone(), ..*lane }).or_default().learn(&told);
    }

    /// A request in this lane was refused: there is no room until then, here or anywhere.
    pub(super) fn refused(&mut self, lane: &Lane, until: Instant, everywhere: bool) {
        self.together.known = Known::Present;
        self.ends_by = self.ends_by.max(Some(until));
        if everywhere {
            self.together.blocked = self.together.blocked.max(Some(until));
            return;
        }
        if let Some(route @ Route::Free) = self.routes.get_mut(&lane.kind) {
            // A limit that is not told before it is met: from now on they go one by one.
            *route = Route::Limited { bucket: lane.kind.clone(), limit: 1 };
        }
        self.buckets.entry(self.bucket(lane).0).or_default().block(until);
    }

    /// How long a limit on all routes holds everything up.
    pub(super) fn held_up(&self, now: Instant) -> Option<Duration> {
        self.together.blocked.filter(|until| *until > now).map(|until| until - now)
    }

    /// Until when a limit is known to hold up the request with this place in the line.
    pub(super) fn held_until(&self, turn: Turn, now: Instant) -> Option<Instant> {
        let bucket = self.buckets.get(&self.bucket(self.waiting.lane(turn)?).0);
        let full = bucket.and_then(|bucket| bucket.full_until(now));
        [full, self.together.blocked.filter(|until| *until > now)].into_iter().flatten().max()
    }

    /// No limit holds up any request for longer than this; most end earlier. Costs nothing, as opposed to
    /// [`Limits::latest`].
    pub(super) fn latest_at_most(&self, now: Instant) -> Option<Instant> {
        self.ends_by.filter(|until| *until > now)
    }

    /// When the last of all known limits ends: none holds up any request for longer.
    pub(super) fn latest(&mut self, now: Instant) -> Option<Instant> {
        let ends = self.buckets.values().filter_map(|bucket| bucket.ends_by(now));
        self.ends_by = ends.chain(self.together.blocked.filter(|until| *until > now)).max();
        let full = self.buckets.values().filter_map(|bucket| bucket.full_until(now));
        full.chain(self.together.blocked.filter(|until| *until > now)).max()
    }

    /// The route that is held up for the longest time, and until when.
    pub(super) fn longest(&self, now: Instant) -> Option<(Arc<str>, Instant)> {
        let full = |(lane, bucket): (&Lane, &Bucket)| Some((lane.kind.clone(), bucket.full_until(now)?));
        let (bucket, until) = self.buckets.iter().filter_map(full).max_by_key(|(_, until)| *until)?;
        let belongs = |route: &Route| matches!(route, Route::Limited { bucket: name, .. } if *name == bucket);
        let route = self.routes.iter().find(|(_, route)| belongs(route)).map(|(kind, _)| kind.clone());
        Some((route.unwrap_or(bucket), until))
    }

    /// The bucket a lane belongs to, and its size, as far as they are known.
    fn bucket(&self, lane: &Lane) -> (Lane, Option<u32>) {
        match self.routes.get(&lane.kind) {
            Some(Route::Limited { bucket, limit }) => (Lane { kind: bucket.clone(), ..*lane }, Some(*limit)),
            Some(Route::Free) => (lane.clone(), Some(u32::MAX)),
            None => (lane.clone(), None),
        }
    }

    /// Forgets what makes no difference any more. Most channels are written to twice and then deleted.
    fn tidy(&mut self, now: Instant) {
        if self.buckets.len() > self.crowd {
            self.buckets.retain(|_, bucket| bucket.matters(now));
            self.crowd = 2 * self.buckets.len() + 64;
        }
    }
}

impl Together {
    fn learn(&mut self, told: bool) {
        self.known = match self.known {
            _ if told => Known::Present,
            Known::Assumed => Known::Absent,
            known => known,
        };
    }

    fn verdict(&mut self, class: Class, now: Instant) -> Verdict {
        while self.sent.front().is_some_and(|sent| *sent + PERIOD <= now) {
            self.sent.pop_front();
        }
        let kept_free = if class == Class::Adoption { KEPT_FREE } else { 0 };
        let over = (self.sent.len() + kept_free + 1).checked_sub(TOGETHER).filter(|over| *over > 0);
        // As many as are too many have to be a second old.
        let room = over.filter(|_| self.known != Known::Absent).map(|over| self.sent[over - 1] + PERIOD);
        match self.blocked.filter(|until| *until > now).max(room) {
            Some(then) => Verdict::At(then),
            None if self.in_flight + kept_free >= SIDE_BY_SIDE => Verdict::Later,
            None => Verdict::Go,
        }
    }

    fn go(&mut self, now: Instant) {
        self.in_flight += 1;
        self.sent.push_back(now);
    }
}

fn earlier(one: Option<Instant>, other: Instant) -> Instant {
    one.map_or(other, |one| one.min(other))
}

#[cfg(test)]
mod pace;
#[cfg(test)]
mod tests;
