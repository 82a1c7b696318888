//! The connection fails under a request, or has died unnoticed: no ticket is lost or doubled, and a press is answered.

use talon::lifecycle::State;
use talon_sandbox::world::Snowflake;

use super::proxy::{Certificate, Failure, TlsProxy};
use super::{GIVEN_UP, is_open, ready, stage_behind};
use crate::scenes::{Point, Scene};
use crate::stage::{Stage, each};

const CALLBACK: &str = "POST /interactions/*/*/callback";
const CREATE_CHANNEL: &str = "POST /guilds/*/channels";

/// HTTP/2 says of these that the request was not looked at, or answers it after all: it may be repeated at once.
const HARMLESS: [Failure; 3] = [Failure::RefuseStream, Failure::GoAwayBefore, Failure::GoAwayDuring];
/// After these nobody knows what has become of the request.
const UNKNOWN: [Failure; 4] = [
    Failure::Stall { done: false },
    Failure::Stall { done: true },
    Failure::Freeze { done: false },
    Failure::Freeze { done: true },
];

/// The calls of an opening and of a closing.
async fn points() -> Vec<(Scene, Point)> {
    let mut all = Vec::new();
    for scene in [Scene::Interaction, Scene::PressClose] {
        all.extend(scene.points().await.into_iter().map(|point| (scene, point)));
    }
    assert!(all.iter().all(|(_, point)| point.nth == 0), "every call is made once: {all:?}");
    all
}

/// Waits until the scene has come to its end, however long its calls hang.
async fn until_over(stage: &Stage, scene: Scene, who: Snowflake) {
    let over = || match scene {
        Scene::PressClose => stage.row(who).state == State::Absent,
        _ => is_open(&stage.row(who)),
    };
    stage.until_in(GIVEN_UP, "the scene is over", || over().then_some(())).await;
}

/// Waits until a request has failed.
async fn until_failed(stage: &Stage, proxy: &TlsProxy) {
    stage.until("the request has failed", || (proxy.failures_left() == 0).then_some(())).await;
}

