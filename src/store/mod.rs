//! What survives a restart: a row for each ticket, the journal of what happened, and the id of the panel message.
//!
//! All writing is done by one thread, which makes many saves share one commit. A save is answered when it is on the
//! disk and not before, so whoever waits for the answer may act on it: decide, save, then act. `talon tickets`,
//! `talon explain` and `talon backup` read beside the running bot, through a [`Reader`]; `talon settings` changes the settings
//! beside it, through a [`SettingsEditor`].
//!
//! ```text
//! Store ──jobs──▶ writer ──▶ tickets, journal ──▶ talon.db ◀── Reader
//!                (thread)                       (WAL, FULL)   (read only)
//! ```

mod claim;
mod error;
mod import;
mod journal;
pub mod panel;
mod reader;
mod row;
mod schema;
mod settings;
mod tickets;
mod time;
mod writer;

#[cfg(test)]
mod tests;

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::SystemTime;

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::ids::{ChannelId, Owner, TicketId, TicketNumber};
use crate::lifecycle::{Document, JournalEvent, State};
pub use error::{OpenError, OpenErrorKind, StoreError};
pub use import::{ImportedTicket, Occupied};
pub use journal::{Entry, Filter};
pub use reader::Reader;
pub use row::{Stage, TicketSummary};
pub use settings::{Author, Change, Revision, SettingsEditor, StoredSettings};

use crate::platform;
use crate::store::claim::Claim;
use crate::store::journal::Line;
use crate::store::row::Columns;
use crate::store::writer::{Job, Urgency, Writer};

/// The database of a running bot. Clones share it; when the last one is dropped, what was asked for is finished and the
/// database is closed.
#[derive(Clone)]
pub struct Store(Arc<Shared>);

/// Where jobs are handed in.
struct Shared {
    path: PathBuf,
    commits: Arc<AtomicU64>,
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Store {
    /// Opens the database, for this process alone; makes it, with its folder, if there is none.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        schema::check(path)?;
        let lock = lock(path)?;
        schema::create_missing(path)?;
        let mut claim = Claim::take(path)?;
        let db = schema::open(path)?;
        claim.watch_log();
        let (jobs, queue) = mpsc::channel();
        let commits = Arc::default();
        let writer = Writer { db, jobs: queue, commits: Arc::clone(&commits), claim, lock };
        let thread = thread::Builder::new()
            .name("store".to_owned())
            .spawn(|| writer.run())
            .map_err(|why| schema::refused(path, OpenErrorKind::Refused(StoreError::Other(why.to_string()))))?;
        Ok(Self(Arc::new(Shared { path: path.to_owned(), commits, jobs: Some(jobs), thread: Some(thread) })))
    }

    /// All tickets, without those who wait for an answer. A row that makes no sense is told in the log and left out.
    pub fn all(&self) -> impl Future<Output = Result<Vec<TicketSummary>, StoreError>> + Send + use<> {
        self.submit(Urgency::Read, tickets::list)
    }

    /// What is true of a member's ticket.
    pub fn ticket(&self, owner: Owner) -> impl Future<Output = Result<Document, StoreError>> + Send + use<> {
        self.submit(Urgency::Read, move |db| tickets::load(db, owner))
    }

    /// What is true of a member's ticket, and its number, or else that of the last one they had.
    pub fn numbered(
        &self,
        owner: Owner,
    ) -> impl Future<Output = Result<(Document, Option<TicketNumber>), StoreError>> + Send + use<> {
        self.submit(Urgency::Read, move |db| Ok((tickets::load(db, owner)?, tickets::number(db, owner)?)))
    }

    /// Whose tickets something is to be done about by then, though nothing else happens.
    pub fn due(&self, until: SystemTime) -> impl Future<Output = Result<Vec<Owner>, StoreError>> + Send + use<> {
        self.submit(Urgency::Read, move |db| tickets::due(db, until))
    }

