//! What is true, and what follows from it.
//!
//! A ticket is a [`Document`] that is saved (where it stands, and what it owes), and an [`Event`] that changes it; out come
//! the new document, the calls to make and the notes to keep. Nothing here waits, logs, reads a clock or knows Discord's library, so every
//! decision can be played through in a test, and the simulator plays the very rules that production runs.

mod access;
mod askers;
pub mod call;
mod close_failure;
mod closing;
mod creation;
mod decision;
mod doubt;
pub mod durable;
pub mod effect;
mod failures;
pub mod menu;
pub mod note;
mod opening;
pub mod panel;
pub mod reply;
mod rivals;
pub mod state;
#[cfg(test)]
mod table;
pub mod task;
pub mod ticket;
mod tokens;
pub mod words;

pub use call::{Acknowledgement, Answer, Call, ChannelName, Refusal, Sighting};
pub use decision::{Decision, Deeds};
pub use durable::{DiskJob, DurableTicket, Effects};
pub use effect::{Effect, Message};
pub use menu::Menu;
pub use note::{Note, Way, Why};
pub use panel::Panel;
pub use state::{Asker, Closing, Document, Entrance, Gesture, OpenRequest, Press, State};
pub use ticket::{Event, Rules, Ticket};
pub use words::{Right, Words};
