//! The settings that the running bot obeys: the stored document of the home server, or else what the environment says.
//!
//! `talon settings` writes beside the running bot, so the database is looked at every second. What follows from a
//! document is put together here, once for each change; whoever acts reads it at the moment of the deed.

use std::convert::Infallible;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use crate::discord::Place;
use crate::ids::GuildId;
use crate::language::{Language, Locale};
use crate::lifecycle::Rules;
use crate::model::settings::{LanguageChoice, Mention, Settings};
use crate::store::{Author, Revision, Store, StoredSettings};

/// How often the database is asked whether another process changed the settings.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// What holds for the home server now.
pub struct CurrentSettings {
    environment: Obeyed,
    state: RwLock<State>,
}

struct State {
    home: Option<GuildId>,
    stored: Vec<(GuildId, Revision)>,
    obeyed: Obeyed,
}

/// What a document makes of the bot.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Obeyed {
    document: Settings,
    rules: Rules,
    place: Place,
}

impl Obeyed {
    /// Reads what can be obeyed from a document; `environment` fills in for what it leaves open.
    fn new(document: Settings, environment: &Self) -> Self {
        let Self { rules: usual, place: known, .. } = environment;
        let first = document.ticket_types.first();
        let closing = first.map_or(&document.closing, |first| document.closing_of(&first.key));
        let rules = Rules {
            close_delay: closing.delay.map_or(usual.close_delay, |delay| delay.0),
            owner_may_close: closing.owner_may_close,
            administrators_are_staff: document.administrators_are_staff,
        };
        let staff = first.and_then(|first| first.staff_roles.as_ref()).unwrap_or(&document.staff_roles);
        let place = Place {
            category: first.and_then(|first| first.category).unwrap_or(known.category),
            staff: staff.clone().into(),
            mention_staff: first.is_none_or(|first| first.mention == Mention::Staff),
            locale: document.language.map_or(known.locale, locale_of),
            ..known.clone()
        };
        Self { document, rules, place }
    }
}

const fn locale_of(language: LanguageChoice) -> Locale {
    match language {
        LanguageChoice::Ru => Locale::One(Language::Russian),
        LanguageChoice::En => Locale::One(Language::English),
        LanguageChoice::Auto => Locale::Auto,
    }
}

impl CurrentSettings {
    /// What holds as long as nothing is stored: the document that the environment gives, with what it means.
    #[must_use]
    pub fn new(document: Settings, rules: Rules, place: Place) -> Self {
        let environment = Obeyed { document, rules, place };
        let state = State { home: None, stored: Vec::new(), obeyed: environment.clone() };
        Self { environment, state: RwLock::new(state) }
    }

    /// What the settings decide about tickets.
    #[must_use]
    pub fn rules(&self) -> Rules {
        self.state.read().unwrap_or_else(PoisonError::into_inner).obeyed.rules
    }

    /// Who the bot is, and the ids that it works with.
    #[must_use]
    pub fn place(&self) -> Place {
        self.state.read().unwrap_or_else(PoisonError::into_inner).obeyed.place.clone()
    }

    /// The bot's own server, once that is known.
    #[must_use]
    pub fn home(&self) -> Option<GuildId> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).home
    }

    /// Which server is the bot's own. Says whether that puts other settings in force.
    pub fn set_home(&self, home: GuildId) -> bool {
        self.update(|state| state.home = Some(home))
    }

    /// What is stored now. Says whether anything is different for the home server.
    pub fn set_stored(&self, stored: Vec<(GuildId, Revision)>) -> bool {
        self.update(|state| state.stored = stored)
    }

    fn update(&self, change: impl FnOnce(&mut State)) -> bool {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let before = state.revision().map(|(_, revision)| revision.number);
        change(&mut state);
        let after = state.revision().map(|(_, revision)| revision.number);
        if before == after {
            return false;
        }
        state.obey(&self.environment);
        true
    }
}

impl State {
    /// The revision that holds. Before the home server is known it is the only one that has settings.
    fn revision(&self) -> Option<(GuildId, &Revision)> {
        let found = match (self.home, &*self.stored) {
            (Some(home), stored) => stored.iter().find(|(guild, _)| *guild == home),
            (None, [only]) => Some(only),
            (None, _) => None,
        };
        found.map(|(guild, revision)| (*guild, revision))
    }

