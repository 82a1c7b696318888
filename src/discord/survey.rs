//! How things stand for the bot, before it touches any of them: for the doctor.
//!
//! A survey only looks. What Discord does not tell is told as unknown and is nobody's fault; which of the findings
//! matter is the doctor's to say.

mod home;

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::de::IgnoredAny;
use serenity::http::{LightMethod, Route};
use tokio::time::timeout;

use crate::discord::estate::{Application, Me, Named};
use crate::discord::start::{Gateway, StartError};
use crate::discord::transport::Transport;
use crate::discord::wire::{Ask, id};
use crate::ids::{ApplicationId, ChannelId, GuildId, RoleId, UserId};

pub use home::{Home, Listing, Spot};

/// So long may one look take: one that is not answered costs itself, and not the whole survey.
const LOOK_TIMEOUT: Duration = Duration::from_secs(5);

/// What one look brought.
pub type Look<T> = Result<T, Untold>;

/// Why Discord did not tell something, as the rest of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untold(pub String);

impl Untold {
    /// An answer came, and said nothing about it.
    pub(super) fn left_out() -> Self {
        Self("the answer leaves it out".to_owned())
    }
}

impl From<&StartError> for Untold {
    /// The same cause in the same words, however long it still lasts.
    fn from(why: &StartError) -> Self {
        Self(match why {
            StartError::Barred(_) => "Discord's edge bars this address".to_owned(),
            StartError::HeldUp(_) => "a rate limit of Discord's lasts too long".to_owned(),
            why => why.to_string(),
        })
    }
}

impl fmt::Display for Untold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the settings name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sought {
    /// The channel of the panel message.
    pub panel: ChannelId,
    /// The category of the ticket channels.
    pub category: ChannelId,
    /// The role that supports.
    pub support: RoleId,
}

/// All that can be known without touching anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// The bot itself.
    pub bot: Named<UserId>,
    /// Whoever owns it has two-factor authentication, if Discord told.
    pub two_factor: Option<bool>,
    /// Its application.
    pub application: Look<Application>,
    /// The gateway and how many sessions may still be started.
    pub gateway: Look<Gateway>,
    /// The server with what the settings name in it.
    pub home: Result<Home, Homeless>,
    /// The bot may have slash commands there.
    pub commands: Look<bool>,
    /// How this machine's clock goes.
    pub clock: Clock,
}

/// Why there is no server to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Homeless {
    /// The bot is in no server at all.
    NoServer,
    /// It is in these, and none has anything that the settings name.
    Elsewhere(Vec<Named<GuildId>>),
    /// It is in these, and what the settings name is hidden from it, in one of them or in another server.
    Hidden(Vec<Named<GuildId>>),
    /// Discord did not tell.
    Unknown(Untold),
}

/// How this machine's clock goes, by Discord's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// So far before it.
    Fast(Duration),
    /// So far behind it; nothing, if it is right.
    Slow(Duration),
    /// Discord did not tell the time.
    Untold,
}

impl Clock {
    /// Compares the moment Discord wrote a reply, in whole seconds, with when it was asked for and when it came.
    fn read(asked: SystemTime, date: Option<SystemTime>, came: SystemTime) -> Self {
        let Some(date) = date else { return Self::Untold };
        match asked.duration_since(date + Duration::from_secs(1)) {
            Ok(fast) if !fast.is_zero() => Self::Fast(fast),
            _ => Self::Slow(date.duration_since(came).unwrap_or_default()),
        }
    }
}

impl Transport {
    /// Looks at everything. `now` reads this machine's clock.
    ///
    /// # Errors
    ///
    /// When Discord does not accept the token or does not answer at all.
    pub async fn survey(&self, sought: Sought, now: fn() -> SystemTime) -> Result<Survey, StartError> {
        let asked = now();
        let (me, date) = self.fetch::<Me>(&Ask::new(LightMethod::Get, Route::UserMe)).await?;
        let clock = Clock::read(asked, date, now());
        let two_factor = me.mfa_enabled;
        let bot = me.named();
        let (application, home, gateway) = tokio::join!(
            self.bounded(self.application()),
            self.home(sought, bot.id, date.unwrap_or(asked)),
            self.bounded(self.gateway())
        );
        let commands = match (&application, &home) {
            (Ok(application), Ok(home)) => self.may_have_commands(application.id, home.server.id).await,
            (Err(why), _) => Err(why.clone()),
            (_, Err(_)) => Err(Untold::left_out()),
        };
        Ok(Survey { bot, two_factor, application, gateway, home, commands, clock })
    }

    /// One look, for as long as it is worth waiting for.
    pub(super) async fn bounded<T>(&self, look: impl Future<Output = Result<T, StartError>>) -> Look<T> {
        // Boxed: several of them are under way together, in one future.
        let why = match timeout(LOOK_TIMEOUT, Box::pin(look)).await {
            Ok(Ok(found)) => return Ok(found),
            Ok(Err(why)) => why,
            Err(_) => self.status().barred.map_or(StartError::NoAnswer(None), StartError::Barred),
        };
        Err(Untold::from(&why))
    }

    /// Whether the bot was invited with the scope `applications.commands`: without it Discord answers 403 (50001, "Missing
    /// Access") to whoever asks for its commands.
    async fn may_have_commands(&self, application: ApplicationId, server: GuildId) -> Look<bool> {
        let route = Route::GuildCommands { application_id: id(application.0), guild_id: id(server.0) };
        self.bounded(async {
            match self.look::<Vec<IgnoredAny>>(route).await {
                Ok(_) => Ok(true),
                Err(StartError::NoAnswer(Some(403))) => Ok(false),
                Err(why) => Err(why),
            }
        })
        .await
    }
}

#[cfg(test)]
mod tests;
