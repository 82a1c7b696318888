//! The panel: one message with one button, wherever the bot comes from and whatever became of its file.

use std::fs;

use serde_json::{Value, json};
use talon_sandbox::world::{Answer, Overwrite, Permissions, Snowflake, Target};
use talon_sandbox::{Fault, FaultEffect, When};

use crate::health::{self, healthz};
use crate::stage::{CREATE, Stage, panels};

const FILE: &str = "json/ticket_message.json";

/// The id in the file, if it holds one.
fn known(stage: &Stage) -> Option<u64> {
    let text = fs::read_to_string(stage.file(FILE)).ok()?;
    serde_json::from_str::<Value>(&text).ok()?["message_id"].as_u64()
}

/// Waits until the panel's id is in the file.
pub async fn kept(stage: &Stage) -> u64 {
    stage.until("the panel's id is kept", || known(stage)).await
}

/// Waits until there is one panel, as it should be, and its id is kept.
pub async fn settled(stage: &Stage) {
    stage
        .until("there is one panel, up to date and known", || {
            let [panel] = &panels(stage)[..] else { return None };
            let current = panel.content.is_empty() && panel.embeds.len() == 1;
            (current && known(stage) == Some(panel.id.get())).then_some(())
        })
        .await;
}

/// There never was a panel.
pub fn wipe(stage: &Stage) {
    let _ = fs::remove_file(stage.file(FILE));
    for panel in panels(stage) {
        stage.discord.delete_message(stage.discord.ids().panel, panel.id);
    }
}

/// The panel shows something else.
pub fn spoil(stage: &Stage) {
    let path = format!("/channels/{}/messages/{}", stage.discord.ids().panel, panels(stage)[0].id);
    stage.as_bot("PATCH", &path, json!({ "content": "старые слова", "embeds": [] }));
}

/// Nobody knows any more which message is the panel.
pub fn lose_file(stage: &Stage) {
    fs::remove_file(stage.file(FILE)).expect("the file can be removed");
}

/// Somebody has deleted the panel.
pub fn delete(stage: &Stage) {
    stage.discord.delete_message(stage.discord.ids().panel, panels(stage)[0].id);
}

/// A message like those that older versions put into the panel channel.
fn old_panel(stage: &Stage, label: &str) -> Snowflake {
    let button = json!({ "type": 2, "style": 1, "label": label, "custom_id": CREATE });
    let message = json!({ "content": "тикеты тут", "components": [{ "type": 1, "components": [button] }] });
    let sent = stage.as_bot("POST", &format!("/channels/{}/messages", stage.discord.ids().panel), message);
    sent["id"].as_str().expect("an id").parse().expect("a number")
}

#[tokio::test]
async fn the_first_start_puts_it_up() {
    let stage = Stage::ready().await;

    let [panel] = &panels(&stage)[..] else { panic!("one panel: {}", stage.story()) };
    assert_eq!((panel.content.as_str(), panel.embeds.len()), ("", 1));
    assert_eq!(panel.embeds[0]["title"], "🎫 СИСТЕМА ПОДДЕРЖКИ");
    assert_eq!(panel.embeds[0]["description"], "нужна помощь? создай тикет!");
    let fields = panel.embeds[0]["fields"].as_array().expect("fields");
    let steps = "1. нажми кнопку ниже\n2. для тебя создастся приватный канал\n3. опиши свою проблему\n\
                 4. команда поддержки ответит";
    assert_eq!(fields.len(), 1);
    assert_eq!((&fields[0]["name"], &fields[0]["value"]), (&json!("📝 как это работает?"), &json!(steps)));
    let [button] = &panel.buttons[..] else { panic!("one button: {:?}", panel.buttons) };
    assert_eq!((button.label.as_deref(), button.emoji.as_deref()), (Some("создать тикет"), Some("🎫")));
    stage.until_logged("a new panel was sent").await;
    assert_eq!(known(&stage), Some(panel.id.get()));
}

#[tokio::test]
async fn a_restart_leaves_it_alone() {
    let mut stage = Stage::ready().await;
    let before = panels(&stage);
    stage.stop().await;
    stage.discord.clear_record();

    stage.start().await;
    stage.until_logged("the panel is in place").await;

    assert_eq!(panels(&stage), before);
    let touched = stage.discord.calls().into_iter().filter(|call| call.path.contains("/messages")).count();
    assert_eq!(touched, 1, "it is looked at, no more: {}", stage.story());
}

