//! What members may ask for: a ticket type, its form, its hours.

use serde::{Deserialize, Serialize};

use crate::ids::{ChannelId, RoleId};
use crate::model::settings::span::Span;
use crate::model::settings::{Card, Closing, is_default, is_one, is_yes, one, snowflake, yes};

/// A kind of ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TicketType {
    /// What the type is known by in custom ids and tickets.
    pub key: String,
    /// On its button, or in its menu.
    pub label: String,
    /// Before the label.
    #[serde(default, skip_serializing_if = "is_default")]
    pub emoji: Option<String>,
    /// Below the label, in a menu.
    #[serde(default, skip_serializing_if = "is_default")]
    pub description: Option<String>,
    /// The colour of its button.
    #[serde(default, skip_serializing_if = "is_default")]
    pub button: ButtonColour,
    /// The category of its channels.
    #[serde(default, skip_serializing_if = "is_default", with = "snowflake")]
    pub category: Option<ChannelId>,
    /// Where its channels go when the category is full, in order.
    #[serde(default, skip_serializing_if = "is_default", with = "snowflake")]
    pub overflow_categories: Vec<ChannelId>,
    /// Who works on its tickets, instead of the staff of the server.
    #[serde(default, skip_serializing_if = "is_default", with = "snowflake")]
    pub staff_roles: Option<Vec<RoleId>>,
    /// Whom the welcome notifies, beside the owner.
    #[serde(default, skip_serializing_if = "is_default")]
    pub mention: Mention,
    /// What its channels are called.
    #[serde(default = "member_name", skip_serializing_if = "is_member_name")]
    pub channel_name: String,
    /// The first message in a ticket; none stands for the usual words.
    #[serde(default, skip_serializing_if = "is_default")]
    pub welcome: Option<Card>,
    /// What a member is asked before the ticket is opened.
    #[serde(default, skip_serializing_if = "is_default")]
    pub form: Vec<Question>,
    /// A member needs one of these roles.
    #[serde(default, skip_serializing_if = "is_default", with = "snowflake")]
    pub required_roles: Vec<RoleId>,
    /// The roles that may not open tickets of this type.
    #[serde(default, skip_serializing_if = "is_default", with = "snowflake")]
    pub denied_roles: Vec<RoleId>,
    /// How old an account must be.
    #[serde(default, skip_serializing_if = "is_default")]
    pub min_account_age: Option<Span>,
    /// How long somebody must have been a member.
    #[serde(default, skip_serializing_if = "is_default")]
    pub min_member_age: Option<Span>,
    /// How many tickets of this type a member may have open.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub max_open: u64,
    /// How long a member must wait after the last ticket of this type.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cooldown: Option<Span>,
    /// When tickets of this type are answered.
    #[serde(default, skip_serializing_if = "is_default")]
    pub hours: Option<Hours>,
    /// How its tickets are closed, instead of as the server says.
    #[serde(default, skip_serializing_if = "is_default")]
    pub closing: Option<Closing>,
    /// Whether one of the staff takes a ticket, and who else sees it then.
    #[serde(default, skip_serializing_if = "is_default")]
    pub claiming: Claiming,
}

impl TicketType {
    /// A ticket type with everything else as it is by default.
    #[must_use]
    pub fn new(key: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            label: label.into(),
            emoji: None,
            description: None,
            button: ButtonColour::default(),
            category: None,
            overflow_categories: Vec::new(),
            staff_roles: None,
            mention: Mention::default(),
            channel_name: member_name(),
            welcome: None,
            form: Vec::new(),
            required_roles: Vec::new(),
            denied_roles: Vec::new(),
            min_account_age: None,
            min_member_age: None,
            max_open: 1,
            cooldown: None,
            hours: None,
            closing: None,
            claiming: Claiming::default(),
        }
    }
}

fn member_name() -> String {
    "{name}".to_owned()
}

fn is_member_name(name: &str) -> bool {
    name == "{name}"
}

