//! Settings are changed beside the running bot, which obeys them without a restart.

use std::fs;
use std::process::Output;

use serde_json::{Value, json};
use talon_sandbox::world::{Permissions, Snowflake, Target};

use crate::stage::Stage;

const REFUSED: &str = "❌ нет прав";

/// Runs `talon settings` beside the bot, with the bot's variables.
async fn settings(stage: &Stage, arguments: &[&str]) -> Output {
    let mut program = stage.program("settings");
    program.args(arguments);
    tokio::process::Command::from(program).output().await.expect("the program starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the program speaks UTF-8")
}

/// What is exported now.
async fn export(stage: &Stage) -> Value {
    let exported = settings(stage, &["export"]).await;
    assert!(exported.status.success(), "{exported:?}");
    serde_json::from_slice(&exported.stdout).expect("it is JSON")
}

fn write(stage: &Stage, name: &str, document: &Value) {
    fs::write(stage.file(name), document.to_string()).expect("a file");
}

/// Waits until the running bot obeys this revision.
async fn until_obeyed(stage: &Stage, revision: u64) {
    let words = format!("revision={revision} ");
    let obeyed = || {
        let log = stage.logged();
        log.lines().any(|line| line.contains("in force now") && line.contains(&words)).then_some(())
    };
    stage.until("the settings are obeyed", obeyed).await;
}

/// Changes the document that holds, and waits until the bot obeys it as this revision.
async fn change(stage: &Stage, revision: u64, edit: impl FnOnce(&mut Value)) {
    let mut document = export(stage).await;
    edit(&mut document);
    write(stage, "settings.json", &document);
    let imported = settings(stage, &["import", "settings.json"]).await;
    assert!(imported.status.success(), "{imported:?}");
    assert!(text(&imported.stdout).contains(&format!("revision {revision}: saved")), "{imported:?}");
    until_obeyed(stage, revision).await;
}

/// Closes by the button, and gives what is answered.
async fn close(stage: &Stage, who: Snowflake, ticket: Snowflake) -> String {
    stage.answer(stage.press_close(who, ticket)).await
}

#[tokio::test]
async fn a_changed_delay_holds_for_the_next_close_and_is_taken_back() {
    let stage = Stage::closing_after("2s").await;
    let ids = stage.discord.ids();
    let [alice, bob] = [stage.open(ids.alice).await, stage.open(ids.bob).await];

    change(&stage, 1, |document| document["closing"]["delay"] = json!("1h")).await;
    assert_eq!(close(&stage, ids.sue, alice).await, "🔒 тикет будет закрыт через 1 час...");

    let undone = settings(&stage, &["undo"]).await;
    assert!(text(&undone.stdout).contains("revision 2: undone"), "{undone:?}");
    until_obeyed(&stage, 2).await;
    assert_eq!(close(&stage, ids.sue, bob).await, "🔒 тикет будет закрыт через 2 секунды...");
    stage.until_gone(bob).await;
    assert_eq!(stage.tickets(), [alice], "what was announced for an hour is not hurried");
}

#[tokio::test]
async fn a_stored_document_outlives_a_restart_until_it_is_reset() {
    let mut stage = Stage::closing_after("2s").await;
    let ids = stage.discord.ids();
    change(&stage, 1, |document| document["closing"]["delay"] = json!("30m")).await;
    change(&stage, 2, |document| document["closing"]["delay"] = json!("1h")).await;
    stage.stop().await;
    stage.start().await;
    let ticket = stage.open(ids.alice).await;
    assert_eq!(close(&stage, ids.alice, ticket).await, "🔒 тикет будет закрыт через 1 час...");

    let reset = settings(&stage, &["reset"]).await;
    assert!(text(&reset.stdout).contains("revision 3: reset"), "{reset:?}");
    until_obeyed(&stage, 3).await;
    let ticket = stage.open(ids.bob).await;
    assert_eq!(close(&stage, ids.bob, ticket).await, "🔒 тикет будет закрыт через 2 секунды...");
    let history = settings(&stage, &["history", "--json"]).await;
    let history: Value = serde_json::from_slice(&history.stdout).expect("it is JSON");
    let changed: Vec<_> = history.as_array().expect("a list").iter().map(|row| row["changed"].clone()).collect();
    let whole = json!(["the whole document"]);
    assert_eq!(changed, [whole.clone(), json!(["closing.delay"]), whole]);
    assert!(history[0]["by"] == "operator" && history[0]["document"].is_null(), "{history}");
}

#[tokio::test]
async fn several_staff_roles_see_a_ticket_are_notified_and_may_close_it() {
    let stage = Stage::closing_after("1h").await;
    let ids = stage.discord.ids();
    let helpers = stage.discord.act(|world| {
        let helpers = world.create_role("helpers", Permissions::NONE, true);
        world.set_role(ids.bob, helpers, true);
        helpers
    });
    let roles = json!([ids.support_role.to_string(), helpers.to_string()]);
    change(&stage, 1, |document| document["staff_roles"] = roles).await;

    let ticket = stage.open(ids.alice).await;

    let welcome = stage.welcome(ticket).await.content;
    assert_eq!(welcome, format!("<@{}> <@&{}> <@&{helpers}> - новый тикет!", ids.alice, ids.support_role));
    let [theirs, before] = stage.discord.look(|world| {
        let overwrites = &world.channels[&ticket].overwrites;
        [helpers, ids.support_role]
            .map(|role| (overwrites[&role].kind, overwrites[&role].allow, overwrites[&role].deny))
    });
    assert_eq!(theirs, before, "each staff role has the same rights");
    assert!(matches!(theirs.0, Target::Role));
    assert_eq!(close(&stage, ids.bob, ticket).await, "🔒 тикет будет закрыт через 1 час...");
}

