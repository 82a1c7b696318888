//! How the connection is, which the library tells nobody.

use std::time::Duration;

use ractor::ActorRef;
use serenity::gateway::{ConnectionStage, ShardManager};
use tokio::time::Instant;

use crate::actors::clock;
use crate::actors::supervisor::SupervisorMsg;
use crate::actors::vitals::GatewayLine;
use crate::gateway::thread::{STAGE_LIMIT, Signs};

/// How often it is looked.
const GLANCE: Duration = Duration::from_millis(500);

/// Looks until the connection has not been live for [`STAGE_LIMIT`], and tells what has changed. That a heartbeat was
/// acknowledged shows only in the latency, which is measured anew each time.
pub(super) async fn watch(shards: &ShardManager, wanted: usize, supervisor: &ActorRef<SupervisorMsg>, signs: &Signs) {
    let (mut line, mut known, mut last_live) = (GatewayLine::default(), Vec::new(), Instant::now());
    loop {
        tokio::time::sleep(GLANCE).await;
        let (connected, latencies) = look(shards, wanted).await;
        if connected {
            last_live = Instant::now();
            signs.went_live();
        } else if last_live.elapsed() >= STAGE_LIMIT {
            let _ = supervisor.cast(SupervisorMsg::Line(GatewayLine { connected, ..line }));
            return;
        }
        if connected == line.connected && (!connected || latencies == known) {
            continue;
        }
        known = latencies;
        line = GatewayLine { connected, heartbeat: if connected { Some(clock::now()) } else { line.heartbeat } };
        // Nobody hears it at the end.
        let _ = supervisor.cast(SupervisorMsg::Line(line));
    }
}

async fn look(shards: &ShardManager, wanted: usize) -> (bool, Vec<Option<Duration>>) {
    let runners = shards.runners.lock().await;
    let connected = runners.values().filter(|runner| runner.stage == ConnectionStage::Connected).count();
    (connected >= wanted, runners.values().map(|runner| runner.latency).collect())
}
