//! A disk that takes seconds: presses are acknowledged in time all the same, and get the truth when it is known.
//!
//! The database is held by another connection, as a backup tool may do it: the bot's disk job hangs until it lets go, or
//! fails when that takes too long.

use std::fs::{File, OpenOptions};
use std::path::PathBuf;
use std::process::Command;

use rusqlite::Connection;
use talon::lifecycle::State;
use talon_sandbox::When;
use talon_sandbox::world::{Progress, Snowflake};

use crate::stage::{Stage, panels};

/// Held by somebody else: nothing can be saved until they let go.
struct Held(Connection);

impl Held {
    fn database(stage: &Stage) -> Self {
        let other = Connection::open(stage.file("json/talon.db")).expect("the database can be opened");
        other.execute_batch("BEGIN IMMEDIATE").expect("the database can be held");
        Self(other)
    }

    fn let_go(self) {
        self.0.execute_batch("ROLLBACK").expect("the database can be let go");
    }
}

/// Waits until the person sees "thinking…"; it must come before Discord gives up.
async fn thinks(stage: &Stage, press: Snowflake) {
    let acknowledged = |progress| matches!(progress, Some(Progress::Thinking | Progress::Answered | Progress::Failed));
    stage.until("an acknowledgement", || acknowledged(stage.discord.progress(press)).then_some(())).await;
    assert_eq!(stage.discord.progress(press), Some(Progress::Thinking), "{}", stage.story());
    assert!(stage.discord.reply(press).is_some_and(|reply| reply.ephemeral), "only the presser sees it");
}

#[tokio::test]
async fn an_opening_that_is_saved_late_is_deferred_in_time_and_done_once() {
    let stage = Stage::ready().await;
    let alice = stage.discord.ids().alice;
    let held = Held::database(&stage);
    let first = stage.press_create(alice);
    let second = stage.press_create(alice);

    thinks(&stage, first).await;
    thinks(&stage, second).await;
    assert_eq!(stage.tickets(), [], "nothing is done before it is saved");
    held.let_go();

    let [ticket] = stage.until_tickets(1).await[..] else { unreachable!() };
    assert_eq!(stage.answer(first).await, format!("✅ тикет создан: <#{ticket}>"));
    assert_eq!(stage.answer(second).await, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
    stage.until_row(alice, |row| matches!(row.state, State::Open { .. })).await;
    assert_eq!(stage.tickets(), [ticket]);
}

#[tokio::test]
async fn a_channel_that_is_saved_late_is_greeted_in_once() {
    let stage = Stage::ready().await;
    let alice = stage.discord.ids().alice;
    let mut creating = stage.discord.hold("POST /guilds/*/channels", When::After);
    let press = stage.press_create(alice);
    creating.reached().await;
    let held = Held::database(&stage);
    creating.release();

    thinks(&stage, press).await;
    held.let_go();

    let [ticket] = stage.until_tickets(1).await[..] else { unreachable!() };
    assert_eq!(stage.answer(press).await, format!("✅ тикет создан: <#{ticket}>"));
    stage.welcome(ticket).await;
    stage.until_row(alice, |row| matches!(row.state, State::Open { .. })).await;
    assert_eq!(stage.discord.messages(alice, ticket).len(), 1);
}

#[tokio::test]
async fn a_close_that_is_saved_late_is_deferred_in_time_and_announced_once() {
    let stage = Stage::ready().await;
    let alice = stage.discord.ids().alice;
    let ticket = stage.open(alice).await;
    stage.until_row(alice, |row| matches!(row.state, State::Open { .. })).await;
    let held = Held::database(&stage);
    let press = stage.press_close(alice, ticket);

    thinks(&stage, press).await;
    assert_eq!(stage.announcements(ticket).len(), 0, "nothing is said before it is saved");
    held.let_go();

    stage.until_gone(ticket).await;
    stage.until_row(alice, |row| row.state == State::Absent).await;
    let (private, public): (Vec<_>, Vec<_>) =
        stage.announcements(ticket).into_iter().partition(|message| message.ephemeral);
    assert_eq!(public.len(), 1, "it is announced once, for all: {public:?}");
    assert_eq!(private.len(), 1, "and whoever pressed looks at no deferral any more: {private:?}");
}

#[tokio::test]
async fn whoever_pressed_in_vain_is_told_so_after_the_deferral() {
    let stage = Stage::ready().await;
    let alice = stage.discord.ids().alice;
    let held = Held::database(&stage);
    let press = stage.press_create(alice);

    thinks(&stage, press).await;
    let sorry = "❌ не получилось, попробуй ещё раз, а если не поможет, напиши администратору";
    assert_eq!(stage.answer(press).await, sorry);
    assert_eq!(stage.tickets(), []);

    stage.until_logged("another program keeps the database locked").await;
    stage.until_logged("the disk is slow").await;
    held.let_go();
    stage.open(alice).await;
}

#[tokio::test]
async fn a_ticket_whose_row_is_read_late_defers_its_presses() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.bob).await;
    stage.until_row(ids.bob, |row| matches!(row.state, State::Open { .. })).await;
    let mut creating = stage.discord.hold("POST /guilds/*/channels", When::After);
    let newcomer = stage.press_create(stage.discord.join("newcomer"));
    creating.reached().await;
    let held = Held::database(&stage);
    // Her save keeps the disk busy, and behind it the newcomer's: his row is not read before both are over.
    let alice = stage.press_create(ids.alice);
    thinks(&stage, alice).await;
    creating.release();
    let bob = stage.press_create(ids.bob);

    thinks(&stage, bob).await;
    held.let_go();

    assert_eq!(stage.answer(bob).await, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
    assert!(stage.answer(newcomer).await.starts_with("✅ тикет создан: "));
}

