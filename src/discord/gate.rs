//! The gate before the transport: it lets requests through as the limits allow, and waits with the others.
//!
//! Nobody is employed to keep watch. Whoever is first in the line sleeps until time may change something; all others
//! sleep until they are called. Whoever leaves the line, through the gate or because nobody wants their answer any
//! more, looks around once more, so that there is always a first one awake.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderMap;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::discord::bucket::Told;
use crate::discord::limits::{DAY, Lane, Limits, Turn};
use crate::discord::wire::{Ask, Class};

/// Everybody passes here who is not answering a press.
#[derive(Default)]
pub(super) struct Gate(Mutex<Line>);

#[derive(Default)]
struct Line {
    limits: Limits,
    bells: HashMap<Turn, Arc<Notify>>,
    /// Let through, but not yet awake.
    called: HashMap<Turn, Lane>,
    /// When to look again.
    again: Option<Instant>,
}

/// One request's way through the gate, as often as it takes.
pub(super) struct Way<'a> {
    gate: &'a Gate,
    lane: Lane,
    turn: Turn,
    bell: Arc<Notify>,
    /// The bucket it is on its way in.
    bucket: Option<Lane>,
}

impl Gate {
    /// A place in the line, if this request needs one.
    pub(super) fn join(&self, ask: &Ask<'_>) -> Option<Way<'_>> {
        if ask.class == Class::Press {
            return None;
        }
        let lane = Lane { kind: format!("{} {}", ask.verb(), ask.label()).into(), major: ask.major() };
        let turn = self.line().limits.turn(ask.class);
        Some(Way { gate: self, lane, turn, bell: Arc::new(Notify::new()), bucket: None })
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        // A panic elsewhere leaves the line as it was: at worst somebody is counted who has left.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Way<'_> {
    /// Waits until this request may go.
    pub(super) async fn clear(&mut self) {
        {
            let mut line = self.gate.line();
            line.limits.enter(self.turn, self.lane.clone());
            line.bells.insert(self.turn, self.bell.clone());
            line.advance();
        }
        loop {
            let (first, again) = {
                let mut line = self.gate.line();
                if let Some(bucket) = line.called.remove(&self.turn) {
                    self.bucket = Some(bucket);
                    return;
                }
                (line.limits.first() == Some(self.turn), line.again)
            };
            match again.filter(|_| first) {
                Some(then) => tokio::select! {
                    () = self.bell.notified() => {}
                    () = sleep_until(then) => self.gate.line().advance(),
                },
                None => self.bell.notified().await,
            }
        }
    }

    /// The request was answered, and this is what the reply tells about limits.
    pub(super) fn answered(mut self, headers: &HeaderMap) {
        self.learn(headers);
    }

    /// The request was refused because of a limit. It goes again when there is room.
    pub(super) fn refused(&mut self, headers: &HeaderMap, pause: Duration, everywhere: bool) {
        self.learn(headers);
        self.gate.line().limits.refused(&self.lane, Instant::now() + pause, everywhere);
    }

    fn learn(&mut self, headers: &HeaderMap) {
        let mut line = self.gate.line();
        if let Some(bucket) = self.bucket.take() {
            line.limits.landed(&bucket);
        }
        line.limits.learn(&self.lane, told(headers));
        line.advance();
    }
}

impl Drop for Way<'_> {
    /// What is not answered, and not waited for, takes no room.
    fn drop(&mut self) {
        let mut line = self.gate.line();
        line.bells.remove(&self.turn);
        let called = line.called.remove(&self.turn);
        let bucket = self.bucket.take().or(called);
        if let Some(bucket) = &bucket {
            line.limits.landed(bucket);
        }
        if line.limits.leave(self.turn) || bucket.is_some() {
            line.advance();
        }
    }
}

impl Line {
    /// Calls everybody who may go, and whoever is first after that.
    fn advance(&mut self) {
        let (gone, again) = self.limits.advance(Instant::now());
        self.again = again;
        for (turn, bucket) in gone {
            self.called.insert(turn, bucket);
            if let Some(bell) = self.bells.remove(&turn) {
                bell.notify_one();
            }
        }
        if let Some(bell) = self.limits.first().and_then(|turn| self.bells.get(&turn)) {
            bell.notify_one();
        }
    }
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
