//! `talon import`: the open tickets of another bot become talon's, so that a server can move while tickets are open.
//!
//! ```text
//! files of the other bot ──read──▶ BotExport ──compare with the database──▶ Plan ──one transaction──▶ database
//! ```
//!
//! Discord is not asked and nothing is changed there: the channels stay as they are, and the next start of the bot finds
//! their rows.

mod discord_tickets;
mod open_ticket;
mod plan;
mod report;
mod source;
#[cfg(test)]
mod tests;
mod zip;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::{Args, Subcommand};

use crate::ids::{GuildId, Owner};
use crate::lifecycle::{JournalEvent, SourceBot};
use crate::operator::import::plan::{Plan, find_server, make_plan};
pub use crate::operator::import::report::Report;
use crate::operator::import::source::{BotExport, FileError};
use crate::store::{ImportedTicket, Occupied, OpenError, OpenErrorKind, Reader, Store, StoreError};

/// From which bot.
#[derive(Subcommand)]
pub enum Command {
    /// From discord-tickets, version 4
    DiscordTickets {
        /// The export that its dashboard makes, a ZIP archive; or the tickets.jsonl in it
        file: PathBuf,
        /// How to import
        #[command(flatten)]
        options: Options,
    },
    /// From Open Ticket, version 4
    OpenTicket {
        /// Its folder `database`, or the folder that holds it
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// How to import
        #[command(flatten)]
        options: Options,
    },
}

/// How to import.
#[derive(Args)]
pub struct Options {
    /// The server; needed where the files do not name one server alone
    #[arg(long, value_name = "ID")]
    server: Option<GuildId>,
    /// Show what would be imported, and write nothing; works beside the running bot
    #[arg(long)]
    dry_run: bool,
    /// For machines
    #[arg(long)]
    json: bool,
}

/// Why nothing was imported. The database is as it was.
#[derive(Debug)]
pub enum ImportError {
    /// The files of the other bot cannot be used.
    Files(Vec<FileError>),
    /// The database cannot be opened.
    Database(OpenError),
    /// The database cannot be read or written.
    Store(StoreError),
}

impl ImportError {
    /// 2 for wrong input, 1 for everything else.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Files(_) => 2,
            Self::Database(_) | Self::Store(_) => 1,
        }
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files(mistakes) => {
                let lines: Vec<_> = mistakes.iter().map(FileError::to_string).collect();
                f.write_str(&lines.join("\n"))
            }
            Self::Database(OpenError { path, obstacle: OpenErrorKind::InUse }) => {
                write!(f, "a running bot uses the database {}: stop it, import, and start it again", path.display())
            }
            Self::Database(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ImportError {}

/// Reads the files, compares them with the database, and writes what can be taken over, all of it or nothing.
pub async fn run(database: &Path, command: &Command, now: SystemTime) -> Result<Report, ImportError> {
    let (path, options, source) = match command {
        Command::DiscordTickets { file, options } => (file, options, discord_tickets::read(file)),
        Command::OpenTicket { folder, options } => (folder, options, open_ticket::read(folder)),
    };
    let source = source.map_err(ImportError::Files)?;
    let server = find_server(&source, options.server)
        .map_err(|problem| ImportError::Files(vec![FileError::new(path.display(), problem)]))?;
    let (bot, dry_run, json) = (source.bot, options.dry_run, options.json);
    let plan = if dry_run {
        make_plan(source, server, look_up(database, server)?)
    } else {
        import(database, source, server, now).await?
    };
    Ok(Report { bot, plan, dry_run, json })
}

/// What the database knows; nothing, if there is none yet.
fn look_up(database: &Path, server: GuildId) -> Result<Occupied, ImportError> {
    match Reader::open(database) {
        Ok(reader) => reader.occupied(server).map_err(ImportError::Store),
        Err(OpenError { obstacle: OpenErrorKind::Missing, .. }) => Ok(Occupied::default()),
        Err(error) => Err(ImportError::Database(error)),
    }
}

/// Compares and writes while no other process can write.
async fn import(database: &Path, source: BotExport, server: GuildId, now: SystemTime) -> Result<Plan, ImportError> {
    let bot = source.bot;
    let store = Store::open(database).map_err(ImportError::Database)?;
    let occupied = store.reader().map_err(ImportError::Database)?.occupied(server).map_err(ImportError::Store)?;
    let plan = make_plan(source, server, occupied);
    store.import(plan.last, imported_tickets(&plan, bot), now).await.map_err(ImportError::Store)?;
    Ok(plan)
}

fn imported_tickets(plan: &Plan, bot: SourceBot) -> Vec<ImportedTicket> {
    let ticket = |ticket: &plan::Adoption| ImportedTicket {
        owner: Owner { guild: plan.last.guild, member: ticket.member },
        number: ticket.number,
        channel: ticket.channel,
        // Both bots make a ticket with its channel.
        opened: ticket.channel.made_at(),
        note: JournalEvent::Imported { channel: ticket.channel, from: bot, ticket_type: ticket.ticket_type.clone() },
    };
    plan.adopted.iter().map(ticket).collect()
}
