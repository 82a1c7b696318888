//! `talon explain`: why did this happen? A ticket's story, from the journal, in the sentences that administrators read in
//! Discord, and in the language of whoever asks in the terminal.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::SystemTime;

use clap::Args;
use serde_json::{Value, json};

use crate::config::Access;
use crate::ids::{ChannelId, GuildId, TicketId, TicketNumber, UserId};
use crate::language::Language;
use crate::lifecycle::JournalEvent;
use crate::operator::Trouble;
use crate::operator::names::Names;
use crate::printable::printable;
use crate::store::{Entry, Filter, Reader};
use crate::texts::{self, Naming, Texts};

/// Nobody reads more, and a member may have had many tickets.
const MOST: usize = 2_000;

/// What to tell.
#[derive(Args)]
pub struct Options {
    /// A member, a channel or a ticket: an id, <@id>, <#id>, or #number
    whose: String,
    /// Only what happened in this server: each counts its tickets by itself
    #[arg(long, value_name = "ID")]
    server: Option<GuildId>,
    /// For machines
    #[arg(long)]
    json: bool,
}

/// The story of a ticket, a channel, or all tickets of a member, with the names that `access` helps to find out; or as
/// JSON, with ids alone.
pub async fn tell(
    database: &Path,
    options: &Options,
    access: Option<&Access>,
    language: Language,
) -> Result<String, Trouble> {
    let texts = texts::of(language);
    let Options { whose, server, json } = options;
    let entries = find(&Reader::open(database)?, whose, *server)?;
    if *json {
        let entries: Vec<Value> = entries.iter().map(|entry| object(entry, texts)).collect();
        return Ok(format!("{:#}\n", Value::Array(entries)));
    }
    let names = Names::look_up(access, &entries.iter().flat_map(people).collect()).await;
    let mut told = String::new();
    if entries.len() == MOST {
        told.push_str(texts.explain().cut);
        told.push('\n');
    }
    for story in entries.chunk_by(|one, next| (one.number, one.owner) == (next.number, next.owner)) {
        told.push_str(&chapter(story, &names, texts));
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
    fn filter(self, id: u64, server: Option<GuildId>) -> Filter {
        match self {
            Self::Member => Filter::Member(UserId(id)),
            Self::Channel => Filter::Channel(ChannelId(id)),
            Self::Ticket => {
                let number = TicketNumber(id);
                server.map_or(Filter::Number(number), |guild| Filter::Ticket(TicketId { guild, number }))
            }
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

fn find(reader: &Reader, whose: &str, server: Option<GuildId>) -> Result<Vec<Entry>, Trouble> {
    let (id, kinds) = understand(whose)?;
    let mut found = Vec::new();
    for &kind in kinds {
        let mut entries = reader.journal(kind.filter(id, server), MOST)?;
        entries.retain(|entry| server.is_none_or(|server| entry.owner.guild == server));
        let servers: BTreeSet<GuildId> = entries.iter().map(|entry| entry.owner.guild).collect();
        if kind == Kind::Ticket && servers.len() > 1 {
            let choices: Vec<_> = servers.iter().map(|server| format!("--server {server}")).collect();
            return Err(format!("several servers have had a ticket #{id}: add {}", choices.join(" or ")).into());
        }
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
            JournalEvent::Asked { by, .. }
            | JournalEvent::AskedAgain { by, .. }
            | JournalEvent::TurnedDown { by, .. }
            | JournalEvent::CloseAsked { by, .. },
        ) => Some(*by),
        _ => None,
    };
    let guild = entry.owner.guild;
    std::iter::once(entry.owner.member).chain(by).map(move |user| (guild, user))
}

/// The part of the journal that is about one ticket.
fn chapter(story: &[Entry], names: &Names, texts: &Texts) -> String {
    let Some(first) = story.first() else { return String::new() };
    let guild = first.owner.guild;
    let channel = story.iter().rev().find_map(|entry| entry.channel).map(|channel| names.channel(channel));
    let member = names.member(first.owner.member);
    let title = match first.number {
        Some(number) => (texts.explain().ticket)(number, &member, guild, channel.as_deref()),
        None => (texts.explain().no_ticket)(&member, guild, channel.as_deref()),
    };
    let line = |entry: &Entry| format!("  {}  {}\n", moment(entry.at), printable(&sentence(entry, names, texts)));
    format!("{title}\n{}", story.iter().map(line).collect::<String>())
}

fn moment(at: SystemTime) -> String {
    let time = humantime::format_rfc3339_millis(at).to_string();
    time.replace('T', " ").replace('Z', " UTC")
}

fn object(entry: &Entry, texts: &Texts) -> Value {
    json!({
        "at": humantime::format_rfc3339_millis(entry.at).to_string(),
        "ticket": entry.number.map(|number| number.0),
        "guild": entry.owner.guild.to_string(),
        "member": entry.owner.member.to_string(),
        "channel": entry.channel.map(|channel| channel.to_string()),
        "note": entry.note.as_ref().map_or(Value::Null, plain),
        "text": sentence(entry, &Names::default(), texts),
    })
}

/// Ids as Discord writes them: they are too large for the numbers of many who read JSON.
fn plain(note: &JournalEvent) -> Value {
    let mut note = json!(note);
    for id in ["by", "channel"] {
        if let Some(id) = note.get_mut(id) {
            *id = id.to_string().into();
        }
    }
    note
}

fn sentence(entry: &Entry, names: &Names, texts: &Texts) -> String {
    let naming =
        Naming { person: &|user| names.member(user), channel: &|channel| names.channel(channel), moment: &moment };
    match &entry.note {
        Ok(note) => texts.step(note, &naming),
        Err(raw) => (texts.explain().unknown)(raw),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
