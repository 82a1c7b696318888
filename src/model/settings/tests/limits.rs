//! Each limit of a field, on both sides of it; the schema has the same.

use super::agreement::check_agreement;
use super::*;

/// A value that is right, and one that is just beyond.
struct Limit {
    place: &'static str,
    right: Vec<Value>,
    wrong: Vec<Value>,
}

fn limit(place: &'static str, right: impl Into<Vec<Value>>, wrong: impl Into<Vec<Value>>) -> Limit {
    Limit { place, right: right.into(), wrong: wrong.into() }
}

fn letters(count: usize) -> Value {
    // Two units in UTF-16 and four bytes in UTF-8, and one character for Discord.
    Value::String("🎫".repeat(count))
}

fn ids(count: usize) -> Value {
    (0..count).map(|index| json!(100 + index)).collect()
}

/// Fields that are texts of at least one and at most so many characters.
fn texts() -> Vec<Limit> {
    let lengths = [
        ("/ticket_types/0/label", 80),
        ("/ticket_types/0/description", 100),
        ("/ticket_types/0/channel_name", 100),
        ("/ticket_types/0/welcome/title", 256),
        ("/ticket_types/0/welcome/text", 4_000),
        ("/ticket_types/0/form/0/label", 45),
        ("/ticket_types/0/form/0/hint", 100),
        ("/ticket_types/0/hours/text", 500),
        ("/panels/0/placeholder", 150),
        ("/panels/0/card/title", 256),
        ("/panels/0/card/text", 4_000),
    ];
    let blank = || json!(" \n\u{a0}");
    let of = |(place, most)| {
        limit(place, [letters(1), letters(most)], [json!(""), blank(), letters(most + 1), json!(1), json!(["a"])])
    };
    lengths.into_iter().map(of).collect()
}

fn spans() -> Vec<Limit> {
    let places = [
        "/ticket_types/0/min_account_age",
        "/ticket_types/0/min_member_age",
        "/ticket_types/0/cooldown",
        "/closing/request",
        "/closing/keep",
        "/closing/inactivity/warn",
        "/closing/inactivity/close",
        "/transcripts/keep",
    ];
    let right = || [json!("1s"), json!("1h 30m"), json!("2 days"), json!("100years")];
    let wrong = || [json!("0s"), json!("101years"), json!("5"), json!("500ms"), json!("1.5h"), json!(5), json!("")];
    let mut limits: Vec<_> = places.into_iter().map(|place| limit(place, right(), wrong())).collect();
    let wrong = [json!("61m"), json!("-1s"), json!(0)];
    limits.push(limit("/closing/delay", [json!("0s"), json!("1h")], wrong));
    limits
}

fn lists() -> Vec<Limit> {
    let types = |count: usize| -> Value {
        let mut types = vec![fullest()["ticket_types"][0].clone()];
        types.extend((1..count).map(|index| json!({ "key": format!("t{index}"), "label": "t" })));
        Value::Array(types)
    };
    let panels = |count: usize| -> Value {
        (0..count)
            .map(|index| json!({ "key": format!("p{index}"), "channel": "1", "ticket_types": ["help"] }))
            .collect()
    };
    let options = |count: usize| json!({ "one": (0..count).map(|index| index.to_string()).collect::<Vec<_>>() });
    let hours = |count: usize| Value::Array(vec![json!("mon 09:00-18:00"); count]);
    let question = |index: usize, answer: &str| json!({ "key": format!("q{index}"), "label": "q", "answer": answer });
    let form = |texts: usize, choices: usize| -> Value {
        let kinds = std::iter::repeat_n("line", texts).chain(std::iter::repeat_n("channel", choices));
        kinds.enumerate().map(|(index, answer)| question(index, answer)).collect()
    };
    vec![
        limit("/staff_roles", [ids(1), ids(10)], [ids(0), ids(11), json!("30")]),
        limit("/denied_roles", [ids(0), ids(25)], [ids(26)]),
        limit("/ticket_types", [types(1), types(25)], [types(26), json!([]), json!({})]),
        limit("/ticket_types/0/staff_roles", [ids(1), ids(10)], [ids(0), ids(11)]),
        limit("/ticket_types/0/overflow_categories", [ids(0), ids(5)], [ids(6)]),
        limit("/ticket_types/0/required_roles", [ids(0), ids(25)], [ids(26)]),
        limit("/ticket_types/0/denied_roles", [ids(0), ids(25)], [ids(26)]),
        limit("/ticket_types/0/form", [form(5, 0), form(4, 4), form(5, 3)], [form(6, 0), form(0, 5), form(5, 4)]),
        limit("/ticket_types/0/form/0/answer", [options(2), options(25)], [options(1), options(26)]),
        limit("/ticket_types/0/hours/open", [hours(1), hours(25)], [hours(0), hours(26)]),
        limit("/panels", [panels(0), panels(10)], [panels(11)]),
        limit("/panels/0/ticket_types", [json!(["help"])], [json!([]), json!(["help", "help"]), json!(["bug"])]),
    ]
}

