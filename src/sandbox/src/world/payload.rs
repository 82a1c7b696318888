//! What a message may consist of: the limits on content, embeds and components, checked field by field
//! (Discord documentation, *Message Resource*: "Create Message", "Embed Limits"; *Component Reference*).

use serde_json::{Value, json};

use super::attachments::{self, Named, Upload};
use super::components;
use super::form::Fields;
use super::mentions::Allowed;
use super::rest::Request;
use super::snowflake::Snowflake;

/// Only the person who pressed sees it.
pub const EPHEMERAL: u64 = 1 << 6;
/// The reply is promised, not there yet.
pub const LOADING: u64 = 1 << 7;
pub const SUPPRESS_EMBEDS: u64 = 1 << 2;
pub const SUPPRESS_NOTIFICATIONS: u64 = 1 << 12;
pub const IS_COMPONENTS_V2: u64 = 1 << 15;

const MOST_EMBED_LETTERS: usize = 6000;
/// A message as a request describes it; what is `None` was not said.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) content: Option<String>,
    pub(super) embeds: Option<Vec<Value>>,
    pub(super) components: Option<Vec<Value>>,
    /// What the body says of files, and those that came with it.
    pub(super) named: Option<Vec<Named>>,
    pub(super) files: Vec<Upload>,
    pub(super) allowed: Option<Allowed>,
    pub(super) reply_to: Option<ReplyTo>,
    pub(super) flags: Option<u64>,
    pub(super) nonce: Option<Value>,
    pub(super) enforce_nonce: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct ReplyTo {
    pub(super) message: Snowflake,
    /// Whether a missing message is an error; otherwise it is sent as no reply.
    pub(super) must_exist: bool,
}

impl Draft {
    pub(super) fn read(form: &Fields<'_>) -> Self {
        let flags = form.number("flags", 0..=i64::MAX).map(i64::cast_unsigned);
        let draft = Self {
            content: form.given("content").then(|| form.text("content", 0..=2000).unwrap_or_default()),
            embeds: form.given("embeds").then(|| embeds(form)),
            components: form.given("components").then(|| components::read(form, flags.unwrap_or(0))),
            named: form.given("attachments").then(|| attachments::read(form)),
            files: Vec::new(),
            allowed: form.inner("allowed_mentions").map(|allowed| Allowed::read(&allowed)),
            reply_to: form.inner("message_reference").and_then(|reference| reply_to(&reference)),
            flags,
            nonce: nonce(form),
            enforce_nonce: form.flag("enforce_nonce").unwrap_or(false),
        };
        form.flag("tts");
        draft.check_v2(form);
        draft
    }

    /// Whether a message made of this alone would show nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.content.as_deref().unwrap_or("").is_empty()
            && self.embeds.as_ref().is_none_or(Vec::is_empty)
            && self.components.as_ref().is_none_or(Vec::is_empty)
            && self.files.is_empty()
    }

    /// The draft with the files that came with its request.
    pub(super) fn with_files(self, request: &Request) -> Self {
        Self { files: request.files.clone(), ..self }
    }

    /// Whether an edit leaves the substance of a message alone.
    pub(super) fn changes_only_flags(&self) -> bool {
        let said = self.content.is_some() || self.embeds.is_some() || self.components.is_some() || self.named.is_some();
        !said && self.files.is_empty()
    }

    /// The new components stand alone: "`content`, `embeds`, `poll` and `stickers` cannot be used" beside them.
    fn check_v2(&self, form: &Fields<'_>) {
        if self.flags.unwrap_or(0) & IS_COMPONENTS_V2 == 0 {
            return;
        }
        for (field, used) in [
            ("content", self.content.as_deref().is_some_and(|text| !text.is_empty())),
            ("embeds", self.embeds.as_ref().is_some_and(|list| !list.is_empty())),
        ] {
            if used {
                form.mistake(
                    field,
                    "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                    format!("The '{field}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"),
                );
            }
        }
    }
}

fn nonce(form: &Fields<'_>) -> Option<Value> {
    form.text("nonce", 0..=25)?;
    form.value("nonce").cloned()
}

fn reply_to(form: &Fields<'_>) -> Option<ReplyTo> {
    form.require("message_id");
    let must_exist = form.flag("fail_if_not_exists").unwrap_or(true);
    Some(ReplyTo { message: form.id("message_id")?, must_exist })
}

