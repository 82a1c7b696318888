//! Tickets of another bot, written all at once: `talon import`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use rusqlite::{Connection, Row};

use crate::ids::{ChannelId, GuildId, Owner, TicketId, TicketNumber, UserId};
use crate::lifecycle::JournalEvent;
use crate::store::error::StoreError;
use crate::store::journal::{self, Line};
use crate::store::row::{self, Columns};
use crate::store::tickets;

/// An open ticket that another bot made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedTicket {
    /// The member whose ticket it is.
    pub owner: Owner,
    /// Its number; no other ticket of the server has or had it.
    pub number: TicketNumber,
    /// Its channel.
    pub channel: ChannelId,
    /// When it was opened.
    pub opened: SystemTime,
    /// What the journal says of the import.
    pub note: JournalEvent,
}

/// A ticket to import, with its columns and its line of the journal.
pub(super) type Parts = (ImportedTicket, Option<Columns>, [Line; 1]);

/// What an import must not take: the tickets that the database knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Occupied {
    /// The members of the server who have a ticket, with its number.
    pub members: BTreeMap<UserId, TicketNumber>,
    /// The channels of all tickets, of whatever server.
    pub channels: BTreeMap<ChannelId, TicketId>,
    /// The channels of tickets of the server that have ended, as far as the journal goes back.
    pub ended: BTreeSet<ChannelId>,
    /// The numbers of the server's tickets, as far as the journal goes back.
    pub numbers: BTreeSet<TicketNumber>,
    /// The highest number that the server has used.
    pub last: TicketNumber,
}

/// Reads what an import into this server must not take.
pub(super) fn occupied(db: &Connection, guild: GuildId) -> Result<Occupied, StoreError> {
    let mut occupied = Occupied::default();
    let mut rows = db.prepare("SELECT guild, member, number, channel FROM tickets")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let (owner, number) = (row::owner(row)?, row::number(row)?);
        if let Some(channel) = row::channel(row)? {
            occupied.channels.insert(channel, TicketId { guild: owner.guild, number });
        }
        if owner.guild == guild {
            occupied.members.insert(owner.member, number);
            occupied.numbers.insert(number);
        }
    }
    let key = [guild.0.cast_signed()];
    let mut numbers = db.prepare("SELECT DISTINCT number FROM journal WHERE guild = ?1 AND number IS NOT NULL")?;
    for number in numbers.query_map(key, row::number)? {
        occupied.numbers.insert(number?);
    }
    let mut notes = db.prepare(
        "SELECT channel, note FROM journal
         WHERE guild = ?1 AND channel IS NOT NULL AND (note LIKE '%closed%' OR note LIKE '%gone%')",
    )?;
    for ended in notes.query_map(key, ended_channel)? {
        occupied.ended.extend(ended?);
    }
    let mut last = db.prepare("SELECT last FROM numbers WHERE guild = ?1")?;
    let last = last.query_map(key, |row| row.get::<_, i64>("last"))?.next().transpose()?;
    let highest = occupied.numbers.last().copied().unwrap_or_default();
    occupied.last = highest.max(TicketNumber(last.unwrap_or_default().cast_unsigned()));
    Ok(occupied)
}

/// The channel whose ticket ended with this line of the journal.
fn ended_channel(row: &Row<'_>) -> rusqlite::Result<Option<ChannelId>> {
    let ended = match serde_json::from_str(row.get_ref("note")?.as_str()?) {
        Ok(JournalEvent::Closed { channel } | JournalEvent::Gone { channel }) => Some(channel),
        _ => None,
    };
    Ok(ended)
}

/// Writes the tickets with a line of the journal for each, and gives numbers up to `last` to no other ticket.
pub(super) fn write(db: &Connection, last: TicketId, tickets: &[Parts], now: SystemTime) -> Result<(), StoreError> {
    for (ticket, columns, lines) in tickets {
        let given = tickets::save(db, ticket.owner, (columns.as_ref(), Some(ticket.number)), &[], ticket.opened)?;
        if given != Some(ticket.number) {
            return Err(StoreError::Other(format!("the number {} has been taken meanwhile", ticket.number)));
        }
        tickets::note(db, ticket.owner, lines, now)?;
    }
    Ok(journal::reserve_numbers(db, last)?)
}
