//! Moments in which Discord says of a channel that it does not exist, though it does: one witness is no proof.

use talon::ids::ChannelId;
use talon::lifecycle::{Document, State};
use talon_sandbox::world::{Overwrite, Permissions, Snowflake, Start, Target};
use talon_sandbox::{Fault, Setup, When};

use crate::stage::Stage;

fn no_channel(calls: &str) -> Fault {
    Fault::code(calls, 404, 10_003, "Unknown Channel")
}

fn is_open(row: &Document, ticket: Snowflake) -> bool {
    row.state == State::Open { channel: ChannelId(ticket.get()) }
}

#[tokio::test]
async fn the_first_words_in_a_new_channel_are_said_though_it_was_not_found_at_first() {
    let stage = Stage::ready().await;
    let alice = stage.discord.ids().alice;
    stage.discord.fault(no_channel("POST /channels/*/messages").times(2));

    let ticket = stage.open(alice).await;

    stage.until_row(alice, |row| is_open(row, ticket)).await;
    assert_eq!(stage.tickets(), [ticket]);
}

#[tokio::test]
async fn a_press_while_the_ticket_is_not_found_makes_no_second_one() {
    let stage = Stage::ready().await;
    let alice = stage.discord.ids().alice;
    let ticket = stage.open(alice).await;
    stage.until_row(alice, |row| is_open(row, ticket)).await;
    stage.discord.clear_record();
    stage.discord.fault(no_channel("GET /channels/*"));

    let press = stage.press_create(alice);

    assert_eq!(stage.answer(press).await, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
    stage.discord.until_called("GET /guilds/*/channels", 1).await;
    stage.until_row(alice, |row| is_open(row, ticket)).await;
    stage.press_close(alice, ticket);
    stage.until_gone(ticket).await;
    assert!(stage.tickets().is_empty());
}

#[tokio::test]
async fn a_closing_goes_on_where_the_channel_was_not_found_at_first() {
    let stage = Stage::ready().await;
    let alice = stage.discord.ids().alice;
    let ticket = stage.open(alice).await;
    stage.discord.fault(no_channel("DELETE /channels/*").times(2));

    stage.press_close(alice, ticket);

    stage.until_gone(ticket).await;
    stage.until_row(alice, |row| row.state == State::Absent).await;
    assert!(stage.tickets().is_empty());
}

/// Discord leaves it out of the list, and something in between answers with a page.
#[tokio::test]
async fn a_hidden_ticket_and_a_page_in_discords_place_are_no_proof() {
    let start = Start { hides_channels: true, ..Start::default() };
    let mut stage = Stage::with(Setup { start, ..Setup::default() });
    stage.start().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    stage.until_row(ids.alice, |row| is_open(row, ticket)).await;
    let (id, kind) = (ids.bot, Target::Member);
    let hide = Overwrite { id, kind, allow: Permissions::NONE, deny: Permissions::VIEW_CHANNEL };
    for fault in [
        Fault::status("GET /channels/*", When::Before, 404),
        Fault::page("GET /channels/*", When::Before, 404, "<html>not found</html>"),
        no_channel("GET /channels/*"),
    ] {
        stage.kill().await;
        stage.discord.overwrite(ticket, hide);
        stage.start().await;
        stage.discord.clear_record();
        stage.discord.fault(fault);

        let press = stage.press_create(ids.alice);

        assert_eq!(stage.answer(press).await, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
        stage.discord.until_called("GET /channels/*", 2).await;
        stage.until_row(ids.alice, |row| is_open(row, ticket)).await;
        assert_eq!(stage.tickets(), [ticket]);
    }
}
