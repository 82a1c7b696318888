//! What survives a restart: the store as the tickets know it, and the panel's file.

use std::collections::BTreeMap;
use std::time::SystemTime;

use talon::ids::{ChannelId, MessageId, Owner, TicketNumber};
use talon::lifecycle::{Document, State};

/// The disk.
#[derive(Default)]
pub struct Rows {
    pub tickets: BTreeMap<Owner, Document>,
    /// The number of each member's ticket, or of their last one.
    numbers: BTreeMap<Owner, TicketNumber>,
    /// The last number that was given.
    last: u64,
    pub panel: Option<MessageId>,
    /// Nothing can be read or written for now.
    pub broken: bool,
}

/// An opening that another press asked for is another ticket.
fn is_another(before: Option<&Document>, after: &Document) -> bool {
    let request = |document: &Document| document.request.as_ref().map(|request| request.id);
    before.is_none_or(|before| request(after).is_some_and(|asked| request(before) != Some(asked)))
}

/// The disk did not do it.
#[derive(Debug)]
pub struct Failed;

impl Rows {
    pub fn read(&self, owner: Owner) -> Result<(Document, Option<TicketNumber>), Failed> {
        if self.broken { Err(Failed) } else { Ok((self.document(owner), self.numbers.get(&owner).copied())) }
    }

    /// What the row says, as nobody but the one who plays can know.
    pub fn document(&self, owner: Owner) -> Document {
        self.tickets.get(&owner).cloned().unwrap_or_default()
    }

    pub fn state(&self, owner: Owner) -> State {
        self.document(owner).state
    }

    /// All or nothing, and no channel is two members' ticket. A new ticket gets a number, or keeps the one that its channel
    /// shows.
    pub fn save(
        &mut self,
        owner: Owner,
        document: &Document,
        shows: Option<TicketNumber>,
    ) -> Result<Option<TicketNumber>, Failed> {
        let taken =
            document.state.channel().and_then(|channel| self.owner(channel)).is_some_and(|other| other != owner);
        if self.broken || taken {
            return Err(Failed);
        }
        if document.is_empty() {
            self.tickets.remove(&owner);
        } else if let before = self.tickets.insert(owner, document.clone())
            && is_another(before.as_ref(), document)
        {
            let number = shows.filter(|number| !self.is_anothers(owner, *number));
            let number = number.unwrap_or(TicketNumber(self.last + 1));
            self.last = self.last.max(number.0);
            self.numbers.insert(owner, number);
        }
        Ok(self.numbers.get(&owner).copied())
    }

    fn is_anothers(&self, owner: Owner, number: TicketNumber) -> bool {
        self.numbers.iter().any(|(other, known)| *other != owner && *known == number)
    }

    /// Whose tickets something is to be done about by then.
    pub fn due(&self, until: SystemTime) -> Vec<Owner> {
        let due = |row: &Document| row.deadline().is_some_and(|deadline| deadline <= until);
        self.tickets.iter().filter(|(_, row)| due(row)).map(|(owner, _)| *owner).collect()
    }

    pub fn owner(&self, channel: ChannelId) -> Option<Owner> {
        self.tickets.iter().find(|(_, row)| row.state.channel() == Some(channel)).map(|(owner, _)| *owner)
    }
}
