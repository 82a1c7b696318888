//! Decides which events are passed on to serenity: those that the bot may act on.
//!
//! A busy server sends hundreds of messages for each one that is a command, and serenity takes ten times as long to parse
//! one as this filter does. The relay acknowledges a filtered event like any other, so Discord does not send it again.

use std::borrow::Cow;

use serde::Deserialize;

use super::frame::FrameHeader;
use super::tolerant::is_irrelevant;
use crate::discord::Place;
use crate::ids::Command;

/// Message flag: the embeds of this message are hidden (Discord documentation, *Message Flags*).
const SUPPRESS_EMBEDS: u64 = 1 << 2;

/// The fields of `MESSAGE_CREATE` that decide.
#[derive(Deserialize)]
struct CreatedMessage<'a> {
    #[serde(borrow)]
    author: IdOnly<'a>,
    #[serde(borrow)]
    channel_id: Cow<'a, str>,
    #[serde(borrow)]
    content: Cow<'a, str>,
}

/// The fields of `MESSAGE_DELETE` and `MESSAGE_DELETE_BULK` that decide.
#[derive(Deserialize)]
struct DeletedMessages<'a> {
    #[serde(borrow)]
    channel_id: Cow<'a, str>,
}

/// The fields of `GUILD_MEMBER_UPDATE` that decide.
#[derive(Deserialize)]
struct UpdatedMember<'a> {
    #[serde(borrow)]
    user: IdOnly<'a>,
}

/// The fields of `MESSAGE_UPDATE` that decide.
#[derive(Deserialize)]
struct EditedMessage<'a> {
    #[serde(borrow)]
    channel_id: Cow<'a, str>,
    #[serde(default)]
    flags: Option<u64>,
}

impl EditedMessage<'_> {
    /// Whether the embeds of a message in the panel channel are hidden now.
    fn hides_panel(&self, place: &Place) -> bool {
        self.channel_id == place.panel.0.to_string() && self.flags.unwrap_or_default() & SUPPRESS_EMBEDS != 0
    }
}

/// A user or a channel, reduced to its id.
#[derive(Deserialize)]
struct IdOnly<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

/// Whether serenity's client or the event handler may act on a frame. True for a frame that cannot be parsed.
pub(super) fn is_relevant_frame(frame: &FrameHeader<'_>, place: &Place) -> bool {
    let (0, Some(kind)) = (frame.op, frame.t.as_deref()) else { return true };
    match kind {
        // Changes of the server and its roles: rare and short.
        "GUILD_DELETE" | "GUILD_ROLE_UPDATE" | "GUILD_ROLE_DELETE" => true,
        "CHANNEL_UPDATE" => {
            let channel = frame.d.and_then(|data| serde_json::from_str::<IdOnly<'_>>(data.get()).ok());
            channel
                .is_none_or(|channel| [place.panel.0, place.category.0].iter().any(|id| channel.id == id.to_string()))
        }
        "GUILD_MEMBER_UPDATE" => {
            let member = frame.d.and_then(|data| serde_json::from_str::<UpdatedMember<'_>>(data.get()).ok());
            member.is_none_or(|member| member.user.id == place.me.0.to_string())
        }
        "MESSAGE_UPDATE" => {
            let edited = frame.d.and_then(|data| serde_json::from_str::<EditedMessage<'_>>(data.get()).ok());
            edited.is_some_and(|edited| edited.hides_panel(place))
        }
        "MESSAGE_CREATE" => {
            let message = frame.d.and_then(|data| serde_json::from_str::<CreatedMessage<'_>>(data.get()).ok());
            message.is_none_or(|message| {
                if message.author.id == place.me.0.to_string() {
                    message.channel_id == place.panel.0.to_string()
                } else {
                    Command::written(&message.content).is_some()
                }
            })
        }
        "MESSAGE_DELETE" | "MESSAGE_DELETE_BULK" => {
            let deleted = frame.d.and_then(|data| serde_json::from_str::<DeletedMessages<'_>>(data.get()).ok());
            deleted.is_none_or(|deleted| deleted.channel_id == place.panel.0.to_string())
        }
        kind => !is_irrelevant(kind),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::gateway::PLACE;

    fn passes(kind: &str, data: &serde_json::Value) -> bool {
        let text = json!({ "op": 0, "t": kind, "s": 1, "d": data }).to_string();
        is_relevant_frame(&FrameHeader::parse(&text).unwrap(), &PLACE)
    }

    fn message_passes(author: u64, channel: u64, content: &str) -> bool {
        let (author, channel) = (json!({ "id": author.to_string() }), channel.to_string());
        passes("MESSAGE_CREATE", &json!({ "author": author, "channel_id": channel, "content": content }))
    }

    #[test]
    fn of_messages_only_commands_and_the_bots_own_in_the_panel_channel_pass() {
        assert!(message_passes(7, 50, "!close") && message_passes(7, 50, "!close now, \"please\"\n"));
        assert!(!message_passes(7, 50, "thank you!") && !message_passes(7, 50, "!roll") && !message_passes(7, 50, ""));
        assert!(message_passes(9, 1, ""));
        assert!(!message_passes(9, 50, "this ticket will be closed"));
    }

    #[test]
    fn deletions_pass_in_the_panel_channel_only() {
        for kind in ["MESSAGE_DELETE", "MESSAGE_DELETE_BULK"] {
            assert!(
                passes(kind, &json!({ "channel_id": "1" })) && !passes(kind, &json!({ "channel_id": "50" })),
                "{kind}"
            );
        }
    }

    #[test]
    fn frames_that_cannot_be_parsed_pass() {
        assert!(passes("MESSAGE_CREATE", &json!({ "content": "hello" })));
        assert!(passes("MESSAGE_CREATE", &json!(null)));
        assert!(is_relevant_frame(&FrameHeader::parse(r#"{"op":0}"#).unwrap(), &PLACE));
        assert!(is_relevant_frame(&FrameHeader::parse(r#"{"op":11}"#).unwrap(), &PLACE));
    }

    #[test]
    fn other_events_pass_if_the_bot_acts_on_them() {
        for kind in ["READY", "RESUMED", "INTERACTION_CREATE", "GUILD_CREATE", "GUILD_DELETE", "CHANNEL_DELETE"] {
            assert!(passes(kind, &json!({})), "{kind}");
        }
        for kind in ["MESSAGE_UPDATE", "TYPING_START", "SOMETHING_NEW"] {
            assert!(!passes(kind, &json!({})), "{kind}");
        }
    }

    #[test]
    fn updates_pass_if_they_may_take_a_channel_or_a_permission_from_the_bot() {
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
