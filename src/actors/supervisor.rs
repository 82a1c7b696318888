//! The supervisor: owns the registry, passes on what was heard to the ticket it concerns, and keeps everybody alive.
//!
//! It never waits for Discord or the disk, so one stuck ticket delays nobody.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorId, ActorProcessingErr, ActorRef, RpcReplyPort, SpawnErr, SupervisionEvent};

use crate::actors::health_check::Stats;
use crate::actors::home::HOLD_TIMEOUT;
use crate::actors::journal::JournalMsg;
use crate::actors::panel::PanelMsg;
use crate::actors::registry::Registry;
use crate::actors::router::{Route, Router};
use crate::actors::singletons::{Singleton, SingletonSettings, Singletons};
use crate::actors::ticket::{TicketActor, TicketMsg};
use crate::actors::{DiscordEvent, Services, report};
use crate::ids::{ChannelId, GuildId, Owner, RequestId};
use crate::lifecycle::menu::MenuEvent;
use crate::lifecycle::panel::PanelEvent;
use crate::status::PanelStatus;

/// A failed actor is started again after this long, so that one that fails at once does not keep a core busy.
const REVIVE_AFTER: Duration = Duration::from_millis(500);

/// What the supervisor is told.
#[derive(Debug)]
pub enum SupervisorMsg {
    /// By the gateway.
    Hear(DiscordEvent),
    /// By the gateway: it took us in, by a new session or by going on with the last one.
    Connected {
        /// Nothing was missed.
        resumed: bool,
    },
    /// By a ticket: where it is now.
    Moved {
        /// Whose ticket.
        owner: Owner,
        /// Its channel, if it has one.
        channel: Option<ChannelId>,
    },
    /// By a ticket: there is nothing left to do after so many messages.
    Idle {
        /// Whose ticket.
        owner: Owner,
        /// How many of our messages it has handled.
        handled: u64,
    },
    /// By a ticket or the staff: no call is on its way.
    Settled,
    /// By the panel: it stands in its place.
    PanelStands,
    /// By whoever follows the database: other settings hold now.
    SettingsChanged,
    /// By the panel: which server is the bot's own, if it is in it.
    HomeFound(Option<GuildId>),
    /// By ourselves: this request has waited for long enough until that was known.
    GiveUp(RequestId),
    /// By whoever wants to know how we are; that an answer comes is the half of it.
    Count(RpcReplyPort<Stats>),
    /// By the scheduler: this ticket's time has come, or is near.
    Wake(Owner),
    /// By ourselves: start a failed ticket again.
    Revive(Owner),
    /// By ourselves: fill this post again.
    Rehire(Singleton),
    /// By whoever started us: finish what was begun, begin nothing new, and say when that is so.
    Drain(RpcReplyPort<()>),
    /// Make this ticket fail, to see what happens then.
    #[cfg(test)]
    Panic(Owner),
}

/// The top of the tree.
pub struct Supervisor;

/// What it is started with.
pub struct Arguments {
    /// How the world is reached.
    pub services: Arc<Services>,
    /// What the staff must know.
    pub duties: SingletonSettings,
    /// Where the tickets are, by the store.
    pub places: Vec<(Owner, Option<ChannelId>)>,
    /// The tickets that were in the middle of something.
    pub unfinished: Vec<Owner>,
}

/// What it holds.
pub struct SupervisorState {
    services: Arc<Services>,
    staff: Singletons,
    panel_stands: bool,
    router: Router,
    /// The other servers that the log has named.
    elsewhere: HashSet<GuildId>,
    registry: Registry,
    draining: Option<RpcReplyPort<()>>,
    unsettled: usize,
}

type Handled = Result<(), ActorProcessingErr>;

impl Actor for Supervisor {
    type Msg = SupervisorMsg;
    type State = SupervisorState;
    type Arguments = Arguments;

    async fn pre_start(
        &self,
        me: ActorRef<SupervisorMsg>,
        args: Arguments,
    ) -> Result<SupervisorState, ActorProcessingErr> {
        let panel = args.services.client.place().panel;
        let mut state = SupervisorState {
            services: args.services,
            staff: Singletons::new(args.duties),
            panel_stands: false,
            router: Router::new(panel),
            elsewhere: HashSet::new(),
            registry: Registry::default(),
            draining: None,
            unsettled: 0,
        };
        for (owner, channel) in args.places {
            drop(state.router.place(owner, channel));
        }
        for owner in args.unfinished {
            state.resume(&me, owner, false).await;
        }
        for post in Singleton::ALL {
            state.staff.hire(post, &state.services, &me).await;
        }
        Ok(state)
    }

