//! Waiting for the write queue: until it is empty, until the turn is free, until the FIN has left; and,
//! at what may be the end, until a write has reported what it knows.

use super::Inner;
use super::queue::{PeerEnded, Queue};
use super::writing::{Guard, Writing, copy, loss};
use crate::net::stream::Stream;
use crate::net::{Tcp, Unix};
use std::io::{self, ErrorKind};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// Waits until the queue is empty.
pub(super) fn drained(inner: &Inner) -> io::Result<()> {
    let is_empty = |queue: &Queue<_>| queue.is_broken() || queue.buffered() == 0;
    let state = inner.writing.wait(inner.writing.lock(), is_empty);
    match state.queue.is_broken() {
        true => Err(ErrorKind::BrokenPipe.into()),
        false => Ok(()),
    }
}

/// Waits until our FIN has left. It was asked before, so some thread sends it, and gives up a peer
/// that is too slow.
pub(super) fn end_sent(inner: &Inner) -> io::Result<()> {
    let is_over = |queue: &Queue<_>| queue.is_broken() || queue.is_end_sent();
    let state = inner.writing.wait(inner.writing.lock(), is_over);
    match state.queue.is_broken() {
        true => Err(ErrorKind::BrokenPipe.into()),
        false => Ok(()),
    }
}

/// Waits until nobody writes and no `drain` runs, and takes the error that is to be reported.
pub(super) fn final_error(inner: &Inner) -> Option<io::Error> {
    let mut state = inner.writing.wait(inner.writing.lock(), Queue::is_at_rest);
    state.queue.take_error()
}

/// Waits for what `is_done` says, or for `at_most`; whether it is done.
pub(super) fn until(
    inner: &Inner,
    at_most: Option<Duration>,
    is_done: impl Fn(&Queue<io::Error>) -> bool,
) -> bool {
    let mut state = inner.writing.lock();
    let Some(at_most) = at_most else {
        drop(inner.writing.wait(state, is_done));
        return true;
    };
    let began = Instant::now();
    while !is_done(&state.queue) {
        let left = at_most.saturating_sub(began.elapsed());
        if left.is_zero() {
            return false;
        }
        state = inner.writing.wait_once(state, Some(left));
    }
    true
}

/// Whether a read of nothing is the peer's FIN. It is none where we have ended the connection, nor
/// where it was lost and a *write* has reported that: the system reports a loss once.
pub(super) fn peer_ended(inner: &Inner) -> io::Result<()> {
    let is_calling = inner.writing.lock().queue.is_calling();
    if let Some(error) = is_calling.then(|| write_error(&*inner.stream)).flatten() {
        hear_from_writer(inner, &error);
    }
    match inner.writing.lock().queue.peer_ended() {
        PeerEnded::Destroyed => Err(destroyed()),
        PeerEnded::Lost(error) => Err(copy(error)),
        PeerEnded::Yes => Ok(()),
    }
}

/// A call of the stream is under way that is bound to fail. The system has just reported to us why, or
/// will report it to that call.
fn hear_from_writer(inner: &Inner, error: &io::Error) {
    let (report, loss) = (copy(error), loss(error));
    let mut state = inner.writing.lock();
    match loss {
        Some(loss) => {
            state.queue.fail(Some(report), Some(loss));
            inner.writing.notify(&state);
        }
        None => drop(inner.writing.wait(state, |queue| !queue.is_calling())),
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

impl Writing {
    /// Waits for the write turn, as long as bytes move within the write timeout.
    #[inline]
    pub(super) fn wait_for_turn(&self) -> io::Result<Guard<'_>> {
        let mut state = self.lock();
        match state.queue.take_turn() {
            Ok(true) => Ok(state),
            _ => self.wait_for_turn_behind(state),
        }
    }

    /// Another thread has the turn, or nothing more may be written.
    #[cold]
    fn wait_for_turn_behind<'a>(&'a self, mut state: Guard<'a>) -> io::Result<Guard<'a>> {
        let mut moved = None;
        loop {
            match state.queue.take_turn() {
                Ok(true) => return Ok(state),
                Ok(false) => {}
                Err(refused) => return Err(state.refusal(refused)),
            }
            let written = state.queue.written();
            let (_, since) = *moved
                .filter(|(before, _)| *before == written)
                .get_or_insert_with(|| (written, Instant::now()));
            moved = Some((written, since));
            let limit = state.write_timeout();
            let left = limit.map(|limit| limit.saturating_sub(since.elapsed()));
            if left.is_some_and(|left| left.is_zero()) {
                return Err(ErrorKind::TimedOut.into());
            }
            state = self.wait_once(state, left);
        }
    }

    fn wait<'a>(
        &'a self,
        mut state: Guard<'a>,
        is_done: impl Fn(&Queue<io::Error>) -> bool,
    ) -> Guard<'a> {
        while !is_done(&state.queue) {
            state = self.wait_once(state, None);
        }
        state
    }

    fn wait_once<'a>(&'a self, mut state: Guard<'a>, at_most: Option<Duration>) -> Guard<'a> {
        state.waiting += 1;
        let mut state = match at_most {
            None => self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner),
            Some(at_most) => {
                let woken = self.changed.wait_timeout(state, at_most);
                woken.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        state.waiting -= 1;
        state
    }
}
