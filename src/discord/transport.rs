//! Carries a request to Discord and brings the reply back.
//!
//! The library's own transport is not used: it has no timeouts and loses `Retry-After`. This one guards two decisions.
//! What a rate limit or Discord's edge refused was never done, so it is repeated, whatever it was, as often as it takes.
//! What failed in any other way is never repeated here: whether it was done is unknown, and only the rules know if that
//! matters.
//!
//! Nothing secret is logged: no token, no body, no address with the token of an interaction in it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serenity::http::Request;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, info, warn};

use crate::discord::connections::Connections;
use crate::discord::edge::Met;
use crate::discord::gate::{Gate, HeldUp, Way};
use crate::discord::limit::Limit;
use crate::discord::said::Speaker;
use crate::discord::start::StartError;
use crate::discord::status::{LineStatus, Outage};
use crate::discord::unreachable::Unreachable;
use crate::discord::wire::Ask;
use crate::metrics::Metrics;

/// As long as a request may take where the operator does not say otherwise: a server that is there answers within this time.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// However short a limit says it is, the first pause is not shorter than this, and each one twice as long as the one
/// before, up to the longest. Discord bars the address of whoever has 10,000 requests refused within ten minutes, and a
/// limit that is always over "in 0 seconds" would have the bot there in no time.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(4);
/// An answer that is wanted soon is tried at least so often while it is.
const TRIES: u32 = 8;
/// So many answers to presses are under way side by side. Each may take a socket, as may each of the others that the gate
/// lets through, and a process has about 1,000.
const ANSWERS: usize = 512;
/// A wait that somebody may notice.
const NOTICEABLE: Duration = Duration::from_secs(2);
/// A wait that the operator is told of while it lasts.
const LONG: Duration = Duration::from_secs(60);
/// No reply but a list is larger: 6,000 characters in a message, 100 overwrites in a channel, and what is around them.
const MOST: usize = 1024 * 1024;
/// No list is larger: 500 channels with 100 overwrites each are about 7 MiB, 100 messages of the largest kind as much.
const MOST_OF_A_LIST: usize = 32 * 1024 * 1024;
/// So many lists may be larger than [`MOST`] at a time: what is held in memory stays bounded, whoever answers.
const LARGE: usize = 3;

/// The way to Discord.
pub struct Transport {
    connections: Connections,
    authorization: SecretString,
    proxy: Option<String>,
    gate: Gate,
    answers: Semaphore,
    large: Semaphore,
    outage: Mutex<Outage>,
    metrics: Arc<Metrics>,
}

/// What came back. It is a rate limit's refusal only where the limit outlasts all interest in the answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
    /// When it was written, by Discord's clock, which counts whole seconds here.
    pub date: Option<SystemTime>,
    /// It was never sent, or refused by a limit, and withdrawn: a limit or the edge holds it up for so long.
    pub held_up: Option<Duration>,
}

/// A reply, as it came over the wire.
struct Response {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl From<Response> for Reply {
    fn from(response: Response) -> Self {
        Self { status: response.status, date: date(&response.headers), body: response.body, held_up: None }
    }
}

impl Reply {
    /// What a request gets that a limit or the edge held up for longer than its answer is wanted.
    const fn too_late() -> Self {
        Self { status: 429, body: Vec::new(), date: None, held_up: None }
    }

    /// What a request gets that a person waits for and that is held up for too long.
    fn withdrawn(HeldUp { until }: HeldUp) -> Self {
        Self { held_up: Some(until.saturating_duration_since(Instant::now())), ..Self::too_late() }
    }
}

impl Transport {
    /// A transport for this bot token, to Discord or to what stands in for it.
    pub fn new(token: &SecretString, proxy: Option<&str>) -> Result<Self, StartError> {
        Self::with_timeout(token, proxy, REQUEST_TIMEOUT)
    }

    /// The same, where one request may take so long.
    pub fn with_timeout(
        token: &SecretString,
        proxy: Option<&str>,
        request_timeout: Duration,
    ) -> Result<Self, StartError> {
        if let Some(base) = proxy {
            let base = reqwest::Url::parse(base).map_err(|_| StartError::Proxy)?;
            if shows_token(&base) {
                warn!(
                    "the bot token goes to DISCORD_PROXY in clear text, where everything on the way can read it: let the \
                     address begin with https://, or let the server run on this machine"
                );
            }
        }
        let metrics = Arc::<Metrics>::default();
        Ok(Self {
            connections: Connections::new(proxy.is_some(), request_timeout).map_err(StartError::Network)?,
            authorization: authorization(token)?,
            proxy: proxy.map(str::to_owned),
            gate: Gate::new(metrics.clone()),
            answers: Semaphore::new(ANSWERS),
            large: Semaphore::new(LARGE),
            outage: Mutex::default(),
            metrics,
        })
    }

