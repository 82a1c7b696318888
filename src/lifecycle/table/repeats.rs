//! Somebody asks for the same thing again and again: it is done, but neither the channel nor the journal is filled.

use super::*;

fn again(requester: Requester) -> Requester {
    Requester { repeated: true, ..requester }
}

fn turned_down(by: UserId, way: Source, channel: ChannelId, why: Reason) -> JournalEvent {
    JournalEvent::TurnedDown { by, way, channel: Some(channel), why }
}

#[test]
fn a_repeated_command_is_refused_in_silence_and_a_repeated_press_is_answered() {
    for state in [bound(), open(C), silent(), announced()] {
        let said = |requester| leaves(C, requester, false);
        given(state.clone())
            .on(said(by_command(BOB, COMMAND)), state.clone(), &[reply(COMMAND, Notice::NoRights)])
            .notes(&[turned_down(BOB, Source::Command, C, Reason::NoRights)])
            .on(said(again(by_command(BOB, LEAVE))), state.clone(), &[])
            .notes(&[]);
        given(state.clone())
            .on(said(again(by_press(BOB, press(LEAVE)))), state, &[tell(press(LEAVE), Notice::NoRights)])
            .notes(&[]);
    }
    for state in [ABSENT, asked(), open(C)] {
        let said = |requester| leaves(D, requester, true);
        given(state.clone())
            .on(said(by_command(SAM, COMMAND)), state.clone(), &[reply(COMMAND, Notice::NotATicket)])
            .notes(&[turned_down(SAM, Source::Command, D, Reason::NotATicket)])
            .on(said(again(by_command(SAM, LEAVE))), state, &[])
            .notes(&[]);
    }
}

#[test]
fn a_repeated_command_that_may_be_done_is_done() {
    let requester = again(by_command(ALICE, COMMAND));
    check(open(C), leaves(C, requester.clone(), false), closing_by(requester, false), &[say_closing(COMMAND)]);
    let requester = again(by_command(ALICE, FIRST));
    check(ABSENT, wants(requester.clone()), opening(requester, None), &[create()]);
}

#[test]
fn a_repeated_wish_for_a_ticket_is_pointed_out_once() {
    // The first one looks whether it exists, and is told; whoever repeats it meanwhile adds nothing.
    given(open(C))
        .on(wants(by_command(ALICE, COMMAND)), open(C), &[get(C)])
        .on(wants(again(by_command(ALICE, SECOND))), open(C), &[])
        .notes(&[])
        .answer(get(C), Outcome::Done, open(C), &[reply(COMMAND, Notice::AlreadyOpen(C))])
        .on(wants(again(by_command(ALICE, LEAVE))), open(C), &[]);
    // While it is being opened, nobody waits twice.
    given(ABSENT)
        .on(pressed(FIRST), asked(), &[create()])
        .on(wants(again(by_command(ALICE, COMMAND))), asked(), &[])
        .answer(create(), Outcome::Created(C), bound(), &[welcome(C), tell(press(FIRST), Notice::Created(C))]);
}

#[test]
fn who_hammers_while_their_channel_is_looked_for_is_corrected_a_few_times_only() {
    let mut story = given(open(C)).on(pressed(FIRST), open(C), &[get(C), tell(press(FIRST), Notice::AlreadyOpen(C))]);
    for number in 0..100 {
        let number = snowflake(10, number);
        let hammered = wants(again(by_press(ALICE, press(number))));
        story = story.on(hammered, open(C), &[tell(press(number), Notice::AlreadyOpen(C))]).notes(&[]);
    }
    assert_eq!(story.ticket.doubts.len(), 8);
}

#[test]
fn openings_that_fail_one_after_the_other_are_not_all_tried() {
    let late = |millis, number| Requester { at: at(millis), ..by_press(ALICE, press(number)) };
    let full = || refused(ApiError::CategoryFull);
    let attempt = |story: Story| {
        story
            .on(pressed(FIRST), asked(), &[create()])
            .answer(create(), full(), refusing(Notice::CategoryFull), &[tell(press(FIRST), Notice::CategoryFull)])
            .answer(tell(press(FIRST), Notice::CategoryFull), Outcome::Done, ABSENT, &[])
    };
    let story = (0..10).fold(given(ABSENT), |story, _| attempt(story));
    let story = story
        .at(9_999)
        .on(wants(again(late(9_000, SECOND))), ABSENT, &[tell(press(SECOND), Notice::CategoryFull)])
        .notes(&[])
        .answer(tell(press(SECOND), Notice::CategoryFull), Outcome::Done, ABSENT, &[])
        .on(wants(again(by_command(ALICE, COMMAND))), ABSENT, &[]);
    // A moment later it is tried again: somebody may have made room.
    let pressed_later = late(10_000, FIRST);
    let story = story.wake(10_000, ABSENT, &[]);
    story.on(wants(pressed_later.clone()), opening(pressed_later, None), &[create()]);
}
