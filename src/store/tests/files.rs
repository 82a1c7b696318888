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
    check_refused(&place.file(), "newer version of the bot (tables of version 1000, this one knows 3)");

    let place = Place::new();
    fs::create_dir_all(place.file()).unwrap();
    check_refused(&place.file(), "is a folder");
}

#[tokio::test]
async fn a_database_of_the_first_version_keeps_its_tickets() {
    let place = Place::new();
    let file = place.put(b"");
    let old = Connection::open(&file).unwrap();
    old.execute_batch(include_str!("../migrations/1.sql")).unwrap();
    old.execute_batch(
        "INSERT INTO tickets (guild, member, number, opened_ms, state, channel) VALUES (1, 10, 7, 1800000000000, 'open', 77);
         UPDATE numbers SET last = 7;
         PRAGMA application_id = 0x54414C4E; PRAGMA user_version = 1; PRAGMA journal_mode = WAL;",
    )
    .unwrap();
    drop(old);

    let store = Store::open(&file).unwrap();
    let ticket =
        Standing { owner: ALICE, number: Number(7), opened: at(0), stage: Stage::Open { channel: ChannelId(77) } };
    assert_eq!(store.all().await.unwrap(), [ticket]);
    store.save(BOB, &open(78), &[], at(1)).await.unwrap();
    assert_eq!(store.all().await.unwrap()[1].number, Number(8));
    assert_eq!(store.save(BOB, &open(77), &[], at(1)).await, Err(StoreError::ChannelTaken(ChannelId(77))));
    assert_eq!(store.reader().unwrap().version().unwrap(), 3);
}

#[test]
fn a_folder_that_cannot_be_made_is_told() {
    let place = Place::new();
    let below = place.put(b"").join("below/talon.db");
    let why = Store::open(&below).map(|_| ()).unwrap_err();
    assert!(matches!(why.obstacle, Obstacle::Folder(_)), "{why}");
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
    assert!(matches!(why.obstacle, Obstacle::InUse));
    first.reader().unwrap();
    drop(first);
    place.store();
}

#[test]
fn a_reader_makes_no_database() {
    let place = Place::new();
    let why = Reader::open(&place.file()).map(|_| ()).unwrap_err();
    assert!(matches!(why.obstacle, Obstacle::Missing));
    assert!(!place.file().exists());
    let file = place.put(b"");
    let why = Reader::open(&file).map(|_| ()).unwrap_err();
    assert!(matches!(why.obstacle, Obstacle::Older { found: 0, .. }));
}

#[tokio::test]
async fn a_copy_made_while_writing_is_a_whole_database() {
    let place = Place::new();
    let store = place.store();
    store.save(ALICE, &opening(5), &[ASKED], at(0)).await.unwrap();
    let busy = hold(&store);
    let later = store.save(BOB, &opening(6), &[ASKED], at(1));
    let copy = place.0.path().join("copy.db");
    store.reader().unwrap().backup(&copy).unwrap();
    drop(busy);
    later.await.unwrap();

    let again = store.reader().unwrap().backup(&copy);
    assert_eq!(again, Err(StoreError::Exists(copy.clone())));
    assert_eq!(fs::read_dir(place.0.path()).unwrap().count(), 2, "the folder and the copy");
    let restored = Store::open(&copy).unwrap();
    assert_eq!(restored.all().await.unwrap().len(), 1);
    assert_eq!(restored.ticket(ALICE).await.unwrap(), opening(5));
    assert_eq!(restored.reader().unwrap().damage().unwrap(), [""; 0]);
    assert_eq!(restored.reader().unwrap().version().unwrap(), 3);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_bots_user_may_read_the_tokens() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let store = place.store();
    store.save(ALICE, &opening(5), &[], at(0)).await.unwrap();
    store.reader().unwrap().backup(&place.file().with_file_name("copy")).unwrap();
    for file in fs::read_dir(place.file().parent().unwrap()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", file.file_name());
    }
}
