//! Reports the events of a connection to [`GatewayStatus`] and to the log.

use std::sync::Arc;
use std::time::Duration;

use super::frame::{FrameError, MAX_FRAME_BYTES};
use super::socket::DisconnectCause;
use crate::status::gateway::{GatewayStatus, Stage};

/// Reports the events of one shard's connection.
#[derive(Clone)]
pub(super) struct ShardReporter {
    pub(super) shard: u32,
    pub(super) status: Arc<GatewayStatus>,
}

impl ShardReporter {
    pub(super) fn enter_stage(&self, stage: Stage) {
        self.status.set_stage(self.shard, stage);
    }

    pub(super) fn record_heartbeat_ack(&self) {
        self.status.record_heartbeat_ack(self.shard);
    }

    /// Reports that the connection ended or could not be opened. `next` names the step that follows after `pause`.
    pub(super) fn report_disconnect(&self, cause: &DisconnectCause, pause: Duration, next: &'static str) {
        let cause_text = cause.to_string();
        self.status.record_failure(self.shard, &cause_text);
        let (shard, seconds) = (self.shard, pause.as_secs_f64());
        if cause.is_routine() && pause.is_zero() {
            tracing::info!(shard, cause = cause_text, next, "gateway connection ended");
        } else {
            tracing::warn!(shard, cause = cause_text, pause_seconds = seconds, next, "gateway connection ended");
        }
    }

    /// Reports a frame that was not passed on to serenity.
    pub(super) fn report_dropped_frame(&self, error: FrameError) {
        match error {
            FrameError::TooLarge => tracing::warn!(
                shard = self.shard,
                limit_bytes = MAX_FRAME_BYTES,
                "a gateway event exceeds the size limit after decompression and was dropped"
            ),
            FrameError::Malformed => {
                tracing::warn!(shard = self.shard, "a malformed gateway frame was dropped");
            }
        }
    }
}
