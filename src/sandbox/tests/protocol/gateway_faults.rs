//! The faults of the gateway, as a client sees them that says exactly what it is told to.

use std::io::ErrorKind;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::gateway::{Heard, Line};
use talon_sandbox::world::SessionStartLimit;
use talon_sandbox::*;

/// Long enough for what is sent at once to arrive; what is late would make a test pass that should fail, never the reverse.
const SILENCE: Duration = Duration::from_millis(150);

fn sandbox() -> Sandbox {
    Sandbox::start(Setup::default()).expect("loopback is free")
}

/// How a connection ended, as the client's system tells it.
#[derive(Debug, PartialEq)]
enum End {
    Frame(Option<u16>),
    Fin,
    Rst,
}

/// Reads past all frames to the end.
async fn end(line: &mut Line) -> End {
    loop {
        match line.next().await {
            Some(Ok(Message::Close(frame))) => return End::Frame(frame.map(|frame| frame.code.into())),
            Some(Ok(_)) => {}
            Some(Err(Error::Io(error))) if error.kind() == ErrorKind::ConnectionReset => return End::Rst,
            Some(Err(_)) | None => return End::Fin,
        }
    }
}

fn endings() -> [(GatewayAction, End); 5] {
    [
        (GatewayAction::Close(4003), End::Frame(Some(4003))),
        (GatewayAction::Close(4999), End::Frame(Some(4999))),
        (GatewayAction::CloseWithoutCode, End::Frame(None)),
        (GatewayAction::Finish, End::Fin),
        (GatewayAction::Reset, End::Rst),
    ]
}

async fn is_silent(line: &mut Line) -> bool {
    tokio::time::timeout(SILENCE, line.next()).await.is_err()
}

fn resume(sandbox: &Sandbox, session: &str) -> Value {
    json!({ "token": sandbox.token(), "session_id": session, "seq": 2 })
}

#[tokio::test]
async fn a_live_connection_ends_in_every_way() {
    let sandbox = sandbox();
    for (action, expected) in endings() {
        let mut line = Line::open(&sandbox, "?v=10").await;
        line.ready(&sandbox).await;
        sandbox.strike_gateway(&action);
        assert_eq!(end(&mut line).await, expected, "{action:?}");
    }
}

#[tokio::test]
async fn a_connection_ends_in_every_way_at_every_stage() {
    for (action, expected) in endings() {
        let sandbox = sandbox();
        let session = Line::open(&sandbox, "?v=10").await.ready(&sandbox).await;
        let stages = [
            GatewayStage::Hello,
            GatewayStage::Identify,
            GatewayStage::Ready,
            GatewayStage::Resume,
            GatewayStage::Resumed,
        ];
        for stage in stages {
            sandbox.gateway_fault(GatewayFault::new(stage, action.clone()));
            let mut line = Line::connect(&sandbox, "?v=10").await;
            match stage {
                GatewayStage::Identify | GatewayStage::Ready => line.identify(sandbox.token(), 1).await,
                GatewayStage::Resume | GatewayStage::Resumed => line.say(6, resume(&sandbox, &session)).await,
                GatewayStage::Upgrade | GatewayStage::Hello => {}
            }
            assert_eq!(end(&mut line).await, expected, "{action:?} at {stage:?}");
        }
        let struck =
            sandbox.gateway_notes().into_iter().filter(|note| matches!(note.what, GatewayEvent::Struck { .. }));
        assert_eq!(struck.count(), stages.len());
    }
}

#[tokio::test]
async fn an_upgrade_is_refused_by_a_reset_or_by_the_end_of_the_stream() {
    let sandbox = sandbox();
    let host = sandbox.base_url().replace("http://", "");
    for (action, reset) in [(GatewayAction::Reset, true), (GatewayAction::Finish, false)] {
        sandbox.gateway_fault(GatewayFault::new(GatewayStage::Upgrade, action));
        let stream = TcpStream::connect(&host).await.expect("TCP is accepted");
        let refused = client_async(format!("ws://{host}/?v=10"), stream).await.expect_err("it is not upgraded");
        let is_reset = matches!(&refused, Error::Io(error) if error.kind() == ErrorKind::ConnectionReset);
        assert_eq!(is_reset, reset, "{refused:?}");
    }
    // A close frame needs a WebSocket, and waits for it.
    sandbox.gateway_fault(GatewayFault::new(GatewayStage::Upgrade, GatewayAction::Close(1001)));
    assert_eq!(end(&mut Line::connect(&sandbox, "?v=10").await).await, End::Frame(Some(1001)));
}

