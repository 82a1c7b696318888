//! `talon setup`: from a token to a bot that can be started, for people who have nothing yet.
//!
//! It asks, and writes once, at the end: a `.env` that was not there before is there whole or not at all, and one that
//! was keeps every line that is not about these settings. Whoever stops before that has changed nothing on this
//! machine; what was made in Discord by then was agreed to one by one, and is named.

mod dotenv;
mod menu;
mod person;
mod steps;
mod wishes;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use crate::config::{Config, Environment, Mistakes};
use crate::ids::{ChannelId, RoleId};
use crate::language::Locale;
use crate::operator::doctor::{self, Report};
use crate::operator::facts::folder_is_writable;
use crate::operator::setup::dotenv::Draft;
use crate::operator::setup::person::Person;
use crate::operator::setup::steps::Walk;

/// What was chosen.
struct Chosen {
    /// None: the one that is configured already.
    token: Option<SecretString>,
    panel: ChannelId,
    category: ChannelId,
    support: RoleId,
    locale: Locale,
    /// What the ids that could be chosen are called.
    names: BTreeMap<u64, String>,
}

/// Why it ended before its end.
#[derive(Debug)]
pub enum Stop {
    /// The person did not want to go on, or is not there any more.
    Stopped,
    /// It makes no sense to go on.
    Failed(String),
    /// The settings are written, and others stand in their way.
    Settings(Mistakes),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("Stopped."),
            Self::Failed(why) => f.write_str(why),
            Self::Settings(mistakes) => mistakes.fmt(f),
        }
    }
}

/// A setup on its way.
pub struct Setup {
    person: Person,
    /// Where the settings are written.
    file: PathBuf,
    /// What was made in Discord.
    made: Vec<String>,
    written: bool,
}

impl Setup {
    /// A setup for whoever is at the other end of the standard input, which writes into this file.
    #[must_use]
    pub fn new(file: &Path) -> Self {
        Self { person: Person::new(), file: file.to_owned(), made: Vec::new(), written: false }
    }

    /// Asks everything, writes it down, and has the doctor look at it. `read` reads the settings anew.
    ///
    /// May be dropped at any point.
    pub async fn run(&mut self, environment: &Environment, read: impl Fn() -> Environment) -> Result<Report, Stop> {
        let draft = Draft::open(&self.file).map_err(Stop::Failed)?;
        check_files(&draft, environment)?;
        let names = BTreeMap::new();
        let walk = Walk { person: &mut self.person, file: &self.file, made: &mut self.made, names };
        let chosen = walk.go(environment).await?;
        self.write(draft, &chosen).await?;
        let config = Config::read(&read()).map_err(Stop::Settings)?;
        self.warn_of_shadows(&chosen, &config);
        self.person.say("\nThe doctor looks at it:\n");
        Ok(doctor::run(&config, &doctor::Options::default()).await)
    }

    async fn write(&mut self, mut draft: Draft, chosen: &Chosen) -> Result<(), Stop> {
        let file = self.file.display().to_string();
        if let Some(token) = &chosen.token {
            draft.set_token(token);
        }
        draft.set("TICKET_BUTTON_CHANNEL_ID", &chosen.panel.to_string());
        draft.set("TICKET_CATEGORY_ID", &chosen.category.to_string());
        draft.set("SUPPORT_ROLE_ID", &chosen.support.to_string());
        draft.set("LOCALE", chosen.locale.code());
        let name_of = |value: &str| value.parse().ok().and_then(|id: u64| chosen.names.get(&id).cloned());
        let changes = draft.changes(name_of);
        if changes.is_empty() {
            self.person.say(&format!("\n{file} says all that already."));
            return draft.make_private().map_err(|why| Stop::Failed(format!("{file} cannot be made private: {why}")));
        }
        self.person.say(&format!("\nThis goes into {file}, with ids for names, and nothing else in it is changed:\n"));
        for change in changes {
            self.person.say(&format!("  {change}"));
        }
        if !self.person.agrees("\nWrite it?").await? {
            return Err(Stop::Stopped);
        }
        draft.write().map_err(|why| Stop::Failed(format!("{file} cannot be written: {why}")))?;
        self.written = true;
        Ok(())
    }

    /// The environment stands above the file: what was just written may mean nothing.
    fn warn_of_shadows(&mut self, chosen: &Chosen, config: &Config) {
        let same = |token: &SecretString| token.expose_secret() == config.token.expose_secret();
        let settings = [
            ("DISCORD_TOKEN", chosen.token.as_ref().is_none_or(same)),
            ("TICKET_BUTTON_CHANNEL_ID", chosen.panel == config.panel_channel),
            ("TICKET_CATEGORY_ID", chosen.category == config.category),
            ("SUPPORT_ROLE_ID", chosen.support == config.support),
            ("LOCALE", chosen.locale == config.locale),
        ];
        let file = self.file.display();
        for (name, _) in settings.iter().filter(|(_, same)| !same) {
            let text = format!("{name} is also set in the environment, which counts before {file}: unset it there.");
            self.person.say(&text);
        }
    }

    /// What is left behind by a setup that did not come to its end.
    #[must_use]
    pub fn left(&self) -> String {
        let (path, file) = (self.file.display(), if self.written { "is written" } else { "is as it was" });
        match &self.made[..] {
            [] => format!("{path} {file}."),
            made => format!("{path} {file}. What was made in Discord is still there: {}.", made.join(", ")),
        }
    }
}

/// Looks at everything that will have to be written, before anybody is asked anything.
fn check_files(draft: &Draft, environment: &Environment) -> Result<(), Stop> {
    let (panel, database) = Config::files(environment).map_err(Stop::Settings)?;
    for path in [draft.path(), &panel, &database] {
        folder_is_writable(path).map_err(|why| {
            Stop::Failed(format!(
                "{} cannot be written ({why}): run `talon setup` in a folder of your own, as the user that will run the bot",
                path.display()
            ))
        })?;
    }
    Ok(())
}
