//! The bot's process: what its actors do, step by step, and how it dies.
//!
//! The decisions are production's own: `lifecycle`, `actors::router`, `gateway::translate`, `discord::{request, answer}`;
//! so is what happens to a ticket while its disk is at work.
//! What is played here is only who runs when, which in production is left to the mailboxes and the runtime.

use std::collections::BTreeMap;
use std::fmt;
use std::mem;
use std::time::{Duration, SystemTime};

use talon::actors::Rank;
use talon::actors::home::HOLD_TIMEOUT;
use talon::actors::router::{Route, Router};
use talon::discord::AdminStatus;
use talon::ids::{ChannelId, GuildId, Owner, RequestId, TicketNumber, UserId};
use talon::lifecycle::menu::{Menu, MenuEvent};
use talon::lifecycle::panel::{Panel, PanelEvent, PanelStep};
use talon::lifecycle::{Document, DurableTicket, Effects, Event, Notice, Outcome, Request, Requester, Rules, State};
use talon_sandbox::world::{Permissions, Snowflake};

use crate::disk::{Job, Row};
use crate::figures::Count;
use crate::game::{Game, Happening};
use crate::people::Deed;
use crate::rows::Failed;

/// How long before its deadline a ticket is loaded: less than a countdown, so that tickets wait on the disk alone.
const WAKE_AHEAD: Duration = Duration::from_millis(1500);

pub const RULES: Rules =
    Rules { close_delay: Duration::from_secs(5), owner_may_close: true, administrators_are_staff: false };
/// As `actors::supervisor` has it.
const REVIVE_AFTER: Duration = Duration::from_millis(500);
/// As `run` has it.
const DRAIN: Duration = Duration::from_secs(4);

/// A running process.
pub struct Bot {
    pub life: u64,
    pub router: Router,
    panel: Panel,
    menu: Menu,
    desks: BTreeMap<Owner, Desk>,
    panel_alarm: Option<SystemTime>,
    menu_alarm: Option<SystemTime>,
    births: u64,
    pub draining: bool,
}

/// A living ticket.
struct Desk {
    birth: u64,
    ticket: DurableTicket,
    channel: Option<ChannelId>,
    place_untold: bool,
    alarm: Option<SystemTime>,
    handled: u64,
}

/// Who waits for an answer: an actor of one process. Its successor is somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    Ticket { life: u64, owner: Owner, birth: u64 },
    Panel { life: u64 },
    Menu { life: u64 },
}

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ticket { owner, .. } => write!(f, "{}", owner.member),
            Self::Panel { .. } => f.write_str("the panel"),
            Self::Menu { .. } => f.write_str("the menu"),
        }
    }
}

impl Seat {
    fn life(self) -> u64 {
        match self {
            Self::Ticket { life, .. } | Self::Panel { life } | Self::Menu { life } => life,
        }
    }
}

/// Where in a step the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Death {
    /// The disk was not even asked.
    Unsaved,
    /// The disk was asked, and has perhaps done it.
    Asked,
    /// So many of the calls were made.
    Between(usize),
}

impl Bot {
    pub fn is_draining(&self) -> bool {
        self.draining
    }

    /// Nothing is under way, and nothing is going to be.
    pub fn is_at_rest(&self) -> bool {
        self.desks.is_empty()
    }

    fn is_still(&self) -> bool {
        self.panel.is_still() && self.menu.is_still() && self.desks.values().all(|desk| desk.ticket.is_still())
    }

    fn is_seated(&self, seat: Seat) -> bool {
        match seat {
            Seat::Ticket { owner, birth, .. } => {
                seat.life() == self.life && self.desks.get(&owner).is_some_and(|desk| desk.birth == birth)
            }
            Seat::Panel { life } | Seat::Menu { life } => life == self.life,
        }
    }
}

// -- the process

