//! Performs calls.
//!
//! Discord says that something is forbidden, and not why. The client looks the reason up, so that a person can be told
//! which right to give; it does so only then, and a failure to find out changes nothing.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serenity::http::{LightMethod, Route};
use tracing::{debug, warn};

use crate::discord::reply::answer;
use crate::discord::rights::{self, Channel, Member};
use crate::discord::said::Said;
use crate::discord::start::{Gateway, StartError};
use crate::discord::status::{Barred, LineStatus};
use crate::discord::survey::{Look, Sought, Survey};
use crate::discord::transport::Transport;
use crate::discord::wire::{Ask, Place, follow_up, id, replacement, request, said};
use crate::ids::{ChannelId, GuildId, Intent, MessageId, RoleId, TicketNumber, UserId};
use crate::lifecycle::{Answer, Call, Note, Press, Refusal, Right};
use crate::texts;

/// A page of a story that Discord does not take after so many tries ends the story.
const TRIES: u32 = 3;
/// How long to wait between two of them.
const PAUSE: Duration = Duration::from_secs(1);

/// Discord, as the rest of the bot knows it.
pub struct Client {
    transport: Arc<Transport>,
    place: Place,
}

impl Client {
    /// A client in this place.
    #[must_use]
    pub fn new(transport: impl Into<Arc<Transport>>, place: Place) -> Self {
        Self { transport: transport.into(), place }
    }

    /// What the bot knows of its surroundings.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// How it stands with Discord now.
    #[must_use]
    pub fn status(&self) -> LineStatus {
        self.transport.status()
    }

    /// Makes one call. It waits for rate limits as long as they last; it never repeats what may have been done.
    pub async fn perform(&self, call: &Call) -> Answer {
        let ask = request(call, &self.place);
        let Ok(reply) = self.transport.send(&ask).await else {
            return Answer::Unknown;
        };
        if let Some(wait) = reply.held_up {
            return Answer::Limited { wait };
        }
        let answer = answer(call, &self.place, reply.status, &reply.body);
        if let Answer::Unknown | Answer::Refused(_) = answer {
            debug!(verb = ask.verb(), path = ask.label(), status = reply.status, ?answer, "not done");
        }
        match answer {
            Answer::Refused(Refusal::Forbidden(named)) if named.is_empty() => {
                Answer::Refused(self.diagnose(call).await.unwrap_or(Refusal::Forbidden(Vec::new())))
            }
            answer if call.may_have_missed(&answer) => match self.diagnose(call).await {
                Some(refusal @ Refusal::Forbidden(_)) if refusal != Refusal::Forbidden(Vec::new()) => {
                    Answer::Refused(refusal)
                }
                _ => answer,
            },
            answer => answer,
        }
    }

    /// Tells what everybody may know of a ticket's story as a reply, in as many messages as it takes; says whether all of
    /// them could be sent.
    pub async fn tell(
        &self,
        channel: ChannelId,
        reply_to: MessageId,
        (ticket, number): (ChannelId, Option<TicketNumber>),
        story: &[(SystemTime, Note)],
    ) -> bool {
        let mut first = Some(reply_to);
        for page in self.place.texts().public_story(number, ticket, story) {
            let page = said(channel, &page, first.take(), Intent(reply_to.0));
            if !self.send_page(&page).await {
                return false;
            }
        }
        true
    }

    /// Tells a ticket's whole story to whoever used a slash command that has been deferred, in the same way.
    pub async fn tell_in_private(
        &self,
        press: &Press,
        number: Option<TicketNumber>,
        story: &[(SystemTime, Note)],
    ) -> bool {
        for (place, page) in texts::of(press.language).story(number, story).iter().enumerate() {
            let page = if place == 0 { replacement(press, page) } else { follow_up(press, page) };
            if !self.send_page(&page).await {
                return false;
            }
        }
        true
    }

    /// In a channel, the nonce makes a repeat the same message. A page for one person alone may be shown to them twice.
    async fn send_page(&self, page: &Ask<'_>) -> bool {
        let is_refusal = |body: &[u8]| Said::read(body).is_some_and(|said| !said.is_transient());
        for _ in 0..TRIES {
            match self.transport.send(page).await {
                Ok(reply) if reply.status < 300 => return true,
                Ok(reply) if reply.status < 500 && is_refusal(&reply.body) => return false,
                _ => tokio::time::sleep(PAUSE).await,
            }
        }
        false
    }

