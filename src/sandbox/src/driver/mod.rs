//! The interface of a running sandbox: start it, act as its people (`actions`), read what they see and what the bot asked
//! (`queries`), inject faults (`faults`).

mod actions;
mod faults;
mod queries;

use std::fmt::Write as _;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;

use super::control::describe;
use super::gateway::Gateway;
use super::hub::{Hub, State, now};
use super::pattern::Pattern;
use super::record::{Call, Ending, GatewayConnection};
use super::server;
use super::switch::Switch;
use super::world::{FixtureIds, Start, World};

/// How long a test waits for what it expects.
const PATIENCE: Duration = Duration::from_secs(10);

/// How to start a sandbox.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The server and its people.
    pub start: Start,
    /// 0 takes any free port.
    pub port: u16,
    /// The bot's token.
    pub token: String,
    /// The heartbeat interval of the gateway.
    pub heartbeat: Duration,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            start: Start::default(),
            port: 0,
            token: "c2FuZGJveA.sandbox.not-a-secret-it-opens-nothing-but-loopback".to_owned(),
            heartbeat: Duration::from_millis(41_250),
        }
    }
}

/// A running sandbox. Clones are handles to the same one; it ends with the last of them.
#[derive(Clone, Debug)]
pub struct Sandbox {
    hub: Arc<Hub>,
    ids: FixtureIds,
    token: Arc<str>,
    _thread: Arc<Thread>,
}

/// The thread on which the sandbox runs; it ends when this is dropped.
#[derive(Debug)]
struct Thread {
    stop: Option<oneshot::Sender<()>>,
    handle: Option<JoinHandle<()>>,
}

impl Drop for Thread {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(handle) = self.handle.take() {
            let _ = handle.join();
        }
    }
}

impl Sandbox {
    /// Starts one, listening on loopback only.
    pub fn start(setup: Setup) -> io::Result<Self> {
        let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), setup.port);
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        // Not before the port is known to be free: a runtime cannot be let go of within another one.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let url = format!("ws://{address}");
        let (world, ids) = World::new(now(), &setup.start, &setup.token, &url);
        let gateway = Gateway::new(url, setup.heartbeat);
        let hub = Arc::new(Hub::new(world, gateway, runtime.handle().clone(), address));
        let (stop, stopped) = oneshot::channel::<()>();
        let served = Arc::clone(&hub);
        let handle = std::thread::Builder::new().name("sandbox".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = server::serve(served, listener) => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_background();
        })?;
        let thread = Thread { stop: Some(stop), handle: Some(handle) };
        Ok(Self { hub, ids, token: setup.token.into(), _thread: Arc::new(thread) })
    }

    /// `http://127.0.0.1:port`, which stands in for `https://discord.com`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.hub.address)
    }

    /// The bot's token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The ids of the people, roles and channels that were there from the start.
    #[must_use]
    pub fn ids(&self) -> FixtureIds {
        self.ids
    }

    /// What `GET /sandbox` answers: the address, the token, and the ids of the application, the server, its channels and
    /// roles.
    #[must_use]
    pub fn describe(&self) -> Value {
        describe(&self.hub)
    }

    /// Adds a switch to the page: an action that only the host of the sandbox can carry out.
    pub fn offer(&self, switch: Switch) {
        self.hub.act(|state, _| state.switches.push(switch));
    }

    /// Reads the world.
    pub fn look<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        self.hub.look(|state, _| look(&state.world))
    }

    /// Changes the world in a way that has no method of its own here.
    pub fn act<T>(&self, deed: impl FnOnce(&mut World) -> T) -> T {
        self.hub.act(|state, _| deed(&mut state.world))
    }

    /// Waits until `look` finds what it looks for in the world.
    ///
    /// # Panics
    /// After ten seconds; the message names `what` was awaited and lists the calls so far.
    pub async fn until<T>(&self, what: &str, mut look: impl FnMut(&World) -> Option<T>) -> T {
        self.wait(what, |state| look(&state.world)).await
    }

    /// Waits until this many matching calls have ended in all, and gives them.
    ///
    /// # Panics
    /// As [`Sandbox::until`].
    pub async fn until_called(&self, pattern: &str, times: usize) -> Vec<Call> {
        let wanted = Pattern::from(pattern);
        let finished =
            |calls: Vec<Call>| calls.into_iter().filter(|call| call.ending != Ending::Pending).collect::<Vec<_>>();
        let enough = |calls: &Vec<Call>| calls.len() >= times;
        let what = format!("{pattern} was called {times} times");
        self.wait(&what, |state| Some(finished(state.record.matching(&wanted))).filter(enough)).await
    }

    /// Waits until the bot has a session on the gateway.
    ///
    /// # Panics
    /// As [`Sandbox::until`].
    pub async fn ready(&self) {
        self.wait("the bot has a session", |state| (state.gateway.connected() > 0).then_some(())).await;
    }

    /// Waits until no session of the gateway has a connection: between the end of one bot and the start of the next, so
    /// that [`Sandbox::ready`] does not mistake the old connection for the new one.
    ///
    /// # Panics
    /// As [`Sandbox::until`].
    pub async fn gone(&self) {
        self.wait("no session is connected", |state| (state.gateway.connected() == 0).then_some(())).await;
    }

    /// Waits until the record of the gateway's connections `fits`, and gives it.
    ///
    /// # Panics
    /// As [`Sandbox::until`].
    pub async fn until_gateway(
        &self,
        what: &str,
        fits: impl Fn(&[GatewayConnection]) -> bool,
    ) -> Vec<GatewayConnection> {
        let look = |state: &State| Some(state.record.connections().cloned().collect::<Vec<_>>());
        self.wait(what, |state| look(state).filter(|connections| fits(connections))).await
    }

    async fn wait<T>(&self, what: &str, mut look: impl FnMut(&State) -> Option<T>) -> T {
        let found = self.hub.until(|state, _| look(state));
        let found = tokio::time::timeout(PATIENCE, found).await;
        found.unwrap_or_else(|_| panic!("timed out waiting until {what}\n{}", self.story()))
    }

    /// All calls and gateway events so far, one a line, for the message of a failing test.
    #[must_use]
    pub fn story(&self) -> String {
        let mut story = String::new();
        for call in self.calls() {
            let body = call.body.map(|body| body.to_string()).unwrap_or_default();
            let _ = writeln!(story, "{:>4} {:?} {} {} {body}", call.number, call.ending, call.method, call.path);
        }
        for note in self.gateway_notes() {
            let _ = writeln!(story, "gateway {:?}", note.what);
        }
        story
    }
}
