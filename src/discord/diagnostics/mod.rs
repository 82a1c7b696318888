//! What Discord knows about the bot and its configuration, for the doctor.
//!
//! Diagnostics only read. What a lookup does not reveal is reported as unknown; the doctor decides which findings matter.

mod home;

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::de::IgnoredAny;
use serenity::http::{LightMethod, Route};
use tokio::time::timeout;

use crate::discord::guild::{Application, CurrentUser, Named};
use crate::discord::lookup::{BotGateway, DiscordError};
use crate::discord::request::{HttpRequest, id};
use crate::discord::transport::Transport;
use crate::ids::{ApplicationId, ChannelId, GuildId, RoleId, UserId};

pub use home::{ChannelCounts, ChannelLookup, HomeGuild};

/// For one lookup; if it times out, the others still count.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);

/// The result of one lookup.
pub type LookupResult<T> = Result<T, LookupFailure>;

/// Why a lookup revealed nothing, in words that can end a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupFailure(pub String);

impl LookupFailure {
    /// The response does not contain the value.
    pub(super) fn left_out() -> Self {
        Self("the answer leaves it out".to_owned())
    }
}

impl From<&DiscordError> for LookupFailure {
    /// Without durations, so that the same cause always has the same text.
    fn from(error: &DiscordError) -> Self {
        Self(match error {
            DiscordError::IpBlocked(_) => "Cloudflare blocks this IP address".to_owned(),
            DiscordError::RateLimited(_) => "a rate limit of Discord's lasts too long".to_owned(),
            error => error.to_string(),
        })
    }
}

impl fmt::Display for LookupFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The ids that the settings contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfiguredIds {
    /// The channel that holds the panel message.
    pub panel: ChannelId,
    /// The category of the ticket channels.
    pub category: ChannelId,
    /// The role of the support team.
    pub support: RoleId,
}

/// All that can be found out by reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics {
    /// The bot's own id and name.
    pub bot: Named<UserId>,
    /// Whether the bot's owner has two-factor authentication, if that is known.
    pub two_factor: Option<bool>,
    /// The application that the bot belongs to.
    pub application: LookupResult<Application>,
    /// The gateway, with the number of sessions left.
    pub gateway: LookupResult<BotGateway>,
    /// The server with the configured channels and role.
    pub home: Result<HomeGuild, NoGuild>,
    /// Whether the bot may register slash commands there.
    pub commands: LookupResult<bool>,
    /// The difference between this machine's clock and Discord's.
    pub clock: ClockSkew,
}

/// Why no server contains the configured ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoGuild {
    /// The bot is in no server.
    NotInAny,
    /// It is in these servers, and none contains any of the ids.
    Elsewhere(Vec<Named<GuildId>>),
    /// It is in these servers, and the channels are hidden from it, in one of them or in another server.
    Hidden(Vec<Named<GuildId>>),
    /// It was removed from the server that had them before.
    Removed(Named<GuildId>),
    /// A lookup failed.
    Unknown(LookupFailure),
}

impl Diagnostics {
    /// Where the ids have been before tells more: a bot that is not in that server any more was removed from it.
    pub fn compare_home(&mut self, before: &Named<GuildId>) {
        if let Err(NoGuild::Elsewhere(guilds) | NoGuild::Hidden(guilds)) = &self.home
            && !guilds.iter().any(|guild| guild.id == before.id)
        {
            self.home = Err(NoGuild::Removed(before.clone()));
        }
    }
}

/// This machine's clock, compared with Discord's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockSkew {
    /// Ahead of Discord's clock by this much.
    Ahead(Duration),
    /// Behind Discord's clock by this much; zero, if it is right.
    Behind(Duration),
    /// The response had no `Date` header.
    Unknown,
}

impl ClockSkew {
    /// Compares the `Date` header of a response, in whole seconds, with the times of the request and the response.
    fn measure(requested: SystemTime, date: Option<SystemTime>, received: SystemTime) -> Self {
        let Some(date) = date else { return Self::Unknown };
        match requested.duration_since(date + Duration::from_secs(1)) {
            Ok(ahead) if !ahead.is_zero() => Self::Ahead(ahead),
            _ => Self::Behind(date.duration_since(received).unwrap_or_default()),
        }
    }
}

impl Transport {
    /// Runs all lookups. `now` reads this machine's clock.
    ///
    /// # Errors
    ///
    /// When Discord does not accept the token or does not answer at all.
    pub async fn run_diagnostics(
        &self,
        ids: ConfiguredIds,
        now: fn() -> SystemTime,
    ) -> Result<Diagnostics, DiscordError> {
        let requested = now();
        let (user, date) = self.fetch::<CurrentUser>(&HttpRequest::new(LightMethod::Get, Route::UserMe)).await?;
        let clock = ClockSkew::measure(requested, date, now());
        let two_factor = user.mfa_enabled;
        let bot = user.into_named();
        let (application, home, gateway) = tokio::join!(
            self.look_up_bounded(self.fetch_application()),
            self.examine_home(ids, bot.id, date.unwrap_or(requested)),
            self.look_up_bounded(self.fetch_gateway())
        );
        let commands = match (&application, &home) {
            (Ok(application), Ok(home)) => self.may_register_commands(application.id, home.guild.id).await,
            (Err(failure), _) => Err(failure.clone()),
            (_, Err(_)) => Err(LookupFailure::left_out()),
        };
        Ok(Diagnostics { bot, two_factor, application, gateway, home, commands, clock })
    }

    /// Awaits one lookup, with a timeout.
    pub(super) async fn look_up_bounded<T>(
        &self,
        lookup: impl Future<Output = Result<T, DiscordError>>,
    ) -> LookupResult<T> {
        // Boxed: one future contains several of them concurrently.
        let error = match timeout(LOOKUP_TIMEOUT, Box::pin(lookup)).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => error,
            Err(_) => self.status().ip_block.map_or(DiscordError::NoAnswer(None), DiscordError::IpBlocked),
        };
        Err(LookupFailure::from(&error))
    }

    /// Whether the bot was invited with the scope `applications.commands`: without it Discord answers 403 (50001, "Missing
    /// Access") to a request for the commands.
    async fn may_register_commands(&self, application: ApplicationId, guild: GuildId) -> LookupResult<bool> {
        let route = Route::GuildCommands { application_id: id(application.0), guild_id: id(guild.0) };
        self.look_up_bounded(async {
            match self.look_up::<Vec<IgnoredAny>>(route).await {
                Ok(_) => Ok(true),
                Err(DiscordError::NoAnswer(Some(403))) => Ok(false),
                Err(error) => Err(error),
            }
        })
        .await
    }
}

#[cfg(test)]
mod tests;
