//! The gateway: what is told at first, what happens afterwards, and what was missed.

use twilight_gateway::{Intents, ShardState};
use twilight_model::channel::ChannelType;
use twilight_model::gateway::event::Event;
use twilight_model::gateway::payload::incoming::GuildCreate;

use super::{Rig, hear, id, rig, shard};
use talon_sandbox::world::Start;
use talon_sandbox::*;

#[tokio::test]
async fn a_newcomer_is_told_who_it_is_and_what_there_is() {
    let Rig { sandbox, http, .. } = rig().await;
    let ids = sandbox.ids();
    let gateway = http.gateway().authed().await.expect("an answer").model().await.expect("a model");
    assert_eq!((gateway.url, gateway.shards), (sandbox.base_url().replace("http", "ws"), 1));
    let mut shard = shard(&sandbox, Intents::GUILDS);
    let ready = hear(&mut shard, |event| if let Event::Ready(ready) = event { Some(ready) } else { None }).await;
    assert_eq!((ready.user.id, ready.application.id), (id(ids.bot), id(ids.application)));
    assert!(ready.guilds.iter().all(|guild| guild.unavailable), "servers come one by one");
    let guild = hear(&mut shard, |event| if let Event::GuildCreate(guild) = event { Some(guild) } else { None }).await;
    let GuildCreate::Available(guild) = *guild else { panic!("the server is there") };
    assert_eq!((guild.id, guild.owner_id), (id(ids.guild), id(ids.owner)));
    let kinds: Vec<ChannelType> = guild.channels.iter().map(|channel| channel.kind).collect();
    assert_eq!(kinds, [ChannelType::GuildCategory, ChannelType::GuildText, ChannelType::GuildText]);
    assert!(guild.roles.iter().any(|role| role.id == id(ids.support_role)));
    assert_eq!(guild.members.len(), 1, "without the presence intent only the bot is told");
}

#[tokio::test]
async fn what_was_missed_is_told_on_coming_back() {
    let mut rig = rig().await;
    let ids = rig.sandbox.ids();
    rig.sandbox.drop_gateway();
    rig.sandbox.gone().await;
    rig.sandbox.say(ids.alice, ids.lounge, "while you were away").expect("alice may write");
    let mut missed = None;
    rig.hear(|event| match event {
        Event::MessageCreate(message) => {
            missed = Some(message.message);
            None
        }
        Event::Resumed => Some(()),
        Event::Ready(_) => panic!("the session goes on"),
        _ => None,
    })
    .await;
    let missed = missed.expect("the message comes before RESUMED");
    assert_eq!((missed.content.as_str(), missed.author.id), ("while you were away", id(ids.alice)));
    assert_eq!(missed.member.map(|member| member.roles), Some(vec![id(ids.member_role)]));
}

#[tokio::test]
async fn a_session_that_was_forgotten_begins_anew() {
    let mut rig = rig().await;
    rig.sandbox.invalidate_sessions(false);
    rig.hear(|event| matches!(event, Event::GatewayInvalidateSession(false)).then_some(())).await;
    rig.hear(|event| matches!(event, Event::Ready(_)).then_some(())).await;
}

#[tokio::test]
async fn a_client_that_may_not_hear_what_it_asked_for_is_sent_away_for_good() {
    let start = Start { content_intent: false, ..Start::default() };
    let sandbox = Sandbox::start(Setup { start, ..Setup::default() }).expect("loopback is free");
    let mut shard = shard(&sandbox, Intents::MESSAGE_CONTENT);
    let code = hear(&mut shard, |event| match event {
        Event::GatewayClose(Some(frame)) => Some(frame.code),
        Event::Ready(_) => panic!("it may not listen"),
        _ => None,
    });
    assert_eq!(code.await, 4014);
    assert_eq!(shard.state(), ShardState::FatallyClosed);
}

#[tokio::test]
async fn people_are_heard_as_they_come_and_go() {
    let mut rig = rig().await;
    let ids = rig.sandbox.ids();
    let channel = rig.sandbox.act(|world| world.create_channel(0, "news", None, &[]));
    let made = rig.hear(|event| if let Event::ChannelCreate(made) = event { Some(made) } else { None }).await;
    assert_eq!((made.id, made.name.as_deref()), (id(channel), Some("news")));
    rig.sandbox.delete_role(ids.support_role);
    let gone = rig.hear(|event| if let Event::RoleDelete(gone) = event { Some(gone) } else { None }).await;
    assert_eq!(gone.role_id, id(ids.support_role));
    rig.sandbox.set_available(false);
    rig.hear(|event| matches!(event, Event::GuildDelete(gone) if gone.unavailable == Some(true)).then_some(())).await;
}
