//! The settings of one server, as one document.
//!
//! The document is JSON, and its fields are described once, in `fields`: the validation and the JSON Schema for editors
//! both follow that description. A document is validated whole, and every mistake is told with its path.

mod check;
mod difference;
mod fields;
mod form;
mod hours;
mod json;
mod mistake;
mod nearest;
mod rules;
mod schema;
mod shape;
mod snowflake;
mod span;
#[cfg(test)]
mod tests;
mod ticket_type;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::{ChannelId, RoleId};
pub use form::{Form, PLACEHOLDERS};
pub use hours::{HoursError, OpeningHours};
pub use json::LARGEST;
pub use mistake::{Expected, Mistake, Problem, QuestionKind};
pub use schema::schema;
pub use span::Span;
pub use ticket_type::{
    Answer, ButtonColour, Claiming, Hours, LengthRange, Mention, OutsideHours, Question, TicketType,
};

/// The version of the document that is known here.
const VERSION: u64 = 1;
/// The key of the one ticket type and of the one panel that the environment describes.
const SEED_KEY: &str = "ticket";

/// All that a server's administrators decide about their tickets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The version of the document.
    pub version: u64,
    /// The language of the server; none follows `LOCALE`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub language: Option<LanguageChoice>,
    /// The name of the time zone of opening hours and dates.
    #[serde(default = "utc", skip_serializing_if = "is_utc")]
    pub time_zone: String,
    /// The roles that see and work on every ticket.
    #[serde(with = "snowflake")]
    pub staff_roles: Vec<RoleId>,
    /// Administrators may do whatever staff may do.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub administrators_are_staff: bool,
    /// What members may ask for.
    pub ticket_types: Vec<TicketType>,
    /// The messages with buttons or menus that open tickets.
    #[serde(default, skip_serializing_if = "is_default")]
    pub panels: Vec<Panel>,
    /// How many tickets a member may have open, of all types together.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub max_open: u64,
    /// The roles that may not open tickets.
    #[serde(default, skip_serializing_if = "is_default", with = "snowflake")]
    pub denied_roles: Vec<RoleId>,
    /// How tickets are closed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub closing: Closing,
    /// Whether transcripts are kept; none keeps none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub transcripts: Option<Transcripts>,
    /// The channel with one card for each ticket.
    #[serde(default, skip_serializing_if = "is_default", with = "snowflake")]
    pub log_channel: Option<ChannelId>,
    /// The owner is asked in private how it was, after the end.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rating: bool,
}

/// Who is spoken to in which language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LanguageChoice {
    /// Russian, to all.
    Ru,
    /// English, to all.
    En,
    /// Each member their own in what only they see, and Russian in the channels.
    Auto,
}

/// How a ticket is closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a field of the document, independent of the others")]
pub struct Closing {
    /// From the announcement to the end of the channel; none follows `CLOSE_DELAY`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub delay: Option<Span>,
    /// The owner may close their ticket.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub owner_may_close: bool,
    /// Whoever closes is asked in private whether they mean it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub confirm: bool,
    /// The announcement has a button that cancels the close.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cancel: bool,
    /// Whether a reason is asked for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reason: ReasonPolicy,
    /// Staff may ask the owner to close; without an answer it closes after this span.
    #[serde(default, skip_serializing_if = "is_default")]
    pub request: Option<Span>,
    /// How long a closed ticket can be read and reopened by its owner.
    #[serde(default, skip_serializing_if = "is_default")]
    pub keep: Option<Span>,
    /// A ticket closes when its owner leaves the server.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on_leave: bool,
    /// A ticket closes when its owner does not answer.
    #[serde(default, skip_serializing_if = "is_default")]
    pub inactivity: Option<Inactivity>,
}

impl Default for Closing {
    fn default() -> Self {
        Self {
            delay: None,
            owner_may_close: true,
            confirm: false,
            cancel: false,
            reason: ReasonPolicy::Never,
            request: None,
            keep: None,
            on_leave: false,
            inactivity: None,
        }
    }
}

/// Whether a reason is asked for when a ticket is closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonPolicy {
    /// It is not.
    #[default]
    Never,
    /// It may be given.
    Optional,
    /// It must be given.
    Required,
}

/// When a ticket whose owner does not answer is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inactivity {
    /// From the last word of the staff to the warning.
    pub warn: Span,
    /// From the warning to the close.
    pub close: Span,
}

/// How transcripts are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transcripts {
    /// How long they are kept; none keeps them for ever.
    #[serde(default, skip_serializing_if = "is_default")]
    pub keep: Option<Span>,
    /// The owner is sent the transcript.
    #[serde(default, skip_serializing_if = "is_default")]
    pub to_owner: bool,
}

