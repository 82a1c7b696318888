//! Slash commands: registered once, and what people may do with them.

use serde_json::{Value, json};
use talon::sandbox::world::{Cannot, MessageView, Snowflake, Start};
use talon::sandbox::{Fault, Setup, When};

use crate::panel::{panels, spoil};
use crate::stage::{LIST_COMMANDS, Stage};

const PUT: &str = "PUT /applications/*/guilds/*/commands";

/// The commands that Discord has from the bot.
fn registered(stage: &Stage) -> Vec<Value> {
    let server = Some(stage.discord.ids().guild);
    stage.discord.look(|world| world.application.commands.get(&server).cloned().unwrap_or_default())
}

fn names(commands: &[Value]) -> Vec<&str> {
    commands.iter().filter_map(|command| command["name"].as_str()).collect()
}

/// Whether this person sees the message, and nobody else.
fn is_private(stage: &Stage, who: Snowflake, channel: Snowflake, message: &MessageView) -> bool {
    let ids = stage.discord.ids();
    [ids.owner, ids.alice, ids.bob, ids.sue, ids.adam].into_iter().all(|person| {
        let sees = stage.discord.messages(person, channel).iter().any(|seen| seen.id == message.id);
        sees == (person == who)
    })
}

/// A server of an application that is not told what people write.
fn deaf() -> Stage {
    Stage::with(Setup { start: Start { content_intent: false, ..Start::default() }, ..Setup::default() })
}

#[tokio::test]
async fn they_are_registered_once_and_not_again_at_the_next_start() {
    let mut stage = Stage::ready().await;
    stage.until_logged("the slash commands were registered").await;
    assert_eq!(names(&registered(&stage)), ["ticket", "close", "setuptickets", "explain"]);
    assert_eq!(registered(&stage)[1]["name_localizations"]["ru"], "закрыть");
    assert_eq!(registered(&stage)[2]["default_member_permissions"], "8");
    stage.stop().await;
    stage.discord.clear_record();

    stage.start().await;
    stage.until_logged("the slash commands are in place").await;

    assert_eq!(stage.discord.calls_matching(LIST_COMMANDS).len(), 1);
    assert_eq!(stage.discord.calls_matching(PUT).len(), 0, "{}", stage.story());
}

#[tokio::test]
async fn others_of_the_bot_are_replaced() {
    let mut stage = Stage::empty();
    let ids = stage.discord.ids();
    let path = format!("/applications/{}/guilds/{}/commands", ids.application, ids.guild);
    stage.as_bot(
        "PUT",
        &path,
        json!([{ "name": "ping", "description": "?" }, { "name": "close", "description": "?" }]),
    );

    stage.start().await;
    stage.until_logged("the slash commands were registered").await;

    assert_eq!(names(&registered(&stage)), ["ticket", "close", "setuptickets", "explain"]);
}

#[tokio::test]
async fn ticket_opens_like_the_button() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();

    let reply = stage.slash(ids.alice, ids.lounge, "ticket").await;

    let [ticket] = stage.tickets()[..] else { panic!("one ticket: {}", stage.story()) };
    assert_eq!(reply.content, format!("✅ тикет создан: <#{ticket}>"));
    assert!(is_private(&stage, ids.alice, ids.lounge, &reply));
    assert_eq!(stage.welcome(ticket).await.notified, [ids.alice, ids.sue]);
    let story = stage.command(ids.adam, ticket, "!explain").await;
    assert!(story.content.contains("открывает тикет (слэш-команда)"), "{}", story.content);
    let again = stage.slash(ids.alice, ids.lounge, "ticket").await;
    assert_eq!(again.content, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
}

#[tokio::test]
async fn a_ticket_that_takes_long_is_answered_in_the_end() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let create = stage.discord.hold("POST /guilds/*/channels", When::Before);
    let used = stage.discord.command(ids.alice, ids.lounge, "ticket").expect("she is offered it");
    stage.discord.until_called("POST /interactions/*/*/callback", 1).await;

    create.release();

    let reply = stage.answer(used).await;
    assert_eq!(reply, format!("✅ тикет создан: <#{}>", stage.tickets()[0]));
}

#[tokio::test]
async fn a_ticket_asked_for_before_a_crash_is_answered_after_it() {
    let mut stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let create = stage.discord.hold("POST /guilds/*/channels", When::After);
    let used = stage.discord.command(ids.alice, ids.lounge, "ticket").expect("she is offered it");
    stage.until_tickets(1).await;
    stage.kill().await;
    create.discard();

    stage.start().await;

    let reply = stage.answer(used).await;
    assert_eq!(reply, format!("✅ тикет создан: <#{}>", stage.tickets()[0]));
    assert_eq!(stage.tickets().len(), 1);
}

#[tokio::test]
async fn close_is_for_the_owner_and_the_support() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();

    for closer in [ids.alice, ids.sue] {
        let ticket = stage.open(ids.alice).await;

        let said = stage.slash(closer, ticket, "close").await;

        assert_eq!(said.content, "🔒 тикет будет закрыт через 1 секунду...");
        assert_eq!(stage.announcements(ticket).len(), 1, "for all to read, and once");
        stage.until_gone(ticket).await;
    }
}

#[tokio::test]
async fn close_by_anybody_else_is_turned_down() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;

    assert_eq!(stage.discord.command(ids.bob, ticket, "close"), Err(Cannot::SeeTheChannel));
    // An administrator sees every ticket, and is not the support.
    let reply = stage.slash(ids.adam, ticket, "close").await;

    assert_eq!(reply.content, "❌ нет прав");
    assert!(is_private(&stage, ids.adam, ticket, &reply));
    assert_eq!(stage.announcements(ticket), []);
}

