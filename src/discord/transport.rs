//! Sends a request to Discord and receives the response.
//!
//! Serenity's own transport is not used: it has no timeouts and loses `Retry-After`. This one guards two decisions. A request
//! that a rate limit or Cloudflare rejected was not executed, so it is repeated, whatever it is, until it succeeds. A
//! request that failed in any other way is not repeated here: whether it was executed is unknown, and only `lifecycle` knows
//! if that matters.
//!
//! No secrets are logged: no token, no payload, no URL with the token of an interaction.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serenity::http::Request;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, info, warn};

use crate::discord::connection_error::ConnectionError;
use crate::discord::connections::HttpConnections;
use crate::discord::error_body::ResponseOrigin;
use crate::discord::lookup::DiscordError;
use crate::discord::ratelimit::{QueueEntry, RateLimitResponse, RateLimited, RequestQueue, SendOutcome};
use crate::discord::request::HttpRequest;
use crate::discord::status::{Outage, RestStatus};
use crate::metrics::Metrics;

/// For a whole request, from connecting to the end of the body, where the operator does not say otherwise.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// The minimum wait after a 429, whatever it says, doubles with each repetition up to the second value. Discord bans an
/// address with 10,000 invalid requests within ten minutes, which the bot would soon reach with a `Retry-After` of 0.
const INITIAL_MIN_WAIT: Duration = Duration::from_millis(100);
const MAX_MIN_WAIT: Duration = Duration::from_secs(4);
/// A request with a short lifetime is tried at least this often within it.
const MIN_TRIES: u32 = 8;
/// Concurrent responses to interactions. Each may take a socket, as may each other request that the queue admits, and a
/// process has about 1,000.
const MAX_INTERACTION_RESPONSES: usize = 512;
/// A longer wait for a rate limit is logged at info level.
const LOGGED_WAIT: Duration = Duration::from_secs(2);
/// A longer wait in the queue is logged while it lasts.
const LOGGED_QUEUE_WAIT: Duration = Duration::from_secs(60);
/// In bytes. Only lists are larger: a message has 6,000 characters, a channel 100 overwrites, with some fields around them.
const MAX_BODY_SIZE: usize = 1024 * 1024;
/// In bytes: 500 channels with 100 overwrites each take about 7 MiB, 100 messages of the largest kind as much.
const MAX_LIST_SIZE: usize = 32 * 1024 * 1024;
/// Concurrent bodies larger than [`MAX_BODY_SIZE`]. This bounds the memory, whatever the server sends.
const MAX_LARGE_BODIES: usize = 3;

/// Sends requests to Discord.
pub struct Transport {
    connections: HttpConnections,
    authorization: SecretString,
    proxy: Option<String>,
    queue: RequestQueue,
    interaction_slots: Semaphore,
    large_body_slots: Semaphore,
    outage: Mutex<Outage>,
    metrics: Arc<Metrics>,
}

/// A response as its callers see it. It has status 429 only where the limit outlasts the lifetime of the request.
#[derive(Debug)]
pub(super) struct HttpResponse {
    pub status: u16,
    pub body: Vec<u8>,
    /// When it was sent, by Discord's clock: the `Date` header, in whole seconds.
    pub date: Option<SystemTime>,
    /// The request was withdrawn, unsent or rejected: a rate limit or Cloudflare blocks it for this long.
    pub retry_after: Option<Duration>,
}

/// A response as it was received.
struct RawResponse {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl From<RawResponse> for HttpResponse {
    fn from(response: RawResponse) -> Self {
        Self { status: response.status, date: parse_date(&response.headers), body: response.body, retry_after: None }
    }
}

impl HttpResponse {
    /// For a request that was blocked for longer than its lifetime.
    const fn expired() -> Self {
        Self { status: 429, body: Vec::new(), date: None, retry_after: None }
    }

