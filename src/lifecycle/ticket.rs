//! One ticket: what happens to it, and what follows.
//!
//! [`Ticket::decide`] asks the table of the whole bot. What is decided is first saved and then done: a [`Transition`] gives
//! its calls away only in exchange for what became of the save. Each call's answer comes back as an event. So whatever
//! dies in between is found again from the row.

use std::mem;
use std::time::SystemTime;

use crate::ids::{ChannelId, Owner, TicketNumber};
use crate::lifecycle::access::AccessLoss;
use crate::lifecycle::close_failure::Promise;
use crate::lifecycle::creation::{Creations, Orphaned};
use crate::lifecycle::decision::{Step, Transition};
use crate::lifecycle::doubt::{CHECK_AGAIN_AFTER, Doubt, Missed};
use crate::lifecycle::failures::Failures;
use crate::lifecycle::history::{JournalEvent, Reason};
use crate::lifecycle::notice::Notice;
use crate::lifecycle::policy::Rules;
use crate::lifecycle::reply::{Reply, Role};
use crate::lifecycle::request::{ChannelCandidate, Outcome, Request};
use crate::lifecycle::rivals::Rivals;
use crate::lifecycle::state::{Closing, Document, Requester, State};
use crate::lifecycle::task::{Task, Tasks};

/// What can happen to a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The member wants a ticket.
    Open {
        /// The member.
        requester: Requester,
        /// The member's name, for the channel.
        name: String,
        /// The server's channels have not been told yet, so there may be a ticket that no row knows.
        unseen: bool,
    },
    /// Somebody wants the ticket in `channel` closed.
    Close {
        /// Where they pressed or said it.
        channel: ChannelId,
        /// Who.
        requester: Requester,
        /// They hold a role of the staff.
        support: bool,
        /// They are an administrator, as far as Discord said so.
        administrator: bool,
    },
    /// Discord said that this channel was deleted.
    ChannelDeleted {
        /// The channel.
        channel: ChannelId,
    },
    /// A complete list of the server's channels came without this one. The list may be older than the channel, so it is
    /// asked for by name.
    ChannelUnlisted {
        /// The channel.
        channel: ChannelId,
    },
    /// A channel that no row owns, and that may be this member's ticket.
    CandidateFound(ChannelCandidate),
    /// What came of a call.
    RequestCompleted {
        /// The call.
        call: Request,
        /// What came of it.
        answer: Outcome,
    },
    /// The deadline has come.
    TimerFired,
    /// The ticket was loaded from its row, and whatever it was doing has to be taken up again.
    Loaded,
}

/// One member's ticket: its saved state and everything under way.
#[derive(Clone, Debug)]
pub struct Ticket {
    pub(super) owner: Owner,
    pub(super) rules: Rules,
    /// Given with the row.
    pub(super) number: Option<TicketNumber>,
    pub(super) document: Document,
    pub(super) tasks: Tasks,
    pub(super) replies: Vec<Reply>,
    /// Channels that may be this member's, not looked into yet.
    pub(super) candidates: Vec<ChannelCandidate>,
    /// Who found the ticket open, while it is checked whether its channel still exists.
    pub(super) doubts: Vec<Doubt>,
    /// When that was last checked.
    pub(super) checked: Option<SystemTime>,
    /// A list came without the channel: it is checked until Discord says whether it exists.
    pub(super) missed: Option<Missed>,
    /// A list came without the channel since it was last known to exist.
    pub(super) unlisted: bool,
    /// What was said about the ticket's end and may have to be corrected.
    pub(super) promise: Promise,
    /// Openings that came to nothing lately.
    pub(super) failures: Option<Failures>,
    /// The member cannot see the channel, and the bot could not change that.
    pub(super) access_loss: Option<AccessLoss>,
    /// When that was last found out.
    pub(super) access_lost_at: Option<SystemTime>,
    /// What is known of another process that uses the same token.
    pub(super) rivals: Rivals,
    /// What was made, or may have been, and was not answered.
    pub(super) creations: Creations,
    /// The ticket's channel, which somebody else deleted: a copy of it takes its place.
    pub(super) orphaned: Option<Orphaned>,
    /// When a token expires that is in the row still, though its answer is over.
    row_token_end: Option<SystemTime>,
    /// Channels that Discord said were deleted.
    pub(super) deleted: Vec<ChannelId>,
    pub(super) step: Step,
}

