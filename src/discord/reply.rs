//! What Discord's reply means.
//!
//! Its codes are its word and its statuses are hearsay: a 404 without the code 10003 may come from a proxy on the way
//! and proves nothing. A success that cannot be read is no success either, and a no that is not spoken as Discord speaks
//! (see `said`) is no answer. Where a server that stands in for Discord says no without a code of Discord's, its status
//! is believed only in what does no harm if it is wrong.

use serde::Deserialize;
use serde_json::{Map, Value};
use serenity::model::id as library;

use crate::discord::body::SUPPORT_OVERWRITE;
use crate::discord::menu;
use crate::discord::message::Message;
use crate::discord::said::Said;
use crate::discord::view;
use crate::discord::wire::Place;
use crate::ids::{Button, ChannelId, MessageId};
use crate::lifecycle::{Answer, Call, Refusal, Right};

/// What this reply to this call means. Of the 429s only those come here that outlast the press they should answer.
#[must_use]
pub fn answer(call: &Call, place: &Place, status: u16, body: &[u8]) -> Answer {
    if matches!(status, 200..=299) {
        return granted(call, place, body).unwrap_or(Answer::Unknown);
    }
    // It was held up for longer than the press counts, whoever did it.
    if status == 429 && is_answer(call) {
        return Answer::Refused(Refusal::InteractionGone);
    }
    // "Not implemented" does not pass, and only these can be done without.
    let without = status == 501
        && matches!(call, Call::ListCommands { .. } | Call::PutCommands { .. } | Call::RemoveCommands { .. });
    match Said::read(body) {
        Some(said) if said.is_transient() => Answer::Unknown,
        Some(said) if without || !matches!(status, 408 | 500..) => Answer::Refused(refusal(call, status, &said)),
        None if without => Answer::Refused(refusal(call, status, &Said::default())),
        // Something on the way answered in Discord's place, or gave up waiting; Discord may well have done it.
        _ => Answer::Unknown,
    }
}

/// It answers a press.
const fn is_answer(call: &Call) -> bool {
    matches!(call, Call::Acknowledge { .. } | Call::EditReply { .. })
}

fn granted(call: &Call, place: &Place, body: &[u8]) -> Option<Answer> {
    match call {
        Call::CreateChannel { .. } => made(body).map(|id| Answer::Created(ChannelId(id))),
        Call::Welcome { .. } | Call::Say { .. } | Call::SendPanel { .. } => {
            made(body).map(|id| Answer::Sent(MessageId(id)))
        }
        Call::GetChannel { .. } => made(body).map(|_| view::access(body).unwrap_or(Answer::Done)),
        Call::ListChannels { .. } => view::listed(body, place).map(Answer::Channels),
        Call::FindChannel { channel, .. } => {
            let there = view::holds(body, *channel)?;
            Some(if there { Answer::Done } else { Answer::Unlisted })
        }
        Call::ReadChannel { after, .. } => {
            let (ours, others) = messages(body, place)?;
            Some(Answer::Read {
                welcome: ours.iter().any(|message| message.has(Button::CloseTicket)),
                announcement: ours
                    .iter()
                    .find(|message| message.announces_closing())
                    .map(|message| message.id().made_at()),
                replied: after.is_some_and(|asked| ours.iter().any(|message| message.replies_to(asked))),
                others,
            })
        }
        Call::GetPanel { .. } => {
            let message: Message = serde_json::from_slice(body).ok()?;
            if message.is_by(place.me) {
                if message.hides_embeds() {
                    return Some(Answer::PanelHidden);
                }
                return Some(Answer::Panel { current: message.is_todays_panel(place) });
            }
            // Somebody else's message can never be made the panel: as a panel, it does not exist.
            Some(Answer::Refused(Refusal::MessageGone))
        }
        Call::ListPanels => {
            let (ours, _) = messages(body, place)?;
            let panels = ours.iter().filter(|message| message.has(Button::CreateTicket));
            Some(Answer::Panels(panels.map(Message::id).collect()))
        }
        Call::ListCommands { .. } => Some(Answer::Commands { current: menu::is_todays(body, place)? }),
        Call::Acknowledge { .. }
        | Call::EditReply { .. }
        | Call::RestoreAccess { .. }
        | Call::DeleteChannel { .. }
        | Call::EditPanel { .. }
        | Call::DeletePanel { .. }
        | Call::PutCommands { .. }
        | Call::RemoveCommands { .. } => done(body),
    }
}

