//! A ticket that fails is brought back from its row: no call of Discord's makes one fail, so this is told from within.

use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorCell, ActorRef, Message, call_t};
use secrecy::SecretString;
use tempfile::TempDir;

use crate::actors::Services;
use crate::actors::admin_status::AdminStatuses;
use crate::actors::health_check::Stats;
use crate::actors::settings::CurrentSettings;
use crate::actors::singletons::SingletonSettings;
use crate::actors::supervisor::{Arguments, Supervisor, SupervisorMsg};
use crate::discord::{Client, Place, Transport};
use crate::gateway::{ConnectionConfig, EventHandler, run_shards};
use crate::ids::{ApplicationId, ChannelId, GuildId, Owner, RoleId, UserId};
use crate::language::{Language, Locale};
use crate::lifecycle::{Document, JournalEvent, Rules, State};
use crate::model::settings::Settings;
use crate::status::Status;
use crate::store::{Filter, Store};
use talon_sandbox::world::Snowflake;
use talon_sandbox::{Sandbox, Setup, When};

mod idle;
mod staff;

const CREATE: &str = "create_ticket_button";
const CLOSE: &str = "close_ticket_button";

/// The whole bot, as `run` puts it together, within reach of a test.
struct SupervisorState {
    discord: Sandbox,
    store: Store,
    services: Arc<Services>,
    supervisor: ActorRef<SupervisorMsg>,
    home: TempDir,
}

impl SupervisorState {
    async fn new() -> Self {
        let discord = Sandbox::start(Setup::default()).expect("the sandbox listens");
        let home = tempfile::tempdir().expect("a folder");
        let store = Store::open(&home.path().join("talon.db")).expect("a new database");
        let (token, proxy) = (SecretString::from(discord.token().to_owned()), Some(discord.base_url()));
        let transport = Transport::new(&token, proxy.as_deref()).expect("a good token");
        let ids = discord.ids();
        let place = Place {
            me: UserId(ids.bot.get()),
            panel: ChannelId(ids.panel.get()),
            category: ChannelId(ids.category.get()),
            staff: vec![RoleId(ids.support_role.get())].into(),
            mention_staff: true,
            application: ApplicationId(ids.application.get()),
            locale: Locale::One(Language::Russian),
        };
        let status = Arc::<Status>::default();
        let connection = ConnectionConfig {
            token,
            gateway: transport.fetch_gateway().await.expect("a gateway"),
            message_content: true,
            stage_limit: Duration::from_secs(25),
            status: Arc::clone(&status.gateway),
        };
        let document = r#"{"version": 1, "staff_roles": ["3"], "ticket_types": [{"key": "ticket", "label": "x"}]}"#;
        let document = Settings::read(document).expect("a document");
        let rules =
            Rules { close_delay: Duration::from_millis(800), owner_may_close: true, administrators_are_staff: false };
        let services = Services {
            metrics: transport.metrics(),
            client: Client::new(transport, place.clone()),
            store: store.clone(),
            standings: AdminStatuses::default(),
            settings: CurrentSettings::new(document, rules, place.clone()),
            status,
        };
        let services = Arc::new(services);
        let arguments = Arguments {
            services: Arc::clone(&services),
            duties: SingletonSettings {
                panel_file: home.path().join("panel.json"),
                journal_keep: Duration::from_secs(86_400),
            },
            places: Vec::new(),
            unfinished: Vec::new(),
        };
        let (supervisor, _) = Actor::spawn(None, Supervisor, arguments).await.expect("the supervisor starts");
        let handler = EventHandler {
            supervisor: supervisor.clone(),
            place,
            services: Arc::clone(&services),
            status: Arc::clone(&services.status),
        };
        tokio::spawn(run_shards(connection, handler, Arc::clone(&services), std::future::pending()));
        discord.ready().await;
        discord.until("the panel", |world| (!world.messages_seen(ids.bot, ids.panel).is_empty()).then_some(())).await;
        Self { discord, store, services, supervisor, home }
    }

    fn owner(&self, member: Snowflake) -> Owner {
        Owner { guild: GuildId(self.discord.ids().guild.get()), member: UserId(member.get()) }
    }

    /// Makes the member's ticket fail, wherever it is.
    fn fail(&self, member: Snowflake) {
        self.supervisor.cast(SupervisorMsg::Panic(self.owner(member))).expect("the supervisor lives");
    }

    /// Waits until the supervisor knows that a ticket failed: what is sent to it before that is lost with it.
    async fn until_failed(&self) {
        self.until("the supervisor notices", || (self.restarts("ticket") > 0).then_some(())).await;
    }

    /// How many actors of this kind failed so far.
    fn restarts(&self, actor: &str) -> u64 {
        let metrics = self.services.metrics.encode_text(0, 0, &self.services.status);
        let label = format!("actor=\"{actor}\"");
        let line = metrics.lines().find(|line| line.starts_with("talon_actor_restarts_total") && line.contains(&label));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_default()
    }

    /// The living actors that take messages of this kind.
    fn actors<M: Message>(&self) -> Vec<ActorCell> {
        let children = self.supervisor.get_children().into_iter();
        children.filter(|actor| actor.is_message_type_of::<M>() == Some(true)).collect()
    }

    async fn stats(&self) -> Stats {
        call_t!(self.supervisor, SupervisorMsg::Count, 10_000).expect("the supervisor answers")
    }

