//! Which files are opened, refused, copied, and who may read them.

use super::*;

/// Opening is refused with these words, and leaves every byte and every file as it was.
fn check_refused(path: &Path, words: &str) {
    let folder = path.parent().unwrap();
    let look = || {
        let mut files: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path())
            .map(|file| (fs::read(&file).unwrap_or_default(), file))
            .collect();
        files.sort();
        files
    };
    let before = look();
    for outcome in [Store::open(path).map(|_| ()), Reader::open(path).map(|_| ())] {
        let why = outcome.unwrap_err().to_string();
        assert!(why.contains(words) && why.contains(&*path.to_string_lossy()), "{why}");
    }
    assert_eq!(look(), before);
}

#[test]
fn what_is_not_ours_is_left_as_it_is() {
    for bytes in [&b"my diary\n"[..], "дневник ".repeat(4000).as_bytes()] {
        check_refused(&Place::new().put(bytes), "not an SQLite database");
    }

    let place = Place::new();
    let file = place.put(b"");
    let other = Connection::open(&file).unwrap();
    other.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE diary (day TEXT)").unwrap();
    drop(other);
    check_refused(&file, "another application");

    let place = Place::new();
    drop(place.store());
    let newer = Connection::open(place.file()).unwrap();
    newer.pragma_update(None, "user_version", 1000).unwrap();
    drop(newer);
    check_refused(&place.file(), "newer version of the bot (tables of version 1000, this one knows 1)");

    let place = Place::new();
    fs::create_dir_all(place.file()).unwrap();
    check_refused(&place.file(), "is a folder");
}

#[test]
fn a_folder_that_cannot_be_made_is_told() {
    let place = Place::new();
    let below = place.put(b"").join("below/talon.db");
    let why = Store::open(&below).map(|_| ()).unwrap_err();
    assert!(matches!(why.obstacle, OpenErrorKind::Folder(_)), "{why}");
}

#[tokio::test]
async fn a_process_that_was_killed_left_all_that_was_answered() {
    let (place, after) = (Place::new(), Place::new());
    let store = place.store();
    for member in 0..10 {
        store.save(owner(member), &opening(member), &[ASKED], at(0)).await.unwrap();
    }
    // What a dead process leaves: the files of a live one, and no closing.
    after.put(b"");
    for file in fs::read_dir(place.file().parent().unwrap()).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), after.file().with_file_name(file.file_name())).unwrap();
    }
    assert_eq!(after.store().all().await.unwrap().len(), 10);
}

#[test]
fn strange_paths_are_paths() {
    let place = Place::new();
    for name in ["a?mode=memory#x%41 б.db", "file:x.db"] {
        let file = place.0.path().join(name);
        drop(Store::open(&file).unwrap());
        assert!(file.exists());
        drop(Store::open(&file).unwrap());
        Reader::open(&file).unwrap();
    }
}

#[test]
fn two_bots_do_not_share_a_database_but_readers_do() {
    let place = Place::new();
    let first = place.store();
    let why = Store::open(&place.file()).map(|_| ()).unwrap_err();
    assert!(matches!(why.obstacle, OpenErrorKind::InUse));
    first.reader().unwrap();
    drop(first);
    place.store();
}

#[test]
fn a_reader_makes_no_database() {
    let place = Place::new();
    let why = Reader::open(&place.file()).map(|_| ()).unwrap_err();
    assert!(matches!(why.obstacle, OpenErrorKind::Missing));
    assert!(!place.file().exists());
    let file = place.put(b"");
    let why = Reader::open(&file).map(|_| ()).unwrap_err();
    assert!(matches!(why.obstacle, OpenErrorKind::Older { found: 0, .. }));
}

