//! Relays frames between Discord and serenity's client, and supervises the connection.
//!
//! serenity reports neither the stage of a connection nor why it ended, waits forever on a silent one, polls an ended one
//! without a pause, and reads frames of any size. The relay bounds each stage, drops frames that are too large or
//! malformed, completes a READY with missing fields, filters events that the bot does not act on, and names the cause of a
//! disconnect. Frames from serenity pass unchanged except for the sequence number, which also counts filtered events.

use std::time::Duration;

use futures_util::{FutureExt, SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::Frame as RawFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::filter::is_relevant_frame;
use super::frame::{BotIds, FrameError, FrameHeader, complete_ready, decode_text, replace_resume_sequence};
use super::report::ShardReporter;
use super::socket::{DisconnectCause, Upstream};
use crate::discord::Place;
use crate::status::gateway::Stage;

/// The WebSocket to serenity's client, on loopback.
pub(super) type Downstream = WebSocketStream<TcpStream>;

/// A shorter heartbeat interval in HELLO is taken for a mistake.
const MIN_HEARTBEAT_INTERVAL: Duration = Duration::from_millis(50);
/// Used if HELLO has no valid heartbeat interval.
const DEFAULT_HEARTBEAT_INTERVAL: Duration = Duration::from_secs(41);

/// Longer texts are sent to serenity in fragments: a socket keeps the buffer of its largest frame for as long as it lives.
const MAX_FRAGMENT_BYTES: usize = 64 * 1024;

/// Time limits of a connection, all derived from the limit of one stage.
#[derive(Clone, Copy, Debug)]
pub(super) struct RelayLimits {
    /// How long opening the socket, HELLO, READY and RESUMED may each take.
    pub(super) stage: Duration,
}

impl RelayLimits {
    /// After this much silence on a live session the relay sends a heartbeat of its own.
    fn probe_timeout(self) -> Duration {
        self.stage.mul_f64(0.8)
    }

    /// How long a heartbeat acknowledgement may take. Shorter than serenity's own limit, after which it would begin a new
    /// session although this one can be resumed.
    fn ack_timeout(self, heartbeat_interval: Duration) -> Duration {
        self.stage.mul_f64(0.4).min(heartbeat_interval.mul_f64(0.75))
    }
}

/// The state of a session, which outlives the connections that carry it.
#[derive(Debug, Default)]
pub(super) struct SessionState {
    /// Whether READY had a session id.
    pub(super) resumable: bool,
    /// `resume_gateway_url` from READY.
    pub(super) resume_url: Option<String>,
    /// The sequence number of the last event.
    sequence: Option<u64>,
    /// The sequence number of the last event that was passed on to serenity; later ones were filtered.
    forwarded_sequence: Option<u64>,
}

/// Relays one connection, from HELLO to its end.
pub(super) struct Relay<'a> {
    upstream: &'a mut Upstream,
    downstream: &'a mut Downstream,
    session: &'a mut SessionState,
    reporter: &'a ShardReporter,
    place: &'a Place,
    limits: RelayLimits,
    heartbeat_interval: Duration,
    stage: Stage,
    stage_since: Instant,
    /// When the last message from Discord arrived.
    last_received: Instant,
    /// When the oldest unacknowledged heartbeat was sent.
    unacknowledged: Option<Instant>,
}

impl<'a> Relay<'a> {
    pub(super) fn new(
        upstream: &'a mut Upstream,
        downstream: &'a mut Downstream,
        session: &'a mut SessionState,
        reporter: &'a ShardReporter,
        place: &'a Place,
        limits: RelayLimits,
    ) -> Self {
        let now = Instant::now();
        let stage = Stage::AwaitingHello;
        let unacknowledged = None;
        Self {
            heartbeat_interval: DEFAULT_HEARTBEAT_INTERVAL,
            upstream,
            downstream,
            session,
            reporter,
            place,
            limits,
            stage,
            stage_since: now,
            last_received: now,
            unacknowledged,
        }
    }

