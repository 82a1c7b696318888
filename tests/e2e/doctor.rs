//! The operator asks what is wrong, before members notice.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use talon_sandbox::world::{Answer, Overwrite, Permissions, Snowflake, Start, Target, World};
use talon_sandbox::{Fault, FaultEffect, Setup, When};

use crate::stage::Stage;

/// Everything the bot needs, and the line that tells of each.
const RIGHTS: [(Permissions, &str); 8] = [
    (Permissions::VIEW_CHANNEL, "View Channels"),
    (Permissions::MANAGE_CHANNELS, "Manage Channels"),
    (Permissions::SEND_MESSAGES, "Send Messages"),
    (Permissions::EMBED_LINKS, "Embed Links"),
    (Permissions::ATTACH_FILES, "Attach Files"),
    (Permissions::READ_MESSAGE_HISTORY, "Read Message History"),
    (Permissions::MANAGE_MESSAGES, "Manage Messages"),
    (Permissions::MENTION_EVERYONE, "Notifying the support"),
];

/// A server of today's Discord, which hides the channels that the bot may not view.
fn stage() -> Stage {
    stage_where(|_| ())
}

fn stage_where(change: impl FnOnce(&mut Start)) -> Stage {
    let mut start = Start { hides_channels: true, ..Start::default() };
    change(&mut start);
    Stage::with(Setup { start, ..Setup::default() })
}

/// Such a server, and one that lists all its channels to everybody, as Discord did and others do.
fn stages() -> [Stage; 2] {
    [stage(), stage_where(|start| start.hides_channels = false)]
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("the report is text")
}

/// What is wrong: the titles with ✗ before them, and the whole report.
async fn wrong(stage: &Stage) -> (Vec<String>, String) {
    let output = stage.run("doctor").await;
    let report = text(&output);
    let marked = |sign: &str| report.lines().filter_map(|line| line.strip_prefix(sign)).map(title).collect::<Vec<_>>();
    let (wrong, unchecked) = (marked("✗ "), marked("? "));
    let code = match (wrong.is_empty(), unchecked.is_empty()) {
        (false, _) => 1,
        (true, false) => 3,
        (true, true) => 0,
    };
    assert_eq!(output.status.code(), Some(code), "{report}");
    (wrong, report)
}

/// What stands before the gap.
fn title(line: &str) -> String {
    line.split("  ").next().unwrap_or_default().to_owned()
}

/// One thing is wrong, and these words tell of it.
async fn only(stage: &Stage, title: &str, words: &[&str]) {
    let (wrong, report) = wrong(stage).await;
    assert_eq!(wrong, [title], "{report}");
    for word in words {
        assert!(report.contains(word), "{word:?} in:\n{report}");
    }
}

fn denied(id: Snowflake, kind: Target, deny: Permissions) -> Overwrite {
    Overwrite { id, kind, allow: Permissions::NONE, deny }
}

#[tokio::test]
async fn where_all_is_well_every_line_says_so() {
    let stage = stage();

    let output = stage.run("doctor").await;

    let report = text(&output);
    assert_eq!(output.status.code(), Some(0), "{report}");
    let lines: Vec<&str> = report.lines().take_while(|line| !line.is_empty()).collect();
    assert!(lines.len() >= 20 && lines.iter().all(|line| line.starts_with("✓ ")), "{report}");
    assert!(report.ends_with("\nall that is needed is in place\n"), "{report}");
    assert!(!report.contains('\x1b'), "no colours where there is no terminal");
    assert!(fs::read_dir(stage.file("")).expect("the folder").next().is_none(), "nothing was made");
    assert!(stage.discord.calls().iter().all(|call| call.method == "GET"), "nothing was changed");
}

#[tokio::test]
async fn it_looks_on_while_the_bot_runs() {
    let mut stage = stage();
    stage.start().await;
    stage.open(stage.discord.ids().alice).await;

    let (wrong, report) = wrong(&stage).await;

    assert_eq!(wrong, [""; 0], "{report}");
    assert!(report.contains("with 1 ticket\n") && report.contains("1 of 50 channels"), "{report}");
    assert!(report.contains("json/ticket_message.json names message"), "{report}");
}

