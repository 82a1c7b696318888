//! REST: messages and channels through twilight's models.

use twilight_http::request::AuditLogReason;
use twilight_model::channel::message::MessageType;
use twilight_model::channel::permission_overwrite::{PermissionOverwrite, PermissionOverwriteType};
use twilight_model::gateway::event::Event;
use twilight_model::guild::Permissions;

use super::{id, refused, rig, row};
use talon_sandbox::world::{self, Snowflake};
use talon_sandbox::{Sandbox, Setup};

#[tokio::test]
async fn a_message_is_written_read_changed_and_taken_back() {
    let mut rig = rig().await;
    let ids = rig.sandbox.ids();
    let lounge = id(ids.lounge);
    let sent = rig.http.create_message(lounge).content("helo").nonce(42).components(&[row("go")]).await;
    let sent = sent.expect("the bot may write").model().await.expect("a model");
    let heard =
        rig.hear(|event| if let Event::MessageCreate(heard) = event { Some(heard.message) } else { None }).await;
    assert_eq!((heard.id, heard.content.as_str(), heard.guild_id), (sent.id, "helo", Some(id(ids.guild))));
    let fetched = rig.http.message(lounge, sent.id).await.expect("it is there").model().await.expect("a model");
    assert_eq!((fetched.author.id, fetched.components.len(), fetched.edited_timestamp), (id(ids.bot), 1, None));
    rig.http.update_message(lounge, sent.id).content(Some("hello")).await.expect("it is the bot's own");
    let edited = rig.hear(|event| if let Event::MessageUpdate(edited) = event { Some(edited.0) } else { None }).await;
    assert_eq!((edited.content.as_str(), edited.edited_timestamp.is_some()), ("hello", true));
    rig.http.delete_message(lounge, sent.id).await.expect("it is the bot's own");
    let gone = rig.hear(|event| if let Event::MessageDelete(gone) = event { Some(gone.id) } else { None }).await;
    assert_eq!(gone, sent.id);
    assert_eq!(refused(rig.http.message(lounge, sent.id).await), (404, 10008));
}

#[tokio::test]
async fn a_nonce_that_is_enforced_makes_one_message_of_two() {
    let rig = rig().await;
    let lounge = id(rig.sandbox.ids().lounge);
    let body = br#"{"content":"once","nonce":"n","enforce_nonce":true}"#;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let sent = rig.http.create_message(lounge).payload_json(body).await.expect("the bot may write");
        ids.push(sent.model().await.expect("a model").id);
    }
    assert_eq!(ids[0], ids[1]);
    let listed = rig.http.channel_messages(lounge).await.expect("a list").models().await.expect("models");
    assert_eq!(listed.len(), 1);
}

#[tokio::test]
async fn history_is_read_from_any_point() {
    let rig = rig().await;
    let ids = rig.sandbox.ids();
    let said = ["a", "b", "c"].map(|text| rig.sandbox.say(ids.alice, ids.lounge, text).expect("alice may write"));
    let list = || rig.http.channel_messages(id(ids.lounge));
    let before = list().before(id(said[2])).limit(1).await.expect("a list").models().await.expect("models");
    assert_eq!(before.iter().map(|message| message.content.as_str()).collect::<Vec<_>>(), ["b"]);
    let after = list().after(id(said[0])).await.expect("a list").models().await.expect("models");
    assert_eq!(after.iter().map(|message| message.content.as_str()).collect::<Vec<_>>(), ["c", "b"]);
    let reply = rig.http.create_message(id(ids.lounge)).content("re").reply(id(said[0])).await;
    let reply = reply.expect("there is something to reply to").model().await.expect("a model");
    assert_eq!(reply.kind, MessageType::Reply);
    assert_eq!(reply.referenced_message.map(|original| original.content.clone()).as_deref(), Some("a"));
}

