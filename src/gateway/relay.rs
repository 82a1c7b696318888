//! Carries frames between Discord and serenity's client, and sees how the connection is.
//!
//! serenity tells nobody how far a connection has come or why it ended, waits for ever on a silent one, polls an ended
//! one without a pause, and reads frames of any size. The relay stands in between: it bounds each stage, keeps frames
//! that are too large or malformed away from serenity, completes a READY with missing fields, and names the cause of an
//! end, and holds back the events that mean nothing. What serenity sends passes unchanged, but for the number of the last
//! event.

use std::time::Duration;

use futures_util::{FutureExt, SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::Frame as Part;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::filter::may_mean_something;
use super::frame::{Frame, FrameError, Identity, read_ready, resume_after, text};
use super::report::Reporter;
use super::socket::{Cause, Upstream};
use crate::discord::Place;
use crate::status::gateway::Stage;

/// The socket to serenity's client, on loopback.
pub(super) type Downstream = WebSocketStream<TcpStream>;

/// No server means an interval that is shorter than this.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(50);
/// What is assumed where HELLO does not tell the interval.
const UNKNOWN_INTERVAL: Duration = Duration::from_secs(41);

/// A longer text reaches serenity in parts: what a socket has held once, it holds as long as it lives.
const PART: usize = 64 * 1024;

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
    /// The number of the last event that serenity was given: the events after it were held back.
    passed: Option<u64>,
}

/// One connection, from HELLO to its end.
pub(super) struct Relay<'a> {
    upstream: &'a mut Upstream,
    downstream: &'a mut Downstream,
    session: &'a mut Session,
    reporter: &'a Reporter,
    place: &'a Place,
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
        place: &'a Place,
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
            place,
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
        let cause = match self.greet(hello).await {
            Err(cause) => cause,
            Ok(()) => loop {
                if let Err(cause) = self.step().await {
                    break cause;
                }
            },
        };
        // What was heard before the end is heard by serenity, too.
        let _ = self.downstream.flush().now_or_never();
        (cause, (self.stage == Stage::Live).then(|| self.entered.elapsed()))
    }

    async fn greet(&mut self, hello: String) -> Result<(), Cause> {
        self.pass_down(hello).await?;
        self.downstream.flush().await.map_err(|_| Cause::Client)
    }

    async fn step(&mut self) -> Result<(), Cause> {
        let (deadline, limit) = (self.deadline(), self.limits.stage);
        tokio::select! {
            // Where serenity does not read, its socket's buffer fills in the end.
            message = self.upstream.next() => {
                timeout(limit, self.hear_all(message)).await.unwrap_or(Err(Cause::Client))
            }
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

    /// What has come from Discord by now, given to serenity in one go.
    async fn hear_all(&mut self, first: Option<Result<Message, Error>>) -> Result<(), Cause> {
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Some(Ok(Message::Close(frame))) => return Err(Cause::Closed(frame)),
                Some(Ok(message)) => self.hear(message).await?,
                Some(Err(error)) => return Err(Cause::broken(error)),
                None => return Err(Cause::broken(Error::ConnectionClosed)),
            }
            next = self.upstream.next().now_or_never();
        }
        self.downstream.flush().await.map_err(|_| Cause::Client)
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
                if !may_mean_something(&frame, self.place) {
                    return Ok(None);
                }
                self.session.passed = self.session.sequence;
                match frame.t.as_deref() {
                    Some("READY") => return self.begin_session(&text).map(Some),
                    Some("RESUMED") => self.enter(Stage::Live),
                    _ => {}
                }
            }
            7 => return Err(Cause::Reconnect),
            9 => return Err(Cause::InvalidSession(frame.is_resumable())),
            // Only the first one is a greeting; serenity would wait for another connection.
            10 => return Ok(None),
            11 => {
                self.unacknowledged = None;
                self.reporter.acknowledged();
            }
            _ => {}
        }
        Ok(Some(text))
    }

    fn begin_session(&mut self, text: &str) -> Result<String, Cause> {
        let identity = Identity { bot: self.place.me, application: self.place.application };
        let Ok(ready) = read_ready(text, identity) else {
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
        let Session { sequence, passed, .. } = *self.session;
        let mut text = text;
        let op = Frame::parse(&text).map(|frame| (frame.op, frame.heartbeat_sequence()));
        match op {
            Ok((1, told)) => {
                self.unacknowledged = self.unacknowledged.or(Some(Instant::now()));
                if told == passed && passed != sequence {
                    text = heartbeat(sequence);
                }
            }
            Ok((2, _)) => self.enter(Stage::Identifying),
            Ok((6, _)) => {
                self.enter(Stage::Resuming);
                if passed != sequence {
                    text = resume_after(&text, passed, sequence).unwrap_or(text);
                }
            }
            _ => {}
        }
        // Where nobody reads at the other end, the socket's buffer fills in the end.
        match timeout(self.limits.stage, self.upstream.send(Message::Text(text))).await {
            Ok(sent) => sent.map_err(Cause::broken),
            Err(_) => Err(Cause::Silent(self.stage, self.limits.stage)),
        }
    }

    /// Gives serenity a text, which it has with the next flush.
    async fn pass_down(&mut self, text: String) -> Result<(), Cause> {
        if text.len() <= PART {
            return self.downstream.feed(Message::Text(text)).await.map_err(|_| Cause::Client);
        }
        let bytes = text.into_bytes();
        let last = (bytes.len() - 1) / PART;
        for (number, part) in bytes.chunks(PART).enumerate() {
            let kind = if number == 0 { Data::Text } else { Data::Continue };
            let part = Part::message(part.to_vec(), OpCode::Data(kind), number == last);
            self.downstream.send(Message::Frame(part)).await.map_err(|_| Cause::Client)?;
        }
        Ok(())
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
    let told = told.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    told.filter(|interval| *interval >= SHORTEST_INTERVAL).unwrap_or(UNKNOWN_INTERVAL)
}

fn heartbeat(sequence: Option<u64>) -> String {
    json!({ "op": 1, "d": sequence }).to_string()
}