#[tokio::test]
async fn each_right_taken_away_in_the_server_is_named_with_the_place_to_give_it() {
    let all = Start::default().bot_permissions;
    for stage in stages() {
        for (right, title) in RIGHTS {
            stage.discord.set_bot_permissions(all.without(right));
            only(&stage, title, &["Server Settings → Roles → \"talon\" → Permissions"]).await;
        }
    }
}

#[tokio::test]
async fn what_an_overwrite_takes_away_is_named_with_its_place() {
    let stage = stage();
    let ids = stage.discord.ids();

    let manage = denied(ids.guild, Target::Role, Permissions::MANAGE_CHANNELS);
    stage.discord.overwrite(ids.category, manage);
    only(&stage, "Manage Channels", &["@everyone in the category \"tickets\"", "right-click \"tickets\""]).await;

    // The bot's own role stands above everybody's, and the bot itself above its role.
    stage.discord.overwrite(
        ids.category,
        Overwrite { allow: manage.deny, ..denied(ids.bot_role, Target::Role, Permissions::NONE) },
    );
    only_well(&stage).await;
    stage.discord.overwrite(ids.category, denied(ids.bot, Target::Member, Permissions::MANAGE_CHANNELS));
    only(&stage, "Manage Channels", &["denied to the bot itself", "the member \"talon\""]).await;
}

async fn only_well(stage: &Stage) {
    let (wrong, report) = wrong(stage).await;
    assert_eq!(wrong, [""; 0], "{report}");
}

#[tokio::test]
async fn the_panel_channel_is_looked_at_bit_by_bit() {
    for stage in stages() {
        let ids = stage.discord.ids();
        for (right, title) in RIGHTS {
            stage.discord.overwrite(ids.panel, denied(ids.bot_role, Target::Role, right));
            match title {
                "View Channels" => only(&stage, title, &["in the panel channel ", "Edit Channel"]).await,
                "Send Messages" | "Embed Links" | "Read Message History" => {
                    let words = ["the bot's role \"talon\" in the panel channel #support", "Edit Channel"];
                    only(&stage, title, &words).await;
                }
                _ => only_well(&stage).await,
            }
        }
    }
}

#[tokio::test]
async fn a_hidden_channel_is_neither_deleted_nor_of_another_server() {
    let stage = stage();
    let ids = stage.discord.ids();
    for (channel, place) in [(ids.panel, "panel channel"), (ids.category, "category")] {
        stage.discord.overwrite(channel, denied(ids.bot, Target::Member, Permissions::VIEW_CHANNEL));
        let (wrong, report) = wrong(&stage).await;
        assert_eq!(wrong, ["View Channels"], "{report}");
        let found = format!("denied to the bot in the {place} with the id {channel}, which is hidden from it");
        assert!(report.contains(&found) && report.contains("set \"View Channels\" to ✓"), "{report}");
        assert!(!report.contains("another server") && !report.contains("does not exist"), "{report}");
        stage.discord.overwrite(channel, denied(ids.bot, Target::Member, Permissions::NONE));
    }
    only_well(&stage).await;
}

#[tokio::test]
async fn a_category_of_hidden_channels_is_not_taken_for_a_roomy_one() {
    let stage = stage();
    let ids = stage.discord.ids();
    stage.discord.fill(Some(ids.category), 50);
    let within = stage.discord.look(|world| {
        let channels = world.channels.values().filter(|channel| channel.parent == Some(ids.category));
        channels.map(|channel| channel.id).collect::<Vec<_>>()
    });
    for channel in &within[5..] {
        stage.discord.overwrite(*channel, denied(ids.bot, Target::Member, Permissions::VIEW_CHANNEL));
    }

    let (wrong, report) = wrong(&stage).await;

    assert_eq!(wrong, [""; 0], "{report}");
    assert!(report.contains("at least 5 of 50 channels; any that are hidden from the bot are not counted"), "{report}");
}

#[tokio::test]
async fn an_administrator_is_warned_and_not_refused() {
    let stage = stage();
    stage.discord.set_bot_permissions(Permissions::ADMINISTRATOR);

    let (wrong, report) = wrong(&stage).await;

    assert_eq!(wrong, [""; 0], "{report}");
    assert!(report.contains("! Administrator") && report.contains("1 deserves a look"), "{report}");
}

