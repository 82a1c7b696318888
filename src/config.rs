//! The settings, from the environment and a `.env` file.
//!
//! All mistakes are told at once, so that nobody has to start the bot five times to find five of them. Each names its
//! variable, what is wrong and what a right value looks like, and none repeats the value: what stands in the wrong
//! place may be the token.

mod environment;
mod setting;
mod typo;

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;

use crate::config::setting::{
    CATEGORY, CLOSE_DELAY, DATABASE, LOCALE, PANEL_CHANNEL, PANEL_FILE, PROXY, REQUIRED, SUPPORT, Setting,
};
use crate::config::setting::{
    GATEWAY_TIMEOUT, HEALTH, JOURNAL_KEEP, LOG_FORMAT, REQUEST_TIMEOUT, SETUP_CHECKS, TOKEN, TOKEN_FILE,
};
use crate::ids::{ChannelId, RoleId};
use crate::language::{Language, Locale};
use crate::logging::LogFormat;
use crate::model::settings::{HomeServer, LanguageChoice};
pub use environment::{ENV_FILE, Environment, environment};

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
    pub log_format: LogFormat,
    /// Who is spoken to in which language.
    pub locale: Locale,
    /// What stands in for `https://discord.com`: scheme, host and port, without a slash at the end.
    pub proxy: Option<String>,
    /// How long one request to Discord may take; its outcome is unknown after that.
    pub request_timeout: Duration,
    /// How long each stage of a connection to the gateway may take.
    pub gateway_timeout: Duration,
    /// Whether the running bot checks that what it needs in its server is there.
    pub setup_checks: SetupChecks,
}

/// Whether the running bot checks, at the start and after each change, what `talon doctor` checks in its server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SetupChecks {
    /// It does, and the log and `/healthz` say what is missing.
    #[default]
    On,
    /// It does not.
    Off,
}

/// The language of the server that the bot was made for.
const USUAL_LOCALE: Locale = Locale::One(Language::Russian);

/// As long as the Python bot waited.
const CLOSE_DELAY_DEFAULT: Duration = Duration::from_secs(5);

/// A season: long enough for "what happened to that ticket?", short enough for a journal of some megabytes.
const SEASON: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// A server that is there answers a request within this time.
const REQUEST_TIMEOUT_DEFAULT: Duration = Duration::from_secs(15);

