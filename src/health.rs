//! Are we well? `/healthz` for whoever decides whether to start us again, `/metrics` for Prometheus.
//!
//! A server of its own and no framework: two pages, one request a connection, a few at a time. Whoever may connect may
//! read, so the address should be of this machine or of a network that is trusted; no member is named in it.
//! All times in `/healthz` are seconds: how long something has lasted, or how long it is until then.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

use crate::actors::vitals::{Checkup, Vitals};
use crate::status::gateway::ShardStatus;
use crate::status::{PanelStatus, StartStatus};

/// So many connections are held; with one more, the oldest that has not asked for anything is closed.
const MAX_CONNECTIONS: usize = 64;
/// Who has not asked and been answered by then is sent away.
const PATIENCE: Duration = Duration::from_secs(10);
/// A pause after the system would not give us a connection.
const BREATH: Duration = Duration::from_millis(100);

/// Takes the address.
pub async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address).await?;
    tracing::info!(address = %listener.local_addr()?, "telling how we are at /healthz and /metrics");
    Ok(listener)
}

/// Answers whoever asks, for ever. Dropped, it answers nobody any more.
pub async fn serve(listener: TcpListener, vitals: Vitals) -> Infallible {
    let mut connections = Connections::default();
    loop {
        match listener.accept().await {
            Ok((socket, _)) => {
                connections.make_room().await;
                connections.add(socket, vitals.clone());
            }
            Err(error) => {
                tracing::debug!(%error, "a connection could not be taken");
                sleep(BREATH).await;
            }
        }
    }
}

/// The connections that are being served.
#[derive(Default)]
struct Connections {
    tasks: JoinSet<()>,
    /// The oldest first.
    open: VecDeque<Connection>,
}

struct Connection {
    task: AbortHandle,
    /// A whole request has come, which is going to be answered.
    asked: Arc<AtomicBool>,
}

impl Connections {
    /// Closes the oldest connection that has not asked for anything, so that many silent ones keep nobody out. Where all
    /// have asked, one of them is answered first.
    async fn make_room(&mut self) {
        while self.tasks.try_join_next().is_some() {}
        self.open.retain(|connection| !connection.task.is_finished());
        while self.tasks.len() >= MAX_CONNECTIONS {
            let silent = self.open.iter().position(|connection| !connection.asked.load(Ordering::Relaxed));
            if let Some(connection) = silent.and_then(|silent| self.open.remove(silent)) {
                connection.task.abort();
            }
            self.tasks.join_next().await;
        }
    }

    fn add(&mut self, socket: TcpStream, vitals: Vitals) {
        let asked = Arc::new(AtomicBool::new(false));
        let serving = serve_connection(socket, vitals, Arc::clone(&asked));
        let task = self.tasks.spawn(async move {
            let _ = timeout(PATIENCE, serving).await;
        });
        self.open.push_back(Connection { task, asked });
    }
}

async fn serve_connection(socket: TcpStream, vitals: Vitals, asked: Arc<AtomicBool>) {
    let answer = service_fn(move |request: Request<Incoming>| {
        asked.store(true, Ordering::Relaxed);
        let vitals = vitals.clone();
        async move { Ok::<_, Infallible>(answer(&request, &vitals).await) }
    });
    if let Err(error) = http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(socket), answer).await {
        tracing::debug!(%error, "a health check went away before it was answered");
    }
}

async fn answer(request: &Request<Incoming>, vitals: &Vitals) -> Response<String> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/healthz") => {
            let found = vitals.check().await;
            let problems = found.problems();
            let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            page(status, "application/json", format!("{:#}\n", show(&found, &problems)))
        }
        (&Method::GET, "/metrics") => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            page(StatusCode::OK, kind, vitals.counts().await)
        }
        (_, "/healthz" | "/metrics") => {
            let mut refused = page(StatusCode::METHOD_NOT_ALLOWED, "text/plain", "only GET\n".to_owned());
            refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
            refused
        }
        _ => page(StatusCode::NOT_FOUND, "text/plain", "/healthz or /metrics\n".to_owned()),
    }
}

