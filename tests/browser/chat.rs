//! The chat behaves as one expects of a chat: it offers, keeps in sight, and gives back.

use super::chromium::Chromium;
use super::window::Window;
use super::{CLOSE, CREATE, look_as, open_ticket};
use crate::demo::Demo;
use crate::stage::Stage;

/// How far the end of the messages is out of sight.
const BELOW: &str = "(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight)\
                     (document.getElementById('messages'))";
const TO_THE_TOP: &str = "document.getElementById('messages').scrollTop = 0";
const DRAFT: &str = "document.getElementById('text').value";

#[tokio::test]
async fn what_one_waits_for_comes_into_sight_and_what_others_write_is_told_of() {
    let stage = Stage::closing_after("3s").await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    for line in 0..60 {
        stage.discord.say(ids.sue, ticket, &format!("line {line}")).expect("sue may write there");
    }
    let browser = Chromium::start().await;
    let alice = look_as(&browser, &stage, "alice").await;
    alice.click("button", "alice, private channel, unread").await;
    alice.until("the end", "document.getElementById('messages').innerText.includes('line 59')").await;
    assert!(alice.value(BELOW).await.as_f64() < Some(2.0), "one begins with the newest");

    alice.value(TO_THE_TOP).await;
    stage.discord.say(ids.sue, ticket, "are you there?").expect("sue may write there");
    alice.until_there("button", "New messages ↓").await;
    assert_eq!(alice.value("document.getElementById('messages').scrollTop").await, 0, "nobody is torn from reading");
    alice.click("button", "New messages ↓").await;
    alice.until("the end", &format!("{BELOW} < 2")).await;
    alice.until_not_there("button", "New messages ↓").await;

    alice.click("button", CLOSE).await;
    alice.until_says("🔒 тикет будет закрыт через 3 секунды...").await;
    alice.until("the announcement", &format!("{BELOW} < 2")).await;
    browser.end().await;
}

#[tokio::test]
async fn names_are_offered_and_taken_with_the_keyboard() {
    let stage = Stage::ready().await;
    let browser = Chromium::start().await;
    let alice = look_as(&browser, &stage, "alice").await;
    open_ticket(&alice, "alice").await;
    alice.focus("textbox", "Message #alice").await;

    alice.write("hello @s").await;
    alice.until_there("button", "@Sue").await;
    assert!(!alice.has("button", "@Bob").await, "whoever does not see the channel is not offered");
    alice.key("ArrowUp").await;
    assert_eq!(alice.focused().await, "@support");
    alice.key("ArrowUp").await;
    alice.key("Enter").await;
    assert_eq!(alice.value(DRAFT).await, "hello @Sue ");
    alice.key("Enter").await;
    alice.until_says("hello @Sue").await;

    alice.write("@a").await;
    alice.until_there("button", "@Adam").await;
    alice.key("Escape").await;
    alice.until_not_there("button", "@Adam").await;
    alice.key("Enter").await;
    alice.until("the box to be empty", &format!("{DRAFT} === ''")).await;
    alice.until_says("@a").await;
    browser.end().await;
}

#[tokio::test]
async fn the_first_link_leads_to_the_box_and_nowhere_else() {
    let stage = Stage::ready().await;
    let browser = Chromium::start().await;
    let alice = look_as(&browser, &stage, "alice").await;

    alice.tab_to("To the message box").await;
    alice.key("Enter").await;

    assert_eq!(alice.focused().await, "Message #support");
    assert_eq!(alice.value("location.hash").await, "");
    browser.end().await;
}

#[tokio::test]
async fn the_page_survives_the_sandbox_and_loses_no_words() {
    let talon = Demo::start(&[]).await;
    let (address, port) = (talon.address().to_owned(), talon.port().to_owned());
    let browser = Chromium::start().await;
    let alice = Window::open(&browser, &address).await;
    open_ticket(&alice, "alice").await;

    assert!(talon.stop("TERM").await.success());
    alice.until_says("The sandbox does not answer.").await;
    alice.focus("textbox", "Message #alice").await;
    alice.write("is anybody there?").await;
    alice.key("Enter").await;
    alice.until("the words to come back", &format!("{DRAFT} === 'is anybody there?'")).await;

    let again = Demo::start_at(&port, &[]).await;
    alice.until_says("The sandbox was started anew.").await;
    alice.until_there("button", CREATE).await;
    alice.until_silent("The sandbox does not answer.").await;
    assert_eq!(alice.value(DRAFT).await, "is anybody there?");
    browser.end_after(&["net::ERR_"]).await;
    assert!(again.stop("TERM").await.success());
}
