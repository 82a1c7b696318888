//! HTTP: requests become values for the world, and its answers become HTTP responses.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::faults::{FaultEffect, Page, When};
use super::gateway_fault::{GatewayAction, GatewayStage};
use super::hub::Hub;
use super::multipart::{self, Parts};
use super::record::{Ending, GatewayEvent};
use super::socket::{self, Version, Visit};
use super::wire::{Wire, WireHandle};
use super::world::attachments::LARGEST;
use super::world::rest::percent_decoded;
use super::world::{Answer, Refusal, Request as Call, Route};
use super::{control, guard, page};

/// The largest body Discord takes from a bot: ten files of the largest size, and what is said about them.
pub(super) const LARGEST_BODY: usize = 10 * LARGEST + 1024 * 1024;

/// Takes connections for as long as the runtime lives.
pub(super) async fn serve(hub: Arc<Hub>, listener: std::net::TcpListener) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    accept(listener, service(hub)).await
}

/// All that is served, at whichever port.
pub(super) fn service(hub: Arc<Hub>) -> TowerToHyperService<Router> {
    let router = Router::new().merge(control::router()).merge(page::router()).fallback(any);
    let router = router.layer(axum::middleware::from_fn_with_state(Arc::clone(&hub), upgrade_first));
    // The last layer is the first to see a request.
    let router = router.layer(axum::middleware::from_fn(guard::refuse_foreign)).with_state(hub);
    TowerToHyperService::new(router)
}

/// Takes connections for as long as it is polled.
pub(super) async fn accept(listener: TcpListener, service: TowerToHyperService<Router>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(connection(stream, service.clone()))),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn connection(stream: TcpStream, service: TowerToHyperService<Router>) {
    let _ = stream.set_nodelay(true);
    let wire = Wire::new(stream);
    let handle = wire.handle();
    let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(handle.clone());
        let answer = service.call(request);
        async move {
            let Ok(response) = answer.await;
            if response.extensions().get::<Broken>().is_some() {
                return Err(io::Error::from(io::ErrorKind::ConnectionReset));
            }
            Ok(response)
        }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    let connection = http.timer(TokioTimer::new()).serve_connection(TokioIo::new(wire), service).with_upgrades();
    let _ = connection.await;
}

/// Marks a response that shall never be written: the connection breaks instead.
#[derive(Clone)]
struct Broken;

fn broken() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Broken);
    response
}

/// The gateway lives at the same address as the page, and is told apart by the `Upgrade` header.
async fn upgrade_first(State(hub): State<Arc<Hub>>, request: Request, next: Next) -> Response {
    let upgrade = request.headers().get(header::UPGRADE);
    if upgrade.is_some_and(|upgrade| upgrade.as_bytes().eq_ignore_ascii_case(b"websocket")) {
        return open_gateway(hub, request).await;
    }
    next.run(request).await
}

async fn any(State(hub): State<Arc<Hub>>, request: Request) -> Response {
    match api_path(request.uri().path()) {
        Some(path) => api(hub, path, request).await,
        None if request.uri().path().starts_with("/attachments/") => attachment(&hub, request.uri().path()),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A file, at the address that its message names.
fn attachment(hub: &Hub, path: &str) -> Response {
    let mut ids = path.split('/').skip(2).map_while(|step| step.parse().ok());
    let (Some(channel), Some(id)) = (ids.next(), ids.next()) else { return StatusCode::NOT_FOUND.into_response() };
    let found = hub.look(|state, _| state.world.attachment(channel, id).cloned());
    let Some(file) = found else { return StatusCode::NOT_FOUND.into_response() };
    let kind = inert_type(file.kind.as_deref().unwrap_or_default());
    // Whatever it is, a browser shall show it and not run it.
    let policy = "sandbox; default-src 'none'; frame-ancestors 'none'";
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_SECURITY_POLICY, policy)];
    (headers, file.bytes.to_vec()).into_response()
}

/// The type under which a file is served: its own where a browser only shows it, that of plain text where it is some text
/// that a browser would run (HTML, SVG, scripts, style sheets).
fn inert_type(kind: &str) -> &'static str {
    const SHOWN: [&str; 14] = [
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "image/avif",
        "audio/mpeg",
        "audio/ogg",
        "audio/wav",
        "video/mp4",
        "video/webm",
        "video/ogg",
        "application/json",
        "application/pdf",
        "application/zip",
    ];
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_text = ["text/", "application/xml", "application/xhtml", "application/javascript", "image/svg"]
        .iter()
        .any(|begin| essence.starts_with(begin));
    let shown = SHOWN.into_iter().find(|known| *known == essence);
    shown.unwrap_or(if is_text { "text/plain; charset=utf-8" } else { "application/octet-stream" })
}

