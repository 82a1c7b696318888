//! What the bot may not do, or cannot: the member is told what is missing, and it goes on as soon as it is there.

use std::time::Duration;

use talon::lifecycle::State;
use talon_sandbox::world::{Overwrite, Permissions, Snowflake, Start, Target};
use talon_sandbox::{Fault, Setup};

use crate::stage::Stage;

/// A press that comes to nothing: what is said, and that nothing is left of it.
async fn refused(stage: &Stage, who: Snowflake) -> String {
    let before = stage.tickets();
    let press = stage.press_create(who);
    let reply = stage.discord.answered(press).await.expect("an answer");
    assert!(reply.ephemeral);
    stage.until_row(who, |row| row.state == State::Absent).await;
    assert_eq!(stage.tickets(), before);
    reply.content
}

#[tokio::test]
async fn a_full_category_is_said_and_opens_again_when_there_is_room() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    stage.discord.fill(Some(ids.category), 50);

    let words = refused(&stage, ids.alice).await;

    let full = "❌ мест для тикетов сейчас нет: категория заполнена. попробуй позже, когда закроют старые тикеты, или напиши \
                администратору";
    assert_eq!(words, full);
    stage.discord.delete_channel(stage.tickets()[0]);
    stage.open(ids.alice).await;
}

/// The bot is in time-out for a day: until when, in seconds.
fn time_out(stage: &Stage) -> u64 {
    let tomorrow = stage.discord.now() + Duration::from_secs(24 * 60 * 60);
    stage.discord.act(|world| world.time_out(world.bot(), Some(tomorrow)));
    tomorrow.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[tokio::test]
async fn a_bot_in_time_out_says_so_and_until_when() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let tomorrow = time_out(&stage);

    let words = refused(&stage, ids.alice).await;

    let expected = format!(
        "❌ бот в тайм-ауте и не может создать тикет. тайм-аут закончится <t:{tomorrow}:R>, снять его раньше может \
         администратор"
    );
    assert_eq!(words, expected);
    stage.until_logged("is in time-out, so Discord refuses its requests").await;
    stage.discord.act(|world| world.time_out(ids.bot, None));
    stage.open(ids.alice).await;
}

#[tokio::test]
async fn a_full_server_is_said() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    stage.discord.fill(None, 500);

    let words = refused(&stage, ids.alice).await;

    let full = "❌ на сервере нет места для новых каналов, напиши администратору: место появится, когда удалят ненужные каналы";
    assert_eq!(words, full);
}

#[tokio::test]
async fn a_deleted_category_is_said() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.bob).await;
    stage.discord.delete_channel(ids.category);

    let words = refused(&stage, ids.alice).await;

    assert_eq!(words, "❌ категория для тикетов удалена, напиши администратору");
    // A ticket that is open is none the worse for it.
    stage.press_close(ids.bob, ticket);
    stage.until_gone(ticket).await;
}

#[tokio::test]
async fn a_deleted_support_role_is_said() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.bob).await;
    stage.discord.delete_role(ids.support_role);

    let words = refused(&stage, ids.alice).await;

    assert_eq!(words, "❌ роль поддержки удалена, напиши администратору");
    stage.press_close(ids.bob, ticket);
    stage.until_gone(ticket).await;
}

#[tokio::test]
async fn a_deleted_panel_channel_leaves_the_command() {
    let mut stage = Stage::ready().await;
    let ids = stage.discord.ids();
    stage.discord.delete_channel(ids.panel);

    let reply = stage.command(ids.alice, ids.lounge, "!ticket").await;
    assert_eq!(reply.content, format!("✅ тикет создан: <#{}>", stage.tickets()[0]));
    let reply = stage.command(ids.adam, ids.lounge, "!setuptickets").await;
    assert_eq!(reply.content, "❌ не получилось поставить панель, причина в журнале бота");

    stage.kill().await;
    stage.spawn();
    stage.discord.ready().await;
    let reply = stage.command(ids.bob, ids.lounge, "!ticket").await;
    assert_eq!(reply.content, format!("✅ тикет создан: <#{}>", stage.tickets()[1]));
}

#[tokio::test]
async fn a_right_that_the_bot_lacks_is_named() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let all = Start::default().bot_permissions;
    let rights = [
        (Permissions::VIEW_CHANNEL, "просматривать каналы"),
        (Permissions::SEND_MESSAGES, "отправлять сообщения"),
        (Permissions::ATTACH_FILES, "прикреплять файлы"),
        (Permissions::READ_MESSAGE_HISTORY, "читать историю сообщений"),
        (Permissions::MANAGE_MESSAGES, "управлять сообщениями"),
        (Permissions::MANAGE_CHANNELS, "управлять каналами"),
    ];
    for (right, name) in rights {
        stage.discord.set_bot_permissions(Permissions(all.0 & !right.0));
        let words = refused(&stage, ids.alice).await;
        assert_eq!(words, format!("❌ мне не хватает права «{name}», напиши администратору"));
    }
    stage.discord.set_bot_permissions(all);
    stage.open(ids.alice).await;
}

#[tokio::test]
async fn without_the_right_to_embed_everything_works_and_looks_bare() {
    let all = Start::default().bot_permissions;
    let bot_permissions = Permissions(all.0 & !Permissions::EMBED_LINKS.0);
    let mut stage = Stage::with(Setup { start: Start { bot_permissions, ..Start::default() }, ..Setup::default() });
    stage.start().await;
    let ids = stage.discord.ids();
    let bare = stage.panel().await;
    assert_eq!(bare.embeds.len(), 0);
    stage.open(ids.alice).await;

    stage.discord.set_bot_permissions(all);
    stage.command(ids.adam, ids.lounge, "!setuptickets").await;

    let panel = stage.panel().await;
    assert_eq!((panel.id, panel.embeds.len()), (bare.id, 1));
}

