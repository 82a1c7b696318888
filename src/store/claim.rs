//! Whose database it is: held by one bot at a time, and still the file that was opened.
//!
//! A name is not a file. A link, a second name or a removed lock file would let two bots write to one database, so the
//! lock is on the file itself; and a file that is deleted or replaced under a running bot would take every save without a
//! word and keep none, so it is looked at before each.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::platform::{self, FileId};
use crate::store::error::{OpenError, OpenErrorKind, StoreError};
use crate::store::schema;

/// What this process holds. To open a held file once more and to close it would drop the locks that `SQLite` has on it
/// (POSIX), so it is not even tried.
static HELD: Mutex<BTreeSet<FileId>> = Mutex::new(BTreeSet::new());

/// An entry in [`HELD`].
struct Holding(FileId);

impl Holding {
    fn begin(id: FileId) -> Option<Self> {
        HELD.lock().unwrap_or_else(PoisonError::into_inner).insert(id).then(|| Self(id))
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        HELD.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

/// The right to write to a database, as long as this is kept. It must outlive the connection.
pub(super) struct Claim {
    path: PathBuf,
    /// The system takes its lock back when the process ends, however it ends. Closed before the holding ends.
    file: File,
    holding: Holding,
    /// The log of `SQLite`'s WAL mode: what is committed is in it before it is in the database.
    log: Option<(PathBuf, FileId)>,
}

impl Claim {
    /// Takes the database for this process alone. It must exist.
    pub(super) fn take(path: &Path) -> Result<Self, OpenError> {
        let refuse = |why: io::Error| schema::refused(path, OpenErrorKind::Folder(why));
        let in_use = || schema::refused(path, OpenErrorKind::InUse);
        let id = FileId::at(path).map_err(refuse)?;
        let holding = Holding::begin(id).ok_or_else(in_use)?;
        let file = File::open(path).map_err(refuse)?;
        match platform::lock_database(&file) {
            Ok(()) if FileId::of(&file.metadata().map_err(refuse)?) == id => {}
            // It has been replaced this very moment.
            Ok(()) | Err(TryLockError::WouldBlock) => return Err(in_use()),
            Err(TryLockError::Error(why)) => return Err(refuse(why)),
        }
        Ok(Self { path: path.to_owned(), file, holding, log: None })
    }

    /// Remembers the log that the connection writes to.
    pub(super) fn watch_log(&mut self) {
        // It stands beside the file itself, not beside a link to it.
        let Ok(real) = fs::canonicalize(&self.path) else { return };
        let mut log = real.into_os_string();
        log.push("-wal");
        let log = PathBuf::from(log);
        self.log = FileId::at(&log).ok().map(|id| (log, id));
    }

    /// The database is still where it was, and still the same file.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let same = |path: &Path, id| FileId::at(path).is_ok_and(|found| found == id);
        if !same(&self.path, self.holding.0) {
            return Err(StoreError::Replaced(self.path.clone()));
        }
        match &self.log {
            Some((log, id)) if !same(log, *id) => Err(StoreError::Replaced(log.clone())),
            _ => Ok(()),
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Closing takes the lock back, too; where the file was copied to a child, only this does.
        let _ = self.file.unlock();
    }
}
