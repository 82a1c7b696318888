//! Carries frames between Discord and serenity's client, and sees how the connection is.
//!
//! serenity tells nobody how far a connection has come or why it ended, waits for ever on a silent one, polls an ended
//! one without a pause, and reads frames of any size. The relay stands in between: it bounds each stage, keeps frames
//! that are too large or malformed away from serenity, completes a READY with missing fields, and names the cause of an
//! end. What serenity sends passes unchanged.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::frame::{Frame, FrameError, Identity, read_ready, text};
use super::report::Reporter;
use super::socket::{Cause, Upstream};
use crate::status::gateway::Stage;

/// The socket to serenity's client, on loopback.
pub(super) type Downstream = WebSocketStream<TcpStream>;

/// What is assumed where HELLO does not tell the interval.
const UNKNOWN_INTERVAL: Duration = Duration::from_secs(41);

/// How long each part of a connection may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Opening the socket, HELLO, READY or RESUMED.
    pub(super) stage: Duration,
}

impl Limits {
    /// A live session on which nothing was heard for this long is asked for a heartbeat's acknowledgement.
    fn probe_after(self) -> Duration {
        self.stage.mul_f64(0.8)
    }

    /// A heartbeat is acknowledged within this time, or the other end is gone. It is less than serenity waits, which
    /// would begin a new session where this one can be resumed.
    fn acknowledgement(self, heartbeat_interval: Duration) -> Duration {
        self.stage.mul_f64(0.4).min(heartbeat_interval.mul_f64(0.75))
    }
}

/// What is known of the session, beyond the connections that carry it.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// READY told an id.
    pub(super) resumable: bool,
    /// Where READY wants it resumed.
    pub(super) resume_url: Option<String>,
    /// The last event's number.
    sequence: Option<u64>,
}

/// One connection, from HELLO to its end.
pub(super) struct Relay<'a> {
    upstream: &'a mut Upstream,
    downstream: &'a mut Downstream,
    session: &'a mut Session,
    reporter: &'a Reporter,
    identity: Identity,
    limits: Limits,
    heartbeat_interval: Duration,
    stage: Stage,
    /// When the stage was entered.
    entered: Instant,
    /// When Discord was last heard.
    heard: Instant,
    /// The oldest heartbeat that is not acknowledged.
    unacknowledged: Option<Instant>,
}

impl<'a> Relay<'a> {
    pub(super) fn new(
        upstream: &'a mut Upstream,
        downstream: &'a mut Downstream,
        session: &'a mut Session,
        reporter: &'a Reporter,
        identity: Identity,
        limits: Limits,
    ) -> Self {
        let now = Instant::now();
        let stage = Stage::AwaitingHello;
        let unacknowledged = None;
        Self {
            heartbeat_interval: UNKNOWN_INTERVAL,
            upstream,
            downstream,
            session,
            reporter,
            identity,
            limits,
            stage,
            entered: now,
            heard: now,
            unacknowledged,
        }
    }

    /// Carries frames until the connection ends, and says why it did and for how long the session was live.
    pub(super) async fn run(mut self, hello: String) -> (Cause, Option<Duration>) {
        self.heartbeat_interval = heartbeat_interval(&hello);
        let cause = match self.pass_down(hello).await {
            Err(cause) => cause,
            Ok(()) => loop {
                if let Err(cause) = self.step().await {
                    break cause;
                }
            },
        };
        (cause, (self.stage == Stage::Live).then(|| self.entered.elapsed()))
    }

    async fn step(&mut self) -> Result<(), Cause> {
        let deadline = self.deadline();
        tokio::select! {
            message = self.upstream.next() => match message {
                Some(Ok(Message::Close(frame))) => Err(Cause::Closed(frame)),
                Some(Ok(message)) => self.hear(message).await,
                Some(Err(error)) => Err(Cause::broken(error)),
                None => Err(Cause::broken(Error::ConnectionClosed)),
            },
            message = self.downstream.next() => match message {
                Some(Ok(Message::Text(text))) => self.pass_up(text).await,
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
                Some(Ok(_) | Err(_)) | None => Err(Cause::Client),
            },
            () = sleep_until(deadline) => self.check_silence().await,
        }
    }

