//! One gateway connection: frames in, frames out. What they mean is decided in `gateway`.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

use super::gateway::{Link, Order, Reject};
use super::gateway_fault::{GatewayAction, GatewayStage};
use super::hub::Hub;
use super::record::GatewayEvent;
use super::wire::WireHandle;

type Stream = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

/// A connection on record. When it is dropped, the connection has ended.
pub(super) struct Visit {
    hub: Arc<Hub>,
    number: u64,
    code: Ended,
}

impl Visit {
    /// A client asks for a connection.
    pub(super) fn begin(hub: &Arc<Hub>, host: String) -> Self {
        let number = hub.act(|state, now| {
            let number = state.gateway.next_number();
            state.record.connect(now, number, host);
            number
        });
        Self { hub: Arc::clone(hub), number, code: None }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.hub.act(|state, now| {
            if let Some(connection) = state.record.connection(self.number) {
                (connection.ended, connection.code) = (Some(now), self.code);
            }
        });
    }
}

/// Serves one connection until either side ends it.
pub(super) async fn serve(mut visit: Visit, upgraded: hyper::upgrade::Upgraded, version: Version, wire: WireHandle) {
    let (hub, number) = (Arc::clone(&visit.hub), visit.number);
    let stream = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
    let (orders, inbox) = unbounded_channel();
    let link = Link { number, orders };
    let heartbeat = hub.act(|state, now| {
        state.record.note(now, GatewayEvent::Connected);
        state.gateway.open(link.clone());
        state.gateway.heartbeat
    });
    let mut socket = Socket {
        hub,
        stream,
        wire,
        inbox,
        link,
        session: None,
        heartbeat,
        sent: VecDeque::new(),
        muted: false,
        omitted: Vec::new(),
    };
    let code = match version {
        Version::Known => socket.talk().await,
        Version::Unknown => socket.close(Reject::InvalidVersion as u16).await,
    };
    visit.code = code;
    socket.hub.act(|state, now| {
        state.record.note(now, GatewayEvent::Closed { code });
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
    /// Decides how TCP ends.
    wire: WireHandle,
    inbox: UnboundedReceiver<Order>,
    link: Link,
    session: Option<String>,
    heartbeat: Duration,
    /// When the client sent its latest payloads.
    sent: VecDeque<Instant>,
    /// Nothing is sent any more but what acknowledges a heartbeat.
    muted: bool,
    /// The fields that READY shall lack.
    omitted: Vec<String>,
}

/// What ended a connection: the code the client closed with, or nothing where the server or the network did.
type Ended = Option<u16>;

/// What is left to do at a stage after its faults.
#[derive(Clone, Copy)]
enum Fate {
    /// What is due at it.
    GoOn,
    /// Nothing: what was due is withheld.
    Withheld,
    /// Nothing any more.
    Ended(Ended),
}

impl Socket {
    async fn talk(&mut self) -> Ended {
        match self.reach(GatewayStage::Hello, None).await {
            Fate::GoOn => self.greet().await?,
            Fate::Withheld => {}
            Fate::Ended(ended) => return ended,
        }
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

    async fn greet(&mut self) -> Option<()> {
        let interval = u64::try_from(self.heartbeat.as_millis()).unwrap_or(u64::MAX);
        self.send(
            &json!({ "op": 10, "t": null, "s": null, "d": { "heartbeat_interval": interval, "_trace": ["sandbox"] } }),
        )
        .await
    }

    /// Lets the faults of a stage happen. A client that wants to resume names its session.
    async fn reach(&mut self, stage: GatewayStage, session: Option<&str>) -> Fate {
        let mut fate = Fate::GoOn;
        for action in self.hub.act(|state, now| state.reach(now, stage)) {
            match self.perform(action, session).await {
                Fate::GoOn => {}
                Fate::Withheld => fate = Fate::Withheld,
                Fate::Ended(ended) => return Fate::Ended(ended),
            }
        }
        fate
    }

    async fn perform(&mut self, action: GatewayAction, session: Option<&str>) -> Fate {
        match action {
            GatewayAction::Silence => self.muted = true,
            GatewayAction::Freeze => self.freeze().await,
            GatewayAction::Delay(by) => {
                tokio::time::sleep(by).await;
                return Fate::GoOn;
            }
            GatewayAction::Close(code) => return Fate::Ended(self.close(code).await),
            GatewayAction::CloseWithoutCode => {
                let _ = self.stream.close(None).await;
                return Fate::Ended(None);
            }
            GatewayAction::Finish => {
                let _ = self.stream.get_mut().shutdown().await;
                return Fate::Ended(None);
            }
            GatewayAction::Reset => {
                self.wire.end_with_reset();
                return Fate::Ended(None);
            }
            GatewayAction::Reconnect => return self.tell(7, &Value::Null).await,
            GatewayAction::Invalidate { resumable } => {
                if let Some(id) = self.session.as_deref().or(session).filter(|_| !resumable) {
                    self.hub.act(|state, _| state.gateway.forget_session(id));
                }
                return self.tell(9, &resumable.into()).await;
            }
            GatewayAction::Omit(fields) => {
                self.omitted.extend(fields);
                return Fate::GoOn;
            }
            GatewayAction::Send(frame) => {
                let session = self.session.as_deref().or(session);
                let sequence = self.hub.look(|state, _| session.and_then(|id| state.gateway.sequence(id)));
                let guild = || self.hub.look(|state, _| state.world.guild_create());
                let sent = self.stream.send(frame.message(guild, sequence.unwrap_or(0))).await;
                return if sent.is_ok() { Fate::GoOn } else { Fate::Ended(None) };
            }
        }
        Fate::Withheld
    }

    async fn tell(&mut self, op: u8, data: &Value) -> Fate {
        let sent = self.send(&json!({ "op": op, "t": null, "s": null, "d": data })).await;
        if sent.is_some() { Fate::Withheld } else { Fate::Ended(None) }
    }

    /// Never returns. What the session is sent from now on waits for a client that resumes.
    async fn freeze(&mut self) {
        self.inbox.close();
        if let Some(session) = &self.session {
            self.hub.act(|state, now| state.gateway.hang_up(now, session, self.link.number, None));
        }
        std::future::pending().await
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
        match self.enter(&payload).await {
            Fate::GoOn => {}
            Fate::Withheld => return None,
            Fate::Ended(ended) => return Some(ended),
        }
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

    /// Records what a client asks for, and lets the faults happen that wait for it.
    async fn enter(&mut self, payload: &Value) -> Fate {
        let op = payload["op"].as_u64();
        self.hub.act(|state, now| {
            let Some(connection) = state.record.connection(self.link.number) else { return };
            match op {
                Some(1) => {
                    connection.heartbeats += 1;
                    connection.sequence = payload["d"].as_u64();
                }
                Some(2) => connection.identified.push(now),
                Some(6) => {
                    connection.resumed.push(now);
                    connection.sequence = payload["d"]["seq"].as_u64();
                }
                _ => {}
            }
        });
        match op {
            Some(2) if self.session.is_none() => self.reach(GatewayStage::Identify, None).await,
            Some(6) if self.session.is_none() => {
                self.reach(GatewayStage::Resume, payload["d"]["session_id"].as_str()).await
            }
            _ => Fate::GoOn,
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
            let acknowledged = json!({ "op": 11, "t": null, "s": null, "d": null });
            let _ = self.stream.send(Message::Text(acknowledged.to_string())).await;
        }
    }

    async fn identify(&mut self, data: &Value) -> Result<(), Reject> {
        if self.session.is_some() {
            return Err(Reject::AlreadyAuthenticated);
        }
        let (link, omitted) = (self.link.clone(), std::mem::take(&mut self.omitted));
        let started = self.hub.act(|state, now| {
            let started = state.gateway.identify(&mut state.world, data, &link, &omitted)?;
            let what = started.as_ref().map(|(_, intents)| GatewayEvent::Identified { intents: intents.0 });
            state.record.note(now, what.unwrap_or(GatewayEvent::Invalid));
            Ok(started)
        })?;
        self.begin(started.map(|(session, _)| session)).await;
        Ok(())
    }

    /// The session is there, or the client is told that it is not (op 9).
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
            let what = resumed
                .as_ref()
                .map_or(GatewayEvent::Invalid, |(_, replayed)| GatewayEvent::Resumed { replayed: *replayed });
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
            Order::Reach(stage) => ended(self.reach(stage, None).await),
            Order::Act(action) => ended(self.perform(action, None).await),
        }
    }

    async fn send(&mut self, frame: &Value) -> Option<()> {
        if self.muted {
            return Some(());
        }
        self.stream.send(Message::Text(frame.to_string())).await.ok()
    }

    /// Closes from this side. The client keeps its session, and may come back to it.
    async fn close(&mut self, code: u16) -> Ended {
        let frame = CloseFrame { code: code.into(), reason: "".into() };
        let _ = self.stream.close(Some(frame)).await;
        None
    }
}

/// What is over is over; whether anything was withheld does not matter any more.
fn ended(fate: Fate) -> Option<Ended> {
    match fate {
        Fate::GoOn | Fate::Withheld => None,
        Fate::Ended(ended) => Some(ended),
    }
}
