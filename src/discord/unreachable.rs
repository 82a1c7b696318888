//! Why there was no answer, in words that tell an operator what to do.
//!
//! A network error is a chain of causes in the words of five libraries, and the first cause tells something: "connection
//! refused", not "error sending request". What a TLS library says can be read only as text here: the library that
//! carries it is nobody's direct dependency.

use std::error::Error;
use std::fmt;
use std::io;

/// Why a request was not answered. `Display` tells the cause and the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreachable {
    /// The name has no address.
    NameNotFound,
    /// Nothing listens there.
    ConnectionRefused,
    /// The network knows no way there.
    NoRoute,
    /// There was no answer in time.
    TimedOut,
    /// The connection broke before the answer was complete.
    ConnectionReset,
    /// The server's certificate is out of date, or not valid yet.
    CertificateExpired,
    /// Nobody whom this program trusts has signed the server's certificate.
    CertificateNotTrusted,
    /// The server's certificate is for another name.
    CertificateForAnotherName,
    /// The server does not speak TLS as it should; what it said.
    Tls(String),
    /// The answer was larger than any of Discord's.
    TooLarge,
    /// Anything else: the first cause.
    Other(String),
}

impl Unreachable {
    /// Reads the causes of an error.
    #[must_use]
    pub fn from_error(error: &(dyn Error + 'static)) -> Self {
        let (mut name, mut tls, mut timeout) = (false, None, false);
        let mut kind = None;
        let mut next = Some(error);
        let mut root = error;
        while let Some(cause) = next {
            root = cause;
            let text = cause.to_string();
            name |= text == "dns error" || text.starts_with("failed to lookup address");
            timeout |= cause.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_timeout);
            if let Some(io) = cause.downcast_ref::<io::Error>() {
                kind = Some(io.kind());
                // What an I/O error wraps is not among its sources.
                if let Some(inner) = io.get_ref() {
                    tls = tls.or_else(|| Self::from_tls(&inner.to_string()));
                }
            }
            next = cause.source();
        }
        match kind {
            _ if name => Self::NameNotFound,
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

    fn from_tls(text: &str) -> Option<Self> {
        let about = text.strip_prefix("invalid peer certificate: ");
        Some(match about {
            Some(about)
                if about.contains("xpired") || about.contains("NotValidYet") || about.contains("not valid yet") =>
            {
                Self::CertificateExpired
            }
            Some(about) if about.contains("NotValidForName") || about.contains("not valid for name") => {
                Self::CertificateForAnotherName
            }
            Some(about) if about.contains("UnknownIssuer") => Self::CertificateNotTrusted,
            Some(about) => Self::Tls(about.to_owned()),
            None if text.starts_with("received ") || text.starts_with("peer ") => Self::Tls(text.to_owned()),
            None => return None,
        })
    }

    /// The words of the HTTP libraries for a connection that ended, which they give no kind.
    fn from_text(text: &str) -> Self {
        let text_in_small = text.to_ascii_lowercase();
        let broken = [
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
        if broken.iter().any(|words| text_in_small.contains(words)) {
            return Self::ConnectionReset;
        }
        Self::Other(text.to_owned())
    }
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NameNotFound => "name not found: see whether this machine's DNS works, and how DISCORD_PROXY is spelt",
            Self::ConnectionRefused => {
                "connection refused: nothing listens there; see DISCORD_PROXY and the firewall of this machine"
            }
            Self::NoRoute => "no route to it: see whether this machine is connected to the network",
            Self::TimedOut => {
                "timed out: see the network and the firewall of this machine, and whether discordstatus.com tells of an \
                 outage"
            }
            Self::ConnectionReset => {
                "connection reset: it broke before the answer was complete; if that goes on, see what is between this \
                 machine and Discord"
            }
            Self::CertificateExpired => {
                "certificate expired or not valid yet: see whether the clock of this machine is right; if it is, the \
                 certificate of the server must be renewed"
            }
            Self::CertificateNotTrusted => {
                "certificate not trusted: something between this machine and Discord reads along, or DISCORD_PROXY has a \
                 certificate of its own making; if you trust it, name its authority in SSL_CERT_FILE"
            }
            Self::CertificateForAnotherName => {
                "certificate for another name: see how DISCORD_PROXY is spelt, and whether this machine's DNS leads to \
                 the right server"
            }
            Self::Tls(said) => {
                return write!(f, "no TLS connection ({said}): see whether DISCORD_PROXY should begin with http://");
            }
            Self::TooLarge => {
                "the answer is larger than any of Discord's: see what is between this machine and Discord, and \
                 DISCORD_PROXY"
            }
            Self::Other(cause) => return write!(f, "{cause}: see the network of this machine"),
        })
    }
}

#[cfg(test)]
mod tests;
