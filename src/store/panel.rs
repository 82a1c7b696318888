//! `json/ticket_message.json`: which message is the panel, in the file that the Python bot kept it in.
//!
//! A file that cannot be understood is the same as none, because the panel can be made again; a reader is told why, for
//! the log. It is replaced whole or not at all, so that a crash leaves the old id or the new one.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::ids::MessageId;
use crate::platform;

const KEY: &str = "message_id";

/// Why a file names no panel message.
#[derive(Debug)]
pub enum NoPanel {
    /// There is no such file: nothing was sent yet.
    NoFile,
    /// The file cannot be read.
    Unreadable(io::Error),
    /// The file is no JSON object, in the words of the parser.
    Broken(String),
    /// There is no message id in it.
    NoId,
}

impl fmt::Display for NoPanel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFile => f.write_str("there is no such file yet"),
            Self::Unreadable(why) => write!(f, "the file cannot be read: {why}"),
            Self::Broken(why) => write!(f, "the file is not a JSON object: {why}"),
            Self::NoId => write!(f, "the file holds no id under \"{KEY}\""),
        }
    }
}

impl std::error::Error for NoPanel {}

/// The id of the panel message: a number or a string of digits, whatever else the file holds.
pub fn read(path: &Path) -> Result<MessageId, NoPanel> {
    let id = match object(path)?.get(KEY) {
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    id.filter(|&id| id != 0).map(MessageId).ok_or(NoPanel::NoId)
}

/// Puts the id of the panel message into the file, beside whatever else it holds; makes the file and its folder.
pub fn write(path: &Path, message: MessageId) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut object = object(path).unwrap_or_default();
    object.insert(KEY.to_owned(), Value::from(message.0));

    let neighbour = neighbour(path);
    let mut file = File::create(&neighbour)?;
    writeln!(file, "{:#}", Value::Object(object))?;
    file.sync_all()?;
    fs::rename(&neighbour, path)?;
    // The new name is in the folder, and it is the folder that must reach the disk.
    platform::sync_folder(folder)
}

fn object(path: &Path) -> Result<Map<String, Value>, NoPanel> {
    let bytes = fs::read(path).map_err(|why| match why.kind() {
        io::ErrorKind::NotFound => NoPanel::NoFile,
        _ => NoPanel::Unreadable(why),
    })?;
    // Windows editors begin a file with a mark.
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    serde_json::from_slice(text).map_err(|why| NoPanel::Broken(why.to_string()))
}

fn neighbour(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_file_may_hold() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ticket_message.json");
        let cases: [(&str, Result<u64, &str>); 12] = [
            (r#"{"message_id": 1234567890123456789}"#, Ok(1_234_567_890_123_456_789)),
            (r#"{"message_id": "1234567890123456789"}"#, Ok(1_234_567_890_123_456_789)),
            (r#"{"channel": 1, "message_id": 5, "later": {}}"#, Ok(5)),
            ("\u{feff}{\"message_id\": 5}", Ok(5)),
            ("", Err("not a JSON object")),
            ("{\"message_id\": 12", Err("not a JSON object")),
            ("[5]", Err("not a JSON object")),
            ("{}", Err("no id")),
            (r#"{"message_id": null}"#, Err("no id")),
            (r#"{"message_id": 0}"#, Err("no id")),
            (r#"{"message_id": -5.5}"#, Err("no id")),
            (r#"{"message_id": "hat"}"#, Err("no id")),
        ];
        for (text, expected) in cases {
            fs::write(&path, text).unwrap();
            match (read(&path), expected) {
                (Ok(id), Ok(expected)) => assert_eq!(id.0, expected, "{text}"),
                (Err(why), Err(expected)) => assert!(why.to_string().contains(expected), "{text}: {why}"),
                (found, _) => panic!("{text}: {found:?}"),
            }
        }
    }

    #[test]
    fn an_id_is_found_again_and_the_rest_of_the_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("json/ticket_message.json");
        assert!(matches!(read(&path), Err(NoPanel::NoFile)));

        write(&path, MessageId(7)).unwrap();
        assert_eq!(read(&path).unwrap(), MessageId(7));

        fs::write(&path, r#"{"message_id": "7", "note": "до завтра"}"#).unwrap();
        write(&path, MessageId(u64::MAX)).unwrap();
        assert_eq!(read(&path).unwrap(), MessageId(u64::MAX));
        assert!(fs::read_to_string(&path).unwrap().contains("до завтра"));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_broken_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ticket_message.json");
        fs::write(&path, "{\"message_id\": 12").unwrap();
        write(&path, MessageId(13)).unwrap();
        assert_eq!(read(&path).unwrap(), MessageId(13));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error_and_not_a_panic() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(write(&file.join("ticket_message.json"), MessageId(1)).is_err());
        assert!(matches!(read(folder.path()), Err(NoPanel::Unreadable(_))));
    }
}