/// The path after the version; versions 9 and 10 are alike in everything served here.
fn api_path(path: &str) -> Option<String> {
    let rest = path.strip_prefix("/api/v10").or_else(|| path.strip_prefix("/api/v9"))?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.to_owned())
}

async fn open_gateway(hub: Arc<Hub>, mut request: Request) -> Response {
    let refuses = hub.act(|state, now| {
        let refuses = state.gateway.line.refuses;
        if refuses {
            state.record.note(now, GatewayEvent::Refused);
        }
        refuses
    });
    let Some(key) = request.headers().get(header::SEC_WEBSOCKET_KEY).filter(|_| !refuses) else {
        return if refuses { broken() } else { StatusCode::BAD_REQUEST.into_response() };
    };
    let visit = Visit::begin(&hub, header_text(request.headers(), "host").unwrap_or_default());
    let wire = request.extensions().get::<WireHandle>().cloned().unwrap_or_default();
    for action in hub.act(|state, now| state.reach(now, GatewayStage::Upgrade)) {
        match action {
            GatewayAction::Delay(by) => tokio::time::sleep(by).await,
            GatewayAction::Silence | GatewayAction::Freeze => std::future::pending().await,
            GatewayAction::Reset => {
                wire.end_with_reset();
                return broken();
            }
            // What needs a WebSocket waits for it, so what is left is the end of the stream.
            _ => return broken(),
        }
    }
    let accept = derive_accept_key(key.as_bytes());
    let version = version(request.uri());
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        if let Ok(upgraded) = upgrade.await {
            socket::serve(visit, upgraded, version, wire).await;
        }
    });
    let headers = [
        (header::CONNECTION, "upgrade".to_owned()),
        (header::UPGRADE, "websocket".to_owned()),
        (header::SEC_WEBSOCKET_ACCEPT, accept),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

/// Without a word about it the client gets what is current.
fn version(uri: &Uri) -> Version {
    let query = Query::<Vec<(String, String)>>::try_from_uri(uri).map(|query| query.0).unwrap_or_default();
    let asked = query.into_iter().find(|(name, _)| name == "v").map(|(_, version)| version);
    if matches!(asked.as_deref(), None | Some("9" | "10")) { Version::Known } else { Version::Unknown }
}

async fn api(hub: Arc<Hub>, path: String, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, LARGEST_BODY).await else {
        return write(&Answer::from(Refusal::too_large()));
    };
    let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map(|query| query.0).unwrap_or_default();
    let text = |name: &str| header_text(&parts.headers, name);
    let call = Call {
        method: parts.method.as_str().to_owned(),
        path,
        query,
        body: None,
        files: Vec::new(),
        authorization: text("authorization"),
        reason: text("x-audit-log-reason").map(|reason| percent_decoded(&reason)),
    };
    let Parts { body, files } = match read_body(&parts.headers, bytes).await {
        Ok(parts) => parts,
        Err(refusal) => return write(&turn_away(&hub, &call, *refusal)),
    };
    // A call that has arrived is carried out even if its caller hangs up, as a distant server would.
    match tokio::spawn(carry_out(Arc::clone(&hub), Call { body, files, ..call })).await {
        Ok(End::Answer(mut answer)) => {
            answer.headers.extend(wrong_date(&hub).map(|date| ("date".to_owned(), date)));
            write(&answer)
        }
        Ok(End::Page(page)) => write_page(&page),
        Ok(End::Broken) | Err(_) => broken(),
    }
}

fn header_text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Discord takes JSON that says it is JSON, and forms that hold JSON and files, from clients that say who they are (*API Reference*, "HTTP API").
async fn read_body(headers: &HeaderMap, bytes: Bytes) -> Result<Parts, Box<Refusal>> {
    if header_text(headers, "user-agent").is_none() {
        return Err(Box::new(Refusal::nameless_client()));
    }
    if bytes.is_empty() {
        return Ok(Parts { body: None, files: Vec::new() });
    }
    let kind = header_text(headers, "content-type").unwrap_or_default();
    if kind.starts_with("multipart/form-data") {
        return multipart::take_apart(&kind, bytes).await.ok_or_else(|| Box::new(Refusal::invalid_json()));
    }
    if !kind.starts_with("application/json") {
        return Err(Box::new(Refusal::unexpected_content()));
    }
    let body = serde_json::from_slice(&bytes).map(Some).map_err(|_| Box::new(Refusal::invalid_json()))?;
    Ok(Parts { body, files: Vec::new() })
}

