//! Who answered: Discord, or something on the way to it?
//!
//! Between the bot and Discord stand an edge network, proxies and firewalls, and each of them answers in Discord's place
//! when it sees fit: with a page of HTML, a line of text, an empty body or a JSON document of its own. Such an answer
//! tells nothing about channels, messages or rights. Discord says no with a JSON object that has a `message` and mostly
//! a `code`; a server that stands in for Discord may leave out either.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::discord::lenient;
use crate::discord::limit::Limit;

/// Discord's own words about why not.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Said {
    #[serde(deserialize_with = "lenient::number")]
    pub code: Option<u64>,
    pub errors: Value,
}

impl Said {
    /// `None`: this is not how Discord says no.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let object: Map<String, Value> = serde_json::from_slice(body).ok()?;
        // Other JSON documents (a problem of RFC 9457, the API of an edge network) have neither.
        let foreign = !object.is_empty() && !object.contains_key("message") && !object.contains_key("code");
        if foreign {
            return None;
        }
        serde_json::from_value(object.into()).ok()
    }

    /// The code says no more than the status.
    pub(super) fn is_plain(&self, status: u16) -> bool {
        self.code.is_none_or(|code| code == 0 || code == u64::from(status))
    }

    /// Discord's own inside failed to answer in time; nothing is decided (40333 "internal network error", 130000 "API
    /// resource is currently overloaded").
    pub(super) fn is_transient(&self) -> bool {
        matches!(self.code, Some(40_333 | 130_000))
    }
}

/// What a response is worth before anybody reads what it is about.
#[derive(Debug, PartialEq)]
pub(super) enum Speaker {
    /// Discord, or a server in its place: the answer may be believed.
    Discord,
    /// Discord, refusing because of a rate limit. The request was not executed.
    Limit(Limit),
    /// Discord's edge refuses the address, whatever it asks. The request was not executed. It may tell for how long.
    Edge(Option<Duration>),
    /// Something on the way forbids it. One such page may be about one request; many in a row are about the address.
    Forbidding,
    /// Something on the way, which tells nothing.
    Unknown,
}

impl Speaker {
    pub(super) fn recognize(status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        match status {
            429 => Limit::read(headers, body).map_or_else(|| Self::Edge(Limit::retry_after(headers)), Self::Limit),
            403 if Said::read(body).is_none() => Self::Forbidding,
            200..=399 => Self::Discord,
            400..=499 if Said::read(body).is_some() => Self::Discord,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recognize(status: u16, header: &str, body: &str) -> Speaker {
        let mut headers = HeaderMap::new();
        if let Some((name, value)) = header.split_once(": ") {
            headers.insert(reqwest::header::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        Speaker::recognize(status, &headers, body.as_bytes())
    }

    #[test]
    fn a_limit_of_discords_is_told_from_a_bar_of_the_address() {
        let edge = |seconds: Option<u64>| Speaker::Edge(seconds.map(Duration::from_secs));
        for (header, body, expected) in [
            ("", "error code: 1015", edge(None)),
            ("", "<!DOCTYPE html><title>Access denied</title>", edge(None)),
            ("", "", edge(None)),
            ("retry-after: 30", "<html>", edge(Some(30))),
            ("retry-after: 30", "error code: 1015", edge(Some(30))),
            ("retry-after: -1", "", edge(None)),
            ("retry-after: NaN", "", edge(None)),
            ("retry-after: 1e300", "", edge(Some(24 * 60 * 60))),
            ("", "{\"message\": \"You are being rate limited.\"}", edge(None)),
            ("", "{\"message\": \"blocked\", \"retry_after\": null}", edge(None)),
            ("", "{\"title\": \"Error 1015\", \"status\": 429, \"retry_after\": \"later\"}", edge(None)),
        ] {
            assert_eq!(recognize(429, header, body), expected, "{header} {body}");
        }
        for (header, body) in [
            ("x-ratelimit-scope: shared", ""),
            ("x-ratelimit-global: true", "<html>"),
            ("x-ratelimit-bucket: b", "{}"),
            ("", "{\"message\": \"You are being rate limited.\", \"retry_after\": 0.5, \"global\": false}"),
            ("", "{\"retry_after\": -3}"),
            ("", "{\"retry_after\": \"2.5\"}"),
        ] {
            assert!(matches!(recognize(429, header, body), Speaker::Limit(_)), "{header} {body}");
        }
    }

    #[test]
    fn only_who_speaks_as_discord_is_believed() {
        for (status, body, expected) in [
            (403, "{\"message\": \"Missing Access\", \"code\": 50001}", Speaker::Discord),
            (403, "{\"code\": 50001}", Speaker::Discord),
            (403, "{}", Speaker::Discord),
            (403, "<html>", Speaker::Forbidding),
            (403, "error code: 1020", Speaker::Forbidding),
            (403, "{\"title\": \"Error 1006\", \"status\": 403}", Speaker::Forbidding),
            (401, "<html>", Speaker::Unknown),
            (404, "", Speaker::Unknown),
            (404, "[]", Speaker::Unknown),
            (502, "<html>", Speaker::Unknown),
            (503, "{\"message\": \"unavailable\", \"code\": 0}", Speaker::Unknown),
            (204, "", Speaker::Discord),
        ] {
            assert_eq!(recognize(status, "", body), expected, "{status} {body}");
        }
    }
}
