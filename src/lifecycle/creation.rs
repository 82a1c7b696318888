//! Channels that may have been made without anybody hearing of it.
//!
//! A creation that got no answer may take effect all the same, also after another one was made in its place. Such a
//! channel is the only one that is ever removed without having been closed: it was made by this bot, for this press,
//! and nobody has used it. Anything else that carries the mark in its topic (a copy that somebody made of the ticket, a
//! channel that a backup brought back) belongs to whoever made it, and stays.

use std::time::{Duration, SystemTime};

use crate::ids::{ChannelId, Intent};
use crate::lifecycle::call::Sighting;
use crate::lifecycle::state::Asker;

/// A creation that got no answer may take effect until so long afterwards.
const LATE: Duration = Duration::from_secs(60);
/// So many are remembered: an opening does not try more often.
const MAX: usize = 8;

/// The creations of one ticket of which it is not known what came of them. None of it is saved: after a restart, a channel
/// of which nobody knows who made it stays.
#[derive(Clone, Debug, Default)]
pub(super) struct Creations {
    unanswered: Vec<Unanswered>,
    /// Channels that came of such a creation, beside the ticket's own.
    late: Vec<ChannelId>,
}

#[derive(Clone, Debug)]
struct Unanswered {
    intent: Intent,
    /// By Discord's clock: a channel that was made later does not come of it.
    until: SystemTime,
    /// By this machine's clock.
    forget: SystemTime,
}

impl Creations {
    /// A creation that was begun for this press, now or by a process before, got no answer.
    pub(super) fn remember(&mut self, asker: &Asker, now: SystemTime) {
        if self.unanswered.len() == MAX {
            self.unanswered.remove(0);
        }
        let since_press = now.duration_since(asker.at).unwrap_or_default();
        let intent = asker.intent();
        let until = intent.made_at() + since_press + LATE;
        self.unanswered.push(Unanswered { intent, until, forget: now + LATE });
    }

    /// This channel came of one of them.
    pub(super) fn resolve(&mut self, channel: ChannelId, intent: Intent) -> bool {
        let fits = |one: &Unanswered| one.intent == intent && channel.made_at() <= one.until;
        let place = self.unanswered.iter().position(fits);
        place.map(|place| self.unanswered.remove(place)).is_some()
    }

    /// Whether the channel came of a creation of this ticket, and not of somebody's hand.
    pub(super) fn is_late(&mut self, sighting: &Sighting) -> bool {
        let Some((_, intent)) = sighting.mark else { return false };
        if !self.late.contains(&sighting.channel) {
            if !self.resolve(sighting.channel, intent) {
                return false;
            }
            self.late.push(sighting.channel);
        }
        true
    }

    /// The channel is gone, or is somebody's ticket.
    pub(super) fn forget(&mut self, channel: ChannelId) {
        self.late.retain(|late| *late != channel);
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
