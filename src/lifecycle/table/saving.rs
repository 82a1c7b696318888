//! What cannot be saved is not done, and comes again; and the pauses between tries.

use super::*;
use crate::lifecycle::{State::Absent, task::pause};

/// The event whose change the store did not take: the ticket is as it was, and these calls are made.
#[track_caller]
fn unsaved(story: Story, event: Event, calls: &[Call]) -> Story {
    let Story { mut ticket, now, .. } = story;
    let state = ticket.state().clone();
    let decision = ticket.decide(event, now);
    assert!(decision.save().is_some(), "there is nothing to save");
    let deeds = decision.not_saved(&mut ticket, now);
    assert_eq!(ticket.state(), &state);
    assert_eq!(sorted(&deeds.calls), sorted(calls));
    Story { ticket, now, notes: deeds.notes }
}

#[test]
fn whoever_asked_is_told_to_try_again() {
    let told = tell(press(FIRST), Words::TryAgain);
    unsaved(given(Absent), pressed(FIRST), &[told.clone()])
        .notes(&[Note::Unsaved])
        .answer(told, Answer::Done, Absent, &[])
        .rests();
    unsaved(given(open(C)), closed_by(ALICE), &[tell(press(LEAVE), Words::TryAgain)]);
    unsaved(given(Absent), wants(by_command(ALICE, COMMAND)), &[reply(COMMAND, Words::TryAgain)]);
}

#[test]
fn a_channel_that_was_made_is_not_greeted_in_before_it_is_saved() {
    let made = Event::Answered { call: create(), answer: Answer::Created(C) };
    let story = given(Absent).on(pressed(FIRST), asked(), &[create()]);
    unsaved(story, made, &[]).wake(1000, bound(), &[tell(press(FIRST), Words::Created(C)), welcome(C)]);
}

#[test]
fn proof_that_the_channel_is_gone_is_not_forgotten() {
    unsaved(given(open(C)), gone(C), &[]).wake(1000, Absent, &[]).rests();
    let deleting = given(announced()).wake(5000, announced(), &[delete(C)]);
    let done = Event::Answered { call: delete(C), answer: Answer::Done };
    unsaved(deleting, done, &[]).wake(6000, Absent, &[]).rests();
}

#[test]
fn nobody_is_sent_to_a_channel_that_is_known_to_be_gone() {
    let told = tell(press(FIRST), Words::TryAgain);
    unsaved(given(open(C)), gone(C), &[])
        .on(pressed(FIRST), open(C), &[told.clone()])
        .notes(&[Note::Unsaved])
        .answer(told, Answer::Done, open(C), &[])
        .wake(1000, Absent, &[])
        .rests();
}

#[test]
fn a_deferral_does_not_wait_for_the_disk() {
    let story = given(Absent).on(pressed(FIRST), asked(), &[create()]);
    unsaved(story.at(1500), Event::Woke, &[defer(begun(FIRST))]).wake(2500, deferred(), &[]);
}

#[test]
fn it_is_tried_every_second_to_save_whatever_else_is_due() {
    let done = Event::Answered { call: say_closing(LEAVE), answer: Answer::Sent(M) };
    let story = given_at(4000, silent()).answer(read_after(LEAVE), heard(false), silent(), &[say_closing(LEAVE)]);
    let story = unsaved(story, done, &[]).at(5000);
    let story = unsaved(story, Event::Woke, &[]).at(6000);
    let told = edit(begun(LEAVE), Words::Closing(RULES.close_delay));
    unsaved(story, Event::Woke, &[]).wake(7000, announced_late(7000), &[told]).notes(&[Note::Announced]);
}

#[test]
fn without_the_row_nothing_is_decided_and_whoever_asks_is_told() {
    let told = tell(press(FIRST), Words::TryAgain);
    let mut story = Story { ticket: Ticket::unread(OWNER, RULES), now: at(0), notes: Vec::new() }
        .on(pressed(FIRST), Absent, &[told.clone()])
        .answer(told.clone(), Answer::Unknown, Absent, &[])
        .wake(100, Absent, &[told.clone()])
        .answer(told, Answer::Done, Absent, &[])
        .on(gone(C), Absent, &[]);
    assert!(!story.ticket.is_idle());
    // It can be read after all, and what was heard meanwhile is not lost.
    story.ticket.read(open(C), None);
    story.at(5000).on(Event::Restored, open(C), &[]).at(5000).on(Event::Woke, Absent, &[]).rests();
}

#[test]
fn an_answer_that_got_lost_is_given_again_though_nothing_can_be_saved() {
    let told = tell(press(FIRST), Words::AlreadyOpen(C));
    let story = given(open(C)).on(pressed(FIRST), open(C), &[told.clone(), get(C)]).lost(get(C)).still_lost(&[]);
    let story = unsaved(story, Event::Answered { call: get(C), answer: no_channel() }, &[]);
    let lost = story.answer(told.clone(), Answer::Unknown, open(C), &[]).at(4000);
    unsaved(lost, Event::Woke, &[edit(press(FIRST), Words::AlreadyOpen(C))]);
}

#[test]
fn a_ticket_with_something_unsaved_is_not_let_go() {
    let story = unsaved(given(open(C)), gone(C), &[]);
    assert!(!story.ticket.is_idle());
}

#[test]
fn pauses_double_up_to_a_limit() {
    let unknown = [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000];
    for (attempt, millis) in (0..).zip(unknown) {
        assert_eq!(pause(attempt, &Answer::Unknown), Duration::from_millis(millis));
    }
    assert_eq!(pause(7, &forbidden()), Duration::from_secs(32));
    assert_eq!(pause(11, &forbidden()), Duration::from_secs(300));
    assert_eq!(pause(u32::MAX, &forbidden()), Duration::from_secs(300));
}
