//! The `.env` file: some of its lines anew, all others as they were, and never half of it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use crate::platform;

const TOKEN: &str = "DISCORD_TOKEN";
/// Stands for a token; two of them would contradict each other.
const TOKEN_FILE: &str = "DISCORD_TOKEN_FILE";

/// The file as it will be.
pub struct Draft {
    path: PathBuf,
    before: Zeroizing<String>,
    settings: Vec<(&'static str, Zeroizing<String>)>,
    /// Not to be in it any more.
    gone: Vec<&'static str>,
}

impl Draft {
    /// The file as it is, if there is one.
    pub fn open(path: &Path) -> Result<Self, String> {
        // A link stays a link: what it points to is replaced.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let before = match fs::read(&path) {
            Ok(bytes) if bytes.contains(&0) => {
                Err("is no text, or in UTF-16: save it as UTF-8 or move it away, and start again".to_owned())
            }
            Ok(bytes) => String::from_utf8(bytes).map_err(|_| "is no text: move it away, and start again".to_owned()),
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            Err(why) if why.kind() == io::ErrorKind::IsADirectory => {
                Err("is a folder, not a file: move it away, and start again".to_owned())
            }
            Err(why) => Err(format!("cannot be read: {why}")),
        };
        let before = before.map_err(|why| format!("{} {why}", path.display()))?;
        Ok(Self { path, before: Zeroizing::new(before), settings: Vec::new(), gone: Vec::new() })
    }

    /// Where it will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives a setting a value that needs no quotes.
    pub fn set(&mut self, name: &'static str, value: &str) {
        self.settings.push((name, Zeroizing::new(value.to_owned())));
    }

    /// Gives the token.
    pub fn set_token(&mut self, token: &SecretString) {
        let token = token.expose_secret();
        // A sign that means something in the file means nothing in single quotes, which no token has.
        let plain = token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        let value = if plain { token.to_owned() } else { format!("'{token}'") };
        self.settings.push((TOKEN, Zeroizing::new(value)));
        self.gone.push(TOKEN_FILE);
    }

    /// What becomes different, a line for each, without any secret and with names for the values that have one. Nothing,
    /// if nothing does.
    pub fn changes(&self, name_of: impl Fn(&str) -> Option<String>) -> Vec<String> {
        let there = |name: &str| self.lines().filter_map(|line| assigned(line, name)).next_back();
        let shown = |name: &str, value: &str| match name {
            TOKEN => "(not shown)".to_owned(),
            _ => name_of(value).unwrap_or_else(|| value.to_owned()),
        };
        let changed = self.settings.iter().filter_map(|(name, value)| match there(name) {
            Some(old) if old == bare(value) => None,
            Some(old) => Some(format!("{name}: {}  (was: {})", shown(name, value), shown(name, old))),
            None => Some(format!("{name}: {}", shown(name, value))),
        });
        let gone = self.gone.iter().filter(|name| there(name).is_some()).map(|name| format!("{name} goes"));
        changed.chain(gone).collect()
    }

    /// Takes the file away from the eyes of other users, where it can be: it holds the token.
    pub fn make_private(&self) -> io::Result<()> {
        let found = fs::metadata(&self.path)?;
        if platform::is_shared(&found) { platform::make_path_private(&self.path) } else { Ok(()) }
    }

    /// Puts it in place of the file. Only the owner may read it.
    pub fn write(&self) -> io::Result<()> {
        let mut neighbour = self.path.clone().into_os_string();
        neighbour.push(".new");
        let written = self.write_to(Path::new(&neighbour));
        if written.is_err() {
            // What is left of it is of no use; that it cannot be removed either changes nothing.
            let _ = fs::remove_file(&neighbour);
        }
        written
    }

    fn write_to(&self, neighbour: &Path) -> io::Result<()> {
        match fs::remove_file(neighbour) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
            _ => {}
        }
        let mut file = platform::private_options().create_new(true).open(neighbour)?;
        // Whatever the umask takes away.
        platform::make_private(&file)?;
        file.write_all(self.text().as_bytes())?;
        file.sync_all()?;
        fs::rename(neighbour, &self.path)?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        platform::sync_folder(folder)
    }

    fn lines(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.before.split_inclusive('\n')
    }

    /// All lines as they were, but for the settings: each stands where it stood last, which is where it counted, and
    /// new ones at the end.
    fn text(&self) -> Zeroizing<String> {
        let mut waiting: Vec<_> = self.settings.iter().collect();
        let mut kept: Vec<Zeroizing<String>> = Vec::new();
        for line in self.lines().rev() {
            if let Some((name, value)) = take(&mut waiting, line) {
                kept.push(Zeroizing::new(format!("{name}={}\n", value.as_str())));
            } else if !self.is_about(line) {
                kept.push(Zeroizing::new(line.to_owned()));
            }
        }
        let mut text = Zeroizing::new(String::new());
        kept.iter().rev().for_each(|line| text.push_str(line));
        if !waiting.is_empty() && !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        for (name, value) in waiting {
            text.push_str(&Zeroizing::new(format!("{name}={}\n", value.as_str())));
        }
        text
    }

    fn is_about(&self, line: &str) -> bool {
        let names = self.settings.iter().map(|(name, _)| name).chain(&self.gone);
        names.into_iter().any(|name| assigned(line, name).is_some())
    }
}

