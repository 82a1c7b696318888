//! What is wrong with a settings document is told in every language.

use super::*;
use crate::model::settings::{Expected, Form, QuestionKind, Settings, Span};

/// One of each, and of each of what it may be about.
fn all_problems() -> Vec<Problem> {
    let mut problems = vec![
        Problem::NotJson { line: 3, column: 7 },
        Problem::TooLarge(1_024),
        Problem::FieldTwice,
        Problem::UnknownField { nearest: Some("label"), known: vec!["key", "label"] },
        Problem::UnknownField { nearest: None, known: vec!["key", "label"] },
        Problem::Missing,
        Problem::Version(2),
        Problem::UnknownWord { nearest: Some("auto"), allowed: vec!["ru", "auto"] },
        Problem::UnknownWord { nearest: None, allowed: vec!["ru", "auto"] },
        Problem::OutOfRange(1, 10),
        Problem::SpanOutOfRange(Span::from_secs(0), Span::from_secs(3_600)),
        Problem::Length { min: 1, max: 80, found: 81 },
        Problem::Count { min: 1, max: 25, found: 26 },
        Problem::Blank,
        Problem::UnknownPlaceholder("nmae".to_owned()),
        Problem::LooseBrace,
        Problem::NoHours,
        Problem::UnknownTimeZone { nearest: Some("Europe/Moscow") },
        Problem::UnknownTimeZone { nearest: None },
        Problem::Repeated("panels[0].ticket_types[0]".to_owned()),
        Problem::KeyTaken("panels[0].key".to_owned()),
        Problem::UnknownType { nearest: Some("bug".to_owned()) },
        Problem::UnknownType { nearest: None },
        Problem::TooManyQuestions { kind: QuestionKind::Text, max: 5, found: 6 },
        Problem::TooManyQuestions { kind: QuestionKind::Choice, max: 4, found: 5 },
        Problem::MinAboveMax,
        Problem::Unreadable("eof".to_owned()),
    ];
    let expected = [
        Expected::Record,
        Expected::List,
        Expected::Text,
        Expected::Number,
        Expected::Flag,
        Expected::Id,
        Expected::Span,
        Expected::Answer,
    ];
    problems.extend(expected.map(Problem::WrongType));
    let forms = [Form::Free, Form::Key, Form::QuestionKey, Form::Colour, Form::Image, Form::Emoji, Form::Hours];
    problems.extend(forms.map(Problem::Form));
    problems
}

#[test]
fn every_mistake_has_a_sentence_of_its_own_in_each_language() {
    let is_cyrillic = |text: &str| text.chars().any(|letter| matches!(letter, 'а'..='я' | 'А'..='Я'));
    for language in Language::ALL {
        let path = || "ticket_types[0].label".to_owned();
        let mistakes = all_problems().into_iter().map(|problem| Mistake { path: path(), problem });
        let mut said: Vec<String> = mistakes.map(|mistake| of(language).mistake(&mistake)).collect();
        for text in &said {
            assert_eq!(is_cyrillic(text), language == Language::Russian, "{text}");
            assert!(
                text.starts_with("ticket_types[0].label: ") && !text.ends_with('.') && !text.contains('\n'),
                "{text}"
            );
        }
        let all = said.len();
        said.sort_unstable();
        said.dedup();
        assert_eq!(said.len(), all, "each says something else");
    }
}

#[test]
fn a_mistake_says_where_it_is_and_what_is_probably_meant() {
    let document = r#"{ "version": 1, "staff_roles": ["3"], "time_zone": "europe/moscow",
        "ticket_types": [{ "key": "a", "label": "a", "channel_name": "{nmae\u001b[31m}" }], "closing": { "dely": "5s" } }"#;
    let found = Settings::read(document).unwrap_err();
    let told: Vec<String> = found.iter().map(|mistake| of(Language::English).mistake(mistake)).collect();
    assert_eq!(
        told,
        [
            "time_zone: unknown time zone: is \"Europe/Moscow\" meant?",
            "ticket_types[0].channel_name: {nmae\\u{1b}[31m} is no placeholder: there are {user} {name} {nick} {number} \
             {number:4} {type} {date}",
            "closing.dely: unknown field: is \"delay\" meant?",
        ]
    );
}
