//! From the wish to close to the end of the channel: announced once, then done, whatever it takes.

use std::mem;
use std::time::{Duration, SystemTime};

use crate::ids::ChannelId;
use crate::lifecycle::close_failure::{FORBIDDEN_FOR, Promise, is_lasting};
use crate::lifecycle::effect::{Effect, Message};
use crate::lifecycle::history::{JournalEvent, Reason};
use crate::lifecycle::notice::Notice;
use crate::lifecycle::reply::{ACKNOWLEDGE_WITHIN, Reply, Role};
use crate::lifecycle::request::{ApiError, Outcome, Request};
use crate::lifecycle::state::{Closing, Origin, Requester, State};
use crate::lifecycle::task::Task;
use crate::lifecycle::ticket::Ticket;

/// An announcement that takes no longer than this is in time: the deadline stays what it was.
const LATE: Duration = Duration::from_secs(1);
/// How often it is tried to say that a channel could not be deleted.
const APOLOGIES: u32 = 5;

impl Ticket {
    /// Somebody who may asked to close the ticket in `channel`.
    pub(super) fn start_closing(&mut self, channel: ChannelId, requester: Requester, now: SystemTime) {
        self.step.notes.push(JournalEvent::CloseAsked { by: requester.user, way: (&requester.origin).into() });
        self.demote_opener();
        self.promise = Promise::default();
        self.answer_waiting_with_ticket(channel, now);
        let delay = self.rules.close_delay;
        let due = now + delay;
        self.withdraw_failure(channel);
        self.owe_closer(&requester);
        // A press that waited for the disk may have been answered by another process, which has announced the closing.
        let may_be_announced = matches!(&requester.origin, Origin::Interaction(press) if press.acknowledged);
        self.document.state = State::Closing(Closing { channel, due, delay, requester });
        self.document.outbox.push(Effect::EnsureMessage(Message::Announcement));
        if may_be_announced {
            self.find_announcement(now);
        } else {
            self.announce_closing(None, now);
        }
    }

    /// Somebody asked to close a ticket that is closing. Whoever did so a moment ago is told once.
    pub(super) fn answer_already_closing(&mut self, there: ChannelId, mut requester: Requester, now: SystemTime) {
        requester.repeated = requester.repeated && mem::replace(&mut self.promise.told_closing, true);
        let words = self.state_of_closing(now);
        self.turn_down(requester, there, words, Reason::ClosingAlready, now);
    }

    /// What follows an opening's end is no opening: its asker gets the answer, and nothing depends on it any more.
    pub(super) fn demote_opener(&mut self) {
        for reply in &mut self.replies {
            reply.demote();
        }
    }

    fn announcement(&self) -> Notice {
        Notice::Closing(self.closing_delay())
    }

    /// What people have read, or are going to: settings that changed since do not count.
    fn closing_delay(&self) -> Duration {
        match &self.document.state {
            State::Closing(closing) => closing.delay,
            State::Absent | State::Opening { .. } | State::Open { .. } => self.rules.close_delay,
        }
    }

    /// Says it in the channel: as the answer to the press, where Discord still takes one, or as a message. `task` is
    /// the one that found out that it had not been said.
    fn announce_closing(&mut self, task: Option<Task>, now: SystemTime) {
        let State::Closing(Closing { channel, requester, .. }) = &self.document.state else {
            return;
        };
        let words = self.announcement();
        if matches!(&requester.origin, Origin::Interaction(press) if !press.acknowledged && now < requester.at + ACKNOWLEDGE_WITHIN)
        {
            // What was looked for is from before a restart, and so may be an answer to the press.
            let owed = if task.is_some() { Reply::restored } else { Reply::owed };
            let mut reply = owed(requester.clone(), Role::Closer);
            self.step.calls.extend(reply.tell(words, now));
            self.replies.push(reply);
            return;
        }
        let call = Request::Say { channel: *channel, words, reply_to: None, request_id: requester.request_id() };
        match task {
            Some(task) => {
                let mut requester = requester.clone();
                if let Origin::Interaction(press) = &mut requester.origin
                    && !mem::replace(&mut press.acknowledged, true)
                {
                    self.replies.push(Reply::presumed(requester));
                }
                self.go_on_with(task, call);
            }
            None => self.begin_request(call, now),
        }
    }

    /// A private deferral cannot become the announcement: it is edited once the announcement is made in the channel.
    pub(super) fn owe_closer(&mut self, requester: &Requester) {
        if matches!(&requester.origin, Origin::Interaction(press) if press.acknowledged) {
            self.replies.push(Reply::owed(requester.clone(), Role::Bystander));
        }
    }

    /// Edits the deferral of the press that closes, if it got one.
    pub(super) fn tell_closer(&mut self, words: &Notice, now: SystemTime) {
        for reply in self.replies.iter_mut().filter(|reply| reply.is_undecided_closer()) {
            self.step.calls.extend(reply.tell(words.clone(), now));
        }
    }

    /// The press did not take the announcement, or it is not known whether it did.
    pub(super) fn not_announced(&mut self, now: SystemTime) {
        if let State::Closing(Closing { requester: Requester { origin: Origin::Interaction(press), .. }, .. }) =
            &mut self.document.state
        {
            press.acknowledged = true;
        }
        self.find_announcement(now);
    }

    /// A clock that was set back meanwhile must not make anybody wait longer than they were told.
    pub(super) fn shorten_closing(&mut self, now: SystemTime) {
        let State::Closing(closing) = &mut self.document.state else { return };
        let whole = closing.due.duration_since(closing.requester.at).unwrap_or_default();
        closing.due = closing.due.min(now + whole);
    }

