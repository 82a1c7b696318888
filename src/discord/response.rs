//! Parses Discord's responses into answers.
//!
//! Discord's error codes count more than HTTP statuses: a 404 without the code 10003 may come from a proxy and proves
//! nothing. A success that cannot be parsed does not count as one, and an error that is not in Discord's format (see
//! `error_body`) is no answer. Where a server that stands in for Discord sends an error without a code of Discord's, its
//! status counts only where a wrong conclusion does no harm.

use serde::Deserialize;
use serde_json::{Map, Value};
use serenity::model::id as model_id;

use crate::discord::candidates;
use crate::discord::commands;
use crate::discord::error_body::ErrorBody;
use crate::discord::message::Message;
use crate::discord::payload::FIRST_STAFF_OVERWRITE;
use crate::discord::request::Place;
use crate::ids::{Button, ChannelId, MessageId};
use crate::lifecycle::{ApiError, Outcome, Permission, Request};

/// The answer to `call` that this response gives. A 429 gets here only if it outlasts the interaction it should answer.
#[must_use]
pub fn parse_response(call: &Request, place: &Place, status: u16, body: &[u8]) -> Outcome {
    if matches!(status, 200..=299) {
        return parse_success(call, place, body).unwrap_or(Outcome::Indeterminate);
    }
    // The limit outlasts the interaction, whichever server sent the 429.
    if status == 429 && is_interaction_response(call) {
        return Outcome::Refused(ApiError::InteractionGone);
    }
    // 501 "Not Implemented" is permanent, and the bot can do without these requests only.
    let optional = status == 501
        && matches!(call, Request::ListCommands { .. } | Request::PutCommands { .. } | Request::RemoveCommands { .. });
    match ErrorBody::parse(body) {
        Some(error) if error.is_transient() => Outcome::Indeterminate,
        Some(error) if optional || !matches!(status, 408 | 500..) => {
            Outcome::Refused(parse_refusal(call, status, &error))
        }
        None if optional => Outcome::Refused(parse_refusal(call, status, &ErrorBody::default())),
        // Something in between responded in Discord's place, or timed out; Discord may have executed the request.
        _ => Outcome::Indeterminate,
    }
}

const fn is_interaction_response(call: &Request) -> bool {
    matches!(call, Request::Acknowledge { .. } | Request::EditReply { .. })
}

fn parse_success(call: &Request, place: &Place, body: &[u8]) -> Option<Outcome> {
    match call {
        Request::CreateChannel { .. } => parse_id(body).map(|id| Outcome::Created(ChannelId(id))),
        Request::Welcome { .. } | Request::Say { .. } | Request::SendPanel { .. } => {
            parse_id(body).map(|id| Outcome::Sent(MessageId(id)))
        }
        Request::GetChannel { .. } => parse_id(body).map(|_| candidates::parse_access(body).unwrap_or(Outcome::Done)),
        Request::ListChannels { .. } => candidates::parse_candidates(body, place).map(Outcome::Channels),
        Request::FindChannel { channel, .. } => {
            let listed = candidates::list_contains(body, *channel)?;
            Some(if listed { Outcome::Done } else { Outcome::Unlisted })
        }
        Request::ReadChannel { after, .. } => {
            let (own, others) = parse_messages(body, place)?;
            Some(Outcome::Read {
                welcome: own.iter().any(|message| message.has_button(Button::CloseTicket)),
                announcement: own
                    .iter()
                    .find(|message| message.announces_closing())
                    .map(|message| message.id().made_at()),
                replied: after.is_some_and(|command| own.iter().any(|message| message.is_reply_to(command))),
                others,
            })
        }
        Request::GetPanel { .. } => {
            let message: Message = serde_json::from_slice(body).ok()?;
            if message.is_by(place.me) {
                if message.hides_embeds() {
                    return Some(Outcome::PanelHidden);
                }
                return Some(Outcome::Panel { current: message.is_current_panel(place) });
            }
            // Another user's message cannot be edited into the panel: as a panel, it does not exist.
            Some(Outcome::Refused(ApiError::MessageGone))
        }
        Request::ListPanels => {
            let (own, _) = parse_messages(body, place)?;
            let panels = own.iter().filter(|message| message.has_button(Button::CreateTicket));
            Some(Outcome::Panels(panels.map(Message::id).collect()))
        }
        Request::ListCommands { .. } => Some(Outcome::Commands { current: commands::are_current(body, place)? }),
        Request::Acknowledge { .. }
        | Request::EditReply { .. }
        | Request::RestoreAccess { .. }
        | Request::DeleteChannel { .. }
        | Request::EditPanel { .. }
        | Request::DeletePanel { .. }
        | Request::PutCommands { .. }
        | Request::RemoveCommands { .. } => parse_done(body),
    }
}

