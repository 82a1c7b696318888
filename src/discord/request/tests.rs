mod languages;

use serde_json::{Value, json};

use super::*;
use crate::ids::TicketNumber;
use crate::ids::{ApplicationId, GuildId, InteractionId, MessageId, Owner, RequestId};
use crate::language::Language;
use crate::lifecycle::{Acknowledgement, ChannelName, Interaction, InteractionKind, Notice};

const PLACE: Place = Place::EXAMPLE;
const OWNER: Owner = Owner { guild: GuildId(4), member: UserId(7) };
const TICKET: ChannelId = ChannelId(50);

fn press() -> Interaction {
    pressed_in(Language::Russian)
}

fn pressed_in(language: Language) -> Interaction {
    let (interaction, application) = (InteractionId(60), ApplicationId(8));
    Interaction {
        interaction,
        token: "secret".into(),
        application,
        acknowledged: false,
        language,
        interaction_kind: InteractionKind::Button,
    }
}

/// The request line with the query, and the payload, `null` where there is none.
fn check(call: &Request, line: &str, payload: &Value) {
    let request = build_request(call, &PLACE);
    let query: Vec<String> = request.query.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let separator = if query.is_empty() { "" } else { "?" };
    let actual = format!("{} {}{separator}{}", request.verb(), request.path(), query.join("&"));
    assert_eq!(actual, line);
    assert_eq!(request.payload.unwrap_or(Value::Null), *payload, "{line}");
}

fn no_mentions() -> Value {
    json!({"parse": [], "users": [], "roles": [], "replied_user": false})
}

#[test]
fn a_ticket_channel_is_created_private() {
    let create = |name| Request::CreateChannel {
        owner: OWNER,
        name,
        request_id: RequestId(60),
        attempt: 0,
        number: Some(TicketNumber(42)),
    };
    let body = |name: &str| {
        json!({
            "name": name, "type": 0, "parent_id": "2", "topic": "тикет #42 · <@7> · №60",
            "permission_overwrites": [
                {"id": "4", "type": 0, "allow": "0", "deny": "1024"},
                // View channel 1024, send messages 2048, attach files 32768, read message history 65536.
                {"id": "7", "type": 1, "allow": "101376", "deny": "0"},
                // …, manage messages 8192.
                {"id": "3", "type": 0, "allow": "76800", "deny": "0"},
                // …, manage channels 16.
                {"id": "9", "type": 1, "allow": "68624", "deny": "0"},
            ],
        })
    };
    let line = "POST /api/v10/guilds/4/channels";
    check(&create(ChannelName::Member("Анна 🎉".into())), line, &body("Анна 🎉"));
    check(&create(ChannelName::Member("я".repeat(120))), line, &body(&"я".repeat(100)));
    check(&create(ChannelName::Neutral), line, &body("тикет-7"));
}

#[test]
fn the_welcome_notifies_member_and_support_and_has_a_nonce() {
    check(
        &Request::Welcome { owner: OWNER, channel: TICKET },
        "POST /api/v10/channels/50/messages",
        &json!({
            "content": "<@7> <@&3> - новый тикет!",
            "embeds": [{
                "type": "rich",
                "title": "🎫 ТИКЕТ ПОДДЕРЖКИ",
                "description": "<@7>, добро пожаловать в поддержку!",
                "fields": [
                    {"name": "📝 опиши свою проблему", "value": "команда поддержки скоро ответит", "inline": false},
                ],
            }],
            "components": [{"type": 1, "components": [{
                "type": 2, "style": 4, "label": "закрыть тикет", "emoji": {"name": "🔒"},
                "custom_id": "close_ticket_button", "disabled": false,
            }]}],
            "allowed_mentions": {"parse": [], "users": ["7"], "roles": ["3"]},
            "nonce": "50.w", "enforce_nonce": true,
            "tts": false, "sticker_ids": [], "attachments": [],
        }),
    );
}