#[tokio::test]
async fn a_bot_in_time_out_is_told_of_it_and_of_no_right() {
    let stage = stage();
    let bot = stage.discord.ids().bot;
    let tomorrow = stage.discord.now() + Duration::from_secs(24 * 60 * 60);
    stage.discord.act(|world| world.time_out(bot, Some(tomorrow)));
    only(&stage, "Time-out", &["it can look and read, and nothing else", "Remove Timeout"]).await;

    let yesterday = stage.discord.now() - Duration::from_secs(24 * 60 * 60);
    stage.discord.act(|world| world.time_out(bot, Some(yesterday)));
    only_well(&stage).await;
    stage.discord.act(|world| world.time_out(bot, Some(tomorrow)));
    stage.discord.set_bot_permissions(Permissions::ADMINISTRATOR);
    only_well(&stage).await;
}

#[tokio::test]
async fn a_deleted_support_role_is_missed() {
    let stage = stage();
    stage.discord.delete_role(stage.discord.ids().support_role);
    only(&stage, "Support role", &["no role with this id", "SUPPORT_ROLE_ID"]).await;
}

#[tokio::test]
async fn a_role_of_the_many_is_no_support_and_one_of_nobody_is_none() {
    let mut stage = stage();
    let ids = stage.discord.ids();
    let warned = async |stage: &Stage, words: &[&str]| {
        let (wrong, report) = wrong(stage).await;
        assert_eq!(wrong, [""; 0], "{report}");
        let line = report.lines().find(|line| line.starts_with("! Support role")).expect("a warning");
        for word in words {
            assert!(line.contains(word), "{word:?} in {line}");
        }
    };
    stage.set("SUPPORT_ROLE_ID", ids.member_role.to_string());
    warned(&stage, &["@member is held by 6 of about 7 members", "see every ticket"]).await;

    stage.discord.fault(Fault::code("GET /guilds/*/roles/member-counts", 404, 0, "404: Not Found").always());
    let (_, report) = wrong(&stage).await;
    assert!(report.contains("✓ Support role"), "not told is not wrong, and not worth a line: {report}");
    stage.discord.clear_faults();

    stage.set("SUPPORT_ROLE_ID", ids.bot_role.to_string());
    warned(&stage, &["@talon belongs to a bot"]).await;
    stage.set("SUPPORT_ROLE_ID", ids.guild.to_string());
    only(&stage, "Support role", &["is @everyone: every member would see every ticket"]).await;

    stage.set("SUPPORT_ROLE_ID", ids.support_role.to_string());
    stage.discord.leave(ids.sue);
    warned(&stage, &["@support is held by nobody"]).await;
}

#[tokio::test]
async fn channels_that_are_not_what_they_should_be() {
    let mut stage = stage();
    let ids = stage.discord.ids();

    stage.set("TICKET_BUTTON_CHANNEL_ID", ids.category.to_string());
    only(&stage, "Panel channel", &["\"tickets\" is no text channel", "TICKET_BUTTON_CHANNEL_ID"]).await;
    stage.set("TICKET_BUTTON_CHANNEL_ID", "12345");
    only(&stage, "Panel channel", &["does not exist"]).await;

    stage.set("TICKET_BUTTON_CHANNEL_ID", ids.panel.to_string());
    stage.discord.delete_channel(ids.category);
    only(&stage, "Category", &["does not exist", "TICKET_CATEGORY_ID"]).await;
}

#[tokio::test]
async fn a_full_category_and_a_full_server_are_told() {
    let stage = stage();
    let category = stage.discord.ids().category;

    stage.discord.fill(Some(category), 50);
    only(&stage, "Room in the category", &["50 of 50 channels: no ticket can be opened"]).await;

    stage.discord.fill(None, 500);
    let (wrong, report) = wrong(&stage).await;
    assert_eq!(wrong, ["Room in the category", "Room in the server"], "{report}");
}

#[tokio::test]
async fn an_intent_that_is_switched_off_is_told_and_not_wrong() {
    let stage = stage_where(|start| start.content_intent = false);

    let (wrong, report) = wrong(&stage).await;

    assert_eq!(wrong, [""; 0], "{report}");
    for word in
        ["! Message content intent", "slash commands work", "Privileged Gateway Intents", "Message Content Intent"]
    {
        assert!(report.contains(word), "{word:?} in:\n{report}");
    }
}

#[tokio::test]
async fn a_bot_that_was_thrown_out_is_invited_again() {
    let stage = stage();
    let ids = stage.discord.ids();
    stage.discord.leave(ids.bot);
    let link = format!("https://discord.com/oauth2/authorize?client_id={}", ids.application);
    only(&stage, "Server", &["in no server", &link, "permissions=257040"]).await;
}

