//! A transport that misbehaves on purpose.
//!
//! A network that never cuts a message in two tests no program. A faulty stream does, each time at the
//! place that was asked for: it stands between a stream and its user.
//!
//! ```text
//!             ┌─────────────────── Faulty ─────────────────────┐
//!   read  ◄───│ piece ◄─ not before it is due ◄─ a whole one ◄─│◄─── below.read
//!   write ───►│ when it is due ──► the first few bytes ───────►│───► below.write
//!             └─────────── after n bytes: a reset ─────────────┘
//! ```
//!
//! [`faults`] has what can be asked for, [`pieces`] the bytes on their way to the reader, and [`exclusive`]
//! lets one thread at a time use a direction. The directions share only [`Life`]: whether there was a
//! reset. No thread sleeps while it holds that lock.

mod exclusive;
mod faults;
mod pieces;

#[cfg(test)]
mod tests;

pub use faults::{Faults, Splits};

use std::fmt;
use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::lock::{lock, wait_until};
use super::stream::Stream;
pub(crate) use exclusive::Exclusive;
use pieces::Pieces;

/// A stream that misbehaves as its [`Faults`] say, and else behaves as the one below it.
///
/// ```
/// use barewire::net::{Faults, Faulty, Stream, pipe};
/// use std::sync::Arc;
///
/// let (here, there) = pipe();
/// let there = Faulty::new(Arc::new(there), Faults::default().split_reads([50, 250]));
/// here.write(&[b'a'; 100])?;
/// here.write(&[b'b'; 200])?;
/// let mut buf = [0; 1024];
/// assert_eq!(there.read(&mut buf)?, 50);
/// assert_eq!(there.read(&mut buf)?, 250);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// - It sets the timeouts of the stream below; those set there before have no effect.
/// - A timeout holds for the whole call, however many reads below it takes. Nothing is lost:
///   the bytes of the piece that have come, and the time that a delay has run, stay for the next call.
/// - [`try_read`](Stream::try_read) has `None` while a piece is not whole or not due, and while
///   another thread reads; [`try_write`](Stream::try_write) while a delay runs, and while another
///   thread writes.
/// - After a reset both directions fail with [`ErrorKind::ConnectionReset`], for ever. The stream
///   below is [aborted](Stream::abort): over TLS its peer finds the input cut, over TCP it sees an
///   end (the standard library has no way to send a RST).
pub struct Faulty {
    below: Arc<dyn Stream>,
    faults: Faults,
    life: Mutex<Life>,
    /// Notified when `life` changes: a thread that waits for a delay wakes early.
    changed: Condvar,
    reading: Exclusive<Reading>,
    writing: Exclusive<Writing>,
}

#[derive(Debug, Default)]
struct Life {
    reset: bool,
    reads_shut: bool,
    writes_shut: bool,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
}

#[derive(Debug)]
struct Reading {
    pieces: Pieces,
    /// When the current piece may be returned, once it is whole.
    due: Option<Instant>,
}

#[derive(Debug, Default)]
struct Writing {
    /// When the write that waits may go.
    due: Option<Instant>,
    written: u64,
}

impl Faulty {
    /// Puts the faults between `below` and its user.
    pub fn new(below: Arc<dyn Stream>, faults: Faults) -> Faulty {
        let reading = Reading {
            pieces: Pieces::new(&faults),
            due: None,
        };
        let at_once = [faults.reset_after_reading, faults.reset_after_writing].contains(&Some(0));
        let faulty = Faulty {
            below,
            faults,
            life: Mutex::default(),
            changed: Condvar::new(),
            reading: Exclusive::new(reading),
            writing: Exclusive::new(Writing::default()),
        };
        if at_once {
            faulty.reset();
        }
        faulty
    }

    /// The stream below.
    pub fn below(&self) -> &Arc<dyn Stream> {
        &self.below
    }

    /// Reads a whole piece. It may sleep below while it holds `reading`, which no writer needs.
    fn read_piece(
        &self,
        pieces: &mut Pieces,
        room: usize,
        until: Option<Instant>,
    ) -> io::Result<()> {
        let mut time = left(until);
        while pieces.missing(room) > 0 {
            self.below.set_read_timeout(time)?;
            pieces.read_below(room, |chunk| self.below.read(chunk).map(Some))?;
            time = left(until);
            if time == Some(Duration::ZERO) && pieces.missing(room) > 0 {
                return Err(ErrorKind::TimedOut.into());
            }
        }
        Ok(())
    }

    /// One write below, when its delay has run.
    fn send(
        &self,
        writing: &mut Writing,
        write: impl FnOnce(u64) -> io::Result<Option<usize>>,
    ) -> io::Result<Option<usize>> {
        self.check()?;
        let sent = write(writing.written);
        let sent = sent.or_else(|e| self.check().and(Err(e)))?; // woken by a reset
        let Some(n) = sent else { return Ok(None) };
        writing.due = None;
        writing.written += n as u64;
        if self.faults.reset_after_writing == Some(writing.written) {
            self.reset();
        }
        Ok(sent)
    }

    fn try_send(&self, writing: &mut Writing, buf: &[u8]) -> io::Result<Option<usize>> {
        if due(&mut writing.due, self.faults.write_delay) > Instant::now() {
            return Ok(None);
        }
        self.send(writing, |written| {
            let most = self.faults.most_to_write(written);
            self.below.try_write(&buf[..buf.len().min(most)])
        })
    }

