//! The panel: one message with the button that asks for a ticket, always in its place, never two.

use std::mem;
use std::time::SystemTime;

use crate::ids::MessageId;
use crate::lifecycle::call::{Answer, Call, Refusal};
use crate::lifecycle::reply::{Reply, Role};
use crate::lifecycle::state::Asker;
use crate::lifecycle::task::{Task, Tasks};
use crate::lifecycle::words::Words;

/// An administrator waits so many tries before being told that it does not work.
const PATIENCE: u32 = 3;

/// What can happen to the panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PanelEvent {
    /// It is to be looked after: at start (nobody asks) or by `!setuptickets`.
    Ensure(Option<Asker>),
    /// Somebody asked in vain, and is told why.
    TurnDown(Asker, Words),
    /// A panel message of ours has appeared.
    Seen(MessageId),
    /// What came of a call.
    Answered {
        /// The call.
        call: Call,
        /// What came of it.
        answer: Answer,
    },
    /// The deadline has come.
    Woke,
}

/// What follows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PanelStep {
    /// The id to keep. Losing it is harmless: the message would be replaced at the next start.
    pub save: Option<MessageId>,
    /// The calls to make.
    pub calls: Vec<Call>,
    /// What to tell the operator.
    pub notes: Vec<PanelNote>,
}

/// One thing that happened to the panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PanelNote {
    /// It is there and shows what it should.
    InPlace(MessageId),
    /// It was brought up to date.
    Edited(MessageId),
    /// An old one was removed.
    Removed(MessageId),
    /// A new one was sent.
    Sent(MessageId),
    /// Something did not succeed; it goes on after a pause.
    Retrying {
        /// What was asked of Discord.
        call: &'static str,
        /// What came of it.
        answer: String,
    },
}

/// The panel message, and what is being done about it.
#[derive(Clone, Debug)]
pub struct Panel {
    message: Option<MessageId>,
    /// The nonce of the next one: the id of the one it comes after, 0 for the first that is known of. A request that takes
    /// effect after it was given up, even by a process that has died since, is the same message then, not another one.
    nonce: u64,
    /// One was sent, and what came of it is not known: the newest one that is found is it.
    sent: bool,
    /// Somebody asked for it, who may be looking at two: what is beside it is looked for, too.
    tidying: bool,
    /// What has appeared while one was being sent: most likely that one.
    seen: Vec<MessageId>,
    tasks: Tasks,
    replies: Vec<Reply>,
    step: PanelStep,
}

impl Panel {
    /// The panel as the file knows it.
    #[must_use]
    pub fn new(message: Option<MessageId>) -> Self {
        Self {
            message,
            nonce: 0,
            sent: false,
            tidying: false,
            seen: Vec::new(),
            tasks: Tasks::default(),
            replies: Vec::new(),
            step: PanelStep::default(),
        }
    }

    /// Decides what follows from `event`.
    pub fn handle(&mut self, event: PanelEvent, now: SystemTime) -> PanelStep {
        match event {
            PanelEvent::Ensure(asker) => self.ensure(asker, now),
            PanelEvent::TurnDown(asker, words) => self.turn_down(asker, words, now),
            PanelEvent::Seen(message) => self.seen.push(message),
            PanelEvent::Answered { call, answer } => self.answered(&call, &answer, now),
            PanelEvent::Woke => self.wake(now),
        }
        self.sweep(now);
        self.replies.retain(|reply| reply.outcome().is_none());
        mem::take(&mut self.step)
    }

    /// When [`PanelEvent::Woke`] is wanted next.
    #[must_use]
    pub fn deadline(&self) -> Option<SystemTime> {
        self.replies.iter().filter_map(Reply::deadline).chain(self.tasks.deadline()).min()
    }

    /// No call is on its way.
    #[must_use]
    pub fn is_still(&self) -> bool {
        !self.tasks.is_any_sent() && !self.replies.iter().any(Reply::is_sent)
    }

    fn ensure(&mut self, asker: Option<Asker>, now: SystemTime) {
        self.tidying |= asker.is_some();
        self.replies.extend(asker.map(|asker| Reply::owed(asker, Role::Bystander)));
        // Whoever asks does not wait for the end of a pause, which may be minutes.
        if !self.tasks.is_any_sent() {
            self.tasks.drop_all(|call| !matches!(call, Call::DeletePanel { .. }));
            let call = self.tasks.begin(self.look(), now);
            self.step.calls.push(call);
        }
    }

    fn turn_down(&mut self, asker: Asker, words: Words, now: SystemTime) {
        let mut reply = Reply::owed(asker, Role::Bystander);
        self.step.calls.extend(reply.tell(words, now));
        self.replies.push(reply);
    }

    fn wake(&mut self, now: SystemTime) {
        self.step.calls.extend(self.tasks.wake(now));
        for reply in &mut self.replies {
            self.step.calls.extend(reply.wake(now));
        }
    }

    /// Removes what is beside the panel: a message that was sent after it had been given up. As long as no
    /// panel is known, the list will show it.
    fn sweep(&mut self, now: SystemTime) {
        if self.tasks.any(|call| matches!(call, Call::SendPanel { .. })) {
            return;
        }
        for message in mem::take(&mut self.seen) {
            let call = Call::DeletePanel { message };
            if self.message.is_some_and(|panel| panel != message) && !self.tasks.any(|other| *other == call) {
                let call = self.tasks.begin(call, now);
                self.step.calls.push(call);
            }
        }
    }

