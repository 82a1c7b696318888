//! The simulator: the bot's own rules against the sandbox's own Discord, under every misfortune that a seed can think of.
//!
//! Nothing here waits, and no clock is read: time jumps from one happening to the next, so that a game of half an hour
//! takes milliseconds. A seed that fails prints what happened, and fails again in the same way:
//!
//! ```text
//! TALON_SEED=1234 cargo test --test sim
//! TALON_SEEDS=1000000 cargo test --profile simulate --test sim
//! ```

mod bot;
mod dice;
mod disk;
mod figures;
mod game;
mod line;
mod people;
mod post;
mod promises;
mod rows;
mod trace;
mod weather;

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use figures::Figures;
use game::Game;

/// As many as a developer has patience for.
const SEEDS: u64 = 1000;

#[test]
fn whatever_happens_the_promises_are_kept() {
    match number("TALON_SEED") {
        Some(seed) => report(seed, play(seed, true).1),
        None => play_many(number("TALON_FIRST").unwrap_or_default(), number("TALON_SEEDS").unwrap_or(SEEDS)),
    }
}

fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

/// Plays so many seeds on all cores, and then shows the first one that failed.
fn play_many(first: u64, count: u64) {
    let figures = Mutex::new(Figures::default());
    let next = AtomicU64::new(first);
    let failed = AtomicU64::new(u64::MAX);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let seed = next.fetch_add(1, Ordering::Relaxed)
                    && seed < (first + count).min(failed.load(Ordering::Relaxed))
                {
                    let (played, outcome) = play(seed, false);
                    *figures.lock().expect("no game panics outside its own bounds") += played;
                    if outcome.is_err() {
                        failed.fetch_min(seed, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner();
    if failed != u64::MAX {
        report(failed, play(failed, true).1);
    }
    let figures = figures.into_inner().expect("all games are over");
    println!("{figures}");
    assert_eq!(figures.games, count, "games played");
    if let Err(implausible) = figures.check() {
        panic!("{implausible}\n{figures}");
    }
}

/// One game. The trace is written for those who want to read it, and for whoever fails.
fn play(seed: u64, traced: bool) -> (Figures, Result<(), String>) {
    let mut game = Game::new(seed, traced);
    let ended = catch_unwind(AssertUnwindSafe(|| game.play()));
    let outcome = match ended {
        Ok(()) => game.promises.outcome(),
        Err(_) => Err("the bot panicked".to_owned()),
    };
    if traced {
        eprint!("{}", game.trace.text());
    }
    (game.figures, outcome)
}

fn report(seed: u64, outcome: Result<(), String>) {
    if let Err(broken) = outcome {
        panic!("seed {seed}: {broken}\nagain: TALON_SEED={seed} cargo test --test sim");
    }
}
