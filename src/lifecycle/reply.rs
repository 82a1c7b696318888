//! One answer to one asker: given exactly once, in time, however often Discord has to be asked to take it.
//!
//! A press wants its first answer within three seconds; one that cannot be answered by then is deferred and edited
//! within fifteen minutes. A repeat is always safe: Discord takes the first answer only (40060), an edit says the same
//! words again, and a message carries a nonce. The nonce is known for minutes only, so after a restart a message is looked
//! for before it is said.

use std::time::{Duration, SystemTime};

use crate::ids::ChannelId;
use crate::lifecycle::notice::Notice;
use crate::lifecycle::request::{Acknowledgement, ApiError, Outcome, Request};
use crate::lifecycle::state::{Interaction, Origin, Requester};

/// How long a press may stay unanswered before it is deferred: half of what Discord allows, so that the deferral itself
/// has time to arrive.
pub const DEFER_AFTER: Duration = Duration::from_millis(1500);
/// How long Discord takes a first answer (its reference, "Receiving and Responding to Interactions").
pub const ACKNOWLEDGE_WITHIN: Duration = Duration::from_secs(3);
/// How long Discord takes an edit (same page: the token's life).
pub const EDIT_WITHIN: Duration = Duration::from_secs(15 * 60);
/// How long a reply to a command is worth repeating; within it the nonce keeps repeats from doubling.
const REPEAT_WITHIN: Duration = Duration::from_secs(2 * 60);

/// What the asker is to the ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Their press began the opening. They are deferred when it takes long.
    Opener,
    /// They pressed while the ticket was being opened. They are sent away when it takes long.
    Waiter,
    /// Their press closes the ticket; the answer is the announcement, for all to read.
    Closer,
    /// They get their answer at once.
    Bystander,
}

/// An answer that is owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    requester: Requester,
    role: Role,
    words: Option<Notice>,
    phase: Phase,
    attempt: u32,
    /// A former process may have said it already, in a message.
    unsure: bool,
    answered_by: AnsweredBy,
    /// They were told that how far it came cannot be saved, or are not to be.
    warned: bool,
}

/// Which process gave the first answer to the press.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AnsweredBy {
    /// This one, or a former one with the same database.
    Us,
    /// Discord refused the first answer as already given, though none was sent before: another process answers.
    Another { reported: bool },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    Quiet,
    Sent(Request),
    Paused(SystemTime),
    Over { told: bool },
}

impl Reply {
    /// An answer that is owed to `requester`; nothing is known to say yet.
    #[must_use]
    pub const fn owed(requester: Requester, role: Role) -> Self {
        Self {
            requester,
            role,
            words: None,
            phase: Phase::Quiet,
            attempt: 0,
            unsure: false,
            answered_by: AnsweredBy::Us,
            warned: false,
        }
    }

    /// An answer that was owed when the bot died, as a row tells it.
    #[must_use]
    pub fn restored(requester: Requester, role: Role) -> Self {
        Self { unsure: true, ..Self::owed(requester, role) }
    }

    /// A former process may have deferred the press; that was not saved. Only the answer itself is worth an edit.
    #[must_use]
    pub(super) fn presumed(requester: Requester) -> Self {
        Self { warned: true, ..Self::restored(requester, Role::Bystander) }
    }

    /// What the asker is to the ticket.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Nothing depends on an opener's answer any more: the opening is over in another way.
    pub fn demote(&mut self) {
        if self.role == Role::Opener {
            self.role = Role::Bystander;
        }
    }

    /// What they are told, or have just been told, is not true any more; what is true is not known yet.
    pub fn reconsider(&mut self, role: Role) {
        self.role = role;
        self.words = None;
    }

    /// Who asked, and what has become of their press.
    #[must_use]
    pub const fn requester(&self) -> &Requester {
        &self.requester
    }

    /// What they are told, once that is decided.
    #[must_use]
    pub const fn words(&self) -> Option<&Notice> {
        self.words.as_ref()
    }

    /// Somebody waits and nobody has decided what to tell them.
    #[must_use]
    pub const fn is_undecided(&self) -> bool {
        self.words.is_none()
    }

    /// Whether the press turned out to be answered by another process; told once.
    #[must_use]
    pub fn take_elsewhere(&mut self) -> bool {
        let unreported = self.answered_by == AnsweredBy::Another { reported: false };
        if unreported {
            self.answered_by = AnsweredBy::Another { reported: true };
        }
        unreported
    }

