//! A member who cannot see her own ticket: a moderator pressed "Sync permissions" or removed her overwrite.
//!
//! The check of an open ticket reads the channel anyway, so its answer tells whether the overwrite is there. A missing one
//! is put back. Discord wants Manage Roles for it, which the bot need not have: then staff are told in the channel what to
//! do, once for each loss as long as she keeps asking, and the member reads what is true. An overwrite that denies her the
//! channel is somebody's decision and stays.

use std::mem;
use std::time::{Duration, SystemTime};

use crate::ids::ChannelId;
use crate::lifecycle::doubt::says_gone;
use crate::lifecycle::history::JournalEvent;
use crate::lifecycle::notice::Notice;
use crate::lifecycle::reply::Role;
use crate::lifecycle::request::{Outcome, Request};
use crate::lifecycle::state::State;
use crate::lifecycle::task::Task;
use crate::lifecycle::ticket::Ticket;

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
    pub(super) fn check_access(&mut self, task: Task, channel: ChannelId, answer: &Outcome) -> Option<Task> {
        let Outcome::Channel { private, members } = answer else { return Some(task) };
        if !private || members.contains(&self.owner.member) {
            self.access_loss = None;
            return Some(task);
        }
        if self.doubts.is_empty() || !matches!(self.document.state, State::Open { .. }) {
            return Some(task);
        }
        if !self.is_restoring_access(channel) {
            self.go_on_with(task, Request::RestoreAccess { owner: self.owner, channel });
        }
        None
    }

    /// The overwrite is being put back, or staff are being told that it could not be.
    pub(super) fn is_restoring_access(&self, there: ChannelId) -> bool {
        self.tasks.any(|call| match call {
            Request::RestoreAccess { channel, .. } | Request::Say { channel, words: Notice::OwnerLockedOut(_), .. } => {
                *channel == there
            }
            _ => false,
        })
    }

    pub(super) fn handle_restore_outcome(&mut self, task: Task, channel: ChannelId, answer: &Outcome, now: SystemTime) {
        match answer {
            Outcome::Done => {
                self.access_loss = None;
                self.step.notes.push(JournalEvent::AccessRestored);
                self.answer_waiting_with_ticket(channel, now);
            }
            // Whether it is gone is being looked up; who waits is told then.
            answer if says_gone(answer) => {}
            Outcome::Refused(_) => {
                self.access_lost_at = Some(now);
                self.step.notes.push(JournalEvent::LockedOut { why: answer.into() });
                self.tell_staff(task, channel, now);
            }
            Outcome::Indeterminate if task.attempt < ATTEMPTS => {
                self.retry_same(task, answer, now);
            }
            _ => {
                self.note_gave_up(&task.call, answer);
                self.answer_waiting_with_ticket(channel, now);
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
        let asked = self.doubts.first().map(|(requester, _)| requester.request_id());
        match (self.access_loss, asked) {
            (Some(AccessLoss::StaffTold), _) | (_, None) => self.explain_loss(now),
            (None | Some(AccessLoss::StaffUntold), Some(request_id)) => {
                self.access_loss = Some(AccessLoss::StaffUntold);
                let words = Notice::OwnerLockedOut(self.owner.member);
                self.go_on_with(task, Request::Say { channel, words, reply_to: None, request_id });
            }
        }
    }

    /// What came of the message to staff.
    pub(super) fn handle_staff_notice_outcome(&mut self, task: Task, answer: &Outcome, now: SystemTime) {
        match answer {
            Outcome::Done | Outcome::Sent(_) => {
                self.access_loss = Some(AccessLoss::StaffTold);
                self.explain_loss(now);
            }
            answer if says_gone(answer) => {}
            Outcome::Indeterminate if task.attempt < ATTEMPTS => {
                self.retry_same(task, answer, now);
            }
            _ => {
                self.note_gave_up(&task.call, answer);
                self.explain_loss(now);
            }
        }
    }

    /// Who waits is told that there is a ticket and that they cannot see it; a press was told otherwise before.
    fn explain_loss(&mut self, now: SystemTime) {
        let Some(loss) = self.access_loss else { return };
        for (requester, _) in mem::take(&mut self.doubts) {
            let requester = self.reconsider(requester, Role::Bystander);
            let reply = self.replies.iter_mut().find(|reply| reply.requester().request_id() == requester.request_id());
            self.step.calls.extend(reply.and_then(|reply| reply.tell(loss.words(), now)));
        }
    }

    /// What is said to a member who asks again while the ticket is known to be there.
    pub(super) fn words_for_open(&self, channel: ChannelId) -> Notice {
        self.access_loss.map_or(Notice::AlreadyOpen(channel), AccessLoss::words)
    }
}

impl AccessLoss {
    const fn words(self) -> Notice {
        match self {
            Self::StaffUntold => Notice::TicketHidden,
            Self::StaffTold => Notice::TicketHiddenStaffTold,
        }
    }
}
