//! What ends a ticket, and what does not.

use super::*;

#[test]
fn its_own_channel_gone_ends_the_ticket_in_every_state() {
    check(bound(), gone(C), ABSENT, &[]);
    given(open(C)).on(gone(C), ABSENT, &[]).notes(&[JournalEvent::Gone { channel: C }]).rests();
    given(silent()).on(gone(C), ABSENT, &[]).rests();
    given(announced()).on(gone(C), ABSENT, &[]).rests();
    for nowhere in [ABSENT, asked(), deferred()] {
        unmoved(nowhere, gone(C));
    }
}

#[test]
fn another_channel_gone_changes_nothing() {
    for state in [ABSENT, asked(), deferred(), bound(), open(C), silent(), announced()] {
        unmoved(state, gone(D));
    }
}

#[test]
fn a_list_without_the_channel_is_no_proof_but_a_reason_to_ask() {
    for state in [bound(), open(C), silent(), announced()] {
        check(state.clone(), missing(C), state.clone(), &[get(C)]);
        unmoved(state, missing(D));
    }
    for nowhere in [ABSENT, asked(), deferred()] {
        unmoved(nowhere, missing(C));
    }
}

#[test]
fn an_answer_that_may_be_older_than_the_list_is_asked_for_again() {
    let told = tell(press(FIRST), Notice::AlreadyOpen(C));
    given(open(C))
        .on(pressed(FIRST), open(C), &[told.clone(), get(C)])
        .answer(told, Outcome::Done, open(C), &[])
        .on(missing(C), open(C), &[])
        .answer(get(C), Outcome::Done, open(C), &[get(C)])
        .answer(get(C), Outcome::Done, open(C), &[])
        .rests();
}

#[test]
fn a_channel_that_a_list_came_without_is_asked_for_until_there_is_an_answer() {
    let mut story = given(open(C)).on(missing(C), open(C), &[get(C)]);
    let mut time = 0;
    for pause in [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000] {
        time += pause;
        story = story.answer(get(C), Outcome::Indeterminate, open(C), &[]).wake(time, open(C), &[get(C)]);
    }
    story.lost(get(C)).still_lost(&[]).answer(get(C), no_channel(), ABSENT, &[]).rests();
}

#[test]
fn only_proof_ends_a_ticket() {
    let asking = || given(open(C)).on(missing(C), open(C), &[get(C)]);
    asking().lost(get(C)).still_lost(&[]).answer(get(C), no_channel(), ABSENT, &[]).rests();
    for answer in [Outcome::Done, forbidden(), refused(ApiError::Other { status: 400, code: 0 })] {
        asking().answer(get(C), answer, open(C), &[]).rests();
    }
    asking().answer(get(C), Outcome::Indeterminate, open(C), &[]).wake(250, open(C), &[get(C)]);
}

/// What stands in for Discord may have another word for it; what stands in between may say so of anything.
#[test]
fn a_404_without_discords_code_counts_when_it_lasts() {
    let no = |code| refused(ApiError::Other { status: 404, code });
    for code in [0, 404] {
        // A list comes without it, too.
        let looking = || {
            given(open(C))
                .on(missing(C), open(C), &[get(C)])
                .answer(get(C), no(code), open(C), &[find(C)])
                .answer(find(C), Outcome::Unlisted, open(C), &[get(C)])
                .answer(get(C), no(code), open(C), &[])
        };
        let looking =
            || looking().wake(3000, open(C), &[find(C)]).answer(find(C), Outcome::Unlisted, open(C), &[get(C)]);
        let looking = || looking().answer(get(C), no(code), open(C), &[]).wake(3250, open(C), &[get(C)]);
        let looking = || looking().answer(get(C), no(code), open(C), &[]).wake(3750, open(C), &[get(C)]);
        looking().answer(get(C), no(code), ABSENT, &[]).rests();
        looking().answer(get(C), forbidden(), open(C), &[]).rests();

        given(announced())
            .wake(5000, announced(), &[delete(C)])
            .answer(delete(C), no(code), announced(), &[find(C)])
            .answer(find(C), Outcome::Done, announced(), &[])
            .wake(5250, announced(), &[delete(C)])
            .answer(delete(C), no_channel(), announced(), &[find(C)])
            .answer(find(C), Outcome::Unlisted, announced(), &[get(C)])
            .still_lost(&[delete(C)])
            .answer(get(C), no_channel(), ABSENT, &[])
            .notes(&[JournalEvent::Closed { channel: C }])
            .rests();
    }
}

#[test]
fn any_call_may_raise_the_doubt() {
    for (state, call) in [(bound(), read(C)), (silent(), read_after(LEAVE))] {
        given(state.clone()).lost(call.clone()).still_lost(&[call.clone()]).answer(get(C), no_channel(), ABSENT, &[]);
        // It was not so, and what was asked for is asked for again.
        given(state.clone()).lost(call.clone()).answer(get(C), Outcome::Done, state.clone(), &[]).wake(
            250,
            state,
            &[call],
        );
    }
    given(announced()).wake(5000, announced(), &[delete(C)]).lost(delete(C)).still_lost(&[delete(C)]).answer(
        get(C),
        no_channel(),
        ABSENT,
        &[],
    );
}

#[test]
fn what_was_under_way_in_a_channel_ends_with_it() {
    given(open(C))
        .on(closed_by(ALICE), silent(), &[announce(press(LEAVE))])
        .on(gone(C), ABSENT, &[])
        .answer(announce(press(LEAVE)), Outcome::Indeterminate, ABSENT, &[])
        .rests();
}

#[test]
fn after_the_end_a_press_opens_a_new_ticket() {
    given(announced()).on(gone(C), ABSENT, &[]).on(pressed(FIRST), asked(), &[create()]);
}

#[test]
fn a_ticket_that_closes_later_than_this_may_be_let_go_meanwhile() {
    let story = given(announced());
    assert!(story.ticket.is_idle(at(4_999)) && !story.ticket.is_idle(at(5_000)));
    let story = given(silent()).answer(read_after(LEAVE), heard(true), announced(), &[]);
    assert!(story.ticket.is_idle(at(4_999)));
    assert!(!given(silent()).ticket.is_idle(at(0)), "it is not announced yet");
}
