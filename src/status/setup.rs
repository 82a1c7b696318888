//! Whether what the bot is set up with is still there: its server, the panel channel, the category, the support role, its
//! own role and rights. Events that may change the answer ask for a look; what the look found is kept for `/healthz`.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::ids::RoleId;

/// What is known of it.
#[derive(Debug, Default)]
pub struct SetupStatus {
    changed: Notify,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    problems: Vec<String>,
    /// The roles of the bot's own, with `@everyone`; none before they are known.
    own_roles: Option<HashSet<RoleId>>,
    sessions: u64,
}

impl SetupStatus {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something has happened after which it is worth a look.
    pub fn request_look(&self) {
        self.changed.notify_one();
    }

    /// Waits until a look is worth it. Requests made before count once.
    pub async fn look_requested(&self) {
        self.changed.notified().await;
    }

    /// A session began, in which nothing is told of what happened before it. After the first one that is worth a look.
    pub fn begin_session(&self) {
        let mut inner = self.lock();
        inner.sessions += 1;
        if inner.sessions > 1 {
            self.request_look();
        }
    }

    /// The roles of the bot's own, with `@everyone`.
    pub fn set_own_roles(&self, roles: HashSet<RoleId>) {
        self.lock().own_roles = Some(roles);
    }

    /// Whether this role may decide what the bot may do. In doubt it does.
    #[must_use]
    pub fn is_own_role(&self, role: RoleId) -> bool {
        self.lock().own_roles.as_ref().is_none_or(|own| own.contains(&role))
    }

    /// What is wrong, a sentence each, with what to do about it.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        self.lock().problems.clone()
    }

    /// A look has found this.
    pub fn set_problems(&self, problems: Vec<String>) {
        self.lock().problems = problems;
    }
}