#[tokio::test]
async fn a_private_channel_is_made_found_and_deleted() {
    let mut rig = rig().await;
    let ids = rig.sandbox.ids();
    let overwrites = [
        overwrite(ids.guild, PermissionOverwriteType::Role, Permissions::empty(), Permissions::VIEW_CHANNEL),
        overwrite(ids.alice, PermissionOverwriteType::Member, Permissions::VIEW_CHANNEL, Permissions::empty()),
        overwrite(ids.bot, PermissionOverwriteType::Member, Permissions::VIEW_CHANNEL, Permissions::empty()),
    ];
    let wish = rig.http.create_guild_channel(id(ids.guild), "Ticket Alice").parent_id(id(ids.category));
    let made = wish.topic("a ticket").permission_overwrites(&overwrites).reason("she asked").await;
    let made = made.expect("the bot may").model().await.expect("a model");
    assert_eq!((made.name.as_deref(), made.topic.as_deref()), (Some("ticket-alice"), Some("a ticket")));
    assert_eq!(made.permission_overwrites.as_ref().map(Vec::len), Some(3));
    assert_eq!(rig.sandbox.look(|world| world.audit[0].reason.clone()).as_deref(), Some("she asked"));
    let heard = rig.hear(|event| if let Event::ChannelCreate(heard) = event { Some(heard.0) } else { None }).await;
    assert_eq!(heard, made);
    let all = rig.http.guild_channels(id(ids.guild)).await.expect("a list").models().await.expect("models");
    assert!(all.contains(&made));
    assert!(rig.sandbox.channels(ids.bob).iter().all(|seen| seen.name != "ticket-alice"));
    rig.http.delete_channel(made.id).await.expect("the bot may");
    let gone = rig.hear(|event| if let Event::ChannelDelete(gone) = event { Some(gone.id) } else { None }).await;
    assert_eq!(gone, made.id);
    assert_eq!(refused(rig.http.channel(made.id).await), (404, 10003));
}

fn overwrite(
    whose: Snowflake,
    kind: PermissionOverwriteType,
    allow: Permissions,
    deny: Permissions,
) -> PermissionOverwrite {
    PermissionOverwrite { allow, deny, id: id(whose), kind }
}

#[tokio::test]
async fn people_and_servers_are_described_as_twilight_knows_them() {
    let rig = rig().await;
    let ids = rig.sandbox.ids();
    let me = rig.http.current_user().await.expect("an answer").model().await.expect("a model");
    assert_eq!((me.id, me.bot), (id(ids.bot), true));
    let application = rig.http.current_user_application().await.expect("an answer").model().await.expect("a model");
    assert_eq!(application.id, id(ids.application));
    let guild = rig.http.guild(id(ids.guild)).await.expect("an answer").model().await.expect("a model");
    assert_eq!(guild.owner_id, id(ids.owner));
    let sue =
        rig.http.guild_member(id(ids.guild), id(ids.sue)).await.expect("a member").model().await.expect("a model");
    assert!(sue.roles.contains(&id(ids.support_role)));
    let roles = rig.http.roles(id(ids.guild)).await.expect("an answer").models().await.expect("models");
    assert!(roles.iter().any(|role| role.id == id(ids.admin_role) && role.permissions == Permissions::ADMINISTRATOR));
}

#[tokio::test]
async fn refusals_bear_discords_codes() {
    let rig = rig().await;
    let ids = rig.sandbox.ids();
    let (http, nobody) = (&rig.http, Snowflake(1));
    assert_eq!(refused(http.guild(id(nobody)).await), (404, 10004));
    assert_eq!(refused(http.guild_member(id(ids.guild), id(nobody)).await), (404, 10013));
    assert_eq!(refused(http.delete_message(id(ids.lounge), id(nobody)).await), (404, 10008));
    assert_eq!(refused(http.create_message(id(ids.category)).content("x").await), (400, 50008));
    assert_eq!(refused(http.create_message(id(ids.lounge)).payload_json(b"{}").await), (400, 50006));
    let theirs = rig.sandbox.say(ids.alice, ids.lounge, "mine").expect("alice may write");
    assert_eq!(refused(http.update_message(id(ids.lounge), id(theirs)).content(Some("x")).await), (403, 50005));
    let long = format!(r#"{{"content":"{}"}}"#, "x".repeat(2001));
    assert_eq!(refused(http.create_message(id(ids.lounge)).payload_json(long.as_bytes()).await), (400, 50035));
    rig.sandbox.set_bot_permissions(world::Permissions::VIEW_CHANNEL);
    assert_eq!(refused(http.create_message(id(ids.lounge)).content("x").await), (403, 50013));
    assert_eq!(refused(http.create_guild_channel(id(ids.guild), "x").await), (403, 50013));
    rig.sandbox.set_bot_permissions(world::Permissions::NONE);
    assert_eq!(refused(http.channel(id(ids.lounge)).await), (403, 50001));
}

#[tokio::test]
async fn a_wrong_token_is_turned_away() {
    let sandbox = Sandbox::start(Setup::default()).expect("loopback is free");
    let host = sandbox.base_url().replace("http://", "");
    let stranger = twilight_http::Client::builder().token("wrong".to_owned()).proxy(host, true).build();
    assert_eq!(refused(stranger.current_user().await), (401, 0));
}
