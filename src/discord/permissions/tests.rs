use serde_json::{Value, json};

use super::*;
use crate::ids::{ChannelId, MessageId, Owner, RequestId};
use crate::language::Language;
use crate::lifecycle::{ChannelName, Notice};

const BOT: UserId = UserId(9);
const BOT_ROLE: RoleId = RoleId(90);
const TICKET: ChannelId = ChannelId(50);

/// View channel, send messages, embed links, attach files, read message history, manage messages, manage channels.
const ALL: u64 = 1 << 10 | 1 << 11 | 1 << 14 | 1 << 15 | 1 << 16 | 1 << 13 | 1 << 4;
const VIEW: u64 = 1 << 10;
const SEND: u64 = 1 << 11;
const MANAGE_MESSAGES: u64 = 1 << 13;
const EMBED: u64 = 1 << 14;
const MANAGE_CHANNELS: u64 = 1 << 4;
const ADMINISTRATOR: u64 = 1 << 3;

/// The server 4, owned by member 1, with these permissions of @everyone and of the bot's role.
fn guild(everyone: u64, bot: u64) -> PartialGuild {
    let role = |id: &str, bits: u64| json!({"id": id, "name": "…", "permissions": bits.to_string(), "position": 1});
    let roles = json!([role("4", everyone), role("90", bot), role("91", ADMINISTRATOR)]);
    serde_json::from_value(json!({"id": "4", "owner_id": "1", "name": "…", "roles": roles})).unwrap()
}

/// A channel with these overwrites: id, allow, deny.
fn channel(overwrites: &[(u64, u64, u64)]) -> PartialChannel {
    let overwrites: Vec<Value> = overwrites
        .iter()
        .map(|(id, allow, deny)| {
            json!({"id": id.to_string(), "type": 0, "allow": allow.to_string(), "deny": deny.to_string()})
        })
        .collect();
    serde_json::from_value(json!({"id": "50", "guild_id": "4", "permission_overwrites": overwrites})).unwrap()
}

fn create() -> Request {
    let owner = Owner { guild: GuildId(4), member: UserId(7) };
    Request::CreateChannel { owner, name: ChannelName::Neutral, request_id: RequestId(60), attempt: 0, number: None }
}

fn check(call: &Request, guild: &PartialGuild, overwrites: &[(u64, u64, u64)], expected: &[Permission]) {
    let found = find_missing(call, guild, &channel(overwrites), BOT, &[BOT_ROLE]);
    assert_eq!(found, expected, "{call:?} with {overwrites:?}");
}

#[test]
fn a_permission_that_no_role_grants_is_missing() {
    let cases = [
        (ALL & !MANAGE_CHANNELS, vec![Permission::ManageChannels]),
        (ALL & !MANAGE_MESSAGES, vec![Permission::ManageMessages]),
        (ALL & !SEND & !VIEW, vec![Permission::ViewChannel, Permission::SendMessages]),
        (ALL & !EMBED, vec![]),
        (ADMINISTRATOR, vec![]),
    ];
    for (bits, expected) in cases {
        check(&create(), &guild(0, bits), &[], &expected);
        check(&create(), &guild(bits, 0), &[], &expected);
    }
}

#[test]
fn overwrites_deny_and_allow_in_discords_order() {
    let delete = Request::DeleteChannel { channel: TICKET };
    let held = guild(VIEW, MANAGE_CHANNELS);
    let (everyone, role, other, bot) = (4, 90, 91, 9);
    let lacks = [Permission::ManageChannels];
    check(&delete, &held, &[], &[]);
    check(&delete, &held, &[(everyone, 0, MANAGE_CHANNELS)], &lacks);
    check(&delete, &held, &[(everyone, 0, MANAGE_CHANNELS), (role, MANAGE_CHANNELS, 0)], &[]);
    check(&delete, &held, &[(bot, MANAGE_CHANNELS, 0), (role, 0, MANAGE_CHANNELS)], &[]);
    check(&delete, &held, &[(role, MANAGE_CHANNELS, 0), (bot, 0, MANAGE_CHANNELS)], &lacks);
    check(&delete, &held, &[(other, 0, MANAGE_CHANNELS)], &[]);
    check(&delete, &held, &[(everyone, 0, VIEW)], &[Permission::ViewChannel]);
    check(&delete, &guild(0, ADMINISTRATOR), &[(bot, 0, MANAGE_CHANNELS)], &[]);
}

