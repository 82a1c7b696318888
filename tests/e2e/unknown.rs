//! Buttons, menus and forms of another version of the bot, or of a feature that is off: whoever uses one is told so.

use serde_json::json;

use crate::stage::Stage;

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
    let message = json!({"content": "из другой версии", "components": rows});
    stage.as_bot("POST", &format!("/channels/{}/messages", ids.lounge), message);

    let pressed = stage.discord.press(ids.alice, ids.lounge, "t1:claim").expect("the button is there");
    let chosen = stage.discord.choose(ids.bob, ids.lounge, "t1:menu:shop", &["delivery"]).expect("the menu is there");

    for interaction in [pressed, chosen] {
        assert_eq!(stage.answer(interaction).await, SORRY);
        let reply = stage.discord.reply(interaction).expect("it was answered");
        assert!(reply.ephemeral, "for them alone");
    }
    assert!(stage.tickets().is_empty());
}
