//! What a story does with its stage beyond starting and killing the bot: other programs beside it, rows, the order to
//! stop, and what people write and read.

#[path = "../support/stage.rs"]
mod shared;

use std::fmt::Debug;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Output};
use std::time::Duration;

use serde_json::Value;
use talon::ids::{GuildId, Owner, UserId};
use talon::lifecycle::Document;
use talon::store::Reader;
use talon_sandbox::world::{MessageView, Request, Snowflake};
use talon_sandbox::{Call, Ending};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

pub use self::shared::{CLOSE, CREATE, LIST_COMMANDS, Stage, button, panels};
use self::shared::{GLANCE, PATIENCE};
use crate::process::read_kilobytes;
use crate::test_bot::TestBot;

/// How every announcement of a closing begins, in either language.
const CLOSING: [&str; 2] = ["🔒 тикет будет закрыт через ", "🔒 this ticket will be closed in "];
/// How many variants are played at a time, by all stories together. More of them would starve each other, and an answer
/// that comes after three seconds counts for nothing.
static SEATS: Semaphore = Semaphore::const_new(10);

impl Stage {
    /// Another host with the same settings, in the same world: a folder and a database of its own. Not started.
    pub fn twin(&self) -> Self {
        let bot = TestBot::with_variables(env!("CARGO_BIN_EXE_talon"), self.bot.variables.clone());
        Self { discord: self.discord.clone(), bot }
    }

    /// Starts the bot beside another one, and waits until it listens, too, and its panel is in place.
    pub async fn join(&mut self) {
        let (before, looked) = (self.discord.connected(), self.discord.calls_matching(LIST_COMMANDS).len());
        self.spawn();
        self.until("both listen", || (self.discord.connected() > before).then_some(())).await;
        self.discord.until_called(LIST_COMMANDS, looked + 1).await;
        self.until("the panel's id is kept", || self.file("json/ticket_message.json").exists().then_some(())).await;
    }

    /// Takes a setting away, from the next start on.
    pub fn unset(&mut self, name: &str) {
        self.bot.variables.retain(|(known, _)| known != name);
    }

    /// From the next start on, no file of the bot's may grow beyond so many kilobytes: it is as if the disk were full.
    pub fn limit_files(&mut self, kilobytes: u32) {
        self.bot.file_limit = Some(kilobytes);
    }

    /// Moves all settings into a file of the bot's folder.
    pub fn settings_into_file(&mut self, name: &str) {
        let lines: Vec<String> =
            self.bot.variables.drain(..).map(|(name, value)| format!("{name}=\"{value}\"")).collect();
        fs::write(self.file(name), lines.join("\n")).expect("the file can be written");
    }

    /// Uses a slash command, and waits for the answer.
    pub async fn slash(&self, who: Snowflake, channel: Snowflake, command: &str) -> MessageView {
        let used = self.discord.command(who, channel, command).expect("they are offered the command");
        let answer = self.discord.answered(used).await;
        answer.unwrap_or_else(|| panic!("the command was not answered\n{}", self.story()))
    }

    /// Starts the bot, and does not wait for anything.
    pub fn spawn(&mut self) {
        self.bot.spawn(&[]);
    }

    /// The same, with these arguments.
    pub fn spawn_with(&mut self, arguments: &[&str]) {
        self.bot.spawn(arguments);
    }

    /// Whether the bot has been started, and neither ended nor killed.
    pub fn runs(&self) -> bool {
        self.bot.process.is_some()
    }

    /// Runs the program beside the bot, in the same folder and with the same settings, until it ends by itself.
    pub async fn run(&self, argument: &str) -> Output {
        ended(self.program(argument)).await
    }

    /// Asks the program something in the bot's folder, as somebody does who knows none of the settings.
    pub async fn ask(&self, arguments: &[&str]) -> Output {
        let mut program = self.program(arguments[0]);
        program.args(&arguments[1..]).env_clear();
        ended(program).await
    }

    /// The same, where an answer is expected.
    pub async fn told(&self, arguments: &[&str]) -> String {
        let output = self.ask(arguments).await;
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("the answer is text")
    }

