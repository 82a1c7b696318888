//! What must be known before the first call: is the token good, who are we, and where is the gateway.

use std::fmt;
use std::time::SystemTime;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serenity::http::{LightMethod, Route};
use serenity::model::id as library;

use crate::discord::lenient;
use crate::discord::transport::Transport;
use crate::discord::wire::Ask;
use crate::ids::UserId;

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
    lenient::number(from).map(|wish: Option<u32>| wish.unwrap_or_default().max(one()))
}

/// Why the bot cannot start, or not yet.
#[derive(Debug)]
pub enum StartError {
    /// The token is not, or no longer, a bot's token. Trying again changes nothing.
    TokenRejected,
    /// The address in place of Discord is none. Trying again changes nothing.
    Proxy,
    /// No client could be made. Trying again changes nothing.
    Network(reqwest::Error),
    /// Discord did not answer, or with this status. It may later.
    NoAnswer(Option<u16>),
}

impl StartError {
    /// It makes sense to ask again.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::NoAnswer(_))
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
            Self::NoAnswer(Some(status)) => write!(f, "discord answers with status {status}"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Network(error) => Some(error),
            Self::TokenRejected | Self::Proxy | Self::NoAnswer(_) => None,
        }
    }
}

impl Transport {
    /// Where to listen. A server that stands in for Discord may know only the address.
    pub async fn gateway(&self) -> Result<Gateway, StartError> {
        match self.look(Route::GatewayBot).await {
            Err(StartError::NoAnswer(Some(404 | 405 | 501))) => self.look(Route::Gateway).await,
            told => told,
        }
    }

    /// Who we are.
    pub async fn me(&self) -> Result<UserId, StartError> {
        #[derive(Deserialize)]
        struct Me {
            id: library::UserId,
        }
        self.look::<Me>(Route::UserMe).await.map(|me| UserId(me.id.get()))
    }

    /// Looks something up.
    pub(super) async fn look<T: DeserializeOwned>(&self, route: Route<'_>) -> Result<T, StartError> {
        self.fetch(&Ask::new(LightMethod::Get, route)).await.map(|(found, _)| found)
    }

    /// The same for any request, with the moment of the reply by Discord's clock.
    pub(super) async fn fetch<T: DeserializeOwned>(
        &self,
        ask: &Ask<'_>,
    ) -> Result<(T, Option<SystemTime>), StartError> {
        let reply = self.send(ask).await.ok_or(StartError::NoAnswer(None))?;
        match reply.status {
            401 => Err(StartError::TokenRejected),
            200..=299 => serde_json::from_slice(&reply.body)
                .map(|found| (found, reply.date))
                .map_err(|_| StartError::NoAnswer(Some(reply.status))),
            status => Err(StartError::NoAnswer(Some(status))),
        }
    }
}
