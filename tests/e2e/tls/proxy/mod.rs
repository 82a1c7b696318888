//! A proxy that terminates TLS in front of the sandbox, as a content delivery network does in front of Discord.
//!
//! ```text
//!   bot ── https, HTTP/2 ──▶ proxy ── http/1.1 ──▶ sandbox
//!       ── wss, HTTP/1.1 ──▶       ── ws ────────▶
//! ```
//!
//! It runs on a thread of its own, so that a busy test never makes it slow, and it fails on demand: a request, a
//! connection, or every handshake from now on.

mod certificate;
mod connection;
mod stream;

use std::net::{SocketAddr, TcpListener as StdListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use talon_sandbox::{Pattern, Sandbox};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use certificate::{Authority, HOST};
use connection::{Connection, serve};

pub use certificate::Certificate;
pub use connection::Protocol;

/// What is done to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// `RST_STREAM` with `REFUSED_STREAM`: it was not looked at.
    RefuseStream,
    /// GOAWAY that names an earlier stream as the last one: it was not looked at.
    GoAwayBefore,
    /// GOAWAY while it is under way; it is answered all the same.
    GoAwayDuring,
    /// It is never answered; the connection is well. It has or has not had its effect by then.
    Stall { done: bool },
    /// Nothing is read or written on its connection any more. It has or has not had its effect by then.
    Freeze { done: bool },
}

/// A request that came through the proxy.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// On which connection, counted from the first.
    pub connection: usize,
    pub protocol: Protocol,
    pub method: String,
    /// The path after `/api/v10`.
    pub path: String,
}

/// The running proxy. It ends with this value.
pub struct TlsProxy {
    shared: Arc<Shared>,
    authority: Authority,
    files: TempDir,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What the connections share.
pub struct Shared {
    address: SocketAddr,
    pub sandbox: SocketAddr,
    state: Mutex<State>,
}

struct State {
    config: Arc<ServerConfig>,
    silent: bool,
    silent_handshakes: usize,
    failures: Vec<(Pattern, Failure)>,
    connections: Vec<Arc<Connection>>,
    exchanges: Vec<Exchange>,
    /// The addresses at which a websocket was opened.
    sockets: Vec<String>,
}

impl TlsProxy {
    /// Starts in front of this sandbox.
    pub fn start(sandbox: &Sandbox, certificate: Certificate) -> Self {
        let authority = Authority::new("the authority of a test");
        let files = TempDir::new().expect("a folder for the certificate");
        std::fs::write(files.path().join("ca.pem"), authority.pem()).expect("the certificate can be written");
        let listener = StdListener::bind("127.0.0.1:0").expect("the proxy listens");
        listener.set_nonblocking(true).expect("the listener belongs to a runtime");
        let base = sandbox.base_url();
        let sandbox = base.strip_prefix("http://").and_then(|address| address.parse().ok());
        let state = State {
            config: authority.server_config(certificate),
            silent: false,
            silent_handshakes: 0,
            failures: Vec::new(),
            connections: Vec::new(),
            exchanges: Vec::new(),
            sockets: Vec::new(),
        };
        let shared = Arc::new(Shared {
            address: listener.local_addr().expect("it listens"),
            sandbox: sandbox.expect("the sandbox has an address"),
            state: Mutex::new(state),
        });
        let (stop, stopped) = oneshot::channel();
        let accepting = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, accepting) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { shared, authority, files, stop: Some(stop), thread: Some(thread) }
    }

    /// `https://host:port`, for `DISCORD_PROXY`.
    pub fn url(&self) -> String {
        format!("https://{HOST}:{}", self.shared.address.port())
    }

    /// The file with the certificate of the authority, for `SSL_CERT_FILE`.
    pub fn authority_file(&self) -> PathBuf {
        self.files.path().join("ca.pem")
    }

    /// A folder with the same, named as OpenSSL wants it, for `SSL_CERT_DIR`.
    pub fn authority_folder(&self) -> PathBuf {
        let folder = self.files.path().join("certs");
        std::fs::create_dir_all(&folder).expect("the folder can be made");
        std::fs::write(folder.join("0a1b2c3d.0"), self.authority.pem()).expect("the certificate can be written");
        folder
    }

