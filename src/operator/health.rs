//! `talon health`: is the running bot healthy? A line for people, and an exit code for a container's health check.

use std::net::SocketAddr;

use crate::health::query::{QueryError, query_problems};
use crate::printable::printable;

/// Asks the bot at this address; the line says that it is healthy, or else why not.
pub async fn check(address: SocketAddr) -> Result<String, String> {
    match query_problems(address).await {
        Ok(problems) if problems.is_empty() => Ok(format!("healthy: the bot at {address} reports no problems")),
        // Problems quote what others wrote, such as the name of a channel.
        Ok(problems) => Err(format!("unhealthy: {}", printable(&problems.join("; ")))),
        Err(error @ (QueryError::Connect(_) | QueryError::TimedOut)) => Err(format!(
            "unhealthy: the bot at {address} does not answer: {error}; is it running with this HEALTH_ADDR?"
        )),
        Err(error) => Err(format!(
            "unhealthy: {address} does not serve the bot's /healthz: {error}; give HEALTH_ADDR a port of its own"
        )),
    }
}
