//! The connection to the gateway fails in every way there is, and what the bot does about it: it comes back soon, it does
//! not hammer, it says what it waits for, and nothing else of it waits meanwhile.

mod endings;
mod frames;
mod pauses;
mod ready;
mod refusals;
mod silence;

use std::time::{Duration, SystemTime};

use serde_json::Value;
use talon_sandbox::world::Snowflake;
use talon_sandbox::{GatewayAction, GatewayConnection, GatewayFault, GatewayStage};
use tokio::time::timeout;

use crate::health::get;
use crate::stage::Stage;

/// How long `/healthz` may take to answer, whatever the gateway does.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(2);
/// The bot's hidden setting: how long a stage of a connection may last.
const STAGE_LIMIT: &str = "GATEWAY_TIMEOUT";

/// A bot that has not been started and will tell how it is.
fn prepare(mut stage: Stage) -> Stage {
    stage.set("HEALTH_ADDR", "127.0.0.1:0");
    stage
}

/// What `/healthz` answers.
async fn health(stage: &Stage) -> (u16, Value) {
    let url = format!("{}/healthz", stage.health_url().await);
    let (status, text) = timeout(HEALTH_TIMEOUT, get(&url)).await.expect("the bot tells how it is");
    (status, serde_json::from_str(&text).expect("JSON"))
}

/// Asks until `/healthz` answers what it should.
async fn until_health(stage: &Stage, fits: impl Fn(u16, &Value) -> bool) {
    let asked = async {
        loop {
            let (status, body) = health(stage).await;
            if fits(status, &body) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    };
    timeout(Duration::from_secs(10), asked)
        .await
        .unwrap_or_else(|_| panic!("/healthz never said so\n{}", stage.story()));
}

/// What `/healthz` says of the gateway in words.
fn gateway_words(body: &Value) -> String {
    let values = body["gateway"].as_object().into_iter().flat_map(|gateway| gateway.values());
    values.filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
}

/// Makes every connection fail that reaches a stage.
fn fail_always(stage: &Stage, at: GatewayStage, action: GatewayAction) {
    stage.discord.gateway_fault(GatewayFault::new(at, action).always());
}

/// The connections that the bot asked for after this moment.
fn connections_since(stage: &Stage, moment: SystemTime) -> Vec<GatewayConnection> {
    let connections = stage.discord.gateway_connections().into_iter();
    connections.filter(|connection| connection.at >= moment).collect()
}

/// How often the bot asked for a session, on any connection.
fn identify_times(stage: &Stage) -> Vec<SystemTime> {
    stage.discord.gateway_connections().into_iter().flat_map(|connection| connection.identified).collect()
}

/// Waits until the connections that there were have ended, or are frozen.
async fn until_cut(stage: &Stage, before: SystemTime) {
    stage
        .discord
        .until_gateway("the connection has ended", |connections| {
            connections.iter().all(|connection| connection.at >= before || connection.ended.is_some())
        })
        .await;
}

/// Waits until the bot has a session on a connection that began after this moment.
async fn until_live_again(stage: &Stage, moment: SystemTime) {
    let is_live = |connection: &GatewayConnection| {
        let asked = !connection.identified.is_empty() || !connection.resumed.is_empty();
        connection.at >= moment && connection.ended.is_none() && asked
    };
    stage
        .until("the bot has a session again", || {
            let live = stage.discord.gateway_connections().iter().any(is_live);
            (live && stage.discord.connected() > 0).then_some(())
        })
        .await;
}

/// A member who has a ticket asks for another and is pointed to it: the bot hears and answers.
async fn is_heard(stage: &Stage, member: Snowflake, ticket: Snowflake) {
    let press = stage.press_create(member);
    assert_eq!(stage.answer(press).await, format!("❌ у тебя уже есть тикет: <#{ticket}>"), "{}", stage.story());
}

/// The warnings in the log, one an element.
fn warnings(log: &str) -> Vec<&str> {
    log.lines().filter(|line| line.contains(" WARN ")).collect()
}
