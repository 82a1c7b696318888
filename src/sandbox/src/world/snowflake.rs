//! Ids as Discord makes them: the time in the upper bits, so that sorting by id sorts by age
//! (Discord documentation, *API Reference*, "Snowflakes").

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};

/// The first millisecond of 2015, from which Discord counts.
const EPOCH: u64 = 1_420_070_400_000;
const TIME_SHIFT: u32 = 22;

/// The id of anything: a guild, a person, a channel, a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Snowflake(pub u64);

impl Snowflake {
    /// When the thing with this id was made.
    #[must_use]
    pub fn time(self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis((self.0 >> TIME_SHIFT) + EPOCH)
    }

    /// The id as a plain number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Snowflake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Snowflake {
    type Err = ParseIntError;

    fn from_str(digits: &str) -> Result<Self, Self::Err> {
        digits.parse().map(Self)
    }
}

impl From<u64> for Snowflake {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl From<Snowflake> for u64 {
    fn from(id: Snowflake) -> Self {
        id.0
    }
}

/// Discord sends ids as strings, since JavaScript cannot hold them as numbers.
impl Serialize for Snowflake {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// Makes ids that only ever grow, even when the clock stands still or steps back.
#[derive(Clone, Debug, Default)]
pub(super) struct Mint {
    last: u64,
}

impl Mint {
    pub(super) fn next(&mut self, now: SystemTime) -> Snowflake {
        let millis = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let first = u64::try_from(millis).unwrap_or(0).saturating_sub(EPOCH) << TIME_SHIFT;
        self.last = first.max(self.last + 1);
        Snowflake(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_its_time() {
        let now = UNIX_EPOCH + Duration::from_millis(1_700_000_000_123);
        assert_eq!(Mint::default().next(now).time(), now);
    }

    #[test]
    fn ids_grow_when_the_clock_steps_back() {
        let mut mint = Mint::default();
        let later = mint.next(UNIX_EPOCH + Duration::from_secs(1_700_000_001));
        let earlier = mint.next(UNIX_EPOCH + Duration::from_secs(1_700_000_000));
        assert!(earlier > later);
    }
}
