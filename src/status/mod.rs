//! The current state of the bot: written by the gateway, the panel and the setup check, and read by `/healthz`, `/metrics`
//! and the service manager.
//!
//! It guards one decision: ages and pauses are measured with the monotonic clock ([`Instant`]), which cannot be
//! set and stops while the machine sleeps, so a jump of the system's clock makes nothing look old.

pub mod gateway;
pub mod setup;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::status::gateway::{GatewayStatus, Stage};
use crate::status::setup::SetupStatus;

/// The state of every part of the bot.
#[derive(Debug, Default)]
pub struct Status {
    /// The gateway connections.
    pub gateway: Arc<GatewayStatus>,
    /// The findings of the setup check.
    pub setup: SetupStatus,
    state: Mutex<StatusState>,
}

/// How often the log warns about another process that uses the same token.
const ANOTHER_PROCESS_WARN_INTERVAL: Duration = Duration::from_secs(5 * 60);

#[derive(Debug)]
struct StatusState {
    start: StartStatus,
    panel: PanelStatus,
    /// When another process was last seen using the same token.
    another_process_seen: Option<Instant>,
    /// When the log last warned about it.
    another_process_warned: Option<Instant>,
}

/// Whether Discord has answered the first REST requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartStatus {
    /// The bot's user and the gateway's address are being requested.
    Connecting {
        /// When the first attempt began.
        since: Instant,
        /// Failed attempts so far.
        attempts: u32,
        /// Why the last attempt failed: root cause and remedy.
        last_error: Option<String>,
        /// When the next attempt begins; `None` during an attempt.
        next_attempt: Option<Instant>,
    },
    /// Discord has answered both requests.
    Connected,
}

/// The state of the panel message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PanelStatus {
    /// It has not been checked yet.
    #[default]
    Unchecked,
    /// It existed at the last check.
    InPlace,
    /// It was deleted and will be sent again.
    Deleted,
    /// Somebody changes it again and again, and the bot has stopped changing it back.
    Contested,
    /// The last check or update failed and will be retried.
    Failing {
        /// The failed request and its error.
        error: String,
    },
}

impl Default for StatusState {
    fn default() -> Self {
        let start =
            StartStatus::Connecting { since: Instant::now(), attempts: 0, last_error: None, next_attempt: None };
        Self { start, panel: PanelStatus::default(), another_process_seen: None, another_process_warned: None }
    }
}

impl Status {
    fn lock(&self) -> MutexGuard<'_, StatusState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that an attempt to reach Discord begins.
    pub fn begin_attempt(&self) {
        if let StartStatus::Connecting { next_attempt, .. } = &mut self.lock().start {
            *next_attempt = None;
        }
    }

    /// Notes that an attempt to reach Discord failed and the next one follows after `pause`.
    pub fn fail_attempt(&self, error: &str, pause: Duration) {
        if let StartStatus::Connecting { attempts, last_error, next_attempt, .. } = &mut self.lock().start {
            *attempts += 1;
            *last_error = Some(error.to_owned());
            *next_attempt = Some(Instant::now() + pause);
        }
    }

    /// Notes that Discord has answered the first requests.
    pub fn finish_connecting(&self) {
        self.lock().start = StartStatus::Connected;
    }

    /// Whether Discord has answered the first requests.
    #[must_use]
    pub fn start(&self) -> StartStatus {
        self.lock().start.clone()
    }

    /// Records the result of a panel check or update.
    pub fn set_panel(&self, panel: PanelStatus) {
        self.lock().panel = panel;
    }

    /// The state of the panel message.
    #[must_use]
    pub fn panel(&self) -> PanelStatus {
        self.lock().panel.clone()
    }

    /// Notes that another process used the same token. Returns whether the log should warn about it now.
    pub fn notice_another_process(&self) -> bool {
        self.notice_another_process_at(Instant::now())
    }

    fn notice_another_process_at(&self, now: Instant) -> bool {
        let mut state = self.lock();
        state.another_process_seen = Some(now);
        let warn = state
            .another_process_warned
            .is_none_or(|warned| now.saturating_duration_since(warned) >= ANOTHER_PROCESS_WARN_INTERVAL);
        if warn {
            state.another_process_warned = Some(now);
        }
        warn
    }

