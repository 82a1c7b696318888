//! The status as Prometheus reads it: what is true at the moment of a scrape.

use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tokio::time::Instant;

use crate::status::{PanelStatus, Status};

/// The numbers, as they were at the last scrape. What is not known is "not a number", which no alert takes for a value.
#[derive(Debug, Default)]
pub struct Gauges {
    gateway_connected: Gauge,
    heartbeat_age: Gauge<f64, AtomicU64>,
    failures: Counter,
    session_starts: Gauge<f64, AtomicU64>,
    panel_in_place: Gauge,
}

impl Gauges {
    /// Names them.
    pub fn register(&self, all: &mut Registry) {
        let shards = "1 while there is a live session on every shard of the gateway";
        all.register("gateway_connected", shards, self.gateway_connected.clone());
        let age = "Since Discord was last heard on the shard where that is longest ago";
        all.register("gateway_heartbeat_age_seconds", age, self.heartbeat_age.clone());
        let failures = "Connections to the gateway that ended or could not be made";
        all.register("gateway_connection_failures", failures, self.failures.clone());
        let left = "New gateway sessions that Discord allows until its limit is reset";
        all.register("gateway_session_starts_remaining", left, self.session_starts.clone());
        all.register("panel_in_place", "1 if the panel message was there when last looked at", {
            self.panel_in_place.clone()
        });
    }

    /// Reads the status.
    pub fn update(&self, status: &Status) {
        let gateway = &status.gateway;
        self.gateway_connected.set(gateway.is_live().into());
        let heard = gateway.shards().into_iter().map(|shard| shard.heard).collect::<Option<Vec<_>>>();
        let oldest = heard.and_then(|heard| heard.into_iter().min());
        let age = oldest.map(|oldest| Instant::now().saturating_duration_since(oldest).as_secs_f64());
        self.heartbeat_age.set(age.unwrap_or(f64::NAN));
        let (starts, _) = gateway.session_starts();
        self.session_starts.set(starts.map_or(f64::NAN, |starts| starts.remaining.into()));
        // Two scrapes at once may both see the same new failures: the counter itself tells which of them adds them.
        self.failures.inner().fetch_max(gateway.failures(), std::sync::atomic::Ordering::Relaxed);
        self.panel_in_place.set((status.panel() == PanelStatus::InPlace).into());
    }
}
