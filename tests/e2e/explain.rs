//! The operator asks: which tickets are there, and why did this happen?

use serde_json::Value;
use talon::ids::{GuildId, Owner, UserId};
use talon::lifecycle::{JournalEvent, Reason, State};
use talon::store::Store;
use talon_sandbox::{Fault, When};

use crate::stage::{Stage, each};

#[tokio::test]
async fn tickets_are_listed_while_the_bot_runs() {
    let stage = Stage::closing_after("1h").await;
    let ids = stage.discord.ids();
    let (of_alice, of_bob) = (stage.open(ids.alice).await, stage.open(ids.bob).await);
    stage.press_close(ids.bob, of_bob);
    stage.announced(of_bob).await;
    let told = stage.until_told(&["tickets"], |told| told.contains("  closing  ")).await;

    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 3, "{told}");
    assert!(lines[0].starts_with("TICKET  MEMBER") && lines[2].contains("in 59m"), "{told}");
    let holds =
        |line: &str, words: &[String]| words.iter().all(|word| line.split("  ").any(|cell| cell.trim() == word));
    let alices = ["#1".to_owned(), ids.alice.to_string(), of_alice.to_string(), "open".to_owned(), "-".to_owned()];
    assert!(holds(lines[1], &alices), "{told}");
    let bobs = ["#2".to_owned(), ids.bob.to_string(), of_bob.to_string(), "closing".to_owned()];
    assert!(holds(lines[2], &bobs), "{told}");
    let json: Value = serde_json::from_str(&stage.told(&["tickets", "--json"]).await).expect("JSON");
    assert_eq!(json[0]["channel"], of_alice.to_string());
    assert_eq!(json[1]["state"], "closing");
}

#[tokio::test]
async fn a_story_tells_who_pressed_what_and_what_was_retried_and_refused() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    stage.discord.fault(Fault::status("POST /guilds/*/channels", When::Before, 502));
    let ticket = stage.open(ids.alice).await;
    stage.until_row(ids.alice, |row| matches!(row.state, State::Open { .. })).await;
    stage.answer(stage.press_create(ids.alice)).await;
    stage.command(ids.adam, ticket, "!close").await;
    stage.press_close(ids.sue, ticket);
    stage.until_gone(ticket).await;

    let last = format!("channel {ticket} is deleted");
    let told = stage.until_told(&["explain", &format!("<@{}>", ids.alice)], |told| told.contains(&last)).await;

    let mut rest = told.as_str();
    for step in [
        format!("Ticket #1 of member {}", ids.alice),
        " UTC  ".to_owned(),
        format!("{} asks for a ticket (button)", ids.alice),
        "could not create channel: no answer; try 1, the next one in 0.3 s".to_owned(),
        format!("channel {ticket} is created"),
        format!("ticket {ticket} is open"),
        format!("{} asks for a ticket again (button)", ids.alice),
        format!("{} asks to close it (command) in {ticket} and is turned down: neither owner nor support", ids.adam),
        format!("{} closes the ticket (button)", ids.sue),
        "it is said in the channel that the ticket will be closed".to_owned(),
        last,
    ] {
        let Some(place) = rest.find(&step) else { panic!("{step} is not told, or not then:\n{told}") };
        rest = &rest[place + step.len()..];
    }
    for whose in [format!("<#{ticket}>"), ticket.to_string(), ids.alice.to_string(), "#1".into(), "1".into()] {
        assert_eq!(stage.told(&["explain", &whose]).await, told, "{whose}");
    }
    let home = ids.guild.to_string();
    assert_eq!(stage.told(&["explain", "#1", "--server", &home]).await, told, "the only server");
    let elsewhere = stage.ask(&["explain", "#1", "--server", "1"]).await;
    assert!(!elsewhere.status.success(), "{elsewhere:?}");
    let russian = stage.program("explain").env("LANG", "ru_RU.UTF-8").arg("#1").output().expect("the program runs");
    let russian = String::from_utf8(russian.stdout).expect("the answer is text");
    assert!(russian.contains("Тикет #1 участника") && russian.contains("открывает тикет (кнопка)"), "{russian}");
}

#[tokio::test]
async fn a_crash_is_part_of_the_story() {
    let mut stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let mut hold = stage.discord.hold("POST /guilds/*/channels", When::After);
    stage.press_create(ids.alice);
    hold.reached().await;
    stage.kill().await;
    hold.release();
    stage.start().await;
    let [ticket] = stage.until_tickets(1).await[..] else { unreachable!() };

    let opened = |told: &str| told.contains("is open\"");
    let told = stage.until_told(&["explain", "#1", "--json"], opened).await;

    let json: Value = serde_json::from_str(&told).expect("JSON");
    let steps: Vec<&str> =
        json.as_array().expect("a list").iter().filter_map(|step| step["note"]["what"].as_str()).collect();
    let told = |what| steps.contains(&what);
    assert!(steps.starts_with(&["asked", "taken_up"]) && told("found") && told("opened"), "{steps:?}");
    let found = json.as_array().expect("a list").iter().find(|step| step["note"]["what"] == "found").expect("found");
    assert_eq!(found["note"]["channel"], ticket.to_string());
}