/// A message that opens tickets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Panel {
    /// What the panel is known by in custom ids.
    pub key: String,
    /// Where it stands.
    #[serde(with = "snowflake")]
    pub channel: ChannelId,
    /// The keys of the ticket types that it offers, in order.
    pub ticket_types: Vec<String>,
    /// How it offers them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub style: PanelStyle,
    /// What the menu shows before a choice.
    #[serde(default, skip_serializing_if = "is_default")]
    pub placeholder: Option<String>,
    /// What it says; an empty card stands for the panel's usual words.
    #[serde(default, skip_serializing_if = "is_default")]
    pub card: Card,
}

/// How a panel offers its ticket types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PanelStyle {
    /// A button for each.
    #[default]
    Buttons,
    /// One select menu.
    Menu,
}

/// What an embed says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Above all.
    #[serde(default, skip_serializing_if = "is_default")]
    pub title: Option<String>,
    /// Below the title.
    #[serde(default, skip_serializing_if = "is_default")]
    pub text: Option<String>,
    /// Of the bar at its side, as `#rrggbb`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub colour: Option<String>,
    /// The address of a picture.
    #[serde(default, skip_serializing_if = "is_default")]
    pub image: Option<String>,
}

/// What the environment says of the home server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HomeServer {
    /// Where the panel stands.
    pub panel_channel: ChannelId,
    /// Where the ticket channels are made.
    pub category: ChannelId,
    /// Who answers.
    pub support_role: RoleId,
    /// From the announcement of a close to the end of the channel.
    pub close_delay: Duration,
    /// Who is spoken to in which language.
    pub language: LanguageChoice,
}

impl Settings {
    /// The settings that hold for the home server as long as none are saved: one panel, one ticket type, with this emoji
    /// and this label on its button.
    #[must_use]
    pub fn from_environment(home: HomeServer, emoji: &str, label: &str) -> Self {
        Self {
            version: VERSION,
            language: Some(home.language),
            time_zone: utc(),
            staff_roles: vec![home.support_role],
            administrators_are_staff: false,
            ticket_types: vec![TicketType {
                emoji: Some(emoji.to_owned()),
                category: Some(home.category),
                ..TicketType::new(SEED_KEY, label)
            }],
            panels: vec![Panel {
                key: SEED_KEY.to_owned(),
                channel: home.panel_channel,
                ticket_types: vec![SEED_KEY.to_owned()],
                style: PanelStyle::Buttons,
                placeholder: None,
                card: Card::default(),
            }],
            max_open: 1,
            denied_roles: Vec::new(),
            closing: Closing { delay: Some(Span(home.close_delay)), ..Closing::default() },
            transcripts: None,
            log_channel: None,
            rating: false,
        }
    }

    /// Reads a document, or tells every mistake in it.
    pub fn read(text: &str) -> Result<Self, Vec<Mistake>> {
        let (value, mut mistakes) = json::parse(text).map_err(|mistake| vec![mistake])?;
        mistakes.extend(find_mistakes(&value));
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let unreadable = |why: serde_json::Error| vec![Mistake::whole(Problem::Unreadable(why.to_string()))];
        serde_json::from_value(value).map_err(unreadable)
    }

    /// Finds every mistake. What [`Settings::read`] returned has none; what a program put together may have.
    #[must_use]
    pub fn validate(&self) -> Vec<Mistake> {
        match serde_json::to_value(self) {
            Ok(value) => find_mistakes(&value),
            Err(why) => vec![Mistake::whole(Problem::Unreadable(why.to_string()))],
        }
    }

    /// The document, without what is as it is by default, always in the same order.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    /// The ticket type with this key; none once it is gone from the settings.
    #[must_use]
    pub fn ticket_type(&self, key: &str) -> Option<&TicketType> {
        self.ticket_types.iter().find(|ticket_type| ticket_type.key == key)
    }

    /// How a ticket of this type is closed: as its type says, or else as the server does.
    #[must_use]
    pub fn closing_of(&self, key: &str) -> &Closing {
        self.ticket_type(key).and_then(|ticket_type| ticket_type.closing.as_ref()).unwrap_or(&self.closing)
    }

    /// The panel that is the bot's first message, word for word, with its custom id: the only one, which offers one type
    /// without a form and has no words of its own.
    #[must_use]
    pub fn seed_panel(&self) -> Option<&Panel> {
        let [panel] = &*self.panels else { return None };
        let [key] = &*panel.ticket_types else { return None };
        let ticket_type = self.ticket_type(key)?;
        let is_plain = panel.style == PanelStyle::Buttons && panel.card == Card::default();
        (is_plain && ticket_type.form.is_empty()).then_some(panel)
    }
}

fn find_mistakes(document: &Value) -> Vec<Mistake> {
    let mut mistakes = check::check_document(document);
    rules::check_rules(document, &mut mistakes);
    mistakes
}

fn utc() -> String {
    "UTC".to_owned()
}

fn is_utc(time_zone: &str) -> bool {
    time_zone == "UTC"
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands in a reference")]
const fn is_yes(flag: &bool) -> bool {
    *flag
}

const fn one() -> u64 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands in a reference")]
const fn is_one(number: &u64) -> bool {
    *number == 1
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