#[tokio::test]
async fn a_copy_made_while_writing_is_a_whole_database() {
    let place = Place::new();
    let store = place.store();
    store.save(ALICE, &opening(5), &[ASKED], at(0)).await.unwrap();
    let busy = hold(&store);
    let later = store.save(BOB, &opening(6), &[ASKED], at(1));
    let copy = place.0.path().join("copy.db");
    store.reader().unwrap().backup(&copy, at(0)).unwrap();
    drop(busy);
    later.await.unwrap();

    let again = store.reader().unwrap().backup(&copy, at(0));
    assert_eq!(again, Err(StoreError::Exists(copy.clone())));
    assert_eq!(fs::read_dir(place.0.path()).unwrap().count(), 2, "the folder and the copy");
    let restored = Store::open(&copy).unwrap();
    assert_eq!(restored.all().await.unwrap().len(), 1);
    assert_eq!(restored.ticket(ALICE).await.unwrap(), opening(5));
    assert_eq!(restored.reader().unwrap().damage().unwrap(), [""; 0]);
    assert_eq!(restored.reader().unwrap().version().unwrap(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_bots_user_may_read_the_tokens() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let store = place.store();
    store.save(ALICE, &opening(5), &[], at(0)).await.unwrap();
    store.reader().unwrap().backup(&place.file().with_file_name("copy"), at(0)).unwrap();
    for file in fs::read_dir(place.file().parent().unwrap()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", file.file_name());
    }
}

#[test]
fn a_backup_follows_no_link_and_uses_no_leftover() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let place = Place::new();
    let store = place.store();
    let (victim, copy) = (place.0.path().join("victim"), place.0.path().join("copy.db"));
    let part = place.0.path().join("copy.db.part");
    fs::write(&victim, "precious").unwrap();

    symlink(&victim, &part).unwrap();
    store.reader().unwrap().backup(&copy, at(0)).unwrap();
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    assert!(fs::symlink_metadata(&copy).unwrap().is_file(), "the copy is no link");

    fs::remove_file(&copy).unwrap();
    fs::write(&part, "left over").unwrap();
    fs::set_permissions(&part, fs::Permissions::from_mode(0o666)).unwrap();
    store.reader().unwrap().backup(&copy, at(0)).unwrap();
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!part.exists());

    for target in [&victim, &place.0.path().join("nowhere")] {
        let link = place.0.path().join("link.db");
        symlink(target, &link).unwrap();
        assert_eq!(store.reader().unwrap().backup(&link, at(0)), Err(StoreError::Exists(link.clone())));
        assert!(!place.0.path().join("nowhere").exists());
        fs::remove_file(link).unwrap();
    }
    let nowhere = place.0.path().join("no/such");
    assert_eq!(store.reader().unwrap().backup(&nowhere.join("copy.db"), at(0)), Err(StoreError::NoFolder(nowhere)));
}

#[test]
fn a_backup_goes_where_its_path_says_whatever_is_in_it() {
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    let store = place.store();
    for name in [&b"file:x.db"[..], b"a?mode=memory#x%41.db", b"not-utf8-\xFF.db"] {
        let copy = place.0.path().join(std::ffi::OsStr::from_bytes(name));
        store.reader().unwrap().backup(&copy, at(0)).unwrap();
        assert_eq!(Reader::open(&copy).unwrap().damage().unwrap(), [""; 0], "{}", copy.display());
    }
}

#[test]
fn what_others_could_read_is_made_private_at_the_start() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    drop(place.store());
    fs::set_permissions(place.file(), fs::Permissions::from_mode(0o644)).unwrap();
    let _store = place.store();
    for file in fs::read_dir(place.file().parent().unwrap()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.file_name());
    }
}

#[test]
fn the_lock_follows_the_file_whatever_it_is_called() {
    let place = Place::new();
    let first = place.store();
    let beside = place.file().with_file_name("talon.db-lock");
    fs::remove_file(&beside).unwrap();
    let (link, name) = (place.0.path().join("link.db"), place.0.path().join("name.db"));
    std::os::unix::fs::symlink(place.file(), &link).unwrap();
    fs::hard_link(place.file(), &name).unwrap();
    for path in [&place.file(), &link, &name] {
        let why = Store::open(path).map(|_| ()).unwrap_err();
        assert!(matches!(why.obstacle, OpenErrorKind::InUse), "{}: {why}", path.display());
    }
    drop(first);
    drop(Store::open(&link).unwrap());
    drop(place.store());
}

