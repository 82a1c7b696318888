//! Who made a channel that carries our mark?
//!
//! A creation that got no answer may take effect all the same, also after another one was made in its place. Such a
//! channel is the only one that is ever removed without having been closed: it was made by this bot, for this press, and
//! nobody has used it. Anything else with the mark in its topic (a copy that somebody made of the ticket, a channel that
//! a backup brought back) belongs to whoever made it, and stays.
//!
//! Each attempt to create the channel has a number of its own, which is part of the mark. But a copy has the mark of what
//! it was copied from, and people edit topics. So an attempt without an answer accounts for one channel at most: the first
//! that shows its number and that Discord made when the attempt could take effect. Attempts that were answered, and those
//! of an opening that this process knows nothing of, account for none.

use std::time::{Duration, SystemTime};

use crate::ids::{ChannelId, RequestId};
use crate::lifecycle::request::ChannelCandidate;
use crate::lifecycle::state::OpenRequest;

/// A creation that got no answer may take effect for a minute more, and for another minute its channel is checked for
/// whether somebody uses it.
const LATE: Duration = Duration::from_secs(150);
/// By how much this machine's measure of time and Discord's may differ.
const CLOCK_SLACK: Duration = Duration::from_secs(5);
/// Whoever copies a ticket and deletes it does both within this time, whichever Discord tells first.
const COPY_WITHIN: Duration = Duration::from_secs(60);
/// So many are remembered: an opening does not try more often.
const MAX: usize = 8;

/// The creations of one ticket, as far as this process knows.
#[derive(Clone, Debug, Default)]
pub(super) struct Creations {
    /// The opening for which one was begun last, by this process or the one before.
    begun: Option<RequestId>,
    unanswered: Vec<Unanswered>,
    ticket: Option<Made>,
}

/// Attempts to create a channel whose outcome is not known.
#[derive(Clone, Debug)]
struct Unanswered {
    request_id: RequestId,
    /// The number of the attempt; none for all that the process before this one may have begun.
    attempt: Option<u32>,
    /// It can take effect no more.
    forget: SystemTime,
    /// The channel that came of each attempt.
    made: Vec<(u32, ChannelId)>,
}

/// What the ticket's channel was made for, and by which attempt.
#[derive(Clone, Copy, Debug)]
struct Made {
    channel: ChannelId,
    request_id: RequestId,
    attempt: u32,
}

/// A ticket's channel that somebody else deleted a moment ago.
#[derive(Clone, Copy, Debug)]
pub(super) struct Orphaned {
    pub channel: ChannelId,
    /// A copy that is seen only then is no reason to open a ticket any more.
    pub forget: SystemTime,
}

impl Orphaned {
    pub(super) fn new(channel: ChannelId, now: SystemTime) -> Self {
        Self { channel, forget: now + COPY_WITHIN }
    }
}

impl Creations {
    /// The number of the next attempt: none before for this opening, and afterwards the time since the press.
    pub(super) fn begin(&mut self, request: &OpenRequest, now: SystemTime) -> u32 {
        let request_id = request.id;
        if self.begun.replace(request_id) != Some(request_id) {
            return 0;
        }
        let since_press = now.duration_since(request.at).unwrap_or_default();
        u32::try_from(since_press.as_millis()).unwrap_or(u32::MAX).max(1)
    }

    /// The process before may have begun some for this opening.
    pub(super) fn resume(&mut self, request_id: RequestId, now: SystemTime) {
        self.begun = Some(request_id);
        self.push(request_id, None, now);
    }

    /// The opening has come to nothing, and its last attempt made nothing.
    pub(super) fn end(&mut self, request_id: RequestId) {
        if self.begun == Some(request_id) && !self.unanswered.iter().any(|one| one.request_id == request_id) {
            self.begun = None;
        }
    }

    /// An attempt got no answer.
    pub(super) fn remember(&mut self, request_id: RequestId, attempt: u32, now: SystemTime) {
        self.push(request_id, Some(attempt), now);
    }

    fn push(&mut self, request_id: RequestId, attempt: Option<u32>, now: SystemTime) {
        if self.unanswered.len() == MAX {
            self.unanswered.remove(0);
        }
        self.unanswered.push(Unanswered { request_id, attempt, forget: now + LATE, made: Vec::new() });
    }

    /// Channels have been seen: which of them came of an attempt that got no answer? Of several with the same number the
    /// oldest did; the others are copies of it.
    pub(super) fn recognize(&mut self, seen: &[ChannelCandidate]) {
        let mut marked: Vec<_> = seen.iter().filter_map(|one| Some((one.channel, one.mark?.1, one.attempt))).collect();
        marked.sort();
        for (channel, request_id, attempt) in marked {
            let of_ticket = self.ticket.is_some_and(|made| (made.request_id, made.attempt) == (request_id, attempt));
            if of_ticket || !is_plausible(channel, request_id, attempt) {
                continue;
            }
            let of_intent = self.unanswered.iter_mut().filter(|one| one.request_id == request_id);
            for one in of_intent.filter(|one| one.attempt.is_none_or(|begun| begun == attempt)) {
                if !one.made.iter().any(|(number, _)| *number == attempt) {
                    one.made.push((attempt, channel));
                }
            }
        }
    }

    /// The ticket's channel is this one, made by this attempt.
    pub(super) fn bind(&mut self, channel: ChannelId, request_id: RequestId, attempt: u32) {
        self.unanswered.retain(|one| (one.request_id, one.attempt) != (request_id, Some(attempt)));
        for one in &mut self.unanswered {
            one.made.retain(|(_, made)| *made != channel);
        }
        self.ticket = Some(Made { channel, request_id, attempt });
    }

    /// The ticket's channel is this one; its mark tells what it was made for, if it has one.
    pub(super) fn bind_marked(&mut self, candidate: &ChannelCandidate) {
        if let Some((_, request_id)) = candidate.mark {
            self.bind(candidate.channel, request_id, candidate.attempt);
        }
    }

    /// Whether this is the ticket's channel, and it is known by which attempt it was made.
    pub(super) fn knows(&self, channel: ChannelId) -> bool {
        self.ticket.is_some_and(|made| made.channel == channel)
    }

    /// Whether the channel came of an attempt that got no answer, and so was made by no hand.
    pub(super) fn is_late(&self, channel: ChannelId) -> bool {
        self.unanswered.iter().any(|one| one.made.iter().any(|(_, made)| *made == channel))
    }

    /// What can take effect no more is not waited for, unless a channel that came of it is still to be looked into.
    pub(super) fn wake(&mut self, sought: &[ChannelCandidate], now: SystemTime) {
        let is_candidate = |channel: ChannelId| sought.iter().any(|candidate| candidate.channel == channel);
        for one in &mut self.unanswered {
            if one.forget <= now && one.made.iter().any(|(_, made)| is_candidate(*made)) {
                one.forget = now + LATE;
            }
        }
        self.unanswered.retain(|one| one.forget > now);
    }

    /// When the next one can take effect no more.
    pub(super) fn deadline(&self) -> Option<SystemTime> {
        self.unanswered.iter().map(|one| one.forget).min()
    }
}

/// Whether Discord made the channel at a time when this attempt could take effect. The number of an attempt tells how long
/// after the press it was begun; both times are Discord's.
fn is_plausible(channel: ChannelId, request_id: RequestId, attempt: u32) -> bool {
    let begun = request_id.made_at() + Duration::from_millis(attempt.into());
    (begun - CLOCK_SLACK..=begun + LATE).contains(&channel.made_at())
}
