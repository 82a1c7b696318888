//! From the press to the ticket that is ready, and never two channels for one press.
//!
//! Creating a channel is the one call that must not simply be repeated. After an unknown outcome the channels are
//! listed, and only when none of them is ours is another one made. What slips through even so (a request that took
//! effect after it had been given up) is seen on the gateway or at the next start, and removed if nobody has used it.

use std::time::{Duration, SystemTime};

use crate::ids::{ChannelId, RequestId};
use crate::lifecycle::effect::{Effect, Message};
use crate::lifecycle::history::{JournalEvent, Reason};
use crate::lifecycle::notice::Notice;
use crate::lifecycle::reply::{EDIT_WITHIN, Reply, Role};
use crate::lifecycle::request::{ApiError, ChannelCandidate, ChannelName, Outcome, Request};
use crate::lifecycle::state::{Closing, Document, OpenRequest, Requester, State};
use crate::lifecycle::task::Task;
use crate::lifecycle::ticket::Ticket;

/// A channel that could not be made so many times is not tried any more: the member is told. With the growing pauses
/// that is about a quarter of a minute, as long as somebody looks at "thinking…".
const TRIES: u32 = 6;
/// A channel that could not be looked into so many times holds nobody up any more, and is left for the next start if that
/// is forbidden.
const LOOKS: u32 = 6;

impl Ticket {
    /// Before the server's channels have been told, the member may have a ticket that no row knows.
    pub(super) fn begin_opening_after_list(&mut self, requester: Requester, name: String, now: SystemTime) {
        self.begin_opening_for(requester, name);
        self.begin_request(Request::ListChannels { guild: self.owner.guild }, now);
    }

    /// Somebody asked who is still to be answered.
    pub(super) fn begin_opening_for(&mut self, requester: Requester, name: String) {
        self.replies.push(Reply::owed(requester.clone(), Role::Opener));
        self.begin_opening(requester, name);
    }

    pub(super) fn begin_opening(&mut self, requester: Requester, name: String) {
        self.step.notes.push(JournalEvent::Asked { by: requester.user, way: (&requester.origin).into() });
        self.number = None;
        self.document = Document {
            request: Some(OpenRequest { id: requester.request_id(), at: requester.at, name }),
            state: State::Opening { channel: None },
            outbox: vec![Effect::EnsureChannel, Effect::Respond { requester, words: None }],
        };
    }

    /// Makes the channel, as soon as it is known that none of those seen before is this member's ticket.
    pub(super) fn create_channel_if_clear(&mut self, now: SystemTime) {
        let looks = |call: &Request| matches!(call, Request::ReadChannel { .. });
        if let Some(until) = self.tasks.limited_until(looks).filter(|until| *until > now) {
            let wait = until.duration_since(now).unwrap_or_default();
            self.refuse_opening_until(wait, now);
        } else if !self.is_making() && !self.is_looking() {
            let call = self.build_create_request(now);
            self.begin_request(call, now);
        }
    }

    fn is_making(&self) -> bool {
        self.tasks.any(|call| matches!(call, Request::CreateChannel { .. } | Request::ListChannels { .. }))
    }

    fn is_looking(&self) -> bool {
        self.is_welcoming() || self.tasks.any_before(LOOKS, |call| matches!(call, Request::ReadChannel { .. }))
    }

    fn is_welcoming(&self) -> bool {
        self.tasks.any(|call| matches!(call, Request::Welcome { .. }))
    }

    /// Another press while the ticket is being opened.
    pub(super) fn queue_waiting_requester(&mut self, requester: Requester) {
        self.note_asked_again(&requester);
        if !requester.is_silenced() {
            self.replies.push(Reply::owed(requester, Role::Waiter));
        }
    }

    /// Goes on with what the document says, after a restart.
    pub(super) fn resume_deliveries(&mut self, now: SystemTime) {
        let closing = matches!(self.document.state, State::Closing(_));
        if closing {
            self.shorten_closing(now);
        }
        if !self.document.outbox.is_empty() {
            self.step.notes.push(JournalEvent::TakenUp);
        }
        for effect in self.document.outbox.clone() {
            self.resume_effect(effect, closing, now);
        }
        if let State::Opening { channel: Some(channel) } = self.document.state {
            self.answer_undecided(channel, now);
        }
    }

