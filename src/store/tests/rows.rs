//! What is saved comes back.

use super::*;
use crate::ids::RequestId;

#[tokio::test]
async fn what_was_saved_is_there_after_a_restart() {
    let place = Place::new();
    let store = place.store();
    store.save(ALICE, &opening(5), &[ASKED], at(0)).await.unwrap();
    // Nobody waits for these two.
    drop(store.save(BOB, &open(77), &[], at(1)));
    store.note(ALICE, &[JournalEvent::Deferred], at(2));
    drop(store);

    let store = place.store();
    assert_eq!(store.ticket(ALICE).await.unwrap(), opening(5));
    assert_eq!(store.ticket(BOB).await.unwrap(), open(77));
    assert_eq!(store.ticket(owner(12)).await.unwrap(), NOTHING);
    assert_eq!(
        notes(&store, Filter::Member(ALICE.member)).await,
        [(Some(1), ASKED), (Some(1), JournalEvent::Deferred)]
    );
}

#[tokio::test]
async fn the_list_tells_how_far_each_ticket_has_come() {
    let place = Place::new();
    let store = place.store();
    let (channel, due, requester) = (ChannelId(8), at(5), requester(6));
    let closing = State::Closing(Closing { channel, due, delay: DELAY, requester }).into();
    store.save(ALICE, &opening(5), &[], at(0)).await.unwrap();
    store.save(BOB, &closing, &[], at(1)).await.unwrap();
    let standing = |owner, number, opened, stage| TicketSummary {
        owner,
        number: TicketNumber(number),
        opened,
        stage,
        unfinished: true,
    };
    let expected = [
        standing(ALICE, 1, at(0), Stage::Opening { channel: None }),
        standing(BOB, 2, at(1), Stage::Closing { channel: ChannelId(8), due: at(5), announced: true }),
    ];
    assert_eq!(store.all().await.unwrap(), expected);
    assert_eq!(store.reader().unwrap().all().unwrap(), expected, "read beside the writer");
    let owned = store.owned(&[ChannelId(7), ChannelId(8)]).await.unwrap();
    assert_eq!(owned, [(ChannelId(8), BOB)]);
}

#[tokio::test]
async fn a_row_that_makes_no_sense_is_named_and_harms_no_other() {
    let place = Place::new();
    let store = place.store();
    store.save(ALICE, &opening(5), &[ASKED], at(0)).await.unwrap();
    store.save(BOB, &open(7), &[], at(0)).await.unwrap();
    run(&store, "UPDATE tickets SET document = '{' WHERE member = 10").await;

    let why = store.ticket(ALICE).await.unwrap_err();
    assert!(matches!(why, StoreError::Unreadable { owner: ALICE, .. }));
    assert!(why.to_string().contains("DELETE FROM tickets WHERE guild = 1 AND member = 10"));
    assert_eq!(store.ticket(BOB).await.unwrap(), open(7));
    store.save(ALICE, &open(8), &[], at(1)).await.unwrap();
    assert_eq!(store.ticket(ALICE).await.unwrap(), open(8));
}

#[tokio::test]
async fn a_ticket_that_still_owes_something_is_taken_up_by_a_restart() {
    let place = Place::new();
    let store = place.store();
    let failure = Message::CloseFailure { words: Notice::CloseRefused, closer: requester(6) };
    let owing = Document { outbox: vec![Effect::EnsureMessage(failure)], ..open(7) };
    let refused = Document { state: NOTHING.state, outbox: opening(5).outbox.split_off(1), request: None };
    for (document, unfinished) in [(open(7), false), (owing, true), (refused, true)] {
        store.save(ALICE, &document, &[], at(0)).await.unwrap();
        assert_eq!(store.all().await.unwrap()[0].unfinished, unfinished, "{document:?}");
    }
}

fn any_language() -> impl Strategy<Value = Language> {
    prop::sample::select(Language::ALL.to_vec())
}

fn any_asker() -> impl Strategy<Value = Requester> {
    let press = (any::<u64>(), ".*", any::<u64>(), any::<bool>(), any_language()).prop_map(
        |(interaction, token, app, acknowledged, language)| {
            let (interaction, application) = (InteractionId(interaction), ApplicationId(app));
            Origin::Interaction(Interaction {
                interaction,
                token,
                application,
                acknowledged,
                language,
                interaction_kind: InteractionKind::Slash,
            })
        },
    );
    let command = (any::<u64>(), any::<u64>(), any_language()).prop_map(|(channel, message, language)| {
        Origin::Message { channel: ChannelId(channel), message: MessageId(message), language }
    });
    (any::<u64>(), any_time(), prop_oneof![press, command]).prop_map(|(user, at, origin)| Requester {
        user: UserId(user),
        at,
        origin,
        repeated: false,
    })
}

fn any_time() -> impl Strategy<Value = SystemTime> {
    any::<u32>().prop_map(|ms| UNIX_EPOCH + Duration::from_millis(u64::from(ms) << 10))
}

fn any_words() -> impl Strategy<Value = Notice> {
    prop_oneof![
        Just(Notice::CategoryFull),
        any::<u64>().prop_map(|channel| Notice::AlreadyOpen(ChannelId(channel))),
        Just(Notice::BotLacks(vec![Permission::ManageChannels])),
    ]
}

fn any_effect() -> impl Strategy<Value = Effect> {
    let respond = (any_asker(), proptest::option::of(any_words()));
    let failure = (any_words(), any_asker()).prop_map(|(words, closer)| Message::CloseFailure { words, closer });
    let message = prop_oneof![Just(Message::Welcome), Just(Message::Announcement), failure];
    prop_oneof![
        Just(Effect::EnsureChannel),
        message.prop_map(Effect::EnsureMessage),
        respond.prop_map(|(requester, words)| Effect::Respond { requester, words }),
    ]
}

fn any_state() -> impl Strategy<Value = State> {
    let closing = (any::<u64>(), any_time(), any_asker()).prop_map(|(channel, due, requester)| {
        State::Closing(Closing { channel: ChannelId(channel), due, delay: DELAY, requester })
    });
    prop_oneof![
        Just(State::Absent),
        any::<Option<u64>>().prop_map(|channel| State::Opening { channel: channel.map(ChannelId) }),
        any::<u64>().prop_map(|channel| State::Open { channel: ChannelId(channel) }),
        closing,
    ]
}

fn any_document() -> impl Strategy<Value = Document> {
    let request =
        (any::<u64>(), any_time(), ".*").prop_map(|(id, at, name)| OpenRequest { id: RequestId(id), at, name });
    (proptest::option::of(request), any_state(), prop::collection::vec(any_effect(), 0..4))
        .prop_map(|(request, state, outbox)| Document { request, state, outbox })
        .prop_map(|document| if document.is_empty() { NOTHING } else { document })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_document_comes_back_as_it_was(
        documents in prop::collection::vec(any_document(), 1..8),
        member in any::<u64>(),
    ) {
        let place = Place::new();
        let store = place.store();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for document in &documents {
            runtime.block_on(store.save(owner(member), document, &[], at(0))).unwrap();
            prop_assert_eq!(&runtime.block_on(store.ticket(owner(member))).unwrap(), document);
        }
        let listed = runtime.block_on(store.all()).unwrap();
        let last = documents.last().unwrap();
        prop_assert_eq!(listed.len(), usize::from(*last != NOTHING));
        prop_assert_eq!(listed.first().and_then(|standing| standing.stage.channel()), last.state.channel());
    }
}
