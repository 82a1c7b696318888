//! Which tickets have an actor.

use std::collections::HashMap;

use ractor::{ActorId, ActorRef};

use crate::actors::ticket::TicketMsg;
use crate::ids::Owner;

/// The living tickets.
#[derive(Default)]
pub struct Registry {
    living: HashMap<Owner, Live>,
    actors: HashMap<ActorId, Owner>,
}

/// A living ticket.
struct Live {
    actor: ActorRef<TicketMsg>,
    sent: u64,
}

impl Registry {
    /// The ticket's actor came to life.
    pub fn born(&mut self, owner: Owner, actor: ActorRef<TicketMsg>) {
        self.actors.insert(actor.get_id(), owner);
        self.living.insert(owner, Live { actor, sent: 0 });
    }

    /// The actor ended, and was not let go before: whose it was. A late notice of an actor that has a successor is
    /// nobody's.
    pub fn died(&mut self, actor: ActorId) -> Option<Owner> {
        let owner = self.actors.remove(&actor)?;
        self.living.remove(&owner);
        Some(owner)
    }

    /// Whether the ticket has an actor.
    pub fn is_alive(&self, owner: Owner) -> bool {
        self.living.contains_key(&owner)
    }

    /// Sends to the ticket's actor, if it has one.
    pub fn send(&mut self, owner: Owner, message: TicketMsg) {
        if let Some(live) = self.living.get_mut(&owner) {
            live.sent += 1;
            // It fails only when the actor has just died, and then its end is already in our mailbox: a press that is
            // lost with it is lost as in any crash, and pressed again.
            let _ = live.actor.cast(message);
        }
    }

    /// Lets the idle actor go, unless something was sent to it that it had not handled when it said that it is idle.
    /// Only the supervisor sends to tickets, so nothing can be lost in between.
    pub fn let_go(&mut self, owner: Owner, handled: u64) {
        if self.living.get(&owner).is_some_and(|live| live.sent == handled)
            && let Some(live) = self.living.remove(&owner)
        {
            self.actors.remove(&live.actor.get_id());
            live.actor.stop(None);
        }
    }

    /// How many tickets have an actor.
    pub fn count(&self) -> usize {
        self.living.len()
    }

    /// All that live.
    pub fn living(&self) -> impl Iterator<Item = &ActorRef<TicketMsg>> {
        self.living.values().map(|live| &live.actor)
    }
}
