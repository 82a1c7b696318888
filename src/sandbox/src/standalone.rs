//! A sandbox that waits for any bot, and what its host prints about it: for people, or as JSON for programs.

use std::fmt;
use std::future::Future;
use std::io::{self, Write as _};
use std::pin::pin;

use crate::driver::{Sandbox, Setup};
use crate::world::{FixtureIds, Permissions, Snowflake};

/// The port that is used where none is chosen.
pub const DEFAULT_PORT: u16 = 8420;

/// How to announce a sandbox on standard output.
#[derive(Clone, Copy, Debug)]
pub enum Announcement {
    /// A guide for a person. Ids are printed as `NAME=value` under the names that this function gives them.
    Text(fn(&FixtureIds) -> Vec<(&'static str, Snowflake)>),
    /// The answer of `GET /sandbox`: address, token, and the ids of the application, the server, its channels and roles.
    Json,
}

/// Why the sandbox cannot listen.
#[derive(Debug)]
pub struct ListenError {
    port: u16,
    error: io::Error,
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { port, error } = self;
        if error.kind() == io::ErrorKind::AddrInUse {
            write!(f, "port {port} is taken, perhaps by another sandbox; choose one with --port, or --port 0 for any")
        } else {
            write!(f, "cannot listen on 127.0.0.1:{port}: {error}; try another port with --port, or --port 0")
        }
    }
}

impl std::error::Error for ListenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// Starts a sandbox for the program on whose command line `--port` was chosen.
///
/// # Errors
///
/// When the port is taken, or nothing can be listened on.
pub fn listen(setup: Setup) -> Result<Sandbox, ListenError> {
    let port = setup.port;
    Sandbox::start(setup).map_err(|error| ListenError { port, error })
}

/// The setup for a bot whose needs are not known: all privileged intents are on, since there is no developer portal in
/// which to switch them on, and the bot may also react, and let members into existing channels.
#[must_use]
pub fn setup_for_any_bot(port: u16) -> Setup {
    let mut setup = Setup { port, ..Setup::default() };
    setup.start.members_intent = true;
    setup.start.presence_intent = true;
    setup.start.bot_permissions = setup.start.bot_permissions | Permissions::EVERYDAY | Permissions::MANAGE_ROLES;
    setup
}

/// Runs a sandbox for any bot until `shutdown`, and announces it once it listens.
///
/// # Errors
///
/// When the port is taken, or nothing can be listened on.
pub async fn run(port: u16, announcement: Announcement, shutdown: impl Future<Output = ()>) -> Result<(), ListenError> {
    let mut shutdown = pin!(shutdown);
    // The signals are listened for before the announcement is printed: its reader may send one at once.
    tokio::select! {
        biased;
        () = &mut shutdown => return Ok(()),
        () = std::future::ready(()) => {}
    }
    let sandbox = listen(setup_for_any_bot(port))?;
    let text = match announcement {
        Announcement::Text(name_ids) => guide(&sandbox, &name_ids(&sandbox.ids())),
        Announcement::Json => format!("{:#}", sandbox.describe()),
    };
    // Without a reader, as after `| head`, the sandbox goes on.
    let _ = writeln!(io::stdout(), "{text}");
    shutdown.await;
    Ok(())
}

/// The ids under names that suit any bot.
#[must_use]
pub fn generic_names(ids: &FixtureIds) -> Vec<(&'static str, Snowflake)> {
    vec![
        ("GUILD_ID", ids.guild),
        ("CHANNEL_ID", ids.lounge),
        ("PANEL_CHANNEL_ID", ids.panel),
        ("CATEGORY_ID", ids.category),
        ("SUPPORT_ROLE_ID", ids.support_role),
    ]
}

/// What a person needs to connect a bot. Every line that looks like a command is one.
fn guide(sandbox: &Sandbox, ids: &[(&str, Snowflake)]) -> String {
    let (url, token) = (sandbox.base_url(), sandbox.token());
    let ids: Vec<String> = ids.iter().map(|(name, id)| format!("    {name}={id}")).collect();
    let ids = ids.join("\n");
    format!(
        "
  A small Discord is listening on {url}, and waits for a bot.

    DISCORD_TOKEN={token}
    DISCORD_PROXY={url}
{ids}

  REST is at {url}/api/v10, and GET /gateway/bot there names the address of the gateway.
  All privileged intents are on.
  Open the address below in a browser, or use curl in a second terminal:
    curl '{url}/sandbox'                                    # the token, and all ids
    curl -X POST '{url}/sandbox/say?as=alice&text=hello'    # write into the newest channel alice sees
    curl '{url}/sandbox/calls'                              # what the bot asked of Discord

  Ctrl-C ends it. Everything is kept in memory, and is gone then.

  {url}"
    )
}
