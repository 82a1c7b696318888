//! A token that has expired is not kept.

use super::*;

const EXPIRED: u64 = 15 * 60_000;

/// Those who asked, as they are saved.
fn tokens(row: &State) -> Vec<Asker> {
    match row {
        State::Absent | State::Open { .. } => Vec::new(),
        State::Opening(Opening { asker, .. }) | State::Refused(Refused { asker, .. }) => vec![asker.clone()],
        State::Closing(Closing { asker, opening, .. }) => {
            let opener = opening.iter().map(|opening| opening.asker.clone());
            opener.chain([asker.clone()]).collect()
        }
    }
}

/// Its channel is deleted in an hour.
fn slow(row: State) -> State {
    match row {
        State::Closing(closing) => State::Closing(Closing { due: at(3_600_000), ..closing }),
        row => row,
    }
}

#[test]
fn a_row_that_is_held_loses_its_tokens_when_they_expire() {
    for row in [slow(announced()), slow(too_early(announced()))] {
        let mut story = given(row.clone());
        story.ticket.rules.close_delay = Duration::from_secs(3_600);
        let story = story.at(EXPIRED - 1).on(Event::Woke, row.clone(), &[]);
        let story = story.wake(EXPIRED, spent(row.clone()), &[]);
        story.wake(3_600_000, spent(row), &[delete(C)]);
    }
}

#[test]
fn a_row_that_is_read_late_loses_its_tokens_at_once() {
    for row in [asked(), deferred(), bound(), silent(), announced(), too_early(silent())] {
        let story = given_at(EXPIRED, row.clone());
        let left = tokens(story.ticket.state());
        assert!(!left.is_empty());
        assert!(!serde_json::to_string(&left).unwrap().contains("secret"), "{row:?}");
    }
    // Nobody can be told any more, so nothing is left of it.
    given_at(EXPIRED, refusing(Words::CategoryFull)).on(Event::Woke, State::Absent, &[]);
}

#[test]
fn nothing_is_said_with_a_token_that_is_gone() {
    // The clock was set back since.
    let mut row = refusing(Words::CategoryFull);
    row.forget_tokens(at(EXPIRED));
    given(row).on(Event::Woke, State::Absent, &[]);
}
