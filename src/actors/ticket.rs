//! One ticket's actor: asks `lifecycle` what should happen, saves, carries it out.
//!
//! It waits for nothing: calls and disk jobs are tasks of its own, whose results come back as messages.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::task::{JoinHandle, JoinSet};

use crate::actors::report::Subject;
use crate::actors::supervisor::SupervisorMsg;
use crate::actors::{Services, clock, perform, report, scheduler};
use crate::ids::{ChannelId, Owner, TicketNumber};
use crate::lifecycle::{DiskJob, Document, DurableTicket, Effects, Event, JournalEvent, Outcome, Request, State};
use crate::store::StoreError;

/// A disk that takes longer than this is reported: members notice.
const SLOW: Duration = Duration::from_secs(1);

/// What a ticket is told.
#[derive(Debug)]
pub enum TicketMsg {
    /// By the supervisor: something happened.
    Hear(Event),
    /// By the supervisor: take up whatever the row says.
    Resume {
        /// It failed before.
        failed: bool,
    },
    /// By its own calls: what came of one.
    Answered(Request, Outcome),
    /// By its own disk job: the row, and the number of the ticket.
    Loaded(Result<(Document, Option<TicketNumber>), StoreError>),
    /// By its own disk job: what became of the save, and the number of the ticket.
    Saved(Result<Option<TicketNumber>, StoreError>),
    /// By its own clock: the deadline has come.
    Alarm,
    /// By the supervisor: say when no call is on its way.
    Settle,
    /// Fail, to see what happens then.
    #[cfg(test)]
    Panic,
}

/// One member's ticket.
pub struct TicketActor {
    /// Whose.
    pub owner: Owner,
    /// How the world is reached.
    pub services: Arc<Services>,
    /// Who routes to us.
    pub supervisor: ActorRef<SupervisorMsg>,
}

/// What the actor holds between messages.
pub struct TicketActorState {
    ticket: DurableTicket,
    channel: Option<ChannelId>,
    /// It failed, perhaps between saving where it is and telling that.
    place_untold: bool,
    /// Calls to Discord and jobs for the disk.
    tasks: JoinSet<()>,
    alarm: Option<Alarm>,
    handled: u64,
    settling: bool,
}

/// What wakes the actor, and when.
struct Alarm {
    at: SystemTime,
    task: JoinHandle<Result<(), ractor::MessagingErr<TicketMsg>>>,
}

impl Actor for TicketActor {
    type Msg = TicketMsg;
    type State = TicketActorState;
    type Arguments = ();

    async fn pre_start(&self, _me: ActorRef<TicketMsg>, (): ()) -> Result<TicketActorState, ActorProcessingErr> {
        // No waiting here: the supervisor waits for it.
        Ok(TicketActorState {
            ticket: DurableTicket::new(self.owner, self.services.settings.rules()),
            channel: None,
            place_untold: false,
            tasks: JoinSet::new(),
            alarm: None,
            handled: 0,
            settling: false,
        })
    }

    async fn handle(
        &self,
        me: ActorRef<TicketMsg>,
        message: TicketMsg,
        state: &mut TicketActorState,
    ) -> Result<(), ActorProcessingErr> {
        state.ticket.set_rules(self.services.settings.rules());
        match message {
            TicketMsg::Hear(event) => {
                state.handled += 1;
                self.hear(&me, state, event);
            }
            TicketMsg::Resume { failed } => {
                state.handled += 1;
                self.resume(&me, state, failed);
            }
            TicketMsg::Answered(call, answer) => {
                if let Outcome::Channels(channels) = &answer {
                    self.services.reserve_numbers(self.owner.guild, channels);
                }
                self.hear(&me, state, Event::RequestCompleted { call, answer });
            }
            TicketMsg::Loaded(row) => self.loaded(&me, state, row),
            TicketMsg::Saved(outcome) => self.saved(&me, state, &outcome),
            TicketMsg::Alarm => {
                state.silence();
                self.hear(&me, state, Event::TimerFired);
            }
            TicketMsg::Settle => state.settling = true,
            #[cfg(test)]
            TicketMsg::Panic => panic!("told to"),
        }
        self.look_ahead(&me, state);
        Ok(())
    }

    async fn post_stop(
        &self,
        _me: ActorRef<TicketMsg>,
        state: &mut TicketActorState,
    ) -> Result<(), ActorProcessingErr> {
        state.silence();
        Ok(())
    }
}

impl TicketActor {
    fn resume(&self, me: &ActorRef<TicketMsg>, state: &mut TicketActorState, failed: bool) {
        if failed {
            state.place_untold = true;
            self.write_down(state, &[JournalEvent::Restarted]);
        }
        // An event may have brought it back before.
        if state.ticket.is_loaded() {
            self.tell_untold_place(state);
        }
        let effects = state.ticket.load(clock::now());
        self.carry_out(me, state, effects);
    }

    fn hear(&self, me: &ActorRef<TicketMsg>, state: &mut TicketActorState, event: Event) {
        let effects = state.ticket.hear(event, clock::now());
        self.carry_out(me, state, effects);
    }

    fn loaded(
        &self,
        me: &ActorRef<TicketMsg>,
        state: &mut TicketActorState,
        row: Result<(Document, Option<TicketNumber>), StoreError>,
    ) {
        let row = match row {
            Ok((document, number)) => {
                state.channel = document.state.channel();
                self.tell_untold_place(state);
                Some((document, number))
            }
            Err(error) => {
                tracing::error!(owner = %self.owner, %error, "cannot read the ticket");
                None
            }
        };
        let effects = state.ticket.loaded(row, clock::now());
        self.carry_out(me, state, effects);
    }

