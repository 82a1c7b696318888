//! A row: a ticket's [`Document`] with the columns that it is found by.

use std::time::SystemTime;

use rusqlite::Row;
use rusqlite::types::Type;

use crate::ids::{ChannelId, GuildId, Owner, TicketNumber, UserId};
use crate::lifecycle::{Document, State};
use crate::store::error::StoreError;
use crate::store::time::{millis, moment};

/// A ticket as far as one must know it to list it, or to know when to look at it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketSummary {
    /// Whose.
    pub owner: Owner,
    /// Its number.
    pub number: TicketNumber,
    /// Since when the row has been there.
    pub opened: SystemTime,
    /// How far it has come.
    pub stage: Stage,
    /// Something is under way, which a restart takes up.
    pub unfinished: bool,
}

/// A [`State`] as the columns tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Being opened.
    Opening {
        /// Its channel, once it is known.
        channel: Option<ChannelId>,
    },
    /// Not opened after all, and the member does not know it yet.
    Refused,
    /// Open.
    Open {
        /// Its channel.
        channel: ChannelId,
    },
    /// Being closed.
    Closing {
        /// Its channel.
        channel: ChannelId,
        /// When the channel is to be deleted.
        due: SystemTime,
        /// It has been said in the channel.
        announced: bool,
    },
}

impl Stage {
    /// The channel of the ticket, if it has one.
    #[must_use]
    pub const fn channel(self) -> Option<ChannelId> {
        match self {
            Self::Opening { channel } => channel,
            Self::Refused => None,
            Self::Open { channel } | Self::Closing { channel, .. } => Some(channel),
        }
    }
}

/// A ticket's document with its columns; an empty document is no row.
pub(super) struct Columns {
    pub(super) request: Option<i64>,
    pub(super) state: &'static str,
    pub(super) channel: Option<ChannelId>,
    pub(super) due_ms: Option<i64>,
    pub(super) announced: bool,
    pub(super) wake_ms: Option<i64>,
    pub(super) unfinished: bool,
    pub(super) document: String,
}

impl Columns {
    pub(super) fn of(document: &Document) -> Result<Option<Self>, StoreError> {
        if document.is_empty() {
            return Ok(None);
        }
        let (state, due_ms) = match &document.state {
            State::Absent => ("refused", None),
            State::Opening { .. } => ("opening", None),
            State::Open { .. } => ("open", None),
            State::Closing(closing) => ("closing", Some(millis(closing.due))),
        };
        Ok(Some(Self {
            request: document.request.as_ref().map(|request| request.id.0.cast_signed()),
            state,
            channel: document.state.channel(),
            due_ms,
            announced: document.is_announced(),
            wake_ms: document.deadline().map(millis),
            unfinished: state != "open" || !document.outbox.is_empty(),
            document: serde_json::to_string(document)?,
        }))
    }
}

pub(super) fn document(row: &Row<'_>) -> rusqlite::Result<Document> {
    let text = row.get_ref("document")?.as_str()?;
    serde_json::from_str(text).map_err(|why| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(why)))
}

pub(super) fn standing(owner: Owner, row: &Row<'_>) -> rusqlite::Result<TicketSummary> {
    let stage = match row.get_ref("state")?.as_str()? {
        "opening" => Stage::Opening { channel: channel(row)? },
        "refused" => Stage::Refused,
        "open" => Stage::Open { channel: required_channel(row)? },
        "closing" => Stage::Closing {
            channel: required_channel(row)?,
            due: moment(row.get("due_ms")?),
            announced: row.get("announced")?,
        },
        other => return Err(unknown(other)),
    };
    Ok(TicketSummary {
        owner,
        number: number(row)?,
        opened: moment(row.get("opened_ms")?),
        stage,
        unfinished: row.get("unfinished")?,
    })
}

pub(super) fn owner(row: &Row<'_>) -> rusqlite::Result<Owner> {
    Ok(Owner {
        guild: GuildId(row.get::<_, i64>("guild")?.cast_unsigned()),
        member: UserId(row.get::<_, i64>("member")?.cast_unsigned()),
    })
}

pub(super) fn number(row: &Row<'_>) -> rusqlite::Result<TicketNumber> {
    Ok(TicketNumber(row.get::<_, i64>("number")?.cast_unsigned()))
}

pub(super) fn channel(row: &Row<'_>) -> rusqlite::Result<Option<ChannelId>> {
    let channel: Option<i64> = row.get("channel")?;
    Ok(channel.map(|channel| ChannelId(channel.cast_unsigned())))
}

fn required_channel(row: &Row<'_>) -> rusqlite::Result<ChannelId> {
    Ok(ChannelId(row.get::<_, i64>("channel")?.cast_unsigned()))
}

fn unknown(state: &str) -> rusqlite::Error {
    let why = format!("no such state: {state}");
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, why.into())
}
