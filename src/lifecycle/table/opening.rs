//! From the press to the ticket.

use super::*;
use crate::lifecycle::Permission;

fn deferred_bound() -> Document {
    opening(by_press(ALICE, begun(FIRST)), Some(C))
}

/// Alice has pressed, and the channel is being made.
fn making() -> Story {
    given(ABSENT).on(pressed(FIRST), asked(), &[create()])
}

/// The channel is made; she is being greeted and told.
fn greeting() -> Story {
    let calls = [tell(press(FIRST), Notice::Created(C)), welcome(C)];
    making().answer(create(), Outcome::Created(C), bound(), &calls)
}

#[test]
fn a_press_in_every_state() {
    let second = press(SECOND);
    check(ABSENT, pressed(FIRST), asked(), &[create()]);
    unmoved(asked(), pressed(SECOND));
    unmoved(deferred(), pressed(SECOND));
    check(bound(), pressed(SECOND), bound(), &[tell(second.clone(), Notice::AlreadyOpen(C))]);
    check(open(C), pressed(SECOND), open(C), &[tell(second.clone(), Notice::AlreadyOpen(C)), get(C)]);
    check(silent(), pressed(SECOND), silent(), &[tell(second.clone(), Notice::AlreadyOpen(C))]);
    check(announced(), pressed(SECOND), announced(), &[tell(second, Notice::AlreadyOpen(C))]);
}

#[test]
fn a_command_in_every_state() {
    let requester = by_command(ALICE, COMMAND);
    let made = Request::CreateChannel {
        owner: OWNER,
        name: ChannelName::Member("alice".into()),
        request_id: RequestId(COMMAND),
        attempt: 0,
        number: None,
    };
    check(ABSENT, wants(requester.clone()), opening(requester.clone(), None), &[made]);
    unmoved(asked(), wants(requester.clone()));
    check(bound(), wants(requester.clone()), bound(), &[reply(COMMAND, Notice::AlreadyOpen(C))]);
    check(open(C), wants(requester.clone()), open(C), &[get(C)]);
    check(silent(), wants(requester.clone()), silent(), &[reply(COMMAND, Notice::AlreadyOpen(C))]);
    check(announced(), wants(requester), announced(), &[reply(COMMAND, Notice::AlreadyOpen(C))]);
}

#[test]
fn the_ticket_is_open_when_everything_has_been_said() {
    let told = tell(press(FIRST), Notice::Created(C));
    greeting()
        .answer(welcome(C), Outcome::Sent(M), bound(), &[])
        .answer(told.clone(), Outcome::Done, open(C), &[])
        .notes(&[JournalEvent::Route, JournalEvent::Opened { channel: C }])
        .rests();
    greeting().answer(told, Outcome::Done, bound(), &[]).answer(welcome(C), Outcome::Sent(M), open(C), &[]).rests();
}

#[test]
fn a_slow_channel_defers_the_press_and_edits_the_deferral() {
    let words = edit(begun(FIRST), Notice::Created(C));
    making()
        .wake(1500, deferred(), &[defer(begun(FIRST))])
        .notes(&[JournalEvent::Deferred])
        .answer(defer(begun(FIRST)), Outcome::Done, deferred(), &[])
        .at(5000)
        .answer(create(), Outcome::Created(C), deferred_bound(), &[words.clone(), welcome(C)])
        .answer(welcome(C), Outcome::Sent(M), deferred_bound(), &[])
        .answer(words, Outcome::Done, open(C), &[])
        .rests();
}

#[test]
fn a_channel_made_while_the_deferral_is_on_its_way_waits_for_it() {
    making()
        .wake(1500, deferred(), &[defer(begun(FIRST))])
        .answer(create(), Outcome::Created(C), deferred_bound(), &[welcome(C)])
        .answer(defer(begun(FIRST)), Outcome::Done, deferred_bound(), &[edit(begun(FIRST), Notice::Created(C))]);
}

#[test]
fn who_presses_meanwhile_is_told_where_the_ticket_is() {
    let calls = [
        tell(press(FIRST), Notice::Created(C)),
        tell(press(SECOND), Notice::AlreadyOpen(C)),
        reply(COMMAND, Notice::AlreadyOpen(C)),
        welcome(C),
    ];
    making().on(pressed(SECOND), asked(), &[]).on(wants(by_command(ALICE, COMMAND)), asked(), &[]).answer(
        create(),
        Outcome::Created(C),
        bound(),
        &calls,
    );
}

