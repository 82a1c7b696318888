//! The gateway's protocol, frame by frame.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use talon_sandbox::world::{Limits, Start};
use talon_sandbox::*;

const GUILDS_AND_MESSAGES: u64 = 1 << 0 | 1 << 9;
const MESSAGE_CONTENT: u64 = 1 << 15;

/// A client that says exactly what it is told to.
pub(super) struct Line(WebSocketStream<TcpStream>);

/// What the server says next.
#[derive(Debug, PartialEq)]
pub(super) enum Heard {
    Frame(Value),
    Closed(Option<u16>),
}

impl Line {
    pub(super) async fn open(sandbox: &Sandbox, query: &str) -> Self {
        let mut line = Self::connect(sandbox, query).await;
        if query == "?v=10" {
            let hello = line.next().await.expect("HELLO").expect("a frame");
            assert!(hello.to_string().contains("heartbeat_interval"));
        }
        line
    }

    /// Opens a WebSocket and waits for nothing.
    pub(super) async fn connect(sandbox: &Sandbox, query: &str) -> Self {
        Self::connect_to(&sandbox.base_url().replace("http://", ""), query).await
    }

    pub(super) async fn connect_to(host: &str, query: &str) -> Self {
        let stream = TcpStream::connect(host).await.expect("the sandbox listens");
        Self(client_async(format!("ws://{host}/{query}"), stream).await.expect("it upgrades").0)
    }

    /// The next frame, whatever it is.
    pub(super) async fn next(&mut self) -> Option<Result<Message, Error>> {
        self.0.next().await
    }

    pub(super) async fn close(&mut self, code: u16) {
        self.0.close(Some(CloseFrame { code: code.into(), reason: "".into() })).await.expect("it closes");
    }

    pub(super) async fn say(&mut self, op: u64, data: Value) {
        self.0.send(Message::Text(json!({ "op": op, "d": data }).to_string())).await.expect("the line is open");
    }

    pub(super) async fn hear(&mut self) -> Heard {
        let next = tokio::time::timeout(Duration::from_secs(10), self.0.next()).await.expect("something is said");
        match next {
            Some(Ok(Message::Text(text))) => Heard::Frame(serde_json::from_str(&text).expect("JSON")),
            Some(Ok(Message::Close(frame))) => Heard::Closed(frame.map(|frame| frame.code.into())),
            Some(Ok(other)) => panic!("unexpected {other:?}"),
            Some(Err(_)) | None => Heard::Closed(None),
        }
    }

    /// The next event's name and the whole frame.
    pub(super) async fn event(&mut self) -> (String, Value) {
        match self.hear().await {
            Heard::Frame(frame) => (frame["t"].as_str().unwrap_or_default().to_owned(), frame),
            Heard::Closed(code) => panic!("closed with {code:?}"),
        }
    }

    pub(super) async fn identify(&mut self, token: &str, intents: u64) {
        self.say(2, json!({ "token": token, "intents": intents, "properties": { "os": "linux" } })).await;
    }

    /// Starts a session and gives its id.
    pub(super) async fn ready(&mut self, sandbox: &Sandbox) -> String {
        self.identify(sandbox.token(), GUILDS_AND_MESSAGES).await;
        let (name, ready) = self.event().await;
        assert_eq!((name.as_str(), self.event().await.0.as_str()), ("READY", "GUILD_CREATE"));
        ready["d"]["session_id"].as_str().expect("an id").to_owned()
    }
}

fn sandbox() -> Sandbox {
    Sandbox::start(Setup::default()).expect("loopback is free")
}

#[tokio::test]
async fn who_may_not_listen_is_told_why() {
    let start = Start { content_intent: false, ..Start::default() };
    let sandbox = Sandbox::start(Setup { start, ..Setup::default() }).expect("loopback is free");
    let cases = [
        ("wrong", GUILDS_AND_MESSAGES, 4004),
        (sandbox.token(), 1 << 40, 4013),
        (sandbox.token(), MESSAGE_CONTENT, 4014),
    ];
    for (token, intents, code) in cases {
        let mut line = Line::open(&sandbox, "?v=10").await;
        line.identify(token, intents).await;
        assert_eq!(line.hear().await, Heard::Closed(Some(code)), "{intents}");
    }
}

#[tokio::test]
async fn nonsense_ends_the_connection() {
    let sandbox = sandbox();
    let cases =
        [(99, json!(null), 4001), (3, json!({}), 4003), (43, json!({}), 4003), (1, json!("x".repeat(5000)), 4002)];
    for (op, data, code) in cases {
        let mut line = Line::open(&sandbox, "?v=10").await;
        line.say(op, data).await;
        assert_eq!(line.hear().await, Heard::Closed(Some(code)), "op {op}");
    }
    let mut line = Line::open(&sandbox, "?v=3").await;
    assert_eq!(line.hear().await, Heard::Closed(Some(4012)));
    let mut line = Line::open(&sandbox, "?v=10").await;
    line.ready(&sandbox).await;
    line.identify(sandbox.token(), GUILDS_AND_MESSAGES).await;
    assert_eq!(line.hear().await, Heard::Closed(Some(4005)));
}

#[tokio::test]
async fn a_client_that_never_stops_talking_is_cut_off() {
    let sandbox = sandbox();
    let mut line = Line::open(&sandbox, "?v=10").await;
    for _ in 0..121 {
        line.say(1, json!(null)).await;
    }
    while let Heard::Frame(frame) = line.hear().await {
        assert_eq!(frame["op"], 11);
    }
}

