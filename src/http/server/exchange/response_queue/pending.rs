//! The pending bytes, and the write that sends them.
//!
//! The connection's thread writes all of them, and may block (`paced_writer.rs`). The clock writes what the
//! socket takes at once.

use super::paced_writer::PacedWriter;
use crate::http::server::config::Config;
use crate::net::{Cause, DelayedFlush, Stream};
use std::io::{self, ErrorKind, IoSlice};

/// A socket surely has room for a first write of no more than this: it needs no timeout yet.
const SURE_ROOM_BYTES: usize = 4096;
/// An emptied buffer above this size is given back.
const KEPT_BYTES: usize = 128 * 1024;

/// The fields are in the order of use.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Pending {
    pub(super) bytes: Vec<u8>,
    sent: bool,
    broken: Option<Box<Cause>>,
    pub(super) writer: PacedWriter,
    /// Counts the responses that were left pending: it stands still while no handler ends its response.
    epoch: u64,
    pub(super) delayed_flush: DelayedFlush,
    /// How many bytes of the last write that failed the stream has not taken.
    pub(super) unsent: usize,
}

impl Pending {
    pub(super) fn new(config: &Config) -> Pending {
        Pending {
            bytes: Vec::new(),
            epoch: 0,
            delayed_flush: DelayedFlush::default(),
            sent: false,
            broken: None,
            unsent: 0,
            writer: PacedWriter::new(config.pace_of_writes()),
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
            .as_deref()
            .map_or(Ok(()), |cause| Err(cause.into()))
    }

    pub(super) fn mark_broken(&mut self, cause: Cause) {
        self.broken.get_or_insert_with(|| Box::new(cause));
    }

    #[inline]
    pub(super) fn flush(&mut self, stream: &dyn Stream) -> io::Result<()> {
        match self.bytes.is_empty() {
            true => self.check(),
            false => self.send(stream),
        }
    }

    /// Sends all of `bytes`.
    pub(super) fn send(&mut self, stream: &dyn Stream) -> io::Result<()> {
        let left = self.bytes.len();
        if self.broken.is_some() {
            return self.send_nothing(left);
        }
        let has_sure_room = !self.sent && left <= SURE_ROOM_BYTES;
        let slices = &mut [IoSlice::new(&self.bytes)];
        let sent = self.writer.write_all(stream, slices, left, has_sure_room);
        self.sent(sent)
    }

    /// Sends all of `bytes`, `data` and `end`, in as few calls as the kernel allows.
    pub(super) fn send_with(
        &mut self,
        stream: &dyn Stream,
        data: &[u8],
        end: &[u8],
    ) -> io::Result<()> {
        let left = self.bytes.len() + data.len() + end.len();
        if self.broken.is_some() {
            return self.send_nothing(left);
        }
        let has_sure_room = !self.sent && left <= SURE_ROOM_BYTES;
        let parts = match (data, end) {
            ([], []) => 1,
            (_, []) => 2,
            _ => 3,
        };
        let mut slices = [&self.bytes, data, end].map(IoSlice::new);
        let first = usize::from(self.bytes.is_empty());
        let slices = &mut slices[first..parts];
        let sent = self.writer.write_all(stream, slices, left, has_sure_room);
        self.sent(sent)
    }

    /// The stream is broken: it takes none of `left` bytes.
    #[cold]
    fn send_nothing(&mut self, left: usize) -> io::Result<()> {
        self.unsent = left;
        self.check()
    }

    /// A write has ended; in an error is how many bytes the stream has not taken.
    #[inline(always)]
    fn sent(&mut self, sent: Result<(), (io::Error, usize)>) -> io::Result<()> {
        self.sent = true;
        self.bytes.clear();
        if self.bytes.capacity() > KEPT_BYTES {
            self.bytes = Vec::new();
        }
        sent.map_err(|(error, left)| {
            self.broken = Some(Box::new(Cause::of(&error)));
            self.unsent = left;
            error
        })
    }

    /// Sends what the socket takes without waiting; returns whether it took some, or never will again.
    fn try_send(&mut self, stream: &dyn Stream) -> bool {
        self.sent = true;
        match stream.try_write(&self.bytes) {
            Ok(None) => return false,
            Ok(Some(0)) => self.broken = Some(Box::new(ErrorKind::WriteZero.into())),
            Ok(Some(bytes)) => {
                self.writer.went(bytes);
                self.bytes.drain(..bytes);
            }
            Err(error) => self.broken = Some(Box::new(Cause::of(&error))),
        }
        true
    }
}
