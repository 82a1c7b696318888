//! How much happened in the games: a promise that nobody was given, or that everybody was excused from, is kept without
//! being tested. So the figures are shown, and figures that no honest series of games has are a failure.

use std::fmt;
use std::ops::AddAssign;

use talon::lifecycle::JournalEvent;

/// A series as long as this is told by its averages; in a shorter one chance weighs more.
const LONG_SERIES: u64 = 200;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Tickets that were saved as open, and as closed by the bot.
    Opened,
    Closed,
    /// Tickets that the Python bot left open, and channels that were taken over as tickets: those, and copies.
    Inherited,
    Adopted,
    /// Channels that were found after an unknown outcome, or that people deleted.
    Found,
    Gone,
    /// Calls that were repeated.
    Retried,
    /// Members who were let into their ticket again.
    LetIn,
    /// Processes that died without having been asked to, those that were asked to, and tickets' actors that panicked.
    Crashes,
    Stops,
    Panics,
    /// Tickets that waited for a deadline on the disk alone, and were loaded for it.
    Woken,
    /// Stories that the journal actor was asked for.
    Stories,
    /// Requests of people, and those whose answer is not insisted on.
    Asked,
    Waived,
}

/// How much of it a long series has, in hundredths: of a game, or of a request. A series of 1,000 games is near the
/// middle.
struct Limit {
    count: Count,
    what: &'static str,
    per: Per,
    least: u64,
    most: u64,
}

#[derive(Clone, Copy)]
enum Per {
    Game,
    Request,
}

const fn limit(count: Count, what: &'static str, per: Per, (least, most): (u64, u64)) -> Limit {
    Limit { count, what, per, least, most }
}

const LIMITS: [Limit; 15] = [
    limit(Count::Opened, "tickets opened", Per::Game, (200, 1_000)),
    limit(Count::Closed, "closed", Per::Game, (200, 1_000)),
    limit(Count::Inherited, "left by another bot", Per::Game, (8, 100)),
    limit(Count::Adopted, "adopted", Per::Game, (15, 200)),
    limit(Count::Found, "found again", Per::Game, (2, 50)),
    limit(Count::Gone, "deleted by people", Per::Game, (8, 150)),
    limit(Count::Retried, "calls repeated", Per::Game, (70, 1_000)),
    limit(Count::LetIn, "members let in again", Per::Game, (3, 60)),
    limit(Count::Crashes, "crashes", Per::Game, (20, 300)),
    limit(Count::Stops, "stops", Per::Game, (8, 150)),
    limit(Count::Panics, "panics", Per::Game, (2, 100)),
    limit(Count::Woken, "woken by the scheduler", Per::Game, (100, 1_000)),
    limit(Count::Stories, "stories asked for", Per::Game, (8, 150)),
    limit(Count::Asked, "requests", Per::Game, (800, 5_000)),
    limit(Count::Waived, "of them waived", Per::Request, (5, 52)),
];

/// What happened, in one game or in all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    pub games: u64,
    counts: [u64; LIMITS.len()],
}

impl Figures {
    pub fn one_game() -> Self {
        Self { games: 1, ..Self::default() }
    }

    pub fn add(&mut self, count: Count, more: u64) {
        self.counts[count as usize] += more;
    }

    pub fn add_notes(&mut self, notes: &[JournalEvent]) {
        for note in notes {
            let count = match note {
                JournalEvent::Opened { .. } => Count::Opened,
                JournalEvent::Closed { .. } => Count::Closed,
                JournalEvent::Adopted { .. } => Count::Adopted,
                JournalEvent::Found { .. } => Count::Found,
                JournalEvent::Gone { .. } => Count::Gone,
                JournalEvent::Retrying { .. } => Count::Retried,
                JournalEvent::AccessRestored => Count::LetIn,
                _ => continue,
            };
            self.add(count, 1);
        }
    }

    fn of(&self, count: Count) -> u64 {
        self.counts[count as usize]
    }

    /// What makes these figures implausible, if anything.
    pub fn check(&self) -> Result<(), String> {
        if self.games == 0 || self.of(Count::Opened) == 0 || self.of(Count::Closed) == 0 {
            return Err("no game was played, no ticket was opened, or none was closed".to_owned());
        }
        if self.games < LONG_SERIES {
            return Ok(());
        }
        for limit in &LIMITS {
            let of = match limit.per {
                Per::Game => self.games,
                Per::Request => self.of(Count::Asked),
            };
            let count = self.of(limit.count);
            if !(of * limit.least..=of * limit.most).contains(&(count * 100)) {
                let Limit { what, least, most, .. } = limit;
                return Err(format!("{what}: {count} in {of} are not between {least} and {most} hundredths"));
            }
        }
        Ok(())
    }
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.games += other.games;
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} games", self.games)?;
        LIMITS.iter().try_for_each(|limit| write!(f, ", {} {}", self.of(limit.count), limit.what))
    }
}

#[test]
fn each_count_has_a_limit_that_a_part_which_is_missing_breaks() {
    // As a series of 200 games has them, each of them missing once.
    let ordinary = || {
        let mut figures = Figures { games: LONG_SERIES, ..Figures::default() };
        for limit in &LIMITS {
            let of = if matches!(limit.per, Per::Game) { LONG_SERIES } else { figures.of(Count::Asked) };
            figures.add(limit.count, of * limit.least.midpoint(limit.most) / 100);
        }
        figures
    };
    assert_eq!(ordinary().check(), Ok(()));
    for (place, limit) in LIMITS.iter().enumerate() {
        assert_eq!(limit.count as usize, place, "the limits stand in the order of the counts");
        for wrong in [0, u64::from(u32::MAX)] {
            let mut figures = ordinary();
            figures.counts[place] = wrong;
            assert!(figures.check().is_err(), "{wrong} {}", limit.what);
        }
    }
}
