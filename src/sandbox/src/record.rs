//! Every call of the bot and every event of its gateway connections, in order: tests check it, and the page shows it.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde_json::Value;

use super::gateway_fault::GatewayStage;
use super::pattern::Pattern;
use super::world::{Request, show_time};

/// How many calls are kept: a long run forgets its oldest ones.
const MOST_KEPT: usize = 10_000;

/// One call of the REST interface.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    /// Counted from the start of the sandbox.
    pub number: u64,
    /// When it arrived.
    #[serde(serialize_with = "show_time")]
    pub at: SystemTime,
    /// `GET`, `POST` and so on.
    pub method: String,
    /// The path after `/api/v10`.
    pub path: String,
    /// The query parameters.
    pub query: Vec<(String, String)>,
    /// The JSON body.
    pub body: Option<Value>,
    /// The reason given for the audit log.
    pub reason: Option<String>,
    /// How it ended.
    pub ending: Ending,
    /// How long it took to end; shown in milliseconds.
    #[serde(serialize_with = "show_millis")]
    pub took: Option<Duration>,
    /// False where the sandbox has no such route.
    pub known: bool,
    /// Whether a fault affected it.
    pub struck: bool,
}

#[expect(clippy::ref_option, reason = "serde asks for this shape")]
fn show_millis<S: serde::Serializer>(took: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_some(&took.map(|took| took.as_secs_f64() * 1000.0))
}

/// How a call ended, as its caller saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It has not ended yet.
    Pending,
    /// With this status.
    Answered(u16),
    /// The connection broke.
    Reset,
}

impl Call {
    /// The status that was answered, if one was.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.ending {
            Ending::Answered(status) => Some(status),
            Ending::Pending | Ending::Reset => None,
        }
    }
}

/// One event of a gateway connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GatewayNote {
    /// When.
    #[serde(serialize_with = "show_time")]
    pub at: SystemTime,
    /// What.
    pub what: GatewayEvent,
}

/// What can happen to a gateway connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GatewayEvent {
    /// A connection was opened.
    Connected,
    /// A connection was refused.
    Refused,
    /// A client started a session.
    Identified {
        /// The intents of IDENTIFY.
        intents: u64,
    },
    /// A client resumed its session.
    Resumed {
        /// How many events were replayed.
        replayed: usize,
    },
    /// A client tried to resume a session that does not exist.
    Invalid,
    /// A fault affected a connection.
    Struck {
        /// The stage that it had reached.
        stage: GatewayStage,
    },
    /// A connection ended.
    Closed {
        /// The code the client closed with, where it was the client.
        code: Option<u16>,
    },
}

/// One connection to the gateway, from its upgrade request to its end. Requests count whether or not they were granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GatewayConnection {
    /// Counted together with the sessions; never given twice.
    pub number: u64,
    /// When the upgrade request arrived.
    #[serde(serialize_with = "show_time")]
    pub at: SystemTime,
    /// The host and port that the client connected to, as it names them.
    pub host: String,
    /// When IDENTIFY arrived.
    #[serde(serialize_with = "show_times")]
    pub identified: Vec<SystemTime>,
    /// When RESUME arrived.
    #[serde(serialize_with = "show_times")]
    pub resumed: Vec<SystemTime>,
    /// How many heartbeats arrived.
    pub heartbeats: u64,
    /// The number of the last event that the client knows of, as its last heartbeat or RESUME says.
    pub sequence: Option<u64>,
    /// When it ended. One that was frozen is not known to have ended.
    #[serde(serialize_with = "show_times")]
    pub ended: Option<SystemTime>,
    /// The code that the client closed it with, where it was the client.
    pub code: Option<u16>,
}

fn show_times<'a, S: serde::Serializer>(
    times: impl IntoIterator<Item = &'a SystemTime>,
    to: S,
) -> Result<S::Ok, S::Error> {
    to.collect_seq(times.into_iter().map(|time| humantime::format_rfc3339_millis(*time).to_string()))
}

/// The calls and the gateway's happenings so far.
#[derive(Debug, Default)]
pub(super) struct Record {
    calls: VecDeque<Call>,
    notes: VecDeque<GatewayNote>,
    connections: VecDeque<GatewayConnection>,
    count: u64,
}

impl Record {
    /// Notes a call on its arrival, and gives it a number.
    pub(super) fn arrive(&mut self, at: SystemTime, request: &Request, struck: bool) -> u64 {
        self.count += 1;
        self.calls.push_back(Call {
            number: self.count,
            at,
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            body: request.body.clone(),
            reason: request.reason.clone(),
            ending: Ending::Pending,
            took: None,
            known: true,
            struck,
        });
        if self.calls.len() > MOST_KEPT {
            self.calls.pop_front();
        }
        self.count
    }

    pub(super) fn finish(&mut self, now: SystemTime, number: u64, ending: Ending, known: bool) {
        if let Some(call) = self.calls.iter_mut().rev().find(|call| call.number == number) {
            call.ending = ending;
            call.known = known;
            call.took = now.duration_since(call.at).ok();
        }
    }

    pub(super) fn note(&mut self, at: SystemTime, what: GatewayEvent) {
        self.notes.push_back(GatewayNote { at, what });
        if self.notes.len() > MOST_KEPT {
            self.notes.pop_front();
        }
    }

    /// A client asks for a connection.
    pub(super) fn connect(&mut self, at: SystemTime, number: u64, host: String) {
        let (identified, resumed) = (Vec::new(), Vec::new());
        self.connections.push_back(GatewayConnection {
            number,
            at,
            host,
            identified,
            resumed,
            sequence: None,
            heartbeats: 0,
            ended: None,
            code: None,
        });
        if self.connections.len() > MOST_KEPT {
            self.connections.pop_front();
        }
    }

    /// A connection that is on record; one that began before the record was cleared is not.
    pub(super) fn connection(&mut self, number: u64) -> Option<&mut GatewayConnection> {
        self.connections.iter_mut().rev().find(|connection| connection.number == number)
    }

    pub(super) fn connections(&self) -> impl DoubleEndedIterator<Item = &GatewayConnection> {
        self.connections.iter()
    }

    pub(super) fn calls(&self) -> impl DoubleEndedIterator<Item = &Call> {
        self.calls.iter()
    }

    pub(super) fn matching(&self, pattern: &Pattern) -> Vec<Call> {
        self.calls.iter().filter(|call| pattern.matches(&call.method, &call.path)).cloned().collect()
    }

    pub(super) fn notes(&self) -> Vec<GatewayNote> {
        self.notes.iter().cloned().collect()
    }

    pub(super) fn clear(&mut self) {
        self.calls.clear();
        self.notes.clear();
        self.connections.clear();
    }
}
