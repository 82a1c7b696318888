//! What is wrong with a settings document, in English.

use crate::model::settings::{Expected, Form, Problem, QuestionKind};
use crate::texts::placeholders;

pub(super) fn problem(problem: &Problem) -> String {
    match problem {
        Problem::NotJson { line, column } => {
            format!(
                "line {line}, column {column}: not JSON from here on: look for a comma, a quote or a bracket before it"
            )
        }
        Problem::TooLarge(most) => format!("larger than {most} KiB: this is not a settings document"),
        Problem::FieldTwice => "stands twice in the same object: keep one of the two".into(),
        Problem::UnknownField { nearest: Some(name), .. } => format!("unknown field: is \"{name}\" meant?"),
        Problem::UnknownField { nearest: None, known } => format!("unknown field: known here are {}", known.join(", ")),
        Problem::Missing => "is missing".into(),
        Problem::WrongType(wanted) => format!("expected {}", expected(*wanted)),
        Problem::Version(version) => format!("version {version} is not known, this bot reads version 1"),
        Problem::UnknownWord { nearest: Some(word), .. } => format!("unknown word: is \"{word}\" meant?"),
        Problem::UnknownWord { nearest: None, allowed } => format!("expected one of {}", allowed.join(", ")),
        Problem::OutOfRange(min, max) => format!("expected a whole number from {min} to {max}"),
        Problem::SpanOutOfRange(min, max) => format!("expected a span of time from {min} to {max}"),
        Problem::Length { min, max, found } => format!("has {found} characters, {min} to {max} are allowed"),
        Problem::Count { min, max, found } => format!("number of entries: {found}, {min} to {max} are allowed"),
        Problem::Blank => "is blank: write something, or leave the field out".into(),
        Problem::Form(wanted) => format!("expected {}", form(*wanted)),
        Problem::UnknownPlaceholder(name) => {
            format!("{{{}}} is no placeholder: there are {}", name.escape_debug(), placeholders())
        }
        Problem::LooseBrace => format!("a brace that belongs to no placeholder: there are {}", placeholders()),
        Problem::NoHours => "these hours end when they begin: a whole day is 00:00-24:00".into(),
        Problem::UnknownTimeZone { nearest: Some(name) } => format!("unknown time zone: is \"{name}\" meant?"),
        Problem::UnknownTimeZone { nearest: None } => {
            "expected the name of a time zone, such as UTC or Europe/Moscow".into()
        }
        Problem::Repeated(path) => format!("stands in this list already: {path}"),
        Problem::KeyTaken(path) => format!("this key is taken already: {path}"),
        Problem::UnknownType { nearest: Some(key) } => format!("no ticket type has this key: is \"{key}\" meant?"),
        Problem::UnknownType { nearest: None } => "no ticket type has this key".into(),
        Problem::TooManyQuestions { kind: QuestionKind::Text, max, found } => {
            format!("text questions (line, text): {found}, Discord's forms take at most {max}")
        }
        Problem::TooManyQuestions { kind: QuestionKind::Choice, max, found } => {
            format!("choices (one, many, user, role, channel): {found}, a message takes at most {max}")
        }
        Problem::MinAboveMax => "is larger than max: no answer would do".into(),
        Problem::Unreadable(why) => format!("cannot be read: {why}"),
    }
}

const fn expected(wanted: Expected) -> &'static str {
    match wanted {
        Expected::Record => "an object, as in { \"key\": … }",
        Expected::List => "a list, as in [ … ]",
        Expected::Text => "a text in quotes",
        Expected::Number => "a whole number",
        Expected::Flag => "true or false",
        Expected::Id => "an id of Discord's, only digits, such as \"1234567890123456789\"",
        Expected::Span => "a span of time, such as \"30s\", \"1h 30m\" or \"2days\"",
        Expected::Answer => {
            "\"line\", \"text\", \"user\", \"role\", \"channel\", { \"line\": { \"max\": 100 } } or { \"one\": [\"yes\", \"no\"] }"
        }
    }
}

const fn form(form: Form) -> &'static str {
    match form {
        Form::Free | Form::Template => "a text that can be seen",
        Form::Key => "a key of 1 to 20 small Latin letters, digits and hyphens",
        Form::QuestionKey => "a key of 1 to 20 small Latin letters, digits and underscores",
        Form::Colour => "a colour as #rrggbb, such as \"#5865f2\"",
        Form::Image => "an address that begins with https://",
        Form::Emoji => "one emoji, or one of the server's as <:name:id>",
        Form::Hours => "opening hours, such as \"mon-fri 09:00-18:00\" or \"sat,sun 22:00-02:00\"",
    }
}
