//! A ticket that is open, as far as we know: its deletion may have been missed, so whoever asks for one gives a reason
//! to look.
//!
//! A press is told of the ticket at once, since it wants an answer within three seconds; if the channel turns out to be
//! gone, the answer is changed and the same press opens a new ticket. A command can wait, and its answer cannot be
//! changed: it gets the one that is right.
//!
//! One witness is no proof. Discord answers 404 for moments about channels that exist, and leaves channels that the bot
//! may not view out of its lists. So a channel is gone when `CHANNEL_DELETE` says so, or when a list came without it and
//! it was then asked for by its id in vain, and both say the same a few seconds later. A 404 without Discord's code counts only
//! when it lasts.

use std::mem;
use std::time::{Duration, SystemTime};

use crate::ids::ChannelId;
use crate::lifecycle::notice::Notice;
use crate::lifecycle::reply::{Reply, Role};
use crate::lifecycle::request::{ApiError, Outcome, Request};
use crate::lifecycle::state::{Origin, Requester, State};
use crate::lifecycle::task::Task;
use crate::lifecycle::ticket::Ticket;

/// What was looked up just now is not looked up again for every press of somebody who hammers on the button.
pub(super) const CHECK_AGAIN_AFTER: Duration = Duration::from_secs(10);
/// So many presses of somebody who hammers on the button are corrected, should the channel be gone.
const DOUBTS: usize = 8;
/// So many looks without an answer are enough: Discord is down, and the ticket stays what it was.
const LOOKS: u32 = 5;
/// A 404 without Discord's code may come from something in between: it counts when it is the answer for so many times.
const LASTING: u32 = 2;
/// What Discord does not know for moments, it knows again after this long. So whoever says that a channel is gone is asked
/// once more then.
const CONFIRM_AFTER: Duration = Duration::from_secs(3);
/// So many deleted channels are remembered.
const MAX_DELETED: usize = 16;

/// A list came without the channel, which is no proof but must not be left undecided: nobody may ever ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missed {
    /// It was asked for since.
    Asked,
    /// It is being asked for since before, so the answer may be older than the list.
    AskedBefore,
}

/// Who waits to hear whether the ticket exists, and the member's name, should it be opened anew.
pub(super) type Doubt = (Requester, String);

impl Ticket {
    /// Somebody asked for a ticket and has one.
    pub(super) fn answer_with_open_ticket(
        &mut self,
        channel: ChannelId,
        requester: Requester,
        name: String,
        now: SystemTime,
    ) {
        self.note_asked_again(&requester);
        let sure = self.checked.is_some() && !self.is_checking(channel) && !self.is_restoring_access(channel);
        if sure {
            let words = self.words_for_open(channel);
            self.answer_requester(requester.clone(), words, now);
        } else if is_press(&requester) {
            self.answer_requester(requester.clone(), Notice::AlreadyOpen(channel), now);
        }
        // Those who hammer on it while it is being looked at are told the same as the first of them.
        let most = if requester.is_silenced() { 1 } else { DOUBTS };
        if !sure && (!requester.repeated || self.doubts.len() < most) {
            self.checked = Some(now);
            self.doubts.push((requester, name));
            if !self.is_restoring_access(channel) {
                self.check_channel(Request::GetChannel { channel }, channel, now);
            }
        }
    }

    /// The gateway's list came without the channel. It may be older than the channel, so it is no witness, but a reason to look.
    pub(super) fn check_unlisted_channel(&mut self, channel: ChannelId, now: SystemTime) {
        self.missed = Some(if self.is_checking(channel) { Missed::AskedBefore } else { Missed::Asked });
        self.check_channel(Request::GetChannel { channel }, channel, now);
    }

    /// Asks whether the channel exists, unless that is being asked.
    fn check_channel(&mut self, first: Request, channel: ChannelId, now: SystemTime) {
        if !self.is_checking(channel) {
            self.begin_request(first, now);
        }
    }

    fn is_checking(&self, there: ChannelId) -> bool {
        self.tasks.any(|call| match call {
            Request::GetChannel { channel } | Request::FindChannel { channel, .. } => *channel == there,
            _ => false,
        })
    }

    /// Discord said that the channel was deleted, which no answer that was on its way then can take back.
    pub(super) fn remember_deleted(&mut self, channel: ChannelId) {
        if self.deleted.len() == MAX_DELETED {
            self.deleted.remove(0);
        }
        self.deleted.push(channel);
    }

    /// A list that is older than a deletion still shows the channel.
    pub(super) fn strike_deleted(&self, answer: &mut Outcome) {
        if let Outcome::Channels(channels) = answer {
            channels.retain(|candidate| !self.deleted.contains(&candidate.channel));
        }
    }

    /// Discord said last that this channel does not exist, which is still being looked up.
    pub(super) fn is_doubtful(&self, there: ChannelId) -> bool {
        self.tasks.is_not_found(|call| call.is_about(there))
    }

    /// A 404 about the ticket's channel is a reason to look.
    pub(super) fn check_after_not_found(&mut self, call: &Request, answer: &Outcome, now: SystemTime) {
        let looking = matches!(call, Request::GetChannel { .. } | Request::FindChannel { .. });
        if let Some(channel) = self.document.state.channel()
            && call.is_about(channel)
            && says_gone(answer)
            && !looking
        {
            self.check_channel(Request::FindChannel { guild: self.owner.guild, channel }, channel, now);
        }
    }

