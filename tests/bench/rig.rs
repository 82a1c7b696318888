//! What is measured: the bot as a process of its own, and the sandbox it believes to be Discord.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use talon_sandbox::world::{ChannelLimits, Snowflake, Start};
use talon_sandbox::{Call, GatewayEvent, Sandbox, Setup};

use crate::test_bot::TestBot;
use crate::usage::Memory;

const CREATE: &str = "create_ticket_button";
const CLOSE: &str = "close_ticket_button";

/// More channels than Discord has room for: crowds of a size that can be measured.
pub const NO_CHANNEL_LIMITS: ChannelLimits = ChannelLimits { in_guild: usize::MAX, in_category: usize::MAX };

/// How long the slowest thing of all may take.
const PATIENCE: Duration = Duration::from_secs(180);
/// How often one looks whether something has happened. Nothing is measured by it.
const GLANCE: Duration = Duration::from_millis(3);

/// A sandbox, a folder, and a bot that may be running.
pub struct Rig {
    pub discord: Sandbox,
    pub bot: TestBot,
}

/// Somebody who pressed, and when.
#[derive(Clone, Copy)]
pub struct Press {
    pub who: Snowflake,
    pub id: Snowflake,
    pub at: SystemTime,
}

/// When a press was first answered, and when it was answered with what the member wanted to know.
#[derive(Clone, Copy, Default)]
pub struct Answered {
    pub first: Option<SystemTime>,
    pub told: Option<SystemTime>,
}

impl Rig {
    /// A server of this kind; the bot has not been started.
    pub fn new(binary: &Path, start: Start) -> Self {
        let discord = Sandbox::start(Setup { start, ..Setup::default() }).expect("the sandbox listens");
        let mut bot = TestBot::new(binary, &discord);
        bot.set("CLOSE_DELAY", "1s");
        Self { discord, bot }
    }

    /// The same, with the bot connected and the panel in place.
    pub fn ready(binary: &Path, start: Start) -> Self {
        let mut rig = Self::new(binary, start);
        rig.start();
        rig
    }

    /// The bot's database.
    pub fn database(&self) -> PathBuf {
        self.bot.path_of("json/talon.db")
    }

    /// Starts the bot, waits until it is connected and the panel is in place, and tells how long that took.
    pub fn start(&mut self) -> Duration {
        self.discord.clear_record();
        let begun = self.discord.now();
        self.bot.spawn(&[]);
        wait("the bot is ready", || self.identified().is_some() && self.panel_seen_to().is_some());
        // Looking for an old panel is not yet having one.
        sleep(Duration::from_millis(300));
        let ready = self.identified().max(self.panel_seen_to()).expect("it is ready");
        ready.duration_since(begun).unwrap_or_default()
    }

    /// Asks the bot to stop, and waits until it has.
    pub fn stop(&mut self) {
        self.bot.request_stop();
        wait("the bot ends", || self.bot.take_exit().is_some());
        wait("the connection ends", || self.discord.connected() == 0);
    }

    fn identified(&self) -> Option<SystemTime> {
        let notes = self.discord.gateway_notes();
        notes.iter().rev().find(|note| matches!(note.what, GatewayEvent::Identified { .. })).map(|note| note.at)
    }

    /// When the last call about the panel was answered.
    fn panel_seen_to(&self) -> Option<SystemTime> {
        let place = format!("/channels/{}/messages", self.discord.ids().panel);
        self.discord.calls().iter().filter(|call| call.path.starts_with(&place)).filter_map(end).max()
    }

    /// How many seconds the bot has been on a processor.
    pub fn cpu(&self) -> f64 {
        self.bot.cpu_time().as_secs_f64()
    }

    /// What the bot holds in memory, once it has come to rest.
    pub fn memory_at_rest(&self) -> Memory {
        sleep(Duration::from_secs(2));
        self.bot.memory()
    }

    /// Members without any part to play, as many as there are.
    pub fn members(&self) -> Vec<Snowflake> {
        self.discord.look(|world| {
            let extras = world.users.values().filter(|user| user.username.starts_with("member "));
            extras.map(|user| user.id).collect()
        })
    }

