//! Who and what: the names by which everything in Discord is known.
//!
//! Discord's ids are snowflakes: one number that also tells when the thing was made, by Discord's own clock. Comparing
//! two of them orders two events without asking anybody what time it is, which is why an opening is dated by the id of
//! the press that asked for it and never by the clock of this machine.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// The first millisecond of 2015, from which snowflakes count (Discord's reference, "Snowflakes").
const DISCORD_EPOCH: Duration = Duration::from_millis(1_420_070_400_000);

/// When Discord made the thing with this id, to the millisecond.
fn made_at(snowflake: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + DISCORD_EPOCH + Duration::from_millis(snowflake >> 22)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// When Discord made it, by Discord's clock.
            #[must_use]
            pub fn made_at(self) -> SystemTime {
                made_at(self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

ids! {
    /// A server.
    GuildId;
    /// A person or a bot.
    UserId;
    /// A channel or a category.
    ChannelId;
    /// A role; the one with the guild's own number is @everyone.
    RoleId;
    /// A message.
    MessageId;
    /// One press of a button or one use of a slash command.
    InteractionId;
    /// The application a bot belongs to.
    ApplicationId;
    /// The press or the command that asked for something: its interaction or message id.
    ///
    /// It is the name of an intent. A channel made for it carries it in the topic, its messages carry it in their nonce.
    RequestId;
}

/// Whose ticket: one member of one server has at most one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Owner {
    /// The server.
    pub guild: GuildId,
    /// The member.
    pub member: UserId,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.guild, self.member)
    }
}

/// The number of a ticket, counted from 1 in its server and never given again. People read it as `#42`: in the channel's
/// topic, in the log, in the journal and on the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TicketNumber(pub u64);

impl fmt::Display for TicketNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// One ticket of one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TicketId {
    /// The server.
    pub guild: GuildId,
    /// The ticket's number there.
    pub number: TicketNumber,
}

/// The two buttons. They work by their custom id alone: nothing about them is kept in memory, so buttons sent years ago
/// by another process, or by the Python bot, go on working.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Button {
    /// On the panel: asks for a ticket.
    CreateTicket,
    /// In a ticket: asks to close it.
    CloseTicket,
}

impl Button {
    /// The custom id Discord sends back with the press.
    #[must_use]
    pub const fn custom_id(self) -> &'static str {
        match self {
            Self::CreateTicket => "create_ticket_button",
            Self::CloseTicket => "close_ticket_button",
        }
    }

    /// The button with this custom id, if it is one of ours.
    #[must_use]
    pub fn from_custom_id(id: &str) -> Option<Self> {
        [Self::CreateTicket, Self::CloseTicket].into_iter().find(|button| button.custom_id() == id)
    }
}

/// What people can ask for in words: behind an exclamation mark in a message, or behind a slash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Asks for a ticket, like the panel's button.
    Ticket,
    /// In a ticket: asks to close it, like its button.
    Close,
    /// Asks to have the panel looked after.
    SetUp,
    /// In a ticket: asks for its story; behind a slash, for the whole of it and in private.
    Explain,
}

impl Command {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ticket, Self::Close, Self::SetUp, Self::Explain];
    /// Those that have a twin behind a slash.
    pub const SLASH: [Self; 4] = [Self::Ticket, Self::Close, Self::SetUp, Self::Explain];

    /// The name that Discord sends back with a slash command, whatever language it was shown in.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ticket => "ticket",
            Self::Close => "close",
            Self::SetUp => "setuptickets",
            Self::Explain => "explain",
        }
    }

    /// The command with this name, if it is one of ours.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|command| command.name() == name)
    }

    /// The command in a message. The first word decides; what follows it is ignored, as it always was.
    #[must_use]
    pub fn written(content: &str) -> Option<Self> {
        Self::named(content.strip_prefix('!')?.split(char::is_whitespace).next()?)
    }

    /// What a button asks for.
    #[must_use]
    pub const fn of(button: Button) -> Self {
        match button {
            Button::CreateTicket => Self::Ticket,
            Button::CloseTicket => Self::Close,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_when_it_was_made() {
        // The example in Discord's reference: 2016-04-30 11:18:25.796 UTC.
        let made = UserId(175_928_847_299_117_063).made_at();
        assert_eq!(made.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis(), 1_462_015_105_796);
    }

    #[test]
    fn buttons_are_found_again_by_their_custom_id() {
        for button in [Button::CreateTicket, Button::CloseTicket] {
            assert_eq!(Button::from_custom_id(button.custom_id()), Some(button));
        }
        assert_eq!(Button::from_custom_id("buy_hat"), None);
    }

    #[test]
    fn a_written_command_is_the_first_word() {
        let read = [
            ("!close", Some(Command::Close)),
            ("!close please", Some(Command::Close)),
            ("!close\nthanks", Some(Command::Close)),
            ("!ticket", Some(Command::Ticket)),
            ("!setuptickets", Some(Command::SetUp)),
            ("!explain", Some(Command::Explain)),
            ("!closed", None),
            ("! close", None),
            (" !close", None),
            ("/close", None),
            ("close", None),
            ("please !close", None),
            ("!CLOSE", None),
            ("!", None),
            ("", None),
        ];
        for (content, command) in read {
            assert_eq!(Command::written(content), command, "{content:?}");
        }
    }

    #[test]
    fn commands_are_found_again_by_their_name() {
        for command in Command::ALL {
            assert_eq!(Command::named(command.name()), Some(command));
        }
        assert_eq!(Command::named("закрыть"), None, "Discord does not send translations back");
    }
}
