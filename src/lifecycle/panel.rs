//! The panel: one message with the button that asks for a ticket, always in its place, never two.
//!
//! Another process may use the same token: a host that was forgotten, or the next version during an update. So that the
//! two never delete each other's panel, both choose alike: of all panel messages the newest one stays. A process removes
//! a panel only when it knows a newer one, so there is one at every moment, and a process whose own panel is not the newest
//! adopts the one that is.

use std::mem;
use std::time::{Duration, SystemTime};

use crate::ids::MessageId;
use crate::lifecycle::notice::Notice;
use crate::lifecycle::reply::{Reply, Role};
use crate::lifecycle::request::{ApiError, Outcome, Request};
use crate::lifecycle::state::Requester;
use crate::lifecycle::task::{Task, Tasks};

/// An administrator waits so many tries before being told that it does not work.
const PATIENCE: u32 = 3;
/// A panel that was changed back so many times within [`EDIT_WINDOW`] is left as it is: another process with other words
/// changes it, too.
const MAX_EDITS: usize = 3;
/// A panel that is deleted again and again is put back once in this time.
const PUT_BACK_AFTER: Duration = Duration::from_secs(60);
/// The time in which edits of the panel are counted.
const EDIT_WINDOW: Duration = Duration::from_secs(10 * 60);

/// What can happen to the panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PanelEvent {
    /// It is to be looked after: at start (nobody asks) or by `!setuptickets`.
    Ensure(Option<Requester>),
    /// Somebody asked in vain, and is told why.
    TurnDown(Requester, Notice),
    /// A panel message of ours has appeared.
    Seen(MessageId),
    /// These messages of its channel were deleted.
    Deleted(Vec<MessageId>),
    /// Somebody has hidden the embeds of this message.
    Hidden(MessageId),
    /// A gateway session begins: messages that appeared before it were not heard of.
    Connected,
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
pub struct PanelStep {
    /// The id to keep. Losing it is harmless: the message would be replaced at the next start.
    pub save: Option<MessageId>,
    /// The calls to make.
    pub calls: Vec<Request>,
    /// What to tell the operator.
    pub notes: Vec<PanelNote>,
}

/// One thing that happened to the panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PanelNote {
    /// It is there and shows what it should.
    InPlace(MessageId),
    /// It was deleted, and will be put back.
    Deleted(MessageId),
    /// It was brought up to date.
    Edited(MessageId),
    /// An old one was removed.
    Removed(MessageId),
    /// A new one was sent.
    Sent(MessageId),
    /// A newer one takes its place.
    Adopted(MessageId),
    /// The one that was adopted shows other words than ours, and is left as it is until the next start.
    Differs(MessageId),
    /// It was changed back too often, and is left as it is.
    Contested(MessageId),
    /// Another process uses the bot's token: it sent or changed this message.
    AnotherProcess(MessageId),
    /// Something did not succeed; it goes on after a pause.
    Retrying {
        /// What was asked of Discord.
        call: &'static str,
        /// What came of it.
        answer: String,
    },
}

/// Whether this process has sent a panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sends {
    None,
    /// Each of its requests was answered.
    Known,
    /// One got no answer: a message that appears may be ours.
    Unsure,
}

/// Whether it is known what happened to the panel before the gateway session, when nothing was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unheard {
    Known,
    /// The panel is looked at as soon as nothing is under way.
    Panel,
    /// What is beside it is listed when it is found in its place.
    Beside,
}

