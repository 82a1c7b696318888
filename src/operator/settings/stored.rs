//! The stored documents: read, changed and taken back beside the running bot, which follows within two seconds.

use std::path::Path;
use std::time::SystemTime;

use clap::Args;
use serde_json::{Value, json};

use crate::config::{Access, Config, Environment};
use crate::discord::{ConfiguredIds, Transport};
use crate::ids::GuildId;
use crate::model::settings::{HomeServer, Settings};
use crate::operator::settings::obeyed::unobeyed;
use crate::operator::settings::{SettingsError, read_document};
use crate::store::{Author, Change, Revision, SettingsEditor, StoreError};

/// Which server is meant.
#[derive(Args)]
pub struct Server {
    /// The server; by default the home server, or the only one
    #[arg(long, value_name = "ID")]
    server: Option<GuildId>,
    /// For machines
    #[arg(long)]
    pub(super) json: bool,
}

/// What a change is made from.
#[derive(Args)]
pub struct ChangeFrom {
    /// Only if this revision still holds, as `history` shows it; 0 is none
    #[arg(long, value_name = "N")]
    revision: Option<u64>,
}

/// The database with the server that is meant.
pub(super) struct Stored {
    editor: SettingsEditor,
    guild: GuildId,
}

/// Opens the database; none where there is none yet, and the environment decides.
pub(super) fn open_existing(environment: &Environment) -> Result<Option<SettingsEditor>, SettingsError> {
    let database = Config::database(environment).map_err(SettingsError::Environment)?;
    if !database.exists() {
        return Ok(None);
    }
    SettingsEditor::open(&database).map(Some).map_err(SettingsError::Database)
}

/// The server that is meant among those that have settings; none where nothing is stored.
pub(super) fn choose(editor: &SettingsEditor, server: &Server) -> Result<Option<GuildId>, SettingsError> {
    if let Some(guild) = server.server {
        return Ok(Some(guild));
    }
    match &*editor.guilds().map_err(SettingsError::Store)?.0 {
        [] => Ok(None),
        [only] => Ok(Some(*only)),
        several => Err(SettingsError::WhichServer(several.to_vec())),
    }
}

/// The revision that holds; none where nothing is stored.
pub(super) fn current(
    environment: &Environment,
    server: &Server,
) -> Result<Option<(GuildId, Revision)>, SettingsError> {
    let Some(editor) = open_existing(environment)? else { return Ok(None) };
    let Some(guild) = choose(&editor, server)? else { return Ok(None) };
    let found = editor.current(guild).map_err(SettingsError::Store)?;
    Ok(found.map(|revision| (guild, revision)))
}

impl Stored {
    /// Opens the database for a change. Which server is the home server is asked of Discord where the database knows of
    /// none, or of several.
    pub(super) async fn open(environment: &Environment, server: &Server) -> Result<Self, SettingsError> {
        let database = Config::database(environment).map_err(SettingsError::Environment)?;
        let editor = SettingsEditor::open(&database).map_err(SettingsError::Database)?;
        if let Some(guild) = choose(&editor, server)? {
            return Ok(Self { editor, guild });
        }
        let guild = match &*editor.guilds().map_err(SettingsError::Store)?.1 {
            [only] => *only,
            several => {
                let unknown = || SettingsError::WhichServer(several.to_vec());
                find_home(environment).await.ok_or_else(unknown)?
            }
        };
        Ok(Self { editor, guild })
    }

    /// Saves the document in a file.
    pub(super) fn import(
        &self,
        file: &Path,
        from: &ChangeFrom,
        home: Option<HomeServer>,
        json: bool,
        now: SystemTime,
    ) -> Result<String, SettingsError> {
        let settings = read_document(file)?;
        let before = self.current()?;
        let found = before.as_ref().map_or(0, |revision| revision.number);
        let held = before.and_then(|revision| revision.settings.ok().flatten());
        if held.as_ref() == Some(&settings) && from.revision.is_none_or(|expected| expected == found) {
            return Ok(self.tell(found, &[], "nothing to change", &unobeyed(&settings, home), json));
        }
        let number = self.editor.put(self.guild, Some(&settings), &change(from.revision.unwrap_or(found), now));
        let number = number.map_err(SettingsError::Store)?;
        let changed = held.map_or_else(|| vec![WHOLE.to_owned()], |held| held.changed_paths(&settings));
        Ok(self.tell(number, &changed, "saved", &unobeyed(&settings, home), json))
    }

    /// Takes the last change back.
    pub(super) fn undo(&self, from: &ChangeFrom, json: bool, now: SystemTime) -> Result<String, SettingsError> {
        let found = self.current()?.map_or(0, |revision| revision.number);
        let undone = self.editor.undo(self.guild, &change(from.revision.unwrap_or(found), now));
        self.changed(undone.map_err(SettingsError::Store)?, "undone", json)
    }

