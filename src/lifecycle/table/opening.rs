//! From the press to the ticket.

use super::*;
use crate::lifecycle::Right;

fn deferred_bound() -> Document {
    opening(by_press(ALICE, begun(FIRST)), Some(C))
}

/// Alice has pressed, and the channel is being made.
fn making() -> Story {
    given(ABSENT).on(pressed(FIRST), asked(), &[create()])
}

/// The channel is made; she is being greeted and told.
fn greeting() -> Story {
    let calls = [tell(press(FIRST), Words::Created(C)), welcome(C)];
    making().answer(create(), Answer::Created(C), bound(), &calls)
}

#[test]
fn a_press_in_every_state() {
    let second = press(SECOND);
    check(ABSENT, pressed(FIRST), asked(), &[create()]);
    unmoved(asked(), pressed(SECOND));
    unmoved(deferred(), pressed(SECOND));
    check(bound(), pressed(SECOND), bound(), &[tell(second.clone(), Words::AlreadyOpen(C))]);
    check(open(C), pressed(SECOND), open(C), &[tell(second.clone(), Words::AlreadyOpen(C)), get(C)]);
    check(silent(), pressed(SECOND), silent(), &[tell(second.clone(), Words::AlreadyOpen(C))]);
    check(announced(), pressed(SECOND), announced(), &[tell(second, Words::AlreadyOpen(C))]);
}

#[test]
fn a_command_in_every_state() {
    let asker = by_command(ALICE, COMMAND);
    let made = Call::CreateChannel {
        owner: OWNER,
        name: ChannelName::Member("alice".into()),
        intent: Intent(COMMAND),
        attempt: 0,
        number: None,
    };
    check(ABSENT, wants(asker.clone()), opening(asker.clone(), None), &[made]);
    unmoved(asked(), wants(asker.clone()));
    check(bound(), wants(asker.clone()), bound(), &[reply(COMMAND, Words::AlreadyOpen(C))]);
    check(open(C), wants(asker.clone()), open(C), &[get(C)]);
    check(silent(), wants(asker.clone()), silent(), &[reply(COMMAND, Words::AlreadyOpen(C))]);
    check(announced(), wants(asker), announced(), &[reply(COMMAND, Words::AlreadyOpen(C))]);
}

#[test]
fn the_ticket_is_open_when_everything_has_been_said() {
    let told = tell(press(FIRST), Words::Created(C));
    greeting()
        .answer(welcome(C), Answer::Sent(M), bound(), &[])
        .answer(told.clone(), Answer::Done, open(C), &[])
        .notes(&[Note::Told, Note::Opened { channel: C }])
        .rests();
    greeting().answer(told, Answer::Done, bound(), &[]).answer(welcome(C), Answer::Sent(M), open(C), &[]).rests();
}

#[test]
fn a_slow_channel_defers_the_press_and_edits_the_deferral() {
    let words = edit(begun(FIRST), Words::Created(C));
    making()
        .wake(1500, deferred(), &[defer(begun(FIRST))])
        .notes(&[Note::Deferred])
        .answer(defer(begun(FIRST)), Answer::Done, deferred(), &[])
        .at(5000)
        .answer(create(), Answer::Created(C), deferred_bound(), &[words.clone(), welcome(C)])
        .answer(welcome(C), Answer::Sent(M), deferred_bound(), &[])
        .answer(words, Answer::Done, open(C), &[])
        .rests();
}

#[test]
fn a_channel_made_while_the_deferral_is_on_its_way_waits_for_it() {
    making()
        .wake(1500, deferred(), &[defer(begun(FIRST))])
        .answer(create(), Answer::Created(C), deferred_bound(), &[welcome(C)])
        .answer(defer(begun(FIRST)), Answer::Done, deferred_bound(), &[edit(begun(FIRST), Words::Created(C))]);
}

#[test]
fn who_presses_meanwhile_is_told_where_the_ticket_is() {
    let calls = [
        tell(press(FIRST), Words::Created(C)),
        tell(press(SECOND), Words::AlreadyOpen(C)),
        reply(COMMAND, Words::AlreadyOpen(C)),
        welcome(C),
    ];
    making().on(pressed(SECOND), asked(), &[]).on(wants(by_command(ALICE, COMMAND)), asked(), &[]).answer(
        create(),
        Answer::Created(C),
        bound(),
        &calls,
    );
}

#[test]
fn who_presses_meanwhile_is_sent_away_when_it_takes_long() {
    let calls = [defer(begun(FIRST)), tell(press(SECOND), Words::StillOpening)];
    making().on(pressed(SECOND), asked(), &[]).wake(1500, deferred(), &calls);
}

