//! The menu: the slash commands that Discord offers in the server, looked at once and replaced where they differ.
//!
//! Nobody waits for it, and the bot is whole without it: buttons and written commands work all the same.

use std::collections::BTreeSet;
use std::mem;
use std::time::SystemTime;

use crate::ids::GuildId;
use crate::lifecycle::request::{ApiError, Outcome, Request};
use crate::lifecycle::task::{Task, Tasks};

/// What can happen to the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MenuEvent {
    /// The bot is in this server, which the gateway says on every new connection.
    Here(GuildId),
    /// It is to be looked after in any case: by `!setuptickets`.
    Ensure(GuildId),
    /// The bot is in this server too, which is not its own: what it registered there earlier is removed.
    Elsewhere(GuildId),
    /// The bot is not in its own server any more; the commands went with it.
    Left,
    /// What came of a call.
    Answered {
        /// The call.
        call: Request,
        /// What came of it.
        answer: Outcome,
    },
    /// The deadline has come.
    Woke,
}

/// What follows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MenuStep {
    /// The calls to make.
    pub calls: Vec<Request>,
    /// What to tell the operator.
    pub notes: Vec<MenuNote>,
}

/// One thing that happened to the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MenuNote {
    /// The commands are there and as they should be.
    InPlace,
    /// The commands are new, or changed.
    Registered,
    /// The bot was invited without the right to have commands.
    NotInvited,
    /// Discord will not have them as they are. Asking again would change nothing.
    Refused {
        /// In short, why.
        answer: String,
    },
    /// Something did not succeed; it goes on after a pause.
    Retrying {
        /// What was asked of Discord.
        call: &'static str,
        /// What came of it.
        answer: String,
    },
}

/// The slash commands, and what is being done about them.
#[derive(Clone, Debug, Default)]
pub struct Menu {
    /// They are as they should be, as far as we know.
    settled: bool,
    tasks: Tasks,
    /// The other servers in which this was seen to since the start.
    elsewhere: BTreeSet<GuildId>,
    /// What is being done in them.
    removals: Tasks,
    step: MenuStep,
}

impl Menu {
    /// Decides what follows from `event`.
    pub fn handle(&mut self, event: MenuEvent, now: SystemTime) -> MenuStep {
        match event {
            MenuEvent::Here(_) if self.settled => {}
            MenuEvent::Here(guild) | MenuEvent::Ensure(guild) => self.look(guild, now),
            MenuEvent::Elsewhere(guild) => self.remove(guild, now),
            MenuEvent::Left => self.settled = false,
            MenuEvent::Answered { call: call @ Request::RemoveCommands { .. }, answer } => {
                self.removed(&call, &answer, now);
            }
            MenuEvent::Answered { call, answer } => self.answered(&call, &answer, now),
            MenuEvent::Woke => {
                self.step.calls.extend(self.tasks.wake(now));
                self.step.calls.extend(self.removals.wake(now));
            }
        }
        mem::take(&mut self.step)
    }

    /// When [`MenuEvent::Woke`] is wanted next.
    #[must_use]
    pub fn deadline(&self) -> Option<SystemTime> {
        self.tasks.deadline().into_iter().chain(self.removals.deadline()).min()
    }

    /// No call is on its way.
    #[must_use]
    pub fn is_still(&self) -> bool {
        !self.tasks.is_any_sent() && !self.removals.is_any_sent()
    }

    fn look(&mut self, guild: GuildId, now: SystemTime) {
        if !self.tasks.is_any_sent() {
            self.tasks = Tasks::default();
            let call = self.tasks.begin(Request::ListCommands { guild }, now);
            self.step.calls.push(call);
        }
    }

    fn answered(&mut self, call: &Request, answer: &Outcome, now: SystemTime) {
        let Some(task) = self.tasks.answered(call) else { return };
        match (call, answer) {
            (Request::ListCommands { .. }, Outcome::Commands { current: true }) => self.settle(MenuNote::InPlace),
            (Request::ListCommands { guild }, Outcome::Commands { current: false }) => {
                let call = self.tasks.go_on(task, Request::PutCommands { guild: *guild });
                self.step.calls.push(call);
            }
            (Request::PutCommands { .. }, Outcome::Done) => self.settle(MenuNote::Registered),
            (_, Outcome::Refused(ApiError::Forbidden(_))) => self.step.notes.push(MenuNote::NotInvited),
            (_, Outcome::Refused(_)) => self.step.notes.push(MenuNote::Refused { answer: answer.brief() }),
            (Request::ListCommands { guild } | Request::PutCommands { guild }, _) => {
                self.retry(task, *guild, answer, now)
            }
            _ => {}
        }
    }

    /// Once since the start: nothing is registered there any more that could come back.
    fn remove(&mut self, guild: GuildId, now: SystemTime) {
        if self.elsewhere.insert(guild) {
            let call = self.removals.begin(Request::RemoveCommands { guild }, now);
            self.step.calls.push(call);
        }
    }

    /// Where Discord refuses it, the bot has no commands there, or is not there any more.
    fn removed(&mut self, call: &Request, answer: &Outcome, now: SystemTime) {
        let Some(task) = self.removals.answered(call) else { return };
        if !matches!(answer, Outcome::Done | Outcome::Refused(_)) {
            self.step.notes.push(MenuNote::Retrying { call: call.name(), answer: answer.brief() });
            self.removals.again(task, call.clone(), answer, now);
        }
    }

    fn settle(&mut self, note: MenuNote) {
        self.settled = true;
        self.step.notes.push(note);
    }

    /// From the beginning, after a pause: what got lost may have been done.
    fn retry(&mut self, task: Task, guild: GuildId, answer: &Outcome, now: SystemTime) {
        self.step.notes.push(MenuNote::Retrying { call: task.call.name(), answer: answer.brief() });
        self.tasks.again(task, Request::ListCommands { guild }, answer, now);
    }
}
