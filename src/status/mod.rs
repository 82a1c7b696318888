//! How the bot is doing at this moment: one value that those who know fill and that `/healthz`, `/metrics` and the service
//! manager read.
//!
//! It guards one decision: ages and pauses are measured by a clock that cannot be set, and that stands still while the
//! machine sleeps. A clock that jumps by hours makes nothing here old.

pub mod gateway;
pub mod setup;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::status::gateway::{GatewayStatus, Stage};
use crate::status::setup::SetupStatus;

/// All of it. Parts that know nothing yet say so.
#[derive(Debug, Default)]
pub struct Status {
    /// The connections to the gateway, filled by their supervisor.
    pub gateway: Arc<GatewayStatus>,
    /// What the bot is set up with, filled by who keeps watch over it.
    pub setup: SetupStatus,
    inner: Mutex<Inner>,
}

/// Another process that uses the bot's token is warned of once in this time.
const WARN_AGAIN_AFTER: Duration = Duration::from_secs(5 * 60);

#[derive(Debug)]
struct Inner {
    start: StartStatus,
    panel: PanelStatus,
    /// When another process was last seen to use the bot's token.
    another_process_seen: Option<Instant>,
    /// When it was last warned of.
    another_process_warned: Option<Instant>,
}

/// How far the start has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartStatus {
    /// Discord has not told yet who the bot is and where the gateway is.
    Reaching {
        /// Since when it is asked.
        since: Instant,
        /// How often it was asked in vain.
        attempts: u32,
        /// Why the last attempt failed, with the root cause and the remedy.
        last_error: Option<String>,
        /// When it is asked again; nothing while an attempt is under way.
        next_attempt: Option<Instant>,
    },
    /// Discord has told; the rest is the gateway's and the panel's status.
    Reached,
}

/// What is known of the panel message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PanelStatus {
    /// It has not been looked at.
    #[default]
    Unchecked,
    /// It was there when last looked at.
    InPlace,
    /// It was deleted, and will be put back.
    Deleted,
    /// It could not be looked at or put in place; this is tried again.
    Failing {
        /// What was tried, and what came of it.
        error: String,
    },
}

impl Default for Inner {
    fn default() -> Self {
        let start = StartStatus::Reaching { since: Instant::now(), attempts: 0, last_error: None, next_attempt: None };
        Self { start, panel: PanelStatus::default(), another_process_seen: None, another_process_warned: None }
    }
}

impl Status {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An attempt to reach Discord begins.
    pub fn begin_attempt(&self) {
        if let StartStatus::Reaching { next_attempt, .. } = &mut self.lock().start {
            *next_attempt = None;
        }
    }

    /// An attempt to reach Discord failed; the next one follows after this pause.
    pub fn fail_attempt(&self, error: &str, pause: Duration) {
        if let StartStatus::Reaching { attempts, last_error, next_attempt, .. } = &mut self.lock().start {
            *attempts += 1;
            *last_error = Some(error.to_owned());
            *next_attempt = Some(Instant::now() + pause);
        }
    }

    /// Discord has told who the bot is and where the gateway is.
    pub fn finish_reaching(&self) {
        self.lock().start = StartStatus::Reached;
    }

    /// How far the start has come.
    #[must_use]
    pub fn start(&self) -> StartStatus {
        self.lock().start.clone()
    }

    /// The panel message was looked at, or could not be.
    pub fn set_panel(&self, panel: PanelStatus) {
        self.lock().panel = panel;
    }

    /// What is known of the panel message.
    #[must_use]
    pub fn panel(&self) -> PanelStatus {
        self.lock().panel.clone()
    }

    /// Another process used the bot's token. Tells whether it is time to warn of it (again).
    pub fn notice_another_process(&self) -> bool {
        self.notice_another_process_at(Instant::now())
    }

    fn notice_another_process_at(&self, now: Instant) -> bool {
        let mut inner = self.lock();
        inner.another_process_seen = Some(now);
        let again =
            inner.another_process_warned.is_none_or(|warned| now.saturating_duration_since(warned) >= WARN_AGAIN_AFTER);
        if again {
            inner.another_process_warned = Some(now);
        }
        again
    }