#[tokio::test]
async fn every_stage_can_be_met_with_silence() {
    let sandbox = sandbox();
    let silent = |stage| sandbox.gateway_fault(GatewayFault::new(stage, GatewayAction::Silence));

    silent(GatewayStage::Upgrade);
    let host = sandbox.base_url().replace("http://", "");
    let stream = TcpStream::connect(&host).await.expect("TCP is accepted");
    let upgrade = tokio::time::timeout(SILENCE, client_async(format!("ws://{host}/?v=10"), stream));
    assert!(upgrade.await.is_err(), "the upgrade is not answered");

    silent(GatewayStage::Hello);
    let mut line = Line::connect(&sandbox, "?v=10").await;
    assert!(is_silent(&mut line).await, "no HELLO");

    silent(GatewayStage::Identify);
    let mut line = Line::open(&sandbox, "?v=10").await;
    line.identify(sandbox.token(), 1).await;
    line.say(1, json!(null)).await;
    assert!(matches!(line.hear().await, Heard::Frame(frame) if frame["op"] == 11), "only the heartbeat is answered");
    assert!(is_silent(&mut line).await);

    let session = Line::open(&sandbox, "?v=10").await.ready(&sandbox).await;
    silent(GatewayStage::Resume);
    let mut line = Line::open(&sandbox, "?v=10").await;
    line.say(6, resume(&sandbox, &session)).await;
    line.say(1, json!(null)).await;
    assert!(matches!(line.hear().await, Heard::Frame(frame) if frame["op"] == 11), "only the heartbeat is answered");
    assert!(is_silent(&mut line).await);
    // The session is still there.
    let mut line = Line::open(&sandbox, "?v=10").await;
    line.say(6, resume(&sandbox, &session)).await;
    assert_eq!(line.event().await.0, "RESUMED");
}

#[tokio::test]
async fn a_live_connection_falls_silent_and_still_acknowledges_heartbeats() {
    let sandbox = sandbox();
    let ids = sandbox.ids();
    let mut line = Line::open(&sandbox, "?v=10").await;
    line.ready(&sandbox).await;
    sandbox.strike_gateway(&GatewayAction::Silence);
    sandbox.say(ids.alice, ids.lounge, "unheard").expect("alice may write");
    line.say(1, json!(2)).await;
    assert!(matches!(line.hear().await, Heard::Frame(frame) if frame["op"] == 11), "only the heartbeat is answered");
    assert!(is_silent(&mut line).await);
}

#[tokio::test]
async fn a_stage_can_take_longer() {
    let sandbox = sandbox();
    for stage in [GatewayStage::Upgrade, GatewayStage::Hello] {
        sandbox.gateway_fault(GatewayFault::new(stage, GatewayAction::Delay(SILENCE)));
    }
    let asked = tokio::time::Instant::now();
    let mut line = Line::open(&sandbox, "?v=10").await;
    assert!(asked.elapsed() >= 2 * SILENCE, "{:?}", asked.elapsed());
    line.ready(&sandbox).await;
}

#[tokio::test]
async fn a_frozen_connection_stays_open_and_its_session_can_be_resumed() {
    let sandbox = sandbox();
    let ids = sandbox.ids();
    let mut frozen = Line::open(&sandbox, "?v=10").await;
    let session = frozen.ready(&sandbox).await;
    sandbox.strike_gateway(&GatewayAction::Freeze);
    sandbox.gone().await;
    frozen.say(1, json!(null)).await;
    sandbox.say(ids.alice, ids.lounge, "missed").expect("alice may write");
    assert!(is_silent(&mut frozen).await, "neither the heartbeat nor the message is answered");
    let mut line = Line::open(&sandbox, "?v=10").await;
    line.say(6, resume(&sandbox, &session)).await;
    assert_eq!((line.event().await.0, line.event().await.0), ("MESSAGE_CREATE".into(), "RESUMED".into()));
    assert!(is_silent(&mut frozen).await, "it is still open");
}

#[tokio::test]
async fn a_resume_is_answered_with_other_requests() {
    let sandbox = sandbox();
    let session = Line::open(&sandbox, "?v=10").await.ready(&sandbox).await;
    let cases = [
        (GatewayAction::Reconnect, json!([7, null])),
        (GatewayAction::Invalidate { resumable: true }, json!([9, true])),
        (GatewayAction::Invalidate { resumable: false }, json!([9, false])),
    ];
    for (action, expected) in cases {
        sandbox.gateway_fault(GatewayFault::new(GatewayStage::Resume, action));
        let mut line = Line::open(&sandbox, "?v=10").await;
        line.say(6, resume(&sandbox, &session)).await;
        let Heard::Frame(frame) = line.hear().await else { panic!("an answer") };
        assert_eq!(json!([frame["op"], frame["d"]]), expected);
    }
    let mut line = Line::open(&sandbox, "?v=10").await;
    line.say(6, resume(&sandbox, &session)).await;
    assert!(matches!(line.hear().await, Heard::Frame(frame) if frame["op"] == 9), "the session was forgotten");
}

