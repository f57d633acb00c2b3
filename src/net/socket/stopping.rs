//! The stop of the server, as its sockets see it: what may end at once, and what is cut at the deadline.

use super::{Inner, Socket};
use crate::net::slot::{Slot, Stop, StopReason};
use crate::net::snapshot::Gauge;
use std::net::Shutdown;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

impl Socket {
    /// Whether the socket's server is [stopping](super::super::Handle::stop): then a handler should end. It costs one
    /// atomic load. A socket that no server accepted is never stopped.
    ///
    /// Nothing wakes a plain read, since only the handler knows whether its peer may still be answered. A handler that
    /// waits without a limit learns of the stop when it is cut, so it waits in pieces:
    ///
    /// ```
    /// use barewire::net::{self, Report, Socket};
    /// use std::io;
    /// use std::time::Duration;
    ///
    /// fn handler(socket: Socket) -> io::Result<()> {
    ///     let mut buf = [0; 4096];
    ///     while !socket.is_stopping() {
    ///         match socket.read_within(&mut buf, Duration::from_millis(50))? {
    ///             Some(0) => break,
    ///             Some(n) => socket.write_all(&buf[..n])?,
    ///             None => {} // nothing has come: is the server stopping?
    ///         }
    ///     }
    ///     Ok(())
    /// }
    ///
    /// let handle = net::create_server(handler).listen("127.0.0.1:0")?;
    /// let client = net::connect(&handle.local_addr().to_string())?;
    /// client.write_all("hi")?;
    /// assert_eq!(client.read(&mut [0; 16])?, 2);
    ///
    /// let stopping = std::thread::spawn(move || handle.shutdown(Duration::from_secs(10)));
    /// assert_eq!(client.read(&mut [0; 16])?, 0); // the server has ended
    /// drop(client);
    /// assert_eq!(stopping.join().unwrap(), Report { drained: 1, cut: 0 });
    /// # Ok::<(), io::Error>(())
    /// ```
    ///
    /// With messages this is not needed: a wait of [`Framed`](super::super::Framed) ends by itself.
    pub fn is_stopping(&self) -> bool {
        self.inner.slot.as_ref().is_some_and(Slot::is_stopping)
    }

    /// A `read` that waits between two messages: the stop of the server ends it, and then it brings what has come
    /// already, or 0 bytes.
    #[inline]
    pub(in crate::net) fn until_stop<R>(&self, read: impl FnOnce() -> R) -> R {
        let inner = &self.inner;
        if inner.slot.is_none() {
            return read();
        }
        let is_first = || inner.bytes_read.load(Ordering::Relaxed) == 0;
        if inner.drain_state.idle(is_first) {
            inner.end_reading();
        }
        let read = read();
        inner.drain_state.busy();
        read
    }

    /// Whether the stop has ended such a read. Then an end inside a message is no fault of the peer.
    pub(in crate::net) fn stop_ended_reading(&self) -> bool {
        self.inner.drain_state.is_ending()
    }
}

impl Inner {
    /// From now on the server's stop reaches the socket, and not only the stream below it: threads that
    /// wait for the queue wake up, and what is cut off is not taken for a FIN.
    pub(super) fn on_stop(self: &Arc<Inner>) {
        if let Some(slot) = &self.slot {
            slot.on_stop(Arc::new(Stopping(Arc::downgrade(self))));
            if slot.is_late() {
                self.drain_state.begin_late();
            }
        }
    }

    fn end_reading(&self) {
        let _ = self.stream.shutdown(Shutdown::Read); // the connection may be gone already
    }
}

struct Stopping(Weak<Inner>);

impl Stop for Stopping {
    /// A wait between two messages ends. All else goes on: the book's `server.close()` leaves the connections
    /// alone.
    fn drain(&self, _: StopReason) {
        if let Some(inner) = self.0.upgrade()
            && inner.drain_state.stop()
        {
            inner.end_reading();
        }
    }

    fn cut(&self) {
        if let Some(inner) = self.0.upgrade() {
            inner.give_up("the server was shut down".to_owned());
        }
    }

    fn gauge(&self) -> Gauge {
        let Some(inner) = self.0.upgrade() else {
            return Gauge::new("socket", "closing");
        };
        let queued = inner.writing.lock().queue.buffered() as u64; // held for memory work only
        let has_ended = [&inner.ended, &inner.destroyed]
            .iter()
            .any(|end| end.load(Ordering::Relaxed));
        let state = if has_ended { "closing" } else { "open" };
        Gauge::new("socket", state).queued(queued)
    }
}
