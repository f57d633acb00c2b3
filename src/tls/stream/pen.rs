//! Writing: plaintext is sealed in memory, then all of it is written.
//!
//! ```text
//!   bufs ──at most 128 KiB─► rustls: records of 16 KiB ──write_tls──► sealed ──write──► below
//!        └────────── under the state ──────────────────────────────┘        └ without it ┘
//! ```
//!
//! **When the time is up in the middle** of sealed bytes, they stay here: each record has a number, and
//! the peer waits for the next one. What is told of them has to be true, and nothing may lie here while
//! the caller believes it gone. So a write tells only of plaintext whose records have left entirely. The
//! rest counts as not taken; whoever still wants it gone writes it again, as after every write that took
//! less than all, and then it is not sealed a second time:
//!
//! ```text
//!   write(a b c d)       a │ b │ c │ d      sealed, four records; the time is up in c
//!     = 2 (a b)          ✓   ✓   ▒   ·
//!   write(c d e)                 c │ d      the rest leaves first, compared with what was promised
//!     = 2 (c d)                  ✓   ✓      e is for the next write
//! ```
//!
//! Bytes other than those promised are refused: there is no way to take back what is sealed.

use super::super::explain::explain;
use super::owed::State;
use super::{Tls, lock};
use crate::net::is_timeout;
use std::io::{self, ErrorKind, IoSlice, Write};
use std::iter;
use std::time::Instant;

/// How much plaintext is sealed at a time.
pub(super) const BATCH_BYTES: usize = 128 * 1024;
/// How much of it fits into a record (RFC 8446 §5.1).
const RECORD_BYTES: usize = 16 * 1024;
const HEADER_BYTES: usize = 5;
const ALERT: u8 = 21;
/// A larger buffer is not kept: beside the work on so many bytes it costs nothing to get another.
const KEPT_BYTES: usize = 4 * 1024;

/// Whether a write waits for room below.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    IsWaitedFor,
    IsThereOrNot,
}

/// What belongs to the one who writes.
#[derive(Default)]
pub(super) struct Pen {
    /// Whole records, and how many bytes of them are gone.
    sealed: Vec<u8>,
    at: usize,
    /// How much plaintext of a write is in the last of them.
    taken: usize,
    /// Plaintext that is sealed, and that no caller was told of.
    untold: Vec<u8>,
    broken: Option<ErrorKind>,
}

