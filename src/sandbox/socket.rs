//! One gateway connection: frames in, frames out. What they mean is decided in `gateway`.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

use super::gateway::{Link, Order, Reject};
use super::hub::Hub;
use super::record::Happening;

type Stream = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

/// Serves one connection until either side ends it.
pub(super) async fn serve(hub: Arc<Hub>, upgraded: hyper::upgrade::Upgraded, version: Version) {
    let stream = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
    let (orders, inbox) = unbounded_channel();
    let (number, heartbeat) = hub.act(|state, now| {
        state.record.note(now, Happening::Connected);
        (state.gateway.next_number(), state.gateway.heartbeat)
    });
    let sent = VecDeque::new();
    let mut socket = Socket { hub, stream, inbox, link: Link { number, orders }, session: None, heartbeat, sent };
    let code = match version {
        Version::Known => socket.talk().await,
        Version::Unknown => socket.close(Reject::InvalidVersion as u16).await,
    };
    socket.hub.act(|state, now| {
        state.record.note(now, Happening::Closed { code });
        if let Some(session) = &socket.session {
            state.gateway.hang_up(now, session, number, code);
        }
    });
}

/// What the client asked for with `?v=`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Version {
    Known,
    Unknown,
}

/// "Apps can send 120 gateway events per connection every 60 seconds", each of 4096 bytes at most
/// (*Gateway*, "Rate Limiting", "Sending Events").
const MOST_SENT: usize = 120;
const SENT_WITHIN: Duration = Duration::from_secs(60);
const LARGEST: usize = 4096;

struct Socket {
    hub: Arc<Hub>,
    stream: Stream,
    inbox: UnboundedReceiver<Order>,
    link: Link,
    session: Option<String>,
    heartbeat: Duration,
    /// When the client sent its latest payloads.
    sent: VecDeque<Instant>,
}

/// What ended a connection: the code the client closed with, or nothing where the server or the network did.
type Ended = Option<u16>;

impl Socket {
    async fn talk(&mut self) -> Ended {
        let interval = u64::try_from(self.heartbeat.as_millis()).unwrap_or(u64::MAX);
        self.send(
            &json!({ "op": 10, "t": null, "s": null, "d": { "heartbeat_interval": interval, "_trace": ["sandbox"] } }),
        )
        .await?;
        let patience = self.heartbeat * 2;
        let mut last_heard = Instant::now();
        loop {
            tokio::select! {
                frame = self.stream.next() => {
                    last_heard = Instant::now();
                    if let Some(ended) = self.receive(frame).await { return ended }
                }
                Some(order) = self.inbox.recv() => {
                    if let Some(ended) = self.obey(order).await { return ended }
                }
                () = tokio::time::sleep_until(last_heard + patience) => return self.close(Reject::TimedOut as u16).await,
            }
        }
    }

    async fn receive(
        &mut self,
        frame: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>,
    ) -> Option<Ended> {
        match frame {
            Some(Ok(Message::Text(text))) => self.understand(text.as_bytes()).await,
            Some(Ok(Message::Binary(bytes))) => self.understand(&bytes).await,
            Some(Ok(Message::Close(frame))) => {
                let _ = self.stream.close(None).await;
                Some(frame.map(|frame| frame.code.into()))
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => None,
            Some(Err(_)) | None => Some(None),
        }
    }

    async fn understand(&mut self, bytes: &[u8]) -> Option<Ended> {
        if self.sends_too_much() {
            return Some(self.close(Reject::RateLimited as u16).await);
        }
        let payload = serde_json::from_slice::<Value>(bytes).ok().filter(|_| bytes.len() <= LARGEST);
        let Some(payload) = payload else {
            return Some(self.close(Reject::Undecodable as u16).await);
        };
        let data = &payload["d"];
        let handled = match payload["op"].as_u64() {
            Some(1) => {
                self.beat().await;
                Ok(())
            }
            Some(2) => self.identify(data).await,
            Some(6) => self.resume(data).await,
            Some(8) if self.session.is_some() => {
                self.tell_members(data);
                Ok(())
            }
            Some(3 | 4 | 31 | 43) if self.session.is_some() => Ok(()),
            Some(3 | 4 | 8 | 31 | 43) => Err(Reject::NotAuthenticated),
            Some(_) => Err(Reject::UnknownOpcode),
            None => Err(Reject::Undecodable),
        };
        match handled {
            Ok(()) => None,
            Err(reject) => Some(self.close(reject as u16).await),
        }
    }

    fn sends_too_much(&mut self) -> bool {
        let now = Instant::now();
        self.sent.push_back(now);
        while self.sent.front().is_some_and(|first| now.duration_since(*first) >= SENT_WITHIN) {
            self.sent.pop_front();
        }
        self.sent.len() > MOST_SENT
    }

    async fn beat(&mut self) {
        if !self.hub.look(|state, _| state.gateway.line.silent) {
            let _ = self.send(&json!({ "op": 11, "t": null, "s": null, "d": null })).await;
        }
    }

    async fn identify(&mut self, data: &Value) -> Result<(), Reject> {
        if self.session.is_some() {
            return Err(Reject::AlreadyAuthenticated);
        }
        let link = self.link.clone();
        let started = self.hub.act(|state, now| {
            let started = state.gateway.identify(&mut state.world, data, link)?;
            let what = started.as_ref().map(|(_, intents)| Happening::Identified { intents: intents.0 });
            state.record.note(now, what.unwrap_or(Happening::Invalid));
            Ok(started)
        })?;
        self.begin(started.map(|(session, _)| session)).await;
        Ok(())
    }

    /// The session is there, or the client hears that it is not (op 9).
    async fn begin(&mut self, session: Option<String>) {
        self.session = session;
        if self.session.is_none() {
            let _ = self.send(&json!({ "op": 9, "t": null, "s": null, "d": false })).await;
        }
    }

    fn tell_members(&self, request: &Value) {
        let session = self.session.as_deref().unwrap_or_default();
        self.hub.act(|state, _| state.gateway.tell_members(&state.world, session, request));
    }

    async fn resume(&mut self, data: &Value) -> Result<(), Reject> {
        if self.session.is_some() {
            return Err(Reject::AlreadyAuthenticated);
        }
        let link = self.link.clone();
        let resumed = self.hub.act(|state, now| {
            let resumed = state.gateway.resume(&state.world, data, &link)?;
            let what =
                resumed.as_ref().map_or(Happening::Invalid, |(_, replayed)| Happening::Resumed { replayed: *replayed });
            state.record.note(now, what);
            Ok(resumed)
        })?;
        self.begin(resumed.map(|(session, _)| session)).await;
        Ok(())
    }

    async fn obey(&mut self, order: Order) -> Option<Ended> {
        match order {
            Order::Send(frame) => {
                let sent = self.send(&frame).await;
                sent.is_none().then_some(None)
            }
            Order::Close(code) => Some(self.close(code).await),
            Order::CloseWithoutCode => {
                let _ = self.stream.close(None).await;
                Some(None)
            }
            Order::Drop => Some(None),
        }
    }

    async fn send(&mut self, frame: &Value) -> Option<()> {
        self.stream.send(Message::Text(frame.to_string())).await.ok()
    }

    /// Closes from this side. The client keeps its session, and may come back to it.
    async fn close(&mut self, code: u16) -> Ended {
        let frame = CloseFrame { code: code.into(), reason: "".into() };
        let _ = self.stream.close(Some(frame)).await;
        None
    }
}
