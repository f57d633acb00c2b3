//! Waiting for the outbox: until it is empty, until the FIN has left, until nobody writes.

use super::{End, Guard, Outbox, Pen, State, break_off, gave_up, writer};
use crate::net::socket::Inner;
use std::io::{self, ErrorKind};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// So long without a byte taken, and a peer is given up that nobody waits for.
pub(super) const STALL: Duration = Duration::from_secs(30);

/// Waits until the queue is empty.
pub(in crate::net::socket) fn drained(inner: &Arc<Inner>) -> io::Result<()> {
    let is_empty = |state: &State| state.buffered() == 0 || state.broken;
    let state = inner.outbox.lock();
    let state = match state.is_ours() {
        true => writer::empty_queue(inner, state),
        false => inner.outbox.wait(state, None, is_empty)?,
    };
    match state.broken {
        true => Err(ErrorKind::BrokenPipe.into()),
        false => Ok(()),
    }
}

/// Waits until our FIN has left. A peer that takes nothing for [`STALL`] is given up.
pub(in crate::net::socket) fn flush(inner: &Inner) -> io::Result<()> {
    let is_over =
        |state: &State| state.broken || (state.end == End::Sent && state.pen == Pen::Down);
    match inner.outbox.wait(inner.outbox.lock(), Some(STALL), is_over) {
        Ok(state) if !state.broken => return Ok(()),
        Ok(_) => {}
        Err(_) => break_off(inner, Some(gave_up("the peer does not read".to_owned()))),
    }
    Err(ErrorKind::BrokenPipe.into())
}

/// Waits until somebody asks for the end, at most so long; whether it was asked.
pub(in crate::net::socket) fn end_asked(inner: &Inner, at_most: Option<Duration>) -> bool {
    let is_asked = |state: &State| state.broken || state.end != End::No;
    let state = inner.outbox.wait(inner.outbox.lock(), at_most, is_asked);
    state.is_ok()
}

/// Waits until nobody writes any more, and takes the error that is to be told.
pub(in crate::net::socket) fn last_words(inner: &Inner) -> Option<io::Error> {
    let pen_is_down = |state: &State| state.pen == Pen::Down;
    let state = inner.outbox.wait(inner.outbox.lock(), None, pen_is_down);
    state.ok()?.error.take()
}

impl Outbox {
    /// Waits; [`ErrorKind::TimedOut`] after so long without a byte written.
    pub(super) fn wait<'a>(
        &'a self,
        mut state: Guard<'a>,
        stall: Option<Duration>,
        is_done: impl Fn(&State) -> bool,
    ) -> io::Result<Guard<'a>> {
        let (mut written, mut since) = (state.written, Instant::now());
        while !is_done(&state) {
            let left = stall.map(|stall| stall.saturating_sub(since.elapsed()));
            state.waiting += 1;
            state = match left {
                None => self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    let woken = self.changed.wait_timeout(state, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
            };
            state.waiting -= 1;
            if state.written != written {
                (written, since) = (state.written, Instant::now());
            } else if left.is_some_and(|left| left.is_zero()) {
                return Err(ErrorKind::TimedOut.into());
            }
        }
        Ok(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::pipe_with_capacity;
    use crate::net::socket::Socket;
    use crate::net::tests::{PATIENCE, within};
    use std::thread;

    /// Half open, `run` waits for `end`; a peer that does not read must not keep it from hearing.
    #[test]
    fn end_is_heard_while_the_writer_sleeps() {
        within(PATIENCE, || {
            let (here, _never_reads) = pipe_with_capacity(1);
            let socket = Socket::new(Arc::new(here));
            assert!(socket.write("too much"));
            let inner = Arc::clone(&socket.inner);
            let waiter = thread::spawn(move || end_asked(&inner, None));
            while socket.inner.outbox.lock().waiting == 0 {
                thread::yield_now();
            }
            socket.end().unwrap();
            assert!(waiter.join().unwrap());
        });
    }
}
