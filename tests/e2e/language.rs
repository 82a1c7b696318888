//! Languages: the server's in its channels, each member their own where the operator says so.

use talon::lifecycle::State;
use talon_sandbox::When;
use talon_sandbox::world::Snowflake;

use crate::stage::{Stage, button};

/// A server whose bot speaks so; people's clients speak Russian.
async fn speaking(locale: &str) -> Stage {
    let mut stage = Stage::empty();
    stage.set("LOCALE", locale);
    stage.start().await;
    stage
}

/// Sets the language of a person's client.
fn speaks(stage: &Stage, who: Snowflake, locale: &str) {
    stage.discord.act(|world| world.set_locale(who, locale));
}

#[tokio::test]
async fn english_has_words_of_its_own() {
    let stage = speaking("en").await;
    let ids = stage.discord.ids();

    let panel = stage.panel().await;
    assert_eq!(panel.embeds[0]["title"], "🎫 SUPPORT SYSTEM");
    assert_eq!(panel.embeds[0]["description"], "need help? create a ticket!");
    assert_eq!(panel.embeds[0]["fields"][0]["name"], "📝 how does it work?");
    let steps = "1. press the button below\n2. a private channel is created for you\n3. describe your problem\n\
                 4. the support team will answer";
    assert_eq!(panel.embeds[0]["fields"][0]["value"], steps);
    assert_eq!(panel.buttons[0].label.as_deref(), Some("create ticket"));

    let press = stage.press_create(ids.alice);
    let reply = stage.answer(press).await;
    let ticket = stage.tickets()[0];
    assert_eq!(reply, format!("✅ ticket created: <#{ticket}>"));
    let welcome = stage.welcome(ticket).await;
    assert_eq!(welcome.content, format!("<@{}> <@&{}> - new ticket!", ids.alice, ids.support_role));
    assert_eq!(welcome.embeds[0]["title"], "🎫 SUPPORT TICKET");
    assert_eq!(welcome.embeds[0]["description"], format!("<@{}>, welcome to support!", ids.alice));
    assert_eq!(welcome.embeds[0]["fields"][0]["name"], "📝 describe your problem");
    assert_eq!(welcome.embeds[0]["fields"][0]["value"], "the support team will answer soon");
    assert_eq!(welcome.buttons[0].label.as_deref(), Some("close ticket"));
    assert_eq!(welcome.notified, [ids.alice, ids.sue]);

    let again = stage.press_create(ids.alice);
    assert_eq!(stage.answer(again).await, format!("❌ you already have a ticket: <#{ticket}>"));
    let adam = stage.press_close(ids.adam, ticket);
    assert_eq!(stage.answer(adam).await, "❌ only the ticket's owner and the support team can close it");
    let said = stage.command(ids.adam, ticket, "!close").await;
    assert_eq!(said.content, "❌ only the ticket's owner and the support team can close it");
    let elsewhere = stage.command(ids.sue, ids.lounge, "!close").await;
    assert_eq!(elsewhere.content, "❌ this is not a ticket, there is nothing to close here");

    stage.press_close(ids.alice, ticket);
    assert_eq!(stage.announced(ticket).await.content, "🔒 this ticket will be closed in 1 second...");
    stage.until_gone(ticket).await;
}

#[tokio::test]
async fn another_language_is_put_on_the_panel_that_is_there() {
    let mut stage = Stage::ready().await;
    let russian = stage.panel().await;

    for (locale, title) in [("en", "🎫 SUPPORT SYSTEM"), ("ru", "🎫 СИСТЕМА ПОДДЕРЖКИ")] {
        stage.stop().await;
        stage.set("LOCALE", locale);
        stage.start().await;
        let panel = stage.discord.ids().panel;
        stage
            .discord
            .until("the panel speaks the language", |world| {
                world
                    .messages_seen(stage.discord.ids().owner, panel)
                    .iter()
                    .any(|panel| panel.embeds[0]["title"] == title)
                    .then_some(())
            })
            .await;
        let messages = stage.discord.messages(stage.discord.ids().owner, panel);
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0].id, russian.id);
    }
    assert_eq!(stage.panel().await.embeds, russian.embeds, "as it was, to the letter");
}

