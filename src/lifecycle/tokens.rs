//! Tokens of presses, and their end: whoever has one can answer in the bot's name, so none is kept for longer than
//! Discord takes it.

use std::time::SystemTime;

use crate::lifecycle::effect::Effect;
use crate::lifecycle::reply::EDIT_WITHIN;
use crate::lifecycle::state::{Document, Origin, Requester, State};

impl Requester {
    /// When the token of their press expires, if there is one.
    fn token_end(&self) -> Option<SystemTime> {
        match &self.origin {
            Origin::Interaction(press) if !press.token.is_empty() => Some(self.at + EDIT_WITHIN),
            Origin::Interaction(_) | Origin::Message { .. } => None,
        }
    }

    fn forget_token(&mut self, now: SystemTime) {
        let over = self.token_end().is_some_and(|end| end <= now);
        if let Origin::Interaction(press) = &mut self.origin
            && over
        {
            press.token.clear();
        }
    }
}

impl Document {
    /// When the first of the tokens in it expires.
    #[must_use]
    pub fn token_end(&self) -> Option<SystemTime> {
        let closer = match &self.state {
            State::Closing(closing) => Some(&closing.requester),
            State::Absent | State::Opening { .. } | State::Open { .. } => None,
        };
        self.outbox.iter().filter_map(Effect::requester).chain(closer).filter_map(Requester::token_end).min()
    }

    /// Forgets the tokens that have expired.
    pub fn forget_tokens(&mut self, now: SystemTime) {
        let closer = match &mut self.state {
            State::Closing(closing) => Some(&mut closing.requester),
            State::Absent | State::Opening { .. } | State::Open { .. } => None,
        };
        for requester in self.outbox.iter_mut().filter_map(Effect::requester_mut).chain(closer) {
            requester.forget_token(now);
        }
    }
}
