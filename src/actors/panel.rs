//! The panel's actor: keeps what members begin with in place, the message with the button and the slash commands.
//!
//! Its file is written on another thread: all actors share one, and a disk that hangs must not hold up their answers.

use std::io;
use std::mem;
use std::path::PathBuf;
use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::task::{JoinHandle, JoinSet, spawn_blocking};

use crate::actors::supervisor::SupervisorMsg;
use crate::actors::{Rank, Services, clock, perform, report};
use crate::discord::AdminStatus;
use crate::ids::{GuildId, MessageId, RoleId};
use crate::lifecycle::menu::{Menu, MenuEvent};
use crate::lifecycle::panel::{Panel, PanelEvent, PanelNote};
use crate::lifecycle::{Action, Notice, Outcome, Request, Requester, Who, may, task};
use crate::status::PanelStatus;
use crate::store::panel::{self as file, NoPanel};

/// What the panel is told.
#[derive(Debug)]
pub enum PanelMsg {
    /// By itself: read the file and see to the panel.
    Start,
    /// By the supervisor: somebody said `!setuptickets`. By itself: whether they may is known now.
    SetUp {
        /// Where.
        guild: GuildId,
        /// Who.
        requester: Requester,
        /// Whether they may.
        rank: Rank,
    },
    /// By itself, or by the supervisor: something happened to the message.
    Hear(PanelEvent),
    /// By the supervisor, or by itself: something happened that concerns the slash commands.
    Menu(MenuEvent),
    /// By the supervisor: which server is the bot's own has to be looked up.
    FindHome,
    /// By its own look-up: Discord has told which server that is, if the bot is in it.
    HomeFound(Option<GuildId>),
    /// By its own disk job: what became of keeping the message's id.
    Saved(MessageId, io::Result<()>),
    /// By its own clock: the deadline has come.
    Alarm,
    /// By the supervisor: say when no call is on its way.
    Settle,
}

/// The panel message and the slash commands.
pub struct PanelActor {
    /// How the world is reached.
    pub services: Arc<Services>,
    /// Who to tell when we have settled.
    pub supervisor: ActorRef<SupervisorMsg>,
}

/// What the actor holds between messages.
pub struct PanelActorState {
    panel: Panel,
    menu: Menu,
    file: PathBuf,
    /// The id to write when the file is free: the newest one.
    unsaved: Option<MessageId>,
    saving: bool,
    /// Calls to Discord and jobs for the disk.
    tasks: JoinSet<()>,
    alarm: Option<JoinHandle<Result<(), ractor::MessagingErr<PanelMsg>>>>,
    settling: bool,
    finding_home: bool,
}

impl Actor for PanelActor {
    type Msg = PanelMsg;
    type State = PanelActorState;
    type Arguments = PathBuf;

    async fn pre_start(&self, me: ActorRef<PanelMsg>, file: PathBuf) -> Result<PanelActorState, ActorProcessingErr> {
        // No waiting here: the supervisor waits for it.
        me.cast(PanelMsg::Start)?;
        let (panel, menu) = (Panel::new(None), Menu::default());
        let tasks = JoinSet::new();
        let (unsaved, saving) = (None, false);
        let (settling, finding_home) = (false, false);
        Ok(PanelActorState { panel, menu, file, unsaved, saving, tasks, alarm: None, settling, finding_home })
    }

    async fn handle(
        &self,
        me: ActorRef<PanelMsg>,
        message: PanelMsg,
        state: &mut PanelActorState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            PanelMsg::Start => self.start(&me, state),
            PanelMsg::SetUp { guild, requester, rank } => self.set_up(&me, state, guild, requester, rank),
            PanelMsg::Hear(event) => self.play(&me, state, event),
            PanelMsg::Menu(event) => self.offer(&me, state, event),
            PanelMsg::FindHome => self.find_home(&me, state),
            PanelMsg::HomeFound(found) => self.home_found(state, found),
            PanelMsg::Saved(message, outcome) => Self::saved(&me, state, message, outcome),
            PanelMsg::Alarm => {
                self.play(&me, state, PanelEvent::Woke);
                self.offer(&me, state, MenuEvent::Woke);
            }
            PanelMsg::Settle => state.settling = true,
        }
        self.look_ahead(&me, state);
        Ok(())
    }
}