/// Long enough for a slow start of Discord's, short enough not to be deaf for long.
const GATEWAY_TIMEOUT_DEFAULT: Duration = Duration::from_secs(25);

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
        let request_timeout = reading.optional(&REQUEST_TIMEOUT);
        let gateway_timeout = reading.optional(&GATEWAY_TIMEOUT);
        let setup_checks = reading.optional(&SETUP_CHECKS);

        let (Some(token), Some(panel_channel), Some(category), Some(support), []) =
            (token, panel_channel, category, support, &*reading.mistakes)
        else {
            return Err(reading.give_up());
        };
        let panel_file = panel_file.unwrap_or_else(default_panel_file);
        Ok(Self {
            token,
            panel_channel,
            category,
            support,
            close_delay: close_delay.unwrap_or(CLOSE_DELAY_DEFAULT),
            journal_keep: journal_keep.unwrap_or(SEASON),
            health,
            log_format: log_format.unwrap_or_default(),
            database: database.unwrap_or_else(|| default_database(&panel_file)),
            panel_file,
            locale: locale.unwrap_or(USUAL_LOCALE),
            proxy,
            request_timeout: request_timeout.unwrap_or(REQUEST_TIMEOUT_DEFAULT),
            gateway_timeout: gateway_timeout.unwrap_or(GATEWAY_TIMEOUT_DEFAULT),
            setup_checks: setup_checks.unwrap_or_default(),
        })
    }

    /// In which language a newcomer wants to see the bot: as `LOCALE` says, or else as their environment does.
    pub fn locale(environment: &Environment) -> Result<Locale, Mistakes> {
        let mut reading = Reading { environment, mistakes: Vec::new() };
        let locale = reading.optional(&LOCALE);
        if !reading.mistakes.is_empty() {
            return Err(Mistakes(reading.mistakes));
        }
        let theirs = || Language::of_environment(|name| environment.get(name)).map(Locale::One);
        Ok(locale.or_else(theirs).unwrap_or(USUAL_LOCALE))
    }

    /// What `talon sandbox` takes over from the settings: the language, and where the bot serves `/healthz`.
    pub fn sandbox(environment: &Environment) -> Result<(Locale, Option<SocketAddr>), Mistakes> {
        let mut reading = Reading { environment, mistakes: Vec::new() };
        let health = reading.optional(&HEALTH);
        match (Self::locale(environment), reading.mistakes) {
            (Ok(locale), mistakes) if mistakes.is_empty() => Ok((locale, health)),
            (Ok(_), mistakes) => Err(Mistakes(mistakes)),
            (Err(Mistakes(before)), mistakes) => Err(Mistakes([before, mistakes].concat())),
        }
    }

    /// The address at which the running bot serves `/healthz`, whatever is wrong with the other variables. Port 0 is a
    /// mistake here: the bot takes a free port then, and only its log says which.
    pub fn health_address(environment: &Environment) -> Result<SocketAddr, Mistakes> {
        let mut reading = Reading { environment, mistakes: environment.mistakes().to_vec() };
        let address = reading.required(&HEALTH);
        if address.is_some_and(|address| address.port() == 0) {
            let problem = "has port 0, so the bot listens on a port that only its log names";
            reading.wrong(HEALTH.name, format!("{problem}: expected {}", HEALTH.expected));
        }
        match (address, &*reading.mistakes) {
            (Some(address), []) => Ok(address),
            _ => Err(reading.give_up()),
        }
    }

    /// What the environment says of the home server.
    #[must_use]
    pub const fn home(&self) -> HomeServer {
        HomeServer {
            panel_channel: self.panel_channel,
            category: self.category,
            support_role: self.support,
            close_delay: self.close_delay,
            language: language_choice(self.locale),
        }
    }

    /// What the environment says of the home server, whatever is wrong with the other variables.
    pub fn home_server(environment: &Environment) -> Result<HomeServer, Mistakes> {
        let mut reading = Reading { environment, mistakes: environment.mistakes().to_vec() };
        let panel_channel = reading.required(&PANEL_CHANNEL);
        let category = reading.required(&CATEGORY);
        let support_role = reading.required(&SUPPORT);
        let close_delay = reading.optional(&CLOSE_DELAY);
        let locale = reading.optional(&LOCALE);
        match (panel_channel, category, support_role, &*reading.mistakes) {
            (Some(panel_channel), Some(category), Some(support_role), []) => Ok(HomeServer {
                panel_channel,
                category,
                support_role,
                close_delay: close_delay.unwrap_or(CLOSE_DELAY_DEFAULT),
                language: language_choice(locale.unwrap_or(USUAL_LOCALE)),
            }),
            _ => Err(reading.give_up()),
        }
    }

    /// Where the database is: all that those must know who only read in it.
    pub fn database(environment: &Environment) -> Result<PathBuf, Mistakes> {
        Self::files(environment).map(|(_, database)| database)
    }

    /// Where the panel file and the database are.
    pub fn files(environment: &Environment) -> Result<(PathBuf, PathBuf), Mistakes> {
        let mut reading = Reading { environment, mistakes: environment.mistakes().to_vec() };
        let panel_file = reading.optional(&PANEL_FILE);
        let database = reading.optional(&DATABASE);
        if !reading.mistakes.is_empty() {
            return Err(reading.give_up());
        }
        let panel_file = panel_file.unwrap_or_else(default_panel_file);
        let database = database.unwrap_or_else(|| default_database(&panel_file));
        Ok((panel_file, database))
    }
}

const fn language_choice(locale: Locale) -> LanguageChoice {
    match locale {
        Locale::One(Language::Russian) => LanguageChoice::Ru,
        Locale::One(Language::English) => LanguageChoice::En,
        Locale::Auto => LanguageChoice::Auto,
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
            _ => Err(reading.give_up()),
        }
    }
}

/// Understands a token, or says what is wrong with it, without repeating it.
pub fn token(value: &str) -> Result<SecretString, Cow<'static, str>> {
    (TOKEN.understand)(value.trim())
}

/// Understands a value of `LOCALE`, or says what is wrong with it.
pub fn locale(value: &str) -> Result<Locale, String> {
    (LOCALE.understand)(value.trim()).map_err(|problem| format!("{problem}: expected {}", LOCALE.expected))
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
    /// The variable is required and not set at all.
    pub missing: bool,
}

impl Mistakes {
    /// The easy way out, where there is one: what `talon setup` asks for is missing.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        let missing = |name: &&str| self.0.iter().any(|mistake| mistake.missing && mistake.place == *name);
        match REQUIRED.iter().filter(|name| missing(name)).count() {
            0 => None,
            all if all == REQUIRED.len() => Some(if cfg!(feature = "sandbox") {
                "Nothing is set up yet: run `talon setup`, which asks a few questions, or `talon sandbox` to look at the \
                 bot without an account."
            } else {
                "Nothing is set up yet: run `talon setup`, which asks a few questions."
            }),
            _ => Some("Something is not set up yet: `talon setup` asks for it."),
        }
    }
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
            let text = format!("is not set: expected {}", setting.expected);
            self.mistakes.push(Mistake { place: setting.name.to_owned(), text, missing: true });
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
        self.mistakes.push(Mistake { place, text, missing: false });
    }

    /// All that is wrong, and what may be the cause of it: names that are a slip of the pen.
    fn give_up(mut self) -> Mistakes {
        for typo in self.environment.typos() {
            self.wrong(&typo.name, typo.advice());
        }
        Mistakes(self.mistakes)
    }
}

#[cfg(test)]
mod tests;
