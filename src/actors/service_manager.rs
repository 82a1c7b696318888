//! What systemd, or whoever started the bot in its way, is told: that the bot lives, what it waits for, when it is ready.
//!
//! A start that waits for Discord is no failure, so while it lasts the time for it is extended again and again, and the
//! watchdog is fed as ever.

use std::convert::Infallible;
use std::time::Duration;

use tokio::time::sleep;

use crate::actors::health_check::HealthCheck;
use crate::platform::{self, NotifyState};

/// How often a start that lasts shows that it lives, and for how long it asks each time.
const START_INTERVAL: Duration = Duration::from_secs(10);
const START_EXTENSION: u32 = 60_000_000;
/// How often it is looked whether there is something new to tell.
pub(super) const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// The service manager, and what it was told last.
#[derive(Debug, Default)]
pub struct ServiceManager {
    summary: String,
}

impl ServiceManager {
    /// Tells what the bot is doing, if that has changed.
    pub fn tell_summary(&mut self, summary: String) {
        if summary != self.summary {
            tell(&[NotifyState::Status(&summary)]);
            self.summary = summary;
        }
    }

    /// The bot lives, and is not ready yet.
    pub fn tell_starting(&self) {
        tell(&[NotifyState::Watchdog, NotifyState::ExtendTimeoutUsec(START_EXTENSION)]);
    }

    /// The bot lives.
    pub fn tell_alive(&self) {
        tell(&[NotifyState::Watchdog]);
    }

    /// The bot is ready.
    pub fn tell_ready(&self) {
        tell(&[NotifyState::Ready]);
    }
}

/// How often the service manager wants to hear from the bot while it starts.
#[must_use]
pub fn start_interval() -> Duration {
    platform::watchdog_interval().map_or(START_INTERVAL, |limit| (limit / 3).min(START_INTERVAL))
}

/// Tells that the bot lives and what it waits for, for ever: until Discord has told what the start needs, there is nobody
/// else to do so.
pub async fn accompany_start(health_check: &HealthCheck) -> Infallible {
    let mut manager = ServiceManager::default();
    let (interval, mut since) = (start_interval(), Duration::ZERO);
    let step = interval.min(LOOK_INTERVAL);
    manager.tell_starting();
    loop {
        manager.tell_summary(health_check.summary());
        sleep(step).await;
        since += step;
        if since >= interval {
            since = Duration::ZERO;
            manager.tell_starting();
        }
    }
}

/// The bot is going to end.
pub fn tell_stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Without a service manager this does nothing.
fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = platform::notify_service_manager(state) {
        tracing::warn!(%error, "the service manager cannot be told how the bot is doing");
    }
}
