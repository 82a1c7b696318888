//! Chance that can be repeated: the same seed always falls the same way.

use std::time::Duration;

/// `SplitMix64`: small, fast, and good enough to choose among misfortunes.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        // Neighbouring seeds must not begin alike.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.next() % sides.max(1)
    }

    /// It happens so many times in a thousand.
    pub fn happens(&mut self, per_mille: u64) -> bool {
        self.roll(1000) < per_mille
    }

    pub fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        let place = self.roll(among.len() as u64);
        among[usize::try_from(place).unwrap_or_default()]
    }

    /// So many milliseconds, the ends included.
    pub fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.roll(to - from + 1))
    }
}
