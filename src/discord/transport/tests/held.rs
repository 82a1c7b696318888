//! A request that a person waits for is withdrawn where a rate limit or Cloudflare is known to block it for long.

use std::future::Future;
use std::pin::Pin;

use super::*;

fn awaited() -> HttpRequest<'static> {
    HttpRequest { awaited: true, ..create() }
}

fn for_another_server() -> HttpRequest<'static> {
    HttpRequest { awaited: true, ..HttpRequest::new(LightMethod::Post, Route::GuildChannels { guild_id: id(5) }) }
}

/// The request was withdrawn, with about this wait.
#[track_caller]
fn assert_withdrawn(response: &HttpResponse, seconds: u64) {
    let retry_after = response.retry_after.map(|wait| wait.as_secs_f64().ceil()).unwrap_or_default();
    let expected = Duration::from_secs(seconds).as_secs_f64();
    assert!((expected - 10.0..=expected).contains(&retry_after), "{response:?}");
}

async fn wait_for_requests(
    discord: &ScriptedServer,
    times: usize,
    mut held: Pin<&mut impl Future<Output: std::fmt::Debug>>,
) {
    while discord.requests().len() < times {
        assert!(futures_util::poll!(&mut held).is_pending());
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_long_limit_is_remembered_and_a_short_one_is_waited_for() {
    let discord = ScriptedServer::new(|_, head| match head {
        head if head.contains("/guilds/4/") => too_many_requests("", "{\"retry_after\": 600.0, \"global\": false}"),
        _ => ok(),
    })
    .await;
    let transport = discord.transport();
    let first = transport.send(&awaited()).await.unwrap();
    assert_withdrawn(&first, 600);
    let status = transport.status();
    let shown = status.to_string();
    assert!(shown.starts_with("a rate limit of Discord's on POST /guilds/{}/channels lasts "), "{shown}");
    assert_eq!(status.longest_wait(), status.limited_route.map(|route| route.remaining));
    assert_withdrawn(&transport.send(&awaited()).await.unwrap(), 600);
    assert_eq!(discord.requests().len(), 1, "the second one was never sent");
    assert_eq!(transport.send(&for_another_server()).await.unwrap().status, 200);

    let discord = ScriptedServer::new(|number, _| match number {
        0 => too_many_requests("", "{\"retry_after\": 0.2, \"global\": false}"),
        _ => ok(),
    })
    .await;
    assert_eq!(discord.transport().send(&awaited()).await.unwrap().status, 200);
}

#[tokio::test]
async fn queued_requests_are_withdrawn_when_the_limit_is_hit() {
    let discord = ScriptedServer::new(|number, head| match head {
        // The first one hits the limit, the others wait for its response.
        _ if number == 0 => too_many_requests("", "{\"retry_after\": 600.0, \"global\": true}"),
        _ => ok(),
    })
    .await;
    let transport = discord.transport();
    let requests: Vec<HttpRequest> = (0..4).map(|_| awaited()).collect();
    let responses = futures_util::future::join_all(requests.iter().map(|request| transport.send(request))).await;
    for response in responses {
        assert_withdrawn(&response.unwrap(), 600);
    }
    assert_eq!(discord.requests().len(), 1);
    assert_withdrawn(&transport.send(&for_another_server()).await.unwrap(), 600);
    assert!(transport.status().longest_wait().is_some_and(|wait| wait > Duration::from_secs(580)));
}

#[tokio::test]
async fn a_long_exhausted_window_is_a_limit_like_any_other() {
    let headers = "x-ratelimit-bucket: b\r\nx-ratelimit-limit: 1\r\nx-ratelimit-remaining: 0\r\n\
                   x-ratelimit-reset-after: 600\r\n";
    let discord = ScriptedServer::new(move |_, _| Reaction::Respond(200, headers.into(), "{}".into())).await;
    let transport = discord.transport();
    assert_eq!(transport.send(&awaited()).await.unwrap().status, 200);
    assert_withdrawn(&transport.send(&awaited()).await.unwrap(), 600);
    assert_eq!(discord.requests().len(), 1);
}

#[tokio::test]
async fn a_block_withdraws_awaited_requests_and_the_others_wait() {
    let discord = ScriptedServer::new(|_, _| too_many_requests("retry-after: 600\r\n", "error code: 1015")).await;
    let transport = discord.transport();
    let (patient, awaited) = (create(), awaited());
    let mut waiting = std::pin::pin!(transport.send(&patient));
    wait_for_requests(&discord, 1, waiting.as_mut()).await;
    tokio::select! {
        response = &mut waiting => panic!("{response:?}"),
        response = transport.send(&awaited) => assert_withdrawn(&response.unwrap(), 600),
    }
    assert_eq!(discord.requests().len(), 1);
    assert!(matches!(
        transport.look_up::<serde_json::Value>(Route::UserMe).await,
        Err(DiscordError::IpBlocked(block)) if block.next_probe > Duration::from_secs(580)
    ));
}

#[tokio::test]
async fn a_lookup_reports_the_limit_that_blocks_it() {
    let discord =
        ScriptedServer::new(|_, _| too_many_requests("", "{\"retry_after\": 600.0, \"global\": false}")).await;
    let found = discord.transport().look_up::<serde_json::Value>(Route::UserMe).await;
    let Err(why @ DiscordError::RateLimited(wait)) = found else { panic!("{found:?}") };
    assert!(
        wait > Duration::from_secs(580) && why.is_transient() && why.to_string().contains("ends by itself"),
        "{why}"
    );
}
