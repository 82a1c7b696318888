//! The journal: what happened to each ticket, in order, for whoever asks why.
//!
//! A ticket has a [`TicketNumber`] of its own in its server, so that its story can be told apart from that of the
//! member's next one. It is given with the row and is never given again.

use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::ids::{ChannelId, GuildId, Owner, TicketId, TicketNumber, UserId};
use crate::lifecycle::JournalEvent;
use crate::store::error::StoreError;
use crate::store::time::{millis, moment};

/// How many notes are forgotten in one go, so that nobody waits long for the rest of them.
pub(super) const PRUNE_BATCH: usize = 2_000;

/// How many pages are given back to the disk in one go: a megabyte takes about as long as a save.
const STEP: u32 = 256;

/// So many unused pages stay in the file for what is noted next.
const SPARE: u32 = 256;

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it was noted.
    pub at: SystemTime,
    /// Of which ticket; none where the member had had no ticket yet.
    pub number: Option<TicketNumber>,
    /// Whose ticket.
    pub owner: Owner,
    /// The channel it is about, or the ticket's channel at that time.
    pub channel: Option<ChannelId>,
    /// What happened; the text as it stands, where another version of the bot wrote what this one cannot read.
    pub note: Result<JournalEvent, String>,
}

/// Which lines of the journal to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Of all tickets.
    All,
    /// Of one ticket.
    Ticket(TicketId),
    /// Of the tickets with this number, in whatever server.
    Number(TicketNumber),
    /// Of all tickets that one person has had, in any server.
    Member(UserId),
    /// Of the tickets that had this channel, from their beginning.
    Channel(ChannelId),
}

/// A note on its way into the journal.
pub(super) struct Line {
    asked: bool,
    channel: Option<ChannelId>,
    json: String,
}

impl Line {
    pub(super) fn of(note: &JournalEvent) -> Result<Self, StoreError> {
        Ok(Self {
            asked: matches!(note, JournalEvent::Asked { .. }),
            channel: note.channel(),
            json: serde_json::to_string(note)?,
        })
    }

    /// Whether a ticket begins with it.
    pub(super) fn asked(&self) -> bool {
        self.asked
    }
}

/// The ticket that lines belong to.
#[derive(Clone, Copy)]
pub(super) struct Subject {
    pub(super) owner: Owner,
    pub(super) number: Option<TicketNumber>,
    pub(super) channel: Option<ChannelId>,
}

pub(super) fn append(db: &Connection, subject: Subject, lines: &[Line], at_ms: i64) -> rusqlite::Result<()> {
    let mut insert = db.prepare_cached(
        "INSERT INTO journal (at_ms, number, guild, member, channel, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let Subject { owner, number, channel } = subject;
    for line in lines {
        insert.execute(params![
            at_ms,
            number.map(|number| number.0.cast_signed()),
            owner.guild.0.cast_signed(),
            owner.member.0.cast_signed(),
            line.channel.or(channel).map(|channel| channel.0.cast_signed()),
            line.json,
        ])?;
    }
    Ok(())
}

/// A number for a new ticket of this server.
pub(super) fn next_number(db: &Connection, guild: GuildId) -> rusqlite::Result<TicketNumber> {
    // Not by one statement with RETURNING, for which SQLite makes a table in passing.
    let mut count = db.prepare_cached(
        "INSERT INTO numbers (guild, last) VALUES (?1, 1) ON CONFLICT (guild) DO UPDATE SET last = last + 1",
    )?;
    count.execute([guild.0.cast_signed()])?;
    let mut last = db.prepare_cached("SELECT last FROM numbers WHERE guild = ?1")?;
    last.query_row([guild.0.cast_signed()], |row| number(row, 0))
}

/// Sees to it that numbers up to this one are not given any more.
pub(super) fn reserve_numbers(db: &Connection, last: TicketId) -> rusqlite::Result<()> {
    let mut reserve = db.prepare_cached(
        "INSERT INTO numbers (guild, last) VALUES (?1, ?2) ON CONFLICT (guild) DO UPDATE SET last = max(last, excluded.last)",
    )?;
    reserve.execute([last.guild.0.cast_signed(), last.number.0.cast_signed()]).map(drop)
}

/// Whether another member's ticket has or had this number.
pub(super) fn is_anothers(db: &Connection, owner: Owner, number: TicketNumber) -> rusqlite::Result<bool> {
    let mut find = db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM tickets WHERE guild = ?1 AND number = ?3 AND member <> ?2)
             OR EXISTS (SELECT 1 FROM journal WHERE guild = ?1 AND number = ?3 AND member <> ?2)",
    )?;
    let key = [owner.guild.0.cast_signed(), owner.member.0.cast_signed(), number.0.cast_signed()];
    find.query_row(key, |row| row.get(0))
}

fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<TicketNumber> {
    row.get(column).map(|number: i64| TicketNumber(number.cast_unsigned()))
}

/// The number of the ticket that this member had last: what is noted after its end still belongs to it.
pub(super) fn last_number(db: &Connection, owner: Owner) -> rusqlite::Result<Option<TicketNumber>> {
    let mut last = db.prepare_cached(
        "SELECT number FROM journal WHERE guild = ?1 AND member = ?2 AND number IS NOT NULL ORDER BY id DESC LIMIT 1",
    )?;
    let owner = [owner.guild.0.cast_signed(), owner.member.0.cast_signed()];
    last.query_row(owner, |row| number(row, 0)).optional()
}

/// Writes a line and takes it back: what cannot do this can do nothing else.
pub(super) fn probe(db: &Connection) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT INTO journal (at_ms, guild, member, note) VALUES (0, 0, 0, '')")?.execute([])?;
    db.prepare_cached("DELETE FROM journal WHERE id = ?1")?.execute([db.last_insert_rowid()])?;
    Ok(())
}

/// The last lines that match, at most `limit`, in order.
pub(super) fn read(db: &Connection, filter: Filter, limit: usize) -> Result<Vec<Entry>, StoreError> {
    let (condition, value, guild) = match filter {
        Filter::All => ("?1 = ?1 AND ?2 = ?2", 0, 0),
        Filter::Ticket(TicketId { guild, number }) => ("number = ?1 AND guild = ?2", number.0, guild.0),
        Filter::Number(number) => ("number = ?1 AND ?2 = ?2", number.0, 0),
        Filter::Member(member) => ("member = ?1 AND ?2 = ?2", member.0, 0),
        Filter::Channel(channel) => (
            "channel = ?1 AND ?2 = ?2
                OR (guild, number) IN (SELECT guild, number FROM journal WHERE channel = ?1 AND number IS NOT NULL)",
            channel.0,
            0,
        ),
    };
    let mut select = db.prepare(&format!(
        "SELECT at_ms, number, guild, member, channel, note FROM journal WHERE {condition} ORDER BY id DESC LIMIT ?3"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut entries = select
        .query_map(params![value.cast_signed(), guild.cast_signed(), limit], entry)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    entries.reverse();
    Ok(entries)
}

/// When this was noted last, of whatever ticket.
pub(super) fn last_noted(db: &Connection, note: &JournalEvent) -> Result<Option<SystemTime>, StoreError> {
    let note = serde_json::to_string(note)?;
    let last: Option<i64> = db.query_row("SELECT MAX(at_ms) FROM journal WHERE note = ?1", [note], |row| row.get(0))?;
    Ok(last.map(moment))
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let number: Option<i64> = row.get("number")?;
    let channel: Option<i64> = row.get("channel")?;
    let note: String = row.get("note")?;
    Ok(Entry {
        at: moment(row.get("at_ms")?),
        number: number.map(|number| TicketNumber(number.cast_unsigned())),
        owner: Owner {
            guild: GuildId(row.get::<_, i64>("guild")?.cast_unsigned()),
            member: UserId(row.get::<_, i64>("member")?.cast_unsigned()),
        },
        channel: channel.map(|channel| ChannelId(channel.cast_unsigned())),
        note: serde_json::from_str(&note).map_err(|_| note),
    })
}

/// Forgets a handful of the lines noted before that moment, the oldest first; says how many.
pub(super) fn forget(db: &Connection, before: SystemTime) -> rusqlite::Result<usize> {
    let mut delete = db.prepare_cached(
        "DELETE FROM journal WHERE id IN (SELECT id FROM journal WHERE at_ms < ?1 ORDER BY at_ms LIMIT ?2)",
    )?;
    delete.execute(params![millis(before), i64::try_from(PRUNE_BATCH).unwrap_or(i64::MAX)])
}

/// Gives some of the pages that are not used any more back to the disk; says whether there are more.
pub(super) fn shrink(db: &Connection) -> rusqlite::Result<bool> {
    let free: u32 = db.query_row("PRAGMA freelist_count", [], |row| row.get(0))?;
    let step = free.saturating_sub(SPARE).min(STEP);
    if step == 0 {
        return Ok(false);
    }
    // Each row that is asked for frees a page.
    let mut vacuum = db.prepare(&format!("PRAGMA incremental_vacuum({step})"))?;
    let mut rows = vacuum.query([])?;
    while rows.next()?.is_some() {}
    let left: u32 = db.query_row("PRAGMA freelist_count", [], |row| row.get(0))?;
    // A file that cannot shrink keeps them all.
    Ok(left < free && left > SPARE)
}
