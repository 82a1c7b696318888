//! Reactions: who may give them, and what is heard of them.

use super::*;

#[test]
fn reactions_are_given_counted_and_taken_back() {
    let mut play = play();
    let FixtureIds { lounge, alice, bot_role, .. } = play.ids;
    let said = play.world.say(alice, lounge, "hi").expect("alice may write");
    let path = format!("{}/{said}/reactions", messages(lounge));
    let ticket = format!("{path}/%F0%9F%8E%AB");
    play.check("PUT", format!("{ticket}/@me"), Value::Null, 403, Some(50013));
    let more = Start::default().bot_permissions | Permissions::ADD_REACTIONS;
    play.world.change_role(bot_role, |role| role.permissions = more);
    play.check("PUT", format!("{path}/word/@me"), Value::Null, 400, Some(10014));
    play.heard();
    for _ in 0..2 {
        play.check("PUT", format!("{ticket}/@me"), Value::Null, 204, None);
    }
    play.world.react(alice, lounge, said, "🎫", true).expect("alice may");
    assert_eq!(play.heard(), ["MESSAGE_REACTION_ADD", "MESSAGE_REACTION_ADD"], "a second time is none");
    let told = play.check("GET", format!("{}/{said}", messages(lounge)), Value::Null, 200, None);
    let reaction = &told["reactions"][0];
    assert_eq!(
        (&reaction["emoji"]["name"], &reaction["count"], &reaction["me"]),
        (&json!("🎫"), &json!(2), &json!(true))
    );
    let users = play.check("GET", ticket.clone(), Value::Null, 200, None);
    assert_eq!(users.as_array().map(Vec::len), Some(2));
    play.check("DELETE", format!("{ticket}/@me"), Value::Null, 204, None);
    play.check("DELETE", format!("{ticket}/{alice}"), Value::Null, 204, None);
    assert_eq!(play.heard(), ["MESSAGE_REACTION_REMOVE", "MESSAGE_REACTION_REMOVE"]);
    let told = play.check("GET", format!("{}/{said}", messages(lounge)), Value::Null, 200, None);
    assert_eq!(told.get("reactions"), None);
}

#[test]
fn reactions_have_a_limit_and_are_cleared_by_who_manages_messages() {
    let mut play = play();
    let FixtureIds { lounge, alice, bot_role, .. } = play.ids;
    let said = play.world.say(alice, lounge, "hi").expect("alice may write");
    let path = format!("{}/{said}/reactions", messages(lounge));
    let more = Start::default().bot_permissions | Permissions::ADD_REACTIONS;
    play.world.change_role(bot_role, |role| role.permissions = more);
    for emoji in ('😀'..).take(20) {
        play.check("PUT", format!("{path}/{emoji}/@me"), Value::Null, 204, None);
    }
    play.check("PUT", format!("{path}/🎫/@me"), Value::Null, 400, Some(30010));
    play.heard();
    play.check("DELETE", format!("{path}/😀"), Value::Null, 204, None);
    play.check("DELETE", path.clone(), Value::Null, 204, None);
    assert_eq!(play.heard(), ["MESSAGE_REACTION_REMOVE_EMOJI", "MESSAGE_REACTION_REMOVE_ALL"]);
    let fewer = more.without(Permissions::MANAGE_MESSAGES);
    play.world.change_role(bot_role, |role| role.permissions = fewer);
    play.check("DELETE", path, Value::Null, 403, Some(50013));
}
