//! Whether the bot is well, for whoever asks from outside.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ractor::{ActorRef, call_t};
use tokio::time::{Instant, timeout};

use crate::actors::supervisor::SupervisorMsg;
use crate::discord::{RestStatus, Transport};
use crate::status::gateway::{SessionStarts, ShardStatus, Stage};
use crate::status::{PanelStatus, StartStatus, Status};
use crate::store::Store;

/// A supervisor or a store that is well answers within this time.
pub(super) const PATIENCE_MS: u64 = 2_000;
/// Discord wants a heartbeat every 41 seconds; so long without one that was acknowledged, and nobody is there.
const PULSELESS: Duration = Duration::from_secs(120);
/// A bar of the address that has lasted longer than this needs somebody to look at it, as does a limit on all requests
/// that is going to.
const HELD_UP_FOR_LONG: Duration = Duration::from_secs(60);

/// What the supervisor knows of its house.
#[derive(Clone, Copy, Debug)]
pub struct Census {
    /// Tickets with a channel.
    pub open: usize,
    /// Tickets with something going on.
    pub living: usize,
    /// The panel has been in its place since the start.
    pub panel_stands: bool,
}

/// Looks whether the bot is well.
#[derive(Clone)]
pub struct Vitals {
    /// Who knows, once the start has come so far.
    pub supervisor: Arc<OnceLock<ActorRef<SupervisorMsg>>>,
    /// How the bot is doing.
    pub status: Arc<Status>,
    /// What must be writable.
    pub store: Store,
    /// The way to Discord, which counts what is done and knows what holds it up.
    pub transport: Arc<Transport>,
}

/// Whether the supervisor answered.
#[derive(Clone, Copy, Debug)]
pub enum SupervisorCheck {
    /// The start has not come so far.
    NotStarted,
    /// It did not answer in time.
    Silent,
    /// It answered.
    Answered(Census),
}

impl SupervisorCheck {
    /// What it answered.
    #[must_use]
    pub const fn census(self) -> Option<Census> {
        match self {
            Self::Answered(census) => Some(census),
            Self::NotStarted | Self::Silent => None,
        }
    }
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Checkup {
    /// When it was looked.
    pub now: Instant,
    /// How far the start has come.
    pub start: StartStatus,
    /// What the supervisor said.
    pub supervisor: SupervisorCheck,
    /// The connections to the gateway; none before it is known how many there are.
    pub shards: Vec<ShardStatus>,
    /// Discord's limit on new sessions.
    pub session_starts: Option<SessionStarts>,
    /// When the next session may begin, if that has to wait.
    pub next_identify: Option<Instant>,
    /// How it stands with Discord's REST interface.
    pub rest: RestStatus,
    /// What is known of the panel message.
    pub panel: PanelStatus,
    /// What the bot is set up with and does not find in its server, a sentence each.
    pub setup: Vec<String>,
    /// Why the store cannot be written to, if it cannot.
    pub store: Result<(), String>,
    /// Calls that wait for a limit or an answer.
    pub calls: i64,
    /// When another process was last seen to use the bot's token.
    pub another_process_seen: Option<Instant>,
}

impl Checkup {
    /// Events are heard on every shard.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        !self.shards.is_empty() && self.shards.iter().all(|shard| shard.stage == Stage::Live)
    }

    /// How long ago Discord was last heard, on the shard on which that is longest ago.
    #[must_use]
    pub fn heartbeat_age(&self) -> Option<Duration> {
        let heard = self.shards.iter().map(|shard| shard.heard).collect::<Option<Vec<_>>>()?;
        heard.into_iter().min().map(|heard| self.age(heard))
    }

    /// The shard that most deserves a look: one that is not live, or the one that was heard longest ago.
    #[must_use]
    pub fn worst_shard(&self) -> Option<&ShardStatus> {
        self.shards.iter().min_by_key(|shard| (shard.stage == Stage::Live, shard.heard, shard.since))
    }

    /// How long ago this was.
    #[must_use]
    pub fn age(&self, then: Instant) -> Duration {
        self.now.saturating_duration_since(then)
    }

