//! Another process with the same token: a host that was forgotten, or the next version during an update.
//!
//! Both hear every press, and each may have made a channel for it before it learns of the other: from the channel's
//! creation, or because Discord refuses its answer as already given. Of the channels that were made for one press the
//! lowest id is the ticket, so both processes choose the same one. The other channel is removed unless somebody wrote in
//! it, and whoever was told of it is told of the one that stays.
//!
//! A channel with our mark that this process did not make may be in the hands of the other one, which has not greeted in
//! it yet. Such a channel is looked at again for a while before it counts as left behind.

use std::mem;
use std::time::{Duration, SystemTime};

use crate::ids::{ChannelId, RequestId};
use crate::lifecycle::effect::{Effect, Message};
use crate::lifecycle::history::JournalEvent;
use crate::lifecycle::notice::Notice;
use crate::lifecycle::reply::{EDIT_WITHIN, Reply, Role};
use crate::lifecycle::request::{ChannelCandidate, Outcome, Request};
use crate::lifecycle::state::{Origin, Requester, State};
use crate::lifecycle::task::{Task, pause};
use crate::lifecycle::ticket::Ticket;

/// How long another process may take from the channel to its first message, before the channel counts as left behind.
const UNFINISHED_FOR: Duration = Duration::from_secs(60);
/// The pause before an unfinished channel is looked at again grows up to this one.
const MAX_PAUSE: Duration = Duration::from_secs(8);
/// The channels are compared so often in vain; then the ticket stays what it is.
const COMPARISONS: u32 = 6;
/// So many people are remembered who were told of a channel.
const MAX_TOLD: usize = 8;

/// What a ticket knows of another process. None of it is saved: what matters is seen again after a restart.
#[derive(Clone, Debug, Default)]
pub(super) struct Rivals {
    /// Another process has answered the press that opens this ticket.
    contested: bool,
    /// Another process has answered the press that closes this ticket.
    pub(super) closes_elsewhere: bool,
    /// The channel that this process made at its first attempt: it made no other one for the press.
    made: Option<ChannelId>,
    /// Channels that this process had taken for the ticket before it yielded.
    own: Vec<ChannelId>,
    /// Channels to be removed unless somebody wrote in them: each was made for a press whose ticket is another one.
    surplus: Vec<ChannelId>,
    /// Lower channels of the same press, which are the ticket if somebody was greeted in them.
    candidates: Vec<(ChannelId, RequestId)>,
    /// Presses that were told of the ticket's channel.
    told: Vec<Requester>,
    unfinished: Vec<Unfinished>,
}

/// A channel with our mark in which nobody has been greeted yet.
#[derive(Clone, Debug)]
struct Unfinished {
    candidate: ChannelCandidate,
    since: SystemTime,
    looks: u32,
    /// When it is looked at again; none while it is.
    next: Option<SystemTime>,
}

impl Rivals {
    pub(super) fn deadline(&self) -> Option<SystemTime> {
        self.unfinished.iter().filter_map(|unfinished| unfinished.next).min()
    }

    pub(super) fn is_unfinished(&self, there: ChannelId) -> bool {
        self.unfinished.iter().any(|unfinished| unfinished.candidate.channel == there)
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.unfinished.is_empty()
    }

    pub(super) fn is_surplus(&self, there: ChannelId) -> bool {
        self.surplus.contains(&there)
    }

    /// This process had made the channel, and taken it for the ticket.
    pub(super) fn was_ours(&self, there: ChannelId) -> bool {
        self.own.contains(&there)
    }

    /// This process made the ticket's channel, so that one with the same mark, in which somebody was greeted, is another
    /// process's.
    pub(super) fn made(&self, ticket: Option<ChannelId>) -> bool {
        self.made.is_some() && self.made == ticket
    }

    /// The channel is gone, or is somebody's ticket.
    pub(super) fn forget_channel(&mut self, there: ChannelId) {
        self.surplus.retain(|surplus| *surplus != there);
        self.own.retain(|own| *own != there);
        self.candidates.retain(|(candidate, _)| *candidate != there);
        self.forget_unfinished(there);
    }

    /// Somebody was greeted in the channel, or wrote in it.
    pub(super) fn forget_unfinished(&mut self, there: ChannelId) {
        self.unfinished.retain(|unfinished| unfinished.candidate.channel != there);
    }

