//! A ticket and its row: what may happen while the disk is at work, or fails.
//!
//! Reading or saving a row can take seconds, and Discord wants the first answer to a press within three. So nothing here
//! waits for the disk: [`Effects::disk`] asks for one job at a time, whose result comes back by
//! [`DurableTicket::loaded`] or [`DurableTicket::saved`]. Until then every event that could change the ticket queues in
//! its order, and only answers go on: a deferral is private and changes nothing in the server, so no row has to be saved
//! before it. What depends on the row is done after it is saved, as ever. What cannot be saved has not happened: it is
//! decided anew after a while, and whoever asked for it is told to try again.

use std::collections::VecDeque;
use std::mem;
use std::time::{Duration, SystemTime};

use crate::ids::{Owner, RequestId, TicketNumber};
use crate::lifecycle::decision::{Deeds, Transition};
use crate::lifecycle::history::JournalEvent;
use crate::lifecycle::policy::Rules;
use crate::lifecycle::reply::{Reply, Role};
use crate::lifecycle::request::Request;
use crate::lifecycle::state::{Document, Requester};
use crate::lifecycle::ticket::{Event, Ticket};

/// A row that could not be read is read again after this long.
const READ_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// An unsaved change is tried again after this long.
const SAVE_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// One member's ticket, its row, and the events that arrive while the row is read or saved.
#[derive(Debug)]
pub struct DurableTicket {
    ticket: Ticket,
    /// The row has been read; before that nothing may be decided.
    loaded: bool,
    disk: Disk,
    /// What happened since the disk began its job, in order.
    queue: VecDeque<Event>,
    /// The answers that are owed while the disk works: those of the ticket as the row knows it, and those to presses
    /// that queue.
    pending: Vec<Pending>,
    read_again: Option<SystemTime>,
    /// Events whose change could not be saved, or not be decided without the row.
    unsaved: Vec<Event>,
    /// When they are decided anew. Nothing but answers is begun before: it would not be saved either.
    save_again: Option<SystemTime>,
}

/// What the disk is doing for this ticket.
#[derive(Debug)]
enum Disk {
    Idle,
    Loading,
    Saving(Box<Transition>),
}

/// An answer that is owed while the disk works.
#[derive(Debug)]
struct Pending {
    reply: Reply,
    /// It got further since the disk began: the ticket does not know this yet.
    moved: bool,
}

/// What is to be done now.
#[derive(Debug, Default)]
#[must_use]
pub struct Effects {
    /// The job to give to the disk.
    pub disk: Option<DiskJob>,
    /// The calls to make, all at once. None of them depends on the job.
    pub calls: Vec<Request>,
    /// What is to be written into the journal.
    pub notes: Vec<JournalEvent>,
}

/// A job for the disk. There is one at a time for a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskJob {
    /// Read the row, and report it to [`DurableTicket::loaded`].
    Load,
    /// Save what [`DurableTicket::saving`] says, and report the result to [`DurableTicket::saved`].
    Save,
}

impl DurableTicket {
    /// A ticket whose row has not been read.
    #[must_use]
    pub fn new(owner: Owner, rules: Rules) -> Self {
        Self {
            ticket: Ticket::new(owner, rules, Document::default()),
            loaded: false,
            disk: Disk::Idle,
            queue: VecDeque::new(),
            pending: Vec::new(),
            read_again: None,
            unsaved: Vec::new(),
            save_again: None,
        }
    }

    /// The settings may have changed: what is decided from now on follows these.
    pub const fn set_rules(&mut self, rules: Rules) {
        self.ticket.set_rules(rules);
    }

    /// Where the ticket stands, as far as that is saved.
    #[must_use]
    pub fn document(&self) -> &Document {
        self.saving().map_or(self.ticket.document(), Transition::before)
    }

    /// The number of the ticket, or of the member's last one.
    #[must_use]
    pub const fn number(&self) -> Option<TicketNumber> {
        self.ticket.number()
    }

    /// What is being saved.
    #[must_use]
    pub fn saving(&self) -> Option<&Transition> {
        match &self.disk {
            Disk::Saving(decision) => Some(decision),
            Disk::Idle | Disk::Loading => None,
        }
    }

    /// Reads the row and takes up what it says, unless that has been done or begun.
    pub fn load(&mut self, now: SystemTime) -> Effects {
        let mut effects = Effects::default();
        if !self.is_busy() && !self.loaded {
            self.begin_loading(now, &mut effects);
        }
        effects
    }

    /// The row has been read.
    #[must_use]
    pub const fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// Something happened.
    pub fn hear(&mut self, event: Event, now: SystemTime) -> Effects {
        let mut effects = Effects::default();
        if self.is_busy() {
            self.hear_meanwhile(event, now, &mut effects);
            self.wake_pending(now, &mut effects);
        } else if self.loaded {
            self.queue.push_back(event);
            self.work_off(now, &mut effects);
        } else {
            self.begin_loading(now, &mut effects);
            self.hear_meanwhile(event, now, &mut effects);
            self.wake_pending(now, &mut effects);
        }
        effects
    }

