//! Supervision: whatever one ticket is stuck in, the others do not notice. (How a ticket that panics is brought back is
//! told beside the supervisor, since no call of Discord's makes it panic.)

use talon::lifecycle::State;
use talon_sandbox::When;

use crate::stage::Stage;

#[tokio::test]
async fn a_stuck_opening_delays_nobody() {
    let mut stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let mut stuck = stage.discord.hold("POST /guilds/*/channels", When::Before);
    let alice = stage.press_create(ids.alice);
    stuck.reached().await;
    let began = stage.discord.now();

    let ticket = stage.open(ids.bob).await;
    stage.press_close(ids.bob, ticket);
    stage.until_gone(ticket).await;
    stage.command(ids.adam, ids.lounge, "!setuptickets").await;

    let took = stage.discord.now().duration_since(began).unwrap_or_default();
    assert!(took < std::time::Duration::from_secs(2), "{took:?}");
    stuck.release();
    let ticket = stage.until_tickets(1).await[0];
    assert_eq!(stage.answer(alice).await, format!("✅ тикет создан: <#{ticket}>"));
    assert!(stage.stop().await.success());
}

#[tokio::test]
async fn a_stuck_closing_delays_nobody() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    let mut stuck = stage.discord.hold("DELETE /channels/*", When::Before);
    stage.press_close(ids.alice, ticket);
    stuck.reached().await;

    let other = stage.open(ids.bob).await;
    stage.press_close(ids.bob, other);
    stage.until_gone(other).await;

    let press = stage.press_create(ids.alice);
    assert_eq!(stage.answer(press).await, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
    stuck.release();
    stage.until_row(ids.alice, |row| row.state == State::Absent).await;
}

#[tokio::test]
async fn a_stuck_panel_delays_nobody() {
    let mut stage = Stage::ready().await;
    stage.stop().await;
    let mut stuck = stage.discord.hold("GET /channels/*/messages/*", When::Before);
    stage.spawn();
    stuck.reached().await;
    stage.discord.ready().await;

    stage.open(stage.discord.ids().alice).await;
    stuck.release();
}