    /// How long it is until then.
    #[must_use]
    pub fn time_until(&self, then: Instant) -> Duration {
        then.saturating_duration_since(self.now)
    }

    /// All that keeps the bot from doing its work, a sentence each; nothing, if it is well.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        match &self.start {
            StartStatus::Reaching { since, attempts, last_error, next_attempt } => {
                let held_up = || self.rest.blocking_reason().map(|why| format!(": {why}"));
                let tried =
                    last_error.as_ref().map(|error| format!(", in {attempts} attempts: {error}")).or_else(held_up);
                let next = next_attempt.map(|next| format!("; next attempt in {} s", self.time_until(next).as_secs()));
                let (tried, next) = (tried.unwrap_or_default(), next.unwrap_or_default());
                let seconds = self.age(*since).as_secs();
                problems.push(format!("Discord has not been reached for {seconds} s{tried}{next}"));
            }
            StartStatus::Reached => problems.extend(self.gateway_problems()),
        }
        if let SupervisorCheck::Silent = self.supervisor {
            problems.push("the supervisor does not answer".to_owned());
        }
        problems.extend(self.rest_problem());
        problems.extend(self.setup.iter().cloned());
        problems.extend(self.store.as_ref().err().map(|why| format!("the database cannot be written: {why}")));
        problems
    }

    fn rest_problem(&self) -> Option<String> {
        if let Some(barred) = self.rest.ip_block {
            let (since, next) = (self.age(barred.since), barred.next_probe.as_secs());
            return (since > HELD_UP_FOR_LONG).then(|| {
                format!("Cloudflare has blocked this IP address for {} s; next probe in {next} s", since.as_secs())
            });
        }
        let left = self.rest.global_limit.filter(|left| *left > HELD_UP_FOR_LONG)?;
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
            let silent = shard.heard.map(|heard| self.age(heard)).filter(|age| *age >= PULSELESS)?;
            return Some(format!("Discord has not acknowledged a heartbeat for {} s", silent.as_secs()));
        }
        let failed = (shard.attempts > 0).then(|| format!(", failed connections: {}", shard.attempts));
        let last = shard.last_error.as_ref().map(|error| format!(", the last one: {error}"));
        let next = self.next_identify.map(|next| self.time_until(next).as_secs());
        let next = next.map(|seconds| format!("; Discord allows the next session in {seconds} s"));
        let more: String = [failed, last, next].into_iter().flatten().collect();
        Some(format!("not live, {} for {} s{more}", shard.stage, self.age(shard.since).as_secs()))
    }
}

/// The whole in a line that holds no ages: what holds up all requests, or how far the rest has come.
pub(super) fn summarize(status: &Status, rest: &RestStatus) -> String {
    rest.blocking_reason().map_or_else(|| status.summary(), str::to_owned)
}

impl Vitals {
    /// All of it in a line, for a service manager.
    #[must_use]
    pub fn summary(&self) -> String {
        summarize(&self.status, &self.transport.status())
    }

    /// Looks.
    pub async fn check(&self) -> Checkup {
        let (supervisor, store) = tokio::join!(self.ask_supervisor(), self.probe_store());
        let gateway = &self.status.gateway;
        let (session_starts, next_identify) = gateway.session_starts();
        Checkup {
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
            calls: self.transport.counts().under_way.get(),
        }
    }

    /// What is counted, as text.
    pub async fn counts(&self) -> String {
        let census = self.ask_supervisor().await.census();
        let (open, living) = (census.map_or(0, |census| census.open), census.map_or(0, |census| census.living));
        self.transport.counts().show(open, living, &self.status)
    }

    async fn ask_supervisor(&self) -> SupervisorCheck {
        let Some(supervisor) = self.supervisor.get() else { return SupervisorCheck::NotStarted };
        match call_t!(supervisor, SupervisorMsg::Count, PATIENCE_MS) {
            Ok(census) => SupervisorCheck::Answered(census),
            Err(_) => SupervisorCheck::Silent,
        }
    }