#[tokio::test]
async fn close_outside_a_ticket_closes_nothing() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;

    for who in [ids.alice, ids.bob, ids.sue] {
        let reply = stage.slash(who, ids.lounge, "close").await;
        assert_eq!(reply.content, "❌ это не тикет, закрывать здесь нечего");
        assert!(is_private(&stage, who, ids.lounge, &reply));
    }
    assert_eq!(stage.tickets(), [ticket]);
}

#[tokio::test]
async fn setuptickets_is_for_administrators() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    for administrator in [ids.adam, ids.owner] {
        let old = stage.panel().await;
        stage.discord.delete_message(ids.panel, old.id);
        stage.discord.clear_record();

        let reply = stage.slash(administrator, ids.lounge, "setuptickets").await;

        assert_eq!(reply.content, "✅ панель на месте");
        assert!(is_private(&stage, administrator, ids.lounge, &reply));
        assert_ne!(stage.panel().await.id, old.id);
        assert_eq!(
            stage.discord.calls_matching("GET /guilds/*").len(),
            0,
            "Discord told who they are with the command"
        );
    }
    assert_eq!(stage.discord.command(ids.alice, ids.lounge, "setuptickets"), Err(Cannot::UseTheCommand));
}

#[tokio::test]
async fn setuptickets_that_somebody_is_offered_after_all_is_turned_down() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    stage.panel().await;
    spoil(&stage);
    let spoiled = panels(&stage);
    // Server Settings, Integrations: an administrator lets everybody use it.
    stage.discord.act(|world| {
        for command in world.application.commands.values_mut().flatten() {
            command["default_member_permissions"] = Value::Null;
        }
    });

    for person in [ids.alice, ids.sue] {
        let reply = stage.slash(person, ids.lounge, "setuptickets").await;
        assert_eq!(reply.content, "❌ эта команда только для администраторов");
    }
    assert_eq!(panels(&stage), spoiled);
}

/// Opens by the button and by the slash, closes by both, and writes what nobody hears.
async fn live_without_content(stage: &Stage) {
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    stage.discord.clear_record();
    stage.discord.say(ids.alice, ticket, "!close").expect("she may write there");
    stage.slash(ids.bob, ids.lounge, "close").await;
    assert_eq!(stage.discord.calls().len(), 1, "only Bob is answered: {}", stage.story());
    stage.slash(ids.alice, ticket, "close").await;
    stage.until_gone(ticket).await;
    let reply = stage.slash(ids.bob, ids.lounge, "ticket").await;
    let ticket = stage.until_tickets(1).await[0];
    assert_eq!(reply.content, format!("✅ тикет создан: <#{ticket}>"));
    stage.welcome(ticket).await;
    stage.press_close(ids.sue, ticket);
    stage.until_gone(ticket).await;
    assert_eq!(stage.logged().matches("Message Content Intent").count(), 1, "{}", stage.logged());
}

#[tokio::test]
async fn without_the_message_content_intent_buttons_and_slash_commands_work() {
    let mut stage = deaf();

    stage.start().await;

    live_without_content(&stage).await;
    assert!(stage.stop().await.success());
}

#[tokio::test]
async fn an_intent_that_turns_out_to_be_off_is_done_without() {
    let mut stage = deaf();
    let untold = Fault::status("GET /oauth2/applications/@me", When::Before, 503).always();
    stage.discord.fault(untold);

    stage.start().await;

    live_without_content(&stage).await;
    assert!(stage.stop().await.success());
}

#[tokio::test]
async fn an_application_that_discord_does_not_tell_of_delays_the_start_by_a_moment_only() {
    let mut stage = Stage::empty();
    stage.discord.fault(Fault::hang("GET /oauth2/applications/@me", When::Before).always());

    stage.start().await;

    let ids = stage.discord.ids();
    let reply = stage.command(ids.bob, ids.lounge, "!close").await;
    assert_eq!(reply.content, "❌ это не тикет, закрывать здесь нечего");
}

#[tokio::test]
async fn a_bot_invited_without_commands_says_so_once_and_works() {
    let mut stage = Stage::empty();
    let ids = stage.discord.ids();
    stage.discord.fault(Fault::code("/applications/*/guilds/**", 403, 50_001, "Missing Access").always());
    stage.spawn();
    stage.panel().await;

    stage.until_logged("invited without the scope applications.commands").await;
    stage.open(ids.alice).await;
    assert_eq!(stage.discord.calls_matching(LIST_COMMANDS).len(), 1, "asked once: {}", stage.story());

    // Invited anew.
    stage.discord.clear_faults();
    stage.command(ids.adam, ids.lounge, "!setuptickets").await;
    stage.until_slash().await;
    stage.slash(ids.alice, ids.lounge, "close").await;
}

#[tokio::test]
async fn commands_that_cannot_be_registered_yet_delay_nobody() {
    let mut stage = Stage::empty();
    let list = stage.discord.hold(LIST_COMMANDS, When::Before);
    stage.discord.fault(Fault::status(PUT, When::Before, 503).times(2));
    stage.spawn();
    stage.panel().await;
    stage.discord.ready().await;
    stage.open(stage.discord.ids().alice).await;
    assert_eq!(registered(&stage), Vec::<Value>::new());

    list.release();

    stage.until_slash().await;
    stage.until_logged("the slash commands were registered").await;
}
