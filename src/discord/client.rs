//! Executes calls.
//!
//! Discord says that something is forbidden, but not why. The client then looks up which permission is missing, so that a
//! person can be told which one to grant. If that fails, the answer stays as it was.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use serenity::http::{LightMethod, Route};
use tracing::{debug, warn};

use crate::discord::diagnostics::{ConfiguredIds, Diagnostics, LookupResult};
use crate::discord::error_body::ErrorBody;
use crate::discord::lookup::{BotGateway, DiscordError};
use crate::discord::permissions::{self, PartialChannel, PartialMember};
use crate::discord::request::{
    HttpRequest, Place, build_follow_up, build_message, build_request, build_response_edit, id,
};
use crate::discord::response::parse_response;
use crate::discord::status::{IpBlock, RestStatus};
use crate::discord::transport::Transport;
use crate::ids::{ChannelId, GuildId, MessageId, RequestId, RoleId, TicketNumber, UserId};
use crate::lifecycle::{ApiError, Interaction, JournalEvent, Outcome, Permission, Request};
use crate::texts;

/// Attempts to send one page of a story; if all fail, the rest of the story is not sent.
const MAX_PAGE_ATTEMPTS: u32 = 3;
/// Between two attempts.
const PAGE_RETRY_DELAY: Duration = Duration::from_secs(1);

/// The interface to Discord for the rest of the bot.
pub struct Client {
    transport: Arc<Transport>,
    /// What the settings in force make of it; the ids of the environment at first.
    place: RwLock<Arc<Place>>,
    configured: ConfiguredIds,
}

impl Client {
    /// A client for the bot and the ids in `place`.
    #[must_use]
    pub fn new(transport: impl Into<Arc<Transport>>, place: Place) -> Self {
        let support = place.staff.first().copied().unwrap_or(RoleId(0));
        let configured = ConfiguredIds { panel: place.panel, category: place.category, support };
        Self { transport: transport.into(), place: RwLock::new(Arc::new(place)), configured }
    }

