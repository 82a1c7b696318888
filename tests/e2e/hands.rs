//! People delete channels and leave, at any moment: nothing sticks, and nobody is locked out.

use talon::ids::ChannelId;
use talon::lifecycle::State;
use talon_sandbox::world::Snowflake;
use talon_sandbox::{Fault, When};

use crate::stage::Stage;

#[tokio::test]
async fn whoever_leaves_leaves_a_ticket_that_can_be_closed() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    stage.discord.leave(ids.alice);

    stage.press_close(ids.sue, ticket);
    stage.until_gone(ticket).await;

    stage.discord.act(|world| world.admit(ids.alice, &[ids.member_role]));
    stage.open(ids.alice).await;
}

#[tokio::test]
async fn whoever_leaves_in_the_middle_of_an_opening_is_not_locked_out() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    for when in [When::Before, When::After] {
        let mut creating = stage.discord.hold("POST /guilds/*/channels", when);
        stage.press_create(ids.alice);
        creating.reached().await;
        stage.discord.leave(ids.alice);
        creating.release();
        stage.until_row(ids.alice, |row| matches!(row.state, State::Absent | State::Open { .. })).await;

        stage.discord.act(|world| world.admit(ids.alice, &[ids.member_role]));
        let press = stage.press_create(ids.alice);
        let answer = stage.answer(press).await;
        let [ticket] = stage.tickets()[..] else { panic!("one ticket: {}", stage.story()) };
        assert!(answer.ends_with(&format!("<#{ticket}>")), "{answer}");
        stage.welcome(ticket).await;
        stage.press_close(ids.alice, ticket);
        stage.until_gone(ticket).await;
    }
}

#[tokio::test]
async fn a_channel_deleted_by_hand_frees_its_owner() {
    let stage = Stage::closing_after("1h").await;
    let ids = stage.discord.ids();

    let open = stage.open(ids.alice).await;
    stage.discord.delete_channel(open);
    let closing = stage.open(ids.alice).await;
    stage.press_close(ids.alice, closing);
    stage.announced(closing).await;
    stage.discord.delete_channel(closing);

    let last = stage.open(ids.alice).await;
    assert_eq!(stage.tickets(), [last]);
}

#[tokio::test]
async fn a_channel_deleted_while_it_is_being_opened_is_said() {
    let stage = Stage::ready().await;
    let alice = stage.discord.ids().alice;
    let mut answering = stage.discord.hold("POST /interactions/*/*/callback", When::Before);
    let mut welcoming = stage.discord.hold("POST /channels/*/messages", When::Before);
    let press = stage.press_create(alice);
    answering.reached().await;
    welcoming.reached().await;

    stage.discord.delete_channel(stage.tickets()[0]);
    stage.until_row(alice, |row| row.state == State::Absent).await;
    answering.release();
    welcoming.release();

    let sorry = "❌ канал тикета удалили, пока он создавался, попробуй ещё раз";
    stage.until("it is said", || (stage.discord.reply(press)?.content == sorry).then_some(())).await;
    stage.open(alice).await;
}

#[tokio::test]
async fn a_channel_deleted_before_its_creation_is_answered_frees_its_owner() {
    let stage = Stage::ready().await;
    let alice = stage.discord.ids().alice;
    let mut creating = stage.discord.hold("POST /guilds/*/channels", When::After);
    let press = stage.press_create(alice);
    creating.reached().await;
    stage.discord.delete_channel(stage.tickets()[0]);
    creating.release();

    // Whether she still reads that it was created is a question of which of two answers is quicker.
    stage.answer(press).await;
    stage.until_row(alice, |row| row.state == State::Absent).await;
    stage.open(alice).await;
}

#[tokio::test]
async fn a_channel_deleted_before_its_closing_is_announced_frees_its_owner() {
    let stage = Stage::ready().await;
    let alice = stage.discord.ids().alice;
    let ticket = stage.open(alice).await;
    let mut announcing = stage.discord.hold("POST /interactions/*/*/callback", When::Before);
    stage.press_close(alice, ticket);
    announcing.reached().await;

    stage.discord.delete_channel(ticket);
    stage.until_row(alice, |row| row.state == State::Absent).await;
    announcing.release();

    stage.open(alice).await;
}

