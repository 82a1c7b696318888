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

use std::fmt;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use crate::config::{self, Config, Environment, Mistakes};
use crate::ids::{ChannelId, RoleId};
use crate::operator::doctor::{self, Report};
use crate::operator::setup::dotenv::Draft;
use crate::operator::setup::person::Person;
use crate::operator::setup::steps::Walk;

/// Where the settings are written, in the folder in which the bot is started.
const FILE: &str = ".env";

/// What was chosen.
struct Chosen {
    /// None: the one that is configured already.
    token: Option<SecretString>,
    panel: ChannelId,
    category: ChannelId,
    support: RoleId,
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
    /// What was made in Discord.
    made: Vec<String>,
    written: bool,
}

impl Setup {
    /// A setup for whoever is at the other end of the standard input.
    #[must_use]
    pub fn new() -> Self {
        Self { person: Person::new(), made: Vec::new(), written: false }
    }

    /// Asks everything, writes it down, and has the doctor look at it.
    ///
    /// May be dropped at any point.
    pub async fn run(&mut self, environment: &Environment) -> Result<Report, Stop> {
        let draft = Draft::open(Path::new(FILE)).map_err(Stop::Failed)?;
        let chosen = Walk { person: &mut self.person, made: &mut self.made }.go(environment).await?;
        self.write(draft, &chosen).await?;
        let config = Config::read(&config::environment()).map_err(Stop::Settings)?;
        self.warn_of_shadows(&chosen, &config);
        self.person.say("\nThe doctor looks at it:\n");
        Ok(doctor::run(&config, &doctor::Options::default()).await)
    }

    async fn write(&mut self, mut draft: Draft, chosen: &Chosen) -> Result<(), Stop> {
        if let Some(token) = &chosen.token {
            draft.set_token(token);
        }
        draft.set("TICKET_BUTTON_CHANNEL_ID", chosen.panel.0);
        draft.set("TICKET_CATEGORY_ID", chosen.category.0);
        draft.set("SUPPORT_ROLE_ID", chosen.support.0);
        let changes = draft.changes();
        if changes.is_empty() {
            self.person.say(&format!("\n{FILE} says all that already."));
            return Ok(());
        }
        self.person.say(&format!("\nThis goes into {FILE}, and nothing else in it is changed:\n"));
        for change in changes {
            self.person.say(&format!("  {change}"));
        }
        if !self.person.agrees("\nWrite it?").await? {
            return Err(Stop::Stopped);
        }
        draft.write().map_err(|why| Stop::Failed(format!("{FILE} cannot be written: {why}")))?;
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
        ];
        for (name, _) in settings.iter().filter(|(_, same)| !same) {
            self.person
                .say(&format!("{name} is also set in the environment, which counts before {FILE}: unset it there."));
        }
    }

    /// What is left behind by a setup that did not come to its end.
    #[must_use]
    pub fn left(&self) -> String {
        let file = if self.written { "is written" } else { "is as it was" };
        match &self.made[..] {
            [] => format!("{FILE} {file}."),
            made => format!("{FILE} {file}. What was made in Discord is still there: {}.", made.join(", ")),
        }
    }
}

impl Default for Setup {
    fn default() -> Self {
        Self::new()
    }
}