#[test]
fn who_presses_meanwhile_is_sent_away_when_it_takes_long() {
    let calls = [defer(begun(FIRST)), tell(press(SECOND), Notice::StillOpening)];
    making().on(pressed(SECOND), asked(), &[]).wake(1500, deferred(), &calls);
}

#[test]
fn a_name_that_is_refused_falls_back_once() {
    let name = || refused(ApiError::Name);
    making().answer(create(), name(), asked(), &[create_neutral()]).answer(
        create_neutral(),
        Outcome::Created(C),
        bound(),
        &[tell(press(FIRST), Notice::Created(C)), welcome(C)],
    );
    making().answer(create(), name(), asked(), &[create_neutral()]).answer(
        create_neutral(),
        name(),
        refusing(Notice::OpenRefused),
        &[tell(press(FIRST), Notice::OpenRefused)],
    );
}

#[test]
fn every_refusal_is_told_and_then_the_press_is_over() {
    let rights = vec![Permission::ManageChannels];
    for (refusal, words) in [
        (ApiError::Forbidden(rights.clone()), Notice::BotLacks(rights)),
        (ApiError::CategoryFull, Notice::CategoryFull),
        (ApiError::CategoryGone, Notice::CategoryGone),
        (ApiError::ServerFull, Notice::ServerFull),
        (ApiError::SupportRoleGone, Notice::SupportRoleGone),
        (ApiError::TimedOut { until: at(60_000) }, Notice::BotTimedOut(at(60_000))),
        (ApiError::NotInGuild, Notice::BotRemoved),
        (ApiError::Other { status: 403, code: 60_003 }, Notice::OpenRefused),
    ] {
        let told = tell(press(FIRST), words.clone());
        making()
            .answer(create(), refused(refusal), refusing(words), &[told.clone()])
            .answer(told, Outcome::Done, ABSENT, &[])
            .rests();
    }
}

#[test]
fn all_who_wait_are_told_of_the_refusal_and_so_is_who_comes_late() {
    let calls = [tell(press(FIRST), Notice::CategoryFull), tell(press(SECOND), Notice::CategoryFull)];
    let late = wants(by_command(ALICE, COMMAND));
    let told = || refusing(Notice::CategoryFull);
    making().on(pressed(SECOND), asked(), &[]).answer(create(), refused(ApiError::CategoryFull), told(), &calls).on(
        late,
        told(),
        &[reply(COMMAND, Notice::CategoryFull)],
    );
}

#[test]
fn a_refused_opening_can_be_asked_for_again() {
    let told = tell(press(FIRST), Notice::CategoryFull);
    making()
        .answer(create(), refused(ApiError::CategoryFull), refusing(Notice::CategoryFull), &[told.clone()])
        .answer(told, Outcome::Done, ABSENT, &[])
        .on(pressed(FIRST), asked(), &[create()])
        .answer(create(), Outcome::Created(C), bound(), &[tell(press(FIRST), Notice::Created(C)), welcome(C)]);
}

#[test]
fn an_unknown_outcome_is_looked_into_before_another_channel_is_made() {
    let found = Outcome::Channels(vec![marked(C, FIRST)]);
    let looking = || making().answer(create(), Outcome::Indeterminate, asked(), &[]).wake(250, asked(), &[list()]);
    looking()
        .answer(list(), found, bound(), &[tell(press(FIRST), Notice::Created(C)), read(C)])
        .notes(&[JournalEvent::Found { channel: C }])
        .answer(read(C), seen(false, false), bound(), &[welcome(C)])
        .answer(welcome(C), Outcome::Sent(M), bound(), &[]);
    looking().answer(list(), Outcome::Channels(vec![]), asked(), &[create_again(250)]);
    // The list gets no answer either: it is asked for again, and nothing is made.
    looking().answer(list(), Outcome::Indeterminate, asked(), &[]).wake(750, asked(), &[list()]);
    let lacks = || Notice::BotLacks(vec![]);
    looking().answer(list(), forbidden(), refusing(lacks()), &[tell(press(FIRST), lacks())]);
}

