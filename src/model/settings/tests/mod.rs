//! What a document may say, and what is told of one that says anything else.

use serde_json::{Value, json};

use super::*;

mod agreement;
mod json_schema;
mod limits;

/// The smallest document.
fn smallest() -> Value {
    json!({ "version": 1, "staff_roles": ["30"], "ticket_types": [{ "key": "help", "label": "help" }] })
}

/// A document in which every field stands, and none is as it is by default.
fn fullest() -> Value {
    json!({
        "version": 1,
        "language": "auto",
        "time_zone": "Europe/Moscow",
        "staff_roles": ["30", "31"],
        "administrators_are_staff": false,
        "ticket_types": [{
            "key": "help",
            "label": "Помощь",
            "emoji": "🎫",
            "description": "Вопросы и ошибки",
            "button": "green",
            "category": "20",
            "overflow_categories": ["21", "22"],
            "staff_roles": ["32"],
            "mention": "nobody",
            "channel_name": "help-{number:4}",
            "welcome": { "title": "Тикет {number}", "text": "{user}, привет!", "colour": "#12abEF", "image": "https://example.org/a.png" },
            "form": [
                { "key": "what", "label": "Что случилось?", "hint": "словами", "required": false, "answer": { "text": { "min": 10, "max": 500 } } },
                { "key": "name", "label": "Имя", "answer": "line" },
                { "key": "where", "label": "Где?", "answer": { "one": ["телефон", "компьютер"] } },
                { "key": "when", "label": "Когда?", "answer": { "many": ["утром", "вечером"] } },
                { "key": "who", "label": "Кто?", "answer": "user" }
            ],
            "required_roles": ["33"],
            "denied_roles": ["34"],
            "min_account_age": "7days",
            "min_member_age": "1h",
            "max_open": 2,
            "cooldown": "10m",
            "hours": { "open": ["mon-fri 09:00-18:00", "sat 22:00-02:00"], "outside": "refuse", "text": "мы спим" },
            "closing": { "delay": "0s", "reason": "required" },
            "claiming": "quiet"
        }],
        "panels": [{
            "key": "main", "channel": "10", "ticket_types": ["help"], "style": "menu", "placeholder": "выбери",
            "card": { "title": "Поддержка" }
        }],
        "max_open": 3,
        "denied_roles": ["35"],
        "closing": {
            "delay": "1m", "owner_may_close": false, "confirm": true, "cancel": true, "reason": "optional", "request": "1day",
            "keep": "2days", "on_leave": true, "inactivity": { "warn": "2days", "close": "1day" }
        },
        "transcripts": { "keep": "1year", "to_owner": true },
        "log_channel": "11",
        "rating": true
    })
}

/// Every mistake, with its path.
fn mistakes(document: &Value) -> Vec<(String, Problem)> {
    let found = Settings::read(&document.to_string()).err().unwrap_or_default();
    found.into_iter().map(|mistake| (mistake.path, mistake.problem)).collect()
}

/// The document with another value at this place, a JSON Pointer; null takes the field away.
fn with(mut document: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = document.pointer_mut(parent).unwrap_or_else(|| panic!("there is no {parent}"));
    match parent {
        Value::Object(record) if value.is_null() => drop(record.remove(name)),
        Value::Object(record) => drop(record.insert(name.to_owned(), value)),
        Value::Array(list) if name == "-" => list.push(value),
        parent => parent[name.parse::<usize>().unwrap()] = value,
    }
    document
}

fn home() -> HomeServer {
    HomeServer {
        panel_channel: ChannelId(10),
        category: ChannelId(20),
        support_role: RoleId(30),
        close_delay: Duration::from_secs(90),
        language: LanguageChoice::Ru,
    }
}

fn from_environment(home: HomeServer) -> Settings {
    Settings::from_environment(home, "🎫", "создать тикет")
}

#[test]
fn a_document_is_written_as_it_was_read_without_what_is_usual() {
    for document in [smallest(), fullest()] {
        let settings = Settings::read(&document.to_string()).unwrap();
        let text = settings.to_text().unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), document);
        assert_eq!(Settings::read(&text).unwrap(), settings);
        assert_eq!(settings.validate(), []);
    }
    let spelt = json!({
        "version": 1, "time_zone": "UTC", "staff_roles": [30], "administrators_are_staff": true, "panels": [], "max_open": 1,
        "ticket_types": [{ "key": "help", "label": "help", "button": "blue", "channel_name": "{name}", "form": [], "claiming": "off" }],
        "denied_roles": [], "closing": { "owner_may_close": true, "reason": "never" }, "rating": false
    });
    let settings = Settings::read(&spelt.to_string()).unwrap();
    assert_eq!(serde_json::to_value(&settings).unwrap(), smallest(), "ids are strings, and defaults are left out");
}