    /// Another process answered the press.
    #[must_use]
    pub(super) const fn is_answered_elsewhere(&self) -> bool {
        matches!(self.answered_by, AnsweredBy::Another { .. })
    }

    /// They are told of a channel.
    #[must_use]
    pub const fn names_channel(&self) -> bool {
        matches!(self.words, Some(Notice::Created(_) | Notice::AlreadyOpen(_)))
    }

    /// What they are told, of this channel instead of another one; nothing, if they are told of none.
    #[must_use]
    pub const fn words_about(&self, channel: ChannelId) -> Option<Notice> {
        match self.words {
            Some(Notice::Created(_)) => Some(Notice::Created(channel)),
            Some(Notice::AlreadyOpen(_)) => Some(Notice::AlreadyOpen(channel)),
            _ => None,
        }
    }

    /// Whether it is over, and if so whether the asker has been told.
    #[must_use]
    pub const fn outcome(&self) -> Option<bool> {
        match self.phase {
            Phase::Over { told } => Some(told),
            Phase::Quiet | Phase::Sent(_) | Phase::Paused(_) => None,
        }
    }

    /// A call is on its way and its answer is awaited.
    #[must_use]
    pub const fn is_sent(&self) -> bool {
        matches!(self.phase, Phase::Sent(_))
    }

    /// The press has had its first answer, or that is on its way.
    #[must_use]
    pub const fn is_acknowledged(&self) -> bool {
        matches!(self.requester.origin, Origin::Interaction(Interaction { acknowledged: true, .. }))
    }

    /// Their close is announced in the channel, and their deferral edited when that is done.
    pub(super) const fn is_undecided_closer(&self) -> bool {
        matches!(self.role, Role::Bystander) && self.words.is_none()
    }

    /// This call is on its way, or about to be, and its answer is awaited.
    pub(super) fn has_sent(&self, call: &Request) -> bool {
        matches!(&self.phase, Phase::Sent(sent) if sent == call)
    }

    /// The same answer got further elsewhere, while what is to be said here was being saved. Woken, it goes on from there.
    pub(super) fn go_on_from(&mut self, further: &Self, now: SystemTime) {
        self.requester.clone_from(&further.requester);
        (self.attempt, self.unsure, self.warned) = (further.attempt, further.unsure, further.warned);
        self.answered_by = further.answered_by;
        self.phase = match &further.phase {
            // Something else is to be said by now, or in another way.
            Phase::Over { .. } if self.words != further.words || self.role != further.role => Phase::Quiet,
            phase => phase.clone(),
        };
        if self.phase == Phase::Quiet && self.words.is_some() {
            self.phase = Phase::Paused(now);
        }
    }

    /// Where the last call is to be made again: how often it was made, and after what pause.
    #[must_use]
    pub fn pausing(&self, now: SystemTime) -> Option<(u32, Duration)> {
        match self.phase {
            Phase::Paused(until) => Some((self.attempt, until.duration_since(now).unwrap_or_default())),
            Phase::Quiet | Phase::Sent(_) | Phase::Over { .. } => None,
        }
    }

    /// Decides what the asker is told. Said at once, or as soon as the call that is under way is answered.
    pub fn tell(&mut self, words: Notice, now: SystemTime) -> Option<Request> {
        // A message that may have arrived cannot be taken back, and another one would be a second answer.
        if self.press().is_none() && self.words.is_some() {
            return None;
        }
        self.words = Some(words);
        match self.phase {
            Phase::Quiet | Phase::Paused(_) => self.send(now),
            Phase::Sent(_) | Phase::Over { .. } => None,
        }
    }

    /// It cannot be saved what the answer depends on. Whoever has looked at a deferral for a while is told so, once; the
    /// answer itself follows by another edit.
    pub(super) fn warn(&mut self, now: SystemTime) -> Option<Request> {
        let waits = self.phase == Phase::Quiet && self.words.is_none() && self.is_acknowledged() && !self.warned;
        if !waits
            || self.is_answered_elsewhere()
            || now < self.requester.at + ACKNOWLEDGE_WITHIN
            || self.requester.at + EDIT_WITHIN <= now
        {
            return None;
        }
        let press = self.press()?.clone();
        self.warned = true;
        Some(self.sent(Request::EditReply { press, words: Notice::CannotSave }))
    }

