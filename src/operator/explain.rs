//! `talon explain`: why did this happen? A ticket's story, from the journal, in sentences.
//!
//! It is in English throughout, the buttons' captions included, whatever language the members read: it is for the
//! operator, like the log. Members' administrators have `!explain`, which speaks as the server does.

use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::config::Access;
use crate::ids::{ChannelId, GuildId, UserId};
use crate::language::Language;
use crate::lifecycle::{Note, Way};
use crate::operator::Trouble;
use crate::operator::names::Names;
use crate::printable::printable;
use crate::store::{Entry, Filter, Number, Reader};
use crate::texts;

/// Nobody reads more, and a member may have had many tickets.
const MOST: usize = 2_000;

/// The story of a ticket, a channel, or all tickets of a member, with the names that `access` helps to find out; or as
/// JSON, with ids alone.
pub async fn tell(database: &Path, whose: &str, json: bool, access: Option<&Access>) -> Result<String, Trouble> {
    let entries = find(&Reader::open(database)?, whose)?;
    if json {
        let entries: Vec<Value> = entries.iter().map(object).collect();
        return Ok(format!("{:#}\n", Value::Array(entries)));
    }
    let names = Names::look_up(access, &entries.iter().flat_map(people).collect()).await;
    let mut told = String::new();
    if entries.len() == MOST {
        told.push_str("(what came before is left out)\n");
    }
    for story in entries.chunk_by(|one, next| (one.number, one.owner) == (next.number, next.owner)) {
        told.push_str(&chapter(story, &names));
    }
    Ok(told)
}

/// What a number may be the number of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Member,
    Channel,
    Ticket,
}

impl Kind {
    const fn filter(self, id: u64) -> Filter {
        match self {
            Self::Member => Filter::Member(UserId(id)),
            Self::Channel => Filter::Channel(ChannelId(id)),
            Self::Ticket => Filter::Ticket(Number(id)),
        }
    }

    /// How to say that it is this, and nothing else.
    fn spelt(self, id: u64) -> String {
        match self {
            Self::Member => format!("a member, '<@{id}>'"),
            Self::Channel => format!("a channel, '<#{id}>'"),
            Self::Ticket => format!("a ticket, '#{id}'"),
        }
    }
}

/// What somebody may mean.
fn understand(whose: &str) -> Result<(u64, &'static [Kind]), Trouble> {
    let inside = |open: &str| whose.strip_prefix(open).and_then(|rest| rest.strip_suffix('>'));
    let (digits, kinds): (_, &[Kind]) = if inside("<@&").is_some() {
        return Err(format!("{whose} is a role, and no role has a ticket: name a member, a channel or a ticket").into());
    } else if let Some(id) = inside("<@!").or_else(|| inside("<@")) {
        (id, &[Kind::Member])
    } else if let Some(id) = inside("<#") {
        (id, &[Kind::Channel])
    } else if let Some(number) = whose.strip_prefix('#') {
        (number, &[Kind::Ticket])
    } else {
        (whose, &[Kind::Member, Kind::Channel, Kind::Ticket])
    };
    match digits.parse() {
        Ok(id) => Ok((id, kinds)),
        Err(_) => Err(format!(
            "{whose} is none of these: an id, '<@id>' for a member, '<#id>' for a channel, '#number' for a ticket"
        )
        .into()),
    }
}

fn find(reader: &Reader, whose: &str) -> Result<Vec<Entry>, Trouble> {
    let (id, kinds) = understand(whose)?;
    let mut found = Vec::new();
    for kind in kinds {
        let entries = reader.journal(kind.filter(id), MOST)?;
        if !entries.is_empty() {
            found.push((kind, entries));
        }
    }
    if found.len() > 1 {
        let choices: Vec<_> = found.iter().map(|(kind, _)| kind.spelt(id)).collect();
        return Err(format!("{whose} may be {}: say which", choices.join(", or ")).into());
    }
    let nothing = || format!("the journal knows nothing of {whose}: wrong number, or longer ago than JOURNAL_KEEP");
    Ok(found.pop().ok_or_else(nothing)?.1)
}

