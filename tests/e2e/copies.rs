//! Channels that people make out of tickets: a copy is theirs, and never the bot's to remove.

use talon::ids::ChannelId;
use talon::lifecycle::{Document, State};
use talon_sandbox::world::Snowflake;

use crate::stage::{Stage, button};

fn is_open(row: &Document, ticket: Snowflake) -> bool {
    row.state == State::Open { channel: ChannelId(ticket.get()) }
}

fn welcomes(stage: &Stage, ticket: Snowflake) -> usize {
    let messages = stage.discord.messages(stage.discord.ids().owner, ticket);
    messages.iter().filter(|message| button(message) == Some(crate::stage::CLOSE)).count()
}

#[tokio::test]
async fn a_copy_of_a_ticket_stays_and_is_reported() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    stage.until_row(ids.alice, |row| is_open(row, ticket)).await;

    let copy = stage.discord.clone_channel(ticket).expect("the ticket is there");
    stage.until_logged("looks like a ticket of a member who has another one").await;

    assert_eq!(stage.tickets(), [ticket, copy]);
    assert!(stage.discord.messages(ids.owner, copy).is_empty(), "nobody is called into it");
    assert!(!stage.logged().contains("another process"), "nobody else uses the token");
    // The ticket is the ticket, and is closed as always.
    stage.press_close(ids.alice, ticket);
    stage.until_gone(ticket).await;
    assert_eq!(stage.tickets(), [copy]);
}

#[tokio::test]
async fn whoever_empties_a_ticket_by_cloning_it_leaves_the_member_a_ticket() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    stage.until_row(ids.alice, |row| is_open(row, ticket)).await;

    // As moderation bots do it.
    let copy = stage.discord.act(|world| {
        let copy = world.clone_channel(ticket);
        world.delete_channel(ticket);
        copy.expect("the ticket is there")
    });

    stage.until_row(ids.alice, |row| is_open(row, copy)).await;
    assert_eq!(welcomes(&stage, copy), 1);
    let press = stage.press_create(ids.alice);
    assert_eq!(stage.answer(press).await, format!("❌ у тебя уже есть тикет: <#{copy}>"));
    stage.press_close(ids.alice, copy);
    stage.until_gone(copy).await;
    assert!(stage.tickets().is_empty());
}

#[tokio::test]
async fn a_copy_made_while_the_bot_was_away_is_there_when_it_comes_back() {
    let mut stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let (of_alice, of_bob) = (stage.open(ids.alice).await, stage.open(ids.bob).await);
    stage.until_row(ids.bob, |row| is_open(row, of_bob)).await;
    stage.kill().await;

    let copies = [of_alice, of_bob].map(|ticket| stage.discord.clone_channel(ticket).expect("the ticket is there"));
    stage.discord.delete_channel(of_bob);
    stage.start().await;

    stage.until_row(ids.bob, |row| is_open(row, copies[1])).await;
    stage.until_logged("looks like a ticket of a member who has another one").await;
    stage.until_row(ids.alice, |row| is_open(row, of_alice)).await;
    assert_eq!(stage.tickets(), [of_alice, copies[0], copies[1]]);
    assert_eq!([welcomes(&stage, copies[0]), welcomes(&stage, copies[1])], [0, 1]);
}
