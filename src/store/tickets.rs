//! The tickets there are: one row for each, changed together with its journal.

use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension, params};

use crate::ids::{ChannelId, Owner, TicketId, TicketNumber};
use crate::lifecycle::Document;
use crate::store::error::{StoreError, is_duplicate};
use crate::store::journal::{self, Line, Subject};
use crate::store::row::{self, Columns, TicketSummary};
use crate::store::time::millis;

/// The part of a row that tells which ticket it is.
struct Identity {
    number: TicketNumber,
    request: Option<i64>,
    channel: Option<ChannelId>,
    opened_ms: i64,
}

/// Brings the row to the new state and appends to the journal; answers with the number of the ticket meant. A row that
/// begins gets the number that its channel `shows`, if that is not another member's.
pub(super) fn save(
    db: &Connection,
    owner: Owner,
    (columns, shows): (Option<&Columns>, Option<TicketNumber>),
    lines: &[Line],
    now: SystemTime,
) -> Result<Option<TicketNumber>, StoreError> {
    let before = identity(db, owner)?;
    match columns {
        None => remove(db, owner, before, lines, now),
        Some(columns) => put(db, owner, before, (columns, shows), lines, now),
    }
}

/// Appends to the journal of the ticket there is, or else of the last one there was.
pub(super) fn note(db: &Connection, owner: Owner, lines: &[Line], now: SystemTime) -> Result<(), StoreError> {
    let subject = match identity(db, owner)? {
        Some(before) => Subject { owner, number: Some(before.number), channel: before.channel },
        None => ended(db, owner, lines)?,
    };
    Ok(journal::append(db, subject, lines, millis(now))?)
}

fn remove(
    db: &Connection,
    owner: Owner,
    before: Option<Identity>,
    lines: &[Line],
    now: SystemTime,
) -> Result<Option<TicketNumber>, StoreError> {
    let subject = match before {
        Some(before) => {
            db.prepare_cached("DELETE FROM tickets WHERE guild = ?1 AND member = ?2")?.execute(key(owner))?;
            Subject { owner, number: Some(before.number), channel: before.channel }
        }
        None => ended(db, owner, lines)?,
    };
    journal::append(db, subject, lines, millis(now))?;
    Ok(subject.number)
}

/// Where lines belong when there is no row: to a ticket that never came to be, or to the last one.
fn ended(db: &Connection, owner: Owner, lines: &[Line]) -> Result<Subject, StoreError> {
    let number = if lines.iter().any(Line::asked) {
        Some(journal::next_number(db, owner.guild)?)
    } else {
        journal::last_number(db, owner)?
    };
    Ok(Subject { owner, number, channel: None })
}

fn put(
    db: &Connection,
    owner: Owner,
    before: Option<Identity>,
    (columns, shows): (&Columns, Option<TicketNumber>),
    lines: &[Line],
    now: SystemTime,
) -> Result<Option<TicketNumber>, StoreError> {
    // An opening asked for by another press than the one before is another ticket, even where no moment without a row
    // lay between the two.
    let (same, other) = match before {
        Some(row) if columns.request.is_none() || columns.request == row.request => (Some(row), None),
        other => (None, other),
    };
    let identity = match same {
        Some(row) => Identity { channel: columns.channel, ..row },
        None => Identity {
            number: new_number(db, owner, shows)?,
            request: columns.request,
            channel: columns.channel,
            opened_ms: millis(now),
        },
    };
    write(db, owner, &identity, columns)?;
    let end = match &other {
        Some(_) => lines.iter().position(Line::asked).unwrap_or(0),
        None => 0,
    };
    let (theirs, ours) = lines.split_at(end);
    for (row, lines) in [(other.as_ref(), theirs), (Some(&identity), ours)] {
        if let Some(row) = row {
            let subject = Subject { owner, number: Some(row.number), channel: row.channel };
            journal::append(db, subject, lines, millis(now))?;
        }
    }
    Ok(Some(identity.number))
}

fn new_number(db: &Connection, owner: Owner, shown: Option<TicketNumber>) -> rusqlite::Result<TicketNumber> {
    match shown {
        Some(number) if !journal::is_anothers(db, owner, number)? => {
            journal::reserve_numbers(db, TicketId { guild: owner.guild, number })?;
            Ok(number)
        }
        _ => journal::next_number(db, owner.guild),
    }
}

