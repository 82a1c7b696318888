//! Carries a request to Discord and brings the reply back.
//!
//! The library's own transport is not used: it has no timeouts and loses `Retry-After`. This one guards two decisions.
//! What a rate limit refused was never done, so it is repeated, whatever it was, as often as it takes. What failed in
//! any other way is never repeated here: whether it was done is unknown, and only the rules know if that matters.
//!
//! Nothing secret is logged: no token, no body, no address with the token of an interaction in it.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serenity::http::Request;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};
use tracing::{debug, info};

use crate::counts::Counts;
use crate::discord::gate::Gate;
use crate::discord::lenient;
use crate::discord::limits::DAY;
use crate::discord::start::StartError;
use crate::discord::wire::Ask;

/// A server that is there answers a connection within this time.
const CONNECT: Duration = Duration::from_secs(5);
/// A server that is there answers a request within this time.
const TOTAL: Duration = Duration::from_secs(15);
/// A rate limit that does not say how long it lasts.
const UNTOLD: Duration = Duration::from_secs(1);
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

/// The way to Discord.
pub struct Transport {
    net: reqwest::Client,
    authorization: SecretString,
    proxy: Option<String>,
    gate: Gate,
    answers: Semaphore,
    counts: Arc<Counts>,
}

/// What came back. It is a rate limit's refusal only where the limit outlasts all interest in the answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
    /// When it was written, by Discord's clock, which counts whole seconds here.
    pub date: Option<SystemTime>,
}

impl Transport {
    /// A transport for this bot token, to Discord or to what stands in for it.
    pub fn new(token: &SecretString, proxy: Option<&str>) -> Result<Self, StartError> {
        Self::patient(token, proxy, TOTAL)
    }

    /// The same, giving up after another time.
    pub(super) fn patient(token: &SecretString, proxy: Option<&str>, total: Duration) -> Result<Self, StartError> {
        let net = reqwest::Client::builder()
            .connect_timeout(CONNECT.min(total))
            .timeout(total)
            .pool_idle_timeout(Duration::from_secs(90))
            // A connection whose other end is gone is noticed before a request is lost on it.
            .http2_keep_alive_interval(Duration::from_secs(20))
            .http2_keep_alive_timeout(Duration::from_secs(10))
            .http2_keep_alive_while_idle(true)
            // Discord redirects nobody. Whoever does is not Discord, and gets no token.
            .redirect(reqwest::redirect::Policy::none());
        // The system's proxy is for the world outside, not for what stands in for Discord.
        let net = if proxy.is_some() { net.no_proxy() } else { net };
        if proxy.is_some_and(|base| reqwest::Url::parse(base).is_err()) {
            return Err(StartError::Proxy);
        }
        Ok(Self {
            net: net.build().map_err(StartError::Network)?,
            authorization: authorization(token)?,
            proxy: proxy.map(str::to_owned),
            gate: Gate::default(),
            answers: Semaphore::new(ANSWERS),
            counts: Arc::default(),
        })
    }

    /// What is counted here, and may be counted elsewhere, too.
    #[must_use]
    pub fn counts(&self) -> Arc<Counts> {
        self.counts.clone()
    }

    /// Sends until no rate limit refuses it, or none that is worth waiting for. `None`: it may have been done or not.
    pub(super) async fn send(&self, ask: &Ask<'_>) -> Option<Reply> {
        let _under_way = UnderWay::begin(&self.counts);
        let mut way = self.gate.join(ask);
        let (begun, mut floor) = (Instant::now(), SHORTEST);
        loop {
            if let Some(way) = &mut way {
                way.clear().await;
            }
            let room = if way.is_none() { self.answers.acquire().await.ok() } else { None };
            let attempt = self.attempt(ask).await;
            drop(room);
            self.counts.called(ask.verb(), ask.label(), attempt.as_ref().ok().map(|(status, ..)| *status));
            let (status, headers, body) = match attempt {
                Ok(reply) => reply,
                Err(error) => return lost(ask, &error),
            };
            if status == 429 {
                let limit = Limit::read(&headers, &body).at_least(floor);
                limit.log(ask);
                floor = (floor * 2).min(LONGEST).min(ask.lifetime() / TRIES);
                if begun.elapsed() + limit.pause > ask.lifetime() {
                    return Some(Reply { status, body, date: date(&headers) });
                }
                match &mut way {
                    Some(way) => way.refused(&headers, limit.pause, limit.global),
                    None => sleep(limit.pause).await,
                }
                continue;
            }
            // A proxy's error tells nothing of Discord's limits.
            if let Some(way) = way.filter(|_| status < 500) {
                way.answered(&headers);
            }
            return Some(Reply { status, body, date: date(&headers) });
        }
    }

