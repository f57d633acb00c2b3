//! Signs of life of the writing thread, for those that wait for it. One entry may be many writes, and each is a sign.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

pub(super) struct Signs {
    count: Arc<AtomicU64>,
    patience: Duration,
}

/// An output. What it takes is a sign of life.
pub(super) struct Watched<W>(W, Arc<AtomicU64>);

/// A thread waits.
pub(super) struct Waiting<'s> {
    signs: &'s Signs,
    /// The last sign that it saw, and when.
    last: Option<(u64, Instant)>,
}

impl Signs {
    pub(super) fn new(patience: Duration) -> Signs {
        Signs {
            count: Arc::default(),
            patience,
        }
    }

    pub(super) fn sign(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn watched<W>(&self, out: W) -> Watched<W> {
        Watched(out, Arc::clone(&self.count))
    }

    pub(super) fn wait(&self) -> Waiting<'_> {
        Waiting {
            signs: self,
            last: None,
        }
    }
}

impl Waiting<'_> {
    /// How long to wait for the next one; `None`: there was none for too long.
    pub(super) fn left(&mut self) -> Option<Duration> {
        let (now, count) = (Instant::now(), self.signs.count.load(Ordering::Relaxed));
        let since = match self.last {
            Some((last, since)) if last == count => since,
            _ => self.last.insert((count, now)).1,
        };
        let left = self.signs.patience.checked_sub(now - since)?;
        (!left.is_zero()).then_some(left)
    }
}

impl<W: Write> Write for Watched<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let written = self.0.write(buf)?;
        self.1.fetch_add(1, Ordering::Relaxed);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [`Recorder`](super::super::Recorder) promises it: nothing is lost as long as the output moves.
    #[test]
    fn a_write_is_a_sign_of_life_and_its_absence_is_noticed() {
        let signs = Signs::new(Duration::from_secs(1000));
        let (mut waiting, mut out) = (signs.wait(), signs.watched(Vec::new()));
        waiting.left().unwrap();
        out.write_all(b"a part of an entry").unwrap();
        let (before, _) = waiting.last.unwrap();
        waiting.left().unwrap();
        assert_eq!(waiting.last.unwrap().0, before + 1);

        let signs = Signs::new(Duration::ZERO);
        assert_eq!(signs.wait().left(), None);
    }
}
