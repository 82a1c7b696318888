//! Certificates of the proxy, made at run time: a good one, and those that a client must refuse.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// The host name under which the proxy is reached.
pub const HOST: &str = "localhost";

/// What the proxy shows to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// For this host, signed by the authority that the bot is told to trust.
    Good,
    /// The same, but its time is over.
    Expired,
    /// Signed by an authority that the bot has never heard of.
    UnknownAuthority,
    /// For another host.
    OtherName,
}

impl Certificate {
    /// Those that a client must refuse.
    pub const BAD: [Self; 3] = [Self::Expired, Self::UnknownAuthority, Self::OtherName];
}

/// A certificate authority, trusted by whoever is given its certificate.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key can be made");
        let pem = params.self_signed(&key).expect("the authority can sign itself").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Its certificate, as it is written into a file for `SSL_CERT_FILE`.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The TLS settings of a server that offers HTTP/2 and HTTP/1.1 and shows this certificate.
    pub fn server_config(&self, certificate: Certificate) -> Arc<ServerConfig> {
        let stranger;
        let issuer = match certificate {
            Certificate::UnknownAuthority => {
                stranger = Self::new("an unknown authority");
                &stranger.issuer
            }
            Certificate::Good | Certificate::Expired | Certificate::OtherName => &self.issuer,
        };
        let name = if certificate == Certificate::OtherName { "elsewhere.example" } else { HOST };
        let mut params = CertificateParams::new([name.to_owned()]).expect("it is a host name");
        if certificate == Certificate::Expired {
            params.not_after = date_time_ymd(2020, 1, 1);
        }
        let key = KeyPair::generate().expect("a key can be made");
        let signed = params.signed_by(&key, issuer).expect("the authority can sign");
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let config = ServerConfig::builder().with_no_client_auth();
        let mut config = config.with_single_cert(vec![signed.into()], key.into()).expect("key and certificate fit");
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Arc::new(config)
    }
}
