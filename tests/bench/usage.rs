//! What the measured bot uses, and what the sandbox uses beside it.

use std::fs;

use crate::process::{read_cpu_time, read_kilobytes};
use crate::test_bot::TestBot;

/// What a process holds in memory, in MiB.
#[derive(Clone, Copy)]
pub struct Memory {
    /// All of it, what it shares with others included.
    pub resident: f64,
    /// With its part of what it shares.
    pub proportional: f64,
}

impl TestBot {
    /// What the process holds in memory now.
    pub fn memory(&self) -> Memory {
        let sums = format!("/proc/{}/smaps_rollup", self.process_id());
        let mebibytes = |name| f64::from(read_kilobytes(&sums, name)) / 1024.0;
        Memory { resident: mebibytes("Rss:"), proportional: mebibytes("Pss:") }
    }

    /// How many files and sockets the process has open.
    pub fn open_files(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.process_id())).expect("/proc tells a living process").count()
    }
}

/// How many seconds the threads of this process with this name have been on a processor.
pub fn own_cpu(thread: &str) -> f64 {
    let tasks = fs::read_dir("/proc/self/task").expect("/proc tells the threads").filter_map(Result::ok);
    let named = tasks.map(|task| task.path()).filter(|task| {
        // A thread that has just ended has no name any more.
        fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim() == thread)
    });
    named.map(|task| read_cpu_time(&task.join("stat").to_string_lossy()).as_secs_f64()).sum()
}
