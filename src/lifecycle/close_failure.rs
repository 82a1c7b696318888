//! A ticket that could not be closed: it is open again, and whoever read that it would be closed reads why it is not.
//!
//! The sentence is said in the channel. Where Discord refuses that too (the bot lost the channel, or is in time-out), the
//! answer to the closing press is edited instead: an edit needs no permission in the channel, but Discord takes it only
//! for fifteen minutes after the press, and a written command has no such answer. What nobody could be told is in the log.

use std::time::{Duration, SystemTime};

use crate::ids::ChannelId;
use crate::lifecycle::effect::{Effect, Message};
use crate::lifecycle::history::{JournalEvent, Reason};
use crate::lifecycle::notice::Notice;
use crate::lifecycle::reply::{Reply, Role};
use crate::lifecycle::request::{ApiError, Request};
use crate::lifecycle::state::{Closing, Origin, Requester, State};
use crate::lifecycle::ticket::Ticket;

/// How long Discord may forbid the deletion before the ticket is given back: long enough for a right that was taken
/// away by mistake to be put back, short enough that somebody is still there to read why.
pub(super) const FORBIDDEN_FOR: Duration = Duration::from_secs(60);

/// What was said in public about the end of the ticket and has to be corrected. Not saved: a restart finds it out again.
#[derive(Clone, Debug, Default)]
pub(super) struct Promise {
    /// It has been said in the channel that a rate limit keeps it.
    pub(super) told_kept: bool,
    /// Somebody who had just closed it, and did so again, was told that it is closing.
    pub(super) told_closing: bool,
    /// Who closed the ticket, until it is known that the channel took the sentence which says what became of it.
    pub(super) closer: Option<Requester>,
}

impl Promise {
    /// There is nothing to correct, and nothing that must not be said twice.
    pub(super) const fn is_kept(&self) -> bool {
        !self.told_kept && !self.told_closing && self.closer.is_none()
    }
}

impl Ticket {
    /// Discord does not let the bot delete the ticket's channel: it is open again, and the channel is owed the reason. A
    /// process that dies meanwhile must neither leave an open ticket of which all read that it will be closed, nor delete
    /// one of which they read that it will not.
    pub(super) fn report_undeleted(&mut self, refusal: &ApiError, now: SystemTime) {
        let State::Closing(Closing { channel, requester, .. }) = &self.document.state else { return };
        let (channel, closer, words) = (*channel, requester.clone(), failure(refusal));
        self.step.notes.push(JournalEvent::Reopened { why: Reason::Refused(refusal.clone()) });
        self.take_close_back(now);
        let message = Message::CloseFailure { words: words.clone(), closer: closer.clone() };
        self.document.outbox.push(Effect::EnsureMessage(message));
        self.say_failure(channel, words, closer, now);
    }

    /// Says why the ticket could not be closed.
    pub(super) fn say_failure(&mut self, channel: ChannelId, words: Notice, closer: Requester, now: SystemTime) {
        let call = Request::Say { channel, words, reply_to: None, request_id: closer.request_id() };
        self.promise.closer = Some(closer);
        self.begin_request(call, now);
    }

    /// It is being closed once more: why it could not be closed before is no news.
    pub(super) fn withdraw_failure(&mut self, channel: ChannelId) {
        self.document.outbox.retain(|effect| !effect.is_close_failure());
        self.tasks.drop_all(|call| is_about_end(call) && call.is_about(channel));
    }

    /// The close could not even be announced.
    pub(super) fn report_unannounced(&mut self, refusal: &ApiError, now: SystemTime) {
        self.step.notes.push(JournalEvent::Reopened { why: Reason::Refused(refusal.clone()) });
        self.tell_closer(&failure(refusal), now);
        self.take_close_back(now);
    }

    fn take_close_back(&mut self, now: SystemTime) {
        let State::Closing(Closing { channel, .. }) = &self.document.state else { return };
        let channel = *channel;
        self.document.outbox.retain(|effect| !effect.is_announcement());
        (self.promise.told_kept, self.promise.told_closing) = (false, false);
        if self.document.outbox.is_empty() {
            self.document.state = State::Open { channel };
            return;
        }
        // It was closed before the opening was over, which goes on.
        self.document.state = State::Opening { channel: Some(channel) };
        if self.document.owes(Effect::is_welcome) && !self.is_greeting(channel) {
            self.find_welcome(channel, now);
        }
        self.answer_undecided(channel, now);
    }

    /// What is told to a person who closes a ticket that is being closed.
    pub(super) fn state_of_closing(&self, now: SystemTime) -> Notice {
        self.kept_until(now).map_or(Notice::AlreadyClosing, Notice::CloseLater)
    }

    /// The channel took the sentence about its end.
    pub(super) fn told_channel(&mut self, said: &Notice) {
        self.document.outbox.retain(|effect| !effect.is_close_failure_of(said));
        if !self.document.owes(Effect::is_close_failure) {
            self.promise.closer = None;
        }
    }

    /// The channel does not take the sentence about its end: it replaces the announcement that is not true any more.
    pub(super) fn correct_announcement(&mut self, words: &Notice, now: SystemTime) {
        // It is corrected by the sentence that is still to come.
        if self.document.owes(|effect| effect.is_close_failure() && !effect.is_close_failure_of(words)) {
            return;
        }
        let Some(mut requester) = self.promise.closer.take() else { return };
        if let Origin::Interaction(press) = &mut requester.origin {
            press.acknowledged = true;
            let mut reply = Reply::owed(requester, Role::Bystander);
            self.step.calls.extend(reply.tell(words.clone(), now));
            self.replies.push(reply);
        } else {
            self.told_channel(words);
        }
    }
}

/// A sentence in the channel about its end.
const fn is_about_end(call: &Request) -> bool {
    matches!(
        call,
        Request::Say {
            words: Notice::CloseFailed(_)
                | Notice::CloseTimedOut(_)
                | Notice::CommunityChannel
                | Notice::CloseRefused
                | Notice::CloseLater(_),
            ..
        }
    )
}

/// It does not help to try again soon: the reason is known, and known to last.
pub(super) fn is_lasting(refusal: &ApiError, now: SystemTime) -> bool {
    match refusal {
        ApiError::CommunityChannel => true,
        ApiError::TimedOut { until } => *until > now + FORBIDDEN_FOR,
        _ => false,
    }
}

/// Why the ticket could not be closed. What has no sentence of its own is named in the log.
fn failure(refusal: &ApiError) -> Notice {
    match refusal {
        ApiError::Forbidden(rights) => Notice::CloseFailed(rights.clone()),
        ApiError::TimedOut { until } => Notice::CloseTimedOut(*until),
        ApiError::CommunityChannel => Notice::CommunityChannel,
        _ => Notice::CloseRefused,
    }
}