#[tokio::test]
async fn ready_can_lack_what_is_left_out() {
    let sandbox = sandbox();
    let fields = ["user", "application", "resume_gateway_url", "guilds[].unavailable"].map(str::to_owned);
    sandbox.gateway_fault(GatewayFault::new(GatewayStage::Identify, GatewayAction::Omit(fields.to_vec())));
    let mut line = Line::open(&sandbox, "?v=10").await;
    line.identify(sandbox.token(), 1).await;
    let (name, ready) = line.event().await;
    let ready = &ready["d"];
    assert_eq!(name, "READY");
    assert_eq!(ready["guilds"], json!([{ "id": sandbox.ids().guild }]));
    let there = |field: &&str| ready.get(*field).is_some();
    assert!(["session_id", "v"].iter().all(there) && !["user", "application", "resume_gateway_url"].iter().any(there));
    // The next one is whole again.
    Line::open(&sandbox, "?v=10").await.ready(&sandbox).await;
}

#[tokio::test]
async fn a_port_of_its_own_is_closed_and_opened_again() {
    let sandbox = sandbox();
    let url = sandbox.separate_gateway().expect("a port is free");
    let host = url.replace("ws://", "");
    let told = sandbox.look(|world| world.gateway.clone());
    assert_eq!((told, sandbox.separate_gateway().expect("it has one")), (url.clone(), url.clone()));
    let mut line = Line::connect_to(&host, "?v=10").await;
    line.hear().await;
    line.identify(sandbox.token(), 1).await;
    assert_eq!(line.event().await.1["d"]["resume_gateway_url"], url);

    for _ in 0..2 {
        sandbox.close_gateway_port().await.expect("there is one");
        let refused = TcpStream::connect(&host).await.expect_err("nobody listens");
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        assert_eq!(sandbox.connected(), 1, "the connection that was there stays");
        sandbox.open_gateway_port().expect("the number was kept");
        Line::connect_to(&host, "?v=10").await.hear().await;
    }
    sandbox.tell_gateway_urls("ws://127.0.0.1:1", "ws://127.0.0.1:2");
    assert_eq!(sandbox.look(|world| world.gateway.clone()), "ws://127.0.0.1:1");
    assert!(sandbox.gateway_connections().iter().all(|connection| connection.host == host));
}

#[tokio::test]
async fn sessions_are_counted_down_and_refused_at_zero() {
    let sandbox = sandbox();
    let reset_after = Duration::from_secs(60);
    let limit = SessionStartLimit { total: 5, remaining: 1, reset_after, max_concurrency: 16 };
    sandbox.limit_session_starts(Some(limit));
    let told = || {
        let (now, request) = (sandbox.now(), world::Request::new("GET", "/gateway/bot").bot(sandbox.token()));
        sandbox.act(|world| world.rest(now, &request)).body.expect("a body")["session_start_limit"].clone()
    };
    assert_eq!(
        (&told()["total"], &told()["remaining"], &told()["max_concurrency"]),
        (&json!(5), &json!(1), &json!(16))
    );
    Line::open(&sandbox, "?v=10").await.ready(&sandbox).await;
    assert_eq!(told()["remaining"], 0);
    assert!((1..=60_000).contains(&told()["reset_after"].as_u64().expect("milliseconds")));
    let mut line = Line::open(&sandbox, "?v=10").await;
    line.identify(sandbox.token(), 1).await;
    assert!(matches!(line.hear().await, Heard::Frame(frame) if frame["op"] == 9));

    sandbox.limit_session_starts(Some(SessionStartLimit { remaining: 0, reset_after: Duration::ZERO, ..limit }));
    Line::open(&sandbox, "?v=10").await.ready(&sandbox).await;
    assert_eq!(told()["remaining"], 4, "a new period has begun");
}

#[tokio::test]
async fn a_frame_can_be_huge() {
    const SIZE: usize = 3_000_000;
    let sandbox = sandbox();
    let mut line = Line::open(&sandbox, "?v=10").await;
    line.ready(&sandbox).await;
    let received = async |line: &mut Line, frame| {
        sandbox.strike_gateway(&GatewayAction::Send(frame));
        line.next().await.expect("a frame").expect("it is whole")
    };
    assert_eq!(received(&mut line, HugeFrame::Text(SIZE)).await.len(), SIZE);
    let compressed = received(&mut line, HugeFrame::Compressed(100 * SIZE)).await;
    assert!(compressed.is_binary() && compressed.len() < SIZE, "{}", compressed.len());
    let guild = received(&mut line, HugeFrame::Guild { channels: 3000 }).await;
    let guild: Value = serde_json::from_str(guild.to_text().expect("text")).expect("JSON");
    assert_eq!((&guild["t"], &guild["s"]), (&json!("GUILD_CREATE"), &json!(2)));
    assert!(guild["d"]["channels"].as_array().is_some_and(|channels| channels.len() > 3000));
}

