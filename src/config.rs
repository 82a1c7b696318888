//! The settings, from the environment and a `.env` file.
//!
//! All mistakes are told at once, so that nobody has to start the bot five times to find five of them. Each names its
//! variable, what is wrong and what a right value looks like, and none repeats the value: what stands in the wrong
//! place may be the token.

mod environment;
mod setting;

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;

use crate::config::setting::{
    CATEGORY, CLOSE_DELAY, DATABASE, LOCALE, PANEL_CHANNEL, PANEL_FILE, PROXY, SUPPORT, Setting,
};
use crate::config::setting::{HEALTH, JOURNAL_KEEP, LOG_FORMAT, STAGE_LIMIT, TOKEN, TOKEN_FILE};
use crate::ids::{ChannelId, RoleId};
use crate::language::{Language, Locale};
use crate::logs::Format;
pub use environment::{Environment, environment};

/// What the bot must know to start.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whoever has it is the bot; it is never printed.
    pub token: SecretString,
    /// Where the panel message stands.
    pub panel_channel: ChannelId,
    /// Under which the ticket channels are made.
    pub category: ChannelId,
    /// Whose members see and close every ticket.
    pub support: RoleId,
    /// The file with the id of the panel message.
    pub panel_file: PathBuf,
    /// From the wish to close a ticket to the end of its channel.
    pub close_delay: Duration,
    /// The file with the tickets.
    pub database: PathBuf,
    /// How long the journal remembers.
    pub journal_keep: Duration,
    /// Where we tell how we are, if anywhere.
    pub health: Option<SocketAddr>,
    /// How a line of the log looks.
    pub log_format: Format,
    /// Who is spoken to in which language.
    pub locale: Locale,
    /// What stands in for `https://discord.com`: scheme, host and port, without a slash at the end.
    pub proxy: Option<String>,
    /// How long each stage of a connection to the gateway may take.
    pub gateway_stage_limit: Duration,
}

/// A season: long enough for "what happened to that ticket?", short enough for a journal of some megabytes.
const SEASON: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Long enough for a slow start of Discord's, short enough not to be deaf for long.
const STAGE_LIMIT_DEFAULT: Duration = Duration::from_secs(25);

impl Config {
    /// Understands the settings, or tells everything that is wrong with them.
    pub fn read(environment: &Environment) -> Result<Self, Mistakes> {
        let mut reading = Reading { environment, mistakes: environment.mistakes().to_vec() };
        let token = reading.token();
        let panel_channel = reading.required(&PANEL_CHANNEL);
        let category = reading.required(&CATEGORY);
        let support = reading.required(&SUPPORT);
        let panel_file = reading.optional(&PANEL_FILE);
        let close_delay = reading.optional(&CLOSE_DELAY);
        let database = reading.optional(&DATABASE);
        let journal_keep = reading.optional(&JOURNAL_KEEP);
        let health = reading.optional(&HEALTH);
        let log_format = reading.optional(&LOG_FORMAT);
        let locale = reading.optional(&LOCALE);
        let proxy = reading.optional(&PROXY);
        let gateway_stage_limit = reading.optional(&STAGE_LIMIT);

        let (Some(token), Some(panel_channel), Some(category), Some(support), []) =
            (token, panel_channel, category, support, &*reading.mistakes)
        else {
            return Err(Mistakes(reading.mistakes));
        };
        let panel_file = panel_file.unwrap_or_else(default_panel_file);
        Ok(Self {
            token,
            panel_channel,
            category,
            support,
            close_delay: close_delay.unwrap_or(Duration::from_secs(5)),
            journal_keep: journal_keep.unwrap_or(SEASON),
            health,
            log_format: log_format.unwrap_or_default(),
            database: database.unwrap_or_else(|| default_database(&panel_file)),
            panel_file,
            locale: locale.unwrap_or(Locale::One(Language::Russian)),
            proxy,
            gateway_stage_limit: gateway_stage_limit.unwrap_or(STAGE_LIMIT_DEFAULT),
        })
    }

    /// Where the database is: all that those must know who only read in it.
    pub fn database(environment: &Environment) -> Result<PathBuf, Mistakes> {
        let mut reading = Reading { environment, mistakes: environment.mistakes().to_vec() };
        let panel_file = reading.optional(&PANEL_FILE);
        let database = reading.optional(&DATABASE);
        if !reading.mistakes.is_empty() {
            return Err(Mistakes(reading.mistakes));
        }
        Ok(database.unwrap_or_else(|| default_database(&panel_file.unwrap_or_else(default_panel_file))))
    }
}

fn default_panel_file() -> PathBuf {
    PathBuf::from("json/ticket_message.json")
}

fn default_database(panel_file: &Path) -> PathBuf {
    panel_file.with_file_name("talon.db")
}

/// What is needed to speak to Discord at all.
#[derive(Clone, Debug)]
pub struct Access {
    /// Whoever has it is the bot; it is never printed.
    pub token: SecretString,
    /// What stands in for `https://discord.com`.
    pub proxy: Option<String>,
}

impl Access {
    /// What stands in for `https://discord.com`, whatever is wrong with the other settings.
    pub fn proxy(environment: &Environment) -> Result<Option<String>, Mistakes> {
        let mut reading = Reading { environment, mistakes: Vec::new() };
        let proxy = reading.optional(&PROXY);
        if reading.mistakes.is_empty() { Ok(proxy) } else { Err(Mistakes(reading.mistakes)) }
    }

    /// Understands these two settings, whatever is wrong with the others.
    pub fn read(environment: &Environment) -> Result<Self, Mistakes> {
        let mut reading = Reading { environment, mistakes: environment.mistakes().to_vec() };
        let token = reading.token();
        let proxy = reading.optional(&PROXY);
        match (token, &*reading.mistakes) {
            (Some(token), []) => Ok(Self { token, proxy }),
            _ => Err(Mistakes(reading.mistakes)),
        }
    }
}

/// Understands a token, or says what is wrong with it, without repeating it.
pub fn token(value: &str) -> Result<SecretString, Cow<'static, str>> {
    (TOKEN.understand)(value.trim())
}

/// Everything that is wrong with the settings, a line for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

/// One thing that is wrong, and how it would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The variable, or the line of the `.env` file.
    pub place: String,
    /// What is wrong there. Never the value itself.
    pub text: String,
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)
    }
}

impl Error for Mistakes {}

/// An environment while it is being understood.
struct Reading<'a> {
    environment: &'a Environment,
    mistakes: Vec<Mistake>,
}

impl Reading<'_> {
    fn token(&mut self) -> Option<SecretString> {
        let file = self.optional(&TOKEN_FILE);
        if self.environment.get(TOKEN_FILE.name).is_none() {
            return self.required(&TOKEN);
        }
        if self.environment.get(TOKEN.name).is_some() {
            self.wrong(TOKEN.name, format!("{} is set, too: keep one of the two", TOKEN_FILE.name));
        }
        file
    }

    fn required<T>(&mut self, setting: &Setting<T>) -> Option<T> {
        if self.environment.get(setting.name).is_none() {
            self.wrong(setting.name, format!("is not set: expected {}", setting.expected));
        }
        self.optional(setting)
    }

    fn optional<T>(&mut self, setting: &Setting<T>) -> Option<T> {
        let value = self.environment.get(setting.name)?;
        match (setting.understand)(value) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.wrong(setting.name, format!("{problem}: expected {}", setting.expected));
                None
            }
        }
    }

    fn wrong(&mut self, place: &str, text: String) {
        let place = place.to_owned();
        self.mistakes.push(Mistake { place, text });
    }
}

#[cfg(test)]
mod tests;