    /// Who the bot is, and the ids that it is configured with.
    #[must_use]
    pub fn place(&self) -> Arc<Place> {
        Arc::clone(&self.place.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The settings have changed: calls from now on work with these ids.
    pub fn set_place(&self, place: Place) {
        *self.place.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(place);
    }

    /// What delays or rejects requests now.
    #[must_use]
    pub fn status(&self) -> RestStatus {
        self.transport.status()
    }

    /// Executes one call. It waits for rate limits as long as they last; it never repeats what may have been executed.
    pub async fn execute(&self, call: &Request) -> Outcome {
        let place = self.place();
        let request = build_request(call, &place);
        let Ok(response) = self.transport.send(&request).await else {
            return Outcome::Indeterminate;
        };
        if let Some(wait) = response.retry_after {
            return Outcome::Limited { wait };
        }
        let answer = parse_response(call, &place, response.status, &response.body);
        if let Outcome::Indeterminate | Outcome::Refused(_) = answer {
            let (verb, path, status) = (request.verb(), request.label(), response.status);
            debug!(verb, path, status, ?answer, "request not successful");
        }
        match answer {
            Outcome::Refused(ApiError::Forbidden(named)) if named.is_empty() => {
                Outcome::Refused(self.find_refusal_reason(call).await.unwrap_or(ApiError::Forbidden(Vec::new())))
            }
            answer if call.may_have_missed(&answer) => match self.find_refusal_reason(call).await {
                Some(refusal @ ApiError::Forbidden(_)) if refusal != ApiError::Forbidden(Vec::new()) => {
                    Outcome::Refused(refusal)
                }
                _ => answer,
            },
            answer => answer,
        }
    }

    /// Sends the public part of a ticket's story as a reply, in as many messages as it takes. Returns whether all of them could
    /// be sent.
    pub async fn send_public_story(
        &self,
        channel: ChannelId,
        reply_to: MessageId,
        (ticket, number): (ChannelId, Option<TicketNumber>),
        story: &[(SystemTime, JournalEvent)],
    ) -> bool {
        let mut first = Some(reply_to);
        for page in self.place().texts().public_story(number, ticket, story) {
            let request = build_message(channel, &page, first.take(), RequestId(reply_to.0));
            if !self.send_page(&request).await {
                return false;
            }
        }
        true
    }

    /// Sends a ticket's whole story to the member whose slash command was deferred, in ephemeral messages. Returns whether all
    /// of them could be sent.
    pub async fn send_private_story(
        &self,
        press: &Interaction,
        number: Option<TicketNumber>,
        story: &[(SystemTime, JournalEvent)],
    ) -> bool {
        for (index, page) in texts::of(press.language).story(number, story).iter().enumerate() {
            let request = if index == 0 { build_response_edit(press, page) } else { build_follow_up(press, page) };
            if !self.send_page(&request).await {
                return false;
            }
        }
        true
    }

    /// In a channel, the nonce makes a repetition the same message. An ephemeral page may be shown twice.
    async fn send_page(&self, request: &HttpRequest<'_>) -> bool {
        let is_refusal = |body: &[u8]| ErrorBody::parse(body).is_some_and(|error| !error.is_transient());
        for _ in 0..MAX_PAGE_ATTEMPTS {
            match self.transport.send(request).await {
                Ok(response) if response.status < 300 => return true,
                Ok(response) if response.status < 500 && is_refusal(&response.body) => return false,
                _ => tokio::time::sleep(PAGE_RETRY_DELAY).await,
            }
        }
        false
    }

    /// See [`Transport::run_diagnostics`].
    pub async fn run_diagnostics(
        &self,
        ids: ConfiguredIds,
        now: fn() -> SystemTime,
    ) -> Result<Diagnostics, DiscordError> {
        self.transport.run_diagnostics(ids, now).await
    }

    /// See [`Transport::fetch_gateway`].
    pub async fn fetch_gateway(&self) -> Result<BotGateway, DiscordError> {
        self.transport.fetch_gateway().await
    }

    /// See [`Transport::find_home_guild`].
    pub async fn find_home_guild(&self) -> LookupResult<Option<GuildId>> {
        self.transport.find_home_guild(self.configured).await
    }

    /// Whether this member is an administrator of this server.
    pub async fn fetch_admin_status(&self, guild: GuildId, member: UserId, roles: &[RoleId]) -> AdminStatus {
        match self.transport.fetch_guild(guild).await {
            Ok(guild) if guild.is_administrator(member, roles) => AdminStatus::Administrator,
            Ok(guild) if guild.has_owner() => AdminStatus::Member,
            Ok(_) => AdminStatus::Unknown,
            Err(DiscordError::RateLimited(wait) | DiscordError::IpBlocked(IpBlock { next_probe: wait, .. })) => {
                AdminStatus::RateLimited(wait)
            }
            Err(_) => AdminStatus::Unknown,
        }
    }

    /// Why Discord forbids this call, as far as that can be looked up: the missing permissions or, where none is missing, the
    /// bot's time-out.
    async fn find_refusal_reason(&self, call: &Request) -> Option<ApiError> {
        let channel_id = id(self.channel_of(call)?.0);
        let channel: PartialChannel = match self.transport.look_up(Route::Channel { channel_id }).await {
            Err(DiscordError::NoAnswer(Some(403))) => return Some(self.find_removal(call).await),
            channel => channel.ok()?,
        };
        let guild_id = id(channel.guild().0);
        let guild = self.transport.fetch_guild(channel.guild()).await.ok()?;
        let me = self.place().me;
        let member = Route::GuildMember { guild_id, user_id: id(me.0) };
        let request = HttpRequest { awaited: true, ..HttpRequest::new(LightMethod::Get, member) };
        let (member, date): (PartialMember, _) = self.transport.fetch(&request).await.ok()?;
        let time_out = date.and_then(|now| guild.effective_time_out(&member, me, now));
        if let Some(until) = time_out {
            warn!(
                until = %humantime::format_rfc3339_seconds(until),
                guild = %channel.guild(),
                "the bot has the permissions but is in time-out, so Discord refuses its requests; a member who may time out members \
                 can end that: right-click the bot → Remove Timeout"
            );
        }
        let missing = permissions::find_missing(call, &guild, &channel, me, &member.roles());
        Some(match time_out {
            Some(until) if missing.is_empty() => ApiError::TimedOut { until },
            _ => ApiError::Forbidden(missing),
        })
    }

    /// Discord does not let the bot see a channel: it lacks View Channel there, or was removed from the server.
    async fn find_removal(&self, call: &Request) -> ApiError {
        let guild = match call {
            Request::CreateChannel { owner, .. }
            | Request::Welcome { owner, .. }
            | Request::RestoreAccess { owner, .. } => self.transport.fetch_guild(owner.guild).await,
            _ => return ApiError::Forbidden(vec![Permission::ViewChannel]),
        };
        match guild {
            Err(DiscordError::NoAnswer(Some(403 | 404))) => ApiError::NotInGuild,
            _ => ApiError::Forbidden(vec![Permission::ViewChannel]),
        }
    }

    /// The channel whose permissions apply to a call.
    fn channel_of(&self, call: &Request) -> Option<ChannelId> {
        match call {
            Request::CreateChannel { .. } => Some(self.place().category),
            Request::GetChannel { channel }
            | Request::ReadChannel { channel, .. }
            | Request::Welcome { channel, .. }
            | Request::RestoreAccess { channel, .. }
            | Request::Say { channel, .. }
            | Request::DeleteChannel { channel } => Some(*channel),
            Request::GetPanel { .. }
            | Request::EditPanel { .. }
            | Request::ListPanels
            | Request::SendPanel { .. }
            | Request::DeletePanel { .. } => Some(self.place().panel),
            Request::ListChannels { .. }
            | Request::FindChannel { .. }
            | Request::Acknowledge { .. }
            | Request::EditReply { .. }
            | Request::ListCommands { .. }
            | Request::PutCommands { .. }
            | Request::RemoveCommands { .. } => None,
        }
    }
}

/// Whether a member is an administrator of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminStatus {
    /// The owner, or a member with an administrator role.
    Administrator,
    /// Neither.
    Member,
    /// The lookup is blocked by a rate limit or by Cloudflare for this long.
    RateLimited(Duration),
    /// The lookup failed.
    Unknown,
}

#[cfg(test)]
mod tests;
