use serde_json::json;

use super::*;
use crate::discord::build_request;
use crate::ids::{ApplicationId, GuildId, InteractionId, Owner, RequestId, UserId};
use crate::language::Language;
use crate::lifecycle::{Acknowledgement, ChannelCandidate, ChannelName, Interaction, InteractionKind, Notice};

const PLACE: Place = Place::EXAMPLE;
const OWNER: Owner = Owner { guild: GuildId(4), member: UserId(7) };
const TICKET: ChannelId = ChannelId(50);

const READ: Request = Request::ReadChannel { channel: TICKET, after: None };
const LIST: Request = Request::ListChannels { guild: GuildId(4) };
const DELETE: Request = Request::DeleteChannel { channel: TICKET };
const COMMANDS: Request = Request::PutCommands { guild: GuildId(4) };
const PANEL: Request = Request::GetPanel { message: MessageId(70) };

fn create() -> Request {
    Request::CreateChannel {
        owner: OWNER,
        name: ChannelName::Neutral,
        request_id: RequestId(60),
        attempt: 0,
        number: None,
    }
}

fn say() -> Request {
    Request::Say { channel: TICKET, words: Notice::NoRights, reply_to: None, request_id: RequestId(60) }
}

fn acknowledge() -> Request {
    let (interaction, application, language) = (InteractionId(60), ApplicationId(8), Language::Russian);
    let interaction_kind = InteractionKind::Button;
    let press =
        Interaction { interaction, token: "t".into(), application, acknowledged: false, language, interaction_kind };
    Request::Acknowledge { press, with: Acknowledgement::Deferral }
}

fn edit() -> Request {
    let Request::Acknowledge { press, .. } = acknowledge() else { unreachable!() };
    Request::EditReply { press, words: Notice::NoRights }
}

fn read(call: &Request, status: u16, body: &Value) -> Outcome {
    parse_response(call, &PLACE, status, body.to_string().as_bytes())
}

/// A message as Discord returns it: the sent fields, and those that Discord adds.
fn message(author: &str, shown: Value) -> Value {
    let mut message = json!({
        "id": "70", "channel_id": "1", "type": 0, "content": "", "timestamp": "2026-01-01T00:00:00.000000+00:00",
        "edited_timestamp": null, "flags": 0, "mentions": [], "mention_roles": [], "mention_everyone": false,
        "attachments": [], "embeds": [], "components": [], "pinned": false, "tts": false,
        "author": {"id": author, "username": "talon", "discriminator": "0001", "bot": true},
    });
    let shown: serde_json::Map<String, Value> = serde_json::from_value(shown).unwrap();
    message.as_object_mut().unwrap().extend(shown);
    message
}

fn button(id: &str) -> Value {
    json!({"components": [{"type": 1, "id": 1, "components": [
        {"type": 2, "id": 2, "style": 4, "label": "закрыть тикет", "custom_id": id, "emoji": {"id": null, "name": "🔒"}},
    ]}]})
}

#[test]
fn successes_are_parsed() {
    let cases = [
        (create(), json!({"id": "50", "type": 0, "name": "анна"}), Outcome::Created(TICKET)),
        (say(), message("9", json!({})), Outcome::Sent(MessageId(70))),
        (Request::GetChannel { channel: TICKET }, json!({"id": "50", "type": 0}), Outcome::Done),
        (
            Request::GetChannel { channel: TICKET },
            json!({"id": "50", "guild_id": "4", "permission_overwrites": [
                {"id": "4", "type": 0, "allow": "0", "deny": "1024"}, {"id": "7", "type": 1, "allow": "1024", "deny": "0"},
            ]}),
            Outcome::Channel { private: true, members: vec![UserId(7)] },
        ),
        (
            Request::GetChannel { channel: TICKET },
            json!({"id": "50", "guild_id": "4", "permission_overwrites": [{"id": "9", "type": 0, "deny": "1024"}]}),
            Outcome::Channel { private: false, members: vec![] },
        ),
        (DELETE, json!({"id": "50", "type": 0}), Outcome::Done),
        (LIST, json!([]), Outcome::Channels(vec![])),
        (Request::ListPanels, json!([]), Outcome::Panels(vec![])),
    ];
    for (call, body, expected) in cases {
        assert_eq!(read(&call, 200, &body), expected, "{call:?}");
    }
    for call in [acknowledge(), edit(), DELETE] {
        assert_eq!(parse_response(&call, &PLACE, 204, b""), Outcome::Done, "{call:?}");
    }
}

#[test]
fn a_success_that_cannot_be_parsed_is_unknown() {
    for call in [create(), say(), DELETE, READ, LIST, PANEL, Request::ListPanels, acknowledge()] {
        assert_eq!(
            parse_response(&call, &PLACE, 200, b"<html>welcome to our wifi"),
            Outcome::Indeterminate,
            "{call:?}"
        );
        assert_eq!(parse_response(&call, &PLACE, 200, b"{\"id\": \"5"), Outcome::Indeterminate, "{call:?}");
    }
}

