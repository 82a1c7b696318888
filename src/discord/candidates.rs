//! Which channels may be tickets, and whose.
//!
//! The gateway's events and the lists that the bot requests become the same [`ChannelCandidate`]s. A channel that the bot created has
//! a marker in its topic; one that the Python bot created is recognized by the overwrite of its only member.

use serde::Deserialize;
use serde_json::Value;
use serenity::model::channel::{ChannelType, GuildChannel, PermissionOverwriteType};
use serenity::model::id as model_id;
use serenity::model::permissions::Permissions;

use crate::discord::lenient;
use crate::discord::lenient_list::LenientList;
use crate::discord::request::Place;
use crate::ids::{ChannelId, RequestId, TicketNumber, UserId};
use crate::language::Language;
use crate::lifecycle::{ChannelCandidate, Outcome};
use crate::texts;

/// A higher number in a topic was not written by the bot.
const MAX_TICKET_NUMBER: u64 = 1_000_000_000;

/// The topic of a ticket channel: it shows the ticket's number and whose ticket it is, the intent it was created for, and
/// which attempt created it if it was not the first one.
#[must_use]
pub fn format_topic_marker(
    ticket: Option<TicketNumber>,
    member: UserId,
    request_id: RequestId,
    attempt: u32,
    language: Language,
) -> String {
    let [begin, number] = texts::of(language).channel.mark;
    let ticket = ticket.map(|ticket| format!("{ticket} · ")).unwrap_or_default();
    let attempt = if attempt == 0 { String::new() } else { format!("-{attempt}") };
    format!("{begin}{ticket}<@{member}> · {number}{request_id}{attempt}")
}

/// Parses a topic, in whichever language it was written. Text behind the marker is ignored.
#[must_use]
pub fn parse_topic_marker(topic: &str) -> Option<(UserId, RequestId)> {
    TopicMarker::parse(topic).map(|marker| marker.created_for)
}

/// The contents of a topic marker.
#[derive(Debug, PartialEq, Eq)]
struct TopicMarker {
    created_for: (UserId, RequestId),
    attempt: u32,
    number: Option<TicketNumber>,
}

impl TopicMarker {
    fn parse(topic: &str) -> Option<Self> {
        Language::ALL.into_iter().find_map(|language| {
            let [begin, number] = texts::of(language).channel.mark;
            let rest = topic.strip_prefix(begin)?;
            let (ticket, rest) = parse_number(rest).unwrap_or((None, rest));
            let (member, rest) = rest.strip_prefix("<@")?.split_once("> · ")?;
            let (request_id, rest) = split_digits(rest.strip_prefix(number)?);
            let attempt = rest.strip_prefix('-').and_then(|rest| split_digits(rest).0.parse().ok());
            Some(Self {
                created_for: (member.parse().ok()?, request_id.parse().ok()?),
                attempt: attempt.unwrap_or_default(),
                number: ticket,
            })
        })
    }
}

/// The ticket number, which topics of older versions do not have, and the rest of the topic. Staff can edit a topic: a number
/// above [`MAX_TICKET_NUMBER`] counts as none.
fn parse_number(topic: &str) -> Option<(Option<TicketNumber>, &str)> {
    let (digits, rest) = split_digits(topic.strip_prefix('#')?);
    let number = digits.parse().ok().filter(|number| *number <= MAX_TICKET_NUMBER);
    Some((number.map(TicketNumber), rest.strip_prefix(" · ")?))
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len()))
}

/// This channel, if it is a text channel in the ticket category, or one with a marker wherever it is: its category may have
/// been deleted, or a moderator moved it.
#[must_use]
pub fn find_candidate(channel: &GuildChannel, place: &Place) -> Option<ChannelCandidate> {
    let members = channel.permission_overwrites.iter().filter_map(|overwrite| match overwrite.kind {
        PermissionOverwriteType::Member(member) => Some(member),
        _ => None,
    });
    ChannelFields {
        id: channel.id,
        is_text: channel.kind == ChannelType::Text,
        parent: channel.parent_id,
        topic: channel.topic.as_deref(),
    }
    .to_candidate(members, place)
}

