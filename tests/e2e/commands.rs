//! Commands: what people write instead of pressing.

use crate::panel::spoil;
use crate::stage::{CREATE, Stage, button, panels};

#[tokio::test]
async fn ticket_opens_like_the_button() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();

    let reply = stage.command(ids.alice, ids.lounge, "!ticket").await;

    let [ticket] = stage.tickets()[..] else { panic!("one ticket: {}", stage.story()) };
    assert_eq!(reply.content, format!("✅ тикет создан: <#{ticket}>"));
    assert_eq!(reply.notified, [], "a reply that notifies nobody");
    assert_eq!(stage.welcome(ticket).await.notified, [ids.alice, ids.sue]);
}

#[tokio::test]
async fn ticket_points_to_the_open_one() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;

    let reply = stage.command(ids.alice, ids.lounge, "!ticket").await;

    assert_eq!(reply.content, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
    assert_eq!(stage.tickets(), [ticket]);
}

#[tokio::test]
async fn close_outside_a_ticket_closes_nothing() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;

    for who in [ids.alice, ids.bob, ids.sue] {
        let reply = stage.command(who, ids.lounge, "!close").await;
        assert_eq!(reply.content, "❌ это не тикет, закрывать здесь нечего");
        assert_eq!(reply.notified, []);
    }
    assert_eq!(stage.tickets(), [ticket]);
}

#[tokio::test]
async fn commands_of_bots_and_webhooks_are_not_heard() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;

    for command in ["!ticket", "!close", "!setuptickets"] {
        stage.discord.say(ids.robot, ids.lounge, command).expect("it may write there");
        stage.discord.say_by_webhook("Alice", ids.lounge, command);
        stage.discord.say_by_webhook("Alice", ticket, command);
    }
    stage.discord.clear_record();

    // What Bob says is heard after all that.
    stage.command(ids.bob, ids.lounge, "!close").await;
    assert_eq!(stage.discord.calls().len(), 1, "{}", stage.story());
    assert_eq!(stage.tickets(), [ticket]);
}

#[tokio::test]
async fn ordinary_talk_is_no_command() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    stage.discord.clear_record();

    for talk in ["close", "please !close", "!closed", "! close", "!ping", "!", "**!close**", "🔒"] {
        stage.discord.say(ids.alice, ticket, talk).expect("she may write there");
    }
    stage.command(ids.bob, ids.lounge, "!close").await;

    assert_eq!(stage.discord.calls().len(), 1, "{}", stage.story());
}

#[tokio::test]
async fn setuptickets_of_an_administrator_brings_the_panel_back() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();

    // The server's owner holds no role that says so.
    for administrator in [ids.adam, ids.owner] {
        let old = stage.panel().await;
        stage.discord.delete_message(ids.panel, old.id);

        let reply = stage.command(administrator, ids.lounge, "!setuptickets").await;

        assert_eq!(reply.content, "✅ панель на месте");
        assert_eq!(reply.notified, []);
        assert_ne!(stage.panel().await.id, old.id);
    }
}

#[tokio::test]
async fn setuptickets_leaves_a_good_panel_alone() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let before = stage.panel().await;

    let reply = stage.command(ids.adam, ids.lounge, "!setuptickets").await;

    assert_eq!(reply.content, "✅ панель на месте");
    let panels = stage.discord.messages(ids.owner, ids.panel);
    assert_eq!(panels.iter().filter(|message| button(message) == Some(CREATE)).collect::<Vec<_>>(), [&before]);
}

#[tokio::test]
async fn setuptickets_is_for_administrators() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    stage.panel().await;
    spoil(&stage);
    let spoiled = panels(&stage);

    for person in [ids.alice, ids.sue] {
        let reply = stage.command(person, ids.lounge, "!setuptickets").await;
        assert_eq!(reply.content, "❌ эта команда только для администраторов");
        assert_eq!(reply.notified, []);
    }
    assert_eq!(panels(&stage), spoiled);
}
