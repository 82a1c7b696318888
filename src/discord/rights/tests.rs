use serde_json::{Value, json};

use super::*;
use crate::ids::{ChannelId, Intent, MessageId, Owner};
use crate::language::Language;
use crate::lifecycle::{ChannelName, Words};

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

/// The server 4 of member 1, whose @everyone and whose bot's role hold these permissions.
fn guild(everyone: u64, bot: u64) -> Guild {
    let role = |id: &str, bits: u64| json!({"id": id, "name": "…", "permissions": bits.to_string(), "position": 1});
    let roles = json!([role("4", everyone), role("90", bot), role("91", ADMINISTRATOR)]);
    serde_json::from_value(json!({"id": "4", "owner_id": "1", "name": "…", "roles": roles})).unwrap()
}

/// A channel with these overwrites: whose, allowed, denied.
fn channel(overwrites: &[(u64, u64, u64)]) -> Channel {
    let overwrites: Vec<Value> = overwrites
        .iter()
        .map(|(id, allow, deny)| {
            json!({"id": id.to_string(), "type": 0, "allow": allow.to_string(), "deny": deny.to_string()})
        })
        .collect();
    serde_json::from_value(json!({"id": "50", "guild_id": "4", "permission_overwrites": overwrites})).unwrap()
}

fn create() -> Call {
    let owner = Owner { guild: GuildId(4), member: UserId(7) };
    Call::CreateChannel { owner, name: ChannelName::Neutral, intent: Intent(60), attempt: 0, number: None }
}

fn check(call: &Call, guild: &Guild, overwrites: &[(u64, u64, u64)], expected: &[Right]) {
    let found = missing(call, guild, &channel(overwrites), BOT, &[BOT_ROLE]);
    assert_eq!(found, expected, "{call:?} with {overwrites:?}");
}

#[test]
fn a_right_that_no_role_gives_is_missing() {
    let cases = [
        (ALL & !MANAGE_CHANNELS, vec![Right::ManageChannels]),
        (ALL & !MANAGE_MESSAGES, vec![Right::ManageMessages]),
        (ALL & !SEND & !VIEW, vec![Right::ViewChannel, Right::SendMessages]),
        (ALL & !EMBED, vec![]),
        (ADMINISTRATOR, vec![]),
    ];
    for (bits, expected) in cases {
        check(&create(), &guild(0, bits), &[], &expected);
        check(&create(), &guild(bits, 0), &[], &expected);
    }
}

#[test]
fn overwrites_take_and_give_in_discords_order() {
    let delete = Call::DeleteChannel { channel: TICKET };
    let held = guild(VIEW, MANAGE_CHANNELS);
    let (everyone, role, other, bot) = (4, 90, 91, 9);
    let lacks = [Right::ManageChannels];
    check(&delete, &held, &[], &[]);
    check(&delete, &held, &[(everyone, 0, MANAGE_CHANNELS)], &lacks);
    check(&delete, &held, &[(everyone, 0, MANAGE_CHANNELS), (role, MANAGE_CHANNELS, 0)], &[]);
    check(&delete, &held, &[(bot, MANAGE_CHANNELS, 0), (role, 0, MANAGE_CHANNELS)], &[]);
    check(&delete, &held, &[(role, MANAGE_CHANNELS, 0), (bot, 0, MANAGE_CHANNELS)], &lacks);
    check(&delete, &held, &[(other, 0, MANAGE_CHANNELS)], &[]);
    check(&delete, &held, &[(everyone, 0, VIEW)], &[Right::ViewChannel]);
    check(&delete, &guild(0, ADMINISTRATOR), &[(bot, 0, MANAGE_CHANNELS)], &[]);
}

#[test]
fn what_the_category_gives_may_be_given_on() {
    check(&create(), &guild(0, ALL & !MANAGE_MESSAGES), &[(9, MANAGE_MESSAGES, 0)], &[]);
    check(&create(), &guild(0, ALL), &[(9, 0, MANAGE_MESSAGES)], &[]);
    check(&create(), &guild(0, ALL), &[(9, 0, MANAGE_CHANNELS)], &[Right::ManageChannels]);
}

