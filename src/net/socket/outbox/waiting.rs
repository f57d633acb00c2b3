//! Waiting for the outbox: until it is empty, until the FIN has left, until nobody writes; and, at
//! what may be the end, until a write has said what it knows.

use super::{End, Guard, Outbox, Pen, State, break_off, gave_up, writer};
use crate::net::socket::Inner;
use crate::net::stream::Stream;
use crate::net::{Tcp, Unix};
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

/// The rate in bytes a second at which a peer must take what is left when we have ended.
const SLOWEST: u64 = 256;

/// Waits until our FIN has left. A peer that takes nothing for [`STALL`], or all of it more slowly
/// than [`SLOWEST`], is given up.
pub(in crate::net::socket) fn flush(inner: &Inner) -> io::Result<()> {
    let state = inner.outbox.lock();
    let allowed = STALL + Duration::from_secs(state.buffered() as u64 / SLOWEST);
    let until = Instant::now() + allowed;
    let is_sent = |state: &State| state.end == End::Sent && state.pen == Pen::Down;
    let is_over = |state: &State| state.broken || is_sent(state) || Instant::now() >= until;
    match inner.outbox.wait(state, Some(STALL), is_over) {
        Ok(state) if state.broken => {}
        Ok(state) if is_sent(&state) => return Ok(()),
        _ => break_off(inner, Some(gave_up("the peer does not read".to_owned()))),
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

/// Whether a read of nothing is the peer's FIN. It is none where we have ended the connection, nor
/// where it was lost and a *write* was told so: the system tells of a loss once.
pub(in crate::net::socket) fn peer_ended(inner: &Inner) -> io::Result<()> {
    let mut state = inner.outbox.lock();
    if state.writing && is_gone(&*inner.stream) {
        // The write that is under way is just about to come back with the news.
        state = inner.outbox.wait(state, None, |state| !state.writing)?;
    }
    match state.lost {
        _ if state.destroyed => {
            let text = "the connection was ended on this side";
            Err(io::Error::new(ErrorKind::ConnectionAborted, text))
        }
        Some(kind) => Err(kind.into()),
        None => Ok(()),
    }
}

/// Whether nothing can be written any more. A kernel socket says so also to who writes nothing,
/// and does not wait. (Other streams have no error that is told only once.)
fn is_gone(stream: &dyn Stream) -> bool {
    let kernels = stream.as_any().is::<Tcp>() || stream.as_any().is::<Unix>();
    kernels && stream.write(&[]).is_err()
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
    use std::net::{Shutdown, TcpListener, TcpStream};
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

    /// A socket on one end of a TCP connection, as if a write of it were under way.
    fn writing() -> (Arc<Inner>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let ours = Tcp::from(listener.accept().unwrap().0);
        let inner = Socket::new(Arc::new(ours)).inner;
        inner.outbox.lock().writing = true;
        (inner, peer)
    }

    /// Reader and writer sleep and wake at once: one is told of the loss, the other of nothing.
    #[test]
    fn a_reset_that_the_writer_is_just_hearing_of_is_no_end() {
        within(PATIENCE, || {
            let (inner, peer) = writing();
            inner.stream.write(b"unread").unwrap();
            assert_eq!(peer.peek(&mut [0; 6]).unwrap(), 6);
            drop(peer);
            let lost = loop {
                if let Err(e) = inner.stream.write(b"x") {
                    break e;
                }
            };
            assert_eq!(
                inner.stream.read(&mut [0; 1]).unwrap(),
                0,
                "as if it were a FIN"
            );
            let own = Arc::clone(&inner);
            let reader = thread::spawn(move || peer_ended(&own).map_err(|e| e.kind()));
            while inner.outbox.lock().waiting == 0 {
                thread::yield_now();
            }
            let mut state = inner.outbox.lock();
            state.writing = false;
            state.fail(lost);
            inner.outbox.ring(&state);
            drop(state);
            assert_eq!(reader.join().unwrap(), Err(ErrorKind::ConnectionReset));
        });
    }

    /// But a writer may sleep for ever, and a FIN is a FIN.
    #[test]
    fn an_end_waits_for_no_writer() {
        within(PATIENCE, || {
            let (inner, peer) = writing();
            peer.shutdown(Shutdown::Write).unwrap();
            assert_eq!(inner.stream.read(&mut [0; 1]).unwrap(), 0);
            peer_ended(&inner).unwrap();
        });
    }
}
