//! The staff: the actors of which there is one each, beside the tickets.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorId, ActorRef, SpawnErr};

use crate::actors::Services;
use crate::actors::journal::{JournalActor, JournalMsg};
use crate::actors::panel::{PanelActor, PanelMsg};
use crate::actors::scheduler::{Scheduler, SchedulerMsg};
use crate::actors::supervisor::SupervisorMsg;
use crate::actors::watchdog::{Watchdog, WatchdogMsg};

/// Who there is one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Singleton {
    /// Keeps the message with the button in place.
    Panel,
    /// Keeps the journal, and tells from it.
    JournalActor,
    /// Looks whether the house is well.
    Watchdog,
    /// Wakes the tickets whose time has come.
    Scheduler,
}

impl Singleton {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Panel, Self::JournalActor, Self::Watchdog, Self::Scheduler];

    /// What it is called in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Panel => "panel",
            Self::JournalActor => "journal",
            Self::Watchdog => "watchdog",
            Self::Scheduler => "scheduler",
        }
    }
}

/// What the staff must know of the operator's wishes.
#[derive(Clone, Debug)]
pub struct SingletonSettings {
    /// Where the panel message's id is kept.
    pub panel_file: PathBuf,
    /// How long the journal remembers.
    pub journal_keep: Duration,
}

/// Those who are there.
pub struct Singletons {
    duties: SingletonSettings,
    panel: Option<ActorRef<PanelMsg>>,
    journal: Option<ActorRef<JournalMsg>>,
    watchdog: Option<ActorRef<WatchdogMsg>>,
    scheduler: Option<ActorRef<SchedulerMsg>>,
}

impl Singletons {
    /// Nobody, yet.
    #[must_use]
    pub const fn new(duties: SingletonSettings) -> Self {
        Self { duties, panel: None, journal: None, watchdog: None, scheduler: None }
    }

    /// Fills a post, linked to the supervisor.
    pub async fn hire(&mut self, post: Singleton, services: &Arc<Services>, supervisor: &ActorRef<SupervisorMsg>) {
        if let Err(error) = self.spawn(post, services.clone(), supervisor.clone()).await {
            tracing::error!(actor = post.name(), %error, "cannot be started");
        }
    }

    async fn spawn(
        &mut self,
        post: Singleton,
        services: Arc<Services>,
        supervisor: ActorRef<SupervisorMsg>,
    ) -> Result<(), SpawnErr> {
        let above = supervisor.get_cell();
        match post {
            Singleton::Panel => {
                let file = self.duties.panel_file.clone();
                self.panel = Some(Actor::spawn_linked(None, PanelActor { services, supervisor }, file, above).await?.0);
            }
            Singleton::JournalActor => {
                let keep = self.duties.journal_keep;
                self.journal =
                    Some(Actor::spawn_linked(None, JournalActor { services, supervisor }, keep, above).await?.0);
            }
            Singleton::Watchdog => {
                self.watchdog = Some(Actor::spawn_linked(None, Watchdog { services, supervisor }, (), above).await?.0);
            }
            Singleton::Scheduler => {
                self.scheduler =
                    Some(Actor::spawn_linked(None, Scheduler { services, supervisor }, (), above).await?.0);
            }
        }
        Ok(())
    }

    /// This actor failed: its post is free, if it was one of the staff.
    pub fn lost(&mut self, actor: ActorId) -> Option<Singleton> {
        let post = Singleton::ALL.into_iter().find(|post| self.holder(*post) == Some(actor))?;
        match post {
            Singleton::Panel => self.panel = None,
            Singleton::JournalActor => self.journal = None,
            Singleton::Watchdog => self.watchdog = None,
            Singleton::Scheduler => self.scheduler = None,
        }
        Some(post)
    }

    fn holder(&self, post: Singleton) -> Option<ActorId> {
        match post {
            Singleton::Panel => self.panel.as_ref().map(|actor| actor.get_id()),
            Singleton::JournalActor => self.journal.as_ref().map(|actor| actor.get_id()),
            Singleton::Watchdog => self.watchdog.as_ref().map(|actor| actor.get_id()),
            Singleton::Scheduler => self.scheduler.as_ref().map(|actor| actor.get_id()),
        }
    }

    /// Tells the panel. One that has just failed does not hear it: whoever asked will ask again.
    pub fn tell_panel(&self, message: PanelMsg) {
        if let Some(panel) = &self.panel {
            let _ = panel.cast(message);
        }
    }

    /// Tells the journal actor, in the same way.
    pub fn tell_journal(&self, message: JournalMsg) {
        if let Some(journal) = &self.journal {
            let _ = journal.cast(message);
        }
    }

    /// Something has changed that may make us ready.
    pub fn look(&self) {
        if let Some(watchdog) = &self.watchdog {
            let _ = watchdog.cast(WatchdogMsg::Look);
        }
    }

    /// Asks those who talk to Discord to finish; how many of them will say when they have.
    #[must_use]
    pub fn settle(&self) -> usize {
        let panel = self.panel.as_ref().is_some_and(|panel| panel.cast(PanelMsg::Settle).is_ok());
        let journal = self.journal.as_ref().is_some_and(|journal| journal.cast(JournalMsg::Settle).is_ok());
        usize::from(panel) + usize::from(journal)
    }
}
