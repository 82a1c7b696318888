//! The export of discord-tickets, version 4: a ZIP archive that its dashboard makes for one server.
//!
//! `tickets.jsonl` has one ticket of the table `tickets` a line, without its server; `id` is the id of its channel.
//! `settings.json` has the server's settings with its `categories`, which are types of tickets. The comment of the archive
//! is JSON and names the server (`originalGuildId`). An unpacked `tickets.jsonl` is read, too.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::ids::{GuildId, TicketNumber};
use crate::lifecycle::SourceBot;
use crate::operator::import::source::{
    BotExport, Content, Entry, FieldReader, FileError, OpenTicket, Place, parse_id, shorten,
};
use crate::operator::import::zip::{Archive, SIGNATURE};

const TICKETS: &str = "tickets.jsonl";
const SETTINGS: &str = "settings.json";

/// One line: what is needed of it. It holds all messages of the ticket, too.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Line {
    id: Option<Value>,
    guild_id: Option<Value>,
    number: Option<Value>,
    open: Option<Value>,
    created_by_id: Option<Value>,
    category_id: Option<Value>,
}

#[derive(Deserialize)]
struct Settings {
    categories: Vec<Category>,
}

#[derive(Deserialize)]
struct Category {
    id: i64,
    name: String,
}

/// Names of ticket types by their ids.
type Categories = BTreeMap<i64, String>;

/// Reads an export, or tells every reason why it cannot be read.
pub fn read(path: &Path) -> Result<BotExport, Vec<FileError>> {
    let unreadable = |why| vec![FileError::unreadable(path.display(), &why)];
    let mut file = File::open(path).map_err(unreadable)?;
    let mut start = Vec::new();
    (&file).take(SIGNATURE.len() as u64).read_to_end(&mut start).map_err(unreadable)?;
    file.rewind().map_err(unreadable)?;
    if start != SIGNATURE {
        let entries = read_lines(&path.display().to_string(), file, &Categories::new()).map_err(|why| vec![why])?;
        return Ok(source(None, entries));
    }
    let mut archive = Archive::open(file).map_err(unreadable)?;
    let server = read_server(&archive.comment);
    let (settings, tickets) = (place(path, SETTINGS), place(path, TICKETS));
    let mut mistakes = Vec::new();
    let categories = read_categories(&settings, &mut archive).unwrap_or_else(|why| {
        mistakes.push(why);
        Categories::new()
    });
    let entries = match archive.read(TICKETS) {
        Ok(Some(content)) => read_lines(&tickets, content, &categories),
        Ok(None) => Err(missing(&tickets)),
        Err(why) => Err(FileError::unreadable(&tickets, &why)),
    };
    match entries {
        Ok(entries) if mistakes.is_empty() => Ok(source(server, entries)),
        Ok(_) => Err(mistakes),
        Err(why) => {
            mistakes.push(why);
            Err(mistakes)
        }
    }
}

fn source(server: Option<GuildId>, entries: Vec<Entry>) -> BotExport {
    let bot = SourceBot::DiscordTickets;
    BotExport { bot, server, unique_numbers: true, last: TicketNumber::default(), entries }
}

fn place(archive: &Path, name: &str) -> String {
    format!("{}: {name}", archive.display())
}

fn missing(place: &str) -> FileError {
    FileError::new(place, "is missing: make the export anew in the dashboard of discord-tickets")
}

fn read_server(comment: &[u8]) -> Option<GuildId> {
    let comment: Value = serde_json::from_slice(comment).ok()?;
    comment.get("originalGuildId").and_then(parse_id).map(GuildId)
}

fn read_categories(place: &str, archive: &mut Archive) -> Result<Categories, FileError> {
    let content = archive.read(SETTINGS).map_err(|why| FileError::unreadable(place, &why))?;
    let content = content.ok_or_else(|| missing(place))?;
    let settings: Settings = serde_json::from_reader(BufReader::new(content))
        .map_err(|why| FileError::new(place, format!("is not what it should be: {why}")))?;
    Ok(settings.categories.into_iter().map(|category| (category.id, shorten(&category.name))).collect())
}

fn read_lines(file: &str, content: impl Read, categories: &Categories) -> Result<Vec<Entry>, FileError> {
    let mut entries = Vec::new();
    for (line, number) in BufReader::new(content).split(b'\n').zip(1..) {
        let place = Place { file: file.to_owned(), part: format!("line {number}") };
        let line = line.map_err(|why| FileError::unreadable(&place, &why))?;
        if !line.trim_ascii().is_empty() {
            entries.push(read_line(place, &line, categories));
        }
    }
    Ok(entries)
}

fn read_line(place: Place, line: &[u8], categories: &Categories) -> Entry {
    let line: Line = match serde_json::from_slice(line) {
        Ok(line) => line,
        Err(why) => {
            let content = Content::Broken(vec![format!("is not a ticket as JSON: {why}")]);
            return Entry { place, server: None, channel: None, number: None, content };
        }
    };
    let mut fields = FieldReader::default();
    let server = line.guild_id.as_ref().and_then(|id| fields.id("guildId", Some(id)));
    let open = fields.flag("open", line.open.as_ref());
    let channel = fields.id("id", line.id.as_ref());
    let member = fields.id("createdById", line.created_by_id.as_ref());
    let number = fields.number("number", line.number.as_ref());
    let category = line.category_id.as_ref().and_then(Value::as_i64);
    let ticket_type = category.map(|id| categories.get(&id).cloned().unwrap_or_else(|| id.to_string()));
    let content = match (open, channel, member) {
        (Some(false), ..) => Content::Closed,
        (_, Some(channel), Some(member)) if fields.mistakes.is_empty() => {
            Content::Open(OpenTicket { member, channel, ticket_type })
        }
        _ => Content::Broken(fields.mistakes),
    };
    Entry { place, server, channel, number, content }
}
