//! One commit for many, and what one of them, the disk or another program does to the rest.

use super::*;

#[tokio::test]
async fn a_hundred_saves_at_once_share_a_commit() {
    let place = Place::new();
    let store = place.store();
    let busy = hold(&store);
    let saves: Vec<_> = (0..100).map(|member| store.save(owner(member), &opening(member), &[ASKED], at(0))).collect();
    drop(busy);
    let numbers = join_all(saves).await.into_iter().collect::<Result<Vec<_>, _>>().unwrap();
    assert_eq!(numbers, (1..=100).map(|number| Some(TicketNumber(number))).collect::<Vec<_>>());
    assert_eq!(store.commits(), 1);
}

#[tokio::test]
async fn notes_nobody_waits_for_ride_with_the_next_save() {
    let place = Place::new();
    let store = place.store();
    for second in 0..20 {
        store.note(ALICE, &[JournalEvent::Route], at(second));
    }
    store.save(BOB, &opening(1), &[], at(20)).await.unwrap();
    assert_eq!(store.commits(), 1);
    assert_eq!(notes(&store, Filter::Member(ALICE.member)).await.len(), 20);
}

#[tokio::test]
async fn what_is_in_no_hurry_rides_with_the_next_save_and_is_not_forgotten_without_one() {
    let place = Place::new();
    let store = place.store();
    let soon = store.put((ALICE, &open(7)), None, &[ASKED], at(0), false);
    store.save(BOB, &opening(1), &[], at(0)).await.unwrap();
    assert_eq!(soon.await, Ok(Some(TicketNumber(1))));
    assert_eq!(store.commits(), 1);
    store.put((ALICE, &NOTHING), None, &[], at(1), false).await.unwrap();
    assert_eq!(store.ticket(ALICE).await.unwrap(), NOTHING);
}

#[tokio::test]
async fn one_refused_save_harms_no_other() {
    let place = Place::new();
    let store = place.store();
    let busy = hold(&store);
    let first = store.save(ALICE, &open(7), &[ASKED], at(0));
    let taken = store.save(BOB, &open(7), &[ASKED], at(0));
    let last = store.save(owner(12), &open(9), &[ASKED], at(0));
    drop(busy);
    assert_eq!(first.await, Ok(Some(TicketNumber(1))));
    assert_eq!(taken.await, Err(StoreError::ChannelTaken(ChannelId(7))));
    assert_eq!(last.await, Ok(Some(TicketNumber(2))), "a refused save takes no number");
    assert_eq!(store.ticket(BOB).await.unwrap(), NOTHING);
    assert_eq!(notes(&store, Filter::Member(BOB.member)).await, []);
}

#[tokio::test]
async fn a_full_disk_is_an_error_and_leaves_no_half_state() {
    let place = Place::new();
    let store = place.store();
    store.save(ALICE, &open(7), &[ASKED], at(0)).await.unwrap();
    run(&store, "PRAGMA max_page_count = 1").await;
    let many = vec![JournalEvent::GaveUp { call: "x".repeat(500), why: Reason::NoAnswer }; 100];
    let full = store.save(ALICE, &NOTHING, &many, at(1)).await;
    assert_eq!(full, Err(StoreError::Full));
    assert_eq!(store.ticket(ALICE).await.unwrap(), open(7));
    assert_eq!(notes(&store, Filter::All).await, [(Some(1), ASKED)]);

    run(&store, "PRAGMA max_page_count = 1000000").await;
    store.save(ALICE, &NOTHING, &many, at(2)).await.unwrap();
    assert_eq!(store.ticket(ALICE).await.unwrap(), NOTHING);
}

#[tokio::test]
async fn a_locked_database_is_an_error_and_nobody_waits_twice() {
    let place = Place::new();
    let store = place.store();
    run(&store, "PRAGMA busy_timeout = 20").await;
    let other = Connection::open(place.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let saves: Vec<_> = (0..20).map(|member| store.save(owner(member), &opening(member), &[], at(0))).collect();
    for outcome in join_all(saves).await {
        assert_eq!(outcome, Err(StoreError::Busy));
    }
    assert_eq!(store.all().await.unwrap(), [], "reading goes on");
    other.execute_batch("ROLLBACK").unwrap();
    store.save(ALICE, &opening(5), &[], at(1)).await.unwrap();
}

#[tokio::test]
async fn a_probe_tells_whether_anything_could_be_saved() {
    let place = Place::new();
    let store = place.store();
    store.save(ALICE, &open(7), &[ASKED], at(0)).await.unwrap();
    assert_eq!(store.probe().await, Ok(()));
    assert_eq!(notes(&store, Filter::All).await, [(Some(1), ASKED)], "it leaves no trace");
    run(&store, "PRAGMA query_only = 1").await;
    assert_eq!(store.probe().await, Err(StoreError::ReadOnly));
}

#[tokio::test]
async fn a_save_that_fails_beside_a_read_is_undone_as_a_whole() {
    let place = Place::new();
    let store = place.store();
    store.save(ALICE, &open(7), &[ASKED], at(0)).await.unwrap();
    run(&store, "PRAGMA max_page_count = 1").await;
    let many = vec![JournalEvent::GaveUp { call: "x".repeat(500), why: Reason::NoAnswer }; 100];
    let busy = hold(&store);
    let read = store.ticket(ALICE);
    let closed = store.save(ALICE, &NOTHING, &many, at(1));
    drop(busy);
    read.await.unwrap();
    assert_eq!(closed.await, Err(StoreError::Full));
    assert_eq!(store.ticket(ALICE).await.unwrap(), open(7));
    assert_eq!(notes(&store, Filter::All).await, [(Some(1), ASKED)]);
}

#[tokio::test]
async fn a_save_between_a_read_and_one_that_is_refused_is_made_once() {
    let place = Place::new();
    let store = place.store();
    let busy = hold(&store);
    let read = store.all();
    let first = store.save(ALICE, &open(7), &[ASKED], at(0));
    let taken = store.save(BOB, &open(7), &[ASKED], at(0));
    drop(busy);
    read.await.unwrap();
    assert_eq!(first.await, Ok(Some(TicketNumber(1))));
    assert_eq!(taken.await, Err(StoreError::ChannelTaken(ChannelId(7))));
    assert_eq!(notes(&store, Filter::All).await, [(Some(1), ASKED)], "it is in the journal once");
}