    /// Asks for a ticket.
    pub fn press(&self, who: Snowflake) -> Press {
        self.press_button(who, self.discord.ids().panel, CREATE)
    }

    /// Asks for the end of a ticket.
    pub fn press_close(&self, who: Snowflake, ticket: Snowflake) -> Press {
        self.press_button(who, ticket, CLOSE)
    }

    fn press_button(&self, who: Snowflake, channel: Snowflake, button: &str) -> Press {
        let at = self.discord.now();
        let id = self.discord.press(who, channel, button).expect("the button can be pressed");
        Press { who, id, at }
    }

    /// Waits until there are this many tickets, each with its first message in it.
    pub fn until_open(&self, count: usize) {
        wait("the tickets are open", || self.tickets_with_welcome() >= count);
    }

    /// Waits until there are no tickets left.
    pub fn until_closed(&self) {
        wait("the tickets are closed", || self.tickets().is_empty());
    }

    fn tickets_with_welcome(&self) -> usize {
        let category = self.discord.ids().category;
        self.discord.look(|world| {
            let tickets = world.channels.values().filter(|channel| channel.parent == Some(category));
            tickets.filter(|channel| !channel.messages.is_empty()).count()
        })
    }

    /// The ticket channels, each with the member whose it is.
    pub fn tickets(&self) -> Vec<(Snowflake, Snowflake)> {
        let category = self.discord.ids().category;
        self.discord.look(|world| {
            let tickets = world.channels.values().filter(|channel| channel.parent == Some(category));
            let owner = |topic: &str| {
                talon::discord::candidates::parse_topic_marker(topic).map(|(member, _)| Snowflake(member.0))
            };
            tickets.filter_map(|ticket| Some((ticket.id, owner(ticket.topic.as_deref()?)?))).collect()
        })
    }

    /// Waits until all these presses have got their answer, or have failed to.
    pub fn until_answered(&self, presses: &[Press]) {
        let mut open = presses.to_vec();
        wait("the presses are answered", || {
            let now = self.discord.now();
            self.discord.look(|world| open.retain(|press| !world.is_settled(now, press.id)));
            open.is_empty()
        });
    }

    /// How these presses were answered, in their order, by the record of calls.
    pub fn answers(&self, presses: &[Press]) -> Vec<Answered> {
        let mut answers: HashMap<String, Answered> = HashMap::new();
        for call in self.discord.calls().iter().filter(|call| call.status().is_some_and(|status| status < 300)) {
            let steps: Vec<&str> = call.path.split('/').skip(1).collect();
            let deferral = call.body.as_ref().is_some_and(|body| body["type"] == 5);
            if let ["interactions" | "webhooks", _, token, ..] = steps[..] {
                let answer = answers.entry(token.to_owned()).or_default();
                answer.first = answer.first.or(Some(call.at));
                answer.told = answer.told.or((!deferral).then_some(call.at));
            }
        }
        self.discord
            .look(|world| {
                let token = |press: &Press| world.interactions.get(&press.id).map(|press| press.token.as_str());
                presses
                    .iter()
                    .map(|press| token(press).and_then(|token| answers.get(token)).copied())
                    .collect::<Vec<_>>()
            })
            .into_iter()
            .map(Option::unwrap_or_default)
            .collect()
    }
}

impl Press {
    /// How long after the press this was.
    pub fn until(&self, then: Option<SystemTime>) -> Duration {
        then.map_or(Duration::MAX, |then| then.duration_since(self.at).unwrap_or_default())
    }
}

/// When a call was answered.
pub fn end(call: &Call) -> Option<SystemTime> {
    Some(call.at + call.took?)
}

/// The most calls of which each began only after the one before it had been answered.
pub fn longest_chain(calls: &[Call]) -> usize {
    let mut depths: Vec<usize> = Vec::new();
    for call in calls {
        let before = calls.iter().zip(&depths).filter(|(earlier, _)| end(earlier).is_some_and(|end| end <= call.at));
        depths.push(before.map(|(_, depth)| *depth).max().unwrap_or(0) + 1);
    }
    depths.into_iter().max().unwrap_or(0)
}

/// Waits until it is so.
pub fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain until {what}");
        sleep(GLANCE);
    }
}
