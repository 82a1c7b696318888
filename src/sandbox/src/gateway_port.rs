//! A port of the gateway's own, beside the one that it shares with REST: it can be closed, so that connections are
//! refused, and opened again with the same number.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;

use super::hub::Hub;
use super::server;

/// How many connections wait to be accepted.
const BACKLOG: u32 = 64;

/// The port, whether or not it is open.
#[derive(Debug)]
pub(super) struct GatewayPort {
    address: SocketAddr,
    /// Bound and never listening: while the port is closed, no other process gets its number.
    _reservation: TcpSocket,
    accepting: Option<JoinHandle<()>>,
}

impl GatewayPort {
    /// Takes a free port and opens it. It must be called within a runtime.
    pub(super) fn open_new(hub: &Arc<Hub>) -> io::Result<Self> {
        let first = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let address = first.local_addr()?;
        let reservation = bind(address)?;
        let accepting = Some(accept(hub, first.listen(BACKLOG)?));
        Ok(Self { address, _reservation: reservation, accepting })
    }

    /// Opens the port where it is closed. It must be called within a runtime.
    pub(super) fn open(&mut self, hub: &Arc<Hub>) -> io::Result<()> {
        if self.accepting.is_none() {
            self.accepting = Some(accept(hub, bind(self.address)?.listen(BACKLOG)?));
        }
        Ok(())
    }

    /// Closes the port once the task that is returned has ended; connections that were accepted stay.
    pub(super) fn close(&mut self) -> Option<JoinHandle<()>> {
        let accepting = self.accepting.take()?;
        accepting.abort();
        Some(accepting)
    }

    /// The address that clients get.
    pub(super) fn url(&self) -> String {
        format!("ws://{}", self.address)
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

fn accept(hub: &Arc<Hub>, listener: TcpListener) -> JoinHandle<()> {
    tokio::spawn(server::accept(listener, server::service(Arc::clone(hub))))
}
