//! Who may talk to the sandbox: programs on this machine, and the sandbox's own page. A page of any other origin that the
//! same browser has open can send requests to loopback as well, so each request is checked before anything reads it.
//!
//! - The `Host` must be a loopback name. A foreign name that resolves to loopback (DNS rebinding) would otherwise make a
//!   foreign page the sandbox's own.
//! - An `Origin`, where there is one, must be the address that was asked: browsers send it with every `WebSocket`, `POST`
//!   and readable `fetch` of another origin. Programs send none.
//! - `Sec-Fetch-Site`, where there is one, catches what carries no `Origin`: pictures, scripts and frames of another page.

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::parameters::RequestError;

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Answers a foreign request with a sentence, and lets no browser pass any other answer to foreign pages.
pub(super) async fn refuse_foreign(request: Request, next: Next) -> Response {
    let checked = check_host(&request).and_then(|host| check_origin(&request, &host));
    let mut response = match checked {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// The address that was asked, if it is one of loopback.
fn check_host(request: &Request) -> Result<String, RequestError> {
    let mut named = request.headers().get_all(header::HOST).iter();
    let host = match (named.next(), named.next()) {
        (Some(host), None) => host.to_str().ok().filter(|host| is_loopback(host)),
        _ => None,
    };
    // A proxy is asked for a whole address, which counts more than the header.
    let proxied = request.uri().authority().map(Authority::as_str);
    match host {
        Some(host) if proxied.is_none_or(|proxied| proxied.eq_ignore_ascii_case(host)) => Ok(host.to_owned()),
        _ => Err(RequestError::new(
            StatusCode::MISDIRECTED_REQUEST,
            "the sandbox answers only as 127.0.0.1, localhost or [::1]: use one of these in the address",
        )),
    }
}

fn is_loopback(host: &str) -> bool {
    let (name, port) = match host.rfind(':').filter(|_| !host.ends_with(']')) {
        Some(colon) => (&host[..colon], Some(&host[colon + 1..])),
        None => (host, None),
    };
    let known = ["127.0.0.1", "localhost", "[::1]"].iter().any(|known| name.eq_ignore_ascii_case(known));
    known && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

fn check_origin(request: &Request, host: &str) -> Result<(), RequestError> {
    let headers = request.headers();
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let own = format!("http://{host}");
    let is_own = origins.all(|origin| origin.as_bytes().eq_ignore_ascii_case(own.as_bytes()));
    if is_own && (is_own_site(headers) || is_followed_link(request)) {
        return Ok(());
    }
    Err(RequestError::new(
        StatusCode::FORBIDDEN,
        "the sandbox serves its own page and programs, not the pages of others",
    ))
}

/// "`none`" is the person: an address typed, a bookmark (W3C, *Fetch Metadata*).
fn is_own_site(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    site.is_none_or(|site| matches!(site, b"same-origin" | b"none"))
}

/// A link on a foreign page may lead to the sandbox's page: it opens in a window of its own, and nothing is told back.
fn is_followed_link(request: &Request) -> bool {
    let says = |name: &str, value: &str| request.headers().get(name).is_some_and(|said| said == value);
    let leads_to_a_page = request.uri().path() == "/" || request.uri().path().starts_with("/attachments/");
    request.method() == Method::GET
        && leads_to_a_page
        && says("sec-fetch-mode", "navigate")
        && says("sec-fetch-dest", "document")
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    const HERE: &str = "127.0.0.1:8420";

    /// What comes of a request with these headers: nothing, where it is let through.
    fn refused(method: &str, uri: &str, headers: &[(&str, &str)]) -> Option<StatusCode> {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).expect("a request");
        let checked = check_host(&request).and_then(|host| check_origin(&request, &host));
        checked.err().map(|refusal| refusal.into_response().status())
    }

    #[test]
    fn only_loopback_is_a_host() {
        for host in ["127.0.0.1", "127.0.0.1:1", "localhost:8420", "LOCALHOST", "[::1]", "[::1]:8420"] {
            assert_eq!(refused("GET", "/sandbox", &[("host", host)]), None, "{host}");
        }
        for host in [
            "evil.test",
            "evil.test:8420",
            "localhost.evil.test:8420",
            "127.0.0.1.evil.test",
            "localhost@evil.test",
            "evil.test#127.0.0.1:1",
            "127.0.0.1:x",
            "127.0.0.1:",
            "127.0.0.1:99999",
            "0.0.0.0:8420",
            "::1",
            "[::1",
            "",
        ] {
            assert_eq!(refused("GET", "/", &[("host", host)]), Some(StatusCode::MISDIRECTED_REQUEST), "{host}");
        }
        let misdirected = Some(StatusCode::MISDIRECTED_REQUEST);
        assert_eq!(refused("GET", "/", &[]), misdirected, "no host at all");
        assert_eq!(refused("GET", "/", &[("host", HERE), ("host", "evil.test")]), misdirected, "two hosts");
        assert_eq!(refused("GET", "http://evil.test/", &[("host", HERE)]), misdirected, "as if to a proxy");
        assert_eq!(refused("GET", "http://127.0.0.1:8420/", &[("host", HERE)]), None);
    }

    #[test]
    fn another_origin_is_refused_whatever_it_asks() {
        for path in ["/", "/sandbox", "/sandbox/say", "/api/v10/gateway", "/attachments/1/2/a.png", "/page/main.js"] {
            let ask = |origin: &str| refused("POST", path, &[("host", HERE), ("origin", origin)]);
            assert_eq!(ask("http://127.0.0.1:8420"), None, "{path}");
            for origin in [
                "http://127.0.0.1:8421",
                "http://127.0.0.1",
                "http://localhost:8420",
                "https://127.0.0.1:8420",
                "http://evil.test",
                "null",
                "",
            ] {
                assert_eq!(ask(origin), Some(StatusCode::FORBIDDEN), "{path} from {origin}");
            }
        }
    }

    #[test]
    fn what_carries_no_origin_is_told_by_the_site() {
        let ask = |path: &str, site: &str, mode: &str, dest: &str| {
            let said = [("host", HERE), ("sec-fetch-site", site), ("sec-fetch-mode", mode), ("sec-fetch-dest", dest)];
            refused("GET", path, &said)
        };
        assert_eq!(ask("/sandbox/view", "same-origin", "cors", "empty"), None);
        assert_eq!(ask("/sandbox/view", "none", "navigate", "document"), None, "an address that was typed");
        assert_eq!(ask("/", "cross-site", "navigate", "document"), None, "a link that was followed");
        let refused = Some(StatusCode::FORBIDDEN);
        assert_eq!(ask("/api/v10/gateway", "cross-site", "no-cors", "image"), refused);
        assert_eq!(ask("/api/v10/gateway", "same-site", "no-cors", "image"), refused, "another port is another page");
        assert_eq!(ask("/", "cross-site", "navigate", "iframe"), refused);
        assert_eq!(ask("/sandbox", "cross-site", "navigate", "document"), refused);
    }
}
