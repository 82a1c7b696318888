//! Private messages between the bot and one person.

use super::*;

impl Play {
    fn open(&mut self, recipient: Snowflake) -> Snowflake {
        let body = json!({ "recipient_id": recipient });
        let opened = self.check("POST", "/users/@me/channels", body, 200, None);
        opened["id"].as_str().and_then(|id| id.parse().ok()).expect("an id")
    }
}

#[test]
fn a_private_channel_is_opened_once_and_is_no_part_of_the_server() {
    let mut play = play();
    let FixtureIds { alice, bob, guild, bot, adam, .. } = play.ids;
    let channel = play.open(alice);
    assert_eq!(play.open(alice), channel);
    assert_ne!(play.open(bob), channel);
    let told = play.check("GET", format!("/channels/{channel}"), Value::Null, 200, None);
    assert_eq!((&told["type"], &told["recipients"][0]["id"]), (&json!(1), &json!(alice)));
    let listed = play.check("GET", format!("/guilds/{guild}/channels"), Value::Null, 200, None);
    assert_eq!(listed.as_array().map(Vec::len), Some(3));
    let sees = |user| play.world.channels_seen(user).iter().any(|seen| seen.id == channel);
    assert_eq!([sees(alice), sees(bob), sees(adam), sees(bot)], [true, false, false, true]);
    play.check("POST", "/users/@me/channels", json!({ "recipient_id": bot }), 400, Some(50033));
    play.check("POST", "/users/@me/channels", json!({ "recipient_id": "1" }), 400, Some(50033));
}

#[test]
fn what_is_said_in_private_is_heard_with_another_intent_and_always_whole() {
    let mut play = play();
    let alice = play.ids.alice;
    let channel = play.open(alice);
    let sent = play.check("POST", messages(channel), text("psst"), 200, None);
    let seen = play.world.messages_seen(alice, channel).remove(0);
    assert_eq!(seen.notified, [alice]);
    play.world.say(alice, channel, "yes?").expect("she may");
    play.check(
        "DELETE",
        format!("{}/{}", messages(channel), sent["id"].as_str().unwrap_or("")),
        Value::Null,
        204,
        None,
    );
    let events = play.world.take_dispatches();
    let names: Vec<&str> = events.iter().map(|event| event.name).collect();
    assert_eq!(names, ["MESSAGE_CREATE", "MESSAGE_CREATE", "MESSAGE_DELETE"]);
    for event in &events {
        assert_eq!((event.needs, event.data.get("guild_id")), (Intents::DIRECT_MESSAGES, None), "{}", event.name);
    }
    let heard = events[1].for_session(Intents::DIRECT_MESSAGES).expect("it is heard");
    assert_eq!((&heard["content"], heard.get("member")), (&json!("yes?"), None));
}

#[test]
fn a_press_in_private_comes_from_a_user_and_not_from_a_member() {
    let mut play = play();
    let alice = play.ids.alice;
    let channel = play.open(alice);
    let button = json!({ "type": 2, "style": 1, "label": "go", "custom_id": "go" });
    let rows = json!([{ "type": 1, "components": [button] }]);
    play.check("POST", messages(channel), json!({ "content": "press", "components": rows }), 200, None);
    play.heard();
    play.world.press(alice, channel, None, "go").expect("there is a button");
    let event = play.world.take_dispatches().remove(0).data;
    assert_eq!((&event["user"]["id"], &event["context"]), (&json!(alice), &json!(1)));
    assert_eq!((event.get("member"), event.get("guild_id")), (None, None));
}

#[test]
fn who_has_left_is_out_of_reach() {
    let mut play = play();
    let FixtureIds { alice, robot, .. } = play.ids;
    for recipient in [alice, robot] {
        let channel = play.open(recipient);
        play.world.leave(alice);
        play.check("POST", messages(channel), text("psst"), 403, Some(50007));
    }
}