#[test]
fn what_may_have_been_executed_is_unknown() {
    for status in [408, 500, 501, 502, 503, 504, 520, 524] {
        for call in [create(), say(), DELETE, LIST, acknowledge()] {
            assert_eq!(
                read(&call, status, &json!({"message": "oops", "code": 0})),
                Outcome::Indeterminate,
                "{status} {call:?}"
            );
        }
    }
}

#[test]
fn listed_channels_become_candidates() {
    let body = json!([
        {"id": "2", "type": 4, "name": "тикеты", "parent_id": null},
        {"id": "50", "type": 0, "parent_id": "2", "topic": "тикет <@7> · №60", "permission_overwrites": [
            {"id": "7", "type": 1, "allow": "1024", "deny": "0"},
            {"id": "9", "type": 1, "allow": "1024", "deny": "0"},
        ]},
        {"id": "51", "type": 0, "parent_id": null, "topic": null, "permission_overwrites": []},
    ]);
    let mark = Some((UserId(7), RequestId(60)));
    let seen =
        ChannelCandidate { channel: TICKET, members: vec![UserId(7)], mark, attempt: 0, number: None, owned: false };
    assert_eq!(read(&LIST, 200, &body), Outcome::Channels(vec![seen]));
}

#[test]
fn a_channel_is_searched_for_the_bots_messages() {
    let announcement = json!({"content": "🔒 тикет будет закрыт через 1 минуту..."});
    let cases = [
        (vec![], false, false),
        (vec![message("9", button("close_ticket_button"))], true, false),
        (vec![message("9", announcement.clone())], false, true),
        (vec![message("9", button("close_ticket_button")), message("9", announcement.clone())], true, true),
        // The same from another user, and other messages of the bot.
        (vec![message("7", button("close_ticket_button")), message("7", announcement)], false, false),
        (
            vec![message("9", button("create_ticket_button")), message("9", json!({"content": "❌ нет прав"}))],
            false,
            false,
        ),
        // A message that cannot be parsed is not the bot's.
        (vec![json!({"id": "71"}), message("9", button("close_ticket_button"))], true, false),
    ];
    for (messages, welcome, announcement) in cases {
        let others = messages.iter().any(|message| message["author"]["id"] != "9");
        let announcement = announcement.then(|| MessageId(71).made_at());
        let expected = Outcome::Read { welcome, announcement, replied: false, others };
        assert_eq!(read(&READ, 200, &Value::from(messages.clone())), expected, "{messages:?}");
    }
}

#[test]
fn a_command_counts_as_answered_by_the_bots_own_reply() {
    let after = Request::ReadChannel { channel: TICKET, after: Some(RequestId(80)) };
    let reply =
        |to: &str| json!({"content": "❌ нет прав", "message_reference": {"message_id": to, "channel_id": "5"}});
    for (message, expected) in [
        (message("9", reply("80")), true),
        (message("9", reply("81")), false),
        (message("7", reply("80")), false),
        (message("9", json!({"content": "❌ нет прав", "message_reference": null})), false),
    ] {
        let Outcome::Read { replied, .. } = read(&after, 200, &json!([message])) else { panic!("not read") };
        assert_eq!(replied, expected, "{message}");
    }
}

#[test]
fn empty_fields_may_be_null() {
    let empty = json!({"content": null, "embeds": null});
    let mut welcome = message("9", button("close_ticket_button"));
    welcome.as_object_mut().unwrap().extend(serde_json::from_value::<serde_json::Map<_, _>>(empty).unwrap());
    let picture = message("9", json!({"content": null, "components": null}));
    let expected = Outcome::Read { welcome: true, announcement: None, replied: false, others: false };
    assert_eq!(read(&READ, 200, &json!([welcome, picture])), expected);
    let mut panel = current_panel();
    panel["content"] = Value::Null;
    panel["components"][0]["components"][0]["disabled"] = Value::Null;
    assert_eq!(read(&PANEL, 200, &panel), Outcome::Panel { current: true });
    panel["embeds"][0]["fields"] = Value::Null;
    assert_eq!(read(&PANEL, 200, &panel), Outcome::Panel { current: false });
}

/// The current panel, as Discord returns it.
fn current_panel() -> Value {
    let mut shown = build_request(&Request::SendPanel { nonce: 1 }, &PLACE).payload.unwrap();
    let embed = &mut shown["embeds"][0];
    embed["content_scan_version"] = json!(4);
    embed["color"] = json!(0);
    embed["fields"][0].as_object_mut().unwrap().remove("inline");
    let row = &mut shown["components"][0];
    row["id"] = json!(1);
    row["components"][0]["id"] = json!(2);
    row["components"][0]["emoji"]["id"] = Value::Null;
    row["components"][0].as_object_mut().unwrap().remove("disabled");
    message("9", shown)
}

