//! Discord's long rate limits: people are told until when the bot must wait, and nothing happens behind their backs.

use std::time::{Duration, SystemTime};

use talon::lifecycle::State;
use talon_sandbox::world::Snowflake;
use talon_sandbox::{Ending, Fault, When};

use crate::health::{self, healthz};
use crate::stage::{Stage, each};

const CREATE_CHANNEL: &str = "POST /guilds/*/channels";
const DELETE_CHANNEL: &str = "DELETE /channels/*";
const LIMITED: &str = "discord ограничил бота: слишком много запросов.";
/// How far two times may be apart that were told of one limit: each is rounded up to a second, and the machine is busy.
const NEAR: u64 = 5;

/// The time in a sentence, in seconds since 1970.
#[track_caller]
fn told_until(text: &str) -> u64 {
    assert!(text.contains(LIMITED), "{text}");
    let time = text.split("<t:").nth(1).and_then(|rest| rest.split(":R>").next());
    time.and_then(|time| time.parse().ok()).unwrap_or_else(|| panic!("no time in: {text}"))
}

fn seconds(at: SystemTime) -> u64 {
    at.duration_since(SystemTime::UNIX_EPOCH).expect("it is after 1970").as_secs()
}

/// What was told is the end of a limit of this many seconds that Discord told just now.
#[track_caller]
fn assert_ends_in(stage: &Stage, retry_after: u32, told: u64) {
    let limited = stage.discord.calls().into_iter().find(|call| call.status() == Some(429)).expect("it was limited");
    let end = seconds(limited.at) + u64::from(retry_after);
    assert!((end..=end + NEAR).contains(&told), "{told} is not near {end}\n{}", stage.story());
}

fn creations(stage: &Stage) -> usize {
    stage.discord.calls_matching(CREATE_CHANNEL).len()
}

#[tokio::test]
async fn whoever_asks_for_a_ticket_during_a_long_limit_is_told_until_when() {
    each([960, 3_600, 86_400], |retry_after| async move {
        let stage = Stage::ready().await;
        let ids = stage.discord.ids();
        stage.discord.fault(Fault::limited(CREATE_CHANNEL, f64::from(retry_after), false));

        let press = stage.press_create(ids.alice);
        let told = told_until(&stage.answer(press).await);
        assert_ends_in(&stage, retry_after, told);
        stage.until_row(ids.alice, |row| row.state == State::Absent).await;

        // From now on it is known, and Discord is not asked again, whoever asks and however.
        let again = stage.press_create(ids.alice);
        let other = stage.press_create(ids.bob);
        let texts = [
            stage.answer(again).await,
            stage.answer(other).await,
            stage.slash(ids.bob, ids.lounge, "ticket").await.content,
            stage.command(ids.bob, ids.lounge, "!ticket").await.content,
        ];
        for text in texts {
            assert!(told_until(&text).abs_diff(told) <= NEAR, "{text}");
        }
        assert_eq!((creations(&stage), stage.tickets().len()), (1, 0), "{}", stage.story());
        let answered = stage.discord.calls_matching("PATCH /webhooks/**").len();
        assert_eq!(answered, 0, "each was refused in one answer\n{}", stage.story());
        let story = stage.until_told(&["explain", &ids.alice.to_string()], |told| told.contains("rate limit")).await;
        assert!(story.contains("no ticket could be opened: a rate limit"), "{story}");
    })
    .await;
}

#[tokio::test]
async fn a_limit_on_everything_is_told_as_soon_as_it_is_known() {
    let (stage, url) = health::ready().await;
    let ids = stage.discord.ids();
    stage.discord.clear_record();
    stage.discord.fault(Fault::limited("POST /channels/*/messages", 960.0, true));
    stage.discord.say(ids.alice, ids.lounge, "!close").expect("she may write there");
    stage.discord.until_called("POST /channels/*/messages", 1).await;
    stage.until_quiet().await;

    let press = stage.press_create(ids.bob);
    assert_ends_in(&stage, 960, told_until(&stage.answer(press).await));
    let told = stage.slash(ids.adam, ids.lounge, "setuptickets").await.content;
    assert!(told.contains("панель встанет на место сама"), "{told}");
    assert_ends_in(&stage, 960, told_until(&told));
    assert_eq!(creations(&stage), 0, "{}", stage.story());
    let ill = healthz(&url, 503).await;
    let left = ill["rest"]["held_up_for"].as_u64().expect("seconds");
    assert!((900..=960).contains(&left), "{ill}");
    let problem = ill["problems"][0].as_str().expect("a sentence");
    assert!(problem.starts_with("a global rate limit of Discord's holds up all requests for "), "{ill}");
}

