//! How a server's connection ends whose handler has returned, and one whose server is stopped.

use super::limit::Limit;
use super::{Inner, Socket, reading, waiting, writing};
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
    pub(in crate::net) fn close_gracefully(&self) {
        if self.end().is_err() || waiting::end_sent(&self.inner).is_err() {
            return self.destroy();
        }
        let (began, mut rest) = (Instant::now(), [0; 4096]);
        while !self.inner.ended.load(Ordering::Relaxed) {
            let left = LINGER.saturating_sub(began.elapsed());
            let limits = reading::Limits {
                read: Some(left).into(),
                idle: Limit::NONE,
            };
            if left.is_zero() || reading::read(&self.inner, &mut rest, limits).is_err() {
                return self.destroy();
            }
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
