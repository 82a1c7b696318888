//! Settings and files: what the operator is told, and what is left alone.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::stage::Stage;

/// Runs the program in a folder, with an empty environment.
fn talon(home: &Path, arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_talon"));
    program.args(arguments).current_dir(home).env_clear().output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn an_empty_environment_is_told_all_four_at_once() {
    let home = tempfile::tempdir().expect("a folder");

    for arguments in [&[][..], &["run"]] {
        let told = talon(home.path(), arguments);

        assert_eq!(told.status.code(), Some(2));
        assert_eq!(text(&told.stdout), "");
        for name in ["DISCORD_TOKEN", "TICKET_BUTTON_CHANNEL_ID", "TICKET_CATEGORY_ID", "SUPPORT_ROLE_ID"] {
            assert!(text(&told.stderr).contains(&format!("{name}: is not set")), "{}", text(&told.stderr));
        }
    }
    assert_eq!(fs::read_dir(home.path()).expect("the folder can be read").count(), 0, "nothing was made");
}

#[test]
fn a_newcomer_is_first_told_what_to_run() {
    let home = tempfile::tempdir().expect("a folder");
    for command in ["run", "doctor"] {
        let told = text(&talon(home.path(), &[command]).stderr);
        let first = told.lines().next().expect("a sentence");
        assert!(first.contains("`talon setup`") && first.contains("`talon sandbox`"), "{command}: {told}");
    }
    fs::write(home.path().join(".env"), "DISCORD_TOKE=abc\nTICKET_BUTTON_CHANNEL_ID=1\nTICKET_CATAGORY_ID=2\n")
        .expect("a file");
    let told = text(&talon(home.path(), &["run"]).stderr);
    for (written, meant) in [("DISCORD_TOKE", "DISCORD_TOKEN"), ("TICKET_CATAGORY_ID", "TICKET_CATEGORY_ID")] {
        let line = told.lines().find(|line| line.starts_with(&format!("{written}: ")));
        assert!(line.is_some_and(|line| line.contains(&format!("is {meant} meant?"))), "{told}");
    }
    assert!(told.lines().next().is_some_and(|line| line.contains("`talon setup`")), "{told}");
    assert!(!told.contains("abc"), "{told}");
}

#[test]
fn a_dotenv_that_cannot_be_read_is_told_in_words() {
    let home = tempfile::tempdir().expect("a folder");
    fs::create_dir(home.path().join(".env")).expect("a folder");
    for command in [&["run"][..], &["doctor"], &["tickets"], &["explain", "#1"], &["backup", "b"], &["invite"]] {
        let told = talon(home.path(), command);
        assert_eq!(told.status.code(), Some(2), "{told:?}");
        assert!(text(&told.stderr).contains(".env: is a folder, not a file"), "{told:?}");
    }
    fs::remove_dir(home.path().join(".env")).expect("it is empty");
    fs::write(home.path().join(".env"), "DATABSE_URL=sqlite://mine.db\n").expect("a file");
    let told = talon(home.path(), &["tickets"]);
    assert!(text(&told.stderr).contains("is DATABASE_URL meant?"), "{told:?}");
    fs::write(home.path().join(".env"), "D\0I\0S\0C\0O\0R\0D\0").expect("a file");
    let told = talon(home.path(), &["tickets"]);
    assert!(text(&told.stderr).contains("save it as UTF-8"), "{told:?}");
}

#[tokio::test]
async fn every_command_reads_the_file_that_it_is_given() {
    let mut stage = Stage::empty();
    stage.set("DATABASE_URL", "sqlite://elsewhere/tickets.db");
    stage.set("LOCALE", "ru");
    stage.settings_into_file("talon.env");
    let nowhere = stage.ask(&["tickets", "--env-file", "no.env"]).await;
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(text(&nowhere.stderr).contains("no.env: there is no such file"), "{nowhere:?}");

    stage.spawn_with(&["--env-file", "talon.env"]);
    stage.discord.ready().await;
    stage.panel().await;
    stage.open(stage.discord.ids().alice).await;

    for command in [&["tickets"][..], &["explain", "#1"], &["backup", "copy.db"], &["invite"], &["doctor"]] {
        let arguments = [command, &["--env-file", "talon.env"]].concat();
        stage.until_told(&arguments, |_| true).await;
    }
    assert!(stage.file("elsewhere/tickets.db").exists() && !stage.file("json/talon.db").exists());
}

#[tokio::test]
async fn what_deserves_a_look_is_logged_and_stops_nothing() {
    let mut stage = Stage::empty();
    stage.settings_into_file(".env");
    stage.set("CLOSE_DELY", "1h");
    stage.start().await;
    assert!(stage.logged().contains("is CLOSE_DELAY meant?"), "{}", stage.logged());
    assert!(stage.logged().contains("run `chmod 600 .env`"), "{}", stage.logged());
    stage.stop().await;
    fs::set_permissions(stage.file(".env"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("it is ours");
    stage.start().await;
    assert_eq!(stage.logged().matches("chmod 600").count(), 1, "{}", stage.logged());
}

#[test]
fn help_and_version_are_told_without_any_settings() {
    let home = tempfile::tempdir().expect("a folder");

    let help = talon(home.path(), &["--help"]);
    let version = talon(home.path(), &["--version"]);
    let nonsense = talon(home.path(), &["nonsense"]);

    assert!(help.status.success() && version.status.success());
    for word in ["run", "sandbox"] {
        assert!(text(&help.stdout).contains(word), "{}", text(&help.stdout));
    }
    assert_eq!(text(&version.stdout).trim(), concat!("talon ", env!("CARGO_PKG_VERSION")));
    assert_eq!(nonsense.status.code(), Some(2));
}

#[tokio::test]
async fn a_dotenv_file_is_read() {
    let mut stage = Stage::empty();
    stage.settings_into_file(".env");

    stage.start().await;

    stage.open(stage.discord.ids().alice).await;
}

#[tokio::test]
async fn the_folders_are_made() {
    let mut stage = Stage::empty();
    stage.set("TICKET_MESSAGE_FILE", "a/b/panel.json");
    stage.set("DATABASE_URL", "sqlite://c/d/tickets.db");

    stage.start().await;
    stage.stop().await;

    assert!(stage.file("a/b/panel.json").exists() && stage.file("c/d/tickets.db").exists());
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_byte_for_byte() {
    let mut stage = Stage::ready().await;
    stage.open(stage.discord.ids().alice).await;
    stage.stop().await;
    let file = stage.file("json/talon.db");
    let mut bytes = fs::read(&file).expect("the database can be read");
    // The version stands at byte 60 of SQLite's header.
    bytes[60..64].copy_from_slice(&77_u32.to_be_bytes());
    fs::write(&file, &bytes).expect("the database can be written");
    stage.discord.clear_record();

    stage.spawn();
    let status = stage.ended().await;

    assert_eq!(status.code(), Some(1));
    assert!(stage.logged().contains("was written by a newer version of the bot"), "{}", stage.logged());
    assert_eq!(fs::read(&file).expect("the database can be read"), bytes);
    assert_eq!(stage.discord.calls().len(), 0, "and Discord has heard nothing");
}

#[tokio::test]
async fn what_is_no_database_is_left_alone() {
    let mut stage = Stage::empty();
    fs::create_dir(stage.file("json")).expect("a folder");
    fs::write(stage.file("json/talon.db"), "дневник\n".repeat(1000)).expect("a file");

    stage.spawn();

    assert_eq!(stage.ended().await.code(), Some(1));
    assert!(stage.logged().contains("is not an SQLite database"), "{}", stage.logged());
    assert!(fs::read_to_string(stage.file("json/talon.db")).expect("still a text").starts_with("дневник"));
}

#[tokio::test]
async fn two_bots_do_not_share_a_database() {
    let mut stage = Stage::ready().await;
    let file = stage.file("json/talon.db");
    std::os::unix::fs::symlink(&file, stage.file("link.db")).expect("a link");
    fs::hard_link(&file, stage.file("name.db")).expect("a second name");

    for (path, lock) in [("json/talon.db", true), ("json/talon.db", false), ("link.db", false), ("name.db", false)] {
        if !lock {
            let _ = fs::remove_file(stage.file("json/talon.db-lock"));
        }
        stage.set("DATABASE_URL", format!("sqlite://{path}"));
        let second = stage.run("run").await;
        assert_eq!(second.status.code(), Some(1), "{path}");
        assert!(text(&second.stderr).contains("in use by another bot"), "{path}: {}", text(&second.stderr));
    }
    stage.open(stage.discord.ids().alice).await;
}

#[tokio::test]
async fn a_token_that_discord_does_not_know_ends_the_bot_with_a_sentence() {
    let mut stage = Stage::empty();
    stage.set("DISCORD_TOKEN", "MTIz.not.the-one");

    stage.spawn();

    assert_eq!(stage.ended().await.code(), Some(1));
    assert!(stage.logged().contains("discord does not accept the bot token"), "{}", stage.logged());
    assert!(!stage.logged().contains("not.the-one"), "and the token is not shown");
}

#[tokio::test]
async fn the_log_shows_no_token_whatever_its_filter() {
    let mut stage = Stage::empty();
    stage.set("RUST_LOG", "trace");
    stage.start().await;
    let alice = stage.discord.ids().alice;
    let ticket = stage.open(alice).await;
    stage.press_close(alice, ticket);
    stage.until_gone(ticket).await;

    stage.stop().await;

    let tokens =
        stage.discord.look(|world| world.interactions.values().map(|press| press.token.clone()).collect::<Vec<_>>());
    assert!(!tokens.is_empty());
    for token in tokens.iter().map(String::as_str).chain([stage.discord.token()]) {
        assert!(!stage.logged().contains(token), "a token is in the log");
    }
}
