//! The story of a ticket.

use super::*;
use crate::store::journal::PRUNE_BATCH;

#[tokio::test]
async fn a_ticket_keeps_its_number_and_the_next_one_gets_another() {
    let place = Place::new();
    let store = place.store();
    let gone = JournalEvent::Gone { channel: ChannelId(7) };
    store.save(ALICE, &opening(5), &[ASKED], at(0)).await.unwrap();
    store.save(ALICE, &open(7), &[JournalEvent::Route], at(1)).await.unwrap();
    // The channel is found to be gone at the next press, which opens another one in the same breath.
    store.save(ALICE, &opening(6), &[gone.clone(), ASKED], at(2)).await.unwrap();
    store.save(ALICE, &NOTHING, &[JournalEvent::Deferred], at(3)).await.unwrap();
    store.note(ALICE, &[JournalEvent::NotTold], at(4));
    // An opening that comes to nothing before it is saved.
    store.save(ALICE, &NOTHING, &[ASKED], at(5)).await.unwrap();
    assert_eq!(
        notes(&store, Filter::Member(ALICE.member)).await,
        [
            (Some(1), ASKED),
            (Some(1), JournalEvent::Route),
            (Some(1), gone),
            (Some(2), ASKED),
            (Some(2), JournalEvent::Deferred),
            (Some(2), JournalEvent::NotTold),
            (Some(3), ASKED),
        ]
    );
    assert_eq!(notes(&store, Filter::Channel(ChannelId(7))).await.len(), 3, "from its beginning");
    assert_eq!(
        notes(&store, Filter::Ticket(TicketId { guild: ALICE.guild, number: TicketNumber(3) })).await,
        [(Some(3), ASKED)]
    );
    assert_eq!(notes(&store, Filter::All).await.len(), 7);
}

#[tokio::test]
async fn each_server_counts_its_tickets_by_itself_and_tells_their_stories_apart() {
    let place = Place::new();
    let store = place.store();
    let strange = Owner { guild: GuildId(ALICE.guild.0 + 1), ..ALICE };
    let first = Some(TicketNumber(1));
    assert_eq!(store.save(ALICE, &open(7), &[ASKED], at(0)).await, Ok(first));
    assert_eq!(store.save(strange, &open(8), &[ASKED, JournalEvent::Route], at(1)).await, Ok(first));
    let told = async |guild| notes(&store, Filter::Ticket(TicketId { guild, number: TicketNumber(1) })).await;
    assert_eq!(told(ALICE.guild).await, [(Some(1), ASKED)]);
    assert_eq!(told(strange.guild).await, [(Some(1), ASKED), (Some(1), JournalEvent::Route)]);
    assert_eq!(notes(&store, Filter::Channel(ChannelId(7))).await, [(Some(1), ASKED)]);
    assert_eq!(notes(&store, Filter::Number(TicketNumber(1))).await.len(), 3);
}

#[tokio::test]
async fn a_number_that_a_channel_shows_is_never_given_to_another_ticket() {
    let place = Place::new();
    let store = place.store();
    store.reserve_numbers(TicketId { guild: ALICE.guild, number: TicketNumber(41) });
    store.reserve_numbers(TicketId { guild: ALICE.guild, number: TicketNumber(7) });
    assert_eq!(store.save(ALICE, &open(7), &[], at(0)).await, Ok(Some(TicketNumber(42))));
    // A channel that is taken over keeps its own.
    let adopt = |owner, channel, shown| store.put((owner, &open(channel)), Some(TicketNumber(shown)), &[], at(1), true);
    assert_eq!(adopt(BOB, 8, 50).await, Ok(Some(TicketNumber(50))));
    assert_eq!(store.save(owner(12), &open(9), &[], at(2)).await, Ok(Some(TicketNumber(51))));
    // But not one that another member's ticket has, or had.
    store.save(ALICE, &NOTHING, &[JournalEvent::Route], at(3)).await.unwrap();
    assert_eq!(adopt(owner(13), 10, 50).await, Ok(Some(TicketNumber(52))));
    assert_eq!(adopt(owner(14), 11, 42).await, Ok(Some(TicketNumber(53))));
    // Their own earlier one goes on.
    assert_eq!(adopt(ALICE, 12, 42).await, Ok(Some(TicketNumber(42))));
}

#[tokio::test]
async fn the_journal_forgets_what_is_old_and_nothing_else() {
    let place = Place::new();
    let store = place.store();
    let many = vec![JournalEvent::Route; PRUNE_BATCH + 1];
    store.note(ALICE, &many, at(0));
    store.note(ALICE, &[JournalEvent::NotTold], at(10));
    assert_eq!(store.prune(at(10)).await.unwrap(), many.len());
    assert_eq!(notes(&store, Filter::All).await, [(None, JournalEvent::NotTold)]);
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
