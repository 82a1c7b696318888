//! Reading beside a bot that may be running: for `talon tickets`, `talon explain`, `talon backup` and the doctor.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rusqlite::Connection;

use crate::ids::Owner;
use crate::lifecycle::{Note, State};
use crate::store::error::{OpenError, StoreError};
use crate::store::journal::{self, Entry, Filter};
use crate::store::row::Standing;
use crate::store::schema;
use crate::store::tickets;

/// A database that is only read. Each answer is of one moment; nobody is kept waiting meanwhile.
pub struct Reader(Connection);

impl Reader {
    /// Opens a database that a bot has made.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        schema::open_to_read(path).map(Self)
    }

    /// All tickets.
    pub fn all(&self) -> Result<Vec<Standing>, StoreError> {
        tickets::list(&self.0)
    }

    /// What is true of a member's ticket.
    pub fn ticket(&self, owner: Owner) -> Result<State, StoreError> {
        tickets::load(&self.0, owner)
    }

    /// The last lines of the journal that match, at most `limit`, in order.
    pub fn journal(&self, filter: Filter, limit: usize) -> Result<Vec<Entry>, StoreError> {
        journal::read(&self.0, filter, limit)
    }

    /// When another process was last seen to use the bot's token, as far as the journal goes back.
    pub fn another_process_seen(&self) -> Result<Option<SystemTime>, StoreError> {
        journal::last_noted(&self.0, &Note::AnotherProcess)
    }

    /// The version of the tables.
    pub fn version(&self) -> Result<u32, StoreError> {
        Ok(self.0.pragma_query_value(None, "user_version", |row| row.get(0))?)
    }

    /// What `SQLite` finds damaged; nothing, if all is well.
    pub fn damage(&self) -> Result<Vec<String>, StoreError> {
        let mut check = self.0.prepare("PRAGMA integrity_check")?;
        let found = check.query_map([], |row| row.get(0))?;
        let mut found = found.collect::<rusqlite::Result<Vec<String>>>()?;
        found.retain(|line| line != "ok");
        Ok(found)
    }

    /// Writes a copy, as of one moment. It has its name only once it is whole, and never takes the place of a file.
    pub fn backup(&self, to: &Path) -> Result<(), StoreError> {
        if to.exists() {
            return Err(StoreError::Exists(to.to_owned()));
        }
        let mut part = to.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let copied = self
            .copy(&part)
            .and_then(|()| fs::rename(&part, to).map_err(|why| StoreError::Other(format!("{}: {why}", to.display()))));
        if copied.is_err() {
            // What is left of it is of no use; if it cannot be removed either, the error says enough.
            let _ = fs::remove_file(&part);
        }
        copied
    }

    fn copy(&self, part: &Path) -> Result<(), StoreError> {
        let cannot = |why| StoreError::Other(format!("{}: {why}", part.display()));
        schema::private().create(true).truncate(true).open(part).map_err(cannot)?;
        self.0.execute("VACUUM INTO ?1", [part.to_string_lossy()])?;
        File::open(part).and_then(|file| file.sync_all()).map_err(cannot)
    }
}
