//! Faults of the gateway on demand: a rule names a stage of a connection's life and what happens to the connections that
//! reach it. The same actions can be taken at once, on every connection there is.
//!
//! What a rule means is here and knows no sockets; `socket` and `server` carry it out.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::huge_frame::HugeFrame;

/// A point in the life of a gateway connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GatewayStage {
    /// The client asked for the WebSocket and has not been answered. An action that needs a WebSocket waits for it, and
    /// happens before HELLO.
    Upgrade,
    /// The WebSocket is open, and HELLO has not been sent.
    Hello,
    /// IDENTIFY has arrived and has not been answered.
    Identify,
    /// RESUME has arrived and has not been answered.
    Resume,
    /// READY has been sent, and nothing after it.
    Ready,
    /// RESUMED has been sent, after all that was missed.
    Resumed,
}

/// What happens to a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GatewayAction {
    /// What is due is not sent, nor is any event after it. The server goes on reading and acknowledges heartbeats.
    Silence,
    /// Nothing is read or sent any more; TCP stays open.
    Freeze,
    /// Everything from here on happens later.
    Delay(Duration),
    /// A close frame with this code.
    Close(u16),
    /// A close frame that names no code.
    CloseWithoutCode,
    /// The end of TCP's stream (FIN), without a close frame.
    Finish,
    /// A reset of the TCP connection (RST).
    Reset,
    /// The client is asked to reconnect (op 7).
    Reconnect,
    /// The session is declared invalid (op 9). One that is not resumable is forgotten.
    Invalidate {
        /// The flag that the client gets.
        resumable: bool,
    },
    /// READY is sent without these fields: `user`, or `guilds[].unavailable` for a field of each element. It belongs to
    /// the stage [`GatewayStage::Identify`].
    Omit(Vec<String>),
    /// A frame far larger than any client expects.
    Send(HugeFrame),
}

impl GatewayAction {
    /// Whether it can only be carried out over a WebSocket.
    fn needs_websocket(&self) -> bool {
        !matches!(self, Self::Silence | Self::Freeze | Self::Delay(_) | Self::Finish | Self::Reset)
    }

    /// The form in which `/sandbox/gateway/faults` lists and takes it.
    pub(super) fn json(&self) -> Value {
        match self {
            Self::Silence => json!({ "action": "silence" }),
            Self::Freeze => json!({ "action": "freeze" }),
            Self::Delay(by) => json!({ "action": "delay", "seconds": by.as_secs_f64() }),
            Self::Close(code) => json!({ "action": "close", "code": code }),
            Self::CloseWithoutCode => json!({ "action": "close" }),
            Self::Finish => json!({ "action": "finish" }),
            Self::Reset => json!({ "action": "reset" }),
            Self::Reconnect => json!({ "action": "reconnect" }),
            Self::Invalidate { resumable } => json!({ "action": "invalidate", "resumable": resumable }),
            Self::Omit(fields) => json!({ "action": "omit", "fields": fields }),
            Self::Send(frame) => frame.json(),
        }
    }
}

/// A rule: at which stage, what happens, and to how many of the connections that reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayFault {
    stage: GatewayStage,
    action: GatewayAction,
    skip: usize,
    left: Option<usize>,
}

impl GatewayFault {
    /// A rule for the next connection that reaches this stage.
    #[must_use]
    pub fn new(stage: GatewayStage, action: GatewayAction) -> Self {
        Self { stage, action, skip: 0, left: Some(1) }
    }

    /// Lets this many connections pass first.
    #[must_use]
    pub fn skip(mut self, connections: usize) -> Self {
        self.skip = connections;
        self
    }

    /// Happens to this many connections.
    #[must_use]
    pub fn times(mut self, connections: usize) -> Self {
        self.left = Some(connections);
        self
    }

    /// Happens to every connection until the faults of the gateway are cleared.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.left = None;
        self
    }

    fn json(&self) -> Value {
        let mut json = self.action.json();
        json["stage"] = json!(self.stage);
        json["times"] = json!(self.left);
        json
    }

    fn applies_at(&self, stage: GatewayStage) -> bool {
        match (self.stage, stage) {
            (GatewayStage::Upgrade, GatewayStage::Upgrade) => !self.action.needs_websocket(),
            (GatewayStage::Upgrade, GatewayStage::Hello) => self.action.needs_websocket(),
            (wanted, reached) => wanted == reached,
        }
    }
}

/// The rules in force.
#[derive(Debug, Default)]
pub(super) struct GatewayFaults(Vec<GatewayFault>);

impl GatewayFaults {
    pub(super) fn add(&mut self, fault: GatewayFault) {
        self.0.push(fault);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn list(&self) -> Value {
        self.0.iter().map(GatewayFault::json).collect()
    }

    /// What happens to a connection that has reached this stage: all rules that apply, in the order in which they were
    /// made.
    pub(super) fn reach(&mut self, stage: GatewayStage) -> Vec<GatewayAction> {
        let mut actions = Vec::new();
        for fault in self.0.iter_mut().filter(|fault| fault.applies_at(stage)) {
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            fault.left = fault.left.map(|left| left - 1);
            actions.push(fault.action.clone());
        }
        self.0.retain(|fault| fault.left != Some(0));
        actions
    }
}

/// Takes a field out of a payload: `user`, `user.id`, `guilds[].unavailable`.
pub(super) fn omit(payload: &mut Value, field: &str) {
    let Some((first, rest)) = field.split_once('.') else {
        if let Some(object) = payload.as_object_mut() {
            object.remove(field);
        }
        return;
    };
    match first.strip_suffix("[]") {
        Some(list) => {
            let elements = payload.get_mut(list).and_then(Value::as_array_mut);
            elements.into_iter().flatten().for_each(|element| omit(element, rest));
        }
        None => {
            if let Some(inner) = payload.get_mut(first) {
                omit(inner, rest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_lets_some_pass_and_ends() {
        let mut faults = GatewayFaults::default();
        faults.add(GatewayFault::new(GatewayStage::Hello, GatewayAction::Reset).skip(1).times(2));
        faults.add(GatewayFault::new(GatewayStage::Resume, GatewayAction::Reconnect).always());
        let hello: Vec<usize> = (0..4).map(|_| faults.reach(GatewayStage::Hello).len()).collect();
        let resume: Vec<usize> = (0..4).map(|_| faults.reach(GatewayStage::Resume).len()).collect();
        assert_eq!((hello, resume), (vec![0, 1, 1, 0], vec![1; 4]));
        faults.clear();
        assert_eq!(faults.list(), json!([]));
    }

    #[test]
    fn a_close_frame_waits_for_the_websocket() {
        let mut faults = GatewayFaults::default();
        faults.add(GatewayFault::new(GatewayStage::Upgrade, GatewayAction::Close(4000)));
        assert_eq!(faults.reach(GatewayStage::Upgrade), []);
        assert_eq!(faults.reach(GatewayStage::Hello), [GatewayAction::Close(4000)]);
    }

    #[test]
    fn fields_are_left_out_at_any_depth() {
        let mut ready =
            json!({ "user": { "id": 1, "name": "a" }, "guilds": [{ "id": 1, "unavailable": true }, { "id": 2 }] });
        for field in ["user.name", "guilds[].unavailable", "application", "no.such[].field"] {
            omit(&mut ready, field);
        }
        assert_eq!(ready, json!({ "user": { "id": 1 }, "guilds": [{ "id": 1 }, { "id": 2 }] }));
    }
}
