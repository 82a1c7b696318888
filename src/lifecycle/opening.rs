//! From the press to the ticket that is ready, and never two channels for one press.
//!
//! Creating a channel is the one call that must not simply be repeated. After an unknown outcome the channels are
//! listed, and only when none of them is ours is another one made. What slips through even so (a request that took
//! effect after it had been given up) is seen on the gateway or at the next start, and removed if nobody has used it.

use std::time::{Duration, SystemTime};

use crate::ids::{ChannelId, Intent};
use crate::lifecycle::call::{Answer, Call, ChannelName, Refusal, Sighting};
use crate::lifecycle::effect::{Effect, Message};
use crate::lifecycle::note::{Note, Why};
use crate::lifecycle::reply::{EDIT_WITHIN, Reply, Role};
use crate::lifecycle::state::{Asker, Closing, Document, OpenRequest, State};
use crate::lifecycle::task::Task;
use crate::lifecycle::ticket::Ticket;
use crate::lifecycle::words::Words;

/// A channel that could not be made so many times is not tried any more: the member is told. With the growing pauses
/// that is about a quarter of a minute, as long as somebody looks at "thinking…".
const TRIES: u32 = 6;
/// A channel that could not be looked into so many times holds nobody up any more, and is left for the next start if that
/// is forbidden.
const LOOKS: u32 = 6;

impl Ticket {
    /// Before the server's channels have been told, the member may have a ticket that no row knows.
    pub(super) fn begin_unseen(&mut self, asker: Asker, name: String, now: SystemTime) {
        self.begin_for(asker, name);
        self.begin_call(Call::ListChannels { guild: self.owner.guild }, now);
    }

    /// Somebody asked who is still to be answered.
    pub(super) fn begin_for(&mut self, asker: Asker, name: String) {
        self.replies.push(Reply::owed(asker.clone(), Role::Opener));
        self.begin(asker, name);
    }

    pub(super) fn begin(&mut self, asker: Asker, name: String) {
        self.step.notes.push(Note::Asked { by: asker.user, way: (&asker.entrance).into() });
        self.number = None;
        self.document = Document {
            request: Some(OpenRequest { id: asker.intent(), at: asker.at, name }),
            state: State::Opening { channel: None },
            outbox: vec![Effect::EnsureChannel, Effect::Respond { asker, words: None }],
        };
    }

    /// Makes the channel, as soon as it is known that none of those seen before is this member's ticket.
    pub(super) fn make(&mut self, now: SystemTime) {
        let looks = |call: &Call| matches!(call, Call::ReadChannel { .. });
        if let Some(until) = self.tasks.limited_until(looks).filter(|until| *until > now) {
            let wait = until.duration_since(now).unwrap_or_default();
            self.refuse_for_now(wait, now);
        } else if !self.is_making() && !self.is_looking() {
            let call = self.create(now);
            self.begin_call(call, now);
        }
    }

    fn is_making(&self) -> bool {
        self.tasks.any(|call| matches!(call, Call::CreateChannel { .. } | Call::ListChannels { .. }))
    }

    fn is_looking(&self) -> bool {
        self.is_welcoming() || self.tasks.any_before(LOOKS, |call| matches!(call, Call::ReadChannel { .. }))
    }

    fn is_welcoming(&self) -> bool {
        self.tasks.any(|call| matches!(call, Call::Welcome { .. }))
    }

    /// Another press while the ticket is being opened.
    pub(super) fn wait(&mut self, asker: Asker) {
        self.asked_again(&asker);
        if !asker.is_silenced() {
            self.replies.push(Reply::owed(asker, Role::Waiter));
        }
    }

    /// Goes on with what the document says, after a restart.
    pub(super) fn resume(&mut self, now: SystemTime) {
        let closing = matches!(self.document.state, State::Closing(_));
        if closing {
            self.shorten_closing(now);
        }
        if !self.document.outbox.is_empty() {
            self.step.notes.push(Note::TakenUp);
        }
        for effect in self.document.outbox.clone() {
            self.resume_effect(effect, closing, now);
        }
        if let State::Opening { channel: Some(channel) } = self.document.state {
            self.tell_all(channel, now);
        }
    }

