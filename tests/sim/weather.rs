//! What can go wrong in one game, and how likely it is.
//!
//! Each seed chooses a few kinds of misfortune and leaves the others out: where everything fails at once, little
//! happens, and where only one thing fails, the trace is short.

use crate::dice::Dice;

/// Misfortunes, each as so many in a thousand, or as so many in the game.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// A request never arrives.
    pub lost_before: u64,
    /// It arrives, and its answer does not.
    pub lost_after: u64,
    /// A proxy answers 5xx, without or with the effect.
    pub error_before: u64,
    pub error_after: u64,
    /// 429: it is made again later.
    pub limited: u64,
    /// 429 for so long that whoever waits is told, and it is not made.
    pub held_up: u64,
    /// It takes seconds.
    pub slow: u64,
    /// It takes effect after it was given up.
    pub late: u64,
    /// Discord says of a channel which exists that it does not.
    pub denied: u64,
    /// An event is told twice, or seconds late.
    pub event_twice: u64,
    pub event_late: u64,
    /// The process dies within a step: before it is saved, after it, or between two calls.
    pub die_in_step: u64,
    /// One ticket's actor panics.
    pub panic: u64,
    /// The disk does not take one change.
    pub unsaved: u64,
    /// The disk takes up to half a minute for one job.
    pub slow_disk: u64,
    /// The process is killed, stopped politely, or loses the gateway.
    pub kills: u64,
    pub stops: u64,
    pub hangups: u64,
    /// Discord answers nothing for a while; the server is out of sight for a while; the disk is broken for a while.
    pub outages: u64,
    pub eclipses: u64,
    pub disk_failures: u64,
    /// An administrator takes a right away and gives it back later; fills the category; deletes things.
    pub rights: u64,
    pub full: u64,
    pub deletions: u64,
    /// Somebody clones a ticket's channel, and perhaps deletes the original.
    pub copies: u64,
    /// A moderator syncs a ticket's permissions with the category, which names no member.
    pub syncs: u64,
    /// The category or the support role is deleted for good.
    pub ruin: bool,
    /// Somebody leaves the server.
    pub leave: bool,
}

impl Weather {
    pub fn choose(dice: &mut Dice) -> Self {
        // One game in eight goes without any misfortune: there, the promises hold to the letter.
        if dice.roll(8) == 0 {
            return Self::default();
        }
        let kinds = dice.pick(&[120, 300, 600]);
        let mut often = |rates: &[u64]| if dice.happens(kinds) { dice.pick(rates) } else { 0 };
        Self {
            lost_before: often(&[10, 50, 200]),
            lost_after: often(&[10, 50, 200]),
            error_before: often(&[10, 50, 200]),
            error_after: often(&[10, 50, 200]),
            limited: often(&[50, 200]),
            held_up: often(&[20, 100]),
            slow: often(&[50, 200]),
            late: often(&[10, 50, 200]),
            denied: often(&[20, 100]),
            event_twice: often(&[50, 300]),
            event_late: often(&[20, 100]),
            die_in_step: often(&[5, 20, 60]),
            panic: often(&[5, 20]),
            unsaved: often(&[10, 100]),
            slow_disk: often(&[20, 100, 400]),
            kills: often(&[1, 2, 4]),
            stops: often(&[1, 2]),
            hangups: often(&[1, 2, 4]),
            outages: often(&[1, 2]),
            eclipses: often(&[1]),
            disk_failures: often(&[1, 2]),
            rights: often(&[1, 2]),
            full: often(&[1]),
            deletions: often(&[1, 3]),
            copies: often(&[1, 3]),
            ruin: often(&[0, 0, 1]) > 0,
            leave: often(&[1]) > 0,
            syncs: often(&[1, 3]),
        }
    }

    /// Every request gets its answer in good time.
    pub fn is_clear(&self) -> bool {
        let faults = [
            self.lost_before,
            self.lost_after,
            self.error_before,
            self.error_after,
            self.slow,
            self.late,
            self.denied,
            self.limited,
            self.held_up,
            self.outages,
        ];
        faults == [0; 10]
    }

    /// The bot is always there, and every event reaches it at once.
    pub fn hears_everything(&self) -> bool {
        [self.event_late, self.die_in_step, self.panic, self.kills, self.stops, self.hangups, self.eclipses] == [0; 7]
    }

    /// The disk takes everything.
    pub fn saves(&self) -> bool {
        self.unsaved + self.disk_failures == 0
    }
}