    fn look(&self) -> Call {
        self.message.map_or(Call::ListPanels, |message| Call::GetPanel { message })
    }

    fn answered(&mut self, call: &Call, answer: &Answer, now: SystemTime) {
        for reply in &mut self.replies {
            if let Some(next) = reply.hear(call, answer, now) {
                self.step.calls.extend(next);
                return;
            }
        }
        let Some(task) = self.tasks.answered(call) else { return };
        match (call, answer) {
            (Call::GetPanel { message }, Answer::Panel { current: true }) => {
                self.in_place(PanelNote::InPlace(*message), now)
            }
            (Call::GetPanel { message }, Answer::Panel { current: false }) => {
                self.go_on(task, Call::EditPanel { message: *message })
            }
            (Call::EditPanel { message }, Answer::Done | Answer::Sent(_)) => {
                self.in_place(PanelNote::Edited(*message), now)
            }
            // The only proof that it is gone.
            (Call::GetPanel { .. } | Call::EditPanel { .. }, Answer::Refused(Refusal::MessageGone)) => {
                self.nonce = self.message.take().map_or(0, |gone| gone.0);
                self.go_on(task, Call::ListPanels);
            }
            (Call::ListPanels, Answer::Panels(found)) if self.message.is_some() => {
                self.tidying = false;
                self.seen.extend(found);
                self.look_for_askers(now);
            }
            (Call::ListPanels, Answer::Panels(found)) => self.replace(task, found.clone(), now),
            (Call::DeletePanel { message }, Answer::Done | Answer::Refused(Refusal::MessageGone)) => {
                self.step.notes.push(PanelNote::Removed(*message));
                if self.message.is_some() {
                    return self.look_for_askers(now);
                }
                self.nonce = message.0;
                self.go_on(task, Call::ListPanels);
            }
            (Call::DeletePanel { .. }, _) if self.message.is_some() => {
                self.again(task, call.clone(), answer, now);
            }
            // Discord may answer with an earlier message of the same nonce, also with one that is gone by now.
            (Call::SendPanel { .. }, Answer::Sent(message)) if message.made_at() < task.begun => {
                self.take(*message);
                self.go_on(task, Call::GetPanel { message: *message });
            }
            (Call::SendPanel { .. }, Answer::Sent(message)) => self.keep(*message, now),
            _ => self.retry(task, answer, now),
        }
    }

    /// Removes the old ones, one after the other, and then sends a new one, unless it is there in spite of a lost answer.
    fn replace(&mut self, task: Task, mut found: Vec<MessageId>, now: SystemTime) {
        self.tidying = false;
        found.sort();
        let ours = if self.sent { found.pop() } else { None };
        match (found.first(), ours) {
            (Some(old), _) => self.go_on(task, Call::DeletePanel { message: *old }),
            (None, Some(message)) => self.keep(message, now),
            (None, None) => {
                self.sent = true;
                self.go_on(task, Call::SendPanel { nonce: self.nonce });
            }
        }
    }

    fn take(&mut self, message: MessageId) {
        self.sent = false;
        self.message = Some(message);
        self.step.save = Some(message);
    }

    fn keep(&mut self, message: MessageId, now: SystemTime) {
        self.take(message);
        self.in_place(PanelNote::Sent(message), now);
    }

    fn go_on(&mut self, task: Task, next: Call) {
        let call = self.tasks.go_on(task, next);
        self.step.calls.push(call);
    }

    /// From the beginning, after a pause: what is there is looked at before anything is sent, so an answer that got lost
    /// never makes a second panel.
    fn retry(&mut self, task: Task, answer: &Answer, now: SystemTime) {
        if let Answer::Limited { wait } = answer {
            self.tell(&Words::PanelLater(now + *wait), now);
        } else if task.attempt >= PATIENCE {
            self.tell(&Words::PanelFailed, now);
        }
        let look = self.look();
        self.again(task, look, answer, now);
    }

    fn again(&mut self, task: Task, next: Call, answer: &Answer, now: SystemTime) {
        self.step.notes.push(PanelNote::Retrying { call: task.call.name(), answer: answer.brief() });
        self.tasks.again(task, next, answer, now);
    }

    /// Whoever asked while something else was being done.
    fn look_for_askers(&mut self, now: SystemTime) {
        if self.replies.iter().any(Reply::is_undecided) && self.tasks.is_empty() {
            let call = self.tasks.begin(self.look(), now);
            self.step.calls.push(call);
        }
    }

    fn in_place(&mut self, note: PanelNote, now: SystemTime) {
        self.step.notes.push(note);
        self.tell(&Words::PanelInPlace, now);
        if self.tidying {
            let call = self.tasks.begin(Call::ListPanels, now);
            self.step.calls.push(call);
        }
    }

    fn tell(&mut self, words: &Words, now: SystemTime) {
        for reply in self.replies.iter_mut().filter(|reply| reply.is_undecided()) {
            self.step.calls.extend(reply.tell(words.clone(), now));
        }
    }
}
