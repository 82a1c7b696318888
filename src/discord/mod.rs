//! The bot's requests to Discord's REST API, and the meaning of the responses.
//!
//! Two halves. The pure one turns a [`Request`](crate::lifecycle::Request) into an HTTP request ([`build_request`]) and a response
//! back into an [`Outcome`](crate::lifecycle::Outcome) ([`parse_response`]); it opens no socket, so the simulator exchanges
//! the very bytes that production sends. The other half sends them: `ratelimit` holds requests back as Discord's limits
//! demand, [`Transport`] repeats what was rejected with a 429 all the same, and [`Client`] executes a call and finds out
//! which permissions are missing when it is forbidden.
//!
//! Nothing here repeats a request that Discord may have executed. Without a response, the answer is [`Outcome::Indeterminate`], and
//! `lifecycle` decides what follows.
//!
//! [`Outcome::Indeterminate`]: crate::lifecycle::Outcome::Indeterminate

pub mod candidates;
mod client;
mod commands;
mod connection_error;
mod connections;
mod diagnostics;
mod error_body;
mod guild;
mod lenient;
mod lenient_list;
mod lookup;
mod message;
mod payload;
mod permissions;
mod ratelimit;
mod request;
mod response;
#[cfg(test)]
mod scripted_server;
mod status;
mod transport;

pub use client::{AdminStatus, Client};
pub use connection_error::ConnectionError;
pub use diagnostics::{
    ChannelCounts, ChannelLookup, ClockSkew, ConfiguredIds, Diagnostics, HomeGuild, LookupFailure, LookupResult,
    NoGuild,
};
pub use guild::{Application, Channel, ChannelKind, GuildOverview, Named, NewResource, Role, RoleHolders, RoleSource};
pub use lookup::{BotGateway, DiscordError, SessionStartLimit};
pub use permissions::{
    BotPermissions, DeniedBy, MissingPermission, Scope, required_permission_bits, required_permissions, scopes_of,
};
pub(crate) use ratelimit::random_fraction;
pub use request::{HttpRequest, Place, Priority, build_request};
pub use response::parse_response;
pub use status::{IpBlock, LimitedRoute, RestStatus};
pub use transport::Transport;
