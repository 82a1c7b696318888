//! `talon settings`: the settings of a server as a document. Its mistakes are found before a bot reads it.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Subcommand;

use crate::config::{Config, Environment, Mistakes};
use crate::language::Language;
use crate::model::settings::{self, HomeServer, LARGEST, LanguageChoice, Mistake, Settings};
use crate::texts::{self, OPEN_EMOJI};

/// What to do with settings.
#[derive(Subcommand)]
pub enum Command {
    /// Print the settings that hold for the home server, as a document
    Show,
    /// Find every mistake in a document; exit code 2 if there is any
    Check {
        /// The document, as JSON
        file: PathBuf,
    },
    /// Print the JSON Schema of the document, for editors
    Schema,
}

/// Why there is no answer. Each is told in lines, and ends with the exit code of wrong settings.
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

/// The settings that hold for the home server, to be printed.
pub fn show(environment: &Environment) -> Result<Shown, SettingsError> {
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
pub fn check(file: &Path) -> Result<String, SettingsError> {
    let settings = Settings::read(&read(file)?).map_err(SettingsError::Document)?;
    let count = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    Ok(format!(
        "{}: no mistakes: {}, {}\n",
        file.display(),
        count(settings.ticket_types.len(), "ticket type"),
        count(settings.panels.len(), "panel"),
    ))
}

/// The JSON Schema of the document.
#[must_use]
pub fn schema() -> String {
    format!("{:#}\n", settings::schema())
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
        }
    }
}

impl std::error::Error for SettingsError {}
