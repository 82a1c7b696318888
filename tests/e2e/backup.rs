//! A copy made while the bot runs is a whole database, and the bot goes on from it elsewhere.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::stage::Stage;

#[tokio::test]
async fn a_backup_is_restored_by_copying_it_back() {
    let mut stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;

    let told = stage.told(&["backup", "copy.db"]).await;
    assert!(told.contains("copy.db holds a copy of json/talon.db with its 1 tickets"), "{told}");
    // Where the disk that held the database is lost.
    stage.kill().await;
    fs::remove_dir_all(stage.file("json")).expect("the folder can be removed");
    fs::create_dir(stage.file("fresh")).expect("a folder can be made");
    fs::copy(stage.file("copy.db"), stage.file("fresh/talon.db")).expect("the copy can be copied");
    stage.set("DATABASE_URL", "sqlite://fresh/talon.db");
    stage.start().await;
    // The panel's id was lost with the folder.
    let told = || stage.logged().matches("a new panel was sent").count() == 2;
    stage.until("there is a new panel", || told().then_some(())).await;

    assert_eq!(stage.answer(stage.press_create(ids.alice)).await, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
    stage.press_close(ids.alice, ticket);
    stage.until_gone(ticket).await;
    let next = stage.open(ids.alice).await;
    assert_ne!(next, ticket);
}

#[tokio::test]
async fn a_backup_overwrites_nothing() {
    let stage = Stage::ready().await;
    fs::write(stage.file("copy.db"), "precious").expect("a file can be written");

    let output = stage.ask(&["backup", "copy.db"]).await;

    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("copy.db exists, and is not overwritten"), "{output:?}");
    assert_eq!(fs::read_to_string(stage.file("copy.db")).expect("it is there"), "precious");
    let output = stage.ask(&["backup", "no/such/folder/copy.db"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("there is no folder no/such/folder: make it first"), "{told}");
}

#[tokio::test]
async fn a_path_is_a_path_and_a_copy_is_private_whatever_the_umask() {
    let stage = Stage::ready().await;
    let talon = env!("CARGO_BIN_EXE_talon");
    for umask in ["000", "777"] {
        let copy = format!("file:copy-{umask}?mode=memory.db");
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &format!("umask {umask}; exec \"$0\" backup \"$1\""), talon, &copy]);
        let output = shell.current_dir(stage.file("")).env_clear().output().expect("a shell");
        assert!(output.status.success(), "{output:?}");
        let mode = fs::metadata(stage.file(&copy)).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{umask}");
    }
}
