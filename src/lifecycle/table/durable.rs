//! A disk that takes its time: presses are deferred in time, and nothing that depends on a row is done before it is saved.

use super::*;
use crate::lifecycle::{DiskJob, DiskJob::Load, DiskJob::Save, DurableTicket, Effects};

/// A ticket, its disk, and the time.
pub(super) struct Slow {
    pub(super) ticket: DurableTicket,
    pub(super) now: SystemTime,
    /// What the last step left in the journal, beside what is saved with the row.
    pub(super) notes: Vec<JournalEvent>,
}

pub(super) fn unread() -> Slow {
    Slow { ticket: DurableTicket::new(OWNER, RULES), now: at(0), notes: Vec::new() }
}

/// The row was read at once.
pub(super) fn row(state: Document) -> Slow {
    let mut slow = unread();
    assert_eq!(slow.ticket.load(slow.now).disk, Some(Load));
    assert_eq!(slow.ticket.loaded(Some((state, None)), slow.now).disk, None);
    slow
}

impl Slow {
    #[track_caller]
    fn expect(mut self, effects: &Effects, disk: Option<DiskJob>, calls: &[Request]) -> Self {
        assert_eq!(effects.disk, disk, "the disk");
        assert_eq!(sorted(&effects.calls), sorted(calls), "the calls");
        self.notes.clone_from(&effects.notes);
        self
    }

    #[track_caller]
    pub(super) fn on(mut self, event: Event, disk: Option<DiskJob>, calls: &[Request]) -> Self {
        let effects = self.ticket.hear(event, self.now);
        self.expect(&effects, disk, calls)
    }

    #[track_caller]
    pub(super) fn answer(self, call: Request, answer: Outcome, disk: Option<DiskJob>, calls: &[Request]) -> Self {
        self.on(Event::RequestCompleted { call, answer }, disk, calls)
    }

    #[track_caller]
    pub(super) fn wake(mut self, millis: u64, disk: Option<DiskJob>, calls: &[Request]) -> Self {
        assert_eq!(self.ticket.deadline(), Some(at(millis)), "the deadline");
        self.now = at(millis);
        self.on(Event::TimerFired, disk, calls)
    }

    #[track_caller]
    pub(super) fn loaded(
        mut self,
        millis: u64,
        state: Option<Document>,
        disk: Option<DiskJob>,
        calls: &[Request],
    ) -> Self {
        self.now = at(millis);
        let effects = self.ticket.loaded(state.map(|state| (state, None)), self.now);
        self.expect(&effects, disk, calls)
    }

    /// This is on the disk now, and these calls follow.
    #[track_caller]
    pub(super) fn saved(mut self, millis: u64, state: Document, disk: Option<DiskJob>, calls: &[Request]) -> Self {
        let saving = self.ticket.saving().and_then(|decision| decision.save());
        assert_eq!(saving.map(|(row, _)| undelivered(row)), Some(undelivered(&state)), "what is saved");
        self.now = at(millis);
        let effects = self.ticket.saved(&Ok::<_, ()>(None), self.now);
        self.expect(&effects, disk, calls)
    }

    #[track_caller]
    pub(super) fn not_saved(mut self, millis: u64, disk: Option<DiskJob>, calls: &[Request]) -> Self {
        self.now = at(millis);
        let effects = self.ticket.saved(&Err(()), self.now);
        self.expect(&effects, disk, calls)
    }

    #[track_caller]
    pub(super) fn waits(self) -> Self {
        assert_eq!(self.ticket.deadline(), None, "the deadline");
        self
    }
}

/// The press was deferred at 1.5 s, and Discord took it.
fn thinking(slow: Slow, number: u64) -> Slow {
    slow.wake(1500, None, &[defer(begun(number))]).answer(defer(begun(number)), Outcome::Done, None, &[])
}

#[test]
fn a_press_is_deferred_while_its_row_is_read_and_opens_the_ticket_later() {
    thinking(unread().on(pressed(FIRST), Some(Load), &[]), FIRST)
        .waits()
        .loaded(4000, Some(ABSENT), Some(Save), &[])
        .saved(4100, deferred(), None, &[create()])
        .answer(create(), Outcome::Created(C), Some(Save), &[]);
}

