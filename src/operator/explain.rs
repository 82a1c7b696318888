//! `talon explain`: why did this happen? A ticket's story, from the journal, in sentences.

use std::path::Path;
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::ids::{ChannelId, UserId};
use crate::lifecycle::{Note, Way};
use crate::operator::Trouble;
use crate::store::{Entry, Filter, Number, Reader};

/// Nobody reads more, and a member may have had many tickets.
const MOST: usize = 2_000;

/// The story of a ticket, a channel, or all tickets of a member.
pub fn tell(database: &Path, whose: &str, json: bool) -> Result<String, Trouble> {
    let reader = Reader::open(database)?;
    let entries = find(&reader, whose)?;
    if json {
        let entries: Vec<Value> = entries.iter().map(object).collect();
        return Ok(format!("{:#}\n", Value::Array(entries)));
    }
    let mut told = String::new();
    if entries.len() == MOST {
        told.push_str("(what came before is left out)\n");
    }
    for story in entries.chunk_by(|one, next| (one.number, one.owner) == (next.number, next.owner)) {
        told.push_str(&chapter(story));
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

/// The part of the journal that is about one ticket.
fn chapter(story: &[Entry]) -> String {
    let Some(first) = story.first() else { return String::new() };
    let (member, guild) = (first.owner.member, first.owner.guild);
    let channel = story.iter().rev().find_map(|entry| entry.channel);
    let channel = channel.map_or_else(String::new, |channel| format!(", channel {channel}"));
    let title = match first.number {
        Some(number) => format!("Ticket #{number} of member {member} in server {guild}{channel}"),
        None => format!("Member {member} in server {guild}, who had no ticket{channel}"),
    };
    let lines = story.iter().map(|entry| format!("  {}  {}\n", moment(entry.at), sentence(entry)));
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
        "text": sentence(entry),
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

fn sentence(entry: &Entry) -> String {
    match &entry.note {
        Ok(note) => in_words(note, entry.owner.member),
        Err(raw) => format!("Something that another version of the bot wrote: {raw}"),
    }
}

fn in_words(note: &Note, owner: UserId) -> String {
    let who = |by: UserId| if by == owner { format!("Member {by}") } else { format!("{by}, not the owner,") };
    let how = |way: Way, button: &'static str, command: &'static str| match way {
        Way::Button => format!("pressed the button \"{button}\""),
        Way::Slash => format!("used /{command}"),
        Way::Command => format!("wrote !{command}"),
    };
    let open = |way| how(way, "создать тикет", "ticket");
    let close = |way| how(way, "закрыть тикет", "close");
    match note {
        Note::Asked { by, way } => format!("{} {} and so asked for a ticket.", who(*by), open(*way)),
        Note::AskedAgain { by, way } => {
            format!("{} {} again, and was pointed to the ticket there is.", who(*by), open(*way))
        }
        Note::TurnedDown { by, way, why } => format!("{} {}. It was refused: {why}.", who(*by), close(*way)),
        Note::Created { channel } => format!("Channel {channel} was created."),
        Note::Found { channel } => format!("Channel {channel} was found to have been created after all."),
        Note::Refused { why } => format!("No ticket could be opened, and the member was told so: {why}."),
        Note::Renamed => "Discord refused the member's name for the channel, so it gets a neutral one.".into(),
        Note::Deferred => "It took long, so the member was shown \"thinking\" meanwhile.".into(),
        Note::Told => "The member was told.".into(),
        Note::NotTold => "A press could not be answered: Discord took no answer to it any more.".into(),
        Note::Opened { channel } => format!("All had been said, and the ticket was open in channel {channel}."),
        Note::Adopted { channel } => format!("Channel {channel} had no row, and was taken over as this ticket."),
        Note::Duplicate { channel } => format!("Channel {channel} was a second one for the same press: it is deleted."),
        Note::Yielded { channel } => {
            format!("Another process had made channel {channel} for the same press first: it is the ticket.")
        }
        Note::AnotherProcess => {
            "Another process uses the bot's token: it answered this press, or made a channel for it.".to_owned()
        }
        Note::Unclaimed { channel } => {
            format!("Channel {channel} looks like another ticket of this member. It was left alone.")
        }
        Note::CloseAsked { by, way } => format!("{} {} and so asked to close the ticket.", who(*by), close(*way)),
        Note::Announced => "It was said in the channel that it will be closed.".into(),
        Note::Closed { channel } => format!("Channel {channel} was deleted by the bot. The ticket was over."),
        Note::Gone { channel } => format!("Channel {channel} was deleted, not by the bot. The ticket was over."),
        Note::Reopened { why } => format!("It could not be closed, so the ticket was open again: {why}."),
        Note::Retrying { call, why, attempt, pause } => {
            format!("\"{call}\" did not succeed (attempt {attempt}): {why}. It was tried again after {pause:?}.")
        }
        Note::GaveUp { call, why } => format!("\"{call}\" did not succeed: {why}. It was not tried again."),
        Note::TakenUp => "The bot was started again, and took up what was under way.".into(),
        Note::Unsaved => "The database did not take a change, so nothing was done.".into(),
        Note::Restarted => "The ticket's actor failed, and was started again from its row.".into(),
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
