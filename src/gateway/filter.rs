//! Which events serenity is given: those that may mean something to us.
//!
//! A busy server sends hundreds of messages for one that is a command, and to read one serenity takes ten times as long
//! as this. What is held back here is counted as heard, and nothing asks Discord for it again.

use std::borrow::Cow;

use serde::Deserialize;

use super::frame::Frame;
use super::unread::says_nothing;
use crate::discord::Place;
use crate::ids::Command;

/// The parts of a message that tell whether the rest is worth reading.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    author: Author<'a>,
    #[serde(borrow)]
    channel_id: Cow<'a, str>,
    #[serde(borrow)]
    content: Cow<'a, str>,
}

/// Where messages were deleted.
#[derive(Deserialize)]
struct Deleted<'a> {
    #[serde(borrow)]
    channel_id: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Author<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

/// Whether a frame may mean something to serenity's client or to the handler. In doubt it may.
pub(super) fn may_mean_something(frame: &Frame<'_>, place: &Place) -> bool {
    let (0, Some(kind)) = (frame.op, frame.t.as_deref()) else { return true };
    match kind {
        // It is told in the log.
        "GUILD_DELETE" => true,
        "MESSAGE_CREATE" => {
            let message = frame.d.and_then(|data| serde_json::from_str::<Message<'_>>(data.get()).ok());
            message.is_none_or(|message| {
                if message.author.id == place.me.0.to_string() {
                    message.channel_id == place.panel.0.to_string()
                } else {
                    Command::written(&message.content).is_some()
                }
            })
        }
        "MESSAGE_DELETE" | "MESSAGE_DELETE_BULK" => {
            let deleted = frame.d.and_then(|data| serde_json::from_str::<Deleted<'_>>(data.get()).ok());
            deleted.is_none_or(|deleted| deleted.channel_id == place.panel.0.to_string())
        }
        kind => !says_nothing(kind),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::gateway::PLACE;

    fn passes(kind: &str, data: &serde_json::Value) -> bool {
        let text = json!({ "op": 0, "t": kind, "s": 1, "d": data }).to_string();
        may_mean_something(&Frame::parse(&text).unwrap(), &PLACE)
    }

    fn message_passes(author: u64, channel: u64, content: &str) -> bool {
        let (author, channel) = (json!({ "id": author.to_string() }), channel.to_string());
        passes("MESSAGE_CREATE", &json!({ "author": author, "channel_id": channel, "content": content }))
    }

    #[test]
    fn of_messages_only_commands_and_a_panel_of_ours_are_read() {
        assert!(message_passes(7, 50, "!close") && message_passes(7, 50, "!close now, \"please\"\n"));
        assert!(!message_passes(7, 50, "thank you!") && !message_passes(7, 50, "!roll") && !message_passes(7, 50, ""));
        assert!(message_passes(9, 1, ""));
        assert!(!message_passes(9, 50, "this ticket will be closed"));
    }

    #[test]
    fn of_deleted_messages_those_are_heard_that_may_be_the_panel() {
        for kind in ["MESSAGE_DELETE", "MESSAGE_DELETE_BULK"] {
            assert!(
                passes(kind, &json!({ "channel_id": "1" })) && !passes(kind, &json!({ "channel_id": "50" })),
                "{kind}"
            );
        }
    }

    #[test]
    fn what_cannot_be_judged_is_passed_on() {
        assert!(passes("MESSAGE_CREATE", &json!({ "content": "hello" })));
        assert!(passes("MESSAGE_CREATE", &json!(null)));
        assert!(may_mean_something(&Frame::parse(r#"{"op":0}"#).unwrap(), &PLACE));
        assert!(may_mean_something(&Frame::parse(r#"{"op":11}"#).unwrap(), &PLACE));
    }

    #[test]
    fn of_other_events_those_pass_that_have_a_meaning() {
        for kind in ["READY", "RESUMED", "INTERACTION_CREATE", "GUILD_CREATE", "GUILD_DELETE", "CHANNEL_DELETE"] {
            assert!(passes(kind, &json!({})), "{kind}");
        }
        for kind in ["MESSAGE_UPDATE", "TYPING_START", "CHANNEL_UPDATE", "SOMETHING_NEW"] {
            assert!(!passes(kind, &json!({})), "{kind}");
        }
    }
}
