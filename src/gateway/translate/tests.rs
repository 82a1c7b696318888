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

/// A press of hers, or a use of a command, in channel 50 of server 4.
fn interaction(kind: u8, data: &Value, member: &Value) -> Value {
    json!({
        "id": "60", "application_id": "8", "type": kind, "data": data, "guild_id": "4", "channel_id": "50",
        "member": member, "token": "secret", "version": 1, "locale": "de", "guild_locale": "ru", "entitlements": [],
        "attachment_size_limit": 10, "app_permissions": "0", "authorizing_integration_owners": {}, "context": 0,
    })
}

fn slash(name: &str, member: &Value) -> Option<Heard> {
    hear("INTERACTION_CREATE", &interaction(2, &json!({"id": "80", "name": name, "type": 1}), member))
}

fn written(content: &str, member: &Value) -> Option<Heard> {
    let mut author = member["user"].clone();
    author["bot"] = json!(false);
    let message = json!({
        "id": "60", "channel_id": "50", "guild_id": "4", "author": author, "member": member, "content": content,
        "timestamp": "2026-01-01T00:00:00Z", "edited_timestamp": null, "tts": false, "mention_everyone": false,
        "mentions": [], "mention_roles": [], "attachments": [], "embeds": [], "pinned": false, "type": 0,
    });
    hear("MESSAGE_CREATE", &message)
}

fn hear(kind: &str, data: &Value) -> Option<Heard> {
    let event: Event = serde_json::from_value(json!({"t": kind, "d": data})).expect("an event");
    assert!(!matches!(event, Event::Unknown(_)), "the library reads {kind}");
    meaning(event, &PLACE, SystemTime::UNIX_EPOCH)
}

fn is_pressed(asker: &Asker) -> bool {
    matches!(&asker.entrance, Entrance::Press(press) if press.token == "secret" && press.language == Language::English)
}

#[test]
fn a_slash_command_is_what_its_written_twin_is() {
    let alice = member(&[], 0);
    for ticket in [slash("ticket", &alice), written("!ticket", &alice)] {
        let Some(Heard::Open { guild, asker, name, .. }) = ticket else { panic!("{ticket:?}") };
        assert_eq!((guild, asker.user, name.as_str()), (GuildId(4), UserId(7), "alice"));
    }
    for (roles, expected) in [(&[][..], false), (&["3"], true), (&["5"], false)] {
        let member = member(roles, 0);
        for close in [slash("close", &member), written("!close", &member)] {
            let Some(Heard::Close { guild, channel, asker, support }) = close else { panic!("{close:?}") };
            assert_eq!((guild, channel, asker.user, support), (GuildId(4), ChannelId(50), UserId(7), expected));
        }
    }
}

#[test]
fn with_a_slash_command_discord_tells_who_is_an_administrator() {
    for (permissions, administrator) in [(1 << 3, true), (u64::from(u32::MAX), true), (1 << 4, false), (0, false)] {
        let set_up = slash("setuptickets", &member(&["5"], permissions));
        let Some(Heard::SetUp { rank, .. }) = set_up else { panic!("{set_up:?}") };
        assert_eq!(rank, Rank::Told { administrator }, "{permissions}");
    }
    let set_up = written("!setuptickets", &member(&["5"], 0));
    let Some(Heard::SetUp { rank, .. }) = set_up else { panic!("{set_up:?}") };
    assert_eq!(rank, Rank::Roles(vec![RoleId(5)]));
}

#[test]
fn an_interaction_is_answered_in_the_language_of_its_member() {
    let alice = member(&[], 0);
    let button = json!({"custom_id": "create_ticket_button", "component_type": 2});
    let mut pressed = interaction(3, &button, &alice);
    pressed["message"] = json!({
        "id": "70", "channel_id": "50", "author": alice["user"], "content": "", "timestamp": "2026-01-01T00:00:00Z",
        "edited_timestamp": null, "tts": false, "mention_everyone": false, "mentions": [], "mention_roles": [],
        "attachments": [], "embeds": [], "pinned": false, "type": 0,
    });
    for heard in [hear("INTERACTION_CREATE", &pressed), slash("ticket", &alice)] {
        let Some(Heard::Open { asker, .. }) = heard else { panic!("{heard:?}") };
        assert!(is_pressed(&asker), "{asker:?}");
    }
    // Everybody reads the reply to a message.
    let Some(Heard::Open { asker, .. }) = written("!ticket", &alice) else { panic!("a command") };
    assert!(matches!(asker.entrance, Entrance::Command { language: Language::Russian, .. }), "{asker:?}");
}

#[test]
fn other_commands_are_not_ours() {
    let alice = member(&[], 0);
    assert!(slash("ping", &alice).is_none());
    let menu = interaction(2, &json!({"id": "80", "name": "close", "type": 3, "target_id": "70"}), &alice);
    assert!(hear("INTERACTION_CREATE", &menu).is_none(), "from the menu of a message");
}

#[test]
fn a_new_session_names_the_servers_that_are_going_to_tell_their_channels() {
    let ready = json!({
        "v": 10, "user": {"id": "9", "username": "talon", "discriminator": "0", "avatar": null, "bot": true},
        "guilds": [{"id": "4", "unavailable": true}, {"id": "5", "unavailable": true}],
        "session_id": "s", "resume_gateway_url": "ws://127.0.0.1", "application": {"id": "8", "flags": 0},
    });
    let Some(Heard::Ready { guilds }) = hear("READY", &ready) else { panic!("it is heard") };
    assert_eq!(guilds, [GuildId(4), GuildId(5)]);
}
