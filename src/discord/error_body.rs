//! Whether a response comes from Discord or from something in between.
//!
//! Between the bot and Discord there are Cloudflare, proxies and firewalls, and each of them may respond in Discord's place:
//! with an HTML page, a line of text, an empty body or a JSON document of its own. Such a response says nothing about
//! channels, messages or permissions. Discord's errors are JSON objects with a `message` and mostly a `code`; a server that
//! stands in for Discord may leave out either.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::discord::lenient;
use crate::discord::ratelimit::RateLimitResponse;

/// The body of an error response of Discord's.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ErrorBody {
    #[serde(deserialize_with = "lenient::number")]
    pub code: Option<u64>,
    pub errors: Value,
}

impl ErrorBody {
    /// `None` if Discord did not write it.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let object: Map<String, Value> = serde_json::from_slice(body).ok()?;
        // Other JSON documents (a problem of RFC 9457, the API of a CDN) have neither.
        let foreign = !object.is_empty() && !object.contains_key("message") && !object.contains_key("code");
        if foreign {
            return None;
        }
        serde_json::from_value(object.into()).ok()
    }

    /// Whether the code says no more than the status.
    pub(super) fn is_unspecific(&self, status: u16) -> bool {
        self.code.is_none_or(|code| code == 0 || code == u64::from(status))
    }

    /// Whether Discord failed internally, so that the outcome is open (40333 "internal network error", 130000 "API resource
    /// is currently overloaded").
    pub(super) fn is_transient(&self) -> bool {
        matches!(self.code, Some(40_333 | 130_000))
    }
}

/// Where a response comes from, by its status, headers and body.
#[derive(Debug, PartialEq)]
pub(super) enum ResponseOrigin {
    /// Discord, or a server that stands in for it: its content counts.
    Discord,
    /// Discord, rejecting the request because of a rate limit. It was not executed.
    RateLimit(RateLimitResponse),
    /// Cloudflare, blocking the address whatever is requested. The request was not executed. The value of `Retry-After`, if
    /// it was given.
    Cloudflare(Option<Duration>),
    /// A 403 page of something in between. A single one may be about the request; several in a row are about the address.
    ForbiddenPage,
    /// Something in between; the response says nothing.
    Unknown,
}

impl ResponseOrigin {
    pub(super) fn classify(status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        match status {
            429 => RateLimitResponse::parse(headers, body)
                .map_or_else(|| Self::Cloudflare(RateLimitResponse::parse_retry_after(headers)), Self::RateLimit),
            403 if ErrorBody::parse(body).is_none() => Self::ForbiddenPage,
            200..=399 => Self::Discord,
            400..=499 if ErrorBody::parse(body).is_some() => Self::Discord,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classify(status: u16, header: &str, body: &str) -> ResponseOrigin {
        let mut headers = HeaderMap::new();
        if let Some((name, value)) = header.split_once(": ") {
            headers.insert(reqwest::header::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        ResponseOrigin::classify(status, &headers, body.as_bytes())
    }

    #[test]
    fn a_rate_limit_of_discords_differs_from_a_block_of_the_address() {
        let blocked = |seconds: Option<u64>| ResponseOrigin::Cloudflare(seconds.map(Duration::from_secs));
        for (header, body, expected) in [
            ("", "error code: 1015", blocked(None)),
            ("", "<!DOCTYPE html><title>Access denied</title>", blocked(None)),
            ("", "", blocked(None)),
            ("retry-after: 30", "<html>", blocked(Some(30))),
            ("retry-after: 30", "error code: 1015", blocked(Some(30))),
            ("retry-after: -1", "", blocked(None)),
            ("retry-after: NaN", "", blocked(None)),
            ("retry-after: 1e300", "", blocked(Some(24 * 60 * 60))),
            ("", "{\"message\": \"You are being rate limited.\"}", blocked(None)),
            ("", "{\"message\": \"blocked\", \"retry_after\": null}", blocked(None)),
            ("", "{\"title\": \"Error 1015\", \"status\": 429, \"retry_after\": \"later\"}", blocked(None)),
        ] {
            assert_eq!(classify(429, header, body), expected, "{header} {body}");
        }
        for (header, body) in [
            ("x-ratelimit-scope: shared", ""),
            ("x-ratelimit-global: true", "<html>"),
            ("x-ratelimit-bucket: b", "{}"),
            ("", "{\"message\": \"You are being rate limited.\", \"retry_after\": 0.5, \"global\": false}"),
            ("", "{\"retry_after\": -3}"),
            ("", "{\"retry_after\": \"2.5\"}"),
        ] {
            assert!(matches!(classify(429, header, body), ResponseOrigin::RateLimit(_)), "{header} {body}");
        }
    }

    #[test]
    fn only_responses_in_discords_format_count() {
        for (status, body, expected) in [
            (403, "{\"message\": \"Missing Access\", \"code\": 50001}", ResponseOrigin::Discord),
            (403, "{\"code\": 50001}", ResponseOrigin::Discord),
            (403, "{}", ResponseOrigin::Discord),
            (403, "<html>", ResponseOrigin::ForbiddenPage),
            (403, "error code: 1020", ResponseOrigin::ForbiddenPage),
            (403, "{\"title\": \"Error 1006\", \"status\": 403}", ResponseOrigin::ForbiddenPage),
            (401, "<html>", ResponseOrigin::Unknown),
            (404, "", ResponseOrigin::Unknown),
            (404, "[]", ResponseOrigin::Unknown),
            (502, "<html>", ResponseOrigin::Unknown),
            (503, "{\"message\": \"unavailable\", \"code\": 0}", ResponseOrigin::Unknown),
            (204, "", ResponseOrigin::Discord),
        ] {
            assert_eq!(classify(status, "", body), expected, "{status} {body}");
        }
    }
}