#[test]
fn a_name_that_is_refused_falls_back_once() {
    let name = || refused(Refusal::Name);
    making().answer(create(), name(), asked(), &[create_neutral()]).answer(
        create_neutral(),
        Answer::Created(C),
        bound(),
        &[tell(press(FIRST), Words::Created(C)), welcome(C)],
    );
    making().answer(create(), name(), asked(), &[create_neutral()]).answer(
        create_neutral(),
        name(),
        refusing(Words::OpenRefused),
        &[tell(press(FIRST), Words::OpenRefused)],
    );
}

#[test]
fn every_refusal_is_told_and_then_the_press_is_over() {
    let rights = vec![Right::ManageChannels];
    for (refusal, words) in [
        (Refusal::Forbidden(rights.clone()), Words::BotLacks(rights)),
        (Refusal::CategoryFull, Words::CategoryFull),
        (Refusal::CategoryGone, Words::CategoryGone),
        (Refusal::ServerFull, Words::ServerFull),
        (Refusal::SupportRoleGone, Words::SupportRoleGone),
        (Refusal::TimedOut { until: at(60_000) }, Words::BotTimedOut(at(60_000))),
        (Refusal::NotInGuild, Words::BotRemoved),
        (Refusal::Other { status: 403, code: 60_003 }, Words::OpenRefused),
    ] {
        let told = tell(press(FIRST), words.clone());
        making()
            .answer(create(), refused(refusal), refusing(words), &[told.clone()])
            .answer(told, Answer::Done, ABSENT, &[])
            .rests();
    }
}

#[test]
fn all_who_wait_are_told_of_the_refusal_and_so_is_who_comes_late() {
    let calls = [tell(press(FIRST), Words::CategoryFull), tell(press(SECOND), Words::CategoryFull)];
    let late = wants(by_command(ALICE, COMMAND));
    let told = || refusing(Words::CategoryFull);
    making().on(pressed(SECOND), asked(), &[]).answer(create(), refused(Refusal::CategoryFull), told(), &calls).on(
        late,
        told(),
        &[reply(COMMAND, Words::CategoryFull)],
    );
}

#[test]
fn a_refused_opening_can_be_asked_for_again() {
    let told = tell(press(FIRST), Words::CategoryFull);
    making()
        .answer(create(), refused(Refusal::CategoryFull), refusing(Words::CategoryFull), &[told.clone()])
        .answer(told, Answer::Done, ABSENT, &[])
        .on(pressed(FIRST), asked(), &[create()])
        .answer(create(), Answer::Created(C), bound(), &[tell(press(FIRST), Words::Created(C)), welcome(C)]);
}

#[test]
fn an_unknown_outcome_is_looked_into_before_another_channel_is_made() {
    let found = Answer::Channels(vec![marked(C, FIRST)]);
    let looking = || making().answer(create(), Answer::Unknown, asked(), &[]).wake(250, asked(), &[list()]);
    looking()
        .answer(list(), found, bound(), &[tell(press(FIRST), Words::Created(C)), read(C)])
        .notes(&[Note::Found { channel: C }])
        .answer(read(C), seen(false, false), bound(), &[welcome(C)])
        .answer(welcome(C), Answer::Sent(M), bound(), &[]);
    looking().answer(list(), Answer::Channels(vec![]), asked(), &[create_again(250)]);
    // The list gets no answer either: it is asked for again, and nothing is made.
    looking().answer(list(), Answer::Unknown, asked(), &[]).wake(750, asked(), &[list()]);
    let lacks = || Words::BotLacks(vec![]);
    looking().answer(list(), forbidden(), refusing(lacks()), &[tell(press(FIRST), lacks())]);
}

#[test]
fn only_a_channel_of_this_press_is_taken() {
    let owned = Sighting { owned: true, ..marked(C, FIRST) };
    let of_bob = Sighting { channel: C, members: vec![BOB], mark: None, attempt: 0, number: None, owned: false };
    let foreign_mark = Sighting { mark: Some((BOB, Intent(FIRST))), ..unmarked(C) };
    for other in [owned, of_bob, foreign_mark] {
        given(asked()).answer(list(), Answer::Channels(vec![other]), asked(), &[create_again(1)]);
    }
    for (channels, ours) in [
        (vec![marked(C, FIRST)], C),
        (vec![unmarked(C)], C),
        (vec![unmarked(D), marked(C, FIRST)], C),
        // The mark is proof enough, whatever the clocks say.
        (vec![marked(OLD, FIRST)], OLD),
        (vec![Sighting { members: vec![], ..marked(C, FIRST) }], C),
    ] {
        let calls = [tell(press(FIRST), Words::Created(ours)), read(ours)];
        let then = opening(by_press(ALICE, press(FIRST)), Some(ours));
        given(asked()).answer(list(), Answer::Channels(channels), then, &calls);
    }
}