    fn obey(&mut self, environment: &Obeyed) {
        let obeyed = match self.revision() {
            None => environment.clone(),
            Some((guild, revision)) => match &revision.settings {
                Ok(None) => environment.clone(),
                Ok(Some(document)) => Obeyed::new(document.clone(), environment),
                Err(why) => {
                    tracing::error!(
                        %guild,
                        revision = revision.number,
                        %why,
                        "the stored settings cannot be read and those before them stay in force: import them again, or \
                         run `talon settings undo`"
                    );
                    return;
                }
            },
        };
        let changed = self.obeyed.document.changed_paths(&obeyed.document).join(", ");
        if let Some((guild, revision)) = self.revision() {
            let by = match revision.author {
                Author::Operator => "the operator".to_owned(),
                Author::Member(member) => format!("member {member}"),
            };
            let source = if matches!(revision.settings, Ok(None)) { "the environment" } else { "the stored document" };
            let number = revision.number;
            tracing::info!(%guild, revision = number, by, changed, source, "these settings are in force now");
        }
        self.obeyed = obeyed;
    }
}

/// Follows the database for ever; calls `changed` after each change of what holds.
pub async fn follow(settings: &CurrentSettings, store: &Store, mut changed: impl FnMut()) -> Infallible {
    let mut seen = None;
    let mut failing = false;
    loop {
        match store.changed_settings(seen).await {
            Ok(None) => failing = false,
            Ok(Some(StoredSettings { version, revisions })) => {
                failing = false;
                seen = Some(version);
                if settings.set_stored(revisions) {
                    changed();
                }
            }
            Err(why) => {
                if !std::mem::replace(&mut failing, true) {
                    tracing::warn!(%why, "the stored settings cannot be read; those in force stay, trying again every second");
                }
            }
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    const HOME: GuildId = GuildId(1);
    const USUAL: Rules =
        Rules { close_delay: Duration::from_secs(5), owner_may_close: true, administrators_are_staff: false };

    fn document(delay: &str) -> Settings {
        let text = format!(
            r#"{{ "version": 1, "staff_roles": ["3"], "closing": {{ "delay": "{delay}" }},
                  "ticket_types": [{{ "key": "ticket", "label": "x" }}] }}"#
        );
        Settings::read(&text).expect("a document")
    }

    fn revision(number: u64, settings: Result<Option<Settings>, String>) -> Revision {
        Revision { number, settings, author: Author::Operator, at: SystemTime::UNIX_EPOCH, restores: None }
    }

    #[test]
    fn the_home_server_alone_decides_and_a_damaged_document_changes_nothing() {
        let settings = CurrentSettings::new(document("5s"), USUAL, Place::EXAMPLE);
        let delay = || settings.rules().close_delay.as_secs();
        let stored = |number, document| vec![(HOME, revision(number, document))];

        assert!(settings.set_stored(stored(1, Ok(Some(document("1m"))))));
        assert_eq!(delay(), 60, "the only one there is, before the home server is known");
        assert!(!settings.set_home(HOME));
        let other = (GuildId(2), revision(9, Ok(Some(document("1h")))));
        assert!(!settings.set_stored([stored(1, Ok(Some(document("1m")))), vec![other]].concat()));
        assert_eq!(delay(), 60);

        settings.set_stored(stored(2, Err("no JSON".to_owned())));
        assert_eq!(delay(), 60);
        assert!(settings.set_stored(stored(3, Ok(None))));
        assert_eq!(settings.rules(), USUAL, "reset");
        assert_eq!(settings.place(), Place::EXAMPLE);
    }

    #[test]
    fn the_only_document_does_not_count_once_another_server_is_home() {
        let settings = CurrentSettings::new(document("5s"), USUAL, Place::EXAMPLE);
        settings.set_stored(vec![(GuildId(2), revision(9, Ok(Some(document("1h")))))]);
        assert!(settings.set_home(HOME));
        assert_eq!(settings.rules(), USUAL);
    }
}