    /// The same, asked until the answer is as it should be: the journal is written a moment after the deed.
    pub async fn until_told(&self, arguments: &[&str], fits: impl Fn(&str) -> bool) -> String {
        for _ in 0..50 {
            let output = self.ask(arguments).await;
            let told = String::from_utf8_lossy(&output.stdout).into_owned();
            if output.status.success() && fits(&told) {
                return told;
            }
            sleep(GLANCE).await;
        }
        panic!("{arguments:?} did not come to tell what it should\n{}", self.story())
    }

    /// The program in the bot's folder, with the same settings.
    pub fn program(&self, argument: &str) -> Command {
        self.bot.command(argument)
    }

    /// How long the bot has kept a processor busy so far.
    pub fn processor_time(&self) -> Duration {
        self.bot.cpu_time()
    }

    /// Asks the bot to stop, as a service manager does, and does not wait for anything.
    pub fn ask_to_stop(&self) {
        self.bot.request_stop();
    }

    /// Asks the bot to stop, and waits until it has.
    pub async fn stop(&mut self) -> ExitStatus {
        let listening = self.discord.connected();
        self.ask_to_stop();
        self.ended_of(listening).await
    }

    /// Waits until the bot has ended by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        self.ended_of(self.discord.connected()).await
    }

    async fn ended_of(&mut self, listening: usize) -> ExitStatus {
        let ended = async {
            loop {
                match self.bot.take_exit() {
                    Some(ended) => return ended,
                    None => sleep(GLANCE).await,
                }
            }
        };
        // A refused session is asked for once more after five seconds, where less may be asked for.
        let ended = timeout(2 * PATIENCE, ended).await;
        let ended = ended.unwrap_or_else(|_| panic!("the bot did not end\n{}", self.story()));
        self.until_disconnected(listening).await;
        ended
    }

    /// What the database says of a member's ticket.
    pub fn row(&self, member: Snowflake) -> Document {
        let rows = Reader::open(&self.file("json/talon.db")).expect("the database can be read");
        let guild = GuildId(self.discord.ids().guild.get());
        rows.ticket(Owner { guild, member: UserId(member.get()) }).expect("the row can be read")
    }

    /// Waits until the database says of a member's ticket what it should.
    pub async fn until_row(&self, member: Snowflake, fits: impl Fn(&Document) -> bool) -> Document {
        self.until("the row is as it should be", || Some(self.row(member)).filter(&fits)).await
    }

    /// Waits until no call is on its way.
    pub async fn until_quiet(&self) {
        let quiet = || self.discord.calls().iter().all(|call| call.ending != Ending::Pending);
        self.until("all calls are answered", || quiet().then_some(())).await;
    }

    /// Waits until the bot no longer waits for the call that hangs, and makes another one instead: so long after it, by its
    /// `REQUEST_TIMEOUT`.
    pub async fn until_given_up(&self, request_timeout: Duration) {
        let given_up = || {
            let calls = self.discord.calls();
            let hangs = calls.iter().find(|call| call.struck)?.at;
            calls.iter().any(|call| call.at >= hangs + request_timeout).then_some(())
        };
        self.until("the call is given up", given_up).await;
    }

    /// Does something in the bot's name, as an older bot with the same token would have.
    pub fn as_bot(&self, method: &str, path: &str, body: Value) -> Value {
        let request = Request::new(method, path).body(body).bot(self.discord.token());
        let now = self.discord.now();
        let answer = self.discord.act(|world| world.rest(now, &request));
        assert!(answer.status < 300, "{method} {path}: {answer:?}");
        answer.body.unwrap_or_default()
    }

    /// A file in the bot's folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.bot.path_of(name)
    }

    /// The most memory that the bot has held so far, in MiB.
    pub fn peak_memory(&self) -> u32 {
        read_kilobytes(&format!("/proc/{}/status", self.bot.process_id()), "VmHWM:") / 1024
    }

    /// Where the bot tells how it is: it must have been started with [`HEALTH_ADDR`](Self::set).
    pub async fn health_url(&self) -> String {
        self.until("the bot tells where it can be asked", || {
            let log = self.logged();
            let address = log.split("/metrics address=").nth(1)?;
            Some(format!("http://{}", address.split_whitespace().next()?))
        })
        .await
    }

    /// On a busy machine it may take longer than the three seconds in which Discord takes an answer to a press. It was tried
    /// then, and refused.
    pub fn came_too_late(&self, press: Snowflake) -> bool {
        let token = self.discord.look(|world| Some(world.interactions.get(&press)?.token.clone()));
        let is_about_it = |call: &Call| token.as_ref().is_some_and(|token| call.path.contains(token));
        self.discord.calls().iter().any(|call| is_about_it(call) && call.status() == Some(404))
    }

    /// The ticket channels of a member.
    pub fn tickets_of(&self, member: Snowflake) -> Vec<Snowflake> {
        let category = self.discord.ids().category;
        // In one look: a channel may be deleted between two.
        self.discord.look(|world| {
            let mut tickets = world.children_of(category);
            tickets.retain(|ticket| world.channels[ticket].overwrites.contains_key(&member));
            tickets
        })
    }

    /// Waits until there are this many ticket channels.
    pub async fn until_tickets(&self, count: usize) -> Vec<Snowflake> {
        let category = self.discord.ids().category;
        let what = format!("{count} ticket channels");
        self.discord
            .until(&what, |world| Some(world.children_of(category)).filter(|tickets| tickets.len() == count))
            .await
    }

    /// The announcements in this channel that it will be closed, whether or not it has been by now.
    pub fn announcements(&self, ticket: Snowflake) -> Vec<MessageView> {
        self.discord.look(|world| {
            let channel = world.channels.get(&ticket).or_else(|| world.gone.iter().find(|gone| gone.id == ticket));
            let messages = channel.into_iter().flat_map(|channel| channel.messages.values());
            let said = messages.filter(|message| is_announcement(&message.content));
            said.map(|message| world.message_view(message)).collect()
        })
    }

    /// Waits until it has been announced that this channel will be closed.
    pub async fn announced(&self, ticket: Snowflake) -> MessageView {
        let eyes = self.discord.ids().owner;
        self.discord
            .until("the announcement", |world| {
                world.messages_seen(eyes, ticket).into_iter().find(|message| is_announcement(&message.content))
            })
            .await
    }

    /// Waits until the bot has replied to a message, and gives the reply.
    pub async fn reply(&self, channel: Snowflake, message: Snowflake) -> MessageView {
        let eyes = self.discord.ids().owner;
        self.discord
            .until("the reply", |world| {
                world.messages_seen(eyes, channel).into_iter().find(|reply| reply.reply_to == Some(message))
            })
            .await
    }

    /// Writes a command, and waits for the reply to it.
    pub async fn command(&self, who: Snowflake, channel: Snowflake, command: &str) -> MessageView {
        let message = self.discord.say(who, channel, command).expect("they may write there");
        self.reply(channel, message).await
    }
}

async fn ended(program: Command) -> Output {
    let program = tokio::process::Command::from(program).kill_on_drop(true).output();
    timeout(PATIENCE, program).await.expect("the program ends by itself").expect("the program starts")
}

fn is_announcement(content: &str) -> bool {
    CLOSING.iter().any(|closing| content.starts_with(closing))
}

/// Plays all variants, some of them at a time, and tells in the end which of them failed.
pub async fn each<V, F>(variants: impl IntoIterator<Item = V>, play: impl Fn(V) -> F)
where
    V: Clone + Debug,
    F: Future<Output = ()> + Send + 'static,
{
    let mut played = Vec::new();
    for variant in variants {
        let play = play(variant.clone());
        let task = tokio::spawn(async move {
            let _seat = SEATS.acquire().await;
            play.await;
        });
        played.push((variant, task));
    }
    assert!(!played.is_empty(), "there is no variant to play");
    let mut failed = Vec::new();
    for (variant, task) in played {
        if task.await.is_err() {
            failed.push(variant);
        }
    }
    let failed: Vec<String> = failed.iter().map(|variant| format!("{variant:?}")).collect();
    assert!(failed.is_empty(), "these failed:\n{}", failed.join("\n"));
}
