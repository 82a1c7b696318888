//! Two processes with one token: of two channels for one press both choose the same one.

use super::*;

const CREATED: fn(ChannelId) -> Request = |channel| tell(press(FIRST), Notice::Created(channel));

fn already() -> Outcome {
    refused(ApiError::AlreadyAcknowledged)
}

fn bound_to(channel: ChannelId) -> Document {
    opening(by_press(ALICE, press(FIRST)), Some(channel))
}

/// The press was answered by the other process.
fn answered_for(channel: ChannelId) -> Document {
    opening(by_press(ALICE, begun(FIRST)), Some(channel))
}

fn both() -> Outcome {
    Outcome::Channels(vec![marked(D, FIRST), marked(C, FIRST)])
}

/// This process has made this channel for the press, and says so.
fn made(channel: ChannelId) -> Story {
    given(ABSENT).on(pressed(FIRST), asked(), &[create()]).answer(
        create(),
        Outcome::Created(channel),
        bound_to(channel),
        &[CREATED(channel), welcome(channel)],
    )
}

#[test]
fn the_lower_channel_is_the_ticket_and_who_was_told_of_the_other_is_told_of_it() {
    let corrected = edit(begun(FIRST), Notice::Created(C));
    made(D)
        .answer(CREATED(D), Outcome::Done, bound_to(D), &[])
        .on(Event::CandidateFound(marked(C, FIRST)), bound_to(C), &[read(C), read(D), corrected.clone()])
        .notes(&[JournalEvent::AnotherProcess, JournalEvent::Yielded { channel: C }])
        .answer(read(D), seen(true, false), bound_to(C), &[delete(D)])
        .answer(read(C), seen(true, false), open(C), &[])
        .answer(delete(D), refused(ApiError::ChannelGone), open(C), &[])
        .answer(corrected, Outcome::Done, open(C), &[])
        .rests();
}

/// The welcome in our own channel was delivered, and both processes die before anybody is greeted in the other one.
#[test]
fn a_channel_that_was_yielded_to_is_looked_into_after_a_restart() {
    let yielded = made(D).answer(welcome(D), Outcome::Sent(M), bound_to(D), &[]).on(
        Event::CandidateFound(marked(C, FIRST)),
        bound_to(C),
        &[read(C), read(D)],
    );
    let row = yielded.ticket.document().clone();
    restored(2000, row, &[read(C), tell(press(FIRST), Notice::Created(C))]).answer(
        read(C),
        seen(false, false),
        bound_to(C),
        &[welcome(C)],
    );
}

#[test]
fn the_other_process_may_die_before_it_greets() {
    made(D)
        .answer(CREATED(D), Outcome::Done, bound_to(D), &[])
        .on(
            Event::CandidateFound(marked(C, FIRST)),
            bound_to(C),
            &[read(C), read(D), edit(begun(FIRST), Notice::Created(C))],
        )
        .answer(read(C), seen(false, false), bound_to(C), &[welcome(C)]);
}

#[test]
fn the_higher_channel_is_removed_though_somebody_was_greeted_in_it() {
    made(C)
        .on(Event::CandidateFound(marked(D, FIRST)), bound(), &[read(D)])
        .answer(read(D), seen(true, false), bound(), &[delete(D)])
        .notes(&[JournalEvent::AnotherProcess, JournalEvent::Duplicate { channel: D }]);
}

#[test]
fn a_copy_of_the_ticket_is_nobodys_second_channel_and_stays() {
    made(C)
        .on(Event::CandidateFound(marked(D, FIRST)), bound(), &[read(D)])
        .notes(&[])
        .answer(read(D), seen(false, false), bound(), &[])
        .notes(&[JournalEvent::Unclaimed { channel: D }]);
    given(open(C))
        .on(Event::CandidateFound(marked(D, FIRST)), open(C), &[list()])
        .answer(list(), both(), open(C), &[read(D)])
        .answer(read(D), seen(false, false), open(C), &[])
        .notes(&[JournalEvent::Unclaimed { channel: D }])
        .rests();
}

/// The attempt got no answer, and its channel was found, and replaced by a copy.
#[test]
fn what_was_found_is_no_unanswered_attempt_any_more() {
    given(ABSENT)
        .on(pressed(FIRST), asked(), &[create()])
        .answer(create(), Outcome::Indeterminate, asked(), &[])
        .wake(250, asked(), &[list()])
        .answer(list(), Outcome::Channels(vec![marked(C, FIRST)]), bound(), &[CREATED(C), read(C)])
        .answer(CREATED(C), Outcome::Done, bound(), &[])
        .answer(read(C), seen(true, false), open(C), &[])
        .on(gone(C), ABSENT, &[])
        .on(Event::CandidateFound(marked(D, FIRST)), ABSENT, &[read(D)])
        .answer(read(D), seen(false, false), ABSENT, &[welcome(D)]);
}

