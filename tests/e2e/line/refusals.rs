//! Discord refuses the session: for good, which ends the bot with a sentence, or for now, which does not.

use talon_sandbox::{GatewayAction, GatewayFault, GatewayStage};

use crate::line::fail_always;
use crate::stage::{Stage, each};

/// Close codes after which no attempt can succeed, and a word of the remedy.
const FINAL: [(u16, &str); 5] =
    [(4004, "DISCORD_TOKEN"), (4010, "shard"), (4011, "shard"), (4013, "intent"), (4014, "Privileged Gateway Intents")];

#[tokio::test]
async fn a_refusal_for_good_ends_the_bot_with_the_remedy() {
    each(FINAL, |(code, remedy)| async move {
        let mut stage = Stage::empty();
        fail_always(&stage, GatewayStage::Identify, GatewayAction::Close(code));
        stage.spawn();

        assert_eq!(stage.ended().await.code(), Some(1), "{}", stage.story());
        let log = stage.logged();
        let last = log.lines().last().unwrap_or_default();
        assert!(last.to_lowercase().contains(&remedy.to_lowercase()), "{log}");
    })
    .await;
}

#[tokio::test]
async fn a_refusal_for_good_ends_a_bot_that_was_connected() {
    each(FINAL, |(code, remedy)| async move {
        let mut stage = Stage::ready().await;
        fail_always(&stage, GatewayStage::Identify, GatewayAction::Close(code));
        stage.discord.strike_gateway(&GatewayAction::Invalidate { resumable: false });

        assert_eq!(stage.ended().await.code(), Some(1), "{}", stage.story());
        assert!(stage.logged().to_lowercase().contains(&remedy.to_lowercase()), "{}", stage.logged());
    })
    .await;
}

#[tokio::test]
async fn intents_that_are_refused_once_are_done_without() {
    let mut stage = Stage::empty();
    stage.discord.gateway_fault(GatewayFault::new(GatewayStage::Identify, GatewayAction::Close(4014)));
    stage.start().await;

    stage.until_logged("Message Content Intent").await;
    stage.open(stage.discord.ids().alice).await;
}