#[test]
fn what_the_category_grants_can_be_granted_to_others() {
    check(&create(), &guild(0, ALL & !MANAGE_MESSAGES), &[(9, MANAGE_MESSAGES, 0)], &[]);
    check(&create(), &guild(0, ALL), &[(9, 0, MANAGE_MESSAGES)], &[]);
    check(&create(), &guild(0, ALL), &[(9, 0, MANAGE_CHANNELS)], &[Permission::ManageChannels]);
}

#[test]
fn each_call_requires_its_permissions() {
    let say = |reply_to| Request::Say { channel: TICKET, words: Notice::NoRights, reply_to, request_id: RequestId(60) };
    let owner = Owner { guild: GuildId(4), member: UserId(7) };
    let cases = [
        (say(None), vec![Permission::ViewChannel, Permission::SendMessages]),
        (
            say(Some((MessageId(1), Language::Russian))),
            vec![Permission::ViewChannel, Permission::SendMessages, Permission::ReadMessageHistory],
        ),
        (
            Request::Welcome { owner, channel: TICKET },
            vec![Permission::ViewChannel, Permission::SendMessages, Permission::EmbedLinks],
        ),
        (
            Request::SendPanel { nonce: 1 },
            vec![Permission::ViewChannel, Permission::SendMessages, Permission::EmbedLinks],
        ),
        (
            Request::ReadChannel { channel: TICKET, after: None },
            vec![Permission::ViewChannel, Permission::ReadMessageHistory],
        ),
        (Request::ListChannels { guild: GuildId(4) }, vec![]),
    ];
    for (call, expected) in cases {
        check(&call, &guild(0, 0), &[], &expected);
    }
}

#[test]
fn administrators_are_the_owner_and_members_with_the_role() {
    let guild = guild(ALL, ALL);
    assert!(guild.is_administrator(UserId(1), &[]));
    assert!(guild.is_administrator(UserId(7), &[BOT_ROLE, RoleId(91)]));
    assert!(!guild.is_administrator(UserId(7), &[BOT_ROLE]));
    assert!(!guild.is_administrator(UserId(7), &[RoleId(12345)]));
}

const MENTION: u64 = 1 << 17;

/// The missing permissions, with these overwrites of the category.
fn find_all_missing(
    guild: &PartialGuild,
    overwrites: &[(u64, u64, u64)],
    roles: &[RoleId],
) -> Vec<(Permission, Scope, Option<DeniedBy>)> {
    let category = channel(overwrites);
    let checked = guild.check_permissions(&[(Scope::Category, ChannelAccess::Visible(&category))], BOT, roles);
    checked.missing.into_iter().map(|missing| (missing.permission, missing.scope, missing.denied_by)).collect()
}

#[test]
fn a_denied_permission_is_reported_with_its_overwrite() {
    let held = guild(VIEW, ALL | MENTION);
    let check = |overwrites: &[(u64, u64, u64)], expected: Option<DeniedBy>| {
        let expected = expected.map(|denied_by| (Permission::ManageChannels, Scope::Category, Some(denied_by)));
        assert_eq!(find_all_missing(&held, overwrites, &[BOT_ROLE]), Vec::from_iter(expected), "{overwrites:?}");
    };
    let (everyone, role, other, bot) = (4, 90, 91, 9);
    let role_denies = DeniedBy::Roles(vec!["…".into()]);
    check(&[], None);
    check(&[(everyone, 0, MANAGE_CHANNELS)], Some(DeniedBy::Everyone));
    check(&[(everyone, 0, MANAGE_CHANNELS), (role, MANAGE_CHANNELS, 0)], None);
    check(&[(everyone, 0, MANAGE_CHANNELS), (role, 0, MANAGE_CHANNELS)], Some(role_denies));
    check(&[(role, MANAGE_CHANNELS, 0), (bot, 0, MANAGE_CHANNELS)], Some(DeniedBy::Bot));
    check(&[(other, 0, MANAGE_CHANNELS)], None);
    check(&[(everyone, 0, SEND | EMBED)], None);
}

#[test]
fn a_permission_that_the_server_does_not_grant_is_reported_once() {
    let required: u64 = required_permission_bits();
    for permission in required_permissions() {
        let (_, flag, _) = REQUIRED.into_iter().find(|(known, ..)| *known == permission).unwrap();
        let incomplete = guild(0, required & !flag.bits());
        assert_eq!(find_all_missing(&incomplete, &[], &[BOT_ROLE]), [(permission, Scope::Guild, None)]);
    }
    // The overwrite must be removed, too.
    let twice = find_all_missing(&guild(0, required & !MANAGE_CHANNELS), &[(9, 0, MANAGE_CHANNELS)], &[BOT_ROLE]);
    assert_eq!(twice.len(), 2, "{twice:?}");
    // A permission of the category alone is not enough: the tickets have overwrites of their own.
    let here = find_all_missing(&guild(0, required & !EMBED), &[(9, EMBED, 0)], &[BOT_ROLE]);
    assert_eq!(here, [(Permission::EmbedLinks, Scope::Guild, None)]);
}