#[test]
fn only_a_channel_of_this_press_is_taken() {
    let owned = ChannelCandidate { owned: true, ..marked(C, FIRST) };
    let of_bob =
        ChannelCandidate { channel: C, members: vec![BOB], mark: None, attempt: 0, number: None, owned: false };
    let foreign_mark = ChannelCandidate { mark: Some((BOB, RequestId(FIRST))), ..unmarked(C) };
    for other in [owned, of_bob, foreign_mark] {
        given(asked()).answer(list(), Outcome::Channels(vec![other]), asked(), &[create_again(1)]);
    }
    for (channels, ours) in [
        (vec![marked(C, FIRST)], C),
        (vec![unmarked(C)], C),
        (vec![unmarked(D), marked(C, FIRST)], C),
        // The mark is proof enough, whatever the clocks say.
        (vec![marked(OLD, FIRST)], OLD),
        (vec![ChannelCandidate { members: vec![], ..marked(C, FIRST) }], C),
    ] {
        let calls = [tell(press(FIRST), Notice::Created(ours)), read(ours)];
        let then = opening(by_press(ALICE, press(FIRST)), Some(ours));
        given(asked()).answer(list(), Outcome::Channels(channels), then, &calls);
    }
}

#[test]
fn what_may_be_theirs_from_before_is_looked_into_first() {
    for (other, there) in [(marked(C, SECOND), C), (unmarked(OLD), OLD)] {
        let looking = || given(asked()).answer(list(), Outcome::Channels(vec![other.clone()]), asked(), &[read(there)]);
        let told = tell(press(FIRST), Notice::AlreadyOpen(there));
        looking().answer(read(there), seen(true, false), open(there), &[told]);
        looking().answer(read(there), forbidden(), asked(), &[]).wake(250, asked(), &[read(there)]);
    }
    given(asked()).answer(list(), Outcome::Channels(vec![unmarked(OLD)]), asked(), &[read(OLD)]).answer(
        read(OLD),
        seen(false, true),
        asked(),
        &[create_again(1)],
    );
}

#[test]
fn before_the_channels_are_told_they_are_asked_for() {
    let unseen = Event::Open { requester: by_press(ALICE, press(FIRST)), name: "alice".into(), unseen: true };
    let listing = || given(ABSENT).on(unseen.clone(), asked(), &[list()]);
    listing().answer(list(), Outcome::Channels(vec![]), asked(), &[create()]);
    // They are told while they are asked for.
    listing().on(Event::CandidateFound(unmarked(OLD)), asked(), &[]).answer(
        list(),
        Outcome::Channels(vec![unmarked(OLD)]),
        asked(),
        &[read(OLD)],
    );
}

#[test]
fn after_six_tries_the_member_is_told() {
    let none = || Outcome::Channels(vec![]);
    let mut story = given(deferred());
    let mut time = 0;
    for pause in [250, 500, 1000, 2000, 4000, 8000] {
        // The process before may have made the first attempt.
        let attempt = u32::try_from(time).expect("some seconds").max(1);
        time += pause;
        story = story
            .answer(list(), none(), deferred(), &[create_again(attempt)])
            .answer(create_again(attempt), Outcome::Indeterminate, deferred(), &[])
            .wake(time, deferred(), &[list()]);
    }
    let sorry = edit(begun(FIRST), Notice::DiscordDown);
    let told = refusing_to(by_press(ALICE, begun(FIRST)), Notice::DiscordDown);
    let story = story.answer(list(), none(), told, &[sorry.clone()]).answer(sorry, Outcome::Done, ABSENT, &[]);
    // Who asks again can be told the same for ten seconds; what was made all the same may appear for longer.
    let story = story.wake(25_750, ABSENT, &[]);
    let given_up = [0, 250, 750, 1750, 3750, 7750];
    given_up.into_iter().fold(story, |story, time| story.wake(150_000 + time, ABSENT, &[])).rests();
}

#[test]
fn a_welcome_that_got_lost_is_looked_for_before_it_is_said_again() {
    let lost = || {
        greeting()
            .answer(tell(press(FIRST), Notice::Created(C)), Outcome::Done, bound(), &[])
            .answer(welcome(C), Outcome::Indeterminate, bound(), &[])
            .wake(250, bound(), &[read(C)])
    };
    lost().answer(read(C), seen(true, false), open(C), &[]).rests();
    lost()
        .answer(read(C), seen(false, true), bound(), &[welcome(C)])
        .answer(welcome(C), Outcome::Sent(M), open(C), &[])
        .rests();
    lost().answer(read(C), Outcome::Indeterminate, bound(), &[]).wake(750, bound(), &[read(C)]);
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
    let told = tell(press(FIRST), Notice::Created(C));
    greeting()
        .answer(welcome(C), Outcome::Sent(M), bound(), &[])
        .answer(told, refused(ApiError::InteractionGone), open(C), &[])
        .notes(&[JournalEvent::NotTold, JournalEvent::Opened { channel: C }])
        .rests();
}