/// What a note tells of the message that is to be there.
fn panel_status(note: &PanelNote) -> Option<PanelStatus> {
    match note {
        PanelNote::InPlace(_) | PanelNote::Edited(_) | PanelNote::Sent(_) | PanelNote::Differs(_) => {
            Some(PanelStatus::InPlace)
        }
        PanelNote::Contested(_) => Some(PanelStatus::Contested),
        PanelNote::Deleted(_) => Some(PanelStatus::Deleted),
        PanelNote::Retrying { call, answer } => Some(PanelStatus::Failing { error: format!("{call}: {answer}") }),
        PanelNote::Removed(_) | PanelNote::Adopted(_) | PanelNote::AnotherProcess(_) => None,
    }
}

impl PanelActor {
    fn start(&self, me: &ActorRef<PanelMsg>, state: &mut PanelActorState) {
        let known = file::read(&state.file);
        match &known {
            Ok(panel) => tracing::debug!(%panel, "the panel message is known"),
            Err(NoPanel::NoFile) => tracing::info!("there has been no panel yet; one will be sent"),
            Err(why) => {
                tracing::warn!(file = %state.file.display(), %why, "the panel message is not known; a new one will be sent");
            }
        }
        state.panel = Panel::new(known.ok());
        self.play(me, state, PanelEvent::Ensure(None));
    }

    fn set_up(
        &self,
        me: &ActorRef<PanelMsg>,
        state: &mut PanelActorState,
        guild: GuildId,
        requester: Requester,
        rank: Rank,
    ) {
        match rank {
            Rank::Known { administrator }
                if may(Who::of_rank(administrator), Action::SetUp, &self.services.settings.rules()) =>
            {
                self.play(me, state, PanelEvent::Ensure(Some(requester)));
                self.offer(me, state, MenuEvent::Ensure(guild));
            }
            Rank::Known { .. } => {
                self.play(me, state, PanelEvent::TurnDown(requester, Notice::AdministratorsOnly));
            }
            Rank::Roles(roles) => self.ask_whether_administrator(me, state, guild, requester, roles),
        }
    }

    /// Messages do not tell what their author may do, so it is looked up: the server's owner, or a role that is
    /// administrator.
    fn ask_whether_administrator(
        &self,
        me: &ActorRef<PanelMsg>,
        state: &mut PanelActorState,
        guild: GuildId,
        requester: Requester,
        roles: Vec<RoleId>,
    ) {
        let (services, me) = (self.services.clone(), me.clone());
        state.tasks.spawn(async move {
            let told = |administrator| Rank::Known { administrator };
            let standing = services.standings.of(&services.client, guild, &requester, &roles).await;
            let Some(standing) = standing else { return };
            let message = match standing {
                AdminStatus::Administrator => PanelMsg::SetUp { guild, requester, rank: told(true) },
                AdminStatus::Member => PanelMsg::SetUp { guild, requester, rank: told(false) },
                AdminStatus::RateLimited(wait) => {
                    PanelMsg::Hear(PanelEvent::TurnDown(requester, Notice::AskLater(clock::now() + wait)))
                }
                AdminStatus::Unknown => PanelMsg::Hear(PanelEvent::TurnDown(requester, Notice::DiscordDown)),
            };
            let _ = me.cast(message);
        });
    }

