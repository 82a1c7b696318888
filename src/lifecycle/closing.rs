//! From the wish to close to the end of the channel: announced once, then done, whatever it takes.

use std::mem;
use std::time::{Duration, SystemTime};

use crate::ids::ChannelId;
use crate::lifecycle::call::{Answer, Call, Refusal};
use crate::lifecycle::close_failure::{FORBIDDEN_FOR, Promise, is_lasting};
use crate::lifecycle::effect::{Effect, Message};
use crate::lifecycle::note::{Note, Why};
use crate::lifecycle::reply::{ACKNOWLEDGE_WITHIN, Reply, Role};
use crate::lifecycle::state::{Asker, Closing, Entrance, State};
use crate::lifecycle::task::Task;
use crate::lifecycle::ticket::Ticket;
use crate::lifecycle::words::Words;

/// An announcement that takes no longer than this is in time: the deadline stays what it was.
const LATE: Duration = Duration::from_secs(1);
/// How often it is tried to say that a channel could not be deleted.
const APOLOGIES: u32 = 5;

impl Ticket {
    /// Somebody who may asked to close the ticket in `channel`.
    pub(super) fn leave(&mut self, channel: ChannelId, asker: Asker, now: SystemTime) {
        self.step.notes.push(Note::CloseAsked { by: asker.user, way: (&asker.entrance).into() });
        self.demote_opener();
        self.promise = Promise::default();
        self.reassure(channel, now);
        let due = now + self.rules.close_delay;
        self.withdraw_failure(channel);
        self.owe_closer(&asker);
        // A press that waited for the disk may have been answered by another process, which has announced the closing.
        let may_be_announced = matches!(&asker.entrance, Entrance::Press(press) if press.acknowledged);
        self.document.state = State::Closing(Closing { channel, due, asker });
        self.document.outbox.push(Effect::EnsureMessage(Message::Announcement));
        if may_be_announced {
            self.find_announcement(now);
        } else {
            self.announce(None, now);
        }
    }

    /// Somebody asked to close a ticket that is closing. Whoever did so a moment ago is told once.
    pub(super) fn leave_already(&mut self, there: ChannelId, mut asker: Asker, now: SystemTime) {
        asker.repeated = asker.repeated && mem::replace(&mut self.promise.told_closing, true);
        let words = self.state_of_closing(now);
        self.turn_down(asker, there, words, Why::ClosingAlready, now);
    }

    /// What follows an opening's end is no opening: its asker gets the answer, and nothing depends on it any more.
    pub(super) fn demote_opener(&mut self) {
        for reply in &mut self.replies {
            reply.demote();
        }
    }

    fn announcement(&self) -> Words {
        Words::Closing(self.rules.close_delay)
    }

    /// Says it in the channel: as the answer to the press, where Discord still takes one, or as a message. `task` is
    /// the one that found out that it had not been said.
    fn announce(&mut self, task: Option<Task>, now: SystemTime) {
        let State::Closing(Closing { channel, asker, .. }) = &self.document.state else {
            return;
        };
        let words = self.announcement();
        if matches!(&asker.entrance, Entrance::Press(press) if !press.acknowledged && now < asker.at + ACKNOWLEDGE_WITHIN)
        {
            // What was looked for is from before a restart, and so may be an answer to the press.
            let owed = if task.is_some() { Reply::restored } else { Reply::owed };
            let mut reply = owed(asker.clone(), Role::Closer);
            self.step.calls.extend(reply.tell(words, now));
            self.replies.push(reply);
            return;
        }
        let call = Call::Say { channel: *channel, words, reply_to: None, intent: asker.intent() };
        match task {
            Some(task) => {
                let mut asker = asker.clone();
                if let Entrance::Press(press) = &mut asker.entrance
                    && !mem::replace(&mut press.acknowledged, true)
                {
                    self.replies.push(Reply::presumed(asker));
                }
                self.go_on(task, call);
            }
            None => self.begin_call(call, now),
        }
    }

    /// A private deferral cannot become the announcement: it is edited once the announcement is made in the channel.
    pub(super) fn owe_closer(&mut self, asker: &Asker) {
        if matches!(&asker.entrance, Entrance::Press(press) if press.acknowledged) {
            self.replies.push(Reply::owed(asker.clone(), Role::Bystander));
        }
    }

    /// Edits the deferral of the press that closes, if it got one.
    pub(super) fn tell_closer(&mut self, words: &Words, now: SystemTime) {
        for reply in self.replies.iter_mut().filter(|reply| reply.is_undecided_closer()) {
            self.step.calls.extend(reply.tell(words.clone(), now));
        }
    }

    /// The press did not take the announcement, or it is not known whether it did.
    pub(super) fn not_announced(&mut self, now: SystemTime) {
        if let State::Closing(Closing { asker: Asker { entrance: Entrance::Press(press), .. }, .. }) =
            &mut self.document.state
        {
            press.acknowledged = true;
        }
        self.find_announcement(now);
    }

    /// A clock that was set back meanwhile must not make anybody wait longer than they were told.
    pub(super) fn shorten_closing(&mut self, now: SystemTime) {
        let State::Closing(closing) = &mut self.document.state else { return };
        let whole = closing.due.duration_since(closing.asker.at).unwrap_or_default();
        closing.due = closing.due.min(now + whole);
    }

