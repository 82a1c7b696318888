//! `talon sandbox` as a process: what it prints, and how it ends.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// How long it may take to start, or to end.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// A running `talon sandbox`, and what it has told a newcomer.
pub struct Demo {
    pub(crate) process: Child,
    pub(crate) guide: String,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Demo {
    /// Starts it on a free port, and reads what it prints, up to its last line.
    pub async fn start(arguments: &[&str]) -> Self {
        Self::start_at("0", arguments).await
    }

    /// Starts it on this port.
    pub async fn start_at(port: &str, arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_talon"));
        // Whatever the language of whoever runs the tests.
        process.env("LOCALE", "ru").stderr(Stdio::null());
        Self::run(process, port, arguments).await
    }

    /// The same, in an environment of one's own making.
    pub async fn run(mut process: Command, port: &str, arguments: &[&str]) -> Self {
        let mut process = process
            .args(["sandbox", "--port", port])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("talon starts");
        let mut lines = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        let mut guide = String::new();
        // The address stands alone, at the end.
        while !guide.lines().last().is_some_and(|line| line.trim().starts_with("http://")) {
            let line =
                timeout(PATIENCE, lines.next_line()).await.expect("it says how to use it").expect("it can be read");
            guide += &line.expect("it goes on running");
            guide.push('\n');
        }
        let talon = Self { process, guide, lines };
        assert_eq!(talon.guide.lines().last().map(str::trim), Some(talon.address()), "{}", talon.guide);
        talon
    }

    /// Where it listens, as it says itself.
    pub fn address(&self) -> &str {
        let address = self.guide.split_whitespace().find(|word| word.starts_with("http://"));
        address.expect("it says where it is").trim_end_matches(',')
    }

    /// Its port on loopback.
    pub fn port(&self) -> &str {
        self.address().rsplit(':').next().expect("an address has a port")
    }

    /// Sends it a signal, and waits for its end.
    pub async fn stop(mut self, signal: &str) -> ExitStatus {
        let id = self.process.id().expect("it runs").to_string();
        let sent = Command::new("kill").args(["-s", signal, &id]).status().await;
        assert!(sent.expect("`kill` can be run").success());
        self.until_silent().await;
        timeout(PATIENCE, self.process.wait()).await.expect("it ends soon").expect("it can be waited for")
    }

    /// Waits for the end of all processes that print to the same place: its own, and that of its bot.
    pub async fn until_silent(&mut self) {
        let ended = async { while self.lines.next_line().await.expect("it can be read").is_some() {} };
        timeout(PATIENCE, ended).await.expect("it ends soon");
    }
}
