//! What holds at every moment: checked when something is asked, takes effect or is saved.

use std::time::Duration;

use talon::discord::candidates;
use talon::ids::{ChannelId, Owner, RequestId};
use talon::lifecycle::{Acknowledgement, ChannelCandidate, Closing, Document, Notice, Outcome, Request, State};
use talon::texts;
use talon_sandbox::world::{Message, Snowflake, rest};

use crate::bot::{RULES, Seat};
use crate::game::Game;
use crate::post::{Fate, Letter};
use crate::promises::requesters::says_until;
use crate::promises::{Made, opener};

impl Game {
    /// When a call is made: what it is for is on the disk, and a creation is never simply repeated.
    pub fn check_order(&mut self, from: Seat, call: &Request) {
        match call {
            Request::CreateChannel { owner, request_id, .. } => {
                if opener(&self.rows.document(*owner)) != Some(request_id.0) {
                    self.broken(format!("a channel is made for {request_id}, and no row says so"));
                }
                if self.promises.unsure.insert(*request_id, from) == Some(from) {
                    self.broken(format!("a channel is made again for {request_id}, and nobody has looked"));
                }
            }
            Request::Acknowledge { press, with: Acknowledgement::Public(_) } => {
                let announces = |row: &Document| matches!(&row.state, State::Closing(closing) if closing.requester.request_id().0 == press.interaction.0);
                if !self.rows.tickets.values().any(announces) {
                    self.broken(format!("the press {} announces a closing of which no row knows", press.interaction));
                }
            }
            _ => {}
        }
    }

    /// When it is known what came of a call.
    pub fn check_known(&mut self, from: Seat, call: &Request, answer: &Outcome) {
        match (call, answer) {
            (
                Request::CreateChannel { request_id, .. },
                Outcome::Created(_) | Outcome::Refused(_) | Outcome::Limited { .. },
            ) => {
                self.promises.unsure.remove(request_id);
            }
            (Request::ListChannels { .. }, Outcome::Channels(listed)) => {
                self.promises.unsure.retain(|_, other| *other != from);
                self.check_taken(from, listed);
            }
            _ => {}
        }
    }

    /// A list that shows the channel of an opening is followed by no other channel for it.
    fn check_taken(&mut self, from: Seat, listed: &[ChannelCandidate]) {
        if let Seat::Ticket { owner, .. } = from
            && let Some(request_id) = opener(&self.rows.document(owner))
            && listed
                .iter()
                .any(|candidate| !candidate.owned && candidate.mark == Some((owner.member, RequestId(request_id))))
        {
            self.promises.unsure.insert(RequestId(request_id), from);
        }
    }

    /// Before a request takes effect.
    pub fn check_before(&mut self, letter: &Letter) {
        if let Request::DeleteChannel { channel } = letter.call
            && self.world.channels.contains_key(&Snowflake(channel.0))
        {
            self.check_deletion(channel, letter.fate);
        }
    }

    fn check_deletion(&mut self, channel: ChannelId, fate: Fate) {
        let here = Snowflake(channel.0);
        let row = self.rows.owner(channel).map(|owner| self.rows.state(owner));
        match row {
            Some(State::Closing(Closing { due, requester, .. })) => {
                // A limit may have moved the end since a request was given up that arrives now.
                if self.now < due && fate != Fate::Late {
                    self.broken(format!("{channel} is deleted before its time"));
                }
                let since = Snowflake(requester.request_id().0);
                let said = self.by_bot(here).filter(|message| message.id > since);
                let count = said.filter(|message| texts::announces_closing(&message.content)).count();
                // An announcement that a limit made untrue may have been corrected to tell when the channel goes.
                let is_correction =
                    |message: &Message| message.id > since && says_until(Notice::CloseLater, &message.content);
                // So may one whose deletion failed, before a request that had been given up takes effect.
                let corrected = self.by_bot(here).any(is_correction) || fate == Fate::Late;
                if count != 1 && !(count == 0 && corrected) && (count == 0 || self.weather_then.rights == 0) {
                    self.broken(format!("{channel} is deleted, and this was announced {count} times"));
                }
                self.check_countdown(channel, since);
            }
            // Given back meanwhile, but the request had been given up before that.
            Some(_) if fate == Fate::Late => {}
            Some(state) => self.broken(format!("{channel} is deleted though its row says {state:?}")),
            None if self.promises.copies.contains_key(&here) => {
                self.broken(format!("{channel} is deleted, which somebody else made"));
            }
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
            Request::ReadChannel { channel, .. } => drop(self.promises.read.insert(*channel, self.now)),
            Request::CreateChannel { .. } => self.check_made(reply),
            Request::Welcome { owner, channel, .. } => self.check_greeted(*owner, Snowflake(channel.0)),
            Request::Say { channel, words: Notice::Closing(_), .. } => self.check_announced(*channel),
            Request::Acknowledge { press, with: Acknowledgement::Public(_) } => {
                if let Some(ask) = self.promises.asks.get(&press.interaction.0) {
                    self.check_announced(ChannelId(ask.channel.0));
                }
            }
            Request::DeleteChannel { channel } => {
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
            let topic = body["topic"].as_str()?;
            let number: u64 = topic.split_once('#')?.1.split_once(' ')?.0.parse().ok()?;
            Some((channel, number, candidates::parse_topic_marker(topic)?))
        });
        match made {
            Some((channel, number, (member, request_id))) => {
                if *self.promises.numbers.entry(number).or_insert(request_id) != request_id {
                    self.broken(format!("#{number} is the number of two tickets"));
                }
                let made =
                    Made { member: Snowflake(member.0), request_id: Some(request_id.0), life: self.lives, gone: None };
                self.promises.tickets.insert(channel, made);
            }
            None => self.broken("a channel was made that is not marked, or has no number"),
        }
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
        if let (State::Closing(_), State::Absent | State::Opening { .. }) = (before, after) {
            self.leave_copies_of(owner);
        }
        if let State::Open { channel } = after
            && self.promises.copies.get(&Snowflake(channel.0)).is_some_and(|copied| copied.of_closed)
            && !self.is_used(Snowflake(channel.0))
        {
            self.broken(format!("{channel}, a copy of a ticket that was closed, is a ticket"));
        }
        if let State::Closing(closing) = after {
            let closings = self.promises.closings.entry(closing.channel).or_default();
            let request_id = closing.requester.request_id();
            if !closings.contains(&request_id) {
                closings.push(request_id);
            }
        }
    }
}
