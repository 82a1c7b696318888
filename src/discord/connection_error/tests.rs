use super::*;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

/// The error of a GET request to this address.
async fn get_error(url: &str) -> ConnectionError {
    let client = reqwest::Client::builder().no_proxy().timeout(std::time::Duration::from_millis(500)).build().unwrap();
    let response = async { client.get(url).send().await?.bytes().await };
    ConnectionError::from_error(&response.await.unwrap_err().without_url())
}

/// A DNS resolver that finds no name.
struct EmptyDns;

impl reqwest::dns::Resolve for EmptyDns {
    fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
        Box::pin(async { Err(io::Error::other("failed to lookup address information").into()) })
    }
}

#[tokio::test]
async fn a_name_that_is_not_found_is_classified() {
    let client = reqwest::Client::builder().no_proxy().dns_resolver(std::sync::Arc::new(EmptyDns)).build().unwrap();
    let error = client.get("http://discord.invalid/").send().await.unwrap_err();
    assert_eq!(ConnectionError::from_error(&error), ConnectionError::NameNotFound);
}

/// A server that sends `greeting` on each connection and then closes it, or keeps it open.
async fn server(greeting: &'static [u8], stays_open: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut buffer).await;
                let _ = stream.write_all(greeting).await;
                if stays_open {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    address.to_string()
}

#[tokio::test]
async fn network_errors_are_classified() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(get_error(&format!("http://{free}/")).await, ConnectionError::ConnectionRefused);
    let silent = server(b"", true).await;
    assert_eq!(get_error(&format!("http://{silent}/")).await, ConnectionError::TimedOut);
    assert_eq!(get_error(&format!("https://{silent}/")).await, ConnectionError::TimedOut);
    for greeting in [b"".as_slice(), b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{"] {
        let breaks = server(greeting, false).await;
        assert_eq!(get_error(&format!("http://{breaks}/")).await, ConnectionError::ConnectionReset, "{greeting:?}");
    }
    let plain = server(b"HTTP/1.1 400 Bad Request\r\n\r\n", false).await;
    let error = get_error(&format!("https://{plain}/")).await;
    assert!(matches!(error, ConnectionError::Tls(_)), "{error:?}");
}

/// An I/O error around an error of the TLS library, as the connector returns it.
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
fn certificate_errors_are_classified() {
    for (text, expected) in [
        ("Expired", ConnectionError::CertificateExpired),
        ("certificate expired: verification time 10 (UNIX), but certificate is not valid after 5", {
            ConnectionError::CertificateExpired
        }),
        ("certificate not valid yet: verification time 1 (UNIX)", ConnectionError::CertificateExpired),
        ("UnknownIssuer", ConnectionError::CertificateNotTrusted),
        ("NotValidForName", ConnectionError::CertificateForAnotherName),
        ("certificate not valid for name \"discord.com\"; certificate is only valid for other.example", {
            ConnectionError::CertificateForAnotherName
        }),
        ("BadSignature", ConnectionError::Tls("BadSignature".into())),
    ] {
        let error = io::Error::new(io::ErrorKind::InvalidData, format!("invalid peer certificate: {text}"));
        assert_eq!(ConnectionError::from_error(&Connect(error)), expected, "{text}");
    }
}
