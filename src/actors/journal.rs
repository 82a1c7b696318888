//! The journal actor: keeps the journal from growing for ever, and tells from it.

use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::task::JoinSet;

use crate::actors::supervisor::SupervisorMsg;
use crate::actors::{Rank, Services, clock};
use crate::discord::AdminStatus;
use crate::ids::{ChannelId, GuildId, TicketNumber};
use crate::lifecycle::{
    Acknowledgement, Action, ApiError, Interaction, Notice, Origin, Outcome, Request, Requester, Who, may,
};
use crate::store::Filter;

/// How often old notes are looked for.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A story in Discord is a short one; the whole of it is told by `talon explain`.
const STEPS: usize = 40;
/// What Discord does not take after so many tries is left unsaid: whoever asked will ask again.
const TRIES: u32 = 3;

/// What the journal actor is told.
#[derive(Debug)]
pub enum JournalMsg {
    /// By itself, once a day: forget what is old.
    Prune,
    /// By the supervisor: somebody asked for a ticket's story.
    Explain(Question),
    /// By its own tasks: one is done.
    Done,
    /// By the supervisor: say when nothing is under way.
    Settle,
}

/// Somebody wants to know a ticket's story.
#[derive(Debug)]
pub struct Question {
    /// Where.
    pub guild: GuildId,
    /// The ticket's channel; none where it was asked in a channel that is no ticket.
    pub ticket: Option<ChannelId>,
    /// Who.
    pub requester: Requester,
    /// Whether they may.
    pub rank: Rank,
}

/// The journal's actor.
pub struct JournalActor {
    /// How the world is reached.
    pub services: Arc<Services>,
    /// Who to tell when we have settled.
    pub supervisor: ActorRef<SupervisorMsg>,
}

/// What it holds between messages.
pub struct JournalActorState {
    keep: Duration,
    tasks: JoinSet<()>,
    under_way: usize,
    settling: bool,
}

impl Actor for JournalActor {
    type Msg = JournalMsg;
    type State = JournalActorState;
    /// How long a note is kept.
    type Arguments = Duration;

    async fn pre_start(
        &self,
        me: ActorRef<JournalMsg>,
        keep: Duration,
    ) -> Result<JournalActorState, ActorProcessingErr> {
        // No waiting here: the supervisor waits for it.
        me.cast(JournalMsg::Prune)?;
        Ok(JournalActorState { keep, tasks: JoinSet::new(), under_way: 0, settling: false })
    }

    async fn handle(
        &self,
        me: ActorRef<JournalMsg>,
        message: JournalMsg,
        state: &mut JournalActorState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            JournalMsg::Prune => {
                state.begin(&me, prune(self.services.clone(), state.keep));
                me.send_after(DAY, || JournalMsg::Prune);
            }
            JournalMsg::Explain(question) => state.begin(&me, explain(self.services.clone(), question)),
            JournalMsg::Done => state.under_way -= 1,
            JournalMsg::Settle => state.settling = true,
        }
        if state.settling && state.under_way == 0 {
            state.settling = false;
            let _ = self.supervisor.cast(SupervisorMsg::Settled);
        }
        Ok(())
    }
}

impl JournalActorState {
    fn begin(&mut self, me: &ActorRef<JournalMsg>, task: impl Future<Output = ()> + Send + 'static) {
        while self.tasks.try_join_next().is_some() {}
        self.under_way += 1;
        let me = me.clone();
        self.tasks.spawn(async move {
            task.await;
            let _ = me.cast(JournalMsg::Done);
        });
    }
}

async fn prune(services: Arc<Services>, keep: Duration) {
    // A time before all times keeps everything.
    let Some(before) = clock::now().checked_sub(keep) else { return };
    match services.store.prune(before).await {
        Ok(0) => {}
        Ok(lines) => {
            tracing::info!(lines, keep = %humantime::format_duration(keep), "the journal has forgotten what is older than JOURNAL_KEEP")
        }
        Err(error) => tracing::error!(%error, "the journal cannot be shortened; it is tried again tomorrow"),
    }
}

