//! A token that has expired is not kept.

use super::*;

const EXPIRED: u64 = 15 * 60_000;

/// Its channel is deleted in an hour.
fn slow(mut row: Document) -> Document {
    if let State::Closing(closing) = &mut row.state {
        closing.due = at(3_600_000);
    }
    row
}

#[test]
fn a_row_that_is_held_loses_its_tokens_when_they_expire() {
    for row in [slow(announced()), slow(too_early(announced()))] {
        let mut story = given(row.clone());
        story.ticket.rules.close_delay = Duration::from_secs(3_600);
        let story = story.at(EXPIRED - 1).on(Event::TimerFired, row.clone(), &[]);
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