#[test]
fn the_panel_as_sent_is_current() {
    assert_eq!(read(&PANEL, 200, &current_panel()), Outcome::Panel { current: true });
}

#[test]
fn a_panel_with_hidden_embeds_differs_from_one_with_another_text() {
    let mut panel = current_panel();
    for (flags, hidden) in [(0, false), (1 << 2, true), (1 << 2 | 1 << 12, true), (1 << 12, false)] {
        panel["flags"] = json!(flags);
        let expected = if hidden { Outcome::PanelHidden } else { Outcome::Panel { current: true } };
        assert_eq!(read(&PANEL, 200, &panel), expected, "{flags}");
    }
}

#[test]
fn another_panel_is_not_current() {
    type Change = fn(&mut Value);
    let changes: [Change; 7] = [
        |panel| panel["content"] = json!("объявление"),
        |panel| panel["embeds"][0]["title"] = json!("СИСТЕМА ПОДДЕРЖКИ"),
        |panel| panel["embeds"][0]["fields"] = json!([]),
        |panel| panel["embeds"] = json!([]),
        |panel| panel["components"] = json!([]),
        |panel| panel["components"][0]["components"][0]["label"] = json!("открыть тикет"),
        |panel| panel["components"][0]["components"][0]["disabled"] = json!(true),
    ];
    for change in changes {
        let mut panel = current_panel();
        change(&mut panel);
        assert_eq!(read(&PANEL, 200, &panel), Outcome::Panel { current: false }, "{panel}");
    }
}

#[test]
fn only_the_bots_own_messages_are_panels() {
    let mut foreign = current_panel();
    foreign["author"]["id"] = json!("10");
    assert_eq!(read(&PANEL, 200, &foreign), Outcome::Refused(ApiError::MessageGone));
    let mut old = current_panel();
    old["id"] = json!("71");
    old["embeds"] = json!([]);
    let list = json!([current_panel(), foreign, old, message("9", button("close_ticket_button"))]);
    assert_eq!(read(&Request::ListPanels, 200, &list), Outcome::Panels(vec![MessageId(70), MessageId(71)]));
}

fn check_refusal(call: &Request, status: u16, body: &Value, expected: &ApiError) {
    let read = read(call, status, body);
    assert_eq!(read, Outcome::Refused(expected.clone()), "{status} {body} to {call:?}");
}

#[test]
fn refusals_differ_by_their_codes() {
    let forbidden = ApiError::Forbidden(vec![]);
    let other = |status, code| ApiError::Other { status, code };
    let cases = [
        (DELETE, 404, 10_003, ApiError::ChannelGone),
        (say(), 404, 10_003, ApiError::ChannelGone),
        (READ, 404, 10_003, ApiError::ChannelGone),
        (create(), 404, 10_003, ApiError::CategoryGone),
        (create(), 404, 10_009, ApiError::SupportRoleGone),
        (create(), 404, 10_011, ApiError::SupportRoleGone),
        (create(), 400, 30_013, ApiError::ServerFull),
        (DELETE, 400, 50_074, ApiError::CommunityChannel),
        (create(), 403, 50_001, forbidden.clone()),
        (create(), 403, 50_013, forbidden.clone()),
        (DELETE, 403, 50_013, forbidden),
        (say(), 403, 160_002, ApiError::Forbidden(vec![Permission::ReadMessageHistory])),
        (PANEL, 404, 10_008, ApiError::MessageGone),
        (Request::EditPanel { message: MessageId(70) }, 403, 50_005, ApiError::MessageGone),
        (acknowledge(), 400, 40_060, ApiError::AlreadyAcknowledged),
        (acknowledge(), 404, 10_062, ApiError::InteractionGone),
        (acknowledge(), 429, 0, ApiError::InteractionGone),
        (edit(), 404, 10_015, ApiError::InteractionGone),
        (edit(), 404, 10_008, ApiError::InteractionGone),
        (edit(), 404, 10_003, ApiError::InteractionGone),
        (edit(), 401, 50_027, ApiError::InteractionGone),
        (say(), 401, 0, other(401, 0)),
        (say(), 400, 50_035, other(400, 50_035)),
        (LIST, 404, 10_004, other(404, 10_004)),
        (COMMANDS, 403, 50_001, ApiError::Forbidden(vec![])),
        (COMMANDS, 400, 50_035, other(400, 50_035)),
        (DELETE, 404, 0, other(404, 0)),
        (COMMANDS, 404, 0, other(404, 0)),
        (COMMANDS, 405, 0, other(405, 0)),
        (COMMANDS, 501, 0, other(501, 0)),
    ];
    for (call, status, code, expected) in cases {
        check_refusal(&call, status, &json!({"message": "…", "code": code}), &expected);
    }
}

