//! Tickets are closed: by whom, in which words, and when the channel goes.

use std::time::Duration;

use serde_json::json;
use talon::lifecycle::{Closing, Document, State};
use talon_sandbox::When;
use talon_sandbox::world::{Overwrite, Permissions, Snowflake, Target};

use crate::stage::{CLOSE, Stage};

/// Longer than any test.
const LONG: &str = "1h";

/// Lets somebody look into a channel who has no part in it.
fn admit(stage: &Stage, ticket: Snowflake, who: Snowflake) {
    let allow = Permissions::VIEW_CHANNEL | Permissions::SEND_MESSAGES;
    stage.discord.overwrite(ticket, Overwrite { id: who, kind: Target::Member, allow, deny: Permissions::NONE });
}

/// A message of the bot with a close button, in a channel that is no ticket.
fn stray_button(stage: &Stage, channel: Snowflake) {
    let button = json!({ "type": 2, "style": 4, "label": "закрыть тикет", "custom_id": CLOSE });
    let message = json!({ "content": "?", "components": [{ "type": 1, "components": [button] }] });
    stage.as_bot("POST", &format!("/channels/{channel}/messages"), message);
}

fn due(row: &Document) -> std::time::SystemTime {
    let State::Closing(Closing { due, .. }) = row.state else { panic!("not closing: {row:?}") };
    due
}

#[tokio::test]
async fn the_owner_closes_by_button() {
    let stage = Stage::closing_after("5s").await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;

    let press = stage.press_close(ids.alice, ticket);

    assert_eq!(stage.answer(press).await, "🔒 тикет будет закрыт через 5 секунд...");
    let [said] = &stage.announcements(ticket)[..] else { panic!("said once: {}", stage.story()) };
    assert!(!said.ephemeral, "for all to read");
    assert!(stage.discord.messages(ids.sue, ticket).contains(said));
}

#[tokio::test]
async fn the_support_closes_by_button() {
    let stage = Stage::closing_after("5s").await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;

    let press = stage.press_close(ids.sue, ticket);

    assert_eq!(stage.answer(press).await, "🔒 тикет будет закрыт через 5 секунд...");
    assert_eq!(stage.announcements(ticket).len(), 1);
}

#[tokio::test]
async fn owner_and_support_close_by_command() {
    let stage = Stage::closing_after("5s").await;
    let ids = stage.discord.ids();

    for (owner, closer) in [(ids.alice, ids.alice), (ids.bob, ids.sue)] {
        let ticket = stage.open(owner).await;
        stage.discord.say(closer, ticket, "!close").expect("they may write there");

        let said = stage.announced(ticket).await;
        assert_eq!(said.content, "🔒 тикет будет закрыт через 5 секунд...");
        assert_eq!(said.notified, []);
        assert_eq!(stage.announcements(ticket).len(), 1);
    }
}

#[tokio::test]
async fn who_is_neither_owner_nor_support_may_not() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    admit(&stage, ticket, ids.bob);

    // An administrator without the support role is a stranger here, too.
    for stranger in [ids.bob, ids.adam] {
        let press = stage.press_close(stranger, ticket);
        let reply = stage.discord.answered(press).await.expect("an answer");
        assert_eq!((reply.content.as_str(), reply.ephemeral), ("❌ нет прав", true));

        let reply = stage.command(stranger, ticket, "!close").await;
        assert_eq!(reply.content, "❌ нет прав");
        assert_eq!(reply.notified, []);
    }
    assert_eq!(stage.announcements(ticket).len(), 0);
    assert!(matches!(stage.row(ids.alice).state, State::Open { .. }));
}

#[tokio::test]
async fn the_channel_goes_when_it_was_said_and_not_before() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    stage.discord.clear_record();
    let pressed = stage.discord.now();

    stage.press_close(ids.alice, ticket);
    stage.until_gone(ticket).await;

    let calls = stage.discord.calls();
    let [said, deleted] = &calls[..] else { panic!("a closing is two calls: {}", stage.story()) };
    assert!(said.path.ends_with("/callback"));
    assert_eq!((deleted.method.as_str(), deleted.path.clone()), ("DELETE", format!("/channels/{ticket}")));
    // The bot keeps time to the millisecond.
    assert!(deleted.at + Duration::from_millis(1) >= pressed + Duration::from_millis(300));
}