/// The panel message, and what is being done about it.
#[derive(Clone, Debug)]
pub struct Panel {
    message: Option<MessageId>,
    /// The nonce of the next one: the id of the one it comes after, 0 for the first that is known of. A request that takes
    /// effect after it was given up, even by a process that has died since, is the same message then, not another one.
    nonce: u64,
    /// One was sent, and what came of it is not known: the newest message that was there before, or 0. What is
    /// newer is it.
    sent_after: Option<MessageId>,
    sends: Sends,
    /// How many gateway sessions there have been.
    sessions: u32,
    unheard: Unheard,
    /// It has shown our words. If it shows others later, another process has changed it.
    shown: bool,
    /// When it was edited lately.
    edits: Vec<SystemTime>,
    /// Somebody has hidden its embeds: it is looked at as soon as nothing is under way.
    hidden: bool,
    /// It was deleted, and is put back at this time.
    put_back: Option<SystemTime>,
    /// The earliest time for the next one to be put back.
    next_put_back: Option<SystemTime>,
    /// Somebody asked for it, who may be looking at two: what is beside it is looked for, too.
    tidying: bool,
    /// Messages that have appeared since the start and are not judged yet.
    seen: Vec<MessageId>,
    /// Its id is kept when the older ones are gone: should the process die before that, the next start finds them all.
    unsaved: Option<MessageId>,
    /// Messages that were listed beside it, or before it was sent.
    listed: Vec<MessageId>,
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
            sent_after: None,
            sends: Sends::None,
            sessions: 0,
            unheard: Unheard::Known,
            shown: false,
            edits: Vec::new(),
            hidden: false,
            put_back: None,
            next_put_back: None,
            tidying: false,
            seen: Vec::new(),
            unsaved: None,
            listed: Vec::new(),
            tasks: Tasks::default(),
            replies: Vec::new(),
            step: PanelStep::default(),
        }
    }

    /// Decides what follows from `event`.
    pub fn handle(&mut self, event: PanelEvent, now: SystemTime) -> PanelStep {
        match event {
            PanelEvent::Ensure(requester) => self.ensure(requester, now),
            PanelEvent::TurnDown(requester, words) => self.turn_down(requester, words, now),
            PanelEvent::Seen(message) => self.seen.push(message),
            PanelEvent::Deleted(messages) => self.deleted(&messages, now),
            PanelEvent::Hidden(message) => self.hidden |= self.message == Some(message),
            PanelEvent::Connected => self.connected(),
            PanelEvent::Answered { call, answer } => self.answered(&call, &answer, now),
            PanelEvent::Woke => self.wake(now),
        }
        self.remove_older(now);
        self.save_when_alone();
        self.look_after_session_began(now);
        self.look_after_deletion(now);
        self.look_after_hiding(now);
        self.replies.retain(|reply| reply.outcome().is_none());
        mem::take(&mut self.step)
    }

    /// When [`PanelEvent::Woke`] is wanted next.
    #[must_use]
    pub fn deadline(&self) -> Option<SystemTime> {
        let put_back = self.put_back.filter(|_| !self.tasks.is_any_sent());
        self.replies.iter().filter_map(Reply::deadline).chain(self.tasks.deadline()).chain(put_back).min()
    }

    /// No call is on its way.
    #[must_use]
    pub fn is_still(&self) -> bool {
        !self.tasks.is_any_sent() && !self.replies.iter().any(Reply::is_sent)
    }

    fn ensure(&mut self, requester: Option<Requester>, now: SystemTime) {
        self.tidying |= requester.is_some();
        self.replies.extend(requester.map(|requester| Reply::owed(requester, Role::Bystander)));
        // Whoever asks does not wait for the end of a pause, which may be minutes.
        if !self.tasks.is_any_sent() {
            self.tasks.drop_all(|call| !matches!(call, Request::DeletePanel { .. }));
            let call = self.tasks.begin(self.look(), now);
            self.step.calls.push(call);
        }
    }

    /// What was sent by another process before the session is not heard of. A panel that was only found in its place, just
    /// before the first session, is not looked at twice.
    fn connected(&mut self) {
        self.sessions += 1;
        let listing = self.tasks.any(|call| *call == Request::ListPanels);
        if self.sessions > 1 || self.sends != Sends::None || listing {
            self.unheard = Unheard::Panel;
        }
    }

    /// What is under way is waited for: an answer to it may tell of what was true before the session.
    fn look_after_session_began(&mut self, now: SystemTime) {
        if self.unheard == Unheard::Panel && !self.tasks.is_any_sent() {
            self.unheard = Unheard::Beside;
            self.ensure(None, now);
        }
    }

    fn deleted(&mut self, messages: &[MessageId], now: SystemTime) {
        if let Some(panel) = self.message.filter(|panel| messages.contains(panel)) {
            self.step.notes.push(PanelNote::Deleted(panel));
            self.put_back = Some(self.next_put_back.map_or(now, |next| next.max(now)));
        }
    }

    /// It is looked at first: that it was deleted may be told late, or twice.
    fn look_after_deletion(&mut self, now: SystemTime) {
        if self.put_back.is_some_and(|due| due <= now) && !self.tasks.is_any_sent() {
            self.put_back = None;
            self.next_put_back = Some(now + PUT_BACK_AFTER);
            self.ensure(None, now);
        }
    }

    fn look_after_hiding(&mut self, now: SystemTime) {
        if self.hidden && !self.tasks.is_any_sent() {
            self.hidden = false;
            self.ensure(None, now);
        }
    }

    /// All panels were listed. A list that was asked for before the session may be older than it.
    fn heard_of_all(&mut self) {
        if self.unheard == Unheard::Beside {
            self.unheard = Unheard::Known;
        }
    }

    fn turn_down(&mut self, requester: Requester, words: Notice, now: SystemTime) {
        if requester.is_silenced() {
            return;
        }
        let mut reply = Reply::owed(requester, Role::Bystander);
        self.step.calls.extend(reply.tell(words, now));
        self.replies.push(reply);
    }

    fn wake(&mut self, now: SystemTime) {
        self.step.calls.extend(self.tasks.wake(now));
        for reply in &mut self.replies {
            self.step.calls.extend(reply.wake(now));
        }
    }

    /// Removes what is older than the panel, and looks at what is newer. As long as no panel is known, or one is being
    /// sent, that has to wait.
    fn remove_older(&mut self, now: SystemTime) {
        let Some(panel) = self.message else { return };
        if self.tasks.any(|call| matches!(call, Request::SendPanel { .. })) {
            return;
        }
        let seen = mem::take(&mut self.seen);
        if self.sends != Sends::Unsure {
            let others = seen.iter().filter(|message| **message != panel);
            self.step.notes.extend(others.map(|message| PanelNote::AnotherProcess(*message)));
        }
        for message in seen.into_iter().chain(mem::take(&mut self.listed)) {
            let call = match message {
                older if older < panel => Request::DeletePanel { message },
                newer if newer > panel => Request::GetPanel { message },
                _ => continue,
            };
            if !self.tasks.any(|other| *other == call) {
                let call = self.tasks.begin(call, now);
                self.step.calls.push(call);
            }
        }
    }

    fn save_when_alone(&mut self) {
        if self.unsaved.is_some() && !self.tasks.any(|call| matches!(call, Request::DeletePanel { .. })) {
            self.step.save = self.unsaved.take();
        }
    }

    fn look(&self) -> Request {
        self.message.map_or(Request::ListPanels, |message| Request::GetPanel { message })
    }

    fn answered(&mut self, call: &Request, answer: &Outcome, now: SystemTime) {
        for reply in &mut self.replies {
            if let Some(next) = reply.hear(call, answer, now) {
                self.step.calls.extend(next);
                return;
            }
        }
        let Some(task) = self.tasks.answered(call) else { return };
        match (call, answer) {
            (Request::GetPanel { message }, Outcome::Panel { current }) if self.message != Some(*message) => {
                self.adopt(task, *message, *current, now);
            }
            (Request::GetPanel { message }, Outcome::PanelHidden) if self.message != Some(*message) => {
                self.adopt(task, *message, false, now);
            }
            // A moderator did that, and no other process.
            (Request::GetPanel { message }, Outcome::PanelHidden) => {
                self.shown = false;
                self.edit(task, *message, now);
            }
            (Request::GetPanel { message }, Outcome::Panel { current: true }) => {
                self.in_place(PanelNote::InPlace(*message), now)
            }
            (Request::GetPanel { message }, Outcome::Panel { current: false }) => self.edit(task, *message, now),
            (Request::EditPanel { message }, Outcome::Done | Outcome::Sent(_)) => {
                self.edits.push(now);
                self.in_place(PanelNote::Edited(*message), now)
            }
            // A newer one that is gone again: the panel stays what it was.
            (Request::GetPanel { message }, Outcome::Refused(ApiError::MessageGone))
                if self.message.is_some() && self.message != Some(*message) =>
            {
                self.tidying = false;
                self.look_for_askers(now);
            }
            // The only proof that it is gone.
            (Request::GetPanel { .. } | Request::EditPanel { .. }, Outcome::Refused(ApiError::MessageGone)) => {
                self.nonce = self.message.take().map_or(self.nonce, |gone| gone.0);
                self.go_on(task, Request::ListPanels);
            }
            (Request::ListPanels, Outcome::Panels(found)) if self.message.is_some() => {
                self.heard_of_all();
                // A newer one is adopted, and then shows what it should, if somebody asked for it.
                self.tidying &= found.iter().any(|message| Some(*message) > self.message);
                self.listed.extend(found);
                self.look_for_askers(now);
            }
            (Request::ListPanels, Outcome::Panels(found)) => self.replace(task, found, now),
            (Request::DeletePanel { message }, Outcome::Done | Outcome::Refused(ApiError::MessageGone)) => {
                self.step.notes.push(PanelNote::Removed(*message));
                self.look_for_askers(now);
            }
            (Request::DeletePanel { .. }, _) => self.again(task, call.clone(), answer, now),
            // Discord may answer with an earlier message of the same nonce, also with one that is gone by now.
            (Request::SendPanel { .. }, Outcome::Sent(message)) if message.made_at() < task.begun => {
                self.take(*message);
                self.go_on(task, Request::GetPanel { message: *message });
            }
            (Request::SendPanel { .. }, Outcome::Sent(message)) => self.keep(*message, now),
            _ => self.retry(task, answer, now),
        }
    }

    /// A panel that is newer than ours takes its place. It is not edited, unless somebody asked for that: in an update the
    /// words of the newer process are the right ones, and two that edited each other's panel would never come to an end.
    fn adopt(&mut self, task: Task, message: MessageId, current: bool, now: SystemTime) {
        if self.message.is_some_and(|panel| panel > message) {
            self.listed.push(message);
            return;
        }
        self.step.notes.push(PanelNote::Adopted(message));
        let former = self.message;
        self.take(message);
        self.listed.extend(former);
        self.shown = false;
        match (current, mem::take(&mut self.tidying)) {
            (true, _) => self.in_place(PanelNote::InPlace(message), now),
            (false, true) => self.edit(task, message, now),
            (false, false) => self.in_place(PanelNote::Differs(message), now),
        }
    }

    /// Brings the panel up to date, unless another process changes it back each time and nobody asks for it.
    fn edit(&mut self, task: Task, message: MessageId, now: SystemTime) {
        if mem::take(&mut self.shown) {
            self.step.notes.push(PanelNote::AnotherProcess(message));
        }
        self.edits.retain(|edited| *edited + EDIT_WINDOW > now);
        if self.edits.len() >= MAX_EDITS && !self.tidying {
            return self.in_place(PanelNote::Contested(message), now);
        }
        self.go_on(task, Request::EditPanel { message });
    }

    /// Sends a new one, unless it is there in spite of a lost answer or another process has just sent one. The old ones
    /// are removed when it is there, so that members have a button all the time.
    fn replace(&mut self, task: Task, found: &[MessageId], now: SystemTime) {
        let newest = found.iter().max().copied();
        self.heard_of_all();
        self.listed = found.to_vec();
        match (newest, self.sent_after) {
            (Some(message), Some(before)) if message > before => self.keep(message, now),
            // It is being looked at already.
            (Some(message), None) if self.tasks.any(|call| *call == Request::GetPanel { message }) => {}
            (Some(message), None) if self.seen.contains(&message) => self.go_on(task, Request::GetPanel { message }),
            // It was sent while ours was in its place, and not heard of.
            (Some(message), None) if self.shown && message.0 > self.nonce => {
                self.step.notes.push(PanelNote::AnotherProcess(message));
                self.go_on(task, Request::GetPanel { message });
            }
            _ => {
                self.tidying = false;
                if self.sends == Sends::None {
                    self.sends = Sends::Known;
                }
                self.sent_after = Some(newest.unwrap_or(MessageId(0)));
                self.nonce = newest.map_or(self.nonce, |newest| newest.0);
                self.go_on(task, Request::SendPanel { nonce: self.nonce });
            }
        }
    }

    fn take(&mut self, message: MessageId) {
        self.set_message(message);
        self.unsaved = None;
        self.step.save = Some(message);
    }

    fn keep(&mut self, message: MessageId, now: SystemTime) {
        self.set_message(message);
        self.unsaved = Some(message);
        self.in_place(PanelNote::Sent(message), now);
    }

    /// Whatever was sent or deleted, this one is there.
    fn set_message(&mut self, message: MessageId) {
        self.sent_after = None;
        self.put_back = None;
        self.message = Some(message);
    }

    fn go_on(&mut self, task: Task, next: Request) {
        let call = self.tasks.go_on(task, next);
        self.step.calls.push(call);
    }

    /// From the beginning, after a pause: what is there is looked at before anything is sent, so an answer that got lost
    /// never makes a second panel.
    fn retry(&mut self, task: Task, answer: &Outcome, now: SystemTime) {
        if let Request::SendPanel { .. } = task.call {
            self.sends = Sends::Unsure;
        }
        if let Outcome::Limited { wait } = answer {
            self.tell(&Notice::PanelLater(now + *wait), now);
        } else if task.attempt >= PATIENCE {
            self.tell(&Notice::PanelFailed, now);
        }
        let look = self.look();
        self.again(task, look, answer, now);
    }

    fn again(&mut self, task: Task, next: Request, answer: &Outcome, now: SystemTime) {
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
        self.shown |= matches!(note, PanelNote::InPlace(_) | PanelNote::Edited(_) | PanelNote::Sent(_));
        self.step.notes.push(note);
        self.tell(&Notice::PanelInPlace, now);
        if (self.tidying || self.unheard == Unheard::Beside) && !self.tasks.any(|call| *call == Request::ListPanels) {
            let call = self.tasks.begin(Request::ListPanels, now);
            self.step.calls.push(call);
        }
    }

    fn tell(&mut self, words: &Notice, now: SystemTime) {
        for reply in self.replies.iter_mut().filter(|reply| reply.is_undecided()) {
            self.step.calls.extend(reply.tell(words.clone(), now));
        }
    }
}
