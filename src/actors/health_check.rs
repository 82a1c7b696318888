//! Collects what `/healthz`, `/metrics` and the service manager report about the bot.
//!
//! Liveness is proven by an answer: the supervisor has to reply and the database has to accept a write within
//! `CHECK_TIMEOUT_MS`. Everything else is read from [`Status`] without waiting.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ractor::{ActorRef, call_t};
use tokio::time::{Instant, timeout};

use crate::actors::supervisor::SupervisorMsg;
use crate::discord::{RestStatus, Transport};
use crate::status::gateway::{SessionStarts, ShardStatus, Stage};
use crate::status::{PanelStatus, StartStatus, Status};
use crate::store::Store;

/// How long the supervisor and the database may each take to answer a check.
pub(super) const CHECK_TIMEOUT_MS: u64 = 2_000;
/// A live session without an acknowledged heartbeat for this long is a problem. Discord asks for one every 41 seconds.
const HEARTBEAT_ACK_TIMEOUT: Duration = Duration::from_secs(120);
/// A bar of the address is a problem once it has lasted longer than this, and a global rate limit if that much is left.
const MAX_HOLDUP: Duration = Duration::from_secs(60);

/// The supervisor's numbers.
#[derive(Clone, Copy, Debug)]
pub struct Stats {
    /// Tickets with a channel.
    pub open: usize,
    /// Tickets with a running actor.
    pub active: usize,
    /// The panel message has been report or sent since the start.
    pub panel_in_place: bool,
}

/// Handles to every part that a health check examines.
#[derive(Clone)]
pub struct HealthCheck {
    /// Empty until the actors have been started, which needs an answer from Discord.
    pub supervisor: Arc<OnceLock<ActorRef<SupervisorMsg>>>,
    /// The state of the start, the gateway, the panel and the setup.
    pub status: Arc<Status>,
    /// Probed with a write.
    pub store: Store,
    /// Holds the metrics and the state of the REST connection.
    pub transport: Arc<Transport>,
}

/// Result of asking the supervisor for its numbers.
#[derive(Clone, Copy, Debug)]
pub enum SupervisorCheck {
    /// The supervisor has not been started yet.
    NotStarted,
    /// No answer within `CHECK_TIMEOUT_MS`.
    TimedOut,
    /// The supervisor answered.
    Answered(Stats),
}

impl SupervisorCheck {
    /// The numbers, if the supervisor answered.
    #[must_use]
    pub const fn stats(self) -> Option<Stats> {
        match self {
            Self::Answered(stats) => Some(stats),
            Self::NotStarted | Self::TimedOut => None,
        }
    }
}

/// The state of the bot at one moment.
#[derive(Clone, Debug)]
pub struct HealthReport {
    /// The moment of the check; all ages are relative to it.
    pub now: Instant,
    /// Whether Discord has answered the first requests.
    pub start: StartStatus,
    /// The supervisor's answer.
    pub supervisor: SupervisorCheck,
    /// The gateway connection of each shard; empty until Discord has named the number of shards.
    pub shards: Vec<ShardStatus>,
    /// Discord's limit on new gateway sessions, as last reported.
    pub session_starts: Option<SessionStarts>,
    /// When the next session may begin, if a limit delays it.
    pub next_identify: Option<Instant>,
    /// The state of the REST connection.
    pub rest: RestStatus,
    /// The state of the panel message.
    pub panel: PanelStatus,
    /// Configured channels, roles and permissions that are missing in the server, one sentence each.
    pub setup: Vec<String>,
    /// The reason why the database cannot be written, if it cannot.
    pub store: Result<(), String>,
    /// REST requests that wait for a rate limit or a response.
    pub requests_in_flight: i64,
    /// When another process was last seen using the same token.
    pub another_process_seen: Option<Instant>,
}

