//! What must hold, whatever happens.
//!
//! Some promises hold at every moment and are checked when something takes effect: no two greeted tickets, nothing
//! deleted unannounced, no row ended without proof. The others hold when everything has settled. An asker may go without
//! an answer only for a reason that nobody could have helped: it was not heard, the bot was dead, Discord was.

mod moments;
mod requesters;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use talon::ids::{Button, ChannelId, Command, Owner, RequestId, UserId};
use talon::lifecycle::{Document, State};
use talon::texts;
use talon_sandbox::world::{Message, Permissions, Snowflake};

use crate::bot::Seat;
use crate::game::Game;

/// As `actors::repeats` has it.
const REPEATED_WITHIN: Duration = Duration::from_secs(5);

/// What was promised to whom.
#[derive(Default)]
pub struct Promises {
    pub steps: u64,
    asks: BTreeMap<u64, Ask>,
    tickets: BTreeMap<Snowflake, Made>,
    /// Channels that people made by cloning a ticket.
    copies: BTreeMap<Snowflake, Copied>,
    /// The press that each number was given for.
    numbers: BTreeMap<u64, RequestId>,
    /// The closings that were saved, by channel.
    closings: BTreeMap<ChannelId, Vec<RequestId>>,
    /// Creations whose outcome is not known: until the channels have been listed, none is made for the same press.
    unsure: BTreeMap<RequestId, Seat>,
    /// When a channel was last read, and when the one was that is being deleted.
    read: BTreeMap<ChannelId, SystemTime>,
    condemned: BTreeMap<ChannelId, SystemTime>,
    broken: Option<String>,
}

/// A channel that is or was somebody's ticket.
struct Made {
    member: Snowflake,
    /// The press it was made for; none for those of the Python bot.
    request_id: Option<u64>,
    /// Which of the bot's processes was alive when it was made; none if the member's actor has failed since.
    life: u64,
    gone: Option<SystemTime>,
}

/// A channel that was made out of a ticket.
struct Copied {
    member: Snowflake,
    /// It has the mark of the ticket. Those of the Python bot have none, and nothing tells whose copies of them are.
    marked: bool,
    /// The ticket was closed since.
    of_closed: bool,
}

/// Somebody asked for something.
struct Ask {
    user: Snowflake,
    at: SystemTime,
    channel: Snowflake,
    wish: Wish,
    pressed: bool,
    heard: Option<SystemTime>,
    /// The same person wrote in the same channel a moment before: a refusal may have been left unsaid.
    repeated: bool,
    /// So often the journal actor was asked to answer it.
    passed_on: u32,
    lost: u32,
    excuse: Option<&'static str>,
}

/// What for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    Open,
    Close {
        may: bool,
    },
    CloseNothing,
    SetUp {
        may: bool,
    },
    /// The story is told by the journal actor, who is no part of the games: it is asked once, for the ticket that was meant.
    Explain,
    /// Anything, in a server that is not the bot's own.
    Elsewhere,
}

/// A promise that falls due.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// Three seconds after a press.
    Acknowledged(u64),
    /// As long as Discord takes an answer.
    Answered(u64),
}

impl Promises {
    pub fn broken(&mut self, what: String) {
        self.broken.get_or_insert(what);
    }

    pub fn are_broken(&self) -> bool {
        self.broken.is_some()
    }

    pub fn outcome(&self) -> Result<(), String> {
        self.broken.clone().map_or(Ok(()), Err)
    }

    /// The bot has heard of it now; tells when it was asked.
    pub fn heard(&mut self, id: u64, now: SystemTime) -> Option<SystemTime> {
        let ask = self.asks.get(&id)?;
        let same = |other: &Ask| other.user == ask.user && other.channel == ask.channel && !other.pressed;
        let recent = |heard: SystemTime| heard + REPEATED_WITHIN > now;
        let repeated = !ask.pressed
            && self.asks.iter().any(|(other, before)| *other != id && same(before) && before.heard.is_some_and(recent));
        let ask = self.asks.get_mut(&id)?;
        (ask.heard, ask.repeated) = (Some(now), repeated);
        Some(ask.at)
    }
}

// -- what is there

impl Game {
    /// The ticket channels that exist.
    pub fn tickets(&self) -> Vec<Snowflake> {
        self.promises.tickets.keys().copied().filter(|channel| self.world.channels.contains_key(channel)).collect()
    }

    /// Those that are counted. A ticket of the Python bot is looked into once per connection; if that fails, or the bot
    /// dies just then, its member may get another one before the next connection.
    fn counted(&self, member: Snowflake) -> Vec<Snowflake> {
        let sure = self.weather_then.is_clear() && self.weather_then.hears_everything() && self.weather_then.saves();
        let counts = |ticket: &Snowflake| {
            self.promises.tickets.get(ticket).is_some_and(|made| sure || made.request_id.is_some())
        };
        let theirs = self.tickets().into_iter().filter(|ticket| self.member_of(*ticket) == Some(member));
        theirs.filter(counts).collect()
    }

