//! The watchdog: polls the supervisor, and reports readiness and liveness, and says so to the log and to the service manager.
//!
//! It asks the supervisor, and only an answer counts: a supervisor that hangs is a bot that hangs, and then systemd's
//! watchdog hears nothing and starts the bot again.

use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef, call_t};
use tokio::time::Instant;

use crate::actors::Services;
use crate::actors::health_check::{CHECK_TIMEOUT_MS, Stats, summarize};
use crate::actors::outage::{News, Outage};
use crate::actors::service_manager::{self, LOOK_INTERVAL, ServiceManager};
use crate::actors::supervisor::SupervisorMsg;
use crate::memory;
use crate::platform;

/// How often the log is told how much is going on, and what a crowd has left behind is given back.
const MINUTE: Duration = Duration::from_secs(60);

/// What the watchdog is told.
#[derive(Debug)]
pub enum WatchdogMsg {
    /// By itself, as often as the watchdog wants to hear from us.
    Beat,
    /// By itself, until the bot is ready: the service manager is asked for more time.
    Starting,
    /// By itself: a minute has passed.
    Minute,
    /// By itself, every second, and by the supervisor when something has changed that may make us ready.
    Look,
}

/// The actor that looks.
pub struct Watchdog {
    /// Whose counts and state are told.
    pub services: Arc<Services>,
    /// Who is asked.
    pub supervisor: ActorRef<SupervisorMsg>,
}

/// What it holds between messages.
pub struct WatchdogState {
    ready: bool,
    outage: Outage,
    manager: ServiceManager,
}

impl Actor for Watchdog {
    type Msg = WatchdogMsg;
    type State = WatchdogState;
    type Arguments = ();

    async fn pre_start(&self, me: ActorRef<WatchdogMsg>, (): ()) -> Result<WatchdogState, ActorProcessingErr> {
        if let Some(limit) = platform::watchdog_interval() {
            me.send_interval(limit / 3, || WatchdogMsg::Beat);
        }
        me.send_interval(LOOK_INTERVAL, || WatchdogMsg::Look);
        me.send_interval(MINUTE, || WatchdogMsg::Minute);
        // After a failure the service manager has been told already; telling it twice does no harm.
        me.cast(WatchdogMsg::Starting)?;
        Ok(WatchdogState { ready: false, outage: Outage::default(), manager: ServiceManager::default() })
    }

    async fn handle(
        &self,
        me: ActorRef<WatchdogMsg>,
        message: WatchdogMsg,
        state: &mut WatchdogState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            WatchdogMsg::Look => self.look(state).await,
            WatchdogMsg::Beat => {
                if self.stats().await.is_some() {
                    state.manager.tell_alive();
                }
            }
            WatchdogMsg::Starting if state.ready => {}
            WatchdogMsg::Starting => {
                if self.stats().await.is_some() {
                    state.manager.tell_starting();
                }
                me.send_after(service_manager::start_interval(), || WatchdogMsg::Starting);
            }
            WatchdogMsg::Minute => {
                if let Some(stats) = self.stats().await {
                    self.log(stats);
                }
                memory::release_unused();
            }
        }
        Ok(())
    }
}

impl Watchdog {
    async fn look(&self, state: &mut WatchdogState) {
        let live = self.services.status.gateway.is_live();
        match state.outage.observe(live, Instant::now()) {
            Some(News::Lasting(time)) => tracing::warn!(
                seconds = time.as_secs(),
                "{}; nothing is heard of Discord meanwhile, and it is tried until it works",
                self.summary()
            ),
            Some(News::Over(time)) => {
                tracing::info!(seconds = time.as_secs(), "the session on Discord's gateway is live again");
            }
            None => {}
        }
        if live
            && !state.ready
            && let Some(stats) = self.stats().await.filter(|stats| stats.panel_in_place)
        {
            state.ready = true;
            tracing::info!(tickets = stats.open, "ready: connected, and the panel stands");
            state.manager.tell_ready();
        }
        state.manager.tell_summary(self.summary());
    }

    /// How the bot is doing, in a line that holds no ages.
    fn summary(&self) -> String {
        summarize(&self.services.status, &self.services.client.status())
    }

    async fn stats(&self) -> Option<Stats> {
        let stats = call_t!(self.supervisor, SupervisorMsg::Count, CHECK_TIMEOUT_MS).ok();
        if stats.is_none() {
            tracing::error!("the supervisor does not answer; under systemd the watchdog restarts the bot");
        }
        stats
    }

    fn log(&self, stats: Stats) {
        let metrics = &self.services.metrics;
        let (calls, retries) = (metrics.request_count(), metrics.retries.get());
        let (open, actors, under_way) = (stats.open, stats.active, metrics.requests_in_flight.get());
        let connected = self.services.status.gateway.is_live();
        tracing::debug!(tickets = open, actors, calls, under_way, retries, connected, "this far");
    }
}