#[tokio::test]
async fn a_session_goes_on_where_it_broke() {
    let sandbox = sandbox();
    let ids = sandbox.ids();
    let mut line = Line::open(&sandbox, "?v=10").await;
    let session = line.ready(&sandbox).await;
    sandbox.drop_gateway();
    assert_eq!(line.hear().await, Heard::Closed(None));
    sandbox.say(ids.alice, ids.lounge, "missed").expect("alice may write");
    let resume = |seq: u64| json!({ "token": sandbox.token(), "session_id": session, "seq": seq });
    let mut line = Line::open(&sandbox, "?v=10").await;
    line.say(6, resume(2)).await;
    let (missed, resumed) = (line.event().await, line.event().await);
    assert_eq!((missed.0.as_str(), resumed.0.as_str()), ("MESSAGE_CREATE", "RESUMED"));
    assert_eq!((&missed.1["s"], &missed.1["d"]["content"]), (&json!(3), &json!("")));
    let mut line = Line::open(&sandbox, "?v=10").await;
    line.say(6, resume(99)).await;
    assert_eq!(line.hear().await, Heard::Closed(Some(4007)));
}

#[tokio::test]
async fn a_session_given_up_is_gone() {
    let sandbox = sandbox();
    let mut line = Line::open(&sandbox, "?v=10").await;
    let session = line.ready(&sandbox).await;
    line.close(1000).await;
    sandbox.gone().await;
    let mut line = Line::open(&sandbox, "?v=10").await;
    line.say(6, json!({ "token": sandbox.token(), "session_id": session, "seq": 2 })).await;
    assert!(matches!(line.hear().await, Heard::Frame(frame) if frame["op"] == 9 && frame["d"] == false));
}

/// "`shard_id = (guild_id >> 22) % num_shards`", and what is of no server goes to the first (*Gateway*, "Sharding").
#[tokio::test]
async fn a_shard_hears_of_its_own_servers_only() {
    let sandbox = sandbox();
    let ids = sandbox.ids();
    let own = (ids.guild.get() >> 22) % 2;
    let mut lines = Vec::new();
    for shard in [own, 1 - own] {
        let mut line = Line::open(&sandbox, "?v=10").await;
        let shard = json!([shard, 2]);
        let intents = GUILDS_AND_MESSAGES | MESSAGE_CONTENT;
        let identify = json!({ "token": sandbox.token(), "intents": intents, "properties": {}, "shard": shard });
        line.say(2, identify).await;
        let (_, ready) = line.event().await;
        assert_eq!(ready["d"]["shard"], shard);
        lines.push((line, ready["d"]["guilds"].as_array().map(Vec::len)));
    }
    sandbox.say(ids.alice, ids.lounge, "hi").expect("alice may write");
    sandbox.send_event("USER_UPDATE", json!({ "id": ids.bot }));
    sandbox.ask_to_reconnect();
    let mut heard = Vec::new();
    for (mut line, guilds) in lines {
        let mut names = Vec::new();
        while let (name, frame) = line.event().await
            && frame["op"] != 7
        {
            names.push(name);
        }
        heard.push((guilds, names));
    }
    let first = usize::from(own != 0);
    let mut expected = [(Some(1), vec!["GUILD_CREATE", "MESSAGE_CREATE"]), (Some(0), vec![])];
    expected[first].1.push("USER_UPDATE");
    assert_eq!(heard, expected.map(|(guilds, names)| (guilds, names.into_iter().map(str::to_owned).collect())));
}

#[tokio::test]
async fn sessions_are_started_one_at_a_time_where_limits_are_on() {
    let sandbox = sandbox();
    sandbox.set_limits(Some(Limits::default()));
    Line::open(&sandbox, "?v=10").await.ready(&sandbox).await;
    let mut line = Line::open(&sandbox, "?v=10").await;
    line.identify(sandbox.token(), GUILDS_AND_MESSAGES).await;
    assert!(matches!(line.hear().await, Heard::Frame(frame) if frame["op"] == 9 && frame["d"] == false));
}

#[tokio::test]
async fn faults_of_the_line_are_played() {
    let sandbox = sandbox();
    let ids = sandbox.ids();
    let mut line = Line::open(&sandbox, "?v=10").await;
    line.ready(&sandbox).await;
    let speak = |text| sandbox.say(ids.alice, ids.lounge, text).map(drop).expect("alice may write");
    sandbox.double_events(true);
    speak("twice");
    assert_eq!((line.event().await.0, line.event().await.0), ("MESSAGE_CREATE".into(), "MESSAGE_CREATE".into()));
    sandbox.double_events(false);
    sandbox.swallow("MESSAGE_CREATE", 1);
    speak("lost");
    sandbox.hold_events(true);
    speak("late");
    sandbox.set_available(false);
    sandbox.hold_events(false);
    let (late, outage) = (line.event().await, line.event().await);
    assert_eq!((late.0.as_str(), outage.0.as_str()), ("MESSAGE_CREATE", "GUILD_DELETE"));
    assert_eq!(outage.1["d"]["unavailable"], true);
    sandbox.ask_to_reconnect();
    assert!(matches!(line.hear().await, Heard::Frame(frame) if frame["op"] == 7));
    sandbox.silence_heartbeats(true);
    line.say(1, json!(4)).await;
    sandbox.close_gateway(4000);
    assert_eq!(line.hear().await, Heard::Closed(Some(4000)));
}
