//! Moving over from the Python bot, whose list of tickets was in its memory: the channels it left are taken over.

use serde_json::json;
use talon::ids::ChannelId;
use talon::lifecycle::State;
use talon_sandbox::world::Snowflake;
use talon_sandbox::world::permissions::Overwrite;
use talon_sandbox::{Fault, When};

use crate::stage::{CLOSE, Stage};

/// A channel in the category with these members in it, as the Python bot made them.
pub fn channel(stage: &Stage, name: &str, members: &[Snowflake]) -> Snowflake {
    let ids = stage.discord.ids();
    let mut overwrites = vec![
        json!({ "id": ids.guild, "type": 0, "deny": "1024" }),
        json!({ "id": ids.support_role, "type": 0, "allow": "11264" }),
        json!({ "id": ids.bot, "type": 1, "allow": "3088" }),
    ];
    overwrites.extend(members.iter().map(|member| json!({ "id": member, "type": 1, "allow": "35840" })));
    let wish = json!({ "name": name, "parent_id": ids.category, "permission_overwrites": overwrites });
    let made = stage.as_bot("POST", &format!("/guilds/{}/channels", ids.guild), wish);
    made["id"].as_str().expect("an id").parse().expect("a number")
}

/// Its first message.
fn welcome(stage: &Stage, channel: Snowflake, member: Snowflake) {
    let button =
        json!({ "type": 2, "style": 4, "label": "закрыть тикет", "emoji": { "name": "🔒" }, "custom_id": CLOSE });
    let message = json!({
        "content": format!("<@{member}> <@&{}> - новый тикет!", stage.discord.ids().support_role),
        "embeds": [{ "title": "🎫 ТИКЕТ ПОДДЕРЖКИ" }],
        "components": [{ "type": 1, "components": [button] }],
    });
    stage.as_bot("POST", &format!("/channels/{channel}/messages"), message);
}

/// A ticket as the Python bot left it.
fn left_open(stage: &Stage, name: &str, member: Snowflake) -> Snowflake {
    let ticket = channel(stage, name, &[member]);
    welcome(stage, ticket, member);
    ticket
}

/// As many tickets of as many members, of whom nobody is looking: more than a test has the patience to ask Discord for.
pub fn leave_many(stage: &Stage, count: u64) {
    let ids = stage.discord.ids();
    let pattern = left_open(stage, "somebody", ids.alice);
    stage.discord.act(|world| {
        let pattern = world.channels[&pattern].clone();
        for number in 1..=count {
            let mut channel = pattern.clone();
            let member = Snowflake(ids.alice.0 + number);
            channel.id = Snowflake(pattern.id.0 + number);
            if let Some(theirs) = channel.overwrites.remove(&ids.alice) {
                channel.overwrites.insert(member, Overwrite { id: member, ..theirs });
            }
            world.channels.insert(channel.id, channel);
        }
    });
}

