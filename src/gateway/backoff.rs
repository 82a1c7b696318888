//! Pauses that grow.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use crate::discord::random_fraction;

/// Pauses between attempts: each twice as long as the one before, up to the longest, and each cut by up to a quarter at
/// random, so that many bots that lost the same server do not come back in step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    /// The first attempt after a success is made at once, the second after `first`.
    pub(crate) const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, next: Duration::ZERO }
    }

    /// How long to wait before the next attempt.
    pub(crate) fn pause(&mut self) -> Duration {
        let pause = self.next.mul_f64(1.0 - 0.25 * random_fraction());
        self.next = (self.next * 2).clamp(self.first, self.longest);
        pause
    }

    /// The next pauses are at least this long.
    pub(super) fn at_least(&mut self, pause: Duration) {
        self.next = self.next.max(pause);
    }

    /// The last attempt led to something that lasted.
    pub(super) const fn reset(&mut self) {
        *self = Self::new(self.first, self.longest);
    }
}

/// A name that another process on this machine cannot guess.
pub(super) fn random_name() -> String {
    let half = || RandomState::new().hash_one(0_u8);
    format!("{:016x}{:016x}", half(), half())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_attempt_is_made_at_once_and_pauses_grow_to_the_longest() {
        let (first, longest) = (Duration::from_secs(1), Duration::from_secs(8));
        let mut backoff = Backoff::new(first, longest);
        assert_eq!(backoff.pause(), Duration::ZERO);
        for whole in [1, 2, 4, 8, 8, 8] {
            let whole = Duration::from_secs(whole);
            let pause = backoff.pause();
            assert!(pause <= whole && pause >= whole.mul_f64(0.75), "{pause:?} of {whole:?}");
        }
        backoff.reset();
        assert_eq!(backoff.pause(), Duration::ZERO);
    }

    #[test]
    fn names_differ() {
        assert_ne!(random_name(), random_name());
    }
}