    /// For a request that a person waits for and that would be blocked for too long.
    fn withdrawn(RateLimited { until }: RateLimited) -> Self {
        Self { retry_after: Some(until.saturating_duration_since(Instant::now())), ..Self::expired() }
    }
}

impl Transport {
    /// A transport with this bot token, to Discord or to the server at `proxy` that stands in for it.
    pub fn new(token: &SecretString, proxy: Option<&str>) -> Result<Self, DiscordError> {
        Self::with_timeout(token, proxy, REQUEST_TIMEOUT)
    }

    /// The same, with another timeout for a whole request.
    pub fn with_timeout(token: &SecretString, proxy: Option<&str>, timeout: Duration) -> Result<Self, DiscordError> {
        if let Some(base) = proxy {
            let base = reqwest::Url::parse(base).map_err(|_| DiscordError::InvalidProxy)?;
            if exposes_token(&base) {
                warn!(
                    "the bot token is sent to DISCORD_PROXY in clear text, readable for every machine in between: use an \
                     https:// address, or run that server on this machine"
                );
            }
        }
        let metrics = Arc::<Metrics>::default();
        Ok(Self {
            connections: HttpConnections::new(proxy.is_some(), timeout).map_err(DiscordError::ClientSetup)?,
            authorization: authorization_header(token)?,
            proxy: proxy.map(str::to_owned),
            queue: RequestQueue::new(metrics.clone()),
            interaction_slots: Semaphore::new(MAX_INTERACTION_RESPONSES),
            large_body_slots: Semaphore::new(MAX_LARGE_BODIES),
            outage: Mutex::default(),
            metrics,
        })
    }

    /// The metrics, which other rooms update, too.
    #[must_use]
    pub fn metrics(&self) -> Arc<Metrics> {
        self.metrics.clone()
    }

    /// What delays or rejects requests now.
    #[must_use]
    pub fn status(&self) -> RestStatus {
        let last_error = self.outage.lock().unwrap_or_else(PoisonError::into_inner).last_error().cloned();
        RestStatus { last_error, ..self.queue.status() }
    }

    /// Sends a request, again after each rate limit, until it has a response or its lifetime is over. After an error it may
    /// have been executed or not.
    pub(super) async fn send(&self, request: &HttpRequest<'_>) -> Result<HttpResponse, ConnectionError> {
        let _in_flight = InFlightCount::new(&self.metrics);
        let mut entry = self.queue.add(request);
        let (started, mut min_wait) = (Instant::now(), INITIAL_MIN_WAIT);
        loop {
            if let Err(response) = wait_in_queue(&mut entry, request, started).await {
                return Ok(response);
            }
            let response = self.send_once(request).await?;
            let outcome = match ResponseOrigin::classify(response.status, &response.headers, &response.body) {
                ResponseOrigin::RateLimit(limit) => {
                    let limit = limit.with_min_wait(min_wait);
                    log_rate_limit(&limit, request);
                    min_wait = (min_wait * 2).min(MAX_MIN_WAIT).min(request.lifetime() / MIN_TRIES);
                    entry.record_rate_limit(&response.headers, limit.retry_after, limit.global);
                    if started.elapsed() + limit.retry_after > request.lifetime() {
                        return Ok(if request.is_interaction_response() {
                            response.into()
                        } else {
                            drop_expired(request)
                        });
                    }
                    if request.is_interaction_response() {
                        sleep(limit.retry_after).await;
                    }
                    continue;
                }
                ResponseOrigin::Cloudflare(retry_after) => {
                    let blocked = SendOutcome::Blocked(retry_after);
                    entry.record_response(response.status, blocked, &response.headers);
                    continue;
                }
                ResponseOrigin::Discord => SendOutcome::Answered,
                ResponseOrigin::ForbiddenPage => {
                    entry.record_forbidden_page(&response.headers);
                    return Ok(response.into());
                }
                // A proxy's error says nothing about Discord's limits.
                ResponseOrigin::Unknown => SendOutcome::Unknown,
            };
            entry.record_response(response.status, outcome, &response.headers);
            return Ok(response.into());
        }
    }

