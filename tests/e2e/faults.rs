//! Faults: Discord fails, limits, forgets to answer or takes its time, and every scene ends as it should.

use std::time::Duration;

use talon::lifecycle::State;
use talon_sandbox::world::Progress;
use talon_sandbox::{Call, Fault, When};

use crate::scenes::{Point, Scene};
use crate::stage::{CLOSE, CREATE, Stage, button, each};

/// What befalls one call.
#[derive(Clone, Copy, Debug)]
enum Mishap {
    Status(u16, When),
    Reset(When),
    /// Something on the way answers in Discord's place.
    Page(u16, When),
    /// Discord's inside fails it (40333).
    Inside,
    /// It is limited, it alone or everything.
    Limited {
        everywhere: bool,
    },
}

impl Mishap {
    const FAILURES: [Self; 12] = [
        Self::Status(500, When::Before),
        Self::Status(500, When::After),
        Self::Status(502, When::Before),
        Self::Status(502, When::After),
        Self::Status(503, When::Before),
        Self::Status(503, When::After),
        Self::Reset(When::Before),
        Self::Reset(When::After),
        Self::Page(403, When::Before),
        Self::Page(403, When::After),
        Self::Page(404, When::After),
        Self::Inside,
    ];
    /// What only looks may as well fail before as after.
    const BLINKS: [Self; 4] =
        [Self::Status(503, When::Before), Self::Reset(When::After), Self::Page(404, When::Before), Self::Inside];
    const LIMITS: [Self; 2] = [Self::Limited { everywhere: false }, Self::Limited { everywhere: true }];

    fn befalls(self, point: &Point) -> Fault {
        let call = point.call.as_str();
        let fault = match self {
            Self::Status(status, when) => Fault::status(call, when, status),
            Self::Reset(when) => Fault::reset(call, when),
            Self::Page(status, when) => Fault::page(call, when, status, "<html>Access denied</html>"),
            Self::Inside => Fault::code(call, 403, 40_333, "internal network error"),
            Self::Limited { everywhere } => Fault::limited(call, 0.4, everywhere),
        };
        fault.skip(point.nth)
    }
}

async fn points(scenes: &[Scene]) -> Vec<(Scene, Point)> {
    let mut all = Vec::new();
    for &scene in scenes {
        all.extend(scene.points().await.into_iter().map(|point| (scene, point)));
    }
    all
}

/// Every failure befalls this call, one after the other, and every time all ends well.
async fn fail((scene, point): (Scene, Point)) {
    let mut stage = Stage::empty();
    let mishaps = if point.looks() { &Mishap::BLINKS[..] } else { &Mishap::FAILURES };
    for mishap in mishaps {
        let mut deed = scene.prepare(&mut stage).await;
        stage.discord.fault(mishap.befalls(&point));
        deed.begin(&mut stage);
        stage.until("it has befallen the call", || (stage.discord.faults() == 0).then_some(())).await;
        deed.settled(&stage).await;
        deed.answered(&stage).await;
        stage.until_quiet().await;
        deed.settled(&stage).await;
        deed.never_doubled(&stage);
    }
}

mod a_failure_of_every_call_is_survived_by {
    crate::scenes::try_every_scene!(super::fail_everywhere);
}

async fn fail_everywhere(scenes: &[Scene]) {
    each(points(scenes).await, fail).await;
}

#[tokio::test]
async fn an_answer_that_hangs_is_given_again_while_it_counts() {
    let mut all = Vec::new();
    for scene in [Scene::Interaction, Scene::PressClose] {
        all.extend([When::Before, When::After].map(|when| (scene, when)));
    }
    each(all, |(scene, when)| async move {
        let mut stage = Stage::empty();
        let mut deed = scene.prepare(&mut stage).await;
        stage.discord.fault(Fault::hang("POST /interactions/*/*/callback", when));
        deed.begin(&mut stage);
        deed.settled(&stage).await;
    })
    .await;
}

