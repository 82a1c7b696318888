//! Why a connection ended, and what follows from it (Discord documentation, *Opcodes and Status Codes*, "Gateway Close
//! Event Codes").

use std::fmt;
use std::time::Duration;

/// Why the bot cannot be connected to Discord's gateway: nothing but a change by the operator helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatewayError {
    /// 4004: the token is not valid, or no longer.
    InvalidToken,
    /// 4010: the shard is not one of as many as Discord expects.
    InvalidShard,
    /// 4011: the bot is in too many servers for one shard.
    ShardingRequired,
    /// 4013: the intents are not known to Discord.
    InvalidIntents,
    /// 4014: an intent is not switched on for the application.
    DisallowedIntents,
    /// The system gives the bot no thread or no socket on loopback.
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
                "Discord does not accept the bot's share of the servers (close code 4010); start the bot again, so that \
                 it asks Discord for the number of shards, and see that DISCORD_PROXY, if it is set, passes that on"
            }
            Self::ShardingRequired => {
                "the bot is in more servers than one connection may serve (close code 4011); start the bot again, so that \
                 it asks Discord for the number of shards"
            }
            Self::InvalidIntents => {
                "Discord does not know the intents that the bot asks for (close code 4013); install a newer version of \
                 talon, and see that DISCORD_PROXY, if it is set, stands in for today's Discord"
            }
            Self::DisallowedIntents => {
                "Discord refuses the intents that the bot asks for (close code 4014); look at them in the Developer Portal \
                 (Bot, Privileged Gateway Intents)"
            }
            Self::System => {
                "the system gives the bot no thread or no socket for its gateway connection; see the limits of the \
                 process (ulimit -n, ulimit -u)"
            }
        })
    }
}

impl std::error::Error for GatewayError {}

/// What a connection that ended leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aftermath {
    /// The session can be resumed.
    Resume,
    /// A new session is needed, not before this pause.
    Identify(Duration),
    /// Trying again changes nothing.
    Fatal(GatewayError),
}

/// Discord does not answer this version of its API any more. Somebody may mend that, but not within
/// seconds; the pauses after it grow.
const VERSION_PAUSE: Duration = Duration::from_secs(10);

/// What follows from a close code, or from an end without one.
pub(super) const fn aftermath(code: Option<u16>) -> Aftermath {
    match code {
        Some(4004) => Aftermath::Fatal(GatewayError::InvalidToken),
        Some(4010) => Aftermath::Fatal(GatewayError::InvalidShard),
        Some(4011) => Aftermath::Fatal(GatewayError::ShardingRequired),
        Some(4013) => Aftermath::Fatal(GatewayError::InvalidIntents),
        Some(4014) => Aftermath::Fatal(GatewayError::DisallowedIntents),
        Some(4012) => Aftermath::Identify(VERSION_PAUSE),
        // Not authenticated, (formerly) an invalid session, an invalid sequence, a session that timed out.
        Some(4003 | 4006 | 4007 | 4009) => Aftermath::Identify(Duration::ZERO),
        _ => Aftermath::Resume,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_is_followed_as_discord_documents_it() {
        for code in [None, Some(1000), Some(1001), Some(4000), Some(4001), Some(4002), Some(4005), Some(4008)] {
            assert_eq!(aftermath(code), Aftermath::Resume, "{code:?}");
        }
        for code in [4003, 4007, 4009] {
            assert_eq!(aftermath(Some(code)), Aftermath::Identify(Duration::ZERO), "{code}");
        }
        assert_eq!(aftermath(Some(4012)), Aftermath::Identify(VERSION_PAUSE));
        for code in [4004, 4010, 4011, 4013, 4014] {
            assert!(matches!(aftermath(Some(code)), Aftermath::Fatal(_)), "{code}");
        }
    }
}