/// The same for all channels of a server, from a gateway event.
pub fn find_candidates<'a>(
    channels: impl IntoIterator<Item = &'a GuildChannel>,
    place: &Place,
) -> Vec<ChannelCandidate> {
    channels.into_iter().filter_map(|channel| find_candidate(channel, place)).collect()
}

/// The same for the response to a list request; `None` if it is no list.
///
/// Only the necessary fields are read, so that a new channel type cannot make the whole list unreadable.
pub(super) fn parse_candidates(body: &[u8], place: &Place) -> Option<Vec<ChannelCandidate>> {
    let LenientList(channels): LenientList<ChannelObject> = serde_json::from_slice(body).ok()?;
    Some(channels.iter().filter_map(|channel| channel.to_candidate(place)).collect())
}

/// The same for a channel in an event that serenity could not parse.
#[must_use]
pub fn parse_candidate(channel: &Value, place: &Place) -> Option<ChannelCandidate> {
    ChannelObject::deserialize(channel).ok()?.to_candidate(place)
}

/// Whether a list of channels contains this one; `None` if it is no list.
pub(super) fn list_contains(body: &[u8], channel: ChannelId) -> Option<bool> {
    let LenientList(channels): LenientList<ChannelObject> = serde_json::from_slice(body).ok()?;
    Some(channels.iter().any(|listed| listed.id.get() == channel.0))
}

/// Which members may view a channel by its overwrites; `None` where the response has none, as for a hidden channel.
pub(super) fn parse_access(body: &[u8]) -> Option<Outcome> {
    let channel: ChannelObject = serde_json::from_slice(body).ok()?;
    let guild = channel.guild_id?.get();
    let overwrites = &channel.permission_overwrites;
    // The role with the server's own id is @everyone.
    let private = overwrites.iter().any(|overwrite| overwrite.id.get() == guild && overwrite.denies_view());
    let members = overwrites.iter().filter(|overwrite| overwrite.is_for_member());
    Some(Outcome::Channel { private, members: members.map(|overwrite| UserId(overwrite.id.get())).collect() })
}

#[derive(Deserialize)]
struct ChannelObject {
    id: model_id::ChannelId,
    #[serde(default, rename = "type", deserialize_with = "lenient::number")]
    kind: Option<u8>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    parent_id: Option<model_id::ChannelId>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    guild_id: Option<model_id::GuildId>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    topic: Option<String>,
    #[serde(default, deserialize_with = "lenient::readable_items")]
    permission_overwrites: Vec<OverwriteObject>,
}

#[derive(Deserialize)]
struct OverwriteObject {
    id: model_id::UserId,
    #[serde(default, rename = "type")]
    kind: Value,
    #[serde(default, deserialize_with = "lenient::or_default")]
    deny: Permissions,
}

impl OverwriteObject {
    /// Whether it is for a member, not for a role. An older API of Discord's used words.
    fn is_for_member(&self) -> bool {
        self.kind == 1 || self.kind == "1" || self.kind == "member"
    }

    const fn denies_view(&self) -> bool {
        self.deny.contains(Permissions::VIEW_CHANNEL)
    }
}

impl ChannelObject {
    fn to_candidate(&self, place: &Place) -> Option<ChannelCandidate> {
        let members = self.permission_overwrites.iter().filter(|overwrite| overwrite.is_for_member());
        ChannelFields {
            id: self.id,
            is_text: self.kind == Some(0),
            parent: self.parent_id,
            topic: self.topic.as_deref(),
        }
        .to_candidate(members.map(|overwrite| overwrite.id), place)
    }
}