    /// When the silence has lasted too long, or long enough to ask.
    fn deadline(&self) -> Instant {
        if self.stage != Stage::Live {
            return self.entered + self.limits.stage;
        }
        match self.unacknowledged {
            Some(sent) => sent + self.limits.acknowledgement(self.heartbeat_interval),
            None => self.heard + self.limits.probe_after(),
        }
    }

    async fn check_silence(&mut self) -> Result<(), Cause> {
        if self.stage != Stage::Live {
            return Err(Cause::Silent(self.stage, self.limits.stage));
        }
        match self.unacknowledged {
            Some(_) => Err(Cause::Silent(Stage::Live, self.limits.acknowledgement(self.heartbeat_interval))),
            // One more than serenity's own, whose interval may be too long to notice in time that nobody is there.
            None => self.pass_up(heartbeat(self.session.sequence)).await,
        }
    }

    /// A message from Discord.
    async fn hear(&mut self, message: Message) -> Result<(), Cause> {
        self.heard = Instant::now();
        if matches!(message, Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) {
            return Ok(());
        }
        match self.read(message) {
            Ok(Some(text)) => self.pass_down(text).await,
            Ok(None) => Ok(()),
            Err(cause) => Err(cause),
        }
    }

    /// What serenity is to hear of a message, if anything.
    fn read(&mut self, message: Message) -> Result<Option<String>, Cause> {
        let text = match text(message) {
            Ok(text) => text,
            Err(error) => {
                self.reporter.dropped(error);
                return Ok(None);
            }
        };
        let Ok(frame) = Frame::parse(&text) else {
            self.reporter.dropped(FrameError::Malformed);
            return Ok(None);
        };
        match frame.op {
            0 => {
                self.session.sequence = frame.s.or(self.session.sequence);
                match frame.t.as_deref() {
                    Some("READY") => return self.begin_session(&text).map(Some),
                    Some("RESUMED") => self.enter(Stage::Live),
                    _ => {}
                }
            }
            7 => return Err(Cause::Reconnect),
            9 => return Err(Cause::InvalidSession(frame.is_resumable())),
            11 => {
                self.unacknowledged = None;
                self.reporter.acknowledged();
            }
            _ => {}
        }
        Ok(Some(text))
    }

    fn begin_session(&mut self, text: &str) -> Result<String, Cause> {
        let Ok(ready) = read_ready(text, self.identity) else {
            self.reporter.dropped(FrameError::Malformed);
            return Err(Cause::InvalidSession(false));
        };
        self.session.resumable = ready.resumable;
        self.session.resume_url = ready.resume_url;
        self.enter(Stage::Live);
        Ok(ready.text)
    }

    /// A message from serenity.
    async fn pass_up(&mut self, text: String) -> Result<(), Cause> {
        match Frame::parse(&text).map(|frame| frame.op) {
            Ok(1) => self.unacknowledged = self.unacknowledged.or(Some(Instant::now())),
            Ok(2) => self.enter(Stage::Identifying),
            Ok(6) => self.enter(Stage::Resuming),
            _ => {}
        }
        // Where nobody reads at the other end, the socket's buffer fills in the end.
        match timeout(self.limits.stage, self.upstream.send(Message::Text(text))).await {
            Ok(sent) => sent.map_err(Cause::broken),
            Err(_) => Err(Cause::Silent(self.stage, self.limits.stage)),
        }
    }

    async fn pass_down(&mut self, text: String) -> Result<(), Cause> {
        self.downstream.send(Message::Text(text)).await.map_err(|_| Cause::Client)
    }

    fn enter(&mut self, stage: Stage) {
        (self.stage, self.entered) = (stage, Instant::now());
        self.reporter.enter(stage);
    }
}

/// What HELLO says of heartbeats.
fn heartbeat_interval(hello: &str) -> Duration {
    #[derive(Deserialize)]
    struct Hello {
        d: Interval,
    }
    #[derive(Deserialize)]
    struct Interval {
        heartbeat_interval: f64,
    }
    let told = serde_json::from_str::<Hello>(hello).ok().map(|hello| hello.d.heartbeat_interval / 1000.0);
    told.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(UNKNOWN_INTERVAL)
}

fn heartbeat(sequence: Option<u64>) -> String {
    json!({ "op": 1, "d": sequence }).to_string()
}
