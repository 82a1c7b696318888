//! From the wish to close to the channel's end.

use super::*;
use crate::lifecycle::Right;

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
        check(closing.clone(), again, closing.clone(), &[tell(press(LEAVE_AGAIN), Words::AlreadyClosing)]);
        let again = leaves(C, by_press(SAM, press(LEAVE_AGAIN)), true);
        check(closing.clone(), again, closing, &[tell(press(LEAVE_AGAIN), Words::AlreadyClosing)]);
    }
    for nowhere in [ABSENT, asked()] {
        check(nowhere.clone(), closed_by(ALICE), nowhere, &[tell(press(LEAVE), Words::NotATicket)]);
    }
}

#[test]
fn a_close_by_a_stranger_is_turned_down_in_every_state() {
    for state in [bound(), open(C), silent(), announced()] {
        check(state.clone(), closed_by(BOB), state.clone(), &[tell(press(LEAVE), Words::NoRights)]);
        let said = leaves(C, by_command(BOB, COMMAND), false);
        check(state.clone(), said, state, &[reply(COMMAND, Words::NoRights)]);
    }
}

#[test]
fn a_close_in_another_channel_is_no_close() {
    for state in [ABSENT, asked(), bound(), open(C), silent(), announced()] {
        let there = leaves(D, by_press(ALICE, press(LEAVE)), false);
        check(state.clone(), there, state.clone(), &[tell(press(LEAVE), Words::NotATicket)]);
        let there = leaves(D, by_command(SAM, COMMAND), true);
        check(state.clone(), there, state, &[reply(COMMAND, Words::NotATicket)]);
    }
}

#[test]
fn a_close_by_command_is_announced_by_a_message() {
    let asker = by_command(ALICE, COMMAND);
    let (before, after) = (closing_by(asker.clone(), false), closing_by(asker.clone(), true));
    given(open(C))
        .on(leaves(C, asker, false), before, &[say_closing(COMMAND)])
        .answer(say_closing(COMMAND), Answer::Sent(M), after.clone(), &[])
        .wake(5000, after, &[delete(C)])
        .answer(delete(C), Answer::Done, ABSENT, &[])
        .rests();
}

#[test]
fn announced_then_deleted_at_the_due_time() {
    leaving()
        .notes(&[Note::CloseAsked { by: ALICE, way: Way::Button }])
        .at(300)
        .answer(announce(press(LEAVE)), Answer::Done, announced(), &[])
        .notes(&[Note::Announced])
        .wake(5000, announced(), &[delete(C)])
        .answer(delete(C), Answer::Done, ABSENT, &[])
        .notes(&[Note::Closed { channel: C }])
        .rests();
}

#[test]
fn a_second_close_later_does_not_begin_the_countdown_anew() {
    let again = |asker: Asker| leaves(C, asker, true);
    let twice = |asker: Asker, answer: Call| {
        leaving()
            .at(300)
            .answer(announce(press(LEAVE)), Answer::Done, announced(), &[])
            .at(3300)
            .on(again(asker), announced(), &[answer.clone()])
            .answer(answer, Answer::Done, announced(), &[])
            .wake(5000, announced(), &[delete(C)])
    };
    let pressed = Asker { at: at(3300), ..by_press(SAM, press(LEAVE_AGAIN)) };
    twice(pressed, tell(press(LEAVE_AGAIN), Words::AlreadyClosing));
    let written = Asker { at: at(3300), ..by_command(SAM, LEAVE_AGAIN) };
    twice(written, reply(LEAVE_AGAIN, Words::AlreadyClosing));
    // Also where the announcement is still on its way.
    let asker = Asker { at: at(900), ..by_press(SAM, press(LEAVE_AGAIN)) };
    let answer = tell(press(LEAVE_AGAIN), Words::AlreadyClosing);
    leaving()
        .at(900)
        .on(again(asker), silent(), &[answer.clone()])
        .answer(answer, Answer::Done, silent(), &[])
        .answer(announce(press(LEAVE)), Answer::Done, announced(), &[])
        .wake(5000, announced(), &[delete(C)]);
}

#[test]
fn nothing_is_deleted_before_it_was_announced() {
    leaving().at(60_000).on(Event::Woke, silent(), &[]);
}