#[test]
fn the_copy_of_a_ticket_that_was_deleted_is_the_ticket() {
    given(open(C))
        .on(Event::CandidateFound(marked(D, FIRST)), open(C), &[list()])
        .on(gone(C), ABSENT, &[])
        .answer(list(), Outcome::Channels(vec![marked(D, FIRST)]), ABSENT, &[read(D)])
        .answer(read(D), seen(false, false), ABSENT, &[welcome(D)])
        .answer(welcome(D), Outcome::Sent(M), open(D), &[])
        .notes(&[JournalEvent::Adopted { channel: D }])
        .rests();
}

/// The ticket came of the second attempt, since the first one got no answer.
fn made_again() -> Story {
    given(ABSENT)
        .on(pressed(FIRST), asked(), &[create()])
        .answer(create(), Outcome::Indeterminate, asked(), &[])
        .wake(250, asked(), &[list()])
        .answer(list(), Outcome::Channels(vec![]), asked(), &[create_again(250)])
        .answer(create_again(250), Outcome::Created(C), bound(), &[CREATED(C), welcome(C)])
}

#[test]
fn what_came_of_another_attempt_is_removed_and_what_was_copied_is_not() {
    made_again()
        .on(Event::CandidateFound(marked(D, FIRST)), bound(), &[read(D)])
        .answer(read(D), seen(false, false), bound(), &[delete(D)])
        .notes(&[JournalEvent::Duplicate { channel: D }]);
    made_again()
        .on(Event::CandidateFound(attempted(D, 250)), bound(), &[read(D)])
        .answer(read(D), seen(false, false), bound(), &[])
        .notes(&[JournalEvent::Unclaimed { channel: D }]);
}

#[test]
fn after_a_restart_a_list_tells_what_was_copied() {
    let listed = |attempt| Outcome::Channels(vec![attempted(C, 250), attempted(D, attempt)]);
    for state in [open(C), bound()] {
        let seen_again = |attempt| {
            given(state.clone()).on(Event::CandidateFound(attempted(D, attempt)), state.clone(), &[list()]).answer(
                list(),
                listed(attempt),
                state.clone(),
                &[read(D)],
            )
        };
        // People edit topics, so another number is no proof that an attempt of the bot's made the channel.
        for attempt in [250, 0, 2] {
            seen_again(attempt)
                .answer(read(D), seen(false, false), state.clone(), &[])
                .notes(&[JournalEvent::Unclaimed { channel: D }]);
        }
    }
}

#[test]
fn a_channel_that_somebody_wrote_in_is_never_removed() {
    made(C)
        .on(Event::CandidateFound(marked(D, FIRST)), bound(), &[read(D)])
        .answer(read(D), seen(true, true), bound(), &[])
        .notes(&[JournalEvent::Unclaimed { channel: D }]);
}

#[test]
fn a_lower_channel_that_was_seen_while_ours_was_made_is_taken_at_once() {
    given(ABSENT)
        .on(pressed(FIRST), asked(), &[create()])
        .on(Event::CandidateFound(marked(C, FIRST)), asked(), &[])
        .answer(create(), Outcome::Created(D), bound(), &[read(C), read(D), CREATED(C)])
        .answer(read(D), seen(false, false), bound(), &[delete(D)]);
}

#[test]
fn an_open_ticket_learns_from_a_list_which_press_it_was_made_for() {
    let comparing = |own, other| given(open(own)).on(Event::CandidateFound(marked(other, FIRST)), open(own), &[list()]);
    // Who made the higher one, is not known any more: it stays, if whoever made it does not remove it.
    comparing(C, D)
        .answer(list(), both(), open(C), &[read(D)])
        .answer(read(D), seen(true, false), open(C), &[])
        .notes(&[JournalEvent::Unclaimed { channel: D }])
        .rests();
    comparing(D, C)
        .answer(list(), both(), open(D), &[read(C)])
        .answer(read(C), seen(true, false), open(C), &[read(C), read(D)])
        .answer(read(D), seen(true, false), open(C), &[])
        .notes(&[JournalEvent::Unclaimed { channel: D }])
        .answer(read(C), seen(true, false), open(C), &[])
        .rests();
    // Nobody was greeted in the lower one: it may be of our own making, and nobody is sent there.
    comparing(D, C).answer(list(), both(), open(D), &[read(C)]).answer(read(C), seen(false, false), open(D), &[]);
    // Made for another press: it is not compared, and not removed.
    comparing(C, D)
        .answer(list(), Outcome::Channels(vec![marked(C, SECOND), marked(D, FIRST)]), open(C), &[read(D)])
        .answer(read(D), seen(true, false), open(C), &[])
        .notes(&[JournalEvent::Unclaimed { channel: D }])
        .rests();
    comparing(C, D).answer(list(), Outcome::Indeterminate, open(C), &[]).wake(250, open(C), &[list()]);
}