#[test]
fn a_press_is_deferred_while_its_opening_is_saved() {
    let created = opening(by_press(ALICE, begun(FIRST)), Some(C));
    thinking(row(ABSENT).on(pressed(FIRST), Some(Save), &[]), FIRST)
        .saved(4000, asked(), Some(Save), &[create()])
        // The answer comes before it is saved that the press was deferred, and is decided after it.
        .answer(create(), Outcome::Created(C), None, &[])
        .saved(4100, deferred(), Some(Save), &[])
        .saved(4200, created, None, &[welcome(C), edit(begun(FIRST), Notice::Created(C))]);
}

#[test]
fn a_deferral_that_is_still_on_its_way_is_awaited_before_it_is_edited() {
    row(ABSENT)
        .on(pressed(FIRST), Some(Save), &[])
        .saved(0, asked(), None, &[create()])
        .answer(create(), Outcome::Created(C), Some(Save), &[])
        .wake(1500, None, &[defer(begun(FIRST))])
        .saved(1600, bound(), Some(Save), &[welcome(C)])
        .answer(defer(begun(FIRST)), Outcome::Done, None, &[edit(begun(FIRST), Notice::Created(C))]);
}

#[test]
fn a_deferral_that_got_lost_while_the_disk_works_is_repeated_in_time() {
    row(ABSENT)
        .on(pressed(FIRST), Some(Save), &[])
        .wake(1500, None, &[defer(begun(FIRST))])
        .answer(defer(begun(FIRST)), Outcome::Indeterminate, None, &[])
        .wake(1600, None, &[defer(begun(FIRST))]);
}

#[test]
fn a_fast_disk_needs_no_deferral() {
    row(ABSENT)
        .on(pressed(FIRST), Some(Save), &[])
        .saved(100, asked(), None, &[create()])
        .answer(create(), Outcome::Created(C), Some(Save), &[])
        .saved(200, bound(), None, &[welcome(C), tell(press(FIRST), Notice::Created(C))]);
}

#[test]
fn what_could_not_be_saved_in_the_end_is_said_by_an_edit() {
    thinking(row(ABSENT).on(pressed(FIRST), Some(Save), &[]), FIRST).not_saved(
        4000,
        None,
        &[edit(begun(FIRST), Notice::TryAgain)],
    );
    thinking(row(open(C)).on(closed_by(ALICE), Some(Save), &[]), LEAVE).not_saved(
        4000,
        None,
        &[edit(begun(LEAVE), Notice::TryAgain)],
    );
    thinking(unread().on(pressed(FIRST), Some(Load), &[]), FIRST).loaded(
        4000,
        None,
        None,
        &[edit(begun(FIRST), Notice::TryAgain)],
    );
}

#[test]
fn presses_that_queue_are_deferred_and_answered_in_their_order() {
    let slow = row(ABSENT).on(pressed(FIRST), Some(Save), &[]).on(pressed(SECOND), None, &[]);
    slow.wake(1500, None, &[defer(begun(FIRST)), defer(begun(SECOND))])
        .answer(defer(begun(SECOND)), Outcome::Done, None, &[])
        .answer(defer(begun(FIRST)), Outcome::Done, None, &[])
        .saved(4000, asked(), Some(Save), &[create()])
        .saved(4100, deferred(), None, &[])
        .answer(create(), Outcome::Created(C), Some(Save), &[])
        .saved(
            4200,
            opening(by_press(ALICE, begun(FIRST)), Some(C)),
            None,
            &[welcome(C), edit(begun(FIRST), Notice::Created(C)), edit(begun(SECOND), Notice::AlreadyOpen(C))],
        );
}