#[tokio::test]
async fn auto_follows_the_member_where_nobody_else_reads() {
    let stage = speaking("auto").await;
    let ids = stage.discord.ids();
    speaks(&stage, ids.alice, "en-US");
    speaks(&stage, ids.bob, "uk");
    speaks(&stage, ids.adam, "de");

    let [pressed, used] = [
        stage.press_create(ids.alice),
        stage.discord.command(ids.bob, ids.lounge, "ticket").expect("he is offered it"),
    ];
    assert!(stage.answer(pressed).await.starts_with("✅ ticket created: "));
    assert!(stage.answer(used).await.starts_with("✅ тикет создан: "));
    assert_eq!(
        stage.slash(ids.alice, ids.lounge, "close").await.content,
        "❌ this is not a ticket, there is nothing to close here"
    );
    assert_eq!(stage.slash(ids.adam, ids.lounge, "setuptickets").await.content, "✅ the panel is in place");

    // What others read, too, is Russian.
    assert_eq!(stage.panel().await.embeds[0]["title"], "🎫 СИСТЕМА ПОДДЕРЖКИ");
    let ticket = stage.until_tickets(2).await[0];
    assert_eq!(stage.welcome(ticket).await.embeds[0]["title"], "🎫 ТИКЕТ ПОДДЕРЖКИ");
    let said = stage.command(ids.alice, ids.lounge, "!close").await;
    assert_eq!(said.content, "❌ это не тикет, закрывать здесь нечего");
    stage.press_close(ids.alice, ticket);
    assert_eq!(stage.announced(ticket).await.content, "🔒 тикет будет закрыт через 1 секунду...");
}

#[tokio::test]
async fn whoever_asked_is_answered_in_their_language_after_a_restart_in_another() {
    let mut stage = speaking("en").await;
    let ids = stage.discord.ids();
    let create = stage.discord.hold("POST /guilds/*/channels", When::After);
    let pressed = stage.press_create(ids.alice);
    let written = stage.discord.say(ids.bob, ids.lounge, "!ticket").expect("he may write there");
    stage.until_row(ids.bob, |row| matches!(row.state, State::Opening { .. })).await;
    stage.until_tickets(1).await;
    stage.kill().await;
    create.discard();

    stage.set("LOCALE", "ru");
    stage.start().await;

    assert!(stage.answer(pressed).await.starts_with("✅ ticket created: "));
    assert!(stage.reply(ids.lounge, written).await.content.starts_with("✅ ticket created: "));
    for ticket in stage.until_tickets(2).await {
        assert_eq!(stage.welcome(ticket).await.embeds[0]["title"], "🎫 ТИКЕТ ПОДДЕРЖКИ", "the server's, as of today");
    }
}

#[tokio::test]
async fn an_announcement_in_another_language_is_not_made_again() {
    let mut stage = Stage::ready().await;
    let alice = stage.discord.ids().alice;
    let ticket = stage.open(alice).await;
    let answer = stage.discord.hold("POST /interactions/*/*/callback", When::After);
    stage.press_close(alice, ticket);
    stage.announced(ticket).await;
    stage.kill().await;
    answer.discard();

    stage.set("LOCALE", "en");
    stage.start().await;
    stage.until_gone(ticket).await;

    let said = stage.discord.calls_matching(&format!("POST /channels/{ticket}/messages"));
    assert_eq!(said.len(), 1, "the welcome, and nothing after it: {}", stage.story());
    assert_eq!(stage.discord.calls_matching("POST /interactions/*/*/callback").len(), 2, "the two presses");
}

#[tokio::test]
async fn a_ticket_in_another_language_is_known_by_its_buttons_and_its_mark() {
    let mut stage = speaking("en").await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    stage.until_row(ids.alice, |row| matches!(row.state, State::Open { .. })).await;
    let topic = stage.discord.look(|world| world.channels[&ticket].topic.clone()).unwrap_or_default();
    assert!(topic.starts_with(&format!("ticket #1 · <@{}> · no. ", ids.alice)), "{topic}");
    stage.stop().await;
    for file in ["json/talon.db", "json/talon.db-wal", "json/talon.db-shm"] {
        let _ = std::fs::remove_file(stage.file(file));
    }

    stage.set("LOCALE", "ru");
    stage.start().await;
    stage.until_row(ids.alice, |row| matches!(row.state, State::Open { .. })).await;

    let press = stage.press_create(ids.alice);
    assert_eq!(stage.answer(press).await, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
    assert_eq!(button(&stage.welcome(ticket).await), Some(crate::stage::CLOSE));
}