#[test]
fn a_hidden_channel_lacks_view_channel_unless_the_server_lacks_it() {
    let hidden =
        |bits: u64| guild(0, bits).check_permissions(&[(Scope::Panel, ChannelAccess::Hidden)], BOT, &[BOT_ROLE]);
    let missing = MissingPermission {
        permission: Permission::ViewChannel,
        scope: Scope::Panel,
        denied_by: Some(DeniedBy::Hidden),
    };
    assert_eq!(
        (hidden(required_permission_bits()).missing, hidden(required_permission_bits()).unchecked),
        (vec![missing], vec![Scope::Panel])
    );
    let blind = hidden(required_permission_bits() & !VIEW);
    let missing: Vec<_> = blind.missing.iter().map(|missing| (missing.permission, missing.scope)).collect();
    assert_eq!(
        (missing, blind.unchecked),
        (vec![(Permission::ViewChannel, Scope::Guild)], vec![Scope::Panel]),
        "reported once"
    );
    let administrator = hidden(ADMINISTRATOR);
    assert_eq!((administrator.missing, administrator.unchecked), (vec![], vec![]));
}

#[test]
fn a_channel_without_overwrites_in_the_response_is_unchecked() {
    let bare: PartialChannel = serde_json::from_value(json!({"id": "50", "guild_id": "4"})).unwrap();
    let access = ChannelAccess::Visible(&bare);
    let checked = guild(0, required_permission_bits()).check_permissions(&[(Scope::Panel, access)], BOT, &[BOT_ROLE]);
    assert_eq!((checked.missing, checked.unchecked), (vec![], vec![Scope::Panel]));
}

#[test]
fn the_source_of_a_role_is_recognized() {
    let source = |fields: Value| {
        let mut role = json!({"id": "60", "permissions": "0"});
        role.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let guild: PartialGuild = serde_json::from_value(json!({"id": "4", "owner_id": "1", "roles": [role]})).unwrap();
        guild.to_roles().remove(0).source
    };
    for (fields, expected) in [
        (json!({}), RoleSource::Moderator),
        (json!({"id": "4"}), RoleSource::Everyone),
        (json!({"managed": true, "tags": {"bot_id": "9"}}), RoleSource::Bot),
        (json!({"managed": true, "tags": {"premium_subscriber": null}}), RoleSource::Boosters),
        (json!({"managed": true, "tags": {"integration_id": "8"}}), RoleSource::Integration),
        (json!({"managed": true, "tags": null}), RoleSource::Integration),
        (json!({"tags": {"guild_connections": null}}), RoleSource::Linked),
        (json!({"flags": 1}), RoleSource::Onboarding),
        (json!({"flags": 2, "tags": {}}), RoleSource::Moderator),
    ] {
        assert_eq!(source(fields.clone()), expected, "{fields}");
    }
}

#[test]
fn an_administrator_has_all_permissions() {
    let category = channel(&[(9, 0, ALL)]);
    let access = ChannelAccess::Visible(&category);
    let checked = guild(0, 0).check_permissions(&[(Scope::Category, access)], BOT, &[RoleId(91)]);
    assert!(checked.administrator && checked.missing.is_empty());
    let checked = guild(0, 0).check_permissions(&[], BOT, &[]);
    assert_eq!((checked.administrator, checked.role, checked.missing.len()), (false, None, 8));
}

#[test]
fn the_permissions_of_every_call_are_in_the_table() {
    let listed = all_required();
    let owner = Owner { guild: GuildId(4), member: UserId(7) };
    let calls = [
        create(),
        Request::Welcome { owner, channel: TICKET },
        Request::Say {
            channel: TICKET,
            words: Notice::NoRights,
            reply_to: Some((MessageId(1), Language::Russian)),
            request_id: RequestId(60),
        },
        Request::SendPanel { nonce: 1 },
        Request::ListPanels,
        Request::DeleteChannel { channel: TICKET },
    ];
    for call in calls {
        assert!(listed.contains(required_for(&call)), "{call:?}");
    }
    assert!(listed.contains(granted_in_tickets()) && !listed.contains(Permissions::ADMINISTRATOR));
}
