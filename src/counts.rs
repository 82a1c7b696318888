//! How much, and how often: what a monitoring system wants to know, in the words of Prometheus.
//!
//! Whoever does something counts it here, and nobody acts on a count. What is true at a moment (how many tickets there
//! are) is told when it is asked for, not kept.

mod gauges;

use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::status::Status;
use gauges::Gauges;

/// The upper ends of the classes in which a time from press to ticket falls, in seconds: from "at once" to the fifteen
/// minutes after which Discord takes no answer.
const READY_WITHIN: [f64; 11] = [0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 3.0, 10.0, 30.0, 120.0, 900.0];

/// Everything that is counted.
pub struct Counts {
    /// Tickets that got their channel, ready or not.
    pub opened: Counter,
    /// Tickets whose channel we deleted.
    pub closed: Counter,
    /// Openings that came to nothing.
    pub failed: Counter,
    /// Calls that were made again.
    pub retries: Counter,
    /// Calls that wait for a limit or for their answer.
    pub under_way: Gauge,
    /// Answers of 401, 403 and 429. Discord bans an address with 10,000 of them in ten minutes.
    pub refusals: Counter,
    /// 1 while Cloudflare blocks this IP address, or 0.
    pub edge_bar: Gauge,
    /// Signs of another process that uses the bot's token.
    pub another_process: Counter,
    ready: Histogram,
    calls: Family<Asked, Counter>,
    all_calls: Counter,
    sessions: Family<Session, Counter>,
    restarts: Family<Failed, Counter>,
    open: Gauge,
    living: Gauge,
    status: Gauges,
    registry: Registry,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    method: String,
    route: String,
    status: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Session {
    kind: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Failed {
    actor: String,
}

impl Default for Counts {
    fn default() -> Self {
        let mut counts = Self {
            opened: Counter::default(),
            closed: Counter::default(),
            failed: Counter::default(),
            retries: Counter::default(),
            under_way: Gauge::default(),
            refusals: Counter::default(),
            edge_bar: Gauge::default(),
            another_process: Counter::default(),
            ready: Histogram::new(READY_WITHIN),
            calls: Family::default(),
            all_calls: Counter::default(),
            sessions: Family::default(),
            restarts: Family::default(),
            open: Gauge::default(),
            living: Gauge::default(),
            status: Gauges::default(),
            registry: Registry::with_prefix("talon"),
        };
        counts.register();
        counts
    }
}

impl Counts {
    fn register(&mut self) {
        let all = &mut self.registry;
        all.register("tickets_opened", "Tickets that got their channel", self.opened.clone());
        all.register("tickets_closed", "Tickets whose channel the bot deleted", self.closed.clone());
        all.register("tickets_failed", "Openings that came to nothing", self.failed.clone());
        all.register("tickets_open", "Tickets with a channel", self.open.clone());
        all.register("ticket_actors", "Tickets with something going on", self.living.clone());
        all.register("ready_seconds", "From the press to the ticket that is ready", self.ready.clone());
        all.register("calls", "REST calls by route and status; none is no answer", self.calls.clone());
        all.register("calls_under_way", "REST calls that wait for a limit or an answer", self.under_way.clone());
        all.register("refusals", "Answers of 401, 403 and 429; 10,000 in ten minutes are a ban", self.refusals.clone());
        all.register("edge_barred", "1 while Cloudflare blocks this IP address", self.edge_bar.clone());
        all.register("retries", "Calls that were made again", self.retries.clone());
        all.register("gateway_sessions", "Connections to the gateway; all but the first are reconnects", {
            self.sessions.clone()
        });
        self.status.register(all);
        all.register("another_process", "Signs of another process that uses the bot's token", {
            self.another_process.clone()
        });
        all.register("actor_restarts", "Actors that failed and were started again", self.restarts.clone());
    }

    /// A ticket became ready so long after the press.
    pub fn ready_after(&self, time: Duration) {
        self.ready.observe(time.as_secs_f64());
    }

    /// A call was answered with this status, or not at all. `route` holds no ids: there are few of them.
    pub fn called(&self, method: &str, route: String, status: Option<u16>) {
        let status = match status {
            None => "none".to_owned(),
            Some(429) => "429".to_owned(),
            Some(status) => format!("{}xx", status / 100),
        };
        self.calls.get_or_create(&Asked { method: method.to_owned(), route, status }).inc();
        self.all_calls.inc();
    }

    /// The gateway is connected: by a new session, or by going on with the last one.
    pub fn connected(&self, resumed: bool) {
        let kind = if resumed { "resumed" } else { "new" }.to_owned();
        self.sessions.get_or_create(&Session { kind }).inc();
    }

    /// An actor failed, and is started again.
    pub fn restarted(&self, actor: &str) {
        self.restarts.get_or_create(&Failed { actor: actor.to_owned() }).inc();
    }

    /// How many calls there have been.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.all_calls.get()
    }

    /// All of it as text, with how many tickets there are now, how many of them have something going on, and how the bot is
    /// doing.
    #[must_use]
    pub fn show(&self, open: usize, living: usize, status: &Status) -> String {
        self.status.update(status);
        self.open.set(i64::try_from(open).unwrap_or(i64::MAX));
        self.living.set(i64::try_from(living).unwrap_or(i64::MAX));
        let mut shown = String::new();
        // Writing to a string does not fail.
        let _ = text::encode(&mut shown, &self.registry);
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::gateway::Stage;

    #[test]
    fn what_is_counted_is_shown() {
        let counts = Counts::default();
        counts.opened.inc();
        counts.ready_after(Duration::from_millis(300));
        counts.called("POST", "/channels/{}/messages".into(), Some(201));
        counts.called("POST", "/channels/{}/messages".into(), Some(429));
        counts.called("POST", "/channels/{}/messages".into(), None);
        counts.connected(false);
        let status = Status::default();
        status.gateway.set_shards(1);
        status.gateway.failed(0, "reset");
        status.gateway.failed(0, "reset");
        let before = counts.show(7, 2, &status);
        assert!(before.contains("talon_gateway_connected 0\n"), "{before}");
        assert!(before.contains("talon_gateway_heartbeat_age_seconds NaN\n"), "{before}");
        status.gateway.enter(0, Stage::Live);
        let shown = counts.show(7, 2, &status);
        for line in [
            "talon_tickets_opened_total 1",
            "talon_tickets_open 7",
            "talon_ticket_actors 2",
            "talon_ready_seconds_bucket{le=\"0.25\"} 0",
            "talon_ready_seconds_bucket{le=\"0.5\"} 1",
            "talon_calls_total{method=\"POST\",route=\"/channels/{}/messages\",status=\"2xx\"} 1",
            "talon_calls_total{method=\"POST\",route=\"/channels/{}/messages\",status=\"429\"} 1",
            "talon_calls_total{method=\"POST\",route=\"/channels/{}/messages\",status=\"none\"} 1",
            "talon_gateway_sessions_total{kind=\"new\"} 1",
            "talon_gateway_connected 1",
            "talon_gateway_connection_failures_total 2",
            "talon_gateway_session_starts_remaining NaN",
            "talon_panel_in_place 0",
        ] {
            assert!(shown.lines().any(|shown| shown == line), "{line} is not in\n{shown}");
        }
        assert_eq!(counts.calls(), 3);
    }
}