    fn try_take(&self, reading: &mut Reading, buf: &mut [u8]) -> io::Result<Option<usize>> {
        while reading.pieces.missing(buf.len()) > 0 {
            let try_below = |chunk: &mut [u8]| self.below.try_read(chunk);
            if !reading.pieces.read_below(buf.len(), try_below)? {
                return Ok(None);
            }
        }
        match due(&mut reading.due, self.faults.read_delay) <= Instant::now() {
            true => self.take(reading, buf).map(Some),
            false => Ok(None),
        }
    }

    fn take(&self, reading: &mut Reading, buf: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        let taken = reading.pieces.take(buf);
        if reading.pieces.is_empty() {
            reading.due = None;
        }
        if self.faults.reset_after_reading == Some(reading.pieces.taken()) {
            self.reset();
        }
        taken
    }

    fn write_below(&self, bufs: &[IoSlice<'_>], written: u64) -> io::Result<usize> {
        let most = self.faults.most_to_write(written);
        let length: usize = bufs.iter().map(|buf| buf.len()).sum();
        match bufs.iter().find(|buf| !buf.is_empty()) {
            Some(first) if length > most => self.below.write(&first[..first.len().min(most)]),
            _ => self.below.write_vectored(bufs),
        }
    }

    /// Sleeps until `due`, or until it is `pointless`.
    fn wait(
        &self,
        due: Instant,
        until: Option<Instant>,
        pointless: fn(&Life) -> bool,
    ) -> io::Result<()> {
        let in_time = until.is_none_or(|until| due <= until) || due <= Instant::now();
        let end = if in_time { Some(due) } else { until };
        let mut life = self.life();
        while !pointless(&life) {
            life = match wait_until(&self.changed, life, end) {
                Some(life) => life,
                None if in_time => break,
                None => return Err(ErrorKind::TimedOut.into()),
            };
        }
        Ok(())
    }

    fn check(&self) -> io::Result<()> {
        match self.life().reset {
            true => Err(ErrorKind::ConnectionReset.into()),
            false => Ok(()),
        }
    }

    fn mark_shut(&self, how: Shutdown) {
        self.change(|life| {
            life.reads_shut |= how != Shutdown::Write;
            life.writes_shut |= how != Shutdown::Read;
        });
    }

    fn reset(&self) {
        self.change(|life| life.reset = true); // first, so that a call that wakes below finds the reason
        let _ = self.below.abort();
    }

    fn change(&self, change: impl FnOnce(&mut Life)) {
        change(&mut self.life());
        self.changed.notify_all();
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        lock(&self.life)
    }
}

/// When a delay that begins now, or has begun already, is over.
fn due(due: &mut Option<Instant>, delay: Duration) -> Instant {
    *due.get_or_insert_with(|| Instant::now() + delay)
}

fn deadline(timeout: Option<Duration>) -> Option<Instant> {
    timeout.and_then(|timeout| Instant::now().checked_add(timeout))
}

fn left(until: Option<Instant>) -> Option<Duration> {
    until.map(|until| until.saturating_duration_since(Instant::now()))
}

impl super::layer::Layer for Faulty {
    fn below(&self) -> &dyn Stream {
        &*self.below
    }

    fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let until = deadline(self.life().read_timeout);
        let mut reading = self.reading.take(until)?;
        self.check()?;
        self.read_piece(&mut reading.pieces, buf.len(), until)?;
        let due = due(&mut reading.due, self.faults.read_delay);
        self.wait(due, until, |life| life.reset || life.reads_shut)?;
        self.take(&mut reading, buf)
    }

    fn write(&self, buf: &[u8]) -> io::Result<usize> {
        Stream::write_vectored(self, &[IoSlice::new(buf)])
    }

    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let until = deadline(self.life().write_timeout);
        let mut writing = self.writing.take(until)?;
        let due = due(&mut writing.due, self.faults.write_delay);
        self.wait(due, until, |life| life.reset || life.writes_shut)?;
        let sent = self.send(&mut writing, |written| {
            self.below.set_write_timeout(left(until))?;
            self.write_below(bufs, written).map(Some)
        });
        Ok(sent?.unwrap_or(0))
    }

    fn try_read(&self, buf: &mut [u8]) -> io::Result<Option<usize>> {
        self.check()?;
        if buf.is_empty() {
            return Ok(Some(0));
        }
        match self.reading.try_take() {
            Some(mut reading) => self.try_take(&mut reading, buf),
            None => Ok(None),
        }
    }

    fn try_write(&self, buf: &[u8]) -> io::Result<Option<usize>> {
        match self.writing.try_take() {
            Some(mut writing) => self.try_send(&mut writing, buf),
            None => Ok(None),
        }
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        let done = self.below.shutdown(how); // first, or a delayed write would slip through
        self.mark_shut(how);
        done
    }

    fn abort(&self) -> io::Result<()> {
        let done = self.below.abort();
        self.mark_shut(Shutdown::Both);
        done
    }

    fn set_read_timeout(&self, d: Option<Duration>) -> io::Result<()> {
        self.life().read_timeout = d;
        Ok(())
    }

    fn set_write_timeout(&self, d: Option<Duration>) -> io::Result<()> {
        self.life().write_timeout = d;
        Ok(())
    }
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faulty")
            .field("below", &self.below)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}