fn write(db: &Connection, owner: Owner, identity: &Identity, columns: &Columns) -> Result<(), StoreError> {
    let mut write = db.prepare_cached(
        "INSERT INTO tickets (guild, member, number, request, opened_ms, state, channel, due_ms, announced, wake_ms,
             unfinished, document)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
         ON CONFLICT (guild, member) DO UPDATE SET
            number = excluded.number, request = excluded.request, opened_ms = excluded.opened_ms,
            state = excluded.state, channel = excluded.channel, due_ms = excluded.due_ms,
            announced = excluded.announced, wake_ms = excluded.wake_ms, unfinished = excluded.unfinished, document = excluded.document",
    )?;
    let [guild, member] = key(owner);
    let written = write.execute(params![
        guild,
        member,
        identity.number.0.cast_signed(),
        identity.request,
        identity.opened_ms,
        columns.state,
        columns.channel.map(|channel| channel.0.cast_signed()),
        columns.due_ms,
        columns.announced,
        columns.wake_ms,
        columns.unfinished,
        columns.document,
    ]);
    match (written, columns.channel) {
        (Ok(_), _) => Ok(()),
        (Err(why), Some(channel)) if is_duplicate(&why) => Err(StoreError::ChannelTaken(channel)),
        (Err(why), _) => Err(why.into()),
    }
}

fn identity(db: &Connection, owner: Owner) -> rusqlite::Result<Option<Identity>> {
    let mut select =
        db.prepare_cached("SELECT number, request, channel, opened_ms FROM tickets WHERE guild = ?1 AND member = ?2")?;
    let row = select.query_row(key(owner), |row| {
        Ok(Identity {
            number: row::number(row)?,
            request: row.get("request")?,
            channel: row::channel(row)?,
            opened_ms: row.get("opened_ms")?,
        })
    });
    row.optional()
}

/// What is true of a member's ticket.
pub(super) fn load(db: &Connection, owner: Owner) -> Result<Document, StoreError> {
    let mut select = db.prepare_cached("SELECT document FROM tickets WHERE guild = ?1 AND member = ?2")?;
    match select.query_row(key(owner), row::document).optional() {
        Ok(document) => Ok(document.unwrap_or_default()),
        // The row is there, but makes no sense. An error of the disk is not the row's fault.
        Err(why) if why.sqlite_error().is_none() => Err(StoreError::Unreadable { owner, why: why.to_string() }),
        Err(why) => Err(why.into()),
    }
}

/// Forgets the tokens of presses that have expired by then, in all rows.
pub(super) fn forget_tokens(db: &Connection, now: SystemTime) -> Result<(), StoreError> {
    let owners: Vec<Owner> = list(db)?.into_iter().map(|standing| standing.owner).collect();
    for owner in owners {
        // A row that makes no sense is told in the log and stays as it is.
        let Ok(before) = load(db, owner) else { continue };
        let mut document = before.clone();
        document.forget_tokens(now);
        if document != before {
            save(db, owner, (Columns::of(&document)?.as_ref(), None), &[], now)?;
        }
    }
    Ok(())
}

/// The number of a member's ticket, or else of the last one they had.
pub(super) fn number(db: &Connection, owner: Owner) -> Result<Option<TicketNumber>, StoreError> {
    Ok(match identity(db, owner)? {
        Some(row) => Some(row.number),
        None => journal::last_number(db, owner)?,
    })
}

/// All rows; one that makes no sense is told in the log and left out.
pub(super) fn list(db: &Connection) -> Result<Vec<TicketSummary>, StoreError> {
    let count: u32 = db.query_row("SELECT count(*) FROM tickets", [], |row| row.get(0))?;
    let mut standings = Vec::with_capacity(count as usize);
    let mut select = db.prepare(
        "SELECT guild, member, number, opened_ms, state, channel, due_ms, announced, unfinished FROM tickets",
    )?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let owner = row::owner(row)?;
        match row::standing(owner, row) {
            Ok(standing) => standings.push(standing),
            Err(why) => {
                let why = why.to_string();
                tracing::error!(%owner, "{}", StoreError::Unreadable { owner, why });
            }
        }
    }
    Ok(standings)
}

/// Whose tickets something is to be done about by then.
pub(super) fn due(db: &Connection, until: SystemTime) -> Result<Vec<Owner>, StoreError> {
    let mut select = db.prepare_cached("SELECT guild, member FROM tickets WHERE wake_ms <= ?1")?;
    let owners = select.query_map([millis(until)], row::owner)?.collect::<Result<_, _>>()?;
    Ok(owners)
}

/// Which of these channels belong to a ticket, and to whose.
pub(super) fn owned(db: &Connection, channels: &[ChannelId]) -> Result<Vec<(ChannelId, Owner)>, StoreError> {
    let mut select = db.prepare_cached("SELECT guild, member FROM tickets WHERE channel = ?1")?;
    let mut owned = Vec::new();
    for &channel in channels {
        let found = select.query_row([channel.0.cast_signed()], row::owner).optional()?;
        owned.extend(found.map(|owner| (channel, owner)));
    }
    Ok(owned)
}

fn key(owner: Owner) -> [i64; 2] {
    [owner.guild.0.cast_signed(), owner.member.0.cast_signed()]
}