    pub fn member_of(&self, ticket: Snowflake) -> Option<Snowflake> {
        self.promises.tickets.get(&ticket).map(|made| made.member)
    }

    pub fn copied(&mut self, ticket: Snowflake, copy: Snowflake) {
        if let Some(made) = self.promises.tickets.get(&ticket) {
            let copied = Copied { member: made.member, marked: made.request_id.is_some(), of_closed: false };
            self.promises.copies.insert(copy, copied);
        }
    }

    /// The process, or the actor, that saw a ticket deleted has failed before a copy took its place: that copy is left to
    /// people.
    pub fn leave_copies(&mut self) {
        let rows = &self.rows;
        let waits = |member: UserId| {
            let mut theirs = rows.tickets.iter().filter(|(owner, _)| owner.member == member);
            theirs.any(|(_, row)| matches!(row.state, State::Open { .. } | State::Closing(_)))
        };
        let copies = self.promises.copies.values_mut();
        copies.filter(|copied| !waits(UserId(copied.member.0))).for_each(|copied| copied.marked = false);
    }

    /// The actor that knew which of its attempts to make these channels got no answer has failed.
    pub fn outlive(&mut self, owner: Owner) {
        let tickets = self.promises.tickets.values_mut();
        tickets.filter(|made| made.member.0 == owner.member.0).for_each(|made| made.life = 0);
    }

    /// The ticket was closed: its member wants none any more, and copies are left to people.
    fn leave_copies_of(&mut self, owner: Owner) {
        let copies = self.promises.copies.values_mut();
        for copied in copies.filter(|copied| copied.member.0 == owner.member.0) {
            (copied.marked, copied.of_closed) = (false, true);
        }
    }

    /// The copies of tickets that exist.
    pub fn copies(&self) -> Vec<Snowflake> {
        self.promises.copies.keys().copied().filter(|copy| self.world.channels.contains_key(copy)).collect()
    }

    pub fn adopted(&mut self, channel: Snowflake, member: Snowflake) {
        self.promises.tickets.insert(channel, Made { member, request_id: None, life: 0, gone: None });
    }

    /// Whatever a row says is a ticket, also what was left to people as long as there was another one.
    pub fn count_adopted(&mut self) {
        for (owner, document) in &self.rows.tickets {
            if let Some(channel) = document.state.channel() {
                let made = Made { member: Snowflake(owner.member.0), request_id: None, life: 0, gone: None };
                self.promises.tickets.entry(Snowflake(channel.0)).or_insert(made);
            }
        }
    }

    /// A channel is gone.
    pub fn forget(&mut self, channel: Snowflake) {
        if let Some(made) = self.promises.tickets.get_mut(&channel) {
            made.gone = Some(self.now);
        }
    }

    fn by_bot(&self, channel: Snowflake) -> impl Iterator<Item = &Message> {
        let messages = self.world.channels.get(&channel).into_iter().flat_map(|channel| channel.messages.values());
        messages.filter(|message| message.author == self.cast.bot && message.audience.is_none())
    }

    fn welcomes(&self, channel: Snowflake) -> usize {
        self.by_bot(channel).filter(|message| has_button(message, Button::CloseTicket)).count()
    }

    /// One, but where the bot may not read the history, it cannot see whether it has greeted before.
    const fn most_welcomes(&self) -> usize {
        if self.weather_then.rights == 0 { 1 } else { usize::MAX }
    }

    pub fn is_greeted(&self, channel: Snowflake) -> bool {
        (1..=self.most_welcomes()).contains(&self.welcomes(channel))
    }

    fn announcements(&self, channel: Snowflake) -> usize {
        self.by_bot(channel).filter(|message| texts::announces_closing(&message.content)).count()
    }

    fn replies(&self, channel: Snowflake, to: Snowflake) -> usize {
        self.by_bot(channel).filter(|message| message.reply_to == Some(to)).count()
    }

    /// Also those who have left.
    fn everybody(&self) -> Vec<Snowflake> {
        let mut members: Vec<Snowflake> = self.promises.tickets.values().map(|made| made.member).collect();
        members.sort_unstable();
        members.dedup();
        members
    }

    pub fn panels(&self) -> Vec<Snowflake> {
        let panels = self.by_bot(self.cast.panel).filter(|message| has_button(message, Button::CreateTicket));
        panels.map(|message| message.id).collect()
    }

    /// Somebody writes there.
    fn is_used(&self, channel: Snowflake) -> bool {
        self.by_people(channel).count() > 0
    }

    /// Somebody wrote there before it was decided to delete it.
    fn was_used(&self, channel: ChannelId) -> bool {
        let decided = self.promises.condemned.get(&channel);
        self.by_people(Snowflake(channel.0)).any(|message| decided.is_none_or(|decided| message.sent < *decided))
    }