    fn resume_effect(&mut self, effect: Effect, closing: bool, now: SystemTime) {
        match (effect, self.document.state.channel()) {
            (Effect::EnsureChannel, _) => {
                self.creations.resume(self.request_id(), now);
                self.begin_request(Request::ListChannels { guild: self.owner.guild }, now);
            }
            // Nobody is greeted in a channel that is going to be deleted.
            (Effect::EnsureMessage(Message::Welcome), Some(_)) if closing => {}
            (Effect::EnsureMessage(Message::Welcome), Some(channel)) => self.find_welcome(channel, now),
            (Effect::EnsureMessage(Message::Announcement), Some(_)) => self.resume_announcement(now),
            (Effect::EnsureMessage(Message::CloseFailure { words, closer }), Some(channel)) => {
                self.say_failure(channel, words, closer, now);
            }
            // Without a channel there is nobody to say it to.
            (Effect::EnsureMessage(_), None) => {}
            (Effect::Respond { requester, words }, _) => {
                let mut reply = Reply::restored(requester, Role::Opener);
                self.step.calls.extend(words.and_then(|words| reply.tell(words, now)));
                self.replies.push(reply);
            }
        }
    }

    /// Before a crash, or by another process, the member may have been greeted already.
    pub(super) fn find_welcome(&mut self, channel: ChannelId, now: SystemTime) {
        self.begin_request(Request::ReadChannel { channel, after: None }, now);
    }

    pub(super) fn handle_create_outcome(&mut self, task: Task, answer: Outcome, now: SystemTime) {
        let Request::CreateChannel { request_id, attempt, number, .. } = task.call else { return };
        match answer {
            Outcome::Created(channel) => {
                self.creations.bind(channel, request_id, attempt);
                self.step.notes.push(JournalEvent::Created { channel });
                self.note_made(channel, task.attempt);
                let contested = self.is_contested();
                self.bind_channel(channel, now);
                if self.document.state.channel() == Some(channel) && !contested {
                    self.begin_request(self.build_welcome_request(channel), now);
                }
            }
            Outcome::Refused(refusal) => {
                let by_member = matches!(task.call, Request::CreateChannel { name: ChannelName::Member(_), .. });
                if refusal == ApiError::Name && by_member {
                    self.step.notes.push(JournalEvent::Renamed);
                    // Nothing was made, so it is the same attempt still.
                    let name = ChannelName::Neutral;
                    self.go_on_with(
                        task,
                        Request::CreateChannel { owner: self.owner, name, request_id, attempt, number },
                    );
                } else {
                    self.creations.end(request_id);
                    self.refuse_opening(refusal, now);
                }
            }
            Outcome::Limited { wait } => {
                self.creations.end(request_id);
                self.refuse_opening_until(wait, now);
            }
            // Whether it was made is not known, so it is looked for before another one is made.
            _ => {
                self.creations.remember(request_id, attempt, now);
                self.retry_with(task, Request::ListChannels { guild: self.owner.guild }, &answer, now);
            }
        }
    }

    pub(super) fn handle_list_outcome(&mut self, task: Task, answer: Outcome, now: SystemTime) {
        if let Some(channel) = self.document.state.channel() {
            return self.handle_comparison_outcome(task, channel, answer, now);
        }
        if let Outcome::Channels(channels) = &answer {
            self.creations.recognize(channels);
        }
        let (State::Opening { .. }, Some(request)) = (&self.document.state, &self.document.request) else {
            return self.look_into_candidates(now);
        };
        match answer {
            Outcome::Channels(channels) => match self.ours(&channels, request.id) {
                Some(found) => {
                    let channel = found.channel;
                    self.creations.bind(channel, request.id, found.attempt);
                    self.step.notes.push(JournalEvent::Found { channel });
                    self.bind_channel(channel, now);
                    // Before a crash the welcome may have been sent to a channel whose id was not yet saved.
                    self.find_welcome(channel, now);
                }
                None if task.attempt >= TRIES || request.at + EDIT_WITHIN <= now => {
                    self.refuse_opening_with(Notice::DiscordDown, Reason::NeverAnswered, now);
                }
                None if task.attempt == 0 && self.consider_candidates(&channels, now) => {}
                None => {
                    let call = self.build_create_request(now);
                    self.go_on_with(task, call);
                }
            },
            Outcome::Refused(refusal) => self.refuse_opening(refusal, now),
            Outcome::Limited { wait } => self.refuse_opening_until(wait, now),
            _ => {
                self.retry_same(task, &answer, now);
            }
        }
    }