fn show(found: &Checkup, problems: &[String]) -> Value {
    let census = found.supervisor.census();
    json!({
        "ok": problems.is_empty(),
        "problems": problems,
        "start": show_start(found),
        "supervisor": { "answers": census.is_some() },
        "gateway": show_gateway(found),
        "rest": show_rest(found),
        "panel": show_panel(&found.panel),
        "setup": { "problems": found.setup },
        "store": { "writable": found.store.is_ok(), "problem": found.store.as_ref().err() },
        "backlog": { "tickets": census.map(|census| census.living), "calls": found.calls },
        "tickets": census.map(|census| census.open),
        // Seconds since another process was seen to use the bot's token; null if it never was.
        "another_process_seen_seconds_ago": found.another_process_seen.map(|seen| found.age(seen).as_secs_f64()),
    })
}

fn show_start(found: &Checkup) -> Value {
    match &found.start {
        StartStatus::Reached => json!({ "reached": true }),
        StartStatus::Reaching { since, attempts, last_error, next_attempt } => json!({
            "reached": false,
            "trying": "GET /users/@me and GET /gateway/bot",
            "since": found.age(*since).as_secs(),
            "attempts": attempts,
            "last_error": last_error,
            "next_attempt": next_attempt.map(|next| found.time_until(next).as_secs()),
        }),
    }
}

/// The shard that most deserves a look, and all of them where there are several.
fn show_gateway(found: &Checkup) -> Value {
    let mut shown =
        found.worst_shard().map_or_else(|| json!({ "stage": "not begun" }), |shard| show_shard(found, shard));
    shown["connected"] = found.is_connected().into();
    shown["heartbeat_age_seconds"] = json!(found.heartbeat_age().map(|age| age.as_secs_f64()));
    shown["identifies_left"] = json!(found.session_starts.map(|starts| starts.remaining));
    shown["next_identify"] = json!(found.next_identify.map(|next| found.time_until(next).as_secs()));
    if found.shards.len() > 1 {
        shown["shards"] = found.shards.iter().map(|shard| show_shard(found, shard)).collect();
    }
    shown
}

fn show_shard(found: &Checkup, shard: &ShardStatus) -> Value {
    json!({
        "stage": shard.stage.name(),
        "since": found.age(shard.since).as_secs(),
        "attempts": shard.attempts,
        "last_error": shard.last_error,
        "heartbeat_age_seconds": shard.heard.map(|heard| found.age(heard).as_secs_f64()),
    })
}

fn show_rest(found: &Checkup) -> Value {
    let rest = &found.rest;
    json!({
        "barred": rest.ip_block.map(|barred| json!({
            "since": found.age(barred.since).as_secs(),
            "next_probe": barred.next_probe.as_secs(),
        })),
        "held_up_for": rest.longest_wait().map(|left| left.as_secs()),
        "limited_route": rest.limited_route.as_ref().map(|limited| json!({
            "route": &*limited.route,
            "held_up_for": limited.remaining.as_secs(),
        })),
        "refused_last_ten_minutes": rest.refused_last_ten_minutes,
        "slowed_down": rest.throttled,
        "last_error": rest.last_error.as_ref().map(ToString::to_string),
    })
}

fn show_panel(panel: &PanelStatus) -> Value {
    match panel {
        PanelStatus::Unchecked => json!({ "checked": false, "in_place": null }),
        PanelStatus::InPlace => json!({ "checked": true, "in_place": true }),
        PanelStatus::Deleted => json!({ "checked": true, "in_place": false }),
        PanelStatus::Failing { error } => json!({ "checked": true, "in_place": null, "last_error": error }),
    }
}

fn page(status: StatusCode, kind: &'static str, text: String) -> Response<String> {
    let mut page = Response::new(text);
    *page.status_mut() = status;
    page.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    page
}