#[tokio::test]
async fn a_call_that_http2_gives_back_is_made_once_and_nobody_notices() {
    each(points().await, |(scene, point)| async move {
        let (mut stage, proxy) = stage_behind(Certificate::Good);
        for failure in HARMLESS {
            let mut deed = scene.prepare(&mut stage).await;
            stage.until_quiet().await;
            stage.discord.clear_record();
            let log = stage.logged().len();
            proxy.fail(&point.call, failure);
            deed.begin(&mut stage);
            until_failed(&stage, &proxy).await;
            deed.settled(&stage).await;
            deed.answered(&stage).await;
            stage.until_quiet().await;
            deed.never_doubled(&stage);
            // An answer to a press is repeated soon on a busy machine, whatever the connection does.
            if point.call != CALLBACK {
                assert_eq!(stage.discord.calls_matching(&point.call).len(), 1, "{failure:?}\n{}", stage.story());
                let lost = |line: &&str| line.contains("no response") && !line.contains("/callback");
                assert_eq!(stage.logged()[log..].lines().find(lost), None, "{failure:?}: the bot did not notice");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn an_answer_to_a_press_is_repeated_in_time_when_its_stream_or_its_connection_hangs() {
    let mut all = Vec::new();
    for scene in [Scene::Interaction, Scene::PressClose] {
        all.extend(UNKNOWN.map(|failure| (scene, failure)));
    }
    each(all, |(scene, failure)| async move {
        let (mut stage, proxy) = stage_behind(Certificate::Good);
        let mut deed = scene.prepare(&mut stage).await;
        proxy.fail(CALLBACK, failure);
        deed.begin(&mut stage);
        until_failed(&stage, &proxy).await;
        let repeated = || (proxy.exchanges_matching(CALLBACK).len() > 1).then_some(());
        stage.until("the answer is repeated", repeated).await;
        // The next press meets a connection that is well.
        let newcomer = stage.discord.join("another");
        stage.open(newcomer).await;
        until_over(&stage, scene, deed.who).await;
        deed.settled(&stage).await;
        deed.never_doubled(&stage);
    })
    .await;
}

#[tokio::test]
async fn any_other_call_without_an_answer_is_given_up_and_its_effect_looked_for() {
    let mut all = Vec::new();
    for (scene, point) in points().await {
        if !point.call.ends_with("/callback") {
            all.extend(UNKNOWN.map(|failure| (scene, point.clone(), failure)));
        }
    }
    each(all, |(scene, point, failure)| async move {
        let (mut stage, proxy) = stage_behind(Certificate::Good);
        stage.set("REQUEST_TIMEOUT", "3s");
        let mut deed = scene.prepare(&mut stage).await;
        proxy.fail(&point.call, failure);
        deed.begin(&mut stage);
        until_failed(&stage, &proxy).await;
        until_over(&stage, scene, deed.who).await;
        deed.settled(&stage).await;
        deed.never_doubled(&stage);
        deed.goes_on(&stage).await;
    })
    .await;
}

#[tokio::test]
async fn a_goodbye_in_the_midst_of_many_openings_loses_and_doubles_none() {
    let (stage, proxy) = ready().await;
    let members: Vec<Snowflake> = (0..12).map(|nth| stage.discord.join(&format!("member {nth}"))).collect();
    for failure in HARMLESS {
        proxy.fail(CREATE_CHANNEL, failure);
    }
    let presses: Vec<Snowflake> = members.iter().map(|&member| stage.press_create(member)).collect();

    for (&member, press) in members.iter().zip(presses) {
        let answer = stage.answer(press).await;
        let [ticket] = stage.tickets_of(member)[..] else { panic!("one ticket each\n{}", stage.story()) };
        assert_eq!(answer, format!("✅ тикет создан: <#{ticket}>"));
    }
    assert_eq!(proxy.failures_left(), 0);
    assert_eq!(stage.discord.calls_matching(CREATE_CHANNEL).len(), members.len(), "each is made once");
}

#[tokio::test]
async fn a_connection_that_was_given_up_while_idle_costs_nothing() {
    for give_up in [TlsProxy::go_away, TlsProxy::cut_http2] {
        let (stage, proxy) = ready().await;
        stage.until_quiet().await;
        let before = proxy.exchanges().iter().map(|exchange| exchange.connection).max();
        give_up(&proxy);
        stage.open(stage.discord.ids().alice).await;
        let after = proxy.exchanges_matching(CREATE_CHANNEL);
        assert!(after.iter().all(|exchange| Some(exchange.connection) > before), "on a new connection: {after:?}");
        assert_eq!(stage.discord.calls_matching(CREATE_CHANNEL).len(), 1);
    }
}

#[tokio::test]
async fn a_connection_that_died_unnoticed_costs_one_press_at_most() {
    let (stage, proxy) = ready().await;
    let alice = stage.discord.ids().alice;
    stage.until_quiet().await;
    proxy.freeze_http2();
    stage.press_create(alice);

    let answered = || (!proxy.exchanges_matching(CALLBACK).is_empty()).then_some(());
    stage.until("an answer is tried on another connection", answered).await;
    let newcomer = stage.discord.join("newcomer");
    let ticket = stage.open(newcomer).await;
    assert_eq!(stage.tickets_of(newcomer), [ticket]);

    until_over(&stage, Scene::Interaction, alice).await;
    assert_eq!(stage.tickets_of(alice).len(), 1);
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_given_up() {
    let (mut stage, proxy) = stage_behind(Certificate::Good);
    proxy.silence_handshakes(true);
    stage.spawn();
    let warned = || stage.logged().contains("Discord cannot be reached").then_some(());
    stage.until_in(GIVEN_UP, "the bot warns", warned).await;
    proxy.silence_handshakes(false);
    stage.until_in(GIVEN_UP, "the bot is connected", || (stage.discord.connected() > 0).then_some(())).await;
    stage.panel().await;
    stage.open(stage.discord.ids().bob).await;

    stage.until_quiet().await;
    let before = proxy.silent_handshakes();
    proxy.silence_handshakes(true);
    proxy.cut_http2();
    let alice = stage.discord.ids().alice;
    stage.press_create(alice);
    stage.until("it tries to connect", || (proxy.silent_handshakes() > before).then_some(())).await;
    proxy.silence_handshakes(false);
    until_over(&stage, Scene::Interaction, alice).await;
    assert_eq!(stage.tickets_of(alice).len(), 1);
}
