//! A token that has expired is not kept.

use super::*;

const EXPIRED: u64 = 15 * 60_000;

/// Its channel is deleted in an hour.
fn slow(mut row: Document) -> Document {
    if let State::Closing(closing) = &mut row.state {
        (closing.due, closing.delay) = (at(3_600_000), Duration::from_secs(3_600));
    }
    row
}

#[test]
fn a_row_that_is_held_loses_its_tokens_when_they_expire() {
    for row in [slow(announced()), slow(too_early(announced()))] {
        let story = given(row.clone()).at(EXPIRED - 1).on(Event::TimerFired, row.clone(), &[]);
        let story = story.wake(EXPIRED, spent(row.clone()), &[]);
        story.wake(3_600_000, spent(row), &[delete(C)]);
    }
}

#[test]
fn a_row_that_is_read_late_loses_its_tokens_at_once() {
    for row in [asked(), deferred(), bound(), silent(), announced(), too_early(silent())] {
        let story = given_at(EXPIRED, row.clone());
        let [before, left] = [&row, story.ticket.document()].map(|row| serde_json::to_string(row).unwrap());
        assert!(before.contains("secret") && !left.contains("secret"), "{left}");
    }
    // Nobody can be told any more, so nothing is left of it.
    given_at(EXPIRED, refusing(Notice::CategoryFull)).on(Event::TimerFired, ABSENT, &[]);
}

#[test]
fn nothing_is_said_with_a_token_that_is_gone() {
    // The clock was set back since.
    let mut row = refusing(Notice::CategoryFull);
    row.forget_tokens(at(EXPIRED));
    given(row).on(Event::TimerFired, ABSENT, &[]);
}

/// The answer to the opener is over, and the welcome does not get through: nothing else would be saved for long.
#[test]
fn a_token_of_an_answer_that_is_over_does_not_stay_in_the_row() {
    let mut ticket = Ticket::new(OWNER, RULES, bound());
    ticket.handle(Event::Loaded, at(0));
    let told = Event::RequestCompleted { call: tell(press(FIRST), Notice::Created(C)), answer: Outcome::Done };
    assert_eq!(ticket.handle(told, at(100)).save, None);
    let read = Event::RequestCompleted { call: read(C), answer: Outcome::Indeterminate };
    assert_eq!(ticket.handle(read, at(200)).save, None);
    assert_eq!(ticket.handle(Event::TimerFired, at(EXPIRED - 1)).save, None);

    let saved = ticket.handle(Event::TimerFired, at(EXPIRED)).save.expect("the row is written anew");

    assert!(!serde_json::to_string(&saved).unwrap().contains("secret"), "{saved:?}");
    assert_eq!(ticket.handle(Event::TimerFired, at(EXPIRED + 1)).save, None, "once");
}
