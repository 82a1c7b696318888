//! Two processes with one token: a host that was forgotten, a move, an update without a shared disk. They hear the same
//! and know nothing of each other, and members notice nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use talon::ids::ChannelId;
use talon::lifecycle::State;
use talon_sandbox::world::{MessageView, Snowflake, World};
use talon_sandbox::{Fault, Sandbox, When};

use crate::health::{get, healthz};
use crate::panel::kept;
use crate::stage::{CREATE, Stage, button, each, panels};

const WARNING: &str = "another process uses this bot's token";

/// An ordinary server with two bots; the second one has been started while the first was running.
async fn two() -> (Stage, Stage) {
    let first = Stage::ready().await;
    let mut second = first.twin();
    second.join().await;
    (first, second)
}

/// Watches how many panels there are, from the moment when there is one.
struct PanelWatch {
    done: Arc<AtomicBool>,
    least: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl PanelWatch {
    fn begin(discord: &Sandbox) -> Self {
        let (done, least) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(usize::MAX)));
        let (discord, until, lowest) = (discord.clone(), done.clone(), least.clone());
        let ids = discord.ids();
        let thread = thread::spawn(move || {
            while !until.load(Ordering::Relaxed) {
                let count = discord.look(|world| count_panels(world, ids.owner, ids.panel));
                if count > 0 || lowest.load(Ordering::Relaxed) < usize::MAX {
                    lowest.fetch_min(count, Ordering::Relaxed);
                }
                thread::sleep(Duration::from_micros(200));
            }
        });
        Self { done, least, thread: Some(thread) }
    }

    /// There was one all the time.
    fn end(mut self) {
        self.done.store(true, Ordering::Relaxed);
        self.thread.take().expect("it ends once").join().expect("it watches to the end");
        let least = self.least.load(Ordering::Relaxed);
        assert!((1..usize::MAX).contains(&least), "for a moment there was no panel, or never one: {least}");
    }
}

fn count_panels(world: &World, eyes: Snowflake, panel: Snowflake) -> usize {
    world.messages_seen(eyes, panel).iter().filter(|message| button(message) == Some(CREATE)).count()
}