    /// Whether something could be saved now.
    pub fn probe(&self) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        self.submit(Urgency::Save, |db| Ok(journal::probe(db)?))
    }

    /// Which of these channels belong to a ticket, and to whose.
    pub fn owned(
        &self,
        channels: &[ChannelId],
    ) -> impl Future<Output = Result<Vec<(ChannelId, Owner)>, StoreError>> + Send + use<> {
        let channels = channels.to_vec();
        self.submit(Urgency::Read, move |db| tickets::owned(db, &channels))
    }

    /// Makes the document the saved one, and adds the notes to the journal, both or neither. It is begun at once, and done
    /// even if nobody waits; the answer comes when it is on the disk, and is the number of the ticket meant.
    pub fn save(
        &self,
        owner: Owner,
        document: &Document,
        notes: &[JournalEvent],
        now: SystemTime,
    ) -> impl Future<Output = Result<Option<TicketNumber>, StoreError>> + Send + use<> {
        self.put((owner, document), None, notes, now, true)
    }

    /// The same; what is not urgent may wait a moment for others, to share one commit with them. A ticket that is taken
    /// over keeps the number that its channel `shows`, if no other member's ticket has or had it.
    pub fn put(
        &self,
        (owner, document): (Owner, &Document),
        shows: Option<TicketNumber>,
        notes: &[JournalEvent],
        now: SystemTime,
        urgent: bool,
    ) -> impl Future<Output = Result<Option<TicketNumber>, StoreError>> + Send + use<> {
        let urgency = if urgent { Urgency::Save } else { Urgency::Soon };
        let parts = Columns::of(document).and_then(|columns| Ok((columns, lines(notes)?)));
        self.submit(urgency, move |db| {
            let (columns, lines) = parts.as_ref().map_err(Clone::clone)?;
            tickets::save(db, owner, (columns.as_ref(), shows), lines, now)
        })
    }

    /// Sees to it that no ticket of this server gets this number any more, or a lower one: Discord shows it. What is saved
    /// later than this is asked for gets a higher one.
    pub fn reserve_numbers(&self, last: TicketId) {
        self.enqueue(Job::new(
            Urgency::Soon,
            move |db| Ok(journal::reserve_numbers(db, last)?),
            move |outcome: Result<(), StoreError>| {
                if let Err(why) = outcome {
                    tracing::error!(guild = %last.guild, "a number that a channel shows may be given once more: {why}");
                }
            },
        ));
    }

    /// Writes tickets of another bot into the database, all or none, and gives numbers up to `last` to no other ticket.
    /// They must take nothing that is [`Occupied`].
    pub fn import(
        &self,
        last: TicketId,
        tickets: Vec<ImportedTicket>,
        now: SystemTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        let parts: Result<Vec<_>, StoreError> = tickets.into_iter().map(import_parts).collect();
        self.submit(Urgency::Save, move |db| import::write(db, last, parts.as_ref().map_err(Clone::clone)?, now))
    }

    /// Adds notes to the journal. Nobody waits for it; it is on the disk with the next save, or a moment later.
    pub fn note(&self, owner: Owner, notes: &[JournalEvent], now: SystemTime) {
        let lines = lines(notes);
        self.enqueue(Job::new(
            Urgency::Soon,
            move |db| tickets::note(db, owner, lines.as_ref().map_err(Clone::clone)?, now),
            move |outcome: Result<(), StoreError>| {
                if let Err(why) = outcome {
                    tracing::error!(%owner, "the journal misses a line: {why}");
                }
            },
        ));
    }

    /// The last lines of the journal that match, at most `limit`, in order.
    pub fn journal(
        &self,
        filter: Filter,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Entry>, StoreError>> + Send + use<> {
        self.submit(Urgency::Read, move |db| journal::read(db, filter, limit))
    }

    /// Forgets what the journal noted before that moment, and gives its room back to the disk; says how many lines that
    /// were.
    pub async fn prune(&self, before: SystemTime) -> Result<usize, StoreError> {
        let mut forgotten = 0;
        loop {
            let handful = self.submit(Urgency::Save, move |db| Ok(journal::forget(db, before)?)).await?;
            forgotten += handful;
            if handful < journal::PRUNE_BATCH {
                break;
            }
        }
        // In small steps, between which others are served.
        while self.submit(Urgency::Save, |db| Ok(journal::shrink(db)?)).await? {}
        Ok(forgotten)
    }

    /// The settings of all servers that have any, unless nothing was changed from outside since the version `seen`. Answers
    /// with the version to ask with next time.
    pub fn changed_settings(
        &self,
        seen: Option<i64>,
    ) -> impl Future<Output = Result<Option<StoredSettings>, StoreError>> + Send + use<> {
        self.submit(Urgency::Read, move |db| settings::changed_since(db, seen))
    }

    /// A way to read beside the writing, on the caller's own thread.
    pub fn reader(&self) -> Result<Reader, OpenError> {
        Reader::open(&self.0.path)
    }

    /// How many transactions have been committed: far fewer than saves, in a burst.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.0.commits.load(Ordering::Relaxed)
    }

    fn submit<T, D>(&self, urgency: Urgency, deed: D) -> impl Future<Output = Result<T, StoreError>> + Send + use<T, D>
    where
        T: Send + 'static,
        D: Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.enqueue(Job::new(urgency, deed, |outcome| {
            // Whoever asked may have stopped waiting; it is done all the same.
            let _ = reply.send(outcome);
        }));
        async { answer.await.unwrap_or(Err(StoreError::Closed)) }
    }

    fn enqueue(&self, job: Job) {
        if let Some(Err(_)) = self.0.jobs.as_ref().map(|jobs| jobs.send(job)) {
            tracing::error!("{}", StoreError::Closed);
        }
    }
}

impl Drop for Shared {
    /// Waits for the thread: whoever opens the file next finds all that was asked for, and finds it free.
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            tracing::error!("the store's thread has failed");
        }
    }
}

/// A lock on a file beside the database, which the system takes back when the process ends, however it ends.
///
/// It is there before the database is, and keeps two bots from making it at once; that the lock follows the file
/// wherever it is called from is the [`Claim`]'s part.
fn lock(path: &Path) -> Result<File, OpenError> {
    let folder = |why: io::Error| schema::refused(path, OpenErrorKind::Folder(why));
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(folder)?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push("-lock");
    let lock = platform::private_options().create(true).open(beside).map_err(folder)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(schema::refused(path, OpenErrorKind::InUse)),
        Err(TryLockError::Error(why)) => Err(folder(why)),
    }
}

fn import_parts(ticket: ImportedTicket) -> Result<import::Parts, StoreError> {
    let columns = Columns::of(&State::Open { channel: ticket.channel }.into())?;
    let line = Line::of(&ticket.note)?;
    Ok((ticket, columns, [line]))
}

fn lines(notes: &[JournalEvent]) -> Result<Vec<Line>, StoreError> {
    notes.iter().map(Line::of).collect()
}