#[test]
fn the_end_of_a_ticket_does_not_stop_the_removal_of_the_channel_beside_it() {
    // The first attempt took effect after all, and the ticket is of the second one.
    made_again()
        .answer(CREATED(C), Outcome::Done, bound(), &[])
        .answer(welcome(C), Outcome::Sent(M), open(C), &[])
        .on(Event::CandidateFound(marked(D, FIRST)), open(C), &[list()])
        .answer(list(), Outcome::Channels(vec![attempted(C, 250), marked(D, FIRST)]), open(C), &[read(D)])
        .answer(read(D), seen(false, false), open(C), &[delete(D)])
        .on(gone(C), ABSENT, &[])
        .answer(delete(D), Outcome::Indeterminate, ABSENT, &[])
        .wake(500, ABSENT, &[read(D)])
        .answer(read(D), seen(false, false), ABSENT, &[delete(D)])
        .answer(delete(D), Outcome::Done, ABSENT, &[])
        .wake(60_250, ABSENT, &[])
        .wake(150_000, ABSENT, &[])
        .rests();
}

#[test]
fn a_ticket_that_ends_while_it_is_compared_makes_room_for_the_other() {
    given(open(D))
        .on(Event::CandidateFound(marked(C, FIRST)), open(D), &[list()])
        .on(gone(D), ABSENT, &[])
        .answer(list(), Outcome::Channels(vec![marked(C, FIRST)]), ABSENT, &[read(C)])
        .answer(read(C), seen(true, false), open(C), &[])
        .rests();
}

#[test]
fn an_answer_that_another_process_gave_is_corrected_when_it_is_known_which_channel_stays() {
    let contested = |own| {
        made(own).answer(welcome(own), Outcome::Sent(M), bound_to(own), &[]).answer(
            CREATED(own),
            already(),
            answered_for(own),
            &[list()],
        )
    };
    let told = || edit(begun(FIRST), Notice::Created(C));
    contested(C).notes(&[JournalEvent::AnotherProcess]).answer(
        list(),
        both(),
        answered_for(C),
        &[told(), read(C), read(D)],
    );
    contested(D).answer(list(), both(), answered_for(C), &[told(), read(C), read(D)]);
    // The other process refused, or its channel is gone: ours is the ticket.
    contested(C)
        .answer(list(), Outcome::Channels(vec![marked(C, FIRST)]), answered_for(C), &[told(), read(C)])
        .answer(read(C), seen(true, false), answered_for(C), &[])
        .answer(told(), Outcome::Done, open(C), &[])
        .rests();
    // It pointed to a ticket that this process did not know of.
    let earlier = Outcome::Channels(vec![marked(C, FIRST), marked(OLD, SECOND)]);
    let there = edit(begun(FIRST), Notice::AlreadyOpen(OLD));
    contested(C).answer(list(), earlier, answered_for(OLD), &[there, read(OLD), read(C)]).answer(
        read(C),
        seen(true, false),
        answered_for(OLD),
        &[delete(C)],
    );
}

#[test]
fn who_loses_the_deferral_greets_nobody_before_the_channels_are_compared() {
    let deferring =
        given(ABSENT).on(pressed(FIRST), asked(), &[create()]).wake(1500, deferred(), &[defer(begun(FIRST))]);
    deferring
        .answer(defer(begun(FIRST)), already(), deferred(), &[])
        .answer(create(), Outcome::Created(D), answered_for(D), &[list()])
        .answer(list(), both(), answered_for(C), &[edit(begun(FIRST), Notice::Created(C)), read(C), read(D)])
        .answer(read(D), seen(false, false), answered_for(C), &[delete(D)]);
}

#[test]
fn another_process_answers_what_names_no_channel_in_its_own_way() {
    given(open(C))
        .on(leaves(C, by_press(BOB, press(LEAVE)), false), open(C), &[tell(press(LEAVE), Notice::NoRights)])
        .answer(tell(press(LEAVE), Notice::NoRights), already(), open(C), &[])
        .notes(&[JournalEvent::AnotherProcess])
        .rests();
}

#[test]
fn a_close_that_another_process_announces_is_not_announced_twice() {
    let lost = || {
        given(open(C)).on(closed_by(ALICE), silent(), &[announce(press(LEAVE))]).answer(
            announce(press(LEAVE)),
            already(),
            closing_by(by_press(ALICE, begun(LEAVE)), false),
            &[read_after(LEAVE)],
        )
    };
    let closing = |announced| closing_by(by_press(ALICE, begun(LEAVE)), announced);
    lost()
        .answer(read_after(LEAVE), heard(true), closing(true), &[])
        .wake(5000, closing(true), &[delete(C)])
        .lost(delete(C))
        .still_lost(&[delete(C)])
        .answer(get(C), no_channel(), ABSENT, &[]);
    // It is not there yet, or the other process said something else.
    lost()
        .answer(read_after(LEAVE), heard(false), closing(false), &[])
        .wake(250, closing(false), &[read_after(LEAVE)])
        .answer(read_after(LEAVE), heard(false), closing(false), &[say_closing(LEAVE)]);
}

