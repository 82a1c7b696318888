//! The gateway: it stumbles, repeats itself, is late or silent, and nobody's press is lost or counted twice.

use std::time::Duration;

use talon::lifecycle::State;
use talon_sandbox::world::Snowflake;
use talon_sandbox::{GatewayEvent, Sandbox, Setup, When};

use crate::stage::Stage;

/// How often the bot has introduced itself, and how often it has taken a connection up again.
fn connections(discord: &Sandbox) -> (usize, usize) {
    let notes = discord.gateway_notes();
    let count = |is: fn(&GatewayEvent) -> bool| notes.iter().filter(|note| is(&note.what)).count();
    (
        count(|what| matches!(what, GatewayEvent::Identified { .. })),
        count(|what| matches!(what, GatewayEvent::Resumed { .. })),
    )
}

/// Somebody presses and gets exactly one ticket and one answer.
async fn opens(stage: &Stage, who: Snowflake) -> Snowflake {
    let ticket = stage.open(who).await;
    assert_eq!(stage.tickets_of(who), [ticket]);
    ticket
}

#[tokio::test]
async fn what_happens_while_the_line_is_down_is_heard_when_it_is_back() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = opens(&stage, ids.bob).await;

    for breaks in [Sandbox::drop_gateway, Sandbox::ask_to_reconnect, |discord: &Sandbox| discord.close_gateway(4000)] {
        let (_, resumed) = connections(&stage.discord);
        breaks(&stage.discord);
        let press = stage.press_create(ids.bob);
        assert_eq!(stage.answer(press).await, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
        assert_eq!(connections(&stage.discord), (1, resumed + 1));
    }
    opens(&stage, ids.alice).await;
}

#[tokio::test]
async fn a_session_that_may_be_resumed_is() {
    let stage = Stage::ready().await;
    stage.discord.invalidate_sessions(true);
    stage.until("it is taken up again", || (connections(&stage.discord).1 == 1).then_some(())).await;

    opens(&stage, stage.discord.ids().alice).await;
    assert_eq!(connections(&stage.discord).0, 1);
}

#[tokio::test]
async fn what_people_chat_about_is_counted_as_heard_and_not_asked_for_again() {
    let mut stage = Stage::with(Setup { heartbeat: Duration::from_millis(500), ..Setup::default() });
    stage.start().await;
    let ids = stage.discord.ids();
    let known = |stage: &Stage| stage.discord.gateway_connections().last().and_then(|connection| connection.sequence);
    let begin = stage.until("a heartbeat tells how much was heard", || known(&stage)).await;

    for _ in 0..20 {
        stage.discord.say(ids.alice, ids.lounge, "has anybody seen my keys?").expect("she may write there");
    }
    let chatted = begin + 20;
    stage.until("a heartbeat counts the chat", || known(&stage).filter(|known| *known >= chatted)).await;
    let (_, resumed) = connections(&stage.discord);
    stage.discord.drop_gateway();
    stage.until("the session is resumed", || (connections(&stage.discord).1 > resumed).then_some(())).await;
    let after = known(&stage).expect("RESUME tells it");
    assert!(after >= chatted, "{after} of {chatted}");

    // What matters is heard as ever, also when it was said while the line was down.
    stage.discord.drop_gateway();
    stage.discord.say(ids.alice, ids.lounge, "!ticket").expect("she may write there");
    stage.until("she has her ticket", || (!stage.tickets_of(ids.alice).is_empty()).then_some(())).await;
}

#[tokio::test]
async fn a_lost_session_loses_no_ticket() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let stays = opens(&stage, ids.alice).await;
    let goes = opens(&stage, ids.bob).await;
    stage.until_row(ids.bob, |row| matches!(row.state, State::Open { .. })).await;

    stage.discord.invalidate_sessions(false);
    stage.discord.delete_channel(goes);
    stage.until("it introduces itself again", || (connections(&stage.discord).0 == 2).then_some(())).await;

    // Nobody told of the deletion; the list of channels shows it.
    stage.until_row(ids.bob, |row| row.state == State::Absent).await;
    let press = stage.press_create(ids.alice);
    assert_eq!(stage.answer(press).await, format!("❌ у тебя уже есть тикет: <#{stays}>"));
    opens(&stage, ids.bob).await;
    // What happened to the panel before a session was not heard of: it is looked at once in each, and left as it is.
    assert_eq!(stage.discord.calls_matching("GET /channels/*/messages/*").len(), 2);
    assert_eq!(stage.discord.calls_matching("PATCH /channels/*/messages/*").len(), 0);
}

