//! What was decided: saved first, and done afterwards.

use crate::ids::TicketNumber;
use crate::lifecycle::history::JournalEvent;
use crate::lifecycle::reply::Reply;
use crate::lifecycle::request::Request;
use crate::lifecycle::state::Document;
use crate::lifecycle::ticket::{Event, Ticket};

/// What follows from an event.
#[derive(Clone, Debug, Default)]
pub(super) struct Step {
    /// The document, where it changed. To be on disk before any of the calls is made.
    pub save: Option<Document>,
    pub calls: Vec<Request>,
    pub notes: Vec<JournalEvent>,
    /// The number in the topic of a channel that is taken over as the ticket.
    pub shown_number: Option<TicketNumber>,
}

/// What was decided, and is not done before it is known what became of [`Transition::save`].
#[derive(Debug)]
#[must_use]
pub struct Transition {
    pub(super) before: Ticket,
    pub(super) event: Event,
    pub(super) step: Step,
}

/// What is to be done now.
#[derive(Debug, Default)]
pub struct Deeds {
    /// The calls to make, all at once.
    pub calls: Vec<Request>,
    /// What is still to be written into the journal.
    pub notes: Vec<JournalEvent>,
}

impl Transition {
    /// What must be on the disk first, if anything: the document, and the notes that are written with it.
    #[must_use]
    pub fn save(&self) -> Option<(&Document, &[JournalEvent])> {
        self.step.save.as_ref().map(|document| (document, &*self.step.notes))
    }

    /// Something is to be done as soon as it is saved.
    #[must_use]
    pub const fn is_urgent(&self) -> bool {
        !self.step.calls.is_empty()
    }

    /// The ticket as it was before.
    #[must_use]
    pub const fn before(&self) -> &Document {
        self.before.document()
    }

    /// The answers that were owed before it, which do not wait for the save.
    pub(super) fn replies_before(&self) -> &[Reply] {
        &self.before.replies
    }

    /// The number that the ticket shows already, where it is adopted: its row gets the same, if no other has it.
    #[must_use]
    pub const fn shown_number(&self) -> Option<TicketNumber> {
        self.step.shown_number
    }

    /// There was nothing to save.
    #[must_use]
    pub fn nothing_saved(self) -> Deeds {
        self.step.into()
    }

    /// It is on the disk, and the ticket has this number.
    #[must_use]
    pub fn saved(self, ticket: &mut Ticket, number: Option<TicketNumber>) -> Deeds {
        let mut calls = self.step.calls;
        if let Some(number) = number {
            ticket.set_number(number, &mut calls);
        }
        Deeds { calls, notes: Vec::new() }
    }

    /// It is not on the disk: the ticket is as it was before, and nothing of what was decided is done. Gives back what
    /// happened, to be decided anew.
    #[must_use]
    pub fn undo(self, ticket: &mut Ticket) -> Event {
        *ticket = self.before;
        self.event
    }
}

impl From<Step> for Deeds {
    fn from(Step { calls, notes, .. }: Step) -> Self {
        Self { calls, notes }
    }
}