fn say(words: Notice, reply_to: Option<MessageId>) -> Request {
    let reply_to = reply_to.map(|message| (message, Language::Russian));
    Request::Say { channel: TICKET, words, reply_to, request_id: RequestId(60) }
}

#[test]
fn messages_notify_nobody_not_even_as_a_reply() {
    let line = "POST /api/v10/channels/50/messages";
    let mut body = json!({
        "content": "❌ нет прав", "embeds": [], "allowed_mentions": no_mentions(),
        "nonce": "60.87c4", "enforce_nonce": true, "tts": false, "sticker_ids": [], "attachments": [],
    });
    check(&say(Notice::NoRights, None), line, &body);
    body["message_reference"] =
        json!({"type": 0, "channel_id": "50", "message_id": "70", "guild_id": null, "fail_if_not_exists": false});
    check(&say(Notice::NoRights, Some(MessageId(70))), line, &body);
}

#[test]
fn different_texts_have_different_nonces() {
    let words = [
        Notice::Closing(Duration::from_secs(5)),
        Notice::AlreadyClosing,
        Notice::NoRights,
        Notice::NotATicket,
        Notice::CloseFailed(vec![]),
        Notice::CloseRefused,
        Notice::TicketHidden,
        Notice::TicketHiddenStaffTold,
        Notice::OwnerLockedOut(UserId(7)),
        Notice::DiscordDown,
        Notice::TryAgain,
        Notice::CannotSave,
        Notice::PanelInPlace,
        Notice::PanelFailed,
        Notice::AdministratorsOnly,
        Notice::AnotherServer,
        Notice::PrivateMessage,
        Notice::UnknownControl,
        Notice::StillOpening,
        Notice::Created(TICKET),
        Notice::AlreadyOpen(TICKET),
    ];
    let mut nonces: Vec<String> = Vec::new();
    for words in words {
        let call = Request::Say { channel: TICKET, words, reply_to: None, request_id: RequestId(u64::MAX) };
        let nonce = build_request(&call, &PLACE).payload.unwrap()["nonce"].as_str().unwrap().to_owned();
        assert!(nonce.len() <= 25, "{nonce}");
        assert!(!nonces.contains(&nonce), "{nonce}");
        nonces.push(nonce);
    }
}

#[test]
fn an_interaction_is_answered_ephemerally_or_publicly() {
    let cases = [
        (Acknowledgement::Deferral, json!({"type": 5, "data": {"flags": 64}})),
        (
            Acknowledgement::Private(Notice::AlreadyOpen(TICKET)),
            json!({"type": 4, "data": {"flags": 64, "content": "❌ у тебя уже есть тикет: <#50>"}}),
        ),
        (
            Acknowledgement::Public(Notice::Closing(Duration::from_secs(5))),
            json!({"type": 4, "data": {"content": "🔒 тикет будет закрыт через 5 секунд..."}}),
        ),
    ];
    for (with, mut body) in cases {
        body["data"]["allowed_mentions"] = no_mentions();
        body["data"]["attachments"] = json!([]);
        check(&Request::Acknowledge { press: press(), with }, "POST /api/v10/interactions/60/secret/callback", &body);
    }
    check(
        &Request::EditReply { press: press(), words: Notice::Created(TICKET) },
        "PATCH /api/v10/webhooks/8/secret/messages/@original",
        &json!({"content": "✅ тикет создан: <#50>", "allowed_mentions": no_mentions()}),
    );
}

#[test]
fn restored_access_equals_that_of_a_new_channel() {
    let owner = Owner { guild: GuildId(4), member: UserId(7) };
    check(
        &Request::RestoreAccess { owner, channel: TICKET },
        "PUT /api/v10/channels/50/permissions/7",
        &json!({"type": 1, "allow": "101376", "deny": "0"}),
    );
}

