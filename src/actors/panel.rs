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
use crate::actors::{Outside, Rank, clock, perform, report};
use crate::discord::AdminStatus;
use crate::ids::{GuildId, MessageId, RoleId};
use crate::lifecycle::menu::{Menu, MenuEvent};
use crate::lifecycle::panel::{Panel, PanelEvent, PanelNote};
use crate::lifecycle::{Answer, Asker, Call, Words, task};
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
        asker: Asker,
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
    pub outside: Arc<Outside>,
    /// Who to tell when we have settled.
    pub supervisor: ActorRef<SupervisorMsg>,
}

/// What the actor holds between messages.
pub struct Desk {
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
    type State = Desk;
    type Arguments = PathBuf;

    async fn pre_start(&self, me: ActorRef<PanelMsg>, file: PathBuf) -> Result<Desk, ActorProcessingErr> {
        // No waiting here: the supervisor waits for it.
        me.cast(PanelMsg::Start)?;
        let (panel, menu) = (Panel::new(None), Menu::default());
        let tasks = JoinSet::new();
        let (unsaved, saving) = (None, false);
        let (settling, finding_home) = (false, false);
        Ok(Desk { panel, menu, file, unsaved, saving, tasks, alarm: None, settling, finding_home })
    }

    async fn handle(
        &self,
        me: ActorRef<PanelMsg>,
        message: PanelMsg,
        desk: &mut Desk,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            PanelMsg::Start => self.start(&me, desk),
            PanelMsg::SetUp { guild, asker, rank } => self.set_up(&me, desk, guild, asker, rank),
            PanelMsg::Hear(event) => self.play(&me, desk, event),
            PanelMsg::Menu(event) => self.offer(&me, desk, event),
            PanelMsg::FindHome => self.find_home(&me, desk),
            PanelMsg::HomeFound(found) => self.home_found(desk, found),
            PanelMsg::Saved(message, outcome) => Self::saved(&me, desk, message, outcome),
            PanelMsg::Alarm => {
                self.play(&me, desk, PanelEvent::Woke);
                self.offer(&me, desk, MenuEvent::Woke);
            }
            PanelMsg::Settle => desk.settling = true,
        }
        self.look_ahead(&me, desk);
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
    fn start(&self, me: &ActorRef<PanelMsg>, desk: &mut Desk) {
        let known = file::read(&desk.file);
        match &known {
            Ok(panel) => tracing::debug!(%panel, "the panel message is known"),
            Err(NoPanel::NoFile) => tracing::info!("there has been no panel yet; one will be sent"),
            Err(why) => {
                tracing::warn!(file = %desk.file.display(), %why, "the panel message is not known; a new one will be sent");
            }
        }
        desk.panel = Panel::new(known.ok());
        self.play(me, desk, PanelEvent::Ensure(None));
    }

    fn set_up(&self, me: &ActorRef<PanelMsg>, desk: &mut Desk, guild: GuildId, asker: Asker, rank: Rank) {
        match rank {
            Rank::Told { administrator: true } => {
                self.play(me, desk, PanelEvent::Ensure(Some(asker)));
                self.offer(me, desk, MenuEvent::Ensure(guild));
            }
            Rank::Told { administrator: false } => {
                self.play(me, desk, PanelEvent::TurnDown(asker, Words::AdministratorsOnly));
            }
            Rank::Roles(roles) => self.ask_whether_administrator(me, desk, guild, asker, roles),
        }
    }

    /// Messages do not tell what their author may do, so it is looked up: the server's owner, or a role that is
    /// administrator.
    fn ask_whether_administrator(
        &self,
        me: &ActorRef<PanelMsg>,
        desk: &mut Desk,
        guild: GuildId,
        asker: Asker,
        roles: Vec<RoleId>,
    ) {
        let (outside, me) = (self.outside.clone(), me.clone());
        desk.tasks.spawn(async move {
            let told = |administrator| Rank::Told { administrator };
            let standing = outside.standings.of(&outside.client, guild, &asker, &roles).await;
            let Some(standing) = standing else { return };
            let message = match standing {
                AdminStatus::Administrator => PanelMsg::SetUp { guild, asker, rank: told(true) },
                AdminStatus::Member => PanelMsg::SetUp { guild, asker, rank: told(false) },
                AdminStatus::RateLimited(wait) => {
                    PanelMsg::Hear(PanelEvent::TurnDown(asker, Words::AskLater(clock::now() + wait)))
                }
                AdminStatus::Unknown => PanelMsg::Hear(PanelEvent::TurnDown(asker, Words::DiscordDown)),
            };
            let _ = me.cast(message);
        });
    }

