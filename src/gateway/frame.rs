//! Decodes gateway frames as far as the relay needs.
//!
//! Of most events only the name and the sequence number are read; the payload is left to serenity. READY is parsed and
//! completed: serenity rejects one with a missing field, and the relay needs to know how to resume the session.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::ZlibDecoder;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::ids::{ApplicationId, UserId};

/// Limit on a message from the socket, and on its text after decompression. The largest servers (500 channels and 250
/// roles with everything Discord allows, and 1,000 active threads) stay below 8 MiB, and serenity needs about ten times
/// the length of a text to parse it.
pub(super) const MAX_FRAME_BYTES: usize = 16 * 1024 * 1024;

/// Why a frame is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameError {
    /// Its text exceeds [`MAX_FRAME_BYTES`].
    TooLarge,
    /// It is neither text nor compressed text, or its JSON has no opcode.
    Malformed,
}

/// The fields common to all gateway frames; the payload `d` is not parsed.
#[derive(Debug, Deserialize)]
pub(super) struct FrameHeader<'a> {
    pub(super) op: u8,
    #[serde(default)]
    pub(super) s: Option<u64>,
    #[serde(borrow, default)]
    pub(super) t: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) d: Option<&'a RawValue>,
}

impl<'a> FrameHeader<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, FrameError> {
        serde_json::from_str(text).map_err(|_| FrameError::Malformed)
    }

    /// Opcode 1: the sequence number that a heartbeat acknowledges.
    pub(super) fn heartbeat_sequence(&self) -> Option<u64> {
        serde_json::from_str(self.d?.get()).ok()
    }

    /// Opcode 9: whether the session may be resumed.
    pub(super) fn is_resumable(&self) -> bool {
        self.d.is_some_and(|data| data.get() == "true")
    }
}

/// Replaces the sequence number in a RESUME frame by `to`; `None` if it is not `from`.
pub(super) fn replace_resume_sequence(text: &str, from: Option<u64>, to: Option<u64>) -> Option<String> {
    let mut frame: Value = serde_json::from_str(text).ok()?;
    let sequence = frame.get_mut("d")?.get_mut("seq").filter(|sequence| sequence.as_u64() == from)?;
    *sequence = json!(to);
    Some(frame.to_string())
}

/// The text of a message. Discord compresses large payloads one by one (`compress` in IDENTIFY).
pub(super) fn decode_text(message: Message) -> Result<String, FrameError> {
    match message {
        Message::Text(text) => Ok(text),
        Message::Binary(bytes) => inflate_text(&bytes),
        Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => Err(FrameError::Malformed),
    }
}

fn inflate_text(bytes: &[u8]) -> Result<String, FrameError> {
    let mut text = String::with_capacity(bytes.len().saturating_mul(4).min(MAX_FRAME_BYTES));
    let limit = u64::try_from(MAX_FRAME_BYTES).unwrap_or(u64::MAX);
    let mut decoder = ZlibDecoder::new(bytes).take(limit + 1);
    decoder.read_to_string(&mut text).map_err(|_| FrameError::Malformed)?;
    if text.len() > MAX_FRAME_BYTES { Err(FrameError::TooLarge) } else { Ok(text) }
}

/// The bot's ids, for a READY without them.
#[derive(Clone, Copy, Debug)]
pub(super) struct BotIds {
    pub(super) bot: UserId,
    pub(super) application: ApplicationId,
}

/// A READY frame, completed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CompletedReady {
    /// The frame with every field that serenity requires.
    pub(super) text: String,
    /// Whether READY has a session id, without which the session cannot be resumed.
    pub(super) resumable: bool,
    /// `resume_gateway_url`, if it is there and not empty.
    pub(super) resume_url: Option<String>,
}

/// Parses READY and fills in fields that serenity requires and that Discord, or a server in its place, left out.
pub(super) fn complete_ready(text: &str, ids: BotIds) -> Result<CompletedReady, FrameError> {
    let mut frame: Value = serde_json::from_str(text).map_err(|_| FrameError::Malformed)?;
    let data = frame.get_mut("d").ok_or(FrameError::Malformed)?;
    if !data.is_object() {
        *data = json!({});
    }
    let resumable = data["session_id"].as_str().is_some_and(|id| !id.is_empty());
    let resume_url = data["resume_gateway_url"].as_str().filter(|url| !url.is_empty()).map(str::to_owned);
    let user = json!({ "id": ids.bot.0.to_string(), "username": "talon", "bot": true });
    let application = json!({ "id": ids.application.0.to_string(), "flags": 0 });
    fill_field(data, "v", &json!(10));
    fill_fields(data, "user", user);
    fill_fields(data, "application", application);
    fill_field(data, "session_id", &json!("none"));
    fill_field(data, "resume_gateway_url", &json!(""));
    fill_field(data, "guilds", &json!([]));
    if let Some(guilds) = data["guilds"].as_array_mut() {
        guilds.retain(|guild| guild.get("id").is_some());
        for guild in guilds {
            fill_field(guild, "unavailable", &json!(true));
        }
    }
    Ok(CompletedReady { text: frame.to_string(), resumable, resume_url })
}