/// Who appears in an entry.
fn people(entry: &Entry) -> impl Iterator<Item = (GuildId, UserId)> + use<> {
    let by = match &entry.note {
        Ok(
            Note::Asked { by, .. }
            | Note::AskedAgain { by, .. }
            | Note::TurnedDown { by, .. }
            | Note::CloseAsked { by, .. },
        ) => Some(*by),
        _ => None,
    };
    let guild = entry.owner.guild;
    std::iter::once(entry.owner.member).chain(by).map(move |user| (guild, user))
}

/// The part of the journal that is about one ticket.
fn chapter(story: &[Entry], names: &Names) -> String {
    let Some(first) = story.first() else { return String::new() };
    let (member, guild) = (first.owner.member, first.owner.guild);
    let channel = story.iter().rev().find_map(|entry| entry.channel);
    let channel = channel.map_or_else(String::new, |channel| format!(", channel {}", names.channel(channel)));
    let member = names.member(member);
    let title = match first.number {
        Some(number) => format!("Ticket #{number} of member {member} in server {guild}{channel}"),
        None => format!("Member {member} in server {guild}, who had no ticket{channel}"),
    };
    let lines = story.iter().map(|entry| format!("  {}  {}\n", moment(entry.at), printable(&sentence(entry, names))));
    format!("{title}\n{}", lines.collect::<String>())
}

fn moment(at: SystemTime) -> String {
    let time = humantime::format_rfc3339_millis(at).to_string();
    time.replace('T', " ").replace('Z', " UTC")
}

fn object(entry: &Entry) -> Value {
    json!({
        "at": humantime::format_rfc3339_millis(entry.at).to_string(),
        "ticket": entry.number.map(|number| number.0),
        "guild": entry.owner.guild.to_string(),
        "member": entry.owner.member.to_string(),
        "channel": entry.channel.map(|channel| channel.to_string()),
        "note": entry.note.as_ref().map_or(Value::Null, plain),
        "text": sentence(entry, &Names::default()),
    })
}

/// Ids as Discord writes them: they are too large for the numbers of many who read JSON.
fn plain(note: &Note) -> Value {
    let mut note = json!(note);
    for id in ["by", "channel"] {
        if let Some(id) = note.get_mut(id) {
            *id = id.to_string().into();
        }
    }
    note
}

fn sentence(entry: &Entry, names: &Names) -> String {
    match &entry.note {
        Ok(note) => in_words(note, entry.owner.member, names),
        Err(raw) => format!("Something that another version of the bot wrote: {raw}"),
    }
}

