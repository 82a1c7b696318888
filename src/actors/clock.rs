//! The one place that asks what time it is. Everybody else is told.
//!
//! It guards one decision: time never goes back. A clock that is set back would make every deadline that much later, and a
//! member would look at a ticket that does not close. So it goes on from where it was, as fast as time does, until the
//! machine's clock has caught up or the bot is started again.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// What it was last time, and when that was by a clock that cannot be set.
static LAST: Mutex<Option<(SystemTime, Instant)>> = Mutex::new(None);

/// Now, to the millisecond, which is what the store keeps: a time that was saved and read back is the same time.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn now() -> SystemTime {
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let (now, steady) = (SystemTime::now(), Instant::now());
    let now = last.map_or(now, |last| later(last, now, steady));
    *last = Some((now, steady));
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
}

/// What the machine's clock says, or what it would say had it not been set back.
fn later((then, begun): (SystemTime, Instant), now: SystemTime, steady: Instant) -> SystemTime {
    now.max(then + steady.duration_since(begun))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_goes_on_and_one_that_is_set_forward_is_followed() {
        let (noon, begun) = (SystemTime::UNIX_EPOCH + Duration::from_secs(43_200), Instant::now());
        let second = Duration::from_secs(1);
        let hour = Duration::from_secs(3_600);
        for (clock, expected) in
            [(noon + second, noon + second), (noon - hour, noon + second), (noon + hour, noon + hour)]
        {
            assert_eq!(later((noon, begun), clock, begun + second), expected);
        }
    }
}
