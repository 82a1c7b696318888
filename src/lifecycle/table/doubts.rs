//! Whoever asks for a ticket they have gives a reason to look whether it exists.

use super::*;

fn pointed(number: u64) -> Request {
    tell(press(number), Notice::AlreadyOpen(C))
}

/// A press has been told of the ticket, and it is looked whether it exists.
fn doubting() -> Story {
    given(open(C)).on(pressed(FIRST), open(C), &[pointed(FIRST), get(C)]).answer(
        pointed(FIRST),
        Outcome::Done,
        open(C),
        &[],
    )
}

impl Story {
    /// Discord says by the channel's id that it does not exist, and lists none.
    #[track_caller]
    fn not_there(self) -> Self {
        self.answer(get(C), no_channel(), open(C), &[find(C)]).answer(find(C), Outcome::Unlisted, open(C), &[get(C)])
    }
}

fn ordered() -> Event {
    wants(by_command(ALICE, COMMAND))
}

/// The same, and a command waits to hear it, too.
fn both_doubting() -> Story {
    doubting().on(ordered(), open(C), &[])
}

#[test]
fn the_ticket_exists() {
    doubting().answer(get(C), Outcome::Done, open(C), &[]).rests();
    let told = reply(COMMAND, Notice::AlreadyOpen(C));
    both_doubting()
        .answer(get(C), Outcome::Done, open(C), &[told.clone()])
        .answer(told, Outcome::Sent(M), open(C), &[])
        .rests();
}

#[test]
fn one_404_ends_no_ticket() {
    doubting().answer(get(C), no_channel(), open(C), &[find(C)]).answer(find(C), Outcome::Done, open(C), &[]).rests();
    // Neither does a list that leaves it out, because the bot may not see it.
    doubting().not_there().answer(get(C), forbidden(), open(C), &[]).rests();
    doubting().not_there().answer(get(C), Outcome::Done, open(C), &[]).rests();
    // Discord may not know a channel for moments: neither the list, nor by its id.
    doubting()
        .not_there()
        .answer(get(C), no_channel(), open(C), &[])
        .wake(3000, open(C), &[find(C)])
        .answer(find(C), Outcome::Done, open(C), &[])
        .rests();
    // It is hidden: Discord takes back that there is none.
    doubting()
        .not_there()
        .still_lost(&[])
        .answer(get(C), forbidden(), open(C), &[])
        .notes(&[JournalEvent::GaveUp {
            call: "get channel".into(),
            why: Reason::Refused(ApiError::Forbidden(Vec::new())),
        }])
        .rests();
    // What was witnessed before it was seen again does not count any more.
    doubting()
        .not_there()
        .answer(get(C), Outcome::Done, open(C), &[])
        .wake(10_000, open(C), &[])
        .on(wants(by_command(ALICE, LEAVE)), open(C), &[get(C)])
        .answer(get(C), no_channel(), open(C), &[find(C)]);
}

#[test]
fn a_404_about_the_list_is_no_witness_and_is_not_asked_about_without_a_pause() {
    let no_server = || Outcome::Refused(ApiError::Other { status: 404, code: 10_004 });
    for answer in [no_server(), no_channel()] {
        doubting()
            .answer(get(C), no_channel(), open(C), &[find(C)])
            .answer(find(C), answer.clone(), open(C), &[])
            .wake(250, open(C), &[find(C)])
            .answer(find(C), answer.clone(), open(C), &[])
            .wake(750, open(C), &[find(C)])
            .answer(find(C), Outcome::Unlisted, open(C), &[get(C)])
            .answer(get(C), Outcome::Done, open(C), &[])
            .rests();
        // However often: it is not asked for ever.
        let mut story = doubting().answer(get(C), no_channel(), open(C), &[find(C)]);
        let mut asked = 1;
        while let step =
            story.ticket.handle(Event::RequestCompleted { call: find(C), answer: answer.clone() }, story.now)
            && let Some(next) = story.ticket.deadline().filter(|_| story.ticket.tasks.any(|call| *call == find(C)))
        {
            assert_eq!((&step.calls[..], story.ticket.document()), (&[][..], &open(C)), "a pause");
            story.now = next;
            assert_eq!(story.ticket.handle(Event::TimerFired, next).calls, [find(C)]);
            asked += 1;
        }
        assert!((2..10).contains(&asked), "{asked}");
        assert_eq!(story.ticket.document(), &open(C));
    }
}

