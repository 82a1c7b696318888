//! How does the operator set it up, and look after it? Each command of theirs, but for `run`, has its file here.
//!
//! Their words are English and stand beside what they speak of; what members read is in `texts`.

pub mod backup;
mod checks;
pub mod doctor;
pub mod explain;
mod facts;
mod finding;
pub mod health;
pub mod import;
pub mod invite;
pub mod manual;
mod names;
mod rights;
pub mod settings;
pub mod setup;
mod support;
pub mod terminal;
pub mod tickets;
mod watch;

/// Why a question to the database could not be answered, as a sentence.
pub type Trouble = Box<dyn std::error::Error>;
