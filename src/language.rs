//! In which language?
//!
//! What stands in a channel is read by everybody and has one language, the server's. What is told to one person alone may
//! have theirs, and keeps it: it is decided when they ask and travels with the asker, so that no restart changes it.

use serde::{Deserialize, Serialize};

/// A language that the bot speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Of whoever asked a version that spoke nothing else, too.
    #[default]
    Russian,
    /// Of everybody else.
    English,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Russian, Self::English];

    /// The one that somebody understands best whose Discord speaks `locale` (its reference, "Locales").
    #[must_use]
    pub fn understood(locale: &str) -> Self {
        match locale.split(['-', '_']).next() {
            Some("ru" | "uk" | "be" | "kk") => Self::Russian,
            _ => Self::English,
        }
    }

    /// The language of whoever's environment this is, as POSIX has it: the first of these variables that is set decides.
    /// None where none is.
    pub fn of_environment<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Option<Self> {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(get)?;
        // As in `ru_RU.UTF-8@latin`.
        Some(Self::understood(locale.split(['.', '@']).next().unwrap_or_default()))
    }

    /// The locales that Discord knows and that are given a text of this language beside another one.
    #[must_use]
    pub const fn locales(self) -> &'static [&'static str] {
        match self {
            Self::Russian => &["ru", "uk"],
            Self::English => &["en-US", "en-GB"],
        }
    }
}

/// What the operator decides about languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locale {
    /// One for all.
    One(Language),
    /// Each member their own in what only they can see; Russian in the channels.
    Auto,
}

impl Locale {
    /// The value of `LOCALE` that means it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::One(Language::Russian) => "ru",
            Self::One(Language::English) => "en",
            Self::Auto => "auto",
        }
    }

    /// What everybody reads.
    #[must_use]
    pub const fn of_server(self) -> Language {
        match self {
            Self::One(language) => language,
            Self::Auto => Language::Russian,
        }
    }

    /// What only this member reads, whose Discord speaks `locale`.
    #[must_use]
    pub fn of_member(self, locale: &str) -> Language {
        match self {
            Self::One(language) => language,
            Self::Auto => Language::understood(locale),
        }
    }

    /// What a member reads in the list of commands whose Discord speaks none of the locales that have a text of their own.
    #[must_use]
    pub const fn of_anybody(self) -> Language {
        match self {
            Self::One(language) => language,
            Self::Auto => Language::English,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_spoken_to_in_what_they_understand() {
        let cases = [
            ("ru", Language::Russian),
            ("uk", Language::Russian),
            ("be", Language::Russian),
            ("en-US", Language::English),
            ("en-GB", Language::English),
            ("de", Language::English),
            ("run", Language::English),
            ("", Language::English),
        ];
        for (locale, language) in cases {
            assert_eq!(Locale::Auto.of_member(locale), language, "{locale}");
            for one in Language::ALL {
                assert_eq!(Locale::One(one).of_member(locale), one, "{locale}");
            }
        }
    }

    #[test]
    fn the_environment_tells_a_language_as_posix_has_it() {
        let of = |variables: &'static [(&str, &str)]| {
            Language::of_environment(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| *value))
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("LANG", "ru_RU.UTF-8")]), Some(Language::Russian));
        assert_eq!(of(&[("LANG", "uk.UTF-8")]), Some(Language::Russian));
        assert_eq!(of(&[("LANG", "C.UTF-8")]), Some(Language::English));
        assert_eq!(of(&[("LANG", "ru_RU"), ("LC_MESSAGES", "en_GB.UTF-8")]), Some(Language::English));
        assert_eq!(of(&[("LC_ALL", "be_BY@latin"), ("LC_MESSAGES", "en"), ("LANG", "en")]), Some(Language::Russian));
    }

    #[test]
    fn a_text_of_its_own_goes_to_whom_it_is_understood_by() {
        for language in Language::ALL {
            for locale in language.locales() {
                assert_eq!(Language::understood(locale), language, "{locale}");
            }
        }
    }

    #[test]
    fn what_was_saved_before_there_were_two_is_russian() {
        assert_eq!(Language::default(), Language::Russian);
        assert_eq!(serde_json::to_string(&Language::English).unwrap(), "\"english\"");
    }
}
