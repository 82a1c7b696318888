//! The slash commands: as they should be, or told once why not.

use super::*;
use crate::lifecycle::menu::{Menu, MenuEvent, MenuNote};

/// What happens to the menu.
struct Care {
    menu: Menu,
    now: SystemTime,
}

const HERE: MenuEvent = MenuEvent::Here(GUILD);
const LOOK: Request = Request::ListCommands { guild: GUILD };
const PUT: Request = Request::PutCommands { guild: GUILD };

fn listed(current: bool) -> Outcome {
    Outcome::Commands { current }
}

fn started() -> Care {
    Care { menu: Menu::default(), now: at(0) }
}

impl Care {
    #[track_caller]
    fn on(mut self, event: MenuEvent, calls: &[Request], notes: &[MenuNote]) -> Self {
        let step = self.menu.handle(event, self.now);
        assert_eq!((&*step.calls, &*step.notes), (calls, notes));
        self
    }

    #[track_caller]
    fn answer(self, call: Request, answer: Outcome, calls: &[Request], notes: &[MenuNote]) -> Self {
        self.on(MenuEvent::Answered { call, answer }, calls, notes)
    }

    #[track_caller]
    fn wake(mut self, millis: u64, calls: &[Request]) -> Self {
        assert_eq!(self.menu.deadline(), Some(at(millis)), "the deadline");
        self.now = at(millis);
        self.on(MenuEvent::Woke, calls, &[])
    }

    #[track_caller]
    fn rests(self) -> Self {
        assert_eq!(self.menu.deadline(), None, "the deadline");
        assert!(self.menu.is_still());
        self
    }
}

#[test]
fn commands_that_are_as_they_should_be_are_left_alone() {
    started().on(HERE, &[LOOK], &[]).answer(LOOK, listed(true), &[], &[MenuNote::InPlace]).rests();
}

#[test]
fn others_are_replaced() {
    started()
        .on(HERE, &[LOOK], &[])
        .answer(LOOK, listed(false), &[PUT], &[])
        .answer(PUT, Outcome::Done, &[], &[MenuNote::Registered])
        .rests();
}

#[test]
fn they_are_looked_at_once_and_again_when_somebody_asks() {
    started()
        .on(HERE, &[LOOK], &[])
        .on(HERE, &[], &[])
        .answer(LOOK, listed(true), &[], &[MenuNote::InPlace])
        .on(HERE, &[], &[])
        .on(MenuEvent::Ensure(GUILD), &[LOOK], &[])
        .answer(LOOK, listed(true), &[], &[MenuNote::InPlace])
        .rests();
}

#[test]
fn a_bot_that_was_not_invited_with_commands_says_so_and_asks_no_more() {
    started()
        .on(HERE, &[LOOK], &[])
        .answer(LOOK, forbidden(), &[], &[MenuNote::NotInvited])
        .rests()
        // A new connection is a chance that it has been invited anew.
        .on(HERE, &[LOOK], &[]);
    started()
        .on(HERE, &[LOOK], &[])
        .answer(LOOK, listed(false), &[PUT], &[])
        .answer(PUT, forbidden(), &[], &[MenuNote::NotInvited])
        .rests();
}

#[test]
fn what_discord_refuses_is_not_asked_again() {
    let refusal = || refused(ApiError::Other { status: 400, code: 30_034 });
    let note = MenuNote::Refused { answer: refusal().brief() };
    started()
        .on(HERE, &[LOOK], &[])
        .answer(LOOK, listed(false), &[PUT], &[])
        .answer(PUT, refusal(), &[], &[note])
        .rests();
}

#[test]
fn what_got_lost_is_looked_at_again() {
    let note = |call| MenuNote::Retrying { call, answer: "no answer".into() };
    started()
        .on(HERE, &[LOOK], &[])
        .answer(LOOK, Outcome::Indeterminate, &[], &[note("list commands")])
        .wake(250, &[LOOK])
        .answer(LOOK, listed(false), &[PUT], &[])
        .answer(PUT, Outcome::Indeterminate, &[], &[note("put commands")])
        // It had been done.
        .wake(750, &[LOOK])
        .answer(LOOK, listed(true), &[], &[MenuNote::InPlace])
        .rests();
}

#[test]
fn who_asks_during_a_pause_does_not_wait_for_its_end() {
    let note = MenuNote::Retrying { call: "list commands", answer: "no answer".into() };
    started()
        .on(HERE, &[LOOK], &[])
        .answer(LOOK, Outcome::Indeterminate, &[], &[note])
        .on(MenuEvent::Ensure(GUILD), &[LOOK], &[])
        .answer(LOOK, listed(true), &[], &[MenuNote::InPlace])
        .rests();
}

#[test]
fn in_another_server_there_are_none_any_more_which_is_seen_to_once() {
    let another = GuildId(GUILD.0 + 1);
    let remove = || Request::RemoveCommands { guild: another };
    let retrying = MenuNote::Retrying { call: remove().name(), answer: Outcome::Indeterminate.brief() };
    started()
        .on(HERE, &[LOOK], &[])
        .on(MenuEvent::Elsewhere(another), &[remove()], &[])
        .on(MenuEvent::Elsewhere(another), &[], &[])
        .answer(LOOK, listed(true), &[], &[MenuNote::InPlace])
        .answer(remove(), Outcome::Indeterminate, &[], &[retrying])
        .wake(250, &[remove()])
        .answer(remove(), Outcome::Done, &[], &[])
        .rests();
    let third = GuildId(GUILD.0 + 2);
    let refused = Outcome::Refused(ApiError::Forbidden(Vec::new()));
    started()
        .on(MenuEvent::Elsewhere(third), &[Request::RemoveCommands { guild: third }], &[])
        .answer(Request::RemoveCommands { guild: third }, refused, &[], &[])
        .rests();
}

#[test]
fn who_was_thrown_out_registers_them_anew() {
    started()
        .on(HERE, &[LOOK], &[])
        .answer(LOOK, listed(true), &[], &[MenuNote::InPlace])
        .on(MenuEvent::Left, &[], &[])
        .on(HERE, &[LOOK], &[])
        .answer(LOOK, listed(false), &[PUT], &[]);
}
