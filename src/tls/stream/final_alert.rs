//! Why did the peer end the connection? A write fails with the operating system's "broken pipe" or
//! "connection reset". Often the peer has sent an alert before, and no read has taken it yet:
//!
//! ```text
//!   client                                      server
//!   {Certificate} {Finished} ─────────────────►   no certificate is in it, and one is required
//!   {POST …} {body} … ────────────────────────►
//!                  ◄──────────────────────────   {alert: certificate_required}
//!   {body} …       ◄──────────────────────────   RST
//!   write: EPIPE; what was received can still be read
//! ```
//!
//! In TLS 1.3 a server checks the client's certificate after the client has begun to send data, so this is
//! how every refusal of a client's certificate arrives. The write that fails reads the records that have come, and
//! reports the alert.

use super::super::error::handshake::explain;
use super::reading::{Reading, process};
use super::write_queue::Blocking;
use super::{Tls, try_lock};
use crate::net::wait;
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

/// How long a blocking write waits for another thread that is reading: the stream below is broken, so that
/// thread's read returns at once.
const READER_TIMEOUT: Duration = Duration::from_millis(100);
/// An alert is behind a few tickets and key updates at most.
const MOST_READS: u32 = 16;
const POLL_INTERVAL: Duration = Duration::from_millis(2);

impl Tls {
    /// The error of a write: the peer's alert, if it has sent one before the stream below broke.
    #[cold]
    pub(super) fn with_final_alert(&self, error: io::Error, blocking: Blocking) -> io::Error {
        use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
        if !matches!(
            error.kind(),
            BrokenPipe | ConnectionAborted | ConnectionReset
        ) {
            return error;
        }
        let began = Instant::now();
        loop {
            let reading = try_lock(&self.reading);
            let is_read = reading.is_some();
            if let Some(mut reading) = reading {
                self.read_what_is_here(&mut reading);
            }
            let mut state = self.state();
            // rustls returns the error that ended the connection each time.
            if let Err(why @ rustls::Error::AlertReceived(_)) = process(&mut state.queue.session) {
                return explain(&why).into();
            }
            if is_read || blocking == Blocking::No || began.elapsed() >= READER_TIMEOUT {
                return error;
            }
            state.waiting += 1;
            state = wait(&self.turn_released, state, Some(POLL_INTERVAL));
            state.waiting -= 1;
        }
    }

    /// Opens what has come, up to the end or up to plaintext, which is the reader's. A peer that sends control
    /// records without pause is read [`MOST_READS`] times.
    fn read_what_is_here(&self, reading: &mut Reading) {
        let mut reads = 0;
        while !reading.has_ended() {
            if reading.is_empty() {
                reads += 1;
                if reads > MOST_READS {
                    return;
                }
                let read = reading.fill(|room| match self.below.try_read(room)? {
                    Some(n) => Ok(n),
                    None => Err(ErrorKind::WouldBlock.into()),
                });
                match read {
                    Err(e) if e.kind() == ErrorKind::WouldBlock => return,
                    read => self.note_end(reading, read),
                }
            }
            let mut state = self.state();
            if !reading.feed_control(&mut state.queue.session) {
                return;
            }
        }
    }
}