impl Game {
    pub fn start(&mut self) {
        if self.bot.is_some() {
            return;
        }
        if self.outage || self.rows.broken {
            // Without Discord it waits, without its rows it refuses to start and is started again.
            return self.plan(Duration::from_secs(1), Happening::Start);
        }
        self.lives += 1;
        let life = self.lives;
        self.tell(|game| format!("the bot starts, for the {life}. time, with {:?}", game.rows.tickets));
        self.excuse_old();
        let mut router = Router::new(self.place.panel);
        for (owner, document) in &self.rows.tickets {
            drop(router.place(*owner, document.state.channel()));
        }
        self.bot = Some(Bot {
            life,
            router,
            panel: Panel::new(self.rows.panel),
            menu: Menu::default(),
            desks: BTreeMap::new(),
            panel_alarm: None,
            menu_alarm: None,
            births: 0,
            draining: false,
        });
        let unfinished: Vec<Owner> = self.unfinished();
        for owner in unfinished {
            self.resume(owner);
        }
        self.play_panel(PanelEvent::Ensure(None));
        self.schedule(life);
        let connect = self.dice.millis(20, 400);
        self.plan(connect, Happening::Connect { life });
    }

    /// The panel's actor looks up which server is the bot's own.
    pub fn find_home(&mut self, waiting: Option<RequestId>) {
        let life = self.lives;
        let soon = self.dice.millis(2, 300);
        self.plan(soon, Happening::HomeFound { life });
        if let Some(request_id) = waiting {
            self.plan(HOLD_TIMEOUT, Happening::GiveUp { life, request_id });
        }
    }

    pub fn home_found(&mut self, life: u64) {
        let guild = self.guild();
        if self.outage {
            return self.plan(Duration::from_secs(1), Happening::HomeFound { life });
        }
        self.tell_router(life, |router| router.home_looked_up(Some(guild)));
    }

    pub fn give_up(&mut self, life: u64, request_id: RequestId) {
        self.tell_router(life, |router| router.give_up(request_id).into_iter().collect());
    }

    fn tell_router(&mut self, life: u64, tell: impl FnOnce(&mut Router) -> Vec<Route>) {
        let Some(bot) = self.bot.as_mut().filter(|bot| bot.life == life && !bot.draining) else { return };
        let told = tell(&mut bot.router);
        self.deliver(told);
    }

    fn unfinished(&self) -> Vec<Owner> {
        let rows = self.rows.tickets.iter();
        rows.filter(|(_, row)| !matches!(row.state, State::Open { .. }) || !row.outbox.is_empty())
            .map(|(owner, _)| *owner)
            .collect()
    }

    /// Everything that is not on the disk is lost.
    pub fn die(&mut self, how: &str) {
        let Some(bot) = self.bot.take() else { return };
        self.tell(|_| format!("the bot dies: {how}"));
        self.figures.add(if bot.draining { Count::Stops } else { Count::Crashes }, 1);
        self.leave_disk(bot.draining && bot.is_still());
        self.disconnect();
        self.cut_off(|seat| seat.life() == bot.life);
        self.excuse_pending("the bot died");
        self.leave_copies();
        let back = self.dice.pick(&[20, 300, 1500, 2900, 5000, 20_000, 90_000, 400_000, 16 * 60_000]);
        self.plan(Duration::from_millis(back), Happening::Start);
    }

    /// What was begun is finished, nothing new is begun.
    pub fn stop(&mut self) {
        let Some(bot) = &mut self.bot else { return };
        bot.draining = true;
        let life = bot.life;
        self.tell(|_| "the bot is asked to stop".into());
        self.excuse_pending("the bot was stopped");
        self.plan(DRAIN, Happening::Deed(Deed::Kill(Some(life))));
        self.drained();
    }

    fn drained(&mut self) {
        if self.bot.as_ref().is_some_and(|bot| bot.draining && bot.is_still()) {
            self.die("it has stopped");
        }
    }
}

// -- tickets

impl Game {
    pub fn is_loaded(&mut self, owner: Owner) -> bool {
        self.desk(owner).is_some()
    }

    fn desk(&mut self, owner: Owner) -> Option<&mut Desk> {
        self.bot.as_mut()?.desks.get_mut(&owner)
    }

    fn seat(&mut self, owner: Owner) -> Option<Seat> {
        let life = self.bot.as_ref()?.life;
        let birth = self.desk(owner)?.birth;
        Some(Seat::Ticket { life, owner, birth })
    }

    /// Tells a ticket what concerns it; it is brought to life for it.
    pub fn pass_on(&mut self, owner: Owner, event: Event) {
        self.bring_to_life(owner);
        self.hear(owner, event);
    }

    pub fn resume(&mut self, owner: Owner) {
        self.bring_to_life(owner);
        self.play_ticket(owner, DurableTicket::load);
    }

    /// A ticket hears something.
    fn hear(&mut self, owner: Owner, event: Event) {
        self.play_ticket(owner, |ticket, now| ticket.hear(event, now));
    }