#[tokio::test]
async fn an_older_text_is_brought_up_to_date() {
    let mut stage = Stage::ready().await;
    let before = panels(&stage);
    stage.stop().await;
    spoil(&stage);

    stage.start().await;
    stage.until_logged("the panel was brought up to date").await;

    let after = panels(&stage);
    assert_eq!(after.len(), 1);
    assert_eq!((after[0].id, &after[0].content, &after[0].buttons), (before[0].id, &String::new(), &before[0].buttons));
    assert_eq!(after[0].embeds, before[0].embeds);
}

#[tokio::test]
async fn a_deleted_one_is_sent_anew() {
    let mut stage = Stage::ready().await;
    let old = panels(&stage)[0].id;
    stage.stop().await;
    delete(&stage);

    stage.start().await;
    stage.stop().await;

    let [panel] = &panels(&stage)[..] else { panic!("one panel: {}", stage.story()) };
    assert_ne!(panel.id, old);
    assert_eq!(known(&stage), Some(panel.id.get()));
}

#[tokio::test]
async fn one_that_is_deleted_while_the_bot_runs_is_put_back_at_most_once_a_minute() {
    let (stage, url) = health::ready().await;
    let old = panels(&stage)[0].id;
    delete(&stage);
    let put_back = |stage: &Stage| panels(stage).first().map(|panel| panel.id).filter(|panel| *panel != old);
    let panel = stage.until("it is put back", || put_back(&stage)).await;
    settled(&stage).await;
    assert_eq!(panels(&stage).len(), 1, "{}", stage.story());
    assert_eq!(healthz(&url, 200).await["panel"]["in_place"], true);

    // Whoever deletes it again and again does not make the bot send without end.
    stage.discord.delete_message(stage.discord.ids().panel, panel);
    let told = "the panel was deleted; it is put back, at most once a minute";
    stage.until("that is noticed, too", || (stage.logged().matches(told).count() == 2).then_some(())).await;
    let health = healthz(&url, 503).await;
    assert_eq!(health["panel"]["in_place"], false);
    assert_eq!(health["problems"][0], "the panel was deleted; it is put back within a minute");
    assert_eq!(panels(&stage), []);
}

#[tokio::test]
async fn old_ones_go_and_everything_else_stays() {
    let mut stage = Stage::empty();
    let ids = stage.discord.ids();
    old_panel(&stage, "создать тикет");
    old_panel(&stage, "открыть");
    let rules = stage.as_bot("POST", &format!("/channels/{}/messages", ids.panel), json!({ "content": "правила" }));
    let talk = stage.discord.say(ids.alice, ids.panel, "а где кнопка?").expect("she may write there");

    stage.start().await;
    stage.stop().await;

    assert_eq!(panels(&stage).len(), 1);
    let left: Vec<String> =
        stage.discord.messages(ids.owner, ids.panel).iter().map(|message| message.id.to_string()).collect();
    assert_eq!(left[..2], [rules["id"].as_str().expect("an id").to_owned(), talk.to_string()]);
    assert_eq!(left.len(), 3);
}

#[tokio::test]
async fn a_file_that_says_nothing_is_as_good_as_none() {
    let mut stage = Stage::ready().await;
    kept(&stage).await;
    for text in [Some(""), Some("{"), Some("[]"), Some("{}"), Some("{\"message_id\": null}"), Some("\0\0\0\0"), None] {
        stage.kill().await;
        match text {
            Some(text) => fs::write(stage.file(FILE), text).expect("the file can be written"),
            None => fs::remove_file(stage.file(FILE)).expect("the file can be removed"),
        }
        let old = panels(&stage)[0].id;

        stage.start().await;
        let kept = kept(&stage).await;

        let [panel] = &panels(&stage)[..] else { panic!("one panel after {text:?}: {}", stage.story()) };
        assert_eq!(panel.id.get(), kept);
        assert_ne!(panel.id, old, "it could not be known that this was the one");
    }
    assert!(stage.logged().contains("the panel message is not known"), "the log tells");
}

