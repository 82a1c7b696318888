//! The stage of every story: a sandbox, and a bot that can be started and killed.

use std::time::Duration;

use talon_sandbox::world::{MessageView, Snowflake};
use talon_sandbox::{Ending, Sandbox, Setup};
use tokio::time::{sleep, timeout};

use crate::test_bot::TestBot;

pub const CREATE: &str = "create_ticket_button";
pub const CLOSE: &str = "close_ticket_button";
/// How the bot learns which slash commands it has.
pub const LIST_COMMANDS: &str = "GET /applications/*/guilds/*/commands";
/// How long a test waits for what is not Discord's: a row, the end of a process.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// How often such things are looked at.
pub const GLANCE: Duration = Duration::from_millis(5);

/// A server with people in it, and a bot that may be running.
pub struct Stage {
    pub discord: Sandbox,
    pub bot: TestBot,
}

impl Stage {
    /// An ordinary server; the bot is connected and the panel is in place.
    pub async fn ready() -> Self {
        let mut stage = Self::empty();
        stage.start().await;
        stage
    }

    /// An ordinary server; the bot gives people this long before it deletes a channel.
    pub async fn closing_after(delay: &str) -> Self {
        let mut stage = Self::empty();
        stage.set("CLOSE_DELAY", delay);
        stage.start().await;
        stage
    }

    /// An ordinary server; the bot has not been started.
    pub fn empty() -> Self {
        Self::with(Setup::default())
    }

    /// A server of one's own making; the bot has not been started.
    pub fn with(setup: Setup) -> Self {
        let discord = Sandbox::start(setup).expect("the sandbox listens");
        let mut bot = TestBot::new(env!("CARGO_BIN_EXE_talon"), &discord);
        // Long enough to look at a countdown, short enough to wait for its end.
        bot.set("CLOSE_DELAY", "300ms");
        // Without the doctor's look around at the start: its calls would mix with those that a story is about.
        bot.set("RUST_LOG", "talon=debug,info");
        bot.set("SETUP_CHECKS", "off");
        Self { discord, bot }
    }

    /// Changes a setting, from the next start on.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.bot.set(name, value);
    }

    /// Starts the bot and waits until it is connected and the panel and the slash commands are in place.
    pub async fn start(&mut self) {
        let looked = self.discord.calls_matching(LIST_COMMANDS);
        let before = looked.iter().filter(|call| call.ending != Ending::Pending).count();
        self.bot.spawn(&[]);
        self.discord.ready().await;
        self.panel().await;
        self.discord.until_called(LIST_COMMANDS, before + 1).await;
        self.until_slash().await;
    }

    /// Waits until the bot has slash commands.
    pub async fn until_slash(&self) {
        let server = Some(self.discord.ids().guild);
        self.discord.until("the slash commands", |world| world.application.commands.get(&server).map(|_| ())).await;
    }

    /// Ends the bot at once, wherever it is.
    pub async fn kill(&mut self) {
        let listening = self.discord.connected();
        self.bot.kill();
        self.until_disconnected(listening).await;
    }

    /// Waits until Discord knows that the bot is gone: what happens from now on is heard by the next one, or by the one
    /// beside it. So many were listening before.
    pub async fn until_disconnected(&self, listening: usize) {
        let left = listening.saturating_sub(1);
        self.until("the connection ends", || (self.discord.connected() <= left).then_some(())).await;
    }

    /// Waits until the log says this.
    pub async fn until_logged(&self, words: &str) {
        self.until(words, || self.logged().contains(words).then_some(())).await;
    }

    /// Waits for something outside Discord, which is looked at again and again.
    pub async fn until<T>(&self, what: &str, look: impl FnMut() -> Option<T>) -> T {
        self.until_in(PATIENCE, what, look).await
    }

    /// The same, for as long as is said.
    pub async fn until_in<T>(&self, patience: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let found = async {
            loop {
                match look() {
                    Some(found) => return found,
                    None => sleep(GLANCE).await,
                }
            }
        };
        let found = timeout(patience, found).await;
        found.unwrap_or_else(|_| panic!("waited in vain until {what}\n{}", self.story()))
    }

    /// What the bot has logged so far.
    pub fn logged(&self) -> String {
        self.bot.read_log()
    }

    /// Waits for the panel message.
    pub async fn panel(&self) -> MessageView {
        let (panel, eyes) = (self.discord.ids().panel, self.discord.ids().owner);
        self.discord
            .until("the panel", |world| {
                world.messages_seen(eyes, panel).into_iter().find(|message| button(message) == Some(CREATE))
            })
            .await
    }

    /// Presses the button that asks for a ticket.
    pub fn press_create(&self, who: Snowflake) -> Snowflake {
        self.discord.press(who, self.discord.ids().panel, CREATE).expect("the panel's button can be pressed")
    }

    /// Presses the button that closes a ticket.
    pub fn press_close(&self, who: Snowflake, ticket: Snowflake) -> Snowflake {
        self.discord.press(who, ticket, CLOSE).expect("the ticket's button can be pressed")
    }

    /// Opens a ticket: presses, and waits until all has been said.
    pub async fn open(&self, who: Snowflake) -> Snowflake {
        let press = self.press_create(who);
        let reply = self.answer(press).await;
        let ticket = self.tickets();
        let ticket = ticket.into_iter().find(|ticket| {
            reply == format!("✅ тикет создан: <#{ticket}>") || reply == format!("✅ ticket created: <#{ticket}>")
        });
        let ticket = ticket.unwrap_or_else(|| panic!("no ticket was opened: {reply:?}\n{}", self.story()));
        self.welcome(ticket).await;
        ticket
    }

    /// What the bot answers to a press, in the end.
    pub async fn answer(&self, press: Snowflake) -> String {
        let answer = self.discord.answered(press).await;
        answer.unwrap_or_else(|| panic!("the press was not answered\n{}", self.story())).content
    }

    /// The ticket channels there are.
    pub fn tickets(&self) -> Vec<Snowflake> {
        self.discord.look(|world| world.children_of(self.discord.ids().category))
    }

    /// Waits for the first message in a ticket.
    pub async fn welcome(&self, ticket: Snowflake) -> MessageView {
        let bot = self.discord.ids().bot;
        self.discord
            .until("the welcome", |world| {
                world.messages_seen(bot, ticket).into_iter().find(|message| button(message) == Some(CLOSE))
            })
            .await
    }

    /// Waits until the channel does not exist.
    pub async fn until_gone(&self, channel: Snowflake) {
        self.discord
            .until("the end of the channel", |world| (!world.channels.contains_key(&channel)).then_some(()))
            .await;
    }

    /// What has happened, for a failing test.
    pub fn story(&self) -> String {
        format!("{}\n{}", self.discord.story(), self.logged())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.discord.story());
        }
    }
}

/// The messages with the panel's button.
pub fn panels(stage: &Stage) -> Vec<MessageView> {
    let mut messages = stage.discord.messages(stage.discord.ids().owner, stage.discord.ids().panel);
    messages.retain(|message| button(message) == Some(CREATE));
    messages
}

/// The custom id of a message's first button.
pub fn button(message: &MessageView) -> Option<&str> {
    message.buttons.first()?.custom_id.as_deref()
}
