//! What must be known before the first call: is the token good, who are we, and where is the gateway.

use std::fmt;
use std::pin::pin;
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serenity::http::{LightMethod, Route};
use serenity::model::id as library;
use tokio::time::timeout;

use crate::discord::lenient;
use crate::discord::said::Said;
use crate::discord::status::Barred;
use crate::discord::transport::{Reply, Transport};
use crate::discord::unreachable::Unreachable;
use crate::discord::wire::Ask;
use crate::ids::UserId;

/// How long a look waits for an address that is barred to be let in again.
const LOOK_TIMEOUT: Duration = Duration::from_secs(10);

/// Where to listen, and how often we may begin to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Gateway {
    /// The address of the socket.
    pub url: String,
    /// In how many parts Discord would like us to listen. Who wishes nothing gets one.
    #[serde(default = "one", deserialize_with = "at_least_one")]
    pub shards: u32,
    /// How often we may introduce ourselves, where that is limited.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub session_start_limit: Option<SessionStartLimit>,
}

/// Discord resets the token of a bot that introduces itself more often.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SessionStartLimit {
    /// In one period.
    pub total: u32,
    /// Until the end of this period.
    pub remaining: u32,
    /// Milliseconds until the next period.
    pub reset_after: u64,
    /// How many within five seconds.
    #[serde(default)]
    pub max_concurrency: u32,
}

const fn one() -> u32 {
    1
}

fn at_least_one<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    lenient::number(from).map(|wish: Option<u32>| wish.unwrap_or_default().clamp(one(), MOST_SHARDS))
}

/// Each takes a thread and a connection; no bot is in so many servers that it needs more.
const MOST_SHARDS: u32 = 1_024;

/// Why the bot cannot start, or not yet.
#[derive(Debug)]
pub enum StartError {
    /// The token is not, or no longer, a bot's token. Trying again changes nothing.
    TokenRejected,
    /// The address in place of Discord is none. Trying again changes nothing.
    Proxy,
    /// No client could be made. Trying again changes nothing.
    Network(reqwest::Error),
    /// Discord answered with this status, or not in time. It may later.
    NoAnswer(Option<u16>),
    /// There was no answer. It may come later.
    Unreachable {
        /// Why.
        cause: Unreachable,
    },
    /// Something on the way answered in Discord's place, with this status. Discord may later.
    NotDiscord(u16),
    /// Discord's edge bars the address. It will not for ever.
    Barred(Barred),
    /// A rate limit holds it up for so long.
    HeldUp(Duration),
}

impl StartError {
    /// It makes sense to ask again.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::NoAnswer(_) | Self::Unreachable { .. } | Self::NotDiscord(_) | Self::Barred(_) | Self::HeldUp(_)
        )
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TokenRejected => f.write_str(
                "discord does not accept the bot token: copy it anew from the Bot page of the developer portal into \
                 DISCORD_TOKEN",
            ),
            Self::Proxy => f.write_str("DISCORD_PROXY is not an address such as http://127.0.0.1:8080"),
            Self::Network(_) => f.write_str("the network client could not be set up"),
            Self::NoAnswer(None) => f.write_str("discord does not answer"),
            Self::NoAnswer(Some(status @ 200..=299)) => {
                write!(f, "discord answers with status {status} and not with what was asked for")
            }
            Self::NoAnswer(Some(status)) => write!(f, "discord answers with status {status}"),
            Self::Unreachable { cause } => write!(f, "discord does not answer: {cause}"),
            Self::NotDiscord(status) => write!(
                f,
                "not Discord but something on the way answers, with status {status} and a page: see what DISCORD_PROXY \
                 names, which firewall or proxy is between this machine and Discord, and discordstatus.com"
            ),
            Self::HeldUp(wait) => {
                let seconds = wait.as_secs_f64().ceil();
                write!(f, "a rate limit of Discord's lasts {seconds} s more: it ends by itself, try again then")
            }
            Self::Barred(barred) => write!(
                f,
                "{barred}; if it lasts for hours, another program behind the same address may be the cause: ask your \
                 provider, or move the bot to another address"
            ),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Network(error) => Some(error),
            Self::TokenRejected
            | Self::Proxy
            | Self::NoAnswer(_)
            | Self::Unreachable { .. }
            | Self::NotDiscord(_)
            | Self::Barred(_)
            | Self::HeldUp(_) => None,
        }
    }
}