    /// What the row says, with the number of the ticket or of the member's last one; `None` if it could not be read, which
    /// is tried again after a while.
    pub fn loaded(&mut self, row: Option<(Document, Option<TicketNumber>)>, now: SystemTime) -> Effects {
        let mut effects = Effects::default();
        if !matches!(self.disk, Disk::Loading) {
            return effects;
        }
        self.disk = Disk::Idle;
        self.take_up_replies(&mut effects.calls, now);
        if let Some((document, number)) = row {
            self.read_again = None;
            self.loaded = true;
            self.ticket.document = document;
            self.ticket.number = number;
            self.queue.push_front(Event::Loaded);
        } else {
            self.read_again = Some(now + READ_AGAIN_AFTER);
        }
        self.work_off(now, &mut effects);
        effects
    }

    /// What became of the save. If it succeeded, the ticket has this number, and what depended on it is done now; if not,
    /// the ticket is as it was before.
    pub fn saved<E>(&mut self, outcome: &Result<Option<TicketNumber>, E>, now: SystemTime) -> Effects {
        let mut effects = Effects::default();
        match mem::replace(&mut self.disk, Disk::Idle) {
            Disk::Saving(decision) => {
                let deeds = if let Ok(number) = outcome {
                    decision.saved(&mut self.ticket, *number)
                } else {
                    let event = decision.undo(&mut self.ticket);
                    self.put_off(event, now)
                };
                self.finish(deeds, now, &mut effects);
                self.work_off(now, &mut effects);
            }
            other => self.disk = other,
        }
        effects
    }

    /// When [`Event::TimerFired`] is wanted next.
    #[must_use]
    pub fn deadline(&self) -> Option<SystemTime> {
        if self.is_busy() {
            return self.pending.iter().filter_map(|pending| pending.reply.deadline()).min();
        }
        let ticket = match self.save_again {
            Some(again) if self.loaded => self.ticket.reply_deadline().into_iter().chain([again]).min(),
            _ => self.ticket.deadline(),
        };
        ticket.into_iter().chain(self.read_again).min()
    }

    /// Nothing is under way, and no deadline comes before this moment: the row says it all, and this value may be let go.
    #[must_use]
    pub fn is_idle(&self, until: SystemTime) -> bool {
        !self.is_busy() && self.loaded && self.save_again.is_none() && self.ticket.is_idle(until)
    }

    /// No call and no job is on its way: nothing would be interrupted by stopping now.
    #[must_use]
    pub fn is_still(&self) -> bool {
        !self.is_busy() && self.ticket.is_still()
    }

    const fn is_busy(&self) -> bool {
        !matches!(self.disk, Disk::Idle)
    }

    fn begin_loading(&mut self, now: SystemTime, effects: &mut Effects) {
        self.disk = Disk::Loading;
        effects.disk = Some(DiskJob::Load);
        self.watch(self.ticket.replies.clone());
        self.wake_pending(now, effects);
    }

    /// Decides what follows from the queued events, one after the other, until one of them has to be saved.
    fn work_off(&mut self, now: SystemTime, effects: &mut Effects) {
        while !self.is_busy()
            && let Some(mut event) = self.queue.pop_front()
        {
            self.update_requester(&mut event);
            if self.is_put_off(&event) {
                let deeds = self.put_off(event, now);
                self.finish(deeds, now, effects);
                continue;
            }
            let requester = requester(&event).cloned();
            let decision = match event {
                Event::TimerFired if !self.loaded || self.save_again.is_some_and(|again| again > now) => {
                    self.ticket.decide_replies(now)
                }
                Event::TimerFired if self.save_again.take().is_some() => {
                    self.take_up_unsaved();
                    continue;
                }
                event => self.ticket.decide(event, now),
            };
            if decision.save().is_none() {
                self.finish(decision.nothing_saved(), now, effects);
                continue;
            }
            self.watch(decision.replies_before().to_vec());
            self.watch(requester.map(|requester| Reply::owed(requester, Role::Bystander)));
            self.disk = Disk::Saving(Box::new(decision));
            effects.disk = Some(DiskJob::Save);
            self.wake_pending(now, effects);
        }
    }

    /// Whether nothing can be decided on this event now: the row is not known, or what is true has changed and could not be
    /// saved, so that it cannot be told either.
    fn is_put_off(&self, event: &Event) -> bool {
        match event {
            Event::TimerFired | Event::RequestCompleted { .. } => false,
            Event::Open { .. } => !self.loaded || !self.unsaved.is_empty(),
            Event::Close { .. }
            | Event::ChannelDeleted { .. }
            | Event::ChannelUnlisted { .. }
            | Event::CandidateFound(_)
            | Event::Loaded => !self.loaded,
        }
    }

    /// What was put off comes first, and what is due now is decided after it.
    fn take_up_unsaved(&mut self) {
        self.queue.push_front(Event::TimerFired);
        for event in mem::take(&mut self.unsaved).into_iter().rev() {
            self.queue.push_front(event);
        }
    }

