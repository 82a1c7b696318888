//! Lookups: requests whose results the bot needs for itself, such as its own id and the gateway, and their errors.

use std::fmt;
use std::pin::pin;
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serenity::http::{LightMethod, Route};
use serenity::model::id as model_id;
use tokio::time::timeout;

use crate::discord::connection_error::ConnectionError;
use crate::discord::error_body::ErrorBody;
use crate::discord::lenient;
use crate::discord::request::HttpRequest;
use crate::discord::status::IpBlock;
use crate::discord::transport::{HttpResponse, Transport};
use crate::ids::UserId;

/// How often a lookup checks whether Cloudflare blocks the address; if so, it fails.
const BLOCK_CHECK_INTERVAL: Duration = Duration::from_secs(10);

/// The response of Discord's "Get Gateway Bot".
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct BotGateway {
    /// The WebSocket URL.
    pub url: String,
    /// The recommended number of shards; 1 if the server recommends none.
    #[serde(default = "one_shard", deserialize_with = "at_least_one")]
    pub shards: u32,
    /// The limit on new sessions, if the server has one.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub session_start_limit: Option<SessionStartLimit>,
}

/// Discord resets the token of a bot that starts more sessions than this.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SessionStartLimit {
    /// Sessions in one period.
    pub total: u32,
    /// Sessions left in this period.
    pub remaining: u32,
    /// Milliseconds until the next period.
    pub reset_after: u64,
    /// Sessions that may start within five seconds.
    #[serde(default)]
    pub max_concurrency: u32,
}

const fn one_shard() -> u32 {
    1
}

fn at_least_one<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    lenient::number(from).map(|shards: Option<u32>| shards.unwrap_or_default().clamp(one_shard(), MAX_SHARDS))
}

/// Each shard takes a thread and a connection; no bot is in so many servers that it needs more.
const MAX_SHARDS: u32 = 1_024;

/// Why a lookup failed, or why the transport could not be created.
#[derive(Debug)]
pub enum DiscordError {
    /// The token is not, or no longer, a bot's token. Permanent.
    TokenRejected,
    /// `DISCORD_PROXY` is not a URL. Permanent.
    InvalidProxy,
    /// The HTTP client could not be created. Permanent.
    ClientSetup(reqwest::Error),
    /// Discord answered with this status, or not in time. Mostly transient.
    NoAnswer(Option<u16>),
    /// There was no response. Transient.
    Unreachable {
        /// The cause, with a remedy.
        cause: ConnectionError,
    },
    /// A proxy or firewall responded in Discord's place, with this status. Transient.
    NotDiscord(u16),
    /// Cloudflare blocks this IP address. Transient.
    IpBlocked(IpBlock),
    /// A rate limit blocks the request for this long. Transient.
    RateLimited(Duration),
}

impl DiscordError {
    /// Whether a repetition may succeed.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::NoAnswer(_)
                | Self::Unreachable { .. }
                | Self::NotDiscord(_)
                | Self::IpBlocked(_)
                | Self::RateLimited(_)
        )
    }
}

impl fmt::Display for DiscordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TokenRejected => f.write_str(
                "discord does not accept the bot token: copy it anew from the Bot page of the developer portal into \
                 DISCORD_TOKEN",
            ),
            Self::InvalidProxy => f.write_str("DISCORD_PROXY is not an address such as http://127.0.0.1:8080"),
            Self::ClientSetup(_) => f.write_str("the HTTP client could not be created"),
            Self::NoAnswer(None) => f.write_str("discord does not answer"),
            Self::NoAnswer(Some(status @ 200..=299)) => {
                write!(f, "discord answers with status {status} and an unexpected body")
            }
            Self::NoAnswer(Some(status)) => write!(f, "discord answers with status {status}"),
            Self::Unreachable { cause } => write!(f, "discord does not answer: {cause}"),
            Self::NotDiscord(status) => write!(
                f,
                "a proxy or firewall answers in Discord's place, with status {status} and a page: check DISCORD_PROXY, what is \
                 between this machine and Discord, and discordstatus.com"
            ),
            Self::RateLimited(wait) => {
                let seconds = wait.as_secs_f64().ceil();
                write!(f, "a rate limit of Discord's lasts {seconds} s more: it ends by itself, try again then")
            }
            Self::IpBlocked(block) => write!(
                f,
                "{block}; if it lasts for hours, another program behind the same address may be the cause: ask your \
                 provider, or move the bot to another address"
            ),
        }
    }
}