#[test]
fn each_call_needs_what_it_does() {
    let say = |reply_to| Call::Say { channel: TICKET, words: Words::NoRights, reply_to, intent: Intent(60) };
    let owner = Owner { guild: GuildId(4), member: UserId(7) };
    let cases = [
        (say(None), vec![Right::ViewChannel, Right::SendMessages]),
        (
            say(Some((MessageId(1), Language::Russian))),
            vec![Right::ViewChannel, Right::SendMessages, Right::ReadMessageHistory],
        ),
        (Call::Welcome { owner, channel: TICKET }, vec![Right::ViewChannel, Right::SendMessages, Right::EmbedLinks]),
        (Call::SendPanel { nonce: 1 }, vec![Right::ViewChannel, Right::SendMessages, Right::EmbedLinks]),
        (Call::ReadChannel { channel: TICKET, after: None }, vec![Right::ViewChannel, Right::ReadMessageHistory]),
        (Call::ListChannels { guild: GuildId(4) }, vec![]),
    ];
    for (call, expected) in cases {
        check(&call, &guild(0, 0), &[], &expected);
    }
}

#[test]
fn administrators_are_the_owner_and_who_has_the_role() {
    let guild = guild(ALL, ALL);
    assert!(guild.is_administrated_by(UserId(1), &[]));
    assert!(guild.is_administrated_by(UserId(7), &[BOT_ROLE, RoleId(91)]));
    assert!(!guild.is_administrated_by(UserId(7), &[BOT_ROLE]));
    assert!(!guild.is_administrated_by(UserId(7), &[RoleId(12345)]));
}

const MENTION: u64 = 1 << 17;

/// What is lacking of all that is needed, with these overwrites of the category.
fn reviewed(guild: &Guild, overwrites: &[(u64, u64, u64)], roles: &[RoleId]) -> Vec<(Right, Site, Option<Denier>)> {
    let category = channel(overwrites);
    let rights = guild.review(&[(Site::Category, Sight::Channel(&category))], BOT, roles);
    rights.lacks.into_iter().map(|lack| (lack.right, lack.site, lack.denier)).collect()
}

#[test]
fn a_review_names_what_is_taken_away_and_by_whom() {
    let held = guild(VIEW, ALL | MENTION);
    let check = |overwrites: &[(u64, u64, u64)], expected: Option<Denier>| {
        let expected = expected.map(|denier| (Right::ManageChannels, Site::Category, Some(denier)));
        assert_eq!(reviewed(&held, overwrites, &[BOT_ROLE]), Vec::from_iter(expected), "{overwrites:?}");
    };
    let (everyone, role, other, bot) = (4, 90, 91, 9);
    let role_denies = Denier::Roles(vec!["…".into()]);
    check(&[], None);
    check(&[(everyone, 0, MANAGE_CHANNELS)], Some(Denier::Everyone));
    check(&[(everyone, 0, MANAGE_CHANNELS), (role, MANAGE_CHANNELS, 0)], None);
    check(&[(everyone, 0, MANAGE_CHANNELS), (role, 0, MANAGE_CHANNELS)], Some(role_denies));
    check(&[(role, MANAGE_CHANNELS, 0), (bot, 0, MANAGE_CHANNELS)], Some(Denier::Bot));
    check(&[(other, 0, MANAGE_CHANNELS)], None);
    check(&[(everyone, 0, SEND | EMBED)], None);
}

#[test]
fn a_review_tells_what_the_server_does_not_give_once() {
    let needed: u64 = needed_number();
    for right in needed_rights() {
        let (_, permission, _) = RIGHTS.into_iter().find(|(known, ..)| *known == right).unwrap();
        let lacking = guild(0, needed & !permission.bits());
        assert_eq!(reviewed(&lacking, &[], &[BOT_ROLE]), [(right, Site::Server, None)]);
    }
    // It is the overwrite that must go, too.
    let twice = reviewed(&guild(0, needed & !MANAGE_CHANNELS), &[(9, 0, MANAGE_CHANNELS)], &[BOT_ROLE]);
    assert_eq!(twice.len(), 2, "{twice:?}");
    // That the category alone gives a right is not enough: the tickets have overwrites of their own.
    let here = reviewed(&guild(0, needed & !EMBED), &[(9, EMBED, 0)], &[BOT_ROLE]);
    assert_eq!(here, [(Right::EmbedLinks, Site::Server, None)]);
}

