//! The settings of each server: the document that holds, and those that held before it.
//!
//! Two people may change the settings at once, so a change names the revision that it was made from and is refused if
//! another one came first (compare and set). An undo is a change like any other: nothing that is kept is ever rewritten.

use std::path::Path;
use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use crate::ids::{GuildId, UserId};
use crate::model::settings::Settings;
use crate::store::error::{OpenError, StoreError};
use crate::store::schema;
use crate::store::time::{millis, moment};

/// So many revisions of a server are kept.
const KEPT: u64 = 20;

/// Settings as they were saved once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Counted per server, from one.
    pub number: u64,
    /// The document; none where the server was reset, and the environment decides. What is wrong with it, where another
    /// version of the bot wrote what this one cannot read.
    pub settings: Result<Option<Settings>, String>,
    /// Who saved it.
    pub author: Author,
    /// When.
    pub at: SystemTime,
    /// The revision that an undo brought back; zero is the time before the first.
    pub restores: Option<u64>,
}

/// Who changed the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// The operator, on the command line.
    Operator,
    /// A member of the server.
    Member(UserId),
}

/// A change of the settings of a server.
#[derive(Clone, Debug)]
pub struct Change {
    /// The revision that it was made from; zero where none was saved.
    pub from: u64,
    /// Who makes it.
    pub author: Author,
    /// When.
    pub at: SystemTime,
}

/// The settings of all servers that have any, as of one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSettings {
    /// `SQLite`'s number for what other connections have written.
    pub version: i64,
    /// The revision that holds, for each server.
    pub revisions: Vec<(GuildId, Revision)>,
}

/// Changes the settings beside a bot that may be running. Each change is on the disk when it is answered.
pub struct SettingsEditor(Connection);

impl SettingsEditor {
    /// Opens a database that a bot has made.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        schema::open_to_change(path).map(Self)
    }

    /// The servers that have settings, and those that have or had tickets, in order.
    pub fn guilds(&self) -> Result<(Vec<GuildId>, Vec<GuildId>), StoreError> {
        let list = |sql| {
            let mut statement = self.0.prepare(sql)?;
            let found = statement.query_map([], |row| row.get::<_, i64>(0))?;
            found.map(|guild| Ok(GuildId(guild?.cast_unsigned()))).collect::<Result<Vec<_>, StoreError>>()
        };
        let with_settings = list("SELECT DISTINCT guild FROM settings ORDER BY guild")?;
        Ok((with_settings, list("SELECT guild FROM numbers ORDER BY guild")?))
    }

    /// The revision that holds; none where nothing was ever saved.
    pub fn current(&self, guild: GuildId) -> Result<Option<Revision>, StoreError> {
        load(&self.0, guild)
    }

    /// All revisions that are kept, the newest first.
    pub fn history(&self, guild: GuildId) -> Result<Vec<Revision>, StoreError> {
        history(&self.0, guild)
    }

    /// Saves settings that were validated, or resets the server where there are none, unless they were changed since
    /// `change.from`. Answers with the new revision.
    pub fn put(&self, guild: GuildId, settings: Option<&Settings>, change: &Change) -> Result<u64, StoreError> {
        self.commit(|db| put(db, guild, settings, change))
    }

    /// Brings back what held before the last change, as a change of its own; before an undo, what held before the change
    /// that it undid. Answers with the new revision.
    pub fn undo(&self, guild: GuildId, change: &Change) -> Result<u64, StoreError> {
        self.commit(|db| undo(db, guild, change))
    }

    fn commit<T>(&self, change: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        // Immediate: the revision is compared while nobody else can write.
        let transaction = Transaction::new_unchecked(&self.0, TransactionBehavior::Immediate)?;
        let changed = change(&transaction)?;
        transaction.commit()?;
        Ok(changed)
    }
}

/// The settings of all servers, unless no other connection has written since `seen`.
pub(super) fn changed_since(db: &Connection, seen: Option<i64>) -> Result<Option<StoredSettings>, StoreError> {
    // Read first: what is changed in between is found the next time.
    let version = db.pragma_query_value(None, "data_version", |row| row.get(0))?;
    if seen == Some(version) {
        return Ok(None);
    }
    let mut statement = db.prepare_cached("SELECT DISTINCT guild FROM settings")?;
    let guilds = statement.query_map([], |row| row.get::<_, i64>(0))?;
    let mut found = Vec::new();
    for guild in guilds {
        let guild = GuildId(guild?.cast_unsigned());
        found.extend(load(db, guild)?.map(|revision| (guild, revision)));
    }
    Ok(Some(StoredSettings { version, revisions: found }))
}