#[tokio::test]
async fn without_a_network_one_line_says_so_and_nothing_counts_as_in_place() {
    let mut stage = stage();
    stage.set("DISCORD_PROXY", "http://127.0.0.1:1");

    let output = stage.run("doctor").await;

    let report = text(&output);
    assert_eq!(output.status.code(), Some(3), "{report}");
    let unchecked: Vec<&str> = report.lines().filter(|line| line.starts_with("? ")).collect();
    let [discord, others] = unchecked[..] else { panic!("the outage and what hangs on it:\n{report}") };
    assert!(discord.starts_with("? Discord ") && discord.contains("discord does not answer"), "{report}");
    assert!(others.contains("Token, ") && others.contains("Room in the server"), "{report}");
    assert!(report.contains("reaches https://discord.com") && report.contains("✓ Disk space"), "{report}");
    assert!(report.contains("could not be checked\n") && !report.contains("in place"), "{report}");
}

#[tokio::test]
async fn a_bot_that_may_have_no_slash_commands_is_told_and_not_wrong() {
    let stage = stage();
    stage.discord.fault(Fault::code("GET /applications/*/guilds/*/commands", 403, 50001, "Missing Access").always());
    let (wrong, report) = wrong(&stage).await;
    assert_eq!(wrong, [""; 0], "{report}");
    assert!(report.contains("! Slash commands") && report.contains("scope applications.commands"), "{report}");
    assert!(report.ends_with("all that is needed is in place, and 1 deserves a look\n"), "{report}");
}

#[tokio::test]
async fn a_wrong_token_is_told_and_never_shown() {
    let mut stage = stage();
    stage.set("DISCORD_TOKEN", "wrong.token.of-somebody");
    only(&stage, "Token", &["does not accept it", "Reset Token"]).await;
    let output = stage.run("doctor").await;
    assert!(!format!("{output:?}").contains("of-somebody"));
}

#[tokio::test]
async fn an_outage_in_the_middle_accuses_nobody_and_is_one_line() {
    let stage = stage();
    for look in ["GET /guilds/*", "GET /guilds/*/channels", "GET /guilds/*/roles", "GET /guilds/*/members/*"] {
        stage.discord.fault(Fault::status(look, When::Before, 503).always());
    }
    let (wrong, report) = wrong(&stage).await;
    assert_eq!(wrong, [""; 0], "{report}");
    let unchecked: Vec<&str> = report.lines().filter(|line| line.starts_with("? ")).collect();
    let [one] = unchecked[..] else { panic!("one cause, one line:\n{report}") };
    assert!(one.starts_with("? not checked: discord answers with status 503: Support role, Time-out"), "{report}");
    assert!(report.contains("✓ Panel channel") && report.contains("ask `talon doctor` again"), "{report}");
    assert!(!report.contains("in place"), "what was not checked is not in place: {report}");
}

/// Every question that the doctor asks Discord beyond who the bot is, and whether another question tells the same.
const LOOKS: [(&str, bool); 8] = [
    ("GET /oauth2/applications/@me", false),
    ("GET /gateway/bot", true),
    ("GET /users/@me/guilds", true),
    ("GET /channels/*", true),
    ("GET /guilds/*/channels", false),
    ("GET /guilds/*/members/*", false),
    ("GET /applications/*/guilds/*/commands", false),
    ("GET /guilds/*", false),
];

/// Where one look fails, nobody is accused, and what is unknown for that reason is said to be, in one line.
async fn accuses_nobody(stage: &Stage, look: &str, known_otherwise: bool) {
    let (wrong, report) = wrong(stage).await;
    assert_eq!(wrong, [""; 0], "{look}:\n{report}");
    let unchecked = report.lines().filter(|line| line.starts_with("? ")).count();
    assert_eq!(unchecked, usize::from(!known_otherwise), "{look}: one cause, one line:\n{report}");
    assert_eq!(report.contains("all that is needed is in place"), known_otherwise, "{look}:\n{report}");
    assert!(report.contains("✓ Disk space") && report.contains("✓ Token"), "{look}:\n{report}");
}

