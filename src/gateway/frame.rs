//! Frames of the gateway, as far as the relay reads them.
//!
//! Of an event only its kind and number are read; what it says is left to serenity. READY is read whole: serenity takes
//! one with a missing field for no session at all, and the relay needs to know how the session can be resumed.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::ZlibDecoder;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::ids::{ApplicationId, UserId};

/// The largest message that is read from the socket, and the largest text that one may inflate to. The largest servers
/// (500 channels and 250 roles, each with all that Discord allows, and 1,000 active threads) stay below 8 MiB, and
/// serenity needs about ten times the length of a text to read it.
pub(super) const LARGEST_FRAME: usize = 16 * 1024 * 1024;

/// Why a frame is not passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameError {
    /// It inflates to more than [`LARGEST_FRAME`].
    TooLarge,
    /// It is no frame of the gateway's.
    Malformed,
}

/// The head of a frame.
#[derive(Debug, Deserialize)]
pub(super) struct Frame<'a> {
    pub(super) op: u8,
    #[serde(default)]
    pub(super) s: Option<u64>,
    #[serde(borrow, default)]
    pub(super) t: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) d: Option<&'a RawValue>,
}

impl<'a> Frame<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, FrameError> {
        serde_json::from_str(text).map_err(|_| FrameError::Malformed)
    }

    /// Op 1: the last event that the sender knows of.
    pub(super) fn heartbeat_sequence(&self) -> Option<u64> {
        serde_json::from_str(self.d?.get()).ok()
    }

    /// Op 9: whether the session can be resumed.
    pub(super) fn is_resumable(&self) -> bool {
        self.d.is_some_and(|data| data.get() == "true")
    }
}

/// RESUME after this event instead of `from`; nothing, if it is after another one.
pub(super) fn resume_after(text: &str, from: Option<u64>, sequence: Option<u64>) -> Option<String> {
    let mut frame: Value = serde_json::from_str(text).ok()?;
    let told = frame.get_mut("d")?.get_mut("seq").filter(|told| told.as_u64() == from)?;
    *told = json!(sequence);
    Some(frame.to_string())
}

/// The text of a message. Discord compresses the large ones, each for itself.
pub(super) fn text(message: Message) -> Result<String, FrameError> {
    match message {
        Message::Text(text) => Ok(text),
        Message::Binary(bytes) => inflate(&bytes),
        Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => Err(FrameError::Malformed),
    }
}

fn inflate(bytes: &[u8]) -> Result<String, FrameError> {
    let mut text = String::with_capacity(bytes.len().saturating_mul(4).min(LARGEST_FRAME));
    let limit = u64::try_from(LARGEST_FRAME).unwrap_or(u64::MAX);
    let mut decoder = ZlibDecoder::new(bytes).take(limit + 1);
    decoder.read_to_string(&mut text).map_err(|_| FrameError::Malformed)?;
    if text.len() > LARGEST_FRAME { Err(FrameError::TooLarge) } else { Ok(text) }
}

/// Who the bot is, for what READY leaves out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Identity {
    pub(super) bot: UserId,
    pub(super) application: ApplicationId,
}

/// What READY says of the session.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ready {
    /// The frame as serenity can read it.
    pub(super) text: String,
    /// Without an id the session cannot be resumed.
    pub(super) resumable: bool,
    /// Where the session is to be resumed, if that is told.
    pub(super) resume_url: Option<String>,
}

/// Reads READY, and fills in what serenity requires and Discord, or what stands in for it, did not tell.
pub(super) fn read_ready(text: &str, identity: Identity) -> Result<Ready, FrameError> {
    let mut frame: Value = serde_json::from_str(text).map_err(|_| FrameError::Malformed)?;
    let data = frame.get_mut("d").ok_or(FrameError::Malformed)?;
    if !data.is_object() {
        *data = json!({});
    }
    let resumable = data["session_id"].as_str().is_some_and(|id| !id.is_empty());
    let resume_url = data["resume_gateway_url"].as_str().filter(|url| !url.is_empty()).map(str::to_owned);
    let user = json!({ "id": identity.bot.0.to_string(), "username": "talon", "bot": true });
    let application = json!({ "id": identity.application.0.to_string(), "flags": 0 });
    fill(data, "v", &json!(10));
    fill_object(data, "user", user);
    fill_object(data, "application", application);
    fill(data, "session_id", &json!("none"));
    fill(data, "resume_gateway_url", &json!(""));
    fill(data, "guilds", &json!([]));
    if let Some(guilds) = data["guilds"].as_array_mut() {
        guilds.retain(|guild| guild.get("id").is_some());
        for guild in guilds {
            fill(guild, "unavailable", &json!(true));
        }
    }
    Ok(Ready { text: frame.to_string(), resumable, resume_url })
}

