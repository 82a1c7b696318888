//! What must hold, whatever happens.
//!
//! Some promises hold at every moment and are checked when something takes effect: no two greeted tickets, nothing
//! deleted unannounced, no row ended without proof. The others hold when everything has settled. An asker may go without
//! an answer only for a reason that nobody could have helped: it was not heard, the bot was dead, Discord was.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use talon::discord::view;
use talon::ids::{Button, ChannelId, Command, Intent, Owner};
use talon::language::Language;
use talon::lifecycle::{Acknowledgement, Answer, Call, Closing, Opening, Refused, Sighting, State, Words};
use talon::sandbox::world::interactions::Progress;
use talon::sandbox::world::{Message, Permissions, Snowflake, rest};
use talon::texts;

use crate::simulator::bot::{RULES, Seat};
use crate::simulator::game::{Game, Happening};
use crate::simulator::post::{Fate, Letter};
use crate::simulator::weather::Weather;

/// What was promised to whom.
#[derive(Default)]
pub struct Promises {
    pub steps: u64,
    asks: BTreeMap<u64, Ask>,
    tickets: BTreeMap<Snowflake, Made>,
    /// The closings that were saved, by channel.
    closings: BTreeMap<ChannelId, Vec<Intent>>,
    /// Creations whose outcome is not known: until the channels have been listed, none is made for the same press.
    unsure: BTreeMap<Intent, Seat>,
    /// When a channel was last read, and when the one was that is being deleted.
    read: BTreeMap<ChannelId, SystemTime>,
    condemned: BTreeMap<ChannelId, SystemTime>,
    broken: Option<String>,
}

/// A channel that is or was somebody's ticket.
struct Made {
    member: Snowflake,
    /// The press it was made for; none for those of the Python bot.
    intent: Option<u64>,
    gone: Option<SystemTime>,
}

/// Somebody asked for something.
struct Ask {
    user: Snowflake,
    at: SystemTime,
    channel: Snowflake,
    wish: Wish,
    pressed: bool,
    heard: bool,
    lost: u32,
    excuse: Option<&'static str>,
}

/// What for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    Open,
    Close { may: bool },
    CloseNothing,
    SetUp { may: bool },
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

    /// The bot has heard of it; tells when it was asked.
    pub fn heard(&mut self, id: u64) -> Option<SystemTime> {
        let ask = self.asks.get_mut(&id)?;
        ask.heard = true;
        Some(ask.at)
    }
}

// -- who asked for what, and why they may have been disappointed

impl Game {
    pub fn asks(&mut self, id: Snowflake, user: Snowflake, channel: Snowflake, wish: Wish, pressed: bool) {
        let unseen = !pressed && !self.world.guild.available;
        let excuse = unseen.then_some("the server was out of sight");
        let ask = Ask { user, at: self.now, channel, wish, pressed, heard: false, lost: 0, excuse };
        self.promises.asks.insert(id.0, ask);
        if pressed {
            self.plan(Duration::from_millis(3000), Happening::Check(Check::Acknowledged(id.0)));
        }
        self.plan(Duration::from_secs(15 * 60 - 1), Happening::Check(Check::Answered(id.0)));
    }

    fn excuse_where(&mut self, why: &'static str, is_it: impl Fn(u64, &Ask) -> bool) {
        let pending = self.promises.asks.iter_mut().filter(|(id, ask)| ask.excuse.is_none() && is_it(**id, ask));
        let excused: Vec<u64> = pending
            .map(|(id, ask)| {
                ask.excuse = Some(why);
                *id
            })
            .collect();
        if !excused.is_empty() {
            self.tell(|_| format!("excused, because {why}: {excused:?}"));
        }
    }

    pub fn excuse_id(&mut self, data: &Value, why: &'static str) {
        let id: Option<u64> = data["id"].as_str().and_then(|id| id.parse().ok());
        self.excuse_where(why, |other, _| Some(other) == id);
    }

    pub fn excuse_channel(&mut self, channel: Snowflake, why: &'static str) {
        self.excuse_where(why, |_, ask| ask.channel == channel);
    }

    pub fn excuse_owner(&mut self, owner: Owner, why: &'static str) {
        let member = Snowflake(owner.member.0);
        let channel = self.rows.state(owner).channel().map(|channel| Snowflake(channel.0));
        let now = self.now;
        self.excuse_where(why, |_, ask| {
            ask.at + Duration::from_secs(60) > now && (ask.user == member || Some(ask.channel) == channel)
        });
    }

