//! What the system says of a process: its own words do not count.

use std::fs;

/// In one second. `/proc` counts in hundredths, on every Linux there is.
const TICKS: f64 = 100.0;

/// How many seconds a process has been on a processor.
pub fn cpu(pid: u32) -> f64 {
    seconds(&format!("/proc/{pid}/stat"))
}

/// How many seconds the threads of this process with this name have been on a processor.
pub fn own_cpu(thread: &str) -> f64 {
    let tasks = fs::read_dir("/proc/self/task").expect("/proc tells the threads").filter_map(Result::ok);
    let named = tasks.map(|task| task.path()).filter(|task| {
        // A thread that has just ended has no name any more.
        fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim() == thread)
    });
    named.map(|task| seconds(&task.join("stat").to_string_lossy())).sum()
}

/// In user and system mode together: the fields 14 and 15, of which two stand before the name's end.
fn seconds(path: &str) -> f64 {
    let stat = fs::read_to_string(path).expect("/proc tells a living process");
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
    let count: u32 = fields.skip(11).take(2).filter_map(|field| field.parse::<u32>().ok()).sum();
    f64::from(count) / TICKS
}

/// How many files and sockets a process has open.
pub fn open_files(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).expect("/proc tells a living process").count()
}

/// What a process holds in memory, in MiB.
#[derive(Clone, Copy)]
pub struct Memory {
    /// All of it, what it shares with others included.
    pub resident: f64,
    /// With its part of what it shares.
    pub proportional: f64,
}

/// What a process holds in memory now.
pub fn memory(pid: u32) -> Memory {
    let sums = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("/proc tells a living process");
    let sum = |name: &str| {
        let line = sums.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        let kilobytes: f64 = line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or_default();
        kilobytes / 1024.0
    };
    Memory { resident: sum("Rss:"), proportional: sum("Pss:") }
}
