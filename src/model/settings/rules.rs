//! What no single place shows: keys that stand twice, panels that offer what does not exist, forms that are too long.
//!
//! It reads the document as it is written and passes over what is not as it should be, so that one mistake hides no other.

use serde_json::Value;

use crate::model::settings::check::{entry_path, field_path};
use crate::model::settings::mistake::{Mistake, Problem, QuestionKind};
use crate::model::settings::nearest::nearest;

/// Discord's limit of the fields of a modal.
const MOST_TEXTS: usize = 5;
/// A message has five rows: a select menu takes one, and the button that goes on takes the last.
const MOST_CHOICES: usize = 4;
/// No list may be longer; what goes beyond is not compared with everything else.
const LONGEST_LIST: usize = 25;

pub(super) fn check_rules(document: &Value, mistakes: &mut Vec<Mistake>) {
    let (types, panels) = (entries(document, "ticket_types"), entries(document, "panels"));
    check_keys(types, "ticket_types", mistakes);
    check_keys(panels, "panels", mistakes);
    for (index, ticket_type) in types.iter().enumerate() {
        check_form(entries(ticket_type, "form"), &format!("ticket_types[{index}].form"), mistakes);
    }
    let keys: Vec<&str> = types.iter().filter_map(|ticket_type| ticket_type.get("key")?.as_str()).collect();
    if keys.is_empty() {
        // That is told already, and a panel is not to blame for it.
        return;
    }
    for (index, panel) in panels.iter().enumerate() {
        check_offers(entries(panel, "ticket_types"), &keys, &format!("panels[{index}].ticket_types"), mistakes);
    }
}

fn entries<'a>(record: &'a Value, field: &str) -> &'a [Value] {
    let list = record.get(field).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    &list[..list.len().min(LONGEST_LIST)]
}

fn check_keys(entries: &[Value], path: &str, mistakes: &mut Vec<Mistake>) {
    let keys: Vec<Option<&str>> = entries.iter().map(|entry| entry.get("key")?.as_str()).collect();
    for (index, key) in keys.iter().enumerate() {
        let first = keys[..index].iter().position(|other| key.is_some() && other == key);
        if let Some(first) = first {
            let [here, there] = [index, first].map(|index| field_path(&entry_path(path, index), "key"));
            mistakes.push(Mistake { path: here, problem: Problem::KeyTaken(there) });
        }
    }
}

fn check_offers(offers: &[Value], keys: &[&str], path: &str, mistakes: &mut Vec<Mistake>) {
    for (index, offer) in offers.iter().enumerate() {
        let Some(offer) = offer.as_str().filter(|offer| !keys.contains(offer)) else { continue };
        let nearest = nearest(offer, keys.iter().copied()).map(str::to_owned);
        mistakes.push(Mistake { path: entry_path(path, index), problem: Problem::UnknownType { nearest } });
    }
}

fn check_form(questions: &[Value], path: &str, mistakes: &mut Vec<Mistake>) {
    check_keys(questions, path, mistakes);
    let kinds: Vec<QuestionKind> = questions.iter().filter_map(|question| kind_of(question.get("answer")?)).collect();
    for (kind, max) in [(QuestionKind::Text, MOST_TEXTS), (QuestionKind::Choice, MOST_CHOICES)] {
        let found = kinds.iter().filter(|other| **other == kind).count();
        if found > max {
            let problem = Problem::TooManyQuestions { kind, max, found };
            mistakes.push(Mistake { path: path.to_owned(), problem });
        }
    }
    for (index, question) in questions.iter().enumerate() {
        let lengths = ["line", "text"].into_iter().find_map(|name| Some((name, question.get("answer")?.get(name)?)));
        let Some((name, lengths)) = lengths else { continue };
        let number = |name: &str| lengths.get(name).and_then(Value::as_u64);
        if let (Some(min), Some(max)) = (number("min"), number("max"))
            && min > max
        {
            let path = format!("{}.answer.{name}.min", entry_path(path, index));
            mistakes.push(Mistake { path, problem: Problem::MinAboveMax });
        }
    }
}

/// How a question with this answer is asked; none where the answer is not understood.
fn kind_of(answer: &Value) -> Option<QuestionKind> {
    let word = answer.as_str().or_else(|| answer.as_object()?.keys().next().map(String::as_str))?;
    match word {
        "line" | "text" => Some(QuestionKind::Text),
        "one" | "many" | "user" | "role" | "channel" => Some(QuestionKind::Choice),
        _ => None,
    }
}