fn fill_field(object: &mut Value, name: &str, default: &Value) {
    if object.get(name).is_none_or(Value::is_null) {
        object[name] = default.clone();
    }
}

/// Like [`fill_field`] for each field of a nested object.
fn fill_fields(object: &mut Value, name: &str, defaults: Value) {
    if !object.get(name).is_some_and(Value::is_object) {
        object[name] = defaults;
    } else if let Value::Object(fields) = defaults {
        for (field, value) in fields {
            fill_field(&mut object[name], &field, &value);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use serenity::all::{Event, GatewayEvent};

    use super::*;

    const IDS: BotIds = BotIds { bot: UserId(7), application: ApplicationId(8) };

    fn compress_message(text: &[u8]) -> Message {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        Message::Binary(encoder.finish().unwrap())
    }

    #[test]
    fn the_header_is_parsed_whatever_the_order_of_its_fields() {
        let frame = FrameHeader::parse(r#"{"t":"READY","s":4,"op":0,"d":{"v":10}}"#).unwrap();
        assert_eq!((frame.op, frame.s, frame.t.as_deref()), (0, Some(4), Some("READY")));
        let frame = FrameHeader::parse(r#"{"d":true,"op":9}"#).unwrap();
        assert!(frame.op == 9 && frame.is_resumable());
        assert!(!FrameHeader::parse(r#"{"op":9,"d":false}"#).unwrap().is_resumable());
        assert!(!FrameHeader::parse(r#"{"op":9}"#).unwrap().is_resumable());
        assert!(FrameHeader::parse("[]").is_err() && FrameHeader::parse("<html>").is_err());
    }

    #[test]
    fn a_resume_is_moved_to_the_last_event_unless_serenity_missed_some() {
        let resume = r#"{"op":6,"d":{"token":"t","session_id":"s","seq":5}}"#;
        let sequence = |from, to| {
            let text = replace_resume_sequence(resume, from, to)?;
            serde_json::from_str::<Value>(&text).unwrap()["d"]["seq"].as_u64()
        };
        assert_eq!(sequence(Some(5), Some(9)), Some(9));
        assert_eq!(sequence(Some(6), Some(9)), None);
        assert_eq!(FrameHeader::parse(r#"{"op":1,"d":5}"#).unwrap().heartbeat_sequence(), Some(5));
        assert_eq!(FrameHeader::parse(r#"{"op":1,"d":null}"#).unwrap().heartbeat_sequence(), None);
    }

    #[test]
    fn a_compressed_frame_is_inflated_up_to_the_limit() {
        assert_eq!(decode_text(compress_message(br#"{"op":11}"#)).unwrap(), r#"{"op":11}"#);
        assert_eq!(decode_text(compress_message(&vec![b' '; MAX_FRAME_BYTES + 1])), Err(FrameError::TooLarge));
        assert_eq!(decode_text(Message::Binary(vec![1, 2, 3])), Err(FrameError::Malformed));
    }

    #[test]
    fn a_ready_with_missing_fields_is_completed_for_serenity() {
        let complete = json!({
            "v": 10, "user": { "id": "7", "username": "talon" }, "session_id": "s", "resume_gateway_url": "wss://r",
            "application": { "id": "8", "flags": 0 }, "guilds": [{ "id": "5", "unavailable": true }],
        });
        for missing in ["v", "user", "application", "resume_gateway_url", "guilds", "session_id"] {
            let mut data = complete.clone();
            data.as_object_mut().unwrap().remove(missing);
            let text = json!({ "op": 0, "t": "READY", "s": 1, "d": data }).to_string();
            let ready = complete_ready(&text, IDS).unwrap();
            assert_eq!(ready.resumable, missing != "session_id", "without {missing}");
            assert_eq!(ready.resume_url.is_some(), missing != "resume_gateway_url", "without {missing}");
            let Ok(GatewayEvent::Dispatch(1, Event::Ready(event))) = serde_json::from_str(&ready.text) else {
                panic!("serenity cannot parse READY without {missing}: {}", ready.text);
            };
            assert_eq!(event.ready.application.id.get(), 8);
        }
    }

    #[test]
    fn nested_objects_of_a_ready_are_completed() {
        let data = json!({ "user": { "id": "9" }, "application": null, "guilds": [{ "id": "5" }, {}] });
        let text = json!({ "op": 0, "t": "READY", "s": 1, "d": data }).to_string();
        let ready = complete_ready(&text, IDS).unwrap();
        let Ok(GatewayEvent::Dispatch(1, Event::Ready(event))) = serde_json::from_str(&ready.text) else {
            panic!("serenity cannot parse {}", ready.text);
        };
        assert_eq!((event.ready.user.id.get(), event.ready.guilds.len()), (9, 1));
    }
}
