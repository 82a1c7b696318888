//! The connections to Discord, and the recovery from a dead one.
//!
//! HTTP/2 carries all requests on one connection. When the peer vanishes silently (a NAT entry that timed out, a cut cable),
//! every request on it hangs until its timeout, and a repetition would use the same connection. So the first request that
//! times out replaces the connection pool for all later requests; those in flight stay on the old one. A ping while
//! requests are in flight detects a dead connection earlier.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tracing::{debug, warn};

/// For TCP and TLS together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// An unused connection is closed after this time.
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);
/// A connection with a request in flight that has received nothing for this long is pinged, and closed if the ping is not
/// answered. An idle one is not pinged: the first request on it starts the interval.
const PING_INTERVAL: Duration = Duration::from_secs(3);
const PING_TIMEOUT: Duration = Duration::from_millis(2_500);

/// The connection pool for new requests, which can be replaced.
pub(super) struct HttpConnections {
    current: Mutex<Arc<ConnectionPool>>,
    direct: bool,
    timeout: Duration,
}

/// One `reqwest` client with its connections.
pub(super) struct ConnectionPool {
    pub(super) client: reqwest::Client,
    answered: AtomicBool,
}

impl HttpConnections {
    /// `direct`: not through the system's proxy. `timeout`: for a whole request.
    pub(super) fn new(direct: bool, timeout: Duration) -> Result<Self, reqwest::Error> {
        let current = Mutex::new(Arc::new(ConnectionPool::new(direct, timeout)?));
        Ok(Self { current, direct, timeout })
    }

    pub(super) fn current(&self) -> Arc<ConnectionPool> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces `stale`, on which a request timed out, for all later requests.
    pub(super) fn replace(&self, stale: &Arc<ConnectionPool>) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        // Of several requests on the same dead connection, only the first one replaces it.
        if !Arc::ptr_eq(&current, stale) {
            return;
        }
        match ConnectionPool::new(self.direct, self.timeout) {
            Ok(fresh) => {
                debug!("request timed out; later requests use a new connection");
                *current = Arc::new(fresh);
            }
            Err(error) => warn!(%error, "cannot create a new connection pool; later requests use the old one"),
        }
    }
}

impl ConnectionPool {
    fn new(direct: bool, timeout: Duration) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT.min(timeout))
            .timeout(timeout)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .http2_keep_alive_interval(PING_INTERVAL)
            .http2_keep_alive_timeout(PING_TIMEOUT)
            .http2_keep_alive_while_idle(false)
            // Discord does not redirect. A server that does is not Discord and must not get the token.
            .redirect(reqwest::redirect::Policy::none());
        // The system's proxy is for the internet, not for a server that stands in for Discord.
        let client = if direct { client.no_proxy() } else { client };
        Ok(Self { client: client.build()?, answered: AtomicBool::new(false) })
    }

    /// Whether any request got a response, so that a connection probably exists.
    pub(super) fn has_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    pub(super) fn mark_answered(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }
}