    fn put_off(&mut self, event: Event, now: SystemTime) -> Deeds {
        let deeds = self.ticket.put_off(&event, now).into();
        match event {
            // They are told to try again.
            Event::Open { .. } | Event::Close { .. } => return deeds,
            // What was due is due still.
            Event::TimerFired => {}
            Event::ChannelDeleted { .. }
            | Event::ChannelUnlisted { .. }
            | Event::CandidateFound(_)
            | Event::RequestCompleted { .. }
            | Event::Loaded => {
                self.unsaved.push(event);
            }
        }
        self.save_again = Some(now + SAVE_AGAIN_AFTER);
        // What is due waits until then, too.
        self.queue.retain(|event| *event != Event::TimerFired);
        deeds
    }

    fn finish(&mut self, mut deeds: Deeds, now: SystemTime, effects: &mut Effects) {
        self.take_up_replies(&mut deeds.calls, now);
        effects.calls.append(&mut deeds.calls);
        effects.notes.append(&mut deeds.notes);
    }

    /// An event that arrives while the disk works. What it means for the ticket is decided later; an answer that is
    /// owed goes on at once.
    fn hear_meanwhile(&mut self, event: Event, now: SystemTime, effects: &mut Effects) {
        match event {
            Event::TimerFired => return,
            Event::RequestCompleted { ref call, ref answer } => {
                for pending in &mut self.pending {
                    if let Some(next) = pending.reply.hear(call, answer, now) {
                        pending.moved = true;
                        effects.calls.extend(next);
                        return;
                    }
                }
            }
            Event::Open { .. }
            | Event::Close { .. }
            | Event::ChannelDeleted { .. }
            | Event::ChannelUnlisted { .. }
            | Event::CandidateFound(_)
            | Event::Loaded => {}
        }
        self.watch(requester(&event).cloned().map(|requester| Reply::owed(requester, Role::Bystander)));
        self.queue.push_back(event);
    }

    fn wake_pending(&mut self, now: SystemTime, effects: &mut Effects) {
        // The deferral may be what is being saved, and then its note is, too.
        let mut noted =
            self.saving().and_then(Transition::save).is_some_and(|(_, notes)| notes.contains(&JournalEvent::Deferred));
        for pending in &mut self.pending {
            let before = pending.reply.clone();
            let call = pending.reply.wake(now);
            pending.moved |= pending.reply != before;
            let deferred = call.is_some() && pending.reply.is_acknowledged() && !before.is_acknowledged();
            if deferred && !pending.reply.requester().repeated && !mem::take(&mut noted) {
                effects.notes.push(JournalEvent::Deferred);
            }
            effects.calls.extend(call);
        }
    }

    /// Sees to these answers while the disk works.
    fn watch(&mut self, replies: impl IntoIterator<Item = Reply>) {
        for reply in replies {
            if self.pending(reply.requester().request_id()).is_none() {
                self.pending.push(Pending { reply, moved: false });
            }
        }
    }

    fn pending(&self, request_id: RequestId) -> Option<&Pending> {
        self.pending.iter().find(|pending| pending.reply.requester().request_id() == request_id)
    }

    /// A press that was deferred while it queued is answered by an edit.
    fn update_requester(&self, event: &mut Event) {
        if let Event::Open { requester, .. } | Event::Close { requester, .. } = event
            && let Some(pending) = self.pending(requester.request_id())
        {
            requester.clone_from(pending.reply.requester());
        }
    }

    /// The disk is done: the ticket learns how far its answers got meanwhile. Calls that would answer the same press once
    /// more are withdrawn; what is still to be said is said by waking the ticket.
    fn take_up_replies(&mut self, calls: &mut Vec<Request>, now: SystemTime) {
        let mut moved = false;
        for reply in &mut self.ticket.replies {
            let request_id = reply.requester().request_id();
            let pending = self.pending.iter().find(|pending| pending.reply.requester().request_id() == request_id);
            if let Some(Pending { reply: further, .. }) = pending.filter(|pending| pending.moved) {
                calls.retain(|call| !reply.has_sent(call));
                reply.go_on_from(further, now);
                moved = true;
            }
        }
        let queue = &self.queue;
        let queues = |request_id| {
            queue.iter().any(|event| requester(event).is_some_and(|requester| requester.request_id() == request_id))
        };
        self.pending.retain(|pending| queues(pending.reply.requester().request_id()));
        if moved {
            self.queue.push_front(Event::TimerFired);
        }
    }
}

const fn requester(event: &Event) -> Option<&Requester> {
    match event {
        Event::Open { requester, .. } | Event::Close { requester, .. } => Some(requester),
        Event::ChannelDeleted { .. }
        | Event::ChannelUnlisted { .. }
        | Event::CandidateFound(_)
        | Event::RequestCompleted { .. }
        | Event::TimerFired
        | Event::Loaded => None,
    }
}
