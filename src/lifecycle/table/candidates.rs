//! Channels that no row owns: adopted, removed, or left alone.

use super::*;

fn saw(candidate: ChannelCandidate) -> Event {
    Event::CandidateFound(candidate)
}

#[test]
fn a_channel_in_every_state() {
    for candidate in [marked(D, SECOND), unmarked(D)] {
        for state in [ABSENT, silent(), announced()] {
            check(state.clone(), saw(candidate.clone()), state, &[read(D)]);
        }
        // Only a list tells what the ticket was made for, and by which attempt.
        for state in [bound(), open(C)] {
            let look = if candidate.mark.is_some() { list() } else { read(D) };
            check(state.clone(), saw(candidate.clone()), state, &[look]);
        }
        // It may be the very one that is being made.
        for state in [asked(), deferred()] {
            unmoved(state, saw(candidate.clone()));
        }
    }
    for state in [bound(), open(C), silent(), announced()] {
        unmoved(state.clone(), saw(marked(C, FIRST)));
        unmoved(state, saw(unmarked(C)));
    }
}

fn told_full() -> Request {
    tell(press(FIRST), Notice::CategoryFull)
}

/// A member without a ticket, and a channel that is being looked into.
fn looking(candidate: ChannelCandidate) -> Story {
    let channel = candidate.channel;
    given(ABSENT).on(saw(candidate), ABSENT, &[read(channel)])
}

/// When it has been looked into seven times.
const LOOKED: u64 = 250 + 500 + 1000 + 2000 + 4000 + 8000;

/// When a channel is looked at in which another process may be about to greet somebody.
const LOOKED_AGAIN: [u64; 12] =
    [500, 1000, 2000, 4000, 8000, 16_000, 24_000, 32_000, 40_000, 48_000, 56_000, LEFT_BEHIND];
/// When it counts as left behind.
const LEFT_BEHIND: u64 = 64_000;

/// A creation got no answer, the press came to nothing, and now there is a channel for it.
fn made_after_all() -> Story {
    given(ABSENT)
        .on(pressed(FIRST), asked(), &[create()])
        .answer(create(), Outcome::Indeterminate, asked(), &[])
        .wake(250, asked(), &[list()])
        .answer(list(), Outcome::Channels(vec![]), asked(), &[create_again(250)])
        .answer(create_again(250), refused(ApiError::CategoryFull), refusing(Notice::CategoryFull), &[told_full()])
        .answer(told_full(), Outcome::Done, ABSENT, &[])
        .on(saw(marked(C, FIRST)), ABSENT, &[read(C)])
}

/// Nobody was greeted in it for so long that it is being removed.
fn left_behind() -> Story {
    let mut story = made_after_all();
    for time in LOOKED_AGAIN {
        story = story.answer(read(C), seen(false, false), ABSENT, &[]).wake(time, ABSENT, &[read(C)]);
    }
    story.answer(read(C), seen(false, false), ABSENT, &[delete(C)])
}

/// Discord says so for moments of channels that exist.
fn looking_for_what_is_gone() -> Story {
    let mut story = looking(unmarked(OLD));
    for time in [250, 750, 1750, 3750] {
        story = story.answer(read(OLD), no_channel(), ABSENT, &[]).wake(time, ABSENT, &[read(OLD)]);
    }
    story
}

/// Discord does not answer, each time.
fn looking_in_vain() -> Story {
    let mut story = looking(unmarked(OLD));
    let mut time = 0;
    for pause in [250, 500, 1000, 2000, 4000, 8000] {
        time += pause;
        story = story.answer(read(OLD), Outcome::Indeterminate, ABSENT, &[]).wake(time, ABSENT, &[read(OLD)]);
    }
    story.answer(read(OLD), Outcome::Indeterminate, ABSENT, &[])
}

