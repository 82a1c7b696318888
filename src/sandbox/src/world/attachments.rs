//! Files that come with messages (Discord documentation, *API Reference*: "Uploading Files"; *Message Resource*:
//! "Attachment Structure"). They are kept for a while, so that who follows their address finds them.

use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::World;
use super::form::Fields;
use super::messages::Message;
use super::payload::put;
use super::permissions::Permissions;
use super::refusal::Refusal;
use super::snowflake::Snowflake;

/// What is escaped in a file name that is a step of an address: all but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A file as a request brings it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// `files[0]` and so on.
    pub field: String,
    pub filename: String,
    pub kind: Option<String>,
    pub bytes: Arc<[u8]>,
}

/// A file that is kept with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    pub id: Snowflake,
    pub filename: String,
    pub description: Option<String>,
    pub kind: Option<String>,
    pub bytes: Arc<[u8]>,
}

/// What a body says of one file: a new one by the number of its field, a known one by its id.
#[derive(Clone, Debug)]
pub(super) struct Named {
    id: Snowflake,
    filename: Option<String>,
    description: Option<String>,
}

/// The most files in a message, and the largest of them: "the file upload size limit applies to each file in a request"
/// and "the default limit is 10 MiB".
const MOST: usize = 10;
pub const LARGEST: usize = 10 * 1024 * 1024;

pub(super) fn read(form: &Fields<'_>) -> Vec<Named> {
    let named = |file: Fields<'_>| {
        file.require("id");
        let (filename, description) = (file.text("filename", 1..=1024), file.text("description", 0..=1024));
        Some(Named { id: file.id("id")?, filename, description })
    };
    form.objects("attachments", 0..=MOST).unwrap_or_default().into_iter().filter_map(named).collect()
}

/// "Requires the `ATTACH_FILES` permission", and no file may be too large.
pub(super) fn check_uploads(rights: Permissions, files: &[Upload]) -> Result<(), Refusal> {
    if !files.is_empty() && !rights.has(Permissions::ATTACH_FILES) {
        return Err(Refusal::missing_permissions());
    }
    if files.iter().any(|file| file.bytes.len() > LARGEST) {
        return Err(Refusal::too_large());
    }
    if files.len() > MOST { Err(Refusal::too_many_attachments()) } else { Ok(()) }
}

impl World {
    /// What a message has after a request: what it keeps of the known ones, and the new ones behind them. Without a word
    /// about them all are kept: "the `attachments` array must include all attachments that should be present after edit".
    pub(super) fn attached(
        &mut self,
        known: &[Attachment],
        named: Option<&[Named]>,
        files: Vec<Upload>,
    ) -> Vec<Attachment> {
        let stays = |file: &&Attachment| named.is_none_or(|named| named.iter().any(|named| named.id == file.id));
        let mut attached: Vec<Attachment> = known.iter().filter(stays).cloned().collect();
        for (index, file) in files.into_iter().enumerate() {
            let number = number(&file.field).unwrap_or(index as u64);
            let named = named.into_iter().flatten().find(|named| named.id == Snowflake(number));
            attached.push(Attachment {
                id: self.next_id(),
                filename: named.and_then(|named| named.filename.clone()).unwrap_or(file.filename),
                description: named.and_then(|named| named.description.clone()),
                kind: file.kind,
                bytes: file.bytes,
            });
        }
        attached
    }

    pub(super) fn attachment_json(&self, message: &Message, file: &Attachment) -> Value {
        let name = utf8_percent_encode(&file.filename, RESERVED);
        let url = format!("{}/attachments/{}/{}/{name}", self.origin, message.channel, file.id);
        let mut json = json!({
            "id": file.id, "filename": file.filename, "size": file.bytes.len(), "url": url, "proxy_url": url,
        });
        put(&mut json, "content_type", file.kind.clone());
        put(&mut json, "description", file.description.clone());
        if message.audience.is_some() {
            json["ephemeral"] = true.into();
        }
        json
    }

    /// The file at an address.
    #[must_use]
    pub fn attachment(&self, channel: Snowflake, id: Snowflake) -> Option<&Attachment> {
        let messages = self.channels.get(&channel)?.messages.values();
        messages.flat_map(|message| &message.attachments).find(|file| file.id == id)
    }
}

/// The number in `files[0]`.
fn number(field: &str) -> Option<u64> {
    field.strip_prefix("files[")?.strip_suffix(']')?.parse().ok()
}