fn embeds(form: &Fields<'_>) -> Vec<Value> {
    let mut letters = 0;
    let list: Vec<Value> =
        form.objects("embeds", 0..=10).unwrap_or_default().iter().map(|fields| embed(fields, &mut letters)).collect();
    if letters > MOST_EMBED_LETTERS {
        form.mistake("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000");
    }
    list
}

/// The embed as Discord keeps it: its kind named, its texts trimmed, its empty parts gone.
fn embed(form: &Fields<'_>, letters: &mut usize) -> Value {
    let mut result = json!({ "type": "rich" });
    let mut counted = |form: &Fields<'_>, name: &str, most: usize| {
        let text = form.text(name, 0..=most).filter(|text| !text.is_empty());
        *letters += text.as_deref().map_or(0, |text| text.chars().count());
        text
    };
    put(&mut result, "title", counted(form, "title", 256));
    put(&mut result, "description", counted(form, "description", 4096));
    put(&mut result, "url", url(form, "url"));
    put(&mut result, "timestamp", moment(form, "timestamp"));
    put(&mut result, "color", form.number("color", 0..=0xff_ffff));
    if let Some(footer) = form.inner("footer") {
        footer.require("text");
        put(&mut result, "footer", counted(&footer, "text", 2048).map(|text| json!({ "text": text })));
    }
    if let Some(author) = form.inner("author") {
        author.require("name");
        put(&mut result, "author", counted(&author, "name", 256).map(|name| json!({ "name": name })));
    }
    for picture in ["image", "thumbnail"] {
        let address = form.inner(picture).and_then(|picture| url(&picture, "url"));
        put(&mut result, picture, address.map(|url| json!({ "url": url })));
    }
    let fields: Vec<Value> = form
        .objects("fields", 0..=25)
        .unwrap_or_default()
        .iter()
        .map(|field| {
            field.require("name");
            field.require("value");
            let (name, value) =
                (field.text("name", 1..=256).unwrap_or_default(), field.text("value", 1..=1024).unwrap_or_default());
            *letters += name.chars().count() + value.chars().count();
            json!({ "name": name, "value": value, "inline": field.flag("inline").unwrap_or(false) })
        })
        .collect();
    put(&mut result, "fields", (!fields.is_empty()).then_some(fields));
    if result.as_object().is_some_and(|object| object.len() == 1) {
        form.mistake("description", "BASE_TYPE_REQUIRED", "This field is required");
    }
    result
}

/// "ISO8601 timestamp" ("Embed Structure").
fn moment(form: &Fields<'_>, name: &str) -> Option<String> {
    let text = form.text(name, 0..=64).filter(|text| !text.is_empty())?;
    // The offset and the fraction may be left out, and a space may stand for the T.
    let (day, time) = text.split_once(['T', ' ']).unwrap_or((&text, "00:00:00"));
    let time = time.split(['Z', '+', '-']).next().unwrap_or_default();
    if humantime::parse_rfc3339_weak(&format!("{day}T{time}Z")).is_err() {
        form.mistake(name, "DATE_TIME_TYPE_PARSE", format!("Could not parse {text}. Should be ISO8601."));
    }
    Some(text)
}

pub(super) fn put(object: &mut Value, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object[name] = value.into();
    }
}