    /// The channel that was made for this opening, if one was. The mark in the topic decides; without one (somebody
    /// may have changed the topic) it is a channel of this member that nobody owns, not older than the press.
    fn ours<'a>(&self, channels: &'a [ChannelCandidate], request_id: RequestId) -> Option<&'a ChannelCandidate> {
        let member = self.owner.member;
        let free = || channels.iter().filter(|candidate| !candidate.owned && !self.is_deleting(candidate.channel));
        // Another process chooses the lowest, too.
        let marked = free().filter(|candidate| candidate.mark == Some((member, request_id)));
        let marked = marked.min_by_key(|candidate| candidate.channel);
        let alike = || {
            free().find(|candidate| {
                candidate.mark.is_none()
                    && candidate.members.contains(&member)
                    && candidate.channel.made_at() >= request_id.made_at()
            })
        };
        marked.or_else(alike)
    }

    pub(super) fn handle_read_outcome(
        &mut self,
        task: Task,
        there: ChannelId,
        after: bool,
        answer: &Outcome,
        now: SystemTime,
    ) {
        match answer {
            Outcome::Read { announcement, .. } if after => self.read_for_announcement(task, *announcement, now),
            Outcome::Read { welcome, others, .. } => self.read_from_start(task, there, *welcome, *others, now),
            Outcome::Refused(ApiError::ChannelGone) if self.is_lost(&task, there, now) => {
                self.handle_channel_deleted(there, now)
            }
            // Where it cannot be seen whether somebody was greeted, once too often is better than not at all.
            Outcome::Refused(ApiError::Forbidden(_)) if !after && self.document.state.channel() == Some(there) => {
                self.read_from_start(task, there, false, false, now);
            }
            // What is forbidden stays so for a while, and the next start looks again. Only who waits for a ticket waits to
            // hear whether this is theirs.
            Outcome::Refused(ApiError::Forbidden(_))
                if self.document.state.channel() != Some(there)
                    && !matches!(self.document.state, State::Opening { .. }) =>
            {
                self.forget_candidate(there);
                self.note_gave_up(&task.call, answer);
            }
            Outcome::Refused(_) if self.document.state.channel() != Some(there) && task.attempt >= LOOKS => {
                self.forget_candidate(there);
                self.note_gave_up(&task.call, answer);
            }
            _ => {
                self.retry_same(task, answer, now);
            }
        }
    }

    /// Discord has said often enough that a channel does not exist which is not the ticket's. Of the ticket's own one that
    /// is looked up otherwise.
    fn is_lost(&self, task: &Task, there: ChannelId, now: SystemTime) -> bool {
        self.document.state.channel() != Some(there) && task.is_lost(now)
    }

    /// A channel that takes the place of the ticket's own, which somebody deleted: a copy of it, made while it existed. The
    /// mark may have been edited; then it is told by whose it is.
    fn is_heir(&self, candidate: &ChannelCandidate) -> bool {
        let theirs = match candidate.mark {
            Some((member, _)) => member == self.owner.member,
            None => candidate.members == [self.owner.member],
        };
        theirs && self.orphaned.is_some_and(|orphaned| candidate.channel > orphaned.channel)
    }

    fn read_from_start(&mut self, task: Task, there: ChannelId, welcome: bool, others: bool, now: SystemTime) {
        let candidate = self.take_candidate(there);
        if welcome || others {
            self.rivals.forget_unfinished(there);
        }
        if welcome && candidate.is_some() && self.yield_to_greeted(there, now) {
            return;
        }
        let ticket = self.document.state.channel();
        let late = self.creations.is_late(there);
        let ours = late || self.rivals.was_ours(there);
        let greeted_elsewhere = welcome && self.rivals.made(ticket);
        match (&self.document.state, candidate) {
            (State::Opening { channel: Some(channel) } | State::Open { channel }, _) if *channel == there => {
                if welcome {
                    self.settle_welcome();
                } else {
                    self.go_on_with(task, self.build_welcome_request(there));
                }
            }
            (_, Some(candidate)) if !others && (ours || greeted_elsewhere) && self.rivals.is_surplus(there) => {
                // This process greets nobody in a second channel.
                if welcome && candidate.mark.is_some() {
                    self.note_another_process(there);
                }
                self.remove_duplicate(task, candidate);
            }
            // It is looked into again when the making has come to something.
            (State::Opening { channel: None }, Some(candidate)) if self.is_making() => {
                self.candidates.push(candidate);
            }
            // The very one: it was made for this opening after all.
            (State::Opening { channel: None }, Some(candidate))
                if candidate.mark == Some((self.owner.member, self.request_id())) =>
            {
                self.creations.bind_marked(&candidate);
                self.step.notes.push(JournalEvent::Found { channel: there });
                self.bind_channel(there, now);
                if welcome {
                    self.settle_welcome();
                } else {
                    self.go_on_with(task, self.build_welcome_request(there));
                }
            }
            (_, Some(candidate)) if ours && !welcome && !others => {
                if let Some(candidate) = self.wait_for_welcome(candidate, now) {
                    self.remove_duplicate(task, candidate);
                }
            }
            (State::Absent | State::Opening { channel: None }, Some(candidate)) if welcome => {
                self.adopt_channel(&candidate, now);
            }
            // Somebody uses it, or made a copy of the ticket, whose channel was deleted then. It is theirs when they have been
            // greeted: a crash in between leaves nothing half done.
            (State::Absent | State::Opening { channel: None }, Some(candidate))
                if late || self.is_heir(&candidate) || others && candidate.mark.is_some() =>
            {
                self.candidates.push(candidate);
                // One at a time: it is looked into again when the other one is the ticket.
                if !self.is_welcoming() {
                    self.go_on_with(task, self.build_welcome_request(there));
                }
            }
            // Another process may be about to greet somebody in it.
            (State::Absent | State::Opening { channel: None }, Some(candidate))
                if candidate.mark.is_some() && self.may_be_greeted(there, now) =>
            {
                if self.wait_for_welcome(candidate, now).is_some() {
                    self.leave_unclaimed(there);
                }
            }
            (_, Some(candidate)) if welcome || candidate.mark.is_some() => self.leave_unclaimed(there),
            (State::Absent | State::Opening { .. } | State::Open { .. } | State::Closing(_), _) => {}
        }
    }

    /// It may be another ticket of this member, and is left to people.
    fn leave_unclaimed(&mut self, there: ChannelId) {
        self.rivals.forget_unfinished(there);
        self.step.notes.push(JournalEvent::Unclaimed { channel: there });
    }

    /// Removes a channel that nobody used.
    fn remove_duplicate(&mut self, task: Task, candidate: ChannelCandidate) {
        let channel = candidate.channel;
        self.candidates.push(candidate);
        self.step.notes.push(JournalEvent::Duplicate { channel });
        self.go_on_with(task, Request::DeleteChannel { channel });
    }

    /// Somebody may have been waiting to hear whether it is theirs.
    fn adopt_channel(&mut self, candidate: &ChannelCandidate, now: SystemTime) {
        let channel = candidate.channel;
        self.creations.bind_marked(candidate);
        self.step.notes.push(JournalEvent::Adopted { channel });
        self.step.shown_number = candidate.number;
        self.orphaned = None;
        self.demote_opener();
        self.answer_undecided(channel, now);
        self.forget_candidate(channel);
        let made_for = candidate.mark.filter(|_| self.document.request.is_none());
        self.document.request = made_for.map(|(_, id)| OpenRequest { id, at: id.made_at(), name: String::new() });
        self.document.state = State::Open { channel };
        self.document.outbox.retain(Effect::is_response);
        self.look_into_candidates(now);
    }

    pub(super) fn handle_welcome_outcome(&mut self, task: Task, there: ChannelId, answer: &Outcome, now: SystemTime) {
        match answer {
            // Another one may have been taken over meanwhile, and stays.
            Outcome::Done | Outcome::Sent(_) => match (self.take_candidate(there), self.document.state.channel()) {
                (None, Some(channel)) if channel == there => self.settle_welcome(),
                (None, _) => {}
                (Some(candidate), None) => self.adopt_channel(&candidate, now),
                (Some(_), Some(_)) => self.step.notes.push(JournalEvent::Unclaimed { channel: there }),
            },
            Outcome::Refused(ApiError::ChannelGone) if self.is_lost(&task, there, now) => {
                self.handle_channel_deleted(there, now)
            }
            Outcome::Refused(_) if task.attempt >= LOOKS && self.is_candidate(there) => {
                self.take_candidate(there);
                self.note_gave_up(&task.call, answer);
            }
            // The nonce forbids a double only for minutes; looking first forbids it for ever.
            _ => self.retry_with(task, Request::ReadChannel { channel: there, after: None }, answer, now),
        }
    }

    /// Looks into whatever may be this member's ticket from before, and says whether there is anything to look into.
    fn consider_candidates(&mut self, channels: &[ChannelCandidate], now: SystemTime) -> bool {
        let member = self.owner.member;
        let theirs = |candidate: &&ChannelCandidate| match candidate.mark {
            Some((marked, _)) => marked == member,
            None => *candidate.members == [member],
        };
        for candidate in channels.iter().filter(|candidate| !candidate.owned).filter(theirs) {
            self.consider_candidate(candidate.clone(), now);
        }
        // Also what was seen while the list was on its way.
        self.look_into_candidates(now);
        self.is_looking()
    }

    /// A channel that may be this member's ticket, though no row says so.
    pub(super) fn consider_candidate(&mut self, candidate: ChannelCandidate, now: SystemTime) {
        let known = self.document.state.channel() == Some(candidate.channel)
            || self.candidates.iter().any(|other| other.channel == candidate.channel);
        if known {
            return;
        }
        let marked = candidate.mark.is_some_and(|(member, _)| member == self.owner.member);
        self.creations.recognize(std::slice::from_ref(&candidate));
        self.candidates.push(candidate);
        if marked {
            self.compare_with_rival(now);
        }
        // While the channel is being made, this is most likely the one; it is looked into when that is known.
        if !self.is_making() {
            self.look_into_candidates(now);
        }
    }

    pub(super) fn look_into_candidates(&mut self, now: SystemTime) {
        for candidate in self.candidates.clone() {
            if !self.is_greeting(candidate.channel) && !self.is_deleting(candidate.channel) {
                self.begin_request(Request::ReadChannel { channel: candidate.channel, after: None }, now);
            }
        }
    }

    fn build_create_request(&mut self, now: SystemTime) -> Request {
        let (attempt, name) = match &self.document.request {
            Some(request) => (self.creations.begin(request, now), ChannelName::Member(request.name.clone())),
            None => (0, ChannelName::Neutral),
        };
        Request::CreateChannel { owner: self.owner, name, request_id: self.request_id(), attempt, number: self.number }
    }

    fn build_welcome_request(&self, channel: ChannelId) -> Request {
        Request::Welcome { owner: self.owner, channel }
    }

    pub(super) fn request_id(&self) -> RequestId {
        match (&self.document.state, &self.document.request) {
            (State::Closing(Closing { requester, .. }), _) => requester.request_id(),
            (State::Opening { .. } | State::Absent, Some(request)) => request.id,
            (State::Absent | State::Opening { .. } | State::Open { .. }, _) => RequestId(self.owner.member.0),
        }
    }

    fn bind_channel(&mut self, channel: ChannelId, now: SystemTime) {
        let State::Opening { channel: unbound } = &mut self.document.state else { return };
        *unbound = Some(channel);
        let request_id = self.request_id();
        self.replace_effect(Effect::is_channel, Effect::EnsureMessage(Message::Welcome));
        self.orphaned = None;
        self.forget_candidate(channel);
        self.settle_contest(channel, request_id, now);
    }

    pub(super) fn answer_undecided(&mut self, channel: ChannelId, now: SystemTime) {
        for reply in self.replies.iter_mut().filter(|reply| reply.is_undecided()) {
            let words = match reply.role() {
                Role::Opener => Notice::Created(channel),
                Role::Waiter | Role::Closer | Role::Bystander => Notice::AlreadyOpen(channel),
            };
            self.step.calls.extend(reply.tell(words, now));
        }
    }

    fn refuse_opening(&mut self, refusal: ApiError, now: SystemTime) {
        let why = Reason::Refused(refusal.clone());
        let words = match refusal {
            ApiError::Forbidden(rights) => Notice::BotLacks(rights),
            ApiError::TimedOut { until } => Notice::BotTimedOut(until),
            ApiError::NotInGuild => Notice::BotRemoved,
            ApiError::CategoryFull => Notice::CategoryFull,
            ApiError::CategoryGone => Notice::CategoryGone,
            ApiError::ServerFull => Notice::ServerFull,
            ApiError::SupportRoleGone => Notice::SupportRoleGone,
            ApiError::ChannelGone
            | ApiError::MessageGone
            | ApiError::CommunityChannel
            | ApiError::Name
            | ApiError::AlreadyAcknowledged
            | ApiError::InteractionGone
            | ApiError::Other { .. } => Notice::OpenRefused,
        };
        self.refuse_opening_with(words, why, now);
    }

    /// A limit of Discord's holds it up for longer than anybody looks at "thinking…". Nothing is made later behind the
    /// member's back: they are told when to come again.
    fn refuse_opening_until(&mut self, wait: Duration, now: SystemTime) {
        self.refuse_opening_with(Notice::OpenLater(now + wait), Reason::Limited { wait }, now);
    }

    /// The opening has come to nothing. The row says so until the asker has been told, so that a crash in between leaves
    /// them neither without an answer nor with two.
    fn refuse_opening_with(&mut self, words: Notice, why: Reason, now: SystemTime) {
        self.step.notes.push(JournalEvent::Refused { why });
        for reply in self.replies.iter_mut().filter(|reply| reply.is_undecided()) {
            self.step.calls.extend(reply.tell(words.clone(), now));
        }
        if !matches!(self.document.state, State::Opening { .. }) {
            return;
        }
        self.document.state = State::Absent;
        self.document.outbox.retain(Effect::is_response);
        match self.document.outbox.first_mut() {
            Some(Effect::Respond { words: told, .. }) => *told = Some(words),
            _ => self.end_refused_opening(words, now),
        }
    }

    /// The asker of a refused opening has been told.
    pub(super) fn end_refused_opening(&mut self, words: Notice, now: SystemTime) {
        self.document.request = None;
        self.count_failure(words, now);
        self.look_into_candidates(now);
    }

    /// The member has been greeted.
    pub(super) fn settle_welcome(&mut self) {
        self.document.outbox.retain(|effect| !effect.is_welcome());
    }

    /// What was wished for has come true, or cannot, and this is wished for instead.
    pub(super) fn replace_effect(&mut self, old: impl Fn(&Effect) -> bool, new: Effect) {
        if let Some(place) = self.document.outbox.iter_mut().find(|effect| old(effect)) {
            *place = new;
        }
    }

    /// Everybody has been greeted and told.
    pub(super) fn finish_opening(&mut self, channel: ChannelId) {
        self.step.notes.push(JournalEvent::Opened { channel });
        self.document.state = State::Open { channel };
    }
}