    /// A process before this one may have announced the closing.
    pub(super) fn resume_announcement(&mut self, now: SystemTime) {
        if let State::Closing(Closing { requester, .. }) = &self.document.state {
            let requester = requester.clone();
            self.owe_closer(&requester);
            self.find_announcement(now);
        }
    }

    /// It is not known whether the announcement was made, so it is looked for.
    pub(super) fn find_announcement(&mut self, now: SystemTime) {
        if let State::Closing(closing) = &self.document.state {
            let call = self.look_for_announcement(closing.channel);
            self.begin_request(call, now);
        }
    }

    fn look_for_announcement(&self, channel: ChannelId) -> Request {
        Request::ReadChannel { channel, after: Some(self.request_id()) }
    }

    pub(super) fn read_for_announcement(&mut self, task: Task, announcement: Option<SystemTime>, now: SystemTime) {
        match announcement {
            // Discord's clock is not ours.
            Some(said) => self.confirm_announcement(said.min(now), now),
            // Another process answers this press: its announcement may be there in a moment.
            None if mem::take(&mut self.rivals.closes_elsewhere) => {
                let look = task.call.clone();
                self.tasks.again(task, look, &Outcome::Indeterminate, now);
            }
            None => self.announce_closing(Some(task), now),
        }
    }

    /// It has been said. Whoever reads it late has as long as it says, all the same.
    pub(super) fn confirm_announcement(&mut self, said: SystemTime, now: SystemTime) {
        let due = said + self.closing_delay();
        if let State::Closing(closing) = &mut self.document.state {
            self.step.notes.push(JournalEvent::Announced);
            self.document.outbox.retain(|effect| !effect.is_announcement());
            if due > closing.due + LATE {
                closing.due = due;
            }
        }
        let words = self.announcement();
        self.tell_closer(&words, now);
    }

    pub(super) fn handle_message_outcome(
        &mut self,
        task: Task,
        there: ChannelId,
        words: &Notice,
        answer: &Outcome,
        now: SystemTime,
    ) {
        match (words, answer) {
            (Notice::Closing(_), Outcome::Done | Outcome::Sent(_)) => self.confirm_announcement(now, now),
            (words, Outcome::Done | Outcome::Sent(_)) => self.told_channel(words),
            // It may not speak there, and a close is never silent. Whether it is gone, is being looked up meanwhile.
            (Notice::Closing(_), Outcome::Refused(refusal)) if *refusal != ApiError::ChannelGone => {
                self.report_unannounced(refusal, now);
            }
            // The nonce forbids a double only for minutes; looking first forbids it for ever.
            (Notice::Closing(_), _) => {
                let look = self.look_for_announcement(there);
                self.retry_with(task, look, answer, now);
            }
            // It would arrive when there is nothing left to tell.
            (Notice::CloseLater(_), Outcome::Limited { .. }) => {}
            (_, Outcome::Indeterminate) if task.attempt < APOLOGIES => {
                self.retry_same(task, answer, now);
            }
            (_, _) => {
                self.note_gave_up(&task.call, answer);
                self.correct_announcement(words, now);
            }
        }
    }

    pub(super) fn handle_delete_outcome(&mut self, task: Task, there: ChannelId, answer: &Outcome, now: SystemTime) {
        let of_ticket = self.document.state.channel() == Some(there);
        if *answer == Outcome::Done {
            self.remember_deleted(there);
        }
        match answer {
            Outcome::Done if of_ticket => self.end_ticket(there, JournalEvent::Closed { channel: there }, now),
            Outcome::Done | Outcome::Refused(ApiError::ChannelGone) if !of_ticket => {
                self.handle_channel_deleted(there, now)
            }
            // Whether it is, is being looked up; until then it goes on.
            Outcome::Refused(ApiError::ChannelGone) => {
                self.retry_same(task, answer, now);
            }
            Outcome::Refused(refusal)
                if of_ticket && (is_lasting(refusal, now) || task.begun + FORBIDDEN_FOR <= now) =>
            {
                self.report_undeleted(refusal, now);
            }
            Outcome::Refused(_) if task.begun + FORBIDDEN_FOR <= now => {
                self.forget_candidate(there);
                self.note_gave_up(&task.call, answer);
            }
            Outcome::Limited { wait } if of_ticket => self.keep_until(there, now + *wait, now),
            // One that nobody used: somebody may have begun to.
            _ if !of_ticket => self.retry_with(task, Request::ReadChannel { channel: there, after: None }, answer, now),
            _ => {
                self.retry_same(task, answer, now);
            }
        }
    }

    /// A limit of Discord's keeps the channel. It is deleted all the same, at the end of the limit; those who read that it
    /// goes in a few seconds are told, once.
    fn keep_until(&mut self, there: ChannelId, until: SystemTime, now: SystemTime) {
        let State::Closing(closing) = &mut self.document.state else { return };
        closing.due = until;
        let closer = closing.requester.clone();
        let wait = until.duration_since(now).unwrap_or_default();
        self.step.notes.push(JournalEvent::Kept { wait });
        if !mem::replace(&mut self.promise.told_kept, true) {
            let words = Notice::CloseLater(until);
            let request_id = closer.request_id();
            self.promise.closer = Some(closer);
            self.begin_request(Request::Say { channel: there, words, reply_to: None, request_id }, now);
        }
    }

    /// Until when a limit of Discord's keeps the channel from being closed, if one does.
    pub(super) fn kept_until(&self, now: SystemTime) -> Option<SystemTime> {
        let State::Closing(Closing { channel, due, .. }) = &self.document.state else { return None };
        let announces = |call: &Request| call.is_about(*channel);
        // Only a limit moves the end further away than the countdown is long, also before a restart.
        let kept = (*due > now + self.closing_delay()).then_some(*due);
        self.tasks.limited_until(announces).filter(|until| *until > now).max(kept)
    }
}
