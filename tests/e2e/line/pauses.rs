//! Attempts that fail again and again: the pauses between them grow, each is told in one line, and an allowance of Discord's
//! that is used up is waited for.

use std::time::Duration;

use talon_sandbox::world::SessionStartLimit;
use talon_sandbox::{GatewayAction, GatewayStage};
use tokio::time::sleep;

use crate::line::{connections_since, fail_always, gateway_words, identify_times, prepare, until_health, warnings};
use crate::stage::{Stage, each};

/// How long the attempts are counted.
const WATCHED: Duration = Duration::from_secs(20);
/// So many of them there may be. Once every five seconds would be fewer, and for ever.
const MOST_ATTEMPTS: usize = 10;
/// What little work there is in that time costs less.
const PROCESSOR_TIME: Duration = Duration::from_secs(2);

/// What happens to every connection from now on.
#[derive(Clone, Debug)]
struct Loop {
    faults: Vec<(GatewayStage, GatewayAction)>,
    begins_with: GatewayAction,
}

fn loops() -> Vec<Loop> {
    let gone = GatewayAction::Invalidate { resumable: false };
    let repeated = |action: GatewayAction| Loop {
        faults: vec![
            (GatewayStage::Resume, action.clone()),
            (GatewayStage::Resumed, action.clone()),
            (GatewayStage::Ready, action.clone()),
        ],
        begins_with: action,
    };
    vec![
        repeated(GatewayAction::Finish),
        repeated(GatewayAction::Reconnect),
        repeated(GatewayAction::Invalidate { resumable: true }),
        Loop {
            faults: vec![(GatewayStage::Resume, gone.clone()), (GatewayStage::Ready, GatewayAction::Reset)],
            begins_with: gone.clone(),
        },
        Loop {
            faults: vec![
                (GatewayStage::Ready, GatewayAction::Close(4000)),
                (GatewayStage::Resumed, GatewayAction::Close(4000)),
            ],
            begins_with: GatewayAction::Close(4000),
        },
        Loop { faults: vec![(GatewayStage::Identify, GatewayAction::Close(4012))], begins_with: gone },
    ]
}

#[tokio::test]
async fn attempts_that_fail_at_once_become_rarer() {
    each(loops(), |fails| async move {
        let stage = Stage::ready().await;
        for (at, action) in fails.faults {
            fail_always(&stage, at, action);
        }
        let (moment, logged, spent) = (stage.discord.now(), stage.logged().len(), stage.processor_time());
        stage.discord.strike_gateway(&fails.begins_with);

        sleep(WATCHED).await;

        let attempts: Vec<_> = connections_since(&stage, moment).iter().map(|connection| connection.at).collect();
        assert!((2..=MOST_ATTEMPTS).contains(&attempts.len()), "{} attempts\n{}", attempts.len(), stage.story());
        let pauses: Vec<Duration> =
            attempts.windows(2).map(|pair| pair[1].duration_since(pair[0]).unwrap_or_default()).collect();
        assert!(pauses.last() > pauses.first() || pauses.len() < 2, "the pauses grow: {pauses:?}\n{}", stage.story());
        let log = stage.logged();
        // The last attempt may not be over, and the first line is of the session before.
        let told = warnings(&log[logged..]).len();
        assert!(told.abs_diff(attempts.len()) <= 1, "{told} warnings of {} attempts\n{log}", attempts.len());
        let spent = stage.processor_time().saturating_sub(spent);
        assert!(spent <= PROCESSOR_TIME, "{spent:?} of a processor's time");
    })
    .await;
}

/// Whose allowance is used up: a bot that starts, or one that loses its session.
#[derive(Clone, Copy, Debug)]
enum When {
    AtTheStart,
    Later,
}

#[tokio::test]
async fn no_session_is_asked_for_before_one_is_allowed() {
    const RESET_AFTER: Duration = Duration::from_secs(4);
    /// It is told in whole milliseconds.
    const ROUNDING: Duration = Duration::from_millis(1);
    each([When::AtTheStart, When::Later], |when| async move {
        let mut stage = prepare(Stage::empty());
        let limit = SessionStartLimit { total: 1000, remaining: 0, reset_after: RESET_AFTER, max_concurrency: 1 };
        if let When::Later = when {
            stage.start().await;
        }
        let (moment, known, logged) = (stage.discord.now(), identify_times(&stage).len(), stage.logged().len());
        stage.discord.limit_session_starts(Some(limit));
        match when {
            When::AtTheStart => stage.spawn(),
            When::Later => stage.discord.strike_gateway(&GatewayAction::Invalidate { resumable: false }),
        }

        let names_it = |text: &str| text.to_lowercase().contains("session");
        until_health(&stage, |status, body| status == 503 && names_it(&gateway_words(body))).await;
        stage
            .until("the log says so", || {
                warnings(&stage.logged()[logged..]).iter().any(|line| names_it(line)).then_some(())
            })
            .await;
        let asked = stage.until("a session is asked for", || identify_times(&stage).get(known).copied()).await;
        let waited = asked.duration_since(moment).unwrap_or_default();
        assert!(waited + ROUNDING >= RESET_AFTER, "after {waited:?}\n{}", stage.story());
        until_health(&stage, |status, _| status == 200).await;
        assert_eq!(identify_times(&stage).len(), known + 1, "{}", stage.story());
    })
    .await;
}
