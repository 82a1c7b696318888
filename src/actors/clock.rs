//! The one place that asks what time it is. Everybody else is told.

use std::time::{Duration, SystemTime};

/// Now, to the millisecond, which is what the store keeps: a time that was saved and read back is the same time.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn now() -> SystemTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
}
