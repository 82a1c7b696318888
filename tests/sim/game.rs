//! One game: a small server, the bot, its people, chance, and a clock that jumps from one happening to the next.
//!
//! First there is chaos. Then everything that was broken is mended, and after a while all must be as promised.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use talon::actors::router::Route;
use talon::discord::{AdminStatus, Place};
use talon::ids::{ApplicationId, ChannelId, GuildId, Owner, RequestId, RoleId, UserId};
use talon::language::{Language, Locale};
use talon::lifecycle::menu::MenuEvent;
use talon::lifecycle::panel::PanelEvent;
use talon::lifecycle::{Outcome, Request, Requester};
use talon_sandbox::world::{FixtureIds, Snowflake, Start, World};

use crate::bot::{Bot, Seat};
use crate::dice::Dice;
use crate::disk::{Disk, Job};
use crate::figures::Figures;
use crate::line::Line;
use crate::people::Deed;
use crate::post::Letter;
use crate::promises::{Check, Promises};
use crate::rows::Rows;
use crate::trace::Trace;
use crate::weather::Weather;

/// How long people are given to make trouble.
const CHAOS: (u64, u64) = (20_000, 150_000);
/// Once in a while they have so long that Discord forgets the nonces of what was said before an outage.
const LONG_CHAOS: (u64, u64) = (400_000, 720_000);
/// How long it may take until everything has settled: longer than Discord takes answers, and than any pause.
const SETTLING: Duration = Duration::from_secs(20 * 60);
/// How long an ordinary opening or closing may take where nothing is broken.
const ORDINARY: Duration = Duration::from_secs(30);
/// So many channels a member may have at the worst, one for each request to make one that took effect after it had been
/// given up, and in each of which people wrote before the bot could see it.
const MOST_TICKETS: usize = 4;
/// More steps than any honest game has: the bot is busy with itself.
const MOST_STEPS: u64 = 60_000;

/// Everything there is.
pub struct Game {
    pub dice: Dice,
    pub weather: Weather,
    /// What the weather was before everything was mended.
    pub weather_then: Weather,
    pub trace: Trace,
    pub now: SystemTime,
    pub world: World,
    pub cast: FixtureIds,
    pub place: Place,
    /// Those who want tickets.
    pub members: Vec<Snowflake>,
    pub rows: Rows,
    pub disk: Disk,
    pub bot: Option<Bot>,
    pub lives: u64,
    pub line: Line,
    /// Discord answers nothing.
    pub outage: bool,
    pub promises: Promises,
    pub figures: Figures,
    agenda: BTreeMap<(SystemTime, u64), Happening>,
    planned: u64,
}

/// What is going to happen.
pub enum Happening {
    /// Somebody does something.
    Deed(Deed),
    /// A request arrives at Discord.
    Reach(Letter),
    /// The bot hears what came of a call.
    Outcome {
        to: Seat,
        call: Request,
        answer: Outcome,
    },
    /// The disk has done something.
    Disk(Job),
    /// The bot hears whether this person is an administrator.
    TicketSummary {
        to: Seat,
        guild: GuildId,
        requester: Requester,
        standing: AdminStatus,
    },
    /// The bot hears in which server the panel channel is, or that it has waited for that long enough.
    HomeFound {
        life: u64,
    },
    GiveUp {
        life: u64,
        request_id: RequestId,
    },
    /// An event arrives at the bot.
    Event {
        session: u64,
        name: &'static str,
        data: Rc<Value>,
    },
    /// The supervisor hears where a ticket is.
    Moved {
        life: u64,
        owner: Owner,
        channel: Option<ChannelId>,
    },
    /// The supervisor hears that a ticket has nothing left to do.
    Idle {
        to: Seat,
        handled: u64,
    },
    /// A deadline has come.
    Alarm {
        to: Seat,
        at: SystemTime,
    },
    /// A ticket that panicked is started again.
    Revive {
        life: u64,
        owner: Owner,
    },
    /// The scheduler looks for deadlines.
    Schedule {
        life: u64,
    },
    /// The process starts, and then the gateway answers.
    Start,
    Connect {
        life: u64,
    },
    /// A promise falls due.
    Check(Check),
}

