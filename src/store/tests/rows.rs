//! What is saved comes back.

use super::*;

#[tokio::test]
async fn what_was_saved_is_there_after_a_restart() {
    let place = Place::new();
    let store = place.store();
    store.save(ALICE, &opening(5), &[ASKED], at(0)).await.unwrap();
    // Nobody waits for these two.
    drop(store.save(BOB, &open(77), &[], at(1)));
    store.note(ALICE, &[Note::Deferred], at(2));
    drop(store);

    let store = place.store();
    assert_eq!(store.ticket(ALICE).await.unwrap(), opening(5));
    assert_eq!(store.ticket(BOB).await.unwrap(), open(77));
    assert_eq!(store.ticket(owner(12)).await.unwrap(), State::Absent);
    assert_eq!(notes(&store, Filter::Member(ALICE.member)).await, [(Some(1), ASKED), (Some(1), Note::Deferred)]);
}

#[tokio::test]
async fn the_list_tells_how_far_each_ticket_has_come() {
    let place = Place::new();
    let store = place.store();
    let (channel, due, asker) = (ChannelId(8), at(5), asker(6));
    let closing = State::Closing(Closing { channel, due, asker, announced: true, opening: None, failed: None });
    store.save(ALICE, &opening(5), &[], at(0)).await.unwrap();
    store.save(BOB, &closing, &[], at(1)).await.unwrap();
    let standing = |owner, number, opened, stage| Standing { owner, number: TicketNumber(number), opened, stage };
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
    run(&store, "UPDATE tickets SET asker = '{' WHERE member = 10").await;

    let why = store.ticket(ALICE).await.unwrap_err();
    assert!(matches!(why, StoreError::Unreadable { owner: ALICE, .. }));
    assert!(why.to_string().contains("DELETE FROM tickets WHERE guild = 1 AND member = 10"));
    assert_eq!(store.ticket(BOB).await.unwrap(), open(7));
    store.save(ALICE, &open(8), &[], at(1)).await.unwrap();
    assert_eq!(store.ticket(ALICE).await.unwrap(), open(8));
}

#[tokio::test]
async fn whoever_asked_a_version_without_languages_is_answered_in_russian() {
    let place = Place::new();
    let store = place.store();
    store.save(ALICE, &opening(5), &[ASKED], at(0)).await.unwrap();
    let at = r#"{"secs_since_epoch":1800000000,"nanos_since_epoch":0}"#;
    let press = r#"{"Press":{"interaction":5,"token":"secret","application":99,"acknowledged":false}}"#;
    let command = r#"{"Command":{"channel":7,"message":8}}"#;
    for entrance in [press, command] {
        let asker = format!(r#"{{"user":10,"at":{at},"entrance":{entrance}}}"#);
        let sql = format!("UPDATE tickets SET asker = '{asker}' WHERE member = 10");
        store.ask(Hurry::Read, move |db| Ok(db.execute_batch(&sql)?)).await.unwrap();

        let State::Opening(Opening { asker, .. }) = store.ticket(ALICE).await.unwrap() else { panic!("no opening") };

        let (Entrance::Press(Press { language, .. }) | Entrance::Command { language, .. }) = asker.entrance;
        assert_eq!(language, Language::Russian);
    }
}

fn any_language() -> impl Strategy<Value = Language> {
    prop::sample::select(Language::ALL.to_vec())
}

fn any_asker() -> impl Strategy<Value = Asker> {
    let press = (any::<u64>(), ".*", any::<u64>(), any::<bool>(), any_language()).prop_map(
        |(interaction, token, app, acknowledged, language)| {
            let (interaction, application) = (InteractionId(interaction), ApplicationId(app));
            Entrance::Press(Press { interaction, token, application, acknowledged, language, gesture: Gesture::Slash })
        },
    );
    let command = (any::<u64>(), any::<u64>(), any_language()).prop_map(|(channel, message, language)| {
        Entrance::Command { channel: ChannelId(channel), message: MessageId(message), language }
    });
    (any::<u64>(), any_time(), prop_oneof![press, command]).prop_map(|(user, at, entrance)| Asker {
        user: UserId(user),
        at,
        entrance,
        repeated: false,
    })
}

fn any_time() -> impl Strategy<Value = SystemTime> {
    any::<u32>().prop_map(|ms| UNIX_EPOCH + Duration::from_millis(u64::from(ms) << 10))
}

fn any_state() -> impl Strategy<Value = State> {
    let opening = || {
        (any_asker(), ".*", any::<Option<u64>>()).prop_map(|(asker, name, channel)| Opening {
            asker,
            name,
            channel: channel.map(ChannelId),
        })
    };
    let words = || {
        prop_oneof![
            Just(Words::CategoryFull),
            any::<u64>().prop_map(|channel| Words::AlreadyOpen(ChannelId(channel))),
            Just(Words::BotLacks(vec![Right::ManageChannels])),
        ]
    };
    let refused = (any_asker(), words()).prop_map(|(asker, words)| State::Refused(Refused { asker, words }));
    let interrupted = proptest::option::of(opening());
    let closing = (any::<u64>(), any_time(), any_asker(), any::<bool>(), interrupted, proptest::option::of(words()))
        .prop_map(|(channel, due, asker, announced, opening, failed)| {
            State::Closing(Closing { channel: ChannelId(channel), due, asker, announced, opening, failed })
        });
    prop_oneof![Just(State::Absent), opening().prop_map(State::Opening), refused, any::<u64>().prop_map(open), closing]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_state_comes_back_as_it_was(states in prop::collection::vec(any_state(), 1..8), member in any::<u64>()) {
        let place = Place::new();
        let store = place.store();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for state in &states {
            runtime.block_on(store.save(owner(member), state, &[], at(0))).unwrap();
            prop_assert_eq!(&runtime.block_on(store.ticket(owner(member))).unwrap(), state);
        }
        let listed = runtime.block_on(store.all()).unwrap();
        let last = states.last().unwrap();
        prop_assert_eq!(listed.len(), usize::from(*last != State::Absent));
        prop_assert_eq!(listed.first().and_then(|standing| standing.stage.channel()), last.channel());
    }
}