    /// Whoever waits for an answer when the bot dies. An opening that was saved is finished, with its answer, by the next
    /// life: one that was written, or one that was pressed and deferred.
    pub fn excuse_pending(&mut self, why: &'static str) {
        let saved: Vec<u64> = self.rows.tickets.values().filter_map(opener).collect();
        let asks = || self.promises.asks.iter();
        let pending: Vec<u64> = asks().filter(|(id, ask)| !self.is_done(**id, ask)).map(|(id, _)| *id).collect();
        let now = self.now;
        let kept: Vec<u64> = asks()
            .filter(|(id, ask)| saved.contains(id) && (!ask.pressed || self.is_thinking(**id)))
            .map(|(id, _)| *id)
            .collect();
        self.excuse_where(why, |id, ask| {
            let fresh = ask.at + Duration::from_secs(3) > now;
            (pending.contains(&id) || fresh) && !kept.contains(&id)
        });
    }

    /// At a start: who has been waiting for so long that Discord may not take their answer.
    pub fn excuse_old(&mut self) {
        let now = self.now;
        self.excuse_where("the bot was dead for too long", |_, ask| ask.at + Duration::from_secs(13 * 60) < now);
    }

    fn is_thinking(&self, id: u64) -> bool {
        self.world.progress(self.now, Snowflake(id)) == Some(Progress::Thinking)
    }

    fn is_done(&self, id: u64, ask: &Ask) -> bool {
        match self.world.progress(self.now, Snowflake(id)) {
            Some(progress) => progress == Progress::Answered,
            None if ask.pressed => true,
            None => self.replies(ask.channel, Snowflake(id)) > 0,
        }
    }

    /// Answers that Discord or the way to it would not take in time.
    pub fn excuse_letter(&mut self, call: &Call, fate: Fate, takes: Duration) {
        if let Call::DeleteChannel { channel } = call
            && let Some(read) = self.promises.read.remove(channel)
        {
            self.promises.condemned.insert(*channel, read);
        }
        let (id, mut limit, mut tries) = match call {
            Call::Acknowledge { press, .. } | Call::EditReply { press, .. } => {
                (press.interaction.0, Duration::from_secs(13 * 60), 60)
            }
            Call::Say { intent, .. } => (intent.0, Duration::from_secs(100), 20),
            _ => return,
        };
        if self.world.progress(self.now, Snowflake(id)) == Some(Progress::Waiting) {
            (limit, tries) = (Duration::from_millis(2300), 3);
        }
        let Some(ask) = self.promises.asks.get_mut(&id) else { return };
        ask.lost += u32::from(fate != Fate::Fine);
        if fate != Fate::Fine && (ask.at + limit < self.now + takes || ask.lost >= tries) {
            self.excuse_where("Discord did not take the answer in time", |other, _| other == id);
        }
    }
}