#[tokio::test]
async fn the_file_may_hold_a_string_and_more() {
    let mut stage = Stage::ready().await;
    let before = panels(&stage);
    stage.stop().await;
    let text = format!(r#"{{"note": "не трогать", "message_id": "{}"}}"#, before[0].id);
    fs::write(stage.file(FILE), &text).expect("the file can be written");

    stage.start().await;
    stage.until_logged("the panel is in place").await;

    assert_eq!(panels(&stage), before);
    assert_eq!(fs::read_to_string(stage.file(FILE)).expect("the file can be read"), text);
}

#[tokio::test]
async fn an_outage_at_the_start_never_makes_a_second_one() {
    let mut stage = Stage::ready().await;
    kept(&stage).await;
    let before = panels(&stage);
    let ids = stage.discord.ids();
    for fault in [
        Fault::status("/channels/*/messages/**", When::Before, 503),
        Fault::new("/channels/*/messages/**", When::Before, not_here()),
        Fault::reset("/channels/*/messages/**", When::Before),
        Fault::code("/channels/*/messages/**", 403, 50001, "Missing Access"),
    ] {
        stage.kill().await;
        stage.discord.clear_record();
        stage.discord.fault(fault.always());
        stage.spawn();
        stage.discord.until_called("GET /channels/*/messages/*", 2).await;
        stage.discord.clear_faults();
        let call = format!("GET /channels/{}/messages/{}", ids.panel, before[0].id);
        stage.discord.until_called(&call, 3).await;

        assert_eq!(panels(&stage), before, "{}", stage.story());
        assert!(stage.logged().contains("panel update failed, retrying"), "the log tells");
    }
}

/// What something on the way answers that knows nothing of Discord.
fn not_here() -> FaultEffect {
    FaultEffect::Answer(Answer { status: 404, headers: Vec::new(), body: None })
}

#[tokio::test]
async fn one_that_is_gone_is_replaced_also_where_that_is_told_without_a_code() {
    let mut stage = Stage::ready().await;
    kept(&stage).await;
    stage.kill().await;
    let before = panels(&stage)[0].id;
    stage.discord.delete_message(stage.discord.ids().panel, before);
    stage
        .discord
        .fault(Fault::status(format!("GET /channels/*/messages/{before}").as_str(), When::Before, 404).always());

    stage.start().await;
    settled(&stage).await;

    assert_ne!(panels(&stage)[0].id, before);
}

#[tokio::test]
async fn one_that_only_seemed_to_be_gone_is_not_joined_by_another() {
    let mut stage = Stage::ready().await;
    kept(&stage).await;
    stage.kill().await;
    stage.discord.clear_record();
    stage.discord.fault(Fault::status("/channels/*/messages/**", When::Before, 404).always());

    stage.spawn();
    stage.discord.until_called("GET /channels/*/messages", 2).await;
    stage.discord.clear_faults();
    stage.discord.until_called("POST /channels/*/messages", 1).await;

    settled(&stage).await;
}

#[tokio::test]
async fn a_channel_that_cannot_be_seen_is_waited_for() {
    let mut stage = Stage::empty();
    let ids = stage.discord.ids();
    let shut = |deny| Overwrite { id: ids.bot, kind: Target::Member, allow: Permissions::NONE, deny };
    stage.discord.overwrite(ids.panel, shut(Permissions::VIEW_CHANNEL));
    stage.spawn();
    stage.discord.until_called("GET /channels/*/messages", 1).await;
    stage.until_logged("the bot needs View Channel, Send Messages").await;

    stage.discord.overwrite(ids.panel, shut(Permissions::NONE));

    stage.panel().await;
    assert_eq!(panels(&stage).len(), 1);
}

#[tokio::test]
async fn a_file_that_cannot_be_kept_costs_no_more_than_a_new_message() {
    let mut stage = Stage::empty();
    fs::write(stage.file("file"), "").expect("the folder can be written");
    stage.set("TICKET_MESSAGE_FILE", "file/ticket_message.json");
    stage.set("DATABASE_URL", "sqlite://talon.db");

    for _ in 0..2 {
        stage.start().await;
        stage.until_logged("cannot keep the panel message's id").await;
        stage.open(stage.discord.join("someone")).await;
        stage.stop().await;

        assert_eq!(panels(&stage).len(), 1);
    }
}

#[tokio::test]
async fn its_button_works_wherever_it_stands() {
    let mut stage = Stage::empty();
    let ids = stage.discord.ids();
    old_panel(&stage, "создать тикет");
    stage.start().await;
    let button = json!({ "type": 2, "style": 1, "label": "ещё одна", "custom_id": CREATE });
    let message = json!({ "content": "!", "components": [{ "type": 1, "components": [button] }] });
    stage.as_bot("POST", &format!("/channels/{}/messages", ids.lounge), message);

    let press = stage.discord.press(ids.alice, ids.lounge, CREATE).expect("it can be pressed");

    let reply = stage.answer(press).await;
    assert_eq!(reply, format!("✅ тикет создан: <#{}>", stage.tickets()[0]));
}
