//! Exponential backoff with jitter.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use crate::discord::random_fraction;

/// Pauses between attempts: each is twice the one before, up to a maximum, and is shortened by up to a quarter at random,
/// so that bots that lost the same server do not reconnect in step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    max: Duration,
    next: Duration,
}

impl Backoff {
    /// The first attempt follows at once, the second after `first`, and no pause exceeds `max`.
    pub(crate) const fn new(first: Duration, max: Duration) -> Self {
        Self { first, max, next: Duration::ZERO }
    }

    /// The pause before the next attempt. Doubles the one after it.
    pub(crate) fn next_pause(&mut self) -> Duration {
        let pause = self.next.mul_f64(1.0 - 0.25 * random_fraction());
        self.next = (self.next * 2).clamp(self.first, self.max);
        pause
    }

    /// Makes the next pause at least this long.
    pub(super) fn raise_next_pause(&mut self, pause: Duration) {
        self.next = self.next.max(pause);
    }

    /// Starts over without a pause, after an attempt that succeeded for long enough.
    pub(super) const fn reset(&mut self) {
        *self = Self::new(self.first, self.max);
    }
}

/// A URL path segment that another process on this machine cannot guess.
pub(super) fn generate_path_segment() -> String {
    let half = || RandomState::new().hash_one(0_u8);
    format!("{:016x}{:016x}", half(), half())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_attempt_is_made_at_once_and_pauses_grow_to_the_maximum() {
        let (first, max) = (Duration::from_secs(1), Duration::from_secs(8));
        let mut backoff = Backoff::new(first, max);
        assert_eq!(backoff.next_pause(), Duration::ZERO);
        for whole in [1, 2, 4, 8, 8, 8] {
            let whole = Duration::from_secs(whole);
            let pause = backoff.next_pause();
            assert!(pause <= whole && pause >= whole.mul_f64(0.75), "{pause:?} of {whole:?}");
        }
        backoff.reset();
        assert_eq!(backoff.next_pause(), Duration::ZERO);
    }

    #[test]
    fn path_segments_differ() {
        assert_ne!(generate_path_segment(), generate_path_segment());
    }
}
