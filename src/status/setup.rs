//! Whether the configured server, panel channel, category and support role still exist and the bot still has its
//! permissions. Gateway events that may change this request a check; its findings are kept for `/healthz`.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::ids::{GuildId, RoleId};

/// The findings of the last setup check, and the request for the next one.
#[derive(Debug, Default)]
pub struct SetupStatus {
    check_requested: Notify,
    state: Mutex<SetupState>,
}

#[derive(Debug, Default)]
struct SetupState {
    problems: Vec<String>,
    /// The bot's roles, including `@everyone`; `None` until an event has listed them.
    own_roles: Option<HashSet<RoleId>>,
    /// The server with the configured channels; `None` until an event has listed them.
    home: Option<GuildId>,
    sessions: u64,
}

impl SetupStatus {
    fn lock(&self) -> MutexGuard<'_, SetupState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Requests a setup check. Requests before the check starts are merged into one.
    pub fn request_check(&self) {
        self.check_requested.notify_one();
    }

    /// Waits until a check has been requested.
    pub async fn wait_for_request(&self) {
        self.check_requested.notified().await;
    }

    /// Notes a new gateway session. Events between two sessions are lost, so every session but the first requests a check.
    pub fn begin_session(&self) {
        let mut state = self.lock();
        state.sessions += 1;
        if state.sessions > 1 {
            self.request_check();
        }
    }

    /// Records which server has the configured channels.
    pub fn set_home(&self, guild: GuildId) {
        self.lock().home = Some(guild);
    }

    /// Whether this server may have the configured channels. True of every server as long as that is unknown.
    #[must_use]
    pub fn may_be_home(&self, guild: GuildId) -> bool {
        self.lock().home.is_none_or(|home| home == guild)
    }

    /// Records the bot's roles, including `@everyone`.
    pub fn set_own_roles(&self, roles: HashSet<RoleId>) {
        self.lock().own_roles = Some(roles);
    }

    /// Whether the bot has this role. True as long as its roles are unknown, so that no change is missed.
    #[must_use]
    pub fn is_own_role(&self, role: RoleId) -> bool {
        self.lock().own_roles.as_ref().is_none_or(|own| own.contains(&role))
    }

    /// The problems that the last check found, one sentence each with its remedy.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        self.lock().problems.clone()
    }

    /// Replaces the problems by those of a new check.
    pub fn set_problems(&self, problems: Vec<String>) {
        self.lock().problems = problems;
    }
}
