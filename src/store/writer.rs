//! The one thread that writes, and what makes many tickets share one wait for the disk.
//!
//! It takes every job that is waiting, does them in one transaction, and answers each once that is committed: while the
//! disk works on one batch the next one gathers, so that a burst costs few commits and a single save waits for nothing
//! but its own. A job that fails takes nobody with it: the batch is rolled back, and each is done again alone.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::store::claim::Claim;
use crate::store::error::StoreError;
use crate::store::schema;

/// So many jobs share a transaction at most: a limit to how long the first of them waits.
const BATCH: usize = 512;

/// So long does what is in no hurry wait for company, lest each cost a commit of its own.
const LINGER: Duration = Duration::from_millis(100);

/// So long after a change the log beside the database is emptied: what was overwritten or deleted is still in it.
const EMPTY_LOG_AFTER: Duration = Duration::from_secs(60);

/// How much hurry there is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Urgency {
    /// Somebody waits for the answer, and nothing is changed.
    Read,
    /// Somebody waits until it is on the disk.
    Save,
    /// Nobody waits, or nothing that a person would notice.
    Soon,
}

/// Something to do in a transaction, and somebody to tell.
pub(super) struct Job {
    hurry: Urgency,
    task: Box<dyn Run>,
}

/// A task whatever its result is.
trait Run: Send {
    /// Does it. Done again, the former result is forgotten.
    fn run(&mut self, db: &Connection) -> Result<(), StoreError>;
    /// Tells the result, or else the failure.
    fn answer(self: Box<Self>, outcome: Result<(), StoreError>);
}

struct Task<T, D, A> {
    deed: D,
    result: Option<T>,
    answer: A,
}

impl<T, D, A> Run for Task<T, D, A>
where
    T: Send,
    D: Fn(&Connection) -> Result<T, StoreError> + Send,
    A: FnOnce(Result<T, StoreError>) + Send,
{
    fn run(&mut self, db: &Connection) -> Result<(), StoreError> {
        self.result = Some((self.deed)(db)?);
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Self { result, answer, .. } = *self;
        answer(outcome.and_then(|()| result.ok_or(StoreError::Closed)));
    }
}

impl Job {
    pub(super) fn new<T, D, A>(hurry: Urgency, deed: D, answer: A) -> Self
    where
        T: Send + 'static,
        D: Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
        A: FnOnce(Result<T, StoreError>) + Send + 'static,
    {
        let result = None;
        let task = Box::new(Task { deed, result, answer });
        Self { hurry, task }
    }
}

/// The thread and what it owns.
pub(super) struct Writer {
    pub(super) db: Connection,
    pub(super) jobs: Receiver<Job>,
    pub(super) commits: Arc<AtomicU64>,
    /// Held as long as the database is ours, and let go after the connection.
    pub(super) claim: Claim,
    pub(super) lock: File,
}

impl Writer {
    /// Works until there is nobody left who could ask for anything.
    pub(super) fn run(self) {
        let mut changed = None;
        loop {
            match self.next(changed) {
                Ok(job) => {
                    let commits = self.commits.load(Ordering::Relaxed);
                    self.carry_out(self.gather(job));
                    if commits != self.commits.load(Ordering::Relaxed) {
                        changed.get_or_insert_with(Instant::now);
                    }
                }
                Err(RecvTimeoutError::Timeout) => changed = (!self.empty_log()).then(Instant::now),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        if let Err(why) = self.claim.check() {
            // SQLite would tidy up by name, and so remove what belongs to another database now.
            tracing::error!("the database is not closed, because it is not there any more: {why}");
            std::mem::forget(self.db);
        } else if let Err((_, why)) = self.db.close() {
            tracing::warn!("the database did not close cleanly, which is made good at the next start: {why}");
        }
        drop(self.claim);
        drop(self.lock);
    }

    /// The next job; a timeout where the log is to be emptied first.
    fn next(&self, changed: Option<Instant>) -> Result<Job, RecvTimeoutError> {
        let Some(changed) = changed else {
            return self.jobs.recv().map_err(|_| RecvTimeoutError::Disconnected);
        };
        let left = (changed + EMPTY_LOG_AFTER).saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(RecvTimeoutError::Timeout);
        }
        self.jobs.recv_timeout(left)
    }

    /// Whether the log is empty now; if not, it is tried again later.
    fn empty_log(&self) -> bool {
        // A file that is not the bot's any more is not written to.
        self.claim.check().is_ok()
            && schema::empty_log(&self.db).unwrap_or_else(|why| {
                tracing::debug!(%why, "the log beside the database cannot be emptied; it is tried again");
                false
            })
    }

    fn gather(&self, first: Job) -> Vec<Job> {
        let mut batch = vec![first];
        let patience = Instant::now() + LINGER;
        while batch.len() < BATCH {
            let job = if batch.iter().all(|job| job.hurry == Urgency::Soon) {
                self.jobs.recv_timeout(patience.saturating_duration_since(Instant::now())).ok()
            } else {
                self.jobs.try_recv().ok()
            };
            match job {
                Some(job) => batch.push(job),
                None => break,
            }
        }
        batch
    }

    fn carry_out(&self, mut batch: Vec<Job>) {
        match self.together(&mut batch) {
            Err(Failure::Work(_)) if batch.len() > 1 => self.one_by_one(batch),
            // What failed before its first job would fare no better alone.
            Err(Failure::Begin(why) | Failure::Work(why)) => answer(batch, &Err(why)),
            Ok(()) => answer(batch, &Ok(())),
        }
    }

    fn one_by_one(&self, batch: Vec<Job>) {
        let mut stuck = None;
        for job in batch {
            let mut job = [job];
            let outcome = match &stuck {
                Some(why) => Err(StoreError::clone(why)),
                None => self.together(&mut job).map_err(|failure| match failure {
                    Failure::Begin(why) => stuck.insert(why).clone(),
                    Failure::Work(why) => why,
                }),
            };
            answer(job, &outcome);
        }
    }

    fn together(&self, batch: &mut [Job]) -> Result<(), Failure> {
        // What is read from a file that is not the bot's any more is not to be acted on either.
        self.claim.check().map_err(Failure::Begin)?;
        if batch.iter().all(|job| job.hurry == Urgency::Read) {
            return run(&self.db, batch).map_err(Failure::Work);
        }
        let transaction = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)
            .map_err(|why| Failure::Begin(why.into()))?;
        run(&transaction, batch).map_err(Failure::Work)?;
        transaction.commit().map_err(|why| Failure::Work(why.into()))?;
        self.commits.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// Where a batch came to grief.
enum Failure {
    /// Before its first job.
    Begin(StoreError),
    /// In one of its jobs or in the commit.
    Work(StoreError),
}

fn run(db: &Connection, batch: &mut [Job]) -> Result<(), StoreError> {
    batch.iter_mut().try_for_each(|job| job.task.run(db))
}

fn answer(batch: impl IntoIterator<Item = Job>, outcome: &Result<(), StoreError>) {
    for job in batch {
        job.task.answer(outcome.clone());
    }
}
