//! What somebody is told at once, and what is noted of it: the first time; one who repeats it fills neither the channel nor
//! the journal.

use std::time::SystemTime;

use crate::ids::ChannelId;
use crate::lifecycle::note::{Note, Why};
use crate::lifecycle::reply::{Reply, Role};
use crate::lifecycle::state::Asker;
use crate::lifecycle::ticket::Ticket;
use crate::lifecycle::words::Words;

impl Ticket {
    pub(super) fn answer(&mut self, asker: Asker, words: Words, now: SystemTime) {
        if asker.is_silenced() {
            return;
        }
        let mut reply = Reply::owed(asker, Role::Bystander);
        self.step.calls.extend(reply.tell(words, now));
        self.replies.push(reply);
    }

    pub(super) fn asked_again(&mut self, asker: &Asker) {
        if !asker.repeated {
            self.step.notes.push(Note::AskedAgain { by: asker.user, way: (&asker.entrance).into() });
        }
    }

    pub(super) fn turn_down(&mut self, asker: Asker, channel: ChannelId, words: Words, why: Why, now: SystemTime) {
        if !asker.repeated {
            let (by, way) = (asker.user, (&asker.entrance).into());
            self.step.notes.push(Note::TurnedDown { by, way, channel: Some(channel), why });
        }
        self.answer(asker, words, now);
    }
}
