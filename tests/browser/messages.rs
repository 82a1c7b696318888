//! What stands in a message is shown as Discord shows it, whatever somebody wrote.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use talon_sandbox::{Sandbox, Setup};

use super::chromium::Chromium;
use super::look_at;

/// The timestamps on the page, with ordinary spaces.
const MOMENTS: &str = "[...document.querySelectorAll('.moment')].map((one) => one.textContent.replace(/\\s/g, ' '))";

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).expect("it is later than 1970").as_secs()
}

#[tokio::test]
async fn absurd_timestamps_stay_text_and_hide_nothing() {
    let discord = Sandbox::start(Setup::default()).expect("the sandbox listens");
    let ids = discord.ids();
    let browser = Chromium::start().await;
    let alice = look_at(&browser, &discord, "alice").await;
    let absurd =
        "before <t:99999999999999999:R> <t:-99999999999999999:F> <t:99999999999999999999> <t:NaN:R> <t:1:x> after";

    discord.say(ids.alice, ids.panel, absurd).expect("alice may write there");
    alice.until_says(absurd).await;
    discord.say(ids.alice, ids.panel, "the next message").expect("alice may write there");

    alice.until_says("the next message").await;
    assert!(alice.has("button", "lounge").await, "the channels are there as well");
    assert_eq!(alice.value(MOMENTS).await, serde_json::json!([]));
    browser.end().await;
}

#[tokio::test]
async fn timestamps_are_told_in_each_style_and_in_the_language_of_the_page() {
    let discord = Sandbox::start(Setup::default()).expect("the sandbox listens");
    let ids = discord.ids();
    let browser = Chromium::start().await;
    let alice = look_at(&browser, &discord, "alice").await;
    alice.live_in("UTC").await;
    let styles = ["", ":t", ":T", ":d", ":D", ":f", ":F", ":s", ":S"].map(|style| format!("<t:1618953630{style}>"));
    let hence = format!("<t:{}:R>", seconds(discord.now() + Duration::from_secs(90 * 60)));
    let ago = format!("<t:{}:R> <t:-86400:D>", seconds(discord.now() - Duration::from_secs(60 * 60 * 60)));

    discord.say(ids.alice, ids.panel, &format!("{} {hence} {ago}", styles.join(" "))).expect("alice may write there");

    alice.until_says("April 20, 2021").await;
    let english = [
        "April 20, 2021 at 9:20 PM",
        "9:20 PM",
        "9:20:30 PM",
        "04/20/2021",
        "April 20, 2021",
        "April 20, 2021 at 9:20 PM",
        "Tuesday, April 20, 2021 at 9:20 PM",
        "04/20/2021, 9:20 PM",
        "04/20/2021, 9:20:30 PM",
        "in 1 hour",
        "2 days ago",
        "December 31, 1969",
    ];
    assert_eq!(alice.value(MOMENTS).await, serde_json::json!(english));
    alice.click("button", "Сменить язык на русский").await;
    alice.until_says("через 1 час").await;
    let russian = [
        "20 апреля 2021 г. в 21:20",
        "21:20",
        "21:20:30",
        "20.04.2021",
        "20 апреля 2021 г.",
        "20 апреля 2021 г. в 21:20",
        "вторник, 20 апреля 2021 г. в 21:20",
        "20.04.2021, 21:20",
        "20.04.2021, 21:20:30",
        "через 1 час",
        "2 дня назад",
        "31 декабря 1969 г.",
    ];
    assert_eq!(alice.value(MOMENTS).await, serde_json::json!(russian));
    browser.end().await;
}

#[tokio::test]
async fn a_deadline_counts_down_before_ones_eyes() {
    let discord = Sandbox::start(Setup::default()).expect("the sandbox listens");
    let ids = discord.ids();
    let browser = Chromium::start().await;
    let alice = look_at(&browser, &discord, "alice").await;

    let soon = seconds(discord.now() + Duration::from_secs(4));
    discord.say(ids.alice, ids.panel, &format!("it closes <t:{soon}:R>")).expect("alice may write there");

    alice.until_says("it closes").await;
    alice.until("the deadline to pass", &format!("/second[s]? ago/.test({MOMENTS}[0])")).await;
    browser.end().await;
}
