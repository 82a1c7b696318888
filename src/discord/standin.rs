//! A Discord as small as can be, for the tests of the transport: it does what a script says, over real sockets.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;

use crate::discord::transport::Transport;

/// What the stand-in does with a request.
pub(super) enum Act {
    /// Status, headers (each line ended), body.
    Reply(u16, String, String),
    /// Closes the connection after it has read the request.
    Reset,
    /// Never answers.
    Hang,
    /// Waits until so many are here, and then replies.
    Meet(Arc<Barrier>),
}

/// Discord, as small as can be: a script that says what happens to the how-manieth request.
pub(super) struct StandIn {
    base: String,
    heard: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
}

impl StandIn {
    pub(super) async fn new(script: impl Fn(usize, &str) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (script, count, hearing) = (Arc::new(script), Arc::new(AtomicUsize::new(0)), heard.clone());
        let connections = Arc::new(AtomicUsize::new(0));
        let connected = connections.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connected.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, script.clone(), count.clone(), hearing.clone()));
            }
        });
        Self { base, heard, connections }
    }

    pub(super) fn transport(&self) -> Transport {
        self.patient(Duration::from_secs(10))
    }

    pub(super) fn patient(&self, total: Duration) -> Transport {
        Transport::with_timeout(&"Bot secret-token".into(), Some(&self.base), total).unwrap()
    }

    /// How many connections there have been.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(super) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    script: Arc<impl Fn(usize, &str) -> Act>,
    count: Arc<AtomicUsize>,
    heard: Arc<Mutex<Vec<String>>>,
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
        heard.lock().unwrap().push(request.clone());
        let (status, headers, body) = match script(count.fetch_add(1, Ordering::SeqCst), &request) {
            Act::Reply(status, headers, body) => (status, headers, body),
            Act::Reset => return,
            Act::Hang => std::future::pending().await,
            Act::Meet(barrier) => {
                barrier.wait().await;
                (200, String::new(), "{}".into())
            }
        };
        let length = body.len();
        let reply = format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n{headers}\r\n{body}");
        // Whoever has heard enough hangs up.
        if stream.write_all(reply.as_bytes()).await.is_err() {
            return;
        }
    }
}
