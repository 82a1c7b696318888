//! A member who lost access to her own ticket asks for one.

use super::*;

/// The channel is private, and these members have an overwrite in it.
fn private(members: &[UserId]) -> Answer {
    Answer::Channel { private: true, members: members.to_vec() }
}

fn pointed(number: u64) -> Call {
    tell(press(number), Words::AlreadyOpen(C))
}

/// For staff, in the channel.
fn notice(number: u64) -> Call {
    say(Words::OwnerLockedOut(ALICE), number)
}

/// She pressed and was pointed to a channel whose overwrites do not name her.
fn locked_out() -> Story {
    given(open(C))
        .on(pressed(FIRST), open(C), &[pointed(FIRST), get(C)])
        .answer(pointed(FIRST), Answer::Done, open(C), &[])
        .answer(get(C), private(&[]), open(C), &[restore_access(C)])
}

/// The same, and Discord does not let the bot put the overwrite back.
fn refused() -> Story {
    locked_out().answer(restore_access(C), forbidden(), open(C), &[notice(FIRST)])
}

#[test]
fn who_has_an_overwrite_or_needs_none_is_pointed_to_the_channel() {
    for answer in [private(&[ALICE]), Answer::Channel { private: false, members: vec![] }] {
        given(open(C))
            .on(pressed(FIRST), open(C), &[pointed(FIRST), get(C)])
            .answer(pointed(FIRST), Answer::Done, open(C), &[])
            .answer(get(C), answer, open(C), &[])
            .rests();
    }
}

#[test]
fn a_missing_overwrite_is_put_back() {
    locked_out().answer(restore_access(C), Answer::Done, open(C), &[]).notes(&[Note::AccessRestored]).rests();
}

#[test]
fn a_command_is_answered_when_access_is_back() {
    let told = reply(COMMAND, Words::AlreadyOpen(C));
    locked_out()
        .on(wants(by_command(ALICE, COMMAND)), open(C), &[])
        .answer(restore_access(C), Answer::Done, open(C), &[told.clone()])
        .answer(told, Answer::Sent(M), open(C), &[])
        .rests();
}

#[test]
fn staff_are_told_and_then_she_is() {
    let hidden = edit(begun(FIRST), Words::TicketHiddenStaffTold);
    refused().answer(notice(FIRST), Answer::Sent(M), open(C), &[hidden.clone()]).answer(
        hidden,
        Answer::Done,
        open(C),
        &[],
    );
}

#[test]
fn she_is_not_told_of_a_message_that_nobody_reads() {
    refused().answer(notice(FIRST), forbidden(), open(C), &[edit(begun(FIRST), Words::TicketHidden)]);
}

#[test]
fn staff_are_told_once() {
    let hidden = |number| edit(begun(number), Words::TicketHiddenStaffTold);
    refused()
        .answer(notice(FIRST), Answer::Sent(M), open(C), &[hidden(FIRST)])
        .answer(hidden(FIRST), Answer::Done, open(C), &[])
        .on(pressed(SECOND), open(C), &[tell(press(SECOND), Words::TicketHiddenStaffTold)])
        .answer(tell(press(SECOND), Words::TicketHiddenStaffTold), Answer::Done, open(C), &[])
        .wake(10_000, open(C), &[])
        .on(wants(by_command(ALICE, COMMAND)), open(C), &[get(C)])
        .answer(get(C), private(&[]), open(C), &[restore_access(C)])
        .answer(restore_access(C), forbidden(), open(C), &[reply(COMMAND, Words::TicketHiddenStaffTold)]);
}

#[test]
fn the_next_loss_is_told_again() {
    let hidden = |number| edit(begun(number), Words::TicketHiddenStaffTold);
    refused()
        .answer(notice(FIRST), Answer::Sent(M), open(C), &[hidden(FIRST)])
        .answer(hidden(FIRST), Answer::Done, open(C), &[])
        .wake(10_000, open(C), &[])
        .on(wants(by_command(ALICE, COMMAND)), open(C), &[get(C)])
        .answer(get(C), private(&[ALICE]), open(C), &[reply(COMMAND, Words::AlreadyOpen(C))])
        .answer(reply(COMMAND, Words::AlreadyOpen(C)), Answer::Sent(M), open(C), &[])
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
        story =
            story.answer(restore_access(C), Answer::Unknown, open(C), &[]).wake(time, open(C), &[restore_access(C)]);
    }
    story.answer(restore_access(C), Answer::Unknown, open(C), &[]);
}

#[test]
fn a_channel_that_went_meanwhile_is_looked_for() {
    locked_out().answer(restore_access(C), no_channel(), open(C), &[find(C)]);
}

#[test]
fn the_ticket_is_let_go_when_she_asks_no_more() {
    let hidden = edit(begun(FIRST), Words::TicketHiddenStaffTold);
    refused()
        .answer(notice(FIRST), Answer::Sent(M), open(C), &[hidden.clone()])
        .answer(hidden, Answer::Done, open(C), &[])
        .wake(10_000, open(C), &[])
        .wake(15 * 60_000, open(C), &[])
        .rests();
}