#[test]
fn what_may_be_theirs_from_before_is_looked_into_first() {
    for (other, there) in [(marked(C, SECOND), C), (unmarked(OLD), OLD)] {
        let looking = || given(asked()).answer(list(), Answer::Channels(vec![other.clone()]), asked(), &[read(there)]);
        let told = tell(press(FIRST), Words::AlreadyOpen(there));
        looking().answer(read(there), seen(true, false), open(there), &[told]);
        looking().answer(read(there), forbidden(), asked(), &[]).wake(250, asked(), &[read(there)]);
    }
    given(asked()).answer(list(), Answer::Channels(vec![unmarked(OLD)]), asked(), &[read(OLD)]).answer(
        read(OLD),
        seen(false, true),
        asked(),
        &[create_again(1)],
    );
}

#[test]
fn before_the_channels_are_told_they_are_asked_for() {
    let unseen = Event::Open { asker: by_press(ALICE, press(FIRST)), name: "alice".into(), unseen: true };
    let listing = || given(ABSENT).on(unseen.clone(), asked(), &[list()]);
    listing().answer(list(), Answer::Channels(vec![]), asked(), &[create()]);
    // They are told while they are asked for.
    listing().on(Event::Seen(unmarked(OLD)), asked(), &[]).answer(
        list(),
        Answer::Channels(vec![unmarked(OLD)]),
        asked(),
        &[read(OLD)],
    );
}

#[test]
fn after_six_tries_the_member_is_told() {
    let none = || Answer::Channels(vec![]);
    let mut story = given(deferred());
    let mut time = 0;
    for pause in [250, 500, 1000, 2000, 4000, 8000] {
        // The process before may have made the first attempt.
        let attempt = u32::try_from(time).expect("some seconds").max(1);
        time += pause;
        story = story
            .answer(list(), none(), deferred(), &[create_again(attempt)])
            .answer(create_again(attempt), Answer::Unknown, deferred(), &[])
            .wake(time, deferred(), &[list()]);
    }
    let sorry = edit(begun(FIRST), Words::DiscordDown);
    let told = refusing_to(by_press(ALICE, begun(FIRST)), Words::DiscordDown);
    let story = story.answer(list(), none(), told, &[sorry.clone()]).answer(sorry, Answer::Done, ABSENT, &[]);
    // Who asks again can be told the same for ten seconds; what was made all the same may appear for longer.
    let story = story.wake(25_750, ABSENT, &[]);
    let given_up = [0, 250, 750, 1750, 3750, 7750];
    given_up.into_iter().fold(story, |story, time| story.wake(150_000 + time, ABSENT, &[])).rests();
}

#[test]
fn a_welcome_that_got_lost_is_looked_for_before_it_is_said_again() {
    let lost = || {
        greeting()
            .answer(tell(press(FIRST), Words::Created(C)), Answer::Done, bound(), &[])
            .answer(welcome(C), Answer::Unknown, bound(), &[])
            .wake(250, bound(), &[read(C)])
    };
    lost().answer(read(C), seen(true, false), open(C), &[]).rests();
    lost()
        .answer(read(C), seen(false, true), bound(), &[welcome(C)])
        .answer(welcome(C), Answer::Sent(M), open(C), &[])
        .rests();
    lost().answer(read(C), Answer::Unknown, bound(), &[]).wake(750, bound(), &[read(C)]);
    lost().lost(read(C)).still_lost(&[read(C)]).answer(get(C), no_channel(), ABSENT, &[]).rests();
}

#[test]
fn a_welcome_that_is_forbidden_is_tried_until_it_is_allowed() {
    // Where it cannot be looked for, it is sent all the same.
    greeting()
        .answer(welcome(C), forbidden(), bound(), &[])
        .wake(250, bound(), &[read(C)])
        .answer(read(C), forbidden(), bound(), &[welcome(C)])
        .answer(welcome(C), forbidden(), bound(), &[])
        .wake(750, bound(), &[read(C)]);
}

#[test]
fn a_press_that_cannot_be_answered_does_not_hold_the_ticket_up() {
    let told = tell(press(FIRST), Words::Created(C));
    greeting()
        .answer(welcome(C), Answer::Sent(M), bound(), &[])
        .answer(told, refused(Refusal::InteractionGone), open(C), &[])
        .notes(&[Note::NotTold, Note::Opened { channel: C }])
        .rests();
}

