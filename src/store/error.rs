//! What can go wrong between the bot and its file, told to the operator: what it is and what to do about it.
//!
//! [`OpenError`] stops the start; [`StoreError`] stops one command, and whoever sent it tries again later.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE;

use crate::ids::{ChannelId, Owner};

/// Why a database is not opened. Nothing has been changed in it.
#[derive(Debug)]
pub struct OpenError {
    /// Which file.
    pub path: PathBuf,
    /// What stands in the way.
    pub obstacle: OpenErrorKind,
}

/// What stands in the way of opening a database.
#[derive(Debug)]
pub enum OpenErrorKind {
    /// Asked to read only, and there is no such file.
    Missing,
    /// Its folder or a file beside it cannot be made.
    Folder(io::Error),
    /// Something is there that is no file.
    NotAFile,
    /// A file that `SQLite` does not know.
    NotADatabase,
    /// A database of another application.
    Foreign,
    /// A database of a newer version of the bot.
    Newer {
        /// The version of its tables.
        found: u32,
        /// The newest version known here.
        known: u32,
    },
    /// Asked to read only, and the tables would have to be brought up to date first.
    Older {
        /// The version of its tables.
        found: u32,
        /// The version needed.
        known: u32,
    },
    /// Another bot works on it.
    InUse,
    /// It can be read but not written.
    ReadOnly,
    /// `SQLite` refuses, for the reason it gives.
    Refused(StoreError),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the database {} ", self.path.display())?;
        match &self.obstacle {
            OpenErrorKind::Missing => f.write_str("does not exist: start the bot once, or correct DATABASE_URL"),
            OpenErrorKind::Folder(why) => write!(
                f,
                "cannot be used, because its folder cannot be written to ({why}): let the bot's user write there, \
                 or point DATABASE_URL elsewhere"
            ),
            OpenErrorKind::NotAFile => f.write_str("is a folder, not a file: let DATABASE_URL name a file"),
            OpenErrorKind::NotADatabase => f.write_str(
                "is not an SQLite database, and is left as it is: move the file away, restore a backup, or correct \
                 DATABASE_URL",
            ),
            OpenErrorKind::Foreign => f.write_str(
                "belongs to another application, and is left as it is: let DATABASE_URL name a file of its own",
            ),
            OpenErrorKind::Newer { found, known } => write!(
                f,
                "was written by a newer version of the bot (tables of version {found}, this one knows {known}), and is \
                 left as it is: start the newer bot, or restore a backup from before the update"
            ),
            OpenErrorKind::Older { found, known } => write!(
                f,
                "has tables of version {found}, and version {known} is needed: start the bot once, which brings it up \
                 to date"
            ),
            OpenErrorKind::InUse => f.write_str(
                "is in use by another bot that is running: stop that one first, or give this one a DATABASE_URL of its \
                 own",
            ),
            OpenErrorKind::ReadOnly => f.write_str("cannot be written to: let the bot's user write the file"),
            OpenErrorKind::Refused(why) => write!(f, "cannot be opened: {why}"),
        }
    }
}

impl Error for OpenError {}

/// Why a command was not carried out. What it would have changed is as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// No room on the disk.
    Full,
    /// Another program holds the database.
    Busy,
    /// The file or its folder has become read-only.
    ReadOnly,
    /// The channel belongs to another ticket; trying again does not help.
    ChannelTaken(ChannelId),
    /// The row of this ticket cannot be understood.
    Unreadable {
        /// Whose.
        owner: Owner,
        /// What is wrong with it.
        why: String,
    },
    /// The settings were changed meanwhile, from the expected revision to the one that was found.
    SettingsChanged {
        /// The revision that the change was made from.
        expected: u64,
        /// The one that holds.
        found: u64,
    },
    /// Nothing is kept of the time before these settings.
    NothingToUndo,
    /// The file to be written to exists.
    Exists(PathBuf),
    /// The folder of the file to be written does not exist.
    NoFolder(PathBuf),
    /// This file of the database was deleted, moved or replaced while it was open.
    Replaced(PathBuf),
    /// The store's thread has ended.
    Closed,
    /// Anything else, in the words of whoever said it.
    Other(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("the disk is full: make room"),
            Self::Busy => {
                f.write_str("another program keeps the database locked: close whatever else has it open for writing")
            }
            Self::ReadOnly => {
                f.write_str("the database has become read-only: let the bot's user write it and its folder")
            }
            Self::ChannelTaken(channel) => write!(f, "channel {channel} belongs to another ticket"),
            Self::Unreadable { owner: Owner { guild, member }, why } => write!(
                f,
                "the row of member {member} in server {guild} cannot be read ({why}): restore a backup, or stop the bot \
                 and run `DELETE FROM tickets WHERE guild = {guild} AND member = {member}` in the database"
            ),
            Self::SettingsChanged { expected, found } => write!(
                f,
                "the settings were changed meanwhile (revision {found}, and not {expected} any more): look at them again"
            ),
            Self::NothingToUndo => f.write_str("there is nothing to undo: no older settings are kept"),
            Self::Exists(path) => write!(f, "{} exists, and is not overwritten: name another file", path.display()),
            Self::NoFolder(path) => {
                write!(f, "there is no folder {}: make it first, or name a file in another one", path.display())
            }
            Self::Replaced(path) => write!(
                f,
                "{} was deleted, moved or replaced while the bot runs, so nothing can be saved any more: put it back, or \
                 stop the bot, restore a backup, and start it again",
                path.display()
            ),
            Self::Closed => f.write_str("the store has stopped: restart the bot"),
            Self::Other(why) => f.write_str(why),
        }
    }
}

impl Error for StoreError {}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::ReadOnly) => Self::ReadOnly,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Other(format!("the database is damaged ({error}): restore a backup"))
            }
            _ => Self::Other(error.to_string()),
        }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Other(error.to_string())
    }
}

/// Whether a row was refused because another one has the same in a column that must be unique.
pub(super) fn is_duplicate(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == SQLITE_CONSTRAINT_UNIQUE)
}
