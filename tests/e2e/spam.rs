//! One person cannot make the others wait, however often they ask.

use std::time::Instant;

use serde_json::Value;
use talon::lifecycle::State;
use talon_sandbox::When;
use talon_sandbox::world::limits::Limits;
use talon_sandbox::world::{FixtureIds, MessageView, Snowflake};

use crate::adoption;
use crate::stage::Stage;

/// What the log says of each request that is a repeat.
const REPEATED: &str = "asked for the same a moment ago";

/// An ordinary server with Discord's limits.
async fn limited() -> Stage {
    let mut stage = Stage::empty();
    stage.discord.set_limits(Some(Limits::default()));
    stage.start().await;
    stage
}

/// The bot's replies in a channel to what this person wrote there.
fn replies_to(stage: &Stage, who: Snowflake, channel: Snowflake) -> Vec<MessageView> {
    let ids = stage.discord.ids();
    let messages = stage.discord.messages(ids.owner, channel);
    let theirs: Vec<Snowflake> =
        messages.iter().filter(|message| message.author == who).map(|message| message.id).collect();
    let answers = |message: &MessageView| message.reply_to.is_some_and(|to| theirs.contains(&to));
    messages.into_iter().filter(|message| message.author == ids.bot && answers(message)).collect()
}

/// How many replies of a kind may have been written since then: two at once, and one in five seconds.
fn allowed_since(begun: Instant) -> usize {
    let seconds = begun.elapsed().as_secs();
    2 + usize::try_from(seconds / 5 + 1).expect("a short time")
}

async fn until_repeats(stage: &Stage, count: usize) {
    stage.until("all were heard", || (stage.logged().matches(REPEATED).count() >= count).then_some(())).await;
}

/// Somebody writes the same command three hundred times in alice's ticket, and support closes it.
async fn close_among(who: fn(FixtureIds) -> Snowflake, command: &str) {
    let mut stage = limited().await;
    stage.stop().await;
    stage.set("CLOSE_DELAY", "1h");
    stage.start().await;
    let ids = stage.discord.ids();
    let who = who(ids);
    let ticket = stage.open(ids.alice).await;
    let begun = Instant::now();

    for _ in 0..300 {
        stage.discord.say(who, ticket, command).expect("they may write there");
    }
    stage.discord.say(ids.sue, ticket, "!close").expect("she may write there");
    let announced = stage.announced(ticket).await;

    let replies = replies_to(&stage, who, ticket);
    assert!(replies.len() <= allowed_since(begun), "{} replies\n{}", replies.len(), stage.story());
    until_repeats(&stage, 280).await;
    assert!(announced.content.contains("🔒"), "{announced:?}");
}

#[tokio::test]
async fn three_hundred_commands_do_not_hold_up_a_close() {
    close_among(|ids| ids.alice, "!ticket").await;
}

#[tokio::test]
async fn three_hundred_stories_do_not_hold_up_a_close() {
    close_among(|ids| ids.adam, "!explain").await;
}

#[tokio::test]
async fn the_first_refusal_is_written_and_the_others_hear_theirs() {
    let stage = limited().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    let begun = Instant::now();

    for _ in 0..10 {
        stage.discord.say(ids.adam, ticket, "!close").expect("he may write there");
        stage.discord.say(ids.bob, ids.lounge, "!setuptickets").expect("he may write there");
        stage.discord.say(ids.bob, ids.lounge, "!explain").expect("he may write there");
    }
    // Another person's refusal is not lost among them.
    let other = stage.command(ids.alice, ids.lounge, "!close").await;
    assert_eq!(other.content, "❌ это не тикет, закрывать здесь нечего");
    let told = |who, channel, text: &str| {
        replies_to(&stage, who, channel).iter().filter(|reply| reply.content == text).count()
    };
    stage.until("he is refused", || (told(ids.adam, ticket, "❌ нет прав") > 0).then_some(())).await;
    let administrators_only = "❌ эта команда только для администраторов";
    stage.until("he is refused twice", || (told(ids.bob, ids.lounge, administrators_only) > 1).then_some(())).await;
    until_repeats(&stage, 20).await;
    stage.until_quiet().await;

    assert!(told(ids.adam, ticket, "❌ нет прав") <= allowed_since(begun), "{}", stage.story());
    assert!(told(ids.bob, ids.lounge, administrators_only) <= 2 * allowed_since(begun), "{}", stage.story());
    let looks = stage.discord.calls_matching(&format!("GET /guilds/{}", ids.guild)).len();
    assert!(looks <= 2 * allowed_since(begun), "{looks} looks whether he is an administrator\n{}", stage.story());
}

#[tokio::test]
async fn presses_are_all_answered_and_not_all_noted() {
    let stage = limited().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    stage.until_row(ids.alice, |row| matches!(row.state, State::Open { .. })).await;
    let begun = Instant::now();

    let mut presses = Vec::new();
    for _ in 0..30 {
        presses.push((stage.press_create(ids.alice), format!("❌ у тебя уже есть тикет: <#{ticket}>")));
        presses.push((stage.press_close(ids.adam, ticket), "❌ нет прав".to_owned()));
    }
    for (press, answer) in presses {
        assert_eq!(stage.answer(press).await, answer);
    }
    stage.press_close(ids.sue, ticket);
    stage.until_gone(ticket).await;

    let closed = |told: &str| told.contains("\"closed\"");
    let told = stage.until_told(&["explain", "#1", "--json"], closed).await;
    let json: Value = serde_json::from_str(&told).expect("JSON");
    let count = |what| json.as_array().expect("a list").iter().filter(|step| step["note"]["what"] == what).count();
    for what in ["asked_again", "turned_down"] {
        let count = count(what);
        assert!((1..=allowed_since(begun)).contains(&count), "{count} lines say {what}\n{told}");
    }
}

#[tokio::test]
async fn the_panel_does_not_wait_until_the_tickets_of_another_bot_are_read() {
    /// More than fit into two seconds.
    const LEFT: u64 = 120;
    const READS: &str = "GET /channels/*/messages";
    let mut stage = Stage::empty();
    let ids = stage.discord.ids();
    adoption::leave_many(&stage, LEFT);
    stage.discord.set_limits(Some(Limits::default()));
    let panel = format!("GET /channels/{}/messages", ids.panel);
    let mut looking = stage.discord.hold(&panel, When::Before);

    stage.spawn();
    looking.reached().await;
    // As many are under way as may be in a second; the others wait.
    stage.discord.until_called(READS, 30).await;
    looking.release();
    stage.panel().await;
    let sent = stage.discord.calls_matching(&format!("POST /channels/{}/messages", ids.panel))[0].number;
    let reads = stage.discord.until_called(READS, usize::try_from(LEFT).expect("a small number") + 1).await;

    let later = reads.iter().filter(|read| read.number > sent).count();
    assert!(later > 10, "{later} reads came after the panel\n{}", stage.story());
}
