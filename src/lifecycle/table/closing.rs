//! From the wish to close to the channel's end.

use super::*;
use crate::lifecycle::Permission;

/// Alice has closed her ticket by the button, and it is being announced.
fn leaving() -> Story {
    given(open(C)).on(closed_by(ALICE), silent(), &[announce(press(LEAVE))])
}

/// The press did not take the announcement: it is said in the channel.
fn refusing_press() -> Document {
    closing_by(by_press(ALICE, begun(LEAVE)), false)
}

#[test]
fn a_close_by_who_may_in_every_state() {
    let support = closing_by(by_press(SAM, press(LEAVE)), false);
    check(open(C), closed_by(ALICE), silent(), &[announce(press(LEAVE))]);
    check(open(C), closed_by_support(), support.clone(), &[announce(press(LEAVE))]);
    check(bound(), closed_by(ALICE), too_early(silent()), &[announce(press(LEAVE))]);
    check(bound(), closed_by_support(), too_early(support), &[announce(press(LEAVE))]);
    for closing in [silent(), announced()] {
        let again = leaves(C, by_press(ALICE, press(LEAVE_AGAIN)), false);
        check(closing.clone(), again, closing.clone(), &[tell(press(LEAVE_AGAIN), Notice::AlreadyClosing)]);
        let again = leaves(C, by_press(SAM, press(LEAVE_AGAIN)), true);
        check(closing.clone(), again, closing, &[tell(press(LEAVE_AGAIN), Notice::AlreadyClosing)]);
    }
    for nowhere in [ABSENT, asked()] {
        check(nowhere.clone(), closed_by(ALICE), nowhere, &[tell(press(LEAVE), Notice::NotATicket)]);
    }
}

#[test]
fn a_close_by_a_stranger_is_turned_down_in_every_state() {
    for state in [bound(), open(C), silent(), announced()] {
        check(state.clone(), closed_by(BOB), state.clone(), &[tell(press(LEAVE), Notice::NoRights)]);
        let said = leaves(C, by_command(BOB, COMMAND), false);
        check(state.clone(), said, state, &[reply(COMMAND, Notice::NoRights)]);
    }
}

#[test]
fn a_close_in_another_channel_is_no_close() {
    for state in [ABSENT, asked(), bound(), open(C), silent(), announced()] {
        let there = leaves(D, by_press(ALICE, press(LEAVE)), false);
        check(state.clone(), there, state.clone(), &[tell(press(LEAVE), Notice::NotATicket)]);
        let there = leaves(D, by_command(SAM, COMMAND), true);
        check(state.clone(), there, state, &[reply(COMMAND, Notice::NotATicket)]);
    }
}

#[test]
fn a_close_by_command_is_announced_by_a_message() {
    let requester = by_command(ALICE, COMMAND);
    let (before, after) = (closing_by(requester.clone(), false), closing_by(requester.clone(), true));
    given(open(C))
        .on(leaves(C, requester, false), before, &[say_closing(COMMAND)])
        .answer(say_closing(COMMAND), Outcome::Sent(M), after.clone(), &[])
        .wake(5000, after, &[delete(C)])
        .answer(delete(C), Outcome::Done, ABSENT, &[])
        .rests();
}

#[test]
fn announced_then_deleted_at_the_due_time() {
    leaving()
        .notes(&[JournalEvent::CloseAsked { by: ALICE, way: Source::Button }])
        .at(300)
        .answer(announce(press(LEAVE)), Outcome::Done, announced(), &[])
        .notes(&[JournalEvent::Announced])
        .wake(5000, announced(), &[delete(C)])
        .answer(delete(C), Outcome::Done, ABSENT, &[])
        .notes(&[JournalEvent::Closed { channel: C }])
        .rests();
}

