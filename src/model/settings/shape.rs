//! What a part of the document may look like, as data: the validation and the JSON Schema both follow it.

use crate::model::settings::form::Form;
use crate::model::settings::span::Span;

/// What a value may look like.
pub(super) enum Shape {
    /// The version of the document, and nothing else.
    Version(u64),
    Flag,
    /// A whole number from one to the other.
    Number(u64, u64),
    /// A span from one to the other.
    Span(Span, Span),
    /// An id of Discord's.
    Id,
    /// A text of at least and at most so many characters.
    Text(usize, usize, Form),
    /// A text whose form says how long it may be.
    Formed(Form),
    /// One of these words.
    Word(&'static [&'static str]),
    TimeZone,
    List(List),
    Record(&'static [Field]),
    /// A word, or an object with one field.
    Answer(&'static [Variant]),
}

/// A list of at least and at most so many entries.
pub(super) struct List {
    pub(super) of: &'static Shape,
    pub(super) min: usize,
    pub(super) max: usize,
    /// No entry stands twice.
    pub(super) distinct: bool,
}

/// A field of an object.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) shape: &'static Shape,
    pub(super) required: bool,
    /// What it means, for the schema.
    pub(super) about: &'static str,
}

/// A way to answer a question.
pub(super) struct Variant {
    pub(super) name: &'static str,
    /// It may be written as the mere word.
    pub(super) bare: bool,
    /// What its one field holds, where it may be written as an object.
    pub(super) content: Option<&'static Shape>,
}

pub(super) const fn required(name: &'static str, shape: &'static Shape, about: &'static str) -> Field {
    Field { name, shape, required: true, about }
}

pub(super) const fn optional(name: &'static str, shape: &'static Shape, about: &'static str) -> Field {
    Field { name, shape, required: false, about }
}
