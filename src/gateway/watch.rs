//! How the connection is, which the library tells nobody.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ractor::ActorRef;
use serenity::gateway::{ConnectionStage, ShardManager};

use crate::actors::clock;
use crate::actors::supervisor::SupervisorMsg;
use crate::actors::vitals::GatewayLine;

/// How often it is looked.
const GLANCE: Duration = Duration::from_millis(500);

/// Looks, for ever, and tells what has changed. That a heartbeat was acknowledged shows only in the latency, which is
/// measured anew each time.
pub(super) async fn watch(
    shards: &ShardManager,
    wanted: usize,
    welcomed: &AtomicBool,
    supervisor: &ActorRef<SupervisorMsg>,
) -> Infallible {
    let (mut line, mut known) = (GatewayLine::default(), Vec::new());
    loop {
        tokio::time::sleep(GLANCE).await;
        let (connected, latencies) = look(shards, wanted, welcomed.load(Ordering::Relaxed)).await;
        if connected == line.connected && (!connected || latencies == known) {
            continue;
        }
        known = latencies;
        line = GatewayLine { connected, heartbeat: if connected { Some(clock::now()) } else { line.heartbeat } };
        // Nobody hears it at the end.
        let _ = supervisor.cast(SupervisorMsg::Line(line));
    }
}

async fn look(shards: &ShardManager, wanted: usize, welcomed: bool) -> (bool, Vec<Option<Duration>>) {
    let runners = shards.runners.lock().await;
    let connected = runners.values().filter(|runner| is_up(runner.stage, welcomed)).count();
    (connected >= wanted, runners.values().map(|runner| runner.latency).collect())
}

/// Whoever could not read its welcome goes on introducing itself in the library's eyes, and hears everything all the same.
fn is_up(stage: ConnectionStage, welcomed: bool) -> bool {
    stage == ConnectionStage::Connected || welcomed && stage == ConnectionStage::Identifying
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_up_when_the_bot_was_welcomed() {
        for (stage, unread, read) in [
            (ConnectionStage::Connected, true, true),
            (ConnectionStage::Identifying, true, false),
            (ConnectionStage::Handshake, false, false),
            (ConnectionStage::Resuming, false, false),
            (ConnectionStage::Disconnected, false, false),
        ] {
            assert_eq!((is_up(stage, true), is_up(stage, false)), (unread, read), "{stage}");
        }
    }
}
