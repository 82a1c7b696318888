//! How the connection is, which the library tells nobody.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use serenity::gateway::{ConnectionStage, ShardManager};

use super::status::{GatewayStatus, Stage};

/// How often it is looked.
const GLANCE: Duration = Duration::from_millis(500);

/// Looks, for ever, and writes down what has changed. That a heartbeat was acknowledged shows only in the latency, which is
/// measured anew each time.
pub(super) async fn watch(shards: &ShardManager, status: &GatewayStatus) -> Infallible {
    let mut known = HashMap::new();
    loop {
        tokio::time::sleep(GLANCE).await;
        for (shard, runner) in shards.runners.lock().await.iter() {
            let (shard, now) = (shard.0, (runner.stage, runner.latency));
            let before = known.insert(shard, now);
            if before.is_some_and(|(stage, _)| stage == ConnectionStage::Connected && stage != now.0) {
                status.failed(shard, "the connection ended");
            }
            status.enter(shard, stage(runner.stage));
            if before.is_some_and(|(_, latency)| latency != now.1) {
                status.heard(shard);
            }
        }
    }
}

const fn stage(stage: ConnectionStage) -> Stage {
    match stage {
        ConnectionStage::Connected => Stage::Live,
        ConnectionStage::Connecting => Stage::Connecting,
        ConnectionStage::Handshake => Stage::AwaitingHello,
        ConnectionStage::Identifying => Stage::Identifying,
        ConnectionStage::Resuming => Stage::Resuming,
        _ => Stage::Waiting,
    }
}
