//! Discord's long rate limits: people are told until when, and nothing happens behind their backs.

use super::*;
use crate::lifecycle::reply::{Reply, Role};

const WAIT: Duration = Duration::from_secs(960);

fn limited() -> Outcome {
    Outcome::Limited { wait: WAIT }
}

/// The end of a limit that is met so many milliseconds after the press.
fn end(millis: u64) -> SystemTime {
    at(millis) + WAIT
}

/// The support presses the ticket's button so many milliseconds after Alice's press.
fn closed_again_at(millis: u64) -> Event {
    leaves(C, Requester { at: at(millis), ..by_press(SAM, press(LEAVE_AGAIN)) }, true)
}

/// The channel's end is put off.
fn kept(until: SystemTime) -> Document {
    closing_until(until, by_press(ALICE, press(LEAVE)), true)
}

#[test]
fn an_opening_that_is_held_up_is_refused_with_the_time() {
    let later = Notice::OpenLater(end(0));
    let (told, told_second) = (tell(press(FIRST), later.clone()), tell(press(SECOND), later.clone()));
    given(ABSENT)
        .on(pressed(FIRST), asked(), &[create()])
        .on(pressed(SECOND), asked(), &[])
        .answer(create(), limited(), refusing(later.clone()), &[told.clone(), told_second.clone()])
        .notes(&[JournalEvent::Refused { why: Reason::Limited { wait: WAIT } }])
        .answer(told_second, Outcome::Done, refusing(later), &[])
        .answer(told, Outcome::Done, ABSENT, &[])
        .rests();
}

#[test]
fn whoever_was_asked_to_wait_is_told_in_place_of_the_deferral() {
    let later = Notice::OpenLater(end(4000));
    let told = edit(begun(FIRST), later.clone());
    let refusing = refusing_to(by_press(ALICE, begun(FIRST)), later);
    given(ABSENT)
        .on(pressed(FIRST), asked(), &[create()])
        .wake(1500, deferred(), &[defer(begun(FIRST))])
        .answer(defer(begun(FIRST)), Outcome::Done, deferred(), &[])
        .at(4000)
        .answer(create(), limited(), refusing, &[told.clone()])
        .answer(told, Outcome::Done, ABSENT, &[])
        .rests();
}

#[test]
fn an_opening_that_has_to_look_first_is_refused_too() {
    let later = Notice::OpenLater(end(0));
    let told = tell(press(FIRST), later.clone());
    let unseen = Event::Open { requester: by_press(ALICE, press(FIRST)), name: "alice".into(), unseen: true };
    let looking = || given(ABSENT).on(unseen.clone(), asked(), &[list()]);
    looking().answer(list(), limited(), refusing(later.clone()), &[told.clone()]);

    // What may be Alice's from before cannot be looked into: until it is, no other channel is made for her.
    let again = tell(press(SECOND), later.clone());
    looking()
        .answer(list(), Outcome::Channels(vec![unmarked(OLD)]), asked(), &[read(OLD)])
        .answer(read(OLD), limited(), refusing(later.clone()), &[told.clone()])
        .answer(told, Outcome::Done, ABSENT, &[])
        .on(pressed(SECOND), refusing_to(by_press(ALICE, press(SECOND)), later), &[again.clone()])
        .answer(again, Outcome::Done, ABSENT, &[])
        .wake(960_000, ABSENT, &[read(OLD)])
        .answer(read(OLD), seen(true, true), open(OLD), &[])
        .rests();
}

#[test]
fn a_deletion_that_is_held_up_is_told_once_and_done_at_the_end_of_the_limit() {
    let said = say(Notice::CloseLater(end(5000)), LEAVE);
    let again = tell(press(LEAVE_AGAIN), Notice::CloseLater(end(5000)));
    given(announced())
        .wake(5000, announced(), &[delete(C)])
        .answer(delete(C), limited(), kept(end(5000)), &[said.clone()])
        .notes(&[JournalEvent::Kept { wait: WAIT }])
        .answer(said, Outcome::Sent(M), kept(end(5000)), &[])
        .on(closed_again_at(5000), kept(end(5000)), &[again.clone()])
        .answer(again, Outcome::Done, kept(end(5000)), &[])
        .wake(900_000, spent(kept(end(5000))), &[])
        .wake(965_000, spent(kept(end(5000))), &[delete(C)])
        .answer(delete(C), limited(), spent(kept(end(965_000))), &[])
        .wake(1_925_000, spent(kept(end(965_000))), &[delete(C)])
        .answer(delete(C), Outcome::Done, ABSENT, &[])
        .rests();
}

