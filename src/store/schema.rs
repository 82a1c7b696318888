//! Whose file it is, and of which version: looked at before anything in it is touched.
//!
//! The version and the owner of a database stand in its header (`user_version`, `application_id`). They are first read
//! with `SQLite`'s `immutable`, which takes no lock, replays no log and leaves no file beside it, so that a file which is
//! not ours keeps every byte. It is `SQLite` that reads them, not `std::fs`: closing a file of its own would drop the
//! locks that another connection of this process holds on it (POSIX), and two writers could meet.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::platform;
use crate::store::error::{OpenError, OpenErrorKind, StoreError};

/// "TALN", so that `file talon.db` and we know it again.
const APPLICATION: i32 = 0x5441_4C4E;

/// The version of the tables that this program works with.
const KNOWN: u32 = 1;

/// Each brings the tables from the version before it to its own; they are never changed, only added to.
const MIGRATIONS: [&str; KNOWN as usize] = [include_str!("migrations/1.sql")];

/// How long to wait at the start for another program, a backup tool say, to let go of the database.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait for it later on: a backup tool may take this long, while whoever pressed is shown "thinking…", and a
/// service manager that stops the bot waits longer than this and the rest of the stop.
const HURRY: Duration = Duration::from_secs(4);

/// `SQLite`'s number for an `auto_vacuum` that is done when it is asked for.
const INCREMENTAL: u32 = 2;

/// What is at a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    /// A file of no bytes, which `SQLite` takes for a new database.
    Empty,
    Tables(u32),
}

/// Makes an empty file where there is no database yet, and nothing else.
pub(super) fn create_missing(path: &Path) -> Result<(), OpenError> {
    if look(path)? == Found::Nothing {
        create_private(path).map_err(|why| refused(path, OpenErrorKind::Folder(why)))?;
    }
    keep_private(path);
    Ok(())
}

/// Opens the database for writing, and brings it up to date.
pub(super) fn open(path: &Path) -> Result<Connection, OpenError> {
    let refuse = |obstacle| refused(path, obstacle);
    look(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = Connection::open_with_flags(uri(path, ""), flags).map_err(|why| refuse(why.into()))?;
    if db.is_readonly("main").map_err(|why| refuse(why.into()))? {
        return Err(refuse(OpenErrorKind::ReadOnly));
    }
    prepare(&mut db).map_err(refuse)?;
    Ok(db)
}

/// Opens the database for reading, beside a bot that may be writing.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, OpenError> {
    open_beside(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// Opens the database for a short change, beside a bot that may be writing: both wait for each other.
pub(super) fn open_to_change(path: &Path) -> Result<Connection, OpenError> {
    let refuse = |why: rusqlite::Error| refused(path, why.into());
    let db = open_beside(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    if db.is_readonly("main").map_err(refuse)? {
        return Err(refused(path, OpenErrorKind::ReadOnly));
    }
    db.pragma_update(None, "synchronous", "FULL").map_err(refuse)?;
    forget_bytes(&db).map_err(refuse)?;
    Ok(db)
}

/// Only tables of this very version: another process never brings them up to date.
fn open_beside(path: &Path, access: OpenFlags) -> Result<Connection, OpenError> {
    let refuse = |obstacle| refused(path, obstacle);
    match look(path)? {
        Found::Nothing => return Err(refuse(OpenErrorKind::Missing)),
        Found::Tables(KNOWN) => {}
        Found::Tables(found) => return Err(refuse(OpenErrorKind::Older { found, known: KNOWN })),
        Found::Empty => return Err(refuse(OpenErrorKind::Older { found: 0, known: KNOWN })),
    }
    let flags = access | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(uri(path, ""), flags)
        .and_then(|db| db.busy_timeout(PATIENCE).map(|()| db))
        .map_err(|why| refuse(why.into()))?;
    Ok(db)
}

/// Refuses what must not be touched, without touching it.
pub(super) fn check(path: &Path) -> Result<(), OpenError> {
    look(path).map(|_| ())
}

fn look(path: &Path) -> Result<Found, OpenError> {
    let refuse = |obstacle| refused(path, obstacle);
    match fs::metadata(path) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(why) => return Err(refuse(OpenErrorKind::Folder(why))),
        Ok(found) if !found.is_file() => return Err(refuse(OpenErrorKind::NotAFile)),
        Ok(found) if found.len() == 0 => return Ok(Found::Empty),
        Ok(_) => {}
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(uri(path, "?immutable=1"), flags).map_err(|why| refuse(why.into()))?;
    version(&db).map(Found::Tables).map_err(refuse)
}

/// The version of the tables, where they are ours and not of a time to come.
fn version(db: &Connection) -> Result<u32, OpenErrorKind> {
    let application: i32 = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let found: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match u32::try_from(found) {
        _ if application != APPLICATION => Err(OpenErrorKind::Foreign),
        Ok(found) if found <= KNOWN => Ok(found),
        _ => Err(OpenErrorKind::Newer { found: u32::try_from(found).unwrap_or(u32::MAX), known: KNOWN }),
    }
}

fn prepare(db: &mut Connection) -> Result<(), OpenErrorKind> {
    db.busy_timeout(PATIENCE)?;
    db.set_prepared_statement_cache_capacity(32);
    // Counts for a file without tables; others are made anew below.
    db.pragma_update(None, "auto_vacuum", INCREMENTAL)?;
    migrate(db)?;
    // Only now: tables made in the older journal mode are in the file itself, where the next look finds them.
    let mode: String = db.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        tracing::warn!(
            mode,
            "the folder of the database does not allow SQLite's WAL: put it on a local disk, \
             or readers and the bot will wait for each other"
        );
    }
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    forget_bytes(db)?;
    // After a burst the log shrinks again.
    db.pragma_update(None, "journal_size_limit", 4 << 20)?;
    let vacuum: u32 = db.pragma_query_value(None, "auto_vacuum", |row| row.get(0))?;
    if vacuum != INCREMENTAL {
        make_shrinkable(db);
    }
    // The log is made with the first look, and from then on it is part of the database.
    db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    db.busy_timeout(HURRY)?;
    Ok(())
}

/// What is deleted or replaced, a token that has expired say, is overwritten, and does not linger in the file.
fn forget_bytes(db: &Connection) -> rusqlite::Result<()> {
    // It answers with the value that it has then.
    db.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))
}

