//! The other end accepts and then says nothing. Every stage of a connection is bounded, and the operator is told which
//! one it is.

use std::time::Duration;

use talon_sandbox::world::Snowflake;
use talon_sandbox::{GatewayAction, GatewayFault, GatewayStage, Setup};

use crate::line::{
    STAGE_LIMIT, connections_since, fail_always, gateway_words, is_heard, prepare, until_health, until_live_again,
    warnings,
};
use crate::stage::{Stage, each};

/// Words of which one names the stage, in the log and in `/healthz`.
fn words(stage: GatewayStage) -> &'static [&'static str] {
    match stage {
        GatewayStage::Upgrade => &["upgrade", "websocket", "handshake", "connect"],
        GatewayStage::Hello => &["hello"],
        GatewayStage::Identify | GatewayStage::Ready => &["ready", "identify"],
        GatewayStage::Resume | GatewayStage::Resumed => &["resum"],
    }
}

fn names(text: &str, words: &[&str]) -> bool {
    let text = text.to_lowercase();
    words.iter().any(|word| text.contains(word))
}

/// A connected bot that bounds each stage by a second, and a ticket of Alice's.
async fn with_ticket(setup: Setup) -> (Stage, Snowflake) {
    let mut stage = prepare(Stage::with(setup));
    stage.set(STAGE_LIMIT, "1s");
    stage.start().await;
    let ticket = stage.open(stage.discord.ids().alice).await;
    (stage, ticket)
}

#[tokio::test]
async fn a_stage_that_takes_too_long_is_named_and_tried_again() {
    let stages = [GatewayStage::Upgrade, GatewayStage::Hello, GatewayStage::Identify, GatewayStage::Resume];
    each(stages, |silent| async move {
        let (stage, ticket) = with_ticket(Setup::default()).await;
        let (moment, logged) = (stage.discord.now(), stage.logged().len());
        fail_always(&stage, silent, GatewayAction::Silence);
        stage.discord.strike_gateway(&match silent {
            GatewayStage::Identify => GatewayAction::Invalidate { resumable: false },
            _ => GatewayAction::Finish,
        });

        until_health(&stage, |status, body| status == 503 && names(&gateway_words(body), words(silent))).await;
        let is_named = || warnings(&stage.logged()[logged..]).iter().any(|line| names(line, words(silent)));
        stage.until("a warning names the stage", || is_named().then_some(())).await;
        stage.until("it is tried again", || (connections_since(&stage, moment).len() > 1).then_some(())).await;

        stage.discord.clear_gateway_faults();
        until_health(&stage, |status, body| status == 200 && body["ok"] == true).await;
        is_heard(&stage, stage.discord.ids().alice, ticket).await;
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_goes_dead_is_given_up() {
    let (stage, ticket) = with_ticket(Setup { heartbeat: Duration::from_millis(800), ..Setup::default() }).await;
    let (moment, logged) = (stage.discord.now(), stage.logged().len());
    stage.discord.strike_gateway(&GatewayAction::Freeze);

    until_live_again(&stage, moment).await;
    is_heard(&stage, stage.discord.ids().alice, ticket).await;
    let log = stage.logged();
    assert!(warnings(&log[logged..]).iter().any(|line| names(line, &["heartbeat", "acknowledg"])), "{log}");
}

#[tokio::test]
async fn a_server_that_is_slow_at_every_stage_is_waited_for() {
    /// A twelfth of what a stage may take.
    const SLOW: Duration = Duration::from_secs(2);
    let mut stage = prepare(Stage::empty());
    for slow in [GatewayStage::Upgrade, GatewayStage::Hello, GatewayStage::Identify] {
        stage.discord.gateway_fault(GatewayFault::new(slow, GatewayAction::Delay(SLOW)));
    }
    stage.start().await;
    assert_eq!(stage.discord.gateway_connections().len(), 1, "{}", stage.story());
    until_health(&stage, |status, _| status == 200).await;
}