#[test]
fn a_second_close_later_does_not_begin_the_countdown_anew() {
    let again = |requester: Requester| leaves(C, requester, true);
    let twice = |requester: Requester, answer: Request| {
        leaving()
            .at(300)
            .answer(announce(press(LEAVE)), Outcome::Done, announced(), &[])
            .at(3300)
            .on(again(requester), announced(), &[answer.clone()])
            .answer(answer, Outcome::Done, announced(), &[])
            .wake(5000, announced(), &[delete(C)])
    };
    let pressed = Requester { at: at(3300), ..by_press(SAM, press(LEAVE_AGAIN)) };
    twice(pressed, tell(press(LEAVE_AGAIN), Notice::AlreadyClosing));
    let written = Requester { at: at(3300), ..by_command(SAM, LEAVE_AGAIN) };
    twice(written, reply(LEAVE_AGAIN, Notice::AlreadyClosing));
    // Also where the announcement is still on its way.
    let requester = Requester { at: at(900), ..by_press(SAM, press(LEAVE_AGAIN)) };
    let answer = tell(press(LEAVE_AGAIN), Notice::AlreadyClosing);
    leaving()
        .at(900)
        .on(again(requester), silent(), &[answer.clone()])
        .answer(answer, Outcome::Done, silent(), &[])
        .answer(announce(press(LEAVE)), Outcome::Done, announced(), &[])
        .wake(5000, announced(), &[delete(C)]);
}

#[test]
fn nothing_is_deleted_before_it_was_announced() {
    leaving().at(60_000).on(Event::TimerFired, silent(), &[]);
}

#[test]
fn whoever_is_told_late_has_as_long_as_they_are_told() {
    leaving().at(4000).answer(announce(press(LEAVE)), Outcome::Done, announced_late(4000), &[]).wake(
        9000,
        announced_late(4000),
        &[delete(C)],
    );
    // What was said before a restart counts from when it was said, whatever Discord's clock says.
    let said = |millis| Outcome::Read { welcome: false, announcement: Some(at(millis)), replied: false, others: true };
    let look = || restored(8000, silent(), &[read_after(LEAVE)]);
    look().answer(read_after(LEAVE), said(100), announced(), &[delete(C)]);
    look().answer(read_after(LEAVE), said(6000), announced_late(6000), &[]);
    look().answer(read_after(LEAVE), said(3_600_000), announced_late(8000), &[]);
}

#[test]
fn a_clock_that_was_set_back_makes_nobody_wait() {
    let early = SystemTime::UNIX_EPOCH;
    let mut ticket = Ticket::new(OWNER, RULES, announced());
    ticket.handle(Event::Loaded, early);
    assert_eq!(ticket.deadline(), Some(early + RULES.close_delay));
}

#[test]
fn a_press_that_does_not_take_the_announcement_leads_to_a_message() {
    for refusal in [ApiError::InteractionGone, ApiError::Other { status: 400, code: 0 }] {
        leaving()
            .answer(announce(press(LEAVE)), refused(refusal), refusing_press(), &[read_after(LEAVE)])
            .answer(read_after(LEAVE), heard(false), refusing_press(), &[say_closing(LEAVE)])
            .answer(say_closing(LEAVE), Outcome::Sent(M), closing_by(by_press(ALICE, begun(LEAVE)), true), &[]);
    }
}

#[test]
fn a_lost_announcement_is_repeated_while_the_press_takes_it() {
    let lost = || {
        leaving().answer(announce(press(LEAVE)), Outcome::Indeterminate, silent(), &[]).wake(
            100,
            silent(),
            &[announce(press(LEAVE))],
        )
    };
    lost().answer(announce(press(LEAVE)), Outcome::Done, announced(), &[]);
    // It had arrived the first time.
    lost().answer(announce(press(LEAVE)), refused(ApiError::AlreadyAcknowledged), announced(), &[]);
}

#[test]
fn an_announcement_lost_for_too_long_is_looked_for() {
    leaving()
        .at(2990)
        .answer(announce(press(LEAVE)), Outcome::Indeterminate, silent(), &[])
        .wake(3090, refusing_press(), &[read_after(LEAVE)])
        .answer(read_after(LEAVE), heard(true), closing_by(by_press(ALICE, begun(LEAVE)), true), &[]);
}

