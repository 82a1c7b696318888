//! The sandbox and the bot, started together: what a newcomer sees first. Or the sandbox alone, for any other bot.
//!
//! The bot is a process of its own, as in production, and knows of the sandbox by its settings only; so it can be killed
//! from the page, and be seen to take up where it was.

mod bot;
mod guide;

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::time::Duration;

use clap::{Args, ValueEnum};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::config;
use crate::language::{Language, Locale};
use bot::Bot;
use talon_sandbox::standalone::{self, Announcement, DEFAULT_PORT, ListenError};
use talon_sandbox::{Caption, Sandbox, Setup, Switch};

const RUSSIAN: Locale = Locale::One(Language::Russian);
const ENGLISH: Locale = Locale::One(Language::English);

/// How often it is looked whether the bot has put up its panel.
const GLANCE: Duration = Duration::from_millis(50);

/// How to start it.
#[derive(Args, Debug)]
pub struct Options {
    /// The port to listen on, on loopback; 0 takes any free one
    #[arg(long, default_value_t = DEFAULT_PORT)]
    port: u16,
    /// The bot to start with it
    #[arg(long, value_enum, default_value_t = Company::Talon)]
    bot: Company,
    /// The language the bot speaks: ru, en or auto; by default that of LOCALE, or else of your environment
    #[arg(long, value_parser = config::locale)]
    locale: Option<Locale>,
}

/// Who plays in the sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Company {
    /// This bot
    Talon,
    /// No bot; the token, the address and the ids are printed, for one of yours
    None,
}

/// Why it could not be shown.
#[derive(Debug)]
pub enum Trouble {
    /// The port is taken, or nothing can be listened on.
    Listen(ListenError),
    /// The bot could not be started.
    Bot(io::Error),
    /// The bot ended by itself.
    Ended(std::process::ExitStatus),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen(error) => error.fmt(f),
            Self::Bot(error) => write!(f, "cannot start the bot: {error}"),
            Self::Ended(status) => write!(f, "the bot ended by itself: {status}"),
        }
    }
}

impl std::error::Error for Trouble {}

/// What the page asks of the bot's process.
#[derive(Clone, Copy, Debug)]
enum Order {
    Kill,
    Start,
    Restart,
    /// Stop, and start again in this language.
    Speak(Locale),
}

/// Runs the sandbox, and the bot with it, until `shutdown`. Where the options name no language, the bot speaks `locale`; it
/// serves `/healthz` and `/metrics` at `health`, if that is set.
///
/// # Errors
///
/// When the port is taken, or the bot cannot be started or ends by itself.
pub async fn run(
    options: Options,
    locale: Locale,
    health: Option<SocketAddr>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Trouble> {
    match options.bot {
        Company::Talon => with_bot(options, locale, health, pin!(shutdown)).await,
        Company::None => {
            let announcement = Announcement::Text(guide::settings);
            standalone::run(options.port, announcement, shutdown).await.map_err(Trouble::Listen)
        }
    }
}

async fn with_bot(
    options: Options,
    locale: Locale,
    health: Option<SocketAddr>,
    mut shutdown: Pin<&mut impl Future<Output = ()>>,
) -> Result<(), Trouble> {
    // Looked at before anything is printed: whoever reads how to end it may do so at once.
    tokio::select! {
        biased;
        () = &mut shutdown => return Ok(()),
        () = std::future::ready(()) => {}
    }
    let setup = Setup { port: options.port, ..Setup::default() };
    let sandbox = standalone::listen(setup).map_err(Trouble::Listen)?;
    let mut orders = offer_switches(&sandbox);
    let mut bot = Bot::start(sandbox.clone(), options.locale.unwrap_or(locale), health).map_err(Trouble::Bot)?;
    let mut explained = pin!(explain_when_ready(&sandbox));
    let mut told = false;
    loop {
        // Asked to stop by the terminal, the bot stops, too; that is no end by itself.
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            ended = bot.ended() => return Err(ended.map_or_else(Trouble::Bot, Trouble::Ended)),
            Some(order) = orders.recv() => bot.obey(order).await.map_err(Trouble::Bot)?,
            () = &mut explained, if !told => told = true,
        }
    }
    bot.stop().await;
    Ok(())
}

/// Puts the bot's life and death into the hands of whoever looks at the page.
fn offer_switches(sandbox: &Sandbox) -> UnboundedReceiver<Order> {
    let (orders, inbox) = unbounded_channel();
    let offers = [
        ("kill", Caption { en: "Kill the bot", ru: "Убить бота" }, Order::Kill),
        ("start", Caption { en: "Start the bot", ru: "Запустить бота" }, Order::Start),
        ("restart", Caption { en: "Kill and restart", ru: "Убить и запустить" }, Order::Restart),
        ("speak-ru", Caption { en: "Speak Russian", ru: "Говорить по-русски" }, Order::Speak(RUSSIAN)),
        ("speak-en", Caption { en: "Speak English", ru: "Говорить по-английски" }, Order::Speak(ENGLISH)),
    ];
    for (name, caption, order) in offers {
        let orders = orders.clone();
        // Nobody listens any more while everything is being ended; then there is nothing to be done.
        sandbox.offer(Switch::new(name, caption, move || {
            let _ = orders.send(order);
        }));
    }
    inbox
}

/// Waits until the bot has put up its panel, for as long as that takes, and then tells what can be done.
async fn explain_when_ready(sandbox: &Sandbox) {
    let (bot, panel) = (sandbox.ids().bot, sandbox.ids().panel);
    while sandbox.messages(bot, panel).is_empty() {
        tokio::time::sleep(GLANCE).await;
    }
    guide::tell(&guide::together(&sandbox.base_url()));
}
