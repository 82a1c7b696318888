//! What survives a restart: the store as the tickets know it, and the panel's file.

use std::collections::BTreeMap;

use talon::ids::{ChannelId, MessageId, Owner};
use talon::lifecycle::State;

/// The disk.
#[derive(Default)]
pub struct Rows {
    pub tickets: BTreeMap<Owner, State>,
    pub panel: Option<MessageId>,
    /// Nothing can be read or written for now.
    pub broken: bool,
}

/// The disk did not do it.
#[derive(Debug)]
pub struct Failed;

impl Rows {
    pub fn read(&self, owner: Owner) -> Result<State, Failed> {
        if self.broken { Err(Failed) } else { Ok(self.state(owner)) }
    }

    /// What the row says, as nobody but the one who plays can know.
    pub fn state(&self, owner: Owner) -> State {
        self.tickets.get(&owner).cloned().unwrap_or(State::Absent)
    }

    /// All or nothing, and no channel is two members' ticket.
    pub fn save(&mut self, owner: Owner, state: &State) -> Result<(), Failed> {
        let taken = state.channel().and_then(|channel| self.owner(channel)).is_some_and(|other| other != owner);
        if self.broken || taken {
            return Err(Failed);
        }
        match state {
            State::Absent => self.tickets.remove(&owner),
            state => self.tickets.insert(owner, state.clone()),
        };
        Ok(())
    }

    pub fn owner(&self, channel: ChannelId) -> Option<Owner> {
        self.tickets.iter().find(|(_, state)| state.channel() == Some(channel)).map(|(owner, _)| *owner)
    }
}
