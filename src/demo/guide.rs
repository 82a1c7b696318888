//! What is printed to tell a newcomer what can be done. Every line that looks like a command is one.

use std::io::Write;

use talon_sandbox::Sandbox;

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

/// The sandbox is there, and a bot is expected.
pub(super) fn alone(sandbox: &Sandbox) -> String {
    let (url, ids) = (sandbox.base_url(), sandbox.ids());
    let token = sandbox.token();
    format!(
        "
  A small Discord is listening on {url}, and waits for a bot.

    DISCORD_TOKEN={token}
    DISCORD_PROXY={url}
    GUILD_ID={guild}
    TICKET_BUTTON_CHANNEL_ID={panel}
    TICKET_CATEGORY_ID={category}
    SUPPORT_ROLE_ID={role}

  REST is at {url}/api/v10, and /gateway/bot there tells where the gateway is; examples/echo.py is a bot
  of ten lines that finds both. All privileged intents are on.
  Open the address below in a browser, or see from a second terminal all that is there:
    curl '{url}/sandbox'                                    # the token, and all ids
    curl -X POST '{url}/sandbox/say?as=alice&text=hello'    # write into the newest channel alice sees
    curl '{url}/sandbox/calls'                              # what the bot asked of Discord

  Ctrl-C ends it. All is kept in memory, and is gone then.

  {url}",
        guild = ids.guild,
        panel = ids.panel,
        category = ids.category,
        role = ids.support_role,
    )
}
