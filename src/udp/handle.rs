//! A socket that receives on a thread of its own, from outside: how it is stopped.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use super::socket::Socket;
use crate::net::{Cause, lock, wait_until};

/// A socket that receives on a thread of its own: what [`Socket::start`] returns. Clones are the same one;
/// dropping them all does not end the thread.
///
/// It is to a UDP socket what [`net::Handle`](crate::net::Handle) is to a server, and the methods that do the
/// same have the same names. A clean end is [`shutdown`](Handle::shutdown), with a limit for the event that
/// is running:
///
/// ```
/// use barewire::udp::{self, Family, RemoteInfo, Socket, SocketEvents};
/// use std::time::Duration;
///
/// struct Echo;
/// impl SocketEvents for Echo {
///     fn message(&self, socket: &Socket, msg: &[u8], rinfo: &RemoteInfo) {
///         let _ = socket.send_to(msg, rinfo.socket_addr());
///     }
/// }
///
/// let handle = udp::create_socket(Family::V4).bind("127.0.0.1:0")?.start(Echo)?;
/// println!("listening on {}", handle.local_addr());
/// // … the program does something else …
/// let all_ended = handle.shutdown(Duration::from_secs(5))?;
/// assert!(all_ended);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Handle {
    running: Arc<Running>,
}

/// The thread, as its handles see it.
pub(super) struct Running {
    socket: Socket,
    /// How the thread has ended, once it has.
    ended: Mutex<Option<Result<(), Cause>>>,
    changed: Condvar,
}

impl Running {
    pub(super) fn new(socket: Socket) -> Arc<Running> {
        Arc::new(Running {
            socket,
            ended: Mutex::new(None),
            changed: Condvar::new(),
        })
    }

    pub(super) fn end(&self, how: io::Result<()>) {
        let how = how.map_err(Cause::from);
        *lock(&self.ended) = Some(how);
        self.changed.notify_all();
    }

    /// How it has ended; `None`: it still runs at that time.
    fn wait_ended(&self, until: Option<Instant>) -> Option<io::Result<()>> {
        let mut ended = lock(&self.ended);
        loop {
            if let Some(how) = &*ended {
                return Some(how.as_ref().map_err(io::Error::from).copied());
            }
            ended = wait_until(&self.changed, ended, until)?;
        }
    }
}

impl Handle {
    pub(super) fn new(running: Arc<Running>) -> Handle {
        Handle { running }
    }

    /// The socket, for sending.
    pub fn socket(&self) -> &Socket {
        &self.running.socket
    }

    /// Where it receives: [`Socket::local_addr`].
    #[doc(alias = "address")]
    pub fn local_addr(&self) -> SocketAddr {
        self.socket().local_addr()
    }

    /// [`Socket::close`]: nothing is received any more, and the thread wakes at once. It returns without
    /// waiting for the event that is running. A second call does nothing.
    #[doc(alias = "close")]
    pub fn stop(&self) {
        self.socket().close();
    }

    /// [`stop`](Handle::stop)s, and waits as [`wait_within`](Handle::wait_within) does. False: an event has not
    /// returned by the `deadline`, and runs on.
    ///
    /// # Errors
    /// As for [`wait`](Handle::wait).
    pub fn shutdown(&self, deadline: Duration) -> io::Result<bool> {
        self.stop();
        self.wait_within(deadline)
    }

    /// Waits until the socket is closed and the last event has returned. Any number of threads may wait.
    /// Never returns if it is called from an event.
    ///
    /// # Errors
    /// The error that ended the loop (see [`SocketEvents::error`](super::SocketEvents::error)), for each caller.
    #[doc(alias = "join")]
    pub fn wait(&self) -> io::Result<()> {
        let ended = self.running.wait_ended(None);
        ended.expect("a wait without a limit ends with the thread")
    }

    /// [`wait`](Handle::wait), but no longer than `time`. False: it still receives, or an event still runs;
    /// called from an event, it is always that.
    ///
    /// # Errors
    /// As for [`wait`](Handle::wait).
    pub fn wait_within(&self, time: Duration) -> io::Result<bool> {
        let until = Instant::now().checked_add(time);
        self.running
            .wait_ended(until)
            .map_or(Ok(false), |how| how.map(|()| true))
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("socket", self.socket())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Family;
    use crate::udp::create_socket;
    use std::io::ErrorKind;

    #[test]
    fn each_caller_gets_the_error_that_ended_the_loop() {
        let socket = create_socket(Family::V4).bind("127.0.0.1:0").unwrap();
        let running = Running::new(socket);
        let handles = [Handle::new(running.clone()), Handle::new(running.clone())];
        assert!(!handles[0].wait_within(Duration::ZERO).unwrap());
        running.end(Err(io::Error::new(ErrorKind::OutOfMemory, "on purpose")));
        for handle in &handles {
            for error in [
                handle.wait().unwrap_err(),
                handle.wait_within(Duration::ZERO).unwrap_err(),
                handle.shutdown(Duration::MAX).unwrap_err(),
            ] {
                assert_eq!(error.kind(), ErrorKind::OutOfMemory);
                assert_eq!(error.to_string(), "on purpose");
            }
        }
    }
}