#[tokio::test]
async fn nothing_is_saved_in_a_database_that_was_taken_away() {
    let place = Place::new();
    let store = place.store();
    store.save(ALICE, &open(7), &[ASKED], at(0)).await.unwrap();
    let away = place.0.path().join("away.db");
    let log = place.file().with_file_name("talon.db-wal");
    let gone = |path: &Path| Err(StoreError::Replaced(path.to_owned()));
    assert_eq!(store.probe().await, Ok(()));

    fs::rename(place.file(), &away).unwrap();
    assert_eq!(store.probe().await, gone(&place.file()));
    assert_eq!(store.save(ALICE, &open(8), &[], at(1)).await.map(|_| ()), gone(&place.file()));
    assert!(store.ticket(ALICE).await.is_err(), "and nothing is decided on what it said");

    fs::copy(&away, place.file()).unwrap();
    assert_eq!(store.probe().await, gone(&place.file()), "a copy is another file");

    fs::rename(&away, place.file()).unwrap();
    assert_eq!(store.probe().await, Ok(()), "put back, it is the same again");
    assert_eq!(store.ticket(ALICE).await, Ok(open(7)));

    fs::rename(&log, &away).unwrap();
    assert_eq!(store.probe().await, gone(&log), "what was committed is in the log");
    fs::rename(&away, &log).unwrap();
    assert_eq!(store.probe().await, Ok(()));
}

#[tokio::test]
async fn whatever_has_taken_the_place_of_a_database_is_left_alone() {
    let place = Place::new();
    let store = place.store();
    store.save(ALICE, &open(7), &[ASKED], at(0)).await.unwrap();
    for name in ["talon.db", "talon.db-wal", "talon.db-shm"] {
        let file = place.file().with_file_name(name);
        fs::remove_file(&file).unwrap();
        fs::write(file, "of another bot").unwrap();
    }
    drop(store);
    for name in ["talon.db", "talon.db-wal", "talon.db-shm"] {
        assert_eq!(fs::read_to_string(place.file().with_file_name(name)).unwrap(), "of another bot", "{name}");
    }
}

#[tokio::test]
async fn what_the_journal_forgets_is_given_back_to_the_disk() {
    // One that was made to shrink, and one that came of a dump.
    for old in [false, true] {
        let place = Place::new();
        if old {
            let db = Connection::open(place.put(b"")).unwrap();
            db.execute_batch(include_str!("../migrations/1.sql")).unwrap();
            db.execute_batch("PRAGMA application_id = 0x54414C4E; PRAGMA user_version = 1").unwrap();
        }
        let store = place.store();
        store.save(ALICE, &open(7), &[], at(0)).await.unwrap();
        let long = vec![JournalEvent::GaveUp { call: "x".repeat(2_000), why: Reason::NoAnswer }; 4_000];
        store.note(ALICE, &long, at(0));
        store.note(ALICE, &[JournalEvent::Route], at(10));
        store.probe().await.unwrap();
        let pages = || async {
            store
                .submit(Urgency::Read, |db| Ok(db.query_row("PRAGMA page_count", [], |row| row.get::<_, u32>(0))?))
                .await
        };
        let before = pages().await.unwrap() * 4_096;

        assert_eq!(store.prune(at(10)).await.unwrap(), long.len());

        let after = pages().await.unwrap() * 4_096;
        assert!(before > 8_000_000 && after < 2_000_000, "old {old}: {before} bytes became {after}");
        assert_eq!(notes(&store, Filter::All).await, [(Some(1), JournalEvent::Route)]);
        assert_eq!(store.ticket(ALICE).await, Ok(open(7)));
        drop(store);
        assert!(fs::metadata(place.file()).unwrap().len() < 2_000_000, "and so is the file");
        assert_eq!(Reader::open(&place.file()).unwrap().damage().unwrap(), [""; 0]);
    }
}

