//! The running process, as the system sees it: how it is asked to stop, and what it uses. Its own words do not count.

use std::fs;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use crate::test_bot::TestBot;

impl TestBot {
    /// The id of the running process.
    pub fn process_id(&self) -> u32 {
        self.process.as_ref().expect("the bot runs").id()
    }

    /// Asks the process to stop, as a service manager does, and does not wait for its end.
    pub fn request_stop(&self) {
        let asked = Command::new("kill").arg(self.process_id().to_string()).status().expect("`kill` can be run");
        assert!(asked.success(), "the bot could not be asked to stop");
    }

    /// How the process ended, once it has.
    pub fn take_exit(&mut self) -> Option<ExitStatus> {
        let status = self.process.as_mut().expect("the bot runs").try_wait().expect("the bot can be waited for")?;
        self.process = None;
        Some(status)
    }

    /// How long the process has kept a processor busy so far.
    pub fn cpu_time(&self) -> Duration {
        read_cpu_time(&format!("/proc/{}/stat", self.process_id()))
    }
}

/// How long a process or thread has kept a processor busy, by its `stat` file in `/proc`.
pub fn read_cpu_time(stat: &str) -> Duration {
    let stat = fs::read_to_string(stat).expect("/proc tells a living process");
    // After the name, which may hold anything: user and system time are the 14th and 15th field, in hundredths of a second.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).map(|field| field.parse::<u64>().expect("a number of ticks")).sum();
    Duration::from_millis(10 * ticks)
}

/// An amount of memory in kilobytes, from the line of a file in `/proc` that begins with this name.
pub fn read_kilobytes(file: &str, name: &str) -> u32 {
    let text = fs::read_to_string(file).expect("/proc tells a living process");
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name} in {file}"));
    line.split_whitespace().next().and_then(|number| number.parse().ok()).expect("kilobytes")
}
