//! What goes while the bot runs is told when it goes, with what to do about it, and once more when it is back.

use std::time::Duration;

use serde_json::Value;
use talon_sandbox::Setup;
use talon_sandbox::world::permissions::Target;
use talon_sandbox::world::{Overwrite, Permissions, Snowflake, Start, World};

use crate::health::{healthz, until_healthz};
use crate::stage::{LIST_COMMANDS, Stage, each};

/// The bot waits for a few seconds before it looks, and never looks twice in a few.
const PATIENCE: Duration = Duration::from_secs(30);
/// What only a look at everything asks.
const LOOK: &str = "GET /users/@me/guilds";

/// A bot that looks whether all is in place, and has found it so.
async fn ready() -> (Stage, String) {
    // As Discord is now: what the bot may not view any more is told as a channel that has changed.
    let start = Start { hides_channels: true, ..Start::default() };
    let mut stage = Stage::with(Setup { start, ..Setup::default() });
    // What the log shows decides nothing.
    stage.set("RUST_LOG", "talon=debug,info");
    stage.unset("SETUP_CHECKS");
    stage.set("HEALTH_ADDR", "127.0.0.1:0");
    stage.start().await;
    let url = stage.health_url().await;
    let looked = || stage.logged().contains("INFO talon::doctor:").then_some(());
    stage.until_in(PATIENCE, "it has looked at everything", looked).await;
    until_problem(&stage, &url, "").await;
    (stage, url)
}

/// Waits until `/healthz` names this problem; none, where it is empty.
async fn until_problem(stage: &Stage, url: &str, problem: &str) {
    let fits = |status, told: &Value| {
        let mut problems = told["setup"]["problems"].as_array().expect("a list").iter().filter_map(Value::as_str);
        if problem.is_empty() {
            status == 200 && problems.next().is_none()
        } else {
            status == 503 && problems.any(|found| found.contains(problem))
        }
    };
    let told = until_healthz(url, PATIENCE, fits).await;
    assert!(told.is_some(), "/healthz did not come to tell {problem:?}\n{}", stage.story());
}

async fn until_logged(stage: &Stage, level: &str, words: &str) {
    let told = || {
        let log = stage.logged();
        let mut lines = log.lines().filter(|line| line.contains(level) && line.contains("talon::doctor"));
        lines.any(|line| line.contains(words)).then_some(())
    };
    stage.until_in(PATIENCE, words, told).await;
}

/// What somebody does in the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    DeletePanelChannel,
    DeleteCategory,
    DeleteSupportRole,
    CloseCategory,
    ClosePanelChannel,
    TakeRight,
    TakeRole,
    TimeOut,
}

impl Deed {
    const ALL: [Self; 8] = [
        Self::DeletePanelChannel,
        Self::DeleteCategory,
        Self::DeleteSupportRole,
        Self::CloseCategory,
        Self::ClosePanelChannel,
        Self::TakeRight,
        Self::TakeRole,
        Self::TimeOut,
    ];

    /// What is told of it, and a part of the remedy.
    fn problem(self) -> [&'static str; 2] {
        match self {
            Self::DeletePanelChannel => ["Panel channel: does not exist, or not any more", "TICKET_BUTTON_CHANNEL_ID"],
            Self::DeleteCategory => ["Category: does not exist, or not any more", "TICKET_CATEGORY_ID"],
            Self::DeleteSupportRole => ["Support role: ", "SUPPORT_ROLE_ID"],
            Self::CloseCategory | Self::ClosePanelChannel => ["View Channels: ", "View Channel"],
            Self::TakeRight | Self::TakeRole => ["Manage Channels: ", "Server Settings → Roles"],
            Self::TimeOut => ["Time-out: the bot is in time-out", "Remove Timeout"],
        }
    }

    fn perform(self, stage: &Stage) {
        let ids = stage.discord.ids();
        match self {
            Self::DeletePanelChannel => stage.discord.delete_channel(ids.panel),
            Self::DeleteCategory => stage.discord.delete_channel(ids.category),
            Self::DeleteSupportRole => stage.discord.delete_role(ids.support_role),
            Self::CloseCategory => Self::set_view(stage, ids.category, false),
            Self::ClosePanelChannel => Self::set_view(stage, ids.panel, false),
            Self::TimeOut => {
                let until = stage.discord.now() + Duration::from_secs(3_600);
                stage.discord.act(|world| world.time_out(ids.bot, Some(until)));
            }
            Self::TakeRight => {
                let all = Start::default().bot_permissions;
                stage.discord.set_bot_permissions(all.without(Permissions::MANAGE_CHANNELS));
            }
            Self::TakeRole => stage.discord.act(|world| world.set_role(ids.bot, ids.bot_role, false)),
        }
    }

    fn set_view(stage: &Stage, channel: Snowflake, view: bool) {
        let deny = if view { Permissions::NONE } else { Permissions::VIEW_CHANNEL };
        let (id, kind) = (stage.discord.ids().bot, Target::Member);
        stage.discord.overwrite(channel, Overwrite { id, kind, allow: Permissions::NONE, deny });
    }

    /// Takes it back, where that is possible.
    fn undo(self, stage: &Stage) -> bool {
        let ids = stage.discord.ids();
        match self {
            Self::DeletePanelChannel | Self::DeleteCategory | Self::DeleteSupportRole => return false,
            Self::CloseCategory => Self::set_view(stage, ids.category, true),
            Self::ClosePanelChannel => Self::set_view(stage, ids.panel, true),
            Self::TimeOut => stage.discord.act(|world| world.time_out(ids.bot, None)),
            Self::TakeRight => stage.discord.set_bot_permissions(Start::default().bot_permissions),
            Self::TakeRole => stage.discord.act(|world| world.set_role(ids.bot, ids.bot_role, true)),
        }
        true
    }
}

