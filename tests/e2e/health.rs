//! Is the bot well? What health checks, Prometheus and systemd are told.

use std::cell::RefCell;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use serde_json::{Value, json};
use talon_sandbox::{Fault, Setup, When};

use crate::stage::Stage;

/// A bot that tells how it is, and where it does.
pub async fn ready() -> (Stage, String) {
    let mut stage = Stage::with(Setup { heartbeat: Duration::from_secs(1), ..Setup::default() });
    stage.set("HEALTH_ADDR", "127.0.0.1:0");
    stage.start().await;
    let url = stage.health_url().await;
    (stage, url)
}

pub async fn get(url: &str) -> (u16, String) {
    let net = reqwest::Client::builder().no_proxy().build().expect("a client");
    let answer = net.get(url).send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a text"))
}

/// Asks until all these lines are there: what is counted is counted a moment after the deed.
pub async fn until_counted(url: &str, lines: &[&str]) -> String {
    let mut last = (String::new(), Vec::new());
    for _ in 0..200 {
        let (_, metrics) = get(&format!("{url}/metrics")).await;
        let missing: Vec<&str> =
            lines.iter().copied().filter(|line| metrics.lines().all(|found| found != *line)).collect();
        if missing.is_empty() {
            return metrics;
        }
        last = (metrics.clone(), missing.into_iter().map(str::to_owned).collect());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?} are not in\n{}", last.1, last.0)
}

/// Asks until the answer has this status.
pub async fn healthz(url: &str, status: u16) -> Value {
    let told = until_healthz(url, Duration::from_secs(5), |found, _| found == status).await;
    told.unwrap_or_else(|| panic!("/healthz did not come to answer {status}"))
}

