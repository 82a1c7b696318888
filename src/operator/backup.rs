//! `talon backup`: a copy of the database, whole and of one moment, while the bot goes on.

use std::path::Path;

use crate::actors::clock;
use crate::operator::Trouble;
use crate::store::Reader;

/// Copies the database; says what was done.
pub fn make(database: &Path, to: &Path) -> Result<String, Trouble> {
    let reader = Reader::open(database)?;
    reader.backup(to, clock::now())?;
    // A copy that cannot be read is none.
    let tickets = Reader::open(to)?.all()?.len();
    Ok(format!(
        "{} holds a copy of {} with its {tickets} tickets and their journal.\n\
         It holds secrets: keep it as private as the database. To restore it: stop the bot, remove {db}-wal and {db}-shm \
         if they are there, copy it to {db}, start the bot.\n",
        to.display(),
        database.display(),
        db = database.display(),
    ))
}