#[test]
fn whoever_is_told_late_has_as_long_as_they_are_told() {
    leaving().at(4000).answer(announce(press(LEAVE)), Answer::Done, announced_late(4000), &[]).wake(
        9000,
        announced_late(4000),
        &[delete(C)],
    );
    // What was said before a restart counts from when it was said, whatever Discord's clock says.
    let said = |millis| Answer::Read { welcome: false, announcement: Some(at(millis)), replied: false, others: true };
    let look = || restored(8000, silent(), &[read_after(LEAVE)]);
    look().answer(read_after(LEAVE), said(100), announced(), &[delete(C)]);
    look().answer(read_after(LEAVE), said(6000), announced_late(6000), &[]);
    look().answer(read_after(LEAVE), said(3_600_000), announced_late(8000), &[]);
}

#[test]
fn a_clock_that_was_set_back_makes_nobody_wait() {
    let early = SystemTime::UNIX_EPOCH;
    let mut ticket = Ticket::new(OWNER, RULES, announced());
    ticket.handle(Event::Restored, early);
    assert_eq!(ticket.deadline(), Some(early + RULES.close_delay));
}

#[test]
fn a_press_that_does_not_take_the_announcement_leads_to_a_message() {
    for refusal in [Refusal::InteractionGone, Refusal::Other { status: 400, code: 0 }] {
        leaving()
            .answer(announce(press(LEAVE)), refused(refusal), refusing_press(), &[read_after(LEAVE)])
            .answer(read_after(LEAVE), heard(false), refusing_press(), &[say_closing(LEAVE)])
            .answer(say_closing(LEAVE), Answer::Sent(M), closing_by(by_press(ALICE, begun(LEAVE)), true), &[]);
    }
}

#[test]
fn a_lost_announcement_is_repeated_while_the_press_takes_it() {
    let lost = || {
        leaving().answer(announce(press(LEAVE)), Answer::Unknown, silent(), &[]).wake(
            100,
            silent(),
            &[announce(press(LEAVE))],
        )
    };
    lost().answer(announce(press(LEAVE)), Answer::Done, announced(), &[]);
    // It had arrived the first time.
    lost().answer(announce(press(LEAVE)), refused(Refusal::AlreadyAcknowledged), announced(), &[]);
}

#[test]
fn an_announcement_lost_for_too_long_is_looked_for() {
    leaving()
        .at(2990)
        .answer(announce(press(LEAVE)), Answer::Unknown, silent(), &[])
        .wake(3090, refusing_press(), &[read_after(LEAVE)])
        .answer(read_after(LEAVE), heard(true), closing_by(by_press(ALICE, begun(LEAVE)), true), &[]);
}