    fn bring_to_life(&mut self, owner: Owner) {
        let Some(bot) = &mut self.bot else { return };
        bot.births += 1;
        let birth = bot.births;
        let ticket = || DurableTicket::new(owner, RULES);
        let born = || Desk { birth, ticket: ticket(), channel: None, place_untold: false, alarm: None, handled: 0 };
        bot.desks.entry(owner).or_insert_with(born).handled += 1;
    }

    /// The disk has read a row.
    pub fn loaded(&mut self, to: Seat, row: Option<(Document, Option<TicketNumber>)>) {
        let Some(owner) = self.seated(to) else { return };
        if let (Some((document, _)), Some(desk)) = (&row, self.desk(owner)) {
            desk.channel = document.state.channel();
            self.tell_untold_place(owner);
        }
        self.play_ticket(owner, |ticket, now| ticket.loaded(row, now));
    }

    /// The disk has saved a row, or not.
    pub fn saved(&mut self, to: Seat, outcome: &Result<Option<TicketNumber>, Failed>) {
        let Some(owner) = self.seated(to) else { return };
        if outcome.is_err() {
            self.excuse_owner(owner, "it could not be saved");
        }
        self.play_ticket(owner, |ticket, now| ticket.saved(outcome, now));
    }

    /// The ticket whose actor this is, as long as that lives.
    fn seated(&self, seat: Seat) -> Option<Owner> {
        match seat {
            Seat::Ticket { owner, .. } if self.bot.as_ref().is_some_and(|bot| bot.is_seated(seat)) => Some(owner),
            Seat::Ticket { .. } | Seat::Panel { .. } | Seat::Menu { .. } => None,
        }
    }

    /// What the ticket's actor is to save.
    pub fn pending_save(&mut self, owner: Owner) -> Option<Box<Row>> {
        let decision = self.desk(owner)?.ticket.saving()?;
        let (document, notes) = decision.save()?;
        Some(Box::new(Row { document: document.clone(), shows: decision.shown_number(), notes: notes.to_vec() }))
    }

    /// One message to a ticket's actor: decide, save, then act.
    fn play_ticket(&mut self, owner: Owner, step: impl FnOnce(&mut DurableTicket, SystemTime) -> Effects) {
        if self.dice.happens(self.weather.panic) {
            return self.panic(owner);
        }
        let death = self.death();
        let now = self.now;
        let Some(desk) = self.desk(owner) else { return };
        let effects = step(&mut desk.ticket, now);
        self.carry_out(owner, effects, death);
        self.look_ahead(owner);
    }

    fn death(&mut self) -> Option<Death> {
        let dies = self.dice.happens(self.weather.die_in_step);
        dies.then(|| self.dice.pick(&[Death::Unsaved, Death::Asked, Death::Between(0), Death::Between(1)]))
    }

    fn carry_out(&mut self, owner: Owner, effects: Effects, death: Option<Death>) {
        let Some(seat) = self.seat(owner) else { return };
        self.figures.add_notes(&effects.notes);
        for note in &effects.notes {
            self.tell(|_| format!("{seat} notes {note:?}"));
        }
        if death == Some(Death::Unsaved) {
            return self.die("before it could save");
        }
        if let Some(job) = effects.disk {
            self.ask_disk_for(seat, owner, job);
        }
        if death == Some(Death::Asked) {
            return self.die("while the disk was at work");
        }
        self.tell_where(owner);
        for (number, call) in effects.calls.into_iter().enumerate() {
            if death == Some(Death::Between(number)) {
                return self.die("between two calls");
            }
            self.send(seat, call);
        }
    }

    fn tell_where(&mut self, owner: Owner) {
        let Some(desk) = self.desk(owner) else { return };
        let channel = desk.ticket.document().state.channel();
        if channel != desk.channel {
            desk.channel = channel;
            self.tell_place(owner, channel);
        }
    }

    fn tell_untold_place(&mut self, owner: Owner) {
        if let Some(desk) = self.desk(owner)
            && mem::take(&mut desk.place_untold)
        {
            let channel = desk.channel;
            self.tell_place(owner, channel);
        }
    }

    fn tell_place(&mut self, owner: Owner, channel: Option<ChannelId>) {
        let Some(life) = self.bot.as_ref().map(|bot| bot.life) else { return };
        let soon = self.dice.millis(0, 2);
        self.plan(soon, Happening::Moved { life, owner, channel });
    }

