//! Menus and forms of any bot, used by hand on the page: what is chosen and written arrives at the bot as Discord tells it.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use talon_sandbox::world::Request;
use talon_sandbox::{Sandbox, Setup};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::chromium::Chromium;
use super::look_at;
use super::window::Window;

/// A bot with nothing in it but a connection: it hears interactions, and answers as the story says.
struct Puppet {
    discord: Sandbox,
    line: WebSocketStream<TcpStream>,
}

impl Puppet {
    async fn connect(discord: &Sandbox) -> Self {
        let address = discord.base_url().replace("http://", "");
        let stream = TcpStream::connect(&address).await.expect("the sandbox listens");
        let (mut line, _) =
            tokio_tungstenite::client_async(format!("ws://{address}/?v=10"), stream).await.expect("the gateway opens");
        let identify = json!({ "op": 2, "d": { "token": discord.token(), "intents": 0, "properties": {} } });
        line.send(Message::Text(identify.to_string())).await.expect("the gateway listens");
        Self { discord: discord.clone(), line }
    }

    /// The next interaction.
    async fn hear(&mut self) -> Value {
        while let Some(Ok(message)) = self.line.next().await {
            let Message::Text(text) = message else { continue };
            let frame: Value = serde_json::from_str(&text).expect("the gateway speaks JSON");
            if frame["t"] == "INTERACTION_CREATE" {
                return frame["d"].clone();
            }
        }
        panic!("the gateway hung up");
    }

    /// Sends a request to the interface.
    fn ask(&self, path: &str, body: Value) {
        let request = Request::new("POST", path).body(body).bot(self.discord.token());
        let now = self.discord.now();
        let answer = self.discord.act(|world| world.rest(now, &request));
        assert!(answer.status < 300, "{path}: {:?}", answer.body);
    }

    fn answer(&self, interaction: &Value, body: Value) {
        let (id, token) = (interaction["id"].as_str().unwrap_or_default(), interaction["token"].as_str());
        self.ask(&format!("/interactions/{id}/{}/callback", token.unwrap_or_default()), body);
    }
}

/// Opens the menu of this name, ticks these choices and sends them.
async fn choose(window: &Window, menu: &str, choices: &[&str]) {
    window.click("DisclosureTriangle", menu).await;
    for choice in choices {
        window.click("checkbox", choice).await;
    }
    window.click("button", "Done").await;
}

#[tokio::test]
async fn menus_of_all_kinds_are_used_by_hand() {
    let discord = Sandbox::start(Setup::default()).expect("the sandbox listens");
    let ids = discord.ids();
    let mut bot = Puppet::connect(&discord).await;
    let options = json!([
        { "label": "A bill", "value": "bill", "description": "What was paid, and when" },
        { "label": "A fault", "value": "fault" },
        { "label": "Praise", "value": "praise" },
    ]);
    let row = |menu: Value| json!({ "type": 1, "components": [menu] });
    let rows = [
        row(
            json!({ "type": 3, "custom_id": "t", "placeholder": "What about?", "options": options, "min_values": 1, "max_values": 2 }),
        ),
        row(json!({ "type": 5, "custom_id": "u", "placeholder": "Who?" })),
        row(json!({ "type": 6, "custom_id": "r", "placeholder": "Which role?" })),
        row(json!({ "type": 7, "custom_id": "m", "placeholder": "Whom?", "max_values": 2 })),
        row(json!({ "type": 8, "custom_id": "c", "placeholder": "Where?", "channel_types": [0] })),
    ];
    bot.ask(&format!("/channels/{}/messages", ids.panel), json!({ "content": "choose", "components": rows }));
    let browser = Chromium::start().await;
    let alice = look_at(&browser, &discord, "alice").await;

    choose(&alice, "What about?", &["A bill What was paid, and when", "Praise"]).await;
    let heard = bot.hear().await;
    assert_eq!(heard["data"]["values"], json!(["bill", "praise"]));
    bot.answer(&heard, json!({ "type": 6 }));
    for (menu, choice, value) in [
        ("Who?", "Sue sue", json!([ids.sue])),
        ("Which role?", "support", json!([ids.support_role])),
        ("Where?", "lounge", json!([ids.lounge])),
    ] {
        choose(&alice, menu, &[choice]).await;
        let heard = bot.hear().await;
        assert_eq!(heard["data"]["values"], value, "{menu}");
        bot.answer(&heard, json!({ "type": 6 }));
    }
    choose(&alice, "Whom?", &["Bob bob", "admin"]).await;
    let heard = bot.hear().await;
    assert_eq!(heard["data"]["values"], json!([ids.bob, ids.admin_role]));
    assert!(heard["data"]["resolved"]["users"][ids.bob.to_string()].is_object());
    bot.answer(&heard, json!({ "type": 6 }));

    // More than the menu takes cannot be ticked, and none is too few.
    alice.click("DisclosureTriangle", "What about?").await;
    let done = "document.querySelector('.select[open] .key').disabled";
    assert_eq!(alice.value(done).await, true, "nothing is chosen yet");
    alice.click("checkbox", "A fault").await;
    alice.click("checkbox", "Praise").await;
    assert_eq!(alice.value(done).await, false);
    assert_eq!(alice.value("document.querySelector('.select[open] input:not(:checked)').disabled").await, true);
    alice.key("Escape").await;
    assert_eq!(alice.focused().await, "What about?");
    browser.end().await;
}