#[test]
fn a_channel_that_may_be_ours_and_that_another_process_may_greet_in_is_waited_for() {
    let told = || tell(press(FIRST), Notice::CategoryFull);
    let fresh = || {
        given(ABSENT)
            .on(pressed(FIRST), asked(), &[create()])
            .answer(create(), Outcome::Indeterminate, asked(), &[])
            .wake(250, asked(), &[list()])
            .answer(list(), Outcome::Channels(vec![]), asked(), &[create_again(250)])
            .answer(create_again(250), refused(ApiError::CategoryFull), refusing(Notice::CategoryFull), &[told()])
            .answer(told(), Outcome::Done, ABSENT, &[])
            .on(Event::CandidateFound(marked(C, FIRST)), ABSENT, &[read(C)])
            .answer(read(C), seen(false, false), ABSENT, &[])
    };
    fresh().wake(500, ABSENT, &[read(C)]).answer(read(C), seen(true, false), open(C), &[]);
    // Who presses meanwhile does not wait for the pause.
    fresh().on(pressed(SECOND), opening(by_press(ALICE, press(SECOND)), None), &[read(C)]).answer(
        read(C),
        seen(true, false),
        open(C),
        &[tell(press(SECOND), Notice::AlreadyOpen(C))],
    );
    // Who closes is told to try again, as long as it is not known whether it is a ticket.
    let requester = by_press(ALICE, press(LEAVE));
    fresh().on(leaves(C, requester, false), ABSENT, &[tell(press(LEAVE), Notice::TryAgain)]);
}

#[test]
fn a_channel_that_the_other_process_removes_before_it_is_compared_is_not_the_end_of_the_opening() {
    let asked_again = || opening(by_press(ALICE, begun(FIRST)), None);
    made(D).answer(CREATED(D), already(), answered_for(D), &[list()]).on(gone(D), asked_again(), &[]).answer(
        list(),
        Outcome::Channels(vec![marked(C, FIRST)]),
        answered_for(C),
        &[edit(begun(FIRST), Notice::Created(C)), read(C)],
    );
}

#[test]
fn a_list_that_is_older_than_a_deletion_brings_no_channel_back() {
    let told = || edit(begun(FIRST), Notice::Created(C));
    made(C).answer(CREATED(C), already(), answered_for(C), &[list()]).on(gone(D), answered_for(C), &[]).answer(
        list(),
        both(),
        answered_for(C),
        &[told()],
    );
    // It was this process that deleted it.
    made(C)
        .on(Event::CandidateFound(marked(D, FIRST)), bound(), &[read(D)])
        .answer(read(D), seen(true, false), bound(), &[delete(D)])
        .answer(CREATED(C), already(), answered_for(C), &[list()])
        .answer(delete(D), Outcome::Done, answered_for(C), &[])
        .answer(list(), both(), answered_for(C), &[told()]);
}

#[test]
fn a_channel_that_is_not_found_is_not_taken_for_an_earlier_ticket() {
    given(ABSENT)
        .on(Event::CandidateFound(marked(C, LEAVE)), ABSENT, &[read(C)])
        .answer(read(C), no_channel(), ABSENT, &[])
        .on(pressed(FIRST), asked(), &[])
        .on(Event::CandidateFound(marked(D, FIRST)), asked(), &[read(D)])
        .answer(read(D), seen(true, false), bound_to(D), &[CREATED(D)])
        .answer(CREATED(D), already(), answered_for(D), &[list()])
        .answer(
            list(),
            Outcome::Channels(vec![marked(D, FIRST)]),
            answered_for(D),
            &[edit(begun(FIRST), Notice::Created(D)), read(D)],
        );
}

#[test]
fn a_channel_beside_the_ticket_is_looked_into_though_no_list_tells_what_it_is() {
    let mut story = given(open(C)).on(Event::CandidateFound(marked(D, FIRST)), open(C), &[list()]);
    for time in [250, 750, 1750, 3750, 7750, 15_750] {
        story = story.answer(list(), Outcome::Indeterminate, open(C), &[]).wake(time, open(C), &[list()]);
    }
    story
        .answer(list(), Outcome::Indeterminate, open(C), &[read(D)])
        .answer(read(D), seen(false, false), open(C), &[])
        .notes(&[JournalEvent::Unclaimed { channel: D }])
        .rests();
}
