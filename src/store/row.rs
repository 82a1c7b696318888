//! A row: a ticket's [`State`] as columns, and back.

use std::time::SystemTime;

use rusqlite::Row;
use rusqlite::types::Type;
use serde::de::DeserializeOwned;

use crate::ids::{ChannelId, GuildId, Owner, TicketNumber, UserId};
use crate::lifecycle::{Closing, Opening, Refused, State};
use crate::store::error::StoreError;
use crate::store::time::{millis, moment};

/// A ticket as far as one must know it to list it, or to know when to look at it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whose.
    pub owner: Owner,
    /// Its number.
    pub number: TicketNumber,
    /// Since when the row has been there.
    pub opened: SystemTime,
    /// How far it has come.
    pub stage: Stage,
}

/// A [`State`] without those who wait for an answer.
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

/// The columns of a state; [`State::Absent`] has none.
pub(super) struct Columns {
    pub(super) state: &'static str,
    pub(super) intent: Option<i64>,
    pub(super) channel: Option<ChannelId>,
    pub(super) name: Option<String>,
    pub(super) due_ms: Option<i64>,
    pub(super) announced: Option<bool>,
    pub(super) asker: Option<String>,
    pub(super) words: Option<String>,
    pub(super) opening: Option<String>,
}

impl Columns {
    pub(super) fn of(state: &State) -> Result<Option<Self>, StoreError> {
        let bare = |state| Self {
            state,
            intent: None,
            channel: None,
            name: None,
            due_ms: None,
            announced: None,
            asker: None,
            words: None,
            opening: None,
        };
        Ok(match state {
            State::Absent => None,
            State::Opening(Opening { asker, name, channel }) => Some(Self {
                intent: Some(asker.intent().0.cast_signed()),
                channel: *channel,
                name: Some(name.clone()),
                asker: Some(serde_json::to_string(asker)?),
                ..bare("opening")
            }),
            State::Refused(Refused { asker, words }) => Some(Self {
                intent: Some(asker.intent().0.cast_signed()),
                asker: Some(serde_json::to_string(asker)?),
                words: Some(serde_json::to_string(words)?),
                ..bare("refused")
            }),
            State::Open { channel } => Some(Self { channel: Some(*channel), ..bare("open") }),
            State::Closing(Closing { channel, due, asker, announced, opening, failed }) => Some(Self {
                channel: Some(*channel),
                due_ms: Some(millis(*due)),
                announced: Some(*announced),
                asker: Some(serde_json::to_string(asker)?),
                words: failed.as_ref().map(serde_json::to_string).transpose()?,
                opening: opening.as_ref().map(serde_json::to_string).transpose()?,
                ..bare("closing")
            }),
        })
    }
}

pub(super) fn state(row: &Row<'_>) -> rusqlite::Result<State> {
    Ok(match row.get_ref("state")?.as_str()? {
        "opening" => {
            State::Opening(Opening { asker: json(row, "asker")?, name: row.get("name")?, channel: channel(row)? })
        }
        "refused" => State::Refused(Refused { asker: json(row, "asker")?, words: json(row, "words")? }),
        "open" => State::Open { channel: required_channel(row)? },
        "closing" => State::Closing(Closing {
            channel: required_channel(row)?,
            due: moment(row.get("due_ms")?),
            asker: json(row, "asker")?,
            announced: row.get("announced")?,
            opening: json(row, "opening")?,
            failed: json(row, "words")?,
        }),
        other => return Err(unknown(other)),
    })
}

pub(super) fn standing(owner: Owner, row: &Row<'_>) -> rusqlite::Result<Standing> {
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
    Ok(Standing { owner, number: number(row)?, opened: moment(row.get("opened_ms")?), stage })
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

fn json<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    // What is not there is JSON's nothing.
    let text = row.get_ref(column)?.as_str_or_null()?.unwrap_or("null");
    serde_json::from_str(text).map_err(|why| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(why)))
}

fn unknown(state: &str) -> rusqlite::Error {
    let why = format!("no such state: {state}");
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, why.into())
}