    pub fn moved(&mut self, life: u64, owner: Owner, channel: Option<ChannelId>) {
        if let Some(bot) = self.bot.as_mut().filter(|bot| bot.life == life) {
            let told = bot.router.place(owner, channel);
            if !bot.draining {
                self.deliver(told);
            }
        }
    }

    fn look_ahead(&mut self, owner: Owner) {
        let Some(seat) = self.seat(owner) else { return };
        let horizon = self.horizon();
        let Some(Desk { ticket, handled, .. }) = self.desk(owner) else { return };
        let (deadline, idle, handled) = (ticket.deadline(), ticket.is_idle(horizon), *handled);
        self.wake(owner, deadline);
        if idle {
            let soon = self.dice.millis(0, 3);
            self.plan(soon, Happening::Idle { to: seat, handled });
        }
        self.drained();
    }

    fn wake(&mut self, owner: Owner, deadline: Option<SystemTime>) {
        let Some(seat) = self.seat(owner) else { return };
        let Some(desk) = self.desk(owner) else { return };
        desk.alarm = deadline;
        self.set_alarm(seat, deadline);
    }

    pub fn alarm(&mut self, to: Seat, at: SystemTime) {
        if self.bot.as_ref().is_none_or(|bot| !bot.is_seated(to)) {
            return;
        }
        match to {
            Seat::Ticket { owner, .. } => {
                if self.desk(owner).is_none_or(|desk| desk.alarm != Some(at)) {
                    return;
                }
                self.hear(owner, Event::TimerFired);
            }
            Seat::Panel { .. } => {
                if self.bot.as_ref().is_some_and(|bot| bot.panel_alarm == Some(at)) {
                    self.play_panel(PanelEvent::Woke);
                }
            }
            Seat::Menu { .. } => {
                if self.bot.as_ref().is_some_and(|bot| bot.menu_alarm == Some(at)) {
                    self.play_menu(MenuEvent::Woke);
                }
            }
        }
    }

    /// A deadline that comes before this moment keeps a ticket in memory.
    pub fn horizon(&self) -> SystemTime {
        self.now + WAKE_AHEAD
    }

    pub fn let_go(&mut self, to: Seat, handled: u64) {
        let Seat::Ticket { owner, .. } = to else { return };
        let Some(bot) = self.bot.as_mut().filter(|bot| bot.is_seated(to) && !bot.draining) else { return };
        if bot.desks.get(&owner).is_some_and(|desk| desk.handled == handled) {
            bot.desks.remove(&owner);
        }
    }

    /// One ticket's actor fails: it is forgotten with its calls, and started again from its row.
    fn panic(&mut self, owner: Owner) {
        self.leave_copies();
        let Some(seat) = self.seat(owner) else { return };
        self.tell(|_| format!("{seat} panics"));
        self.outlive(owner);
        self.figures.add(Count::Panics, 1);
        self.excuse_pending("a ticket panicked");
        self.cut_off(|other| *other == seat);
        if let Some(bot) = &mut self.bot {
            bot.desks.remove(&owner);
        }
        self.plan(REVIVE_AFTER, Happening::Revive { life: self.lives, owner });
    }

    pub fn revive(&mut self, life: u64, owner: Owner) {
        let Some(bot) = self.bot.as_ref().filter(|bot| bot.life == life && !bot.draining) else { return };
        let told = bot.router.remind(owner);
        self.bring_to_life(owner);
        if let Some(desk) = self.desk(owner) {
            desk.place_untold = true;
            if desk.ticket.is_loaded() {
                self.tell_untold_place(owner);
            }
        }
        self.resume(owner);
        self.deliver(told);
    }

    pub fn answered(&mut self, to: Seat, call: Request, answer: Outcome) {
        if self.bot.as_ref().is_none_or(|bot| !bot.is_seated(to)) {
            return;
        }
        match answer {
            Outcome::Channels(channels) => self.ask_disk(Job::LookUp { to, call, channels }),
            answer => self.answer_heard(to, call, answer),
        }
    }