#[tokio::test]
async fn whoever_was_asked_to_wait_before_the_address_was_barred_is_told_as_soon_as_they_can_be() {
    let stage = Stage::ready().await;
    let alice = stage.discord.ids().alice;
    let creating = stage.discord.hold(CREATE_CHANNEL, When::Before);
    stage.discord.fault(Fault::barred(CREATE_CHANNEL, Some(20)));
    let press = stage.press_create(alice);
    let deferred = || {
        let calls = stage.discord.calls_matching("POST /interactions/*/*/callback");
        calls.first().is_some_and(|call| call.ending != Ending::Pending).then_some(())
    };
    stage.until("she is asked to wait", deferred).await;
    creating.release();

    stage.until_logged("Cloudflare blocks this IP address").await;
    stage.until_row(alice, |row| row.refusal().is_some()).await;
    let answered = || stage.discord.reply(press).filter(|reply| !reply.thinking);
    let reply = stage.until_in(Duration::from_secs(60), "she is told", answered).await;
    told_until(&reply.content);
    stage.until_row(alice, |row| row.state == State::Absent).await;
    assert_eq!((creations(&stage), stage.tickets().len()), (1, 0), "{}", stage.story());
}

/// The messages in a ticket that tell that a limit keeps it.
fn kept(stage: &Stage, ticket: Snowflake) -> Vec<String> {
    let messages = stage.discord.messages(stage.discord.ids().owner, ticket).into_iter();
    messages.map(|message| message.content).filter(|content| content.contains(LIMITED)).collect()
}

#[tokio::test]
async fn a_deletion_that_a_limit_holds_up_is_told_once_and_not_forgotten() {
    let mut stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    stage.discord.fault(Fault::limited(DELETE_CHANNEL, 960.0, false));
    stage.press_close(ids.alice, ticket);

    let texts = stage.until("they are told", || Some(kept(&stage, ticket)).filter(|texts| !texts.is_empty())).await;
    let told = told_until(&texts[0]);
    assert_ends_in(&stage, 960, told);
    let again = stage.press_close(ids.alice, ticket);
    let text = stage.answer(again).await;
    assert!(text.contains("канал будет удалён") && told_until(&text).abs_diff(told) <= NEAR, "{text}");

    stage.stop().await;
    stage.start().await;
    let again = stage.press_close(ids.alice, ticket);
    let text = stage.answer(again).await;
    assert!(told_until(&text).abs_diff(told) <= NEAR, "{text}");
    let due = match stage.row(ids.alice).state {
        State::Closing(closing) => closing.due,
        row => panic!("{row:?}"),
    };
    assert!(seconds(due).abs_diff(told) <= NEAR);
    assert_eq!((kept(&stage, ticket).len(), stage.discord.calls_matching(DELETE_CHANNEL).len()), (1, 1));
}

#[tokio::test]
async fn a_deletion_is_done_when_the_limit_is_over() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    stage.discord.fault(Fault::limited(DELETE_CHANNEL, 16.0, false));
    stage.press_close(ids.alice, ticket);

    stage.until("they are told", || (!kept(&stage, ticket).is_empty()).then_some(())).await;
    let row = || (stage.row(ids.alice).state == State::Absent).then_some(());
    stage.until_in(Duration::from_secs(60), "the ticket is over", row).await;
    assert!(!stage.discord.look(|world| world.channels.contains_key(&ticket)));
    assert_eq!(stage.discord.calls_matching(DELETE_CHANNEL).len(), 2, "{}", stage.story());
}

#[tokio::test]
async fn administrators_are_told_too() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    stage.discord.fault(Fault::limited("GET /channels/*/messages/*", 960.0, false));
    let reply = stage.command(ids.adam, ids.lounge, "!setuptickets").await;
    assert!(reply.content.contains("панель встанет на место сама"), "{}", reply.content);
    assert_ends_in(&stage, 960, told_until(&reply.content));

    stage.discord.fault(Fault::limited("GET /guilds/*", 960.0, false));
    for command in ["!explain", "!setuptickets"] {
        let reply = stage.command(ids.adam, ids.lounge, command).await;
        assert!(reply.content.contains("попробуй ещё раз"), "{}", reply.content);
        told_until(&reply.content);
    }
    assert_eq!(
        stage.discord.calls_matching("GET /guilds/*").iter().filter(|call| call.status() == Some(429)).count(),
        1
    );
}
