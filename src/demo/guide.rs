//! What is printed to tell a newcomer what can be done. Every line that looks like a command is one.

use std::io::Write;

use talon_sandbox::world::{FixtureIds, Snowflake};

/// Prints it. Where nobody reads any more, as after `| head`, everything goes on all the same.
pub(super) fn tell(guide: &str) {
    let _ = writeln!(std::io::stdout(), "{guide}");
}

/// The sandbox and its bot are there.
pub(super) fn together(url: &str) -> String {
    format!(
        "
  A small Discord is listening on {url}, and the bot is connected to it.

  Open the address below in a browser, press the button, and be whoever you like:
    alice, bob   members            sue    support
    adam         administrator      olga   owner of the server

  Or from a second terminal:
    curl -X POST '{url}/sandbox/press?as=alice'             # press the first button alice sees
    curl '{url}/sandbox/view?as=sue'                        # what sue sees
    curl -X POST '{url}/sandbox/say?as=sue&text=!close'     # write into the newest channel sue sees
    curl -X POST '{url}/sandbox/command?as=sue&name=close'  # use a slash command there
    curl '{url}/sandbox/calls'                              # what the bot asked of Discord
    curl -X POST '{url}/sandbox/switches?name=restart'      # kill the bot and start it again

  Ctrl-C ends both. All is kept in memory and in a temporary folder, and is gone then.

  {url}"
    )
}

/// The ids, under the names of this bot's settings.
pub(super) fn settings(ids: &FixtureIds) -> Vec<(&'static str, Snowflake)> {
    vec![
        ("GUILD_ID", ids.guild),
        ("TICKET_BUTTON_CHANNEL_ID", ids.panel),
        ("TICKET_CATEGORY_ID", ids.category),
        ("SUPPORT_ROLE_ID", ids.support_role),
    ]
}