    /// Shows this certificate at every handshake from now on.
    pub fn show_certificate(&self, certificate: Certificate) {
        let config = self.authority.server_config(certificate);
        self.shared.state().config = config;
    }

    /// Accepts connections, and does not say a word on those that are made from now on, until it is told otherwise.
    pub fn silence_handshakes(&self, silent: bool) {
        self.shared.state().silent = silent;
    }

    /// How many handshakes have been left without a word.
    pub fn silent_handshakes(&self) -> usize {
        self.shared.state().silent_handshakes
    }

    /// The next request that matches fails like this.
    pub fn fail(&self, pattern: &str, failure: Failure) {
        self.shared.state().failures.push((Pattern::from(pattern), failure));
    }

    /// How many failures have not happened yet.
    pub fn failures_left(&self) -> usize {
        self.shared.state().failures.len()
    }

    /// Says goodbye on every HTTP/2 connection, by GOAWAY.
    pub fn go_away(&self) {
        for connection in self.http2_connections() {
            connection.go_away_after_all();
        }
    }

    /// Stops reading and writing on every HTTP/2 connection there is, without closing it.
    pub fn freeze_http2(&self) {
        self.http2_connections().iter().for_each(|connection| connection.disturbance.freeze());
    }

    /// Breaks every HTTP/2 connection.
    pub fn cut_http2(&self) {
        self.http2_connections().iter().for_each(|connection| connection.disturbance.cut());
    }

    /// Breaks every connection.
    pub fn cut_all(&self) {
        self.shared.state().connections.iter().for_each(|connection| connection.disturbance.cut());
    }

    fn http2_connections(&self) -> Vec<Arc<Connection>> {
        let state = self.shared.state();
        let connections = state.connections.iter().filter(|connection| connection.protocol == Protocol::Http2);
        connections.cloned().collect()
    }

    /// The requests so far.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.shared.state().exchanges.clone()
    }

    /// The requests of this kind so far.
    pub fn exchanges_matching(&self, pattern: &str) -> Vec<Exchange> {
        let pattern = Pattern::from(pattern);
        let mut exchanges = self.exchanges();
        exchanges.retain(|exchange| pattern.matches(&exchange.method, &exchange.path));
        exchanges
    }

    /// The addresses at which a websocket was opened so far.
    pub fn sockets(&self) -> Vec<String> {
        self.shared.state().sockets.clone()
    }
}

impl Drop for TlsProxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request, and tells what is to be done to it.
    pub fn begin(&self, exchange: Exchange) -> Option<Failure> {
        let mut state = self.state();
        let matches = |(pattern, _): &(Pattern, Failure)| pattern.matches(&exchange.method, &exchange.path);
        let failure = state.failures.iter().position(matches).map(|found| state.failures.remove(found).1);
        state.exchanges.push(exchange);
        failure
    }

    /// Notes that a websocket is opened.
    pub fn open_socket(&self, path: &str) {
        self.state().sockets.push(format!("wss://{HOST}:{}{path}", self.address.port()));
    }

    /// The sandbox tells its own address where Discord tells the gateway's: here the gateway is reached by way of the
    /// proxy.
    pub fn rewrite_addresses(&self, text: &str) -> String {
        text.replace(&format!("ws://{}", self.sandbox), &format!("wss://{HOST}:{}", self.address.port()))
    }
}

async fn accept(listener: StdListener, shared: Arc<Shared>) {
    let listener = TcpListener::from_std(listener).expect("the runtime takes the listener");
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(handshake(stream, Arc::clone(&shared)))),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn handshake(stream: TcpStream, shared: Arc<Shared>) {
    let (config, silent) = {
        let mut state = shared.state();
        state.silent_handshakes += usize::from(state.silent);
        (Arc::clone(&state.config), state.silent)
    };
    if silent {
        // The stream stays open for as long as the proxy runs.
        std::future::pending::<()>().await;
    }
    let _ = stream.set_nodelay(true);
    let Ok(stream) = TlsAcceptor::from(config).accept(stream).await else { return };
    let protocol = Protocol::negotiated(stream.get_ref().1.alpn_protocol());
    let connection = {
        let mut state = shared.state();
        let connection = Arc::new(Connection::new(state.connections.len(), protocol));
        state.connections.push(Arc::clone(&connection));
        connection
    };
    serve(stream, connection, shared).await;
}
