//! The metrics that Prometheus reads from `/metrics`.
//!
//! Counters are incremented where the counted thing happens, and no decision depends on them. Gauges are read from the
//! supervisor and from [`Status`] at the moment of a scrape, so they cannot drift from what they describe.

mod gauges;

use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::status::Status;
use gauges::StatusGauges;

/// Histogram buckets of the time from a request to its open ticket, in seconds. The last bound is the lifetime of an
/// interaction token.
const OPEN_DURATION_BUCKETS: [f64; 11] = [0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 3.0, 10.0, 30.0, 120.0, 900.0];

/// All counters, gauges and histograms of the process, with their registry.
pub struct Metrics {
    /// Tickets whose channel exists, whether the ticket is open yet or not.
    pub tickets_opened: Counter,
    /// Tickets whose channel the bot deleted.
    pub tickets_closed: Counter,
    /// Openings that failed.
    pub tickets_failed: Counter,
    /// Requests to Discord that were sent again.
    pub retries: Counter,
    /// Requests that wait for a rate limit or for their response.
    pub requests_in_flight: Gauge,
    /// Responses with status 401, 403 or 429. Discord bans an address after 10,000 of them in ten minutes.
    pub refusals: Counter,
    /// 1 while Discord's edge bars this address, otherwise 0.
    pub edge_barred: Gauge,
    /// Signs of another process that uses the same token.
    pub another_process: Counter,
    open_duration: Histogram,
    requests: Family<RequestLabels, Counter>,
    request_total: Counter,
    sessions: Family<SessionLabels, Counter>,
    restarts: Family<ActorLabels, Counter>,
    open_tickets: Gauge,
    active_tickets: Gauge,
    status: StatusGauges,
    registry: Registry,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: String,
    route: String,
    status: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SessionLabels {
    kind: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ActorLabels {
    actor: String,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            tickets_opened: Counter::default(),
            tickets_closed: Counter::default(),
            tickets_failed: Counter::default(),
            retries: Counter::default(),
            requests_in_flight: Gauge::default(),
            refusals: Counter::default(),
            edge_barred: Gauge::default(),
            another_process: Counter::default(),
            open_duration: Histogram::new(OPEN_DURATION_BUCKETS),
            requests: Family::default(),
            request_total: Counter::default(),
            sessions: Family::default(),
            restarts: Family::default(),
            open_tickets: Gauge::default(),
            active_tickets: Gauge::default(),
            status: StatusGauges::default(),
            registry: Registry::with_prefix("talon"),
        };
        metrics.register_all();
        metrics
    }
}

impl Metrics {
    fn register_all(&mut self) {
        let registry = &mut self.registry;
        registry.register("tickets_opened", "Tickets that got their channel", self.tickets_opened.clone());
        registry.register("tickets_closed", "Tickets whose channel the bot deleted", self.tickets_closed.clone());
        registry.register("tickets_failed", "Openings that failed", self.tickets_failed.clone());
        registry.register("tickets_open", "Tickets with a channel", self.open_tickets.clone());
        registry.register("ticket_actors", "Tickets with a running actor", self.active_tickets.clone());
        registry.register("ticket_open_duration_seconds", "Time from the request to the open ticket", {
            self.open_duration.clone()
        });
        registry.register("discord_requests", "REST requests by route and status; none means no response", {
            self.requests.clone()
        });
        registry.register("discord_requests_in_flight", "REST requests that wait for a rate limit or a response", {
            self.requests_in_flight.clone()
        });
        registry.register("refusals", "Responses of 401, 403 and 429; 10,000 in ten minutes lead to a ban", {
            self.refusals.clone()
        });
        registry.register("edge_barred", "1 while Discord's edge bars the address", self.edge_barred.clone());
        registry.register("discord_retries", "REST requests that were sent again", self.retries.clone());
        registry.register("gateway_sessions", "Connections to the gateway; all but the first are reconnects", {
            self.sessions.clone()
        });
        self.status.register_all(registry);
        registry.register("another_process", "Signs of another process that uses the bot's token", {
            self.another_process.clone()
        });
        registry.register("actor_restarts", "Actors that failed and were restarted", self.restarts.clone());
    }

