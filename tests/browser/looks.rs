//! Whatever the width, the light and the script: it can be read, and nothing lies in the way.

use super::chromium::Chromium;
use super::{CLOSE, CREATE, look_as, open_ticket};
use crate::stage::Stage;

/// The texts with less contrast than WCAG's AA asks for.
const FAINT: &str = include_str!("contrast.js");
/// How tall the messages are that follow one of the same person.
const FOLLOWERS: &str = "[...document.querySelectorAll('.message.follows')].map((one) => one.offsetHeight)";

#[tokio::test]
async fn every_word_has_enough_contrast_by_day_and_by_night() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    stage.discord.say(ids.alice, ticket, "`code` and <https://example.com>, @everyone").expect("it is her ticket");
    let browser = Chromium::start().await;
    let adam = look_as(&browser, &stage, "adam").await;
    adam.resize(1600, 900).await;
    adam.click("button", "alice, private channel, unread").await;
    adam.click("button", CLOSE).await;
    adam.until_says("Only you can see this").await;
    adam.click("DisclosureTriangle", "Trouble").await;
    adam.click("button", "429, wait 2 s").await;
    adam.click("button", "Send events twice").await;
    adam.until_says("any call 1 left").await;

    for scheme in ["light", "dark"] {
        adam.prefer(scheme).await;
        assert_eq!(adam.value(FAINT).await, serde_json::json!([]), "{scheme}");
    }
    browser.end().await;
}

#[tokio::test]
async fn side_columns_give_way_where_there_is_no_room() {
    let stage = Stage::ready().await;
    let browser = Chromium::start().await;
    let alice = look_as(&browser, &stage, "alice").await;
    alice.resize(820, 1000).await;
    alice.until_not_there("button", "Slow, 2 s").await;
    alice.click("button", "What the bot asks of Discord").await;
    alice.until_says("connected").await;
    alice.click("button", "lounge").await;
    alice.until_silent("connected").await;

    for width in [360, 390, 768] {
        alice.resize(width, 800).await;
        assert_eq!(alice.value("document.documentElement.scrollWidth").await, width, "nothing sticks out");
    }
    alice.resize(360, 800).await;
    alice.click("button", "Channels").await;
    assert_eq!(alice.focused().await, "lounge", "the list has the focus, at the channel one is in");
    alice.key("Escape").await;
    alice.until_not_there("button", "support").await;
    browser.end().await;
}

#[tokio::test]
async fn names_from_right_to_left_turn_nothing_else_around() {
    let stage = Stage::ready().await;
    let salam = stage.discord.join("مرحبا");
    let ticket = stage.open(salam).await;
    for word in ["one", "two"] {
        stage.discord.say(salam, ticket, word).expect("it is their ticket");
    }
    let browser = Chromium::start().await;
    let sue = look_as(&browser, &stage, "sue").await;
    sue.click("button", "مرحبا, private channel, unread").await;
    sue.until_says("@support").await;

    let places = "[...document.querySelectorAll('.words .mention')].map((one) => one.getBoundingClientRect().left)";
    let places: Vec<f64> = serde_json::from_value(sue.value(places).await).expect("two places");
    assert!(places[0] < places[1], "the one mentioned first stands first: {places:?}");
    let heights: Vec<f64> = serde_json::from_value(sue.value(FOLLOWERS).await).expect("heights");
    assert!(heights.len() == 1 && heights[0] < 40.0, "one line is as tall as one line: {heights:?}");
    browser.end().await;
}

#[tokio::test]
async fn hints_lead_from_the_first_press_to_what_an_administrator_can_break() {
    let mut stage = Stage::ready().await;
    let browser = Chromium::start().await;
    let alice = look_as(&browser, &stage, "alice").await;
    open_ticket(&alice, "alice").await;
    let sue = look_as(&browser, &stage, "sue").await;
    alice.go(&format!("{}/?as=alice#{}", stage.discord.base_url(), stage.tickets()[0])).await;
    alice.until_says("Talk to each other; then make trouble").await;

    stage.kill().await;
    alice.click("button", CLOSE).await;
    alice.until_says("Discord gives a bot three seconds to answer, and there is none.").await;
    stage.start().await;
    alice.until_says("and this one was late. Press again.").await;
    sue.click("DisclosureTriangle", "Trouble").await;
    sue.click("button", "Drop the connection").await;
    sue.click("button", CREATE).await;
    sue.until_says("There is more that only an administrator can break:").await;

    sue.click("link", "Be Olga").await;
    sue.until_says("Right-click a channel, a message, a role or a member").await;
    sue.click("button", "No more hints").await;
    sue.until_silent("Right-click a channel").await;
    browser.end().await;
}
