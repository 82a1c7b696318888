//! Which certificate authorities the gateway's socket trusts: the built-in roots and the machine's own, from
//! `SSL_CERT_FILE` and `SSL_CERT_DIR` or else from the system's store. The REST client trusts the same.
//!
//! tokio-tungstenite's default connector fails if the machine's roots cannot be read, for example because `SSL_CERT_FILE`
//! names a missing file. Here unreadable roots are ignored, as they are for REST: the built-in roots suffice for Discord.
//!
//! The roots are read again for every connection, which is rare, so that a corrected certificate is trusted without a
//! restart.

use std::sync::Arc;

use rustls_native_certs::CertificateResult;
use rustls_socket::{ClientConfig, RootCertStore};
use tokio_tungstenite::Connector;
use tracing::{debug, warn};
use webpki_roots::TLS_SERVER_ROOTS;

/// Builds the TLS connector for the gateway's socket.
#[must_use]
pub(super) fn build_connector() -> Connector {
    let found = rustls_native_certs::load_native_certs();
    let is_configured = ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().any(|name| std::env::var_os(name).is_some());
    for error in &found.errors {
        if is_configured {
            warn!(%error, "SSL_CERT_FILE or SSL_CERT_DIR cannot be read and is ignored; correct or remove it");
        } else {
            debug!(%error, "some of the system's certificates cannot be read and are ignored");
        }
    }
    let config = ClientConfig::builder().with_root_certificates(build_root_store(found)).with_no_client_auth();
    Connector::Rustls(Arc::new(config))
}

fn build_root_store(found: CertificateResult) -> RootCertStore {
    let mut roots = RootCertStore { roots: TLS_SERVER_ROOTS.to_vec() };
    // System stores contain old certificates that rustls cannot parse.
    let (added, ignored) = roots.add_parsable_certificates(found.certs);
    debug!(added, ignored, "trusting the machine's certificates on the gateway");
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
        assert_eq!(build_root_store(found).len(), TLS_SERVER_ROOTS.len() + 1);
    }

    #[test]
    fn unreadable_roots_are_ignored() {
        let mut found = rustls_native_certs::load_certs_from_paths(Some("no/such/file".as_ref()), None);
        assert_eq!(found.errors.len(), 1);
        found.certs.push(vec![0x30, 0x00].into());
        assert_eq!(build_root_store(found).len(), TLS_SERVER_ROOTS.len());
    }
}