    /// The ticket is over.
    pub(super) fn reset(&mut self) {
        let (surplus, unfinished) = (mem::take(&mut self.surplus), mem::take(&mut self.unfinished));
        *self = Self { surplus, unfinished, ..Self::default() };
    }

    /// Somebody was told of the ticket's channel: should it turn out to be another one, they are told so.
    pub(super) fn remember_told(&mut self, reply: &Reply) {
        if reply.names_channel()
            && matches!(reply.requester().origin, Origin::Interaction(_))
            && self.told.len() < MAX_TOLD
        {
            self.told.push(reply.requester().clone());
        }
    }
}

impl Ticket {
    /// This process has made the channel, and if it was its first attempt, no other one.
    pub(super) fn note_made(&mut self, channel: ChannelId, attempt: u32) {
        self.rivals.made = (attempt == 0).then_some(channel);
    }

    /// Draws the consequences of presses that turned out to be answered by another process.
    pub(super) fn report_elsewhere(&mut self, now: SystemTime) {
        let elsewhere = self.replies.iter_mut().filter_map(|reply| reply.take_elsewhere().then_some(reply.role()));
        for role in elsewhere.collect::<Vec<_>>() {
            self.handle_answered_elsewhere(role, now);
        }
    }

    fn handle_answered_elsewhere(&mut self, role: Role, now: SystemTime) {
        self.step.notes.push(JournalEvent::AnotherProcess);
        match role {
            Role::Opener => {
                self.rivals.contested = true;
                if self.document.state.channel().is_some() {
                    self.begin_comparison(now);
                }
            }
            Role::Closer => self.rivals.closes_elsewhere = true,
            Role::Waiter | Role::Bystander => {}
        }
    }

    /// Somebody was greeted in this channel, which is not the ticket.
    pub(super) fn note_another_process(&mut self, there: ChannelId) {
        if !self.rivals.own.contains(&there) {
            self.step.notes.push(JournalEvent::AnotherProcess);
        }
    }

    /// The opening that this ticket comes from, as far as the row says.
    fn made_for(&self) -> Option<RequestId> {
        match &self.document.state {
            State::Opening { .. } | State::Closing(_) => self.document.request.as_ref().map(|request| request.id),
            State::Absent | State::Open { .. } => None,
        }
    }

    /// A channel of this member has appeared beside the ticket's own. What that one was made for may not be known any
    /// more: its topic tells, in a list of all channels.
    pub(super) fn compare_with_rival(&mut self, now: SystemTime) {
        match &self.document.state {
            State::Opening { channel: Some(channel) } if self.creations.knows(*channel) => {
                let (channel, request_id) = (*channel, self.request_id());
                self.settle_rivals(channel, request_id, now);
            }
            State::Open { .. } | State::Opening { channel: Some(_) } => self.begin_comparison(now),
            State::Absent | State::Opening { channel: None } | State::Closing(_) => {}
        }
    }

    fn begin_comparison(&mut self, now: SystemTime) {
        let call = Request::ListChannels { guild: self.owner.guild };
        if !self.tasks.any(|other| *other == call) {
            self.begin_request(call, now);
        }
    }

    /// Whether what is known of the other process must be compared before anybody is told of the channel.
    pub(super) fn is_contested(&self) -> bool {
        self.rivals.contested
    }

    /// The channel is known. If another process has answered the press, which of their channels stays?
    pub(super) fn settle_contest(&mut self, own: ChannelId, request_id: RequestId, now: SystemTime) {
        let mark = Some((self.owner.member, request_id));
        if self.rivals.contested && !self.candidates.iter().any(|rival| rival.mark == mark) {
            return self.begin_comparison(now);
        }
        self.settle_rivals(own, request_id, now);
    }

    /// The channel is gone before it was compared with that of another process, which has removed it: that one is the
    /// ticket, and is looked for.
    pub(super) fn lose_contest(&mut self, gone: ChannelId, now: SystemTime) -> bool {
        match &mut self.document.state {
            State::Opening { channel } if *channel == Some(gone) && self.rivals.contested => {
                *channel = None;
                self.settle_welcome();
                self.document.outbox.insert(0, Effect::EnsureChannel);
                self.rivals.contested = false;
                self.step.notes.push(JournalEvent::Gone { channel: gone });
                self.begin_comparison(now);
                true
            }
            _ => false,
        }
    }

