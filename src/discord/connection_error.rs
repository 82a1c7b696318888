//! Why a request or a connection got no response, with a remedy for the operator.
//!
//! A network error is a chain of causes from five libraries, and only the root cause is specific: "connection refused", not
//! "error sending request". Errors of the TLS library are recognized by their text, because that library is not a direct
//! dependency.

use std::error::Error;
use std::fmt;
use std::io;

/// Why there was no response. `Display` gives the cause and the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionError {
    /// DNS has no address for the name.
    NameNotFound,
    /// No process listens on the port.
    ConnectionRefused,
    /// The address or its network is unreachable.
    NoRoute,
    /// A timeout of the connection, the request or a ping.
    TimedOut,
    /// The connection was closed before the response was complete.
    ConnectionReset,
    /// The server's certificate has expired or is not valid yet.
    CertificateExpired,
    /// The server's certificate is not signed by a trusted authority.
    CertificateNotTrusted,
    /// The server's certificate does not include the name.
    CertificateForAnotherName,
    /// Any other failure of TLS; the text of the TLS library.
    Tls(String),
    /// The response was larger than any of Discord's.
    TooLarge,
    /// Anything else; the text of the root cause.
    Other(String),
}

impl ConnectionError {
    /// Classifies an error by its chain of sources.
    #[must_use]
    pub fn from_error(error: &(dyn Error + 'static)) -> Self {
        let (mut dns, mut tls, mut timeout) = (false, None, false);
        let mut kind = None;
        let mut next = Some(error);
        let mut root = error;
        while let Some(cause) = next {
            root = cause;
            let text = cause.to_string();
            dns |= text == "dns error" || text.starts_with("failed to lookup address");
            timeout |= cause.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_timeout);
            if let Some(io) = cause.downcast_ref::<io::Error>() {
                kind = Some(io.kind());
                // The error inside an I/O error is not among its sources.
                if let Some(inner) = io.get_ref() {
                    tls = tls.or_else(|| Self::from_tls_text(&inner.to_string()));
                }
            }
            next = cause.source();
        }
        match kind {
            _ if dns => Self::NameNotFound,
            _ if tls.is_some() => tls.unwrap_or(Self::TimedOut),
            Some(io::ErrorKind::ConnectionRefused) => Self::ConnectionRefused,
            Some(io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable) => Self::NoRoute,
            Some(io::ErrorKind::TimedOut) => Self::TimedOut,
            _ if timeout => Self::TimedOut,
            Some(
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof
                | io::ErrorKind::NotConnected,
            ) => Self::ConnectionReset,
            _ => Self::from_text(&root.to_string()),
        }
    }

    fn from_tls_text(text: &str) -> Option<Self> {
        let reason = text.strip_prefix("invalid peer certificate: ");
        Some(match reason {
            Some(reason)
                if reason.contains("xpired") || reason.contains("NotValidYet") || reason.contains("not valid yet") =>
            {
                Self::CertificateExpired
            }
            Some(reason) if reason.contains("NotValidForName") || reason.contains("not valid for name") => {
                Self::CertificateForAnotherName
            }
            Some(reason) if reason.contains("UnknownIssuer") => Self::CertificateNotTrusted,
            Some(reason) => Self::Tls(reason.to_owned()),
            None if text.starts_with("received ") || text.starts_with("peer ") => Self::Tls(text.to_owned()),
            None => return None,
        })
    }

    /// The HTTP libraries report a closed connection only as text, without an error kind.
    fn from_text(text: &str) -> Self {
        let lower_case = text.to_ascii_lowercase();
        let reset = [
            "without closing handshake",
            "connection closed",
            "connection error",
            "unexpected eof",
            "end of file",
            "broken pipe",
            "keep-alive",
        ];
        if text.contains("keep-alive timed out") {
            return Self::TimedOut;
        }
        if reset.iter().any(|words| lower_case.contains(words)) {
            return Self::ConnectionReset;
        }
        Self::Other(text.to_owned())
    }
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NameNotFound => "name not found: check this machine's DNS and the spelling of DISCORD_PROXY",
            Self::ConnectionRefused => {
                "connection refused: nothing listens there; check DISCORD_PROXY and the firewall of this machine"
            }
            Self::NoRoute => "no route to host: check the network of this machine",
            Self::TimedOut => {
                "timed out: check the network and the firewall of this machine, and discordstatus.com for an outage"
            }
            Self::ConnectionReset => {
                "connection reset before the response was complete; if that continues, check what is between this \
                 machine and Discord"
            }
            Self::CertificateExpired => {
                "certificate expired or not valid yet: check the clock of this machine; if it is right, the certificate of \
                 the server must be renewed"
            }
            Self::CertificateNotTrusted => {
                "certificate not trusted: something between this machine and Discord intercepts TLS, or DISCORD_PROXY has a \
                 self-signed certificate; if you trust it, name its authority in SSL_CERT_FILE"
            }
            Self::CertificateForAnotherName => {
                "certificate for another name: check the spelling of DISCORD_PROXY, and whether this machine's DNS gives \
                 the right address"
            }
            Self::Tls(reason) => {
                return write!(f, "no TLS connection ({reason}): check whether DISCORD_PROXY should begin with http://");
            }
            Self::TooLarge => {
                "the response is larger than any of Discord's: check what is between this machine and Discord, and \
                 DISCORD_PROXY"
            }
            Self::Other(cause) => return write!(f, "{cause}: check the network of this machine"),
        })
    }
}

#[cfg(test)]
mod tests;
