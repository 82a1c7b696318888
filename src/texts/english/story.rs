//! A ticket's story in English: each step as a sentence without a full stop.

use std::time::Duration;

use crate::ids::UserId;
use crate::lifecycle::{Note, Way};
use crate::texts::mention;

pub(super) fn title(number: Option<u64>) -> String {
    number.map_or_else(|| "📖 the story of this ticket".into(), |number| format!("📖 the story of ticket #{number}"))
}

pub(super) fn step(note: &Note) -> String {
    match note {
        Note::Asked { by, way } => format!("{} asks for a ticket ({})", person(*by), how(*way)),
        Note::AskedAgain { by, way } => {
            format!("{} asks for a ticket again ({}) and is shown the one there is", person(*by), how(*way))
        }
        Note::TurnedDown { by, way, channel, why } => {
            let place = channel.map(|channel| format!(" in {}", mention(channel))).unwrap_or_default();
            format!("{} asks to close it ({}){place} and is turned down: {why}", person(*by), how(*way))
        }
        Note::AccessRestored => "the member had lost access to the channel and got it back".into(),
        Note::LockedOut { why } => {
            format!("the member cannot see the channel, and access could not be given back: {why}")
        }
        Note::Created { channel } => format!("channel {} is created", mention(*channel)),
        Note::Found { channel } => format!("channel {} had been created after all", mention(*channel)),
        Note::Refused { why } => format!("no ticket could be opened: {why}"),
        Note::Renamed => "discord refused the member's name for the channel, so it gets a neutral one".into(),
        Note::Deferred => "the member is shown \"thinking\"".into(),
        Note::Told => "the member has been told".into(),
        Note::NotTold => "a press could not be answered: discord took no answer any more".into(),
        Note::Opened { channel } => format!("ticket {} is open", mention(*channel)),
        Note::Adopted { channel } => format!("channel {} is taken over as a ticket", mention(*channel)),
        Note::Duplicate { channel } => format!("channel {} is one too many and is deleted", mention(*channel)),
        Note::Yielded { channel } => format!("another process had made {} first: it is the ticket", mention(*channel)),
        Note::AnotherProcess => "another process uses the bot's token".into(),
        Note::Unclaimed { channel } => {
            format!("channel {} looks like a second ticket and is left alone", mention(*channel))
        }
        Note::CloseAsked { by, way } => format!("{} closes the ticket ({})", person(*by), how(*way)),
        Note::Announced => "it is said in the channel that the ticket will be closed".into(),
        Note::Kept { wait } => {
            format!("discord is limiting the bot, the channel is deleted in {}", length(*wait))
        }
        Note::Closed { channel } => format!("channel {} is deleted", mention(*channel)),
        Note::Gone { channel } => format!("channel {} was deleted by hand", mention(*channel)),
        Note::Reopened { why } => format!("it could not be closed, so the ticket is open again: {why}"),
        Note::Retrying { call, why, attempt, pause } => {
            format!("could not {call}: {why}; try {attempt}, the next one in {}", length(*pause))
        }
        Note::GaveUp { call, why } => format!("could not {call}: {why}; given up"),
        Note::TakenUp => "the bot was restarted and went on with what had been begun".into(),
        Note::Unsaved => "the database did not take the change, so nothing was done".into(),
        Note::Restarted => "the bot had an error, and the ticket was taken up again from the database".into(),
    }
}

fn person(user: UserId) -> String {
    format!("<@{user}>")
}

const fn how(way: Way) -> &'static str {
    match way {
        Way::Button => "button",
        Way::Slash => "slash command",
        Way::Command => "command",
    }
}

/// Seconds to a tenth, or whole minutes.
fn length(pause: Duration) -> String {
    match pause.as_secs() {
        60.. => format!("{} min", pause.as_secs().div_ceil(60)),
        _ => format!("{:.1} s", pause.as_secs_f64()),
    }
}
