//! One ticket's actor: asks `lifecycle` what should happen, saves, carries it out.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::task::{JoinHandle, JoinSet};

use crate::actors::report::Subject;
use crate::actors::supervisor::SupervisorMsg;
use crate::actors::{Outside, clock, perform, report};
use crate::ids::{ChannelId, Owner};
use crate::lifecycle::{Answer, Call, Deeds, Event, Note, Opening, State, Ticket};
use crate::store::Number;

/// A row that could not be read is read again after this long.
const READ_AGAIN_AFTER: Duration = Duration::from_secs(1);

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
    ticket: Ticket,
    number: Option<Number>,
    channel: Option<ChannelId>,
    calls: JoinSet<()>,
    alarm: Option<JoinHandle<Result<(), ractor::MessagingErr<TicketMsg>>>>,
    handled: u64,
    settling: bool,
}

impl Actor for TicketActor {
    type Msg = TicketMsg;
    type State = Desk;
    type Arguments = ();

    async fn pre_start(&self, _me: ActorRef<TicketMsg>, (): ()) -> Result<Desk, ActorProcessingErr> {
        // No waiting here: the supervisor waits for it.
        Ok(Desk {
            ticket: Ticket::unread(self.owner, self.outside.rules),
            number: None,
            channel: None,
            calls: JoinSet::new(),
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
                self.play(&me, desk, event).await;
            }
            TicketMsg::Resume { failed } => {
                desk.handled += 1;
                self.resume(&me, desk, failed).await;
            }
            TicketMsg::Answered(call, answer) => self.play(&me, desk, Event::Answered { call, answer }).await,
            TicketMsg::Alarm => self.play(&me, desk, Event::Woke).await,
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
    async fn resume(&self, me: &ActorRef<TicketMsg>, desk: &mut Desk, failed: bool) {
        if failed {
            self.write_down(desk, &[Note::Restarted]);
        }
        self.load(me, desk).await;
    }

    /// Handles one event, after the row has been read if it was not yet.
    async fn play(&self, me: &ActorRef<TicketMsg>, desk: &mut Desk, event: Event) {
        self.load(me, desk).await;
        self.step(me, desk, event).await;
    }

    /// Reads the row, once, and takes up what it was doing.
    async fn load(&self, me: &ActorRef<TicketMsg>, desk: &mut Desk) {
        if desk.ticket.is_read() {
            return;
        }
        match self.outside.store.numbered(self.owner).await {
            Ok((state, number)) => {
                desk.number = number;
                desk.channel = state.channel();
                desk.ticket.read(state);
                self.step(me, desk, Event::Restored).await;
            }
            Err(error) => tracing::error!(owner = %self.owner, %error, "cannot read the ticket"),
        }
    }

    /// Decide, save, then act.
    async fn step(&self, me: &ActorRef<TicketMsg>, desk: &mut Desk, event: Event) {
        let now = clock::now();
        let decision = desk.ticket.decide(event, now);
        let deeds = match decision.save() {
            None => decision.saved(),
            Some((state, notes)) => {
                match self.outside.store.put((self.owner, state), notes, now, decision.is_urgent()).await {
                    Ok(number) => {
                        desk.number = number;
                        self.count_opened(decision.before(), notes, now);
                        self.report(desk, notes);
                        decision.saved()
                    }
                    Err(error) => {
                        tracing::error!(owner = %self.owner, %error, "cannot save the ticket; nothing is done until it is");
                        decision.not_saved(&mut desk.ticket, now)
                    }
                }
            }
        };
        self.carry_out(me, desk, deeds);
    }

    fn carry_out(&self, me: &ActorRef<TicketMsg>, desk: &mut Desk, deeds: Deeds) {
        self.write_down(desk, &deeds.notes);
        self.tell_where(desk);
        while desk.calls.try_join_next().is_some() {}
        for call in deeds.calls {
            let (outside, me) = (self.outside.clone(), me.clone());
            desk.calls.spawn(async move {
                let answer = perform(outside, call.clone()).await;
                // Nobody hears it when the ticket has been let go: then nothing depends on it.
                let _ = me.cast(TicketMsg::Answered(call, answer));
            });
        }
    }

    fn count_opened(&self, before: &State, notes: &[Note], now: SystemTime) {
        if let State::Opening(Opening { asker, .. }) = before
            && notes.iter().any(|note| matches!(note, Note::Opened { .. }))
        {
            self.outside.counts.ready_after(now.duration_since(asker.at).unwrap_or_default());
        }
    }

    fn report(&self, desk: &Desk, notes: &[Note]) {
        let channel = desk.ticket.state().channel();
        report::notes(&self.outside, Subject { owner: self.owner, number: desk.number, channel }, notes);
    }

    fn write_down(&self, desk: &Desk, notes: &[Note]) {
        if !notes.is_empty() {
            self.report(desk, notes);
            self.outside.store.note(self.owner, notes, clock::now());
        }
    }

    /// Tells the supervisor where the ticket is, before anybody can press a button there.
    fn tell_where(&self, desk: &mut Desk) {
        let channel = desk.ticket.state().channel();
        if channel != desk.channel {
            desk.channel = channel;
            let _ = self.supervisor.cast(SupervisorMsg::Moved { owner: self.owner, channel });
        }
    }

    /// Sets the alarm for the next deadline, and says what the supervisor wants to know.
    fn look_ahead(&self, me: &ActorRef<TicketMsg>, desk: &mut Desk) {
        desk.silence();
        let rest = desk.ticket.deadline().map(|deadline| deadline.duration_since(clock::now()).unwrap_or_default());
        let read_again = (!desk.ticket.is_read()).then_some(READ_AGAIN_AFTER);
        let rest = rest.into_iter().chain(read_again).min();
        desk.alarm = rest.map(|rest| me.send_after(rest, || TicketMsg::Alarm));
        if desk.settling && desk.ticket.is_still() {
            desk.settling = false;
            let _ = self.supervisor.cast(SupervisorMsg::Settled);
        }
        if desk.ticket.is_idle() {
            let _ = self.supervisor.cast(SupervisorMsg::Idle { owner: self.owner, handled: desk.handled });
        }
    }
}

impl Desk {
    fn silence(&mut self) {
        if let Some(alarm) = self.alarm.take() {
            alarm.abort();
        }
    }
}