#[tokio::test]
async fn the_record_tells_of_each_connection() {
    let sandbox = sandbox();
    let mut line = Line::open(&sandbox, "?v=10").await;
    let session = line.ready(&sandbox).await;
    for _ in 0..3 {
        line.say(1, json!(2)).await;
        line.hear().await;
    }
    line.close(4321).await;
    sandbox.gone().await;
    sandbox.gateway_fault(GatewayFault::new(GatewayStage::Resume, GatewayAction::Reset));
    let mut line = Line::open(&sandbox, "?v=10").await;
    line.say(6, resume(&sandbox, &session)).await;
    end(&mut line).await;

    sandbox.until_gateway("both have ended", |connections| connections.iter().all(|one| one.ended.is_some())).await;
    let [first, second] = &sandbox.gateway_connections()[..] else { panic!("two connections") };
    assert_eq!((first.identified.len(), first.resumed.len(), first.heartbeats, first.code), (1, 0, 3, Some(4321)));
    assert_eq!((second.identified.len(), second.resumed.len(), second.heartbeats, second.code), (0, 1, 0, None));
    assert!(first.at <= first.identified[0] && first.ended <= Some(second.at));
}

#[tokio::test]
async fn faults_are_made_from_a_terminal() {
    let sandbox = sandbox();
    let net = reqwest::Client::builder().no_proxy().build().expect("a client");
    let ask = async |method: reqwest::Method, path: &str| {
        let answer = net.request(method, format!("{}/sandbox/gateway{path}", sandbox.base_url())).send().await;
        let answer = answer.expect("an answer");
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.expect("a text")).unwrap_or(Value::Null))
    };
    let (get, post, delete) = (reqwest::Method::GET, reqwest::Method::POST, reqwest::Method::DELETE);

    let (_, faults) = ask(post.clone(), "/faults?stage=identify&action=close&code=4012&times=2").await;
    assert_eq!(faults, json!([{ "stage": "identify", "action": "close", "code": 4012, "times": 2 }]));
    let mut line = Line::open(&sandbox, "?v=10").await;
    line.identify(sandbox.token(), 1).await;
    assert_eq!(end(&mut line).await, End::Frame(Some(4012)));
    ask(delete, "/faults").await;
    assert_eq!(ask(get.clone(), "/faults").await.1, json!([]));

    line = Line::open(&sandbox, "?v=10").await;
    ask(post.clone(), "/faults?action=reset").await;
    assert_eq!(end(&mut line).await, End::Rst, "without a stage it happens at once");
    assert_eq!(ask(post.clone(), "/faults?stage=sometimes&action=reset").await.0, 404);
    assert_eq!(ask(post.clone(), "/faults?stage=hello&action=dance").await.0, 404);

    let (_, told) = ask(post.clone(), "?do=separate").await;
    let host = told["url"].as_str().expect("an address").replace("ws://", "");
    ask(post.clone(), "?do=shut").await;
    assert!(TcpStream::connect(&host).await.is_err());
    ask(post.clone(), "?do=open").await;
    TcpStream::connect(&host).await.expect("it is open again");

    let (_, told) = ask(post, "/told?url=ws://a&resume_url=ws://b&total=9&remaining=0&reset_after=5").await;
    assert_eq!((&told["url"], &told["resume_url"]), (&json!("ws://a"), &json!("ws://b")));
    assert_eq!(
        (&told["session_start_limit"]["total"], &told["session_start_limit"]["remaining"]),
        (&json!(9), &json!(0))
    );
    let (_, connections) = ask(get, "/connections").await;
    assert_eq!(connections[0]["identified"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_connection_that_asks_for_nothing_is_left_alone() {
    let sandbox = sandbox();
    sandbox.gateway_fault(GatewayFault::new(GatewayStage::Upgrade, GatewayAction::Reset).always());
    let host = sandbox.base_url().replace("http://", "");
    let mut stream = TcpStream::connect(&host).await.expect("TCP is accepted");
    let mut byte = [0];
    assert!(tokio::time::timeout(SILENCE, stream.read(&mut byte)).await.is_err(), "REST shares the port");
    assert_eq!(sandbox.gateway_connections(), []);
}