#[test]
fn fields_are_written_in_the_order_of_their_description() {
    let text = Settings::read(&fullest().to_string()).unwrap().to_text().unwrap();
    let fields = ["version", "language", "time_zone", "staff_roles", "ticket_types", "panels", "closing", "rating"];
    let places: Vec<_> = fields.iter().map(|field| text.find(&format!("\n  \"{field}\"")).unwrap()).collect();
    assert!(places.is_sorted(), "{text}");
}

#[test]
fn what_the_environment_says_is_a_document_like_any_other() {
    let settings = from_environment(home());
    assert_eq!(settings.validate(), []);
    assert_eq!(
        serde_json::to_value(&settings).unwrap(),
        json!({
            "version": 1,
            "language": "ru",
            "staff_roles": ["30"],
            "administrators_are_staff": false,
            "ticket_types": [{ "key": "ticket", "label": "создать тикет", "emoji": "🎫", "category": "20" }],
            "panels": [{ "key": "ticket", "channel": "10", "ticket_types": ["ticket"] }],
            "closing": { "delay": "1m 30s" }
        })
    );
    assert_eq!(Settings::read(&settings.to_text().unwrap()).unwrap(), settings);
    assert!(settings.seed_panel().is_some());

    let late = from_environment(HomeServer { close_delay: Duration::from_secs(7_200), ..home() });
    let problem = Problem::SpanOutOfRange(Span::from_secs(0), Span::from_secs(3_600));
    assert_eq!(late.validate(), [Mistake { path: "closing.delay".into(), problem }], "the environment allows a day");
}

#[test]
fn the_first_panel_has_words_and_an_id_of_its_own() {
    let seed = serde_json::to_value(from_environment(home())).unwrap();
    let shows = |document: &Value| Settings::read(&document.to_string()).unwrap().seed_panel().is_some();
    assert!(shows(&seed));
    let other = json!({ "key": "b", "channel": "10", "ticket_types": ["ticket"] });
    for (place, value) in [
        ("/panels/-", other),
        ("/panels", json!([])),
        ("/panels/0/card", json!({ "title": "help" })),
        ("/panels/0/style", json!("menu")),
        ("/ticket_types/0/form", json!([{ "key": "a", "label": "a", "answer": "line" }])),
    ] {
        assert!(!shows(&with(seed.clone(), place, value)), "{place}");
    }
    let two = with(seed, "/ticket_types/-", json!({ "key": "bug", "label": "bug" }));
    assert!(shows(&two), "a type that no panel offers changes nothing");
    assert!(!shows(&with(two, "/panels/0/ticket_types", json!(["ticket", "bug"]))));
}

#[test]
fn a_type_closes_its_tickets_as_it_says_or_else_as_the_server_says() {
    let settings = Settings::read(&fullest().to_string()).unwrap();
    assert_eq!(settings.closing_of("help").delay, Some(Span::from_secs(0)));
    assert_eq!(settings.closing_of("gone").delay, Some(Span::from_secs(60)), "a type that is gone");
}

