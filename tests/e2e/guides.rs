//! The guides are true: every command line in README.md and in the guide exists, and those that need no Discord are run as
//! printed; every log line that is quoted is one that the bot writes; every link leads somewhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use talon::store::Store;

use crate::manual::{commands, told};

/// Commands that are run as printed: they need neither Discord nor a person.
const OFFLINE: [&str; 8] = ["settings", "tickets", "explain", "backup", "completions", "man", "--help", "--version"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files_with(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root().join(folder)).expect("the folder is there") {
        let path = entry.expect("the folder can be listed").path();
        if path.is_dir() {
            files.extend(files_with(path.to_str().expect("a plain name"), extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
    files
}

/// Each page for people, with its text.
fn pages() -> Vec<(PathBuf, String)> {
    let mut files = files_with("examples/guide", "md");
    assert!(files.len() >= 3, "the guide has its pages: {files:?}");
    files.push(root().join("README.md"));
    files.into_iter().map(|file| (file.clone(), fs::read_to_string(file).expect("a text"))).collect()
}

/// The contents of all fenced blocks in this language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let parts = page.split("\n```").skip(1).step_by(2);
    parts.filter_map(|part| part.strip_prefix(language)?.strip_prefix('\n')).map(str::to_owned).collect()
}

/// The words of a line, as a shell divides it, up to a comment or the end of the first command.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), None::<String>, false);
    for letter in line.chars() {
        match letter {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            '#' | '|' | '>' | '&' | ';' if !quoted && word.is_none() => return words,
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

/// The arguments for talon on a line, if it is one that calls it.
fn arguments(line: &str) -> Option<Vec<String>> {
    let words = words(line);
    let rest = match words.first()?.as_str() {
        "talon" => &words[1..],
        "cargo" if words[1] == "run" => words.splitn(2, |word| word == "--").nth(1).unwrap_or_default(),
        _ => return None,
    };
    Some(rest.to_vec())
}

/// Every call of talon in the blocks for the shell, with the page that it is on.
fn calls() -> Vec<(PathBuf, Vec<String>)> {
    let mut calls = Vec::new();
    for (file, text) in pages() {
        for line in blocks(&text, "sh").iter().flat_map(|block| block.lines()) {
            calls.extend(arguments(line).map(|call| (file.clone(), call)));
        }
    }
    assert!(calls.len() >= 20, "the calls are found: {calls:?}");
    calls
}

/// The help of the command that these arguments call; fails where there is no such command.
fn help_of(call: &[String]) -> String {
    let mut path = Vec::new();
    let mut help = told(&["--help"]);
    for word in call {
        let is_command = commands(&help).contains(&word.as_str());
        // Above the options, a help lists commands or arguments; a command whose help has "Commands" takes nothing else.
        let takes_command = path.is_empty() || help.contains("\nCommands:\n");
        assert!(is_command || !takes_command || word.starts_with('-'), "there is no command {word} in {call:?}");
        if !is_command || !takes_command {
            break;
        }
        path.push(word.as_str());
        help = told(&[&path[..], &["--help"]].concat());
    }
    help
}

#[test]
fn every_command_and_option_in_the_guides_exists() {
    for (file, call) in calls() {
        let help = help_of(&call);
        for option in call.iter().filter(|word| word.starts_with("--")) {
            assert!(help.contains(option.as_str()), "{}: {option} of {call:?} is not in\n{help}", file.display());
        }
    }
}

#[test]
fn every_command_that_is_named_in_a_sentence_exists() {
    let help = told(&["--help"]);
    let known = commands(&help);
    for (file, text) in pages() {
        for named in text.split("`talon ").skip(1) {
            let word = named.split(['`', ' ']).next().expect("a word");
            assert!(known.contains(&word) || word.starts_with('-'), "{}: `talon {word}`", file.display());
        }
    }
}

#[test]
fn what_needs_no_discord_is_run_as_printed() {
    let mut count = 0;
    for (file, call) in calls() {
        if !call.first().is_some_and(|first| OFFLINE.contains(&first.as_str())) {
            continue;
        }
        // What changes stored settings is about a server, of which an empty database knows none.
        let reads = ["show", "check", "schema", "export"];
        if call[0] == "settings" && !call.get(1).is_some_and(|second| reads.contains(&second.as_str())) {
            continue;
        }
        let home = tempfile::tempdir().expect("a folder");
        fs::create_dir(home.path().join("json")).expect("a folder");
        drop(Store::open(&home.path().join("json/talon.db")).expect("an empty database"));
        let settings = "TICKET_BUTTON_CHANNEL_ID=1\nTICKET_CATEGORY_ID=2\nSUPPORT_ROLE_ID=3\n";
        fs::write(home.path().join(".env"), settings).expect("the settings");
        let talon = |arguments: &[String]| {
            let mut program = Command::new(env!("CARGO_BIN_EXE_talon"));
            program.args(arguments).current_dir(home.path()).env_clear().output().expect("the program starts")
        };
        let document = talon(&["settings".to_owned(), "show".to_owned()]);
        // What a page calls FILE is a document of the reader's.
        fs::write(home.path().join("FILE"), document.stdout).expect("a document");

        let output = talon(&call);

        let complaint = String::from_utf8_lossy(&output.stderr);
        // In an empty database there is nobody to tell of, which is said with exit code 1.
        let is_empty = call[0] == "explain" && output.status.code() == Some(1);
        assert!(output.status.success() || is_empty, "{}: {call:?}: {complaint}", file.display());
        count += 1;
    }
    assert!(count >= 8, "only {count} were run");
}

/// All texts in the code, with those that go over several lines joined as the compiler joins them.
fn code() -> String {
    let mut code = String::new();
    for file in files_with("src", "rs").iter().filter(|file| !file.starts_with(root().join("src/sandbox"))) {
        let text = fs::read_to_string(file).expect("a text");
        for (number, part) in text.split("\\\n").enumerate() {
            code.push_str(if number == 0 { part } else { part.trim_start() });
        }
    }
    code
}

#[test]
fn every_log_line_in_the_guides_is_one_that_the_bot_writes() {
    let code = code();
    let mut count = 0;
    for (file, text) in pages() {
        for line in blocks(&text, "log").iter().flat_map(|block| block.lines()).filter(|line| !line.is_empty()) {
            assert!(code.contains(line), "{}: the bot does not write: {line}", file.display());
            count += 1;
        }
    }
    assert!(count >= 8, "only {count} lines were found");
}

#[test]
fn every_link_in_the_guides_leads_to_a_file() {
    let contributing = root().join(".github/CONTRIBUTING.md");
    let text = fs::read_to_string(&contributing).expect("a text");
    for (file, text) in pages().into_iter().chain([(contributing, text)]) {
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().expect("a part");
            let is_local = !path.is_empty() && !link.contains("://");
            assert!(!is_local || file.with_file_name(path).exists(), "{}: {link} is not there", file.display());
        }
    }
}

#[tokio::test]
async fn a_member_is_erased_as_the_guide_says() {
    let mut stage = crate::stage::Stage::empty();
    stage.start().await;
    let (alice, bob) = (stage.discord.ids().alice, stage.discord.ids().bob);
    stage.open(alice).await;
    stage.open(bob).await;
    let alice = alice.to_string();
    stage.until_told(&["explain", &format!("<@{alice}>"), "--json"], |told| told.contains("opened")).await;
    stage.stop().await;

    let page = fs::read_to_string(root().join("examples/guide/privacy.md")).expect("the page");
    let [statements] = &blocks(&page, "sql")[..] else { panic!("one block of statements") };
    let statements = statements.replace("123456789012345678", &alice);
    let mut shell = Command::new("python3");
    shell.args([
        "-c",
        "import sqlite3, sys; sqlite3.connect('json/talon.db', isolation_level=None).executescript(sys.argv[1])",
    ]);
    let done = shell.arg(&statements).current_dir(stage.file("")).output().expect("python runs");
    assert!(done.status.success(), "{done:?}");

    for name in ["json/talon.db", "json/talon.db-wal"] {
        let bytes = fs::read(stage.file(name)).unwrap_or_default();
        let found = bytes.windows(alice.len()).any(|window| window == alice.as_bytes());
        assert!(!found, "{name} still holds the id");
    }
    let told = stage.told(&["tickets"]).await;
    assert_eq!(told.matches("open").count(), 1, "bob's ticket is there: {told}");
    assert_eq!(stage.ask(&["explain", &format!("<@{alice}>")]).await.status.code(), Some(1));
    stage.start().await;
}
