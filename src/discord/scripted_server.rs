//! A server for the tests of the transport: it reacts to each request as a script says, over real sockets.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;

use crate::discord::transport::Transport;

/// The server's reaction to a request.
pub(super) enum Reaction {
    /// Status, headers (each with its line end), body.
    Respond(u16, String, String),
    /// Closes the connection after reading the request.
    Reset,
    /// Never responds.
    Hang,
    /// Waits until all requests of the barrier have arrived, and then responds.
    WaitForAll(Arc<Barrier>),
}

/// The script gets the number of the request and its head.
pub(super) struct ScriptedServer {
    base: String,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
}

impl ScriptedServer {
    pub(super) async fn new(script: impl Fn(usize, &str) -> Reaction + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (script, count, record) = (Arc::new(script), Arc::new(AtomicUsize::new(0)), requests.clone());
        let connections = Arc::new(AtomicUsize::new(0));
        let connected = connections.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connected.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, script.clone(), count.clone(), record.clone()));
            }
        });
        Self { base, requests, connections }
    }

    pub(super) fn transport(&self) -> Transport {
        self.transport_with_timeout(Duration::from_secs(10))
    }

    pub(super) fn transport_with_timeout(&self, timeout: Duration) -> Transport {
        Transport::with_timeout(&"Bot secret-token".into(), Some(&self.base), timeout).unwrap()
    }

    /// How many connections have been accepted.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The heads of all requests so far.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    script: Arc<impl Fn(usize, &str) -> Reaction>,
    count: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
) {
    let mut bytes = Vec::new();
    loop {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            match stream.read_buf(&mut bytes).await {
                Ok(0) | Err(_) => return,
                Ok(_) => continue,
            }
        };
        let request = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let length = request.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        while bytes.len() < end + 4 + length {
            stream.read_buf(&mut bytes).await.unwrap();
        }
        bytes.drain(..end + 4 + length);
        requests.lock().unwrap().push(request.clone());
        let (status, headers, body) = match script(count.fetch_add(1, Ordering::SeqCst), &request) {
            Reaction::Respond(status, headers, body) => (status, headers, body),
            Reaction::Reset => return,
            Reaction::Hang => std::future::pending().await,
            Reaction::WaitForAll(barrier) => {
                barrier.wait().await;
                (200, String::new(), "{}".into())
            }
        };
        let length = body.len();
        let response = format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n{headers}\r\n{body}");
        // The client may have closed the connection.
        if stream.write_all(response.as_bytes()).await.is_err() {
            return;
        }
    }
}
