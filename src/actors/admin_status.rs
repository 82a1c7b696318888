//! What somebody is in a server, asked of Discord, but not once for each of their commands.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::discord::{AdminStatus, Client};
use crate::ids::{GuildId, RoleId, UserId};
use crate::lifecycle::{Outcome, Requester, task};

/// So many are remembered; then all are forgotten, and each is asked about once more.
const KEPT: usize = 1024;

/// Who is being asked about, and who was found to be no administrator.
#[derive(Debug, Default)]
pub struct AdminStatuses(Mutex<HashSet<Who>>);

type Who = (GuildId, UserId);

impl AdminStatuses {
    /// What the asker is. `None` where they repeat what they were just refused, or are about to be told: that is not
    /// answered, and so not asked either.
    pub async fn of(
        &self,
        client: &Client,
        guild: GuildId,
        requester: &Requester,
        roles: &[RoleId],
    ) -> Option<AdminStatus> {
        let who = (guild, requester.user);
        if !self.begin(who, requester.repeated) {
            tracing::debug!(user = %requester.user, %guild, "asked for the same a moment ago; not answered again");
            return None;
        }
        let standing = ask(client, guild, requester, roles).await;
        if standing != AdminStatus::Member {
            self.known().remove(&who);
        }
        Some(standing)
    }

    fn begin(&self, who: Who, repeated: bool) -> bool {
        let mut known = self.known();
        if repeated && known.contains(&who) {
            return false;
        }
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(who);
        true
    }

    fn known(&self) -> MutexGuard<'_, HashSet<Who>> {
        // A panic elsewhere leaves it whole: at worst somebody is asked about once more.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A hiccup is outlasted; a longer outage is told.
async fn ask(client: &Client, guild: GuildId, requester: &Requester, roles: &[RoleId]) -> AdminStatus {
    const TRIES: u32 = 3;
    for attempt in 0..TRIES {
        match client.fetch_admin_status(guild, requester.user, roles).await {
            AdminStatus::Unknown => tokio::time::sleep(task::pause(attempt, &Outcome::Indeterminate)).await,
            known => return known,
        }
    }
    client.fetch_admin_status(guild, requester.user, roles).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: Who = (GuildId(1), UserId(7));

    #[test]
    fn only_a_repeat_of_what_is_known_is_left_unasked() {
        let standings = AdminStatuses::default();
        assert!(standings.begin(WHO, true), "nothing is known");
        assert!(!standings.begin(WHO, true), "asked about, or found to be no administrator");
        assert!(standings.begin(WHO, false), "no repeat");
        assert!(standings.begin((GuildId(2), UserId(7)), true), "somewhere else");
    }

    #[test]
    fn memory_of_it_is_bounded() {
        let standings = AdminStatuses::default();
        for user in 0..3 * KEPT as u64 {
            assert!(standings.begin((GuildId(1), UserId(user)), true));
        }
        assert!(standings.known().len() <= KEPT);
    }
}