#[test]
fn a_ticket_without_a_row_is_adopted() {
    looking(unmarked(OLD)).answer(read(OLD), seen(true, true), open(OLD), &[]).rests();
    looking(marked(OLD, SECOND))
        .answer(read(OLD), seen(true, false), open(OLD), &[])
        .notes(&[JournalEvent::Adopted { channel: OLD }])
        .rests();
    // Nobody was greeted, but somebody has been writing there: the close button is owed to them.
    let greeting = || made_after_all().answer(read(C), seen(false, true), ABSENT, &[welcome(C)]);
    greeting().answer(welcome(C), Outcome::Sent(M), open(C), &[]).notes(&[JournalEvent::Adopted { channel: C }]);
    greeting().answer(welcome(C), Outcome::Indeterminate, ABSENT, &[]).wake(500, ABSENT, &[read(C)]).answer(
        read(C),
        seen(true, true),
        open(C),
        &[],
    );
    // Another one that is taken over meanwhile stays.
    greeting()
        .on(saw(marked(D, SECOND)), ABSENT, &[read(D)])
        .answer(read(D), seen(true, true), open(D), &[])
        .answer(welcome(C), Outcome::Sent(M), open(D), &[])
        .notes(&[JournalEvent::Unclaimed { channel: C }]);
    // Who presses meanwhile waits for it.
    greeting().on(pressed(SECOND), opening(by_press(ALICE, press(SECOND)), None), &[]).answer(
        welcome(C),
        Outcome::Sent(M),
        open(C),
        &[tell(press(SECOND), Notice::AlreadyOpen(C))],
    );
}

#[test]
fn what_nobody_used_is_removed_if_we_made_it() {
    left_behind()
        .notes(&[JournalEvent::Duplicate { channel: C }])
        .answer(delete(C), Outcome::Done, ABSENT, &[])
        .wake(150_000, ABSENT, &[])
        .rests();
}

#[test]
fn a_channel_with_our_mark_that_this_process_knows_nothing_of_is_left_alone() {
    // Where nobody has been greeted in it after two minutes, nobody will be.
    looking(marked(OLD, SECOND))
        .at(120_000)
        .answer(read(OLD), seen(false, false), ABSENT, &[])
        .notes(&[JournalEvent::Unclaimed { channel: OLD }])
        .rests();
    // Another process may be greeting somebody there.
    looking(marked(OLD, SECOND))
        .answer(read(OLD), seen(false, false), ABSENT, &[])
        .wake(250, ABSENT, &[read(OLD)])
        .answer(read(OLD), seen(true, false), open(OLD), &[])
        .rests();
    // Somebody writes there, and is owed a button that closes it.
    looking(marked(OLD, SECOND)).answer(read(OLD), seen(false, true), ABSENT, &[welcome(OLD)]);
}

#[test]
fn a_copy_takes_the_place_of_a_ticket_that_somebody_else_deleted_and_of_no_other() {
    let blank = || seen(false, false);
    for copy in [marked(D, FIRST), unmarked(D)] {
        // Whether its mark is still there or not.
        given(open(C))
            .on(gone(C), ABSENT, &[])
            .on(saw(copy.clone()), ABSENT, &[read(D)])
            .answer(read(D), blank(), ABSENT, &[welcome(D)])
            .answer(welcome(D), Outcome::Sent(M), open(D), &[])
            .rests();
        // One that was there before the ticket was is no copy of it.
        let older = ChannelCandidate { channel: OLD, ..copy.clone() };
        given(open(C)).on(gone(C), ABSENT, &[]).on(saw(older), ABSENT, &[read(OLD)]).answer(
            read(OLD),
            blank(),
            ABSENT,
            &[],
        );
        // The ticket was closed: its member wants no other one.
        given(announced())
            .wake(5000, announced(), &[delete(C)])
            .answer(delete(C), Outcome::Done, ABSENT, &[])
            .at(130_000)
            .on(saw(copy), ABSENT, &[read(D)])
            .answer(read(D), blank(), ABSENT, &[])
            .rests();
    }
}

#[test]
fn an_attempt_without_an_answer_accounts_for_one_channel() {
    // The second one with its number is a copy of the first: it stays, whatever is in it.
    let story = left_behind().at(130_000).on(saw(marked(D, FIRST)), ABSENT, &[read(D)]);
    story.answer(read(D), seen(false, false), ABSENT, &[]).notes(&[JournalEvent::Unclaimed { channel: D }]);
    // So does one that Discord made long after the attempt could take effect.
    let late = ChannelId(snowflake(200_000, 0));
    let story = made_after_all().answer(read(C), no_channel(), ABSENT, &[]);
    story.on(saw(marked(late, FIRST)), ABSENT, &[read(late)]).answer(read(late), seen(false, false), ABSENT, &[]);
}

