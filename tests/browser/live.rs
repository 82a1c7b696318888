//! Several people at their windows, each seeing what is theirs to see, at once.

use super::chromium::Chromium;
use super::window::Window;
use super::{CLOSE, CREATE, look_as, open_ticket};
use crate::stage::Stage;

#[tokio::test]
async fn a_member_opens_a_ticket_by_clicking() {
    let stage = Stage::ready().await;
    let browser = Chromium::start().await;
    let alice = look_as(&browser, &stage, "alice").await;
    alice.until_says("You are Alice, on a small Discord of your own. Press the button under the message.").await;
    assert!(!alice.has("button", "alice, private channel").await, "there is no ticket yet");

    alice.click("button", CREATE).await;

    alice.until_says("✅ тикет создан: #alice").await;
    alice.until_says("Only you can see this").await;
    alice.until_there("button", "alice, private channel, unread").await;
    alice.until_says("Follow the link to it.").await;
    alice.click("link", "#alice").await;
    alice.until_says("@Alice @support - новый тикет!").await;
    alice.until_there("button", CLOSE).await;
    alice.until_there("link", "open a second window as Sue").await;
    browser.end().await;
}

#[tokio::test]
async fn two_windows_of_two_people_go_on_side_by_side() {
    let stage = Stage::ready().await;
    let browser = Chromium::start().await;
    let sue = look_as(&browser, &stage, "sue").await;
    let alice = look_as(&browser, &stage, "alice").await;

    open_ticket(&alice, "alice").await;
    sue.click("button", "alice, private channel, unread").await;
    sue.until_says("новый тикет!").await;
    alice.focus("textbox", "Message #alice").await;
    alice.write("the <b>door</b> is **stuck**, @Sue").await;
    alice.key("Enter").await;

    sue.until_says("the <b>door</b> is stuck, @Sue").await;
    assert_eq!(sue.value("document.querySelectorAll('#messages b').length").await, 1, "only the embed's own");
    sue.focus("textbox", "Message #alice").await;
    sue.write("on my way").await;
    sue.key("Enter").await;
    alice.until_says("on my way").await;
    browser.end().await;
}

#[tokio::test]
async fn a_stranger_is_told_that_there_is_no_such_channel() {
    let stage = Stage::ready().await;
    let ticket = stage.open(stage.discord.ids().alice).await;
    let browser = Chromium::start().await;
    let bob = look_as(&browser, &stage, "bob").await;
    assert!(!bob.has("button", "alice, private channel, unread").await, "it is not in the list");

    bob.go(&format!("{}/?as=bob#{ticket}", stage.discord.base_url())).await;

    bob.until_says("Bob sees no such channel. It is private, or it is gone.").await;
    bob.click("button", "Go to #support").await;
    bob.until_there("button", CREATE).await;
    browser.end().await;
}

#[tokio::test]
async fn an_administrator_may_look_but_not_close_and_puts_the_answer_away() {
    let stage = Stage::ready().await;
    stage.open(stage.discord.ids().alice).await;
    let browser = Chromium::start().await;
    let adam = look_as(&browser, &stage, "adam").await;
    adam.click("button", "alice, private channel, unread").await;

    adam.click("button", CLOSE).await;

    adam.until_says("❌ нет прав").await;
    adam.click("button", "Dismiss message").await;
    adam.until_silent("❌ нет прав").await;
    browser.end().await;
}

#[tokio::test]
async fn a_closed_ticket_goes_before_everybodys_eyes() {
    let stage = Stage::closing_after("2s").await;
    let browser = Chromium::start().await;
    let alice = look_as(&browser, &stage, "alice").await;
    open_ticket(&alice, "alice").await;
    let sue = look_as(&browser, &stage, "sue").await;
    sue.click("button", "alice, private channel, unread").await;

    sue.click("button", CLOSE).await;

    alice.until_says("🔒 тикет будет закрыт через 2 секунды...").await;
    alice.until_says("#alice has been deleted").await;
    alice.until_there("button", CREATE).await;
    sue.until_not_there("button", "alice, private channel").await;
    browser.end().await;
}

#[tokio::test]
async fn one_can_become_somebody_else_and_somebody_new() {
    let stage = Stage::ready().await;
    let browser = Chromium::start().await;
    let window = look_as(&browser, &stage, "alice").await;

    window.focus("combobox", "You are").await;
    window.key("ArrowDown").await;
    window.until_says("You are Bob").await;
    assert_eq!(window.value("location.search").await, "?as=bob");
    window.key("End").await;
    window.until_says("You are Vera").await;

    open_ticket(&window, "vera").await;
    let address = window.value("location.href").await;
    let back = Window::open(&browser, address.as_str().expect("an address")).await;
    back.until_says("@Vera @support - новый тикет!").await;
    browser.end().await;
}