/// Asks until the status and what is told fit, for as long as is said.
pub async fn until_healthz(url: &str, patience: Duration, fits: impl Fn(u16, &Value) -> bool) -> Option<Value> {
    let fitting = async {
        loop {
            let (status, text) = get(&format!("{url}/healthz")).await;
            let told = serde_json::from_str(&text).expect("JSON");
            if fits(status, &told) {
                return told;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    };
    tokio::time::timeout(patience, fitting).await.ok()
}

#[tokio::test]
async fn health_follows_the_gateway() {
    let (stage, url) = ready().await;

    let well = healthz(&url, 200).await;
    assert_eq!(well["ok"], true);
    assert_eq!(well["gateway"]["connected"], true);
    assert!(well["gateway"]["heartbeat_age_seconds"].as_f64().expect("an age") < 5.0, "{well}");
    assert_eq!(well["store"]["writable"], true);
    assert_eq!(well["supervisor"]["answers"], true);
    assert_eq!(well["backlog"]["tickets"], 0);
    assert_eq!((&well["gateway"]["stage"], &well["gateway"]["attempts"]), (&"live".into(), &0.into()));
    assert_eq!((&well["start"]["reached"], &well["panel"]["in_place"]), (&true.into(), &true.into()));
    assert_eq!((&well["problems"], &well["rest"]["barred"]), (&json!([]), &Value::Null));

    stage.discord.refuse_gateway(true);
    stage.discord.drop_gateway();
    let ill = healthz(&url, 503).await;
    assert_eq!((&ill["ok"], &ill["gateway"]["connected"]), (&false.into(), &false.into()));
    assert_ne!(ill["gateway"]["stage"], "live");
    assert!(ill["gateway"]["since"].is_u64() && ill["gateway"]["last_error"].is_string(), "{ill}");
    assert!(ill["problems"][0].as_str().is_some_and(|problem| problem.starts_with("shard 0: not live, ")), "{ill}");

    stage.discord.refuse_gateway(false);
    healthz(&url, 200).await;
    assert_eq!(get(&url).await.0, 404);
}

#[tokio::test]
async fn what_happens_is_counted() {
    let (stage, url) = ready().await;
    let ids = stage.discord.ids();
    stage.discord.fault(Fault::status("POST /guilds/*/channels", When::Before, 502));
    let ticket = stage.open(ids.alice).await;
    stage.open(ids.bob).await;
    stage.press_close(ids.sue, ticket);
    stage.until_gone(ticket).await;

    let metrics = until_counted(
        &url,
        &[
            "talon_tickets_opened_total 2",
            "talon_tickets_closed_total 1",
            "talon_tickets_failed_total 0",
            "talon_tickets_open 1",
            "talon_ticket_open_duration_seconds_count 2",
            "talon_discord_retries_total 1",
            "talon_discord_requests_total{method=\"POST\",route=\"/guilds/{}/channels\",status=\"2xx\"} 2",
            "talon_discord_requests_total{method=\"POST\",route=\"/guilds/{}/channels\",status=\"5xx\"} 1",
            "talon_discord_requests_total{method=\"POST\",route=\"/interactions/{}/{}/callback\",status=\"2xx\"} 3",
            "talon_gateway_sessions_total{kind=\"new\"} 1",
            "talon_gateway_connected 1",
            "talon_gateway_connection_failures_total 0",
            "talon_panel_in_place 1",
            "# EOF",
        ],
    )
    .await;

    assert!(!metrics.contains(&ids.alice.to_string()), "nobody is named");
}

#[tokio::test]
async fn a_ticket_that_is_closed_before_it_is_ready_was_opened_and_one_whose_deletion_is_answered_late_was_closed() {
    let (stage, url) = ready().await;
    let ids = stage.discord.ids();
    let welcome = stage.discord.hold("POST /channels/*/messages", When::Before);
    let deletion = stage.discord.hold("DELETE /channels/*", When::After);
    let press = stage.press_create(ids.alice);
    stage.discord.answered(press).await.expect("she is told where it is");
    let ticket = stage.tickets()[0];
    stage.discord.say(ids.alice, ticket, "!close").expect("it is her ticket");
    stage.until_gone(ticket).await;
    stage.until_logged("ticket closed").await;
    deletion.release();
    welcome.release();

    let counted = ["talon_tickets_opened_total 1", "talon_tickets_closed_total 1", "talon_tickets_failed_total 0"];
    until_counted(&url, &counted).await;
}

#[tokio::test]
async fn an_address_that_is_taken_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let mut stage = Stage::empty();
    stage.set("HEALTH_ADDR", address.clone());
    stage.spawn();
    assert_eq!(stage.ended().await.code(), Some(1));
    assert!(stage.logged().contains(&format!("nothing can listen on {address}")), "{}", stage.logged());
}

#[tokio::test]
async fn silent_connections_keep_nobody_out() {
    let (_stage, url) = ready().await;
    let address = url.trim_start_matches("http://");
    let asked_among_many = async {
        let mut silent = Vec::new();
        for _ in 0..200 {
            silent.push(tokio::net::TcpStream::connect(address).await.expect("a connection"));
            // One that has begun to ask and never ends is as silent as one that has not.
            let begun = tokio::net::TcpStream::connect(address).await.expect("a connection");
            begun.try_write(b"GET /healthz HTTP/1.1\r\nhost: ").expect("it can be written to");
            silent.push(begun);
        }
        healthz(&url, 200).await
    };
    // Without room being made it would take a minute until the last of them is sent away.
    let answered = tokio::time::timeout(Duration::from_secs(30), asked_among_many).await;
    assert!(answered.is_ok(), "it was not answered");
    assert!(get(&format!("{url}/metrics")).await.1.ends_with("# EOF\n"));
}

#[tokio::test]
async fn systemd_is_told_when_it_is_ready_and_that_it_lives() {
    let mut stage = Stage::empty();
    let systemd = Systemd::watch(&mut stage);
    let panel = stage.discord.hold("POST /channels/*/messages", When::Before);
    stage.spawn();
    stage.discord.ready().await;
    // Connected, but there is no panel yet: it lives, and is not ready.
    systemd.hears(&stage, "STATUS=connected to Discord; the panel has not been checked yet").await;
    systemd.hears(&stage, "WATCHDOG=1").await;
    assert!(!systemd.has_heard("READY=1"));

    panel.release();

    systemd.hears(&stage, "READY=1").await;
    systemd.hears(&stage, "STATUS=connected to Discord").await;
    for _ in 0..3 {
        systemd.hears(&stage, "WATCHDOG=1").await;
    }
    stage.ask_to_stop();
    systemd.hears(&stage, "STOPPING=1").await;
    stage.ended().await;
}

#[tokio::test]
async fn a_database_that_is_taken_away_is_noticed_and_nothing_is_begun() {
    let (stage, url) = ready().await;
    healthz(&url, 200).await;
    let (file, away) = (stage.file("json/talon.db"), stage.file("away.db"));

    std::fs::rename(&file, &away).expect("it can be moved");
    let ill = healthz(&url, 503).await;
    let problem = ill["store"]["problem"].as_str().expect("a sentence");
    assert!(problem.contains("json/talon.db was deleted, moved or replaced"), "{ill}");
    let alice = stage.discord.ids().alice;
    let answer = stage.answer(stage.press_create(alice)).await;
    assert!(answer.starts_with("❌ не получилось, попробуй ещё раз"), "{answer}");
    assert_eq!(stage.tickets(), []);

    std::fs::rename(&away, &file).expect("it can be put back");
    healthz(&url, 200).await;
    stage.open(alice).await;
}

/// The socket of a service manager, and what was heard there.
pub struct Systemd {
    socket: UnixDatagram,
    heard: RefCell<Vec<String>>,
}

impl Systemd {
    /// The bot is started as a service with a watchdog of 0.6 s.
    pub fn watch(stage: &mut Stage) -> Self {
        let socket = UnixDatagram::bind(stage.file("notify")).expect("a socket");
        socket.set_nonblocking(true).expect("it does not wait");
        stage.set("NOTIFY_SOCKET", stage.file("notify").display().to_string());
        stage.set("WATCHDOG_USEC", "600000");
        Self { socket, heard: RefCell::default() }
    }

    /// Waits until this is said, from now on.
    pub async fn hears(&self, stage: &Stage, what: &str) {
        let says = || self.receive().into_iter().any(|line| line == what).then_some(());
        stage.until(&format!("systemd hears {what}"), says).await;
    }

    /// This has been said at some time.
    pub fn has_heard(&self, what: &str) -> bool {
        self.receive();
        self.heard.borrow().iter().any(|line| line == what)
    }

    /// One message, line by line.
    fn receive(&self) -> Vec<String> {
        let mut message = [0; 1024];
        let Ok(length) = self.socket.recv(&mut message) else { return Vec::new() };
        let lines: Vec<String> = String::from_utf8_lossy(&message[..length]).lines().map(str::to_owned).collect();
        self.heard.borrow_mut().extend(lines.iter().cloned());
        lines
    }
}