    pub(super) fn handle_check_outcome(&mut self, task: Task, channel: ChannelId, answer: &Outcome, now: SystemTime) {
        // A 404 about the list is about the server, and says nothing of the channel.
        let says_gone = says_gone(answer) && matches!(task.call, Request::GetChannel { .. });
        match answer {
            _ if says_gone && self.unlisted && !task.is_not_found_for(CONFIRM_AFTER, now) => {
                let then = task.not_found_since.unwrap_or(now) + CONFIRM_AFTER;
                self.tasks.go_on_at(task, Request::FindChannel { guild: self.owner.guild, channel }, then);
            }
            answer if says_gone && self.unlisted && is_lasting(&task, answer) => {
                let doubts = mem::take(&mut self.doubts);
                self.handle_channel_deleted(channel, now);
                self.reopen_for_waiting(doubts, now);
            }
            answer if says_gone && self.unlisted => {
                self.retry_same(task, answer, now);
            }
            _ if says_gone => self.go_on_with(task, Request::FindChannel { guild: self.owner.guild, channel }),
            Outcome::Unlisted => {
                self.unlisted = true;
                self.go_on_with(task, Request::GetChannel { channel });
            }
            Outcome::Indeterminate | Outcome::Refused(ApiError::ChannelGone | ApiError::Other { status: 404, .. })
                if task.attempt < LOOKS || self.missed.is_some() =>
            {
                self.retry_same(task, answer, now);
            }
            Outcome::Limited { .. } if self.missed.is_some() => {
                self.answer_waiting_with_ticket(channel, now);
                self.retry_same(task, answer, now);
            }
            _ if self.missed == Some(Missed::AskedBefore) => self.check_unlisted_channel(channel, now),
            _ => {
                if let Outcome::Refused(ApiError::Forbidden(_)) = answer {
                    // Whoever runs the bot should know of a ticket that it cannot see.
                    self.note_gave_up(&task.call, answer);
                }
                self.missed = None;
                self.unlisted = false;
                if self.check_access(task, channel, answer).is_some() {
                    self.answer_waiting_with_ticket(channel, now);
                }
            }
        }
    }

    /// Whoever waits is told of the ticket they have.
    pub(super) fn answer_waiting_with_ticket(&mut self, channel: ChannelId, now: SystemTime) {
        for (requester, _) in mem::take(&mut self.doubts) {
            if !is_press(&requester) {
                self.answer_requester(requester, Notice::AlreadyOpen(channel), now);
            }
        }
    }

    /// The channel went while it was looked for: who was told of it was told right, who waits opens a new ticket.
    pub(super) fn resolve_doubts(&mut self, now: SystemTime) {
        let doubts = mem::take(&mut self.doubts);
        self.reopen_for_waiting(doubts.into_iter().filter(|(requester, _)| !is_press(requester)).collect(), now);
    }

    /// Opens one ticket for all who asked for it, unless there is a copy of the one that was deleted.
    fn reopen_for_waiting(&mut self, doubts: Vec<Doubt>, now: SystemTime) {
        for (requester, name) in doubts {
            let role = if self.document.state == State::Absent { Role::Opener } else { Role::Waiter };
            let requester = self.reconsider(requester, role);
            match role {
                Role::Opener => {
                    self.begin_opening(requester, name);
                    self.begin_request(Request::ListChannels { guild: self.owner.guild }, now);
                }
                Role::Waiter | Role::Closer | Role::Bystander => self.note_asked_again(&requester),
            }
        }
    }

    /// They get another answer than the one they were given, or are just being given.
    pub(super) fn reconsider(&mut self, mut requester: Requester, role: Role) -> Requester {
        if let Some(reply) =
            self.replies.iter_mut().find(|reply| reply.requester().request_id() == requester.request_id())
        {
            reply.reconsider(role);
            return reply.requester().clone();
        }
        if let Origin::Interaction(press) = &mut requester.origin {
            press.acknowledged = true;
        }
        self.replies.push(Reply::owed(requester.clone(), role));
        requester
    }
}

impl Task {
    /// What the answer says of whether the thing exists that the task is about.
    pub(super) fn note_found(&mut self, answer: &Outcome, now: SystemTime) {
        match answer {
            Outcome::Indeterminate | Outcome::Unlisted | Outcome::Limited { .. } => {}
            answer if says_gone(answer) => drop(self.not_found_since.get_or_insert(now)),
            _ => self.not_found_since = None,
        }
    }

    /// Discord has said for so long that it does not exist.
    fn is_not_found_for(&self, span: Duration, now: SystemTime) -> bool {
        self.not_found_since.is_some_and(|since| since + span <= now)
    }

    /// Discord has said so often, and for so long, that a channel does not exist which is not the ticket's.
    pub(super) fn is_lost(&self, now: SystemTime) -> bool {
        self.attempt >= LASTING && self.is_not_found_for(CONFIRM_AFTER, now)
    }
}

fn is_lasting(task: &Task, answer: &Outcome) -> bool {
    *answer == Outcome::Refused(ApiError::ChannelGone) || task.attempt >= LASTING
}

/// A 404, with Discord's code or without.
pub(super) const fn says_gone(answer: &Outcome) -> bool {
    matches!(answer, Outcome::Refused(ApiError::ChannelGone | ApiError::Other { status: 404, .. }))
}

const fn is_press(requester: &Requester) -> bool {
    matches!(requester.origin, Origin::Interaction(_))
}