    fn by_people(&self, channel: Snowflake) -> impl Iterator<Item = &Message> {
        let messages = self.world.channels.get(&channel).into_iter().flat_map(|channel| channel.messages.values());
        messages.filter(|message| message.author != self.cast.bot)
    }
}

/// The request whose opening is under way, or has just come to nothing.
fn opener(document: &Document) -> Option<u64> {
    match document.state {
        State::Opening { .. } | State::Absent => document.request.as_ref().map(|request| request.id.0),
        State::Open { .. } | State::Closing(_) => None,
    }
}

fn has_button(message: &Message, button: Button) -> bool {
    message.components.iter().any(|row| row.to_string().contains(button.custom_id()))
}

// -- what holds in the end

impl Game {
    /// Some time after everything was mended.
    pub fn check_settled(&mut self) {
        if self.promises.are_broken() {
            return;
        }
        if self.bot.as_ref().is_none_or(|bot| !bot.is_at_rest()) {
            return self.broken("the tickets do not come to rest");
        }
        for (owner, document) in self.rows.tickets.clone() {
            match document.state {
                State::Open { channel }
                    if document.outbox.is_empty() && self.world.channels.contains_key(&Snowflake(channel.0)) => {}
                _ => return self.broken(format!("{owner} is left as {document:?}")),
            }
        }
        for member in self.everybody() {
            for ticket in self.counted(member) {
                // A second channel in which somebody writes, or that came of a process or an actor that died, is left to people, as long
                // as nobody was greeted in it.
                let outlived = self.promises.tickets.get(&ticket).is_some_and(|made| made.life < self.lives);
                let left = self.is_used(ticket) || outlived;
                if left && self.welcomes(ticket) == 0 && self.rows.owner(ChannelId(ticket.0)).is_none() {
                    self.promises.tickets.remove(&ticket);
                    continue;
                }
                if self.is_of_earlier_press(ticket, member) {
                    self.promises.tickets.remove(&ticket);
                    continue;
                }
                if self.rows.owner(ChannelId(ticket.0)) != Some(self.owner(member)) {
                    return self.broken(format!("{ticket} is in no row of {member}"));
                }
                if !self.is_greeted(ticket) {
                    return self.broken(format!("{} welcomes in {ticket}", self.welcomes(ticket)));
                }
            }
        }
        for copy in self.copies() {
            let Copied { member, marked, .. } = self.promises.copies[&copy];
            if marked && self.rows.state(self.owner(member)) == State::Absent {
                return self.broken(format!("{member} sees {copy}, and cannot close it"));
            }
        }
        if self.panels().len() != 1 {
            self.broken(format!("there are these panels: {:?}", self.panels()));
        }
        let slash = self.world.application.commands.values().flatten().count();
        if slash != Command::SLASH.len() {
            self.broken(format!("there are {slash} slash commands"));
        }
    }

    /// It came of an attempt that got no answer, for a press before the one that the member's ticket was made for. A process
    /// that has died has taken with it which attempts those were, so nobody knows who made it: it stays, and is reported.
    fn is_of_earlier_press(&self, ticket: Snowflake, member: Snowflake) -> bool {
        let made_for = |channel: &Snowflake| self.promises.tickets.get(channel).and_then(|made| made.request_id);
        let theirs = self.rows.state(self.owner(member)).channel().map(|channel| Snowflake(channel.0));
        let nobodys = self.welcomes(ticket) == 0 && self.rows.owner(ChannelId(ticket.0)).is_none();
        let current = theirs.as_ref().and_then(made_for);
        nobodys && !self.weather_then.hears_everything() && current.is_some() && current > made_for(&ticket)
    }

    /// After everybody has pressed again.
    pub fn check_usable(&mut self) {
        if self.promises.are_broken() {
            return;
        }
        for member in self.members.clone() {
            let row = self.rows.state(self.owner(member));
            let tickets = self.counted(member);
            let use_it = Permissions::VIEW_CHANNEL.with(Permissions::SEND_MESSAGES);
            match row {
                State::Open { channel } => {
                    let ticket = Snowflake(channel.0);
                    let usable = self.world.permissions(member, ticket).has(use_it) && self.is_greeted(ticket);
                    if !usable || tickets.iter().any(|other| *other != ticket) {
                        return self.broken(format!("{member} cannot use {channel} of {tickets:?}"));
                    }
                }
                State::Absent if self.weather.ruin && tickets.is_empty() => {}
                row => return self.broken(format!("{member} has {row:?} and these tickets: {tickets:?}")),
            }
        }
    }

    /// After everybody has closed.
    pub fn check_empty(&mut self) {
        if self.promises.are_broken() {
            return;
        }
        for member in self.members.clone() {
            let left = self.counted(member);
            let row = self.rows.state(self.owner(member));
            if !left.is_empty() || row != State::Absent {
                return self.broken(format!("{member} has closed, and there are {left:?} and {row:?}"));
            }
        }
    }
}
