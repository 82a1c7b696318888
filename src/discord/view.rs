//! What a channel looks like from outside: whose ticket may it be?
//!
//! The gateway's events and the lists that are asked for end in the same [`Sighting`]s. A channel that we made carries
//! a mark in its topic; one that the Python bot made is told by its single member's overwrite.

use serde::Deserialize;
use serde_json::Value;
use serenity::model::channel::{ChannelType, GuildChannel, PermissionOverwriteType};
use serenity::model::id as library;
use serenity::model::permissions::Permissions;

use crate::discord::lenient;
use crate::discord::list::Readable;
use crate::discord::wire::Place;
use crate::ids::{ChannelId, Intent, TicketNumber, UserId};
use crate::language::Language;
use crate::lifecycle::{Answer, Sighting};
use crate::texts;

/// No ticket has a higher number.
const MAX_NUMBER: u64 = 1_000_000_000;

/// The topic of a ticket channel: says to people whose it is, and to us what it was made for, and by which attempt if it
/// was not the first one.
#[must_use]
pub fn mark(ticket: Option<TicketNumber>, member: UserId, intent: Intent, attempt: u32, language: Language) -> String {
    let [begin, number] = texts::of(language).channel.mark;
    let ticket = ticket.map(|ticket| format!("{ticket} · ")).unwrap_or_default();
    let attempt = if attempt == 0 { String::new() } else { format!("-{attempt}") };
    format!("{begin}{ticket}<@{member}> · {number}{intent}{attempt}")
}

/// Reads a topic back, whatever language was spoken when it was written. What people wrote behind the mark does not
/// matter.
#[must_use]
pub fn read_mark(topic: &str) -> Option<(UserId, Intent)> {
    Mark::read(topic).map(|mark| mark.made_for)
}

/// What a topic tells.
#[derive(Debug, PartialEq, Eq)]
struct Mark {
    made_for: (UserId, Intent),
    attempt: u32,
    number: Option<TicketNumber>,
}

impl Mark {
    fn read(topic: &str) -> Option<Self> {
        Language::ALL.into_iter().find_map(|language| {
            let [begin, number] = texts::of(language).channel.mark;
            let rest = topic.strip_prefix(begin)?;
            let (ticket, rest) = read_ticket(rest).unwrap_or((None, rest));
            let (member, rest) = rest.strip_prefix("<@")?.split_once("> · ")?;
            let (intent, rest) = split_digits(rest.strip_prefix(number)?);
            let attempt = rest.strip_prefix('-').and_then(|rest| split_digits(rest).0.parse().ok());
            Some(Self {
                made_for: (member.parse().ok()?, intent.parse().ok()?),
                attempt: attempt.unwrap_or_default(),
                number: ticket,
            })
        })
    }
}

/// The number of the ticket, which topics of older versions do not have; and what follows it. Staff can edit a topic: a
/// number that no server will ever come to is none.
fn read_ticket(topic: &str) -> Option<(Option<TicketNumber>, &str)> {
    let (digits, rest) = split_digits(topic.strip_prefix('#')?);
    let number = digits.parse().ok().filter(|number| *number <= MAX_NUMBER);
    Some((number.map(TicketNumber), rest.strip_prefix(" · ")?))
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len()))
}

/// This channel, if it is a text channel in the ticket category, or one with our mark wherever it is: its category may
/// have been deleted, or somebody moved it.
#[must_use]
pub fn sighting(channel: &GuildChannel, place: &Place) -> Option<Sighting> {
    let members = channel.permission_overwrites.iter().filter_map(|overwrite| match overwrite.kind {
        PermissionOverwriteType::Member(member) => Some(member),
        _ => None,
    });
    Outline {
        id: channel.id,
        text: channel.kind == ChannelType::Text,
        parent: channel.parent_id,
        topic: channel.topic.as_deref(),
    }
    .sighting(members, place)
}

/// The same for all channels of a server, as the gateway tells them.
pub fn sightings<'a>(channels: impl IntoIterator<Item = &'a GuildChannel>, place: &Place) -> Vec<Sighting> {
    channels.into_iter().filter_map(|channel| sighting(channel, place)).collect()
}

/// The same for a list that was asked for; `None` if it is no list.
///
/// Only the fields that matter are read, so that a new kind of channel cannot make the whole list unreadable.
pub(super) fn listed(body: &[u8], place: &Place) -> Option<Vec<Sighting>> {
    let Readable(channels): Readable<Listed> = serde_json::from_slice(body).ok()?;
    Some(channels.iter().filter_map(|channel| channel.sighting(place)).collect())
}

