//! A real browser, steered over its own debugging protocol: no driver in between, and whatever a page complains of in
//! its console is heard.

use std::collections::HashMap;
use std::io;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::{MutexGuard, oneshot};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// What it takes to have one.
const INSTALL: &str = "the browser stories need Chromium: apt-get install -y chromium fonts-noto-color-emoji";
/// How long the browser may take for anything.
const PATIENCE: Duration = Duration::from_secs(30);
/// One browser at a time: each wants more of a small machine than all the bots together.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

const FLAGS: [&str; 13] = [
    "--headless=new",
    // Containers run as root, where the browser's own sandbox cannot.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    // A name of somebody else's that leads to this machine.
    "--host-resolver-rules=MAP hostile.test 127.0.0.1",
    "--lang=en-US",
    "--remote-debugging-port=0",
];

/// A browser with a profile of its own; it ends with this value.
pub struct Chromium {
    process: Child,
    line: Line,
    _profile: TempDir,
    _turn: MutexGuard<'static, ()>,
}

/// The connection to the browser; clones speak on the same one.
#[derive(Clone)]
pub struct Line {
    sink: Arc<tokio::sync::Mutex<SplitSink<Socket, Message>>>,
    desk: Arc<Mutex<Desk>>,
}

type Socket = WebSocketStream<TcpStream>;

/// What is awaited and what was heard.
#[derive(Default)]
struct Desk {
    asked: u64,
    awaited: HashMap<u64, oneshot::Sender<Result<Value, String>>>,
    complaints: Vec<String>,
}

impl Chromium {
    /// Starts one. That it is missing is a failure, not a reason to skip a story.
    pub async fn start() -> Self {
        let turn = TURN.lock().await;
        let profile = TempDir::new().expect("a folder for the browser");
        let program = std::env::var("CHROMIUM").unwrap_or_else(|_| "chromium".to_owned());
        let started = Command::new(program)
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            // Where it leaves what it does not tidy up when it is killed.
            .env("TMPDIR", profile.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let mut process = match started {
            Err(error) if error.kind() == io::ErrorKind::NotFound => panic!("{INSTALL}"),
            started => started.expect("the browser starts"),
        };
        let mut log = BufReader::new(process.stderr.take().expect("its log is piped")).lines();
        let address =
            tokio::time::timeout(PATIENCE, address(&mut log)).await.expect("the browser tells where it listens");
        // What else it has to say is of no interest, and must not fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
        let line = Line::open(&address).await;
        Self { process, line, _profile: profile, _turn: turn }
    }

    /// The connection to it.
    pub fn line(&self) -> Line {
        self.line.clone()
    }

    /// Ends it, after a look whether any page had something to complain of.
    pub async fn end(self) {
        self.end_with(|_| false).await;
    }

    /// Ends it likewise, where a story gave reason for complaints of some kinds.
    pub async fn end_after(self, kinds: &[&str]) {
        self.end_with(|complaint| kinds.iter().any(|kind| complaint.contains(kind))).await;
    }

    async fn end_with(mut self, excused: impl Fn(&str) -> bool) {
        let mut complaints = std::mem::take(&mut self.line.desk().complaints);
        complaints.retain(|complaint| !excused(complaint));
        let _ = self.process.kill().await;
        assert!(complaints.is_empty(), "the console says: {complaints:#?}");
    }
}

/// Where it listens, as it says in its log.
async fn address(log: &mut Lines<BufReader<ChildStderr>>) -> String {
    let mut said = String::new();
    while let Ok(Some(line)) = log.next_line().await {
        if let Some(address) = line.strip_prefix("DevTools listening on ") {
            return address.to_owned();
        }
        said.push_str(&line);
    }
    panic!("the browser ended at once: {said}")
}

impl Line {
    async fn open(address: &str) -> Self {
        let host = address.split('/').nth(2).expect("an address has a host");
        let stream = TcpStream::connect(host).await.expect("the browser listens");
        let (socket, _) = tokio_tungstenite::client_async(address, stream).await.expect("the browser speaks");
        let (sink, stream) = socket.split();
        let line = Self { sink: Arc::new(tokio::sync::Mutex::new(sink)), desk: Arc::default() };
        tokio::spawn(line.clone().listen(stream));
        line
    }

    async fn listen(self, mut stream: SplitStream<Socket>) {
        while let Some(Ok(message)) = stream.next().await {
            if let Message::Text(text) = message {
                self.desk().hear(&serde_json::from_str(&text).expect("the browser speaks JSON"));
            }
        }
        // Whoever waits for an answer now waits in vain, and is told by the end of their channel.
        self.desk().awaited.clear();
    }

    /// Asks the browser, or a page of it, to do something.
    pub async fn ask(&self, session: Option<&str>, method: &str, params: Value) -> Result<Value, String> {
        let (answer, awaited) = oneshot::channel();
        let mut order = json!({ "method": method, "params": params });
        if let Some(session) = session {
            order["sessionId"] = session.into();
        }
        {
            let mut desk = self.desk();
            desk.asked += 1;
            order["id"] = desk.asked.into();
            let number = desk.asked;
            desk.awaited.insert(number, answer);
        }
        self.sink.lock().await.send(Message::Text(order.to_string())).await.expect("the browser is there");
        let answer = tokio::time::timeout(PATIENCE, awaited).await;
        answer.unwrap_or_else(|_| panic!("{method} was never answered")).expect("the browser is there")
    }

    fn desk(&self) -> std::sync::MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    fn hear(&mut self, message: &Value) {
        if let Some(answer) = message["id"].as_u64().and_then(|number| self.awaited.remove(&number)) {
            let error = message.get("error").map(Value::to_string);
            let _ = answer.send(error.map_or_else(|| Ok(message["result"].clone()), Err));
        }
        let params = &message["params"];
        let complaint = match message["method"].as_str() {
            Some("Runtime.exceptionThrown") => Some(&params["exceptionDetails"]),
            Some("Runtime.consoleAPICalled") if params["type"] != "log" => Some(&params["args"]),
            Some("Log.entryAdded") => Some(&params["entry"]),
            _ => None,
        };
        self.complaints.extend(complaint.map(Value::to_string));
    }
}