#[test]
fn a_hidden_place_lacks_the_right_to_view_it_unless_the_server_does() {
    let hidden = |bits: u64| guild(0, bits).review(&[(Site::Panel, Sight::Hidden)], BOT, &[BOT_ROLE]);
    let lack = Lack { right: Right::ViewChannel, site: Site::Panel, denier: Some(Denier::Hidden) };
    assert_eq!((hidden(needed_number()).lacks, hidden(needed_number()).unseen), (vec![lack], vec![Site::Panel]));
    let blind = hidden(needed_number() & !VIEW);
    let lacks: Vec<_> = blind.lacks.iter().map(|lack| (lack.right, lack.site)).collect();
    assert_eq!((lacks, blind.unseen), (vec![(Right::ViewChannel, Site::Server)], vec![Site::Panel]), "told once");
    let administrator = hidden(ADMINISTRATOR);
    assert_eq!((administrator.lacks, administrator.unseen), (vec![], vec![]));
}

#[test]
fn a_channel_that_leaves_its_overwrites_out_was_not_seen() {
    let bare: Channel = serde_json::from_value(json!({"id": "50", "guild_id": "4"})).unwrap();
    let rights = guild(0, needed_number()).review(&[(Site::Panel, Sight::Channel(&bare))], BOT, &[BOT_ROLE]);
    assert_eq!((rights.lacks, rights.unseen), (vec![], vec![Site::Panel]));
}

#[test]
fn a_role_tells_how_members_come_by_it() {
    let source = |told: Value| {
        let mut role = json!({"id": "60", "permissions": "0"});
        role.as_object_mut().unwrap().extend(told.as_object().unwrap().clone());
        let guild: Guild = serde_json::from_value(json!({"id": "4", "owner_id": "1", "roles": [role]})).unwrap();
        guild.roles().remove(0).source
    };
    for (told, expected) in [
        (json!({}), Source::People),
        (json!({"id": "4"}), Source::Everyone),
        (json!({"managed": true, "tags": {"bot_id": "9"}}), Source::Bot),
        (json!({"managed": true, "tags": {"premium_subscriber": null}}), Source::Boosters),
        (json!({"managed": true, "tags": {"integration_id": "8"}}), Source::Integration),
        (json!({"managed": true, "tags": null}), Source::Integration),
        (json!({"tags": {"guild_connections": null}}), Source::Linked),
        (json!({"flags": 1}), Source::Onboarding),
        (json!({"flags": 2, "tags": {}}), Source::People),
    ] {
        assert_eq!(source(told.clone()), expected, "{told}");
    }
}

#[test]
fn an_administrator_lacks_nothing() {
    let rights = guild(0, 0).review(&[(Site::Category, Sight::Channel(&channel(&[(9, 0, ALL)])))], BOT, &[RoleId(91)]);
    assert!(rights.administrator && rights.lacks.is_empty());
    let rights = guild(0, 0).review(&[], BOT, &[]);
    assert_eq!((rights.administrator, rights.role, rights.lacks.len()), (false, None, 8));
}

#[test]
fn whatever_a_call_needs_is_on_the_list() {
    let listed = all();
    let owner = Owner { guild: GuildId(4), member: UserId(7) };
    let calls = [
        create(),
        Call::Welcome { owner, channel: TICKET },
        Call::Say {
            channel: TICKET,
            words: Words::NoRights,
            reply_to: Some((MessageId(1), Language::Russian)),
            intent: Intent(60),
        },
        Call::SendPanel { nonce: 1 },
        Call::ListPanels,
        Call::DeleteChannel { channel: TICKET },
    ];
    for call in calls {
        assert!(listed.contains(needed(&call)), "{call:?}");
    }
    assert!(listed.contains(granted()) && !listed.contains(Permissions::ADMINISTRATOR));
}
