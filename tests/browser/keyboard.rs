//! Whoever uses the keyboard stays where they were, whatever vanishes around them.

use super::chromium::Chromium;
use super::{CLOSE, CREATE, look_as};
use crate::stage::Stage;

#[tokio::test]
async fn the_focus_stays_at_hand_when_what_had_it_goes_away() {
    let stage = Stage::closing_after("1s").await;
    let browser = Chromium::start().await;
    let alice = look_as(&browser, &stage, "alice").await;

    alice.tab_to(CREATE).await;
    alice.key("Enter").await;
    alice.until_says("✅ тикет создан: #alice").await;
    assert_eq!(alice.focused().await, CREATE, "a press leaves the focus at the button");
    alice.tab_to("Dismiss message").await;
    alice.key("Enter").await;
    alice.until_silent("✅ тикет создан").await;
    assert_eq!(alice.focused().await, CREATE, "the neighbour has it when an answer is put away");

    alice.focus("button", "alice, private channel, unread").await;
    alice.key("Enter").await;
    alice.tab_to(CLOSE).await;
    alice.key("Enter").await;
    alice.until_says("#alice has been deleted").await;
    assert_eq!(alice.focused().await, "Message #support", "the box of the channel one is in now");
    browser.end().await;
}

#[tokio::test]
async fn a_menu_gives_the_focus_back() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    stage.discord.say(ids.bob, ids.lounge, "one").expect("bob may write there");
    let browser = Chromium::start().await;
    let adam = look_as(&browser, &stage, "adam").await;
    adam.click("button", "lounge, unread").await;
    adam.until_says("one").await;

    adam.focus("button", "Actions: message").await;
    adam.key("Enter").await;
    adam.until_there("menuitem", "Delete message").await;
    adam.key("Escape").await;
    assert_eq!(adam.focused().await, "Actions: message");

    // Redrawn while the menu is open: the button in its place has the focus.
    adam.key("Enter").await;
    stage.discord.rename(ids.bob, "Robert");
    adam.until_says("Robert").await;
    adam.key("Escape").await;
    assert_eq!(adam.focused().await, "Actions: message");

    // Its deed takes away what it belongs to.
    adam.key("Enter").await;
    adam.key("Enter").await;
    adam.until_silent("one").await;
    assert_eq!(adam.focused().await, "Messages", "the list, where no row has anything to press");
    browser.end().await;
}
