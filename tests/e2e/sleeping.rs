//! A ticket that waits for a time that is far away is in the database alone.

use std::time::Duration;

use serde_json::{Value, json};
use talon::lifecycle::{Document, State};

use crate::health::until_counted;
use crate::stage::Stage;

/// The database is looked into every ten seconds.
const PATIENCE: Duration = Duration::from_secs(25);

/// The document of a ticket whose channel was to be deleted long ago.
pub fn overdue(document: &str) -> String {
    let mut document: Value = serde_json::from_str(document).expect("a document is JSON");
    document["state"]["due"]["secs_since_epoch"] = json!(0);
    document.to_string()
}

#[tokio::test]
async fn a_ticket_that_closes_in_an_hour_is_let_go_and_woken_in_time() {
    let mut stage = Stage::empty();
    stage.set("CLOSE_DELAY", "1h");
    stage.set("HEALTH_ADDR", "127.0.0.1:0");
    stage.start().await;
    let url = stage.health_url().await;
    let alice = stage.discord.ids().alice;
    let ticket = stage.open(alice).await;
    stage.press_close(alice, ticket);
    stage.until_row(alice, Document::is_announced).await;
    until_counted(&url, &["talon_ticket_actors 0"]).await;

    // The hour is over.
    let database = rusqlite::Connection::open(stage.file("json/talon.db")).expect("the database can be opened");
    let row: String = database.query_row("SELECT document FROM tickets", [], |row| row.get(0)).expect("there is a row");
    let over = "UPDATE tickets SET wake_ms = 0, document = ?1";
    assert_eq!(database.execute(over, [overdue(&row)]), Ok(1));

    let gone = || (stage.row(alice).state == State::Absent).then_some(());
    stage.until_in(PATIENCE, "the ticket is closed", gone).await;
    assert!(stage.tickets().is_empty());
    stage.open(alice).await;
}