    /// When this answer wants to be woken.
    #[must_use]
    pub fn deadline(&self) -> Option<SystemTime> {
        match (&self.phase, &self.requester.origin) {
            (Phase::Paused(until), _) => Some(*until),
            (Phase::Quiet, Origin::Interaction(press)) if self.words.is_none() && !press.acknowledged => {
                Some(self.requester.at + DEFER_AFTER)
            }
            (Phase::Quiet | Phase::Sent(_) | Phase::Over { .. }, _) => None,
        }
    }

    /// The deadline has come: the next call, if one is due.
    pub fn wake(&mut self, now: SystemTime) -> Option<Request> {
        if self.deadline().is_none_or(|deadline| deadline > now) {
            return None;
        }
        match (&self.words, self.role) {
            (Some(_), _) => self.send(now),
            (None, Role::Waiter) => self.tell(Notice::StillOpening, now),
            (None, Role::Opener | Role::Closer | Role::Bystander) => self.defer(now),
        }
    }

    /// What came of a call, if it was this answer's; `None` if it was not.
    pub fn hear(&mut self, call: &Request, answer: &Outcome, now: SystemTime) -> Option<Option<Request>> {
        match &self.phase {
            Phase::Sent(sent) if sent == call => {}
            Phase::Quiet | Phase::Sent(_) | Phase::Paused(_) | Phase::Over { .. } => return None,
        }
        self.phase = Phase::Quiet;
        Some(match (call, answer) {
            (Request::Acknowledge { with, .. }, answer) => self.heard_acknowledgement(with, answer, now),
            (Request::EditReply { words, .. }, answer) => self.heard_edit(words, answer, now),
            (Request::ReadChannel { .. }, Outcome::Read { replied: true, .. }) => self.over(true),
            // Where the history cannot be read, the nonce is all there is.
            (Request::ReadChannel { .. }, Outcome::Read { .. } | Outcome::Refused(_)) => {
                self.unsure = false;
                self.send(now)
            }
            (Request::ReadChannel { .. }, Outcome::Limited { wait }) => {
                self.phase = Phase::Paused(now + *wait);
                None
            }
            // Looking says nothing twice.
            (Request::ReadChannel { .. }, Outcome::Indeterminate) if now < self.requester.at + EDIT_WITHIN => {
                self.pause(now)
            }
            (_, Outcome::Indeterminate) if now < self.requester.at + REPEAT_WITHIN => self.pause(now),
            (_, answer) => self.over(matches!(answer, Outcome::Done | Outcome::Sent(_))),
        })
    }

    fn heard_acknowledgement(&mut self, with: &Acknowledgement, answer: &Outcome, now: SystemTime) -> Option<Request> {
        match (with, answer) {
            (_, Outcome::Refused(ApiError::InteractionGone)) => self.over(false),
            (with, Outcome::Refused(ApiError::AlreadyAcknowledged)) if self.attempt == 0 && !self.unsure => {
                self.heard_elsewhere(with, now)
            }
            // The first answer counts, and ours is the only bot that answers this press.
            (Acknowledgement::Public(_), Outcome::Refused(ApiError::AlreadyAcknowledged)) if self.attempt > 0 => {
                self.over(true)
            }
            // A former process acknowledged it, and whether by the announcement or by a deferral was not saved.
            (Acknowledgement::Public(_), Outcome::Refused(ApiError::AlreadyAcknowledged)) => {
                self.set_acknowledged(true);
                self.over(false)
            }
            (Acknowledgement::Private(_), Outcome::Refused(ApiError::AlreadyAcknowledged)) => {
                self.set_acknowledged(true);
                self.send(now)
            }
            (Acknowledgement::Private(said) | Acknowledgement::Public(said), Outcome::Done) => {
                self.set_acknowledged(true);
                if self.words.as_ref() == Some(said) { self.over(true) } else { self.send(now) }
            }
            (Acknowledgement::Private(_) | Acknowledgement::Public(_), Outcome::Indeterminate) => self.pause(now),
            (Acknowledgement::Private(_) | Acknowledgement::Public(_), _) => self.over(false),
            (Acknowledgement::Deferral, Outcome::Indeterminate) if self.words.is_none() => self.pause(now),
            // Whether the deferral arrived shows when it is edited; until then nothing is to be said.
            (Acknowledgement::Deferral, _) if self.words.is_none() => None,
            (Acknowledgement::Deferral, _) => self.send(now),
        }
    }

