//! Which events serenity is given: those that may mean something to us.
//!
//! A busy server sends hundreds of messages for one that is a command, and to read one serenity takes ten times as long
//! as this. What is held back here is counted as heard, and nothing asks Discord for it again.

use std::borrow::Cow;

use serde::Deserialize;

use super::frame::Frame;
use super::tolerant::says_nothing;
use crate::discord::Place;
use crate::ids::Command;

/// Discord's flag of a message whose embeds are hidden.
const SUPPRESS_EMBEDS: u64 = 1 << 2;

/// The parts of a message that tell whether the rest is worth reading.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    author: HasId<'a>,
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

/// Whose membership has changed.
#[derive(Deserialize)]
struct Member<'a> {
    #[serde(borrow)]
    user: HasId<'a>,
}

/// A message that was changed, as far as somebody may have hidden what it shows.
#[derive(Deserialize)]
struct Edited<'a> {
    #[serde(borrow)]
    channel_id: Cow<'a, str>,
    #[serde(default)]
    flags: Option<u64>,
}

impl Edited<'_> {
    fn hides_panel(&self, place: &Place) -> bool {
        self.channel_id == place.panel.0.to_string() && self.flags.unwrap_or_default() & SUPPRESS_EMBEDS != 0
    }
}

/// A user or a channel, of which only the id matters.
#[derive(Deserialize)]
struct HasId<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

/// Whether a frame may mean something to serenity's client or to the handler. In doubt it may.
pub(super) fn may_mean_something(frame: &Frame<'_>, place: &Place) -> bool {
    let (0, Some(kind)) = (frame.op, frame.t.as_deref()) else { return true };
    match kind {
        // The bot's server, roles and rights: rare, and short.
        "GUILD_DELETE" | "GUILD_ROLE_UPDATE" | "GUILD_ROLE_DELETE" => true,
        "CHANNEL_UPDATE" => {
            let channel = frame.d.and_then(|data| serde_json::from_str::<HasId<'_>>(data.get()).ok());
            channel
                .is_none_or(|channel| [place.panel.0, place.category.0].iter().any(|id| channel.id == id.to_string()))
        }
        "GUILD_MEMBER_UPDATE" => {
            let member = frame.d.and_then(|data| serde_json::from_str::<Member<'_>>(data.get()).ok());
            member.is_none_or(|member| member.user.id == place.me.0.to_string())
        }
        "MESSAGE_UPDATE" => {
            let edited = frame.d.and_then(|data| serde_json::from_str::<Edited<'_>>(data.get()).ok());
            edited.is_some_and(|edited| edited.hides_panel(place))
        }
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
        for kind in ["MESSAGE_UPDATE", "TYPING_START", "SOMETHING_NEW"] {
            assert!(!passes(kind, &json!({})), "{kind}");
        }
    }

    #[test]
    fn of_changes_those_pass_that_may_take_something_from_the_bot() {
        let channel = |id: &str| passes("CHANNEL_UPDATE", &json!({ "id": id, "name": "\"quoted\"" }));
        assert!(channel("1") && channel("2") && !channel("50"));
        let member = |id: &str| passes("GUILD_MEMBER_UPDATE", &json!({ "user": { "id": id }, "roles": [] }));
        assert!(member("9") && !member("7"));
        let message =
            |channel: &str, flags: u64| passes("MESSAGE_UPDATE", &json!({ "channel_id": channel, "flags": flags }));
        assert!(message("1", 4) && message("1", 6) && !message("1", 0) && !message("50", 4));
        assert!(passes("GUILD_ROLE_UPDATE", &json!({})) && passes("GUILD_ROLE_DELETE", &json!({})));
    }
}
