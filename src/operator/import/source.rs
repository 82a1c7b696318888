//! What an importer found in the files of another bot, before it is compared with the database.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::ids::{ChannelId, GuildId, TicketNumber, UserId};
use crate::lifecycle::SourceBot;

/// The largest number that discord-tickets can give: its databases count in 32 bits.
const MAX_NUMBER: u64 = i32::MAX as u64;
/// More of a foreign name is not kept.
const MAX_NAME: usize = 100;

/// The tickets of another bot, as its files tell them.
pub struct BotExport {
    /// Which bot.
    pub bot: SourceBot,
    /// The server that all tickets belong to which do not say otherwise, as far as it is known.
    pub server: Option<GuildId>,
    /// Its numbers are unique in a server. Otherwise tickets of different types may share one, and it is kept where it is
    /// free.
    pub unique_numbers: bool,
    /// The last number that it counted beside those of the entries.
    pub last: TicketNumber,
    /// One for each ticket, in the order of the files.
    pub entries: Vec<Entry>,
}

/// A ticket in a file of another bot.
pub struct Entry {
    /// Where it stands.
    pub place: Place,
    /// The server, where the entry names one.
    pub server: Option<GuildId>,
    /// The channel, as far as it is readable.
    pub channel: Option<ChannelId>,
    /// The number, where it has one.
    pub number: Option<TicketNumber>,
    /// What is known of it.
    pub content: Content,
}

/// What an entry says of its ticket.
pub enum Content {
    /// It is open.
    Open(OpenTicket),
    /// It is closed; nothing more is asked of it.
    Closed,
    /// It cannot be understood: all reasons.
    Broken(Vec<String>),
}

/// An open ticket of another bot.
#[derive(Clone)]
pub struct OpenTicket {
    /// The member whose ticket it is.
    pub member: UserId,
    /// The channel.
    pub channel: ChannelId,
    /// What the other bot calls its type.
    pub ticket_type: Option<String>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: String,
    /// Where in it: "line 3".
    pub part: String,
}

/// Why a file cannot be used, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// The file, and the place in it where one is known.
    pub place: String,
    /// What is wrong, and what to do.
    pub problem: String,
}

impl FileError {
    /// A file that cannot be read.
    pub fn unreadable(place: impl fmt::Display, why: &io::Error) -> Self {
        let problem = match why.kind() {
            io::ErrorKind::NotFound => "there is no such file: correct the path".to_owned(),
            io::ErrorKind::PermissionDenied => "may not be read: give it to the user that talon runs as".to_owned(),
            _ => format!("cannot be read: {why}"),
        };
        Self { place: place.to_string(), problem }
    }

    /// A file that is there and is not what it should be.
    pub fn new(place: impl fmt::Display, problem: impl Into<String>) -> Self {
        Self { place: place.to_string(), problem: problem.into() }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.part)
    }
}

/// A JSON file; none if it is not there.
pub fn read_json<T: DeserializeOwned>(file: &Path) -> Result<Option<T>, FileError> {
    let bytes = match fs::read(file) {
        Ok(bytes) => bytes,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(FileError::unreadable(file.display(), &why)),
    };
    let parsed = serde_json::from_slice(&bytes);
    parsed.map(Some).map_err(|why| FileError::new(file.display(), format!("is not what it should be: {why}")))
}

/// Reads the fields of an entry, and keeps every mistake.
#[derive(Default)]
pub struct FieldReader {
    /// The mistakes so far.
    pub mistakes: Vec<String>,
}

impl FieldReader {
    /// An id of Discord's, which both bots write as a string of digits.
    pub fn id<T: From<DiscordId>>(&mut self, name: &str, value: Option<&Value>) -> Option<T> {
        let id = value.and_then(parse_id);
        if id.is_none() {
            self.expect(name, "a Discord id as a string of digits", value);
        }
        id.map(|id| T::from(DiscordId(id)))
    }

    /// A ticket's number.
    pub fn number(&mut self, name: &str, value: Option<&Value>) -> Option<TicketNumber> {
        let number = value.and_then(Value::as_u64).filter(|number| (1..=MAX_NUMBER).contains(number));
        if number.is_none() {
            self.expect(name, "a whole number above 0", value);
        }
        number.map(TicketNumber)
    }

    /// Yes or no.
    pub fn flag(&mut self, name: &str, value: Option<&Value>) -> Option<bool> {
        let flag = value.and_then(Value::as_bool);
        if flag.is_none() {
            self.expect(name, "true or false", value);
        }
        flag
    }

    fn expect(&mut self, name: &str, what: &str, found: Option<&Value>) {
        let found = match found {
            None => "nothing".to_owned(),
            Some(value) => shorten(&value.to_string()),
        };
        self.mistakes.push(format!("{name}: expected {what}, found {found}"));
    }
}

/// A number that is some id of Discord's.
pub struct DiscordId(u64);

impl From<DiscordId> for GuildId {
    fn from(id: DiscordId) -> Self {
        Self(id.0)
    }
}

impl From<DiscordId> for UserId {
    fn from(id: DiscordId) -> Self {
        Self(id.0)
    }
}

impl From<DiscordId> for ChannelId {
    fn from(id: DiscordId) -> Self {
        Self(id.0)
    }
}

/// The id that a JSON value holds, if it is one that the database can keep.
pub fn parse_id(value: &Value) -> Option<u64> {
    let digits = value.as_str().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok().filter(|id| (1..=i64::MAX as u64).contains(id))
}

/// The beginning of a foreign text.
pub fn shorten(text: &str) -> String {
    match text.char_indices().nth(MAX_NAME) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