fn in_words(note: &Note, owner: UserId, names: &Names) -> String {
    let who = |by: UserId| {
        let name = names.member(by);
        if by == owner { format!("Member {name}") } else { format!("{name}, not the owner,") }
    };
    let called = |channel: &ChannelId| names.channel(*channel);
    let how = |way: Way, button: &'static str, command: &'static str| match way {
        Way::Button => format!("pressed the button \"{button}\""),
        Way::Slash => format!("used /{command}"),
        Way::Command => format!("wrote !{command}"),
    };
    let english = texts::of(Language::English);
    let open = |way| how(way, english.panel.label, "ticket");
    let close = |way| how(way, english.welcome.label, "close");
    match note {
        Note::Asked { by, way } => format!("{} {} and so asked for a ticket.", who(*by), open(*way)),
        Note::AskedAgain { by, way } => {
            format!("{} {} again, and was pointed to the ticket there is.", who(*by), open(*way))
        }
        Note::TurnedDown { by, way, channel, why } => {
            let place = channel.map(|channel| format!(" in channel {}", called(&channel))).unwrap_or_default();
            format!("{} {}{place}. It was refused: {why}.", who(*by), close(*way))
        }
        Note::Created { channel } => format!("Channel {} was created.", called(channel)),
        Note::Found { channel } => format!("Channel {} was found to have been created after all.", called(channel)),
        Note::Refused { why } => format!("No ticket could be opened, and the member was told so: {why}."),
        Note::Renamed => "Discord refused the member's name for the channel, so it gets a neutral one.".into(),
        Note::Deferred => "It took long, so the member was shown \"thinking\" meanwhile.".into(),
        Note::Told => "The member was told.".into(),
        Note::NotTold => "A press could not be answered: Discord took no answer to it any more.".into(),
        Note::Opened { channel } => {
            format!("All had been said, and the ticket was open in channel {}.", called(channel))
        }
        Note::Adopted { channel } => {
            format!("Channel {} had no row, and was taken over as this ticket.", called(channel))
        }
        Note::Duplicate { channel } => {
            format!("Channel {} was a second one for the same press: it is deleted.", called(channel))
        }
        Note::Yielded { channel } => {
            format!("Another process had made channel {} for the same press first: it is the ticket.", called(channel))
        }
        Note::AnotherProcess => {
            "Another process uses the bot's token: it answered this press, or made a channel for it.".to_owned()
        }
        Note::Unclaimed { channel } => {
            format!("Channel {} looks like another ticket of this member. It was left alone.", called(channel))
        }
        Note::AccessRestored => "The member had lost access to the channel. The bot gave it back.".into(),
        Note::LockedOut { why } => {
            format!("The member could not see the channel, and the bot could not give access back: {why}.")
        }
        Note::CloseAsked { by, way } => format!("{} {} and so asked to close the ticket.", who(*by), close(*way)),
        Note::Announced => "It was said in the channel that it will be closed.".into(),
        Note::Kept { wait } => {
            format!("A rate limit of Discord's kept the channel for {}. It was to be deleted then.", length(*wait))
        }
        Note::Closed { channel } => format!("Channel {} was deleted by the bot. The ticket was over.", called(channel)),
        Note::Gone { channel } => {
            format!("Channel {} was deleted, not by the bot. The ticket was over.", called(channel))
        }
        Note::Reopened { why } => format!("It could not be closed, so the ticket was open again: {why}."),
        Note::Retrying { call, why, attempt, pause } => {
            format!(
                "\"{call}\" did not succeed (attempt {attempt}): {why}. It was tried again after {}.",
                length(*pause)
            )
        }
        Note::GaveUp { call, why } => format!("\"{call}\" did not succeed: {why}. It was not tried again."),
        Note::TakenUp => "The bot was started again, and took up what was under way.".into(),
        Note::Unsaved => "The database did not take a change, so nothing was done.".into(),
        Note::Restarted => "The ticket's actor failed, and was started again from its row.".into(),
    }
}

/// How long something took, in people's units.
fn length(pause: Duration) -> humantime::FormattedDuration {
    let millis = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
    humantime::format_duration(Duration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::Why;

    #[test]
    fn a_pause_is_told_in_units_that_people_use() {
        let told = |millis, expected: &str| {
            let pause = Duration::from_millis(millis);
            let note = Note::Retrying { call: "say".into(), why: Why::NoAnswer, attempt: 1, pause };
            let text = in_words(&note, UserId(1), &Names::default());
            assert!(text.ends_with(&format!("after {expected}.")), "{text}");
        };
        told(250, "250ms");
        told(90_000, "1m 30s");
        told(3_600_000, "1h");
    }

    #[test]
    fn a_ticket_is_named_in_many_ways() {
        let cases: [(&str, &[Kind]); 5] = [
            ("<@12>", &[Kind::Member]),
            ("<@!12>", &[Kind::Member]),
            ("<#12>", &[Kind::Channel]),
            ("#12", &[Kind::Ticket]),
            ("12", &[Kind::Member, Kind::Channel, Kind::Ticket]),
        ];
        for (whose, kinds) in cases {
            assert_eq!(understand(whose).unwrap(), (12, kinds), "{whose}");
        }
        for whose in ["", "alice", "#", "<@12", "<#x>", "<@&12>", "-1"] {
            assert!(understand(whose).is_err(), "{whose}");
        }
    }
}