#[tokio::test]
async fn a_call_that_hangs_is_given_up_in_the_end() {
    /// Longer than any call takes on a busy machine, and shorter than the patience of the tests.
    const REQUEST_TIMEOUT: Duration = Duration::from_secs(3);
    let mut all = points(&[Scene::Interaction, Scene::PressClose, Scene::FirstStart]).await;
    // An answer to a press has a shorter patience, and what the start can do without it does not ask for again.
    all.retain(|(_, point)| !point.call.ends_with("/callback") && !point.call.ends_with("/@me"));
    each(all, |(scene, point)| async move {
        for when in [When::Before, When::After] {
            let mut stage = Stage::empty();
            stage.set("REQUEST_TIMEOUT", format!("{}s", REQUEST_TIMEOUT.as_secs()));
            let mut deed = scene.prepare(&mut stage).await;
            stage.discord.fault(Fault::hang(&*point.call, when).skip(point.nth));
            deed.begin(&mut stage);
            // A channel that was deleted is heard of on the gateway, and nothing is left to wait for.
            if !point.call.starts_with("DELETE") || when == When::Before {
                stage.until_given_up(REQUEST_TIMEOUT).await;
            }
            deed.settled(&stage).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_limit_is_waited_for_as_long_as_it_says_and_no_longer() {
    let scenes = [Scene::Interaction, Scene::Ticket, Scene::PressClose, Scene::Close, Scene::SetUp];
    let all = points(&scenes).await;
    each(all, |(scene, point)| async move {
        let mut stage = Stage::empty();
        for mishap in Mishap::LIMITS {
            let mut deed = scene.prepare(&mut stage).await;
            stage.discord.clear_record();
            stage.discord.fault(mishap.befalls(&point));
            deed.begin(&mut stage);
            deed.settled(&stage).await;
            deed.answered(&stage).await;

            let calls = || stage.discord.calls();
            let limited = || calls().into_iter().find(|call| call.status() == Some(429));
            let limited = stage.until("it is limited", limited).await;
            let same = |call: &Call| call.path == limited.path && call.body == limited.body;
            let later = || calls().into_iter().find(|call| call.number > limited.number && same(call));
            let again = stage.until("it is made again", later).await;
            let pause = again.at.duration_since(limited.at).unwrap_or_default();
            // The header is in whole seconds, and both it and the body are honoured.
            assert!(pause >= Duration::from_secs(1) && pause < Duration::from_secs(2), "{mishap:?}: {pause:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_limit_everywhere_holds_everything_back_but_answers_to_presses() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    stage.discord.clear_record();
    stage.discord.fault(Fault::limited("POST /channels/*/messages", 1.0, true));
    stage.discord.say(ids.alice, ids.lounge, "!close").expect("she may write there");
    let limited = stage.discord.until_called("POST /channels/*/messages", 1).await;

    let bob = stage.press_create(ids.bob);
    let alice = stage.press_create(ids.alice);
    assert_eq!(stage.answer(alice).await, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
    assert_eq!(stage.discord.calls_matching("POST /guilds/*/channels").len(), 0, "that answer did not wait");
    stage.answer(bob).await;

    let held = stage.discord.calls().into_iter().filter(|call| !call.path.starts_with("/interactions"));
    let next = held.skip(1).map(|call| call.at).min().expect("the bot went on");
    assert!(next >= limited[0].at + Duration::from_secs(1), "everything else did");
}

#[tokio::test]
async fn a_channel_that_takes_two_seconds_is_announced_by_a_deferral() {
    let stage = Stage::ready().await;
    let alice = stage.discord.ids().alice;
    stage.discord.fault(Fault::slow("POST /guilds/*/channels", When::Before, Duration::from_secs(2)));
    let pressed = stage.discord.now();
    let press = stage.press_create(alice);

    let [deferral] = &stage.discord.until_called("POST /interactions/*/*/callback", 1).await[..] else { panic!() };
    assert_eq!(stage.discord.progress(press), Some(Progress::Thinking));
    assert!(stage.discord.reply(press).is_some_and(|reply| reply.ephemeral && reply.thinking));
    let after = deferral.at.duration_since(pressed).unwrap_or_default();
    assert!(after >= Duration::from_millis(1490) && after < Duration::from_secs(3), "{after:?}");

    let answer = stage.answer(press).await;
    assert_eq!(answer, format!("✅ тикет создан: <#{}>", stage.tickets()[0]));
    stage.until_row(alice, |row| matches!(row.state, State::Open { .. })).await;
    assert_eq!(stage.discord.calls_matching("PATCH /webhooks/*/*/messages/@original").len(), 1);
}

#[tokio::test]
async fn whoever_presses_again_while_it_takes_long_is_told_to_wait() {
    let stage = Stage::ready().await;
    let alice = stage.discord.ids().alice;
    let creating = stage.discord.hold("POST /guilds/*/channels", When::Before);
    let first = stage.press_create(alice);
    let second = stage.press_create(alice);

    assert_eq!(stage.answer(second).await, "⏳ твой тикет уже создаётся, подожди немного");
    assert_eq!(stage.discord.progress(first), Some(Progress::Thinking));
    creating.release();

    let [ticket] = stage.until_tickets(1).await[..] else { unreachable!() };
    assert_eq!(stage.answer(first).await, format!("✅ тикет создан: <#{ticket}>"));
}

#[tokio::test]
async fn three_failures_in_a_row_are_outlasted() {
    let stage = Stage::ready().await;
    let alice = stage.discord.ids().alice;
    for call in ["POST /guilds/*/channels", "POST /channels/*/messages", "PATCH /webhooks/**"] {
        stage.discord.fault(Fault::status(call, When::Before, 503).times(3));
    }
    let ticket = stage.open(alice).await;

    stage.until_row(alice, |row| matches!(row.state, State::Open { .. })).await;
    assert_eq!(stage.tickets(), [ticket]);
    let messages = stage.discord.messages(alice, ticket);
    assert_eq!(messages.iter().filter(|message| button(message) == Some(CLOSE)).count(), 1);
}

#[tokio::test]
async fn a_press_that_discord_forgot_opens_the_ticket_all_the_same() {
    let stage = Stage::ready().await;
    let alice = stage.discord.ids().alice;
    stage.discord.fault(Fault::code("POST /interactions/*/*/callback", 404, 10062, "Unknown interaction"));

    stage.press_create(alice);

    let [ticket] = stage.until_tickets(1).await[..] else { unreachable!() };
    stage.welcome(ticket).await;
    stage.until_row(alice, |row| matches!(row.state, State::Open { .. })).await;
}

#[tokio::test]
async fn an_outage_while_it_is_looked_up_who_may_is_said() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    stage.discord.fault(Fault::status("GET /guilds/*", When::Before, 503).always());

    let reply = stage.command(ids.adam, ids.lounge, "!setuptickets").await;

    assert_eq!(reply.content, "❌ discord сейчас не отвечает, попробуй ещё раз через пару минут");
    stage.discord.clear_faults();
    let reply = stage.command(ids.adam, ids.lounge, "!setuptickets").await;
    assert_eq!(reply.content, "✅ панель на месте");
    assert_eq!(button(&stage.panel().await), Some(CREATE));
}