#[test]
fn what_somebody_begins_to_use_is_not_removed_after_all() {
    let failed = || {
        left_behind().answer(delete(C), Outcome::Indeterminate, ABSENT, &[]).wake(LEFT_BEHIND + 250, ABSENT, &[read(C)])
    };
    failed().answer(read(C), seen(false, true), ABSENT, &[welcome(C)]);
    failed()
        .answer(read(C), seen(false, false), ABSENT, &[delete(C)])
        .answer(delete(C), no_channel(), ABSENT, &[])
        .wake(150_000, ABSENT, &[])
        .rests();
    // It is not looked into twice, whoever sees it.
    failed().on(saw(marked(C, FIRST)), ABSENT, &[]);
}

#[test]
fn an_outage_does_not_end_the_look_and_holds_nobody_up() {
    let requester = Requester { at: at(LOOKED), ..by_press(ALICE, press(FIRST)) };
    looking_in_vain()
        .on(wants(requester.clone()), opening(requester.clone(), None), &[create()])
        .answer(create(), refused(ApiError::CategoryFull), refusing_to(requester, Notice::CategoryFull), &[told_full()])
        .answer(told_full(), Outcome::Done, ABSENT, &[])
        .wake(LOOKED + 16_000, ABSENT, &[read(OLD)])
        .answer(read(OLD), seen(true, false), open(OLD), &[])
        .rests();
}

#[test]
fn what_is_not_ours_is_left_alone() {
    looking(unmarked(OLD)).answer(read(OLD), seen(false, true), ABSENT, &[]).rests();
    looking(unmarked(OLD)).answer(read(OLD), seen(false, false), ABSENT, &[]).rests();
    looking_for_what_is_gone().answer(read(OLD), no_channel(), ABSENT, &[]).rests();
}

#[test]
fn a_second_channel_beside_a_ticket() {
    for state in [silent(), announced()] {
        let looking = |candidate| given(state.clone()).on(saw(candidate), state.clone(), &[read(D)]);
        looking(marked(D, FIRST))
            .answer(read(D), seen(false, true), state.clone(), &[])
            .notes(&[JournalEvent::Unclaimed { channel: D }]);
        looking(marked(D, FIRST))
            .answer(read(D), seen(true, true), state.clone(), &[])
            .notes(&[JournalEvent::Unclaimed { channel: D }]);
        looking(unmarked(D))
            .answer(read(D), seen(true, true), state.clone(), &[])
            .notes(&[JournalEvent::Unclaimed { channel: D }]);
        looking(unmarked(D)).answer(read(D), seen(false, false), state.clone(), &[]).notes(&[]);
    }
}

#[test]
fn the_channel_being_made_is_not_taken_for_a_stray() {
    given(ABSENT).on(pressed(FIRST), asked(), &[create()]).on(saw(marked(C, FIRST)), asked(), &[]).answer(
        create(),
        Outcome::Created(C),
        bound(),
        &[tell(press(FIRST), Notice::Created(C)), welcome(C)],
    );
}

#[test]
fn what_a_former_process_made_for_the_press_is_its_channel() {
    let seeing = || restored(1000, asked(), &[list()]).on(saw(marked(C, FIRST)), asked(), &[]);
    seeing()
        .answer(list(), Outcome::Channels(vec![]), asked(), &[read(C)])
        .answer(read(C), seen(false, false), bound(), &[tell(press(FIRST), Notice::Created(C)), welcome(C)])
        .notes(&[JournalEvent::Found { channel: C }]);
    seeing()
        .answer(list(), Outcome::Channels(vec![]), asked(), &[read(C)])
        .answer(read(C), seen(true, false), bound(), &[tell(press(FIRST), Notice::Created(C))])
        .answer(tell(press(FIRST), Notice::Created(C)), Outcome::Done, open(C), &[])
        .wake(151_000, open(C), &[])
        .rests();
}