impl HealthReport {
    /// Whether every shard has a live session.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        !self.shards.is_empty() && self.shards.iter().all(|shard| shard.stage == Stage::Live)
    }

    /// Time since the last heartbeat acknowledgement, on the shard where it is longest ago; `None` if a shard has had none.
    #[must_use]
    pub fn heartbeat_age(&self) -> Option<Duration> {
        let acks = self.shards.iter().map(|shard| shard.last_heartbeat_ack).collect::<Option<Vec<_>>>()?;
        acks.into_iter().min().map(|ack| self.age(ack))
    }

    /// The shard to report first: one that is not live, otherwise the one with the oldest acknowledgement.
    #[must_use]
    pub fn worst_shard(&self) -> Option<&ShardStatus> {
        self.shards.iter().min_by_key(|shard| (shard.stage == Stage::Live, shard.last_heartbeat_ack, shard.since))
    }

    /// Time from `then` to the moment of the check.
    #[must_use]
    pub fn age(&self, then: Instant) -> Duration {
        self.now.saturating_duration_since(then)
    }

    /// Time from the moment of the check to `then`.
    #[must_use]
    pub fn time_until(&self, then: Instant) -> Duration {
        then.saturating_duration_since(self.now)
    }

    /// Everything that keeps the bot from working, one sentence each. Empty means healthy: `/healthz` answers 200.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        match &self.start {
            StartStatus::Connecting { since, attempts, last_error, next_attempt } => {
                let held_up = || self.rest.blocking_reason().map(|why| format!(": {why}"));
                let reason =
                    last_error.as_ref().map(|error| format!(", in {attempts} attempts: {error}")).or_else(held_up);
                let next = next_attempt.map(|next| format!("; next attempt in {} s", self.time_until(next).as_secs()));
                let (reason, next) = (reason.unwrap_or_default(), next.unwrap_or_default());
                let seconds = self.age(*since).as_secs();
                problems.push(format!("Discord has not been reached for {seconds} s{reason}{next}"));
            }
            StartStatus::Connected => problems.extend(self.gateway_problems()),
        }
        if let SupervisorCheck::TimedOut = self.supervisor {
            problems.push("the supervisor does not answer".to_owned());
        }
        problems.extend(self.rest_problem());
        problems.extend(self.setup.iter().cloned());
        problems.extend(self.panel_problem());
        problems.extend(self.store.as_ref().err().map(|why| format!("the database cannot be written: {why}")));
        problems
    }

    /// Members cannot press the button, or see what it is for.
    fn panel_problem(&self) -> Option<String> {
        match &self.panel {
            PanelStatus::Deleted => Some("the panel was deleted; it is put back within a minute".to_owned()),
            PanelStatus::Contested => Some(
                "somebody keeps changing the panel or hiding its embeds, and the bot has left it as it is: find out who \
                 (Server Settings → Audit Log), and send !setuptickets"
                    .to_owned(),
            ),
            // What is wrong is named among the problems of the setup, if a retry does not mend it.
            PanelStatus::Unchecked | PanelStatus::InPlace | PanelStatus::Failing { .. } => None,
        }
    }

    fn rest_problem(&self) -> Option<String> {
        if let Some(block) = self.rest.ip_block {
            let (since, next) = (self.age(block.since), block.next_probe.as_secs());
            return (since > MAX_HOLDUP).then(|| {
                format!("Cloudflare has blocked this IP address for {} s; next probe in {next} s", since.as_secs())
            });
        }
        let left = self.rest.global_limit.filter(|left| *left > MAX_HOLDUP)?;
        Some(format!("a global rate limit of Discord's holds up all requests for {} s more", left.as_secs()))
    }

    fn gateway_problems(&self) -> Vec<String> {
        if self.shards.is_empty() {
            return vec!["no connection to Discord's gateway has begun".to_owned()];
        }
        let numbered = self.shards.iter().enumerate();
        numbered.filter_map(|(number, shard)| Some(format!("shard {number}: {}", self.shard_problem(shard)?))).collect()
    }

    fn shard_problem(&self, shard: &ShardStatus) -> Option<String> {
        if shard.stage == Stage::Live {
            let overdue =
                shard.last_heartbeat_ack.map(|ack| self.age(ack)).filter(|age| *age >= HEARTBEAT_ACK_TIMEOUT)?;
            return Some(format!("Discord has not acknowledged a heartbeat for {} s", overdue.as_secs()));
        }
        let failed = (shard.attempts > 0).then(|| format!(", failed connections: {}", shard.attempts));
        let last = shard.last_error.as_ref().map(|error| format!(", the last one: {error}"));
        let next = self.next_identify.map(|next| self.time_until(next).as_secs());
        let next = next.map(|seconds| format!("; Discord allows the next session in {seconds} s"));
        let details: String = [failed, last, next].into_iter().flatten().collect();
        Some(format!("not live, {} for {} s{details}", shard.stage, self.age(shard.since).as_secs()))
    }
}

