use std::time::SystemTime;

use super::*;
use crate::gateway::translate;

const PLACE: Place = Place::EXAMPLE;

fn translate_json(kind: &str, data: &Value) -> Option<DiscordEvent> {
    let event: Event = serde_json::from_value(json!({ "t": kind, "d": data })).expect("an event");
    translate(event, &PLACE, SystemTime::UNIX_EPOCH)
}

/// The minimal event has the same meaning as the complete one, which serenity can parse.
fn check(kind: &str, minimal: &Value, added: &Value) {
    let mut complete = minimal.clone();
    merge(&mut complete, added);
    let event = serde_json::from_value(json!({ "t": kind, "d": complete })).expect("an event");
    assert!(!matches!(event, Event::Unknown(_)), "serenity parses {kind} as Discord sends it");
    let event = serde_json::from_value(json!({ "t": kind, "d": minimal })).expect("an event");
    assert!(matches!(event, Event::Unknown(_)), "serenity does not parse {minimal}");
    let (recovered, expected) = (translate_json(kind, minimal), translate_json(kind, &complete));
    assert!(recovered.is_some(), "{minimal}");
    assert_eq!(format!("{recovered:?}"), format!("{expected:?}"));
}

fn merge(target: &mut Value, added: &Value) {
    match (target, added) {
        (Value::Object(target), Value::Object(added)) => {
            for (name, value) in added {
                merge(target.entry(name).or_insert(Value::Null), value);
            }
        }
        (target, added) => *target = added.clone(),
    }
}

fn message_fields() -> Value {
    json!({
        "timestamp": "2026-01-01T00:00:00Z", "edited_timestamp": null, "tts": false, "mention_everyone": false,
        "mentions": [], "mention_roles": [], "attachments": [], "embeds": [], "pinned": false, "type": 0,
    })
}

#[test]
fn an_interaction_needs_only_its_member_channel_and_command() {
    let added = json!({
        "application_id": "8", "version": 1, "locale": "ru", "entitlements": [], "attachment_size_limit": 10,
        "member": {"deaf": false, "mute": false, "flags": 0}, "data": {"component_type": 2},
    });
    for roles in [json!([]), json!(["3"])] {
        let member = json!({"user": {"id": "7", "username": "alice"}, "roles": roles, "permissions": "8"});
        for button in ["create_ticket_button", "close_ticket_button"] {
            let minimal = json!({
                "id": "60", "type": 3, "token": "t", "guild_id": "4", "channel_id": "50", "member": member,
                "data": {"custom_id": button},
            });
            let mut added = added.clone();
            added["message"] = message_fields();
            merge(
                &mut added["message"],
                &json!({"id": "70", "channel_id": "50", "content": "", "author": member["user"]}),
            );
            check("INTERACTION_CREATE", &minimal, &added);
        }
        for command in ["ticket", "close", "setuptickets", "explain"] {
            let minimal = json!({
                "id": "60", "type": 2, "token": "t", "guild_id": "4", "channel_id": "50", "member": member,
                "data": {"name": command},
            });
            let mut added = added.clone();
            added["data"] = json!({"id": "80", "type": 1});
            check("INTERACTION_CREATE", &minimal, &added);
        }
    }
}

#[test]
fn a_written_command_needs_only_its_author_channel_and_content() {
    for (member, content) in [(json!({"roles": ["3"]}), "!close"), (Value::Null, "!ticket")] {
        let minimal = json!({
            "id": "60", "channel_id": "50", "guild_id": "4", "author": {"id": "7", "username": "alice"},
            "member": member, "content": content,
        });
        check("MESSAGE_CREATE", &minimal, &message_fields());
    }
    let unknown_roles = json!({
        "id": "60", "channel_id": "50", "guild_id": "4", "author": {"id": "7"}, "member": {}, "content": "!close",
    });
    let Some(DiscordEvent::Close { support, .. }) = translate_json("MESSAGE_CREATE", &unknown_roles) else {
        panic!("a command")
    };
    assert!(!support);
}

#[test]
fn a_panel_of_the_bot_is_recognised() {
    let minimal = json!({
        "id": "60", "channel_id": "1", "guild_id": "4", "author": {"id": "9", "username": "talon"}, "content": "",
        "components": [{"type": 1, "components": [{"type": 2, "style": 1, "custom_id": "create_ticket_button"}]}],
    });
    check("MESSAGE_CREATE", &minimal, &message_fields());
}

/// A ticket channel, a voice channel and the panel channel.
fn channel_list() -> Value {
    json!([
        {"id": "50", "type": 0, "name": "анна", "parent_id": "2", "topic": "тикет <@7> · №70",
            "permission_overwrites": [{"id": "7", "type": 1, "allow": "1024", "deny": "0"}]},
        {"id": "51", "type": 2, "name": "голос"},
        {"id": "1", "type": 0, "name": "панель"},
    ])
}

#[test]
fn a_server_needs_only_its_channels() {
    let Some(DiscordEvent::Channels { guild, all, candidates, home, .. }) =
        translate_json("GUILD_CREATE", &json!({"id": "4", "channels": channel_list()}))
    else {
        panic!("a server")
    };
    assert_eq!((guild, all.len(), home), (GuildId(4), 3, true));
    assert_eq!(candidates.iter().map(|candidate| candidate.channel).collect::<Vec<_>>(), [ChannelId(50)]);
}

#[test]
fn an_incomplete_channel_list_is_ignored() {
    for minimal in [
        json!({"id": "4", "unavailable": true}),
        json!({"id": "4", "unavailable": true, "channels": []}),
        json!({"id": "4"}),
        json!({"id": "4", "channels": null}),
        json!({"id": "4", "channels": [{"id": "50", "type": 0}, {"type": 0}]}),
        json!({"channels": []}),
    ] {
        assert!(translate_json("GUILD_CREATE", &minimal).is_none(), "{minimal}");
    }
}

#[test]
fn created_and_deleted_channels_need_only_their_ids() {
    let mut created = channel_list()[0].clone();
    created.as_object_mut().unwrap().remove("name");
    created["guild_id"] = json!("4");
    check("CHANNEL_CREATE", &created, &json!({"name": "анна"}));
    check("CHANNEL_DELETE", &json!({"id": "50"}), &json!({"type": 0, "name": "анна", "guild_id": "4"}));
    assert!(
        translate_json("CHANNEL_CREATE", &json!({"id": "51", "guild_id": "4", "type": 0})).is_none(),
        "without the bot's marker"
    );
}

#[test]
fn events_without_a_required_field_are_ignored() {
    for (kind, minimal) in [
        ("INTERACTION_CREATE", json!({"id": "60", "type": 3, "token": "t"})),
        ("INTERACTION_CREATE", json!({"id": "60", "type": 99, "token": "t", "data": {}})),
        ("MESSAGE_CREATE", json!({"id": "60", "channel_id": "50", "guild_id": "4", "content": "!close"})),
        ("SOMETHING_NEW", json!({"id": "50"})),
        ("CHANNEL_DELETE", json!("50")),
    ] {
        assert!(translate_json(kind, &minimal).is_none(), "{kind} {minimal}");
    }
}

#[test]
fn only_events_that_matter_are_relevant() {
    for kind in ["VOICE_CHANNEL_STATUS_UPDATE", "SOMETHING_NEW", ""] {
        assert!(is_irrelevant(kind), "{kind}");
    }
    for kind in RELEVANT_EVENTS {
        assert!(!is_irrelevant(kind), "{kind}");
    }
}