#[test]
fn all_mistakes_are_told_at_once_each_with_its_path() {
    let document = json!({
        "version": 1,
        "stuff_roles": ["30"],
        "ticket_types": [
            { "key": "Help", "label": "help", "button": "pink" },
            { "key": "bug", "lable": "bug", "form": [
                { "key": "a", "label": "a", "answer": { "line": { "min": 10, "max": 5 } } },
                { "key": "a", "label": "a", "answer": "one" }
            ] },
            { "key": "bug", "label": "bug", "channel_name": "{numbr}" }
        ],
        "panels": [{ "key": "main", "channel": "here", "ticket_types": ["bgu"] }],
        "closing": { "delay": "2h", "keep": "soon" }
    });
    let known = |fields: &[&'static str]| fields.to_vec();
    let colours = known(&["blue", "grey", "green", "red"]);
    let found = mistakes(&document);
    let path = |path: &str| found.iter().filter(|(at, _)| at == path).map(|(_, problem)| problem).collect::<Vec<_>>();
    assert_eq!(path("staff_roles"), [&Problem::Missing]);
    assert!(matches!(path("stuff_roles")[..], [Problem::UnknownField { nearest: Some("staff_roles"), .. }]));
    assert_eq!(path("ticket_types[0].key"), [&Problem::Form(Form::Key)]);
    assert_eq!(path("ticket_types[0].button"), [&Problem::UnknownWord { nearest: None, allowed: colours }]);
    assert_eq!(path("ticket_types[1].label"), [&Problem::Missing]);
    assert!(matches!(path("ticket_types[1].lable")[..], [Problem::UnknownField { nearest: Some("label"), .. }]));
    assert_eq!(path("ticket_types[1].form[0].answer.line.min"), [&Problem::MinAboveMax]);
    assert_eq!(path("ticket_types[1].form[1].key"), [&Problem::KeyTaken("ticket_types[1].form[0].key".into())]);
    assert_eq!(path("ticket_types[1].form[1].answer.one"), [&Problem::Missing]);
    assert_eq!(path("ticket_types[2].key"), [&Problem::KeyTaken("ticket_types[1].key".into())]);
    assert_eq!(path("ticket_types[2].channel_name"), [&Problem::UnknownPlaceholder("numbr".into())]);
    assert_eq!(path("panels[0].channel"), [&Problem::WrongType(Expected::Id)]);
    assert_eq!(path("panels[0].ticket_types[0]"), [&Problem::UnknownType { nearest: Some("bug".into()) }]);
    assert_eq!(path("closing.delay"), [&Problem::SpanOutOfRange(Span::from_secs(0), Span::from_secs(3_600))]);
    assert_eq!(path("closing.keep"), [&Problem::WrongType(Expected::Span)]);
    assert_eq!(found.len(), 15, "{found:#?}");
}

#[test]
fn what_is_no_json_is_told_with_its_place() {
    let place = |text: &str| match Settings::read(text) {
        Err(found) => match &*found {
            [Mistake { path, problem: Problem::NotJson { line, column } }] if path.is_empty() => (*line, *column),
            _ => panic!("{text:?}: {found:?}"),
        },
        Ok(settings) => panic!("{text:?}: {settings:?}"),
    };
    assert_eq!(place(""), (1, 1));
    assert_eq!(place("{\n  \"version\": 1,\n}"), (3, 1));
    assert_eq!(place("{\"version\": 1"), (1, 13));
    assert_eq!(place("{} {}"), (1, 4));
    assert_eq!(place(&"[".repeat(100_000)).0, 1, "and it goes no deeper than it has to");

    let found = Settings::read(&" ".repeat(2_000_000)).unwrap_err();
    assert_eq!(found, [Mistake::whole(Problem::TooLarge(1_024))]);
    assert!(Settings::read(&format!("\u{feff}{}", smallest())).is_ok(), "a mark that some editors write first");
}

#[test]
fn a_field_that_stands_twice_is_told() {
    let text = r#"{ "version": 1, "staff_roles": ["30"], "ticket_types": [
        { "key": "help", "label": "help", "closing": { "keep": "1h" }, "closing": { "confirm": true } }
    ], "version": 1 }"#;
    let found: Vec<_> = Settings::read(text).unwrap_err();
    let twice = |path: &str| Mistake { path: path.to_owned(), problem: Problem::FieldTwice };
    assert_eq!(found, [twice("ticket_types[0].closing"), twice("version")]);
}

#[test]
fn a_path_is_plain_whatever_a_field_is_called() {
    let strange = with(smallest(), "/\u{1b}[31m`\n", json!(1));
    let [(path, Problem::UnknownField { nearest: None, .. })] = &mistakes(&strange)[..] else { panic!("one mistake") };
    assert_eq!(path, r#"["\u{1b}[31m`\n"]"#);
    let long = with(smallest(), &format!("/{}", "я".repeat(10_000)), json!(1));
    assert!(mistakes(&long)[0].0.chars().count() < 50);
}

#[test]
fn a_hostile_document_is_refused_within_reason() {
    let many: serde_json::Map<String, Value> = (0..40_000).map(|number| (format!("lable{number}"), json!(1))).collect();
    assert!(mistakes(&Value::Object(many)).len() < 50);
    let types = vec![json!({ "key": "help", "label": "help" }); 40_000];
    assert!(mistakes(&with(smallest(), "/ticket_types", Value::Array(types))).len() < 50);
}
