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
use crate::actors::{Outside, clock, perform, report, scheduler};
use crate::ids::{ChannelId, Owner, TicketNumber};
use crate::lifecycle::{Answer, Call, DiskJob, Document, DurableTicket, Effects, Event, Note, State};
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
    Answered(Call, Answer),
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
    pub outside: Arc<Outside>,
    /// Who routes to us.
    pub supervisor: ActorRef<SupervisorMsg>,
}

/// What the actor holds between messages.
pub struct Desk {
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
    type State = Desk;
    type Arguments = ();

    async fn pre_start(&self, _me: ActorRef<TicketMsg>, (): ()) -> Result<Desk, ActorProcessingErr> {
        // No waiting here: the supervisor waits for it.
        Ok(Desk {
            ticket: DurableTicket::new(self.owner, self.outside.rules),
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
        desk: &mut Desk,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            TicketMsg::Hear(event) => {
                desk.handled += 1;
                self.hear(&me, desk, event);
            }
            TicketMsg::Resume { failed } => {
                desk.handled += 1;
                self.resume(&me, desk, failed);
            }
            TicketMsg::Answered(call, answer) => {
                if let Answer::Channels(channels) = &answer {
                    self.outside.reserve_numbers(self.owner.guild, channels);
                }
                self.hear(&me, desk, Event::Answered { call, answer });
            }
            TicketMsg::Loaded(row) => self.loaded(&me, desk, row),
            TicketMsg::Saved(outcome) => self.saved(&me, desk, &outcome),
            TicketMsg::Alarm => {
                desk.silence();
                self.hear(&me, desk, Event::Woke);
            }
            TicketMsg::Settle => desk.settling = true,
            #[cfg(test)]
            TicketMsg::Panic => panic!("told to"),
        }
        self.look_ahead(&me, desk);
        Ok(())
    }

    async fn post_stop(&self, _me: ActorRef<TicketMsg>, desk: &mut Desk) -> Result<(), ActorProcessingErr> {
        desk.silence();
        Ok(())
    }
}

impl TicketActor {
    fn resume(&self, me: &ActorRef<TicketMsg>, desk: &mut Desk, failed: bool) {
        if failed {
            desk.place_untold = true;
            self.write_down(desk, &[Note::Restarted]);
        }
        // An event may have brought it back before.
        if desk.ticket.is_loaded() {
            self.tell_untold_place(desk);
        }
        let effects = desk.ticket.load(clock::now());
        self.carry_out(me, desk, effects);
    }

    fn hear(&self, me: &ActorRef<TicketMsg>, desk: &mut Desk, event: Event) {
        let effects = desk.ticket.hear(event, clock::now());
        self.carry_out(me, desk, effects);
    }

    fn loaded(
        &self,
        me: &ActorRef<TicketMsg>,
        desk: &mut Desk,
        row: Result<(Document, Option<TicketNumber>), StoreError>,
    ) {
        let row = match row {
            Ok((document, number)) => {
                desk.channel = document.state.channel();
                self.tell_untold_place(desk);
                Some((document, number))
            }
            Err(error) => {
                tracing::error!(owner = %self.owner, %error, "cannot read the ticket");
                None
            }
        };
        let effects = desk.ticket.loaded(row, clock::now());
        self.carry_out(me, desk, effects);
    }

    fn saved(&self, me: &ActorRef<TicketMsg>, desk: &mut Desk, outcome: &Result<Option<TicketNumber>, StoreError>) {
        let now = clock::now();
        match outcome {
            Ok(number) => self.report_saved(desk, *number, now),
            Err(error) => {
                tracing::error!(owner = %self.owner, %error, "cannot save the ticket; nothing is done until it is");
            }
        }
        let effects = desk.ticket.saved(outcome, now);
        self.carry_out(me, desk, effects);
    }

    fn carry_out(&self, me: &ActorRef<TicketMsg>, desk: &mut Desk, effects: Effects) {
        self.write_down(desk, &effects.notes);
        while desk.tasks.try_join_next().is_some() {}
        match effects.disk {
            None => {}
            Some(DiskJob::Load) => self.load(me, desk),
            Some(DiskJob::Save) => self.save(me, desk),
        }
        self.tell_where(desk);
        for call in effects.calls {
            let (outside, me) = (self.outside.clone(), me.clone());
            desk.tasks.spawn(async move {
                let answer = perform(outside, call.clone()).await;
                // Nobody hears it when the ticket has been let go: then nothing depends on it.
                let _ = me.cast(TicketMsg::Answered(call, answer));
            });
        }
    }