#[test]
fn lookups_and_deletions_have_no_payload() {
    let read = |after| Request::ReadChannel { channel: TICKET, after };
    let cases = [
        (Request::ListChannels { guild: GuildId(4) }, "GET /api/v10/guilds/4/channels"),
        (Request::GetChannel { channel: TICKET }, "GET /api/v10/channels/50"),
        (read(None), "GET /api/v10/channels/50/messages?limit=100&after=50"),
        (read(Some(RequestId(60))), "GET /api/v10/channels/50/messages?limit=100&after=60"),
        (Request::DeleteChannel { channel: TICKET }, "DELETE /api/v10/channels/50"),
        (Request::GetPanel { message: MessageId(70) }, "GET /api/v10/channels/1/messages/70"),
        (Request::ListPanels, "GET /api/v10/channels/1/messages?limit=100"),
        (Request::DeletePanel { message: MessageId(70) }, "DELETE /api/v10/channels/1/messages/70"),
        (
            Request::ListCommands { guild: GuildId(4) },
            "GET /api/v10/applications/8/guilds/4/commands?with_localizations=true",
        ),
    ];
    for (call, line) in cases {
        check(&call, line, &Value::Null);
    }
}

#[test]
fn the_panel_is_sent_or_updated() {
    let embeds = json!([{
        "type": "rich",
        "title": "🎫 СИСТЕМА ПОДДЕРЖКИ",
        "description": "нужна помощь? создай тикет!",
        "fields": [{
            "name": "📝 как это работает?",
            "value": "1. нажми кнопку ниже\n2. для тебя создастся приватный канал\n3. опиши свою проблему\n\
                      4. команда поддержки ответит",
            "inline": false,
        }],
    }]);
    let components = json!([{"type": 1, "components": [{
        "type": 2, "style": 1, "label": "создать тикет", "emoji": {"name": "🎫"},
        "custom_id": "create_ticket_button", "disabled": false,
    }]}]);
    check(
        &Request::SendPanel { nonce: 5 },
        "POST /api/v10/channels/1/messages",
        &json!({
            "embeds": embeds, "components": components, "allowed_mentions": no_mentions(),
            "nonce": "5.p", "enforce_nonce": true, "tts": false, "sticker_ids": [], "attachments": [],
        }),
    );
    check(
        &Request::EditPanel { message: MessageId(70) },
        "PATCH /api/v10/channels/1/messages/70",
        // Embeds that a moderator has hidden are shown again.
        &json!({
            "content": "", "embeds": embeds, "components": components, "allowed_mentions": no_mentions(), "flags": 0,
        }),
    );
}

#[test]
fn in_another_server_the_commands_are_replaced_by_none() {
    let commands = "PUT /api/v10/applications/8/guilds/4/commands";
    check(&Request::RemoveCommands { guild: crate::ids::GuildId(4) }, commands, &json!([]));
}

#[test]
fn the_audit_log_has_a_reason_for_creation_and_deletion() {
    let create = Request::CreateChannel {
        owner: OWNER,
        name: ChannelName::Neutral,
        request_id: RequestId(60),
        attempt: 0,
        number: Some(TicketNumber(42)),
    };
    assert_eq!(build_request(&create, &PLACE).reason, Some("новый тикет"));
    assert_eq!(build_request(&Request::DeleteChannel { channel: TICKET }, &PLACE).reason, Some("тикет закрыт"));
}

#[test]
fn a_label_has_neither_ids_nor_secrets() {
    let acknowledge = Request::Acknowledge { press: press(), with: Acknowledgement::Deferral };
    let edit = Request::EditReply { press: press(), words: Notice::NoRights };
    let cases = [
        (acknowledge, "/interactions/{}/{}/callback"),
        (edit, "/webhooks/{}/{}/messages/@original"),
        (Request::GetPanel { message: MessageId(70) }, "/channels/{}/messages/{}"),
    ];
    for (call, label) in cases {
        assert_eq!(build_request(&call, &PLACE).label(), label);
    }
}

#[test]
fn a_zero_from_a_broken_file_is_no_panic() {
    check(&Request::GetPanel { message: MessageId(0) }, "GET /api/v10/channels/1/messages/1", &Value::Null);
}
