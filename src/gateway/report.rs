//! What becomes known of a connection is told: to the status and to the log.

use std::sync::Arc;
use std::time::Duration;

use super::frame::{FrameError, LARGEST_FRAME};
use super::socket::Cause;
use crate::status::gateway::{GatewayStatus, Stage};

/// Reports on one shard's connection.
#[derive(Clone)]
pub(super) struct Reporter {
    pub(super) shard: u32,
    pub(super) status: Arc<GatewayStatus>,
}

impl Reporter {
    /// The connection has come to this stage.
    pub(super) fn enter(&self, stage: Stage) {
        self.status.enter(self.shard, stage);
    }

    /// Discord acknowledged a heartbeat.
    pub(super) fn acknowledged(&self) {
        self.status.heard(self.shard);
    }

    /// The connection ended, or could not be made; `next` is what is done about it.
    pub(super) fn failed(&self, cause: &Cause, pause: Duration, next: &'static str) {
        let cause_text = cause.to_string();
        self.status.failed(self.shard, &cause_text);
        let (shard, seconds) = (self.shard, pause.as_secs_f64());
        if cause.is_routine() && pause.is_zero() {
            tracing::info!(shard, cause = cause_text, next, "gateway connection ended");
        } else {
            tracing::warn!(shard, cause = cause_text, pause_seconds = seconds, next, "gateway connection ended");
        }
    }

    /// A frame was not passed on to serenity, and nothing follows from it.
    pub(super) fn dropped(&self, error: FrameError) {
        match error {
            FrameError::TooLarge => tracing::warn!(
                shard = self.shard,
                limit_bytes = LARGEST_FRAME,
                "a gateway event inflates to more than any server's and was not read; nothing is concluded from it"
            ),
            FrameError::Malformed => {
                tracing::warn!(shard = self.shard, "a gateway frame could not be read and was passed over");
            }
        }
    }
}