    /// Asks until Discord tells it.
    fn find_home(&self, me: &ActorRef<PanelMsg>, state: &mut PanelActorState) {
        if mem::replace(&mut state.finding_home, true) {
            return;
        }
        let (services, me) = (self.services.clone(), me.clone());
        state.tasks.spawn(async move {
            for attempt in 0.. {
                match services.client.find_home_guild().await {
                    Ok(found) => return drop(me.cast(PanelMsg::HomeFound(found))),
                    Err(why) => tracing::warn!(
                        %why,
                        "Discord does not tell in which server the panel channel is; nobody is served before that, trying again"
                    ),
                }
                tokio::time::sleep(task::pause(attempt, &Outcome::Indeterminate)).await;
            }
        });
    }

    fn home_found(&self, state: &mut PanelActorState, found: Option<GuildId>) {
        state.finding_home = false;
        let _ = self.supervisor.cast(SupervisorMsg::HomeFound(found));
    }

    fn play(&self, me: &ActorRef<PanelMsg>, state: &mut PanelActorState, event: PanelEvent) {
        let step = state.panel.handle(event, clock::now());
        if step.save.is_some() {
            state.unsaved = step.save;
            Self::save(me, state);
        }
        report::panel(&self.services, &step.notes);
        if let Some(status) = step.notes.iter().rev().find_map(panel_status) {
            if matches!(status, PanelStatus::InPlace | PanelStatus::Contested) {
                let _ = self.supervisor.cast(SupervisorMsg::PanelStands);
            }
            self.services.status.set_panel(status);
        }
        self.make(me, state, step.calls, |call, answer| PanelMsg::Hear(PanelEvent::Answered { call, answer }));
    }

    /// Writes the newest id, one at a time.
    fn save(me: &ActorRef<PanelMsg>, state: &mut PanelActorState) {
        if state.saving {
            return;
        }
        let Some(message) = state.unsaved.take() else { return };
        state.saving = true;
        let (file, me) = (state.file.clone(), me.clone());
        state.tasks.spawn(async move {
            let written = spawn_blocking(move || file::write(&file, message)).await;
            let _ = me.cast(PanelMsg::Saved(message, written.unwrap_or_else(|failed| Err(io::Error::other(failed)))));
        });
    }

    fn saved(me: &ActorRef<PanelMsg>, state: &mut PanelActorState, message: MessageId, outcome: io::Result<()>) {
        if let Err(error) = outcome {
            tracing::error!(%error, panel = %message, "cannot keep the panel message's id; at the next start it is sent anew");
        }
        state.saving = false;
        Self::save(me, state);
    }

    fn offer(&self, me: &ActorRef<PanelMsg>, state: &mut PanelActorState, event: MenuEvent) {
        let step = state.menu.handle(event, clock::now());
        report::menu(&step.notes);
        self.make(me, state, step.calls, |call, answer| PanelMsg::Menu(MenuEvent::Answered { call, answer }));
    }

    fn make(
        &self,
        me: &ActorRef<PanelMsg>,
        state: &mut PanelActorState,
        calls: Vec<Request>,
        told: fn(Request, Outcome) -> PanelMsg,
    ) {
        while state.tasks.try_join_next().is_some() {}
        for call in calls {
            let (services, me) = (self.services.clone(), me.clone());
            state.tasks.spawn(async move {
                let answer = perform(services, call.clone()).await;
                let _ = me.cast(told(call, answer));
            });
        }
    }

    fn look_ahead(&self, me: &ActorRef<PanelMsg>, state: &mut PanelActorState) {
        if let Some(alarm) = state.alarm.take() {
            alarm.abort();
        }
        if let Some(deadline) = [state.panel.deadline(), state.menu.deadline()].into_iter().flatten().min() {
            let rest = deadline.duration_since(clock::now()).unwrap_or_default();
            state.alarm = Some(me.send_after(rest, || PanelMsg::Alarm));
        }
        if state.settling && !state.saving && state.panel.is_still() && state.menu.is_still() {
            state.settling = false;
            let _ = self.supervisor.cast(SupervisorMsg::Settled);
        }
    }
}
