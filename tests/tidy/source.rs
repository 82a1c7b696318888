//! A source file as far as its paths tell what it knows.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// A file and its code, without comments and texts.
pub struct File {
    path: PathBuf,
    text: String,
    code: String,
}

impl File {
    /// The file at this path, if there is one.
    pub fn read(path: &Path) -> Option<Self> {
        let text = fs::read_to_string(path).ok()?;
        let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let code = blank_out(code);
        Some(Self { path: path.to_owned(), code, text })
    }

    /// Where it is in the repository.
    fn place(&self) -> &Path {
        self.path.strip_prefix(root()).unwrap_or(&self.path)
    }

    pub fn length(&self) -> usize {
        self.text.lines().count()
    }

    /// It belongs to a room's own tests.
    pub fn is_test(&self) -> bool {
        self.place().iter().any(|part| part == "tests.rs" || part == "tests")
    }

    /// The first line with these words.
    pub fn line_with(&self, words: &str) -> Option<usize> {
        self.code.find(words).map(|place| self.line_at(place))
    }

    /// The first line with a path into this library.
    pub fn line_with_path(&self, library: &str) -> Option<usize> {
        self.roots(library).next().map(|(place, _)| self.line_at(place))
    }

    /// What stands directly under the root of the own crate, named by `crate::` or by so many `super::` that they lead
    /// there; one by one where a group is named.
    pub fn named_in_crate(&self) -> Vec<(usize, String)> {
        let depth = self.place().iter().skip(1).count() - usize::from(self.path.ends_with("mod.rs"));
        let supers = "super::".repeat(depth);
        let mut named = self.named_in("crate");
        named.extend(self.named_in(supers.trim_end_matches("::")));
        named
    }

    /// What stands directly under this crate or module.
    pub fn named_in(&self, root: &str) -> Vec<(usize, String)> {
        let mut named = Vec::new();
        for (place, after) in self.roots(root) {
            let line = self.line_at(place);
            named.extend(first_names(after).into_iter().map(|name| (line, name)));
        }
        named
    }

    /// Every place where a path begins with this, and what comes after it.
    fn roots(&self, root: &str) -> impl Iterator<Item = (usize, &str)> {
        let path = format!("{root}::");
        let places: Vec<usize> = self.code.match_indices(&path).map(|(place, _)| place).collect();
        let begins = |place: &usize| !self.code[..*place].ends_with(|before: char| is_name(before) || before == ':');
        let after = move |place: usize| (place, &self.code[place + path.len()..]);
        places.into_iter().filter(begins).map(after)
    }

    fn line_at(&self, place: usize) -> usize {
        self.code[..place].matches('\n').count() + 1
    }
}

impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place().display().fmt(f)
    }
}

/// All Rust files in a folder, however deep.
pub fn files_below(folder: &Path) -> Vec<File> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let is_source = |path: &Path| path.extension().is_some_and(|kind| kind == "rs");
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files_below(&path)
            } else {
                File::read(&path).filter(|_| is_source(&path)).into_iter().collect()
            }
        })
        .collect()
}

/// Where `Cargo.toml` is.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The code without its comments and texts, line by line as it was: a log filter names libraries, too.
fn blank_out(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if char == '\'' {
            length_of_char(rest)
        } else {
            length_of_text(rest, code.ends_with(is_name))
        };
        if skipped == 0 {
            code.push(char);
            rest = &rest[char.len_utf8()..];
        } else {
            code.extend(rest[..skipped].chars().filter(|char| *char == '\n'));
            rest = &rest[skipped..];
        }
    }
    code
}

/// How long the text in quotes is that begins here; 0 where none does.
fn length_of_text(rest: &str, in_name: bool) -> usize {
    let hashes = rest.strip_prefix('r').filter(|_| !in_name).map(|raw| raw.len() - raw.trim_start_matches('#').len());
    if let Some(hashes) = hashes
        && rest[1 + hashes..].starts_with('"')
    {
        let end = format!("\"{}", "#".repeat(hashes));
        return rest[2 + hashes..].find(&end).map_or(rest.len(), |place| 2 + hashes + place + end.len());
    }
    let Some(text) = rest.strip_prefix('"') else { return 0 };
    let mut escaped = false;
    let end = text.find(|char| {
        let ends = char == '"' && !escaped;
        escaped = char == '\\' && !escaped;
        ends
    });
    end.map_or(rest.len(), |place| place + 2)
}

/// How long the character in quotes is that begins here; 0 where it is a lifetime.
fn length_of_char(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next(), chars.next()) {
        (Some((_, '\\')), Some(_), _) => rest[3..].find('\'').map_or(0, |place| place + 4),
        (Some(_), Some((place, '\'')), _) => place + 1,
        _ => 0,
    }
}

/// The name that a path goes on with, or the first names of all paths of a group.
fn first_names(path: &str) -> Vec<String> {
    let Some(group) = path.trim_start().strip_prefix('{') else {
        let name: String = path.chars().take_while(|char| is_name(*char)).collect();
        return Vec::from_iter((!name.is_empty()).then_some(name));
    };
    let mut names = Vec::new();
    let (mut depth, mut begins) = (0, true);
    for (place, char) in group.char_indices() {
        match char {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            _ if begins && is_name(char) => {
                names.extend(first_names(&group[place..]));
                begins = false;
            }
            _ => {}
        }
    }
    names
}

fn is_name(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

#[test]
fn every_way_to_name_a_room_is_read() {
    let code = [
        "use crate::{",
        "    store::{Store, Reader},",
        "    texts,",
        "};",
        "let x = crate::ids::UserId('\"'); // crate::health",
        "let y = \"crate::logging, and",
        "    crate::logging\"; super::super::run();",
        "let z = r#\"crate::\"logs\"\"#; crate::language::of::<'static>();",
        "use super::clock;",
    ];
    let code = blank_out(&code.join("\n"));
    let file = File { path: root().join("src/actors/panel.rs"), text: String::new(), code };
    let named = |line, name: &str| (line, name.to_owned());
    let expected = [named(1, "store"), named(1, "texts"), named(5, "ids"), named(8, "language"), named(7, "run")];
    assert_eq!(file.named_in_crate(), expected);
}
