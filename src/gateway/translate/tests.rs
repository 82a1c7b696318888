use serde_json::{Value, json};

use super::*;
use crate::gateway::PLACE;

/// Alice, with these roles and permissions.
fn member(roles: &[&str], permissions: u64) -> Value {
    json!({
        "user": {"id": "7", "username": "alice", "discriminator": "0", "global_name": "Alice", "avatar": null},
        "roles": roles, "permissions": permissions.to_string(), "deaf": false, "mute": false, "flags": 0,
        "joined_at": "2020-01-01T00:00:00Z", "nick": null, "avatar": null, "premium_since": null, "pending": false,
    })
}

/// An interaction of hers in channel 50 of server 4: type 3 is a button, type 2 a command.
fn interaction(kind: u8, data: &Value, member: &Value) -> Value {
    json!({
        "id": "60", "application_id": "8", "type": kind, "data": data, "guild_id": "4", "channel_id": "50",
        "member": member, "token": "secret", "version": 1, "locale": "de", "guild_locale": "ru", "entitlements": [],
        "attachment_size_limit": 10, "app_permissions": "0", "authorizing_integration_owners": {}, "context": 0,
    })
}

fn press(button: &Value, member: &Value) -> Value {
    let mut pressed = interaction(3, button, member);
    pressed["message"] = json!({
        "id": "70", "channel_id": "50", "author": member["user"], "content": "", "timestamp": "2026-01-01T00:00:00Z",
        "edited_timestamp": null, "tts": false, "mention_everyone": false, "mentions": [], "mention_roles": [],
        "attachments": [], "embeds": [], "pinned": false, "type": 0,
    });
    pressed
}

fn slash_command(name: &str, member: &Value) -> Option<DiscordEvent> {
    translate_json("INTERACTION_CREATE", &interaction(2, &json!({"id": "80", "name": name, "type": 1}), member))
}

fn written_command(content: &str, member: &Value) -> Option<DiscordEvent> {
    let mut author = member["user"].clone();
    author["bot"] = json!(false);
    let message = json!({
        "id": "60", "channel_id": "50", "guild_id": "4", "author": author, "member": member, "content": content,
        "timestamp": "2026-01-01T00:00:00Z", "edited_timestamp": null, "tts": false, "mention_everyone": false,
        "mentions": [], "mention_roles": [], "attachments": [], "embeds": [], "pinned": false, "type": 0,
    });
    translate_json("MESSAGE_CREATE", &message)
}

fn translate_json(kind: &str, data: &Value) -> Option<DiscordEvent> {
    let event: Event = serde_json::from_value(json!({"t": kind, "d": data})).expect("an event");
    assert!(!matches!(event, Event::Unknown(_)), "serenity parses {kind}");
    translate(event, &PLACE, SystemTime::UNIX_EPOCH)
}

fn has_english_interaction(requester: &Requester) -> bool {
    matches!(&requester.origin, Origin::Interaction(press) if press.token == "secret" && press.language == Language::English)
}

#[test]
fn a_slash_command_and_a_written_one_are_translated_alike() {
    let alice = member(&[], 0);
    for ticket in [slash_command("ticket", &alice), written_command("!ticket", &alice)] {
        let Some(DiscordEvent::Open { guild, requester, name, .. }) = ticket else { panic!("{ticket:?}") };
        assert_eq!((guild, requester.user, name.as_str()), (GuildId(4), UserId(7), "alice"));
    }
    for (roles, expected) in [(&[][..], false), (&["3"], true), (&["5"], false)] {
        let member = member(roles, 0);
        for close in [slash_command("close", &member), written_command("!close", &member)] {
            let Some(DiscordEvent::Close { guild, channel, requester, support, .. }) = close else {
                panic!("{close:?}")
            };
            assert_eq!((guild, channel, requester.user, support), (GuildId(4), ChannelId(50), UserId(7), expected));
        }
    }
}

#[test]
fn a_slash_command_carries_whether_its_member_is_an_administrator() {
    for (permissions, administrator) in [(1 << 3, true), (u64::from(u32::MAX), true), (1 << 4, false), (0, false)] {
        let set_up = slash_command("setuptickets", &member(&["5"], permissions));
        let Some(DiscordEvent::SetUp { rank, .. }) = set_up else { panic!("{set_up:?}") };
        assert_eq!(rank, Rank::Known { administrator }, "{permissions}");
    }
    let set_up = written_command("!setuptickets", &member(&["5"], 0));
    let Some(DiscordEvent::SetUp { rank, .. }) = set_up else { panic!("{set_up:?}") };
    assert_eq!(rank, Rank::Roles(vec![RoleId(5)]));
}

#[test]
fn an_interaction_is_answered_in_the_language_of_its_member() {
    let alice = member(&[], 0);
    let button = json!({"custom_id": "create_ticket_button", "component_type": 2});
    let pressed = press(&button, &alice);
    for heard in [translate_json("INTERACTION_CREATE", &pressed), slash_command("ticket", &alice)] {
        let Some(DiscordEvent::Open { requester, .. }) = heard else { panic!("{heard:?}") };
        assert!(has_english_interaction(&requester), "{requester:?}");
    }
    // The whole channel sees the reply to a message.
    let Some(DiscordEvent::Open { requester, .. }) = written_command("!ticket", &alice) else { panic!("a command") };
    assert!(matches!(requester.origin, Origin::Message { language: Language::Russian, .. }), "{requester:?}");
}

#[test]
fn whoever_uses_what_the_bot_does_not_know_is_to_be_told_so() {
    let alice = member(&[], 0);
    let unknown = |heard: Option<DiscordEvent>| matches!(heard, Some(DiscordEvent::Unknown(requester)) if has_english_interaction(&requester));
    assert!(unknown(slash_command("ping", &alice)));
    let message_command = json!({"id": "80", "name": "close", "type": 3, "target_id": "70"});
    let button = json!({"custom_id": "t1:claim", "component_type": 2});
    let form = json!({"custom_id": "t1:form:shop:1", "components": []});
    let events = [interaction(2, &message_command, &alice), press(&button, &alice), interaction(5, &form, &alice)];
    for event in events {
        assert!(unknown(translate_json("INTERACTION_CREATE", &event)), "{event}");
    }
}

#[test]
fn ready_names_the_servers_whose_channels_follow() {
    let ready = json!({
        "v": 10, "user": {"id": "9", "username": "talon", "discriminator": "0", "avatar": null, "bot": true},
        "guilds": [{"id": "4", "unavailable": true}, {"id": "5", "unavailable": true}],
        "session_id": "s", "resume_gateway_url": "ws://127.0.0.1", "application": {"id": "8", "flags": 0},
    });
    let Some(DiscordEvent::Ready { guilds }) = translate_json("READY", &ready) else { panic!("READY is translated") };
    assert_eq!(guilds, [GuildId(4), GuildId(5)]);
}