#[test]
fn a_lost_message_is_looked_for_before_it_is_said_again() {
    let asker = by_command(ALICE, COMMAND);
    let (before, after) = (closing_by(asker.clone(), false), closing_by(asker.clone(), true));
    let lost = || {
        given(open(C))
            .on(leaves(C, asker.clone(), false), before.clone(), &[say_closing(COMMAND)])
            .answer(say_closing(COMMAND), Answer::Unknown, before.clone(), &[])
            .wake(250, before.clone(), &[read_after(COMMAND)])
    };
    lost().answer(read_after(COMMAND), heard(true), after.clone(), &[]);
    lost().answer(read_after(COMMAND), heard(false), before.clone(), &[say_closing(COMMAND)]);
    lost().answer(read_after(COMMAND), Answer::Unknown, before.clone(), &[]).wake(
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
    let asker = by_command(ALICE, COMMAND);
    given(open(C))
        .on(leaves(C, asker.clone(), false), closing_by(asker, false), &[say_closing(COMMAND)])
        .answer(say_closing(COMMAND), forbidden(), open(C), &[])
        .notes(&[Note::Reopened { why: Why::Refused(Refusal::Forbidden(Vec::new())) }])
        .rests();
}

#[test]
fn a_deletion_is_repeated_until_the_channel_is_gone() {
    let deleting = || given(announced()).wake(5000, announced(), &[delete(C)]);
    deleting()
        .lost(delete(C))
        .still_lost(&[delete(C)])
        .answer(get(C), no_channel(), ABSENT, &[])
        .notes(&[Note::Closed { channel: C }])
        .rests();
    // It is there after all.
    deleting()
        .answer(delete(C), no_channel(), announced(), &[find(C)])
        .answer(find(C), Answer::Done, announced(), &[])
        .wake(5250, announced(), &[delete(C)])
        .answer(delete(C), Answer::Done, ABSENT, &[])
        .rests();
    deleting()
        .on(gone(C), ABSENT, &[])
        .notes(&[Note::Closed { channel: C }])
        .answer(delete(C), Answer::Done, ABSENT, &[])
        .rests();
    deleting()
        .answer(delete(C), Answer::Unknown, announced(), &[])
        .wake(5250, announced(), &[delete(C)])
        .answer(delete(C), Answer::Unknown, announced(), &[])
        .wake(5750, announced(), &[delete(C)])
        .answer(delete(C), Answer::Done, ABSENT, &[])
        .rests();
}

#[test]
fn a_deletion_forbidden_for_a_minute_gives_the_ticket_back_and_says_so() {
    let rights = vec![Right::ManageChannels];
    let no = || refused(Refusal::Forbidden(vec![Right::ManageChannels]));
    let failed = say(Words::CloseFailed(rights.clone()), LEAVE);
    let unsaid = || {
        let (words, closer) = (Words::CloseFailed(rights.clone()), by_press(ALICE, press(LEAVE)));
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
        .answer(failed.clone(), Answer::Sent(M), open(C), &[])
        .rests();
    // It is worth a few tries, and no more.
    given_back().answer(
        failed.clone(),
        forbidden(),
        unsaid(),
        &[edit(begun(LEAVE), Words::CloseFailed(vec![Right::ManageChannels]))],
    );
    given_back().answer(failed.clone(), Answer::Unknown, unsaid(), &[]).wake(65_250, unsaid(), &[failed.clone()]);
    // And it can be closed again, which is a closing of its own.
    let again = by_command(SAM, COMMAND);
    let asker = again.clone();
    let closing = closing_until(at(70_000), asker, false);
    given_back().answer(failed, Answer::Sent(M), open(C), &[]).on(
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
    let told = tell(press(FIRST), Words::Created(C));
    let (silent, announced) = (too_early(silent()), too_early(announced()));
    let closing = || {
        given(bound())
            .on(closed_by(ALICE), silent.clone(), &[announce(press(LEAVE))])
            .answer(read(C), seen(false, false), silent.clone(), &[])
            .answer(announce(press(LEAVE)), Answer::Done, announced.clone(), &[])
    };
    closing()
        .answer(told.clone(), Answer::Done, announced.clone(), &[])
        .wake(5000, announced.clone(), &[delete(C)])
        .answer(delete(C), Answer::Done, ABSENT, &[])
        .rests();
    // Who opened it is told that it was made, and not that it disappeared.
    closing()
        .wake(5000, announced, &[delete(C)])
        .answer(delete(C), Answer::Done, ABSENT, &[])
        .answer(told, Answer::Done, ABSENT, &[])
        .rests();
}

#[test]
fn a_close_that_is_taken_back_owes_the_welcome_still() {
    let told = tell(press(FIRST), Words::Created(C));
    let asker = by_command(SAM, COMMAND);
    let closing = too_early(closing_by(asker.clone(), false));
    let taken_back = || {
        given(bound()).answer(told.clone(), Answer::Done, bound(), &[]).on(
            leaves(C, asker.clone(), true),
            closing.clone(),
            &[say_closing(COMMAND)],
        )
    };
    // The welcome is looked for still.
    taken_back()
        .answer(say_closing(COMMAND), forbidden(), bound(), &[])
        .answer(read(C), seen(false, true), bound(), &[welcome(C)])
        .answer(welcome(C), Answer::Sent(M), open(C), &[])
        .rests();
    // It was looked for during the closing, in which nobody is welcomed.
    taken_back()
        .answer(read(C), seen(false, true), closing.clone(), &[])
        .answer(say_closing(COMMAND), forbidden(), bound(), &[read(C)])
        .answer(read(C), seen(true, true), open(C), &[])
        .rests();
    // It was forgotten in a restart, which also tells Alice once more of her ticket.
    let told = tell(press(FIRST), Words::Created(C));
    restored(1000, closing, &[read_after(COMMAND), told])
        .answer(read_after(COMMAND), heard(false), too_early(closing_by(asker.clone(), false)), &[say_closing(COMMAND)])
        .answer(say_closing(COMMAND), forbidden(), bound(), &[read(C)])
        .answer(read(C), seen(false, true), bound(), &[welcome(C)]);
}

/// Somebody closes by a command, and says it again and again.
#[test]
fn who_repeats_a_close_is_told_once_that_it_is_closing() {
    let again = |number| leaves(C, Asker { repeated: true, ..by_command(ALICE, number) }, false);
    let (first, second, third) = (by_command(ALICE, COMMAND), again(LEAVE), again(LEAVE_AGAIN));
    given(open(C))
        .on(leaves(C, first.clone(), false), closing_by(first.clone(), false), &[say_closing(COMMAND)])
        .on(second, closing_by(first.clone(), false), &[reply(LEAVE, Words::AlreadyClosing)])
        .on(third, closing_by(first, false), &[]);
}