    /// What is counted here, and may be counted elsewhere, too.
    #[must_use]
    pub fn metrics(&self) -> Arc<Metrics> {
        self.metrics.clone()
    }

    /// How it stands with Discord now.
    #[must_use]
    pub fn status(&self) -> LineStatus {
        let unreachable = self.outage.lock().unwrap_or_else(PoisonError::into_inner).cause().cloned();
        LineStatus { unreachable, ..self.gate.status() }
    }

    /// Sends until no limit refuses it, or none that is worth waiting for. An error: it may have been done or not.
    pub(super) async fn send(&self, ask: &Ask<'_>) -> Result<Reply, Unreachable> {
        let _under_way = UnderWay::begin(&self.metrics);
        let mut way = self.gate.join(ask);
        let (begun, mut floor) = (Instant::now(), SHORTEST);
        loop {
            if let Err(reply) = pass(&mut way, ask, begun).await {
                return Ok(reply);
            }
            let response = self.attempt(ask).await?;
            let met = match Speaker::recognize(response.status, &response.headers, &response.body) {
                Speaker::Limit(limit) => {
                    let limit = limit.at_least(floor);
                    log(&limit, ask);
                    floor = (floor * 2).min(LONGEST).min(ask.lifetime() / TRIES);
                    way.limited(&response.headers, limit.pause, limit.global);
                    if begun.elapsed() + limit.pause > ask.lifetime() {
                        return Ok(if ask.is_press() { response.into() } else { expire(ask) });
                    }
                    if ask.is_press() {
                        sleep(limit.pause).await;
                    }
                    continue;
                }
                Speaker::Edge(told) => {
                    way.answered(response.status, Met::Bar(told), &response.headers);
                    continue;
                }
                Speaker::Discord => Met::Discord,
                Speaker::Forbidding => {
                    way.forbidden(&response.headers);
                    return Ok(response.into());
                }
                // A proxy's error tells nothing of Discord's limits.
                Speaker::Unknown => Met::Nothing,
            };
            way.answered(response.status, met, &response.headers);
            return Ok(response.into());
        }
    }

    /// Sends once.
    async fn attempt(&self, ask: &Ask<'_>) -> Result<Response, Unreachable> {
        let room = if ask.is_press() { self.answers.acquire().await.ok() } else { None };
        // Boxed: it is by far the largest part of whatever waits for it.
        let attempt = Box::pin(self.exchange(ask)).await;
        drop(room);
        self.metrics.count_request(ask.verb(), ask.label(), attempt.as_ref().ok().map(|response| response.status));
        self.outage
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .learn(attempt.as_ref().err().filter(|cause| **cause != Unreachable::TooLarge));
        if let Err(cause) = &attempt {
            let (verb, path) = (ask.verb(), ask.label());
            if *cause == Unreachable::TooLarge {
                warn!(verb, path, "no reply: {cause}");
            } else {
                debug!(verb, path, "no reply: {cause}");
            }
        }
        attempt
    }

    async fn exchange(&self, ask: &Ask<'_>) -> Result<Response, Unreachable> {
        let pool = self.connections.current();
        let request = self.request(ask, &pool.client)?;
        let request = match ask.patience(pool.is_answered()) {
            Some(patience) => request.timeout(patience),
            None => request,
        };
        let exchanged = async {
            let mut response = request.send().await.map_err(Broken::Network)?;
            pool.set_answered();
            let body = self.body(&mut response, ask).await?;
            Ok(Response { status: response.status().as_u16(), headers: std::mem::take(response.headers_mut()), body })
        };
        exchanged.await.map_err(|broken| match broken {
            Broken::TooLarge => Unreachable::TooLarge,
            Broken::Network(error) => {
                if error.is_timeout() {
                    self.connections.replace(&pool);
                }
                Unreachable::from_error(&error.without_url())
            }
        })
    }

    fn request(&self, ask: &Ask<'_>, client: &reqwest::Client) -> Result<reqwest::RequestBuilder, Unreachable> {
        let body = ask.body.as_ref().map(serde_json::to_vec).transpose();
        let request = Request::new(ask.route, ask.method)
            .body(body.map_err(|error| Unreachable::from_error(&error))?)
            .headers(ask.reason.map(reason))
            .params(if ask.query.is_empty() { None } else { Some(ask.query.clone()) });
        request
            .build(client, self.authorization.expose_secret(), self.proxy.as_deref())
            .map_err(|error| Unreachable::from_error(&error))
    }

