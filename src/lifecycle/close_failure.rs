//! A ticket that could not be closed: it is open again, and whoever read that it would be closed reads why it is not.
//!
//! The sentence is said in the channel. Where Discord refuses that too (the bot lost the channel, or is in time-out), the
//! answer to the closing press is edited instead: an edit needs no permission in the channel, but Discord takes it only
//! for fifteen minutes after the press, and a written command has no such answer. What nobody could be told is in the log.

use std::time::{Duration, SystemTime};

use crate::ids::ChannelId;
use crate::lifecycle::call::{Call, Refusal};
use crate::lifecycle::note::{Note, Why};
use crate::lifecycle::reply::{Reply, Role};
use crate::lifecycle::state::{Asker, Closing, Entrance, State};
use crate::lifecycle::ticket::Ticket;
use crate::lifecycle::words::Words;

/// How long Discord may forbid the deletion before the ticket is given back: long enough for a right that was taken
/// away by mistake to be put back, short enough that somebody is still there to read why.
pub(super) const FORBIDDEN_FOR: Duration = Duration::from_secs(60);

/// What was said in public about the end of the ticket and has to be corrected. Not saved: a restart tries the deletion
/// again, and finds out again what to say.
#[derive(Clone, Debug, Default)]
pub(super) struct Promise {
    /// It has been said in the channel that a rate limit keeps it.
    pub(super) told_kept: bool,
    /// Who closed the ticket, until it is known that the channel took the sentence which says what became of it.
    pub(super) closer: Option<Asker>,
    /// Why the channel cannot be deleted. The ticket is open again as soon as that has been said, not before: a process
    /// that dies meanwhile must not leave behind an open ticket of which all read that it will be closed.
    unclosed: Option<Refusal>,
}

impl Ticket {
    /// Discord does not let the bot delete the ticket's channel: the channel reads why.
    pub(super) fn report_undeleted(&mut self, there: ChannelId, refusal: &Refusal, now: SystemTime) {
        let State::Closing(Closing { asker, .. }) = &self.state else { return };
        let call = Call::Say { channel: there, words: failure(refusal), reply_to: None, intent: asker.intent() };
        self.promise.closer = Some(asker.clone());
        self.promise.unclosed = Some(refusal.clone());
        self.begin_call(call, now);
    }

    /// The deletion is given up.
    pub(super) const fn is_undeletable(&self) -> bool {
        self.promise.unclosed.is_some()
    }

    /// Whether it is still being said that the ticket could not be closed.
    fn is_reporting(&self, channel: ChannelId) -> bool {
        let closer = self.intent();
        self.tasks.any(|call| matches!(call, Call::Say { .. }) && call.is_about(channel))
            || self.replies.iter().any(|reply| reply.asker().intent() == closer)
    }

    /// Opens the ticket again once it has been said, where it can be, why it could not be closed.
    pub(super) fn reopen_when_reported(&mut self, channel: ChannelId, now: SystemTime) {
        if !self.is_reporting(channel)
            && let Some(refusal) = self.promise.unclosed.take()
        {
            self.reopen(&refusal, now);
        }
    }

    pub(super) fn reopen(&mut self, refusal: &Refusal, now: SystemTime) {
        let State::Closing(Closing { channel, opening, .. }) = &mut self.state else { return };
        let (channel, opening) = (*channel, opening.take());
        self.step.notes.push(Note::Reopened { why: Why::Refused(refusal.clone()) });
        self.tell_closer(&failure(refusal), now);
        let Some(opening) = opening else {
            self.state = State::Open { channel };
            return;
        };
        self.state = State::Opening(opening);
        // Whether anybody was greeted meanwhile may have been forgotten in a restart.
        if !self.is_greeting(channel) {
            self.begin_call(Call::ReadChannel { channel, after: None }, now);
        }
    }

    /// The channel took the sentence about its end.
    pub(super) fn told_channel(&mut self) {
        self.promise.closer = None;
    }

    /// The channel does not take the sentence about its end: it replaces the announcement that is not true any more.
    pub(super) fn correct_announcement(&mut self, words: &Words, now: SystemTime) {
        let Some(mut asker) = self.promise.closer.take() else { return };
        if let Entrance::Press(press) = &mut asker.entrance {
            press.acknowledged = true;
            let mut reply = Reply::owed(asker, Role::Bystander);
            self.step.calls.extend(reply.tell(words.clone(), now));
            self.replies.push(reply);
        }
    }
}

/// It does not help to try again soon: the reason is known, and known to last.
pub(super) fn is_lasting(refusal: &Refusal, now: SystemTime) -> bool {
    match refusal {
        Refusal::CommunityChannel => true,
        Refusal::TimedOut { until } => *until > now + FORBIDDEN_FOR,
        _ => false,
    }
}

/// Why the ticket could not be closed. What has no sentence of its own is named in the log.
fn failure(refusal: &Refusal) -> Words {
    match refusal {
        Refusal::Forbidden(rights) => Words::CloseFailed(rights.clone()),
        Refusal::TimedOut { until } => Words::CloseTimedOut(*until),
        Refusal::CommunityChannel => Words::CommunityChannel,
        _ => Words::CloseRefused,
    }
}