    async fn handle(
        &self,
        me: ActorRef<SupervisorMsg>,
        message: SupervisorMsg,
        state: &mut SupervisorState,
    ) -> Handled {
        match message {
            SupervisorMsg::Hear(_) if state.draining.is_some() => {}
            SupervisorMsg::Hear(heard) => state.hear(&me, heard).await,
            SupervisorMsg::Connected { resumed } => state.connected(resumed),
            SupervisorMsg::Moved { owner, channel } => state.moved(&me, owner, channel).await,
            SupervisorMsg::Idle { owner, handled } => state.let_go(owner, handled),
            SupervisorMsg::Settled => state.settled(),
            SupervisorMsg::Wake(owner) => state.wake(&me, owner).await,
            SupervisorMsg::Revive(owner) => state.revive(&me, owner).await,
            SupervisorMsg::HomeFound(_) | SupervisorMsg::GiveUp(_) if state.draining.is_some() => {}
            SupervisorMsg::HomeFound(found) => state.home_found(&me, found).await,
            SupervisorMsg::GiveUp(request_id) => state.give_up(&me, request_id).await,
            SupervisorMsg::Rehire(post) => state.rehire(&me, post).await,
            SupervisorMsg::SettingsChanged => state.obey_settings(),
            SupervisorMsg::PanelStands => state.panel_stands(),
            SupervisorMsg::Count(port) => state.count(port),
            SupervisorMsg::Drain(port) => state.drain(port),
            #[cfg(test)]
            SupervisorMsg::Panic(owner) => state.tell(&me, owner, TicketMsg::Panic).await,
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        me: ActorRef<SupervisorMsg>,
        event: SupervisionEvent,
        state: &mut SupervisorState,
    ) -> Handled {
        match event {
            SupervisionEvent::ActorFailed(actor, error) => state.failed(&me, actor.get_id(), &error.to_string()),
            // An idle ticket was let go and is not known any more. Every other end is a failure.
            SupervisionEvent::ActorTerminated(actor, ..) => state.failed(&me, actor.get_id(), "it ended"),
            _ => {}
        }
        Ok(())
    }
}

impl SupervisorState {
    async fn hear(&mut self, me: &ActorRef<SupervisorMsg>, heard: DiscordEvent) {
        match &heard {
            DiscordEvent::Channels { guild, candidates, .. } => self.services.reserve_numbers(*guild, candidates),
            DiscordEvent::ChannelMade { guild, candidate } => {
                self.services.reserve_numbers(*guild, std::slice::from_ref(candidate));
            }
            _ => {}
        }
        let told = self.router.route(heard);
        self.deliver(me, told).await;
    }

    async fn moved(&mut self, me: &ActorRef<SupervisorMsg>, owner: Owner, channel: Option<ChannelId>) {
        let told = self.router.place(owner, channel);
        if self.draining.is_none() {
            self.deliver(me, told).await;
        }
    }

    async fn deliver(&mut self, me: &ActorRef<SupervisorMsg>, told: Vec<Route>) {
        for told in told {
            match told {
                Route::Ticket(owner, event) => self.tell(me, owner, TicketMsg::Hear(event)).await,
                Route::Panel { guild, requester, rank } => {
                    self.staff.tell_panel(PanelMsg::SetUp { guild, requester, rank })
                }
                Route::JournalActor(question) => self.staff.tell_journal(JournalMsg::Explain(question)),
                Route::PanelMade(message) => self.staff.tell_panel(PanelMsg::Hear(PanelEvent::Seen(message))),
                Route::PanelHidden(message) => self.staff.tell_panel(PanelMsg::Hear(PanelEvent::Hidden(message))),
                Route::Left => {
                    // Whether the panel is still there cannot be seen from outside.
                    self.services.status.set_panel(PanelStatus::Unchecked);
                    self.staff.tell_panel(PanelMsg::Menu(MenuEvent::Left));
                }
                Route::PanelDeleted(messages) => self.staff.tell_panel(PanelMsg::Hear(PanelEvent::Deleted(messages))),
                Route::TurnDown(requester, words) => {
                    self.staff.tell_panel(PanelMsg::Hear(PanelEvent::TurnDown(requester, words)));
                }
                Route::FindHome(waiting) => self.find_home(me, waiting),
                Route::Elsewhere { guild, name } => self.be_elsewhere(guild, &name),
                Route::Home(guild) => {
                    if self.services.settings.set_home(guild) {
                        self.services.client.set_place(self.services.settings.place());
                    }
                    self.staff.tell_panel(PanelMsg::Hear(PanelEvent::Connected));
                    self.staff.tell_panel(PanelMsg::Menu(MenuEvent::Here(guild)));
                }
            }
        }
    }

    /// The panel's actor looks it up; a request waits for that only so long.
    fn find_home(&self, me: &ActorRef<SupervisorMsg>, waiting: Option<RequestId>) {
        self.staff.tell_panel(PanelMsg::FindHome);
        if let Some(request_id) = waiting {
            me.send_after(HOLD_TIMEOUT, move || SupervisorMsg::GiveUp(request_id));
        }
    }

    async fn home_found(&mut self, me: &ActorRef<SupervisorMsg>, found: Option<GuildId>) {
        let told = self.router.home_looked_up(found);
        self.deliver(me, told).await;
    }

