//! Every field of the document: what it may hold, and what it means.
//!
//! The limits of texts are Discord's, in characters.

use crate::model::settings::VERSION;
use crate::model::settings::form::Form;
use crate::model::settings::shape::{Field, List, Shape, Variant, optional, required};
use crate::model::settings::span::Span;

/// Longer than anything lasts here, and short enough to be added to any moment.
const LONGEST: Span = Span::from_secs(100 * 31_557_600);
const SECOND: Span = Span::from_secs(1);
const HOUR: Span = Span::from_secs(3_600);

/// Discord's limit of what is typed into a field of a modal.
const LONGEST_ANSWER: u64 = 4_000;

const FLAG: Shape = Shape::Flag;
const ID: Shape = Shape::Id;
const SPAN: Shape = Shape::Span(SECOND, LONGEST);
const KEY: Shape = Shape::Formed(Form::Key);
const UP_TO_TEN: Shape = Shape::Number(1, 10);
const STAFF: Shape = list(&ID, 1, 10);
const ROLES: Shape = list(&ID, 0, 25);

const fn list(of: &'static Shape, min: usize, max: usize) -> Shape {
    Shape::List(List { of, min, max, distinct: false })
}

const fn distinct(of: &'static Shape, min: usize, max: usize) -> Shape {
    Shape::List(List { of, min, max, distinct: true })
}

/// The document.
pub(super) const DOCUMENT: Shape = Shape::Record(SETTINGS);

const SETTINGS: &[Field] = &[
    required("version", &Shape::Version(VERSION), "The version of this document."),
    optional(
        "language",
        &Shape::Word(&["ru", "en", "auto"]),
        "The language of the server; without it, LOCALE decides. auto: each member their own in what only they see.",
    ),
    optional("time_zone", &Shape::TimeZone, "The time zone of opening hours and dates (UTC)."),
    required("staff_roles", &STAFF, "The roles that see and work on every ticket."),
    optional("administrators_are_staff", &FLAG, "Administrators may do whatever staff may do (true)."),
    required("ticket_types", &list(&TICKET_TYPE, 1, 25), "What members may ask for."),
    optional("panels", &list(&PANEL, 0, 10), "The messages with buttons or menus that open tickets."),
    optional("max_open", &UP_TO_TEN, "How many tickets a member may have open, of all types together (1)."),
    optional("denied_roles", &ROLES, "The roles that may not open tickets."),
    optional("closing", &CLOSING, "How tickets are closed."),
    optional("transcripts", &TRANSCRIPTS, "Transcripts are kept; without it, they are not."),
    optional("log_channel", &ID, "The channel with one card for each ticket."),
    optional("rating", &FLAG, "The owner is asked in private how it was, after the end (false)."),
];

const TICKET_TYPE: Shape = Shape::Record(&[
    required("key", &KEY, "What the type is known by: it stays with its tickets, so do not change it."),
    required("label", &Shape::Text(1, 80, Form::Free), "On its button, or in its menu."),
    optional("emoji", &Shape::Formed(Form::Emoji), "Before the label."),
    optional("description", &Shape::Text(1, 100, Form::Free), "Below the label, in a menu."),
    optional("button", &Shape::Word(&["blue", "grey", "green", "red"]), "The colour of its button (blue)."),
    optional("category", &ID, "The category of its channels."),
    optional("overflow_categories", &list(&ID, 0, 5), "Where its channels go when the category is full, in order."),
    optional("staff_roles", &STAFF, "Who works on its tickets, instead of the staff of the server."),
    optional("mention", &Shape::Word(&["staff", "nobody"]), "Whom the welcome notifies, beside the owner (staff)."),
    optional("channel_name", &Shape::Text(1, 100, Form::Template), "What its channels are called ({name})."),
    optional("welcome", &CARD, "The first message in a ticket; without it, the usual words."),
    optional("form", &list(&QUESTION, 0, 8), "What a member is asked first: at most 5 texts and at most 4 choices."),
    optional("required_roles", &ROLES, "A member needs one of these roles."),
    optional("denied_roles", &ROLES, "The roles that may not open tickets of this type."),
    optional("min_account_age", &SPAN, "How old an account must be."),
    optional("min_member_age", &SPAN, "How long somebody must have been a member."),
    optional("max_open", &UP_TO_TEN, "How many tickets of this type a member may have open (1)."),
    optional("cooldown", &SPAN, "How long a member must wait after the last ticket of this type."),
    optional("hours", &HOURS, "When tickets of this type are answered."),
    optional("closing", &CLOSING, "How its tickets are closed, instead of as the server says."),
    optional(
        "claiming",
        &Shape::Word(&["off", "shown", "quiet", "hidden"]),
        "Whether one of the staff takes a ticket, and the others then read and write, only read, or do not see it (off).",
    ),
]);

