//! Variables and their values: those of the process, and below them those of the `.env` file.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};

use crate::config::Mistake;

/// Variables and their values.
#[derive(Clone, Default)]
pub struct Environment {
    values: BTreeMap<String, String>,
    mistakes: Vec<Mistake>,
}

/// The variables of the process, and below them those of the `.env` file in the working folder.
#[must_use]
pub fn environment() -> Environment {
    let mut environment = match fs::read(".env") {
        Ok(text) => Environment::of_file(&text),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Environment::default(),
        Err(why) => {
            let mut environment = Environment::default();
            environment.wrong(".env".to_owned(), format!("the file cannot be read: {why}"));
            environment
        }
    };
    let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    environment.extend(std::env::vars_os().map(|(name, value)| (lossy(name), lossy(value))));
    environment
}

impl Environment {
    /// What the text of a `.env` file says. A line that cannot be understood is left out, and is a mistake.
    #[must_use]
    pub fn of_file(text: &[u8]) -> Self {
        let mut environment = Self::default();
        let line = Cell::new(0);
        let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
        for item in dotenvy::from_read_iter(Lines { rest: text, line: &line }) {
            match item {
                Ok(variable) => environment.extend([variable]),
                Err(why) => {
                    // The error holds the text of the line, and so perhaps the token: only its length is used.
                    let more = match &why {
                        dotenvy::Error::LineParse(text, _) => text.trim_end().lines().count().saturating_sub(1),
                        _ => 0,
                    };
                    let place = format!(".env, line {}", line.get() - more);
                    let text = "cannot be understood: expected NAME=value, in quotes where the value holds spaces";
                    environment.wrong(place, text.to_owned());
                }
            }
        }
        environment
    }

    /// The value of a variable, without white space around it; an empty one is as good as none.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// What could not be understood.
    pub(super) fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }

    fn wrong(&mut self, place: String, text: String) {
        self.mistakes.push(Mistake { place, text });
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
