//! Who may do what: the one place that decides it, asked at the moment of the deed and not when a button was shown.

use std::time::Duration;

use crate::ids::UserId;
use crate::lifecycle::ticket::Ticket;

/// What the settings of the server decide about all tickets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// From the announcement of a closing to the end of the channel.
    pub close_delay: Duration,
    /// Owners may close their tickets.
    pub owner_may_close: bool,
    /// Administrators may do what staff may do.
    pub administrators_are_staff: bool,
}

/// What is known of somebody who wants to do something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// The ticket in question is theirs.
    pub owner: bool,
    /// They hold a role of the staff.
    pub staff: bool,
    /// They are an administrator of the server, as far as Discord said so.
    pub administrator: bool,
}

impl Who {
    /// Somebody of whom only this is known and matters.
    #[must_use]
    pub const fn of_rank(administrator: bool) -> Self {
        Self { owner: false, staff: false, administrator }
    }
}

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Open a ticket.
    Open,
    /// Close a ticket.
    Close,
    /// Have the panel looked after.
    SetUp,
    /// Read a ticket's story.
    Explain,
}

/// Whether they may.
#[must_use]
pub const fn may(who: Who, action: Action, rules: &Rules) -> bool {
    match action {
        Action::Open => true,
        Action::Close => {
            who.staff || (who.administrator && rules.administrators_are_staff) || (who.owner && rules.owner_may_close)
        }
        Action::SetUp | Action::Explain => who.administrator,
    }
}

impl Ticket {
    /// Whether this member may close the ticket.
    pub(super) fn may_close(&self, member: UserId, staff: bool, administrator: bool) -> bool {
        may(Who { owner: member == self.owner.member, staff, administrator }, Action::Close, &self.rules)
    }

    /// The settings may have changed. A closing that has begun ends as it was announced.
    pub(super) const fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRANGER: Who = Who { owner: false, staff: false, administrator: false };
    const OWNER: Who = Who { owner: true, ..STRANGER };
    const STAFF: Who = Who { staff: true, ..STRANGER };
    const ADMINISTRATOR: Who = Who { administrator: true, ..STRANGER };

    fn rules(owner_may_close: bool, administrators_are_staff: bool) -> Rules {
        Rules { close_delay: Duration::ZERO, owner_may_close, administrators_are_staff }
    }

    #[test]
    fn who_may_what_under_which_settings() {
        use Action::{Close, Explain, Open, SetUp};
        // Columns: owner may close or not, for each of administrators are no staff and are staff.
        let table = [
            (STRANGER, Open, [true; 4]),
            (STRANGER, Close, [false; 4]),
            (STRANGER, SetUp, [false; 4]),
            (STRANGER, Explain, [false; 4]),
            (OWNER, Open, [true; 4]),
            (OWNER, Close, [true, false, true, false]),
            (OWNER, SetUp, [false; 4]),
            (OWNER, Explain, [false; 4]),
            (STAFF, Open, [true; 4]),
            (STAFF, Close, [true; 4]),
            (STAFF, SetUp, [false; 4]),
            (STAFF, Explain, [false; 4]),
            (ADMINISTRATOR, Open, [true; 4]),
            (ADMINISTRATOR, Close, [false, false, true, true]),
            (ADMINISTRATOR, SetUp, [true; 4]),
            (ADMINISTRATOR, Explain, [true; 4]),
        ];
        let settings = [rules(true, false), rules(false, false), rules(true, true), rules(false, true)];
        for (who, action, expected) in table {
            assert_eq!(settings.map(|rules| may(who, action, &rules)), expected, "{who:?} {action:?}");
        }
        let staff_with_a_ticket = Who { staff: true, ..OWNER };
        assert!(settings.iter().all(|rules| may(staff_with_a_ticket, Close, rules)), "any one reason is enough");
    }
}
