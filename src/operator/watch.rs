//! Keeps watch, while the bot runs, over what it is set up with: the panel channel, the category, the support role, its own
//! rights. What goes is told when it goes, in the doctor's words, and once more when all is right again.
//!
//! Events ask for a look; there is one look for all that come within a few seconds of each other. What Discord does not
//! tell changes nothing, and is asked for again.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::actors::clock;
use crate::discord::{Client, ConfiguredIds};
use crate::operator::checks;
use crate::operator::doctor::{LOG, diagnostics};
use crate::operator::facts::Facts;
use crate::operator::finding::{Finding, Status};
use crate::status::setup::SetupStatus;

/// A look follows so long after the last event of several, and at most so long after the first.
const QUIET: Duration = Duration::from_secs(2);
const MAX_DELAY: Duration = Duration::from_secs(10);
/// A look takes a dozen requests: there is never more than one in this time.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// What Discord did not tell is asked for again after this long, as long as it does not.
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// Looks again whenever it is worth it, for ever. `facts` is what was found at the start.
pub async fn watch(client: &Client, settings: ConfiguredIds, mut facts: Facts, setup: &SetupStatus) -> Infallible {
    let mut watch = Watch::default();
    // Where the configured channels were when they were last found.
    let mut last_home = None;
    // The log has told these already.
    watch.compare(checks::examine_setup(&facts));
    loop {
        setup.set_problems(watch.problems());
        sleep(LOOK_INTERVAL).await;
        // What is wrong may also pass without any event, as a time-out does.
        wait_for_request(setup, facts.discord.is_err() || watch.unsure || !watch.wrong.is_empty()).await;
        let home =
            facts.discord.as_ref().ok().and_then(|found| found.home.as_ref().ok()).map(|home| home.guild.clone());
        last_home = home.or(last_home);
        facts.discord = diagnostics(client.run_diagnostics(settings, clock::now)).await;
        if let (Some(home), Ok(found)) = (&last_home, &mut facts.discord) {
            found.compare_home(home);
        }
        if facts.discord.is_ok() {
            watch.compare(checks::examine_setup(&facts)).iter().for_each(Change::log);
        }
    }
}

/// Until something has happened and a moment has passed; where the last look left something open, for a limited time.
async fn wait_for_request(setup: &SetupStatus, unsure: bool) {
    if !unsure {
        setup.wait_for_request().await;
    } else if timeout(RETRY_AFTER, setup.wait_for_request()).await.is_err() {
        return;
    }
    let first = Instant::now();
    while first.elapsed() < MAX_DELAY && timeout(QUIET, setup.wait_for_request()).await.is_ok() {}
}

/// What is known to be wrong.
#[derive(Debug, Default)]
struct Watch {
    wrong: BTreeMap<&'static str, Finding>,
    /// Something could not be looked at.
    unsure: bool,
}

/// What has changed since the last look.
#[derive(Debug, PartialEq, Eq)]
enum Change {
    Wrong(Finding),
    Permission(Finding),
}

impl Watch {
    fn compare(&mut self, findings: Vec<Finding>) -> Vec<Change> {
        self.unsure = false;
        findings.into_iter().filter_map(|finding| self.change(finding)).collect()
    }

    fn change(&mut self, finding: Finding) -> Option<Change> {
        match finding.status {
            Status::Error if self.wrong.get(finding.check) == Some(&finding) => None,
            Status::Error => {
                self.wrong.insert(finding.check, finding.clone());
                Some(Change::Wrong(finding))
            }
            Status::Ok | Status::Warning => self.wrong.remove(finding.check).map(|_| Change::Permission(finding)),
            // What it hangs on is told by itself.
            Status::Unchecked if finding.depends() => {
                self.wrong.remove(finding.check);
                None
            }
            Status::Unchecked => {
                self.unsure = true;
                None
            }
        }
    }

    fn problems(&self) -> Vec<String> {
        self.wrong.values().map(ToString::to_string).collect()
    }
}

impl Change {
    fn log(&self) {
        match self {
            Self::Wrong(finding) => tracing::error!(target: LOG, check = finding.check, "{finding}"),
            Self::Permission(finding) => {
                tracing::info!(target: LOG, check = finding.check, "all right again: {finding}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::finding::Verdict;

    fn finding(check: &'static str, verdict: Verdict) -> Finding {
        let Verdict { status, found, remedy } = verdict;
        Finding { check, title: check, status, found, remedy }
    }

    fn told(changes: &[Change]) -> Vec<(bool, String)> {
        let told = |change: &Change| match change {
            Change::Wrong(finding) => (false, finding.to_string()),
            Change::Permission(finding) => (true, finding.to_string()),
        };
        changes.iter().map(told).collect()
    }

    #[test]
    fn what_goes_is_told_once_and_once_more_when_it_is_back() {
        let gone = || vec![finding("category", Verdict::error("gone", "make one"))];
        let there = || vec![finding("category", Verdict::ok("tickets"))];
        let mut watch = Watch::default();
        assert_eq!(told(&watch.compare(there())), []);
        assert_eq!(told(&watch.compare(gone())), [(false, "category: gone: make one".to_owned())]);
        assert_eq!(watch.problems(), ["category: gone: make one"]);
        assert_eq!(told(&watch.compare(gone())), []);
        assert_eq!(told(&watch.compare(there())), [(true, "category: tickets".to_owned())]);
        assert_eq!((told(&watch.compare(there())), watch.problems()), (vec![], vec![]));
    }

    #[test]
    fn what_discord_does_not_tell_changes_nothing_and_is_asked_again() {
        let mut watch = Watch::default();
        watch.compare(vec![finding("category", Verdict::error("gone", "make one"))]);
        assert!(watch.compare(vec![finding("category", Verdict::unchecked("no answer", "ask again"))]).is_empty());
        assert_eq!((watch.problems().len(), watch.unsure), (1, true));
        // Out of the server, all else hangs on that.
        let out =
            vec![finding("server", Verdict::error("in none", "invite")), finding("category", Verdict::depends("none"))];
        assert_eq!(told(&watch.compare(out)).len(), 1);
        assert_eq!((watch.problems(), watch.unsure), (vec!["server: in none: invite".to_owned()], false));
    }
}
