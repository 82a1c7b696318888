//! How much happened in the games: a promise that nobody was given, or that everybody was excused from, is kept without
//! being tested. So the figures are shown, and figures that no honest series of games has are a failure.

use std::fmt;
use std::ops::AddAssign;

use talon::lifecycle::Note;

/// A series as long as this is told by its averages; in a shorter one chance weighs more.
const LONG_SERIES: u64 = 200;

/// What happened, in one game or in all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    pub games: u64,
    /// Tickets that were saved as open, and as closed by the bot.
    pub opened: u64,
    pub closed: u64,
    /// Processes that died without having been asked to, and tickets' actors that panicked.
    pub crashes: u64,
    pub panics: u64,
    /// Requests of people, and those whose answer is not insisted on.
    pub asked: u64,
    pub waived: u64,
}

impl Figures {
    pub fn count_notes(&mut self, notes: &[Note]) {
        for note in notes {
            match note {
                Note::Opened { .. } => self.opened += 1,
                Note::Closed { .. } => self.closed += 1,
                _ => {}
            }
        }
    }

    /// What makes these figures implausible, if anything.
    pub fn check(&self) -> Result<(), String> {
        let Self { games, opened, closed, crashes, panics, asked, waived } = *self;
        for (what, count) in [("game was played", games), ("ticket was opened", opened), ("ticket was closed", closed)]
        {
            if count == 0 {
                return Err(format!("no {what}"));
            }
        }
        if games < LONG_SERIES {
            return Ok(());
        }
        // How much a series of 1,000 games has, a game: 3.1 tickets opened, 3.2 closed, 0.6 crashes, 0.12 panics, 15
        // requests, of which 46 % are waived. Hundredths.
        for (what, count, of, least, most) in [
            ("tickets opened", opened, games, 200, 1_000),
            ("tickets closed", closed, games, 200, 1_000),
            ("crashes", crashes, games, 20, 300),
            ("panics", panics, games, 2, 100),
            ("requests", asked, games, 800, 5_000),
            ("waived requests", waived, asked, 5, 52),
        ] {
            if !(of * least..=of * most).contains(&(count * 100)) {
                return Err(format!("{count} {what} of {of} are not between {least} and {most} hundredths"));
            }
        }
        Ok(())
    }
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.games += other.games;
        self.opened += other.opened;
        self.closed += other.closed;
        self.crashes += other.crashes;
        self.panics += other.panics;
        self.asked += other.asked;
        self.waived += other.waived;
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { games, opened, closed, crashes, panics, asked, waived } = self;
        write!(
            f,
            "{games} games: {opened} tickets opened, {closed} closed; {crashes} crashes, {panics} panics; {asked} requests, \
             {waived} of them waived"
        )
    }
}
