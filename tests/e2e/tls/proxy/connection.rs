//! One connection of the proxy, after its handshake: requests are carried to the sandbox and answers back.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::{SinkExt, StreamExt};
use h2::Reason;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::stream::{Disturbance, Disturbed};
use super::{Exchange, Failure, Shared};

/// What was agreed upon by ALPN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Http2,
    /// Also what is spoken with whoever proposes nothing.
    Http1,
}

impl Protocol {
    pub fn negotiated(alpn: Option<&[u8]>) -> Self {
        if alpn == Some(b"h2") { Self::Http2 } else { Self::Http1 }
    }
}

/// What is known of a connection beside its stream.
pub struct Connection {
    number: usize,
    pub protocol: Protocol,
    pub disturbance: Arc<Disturbance>,
    /// How many requests have come.
    requests: AtomicU32,
    /// The first of the requests that were not looked at, where a GOAWAY said so.
    first_refused: AtomicU32,
}

impl Connection {
    pub fn new(number: usize, protocol: Protocol) -> Self {
        Self {
            number,
            protocol,
            disturbance: Arc::default(),
            requests: AtomicU32::new(0),
            first_refused: AtomicU32::new(u32::MAX),
        }
    }

    /// Says goodbye; what has come is still answered.
    pub fn go_away_after_all(&self) {
        let done = self.requests.load(Ordering::SeqCst);
        self.first_refused.fetch_min(done, Ordering::SeqCst);
        self.disturbance.go_away(last_stream(done));
    }

    /// Says goodbye; this request, and those after it, are not looked at.
    fn go_away_before(&self, request: u32) {
        self.first_refused.fetch_min(request, Ordering::SeqCst);
        self.disturbance.go_away(last_stream(request));
    }

    fn refuses(&self, request: u32) -> bool {
        self.first_refused.load(Ordering::SeqCst) <= request
    }
}

/// A client numbers its streams 1, 3, 5 …: the last one of so many requests, or 0 where there was none.
const fn last_stream(requests: u32) -> u32 {
    (2 * requests).saturating_sub(1)
}

type Body = Full<Bytes>;

/// Serves a connection until either side ends it.
pub async fn serve(stream: TlsStream<TcpStream>, connection: Arc<Connection>, shared: Arc<Shared>) {
    let stream = TokioIo::new(Disturbed::new(stream, Arc::clone(&connection.disturbance)));
    let protocol = connection.protocol;
    let service = service_fn(move |request| {
        let (connection, shared) = (Arc::clone(&connection), Arc::clone(&shared));
        async move { answer(request, &connection, shared).await }
    });
    match protocol {
        Protocol::Http2 => {
            let http = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            let _ = http.serve_connection(stream, service).await;
        }
        Protocol::Http1 => {
            let http = hyper::server::conn::http1::Builder::new();
            let _ = http.serve_connection(stream, service).with_upgrades().await;
        }
    }
}

/// An error resets the stream of the request with its reason; over HTTP/1.1 it breaks the connection.
async fn answer(
    request: Request<Incoming>,
    connection: &Connection,
    shared: Arc<Shared>,
) -> Result<Response<Body>, h2::Error> {
    let number = connection.requests.fetch_add(1, Ordering::SeqCst);
    if request.headers().contains_key(UPGRADE) {
        return open_socket(request, shared).await.map_err(|_| Reason::INTERNAL_ERROR.into());
    }
    let failure = shared.begin(Exchange {
        connection: connection.number,
        protocol: connection.protocol,
        method: request.method().to_string(),
        path: request.uri().path().trim_start_matches("/api/v10").to_owned(),
    });
    if connection.refuses(number) {
        return never().await;
    }
    match failure {
        Some(Failure::RefuseStream) => return Err(Reason::REFUSED_STREAM.into()),
        Some(Failure::GoAwayBefore) => {
            connection.go_away_before(number);
            return never().await;
        }
        Some(Failure::GoAwayDuring) => connection.go_away_after_all(),
        Some(Failure::Freeze { done: false }) => {
            connection.disturbance.freeze();
            return never().await;
        }
        Some(Failure::Stall { done: false }) => return never().await,
        Some(Failure::Freeze { done: true } | Failure::Stall { done: true }) | None => {}
    }
    let response = forward(request, &shared).await.map_err(|_| h2::Error::from(Reason::INTERNAL_ERROR))?;
    match failure {
        Some(Failure::Freeze { done: true }) => {
            connection.disturbance.freeze();
            never().await
        }
        Some(Failure::Stall { done: true }) => never().await,
        _ => Ok(response),
    }
}