/// One line without ages: what holds up all requests, otherwise the summary of the status.
pub(super) fn summarize(status: &Status, rest: &RestStatus) -> String {
    rest.blocking_reason().map_or_else(|| status.summary(), str::to_owned)
}

impl HealthCheck {
    /// One line for the service manager.
    #[must_use]
    pub fn summary(&self) -> String {
        summarize(&self.status, &self.transport.status())
    }

    /// Asks the supervisor, probes the database and reads the rest. Takes at most `CHECK_TIMEOUT_MS`.
    pub async fn run_check(&self) -> HealthReport {
        let (supervisor, store) = tokio::join!(self.query_supervisor(), self.probe_store());
        let gateway = &self.status.gateway;
        let (session_starts, next_identify) = gateway.session_starts();
        HealthReport {
            now: Instant::now(),
            start: self.status.start(),
            supervisor,
            shards: gateway.shards(),
            session_starts,
            next_identify,
            rest: self.transport.status(),
            panel: self.status.panel(),
            setup: self.status.setup.problems(),
            store,
            another_process_seen: self.status.another_process_seen(),
            requests_in_flight: self.transport.metrics().requests_in_flight.get(),
        }
    }

    /// All metrics in the `OpenMetrics` text format.
    pub async fn encode_metrics(&self) -> String {
        let stats = self.query_supervisor().await.stats();
        let (open, active) = (stats.map_or(0, |stats| stats.open), stats.map_or(0, |stats| stats.active));
        self.transport.metrics().encode_text(open, active, &self.status)
    }

    async fn query_supervisor(&self) -> SupervisorCheck {
        let Some(supervisor) = self.supervisor.get() else { return SupervisorCheck::NotStarted };
        match call_t!(supervisor, SupervisorMsg::Count, CHECK_TIMEOUT_MS) {
            Ok(stats) => SupervisorCheck::Answered(stats),
            Err(_) => SupervisorCheck::TimedOut,
        }
    }