pub(super) fn url(form: &Fields<'_>, name: &str) -> Option<String> {
    let url = form.text(name, 0..=2048).filter(|url| !url.is_empty())?;
    let known = ["http://", "https://", "attachment://", "discord://"].iter().any(|scheme| url.starts_with(scheme));
    if !url.contains("://") || url.contains(char::is_whitespace) {
        form.mistake(name, "URL_TYPE_INVALID_URL", "Not a well formed URL.");
    } else if !known {
        let message = format!(
            "Scheme \"{}\" is not supported. Scheme must be one of ('http', 'https').",
            url.split(':').next().unwrap_or("")
        );
        form.mistake(name, "URL_TYPE_INVALID_SCHEME", message);
    }
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::form::Form;

    /// The path and code of the first mistake in a message body, or nothing when it is fine.
    fn mistake(body: &Value) -> Option<String> {
        let refusal = Form::read(Some(body), Draft::read).err()?;
        let (mut node, mut path) = (refusal.errors.unwrap_or_default(), Vec::new());
        while node.get("_errors").is_none() {
            let (step, inner) = node.as_object()?.iter().next().map(|(step, inner)| (step.clone(), inner.clone()))?;
            path.push(step);
            node = inner;
        }
        Some(format!("{} {}", path.join("."), node["_errors"][0]["code"].as_str()?))
    }

    fn row_of(parts: &Value) -> Value {
        json!({ "content": "x", "components": [{ "type": 1, "components": parts }] })
    }

    #[test]
    fn bodies_are_held_to_the_limits() {
        let button = json!({ "type": 2, "style": 1, "label": "ok", "custom_id": "a" });
        let option = json!({ "label": "a", "value": "a" });
        let cases = [
            (json!({ "content": "x".repeat(2000) }), None),
            (json!({ "content": "x".repeat(2001) }), Some("content BASE_TYPE_MAX_LENGTH")),
            (json!({ "content": "x", "nonce": "n".repeat(26) }), Some("nonce BASE_TYPE_MAX_LENGTH")),
            (json!({ "embeds": [{ "title": "x".repeat(257) }] }), Some("embeds.0.title BASE_TYPE_MAX_LENGTH")),
            (json!({ "embeds": [{}] }), Some("embeds.0.description BASE_TYPE_REQUIRED")),
            (
                json!({ "embeds": [{ "fields": [{ "name": "a" }] }] }),
                Some("embeds.0.fields.0.value BASE_TYPE_REQUIRED"),
            ),
            (
                json!({ "embeds": [{ "description": "x".repeat(4096) }, { "description": "x".repeat(4096) }] }),
                Some("embeds MAX_EMBED_SIZE_EXCEEDED"),
            ),
            (
                json!({ "embeds": [{ "title": "t", "timestamp": "yesterday" }] }),
                Some("embeds.0.timestamp DATE_TIME_TYPE_PARSE"),
            ),
            (
                json!({ "embeds": [{ "title": "t", "timestamp": "2024-02-30T10:00:00" }] }),
                Some("embeds.0.timestamp DATE_TIME_TYPE_PARSE"),
            ),
            (json!({ "embeds": [{ "title": "t", "timestamp": "2024-02-29T10:00:00.123456+00:00" }] }), None),
            (json!({ "embeds": [{ "title": "t", "url": "not a url" }] }), Some("embeds.0.url URL_TYPE_INVALID_URL")),
            (json!({ "embeds": [{ "title": "t", "url": "ftp://a/b" }] }), Some("embeds.0.url URL_TYPE_INVALID_SCHEME")),
            (json!({ "embeds": [{ "image": { "url": "attachment://a.png" } }] }), None),
            (json!({ "embeds": vec![json!({ "title": "t" }); 11] }), Some("embeds BASE_TYPE_MAX_LENGTH")),
            (
                json!({ "embeds": [{ "fields": vec![json!({ "name": "n", "value": "v" }); 26] }] }),
                Some("embeds.0.fields BASE_TYPE_MAX_LENGTH"),
            ),
            (row_of(&json!(vec![button.clone(); 6])), Some("components.0.components BASE_TYPE_BAD_LENGTH")),
            (
                row_of(&json!([{ "type": 2, "style": 5, "label": "a", "custom_id": "a", "url": "https://a.b" }])),
                Some("components.0.components.0 BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE"),
            ),
            (
                row_of(&json!([{ "type": 2, "style": 1, "custom_id": "a", "emoji": { "name": ":ticket:" } }])),
                Some("components.0.components.0.emoji.name COMPONENT_INVALID_EMOJI"),
            ),
            (
                row_of(&json!([{ "type": 3, "custom_id": "m", "options": [option, option] }])),
                Some("components.0.components.0.options.1.value COMPONENT_OPTION_VALUE_DUPLICATED"),
            ),
            (row_of(&json!([button])), None),
            (
                row_of(&json!([button, button])),
                Some("components.0.components.1.custom_id COMPONENT_CUSTOM_ID_DUPLICATED"),
            ),
            (row_of(&json!([])), Some("components.0.components BASE_TYPE_BAD_LENGTH")),
            (
                row_of(&json!([{ "type": 2, "style": 1, "custom_id": "a" }])),
                Some("components.0.components.0 BUTTON_COMPONENT_REQUIRES_LABEL_OR_EMOJI"),
            ),
            (
                row_of(&json!([{ "type": 2, "style": 1, "label": "a" }])),
                Some("components.0.components.0.custom_id BASE_TYPE_REQUIRED"),
            ),
            (json!({ "content": "x", "components": [button] }), Some("components.0.type BASE_TYPE_CHOICES")),
        ];
        for (body, expected) in cases {
            assert_eq!(mistake(&body).as_deref(), expected, "{body}");
        }
    }
}