    /// Reads a body bit by bit, and no more of it than a real one can be.
    async fn body(&self, response: &mut reqwest::Response, ask: &Ask<'_>) -> Result<Vec<u8>, Broken> {
        let most = if ask.wants_list() && response.status().is_success() { MOST_OF_A_LIST } else { MOST };
        let told = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
        if told > most {
            return Err(Broken::TooLarge);
        }
        let mut large = None;
        let mut body = Vec::with_capacity(told.min(MOST));
        while let Some(chunk) = response.chunk().await.map_err(Broken::Network)? {
            let length = body.len() + chunk.len();
            if length > most {
                return Err(Broken::TooLarge);
            }
            if length > MOST && large.is_none() {
                large = self.large.acquire().await.ok();
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// Why an exchange came to nothing.
enum Broken {
    Network(reqwest::Error),
    TooLarge,
}

/// Waits until a request may go; if that takes longer than its answer is wanted, this is what it gets instead.
async fn pass(way: &mut Way<'_>, ask: &Ask<'_>, begun: Instant) -> Result<(), Reply> {
    let left = ask.lifetime().saturating_sub(begun.elapsed());
    // Boxed: it is kept while whoever sends waits, and they may be many.
    let mut clear = Box::pin(way.clear());
    let mut span = left.min(LONG);
    loop {
        match timeout(span, clear.as_mut()).await {
            Ok(cleared) => return cleared.map_err(|held_up| withdraw(ask, held_up)),
            Err(_) if span == LONG && left > LONG => {
                // Nothing waits for ever in silence, however much goes before it.
                let (verb, path) = (ask.verb(), ask.label());
                info!(verb, path, waited = ?begun.elapsed(), "still waits for room among Discord's limits");
                span = left.saturating_sub(LONG);
            }
            Err(_) => return Err(expire(ask)),
        }
    }
}

/// Its answer is not wanted any more: an answer to a press that Discord would not take, or a reply that nobody would
/// understand.
fn expire(ask: &Ask<'_>) -> Reply {
    debug!(verb = ask.verb(), path = ask.label(), "waited for so long that it is not sent any more");
    if ask.is_press() { Reply::too_late() } else { Reply { held_up: Some(Duration::ZERO), ..Reply::too_late() } }
}

fn withdraw(ask: &Ask<'_>, held_up: HeldUp) -> Reply {
    let reply = Reply::withdrawn(held_up);
    let (verb, path) = (ask.verb(), ask.label());
    let seconds = reply.held_up.unwrap_or_default().as_secs_f64().ceil();
    debug!(verb, path, seconds, "held up for too long: withdrawn");
    reply
}

/// A token that leaves this machine without TLS.
fn shows_token(base: &reqwest::Url) -> bool {
    let host = base.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let loopback =
        host.parse().map_or(host == "localhost" || host.ends_with(".localhost"), |address: std::net::IpAddr| {
            address.to_canonical().is_loopback()
        });
    base.scheme() == "http" && !loopback
}

/// One call more under way, as long as this lives: a call that is given up is under way no longer.
struct UnderWay<'a>(&'a Metrics);

impl<'a> UnderWay<'a> {
    fn begin(metrics: &'a Metrics) -> Self {
        metrics.requests_in_flight.inc();
        Self(metrics)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.requests_in_flight.dec();
    }
}

/// The token as Discord wants it. One that does not fit into a header was never a token.
fn authorization(token: &SecretString) -> Result<SecretString, StartError> {
    let token = token.expose_secret().trim();
    let value = format!("Bot {}", token.strip_prefix("Bot ").unwrap_or(token));
    if HeaderValue::from_str(&value).is_err() {
        return Err(StartError::TokenRejected);
    }
    Ok(value.into())
}

fn date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get("date")?.to_str().ok()?).ok()
}

fn log(limit: &Limit, ask: &Ask<'_>) {
    let (verb, path, global, seconds) = (ask.verb(), ask.label(), limit.global, limit.pause.as_secs_f64());
    if limit.pause > NOTICEABLE {
        info!(verb, path, global, seconds, "waiting for a rate limit");
    } else {
        debug!(verb, path, global, seconds, "waiting for a rate limit");
    }
}

/// Discord takes the reason percent-encoded: a header carries no Cyrillic.
fn reason(text: &'static str) -> HeaderMap {
    let encoded = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let value = HeaderValue::try_from(encoded).expect("percent-encoded bytes are plain ASCII");
    HeaderMap::from_iter([(reqwest::header::HeaderName::from_static("x-audit-log-reason"), value)])
}

#[cfg(test)]
mod tests;