#[test]
fn a_close_that_was_deferred_is_announced_in_the_channel_and_then_told() {
    let closing = |press, announced| closing_by(by_press(ALICE, press), announced);
    let said = Outcome::Sent(M);
    thinking(row(open(C)).on(closed_by(ALICE), Some(Save), &[]), LEAVE)
        // Not by an answer to the press: it has had its first one.
        .saved(2000, closing(press(LEAVE), false), Some(Save), &[])
        .saved(2100, closing(begun(LEAVE), false), None, &[read_after(LEAVE)])
        .answer(read_after(LEAVE), heard(false), None, &[say_closing(LEAVE)])
        .answer(say_closing(LEAVE), said, Some(Save), &[])
        .saved(
            2200,
            closing_until(at(7100), by_press(ALICE, begun(LEAVE)), true),
            None,
            &[edit(begun(LEAVE), Notice::Closing(RULES.close_delay))],
        );
}

#[test]
fn a_close_that_queued_for_long_is_announced_and_told() {
    let slow = unread().on(closed_by(ALICE), Some(Load), &[]);
    thinking(slow, LEAVE)
        .loaded(4000, Some(open(C)), Some(Save), &[])
        .saved(4100, closing_until(at(9000), by_press(ALICE, begun(LEAVE)), false), None, &[read_after(LEAVE)])
        .answer(read_after(LEAVE), heard(false), None, &[say_closing(LEAVE)])
        .answer(say_closing(LEAVE), Outcome::Sent(M), Some(Save), &[]);
}

#[test]
fn a_former_process_may_have_deferred_the_press_that_closes() {
    let told = edit(begun(LEAVE), Notice::Closing(RULES.close_delay));
    row(silent())
        .answer(read_after(LEAVE), heard(false), None, &[announce(press(LEAVE))])
        .answer(announce(press(LEAVE)), refused(ApiError::AlreadyAcknowledged), Some(Save), &[])
        .saved(100, closing_by(by_press(ALICE, begun(LEAVE)), false), None, &[read_after(LEAVE)])
        .answer(read_after(LEAVE), heard(false), None, &[say_closing(LEAVE)])
        .answer(say_closing(LEAVE), Outcome::Sent(M), Some(Save), &[])
        .saved(200, closing_by(by_press(ALICE, begun(LEAVE)), true), None, &[told]);
}

#[test]
fn what_is_not_saved_is_not_true_yet() {
    let slow = row(ABSENT).on(pressed(FIRST), Some(Save), &[]);
    assert_eq!(slow.ticket.document(), &ABSENT);
    assert!(!slow.ticket.is_still() && !slow.ticket.is_idle(slow.now));
    let slow = slow.saved(100, asked(), None, &[create()]);
    assert_eq!(slow.ticket.document(), &asked());
}

#[test]
fn whoever_waits_for_a_disk_that_fails_is_told_so_once_and_answered_when_it_works() {
    let warned = edit(begun(FIRST), Notice::CannotSave);
    let created = opening(by_press(ALICE, begun(FIRST)), Some(C));
    let slow = row(ABSENT).on(pressed(FIRST), Some(Save), &[]).saved(0, asked(), None, &[create()]);
    thinking(slow.answer(create(), Outcome::Created(C), Some(Save), &[]), FIRST)
        .not_saved(2500, Some(Save), &[])
        .not_saved(2500, None, &[])
        .wake(3500, Some(Save), &[])
        .not_saved(3500, None, &[warned.clone()])
        .answer(warned, Outcome::Done, Some(Save), &[])
        .not_saved(3600, None, &[])
        .wake(4600, Some(Save), &[])
        .saved(4700, created, None, &[welcome(C), edit(begun(FIRST), Notice::Created(C))]);
}

#[test]
fn a_row_that_cannot_be_read_is_read_again_after_a_second_and_at_the_next_press() {
    let told = tell(press(FIRST), Notice::TryAgain);
    let slow = unread().on(pressed(FIRST), Some(Load), &[]).loaded(10, None, None, &[told.clone()]);
    slow.answer(told, Outcome::Done, Some(Load), &[])
        .loaded(20, None, None, &[])
        .wake(1020, Some(Load), &[])
        .loaded(1030, Some(open(C)), None, &[])
        .waits();
}

