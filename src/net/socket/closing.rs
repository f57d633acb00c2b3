//! How a connection ends: waiting until all has left, telling the peer's FIN from a loss, and breaking off.

use super::queue::{PeerEnded, SendQueue};
use super::write_state::Guard;
use super::{Inner, Socket};
use crate::net::cause::Cause;
use crate::net::linger::{Linger, discard};
use crate::net::stream::Stream;
use crate::net::{Tcp, Unix};
use std::io::{self, ErrorKind};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long a connection is kept for a peer that has not sent its FIN, and sends nothing else.
const LINGER: Duration = Duration::from_secs(2);

/// Waiting.
impl Inner {
    /// Waits until no thread writes and no `drain` runs, and takes the error that is to be reported.
    pub(super) fn final_error(&self) -> Option<io::Error> {
        let (mut state, _) = self.wait(None, SendQueue::is_at_rest);
        let cause = state.queue.take_error();
        cause.map(|cause| io::Error::from(&cause))
    }

    /// Waits until the queue is empty, or for `at_most`; whether it is empty.
    pub(super) fn drained(&self, at_most: Option<Duration>) -> io::Result<bool> {
        self.wait_whole(at_most, |queue| queue.buffered() == 0)
    }

    /// Waits until our FIN has left. It was asked before, so some thread sends it, and gives up a peer
    /// that is too slow.
    pub(super) fn end_sent(&self) -> io::Result<()> {
        self.wait_whole(None, SendQueue::is_end_sent).map(drop)
    }

    fn wait_whole(
        &self,
        at_most: Option<Duration>,
        is_done: impl Fn(&SendQueue<Cause>) -> bool,
    ) -> io::Result<bool> {
        let (state, done) = self.wait(at_most, |queue| queue.is_broken() || is_done(queue));
        match state.queue.is_broken() {
            true => Err(ErrorKind::BrokenPipe.into()),
            false => Ok(done),
        }
    }

    /// Waits for what `is_done` says, or for `at_most`; whether it is done.
    pub(super) fn wait(
        &self,
        at_most: Option<Duration>,
        is_done: impl Fn(&SendQueue<Cause>) -> bool,
    ) -> (Guard<'_>, bool) {
        let began = at_most.map(|at_most| (Instant::now(), at_most));
        let mut state = self.writing.lock();
        while !is_done(&state.queue) {
            let left = began.map(|(began, at_most)| at_most.saturating_sub(began.elapsed()));
            if left == Some(Duration::ZERO) {
                return (state, false);
            }
            state = self.writing.wait(state, left);
        }
        (state, true)
    }
}

/// The peer's end.
impl Inner {
    /// Whether a read of nothing is the peer's FIN. It is none where we have ended the connection, nor
    /// where it was lost and a *write* has reported that: the system reports a loss once.
    pub(super) fn peer_ended(&self) -> io::Result<()> {
        let is_calling = self.writing.lock().queue.is_calling();
        if let Some(error) = is_calling.then(|| write_error(&*self.stream)).flatten() {
            self.learn(Cause::with_text(&error));
        }
        match self.writing.lock().queue.peer_ended() {
            PeerEnded::Destroyed => Err(destroyed()),
            PeerEnded::Lost(cause) => Err(cause.into()),
            PeerEnded::Yes => Ok(()),
        }
    }

    /// A call of the stream is under way that is bound to fail. The system has just reported to us why, or
    /// will report it to that call.
    fn learn(&self, cause: Cause) {
        if cause.kind() == ErrorKind::BrokenPipe {
            drop(self.wait(None, |queue| !queue.is_calling()));
            return;
        }
        let mut state = self.writing.lock();
        state.fail(cause);
        self.writing.notify(&state);
    }
}

/// Why nothing can be written any more. A kernel socket says so also to a write of nothing, and does
/// not wait. (Other streams have no error that is reported only once.)
fn write_error(stream: &dyn Stream) -> Option<io::Error> {
    let is_kernel = stream.as_any().is::<Tcp>() || stream.as_any().is::<Unix>();
    is_kernel.then(|| stream.write(&[]).err()).flatten()
}

/// What is read of a connection that was ended on this side.
pub(super) fn destroyed() -> io::Error {
    let text = "the connection was ended on this side";
    io::Error::new(ErrorKind::ConnectionAborted, text)
}

/// Our end.
impl Inner {
    /// Ends both directions now. The first cause is the one that is reported.
    pub(super) fn break_off(&self, cause: Option<Cause>) {
        let mut state = self.writing.lock();
        state.queue.break_off(cause);
        self.destroyed.store(true, Ordering::SeqCst);
        self.writing.notify(&state);
        drop(state);
        let _ = self.stream.abort(); // it may be gone already
    }

    /// Breaks off because of the peer, and returns the error. That is no timeout, which a connection
    /// survives.
    pub(super) fn give_up(&self, why: String) -> io::Error {
        let cause = Cause::new(ErrorKind::ConnectionAborted, why);
        self.break_off(Some(cause.clone()));
        io::Error::from(&cause)
    }
}

impl Socket {
    /// Sends what is queued and the FIN, then waits for the peer's: a
    /// [lingering close](crate::net::linger).
    pub(in crate::net) fn close_gracefully(&self) {
        let inner = &self.inner;
        let end_sent = self.end().and_then(|()| inner.end_sent());
        let peer_ended = || inner.ended.load(Ordering::Relaxed);
        let linger = Linger::while_bytes_come(LINGER);
        if end_sent.is_err() || !(peer_ended() || discard(&*inner.stream, linger, u64::MAX)) {
            self.destroy();
        }
    }
}