#[tokio::test]
async fn a_form_is_filled_in_with_the_keyboard_and_held_to_its_limits() {
    let discord = Sandbox::start(Setup::default()).expect("the sandbox listens");
    let ids = discord.ids();
    let mut bot = Puppet::connect(&discord).await;
    let button = json!({ "type": 2, "style": 1, "label": "tell us", "custom_id": "tell" });
    let body = json!({ "content": "press", "components": [{ "type": 1, "components": [button] }] });
    bot.ask(&format!("/channels/{}/messages", ids.panel), body);
    let browser = Chromium::start().await;
    let alice = look_at(&browser, &discord, "alice").await;
    let input = |field: Value| json!({ "type": 1, "components": [field] });
    let form = json!({ "type": 9, "data": { "custom_id": "form", "title": "What happened?", "components": [
        input(json!({ "type": 4, "custom_id": "title", "style": 1, "label": "In short", "min_length": 5, "max_length": 12, "placeholder": "one line" })),
        input(json!({ "type": 4, "custom_id": "story", "style": 2, "label": "The whole story", "required": false, "value": "It began" })),
    ] } });

    alice.tab_to("tell us").await;
    alice.key("Enter").await;
    let press = bot.hear().await;
    bot.answer(&press, form.clone());
    alice.until_there("dialog", "What happened?").await;
    assert_eq!(alice.focused().await, "In short");
    alice.write("abc").await;
    alice.key("Enter").await;
    assert_eq!(alice.value("document.querySelector('#form input').validity.valid").await, false, "it is too short");
    alice.write("defghijklmnop").await;
    alice.tab_to("The whole story").await;
    alice.key("End").await;
    alice.write(" today.").await;
    alice.tab_to("Submit").await;
    alice.key("Enter").await;

    let sent = bot.hear().await;
    let value = |row: usize| sent["data"]["components"][row]["components"][0]["value"].clone();
    assert_eq!((value(0), value(1)), (json!("abcdefghijkl"), json!("It began today.")));
    alice.until_not_there("dialog", "What happened?").await;
    bot.answer(&sent, json!({ "type": 4, "data": { "content": "thank you", "flags": 64 } }));
    alice.until_says("thank you").await;

    // Put away, it is gone, and the page goes on.
    alice.click("button", "tell us").await;
    let press = bot.hear().await;
    bot.answer(&press, form);
    alice.resize(360, 640).await;
    alice.until_there("dialog", "What happened?").await;
    assert_eq!(alice.nameless().await, [""; 0]);
    let sticks_out = "document.documentElement.scrollWidth > innerWidth";
    assert_eq!(alice.value(sticks_out).await, false, "nothing sticks out on a phone");
    alice.key("Escape").await;
    alice.until_not_there("dialog", "What happened?").await;
    assert_eq!(alice.focused().await, "tell us");
    browser.end().await;
}
