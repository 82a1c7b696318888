//! The bot as a process of its own: the real binary in a folder of its own, with the settings of one test.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use talon_sandbox::Sandbox;
use tempfile::TempDir;

/// A binary, a folder and settings; the process runs between `spawn` and its end, and never longer than this value lives.
pub struct TestBot {
    binary: PathBuf,
    pub(crate) folder: TempDir,
    pub(crate) variables: Vec<(String, String)>,
    /// No file that the bot writes may grow beyond so many kilobytes.
    pub(crate) file_limit: Option<u32>,
    pub(crate) process: Option<Child>,
}

impl TestBot {
    /// A bot that is set up for the server of this sandbox, and has not been started.
    pub fn new(binary: impl Into<PathBuf>, discord: &Sandbox) -> Self {
        let mut bot = Self::with_variables(binary, Vec::new());
        let ids = discord.ids();
        bot.set("DISCORD_TOKEN", discord.token());
        bot.set("DISCORD_PROXY", discord.base_url());
        bot.set("TICKET_BUTTON_CHANNEL_ID", ids.panel.to_string());
        bot.set("TICKET_CATEGORY_ID", ids.category.to_string());
        bot.set("SUPPORT_ROLE_ID", ids.support_role.to_string());
        bot
    }

    /// A bot with these settings in an empty folder.
    pub fn with_variables(binary: impl Into<PathBuf>, variables: Vec<(String, String)>) -> Self {
        let folder = TempDir::new().expect("a folder for the bot");
        Self { binary: binary.into(), folder, variables, file_limit: None, process: None }
    }

    /// Changes a setting, from the next start on.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.into()));
    }

    /// A file in the bot's folder.
    pub fn path_of(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the bot has logged so far, in all its runs.
    pub fn read_log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.path_of("bot.log")
    }

    /// The program in the bot's folder, with the bot's settings and nothing else in its environment.
    pub fn command(&self, subcommand: &str) -> Command {
        let mut command = match self.file_limit {
            None => Command::new(&self.binary),
            Some(kilobytes) => {
                let mut shell = Command::new("sh");
                // Blocks of 512 bytes; and a write that goes too far fails, instead of killing.
                shell.args(["-c", &format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", 2 * kilobytes)]);
                shell.arg(&self.binary);
                shell
            }
        };
        command.arg(subcommand).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts the process, and does not wait for anything.
    pub fn spawn(&mut self, arguments: &[&str]) {
        assert!(self.process.is_none(), "the bot runs already");
        let log = File::options().create(true).append(true).open(self.log_path()).expect("the log can be written");
        let mut command = self.command("run");
        command.args(arguments).stdout(Stdio::null()).stderr(log);
        self.process = Some(command.spawn().expect("the bot starts"));
    }

    /// Ends the process at once, wherever it is.
    pub fn kill(&mut self) {
        let mut process = self.process.take().expect("the bot runs");
        // One that has just ended by itself cannot be killed, and is gone all the same.
        let _ = process.kill();
        process.wait().expect("the bot is gone");
    }
}

impl Drop for TestBot {
    fn drop(&mut self) {
        if self.process.is_some() {
            self.kill();
        }
        if std::thread::panicking() {
            eprintln!("{}", self.read_log());
        }
    }
}
