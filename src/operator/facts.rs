//! What the doctor looks at. Nothing is judged here, and nothing is changed: not a file is made to see if it can be.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::actors::clock;
use crate::config::Config;
use crate::discord::{ConfiguredIds, Diagnostics, DiscordError};
use crate::ids::{GuildId, MessageId};
use crate::model::settings::Settings;
use crate::operator::settings;
use crate::platform;
use crate::store::panel::{self, NoPanel};
use crate::store::{OpenError, OpenErrorKind, Reader, Revision, StoreError};

/// All that the checks are about.
pub struct Facts {
    /// What Discord tells.
    pub discord: Result<Diagnostics, DiscordError>,
    /// What is on this machine.
    pub disk: Disk,
}

/// What is on this machine.
pub struct Disk {
    /// The file with the id of the panel message.
    pub panel: PanelFile,
    /// The file with the tickets.
    pub database: Database,
    /// Free bytes beside the database.
    pub free: io::Result<u64>,
}

/// The file with the id of the panel message.
pub struct PanelFile {
    /// Which.
    pub path: PathBuf,
    /// What it says.
    pub said: Result<MessageId, NoPanel>,
    /// It can be replaced, or made.
    pub writable: io::Result<()>,
}

/// The file with the tickets.
pub struct Database {
    /// Which.
    pub path: PathBuf,
    /// What is in it.
    pub state: Result<Contents, OpenError>,
    /// It can be written to, or made.
    pub writable: io::Result<()>,
}

/// What is in a database that opens.
pub struct Contents {
    /// The version of the tables, and how many tickets there are.
    pub tickets: Result<(u32, usize), StoreError>,
    /// What is damaged.
    pub damage: Result<Vec<String>, StoreError>,
    /// The stored settings against what the environment says.
    pub settings: Result<Vec<StoredSettings>, StoreError>,
    /// How long ago another process was seen to use the bot's token, if ever.
    pub another_process: Result<Option<Duration>, StoreError>,
}

/// A stored document, by which a server is ruled.
pub struct StoredSettings {
    /// Which server.
    pub guild: GuildId,
    /// Which revision of its settings.
    pub revision: u64,
    /// The variables that say otherwise, each with the path that counts instead; or why the document cannot be read.
    pub overruled: Result<Vec<(&'static str, String)>, String>,
}

/// What the settings name in Discord.
pub const fn configured_ids(config: &Config) -> ConfiguredIds {
    ConfiguredIds { panel: config.panel_channel, category: config.category, support: config.support }
}

impl Database {
    /// There is none yet, which is as it should be before the first start.
    pub fn is_missing(&self) -> bool {
        matches!(&self.state, Err(OpenError { obstacle: OpenErrorKind::Missing, .. }))
    }
}

/// What is on this machine. It reads the whole database, so it takes a moment.
pub fn disk(config: &Config) -> Disk {
    let (file, database) = (&config.panel_file, &config.database);
    Disk {
        // It is replaced by a neighbour of the same name, so it is its folder that must be writable.
        panel: PanelFile { path: file.clone(), said: panel::read(file), writable: folder_is_writable(file) },
        database: Database {
            path: database.clone(),
            state: contents(database, &settings::derive(config.home())),
            writable: folder_is_writable(database).and_then(|()| file_is_writable(database)),
        },
        free: free(database),
    }
}

fn contents(path: &Path, derived: &Settings) -> Result<Contents, OpenError> {
    let reader = Reader::open(path)?;
    let tickets = reader.version().and_then(|version| Ok((version, reader.all()?.len())));
    let age = |seen| clock::now().duration_since(seen).unwrap_or_default();
    let another_process = reader.another_process_seen().map(|seen| seen.map(age));
    let settings = reader.settings().map(|stored| compare_settings(stored, derived));
    Ok(Contents { tickets, damage: reader.damage(), settings, another_process })
}

/// The variables that have a place of their own in the document.
const VARIABLES: [(&str, &str); 5] = [
    ("TICKET_BUTTON_CHANNEL_ID", "panels[0].channel"),
    ("TICKET_CATEGORY_ID", "ticket_types[0].category"),
    ("SUPPORT_ROLE_ID", "staff_roles"),
    ("CLOSE_DELAY", "closing.delay"),
    ("LOCALE", "language"),
];

fn compare_settings(stored: Vec<(GuildId, Revision)>, derived: &Settings) -> Vec<StoredSettings> {
    let found = stored.into_iter().filter_map(|(guild, Revision { number: revision, settings, .. })| {
        let overruled = settings.transpose()?.map(|document| {
            let paths = derived.changed_paths(&document);
            let named = VARIABLES.iter().flat_map(|&(variable, place)| {
                paths.iter().filter(move |path| path.starts_with(place)).map(move |path| (variable, path.clone()))
            });
            named.collect()
        });
        Some(StoredSettings { guild, revision, overruled })
    });
    found.collect()
}

fn file_is_writable(path: &Path) -> io::Result<()> {
    match platform::check_file_writable(path) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(()),
        answer => answer,
    }
}

/// The folder of a file can be written to, or made.
pub(super) fn folder_is_writable(path: &Path) -> io::Result<()> {
    let folder = standing(path)?;
    if !fs::metadata(folder)?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    platform::check_folder_writable(folder)
}

fn free(path: &Path) -> io::Result<u64> {
    platform::free_bytes(standing(path)?)
}

/// The nearest folder on the way to a file that is there already.
fn standing(path: &Path) -> io::Result<&Path> {
    for folder in path.ancestors().skip(1) {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        match fs::symlink_metadata(folder) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => {}
            _ => return Ok(folder),
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_yet_is_judged_by_the_folder_that_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();

        assert!(folder_is_writable(&folder.path().join("a/b/talon.db")).is_ok());
        assert!(folder_is_writable(&file.join("talon.db")).is_err(), "a file is no folder");
        assert!(file_is_writable(&file).is_ok() && file_is_writable(&folder.path().join("none")).is_ok());
        assert!(free(&folder.path().join("a/b/talon.db")).unwrap() > 0);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was made to see if it can be");
    }
}