#[tokio::test]
async fn tickets_left_open_have_their_owners() {
    let mut stage = Stage::empty();
    let ids = stage.discord.ids();
    let of_alice = left_open(&stage, "alice", ids.alice);
    let of_bob = left_open(&stage, "bob", ids.bob);

    stage.start().await;

    for (member, ticket) in [(ids.alice, of_alice), (ids.bob, of_bob)] {
        stage.until_row(member, |row| row.state == State::Open { channel: ChannelId(ticket.get()) }).await;
        let press = stage.press_create(member);
        assert_eq!(stage.answer(press).await, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
        assert_eq!(stage.discord.messages(ids.sue, ticket).len(), 1, "nothing is said in it");
    }
    assert_eq!(stage.tickets().len(), 2);
}

#[tokio::test]
async fn an_outage_delays_it_and_no_more() {
    let mut stage = Stage::empty();
    let ids = stage.discord.ids();
    let ticket = left_open(&stage, "alice", ids.alice);
    stage.discord.fault(Fault::status(&*format!("GET /channels/{ticket}/messages"), When::Before, 503).times(2));

    stage.start().await;

    stage.until_row(ids.alice, |row| row.state == State::Open { channel: ChannelId(ticket.get()) }).await;
}

#[tokio::test]
async fn they_can_be_closed_by_their_owner_and_by_the_support() {
    let mut stage = Stage::empty();
    let ids = stage.discord.ids();
    let of_alice = left_open(&stage, "alice", ids.alice);
    let of_bob = left_open(&stage, "bob", ids.bob);
    stage.start().await;
    stage.until_row(ids.alice, |row| row.state != State::Absent).await;
    stage.until_row(ids.bob, |row| row.state != State::Absent).await;

    stage.press_close(ids.alice, of_alice);
    stage.discord.say(ids.sue, of_bob, "!close").expect("she may write there");

    for (member, ticket) in [(ids.alice, of_alice), (ids.bob, of_bob)] {
        stage.until_gone(ticket).await;
        assert_eq!(stage.announcements(ticket).len(), 1);
        stage.open(member).await;
    }
}

#[tokio::test]
async fn a_press_in_the_first_instant_waits_to_know() {
    let mut stage = Stage::empty();
    let ids = stage.discord.ids();
    let ticket = left_open(&stage, "alice", ids.alice);
    let mut looking = stage.discord.hold(&format!("GET /channels/{ticket}/messages"), When::Before);
    stage.start().await;
    looking.reached().await;

    let press = stage.press_create(ids.alice);
    // By the time Bob has his ticket, her press has been heard.
    stage.open(ids.bob).await;
    looking.release();

    assert_eq!(stage.answer(press).await, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
    assert_eq!(stage.tickets_of(ids.alice), [ticket]);
}

/// READY says in which servers the bot is; until one has told its channels, it may hold a ticket that no row knows.
#[tokio::test]
async fn a_press_before_the_server_has_told_its_channels_is_answered_by_a_list() {
    let mut stage = Stage::empty();
    let alice = stage.discord.ids().alice;
    let ticket = left_open(&stage, "alice", alice);
    stage.discord.set_available(false);
    stage.spawn();
    stage.until_logged("connected to Discord bot=talon servers=1").await;
    stage.panel().await;
    assert_eq!(stage.discord.calls_matching("GET /guilds/*/channels").len(), 0);

    let press = stage.press_create(alice);

    assert_eq!(stage.answer(press).await, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
    assert_eq!(stage.discord.calls_matching("GET /guilds/*/channels").len(), 1);
    assert_eq!(stage.tickets_of(alice), [ticket]);
}

#[tokio::test]
async fn a_close_in_the_first_instant_is_told_to_try_again() {
    let mut stage = Stage::empty();
    let ids = stage.discord.ids();
    let ticket = left_open(&stage, "alice", ids.alice);
    let mut looking = stage.discord.hold(&format!("GET /channels/{ticket}/messages"), When::Before);
    stage.start().await;
    looking.reached().await;

    let sorry = "❌ не получилось, попробуй ещё раз, а если не поможет, напиши администратору";
    for closer in [ids.alice, ids.sue] {
        let press = stage.press_close(closer, ticket);
        assert_eq!(stage.answer(press).await, sorry);
    }
    looking.release();
    stage.until_row(ids.alice, |row| row.state != State::Absent).await;

    stage.press_close(ids.sue, ticket);
    stage.until_gone(ticket).await;
}

#[tokio::test]
async fn what_is_no_ticket_is_left_alone() {
    let mut stage = Stage::empty();
    let ids = stage.discord.ids();
    let no_button = channel(&stage, "notes", &[ids.alice]);
    let of_two = channel(&stage, "two", &[ids.alice, ids.bob]);
    welcome(&stage, of_two, ids.alice);
    let by_hand = channel(&stage, "by-hand", &[]);
    let before = stage.tickets();

    stage.start().await;
    stage.discord.until_called(&format!("GET /channels/{no_button}/messages"), 1).await;

    let ticket = stage.open(ids.alice).await;
    stage.open(ids.bob).await;
    assert!(![no_button, of_two, by_hand].contains(&ticket));
    assert_eq!(stage.tickets()[..3], before);
}
