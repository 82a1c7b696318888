//! What somebody is told at once, and what is noted of it: the first time; one who repeats it fills neither the channel nor
//! the journal.

use std::time::SystemTime;

use crate::ids::ChannelId;
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
}
