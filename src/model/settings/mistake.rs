//! What can be wrong with a settings document. The words for it are in `texts`.

use crate::model::settings::form::Form;
use crate::model::settings::span::Span;

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The way to the field, as in `ticket_types[2].form[0].label`; empty for the document as a whole.
    pub path: String,
    /// What is wrong there.
    pub problem: Problem,
}

/// What a value must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// An object with fields.
    Record,
    /// An array.
    List,
    /// A string.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Flag,
    /// An id of Discord's, as a string or a number.
    Id,
    /// A span of time, as in `1h 30m`.
    Span,
    /// The answer to a question: a word, or an object with one field.
    Answer,
}

/// Which of the two kinds of questions, which a form asks in different ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuestionKind {
    /// Asked in a modal.
    Text,
    /// Asked with select menus.
    Choice,
}

/// What is wrong. Lengths are in characters as Discord counts them, which are Unicode's code points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The text is not JSON, and this is where that shows.
    NotJson {
        /// From one.
        line: usize,
        /// From one.
        column: usize,
    },
    /// The text is larger than any document, which has at most so many KiB.
    TooLarge(usize),
    /// The same field stands twice in one object, so that one of the two would be lost.
    FieldTwice,
    /// No field has this name.
    UnknownField {
        /// The name that is probably meant.
        nearest: Option<&'static str>,
        /// All names of fields there.
        known: Vec<&'static str>,
    },
    /// A required field is missing.
    Missing,
    /// A value of another type is expected.
    WrongType(Expected),
    /// The document is of a version that is not known here.
    Version(u64),
    /// Not one of the allowed words.
    UnknownWord {
        /// The word that is probably meant.
        nearest: Option<&'static str>,
        /// All words that are allowed.
        allowed: Vec<&'static str>,
    },
    /// A number is too small or too large.
    OutOfRange(u64, u64),
    /// A span is too short or too long.
    SpanOutOfRange(Span, Span),
    /// A text is shorter or longer than allowed.
    Length {
        /// At least.
        min: usize,
        /// At most.
        max: usize,
        /// The length it has.
        found: usize,
    },
    /// A list has fewer or more entries than allowed.
    Count {
        /// At least.
        min: usize,
        /// At most.
        max: usize,
        /// The number of entries it has.
        found: usize,
    },
    /// A text consists of white space.
    Blank,
    /// A text is not written as it should be.
    Form(Form),
    /// No placeholder has this name.
    UnknownPlaceholder(String),
    /// A brace that belongs to no placeholder.
    LooseBrace,
    /// Opening hours that end when they begin.
    NoHours,
    /// The time zone database has no such name.
    UnknownTimeZone {
        /// The name that is probably meant.
        nearest: Option<&'static str>,
    },
    /// An entry of a list that stands there already, at this path.
    Repeated(String),
    /// A key that is taken already, at this path.
    KeyTaken(String),
    /// A panel names a ticket type that does not exist.
    UnknownType {
        /// The key that is probably meant.
        nearest: Option<String>,
    },
    /// A form has too many questions of a kind.
    TooManyQuestions {
        /// The kind.
        kind: QuestionKind,
        /// At most.
        max: usize,
        /// How many there are.
        found: usize,
    },
    /// An answer must be longer than it may be.
    MinAboveMax,
    /// It passes every check and is not understood all the same.
    Unreadable(String),
}

impl Problem {
    /// Whether a JSON Schema can describe it, so that an editor shows it while one writes. What compares two places of the
    /// document, or calculates, it cannot.
    #[must_use]
    pub const fn is_in_schema(&self) -> bool {
        match self {
            Self::FieldTwice
            | Self::TooLarge(_)
            | Self::SpanOutOfRange(..)
            | Self::NoHours
            | Self::KeyTaken(_)
            | Self::UnknownType { .. }
            | Self::TooManyQuestions { .. }
            | Self::MinAboveMax
            | Self::Unreadable(_) => false,
            Self::NotJson { .. }
            | Self::UnknownField { .. }
            | Self::Missing
            | Self::WrongType(_)
            | Self::Version(_)
            | Self::UnknownWord { .. }
            | Self::OutOfRange(..)
            | Self::Length { .. }
            | Self::Count { .. }
            | Self::Blank
            | Self::Form(_)
            | Self::UnknownPlaceholder(_)
            | Self::LooseBrace
            | Self::UnknownTimeZone { .. }
            | Self::Repeated(_) => true,
        }
    }
}

impl Mistake {
    /// What is wrong with the document as a whole.
    pub(super) const fn whole(problem: Problem) -> Self {
        Self { path: String::new(), problem }
    }
}