    /// Lets the environment decide again.
    pub(super) fn reset(&self, from: &ChangeFrom, json: bool, now: SystemTime) -> Result<String, SettingsError> {
        let found = self.current()?;
        let number = found.as_ref().map_or(0, |revision| revision.number);
        if found.is_none_or(|revision| revision.settings == Ok(None))
            && from.revision.is_none_or(|expected| expected == number)
        {
            return Ok(self.tell(number, &[], "nothing to change: the environment decides", "", json));
        }
        let reset = self.editor.put(self.guild, None, &change(from.revision.unwrap_or(number), now));
        self.changed(reset.map_err(SettingsError::Store)?, "reset", json)
    }

    fn current(&self) -> Result<Option<Revision>, SettingsError> {
        self.editor.current(self.guild).map_err(SettingsError::Store)
    }

    fn changed(&self, number: u64, what: &str, json: bool) -> Result<String, SettingsError> {
        let history = self.editor.history(self.guild).map_err(SettingsError::Store)?;
        let changed = history.iter().position(|revision| revision.number == number).map(|at| paths(&history, at));
        Ok(self.tell(number, &changed.unwrap_or_default(), what, "", json))
    }

    fn tell(&self, number: u64, changed: &[String], what: &str, notes: &str, json: bool) -> String {
        if json {
            let unobeyed: Vec<&str> = notes.lines().collect();
            let answer = json!({
                "guild": self.guild.to_string(), "revision": number, "changed": changed, "notes": unobeyed,
            });
            return format!("{answer:#}\n");
        }
        let changed = if changed.is_empty() { String::new() } else { format!(": {}", changed.join(", ")) };
        format!("server {}, revision {number}: {what}{changed}\n{notes}", self.guild)
    }
}

/// What stands for a document that takes the place of the environment, or gives it back.
const WHOLE: &str = "the whole document";

fn change(from: u64, at: SystemTime) -> Change {
    Change { from, author: Author::Operator, at }
}

/// The revisions that are kept, the newest first.
pub(super) fn history(environment: &Environment, server: &Server) -> Result<String, SettingsError> {
    let revisions = match open_existing(environment)? {
        None => Vec::new(),
        Some(editor) => match choose(&editor, server)? {
            None => Vec::new(),
            Some(guild) => editor.history(guild).map_err(SettingsError::Store)?,
        },
    };
    if server.json {
        let rows = (0..revisions.len()).map(|at| object(&revisions, at)).collect();
        return Ok(format!("{:#}\n", Value::Array(rows)));
    }
    if revisions.is_empty() {
        return Ok("nothing is stored: the environment decides\n".to_owned());
    }
    Ok((0..revisions.len()).map(|at| line(&revisions, at)).collect())
}

fn line(revisions: &[Revision], at: usize) -> String {
    let revision = &revisions[at];
    let time = humantime::format_rfc3339_seconds(revision.at).to_string().replace('T', " ").replace('Z', " UTC");
    let what = match (&revision.settings, revision.restores) {
        (Err(_), _) => " (cannot be read)".to_owned(),
        (Ok(_), Some(0)) => " (undo: the environment decides)".to_owned(),
        (Ok(_), Some(restored)) => format!(" (undo: as revision {restored})"),
        (Ok(None), None) => " (reset: the environment decides)".to_owned(),
        (Ok(Some(_)), None) => String::new(),
    };
    format!("{}  {time}  {}  {}{what}\n", revision.number, author(revision.author), paths(revisions, at).join(", "))
}

fn object(revisions: &[Revision], at: usize) -> Value {
    let revision = &revisions[at];
    json!({
        "revision": revision.number,
        "at": humantime::format_rfc3339_millis(revision.at).to_string(),
        "by": author(revision.author),
        "changed": paths(revisions, at),
        "restores": revision.restores,
        "document": revision.settings.as_ref().ok(),
    })
}

fn author(author: Author) -> String {
    match author {
        Author::Operator => "operator".to_owned(),
        Author::Member(member) => format!("member {member}"),
    }
}

/// What a revision changed of the one before it, as far as that is kept.
fn paths(revisions: &[Revision], at: usize) -> Vec<String> {
    let document = |at: usize| revisions.get(at).and_then(|revision| revision.settings.as_ref().ok()?.as_ref());
    match (document(at + 1), document(at)) {
        (Some(before), Some(after)) => before.changed_paths(after),
        (None, None) => Vec::new(),
        _ => vec![WHOLE.to_owned()],
    }
}

/// Asks Discord in which server the panel channel is.
async fn find_home(environment: &Environment) -> Option<GuildId> {
    let home = Config::home_server(environment).ok()?;
    let access = Access::read(environment).ok()?;
    let transport = Transport::new(&access.token, access.proxy.as_deref()).ok()?;
    let ids = ConfiguredIds { panel: home.panel_channel, category: home.category, support: home.support_role };
    transport.find_home_guild(ids).await.ok().flatten()
}

/// The document of a revision; none where the server was reset.
pub(super) fn document_of(revision: &Revision) -> Result<Option<&Settings>, SettingsError> {
    revision.settings.as_ref().map(Option::as_ref).map_err(|why| {
        SettingsError::Store(StoreError::Other(format!(
            "the stored settings (revision {}) cannot be read ({why}): import them again, or run `talon settings undo`",
            revision.number
        )))
    })
}
