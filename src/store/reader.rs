//! Reading beside a bot that may be running: for `talon tickets`, `talon explain`, `talon backup` and the doctor.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rusqlite::Connection;

use crate::ids::{GuildId, Owner};
use crate::lifecycle::{Document, JournalEvent};
use crate::platform::FileId;
use crate::store::error::{OpenError, StoreError};
use crate::store::import::{self, Occupied};
use crate::store::journal::{self, Entry, Filter};
use crate::store::row::TicketSummary;
use crate::store::schema;
use crate::store::settings::{self, Revision};
use crate::store::tickets;

/// A database that is only read. Each answer is of one moment; nobody is kept waiting meanwhile.
pub struct Reader(Connection);

impl Reader {
    /// Opens a database that a bot has made.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        schema::open_to_read(path).map(Self)
    }

    /// All tickets.
    pub fn all(&self) -> Result<Vec<TicketSummary>, StoreError> {
        tickets::list(&self.0)
    }

    /// What is true of a member's ticket.
    pub fn ticket(&self, owner: Owner) -> Result<Document, StoreError> {
        tickets::load(&self.0, owner)
    }

    /// What an import into this server must not take.
    pub fn occupied(&self, guild: GuildId) -> Result<Occupied, StoreError> {
        import::occupied(&self.0, guild)
    }

    /// The last lines of the journal that match, at most `limit`, in order.
    pub fn journal(&self, filter: Filter, limit: usize) -> Result<Vec<Entry>, StoreError> {
        journal::read(&self.0, filter, limit)
    }

    /// When another process was last seen to use the bot's token, as far as the journal goes back.
    pub fn another_process_seen(&self) -> Result<Option<SystemTime>, StoreError> {
        journal::last_noted(&self.0, &JournalEvent::AnotherProcess)
    }

    /// The settings that are stored, one revision for each server.
    pub fn settings(&self) -> Result<Vec<(GuildId, Revision)>, StoreError> {
        Ok(settings::changed_since(&self.0, None)?.map_or_else(Vec::new, |stored| stored.revisions))
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
    /// Tokens of presses that have expired by now are left out.
    pub fn backup(&self, to: &Path, now: SystemTime) -> Result<(), StoreError> {
        // A link that leads nowhere is something, too.
        if fs::symlink_metadata(to).is_ok() {
            return Err(StoreError::Exists(to.to_owned()));
        }
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() {
            return Err(StoreError::NoFolder(folder.to_owned()));
        }
        let mut part = to.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let copied = self.copy(&part, now).and_then(|()| name_copy(&part, to));
        if copied.is_err() {
            // What is left of it is of no use; if it cannot be removed either, the error says enough.
            let _ = fs::remove_file(&part);
        }
        copied
    }

    fn copy(&self, part: &Path, now: SystemTime) -> Result<(), StoreError> {
        let cannot = |why| StoreError::Other(format!("{}: {why}", part.display()));
        // What an interrupted backup left, or a link that somebody put there: it is removed, and not written to.
        match fs::remove_file(part) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(cannot(why)),
            _ => {}
        }
        let file = schema::create_private(part).map_err(cannot)?;
        self.0.execute("VACUUM INTO ?1", [schema::uri(part, "")])?;
        let (made, written) = (file.metadata().map_err(cannot)?, fs::symlink_metadata(part).map_err(cannot)?);
        if FileId::of(&made) != FileId::of(&written) {
            return Err(StoreError::Other(format!("{}: another program has replaced it", part.display())));
        }
        let copy = schema::open_copy(part)?;
        tickets::forget_tokens(&copy, now)?;
        copy.close().map_err(|(_, why)| why)?;
        file.sync_all().map_err(cannot)
    }
}

/// Gives the finished copy its name, and takes it from no other file that has come there meanwhile.
fn name_copy(part: &Path, to: &Path) -> Result<(), StoreError> {
    let named = match fs::hard_link(part, to) {
        Ok(()) => fs::remove_file(part),
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => return Err(StoreError::Exists(to.to_owned())),
        // Not every file system has links.
        Err(_) => fs::rename(part, to),
    };
    named.map_err(|why| StoreError::Other(format!("{}: {why}", to.display())))
}
