//! A disk that takes nothing: whoever asked is told in time, and nothing is half done.

use talon::lifecycle::{Document, State};

use crate::sleeping::overdue;
use crate::stage::Stage;

#[tokio::test]
async fn a_locked_database_is_said_in_time_and_does_no_harm() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.bob).await;
    stage.until_row(ids.bob, |row| matches!(row.state, State::Open { .. })).await;
    let other = rusqlite::Connection::open(stage.file("json/talon.db")).expect("the database can be opened");
    other.execute_batch("BEGIN IMMEDIATE").expect("the database can be locked");

    let opening = stage.press_create(ids.alice);
    let closing = stage.press_close(ids.bob, ticket);

    let sorry = "❌ не получилось, попробуй ещё раз, а если не поможет, напиши администратору";
    assert_eq!([stage.answer(opening).await, stage.answer(closing).await], [sorry, sorry]);
    assert_eq!(stage.tickets(), [ticket]);
    assert_eq!(stage.announcements(ticket).len(), 0);

    other.execute_batch("ROLLBACK").expect("the lock can be given back");
    stage.open(ids.alice).await;
    stage.press_close(ids.bob, ticket);
    stage.until_gone(ticket).await;
}

#[tokio::test]
async fn a_ticket_whose_row_cannot_be_read_is_read_again_and_goes_on_by_itself() {
    let mut stage = Stage::closing_after("1h").await;
    let alice = stage.discord.ids().alice;
    let ticket = stage.open(alice).await;
    stage.press_close(alice, ticket);
    stage.until_row(alice, Document::is_announced).await;
    stage.stop().await;
    let other = rusqlite::Connection::open(stage.file("json/talon.db")).expect("the database can be opened");
    let row: String = other.query_row("SELECT document FROM tickets", [], |row| row.get(0)).expect("there is a row");
    other.execute("UPDATE tickets SET document = '{'", []).expect("the row can be spoilt");
    stage.start().await;

    let again = || stage.logged().matches("cannot read the ticket").count() >= 3;
    stage.until("it is tried again", || again().then_some(())).await;
    let sorry = "❌ не получилось, попробуй ещё раз, а если не поможет, напиши администратору";
    let press = stage.press_create(alice);
    assert_eq!(stage.answer(press).await, sorry);
    assert_eq!(stage.tickets(), [ticket]);

    other.execute("UPDATE tickets SET document = ?1", [overdue(&row)]).expect("the row can be mended");
    stage.until_gone(ticket).await;
    stage.until_row(alice, |row| row.state == State::Absent).await;
}

#[tokio::test]
async fn a_full_disk_is_said_and_what_was_begun_goes_on_when_there_is_room() {
    let mut stage = Stage::empty();
    stage.set("RUST_LOG", "off");
    stage.limit_files(100);
    stage.start().await;
    let sorry = "❌ не получилось, попробуй ещё раз, а если не поможет, напиши администратору";
    let mut members = Vec::new();
    loop {
        members.push(stage.discord.join("newcomer"));
        let press = stage.press_create(members[members.len() - 1]);
        match stage.discord.answered(press).await {
            Some(answer) if answer.content == sorry => break,
            _ => assert!(members.len() < 50, "the disk is never full"),
        }
    }
    assert_eq!(stage.tickets_of(members[members.len() - 1]), [], "nothing was begun");

    stage.kill().await;
    stage.limit_files(1_000_000);
    stage.start().await;
    for member in members {
        let row = stage.until_row(member, |row| matches!(row.state, State::Absent | State::Open { .. })).await;
        let ticket = stage.tickets_of(member);
        assert_eq!(row.state.channel().map(|channel| channel.0), ticket.first().map(|ticket| ticket.get()));
        assert!(ticket.len() < 2);
    }
}