    fn resume_effect(&mut self, effect: Effect, closing: bool, now: SystemTime) {
        match (effect, self.document.state.channel()) {
            (Effect::EnsureChannel, _) => {
                self.creations.resume(self.intent(), now);
                self.begin_call(Call::ListChannels { guild: self.owner.guild }, now);
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
            (Effect::Respond { asker, words }, _) => {
                let mut reply = Reply::restored(asker, Role::Opener);
                self.step.calls.extend(words.and_then(|words| reply.tell(words, now)));
                self.replies.push(reply);
            }
        }
    }

    /// Before a crash, or by another process, the member may have been greeted already.
    pub(super) fn find_welcome(&mut self, channel: ChannelId, now: SystemTime) {
        self.begin_call(Call::ReadChannel { channel, after: None }, now);
    }

    pub(super) fn answered_create(&mut self, task: Task, answer: Answer, now: SystemTime) {
        let Call::CreateChannel { intent, attempt, number, .. } = task.call else { return };
        match answer {
            Answer::Created(channel) => {
                self.creations.bind(channel, intent, attempt);
                self.step.notes.push(Note::Created { channel });
                self.note_made(channel, task.attempt);
                let contested = self.is_contested();
                self.bind(channel, now);
                if self.document.state.channel() == Some(channel) && !contested {
                    self.begin_call(self.welcome(channel), now);
                }
            }
            Answer::Refused(refusal) => {
                let by_member = matches!(task.call, Call::CreateChannel { name: ChannelName::Member(_), .. });
                if refusal == Refusal::Name && by_member {
                    self.step.notes.push(Note::Renamed);
                    // Nothing was made, so it is the same attempt still.
                    let name = ChannelName::Neutral;
                    self.go_on(task, Call::CreateChannel { owner: self.owner, name, intent, attempt, number });
                } else {
                    self.creations.end(intent);
                    self.refuse(refusal, now);
                }
            }
            Answer::Limited { wait } => {
                self.creations.end(intent);
                self.refuse_for_now(wait, now);
            }
            // Whether it was made is not known, so it is looked for before another one is made.
            _ => {
                self.creations.remember(intent, attempt, now);
                self.retry(task, Call::ListChannels { guild: self.owner.guild }, &answer, now);
            }
        }
    }

    pub(super) fn answered_list(&mut self, task: Task, answer: Answer, now: SystemTime) {
        if let Some(channel) = self.document.state.channel() {
            return self.answered_comparison(task, channel, answer, now);
        }
        if let Answer::Channels(channels) = &answer {
            self.creations.recognize(channels);
        }
        let (State::Opening { .. }, Some(request)) = (&self.document.state, &self.document.request) else {
            return self.look_into_sightings(now);
        };
        match answer {
            Answer::Channels(channels) => match self.ours(&channels, request.id) {
                Some(found) => {
                    let channel = found.channel;
                    self.creations.bind(channel, request.id, found.attempt);
                    self.step.notes.push(Note::Found { channel });
                    self.bind(channel, now);
                    // Before a crash the welcome may have been sent to a channel whose id was not yet saved.
                    self.find_welcome(channel, now);
                }
                None if task.attempt >= TRIES || request.at + EDIT_WITHIN <= now => {
                    self.refuse_with(Words::DiscordDown, Why::NeverAnswered, now);
                }
                None if task.attempt == 0 && self.see_all(&channels, now) => {}
                None => {
                    let call = self.create(now);
                    self.go_on(task, call);
                }
            },
            Answer::Refused(refusal) => self.refuse(refusal, now),
            Answer::Limited { wait } => self.refuse_for_now(wait, now),
            _ => {
                self.retry_same(task, &answer, now);
            }
        }
    }

    /// The channel that was made for this opening, if one was. The mark in the topic decides; without one (somebody
    /// may have changed the topic) it is a channel of this member that nobody owns, not older than the press.
    fn ours<'a>(&self, channels: &'a [Sighting], intent: Intent) -> Option<&'a Sighting> {
        let member = self.owner.member;
        let free = || channels.iter().filter(|sighting| !sighting.owned && !self.is_deleting(sighting.channel));
        // Another process chooses the lowest, too.
        let marked = free().filter(|sighting| sighting.mark == Some((member, intent)));
        let marked = marked.min_by_key(|sighting| sighting.channel);
        let alike = || {
            free().find(|sighting| {
                sighting.mark.is_none()
                    && sighting.members.contains(&member)
                    && sighting.channel.made_at() >= intent.made_at()
            })
        };
        marked.or_else(alike)
    }

    pub(super) fn answered_read(
        &mut self,
        task: Task,
        there: ChannelId,
        after: bool,
        answer: &Answer,
        now: SystemTime,
    ) {
        match answer {
            Answer::Read { announcement, .. } if after => self.read_for_announcement(task, *announcement, now),
            Answer::Read { welcome, others, .. } => self.read_from_start(task, there, *welcome, *others, now),
            Answer::Refused(Refusal::ChannelGone) if self.is_lost(&task, there, now) => self.gone(there, now),
            // Where it cannot be seen whether somebody was greeted, once too often is better than not at all.
            Answer::Refused(Refusal::Forbidden(_)) if !after && self.document.state.channel() == Some(there) => {
                self.read_from_start(task, there, false, false, now);
            }
            // What is forbidden stays so for a while, and the next start looks again. Only who waits for a ticket waits to
            // hear whether this is theirs.
            Answer::Refused(Refusal::Forbidden(_))
                if self.document.state.channel() != Some(there)
                    && !matches!(self.document.state, State::Opening { .. }) =>
            {
                self.forget(there);
                self.give_up(&task.call, answer);
            }
            Answer::Refused(_) if self.document.state.channel() != Some(there) && task.attempt >= LOOKS => {
                self.forget(there);
                self.give_up(&task.call, answer);
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
    fn is_heir(&self, sighting: &Sighting) -> bool {
        let theirs = match sighting.mark {
            Some((member, _)) => member == self.owner.member,
            None => sighting.members == [self.owner.member],
        };
        theirs && self.orphaned.is_some_and(|orphaned| sighting.channel > orphaned.channel)
    }

    fn read_from_start(&mut self, task: Task, there: ChannelId, welcome: bool, others: bool, now: SystemTime) {
        let sighting = self.take_sighting(there);
        if welcome || others {
            self.rivals.forget_unfinished(there);
        }
        if welcome && sighting.is_some() && self.yield_to_greeted(there, now) {
            return;
        }
        let ticket = self.document.state.channel();
        let late = self.creations.is_late(there);
        let ours = late || self.rivals.was_ours(there);
        let greeted_elsewhere = welcome && self.rivals.made(ticket);
        match (&self.document.state, sighting) {
            (State::Opening { channel: Some(channel) } | State::Open { channel }, _) if *channel == there => {
                if welcome {
                    self.settle_welcome();
                } else {
                    self.go_on(task, self.welcome(there));
                }
            }
            (_, Some(sighting)) if !others && (ours || greeted_elsewhere) && self.rivals.is_surplus(there) => {
                // This process greets nobody in a second channel.
                if welcome && sighting.mark.is_some() {
                    self.note_another_process(there);
                }
                self.remove_duplicate(task, sighting);
            }
            // It is looked into again when the making has come to something.
            (State::Opening { channel: None }, Some(sighting)) if self.is_making() => {
                self.sightings.push(sighting);
            }
            // The very one: it was made for this opening after all.
            (State::Opening { channel: None }, Some(sighting))
                if sighting.mark == Some((self.owner.member, self.intent())) =>
            {
                self.creations.bind_marked(&sighting);
                self.step.notes.push(Note::Found { channel: there });
                self.bind(there, now);
                if welcome {
                    self.settle_welcome();
                } else {
                    self.go_on(task, self.welcome(there));
                }
            }
            (_, Some(sighting)) if ours && !welcome && !others => {
                if let Some(sighting) = self.wait_for_welcome(sighting, now) {
                    self.remove_duplicate(task, sighting);
                }
            }
            (State::Absent | State::Opening { channel: None }, Some(sighting)) if welcome => {
                self.adopt(&sighting, now);
            }
            // Somebody uses it, or made a copy of the ticket, whose channel was deleted then. It is theirs when they have been
            // greeted: a crash in between leaves nothing half done.
            (State::Absent | State::Opening { channel: None }, Some(sighting))
                if late || self.is_heir(&sighting) || others && sighting.mark.is_some() =>
            {
                self.sightings.push(sighting);
                // One at a time: it is looked into again when the other one is the ticket.
                if !self.is_welcoming() {
                    self.go_on(task, self.welcome(there));
                }
            }
            // Another process may be about to greet somebody in it.
            (State::Absent | State::Opening { channel: None }, Some(sighting))
                if sighting.mark.is_some() && self.may_be_greeted(there, now) =>
            {
                if self.wait_for_welcome(sighting, now).is_some() {
                    self.leave_unclaimed(there);
                }
            }
            (_, Some(sighting)) if welcome || sighting.mark.is_some() => self.leave_unclaimed(there),
            (State::Absent | State::Opening { .. } | State::Open { .. } | State::Closing(_), _) => {}
        }
    }

    /// It may be another ticket of this member, and is left to people.
    fn leave_unclaimed(&mut self, there: ChannelId) {
        self.rivals.forget_unfinished(there);
        self.step.notes.push(Note::Unclaimed { channel: there });
    }

    /// Removes a channel that nobody used.
    fn remove_duplicate(&mut self, task: Task, sighting: Sighting) {
        let channel = sighting.channel;
        self.sightings.push(sighting);
        self.step.notes.push(Note::Duplicate { channel });
        self.go_on(task, Call::DeleteChannel { channel });
    }

    /// Somebody may have been waiting to hear whether it is theirs.
    fn adopt(&mut self, sighting: &Sighting, now: SystemTime) {
        let channel = sighting.channel;
        self.creations.bind_marked(sighting);
        self.step.notes.push(Note::Adopted { channel });
        self.step.shown_number = sighting.number;
        self.orphaned = None;
        self.demote_opener();
        self.tell_all(channel, now);
        self.forget(channel);
        let made_for = sighting.mark.filter(|_| self.document.request.is_none());
        self.document.request = made_for.map(|(_, id)| OpenRequest { id, at: id.made_at(), name: String::new() });
        self.document.state = State::Open { channel };
        self.document.outbox.retain(Effect::is_response);
        self.look_into_sightings(now);
    }

    pub(super) fn answered_welcome(&mut self, task: Task, there: ChannelId, answer: &Answer, now: SystemTime) {
        match answer {
            // Another one may have been taken over meanwhile, and stays.
            Answer::Done | Answer::Sent(_) => match (self.take_sighting(there), self.document.state.channel()) {
                (None, Some(channel)) if channel == there => self.settle_welcome(),
                (None, _) => {}
                (Some(sighting), None) => self.adopt(&sighting, now),
                (Some(_), Some(_)) => self.step.notes.push(Note::Unclaimed { channel: there }),
            },
            Answer::Refused(Refusal::ChannelGone) if self.is_lost(&task, there, now) => self.gone(there, now),
            Answer::Refused(_) if task.attempt >= LOOKS && self.is_sought(there) => {
                self.take_sighting(there);
                self.give_up(&task.call, answer);
            }
            // The nonce forbids a double only for minutes; looking first forbids it for ever.
            _ => self.retry(task, Call::ReadChannel { channel: there, after: None }, answer, now),
        }
    }

    /// Looks into whatever may be this member's ticket from before, and says whether there is anything to look into.
    fn see_all(&mut self, channels: &[Sighting], now: SystemTime) -> bool {
        let member = self.owner.member;
        let theirs = |sighting: &&Sighting| match sighting.mark {
            Some((marked, _)) => marked == member,
            None => *sighting.members == [member],
        };
        for sighting in channels.iter().filter(|sighting| !sighting.owned).filter(theirs) {
            self.see(sighting.clone(), now);
        }
        // Also what was seen while the list was on its way.
        self.look_into_sightings(now);
        self.is_looking()
    }

    /// A channel that may be this member's ticket, though no row says so.
    pub(super) fn see(&mut self, sighting: Sighting, now: SystemTime) {
        let known = self.document.state.channel() == Some(sighting.channel)
            || self.sightings.iter().any(|other| other.channel == sighting.channel);
        if known {
            return;
        }
        let marked = sighting.mark.is_some_and(|(member, _)| member == self.owner.member);
        self.creations.recognize(std::slice::from_ref(&sighting));
        self.sightings.push(sighting);
        if marked {
            self.meet_rival(now);
        }
        // While the channel is being made, this is most likely the one; it is looked into when that is known.
        if !self.is_making() {
            self.look_into_sightings(now);
        }
    }

    pub(super) fn look_into_sightings(&mut self, now: SystemTime) {
        for sighting in self.sightings.clone() {
            if !self.is_greeting(sighting.channel) && !self.is_deleting(sighting.channel) {
                self.begin_call(Call::ReadChannel { channel: sighting.channel, after: None }, now);
            }
        }
    }

    fn create(&mut self, now: SystemTime) -> Call {
        let (attempt, name) = match &self.document.request {
            Some(request) => (self.creations.begin(request, now), ChannelName::Member(request.name.clone())),
            None => (0, ChannelName::Neutral),
        };
        Call::CreateChannel { owner: self.owner, name, intent: self.intent(), attempt, number: self.number }
    }

    fn welcome(&self, channel: ChannelId) -> Call {
        Call::Welcome { owner: self.owner, channel }
    }

    pub(super) fn intent(&self) -> Intent {
        match (&self.document.state, &self.document.request) {
            (State::Closing(Closing { asker, .. }), _) => asker.intent(),
            (State::Opening { .. } | State::Absent, Some(request)) => request.id,
            (State::Absent | State::Opening { .. } | State::Open { .. }, _) => Intent(self.owner.member.0),
        }
    }

    fn bind(&mut self, channel: ChannelId, now: SystemTime) {
        let State::Opening { channel: unbound } = &mut self.document.state else { return };
        *unbound = Some(channel);
        let intent = self.intent();
        self.replace_effect(Effect::is_channel, Effect::EnsureMessage(Message::Welcome));
        self.orphaned = None;
        self.forget(channel);
        self.settle_contest(channel, intent, now);
    }

    pub(super) fn tell_all(&mut self, channel: ChannelId, now: SystemTime) {
        for reply in self.replies.iter_mut().filter(|reply| reply.is_undecided()) {
            let words = match reply.role() {
                Role::Opener => Words::Created(channel),
                Role::Waiter | Role::Closer | Role::Bystander => Words::AlreadyOpen(channel),
            };
            self.step.calls.extend(reply.tell(words, now));
        }
    }

    fn refuse(&mut self, refusal: Refusal, now: SystemTime) {
        let why = Why::Refused(refusal.clone());
        let words = match refusal {
            Refusal::Forbidden(rights) => Words::BotLacks(rights),
            Refusal::TimedOut { until } => Words::BotTimedOut(until),
            Refusal::NotInGuild => Words::BotRemoved,
            Refusal::CategoryFull => Words::CategoryFull,
            Refusal::CategoryGone => Words::CategoryGone,
            Refusal::ServerFull => Words::ServerFull,
            Refusal::SupportRoleGone => Words::SupportRoleGone,
            Refusal::ChannelGone
            | Refusal::MessageGone
            | Refusal::CommunityChannel
            | Refusal::Name
            | Refusal::AlreadyAcknowledged
            | Refusal::InteractionGone
            | Refusal::Other { .. } => Words::OpenRefused,
        };
        self.refuse_with(words, why, now);
    }

    /// A limit of Discord's holds it up for longer than anybody looks at "thinking…". Nothing is made later behind the
    /// member's back: they are told when to come again.
    fn refuse_for_now(&mut self, wait: Duration, now: SystemTime) {
        self.refuse_with(Words::OpenLater(now + wait), Why::Limited { wait }, now);
    }

    /// The opening has come to nothing. The row says so until the asker has been told, so that a crash in between leaves
    /// them neither without an answer nor with two.
    fn refuse_with(&mut self, words: Words, why: Why, now: SystemTime) {
        self.step.notes.push(Note::Refused { why });
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
            _ => self.abandon(words, now),
        }
    }

    /// The asker of a refused opening has been told.
    pub(super) fn abandon(&mut self, words: Words, now: SystemTime) {
        self.document.request = None;
        self.count_failure(words, now);
        self.look_into_sightings(now);
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
    pub(super) fn ready(&mut self, channel: ChannelId) {
        self.step.notes.push(Note::Opened { channel });
        self.document.state = State::Open { channel };
    }
}
