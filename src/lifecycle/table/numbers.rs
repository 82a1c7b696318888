//! The number of a ticket: given with the row, shown in the topic, and kept by a channel that is taken over.

use super::*;
use crate::ids::TicketNumber;
use ABSENT;

const NUMBER: TicketNumber = TicketNumber(42);

fn numbered(call: Request) -> Request {
    match call {
        Request::CreateChannel { owner, name, request_id, attempt, .. } => {
            Request::CreateChannel { owner, name, request_id, attempt, number: Some(NUMBER) }
        }
        call => call,
    }
}

/// What is decided about an event, and the calls that are made when it is saved.
fn saved(ticket: &mut Ticket, event: Event, millis: u64) -> Vec<Request> {
    let decision = ticket.decide(event, at(millis));
    assert!(decision.save().is_some(), "nothing was to be saved");
    decision.saved(ticket, Some(NUMBER)).calls
}

#[test]
fn a_channel_gets_the_number_that_was_given_with_the_row() {
    let mut ticket = Ticket::new(OWNER, RULES, ABSENT);
    assert_eq!(saved(&mut ticket, pressed(FIRST), 0), [numbered(create())]);
    // A later attempt, too, and one by another name.
    let refused = Outcome::Refused(ApiError::Name);
    let step = ticket.handle(Event::RequestCompleted { call: numbered(create()), answer: refused }, at(100));
    assert_eq!(step.calls, [numbered(create_neutral())]);
}

#[test]
fn a_new_ticket_does_not_show_the_number_of_the_last_one() {
    let mut ticket = Ticket::new(OWNER, RULES, ABSENT);
    saved(&mut ticket, pressed(FIRST), 0);
    let refused = Outcome::Refused(ApiError::CategoryFull);
    saved(&mut ticket, Event::RequestCompleted { call: numbered(create()), answer: refused }, 100);
    let told = tell(press(FIRST), Notice::CategoryFull);
    saved(&mut ticket, Event::RequestCompleted { call: told, answer: Outcome::Done }, 200);
    assert_eq!(ticket.document(), &ABSENT);
    let step = ticket.handle(pressed(SECOND), at(20_000));
    let numbers: Vec<_> =
        step.calls.iter().map(|call| matches!(call, Request::CreateChannel { number: None, .. })).collect();
    assert_eq!(numbers, [true]);
}

#[test]
fn a_channel_that_is_taken_over_keeps_the_number_it_shows() {
    let mut ticket = Ticket::new(OWNER, RULES, ABSENT);
    let candidate = ChannelCandidate { number: Some(NUMBER), ..marked(OLD, FIRST) };
    ticket.handle(Event::CandidateFound(candidate), at(0));
    let greeted = Outcome::Read { welcome: true, announcement: None, replied: false, others: true };
    let decision = ticket.decide(Event::RequestCompleted { call: read(OLD), answer: greeted }, at(100));
    let saved = decision.save().map(|(document, _)| document);
    assert_eq!(saved.map(|document| &document.state), Some(&open(OLD).state));
    let request = saved.and_then(|document| document.request.as_ref());
    assert_eq!(request.map(|request| request.id), Some(RequestId(FIRST)), "as its topic tells");
    assert_eq!(decision.shown_number(), Some(NUMBER));
    drop(decision.saved(&mut ticket, Some(NUMBER)));
    // The press that comes next is no adoption.
    assert_eq!(ticket.decide(pressed(SECOND), at(200)).shown_number(), None);
}
