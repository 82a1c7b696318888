//! Making trouble on the page, and watching the bot live through it.

use super::chromium::Chromium;
use super::window::Window;
use super::{CLOSE, CREATE, look_as, open_ticket};
use crate::demo::Demo;
use crate::stage::Stage;

#[tokio::test]
async fn a_slow_discord_shows_that_the_bot_is_thinking() {
    let stage = Stage::ready().await;
    let browser = Chromium::start().await;
    let alice = look_as(&browser, &stage, "alice").await;
    alice.click("DisclosureTriangle", "Trouble").await;
    alice.focus("combobox", "Calls").await;
    alice.key("c").await;
    alice.click("button", "Slow, 4 s").await;
    alice.until_says("create a channel 1 left").await;

    alice.click("button", CREATE).await;

    alice.until_says("talon is thinking…").await;
    alice.until_says("✅ тикет создан: #alice").await;
    alice.until_silent("talon is thinking…").await;
    alice.until_there("image", "A fault befell this call").await;
    browser.end().await;
}

#[tokio::test]
async fn a_press_fails_while_there_is_no_bot_and_works_again_with_one() {
    let mut stage = Stage::ready().await;
    let browser = Chromium::start().await;
    let alice = look_as(&browser, &stage, "alice").await;
    stage.kill().await;
    alice.until_says("No bot is connected: nobody hears you.").await;

    alice.click("button", CREATE).await;

    alice.until_says("This interaction failed").await;
    stage.start().await;
    alice.until_silent("No bot is connected").await;
    open_ticket(&alice, "alice").await;
    browser.end().await;
}

#[tokio::test]
async fn what_was_done_and_never_confirmed_is_not_done_twice() {
    let stage = Stage::ready().await;
    let browser = Chromium::start().await;
    let alice = look_as(&browser, &stage, "alice").await;
    alice.click("DisclosureTriangle", "Trouble").await;
    alice.focus("combobox", "Calls").await;
    alice.key("c").await;
    alice.click("button", "Reset, but done").await;
    alice.until_says("create a channel 1 left").await;

    open_ticket(&alice, "alice").await;

    alice.until_there("image", "A fault befell this call").await;
    assert_eq!(stage.tickets().len(), 1);
    alice.click("button", "Drop the connection").await;
    alice.until_says("session resumed").await;
    browser.end().await;
}

#[tokio::test]
async fn a_route_that_the_sandbox_does_not_know_is_marked() {
    let stage = Stage::ready().await;
    let browser = Chromium::start().await;
    let alice = look_as(&browser, &stage, "alice").await;
    let url = format!("{}/api/v10/guilds/1/soundboard-sounds", stage.discord.base_url());
    let request = reqwest::Client::builder().no_proxy().build().expect("a client").get(url);

    request.header("user-agent", "DiscordBot (somebody, 1)").send().await.expect("an answer");

    alice.until_says("/soundboard-sounds").await;
    alice.value("document.querySelector('.call.unknown summary').click()").await;
    alice.until_says("The sandbox does not know this route").await;
    browser.end().await;
}

#[tokio::test]
async fn calls_about_a_channel_that_is_gone_still_name_it() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    stage.press_close(ids.alice, ticket);
    stage.until_gone(ticket).await;
    let browser = Chromium::start().await;

    let bob = look_as(&browser, &stage, "bob").await;

    let named = "document.querySelector('.call:has(.DELETE) .path')?.textContent === '/channels/#alice'";
    bob.until("the name of what was deleted", named).await;
    browser.end().await;
}

#[tokio::test]
async fn the_bot_is_killed_from_the_page_and_takes_up_where_it_was() {
    let talon = Demo::start(&[]).await;
    let browser = Chromium::start().await;
    let alice = Window::open(&browser, talon.address()).await;
    open_ticket(&alice, "alice").await;

    alice.click("button", "Kill the bot").await;
    alice.until_says("not connected").await;
    alice.click("button", "Start the bot").await;
    alice.until_silent("not connected").await;
    alice.click("button", CLOSE).await;
    alice.until_says("🔒 тикет будет закрыт через 5 секунд...").await;
    alice.click("button", "Kill and restart").await;
    alice.until_says("#alice has been deleted").await;
    browser.end().await;
    assert!(talon.stop("TERM").await.success());
}