#[tokio::test]
async fn without_the_right_to_mention_the_ticket_opens_all_the_same() {
    let everything = Start::default().bot_permissions;
    let bot_permissions = Permissions(everything.0 & !Permissions::MENTION_EVERYONE.0);
    let mut stage = Stage::with(Setup { start: Start { bot_permissions, ..Start::default() }, ..Setup::default() });
    stage.start().await;
    let alice = stage.discord.ids().alice;

    let ticket = stage.open(alice).await;

    assert_eq!(stage.welcome(ticket).await.notified, [alice]);
}

/// What the bot may do in a channel, whatever it may do elsewhere.
fn let_bot(stage: &Stage, channel: Snowflake, allow: Permissions, deny: Permissions) {
    let id = stage.discord.ids().bot;
    stage.discord.overwrite(channel, Overwrite { id, kind: Target::Member, allow, deny });
}

#[tokio::test]
async fn a_right_that_comes_back_in_time_ends_the_ticket() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    let_bot(&stage, ticket, Permissions::VIEW_CHANNEL, Permissions::MANAGE_CHANNELS);

    stage.press_close(ids.alice, ticket);
    stage.discord.until_called("DELETE /channels/*", 2).await;
    assert_eq!(stage.tickets(), [ticket]);
    let_bot(&stage, ticket, Permissions::VIEW_CHANNEL | Permissions::MANAGE_CHANNELS, Permissions::NONE);

    stage.until_gone(ticket).await;
    assert_eq!(stage.announcements(ticket).len(), 1);
}

#[tokio::test]
async fn what_cannot_be_announced_is_not_closed() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    let_bot(&stage, ticket, Permissions::VIEW_CHANNEL | Permissions::MANAGE_CHANNELS, Permissions::SEND_MESSAGES);

    stage.discord.say(ids.alice, ticket, "!close").expect("she may write there");
    stage.discord.until_called("POST /channels/*/messages", 3).await;
    stage.until_row(ids.alice, |row| matches!(row.state, State::Open { .. })).await;
    assert_eq!(stage.tickets(), [ticket]);

    // A press can be answered without that right.
    stage.press_close(ids.alice, ticket);
    stage.until_gone(ticket).await;
    assert_eq!(stage.announcements(ticket).len(), 1);
}

/// Until the answer to a press says this, in place of what it said before.
async fn until_corrected(stage: &Stage, press: Snowflake, words: &str) {
    let said = || stage.discord.reply(press).filter(|reply| reply.content == words);
    stage.until("the answer is corrected", said).await;
}

#[tokio::test]
async fn a_close_that_a_time_out_prevents_is_corrected_where_it_was_announced() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    let tomorrow = time_out(&stage);

    // An answer to a press needs no right in the channel: the announcement succeeds, and everything after it does not.
    let press = stage.press_close(ids.alice, ticket);
    assert_eq!(stage.answer(press).await, "🔒 тикет будет закрыт через 1 секунду...");

    let words = format!(
        "❌ не получилось закрыть тикет: бот в тайм-ауте. он закончится <t:{tomorrow}:R>, снять его раньше может \
         администратор, потом закрой тикет ещё раз"
    );
    until_corrected(&stage, press, &words).await;
    assert_eq!(stage.announcements(ticket).len(), 0, "nobody reads that it will be closed");
    stage.until_row(ids.alice, |row| matches!(row.state, State::Open { .. })).await;
    stage.until_logged("the bot is in time-out: right-click the bot → Remove Timeout").await;

    stage.discord.act(|world| world.time_out(ids.bot, None));
    stage.press_close(ids.alice, ticket);
    stage.until_gone(ticket).await;
}

#[tokio::test]
async fn a_written_close_in_a_time_out_is_for_the_log_alone() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    time_out(&stage);

    stage.discord.say(ids.sue, ticket, "!close").expect("she may write there");

    stage.until_logged("the channel cannot be closed, so the ticket is open again").await;
    stage.until_logged("the bot is in time-out: right-click the bot → Remove Timeout").await;
    assert!(matches!(stage.row(ids.alice).state, State::Open { .. }));
}

#[tokio::test]
async fn a_channel_that_a_community_needs_is_not_blamed_on_missing_rights() {
    let stage = Stage::ready().await;
    let ids = stage.discord.ids();
    let ticket = stage.open(ids.alice).await;
    let needed = "Cannot delete a channel required for community servers";
    stage.discord.fault(Fault::code("DELETE /channels/*", 400, 50_074, needed));

    stage.press_close(ids.alice, ticket);

    let words = "❌ не получилось закрыть тикет: сервер использует этот канал для правил или обновлений сообщества. \
                 администратор может выбрать для них другой канал, потом закрой тикет ещё раз";
    let messages = || stage.discord.messages(ids.alice, ticket);
    stage.until("the channel reads why", || messages().iter().any(|said| said.content == words).then_some(())).await;
    stage.until_logged("choose another rules or updates channel in its Community settings").await;
    // The administrator chose another one.
    stage.press_close(ids.sue, ticket);
    stage.until_gone(ticket).await;
}
