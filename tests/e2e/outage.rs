//! Discord cannot be reached: what is told meanwhile, and that the bot goes on by itself when it can.

use std::time::Duration;

use talon_sandbox::{Fault, When};

use crate::health::{Systemd, get, healthz};
use crate::stage::Stage;

/// What the start asks first.
const WHO_AM_I: &str = "GET /users/@me";

#[tokio::test]
async fn a_start_during_an_outage_tells_what_it_waits_for_and_goes_on_by_itself() {
    let mut stage = Stage::empty();
    stage.set("HEALTH_ADDR", "127.0.0.1:0");
    stage.discord.fault(Fault::status(WHO_AM_I, When::Before, 503).always());
    stage.spawn();
    let url = stage.health_url().await;
    stage.until_logged("Discord cannot be reached; trying again").await;

    let ill = healthz(&url, 503).await;

    let start = &ill["start"];
    assert_eq!((&start["reached"], &ill["ok"]), (&false.into(), &false.into()));
    assert!(start["trying"].as_str().is_some_and(|trying| trying.contains("/users/@me")), "{ill}");
    assert!(start["last_error"].as_str().is_some_and(|error| error.contains("503")), "{ill}");
    assert!(start["attempts"].as_u64().is_some_and(|attempts| attempts > 0) && start["since"].is_u64(), "{ill}");
    let problem = ill["problems"][0].as_str().expect("a reason");
    assert!(problem.starts_with("Discord has not been reached for ") && problem.contains("503"), "{problem}");
    assert_eq!(ill["gateway"]["stage"], "not begun");
    let metrics = get(&format!("{url}/metrics")).await.1;
    assert!(metrics.contains("talon_gateway_connected 0\n"), "{metrics}");

    stage.discord.clear_faults();
    stage.panel().await;
    assert_eq!(healthz(&url, 200).await["start"]["reached"], true);
    let (logged, asked) = (stage.logged(), stage.discord.calls_matching(WHO_AM_I).len());
    let warnings = logged.matches("Discord cannot be reached; trying again").count();
    assert_eq!(warnings + 1, asked, "a warning for each attempt in vain:\n{logged}");
    assert_eq!(logged.matches("Discord answers; the start goes on").count(), 1, "{logged}");
}

#[tokio::test]
async fn systemd_leaves_a_bot_alone_that_waits_for_discord() {
    let mut stage = Stage::empty();
    let systemd = Systemd::watch(&mut stage);
    stage.discord.fault(Fault::status(WHO_AM_I, When::Before, 503).always());
    stage.spawn();

    systemd.hears(&stage, "STATUS=waiting for Discord to answer: discord answers with status 503").await;
    for _ in 0..3 {
        systemd.hears(&stage, "WATCHDOG=1").await;
    }
    assert!(systemd.has_heard("EXTEND_TIMEOUT_USEC=60000000") && !systemd.has_heard("READY=1"));

    stage.discord.clear_faults();
    systemd.hears(&stage, "READY=1").await;
    systemd.hears(&stage, "STATUS=connected to Discord").await;
}

#[tokio::test]
async fn a_bot_that_waits_for_discord_stops_at_once() {
    for fault in [Fault::hang(WHO_AM_I, When::Before), Fault::status(WHO_AM_I, When::Before, 503)] {
        let mut stage = Stage::empty();
        stage.discord.fault(fault.always());
        let systemd = Systemd::watch(&mut stage);
        stage.spawn();
        let asked = || (!stage.discord.calls_matching(WHO_AM_I).is_empty()).then_some(());
        stage.until("Discord is asked", asked).await;
        // A request that hangs is given up after fifteen seconds, which is longer than the story waits here.
        assert!(stage.stop().await.success(), "{}", stage.logged());
        assert!(stage.logged().contains("stopped before Discord was reached"), "{}", stage.logged());
        while !systemd.has_heard("STOPPING=1") {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_session_that_is_lost_for_long_is_told_once_and_once_when_it_is_back() {
    let stage = Stage::ready().await;
    stage.until_logged("ready: connected").await;
    stage.discord.refuse_gateway(true);
    stage.discord.drop_gateway();
    let lost = "nothing is heard of Discord meanwhile";
    until_logged_in_a_minute(&stage, lost).await;

    stage.discord.refuse_gateway(false);
    until_logged_in_a_minute(&stage, "is live again").await;

    let logged = stage.logged();
    assert_eq!((logged.matches(lost).count(), logged.matches("is live again").count()), (1, 1), "{logged}");
    let warning = logged.lines().find(|line| line.contains(lost)).expect("the warning");
    assert!(warning.contains("WARN") && warning.contains("no live session on Discord's gateway ("), "{warning}");
}

/// What takes longer than a story usually waits.
async fn until_logged_in_a_minute(stage: &Stage, words: &str) {
    let logged = async {
        while !stage.logged().contains(words) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(60), logged).await.is_ok(), "{words}:\n{}", stage.logged());
}
