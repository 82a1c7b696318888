//! Asks a running bot for its `/healthz`: the other end of the page that this room serves.
//!
//! An answer counts only if it has the form of the page. Another program that took the port must not pass for the bot.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// From the connection to the last byte. The bot itself gives the supervisor and the database two seconds each.
pub const QUERY_TIMEOUT: Duration = Duration::from_secs(8);
/// The page has some kilobytes, whatever is wrong.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Why the page could not be read.
#[derive(Debug)]
pub enum QueryError {
    /// Nothing accepts connections at the address.
    Connect(io::Error),
    /// The connection broke, or what came is not HTTP.
    Http(hyper::Error),
    /// There was no whole answer within [`QUERY_TIMEOUT`].
    TimedOut,
    /// What answered is not the bot's page.
    NotHealthPage(StatusCode),
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(error) => write!(f, "cannot connect: {error}"),
            Self::Http(error) => write!(f, "no valid HTTP response: {error}"),
            Self::TimedOut => write!(f, "no response within {} seconds", QUERY_TIMEOUT.as_secs()),
            Self::NotHealthPage(status) => write!(f, "another program answers there, with status {}", status.as_u16()),
        }
    }
}

impl std::error::Error for QueryError {}

/// The problems that the bot at this address reports: none, if it is healthy.
pub async fn query_problems(address: SocketAddr) -> Result<Vec<String>, QueryError> {
    let (status, body) =
        timeout(QUERY_TIMEOUT, fetch_page(connectable(address))).await.unwrap_or(Err(QueryError::TimedOut))?;
    read_problems(status, &body).ok_or(QueryError::NotHealthPage(status))
}

/// The address to connect to: a bot that listens on all interfaces is reached on loopback.
const fn connectable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

async fn fetch_page(address: SocketAddr) -> Result<(StatusCode, Vec<u8>), QueryError> {
    let socket = TcpStream::connect(address).await.map_err(QueryError::Connect)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await.map_err(QueryError::Http)?;
    let mut request = Request::new(String::new());
    *request.uri_mut() = hyper::Uri::from_static("/healthz");
    if let Ok(host) = address.to_string().parse() {
        request.headers_mut().insert(HOST, host);
    }
    request.headers_mut().insert(CONNECTION, hyper::header::HeaderValue::from_static("close"));
    let exchange = async move {
        let response = sender.send_request(request).await?;
        let status = response.status();
        Ok((status, read_body(response.into_body()).await?))
    };
    // The connection ends soon after the exchange, which owns the only sender.
    match tokio::join!(exchange, connection) {
        (Ok(answer), _) => Ok(answer),
        // To the exchange, a connection that breaks is only one that was cancelled.
        (Err(_), Err(cause)) | (Err(cause), Ok(())) => Err(QueryError::Http(cause)),
    }
}

/// The body, or the beginning of one that is too long to be the page.
async fn read_body(mut body: Incoming) -> Result<Vec<u8>, hyper::Error> {
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        if let Some(data) = frame?.data_ref() {
            bytes.extend_from_slice(data);
        }
        if bytes.len() > MAX_BODY_BYTES {
            break;
        }
    }
    Ok(bytes)
}

/// The problems on the page, or `None` where it is not the bot's page.
fn read_problems(status: StatusCode, body: &[u8]) -> Option<Vec<String>> {
    let page: Value = serde_json::from_slice(body).ok()?;
    let is_healthy = page.get("ok")?.as_bool()?;
    let problems: Option<Vec<String>> =
        page.get("problems")?.as_array()?.iter().map(|problem| problem.as_str().map(str::to_owned)).collect();
    let expected = if is_healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    problems.filter(|problems| status == expected && is_healthy == problems.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_page_of_the_bot_is_an_answer() {
        let cases: [(u16, &str, Option<&[&str]>); 8] = [
            (200, r#"{"ok": true, "problems": [], "later": 1}"#, Some(&[])),
            (
                503,
                r#"{"ok": false, "problems": ["no live session", "disk full"]}"#,
                Some(&["no live session", "disk full"]),
            ),
            (503, r#"{"ok": true, "problems": []}"#, None),
            (200, r#"{"ok": false, "problems": ["no live session"]}"#, None),
            (503, r#"{"ok": false, "problems": []}"#, None),
            (200, r#"{"ok": true}"#, None),
            (200, "<html>It works!</html>", None),
            (404, "/healthz or /metrics\n", None),
        ];
        for (status, body, problems) in cases {
            let status = StatusCode::from_u16(status).unwrap();
            let expected = problems.map(|problems| problems.iter().map(|&problem| problem.to_owned()).collect());
            assert_eq!(read_problems(status, body.as_bytes()), expected, "{status} {body}");
        }
    }

    #[test]
    fn a_bot_on_all_interfaces_is_asked_on_loopback() {
        for (listens, asked) in
            [("0.0.0.0:8080", "127.0.0.1:8080"), ("[::]:8080", "[::1]:8080"), ("10.1.2.3:80", "10.1.2.3:80")]
        {
            assert_eq!(connectable(listens.parse().unwrap()), asked.parse().unwrap());
        }
    }
}