    /// A process before this one may have announced the closing.
    pub(super) fn resume_announcement(&mut self, now: SystemTime) {
        if let State::Closing(Closing { asker, .. }) = &self.document.state {
            let asker = asker.clone();
            self.owe_closer(&asker);
            self.find_announcement(now);
        }
    }

    /// It is not known whether the announcement was made, so it is looked for.
    pub(super) fn find_announcement(&mut self, now: SystemTime) {
        if let State::Closing(closing) = &self.document.state {
            let call = self.look_for_announcement(closing.channel);
            self.begin_call(call, now);
        }
    }

    fn look_for_announcement(&self, channel: ChannelId) -> Call {
        Call::ReadChannel { channel, after: Some(self.intent()) }
    }

    pub(super) fn read_for_announcement(&mut self, task: Task, announcement: Option<SystemTime>, now: SystemTime) {
        match announcement {
            // Discord's clock is not ours.
            Some(said) => self.announced(said.min(now), now),
            // Another process answers this press: its announcement may be there in a moment.
            None if mem::take(&mut self.rivals.closes_elsewhere) => {
                let look = task.call.clone();
                self.tasks.again(task, look, &Answer::Unknown, now);
            }
            None => self.announce(Some(task), now),
        }
    }

    /// It has been said. Whoever reads it late has as long as it says, all the same.
    pub(super) fn announced(&mut self, said: SystemTime, now: SystemTime) {
        let due = said + self.rules.close_delay;
        if let State::Closing(closing) = &mut self.document.state {
            self.step.notes.push(Note::Announced);
            self.document.outbox.retain(|effect| !effect.is_announcement());
            if due > closing.due + LATE {
                closing.due = due;
            }
        }
        let words = self.announcement();
        self.tell_closer(&words, now);
    }

    pub(super) fn answered_say(
        &mut self,
        task: Task,
        there: ChannelId,
        words: &Words,
        answer: &Answer,
        now: SystemTime,
    ) {
        match (words, answer) {
            (Words::Closing(_), Answer::Done | Answer::Sent(_)) => self.announced(now, now),
            (_, Answer::Done | Answer::Sent(_)) => self.told_channel(),
            // It may not speak there, and a close is never silent. Whether it is gone, is being looked up meanwhile.
            (Words::Closing(_), Answer::Refused(refusal)) if *refusal != Refusal::ChannelGone => {
                self.report_unannounced(refusal, now);
            }
            // The nonce forbids a double only for minutes; looking first forbids it for ever.
            (Words::Closing(_), _) => {
                let look = self.look_for_announcement(there);
                self.retry(task, look, answer, now);
            }
            // It would arrive when there is nothing left to tell.
            (Words::CloseLater(_), Answer::Limited { .. }) => {}
            (_, Answer::Unknown) if task.attempt < APOLOGIES => {
                self.retry_same(task, answer, now);
            }
            (_, _) => {
                self.give_up(&task.call, answer);
                self.correct_announcement(words, now);
            }
        }
    }

    pub(super) fn answered_delete(&mut self, task: Task, there: ChannelId, answer: &Answer, now: SystemTime) {
        let of_ticket = self.document.state.channel() == Some(there);
        if *answer == Answer::Done {
            self.remember_deleted(there);
        }
        match answer {
            Answer::Done if of_ticket => self.end(there, Note::Closed { channel: there }, now),
            Answer::Done | Answer::Refused(Refusal::ChannelGone) if !of_ticket => self.gone(there, now),
            // Whether it is, is being looked up; until then it goes on.
            Answer::Refused(Refusal::ChannelGone) => {
                self.retry_same(task, answer, now);
            }
            Answer::Refused(refusal)
                if of_ticket && (is_lasting(refusal, now) || task.begun + FORBIDDEN_FOR <= now) =>
            {
                self.report_undeleted(refusal, now);
            }
            Answer::Refused(_) if task.begun + FORBIDDEN_FOR <= now => {
                self.forget(there);
                self.give_up(&task.call, answer);
            }
            Answer::Limited { wait } if of_ticket => self.keep_until(there, now + *wait, now),
            // One that nobody used: somebody may have begun to.
            _ if !of_ticket => self.retry(task, Call::ReadChannel { channel: there, after: None }, answer, now),
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
        let closer = closing.asker.clone();
        let wait = until.duration_since(now).unwrap_or_default();
        self.step.notes.push(Note::Kept { wait });
        if !mem::replace(&mut self.promise.told_kept, true) {
            let words = Words::CloseLater(until);
            let intent = closer.intent();
            self.promise.closer = Some(closer);
            self.begin_call(Call::Say { channel: there, words, reply_to: None, intent }, now);
        }
    }

    /// Until when a limit of Discord's keeps the channel from being closed, if one does.
    pub(super) fn kept_until(&self, now: SystemTime) -> Option<SystemTime> {
        let State::Closing(Closing { channel, due, .. }) = &self.document.state else { return None };
        let announces = |call: &Call| call.is_about(*channel);
        // Only a limit moves the end further away than the countdown is long, also before a restart.
        let kept = (*due > now + self.rules.close_delay).then_some(*due);
        self.tasks.limited_until(announces).filter(|until| *until > now).max(kept)
    }
}
