//! Who asks for the same thing again and again.
//!
//! What somebody asks for is done however often they ask. But a refusal in writing is read by everybody in the channel,
//! and takes room there that an announcement needs; so one in a few seconds has to do, and the journal does not keep the
//! rest. Memory of it is bounded: should too many be remembered, all are forgotten, and each is answered once more.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use crate::ids::{ChannelId, Command, GuildId, Owner, UserId};

/// So often the same request is answered. Whoever was refused may try once more at once: what they ask for may have
/// become possible.
const EVERY: Duration = Duration::from_secs(5);
/// So many requests of one person in a minute, in all channels together, and every further one counts as a repeat.
const PER_MINUTE: u32 = 20;
const MINUTE: Duration = Duration::from_secs(60);
/// So many requests are remembered, and so many people.
const KEPT: usize = 4096;

/// What is asked for, by whom and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// The server.
    pub guild: GuildId,
    /// Who asks.
    pub user: UserId,
    /// What for.
    pub command: Command,
    /// Where it was written; none where a button or a slash command asked, which is answered in private.
    pub written_in: Option<ChannelId>,
}

/// The requests of the last seconds.
#[derive(Debug, Default)]
pub struct Repeats {
    /// When the same request will have been answered no oftener than it may.
    requests: HashMap<Request, SystemTime>,
    people: HashMap<UserId, Minute>,
}

/// What one person asked for since then.
#[derive(Clone, Copy, Debug)]
struct Minute {
    since: SystemTime,
    requests: u32,
}

impl Repeats {
    /// Whether the same was asked for a moment ago; if not, it is remembered.
    pub fn is_repeated(&mut self, request: Request, now: SystemTime) -> bool {
        // Further ahead than any request can bring it: the clock was set back, and silences nobody.
        let is_plausible = |even: &SystemTime| (now..=now + 2 * EVERY).contains(even);
        let even = self.requests.get(&request).copied().filter(is_plausible).unwrap_or(now);
        if even > now + EVERY || !self.is_within_budget(request.user, now) {
            return true;
        }
        make_room(&mut self.requests, |even| *even > now);
        self.requests.insert(request, even + EVERY);
        false
    }

    /// What this member asked for has been done: the same is something else now.
    pub fn forget(&mut self, owner: Owner) {
        self.requests.retain(|request, _| (request.guild, request.user) != (owner.guild, owner.member));
    }

    fn is_within_budget(&mut self, user: UserId, now: SystemTime) -> bool {
        make_room(&mut self.people, |minute| is_within(MINUTE, minute.since, now));
        let minute = self.people.entry(user).or_insert(Minute { since: now, requests: 0 });
        if !is_within(MINUTE, minute.since, now) {
            *minute = Minute { since: now, requests: 0 };
        }
        minute.requests = minute.requests.saturating_add(1);
        minute.requests <= PER_MINUTE
    }
}

/// A clock that was set back makes nothing a repeat.
fn is_within(span: Duration, since: SystemTime, now: SystemTime) -> bool {
    now.duration_since(since).is_ok_and(|passed| passed < span)
}

fn make_room<K, V>(kept: &mut HashMap<K, V>, is_recent: impl Fn(&V) -> bool) {
    if kept.len() < KEPT {
        return;
    }
    kept.retain(|_, value| is_recent(value));
    if kept.len() >= KEPT {
        kept.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOSE: Request =
        Request { guild: GuildId(1), user: UserId(7), command: Command::Close, written_in: Some(ChannelId(50)) };

    fn at(millis: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
    }

    #[test]
    fn the_second_one_and_one_in_five_seconds_are_no_repeats_however_many_there_are() {
        let mut repeats = Repeats::default();
        let answered: Vec<u64> =
            (0..150).map(|turn| turn * 100).filter(|millis| !repeats.is_repeated(CLOSE, at(*millis))).collect();
        assert_eq!(answered, [0, 100, 5_000, 10_000]);
    }

    #[test]
    fn another_person_channel_or_command_is_no_repeat() {
        let mut repeats = Repeats::default();
        let others = [
            CLOSE,
            Request { user: UserId(8), ..CLOSE },
            Request { written_in: Some(ChannelId(51)), ..CLOSE },
            Request { written_in: None, ..CLOSE },
            Request { command: Command::Ticket, ..CLOSE },
            Request { guild: GuildId(2), ..CLOSE },
        ];
        for millis in [0, 1] {
            for request in others {
                assert!(!repeats.is_repeated(request, at(millis)), "{request:?}");
            }
        }
        for request in others {
            assert!(repeats.is_repeated(request, at(4_999)), "{request:?}");
        }
    }

    #[test]
    fn after_something_came_of_it_the_same_is_no_repeat() {
        let mut repeats = Repeats::default();
        let other = Request { user: UserId(8), ..CLOSE };
        for _ in 0..2 {
            assert!(!repeats.is_repeated(CLOSE, at(0)) && !repeats.is_repeated(other, at(0)));
        }
        repeats.forget(Owner { guild: GuildId(1), member: UserId(7) });
        assert!(!repeats.is_repeated(CLOSE, at(10)));
        assert!(repeats.is_repeated(other, at(10)), "of somebody else");
    }

    #[test]
    fn who_asks_in_many_channels_is_not_answered_in_all_of_them() {
        let mut repeats = Repeats::default();
        let mut ask = |channel, millis| {
            repeats.is_repeated(Request { written_in: Some(ChannelId(channel)), ..CLOSE }, at(millis))
        };
        assert_eq!((0..500).filter(|channel| !ask(*channel, 10)).count(), 20);
        assert!(!ask(900, 60_010), "a minute later");
        let other = Request { user: UserId(8), ..CLOSE };
        assert!(!repeats.is_repeated(other, at(60_011)));
    }

    #[test]
    fn a_clock_that_is_set_back_silences_nobody() {
        let mut repeats = Repeats::default();
        assert!(!repeats.is_repeated(CLOSE, at(100_000)));
        assert!(!repeats.is_repeated(CLOSE, at(1_000)));
    }

    #[test]
    fn memory_of_it_is_bounded() {
        let mut repeats = Repeats::default();
        for user in 0..3 * KEPT as u64 {
            assert!(!repeats.is_repeated(Request { user: UserId(user), ..CLOSE }, at(0)));
        }
        assert!(repeats.requests.len() <= KEPT && repeats.people.len() <= KEPT);
    }
}