/// The id of the object that was created or looked up.
fn parse_id(body: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Object {
        id: model_id::GenericId,
    }
    serde_json::from_slice::<Object>(body).ok().map(|object| object.id.get())
}

/// Discord's body is empty or JSON. An HTML page with a 200 comes from something in between.
fn parse_done(body: &[u8]) -> Option<Outcome> {
    (body.is_empty() || serde_json::from_slice::<Value>(body).is_ok()).then_some(Outcome::Done)
}

/// The bot's own messages in a list, and whether there are others. A message that cannot be parsed is not the bot's.
fn parse_messages(body: &[u8], place: &Place) -> Option<(Vec<Message>, bool)> {
    let messages: Vec<Value> = serde_json::from_slice(body).ok()?;
    let count = messages.len();
    let readable = messages.into_iter().filter_map(|message| serde_json::from_value::<Message>(message).ok());
    let own: Vec<Message> = readable.filter(|message| message.is_by(place.me)).collect();
    let others = own.len() < count;
    Some((own, others))
}

fn parse_refusal(call: &Request, status: u16, error: &ErrorBody) -> ApiError {
    let unspecific = error.is_unspecific(status);
    let creating = matches!(call, Request::CreateChannel { .. });
    let responding = is_interaction_response(call);
    let panel = matches!(call, Request::GetPanel { .. } | Request::EditPanel { .. });
    match error.code.unwrap_or_default() {
        10_003 | 10_008 if responding => ApiError::InteractionGone,
        10_003 if creating => ApiError::CategoryGone,
        10_003 => ApiError::ChannelGone,
        // 50005: the message is another user's.
        10_008 | 50_005 => ApiError::MessageGone,
        // Unknown overwrite, unknown role: of the ids in the overwrites only the support role's can be out of date.
        10_009 | 10_011 if creating => ApiError::SupportRoleGone,
        10_015 | 10_062 | 50_027 => ApiError::InteractionGone,
        30_013 => ApiError::ServerFull,
        50_074 => ApiError::CommunityChannel,
        40_060 => ApiError::AlreadyAcknowledged,
        50_001 | 50_013 => ApiError::Forbidden(Vec::new()),
        code @ 50_035 if creating => find_invalid_field(&error.errors).unwrap_or(ApiError::Other { status, code }),
        160_002 => ApiError::Forbidden(vec![Permission::ReadMessageHistory]),
        // At worst the panel is replaced by an equal one: the channel is searched before anything is sent.
        _ if panel && unspecific && status == 404 => ApiError::MessageGone,
        // The only remedy is to check the bot's permissions.
        _ if !responding && unspecific && status == 403 => ApiError::Forbidden(Vec::new()),
        code => ApiError::Other { status, code },
    }
}

/// Which field of a new channel was invalid. The category first: another name would not help if it is full.
fn find_invalid_field(errors: &Value) -> Option<ApiError> {
    let unspecified = errors.is_null() || errors.as_object().is_some_and(Map::is_empty);
    if unspecified {
        // All other fields are the bot's own choice, and the same for all members.
        return Some(ApiError::Name);
    }
    if let Some(parent) = errors.get("parent_id") {
        let full = error_codes(parent).any(|code| code == "CHANNEL_PARENT_MAX_CHANNELS");
        return Some(if full { ApiError::CategoryFull } else { ApiError::CategoryGone });
    }
    if let Some(overwrites) = errors.get("permission_overwrites") {
        let is_staff = |index: &String| index.parse().is_ok_and(|index: usize| index >= FIRST_STAFF_OVERWRITE);
        let named = overwrites.as_object()?.keys().any(|key| key == "_errors" || is_staff(key));
        return named.then_some(ApiError::SupportRoleGone);
    }
    errors.get("name").map(|_| ApiError::Name)
}

fn error_codes(field: &Value) -> impl Iterator<Item = &str> {
    let errors = field.get("_errors").and_then(Value::as_array);
    errors.into_iter().flatten().filter_map(|error| error.get("code")?.as_str())
}

#[cfg(test)]
mod tests;