#[tokio::test]
async fn events_that_come_twice_count_once() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    stage.discord.double_events(true);

    let ticket = opens(&stage, ids.alice).await;
    let reply = stage.command(ids.bob, ids.lounge, "!close").await;
    let [callback] = &stage.discord.calls_matching("POST /interactions/*/*/callback")[..] else {
        panic!("one answer: {}", stage.story())
    };
    assert_eq!(callback.status(), Some(204));
    let replies = stage.discord.messages(ids.bob, ids.lounge);
    assert_eq!(replies.iter().filter(|message| message.reply_to == reply.reply_to).count(), 1);

    stage.discord.say(ids.sue, ticket, "!close").expect("she may write there");
    stage.until_gone(ticket).await;
    assert_eq!(stage.announcements(ticket).len(), 1);
    assert_eq!(
        stage.discord.calls_matching("POST /channels/*/messages").len(),
        4,
        "panel, welcome, reply, announcement"
    );
}

#[tokio::test]
async fn late_news_of_a_channel_change_nothing() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let press = stage.press_create(ids.alice);
    stage.discord.until_called("POST /guilds/*/channels", 1).await;
    stage.discord.hold_events(true);
    let ticket = stage.tickets()[0];
    stage.answer(press).await;
    stage.until_row(ids.alice, |row| matches!(row.state, State::Open { .. })).await;

    stage.discord.delete_channel(ticket);
    stage.discord.hold_events(false);

    stage.until_row(ids.alice, |row| row.state == State::Absent).await;
    opens(&stage, ids.alice).await;
}

#[tokio::test]
async fn a_channel_may_be_told_of_before_its_creation_is_answered() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let mut creating = stage.discord.hold("POST /guilds/*/channels", When::After);
    let press = stage.press_create(ids.alice);
    creating.reached().await;
    // Whatever is heard of the new channel has been heard before this is answered.
    stage.command(ids.bob, ids.lounge, "!close").await;
    creating.release();

    let ticket = stage.until_tickets(1).await[0];
    assert_eq!(stage.answer(press).await, format!("✅ тикет создан: <#{ticket}>"));
    stage.until_row(ids.alice, |row| matches!(row.state, State::Open { .. })).await;
    assert_eq!(stage.discord.messages(ids.alice, ticket).len(), 1);
}