fn fill(object: &mut Value, name: &str, with: &Value) {
    if object.get(name).is_none_or(Value::is_null) {
        object[name] = with.clone();
    }
}

/// The same for an object, field by field.
fn fill_object(object: &mut Value, name: &str, with: Value) {
    if !object.get(name).is_some_and(Value::is_object) {
        object[name] = with;
    } else if let Value::Object(fields) = with {
        for (field, value) in fields {
            fill(&mut object[name], &field, &value);
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

    const IDENTITY: Identity = Identity { bot: UserId(7), application: ApplicationId(8) };

    fn compressed(text: &[u8]) -> Message {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        Message::Binary(encoder.finish().unwrap())
    }

    #[test]
    fn the_head_of_an_event_is_read_wherever_it_stands() {
        let frame = Frame::parse(r#"{"t":"READY","s":4,"op":0,"d":{"v":10}}"#).unwrap();
        assert_eq!((frame.op, frame.s, frame.t.as_deref()), (0, Some(4), Some("READY")));
        let frame = Frame::parse(r#"{"d":true,"op":9}"#).unwrap();
        assert!(frame.op == 9 && frame.is_resumable());
        assert!(!Frame::parse(r#"{"op":9,"d":false}"#).unwrap().is_resumable());
        assert!(!Frame::parse(r#"{"op":9}"#).unwrap().is_resumable());
        assert!(Frame::parse("[]").is_err() && Frame::parse("<html>").is_err());
    }

    #[test]
    fn a_session_is_resumed_after_the_last_event_unless_serenity_missed_some() {
        let resume = r#"{"op":6,"d":{"token":"t","session_id":"s","seq":5}}"#;
        let told = |from, sequence| {
            let text = resume_after(resume, from, sequence)?;
            serde_json::from_str::<Value>(&text).unwrap()["d"]["seq"].as_u64()
        };
        assert_eq!(told(Some(5), Some(9)), Some(9));
        assert_eq!(told(Some(6), Some(9)), None);
        assert_eq!(Frame::parse(r#"{"op":1,"d":5}"#).unwrap().heartbeat_sequence(), Some(5));
        assert_eq!(Frame::parse(r#"{"op":1,"d":null}"#).unwrap().heartbeat_sequence(), None);
    }

    #[test]
    fn a_compressed_frame_is_inflated_up_to_the_limit() {
        assert_eq!(text(compressed(br#"{"op":11}"#)).unwrap(), r#"{"op":11}"#);
        assert_eq!(text(compressed(&vec![b' '; LARGEST_FRAME + 1])), Err(FrameError::TooLarge));
        assert_eq!(text(Message::Binary(vec![1, 2, 3])), Err(FrameError::Malformed));
    }

    #[test]
    fn a_ready_that_lacks_fields_is_a_session_that_serenity_can_read() {
        let whole = json!({
            "v": 10, "user": { "id": "7", "username": "talon" }, "session_id": "s", "resume_gateway_url": "wss://r",
            "application": { "id": "8", "flags": 0 }, "guilds": [{ "id": "5", "unavailable": true }],
        });
        for lacking in ["v", "user", "application", "resume_gateway_url", "guilds", "session_id"] {
            let mut data = whole.clone();
            data.as_object_mut().unwrap().remove(lacking);
            let text = json!({ "op": 0, "t": "READY", "s": 1, "d": data }).to_string();
            let ready = read_ready(&text, IDENTITY).unwrap();
            assert_eq!(ready.resumable, lacking != "session_id", "without {lacking}");
            assert_eq!(ready.resume_url.is_some(), lacking != "resume_gateway_url", "without {lacking}");
            let Ok(GatewayEvent::Dispatch(1, Event::Ready(event))) = serde_json::from_str(&ready.text) else {
                panic!("serenity cannot read READY without {lacking}: {}", ready.text);
            };
            assert_eq!(event.ready.application.id.get(), 8);
        }
    }

    #[test]
    fn parts_of_a_ready_that_lack_fields_are_filled_in() {
        let data = json!({ "user": { "id": "9" }, "application": null, "guilds": [{ "id": "5" }, {}] });
        let text = json!({ "op": 0, "t": "READY", "s": 1, "d": data }).to_string();
        let ready = read_ready(&text, IDENTITY).unwrap();
        let Ok(GatewayEvent::Dispatch(1, Event::Ready(event))) = serde_json::from_str(&ready.text) else {
            panic!("serenity cannot read {}", ready.text);
        };
        assert_eq!((event.ready.user.id.get(), event.ready.guilds.len()), (9, 1));
    }
}
