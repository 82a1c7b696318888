//! The stage of every story: a sandbox, a folder, and a bot that can be started, stopped and killed.

use std::fmt::Debug;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use talon::ids::{GuildId, Owner, UserId};
use talon::lifecycle::State;
use talon::store::Reader;
use talon_sandbox::world::{MessageView, Request, Snowflake};
use talon_sandbox::{Call, Ending, Sandbox, Setup};
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

pub const CREATE: &str = "create_ticket_button";
pub const CLOSE: &str = "close_ticket_button";

/// How every announcement of a closing begins, in either language.
const CLOSING: [&str; 2] = ["🔒 тикет будет закрыт через ", "🔒 this ticket will be closed in "];
/// How the bot learns which slash commands it has.
pub const LIST_COMMANDS: &str = "GET /applications/*/guilds/*/commands";
/// How long a test waits for what is not Discord's: a row, the end of a process.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many variants are played at a time, by all stories together. More of them would starve each other, and an answer
/// that comes after three seconds counts for nothing.
static SEATS: Semaphore = Semaphore::const_new(10);
/// How often such things are looked at.
const GLANCE: Duration = Duration::from_millis(5);

/// A server with people in it, and a bot that may be running.
pub struct Stage {
    pub discord: Sandbox,
    home: TempDir,
    bot: Option<Child>,
    settings: Vec<(String, String)>,
    file_limit: Option<u32>,
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
        let home = TempDir::new().expect("a folder for the bot");
        let mut stage = Self { discord, home, bot: None, settings: Vec::new(), file_limit: None };
        let ids = stage.discord.ids();
        stage.set("DISCORD_TOKEN", stage.discord.token().to_owned());
        stage.set("DISCORD_PROXY", stage.discord.base_url());
        stage.set("TICKET_BUTTON_CHANNEL_ID", ids.panel.to_string());
        stage.set("TICKET_CATEGORY_ID", ids.category.to_string());
        stage.set("SUPPORT_ROLE_ID", ids.support_role.to_string());
        // Long enough to look at a countdown, short enough to wait for its end.
        stage.set("CLOSE_DELAY", "300ms".to_owned());
        // Without the doctor's look around at the start: its calls would mix with those that a story is about.
        stage.set("RUST_LOG", "talon=debug,talon::doctor=off,info".to_owned());
        stage
    }

    /// Another host with the same settings, in the same world: a folder and a database of its own. Not started.
    pub fn twin(&self) -> Self {
        Self {
            discord: self.discord.clone(),
            home: TempDir::new().expect("a folder for the bot"),
            bot: None,
            settings: self.settings.clone(),
            file_limit: None,
        }
    }

    /// Starts the bot beside another one, and waits until it listens, too, and its panel is in place.
    pub async fn join(&mut self) {
        let (before, looked) = (self.discord.connected(), self.discord.calls_matching(LIST_COMMANDS).len());
        self.spawn();
        self.until("both listen", || (self.discord.connected() > before).then_some(())).await;
        self.discord.until_called(LIST_COMMANDS, looked + 1).await;
        self.until("the panel's id is kept", || self.file("json/ticket_message.json").exists().then_some(())).await;
    }

    /// Changes a setting, from the next start on.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.into()));
    }

    /// Takes a setting away, from the next start on.
    pub fn unset(&mut self, name: &str) {
        self.settings.retain(|(known, _)| known != name);
    }

    /// From the next start on, no file of the bot's may grow beyond so many kilobytes: it is as if the disk were full.
    pub fn limit_files(&mut self, kilobytes: u32) {
        self.file_limit = Some(kilobytes);
    }

    /// Moves all settings into a file of the bot's folder.
    pub fn settings_into_file(&mut self, name: &str) {
        let lines: Vec<String> = self.settings.drain(..).map(|(name, value)| format!("{name}=\"{value}\"")).collect();
        fs::write(self.file(name), lines.join("\n")).expect("the file can be written");
    }

    /// Starts the bot and waits until it is connected and the panel and the slash commands are in place.
    pub async fn start(&mut self) {
        let looked = self.discord.calls_matching(LIST_COMMANDS);
        let before = looked.iter().filter(|call| call.ending != Ending::Pending).count();
        self.spawn();
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

    /// Uses a slash command, and waits for the answer.
    pub async fn slash(&self, who: Snowflake, channel: Snowflake, command: &str) -> MessageView {
        let used = self.discord.command(who, channel, command).expect("they are offered the command");
        let answer = self.discord.answered(used).await;
        answer.unwrap_or_else(|| panic!("the command was not answered\n{}", self.story()))
    }

    /// Starts the bot, and does not wait for anything.
    pub fn spawn(&mut self) {
        self.spawn_with(&[]);
    }

    /// The same, with these arguments.
    pub fn spawn_with(&mut self, arguments: &[&str]) {
        assert!(self.bot.is_none(), "the bot runs already");
        let log = File::options().create(true).append(true).open(self.log()).expect("the log can be written");
        let bot =
            self.program("run").args(arguments).stdout(Stdio::null()).stderr(log).spawn().expect("the bot starts");
        self.bot = Some(bot);
    }

    /// Whether the bot has been started, and neither ended nor killed.
    pub fn runs(&self) -> bool {
        self.bot.is_some()
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
        let talon = env!("CARGO_BIN_EXE_talon");
        let mut command = match self.file_limit {
            None => Command::new(talon),
            Some(kilobytes) => {
                let mut shell = Command::new("sh");
                // Blocks of 512 bytes; and a write that goes too far fails, instead of killing.
                shell.args(["-c", &format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", 2 * kilobytes), talon]);
                shell
            }
        };
        command.arg(argument).current_dir(self.home.path()).stdin(Stdio::null());
        command.env_clear().envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Ends the bot at once, wherever it is.
    pub async fn kill(&mut self) {
        let listening = self.discord.connected();
        let mut bot = self.bot.take().expect("the bot runs");
        bot.kill().expect("the bot can be killed");
        bot.wait().expect("the bot is gone");
        self.hung_up(listening).await;
    }

    /// Waits until Discord knows that the bot is gone: what happens from now on is heard by the next one, or by the one
    /// beside it. So many were listening before.
    async fn hung_up(&self, listening: usize) {
        let left = listening.saturating_sub(1);
        self.until("the connection ends", || (self.discord.connected() <= left).then_some(())).await;
    }

    /// How long the bot has kept a processor busy so far.
    pub fn processor_time(&self) -> Duration {
        let bot = self.bot.as_ref().expect("the bot runs");
        let stat = fs::read_to_string(format!("/proc/{}/stat", bot.id())).expect("the bot runs");
        // After the name, which may hold anything: user and system time are the 14th and 15th field, in hundredths.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().expect("a number of ticks")).sum();
        Duration::from_millis(10 * ticks)
    }

    /// Asks the bot to stop, as a service manager does, and does not wait for anything.
    pub fn ask_to_stop(&self) {
        let bot = self.bot.as_ref().expect("the bot runs");
        let asked = Command::new("kill").arg(bot.id().to_string()).status().expect("`kill` can be run");
        assert!(asked.success(), "the bot could not be asked to stop");
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
        let mut bot = self.bot.take().expect("the bot runs");
        // A refused session is asked for once more after five seconds, where less may be asked for.
        let ended =
            self.until_in(2 * PATIENCE, "the bot ends", || bot.try_wait().expect("the bot can be waited for")).await;
        self.hung_up(listening).await;
        ended
    }

    /// What the database says of a member's ticket.
    pub fn row(&self, member: Snowflake) -> State {
        let rows = Reader::open(&self.file("json/talon.db")).expect("the database can be read");
        let guild = GuildId(self.discord.ids().guild.get());
        rows.ticket(Owner { guild, member: UserId(member.get()) }).expect("the row can be read")
    }

    /// Waits until the database says of a member's ticket what it should.
    pub async fn until_row(&self, member: Snowflake, fits: impl Fn(&State) -> bool) -> State {
        self.until("the row is as it should be", || Some(self.row(member)).filter(&fits)).await
    }

    /// Waits until the log says this.
    pub async fn until_logged(&self, words: &str) {
        self.until(words, || self.logged().contains(words).then_some(())).await;
    }

    /// Waits until no call is on its way.
    pub async fn until_quiet(&self) {
        let quiet = || self.discord.calls().iter().all(|call| call.ending != Ending::Pending);
        self.until("all calls are answered", || quiet().then_some(())).await;
    }

    /// Waits until the bot no longer waits for the call that hangs, and makes another one instead.
    pub async fn until_given_up(&self) {
        /// A little less than how long the bot waits.
        const LONG: Duration = Duration::from_secs(14);
        let given_up = || {
            let calls = self.discord.calls();
            let hangs = calls.iter().find(|call| call.struck)?.at;
            calls.iter().any(|call| call.at >= hangs + LONG).then_some(())
        };
        self.until_in(2 * PATIENCE, "the call is given up", given_up).await;
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
        self.home.path().join(name)
    }

    /// The most memory that the bot has held so far, in MiB.
    pub fn peak_memory(&self) -> u64 {
        let bot = self.bot.as_ref().expect("the bot runs");
        let status = fs::read_to_string(format!("/proc/{}/status", bot.id())).expect("the bot runs");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells the peak");
        peak.split_whitespace().next().and_then(|kilobytes| kilobytes.parse::<u64>().ok()).expect("kilobytes") / 1024
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

    /// What the bot has logged so far.
    pub fn logged(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }

    fn log(&self) -> PathBuf {
        self.file("bot.log")
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

    /// On a busy machine it may take longer than the three seconds in which Discord takes an answer to a press. It was tried
    /// then, and refused.
    pub fn came_too_late(&self, press: Snowflake) -> bool {
        let token = self.discord.look(|world| Some(world.interactions.get(&press)?.token.clone()));
        let is_about_it = |call: &Call| token.as_ref().is_some_and(|token| call.path.contains(token));
        self.discord.calls().iter().any(|call| is_about_it(call) && call.status() == Some(404))
    }

    /// The ticket channels there are.
    pub fn tickets(&self) -> Vec<Snowflake> {
        self.discord.look(|world| world.children_of(self.discord.ids().category))
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

    /// Waits for the first message in a ticket.
    pub async fn welcome(&self, ticket: Snowflake) -> MessageView {
        let bot = self.discord.ids().bot;
        self.discord
            .until("the welcome", |world| {
                world.messages_seen(bot, ticket).into_iter().find(|message| button(message) == Some(CLOSE))
            })
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

async fn ended(program: Command) -> Output {
    let program = tokio::process::Command::from(program).kill_on_drop(true).output();
    timeout(PATIENCE, program).await.expect("the program ends by itself").expect("the program starts")
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(mut bot) = self.bot.take() {
            let _ = bot.kill();
            let _ = bot.wait();
        }
        if std::thread::panicking() {
            eprintln!("{}", self.story());
        }
    }
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

/// The custom id of a message's first button.
pub fn button(message: &MessageView) -> Option<&str> {
    message.buttons.first()?.custom_id.as_deref()
}
