//! `talon settings`: the settings of a server as a document. Its mistakes are found before a bot reads it.

mod obeyed;
mod stored;

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Subcommand;

use crate::config::{Config, Environment, Mistakes};
use crate::ids::GuildId;
use crate::language::Language;
use crate::model::settings::{self, HomeServer, LARGEST, LanguageChoice, Mistake, Settings};
use crate::operator::settings::obeyed::unobeyed;
use crate::operator::settings::stored::Stored;
pub use crate::operator::settings::stored::{ChangeFrom, Server};
use crate::store::{OpenError, StoreError};
use crate::texts::{self, OPEN_EMOJI};

/// What to do with settings.
#[derive(Subcommand)]
pub enum Command {
    /// Print the settings that hold, as a document
    Show(Server),
    /// Find every mistake in a document; exit code 2 if there is any
    Check {
        /// The document, as JSON
        file: PathBuf,
    },
    /// Store a document, beside the running bot, which follows within two seconds; exit code 2, and nothing is written, if
    /// there is any mistake; 1 if somebody else changed the settings meanwhile
    Import {
        /// The document, as JSON
        file: PathBuf,
        /// Which server.
        #[command(flatten)]
        server: Server,
        /// What the change is made from.
        #[command(flatten)]
        from: ChangeFrom,
    },
    /// Print the settings that hold, to be edited and imported again
    Export(Server),
    /// List the last twenty changes: revision, when, by whom, and what
    History(Server),
    /// Take the last change back; again: the one before it
    Undo {
        /// Which server.
        #[command(flatten)]
        server: Server,
        /// What the change is made from.
        #[command(flatten)]
        from: ChangeFrom,
    },
    /// Forget the stored document: the environment decides again
    Reset {
        /// Which server.
        #[command(flatten)]
        server: Server,
        /// What the change is made from.
        #[command(flatten)]
        from: ChangeFrom,
    },
    /// Print the JSON Schema of the document, for editors
    Schema,
}

/// Why there is no answer. Each is told in lines.
#[derive(Debug)]
pub enum SettingsError {
    /// The environment does not say what it must.
    Environment(Mistakes),
    /// The file cannot be read.
    Unreadable(PathBuf, io::Error),
    /// The file is not a text.
    NotUtf8(PathBuf),
    /// There are mistakes in the document.
    Document(Vec<Mistake>),
    /// The database cannot be opened.
    Database(OpenError),
    /// The database does not do what is asked, or the settings were changed meanwhile.
    Store(StoreError),
    /// It is not known which of these servers is meant.
    WhichServer(Vec<GuildId>),
}

impl SettingsError {
    /// Whether something given is wrong; otherwise it may help to try again.
    #[must_use]
    pub const fn is_mistake(&self) -> bool {
        !matches!(self, Self::Database(_) | Self::Store(_))
    }
}

/// A document, and what is to be known about it.
pub struct Shown {
    /// The document.
    pub document: String,
    /// Where it comes from, and what would have to be corrected in it; not a part of it.
    pub notes: String,
}

/// The settings that the environment gives the home server.
#[must_use]
pub fn derive(home: HomeServer) -> Settings {
    let language = match home.language {
        LanguageChoice::En => Language::English,
        LanguageChoice::Ru | LanguageChoice::Auto => Language::Russian,
    };
    Settings::from_environment(home, OPEN_EMOJI, texts::of(language).panel.label)
}

/// Does what is asked of the settings.
pub async fn run(environment: &Environment, command: Command, now: SystemTime) -> Result<Shown, SettingsError> {
    let home = Config::home_server(environment).ok();
    let document = match command {
        Command::Schema => schema(),
        Command::Check { file } => check(&file, home)?,
        Command::Show(server) | Command::Export(server) => return show(environment, &server),
        Command::History(server) => stored::history(environment, &server)?,
        Command::Import { file, server, from } => {
            read_document(&file)?;
            Stored::open(environment, &server).await?.import(&file, &from, home, server.json, now)?
        }
        Command::Undo { server, from } => Stored::open(environment, &server).await?.undo(&from, server.json, now)?,
        Command::Reset { server, from } => Stored::open(environment, &server).await?.reset(&from, server.json, now)?,
    };
    Ok(Shown { document, notes: String::new() })
}

