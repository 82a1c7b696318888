//! What Discord says when it refuses a request because of a rate limit.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde::Deserialize;

use crate::discord::lenient;
use crate::discord::limits::DAY;

/// A rate limit that does not say how long it lasts.
const UNTOLD: Duration = Duration::from_secs(1);

/// What a 429 of Discord's says.
#[derive(Debug, PartialEq)]
pub(super) struct Limit {
    pub pause: Duration,
    pub global: bool,
}

impl Limit {
    /// The header is rounded up to seconds, the body is exact, and either may be missing. The longer one is always safe.
    /// `None`: neither rate-limit headers nor `retry_after` in JSON; that is no limit of Discord's.
    pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Said {
            #[serde(deserialize_with = "lenient::number")]
            retry_after: Option<f64>,
            #[serde(deserialize_with = "lenient::or_default")]
            global: bool,
        }
        let said: Said = serde_json::from_slice(body).unwrap_or_default();
        let told = headers.keys().any(|name| name.as_str().starts_with("x-ratelimit-"));
        if said.retry_after.is_none() && !told {
            return None;
        }
        let exact = said.retry_after.and_then(duration);
        let pause = [Self::retry_after(headers), exact].into_iter().flatten().max();
        let scope = headers.get("x-ratelimit-scope").is_some_and(|scope| scope == "global");
        let global = said.global || scope || headers.contains_key("x-ratelimit-global");
        Some(Self { pause: pause.unwrap_or(UNTOLD), global })
    }

    /// The time that the header tells, if it is one.
    pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
        duration(headers.get("retry-after")?.to_str().ok()?.trim().parse().ok()?)
    }

    /// The same, but not shorter than this.
    pub(super) fn at_least(self, floor: Duration) -> Self {
        Self { pause: self.pause.max(floor), ..self }
    }
}

/// No limit lasts longer than a day, and none a negative time.
fn duration(seconds: f64) -> Option<Duration> {
    (seconds >= 0.0).then(|| Duration::try_from_secs_f64(seconds).unwrap_or(DAY).min(DAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_tells_how_long_and_where() {
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
            let expected = Limit { pause: Duration::from_millis(millis), global };
            assert_eq!(Limit::read(&headers, body.as_bytes()), Some(expected), "{header} {body}");
        }
    }
}
