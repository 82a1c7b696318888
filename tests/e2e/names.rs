//! Names: what members are called, and what becomes of it in the name of their channel.

use talon::lifecycle::State;
use talon_sandbox::Fault;
use talon_sandbox::world::Snowflake;

use crate::stage::Stage;

/// A member of this name opens a ticket; its channel and that channel's name.
async fn opened_by(stage: &Stage, name: &str) -> (Snowflake, String) {
    let member = stage.discord.join("newcomer");
    stage.discord.rename(member, name);
    let ticket = stage.open(member).await;
    (member, stage.discord.look(|world| world.channels[&ticket].name.clone()))
}

#[tokio::test]
async fn discord_makes_of_a_name_what_it_will() {
    let stage = Stage::ready().await;
    let long = "в".repeat(32);
    let cases = [
        ("Anna B.", "anna-b"),
        ("мария", "мария"),
        ("🎫", "🎫"),
        ("\u{202e}שלום", "שלום"),
        ("مرحبا", "مرحبا"),
        (&long, &long),
        ("@everyone", "everyone"),
        ("<@&1> **жирный** `код`", "1-жирный-код"),
        ("a\nb\tc", "a-b-c"),
    ];
    for (name, expected) in cases {
        assert_eq!(opened_by(&stage, name).await.1, expected, "{name:?}");
    }
}

#[tokio::test]
async fn a_name_of_which_nothing_is_left_falls_back_to_a_neutral_one() {
    let stage = Stage::ready().await;
    for name in ["!!!", "---", "   ", "\u{200b}\u{200b}"] {
        let (member, channel) = opened_by(&stage, name).await;
        assert_eq!(channel, format!("тикет-{member}"), "{name:?}");
    }
}

#[tokio::test]
async fn a_name_that_discord_refuses_falls_back_once() {
    let stage = Stage::ready().await;
    let refusal = || Fault::field("POST /guilds/*/channels", "name", "CHANNEL_NAME_INVALID", "Not allowed here");
    stage.discord.fault(refusal());
    let (member, channel) = opened_by(&stage, "nitro").await;
    assert_eq!(channel, format!("тикет-{member}"));

    stage.discord.clear_record();
    stage.discord.fault(refusal().times(2));
    let member = stage.discord.join("nitro");
    let press = stage.press_create(member);

    let sorry = "❌ discord не дал создать канал, напиши администратору: причина в журнале бота";
    assert_eq!(stage.answer(press).await, sorry);
    assert_eq!(stage.discord.calls_matching("POST /guilds/*/channels").len(), 2);
    stage.until_row(member, |row| row.state == State::Absent).await;
    stage.open(member).await;
}

#[tokio::test]
async fn nobody_is_notified_by_a_name() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let name = format!("@everyone <@{}> <@&{}>", ids.bob, ids.admin_role);
    let (member, _) = opened_by(&stage, &name).await;
    let ticket = stage.tickets()[0];

    let welcome = stage.welcome(ticket).await;

    assert_eq!(welcome.notified, [ids.sue, member]);
    assert!(!welcome.content.contains("everyone"));
}
