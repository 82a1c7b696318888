//! Faults: calls that fail or wait, and a gateway that does not do what it should.

use std::io;

use serde_json::Value;

use super::Sandbox;
use crate::faults::{Fault, FaultEffect, Hold, When};
use crate::gateway::{Order, bare};
use crate::gateway_fault::{GatewayAction, GatewayFault};
use crate::pattern::Pattern;
use crate::world::{Dispatch, Intents, Limits, SessionStartLimit};

impl Sandbox {
    /// Adds a fault for REST calls.
    pub fn fault(&self, fault: Fault) {
        self.hub.act(|state, _| state.faults.add(fault));
    }

    /// Removes all faults; a call that is held already stays held.
    pub fn clear_faults(&self) {
        self.hub.act(|state, _| state.faults.clear());
    }

    /// How many faults are still active: those that have not affected as many calls as they should.
    #[must_use]
    pub fn faults(&self) -> usize {
        self.hub.look(|state, _| state.faults.list().len())
    }

    /// Holds the next matching call, before or after its effect, until the [`Hold`] is released.
    #[must_use]
    pub fn hold(&self, pattern: &str, when: When) -> Hold {
        self.hold_after(pattern, when, 0)
    }

    /// The same, letting some matching calls pass first.
    #[must_use]
    pub fn hold_after(&self, pattern: &str, when: When, skip: usize) -> Hold {
        let (hold, gate) = Hold::new(pattern);
        self.fault(Fault::new(Pattern::from(pattern), when, FaultEffect::Hold(gate)).skip(skip));
        hold
    }

    /// Switches real rate limits on, or off again.
    pub fn set_limits(&self, limits: Option<Limits>) {
        self.act(|world| world.limits = limits);
    }

    /// Skews the clock of the `Date` header by this many seconds.
    pub fn skew_clock(&self, seconds: i64) {
        self.hub.act(|state, _| state.skew = seconds);
    }

    /// Breaks all gateway connections; sessions can be resumed.
    pub fn drop_gateway(&self) {
        self.hub.act(|state, _| state.gateway.order_all(&Order::Drop));
    }

    /// Closes all gateway connections with a code.
    pub fn close_gateway(&self, code: u16) {
        self.hub.act(|state, _| state.gateway.order_all(&Order::Close(code)));
    }

    /// Closes all gateway connections with a close frame that names no code.
    pub fn close_gateway_without_code(&self) {
        self.hub.act(|state, _| state.gateway.order_all(&Order::CloseWithoutCode));
    }

    /// Asks all clients to reconnect (op 7).
    pub fn ask_to_reconnect(&self) {
        self.hub.act(|state, _| state.gateway.order_all(&bare(7, &Value::Null)));
    }

    /// Declares all sessions invalid (op 9), resumable or not.
    pub fn invalidate_sessions(&self, resumable: bool) {
        self.hub.act(|state, _| {
            state.gateway.order_all(&bare(9, &resumable.into()));
            if !resumable {
                state.gateway.forget();
            }
        });
    }

    /// Refuses new gateway connections, or accepts them again.
    pub fn refuse_gateway(&self, refuse: bool) {
        self.hub.act(|state, _| state.gateway.line.refuses = refuse);
    }

    /// Leaves heartbeats unacknowledged, or acknowledges them again.
    pub fn silence_heartbeats(&self, silent: bool) {
        self.hub.act(|state, _| state.gateway.line.silent = silent);
    }

    /// Sends every event twice, or once again.
    pub fn double_events(&self, doubled: bool) {
        self.hub.act(|state, _| state.gateway.line.doubled = doubled);
    }

    /// Holds events back, or delivers those that were held.
    pub fn hold_events(&self, hold: bool) {
        self.hub.act(|state, now| state.gateway.keep_back(now, hold));
    }

    /// Drops the next events of a kind.
    pub fn swallow(&self, event: &str, times: usize) {
        self.hub.act(|state, _| state.gateway.swallow(event, times));
    }

    /// Sends any event to every session.
    pub fn send_event(&self, name: &'static str, data: Value) {
        let event = Dispatch { name, needs: Intents::ALWAYS, data, blanked: None };
        self.hub.act(|state, now| state.gateway.deliver(now, vec![event]));
    }

    /// Adds a fault for the connections of the gateway.
    pub fn gateway_fault(&self, fault: GatewayFault) {
        self.hub.act(|state, _| state.gateway.faults.add(fault));
    }

    /// Removes all faults for the connections of the gateway; a connection that is silent or frozen stays so.
    pub fn clear_gateway_faults(&self) {
        self.hub.act(|state, _| state.gateway.faults.clear());
    }

    /// Applies an action to every open gateway connection, at once.
    pub fn strike_gateway(&self, action: &GatewayAction) {
        self.hub.act(|state, _| state.gateway.strike(action));
    }

    /// Gives the gateway a port of its own, if it has none, and announces it to clients: `ws://127.0.0.1:port`.
    pub fn separate_gateway(&self) -> io::Result<String> {
        self.hub.separate_gateway()
    }

    /// Closes the gateway's own port: the system refuses new connections. Open ones stay.
    pub async fn close_gateway_port(&self) -> io::Result<()> {
        self.hub.close_gateway_port().await
    }

    /// Opens the gateway's own port again, with the same number.
    pub fn open_gateway_port(&self) -> io::Result<()> {
        self.hub.open_gateway_port()
    }

    /// Sets the `url` of `GET /gateway/bot`, and the `resume_gateway_url` of READY.
    pub fn tell_gateway_urls(&self, gateway: &str, resume: &str) {
        self.hub.act(|state, _| {
            gateway.clone_into(&mut state.world.gateway);
            resume.clone_into(&mut state.gateway.resume_url);
        });
    }

    /// Overrides the session start limit, or leaves it to the rate limits again.
    pub fn limit_session_starts(&self, limit: Option<SessionStartLimit>) {
        self.act(|world| world.limit_session_starts(limit));
    }

    /// Makes the server unavailable, as in an outage, or available again.
    pub fn set_available(&self, available: bool) {
        self.act(|world| world.set_available(available));
    }
}
