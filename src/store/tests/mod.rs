//! What a restart, a full disk or a second bot may do to the store, and what it must not.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::ids::{ApplicationId, GuildId, InteractionId, MessageId, UserId};
use crate::language::Language;
use crate::lifecycle::{
    Closing, Effect, Interaction, InteractionKind, Message, Notice, OpenRequest, Origin, Permission, Reason, Requester,
    Source, State,
};

mod files;
mod import;
mod journal;
mod rows;
mod settings;
mod sharing;

const GUILD: GuildId = GuildId(1);
const ALICE: Owner = owner(10);
const BOB: Owner = owner(11);

const fn owner(member: u64) -> Owner {
    Owner { guild: GUILD, member: UserId(member) }
}

fn at(second: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000 + second)
}

const DELAY: Duration = Duration::from_secs(5);
const NOTHING: Document = Document { request: None, state: State::Absent, outbox: Vec::new() };

fn open(channel: u64) -> Document {
    State::Open { channel: ChannelId(channel) }.into()
}

fn requester(request_id: u64) -> Requester {
    Requester {
        user: ALICE.member,
        at: at(0),
        origin: Origin::Interaction(Interaction {
            interaction: InteractionId(request_id),
            token: "secret".to_owned(),
            application: ApplicationId(99),
            acknowledged: false,
            language: Language::English,
            interaction_kind: InteractionKind::Slash,
        }),
        repeated: false,
    }
}

fn opening(request_id: u64) -> Document {
    opening_by(requester(request_id))
}

fn opening_by(requester: Requester) -> Document {
    Document {
        request: Some(OpenRequest { id: requester.request_id(), at: requester.at, name: "алиса".to_owned() }),
        state: State::Opening { channel: None },
        outbox: vec![Effect::EnsureChannel, Effect::Respond { requester, words: None }],
    }
}

const ASKED: JournalEvent = JournalEvent::Asked { by: UserId(10), way: Source::Button };

/// A folder to play in, gone afterwards.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("deep/talon.db")
    }

    fn store(&self) -> Store {
        Store::open(&self.file()).unwrap()
    }

    /// The database must exist; it is made first, as a bot does.
    fn editor(&self) -> SettingsEditor {
        if !self.file().exists() {
            drop(self.store());
        }
        SettingsEditor::open(&self.file()).unwrap()
    }

    /// Puts something where the database should be.
    fn put(&self, bytes: &[u8]) -> PathBuf {
        let file = self.file();
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, bytes).unwrap();
        file
    }
}

/// Lets the writer stand still until the answer is sent or dropped.
fn hold(store: &Store) -> std::sync::mpsc::Sender<()> {
    let (go, gate) = std::sync::mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let (holding, held) = std::sync::mpsc::channel::<()>();
    store.enqueue(Job::new(
        Urgency::Read,
        move |_| {
            let _ = holding.send(());
            let _ = gate.lock().unwrap().recv();
            Ok(())
        },
        |_| (),
    ));
    held.recv().unwrap();
    go
}

async fn run(store: &Store, sql: &'static str) {
    let outcome = store.submit(Urgency::Read, move |db| Ok(db.execute_batch(sql)?)).await;
    outcome.unwrap();
}

async fn notes(store: &Store, filter: Filter) -> Vec<(Option<u64>, JournalEvent)> {
    let entries = store.journal(filter, 100).await.unwrap();
    entries.into_iter().map(|entry| (entry.number.map(|number| number.0), entry.note.unwrap())).collect()
}