/// Texts that must be written in a certain way, and answers.
fn formed() -> Vec<Limit> {
    let answers = [
        json!("line"),
        json!("text"),
        json!("user"),
        json!("role"),
        json!("channel"),
        json!({ "line": {} }),
        json!({ "text": { "min": 0, "max": 4000 } }),
        json!({ "line": { "min": 5, "max": 5 } }),
        json!({ "many": ["a", "b"] }),
    ];
    let no_answers = [
        json!("number"),
        json!("one"),
        json!({}),
        json!({ "line": {}, "text": {} }),
        json!({ "user": {} }),
        json!({ "line": [] }),
        json!({ "text": { "max": 4001 } }),
        json!({ "text": { "max": 0 } }),
        json!({ "line": { "min": 6, "max": 5 } }),
        json!({ "many": ["a", "a"] }),
        json!({ "one": ["a", letters(101)] }),
        json!({ "one": ["a", " "] }),
        json!(1),
    ];
    let templates = [json!("{user}{name}{nick}{number}{number:4}{type}{date}"), json!("ticket")];
    let no_templates = [
        json!("{Name}"),
        json!("{number:3}"),
        json!("{}"),
        json!("{name"),
        json!("name}"),
        json!("{{name}}"),
        json!("{ name }"),
    ];
    let emoji =
        [json!("🎫"), json!("⚠️"), json!("1️⃣"), json!("🏴󠁧󠁢󠁳󠁣󠁴󠁿"), json!("👨‍👩‍👧‍👦"), json!("<:name:123>"), json!("<a:na_me:123>")];
    let no_emoji = [
        json!("smile"),
        json!(":smile:"),
        json!("я"),
        json!(""),
        json!("1"),
        json!("🎫 "),
        json!("<:n:123>"),
        json!("<:name:0>"),
        json!("<:name>"),
    ];
    let hours = [json!("mon-fri 09:00-18:00"), json!("sat,sun 22:00-02:00"), json!("mon-sun 00:00-24:00")];
    let no_hours = [json!("always"), json!("mon 9:00-18:00"), json!("mon 09:00-09:00"), json!(9)];
    let keys = [json!("a"), json!("a-9-b"), json!("12345678901234567890")];
    let no_keys = [json!(""), json!("A"), json!("a_b"), json!("a b"), json!("я"), json!("123456789012345678901")];
    vec![
        limit("/version", [json!(1)], [json!(0), json!(2), json!("1"), json!(-1)]),
        limit("/time_zone", [json!("UTC"), json!("Asia/Almaty")], [json!("Moscow"), json!("europe/moscow"), json!(3)]),
        limit("/panels/0/key", keys, no_keys.clone()),
        limit(
            "/ticket_types/0/form/0/key",
            [json!("a_9")],
            [json!("a-b"), json!("A"), json!(""), json!("123456789012345678901")],
        ),
        limit("/ticket_types/0/form/0/answer", answers, no_answers),
        limit("/ticket_types/0/channel_name", templates, no_templates),
        limit("/ticket_types/0/emoji", emoji, no_emoji),
        limit("/ticket_types/0/hours/open/0", hours, no_hours),
        limit(
            "/panels/0/card/colour",
            [json!("#000000"), json!("#aBcDeF")],
            [json!("000000"), json!("#fff"), json!("#00000g"), json!(0)],
        ),
        limit(
            "/panels/0/card/image",
            [json!("https://a"), json!("https://example.org:8443/a?b=c#d")],
            [
                json!("http://example.org/a.png"),
                json!("https://"),
                json!("https:///a"),
                json!("https://a/{name}"),
                json!("https://a b"),
                json!(format!("https://a/{}", "a".repeat(2_039))),
            ],
        ),
    ]
}