#[tokio::test]
async fn a_closing_by_command_is_two_calls() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    stage.discord.clear_record();

    stage.discord.say(ids.sue, ticket, "!close").expect("she may write there");
    stage.until_gone(ticket).await;

    let calls: Vec<_> = stage.discord.calls().into_iter().map(|call| (call.method, call.path)).collect();
    let expected = [("POST", format!("/channels/{ticket}/messages")), ("DELETE", format!("/channels/{ticket}"))];
    assert_eq!(calls, expected.map(|(method, path)| (method.to_owned(), path)));
}

#[tokio::test]
async fn a_delay_is_told_in_its_largest_unit_and_agrees_with_its_noun() {
    for (delay, words) in [("1s", "1 секунду"), ("2s", "2 секунды"), ("1m 31s", "91 секунду"), (LONG, "1 час")]
    {
        let stage = Stage::closing_after(delay).await;
        let alice = stage.discord.ids().alice;
        let ticket = stage.open(alice).await;

        let press = stage.press_close(alice, ticket);

        assert_eq!(stage.answer(press).await, format!("🔒 тикет будет закрыт через {words}..."));
    }
}

#[tokio::test]
async fn a_second_close_neither_speaks_to_all_nor_starts_again() {
    let stage = Stage::closing_after(LONG).await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    stage.press_close(ids.alice, ticket);
    stage.announced(ticket).await;
    let before = due(&stage.row(ids.alice));

    let press = stage.press_close(ids.sue, ticket);
    let private = stage.discord.answered(press).await.expect("an answer");
    let short = stage.command(ids.alice, ticket, "!close").await;

    assert_eq!((private.content.as_str(), private.ephemeral), ("🔒 тикет уже закрывается, подожди немного", true));
    assert_eq!((short.content, short.notified), (private.content, vec![]));
    assert_eq!(stage.announcements(ticket).len(), 1);
    assert_eq!(due(&stage.row(ids.alice)), before);
}

#[tokio::test]
async fn ten_closes_at_once_are_announced_once() {
    let stage = Stage::closing_after(LONG).await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;

    let presses: Vec<_> = (0..10).map(|_| stage.press_close(ids.alice, ticket)).collect();
    let message = stage.discord.say(ids.sue, ticket, "!close").expect("she may write there");

    for press in presses {
        stage.answer(press).await;
    }
    stage.reply(ticket, message).await;
    assert_eq!(stage.announcements(ticket).len(), 1);
}

#[tokio::test]
async fn while_it_closes_its_owner_has_a_ticket_and_afterwards_may_have_another() {
    let stage = Stage::ready().await;
    let alice = stage.discord.ids().alice;
    let ticket = stage.open(alice).await;
    let end = stage.discord.hold("DELETE /channels/*", When::Before);
    stage.press_close(alice, ticket);
    stage.announced(ticket).await;

    let early = stage.press_create(alice);
    assert_eq!(stage.answer(early).await, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
    end.release();
    stage.until_gone(ticket).await;

    let next = stage.open(alice).await;
    assert_ne!(next, ticket);
}

#[tokio::test]
async fn a_close_button_outside_a_ticket_closes_nothing() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;

    for channel in [ids.panel, ids.lounge] {
        stray_button(&stage, channel);
        // She has a ticket, the other one has the role, and neither makes this channel one.
        for who in [ids.alice, ids.sue] {
            let press = stage.press_close(who, channel);
            let reply = stage.discord.answered(press).await.expect("an answer");
            let words = "❌ это не тикет, закрывать здесь нечего";
            assert_eq!((reply.content.as_str(), reply.ephemeral), (words, true));
        }
    }
    assert!(
        stage.discord.look(|world| [ids.panel, ids.lounge, ticket].iter().all(|id| world.channels.contains_key(id)))
    );
    assert!(matches!(stage.row(ids.alice).state, State::Open { .. }));
    stage.until_logged("turned down").await;
    let logged = stage.logged();
    let mut lines = logged.lines().filter(|line| line.contains("turned down"));
    assert!(lines.all(|line| !line.contains(&ticket.to_string())), "her ticket has nothing to do with it:\n{logged}");
}