/// The fields that serenity's channel and [`ChannelObject`] have in common.
struct ChannelFields<'a> {
    id: model_id::ChannelId,
    is_text: bool,
    parent: Option<model_id::ChannelId>,
    topic: Option<&'a str>,
}

impl ChannelFields<'_> {
    fn to_candidate(&self, members: impl Iterator<Item = model_id::UserId>, place: &Place) -> Option<ChannelCandidate> {
        let mark = self.topic.and_then(TopicMarker::parse);
        let is_ours = mark.is_some() || self.parent.is_some_and(|parent| parent.get() == place.category.0);
        (self.is_text && is_ours).then(|| ChannelCandidate {
            channel: ChannelId(self.id.get()),
            members: members.map(|member| UserId(member.get())).filter(|member| *member != place.me).collect(),
            attempt: mark.as_ref().map_or(0, |mark| mark.attempt),
            number: mark.as_ref().and_then(|mark| mark.number),
            mark: mark.map(|marker| marker.created_for),
            // Only the registry of tickets knows.
            owned: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PLACE: Place = Place::EXAMPLE;

    #[test]
    fn a_marker_is_parsed() {
        let (member, request_id) = (UserId(175_928_847_299_117_063), RequestId(u64::MAX));
        let topics = [
            (Language::Russian, "тикет #42 · <@175928847299117063> · №18446744073709551615"),
            (Language::English, "ticket #42 · <@175928847299117063> · no. 18446744073709551615"),
        ];
        let number = Some(TicketNumber(42));
        let parsed = |attempt| Some(TopicMarker { created_for: (member, request_id), attempt, number });
        for (language, topic) in topics {
            assert_eq!(format_topic_marker(number, member, request_id, 0, language), topic);
            assert_eq!(TopicMarker::parse(topic), parsed(0));
            assert_eq!(parse_topic_marker(&format!("{topic}, сложный случай")), Some((member, request_id)));
            assert_eq!(format_topic_marker(number, member, request_id, 250, language), format!("{topic}-250"));
            for rest in ["-250", "-250, сложный случай", "-250-1"] {
                assert_eq!(TopicMarker::parse(&format!("{topic}{rest}")), parsed(250));
            }
            for rest in ["-", "-x", "- 250", "-99999999999"] {
                assert_eq!(TopicMarker::parse(&format!("{topic}{rest}")), parsed(0));
            }
        }
    }

    #[test]
    fn a_topic_without_a_number_or_with_an_absurd_one_is_a_marker_all_the_same() {
        for ticket in ["", "#1000000001 · ", "#99999999999999999999999 · "] {
            let topic = format!("тикет {ticket}<@7> · №70");
            let read = TopicMarker { created_for: (UserId(7), RequestId(70)), attempt: 0, number: None };
            assert_eq!(TopicMarker::parse(&topic), Some(read), "{topic}");
        }
    }

    #[test]
    fn other_topics_are_no_markers() {
        for topic in [
            "",
            "тикет",
            "тикет <@> · №1",
            "тикет <@1> · №",
            "тикет <@1> · №x",
            "о тикет <@1> · №2",
            "тикет <@1 №2",
            "тикет #1",
        ] {
            assert_eq!(parse_topic_marker(topic), None, "{topic}");
        }
    }

    /// One channel as Discord lists it, changed by a test.
    fn channel(change: Value) -> Value {
        let mut channel = json!({
            "id": "50", "type": 0, "guild_id": "4", "name": "анна", "parent_id": "2", "position": 3,
            "topic": "тикет #42 · <@7> · №70", "nsfw": false, "flags": 0, "last_message_id": null,
            "permission_overwrites": [
                {"id": "4", "type": 0, "allow": "0", "deny": "1024"},
                {"id": "7", "type": 1, "allow": "101376", "deny": "0"},
                {"id": "9", "type": 1, "allow": "68624", "deny": "0"},
            ],
        });
        let change: serde_json::Map<String, Value> = serde_json::from_value(change).unwrap();
        channel.as_object_mut().unwrap().extend(change);
        channel
    }

    fn check(change: Value, expected: Option<ChannelCandidate>) {
        let channel = channel(change);
        let list = Value::Array(vec![channel.clone()]).to_string();
        assert_eq!(parse_candidates(list.as_bytes(), &PLACE), Some(expected.clone().into_iter().collect()));
        // Gateway events and lists must give the same candidates.
        let parsed: GuildChannel = serde_json::from_value(channel).unwrap();
        assert_eq!(find_candidates([&parsed], &PLACE), expected.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn text_channels_in_the_category_are_candidates() {
        let seen = ChannelCandidate {
            channel: ChannelId(50),
            members: vec![UserId(7)],
            mark: Some((UserId(7), RequestId(70))),
            attempt: 0,
            number: Some(TicketNumber(42)),
            owned: false,
        };
        check(json!({}), Some(seen.clone()));
        check(json!({"topic": null}), Some(ChannelCandidate { mark: None, number: None, ..seen.clone() }));
        check(json!({"permission_overwrites": []}), Some(ChannelCandidate { members: vec![], ..seen }));
    }

    #[test]
    fn a_channel_with_a_marker_is_a_candidate_wherever_it_is() {
        let seen = || ChannelCandidate {
            channel: ChannelId(50),
            members: vec![UserId(7)],
            mark: Some((UserId(7), RequestId(70))),
            attempt: 0,
            number: Some(TicketNumber(42)),
            owned: false,
        };
        check(json!({"parent_id": "8"}), Some(seen()));
        check(json!({"parent_id": null}), Some(seen()));
    }

    #[test]
    fn other_channels_are_no_candidates() {
        check(json!({"parent_id": "8", "topic": null}), None);
        check(json!({"parent_id": null, "topic": "о погоде"}), None);
        check(json!({"type": 2}), None);
        check(json!({"type": 4, "parent_id": null}), None);
    }

    /// For a channel whose fields deviate from Discord's reference.
    fn check_listed(change: Value, members: &[u64]) {
        let name = change.to_string();
        let seen = ChannelCandidate {
            channel: ChannelId(50),
            members: members.iter().copied().map(UserId).collect(),
            mark: Some((UserId(7), RequestId(70))),
            attempt: 0,
            number: Some(TicketNumber(42)),
            owned: false,
        };
        assert_eq!(parse_candidate(&channel(change), &PLACE), Some(seen), "{name}");
    }

    #[test]
    fn a_deviating_field_hides_no_channel() {
        let overwrites = |role: Value, member: Value| json!([{"id": "4", "type": role}, {"id": 7, "type": member}]);
        check_listed(json!({"id": 50, "type": "0", "parent_id": 2}), &[7]);
        check_listed(json!({"parent_id": {"id": "2"}}), &[7]);
        check_listed(json!({"permission_overwrites": overwrites("0".into(), "1".into())}), &[7]);
        check_listed(json!({"permission_overwrites": overwrites("role".into(), "member".into())}), &[7]);
        check_listed(json!({"permission_overwrites": overwrites(0.into(), Value::Null)}), &[]);
        check_listed(json!({"permission_overwrites": [{"type": 1}, null, {"id": "7", "type": 1}]}), &[7]);
        check_listed(json!({"permission_overwrites": null}), &[]);
        let unmarked = channel(json!({"topic": ["?"]}));
        assert_eq!(parse_candidate(&unmarked, &PLACE).unwrap().mark, None);
    }

    #[test]
    fn an_unreadable_channel_hides_no_other() {
        let list = json!([{"id": "51", "type": "future"}, channel(json!({}))]).to_string();
        assert_eq!(parse_candidates(list.as_bytes(), &PLACE).map(|seen| seen.len()), Some(1));
        assert_eq!(parse_candidates(b"{}", &PLACE), None);
    }
}
