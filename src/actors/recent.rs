//! Which presses and commands were heard lately.
//!
//! Discord replays events after a resumed connection, and now and then sends one twice. A press that is handled twice
//! would be answered twice.

use std::collections::{HashSet, VecDeque};

use crate::ids::Intent;

/// As many as could be replayed after a pause of a few minutes on a busy server.
const KEPT: usize = 4096;

/// The last few thousand presses and commands.
#[derive(Debug, Default)]
pub struct Recent {
    order: VecDeque<Intent>,
    known: HashSet<Intent>,
}

impl Recent {
    /// Whether this one is heard for the first time; from now on it is known.
    pub fn is_new(&mut self, intent: Intent) -> bool {
        if !self.known.insert(intent) {
            return false;
        }
        self.order.push_back(intent);
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_heard_twice_is_new_once() {
        let mut recent = Recent::default();
        assert!(recent.is_new(Intent(1)));
        assert!(!recent.is_new(Intent(1)));
        assert!(recent.is_new(Intent(2)));
    }

    #[test]
    fn memory_of_it_is_bounded() {
        let mut recent = Recent::default();
        for press in 0..2 * KEPT as u64 {
            assert!(recent.is_new(Intent(press)));
        }
        assert_eq!(recent.known.len(), KEPT);
        assert!(recent.is_new(Intent(0)), "so old that it is forgotten");
    }
}
