//! What is true, and what follows from it.
//!
//! A ticket is a [`Document`] that is saved (where it stands, and what it owes), and an [`Event`] that changes it; out come
//! the new document, the calls to make and the notes to keep. Nothing here waits, logs, reads a clock or knows Discord's library, so every
//! decision can be played through in a test, and the simulator plays the very rules that production runs.

mod access;
mod answers;
mod close_failure;
mod closing;
mod creation;
mod decision;
mod doubt;
pub mod durable;
pub mod effect;
mod failures;
pub mod history;
pub mod menu;
pub mod notice;
mod opening;
pub mod panel;
pub mod policy;
pub mod reply;
pub mod request;
mod rivals;
pub mod state;
#[cfg(test)]
mod table;
pub mod task;
pub mod ticket;
mod tokens;

pub use decision::{Deeds, Transition};
pub use durable::{DiskJob, DurableTicket, Effects};
pub use effect::{Effect, Message};
pub use history::{JournalEvent, Reason, Source, SourceBot};
pub use menu::Menu;
pub use notice::{Notice, Permission};
pub use panel::Panel;
pub use policy::{Action, Rules, Who, may};
pub use request::{Acknowledgement, ApiError, ChannelCandidate, ChannelName, Outcome, Request};
pub use state::{Closing, Document, Interaction, InteractionKind, OpenRequest, Origin, Requester, State};
pub use ticket::{Event, Ticket};