#[tokio::test]
async fn what_cannot_be_told_is_said() {
    let stage = Stage::ready().await;
    stage.open(stage.discord.ids().alice).await;
    for (whose, why) in
        [("#7", "the journal knows nothing of #7"), ("alice", "is none of these"), ("<@&5>", "is a role")]
    {
        let output = stage.ask(&["explain", whose]).await;
        assert_eq!(output.status.code(), Some(1), "{whose}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(why), "{output:?}");
    }
    let fresh = Stage::empty();
    let output = fresh.ask(&["tickets"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("does not exist: start the bot once"), "{output:?}");
}

#[tokio::test]
async fn administrators_are_told_in_the_ticket() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    stage.until_row(ids.alice, |row| matches!(row.state, State::Open { .. })).await;

    let reply = stage.command(ids.adam, ticket, "!explain").await;

    assert!(reply.content.starts_with("📖 история тикета #1\n"), "{}", reply.content);
    assert!(reply.content.contains(&format!("<@{}> открывает тикет (кнопка)", ids.alice)), "{}", reply.content);
    assert!(reply.content.contains(&format!("тикет <#{ticket}> открыт")), "{}", reply.content);
    assert_eq!(reply.notified, []);
    for (who, channel, answer) in [
        (ids.sue, ticket, "❌ эта команда только для администраторов"),
        (ids.alice, ticket, "❌ эта команда только для администраторов"),
        (ids.bob, ids.lounge, "❌ эта команда только для администраторов"),
        (ids.adam, ids.lounge, "❌ это не тикет, рассказывать здесь не о чем"),
    ] {
        assert_eq!(stage.command(who, channel, "!explain").await.content, answer);
    }
}

#[tokio::test]
async fn a_long_story_is_told_in_several_messages_to_whoever_asked_alone() {
    each([("ru", "больше не пробую"), ("en", "given up")], |(locale, words)| async move {
        let mut stage = Stage::empty();
        stage.set("LOCALE", locale);
        stage.start().await;
        let ids = stage.discord.ids();
        let ticket = stage.open(ids.alice).await;
        stage.until_row(ids.alice, |row| matches!(row.state, State::Open { .. })).await;
        stage.stop().await;
        let owner = Owner { guild: GuildId(ids.guild.get()), member: UserId(ids.alice.get()) };
        let note = JournalEvent::GaveUp { call: "say".to_owned(), why: Reason::NoAnswer };
        let store = Store::open(&stage.file("json/talon.db")).expect("the bot does not run");
        store.note(owner, &vec![note; 50], stage.discord.now());
        drop(store);
        stage.start().await;

        let first = stage.slash(ids.adam, ticket, "explain").await;

        let pages = || {
            let mut messages = stage.discord.messages(ids.adam, ticket);
            messages.retain(|message| message.id >= first.id);
            let told = messages.iter().map(|page| page.content.matches(words).count()).sum::<usize>();
            Some(messages).filter(|_| told == 40)
        };
        let pages = stage.until("the whole story is told", pages).await;
        assert!(pages.len() > 1 && pages.iter().all(|page| page.content.chars().count() <= 2000));
        assert!(pages.iter().all(|page| page.notified.is_empty()));
        for other in [ids.alice, ids.sue] {
            let seen = stage.discord.messages(other, ticket);
            assert!(seen.iter().all(|message| !message.content.contains(words)), "{seen:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_told_to_all_is_what_all_may_know() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    stage.discord.fault(Fault::status("POST /guilds/*/channels", When::Before, 502));
    let ticket = stage.open(ids.alice).await;
    stage.until_row(ids.alice, |row| matches!(row.state, State::Open { .. })).await;
    stage.answer(stage.press_close(ids.adam, ticket)).await;

    let told = stage.command(ids.adam, ticket, "!explain").await.content;
    assert!(told.contains(&format!("<@{}> открывает тикет (кнопка)", ids.alice)), "{told}");
    assert!(!told.contains("не удалось") && !told.contains("отказано"), "{told}");
    assert!(told.ends_with("вся история, только для тебя: `/история` (`/explain`)"), "{told}");
    let told = stage.slash(ids.adam, ticket, "explain").await.content;
    assert!(told.contains("не удалось создать канал") && told.contains("отказано: нет прав"), "{told}");
    let told = stage.slash(ids.adam, ids.lounge, "explain").await.content;
    assert_eq!(told, "❌ это не тикет, рассказывать здесь не о чем");
}

#[tokio::test]
async fn whoever_has_a_token_is_told_names_beside_ids() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let trick = "al\u{1b}[2Jice\u{202e}";
    stage.discord.act(|world| {
        if let Some(user) = world.users.get_mut(&ids.alice) {
            user.global_name = Some(trick.to_owned());
        }
    });
    let ticket = stage.open(ids.alice).await;
    stage.until_row(ids.alice, |row| matches!(row.state, State::Open { .. })).await;
    stage.command(ids.adam, ticket, "!close").await;
    stage.until_told(&["explain", "#1"], |told| told.contains("is turned down")).await;
    let channel = stage.discord.look(|world| world.channels[&ticket].name.clone());

    let told = |command: &str, arguments: &[&str]| {
        let output = stage.program(command).args(arguments).output().expect("the program runs");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("the answer is text")
    };
    let (alice, channel) = (format!("{} (al\\u{{1b}}[2Jice\\u{{202e}})", ids.alice), format!("{ticket} (#{channel})"));
    let list = told("tickets", &[]);
    assert!(list.contains(&format!("#1      {alice}  {channel}  open")), "{list}");
    let story = told("explain", &["#1"]);
    assert!(story.contains(&format!("Ticket #1 of member {alice}")) && story.contains(&channel), "{story}");
    assert!(story.contains(&format!("{} (Adam) asks to close it (command) in {channel}", ids.adam)), "{story}");
    assert!(!(list + &story).contains(['\u{1b}', '\u{202e}']));
    let before = stage.discord.calls().len();
    told("tickets", &["--json"]);
    assert_eq!(stage.discord.calls().len(), before, "machines are told ids, and nothing is asked for them");
}