    /// Relays frames until the connection ends. Returns the cause and, if the session became live, for how long it was.
    pub(super) async fn run(mut self, hello: String) -> (DisconnectCause, Option<Duration>) {
        self.heartbeat_interval = parse_heartbeat_interval(&hello);
        let cause = match self.forward_hello(hello).await {
            Err(cause) => cause,
            Ok(()) => loop {
                if let Err(cause) = self.relay_next().await {
                    break cause;
                }
            },
        };
        // Events that arrived before the end still reach serenity.
        let _ = self.downstream.flush().now_or_never();
        (cause, (self.stage == Stage::Live).then(|| self.stage_since.elapsed()))
    }

    async fn forward_hello(&mut self, hello: String) -> Result<(), DisconnectCause> {
        self.send_downstream(hello).await?;
        self.downstream.flush().await.map_err(|_| DisconnectCause::ClientLost)
    }

    async fn relay_next(&mut self) -> Result<(), DisconnectCause> {
        let (deadline, limit) = (self.deadline(), self.limits.stage);
        tokio::select! {
            // The write blocks once serenity stops reading and its socket's buffer is full.
            message = self.upstream.next() => {
                timeout(limit, self.receive_available(message)).await.unwrap_or(Err(DisconnectCause::ClientLost))
            }
            message = self.downstream.next() => match message {
                Some(Ok(Message::Text(text))) => self.send_upstream(text).await,
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
                Some(Ok(_) | Err(_)) | None => Err(DisconnectCause::ClientLost),
            },
            () = sleep_until(deadline) => self.check_silence().await,
        }
    }

    /// When [`Self::check_silence`] has to act next.
    fn deadline(&self) -> Instant {
        if self.stage != Stage::Live {
            return self.stage_since + self.limits.stage;
        }
        match self.unacknowledged {
            Some(sent) => sent + self.limits.ack_timeout(self.heartbeat_interval),
            None => self.last_received + self.limits.probe_timeout(),
        }
    }

    async fn check_silence(&mut self) -> Result<(), DisconnectCause> {
        if self.stage != Stage::Live {
            return Err(DisconnectCause::TimedOut(self.stage, self.limits.stage));
        }
        match self.unacknowledged {
            Some(_) => Err(DisconnectCause::TimedOut(Stage::Live, self.limits.ack_timeout(self.heartbeat_interval))),
            // An extra heartbeat: serenity's own interval may be too long to detect a dead connection in time.
            None => self.send_upstream(build_heartbeat(self.session.sequence)).await,
        }
    }