    async fn give_up(&mut self, me: &ActorRef<SupervisorMsg>, request_id: RequestId) {
        let told = self.router.give_up(request_id);
        self.deliver(me, told.into_iter().collect()).await;
    }

    async fn rehire(&mut self, me: &ActorRef<SupervisorMsg>, post: Singleton) {
        self.staff.hire(post, &self.services, me).await;
        if self.router.wants_home() {
            self.staff.tell_panel(PanelMsg::FindHome);
        }
    }

    fn be_elsewhere(&mut self, guild: GuildId, name: &str) {
        if self.elsewhere.insert(guild) {
            report::elsewhere(guild, name);
        }
        self.staff.tell_panel(PanelMsg::Menu(MenuEvent::Elsewhere(guild)));
    }

    async fn revive(&mut self, me: &ActorRef<SupervisorMsg>, owner: Owner) {
        self.resume(me, owner, true).await;
        let told = self.router.remind(owner);
        self.deliver(me, told).await;
    }

    /// A ticket that is in memory has an alarm of its own.
    async fn wake(&mut self, me: &ActorRef<SupervisorMsg>, owner: Owner) {
        if self.draining.is_none() && !self.registry.is_alive(owner) {
            self.resume(me, owner, false).await;
        }
    }

    async fn resume(&mut self, me: &ActorRef<SupervisorMsg>, owner: Owner, failed: bool) {
        self.tell(me, owner, TicketMsg::Resume { failed }).await;
    }

    /// Tells the ticket, which is brought to life for it.
    async fn tell(&mut self, me: &ActorRef<SupervisorMsg>, owner: Owner, message: TicketMsg) {
        if !self.registry.is_alive(owner) {
            match self.spawn_ticket(me, owner).await {
                Ok(actor) => self.registry.born(owner, actor),
                Err(error) => tracing::error!(%owner, %error, "cannot start the ticket"),
            }
        }
        self.registry.send(owner, message);
    }

    async fn spawn_ticket(&self, me: &ActorRef<SupervisorMsg>, owner: Owner) -> Result<ActorRef<TicketMsg>, SpawnErr> {
        let ticket = TicketActor { owner, services: self.services.clone(), supervisor: me.clone() };
        // Without a name: names are global to the process, and the registry is ours.
        let (actor, _) = Actor::spawn_linked(None, ticket, (), me.get_cell()).await?;
        Ok(actor)
    }

    fn let_go(&mut self, owner: Owner, handled: u64) {
        if self.draining.is_none() {
            self.registry.let_go(owner, handled);
        }
    }

    fn failed(&mut self, me: &ActorRef<SupervisorMsg>, actor: ActorId, error: &str) {
        let revive = if let Some(owner) = self.registry.died(actor) {
            tracing::error!(%owner, error, "a ticket failed and is started again from its row");
            self.services.metrics.count_restart("ticket");
            SupervisorMsg::Revive(owner)
        } else if let Some(post) = self.staff.lost(actor) {
            tracing::error!(actor = post.name(), error, "failed and is started again");
            self.services.metrics.count_restart(post.name());
            SupervisorMsg::Rehire(post)
        } else {
            return;
        };
        if self.draining.is_some() {
            return self.settled();
        }
        me.send_after(REVIVE_AFTER, || revive);
    }

    fn connected(&self, resumed: bool) {
        self.services.metrics.count_session(resumed);
        self.staff.look();
    }

    /// Calls, events and tickets follow at once; the panel and the slash commands are compared with what they should be.
    fn obey_settings(&self) {
        self.services.client.set_place(self.services.settings.place());
        self.staff.tell_panel(PanelMsg::Hear(PanelEvent::Connected));
        if let Some(home) = self.services.settings.home() {
            self.staff.tell_panel(PanelMsg::Menu(MenuEvent::Here(home)));
        }
    }

    fn panel_stands(&mut self) {
        self.panel_stands = true;
        self.staff.look();
    }

    fn count(&self, port: RpcReplyPort<Stats>) {
        let (open, living) = (self.router.count(), self.registry.count());
        // It is not an error that nobody waits any more.
        let _ = port.send(Stats { open, active: living, panel_in_place: self.panel_stands });
    }

    fn drain(&mut self, port: RpcReplyPort<()>) {
        let tickets = self.registry.living().filter(|ticket| ticket.cast(TicketMsg::Settle).is_ok()).count();
        self.unsettled = tickets + self.staff.settle() + 1;
        self.draining = Some(port);
        self.settled();
    }

    /// One less to wait for.
    fn settled(&mut self) {
        self.unsettled = self.unsettled.saturating_sub(1);
        if self.unsettled == 0
            && let Some(port) = self.draining.take()
        {
            // It is not an error that nobody waits any more.
            let _ = port.send(());
        }
    }
}

#[cfg(all(test, feature = "sandbox"))]
mod tests;
