//! Faults, rate limits, the gateway, and the switches of the sandbox's host.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};

use super::{Shown, show};
use crate::faults::{Fault, When};
use crate::gateway::{Order, bare};
use crate::hub::Hub;
use crate::parameters::{Parameters, RequestError};
use crate::world::Limits;

pub(super) fn router() -> Router<Arc<Hub>> {
    Router::new()
        .route("/sandbox/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/sandbox/limits", get(limits).post(set_limits))
        .route("/sandbox/gateway", get(gateway).post(disturb_gateway))
        .route("/sandbox/switches", get(switches).post(throw_switch))
}

async fn faults(State(hub): State<Arc<Hub>>) -> Response {
    hub.look(|state, _| show(&Value::Array(state.faults.list())))
}

/// `{calls: "POST /guilds/*/channels", status: 500 | page: 403 | delay: 2.5 | retry_after: 1.5 | reset: true | hang: true,
/// after: true, times: 3}`; without `times` it affects every matching call, and without `calls` every call.
async fn add_fault(State(hub): State<Arc<Hub>>, RawQuery(query): RawQuery, body: Bytes) -> Shown {
    let parameters = Parameters::read(query.as_deref(), &body)?;
    let fault = parameters.fault()?;
    hub.act(|state, _| state.faults.add(fault));
    Ok(faults(State(hub)).await)
}

async fn clear_faults(State(hub): State<Arc<Hub>>) -> StatusCode {
    hub.act(|state, _| state.faults.clear());
    StatusCode::NO_CONTENT
}

impl Parameters {
    fn fault(&self) -> Result<Fault, RequestError> {
        let pattern = self.text("calls").unwrap_or("*");
        let when = if self.is_set("after") { When::After } else { When::Before };
        let fault = if let Some(status) = self.number("status")? {
            Fault::status(pattern, when, status)
        } else if let Some(status) = self.number("page")? {
            Fault::page(pattern, when, status, "<html><title>Sandbox</title>Something on the way answers.</html>")
        } else if let Some(seconds) = self.number("delay")? {
            Fault::slow(pattern, when, Duration::try_from_secs_f64(seconds).map_err(|_| RequestError::no("delay"))?)
        } else if let Some(seconds) = self.number("retry_after")? {
            Fault::limited(pattern, seconds, self.is_set("global"))
        } else if self.is_set("reset") {
            Fault::reset(pattern, when)
        } else if self.is_set("hang") {
            Fault::hang(pattern, when)
        } else {
            return Err(RequestError::missing("status, page, delay, retry_after, reset or hang"));
        };
        Ok(match self.number("times")? {
            Some(times) => fault.times(times),
            None => fault.always(),
        })
    }
}

async fn limits(State(hub): State<Arc<Hub>>) -> Response {
    hub.look(|state, _| show(&json!({ "on": state.world.limits.is_some() })))
}

/// `{do: on | off}`: rate limits as Discord has them, or none.
async fn set_limits(State(hub): State<Arc<Hub>>, RawQuery(query): RawQuery, body: Bytes) -> Shown {
    let parameters = Parameters::read(query.as_deref(), &body)?;
    let limits = match parameters.need("do")? {
        "on" => Some(Limits::default()),
        "off" => None,
        _ => return Err(RequestError::no("do")),
    };
    hub.act(|state, _| state.world.limits = limits);
    Ok(self::limits(State(hub)).await)
}

async fn gateway(State(hub): State<Arc<Hub>>) -> Response {
    hub.look(|state, _| {
        let line = state.gateway.line;
        show(&json!({
            "connected": state.gateway.connected(), "refuses": line.refuses, "silent": line.silent,
            "doubled": line.doubled, "available": state.world.guild.available, "url": state.world.gateway,
        }))
    })
}

/// `{do: drop | reconnect | invalidate | refuse | accept | silence | answer | double | single | vanish | return |
/// separate | shut | open}`; the last three concern a port of the gateway's own.
async fn disturb_gateway(State(hub): State<Arc<Hub>>, RawQuery(query): RawQuery, body: Bytes) -> Shown {
    let parameters = Parameters::read(query.as_deref(), &body)?;
    let what = parameters.need("do")?;
    if let Some(done) = move_port(&hub, what).await {
        done?;
        return Ok(gateway(State(hub)).await);
    }
    hub.act(|state, _| {
        let gateway = &mut state.gateway;
        match what {
            "drop" => gateway.order_all(&Order::Drop),
            "reconnect" => gateway.order_all(&bare(7, &Value::Null)),
            "invalidate" => {
                gateway.order_all(&bare(9, &false.into()));
                gateway.forget();
            }
            "refuse" => gateway.line.refuses = true,
            "accept" => gateway.line.refuses = false,
            "silence" => gateway.line.silent = true,
            "answer" => gateway.line.silent = false,
            "double" => gateway.line.doubled = true,
            "single" => gateway.line.doubled = false,
            "vanish" => state.world.set_available(false),
            "return" => state.world.set_available(true),
            _ => return Err(RequestError::no("do")),
        }
        Ok(())
    })?;
    Ok(gateway(State(hub)).await)
}

/// Gives the gateway a port of its own, closes it, or opens it again; `None` for any other command.
async fn move_port(hub: &Arc<Hub>, what: &str) -> Option<Result<(), RequestError>> {
    let moved = match what {
        "separate" => hub.separate_gateway().map(drop),
        "shut" => hub.close_gateway_port().await,
        "open" => hub.open_gateway_port(),
        _ => return None,
    };
    Some(moved.map_err(|error| RequestError::new(StatusCode::CONFLICT, format!("cannot open the port: {error}"))))
}

/// The switches of the sandbox's host.
async fn switches(State(hub): State<Arc<Hub>>) -> Response {
    hub.look(|state, _| show(&json!(state.switches)))
}

async fn throw_switch(State(hub): State<Arc<Hub>>, RawQuery(query): RawQuery, body: Bytes) -> Shown {
    let parameters = Parameters::read(query.as_deref(), &body)?;
    let name = parameters.need("name")?;
    let switch = hub.look(|state, _| state.switches.iter().find(|switch| switch.is_named(name)).cloned());
    switch.ok_or_else(|| RequestError::no("switch"))?.throw();
    Ok(StatusCode::NO_CONTENT.into_response())
}
