//! How much, and how often: what a monitoring system wants to know, in the words of Prometheus.
//!
//! Whoever does something counts it here, and nobody acts on a count. What is true at a moment (how many tickets there
//! are) is told when it is asked for, not kept.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// The upper ends of the classes in which a time from press to ticket falls, in seconds: from "at once" to the fifteen
/// minutes after which Discord takes no answer.
const READY_WITHIN: [f64; 11] = [0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 3.0, 10.0, 30.0, 120.0, 900.0];

/// Another process that uses the bot's token is warned of in the log once in this time.
const WARN_AGAIN_AFTER: Duration = Duration::from_secs(5 * 60);

/// Everything that is counted.
pub struct Counts {
    /// Tickets that became ready.
    pub opened: Counter,
    /// Tickets whose channel we deleted.
    pub closed: Counter,
    /// Openings that came to nothing.
    pub failed: Counter,
    /// Calls that were made again.
    pub retries: Counter,
    /// Calls that wait for a limit or for their answer.
    pub under_way: Gauge,
    another_process: Counter,
    /// In milliseconds since 1970; 0 is never.
    another_process_seen: AtomicU64,
    another_process_warned: AtomicU64,
    ready: Histogram,
    calls: Family<Asked, Counter>,
    all_calls: Counter,
    sessions: Family<Session, Counter>,
    restarts: Family<Failed, Counter>,
    open: Gauge,
    living: Gauge,
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
            another_process: Counter::default(),
            another_process_seen: AtomicU64::new(0),
            another_process_warned: AtomicU64::new(0),
            ready: Histogram::new(READY_WITHIN),
            calls: Family::default(),
            all_calls: Counter::default(),
            sessions: Family::default(),
            restarts: Family::default(),
            open: Gauge::default(),
            living: Gauge::default(),
            registry: Registry::with_prefix("talon"),
        };
        counts.register();
        counts
    }
}

impl Counts {
    fn register(&mut self) {
        let all = &mut self.registry;
        all.register("tickets_opened", "Tickets that became ready", self.opened.clone());
        all.register("tickets_closed", "Tickets whose channel the bot deleted", self.closed.clone());
        all.register("tickets_failed", "Openings that came to nothing", self.failed.clone());
        all.register("tickets_open", "Tickets with a channel", self.open.clone());
        all.register("ticket_actors", "Tickets with something going on", self.living.clone());
        all.register("ready_seconds", "From the press to the ticket that is ready", self.ready.clone());
        all.register("calls", "REST calls by route and status; none is no answer", self.calls.clone());
        all.register("calls_under_way", "REST calls that wait for a limit or an answer", self.under_way.clone());
        all.register("retries", "Calls that were made again", self.retries.clone());
        all.register("gateway_sessions", "Connections to the gateway; all but the first are reconnects", {
            self.sessions.clone()
        });
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

    /// Another process used the bot's token; tells whether it is time to warn of it (again).
    pub fn notice_another_process(&self, now: SystemTime) -> bool {
        self.another_process.inc();
        let millis = u64::try_from(now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()).unwrap_or(u64::MAX);
        self.another_process_seen.store(millis, Ordering::Relaxed);
        let warned = self.another_process_warned.load(Ordering::Relaxed);
        let again = warned == 0 || Duration::from_millis(millis.saturating_sub(warned)) >= WARN_AGAIN_AFTER;
        if again {
            self.another_process_warned.store(millis, Ordering::Relaxed);
        }
        again
    }

    /// When another process was last seen to use the bot's token.
    #[must_use]
    pub fn another_process_seen(&self) -> Option<SystemTime> {
        let millis = self.another_process_seen.load(Ordering::Relaxed);
        (millis > 0).then(|| UNIX_EPOCH + Duration::from_millis(millis))
    }

    /// How many calls there have been.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.all_calls.get()
    }

    /// All of it as text, with how many tickets there are now, and how many of them have something going on.
    #[must_use]
    pub fn show(&self, open: usize, living: usize) -> String {
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

    #[test]
    fn another_process_is_warned_of_once_in_a_while() {
        let counts = Counts::default();
        let at = |seconds: u64| UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds);
        assert_eq!(counts.another_process_seen(), None);
        let warned: Vec<bool> = [0, 1, 299, 300, 301].map(|seconds| counts.notice_another_process(at(seconds))).into();
        assert_eq!(warned, [true, false, false, true, false]);
        assert_eq!(counts.another_process_seen(), Some(at(301)));
        assert!(counts.show(0, 0).contains("talon_another_process_total 5"));
    }

    #[test]
    fn what_is_counted_is_shown() {
        let counts = Counts::default();
        counts.opened.inc();
        counts.ready_after(Duration::from_millis(300));
        counts.called("POST", "/channels/{}/messages".into(), Some(201));
        counts.called("POST", "/channels/{}/messages".into(), Some(429));
        counts.called("POST", "/channels/{}/messages".into(), None);
        counts.connected(false);
        let shown = counts.show(7, 2);
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
        ] {
            assert!(shown.lines().any(|shown| shown == line), "{line} is not in\n{shown}");
        }
        assert_eq!(counts.calls(), 3);
    }
}