impl Game {
    pub fn new(seed: u64, traced: bool) -> Self {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_750_000_000);
        let mut dice = Dice::new(seed);
        let weather = Weather::choose(&mut dice);
        let start = Start { extras: 1, neighbours: dice.roll(2), ..Start::default() };
        let (world, cast) = World::new(now, &start, "token", "ws://nowhere");
        let extra = world.users.values().find(|user| user.username.starts_with("member")).expect("an extra").id;
        let place = Place {
            me: UserId(cast.bot.0),
            application: ApplicationId(cast.application.0),
            panel: ChannelId(cast.panel.0),
            category: ChannelId(cast.category.0),
            staff: vec![RoleId(cast.support_role.0)].into(),
            mention_staff: true,
            locale: Locale::One(Language::Russian),
        };
        Self {
            dice,
            weather_then: weather.clone(),
            weather,
            trace: Trace::new(now, traced),
            now,
            world,
            cast,
            place,
            members: vec![cast.alice, cast.bob, extra],
            rows: Rows::default(),
            disk: Disk::new(now),
            bot: None,
            lives: 0,
            line: Line::new(now),
            outage: false,
            promises: Promises::default(),
            figures: Figures::one_game(),
            agenda: BTreeMap::new(),
            planned: 0,
        }
    }

    /// Plays to the end.
    pub fn play(&mut self) {
        self.tell(|game| format!("{:?}", game.weather));
        let first = if self.dice.roll(4) == 0 { self.leave_python_tickets() } else { Duration::ZERO };
        self.plan(Duration::ZERO, Happening::Start);
        // The very first start is quiet, but not much longer than it must be.
        let begin = first + self.dice.millis(800, 3000);
        let (least, most) = if self.dice.roll(6) == 0 { LONG_CHAOS } else { CHAOS };
        let chaos = self.dice.millis(least, most);
        self.plan_chaos(begin, chaos);
        self.run(begin + chaos);
        self.mend();
        self.run(SETTLING);
        self.check_settled();
        self.ask_again();
        self.run(ORDINARY);
        self.check_usable();
        // A ticket that was left aside, because people wrote in it, comes up when the other one is closed.
        // A copy of one that was synced takes two rounds: its member asks for access first.
        let rounds = if self.weather_then.syncs > 0 { 2 * MOST_TICKETS } else { MOST_TICKETS };
        for _ in 0..rounds {
            self.close_all();
            self.run(ORDINARY);
        }
        self.check_empty();
    }

    /// Lets things happen for so long.
    fn run(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(entry) = self.agenda.first_entry()
            && entry.key().0 <= end
            && !self.promises.are_broken()
        {
            let ((at, _), happening) = entry.remove_entry();
            self.now = self.now.max(at);
            self.happen(happening);
            self.listen();
            self.promises.steps += 1;
            if self.promises.steps > MOST_STEPS {
                self.broken("the bot does not come to rest");
            }
        }
        self.now = end;
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Deed(deed) => self.perform(deed),
            Happening::Reach(letter) => self.reach(letter),
            Happening::Outcome { to, call, answer } => self.answered(to, call, answer),
            Happening::Disk(job) => self.disk_done(job),
            Happening::HomeFound { life } => self.home_found(life),
            Happening::GiveUp { life, request_id } => self.give_up(life, request_id),
            Happening::TicketSummary { to, guild, requester, standing } => self.ranked(to, guild, requester, standing),
            Happening::Event { session, name, data } => self.event(session, name, data),
            Happening::Moved { life, owner, channel } => self.moved(life, owner, channel),
            Happening::Idle { to, handled } => self.let_go(to, handled),
            Happening::Alarm { to, at } => self.alarm(to, at),
            Happening::Revive { life, owner } => self.revive(life, owner),
            Happening::Schedule { life } => self.schedule(life),
            Happening::Start => self.start(),
            Happening::Connect { life } => self.connect(life),
            Happening::Check(check) => self.check(check),
        }
    }

    /// It will happen after this long.
    pub fn plan(&mut self, after: Duration, happening: Happening) {
        self.plan_at(self.now + after, happening);
    }

    pub fn plan_at(&mut self, at: SystemTime, happening: Happening) {
        self.planned += 1;
        self.agenda.insert((at.max(self.now), self.planned), happening);
    }

    /// Takes off the agenda what is not to happen after all.
    pub fn call_off(&mut self, mut is_off: impl FnMut(&Happening, &mut Dice) -> bool) {
        let dice = &mut self.dice;
        self.agenda.retain(|_, happening| !is_off(happening, dice));
    }

    /// Takes off the agenda what the disk was to do.
    pub fn take_disk_jobs(&mut self) -> Vec<Job> {
        let mut jobs = Vec::new();
        for (when, happening) in std::mem::take(&mut self.agenda) {
            match happening {
                Happening::Disk(job) => jobs.push(job),
                other => drop(self.agenda.insert(when, other)),
            }
        }
        jobs
    }

    pub fn tell(&mut self, line: impl FnOnce(&Self) -> String) {
        if self.trace.is_wanted() {
            let line = line(self);
            self.trace.tell(self.now, &line);
        }
    }

    /// A promise was not kept: the game is over.
    pub fn broken(&mut self, what: impl Into<String>) {
        let what = what.into();
        self.tell(|_| format!("BROKEN: {what}"));
        self.promises.broken(what);
    }

    pub fn guild(&self) -> GuildId {
        GuildId(self.cast.guild.0)
    }

    pub fn owner(&self, member: Snowflake) -> Owner {
        Owner { guild: self.guild(), member: UserId(member.0) }
    }

    /// Whoever is told what was heard.
    pub fn deliver(&mut self, told: Vec<Route>) {
        for told in told {
            match told {
                Route::Ticket(owner, event) => self.pass_on(owner, event),
                Route::Panel { guild, requester, rank } => self.set_up(guild, requester, &rank),
                Route::PanelMade(message) => self.play_panel(PanelEvent::Seen(message)),
                Route::PanelHidden(message) => self.play_panel(PanelEvent::Hidden(message)),
                Route::Left => self.play_menu(MenuEvent::Left),
                Route::PanelDeleted(messages) => self.play_panel(PanelEvent::Deleted(messages)),
                Route::TurnDown(requester, words) => self.play_panel(PanelEvent::TurnDown(requester, words)),
                Route::FindHome(waiting) => self.find_home(waiting),
                Route::Elsewhere { guild, .. } => self.play_menu(MenuEvent::Elsewhere(guild)),
                Route::Home(guild) => {
                    self.play_panel(PanelEvent::Connected);
                    self.play_menu(MenuEvent::Here(guild));
                }
                // It only reads the journal, which is not played here.
                Route::JournalActor(question) => self.pass_on_to_clerk(&question),
            }
        }
    }
}
