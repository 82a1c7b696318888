//! Buttons, menus and forms of another version of the bot, or of a feature that is off: whoever uses one is told so.

use serde_json::{Value, json};

use crate::stage::Stage;

/// Says something in the lounge as the bot, beside the bot that runs.
async fn say_as_bot(stage: &Stage, message: &Value) {
    let url = format!("{}/api/v10/channels/{}/messages", stage.discord.base_url(), stage.discord.ids().lounge);
    let agent = "DiscordBot (https://example.org, 1.0)";
    let client = reqwest::Client::builder().no_proxy().user_agent(agent).build().expect("a client");
    let request = client.post(url).header("Authorization", format!("Bot {}", stage.discord.token()));
    let response =
        request.header("Content-Type", "application/json").body(message.to_string()).send().await.expect("an answer");
    let (status, body) = (response.status(), response.text().await);
    assert!(status.is_success(), "{status}: {body:?}");
}

#[tokio::test]
async fn a_button_or_menu_that_the_bot_does_not_know_is_answered_with_a_sentence() {
    const SORRY: &str =
        "❌ бот больше не знает эту кнопку или команду. если нужна помощь, создай тикет кнопкой на панели";
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let button = json!({"type": 2, "style": 1, "label": "взять", "custom_id": "t1:claim"});
    let options = json!([{"label": "доставка", "value": "delivery"}]);
    let menu = json!({"type": 3, "custom_id": "t1:menu:shop", "options": options});
    let rows = json!([{"type": 1, "components": [button]}, {"type": 1, "components": [menu]}]);
    say_as_bot(&stage, &json!({"content": "из другой версии", "components": rows})).await;

    let pressed = stage.discord.press(ids.alice, ids.lounge, "t1:claim").expect("the button is there");
    let chosen = stage.discord.choose(ids.bob, ids.lounge, "t1:menu:shop", &["delivery"]).expect("the menu is there");

    for interaction in [pressed, chosen] {
        assert_eq!(stage.answer(interaction).await, SORRY);
        let reply = stage.discord.reply(interaction).expect("it was answered");
        assert!(reply.ephemeral, "for them alone");
    }
    assert!(stage.tickets().is_empty());
}
