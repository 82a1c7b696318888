//! A stream that can be disturbed from outside, beneath whatever protocol is spoken on it.
//!
//! Two things no HTTP library does on purpose: to stop reading and writing without closing, as after a NAT has forgotten
//! a connection; and to write a GOAWAY frame of one's own making between two frames of the library's.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What has been done to a stream; shared by the stream and by whoever disturbs it.
#[derive(Default)]
pub struct Disturbance {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    frozen: bool,
    cut: bool,
    /// What is to be written at the next boundary between two frames.
    insert: Vec<u8>,
    waker: Option<Waker>,
}

impl Disturbance {
    /// Nothing is read or written any more, and nothing is closed.
    pub fn freeze(&self) {
        self.change(|state| state.frozen = true);
    }

    /// The connection breaks.
    pub fn cut(&self) {
        self.change(|state| state.cut = true);
    }

    /// Writes an HTTP/2 GOAWAY without an error: streams with a larger number than this have not been looked at.
    pub fn go_away(&self, last_stream: u32) {
        let mut frame = vec![0, 0, 8, 7, 0, 0, 0, 0, 0];
        frame.extend(last_stream.to_be_bytes());
        frame.extend(0_u32.to_be_bytes());
        self.change(|state| state.insert.extend(frame));
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Ready once the stream may go on. Whoever polls the stream is woken when it is disturbed.
    fn poll_undisturbed(&self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.waker = Some(cx.waker().clone());
        match *state {
            State { cut: true, .. } => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
            State { frozen: true, .. } => Poll::Pending,
            State { .. } => Poll::Ready(Ok(())),
        }
    }

    fn take_insert(&self) -> Vec<u8> {
        std::mem::take(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).insert)
    }
}

/// A stream that obeys a [`Disturbance`]. It is polled by one task.
pub struct Disturbed<S> {
    stream: S,
    disturbance: Arc<Disturbance>,
    inserting: Vec<u8>,
}

impl<S> Disturbed<S> {
    pub const fn new(stream: S, disturbance: Arc<Disturbance>) -> Self {
        Self { stream, disturbance, inserting: Vec::new() }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Disturbed<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        ready!(self.disturbance.poll_undisturbed(cx))?;
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> Disturbed<S> {
    /// Finishes an insertion that has begun.
    fn poll_inserted(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.inserting.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.inserting))?;
            self.inserting.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Disturbed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.disturbance.poll_undisturbed(cx))?;
        ready!(self.poll_inserted(cx))?;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    /// A library flushes when it has written whole frames: here is the boundary.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.disturbance.poll_undisturbed(cx))?;
        let insert = self.disturbance.take_insert();
        self.inserting.extend(insert);
        ready!(self.poll_inserted(cx))?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.disturbance.poll_undisturbed(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