/// The same for one that was told in an event which the library could not read.
#[must_use]
pub fn told(channel: &Value, place: &Place) -> Option<Sighting> {
    Listed::deserialize(channel).ok()?.sighting(place)
}

/// Whether a list of all channels holds this one; `None` if it is no list.
pub(super) fn holds(body: &[u8], channel: ChannelId) -> Option<bool> {
    let Readable(channels): Readable<Listed> = serde_json::from_slice(body).ok()?;
    Some(channels.iter().any(|listed| listed.id.get() == channel.0))
}

/// Who is let into a channel by its overwrites; `None` where it does not tell them, as in a hidden one.
pub(super) fn access(body: &[u8]) -> Option<Answer> {
    let channel: Listed = serde_json::from_slice(body).ok()?;
    let guild = channel.guild_id?.get();
    let overwrites = &channel.permission_overwrites;
    // The role with the server's own number is @everyone.
    let private = overwrites.iter().any(|overwrite| overwrite.id.get() == guild && overwrite.denies_view());
    let members = overwrites.iter().filter(|overwrite| overwrite.is_members());
    Some(Answer::Channel { private, members: members.map(|overwrite| UserId(overwrite.id.get())).collect() })
}

#[derive(Deserialize)]
struct Listed {
    id: library::ChannelId,
    #[serde(default, rename = "type", deserialize_with = "lenient::number")]
    kind: Option<u8>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    parent_id: Option<library::ChannelId>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    guild_id: Option<library::GuildId>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    topic: Option<String>,
    #[serde(default, deserialize_with = "lenient::each")]
    permission_overwrites: Vec<ListedOverwrite>,
}

#[derive(Deserialize)]
struct ListedOverwrite {
    id: library::UserId,
    #[serde(default, rename = "type")]
    kind: Value,
    #[serde(default, deserialize_with = "lenient::or_default")]
    deny: Permissions,
}

impl ListedOverwrite {
    /// It is a member's, not a role's. Discord itself once said it in words.
    fn is_members(&self) -> bool {
        self.kind == 1 || self.kind == "1" || self.kind == "member"
    }

    const fn denies_view(&self) -> bool {
        self.deny.contains(Permissions::VIEW_CHANNEL)
    }
}

impl Listed {
    fn sighting(&self, place: &Place) -> Option<Sighting> {
        let members = self.permission_overwrites.iter().filter(|overwrite| overwrite.is_members());
        Outline { id: self.id, text: self.kind == Some(0), parent: self.parent_id, topic: self.topic.as_deref() }
            .sighting(members.map(|overwrite| overwrite.id), place)
    }
}

/// What both kinds of channel have in common.
struct Outline<'a> {
    id: library::ChannelId,
    text: bool,
    parent: Option<library::ChannelId>,
    topic: Option<&'a str>,
}