/// The colour of a button, by Discord's styles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ButtonColour {
    /// Primary.
    #[default]
    Blue,
    /// Secondary.
    Grey,
    /// Success.
    Green,
    /// Danger.
    Red,
}

/// Whom the welcome notifies, beside the owner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mention {
    /// The staff of the type.
    #[default]
    Staff,
    /// The owner alone is notified.
    Nobody,
}

/// Whether one of the staff takes a ticket, and what the others of the staff see of it then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claiming {
    /// Tickets are not claimed.
    #[default]
    Off,
    /// They read and write.
    Shown,
    /// They only read.
    Quiet,
    /// They do not see it.
    Hidden,
}

/// When tickets of a type are answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// When it is open, each as `mon-fri 09:00-18:00`.
    pub open: Vec<String>,
    /// What happens outside of these hours.
    #[serde(default, skip_serializing_if = "is_default")]
    pub outside: OutsideHours,
    /// What members are told then; none stands for the usual words.
    #[serde(default, skip_serializing_if = "is_default")]
    pub text: Option<String>,
}

/// What happens outside of the opening hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutsideHours {
    /// The ticket is opened, and the member is told when to expect an answer.
    #[default]
    Tell,
    /// No ticket is opened.
    Refuse,
}

/// A question of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// What the answer is known by.
    pub key: String,
    /// The question.
    pub label: String,
    /// In the empty field.
    #[serde(default, skip_serializing_if = "is_default")]
    pub hint: Option<String>,
    /// It must be answered.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub required: bool,
    /// How it is answered.
    pub answer: Answer,
}

/// How a question is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", from = "Spelling", into = "Spelling")]
pub enum Answer {
    /// A line of text.
    Line(LengthRange),
    /// Several lines of text.
    Text(LengthRange),
    /// One of these.
    One(Vec<String>),
    /// Some of these.
    Many(Vec<String>),
    /// A member.
    User,
    /// A role.
    Role,
    /// A channel.
    Channel,
}

/// How long a text answer must and may be, in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LengthRange {
    /// At least.
    #[serde(default, skip_serializing_if = "is_default")]
    pub min: Option<u64>,
    /// At most; none stands for as much as Discord takes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub max: Option<u64>,
}

/// An answer as it is written: `"line"`, or `{"line": {"max": 100}}`.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Spelling {
    Word(Word),
    Record(Record),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Line,
    Text,
    User,
    Role,
    Channel,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Record {
    Line(LengthRange),
    Text(LengthRange),
    One(Vec<String>),
    Many(Vec<String>),
}

impl From<Spelling> for Answer {
    fn from(spelling: Spelling) -> Self {
        match spelling {
            Spelling::Word(Word::Line) => Self::Line(LengthRange::default()),
            Spelling::Word(Word::Text) => Self::Text(LengthRange::default()),
            Spelling::Word(Word::User) => Self::User,
            Spelling::Word(Word::Role) => Self::Role,
            Spelling::Word(Word::Channel) => Self::Channel,
            Spelling::Record(Record::Line(range)) => Self::Line(range),
            Spelling::Record(Record::Text(range)) => Self::Text(range),
            Spelling::Record(Record::One(options)) => Self::One(options),
            Spelling::Record(Record::Many(options)) => Self::Many(options),
        }
    }
}

impl From<Answer> for Spelling {
    fn from(answer: Answer) -> Self {
        let plain = LengthRange::default();
        match answer {
            Answer::Line(range) if range == plain => Self::Word(Word::Line),
            Answer::Text(range) if range == plain => Self::Word(Word::Text),
            Answer::Line(range) => Self::Record(Record::Line(range)),
            Answer::Text(range) => Self::Record(Record::Text(range)),
            Answer::One(options) => Self::Record(Record::One(options)),
            Answer::Many(options) => Self::Record(Record::Many(options)),
            Answer::User => Self::Word(Word::User),
            Answer::Role => Self::Word(Word::Role),
            Answer::Channel => Self::Word(Word::Channel),
        }
    }
}
