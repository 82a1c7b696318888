//! Whether the bot is well, for whoever asks from outside.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ractor::{ActorRef, call_t};
use tokio::time::timeout;

use crate::actors::clock;
use crate::actors::supervisor::SupervisorMsg;
use crate::counts::Counts;
use crate::store::Store;

/// A supervisor or a store that is well answers within this time.
pub(super) const PATIENCE_MS: u64 = 2_000;
/// Discord wants a heartbeat every 41 seconds; so long without one that was acknowledged, and nobody is there.
const PULSELESS: Duration = Duration::from_secs(120);

/// What the supervisor knows of its house.
#[derive(Clone, Copy, Debug)]
pub struct Census {
    /// Tickets with a channel.
    pub open: usize,
    /// Tickets with something going on.
    pub living: usize,
    /// How the gateway is.
    pub line: GatewayLine,
    /// The panel has been looked at, with whatever outcome.
    pub panel_checked: bool,
}

impl Census {
    /// What members press is heard, and the panel has been seen to.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        self.line.connected && self.panel_checked
    }
}

/// How the connection to the gateway is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GatewayLine {
    /// All of it is connected.
    pub connected: bool,
    /// When Discord last acknowledged a heartbeat, or took us in.
    pub heartbeat: Option<SystemTime>,
}

/// Looks whether the bot is well.
#[derive(Clone)]
pub struct Vitals {
    /// Who knows.
    pub supervisor: ActorRef<SupervisorMsg>,
    /// What must be writable.
    pub store: Store,
    /// What is counted.
    pub counts: Arc<Counts>,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Checkup {
    /// What the supervisor said, if it answered.
    pub census: Option<Census>,
    /// How long ago Discord acknowledged a heartbeat.
    pub heartbeat_age: Option<Duration>,
    /// Why the store cannot be written to, if it cannot.
    pub store: Result<(), String>,
    /// Calls that wait for a limit or an answer.
    pub calls: i64,
    /// How long ago another process was seen to use the bot's token, if ever.
    pub another_process_age: Option<Duration>,
}

impl Checkup {
    /// All is well.
    #[must_use]
    pub fn is_well(&self) -> bool {
        let connected = self.census.is_some_and(|census| census.line.connected);
        connected && self.heartbeat_age.is_some_and(|age| age < PULSELESS) && self.store.is_ok()
    }
}

impl Vitals {
    /// Looks.
    pub async fn check(&self) -> Checkup {
        let (census, store) = tokio::join!(self.census(), self.store());
        let age = |at| clock::now().duration_since(at).unwrap_or_default();
        let heartbeat = census.and_then(|census| census.line.heartbeat);
        Checkup {
            census,
            heartbeat_age: heartbeat.map(age),
            store,
            calls: self.counts.under_way.get(),
            another_process_age: self.counts.another_process_seen().map(age),
        }
    }

    /// What is counted, as text.
    pub async fn counts(&self) -> String {
        let census = self.census().await;
        self.counts.show(census.map_or(0, |census| census.open), census.map_or(0, |census| census.living))
    }

    async fn census(&self) -> Option<Census> {
        call_t!(self.supervisor, SupervisorMsg::Count, PATIENCE_MS).ok()
    }

    async fn store(&self) -> Result<(), String> {
        match timeout(Duration::from_millis(PATIENCE_MS), self.store.probe()).await {
            Ok(written) => written.map_err(|error| error.to_string()),
            Err(_) => Err("the disk takes longer than it should: see whether it is full or failing".to_owned()),
        }
    }
}