#[test]
fn the_channel_deleted_while_it_is_greeted_in() {
    // The press has had no answer yet: it hears the end of it.
    let told = tell(press(FIRST), Words::Created(C));
    greeting()
        .on(gone(C), ABSENT, &[])
        .answer(told.clone(), Answer::Done, ABSENT, &[edit(begun(FIRST), Words::ChannelGone)])
        .answer(edit(begun(FIRST), Words::ChannelGone), Answer::Done, ABSENT, &[])
        .rests();
    // What was on its way to the channel finds nobody.
    greeting()
        .answer(told, Answer::Done, bound(), &[])
        .on(gone(C), ABSENT, &[])
        .answer(welcome(C), refused(Refusal::ChannelGone), ABSENT, &[])
        .rests();
}

#[test]
fn an_opening_is_taken_up_from_its_row() {
    restored(100, asked(), &[list()]).answer(list(), Answer::Channels(vec![]), asked(), &[create_again(100)]);
    restored(100, bound(), &[read(C), tell(press(FIRST), Words::Created(C))])
        .answer(read(C), seen(true, false), bound(), &[])
        .answer(tell(press(FIRST), Words::Created(C)), Answer::Done, open(C), &[])
        .rests();
    restored(100, deferred_bound(), &[read(C), edit(begun(FIRST), Words::Created(C))]).answer(
        read(C),
        seen(false, false),
        deferred_bound(),
        &[welcome(C)],
    );
}

#[test]
fn what_was_told_before_the_crash_is_not_told_twice() {
    let told = tell(press(FIRST), Words::Created(C));
    let again = edit(begun(FIRST), Words::Created(C));
    restored(100, bound(), &[read(C), told.clone()])
        .answer(read(C), seen(true, false), bound(), &[])
        .answer(
            told,
            refused(Refusal::AlreadyAcknowledged),
            opening(by_press(ALICE, begun(FIRST)), Some(C)),
            &[again.clone()],
        )
        .answer(again, Answer::Done, open(C), &[])
        .rests();
}

#[test]
fn what_was_refused_before_the_crash_is_refused_after_it() {
    let told = tell(press(FIRST), Words::CategoryFull);
    restored(100, refusing(Words::CategoryFull), &[told.clone()]).answer(told, Answer::Done, ABSENT, &[]).rests();
    // Too late to say so: the press is over all the same.
    let ticket = Ticket::new(OWNER, RULES, refusing(Words::CategoryFull));
    Story { ticket, now: at(16 * 60_000), notes: Vec::new() }.on(Event::Restored, ABSENT, &[]).rests();
}

#[test]
fn a_command_that_was_answered_before_the_crash_is_not_answered_twice() {
    let asker = || by_command(ALICE, COMMAND);
    let (bound, refusal) = (opening(asker(), Some(C)), refusing_to(asker(), Words::CategoryFull));
    let look = || look_for_reply(COMMAND);
    restored(60_000, refusal.clone(), &[look()]).answer(look(), answered_before(true), ABSENT, &[]).rests();
    restored(60_000, bound, &[read(C), look()])
        .answer(read(C), seen(true, false), opening(asker(), Some(C)), &[])
        .answer(look(), answered_before(true), open(C), &[])
        .rests();

    // Nothing is said before it has been looked for, however long after the command.
    restored(400_000, refusal.clone(), &[look()]).answer(look(), Answer::Unknown, refusal.clone(), &[]).wake(
        400_100,
        refusal.clone(),
        &[look()],
    );

    // It was not, or that cannot be seen: then it is answered now.
    for answer in [answered_before(false), forbidden()] {
        let told = reply(COMMAND, Words::CategoryFull);
        restored(60_000, refusal.clone(), &[look()])
            .answer(look(), answer, refusal.clone(), &[told.clone()])
            .answer(told, Answer::Sent(M), ABSENT, &[])
            .rests();
    }
}

#[test]
fn an_opening_found_too_late_for_any_answer_is_finished_all_the_same() {
    let late = || restored(16 * 60_000, spent(bound()), &[read(C)]);
    late().answer(read(C), seen(true, false), open(C), &[]).rests();
    // Nobody looks at the press any more, so no channel is made for it.
    let late = || restored(16 * 60_000, spent(deferred()), &[list()]);
    late()
        .answer(list(), Answer::Channels(vec![]), ABSENT, &[])
        .at(16 * 60_000 + 10_000)
        .on(Event::Woke, ABSENT, &[])
        .wake(16 * 60_000 + 150_000, ABSENT, &[])
        .rests();
}