    /// Asks until Discord tells it.
    fn find_home(&self, me: &ActorRef<PanelMsg>, desk: &mut Desk) {
        if mem::replace(&mut desk.finding_home, true) {
            return;
        }
        let (outside, me) = (self.outside.clone(), me.clone());
        desk.tasks.spawn(async move {
            for attempt in 0.. {
                match outside.client.find_home_guild().await {
                    Ok(found) => return drop(me.cast(PanelMsg::HomeFound(found))),
                    Err(why) => tracing::warn!(
                        %why,
                        "Discord does not tell in which server the panel channel is; nobody is served before that, trying again"
                    ),
                }
                tokio::time::sleep(task::pause(attempt, &Answer::Unknown)).await;
            }
        });
    }

    fn home_found(&self, desk: &mut Desk, found: Option<GuildId>) {
        desk.finding_home = false;
        let _ = self.supervisor.cast(SupervisorMsg::HomeFound(found));
    }

    fn play(&self, me: &ActorRef<PanelMsg>, desk: &mut Desk, event: PanelEvent) {
        let step = desk.panel.handle(event, clock::now());
        if step.save.is_some() {
            desk.unsaved = step.save;
            Self::save(me, desk);
        }
        report::panel(&self.outside, &step.notes);
        if let Some(status) = step.notes.iter().rev().find_map(panel_status) {
            if matches!(status, PanelStatus::InPlace | PanelStatus::Contested) {
                let _ = self.supervisor.cast(SupervisorMsg::PanelStands);
            }
            self.outside.status.set_panel(status);
        }
        self.make(me, desk, step.calls, |call, answer| PanelMsg::Hear(PanelEvent::Answered { call, answer }));
    }

    /// Writes the newest id, one at a time.
    fn save(me: &ActorRef<PanelMsg>, desk: &mut Desk) {
        if desk.saving {
            return;
        }
        let Some(message) = desk.unsaved.take() else { return };
        desk.saving = true;
        let (file, me) = (desk.file.clone(), me.clone());
        desk.tasks.spawn(async move {
            let written = spawn_blocking(move || file::write(&file, message)).await;
            let _ = me.cast(PanelMsg::Saved(message, written.unwrap_or_else(|failed| Err(io::Error::other(failed)))));
        });
    }

    fn saved(me: &ActorRef<PanelMsg>, desk: &mut Desk, message: MessageId, outcome: io::Result<()>) {
        if let Err(error) = outcome {
            tracing::error!(%error, panel = %message, "cannot keep the panel message's id; at the next start it is sent anew");
        }
        desk.saving = false;
        Self::save(me, desk);
    }

    fn offer(&self, me: &ActorRef<PanelMsg>, desk: &mut Desk, event: MenuEvent) {
        let step = desk.menu.handle(event, clock::now());
        report::menu(&step.notes);
        self.make(me, desk, step.calls, |call, answer| PanelMsg::Menu(MenuEvent::Answered { call, answer }));
    }

    fn make(&self, me: &ActorRef<PanelMsg>, desk: &mut Desk, calls: Vec<Call>, told: fn(Call, Answer) -> PanelMsg) {
        while desk.tasks.try_join_next().is_some() {}
        for call in calls {
            let (outside, me) = (self.outside.clone(), me.clone());
            desk.tasks.spawn(async move {
                let answer = perform(outside, call.clone()).await;
                let _ = me.cast(told(call, answer));
            });
        }
    }

    fn look_ahead(&self, me: &ActorRef<PanelMsg>, desk: &mut Desk) {
        if let Some(alarm) = desk.alarm.take() {
            alarm.abort();
        }
        if let Some(deadline) = [desk.panel.deadline(), desk.menu.deadline()].into_iter().flatten().min() {
            let rest = deadline.duration_since(clock::now()).unwrap_or_default();
            desk.alarm = Some(me.send_after(rest, || PanelMsg::Alarm));
        }
        if desk.settling && !desk.saving && desk.panel.is_still() && desk.menu.is_still() {
            desk.settling = false;
            let _ = self.supervisor.cast(SupervisorMsg::Settled);
        }
    }
}
