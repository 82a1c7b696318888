//! READY tells less than it should. It is a session all the same.

use talon_sandbox::{GatewayAction, GatewayStage};

use crate::line::{connections_since, fail_always, is_heard, prepare, until_health, until_live_again};
use crate::stage::{Stage, each};

#[tokio::test]
async fn ready_may_lack_what_a_session_can_do_without() {
    let lacks: [&[&str]; 6] = [
        &["user"],
        &["application"],
        &["resume_gateway_url"],
        &["guilds[].unavailable"],
        &["user", "application", "resume_gateway_url", "guilds[].unavailable"],
        &["session_id"],
    ];
    each(lacks, |lacks| async move {
        let mut stage = prepare(Stage::empty());
        let fields = lacks.iter().map(|&field| field.to_owned()).collect();
        fail_always(&stage, GatewayStage::Identify, GatewayAction::Omit(fields));
        stage.start().await;
        let ids = stage.discord.ids();
        until_health(&stage, |status, body| status == 200 && body["gateway"]["connected"] == true).await;
        let ticket = stage.open(ids.alice).await;

        let moment = stage.discord.now();
        stage.discord.strike_gateway(&GatewayAction::Finish);
        until_live_again(&stage, moment).await;
        is_heard(&stage, ids.alice, ticket).await;

        let connections = connections_since(&stage, moment);
        let resumed = connections.iter().any(|connection| !connection.resumed.is_empty());
        let identified = connections.iter().any(|connection| !connection.identified.is_empty());
        // A session without a name cannot be resumed.
        let named = !lacks.contains(&"session_id");
        assert_eq!((resumed, identified), (named, !named), "{}", stage.story());
        assert_eq!(connections.len(), 1, "{}", stage.story());
    })
    .await;
}