    async fn probe_store(&self) -> Result<(), String> {
        match timeout(Duration::from_millis(PATIENCE_MS), self.store.probe()).await {
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

    /// All is well, a thousand seconds after the start.
    fn checkup() -> Checkup {
        let begin = Instant::now();
        let now = begin + seconds(1_000);
        let shard = ShardStatus {
            stage: Stage::Live,
            since: begin,
            attempts: 0,
            last_error: None,
            heard: Some(now - seconds(30)),
        };
        Checkup {
            now,
            start: StartStatus::Reached,
            supervisor: SupervisorCheck::Answered(Census { open: 1, living: 0, panel_stands: true }),
            shards: vec![shard.clone(), shard],
            session_starts: None,
            next_identify: None,
            rest: RestStatus::default(),
            panel: PanelStatus::InPlace,
            setup: Vec::new(),
            store: Ok(()),
            calls: 0,
            another_process_seen: None,
        }
    }

    /// The one problem after this change.
    #[track_caller]
    fn problem(change: impl FnOnce(&mut Checkup)) -> String {
        let mut checkup = checkup();
        assert_eq!(checkup.problems(), [""; 0], "all is well before");
        change(&mut checkup);
        let problems = checkup.problems();
        let [problem] = &problems[..] else { panic!("one problem: {problems:?}") };
        problem.clone()
    }

    #[test]
    fn each_thing_that_is_amiss_is_told_with_its_numbers() {
        let told = problem(|found| {
            let (since, next_attempt) = (found.now - seconds(61), Some(found.now + seconds(7)));
            let last_error = Some("the name is not found".to_owned());
            found.start = StartStatus::Reaching { since, attempts: 4, last_error, next_attempt };
            found.shards.clear();
            found.supervisor = SupervisorCheck::NotStarted;
        });
        assert_eq!(
            told,
            "Discord has not been reached for 61 s, in 4 attempts: the name is not found; next attempt in 7 s"
        );
        let told = problem(|found| {
            let (since, next) = (found.now - seconds(12), found.now + seconds(90));
            let shard = &mut found.shards[1];
            (shard.stage, shard.since, shard.attempts) = (Stage::Waiting, since, 3);
            shard.last_error = Some("connection reset".to_owned());
            found.next_identify = Some(next);
        });
        assert_eq!(
            told,
            "shard 1: not live, waiting for 12 s, failed connections: 3, the last one: connection reset; Discord allows \
             the next session in 90 s"
        );
        let told = problem(|found| found.shards[0].heard = Some(found.now - PULSELESS));
        assert!(told.contains("shard 0") && told.contains("heartbeat for 120 s"), "{told}");
        assert!(problem(|found| found.supervisor = SupervisorCheck::Silent).contains("supervisor"));
        assert!(problem(|found| found.store = Err("full".to_owned())).contains("database cannot be written: full"));
        assert_eq!(problem(|found| found.setup.push("Category: gone".to_owned())), "Category: gone");
        assert!(problem(|found| found.shards.clear()).contains("no connection"));
    }

    #[test]
    fn what_holds_up_all_requests_counts_when_it_lasts() {
        let bar = |found: &mut Checkup, since: u64| {
            found.rest.ip_block = Some(IpBlock { since: found.now - seconds(since), next_probe: seconds(40) });
        };
        let mut found = checkup();
        bar(&mut found, 60);
        assert_eq!(found.problems(), [""; 0], "it may be over in a moment");
        assert_eq!(
            problem(|found| bar(found, 61)),
            "Cloudflare has blocked this IP address for 61 s; next probe in 40 s"
        );
        found.rest = RestStatus { global_limit: Some(seconds(60)), ..RestStatus::default() };
        assert_eq!(found.problems(), [""; 0], "it will be over in a moment");
        assert_eq!(
            problem(|found| found.rest.global_limit = Some(seconds(960))),
            "a global rate limit of Discord's holds up all requests for 960 s more"
        );
    }

    #[test]
    fn the_shard_that_is_not_live_is_the_worst_one() {
        let mut found = checkup();
        assert_eq!(found.heartbeat_age(), Some(seconds(30)));
        found.shards[1].stage = Stage::Resuming;
        assert_eq!(found.worst_shard().map(|shard| shard.stage), Some(Stage::Resuming));
        assert!(!found.is_connected());
        found.shards[1].heard = None;
        assert_eq!(found.heartbeat_age(), None);
    }
}
