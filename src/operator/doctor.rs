//! `talon doctor`: looks at everything before members do, and says what is wrong and where to set it right.
//!
//! It changes nothing, and may look on while the bot runs. The bot itself does the same at each start, in the log, and again
//! whenever something of it may have gone (see `watch`).

use std::convert::Infallible;
use std::io::{self, IsTerminal};
use std::time::Duration;

use clap::Args;
use tokio::time::timeout;

use crate::actors::clock;
use crate::config::{Config, SetupChecks};
use crate::discord::{Client, Diagnostics, DiscordError, Transport};
use crate::operator::checks;
use crate::operator::facts::{self, Facts};
use crate::operator::finding::{self, Finding, Status};
use crate::operator::watch;
use crate::status::setup::SetupStatus;

/// The name under which the log tells what is wrong. Whoever switches it off is not told, and nothing is looked at.
pub(super) const LOG: &str = "talon::doctor";
/// Whoever asks wants an answer, even if Discord has a limit on for longer. Each look has a shorter time of its own.
const PATIENCE: Duration = Duration::from_secs(45);

/// The exit code where something is wrong.
const WRONG: u8 = 1;
/// The exit code where nothing is known to be wrong, and something could not be checked. 2 is for wrong settings.
const UNCHECKED: u8 = 3;

/// How to tell it.
#[derive(Args, Debug, Default)]
pub struct Options {
    /// Print an array of {check, status, found, remedy}
    #[arg(long)]
    json: bool,
}

/// What was found, to be printed.
pub struct Report {
    findings: Vec<Finding>,
    json: bool,
}

/// Looks at everything.
pub async fn run(config: &Config, options: &Options) -> Report {
    let diagnostics = async {
        let transport = Transport::with_timeout(&config.token, config.proxy.as_deref(), config.request_timeout)?;
        diagnostics(transport.run_diagnostics(facts::configured_ids(config), clock::now)).await
    };
    let facts = Facts { discord: diagnostics.await, disk: facts::disk(config) };
    Report { findings: checks::examine(&facts), json: options.json }
}

impl Report {
    /// What the process ends with: 0 if nothing is wrong, `WRONG`, or `UNCHECKED` if something could not be checked.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match finding::worst(&self.findings) {
            Status::Ok | Status::Warning => 0,
            Status::Unchecked => UNCHECKED,
            Status::Error => WRONG,
        }
    }

    /// The report, as it was asked for.
    #[must_use]
    pub fn text(&self) -> String {
        if self.json {
            // Nothing in it can fail to be written: names, words and nothing else.
            return serde_json::to_string_pretty(&self.findings).unwrap_or_default() + "\n";
        }
        let colours = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        finding::table(&self.findings, colours)
    }
}

/// Looks at everything while the bot starts, says in the log what is wrong, and then keeps watch over what may go.
pub async fn watch(client: &Client, config: Config, setup: &SetupStatus) -> Infallible {
    if config.setup_checks == SetupChecks::On {
        let ids = facts::configured_ids(&config);
        let discord = diagnostics(client.run_diagnostics(ids, clock::now)).await;
        // The database is read from end to end, and others want to use this thread meanwhile.
        let disk = tokio::task::spawn_blocking(move || facts::disk(&config)).await;
        if let Ok(disk) = disk {
            let facts = Facts { discord, disk };
            log(&checks::examine(&facts));
            return watch::watch(client, ids, facts, setup).await;
        }
    }
    std::future::pending().await
}

pub(super) async fn diagnostics(
    asked: impl Future<Output = Result<Diagnostics, DiscordError>>,
) -> Result<Diagnostics, DiscordError> {
    timeout(PATIENCE, asked).await.unwrap_or(Err(DiscordError::NoAnswer(None)))
}

fn log(findings: &[Finding]) {
    // Whoever listens says so where the bot cannot listen to what is written.
    let told: Vec<Finding> = findings.iter().filter(|finding| finding.check != "message_content").cloned().collect();
    for finding in &told {
        match finding.status {
            Status::Ok => tracing::debug!(target: LOG, check = finding.check, "{finding}"),
            Status::Warning => tracing::warn!(target: LOG, check = finding.check, "{finding}"),
            Status::Error => tracing::error!(target: LOG, check = finding.check, "{finding}"),
            // Once for each cause, below.
            Status::Unchecked => {}
        }
    }
    for (finding, titles) in finding::causes(&told) {
        let sentence = finding.sentence(&titles.join(", "));
        if finding.depends() {
            tracing::debug!(target: LOG, check = finding.check, "{sentence}");
        } else {
            tracing::warn!(target: LOG, check = finding.check, "{sentence}");
        }
    }
    tracing::info!(target: LOG, "{}", finding::summary(findings));
}