impl std::error::Error for DiscordError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::ClientSetup(error) => Some(error),
            Self::TokenRejected
            | Self::InvalidProxy
            | Self::NoAnswer(_)
            | Self::Unreachable { .. }
            | Self::NotDiscord(_)
            | Self::IpBlocked(_)
            | Self::RateLimited(_) => None,
        }
    }
}

impl Transport {
    /// The gateway. A server that stands in for Discord may know only its URL.
    pub async fn fetch_gateway(&self) -> Result<BotGateway, DiscordError> {
        match self.look_up_patiently(Route::GatewayBot).await {
            Err(DiscordError::NoAnswer(Some(404 | 405 | 501)) | DiscordError::NotDiscord(404 | 405 | 501)) => {
                self.look_up_patiently(Route::Gateway).await
            }
            result => result,
        }
    }

    /// The bot's own user id.
    pub async fn fetch_bot_id(&self) -> Result<UserId, DiscordError> {
        #[derive(Deserialize)]
        struct Me {
            id: model_id::UserId,
        }
        self.look_up_patiently::<Me>(Route::UserMe).await.map(|me| UserId(me.id.get()))
    }

    /// Looks up what the bot cannot do without: waits for as long as a rate limit or Cloudflare blocks the request.
    async fn look_up_patiently<T: DeserializeOwned>(&self, route: Route<'_>) -> Result<T, DiscordError> {
        let sent = self.send(&HttpRequest::new(LightMethod::Get, route)).await;
        parse_lookup(sent.map_err(|cause| DiscordError::Unreachable { cause })?).map(|(found, _)| found)
    }

    /// Looks up what a person waits for: fails if a rate limit or Cloudflare blocks the request for long.
    pub(super) async fn look_up<T: DeserializeOwned>(&self, route: Route<'_>) -> Result<T, DiscordError> {
        let request = HttpRequest { awaited: true, ..HttpRequest::new(LightMethod::Get, route) };
        self.fetch(&request).await.map(|(found, _)| found)
    }

    /// The same for any request, with the time of the response by Discord's clock.
    pub(super) async fn fetch<T: DeserializeOwned>(
        &self,
        request: &HttpRequest<'_>,
    ) -> Result<(T, Option<SystemTime>), DiscordError> {
        parse_lookup(self.fetch_response(request).await?)
    }

    /// The response to such a request, whatever its status.
    pub(super) async fn fetch_response(&self, request: &HttpRequest<'_>) -> Result<HttpResponse, DiscordError> {
        let mut sending = pin!(self.send(request));
        loop {
            if let Ok(sent) = timeout(BLOCK_CHECK_INTERVAL, &mut sending).await {
                let response = sent.map_err(|cause| DiscordError::Unreachable { cause })?;
                return match self.status().ip_block.filter(|_| response.retry_after.is_some()) {
                    Some(block) => Err(DiscordError::IpBlocked(block)),
                    None => Ok(response),
                };
            }
            if let Some(block) = self.status().ip_block {
                return Err(DiscordError::IpBlocked(block));
            }
        }
    }
}

/// The body of a response, and when it was sent. An error status counts only in Discord's format.
pub(super) fn parse_lookup<T: DeserializeOwned>(
    response: HttpResponse,
) -> Result<(T, Option<SystemTime>), DiscordError> {
    let HttpResponse { status, body, date, retry_after } = response;
    if let Some(wait) = retry_after {
        return Err(DiscordError::RateLimited(wait));
    }
    match (status, ErrorBody::parse(&body)) {
        (200..=299, _) => match serde_json::from_slice(&body) {
            Ok(found) => Ok((found, date)),
            Err(error) if error.is_data() => Err(DiscordError::NoAnswer(Some(status))),
            Err(_) => Err(DiscordError::NotDiscord(status)),
        },
        (300..=499, None) => Err(DiscordError::NotDiscord(status)),
        (_, Some(error)) if error.is_transient() => Err(DiscordError::NoAnswer(None)),
        (401, Some(_)) => Err(DiscordError::TokenRejected),
        _ => Err(DiscordError::NoAnswer(Some(status))),
    }
}

#[cfg(test)]
mod tests;
