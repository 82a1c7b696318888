//! Who made a channel that carries our mark?
//!
//! A creation that got no answer may take effect all the same, also after another one was made in its place. Such a
//! channel is the only one that is ever removed without having been closed: it was made by this bot, for this press, and
//! nobody has used it. Anything else with the mark in its topic (a copy that somebody made of the ticket, a channel that
//! a backup brought back) belongs to whoever made it, and stays.
//!
//! They can be told apart, because each attempt to create the channel has a number of its own, which is part of the mark:
//! a copy has the number of what it was copied from, and nobody copies a channel in which nothing was ever said.

use std::time::{Duration, SystemTime};

use crate::ids::{ChannelId, Intent};
use crate::lifecycle::call::Sighting;
use crate::lifecycle::state::Asker;

/// A creation that got no answer may take effect for a minute more, and then it is looked for another one whether somebody
/// uses the channel.
const LATE: Duration = Duration::from_secs(150);
/// So many are remembered: an opening does not try more often.
const MAX: usize = 8;

/// The creations of one ticket, as far as this process knows.
#[derive(Clone, Debug, Default)]
pub(super) struct Creations {
    /// The opening for which one was begun last, by this process or the one before.
    begun: Option<Intent>,
    unanswered: Vec<Unanswered>,
    ticket: Option<Made>,
}

#[derive(Clone, Debug)]
struct Unanswered {
    intent: Intent,
    attempt: u32,
    /// It can take effect no more.
    forget: SystemTime,
}

/// What the ticket's channel was made for, and by which attempt.
#[derive(Clone, Copy, Debug)]
struct Made {
    channel: ChannelId,
    intent: Intent,
    attempt: u32,
}

impl Creations {
    /// The number of the next attempt: none before for this opening, and afterwards the time since the press.
    pub(super) fn begin(&mut self, asker: &Asker, now: SystemTime) -> u32 {
        let intent = asker.intent();
        if self.begun.replace(intent) != Some(intent) {
            return 0;
        }
        let since_press = now.duration_since(asker.at).unwrap_or_default();
        u32::try_from(since_press.as_millis()).unwrap_or(u32::MAX).max(1)
    }

    /// The process before may have begun one for this opening.
    pub(super) fn resume(&mut self, intent: Intent) {
        self.begun = Some(intent);
    }

    /// The opening has come to nothing, and its last attempt made nothing.
    pub(super) fn end(&mut self, intent: Intent) {
        if self.begun == Some(intent) && !self.unanswered.iter().any(|one| one.intent == intent) {
            self.begun = None;
        }
    }

    /// An attempt got no answer.
    pub(super) fn remember(&mut self, intent: Intent, attempt: u32, now: SystemTime) {
        if self.unanswered.len() == MAX {
            self.unanswered.remove(0);
        }
        self.unanswered.push(Unanswered { intent, attempt, forget: now + LATE });
    }

    /// The ticket's channel is this one, made by this attempt.
    pub(super) fn bind(&mut self, channel: ChannelId, intent: Intent, attempt: u32) {
        self.unanswered.retain(|one| (one.intent, one.attempt) != (intent, attempt));
        self.ticket = Some(Made { channel, intent, attempt });
    }

    /// The ticket's channel is this one; its mark tells what it was made for, if it has one.
    pub(super) fn bind_marked(&mut self, sighting: &Sighting) {
        if let Some((_, intent)) = sighting.mark {
            self.bind(sighting.channel, intent, sighting.attempt);
        }
    }

    /// Whether this is the ticket's channel, and it is known by which attempt it was made.
    pub(super) fn knows(&self, channel: ChannelId) -> bool {
        self.ticket.is_some_and(|made| made.channel == channel)
    }

    /// Whether the channel came of an attempt that is not the one of the ticket's channel, and so was made by no hand.
    pub(super) fn is_late(&self, sighting: &Sighting, ticket: Option<ChannelId>) -> bool {
        let Some((_, intent)) = sighting.mark else { return false };
        let made = self.ticket.filter(|made| Some(made.channel) == ticket && made.intent == intent);
        match made {
            Some(made) => made.attempt != sighting.attempt,
            None => self.unanswered.iter().any(|one| one.intent == intent && one.attempt == sighting.attempt),
        }
    }

    /// What can take effect no more is not waited for.
    pub(super) fn wake(&mut self, now: SystemTime) {
        self.unanswered.retain(|one| one.forget > now);
    }

    /// When the next one can take effect no more.
    pub(super) fn deadline(&self) -> Option<SystemTime> {
        self.unanswered.iter().map(|one| one.forget).min()
    }
}