    /// Sends once, and records the result in log and metrics.
    async fn send_once(&self, request: &HttpRequest<'_>) -> Result<RawResponse, ConnectionError> {
        let slot = if request.is_interaction_response() { self.interaction_slots.acquire().await.ok() } else { None };
        // Boxed: it is by far the largest part of the futures that contain it.
        let attempt = Box::pin(self.send_and_receive(request)).await;
        drop(slot);
        self.metrics.count_request(
            request.verb(),
            request.label(),
            attempt.as_ref().ok().map(|response| response.status),
        );
        self.outage
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .record(attempt.as_ref().err().filter(|error| **error != ConnectionError::TooLarge));
        if let Err(error) = &attempt {
            let (verb, path) = (request.verb(), request.label());
            if *error == ConnectionError::TooLarge {
                warn!(verb, path, "no response: {error}");
            } else {
                debug!(verb, path, "no response: {error}");
            }
        }
        attempt
    }

    async fn send_and_receive(&self, request: &HttpRequest<'_>) -> Result<RawResponse, ConnectionError> {
        let pool = self.connections.current();
        let builder = self.build_reqwest(request, &pool.client)?;
        let builder = match request.timeout(pool.has_answered()) {
            Some(timeout) => builder.timeout(timeout),
            None => builder,
        };
        let exchange = async {
            let mut response = builder.send().await.map_err(ExchangeError::Network)?;
            pool.mark_answered();
            let body = self.read_body(&mut response, request).await?;
            Ok(RawResponse {
                status: response.status().as_u16(),
                headers: std::mem::take(response.headers_mut()),
                body,
            })
        };
        exchange.await.map_err(|error| match error {
            ExchangeError::TooLarge => ConnectionError::TooLarge,
            ExchangeError::Network(error) => {
                if error.is_timeout() {
                    self.connections.replace(&pool);
                }
                ConnectionError::from_error(&error.without_url())
            }
        })
    }

    fn build_reqwest(
        &self,
        request: &HttpRequest<'_>,
        client: &reqwest::Client,
    ) -> Result<reqwest::RequestBuilder, ConnectionError> {
        let body = request.payload.as_ref().map(serde_json::to_vec).transpose();
        Request::new(request.route, request.method)
            .body(body.map_err(|error| ConnectionError::from_error(&error))?)
            .headers(request.reason.map(audit_log_reason))
            .params(if request.query.is_empty() { None } else { Some(request.query.clone()) })
            .build(client, self.authorization.expose_secret(), self.proxy.as_deref())
            .map_err(|error| ConnectionError::from_error(&error))
    }

