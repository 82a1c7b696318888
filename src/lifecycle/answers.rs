//! What somebody is told at once, and what is noted of it: the first time; one who repeats it fills neither the channel nor
//! the journal.

use std::time::SystemTime;

use crate::ids::ChannelId;
use crate::lifecycle::effect::{Effect, Message};
use crate::lifecycle::history::{JournalEvent, Reason};
use crate::lifecycle::notice::Notice;
use crate::lifecycle::reply::{Reply, Role};
use crate::lifecycle::state::Requester;
use crate::lifecycle::ticket::Ticket;

impl Ticket {
    pub(super) fn answer_requester(&mut self, requester: Requester, words: Notice, now: SystemTime) {
        if requester.is_silenced() {
            return;
        }
        let mut reply = Reply::owed(requester, Role::Bystander);
        self.step.calls.extend(reply.tell(words, now));
        self.replies.push(reply);
    }

    pub(super) fn note_asked_again(&mut self, requester: &Requester) {
        if !requester.repeated {
            self.step.notes.push(JournalEvent::AskedAgain { by: requester.user, way: (&requester.origin).into() });
        }
    }

    pub(super) fn turn_down(
        &mut self,
        requester: Requester,
        channel: ChannelId,
        words: Notice,
        why: Reason,
        now: SystemTime,
    ) {
        if !requester.repeated {
            let (by, way) = (requester.user, (&requester.origin).into());
            self.step.notes.push(JournalEvent::TurnedDown { by, way, channel: Some(channel), why });
        }
        self.answer_requester(requester, words, now);
    }

    /// Writes into the document how far the answer to the opener got: after a restart a deferral is edited at once.
    pub(super) fn keep_acknowledgement(&mut self) {
        for effect in &mut self.document.outbox {
            if let Effect::Respond { requester, words } = effect
                && let Some(reply) =
                    self.replies.iter().find(|reply| reply.requester().request_id() == requester.request_id())
            {
                requester.clone_from(reply.requester());
                *words = reply.words().cloned();
            }
        }
    }

    /// The answer to this request is over.
    pub(super) fn settle_response(&mut self, reply: &Reply, now: SystemTime) {
        let request = reply.requester().request_id();
        let refusal = self.document.refusal().cloned();
        // The announcement that it answered with was corrected, if this is what it said last.
        let corrected = |effect: &Effect| match effect {
            Effect::EnsureMessage(Message::CloseFailure { words, closer }) => {
                closer.request_id() == request && reply.words() == Some(words)
            }
            _ => false,
        };
        self.document.outbox.retain(|effect| !effect.is_response_to(request) && !corrected(effect));
        if let Some(words) = refusal
            && self.document.refusal().is_none()
        {
            self.end_refused_opening(words, now);
        }
    }
}