type Setting = (&'static str, Zeroizing<String>);

/// The setting that a line is about, which is not waiting any more then.
fn take<'a>(waiting: &mut Vec<&'a Setting>, line: &str) -> Option<&'a Setting> {
    let place = waiting.iter().position(|(name, _)| assigned(line, name).is_some())?;
    Some(waiting.remove(place))
}

/// The value that a line gives to this name, as it is written there.
fn assigned<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let line = line.trim_start_matches('\u{feff}').trim();
    let exported = line.strip_prefix("export").filter(|rest| rest.starts_with(char::is_whitespace));
    let line = exported.map_or(line, str::trim_start);
    let value = line.strip_prefix(name)?.trim_start().strip_prefix('=')?;
    Some(bare(value))
}

fn bare(value: &str) -> &str {
    value.trim().trim_matches(['"', '\''])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with this text in which the token becomes `new` and the category 22.
    fn check(before: &str, after: &str, changes: &[&str]) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        if !before.is_empty() {
            fs::write(&path, before).unwrap();
        }
        let mut draft = Draft::open(&path).unwrap();
        draft.set_token(&"new".into());
        draft.set("TICKET_CATEGORY_ID", "22");
        assert_eq!(draft.changes(|value| (value == "22").then(|| "tickets".to_owned())), changes, "{before:?}");
        draft.write().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), after, "{before:?}");
        assert!(!platform::is_shared(&fs::metadata(&path).unwrap()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn what_is_not_meant_stays() {
        let both = ["DISCORD_TOKEN: (not shown)", "TICKET_CATEGORY_ID: tickets"];
        check("", "DISCORD_TOKEN=new\nTICKET_CATEGORY_ID=22\n", &both);
        let mine = "# mine\n\nexport CLOSE_DELAY=\"5s\" # long\n#DISCORD_TOKEN=old\nMY_DISCORD_TOKEN=x";
        check(mine, &format!("{mine}\nDISCORD_TOKEN=new\nTICKET_CATEGORY_ID=22\n"), &both);
    }

    #[test]
    fn a_setting_is_replaced_where_it_counted() {
        check(
            "A=1\nexport\tTICKET_CATEGORY_ID=11\nexport DISCORD_TOKEN = 'old'\r\nTICKET_CATEGORY_ID=12\nB=2\n",
            "A=1\nDISCORD_TOKEN=new\nTICKET_CATEGORY_ID=22\nB=2\n",
            &["DISCORD_TOKEN: (not shown)  (was: (not shown))", "TICKET_CATEGORY_ID: tickets  (was: 12)"],
        );
        check(
            "DISCORD_TOKEN_FILE=/run/token\nTICKET_CATEGORY_ID=\"22\"\n",
            "TICKET_CATEGORY_ID=22\nDISCORD_TOKEN=new\n",
            &["DISCORD_TOKEN: (not shown)", "DISCORD_TOKEN_FILE goes"],
        );
    }

    #[test]
    fn a_file_that_says_it_already_needs_no_change() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        fs::write(&path, "TICKET_CATEGORY_ID=22\n").unwrap();
        let mut draft = Draft::open(&path).unwrap();
        draft.set("TICKET_CATEGORY_ID", "22");
        assert!(draft.changes(|_| None).is_empty());
    }

    #[test]
    fn a_token_is_read_back_whatever_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        for token in ["a.b-c_d", "a#b", "a$HOME", "a\\nb"] {
            let mut draft = Draft::open(&path).unwrap();
            draft.set_token(&token.into());
            draft.write().unwrap();
            let environment = crate::config::Environment::of_file(&fs::read(&path).unwrap());
            assert_eq!(environment.get(TOKEN), Some(token));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join(".env"));
        fs::write(&real, "A=1\n").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let mut draft = Draft::open(&link).unwrap();
        draft.set("TICKET_CATEGORY_ID", "22");
        draft.write().unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "A=1\nTICKET_CATEGORY_ID=22\n");
    }

    #[test]
    fn what_is_no_text_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        fs::write(&path, b"A=\xFF").unwrap();
        assert!(Draft::open(&path).is_err_and(|why| why.contains("is no text")));
    }
}