#[test]
fn a_channel_that_is_being_removed_is_not_taken_for_the_one_that_was_made() {
    let requester = Requester { at: at(LEFT_BEHIND), ..by_press(ALICE, press(FIRST)) };
    let waiting = || opening(requester.clone(), None);
    left_behind()
        .on(wants(requester.clone()), waiting(), &[create_again(1)])
        .answer(create_again(1), Outcome::Indeterminate, waiting(), &[])
        .wake(LEFT_BEHIND + 250, waiting(), &[list()])
        .answer(
            list(),
            Outcome::Channels(vec![marked(C, FIRST), marked(D, FIRST)]),
            opening(requester.clone(), Some(D)),
            &[tell(press(FIRST), Notice::Created(D)), read(D)],
        );
}

#[test]
fn what_was_seen_while_the_channel_was_made_is_looked_into_afterwards() {
    let calls = [tell(press(FIRST), Notice::Created(C)), welcome(C), read(D)];
    given(ABSENT)
        .on(pressed(FIRST), asked(), &[create()])
        .on(saw(marked(D, FIRST)), asked(), &[])
        .answer(create(), Outcome::Created(C), bound(), &calls)
        .answer(read(D), seen(false, false), bound(), &[])
        .notes(&[JournalEvent::Unclaimed { channel: D }]);
    given(ABSENT)
        .on(pressed(FIRST), asked(), &[create()])
        .on(saw(marked(D, FIRST)), asked(), &[])
        .answer(create(), refused(ApiError::CategoryFull), refusing(Notice::CategoryFull), &[told_full()])
        .answer(told_full(), Outcome::Done, ABSENT, &[read(D)]);
}

#[test]
fn a_channel_that_cannot_be_read_is_left_for_the_next_start() {
    let gave_up =
        JournalEvent::GaveUp { call: "read channel".into(), why: Reason::Refused(ApiError::Forbidden(Vec::new())) };
    looking(unmarked(OLD)).answer(read(OLD), forbidden(), ABSENT, &[]).notes(&[gave_up]).rests();
}

#[test]
fn a_stray_that_cannot_be_deleted_is_given_up_after_a_minute() {
    let mut story = left_behind();
    let mut time = LEFT_BEHIND;
    for pause in [250, 500, 1000, 2000, 4000, 8000, 16_000, 32_000] {
        time += pause;
        story = story.answer(delete(C), forbidden(), ABSENT, &[]).wake(time, ABSENT, &[read(C)]).answer(
            read(C),
            seen(false, false),
            ABSENT,
            &[delete(C)],
        );
    }
    // Whoever sees it next looks again.
    story.answer(delete(C), forbidden(), ABSENT, &[]).on(saw(marked(C, FIRST)), ABSENT, &[read(C)]);
}

#[test]
fn one_channel_is_looked_into_once() {
    looking(unmarked(OLD)).on(saw(unmarked(OLD)), ABSENT, &[]);
}

#[test]
fn a_press_waits_until_it_is_known_whether_there_is_a_ticket_already() {
    let pressing = |candidate: ChannelCandidate| looking(candidate).on(pressed(FIRST), asked(), &[]);
    let told = tell(press(FIRST), Notice::AlreadyOpen(OLD));
    pressing(unmarked(OLD))
        .answer(read(OLD), seen(true, true), open(OLD), &[told.clone()])
        .answer(told, Outcome::Done, open(OLD), &[])
        .rests();
    pressing(unmarked(OLD)).answer(read(OLD), seen(false, true), asked(), &[create()]);
    pressing(marked(OLD, SECOND)).answer(read(OLD), seen(false, false), asked(), &[create()]);
    let requester = Requester { at: at(3750), ..by_press(ALICE, press(FIRST)) };
    looking_for_what_is_gone().on(wants(requester.clone()), opening(requester.clone(), None), &[]).answer(
        read(OLD),
        no_channel(),
        opening(requester, None),
        &[create()],
    );
    pressing(unmarked(OLD))
        .on(saw(unmarked(D)), asked(), &[read(D)])
        .answer(read(OLD), seen(false, true), asked(), &[])
        .answer(read(D), seen(false, true), asked(), &[create()]);
}
