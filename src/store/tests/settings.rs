//! Several people change the settings of several servers, and nobody's change is lost without a word.

use super::*;
use crate::model::settings::Settings;
use crate::store::{Author, Change, Revision, SettingsEditor, StoredSettings};

const OTHER: GuildId = GuildId(2);
const ADMIN: Author = Author::Member(UserId(7));

/// Settings that differ by a number.
fn settings(number: u64) -> Settings {
    let document = format!(
        r#"{{ "version": 1, "staff_roles": ["{number}"], "ticket_types": [{{ "key": "help", "label": "Помощь №{number}" }}] }}"#
    );
    Settings::read(&document).unwrap()
}

fn change(from: u64) -> Change {
    Change { from, author: ADMIN, at: at(from) }
}

fn save(store: &SettingsEditor, number: u64) {
    let saved = store.put(GUILD, Some(&settings(number)), &change(number - 1));
    assert_eq!(saved, Ok(number));
}

/// What holds, and what was saved before it.
fn kept(store: &SettingsEditor) -> Vec<Option<Settings>> {
    let history = store.history(GUILD).unwrap();
    assert_eq!(store.current(GUILD).unwrap().as_ref(), history.first());
    history.into_iter().map(|revision| revision.settings.unwrap()).collect()
}

#[test]
fn settings_outlive_a_restart_with_who_saved_them_and_when() {
    let place = Place::new();
    let store = place.editor();
    assert_eq!(store.current(GUILD), Ok(None));
    save(&store, 1);
    drop(store);

    let store = place.editor();
    let first = Revision { number: 1, settings: Ok(Some(settings(1))), author: ADMIN, at: at(0), restores: None };
    assert_eq!(store.current(GUILD), Ok(Some(first.clone())));
    assert_eq!(store.current(OTHER), Ok(None), "each server has its own");

    let operator = Change { from: 1, author: Author::Operator, at: at(9) };
    assert_eq!(store.put(GUILD, None, &operator), Ok(2), "a reset");
    let second = Revision { number: 2, settings: Ok(None), author: Author::Operator, at: at(9), restores: None };
    assert_eq!(store.history(GUILD), Ok(vec![second, first]));
}

#[test]
fn of_two_changes_made_from_the_same_settings_one_is_refused() {
    let place = Place::new();
    let store = place.editor();
    save(&store, 1);

    let both = [2, 3].map(|number| store.put(GUILD, Some(&settings(number)), &change(1)));
    assert_eq!(both, [Ok(2), Err(StoreError::SettingsChanged { expected: 1, found: 2 })]);
    assert_eq!(kept(&store), [Some(settings(2)), Some(settings(1))]);

    let late = store.undo(GUILD, &change(1));
    assert_eq!(late, Err(StoreError::SettingsChanged { expected: 1, found: 2 }));
    let early = store.put(OTHER, Some(&settings(1)), &change(1));
    assert_eq!(early, Err(StoreError::SettingsChanged { expected: 1, found: 0 }));
}

#[test]
fn an_undo_goes_one_change_further_back_each_time_and_is_undone_by_nothing_but_a_change() {
    let place = Place::new();
    let store = place.editor();
    assert_eq!(store.undo(GUILD, &change(0)), Err(StoreError::NothingToUndo));
    save(&store, 1);
    save(&store, 2);
    save(&store, 3);

    assert_eq!(store.undo(GUILD, &change(3)), Ok(4));
    assert_eq!(kept(&store)[0], Some(settings(2)));
    assert_eq!(store.undo(GUILD, &change(4)), Ok(5));
    assert_eq!(kept(&store)[0], Some(settings(1)));
    assert_eq!(store.undo(GUILD, &change(5)), Ok(6));
    assert_eq!(kept(&store)[0], None, "as before the first change");
    assert_eq!(store.undo(GUILD, &change(6)), Err(StoreError::NothingToUndo));

    save(&store, 7);
    assert_eq!(store.undo(GUILD, &change(7)), Ok(8));
    assert_eq!(kept(&store)[0], None, "what held before that change");
    let brought_back = |revision: Revision| (revision.number, revision.restores);
    let history = store.history(GUILD).unwrap().into_iter().map(brought_back).collect::<Vec<_>>();
    assert_eq!(history[..4], [(8, Some(6)), (7, None), (6, Some(0)), (5, Some(1))]);
}

#[test]
fn twenty_revisions_are_kept_and_numbers_are_not_given_again() {
    let place = Place::new();
    let store = place.editor();
    store.put(OTHER, Some(&settings(99)), &change(0)).unwrap();
    for number in 1..=25 {
        save(&store, number);
    }
    let newest_first: Vec<_> = (6..=25).rev().map(|number| Some(settings(number))).collect();
    assert_eq!(kept(&store), newest_first);
    assert_eq!(store.history(OTHER).unwrap().len(), 1);

    // Each undo is a revision, too, so the oldest ones go while it goes back.
    let mut last = 25;
    while store.undo(GUILD, &change(last)) == Ok(last + 1) {
        last += 1;
    }
    assert_eq!(store.undo(GUILD, &change(last)), Err(StoreError::NothingToUndo));
    assert_eq!(kept(&store).len(), 20);
    assert_eq!(last, 35);
}

#[test]
fn settings_that_cannot_be_read_are_told_and_can_be_saved_anew() {
    let place = Place::new();
    let store = place.editor();
    save(&store, 1);
    Connection::open(place.file()).unwrap().execute("UPDATE settings SET document = '{}'", []).unwrap();

    let damaged = store.current(GUILD).unwrap().unwrap();
    assert!(damaged.settings.is_err(), "{damaged:?}");
    save(&store, 2);
    assert_eq!(store.current(GUILD).unwrap().unwrap().settings, Ok(Some(settings(2))));
    assert_eq!(store.history(GUILD).unwrap()[1], damaged, "it hides nothing else");
}

#[tokio::test]
async fn the_running_bot_hears_of_a_change_that_another_process_made_and_of_nothing_else() {
    let place = Place::new();
    let store = place.store();
    let StoredSettings { version: seen, revisions: found } =
        store.changed_settings(None).await.unwrap().expect("it is asked for the first time");
    assert_eq!(found, []);
    store.save(ALICE, &open(7), &[], at(1)).await.unwrap();
    assert_eq!(store.changed_settings(Some(seen)).await, Ok(None), "what the bot itself writes is no change");

    save(&place.editor(), 1);

    let StoredSettings { version: seen, revisions: found } =
        store.changed_settings(Some(seen)).await.unwrap().expect("it was changed");
    let [(GUILD, revision)] = &found[..] else { panic!("{found:?}") };
    assert_eq!((revision.number, &revision.settings), (1, &Ok(Some(settings(1)))));
    assert_eq!(store.changed_settings(Some(seen)).await, Ok(None));
}

#[test]
fn a_database_that_is_missing_or_of_another_version_is_not_changed() {
    let place = Place::new();
    let refused = SettingsEditor::open(&place.file()).map(|_| ()).unwrap_err();
    assert!(matches!(refused.obstacle, OpenErrorKind::Missing), "{refused}");
    drop(place.store());
    Connection::open(place.file()).unwrap().pragma_update(None, "user_version", 0).unwrap();
    let refused = SettingsEditor::open(&place.file()).map(|_| ()).unwrap_err();
    assert!(matches!(refused.obstacle, OpenErrorKind::Older { found: 0, .. }), "{refused}");
}
