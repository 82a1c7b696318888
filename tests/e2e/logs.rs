//! The log: one line for each thing that matters, and never a secret.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use talon::ids::{GuildId, Owner, UserId};
use talon::lifecycle::{JournalEvent, State};
use talon::store::{Filter, Reader, Store};
use talon_sandbox::{Fault, When};

use crate::stage::Stage;

#[tokio::test]
async fn no_filter_shows_a_token() {
    for filter in [
        "trace",
        "trace,talon=trace,serenity=trace,serenity::http=trace,serenity::gateway::ws=trace,hyper=trace,h2=trace",
    ] {
        let mut stage = Stage::empty();
        stage.set("RUST_LOG", filter);
        stage.start().await;
        let ids = stage.discord.ids();
        stage.discord.fault(Fault::status("POST /interactions/*/*/callback", When::After, 500));
        stage.discord.fault(Fault::status("POST /guilds/*/channels", When::Before, 502));
        let ticket = stage.open(ids.alice).await;
        stage.answer(stage.press_create(ids.alice)).await;
        stage.discord.fault(Fault::reset("POST /interactions/*/*/callback", When::Before));
        stage.answer(stage.press_close(ids.adam, ticket)).await;
        stage.discord.drop_gateway();
        stage.discord.ready().await;
        stage.press_close(ids.sue, ticket);
        stage.until_gone(ticket).await;
        stage.stop().await;

        let log = stage.logged();
        assert!(log.contains("DEBUG") && log.contains("ticket closed"), "{log}");
        let mut secrets: Vec<String> =
            stage.discord.look(|world| world.interactions.values().map(|press| press.token.clone()).collect());
        assert_eq!(secrets.len(), 4);
        secrets.push(stage.discord.token().to_owned());
        for secret in secrets {
            let line = log.lines().find(|line| line.contains(&secret));
            assert_eq!(line, None, "a secret is in the log");
        }
    }
}

#[tokio::test]
async fn a_line_is_an_object_that_names_ticket_member_and_channel() {
    let mut stage = Stage::empty();
    stage.set("LOG_FORMAT", "json");
    stage.set("RUST_LOG", "info");
    stage.start().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    stage.until_row(ids.alice, |row| matches!(row.state, State::Open { .. })).await;
    stage.press_close(ids.alice, ticket);
    stage.until_gone(ticket).await;
    stage.stop().await;

    let lines: Vec<Value> =
        stage.logged().lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    for message in ["ticket opened", "closing was asked for", "ticket closed"] {
        let fits: Vec<&Value> = lines.iter().filter(|line| line["message"] == message).collect();
        let [line] = fits[..] else { panic!("one line says {message:?}: {lines:#?}") };
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["ticket"], 1);
        assert_eq!(line["member"], ids.alice.to_string());
        assert_eq!(line["channel"], ticket.to_string());
    }
}

#[tokio::test]
async fn a_part_of_the_filter_that_is_not_understood_is_told() {
    let mut stage = Stage::empty();
    stage.set("RUST_LOG", "info,talon[{member=1}]=trace");
    stage.start().await;
    stage.until_logged("RUST_LOG has an invalid part").await;
    stage.until_logged("ready: connected").await;
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_told() {
    let stage = Stage::ready().await;
    stage.discord.send_event("MESSAGE_CREATE", json!({ "id": "no number" }));
    stage.until_logged("an event could not be parsed and was ignored kind=\"MESSAGE_CREATE\"").await;
    stage.open(stage.discord.ids().alice).await;
}

#[tokio::test]
async fn the_journal_forgets_what_is_older_than_it_should_keep() {
    let mut stage = Stage::ready().await;
    let ids = stage.discord.ids();
    stage.open(ids.alice).await;
    stage.stop().await;
    let bob = Owner { guild: GuildId(ids.guild.get()), member: UserId(ids.bob.get()) };
    let ago = |hours: u64| SystemTime::UNIX_EPOCH + stage_time(&stage) - Duration::from_secs(hours * 3_600);
    let store = Store::open(&stage.file("json/talon.db")).expect("the database opens");
    store.note(bob, &[JournalEvent::Route], ago(3));
    store.note(bob, &[JournalEvent::Deferred], ago(1));
    drop(store);

    stage.set("JOURNAL_KEEP", "2h");
    stage.start().await;

    stage.until_logged("the journal has forgotten what is older than JOURNAL_KEEP lines=1 keep=2h").await;
    let reader = Reader::open(&stage.file("json/talon.db")).expect("the database opens");
    let kept = reader.journal(Filter::Member(bob.member), 10).expect("the journal can be read");
    assert_eq!(kept.into_iter().map(|entry| entry.note).collect::<Vec<_>>(), [Ok(JournalEvent::Deferred)]);
    assert!(!reader.journal(Filter::Member(UserId(ids.alice.get())), 10).expect("the journal can be read").is_empty());
}

fn stage_time(stage: &Stage) -> Duration {
    stage.discord.now().duration_since(SystemTime::UNIX_EPOCH).expect("it is later than 1970")
}

#[tokio::test]
async fn a_name_cannot_play_tricks_on_whoever_reads_the_log() {
    for (format, shown) in [
        ("text", "bot=tal\\u{1b}[2Jon\\u{202e}\\u{a}ERROR\\u{200b}"),
        ("json", "\"bot\":\"tal\\u001b[2Jon\\u202e\\nERROR\\u200b\""),
    ] {
        let mut stage = Stage::empty();
        stage.set("LOG_FORMAT", format);
        let bot = stage.discord.ids().bot;
        stage.discord.act(|world| {
            if let Some(user) = world.users.get_mut(&bot) {
                user.username = "tal\u{1b}[2Jon\u{202e}\nERROR\u{200b}".to_owned();
            }
        });
        stage.start().await;
        stage.until_logged(shown).await;
        let log = stage.logged();
        assert!(!log.contains(['\u{1b}', '\u{202e}', '\u{200b}']), "{log:?}");
        assert!(!log.lines().any(|line| line.starts_with("ERROR")), "{log}");
        if format == "json" {
            let line = log.lines().find(|line| line.contains("connected to Discord")).expect("the line");
            let line: Value = serde_json::from_str(line).expect("it is still JSON");
            assert_eq!(line["bot"], "tal\u{1b}[2Jon\u{202e}\nERROR\u{200b}", "and means the same");
        }
    }
}
