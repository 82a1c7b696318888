//! What we say: every word a member can read, and none that they cannot.
//!
//! The voice is friendly and lower case. A refusal says what happened and whom to ask. People are only ever mentioned,
//! never named, so no name can smuggle markdown or a ping into a sentence.
//!
//! A language is a value of [`Texts`]: whatever one of them can say, the compiler wants of the others, too.

mod english;
mod russian;
mod story;

pub use story::{Explain, Naming};

use std::time::{Duration, SystemTime};

use crate::ids::{ChannelId, Command, RoleId, TicketNumber, UserId};
use crate::language::Language;
use crate::lifecycle::{JournalEvent, Notice, Permission};
use crate::model::settings::{Mistake, PLACEHOLDERS, Problem};

/// On the panel's button, before the label.
pub const OPEN_EMOJI: &str = "🎫";
/// On a ticket's button, before the label.
pub const CLOSE_EMOJI: &str = "🔒";

/// What a member is to be allowed in their ticket by hand.
const OWNER_RIGHTS: [Permission; 4] =
    [Permission::ViewChannel, Permission::SendMessages, Permission::AttachFiles, Permission::ReadMessageHistory];

/// All that is said in one language.
pub struct Texts {
    /// The panel: the message with the button that makes tickets.
    pub panel: Card,
    /// The welcome: the first message in a ticket.
    pub welcome: Card,
    /// A ticket's channel, as those see it who look at more than its messages.
    pub channel: Channel,
    /// How every announcement of a closing begins, whatever the delay. A channel is searched for it after a restart.
    pub closing: &'static str,
    /// Follows the mentions of the member and of the support.
    new_ticket: &'static str,
    say: fn(&Notice) -> String,
    slash: fn(Command) -> Slash,
    title: fn(Option<TicketNumber>) -> String,
    step: fn(&JournalEvent, &Naming) -> String,
    explain: Explain,
    /// Below a story that was told to all, where something was left out.
    whole_story: &'static str,
    /// What is wrong with a field of the settings; follows its path.
    problem: fn(&Problem) -> String,
}

/// A message with a frame, one field and one button.
pub struct Card {
    /// Above all.
    pub title: &'static str,
    /// Below the title; in a welcome, behind the mention of the member.
    pub description: &'static str,
    /// What the one field is called.
    pub field: &'static str,
    /// What the one field says.
    pub hint: &'static str,
    /// On the button.
    pub label: &'static str,
}

/// What a ticket's channel is called where it is not called after the member, and what is told of it.
pub struct Channel {
    /// Before the member's id, where Discord does not take the member's name.
    neutral: &'static str,
    /// In the topic, before the mention of the member and before the number of the intent.
    pub mark: [&'static str; 2],
    /// The audit log's reason when it is made.
    pub created: &'static str,
    /// The audit log's reason when its member is let in again.
    pub restored: &'static str,
    /// The audit log's reason when it is deleted.
    pub deleted: &'static str,
}

/// A slash command in the list that Discord shows.
pub struct Slash {
    /// How it is called there, lower case.
    pub name: &'static str,
    /// What it does.
    pub description: &'static str,
}

/// What is said in this language.
#[must_use]
pub const fn of(language: Language) -> &'static Texts {
    match language {
        Language::Russian => &russian::TEXTS,
        Language::English => &english::TEXTS,
    }
}

/// Whether this is the announcement of a closing, whatever language was spoken then.
#[must_use]
pub fn announces_closing(text: &str) -> bool {
    Language::ALL.into_iter().any(|language| text.starts_with(of(language).closing))
}

impl Texts {
    /// The words a person reads.
    #[must_use]
    pub fn say(&self, words: &Notice) -> String {
        (self.say)(words)
    }

    /// How a slash command is shown.
    #[must_use]
    pub fn slash(&self, command: Command) -> Slash {
        (self.slash)(command)
    }

    /// The line that notifies the member and the support of a new ticket.
    #[must_use]
    pub fn new_ticket(&self, member: UserId, staff: &[RoleId]) -> String {
        let staff = staff.iter().map(|role| format!("<@&{role}>"));
        let mentions: Vec<String> = std::iter::once(format!("<@{member}>")).chain(staff).collect();
        format!("{} - {}", mentions.join(" "), self.new_ticket)
    }

    /// The greeting in a new ticket.
    #[must_use]
    pub fn greeting(&self, member: UserId) -> String {
        format!("<@{member}>, {}", self.welcome.description)
    }

    /// What is wrong with a settings document, and where.
    #[must_use]
    pub fn mistake(&self, mistake: &Mistake) -> String {
        let problem = (self.problem)(&mistake.problem);
        if mistake.path.is_empty() { problem } else { format!("{}: {problem}", mistake.path) }
    }

    /// The channel of a member whose name Discord does not take.
    #[must_use]
    pub fn neutral_name(&self, member: UserId) -> String {
        format!("{}-{member}", self.channel.neutral)
    }
}

/// All placeholders, as they are written.
fn placeholders() -> String {
    PLACEHOLDERS.map(|name| format!("{{{name}}}")).join(" ")
}

/// A time that every reader sees as "in 16 minutes", in their own language.
fn relative(at: SystemTime) -> String {
    format!("<t:{}:R>", seconds(at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()))
}

fn mention(channel: ChannelId) -> String {
    format!("<#{channel}>")
}

/// The rights by the names that this language has for them, each in its quotation marks.
fn list(rights: &[Permission], name: fn(Permission) -> &'static str, [open, close]: [char; 2]) -> Vec<String> {
    rights.iter().map(|&right| format!("{open}{}{close}", name(right))).collect()
}

/// A unit in which people are told how long something takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Second,
    Minute,
    Hour,
    Day,
}

/// How long something takes, in the largest unit of which it is a whole number.
fn count_units(delay: Duration) -> (u64, Unit) {
    let seconds = seconds(delay);
    let units = [(86_400, Unit::Day), (3_600, Unit::Hour), (60, Unit::Minute)];
    let fits = units.into_iter().find(|(length, _)| seconds > 0 && seconds.is_multiple_of(*length));
    fits.map_or((seconds, Unit::Second), |(length, unit)| (seconds / length, unit))
}

/// A part of a second is rounded up: nothing happens before the time that was said.
const fn seconds(delay: Duration) -> u64 {
    delay.as_secs() + (delay.subsec_nanos() > 0) as u64
}

#[cfg(test)]
mod tests;