#[tokio::test]
async fn a_crash_after_a_deferral_that_was_not_saved_leaves_one_ticket_and_one_answer() {
    let mut stage = Stage::ready().await;
    let alice = stage.discord.ids().alice;
    let mut creating = stage.discord.hold("POST /guilds/*/channels", When::After);
    let press = stage.press_create(alice);
    creating.reached().await;
    let held = Held::database(&stage);
    thinks(&stage, press).await;

    // The row knows of the opening, and not that its press was deferred.
    stage.kill().await;
    held.let_go();
    creating.release();
    stage.start().await;

    let [ticket] = stage.until_tickets(1).await[..] else { unreachable!() };
    assert_eq!(stage.answer(press).await, format!("✅ тикет создан: <#{ticket}>"));
    stage.welcome(ticket).await;
    stage.until_row(alice, |row| matches!(row.state, State::Open { .. })).await;
    assert_eq!(stage.tickets(), [ticket]);
}

/// A pipe in the place of the file that the panel's id is written to: whoever opens it hangs until it is read from.
struct Pipe(PathBuf);

impl Pipe {
    fn make(stage: &Stage) -> Self {
        let path = stage.file("json/ticket_message.json.new");
        let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo can be run");
        assert!(made.success());
        Self(path)
    }

    /// Opened for both, which never hangs.
    fn let_go(&self) -> File {
        OpenOptions::new().read(true).write(true).open(&self.0).expect("the pipe can be opened")
    }
}

#[tokio::test]
async fn a_panel_whose_id_is_written_late_holds_up_nobody() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let old = stage.panel().await.id;
    let pipe = Pipe::make(&stage);
    stage.discord.delete_message(ids.panel, old);
    stage.until("the panel is put back", || panels(&stage).iter().any(|panel| panel.id != old).then_some(())).await;

    let ticket = stage.open(ids.alice).await;
    stage.until_row(ids.alice, |row| matches!(row.state, State::Open { .. })).await;
    stage.press_close(ids.alice, ticket);
    stage.until_gone(ticket).await;
    stage.open(ids.bob).await;
    assert!(!stage.logged().contains("cannot keep the panel message's id"), "it still hangs");

    // A pipe cannot be brought to the disk, and the operator is told.
    let _open = pipe.let_go();
    stage.until_logged("cannot keep the panel message's id").await;
}
