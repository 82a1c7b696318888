//! The supervisor: owns the registry, passes on what was heard to the ticket it concerns, and keeps everybody alive.
//!
//! It never waits for Discord or the disk, so one stuck ticket delays nobody.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorId, ActorProcessingErr, ActorRef, RpcReplyPort, SpawnErr, SupervisionEvent};

use crate::actors::clerk::ClerkMsg;
use crate::actors::health_check::Stats;
use crate::actors::home::HOLD_TIMEOUT;
use crate::actors::panel::PanelMsg;
use crate::actors::registry::Registry;
use crate::actors::router::{Router, Told};
use crate::actors::staff::{Duties, Post, Staff};
use crate::actors::ticket::{TicketActor, TicketMsg};
use crate::actors::{Heard, Outside, report};
use crate::ids::{ChannelId, GuildId, Intent, Owner};
use crate::lifecycle::menu::MenuEvent;
use crate::lifecycle::panel::PanelEvent;
use crate::status::PanelStatus;

/// A failed actor is started again after this long, so that one that fails at once does not keep a core busy.
const REVIVE_AFTER: Duration = Duration::from_millis(500);

/// What the supervisor is told.
#[derive(Debug)]
pub enum SupervisorMsg {
    /// By the gateway.
    Hear(Heard),
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
    /// By the panel: which server is the bot's own, if it is in it.
    HomeFound(Option<GuildId>),
    /// By ourselves: this request has waited for long enough until that was known.
    GiveUp(Intent),
    /// By whoever wants to know how we are; that an answer comes is the half of it.
    Count(RpcReplyPort<Stats>),
    /// By the scheduler: this ticket's time has come, or is near.
    Wake(Owner),
    /// By ourselves: start a failed ticket again.
    Revive(Owner),
    /// By ourselves: fill this post again.
    Rehire(Post),
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
    pub outside: Arc<Outside>,
    /// What the staff must know.
    pub duties: Duties,
    /// Where the tickets are, by the store.
    pub places: Vec<(Owner, Option<ChannelId>)>,
    /// The tickets that were in the middle of something.
    pub unfinished: Vec<Owner>,
}

/// What it holds.
pub struct House {
    outside: Arc<Outside>,
    staff: Staff,
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
    type State = House;
    type Arguments = Arguments;

    async fn pre_start(&self, me: ActorRef<SupervisorMsg>, args: Arguments) -> Result<House, ActorProcessingErr> {
        let panel = args.outside.client.place().panel;
        let mut house = House {
            outside: args.outside,
            staff: Staff::new(args.duties),
            panel_stands: false,
            router: Router::new(panel),
            elsewhere: HashSet::new(),
            registry: Registry::default(),
            draining: None,
            unsettled: 0,
        };
        for (owner, channel) in args.places {
            drop(house.router.place(owner, channel));
        }
        for owner in args.unfinished {
            house.resume(&me, owner, false).await;
        }
        for post in Post::ALL {
            house.staff.hire(post, &house.outside, &me).await;
        }
        Ok(house)
    }