impl Outline<'_> {
    fn sighting(&self, members: impl Iterator<Item = library::UserId>, place: &Place) -> Option<Sighting> {
        let mark = self.topic.and_then(Mark::read);
        let ours = mark.is_some() || self.parent.is_some_and(|parent| parent.get() == place.category.0);
        (self.text && ours).then(|| Sighting {
            channel: ChannelId(self.id.get()),
            members: members.map(|member| UserId(member.get())).filter(|member| *member != place.me).collect(),
            attempt: mark.as_ref().map_or(0, |mark| mark.attempt),
            number: mark.as_ref().and_then(|mark| mark.number),
            mark: mark.map(|mark| mark.made_for),
            // Only the registry knows.
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
    fn a_mark_is_read_back() {
        let (member, intent) = (UserId(175_928_847_299_117_063), Intent(u64::MAX));
        let topics = [
            (Language::Russian, "тикет #42 · <@175928847299117063> · №18446744073709551615"),
            (Language::English, "ticket #42 · <@175928847299117063> · no. 18446744073709551615"),
        ];
        let number = Some(TicketNumber(42));
        let read = |attempt| Some(Mark { made_for: (member, intent), attempt, number });
        for (language, topic) in topics {
            assert_eq!(mark(number, member, intent, 0, language), topic);
            assert_eq!(Mark::read(topic), read(0));
            assert_eq!(read_mark(&format!("{topic}, сложный случай")), Some((member, intent)));
            assert_eq!(mark(number, member, intent, 250, language), format!("{topic}-250"));
            for rest in ["-250", "-250, сложный случай", "-250-1"] {
                assert_eq!(Mark::read(&format!("{topic}{rest}")), read(250));
            }
            for rest in ["-", "-x", "- 250", "-99999999999"] {
                assert_eq!(Mark::read(&format!("{topic}{rest}")), read(0));
            }
        }
    }

    #[test]
    fn a_topic_without_a_number_or_with_an_absurd_one_is_a_mark_all_the_same() {
        for ticket in ["", "#1000000001 · ", "#99999999999999999999999 · "] {
            let topic = format!("тикет {ticket}<@7> · №70");
            let read = Mark { made_for: (UserId(7), Intent(70)), attempt: 0, number: None };
            assert_eq!(Mark::read(&topic), Some(read), "{topic}");
        }
    }

    #[test]
    fn other_topics_are_no_marks() {
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
            assert_eq!(read_mark(topic), None, "{topic}");
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

    fn check(change: Value, expected: Option<Sighting>) {
        let channel = channel(change);
        let list = Value::Array(vec![channel.clone()]).to_string();
        assert_eq!(listed(list.as_bytes(), &PLACE), Some(expected.clone().into_iter().collect()));
        // The gateway must see exactly what the list shows.
        let parsed: GuildChannel = serde_json::from_value(channel).unwrap();
        assert_eq!(sightings([&parsed], &PLACE), expected.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn text_channels_in_the_category_are_seen() {
        let seen = Sighting {
            channel: ChannelId(50),
            members: vec![UserId(7)],
            mark: Some((UserId(7), Intent(70))),
            attempt: 0,
            number: Some(TicketNumber(42)),
            owned: false,
        };
        check(json!({}), Some(seen.clone()));
        check(json!({"topic": null}), Some(Sighting { mark: None, number: None, ..seen.clone() }));
        check(json!({"permission_overwrites": []}), Some(Sighting { members: vec![], ..seen }));
    }

    #[test]
    fn a_marked_channel_is_seen_wherever_it_is() {
        let seen = || Sighting {
            channel: ChannelId(50),
            members: vec![UserId(7)],
            mark: Some((UserId(7), Intent(70))),
            attempt: 0,
            number: Some(TicketNumber(42)),
            owned: false,
        };
        check(json!({"parent_id": "8"}), Some(seen()));
        check(json!({"parent_id": null}), Some(seen()));
    }

    #[test]
    fn other_channels_are_not_seen() {
        check(json!({"parent_id": "8", "topic": null}), None);
        check(json!({"parent_id": null, "topic": "о погоде"}), None);
        check(json!({"type": 2}), None);
        check(json!({"type": 4, "parent_id": null}), None);
    }

    /// As a list shows it, whose fields are spelt as Discord never spells them.
    fn check_listed(change: Value, members: &[u64]) {
        let name = change.to_string();
        let seen = Sighting {
            channel: ChannelId(50),
            members: members.iter().copied().map(UserId).collect(),
            mark: Some((UserId(7), Intent(70))),
            attempt: 0,
            number: Some(TicketNumber(42)),
            owned: false,
        };
        assert_eq!(told(&channel(change), &PLACE), Some(seen), "{name}");
    }

    #[test]
    fn a_field_that_is_spelt_otherwise_hides_no_channel() {
        let overwrites = |role: Value, member: Value| json!([{"id": "4", "type": role}, {"id": 7, "type": member}]);
        check_listed(json!({"id": 50, "type": "0", "parent_id": 2}), &[7]);
        check_listed(json!({"parent_id": {"id": "2"}}), &[7]);
        check_listed(json!({"permission_overwrites": overwrites("0".into(), "1".into())}), &[7]);
        check_listed(json!({"permission_overwrites": overwrites("role".into(), "member".into())}), &[7]);
        check_listed(json!({"permission_overwrites": overwrites(0.into(), Value::Null)}), &[]);
        check_listed(json!({"permission_overwrites": [{"type": 1}, null, {"id": "7", "type": 1}]}), &[7]);
        check_listed(json!({"permission_overwrites": null}), &[]);
        let unmarked = channel(json!({"topic": ["?"]}));
        assert_eq!(told(&unmarked, &PLACE).unwrap().mark, None);
    }

    #[test]
    fn what_cannot_be_read_hides_nothing_else() {
        let list = json!([{"id": "51", "type": "future"}, channel(json!({}))]).to_string();
        assert_eq!(listed(list.as_bytes(), &PLACE).map(|seen| seen.len()), Some(1));
        assert_eq!(listed(b"{}", &PLACE), None);
    }
}
