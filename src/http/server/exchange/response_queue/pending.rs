//! The pending bytes, and the write that sends them.
//!
//! The connection's thread writes all of them, and may block: the peer must keep the
//! [pace](crate::net::Pace). The clock writes what the socket takes at once.

use crate::http::server::config::Config;
use crate::net::{Cause, DelayedFlush, Pace, Stream, is_timeout};
use std::io::{self, ErrorKind, IoSlice};
use std::time::{Duration, Instant};

/// A socket surely has room for a first write of no more than this: it needs no timeout yet.
const SURE_ROOM_BYTES: usize = 4096;
/// An emptied buffer above this size is given back.
const KEPT_BYTES: usize = 128 * 1024;

#[derive(Debug)]
pub(super) struct Pending {
    pub(super) bytes: Vec<u8>,
    /// Counts the responses that were left pending: it stands still while no handler ends its response.
    epoch: u64,
    pub(super) delayed_flush: DelayedFlush,
    sent: bool,
    timeout_set: bool,
    broken: Option<Cause>,
    /// The write timeout: how long one write may block before the deadlines are checked.
    write_slice: Duration,
    pace: Pace,
}

impl Pending {
    pub(super) fn new(config: &Config) -> Pending {
        Pending {
            bytes: Vec::new(),
            epoch: 0,
            delayed_flush: DelayedFlush::default(),
            sent: false,
            timeout_set: false,
            broken: None,
            write_slice: config.poll_interval(),
            pace: config.pace(),
        }
    }

    /// The bytes stay pending, so that other responses leave with them. Returns whether the caller must
    /// schedule the clock's first check.
    pub(super) fn leave(&mut self) -> bool {
        self.epoch = self.epoch.wrapping_add(1);
        self.delayed_flush.left_pending()
    }

    /// One check of the clock; returns whether the socket was full, and whether another check follows.
    pub(super) fn check_delayed(&mut self, stream: &dyn Stream) -> (bool, bool) {
        let waits = !self.bytes.is_empty() && self.broken.is_none();
        let look = self.delayed_flush.check(self.epoch, waits);
        let is_full = look.flush && !self.try_send(stream);
        (is_full, look.again)
    }

    pub(super) fn check(&self) -> io::Result<()> {
        self.broken
            .as_ref()
            .map_or(Ok(()), |cause| Err(cause.into()))
    }

    pub(super) fn mark_broken(&mut self, cause: Cause) {
        self.broken.get_or_insert(cause);
    }

    /// Sends all of `bytes`, `data` and `end`, in as few calls as the kernel allows.
    pub(super) fn send(&mut self, stream: &dyn Stream, data: &[u8], end: &[u8]) -> io::Result<()> {
        self.check()?;
        let total = self.bytes.len() + data.len() + end.len();
        if !self.timeout_set && (self.sent || total > SURE_ROOM_BYTES) {
            stream.set_write_timeout(Some(self.write_slice))?;
            self.timeout_set = true;
        }
        let result = self.write_all(stream, data, end, total);
        if let Err(error) = &result {
            self.broken = Some(Cause::of(error));
        }
        self.sent = true;
        self.bytes.clear();
        if self.bytes.capacity() > KEPT_BYTES {
            self.bytes = Vec::new();
        }
        result
    }

    fn write_all(
        &mut self,
        stream: &dyn Stream,
        data: &[u8],
        end: &[u8],
        mut left: usize,
    ) -> io::Result<()> {
        let parts = match (data, end) {
            ([], []) => 1,
            (_, []) => 2,
            _ => 3,
        };
        let mut slices = [&self.bytes, data, end].map(IoSlice::new);
        let first = usize::from(self.bytes.is_empty());
        let mut slices = &mut slices[first..parts];
        // The clock is read only where the write may have to wait.
        let mut since = (left > SURE_ROOM_BYTES).then(Instant::now);
        let mut waited = false;
        while left > 0 {
            let wrote = match &*slices {
                [one] => stream.write(one),
                several => stream.write_vectored(several),
            };
            let (bytes, first_wait) = match wrote {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(bytes) if bytes == left && !waited => {
                    self.pace.went(bytes);
                    return Ok(());
                }
                Ok(bytes) => (bytes, Duration::ZERO),
                Err(error) if is_timeout(&error) => (0, self.write_slice),
                Err(error) => return Err(error),
            };
            left -= bytes;
            IoSlice::advance_slices(&mut slices, bytes);
            waited = true;
            let now = Instant::now();
            let time = since.replace(now).map_or(first_wait, |then| now - then);
            self.pace
                .waited(time, bytes)
                .map_err(|_| ErrorKind::TimedOut)?;
        }
        Ok(())
    }

    /// Sends what the socket takes without waiting; returns whether it took some, or never will again.
    fn try_send(&mut self, stream: &dyn Stream) -> bool {
        self.sent = true;
        match stream.try_write(&self.bytes) {
            Ok(None) => return false,
            Ok(Some(0)) => self.broken = Some(ErrorKind::WriteZero.into()),
            Ok(Some(bytes)) => {
                self.pace.went(bytes);
                self.bytes.drain(..bytes);
            }
            Err(error) => self.broken = Some(Cause::of(&error)),
        }
        true
    }
}
