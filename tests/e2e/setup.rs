//! Somebody who has nothing yet sets the bot up.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Output, Stdio};

use talon_sandbox::world::{Permissions, Start};

use crate::stage::Stage;

const SETTINGS: [&str; 4] = ["DISCORD_TOKEN", "TICKET_BUTTON_CHANNEL_ID", "TICKET_CATEGORY_ID", "SUPPORT_ROLE_ID"];

/// A server with a bot in it that has never been set up.
fn newcomer() -> Stage {
    let mut stage = Stage::empty();
    for name in SETTINGS {
        stage.unset(name);
    }
    stage
}

/// Gives the answers, one a line, and then no more.
async fn answer(stage: &Stage, answers: &[&str]) -> Output {
    let mut setup = begin(stage);
    let mut input = setup.stdin.take().expect("somebody to answer");
    let lines = answers.join("\n") + "\n";
    // It may have ended before it read all of them, and says why.
    let _ = input.write_all(lines.as_bytes());
    drop(input);
    tokio::task::spawn_blocking(|| setup.wait_with_output().expect("it ends")).await.expect("it is waited for")
}

fn begin(stage: &Stage) -> Child {
    let mut program: Command = stage.program("setup");
    program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn written(stage: &Stage) -> String {
    fs::read_to_string(stage.file(".env")).expect("a .env")
}

/// Nothing was written, not even half of it.
fn untouched(stage: &Stage, output: &Output) {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let files: Vec<_> = fs::read_dir(stage.file("")).expect("the folder").flatten().collect();
    assert!(files.is_empty(), "{files:?}");
    assert!(text(&output.stderr).contains(".env is as it was"), "{output:?}");
}

#[tokio::test]
async fn a_few_answers_and_the_bot_can_be_started() {
    let mut stage = newcomer();
    let token = stage.discord.token().to_owned();

    let output = answer(&stage, &[&token, "talon", "#support", "tickets", "@support", "", "y"]).await;

    let told = text(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", text(&output.stderr));
    assert!(told.contains("Discord knows the bot as \"talon\"") && told.contains("all that is needed is in place"));
    for line in ["TICKET_BUTTON_CHANNEL_ID: #support", "TICKET_CATEGORY_ID: tickets", "SUPPORT_ROLE_ID: @support"] {
        assert!(told.contains(&format!("\n  {line}\n")), "people know names, not ids: {told}");
    }
    assert!(!told.contains(&token) && !text(&output.stderr).contains(&token), "the token is not shown");
    let ids = stage.discord.ids();
    let expected = format!(
        "DISCORD_TOKEN={token}\nTICKET_BUTTON_CHANNEL_ID={}\nTICKET_CATEGORY_ID={}\nSUPPORT_ROLE_ID={}\nLOCALE=ru\n",
        ids.panel, ids.category, ids.support_role
    );
    assert_eq!(written(&stage), expected);
    let mode = fs::metadata(stage.file(".env")).expect("a .env").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "for its owner alone");

    stage.start().await;
    stage.open(ids.alice).await;
}

#[tokio::test]
async fn wrong_answers_are_asked_again() {
    let stage = newcomer();
    let token = stage.discord.token().to_owned();
    let answers = [
        "",
        "two words",
        "wrong.token",
        &token,
        "chess club",
        "1",
        "7",
        "general",
        "support",
        "",
        "1",
        "hat",
        "member",
        "",
        "member",
        "yes",
        "fr",
        "en",
        "maybe",
        "",
    ];

    let output = answer(&stage, &answers).await;

    let told = text(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", text(&output.stderr));
    assert!(told.contains("Discord does not accept this token"), "{told}");
    assert_eq!(told.matches("That is not in the list.").count(), 4, "{told}");
    let warning = "is held by 6 of about 7 members, and all of them see every ticket";
    assert!(told.contains(&format!("  @member\n       ! {warning}\n")), "the warning stands beside the choice: {told}");
    let asked = format!("@member {warning}. Take it all the same? [y/N]");
    assert_eq!(told.matches(&asked).count(), 2, "just Enter does not take it: {told}");
    assert!(!told.contains("@support\n       !") && !told.contains("@everyone"), "{told}");
    assert!(told.contains("Please answer ru, en or auto."), "{told}");
    assert!(told.contains("Please answer y or n."), "{told}");
    assert!(written(&stage).ends_with("LOCALE=en\n"), "{told}");
    assert!(written(&stage).contains(&format!("SUPPORT_ROLE_ID={}\n", stage.discord.ids().member_role)));
}

#[tokio::test]
async fn what_is_missing_is_made_if_that_is_wanted() {
    let mut stage = newcomer();
    let ids = stage.discord.ids();
    stage.discord.delete_channel(ids.category);
    let token = stage.discord.token().to_owned();
    let answers = [
        &*token,
        "1",
        "new",
        "help desk",
        "n",
        "new",
        "help-desk",
        "y",
        "new",
        "",
        "y",
        "new",
        "crew",
        "y",
        "support",
        "",
        "y",
    ];

    let output = answer(&stage, &answers).await;

    let told = text(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", text(&output.stderr));
    assert!(told.contains("The bot may not make roles"), "{told}");
    let made = |name: &str| {
        stage
            .discord
            .look(|world| world.channels.values().find(|channel| channel.name == name).map(|channel| channel.id))
    };
    let panel = made("help-desk").expect("the channel was made");
    let category = made("tickets").expect("the category was made");
    let file = written(&stage);
    assert!(file.contains(&format!("TICKET_BUTTON_CHANNEL_ID={panel}\nTICKET_CATEGORY_ID={category}\n")), "{file}");
    let rights = |who| stage.discord.look(|world| world.permissions(who, panel));
    assert!(rights(ids.alice).has(Permissions::VIEW_CHANNEL) && !rights(ids.alice).has(Permissions::SEND_MESSAGES));

    stage.spawn();
    stage.discord.until("the panel", |world| (!world.messages_seen(ids.alice, panel).is_empty()).then_some(())).await;
}

#[tokio::test]
async fn a_role_is_made_where_the_bot_may() {
    let stage = newcomer();
    let rights = Start::default().bot_permissions.with(Permissions::MANAGE_ROLES);
    stage.discord.set_bot_permissions(rights);

    let output = answer(&stage, &[stage.discord.token(), "1", "1", "1", "new", "crew", "", "", ""]).await;

    assert!(output.status.success(), "{output:?}");
    let role = stage.discord.look(|world| world.guild.roles.values().find(|role| role.name == "crew").cloned());
    let role = role.expect("the role was made");
    assert!(role.mentionable && role.permissions == Permissions::NONE);
    assert!(written(&stage).contains(&format!("SUPPORT_ROLE_ID={}\n", role.id)));
}

#[tokio::test]
async fn whoever_stops_answering_leaves_no_file() {
    let stage = newcomer();
    let token = stage.discord.token().to_owned();
    let answers = [&*token, "1", "1", "1", "support", ""];
    for count in 0..=answers.len() {
        let output = answer(&stage, &answers[..count]).await;
        untouched(&stage, &output);
    }
    let refused = answer(&stage, &[&answers[..], &["n"]].concat()).await;
    untouched(&stage, &refused);
}

#[tokio::test]
async fn ctrl_c_leaves_no_file_and_names_what_was_made() {
    let stage = newcomer();
    let mut setup = begin(&stage);
    let mut input = setup.stdin.take().expect("somebody to answer");
    let lines = format!("{}\n1\nnew\n\ny\n", stage.discord.token());
    // It may have ended before it read all of them, and says why.
    let _ = input.write_all(lines.as_bytes());
    stage.discord.until_called("GET /guilds/*/channels", 2).await;

    let asked = Command::new("kill").args(["-INT", &setup.id().to_string()]).status().expect("`kill` can be run");

    assert!(asked.success());
    let output = tokio::task::spawn_blocking(|| setup.wait_with_output().expect("it ends")).await.expect("waited for");
    untouched(&stage, &output);
    assert!(text(&output.stderr).contains("still there: the text channel \"support\""), "{output:?}");
    drop(input);
}

#[tokio::test]
async fn what_else_the_file_says_stays() {
    let stage = newcomer();
    let token = stage.discord.token().to_owned();
    let old = "# of last year\nCLOSE_DELAY=9s\nTICKET_CATEGORY_ID=1\n";
    fs::write(stage.file(".env"), old).expect("the file can be written");

    let stopped = answer(&stage, &[&*token, "1", "1", "1", "support", "", "n"]).await;
    assert_eq!((stopped.status.code(), written(&stage).as_str()), (Some(1), old));

    let output = answer(&stage, &[&*token, "1", "1", "1", "support", "", "y"]).await;
    assert!(output.status.success(), "{output:?}");
    assert!(text(&output.stdout).contains("(was: 1)"), "what is changed is told before");
    let file = written(&stage);
    let category = stage.discord.ids().category;
    assert!(file.starts_with(&format!("# of last year\nCLOSE_DELAY=9s\nTICKET_CATEGORY_ID={category}\n")), "{file}");

    // Once more, with nothing to change: the token is there already.
    fs::set_permissions(stage.file(".env"), fs::Permissions::from_mode(0o644)).expect("its owner may");
    let again = answer(&stage, &["y", "1", "1", "1", "support", ""]).await;
    assert!(again.status.success() && text(&again.stdout).contains("says all that already"), "{again:?}");
    let mode = fs::metadata(stage.file(".env")).expect("a .env").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it holds the token, and was made private again");
    assert_eq!(written(&stage), file);
}

#[tokio::test]
async fn a_setting_of_the_environment_that_stands_above_the_file_is_told() {
    let mut stage = newcomer();
    stage.set("SUPPORT_ROLE_ID", stage.discord.ids().member_role.to_string());
    let output = answer(&stage, &[stage.discord.token(), "1", "1", "1", "support", "", "y"]).await;
    assert!(text(&output.stdout).contains("SUPPORT_ROLE_ID is also set in the environment"), "{output:?}");
}

#[tokio::test]
async fn without_a_server_the_link_is_given_and_it_waits() {
    let stage = newcomer();
    let ids = stage.discord.ids();
    stage.discord.leave(ids.bot);

    let output = answer(&stage, &[stage.discord.token(), "", "1"]).await;

    let told = text(&output.stdout);
    assert!(told.contains("The bot is in no server yet") && told.contains("permissions=257040"), "{told}");
    assert!(told.contains(&format!("client_id={}", ids.application)), "{told}");
    untouched(&stage, &output);
}

#[tokio::test]
async fn without_a_network_it_asks_whether_to_try_again() {
    let mut stage = newcomer();
    stage.set("DISCORD_PROXY", "http://127.0.0.1:1");
    let output = answer(&stage, &["some.token.here", ""]).await;
    assert_eq!(text(&output.stdout).matches("Enter tries again").count(), 2, "{output:?}");
    untouched(&stage, &output);
}

#[tokio::test]
async fn the_language_of_the_environment_is_offered_first() {
    for (variable, value, expected) in
        [("LANG", "en_US.UTF-8", "en"), ("LANG", "ru_RU.UTF-8", "ru"), ("LOCALE", "auto", "auto")]
    {
        let mut stage = newcomer();
        stage.set(variable, value);
        let output = answer(&stage, &[stage.discord.token(), "1", "1", "1", "support", "", "y"]).await;
        assert!(output.status.success(), "{output:?}");
        assert!(text(&output.stdout).contains(&format!("Just Enter for {expected}:")), "{output:?}");
        assert!(written(&stage).contains(&format!("LOCALE={expected}\n")), "{}", written(&stage));
    }
}

#[tokio::test]
async fn what_cannot_be_written_is_told_before_anything_is_asked() {
    let stage = newcomer();
    fs::write(stage.file("json"), "no folder").expect("a file");
    let output = answer(&stage, &[]).await;
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "", "nothing was asked");
    assert!(text(&output.stderr).contains("json/ticket_message.json cannot be written"), "{output:?}");

    let stage = newcomer();
    fs::create_dir(stage.file(".env")).expect("a folder");
    let output = answer(&stage, &[]).await;
    assert_eq!(text(&output.stdout), "", "nothing was asked");
    assert!(text(&output.stderr).contains("is a folder, not a file"), "{output:?}");
    assert_eq!(stage.discord.calls().len(), 0);
}

#[tokio::test]
async fn the_settings_may_go_into_another_file_that_the_bot_is_then_started_with() {
    let stage = newcomer();
    let mut setup = stage
        .program("setup")
        .args(["--env-file", "talon.env"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let answers = [stage.discord.token(), "1", "1", "1", "support", "", "y"].join("\n") + "\n";
    setup.stdin.take().expect("somebody to answer").write_all(answers.as_bytes()).expect("the answers are taken");
    let output = tokio::task::spawn_blocking(|| setup.wait_with_output().expect("it ends")).await.expect("waited for");

    assert!(output.status.success(), "{output:?}");
    assert!(text(&output.stdout).contains("`talon run --env-file talon.env`"), "{output:?}");
    assert!(!stage.file(".env").exists() && stage.file("talon.env").exists());
    let examined = stage.program("doctor").args(["--env-file", "talon.env"]).output().expect("the program runs");
    assert!(examined.status.success(), "{examined:?}");
}

#[tokio::test]
async fn a_name_cannot_play_tricks_on_the_terminal() {
    let stage = newcomer();
    let trick = "sup\u{1b}[2Jport\u{202e}\nWrite it? [Y/n] y";
    let role = stage.discord.ids().support_role;
    stage.discord.act(|world| {
        if let Some(role) = world.guild.roles.get_mut(&role) {
            role.name = trick.to_owned();
        }
    });
    let number = |told: &str| {
        told.lines()
            .find(|line| line.contains("sup\\u{1b}[2Jport\\u{202e}\\u{a}Write it?"))
            .map(|line| line.trim_start().split(' ').next().expect("a number").to_owned())
    };
    let first = answer(&stage, &[stage.discord.token(), "1", "1", "1"]).await;
    let told = text(&first.stdout);
    let number =
        number(&told).unwrap_or_else(|| panic!("the role is in the list, and shown by its characters: {told}"));

    let output = answer(&stage, &[stage.discord.token(), "1", "1", "1", &number, "", "y"]).await;

    let told = text(&output.stdout) + &text(&output.stderr);
    assert!(told.contains("SUPPORT_ROLE_ID: @sup\\u{1b}[2Jport"), "{told}");
    assert!(!told.contains(['\u{1b}', '\u{202e}']), "{told:?}");
    assert!(!told.lines().any(|line| line.starts_with("Write it? [Y/n] y")), "{told}");
}
