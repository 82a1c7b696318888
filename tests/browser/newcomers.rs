//! What each finds who comes to the page: a channel, a hint that fits, and no leftovers of others.

use super::chromium::Chromium;
use super::{CLOSE, CREATE, look_as, open_ticket};
use crate::stage::Stage;

#[tokio::test]
async fn a_hint_fits_who_one_is() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    let browser = Chromium::start().await;
    let window = look_as(&browser, &stage, "bob").await;
    window.until_says("You are Bob, on a small Discord of your own. Press the button under the message.").await;

    let page = |who: &str| format!("{}/?as={who}", stage.discord.base_url());
    window.go(&page("sue")).await;
    window.until_says("You are Sue, and you help others.").await;
    window.until_there("link", "open a second window as Alice").await;
    window.go(&format!("{}#{ticket}", page("sue"))).await;
    window.until_says("You are Sue, and see this private channel because of your role.").await;
    for (who, name) in [("adam", "Adam"), ("olga", "Olga")] {
        window.go(&page(who)).await;
        window.until_says(&format!("You are {name}, with power over this server")).await;
    }

    stage.discord.leave(ids.bob);
    window.go(&page("bob")).await;
    window.until_says("Bob is outside").await;
    window.click("link", "Be Alice").await;
    window.until_there("button", CREATE).await;
    browser.end().await;
}

#[tokio::test]
async fn somebody_new_begins_where_they_can_see_something() {
    let stage = Stage::ready().await;
    let browser = Chromium::start().await;
    let window = look_as(&browser, &stage, "alice").await;
    open_ticket(&window, "alice").await;

    window.focus("combobox", "You are").await;
    window.key("End").await;

    window.until_there("textbox", "Message #support").await;
    window.until_there("button", CREATE).await;
    assert_eq!(window.value("document.title").await, "#support · Vera · sandbox");
    browser.end().await;
}

#[tokio::test]
async fn a_private_answer_is_not_there_after_a_reload() {
    let stage = Stage::ready().await;
    let browser = Chromium::start().await;
    let alice = look_as(&browser, &stage, "alice").await;
    alice.click("button", CREATE).await;
    alice.until_says("✅ тикет создан: #alice").await;

    alice.go(&format!("{}/?as=alice&again", stage.discord.base_url())).await;

    alice.until_there("button", "alice, private channel, unread").await;
    assert!(!alice.text().await.contains("тикет создан"));
    alice.click("button", CREATE).await;
    alice.until_says("❌ у тебя уже есть тикет").await;
    browser.end().await;
}

#[tokio::test]
async fn what_became_of_a_channel_is_not_said_over_the_next_of_its_name() {
    let stage = Stage::ready().await;
    let browser = Chromium::start().await;
    let alice = look_as(&browser, &stage, "alice").await;
    open_ticket(&alice, "alice").await;
    alice.click("button", CLOSE).await;
    alice.until_says("#alice has been deleted").await;

    // The sentence stays for some seconds; the new channel is there well before it would go by itself.
    alice.value("window.said = performance.now()").await;
    stage.open(stage.discord.ids().alice).await;

    alice.until_there("button", "alice, private channel, unread").await;
    alice.until_silent("#alice has been deleted").await;
    alice.until("the sentence to go at once", "performance.now() - window.said < 5900").await;
    browser.end().await;
}

#[tokio::test]
async fn files_are_sent_by_hand_and_shown() {
    let stage = Stage::ready().await;
    let browser = Chromium::start().await;
    let alice = look_as(&browser, &stage, "alice").await;
    open_ticket(&alice, "alice").await;
    let folder = tempfile::TempDir::new().expect("a folder");
    let picture = folder.path().join("a #1 50%?.gif");
    let pixel: &[u8] =
        b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
    std::fs::write(&picture, pixel).expect("the picture can be written");
    let (script, unwanted) = (folder.path().join("счёт «5».html"), folder.path().join("unwanted.txt"));
    std::fs::write(&script, "<script>document.title = 'run'</script>paid").expect("the page can be written");
    std::fs::write(&unwanted, "no").expect("the text can be written");

    alice.choose_files("file", &[&picture, &script, &unwanted]).await;
    alice.click("button", "Remove unwanted.txt").await;
    alice.focus("textbox", "Message #alice").await;
    alice.write("here they are").await;
    alice.key("Enter").await;

    alice.until_says("here they are").await;
    alice.until_there("image", "a #1 50%?.gif").await;
    alice.until("the picture to arrive", "document.querySelector('.picture img').naturalWidth === 1").await;
    alice.until_not_there("button", "Remove unwanted.txt").await;
    let sent = stage.discord.messages(stage.discord.ids().alice, stage.tickets()[0]).pop().expect("a message");
    let names: Vec<&str> = sent.files.iter().filter_map(|file| file["filename"].as_str()).collect();
    assert_eq!(names, ["a #1 50%?.gif", "счёт «5».html"]);
    // A page that was sent is text: its script is read and not run.
    alice.go(sent.files[1]["url"].as_str().expect("an address")).await;
    alice.until_says("<script>document.title = 'run'</script>paid").await;
    browser.end_after(&["Blocked script execution"]).await;
}
