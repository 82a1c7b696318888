//! Serves `/healthz` for probes and `/metrics` for Prometheus, if `HEALTH_ADDR` is set.
//!
//! Two pages do not need a web framework: hyper serves one request per connection, a bounded number of them at a time.
//! There is no authentication, so the address should be of this machine or of a trusted network; neither page names a
//! member. All times in `/healthz` are seconds: ages, or the time left. `query` is the client of that page.

pub mod query;

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

use crate::actors::health_check::{HealthCheck, HealthReport};
use crate::status::gateway::ShardStatus;
use crate::status::{PanelStatus, StartStatus};

/// With one more connection than this, the oldest that has not sent a whole request is closed.
const MAX_CONNECTIONS: usize = 64;
/// How long a connection may take from being accepted to being answered.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);
/// The pause after a failed `accept`, for example because the process is out of file descriptors.
const ACCEPT_RETRY_PAUSE: Duration = Duration::from_millis(100);

/// Binds the address and logs which one it is.
pub async fn bind_listener(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address).await?;
    tracing::info!(address = %listener.local_addr()?, "serving /healthz and /metrics");
    Ok(listener)
}

/// Serves both pages until the future is dropped, which closes all connections.
pub async fn serve_pages(listener: TcpListener, health_check: HealthCheck) -> Infallible {
    let mut connections = HealthConnections::default();
    loop {
        match listener.accept().await {
            Ok((socket, _)) => {
                connections.make_room().await;
                connections.add(socket, health_check.clone());
            }
            Err(error) => {
                tracing::debug!(%error, "failed to accept a connection");
                sleep(ACCEPT_RETRY_PAUSE).await;
            }
        }
    }
}

/// The connections that are being served.
#[derive(Default)]
struct HealthConnections {
    tasks: JoinSet<()>,
    /// The oldest first.
    open: VecDeque<HealthConnection>,
}

struct HealthConnection {
    task: AbortHandle,
    /// A whole request has arrived and is going to be answered.
    has_request: Arc<AtomicBool>,
}

impl HealthConnections {
    /// Closes the oldest connection without a request, so that idle connections cannot lock others out. If all have a
    /// request, waits until one of them is answered.
    async fn make_room(&mut self) {
        while self.tasks.try_join_next().is_some() {}
        self.open.retain(|connection| !connection.task.is_finished());
        while self.tasks.len() >= MAX_CONNECTIONS {
            let idle = self.open.iter().position(|connection| !connection.has_request.load(Ordering::Relaxed));
            if let Some(connection) = idle.and_then(|idle| self.open.remove(idle)) {
                connection.task.abort();
            }
            self.tasks.join_next().await;
        }
    }

    fn add(&mut self, socket: TcpStream, health_check: HealthCheck) {
        let has_request = Arc::new(AtomicBool::new(false));
        let serving = serve_connection(socket, health_check, Arc::clone(&has_request));
        let task = self.tasks.spawn(async move {
            let _ = timeout(CONNECTION_TIMEOUT, serving).await;
        });
        self.open.push_back(HealthConnection { task, has_request });
    }
}

async fn serve_connection(socket: TcpStream, health_check: HealthCheck, has_request: Arc<AtomicBool>) {
    let service = service_fn(move |request: Request<Incoming>| {
        has_request.store(true, Ordering::Relaxed);
        let health_check = health_check.clone();
        async move { Ok::<_, Infallible>(handle_request(&request, &health_check).await) }
    });
    if let Err(error) = http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(socket), service).await {
        tracing::debug!(%error, "the client disconnected before it was answered");
    }
}

async fn handle_request(request: &Request<Incoming>, health_check: &HealthCheck) -> Response<String> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/healthz") => {
            let report = health_check.run_check().await;
            let problems = report.problems();
            let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            build_response(status, "application/json", format!("{:#}\n", render_report(&report, &problems)))
        }
        (&Method::GET, "/metrics") => {
            let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            build_response(StatusCode::OK, content_type, health_check.encode_metrics().await)
        }
        (_, "/healthz" | "/metrics") => {
            let mut response = build_response(StatusCode::METHOD_NOT_ALLOWED, "text/plain", "only GET\n".to_owned());
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
            response
        }
        _ => build_response(StatusCode::NOT_FOUND, "text/plain", "/healthz or /metrics\n".to_owned()),
    }
}

fn render_report(report: &HealthReport, problems: &[String]) -> Value {
    let stats = report.supervisor.stats();
    json!({
        "ok": problems.is_empty(),
        "problems": problems,
        "start": render_start(report),
        "supervisor": { "answers": stats.is_some() },
        "gateway": render_gateway(report),
        "rest": render_rest(report),
        "panel": render_panel(&report.panel),
        "setup": { "problems": report.setup },
        "store": { "writable": report.store.is_ok(), "problem": report.store.as_ref().err() },
        "backlog": { "tickets": stats.map(|stats| stats.active), "calls": report.requests_in_flight },
        "tickets": stats.map(|stats| stats.open),
        // null if no other process has been seen using the token.
        "another_process_seen_seconds_ago": report.another_process_seen.map(|seen| report.age(seen).as_secs_f64()),
    })
}

fn render_start(report: &HealthReport) -> Value {
    match &report.start {
        StartStatus::Connected => json!({ "reached": true }),
        StartStatus::Connecting { since, attempts, last_error, next_attempt } => json!({
            "reached": false,
            "trying": "GET /users/@me and GET /gateway/bot",
            "since": report.age(*since).as_secs(),
            "attempts": attempts,
            "last_error": last_error,
            "next_attempt": next_attempt.map(|next| report.time_until(next).as_secs()),
        }),
    }
}

/// The shard to report first, and the list of all shards if there are several.
fn render_gateway(report: &HealthReport) -> Value {
    let mut gateway =
        report.worst_shard().map_or_else(|| json!({ "stage": "not begun" }), |shard| render_shard(report, shard));
    gateway["connected"] = report.is_connected().into();
    gateway["heartbeat_age_seconds"] = json!(report.heartbeat_age().map(|age| age.as_secs_f64()));
    gateway["identifies_left"] = json!(report.session_starts.map(|starts| starts.remaining));
    gateway["next_identify"] = json!(report.next_identify.map(|next| report.time_until(next).as_secs()));
    if report.shards.len() > 1 {
        gateway["shards"] = report.shards.iter().map(|shard| render_shard(report, shard)).collect();
    }
    gateway
}

fn render_shard(report: &HealthReport, shard: &ShardStatus) -> Value {
    json!({
        "stage": shard.stage.name(),
        "since": report.age(shard.since).as_secs(),
        "attempts": shard.attempts,
        "last_error": shard.last_error,
        "heartbeat_age_seconds": shard.last_heartbeat_ack.map(|ack| report.age(ack).as_secs_f64()),
    })
}

fn render_rest(report: &HealthReport) -> Value {
    let rest = &report.rest;
    json!({
        "barred": rest.ip_block.map(|barred| json!({
            "since": report.age(barred.since).as_secs(),
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

fn render_panel(panel: &PanelStatus) -> Value {
    match panel {
        PanelStatus::Unchecked => json!({ "checked": false, "in_place": null }),
        PanelStatus::InPlace => json!({ "checked": true, "in_place": true }),
        PanelStatus::Deleted => json!({ "checked": true, "in_place": false }),
        PanelStatus::Contested => json!({ "checked": true, "in_place": true, "changed_by_others": true }),
        PanelStatus::Failing { error } => json!({ "checked": true, "in_place": null, "last_error": error }),
    }
}

fn build_response(status: StatusCode, content_type: &'static str, body: String) -> Response<String> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
