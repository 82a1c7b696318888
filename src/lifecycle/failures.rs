//! Openings that came to nothing, one after the other: Discord is not asked once more for each press of somebody who
//! hammers on the button.
//!
//! Every attempt costs a call that Discord refuses, and it bars the address of whoever collects too many of those; it costs
//! lines in the journal, too. So after a few attempts the next presses are told what the last one was told, until a
//! moment has passed.

use std::time::{Duration, SystemTime};

use crate::lifecycle::notice::Notice;
use crate::lifecycle::state::Requester;
use crate::lifecycle::ticket::Ticket;

/// So many openings may fail within [`WINDOW`].
const TRIES: u32 = 10;
/// Counted from the first failure.
const WINDOW: Duration = Duration::from_secs(10);

/// The failures since the first one of late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failures {
    since: SystemTime,
    count: u32,
    words: Notice,
}

impl Failures {
    /// When they are forgotten.
    pub(super) fn end(&self) -> SystemTime {
        self.since + WINDOW
    }

    fn are_recent(&self, now: SystemTime) -> bool {
        // A clock that was set back must not keep anybody from asking.
        self.since <= now && now < self.end()
    }
}

impl Ticket {
    /// An opening came to nothing, and its asker was told this.
    pub(super) fn count_failure(&mut self, words: Notice, now: SystemTime) {
        let before = self.failures.take().filter(|failures| failures.are_recent(now));
        let (since, count) = before.map_or((now, 0), |failures| (failures.since, failures.count));
        self.failures = Some(Failures { since, count: count + 1, words });
    }

    /// So many openings failed just now that no other one is begun.
    pub(super) fn is_failing(&self, now: SystemTime) -> bool {
        self.failures.as_ref().is_some_and(|failures| failures.count >= TRIES && failures.are_recent(now))
    }

    /// The opening that came to nothing is not over yet: tells what its asker is told.
    pub(super) fn refuse_alike(&mut self, requester: Requester, now: SystemTime) {
        self.note_asked_again(&requester);
        if let Some(words) = self.document.refusal().cloned() {
            self.answer_requester(requester, words, now);
        }
    }

    /// Tells what the last one was told.
    pub(super) fn refuse_again(&mut self, requester: Requester, now: SystemTime) {
        self.note_asked_again(&requester);
        if let Some(failures) = &self.failures {
            let words = failures.words.clone();
            self.answer_requester(requester, words, now);
        }
    }
}