#[tokio::test]
async fn what_goes_is_told_at_once_with_its_remedy_and_once_more_when_it_is_back() {
    each(Deed::ALL, |deed| async move {
        let (stage, url) = ready().await;
        let [problem, remedy] = deed.problem();
        deed.perform(&stage);
        until_problem(&stage, &url, problem).await;
        until_logged(&stage, "ERROR", problem).await;
        until_logged(&stage, "ERROR", remedy).await;
        if deed.undo(&stage) {
            until_problem(&stage, &url, "").await;
            let title = problem.split(':').next().unwrap_or_default();
            until_logged(&stage, "INFO", &format!("all right again: {title}: ")).await;
            stage.open(stage.discord.ids().alice).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_bot_that_is_kicked_says_so_and_takes_up_its_work_when_it_is_invited_again() {
    let (stage, url) = ready().await;
    let ids = stage.discord.ids();
    let looked = stage.discord.calls_matching(LIST_COMMANDS).len();
    stage.discord.leave(ids.bot);
    until_problem(&stage, &url, "Server: the bot is in no server: invite it with https://discord.com/oauth2/").await;

    stage.discord.act(|world| world.admit(ids.bot, &[ids.bot_role]));
    stage.discord.until_called(LIST_COMMANDS, looked + 1).await;
    stage.until_slash().await;
    until_problem(&stage, &url, "").await;
    until_logged(&stage, "INFO", "all right again: Server: ").await;
    assert_eq!(stage.slash(ids.adam, ids.lounge, "setuptickets").await.content, "✅ панель на месте");
    stage.open(ids.alice).await;
}

#[tokio::test]
async fn many_changes_are_one_look_and_those_that_do_not_touch_the_bot_are_none() {
    let (stage, url) = ready().await;
    let ids = stage.discord.ids();
    let looks = || stage.discord.calls_matching(LOOK).len();
    let before = looks();
    for number in 0..50 {
        stage.discord.act(|world| {
            world.change_role(ids.member_role, |role| role.name = format!("role {number}"));
            world.change_role(ids.admin_role, |role| role.name = format!("admin {number}"));
            world.overwrite(
                ids.lounge,
                Overwrite { id: ids.bob, kind: Target::Member, allow: Permissions(number), deny: Permissions::NONE },
            );
        });
    }
    // Heard after the others.
    stage.open(ids.alice).await;
    assert_eq!(looks(), before, "nothing of that is the bot's");
    for _ in 0..50 {
        Deed::TakeRight.perform(&stage);
        Deed::TakeRight.undo(&stage);
    }
    Deed::TakeRight.perform(&stage);
    until_problem(&stage, &url, "Manage Channels: ").await;
    assert_eq!(looks(), before + 1, "one look for all of it");
}

#[tokio::test]
async fn a_panel_whose_embeds_a_moderator_has_hidden_shows_them_again() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let panel = stage.panel().await;
    let flags = |world: &World| world.channels[&ids.panel].messages[&panel.id].flags;
    stage.discord.hide_embeds(ids.panel, panel.id);
    stage.discord.until("the embeds are shown", |world| (flags(world) == 0).then_some(())).await;
    assert_eq!(stage.panel().await.id, panel.id, "it is the same message");
    stage.until_quiet().await;
    let edits = stage.discord.calls_matching("PATCH /channels/*/messages/*");
    assert_eq!(edits.len(), 1, "once");
    assert!(!stage.logged().contains("another process"), "a moderator is no other process");
}

#[tokio::test]
async fn a_panel_that_somebody_keeps_changing_is_a_problem_until_it_is_set_up_again() {
    let (stage, url) = ready().await;
    let ids = stage.discord.ids();
    let panel = stage.panel().await;
    let flags = |world: &World| world.channels[&ids.panel].messages[&panel.id].flags;
    for _ in 0..3 {
        stage.discord.hide_embeds(ids.panel, panel.id);
        stage.discord.until("the embeds are shown", |world| (flags(world) == 0).then_some(())).await;
    }
    stage.discord.hide_embeds(ids.panel, panel.id);
    let told = healthz(&url, 503).await;
    assert!(told["problems"][0].as_str().is_some_and(|why| why.contains("keeps changing the panel")), "{told}");
    stage.until_quiet().await;
    assert!(stage.discord.look(|world| flags(world) != 0), "it is left as it is");

    stage.discord.say(ids.adam, ids.lounge, "!setuptickets").expect("he may write there");

    stage.discord.until("the embeds are shown", |world| (flags(world) == 0).then_some(())).await;
    healthz(&url, 200).await;
}

#[tokio::test]
async fn a_panel_whose_embeds_were_hidden_while_the_bot_was_away_shows_them_again() {
    let mut stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let panel = stage.panel().await;
    stage.until("the panel's id is kept", || stage.file("json/ticket_message.json").exists().then_some(())).await;
    stage.kill().await;
    stage.discord.hide_embeds(ids.panel, panel.id);
    stage.start().await;
    let shown = |world: &World| world.channels[&ids.panel].messages[&panel.id].flags == 0;
    stage.discord.until("the embeds are shown", |world| shown(world).then_some(())).await;
}
