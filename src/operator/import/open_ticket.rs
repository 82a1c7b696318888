//! The database of Open Ticket, version 4: JSON files in the folder `database`.
//!
//! Each file is a list of `{category, key, value}`. In `tickets.json` a ticket has the category `opendiscord:ticket`; its
//! `id` is the id of its channel, and its fields are a list of `{id, value}`. `options.json` describes the types of the
//! tickets, which it calls options. Tickets have no number of their own: where an option counts its tickets, the count is
//! in the name of the channel, and `global.json` has the last one. The bot serves the one server of its
//! `config/general.json`, which stands beside the folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::ids::{GuildId, TicketNumber};
use crate::lifecycle::SourceBot;
use crate::operator::import::source::{
    BotExport, Content, Entry, FieldReader, FileError, OpenTicket, Place, parse_id, read_json, shorten,
};

const TICKETS: &str = "tickets.json";

/// One line of a file.
#[derive(Deserialize)]
struct Record {
    category: String,
    key: String,
    value: Value,
}

/// What is known of an option.
struct TicketOption {
    name: String,
    counts: bool,
}

/// Reads the folder, or tells every reason why it cannot be read.
pub fn read(folder: &Path) -> Result<BotExport, Vec<FileError>> {
    let database = find_database(folder)?;
    let mut mistakes = Vec::new();
    let mut records = |name: &str| -> Vec<Record> {
        let file = database.join(name);
        read_json(&file)
            .unwrap_or_else(|why| {
                mistakes.push(why);
                None
            })
            .unwrap_or_default()
    };
    let tickets = records(TICKETS);
    let options = records("options.json");
    let options = read_options(&options);
    let counted = read_counters(&records("global.json"));
    let server = read_server(&database).unwrap_or_else(|why| {
        mistakes.push(why);
        None
    });
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let file = database.join(TICKETS).display().to_string();
    let is_ticket = |record: &Record| record.category == "opendiscord:ticket";
    let entries: Vec<Entry> = tickets
        .iter()
        .zip(1..)
        .filter(|(record, _)| is_ticket(record))
        .map(|(record, number)| {
            let part = format!("entry {number}");
            read_ticket(Place { file: file.clone(), part }, &record.value, &options)
        })
        .collect();
    let last = counted.into_iter().max().unwrap_or_default();
    Ok(BotExport { bot: SourceBot::OpenTicket, server, unique_numbers: false, last, entries })
}

/// The folder with the tickets: the one that is named, or `database` in it.
fn find_database(folder: &Path) -> Result<PathBuf, Vec<FileError>> {
    let candidates = [folder.to_owned(), folder.join("database")];
    let found = candidates.into_iter().find(|folder| folder.join(TICKETS).is_file());
    found.ok_or_else(|| {
        let problem = "holds no tickets.json: name the folder `database` of Open Ticket";
        vec![FileError::new(folder.display(), problem)]
    })
}

fn read_server(database: &Path) -> Result<Option<GuildId>, FileError> {
    for file in [database.join("../config/general.json"), database.join("config/general.json")] {
        if let Some(settings) = read_json::<Value>(&file)? {
            return Ok(settings.get("serverId").and_then(parse_id).map(GuildId));
        }
    }
    Ok(None)
}

fn read_options(records: &[Record]) -> BTreeMap<&str, TicketOption> {
    let options = records.iter().filter(|record| record.category == "opendiscord:used-option");
    let read = |record: &Record| TicketOption {
        name: field(&record.value, "opendiscord:name").and_then(Value::as_str).unwrap_or(&record.key).to_owned(),
        counts: field(&record.value, "opendiscord:channel-suffix")
            .and_then(Value::as_str)
            .is_some_and(|suffix| suffix.starts_with("counter-")),
    };
    options.map(|record| (&*record.key, read(record))).collect()
}

/// The last numbers that options have given.
fn read_counters(records: &[Record]) -> Vec<TicketNumber> {
    let counters = records.iter().filter(|record| record.category == "opendiscord:option-suffix-counter");
    counters.filter_map(|record| FieldReader::default().number("", Some(&record.value))).collect()
}

fn read_ticket(place: Place, ticket: &Value, options: &BTreeMap<&str, TicketOption>) -> Entry {
    let mut fields = FieldReader::default();
    let channel = fields.id("id", ticket.get("id"));
    let closed = fields.flag("opendiscord:closed", field(ticket, "opendiscord:closed"));
    let member = fields.id("opendiscord:opened-by", field(ticket, "opendiscord:opened-by"));
    let option = ticket.get("option").and_then(Value::as_str);
    let known = option.and_then(|option| options.get(option));
    let number = known.filter(|option| option.counts).and_then(|_| read_suffix(ticket));
    let content = match (closed, channel, member) {
        (Some(true), ..) => Content::Closed,
        (_, Some(channel), Some(member)) if fields.mistakes.is_empty() => {
            let ticket_type = known.map(|option| &*option.name).or(option).map(shorten);
            Content::Open(OpenTicket { member, channel, ticket_type })
        }
        _ => Content::Broken(fields.mistakes),
    };
    Entry { place, server: None, channel, number, content }
}

/// The number at the end of the channel's name.
fn read_suffix(ticket: &Value) -> Option<TicketNumber> {
    let digits = field(ticket, "opendiscord:channel-suffix")?.as_str()?;
    FieldReader::default().number("", Some(&digits.parse::<u64>().ok()?.into()))
}

/// A field in the list of a ticket or an option.
fn field<'a>(value: &'a Value, id: &str) -> Option<&'a Value> {
    let fields = value.get("data")?.as_array()?;
    fields.iter().find(|field| field.get("id").and_then(Value::as_str) == Some(id))?.get("value")
}
