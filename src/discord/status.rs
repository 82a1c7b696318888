//! The state of the connection to Discord's REST API: shown by `/healthz`, and logged once each time it changes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{info, warn};

use crate::discord::connection_error::ConnectionError;
use crate::discord::ratelimit::GuardEvent;
use crate::metrics::Metrics;

/// What delays or rejects requests at one moment. `Display` is one line for the operator, empty while nothing is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RestStatus {
    /// Set while Cloudflare, in front of Discord, rejects all requests from this IP address.
    pub ip_block: Option<IpBlock>,
    /// Responses of the last ten minutes with status 401, 403 or 429. Discord bans an address that gets 10,000.
    pub refused_last_ten_minutes: u32,
    /// Whether requests are sent more slowly because there were so many of these responses.
    pub throttled: bool,
    /// How long Discord's global rate limit still blocks all requests.
    pub global_limit: Option<Duration>,
    /// The route with the longest limit of its own, if it is so long that requests people wait for are withdrawn.
    pub limited_route: Option<LimitedRoute>,
    /// Why the last request got no response; `None` after any response.
    pub last_error: Option<ConnectionError>,
}

/// A long rate limit on one route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitedRoute {
    /// Method and path without ids: `POST /guilds/{}/channels`.
    pub route: Arc<str>,
    /// How long it still lasts.
    pub remaining: Duration,
}

/// A block of this IP address by Cloudflare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpBlock {
    /// When it was first noticed.
    pub since: Instant,
    /// Until one request finds out whether it is over; zero while that request is in flight.
    pub next_probe: Duration,
}

impl RestStatus {
    pub(super) fn new(
        block: Option<(Instant, Duration)>,
        invalid_requests: u32,
        throttled: bool,
        global_limit: Option<Duration>,
    ) -> Self {
        Self {
            ip_block: block.map(|(since, next_probe)| IpBlock { since, next_probe }),
            refused_last_ten_minutes: invalid_requests,
            throttled,
            global_limit,
            limited_route: None,
            last_error: None,
        }
    }
}

impl RestStatus {
    /// What blocks all requests, if anything does. The text contains no durations, so it changes only with the cause.
    #[must_use]
    pub const fn blocking_reason(&self) -> Option<&'static str> {
        match (self.ip_block, self.global_limit) {
            (Some(_), _) => Some("Cloudflare blocks this IP address; waiting for the block to end"),
            (None, Some(_)) => Some("a global rate limit of Discord's holds up all requests"),
            (None, None) => None,
        }
    }

    /// How long the longest current obstacle still lasts: a block of the address, the global limit, or a long limit on a
    /// single route.
    #[must_use]
    pub fn longest_wait(&self) -> Option<Duration> {
        let block = self.ip_block.map(|block| block.next_probe);
        let route = self.limited_route.as_ref().map(|limited| limited.remaining);
        [block, self.global_limit, route].into_iter().flatten().max()
    }
}

impl fmt::Display for RestStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(block) = self.ip_block {
            return block.fmt(f);
        }
        if let Some(error) = &self.last_error {
            return write!(f, "Discord cannot be reached: {error}");
        }
        if self.throttled {
            let refused = self.refused_last_ten_minutes;
            return write!(f, "Discord refused {refused} requests within ten minutes; requests are throttled");
        }
        if let Some(remaining) = self.global_limit {
            return write!(f, "a global rate limit of Discord's lasts {} s more", remaining.as_secs() + 1);
        }
        match &self.limited_route {
            Some(LimitedRoute { route, remaining }) => {
                write!(f, "a rate limit of Discord's on {route} lasts {} s more", remaining.as_secs() + 1)
            }
            None => Ok(()),
        }
    }
}

impl fmt::Display for IpBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cloudflare blocks this IP address; next probe in {} s", self.next_probe.as_secs_f64().ceil())
    }
}

/// Consecutive requests without a response.
#[derive(Debug, Default)]
pub(super) struct Outage {
    failures: u32,
    last_error: Option<ConnectionError>,
}

/// A single lost request is normal; this many consecutive ones are logged as an outage.
const OUTAGE_THRESHOLD: u32 = 3;

impl Outage {
    /// Records a response (`None`), or why there was none.
    pub(super) fn record(&mut self, error: Option<&ConnectionError>) {
        let Some(error) = error else {
            if self.failures >= OUTAGE_THRESHOLD {
                info!("Discord responds again");
            }
            *self = Self::default();
            return;
        };
        self.failures = self.failures.saturating_add(1);
        if self.failures == OUTAGE_THRESHOLD {
            warn!("Discord does not respond: {error}. Pending requests are retried");
        }
        self.last_error = Some(error.clone());
    }

    pub(super) const fn last_error(&self) -> Option<&ConnectionError> {
        self.last_error.as_ref()
    }
}

/// Logs an event and updates the metrics.
pub(super) fn report_event(event: GuardEvent, metrics: &Metrics) {
    let seconds = |time: Duration| time.as_secs_f64().ceil();
    match event {
        GuardEvent::Blocked { next_probe } => {
            metrics.edge_barred.set(1);
            warn!(
                "Cloudflare blocks this IP address; next probe in {} s. No other request is sent until the block ends, then \
                 all pending requests are. If it lasts for hours, another program behind the same address may be the cause: \
                 ask your provider, or move the bot to another address",
                seconds(next_probe)
            );
        }
        GuardEvent::StillBlocked { next_probe } => {
            warn!("Cloudflare still blocks this IP address; next probe in {} s", seconds(next_probe));
        }
        GuardEvent::Unblocked { lasted } => {
            metrics.edge_barred.set(0);
            info!("Cloudflare no longer blocks this IP address, after {} s; sending pending requests", seconds(lasted));
        }
        GuardEvent::Throttled { invalid_requests } => warn!(
            "Discord refused {invalid_requests} requests within ten minutes (401, 403, 429) and bans an address with 10,000: \
             requests are throttled. `talon doctor` shows which permissions are missing; another bot behind the same \
             address counts, too"
        ),
        GuardEvent::FullSpeed { invalid_requests } => {
            info!("Discord refused {invalid_requests} requests within the last ten minutes; no longer throttled");
        }
    }
}
