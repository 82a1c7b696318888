//! How fast, and how small? The real binary against the sandbox, with real sockets and a real database.
//!
//! ```sh
//! cargo bench                                # the whole table; some rows take minutes
//! cargo bench -- --quick                     # without those
//! cargo bench -- opening closing --runs 9    # only these rows, the median of nine runs
//! cargo bench -- --json                      # for machines
//! cargo bench -- --versus path/to/talon      # another build beside this one, pair by pair
//! cargo bench -- parts                       # the rules, the registry and the store by themselves
//! ```
//!
//! A machine that does other things, too, makes all times longer. Counts stay what they are, and two builds can be
//! compared when they take turns.

#[path = "../support/process.rs"]
mod process;
#[path = "../support/test_bot.rs"]
mod test_bot;

mod figure;
mod rig;
mod rows;
mod seed;
mod usage;
mod versus;

use std::path::{self, Path, PathBuf};

use clap::Parser;
use serde_json::Value;

use crate::figure::{Figure, medians};
use crate::rows::{PARTS, ROWS, Row};

/// Measures the bot.
#[derive(Parser)]
struct Options {
    /// Only these rows
    rows: Vec<String>,
    /// How often each row is measured; the median counts
    #[arg(long)]
    runs: Option<usize>,
    /// Leave out what takes minutes
    #[arg(long)]
    quick: bool,
    /// One JSON document instead of a table
    #[arg(long)]
    json: bool,
    /// Measure the bot in this binary, not the one that cargo has just built
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// Compare with the bot in this binary, the two taking turns
    #[arg(long, value_name = "PATH")]
    versus: Option<PathBuf>,
    /// Said by cargo when it is meant
    #[arg(long, hide = true)]
    bench: bool,
}

/// How often a row is measured that does not take minutes.
const RUNS: usize = 3;

fn main() {
    let options = Options::parse();
    if !options.bench {
        return println!("nothing is measured here but by `cargo bench`");
    }
    // Each bot runs in a folder of its own.
    let absolute = |path: &PathBuf| path::absolute(path).expect("the path of the binary");
    let binary = options.binary.as_ref().map_or(PathBuf::from(env!("CARGO_BIN_EXE_talon")), absolute);
    let rows: Vec<&Row> = ROWS.iter().chain([&PARTS]).filter(|row| options.wants(row)).collect();
    match &options.versus {
        Some(other) => versus::compare(&binary, &absolute(other), &rows, options.runs.unwrap_or(RUNS)),
        None => table(&binary, &rows, &options),
    }
}

impl Options {
    fn wants(&self, row: &Row) -> bool {
        let named = self.rows.iter().any(|name| name == row.name);
        named || self.rows.is_empty() && !(row.slow && (self.quick || self.versus.is_some()))
    }
}

fn table(binary: &Path, rows: &[&Row], options: &Options) {
    let measured: Vec<(&Row, Vec<Figure>)> =
        rows.iter().map(|row| (*row, measure(binary, row, options.runs))).collect();
    if options.json {
        let rows = measured
            .iter()
            .map(|(row, figures)| (row.name.to_owned(), figures.iter().map(Figure::json).collect::<Value>()));
        return println!("{:#}", Value::Object(rows.collect()));
    }
    println!("| {:<64} | {:>10} | {:>10} |   |", "what", "measured", "target");
    println!("|{:-<66}|{:->12}|{:->12}|---|", "", ":", ":");
    for figure in measured.iter().flat_map(|(_, figures)| figures) {
        println!("{figure}");
    }
}

fn measure(binary: &Path, row: &Row, runs: Option<usize>) -> Vec<Figure> {
    eprintln!("measuring {} …", row.name);
    let runs = runs.unwrap_or(if row.slow { 1 } else { RUNS });
    medians(&(0..runs).map(|_| (row.measure)(binary)).collect::<Vec<_>>())
}
