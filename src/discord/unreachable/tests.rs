use super::*;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

/// What a GET to this address fails with.
async fn cause(url: &str) -> Unreachable {
    let client = reqwest::Client::builder().no_proxy().timeout(std::time::Duration::from_millis(500)).build().unwrap();
    let broken = async { client.get(url).send().await?.bytes().await };
    Unreachable::from_error(&broken.await.unwrap_err().without_url())
}

/// A DNS that knows no name.
struct Nameless;

impl reqwest::dns::Resolve for Nameless {
    fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
        Box::pin(async { Err(io::Error::other("failed to lookup address information").into()) })
    }
}

#[tokio::test]
async fn a_name_that_is_not_found_says_so() {
    let client = reqwest::Client::builder().no_proxy().dns_resolver(std::sync::Arc::new(Nameless)).build().unwrap();
    let error = client.get("http://discord.invalid/").send().await.unwrap_err();
    assert_eq!(Unreachable::from_error(&error), Unreachable::NameNotFound);
}

/// A server that does with each connection what it is told.
async fn server(greets: &'static [u8], stays: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut heard = [0; 4096];
                let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut heard).await;
                let _ = stream.write_all(greets).await;
                if stays {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    address.to_string()
}

#[tokio::test]
async fn a_network_says_why() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(cause(&format!("http://{free}/")).await, Unreachable::ConnectionRefused);
    let silent = server(b"", true).await;
    assert_eq!(cause(&format!("http://{silent}/")).await, Unreachable::TimedOut);
    assert_eq!(cause(&format!("https://{silent}/")).await, Unreachable::TimedOut);
    for greets in [b"".as_slice(), b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{"] {
        let breaks = server(greets, false).await;
        assert_eq!(cause(&format!("http://{breaks}/")).await, Unreachable::ConnectionReset, "{greets:?}");
    }
    let plain = server(b"HTTP/1.1 400 Bad Request\r\n\r\n", false).await;
    let told = cause(&format!("https://{plain}/")).await;
    assert!(matches!(told, Unreachable::Tls(_)), "{told:?}");
}

/// An I/O error around what the TLS library says, as the connector hands it out.
#[derive(Debug)]
struct Connect(io::Error);

impl fmt::Display for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("error trying to connect")
    }
}

impl Error for Connect {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn a_certificate_says_why() {
    for (said, expected) in [
        ("Expired", Unreachable::CertificateExpired),
        ("certificate expired: verification time 10 (UNIX), but certificate is not valid after 5", {
            Unreachable::CertificateExpired
        }),
        ("certificate not valid yet: verification time 1 (UNIX)", Unreachable::CertificateExpired),
        ("UnknownIssuer", Unreachable::CertificateNotTrusted),
        ("NotValidForName", Unreachable::CertificateForAnotherName),
        ("certificate not valid for name \"discord.com\"; certificate is only valid for other.example", {
            Unreachable::CertificateForAnotherName
        }),
        ("BadSignature", Unreachable::Tls("BadSignature".into())),
    ] {
        let error = io::Error::new(io::ErrorKind::InvalidData, format!("invalid peer certificate: {said}"));
        assert_eq!(Unreachable::from_error(&Connect(error)), expected, "{said}");
    }
}
