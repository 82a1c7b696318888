//! What each close code demands: to resume, to identify anew or to give up (Discord documentation, *Opcodes and Status
//! Codes*, "Gateway Close Event Codes").

use std::fmt;
use std::time::Duration;

/// Why the gateway connection is given up: a retry cannot succeed before the operator has changed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatewayError {
    /// 4004: the token is invalid or was reset.
    InvalidToken,
    /// 4010: the shard number does not fit the number of shards.
    InvalidShard,
    /// 4011: one shard serves too many servers.
    ShardingRequired,
    /// 4013: an intent is unknown to Discord.
    InvalidIntents,
    /// 4014: a privileged intent is not enabled for the application.
    DisallowedIntents,
    /// The operating system refused a thread or a socket on loopback.
    System,
}

impl fmt::Display for GatewayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidToken => {
                "Discord does not accept the token; make a new one in the Developer Portal (Bot, Reset Token) and put it \
                 into DISCORD_TOKEN"
            }
            Self::InvalidShard => {
                "Discord rejects the shard number (close code 4010); restart the bot, so that it requests the number of \
                 shards anew, and check that DISCORD_PROXY, if it is set, passes that number on"
            }
            Self::ShardingRequired => {
                "the bot is in more servers than one shard may serve (close code 4011); restart the bot, so that it \
                 requests the number of shards anew"
            }
            Self::InvalidIntents => {
                "Discord does not know the intents that the bot requests (close code 4013); install a newer version of \
                 talon, and check that DISCORD_PROXY, if it is set, implements the current gateway"
            }
            Self::DisallowedIntents => {
                "Discord refuses the intents that the bot requests (close code 4014); enable them in the Developer Portal \
                 (Bot, Privileged Gateway Intents)"
            }
            Self::System => {
                "the operating system refuses a thread or a socket for the gateway connection; check the limits of the \
                 process (ulimit -n, ulimit -u)"
            }
        })
    }
}

impl std::error::Error for GatewayError {}

/// How to reconnect after a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReconnectAction {
    /// Resume the session.
    Resume,
    /// Begin a new session, after this pause at the earliest.
    Identify(Duration),
    /// Give up: a retry cannot succeed.
    Fatal(GatewayError),
}

/// The first pause after close code 4012, an API version that Discord no longer serves: a proxy in between may be
/// corrected, but not within seconds.
const INVALID_VERSION_PAUSE: Duration = Duration::from_secs(10);

/// The action for a close code, or for a connection that ended without one.
pub(super) const fn action_for_close_code(code: Option<u16>) -> ReconnectAction {
    match code {
        Some(4004) => ReconnectAction::Fatal(GatewayError::InvalidToken),
        Some(4010) => ReconnectAction::Fatal(GatewayError::InvalidShard),
        Some(4011) => ReconnectAction::Fatal(GatewayError::ShardingRequired),
        Some(4013) => ReconnectAction::Fatal(GatewayError::InvalidIntents),
        Some(4014) => ReconnectAction::Fatal(GatewayError::DisallowedIntents),
        Some(4012) => ReconnectAction::Identify(INVALID_VERSION_PAUSE),
        // Not authenticated, invalid session (formerly), invalid sequence number, session timed out.
        Some(4003 | 4006 | 4007 | 4009) => ReconnectAction::Identify(Duration::ZERO),
        _ => ReconnectAction::Resume,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_close_code_is_handled_as_discord_documents_it() {
        for code in [None, Some(1000), Some(1001), Some(4000), Some(4001), Some(4002), Some(4005), Some(4008)] {
            assert_eq!(action_for_close_code(code), ReconnectAction::Resume, "{code:?}");
        }
        for code in [4003, 4007, 4009] {
            assert_eq!(action_for_close_code(Some(code)), ReconnectAction::Identify(Duration::ZERO), "{code}");
        }
        assert_eq!(action_for_close_code(Some(4012)), ReconnectAction::Identify(INVALID_VERSION_PAUSE));
        for code in [4004, 4010, 4011, 4013, 4014] {
            assert!(matches!(action_for_close_code(Some(code)), ReconnectAction::Fatal(_)), "{code}");
        }
    }
}
