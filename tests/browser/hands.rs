//! The page with the keyboard, by menu, on a phone, in Russian, and for those who cannot see it.

use super::chromium::Chromium;
use super::{CLOSE, CREATE, look_as, open_ticket};
use crate::stage::{Stage, panels};

#[tokio::test]
async fn a_ticket_is_opened_and_closed_with_the_keyboard_alone() {
    let stage = Stage::ready().await;
    let browser = Chromium::start().await;
    let alice = look_as(&browser, &stage, "alice").await;

    alice.tab_to(CREATE).await;
    alice.key("Enter").await;
    alice.until_there("link", "#alice").await;
    alice.tab_to("#alice").await;
    alice.key("Enter").await;
    alice.until_there("button", CLOSE).await;
    alice.tab_to("Message #alice").await;
    alice.write("!close").await;
    alice.key("Enter").await;

    alice.until_says("🔒 тикет будет закрыт").await;
    alice.until_says("#alice has been deleted").await;
    browser.end().await;
}

#[tokio::test]
async fn slash_commands_are_offered_to_whom_they_are_for() {
    let stage = Stage::ready().await;
    stage.until_logged("the slash commands were registered").await;
    let browser = Chromium::start().await;
    let alice = look_as(&browser, &stage, "alice").await;
    alice.click("button", "lounge").await;
    alice.focus("textbox", "Message #lounge").await;

    alice.write("/").await;

    alice.until_says("/ticket").await;
    assert!(!alice.text().await.contains("/setuptickets"), "that one is for administrators");
    alice.write("ticket").await;
    alice.key("Enter").await;
    alice.until_says("✅ тикет создан: #alice").await;
    alice.until_says("Only you can see this").await;
    browser.end().await;
}

#[tokio::test]
async fn the_bot_hears_the_language_of_the_page() {
    let mut stage = Stage::empty();
    stage.set("LOCALE", "auto");
    stage.start().await;
    let browser = Chromium::start().await;
    let alice = look_as(&browser, &stage, "alice").await;
    alice.focus("textbox", "Message #support").await;
    alice.write("/t").await;
    alice.until_says("/ticket create a ticket").await;
    alice.key("Enter").await;
    alice.until_says("✅ ticket created: #alice").await;

    alice.click("button", "Сменить язык на русский").await;
    alice.focus("textbox", "Написать в #support").await;
    alice.write("/т").await;
    alice.until_says("/тикет создать тикет").await;
    alice.key("Enter").await;
    alice.until_says("❌ у тебя уже есть тикет").await;
    browser.end().await;
}

#[tokio::test]
async fn an_administrator_deletes_by_the_menu() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    let browser = Chromium::start().await;
    let adam = look_as(&browser, &stage, "adam").await;
    adam.click("button", "Members").await;

    adam.right_click("button", "Bob").await;
    adam.until_there("menuitem", "Be Bob").await;
    adam.key("ArrowUp").await;
    assert_eq!(adam.focused().await, "Remove Bob");
    adam.key("Enter").await;
    adam.until_not_there("button", "Bob").await;

    adam.click("button", "Actions: support").await;
    adam.key("Escape").await;
    adam.until_not_there("menuitem", "Delete channel").await;

    adam.right_click("button", "alice, private channel, unread").await;
    adam.click("menuitem", "Delete channel").await;
    stage.until_gone(ticket).await;
    adam.until_not_there("button", "alice, private channel, unread").await;

    let panel = stage.panel().await.id;
    adam.focus("button", "Actions: message").await;
    adam.key("Enter").await;
    adam.click("menuitem", "Delete message").await;
    let put_back = || panels(&stage).into_iter().find(|message| message.id != panel);
    stage.until("the panel is deleted, and the bot puts it back", put_back).await;
    adam.until_there("button", CREATE).await;
    browser.end().await;
}

#[tokio::test]
async fn the_support_role_can_be_deleted_and_members_come_back() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let browser = Chromium::start().await;
    let adam = look_as(&browser, &stage, "adam").await;
    adam.click("button", "Members").await;
    adam.right_click("heading", "support — 1").await;
    adam.click("menuitem", "Delete the role “support”").await;
    adam.until_not_there("heading", "support — 1").await;
    assert!(!stage.discord.look(|world| world.guild.roles.contains_key(&ids.support_role)));

    stage.discord.leave(ids.bob);
    let bob = super::window::Window::open(&browser, &format!("{}/?as=bob", stage.discord.base_url())).await;
    bob.until_says("Bob is not on this server.").await;
    bob.click("button", "Let Bob in").await;
    bob.until_there("button", CREATE).await;
    browser.end().await;
}

#[tokio::test]
async fn everything_has_a_name_in_both_languages_and_on_a_phone() {
    let stage = Stage::ready().await;
    let browser = Chromium::start().await;
    let adam = look_as(&browser, &stage, "adam").await;
    adam.click("DisclosureTriangle", "Trouble").await;
    adam.click("button", "Slow, 2 s").await;
    adam.until_says("any call 1 left").await;
    assert_eq!(adam.nameless().await, [""; 0]);

    adam.click("button", "Сменить язык на русский").await;
    adam.until_says("Что бот просит у Discord").await;
    adam.click("button", "Участники").await;
    adam.until_there("button", "Alice").await;
    assert_eq!(adam.nameless().await, [""; 0]);
    assert_eq!(adam.value("document.documentElement.lang").await, "ru");

    adam.resize(390, 844).await;
    adam.go(&format!("{}/?as=alice", stage.discord.base_url())).await;
    adam.until_there("button", CREATE).await;
    adam.click("button", "Каналы").await;
    adam.click("button", "lounge").await;
    adam.until_there("textbox", "Написать в #lounge").await;
    assert_eq!(adam.nameless().await, [""; 0]);
    let overflow = "document.documentElement.scrollWidth > innerWidth";
    assert_eq!(adam.value(overflow).await, false, "nothing sticks out on a phone");
    browser.end().await;
}

#[tokio::test]
async fn new_messages_are_read_aloud_and_the_theme_can_be_chosen() {
    let stage = Stage::ready().await;
    let browser = Chromium::start().await;
    let alice = look_as(&browser, &stage, "alice").await;
    open_ticket(&alice, "alice").await;
    let heard = "document.querySelector('[aria-live=polite]').textContent";
    let ids = stage.discord.ids();
    stage.discord.say(ids.sue, stage.tickets()[0], &format!("hello, <@{}>", ids.alice)).expect("sue may write there");
    alice.until_says("hello, @Alice").await;
    assert!(alice.value(heard).await.as_str().expect("a text").contains("Sue: hello, @Alice"));

    let ink = "getComputedStyle(document.body).color";
    alice.click("button", "Theme: as the system").await;
    alice.until_there("button", "Theme: light").await;
    let light = alice.value(ink).await;
    alice.click("button", "Theme: light").await;
    alice.until_there("button", "Theme: dark").await;
    assert_ne!(alice.value(ink).await, light);
    browser.end().await;
}