/// The settings that hold, to be printed.
fn show(environment: &Environment, server: &Server) -> Result<Shown, SettingsError> {
    let Some((guild, revision)) = stored::current(environment, server)? else { return show_derived(environment) };
    let Some(settings) = stored::document_of(&revision)? else { return show_derived(environment) };
    let document = settings.to_text().map_err(|why| SettingsError::Document(vec![unwritable(&why)]))?;
    let at = humantime::format_rfc3339_seconds(revision.at);
    let notes = unobeyed(settings, Config::home_server(environment).ok());
    let notes = format!("stored for server {guild}, revision {} of {at}\n{notes}", revision.number);
    Ok(Shown { document, notes })
}

fn show_derived(environment: &Environment) -> Result<Shown, SettingsError> {
    let settings = derive(Config::home_server(environment).map_err(SettingsError::Environment)?);
    let document = settings.to_text().map_err(|why| SettingsError::Document(vec![unwritable(&why)]))?;
    let mistakes = settings.validate();
    let origin = "derived from the environment and .env\n";
    let notes = if mistakes.is_empty() {
        origin.to_owned()
    } else {
        format!("{origin}as a document of its own this would have to be corrected first:\n{}\n", lines(&mistakes))
    };
    Ok(Shown { document, notes })
}

/// Finds every mistake in a document; where there is none, says what is in it.
fn check(file: &Path, home: Option<HomeServer>) -> Result<String, SettingsError> {
    let settings = read_document(file)?;
    let count = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    Ok(format!(
        "{}: no mistakes: {}, {}\n{}",
        file.display(),
        count(settings.ticket_types.len(), "ticket type"),
        count(settings.panels.len(), "panel"),
        unobeyed(&settings, home),
    ))
}

/// The JSON Schema of the document.
fn schema() -> String {
    format!("{:#}\n", settings::schema())
}

/// Reads a document, or tells every mistake in it.
fn read_document(file: &Path) -> Result<Settings, SettingsError> {
    Settings::read(&read(file)?).map_err(SettingsError::Document)
}

fn read(file: &Path) -> Result<String, SettingsError> {
    let unreadable = |why| SettingsError::Unreadable(file.to_owned(), why);
    // A little more than is allowed: that it is too large is then found like every other mistake.
    let most = (LARGEST as u64 + 1) * 1_024;
    let mut bytes = Vec::new();
    File::open(file).and_then(|file| file.take(most).read_to_end(&mut bytes)).map_err(unreadable)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(why) if why.as_bytes().len() as u64 == most => Ok(String::from_utf8_lossy(why.as_bytes()).into_owned()),
        Err(_) => Err(SettingsError::NotUtf8(file.to_owned())),
    }
}

fn unwritable(why: &serde_json::Error) -> Mistake {
    Mistake { path: String::new(), problem: settings::Problem::Unreadable(why.to_string()) }
}

fn lines(mistakes: &[Mistake]) -> String {
    let english = texts::of(Language::English);
    mistakes.iter().map(|mistake| english.mistake(mistake)).collect::<Vec<_>>().join("\n")
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(mistakes) => mistakes.fmt(f),
            Self::Unreadable(file, why) if why.kind() == io::ErrorKind::NotFound => {
                write!(f, "{}: there is no such file: correct the path", file.display())
            }
            Self::Unreadable(file, why) if why.kind() == io::ErrorKind::IsADirectory => {
                write!(f, "{}: is a folder, not a file: name the document in it", file.display())
            }
            Self::Unreadable(file, why) if why.kind() == io::ErrorKind::PermissionDenied => {
                write!(f, "{}: may not be read: give the file to the user that talon runs as", file.display())
            }
            Self::Unreadable(file, why) => write!(f, "{}: cannot be read: {why}", file.display()),
            Self::NotUtf8(file) => write!(f, "{}: is not a text in UTF-8: save it as UTF-8", file.display()),
            Self::Document(mistakes) => f.write_str(&lines(mistakes)),
            Self::Database(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
            Self::WhichServer(servers) if servers.is_empty() => f.write_str(
                "which server? Neither the database nor Discord tells: name it with --server, or set DISCORD_TOKEN and the \
                 ids of the home server",
            ),
            Self::WhichServer(servers) => {
                let servers: Vec<_> = servers.iter().map(ToString::to_string).collect();
                write!(f, "which server? Name one with --server: {}", servers.join(", "))
            }
        }
    }
}

impl std::error::Error for SettingsError {}
