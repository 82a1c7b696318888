//! The gateway: what the bot hears, in order, sometimes twice, sometimes late, and not at all while nobody listens.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::Value;
use serenity::all::Event;
use talon::actors::DiscordEvent;
use talon::gateway::translate;
use talon_sandbox::world::Dispatch;

use crate::bot::Bot;
use crate::game::{Game, Happening};

/// The events that mean something to the bot. The others are not even parsed, which would take most of the time.
const MEANT: [&str; 5] = ["INTERACTION_CREATE", "MESSAGE_CREATE", "GUILD_CREATE", "CHANNEL_CREATE", "CHANNEL_DELETE"];
/// How many events Discord may tell again after a resumed connection.
const REPLAYED: usize = 4;

/// The connection.
pub struct Line {
    session: u64,
    open: bool,
    /// Nothing is told before this, so that the order stays.
    last: SystemTime,
    /// The connection is down until then, and then resumed.
    held: SystemTime,
    told: VecDeque<(&'static str, Rc<Value>)>,
}

impl Line {
    pub fn new(now: SystemTime) -> Self {
        Self { session: 0, open: false, last: now, held: now, told: VecDeque::new() }
    }
}

impl Game {
    /// The process listens: all channels come first, then whatever happens.
    pub fn connect(&mut self, life: u64) {
        if self.bot.as_ref().is_none_or(|bot| bot.life != life) {
            return;
        }
        self.tell(|_| "the gateway is connected".into());
        let guild = self.guild();
        if let Some(bot) = &mut self.bot {
            let told = bot.router.route(DiscordEvent::Ready { guilds: vec![guild] });
            self.deliver(told);
        }
        self.line = Line { session: self.line.session + 1, open: true, ..Line::new(self.now) };
        if self.world.guild.available {
            let guild = self.world.guild_create();
            self.tell_bot("GUILD_CREATE", Rc::new(guild));
        }
        for guild in self.world.neighbours() {
            self.tell_bot("GUILD_CREATE", Rc::new(guild));
        }
    }

    /// Nobody listens any more, and what is on its way is lost.
    pub fn disconnect(&mut self) {
        self.line.open = false;
        self.line.session += 1;
    }

    /// The connection breaks. Either it is resumed, and what was missed is told then, some of it for the second time; or
    /// it is begun anew, and what was missed stays missed.
    pub fn hang_up(&mut self) {
        let gap = self.dice.millis(50, 6000);
        let Some(life) = self.bot.as_ref().map(|bot| bot.life) else { return };
        if self.dice.happens(500) {
            self.tell(|_| format!("the gateway is lost for {gap:?}, and resumed"));
            self.line.held = self.now + gap;
            for (name, data) in self.line.told.clone() {
                self.tell_bot(name, data);
            }
        } else {
            self.tell(|_| format!("the gateway is lost for {gap:?}, with what happens meanwhile"));
            self.disconnect();
            self.plan(gap, Happening::Connect { life });
        }
    }

    /// Sends on their way the events that the last deed has caused.
    pub fn listen(&mut self) {
        for dispatch in self.world.take_dispatches() {
            if !self.means_something(&dispatch) {
                continue;
            }
            let data = Rc::new(dispatch.data);
            if !self.line.open {
                self.unheard(&data);
                continue;
            }
            self.tell_bot(dispatch.name, Rc::clone(&data));
            if self.dice.happens(self.weather.event_twice) {
                self.tell_bot(dispatch.name, data);
            }
        }
    }

    /// What the bot says itself means something in the panel's channel only.
    fn means_something(&self, dispatch: &Dispatch) -> bool {
        let own = dispatch.data["author"]["bot"] == true;
        MEANT.contains(&dispatch.name) && (!own || dispatch.data["channel_id"] == self.cast.panel.to_string())
    }

    fn tell_bot(&mut self, name: &'static str, data: Rc<Value>) {
        let late = self.dice.happens(self.weather.event_late);
        let way = if late { self.dice.millis(500, 4000) } else { self.dice.millis(1, 30) };
        self.line.last = self.line.last.max(self.now + way);
        self.plan_at(self.line.last, Happening::Event { session: self.line.session, name, data });
    }

    /// An event arrives.
    pub fn event(&mut self, session: u64, name: &'static str, data: Rc<Value>) {
        if session != self.line.session {
            return self.unheard(&data);
        }
        if self.now < self.line.held {
            return self.plan_at(self.line.held, Happening::Event { session, name, data });
        }
        self.line.told.push_back((name, Rc::clone(&data)));
        if self.line.told.len() > REPLAYED {
            self.line.told.pop_front();
        }
        if self.bot.as_ref().is_none_or(Bot::is_draining) {
            return self.unheard(&data);
        }
        self.heard(&data);
        let heard = parsed(name, &data).and_then(|event| translate(event, &self.place, self.now));
        let Some(heard) = heard else { return };
        self.tell(|_| format!("the bot hears {}", shown(&heard)));
        let Some(bot) = &mut self.bot else { return };
        let told = bot.router.route(heard);
        self.deliver(told);
    }

    /// An event that nobody heard.
    fn unheard(&mut self, data: &Value) {
        self.excuse_id(data, "it was not heard");
    }

    /// An event that was heard, perhaps late.
    fn heard(&mut self, data: &Value) {
        const IN_TIME: Duration = Duration::from_secs(1);
        let id = data["id"].as_str().and_then(|id| id.parse().ok());
        let at = id.and_then(|id| self.promises.heard(id, self.now));
        if at.is_some_and(|at| at + IN_TIME < self.now) {
            self.excuse_id(data, "it was heard late");
        }
    }
}

/// As the library parses it.
fn parsed(name: &str, data: &Value) -> Option<Event> {
    let event = match name {
        "INTERACTION_CREATE" => Deserialize::deserialize(data).map(Event::InteractionCreate),
        "MESSAGE_CREATE" => Deserialize::deserialize(data).map(Event::MessageCreate),
        "GUILD_CREATE" => Deserialize::deserialize(data).map(Event::GuildCreate),
        "CHANNEL_CREATE" => Deserialize::deserialize(data).map(Event::ChannelCreate),
        "CHANNEL_DELETE" => Deserialize::deserialize(data).map(Event::ChannelDelete),
        _ => return None,
    };
    Some(event.unwrap_or_else(|error| panic!("the library does not read {name}: {error}: {data}")))
}

/// Without the long lists.
fn shown(heard: &DiscordEvent) -> String {
    match heard {
        DiscordEvent::Open { requester, .. } => format!("Open {}", requester.request_id()),
        DiscordEvent::Close { requester, channel, support, .. } => {
            format!("Close {} of {channel} by {} (support: {support})", requester.request_id(), requester.user)
        }
        DiscordEvent::SetUp { requester, .. } => format!("SetUp {}", requester.request_id()),
        DiscordEvent::Channels { all, candidates, .. } => format!("{} channels, among them {candidates:?}", all.len()),
        other => format!("{other:?}"),
    }
}