    fn load(&self, me: &ActorRef<TicketMsg>, desk: &mut Desk) {
        let (row, me) = (self.outside.store.numbered(self.owner), me.clone());
        let row = watched(self.owner, "read", row);
        desk.tasks.spawn(async move {
            // An actor that has just failed is started again and reads its row anew.
            let _ = me.cast(TicketMsg::Loaded(row.await));
        });
    }

    /// The store takes the job at once; only the result is awaited.
    fn save(&self, me: &ActorRef<TicketMsg>, desk: &mut Desk) {
        let Some(decision) = desk.ticket.saving() else { return };
        let Some((document, notes)) = decision.save() else { return };
        let (shows, urgent) = (decision.shown_number(), decision.is_urgent());
        let outcome = self.outside.store.put((self.owner, document), shows, notes, clock::now(), urgent);
        let (outcome, me) = (watched(self.owner, "save", outcome), me.clone());
        desk.tasks.spawn(async move {
            // An actor that has just failed is started again and reads its row, after this job, anew.
            let _ = me.cast(TicketMsg::Saved(outcome.await));
        });
    }

    /// Reports what is written in the journal by now, together with the row.
    fn report_saved(&self, desk: &Desk, number: Option<TicketNumber>, now: SystemTime) {
        if let Some(decision) = desk.ticket.saving()
            && let Some((document, notes)) = decision.save()
        {
            self.count_opened(decision.before(), notes, now);
            let subject = Subject { owner: self.owner, number, channel: document.state.channel() };
            report::notes(&self.outside, subject, notes);
        }
    }

    fn count_opened(&self, before: &Document, notes: &[Note], now: SystemTime) {
        if let (State::Opening { .. }, Some(request)) = (&before.state, &before.request)
            && notes.iter().any(|note| matches!(note, Note::Opened { .. }))
        {
            self.outside.metrics.observe_open_duration(now.duration_since(request.at).unwrap_or_default());
        }
    }

    fn report(&self, desk: &Desk, notes: &[Note]) {
        let channel = desk.ticket.document().state.channel();
        report::notes(&self.outside, Subject { owner: self.owner, number: desk.ticket.number(), channel }, notes);
    }

    fn write_down(&self, desk: &Desk, notes: &[Note]) {
        if !notes.is_empty() {
            self.report(desk, notes);
            self.outside.store.note(self.owner, notes, clock::now());
        }
    }

    /// Tells the supervisor where the ticket is, before anybody can press a button there.
    fn tell_where(&self, desk: &mut Desk) {
        let channel = desk.ticket.document().state.channel();
        if channel != desk.channel {
            desk.channel = channel;
            self.tell_place(channel);
        }
    }

    fn tell_untold_place(&self, desk: &mut Desk) {
        if mem::take(&mut desk.place_untold) {
            self.tell_place(desk.channel);
        }
    }

    fn tell_place(&self, channel: Option<ChannelId>) {
        let _ = self.supervisor.cast(SupervisorMsg::Moved { owner: self.owner, channel });
    }

    /// Sets the alarm for the next deadline, and says what the supervisor wants to know.
    fn look_ahead(&self, me: &ActorRef<TicketMsg>, desk: &mut Desk) {
        let deadline = desk.ticket.deadline();
        if desk.alarm.as_ref().map(|alarm| alarm.at) != deadline {
            desk.silence();
            desk.alarm = deadline.map(|at| {
                let rest = at.duration_since(clock::now()).unwrap_or_default();
                Alarm { at, task: me.send_after(rest, || TicketMsg::Alarm) }
            });
        }
        if desk.settling && desk.ticket.is_still() {
            desk.settling = false;
            let _ = self.supervisor.cast(SupervisorMsg::Settled);
        }
        if desk.ticket.is_idle(scheduler::horizon()) {
            let _ = self.supervisor.cast(SupervisorMsg::Idle { owner: self.owner, handled: desk.handled });
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

impl Desk {
    fn silence(&mut self) {
        if let Some(alarm) = self.alarm.take() {
            alarm.task.abort();
        }
    }
}
