//! Whose certificates are trusted on the gateway's socket: the built-in roots, and the machine's own, by `SSL_CERT_FILE`
//! and `SSL_CERT_DIR` or else the system's store. HTTP trusts the same.
//!
//! tokio-tungstenite's default refuses to connect at all where the machine's roots cannot be read, for example because
//! `SSL_CERT_FILE` names a file that is not there. Here they are passed over, as they are for HTTP: the built-in roots
//! are enough for Discord itself.
//!
//! They are read anew for every connection, which is rare, so that a certificate that was put right is trusted without a
//! restart.

use std::sync::Arc;

use rustls_native_certs::CertificateResult;
use rustls_socket::{ClientConfig, RootCertStore};
use tokio_tungstenite::Connector;
use tracing::{debug, warn};
use webpki_roots::TLS_SERVER_ROOTS;

/// Makes TLS connections for the gateway's socket.
#[must_use]
pub(super) fn connector() -> Connector {
    let found = rustls_native_certs::load_native_certs();
    let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().any(|name| std::env::var_os(name).is_some());
    for error in &found.errors {
        if named {
            warn!(%error, "SSL_CERT_FILE or SSL_CERT_DIR cannot be read and is passed over; correct it, or take it away");
        } else {
            debug!(%error, "some of the system's certificates cannot be read and are passed over");
        }
    }
    let config = ClientConfig::builder().with_root_certificates(trusted_roots(found)).with_no_client_auth();
    Connector::Rustls(Arc::new(config))
}

fn trusted_roots(found: CertificateResult) -> RootCertStore {
    let mut roots = RootCertStore { roots: TLS_SERVER_ROOTS.to_vec() };
    // Stores of systems hold old certificates that cannot be parsed any more.
    let (added, passed_over) = roots.add_parsable_certificates(found.certs);
    debug!(added, passed_over, "trusting the machine's certificates on the gateway, too");
    roots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_roots_are_trusted_beside_the_built_in_ones() {
        let authority = rcgen::KeyPair::generate().and_then(|key| {
            let mut params = rcgen::CertificateParams::default();
            params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            params.self_signed(&key)
        });
        let mut found = CertificateResult::default();
        found.certs.push(authority.unwrap().der().clone());
        assert_eq!(trusted_roots(found).len(), TLS_SERVER_ROOTS.len() + 1);
    }

    #[test]
    fn what_cannot_be_read_is_passed_over() {
        let mut found = rustls_native_certs::load_certs_from_paths(Some("no/such/file".as_ref()), None);
        assert_eq!(found.errors.len(), 1);
        found.certs.push(vec![0x30, 0x00].into());
        assert_eq!(trusted_roots(found).len(), TLS_SERVER_ROOTS.len());
    }
}
