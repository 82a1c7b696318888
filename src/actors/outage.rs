//! An outage of the gateway, as the log tells it: once when it has lasted, and once when it is over. Each attempt in
//! between is the gateway supervisor's to log.

use std::time::Duration;

use tokio::time::Instant;

/// A session that is not live for this long is told. An ordinary reconnect takes less.
const LASTING: Duration = Duration::from_secs(20);

/// Whether there is an outage, and whether it has been told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Outage {
    /// The session is live, as far as is known.
    #[default]
    None,
    /// It is not live, and that may be over in a moment.
    Short {
        /// Since when.
        since: Instant,
    },
    /// It is not live, and the operator knows.
    Route {
        /// Since when.
        since: Instant,
    },
}

/// What the operator should be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// The session has not been live for so long.
    Lasting(Duration),
    /// The session is live again, after so long.
    Over(Duration),
}

impl Outage {
    /// Takes down whether the session is live.
    pub(super) fn observe(&mut self, live: bool, now: Instant) -> Option<News> {
        match *self {
            Self::None if !live => *self = Self::Short { since: now },
            Self::Short { .. } if live => *self = Self::None,
            Self::Short { since } if now - since >= LASTING => {
                *self = Self::Route { since };
                return Some(News::Lasting(now - since));
            }
            Self::Route { since } if live => {
                *self = Self::None;
                return Some(News::Over(now - since));
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_told_once_when_it_lasts_and_once_when_it_is_over() {
        let (mut outage, begin) = (Outage::default(), Instant::now());
        let mut told = Vec::new();
        for second in 0..200_u32 {
            let live = !(10..15).contains(&second) && !(50..150).contains(&second);
            let news = outage.observe(live, begin + Duration::from_secs(second.into()));
            told.extend(news.map(|news| (second, news)));
        }
        let seconds = Duration::from_secs;
        assert_eq!(told, [(70, News::Lasting(LASTING)), (150, News::Over(seconds(100)))]);
    }
}
