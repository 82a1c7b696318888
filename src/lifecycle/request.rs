//! What is asked of Discord, and what came of it.
//!
//! Each [`Request`] is exactly one request. `discord` knows how it is spelt; here only its meaning counts, so that the
//! rules can be played through without a socket.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::ids::{ChannelId, GuildId, MessageId, Owner, RequestId, TicketNumber, UserId};
use crate::language::Language;
use crate::lifecycle::notice::{Notice, Permission};
use crate::lifecycle::state::Interaction;

/// One request to Discord.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Make the ticket channel: name, category, topic and overwrites at once.
    ///
    /// Not idempotent. After [`Outcome::Indeterminate`] the channel is looked for before another is made.
    CreateChannel {
        /// Whose ticket.
        owner: Owner,
        /// How the channel is to be called.
        name: ChannelName,
        /// Goes into the topic, so that the channel can be recognised.
        request_id: RequestId,
        /// Goes into the topic behind it, except for the first one: a channel that came of another attempt than the ticket's
        /// is no copy of that one.
        attempt: u32,
        /// Goes into the topic, too, for people. It is given with the row, so what is decided before that has none yet.
        number: Option<TicketNumber>,
    },
    /// All channels of the server, to find one that may have been made: [`Outcome::Channels`].
    ListChannels {
        /// The server.
        guild: GuildId,
    },
    /// Does this channel exist, and who is let in? [`Outcome::Channel`], or [`ApiError::ChannelGone`]. A channel that the bot
    /// may not see is [`ApiError::Forbidden`].
    GetChannel {
        /// The channel.
        channel: ChannelId,
    },
    /// The same, by a list of all channels that the bot may see: [`Outcome::Done`], or [`Outcome::Unlisted`].
    FindChannel {
        /// The server.
        guild: GuildId,
        /// The channel.
        channel: ChannelId,
    },
    /// Which of our messages does this channel hold? [`Outcome::Read`].
    ReadChannel {
        /// The channel.
        channel: ChannelId,
        /// Only what was said after this moment; from the beginning where absent.
        after: Option<RequestId>,
    },
    /// The first message in a ticket, with the close button.
    Welcome {
        /// Whose ticket; the member is greeted by name and notified.
        owner: Owner,
        /// Where. The nonce is made of it: a repeat within minutes is the same message, whoever repeats it.
        channel: ChannelId,
    },
    /// The first answer to a press, within three seconds of it.
    Acknowledge {
        /// The press.
        press: Interaction,
        /// What to say.
        with: Acknowledgement,
    },
    /// The words that replace a deferral or an earlier answer, within fifteen minutes of the press.
    EditReply {
        /// The press.
        press: Interaction,
        /// What to say.
        words: Notice,
    },
    /// A message.
    Say {
        /// Where.
        channel: ChannelId,
        /// What.
        words: Notice,
        /// As a reply that notifies nobody: to which message, and in the language its author is answered in.
        reply_to: Option<(MessageId, Language)>,
        /// The nonce is made of it and of the words: a repeat within minutes is the same message.
        request_id: RequestId,
    },
    /// Let the member into their ticket again, by an overwrite like the one the channel was made with. Idempotent; Discord
    /// wants Manage Roles for it.
    RestoreAccess {
        /// Whose ticket.
        owner: Owner,
        /// Its channel.
        channel: ChannelId,
    },
    /// Delete the channel.
    DeleteChannel {
        /// The channel.
        channel: ChannelId,
    },
    /// Is the panel message there, and does it show what it should? [`Outcome::Panel`].
    GetPanel {
        /// The message.
        message: MessageId,
    },
    /// Bring the panel message up to date.
    EditPanel {
        /// The message.
        message: MessageId,
    },
    /// The bot's own panel messages in the panel channel: [`Outcome::Panels`].
    ListPanels,
    /// A new panel message: [`Outcome::Sent`].
    SendPanel {
        /// The nonce is made of it.
        nonce: u64,
    },
    /// Remove an old panel message.
    DeletePanel {
        /// The message.
        message: MessageId,
    },
    /// Which slash commands does the server have from us? [`Outcome::Commands`].
    ListCommands {
        /// The server.
        guild: GuildId,
    },
    /// Have these slash commands, and no others.
    PutCommands {
        /// The server.
        guild: GuildId,
    },
    /// Have no slash commands in this server, which is not the bot's own.
    RemoveCommands {
        /// The server.
        guild: GuildId,
    },
}

impl Request {
    /// A channel was read and looks as if nobody had ever written in it: so does every one to a bot that may not read what
    /// was written before.
    #[must_use]
    pub fn may_have_missed(&self, answer: &Outcome) -> bool {
        let nothing = Outcome::Read { welcome: false, announcement: None, replied: false, others: false };
        matches!(self, Self::ReadChannel { after: None, .. }) && *answer == nothing
    }

