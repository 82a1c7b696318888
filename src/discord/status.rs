//! How it stands with Discord's REST interface: what `/healthz` shows and the log says, once each time it changes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{info, warn};

use crate::discord::edge::News;
use crate::discord::unreachable::Unreachable;
use crate::metrics::Metrics;

/// The state of the way to Discord at one moment. `Display` is one line for an operator, empty while nothing is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineStatus {
    /// Discord's edge lets no request of this address through.
    pub barred: Option<Barred>,
    /// How many answers of the last ten minutes were 401, 403 or 429. Discord bans an address with 10,000.
    pub refused_last_ten_minutes: u32,
    /// There were so many of them that requests are spread out.
    pub slowed_down: bool,
    /// How long a limit of Discord's on all routes still lasts.
    pub held_up: Option<Duration>,
    /// The route with the longest limit of its own, where people are told to come back later because of it.
    pub limited_route: Option<LimitedRoute>,
    /// Why the last request was not answered at all, if no later one was.
    pub unreachable: Option<Unreachable>,
}

/// A long rate limit on one route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitedRoute {
    /// Method and path without ids: `POST /guilds/{}/channels`.
    pub route: Arc<str>,
    /// How long it still lasts.
    pub left: Duration,
}

/// A bar of the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Barred {
    /// When it was met.
    pub since: Instant,
    /// When one request finds out whether it is over; zero while one is under way.
    pub next_probe: Duration,
}

impl LineStatus {
    pub(super) fn new(
        barred: Option<(Instant, Duration)>,
        refused: u32,
        slow: bool,
        held_up: Option<Duration>,
    ) -> Self {
        Self {
            barred: barred.map(|(since, next_probe)| Barred { since, next_probe }),
            refused_last_ten_minutes: refused,
            slowed_down: slow,
            held_up,
            limited_route: None,
            unreachable: None,
        }
    }
}

impl LineStatus {
    /// What holds up all requests over REST, if anything does. It holds no ages.
    #[must_use]
    pub const fn holdup(&self) -> Option<&'static str> {
        match (self.barred, self.held_up) {
            (Some(_), _) => Some("Discord's edge bars this address; waiting for it to be let in again"),
            (None, Some(_)) => Some("a global rate limit of Discord's holds up all requests"),
            (None, None) => None,
        }
    }

    /// How long the longest of what holds requests up now still lasts: a bar of the address, a global limit, or a long one
    /// on a single route.
    #[must_use]
    pub fn held_up_for(&self) -> Option<Duration> {
        let barred = self.barred.map(|barred| barred.next_probe);
        let route = self.limited_route.as_ref().map(|limited| limited.left);
        [barred, self.held_up, route].into_iter().flatten().max()
    }
}

impl fmt::Display for LineStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(barred) = self.barred {
            return barred.fmt(f);
        }
        if let Some(why) = &self.unreachable {
            return write!(f, "Discord cannot be reached: {why}");
        }
        if self.slowed_down {
            let refused = self.refused_last_ten_minutes;
            return write!(f, "Discord refused {refused} requests within ten minutes; requests are spread out");
        }
        if let Some(left) = self.held_up {
            return write!(f, "a global rate limit of Discord's lasts {} s more", left.as_secs() + 1);
        }
        match &self.limited_route {
            Some(LimitedRoute { route, left }) => {
                write!(f, "a rate limit of Discord's on {route} lasts {} s more", left.as_secs() + 1)
            }
            None => Ok(()),
        }
    }
}

impl fmt::Display for Barred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Discord's edge bars this address; next probe in {} s", self.next_probe.as_secs_f64().ceil())
    }
}

/// Requests that were not answered at all, one after the other.
#[derive(Debug, Default)]
pub(super) struct Outage {
    unanswered: u32,
    cause: Option<Unreachable>,
}

/// One request may get lost; so many in a row are worth a line in the log.
const OUTAGE: u32 = 3;

impl Outage {
    /// A request was answered, or was not and this is why.
    pub(super) fn learn(&mut self, cause: Option<&Unreachable>) {
        let Some(cause) = cause else {
            if self.unanswered >= OUTAGE {
                info!("Discord answers again");
            }
            *self = Self::default();
            return;
        };
        self.unanswered = self.unanswered.saturating_add(1);
        if self.unanswered == OUTAGE {
            warn!("Discord does not answer: {cause}. What waits for it is tried again");
        }
        self.cause = Some(cause.clone());
    }

    pub(super) const fn cause(&self) -> Option<&Unreachable> {
        self.cause.as_ref()
    }
}

/// Tells the operator and the metrics.
pub(super) fn announce(news: News, metrics: &Metrics) {
    let seconds = |time: Duration| time.as_secs_f64().ceil();
    match news {
        News::Barred { next_probe } => {
            metrics.edge_barred.set(1);
            warn!(
                "Discord's edge bars this address; next probe in {} s. Until then no request goes out; what waits is done \
                 when the bar is over. If it lasts for hours, another program behind the same address may be the cause: \
                 ask your provider, or move the bot to another address",
                seconds(next_probe)
            );
        }
        News::StillBarred { next_probe } => {
            warn!("Discord's edge still bars this address; next probe in {} s", seconds(next_probe));
        }
        News::Lifted { lasted } => {
            metrics.edge_barred.set(0);
            info!("Discord's edge lets this address in again, after {} s; going on", seconds(lasted));
        }
        News::Slowed { refused } => warn!(
            "Discord refused {refused} requests within ten minutes (401, 403, 429) and bans an address with 10,000: \
             requests are spread out now. `talon doctor` tells which rights are missing; another bot behind the same \
             address counts, too"
        ),
        News::Recovered { refused } => {
            info!("Discord refused {refused} requests within the last ten minutes; requests go at full speed again");
        }
    }
}
