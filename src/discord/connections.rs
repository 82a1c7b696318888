//! The connections to Discord, and what is done about one that is dead.
//!
//! HTTP/2 carries all requests on one connection. When the other end vanishes without a word (a NAT that forgot it, a
//! cable), every request hangs on it until its own time is over, and a repetition goes out on the same connection. So
//! the first request that is not answered in time replaces the whole set of connections for all that come after it;
//! those under way keep their own fate. A ping while requests are in flight ends that fate early.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tracing::{debug, warn};

/// A server that is there answers a connection within this time.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection that nobody uses is kept.
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);
/// A connection with a request in flight on which nothing has come for so long is pinged, and given up if the ping is
/// not answered. An idle one is not pinged: the first request after the silence brings a ping along.
const PING_AFTER: Duration = Duration::from_secs(3);
const PING_TIMEOUT: Duration = Duration::from_millis(2_500);

/// The connections that new requests use.
pub(super) struct Connections {
    current: Mutex<Arc<Pool>>,
    direct: bool,
    total: Duration,
}

/// One set of connections.
pub(super) struct Pool {
    pub(super) client: reqwest::Client,
    answered: AtomicBool,
}

impl Connections {
    /// `direct`: not through the proxy of the system.
    pub(super) fn new(direct: bool, total: Duration) -> Result<Self, reqwest::Error> {
        let current = Mutex::new(Arc::new(Pool::new(direct, total)?));
        Ok(Self { current, direct, total })
    }

    pub(super) fn current(&self) -> Arc<Pool> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A request on `stale` was not answered in time: the next ones use other connections.
    pub(super) fn replace(&self, stale: &Arc<Pool>) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        // Of many that hang on the same connection the first one has done it.
        if !Arc::ptr_eq(&current, stale) {
            return;
        }
        match Pool::new(self.direct, self.total) {
            Ok(fresh) => {
                debug!("a request was not answered in time; the next ones go out on another connection");
                *current = Arc::new(fresh);
            }
            Err(error) => warn!(%error, "no other connection can be made; the next requests go out on the old one"),
        }
    }
}

impl Pool {
    fn new(direct: bool, total: Duration) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT.min(total))
            .timeout(total)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .http2_keep_alive_interval(PING_AFTER)
            .http2_keep_alive_timeout(PING_TIMEOUT)
            .http2_keep_alive_while_idle(false)
            // Discord redirects nobody. Whoever does is not Discord, and gets no token.
            .redirect(reqwest::redirect::Policy::none());
        // The system's proxy is for the world outside, not for what stands in for Discord.
        let client = if direct { client.no_proxy() } else { client };
        Ok(Self { client: client.build()?, answered: AtomicBool::new(false) })
    }

    /// Somebody has answered here: there is a connection.
    pub(super) fn is_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    pub(super) fn set_answered(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }
}
