use std::time::SystemTime;

use super::*;
use crate::gateway::meaning;

const PLACE: Place = Place::EXAMPLE;

fn hear(kind: &str, data: &Value) -> Option<Heard> {
    let event: Event = serde_json::from_value(json!({ "t": kind, "d": data })).expect("an event");
    meaning(event, &PLACE, SystemTime::UNIX_EPOCH)
}

/// What is told means the same, as little as it is, as with all that Discord adds.
fn check(kind: &str, told: &Value, added: &Value) {
    let mut whole = told.clone();
    add(&mut whole, added);
    let event = serde_json::from_value(json!({ "t": kind, "d": whole })).expect("an event");
    assert!(!matches!(event, Event::Unknown(_)), "the library reads {kind} as Discord sends it");
    let event = serde_json::from_value(json!({ "t": kind, "d": told })).expect("an event");
    assert!(matches!(event, Event::Unknown(_)), "the library does not read {told}");
    let (short, whole) = (hear(kind, told), hear(kind, &whole));
    assert!(short.is_some(), "{told}");
    assert_eq!(format!("{short:?}"), format!("{whole:?}"));
}

fn add(told: &mut Value, added: &Value) {
    match (told, added) {
        (Value::Object(told), Value::Object(added)) => {
            for (name, value) in added {
                add(told.entry(name).or_insert(Value::Null), value);
            }
        }
        (told, added) => *told = added.clone(),
    }
}

fn shown() -> Value {
    json!({
        "timestamp": "2026-01-01T00:00:00Z", "edited_timestamp": null, "tts": false, "mention_everyone": false,
        "mentions": [], "mention_roles": [], "attachments": [], "embeds": [], "pinned": false, "type": 0,
    })
}

#[test]
fn a_press_needs_no_more_than_who_and_where_and_what() {
    let added = json!({
        "application_id": "8", "version": 1, "locale": "ru", "entitlements": [], "attachment_size_limit": 10,
        "member": {"deaf": false, "mute": false, "flags": 0}, "data": {"component_type": 2},
    });
    for roles in [json!([]), json!(["3"])] {
        let member = json!({"user": {"id": "7", "username": "alice"}, "roles": roles, "permissions": "8"});
        for button in ["create_ticket_button", "close_ticket_button"] {
            let told = json!({
                "id": "60", "type": 3, "token": "t", "guild_id": "4", "channel_id": "50", "member": member,
                "data": {"custom_id": button},
            });
            let mut added = added.clone();
            added["message"] = shown();
            add(
                &mut added["message"],
                &json!({"id": "70", "channel_id": "50", "content": "", "author": member["user"]}),
            );
            check("INTERACTION_CREATE", &told, &added);
        }
        for command in ["ticket", "close", "setuptickets", "explain"] {
            let told = json!({
                "id": "60", "type": 2, "token": "t", "guild_id": "4", "channel_id": "50", "member": member,
                "data": {"name": command},
            });
            let mut added = added.clone();
            added["data"] = json!({"id": "80", "type": 1});
            check("INTERACTION_CREATE", &told, &added);
        }
    }
}

#[test]
fn a_written_command_needs_no_more() {
    for (member, content) in [(json!({"roles": ["3"]}), "!close"), (Value::Null, "!ticket")] {
        let told = json!({
            "id": "60", "channel_id": "50", "guild_id": "4", "author": {"id": "7", "username": "alice"},
            "member": member, "content": content,
        });
        check("MESSAGE_CREATE", &told, &shown());
    }
    let unknown_roles = json!({
        "id": "60", "channel_id": "50", "guild_id": "4", "author": {"id": "7"}, "member": {}, "content": "!close",
    });
    let Some(Heard::Close { support, .. }) = hear("MESSAGE_CREATE", &unknown_roles) else { panic!("a command") };
    assert!(!support);
}

#[test]
fn our_own_panel_is_seen() {
    let told = json!({
        "id": "60", "channel_id": "1", "guild_id": "4", "author": {"id": "9", "username": "talon"}, "content": "",
        "components": [{"type": 1, "components": [{"type": 2, "style": 1, "custom_id": "create_ticket_button"}]}],
    });
    check("MESSAGE_CREATE", &told, &shown());
}

/// A ticket channel; another one; and the panel.
fn listed() -> Value {
    json!([
        {"id": "50", "type": 0, "name": "анна", "parent_id": "2", "topic": "тикет <@7> · №70",
            "permission_overwrites": [{"id": "7", "type": 1, "allow": "1024", "deny": "0"}]},
        {"id": "51", "type": 2, "name": "голос"},
        {"id": "1", "type": 0, "name": "панель"},
    ])
}

#[test]
fn of_a_server_only_the_channels_matter() {
    let Some(Heard::Channels { guild, all, sightings, home, .. }) =
        hear("GUILD_CREATE", &json!({"id": "4", "channels": listed()}))
    else {
        panic!("a server")
    };
    assert_eq!((guild, all.len(), home), (GuildId(4), 3, true));
    assert_eq!(sightings.iter().map(|sighting| sighting.channel).collect::<Vec<_>>(), [ChannelId(50)]);
}

#[test]
fn what_is_no_complete_list_is_none() {
    for told in [
        json!({"id": "4", "unavailable": true}),
        json!({"id": "4", "unavailable": true, "channels": []}),
        json!({"id": "4"}),
        json!({"id": "4", "channels": null}),
        json!({"id": "4", "channels": [{"id": "50", "type": 0}, {"type": 0}]}),
        json!({"channels": []}),
    ] {
        assert!(hear("GUILD_CREATE", &told).is_none(), "{told}");
    }
}

#[test]
fn channels_come_and_go() {
    let mut made = listed()[0].clone();
    made.as_object_mut().unwrap().remove("name");
    made["guild_id"] = json!("4");
    check("CHANNEL_CREATE", &made, &json!({"name": "анна"}));
    check("CHANNEL_DELETE", &json!({"id": "50"}), &json!({"type": 0, "name": "анна", "guild_id": "4"}));
    assert!(hear("CHANNEL_CREATE", &json!({"id": "51", "guild_id": "4", "type": 0})).is_none(), "without our mark");
}

#[test]
fn what_says_nothing_stays_unheard() {
    for (kind, told) in [
        ("INTERACTION_CREATE", json!({"id": "60", "type": 3, "token": "t"})),
        ("INTERACTION_CREATE", json!({"id": "60", "type": 99, "token": "t", "data": {}})),
        ("MESSAGE_CREATE", json!({"id": "60", "channel_id": "50", "guild_id": "4", "content": "!close"})),
        ("SOMETHING_NEW", json!({"id": "50"})),
        ("CHANNEL_DELETE", json!("50")),
    ] {
        assert!(hear(kind, &told).is_none(), "{kind} {told}");
    }
}

#[test]
fn new_kinds_are_nothing_to_be_told_of() {
    for kind in ["VOICE_CHANNEL_STATUS_UPDATE", "SOMETHING_NEW", ""] {
        assert!(says_nothing(kind), "{kind}");
    }
    for kind in MATTER {
        assert!(!says_nothing(kind), "{kind}");
    }
}