async fn never() -> Result<Response<Body>, h2::Error> {
    let never: Infallible = std::future::pending().await;
    match never {}
}

/// Carries a request to the sandbox. Errors are all alike: there is no answer.
async fn forward(request: Request<Incoming>, shared: &Shared) -> Result<Response<Body>, io::Error> {
    let (mut parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    parts.uri = path.parse().map_err(io::Error::other)?;
    parts.version = hyper::Version::HTTP_11;
    let host = HeaderValue::try_from(shared.sandbox.to_string()).map_err(io::Error::other)?;
    parts.headers.insert(HOST, host);
    let stream = TokioIo::new(TcpStream::connect(shared.sandbox).await?);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.map_err(io::Error::other)?;
    // The connection moves while its answer is waited for, and ends with it.
    let exchange = pin!(async move {
        let response = sender.send_request(Request::from_parts(parts, Body::new(body))).await?;
        let (parts, body) = response.into_parts();
        Ok::<_, hyper::Error>((parts, body.collect().await?.to_bytes()))
    });
    let (mut parts, body) = tokio::select! {
        exchanged = exchange => exchanged.map_err(io::Error::other)?,
        ended = connection => return Err(ended.map_or_else(io::Error::other, |()| io::ErrorKind::UnexpectedEof.into())),
    };
    parts.version = hyper::Version::default();
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.remove(CONNECTION);
    let body = match std::str::from_utf8(&body) {
        Ok(text) if parts.headers.get("content-type").is_some_and(|kind| kind == "application/json") => {
            Bytes::from(shared.rewrite_addresses(text))
        }
        _ => body,
    };
    Ok(Response::from_parts(parts, Body::new(body)))
}

/// Opens a websocket to the sandbox, and only then to the client.
async fn open_socket(mut request: Request<Incoming>, shared: Arc<Shared>) -> Result<Response<Body>, io::Error> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let key = request.headers().get(SEC_WEBSOCKET_KEY).ok_or(io::ErrorKind::InvalidInput)?;
    let accept = HeaderValue::try_from(derive_accept_key(key.as_bytes())).map_err(io::Error::other)?;
    let sandbox = TcpStream::connect(shared.sandbox).await?;
    let address = format!("ws://{}{path}", shared.sandbox);
    let (sandbox, _) = client_async(address, sandbox).await.map_err(io::Error::other)?;
    shared.open_socket(&path);
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let client = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
        relay(client, sandbox, &shared).await;
    });
    let mut response = Response::new(Body::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    response.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
    response.headers_mut().insert(SEC_WEBSOCKET_ACCEPT, accept);
    Ok(response)
}

/// Carries messages both ways until either side ends; then both end.
async fn relay(
    mut client: WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>,
    mut sandbox: WebSocketStream<TcpStream>,
    shared: &Shared,
) {
    loop {
        let carried: Result<(), Error> = tokio::select! {
            message = client.next() => match message {
                Some(Ok(message)) if is_end_to_end(&message) => sandbox.send(message).await,
                Some(Ok(_)) => Ok(()),
                Some(Err(_)) | None => return,
            },
            message = sandbox.next() => match message {
                Some(Ok(Message::Text(text))) => client.send(Message::Text(shared.rewrite_addresses(&text))).await,
                Some(Ok(message)) if is_end_to_end(&message) => client.send(message).await,
                Some(Ok(_)) => Ok(()),
                Some(Err(_)) | None => return,
            },
        };
        if carried.is_err() {
            return;
        }
    }
}

/// Pings are answered by the next station.
const fn is_end_to_end(message: &Message) -> bool {
    matches!(message, Message::Text(_) | Message::Binary(_) | Message::Close(_))
}