    async fn handle(&self, me: ActorRef<SupervisorMsg>, message: SupervisorMsg, house: &mut House) -> Handled {
        match message {
            SupervisorMsg::Hear(_) if house.draining.is_some() => {}
            SupervisorMsg::Hear(heard) => house.hear(&me, heard).await,
            SupervisorMsg::Connected { resumed } => house.connected(resumed),
            SupervisorMsg::Moved { owner, channel } => house.moved(&me, owner, channel).await,
            SupervisorMsg::Idle { owner, handled } => house.let_go(owner, handled),
            SupervisorMsg::Settled => house.settled(),
            SupervisorMsg::Wake(owner) => house.wake(&me, owner).await,
            SupervisorMsg::Revive(owner) => house.revive(&me, owner).await,
            SupervisorMsg::HomeFound(_) | SupervisorMsg::GiveUp(_) if house.draining.is_some() => {}
            SupervisorMsg::HomeFound(found) => house.home_found(&me, found).await,
            SupervisorMsg::GiveUp(intent) => house.give_up(&me, intent).await,
            SupervisorMsg::Rehire(post) => house.rehire(&me, post).await,
            SupervisorMsg::PanelStands => house.panel_stands(),
            SupervisorMsg::Count(port) => house.count(port),
            SupervisorMsg::Drain(port) => house.drain(port),
            #[cfg(test)]
            SupervisorMsg::Panic(owner) => house.tell(&me, owner, TicketMsg::Panic).await,
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        me: ActorRef<SupervisorMsg>,
        event: SupervisionEvent,
        house: &mut House,
    ) -> Handled {
        match event {
            SupervisionEvent::ActorFailed(actor, error) => house.failed(&me, actor.get_id(), &error.to_string()),
            // An idle ticket was let go and is not known any more. Every other end is a failure.
            SupervisionEvent::ActorTerminated(actor, ..) => house.failed(&me, actor.get_id(), "it ended"),
            _ => {}
        }
        Ok(())
    }
}

impl House {
    async fn hear(&mut self, me: &ActorRef<SupervisorMsg>, heard: Heard) {
        match &heard {
            Heard::Channels { guild, sightings, .. } => self.outside.reserve_numbers(*guild, sightings),
            Heard::ChannelMade { guild, sighting } => {
                self.outside.reserve_numbers(*guild, std::slice::from_ref(sighting));
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

    async fn deliver(&mut self, me: &ActorRef<SupervisorMsg>, told: Vec<Told>) {
        for told in told {
            match told {
                Told::Ticket(owner, event) => self.tell(me, owner, TicketMsg::Hear(event)).await,
                Told::Panel { guild, asker, rank } => self.staff.tell_panel(PanelMsg::SetUp { guild, asker, rank }),
                Told::Clerk(question) => self.staff.tell_clerk(ClerkMsg::Explain(question)),
                Told::PanelMade(message) => self.staff.tell_panel(PanelMsg::Hear(PanelEvent::Seen(message))),
                Told::PanelHidden(message) => self.staff.tell_panel(PanelMsg::Hear(PanelEvent::Hidden(message))),
                Told::Left => {
                    // Whether the panel is still there cannot be seen from outside.
                    self.outside.status.set_panel(PanelStatus::Unchecked);
                    self.staff.tell_panel(PanelMsg::Menu(MenuEvent::Left));
                }
                Told::PanelDeleted(messages) => self.staff.tell_panel(PanelMsg::Hear(PanelEvent::Deleted(messages))),
                Told::TurnDown(asker, words) => {
                    self.staff.tell_panel(PanelMsg::Hear(PanelEvent::TurnDown(asker, words)));
                }
                Told::FindHome(waiting) => self.find_home(me, waiting),
                Told::Elsewhere { guild, name } => self.be_elsewhere(guild, &name),
                Told::Home(guild) => {
                    self.staff.tell_panel(PanelMsg::Hear(PanelEvent::Connected));
                    self.staff.tell_panel(PanelMsg::Menu(MenuEvent::Here(guild)));
                }
            }
        }
    }

    /// The panel's actor looks it up; a request waits for that only so long.
    fn find_home(&self, me: &ActorRef<SupervisorMsg>, waiting: Option<Intent>) {
        self.staff.tell_panel(PanelMsg::FindHome);
        if let Some(intent) = waiting {
            me.send_after(HOLD_TIMEOUT, move || SupervisorMsg::GiveUp(intent));
        }
    }

    async fn home_found(&mut self, me: &ActorRef<SupervisorMsg>, found: Option<GuildId>) {
        let told = self.router.home_looked_up(found);
        self.deliver(me, told).await;
    }

    async fn give_up(&mut self, me: &ActorRef<SupervisorMsg>, intent: Intent) {
        let told = self.router.give_up(intent);
        self.deliver(me, told.into_iter().collect()).await;
    }

    async fn rehire(&mut self, me: &ActorRef<SupervisorMsg>, post: Post) {
        self.staff.hire(post, &self.outside, me).await;
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
        let ticket = TicketActor { owner, outside: self.outside.clone(), supervisor: me.clone() };
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
            self.outside.metrics.count_restart("ticket");
            SupervisorMsg::Revive(owner)
        } else if let Some(post) = self.staff.lost(actor) {
            tracing::error!(actor = post.name(), error, "failed and is started again");
            self.outside.metrics.count_restart(post.name());
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
        self.outside.metrics.count_session(resumed);
        self.staff.look();
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
