//! A moderator presses "Sync permissions", and a member cannot see her own ticket any more.

use talon::lifecycle::State;
use talon_sandbox::world::{Overwrite, Permissions, Snowflake, Target};

use crate::stage::Stage;

/// What she reads where the bot could not let her in.
pub const HIDDEN: &str = "❌ у тебя есть тикет, но ты сейчас не видишь его канал, команда поддержки уже знает об этом";
const PUT_BACK: &str = "PUT /channels/*/permissions/*";

/// A member's open ticket, in step with a category that only staff and the bot may view.
pub async fn synced(stage: &Stage, who: Snowflake) -> Snowflake {
    let ids = stage.discord.ids();
    let ticket = stage.open(who).await;
    stage.until_row(who, |row| matches!(row.state, State::Open { .. })).await;
    let everyone = stage.discord.look(|world| world.guild.id);
    let granted = stage.discord.look(|world| world.channels[&ticket].overwrites.clone());
    for id in [everyone, ids.support_role, ids.bot] {
        stage.discord.overwrite(ids.category, granted[&id]);
    }
    stage.discord.sync_permissions(ticket);
    assert!(!sees(stage, who, ticket));
    ticket
}

pub fn sees(stage: &Stage, who: Snowflake, ticket: Snowflake) -> bool {
    stage.discord.look(|world| world.permissions(who, ticket).has(Permissions::VIEW_CHANNEL))
}

pub fn let_bot_manage_roles(stage: &Stage, may: bool) {
    let role = stage.discord.ids().bot_role;
    let held = stage.discord.look(|world| world.guild.roles[&role].permissions);
    let manage = Permissions::MANAGE_ROLES;
    stage.discord.set_bot_permissions(if may { held.with(manage) } else { held.without(manage) });
}

/// What the bot says to staff in the channel.
pub fn notices(stage: &Stage, ticket: Snowflake) -> usize {
    let staff = stage.discord.ids().sue;
    let messages = stage.discord.messages(staff, ticket);
    messages.iter().filter(|message| message.content.contains("не видит этот канал")).count()
}

#[tokio::test]
async fn a_bot_that_may_gives_access_back() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = synced(&stage, ids.alice).await;
    let_bot_manage_roles(&stage, true);

    let press = stage.press_create(ids.alice);

    assert_eq!(stage.answer(press).await, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
    stage.until("access", || sees(&stage, ids.alice, ticket).then_some(())).await;
    stage.until_logged("their overwrite was put back").await;
    let overwrite = stage.discord.look(|world| world.channels[&ticket].overwrites[&ids.alice]);
    let allow = Permissions::VIEW_CHANNEL
        | Permissions::SEND_MESSAGES
        | Permissions::ATTACH_FILES
        | Permissions::READ_MESSAGE_HISTORY;
    assert_eq!(overwrite, Overwrite { id: ids.alice, kind: Target::Member, allow, deny: Permissions::NONE });
    assert_eq!(notices(&stage, ticket), 0);
}

#[tokio::test]
async fn a_bot_that_may_not_tells_staff_and_the_member() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = synced(&stage, ids.alice).await;

    let press = stage.press_create(ids.alice);
    stage.until("the true answer", || stage.discord.reply(press).filter(|reply| reply.content == HIDDEN)).await;
    stage.until_logged("give the bot Manage Roles").await;
    // Within the same loss nobody is told twice.
    let again = stage.command(ids.alice, ids.lounge, "!ticket").await;
    assert_eq!(again.content, HIDDEN);

    assert_eq!(notices(&stage, ticket), 1);
    assert_eq!(stage.tickets(), [ticket]);
    assert_eq!(stage.discord.calls_matching(PUT_BACK).len(), 1);
}