fn load(db: &Connection, guild: GuildId) -> Result<Option<Revision>, StoreError> {
    let sql = "SELECT revision, document, member, at_ms, restores FROM settings WHERE guild = ?1 \
               ORDER BY revision DESC LIMIT 1";
    let found = db.prepare_cached(sql)?.query_row([guild.0.cast_signed()], Columns::read).optional()?;
    Ok(found.map(Columns::parse))
}

fn history(db: &Connection, guild: GuildId) -> Result<Vec<Revision>, StoreError> {
    let sql =
        "SELECT revision, document, member, at_ms, restores FROM settings WHERE guild = ?1 ORDER BY revision DESC";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([guild.0.cast_signed()], Columns::read)?;
    Ok(rows.map(|columns| columns.map(Columns::parse)).collect::<rusqlite::Result<_>>()?)
}

fn put(db: &Connection, guild: GuildId, settings: Option<&Settings>, change: &Change) -> Result<u64, StoreError> {
    let found = last_number(db, guild)?;
    if found != change.from {
        return Err(StoreError::SettingsChanged { expected: change.from, found });
    }
    let document = settings.map(serde_json::to_string).transpose()?;
    append(db, guild, document.as_deref(), change, None)
}

fn undo(db: &Connection, guild: GuildId, change: &Change) -> Result<u64, StoreError> {
    let Some(last) = load(db, guild)? else { return Err(StoreError::NothingToUndo) };
    if last.number != change.from {
        return Err(StoreError::SettingsChanged { expected: change.from, found: last.number });
    }
    let before = last.restores.unwrap_or(last.number).checked_sub(1).ok_or(StoreError::NothingToUndo)?;
    // Before the first revision the environment decided.
    let document = if before == 0 { None } else { document(db, guild, before)? };
    append(db, guild, document.as_deref(), change, Some(before))
}

fn last_number(db: &Connection, guild: GuildId) -> Result<u64, StoreError> {
    let sql = "SELECT coalesce(max(revision), 0) FROM settings WHERE guild = ?1";
    let last: i64 = db.prepare_cached(sql)?.query_row([guild.0.cast_signed()], |row| row.get(0))?;
    Ok(last.cast_unsigned())
}

/// The document of a revision that is kept.
fn document(db: &Connection, guild: GuildId, revision: u64) -> Result<Option<String>, StoreError> {
    let sql = "SELECT document FROM settings WHERE guild = ?1 AND revision = ?2";
    let key = params![guild.0.cast_signed(), revision.cast_signed()];
    db.prepare_cached(sql)?.query_row(key, |row| row.get(0)).optional()?.ok_or(StoreError::NothingToUndo)
}

fn append(
    db: &Connection,
    guild: GuildId,
    document: Option<&str>,
    change: &Change,
    restores: Option<u64>,
) -> Result<u64, StoreError> {
    let number = change.from + 1;
    let member = match change.author {
        Author::Operator => None,
        Author::Member(member) => Some(member.0.cast_signed()),
    };
    let sql =
        "INSERT INTO settings (guild, revision, document, member, at_ms, restores) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    db.prepare_cached(sql)?.execute(params![
        guild.0.cast_signed(),
        number.cast_signed(),
        document,
        member,
        millis(change.at),
        restores.map(u64::cast_signed),
    ])?;
    let forget = "DELETE FROM settings WHERE guild = ?1 AND revision <= ?2";
    let oldest = number.saturating_sub(KEPT).cast_signed();
    db.prepare_cached(forget)?.execute(params![guild.0.cast_signed(), oldest])?;
    Ok(number)
}

/// A row as it stands in the database.
struct Columns {
    revision: i64,
    document: Option<String>,
    member: Option<i64>,
    at_ms: i64,
    restores: Option<i64>,
}

impl Columns {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            revision: row.get(0)?,
            document: row.get(1)?,
            member: row.get(2)?,
            at_ms: row.get(3)?,
            restores: row.get(4)?,
        })
    }

    fn parse(self) -> Revision {
        let settings = self.document.map(|text| serde_json::from_str(&text)).transpose();
        Revision {
            number: self.revision.cast_unsigned(),
            settings: settings.map_err(|why| why.to_string()),
            author: self.member.map_or(Author::Operator, |member| Author::Member(UserId(member.cast_unsigned()))),
            at: moment(self.at_ms),
            restores: self.restores.map(i64::cast_unsigned),
        }
    }
}
