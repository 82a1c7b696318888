//! The bot's process: started, killed and started again in the same folder, where its tickets are.
//!
//! It reads from a pipe in which nothing ever comes and whose other end only the sandbox holds. So it learns of the
//! sandbox's end even if that was killed and could tell nobody, and does not stay behind.

use std::io;
use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::{Child, ChildStdin, Command};

use super::Order;
use crate::language::Locale;
use crate::platform;
use talon_sandbox::Sandbox;

/// How long the bot may take to finish what it has begun.
const GOODBYE: Duration = Duration::from_secs(6);

/// A bot that may be running, and the folder it keeps its things in.
pub(super) struct Bot {
    sandbox: Sandbox,
    home: TempDir,
    locale: Locale,
    /// Its `HEALTH_ADDR`.
    health: Option<SocketAddr>,
    process: Option<Child>,
    /// Never written to.
    line: Option<ChildStdin>,
}

impl Bot {
    /// Starts it in a new folder, which is gone when everything ends.
    pub(super) fn start(sandbox: Sandbox, locale: Locale, health: Option<SocketAddr>) -> io::Result<Self> {
        let mut bot = Self { sandbox, home: tempfile::tempdir()?, locale, health, process: None, line: None };
        bot.spawn()?;
        Ok(bot)
    }

    /// With the settings of the sandbox, and of the caller's only `HEALTH_ADDR`: no `.env` with a real token is read in its folder.
    fn spawn(&mut self) -> io::Result<()> {
        let ids = self.sandbox.ids();
        let inherited = ["RUST_LOG", "PATH", "HOME"].into_iter();
        let inherited = inherited.filter_map(|name| Some((name, std::env::var(name).ok()?)));
        let mut process = Command::new(std::env::current_exe()?)
            .args(["run", "--until-stdin-ends"])
            .current_dir(self.home.path())
            .env_clear()
            .envs(inherited)
            .env("DISCORD_TOKEN", self.sandbox.token())
            .env("DISCORD_PROXY", self.sandbox.base_url())
            .env("TICKET_BUTTON_CHANNEL_ID", ids.panel.to_string())
            .env("TICKET_CATEGORY_ID", ids.category.to_string())
            .env("SUPPORT_ROLE_ID", ids.support_role.to_string())
            .env("LOCALE", self.locale.code())
            .envs(self.health.map(|address| ("HEALTH_ADDR", address.to_string())))
            .stdin(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        // Whoever waits for a child closes what it still holds of it.
        self.line = process.stdin.take();
        self.process = Some(process);
        Ok(())
    }

    /// Waits until it ends by itself, which one that was killed never does.
    pub(super) async fn ended(&mut self) -> io::Result<ExitStatus> {
        match &mut self.process {
            Some(process) => process.wait().await,
            None => std::future::pending().await,
        }
    }

    /// Does what the page asks; to start a running bot, or to kill a dead one, changes nothing.
    pub(super) async fn obey(&mut self, order: Order) -> io::Result<()> {
        if matches!(order, Order::Kill | Order::Restart)
            && let Some(mut process) = self.process.take()
        {
            process.kill().await?;
            tracing::info!("the bot was killed");
        }
        if let Order::Speak(locale) = order
            && locale != self.locale
        {
            self.locale = locale;
            if self.process.is_some() {
                self.stop().await;
                self.spawn()?;
                tracing::info!(locale = locale.code(), "the bot was started again in another language");
            }
        }
        if matches!(order, Order::Start | Order::Restart) && self.process.is_none() {
            self.spawn()?;
            tracing::info!("the bot was started");
        }
        Ok(())
    }

    /// Asks it to stop, as a service manager does, and gives it the time to finish.
    pub(super) async fn stop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        if let Some(id) = process.id() {
            // After Ctrl-C it has been asked by the terminal already; asked twice, it stops once.
            platform::ask_to_stop(id).await;
        }
        // The end of its input asks it, too.
        self.line = None;
        if tokio::time::timeout(GOODBYE, process.wait()).await.is_err() {
            let _ = process.kill().await;
        }
    }
}
