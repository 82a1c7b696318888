//! Are we well? `/healthz` for whoever decides whether to start us again, `/metrics` for Prometheus.
//!
//! A server of its own and no framework: two pages, one request a connection, a few at a time. Whoever may connect may
//! read, so the address should be of this machine or of a network that is trusted; there are no names and no ids in it.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::actors::vitals::{Checkup, Vitals};

/// So many ask at once; the others wait.
const GUESTS: usize = 16;
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
    let mut guests = JoinSet::new();
    loop {
        if guests.len() >= GUESTS {
            guests.join_next().await;
        }
        match listener.accept().await {
            Ok((guest, _)) => {
                while guests.try_join_next().is_some() {}
                guests.spawn(timeout(PATIENCE, attend(guest, vitals.clone())));
            }
            Err(error) => {
                tracing::debug!(%error, "a connection could not be taken");
                sleep(BREATH).await;
            }
        }
    }
}

async fn attend(guest: TcpStream, vitals: Vitals) {
    let answer = service_fn(move |request: Request<Incoming>| {
        let vitals = vitals.clone();
        async move { Ok::<_, Infallible>(answer(&request, &vitals).await) }
    });
    if let Err(error) = http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(guest), answer).await {
        tracing::debug!(%error, "somebody who asked how we are went away");
    }
}

async fn answer(request: &Request<Incoming>, vitals: &Vitals) -> Response<String> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/healthz") => {
            let found = vitals.check().await;
            let status = if found.is_well() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            page(status, "application/json", format!("{:#}\n", show(&found)))
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

fn show(found: &Checkup) -> Value {
    let census = found.census;
    json!({
        "ok": found.is_well(),
        "supervisor": { "answers": census.is_some() },
        "gateway": {
            "connected": census.is_some_and(|census| census.line.connected),
            "heartbeat_age_seconds": found.heartbeat_age.map(|age| age.as_secs_f64()),
        },
        "panel": { "checked": census.is_some_and(|census| census.panel_checked) },
        "store": { "writable": found.store.is_ok(), "problem": found.store.as_ref().err() },
        "backlog": { "tickets": census.map(|census| census.living), "calls": found.calls },
        "tickets": census.map(|census| census.open),
        // Seconds since another process was seen to use the bot's token; null if it never was.
        "another_process_seen_seconds_ago": found.another_process_age.map(|age| age.as_secs_f64()),
    })
}

fn page(status: StatusCode, kind: &'static str, text: String) -> Response<String> {
    let mut page = Response::new(text);
    *page.status_mut() = status;
    page.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    page
}
