//! Which presses and commands were heard lately.
//!
//! Discord replays events after a resumed connection, and now and then sends one twice. A press that is handled twice
//! would be answered twice.

use std::collections::{HashSet, VecDeque};

use crate::ids::RequestId;

/// As many as could be replayed after a pause of a few minutes on a busy server.
const KEPT: usize = 4096;

/// The last few thousand presses and commands.
#[derive(Debug, Default)]
pub struct Recent {
    order: VecDeque<RequestId>,
    known: HashSet<RequestId>,
}

impl Recent {
    /// Whether this one is heard for the first time; from now on it is known.
    pub fn is_new(&mut self, request_id: RequestId) -> bool {
        if !self.known.insert(request_id) {
            return false;
        }
        self.order.push_back(request_id);
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
        assert!(recent.is_new(RequestId(1)));
        assert!(!recent.is_new(RequestId(1)));
        assert!(recent.is_new(RequestId(2)));
    }

    #[test]
    fn memory_of_it_is_bounded() {
        let mut recent = Recent::default();
        for press in 0..2 * KEPT as u64 {
            assert!(recent.is_new(RequestId(press)));
        }
        assert_eq!(recent.known.len(), KEPT);
        assert!(recent.is_new(RequestId(0)), "so old that it is forgotten");
    }
}