async fn explain(services: Arc<Services>, Question { guild, ticket, requester, rank }: Question) {
    // The channel has just been told; a story is several messages long, and others have something to say there, too.
    if requester.is_silenced() {
        return;
    }
    let in_force = services.settings.rules();
    let standing = match &rank {
        Rank::Known { administrator } if may(Who::of_rank(*administrator), Action::Explain, &in_force) => {
            Some(AdminStatus::Administrator)
        }
        Rank::Known { .. } => Some(AdminStatus::Member),
        Rank::Roles(roles) => services.standings.of(&services.client, guild, &requester, roles).await,
    };
    let Some(standing) = standing else { return };
    // Reading may take longer than a press waits for its first answer.
    if let Origin::Interaction(press) = &requester.origin
        && !defer(&services, press).await
    {
        return;
    }
    let words = match (standing, ticket) {
        (AdminStatus::Administrator, Some(ticket)) => match story(&services, ticket).await {
            Some((number, story)) => return tell(&services, &requester, ticket, number, &story).await,
            None => Notice::TryAgain,
        },
        (AdminStatus::Administrator, None) => Notice::NothingToTell,
        (AdminStatus::Member, _) => Notice::AdministratorsOnly,
        (AdminStatus::RateLimited(wait), _) => Notice::AskLater(clock::now() + wait),
        (AdminStatus::Unknown, _) => Notice::DiscordDown,
    };
    let request_id = requester.request_id();
    let answer = match requester.origin {
        Origin::Message { channel, message, language } => {
            Request::Say { channel, words, reply_to: Some((message, language)), request_id }
        }
        Origin::Interaction(press) => Request::EditReply { press, words },
    };
    for _ in 0..TRIES {
        if services.client.execute(&answer).await != Outcome::Indeterminate {
            return;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Shows "thinking…" to the presser alone; whether the answer is ours to give.
async fn defer(services: &Services, press: &Interaction) -> bool {
    let defer = Request::Acknowledge { press: press.clone(), with: Acknowledgement::Deferral };
    for attempt in 0..TRIES {
        match services.client.execute(&defer).await {
            Outcome::Indeterminate => {}
            // The one before arrived after all. Without one before, another process answers.
            Outcome::Refused(ApiError::AlreadyAcknowledged) => return attempt > 0,
            answer => return answer == Outcome::Done,
        }
    }
    // Perhaps one of them arrived: the edit will show.
    true
}

/// Tells what everybody there may know to who wrote the command, and all of it to who used its twin behind a slash.
async fn tell(
    services: &Services,
    requester: &Requester,
    ticket: ChannelId,
    number: Option<TicketNumber>,
    story: &Story,
) {
    let told = match &requester.origin {
        Origin::Message { channel, message, .. } => {
            services.client.send_public_story(*channel, *message, (ticket, number), story).await
        }
        Origin::Interaction(press) => services.client.send_private_story(press, number, story).await,
    };
    tracing::info!(channel = %ticket, by = %requester.user, told, "the ticket's story was asked for");
}

type Story = Vec<(std::time::SystemTime, crate::lifecycle::JournalEvent)>;

/// The last steps of the ticket in this channel, with its number.
async fn story(services: &Services, ticket: ChannelId) -> Option<(Option<TicketNumber>, Story)> {
    match services.store.journal(Filter::Channel(ticket), STEPS).await {
        Ok(entries) => {
            let number = entries.iter().rev().find_map(|entry| entry.number);
            // What another version of the bot wrote is left out.
            let steps = entries.into_iter().filter_map(|entry| Some((entry.at, entry.note.ok()?)));
            Some((number, steps.collect()))
        }
        Err(error) => {
            tracing::error!(%error, channel = %ticket, "cannot read the journal");
            None
        }
    }
}
