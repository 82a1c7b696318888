//! A member who lost access to her own ticket asks for one.

use super::*;

/// The channel is private, and these members have an overwrite in it.
fn private(members: &[UserId]) -> Outcome {
    Outcome::Channel { private: true, members: members.to_vec() }
}

fn pointed(number: u64) -> Request {
    tell(press(number), Notice::AlreadyOpen(C))
}

/// For staff, in the channel.
fn notice(number: u64) -> Request {
    say(Notice::OwnerLockedOut(ALICE), number)
}

/// She pressed and was pointed to a channel whose overwrites do not name her.
fn locked_out() -> Story {
    given(open(C))
        .on(pressed(FIRST), open(C), &[pointed(FIRST), get(C)])
        .answer(pointed(FIRST), Outcome::Done, open(C), &[])
        .answer(get(C), private(&[]), open(C), &[restore_access(C)])
}

/// The same, and Discord does not let the bot put the overwrite back.
fn refused() -> Story {
    locked_out().answer(restore_access(C), forbidden(), open(C), &[notice(FIRST)])
}

#[test]
fn who_has_an_overwrite_or_needs_none_is_pointed_to_the_channel() {
    for answer in [private(&[ALICE]), Outcome::Channel { private: false, members: vec![] }] {
        given(open(C))
            .on(pressed(FIRST), open(C), &[pointed(FIRST), get(C)])
            .answer(pointed(FIRST), Outcome::Done, open(C), &[])
            .answer(get(C), answer, open(C), &[])
            .rests();
    }
}

#[test]
fn a_missing_overwrite_is_put_back() {
    locked_out().answer(restore_access(C), Outcome::Done, open(C), &[]).notes(&[JournalEvent::AccessRestored]).rests();
}

#[test]
fn a_command_is_answered_when_access_is_back() {
    let told = reply(COMMAND, Notice::AlreadyOpen(C));
    locked_out()
        .on(wants(by_command(ALICE, COMMAND)), open(C), &[])
        .answer(restore_access(C), Outcome::Done, open(C), &[told.clone()])
        .answer(told, Outcome::Sent(M), open(C), &[])
        .rests();
}

#[test]
fn staff_are_told_and_then_she_is() {
    let hidden = edit(begun(FIRST), Notice::TicketHiddenStaffTold);
    refused().answer(notice(FIRST), Outcome::Sent(M), open(C), &[hidden.clone()]).answer(
        hidden,
        Outcome::Done,
        open(C),
        &[],
    );
}

#[test]
fn she_is_not_told_of_a_message_that_nobody_reads() {
    refused().answer(notice(FIRST), forbidden(), open(C), &[edit(begun(FIRST), Notice::TicketHidden)]);
}

#[test]
fn staff_are_told_once() {
    let hidden = |number| edit(begun(number), Notice::TicketHiddenStaffTold);
    refused()
        .answer(notice(FIRST), Outcome::Sent(M), open(C), &[hidden(FIRST)])
        .answer(hidden(FIRST), Outcome::Done, open(C), &[])
        .on(pressed(SECOND), open(C), &[tell(press(SECOND), Notice::TicketHiddenStaffTold)])
        .answer(tell(press(SECOND), Notice::TicketHiddenStaffTold), Outcome::Done, open(C), &[])
        .wake(10_000, open(C), &[])
        .on(wants(by_command(ALICE, COMMAND)), open(C), &[get(C)])
        .answer(get(C), private(&[]), open(C), &[restore_access(C)])
        .answer(restore_access(C), forbidden(), open(C), &[reply(COMMAND, Notice::TicketHiddenStaffTold)]);
}

#[test]
fn the_next_loss_is_told_again() {
    let hidden = |number| edit(begun(number), Notice::TicketHiddenStaffTold);
    refused()
        .answer(notice(FIRST), Outcome::Sent(M), open(C), &[hidden(FIRST)])
        .answer(hidden(FIRST), Outcome::Done, open(C), &[])
        .wake(10_000, open(C), &[])
        .on(wants(by_command(ALICE, COMMAND)), open(C), &[get(C)])
        .answer(get(C), private(&[ALICE]), open(C), &[reply(COMMAND, Notice::AlreadyOpen(C))])
        .answer(reply(COMMAND, Notice::AlreadyOpen(C)), Outcome::Sent(M), open(C), &[])
        .wake(20_000, open(C), &[])
        .on(wants(by_command(ALICE, LEAVE)), open(C), &[get(C)])
        .answer(get(C), private(&[]), open(C), &[restore_access(C)])
        .answer(restore_access(C), forbidden(), open(C), &[notice(LEAVE)]);
}

#[test]
fn no_answer_is_tried_again_and_tells_nobody_of_a_loss() {
    let mut story = locked_out();
    let mut time = 0;
    for pause in [250, 500, 1000, 2000, 4000] {
        time += pause;
        story = story.answer(restore_access(C), Outcome::Indeterminate, open(C), &[]).wake(
            time,
            open(C),
            &[restore_access(C)],
        );
    }
    story.answer(restore_access(C), Outcome::Indeterminate, open(C), &[]);
}

#[test]
fn a_channel_that_went_meanwhile_is_looked_for() {
    locked_out().answer(restore_access(C), no_channel(), open(C), &[find(C)]);
}

#[test]
fn the_ticket_is_let_go_when_she_asks_no_more() {
    let hidden = edit(begun(FIRST), Notice::TicketHiddenStaffTold);
    refused()
        .answer(notice(FIRST), Outcome::Sent(M), open(C), &[hidden.clone()])
        .answer(hidden, Outcome::Done, open(C), &[])
        .wake(10_000, open(C), &[])
        .wake(15 * 60_000, open(C), &[])
        .rests();
}
