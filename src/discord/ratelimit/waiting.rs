//! The requests that wait, in the order in which they are to be sent, and the first one of each bucket.
//!
//! A limit blocks a whole bucket, so only the first request of each bucket is examined, however many wait behind it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use crate::discord::ratelimit::limiter::{BucketKey, QueuePosition};

/// Waiting requests by bucket.
#[derive(Debug, Default)]
pub(super) struct WaitingRequests {
    keys: HashMap<QueuePosition, BucketKey>,
    positions: HashMap<BucketKey, BTreeSet<QueuePosition>>,
    /// The first request of each bucket.
    heads: BTreeMap<QueuePosition, BucketKey>,
}

impl WaitingRequests {
    pub(super) fn insert(&mut self, position: QueuePosition, key: BucketKey) {
        let positions = self.positions.entry(key.clone()).or_default();
        let head = positions.first().copied();
        positions.insert(position);
        if head.is_none_or(|head| position < head) {
            head.map(|head| self.heads.remove(&head));
            self.heads.insert(position, key.clone());
        }
        self.keys.insert(position, key);
    }

    /// Removes a request and returns its bucket, if it was waiting.
    pub(super) fn remove(&mut self, position: QueuePosition) -> Option<BucketKey> {
        let key = self.keys.remove(&position)?;
        let was_head = self.heads.remove(&position).is_some();
        if let Some(positions) = self.positions.get_mut(&key) {
            positions.remove(&position);
            match positions.first() {
                None => drop(self.positions.remove(&key)),
                Some(head) if was_head => drop(self.heads.insert(*head, key.clone())),
                Some(_) => {}
            }
        }
        Some(key)
    }

    /// The first of all waiting requests.
    pub(super) fn first(&self) -> Option<QueuePosition> {
        self.heads.keys().next().copied()
    }

    /// Of the first requests of all buckets, the one after this position.
    pub(super) fn head_after(&self, position: Option<QueuePosition>) -> Option<(QueuePosition, BucketKey)> {
        let after = position.map_or(Bound::Unbounded, Bound::Excluded);
        self.heads.range((after, Bound::Unbounded)).next().map(|(position, key)| (*position, key.clone()))
    }

    /// The bucket that a waiting request belongs to.
    pub(super) fn key(&self, position: QueuePosition) -> Option<&BucketKey> {
        self.keys.get(&position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discord::ratelimit::limiter::RateLimiter;
    use crate::discord::request::Priority;

    #[test]
    fn the_heads_of_all_buckets_are_visited_in_the_order_of_arrival_however_others_come_and_go() {
        let mut limiter = RateLimiter::default();
        let mut positions = || limiter.next_position(Priority::User);
        let [first, second, third, fourth, fifth] = std::array::from_fn(|_| positions());
        let bucket = |major| BucketKey { name: "POST".into(), major };
        let mut waiting = WaitingRequests::default();
        // The earliest request may be inserted last: one that was rejected keeps its position.
        for (position, major) in [(second, 1), (fourth, 2), (third, 1), (fifth, 3), (first, 2)] {
            waiting.insert(position, bucket(major));
        }
        let heads = |waiting: &WaitingRequests| {
            let mut last = None;
            std::iter::from_fn(|| {
                last = waiting.head_after(last)?.0.into();
                last
            })
            .collect::<Vec<_>>()
        };
        assert_eq!(heads(&waiting), [first, second, fifth]);
        assert_eq!(waiting.remove(second), Some(bucket(1)));
        assert_eq!(heads(&waiting), [first, third, fifth]);
        assert_eq!(
            (waiting.remove(fourth), waiting.remove(fourth)),
            (Some(bucket(2)), None),
            "not the first of its bucket"
        );
        assert_eq!(heads(&waiting), [first, third, fifth]);
        for position in [first, third, fifth] {
            assert_eq!(waiting.first(), Some(position));
            waiting.remove(position);
        }
        assert_eq!(waiting.first(), None);
        assert!(waiting.positions.is_empty() && waiting.heads.is_empty() && waiting.keys.is_empty());
    }
}