    /// Whether a person waits for it, and is told where a limit of Discord's holds it up for long. All others wait: a
    /// message has no other way to arrive, and an answer to a press has a time limit of its own.
    #[must_use]
    pub const fn is_awaited(&self) -> bool {
        match self {
            Self::CreateChannel { .. }
            | Self::ListChannels { .. }
            | Self::GetChannel { .. }
            | Self::FindChannel { .. }
            | Self::ReadChannel { .. }
            | Self::RestoreAccess { .. }
            | Self::Say { words: Notice::Closing(_) | Notice::CloseLater(_), .. }
            | Self::DeleteChannel { .. }
            | Self::GetPanel { .. }
            | Self::EditPanel { .. }
            | Self::ListPanels
            | Self::SendPanel { .. }
            | Self::DeletePanel { .. } => true,
            Self::Welcome { .. }
            | Self::Acknowledge { .. }
            | Self::EditReply { .. }
            | Self::Say { .. }
            | Self::ListCommands { .. }
            | Self::PutCommands { .. }
            | Self::RemoveCommands { .. } => false,
        }
    }

    /// What it is called in the log and the journal.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CreateChannel { .. } => "create channel",
            Self::ListChannels { .. } => "list channels",
            Self::GetChannel { .. } => "get channel",
            Self::FindChannel { .. } => "find channel",
            Self::ReadChannel { .. } => "read channel",
            Self::Welcome { .. } => "welcome",
            Self::Acknowledge { with: Acknowledgement::Deferral, .. } => "defer",
            Self::Acknowledge { .. } => "answer press",
            Self::EditReply { .. } => "edit reply",
            Self::Say { .. } => "say",
            Self::RestoreAccess { .. } => "restore access",
            Self::DeleteChannel { .. } => "delete channel",
            Self::GetPanel { .. } => "get panel",
            Self::EditPanel { .. } => "edit panel",
            Self::ListPanels => "list panels",
            Self::SendPanel { .. } => "send panel",
            Self::DeletePanel { .. } => "delete panel",
            Self::ListCommands { .. } => "list commands",
            Self::PutCommands { .. } => "put commands",
            Self::RemoveCommands { .. } => "remove commands",
        }
    }

    /// The number of the ticket has been given: a channel that is made without one gets it.
    pub(super) fn set_number(&mut self, given: TicketNumber) {
        if let Self::CreateChannel { number: number @ None, .. } = self {
            *number = Some(given);
        }
    }

    /// Whether it has no use any more once this channel is gone.
    #[must_use]
    pub fn is_about(&self, gone: ChannelId) -> bool {
        match self {
            Self::GetChannel { channel }
            | Self::FindChannel { channel, .. }
            | Self::ReadChannel { channel, .. }
            | Self::Welcome { channel, .. }
            | Self::RestoreAccess { channel, .. }
            | Self::Say { channel, .. }
            | Self::DeleteChannel { channel } => *channel == gone,
            Self::CreateChannel { .. }
            | Self::ListChannels { .. }
            | Self::Acknowledge { .. }
            | Self::EditReply { .. }
            | Self::GetPanel { .. }
            | Self::EditPanel { .. }
            | Self::ListPanels
            | Self::SendPanel { .. }
            | Self::DeletePanel { .. }
            | Self::ListCommands { .. }
            | Self::PutCommands { .. }
            | Self::RemoveCommands { .. } => false,
        }
    }
}

/// How a ticket channel is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelName {
    /// After the member; Discord normalises it.
    Member(String),
    /// A neutral name with the member's id, where Discord refused the other one.
    Neutral,
}

/// The first answer to a press.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acknowledgement {
    /// "Thinking…", for the presser alone; the words follow.
    Deferral,
    /// Words for the presser alone.
    Private(Notice),
    /// Words for all in the channel.
    Public(Notice),
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done,
    /// The channel is made.
    Created(ChannelId),
    /// The message is sent.
    Sent(MessageId),
    /// The channels of the server that may be tickets.
    Channels(Vec<ChannelCandidate>),
    /// The channel exists.
    Channel {
        /// Members have to be let in: @everyone may not view it.
        private: bool,
        /// The members that have an overwrite of their own there.
        members: Vec<UserId>,
    },
    /// The list came without the channel: it is gone, or the bot may not see it.
    Unlisted,
    /// What the channel holds.
    Read {
        /// A message of the bot with the close button.
        welcome: bool,
        /// The bot's announcement that the channel will be closed, and when it was made.
        announcement: Option<SystemTime>,
        /// The bot's reply to the message after which it was read.
        replied: bool,
        /// Messages that are neither: somebody has been using the channel.
        others: bool,
    },
    /// The panel message is there, and somebody has hidden its embeds.
    PanelHidden,
    /// The panel message is there.
    Panel {
        /// It shows what it should.
        current: bool,
    },
    /// The bot's own panel messages.
    Panels(Vec<MessageId>),
    /// The slash commands that the server has from us.
    Commands {
        /// They are what they should be.
        current: bool,
    },
    /// Discord said no: it was not done.
    Refused(ApiError),
    /// It was not done, and is not going to be: a limit of Discord's holds it up for so long.
    Limited {
        /// From now.
        wait: Duration,
    },
    /// No answer, or a server error: it may have been done or not.
    Indeterminate,
}