const HOURS: Shape = Shape::Record(&[
    required("open", &list(&Shape::Formed(Form::Hours), 1, 25), "When it is open, each as mon-fri 09:00-18:00."),
    optional("outside", &Shape::Word(&["tell", "refuse"]), "Whether a ticket is opened outside of these hours (tell)."),
    optional("text", &Shape::Text(1, 500, Form::Free), "What members are told then; without it, the usual words."),
]);

const QUESTION: Shape = Shape::Record(&[
    required("key", &Shape::Formed(Form::QuestionKey), "What the answer is known by."),
    required("label", &Shape::Text(1, 45, Form::Free), "The question."),
    optional("hint", &Shape::Text(1, 100, Form::Free), "In the empty field."),
    optional("required", &FLAG, "It must be answered (true)."),
    required("answer", &ANSWER, "How it is answered."),
]);

const ANSWER: Shape = Shape::Answer(&[
    Variant { name: "line", bare: true, content: Some(&LENGTHS) },
    Variant { name: "text", bare: true, content: Some(&LENGTHS) },
    Variant { name: "one", bare: false, content: Some(&OPTIONS) },
    Variant { name: "many", bare: false, content: Some(&OPTIONS) },
    Variant { name: "user", bare: true, content: None },
    Variant { name: "role", bare: true, content: None },
    Variant { name: "channel", bare: true, content: None },
]);

const LENGTHS: Shape = Shape::Record(&[
    optional("min", &Shape::Number(0, LONGEST_ANSWER), "At least so many characters."),
    optional("max", &Shape::Number(1, LONGEST_ANSWER), "At most so many characters."),
]);

const OPTIONS: Shape = distinct(&Shape::Text(1, 100, Form::Free), 2, 25);

const CLOSING: Shape = Shape::Record(&[
    optional(
        "delay",
        &Shape::Span(Span::from_secs(0), HOUR),
        "From the announcement to the end of the channel; without it, CLOSE_DELAY decides.",
    ),
    optional("owner_may_close", &FLAG, "The owner may close their ticket (true)."),
    optional("confirm", &FLAG, "Whoever closes is asked in private whether they mean it (false)."),
    optional("cancel", &FLAG, "The announcement has a button that cancels the close (false)."),
    optional("reason", &Shape::Word(&["never", "optional", "required"]), "Whether a reason is asked for (never)."),
    optional("request", &SPAN, "Staff may ask the owner to close; without an answer it closes after this span."),
    optional("keep", &SPAN, "How long a closed ticket can be read and reopened by its owner."),
    optional("on_leave", &FLAG, "A ticket closes when its owner leaves the server (false)."),
    optional("inactivity", &INACTIVITY, "A ticket closes when its owner does not answer."),
]);

const INACTIVITY: Shape = Shape::Record(&[
    required("warn", &SPAN, "From the last word of the staff to the warning."),
    required("close", &SPAN, "From the warning to the close."),
]);

const TRANSCRIPTS: Shape = Shape::Record(&[
    optional("keep", &SPAN, "How long they are kept; without it, for ever."),
    optional("to_owner", &FLAG, "The owner is sent the transcript (false)."),
]);

const PANEL: Shape = Shape::Record(&[
    required("key", &KEY, "What the panel is known by."),
    required("channel", &ID, "Where it stands."),
    required("ticket_types", &distinct(&KEY, 1, 25), "The keys of the ticket types that it offers, in order."),
    optional("style", &Shape::Word(&["buttons", "menu"]), "A button for each, or one menu (buttons)."),
    optional("placeholder", &Shape::Text(1, 150, Form::Free), "What the menu shows before a choice."),
    optional("card", &CARD, "What it says; without it, the usual words."),
]);

const CARD: Shape = Shape::Record(&[
    optional("title", &Shape::Text(1, 256, Form::Template), "Above all."),
    optional("text", &Shape::Text(1, 4_000, Form::Template), "Below the title."),
    optional("colour", &Shape::Formed(Form::Colour), "Of the bar at its side, as #rrggbb."),
    optional("image", &Shape::Text(1, 2_048, Form::Image), "The address of a picture, with https."),
]);
