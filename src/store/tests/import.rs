//! Tickets of another bot are written all or none.

use super::*;
use crate::lifecycle::SourceBot;

fn imported(owner: Owner, number: u64, channel: u64) -> ImportedTicket {
    let note = JournalEvent::Imported { channel: ChannelId(channel), from: SourceBot::OpenTicket, ticket_type: None };
    ImportedTicket { owner, number: TicketNumber(number), channel: ChannelId(channel), opened: at(1), note }
}

fn last(number: u64) -> TicketId {
    TicketId { guild: GUILD, number: TicketNumber(number) }
}

#[tokio::test]
async fn one_that_cannot_be_written_takes_all_back() {
    let place = Place::new();
    let store = place.store();
    store.save(BOB, &open(70), &[ASKED], at(0)).await.unwrap();
    let before = store.all().await.unwrap();
    let taken_channel = imported(owner(12), 6, 70);
    let taken_number = imported(owner(12), 1, 72);
    for second in [taken_channel, taken_number] {
        let tickets = vec![imported(ALICE, 5, 71), second];
        let written = store.import(last(9), tickets, at(2)).await;
        assert!(written.is_err(), "{written:?}");
        assert_eq!(store.all().await.unwrap(), before);
    }
    assert_eq!(store.journal(Filter::All, 10).await.unwrap().len(), 1, "nor is anything noted");
    let next = store.save(ALICE, &open(80), &[ASKED], at(3)).await.unwrap();
    assert_eq!(next, Some(TicketNumber(2)), "no number was reserved");
}

#[tokio::test]
async fn what_is_occupied_is_what_the_server_had() {
    let place = Place::new();
    let store = place.store();
    let elsewhere = Owner { guild: GuildId(2), member: ALICE.member };
    store.save(elsewhere, &open(90), &[ASKED], at(0)).await.unwrap();
    store.save(ALICE, &open(70), &[ASKED], at(0)).await.unwrap();
    store.save(ALICE, &NOTHING, &[JournalEvent::Gone { channel: ChannelId(70) }], at(1)).await.unwrap();
    store.save(BOB, &open(71), &[ASKED], at(1)).await.unwrap();
    // A member wrote `!close` in a channel that is no ticket: that does not make it an ended one.
    let elsewhere_asked = JournalEvent::TurnedDown {
        by: BOB.member,
        way: Source::Command,
        channel: Some(ChannelId(72)),
        why: Reason::NotATicket,
    };
    store.note(BOB, &[elsewhere_asked], at(2));
    store.probe().await.unwrap();

    let occupied = store.reader().unwrap().occupied(GUILD).unwrap();

    let ticket = |guild, number| TicketId { guild, number: TicketNumber(number) };
    assert_eq!(occupied.channels, [(ChannelId(71), ticket(GUILD, 2)), (ChannelId(90), ticket(GuildId(2), 1))].into());
    assert_eq!(occupied.members, [(BOB.member, TicketNumber(2))].into());
    assert_eq!(occupied.ended, [ChannelId(70)].into());
    assert_eq!(occupied.numbers, [TicketNumber(1), TicketNumber(2)].into());
    assert_eq!(occupied.last, TicketNumber(2));
    store.reserve_numbers(last(40));
    store.probe().await.unwrap();
    assert_eq!(store.reader().unwrap().occupied(GUILD).unwrap().last, TicketNumber(40));
}
