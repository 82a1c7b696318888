//! The disk's work, in time: jobs wait for each other, and some take seconds.
//!
//! As the store does it, what is asked for while the disk works is done together, after that and in its order. What a
//! process had asked for when it died is done or not, but never the later job without the earlier one.

use std::mem;
use std::time::{Duration, SystemTime};

use talon::ids::{Owner, TicketNumber};
use talon::lifecycle::{ChannelCandidate, DiskJob, Document, JournalEvent, Outcome, Request};

use crate::bot::Seat;
use crate::figures::Count;
use crate::game::{Game, Happening};
use crate::rows::Failed;

/// How long a slow job takes, in milliseconds: with luck nobody notices, or a press must be deferred, or a restart is
/// faster.
const SLOW: [u64; 6] = [200, 1200, 2500, 4000, 9000, 30_000];

/// When the disk has done what it is doing, and what gathers meanwhile.
pub struct Disk {
    working: SystemTime,
    gathering: SystemTime,
}

/// What a process asks of the disk.
pub enum Job {
    Load {
        to: Seat,
        owner: Owner,
    },
    Save {
        to: Seat,
        owner: Owner,
        row: Box<Row>,
    },
    /// Which of these channels are tickets.
    LookUp {
        to: Seat,
        call: Request,
        channels: Vec<ChannelCandidate>,
    },
}

/// How often the store is asked for deadlines.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// What is saved of a ticket at a time.
pub struct Row {
    pub document: Document,
    /// The number that its channel shows already.
    pub shows: Option<TicketNumber>,
    pub notes: Vec<JournalEvent>,
}

impl Disk {
    pub fn new(now: SystemTime) -> Self {
        Self { working: now, gathering: now }
    }

    /// When a job that is asked for now is done, if it takes so long.
    fn done(&mut self, now: SystemTime, takes: Duration) -> SystemTime {
        if self.working <= now {
            self.working = mem::replace(&mut self.gathering, now);
        }
        if self.working <= now {
            self.working = now + takes;
            return self.working;
        }
        if self.gathering <= self.working {
            self.gathering = self.working + takes;
        }
        self.gathering
    }
}

impl Game {
    pub fn ask_disk(&mut self, job: Job) {
        let slow = self.dice.happens(self.weather.slow_disk);
        let takes = if slow { Duration::from_millis(self.dice.pick(&SLOW)) } else { self.dice.millis(0, 3) };
        let done = self.disk.done(self.now, takes);
        if slow {
            self.tell(|_| format!("the disk takes {takes:?}"));
        }
        self.plan_at(done, Happening::Disk(job));
    }

    pub fn ask_disk_for(&mut self, to: Seat, owner: Owner, job: DiskJob) {
        match job {
            DiskJob::Load => self.ask_disk(Job::Load { to, owner }),
            DiskJob::Save => {
                if let Some(row) = self.pending_save(owner) {
                    self.ask_disk(Job::Save { to, owner, row });
                }
            }
        }
    }

    pub fn disk_done(&mut self, job: Job) {
        match job {
            Job::Load { to, owner } => {
                let row = self.rows.read(owner).ok();
                self.loaded(to, row);
            }
            Job::Save { to, owner, row } => {
                let outcome = self.save(owner, &row);
                self.saved(to, &outcome);
            }
            Job::LookUp { to, call, channels } => {
                let answer = self.mark_owned(channels);
                self.answer_heard(to, call, answer);
            }
        }
    }

    /// The process is gone, and with it what it had asked for; how much of that was done by then is chance, unless it
    /// was given the time to finish.
    pub fn leave_disk(&mut self, finished: bool) {
        let jobs = self.take_disk_jobs();
        let done = if finished { u64::MAX } else { self.dice.roll(jobs.len() as u64 + 1) };
        for (_, job) in (0..done).zip(jobs) {
            if let Job::Save { owner, row, .. } = job {
                // Nobody is left to hear what came of it.
                drop(self.save(owner, &row));
            }
        }
        self.disk = Disk::new(self.now);
    }

    fn save(&mut self, owner: Owner, Row { document, shows, notes }: &Row) -> Result<Option<TicketNumber>, Failed> {
        let before = self.rows.state(owner);
        let fails = self.dice.happens(self.weather.unsaved);
        let outcome = if fails { Err(Failed) } else { self.rows.save(owner, document, *shows) };
        let saved = if outcome.is_ok() { "saved" } else { "NOT SAVED" };
        self.tell(|_| format!("{} {saved}: {document:?}, {notes:?}", owner.member));
        if outcome.is_ok() {
            self.figures.add_notes(notes);
            self.check_row(owner, &before, &document.state);
        }
        outcome
    }

    /// As `actors` does it: Discord does not know whose a channel is.
    fn mark_owned(&self, mut channels: Vec<ChannelCandidate>) -> Outcome {
        if self.rows.broken {
            return Outcome::Indeterminate;
        }
        for candidate in &mut channels {
            candidate.owned = self.rows.owner(candidate.channel).is_some();
        }
        Outcome::Channels(channels)
    }

    /// The scheduler asks the store which tickets are due soon.
    pub fn schedule(&mut self, life: u64) {
        if self.bot.as_ref().is_none_or(|bot| bot.life != life || bot.draining) {
            return;
        }
        self.plan(LOOK_INTERVAL, Happening::Schedule { life });
        if self.rows.broken {
            return;
        }
        for owner in self.rows.due(self.horizon()) {
            if !self.is_loaded(owner) {
                self.figures.add(Count::Woken, 1);
                self.resume(owner);
            }
        }
    }
}
