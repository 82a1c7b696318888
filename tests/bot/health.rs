//! Is the bot well? What health checks, Prometheus and systemd are told.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use serde_json::Value;
use talon::sandbox::{Fault, Setup, When};

use crate::stage::Stage;

/// A bot that tells how it is, and where it does.
async fn ready() -> (Stage, String) {
    let mut stage = Stage::with(Setup { heartbeat: Duration::from_millis(300), ..Setup::default() });
    stage.set("HEALTH_ADDR", "127.0.0.1:0");
    stage.start().await;
    let url = address(&stage).await;
    (stage, url)
}

/// Where the bot can be asked how it is.
pub async fn address(stage: &Stage) -> String {
    stage
        .until("the bot tells where it can be asked", || {
            let log = stage.logged();
            let address = log.split("telling how we are at /healthz and /metrics address=").nth(1)?;
            Some(format!("http://{}", address.split_whitespace().next()?))
        })
        .await
}

pub async fn get(url: &str) -> (u16, String) {
    let net = reqwest::Client::builder().no_proxy().build().expect("a client");
    let answer = net.get(url).send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a text"))
}

/// Asks until the answer has this status.
pub async fn healthz(url: &str, status: u16) -> Value {
    for _ in 0..200 {
        let (found, text) = get(&format!("{url}/healthz")).await;
        if found == status {
            return serde_json::from_str(&text).expect("JSON");
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("/healthz did not come to answer {status}");
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

    stage.discord.refuse_gateway(true);
    stage.discord.drop_gateway();
    let ill = healthz(&url, 503).await;
    assert_eq!((&ill["ok"], &ill["gateway"]["connected"]), (&false.into(), &false.into()));

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
    stage.until_logged("ticket closed").await;

    let (_, metrics) = get(&format!("{url}/metrics")).await;

    for line in [
        "talon_tickets_opened_total 2",
        "talon_tickets_closed_total 1",
        "talon_tickets_failed_total 0",
        "talon_tickets_open 1",
        "talon_ready_seconds_count 2",
        "talon_retries_total 1",
        "talon_calls_total{method=\"POST\",route=\"/guilds/{}/channels\",status=\"2xx\"} 2",
        "talon_calls_total{method=\"POST\",route=\"/guilds/{}/channels\",status=\"5xx\"} 1",
        "talon_calls_total{method=\"POST\",route=\"/interactions/{}/{}/callback\",status=\"2xx\"} 3",
        "talon_gateway_sessions_total{kind=\"new\"} 1",
        "# EOF",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in\n{metrics}");
    }
    assert!(!metrics.contains(&ids.alice.to_string()), "nobody is named");
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
async fn systemd_is_told_when_it_is_ready_and_that_it_lives() {
    let mut stage = Stage::empty();
    let socket = UnixDatagram::bind(stage.file("notify")).expect("a socket");
    socket.set_nonblocking(true).expect("it does not wait");
    stage.set("NOTIFY_SOCKET", stage.file("notify").display().to_string());
    stage.set("WATCHDOG_USEC", "600000");
    let hears = || {
        let mut heard = [0; 256];
        let length = socket.recv(&mut heard).ok()?;
        Some(String::from_utf8_lossy(&heard[..length]).into_owned())
    };
    let panel = stage.discord.hold("POST /channels/*/messages", When::Before);
    stage.spawn();
    stage.discord.ready().await;
    // Connected, but there is no panel yet: it lives, and is not ready.
    assert_eq!(stage.until("the watchdog is told", hears).await.trim(), "WATCHDOG=1");

    panel.release();

    let is_ready = || hears().filter(|heard| heard.contains("READY=1"));
    stage.until("systemd is told that it is ready", is_ready).await;
    for _ in 0..3 {
        assert_eq!(stage.until("the watchdog is told", hears).await.trim(), "WATCHDOG=1");
    }
    stage.ask_to_stop();
    let stopping = || hears().filter(|heard| heard.contains("STOPPING=1"));
    stage.until("systemd is told that it stops", stopping).await;
    stage.ended().await;
}
