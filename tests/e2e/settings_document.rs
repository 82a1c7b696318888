//! The settings of a server as a document: what an operator writes, checks and reads.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

/// Runs the program in a folder, with nothing in its environment but these variables.
fn talon(home: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_talon"));
    program.args(arguments).current_dir(home).env_clear().envs(variables.iter().copied());
    program.output().expect("the program starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the program speaks UTF-8")
}

const HOME: [(&str, &str); 3] =
    [("TICKET_BUTTON_CHANNEL_ID", "10"), ("TICKET_CATEGORY_ID", "20"), ("SUPPORT_ROLE_ID", "30")];

#[test]
fn the_environment_is_shown_as_a_document_that_has_no_mistakes() {
    let home = tempfile::tempdir().expect("a folder");
    for (locale, label) in [("ru", "создать тикет"), ("en", "create ticket"), ("auto", "создать тикет")]
    {
        let variables = [&HOME[..], &[("CLOSE_DELAY", "1m"), ("LOCALE", locale)]].concat();
        let shown = talon(home.path(), &variables, &["settings", "show"]);

        assert!(shown.status.success(), "{shown:?}");
        assert!(text(&shown.stderr).contains("derived from the environment"), "{shown:?}");
        let document: Value = serde_json::from_slice(&shown.stdout).expect("it is JSON");
        assert_eq!(document["language"], locale);
        assert_eq!(document["staff_roles"], json!(["30"]));
        assert_eq!(document["ticket_types"][0]["category"], "20");
        assert_eq!(document["ticket_types"][0]["label"], label);
        assert_eq!(document["panels"][0]["channel"], "10");
        assert_eq!(document["closing"], json!({ "delay": "1m" }));

        fs::write(home.path().join("settings.json"), &shown.stdout).expect("a file");
        let checked = talon(home.path(), &[], &["settings", "check", "settings.json"]);
        assert!(checked.status.success(), "{checked:?}");
        assert_eq!(text(&checked.stdout), "settings.json: no mistakes: 1 ticket type, 1 panel\n");
    }
    assert_eq!(fs::read_dir(home.path()).expect("a folder").count(), 1, "nothing else was made");
}

#[test]
fn a_delay_that_only_the_environment_allows_is_pointed_out() {
    let home = tempfile::tempdir().expect("a folder");
    let shown = talon(home.path(), &[&HOME[..], &[("CLOSE_DELAY", "2h")]].concat(), &["settings", "show"]);
    assert!(shown.status.success(), "it holds all the same: {shown:?}");
    assert!(text(&shown.stdout).contains("\"2h\""), "{shown:?}");
    assert!(text(&shown.stderr).contains("closing.delay: expected a span of time from 0s to 1h"), "{shown:?}");
}

#[test]
fn without_a_home_server_there_is_nothing_to_show() {
    let home = tempfile::tempdir().expect("a folder");
    let shown = talon(home.path(), &[("TICKET_CATEGORY_ID", "tickets")], &["settings", "show"]);
    assert_eq!(shown.status.code(), Some(2), "{shown:?}");
    let told = text(&shown.stderr);
    for place in ["TICKET_BUTTON_CHANNEL_ID: is not set", "TICKET_CATEGORY_ID: ", "SUPPORT_ROLE_ID: is not set"] {
        assert!(told.contains(place), "{told}");
    }
    assert!(!told.contains("DISCORD_TOKEN"), "the token is not needed for it: {told}");
    assert_eq!(text(&shown.stdout), "");
}

#[test]
fn five_mistakes_are_five_lines_whatever_kind_they_are() {
    let home = tempfile::tempdir().expect("a folder");
    let document = json!({
        "version": 1,
        "staff_roles": [],
        "ticket_types": [
            { "key": "help", "lable": "Помощь", "label": "Помощь", "cooldown": "soon" },
            { "key": "help", "label": "Жалоба" }
        ],
        "panels": [{ "key": "main", "channel": "10", "ticket_types": ["helo"] }]
    });
    fs::write(home.path().join("settings.json"), document.to_string()).expect("a file");

    let checked = talon(home.path(), &[], &["settings", "check", "settings.json"]);

    assert_eq!(checked.status.code(), Some(2));
    assert_eq!(text(&checked.stdout), "");
    let mut lines: Vec<&str> = text(&checked.stderr).lines().collect();
    lines.sort_unstable();
    let [panel, roles, cooldown, unknown, taken] = lines[..] else { panic!("five lines: {lines:#?}") };
    assert_eq!(panel, "panels[0].ticket_types[0]: no ticket type has this key: is \"help\" meant?");
    assert_eq!(roles, "staff_roles: number of entries: 0, 1 to 10 are allowed");
    assert!(cooldown.starts_with("ticket_types[0].cooldown: expected a span of time"), "{cooldown}");
    assert!(unknown.starts_with("ticket_types[0].lable: unknown field"), "{unknown}");
    assert_eq!(taken, "ticket_types[1].key: this key is taken already: ticket_types[0].key");
}

#[test]
fn a_file_that_is_no_document_is_told_in_a_sentence() {
    let home = tempfile::tempdir().expect("a folder");
    fs::create_dir(home.path().join("folder")).expect("a folder");
    fs::write(home.path().join("comma.json"), "{\n  \"version\": 1,\n}").expect("a file");
    fs::write(home.path().join("latin.json"), b"{ \"version\": \"\xE9\" }").expect("a file");
    fs::write(home.path().join("large.json"), "я".repeat(2 << 20)).expect("a file");
    fs::write(home.path().join("empty.json"), "").expect("a file");
    let cases = [
        ("comma.json", "line 3, column 1: not JSON"),
        ("latin.json", "latin.json: is not a text in UTF-8"),
        ("large.json", "larger than 1024 KiB"),
        ("empty.json", "line 1, column 1: not JSON"),
        ("folder", "folder: is a folder"),
        ("nowhere.json", "nowhere.json: there is no such file"),
    ];
    for (file, sentence) in cases {
        let checked = talon(home.path(), &[], &["settings", "check", file]);
        assert_eq!(checked.status.code(), Some(2), "{file}: {checked:?}");
        assert!(text(&checked.stderr).contains(sentence), "{file}: {checked:?}");
        assert_eq!(text(&checked.stderr).lines().count(), 1, "{file}: {checked:?}");
    }
}

#[test]
fn the_schema_is_there_for_editors() {
    let home = tempfile::tempdir().expect("a folder");
    let printed = talon(home.path(), &[], &["settings", "schema"]);
    assert!(printed.status.success(), "{printed:?}");
    let schema: Value = serde_json::from_slice(&printed.stdout).expect("it is JSON");
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let fields = schema["properties"].as_object().expect("the fields");
    assert!(fields.contains_key("ticket_types") && fields.values().all(|field| field["description"].is_string()));
}
