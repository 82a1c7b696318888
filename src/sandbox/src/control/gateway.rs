//! The gateway: faults of its connections, now and later, and the addresses and limits that clients get.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::{Shown, show};
use crate::gateway_fault::{GatewayAction, GatewayFault, GatewayStage};
use crate::hub::Hub;
use crate::huge_frame::HugeFrame;
use crate::parameters::{Parameters, RequestError};
use crate::world::{Request, SessionStartLimit};

pub(super) fn router() -> Router<Arc<Hub>> {
    Router::new()
        .route("/sandbox/gateway/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/sandbox/gateway/connections", get(connections))
        .route("/sandbox/gateway/told", post(tell))
}

async fn faults(State(hub): State<Arc<Hub>>) -> Response {
    hub.look(|state, _| show(&state.gateway.faults.list()))
}

/// `{stage: upgrade | hello | identify | resume | ready | resumed, action: silence | freeze | delay (seconds) |
/// close (code) | finish | reset | reconnect | invalidate (resumable) | omit (fields) | text (bytes) |
/// compressed (bytes) | guild (channels), skip, times}`; without `times` it affects every connection, and without `stage`
/// those that there are, at once.
async fn add_fault(State(hub): State<Arc<Hub>>, RawQuery(query): RawQuery, body: Bytes) -> Shown {
    let parameters = Parameters::read(query.as_deref(), &body)?;
    let action = parameters.gateway_action()?;
    match parameters.gateway_stage()? {
        None => hub.act(|state, _| state.gateway.strike(&action)),
        Some(stage) => {
            let fault = GatewayFault::new(stage, action).skip(parameters.number("skip")?.unwrap_or(0));
            let fault = match parameters.number("times")? {
                Some(times) => fault.times(times),
                None => fault.always(),
            };
            hub.act(|state, _| state.gateway.faults.add(fault));
        }
    }
    Ok(faults(State(hub)).await)
}

async fn clear_faults(State(hub): State<Arc<Hub>>) -> StatusCode {
    hub.act(|state, _| state.gateway.faults.clear());
    StatusCode::NO_CONTENT
}

async fn connections(State(hub): State<Arc<Hub>>) -> Response {
    hub.look(|state, _| show(&state.record.connections().map(|connection| json!(connection)).collect::<Value>()))
}

/// `{url, resume_url, total, remaining, reset_after, max_concurrency}`: what clients get for an answer about the gateway. A limit is
/// set where `remaining` is named; `reset_after` is in seconds.
async fn tell(State(hub): State<Arc<Hub>>, RawQuery(query): RawQuery, body: Bytes) -> Shown {
    let parameters = Parameters::read(query.as_deref(), &body)?;
    let limit = parameters.session_start_limit()?;
    Ok(hub.act(|state, now| {
        if let Some(url) = parameters.text("url") {
            url.clone_into(&mut state.world.gateway);
        }
        if let Some(url) = parameters.text("resume_url") {
            url.clone_into(&mut state.gateway.resume_url);
        }
        if limit.is_some() {
            state.world.limit_session_starts(limit);
        }
        let request = Request::new("GET", "/gateway/bot").bot(&state.world.application.token);
        let mut told = state.world.rest(now, &request).body.unwrap_or_default();
        told["resume_url"] = state.gateway.resume_url.clone().into();
        show(&told)
    }))
}

impl Parameters {
    fn gateway_stage(&self) -> Result<Option<GatewayStage>, RequestError> {
        Ok(Some(match self.text("stage") {
            None => return Ok(None),
            Some("upgrade") => GatewayStage::Upgrade,
            Some("hello") => GatewayStage::Hello,
            Some("identify") => GatewayStage::Identify,
            Some("resume") => GatewayStage::Resume,
            Some("ready") => GatewayStage::Ready,
            Some("resumed") => GatewayStage::Resumed,
            Some(_) => return Err(RequestError::no("stage")),
        }))
    }

    fn gateway_action(&self) -> Result<GatewayAction, RequestError> {
        Ok(match self.need("action")? {
            "silence" => GatewayAction::Silence,
            "freeze" => GatewayAction::Freeze,
            "delay" => GatewayAction::Delay(self.span("seconds")?),
            "close" => self.number("code")?.map_or(GatewayAction::CloseWithoutCode, GatewayAction::Close),
            "finish" => GatewayAction::Finish,
            "reset" => GatewayAction::Reset,
            "reconnect" => GatewayAction::Reconnect,
            "invalidate" => GatewayAction::Invalidate { resumable: self.is_set("resumable") },
            "omit" => GatewayAction::Omit(self.texts("fields")),
            "text" => GatewayAction::Send(HugeFrame::Text(self.count("bytes")?)),
            "compressed" => GatewayAction::Send(HugeFrame::Compressed(self.count("bytes")?)),
            "guild" => GatewayAction::Send(HugeFrame::Guild { channels: self.count("channels")? }),
            _ => return Err(RequestError::no("action")),
        })
    }

    fn session_start_limit(&self) -> Result<Option<SessionStartLimit>, RequestError> {
        let Some(remaining) = self.number("remaining")? else { return Ok(None) };
        Ok(Some(SessionStartLimit {
            total: self.number("total")?.unwrap_or(1000),
            remaining,
            reset_after: self.span("reset_after")?,
            max_concurrency: self.number("max_concurrency")?.unwrap_or(1),
        }))
    }

    fn span(&self, name: &str) -> Result<Duration, RequestError> {
        Duration::try_from_secs_f64(self.number(name)?.unwrap_or(0.0)).map_err(|_| RequestError::no(name))
    }

    fn count(&self, name: &str) -> Result<usize, RequestError> {
        self.number(name)?.ok_or_else(|| RequestError::missing(name))
    }

    /// A list, or a text with commas.
    fn texts(&self, name: &str) -> Vec<String> {
        match self.value(name) {
            Value::String(text) => text.split(',').map(str::to_owned).collect(),
            Value::Array(list) => list.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect(),
            _ => Vec::new(),
        }
    }
}