impl Tls {
    /// Called with the pen. What is owed leaves as well, and first.
    pub(super) fn seal_and_write(
        &self,
        pen: &mut Pen,
        bufs: &[IoSlice<'_>],
        room: Room,
    ) -> io::Result<usize> {
        pen.check()?;
        if !pen.untold.is_empty() {
            return self.write_again(pen, bufs, room);
        }
        let sealed = self.state().seal(bufs, &mut pen.sealed);
        let pushed = self.push(pen, room);
        pen.taken = sealed?;
        match pushed {
            Ok(()) => Ok(pen.taken),
            Err(e) if is_timeout(&e) => pen.keep(bufs).ok_or(e),
            Err(e) => Err(e),
        }
    }

    /// The time was up; the same bytes come again.
    #[cold]
    fn write_again(&self, pen: &mut Pen, bufs: &[IoSlice<'_>], room: Room) -> io::Result<usize> {
        pen.compare(bufs)?;
        let waits = match self.push(pen, room) {
            Ok(()) => None,
            Err(e) if is_timeout(&e) => Some(e),
            Err(e) => return Err(e),
        };
        match (pen.tell(bufs), waits) {
            (0, Some(e)) => Err(e),
            (n, _) => Ok(n),
        }
    }

    /// Writes all that is sealed, in no more time than one write may take.
    pub(super) fn push(&self, pen: &mut Pen, room: Room) -> io::Result<()> {
        pen.check()?;
        let mut until = None;
        while pen.at < pen.sealed.len() {
            match self.write_below(&pen.sealed[pen.at..], room) {
                Ok(0) => return Err(self.broke(pen, ErrorKind::WriteZero.into())),
                Ok(n) => pen.at += n,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if is_timeout(&e) => return Err(e),
                Err(e) => return Err(self.broke(pen, e)),
            }
            if pen.at < pen.sealed.len() && self.is_over(&mut until) {
                return Err(ErrorKind::TimedOut.into());
            }
        }
        pen.clear();
        Ok(())
    }

    fn write_below(&self, sealed: &[u8], room: Room) -> io::Result<usize> {
        match room {
            Room::IsWaitedFor => self.below.write(sealed),
            Room::IsThereOrNot => {
                let wrote = self.below.try_write(sealed)?;
                wrote.ok_or_else(|| ErrorKind::WouldBlock.into())
            }
        }
    }

    /// Asked each time that there was room for some of it, but not for all.
    fn is_over(&self, until: &mut Option<Instant>) -> bool {
        let now = Instant::now();
        let limit = *lock(&self.write_timeout);
        *until = until.or_else(|| now.checked_add(limit?));
        until.is_some_and(|until| now >= until)
    }

    #[cold]
    fn broke(&self, pen: &mut Pen, error: io::Error) -> io::Error {
        pen.broken = Some(error.kind());
        pen.clear();
        self.state().owes_nothing();
        error
    }
}

impl State {
    /// Seals what fits into one batch, behind what is owed; how much of `bufs` that is.
    fn seal(&mut self, bufs: &[IoSlice<'_>], sealed: &mut Vec<u8>) -> io::Result<usize> {
        if self.done && bufs.iter().any(|buf| !buf.is_empty()) {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let sealing = match bufs {
            [buf] => self.connection.writer().write(buf),
            bufs => self.connection.writer().write_vectored(bufs),
        };
        let taken = sealing.map_err(explained)?;
        let before = sealed.len();
        self.take_owed(sealed);
        match taken > 0 && ends_with_alert(&sealed[before..]) {
            true => Err(self.worn_out()),
            false => Ok(taken),
        }
    }

    /// Moves the records that rustls has made.
    pub(super) fn take_owed(&mut self, sealed: &mut Vec<u8>) {
        while self.connection.wants_write() {
            let _ = self.connection.write_tls(sealed); // a Vec takes all
        }
    }

    /// Under TLS 1.2 a key seals 2^24 records and no more; then rustls says goodbye instead.
    #[cold]
    fn worn_out(&mut self) -> io::Error {
        self.done = true;
        let why = "the keys of this TLS 1.2 connection are worn out: begin another";
        io::Error::new(ErrorKind::BrokenPipe, why)
    }
}

/// What rustls says of a connection that has failed is in an error of its own.
fn explained(error: io::Error) -> io::Error {
    match error.downcast::<rustls::Error>() {
        Ok(error) => explain(&error).into(),
        Err(error) => error,
    }
}

/// What kind each record says it is, and where it ends. (Under TLS 1.3 all say that they are data.)
fn records(sealed: &[u8]) -> impl Iterator<Item = (u8, usize)> {
    let mut at = 0;
    iter::from_fn(move || {
        let &[kind, _, _, high, low] = sealed.get(at..at + HEADER_BYTES)? else {
            return None;
        };
        at += HEADER_BYTES + usize::from(u16::from_be_bytes([high, low]));
        Some((kind, at))
    })
}

fn ends_with_alert(sealed: &[u8]) -> bool {
    records(sealed)
        .last()
        .is_some_and(|(kind, _)| kind == ALERT)
}

impl Pen {
    pub(super) fn sealed(&mut self) -> &mut Vec<u8> {
        &mut self.sealed
    }

    fn check(&self) -> io::Result<()> {
        self.broken.map_or(Ok(()), |kind| Err(kind.into()))
    }

    /// All is gone.
    fn clear(&mut self) {
        self.at = 0;
        match self.sealed.capacity() > KEPT_BYTES {
            true => self.sealed = Vec::new(),
            false => self.sealed.clear(),
        }
    }

    /// Keeps what the caller will come with again; how much he is told of, unless that is nothing.
    #[cold]
    fn keep(&mut self, bufs: &[IoSlice<'_>]) -> Option<usize> {
        let all = bufs.iter().flat_map(|buf| buf.iter().copied());
        self.untold = all.take(self.taken).collect();
        Some(self.tell(bufs)).filter(|n| *n > 0)
    }

    /// How much of what was not told of is gone, and is told of now.
    fn tell(&mut self, bufs: &[IoSlice<'_>]) -> usize {
        let told = self.taken - self.untold.len();
        let room = bufs.iter().map(|buf| buf.len()).sum();
        let n = self.gone().saturating_sub(told).min(room);
        self.untold.drain(..n);
        n
    }

    /// How much plaintext has left in whole records. Those before the last are full.
    fn gone(&self) -> usize {
        match self.records_left() {
            0 => self.taken,
            left => {
                let gone = self.taken.div_ceil(RECORD_BYTES).saturating_sub(left);
                gone * RECORD_BYTES
            }
        }
    }

    /// How many records have not left, or not entirely.
    fn records_left(&self) -> usize {
        let ends = records(&self.sealed).map(|(_, end)| end);
        ends.filter(|end| *end > self.at).count()
    }

    fn compare(&self, bufs: &[IoSlice<'_>]) -> io::Result<()> {
        let mut rest = &self.untold[..];
        for buf in bufs {
            let n = buf.len().min(rest.len());
            if buf[..n] != rest[..n] {
                let why = "after a write that timed out the same bytes must come again: \
                           they are sealed, and cannot be taken back";
                return Err(io::Error::new(ErrorKind::InvalidInput, why));
            }
            rest = &rest[n..];
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goodbye_instead_of_data_is_seen() {
        let data = [23, 3, 3, 0, 2, 9, 9];
        let alert = [21, 3, 3, 0, 1, 9];
        assert!(!ends_with_alert(&[]));
        assert!(!ends_with_alert(&[&alert[..], &data].concat()));
        assert!(ends_with_alert(&[&data[..], &alert].concat()));
    }

    #[test]
    fn plaintext_is_gone_when_its_record_is() {
        let record = |bytes: usize| {
            let [.., high, low] = bytes.to_be_bytes();
            [&[23, 3, 3, high, low][..], &vec![0; bytes]].concat()
        };
        let (full, last) = (record(RECORD_BYTES + 17), record(100 + 17));
        let mut pen = Pen {
            sealed: [&record(50), &full[..], &full, &last].concat(),
            ..Pen::default()
        };
        pen.taken = 2 * RECORD_BYTES + 100;
        let mut gone = |at| {
            pen.at = at;
            pen.gone()
        };
        let first = 55 + full.len();
        assert_eq!([gone(0), gone(55), gone(first - 1)], [0; 3]);
        assert_eq!(gone(first), RECORD_BYTES);
        let second = first + full.len();
        assert_eq!(gone(second + last.len() - 1), 2 * RECORD_BYTES);
        assert_eq!(gone(second + last.len()), 2 * RECORD_BYTES + 100);
    }
}