/// Flags, ids, numbers and words.
fn simple() -> Vec<Limit> {
    let flags = [
        "/administrators_are_staff",
        "/rating",
        "/closing/confirm",
        "/closing/cancel",
        "/closing/on_leave",
        "/closing/owner_may_close",
        "/transcripts/to_owner",
        "/ticket_types/0/form/0/required",
    ];
    let channels = ["/log_channel", "/panels/0/channel", "/ticket_types/0/category"];
    let words = [
        ("/language", &["ru", "en", "auto"][..]),
        ("/ticket_types/0/button", &["blue", "grey", "green", "red"]),
        ("/ticket_types/0/mention", &["staff", "nobody"]),
        ("/ticket_types/0/hours/outside", &["tell", "refuse"]),
        ("/ticket_types/0/claiming", &["off", "shown", "quiet", "hidden"]),
        ("/closing/reason", &["never", "optional", "required"]),
        ("/panels/0/style", &["buttons", "menu"]),
    ];
    let numbers = ["/max_open", "/ticket_types/0/max_open"];
    let mut limits = Vec::new();
    limits.extend(flags.map(|place| limit(place, [json!(true), json!(false)], [json!("true"), json!(1)])));
    let right = [json!(1), json!("1"), json!("9999999999999999999"), json!(u64::MAX / 2)];
    let wrong = || {
        [
            json!(0),
            json!("0"),
            json!("01"),
            json!("+1"),
            json!(""),
            json!("10000000000000000000"),
            json!(u64::MAX),
            json!(-1),
            json!(1.5),
        ]
    };
    limits.extend(channels.map(|place| limit(place, right.clone(), wrong())));
    limits
        .extend(numbers.map(|place| {
            limit(place, [json!(1), json!(10)], [json!(0), json!(11), json!("1"), json!(-1), json!(1.5)])
        }));
    let of_word = |word: &&str| Value::String((*word).to_owned());
    limits.extend(words.map(|(place, words)| {
        limit(
            place,
            words.iter().map(of_word).collect::<Vec<_>>(),
            [json!(words[0].to_uppercase()), json!("no"), json!(1)],
        )
    }));
    limits
}

#[test]
fn each_field_takes_what_is_within_its_limits_and_nothing_beyond() {
    for Limit { place, right, wrong } in [texts(), spans(), lists(), formed(), simple()].into_iter().flatten() {
        for value in right {
            assert_eq!(check_agreement(&with(fullest(), place, value.clone())), [], "{place}: {value}");
        }
        for value in wrong {
            let found = check_agreement(&with(fullest(), place, value.clone()));
            let path = as_path(place);
            assert!(!found.is_empty(), "{place}: {value}");
            assert!(found.iter().all(|mistake| mistake.path.starts_with(&path)), "{place}: {value}: {found:?}");
        }
    }
}

#[test]
fn what_is_required_is_missed_and_nothing_else_is() {
    let required = [
        "/version",
        "/staff_roles",
        "/ticket_types",
        "/ticket_types/0/key",
        "/ticket_types/0/label",
        "/ticket_types/0/form/0/key",
        "/ticket_types/0/form/0/label",
        "/ticket_types/0/form/0/answer",
        "/ticket_types/0/hours/open",
        "/panels/0/key",
        "/panels/0/channel",
        "/panels/0/ticket_types",
        "/closing/inactivity/warn",
        "/closing/inactivity/close",
    ];
    let mut places = Vec::new();
    fields_of(&fullest(), "", &mut places);
    for place in places {
        let found = mistakes(&with(fullest(), &place, Value::Null));
        let missed = found.contains(&(as_path(&place), Problem::Missing));
        assert_eq!(
            missed,
            required.contains(&&*place) || place.contains("/form/") && is_part(&place),
            "{place}: {found:?}"
        );
    }
}

/// Whether it is a part of a question that every question has.
fn is_part(place: &str) -> bool {
    ["/key", "/label", "/answer", "/one", "/many"].iter().any(|end| place.ends_with(end))
        && !place.ends_with("/answer/one")
        && !place.ends_with("/answer/many")
}

fn fields_of(value: &Value, place: &str, places: &mut Vec<String>) {
    match value {
        Value::Object(record) => {
            for (name, value) in record {
                let place = format!("{place}/{name}");
                fields_of(value, &place, places);
                places.push(place);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                fields_of(value, &format!("{place}/{index}"), places);
            }
        }
        _ => {}
    }
}

/// A JSON Pointer as a path of the document.
fn as_path(place: &str) -> String {
    let mut path = String::new();
    for part in place.split('/').skip(1) {
        path = match part.parse() {
            Ok(index) => check::entry_path(&path, index),
            Err(_) => check::field_path(&path, part),
        };
    }
    path
}
