use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serenity::http::{LightMethod, Route};
use tokio::net::TcpListener;
use tokio::sync::Barrier;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};

use super::*;
use crate::discord::standin::{Act, StandIn};
use crate::discord::wire::{Class, id};

mod held;

fn ok() -> Act {
    Act::Reply(200, String::new(), "{}".into())
}

fn refused(headers: &str, body: &str) -> Act {
    Act::Reply(429, headers.into(), body.into())
}

fn create() -> Ask<'static> {
    Ask { class: Class::Ticket, ..Ask::new(LightMethod::Post, Route::GuildChannels { guild_id: id(4) }) }
}

fn callback() -> Ask<'static> {
    let route = Route::InteractionResponse { interaction_id: id(60), token: "secret-press" };
    Ask { class: Class::Press, ..Ask::new(LightMethod::Post, route) }
}

/// Everything that was logged by this thread while it was held.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Listens as long as both are held. As long as there is but one listener, `tracing` asks the thread that logs
    /// something first whether anybody wants it, and remembers: another test's thread would say no for all.
    fn listen(&self) -> (tracing::subscriber::DefaultGuard, tracing::Dispatch) {
        let log = self.clone();
        let wanted: Targets = "trace,hyper=off,reqwest=off,hyper_util=off".parse().unwrap();
        let lines = tracing_subscriber::fmt::layer().with_writer(move || log.clone()).with_ansi(false);
        let subscriber = tracing_subscriber::registry().with(lines.with_filter(wanted));
        let nobody = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
        (tracing::subscriber::set_default(subscriber), nobody)
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[tokio::test]
async fn a_request_goes_out_as_discord_wants_it() {
    let discord = StandIn::new(|_, _| ok()).await;
    let ask = Ask { body: Some(serde_json::json!({"name": "анна"})), reason: Some("тикет"), ..create() };
    let reply = discord.transport().send(&ask).await.unwrap();
    assert_eq!((reply.status, reply.body.as_slice()), (200, b"{}".as_slice()));
    let heard = discord.heard().remove(0);
    assert!(heard.starts_with("POST /api/v10/guilds/4/channels HTTP/1.1\r\n"), "{heard}");
    for line in [
        "authorization: Bot secret-token",
        "content-type: application/json",
        "x-audit-log-reason: %D1%82%D0%B8%D0%BA%D0%B5%D1%82",
    ] {
        assert!(heard.lines().any(|heard| heard == line), "{line} in {heard}");
    }
}

#[tokio::test]
async fn what_a_limit_refused_is_repeated_after_the_pause() {
    let discord = StandIn::new(|number, _| match number {
        0 => refused("retry-after: 0.2\r\n", "{\"retry_after\": 0.05, \"global\": false}"),
        1 => refused("", "{\"message\": \"You are being rate limited.\", \"retry_after\": 0.1, \"global\": false}"),
        _ => ok(),
    })
    .await;
    let start = Instant::now();
    assert_eq!(discord.transport().send(&create()).await.unwrap().status, 200);
    assert!(start.elapsed() >= Duration::from_millis(300), "{:?}", start.elapsed());
    assert_eq!(discord.heard().len(), 3);
}

#[tokio::test]
async fn answers_to_presses_wait_for_no_limit_but_their_own() {
    let discord = StandIn::new(|_, head| match head {
        head if head.contains("/guilds/") => refused("x-ratelimit-global: true\r\nretry-after: 600\r\n", ""),
        _ => ok(),
    })
    .await;
    let transport = discord.transport();
    let (create, callback) = (create(), callback());
    let mut held = std::pin::pin!(transport.send(&create));
    while discord.heard().is_empty() {
        assert!(futures_util::poll!(&mut held).is_pending());
        tokio::task::yield_now().await;
    }
    tokio::select! {
        reply = held => panic!("{reply:?}"),
        reply = transport.send(&callback) => assert_eq!(reply.unwrap().status, 200),
    }
}

#[tokio::test]
async fn nobody_waits_longer_than_the_answer_is_wanted() {
    let discord = StandIn::new(|_, _| refused("x-ratelimit-scope: user\r\nretry-after: 600\r\n", "")).await;
    assert_eq!(discord.transport().send(&callback()).await.unwrap().status, 429);
    assert_eq!(discord.heard().len(), 1);
}

#[tokio::test]
async fn a_limit_that_is_over_at_once_again_and_again_is_not_hammered() {
    let over = || refused("retry-after: 0\r\n", "{\"retry_after\": 0, \"global\": false}");
    let discord = StandIn::new(move |number, _| if number < 4 { over() } else { ok() }).await;
    let start = Instant::now();
    assert_eq!(discord.transport().send(&create()).await.unwrap().status, 200);
    assert!(start.elapsed() >= Duration::from_millis(100 + 200 + 400 + 800), "{:?}", start.elapsed());
    assert_eq!(discord.heard().len(), 5);
}

#[tokio::test]
async fn a_press_is_answered_as_soon_as_its_limit_lets_it_and_for_as_long_as_it_counts() {
    let discord = StandIn::new(|_, _| refused("x-ratelimit-scope: user\r\nretry-after: 0\r\n", "")).await;
    let start = Instant::now();
    assert_eq!(discord.transport().send(&callback()).await.unwrap().status, 429);
    let took = start.elapsed();
    // Discord takes it for three seconds; how often it is tried meanwhile depends on how busy this machine is.
    assert!(took > Duration::from_secs(2) && took < Duration::from_secs(6), "{took:?}");
    let tries = discord.heard().len();
    assert!((4..=12).contains(&tries), "{tries} tries");
}

#[tokio::test]
async fn a_global_limit_holds_back_what_has_nothing_to_do_with_it() {
    let discord = StandIn::new(|number, _| match number {
        0 => refused("x-ratelimit-scope: global\r\nretry-after: 0.3\r\n", "{\"global\": true, \"retry_after\": 0.3}"),
        _ => ok(),
    })
    .await;
    let transport = discord.transport();
    let start = Instant::now();
    let (create, other) = (create(), Ask::new(LightMethod::Get, Route::UserMe));
    let first = async {
        transport.send(&create).await.unwrap();
    };
    let second = async {
        while discord.heard().is_empty() {
            tokio::task::yield_now().await;
        }
        // Its refusal is on its way; whether it is there yet makes no difference to this one's order.
        transport.send(&other).await.unwrap();
    };
    tokio::join!(first, second);
    assert!(start.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn eighty_requests_under_a_bar_are_hardly_heard_and_all_are_done_in_the_end() {
    let (open, refusals) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (opens, counted) = (open.clone(), refusals.clone());
    let discord = StandIn::new(move |_, _| {
        if opens.load(Ordering::SeqCst) {
            return ok();
        }
        // Some edges say nothing at all.
        refused("", if counted.fetch_add(1, Ordering::SeqCst) % 2 == 0 { "error code: 1015" } else { "" })
    })
    .await;
    let transport = discord.transport();
    let asks: Vec<Ask> =
        (1..=80).map(|channel| Ask::new(LightMethod::Delete, Route::Channel { channel_id: id(channel) })).collect();
    let mut all = std::pin::pin!(futures_util::future::join_all(asks.iter().map(|ask| transport.send(ask))));

    assert!(timeout(Duration::from_secs(4), &mut all).await.is_err());
    let barred = transport.status();
    assert!(barred.to_string().starts_with("Discord's edge bars this address; next probe in "), "{barred}");
    assert_eq!(usize::try_from(barred.refused_last_ten_minutes).unwrap(), refusals.load(Ordering::SeqCst));
    assert!(refusals.load(Ordering::SeqCst) < 60, "{refusals:?}");

    open.store(true, Ordering::SeqCst);
    assert!(all.await.into_iter().all(|reply| reply.is_ok_and(|reply| reply.status == 200)));
    assert_eq!(transport.status().to_string(), "");
    assert_eq!(discord.heard().len() - refusals.load(Ordering::SeqCst), 80);
}

#[tokio::test]
async fn under_a_bar_a_press_waits_no_longer_than_it_counts() {
    let discord = StandIn::new(|_, _| refused("retry-after: 600\r\n", "<html>")).await;
    let transport = discord.transport();
    for _ in 0..2 {
        assert_eq!(transport.send(&callback()).await.unwrap().status, 429);
    }
    assert_eq!(discord.heard().len(), 1);
}

#[tokio::test]
async fn a_repeated_answer_goes_out_on_another_connection() {
    let discord = StandIn::new(|number, head| match number {
        0 | 1 => Act::Meet(Arc::new(Barrier::new(1))),
        2 => Act::Hang,
        _ => Act::Reply(200, String::new(), head.lines().next().unwrap_or_default().into()),
    })
    .await;
    let transport = discord.transport();
    // Two connections are there and idle.
    let (one, other) = (create(), callback());
    let (one, other) = tokio::join!(transport.send(&one), transport.send(&other));
    assert!(one.is_ok() && other.is_ok());
    let before = discord.connections();
    assert_eq!(transport.send(&callback()).await.unwrap_err(), Unreachable::TimedOut);
    assert_eq!(discord.connections(), before, "it hung on one of them");
    assert_eq!(transport.send(&callback()).await.unwrap().status, 200);
    assert_eq!(discord.connections(), before + 1, "and the other one is not trusted either");
    assert_eq!(transport.send(&create()).await.unwrap().status, 200);
    assert_eq!(discord.connections(), before + 1, "a connection that answers is kept");
}

#[tokio::test]
async fn a_reply_that_is_larger_than_any_of_discords_is_none() {
    let chunked = |size: usize| {
        let body = format!("{size:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(size));
        Act::Reply(200, "transfer-encoding: chunked\r\n".into(), body)
    };
    let discord = StandIn::new(move |number, _| match number {
        0 => chunked(MOST + 1),
        1 => Act::Reply(200, String::new(), "x".repeat(MOST + 1)),
        2 => chunked(2 * MOST),
        3 => chunked(MOST_OF_A_LIST + 1),
        // A list is long where it is granted, and never where it is refused.
        _ => Act::Reply(404, String::new(), "x".repeat(MOST + 1)),
    })
    .await;
    let transport = discord.transport();
    let list = Ask::new(LightMethod::Get, Route::GuildChannels { guild_id: id(4) });
    for _ in 0..2 {
        let single = Ask::new(LightMethod::Get, Route::UserMe);
        assert_eq!(transport.send(&single).await.unwrap_err(), Unreachable::TooLarge);
    }
    assert_eq!(transport.send(&list).await.unwrap().body.len(), 2 * MOST);
    for _ in 0..2 {
        assert_eq!(transport.send(&list).await.unwrap_err(), Unreachable::TooLarge);
    }
}

#[test]
fn a_token_is_shown_where_it_leaves_the_machine_in_clear() {
    for (base, shown) in [
        ("http://discord.example", true),
        ("http://192.168.1.7:8080", true),
        ("http://[2001:db8::1]", true),
        ("http://localhost.example", true),
        ("https://discord.example", false),
        ("http://localhost:8080", false),
        ("http://127.0.0.1:8080", false),
        ("http://[::1]:8080", false),
        ("http://[::ffff:127.0.0.1]:8080", false),
    ] {
        assert_eq!(shows_token(&base.parse().unwrap()), shown, "{base}");
    }
}

#[tokio::test]
async fn nothing_that_may_have_been_done_is_repeated() {
    let discord = StandIn::new(|number, _| match number {
        0 => Act::Reset,
        1 => Act::Hang,
        2 => Act::Reply(502, String::new(), "<html>bad gateway".into()),
        // Says more than it sends: the reply breaks off.
        _ => Act::Reply(200, "transfer-encoding: chunked\r\n".into(), "ff\r\n{".into()),
    })
    .await;
    let transport = discord.patient(Duration::from_secs(1));
    assert!(transport.send(&create()).await.is_err());
    assert!(transport.send(&create()).await.is_err());
    assert_eq!(transport.send(&create()).await.unwrap().status, 502);
    assert!(transport.send(&create()).await.is_err());
    assert_eq!(discord.heard().len(), 4);
}

#[tokio::test]
async fn nobody_there_is_no_reply() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let transport = Transport::new(&"t".into(), Some(&base)).unwrap();
    assert!(transport.send(&create()).await.is_err());
    assert!(matches!(transport.me().await, Err(StartError::Unreachable { cause: Unreachable::ConnectionRefused })));
}

#[tokio::test]
async fn after_the_first_reply_many_are_under_way_together() {
    let barrier = Arc::new(Barrier::new(20));
    let discord = StandIn::new(move |number, _| match number {
        0 => ok(),
        _ => Act::Meet(barrier.clone()),
    })
    .await;
    let transport = discord.transport();
    transport.send(&create()).await.unwrap();
    // Each is answered only when all have arrived.
    let asks: Vec<Ask> = (0..20).map(|_| create()).collect();
    let replies = futures_util::future::join_all(asks.iter().map(|ask| transport.send(ask))).await;
    assert!(replies.into_iter().all(|reply| reply.is_ok()));
}

#[tokio::test]
async fn a_flood_of_presses_takes_no_more_sockets_than_there_are() {
    let barrier = Arc::new(Barrier::new(4));
    let discord = StandIn::new(move |_, _| Act::Meet(barrier.clone())).await;
    let transport = Transport { answers: Semaphore::new(4), ..discord.transport() };
    let asks: Vec<Ask> = (0..12).map(|_| Ask { class: Class::Press, ..create() }).collect();
    let mut answered: futures_util::stream::FuturesUnordered<_> = asks.iter().map(|ask| transport.send(ask)).collect();
    let mut heard = 0;
    while let Some(reply) = futures_util::StreamExt::next(&mut answered).await {
        assert_eq!(reply.unwrap().status, 200);
        let (before, left) = (std::mem::replace(&mut heard, discord.heard().len()), answered.len());
        assert!(heard >= before && heard <= 12 - left + 4, "{heard} heard and {left} left");
    }
    assert_eq!(heard, 12);
}

#[tokio::test]
async fn refusals_are_counted_and_a_request_that_a_page_forbids_stops_no_other() {
    let discord = StandIn::new(|number, head| match number {
        0 => Act::Reply(401, String::new(), "{\"message\": \"401: Unauthorized\"}".into()),
        1 => Act::Reply(404, String::new(), "{\"message\": \"Unknown Channel\", \"code\": 10003}".into()),
        _ if head.starts_with("POST") => Act::Reply(403, String::new(), "<html>blocked</html>".into()),
        _ => ok(),
    })
    .await;
    let transport = discord.transport();
    for _ in 0..6 {
        transport.send(&create()).await.unwrap();
    }
    assert_eq!(transport.status().refused_last_ten_minutes, 5);
    assert!(
        transport.metrics().encode_text(0, 0, &crate::status::Status::default()).contains("talon_refusals_total 5")
    );
    assert_eq!(transport.status().barred, None);
    assert_eq!(transport.send(&Ask::new(LightMethod::Get, Route::UserMe)).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_told_limit_is_kept() {
    let left = Arc::new(AtomicUsize::new(5));
    let discord = StandIn::new(move |_, _| {
        let remaining = left.fetch_sub(1, Ordering::SeqCst) - 1;
        let headers = format!(
            "x-ratelimit-bucket: b\r\nx-ratelimit-limit: 5\r\nx-ratelimit-remaining: {remaining}\r\n\
             x-ratelimit-reset-after: 600\r\n"
        );
        Act::Reply(200, headers, "{}".into())
    })
    .await;
    let transport = discord.transport();
    let asks: Vec<Ask> = (0..6).map(|_| create()).collect();
    let mut waiting: futures_util::stream::FuturesUnordered<_> = asks.iter().map(|ask| transport.send(ask)).collect();
    for _ in 0..5 {
        futures_util::StreamExt::next(&mut waiting).await.unwrap().unwrap();
    }
    assert_eq!(discord.heard().len(), 5);
    assert!(futures_util::poll!(futures_util::StreamExt::next(&mut waiting)).is_pending());
}

#[tokio::test]
async fn who_gives_up_waiting_holds_up_nobody() {
    let barrier = Arc::new(Barrier::new(1));
    let discord = StandIn::new(move |number, _| match number {
        0 => Act::Hang,
        _ => Act::Meet(barrier.clone()),
    })
    .await;
    let transport = discord.transport();
    let asks = [create(), create(), create()];
    {
        // The first is under way and the second in the line behind it, when both are let go of.
        let mut both = std::pin::pin!(futures_util::future::join(transport.send(&asks[0]), transport.send(&asks[1])));
        while discord.heard().is_empty() {
            assert!(futures_util::poll!(&mut both).is_pending());
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(transport.send(&asks[2]).await.unwrap().status, 200);
}

#[tokio::test]
async fn the_first_in_the_line_may_give_up_and_the_next_one_keeps_watch() {
    let told = "x-ratelimit-bucket: b\r\nx-ratelimit-limit: 1\r\nx-ratelimit-remaining: 0\r\n\
                x-ratelimit-reset-after: 0.3\r\n";
    let discord = StandIn::new(move |_, _| Act::Reply(200, told.into(), "{}".into())).await;
    let transport = discord.transport();
    let asks = [create(), create(), create()];
    assert_eq!(transport.send(&asks[0]).await.unwrap().status, 200);
    let mut first = Box::pin(transport.send(&asks[1]));
    let mut second = Box::pin(transport.send(&asks[2]));
    assert!(futures_util::poll!(&mut first).is_pending());
    assert!(futures_util::poll!(&mut second).is_pending());

    drop(first);

    let reply = timeout(Duration::from_secs(30), second).await.expect("somebody keeps watch");
    assert_eq!(reply.unwrap().status, 200);
    assert_eq!(discord.heard().len(), 2, "who gave up is not sent");
}

#[tokio::test]
async fn an_error_of_a_proxy_does_not_tell_that_there_are_no_limits() {
    let second = Arc::new(Mutex::new(Vec::new()));
    let heard = second.clone();
    let discord = StandIn::new(move |_, _| {
        heard.lock().unwrap().push(Instant::now());
        Act::Reply(502, String::new(), "<html>Bad Gateway</html>".into())
    })
    .await;
    let transport = discord.transport();
    let asks: Vec<Ask> =
        (1..=51).map(|channel| Ask::new(LightMethod::Delete, Route::Channel { channel_id: id(channel) })).collect();

    let began = Instant::now();
    let replies = futures_util::future::join_all(asks.iter().map(|ask| transport.send(ask))).await;

    assert!(replies.into_iter().all(|reply| reply.is_ok_and(|reply| reply.status == 502)));
    let last = second.lock().unwrap().iter().max().copied().unwrap();
    assert!(last >= began + Duration::from_secs(1), "the fifty-first came after {:?}", last - began);
}

#[tokio::test]
async fn no_secret_is_ever_logged() {
    let discord = StandIn::new(|number, _| match number {
        0 => refused("x-ratelimit-scope: user\r\nretry-after: 0.01\r\n", ""),
        1 => ok(),
        2 => Act::Reset,
        _ => Act::Reply(404, String::new(), "{\"code\": 10062, \"message\": \"Unknown interaction\"}".into()),
    })
    .await;
    let log = Log::default();
    let transport = discord.transport();
    {
        let _listening = log.listen();
        for _ in 0..3 {
            let ask = Ask { body: Some("secret-words".into()), ..callback() };
            let _ = transport.send(&ask).await;
        }
    }
    let text = log.text();
    assert!(text.contains("waiting for a rate limit"), "{text}");
    assert!(text.contains("no reply") && text.contains("/interactions/{}/{}/callback"), "{text}");
    assert!(!text.contains("secret"), "{text}");
}

#[tokio::test]
async fn what_can_never_work_is_told_at_once() {
    let new = |token: &str, proxy| Transport::new(&token.into(), proxy).err();
    assert!(matches!(new("two\nlines", None), Some(StartError::TokenRejected)));
    assert!(matches!(new("token", Some("not an address")), Some(StartError::Proxy)));
    assert!(new("token", Some("http://127.0.0.1:1")).is_none());
    let discord =
        StandIn::new(|_, _| Act::Reply(401, String::new(), "{\"message\": \"401: Unauthorized\"}".into())).await;
    assert!(matches!(discord.transport().me().await, Err(StartError::TokenRejected)));
}
