//! The staff: the actors of which there is one each, beside the tickets.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorId, ActorRef, SpawnErr};

use crate::actors::Outside;
use crate::actors::clerk::{Clerk, ClerkMsg};
use crate::actors::panel::{PanelActor, PanelMsg};
use crate::actors::pulse::{Pulse, PulseMsg};
use crate::actors::scheduler::{Scheduler, SchedulerMsg};
use crate::actors::supervisor::SupervisorMsg;

/// Who there is one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Post {
    /// Keeps the message with the button in place.
    Panel,
    /// Keeps the journal, and tells from it.
    Clerk,
    /// Looks whether the house is well.
    Pulse,
    /// Wakes the tickets whose time has come.
    Scheduler,
}

impl Post {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Panel, Self::Clerk, Self::Pulse, Self::Scheduler];

    /// What it is called in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Panel => "panel",
            Self::Clerk => "clerk",
            Self::Pulse => "pulse",
            Self::Scheduler => "scheduler",
        }
    }
}

/// What the staff must know of the operator's wishes.
#[derive(Clone, Debug)]
pub struct Duties {
    /// Where the panel message's id is kept.
    pub panel_file: PathBuf,
    /// How long the journal remembers.
    pub journal_keep: Duration,
}

/// Those who are there.
pub struct Staff {
    duties: Duties,
    panel: Option<ActorRef<PanelMsg>>,
    clerk: Option<ActorRef<ClerkMsg>>,
    pulse: Option<ActorRef<PulseMsg>>,
    scheduler: Option<ActorRef<SchedulerMsg>>,
}

impl Staff {
    /// Nobody, yet.
    #[must_use]
    pub const fn new(duties: Duties) -> Self {
        Self { duties, panel: None, clerk: None, pulse: None, scheduler: None }
    }

    /// Fills a post, linked to the supervisor.
    pub async fn hire(&mut self, post: Post, outside: &Arc<Outside>, supervisor: &ActorRef<SupervisorMsg>) {
        if let Err(error) = self.spawn(post, outside.clone(), supervisor.clone()).await {
            tracing::error!(actor = post.name(), %error, "cannot be started");
        }
    }

    async fn spawn(
        &mut self,
        post: Post,
        outside: Arc<Outside>,
        supervisor: ActorRef<SupervisorMsg>,
    ) -> Result<(), SpawnErr> {
        let above = supervisor.get_cell();
        match post {
            Post::Panel => {
                let file = self.duties.panel_file.clone();
                self.panel = Some(Actor::spawn_linked(None, PanelActor { outside, supervisor }, file, above).await?.0);
            }
            Post::Clerk => {
                let keep = self.duties.journal_keep;
                self.clerk = Some(Actor::spawn_linked(None, Clerk { outside, supervisor }, keep, above).await?.0);
            }
            Post::Pulse => {
                self.pulse = Some(Actor::spawn_linked(None, Pulse { outside, supervisor }, (), above).await?.0);
            }
            Post::Scheduler => {
                self.scheduler = Some(Actor::spawn_linked(None, Scheduler { outside, supervisor }, (), above).await?.0);
            }
        }
        Ok(())
    }

    /// This actor failed: its post is free, if it was one of the staff.
    pub fn lost(&mut self, actor: ActorId) -> Option<Post> {
        let post = Post::ALL.into_iter().find(|post| self.holder(*post) == Some(actor))?;
        match post {
            Post::Panel => self.panel = None,
            Post::Clerk => self.clerk = None,
            Post::Pulse => self.pulse = None,
            Post::Scheduler => self.scheduler = None,
        }
        Some(post)
    }

    fn holder(&self, post: Post) -> Option<ActorId> {
        match post {
            Post::Panel => self.panel.as_ref().map(|actor| actor.get_id()),
            Post::Clerk => self.clerk.as_ref().map(|actor| actor.get_id()),
            Post::Pulse => self.pulse.as_ref().map(|actor| actor.get_id()),
            Post::Scheduler => self.scheduler.as_ref().map(|actor| actor.get_id()),
        }
    }

    /// Tells the panel. One that has just failed does not hear it: whoever asked will ask again.
    pub fn tell_panel(&self, message: PanelMsg) {
        if let Some(panel) = &self.panel {
            let _ = panel.cast(message);
        }
    }

    /// Tells the clerk, in the same way.
    pub fn tell_clerk(&self, message: ClerkMsg) {
        if let Some(clerk) = &self.clerk {
            let _ = clerk.cast(message);
        }
    }

    /// Something has changed that may make us ready.
    pub fn look(&self) {
        if let Some(pulse) = &self.pulse {
            let _ = pulse.cast(PulseMsg::Look);
        }
    }

    /// Asks those who talk to Discord to finish; how many of them will say when they have.
    #[must_use]
    pub fn settle(&self) -> usize {
        let panel = self.panel.as_ref().is_some_and(|panel| panel.cast(PanelMsg::Settle).is_ok());
        let clerk = self.clerk.as_ref().is_some_and(|clerk| clerk.cast(ClerkMsg::Settle).is_ok());
        usize::from(panel) + usize::from(clerk)
    }
}
