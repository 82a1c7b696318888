//! The scenes on which everything is tried: an opening, a closing, a panel being put in place; how each begins, of which
//! calls it is made, and how things must look once they have settled, whatever befell them.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde_json::json;
use talon::ids::ChannelId;
use talon::lifecycle::{Document, State};
use talon_sandbox::world::{Channel, Progress, Snowflake, World};
use talon_sandbox::{Call, When};

use crate::stage::{CLOSE, Stage, button};
use crate::{access, calls, panel, story};

/// Declares the scenes by groups, each of which is tried in every matrix: see [`try_every_scene`].
macro_rules! scenes {
    ($($(#[$group_doc:meta])* $group:ident { $($(#[$doc:meta])* $scene:ident,)* })*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Scene {
            $($($(#[$doc])* $scene,)*)*
        }

        impl Scene {
            $($(#[$group_doc])* pub const $group: &[Self] = &[$(Self::$scene),*];)*
        }
    };
}

scenes! {
    OPENINGS {
        /// A member presses the panel's button.
        Interaction,
        /// A member writes `!ticket`.
        Ticket,
        /// A member uses `/ticket`.
        SlashTicket,
    }
    CLOSINGS {
        /// The owner presses the ticket's button.
        PressClose,
        /// The support writes `!close`.
        Close,
        /// The owner uses `/close`.
        SlashClose,
    }
    VAIN {
        /// The owner presses the ticket's button while the bot is in time-out.
        VainClose,
    }
    ACCESS {
        /// A member who lost access to her ticket presses the panel's button, and the bot may let her in.
        LetIn,
        /// The same, and the bot may not.
        LockedOut,
    }
    PANELS {
        /// The first start of all.
        FirstStart,
        /// A start with a panel that shows something else.
        StalePanel,
        /// A start without the file, in a channel with an older panel.
        LostFile,
        /// An administrator writes `!setuptickets` after the panel was deleted.
        SetUp,
        /// The bot is let into another server, where it had commands before.
        Invited,
    }
    STARTS {
        /// A start after a death in the middle of an opening: the channel was made, and nothing else is known of it.
        TakenUp,
        /// A start after a ticket's channel was deleted while there was no bot.
        Missed,
    }
    STORIES {
        /// An administrator uses `/explain` in a ticket with a story of several pages.
        Explain,
        /// An administrator writes `!explain` there.
        ExplainToAll,
    }
}

/// Tries every scene there is in one matrix: a test for each group, all of them in every matrix.
macro_rules! try_every_scene {
    ($try_scenes:path) => {
        #[tokio::test]
        async fn an_opening() {
            $try_scenes($crate::scenes::Scene::OPENINGS).await;
        }

        #[tokio::test]
        async fn a_closing() {
            $try_scenes($crate::scenes::Scene::CLOSINGS).await;
        }

        #[tokio::test]
        async fn a_close_in_vain() {
            $try_scenes($crate::scenes::Scene::VAIN).await;
        }

        #[tokio::test]
        async fn access_to_a_ticket() {
            $try_scenes($crate::scenes::Scene::ACCESS).await;
        }

        #[tokio::test]
        async fn the_panel() {
            $try_scenes($crate::scenes::Scene::PANELS).await;
        }

        #[tokio::test]
        async fn a_start_in_the_middle_of_things() {
            $try_scenes($crate::scenes::Scene::STARTS).await;
        }

        #[tokio::test]
        async fn a_story() {
            $try_scenes($crate::scenes::Scene::STORIES).await;
        }
    };
}
pub(crate) use try_every_scene;

impl Scene {
    /// The calls of which it is made when nothing goes wrong.
    pub async fn points(self) -> Vec<Point> {
        let mut stage = Stage::empty();
        let mut deed = self.prepare(&mut stage).await;
        stage.discord.clear_record();
        deed.begin(&mut stage);
        stage.discord.ready().await;
        deed.settled(&stage).await;
        deed.answered(&stage).await;
        let mut points: Vec<Point> = Vec::new();
        for call in stage.discord.calls().iter().map(pattern) {
            // Every start begins with the same calls: one of the scenes is enough.
            let usual = ["/gateway", "/users/@me", "/applications/"].iter().any(|path| call.contains(path));
            if usual && !matches!(self, Self::FirstStart | Self::Invited) {
                continue;
            }
            let nth = points.iter().filter(|point| point.call == call).count();
            points.push(Point { call, nth });
        }
        assert!(!points.is_empty(), "{self:?} makes no call");
        for call in self.least().iter().copied().chain(calls::made_in(self)) {
            assert!(points.iter().any(|point| point.call == call), "{self:?} makes no {call}: {points:?}");
        }
        points
    }

    /// Calls without which it would be another scene, beside those that [`calls`] looks for in it.
    const fn least(self) -> &'static [&'static str] {
        const CALLBACK: &str = "POST /interactions/*/*/callback";
        const SAY: &str = "POST /channels/*/messages";
        const CREATE: &str = "POST /guilds/*/channels";
        const DELETE: &str = "DELETE /channels/*";
        match self {
            Self::Interaction | Self::SlashTicket => &[CREATE, SAY, CALLBACK],
            Self::Ticket => &[CREATE, SAY],
            Self::PressClose | Self::SlashClose | Self::VainClose => &[CALLBACK, DELETE],
            Self::Close => &[SAY, DELETE],
            Self::FirstStart => &["GET /gateway/bot", "GET /users/@me", "GET /channels/*/messages"],
            Self::StalePanel => &["GET /channels/*/messages/*", "PATCH /channels/*/messages/*"],
            Self::LostFile => &["GET /channels/*/messages", SAY, "DELETE /channels/*/messages/*"],
            Self::SetUp => &["GET /guilds/*", "GET /channels/*/messages/*", "PATCH /channels/*/messages/*", SAY],
            Self::Invited => &["PUT /applications/*/guilds/*/commands"],
            Self::LetIn | Self::LockedOut => &["GET /channels/*", "PUT /channels/*/permissions/*"],
            Self::TakenUp => &["GET /guilds/*/channels", "GET /channels/*/messages", SAY],
            Self::Missed => &["GET /channels/*"],
            Self::Explain => &[CALLBACK],
            Self::ExplainToAll => &["GET /guilds/*"],
        }
    }

    /// The deed is the start of the bot.
    fn starts(self) -> bool {
        matches!(self, Self::FirstStart | Self::StalePanel | Self::LostFile | Self::TakenUp | Self::Missed)
    }

    /// Everything up to the moment before the deed. It may be played again and again on one stage.
    pub async fn prepare(self, stage: &mut Stage) -> Deed {
        let ids = stage.discord.ids();
        if !stage.runs() && self != Self::FirstStart {
            stage.start().await;
        }
        if stage.runs() {
            // A start may have come to its end before the bot listens.
            stage.discord.ready().await;
        }
        let mut deed = Deed { scene: self, who: ids.adam, asked: None, ticket: None };
        match self {
            Self::Interaction | Self::Ticket | Self::SlashTicket => deed.who = stage.discord.join("newcomer"),
            Self::PressClose | Self::Close | Self::SlashClose | Self::VainClose => {
                time_out(stage, None);
                deed.who = stage.discord.join("newcomer");
                deed.ticket = Some(stage.open(deed.who).await);
                stage.until_row(deed.who, is_open).await;
            }
            Self::LetIn | Self::LockedOut => {
                deed.who = stage.discord.join("newcomer");
                deed.ticket = Some(access::synced(stage, deed.who).await);
                access::let_bot_manage_roles(stage, self == Self::LetIn);
            }
            Self::TakenUp => {
                deed.who = stage.discord.join("newcomer");
                let mut creating = stage.discord.hold("POST /guilds/*/channels", When::After);
                let lounge = ids.lounge;
                deed.asked = Some(stage.discord.say(deed.who, lounge, "!ticket").expect("they may write there"));
                creating.reached().await;
                stage.kill().await;
                creating.release();
                stage.until_quiet().await;
            }
            Self::Missed => {
                deed.who = stage.discord.join("newcomer");
                let ticket = stage.open(deed.who).await;
                stage.until_row(deed.who, is_open).await;
                stage.kill().await;
                stage.discord.delete_channel(ticket);
            }
            Self::Explain | Self::ExplainToAll => {
                deed.ticket = Some(story::written(stage, &mut deed.who).await);
            }
            Self::FirstStart | Self::Invited => {}
            Self::StalePanel | Self::LostFile | Self::SetUp => {
                panel::kept(stage).await;
            }
        }
        if self.starts() && stage.runs() {
            stage.kill().await;
        }
        match self {
            Self::VainClose => time_out(stage, Some(stage.discord.now() + Duration::from_secs(24 * 60 * 60))),
            Self::FirstStart => {
                panel::wipe(stage);
                stage.discord.act(|world| world.application.commands.clear());
            }
            // One that is deleted is put back before anybody can ask for it.
            Self::StalePanel | Self::SetUp => panel::spoil(stage),
            Self::LostFile => panel::lose_file(stage),
            _ => {}
        }
        deed
    }
}

/// One of the calls of a scene.
#[derive(Clone)]
pub struct Point {
    pub call: String,
    /// After so many others of its kind.
    pub nth: usize,
}

impl Point {
    /// It changes nothing.
    pub fn looks(&self) -> bool {
        self.call.starts_with("GET ")
    }
}

impl fmt::Debug for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.call, self.nth)
    }
}

/// The call without its ids and tokens.
fn pattern(call: &Call) -> String {
    let name = |step: &str| step.len() < 16 && !step.bytes().all(|byte| byte.is_ascii_digit());
    let steps = call.path.split('/').skip(1).map(|step| if name(step) { step } else { "*" });
    format!("{} /{}", call.method, steps.collect::<Vec<_>>().join("/"))
}

fn is_open(row: &Document) -> bool {
    matches!(row.state, State::Open { .. })
}

fn time_out(stage: &Stage, until: Option<SystemTime>) {
    stage.discord.act(|world| world.time_out(world.bot(), until));
}

/// A scene being played.
pub struct Deed {
    scene: Scene,
    pub who: Snowflake,
    asked: Option<Snowflake>,
    ticket: Option<Snowflake>,
}

impl Deed {
    /// The deed itself. Nothing is waited for.
    pub fn begin(&mut self, stage: &mut Stage) {
        let ids = stage.discord.ids();
        let say = |who, channel, text| stage.discord.say(who, channel, text).expect("they may write there");
        let slash = |who, channel, name| stage.discord.command(who, channel, name).expect("it is registered");
        self.asked = match self.scene {
            Scene::Interaction | Scene::LetIn | Scene::LockedOut => Some(stage.press_create(self.who)),
            Scene::Explain => self.ticket.map(|ticket| slash(ids.adam, ticket, "explain")),
            Scene::ExplainToAll => self.ticket.map(|ticket| say(ids.adam, ticket, "!explain")),
            Scene::Ticket => Some(say(self.who, ids.lounge, "!ticket")),
            Scene::SlashTicket => Some(slash(self.who, ids.lounge, "ticket")),
            Scene::SlashClose => self.ticket.map(|ticket| slash(self.who, ticket, "close")),
            Scene::PressClose | Scene::VainClose => self.ticket.map(|ticket| stage.press_close(self.who, ticket)),
            Scene::Close => self.ticket.map(|ticket| say(ids.sue, ticket, "!close")),
            Scene::SetUp => Some(say(ids.adam, ids.lounge, "!setuptickets")),
            Scene::Invited => {
                stage.discord.act(|world| {
                    let server = world.invite_elsewhere();
                    world.application.commands.insert(Some(world.neighbour(server)), vec![json!({ "name": "close" })]);
                });
                None
            }
            Scene::FirstStart | Scene::StalePanel | Scene::LostFile | Scene::TakenUp | Scene::Missed => {
                stage.spawn();
                // What was asked before the start.
                self.asked
            }
        };
    }

    /// Waits until all has come to its end, and checks that it is the right one.
    pub async fn settled(&self, stage: &Stage) {
        match self.scene {
            Scene::Interaction | Scene::Ticket | Scene::SlashTicket | Scene::TakenUp => self.opened(stage).await,
            Scene::Missed => {
                stage.until_row(self.who, |row| row.state == State::Absent).await;
            }
            Scene::PressClose | Scene::Close | Scene::SlashClose => self.closed(stage).await,
            Scene::Invited => {
                let home = stage.discord.ids().guild;
                let removed = |world: &World| {
                    let mut elsewhere = world.application.commands.iter().filter(|(server, _)| **server != Some(home));
                    elsewhere.all(|(_, commands)| commands.is_empty()).then_some(())
                };
                stage.discord.until("the end of the commands elsewhere", removed).await;
            }
            Scene::VainClose => self.left_open(stage).await,
            // Whoever asked for a story may have asked in vain; the ticket knows nothing of it.
            Scene::LetIn | Scene::LockedOut | Scene::Explain | Scene::ExplainToAll => {
                let ticket = self.ticket.expect("it was open");
                stage.until_row(self.who, |row| row.state == State::Open { channel: ChannelId(ticket.get()) }).await;
            }
            Scene::FirstStart | Scene::StalePanel | Scene::LostFile | Scene::SetUp => {
                panel::settled(stage).await;
                stage.until_slash().await;
            }
        }
    }

    async fn opened(&self, stage: &Stage) {
        let row = stage.until_row(self.who, is_open).await;
        let one = || <[Snowflake; 1]>::try_from(stage.tickets_of(self.who)).ok();
        let [ticket] = stage.until("there is one channel", one).await;
        assert_eq!(row.state, State::Open { channel: ChannelId(ticket.get()) });
        let welcomes = stage.discord.messages(self.who, ticket);
        assert_eq!(welcomes.iter().filter(|message| button(message) == Some(CLOSE)).count(), 1, "one welcome");
        assert_eq!(welcomes.len(), 1, "and nothing else");
        if !self.asked.is_some_and(|asked| stage.came_too_late(asked)) {
            assert_eq!(self.answers(stage), [format!("✅ тикет создан: <#{ticket}>")]);
        }
    }

    /// In all the time there was never a second channel for one wish, not even for a moment.
    pub fn never_doubled(&self, stage: &Stage) {
        let mine = |channel: &&Channel| channel.overwrites.contains_key(&self.who);
        let made = stage.discord.look(|world| world.channels.values().chain(&world.gone).filter(mine).count());
        // One that is in step with its category names no member.
        if Self::is_of_access(self.scene) {
            return assert!(made <= 1, "channels ever made");
        }
        let opens = match self.scene {
            Scene::FirstStart | Scene::StalePanel | Scene::LostFile | Scene::SetUp | Scene::Invited => 0,
            _ => 1,
        };
        assert_eq!(made, opens, "channels ever made");
    }

    async fn closed(&self, stage: &Stage) {
        let ticket = self.ticket.expect("it was open");
        stage.until_gone(ticket).await;
        stage.until_row(self.who, |row| row.state == State::Absent).await;
        assert_eq!(stage.announcements(ticket).len(), 1, "announced once");
        assert_eq!(stage.tickets_of(self.who), []);
    }

    /// The ticket is open again, and nobody who looks at it reads that it will be closed.
    async fn left_open(&self, stage: &Stage) {
        let (ticket, press) = (self.ticket.expect("it was open"), self.asked.expect("it was pressed"));
        let corrected = || {
            let reply = stage.discord.reply(press);
            reply.is_some_and(|reply| reply.content.starts_with("❌ не получилось закрыть тикет: бот в тайм-ауте"))
        };
        // The answer may have died with the bot, and then there is none to correct.
        let told = || corrected() || stage.discord.progress(press) == Some(Progress::Failed);
        let over = || (told() && is_open(&stage.row(self.who))).then_some(());
        stage.until("the ticket is open again", over).await;
        assert_eq!(stage.announcements(ticket).len(), 0, "nobody reads that it will be closed");
        assert_eq!(stage.tickets_of(self.who), [ticket]);
    }

    /// Waits until whoever asked has been answered, and checks that it was once, and well.
    pub async fn answered(&self, stage: &Stage) {
        if let Scene::SetUp = self.scene {
            stage.until("there is an answer", || (!self.answers(stage).is_empty()).then_some(())).await;
            assert_eq!(self.answers(stage), ["✅ панель на месте"]);
        }
        if Self::is_of_access(self.scene) {
            self.told_of_access(stage, self.asked.expect("she pressed")).await;
        }
        if Scene::STORIES.contains(&self.scene) {
            story::until_told(stage, self.ticket.expect("it was open"), self.asked.expect("it was asked")).await;
        }
        if self.scene == Scene::LockedOut {
            assert_eq!(access::notices(stage, self.ticket.expect("it was open")), 1, "staff are told once");
        }
    }

    fn is_of_access(scene: Scene) -> bool {
        Scene::ACCESS.contains(&scene)
    }

    /// She can see her ticket again and has been pointed to it, or reads that she cannot.
    async fn told_of_access(&self, stage: &Stage, press: Snowflake) {
        let ticket = self.ticket.expect("it was open");
        let words = match self.scene {
            Scene::LetIn => {
                stage.until("access", || access::sees(stage, self.who, ticket).then_some(())).await;
                format!("❌ у тебя уже есть тикет: <#{ticket}>")
            }
            _ => access::HIDDEN.to_owned(),
        };
        stage.until("the true answer", || stage.discord.reply(press).filter(|reply| reply.content == words)).await;
    }

    /// What the asker has been answered.
    fn answers(&self, stage: &Stage) -> Vec<String> {
        let asked = self.asked.expect("somebody asked");
        stage.discord.look(|world| {
            let messages = world.channels.values().flat_map(|channel| channel.messages.values());
            let to_it = messages.filter(|message| match self.scene {
                Scene::Ticket | Scene::Close | Scene::SetUp | Scene::TakenUp => message.reply_to == Some(asked),
                _ => message.interaction == Some(asked),
            });
            to_it.map(|message| message.content.clone()).collect()
        })
    }

    /// Life goes on: whoever presses now gets what they should.
    pub async fn goes_on(&self, stage: &Stage) {
        match self.scene {
            Scene::Interaction | Scene::Ticket | Scene::SlashTicket | Scene::TakenUp => {
                let ticket = stage.tickets_of(self.who)[0];
                let press = stage.press_create(self.who);
                assert_eq!(stage.answer(press).await, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
                assert_eq!(stage.tickets_of(self.who), [ticket]);
            }
            Scene::VainClose => {
                time_out(stage, None);
                let ticket = stage.tickets_of(self.who)[0];
                stage.press_close(self.who, ticket);
                stage.until_gone(ticket).await;
            }
            Scene::LetIn | Scene::LockedOut => {
                let press = stage.press_create(self.who);
                self.told_of_access(stage, press).await;
            }
            Scene::Explain | Scene::ExplainToAll => {
                let ticket = self.ticket.expect("it was open");
                let again = stage.discord.command(stage.discord.ids().adam, ticket, "explain");
                story::until_told(stage, ticket, again.expect("it is registered")).await;
            }
            _ => drop(stage.open(self.who).await),
        }
    }
}