    /// Looks at everything, as [`Transport::survey`] does.
    pub async fn survey(&self, sought: Sought, now: fn() -> SystemTime) -> Result<Survey, StartError> {
        self.transport.survey(sought, now).await
    }

    /// Where to listen, and how many sessions may begin, as [`Transport::gateway`] does.
    pub async fn gateway(&self) -> Result<Gateway, StartError> {
        self.transport.gateway().await
    }

    /// In which server the panel and the tickets are, as [`Transport::home_server`] finds it.
    ///
    /// # Errors
    ///
    /// When Discord does not tell.
    pub async fn home_server(&self) -> Look<Option<GuildId>> {
        let Place { panel, category, support, .. } = self.place;
        self.transport.home_server(Sought { panel, category, support }).await
    }

    /// Is this member an administrator of this server?
    pub async fn is_administrator(&self, guild: GuildId, member: UserId, roles: &[RoleId]) -> Standing {
        match self.transport.guild(guild).await {
            Ok(guild) if guild.is_administrated_by(member, roles) => Standing::Administrator,
            Ok(guild) if guild.tells_owner() => Standing::Member,
            Ok(_) => Standing::Unknown,
            Err(StartError::HeldUp(wait) | StartError::Barred(Barred { next_probe: wait, .. })) => {
                Standing::HeldUp(wait)
            }
            Err(_) => Standing::Unknown,
        }
    }

    /// Why Discord forbids this call, as far as it lets us look: the rights that the bot lacks or, where it lacks none, its
    /// time-out.
    async fn diagnose(&self, call: &Call) -> Option<Refusal> {
        let channel_id = id(self.site(call)?.0);
        let channel: Channel = match self.transport.look(Route::Channel { channel_id }).await {
            Err(StartError::NoAnswer(Some(403))) => return Some(Refusal::Forbidden(vec![Right::ViewChannel])),
            channel => channel.ok()?,
        };
        let guild_id = id(channel.guild().0);
        let guild = self.transport.guild(channel.guild()).await.ok()?;
        let me = self.place.me;
        let member = Route::GuildMember { guild_id, user_id: id(me.0) };
        let ask = Ask { awaited: true, ..Ask::new(LightMethod::Get, member) };
        let (member, date): (Member, _) = self.transport.fetch(&ask).await.ok()?;
        let time_out = date.and_then(|now| guild.time_out(&member, me, now));
        if let Some(until) = time_out {
            warn!(
                until = %humantime::format_rfc3339_seconds(until),
                guild = %channel.guild(),
                "Discord refuses the bot what it may do by its roles, because it is in time-out; whoever may time out members \
                 can end that: right-click the bot → Remove Timeout"
            );
        }
        let rights = rights::missing(call, &guild, &channel, me, &member.roles());
        Some(match time_out {
            Some(until) if rights.is_empty() => Refusal::TimedOut { until },
            _ => Refusal::Forbidden(rights),
        })
    }

    /// Where a call happens.
    const fn site(&self, call: &Call) -> Option<ChannelId> {
        match call {
            Call::CreateChannel { .. } => Some(self.place.category),
            Call::GetChannel { channel }
            | Call::ReadChannel { channel, .. }
            | Call::Welcome { channel, .. }
            | Call::RestoreAccess { channel, .. }
            | Call::Say { channel, .. }
            | Call::DeleteChannel { channel } => Some(*channel),
            Call::GetPanel { .. }
            | Call::EditPanel { .. }
            | Call::ListPanels
            | Call::SendPanel { .. }
            | Call::DeletePanel { .. } => Some(self.place.panel),
            Call::ListChannels { .. }
            | Call::FindChannel { .. }
            | Call::Acknowledge { .. }
            | Call::EditReply { .. }
            | Call::ListCommands { .. }
            | Call::PutCommands { .. }
            | Call::RemoveCommands { .. } => None,
        }
    }
}

/// What a member is to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its owner, or somebody with an administrator's role.
    Administrator,
    /// Anybody else.
    Member,
    /// A limit of Discord's does not let us look for so long.
    HeldUp(Duration),
    /// Discord did not tell.
    Unknown,
}

#[cfg(test)]
mod tests;
