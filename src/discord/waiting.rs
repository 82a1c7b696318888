//! The requests that wait, in their order, and which of them is the first of its lane.
//!
//! A limit holds up a whole lane, so only the first of each lane has to be looked at, however many wait behind it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use crate::discord::limits::{Lane, Turn};

/// Waiting requests by lane.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    lanes: HashMap<Turn, Lane>,
    turns: HashMap<Lane, BTreeSet<Turn>>,
    /// The first of each lane.
    heads: BTreeMap<Turn, Lane>,
}

impl Waiting {
    /// Adds a request to its lane.
    pub(super) fn insert(&mut self, turn: Turn, lane: Lane) {
        let turns = self.turns.entry(lane.clone()).or_default();
        let head = turns.first().copied();
        turns.insert(turn);
        if head.is_none_or(|head| turn < head) {
            head.map(|head| self.heads.remove(&head));
            self.heads.insert(turn, lane.clone());
        }
        self.lanes.insert(turn, lane);
    }

    /// Takes a request out; its lane, if it waited.
    pub(super) fn remove(&mut self, turn: Turn) -> Option<Lane> {
        let lane = self.lanes.remove(&turn)?;
        let was_head = self.heads.remove(&turn).is_some();
        if let Some(turns) = self.turns.get_mut(&lane) {
            turns.remove(&turn);
            match turns.first() {
                None => drop(self.turns.remove(&lane)),
                Some(head) if was_head => drop(self.heads.insert(*head, lane.clone())),
                Some(_) => {}
            }
        }
        Some(lane)
    }

    /// The first of all.
    pub(super) fn first(&self) -> Option<Turn> {
        self.heads.keys().next().copied()
    }

    /// Of the first ones of all lanes, the next after this one in the order of all requests.
    pub(super) fn head_after(&self, turn: Option<Turn>) -> Option<(Turn, Lane)> {
        let after = turn.map_or(Bound::Unbounded, Bound::Excluded);
        self.heads.range((after, Bound::Unbounded)).next().map(|(turn, lane)| (*turn, lane.clone()))
    }

    /// The lane in which a request waits.
    pub(super) fn lane(&self, turn: Turn) -> Option<&Lane> {
        self.lanes.get(&turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discord::limits::Limits;
    use crate::discord::wire::Class;

    #[test]
    fn the_heads_of_all_lanes_are_passed_in_the_order_of_arrival_however_others_come_and_go() {
        let mut limits = Limits::default();
        let mut turns = || limits.turn(Class::Ticket);
        let [first, second, third, fourth, fifth] = std::array::from_fn(|_| turns());
        let lane = |major| Lane { kind: "POST".into(), major };
        let mut waiting = Waiting::default();
        // Whoever came first may be put in last: a request that was refused keeps its place.
        for (turn, major) in [(second, 1), (fourth, 2), (third, 1), (fifth, 3), (first, 2)] {
            waiting.insert(turn, lane(major));
        }
        let heads = |waiting: &Waiting| {
            let mut last = None;
            std::iter::from_fn(|| {
                last = waiting.head_after(last)?.0.into();
                last
            })
            .collect::<Vec<_>>()
        };
        assert_eq!(heads(&waiting), [first, second, fifth]);
        assert_eq!(waiting.remove(second), Some(lane(1)));
        assert_eq!(heads(&waiting), [first, third, fifth]);
        assert_eq!(
            (waiting.remove(fourth), waiting.remove(fourth)),
            (Some(lane(2)), None),
            "not the first of its lane"
        );
        assert_eq!(heads(&waiting), [first, third, fifth]);
        for turn in [first, third, fifth] {
            assert_eq!(waiting.first(), Some(turn));
            waiting.remove(turn);
        }
        assert_eq!(waiting.first(), None);
        assert!(waiting.turns.is_empty() && waiting.heads.is_empty() && waiting.lanes.is_empty());
    }
}
