//! Gauges that are read from [`Status`] at the moment of a scrape.

use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tokio::time::Instant;

use crate::status::{PanelStatus, Status};

/// The values as of the last scrape. An unknown value is NaN, which no alert mistakes for a number.
#[derive(Debug, Default)]
pub struct StatusGauges {
    gateway_connected: Gauge,
    heartbeat_age: Gauge<f64, AtomicU64>,
    connection_failures: Counter,
    session_starts: Gauge<f64, AtomicU64>,
    panel_in_place: Gauge,
}

impl StatusGauges {
    /// Registers each gauge under its name.
    pub fn register_all(&self, registry: &mut Registry) {
        let connected = "1 while every shard has a live gateway session";
        registry.register("gateway_connected", connected, self.gateway_connected.clone());
        let age = "Time since the last heartbeat acknowledgement, on the shard where it is longest ago";
        registry.register("gateway_heartbeat_age_seconds", age, self.heartbeat_age.clone());
        let failures = "Gateway connections that ended or could not be opened";
        registry.register("gateway_connection_failures", failures, self.connection_failures.clone());
        let remaining = "New gateway sessions that Discord allows until its limit is reset";
        registry.register("gateway_session_starts_remaining", remaining, self.session_starts.clone());
        registry.register("panel_in_place", "1 if the panel message was there at the last check", {
            self.panel_in_place.clone()
        });
    }

    /// Sets every gauge to its current value.
    pub fn update_from(&self, status: &Status) {
        let gateway = &status.gateway;
        self.gateway_connected.set(gateway.is_live().into());
        let acks = gateway.shards().into_iter().map(|shard| shard.last_heartbeat_ack).collect::<Option<Vec<_>>>();
        let oldest = acks.and_then(|acks| acks.into_iter().min());
        let age = oldest.map(|oldest| Instant::now().saturating_duration_since(oldest).as_secs_f64());
        self.heartbeat_age.set(age.unwrap_or(f64::NAN));
        let (starts, _) = gateway.session_starts();
        self.session_starts.set(starts.map_or(f64::NAN, |starts| starts.remaining.into()));
        // Two concurrent scrapes may read the same total: `fetch_max` keeps the counter from adding it twice.
        self.connection_failures.inner().fetch_max(gateway.failures(), Ordering::Relaxed);
        self.panel_in_place.set((status.panel() == PanelStatus::InPlace).into());
    }
}
