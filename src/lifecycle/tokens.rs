//! Tokens of presses, and their end: whoever has one can answer in the bot's name, so none is kept for longer than
//! Discord takes it.

use std::time::SystemTime;

use crate::lifecycle::reply::EDIT_WITHIN;
use crate::lifecycle::state::{Asker, Closing, Entrance, Opening, Refused, State};

impl Asker {
    /// When the token of their press expires, if there is one.
    fn token_end(&self) -> Option<SystemTime> {
        match &self.entrance {
            Entrance::Press(press) if !press.token.is_empty() => Some(self.at + EDIT_WITHIN),
            Entrance::Press(_) | Entrance::Command { .. } => None,
        }
    }

    fn forget_token(&mut self, now: SystemTime) {
        let over = self.token_end().is_some_and(|end| end <= now);
        if let Entrance::Press(press) = &mut self.entrance
            && over
        {
            press.token.clear();
        }
    }
}

impl State {
    /// When the first of the tokens in it expires.
    #[must_use]
    pub fn token_end(&self) -> Option<SystemTime> {
        let (first, second) = match self {
            Self::Absent | Self::Open { .. } => (None, None),
            Self::Opening(Opening { asker, .. }) | Self::Refused(Refused { asker, .. }) => (Some(asker), None),
            Self::Closing(Closing { asker, opening, .. }) => {
                (Some(asker), opening.as_ref().map(|opening| &opening.asker))
            }
        };
        [first, second].into_iter().flatten().filter_map(Asker::token_end).min()
    }

    /// Forgets the tokens that have expired.
    pub fn forget_tokens(&mut self, now: SystemTime) {
        match self {
            Self::Absent | Self::Open { .. } => {}
            Self::Opening(Opening { asker, .. }) | Self::Refused(Refused { asker, .. }) => asker.forget_token(now),
            Self::Closing(Closing { asker, opening, .. }) => {
                asker.forget_token(now);
                if let Some(opening) = opening {
                    opening.asker.forget_token(now);
                }
            }
        }
    }
}