    /// Reads a body chunk by chunk, and fails if it is larger than any of Discord's.
    async fn read_body(
        &self,
        response: &mut reqwest::Response,
        request: &HttpRequest<'_>,
    ) -> Result<Vec<u8>, ExchangeError> {
        let is_list = request.expects_large_response() && response.status().is_success();
        let max = if is_list { MAX_LIST_SIZE } else { MAX_BODY_SIZE };
        let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
        if announced > max {
            return Err(ExchangeError::TooLarge);
        }
        let mut slot = None;
        let mut body = Vec::with_capacity(announced.min(MAX_BODY_SIZE));
        while let Some(chunk) = response.chunk().await.map_err(ExchangeError::Network)? {
            let length = body.len() + chunk.len();
            if length > max {
                return Err(ExchangeError::TooLarge);
            }
            if length > MAX_BODY_SIZE && slot.is_none() {
                slot = self.large_body_slots.acquire().await.ok();
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// Why there is no complete response.
enum ExchangeError {
    Network(reqwest::Error),
    TooLarge,
}

/// Waits until a request may be sent. If that takes longer than its lifetime, the error is the response that it gets instead.
async fn wait_in_queue(
    entry: &mut QueueEntry<'_>,
    request: &HttpRequest<'_>,
    started: Instant,
) -> Result<(), HttpResponse> {
    let left = request.lifetime().saturating_sub(started.elapsed());
    // Boxed: many requests may wait here.
    let mut permit = Box::pin(entry.wait_for_permit());
    let mut span = left.min(LOGGED_QUEUE_WAIT);
    loop {
        match timeout(span, permit.as_mut()).await {
            Ok(permitted) => return permitted.map_err(|limited| withdraw_request(request, limited)),
            Err(_) if span == LOGGED_QUEUE_WAIT && left > LOGGED_QUEUE_WAIT => {
                let (verb, path) = (request.verb(), request.label());
                info!(verb, path, waited = ?started.elapsed(), "request still queued behind Discord's rate limits");
                span = left.saturating_sub(LOGGED_QUEUE_WAIT);
            }
            Err(_) => return Err(drop_expired(request)),
        }
    }
}

/// Drops a request whose lifetime is over: Discord would not accept it, or its reader would not understand it any more.
fn drop_expired(request: &HttpRequest<'_>) -> HttpResponse {
    debug!(verb = request.verb(), path = request.label(), "request expired in the queue: not sent");
    let expired = HttpResponse::expired();
    if request.is_interaction_response() {
        expired
    } else {
        HttpResponse { retry_after: Some(Duration::ZERO), ..expired }
    }
}

fn withdraw_request(request: &HttpRequest<'_>, limited: RateLimited) -> HttpResponse {
    let response = HttpResponse::withdrawn(limited);
    let (verb, path) = (request.verb(), request.label());
    let seconds = response.retry_after.unwrap_or_default().as_secs_f64().ceil();
    debug!(verb, path, seconds, "blocked for too long by a rate limit: request withdrawn");
    response
}

/// Whether a token sent to this address leaves the machine without TLS.
fn exposes_token(base: &reqwest::Url) -> bool {
    let host = base.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let loopback =
        host.parse().map_or(host == "localhost" || host.ends_with(".localhost"), |address: std::net::IpAddr| {
            address.to_canonical().is_loopback()
        });
    base.scheme() == "http" && !loopback
}

/// Counts a request as in flight until it is dropped, so that a cancelled request is not counted.
struct InFlightCount<'a>(&'a Metrics);

impl<'a> InFlightCount<'a> {
    fn new(metrics: &'a Metrics) -> Self {
        metrics.requests_in_flight.inc();
        Self(metrics)
    }
}

impl Drop for InFlightCount<'_> {
    fn drop(&mut self) {
        self.0.requests_in_flight.dec();
    }
}

/// The `Authorization` header. A token that cannot be a header value is not a token.
fn authorization_header(token: &SecretString) -> Result<SecretString, DiscordError> {
    let token = token.expose_secret().trim();
    let value = format!("Bot {}", token.strip_prefix("Bot ").unwrap_or(token));
    if HeaderValue::from_str(&value).is_err() {
        return Err(DiscordError::TokenRejected);
    }
    Ok(value.into())
}

fn parse_date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get("date")?.to_str().ok()?).ok()
}

fn log_rate_limit(limit: &RateLimitResponse, request: &HttpRequest<'_>) {
    let (verb, path, global) = (request.verb(), request.label(), limit.global);
    let seconds = limit.retry_after.as_secs_f64();
    if limit.retry_after > LOGGED_WAIT {
        info!(verb, path, global, seconds, "waiting for a rate limit");
    } else {
        debug!(verb, path, global, seconds, "waiting for a rate limit");
    }
}

/// The audit log reason as a header, percent-encoded because header values are ASCII.
fn audit_log_reason(text: &'static str) -> HeaderMap {
    let encoded = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let value = HeaderValue::try_from(encoded).expect("percent-encoded bytes are plain ASCII");
    HeaderMap::from_iter([(reqwest::header::HeaderName::from_static("x-audit-log-reason"), value)])
}

#[cfg(test)]
mod tests;