fn opener(state: &State) -> Option<u64> {
    match state {
        State::Opening(Opening { asker, .. }) | State::Refused(Refused { asker, .. }) => Some(asker.intent().0),
        State::Absent | State::Open { .. } | State::Closing(_) => None,
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
        let counts =
            |ticket: &Snowflake| self.promises.tickets.get(ticket).is_some_and(|made| sure || made.intent.is_some());
        let theirs = self.tickets().into_iter().filter(|ticket| self.member_of(*ticket) == Some(member));
        theirs.filter(counts).collect()
    }

    pub fn member_of(&self, ticket: Snowflake) -> Option<Snowflake> {
        self.promises.tickets.get(&ticket).map(|made| made.member)
    }

    pub fn adopted(&mut self, channel: Snowflake, member: Snowflake) {
        self.promises.tickets.insert(channel, Made { member, intent: None, gone: None });
    }

    /// Whatever a row says is a ticket, also what was left to people as long as there was another one.
    pub fn count_adopted(&mut self) {
        for (owner, state) in &self.rows.tickets {
            if let Some(channel) = state.channel() {
                let made = Made { member: Snowflake(owner.member.0), intent: None, gone: None };
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

fn has_button(message: &Message, button: Button) -> bool {
    message.components.iter().any(|row| row.to_string().contains(button.custom_id()))
}

// -- what holds at every moment

impl Game {
    /// When a call is made: what it is for is on the disk, and a creation is never simply repeated.
    pub fn check_order(&mut self, from: Seat, call: &Call) {
        match call {
            Call::CreateChannel { owner, intent, .. } => {
                if opener(&self.rows.state(*owner)) != Some(intent.0) {
                    self.broken(format!("a channel is made for {intent}, and no row says so"));
                }
                if self.promises.unsure.insert(*intent, from) == Some(from) {
                    self.broken(format!("a channel is made again for {intent}, and nobody has looked"));
                }
            }
            Call::Acknowledge { press, with: Acknowledgement::Public(_) } => {
                let announces = |state: &State| matches!(state, State::Closing(closing) if closing.asker.intent().0 == press.interaction.0);
                if !self.rows.tickets.values().any(announces) {
                    self.broken(format!("the press {} announces a closing of which no row knows", press.interaction));
                }
            }
            _ => {}
        }
    }

    /// When it is known what came of a call.
    pub fn check_known(&mut self, from: Seat, call: &Call, answer: &Answer) {
        match (call, answer) {
            (Call::CreateChannel { intent, .. }, Answer::Created(_) | Answer::Refused(_)) => {
                self.promises.unsure.remove(intent);
            }
            (Call::ListChannels { .. }, Answer::Channels(listed)) => {
                self.promises.unsure.retain(|_, other| *other != from);
                self.check_taken(from, listed);
            }
            _ => {}
        }
    }

    /// A list that shows the channel of an opening is followed by no other channel for it.
    fn check_taken(&mut self, from: Seat, listed: &[Sighting]) {
        if let Seat::Ticket { owner, .. } = from
            && let Some(intent) = opener(&self.rows.state(owner))
            && listed.iter().any(|sighting| !sighting.owned && sighting.mark == Some((owner.member, Intent(intent))))
        {
            self.promises.unsure.insert(Intent(intent), from);
        }
    }

    /// Before a request takes effect.
    pub fn check_before(&mut self, letter: &Letter) {
        if let Call::DeleteChannel { channel } = letter.call
            && self.world.channels.contains_key(&Snowflake(channel.0))
        {
            self.check_deletion(channel, letter.fate);
        }
    }

    fn check_deletion(&mut self, channel: ChannelId, fate: Fate) {
        let here = Snowflake(channel.0);
        let row = self.rows.owner(channel).map(|owner| self.rows.state(owner));
        match row {
            Some(State::Closing(Closing { due, asker, .. })) => {
                if self.now < due {
                    self.broken(format!("{channel} is deleted before its time"));
                }
                let since = Snowflake(asker.intent().0);
                let said = self.by_bot(here).filter(|message| message.id > since);
                let count = said.filter(|message| texts::announces_closing(&message.content)).count();
                if count != 1 && (count == 0 || self.weather_then.rights == 0) {
                    self.broken(format!("{channel} is deleted, and this was announced {count} times"));
                }
                self.check_countdown(channel, since);
            }
            // Given back meanwhile, but the request had been given up before that.
            Some(_) if fate == Fate::Late => {}
            Some(state) => self.broken(format!("{channel} is deleted though its row says {state:?}")),
            None if self.welcomes(here) > 0 && fate != Fate::Late => {
                self.broken(format!("{channel} is deleted, in which somebody was greeted"));
            }
            None if self.was_used(channel) && self.announcements(here) == 0 => {
                self.broken(format!("{channel} is deleted, in which somebody was writing"));
            }
            None => {}
        }
    }

    /// Whoever was told that it goes in five seconds had them, but for what the way to them takes.
    fn check_countdown(&mut self, channel: ChannelId, since: Snowflake) {
        const WAY: Duration = Duration::from_secs(1);
        let said = self.by_bot(Snowflake(channel.0)).filter(|message| message.id > since);
        let said = said.filter(|message| texts::announces_closing(&message.content)).map(|message| message.sent).min();
        if said.is_some_and(|said| self.now + WAY < said + RULES.close_delay) {
            self.broken(format!("{channel} is deleted right after this was announced"));
        }
    }

    /// After a request has taken effect.
    pub fn check_after(&mut self, letter: &Letter, reply: &rest::Answer) {
        if reply.status >= 300 {
            return;
        }
        match &letter.call {
            Call::ReadChannel { channel, .. } => drop(self.promises.read.insert(*channel, self.now)),
            Call::CreateChannel { .. } => self.check_made(reply),
            Call::Welcome { owner, channel, .. } => self.check_greeted(*owner, Snowflake(channel.0)),
            Call::Say { channel, words: Words::Closing(_), .. } => self.check_announced(*channel),
            Call::Acknowledge { press, with: Acknowledgement::Public(_) } => {
                if let Some(ask) = self.promises.asks.get(&press.interaction.0) {
                    self.check_announced(ChannelId(ask.channel.0));
                }
            }
            Call::DeleteChannel { channel } => {
                let here = Snowflake(channel.0);
                self.excuse_channel(here, "the channel was deleted");
                self.forget(here);
            }
            _ => {}
        }
    }

    fn check_made(&mut self, reply: &rest::Answer) {
        let made = reply.body.as_ref().and_then(|body| {
            let channel: Snowflake = body["id"].as_str()?.parse().ok()?;
            Some((channel, view::read_mark(body["topic"].as_str()?)?))
        });
        match made {
            Some((channel, (member, intent))) => {
                let made = Made { member: Snowflake(member.0), intent: Some(intent.0), gone: None };
                self.promises.tickets.insert(channel, made);
            }
            None => self.broken("a channel was made that is not marked"),
        }
    }

    /// One, but where the bot may not read the history, it cannot see whether it has greeted before.
    const fn most_welcomes(&self) -> usize {
        if self.weather_then.rights == 0 { 1 } else { usize::MAX }
    }

    fn check_greeted(&mut self, owner: Owner, channel: Snowflake) {
        let member = Snowflake(owner.member.0);
        let counted = self.counted(member).into_iter();
        let greeted: Vec<Snowflake> = counted.filter(|ticket| self.welcomes(*ticket) > 0).collect();
        if greeted.len() > 1 {
            self.broken(format!("{member} is greeted in two tickets: {greeted:?}"));
        }
        if self.welcomes(channel) > self.most_welcomes() {
            self.broken(format!("{member} is greeted twice in {channel}"));
        }
    }

    fn check_announced(&mut self, channel: ChannelId) {
        let closings = self.promises.closings.get(&channel).map_or(0, Vec::len);
        let said = self.announcements(Snowflake(channel.0));
        // Where it may not read the history, it finds nothing that was said before.
        if said > closings && self.weather_then.rights == 0 {
            self.broken(format!("the end of {channel} was announced {said} times for {closings} closings"));
        }
    }

    /// After a row was saved.
    pub fn check_row(&mut self, owner: Owner, before: &State, after: &State) {
        if let Some(channel) = before.channel()
            && after.channel() != Some(channel)
            && self.world.channels.contains_key(&Snowflake(channel.0))
        {
            self.broken(format!("{owner}'s row lets go of {channel}, which exists"));
        }
        if let (State::Closing(_), State::Open { channel }) = (before, after)
            && self.weather_then.rights == 0
        {
            self.broken(format!("the closing of {channel} was taken back"));
        }
        if let State::Closing(closing) = after {
            let closings = self.promises.closings.entry(closing.channel).or_default();
            let intent = closing.asker.intent();
            if !closings.contains(&intent) {
                closings.push(intent);
            }
        }
    }
}

// -- what holds for whoever asked

impl Game {
    pub fn check(&mut self, check: Check) {
        let (Check::Acknowledged(id) | Check::Answered(id)) = check;
        let Some(ask) = self.promises.asks.get(&id) else { return };
        let here = self.world.channels.contains_key(&ask.channel);
        if ask.excuse.is_some() || !ask.heard || !here {
            return;
        }
        let progress = self.world.progress(self.now, Snowflake(id));
        let verdict = match check {
            Check::Acknowledged(_) => match progress {
                Some(Progress::Answered | Progress::Thinking) => Ok(()),
                other => Err(format!("nothing for three seconds: {other:?}")),
            },
            Check::Answered(_) if ask.pressed => match progress {
                Some(Progress::Answered) => self.judge_press(id, ask),
                other => Err(format!("no answer at all: {other:?}")),
            },
            Check::Answered(_) => self.judge_command(id, ask),
        };
        if let Err(why) = verdict {
            let what = format!("{} asked ({id}, {:?}), and: {why}", ask.user, ask.wish);
            self.broken(what);
        }
    }

    fn judge_press(&self, id: u64, ask: &Ask) -> Result<(), String> {
        let reply = self.world.reply_to(Snowflake(id));
        reply.map_or(Ok(()), |reply| self.judge(id, ask, &reply.content))
    }

    fn judge_command(&self, id: u64, ask: &Ask) -> Result<(), String> {
        let replies = || self.by_bot(ask.channel).filter(|message| message.reply_to == Some(Snowflake(id)));
        match (replies().count(), ask.wish) {
            (1, _) => replies().try_for_each(|reply| self.judge(id, ask, &reply.content)),
            // The announcement is the answer, and it is to nobody in particular.
            (0, Wish::Close { may: true }) if self.announcements(ask.channel) > 0 => Ok(()),
            // It may not speak there, and says so nowhere.
            (0, _) if self.weather_then.rights > 0 => Ok(()),
            (count, _) => Err(format!("{count} answers")),
        }
    }

    /// Whether these words are a right answer.
    fn judge(&self, id: u64, ask: &Ask, said: &str) -> Result<(), String> {
        let weather = &self.weather_then;
        let is = |words: &Words| texts::of(Language::Russian).say(words) == said;
        let right = match ask.wish {
            Wish::Open => self.is_right_opening(id, ask, said),
            Wish::Close { may } if texts::announces_closing(said) || is(&Words::AlreadyClosing) => may,
            Wish::Close { may } if is(&Words::NoRights) => !may,
            Wish::Close { .. } | Wish::CloseNothing if is(&Words::NotATicket) => {
                ask.wish == Wish::CloseNothing || *weather != Weather::default()
            }
            Wish::SetUp { may } if is(&Words::AdministratorsOnly) => !may,
            Wish::SetUp { may } if is(&Words::PanelInPlace) => may,
            Wish::SetUp { .. } if is(&Words::PanelFailed) => !weather.is_clear() || weather.rights > 0,
            Wish::SetUp { .. } if is(&Words::DiscordDown) => !weather.is_clear(),
            // The ticket may be one that is just being looked into.
            Wish::Close { .. } if is(&Words::TryAgain) => true,
            _ if is(&Words::TryAgain) => !weather.saves(),
            Wish::Close { .. } | Wish::CloseNothing | Wish::SetUp { .. } => false,
        };
        if right { Ok(()) } else { Err(format!("was told: {said}")) }
    }

    fn is_right_opening(&self, id: u64, ask: &Ask, said: &str) -> bool {
        let weather = &self.weather_then;
        let is = |words: &Words| texts::of(Language::Russian).say(words) == said;
        let theirs = self.promises.tickets.iter().filter(|(_, made)| made.member == ask.user);
        let told = |words: fn(ChannelId) -> Words| {
            let mut theirs = theirs.clone();
            theirs.find(|(channel, _)| is(&words(ChannelId(channel.0)))).map(|(_, made)| made)
        };
        if let Some(made) = told(Words::Created) {
            return made.intent == Some(id);
        }
        if let Some(made) = told(Words::AlreadyOpen) {
            let knowable = weather.is_clear() && weather.hears_everything();
            return made.gone.is_none_or(|gone| ask.at <= gone) || !knowable;
        }
        (is(&Words::StillOpening) || is(&Words::DiscordDown)) && !weather.is_clear()
            || is(&Words::CategoryFull) && weather.full > 0
            || (is(&Words::CategoryGone) || is(&Words::SupportRoleGone)) && (weather.ruin || weather.leave)
            || is(&Words::BotLacks(Vec::new())) && weather.rights > 0
            || is(&Words::ChannelGone) && weather.deletions > 0
            || is(&Words::TryAgain) && !weather.saves()
    }
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
        for (owner, state) in self.rows.tickets.clone() {
            match state {
                State::Open { channel } if self.world.channels.contains_key(&Snowflake(channel.0)) => {}
                state => return self.broken(format!("{owner} is left as {state:?}")),
            }
        }
        for member in self.everybody() {
            for ticket in self.counted(member) {
                // A second channel in which somebody writes is left to people, as long as nobody was greeted in it.
                if self.is_used(ticket) && self.welcomes(ticket) == 0 && self.rows.owner(ChannelId(ticket.0)).is_none()
                {
                    self.promises.tickets.remove(&ticket);
                    continue;
                }
                if self.rows.owner(ChannelId(ticket.0)) != Some(self.owner(member)) {
                    return self.broken(format!("{ticket} is in no row of {member}"));
                }
                // No row remembers that a welcome is owed in one whose close came before the welcome and was taken back.
                let odd = self.weather_then.rights > 0;
                if (self.weather_then.hears_everything() || !odd) && self.welcomes(ticket) != 1 {
                    return self.broken(format!("{} welcomes in {ticket}", self.welcomes(ticket)));
                }
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
                    let usable = self.world.permissions(member, ticket).has(use_it)
                        && (1..=self.most_welcomes()).contains(&self.welcomes(ticket));
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
