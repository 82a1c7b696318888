//! A live session ends, in every way in which one can. Nothing else waits for the next one.

use std::time::Duration;

use talon_sandbox::When;
use talon_sandbox::{GatewayAction, GatewayFault, GatewayStage};
use tokio::time::{Instant, sleep};

use crate::line::{health, is_heard, prepare, until_cut, until_live_again};
use crate::stage::{Stage, each};

/// How long a countdown takes here; a session that ends meanwhile does not prolong it.
const CLOSE_DELAY: Duration = Duration::from_secs(2);
/// How late a countdown may end.
const LATENESS: Duration = Duration::from_secs(1);
/// What a few seconds of ordinary work cost, and at most a second of anything else.
const PROCESSOR_TIME: Duration = Duration::from_millis(1500);
/// How long a stop may take.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// How a session ends.
#[derive(Clone, Debug)]
enum Ending {
    /// This happens to the live connection.
    By(GatewayAction),
    /// The session is gone, and the connection of the next one is reset before READY.
    ResetBeforeReady,
    /// The connection is cut, and for so many milliseconds the next one is refused.
    Outage(u64),
}

impl Ending {
    /// Ends the session, and what keeps it from coming back: that of an outage comes to its end in its own time.
    async fn happen(&self, stage: &Stage) {
        match self {
            Self::By(action) => stage.discord.strike_gateway(action),
            Self::ResetBeforeReady => {
                stage.discord.gateway_fault(GatewayFault::new(GatewayStage::Identify, GatewayAction::Reset));
                stage.discord.strike_gateway(&GatewayAction::Invalidate { resumable: false });
            }
            Self::Outage(_) => {
                stage.discord.close_gateway_port().await.expect("there is a port");
                stage.discord.strike_gateway(&GatewayAction::Finish);
            }
        }
    }

    async fn pass(&self, stage: &Stage) {
        if let Self::Outage(millis) = self {
            sleep(Duration::from_millis(*millis)).await;
            stage.discord.open_gateway_port().expect("the port is free");
        }
    }
}

fn endings() -> Vec<Ending> {
    let actions = [
        GatewayAction::CloseWithoutCode,
        GatewayAction::Finish,
        GatewayAction::Reset,
        GatewayAction::Close(4000),
        GatewayAction::Close(4003),
        GatewayAction::Close(4009),
        GatewayAction::Reconnect,
        GatewayAction::Invalidate { resumable: true },
        GatewayAction::Invalidate { resumable: false },
    ];
    let outages = [300, 2_000, 10_000].map(Ending::Outage);
    actions.map(Ending::By).into_iter().chain([Ending::ResetBeforeReady]).chain(outages).collect()
}

/// A connected bot that closes tickets after [`CLOSE_DELAY`].
async fn connected() -> Stage {
    let mut stage = prepare(Stage::empty());
    stage.set("CLOSE_DELAY", format!("{}s", CLOSE_DELAY.as_secs()));
    stage.discord.separate_gateway().expect("a port is free");
    stage.start().await;
    stage
}

#[tokio::test]
async fn a_session_that_ends_delays_nothing_and_is_followed_by_another() {
    each(endings(), |ending| async move {
        let stage = connected().await;
        let ids = stage.discord.ids();
        let (closes, stays) = (stage.open(ids.alice).await, stage.open(ids.bob).await);
        let mut creating = stage.discord.hold("POST /guilds/*/channels", When::Before);
        let heard = stage.press_create(ids.sue);
        creating.reached().await;
        let press = stage.press_close(ids.alice, closes);
        stage.answer(press).await;
        let announced = stage.announced(closes).await.sent;
        let spent = stage.processor_time();

        let moment = stage.discord.now();
        ending.happen(&stage).await;
        until_cut(&stage, moment).await;

        creating.release();
        assert!(stage.answer(heard).await.starts_with("✅ тикет создан"), "what was heard before is answered");
        health(&stage).await;
        stage.until_gone(closes).await;
        let [deletion] = &stage.discord.calls_matching(&format!("DELETE /channels/{closes}"))[..] else {
            panic!("it is deleted once\n{}", stage.story())
        };
        let late = deletion.at.duration_since(announced + CLOSE_DELAY).unwrap_or_default();
        assert!(late <= LATENESS, "the countdown was {late:?} late\n{}", stage.story());

        ending.pass(&stage).await;
        until_live_again(&stage, moment).await;
        is_heard(&stage, ids.bob, stays).await;
        let spent = stage.processor_time().saturating_sub(spent);
        assert!(spent <= PROCESSOR_TIME, "{spent:?} of a processor's time\n{}", stage.story());
    })
    .await;
}

#[tokio::test]
async fn a_bot_whose_session_has_just_ended_can_be_stopped() {
    each(endings(), |ending| async move {
        let mut stage = connected().await;
        let moment = stage.discord.now();
        ending.happen(&stage).await;
        until_cut(&stage, moment).await;

        let asked = Instant::now();
        assert_eq!(stage.stop().await.code(), Some(0));
        assert!(asked.elapsed() <= STOP_TIMEOUT, "{:?}", asked.elapsed());
    })
    .await;
}
