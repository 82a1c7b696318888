//! What cannot be saved is not done, and comes again; and the pauses between tries.

use super::durable::{Slow, row, unread};
use super::*;
use crate::lifecycle::DiskJob::{Load, Save};
use crate::lifecycle::task::pause;

#[test]
fn whoever_asked_is_told_to_try_again() {
    let told = tell(press(FIRST), Notice::TryAgain);
    let slow = row(ABSENT).on(pressed(FIRST), Some(Save), &[]).not_saved(0, None, &[told.clone()]);
    assert_eq!(slow.notes, [JournalEvent::Unsaved]);
    slow.answer(told, Outcome::Done, None, &[]).waits();
    let told = tell(press(LEAVE), Notice::TryAgain);
    row(open(C)).on(closed_by(ALICE), Some(Save), &[]).not_saved(0, None, &[told]);
    let told = reply(COMMAND, Notice::TryAgain);
    row(ABSENT).on(wants(by_command(ALICE, COMMAND)), Some(Save), &[]).not_saved(0, None, &[told]);
}

/// The channel is being made.
fn making() -> Slow {
    row(ABSENT).on(pressed(FIRST), Some(Save), &[]).saved(0, asked(), None, &[create()])
}

/// The channel was deleted, which cannot be saved.
fn deleted() -> Slow {
    row(open(C)).on(gone(C), Some(Save), &[]).not_saved(0, None, &[])
}

#[test]
fn a_channel_that_was_made_is_not_greeted_in_before_it_is_saved() {
    let created = tell(press(FIRST), Notice::Created(C));
    making()
        .answer(create(), Outcome::Created(C), Some(Save), &[])
        .not_saved(0, None, &[])
        .wake(1000, Some(Save), &[])
        .saved(1000, bound(), None, &[created, welcome(C)]);
}

#[test]
fn proof_that_the_channel_is_gone_is_not_forgotten() {
    deleted().wake(1000, Some(Save), &[]).saved(1000, ABSENT, None, &[]);
    row(announced())
        .wake(5000, None, &[delete(C)])
        .answer(delete(C), Outcome::Done, Some(Save), &[])
        .not_saved(5000, None, &[])
        .wake(6000, Some(Save), &[])
        .saved(6000, ABSENT, None, &[])
        .waits();
}

#[test]
fn nobody_is_sent_to_a_channel_that_is_known_to_be_gone() {
    let told = tell(press(FIRST), Notice::TryAgain);
    let slow = deleted().on(pressed(FIRST), None, &[told.clone()]);
    assert_eq!(slow.notes, [JournalEvent::Unsaved]);
    slow.answer(told, Outcome::Done, None, &[]).wake(1000, Some(Save), &[]).saved(1000, ABSENT, None, &[]);
}

#[test]
fn a_deferral_does_not_wait_for_the_disk() {
    making()
        .wake(1500, Some(Save), &[defer(begun(FIRST))])
        .not_saved(1600, Some(Save), &[])
        .not_saved(1600, None, &[])
        .wake(2600, Some(Save), &[])
        .saved(2600, deferred(), None, &[]);
}

#[test]
fn it_is_tried_every_second_to_save_whatever_else_is_due() {
    let told = edit(begun(LEAVE), Notice::Closing(RULES.close_delay));
    let mut slow = unread();
    assert_eq!(slow.ticket.load(slow.now).disk, Some(Load));
    slow = slow
        .loaded(4000, Some(silent()), None, &[read_after(LEAVE)])
        .answer(read_after(LEAVE), heard(false), None, &[say_closing(LEAVE)])
        .answer(say_closing(LEAVE), Outcome::Sent(M), Some(Save), &[]);
    for millis in [4000, 5000, 6000] {
        slow = slow.not_saved(millis, None, &[]).wake(millis + 1000, Some(Save), &[]);
    }
    slow.saved(7000, announced_late(7000), None, &[told]);
}

#[test]
fn without_the_row_nothing_is_decided_and_what_is_heard_is_not_lost() {
    let slow = unread().on(gone(C), Some(Load), &[]).loaded(0, None, None, &[]);
    assert!(!slow.ticket.is_idle(slow.now));
    slow.wake(1000, Some(Load), &[]).loaded(1000, Some(open(C)), None, &[]).wake(1000, Some(Save), &[]).saved(
        1000,
        ABSENT,
        None,
        &[],
    );
}

#[test]
fn an_answer_that_got_lost_is_given_again_though_nothing_can_be_saved() {
    let told = tell(press(FIRST), Notice::AlreadyOpen(C));
    let gone = |slow: Slow| slow.answer(find(C), Outcome::Unlisted, None, &[get(C)]);
    let slow = row(open(C)).on(pressed(FIRST), None, &[told.clone(), get(C)]);
    let slow = gone(slow.answer(get(C), no_channel(), None, &[find(C)])).answer(get(C), no_channel(), None, &[]);
    gone(slow.wake(3000, None, &[find(C)]))
        .answer(get(C), no_channel(), Some(Save), &[])
        .not_saved(3000, None, &[])
        .answer(told, Outcome::Indeterminate, None, &[])
        .wake(3100, None, &[edit(press(FIRST), Notice::AlreadyOpen(C))]);
}

#[test]
fn a_ticket_with_something_unsaved_is_not_let_go() {
    assert!(!deleted().ticket.is_idle(at(0)));
}

#[test]
fn pauses_double_up_to_a_limit() {
    let unknown = [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000];
    for (attempt, millis) in (0..).zip(unknown) {
        assert_eq!(pause(attempt, &Outcome::Indeterminate), Duration::from_millis(millis));
    }
    assert_eq!(pause(7, &forbidden()), Duration::from_secs(32));
    assert_eq!(pause(11, &forbidden()), Duration::from_secs(300));
    assert_eq!(pause(u32::MAX, &forbidden()), Duration::from_secs(300));
}