#[tokio::test]
async fn who_may_close_follows_the_settings() {
    let stage = Stage::closing_after("1h").await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    assert_eq!(close(&stage, ids.adam, ticket).await, REFUSED, "the environment knows one role");

    change(&stage, 1, |document| document["closing"]["owner_may_close"] = json!(false)).await;
    assert_eq!(close(&stage, ids.alice, ticket).await, REFUSED);
    assert_eq!(close(&stage, ids.adam, ticket).await, REFUSED);

    change(&stage, 2, |document| document["administrators_are_staff"] = json!(true)).await;
    assert_eq!(close(&stage, ids.alice, ticket).await, REFUSED);
    assert_eq!(close(&stage, ids.adam, ticket).await, "🔒 тикет будет закрыт через 1 час...");
}

#[tokio::test]
async fn mistakes_are_all_told_and_nothing_is_written() {
    let stage = Stage::ready().await;
    let mut document = export(&stage).await;
    document["closing"] = json!({ "delay": "2h", "owner_may_clos": true });
    document["staff_roles"] = json!([]);
    write(&stage, "settings.json", &document);

    let refused = settings(&stage, &["import", "settings.json"]).await;

    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    for path in ["closing.delay: ", "closing.owner_may_clos: ", "staff_roles: "] {
        assert!(text(&refused.stderr).contains(path), "{refused:?}");
    }
    let history = settings(&stage, &["history"]).await;
    assert_eq!(text(&history.stdout), "nothing is stored: the environment decides\n");
}

#[tokio::test]
async fn of_two_imports_made_from_one_revision_one_wins_and_the_other_is_told() {
    let stage = Stage::ready().await;
    change(&stage, 1, |document| document["closing"]["delay"] = json!("1m")).await;
    for delay in ["2m", "3m"] {
        let mut document = export(&stage).await;
        document["closing"]["delay"] = json!(delay);
        write(&stage, delay, &document);
    }

    let import = async |file| settings(&stage, &["import", file, "--revision", "1"]).await;
    let (first, second) = tokio::join!(import("2m"), import("3m"));

    let (won, lost) = if first.status.success() { (first, second) } else { (second, first) };
    assert!(text(&won.stdout).contains("revision 2: saved: closing.delay"), "{won:?}");
    assert_eq!(lost.status.code(), Some(1), "{lost:?}");
    assert!(text(&lost.stderr).contains("revision 2, and not 1 any more"), "{lost:?}");
}

#[tokio::test]
async fn what_the_environment_gives_changes_nothing_when_it_is_stored() {
    let stage = Stage::closing_after("1h").await;
    let ids = stage.discord.ids();
    let shape = |ticket, member: Snowflake| {
        let overwrites = stage.discord.look(|world| format!("{:?}", world.channels[&ticket].overwrites));
        overwrites.replace(&member.to_string(), "member")
    };
    let before = stage.open(ids.alice).await;
    let welcome = stage.welcome(before).await;
    change(&stage, 1, |_| ()).await;

    let after = stage.open(ids.bob).await;

    assert_eq!(
        stage.welcome(after).await.content.replace(&ids.bob.to_string(), &ids.alice.to_string()),
        welcome.content
    );
    assert_eq!(shape(after, ids.bob), shape(before, ids.alice));
    assert_eq!(close(&stage, ids.alice, before).await, close(&stage, ids.bob, after).await);
    assert_eq!(stage.discord.messages(ids.owner, ids.panel).len(), 1, "the panel stands as it stood");
}

#[tokio::test]
async fn fields_that_are_not_obeyed_yet_are_named() {
    let stage = Stage::closing_after("2s").await;
    let mut document = export(&stage).await;
    document["rating"] = json!(true);
    document["ticket_types"][0]["channel_name"] = json!("{number}");
    write(&stage, "settings.json", &document);
    for command in ["check", "import"] {
        let told = settings(&stage, &[command, "settings.json"]).await;
        assert!(told.status.success(), "{told:?}");
        for path in ["rating", "ticket_types[0].channel_name"] {
            assert!(text(&told.stdout).contains(&format!("not obeyed yet: {path}\n")), "{told:?}");
        }
    }
    let shown = settings(&stage, &["show"]).await;
    assert!(text(&shown.stderr).contains("not obeyed yet: rating\n"), "{shown:?}");
}

#[tokio::test]
async fn without_a_database_there_is_nothing_to_change() {
    let mut stage = Stage::empty();
    stage.set("CLOSE_DELAY", "2s");
    write(&stage, "settings.json", &export(&stage).await);
    let refused = settings(&stage, &["import", "settings.json"]).await;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(text(&refused.stderr).contains("does not exist: start the bot once"), "{refused:?}");
}