#[test]
fn the_channel_deleted_while_it_is_greeted_in() {
    // The press has had no answer yet: it hears the end of it.
    let told = tell(press(FIRST), Notice::Created(C));
    greeting()
        .on(gone(C), ABSENT, &[])
        .answer(told.clone(), Outcome::Done, ABSENT, &[edit(begun(FIRST), Notice::ChannelGone)])
        .answer(edit(begun(FIRST), Notice::ChannelGone), Outcome::Done, ABSENT, &[])
        .rests();
    // What was on its way to the channel finds nobody.
    greeting()
        .answer(told, Outcome::Done, bound(), &[])
        .on(gone(C), ABSENT, &[])
        .answer(welcome(C), refused(ApiError::ChannelGone), ABSENT, &[])
        .rests();
}

#[test]
fn an_opening_is_taken_up_from_its_row() {
    restored(100, asked(), &[list()]).answer(list(), Outcome::Channels(vec![]), asked(), &[create_again(100)]);
    restored(100, bound(), &[read(C), tell(press(FIRST), Notice::Created(C))])
        .answer(read(C), seen(true, false), bound(), &[])
        .answer(tell(press(FIRST), Notice::Created(C)), Outcome::Done, open(C), &[])
        .rests();
    restored(100, deferred_bound(), &[read(C), edit(begun(FIRST), Notice::Created(C))]).answer(
        read(C),
        seen(false, false),
        deferred_bound(),
        &[welcome(C)],
    );
}

#[test]
fn what_was_told_before_the_crash_is_not_told_twice() {
    let told = tell(press(FIRST), Notice::Created(C));
    let again = edit(begun(FIRST), Notice::Created(C));
    restored(100, bound(), &[read(C), told.clone()])
        .answer(read(C), seen(true, false), bound(), &[])
        .answer(
            told,
            refused(ApiError::AlreadyAcknowledged),
            opening(by_press(ALICE, begun(FIRST)), Some(C)),
            &[again.clone()],
        )
        .answer(again, Outcome::Done, open(C), &[])
        .rests();
}

#[test]
fn what_was_refused_before_the_crash_is_refused_after_it() {
    let told = tell(press(FIRST), Notice::CategoryFull);
    restored(100, refusing(Notice::CategoryFull), &[told.clone()]).answer(told, Outcome::Done, ABSENT, &[]).rests();
    // Too late to say so: the press is over all the same.
    let ticket = Ticket::new(OWNER, RULES, refusing(Notice::CategoryFull));
    Story { ticket, now: at(16 * 60_000), notes: Vec::new() }.on(Event::Loaded, ABSENT, &[]).rests();
}

#[test]
fn a_command_that_was_answered_before_the_crash_is_not_answered_twice() {
    let requester = || by_command(ALICE, COMMAND);
    let (bound, refusal) = (opening(requester(), Some(C)), refusing_to(requester(), Notice::CategoryFull));
    let look = || look_for_reply(COMMAND);
    restored(60_000, refusal.clone(), &[look()]).answer(look(), answered_before(true), ABSENT, &[]).rests();
    restored(60_000, bound, &[read(C), look()])
        .answer(read(C), seen(true, false), opening(requester(), Some(C)), &[])
        .answer(look(), answered_before(true), open(C), &[])
        .rests();

    // Nothing is said before it has been looked for, however long after the command.
    restored(400_000, refusal.clone(), &[look()]).answer(look(), Outcome::Indeterminate, refusal.clone(), &[]).wake(
        400_100,
        refusal.clone(),
        &[look()],
    );

    // It was not, or that cannot be seen: then it is answered now.
    for answer in [answered_before(false), forbidden()] {
        let told = reply(COMMAND, Notice::CategoryFull);
        restored(60_000, refusal.clone(), &[look()])
            .answer(look(), answer, refusal.clone(), &[told.clone()])
            .answer(told, Outcome::Sent(M), ABSENT, &[])
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
        .answer(list(), Outcome::Channels(vec![]), ABSENT, &[])
        .at(16 * 60_000 + 10_000)
        .on(Event::TimerFired, ABSENT, &[])
        .wake(16 * 60_000 + 150_000, ABSENT, &[])
        .rests();
}
