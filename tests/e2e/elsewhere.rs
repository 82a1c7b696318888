//! Other servers: the bot is set up for one, and in any other it only says so.

use serde_json::json;
use talon_sandbox::world::{Snowflake, Start};
use talon_sandbox::{Fault, Setup, When};

use crate::stage::{CLOSE, CREATE, Stage};

const ANOTHER: &str =
    "❌ этот бот работает на другом сервере и здесь ничего не делает. администратор этого сервера может его удалить";

/// The bot is in another server, where it had commands before.
fn with_another() -> Stage {
    let stage = Stage::with(Setup { start: Start { neighbours: 1, ..Start::default() }, ..Setup::default() });
    stage.discord.act(|world| {
        let commands = vec![json!({ "name": "close" }), json!({ "name": "ticket" })];
        world.application.commands.insert(Some(world.neighbour(1)), commands);
    });
    stage
}

/// What the bot asked of Discord that has to do with the other server.
fn calls_elsewhere(stage: &Stage) -> Vec<String> {
    let lounge = stage.discord.ids().lounge;
    let ids = stage.discord.look(|world| [world.neighbour(1), world.channel_elsewhere(1, lounge)]);
    let calls = stage.discord.calls().into_iter();
    let there = calls.filter(|call| ids.iter().any(|id| call.path.contains(&id.to_string())));
    there.map(|call| format!("{} {}", call.method, call.path)).collect()
}

async fn ask(stage: &Stage, ask: impl FnOnce(&mut talon_sandbox::world::World, Snowflake) -> Snowflake) -> String {
    let lounge = stage.discord.ids().lounge;
    let asked = stage.discord.act(|world| ask(world, lounge));
    stage.answer(asked).await
}

#[tokio::test]
async fn in_another_server_the_bot_says_so_and_does_nothing_else() {
    let mut stage = with_another();
    stage.start().await;
    let ids = stage.discord.ids();
    let another = stage.discord.look(|world| world.neighbour(1));
    stage
        .discord
        .until("the end of its commands there", |world| {
            world.application.commands[&Some(another)].is_empty().then_some(())
        })
        .await;
    let panel = stage.panel().await;
    for command in ["ticket", "close", "setuptickets", "explain"] {
        let answer = ask(&stage, |world, lounge| world.command_elsewhere(ids.adam, 1, lounge, command)).await;
        assert_eq!(answer, ANOTHER, "/{command}");
    }
    for button in [CREATE, CLOSE] {
        let answer = ask(&stage, |world, lounge| world.press_elsewhere(ids.alice, 1, lounge, button)).await;
        assert_eq!(answer, ANOTHER, "{button}");
    }
    // A channel that looks like a ticket of Alice's is none of the bot's.
    stage.discord.act(|world| {
        let topic = format!("тикет <@{}> · 1234567890", ids.alice);
        world.create_channel_elsewhere(1, "alice", Some(ids.category), &topic);
    });
    // What is written is answered where all can read it, and not again and again.
    for text in ["!close", "!ticket", "!explain", "!setuptickets", "!setuptickets"] {
        stage.discord.act(|world| world.say_elsewhere(ids.adam, 1, ids.lounge, text)).expect("he may write there");
    }
    let ticket = stage.open(ids.alice).await;
    assert_eq!(stage.tickets(), [ticket], "at home all is as ever");
    stage.until_quiet().await;
    let lounge = stage.discord.look(|world| world.channel_elsewhere(1, ids.lounge));
    let commands = format!("PUT /applications/{}/guilds/{another}/commands", ids.application);
    assert_eq!(calls_elsewhere(&stage), [commands, format!("POST /channels/{lounge}/messages")]);
    assert_eq!(stage.panel().await, panel, "the panel at home is as it was");
    let log = stage.logged();
    let told = log.lines().filter(|line| line.contains("the bot is in another server")).collect::<Vec<_>>();
    assert!(
        matches!(told[..], [line] if line.contains(&format!("guild={another}")) && line.contains("talon 2")),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_start_in_an_outage_of_the_own_server_takes_no_other_one_for_it() {
    let mut stage = with_another();
    stage.discord.set_available(false);
    stage.spawn();
    stage.discord.ready().await;
    let ids = stage.discord.ids();
    let another = ask(&stage, |world, lounge| world.command_elsewhere(ids.adam, 1, lounge, "setuptickets")).await;
    assert_eq!(another, ANOTHER);
    // Discord tells nothing of the own server, and yet its members are served.
    stage.panel().await;
    stage.open(ids.alice).await;
    let settled = calls_elsewhere(&stage);
    assert!(settled.iter().all(|call| call.starts_with("PUT ") && call.ends_with("/commands")), "{settled:?}");
}

#[tokio::test]
async fn as_long_as_the_own_server_is_not_known_nobody_is_served_and_everybody_is_told_so() {
    let mut stage = with_another();
    stage.discord.set_available(false);
    stage.discord.fault(Fault::status("GET /channels/*", When::Before, 503).always());
    stage.spawn();
    stage.discord.ready().await;
    let ids = stage.discord.ids();
    let answer = ask(&stage, |world, lounge| world.command_elsewhere(ids.bob, 1, lounge, "ticket")).await;
    assert_eq!(answer, "❌ discord сейчас не отвечает, попробуй ещё раз через пару минут");
    assert_eq!(calls_elsewhere(&stage), [""; 0]);
    // A press of the panel tells by itself where it happened.
    stage.panel().await;
    stage.open(ids.alice).await;
    let answer = ask(&stage, |world, lounge| world.command_elsewhere(ids.bob, 1, lounge, "ticket")).await;
    assert_eq!(answer, ANOTHER);
}

#[tokio::test]
async fn a_bot_that_is_only_in_another_server_does_nothing_there() {
    let mut stage = with_another();
    stage.discord.act(|world| world.leave(world.bot()));
    stage.spawn();
    stage.discord.ready().await;
    let ids = stage.discord.ids();
    for command in ["setuptickets", "ticket"] {
        let answer = ask(&stage, |world, lounge| world.command_elsewhere(ids.adam, 1, lounge, command)).await;
        assert_eq!(answer, ANOTHER, "/{command}");
    }
    let asked = calls_elsewhere(&stage);
    assert!(asked.iter().all(|call| call.starts_with("GET ") || call.ends_with("/commands")), "{asked:?}");
}

#[tokio::test]
async fn a_button_in_a_private_message_is_answered_there() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let private = stage.discord.act(|world| world.private_channel(ids.alice));
    let button = json!({ "type": 2, "style": 1, "label": "ticket", "custom_id": CREATE });
    let body = json!({ "content": "help", "components": [{ "type": 1, "components": [button] }] });
    stage.as_bot("POST", &format!("/channels/{private}/messages"), body);
    let press = stage.discord.press(ids.alice, private, CREATE).expect("she sees it");
    let answer = stage.answer(press).await;
    assert!(answer.starts_with("❌ это работает только на сервере с тикетами"), "{answer}");
    assert_eq!(stage.tickets(), []);
}
