//! A write that may block, as long as the peer keeps the [pace](crate::net::Pace).
//!
//! It blocks for a *slice* at most and is then tried again, because a kernel with little room wakes no thread.
//! After each slice the pace counts the bytes that have left.
//!
//! The result of a write shows that it found too little room. It does not show that a write blocked and then
//! took everything. So one in a few of the writes between two waits for a request is [timed](Sampling), and
//! every write while the [pace](Pace::is_waiting) counts a wait.

use crate::net::{Pace, Sampling, Stream, is_timeout};
use std::io::{self, ErrorKind, IoSlice};
use std::time::{Duration, Instant};

/// The fields are in the order of use.
#[derive(Debug)]
#[repr(C)]
pub(super) struct PacedWriter {
    sampling: Sampling,
    /// The stream's write timeout is `slice`.
    has_slice: bool,
    pace: Pace,
    /// How long the next write may block.
    slice: Duration,
}

impl PacedWriter {
    pub(super) fn new(pace: Pace) -> PacedWriter {
        PacedWriter {
            slice: pace.slice(),
            pace,
            sampling: Sampling::quick(),
            has_slice: false,
        }
    }

    /// The thread waits for a request. What it writes next is timed if the last write was slow, or if there
    /// is much of it: so a request that is answered at once costs no clock read.
    #[inline]
    pub(super) fn rest(&mut self) {
        self.sampling.restart();
    }

    /// `bytes` have left without a wait.
    #[inline]
    pub(super) fn went(&mut self, bytes: usize) {
        self.pace.went(bytes);
    }

    /// Writes all of `slices`, which are `left` bytes. `has_sure_room`: the socket takes them at once, so that it needs
    /// no timeout yet.
    ///
    /// # Errors
    /// That of the stream, and how many bytes it has not taken.
    #[inline(always)]
    pub(super) fn write_all(
        &mut self,
        stream: &dyn Stream,
        slices: &mut [IoSlice<'_>],
        left: usize,
        has_sure_room: bool,
    ) -> Result<(), (io::Error, usize)> {
        if left == 0 {
            return Ok(());
        }
        if !has_sure_room {
            self.set_timeout(stream).map_err(|error| (error, left))?;
        }
        let is_timed = self.sampling.is_timed() || self.pace.is_waiting();
        let began = is_timed.then(Instant::now);
        let wrote = write(stream, slices);
        if !is_timed && matches!(wrote, Ok(bytes) if bytes == left) {
            return Ok(()); // the pace counts nothing before a wait
        }
        self.write_rest(stream, slices, left, (wrote, began))
    }

    /// The first write was timed, or has not taken all: judges it, and writes the rest.
    #[inline(never)]
    fn write_rest(
        &mut self,
        stream: &dyn Stream,
        mut slices: &mut [IoSlice<'_>],
        mut left: usize,
        (mut wrote, mut began): (io::Result<usize>, Option<Instant>),
    ) -> Result<(), (io::Error, usize)> {
        loop {
            let bytes = self.judge(wrote, began, left);
            let bytes = bytes.map_err(|error| (error, left))?;
            left -= bytes;
            if left == 0 {
                return Ok(());
            }
            IoSlice::advance_slices(&mut slices, bytes);
            self.set_timeout(stream).map_err(|error| (error, left))?;
            let is_timed = self.sampling.is_timed() || self.pace.is_waiting();
            began = is_timed.then(Instant::now);
            wrote = write(stream, slices);
        }
    }

    /// How many of `left` bytes have left with a write that began then, if it was timed.
    fn judge(
        &mut self,
        wrote: io::Result<usize>,
        began: Option<Instant>,
        left: usize,
    ) -> io::Result<usize> {
        let waited = began.map(|began| began.elapsed());
        let (bytes, waited) = match wrote {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(bytes) => (bytes, waited),
            // A write that was not timed has waited for the whole slice.
            Err(error) if is_timeout(&error) => (0, waited.or(Some(self.slice))),
            Err(error) => return Err(error),
        };
        let is_slow = self.sampling.called(waited, bytes == left);
        match waited {
            Some(waited) if is_slow => {
                let pace = self.pace.waited(waited, bytes);
                pace.map_err(|_| ErrorKind::TimedOut)?;
                self.slice = self.pace.slice();
                self.has_slice = false;
            }
            _ => self.pace.went(bytes),
        }
        Ok(bytes)
    }

    fn set_timeout(&mut self, stream: &dyn Stream) -> io::Result<()> {
        if !self.has_slice {
            stream.set_write_timeout(Some(self.slice))?;
            self.has_slice = true;
        }
        Ok(())
    }
}

#[inline(always)]
fn write(stream: &dyn Stream, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    match slices {
        [one] => stream.write(one),
        several => stream.write_vectored(several),
    }
}
