//! Variables and their values: those of the process, and below them those of the `.env` file.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::config::Mistake;
use crate::config::typo::{self, Typo};
use crate::platform;

/// The file that is read in the working folder where no other one is named.
pub const ENV_FILE: &str = ".env";

/// Variables and their values.
#[derive(Clone, Default)]
pub struct Environment {
    values: BTreeMap<String, String>,
    mistakes: Vec<Mistake>,
    /// The file, if other users of this machine may read it.
    exposed: Option<String>,
}

/// The variables of the process, and below them those of a file: of the one that is named, or else of the `.env` in the
/// working folder. A file that is not there is a mistake only where it is `required`.
#[must_use]
pub fn environment(file: Option<&Path>, required: bool) -> Environment {
    let mut environment = Environment::load_file(file.unwrap_or(Path::new(ENV_FILE)), required);
    let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    environment.extend(std::env::vars_os().map(|(name, value)| (lossy(name), lossy(value))));
    environment
}

impl Environment {
    fn load_file(path: &Path, required: bool) -> Self {
        let name = path.display().to_string();
        match fs::read(path) {
            Ok(text) => {
                let mut environment = Self::parse_file(&text, &name);
                let others = fs::metadata(path).is_ok_and(|found| platform::is_open_to_others(&found));
                environment.exposed = (others && environment.get("DISCORD_TOKEN").is_some()).then_some(name);
                environment
            }
            Err(why) if why.kind() == io::ErrorKind::NotFound && !required => Self::default(),
            Err(why) => {
                let mut environment = Self::default();
                environment.wrong(name, describe_unreadable(&why));
                environment
            }
        }
    }

    /// What the text of a `.env` file says. A line that cannot be understood is left out, and is a mistake.
    #[must_use]
    pub fn of_file(text: &[u8]) -> Self {
        Self::parse_file(text, ENV_FILE)
    }

    fn parse_file(text: &[u8], name: &str) -> Self {
        let mut environment = Self::default();
        if text.contains(&0) {
            // Windows' own editors and shells write UTF-16, in which every other byte of an ASCII letter is zero.
            let text = "is not plain text but probably UTF-16: save it as UTF-8 (Notepad: Save as → Encoding; PowerShell: \
                        Set-Content -Encoding utf8)";
            environment.wrong(name.to_owned(), text.to_owned());
            return environment;
        }
        let line = Cell::new(0);
        // Blanks after the last line feed would be taken for a line that cannot be understood.
        let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text).trim_ascii_end();
        for item in dotenvy::from_read_iter(Lines { rest: text, line: &line }) {
            match item {
                Ok(variable) => environment.extend([variable]),
                Err(why) => {
                    // The error holds the text of the line, and so perhaps the token: only its length is used.
                    let more = match &why {
                        dotenvy::Error::LineParse(text, _) => text.trim_end().lines().count().saturating_sub(1),
                        _ => 0,
                    };
                    let place = format!("{name}, line {}", line.get() - more);
                    let text = "cannot be understood: expected NAME=value, in quotes where the value holds spaces";
                    environment.wrong(place, text.to_owned());
                }
            }
        }
        environment
    }

    /// The variables that look like a slip of the pen for one that the bot knows.
    pub(super) fn typos(&self) -> Vec<Typo> {
        self.values.keys().filter_map(|name| typo::find(name)).collect()
    }

    /// What is no mistake and still deserves a look, a sentence for each.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let typos = self.typos().into_iter().map(|typo| format!("{}: {}", typo.name, typo.advice()));
        let exposed = self.exposed.iter().map(|file| {
            format!("{file}: holds the token, and other users of this machine may read it: run `chmod 600 {file}`")
        });
        typos.chain(exposed).collect()
    }

    /// The value of a variable, without white space around it; an empty one is as good as none.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    #[cfg(test)]
    pub(super) fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// What could not be understood.
    pub(super) fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }

    fn wrong(&mut self, place: String, text: String) {
        self.mistakes.push(Mistake { place, text, missing: false });
    }
}

/// Why a file cannot be read, and what to do about it.
fn describe_unreadable(why: &io::Error) -> String {
    match why.kind() {
        io::ErrorKind::NotFound => "there is no such file: correct the path after --env-file".into(),
        io::ErrorKind::IsADirectory => "is a folder, not a file: move it away, or name another with --env-file".into(),
        io::ErrorKind::PermissionDenied => {
            "may not be read by the user that talon runs as: give the file to that user, or run talon as its owner"
                .into()
        }
        _ => format!("cannot be read ({why}): check the file, or name another with --env-file"),
    }
}

impl<N: Into<String>, V: AsRef<str>> Extend<(N, V)> for Environment {
    /// Later values take the place of earlier ones; an empty one does not.
    fn extend<I: IntoIterator<Item = (N, V)>>(&mut self, variables: I) {
        for (name, value) in variables {
            let value = value.as_ref().trim();
            if !value.is_empty() {
                self.values.insert(name.into(), value.to_owned());
            }
        }
    }
}

impl<N: Into<String>, V: AsRef<str>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let mut environment = Self::default();
        environment.extend(variables);
        environment
    }
}

/// A text that is read line by line, because `dotenvy` does not say in which line it found a mistake.
struct Lines<'a> {
    rest: &'a [u8],
    line: &'a Cell<usize>,
}

impl Read for Lines<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let end = self.rest.iter().position(|&byte| byte == b'\n');
        let length = end.map_or(self.rest.len(), |end| end + 1).min(buffer.len());
        let (now, later) = self.rest.split_at(length);
        buffer[..length].copy_from_slice(now);
        self.rest = later;
        // A last line may end without a line feed.
        if now.ends_with(b"\n") || (later.is_empty() && !now.is_empty()) {
            self.line.set(self.line.get() + 1);
        }
        Ok(length)
    }
}