/// Opens a copy to forget what has expired in it, and leaves it as one file.
pub(super) fn open_copy(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(uri(path, ""), flags)?;
    forget_bytes(&db)?;
    // What is undone is kept in memory: nobody but us knows the file yet, and one that fails is thrown away.
    db.pragma_update_and_check(None, "journal_mode", "MEMORY", |_| Ok(()))?;
    Ok(db)
}

/// Empties the log beside the database, in which what was overwritten is still to be read. Says whether it could: not
/// while somebody reads, for whom nobody waits.
pub(super) fn empty_log(db: &Connection) -> rusqlite::Result<bool> {
    db.busy_timeout(Duration::ZERO)?;
    let busy = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
    db.busy_timeout(HURRY)?;
    Ok(busy? == 0)
}

/// Writes the file anew, once in its life, so that it can give back to the disk what the journal forgets.
fn make_shrinkable(db: &Connection) {
    tracing::info!("the database is written anew, once, so that it can shrink");
    let done =
        db.execute_batch("VACUUM").and_then(|()| db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
    if let Err(why) = done {
        tracing::warn!(%why, "the database could not be written anew and does not shrink; it is tried again at the next start");
    }
}

fn migrate(db: &mut Connection) -> Result<(), OpenErrorKind> {
    let change = Transaction::new(db, TransactionBehavior::Immediate)?;
    let tables: u32 = change.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let old = if tables == 0 { 0 } else { version(&change)? };
    for migration in MIGRATIONS.iter().skip(old as usize) {
        change.execute_batch(migration)?;
    }
    if old == KNOWN {
        return Ok(());
    }
    change.pragma_update(None, "application_id", APPLICATION)?;
    change.pragma_update(None, "user_version", KNOWN)?;
    change.commit()?;
    // So that an older bot finds the new version in the file itself, not in a log that it would have to replay.
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

/// Makes an empty file that only the bot's user may read: interaction tokens will stand in it.
///
/// `SQLite` gives its log beside it the same rights.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    let file = platform::private_options().create_new(true).open(path)?;
    // Whatever the umask takes away.
    platform::make_private(&file)?;
    Ok(file)
}

/// Takes a database of ours away from the eyes of others, should it have been copied or restored without care.
fn keep_private(path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        let file = Path::new(&file);
        if !fs::metadata(file).is_ok_and(|found| platform::is_shared(&found)) {
            continue;
        }
        // By its name: to open and close it here could drop locks that this process holds on it.
        match platform::make_path_private(file) {
            Ok(()) => {
                tracing::info!(file = %file.display(), "other users could read the database; now only the bot's may")
            }
            Err(why) => tracing::warn!(
                file = %file.display(),
                %why,
                "other users of this machine may read the database, which holds secrets: give the file to the bot's user, \
                 and run `chmod 600` on it"
            ),
        }
    }
}

/// What may have a meaning of its own in the path of an address.
const NOT_IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'_').remove(b'-');

/// The path as an address for `SQLite`. A path as it is would be taken for an address, too, if it began with `file:`.
pub(super) fn uri(path: &Path, query: &str) -> String {
    let (scheme, path) = platform::split_file_address(path);
    let path = percent_encode(&path, NOT_IN_PATH);
    format!("{scheme}{path}{query}")
}

pub(super) fn refused(path: &Path, obstacle: OpenErrorKind) -> OpenError {
    OpenError { path: path.to_owned(), obstacle }
}

impl From<rusqlite::Error> for OpenErrorKind {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => Self::NotADatabase,
            Some(rusqlite::ErrorCode::ReadOnly) => Self::ReadOnly,
            _ => Self::Refused(StoreError::from(error)),
        }
    }
}