impl Transport {
    /// Where to listen. A server that stands in for Discord may know only the address.
    pub async fn gateway(&self) -> Result<Gateway, StartError> {
        match self.wait_for(Route::GatewayBot).await {
            Err(StartError::NoAnswer(Some(404 | 405 | 501)) | StartError::NotDiscord(404 | 405 | 501)) => {
                self.wait_for(Route::Gateway).await
            }
            told => told,
        }
    }

    /// Who we are.
    pub async fn me(&self) -> Result<UserId, StartError> {
        #[derive(Deserialize)]
        struct Me {
            id: library::UserId,
        }
        self.wait_for::<Me>(Route::UserMe).await.map(|me| UserId(me.id.get()))
    }

    /// Looks up what the bot cannot do without: it waits for as long as a limit or the edge holds it up.
    async fn wait_for<T: DeserializeOwned>(&self, route: Route<'_>) -> Result<T, StartError> {
        let sent = self.send(&Ask::new(LightMethod::Get, route)).await;
        read(sent.map_err(|cause| StartError::Unreachable { cause })?).map(|(found, _)| found)
    }

    /// Looks something up that somebody waits for.
    pub(super) async fn look<T: DeserializeOwned>(&self, route: Route<'_>) -> Result<T, StartError> {
        self.fetch(&Ask { awaited: true, ..Ask::new(LightMethod::Get, route) }).await.map(|(found, _)| found)
    }

    /// The same for any request, with the moment of the reply by Discord's clock.
    pub(super) async fn fetch<T: DeserializeOwned>(
        &self,
        ask: &Ask<'_>,
    ) -> Result<(T, Option<SystemTime>), StartError> {
        read(self.reply(ask).await?)
    }

    /// The reply to such a request as it came, whatever it says.
    pub(super) async fn reply(&self, ask: &Ask<'_>) -> Result<Reply, StartError> {
        let mut sending = pin!(self.send(ask));
        loop {
            if let Ok(sent) = timeout(LOOK_TIMEOUT, &mut sending).await {
                let reply = sent.map_err(|cause| StartError::Unreachable { cause })?;
                return match self.status().barred.filter(|_| reply.held_up.is_some()) {
                    Some(barred) => Err(StartError::Barred(barred)),
                    None => Ok(reply),
                };
            }
            if let Some(barred) = self.status().barred {
                return Err(StartError::Barred(barred));
            }
        }
    }
}

/// What a reply brings, and when it was written. A refusal is believed only from Discord.
pub(super) fn read<T: DeserializeOwned>(reply: Reply) -> Result<(T, Option<SystemTime>), StartError> {
    let Reply { status, body, date, held_up } = reply;
    if let Some(wait) = held_up {
        return Err(StartError::HeldUp(wait));
    }
    match (status, Said::read(&body)) {
        (200..=299, _) => match serde_json::from_slice(&body) {
            Ok(found) => Ok((found, date)),
            Err(error) if error.is_data() => Err(StartError::NoAnswer(Some(status))),
            Err(_) => Err(StartError::NotDiscord(status)),
        },
        (300..=499, None) => Err(StartError::NotDiscord(status)),
        (_, Some(said)) if said.is_transient() => Err(StartError::NoAnswer(None)),
        (401, Some(_)) => Err(StartError::TokenRejected),
        _ => Err(StartError::NoAnswer(Some(status))),
    }
}

#[cfg(test)]
mod tests;