    /// When another process was last seen using the same token.
    #[must_use]
    pub fn another_process_seen(&self) -> Option<Instant> {
        self.lock().another_process_seen
    }

    /// One line on the start, the gateway and the panel for the service manager. It contains no ages, so it changes only
    /// when the state does.
    #[must_use]
    pub fn summary(&self) -> String {
        if let StartStatus::Connecting { last_error, .. } = self.start() {
            return append_reason("waiting for Discord to answer", last_error.as_deref());
        }
        if !self.gateway.is_live() {
            let waiting = self.gateway.shards().into_iter().find(|shard| shard.stage != Stage::Live);
            let stage = waiting.as_ref().map_or("starting", |shard| shard.stage.name());
            let error = waiting.and_then(|shard| shard.last_error);
            return append_reason(&format!("no live session on Discord's gateway ({stage})"), error.as_deref());
        }
        match self.panel() {
            PanelStatus::Unchecked => "connected to Discord; the panel has not been checked yet".to_owned(),
            PanelStatus::InPlace => "connected to Discord".to_owned(),
            PanelStatus::Deleted => "connected to Discord; the panel was deleted and will be put back".to_owned(),
            PanelStatus::Contested => "connected to Discord; somebody keeps changing the panel".to_owned(),
            PanelStatus::Failing { error } => format!("connected to Discord; the panel is not in place: {error}"),
        }
    }
}

fn append_reason(text: &str, reason: Option<&str>) -> String {
    reason.map_or_else(|| text.to_owned(), |reason| format!("{text}: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_attempts_are_kept_until_discord_answers() {
        let (begun, status) = (Instant::now(), Status::default());
        status.begin_attempt();
        status.fail_attempt("discord does not answer: connection refused", Duration::from_secs(8));
        let failed = Instant::now();
        let StartStatus::Connecting { since, attempts: 1, last_error, next_attempt: Some(next) } = status.start()
        else {
            panic!("Discord has not answered: {:?}", status.start());
        };
        assert!((begun..=failed).contains(&since) && next <= failed + Duration::from_secs(8) && next > failed);
        assert!(last_error.is_some_and(|error| error.ends_with("connection refused")));

        status.begin_attempt();
        let StartStatus::Connecting { attempts: 1, last_error: Some(_), next_attempt: None, .. } = status.start()
        else {
            panic!("the next attempt has begun, and the last error is still known: {:?}", status.start());
        };
        status.finish_connecting();
        status.fail_attempt("too late", Duration::ZERO);
        assert_eq!(status.start(), StartStatus::Connected);
    }

    #[test]
    fn the_warning_about_another_process_is_repeated_after_its_interval() {
        let (begun, status) = (Instant::now(), Status::default());
        assert_eq!(status.another_process_seen(), None);
        let at = |seconds| begun + Duration::from_secs(seconds);
        let warned = [0, 1, 299, 300, 301].map(|seconds| status.notice_another_process_at(at(seconds)));
        assert_eq!(warned, [true, false, false, true, false]);
        assert_eq!(status.another_process_seen(), Some(at(301)));
    }

    #[test]
    fn the_summary_names_what_the_bot_waits_for_and_why() {
        let status = Status::default();
        assert_eq!(status.summary(), "waiting for Discord to answer");
        status.fail_attempt("the name is not found", Duration::ZERO);
        assert_eq!(status.summary(), "waiting for Discord to answer: the name is not found");
        status.finish_connecting();
        status.gateway.set_shards(1);
        status.gateway.record_failure(0, "connection reset");
        status.gateway.set_stage(0, Stage::Connecting);
        assert_eq!(status.summary(), "no live session on Discord's gateway (connecting): connection reset");
        status.gateway.set_stage(0, Stage::Live);
        assert_eq!(status.summary(), "connected to Discord; the panel has not been checked yet");
        status.set_panel(PanelStatus::InPlace);
        assert_eq!(status.summary(), "connected to Discord");
    }
}
