//! The pulse: looks whether the house is well, and says so to the log and to the service manager.
//!
//! It asks the supervisor, and only an answer counts: a supervisor that hangs is a bot that hangs, and then systemd's
//! watchdog hears nothing and starts the bot again.

use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef, call_t};
use sd_notify::NotifyState;

use crate::actors::supervisor::SupervisorMsg;
use crate::actors::vitals::{Census, PATIENCE_MS};
use crate::counts::Counts;
use crate::memory;

/// How often the log is told how much is going on, and what a crowd has left behind is given back.
const MINUTE: Duration = Duration::from_secs(60);

/// What the pulse is told.
#[derive(Debug)]
pub enum PulseMsg {
    /// By itself, as often as the watchdog wants to hear from us.
    Beat,
    /// By itself: a minute has passed.
    Minute,
    /// By the supervisor: something has changed that may make us ready.
    Look,
}

/// The actor that looks.
pub struct Pulse {
    /// What is counted.
    pub counts: Arc<Counts>,
    /// Who is asked.
    pub supervisor: ActorRef<SupervisorMsg>,
}

/// What it holds between messages.
pub struct Desk {
    ready: bool,
}

impl Actor for Pulse {
    type Msg = PulseMsg;
    type State = Desk;
    type Arguments = ();

    async fn pre_start(&self, me: ActorRef<PulseMsg>, (): ()) -> Result<Desk, ActorProcessingErr> {
        if let Some(limit) = sd_notify::watchdog_enabled() {
            me.send_interval(limit / 3, || PulseMsg::Beat);
        }
        me.send_interval(MINUTE, || PulseMsg::Minute);
        // After a failure the service manager has been told already; telling it twice does no harm.
        me.cast(PulseMsg::Look)?;
        Ok(Desk { ready: false })
    }

    async fn handle(
        &self,
        _me: ActorRef<PulseMsg>,
        message: PulseMsg,
        desk: &mut Desk,
    ) -> Result<(), ActorProcessingErr> {
        if matches!(message, PulseMsg::Look) && desk.ready {
            return Ok(());
        }
        let Ok(census) = call_t!(self.supervisor, SupervisorMsg::Count, PATIENCE_MS) else {
            tracing::error!("the supervisor does not answer; under systemd the watchdog restarts the bot");
            return Ok(());
        };
        match message {
            PulseMsg::Beat => tell(&[NotifyState::Watchdog]),
            PulseMsg::Minute => {
                self.log(&census);
                memory::give_back();
            }
            PulseMsg::Look => {}
        }
        if census.is_ready() && !desk.ready {
            desk.ready = true;
            tracing::info!(tickets = census.open, "ready: connected, and the panel has been looked at");
            tell(&[NotifyState::Ready, NotifyState::Status("connected to Discord")]);
        }
        Ok(())
    }
}

impl Pulse {
    fn log(&self, census: &Census) {
        let (calls, retries) = (self.counts.calls(), self.counts.retries.get());
        let (open, actors, under_way) = (census.open, census.living, self.counts.under_way.get());
        let connected = census.line.connected;
        tracing::debug!(tickets = open, actors, calls, under_way, retries, connected, "this far");
    }
}

/// Tells the service manager that we are going.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Where there is no service manager, nobody is told.
fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the service manager cannot be told how we are");
    }
}
