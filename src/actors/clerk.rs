//! The clerk: keeps the journal from growing for ever, and tells from it.

use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::task::JoinSet;

use crate::actors::supervisor::SupervisorMsg;
use crate::actors::{Outside, Rank, clock};
use crate::discord::AdminStatus;
use crate::ids::{ChannelId, GuildId, TicketNumber};
use crate::lifecycle::{Acknowledgement, Answer, Asker, Call, Entrance, Press, Refusal, Words};
use crate::store::Filter;

/// How often old notes are looked for.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A story in Discord is a short one; the whole of it is told by `talon explain`.
const STEPS: usize = 40;
/// What Discord does not take after so many tries is left unsaid: whoever asked will ask again.
const TRIES: u32 = 3;

/// What the clerk is told.
#[derive(Debug)]
pub enum ClerkMsg {
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
    pub asker: Asker,
    /// Whether they may.
    pub rank: Rank,
}

/// The journal's actor.
pub struct Clerk {
    /// How the world is reached.
    pub outside: Arc<Outside>,
    /// Who to tell when we have settled.
    pub supervisor: ActorRef<SupervisorMsg>,
}

/// What it holds between messages.
pub struct Desk {
    keep: Duration,
    tasks: JoinSet<()>,
    under_way: usize,
    settling: bool,
}

impl Actor for Clerk {
    type Msg = ClerkMsg;
    type State = Desk;
    /// How long a note is kept.
    type Arguments = Duration;

    async fn pre_start(&self, me: ActorRef<ClerkMsg>, keep: Duration) -> Result<Desk, ActorProcessingErr> {
        // No waiting here: the supervisor waits for it.
        me.cast(ClerkMsg::Prune)?;
        Ok(Desk { keep, tasks: JoinSet::new(), under_way: 0, settling: false })
    }

    async fn handle(
        &self,
        me: ActorRef<ClerkMsg>,
        message: ClerkMsg,
        desk: &mut Desk,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            ClerkMsg::Prune => {
                desk.begin(&me, prune(self.outside.clone(), desk.keep));
                me.send_after(DAY, || ClerkMsg::Prune);
            }
            ClerkMsg::Explain(question) => desk.begin(&me, explain(self.outside.clone(), question)),
            ClerkMsg::Done => desk.under_way -= 1,
            ClerkMsg::Settle => desk.settling = true,
        }
        if desk.settling && desk.under_way == 0 {
            desk.settling = false;
            let _ = self.supervisor.cast(SupervisorMsg::Settled);
        }
        Ok(())
    }
}

impl Desk {
    fn begin(&mut self, me: &ActorRef<ClerkMsg>, task: impl Future<Output = ()> + Send + 'static) {
        while self.tasks.try_join_next().is_some() {}
        self.under_way += 1;
        let me = me.clone();
        self.tasks.spawn(async move {
            task.await;
            let _ = me.cast(ClerkMsg::Done);
        });
    }
}

async fn prune(outside: Arc<Outside>, keep: Duration) {
    // A time before all times keeps everything.
    let Some(before) = clock::now().checked_sub(keep) else { return };
    match outside.store.prune(before).await {
        Ok(0) => {}
        Ok(lines) => {
            tracing::info!(lines, keep = %humantime::format_duration(keep), "the journal has forgotten what is older than JOURNAL_KEEP")
        }
        Err(error) => tracing::error!(%error, "the journal cannot be shortened; it is tried again tomorrow"),
    }
}

async fn explain(outside: Arc<Outside>, Question { guild, ticket, asker, rank }: Question) {
    // The channel has just been told; a story is several messages long, and others have something to say there, too.
    if asker.is_silenced() {
        return;
    }
    let may = match &rank {
        Rank::Told { administrator: true } => Some(AdminStatus::Administrator),
        Rank::Told { administrator: false } => Some(AdminStatus::Member),
        Rank::Roles(roles) => outside.standings.of(&outside.client, guild, &asker, roles).await,
    };
    let Some(may) = may else { return };
    // Reading may take longer than a press waits for its first answer.
    if let Entrance::Press(press) = &asker.entrance
        && !defer(&outside, press).await
    {
        return;
    }
    let words = match (may, ticket) {
        (AdminStatus::Administrator, Some(ticket)) => match story(&outside, ticket).await {
            Some((number, story)) => return tell(&outside, &asker, ticket, number, &story).await,
            None => Words::TryAgain,
        },
        (AdminStatus::Administrator, None) => Words::NothingToTell,
        (AdminStatus::Member, _) => Words::AdministratorsOnly,
        (AdminStatus::RateLimited(wait), _) => Words::AskLater(clock::now() + wait),
        (AdminStatus::Unknown, _) => Words::DiscordDown,
    };
    let intent = asker.intent();
    let answer = match asker.entrance {
        Entrance::Command { channel, message, language } => {
            Call::Say { channel, words, reply_to: Some((message, language)), intent }
        }
        Entrance::Press(press) => Call::EditReply { press, words },
    };
    for _ in 0..TRIES {
        if outside.client.execute(&answer).await != Answer::Unknown {
            return;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Shows "thinking…" to the presser alone; whether the answer is ours to give.
async fn defer(outside: &Outside, press: &Press) -> bool {
    let defer = Call::Acknowledge { press: press.clone(), with: Acknowledgement::Deferral };
    for attempt in 0..TRIES {
        match outside.client.execute(&defer).await {
            Answer::Unknown => {}
            // The one before arrived after all. Without one before, another process answers.
            Answer::Refused(Refusal::AlreadyAcknowledged) => return attempt > 0,
            answer => return answer == Answer::Done,
        }
    }
    // Perhaps one of them arrived: the edit will show.
    true
}

/// Tells what everybody there may know to who wrote the command, and all of it to who used its twin behind a slash.
async fn tell(outside: &Outside, asker: &Asker, ticket: ChannelId, number: Option<TicketNumber>, story: &Story) {
    let told = match &asker.entrance {
        Entrance::Command { channel, message, .. } => {
            outside.client.send_public_story(*channel, *message, (ticket, number), story).await
        }
        Entrance::Press(press) => outside.client.send_private_story(press, number, story).await,
    };
    tracing::info!(channel = %ticket, by = %asker.user, told, "the ticket's story was asked for");
}

type Story = Vec<(std::time::SystemTime, crate::lifecycle::Note)>;

/// The last steps of the ticket in this channel, with its number.
async fn story(outside: &Outside, ticket: ChannelId) -> Option<(Option<TicketNumber>, Story)> {
    match outside.store.journal(Filter::Channel(ticket), STEPS).await {
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
