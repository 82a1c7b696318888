//! Opens the WebSocket to Discord's gateway, each step within a time limit, and waits for HELLO.

use std::fmt;
use std::time::Duration;

use futures_util::StreamExt;
use reqwest::Url;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::error::CapacityError;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};

use super::close_code::{ReconnectAction, action_for_close_code};
use super::frame::{FrameHeader, MAX_FRAME_BYTES, decode_text};
use super::tls::build_connector;
use crate::discord::ConnectionError;
use crate::status::gateway::Stage;

/// The WebSocket to Discord.
pub(super) type Upstream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Why a connection ended or could not be opened.
#[derive(Debug)]
pub(super) enum DisconnectCause {
    /// The URL from `GET /gateway/bot` or READY cannot be parsed.
    InvalidUrl(String),
    /// The socket could not be opened or failed.
    Transport(Box<Error>),
    /// Nothing arrived for this long in this stage.
    TimedOut(Stage, Duration),
    /// Discord closed the connection.
    Closed(Option<CloseFrame<'static>>),
    /// Opcode 7: Discord requests a new connection.
    ReconnectRequested,
    /// Opcode 9: the session is invalid, or (`true`) may be resumed.
    InvalidSession(bool),
    /// serenity's client closed its socket or stopped reading.
    ClientLost,
}

impl DisconnectCause {
    pub(super) fn from_error(error: Error) -> Self {
        Self::Transport(Box::new(error))
    }

    /// How to reconnect after this cause.
    pub(super) fn reconnect_action(&self) -> ReconnectAction {
        match self {
            Self::Closed(frame) => action_for_close_code(frame.as_ref().map(|frame| frame.code.into())),
            Self::InvalidSession(false) | Self::ClientLost => ReconnectAction::Identify(Duration::ZERO),
            // Discord would send the same frame again.
            Self::Transport(error) if matches!(**error, Error::Capacity(_)) => {
                ReconnectAction::Identify(Duration::ZERO)
            }
            // Discord may have dropped a session that does not answer to RESUME.
            Self::TimedOut(Stage::Resuming, _) => ReconnectAction::Identify(Duration::ZERO),
            Self::InvalidUrl(_)
            | Self::Transport(_)
            | Self::TimedOut(..)
            | Self::ReconnectRequested
            | Self::InvalidSession(true) => ReconnectAction::Resume,
        }
    }

    /// Whether this is part of Discord's normal operation, not a failure.
    pub(super) const fn is_routine(&self) -> bool {
        matches!(self, Self::ReconnectRequested | Self::InvalidSession(true))
    }
}

impl fmt::Display for DisconnectCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidUrl(url) => write!(f, "{url:?} is not a valid gateway URL"),
            Self::Transport(error) => f.write_str(&describe_error(error)),
            Self::TimedOut(Stage::Live, limit) => write!(f, "a heartbeat was not acknowledged within {limit:?}"),
            Self::TimedOut(stage, limit) => write!(f, "nothing was received for {limit:?} while {stage}"),
            Self::Closed(Some(frame)) if frame.reason.is_empty() => write!(f, "closed with {}", u16::from(frame.code)),
            Self::Closed(Some(frame)) => write!(f, "closed with {} ({:?})", u16::from(frame.code), frame.reason),
            Self::Closed(None) => f.write_str("closed without a code"),
            Self::ReconnectRequested => f.write_str("Discord requested a new connection"),
            Self::InvalidSession(true) => f.write_str("Discord requested to resume the session"),
            Self::InvalidSession(false) => f.write_str("the session is no longer valid"),
            Self::ClientLost => f.write_str("the client closed the connection"),
        }
    }
}

/// The root cause and its remedy.
fn describe_error(error: &Error) -> String {
    match error {
        Error::Http(response) => format!("the gateway responded with status {}", response.status().as_u16()),
        Error::Capacity(CapacityError::MessageTooLong { size, .. }) => {
            format!("a frame of {size} bytes exceeds the limit and was not read")
        }
        error => ConnectionError::from_error(error).to_string(),
    }
}

/// An open socket on which HELLO has arrived.
pub(super) struct UpstreamConnection {
    pub(super) upstream: Upstream,
    pub(super) hello: String,
}

/// Opens a socket and waits for HELLO; each of the two may take `limit`. `enter_stage` is called at the start of each.
pub(super) async fn connect_upstream(
    url: &str,
    limit: Duration,
    enter_stage: impl Fn(Stage),
) -> Result<UpstreamConnection, DisconnectCause> {
    enter_stage(Stage::Connecting);
    let mut url = Url::parse(url).map_err(|_| DisconnectCause::InvalidUrl(url.to_owned()))?;
    url.query_pairs_mut().append_pair("v", "10").append_pair("encoding", "json");
    let config = WebSocketConfig {
        max_message_size: Some(MAX_FRAME_BYTES),
        max_frame_size: Some(MAX_FRAME_BYTES),
        ..WebSocketConfig::default()
    };
    let connector = matches!(url.scheme(), "wss").then(build_connector);
    let opening = connect_async_tls_with_config(url.as_str(), Some(config), true, connector);
    let (mut upstream, _) = timeout(limit, opening)
        .await
        .map_err(|_| DisconnectCause::TimedOut(Stage::Connecting, limit))?
        .map_err(DisconnectCause::from_error)?;
    enter_stage(Stage::AwaitingHello);
    let hello = timeout(limit, receive_hello(&mut upstream))
        .await
        .map_err(|_| DisconnectCause::TimedOut(Stage::AwaitingHello, limit))??;
    Ok(UpstreamConnection { upstream, hello })
}

async fn receive_hello(upstream: &mut Upstream) -> Result<String, DisconnectCause> {
    loop {
        match upstream.next().await {
            None => return Err(DisconnectCause::from_error(Error::ConnectionClosed)),
            Some(Err(error)) => return Err(DisconnectCause::from_error(error)),
            Some(Ok(Message::Close(frame))) => return Err(DisconnectCause::Closed(frame)),
            Some(Ok(message)) => {
                let Ok(text) = decode_text(message) else { continue };
                if FrameHeader::parse(&text).is_ok_and(|frame| frame.op == 10) {
                    return Ok(text);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_disconnect_names_its_root_cause() {
        let refused = Error::Io(io::Error::from(io::ErrorKind::ConnectionRefused));
        assert!(
            DisconnectCause::from_error(refused).to_string().starts_with("connection refused: nothing listens there")
        );
        let timed_out = DisconnectCause::TimedOut(Stage::Identifying, Duration::from_secs(25));
        assert_eq!(timed_out.to_string(), "nothing was received for 25s while identifying");
    }

    #[test]
    fn a_session_that_does_not_answer_a_resume_is_not_resumed_again() {
        let limit = Duration::from_secs(25);
        assert_eq!(
            DisconnectCause::TimedOut(Stage::Resuming, limit).reconnect_action(),
            ReconnectAction::Identify(Duration::ZERO)
        );
        assert_eq!(DisconnectCause::TimedOut(Stage::Live, limit).reconnect_action(), ReconnectAction::Resume);
    }
}