/// Waits until there is one panel, and both know it.
async fn one_panel(bots: [&Stage; 2]) -> MessageView {
    let mut known = [0; 2];
    for _ in 0..1000 {
        for (known, bot) in known.iter_mut().zip(bots) {
            *known = kept(bot).await;
        }
        if let [panel] = &panels(bots[0])[..]
            && known.iter().all(|known| *known == panel.id.get())
        {
            return panel.clone();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the panels are {:?}, and they know {known:?}\n{}\n{}", panels(bots[0]), bots[0].story(), bots[1].logged())
}

/// Waits until this member has one ticket, which both rows name and the press was told of.
async fn one_ticket(bots: [&Stage; 2], member: Snowflake, press: Snowflake) -> Snowflake {
    let settled = || {
        let [ticket] = bots[0].tickets_of(member)[..] else { return None };
        let open = State::Open { channel: ChannelId(ticket.get()) };
        let told = bots[0].discord.reply(press)?.content;
        (bots.iter().all(|bot| bot.row(member).state == open) && told.contains(&format!("<#{ticket}>")))
            .then_some(ticket)
    };
    for _ in 0..2000 {
        if let Some(ticket) = settled() {
            return ticket;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let rows = bots.map(|bot| bot.row(member));
    let told = bots[0].discord.reply(press).map(|reply| reply.content);
    let tickets = bots[0].tickets_of(member);
    panic!("{tickets:?}, told {told:?}, rows {rows:?}\n{}\n{}", bots[0].story(), bots[1].logged())
}

fn people(stage: &Stage) -> Vec<Snowflake> {
    let ids = stage.discord.ids();
    let mut people = vec![ids.alice, ids.bob];
    people.extend(["carol", "dave", "erin"].map(|name| stage.discord.join(name)));
    people
}

#[tokio::test]
async fn the_second_start_takes_the_panel_over() {
    let first = Stage::ready().await;
    kept(&first).await;
    let watch = PanelWatch::begin(&first.discord);
    let mut second = first.twin();

    second.join().await;

    one_panel([&first, &second]).await;
    watch.end();
    first.until_logged(WARNING).await;
    assert_eq!(first.logged().matches(WARNING).count(), 1, "{}", first.logged());
}

#[tokio::test]
async fn two_that_start_at_once_have_one_panel() {
    let mut first = Stage::empty();
    let mut second = first.twin();
    let watch = PanelWatch::begin(&first.discord);
    first.spawn();
    second.spawn();

    one_panel([&first, &second]).await;
    watch.end();
    first.discord.until_called("POST /channels/*/messages", 1).await;
}

#[tokio::test]
async fn however_slow_the_panel_is_looked_after_one_panel_stays() {
    const SEND: &str = "POST /channels/*/messages";
    const LIST: &str = "GET /channels/*/messages";
    const LOOK: &str = "GET /channels/*/messages/*";
    const REMOVE: &str = "DELETE /channels/*/messages/*";
    let slow = |call, when, skip| Fault::slow(call, when, Duration::from_millis(700)).skip(skip);
    let faults: Vec<(&str, Fault)> = vec![
        ("the first list comes late", slow(LIST, When::After, 0)),
        ("the second list comes late", slow(LIST, When::After, 1)),
        ("the first panel is sent late", slow(SEND, When::Before, 0)),
        ("the second panel is sent late", slow(SEND, When::Before, 1)),
        ("the first panel is told late", slow(SEND, When::After, 0)),
        ("the second panel is told late", slow(SEND, When::After, 1)),
        ("the first panel is told by nobody", Fault::reset(SEND, When::After)),
        ("the second panel is told by nobody", Fault::reset(SEND, When::After).skip(1)),
        ("a look comes late", slow(LOOK, When::After, 0)),
        ("a removal is late", slow(REMOVE, When::Before, 0)),
        ("a removal is told by nobody", Fault::reset(REMOVE, When::After)),
    ];
    each(faults.iter().map(|(name, _)| *name), |name| {
        let fault = faults.iter().find(|(known, _)| *known == name).map(|(_, fault)| fault.clone());
        async move {
            let mut first = Stage::empty();
            let mut second = first.twin();
            let watch = PanelWatch::begin(&first.discord);
            first.discord.fault(fault.expect("it is one of them"));
            first.spawn();
            second.spawn();
            first.discord.until_called(SEND, 1).await;

            // Once there is one that both know, it stays: neither has anything left to do.
            for bot in [&first, &second] {
                bot.until_logged("connected to Discord").await;
            }
            one_panel([&first, &second]).await;
            first.until_quiet().await;
            one_panel([&first, &second]).await;
            watch.end();
        }
    })
    .await;
}

#[tokio::test]
async fn with_other_words_they_do_not_quarrel_about_the_panel() {
    let first = Stage::ready().await;
    kept(&first).await;
    let mut second = first.twin();
    second.set("LOCALE", "en");
    let watch = PanelWatch::begin(&first.discord);
    second.join().await;

    let panel = one_panel([&first, &second]).await;
    watch.end();

    assert_eq!(panel.embeds[0]["title"], "🎫 SUPPORT SYSTEM");
    first.until_logged("other words than this process would write").await;
    assert!(first.discord.calls_matching("PATCH /channels/*/messages/*").is_empty(), "{}", first.story());
}

#[tokio::test]
async fn a_press_that_both_hear_makes_one_ticket() {
    let (first, second) = two().await;
    let people = people(&first);

    let presses: Vec<Snowflake> = people.iter().map(|member| first.press_create(*member)).collect();

    for (member, press) in people.iter().zip(presses) {
        let ticket = one_ticket([&first, &second], *member, press).await;
        first.welcome(ticket).await;
        let again = first.press_create(*member);
        assert_eq!(first.answer(again).await, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
    }
    assert_eq!(first.tickets().len(), people.len());
    // Whose channels and answers were first everywhere has nothing to learn the other one by.
    let warned = [&first, &second].map(|bot| bot.logged().matches(WARNING).count());
    assert!(warned.contains(&1) && warned.iter().all(|count| *count <= 1), "{warned:?}");
}

#[tokio::test]
async fn however_slow_the_answers_are_one_ticket_stays() {
    const CHANNEL: &str = "POST /guilds/*/channels";
    const ANSWER: &str = "POST /interactions/*/*/callback";
    const WELCOME: &str = "POST /channels/*/messages";
    let slow = |call, when, millis, skip| Fault::slow(call, when, Duration::from_millis(millis)).skip(skip);
    let faults: Vec<(&str, Vec<Fault>)> = vec![
        ("one channel is told late", vec![slow(CHANNEL, When::After, 1000, 0)]),
        ("the other channel is told late", vec![slow(CHANNEL, When::After, 1000, 1)]),
        ("one channel is made late", vec![slow(CHANNEL, When::Before, 1000, 0)]),
        (
            "both are told after the deferral",
            vec![slow(CHANNEL, When::After, 2000, 0), slow(CHANNEL, When::After, 2500, 0)],
        ),
        ("one is made after the other's deferral", vec![slow(CHANNEL, When::Before, 2000, 1)]),
        ("one answer is late", vec![slow(ANSWER, When::Before, 1000, 0)]),
        ("one answer is told late", vec![slow(ANSWER, When::After, 1000, 0)]),
        ("one answer is lost", vec![Fault::reset(ANSWER, When::After)]),
        ("one channel is lost", vec![Fault::reset(CHANNEL, When::After)]),
        ("one welcome is late", vec![slow(WELCOME, When::Before, 1000, 0)]),
        ("one welcome is lost", vec![Fault::reset(WELCOME, When::After)]),
    ];
    each(faults.iter().map(|(name, _)| *name), |name| {
        let faults = faults.iter().find(|(known, _)| *known == name).map(|(_, faults)| faults.clone());
        async move {
            let (first, second) = two().await;
            let alice = first.discord.ids().alice;
            for fault in faults.into_iter().flatten() {
                first.discord.fault(fault);
            }

            let press = first.press_create(alice);

            let ticket = one_ticket([&first, &second], alice, press).await;
            first.welcome(ticket).await;
            first.press_close(alice, ticket);
            first.until_gone(ticket).await;
            assert_eq!(first.announcements(ticket).len(), 1, "{}", first.story());
            for bot in [&first, &second] {
                bot.until_row(alice, |row| row.state == State::Absent).await;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_close_that_both_hear_is_announced_once() {
    let (first, second) = two().await;
    let ids = first.discord.ids();
    for (member, closer) in [(ids.alice, ids.alice), (ids.bob, ids.sue)] {
        let press = first.press_create(member);
        let ticket = one_ticket([&first, &second], member, press).await;
        first.welcome(ticket).await;

        first.press_close(closer, ticket);

        first.until_gone(ticket).await;
        assert_eq!(first.announcements(ticket).len(), 1, "{}\n{}", first.story(), second.logged());
        for bot in [&first, &second] {
            bot.until_row(member, |row| row.state == State::Absent).await;
        }
    }
    // Said, and not pressed.
    let press = first.press_create(ids.alice);
    let ticket = one_ticket([&first, &second], ids.alice, press).await;
    first.discord.say(ids.alice, ticket, "!close").expect("she may write there");
    first.until_gone(ticket).await;
    assert_eq!(first.announcements(ticket).len(), 1);
}

#[tokio::test]
async fn whoever_stays_can_close_what_the_other_one_made() {
    each([true, false], |stop_first| async move {
        let mut first = Stage::ready().await;
        let ids = first.discord.ids();
        let before = first.open(ids.bob).await;
        let mut second = first.twin();
        second.join().await;
        let press = first.press_create(ids.alice);
        let during = one_ticket([&first, &second], ids.alice, press).await;
        first.welcome(during).await;

        let (left, stays) = if stop_first { (&mut first, &second) } else { (&mut second, &first) };
        left.stop().await;

        for (member, ticket) in [(ids.bob, before), (ids.alice, during)] {
            stays.until_row(member, |row| row.state == State::Open { channel: ChannelId(ticket.get()) }).await;
            stays.press_close(member, ticket);
            stays.until_gone(ticket).await;
            assert_eq!(stays.announcements(ticket).len(), 1);
            stays.open(member).await;
        }
        assert_eq!(panels(stays).len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_channel_that_the_other_one_has_not_greeted_in_yet_is_greeted_in_once() {
    let first = Stage::ready().await;
    let alice = first.discord.ids().alice;
    let mut welcome = first.discord.hold("POST /channels/*/messages", When::Before);
    let press = first.press_create(alice);
    welcome.reached().await;
    let ticket = first.tickets_of(alice)[0];

    // The second one hears of the channel before anything is said in it, and leaves that to the first.
    let mut second = first.twin();
    second.join().await;
    first.discord.until_called(&format!("GET /channels/{ticket}/messages"), 1).await;
    welcome.release();

    assert_eq!(one_ticket([&first, &second], alice, press).await, ticket);
    assert_eq!(first.discord.messages(first.discord.ids().owner, ticket).len(), 1);
}

#[tokio::test]
async fn a_channel_that_somebody_wrote_in_is_not_removed() {
    let (first, second) = two().await;
    let alice = first.discord.ids().alice;
    first.discord.clear_record();
    first.discord.fault(Fault::status("GET /channels/*/messages", When::Before, 503).always());

    first.press_create(alice);

    // The channel that is not the ticket is about to be looked into, to be removed.
    let both = first.until_tickets(2).await;
    first.discord.until_called(&format!("GET /channels/{}/messages", both[1]), 2).await;
    for ticket in &both {
        first.discord.say(alice, *ticket, "помогите").expect("she may write there");
    }
    first.discord.clear_faults();

    for bot in [&first, &second] {
        bot.until_row(alice, |row| row.state == State::Open { channel: ChannelId(both[0].get()) }).await;
        bot.until_logged("looks like a ticket of a member who has another one").await;
    }
    assert_eq!(first.tickets_of(alice), both);
    // When the ticket is over, the other channel is the ticket, and can be closed.
    for ticket in both {
        for bot in [&first, &second] {
            bot.until_row(alice, |row| row.state == State::Open { channel: ChannelId(ticket.get()) }).await;
        }
        first.press_close(alice, ticket);
        first.until_gone(ticket).await;
    }
    assert!(first.tickets_of(alice).is_empty());
}

#[tokio::test]
async fn the_operator_learns_of_the_other_one() {
    let mut first = Stage::empty();
    first.set("HEALTH_ADDR", "127.0.0.1:0");
    first.start().await;
    let url = first.health_url().await;
    let (_, before) = get(&format!("{url}/healthz")).await;
    assert!(before.contains("\"another_process_seen_seconds_ago\": null"), "{before}");
    let mut second = first.twin();
    second.join().await;

    let alice = first.discord.ids().alice;
    let press = first.press_create(alice);
    one_ticket([&first, &second], alice, press).await;
    first.until_logged(WARNING).await;

    // It is no reason to start the bot again.
    let after = healthz(&url, 200).await;
    assert!(after["another_process_seen_seconds_ago"].as_f64().is_some(), "{after}");
    let (_, metrics) = get(&format!("{url}/metrics")).await;
    let counted = metrics.lines().find_map(|line| line.strip_prefix("talon_another_process_total ")).map(str::parse);
    assert!(counted.is_some_and(|count| count.is_ok_and(|count: u64| count > 0)), "{metrics}");
    // The journal is written a moment after the deed, by the process whose answer was refused.
    let mut reports = Vec::new();
    for _ in 0..50 {
        for bot in [&first, &second] {
            let report = String::from_utf8(bot.run("doctor").await.stdout).expect("the report is text");
            if report.contains("another process used the bot's token") {
                return;
            }
            reports.push(report);
        }
    }
    panic!("{reports:?}");
}