    /// Waits until something can be seen, which is looked at again and again.
    async fn until<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let seen = async {
            loop {
                match look() {
                    Some(seen) => return seen,
                    None => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), seen).await.unwrap_or_else(|_| panic!("in vain: {what}"))
    }

    fn press(&self, who: Snowflake) -> Snowflake {
        self.discord.press(who, self.discord.ids().panel, CREATE).expect("the panel is there")
    }

    async fn answer(&self, press: Snowflake) -> String {
        self.discord.answered(press).await.expect("an answer").content
    }

    /// Waits until the row is as it should be.
    async fn until_row(&self, member: Snowflake, fits: impl Fn(&Document) -> bool) {
        let row = async {
            while !fits(&self.store.ticket(self.owner(member)).await.expect("the row can be read")) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), row).await.expect("the row becomes what it should be");
    }

    async fn open(&self, who: Snowflake) -> Snowflake {
        self.answer(self.press(who)).await;
        self.until_row(who, |row| matches!(row.state, State::Open { .. })).await;
        *self.tickets().last().expect("a ticket")
    }

    fn tickets(&self) -> Vec<Snowflake> {
        self.discord.look(|world| world.children_of(self.discord.ids().category))
    }

    fn ticket_of(&self, member: Snowflake) -> Snowflake {
        let mine =
            |channel: &Snowflake| self.discord.look(|world| world.channels[channel].overwrites.contains_key(&member));
        self.tickets().into_iter().find(mine).expect("they have a ticket")
    }

    fn announcements(&self, ticket: Snowflake) -> usize {
        self.discord.look(|world| {
            let channel = world.channels.get(&ticket).or_else(|| world.gone.iter().find(|gone| gone.id == ticket));
            let messages = channel.into_iter().flat_map(|channel| channel.messages.values());
            messages.filter(|message| message.content.starts_with("🔒 тикет будет закрыт")).count()
        })
    }

    async fn until_gone(&self, ticket: Snowflake) {
        self.discord.until("its end", |world| (!world.channels.contains_key(&ticket)).then_some(())).await;
    }
}

#[tokio::test]
async fn a_ticket_that_fails_is_brought_back_and_its_owner_does_not_notice() {
    let house = SupervisorState::new().await;
    let alice = house.discord.ids().alice;
    let ticket = house.open(alice).await;

    house.fail(alice);
    house.until_failed().await;

    let press = house.press(alice);
    assert_eq!(house.answer(press).await, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
    house.discord.press(alice, ticket, CLOSE).expect("the button is there");
    house.until_gone(ticket).await;
    house.until_row(alice, |row| row.state == State::Absent).await;
    assert_ne!(house.open(alice).await, ticket);
    let journal = house.store.journal(Filter::All, 100).await.expect("the journal can be read");
    assert!(journal.iter().any(|entry| entry.note == Ok(JournalEvent::Restarted)), "{journal:#?}");
}

#[tokio::test]
async fn an_opening_that_fails_in_the_middle_makes_one_channel() {
    for when in [When::Before, When::After] {
        let house = SupervisorState::new().await;
        let alice = house.discord.ids().alice;
        let mut creating = house.discord.hold("POST /guilds/*/channels", when);
        let press = house.press(alice);
        creating.reached().await;

        house.fail(alice);
        creating.release();

        let answer = house.answer(press).await;
        house.until_row(alice, |row| matches!(row.state, State::Open { .. })).await;
        assert_eq!(house.tickets().len(), 1, "{when:?}");
        assert_eq!(answer, format!("✅ тикет создан: <#{}>", house.tickets()[0]));
    }
}

#[tokio::test]
async fn a_closing_that_fails_keeps_its_word() {
    let house = SupervisorState::new().await;
    let alice = house.discord.ids().alice;
    for when in [When::Before, When::After] {
        let ticket = house.open(alice).await;
        let mut announcing = house.discord.hold("POST /interactions/*/*/callback", when);
        house.discord.press(alice, ticket, CLOSE).expect("the button is there");
        announcing.reached().await;

        house.fail(alice);
        announcing.release();

        house.until_gone(ticket).await;
        house.until_row(alice, |row| row.state == State::Absent).await;
        assert_eq!(house.announcements(ticket), 1, "{when:?}");
    }
}

#[tokio::test]
async fn a_countdown_that_fails_goes_on() {
    let house = SupervisorState::new().await;
    let alice = house.discord.ids().alice;
    let ticket = house.open(alice).await;
    house.discord.press(alice, ticket, CLOSE).expect("the button is there");
    house.until_row(alice, Document::is_announced).await;

    house.fail(alice);

    house.until_gone(ticket).await;
    assert_eq!(house.announcements(ticket), 1);
}

#[tokio::test]
async fn one_that_fails_again_and_again_delays_nobody() {
    let house = SupervisorState::new().await;
    let ids = house.discord.ids();
    let ticket = house.open(ids.alice).await;

    for _ in 0..20 {
        house.fail(ids.alice);
    }
    let bob = house.press(ids.bob);
    assert!(house.answer(bob).await.starts_with("✅ тикет создан"));

    // She is answered, if not by the first press then by one after it.
    let mut answer = None;
    while answer.is_none() {
        let press = house.press(ids.alice);
        answer = house.discord.answered(press).await;
    }
    assert_eq!(answer.map(|answer| answer.content), Some(format!("❌ у тебя уже есть тикет: <#{ticket}>")));
}