    /// When another process was last seen to use the bot's token.
    #[must_use]
    pub fn another_process_seen(&self) -> Option<Instant> {
        self.lock().another_process_seen
    }

    /// The start, the gateway and the panel in a line, for a service manager. It holds no ages, so it changes only when
    /// something does.
    #[must_use]
    pub fn summary(&self) -> String {
        if let StartStatus::Reaching { last_error, .. } = self.start() {
            return with_reason("waiting for Discord to answer", last_error.as_deref());
        }
        if !self.gateway.is_live() {
            let waiting = self.gateway.shards().into_iter().find(|shard| shard.stage != Stage::Live);
            let stage = waiting.as_ref().map_or("starting", |shard| shard.stage.name());
            let error = waiting.and_then(|shard| shard.last_error);
            return with_reason(&format!("no live session on Discord's gateway ({stage})"), error.as_deref());
        }
        match self.panel() {
            PanelStatus::Unchecked => "connected to Discord; the panel has not been looked at".to_owned(),
            PanelStatus::InPlace => "connected to Discord".to_owned(),
            PanelStatus::Deleted => "connected to Discord; the panel was deleted and will be put back".to_owned(),
            PanelStatus::Failing { error } => format!("connected to Discord; the panel is not in place: {error}"),
        }
    }
}

fn with_reason(text: &str, reason: Option<&str>) -> String {
    reason.map_or_else(|| text.to_owned(), |reason| format!("{text}: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_tried_in_vain_is_kept_until_discord_answers() {
        let (begun, status) = (Instant::now(), Status::default());
        status.begin_attempt();
        status.fail_attempt("discord does not answer: connection refused", Duration::from_secs(8));
        let failed = Instant::now();
        let StartStatus::Reaching { since, attempts: 1, last_error, next_attempt: Some(next) } = status.start() else {
            panic!("it has not answered: {:?}", status.start());
        };
        assert!((begun..=failed).contains(&since) && next <= failed + Duration::from_secs(8) && next > failed);
        assert!(last_error.is_some_and(|error| error.ends_with("connection refused")));

        status.begin_attempt();
        let StartStatus::Reaching { attempts: 1, last_error: Some(_), next_attempt: None, .. } = status.start() else {
            panic!("the next attempt is under way, and why the last one failed is still known: {:?}", status.start());
        };
        status.finish_reaching();
        status.fail_attempt("too late", Duration::ZERO);
        assert_eq!(status.start(), StartStatus::Reached);
    }

    #[test]
    fn another_process_is_warned_of_once_in_a_while() {
        let (begun, status) = (Instant::now(), Status::default());
        assert_eq!(status.another_process_seen(), None);
        let at = |seconds| begun + Duration::from_secs(seconds);
        let warned = [0, 1, 299, 300, 301].map(|seconds| status.notice_another_process_at(at(seconds)));
        assert_eq!(warned, [true, false, false, true, false]);
        assert_eq!(status.another_process_seen(), Some(at(301)));
    }

    #[test]
    fn the_summary_tells_what_is_waited_for_and_why() {
        let status = Status::default();
        assert_eq!(status.summary(), "waiting for Discord to answer");
        status.fail_attempt("the name is not found", Duration::ZERO);
        assert_eq!(status.summary(), "waiting for Discord to answer: the name is not found");
        status.finish_reaching();
        status.gateway.set_shards(1);
        status.gateway.failed(0, "connection reset");
        status.gateway.enter(0, Stage::Connecting);
        assert_eq!(status.summary(), "no live session on Discord's gateway (connecting): connection reset");
        status.gateway.enter(0, Stage::Live);
        assert_eq!(status.summary(), "connected to Discord; the panel has not been looked at");
        status.set_panel(PanelStatus::InPlace);
        assert_eq!(status.summary(), "connected to Discord");
    }
}