#[test]
fn a_lost_message_is_looked_for_before_it_is_said_again() {
    let requester = by_command(ALICE, COMMAND);
    let (before, after) = (closing_by(requester.clone(), false), closing_by(requester.clone(), true));
    let lost = || {
        given(open(C))
            .on(leaves(C, requester.clone(), false), before.clone(), &[say_closing(COMMAND)])
            .answer(say_closing(COMMAND), Outcome::Indeterminate, before.clone(), &[])
            .wake(250, before.clone(), &[read_after(COMMAND)])
    };
    lost().answer(read_after(COMMAND), heard(true), after.clone(), &[]);
    lost().answer(read_after(COMMAND), heard(false), before.clone(), &[say_closing(COMMAND)]);
    lost().answer(read_after(COMMAND), Outcome::Indeterminate, before.clone(), &[]).wake(
        750,
        before.clone(),
        &[read_after(COMMAND)],
    );
    lost()
        .lost(read_after(COMMAND))
        .still_lost(&[read_after(COMMAND)])
        .answer(get(C), no_channel(), ABSENT, &[])
        .rests();
}

#[test]
fn a_close_that_may_not_be_announced_is_taken_back() {
    let requester = by_command(ALICE, COMMAND);
    given(open(C))
        .on(leaves(C, requester.clone(), false), closing_by(requester, false), &[say_closing(COMMAND)])
        .answer(say_closing(COMMAND), forbidden(), open(C), &[])
        .notes(&[JournalEvent::Reopened { why: Reason::Refused(ApiError::Forbidden(Vec::new())) }])
        .rests();
}

#[test]
fn a_deletion_is_repeated_until_the_channel_is_gone() {
    let deleting = || given(announced()).wake(5000, announced(), &[delete(C)]);
    deleting()
        .lost(delete(C))
        .still_lost(&[delete(C)])
        .answer(get(C), no_channel(), ABSENT, &[])
        .notes(&[JournalEvent::Closed { channel: C }])
        .rests();
    // It is there after all.
    deleting()
        .answer(delete(C), no_channel(), announced(), &[find(C)])
        .answer(find(C), Outcome::Done, announced(), &[])
        .wake(5250, announced(), &[delete(C)])
        .answer(delete(C), Outcome::Done, ABSENT, &[])
        .rests();
    deleting()
        .on(gone(C), ABSENT, &[])
        .notes(&[JournalEvent::Closed { channel: C }])
        .answer(delete(C), Outcome::Done, ABSENT, &[])
        .rests();
    deleting()
        .answer(delete(C), Outcome::Indeterminate, announced(), &[])
        .wake(5250, announced(), &[delete(C)])
        .answer(delete(C), Outcome::Indeterminate, announced(), &[])
        .wake(5750, announced(), &[delete(C)])
        .answer(delete(C), Outcome::Done, ABSENT, &[])
        .rests();
}

#[test]
fn a_deletion_forbidden_for_a_minute_gives_the_ticket_back_and_says_so() {
    let rights = vec![Permission::ManageChannels];
    let no = || refused(ApiError::Forbidden(vec![Permission::ManageChannels]));
    let failed = say(Notice::CloseFailed(rights.clone()), LEAVE);
    let unsaid = || {
        let (words, closer) = (Notice::CloseFailed(rights.clone()), by_press(ALICE, press(LEAVE)));
        Document { outbox: vec![Effect::EnsureMessage(Message::CloseFailure { words, closer })], ..open(C) }
    };
    let mut story = given(announced()).wake(5000, announced(), &[delete(C)]);
    let mut time = 5000;
    for pause in [250, 500, 1000, 2000, 4000, 8000, 16_000, 32_000] {
        time += pause;
        story = story.answer(delete(C), no(), announced(), &[]).wake(time, announced(), &[delete(C)]);
    }
    let given_back = || {
        let mut story = given(announced()).wake(5000, announced(), &[delete(C)]);
        story = story.at(65_000).answer(delete(C), no(), unsaid(), &[failed.clone()]);
        story
    };
    story
        .answer(delete(C), no(), unsaid(), &[failed.clone()])
        .answer(failed.clone(), Outcome::Sent(M), open(C), &[])
        .rests();
    // It is worth a few tries, and no more.
    given_back().answer(
        failed.clone(),
        forbidden(),
        unsaid(),
        &[edit(begun(LEAVE), Notice::CloseFailed(vec![Permission::ManageChannels]))],
    );
    given_back().answer(failed.clone(), Outcome::Indeterminate, unsaid(), &[]).wake(
        65_250,
        unsaid(),
        &[failed.clone()],
    );
    // And it can be closed again, which is a closing of its own.
    let again = by_command(SAM, COMMAND);
    let requester = again.clone();
    let closing = closing_until(at(70_000), requester, false);
    given_back().answer(failed, Outcome::Sent(M), open(C), &[]).on(
        leaves(C, again, true),
        closing,
        &[say_closing(COMMAND)],
    );
}

