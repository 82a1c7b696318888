//! The page at `/`, baked into the binary: plain HTML, CSS and JavaScript that talk to `control`. There is no
//! build step, and nothing is fetched from anywhere else; the browser is told to hold the page to that.

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use super::hub::Hub;

/// Scripts and styles from here alone, none within the HTML, no frames, no pictures but the icon and what was sent.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file of the page under its own name.
macro_rules! files {
    ($($name:literal),* $(,)?) => { [$(($name, include_str!(concat!("page/", $name)))),*] };
}

const FILES: [(&str, &str); 24] = files![
    "layout.css",
    "chat.css",
    "form.css",
    "panel.css",
    "box.js",
    "chat.js",
    "dom.js",
    "files.js",
    "focus.js",
    "form.js",
    "hint.js",
    "layout.js",
    "lists.js",
    "main.js",
    "markdown.js",
    "menu.js",
    "message.js",
    "notice.js",
    "panel.js",
    "sandbox.js",
    "select.js",
    "state.js",
    "times.js",
    "words.js",
];

pub(super) fn router() -> Router<Arc<Hub>> {
    let page = Router::new().route("/", get(async || file("index.html", include_str!("page/index.html"))));
    FILES
        .iter()
        .fold(page, |page, &(name, text)| page.route(&format!("/page/{name}"), get(async move || file(name, text))))
}

/// A file as it is; a browser asks again each time, since the next binary may bring another.
fn file(name: &'static str, text: &'static str) -> impl IntoResponse {
    let kind = match name.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        _ => "text/html; charset=utf-8",
    };
    let headers =
        [(header::CONTENT_TYPE, kind), (header::CONTENT_SECURITY_POLICY, POLICY), (header::CACHE_CONTROL, "no-cache")];
    (headers, text)
}