impl Outcome {
    /// In a few words, for the log and the journal.
    #[must_use]
    pub fn brief(&self) -> String {
        match self {
            Self::Refused(refusal) => refusal.to_string(),
            Self::Limited { wait } => format!("a rate limit of Discord's lasts {} s more", wait.as_secs_f64().ceil()),
            Self::Indeterminate => "no answer".into(),
            _ => "done".into(),
        }
    }
}

/// Why Discord said no. Only what somebody branches on has a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiError {
    /// 10003: the channel does not exist. Discord says so for moments of channels that do, so it is one witness of two.
    ChannelGone,
    /// 10008: proof that the message does not exist.
    MessageGone,
    /// 50001, 50013: the bot may not; the rights it lacks, as far as they could be found out.
    Forbidden(Vec<Permission>),
    /// 50013, though no role or overwrite withholds the right: the bot is in time-out.
    TimedOut {
        /// Discord's end of it.
        until: SystemTime,
    },
    /// 50001 about everything in the server: the bot was removed from it.
    NotInGuild,
    /// 50074: a Community server uses the channel for its rules or updates, and must not lose it.
    CommunityChannel,
    /// 50035 on the name.
    Name,
    /// The category is full (50 channels).
    CategoryFull,
    /// The category does not exist any more.
    CategoryGone,
    /// 30013: the server is full (500 channels).
    ServerFull,
    /// The support role does not exist any more.
    SupportRoleGone,
    /// 40060: the press has had its first answer already.
    AlreadyAcknowledged,
    /// 10062, 10015, 50027: Discord does not take an answer to this press (any more, or yet).
    InteractionGone,
    /// Anything else, for the log.
    Other {
        /// The HTTP status.
        status: u16,
        /// Discord's code, 0 where it gave none.
        code: u64,
    },
}

impl fmt::Display for ApiError {
    /// As the operator reads it, with the remedy where there is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChannelGone => f.write_str("the channel does not exist"),
            Self::MessageGone => f.write_str("the message does not exist"),
            Self::Forbidden(rights) if rights.is_empty() => f.write_str("forbidden: look at the bot's rights there"),
            Self::Forbidden(rights) => {
                let rights: Vec<_> = rights.iter().map(ToString::to_string).collect();
                write!(f, "forbidden: give the bot {}", rights.join(", "))
            }
            Self::TimedOut { .. } => f.write_str("the bot is in time-out: right-click the bot → Remove Timeout"),
            Self::NotInGuild => f.write_str("the bot was removed from the server: invite it again (`talon invite`)"),
            Self::CommunityChannel => f.write_str(
                "the Community server needs this channel: choose another rules or updates channel in its Community settings",
            ),
            Self::Name => f.write_str("not a name for a channel"),
            Self::CategoryFull => f.write_str("the category is full (50 channels): close tickets that are done with"),
            Self::CategoryGone => f.write_str("the category does not exist: correct TICKET_CATEGORY_ID and restart the bot"),
            Self::ServerFull => f.write_str("the server is full (500 channels): delete channels that are not needed"),
            Self::SupportRoleGone => f.write_str("the support role does not exist: correct SUPPORT_ROLE_ID and restart the bot"),
            Self::AlreadyAcknowledged => f.write_str("the press was answered before"),
            Self::InteractionGone => f.write_str("too late to answer the press"),
            Self::Other { status, code: 0 } => write!(f, "refused with status {status}"),
            Self::Other { status, code } => write!(
                f,
                "refused with status {status} and Discord's code {code}: look it up among the JSON error codes in Discord's \
                 documentation"
            ),
        }
    }
}

/// A text channel in the ticket category or with our mark, as far as it matters whose ticket it may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelCandidate {
    /// The channel.
    pub channel: ChannelId,
    /// The members that have an overwrite in it, the bot apart.
    pub members: Vec<UserId>,
    /// The mark in the topic: made by us, for this member and this intent.
    pub mark: Option<(UserId, RequestId)>,
    /// The attempt in the mark; 0 for the first one, and where there is no mark.
    pub attempt: u32,
    /// The number in the topic.
    pub number: Option<TicketNumber>,
    /// Another ticket's row owns it.
    pub owned: bool,
}