#[test]
fn a_closing_is_taken_up_from_its_row() {
    restored(1000, silent(), &[read_after(LEAVE)]).answer(read_after(LEAVE), heard(true), announced(), &[]).wake(
        5000,
        announced(),
        &[delete(C)],
    );
    // The press still takes the announcement, or it does not.
    restored(1000, silent(), &[read_after(LEAVE)]).answer(
        read_after(LEAVE),
        heard(false),
        silent(),
        &[announce(press(LEAVE))],
    );
    restored(3000, silent(), &[read_after(LEAVE)]).answer(
        read_after(LEAVE),
        heard(false),
        silent(),
        &[say_closing(LEAVE)],
    );
    // What fell due is due at once, what is pending keeps its time.
    restored(1000, announced(), &[]).wake(5000, announced(), &[delete(C)]);
    restored(9000, announced(), &[delete(C)]);
}

#[test]
fn closed_while_it_is_being_opened() {
    let told = tell(press(FIRST), Notice::Created(C));
    let (silent, announced) = (too_early(silent()), too_early(announced()));
    let closing = || {
        given(bound())
            .on(closed_by(ALICE), silent.clone(), &[announce(press(LEAVE))])
            .answer(read(C), seen(false, false), silent.clone(), &[])
            .answer(announce(press(LEAVE)), Outcome::Done, announced.clone(), &[])
    };
    closing()
        .answer(told.clone(), Outcome::Done, announced.clone(), &[])
        .wake(5000, announced.clone(), &[delete(C)])
        .answer(delete(C), Outcome::Done, ABSENT, &[])
        .rests();
    // Who opened it is told that it was made, and not that it disappeared.
    closing()
        .wake(5000, announced, &[delete(C)])
        .answer(delete(C), Outcome::Done, ABSENT, &[])
        .answer(told, Outcome::Done, ABSENT, &[])
        .rests();
}

#[test]
fn a_close_that_is_taken_back_owes_the_welcome_still() {
    let told = tell(press(FIRST), Notice::Created(C));
    let requester = by_command(SAM, COMMAND);
    let closing = too_early(closing_by(requester.clone(), false));
    let taken_back = || {
        given(bound()).answer(told.clone(), Outcome::Done, bound(), &[]).on(
            leaves(C, requester.clone(), true),
            closing.clone(),
            &[say_closing(COMMAND)],
        )
    };
    // The welcome is looked for still.
    taken_back()
        .answer(say_closing(COMMAND), forbidden(), bound(), &[])
        .answer(read(C), seen(false, true), bound(), &[welcome(C)])
        .answer(welcome(C), Outcome::Sent(M), open(C), &[])
        .rests();
    // It was looked for during the closing, in which nobody is welcomed.
    taken_back()
        .answer(read(C), seen(false, true), closing.clone(), &[])
        .answer(say_closing(COMMAND), forbidden(), bound(), &[read(C)])
        .answer(read(C), seen(true, true), open(C), &[])
        .rests();
    // It was forgotten in a restart, which also tells Alice once more of her ticket.
    let told = tell(press(FIRST), Notice::Created(C));
    restored(1000, closing, &[read_after(COMMAND), told])
        .answer(
            read_after(COMMAND),
            heard(false),
            too_early(closing_by(requester.clone(), false)),
            &[say_closing(COMMAND)],
        )
        .answer(say_closing(COMMAND), forbidden(), bound(), &[read(C)])
        .answer(read(C), seen(false, true), bound(), &[welcome(C)]);
}

/// Somebody closes by a command, and says it again and again.
#[test]
fn who_repeats_a_close_is_told_once_that_it_is_closing() {
    let again = |number| leaves(C, Requester { repeated: true, ..by_command(ALICE, number) }, false);
    let (first, second, third) = (by_command(ALICE, COMMAND), again(LEAVE), again(LEAVE_AGAIN));
    given(open(C))
        .on(leaves(C, first.clone(), false), closing_by(first.clone(), false), &[say_closing(COMMAND)])
        .on(second, closing_by(first.clone(), false), &[reply(LEAVE, Notice::AlreadyClosing)])
        .on(third, closing_by(first, false), &[]);
}