impl Ticket {
    /// A ticket as its row tells it. [`Event::Loaded`] takes up what it was doing.
    #[must_use]
    pub fn new(owner: Owner, rules: Rules, document: Document) -> Self {
        Self {
            owner,
            rules,
            number: None,
            document,
            tasks: Tasks::default(),
            replies: Vec::new(),
            candidates: Vec::new(),
            doubts: Vec::new(),
            checked: None,
            missed: None,
            unlisted: false,
            promise: Promise::default(),
            failures: None,
            access_loss: None,
            access_lost_at: None,
            rivals: Rivals::default(),
            creations: Creations::default(),
            orphaned: None,
            row_token_end: None,
            deleted: Vec::new(),
            step: Step::default(),
        }
    }

    /// Its number, or that of the member's last one.
    #[must_use]
    pub const fn number(&self) -> Option<TicketNumber> {
        self.number
    }

    /// The row is on the disk, and with it the number: the calls that were decided before that get it now.
    pub(super) fn set_number(&mut self, number: TicketNumber, calls: &mut [Request]) {
        self.number = Some(number);
        calls.iter_mut().chain(self.tasks.calls_mut()).for_each(|call| call.set_number(number));
    }

    /// Where the ticket stands.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.document.state
    }

    /// Where the ticket stands, and what it owes.
    #[must_use]
    pub const fn document(&self) -> &Document {
        &self.document
    }

    /// Decides what follows from `event`.
    pub fn decide(&mut self, event: Event, now: SystemTime) -> Transition {
        let before = self.clone();
        let step = self.handle(event.clone(), now);
        Transition { before, event, step }
    }

    /// Decides what follows from the time that has come, for those who wait for an answer and nothing else.
    pub(super) fn decide_replies(&mut self, now: SystemTime) -> Transition {
        let before = self.clone();
        let step = self.apply_change(now, Self::wake_replies);
        Transition { before, event: Event::TimerFired, step }
    }

    pub(super) fn handle(&mut self, event: Event, now: SystemTime) -> Step {
        self.apply_change(now, |ticket, now| ticket.apply_event(event, now))
    }

    fn apply_change(&mut self, now: SystemTime, react: impl FnOnce(&mut Self, SystemTime)) -> Step {
        let before = self.document.clone();
        react(self, now);
        self.settle_state(now);
        let mut step = mem::take(&mut self.step);
        let expired = self.row_token_end.is_some_and(|end| end <= now);
        if expired || self.document.must_be_saved_after(&before) {
            self.row_token_end = None;
            step.save = Some(self.document.clone());
        } else if self.document != before {
            // The row keeps a token that the document has not any more.
            self.row_token_end = self.row_token_end.into_iter().chain(before.token_end()).min();
        }
        step
    }

    /// When one of those who wait for an answer is to be served.
    pub(super) fn reply_deadline(&self) -> Option<SystemTime> {
        self.replies.iter().filter_map(Reply::deadline).min()
    }

    /// When [`Event::TimerFired`] is wanted next.
    #[must_use]
    pub fn deadline(&self) -> Option<SystemTime> {
        let replies = self.reply_deadline();
        let forget = self.checked.map(|checked| checked + CHECK_AGAIN_AFTER).into_iter().chain(self.forget_loss_at());
        let rivals = self.rivals.deadline();
        let next = replies.into_iter().chain(rivals).chain(self.tasks.deadline()).chain(self.due()).chain(forget).min();
        // Nothing depends on when exactly these are, so nobody is woken for them alone while there is more to come.
        let next = next.into_iter().chain(self.document.token_end()).chain(self.row_token_end).min();
        let orphaned = self.orphaned.filter(|_| self.candidates.is_empty()).map(|orphaned| orphaned.forget);
        let forget = self.failures.as_ref().map(Failures::end).into_iter().chain(self.creations.deadline());
        next.or(forget.chain(orphaned).min())
    }

    /// Nothing is under way, and no deadline comes before this moment: the row says it all, and this value may be let go.
    #[must_use]
    pub fn is_idle(&self, until: SystemTime) -> bool {
        !matches!(self.document.state, State::Opening { .. })
            && self.document.outbox.is_empty()
            && self.document.deadline().is_none_or(|deadline| deadline > until)
            && self.promise.is_kept()
            && self.tasks.is_empty()
            && self.replies.is_empty()
            && self.checked.is_none()
            && self.failures.is_none()
            && self.orphaned.is_none()
            && !self.remembers_loss()
            && self.rivals.is_quiet()
            && self.creations.deadline().is_none()
    }

    /// No call is on its way: nothing would be interrupted by stopping now.
    #[must_use]
    pub fn is_still(&self) -> bool {
        !self.tasks.is_any_sent() && !self.replies.iter().any(Reply::is_sent)
    }

    /// The table: every event in every state.
    fn apply_event(&mut self, event: Event, now: SystemTime) {
        use State::{Absent, Closing as Leaving, Open};
        let channel = self.document.state.channel();
        match (&self.document.state, event) {
            // Whoever asked first is still to be told why.
            (Absent, Event::Open { requester, .. }) if self.document.refusal().is_some() => {
                self.refuse_alike(requester, now)
            }
            (Absent, Event::Open { requester, .. }) if self.is_failing(now) => self.refuse_again(requester, now),
            (Absent, Event::Open { requester, name, unseen: true }) => {
                self.begin_opening_after_list(requester, name, now)
            }
            (Absent, Event::Open { requester, name, unseen: false }) => {
                self.begin_opening_for(requester, name);
                self.look_at_unfinished(true, now);
            }
            (State::Opening { channel: None }, Event::Open { requester, .. }) => {
                self.queue_waiting_requester(requester)
            }
            (
                State::Opening { channel: Some(channel) } | Leaving(Closing { channel, .. }),
                Event::Open { requester, .. },
            ) => {
                let channel = *channel;
                self.note_asked_again(&requester);
                self.answer_requester(requester, Notice::AlreadyOpen(channel), now);
            }
            (Open { channel }, Event::Open { requester, name, .. }) => {
                self.answer_with_open_ticket(*channel, requester, name, now)
            }

            // It may turn out to be one in a moment.
            (_, Event::Close { channel: there, requester, .. })
                if channel != Some(there) && self.is_candidate(there) =>
            {
                self.turn_down(requester, there, Notice::TryAgain, Reason::NotKnownYet, now);
            }
            (_, Event::Close { channel: there, requester, .. }) if channel != Some(there) => {
                self.turn_down(requester, there, Notice::NotATicket, Reason::NotATicket, now);
            }
            (_, Event::Close { channel: there, requester, support, administrator })
                if !self.may_close(requester.user, support, administrator) =>
            {
                self.turn_down(requester, there, Notice::NoRights, Reason::NoRights, now);
            }
            (Leaving(_), Event::Close { channel: there, requester, .. }) => {
                self.answer_already_closing(there, requester, now)
            }
            (Open { channel } | State::Opening { channel: Some(channel) }, Event::Close { requester, .. }) => {
                self.start_closing(*channel, requester, now);
            }
            // Their channel is `None`, so no `there` could have equalled it.
            (Absent | State::Opening { channel: None }, Event::Close { .. }) => {}

            (_, Event::ChannelDeleted { channel: gone }) => {
                self.remember_deleted(gone);
                self.handle_channel_deleted(gone, now);
            }
            (_, Event::ChannelUnlisted { channel: missing }) if channel == Some(missing) => {
                self.check_unlisted_channel(missing, now)
            }
            (Absent | State::Opening { .. } | Open { .. } | Leaving(_), Event::ChannelUnlisted { .. }) => {}
            (_, Event::CandidateFound(candidate)) => self.consider_candidate(candidate, now),

            (_, Event::RequestCompleted { call, answer }) => self.handle_outcome(&call, answer, now),
            (_, Event::TimerFired) => self.handle_timer(now),

            (_, Event::Loaded) => self.resume_deliveries(now),
        }
    }

    fn handle_timer(&mut self, now: SystemTime) {
        if self.checked.is_some_and(|checked| checked + CHECK_AGAIN_AFTER <= now) {
            self.checked = None;
        }
        self.forget_old_loss(now);
        self.creations.wake(&self.candidates, now);
        // A copy that was seen in time may have to wait until it can be looked into.
        if self.candidates.is_empty() {
            self.orphaned.take_if(|orphaned| orphaned.forget <= now);
        }
        if self.failures.as_ref().is_some_and(|failures| failures.end() <= now) {
            self.failures = None;
        }
        self.look_at_unfinished(false, now);
        self.step.calls.extend(self.tasks.wake(now));
        self.wake_replies(now);
    }

    /// What happened cannot be saved now, or not be decided without the row. Whoever asked for it is told to try again, and
    /// answers that do not depend on it go on.
    pub(super) fn put_off(&mut self, event: &Event, now: SystemTime) -> Step {
        if !matches!(event, Event::Open { requester, .. } | Event::Close { requester, .. } if requester.repeated) {
            self.step.notes.push(JournalEvent::Unsaved);
        }
        for reply in &mut self.replies {
            self.step.calls.extend(reply.warn(now));
        }
        match event {
            Event::Open { requester, .. } | Event::Close { requester, .. } => {
                self.answer_requester(requester.clone(), Notice::TryAgain, now)
            }
            Event::TimerFired => self.wake_replies(now),
            Event::ChannelDeleted { .. }
            | Event::ChannelUnlisted { .. }
            | Event::CandidateFound(_)
            | Event::RequestCompleted { .. }
            | Event::Loaded => {}
        }
        mem::take(&mut self.step)
    }

    fn wake_replies(&mut self, now: SystemTime) {
        // Some may have been refused while the disk worked.
        self.report_elsewhere(now);
        for reply in &mut self.replies {
            let was_deferred = reply.is_acknowledged();
            let call = reply.wake(now);
            if call.is_some() && !was_deferred && reply.is_acknowledged() && !reply.requester().repeated {
                self.step.notes.push(JournalEvent::Deferred);
            }
            self.step.calls.extend(call);
        }
    }

    /// What follows from where the ticket now stands, however it came there.
    pub(super) fn settle_state(&mut self, now: SystemTime) {
        self.settle_finished_replies(now);
        self.keep_acknowledgement();
        match &self.document.state {
            State::Opening { channel: None } => self.create_channel_if_clear(now),
            State::Opening { channel: Some(channel) }
                if self.document.outbox.is_empty() && !self.is_greeting(*channel) =>
            {
                self.finish_opening(*channel);
            }
            State::Closing(closing)
                if self.document.is_announced() && closing.due <= now && !self.is_deleting(closing.channel) =>
            {
                let call = Request::DeleteChannel { channel: closing.channel };
                self.begin_request(call, now);
            }
            State::Absent | State::Opening { .. } | State::Open { .. } | State::Closing(_) => {}
        }
        self.document.forget_tokens(now);
    }

    /// When the channel is to be deleted, unless that is under way.
    fn due(&self) -> Option<SystemTime> {
        match &self.document.state {
            State::Closing(closing) if self.document.is_announced() && !self.is_deleting(closing.channel) => {
                Some(closing.due)
            }
            State::Absent | State::Opening { .. } | State::Open { .. } | State::Closing(_) => None,
        }
    }

    /// It is being read or greeted in.
    pub(super) fn is_greeting(&self, there: ChannelId) -> bool {
        self.tasks.any(|call| match call {
            Request::Welcome { channel, .. } | Request::ReadChannel { channel, .. } => *channel == there,
            _ => false,
        })
    }

    pub(super) fn is_candidate(&self, there: ChannelId) -> bool {
        self.candidates.iter().any(|candidate| candidate.channel == there) || self.rivals.is_unfinished(there)
    }

    /// A channel is looked into no more; what is known of it, if it was.
    pub(super) fn take_candidate(&mut self, there: ChannelId) -> Option<ChannelCandidate> {
        let place = self.candidates.iter().position(|candidate| candidate.channel == there)?;
        Some(self.candidates.remove(place))
    }

    pub(super) fn is_deleting(&self, there: ChannelId) -> bool {
        self.tasks.any(|call| *call == Request::DeleteChannel { channel: there })
    }

    /// Takes the answers that are over off the list, and draws the consequences.
    fn settle_finished_replies(&mut self, now: SystemTime) {
        let (over, rest) = mem::take(&mut self.replies).into_iter().partition(|reply| reply.outcome().is_some());
        self.replies = rest;
        let over: Vec<Reply> = over;
        for reply in over {
            if reply.outcome() == Some(true) {
                self.rivals.remember_told(&reply);
            }
            self.settle_response(&reply, now);
            match (reply.role(), reply.outcome() == Some(true)) {
                (Role::Closer, true) => self.confirm_announcement(now, now),
                (Role::Closer, false) => {
                    // Another process answers a press of its own in its own way.
                    if !self.rivals.closes_elsewhere {
                        self.owe_closer(reply.requester());
                    }
                    self.not_announced(now);
                }
                (Role::Opener, true) => self.step.notes.push(JournalEvent::Route),
                (Role::Waiter | Role::Bystander, false) if reply.requester().repeated => {}
                (Role::Opener | Role::Waiter | Role::Bystander, false) => self.step.notes.push(JournalEvent::NotTold),
                (Role::Waiter | Role::Bystander, true) => {}
            }
        }
    }

    fn handle_outcome(&mut self, call: &Request, mut answer: Outcome, now: SystemTime) {
        self.strike_deleted(&mut answer);
        for reply in &mut self.replies {
            if let Some(next) = reply.hear(call, &answer, now) {
                if let Some((attempt, pause)) = reply.pausing(now).filter(|_| !reply.requester().repeated) {
                    let call = call.name().to_owned();
                    self.step.notes.push(JournalEvent::Retrying { call, why: (&answer).into(), attempt, pause });
                }
                self.step.calls.extend(next);
                self.report_elsewhere(now);
                return;
            }
        }
        // Given up meanwhile: the channel it was about is gone.
        let Some(mut task) = self.tasks.answered(call) else { return };
        task.note_found(&answer, now);
        self.check_after_not_found(call, &answer, now);
        match call {
            Request::CreateChannel { .. } => self.handle_create_outcome(task, answer, now),
            Request::ListChannels { .. } => self.handle_list_outcome(task, answer, now),
            Request::GetChannel { channel } | Request::FindChannel { channel, .. } => {
                self.handle_check_outcome(task, *channel, &answer, now);
            }
            Request::ReadChannel { channel, after } => {
                self.handle_read_outcome(task, *channel, after.is_some(), &answer, now)
            }
            Request::Welcome { channel, .. } => self.handle_welcome_outcome(task, *channel, &answer, now),
            Request::RestoreAccess { channel, .. } => self.handle_restore_outcome(task, *channel, &answer, now),
            Request::Say { words: Notice::OwnerLockedOut(_), .. } => {
                self.handle_staff_notice_outcome(task, &answer, now)
            }
            Request::Say { words, channel, .. } => self.handle_message_outcome(task, *channel, words, &answer, now),
            Request::DeleteChannel { channel } => self.handle_delete_outcome(task, *channel, &answer, now),
            // Answers to askers are replies, not tasks; the panel and the menu have rules of their own.
            Request::Acknowledge { .. }
            | Request::EditReply { .. }
            | Request::GetPanel { .. }
            | Request::EditPanel { .. }
            | Request::ListPanels
            | Request::SendPanel { .. }
            | Request::DeletePanel { .. }
            | Request::ListCommands { .. }
            | Request::PutCommands { .. }
            | Request::RemoveCommands { .. } => {}
        }
    }

    // -- small steps that the openings and the closings share

    pub(super) fn begin_request(&mut self, call: Request, now: SystemTime) {
        let call = self.tasks.begin(call, now);
        self.step.calls.push(call);
    }

    pub(super) fn go_on_with(&mut self, task: Task, next: Request) {
        let call = self.tasks.go_on(task, next);
        self.step.calls.push(call);
    }

    pub(super) fn retry_with(&mut self, task: Task, next: Request, answer: &Outcome, now: SystemTime) {
        let call = task.call.name().to_owned();
        let attempt = task.attempt + 1;
        let pause = self.tasks.again(task, next, answer, now);
        self.step.notes.push(JournalEvent::Retrying { call, why: answer.into(), attempt, pause });
    }

    /// Makes the same call again.
    pub(super) fn retry_same(&mut self, task: Task, answer: &Outcome, now: SystemTime) {
        let call = task.call.clone();
        self.retry_with(task, call, answer, now);
    }

    pub(super) fn note_gave_up(&mut self, call: &Request, answer: &Outcome) {
        self.step.notes.push(JournalEvent::GaveUp { call: call.name().to_owned(), why: answer.into() });
    }

    /// Proof that a channel is gone. If it was the ticket's, the ticket is over.
    pub(super) fn handle_channel_deleted(&mut self, gone: ChannelId, now: SystemTime) {
        if self.document.state.channel() == Some(gone) && !self.lose_contest(gone, now) {
            let by_us = self.is_deleting(gone);
            let note =
                if by_us { JournalEvent::Closed { channel: gone } } else { JournalEvent::Gone { channel: gone } };
            // One that was to be closed is over, whoever deleted it.
            let wanted = matches!(self.document.state, State::Open { .. } | State::Opening { .. });
            self.orphaned = wanted.then(|| Orphaned::new(gone, now));
            self.end_ticket(gone, note, now);
        }
        self.forget_candidate(gone);
        self.tasks.drop_all(|call| call.is_about(gone));
    }

    /// A channel is looked into no more: it is gone, or left to itself, or the ticket.
    pub(super) fn forget_candidate(&mut self, there: ChannelId) -> Option<ChannelCandidate> {
        self.rivals.forget_channel(there);
        self.take_candidate(there)
    }

    /// The ticket is over.
    pub(super) fn end_ticket(&mut self, channel: ChannelId, note: JournalEvent, now: SystemTime) {
        self.step.notes.push(note);
        self.tasks.drop_all(|call| call.is_about(channel));
        // Nobody can read any more what a closer would be told.
        self.replies.retain(|reply| reply.role() != Role::Closer && !reply.is_undecided_closer());
        for reply in &mut self.replies {
            if reply.role() == Role::Opener {
                self.step.calls.extend(reply.tell(Notice::ChannelGone, now));
            }
            reply.demote();
        }
        self.document = Document::default();
        self.rivals.reset();
        self.missed = None;
        self.unlisted = false;
        self.promise = Promise::default();
        self.access_loss = None;
        self.checked = None;
        self.resolve_doubts(now);
    }
}