#[tokio::test]
async fn a_look_that_something_on_the_way_answers_is_unchecked_and_the_rest_is_checked() {
    let stage = stage();
    for (look, known_otherwise) in LOOKS {
        stage.discord.fault(Fault::page(look, When::Before, 404, "<html>not here</html>").always());
        accuses_nobody(&stage, look, known_otherwise).await;
        stage.discord.clear_faults();
    }
}

#[tokio::test]
async fn a_look_that_is_never_answered_costs_itself() {
    let mut stage = stage();
    stage.set("REQUEST_TIMEOUT", "1s");
    stage.discord.fault(Fault::hang("GET /guilds/*/members/*", When::Before).always());
    accuses_nobody(&stage, "GET /guilds/*/members/*", false).await;
    stage.discord.clear_faults();
    stage.discord.fault(Fault::hang("GET /gateway/bot", When::Before).always());
    accuses_nobody(&stage, "GET /gateway/bot", false).await;
}

#[tokio::test]
async fn a_server_that_leaves_out_its_roles_is_examined_all_the_same() {
    let stage = stage();
    let ids = stage.discord.ids();
    let mut told = stage.discord.look(World::guild_create);
    told.as_object_mut().expect("a server").remove("roles");
    let told = Answer { status: 200, headers: Vec::new(), body: Some(told) };
    stage.discord.fault(Fault::new("GET /guilds/*", When::Before, FaultEffect::Answer(told)).always());
    only_well(&stage).await;
    stage.discord.set_bot_permissions(Start::default().bot_permissions.without(Permissions::MANAGE_CHANNELS));
    only(&stage, "Manage Channels", &["not given to the bot in the server"]).await;
    stage.discord.delete_role(ids.support_role);
    let (wrong, report) = wrong(&stage).await;
    assert_eq!(wrong, ["Support role", "Manage Channels"], "{report}");
}

#[tokio::test]
async fn a_damaged_database_and_a_broken_panel_file_are_told() {
    let mut stage = stage();
    stage.start().await;
    stage.stop().await;
    fs::write(stage.file("json/ticket_message.json"), "{").expect("the file can be written");
    fs::write(stage.file("json/talon.db"), "no database at all, but something long enough").expect("it can be written");
    only(&stage, "Database", &["is not an SQLite database", "restore a backup", "! Panel file", "is as good as none"])
        .await;
}

#[tokio::test]
async fn programs_read_the_same_as_json() {
    let stage = stage();
    stage.discord.delete_role(stage.discord.ids().support_role);
    let mut program = stage.program("doctor");
    let output = program.arg("--json").stdout(Stdio::piped()).output().expect("the program runs");

    assert_eq!(output.status.code(), Some(1));
    let findings: Vec<BTreeMap<String, Value>> = serde_json::from_slice(&output.stdout).expect("an array of objects");
    assert!(findings.iter().all(|finding| finding.keys().eq(["check", "found", "remedy", "status"])), "{findings:#?}");
    let wrong: Vec<_> = findings.iter().filter(|finding| finding["status"] == "error").collect();
    let [role] = wrong[..] else { panic!("{wrong:#?}") };
    assert_eq!(role["check"], "support_role");
    assert!(role["remedy"].as_str().is_some_and(|remedy| remedy.contains("SUPPORT_ROLE_ID")));
}

#[tokio::test]
async fn wrong_settings_are_told_as_ever() {
    let mut stage = stage();
    stage.set("CLOSE_DELAY", "soon");
    let output = stage.run("doctor").await;
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("CLOSE_DELAY: is not a duration"));
}

#[tokio::test]
async fn the_bot_says_the_same_when_it_starts_and_starts_all_the_same() {
    let mut stage = stage();
    let all = Start::default().bot_permissions;
    stage.discord.set_bot_permissions(all.without(Permissions::MENTION_EVERYONE));
    let (_, report) = wrong(&stage).await;
    stage.set("RUST_LOG", "info");
    stage.unset("SETUP_CHECKS");

    stage.start().await;

    stage.until_logged("1 thing is wrong").await;
    let logged = stage.logged();
    let line = logged.lines().find(|line| line.contains("ERROR")).expect("an error in the log");
    assert!(line.contains("talon::doctor") && line.contains("Notifying the support: nobody is notified"), "{line}");
    let remedy = report.lines().find_map(|line| line.trim_start().strip_prefix("→ ")).expect("a remedy");
    assert!(line.contains(remedy), "the same words: {line}");
    stage.open(stage.discord.ids().alice).await;
}
