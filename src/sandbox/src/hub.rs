//! The one place where the pure world meets the outside: everything that happens goes through [`Hub::act`], which
//! gives it the time, delivers the events it caused to the gateway and wakes the tasks that wait for a change.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::faults::Faults;
use super::gateway::Gateway;
use super::gateway_fault::{GatewayAction, GatewayStage};
use super::gateway_port::GatewayPort;
use super::record::{GatewayEvent, Record};
use super::switch::Switch;
use super::world::World;
use super::world::interactions::TIME_TO_ACKNOWLEDGE;

/// What the server's tasks and the driver share.
#[derive(Debug)]
pub(super) struct Hub {
    state: Mutex<State>,
    changes: watch::Sender<u64>,
    runtime: Handle,
    pub(super) address: SocketAddr,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) world: World,
    pub(super) gateway: Gateway,
    pub(super) faults: Faults,
    pub(super) record: Record,
    /// The switches of the host.
    pub(super) switches: Vec<Switch>,
    /// The gateway's own port, where it has one.
    pub(super) gateway_port: Option<GatewayPort>,
    /// By how many seconds the clock of the `Date` header is wrong.
    pub(super) skew: i64,
}

impl State {
    /// A connection reaches a stage, and this happens to it.
    pub(super) fn reach(&mut self, now: SystemTime, stage: GatewayStage) -> Vec<GatewayAction> {
        let actions = self.gateway.faults.reach(stage);
        if !actions.is_empty() {
            self.record.note(now, GatewayEvent::Struck { stage });
        }
        actions
    }

    /// From now on clients get this address for their gateway connections.
    pub(super) fn tell_gateway(&mut self, url: String) {
        self.world.gateway.clone_from(&url);
        self.gateway.resume_url = url;
    }
}

impl Hub {
    /// Gives the gateway a port of its own, where it has none, and announces it to clients.
    pub(super) fn separate_gateway(self: &Arc<Self>) -> io::Result<String> {
        let _within = self.runtime.enter();
        if let Some(url) = self.look(|state, _| state.gateway_port.as_ref().map(GatewayPort::url)) {
            return Ok(url);
        }
        let port = GatewayPort::open_new(self)?;
        let url = port.url();
        self.act(|state, _| {
            state.gateway_port = Some(port);
            state.tell_gateway(url.clone());
        });
        Ok(url)
    }

    /// Opens the gateway's own port again.
    pub(super) fn open_gateway_port(self: &Arc<Self>) -> io::Result<()> {
        let _within = self.runtime.enter();
        self.act(|state, _| state.gateway_port.as_mut().ok_or(io::ErrorKind::NotFound)?.open(self))
    }

    /// Closes the gateway's own port: from now on connections are refused. Those that there are stay.
    pub(super) async fn close_gateway_port(&self) -> io::Result<()> {
        let closing = self.act(|state, _| {
            let port = state.gateway_port.as_mut().ok_or(io::ErrorKind::NotFound)?;
            Ok::<_, io::Error>(port.close())
        })?;
        if let Some(closing) = closing {
            // It was aborted.
            let _ = closing.await;
        }
        Ok(())
    }

    pub(super) fn new(world: World, gateway: Gateway, runtime: Handle, address: SocketAddr) -> Self {
        let (faults, record) = (Faults::default(), Record::default());
        let state = State { world, gateway, faults, record, switches: Vec::new(), gateway_port: None, skew: 0 };
        Self { state: Mutex::new(state), changes: watch::Sender::new(0), runtime, address }
    }

    /// Does something now: the events it causes go out, and everyone who waits looks again.
    pub(super) fn act<T>(&self, deed: impl FnOnce(&mut State, SystemTime) -> T) -> T {
        let mut state = self.lock();
        let now = now();
        state.world.at(now);
        let result = deed(&mut state, now);
        let State { world, gateway, .. } = &mut *state;
        gateway.deliver(now, world.take_dispatches());
        drop(state);
        self.tick();
        result
    }

    /// Looks without touching.
    pub(super) fn look<T>(&self, look: impl FnOnce(&State, SystemTime) -> T) -> T {
        look(&self.lock(), now())
    }

    /// Wakes every task that waits for a change.
    pub(super) fn tick(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// The same, once this much time has passed: for what changes by the clock alone.
    fn tick_after(self: &Arc<Self>, pause: Duration) {
        let hub = Arc::downgrade(self);
        self.runtime.spawn(async move {
            tokio::time::sleep(pause).await;
            if let Some(hub) = hub.upgrade() {
                hub.tick();
            }
        });
    }

    /// A person starts an interaction. If nothing else happens, it has failed some seconds later.
    pub(super) fn interact<T>(self: &Arc<Self>, deed: impl FnOnce(&mut World) -> T) -> T {
        let result = self.act(|state, _| deed(&mut state.world));
        self.tick_after(TIME_TO_ACKNOWLEDGE);
        result
    }

    /// Waits without a limit until `look` finds what it looks for.
    pub(super) async fn until<T>(&self, mut look: impl FnMut(&State, SystemTime) -> Option<T>) -> T {
        let mut changes = self.changes();
        loop {
            changes.borrow_and_update();
            if let Some(found) = self.look(&mut look) {
                return found;
            }
            if changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// A test that panicked while it looked leaves the state as it was.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The only place in which the sandbox reads the clock; the world gets the time as an argument.
#[expect(clippy::disallowed_methods, reason = "the sandbox stands for Discord, which has a clock of its own")]
pub(super) fn now() -> SystemTime {
    SystemTime::now()
}
