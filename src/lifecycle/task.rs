//! Calls that are under way or waiting to be made again.

use std::time::{Duration, SystemTime};

use crate::lifecycle::request::{Outcome, Request};

/// The pause before a call is made again: a quarter of a second, doubled each time. Short enough that a member who saw
/// one hiccup does not notice, long enough not to lean on a Discord that is down: half a minute at most. A refusal does
/// not go away by itself, and Discord bans who collects 10,000 of them in ten minutes, so there it is five minutes. A rate
/// limit tells itself when it ends.
#[must_use]
pub fn pause(attempt: u32, answer: &Outcome) -> Duration {
    if let Outcome::Limited { wait } = answer {
        return *wait;
    }
    let most = if matches!(answer, Outcome::Refused(_)) { 300 } else { 30 };
    Duration::from_millis(250 << attempt.min(12)).min(Duration::from_secs(most))
}

/// One call, until it has come to something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// The call.
    pub call: Request,
    /// How often what it is for was tried before.
    pub attempt: u32,
    /// When what it is for was first begun.
    pub begun: SystemTime,
    /// Since when Discord has answered that what it is about does not exist; another answer ends that.
    pub not_found_since: Option<SystemTime>,
    paused: Option<SystemTime>,
    /// The pause lasts as long as a limit of Discord's.
    limited: bool,
}

/// The tasks of one ticket, or of the panel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tasks(Vec<Task>);

impl Tasks {
    /// Begins something: the call to make now.
    pub fn begin(&mut self, call: Request, now: SystemTime) -> Request {
        self.0.push(Task {
            call: call.clone(),
            attempt: 0,
            begun: now,
            not_found_since: None,
            paused: None,
            limited: false,
        });
        call
    }

    /// Goes on with what `task` is for, by another call or the same one, after a pause that grows; tells the pause.
    #[expect(clippy::needless_pass_by_value, reason = "what a task is for goes on in one place only")]
    pub fn again(&mut self, task: Task, call: Request, answer: &Outcome, now: SystemTime) -> Duration {
        let pause = pause(task.attempt, answer);
        let limited = matches!(answer, Outcome::Limited { .. });
        let attempt = if limited { task.attempt } else { task.attempt + 1 };
        self.0.push(Task { call, attempt, paused: Some(now + pause), limited, ..task });
        pause
    }

    /// Goes on with what `task` is for, by another call, not before then.
    #[expect(clippy::needless_pass_by_value, reason = "what a task is for goes on in one place only")]
    pub fn go_on_at(&mut self, task: Task, call: Request, then: SystemTime) {
        self.0.push(Task { call, paused: Some(then), limited: false, ..task });
    }

    /// Goes on with what `task` is for, by another call, at once.
    #[expect(clippy::needless_pass_by_value, reason = "what a task is for goes on in one place only")]
    pub fn go_on(&mut self, task: Task, call: Request) -> Request {
        self.0.push(Task { call: call.clone(), paused: None, ..task });
        call
    }

    /// Takes out the task whose call has been answered.
    pub fn answered(&mut self, call: &Request) -> Option<Task> {
        let place = self.0.iter().position(|task| task.paused.is_none() && task.call == *call)?;
        Some(self.0.swap_remove(place))
    }

    /// The calls whose pause is over: they are to be made now.
    pub fn wake(&mut self, now: SystemTime) -> Vec<Request> {
        let due = self.0.iter_mut().filter(|task| task.paused.is_some_and(|until| until <= now));
        due.map(|task| {
            task.paused = None;
            task.call.clone()
        })
        .collect()
    }

    /// When the next pause is over.
    #[must_use]
    pub fn deadline(&self) -> Option<SystemTime> {
        self.0.iter().filter_map(|task| task.paused).min()
    }

    /// Whether something of this kind is under way or waiting, and was not tried so many times before.
    #[must_use]
    pub fn any_before(&self, attempts: u32, kind: impl Fn(&Request) -> bool) -> bool {
        self.0.iter().any(|task| task.attempt < attempts && kind(&task.call))
    }

    /// Until when a limit of Discord's holds up something of this kind.
    #[must_use]
    pub fn limited_until(&self, kind: impl Fn(&Request) -> bool) -> Option<SystemTime> {
        self.0.iter().filter(|task| task.limited && kind(&task.call)).filter_map(|task| task.paused).max()
    }

    /// Whether something of this kind is under way or waiting.
    #[must_use]
    pub fn any(&self, kind: impl Fn(&Request) -> bool) -> bool {
        self.0.iter().any(|task| kind(&task.call))
    }

    /// Whether Discord said last that what something of this kind is about does not exist.
    pub(super) fn is_not_found(&self, kind: impl Fn(&Request) -> bool) -> bool {
        self.0.iter().any(|task| task.not_found_since.is_some() && kind(&task.call))
    }

    /// All calls that are under way or waiting.
    pub(super) fn calls_mut(&mut self) -> impl Iterator<Item = &mut Request> {
        self.0.iter_mut().map(|task| &mut task.call)
    }

    /// Gives up what is of this kind; an answer that is still to come will find nobody.
    pub fn drop_all(&mut self, kind: impl Fn(&Request) -> bool) {
        self.0.retain(|task| !kind(&task.call));
    }

    /// A call is on its way.
    #[must_use]
    pub fn is_any_sent(&self) -> bool {
        self.0.iter().any(|task| task.paused.is_none())
    }

    /// Nothing is under way or waiting.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
