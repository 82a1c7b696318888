//! What a person is told, as meaning. `texts` turns it into the language they read.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::ids::{ChannelId, UserId};

/// One thing the bot can say to a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// The ticket is there.
    Created(ChannelId),
    /// One ticket per member, and this is it.
    AlreadyOpen(ChannelId),
    /// They have a ticket and cannot see its channel; staff could not be told.
    TicketHidden,
    /// They have a ticket and cannot see its channel; staff have been told what to do.
    TicketHiddenStaffTold,
    /// For staff in the channel: its owner cannot see it, and how to let them in.
    OwnerLockedOut(UserId),
    /// A ticket is on its way, asked for by an earlier press.
    StillOpening,
    /// For all in the channel: it goes away after this long.
    Closing(Duration),
    /// It is going away already; the countdown goes on.
    AlreadyClosing,
    /// Not the owner, not the support.
    NoRights,
    /// Asked to close a channel that is no ticket.
    NotATicket,
    /// The category holds as many channels as Discord allows.
    CategoryFull,
    /// The server holds as many channels as Discord allows.
    ServerFull,
    /// The category of the tickets was deleted.
    CategoryGone,
    /// The support role was deleted.
    SupportRoleGone,
    /// The bot may not do it; the missing rights, as far as they could be found out.
    BotLacks(Vec<Permission>),
    /// No ticket can be opened while the bot is in time-out, which ends at this time.
    BotTimedOut(SystemTime),
    /// The bot was removed from the server; buttons of its messages are still there.
    BotRemoved,
    /// Discord refused to create the channel for a reason that has no sentence of its own; the log names it.
    OpenRefused,
    /// Discord did not do it, time after time.
    DiscordDown,
    /// We could not do it (the disk, say): nothing has happened, try again.
    TryAgain,
    /// A limit of Discord's: no ticket can be opened before this time.
    OpenLater(SystemTime),
    /// For all in the channel, or to whoever wants to close it once more: a limit of Discord's keeps it until this time.
    CloseLater(SystemTime),
    /// To an administrator: a limit of Discord's; the panel is put in place at this time.
    PanelLater(SystemTime),
    /// To an administrator: a limit of Discord's; what they asked for can be looked up from this time on.
    AskLater(SystemTime),
    /// It has begun, but how far it came cannot be saved: it goes on by itself as soon as that is possible.
    CannotSave,
    /// The channel disappeared while the ticket was being opened.
    ChannelGone,
    /// For all in the channel: the ticket could not be closed, for want of these rights.
    CloseFailed(Vec<Permission>),
    /// For all in the channel: the ticket could not be closed because the bot is in time-out until this time.
    CloseTimedOut(SystemTime),
    /// For all in the channel: it serves a Community server as its rules or updates channel and cannot be deleted.
    CommunityChannel,
    /// For all in the channel: Discord refused for a reason that has no sentence of its own; the log names it.
    CloseRefused,
    /// To an administrator: the panel is where it should be.
    PanelInPlace,
    /// To an administrator: the panel could not be put in place; the log tells why.
    PanelFailed,
    /// Asked to tell the story of a channel that is no ticket.
    NothingToTell,
    /// `!setuptickets` and `!explain` are for administrators.
    AdministratorsOnly,
    /// Asked in a server that is not the bot's own.
    AnotherServer,
    /// Asked in a private message.
    PrivateMessage,
    /// Asked by a button, menu, form or command that the bot does not know.
    UnknownControl,
}

impl Notice {
    /// Tells whoever asked that it was done. Anything else can be caused as often as somebody likes to ask.
    #[must_use]
    pub const fn reports_deed(&self) -> bool {
        matches!(self, Self::Created(_) | Self::PanelInPlace)
    }
}

/// A right the bot needs at server level, by Discord's name for it. Discord lets a bot grant only what it holds, so it
/// needs what members and support get in their ticket, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// `VIEW_CHANNEL`
    ViewChannel,
    /// `SEND_MESSAGES`
    SendMessages,
    /// `ATTACH_FILES`
    AttachFiles,
    /// `READ_MESSAGE_HISTORY`
    ReadMessageHistory,
    /// `MANAGE_MESSAGES`
    ManageMessages,
    /// `MANAGE_CHANNELS`
    ManageChannels,
    /// `EMBED_LINKS`
    EmbedLinks,
    /// `MENTION_EVERYONE`
    MentionEveryone,
}

impl fmt::Display for Permission {
    /// As Discord's English client calls it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ViewChannel => "View Channels",
            Self::SendMessages => "Send Messages",
            Self::AttachFiles => "Attach Files",
            Self::ReadMessageHistory => "Read Message History",
            Self::ManageMessages => "Manage Messages",
            Self::ManageChannels => "Manage Channels",
            Self::EmbedLinks => "Embed Links",
            Self::MentionEveryone => "Mention @everyone, @here and All Roles",
        })
    }
}