    pub fn answer_heard(&mut self, to: Seat, call: Request, answer: Outcome) {
        if self.bot.as_ref().is_none_or(|bot| !bot.is_seated(to)) {
            return;
        }
        self.tell(|_| format!("{to} hears of {}: {answer:?}", call.name()));
        self.check_known(to, &call, &answer);
        match to {
            Seat::Ticket { owner, .. } => self.hear(owner, Event::RequestCompleted { call, answer }),
            Seat::Panel { .. } => self.play_panel(PanelEvent::Answered { call, answer }),
            Seat::Menu { .. } => self.play_menu(MenuEvent::Answered { call, answer }),
        }
    }
}

// -- the panel and the slash commands

impl Game {
    fn panel_seat(&self) -> Option<Seat> {
        self.bot.as_ref().map(|bot| Seat::Panel { life: bot.life })
    }

    pub fn play_panel(&mut self, event: PanelEvent) {
        let now = self.now;
        let (Some(seat), Some(bot)) = (self.panel_seat(), &mut self.bot) else { return };
        let PanelStep { save, calls, notes } = bot.panel.handle(event, now);
        for note in notes {
            self.tell(|_| format!("the panel notes {note:?}"));
        }
        if let Some(message) = save
            && !self.rows.broken
        {
            self.rows.panel = Some(message);
        }
        self.make(seat, calls);
        if let Some(bot) = &mut self.bot {
            bot.panel_alarm = bot.panel.deadline();
            let deadline = bot.panel_alarm;
            self.set_alarm(seat, deadline);
        }
        self.drained();
    }

    pub fn play_menu(&mut self, event: MenuEvent) {
        let now = self.now;
        let Some(bot) = &mut self.bot else { return };
        let seat = Seat::Menu { life: bot.life };
        let step = bot.menu.handle(event, now);
        for note in step.notes {
            self.tell(|_| format!("the menu notes {note:?}"));
        }
        self.make(seat, step.calls);
        if let Some(bot) = &mut self.bot {
            bot.menu_alarm = bot.menu.deadline();
            let deadline = bot.menu_alarm;
            self.set_alarm(seat, deadline);
        }
        self.drained();
    }

    fn make(&mut self, seat: Seat, calls: Vec<Request>) {
        for call in calls {
            if self.death().is_some() {
                return self.die("while it looked after the panel");
            }
            self.send(seat, call);
        }
    }

    fn set_alarm(&mut self, to: Seat, deadline: Option<SystemTime>) {
        if let Some(at) = deadline {
            let late = self.dice.millis(0, 3);
            self.plan_at(at.max(self.now) + late, Happening::Alarm { to, at });
        }
    }

    /// Somebody wants the panel looked after. Where it is not known whether they may, it is looked up.
    pub fn set_up(&mut self, guild: GuildId, requester: Requester, rank: &Rank) {
        match rank {
            Rank::Known { administrator: true } => {
                self.play_panel(PanelEvent::Ensure(Some(requester)));
                self.play_menu(MenuEvent::Ensure(guild));
            }
            Rank::Known { administrator: false } => {
                self.play_panel(PanelEvent::TurnDown(requester, Notice::AdministratorsOnly));
            }
            Rank::Roles(_) => self.ask_standing(guild, requester),
        }
    }

    fn ask_standing(&mut self, guild: GuildId, requester: Requester) {
        let Some(to) = self.panel_seat() else { return };
        let standing = match requester.user {
            _ if self.outage => AdminStatus::Unknown,
            _ if self.dice.happens(self.weather.held_up) => AdminStatus::RateLimited(Duration::from_secs(60)),
            UserId(user) if self.world.guild_permissions(Snowflake(user)).has(Permissions::ADMINISTRATOR) => {
                AdminStatus::Administrator
            }
            _ => AdminStatus::Member,
        };
        let soon = self.dice.millis(2, 120);
        self.plan(soon, Happening::TicketSummary { to, guild, requester, standing });
    }

    pub fn ranked(&mut self, to: Seat, guild: GuildId, requester: Requester, standing: AdminStatus) {
        if self.bot.as_ref().is_none_or(|bot| !bot.is_seated(to)) {
            return;
        }
        match standing {
            AdminStatus::Administrator => self.set_up(guild, requester, &Rank::Known { administrator: true }),
            AdminStatus::Member => self.set_up(guild, requester, &Rank::Known { administrator: false }),
            AdminStatus::RateLimited(wait) => {
                self.play_panel(PanelEvent::TurnDown(requester, Notice::AskLater(self.now + wait)));
            }
            AdminStatus::Unknown => self.play_panel(PanelEvent::TurnDown(requester, Notice::DiscordDown)),
        }
    }
}
