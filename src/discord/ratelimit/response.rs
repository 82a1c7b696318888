//! What a 429 response says: how long to wait, and whether for all routes.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde::Deserialize;

use crate::discord::lenient;
use crate::discord::ratelimit::limiter::MAX_RETRY_AFTER;

/// The wait after a 429 that does not say how long it lasts.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(1);

/// A 429 that Discord itself sent (its reference, "Rate Limit Response Structure").
#[derive(Debug, PartialEq)]
pub(in crate::discord) struct RateLimitResponse {
    pub retry_after: Duration,
    pub global: bool,
}

impl RateLimitResponse {
    /// The header is rounded up to seconds, the body is exact, and either may be missing. The longer of both is always safe.
    /// `None`: neither rate limit headers nor `retry_after` in JSON, so Discord did not send it.
    pub(in crate::discord) fn parse(headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Body {
            #[serde(deserialize_with = "lenient::number")]
            retry_after: Option<f64>,
            #[serde(deserialize_with = "lenient::or_default")]
            global: bool,
        }
        let body: Body = serde_json::from_slice(body).unwrap_or_default();
        let has_headers = headers.keys().any(|name| name.as_str().starts_with("x-ratelimit-"));
        if body.retry_after.is_none() && !has_headers {
            return None;
        }
        let exact = body.retry_after.and_then(bounded_duration);
        let retry_after = [Self::parse_retry_after(headers), exact].into_iter().flatten().max();
        let scope = headers.get("x-ratelimit-scope").is_some_and(|scope| scope == "global");
        let global = body.global || scope || headers.contains_key("x-ratelimit-global");
        Some(Self { retry_after: retry_after.unwrap_or(DEFAULT_RETRY_AFTER), global })
    }

    /// The `Retry-After` header, if it is a number of seconds.
    pub(in crate::discord) fn parse_retry_after(headers: &HeaderMap) -> Option<Duration> {
        bounded_duration(headers.get("retry-after")?.to_str().ok()?.trim().parse().ok()?)
    }

    /// The same, but with a wait of at least `min`.
    pub(in crate::discord) fn with_min_wait(self, min: Duration) -> Self {
        Self { retry_after: self.retry_after.max(min), ..self }
    }
}

/// `None` for a negative number; a longer time than [`MAX_RETRY_AFTER`] is cut to it.
fn bounded_duration(seconds: f64) -> Option<Duration> {
    (seconds >= 0.0).then(|| Duration::try_from_secs_f64(seconds).unwrap_or(MAX_RETRY_AFTER).min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_429_gives_the_wait_and_the_scope() {
        let cases = [
            ("retry-after: 3", "{\"retry_after\": 0.1}", (3_000, false)),
            ("retry-after: 0.25", "{\"retry_after\": 0.1}", (250, false)),
            ("retry-after: 1", "{\"retry_after\": 64.57, \"global\": false}", (64_570, false)),
            ("retry-after: 0.1", "{\"retry_after\": \"2.5\", \"global\": \"yes\"}", (2_500, false)),
            ("retry-after: 3600000", "{\"retry_after\": 1}", (86_400_000, false)),
            ("retry-after: 1e19", "{\"retry_after\": 1}", (86_400_000, false)),
            ("retry-after: 0", "{\"retry_after\": 0}", (0, false)),
            ("retry-after: NaN", "{\"retry_after\": -4}", (1_000, false)),
            ("retry-after: -1", "{\"retry_after\": 1e300}", (86_400_000, false)),
            ("x-ratelimit-global: true", "<html>", (1_000, true)),
            ("x-ratelimit-global: true", "{\"retry_after\": 0.5}", (500, true)),
            ("x-ratelimit-scope: global", "{\"retry_after\": 0.5}", (500, true)),
            ("x-ratelimit-scope: shared", "{\"retry_after\": 0.5}", (500, false)),
            ("x-ratelimit-scope: shared", "{\"retry_after\": 0.5, \"global\": true}", (500, true)),
        ];
        for (header, body, (millis, global)) in cases {
            let mut headers = HeaderMap::new();
            if let Some((name, value)) = header.split_once(": ") {
                headers.insert(name, value.parse().unwrap());
            }
            let expected = RateLimitResponse { retry_after: Duration::from_millis(millis), global };
            assert_eq!(RateLimitResponse::parse(&headers, body.as_bytes()), Some(expected), "{header} {body}");
        }
    }
}