/// `FULL` is 2: what was answered is on the disk also when the power fails, and readers do not wait for the writer.
#[tokio::test]
async fn every_commit_of_the_running_bot_reaches_the_disk() {
    let place = Place::new();
    for _ in 0..2 {
        let store = place.store();
        let live = store
            .submit(Urgency::Read, |db| {
                let synchronous: i64 = db.pragma_query_value(None, "synchronous", |row| row.get(0))?;
                let journal: String = db.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
                Ok((synchronous, journal))
            })
            .await;
        assert_eq!(live, Ok((2, "wal".to_owned())), "on a new database and on one that was there");
    }
}
/// Looks for these words in the database and what is beside it.
fn holds(place: &Place, words: &str) -> bool {
    let beside = fs::read_dir(place.file().parent().unwrap()).unwrap().map(|file| file.unwrap().path());
    beside.into_iter().any(|file| contains(&file, words))
}

fn contains(file: &Path, words: &str) -> bool {
    fs::read(file).unwrap().windows(words.len()).any(|bytes| bytes == words.as_bytes())
}

#[tokio::test]
async fn what_was_forgotten_is_not_left_in_the_file() {
    const TOKEN: &str = "a-token-that-can-be-recognised";
    let row = |token: &str| {
        let mut requester = requester(5);
        if let Origin::Interaction(press) = &mut requester.origin {
            press.token = token.to_owned();
        }
        opening_by(requester)
    };
    for then in [row(""), NOTHING] {
        let place = Place::new();
        let store = place.store();
        store.save(ALICE, &row(TOKEN), &[ASKED], at(0)).await.unwrap();
        assert!(holds(&place, TOKEN));
        store.save(ALICE, &then, &[], at(1)).await.unwrap();
        // The log keeps what was written until it is emptied, which waits for no reader.
        assert!(store.submit(Urgency::Read, |db| Ok(schema::empty_log(db)?)).await.unwrap());
        assert!(!holds(&place, TOKEN), "{then:?}");
        drop(store);
        assert!(!holds(&place, TOKEN), "{then:?}");
    }
}

#[tokio::test]
async fn a_reader_keeps_the_log_and_the_writer_does_not_wait_for_it() {
    let place = Place::new();
    let store = place.store();
    store.save(ALICE, &opening(5), &[ASKED], at(0)).await.unwrap();
    let reader = Connection::open(place.file()).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM tickets").unwrap();
    store.save(ALICE, &open(7), &[], at(1)).await.unwrap();
    assert!(!store.submit(Urgency::Read, |db| Ok(schema::empty_log(db)?)).await.unwrap());
    reader.execute_batch("COMMIT").unwrap();
    assert!(store.submit(Urgency::Read, |db| Ok(schema::empty_log(db)?)).await.unwrap());
}

#[tokio::test]
async fn a_copy_holds_no_token_that_has_expired() {
    let place = Place::new();
    let store = place.store();
    store.save(ALICE, &opening(5), &[ASKED], at(0)).await.unwrap();
    let closing = Document::from(State::Closing(Closing {
        channel: ChannelId(7),
        due: at(9),
        delay: DELAY,
        requester: requester(6),
    }));
    store.save(BOB, &closing, &[], at(0)).await.unwrap();
    let copy = |name| place.file().with_file_name(name);
    let minutes = |count: u64| at(60 * count);
    store.reader().unwrap().backup(&copy("fresh.db"), minutes(14)).unwrap();
    store.reader().unwrap().backup(&copy("late.db"), minutes(15)).unwrap();

    assert!(contains(&copy("fresh.db"), "\"token\":\"secret\""));
    assert!(!contains(&copy("late.db"), "\"token\":\"secret\""));
    let late = Reader::open(&copy("late.db")).unwrap();
    let mut expected = closing;
    expected.forget_tokens(minutes(15));
    assert_eq!(late.ticket(BOB).unwrap(), expected, "all else is there");
    assert_eq!(late.all().unwrap().len(), 2);
    let beside = |name: &str| fs::metadata(place.file().with_file_name(name)).is_ok();
    assert!(!beside("late.db-journal") && !beside("late.db-wal") && !beside("late.db.part"));
}
