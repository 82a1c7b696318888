//! The story of a ticket.

use super::*;
use crate::store::journal::HANDFUL;

#[tokio::test]
async fn a_ticket_keeps_its_number_and_the_next_one_gets_another() {
    let place = Place::new();
    let store = place.store();
    let gone = Note::Gone { channel: ChannelId(7) };
    store.save(ALICE, &opening(5), &[ASKED], at(0)).await.unwrap();
    store.save(ALICE, &open(7), &[Note::Told], at(1)).await.unwrap();
    // The channel is found to be gone at the next press, which opens another one in the same breath.
    store.save(ALICE, &opening(6), &[gone.clone(), ASKED], at(2)).await.unwrap();
    store.save(ALICE, &State::Absent, &[Note::Deferred], at(3)).await.unwrap();
    store.note(ALICE, &[Note::NotTold], at(4));
    // An opening that comes to nothing before it is saved.
    store.save(ALICE, &State::Absent, &[ASKED], at(5)).await.unwrap();
    assert_eq!(
        notes(&store, Filter::Member(ALICE.member)).await,
        [
            (Some(1), ASKED),
            (Some(1), Note::Told),
            (Some(1), gone),
            (Some(2), ASKED),
            (Some(2), Note::Deferred),
            (Some(2), Note::NotTold),
            (Some(3), ASKED),
        ]
    );
    assert_eq!(notes(&store, Filter::Channel(ChannelId(7))).await.len(), 3, "from its beginning");
    assert_eq!(notes(&store, Filter::Ticket(Number(3))).await, [(Some(3), ASKED)]);
    assert_eq!(notes(&store, Filter::All).await.len(), 7);
}

#[tokio::test]
async fn the_journal_forgets_what_is_old_and_nothing_else() {
    let place = Place::new();
    let store = place.store();
    let many = vec![Note::Told; HANDFUL + 1];
    store.note(ALICE, &many, at(0));
    store.note(ALICE, &[Note::NotTold], at(10));
    assert_eq!(store.prune(at(10)).await.unwrap(), many.len());
    assert_eq!(notes(&store, Filter::All).await, [(None, Note::NotTold)]);
}

#[tokio::test]
async fn a_line_of_another_version_is_handed_on_as_it_is() {
    let place = Place::new();
    let store = place.store();
    store.save(ALICE, &opening(5), &[ASKED], at(0)).await.unwrap();
    run(&store, r#"UPDATE journal SET note = '{"what":"sung"}'"#).await;
    let entries = store.journal(Filter::All, 1).await.unwrap();
    assert_eq!(entries[0].note, Err(r#"{"what":"sung"}"#.to_owned()));
}
