use serde_json::Value;
use talon_sandbox::{Fault, When};

use crate::health::healthz;
use crate::stage::Stage;

const BEGINS: &str = "Cloudflare blocks this IP address";
const GOES_ON: &str = "Cloudflare still blocks this IP address";
const ENDS: &str = "Cloudflare no longer blocks this IP address";

fn times(stage: &Stage, words: &str) -> usize {
    stage.logged().matches(words).count()
}

#[tokio::test]
async fn while_the_address_is_barred_hardly_anything_goes_out_and_all_is_done_afterwards() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let people = [ids.alice, ids.bob, ids.sue];
    let mut tickets = Vec::new();
    for member in people {
        tickets.push(stage.open(member).await);
    }
    stage.until_quiet().await;
    stage.discord.clear_record();
    stage.discord.fault(Fault::barred("*", None).always());

    for (member, ticket) in people.into_iter().zip(&tickets) {
        stage.press_close(member, *ticket);
    }
    stage.until_logged(GOES_ON).await;
    stage.until("another probe is refused", || (times(&stage, GOES_ON) >= 2).then_some(())).await;

    let refused = stage.discord.calls().len();
    // Three answers may be on their way when the bar begins, and each line in the log is one probe.
    let probes = times(&stage, GOES_ON) + 1;
    assert!(refused <= people.len() + probes + 1, "{refused} requests\n{}", stage.story());
    assert_eq!(stage.discord.calls_matching("DELETE /channels/*").len(), 0);

    stage.discord.clear_faults();
    for ticket in tickets {
        stage.until_gone(ticket).await;
    }
    assert_eq!((times(&stage, BEGINS), times(&stage, ENDS)), (1, 1), "{}", stage.logged());
    let ticket = stage.open(ids.alice).await;
    assert_eq!(stage.tickets_of(ids.alice), [ticket]);
}

#[tokio::test]
async fn a_page_that_forbids_everything_is_a_bar_like_any_other() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let tickets = [(ids.alice, stage.open(ids.alice).await), (ids.bob, stage.open(ids.bob).await)];
    stage.until_quiet().await;
    stage.discord.fault(Fault::page("*", When::Before, 403, "<html><title>Access denied</title>1006</html>").always());
    for (member, ticket) in tickets {
        stage.press_close(member, ticket);
    }
    stage.until_logged(GOES_ON).await;
    assert_eq!(stage.tickets().len(), 2, "a page is no proof of anything");

    stage.discord.clear_faults();
    for (_, ticket) in tickets {
        stage.until_gone(ticket).await;
    }
    stage.until_logged(ENDS).await;
}

#[tokio::test]
async fn a_bar_at_the_start_is_waited_out() {
    let mut stage = Stage::empty();
    stage.set("HEALTH_ADDR", "127.0.0.1:0");
    stage.discord.fault(Fault::barred("*", None).always());
    stage.spawn();
    let url = stage.health_url().await;
    stage.until_logged(GOES_ON).await;
    assert!(stage.discord.calls().len() <= 6, "{}", stage.story());
    let barred = &healthz(&url, 503).await["rest"];
    assert!(barred["barred"]["next_probe"].is_u64() && barred["held_up_for"].is_u64(), "{barred}");

    stage.discord.clear_faults();
    stage.discord.ready().await;
    stage.panel().await;
    assert_eq!(healthz(&url, 200).await["rest"]["barred"], Value::Null);
}

#[tokio::test]
async fn a_barred_bot_stops_when_it_is_asked_to() {
    let mut stage = Stage::empty();
    stage.discord.fault(Fault::barred("*", Some(3_600)).always());
    stage.spawn();
    stage.until_logged(BEGINS).await;
    assert!(stage.stop().await.success());
    stage.discord.clear_faults();

    stage.start().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    stage.until_quiet().await;
    stage.discord.fault(Fault::barred("*", Some(3_600)).always());
    stage.press_close(ids.alice, ticket);
    stage.until("it is barred again", || (times(&stage, BEGINS) == 2).then_some(())).await;
    // What was begun cannot be finished; it is taken up at the next start.
    stage.stop().await;
    stage.discord.clear_faults();
    stage.start().await;
    stage.until_gone(ticket).await;
}

#[tokio::test]
async fn only_discord_rejects_a_token() {
    let mut stage = Stage::empty();
    for (status, times) in [(401, 2), (403, 1)] {
        let page = "<html><title>Please log in to this network</title></html>";
        stage.discord.fault(Fault::page("GET /users/@me", When::Before, status, page).times(times));
    }
    stage.start().await;
    stage.open(stage.discord.ids().alice).await;
    assert!(stage.logged().contains("a proxy or firewall answers in Discord's place"), "{}", stage.logged());

    stage.stop().await;
    stage.discord.fault(Fault::code("GET /users/@me", 401, 0, "401: Unauthorized"));
    stage.spawn();
    assert!(!stage.ended().await.success());
}
