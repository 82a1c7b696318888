//! The socket to Discord's gateway: opened within a limit, and read up to HELLO.

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

use super::close::{Aftermath, aftermath};
use super::frame::{Frame, LARGEST_FRAME, text};
use super::trust::connector;
use crate::discord::ConnectionError;
use crate::status::gateway::Stage;

/// The socket to Discord.
pub(super) type Upstream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Why a connection ended, or was not made.
#[derive(Debug)]
pub(super) enum Cause {
    /// The address in `GET /gateway/bot` is none.
    Address(String),
    /// The socket could not be opened, or broke.
    Broken(Box<Error>),
    /// Nothing was heard for so long in this stage.
    Silent(Stage, Duration),
    /// Discord closed it.
    Closed(Option<CloseFrame<'static>>),
    /// Op 7: Discord asks for a new connection.
    Reconnect,
    /// Op 9: the session is not valid any more, or (`true`) is to be resumed.
    InvalidSession(bool),
    /// serenity gave the connection up.
    Client,
}

impl Cause {
    pub(super) fn broken(error: Error) -> Self {
        Self::Broken(Box::new(error))
    }

    /// What follows from it.
    pub(super) fn aftermath(&self) -> Aftermath {
        match self {
            Self::Closed(frame) => aftermath(frame.as_ref().map(|frame| frame.code.into())),
            Self::InvalidSession(false) | Self::Client => Aftermath::Identify(Duration::ZERO),
            // Discord would send the same frame again.
            Self::Broken(error) if matches!(**error, Error::Capacity(_)) => Aftermath::Identify(Duration::ZERO),
            // The session that does not answer may not be there any more.
            Self::Silent(Stage::Resuming, _) => Aftermath::Identify(Duration::ZERO),
            Self::Address(_) | Self::Broken(_) | Self::Silent(..) | Self::Reconnect | Self::InvalidSession(true) => {
                Aftermath::Resume
            }
        }
    }

    /// Discord does this all the time, and nothing is wrong.
    pub(super) const fn is_routine(&self) -> bool {
        matches!(self, Self::Reconnect | Self::InvalidSession(true))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(url) => write!(f, "{url:?} is not the address of a gateway"),
            Self::Broken(error) => f.write_str(&describe(error)),
            Self::Silent(Stage::Live, limit) => write!(f, "a heartbeat was not acknowledged within {limit:?}"),
            Self::Silent(stage, limit) => write!(f, "nothing was heard for {limit:?} while {stage}"),
            Self::Closed(Some(frame)) if frame.reason.is_empty() => write!(f, "closed with {}", u16::from(frame.code)),
            Self::Closed(Some(frame)) => write!(f, "closed with {} ({:?})", u16::from(frame.code), frame.reason),
            Self::Closed(None) => f.write_str("closed without a code"),
            Self::Reconnect => f.write_str("Discord asked for a new connection"),
            Self::InvalidSession(true) => f.write_str("Discord asked to resume the session"),
            Self::InvalidSession(false) => f.write_str("the session is not valid any more"),
            Self::Client => f.write_str("the client gave the connection up"),
        }
    }
}

/// The root cause, and what to do about it.
fn describe(error: &Error) -> String {
    match error {
        Error::Http(response) => format!("the gateway answers with status {}", response.status().as_u16()),
        Error::Capacity(CapacityError::MessageTooLong { size, .. }) => {
            format!("a frame of {size} bytes is larger than any server's and was not read")
        }
        error => ConnectionError::from_error(error).to_string(),
    }
}

/// An open socket, and the HELLO that came through it.
pub(super) struct Connected {
    pub(super) upstream: Upstream,
    pub(super) hello: String,
}

/// Opens a socket and waits for HELLO; each of the two may take `limit`. `enter` is told of each stage.
pub(super) async fn connect(url: &str, limit: Duration, enter: impl Fn(Stage)) -> Result<Connected, Cause> {
    enter(Stage::Connecting);
    let mut url = Url::parse(url).map_err(|_| Cause::Address(url.to_owned()))?;
    url.query_pairs_mut().append_pair("v", "10").append_pair("encoding", "json");
    let config = WebSocketConfig {
        max_message_size: Some(LARGEST_FRAME),
        max_frame_size: Some(LARGEST_FRAME),
        ..WebSocketConfig::default()
    };
    let connector = matches!(url.scheme(), "wss").then(connector);
    let opening = connect_async_tls_with_config(url.as_str(), Some(config), true, connector);
    let (mut upstream, _) =
        timeout(limit, opening).await.map_err(|_| Cause::Silent(Stage::Connecting, limit))?.map_err(Cause::broken)?;
    enter(Stage::AwaitingHello);
    let hello =
        timeout(limit, hello(&mut upstream)).await.map_err(|_| Cause::Silent(Stage::AwaitingHello, limit))??;
    Ok(Connected { upstream, hello })
}

async fn hello(upstream: &mut Upstream) -> Result<String, Cause> {
    loop {
        match upstream.next().await {
            None => return Err(Cause::broken(Error::ConnectionClosed)),
            Some(Err(error)) => return Err(Cause::broken(error)),
            Some(Ok(Message::Close(frame))) => return Err(Cause::Closed(frame)),
            Some(Ok(message)) => {
                let Ok(text) = text(message) else { continue };
                if Frame::parse(&text).is_ok_and(|frame| frame.op == 10) {
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
    fn a_cause_names_its_root() {
        let refused = Error::Io(io::Error::from(io::ErrorKind::ConnectionRefused));
        assert!(Cause::broken(refused).to_string().starts_with("connection refused: nothing listens there"));
        let silent = Cause::Silent(Stage::Identifying, Duration::from_secs(25));
        assert_eq!(silent.to_string(), "nothing was heard for 25s while identifying");
    }

    #[test]
    fn a_session_that_does_not_answer_a_resume_is_not_resumed_again() {
        let limit = Duration::from_secs(25);
        assert_eq!(Cause::Silent(Stage::Resuming, limit).aftermath(), Aftermath::Identify(Duration::ZERO));
        assert_eq!(Cause::Silent(Stage::Live, limit).aftermath(), Aftermath::Resume);
    }
}