#[tokio::test]
async fn a_press_that_is_heard_too_late_to_be_answered_still_opens() {
    let stage = Stage::ready().await;
    let alice = stage.discord.ids().alice;
    stage.discord.hold_events(true);
    let press = stage.press_create(alice);
    assert_eq!(stage.discord.answered(press).await, None, "it has failed, for her");
    stage.discord.hold_events(false);

    let ticket = stage.until_tickets(1).await[0];
    stage.welcome(ticket).await;
    stage.until_row(alice, |row| matches!(row.state, State::Open { .. })).await;
    let again = stage.press_create(alice);
    assert_eq!(stage.answer(again).await, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
}

#[tokio::test]
async fn a_press_in_the_first_instant_is_heard() {
    let mut stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = opens(&stage, ids.alice).await;
    stage.until_row(ids.alice, |row| matches!(row.state, State::Open { .. })).await;
    stage.kill().await;

    stage.spawn();
    stage.discord.ready().await;
    let alice = stage.press_create(ids.alice);
    let bob = stage.press_create(ids.bob);

    assert_eq!(stage.answer(alice).await, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
    assert!(stage.answer(bob).await.starts_with("✅ тикет создан"));
    assert_eq!(stage.tickets().len(), 2);
}

#[tokio::test]
async fn a_silent_line_is_given_up_and_made_anew() {
    let mut stage = Stage::with(Setup { heartbeat: Duration::from_millis(400), ..Setup::default() });
    stage.start().await;
    let ids = stage.discord.ids();
    let ticket = opens(&stage, ids.alice).await;

    stage.discord.silence_heartbeats(true);
    stage.until("it gives the line up", || (connections(&stage.discord) != (1, 0)).then_some(())).await;
    stage.discord.silence_heartbeats(false);
    stage.discord.ready().await;

    let press = stage.press_create(ids.alice);
    assert_eq!(stage.answer(press).await, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
}

#[tokio::test]
async fn a_server_out_of_sight_keeps_its_tickets() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let stays = opens(&stage, ids.alice).await;
    let goes = opens(&stage, ids.bob).await;
    stage.until_row(ids.bob, |row| matches!(row.state, State::Open { .. })).await;

    stage.discord.set_available(false);
    stage.until_logged("guild unavailable; keeping its tickets").await;
    assert!(
        matches!(stage.row(ids.alice).state, State::Open { .. })
            && matches!(stage.row(ids.bob).state, State::Open { .. })
    );
    stage.discord.delete_channel(goes);
    stage.discord.set_available(true);

    stage.until_row(ids.bob, |row| row.state == State::Absent).await;
    let press = stage.press_create(ids.alice);
    assert_eq!(stage.answer(press).await, format!("❌ у тебя уже есть тикет: <#{stays}>"));
}

#[tokio::test]
async fn a_server_out_of_sight_at_the_start_keeps_its_tickets() {
    let mut stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = opens(&stage, ids.alice).await;
    stage.until_row(ids.alice, |row| matches!(row.state, State::Open { .. })).await;
    stage.kill().await;
    stage.discord.set_available(false);

    stage.spawn();
    stage.until_logged("connected to Discord bot=talon servers=1").await;
    stage.discord.ready().await;
    assert!(matches!(stage.row(ids.alice).state, State::Open { .. }));
    stage.discord.set_available(true);

    let press = stage.press_create(ids.alice);
    assert_eq!(stage.answer(press).await, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
}

#[tokio::test]
async fn a_refused_connection_is_tried_again() {
    let mut stage = Stage::empty();
    stage.discord.refuse_gateway(true);
    stage.spawn();
    stage.panel().await;
    stage
        .until("it has tried", || {
            stage.discord.gateway_notes().iter().any(|note| note.what == GatewayEvent::Refused).then_some(())
        })
        .await;

    stage.discord.refuse_gateway(false);

    stage.discord.ready().await;
    opens(&stage, stage.discord.ids().alice).await;
}

#[tokio::test]
async fn a_token_that_became_invalid_ends_the_bot_with_a_sentence() {
    let mut stage = Stage::ready().await;
    stage.discord.act(|world| "another token".clone_into(&mut world.application.token));
    stage.discord.invalidate_sessions(false);

    assert_eq!(stage.ended().await.code(), Some(1));
    assert!(stage.logged().contains("Discord does not accept the token"), "{}", stage.logged());
}

#[tokio::test]
async fn an_intent_that_is_switched_off_meanwhile_is_done_without() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    stage.discord.act(|world| world.application.content_intent = false);
    stage.discord.invalidate_sessions(false);

    stage.until_logged("Message Content Intent").await;
    stage.discord.ready().await;

    let ticket = opens(&stage, ids.alice).await;
    stage.slash(ids.alice, ticket, "close").await;
    stage.until_gone(ticket).await;
}

#[tokio::test]
async fn a_connection_that_ends_without_a_usable_reason_stops_nothing_and_comes_back() {
    let endings: [fn(&Sandbox); 2] = [Sandbox::close_gateway_without_code, |discord| discord.close_gateway(4003)];
    for ends in endings {
        let stage = Stage::closing_after("2s").await;
        let ids = stage.discord.ids();
        let ticket = opens(&stage, ids.alice).await;
        let press = stage.press_close(ids.alice, ticket);
        stage.answer(press).await;
        let known = connections(&stage.discord);
        let before = stage.processor_time();

        ends(&stage.discord);

        stage.until_gone(ticket).await;
        stage.until("it connects again", || (connections(&stage.discord) != known).then_some(())).await;
        stage.discord.ready().await;
        opens(&stage, ids.bob).await;
        let burnt = stage.processor_time().saturating_sub(before);
        assert!(burnt < Duration::from_secs(3), "{burnt:?} of a processor's time");
    }
}