    /// Records the time from a member's request to the open ticket.
    pub fn observe_open_duration(&self, duration: Duration) {
        self.open_duration.observe(duration.as_secs_f64());
    }

    /// Counts a request by its response status; `None` means that no response arrived. `route` is a template without ids,
    /// so the number of label values is bounded.
    pub fn count_request(&self, method: &str, route: String, status: Option<u16>) {
        let status = match status {
            None => "none".to_owned(),
            Some(429) => "429".to_owned(),
            Some(status) => format!("{}xx", status / 100),
        };
        self.requests.get_or_create(&RequestLabels { method: method.to_owned(), route, status }).inc();
        self.request_total.inc();
    }

    /// Counts a gateway connection that reached READY or RESUMED.
    pub fn count_session(&self, resumed: bool) {
        let kind = if resumed { "resumed" } else { "new" }.to_owned();
        self.sessions.get_or_create(&SessionLabels { kind }).inc();
    }

    /// Counts the restart of a failed actor.
    pub fn count_restart(&self, actor: &str) {
        self.restarts.get_or_create(&ActorLabels { actor: actor.to_owned() }).inc();
    }

    /// Number of requests since the start, over all routes.
    #[must_use]
    pub fn request_count(&self) -> u64 {
        self.request_total.get()
    }

    /// Encodes all metrics in the `OpenMetrics` text format. `open_tickets`, `active_tickets` and `status` supply the gauges.
    #[must_use]
    pub fn encode_text(&self, open_tickets: usize, active_tickets: usize, status: &Status) -> String {
        self.status.update_from(status);
        self.open_tickets.set(i64::try_from(open_tickets).unwrap_or(i64::MAX));
        self.active_tickets.set(i64::try_from(active_tickets).unwrap_or(i64::MAX));
        let mut encoded = String::new();
        // Writing to a string does not fail.
        let _ = text::encode(&mut encoded, &self.registry);
        encoded
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::gateway::Stage;

    #[test]
    fn counted_events_and_the_current_status_are_encoded() {
        let metrics = Metrics::default();
        metrics.tickets_opened.inc();
        metrics.observe_open_duration(Duration::from_millis(300));
        metrics.count_request("POST", "/channels/{}/messages".into(), Some(201));
        metrics.count_request("POST", "/channels/{}/messages".into(), Some(429));
        metrics.count_request("POST", "/channels/{}/messages".into(), None);
        metrics.count_session(false);
        let status = Status::default();
        status.gateway.set_shards(1);
        status.gateway.record_failure(0, "reset");
        status.gateway.record_failure(0, "reset");
        let before = metrics.encode_text(7, 2, &status);
        assert!(before.contains("talon_gateway_connected 0\n"), "{before}");
        assert!(before.contains("talon_gateway_heartbeat_age_seconds NaN\n"), "{before}");
        status.gateway.set_stage(0, Stage::Live);
        let encoded = metrics.encode_text(7, 2, &status);
        for line in [
            "talon_tickets_opened_total 1",
            "talon_tickets_open 7",
            "talon_ticket_actors 2",
            "talon_ticket_open_duration_seconds_bucket{le=\"0.25\"} 0",
            "talon_ticket_open_duration_seconds_bucket{le=\"0.5\"} 1",
            "talon_discord_requests_total{method=\"POST\",route=\"/channels/{}/messages\",status=\"2xx\"} 1",
            "talon_discord_requests_total{method=\"POST\",route=\"/channels/{}/messages\",status=\"429\"} 1",
            "talon_discord_requests_total{method=\"POST\",route=\"/channels/{}/messages\",status=\"none\"} 1",
            "talon_discord_requests_in_flight 0",
            "talon_discord_retries_total 0",
            "talon_gateway_sessions_total{kind=\"new\"} 1",
            "talon_gateway_connected 1",
            "talon_gateway_connection_failures_total 2",
            "talon_gateway_session_starts_remaining NaN",
            "talon_panel_in_place 0",
        ] {
            assert!(encoded.lines().any(|encoded| encoded == line), "{line} is not in\n{encoded}");
        }
        assert_eq!(metrics.request_count(), 3);
    }
}
