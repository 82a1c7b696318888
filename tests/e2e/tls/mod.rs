//! The way to Discord as it is in production: https with HTTP/2, and wss, with all that can go wrong on it.

mod failures;
mod proxy;
mod trust;

use std::time::Duration;

use talon::lifecycle::{Document, State};
use talon_sandbox::world::Snowflake;

use crate::stage::Stage;

use proxy::{Certificate, Protocol, TlsProxy};

/// How long a test waits until a call without an answer is given up and what follows from that is done.
const GIVEN_UP: Duration = Duration::from_secs(60);

/// An ordinary server behind the proxy; the bot has not been started.
fn stage_behind(certificate: Certificate) -> (Stage, TlsProxy) {
    let mut stage = Stage::empty();
    let proxy = TlsProxy::start(&stage.discord, certificate);
    stage.set("DISCORD_PROXY", proxy.url());
    stage.set("SSL_CERT_FILE", proxy.authority_file().to_str().expect("the path is text"));
    (stage, proxy)
}

/// The same; the bot is connected.
async fn ready() -> (Stage, TlsProxy) {
    let (mut stage, proxy) = stage_behind(Certificate::Good);
    stage.start().await;
    (stage, proxy)
}

async fn close(stage: &Stage, who: Snowflake, ticket: Snowflake) {
    stage.press_close(who, ticket);
    stage.until_gone(ticket).await;
    assert_eq!(stage.announcements(ticket).len(), 1, "announced once");
}

fn is_open(row: &Document) -> bool {
    matches!(row.state, State::Open { .. })
}

#[tokio::test]
async fn a_ticket_is_opened_and_closed_over_https_with_http2_and_wss() {
    let (stage, proxy) = ready().await;
    let alice = stage.discord.ids().alice;

    let ticket = stage.open(alice).await;
    close(&stage, alice, ticket).await;
    stage.until_quiet().await;

    let exchanges = proxy.exchanges();
    assert!(exchanges.iter().all(|exchange| exchange.protocol == Protocol::Http2), "{exchanges:#?}");
    assert_eq!(exchanges.len(), stage.discord.calls().len(), "no request has gone past the proxy");
    let [socket] = &proxy.sockets()[..] else { panic!("one websocket: {:?}", proxy.sockets()) };
    assert!(socket.starts_with(&proxy.url().replace("https://", "wss://")), "{socket}");
    assert_eq!(stage.discord.connected(), 1, "no websocket has gone past the proxy");
}

#[tokio::test]
async fn an_authority_may_be_named_by_a_folder() {
    let (mut stage, proxy) = stage_behind(Certificate::Good);
    stage.unset("SSL_CERT_FILE");
    stage.set("SSL_CERT_DIR", proxy.authority_folder().to_str().expect("the path is text"));
    stage.start().await;

    stage.open(stage.discord.ids().alice).await;
}

#[tokio::test]
async fn a_file_of_authorities_that_is_not_there_is_named_and_passed_over() {
    let (mut stage, proxy) = stage_behind(Certificate::Good);
    stage.set("SSL_CERT_FILE", "no/such/file.pem");
    stage.set("SSL_CERT_DIR", proxy.authority_folder().to_str().expect("the path is text"));
    stage.start().await;

    stage.until_logged("no/such/file.pem").await;
    stage.open(stage.discord.ids().alice).await;
}