/// Answers a call that never reached the world.
fn turn_away(hub: &Hub, call: &Call, refusal: Refusal) -> Answer {
    hub.act(|state, now| {
        let number = state.record.arrive(now, call, false);
        state.record.finish(now, number, Ending::Answered(refusal.status), true);
    });
    Answer::from(refusal)
}

/// How a call ends for its caller.
enum End {
    Answer(Answer),
    Page(Page),
    Broken,
}

/// Carries out a call, with the faults that match it before and after.
async fn carry_out(hub: Arc<Hub>, call: Call) -> End {
    let (number, effects) = hub.act(|state, now| {
        let effects = state.faults.strike(&call);
        (state.record.arrive(now, &call, !effects.is_empty()), effects)
    });
    let end = if let Some(end) = suffer(&effects, When::Before).await {
        end
    } else {
        let answer = hub.act(|state, now| state.world.rest(now, &call));
        suffer(&effects, When::After).await.unwrap_or(End::Answer(answer))
    };
    let known = Route::is_known(&call.method, &call.path);
    let ending = match &end {
        End::Answer(answer) => Ending::Answered(answer.status),
        End::Page(page) => Ending::Answered(page.status),
        End::Broken => Ending::Reset,
    };
    hub.act(|state, now| state.record.finish(now, number, ending, known));
    end
}

/// Applies the faults of one side to a call; gives its end if they end it.
async fn suffer(effects: &[(When, FaultEffect)], when: When) -> Option<End> {
    for (_, effect) in effects.iter().filter(|(side, _)| *side == when) {
        match effect {
            FaultEffect::Delay(by) => tokio::time::sleep(*by).await,
            FaultEffect::Answer(answer) => return Some(End::Answer(answer.clone())),
            FaultEffect::Page(page) => return Some(End::Page(page.clone())),
            FaultEffect::Reset => return Some(End::Broken),
            FaultEffect::Hang => std::future::pending().await,
            FaultEffect::Hold(gate) => {
                if !gate.clone().pass().await {
                    std::future::pending().await
                }
            }
        }
    }
    None
}

/// The `Date` header, where the clock is skewed.
fn wrong_date(hub: &Hub) -> Option<String> {
    let (skew, now) = hub.look(|state, now| (state.skew, now));
    let by = Duration::from_secs(skew.unsigned_abs());
    let wrong = if skew < 0 { now.checked_sub(by) } else { now.checked_add(by) };
    wrong.filter(|_| skew != 0).map(httpdate::fmt_http_date)
}

fn write(answer: &Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // Every answer of Discord's has come through a proxy that says so; discord.py tells by it a rate limit of the
    // interface from a ban at the edge, and only then waits (observed; its `http.py`).
    let mut response = Response::builder().status(status).header(header::VIA, "1.1 google");
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    let body = match &answer.body {
        Some(body) => {
            response = response.header(header::CONTENT_TYPE, "application/json");
            Body::from(body.to_string())
        }
        None => Body::empty(),
    };
    response.body(body).unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// It has not come through Discord's proxy, and does not say so.
fn write_page(page: &Page) -> Response {
    let status = StatusCode::from_u16(page.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = if page.text.starts_with('<') { "text/html" } else { "text/plain" };
    let mut response = (status, [(header::CONTENT_TYPE, kind)], page.text.clone()).into_response();
    if let Some(seconds) = page.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_served_as_what_a_browser_does_not_run() {
        for (kind, served) in [
            ("image/png", "image/png"),
            ("IMAGE/PNG; x=1", "image/png"),
            ("text/html", "text/plain; charset=utf-8"),
            ("text/javascript", "text/plain; charset=utf-8"),
            ("image/svg+xml", "text/plain; charset=utf-8"),
            ("application/xhtml+xml", "text/plain; charset=utf-8"),
            ("application/x-shockwave-flash", "application/octet-stream"),
            ("не тип\n", "application/octet-stream"),
            ("", "application/octet-stream"),
        ] {
            assert_eq!(inert_type(kind), served, "{kind}");
        }
    }

    #[test]
    fn reasons_are_decoded() {
        assert_eq!(percent_decoded("%D1%82%20x%2%+1"), "т x%2%+1");
    }
}