    /// Processes all messages that have arrived by now and flushes them to serenity together.
    async fn receive_available(&mut self, first: Option<Result<Message, Error>>) -> Result<(), DisconnectCause> {
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Some(Ok(Message::Close(frame))) => return Err(DisconnectCause::Closed(frame)),
                Some(Ok(message)) => self.receive_message(message).await?,
                Some(Err(error)) => return Err(DisconnectCause::from_error(error)),
                None => return Err(DisconnectCause::from_error(Error::ConnectionClosed)),
            }
            next = self.upstream.next().now_or_never();
        }
        self.downstream.flush().await.map_err(|_| DisconnectCause::ClientLost)
    }

    async fn receive_message(&mut self, message: Message) -> Result<(), DisconnectCause> {
        self.last_received = Instant::now();
        if matches!(message, Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) {
            return Ok(());
        }
        match self.process_message(message) {
            Ok(Some(text)) => self.send_downstream(text).await,
            Ok(None) => Ok(()),
            Err(cause) => Err(cause),
        }
    }

    /// Decodes a message. Returns the text to pass on to serenity, if any.
    fn process_message(&mut self, message: Message) -> Result<Option<String>, DisconnectCause> {
        let text = match decode_text(message) {
            Ok(text) => text,
            Err(error) => {
                self.reporter.report_dropped_frame(error);
                return Ok(None);
            }
        };
        let Ok(frame) = FrameHeader::parse(&text) else {
            self.reporter.report_dropped_frame(FrameError::Malformed);
            return Ok(None);
        };
        match frame.op {
            0 => {
                self.session.sequence = frame.s.or(self.session.sequence);
                if !is_relevant_frame(&frame, self.place) {
                    return Ok(None);
                }
                self.session.forwarded_sequence = self.session.sequence;
                match frame.t.as_deref() {
                    Some("READY") => return self.begin_session(&text).map(Some),
                    Some("RESUMED") => self.enter_stage(Stage::Live),
                    _ => {}
                }
            }
            7 => return Err(DisconnectCause::ReconnectRequested),
            9 => return Err(DisconnectCause::InvalidSession(frame.is_resumable())),
            // After a second HELLO serenity would wait for another connection.
            10 => return Ok(None),
            11 => {
                self.unacknowledged = None;
                self.reporter.record_heartbeat_ack();
            }
            _ => {}
        }
        Ok(Some(text))
    }

    fn begin_session(&mut self, text: &str) -> Result<String, DisconnectCause> {
        let ids = BotIds { bot: self.place.me, application: self.place.application };
        let Ok(ready) = complete_ready(text, ids) else {
            self.reporter.report_dropped_frame(FrameError::Malformed);
            return Err(DisconnectCause::InvalidSession(false));
        };
        self.session.resumable = ready.resumable;
        self.session.resume_url = ready.resume_url;
        self.enter_stage(Stage::Live);
        Ok(ready.text)
    }

    /// Sends a frame to Discord, with the sequence number of the last event that arrived.
    async fn send_upstream(&mut self, text: String) -> Result<(), DisconnectCause> {
        let SessionState { sequence, forwarded_sequence, .. } = *self.session;
        let mut text = text;
        let op = FrameHeader::parse(&text).map(|frame| (frame.op, frame.heartbeat_sequence()));
        match op {
            Ok((1, acknowledged)) => {
                self.unacknowledged = self.unacknowledged.or(Some(Instant::now()));
                if acknowledged == forwarded_sequence && forwarded_sequence != sequence {
                    text = build_heartbeat(sequence);
                }
            }
            Ok((2, _)) => self.enter_stage(Stage::Identifying),
            Ok((6, _)) => {
                self.enter_stage(Stage::Resuming);
                if forwarded_sequence != sequence {
                    text = replace_resume_sequence(&text, forwarded_sequence, sequence).unwrap_or(text);
                }
            }
            _ => {}
        }
        // The write blocks once Discord stops reading and the socket's buffer is full.
        match timeout(self.limits.stage, self.upstream.send(Message::Text(text))).await {
            Ok(sent) => sent.map_err(DisconnectCause::from_error),
            Err(_) => Err(DisconnectCause::TimedOut(self.stage, self.limits.stage)),
        }
    }

    /// Queues a text for serenity, in fragments if it is long. The caller flushes.
    async fn send_downstream(&mut self, text: String) -> Result<(), DisconnectCause> {
        if text.len() <= MAX_FRAGMENT_BYTES {
            return self.downstream.feed(Message::Text(text)).await.map_err(|_| DisconnectCause::ClientLost);
        }
        let bytes = text.into_bytes();
        let last = (bytes.len() - 1) / MAX_FRAGMENT_BYTES;
        for (number, fragment) in bytes.chunks(MAX_FRAGMENT_BYTES).enumerate() {
            let kind = if number == 0 { Data::Text } else { Data::Continue };
            let frame = RawFrame::message(fragment.to_vec(), OpCode::Data(kind), number == last);
            self.downstream.send(Message::Frame(frame)).await.map_err(|_| DisconnectCause::ClientLost)?;
        }
        Ok(())
    }

    fn enter_stage(&mut self, stage: Stage) {
        (self.stage, self.stage_since) = (stage, Instant::now());
        self.reporter.enter_stage(stage);
    }
}

/// The heartbeat interval from HELLO.
fn parse_heartbeat_interval(hello: &str) -> Duration {
    #[derive(Deserialize)]
    struct Hello {
        d: HelloData,
    }
    #[derive(Deserialize)]
    struct HelloData {
        heartbeat_interval: f64,
    }
    let seconds = serde_json::from_str::<Hello>(hello).ok().map(|hello| hello.d.heartbeat_interval / 1000.0);
    let interval = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    interval.filter(|interval| *interval >= MIN_HEARTBEAT_INTERVAL).unwrap_or(DEFAULT_HEARTBEAT_INTERVAL)
}

fn build_heartbeat(sequence: Option<u64>) -> String {
    json!({ "op": 1, "d": sequence }).to_string()
}