    /// All channels of the server are known: is the ticket's own the one that stays?
    pub(super) fn handle_comparison_outcome(&mut self, task: Task, own: ChannelId, answer: Outcome, now: SystemTime) {
        match answer {
            Outcome::Channels(channels) => self.compare_channels(own, channels, now),
            answer if task.attempt >= COMPARISONS => {
                self.note_gave_up(&task.call, &answer);
                self.keep_own_channel(own, now);
                self.look_into_candidates(now);
            }
            answer => {
                self.retry_same(task, &answer, now);
            }
        }
    }

    fn compare_channels(&mut self, own: ChannelId, channels: Vec<ChannelCandidate>, now: SystemTime) {
        let listed = channels.iter().find(|candidate| candidate.channel == own);
        let mark = listed.and_then(|candidate| candidate.mark);
        if let Some(listed) = listed {
            self.creations.bind_marked(listed);
        }
        self.creations.recognize(&channels);
        let request_id = self.made_for().or(mark.map(|(_, request_id)| request_id));
        for candidate in channels {
            let of_member = candidate.mark.is_some_and(|(member, _)| member == self.owner.member);
            let free =
                !candidate.owned && !self.is_candidate(candidate.channel) && !self.is_deleting(candidate.channel);
            // A ticket that the other process has pointed to was made for an earlier press.
            let rival = candidate.mark.map(|(_, request_id)| request_id) == request_id || self.rivals.contested;
            if of_member && free && rival && candidate.channel != own {
                self.candidates.push(candidate);
            }
        }
        let Some(request_id) = request_id else { return self.look_into_candidates(now) };
        self.settle_rivals(own, request_id, now);
    }

    /// Chooses among the ticket's own channel and those of other processes.
    pub(super) fn settle_rivals(&mut self, own: ChannelId, request_id: RequestId, now: SystemTime) {
        let member = self.owner.member;
        let mark = Some((member, request_id));
        let same_press = self.candidates.iter().filter(|rival| rival.mark == mark).map(|rival| rival.channel);
        let same_press: Vec<ChannelId> = same_press.filter(|rival| !self.is_deleting(*rival)).collect();
        let made_one = self.rivals.made == Some(own);
        let earlier = self.candidates.iter().filter(|rival| rival.mark.is_some_and(|(marked, _)| marked == member));
        let earlier = earlier.map(|rival| rival.channel);
        let earlier = earlier.filter(|rival| self.rivals.contested && !self.is_doubtful(*rival)).min();
        let (lower, higher): (Vec<ChannelId>, Vec<ChannelId>) = same_press.into_iter().partition(|rival| *rival < own);
        self.rivals.surplus.extend(higher);
        // A higher one may be a copy that somebody made; whether somebody was greeted in it tells.
        if !lower.is_empty() && made_one {
            self.step.notes.push(JournalEvent::AnotherProcess);
        }
        // Where more than one may be of our own making, the lower one is the ticket only if somebody was greeted in it.
        let sure = made_one || self.rivals.contested;
        match lower.iter().copied().chain(earlier).min().filter(|winner| *winner < own) {
            Some(winner) if sure => {
                self.rivals.surplus.extend(lower.into_iter().filter(|rival| *rival != winner));
                self.yield_to_channel(winner, own, request_id, now);
            }
            _ => {
                self.rivals.candidates.extend(lower.into_iter().map(|rival| (rival, request_id)));
                self.keep_own_channel(own, now);
            }
        }
        self.look_into_candidates(now);
    }

    /// Somebody was greeted in this channel. Tells whether it is the ticket of another process for the same press, and
    /// is ours from now on.
    pub(super) fn yield_to_greeted(&mut self, there: ChannelId, now: SystemTime) -> bool {
        let place = self.rivals.candidates.iter().position(|(rival, _)| *rival == there);
        let candidate = place.map(|place| self.rivals.candidates.swap_remove(place));
        match (&self.document.state, candidate) {
            (State::Opening { channel: Some(own) } | State::Open { channel: own }, Some((_, request_id)))
                if there < *own =>
            {
                let own = *own;
                self.step.notes.push(JournalEvent::AnotherProcess);
                self.yield_to_channel(there, own, request_id, now);
                self.look_into_candidates(now);
                true
            }
            _ => false,
        }
    }

    /// The ticket's own channel is the one that stays.
    fn keep_own_channel(&mut self, own: ChannelId, now: SystemTime) {
        if mem::take(&mut self.rivals.contested)
            && matches!(self.document.state, State::Opening { .. })
            && !self.is_greeting(own)
        {
            self.begin_request(Request::ReadChannel { channel: own, after: None }, now);
        }
        self.answer_undecided(own, now);
    }