#[test]
fn what_cannot_be_said_in_the_channel_is_not_said_when_it_is_too_late() {
    let said = say(Notice::CloseLater(end(5000)), LEAVE);
    given(announced())
        .wake(5000, announced(), &[delete(C)])
        .answer(delete(C), limited(), kept(end(5000)), &[said.clone()])
        .answer(said, limited(), kept(end(5000)), &[])
        .wake(900_000, spent(kept(end(5000))), &[])
        .wake(965_000, spent(kept(end(5000))), &[delete(C)]);
}

#[test]
fn a_restart_neither_forgets_the_end_of_the_limit_nor_tells_it_again() {
    let again = tell(press(LEAVE_AGAIN), Notice::CloseLater(end(5000)));
    restored(9000, kept(end(5000)), &[])
        .on(closed_again_at(9000), kept(end(5000)), &[again.clone()])
        .answer(again, Outcome::Done, kept(end(5000)), &[])
        .wake(900_000, spent(kept(end(5000))), &[])
        .wake(965_000, spent(kept(end(5000))), &[delete(C)]);
}

#[test]
fn an_announcement_that_is_held_up_is_made_later_and_whoever_asks_is_told() {
    let requester = by_command(ALICE, COMMAND);
    let silent = closing_by(requester.clone(), false);
    let again = tell(press(LEAVE_AGAIN), Notice::CloseLater(end(0)));
    given(open(C))
        .on(leaves(C, requester, false), silent.clone(), &[say_closing(COMMAND)])
        .answer(say_closing(COMMAND), limited(), silent.clone(), &[])
        .on(leaves(C, by_press(SAM, press(LEAVE_AGAIN)), true), silent.clone(), &[again.clone()])
        .answer(again, Outcome::Done, silent.clone(), &[])
        .wake(960_000, silent.clone(), &[read_after(COMMAND)])
        .answer(read_after(COMMAND), heard(false), silent, &[say_closing(COMMAND)]);
}

#[test]
fn a_command_does_not_wait_to_hear_of_the_ticket_there_is() {
    let told = reply(COMMAND, Notice::AlreadyOpen(C));
    let asks = || wants(by_command(ALICE, COMMAND));
    given(open(C)).on(asks(), open(C), &[get(C)]).answer(get(C), limited(), open(C), &[told.clone()]);
    // A list came without the channel: that is looked into all the same.
    given(open(C))
        .on(asks(), open(C), &[get(C)])
        .on(missing(C), open(C), &[])
        .answer(get(C), limited(), open(C), &[told.clone()])
        .answer(told, Outcome::Sent(M), open(C), &[])
        .at(10_000)
        .on(Event::TimerFired, open(C), &[])
        .wake(960_000, open(C), &[get(C)])
        .lost(get(C))
        .still_lost(&[])
        .answer(get(C), no_channel(), ABSENT, &[])
        .rests();
}

#[test]
fn an_answer_that_must_be_looked_for_is_looked_for_at_the_end_of_the_limit() {
    let mut reply = Reply::restored(by_command(ALICE, COMMAND), Role::Bystander);
    assert_eq!(reply.tell(Notice::NoRights, at(0)), Some(look_for_reply(COMMAND)));
    assert_eq!(reply.hear(&look_for_reply(COMMAND), &limited(), at(0)), Some(None));
    assert_eq!(reply.deadline(), Some(end(0)));
    assert_eq!(reply.wake(end(0)), Some(look_for_reply(COMMAND)));
}
