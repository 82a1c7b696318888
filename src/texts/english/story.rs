//! A ticket's story in English: each step as a sentence without a full stop.

use std::time::Duration;

use crate::ids::{GuildId, TicketNumber};
use crate::lifecycle::{JournalEvent, Source};
use crate::texts::Naming;
use crate::texts::story::quote;

pub(super) fn title(number: Option<TicketNumber>) -> String {
    number.map_or_else(|| "📖 the story of this ticket".into(), |number| format!("📖 the story of ticket {number}"))
}

pub(super) fn ticket(number: TicketNumber, owner: &str, guild: GuildId, channel: Option<&str>) -> String {
    let channel = channel.map(|channel| format!(", channel {channel}")).unwrap_or_default();
    format!("Ticket {number} of member {owner} in server {guild}{channel}")
}

pub(super) fn no_ticket(member: &str, guild: GuildId, channel: Option<&str>) -> String {
    let channel = channel.map(|channel| format!(", channel {channel}")).unwrap_or_default();
    format!("Member {member} in server {guild}, who had no ticket yet{channel}")
}

pub(super) fn step(note: &JournalEvent, naming: &Naming) -> String {
    let (person, place) = (naming.person, naming.channel);
    match note {
        JournalEvent::Asked { by, way } => format!("{} asks for a ticket ({})", person(*by), how(*way)),
        JournalEvent::AskedAgain { by, way } => {
            format!("{} asks for a ticket again ({}) and is shown the one there is", person(*by), how(*way))
        }
        JournalEvent::TurnedDown { by, way, channel, why } => {
            let there = channel.map(|channel| format!(" in {}", place(channel))).unwrap_or_default();
            format!("{} asks to close it ({}){there} and is turned down: {why}", person(*by), how(*way))
        }
        JournalEvent::AccessRestored => "the member had lost access to the channel and got it back".into(),
        JournalEvent::LockedOut { why } => {
            format!("the member cannot see the channel, and access could not be given back: {why}")
        }
        JournalEvent::Created { channel } => format!("channel {} is created", place(*channel)),
        JournalEvent::Found { channel } => format!("channel {} had been created after all", place(*channel)),
        JournalEvent::Refused { why } => format!("no ticket could be opened: {why}"),
        JournalEvent::Renamed => "discord refused the member's name for the channel, so it gets a neutral one".into(),
        JournalEvent::Deferred => "the member is shown \"thinking\"".into(),
        JournalEvent::Route => "the member has been told".into(),
        JournalEvent::NotTold => "a press could not be answered: discord took no answer any more".into(),
        JournalEvent::Opened { channel } => format!("ticket {} is open", place(*channel)),
        JournalEvent::Adopted { channel } => format!("channel {} is taken over as a ticket", place(*channel)),
        JournalEvent::Imported { channel, from, ticket_type } => {
            let kind = ticket_type.as_ref().map(|name| format!(", type {}", quote(name))).unwrap_or_default();
            format!("channel {} is imported from {from} as a ticket{kind}", place(*channel))
        }
        JournalEvent::Duplicate { channel } => format!("channel {} is one too many and is deleted", place(*channel)),
        JournalEvent::Yielded { channel } => {
            format!("another process had made {} first: it is the ticket", place(*channel))
        }
        JournalEvent::AnotherProcess => "another process uses the bot's token".into(),
        JournalEvent::Unclaimed { channel } => {
            format!("channel {} looks like a second ticket and is left alone", place(*channel))
        }
        JournalEvent::CloseAsked { by, way } => format!("{} closes the ticket ({})", person(*by), how(*way)),
        JournalEvent::Announced => "it is said in the channel that the ticket will be closed".into(),
        JournalEvent::Kept { wait } => {
            format!("discord is limiting the bot, the channel is deleted in {}", length(*wait))
        }
        JournalEvent::Closed { channel } => format!("channel {} is deleted", place(*channel)),
        JournalEvent::Gone { channel } => format!("channel {} was deleted by hand", place(*channel)),
        JournalEvent::Reopened { why } => format!("it could not be closed, so the ticket is open again: {why}"),
        JournalEvent::Retrying { call, why, attempt, pause } => {
            format!("could not {call}: {why}; try {attempt}, the next one in {}", length(*pause))
        }
        JournalEvent::GaveUp { call, why } => format!("could not {call}: {why}; given up"),
        JournalEvent::TakenUp => "the bot was restarted and went on with what had been begun".into(),
        JournalEvent::Unsaved => "the database did not take the change, so nothing was done".into(),
        JournalEvent::Restarted => "the bot had an error, and the ticket was taken up again from the database".into(),
    }
}

const fn how(way: Source) -> &'static str {
    match way {
        Source::Button => "button",
        Source::Slash => "slash command",
        Source::Command => "command",
    }
}

/// Seconds to a tenth, or whole minutes.
fn length(pause: Duration) -> String {
    let tenths = pause.as_millis().div_ceil(100);
    match (tenths / 10, tenths % 10) {
        (60.., _) => format!("{} min", tenths.div_ceil(600)),
        (seconds, 0) => format!("{seconds} s"),
        (seconds, tenth) => format!("{seconds}.{tenth} s"),
    }
}