    async fn attempt(&self, ask: &Ask<'_>) -> Result<(u16, HeaderMap, Vec<u8>), serenity::Error> {
        let body = ask.body.as_ref().map(serde_json::to_vec).transpose()?;
        let request = Request::new(ask.route, ask.method)
            .body(body)
            .headers(ask.reason.map(reason))
            .params(if ask.query.is_empty() { None } else { Some(ask.query.clone()) })
            .build(&self.net, self.authorization.expose_secret(), self.proxy.as_deref())?;
        let request = match ask.patience() {
            Some(patience) => request.timeout(patience),
            None => request,
        };
        let response = request.send().await.map_err(reqwest::Error::without_url)?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.map_err(reqwest::Error::without_url)?;
        Ok((status, headers, body.into()))
    }
}

/// One call more under way, as long as this lives: a call that is given up is under way no longer.
struct UnderWay<'a>(&'a Counts);

impl<'a> UnderWay<'a> {
    fn begin(counts: &'a Counts) -> Self {
        counts.under_way.inc();
        Self(counts)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.dec();
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

fn lost(ask: &Ask<'_>, error: &(dyn Error + 'static)) -> Option<Reply> {
    debug!(verb = ask.verb(), path = ask.label(), cause = %root(error), "no reply");
    None
}

/// The first cause is the one that tells something: "connection refused", not "error sending request".
fn root<'a>(mut error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    while let Some(source) = error.source() {
        error = source;
    }
    error
}

/// What a 429 says.
#[derive(Debug, PartialEq)]
struct Limit {
    pause: Duration,
    global: bool,
}

impl Limit {
    /// The header is rounded up to seconds, the body is exact, and either may be missing. The longer one is always safe.
    fn read(headers: &HeaderMap, body: &[u8]) -> Self {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Said {
            #[serde(deserialize_with = "lenient::number")]
            retry_after: Option<f64>,
            #[serde(deserialize_with = "lenient::or_default")]
            global: bool,
        }
        let said: Said = serde_json::from_slice(body).unwrap_or_default();
        let header = headers.get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let pauses = [header, said.retry_after].into_iter().flatten();
        let pause = pauses.filter_map(|seconds| Duration::try_from_secs_f64(seconds).ok()).max();
        let pause = pause.map(|pause| pause.min(DAY));
        let scope = headers.get("x-ratelimit-scope").is_some_and(|scope| scope == "global");
        let global = said.global || scope || headers.contains_key("x-ratelimit-global");
        Self { pause: pause.unwrap_or(UNTOLD), global }
    }

    /// The same, but not shorter than this.
    fn at_least(self, floor: Duration) -> Self {
        Self { pause: self.pause.max(floor), ..self }
    }

    fn log(&self, ask: &Ask<'_>) {
        let (verb, path, global, seconds) = (ask.verb(), ask.label(), self.global, self.pause.as_secs_f64());
        if self.pause > NOTICEABLE {
            info!(verb, path, global, seconds, "waiting for a rate limit");
        } else {
            debug!(verb, path, global, seconds, "waiting for a rate limit");
        }
    }
}

/// Discord takes the reason percent-encoded: a header carries no Cyrillic.
fn reason(text: &'static str) -> HeaderMap {
    let encoded = text.bytes().fold(String::new(), |encoded, byte| encoded + &format!("%{byte:02X}"));
    let value = HeaderValue::try_from(encoded).expect("percent-encoded bytes are plain ASCII");
    HeaderMap::from_iter([(reqwest::header::HeaderName::from_static("x-audit-log-reason"), value)])
}

#[cfg(test)]
mod tests;
