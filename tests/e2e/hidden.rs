//! Channels that the bot may not view for a while: Discord hides them, and they are not gone.

use talon::lifecycle::State;
use talon_sandbox::Setup;
use talon_sandbox::world::{Overwrite, Permissions, Snowflake, Start, Target};

use crate::stage::Stage;

/// A server of today's Discord, with the bot in it.
async fn stage_that_hides() -> Stage {
    let start = Start { hides_channels: true, ..Start::default() };
    let mut stage = Stage::with(Setup { start, ..Setup::default() });
    stage.start().await;
    stage
}

/// What the bot may do in a channel, whatever it may do elsewhere.
fn let_bot(stage: &Stage, channel: Snowflake, allow: Permissions, deny: Permissions) {
    let id = stage.discord.ids().bot;
    stage.discord.overwrite(channel, Overwrite { id, kind: Target::Member, allow, deny });
}

#[tokio::test]
async fn a_ticket_that_the_bot_may_not_view_is_kept_and_closed_later() {
    let mut stage = stage_that_hides().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    stage.until_row(ids.alice, |row| matches!(row.state, State::Open { .. })).await;
    let before = stage.discord.look(|world| world.channels[&ticket].overwrites[&ids.bot]);
    let_bot(&stage, ticket, Permissions::NONE, Permissions::VIEW_CHANNEL);

    stage.kill().await;
    stage.start().await;
    let press = stage.discord.press(ids.alice, ids.panel, crate::stage::CREATE).expect("the panel has its button");
    let answer = stage.discord.answered(press).await.expect("she is answered");

    assert_eq!(answer.content, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
    stage.until_row(ids.alice, |row| matches!(row.state, State::Open { .. })).await;
    assert_eq!(stage.tickets(), [ticket]);

    let_bot(&stage, ticket, before.allow, before.deny);
    stage.press_close(ids.alice, ticket);
    stage.until_gone(ticket).await;
}

#[tokio::test]
async fn a_server_in_which_the_bot_sees_nothing_loses_no_ticket() {
    let stage = stage_that_hides().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    stage.until_row(ids.alice, |row| matches!(row.state, State::Open { .. })).await;
    let rights = stage.discord.look(|world| world.guild.roles[&ids.bot_role].permissions);
    let blind = Permissions(rights.0 & !Permissions::VIEW_CHANNEL.0);
    let_bot(&stage, ticket, Permissions::NONE, Permissions::NONE);

    stage.discord.set_bot_permissions(blind);
    stage.discord.drop_gateway();
    stage.discord.act(|world| {
        world.set_available(false);
        world.set_available(true);
    });
    stage.discord.ready().await;
    stage.discord.set_bot_permissions(rights);

    stage.discord.say(ids.alice, ids.lounge, "!ticket").expect("she may write there");
    stage.discord.until_called("GET /channels/*", 1).await;
    stage.until_row(ids.alice, |row| matches!(row.state, State::Open { .. })).await;
    assert_eq!(stage.tickets(), [ticket]);
}
