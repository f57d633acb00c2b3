//! A server's last words: how a connection ends whose handler has returned, and one whose server
//! is stopped.

use super::{Inner, Socket, outbox};
use crate::net::slot::Stop;
use std::io::{self, ErrorKind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// How long a connection is kept for a peer that has not sent its FIN.
const LINGER: Duration = Duration::from_secs(2);

impl Socket {
    /// Sends what is queued and the FIN, then waits for the peer's, since dropping a stream with
    /// unread bytes resets the connection and may destroy what was written last.
    pub(in crate::net) fn hang_up(&self) {
        if self.end().is_err() || outbox::flush(&self.inner).is_err() {
            return self.destroy();
        }
        let until = Instant::now() + LINGER;
        let mut rest = [0; 4096];
        while !self.inner.ended.load(Ordering::Relaxed) {
            let left = until.saturating_duration_since(Instant::now());
            let timed = self.set_read_timeout(Some(left));
            if left.is_zero() || timed.and_then(|()| self.read(&mut rest)).is_err() {
                return self.destroy();
            }
        }
    }
}

/// From now on the server's stop reaches the socket, and not only the stream below it: who waits
/// for the queue wakes up, and what is cut off is not taken for a FIN.
pub(super) fn on_stop(inner: &Arc<Inner>) {
    if let Some(slot) = &inner.slot {
        slot.on_stop(Arc::new(Cut(Arc::downgrade(inner))));
    }
}

struct Cut(Weak<Inner>);

impl Stop for Cut {
    /// The book's `server.close()` leaves the connections alone.
    fn drain(&self) {}

    fn cut(&self) {
        if let Some(inner) = self.0.upgrade() {
            let text = "the server was shut down";
            let error = io::Error::new(ErrorKind::ConnectionAborted, text);
            outbox::break_off(&inner, Some(error));
        }
    }
}
