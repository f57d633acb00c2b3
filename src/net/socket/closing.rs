//! How a server's connection ends whose handler has returned, and one whose server is stopped.

use super::{Inner, Socket, waiting, writing};
use crate::net::linger::discard;
use crate::net::slot::Stop;
use std::io::{self, ErrorKind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// How long a connection is kept for a peer that has not sent its FIN.
const LINGER: Duration = Duration::from_secs(2);

impl Socket {
    /// Sends what is queued and the FIN, then waits for the peer's: a [lingering close](crate::net::linger).
    pub(in crate::net) fn close_gracefully(&self) {
        let inner = &self.inner;
        let end_sent = self.end().and_then(|()| waiting::end_sent(inner));
        let peer_ended = || inner.ended.load(Ordering::Relaxed);
        if end_sent.is_err() || !(peer_ended() || discard(&*inner.stream, LINGER, u64::MAX)) {
            self.destroy();
        }
    }
}

/// From now on the server's stop reaches the socket, and not only the stream below it: threads that
/// wait for the queue wake up, and what is cut off is not taken for a FIN.
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
            writing::break_off(&inner, Some(error));
        }
    }
}