    fn saved(
        &self,
        me: &ActorRef<TicketMsg>,
        state: &mut TicketActorState,
        outcome: &Result<Option<TicketNumber>, StoreError>,
    ) {
        let now = clock::now();
        match outcome {
            Ok(number) => self.report_saved(state, *number, now),
            Err(error) => {
                tracing::error!(owner = %self.owner, %error, "cannot save the ticket; nothing is done until it is");
            }
        }
        let effects = state.ticket.saved(outcome, now);
        self.carry_out(me, state, effects);
    }

    fn carry_out(&self, me: &ActorRef<TicketMsg>, state: &mut TicketActorState, effects: Effects) {
        self.write_down(state, &effects.notes);
        while state.tasks.try_join_next().is_some() {}
        match effects.disk {
            None => {}
            Some(DiskJob::Load) => self.load(me, state),
            Some(DiskJob::Save) => self.save(me, state),
        }
        self.tell_where(state);
        for call in effects.calls {
            let (services, me) = (self.services.clone(), me.clone());
            state.tasks.spawn(async move {
                let answer = perform(services, call.clone()).await;
                // Nobody hears it when the ticket has been let go: then nothing depends on it.
                let _ = me.cast(TicketMsg::Answered(call, answer));
            });
        }
    }

    fn load(&self, me: &ActorRef<TicketMsg>, state: &mut TicketActorState) {
        let (row, me) = (self.services.store.numbered(self.owner), me.clone());
        let row = watched(self.owner, "read", row);
        state.tasks.spawn(async move {
            // An actor that has just failed is started again and reads its row anew.
            let _ = me.cast(TicketMsg::Loaded(row.await));
        });
    }

    /// The store takes the job at once; only the result is awaited.
    fn save(&self, me: &ActorRef<TicketMsg>, state: &mut TicketActorState) {
        let Some(decision) = state.ticket.saving() else { return };
        let Some((document, notes)) = decision.save() else { return };
        let (shows, urgent) = (decision.shown_number(), decision.is_urgent());
        let outcome = self.services.store.put((self.owner, document), shows, notes, clock::now(), urgent);
        let (outcome, me) = (watched(self.owner, "save", outcome), me.clone());
        state.tasks.spawn(async move {
            // An actor that has just failed is started again and reads its row, after this job, anew.
            let _ = me.cast(TicketMsg::Saved(outcome.await));
        });
    }

    /// Reports what is written in the journal by now, together with the row.
    fn report_saved(&self, state: &TicketActorState, number: Option<TicketNumber>, now: SystemTime) {
        if let Some(decision) = state.ticket.saving()
            && let Some((document, notes)) = decision.save()
        {
            self.count_opened(decision.before(), notes, now);
            let subject = Subject { owner: self.owner, number, channel: document.state.channel() };
            report::notes(&self.services, subject, notes);
        }
    }

    fn count_opened(&self, before: &Document, notes: &[JournalEvent], now: SystemTime) {
        if let (State::Opening { .. }, Some(request)) = (&before.state, &before.request)
            && notes.iter().any(|note| matches!(note, JournalEvent::Opened { .. }))
        {
            self.services.metrics.observe_open_duration(now.duration_since(request.at).unwrap_or_default());
        }
    }

    fn report(&self, state: &TicketActorState, notes: &[JournalEvent]) {
        let channel = state.ticket.document().state.channel();
        report::notes(&self.services, Subject { owner: self.owner, number: state.ticket.number(), channel }, notes);
    }

    fn write_down(&self, state: &TicketActorState, notes: &[JournalEvent]) {
        if !notes.is_empty() {
            self.report(state, notes);
            self.services.store.note(self.owner, notes, clock::now());
        }
    }

    /// Tells the supervisor where the ticket is, before anybody can press a button there.
    fn tell_where(&self, state: &mut TicketActorState) {
        let channel = state.ticket.document().state.channel();
        if channel != state.channel {
            state.channel = channel;
            self.tell_place(channel);
        }
    }

    fn tell_untold_place(&self, state: &mut TicketActorState) {
        if mem::take(&mut state.place_untold) {
            self.tell_place(state.channel);
        }
    }

    fn tell_place(&self, channel: Option<ChannelId>) {
        let _ = self.supervisor.cast(SupervisorMsg::Moved { owner: self.owner, channel });
    }

    /// Sets the alarm for the next deadline, and says what the supervisor wants to know.
    fn look_ahead(&self, me: &ActorRef<TicketMsg>, state: &mut TicketActorState) {
        let deadline = state.ticket.deadline();
        if state.alarm.as_ref().map(|alarm| alarm.at) != deadline {
            state.silence();
            state.alarm = deadline.map(|at| {
                let rest = at.duration_since(clock::now()).unwrap_or_default();
                Alarm { at, task: me.send_after(rest, || TicketMsg::Alarm) }
            });
        }
        if state.settling && state.ticket.is_still() {
            state.settling = false;
            let _ = self.supervisor.cast(SupervisorMsg::Settled);
        }
        if state.ticket.is_idle(scheduler::horizon()) {
            let _ = self.supervisor.cast(SupervisorMsg::Idle { owner: self.owner, handled: state.handled });
        }
    }
}

/// Waits for the disk, and says when it takes so long that members notice.
async fn watched<T>(owner: Owner, job: &'static str, outcome: impl Future<Output = T>) -> T {
    let begun = clock::now();
    let outcome = outcome.await;
    let took = clock::now().duration_since(begun).unwrap_or_default();
    if took >= SLOW {
        tracing::warn!(
            %owner,
            job,
            ?took,
            "the disk is slow, and members wait for it: see whether it is failing or busy with something else, \
             and close whatever else has the database open for writing"
        );
    }
    outcome
}

impl TicketActorState {
    fn silence(&mut self) {
        if let Some(alarm) = self.alarm.take() {
            alarm.task.abort();
        }
    }
}
