//! Restarts: what was open stays open, what was begun goes on, and a deadline keeps its time.

use std::time::{Duration, SystemTime};

use talon::lifecycle::{Document, State};
use talon_sandbox::When;
use talon_sandbox::world::Snowflake;

use crate::stage::Stage;

/// Waits until the row knows that the closing has been announced; tells when it is due.
async fn until_announced(stage: &Stage, member: Snowflake) -> SystemTime {
    let row = stage.until_row(member, Document::is_announced).await;
    let State::Closing(closing) = row.state else { unreachable!("it was just looked at") };
    closing.due
}

#[tokio::test]
async fn an_open_ticket_stays_open() {
    let mut stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    stage.until_row(ids.alice, |row| matches!(row.state, State::Open { .. })).await;
    let before = stage.discord.messages(ids.alice, ticket);

    stage.kill().await;
    stage.start().await;

    let press = stage.press_create(ids.alice);
    assert_eq!(stage.answer(press).await, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
    assert_eq!(stage.discord.messages(ids.alice, ticket), before);
    stage.press_close(ids.alice, ticket);
    stage.until_gone(ticket).await;
}

#[tokio::test]
async fn a_pending_closing_keeps_its_time() {
    let mut stage = Stage::closing_after("1500ms").await;
    let alice = stage.discord.ids().alice;
    let ticket = stage.open(alice).await;
    stage.press_close(alice, ticket);
    let due = until_announced(&stage, alice).await;

    stage.kill().await;
    stage.start().await;
    let [said] = &stage.announcements(ticket)[..] else { panic!("said once: {}", stage.story()) };
    assert_eq!(said.content, "🔒 тикет будет закрыт через 2 секунды...");
    stage.until_gone(ticket).await;

    let deleted = stage.discord.calls_matching("DELETE /channels/*");
    assert_eq!(deleted.len(), 1);
    assert!(deleted[0].at >= due, "not before its time");
    assert!(deleted[0].at < due + Duration::from_secs(1), "nor counted anew");
}

#[tokio::test]
async fn what_fell_due_meanwhile_is_due_at_once() {
    let mut stage = Stage::ready().await;
    let alice = stage.discord.ids().alice;
    let ticket = stage.open(alice).await;
    // The countdown is short, and on a busy machine it may be over before the bot is killed: its call is lost then.
    let deleting = stage.discord.hold("DELETE /channels/*", When::Before);
    stage.press_close(alice, ticket);
    let due = until_announced(&stage, alice).await;
    stage.kill().await;
    deleting.discard();
    stage.discord.clear_faults();
    stage.until("it has fallen due", || (stage.discord.now() >= due).then_some(())).await;
    assert_eq!(stage.tickets(), [ticket]);

    // A longer delay from now on is for those who close from now on.
    stage.set("CLOSE_DELAY", "1h");
    stage.start().await;

    stage.until_gone(ticket).await;
    stage.open(alice).await;
}

#[tokio::test]
async fn a_channel_deleted_meanwhile_locks_nobody_out() {
    let mut stage = Stage::closing_after("1h").await;
    let ids = stage.discord.ids();
    let open = stage.open(ids.alice).await;
    let closing = stage.open(ids.bob).await;
    stage.press_close(ids.bob, closing);
    until_announced(&stage, ids.bob).await;

    stage.kill().await;
    stage.discord.delete_channel(open);
    stage.discord.delete_channel(closing);
    stage.start().await;

    for member in [ids.alice, ids.bob] {
        stage.until_row(member, |row| row.state == State::Absent).await;
        stage.open(member).await;
    }
}

#[tokio::test]
async fn a_stop_is_a_success_and_takes_no_time() {
    let mut stage = Stage::closing_after("1h").await;
    let ids = stage.discord.ids();
    stage.open(ids.alice).await;
    let ticket = stage.open(ids.bob).await;
    stage.press_close(ids.bob, ticket);
    until_announced(&stage, ids.bob).await;
    let asked = stage.discord.now();

    let status = stage.stop().await;

    assert!(status.success(), "{status}");
    let took = stage.discord.now().duration_since(asked).unwrap_or_default();
    assert!(took < Duration::from_secs(3), "neither ticket is waited for: {took:?}");
    assert_eq!(stage.tickets().len(), 2);
}

#[tokio::test]
async fn a_stop_in_the_middle_of_an_opening_finishes_it() {
    let mut stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let mut creating = stage.discord.hold("POST /guilds/*/channels", When::After);
    let press = stage.press_create(ids.alice);
    creating.reached().await;

    stage.ask_to_stop();
    stage.until_logged("stopping").await;
    creating.release();

    assert!(stage.ended().await.success());
    let [ticket] = stage.tickets()[..] else { panic!("one ticket: {}", stage.story()) };
    assert_eq!(stage.answer(press).await, format!("✅ тикет создан: <#{ticket}>"));
    stage.welcome(ticket).await;
    assert!(matches!(stage.row(ids.alice).state, State::Open { .. }));
}

#[tokio::test]
async fn what_is_asked_after_the_order_to_stop_waits_for_nothing() {
    let mut stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let mut creating = stage.discord.hold("POST /guilds/*/channels", When::After);
    stage.press_create(ids.alice);
    creating.reached().await;

    stage.ask_to_stop();
    stage.until_logged("stopping").await;
    stage.press_create(ids.bob);
    creating.release();

    assert!(stage.ended().await.success());
    assert_eq!(stage.tickets().len(), 1, "nothing new is begun");
    assert_eq!(stage.row(ids.bob).state, State::Absent);
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let mut stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let mut creating = stage.discord.hold("POST /guilds/*/channels", When::Before);
    stage.press_create(ids.alice);
    creating.reached().await;
    let asked = stage.discord.now();

    let status = stage.stop().await;

    assert!(status.success(), "{status}");
    let took = stage.discord.now().duration_since(asked).unwrap_or_default();
    assert!(took < Duration::from_secs(8), "{took:?}");
    // Discord gets to it after all.
    creating.release();
    stage.until_tickets(1).await;
    stage.start().await;
    stage.until_row(ids.alice, |row| matches!(row.state, State::Open { .. })).await;
    assert_eq!(stage.tickets().len(), 1);
}