#[test]
fn it_is_not_known_whether_the_ticket_exists() {
    let told = reply(COMMAND, Notice::AlreadyOpen(C));
    let mut story = both_doubting();
    let mut time = 0;
    for pause in [250, 500, 1000, 2000, 4000] {
        time += pause;
        story = story.answer(get(C), Outcome::Indeterminate, open(C), &[]).wake(time, open(C), &[get(C)]);
    }
    story.answer(get(C), Outcome::Indeterminate, open(C), &[told]);
    both_doubting().answer(get(C), forbidden(), open(C), &[reply(COMMAND, Notice::AlreadyOpen(C))]);
}

#[test]
fn the_ticket_is_gone_and_the_same_press_opens_a_new_one() {
    let here = edit(begun(FIRST), Notice::Created(D));
    doubting()
        .not_there()
        .still_lost(&[])
        .answer(get(C), no_channel(), deferred(), &[list()])
        .notes(&[JournalEvent::Gone { channel: C }, JournalEvent::Asked { by: ALICE, way: Source::Button }])
        .answer(list(), Outcome::Channels(vec![]), deferred(), &[create()])
        .answer(create(), Outcome::Created(D), opening(by_press(ALICE, begun(FIRST)), Some(D)), &[here, welcome(D)]);
}

#[test]
fn an_answer_that_turns_out_wrong_while_it_gets_lost_is_not_the_last_word() {
    let late = |press| Requester { at: at(3000), ..by_press(ALICE, press) };
    given(open(C))
        .on(Event::ChannelUnlisted { channel: C }, open(C), &[get(C)])
        .not_there()
        .still_lost(&[])
        .on(wants(late(press(FIRST))), open(C), &[pointed(FIRST)])
        .answer(get(C), no_channel(), opening(late(press(FIRST)), None), &[list()])
        .answer(pointed(FIRST), Outcome::Indeterminate, opening(late(press(FIRST)), None), &[])
        .wake(3100, opening(late(begun(FIRST)), None), &[defer(begun(FIRST))]);
}

#[test]
fn all_who_asked_share_the_new_one() {
    let told = [
        edit(begun(FIRST), Notice::Created(D)),
        edit(begun(SECOND), Notice::AlreadyOpen(D)),
        reply(COMMAND, Notice::AlreadyOpen(D)),
        welcome(D),
    ];
    both_doubting()
        .on(pressed(SECOND), open(C), &[pointed(SECOND)])
        .answer(pointed(SECOND), Outcome::Done, open(C), &[])
        .not_there()
        .still_lost(&[])
        .answer(get(C), no_channel(), deferred(), &[list()])
        .answer(list(), Outcome::Channels(vec![]), deferred(), &[create()])
        .answer(create(), Outcome::Created(D), opening(by_press(ALICE, begun(FIRST)), Some(D)), &told);
}

#[test]
fn a_ticket_deleted_meanwhile_was_there_when_the_press_was_told_of_it() {
    doubting().on(gone(C), ABSENT, &[]).rests();
    let requester = by_command(ALICE, COMMAND);
    let made = Request::CreateChannel {
        owner: OWNER,
        name: ChannelName::Member("alice".into()),
        request_id: RequestId(COMMAND),
        attempt: 0,
        number: None,
    };
    both_doubting().on(gone(C), opening(requester.clone(), None), &[list()]).answer(
        list(),
        Outcome::Channels(vec![]),
        opening(requester, None),
        &[made],
    );
}

#[test]
fn a_press_before_the_close_opens_nothing_after_it() {
    let announcement = announce(press(LEAVE));
    doubting().on(closed_by(ALICE), silent(), &[announcement.clone()]).on(gone(C), ABSENT, &[]).rests();
    both_doubting().on(closed_by(ALICE), silent(), &[announcement, reply(COMMAND, Notice::AlreadyOpen(C))]);
}

#[test]
fn it_is_not_asked_at_every_press() {
    doubting()
        .answer(get(C), Outcome::Done, open(C), &[])
        .on(pressed(SECOND), open(C), &[pointed(SECOND)])
        .answer(pointed(SECOND), Outcome::Done, open(C), &[])
        .on(ordered(), open(C), &[reply(COMMAND, Notice::AlreadyOpen(C))])
        .answer(reply(COMMAND, Notice::AlreadyOpen(C)), Outcome::Sent(M), open(C), &[])
        .wake(10_000, open(C), &[])
        .on(wants(by_command(ALICE, LEAVE)), open(C), &[get(C)]);
}