/// The id of what was made or looked up.
fn made(body: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Made {
        id: library::GenericId,
    }
    serde_json::from_slice::<Made>(body).ok().map(|made| made.id.get())
}

/// Discord says nothing or JSON. A page of HTML with a 200 comes from something in between.
fn done(body: &[u8]) -> Option<Answer> {
    (body.is_empty() || serde_json::from_slice::<Value>(body).is_ok()).then_some(Answer::Done)
}

/// The bot's own messages in a list, and whether there are others. What cannot be read is not ours: we can read what we
/// write.
fn messages(body: &[u8], place: &Place) -> Option<(Vec<Message>, bool)> {
    let all: Vec<Value> = serde_json::from_slice(body).ok()?;
    let count = all.len();
    let readable = all.into_iter().filter_map(|message| serde_json::from_value::<Message>(message).ok());
    let ours: Vec<Message> = readable.filter(|message| message.is_by(place.me)).collect();
    let others = ours.len() < count;
    Some((ours, others))
}

fn refusal(call: &Call, status: u16, said: &Said) -> Refusal {
    let plainly = said.is_plain(status);
    let creating = matches!(call, Call::CreateChannel { .. });
    let answering = is_answer(call);
    let panel = matches!(call, Call::GetPanel { .. } | Call::EditPanel { .. });
    match said.code.unwrap_or_default() {
        10_003 | 10_008 if answering => Refusal::InteractionGone,
        10_003 if creating => Refusal::CategoryGone,
        10_003 => Refusal::ChannelGone,
        // 50005: the message is somebody else's.
        10_008 | 50_005 => Refusal::MessageGone,
        // Unknown overwrite, unknown role: of the ids in the overwrites only the support role's can be outdated.
        10_009 | 10_011 if creating => Refusal::SupportRoleGone,
        10_015 | 10_062 | 50_027 => Refusal::InteractionGone,
        30_013 => Refusal::ServerFull,
        50_074 => Refusal::CommunityChannel,
        40_060 => Refusal::AlreadyAcknowledged,
        50_001 | 50_013 => Refusal::Forbidden(Vec::new()),
        code @ 50_035 if creating => invalid_form(&said.errors).unwrap_or(Refusal::Other { status, code }),
        160_002 => Refusal::Forbidden(vec![Right::ReadMessageHistory]),
        // At worst the panel is replaced by its like: what is there is listed before anything is sent.
        _ if panel && plainly && status == 404 => Refusal::MessageGone,
        // Nothing can be done about it but to look at the bot's rights.
        _ if !answering && plainly && status == 403 => Refusal::Forbidden(Vec::new()),
        code => Refusal::Other { status, code },
    }
}

/// Which field of a channel was refused. The category first: another name would not help a full one.
fn invalid_form(errors: &Value) -> Option<Refusal> {
    let untold = errors.is_null() || errors.as_object().is_some_and(Map::is_empty);
    if untold {
        // All other fields are our own choice, and the same for everybody.
        return Some(Refusal::Name);
    }
    if let Some(parent) = errors.get("parent_id") {
        let full = codes(parent).any(|code| code == "CHANNEL_PARENT_MAX_CHANNELS");
        return Some(if full { Refusal::CategoryFull } else { Refusal::CategoryGone });
    }
    if let Some(overwrites) = errors.get("permission_overwrites") {
        let support = overwrites.get(SUPPORT_OVERWRITE).or_else(|| overwrites.get("_errors"));
        return support.map(|_| Refusal::SupportRoleGone);
    }
    errors.get("name").map(|_| Refusal::Name)
}

fn codes(field: &Value) -> impl Iterator<Item = &str> {
    let errors = field.get("_errors").and_then(Value::as_array);
    errors.into_iter().flatten().filter_map(|error| error.get("code")?.as_str())
}

#[cfg(test)]
mod tests;