    async fn probe_store(&self) -> Result<(), String> {
        match timeout(Duration::from_millis(CHECK_TIMEOUT_MS), self.store.probe()).await {
            Ok(written) => written.map_err(|error| error.to_string()),
            Err(_) => Err("the disk takes longer than it should: see whether it is full or failing".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discord::IpBlock;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Every part is healthy, a thousand seconds after the start.
    fn healthy_report() -> HealthReport {
        let begin = Instant::now();
        let now = begin + seconds(1_000);
        let shard = ShardStatus {
            stage: Stage::Live,
            since: begin,
            attempts: 0,
            last_error: None,
            last_heartbeat_ack: Some(now - seconds(30)),
        };
        HealthReport {
            now,
            start: StartStatus::Connected,
            supervisor: SupervisorCheck::Answered(Stats { open: 1, active: 0, panel_in_place: true }),
            shards: vec![shard.clone(), shard],
            session_starts: None,
            next_identify: None,
            rest: RestStatus::default(),
            panel: PanelStatus::InPlace,
            setup: Vec::new(),
            store: Ok(()),
            requests_in_flight: 0,
            another_process_seen: None,
        }
    }

    /// The only problem after this change.
    #[track_caller]
    fn problem(change: impl FnOnce(&mut HealthReport)) -> String {
        let mut report = healthy_report();
        assert_eq!(report.problems(), [""; 0], "healthy before the change");
        change(&mut report);
        let problems = report.problems();
        let [problem] = &problems[..] else { panic!("one problem: {problems:?}") };
        problem.clone()
    }

    #[test]
    fn each_problem_is_reported_with_its_numbers() {
        let sentence = problem(|report| {
            let (since, next_attempt) = (report.now - seconds(61), Some(report.now + seconds(7)));
            let last_error = Some("the name is not report".to_owned());
            report.start = StartStatus::Connecting { since, attempts: 4, last_error, next_attempt };
            report.shards.clear();
            report.supervisor = SupervisorCheck::NotStarted;
        });
        assert_eq!(
            sentence,
            "Discord has not been reached for 61 s, in 4 attempts: the name is not report; next attempt in 7 s"
        );
        let sentence = problem(|report| {
            let (since, next) = (report.now - seconds(12), report.now + seconds(90));
            let shard = &mut report.shards[1];
            (shard.stage, shard.since, shard.attempts) = (Stage::Waiting, since, 3);
            shard.last_error = Some("connection reset".to_owned());
            report.next_identify = Some(next);
        });
        assert_eq!(
            sentence,
            "shard 1: not live, waiting for 12 s, failed connections: 3, the last one: connection reset; Discord allows \
             the next session in 90 s"
        );
        let sentence = problem(|report| report.shards[0].last_heartbeat_ack = Some(report.now - HEARTBEAT_ACK_TIMEOUT));
        assert!(sentence.contains("shard 0") && sentence.contains("heartbeat for 120 s"), "{sentence}");
        assert!(problem(|report| report.supervisor = SupervisorCheck::TimedOut).contains("supervisor"));
        assert!(problem(|report| report.store = Err("full".to_owned())).contains("database cannot be written: full"));
        assert_eq!(problem(|report| report.setup.push("Category: gone".to_owned())), "Category: gone");
        assert!(problem(|report| report.shards.clear()).contains("no connection"));
    }

    #[test]
    fn a_panel_that_is_gone_or_that_somebody_keeps_changing_is_a_problem() {
        let of = |panel| problem(|report| report.panel = panel);
        assert_eq!(of(PanelStatus::Deleted), "the panel was deleted; it is put back within a minute");
        assert!(of(PanelStatus::Contested).starts_with("somebody keeps changing the panel or hiding its embeds"));
    }

    #[test]
    fn a_bar_or_a_global_limit_is_a_problem_once_it_lasts() {
        let bar = |report: &mut HealthReport, since: u64| {
            report.rest.ip_block = Some(IpBlock { since: report.now - seconds(since), next_probe: seconds(40) });
        };
        let mut report = healthy_report();
        bar(&mut report, 60);
        assert_eq!(report.problems(), [""; 0], "it may be over in a moment");
        assert_eq!(
            problem(|report| bar(report, 61)),
            "Cloudflare has blocked this IP address for 61 s; next probe in 40 s"
        );
        report.rest = RestStatus { global_limit: Some(seconds(60)), ..RestStatus::default() };
        assert_eq!(report.problems(), [""; 0], "it will be over in a moment");
        assert_eq!(
            problem(|report| report.rest.global_limit = Some(seconds(960))),
            "a global rate limit of Discord's holds up all requests for 960 s more"
        );
    }

    #[test]
    fn the_shard_that_is_not_live_is_the_worst_one() {
        let mut report = healthy_report();
        assert_eq!(report.heartbeat_age(), Some(seconds(30)));
        report.shards[1].stage = Stage::Resuming;
        assert_eq!(report.worst_shard().map(|shard| shard.stage), Some(Stage::Resuming));
        assert!(!report.is_connected());
        report.shards[1].last_heartbeat_ack = None;
        assert_eq!(report.heartbeat_age(), None);
    }
}
