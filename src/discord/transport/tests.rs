use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serenity::http::{LightMethod, Route};
use tokio::net::TcpListener;
use tokio::sync::Barrier;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};

use super::*;
use crate::discord::request::{Priority, id};
use crate::discord::scripted_server::{Reaction, ScriptedServer};

mod held;

fn ok() -> Reaction {
    Reaction::Respond(200, String::new(), "{}".into())
}

fn too_many_requests(headers: &str, body: &str) -> Reaction {
    Reaction::Respond(429, headers.into(), body.into())
}

fn create() -> HttpRequest<'static> {
    HttpRequest {
        priority: Priority::User,
        ..HttpRequest::new(LightMethod::Post, Route::GuildChannels { guild_id: id(4) })
    }
}

fn callback() -> HttpRequest<'static> {
    let route = Route::InteractionResponse { interaction_id: id(60), token: "secret-press" };
    HttpRequest { priority: Priority::Interaction, ..HttpRequest::new(LightMethod::Post, route) }
}

/// Everything that this thread logs while the guards of [`Log::listen`] are held.
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
    /// Listens as long as both guards are held. With a single dispatcher, `tracing` caches the interest in a callsite as the
    /// first thread that reaches it determines it, and that may be the thread of another test; hence the second dispatcher.
    fn listen(&self) -> (tracing::subscriber::DefaultGuard, tracing::Dispatch) {
        let log = self.clone();
        let wanted: Targets = "trace,hyper=off,reqwest=off,hyper_util=off".parse().unwrap();
        let lines = tracing_subscriber::fmt::layer().with_writer(move || log.clone()).with_ansi(false);
        let subscriber = tracing_subscriber::registry().with(lines.with_filter(wanted));
        let second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
        (tracing::subscriber::set_default(subscriber), second)
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[tokio::test]
async fn a_request_has_discords_path_headers_and_encoding() {
    let discord = ScriptedServer::new(|_, _| ok()).await;
    let request =
        HttpRequest { payload: Some(serde_json::json!({"name": "анна"})), reason: Some("тикет"), ..create() };
    let response = discord.transport().send(&request).await.unwrap();
    assert_eq!((response.status, response.body.as_slice()), (200, b"{}".as_slice()));
    let head = discord.requests().remove(0);
    assert!(head.starts_with("POST /api/v10/guilds/4/channels HTTP/1.1\r\n"), "{head}");
    for line in [
        "authorization: Bot secret-token",
        "content-type: application/json",
        "x-audit-log-reason: %D1%82%D0%B8%D0%BA%D0%B5%D1%82",
    ] {
        assert!(head.lines().any(|header| header == line), "{line} in {head}");
    }
}

#[tokio::test]
async fn a_rate_limited_request_is_repeated_after_the_wait() {
    let discord = ScriptedServer::new(|number, _| match number {
        0 => too_many_requests("retry-after: 0.2\r\n", "{\"retry_after\": 0.05, \"global\": false}"),
        1 => too_many_requests(
            "",
            "{\"message\": \"You are being rate limited.\", \"retry_after\": 0.1, \"global\": false}",
        ),
        _ => ok(),
    })
    .await;
    let start = Instant::now();
    assert_eq!(discord.transport().send(&create()).await.unwrap().status, 200);
    assert!(start.elapsed() >= Duration::from_millis(300), "{:?}", start.elapsed());
    assert_eq!(discord.requests().len(), 3);
}

#[tokio::test]
async fn interaction_responses_wait_only_for_their_own_limit() {
    let discord = ScriptedServer::new(|_, head| match head {
        head if head.contains("/guilds/") => too_many_requests("x-ratelimit-global: true\r\nretry-after: 600\r\n", ""),
        _ => ok(),
    })
    .await;
    let transport = discord.transport();
    let (create, callback) = (create(), callback());
    let mut held = std::pin::pin!(transport.send(&create));
    while discord.requests().is_empty() {
        assert!(futures_util::poll!(&mut held).is_pending());
        tokio::task::yield_now().await;
    }
    tokio::select! {
        response = held => panic!("{response:?}"),
        response = transport.send(&callback) => assert_eq!(response.unwrap().status, 200),
    }
}

#[tokio::test]
async fn a_request_does_not_wait_beyond_its_lifetime() {
    let discord =
        ScriptedServer::new(|_, _| too_many_requests("x-ratelimit-scope: user\r\nretry-after: 600\r\n", "")).await;
    assert_eq!(discord.transport().send(&callback()).await.unwrap().status, 429);
    assert_eq!(discord.requests().len(), 1);
}

#[tokio::test]
async fn repeated_limits_of_zero_seconds_are_backed_off() {
    let over = || too_many_requests("retry-after: 0\r\n", "{\"retry_after\": 0, \"global\": false}");
    let discord = ScriptedServer::new(move |number, _| if number < 4 { over() } else { ok() }).await;
    let start = Instant::now();
    assert_eq!(discord.transport().send(&create()).await.unwrap().status, 200);
    assert!(start.elapsed() >= Duration::from_millis(100 + 200 + 400 + 800), "{:?}", start.elapsed());
    assert_eq!(discord.requests().len(), 5);
}

#[tokio::test]
async fn an_interaction_response_is_retried_until_its_deadline() {
    let discord =
        ScriptedServer::new(|_, _| too_many_requests("x-ratelimit-scope: user\r\nretry-after: 0\r\n", "")).await;
    let start = Instant::now();
    assert_eq!(discord.transport().send(&callback()).await.unwrap().status, 429);
    let took = start.elapsed();
    // Discord accepts it for three seconds; how often it is tried meanwhile depends on the load of this machine.
    assert!(took > Duration::from_secs(2) && took < Duration::from_secs(6), "{took:?}");
    let tries = discord.requests().len();
    assert!((4..=12).contains(&tries), "{tries} tries");
}

#[tokio::test]
async fn a_global_limit_blocks_other_routes() {
    let discord = ScriptedServer::new(|number, _| match number {
        0 => too_many_requests(
            "x-ratelimit-scope: global\r\nretry-after: 0.3\r\n",
            "{\"global\": true, \"retry_after\": 0.3}",
        ),
        _ => ok(),
    })
    .await;
    let transport = discord.transport();
    let start = Instant::now();
    let (create, other) = (create(), HttpRequest::new(LightMethod::Get, Route::UserMe));
    let first = async {
        transport.send(&create).await.unwrap();
    };
    let second = async {
        while discord.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        // The 429 may or may not have arrived; that does not change the order of this one.
        transport.send(&other).await.unwrap();
    };
    tokio::join!(first, second);
    assert!(start.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn during_a_block_few_of_eighty_requests_are_sent_and_all_are_done_in_the_end() {
    let (open, refusals) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (opens, counted) = (open.clone(), refusals.clone());
    let discord = ScriptedServer::new(move |_, _| {
        if opens.load(Ordering::SeqCst) {
            return ok();
        }
        // Some blocks have an empty body.
        too_many_requests("", if counted.fetch_add(1, Ordering::SeqCst) % 2 == 0 { "error code: 1015" } else { "" })
    })
    .await;
    let transport = discord.transport();
    let requests: Vec<HttpRequest> = (1..=80)
        .map(|channel| HttpRequest::new(LightMethod::Delete, Route::Channel { channel_id: id(channel) }))
        .collect();
    let mut all =
        std::pin::pin!(futures_util::future::join_all(requests.iter().map(|request| transport.send(request))));

    assert!(timeout(Duration::from_secs(4), &mut all).await.is_err());
    let status = transport.status();
    assert!(status.to_string().starts_with("Cloudflare blocks this IP address; next probe in "), "{status}");
    assert_eq!(usize::try_from(status.refused_last_ten_minutes).unwrap(), refusals.load(Ordering::SeqCst));
    assert!(refusals.load(Ordering::SeqCst) < 60, "{refusals:?}");

    open.store(true, Ordering::SeqCst);
    assert!(all.await.into_iter().all(|response| response.is_ok_and(|response| response.status == 200)));
    assert_eq!(transport.status().to_string(), "");
    assert_eq!(discord.requests().len() - refusals.load(Ordering::SeqCst), 80);
}

#[tokio::test]
async fn during_a_block_an_interaction_response_does_not_wait_beyond_its_deadline() {
    let discord = ScriptedServer::new(|_, _| too_many_requests("retry-after: 600\r\n", "<html>")).await;
    let transport = discord.transport();
    for _ in 0..2 {
        assert_eq!(transport.send(&callback()).await.unwrap().status, 429);
    }
    assert_eq!(discord.requests().len(), 1);
}

#[tokio::test]
async fn a_repeated_interaction_response_uses_another_connection() {
    let discord = ScriptedServer::new(|number, head| match number {
        0 | 1 => Reaction::WaitForAll(Arc::new(Barrier::new(1))),
        2 => Reaction::Hang,
        _ => Reaction::Respond(200, String::new(), head.lines().next().unwrap_or_default().into()),
    })
    .await;
    let transport = discord.transport();
    // Two connections are there and idle.
    let (one, other) = (create(), callback());
    let (one, other) = tokio::join!(transport.send(&one), transport.send(&other));
    assert!(one.is_ok() && other.is_ok());
    let before = discord.connections();
    assert_eq!(transport.send(&callback()).await.unwrap_err(), ConnectionError::TimedOut);
    assert_eq!(discord.connections(), before, "it hung on one of them");
    assert_eq!(transport.send(&callback()).await.unwrap().status, 200);
    assert_eq!(discord.connections(), before + 1, "and the other one is not trusted either");
    assert_eq!(transport.send(&create()).await.unwrap().status, 200);
    assert_eq!(discord.connections(), before + 1, "a connection that answers is kept");
}

#[tokio::test]
async fn a_response_larger_than_any_of_discords_is_an_error() {
    let chunked = |size: usize| {
        let body = format!("{size:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(size));
        Reaction::Respond(200, "transfer-encoding: chunked\r\n".into(), body)
    };
    let discord = ScriptedServer::new(move |number, _| match number {
        0 => chunked(MAX_BODY_SIZE + 1),
        1 => Reaction::Respond(200, String::new(), "x".repeat(MAX_BODY_SIZE + 1)),
        2 => chunked(2 * MAX_BODY_SIZE),
        3 => chunked(MAX_LIST_SIZE + 1),
        // Only a successful response may be a long list.
        _ => Reaction::Respond(404, String::new(), "x".repeat(MAX_BODY_SIZE + 1)),
    })
    .await;
    let transport = discord.transport();
    let list = HttpRequest::new(LightMethod::Get, Route::GuildChannels { guild_id: id(4) });
    for _ in 0..2 {
        let single = HttpRequest::new(LightMethod::Get, Route::UserMe);
        assert_eq!(transport.send(&single).await.unwrap_err(), ConnectionError::TooLarge);
    }
    assert_eq!(transport.send(&list).await.unwrap().body.len(), 2 * MAX_BODY_SIZE);
    for _ in 0..2 {
        assert_eq!(transport.send(&list).await.unwrap_err(), ConnectionError::TooLarge);
    }
}

#[test]
fn a_token_is_exposed_where_it_leaves_the_machine_without_tls() {
    for (base, exposed) in [
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
        assert_eq!(exposes_token(&base.parse().unwrap()), exposed, "{base}");
    }
}

#[tokio::test]
async fn nothing_that_may_have_been_executed_is_repeated() {
    let discord = ScriptedServer::new(|number, _| match number {
        0 => Reaction::Reset,
        1 => Reaction::Hang,
        2 => Reaction::Respond(502, String::new(), "<html>bad gateway".into()),
        // The chunk is longer than what is sent: the response breaks off.
        _ => Reaction::Respond(200, "transfer-encoding: chunked\r\n".into(), "ff\r\n{".into()),
    })
    .await;
    let transport = discord.transport_with_timeout(Duration::from_secs(1));
    assert!(transport.send(&create()).await.is_err());
    assert!(transport.send(&create()).await.is_err());
    assert_eq!(transport.send(&create()).await.unwrap().status, 502);
    assert!(transport.send(&create()).await.is_err());
    assert_eq!(discord.requests().len(), 4);
}

#[tokio::test]
async fn a_refused_connection_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let transport = Transport::new(&"t".into(), Some(&base)).unwrap();
    assert!(transport.send(&create()).await.is_err());
    assert!(matches!(
        transport.fetch_bot_id().await,
        Err(DiscordError::Unreachable { cause: ConnectionError::ConnectionRefused })
    ));
}

#[tokio::test]
async fn after_the_first_response_many_requests_run_concurrently() {
    let barrier = Arc::new(Barrier::new(20));
    let discord = ScriptedServer::new(move |number, _| match number {
        0 => ok(),
        _ => Reaction::WaitForAll(barrier.clone()),
    })
    .await;
    let transport = discord.transport();
    transport.send(&create()).await.unwrap();
    // Each is answered only when all have arrived.
    let requests: Vec<HttpRequest> = (0..20).map(|_| create()).collect();
    let responses = futures_util::future::join_all(requests.iter().map(|request| transport.send(request))).await;
    assert!(responses.into_iter().all(|response| response.is_ok()));
}

#[tokio::test]
async fn many_interaction_responses_take_no_more_sockets_than_allowed() {
    let barrier = Arc::new(Barrier::new(4));
    let discord = ScriptedServer::new(move |_, _| Reaction::WaitForAll(barrier.clone())).await;
    let transport = Transport { interaction_slots: Semaphore::new(4), ..discord.transport() };
    let requests: Vec<HttpRequest> =
        (0..12).map(|_| HttpRequest { priority: Priority::Interaction, ..create() }).collect();
    let mut answered: futures_util::stream::FuturesUnordered<_> =
        requests.iter().map(|request| transport.send(request)).collect();
    let mut arrived = 0;
    while let Some(response) = futures_util::StreamExt::next(&mut answered).await {
        assert_eq!(response.unwrap().status, 200);
        let (before, left) = (std::mem::replace(&mut arrived, discord.requests().len()), answered.len());
        assert!(arrived >= before && arrived <= 12 - left + 4, "{arrived} arrived and {left} left");
    }
    assert_eq!(arrived, 12);
}

#[tokio::test]
async fn invalid_requests_are_counted_and_a_forbidden_page_stops_no_other_request() {
    let discord = ScriptedServer::new(|number, head| match number {
        0 => Reaction::Respond(401, String::new(), "{\"message\": \"401: Unauthorized\"}".into()),
        1 => Reaction::Respond(404, String::new(), "{\"message\": \"Unknown Channel\", \"code\": 10003}".into()),
        _ if head.starts_with("POST") => Reaction::Respond(403, String::new(), "<html>blocked</html>".into()),
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
    assert_eq!(transport.status().ip_block, None);
    assert_eq!(transport.send(&HttpRequest::new(LightMethod::Get, Route::UserMe)).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_limit_from_headers_is_respected() {
    let left = Arc::new(AtomicUsize::new(5));
    let discord = ScriptedServer::new(move |_, _| {
        let remaining = left.fetch_sub(1, Ordering::SeqCst) - 1;
        let headers = format!(
            "x-ratelimit-bucket: b\r\nx-ratelimit-limit: 5\r\nx-ratelimit-remaining: {remaining}\r\n\
             x-ratelimit-reset-after: 600\r\n"
        );
        Reaction::Respond(200, headers, "{}".into())
    })
    .await;
    let transport = discord.transport();
    let requests: Vec<HttpRequest> = (0..6).map(|_| create()).collect();
    let mut waiting: futures_util::stream::FuturesUnordered<_> =
        requests.iter().map(|request| transport.send(request)).collect();
    for _ in 0..5 {
        futures_util::StreamExt::next(&mut waiting).await.unwrap().unwrap();
    }
    assert_eq!(discord.requests().len(), 5);
    assert!(futures_util::poll!(futures_util::StreamExt::next(&mut waiting)).is_pending());
}

#[tokio::test]
async fn a_dropped_request_does_not_block_others() {
    let barrier = Arc::new(Barrier::new(1));
    let discord = ScriptedServer::new(move |number, _| match number {
        0 => Reaction::Hang,
        _ => Reaction::WaitForAll(barrier.clone()),
    })
    .await;
    let transport = discord.transport();
    let requests = [create(), create(), create()];
    {
        // The first is in flight and the second queued behind it when both are dropped.
        let mut both =
            std::pin::pin!(futures_util::future::join(transport.send(&requests[0]), transport.send(&requests[1])));
        while discord.requests().is_empty() {
            assert!(futures_util::poll!(&mut both).is_pending());
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(transport.send(&requests[2]).await.unwrap().status, 200);
}

#[tokio::test]
async fn when_the_head_of_the_queue_is_dropped_the_next_request_takes_over() {
    let headers = "x-ratelimit-bucket: b\r\nx-ratelimit-limit: 1\r\nx-ratelimit-remaining: 0\r\n\
                x-ratelimit-reset-after: 0.3\r\n";
    let discord = ScriptedServer::new(move |_, _| Reaction::Respond(200, headers.into(), "{}".into())).await;
    let transport = discord.transport();
    let requests = [create(), create(), create()];
    assert_eq!(transport.send(&requests[0]).await.unwrap().status, 200);
    let mut first = Box::pin(transport.send(&requests[1]));
    let mut second = Box::pin(transport.send(&requests[2]));
    assert!(futures_util::poll!(&mut first).is_pending());
    assert!(futures_util::poll!(&mut second).is_pending());

    drop(first);

    let response = timeout(Duration::from_secs(30), second).await.expect("the next request wakes");
    assert_eq!(response.unwrap().status, 200);
    assert_eq!(discord.requests().len(), 2, "the dropped one is not sent");
}

#[tokio::test]
async fn an_error_of_a_proxy_does_not_mean_that_there_are_no_limits() {
    let second = Arc::new(Mutex::new(Vec::new()));
    let times = second.clone();
    let discord = ScriptedServer::new(move |_, _| {
        times.lock().unwrap().push(Instant::now());
        Reaction::Respond(502, String::new(), "<html>Bad Gateway</html>".into())
    })
    .await;
    let transport = discord.transport();
    let requests: Vec<HttpRequest> = (1..=51)
        .map(|channel| HttpRequest::new(LightMethod::Delete, Route::Channel { channel_id: id(channel) }))
        .collect();

    let began = Instant::now();
    let responses = futures_util::future::join_all(requests.iter().map(|request| transport.send(request))).await;

    assert!(responses.into_iter().all(|response| response.is_ok_and(|response| response.status == 502)));
    let last = second.lock().unwrap().iter().max().copied().unwrap();
    assert!(last >= began + Duration::from_secs(1), "the fifty-first came after {:?}", last - began);
}

#[tokio::test]
async fn no_secret_is_logged() {
    let discord = ScriptedServer::new(|number, _| match number {
        0 => too_many_requests("x-ratelimit-scope: user\r\nretry-after: 0.01\r\n", ""),
        1 => ok(),
        2 => Reaction::Reset,
        _ => Reaction::Respond(404, String::new(), "{\"code\": 10062, \"message\": \"Unknown interaction\"}".into()),
    })
    .await;
    let log = Log::default();
    let transport = discord.transport();
    {
        let _listening = log.listen();
        for _ in 0..3 {
            let request = HttpRequest { payload: Some("secret-words".into()), ..callback() };
            let _ = transport.send(&request).await;
        }
    }
    let text = log.text();
    assert!(text.contains("waiting for a rate limit"), "{text}");
    assert!(text.contains("no response") && text.contains("/interactions/{}/{}/callback"), "{text}");
    assert!(!text.contains("secret"), "{text}");
}

#[tokio::test]
async fn permanent_errors_are_reported_at_once() {
    let new = |token: &str, proxy| Transport::new(&token.into(), proxy).err();
    assert!(matches!(new("two\nlines", None), Some(DiscordError::TokenRejected)));
    assert!(matches!(new("token", Some("not an address")), Some(DiscordError::InvalidProxy)));
    assert!(new("token", Some("http://127.0.0.1:1")).is_none());
    let discord = ScriptedServer::new(|_, _| {
        Reaction::Respond(401, String::new(), "{\"message\": \"401: Unauthorized\"}".into())
    })
    .await;
    assert!(matches!(discord.transport().fetch_bot_id().await, Err(DiscordError::TokenRejected)));
}
