//! A quiet ticket is a row and an entry in the registry: it holds no actor.

use super::*;
use crate::actors::ticket::TicketMsg;

/// Waits until no ticket has an actor.
async fn until_all_are_let_go(house: &SupervisorState) {
    house.until("every idle actor is let go", || house.actors::<TicketMsg>().is_empty().then_some(())).await;
    assert_eq!(house.stats().await.active, 0);
}

#[tokio::test]
async fn actors_of_idle_tickets_are_let_go_and_come_back_for_the_next_event() {
    let house = SupervisorState::new().await;
    let ids = house.discord.ids();
    assert_eq!(house.stats().await.active, 0);
    let creating = house.discord.hold("POST /guilds/*/channels", When::Before);
    let presses = [house.press(ids.alice), house.press(ids.bob)];
    house.until("both work", || (house.actors::<TicketMsg>().len() == 2).then_some(())).await;
    assert_eq!(house.stats().await.active, 2);
    creating.release();
    for press in presses {
        house.answer(press).await;
    }
    until_all_are_let_go(&house).await;
    assert_eq!(house.stats().await.open, 2);

    let alice = house.ticket_of(ids.alice);
    let press = house.press(ids.alice);
    assert_eq!(house.answer(press).await, format!("❌ у тебя уже есть тикет: <#{alice}>"));
    house.discord.press(ids.alice, alice, CLOSE).expect("the button is there");
    house.until_gone(alice).await;
    house.until_row(ids.alice, |row| row.state == State::Absent).await;
    until_all_are_let_go(&house).await;
    assert_eq!(house.stats().await.open, 1);
    assert_eq!(house.restarts("ticket"), 0, "to be let go is no failure");
}