/// Her ticket is deleted, and the bot does not hear of it.
async fn miss_deletion(stage: &Stage, member: Snowflake) {
    let missed = stage.open(member).await;
    stage.until_row(member, |row| matches!(row.state, State::Open { .. })).await;
    stage.discord.swallow("CHANNEL_DELETE", 1);
    stage.discord.delete_channel(missed);
}

/// She presses, and her press is told in the end of the new ticket.
async fn open_anew(stage: &Stage, member: Snowflake) -> Snowflake {
    let press = stage.press_create(member);
    let [ticket] = stage.until_tickets(1).await[..] else { unreachable!() };
    let said = format!("✅ тикет создан: <#{ticket}>");
    stage.until("it is said", || (stage.discord.reply(press)?.content == said).then_some(())).await;
    ticket
}

#[tokio::test]
async fn a_deletion_that_was_missed_is_found_out_by_the_next_press() {
    let stage = Stage::ready().await;
    let alice = stage.discord.ids().alice;
    miss_deletion(&stage, alice).await;

    let ticket = open_anew(&stage, alice).await;

    stage.welcome(ticket).await;
    stage.until_row(alice, |row| row.state == State::Open { channel: ChannelId(ticket.get()) }).await;
}

/// What stands in for Discord may have no code for a channel that is gone: then the list of all channels decides.
#[tokio::test]
async fn a_deletion_that_is_told_without_a_code_is_found_out_by_the_list() {
    let stage = Stage::ready().await;
    let alice = stage.discord.ids().alice;
    miss_deletion(&stage, alice).await;
    stage.discord.clear_record();
    stage.discord.fault(Fault::code("GET /channels/*", 404, 0, "404: Not Found"));

    open_anew(&stage, alice).await;

    // The second time some seconds later, and once more for a copy that may take its place.
    assert_eq!(stage.discord.calls_matching("GET /guilds/*/channels").len(), 3);
}

#[tokio::test]
async fn a_channel_that_the_list_shows_is_not_gone_whatever_was_said_of_it() {
    let stage = Stage::ready().await;
    let alice = stage.discord.ids().alice;
    let ticket = stage.open(alice).await;
    stage.until_row(alice, |row| matches!(row.state, State::Open { .. })).await;
    stage.discord.fault(Fault::code("GET /channels/*", 404, 0, "404: Not Found"));

    let press = stage.press_create(alice);

    assert_eq!(stage.answer(press).await, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
    stage.discord.until_called("GET /guilds/*/channels", 1).await;
    stage.until_quiet().await;
    stage.press_close(alice, ticket);
    stage.until_gone(ticket).await;
    assert_eq!(stage.discord.calls_matching("POST /guilds/*/channels").len(), 1, "no other channel was made");
}

/// The answer to the creation is lost: the channel is found in the list, and no other one is made.
#[tokio::test]
async fn a_channel_whose_creation_was_not_answered_is_found_in_the_list() {
    let stage = Stage::ready().await;
    let alice = stage.discord.ids().alice;
    stage.discord.fault(Fault::reset("POST /guilds/*/channels", When::After));

    let press = stage.press_create(alice);

    let [ticket] = stage.until_tickets(1).await[..] else { unreachable!() };
    assert_eq!(stage.answer(press).await, format!("✅ тикет создан: <#{ticket}>"));
    stage.welcome(ticket).await;
    assert_eq!(stage.discord.calls_matching("POST /guilds/*/channels").len(), 1);
    assert_eq!(stage.discord.calls_matching("GET /guilds/*/channels").len(), 1);
    let channels = stage.discord.look(|world| world.children_of(stage.discord.ids().category).len() + world.gone.len());
    assert_eq!(channels, 1);
}