#[test]
fn a_deferral_that_a_former_process_did_not_save_is_edited_though_the_close_is_taken_up_late() {
    let mut slow = unread();
    assert_eq!(slow.ticket.load(slow.now).disk, Some(Load));
    slow.loaded(4000, Some(silent()), None, &[read_after(LEAVE)])
        .answer(read_after(LEAVE), heard(false), None, &[say_closing(LEAVE)])
        .answer(say_closing(LEAVE), Outcome::Sent(M), Some(Save), &[])
        .saved(4100, announced_late(4000), None, &[edit(begun(LEAVE), Notice::Closing(RULES.close_delay))]);
}

/// The press was deferred at 1.5 s, and Discord refused that: another process had answered.
fn lost(slow: Slow, number: u64) -> Slow {
    let already = refused(ApiError::AlreadyAcknowledged);
    slow.wake(1500, None, &[defer(begun(number))]).answer(defer(begun(number)), already, None, &[])
}

#[test]
fn an_opening_that_another_process_answers_while_it_is_saved_greets_nobody_before_the_channels_are_compared() {
    lost(row(ABSENT).on(pressed(FIRST), Some(Save), &[]), FIRST)
        .saved(2000, asked(), Some(Save), &[create()])
        .saved(2100, deferred(), None, &[])
        .answer(create(), Outcome::Created(D), Some(Save), &[])
        .saved(2200, opening(by_press(ALICE, begun(FIRST)), Some(D)), None, &[list()]);
    // The same, if the press had to wait for its row.
    lost(unread().on(pressed(FIRST), Some(Load), &[]), FIRST)
        .loaded(2000, Some(ABSENT), Some(Save), &[])
        .saved(2100, deferred(), None, &[create()])
        .answer(create(), Outcome::Created(D), Some(Save), &[])
        .saved(2200, opening(by_press(ALICE, begun(FIRST)), Some(D)), None, &[list()]);
}

#[test]
fn what_could_not_be_saved_does_not_replace_what_another_process_said() {
    lost(row(ABSENT).on(pressed(FIRST), Some(Save), &[]), FIRST).not_saved(4000, None, &[]);
    let slow = row(ABSENT).on(pressed(FIRST), Some(Save), &[]).saved(0, asked(), None, &[create()]);
    lost(slow.answer(create(), Outcome::Created(D), Some(Save), &[]), FIRST)
        .not_saved(2500, Some(Save), &[])
        .not_saved(2500, None, &[])
        .wake(3500, Some(Save), &[])
        .not_saved(3500, None, &[]);
}

#[test]
fn a_close_that_another_process_announces_while_it_is_saved_is_not_announced_twice() {
    let closing = |press| closing_by(by_press(ALICE, press), false);
    lost(row(open(C)).on(closed_by(ALICE), Some(Save), &[]), LEAVE)
        .saved(2000, closing(press(LEAVE)), Some(Save), &[])
        .saved(2100, closing(begun(LEAVE)), None, &[read_after(LEAVE)])
        .answer(read_after(LEAVE), heard(false), None, &[])
        .wake(2350, None, &[read_after(LEAVE)])
        .answer(read_after(LEAVE), heard(true), Some(Save), &[])
        .saved(2400, closing_by(by_press(ALICE, begun(LEAVE)), true), None, &[]);
}

#[test]
fn a_close_that_another_process_announces_while_it_queues_is_not_announced_twice() {
    lost(unread().on(closed_by(ALICE), Some(Load), &[]), LEAVE)
        .loaded(2000, Some(open(C)), Some(Save), &[])
        .saved(2100, closing_until(at(7000), by_press(ALICE, begun(LEAVE)), false), None, &[read_after(LEAVE)])
        .answer(read_after(LEAVE), heard(true), Some(Save), &[]);
}

#[test]
fn a_deferral_that_is_refused_after_the_close_was_saved_announces_nothing() {
    row(open(C))
        .on(closed_by(ALICE), Some(Save), &[])
        .wake(1500, None, &[defer(begun(LEAVE))])
        .saved(1600, silent(), None, &[])
        .answer(defer(begun(LEAVE)), refused(ApiError::AlreadyAcknowledged), Some(Save), &[])
        .saved(1700, closing_by(by_press(ALICE, begun(LEAVE)), false), None, &[read_after(LEAVE)]);
}