    /// Another process has answered this press. What is said of a channel may have to be corrected; which channel stays
    /// is found out first. Anything else has been said by the other process in its own way.
    fn heard_elsewhere(&mut self, with: &Acknowledgement, now: SystemTime) -> Option<Request> {
        self.answered_by = AnsweredBy::Another { reported: false };
        self.set_acknowledged(true);
        match (with, self.role) {
            // Whether the closing has been announced is found out by looking.
            (Acknowledgement::Public(_), _) | (_, Role::Closer) => self.over(false),
            (_, Role::Opener) if self.names_channel() => {
                self.words = None;
                None
            }
            _ if self.names_channel() => self.send(now),
            (Acknowledgement::Deferral, _) if self.words.is_none() => None,
            _ => self.over(true),
        }
    }

    fn heard_edit(&mut self, said: &Notice, answer: &Outcome, now: SystemTime) -> Option<Request> {
        match answer {
            Outcome::Done | Outcome::Sent(_) if self.words.as_ref() == Some(said) => self.over(true),
            Outcome::Done | Outcome::Sent(_) => self.send(now),
            Outcome::Indeterminate => self.pause(now),
            // There is nothing to edit: the first answer never arrived. It is not too late for it yet.
            Outcome::Refused(ApiError::InteractionGone | ApiError::MessageGone)
                if now < self.requester.at + ACKNOWLEDGE_WITHIN =>
            {
                self.set_acknowledged(false);
                self.pause(now)
            }
            _ => self.over(false),
        }
    }

    fn defer(&mut self, now: SystemTime) -> Option<Request> {
        self.set_acknowledged(true);
        if self.requester.at + ACKNOWLEDGE_WITHIN <= now {
            self.phase = Phase::Quiet;
            return None;
        }
        let press = self.press()?.clone();
        Some(self.sent(Request::Acknowledge { press, with: Acknowledgement::Deferral }))
    }

    fn send(&mut self, now: SystemTime) -> Option<Request> {
        let words = self.words.clone()?;
        let call = match &self.requester.origin {
            Origin::Message { channel, .. } if self.unsure => {
                Request::ReadChannel { channel: *channel, after: Some(self.requester.request_id()) }
            }
            Origin::Message { channel, message, language } => {
                let reply_to = Some((*message, *language));
                Request::Say { channel: *channel, words, reply_to, request_id: self.requester.request_id() }
            }
            // It has expired, whatever the clock says now.
            Origin::Interaction(press) if press.token.is_empty() => return self.over(false),
            Origin::Interaction(press) => {
                let press = press.clone();
                let fresh = !press.acknowledged && now < self.requester.at + ACKNOWLEDGE_WITHIN;
                match self.role {
                    Role::Closer if fresh => Request::Acknowledge { press, with: Acknowledgement::Public(words) },
                    // A private deferral cannot become an announcement: it is said in the channel instead.
                    Role::Closer => return self.over(false),
                    // An edit would replace what the other process says in its own way.
                    _ if self.is_answered_elsewhere() && !self.names_channel() => return self.over(true),
                    _ if fresh => Request::Acknowledge { press, with: Acknowledgement::Private(words) },
                    _ if now < self.requester.at + EDIT_WITHIN => Request::EditReply { press, words },
                    _ => return self.over(false),
                }
            }
        };
        Some(self.sent(call))
    }

    fn sent(&mut self, call: Request) -> Request {
        self.phase = Phase::Sent(call.clone());
        call
    }

    fn pause(&mut self, now: SystemTime) -> Option<Request> {
        let pause = Duration::from_millis(100 << self.attempt.min(6));
        self.attempt += 1;
        self.phase = Phase::Paused(now + pause);
        None
    }

    fn over(&mut self, told: bool) -> Option<Request> {
        self.phase = Phase::Over { told };
        None
    }

    fn press(&self) -> Option<&Interaction> {
        match &self.requester.origin {
            Origin::Interaction(press) => Some(press),
            Origin::Message { .. } => None,
        }
    }

    fn set_acknowledged(&mut self, acknowledged: bool) {
        if let Origin::Interaction(press) = &mut self.requester.origin {
            press.acknowledged = acknowledged;
        }
    }
}
