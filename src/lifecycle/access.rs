//! A member who cannot see her own ticket: a moderator pressed "Sync permissions" or removed her overwrite.
//!
//! The check of an open ticket reads the channel anyway, so its answer tells whether the overwrite is there. A missing one
//! is put back. Discord wants Manage Roles for it, which the bot need not have: then staff are told in the channel what to
//! do, once for each loss as long as she keeps asking, and the member reads what is true. An overwrite that denies her the
//! channel is somebody's decision and stays.

use std::mem;
use std::time::{Duration, SystemTime};

use crate::ids::ChannelId;
use crate::lifecycle::call::{Answer, Call};
use crate::lifecycle::doubt::says_gone;
use crate::lifecycle::note::Note;
use crate::lifecycle::reply::Role;
use crate::lifecycle::state::State;
use crate::lifecycle::task::Task;
use crate::lifecycle::ticket::Ticket;
use crate::lifecycle::words::Words;

/// So many attempts without an answer are enough: the next press begins anew.
const ATTEMPTS: u32 = 5;

/// A loss is remembered so long after the last time she asked, so that staff are not told again; then the ticket is let
/// go from memory.
const REMEMBER_LOSS: Duration = Duration::from_secs(15 * 60);

/// The member lost her overwrite, and Discord did not let the bot put it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AccessLoss {
    /// The message to staff did not arrive.
    StaffUntold,
    /// Staff have read in the channel what to do.
    StaffTold,
}

impl Ticket {
    /// The channel exists. Puts the member's overwrite back if somebody waits and it is missing; `None` if it was missing
    /// and is being put back, so that nobody is told anything yet.
    pub(super) fn check_access(&mut self, task: Task, channel: ChannelId, answer: &Answer) -> Option<Task> {
        let Answer::Channel { private, members } = answer else { return Some(task) };
        if !private || members.contains(&self.owner.member) {
            self.access_loss = None;
            return Some(task);
        }
        if self.doubts.is_empty() || !matches!(self.document.state, State::Open { .. }) {
            return Some(task);
        }
        if !self.is_restoring_access(channel) {
            self.go_on(task, Call::RestoreAccess { owner: self.owner, channel });
        }
        None
    }

    /// The overwrite is being put back, or staff are being told that it could not be.
    pub(super) fn is_restoring_access(&self, there: ChannelId) -> bool {
        self.tasks.any(|call| match call {
            Call::RestoreAccess { channel, .. } | Call::Say { channel, words: Words::OwnerLockedOut(_), .. } => {
                *channel == there
            }
            _ => false,
        })
    }

    pub(super) fn answered_restore(&mut self, task: Task, channel: ChannelId, answer: &Answer, now: SystemTime) {
        match answer {
            Answer::Done => {
                self.access_loss = None;
                self.step.notes.push(Note::AccessRestored);
                self.reassure(channel, now);
            }
            // Whether it is gone is being looked up; who waits is told then.
            answer if says_gone(answer) => {}
            Answer::Refused(_) => {
                self.access_lost_at = Some(now);
                self.step.notes.push(Note::LockedOut { why: answer.into() });
                self.tell_staff(task, channel, now);
            }
            Answer::Unknown if task.attempt < ATTEMPTS => {
                self.retry_same(task, answer, now);
            }
            _ => {
                self.give_up(&task.call, answer);
                self.reassure(channel, now);
            }
        }
    }

    pub(super) const fn remembers_loss(&self) -> bool {
        self.access_loss.is_some()
    }

    pub(super) fn forget_loss_at(&self) -> Option<SystemTime> {
        self.access_lost_at.filter(|_| self.access_loss.is_some()).map(|lost| lost + REMEMBER_LOSS)
    }

    pub(super) fn forget_old_loss(&mut self, now: SystemTime) {
        if self.forget_loss_at().is_some_and(|at| at <= now) {
            self.access_loss = None;
        }
    }

    fn tell_staff(&mut self, task: Task, channel: ChannelId, now: SystemTime) {
        let asked = self.doubts.first().map(|(asker, _)| asker.intent());
        match (self.access_loss, asked) {
            (Some(AccessLoss::StaffTold), _) | (_, None) => self.explain_loss(now),
            (None | Some(AccessLoss::StaffUntold), Some(intent)) => {
                self.access_loss = Some(AccessLoss::StaffUntold);
                let words = Words::OwnerLockedOut(self.owner.member);
                self.go_on(task, Call::Say { channel, words, reply_to: None, intent });
            }
        }
    }

    /// What came of the message to staff.
    pub(super) fn answered_notice(&mut self, task: Task, answer: &Answer, now: SystemTime) {
        match answer {
            Answer::Done | Answer::Sent(_) => {
                self.access_loss = Some(AccessLoss::StaffTold);
                self.explain_loss(now);
            }
            answer if says_gone(answer) => {}
            Answer::Unknown if task.attempt < ATTEMPTS => {
                self.retry_same(task, answer, now);
            }
            _ => {
                self.give_up(&task.call, answer);
                self.explain_loss(now);
            }
        }
    }

    /// Who waits is told that there is a ticket and that they cannot see it; a press was told otherwise before.
    fn explain_loss(&mut self, now: SystemTime) {
        let Some(loss) = self.access_loss else { return };
        for (asker, _) in mem::take(&mut self.doubts) {
            let asker = self.reconsider(asker, Role::Bystander);
            let reply = self.replies.iter_mut().find(|reply| reply.asker().intent() == asker.intent());
            self.step.calls.extend(reply.and_then(|reply| reply.tell(loss.words(), now)));
        }
    }

    /// What is said to a member who asks again while the ticket is known to be there.
    pub(super) fn words_for_open(&self, channel: ChannelId) -> Words {
        self.access_loss.map_or(Words::AlreadyOpen(channel), AccessLoss::words)
    }
}

impl AccessLoss {
    const fn words(self) -> Words {
        match self {
            Self::StaffUntold => Words::TicketHidden,
            Self::StaffTold => Words::TicketHiddenStaffTold,
        }
    }
}