#[test]
fn an_error_in_another_format_is_no_refusal() {
    let problem = "{\"type\": \"about:blank\", \"title\": \"Error 1020\", \"status\": 403}";
    for status in [301, 400, 401, 403, 404, 413] {
        for body in ["<html>not here", "", "null", "[]", "404", "error code: 1020", problem] {
            for call in [DELETE, PANEL, LIST, create(), acknowledge(), edit()] {
                let read = parse_response(&call, &PLACE, status, body.as_bytes());
                assert_eq!(read, Outcome::Indeterminate, "{status} {body:?} to {call:?}");
            }
        }
    }
}

#[test]
fn a_transient_error_is_no_refusal() {
    for (status, code) in [(403, 40_333), (429, 40_333), (503, 130_000), (403, 130_000)] {
        for call in [DELETE, PANEL, LIST, create(), say()] {
            let body = json!({"message": "internal network error", "code": code});
            assert_eq!(read(&call, status, &body), Outcome::Indeterminate, "{status} {code} to {call:?}");
        }
    }
}

/// For errors of a server that stands in for Discord: JSON without a code of Discord's.
fn check_unspecific(call: &Request, status: u16, expected: &ApiError) {
    for code in [json!(null), json!(0), json!(status), json!(status.to_string())] {
        check_refusal(call, status, &json!({"message": "…", "code": code}), expected);
    }
    check_refusal(call, status, &json!({"message": "…"}), expected);
}

#[test]
fn a_status_without_a_code_counts_where_that_does_no_harm() {
    let edit_panel = Request::EditPanel { message: MessageId(70) };
    for call in [PANEL, edit_panel.clone()] {
        check_unspecific(&call, 404, &ApiError::MessageGone);
    }
    for call in [create(), say(), DELETE, LIST, PANEL, COMMANDS] {
        check_unspecific(&call, 403, &ApiError::Forbidden(vec![]));
    }
    let other = |status, code| ApiError::Other { status, code };
    for (call, status, code) in [
        // These would end a ticket.
        (DELETE, 404, 0),
        (READ, 404, 404),
        (Request::ListPanels, 404, 404),
        (acknowledge(), 403, 0),
        // A code of Discord's for another error.
        (PANEL, 404, 10_004),
        (create(), 403, 60_003),
    ] {
        check_refusal(&call, status, &json!({"message": "…", "code": code}), &other(status, code));
    }
}

#[test]
fn a_code_may_be_written_as_text() {
    check_refusal(&DELETE, 404, &json!({"code": "10003"}), &ApiError::ChannelGone);
    check_refusal(&create(), 403, &json!({"code": "50013"}), &ApiError::Forbidden(vec![]));
    check_refusal(&say(), 400, &json!({"code": "what?"}), &ApiError::Other { status: 400, code: 0 });
}

#[test]
fn a_validation_error_names_its_field() {
    let field = |code: &str, message: &str| json!({"_errors": [{"code": code, "message": message}]});
    let full = field("CHANNEL_PARENT_MAX_CHANNELS", "Maximum number of channels in category reached (50)");
    let word = field("INVALID_COMMUNITY_PROPERTY_NAME", "Contains words not allowed for servers in Server Discovery.");
    let length = field("BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.");
    let cases = [
        (json!({"name": length}), ApiError::Name),
        (json!({}), ApiError::Name),
        (Value::Null, ApiError::Name),
        (json!({"name": word.clone()}), ApiError::Name),
        (json!({"parent_id": full.clone()}), ApiError::CategoryFull),
        (json!({"parent_id": full, "name": word}), ApiError::CategoryFull),
        (json!({"parent_id": field("CHANNEL_PARENT_INVALID", "Category does not exist")}), ApiError::CategoryGone),
        (json!({"parent_id": field("CHANNEL_PARENT_INVALID_TYPE", "Not a category")}), ApiError::CategoryGone),
        (
            json!({"permission_overwrites": {"2": {"id": field("UNKNOWN_ROLE", "Unknown Role")}}}),
            ApiError::SupportRoleGone,
        ),
        (
            json!({"permission_overwrites": {"1": {"id": field("UNKNOWN_USER", "Unknown User")}}}),
            ApiError::Other { status: 400, code: 50_035 },
        ),
        (json!({"topic": field("BASE_TYPE_MAX_LENGTH", "…")}), ApiError::Other { status: 400, code: 50_035 }),
    ];
    for (errors, expected) in cases {
        let body = json!({"message": "Invalid Form Body", "code": 50_035, "errors": errors});
        check_refusal(&create(), 400, &body, &expected);
    }
}