    /// The channel of another process is the ticket, and our own one is removed unless somebody wrote in it.
    fn yield_to_channel(&mut self, winner: ChannelId, own: ChannelId, request_id: RequestId, now: SystemTime) {
        self.step.notes.push(JournalEvent::Yielded { channel: winner });
        // After a restart it is not known who made it.
        if self.rivals.made.take() == Some(own) || self.rivals.contested {
            self.rivals.own.push(own);
        }
        self.rivals.contested = false;
        self.tasks.drop_all(|call| call.is_about(own));
        let won = self.take_candidate(winner);
        if let Some(won) = &won {
            self.creations.bind_marked(won);
        }
        if let Some((_, made_for)) = won.and_then(|candidate| candidate.mark)
            && made_for != request_id
        {
            self.demote_opener();
        }
        match &mut self.document.state {
            State::Opening { channel } => {
                *channel = Some(winner);
                // Whether the other process greeted anybody there is to be looked up, also after a restart.
                if !self.document.owes(Effect::is_welcome) {
                    self.document.outbox.insert(0, Effect::EnsureMessage(Message::Welcome));
                }
            }
            state => {
                *state = State::Open { channel: winner };
                self.document.outbox.retain(Effect::is_response);
            }
        }
        self.rivals.forget_channel(winner);
        if !self.is_greeting(winner) {
            self.begin_request(Request::ReadChannel { channel: winner, after: None }, now);
        }
        let members = vec![self.owner.member];
        self.candidates.push(ChannelCandidate {
            channel: own,
            members,
            mark: Some((self.owner.member, request_id)),
            attempt: 0,
            number: self.number,
            owned: false,
        });
        self.rivals.surplus.push(own);
        for reply in &mut self.replies {
            if let Some(words) = reply.words_about(winner) {
                self.step.calls.extend(reply.tell(words, now));
            }
        }
        self.correct_told(winner, now);
        self.answer_undecided(winner, now);
    }

    /// Who was told of the other channel is told of the one that stays.
    fn correct_told(&mut self, winner: ChannelId, now: SystemTime) {
        for mut requester in mem::take(&mut self.rivals.told) {
            if let Origin::Interaction(press) = &mut requester.origin
                && now < requester.at + EDIT_WITHIN
            {
                press.acknowledged = true;
                let opener = self.made_for() == Some(requester.request_id());
                let words = if opener { Notice::Created(winner) } else { Notice::AlreadyOpen(winner) };
                self.answer_requester(requester, words, now);
            }
        }
    }

    /// Whether the channel is so new that the process which made it may still be about to greet somebody there.
    pub(super) fn may_be_greeted(&self, there: ChannelId, now: SystemTime) -> bool {
        self.rivals.is_unfinished(there) || now < there.made_at() + 2 * UNFINISHED_FOR
    }

    /// Nobody has been greeted or has written in a channel with our mark: perhaps another process is about to.
    /// Gives the sighting back when it has had time enough.
    pub(super) fn wait_for_welcome(
        &mut self,
        candidate: ChannelCandidate,
        now: SystemTime,
    ) -> Option<ChannelCandidate> {
        let there = candidate.channel;
        let known = self.rivals.unfinished.iter_mut().find(|unfinished| unfinished.candidate.channel == there);
        let Some(known) = known else {
            let next = Some(now + pause(0, &Outcome::Indeterminate));
            self.rivals.unfinished.push(Unfinished { candidate, since: now, looks: 0, next });
            return None;
        };
        if known.since + UNFINISHED_FOR <= now {
            return Some(candidate);
        }
        known.looks += 1;
        known.next = Some(now + pause(known.looks, &Outcome::Indeterminate).min(MAX_PAUSE));
        None
    }

    /// Looks at the unfinished channels whose time has come; `all` of them if somebody waits to hear whether one of them
    /// is theirs.
    pub(super) fn look_at_unfinished(&mut self, all: bool, now: SystemTime) {
        let due = |unfinished: &&mut Unfinished| unfinished.next.is_some_and(|next| all || next <= now);
        let mut found = Vec::new();
        for unfinished in self.rivals.unfinished.iter_mut().filter(due) {
            unfinished.next = None;
            found.push(unfinished.candidate.clone());
        }
        for candidate in found {
            self.candidates.push(candidate);
            self.look_into_candidates(now);
        }
    }
}
