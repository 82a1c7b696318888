//! Why a role is a poor choice for the support team: who would see all tickets, or that nobody would.
//!
//! The doctor and the setup say it in the same words. What Discord does not tell is no reason.

use crate::discord::{Role, RoleHolders, RoleSource};

/// What speaks against a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concern {
    /// Everybody in the server has it.
    Everyone,
    /// It belongs to a bot, and no person can have it.
    OfBot,
    /// Discord gives it to people for another reason, which is named.
    Given(&'static str),
    /// More than half of the members have it.
    Majority {
        /// How many.
        held: u64,
        /// Of how many.
        members: u64,
    },
    /// No member has it.
    Nobody,
}

impl Concern {
    /// What speaks against this role most.
    pub fn about(role: &Role, holders: &RoleHolders) -> Option<Self> {
        match role.source {
            RoleSource::Everyone => return Some(Self::Everyone),
            RoleSource::Bot => return Some(Self::OfBot),
            RoleSource::Boosters => return Some(Self::Given("boosts the server")),
            RoleSource::Linked => return Some(Self::Given("links an account")),
            RoleSource::Integration => return Some(Self::Given("has a subscription or an account elsewhere")),
            RoleSource::Onboarding => return Some(Self::Given("chooses it in the server's onboarding")),
            RoleSource::Moderator => {}
        }
        match (holders.per_role.get(&role.id), holders.members) {
            (Some(0), _) => Some(Self::Nobody),
            (Some(held), Some(members)) if held.saturating_mul(2) > members => {
                Some(Self::Majority { held: *held, members })
            }
            _ => None,
        }
    }

    /// What it comes to, as the rest of a sentence about the role.
    pub fn words(self) -> String {
        match self {
            Self::Everyone => "is @everyone: every member would see every ticket".to_owned(),
            Self::OfBot => "belongs to a bot: no person can be given it".to_owned(),
            Self::Given(whoever) => format!("is given to whoever {whoever}, and all of them see every ticket"),
            Self::Majority { held, members } => {
                format!("is held by {held} of about {members} members, and all of them see every ticket")
            }
            Self::Nobody => "is held by nobody: no one is told of a ticket, or sees it".to_owned(),
        }
    }

    /// It is to be asked for once more before the role is taken: it cannot be meant, or should not.
    pub const fn is_doubtful(self) -> bool {
        !matches!(self, Self::Nobody)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::RoleId;

    fn about(source: RoleSource, held: Option<u64>, members: Option<u64>) -> Option<Concern> {
        let role = Role { id: RoleId(3), name: "support".into(), mentionable: true, source };
        let per_role = held.map(|held| (RoleId(3), held)).into_iter().collect();
        Concern::about(&role, &RoleHolders { members, per_role })
    }

    #[test]
    fn a_role_is_for_the_few_who_were_given_it() {
        assert_eq!(about(RoleSource::Moderator, Some(1), Some(2)), None, "half is not more than half");
        assert_eq!(about(RoleSource::Moderator, Some(2), Some(3)), Some(Concern::Majority { held: 2, members: 3 }));
        assert_eq!(about(RoleSource::Moderator, Some(0), Some(3)), Some(Concern::Nobody));
        assert_eq!(about(RoleSource::Everyone, None, None), Some(Concern::Everyone));
        assert_eq!(about(RoleSource::Bot, Some(1), Some(9)), Some(Concern::OfBot));
        for source in [RoleSource::Boosters, RoleSource::Linked, RoleSource::Integration, RoleSource::Onboarding] {
            assert!(matches!(about(source, Some(1), Some(9)), Some(Concern::Given(_))), "{source:?}");
        }
    }

    #[test]
    fn what_is_not_told_speaks_against_no_role() {
        for (held, members) in [(None, None), (Some(9), None), (None, Some(9)), (Some(1), Some(u64::MAX))] {
            assert_eq!(about(RoleSource::Moderator, held, members), None);
        }
        assert_eq!(
            about(RoleSource::Moderator, Some(u64::MAX), Some(9)),
            Some(Concern::Majority { held: u64::MAX, members: 9 })
        );
    }
}
