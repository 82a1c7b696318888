//! What a person waits for is withdrawn where it is known that a limit or the edge holds it up for long.

use std::future::Future;
use std::pin::Pin;

use super::*;

fn awaited() -> Ask<'static> {
    Ask { awaited: true, ..create() }
}

fn of_another_server() -> Ask<'static> {
    Ask { awaited: true, ..Ask::new(LightMethod::Post, Route::GuildChannels { guild_id: id(5) }) }
}

/// It was withdrawn, and for about this long.
#[track_caller]
fn assert_held(reply: &Reply, seconds: u64) {
    let held_up = reply.held_up.map(|wait| wait.as_secs_f64().ceil()).unwrap_or_default();
    let about = Duration::from_secs(seconds).as_secs_f64();
    assert!((about - 10.0..=about).contains(&held_up), "{reply:?}");
}

async fn until_heard(discord: &StandIn, times: usize, mut held: Pin<&mut impl Future<Output: std::fmt::Debug>>) {
    while discord.heard().len() < times {
        assert!(futures_util::poll!(&mut held).is_pending());
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_long_limit_is_known_from_then_on_and_a_short_one_is_waited_for() {
    let discord = StandIn::new(|_, head| match head {
        head if head.contains("/guilds/4/") => refused("", "{\"retry_after\": 600.0, \"global\": false}"),
        _ => ok(),
    })
    .await;
    let transport = discord.transport();
    let first = transport.send(&awaited()).await.unwrap();
    assert_held(&first, 600);
    let status = transport.status();
    let shown = status.to_string();
    assert!(shown.starts_with("a rate limit of Discord's on POST /guilds/{}/channels lasts "), "{shown}");
    assert_eq!(status.held_up_for(), status.limited_route.map(|route| route.left));
    assert_held(&transport.send(&awaited()).await.unwrap(), 600);
    assert_eq!(discord.heard().len(), 1, "the second one was never sent");
    assert_eq!(transport.send(&of_another_server()).await.unwrap().status, 200);

    let discord = StandIn::new(|number, _| match number {
        0 => refused("", "{\"retry_after\": 0.2, \"global\": false}"),
        _ => ok(),
    })
    .await;
    assert_eq!(discord.transport().send(&awaited()).await.unwrap().status, 200);
}

#[tokio::test]
async fn whoever_waits_already_is_withdrawn_when_the_limit_is_met() {
    let discord = StandIn::new(|number, head| match head {
        // The first one finds out, the others wait for what it is told.
        _ if number == 0 => refused("", "{\"retry_after\": 600.0, \"global\": true}"),
        _ => ok(),
    })
    .await;
    let transport = discord.transport();
    let asks: Vec<Ask> = (0..4).map(|_| awaited()).collect();
    let replies = futures_util::future::join_all(asks.iter().map(|ask| transport.send(ask))).await;
    for reply in replies {
        assert_held(&reply.unwrap(), 600);
    }
    assert_eq!(discord.heard().len(), 1);
    assert_held(&transport.send(&of_another_server()).await.unwrap(), 600);
    assert!(transport.status().held_up_for().is_some_and(|wait| wait > Duration::from_secs(580)));
}

#[tokio::test]
async fn a_window_that_is_used_up_for_long_is_a_limit_like_any_other() {
    let headers = "x-ratelimit-bucket: b\r\nx-ratelimit-limit: 1\r\nx-ratelimit-remaining: 0\r\n\
                   x-ratelimit-reset-after: 600\r\n";
    let discord = StandIn::new(move |_, _| Act::Reply(200, headers.into(), "{}".into())).await;
    let transport = discord.transport();
    assert_eq!(transport.send(&awaited()).await.unwrap().status, 200);
    assert_held(&transport.send(&awaited()).await.unwrap(), 600);
    assert_eq!(discord.heard().len(), 1);
}

#[tokio::test]
async fn a_bar_holds_up_people_like_a_limit_and_all_others_wait() {
    let discord = StandIn::new(|_, _| refused("retry-after: 600\r\n", "error code: 1015")).await;
    let transport = discord.transport();
    let (patient, awaited) = (create(), awaited());
    let mut waiting = std::pin::pin!(transport.send(&patient));
    until_heard(&discord, 1, waiting.as_mut()).await;
    tokio::select! {
        reply = &mut waiting => panic!("{reply:?}"),
        reply = transport.send(&awaited) => assert_held(&reply.unwrap(), 600),
    }
    assert_eq!(discord.heard().len(), 1);
    assert!(matches!(
        transport.look::<serde_json::Value>(Route::UserMe).await,
        Err(StartError::Barred(barred)) if barred.next_probe > Duration::from_secs(580)
    ));
}

#[tokio::test]
async fn a_lookup_tells_that_a_limit_holds_it_up() {
    let discord = StandIn::new(|_, _| refused("", "{\"retry_after\": 600.0, \"global\": false}")).await;
    let found = discord.transport().look::<serde_json::Value>(Route::UserMe).await;
    let Err(why @ StartError::HeldUp(wait)) = found else { panic!("{found:?}") };
    assert!(wait > Duration::from_secs(580) && why.may_pass() && why.to_string().contains("ends by itself"), "{why}");
}
