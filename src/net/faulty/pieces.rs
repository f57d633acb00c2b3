//! The bytes on their way to the reader: kept until a piece is whole, then returned.

use std::collections::VecDeque;
use std::io::{self, Read};

use super::faults::{Faults, Splits};
use crate::net::is_timeout;

/// What one read below takes at most.
const CHUNK: usize = 16 * 1024;

/// The current piece. What comes behind it is still in the stream below.
#[derive(Debug)]
pub(super) struct Pieces {
    splits: Splits,
    /// Which piece, counted from 0.
    piece: usize,
    /// How many bytes of it were returned already.
    piece_taken: usize,
    /// The bytes of it that have come and were not returned.
    held: VecDeque<u8>,
    /// What comes after `held`, where the stream below gave no bytes: its end, or an error.
    then: Option<io::Result<usize>>,
    /// How many bytes were returned in all, and after how many the reader finds the end.
    taken: u64,
    limit: u64,
}

impl Pieces {
    pub(super) fn new(faults: &Faults) -> Pieces {
        Pieces {
            splits: faults.splits.clone(),
            piece: 0,
            piece_taken: 0,
            held: VecDeque::new(),
            then: None,
            taken: 0,
            limit: faults.most_to_read(),
        }
    }

    /// How many bytes are missing before a read with this `room` can return.
    pub(super) fn missing(&self, room: usize) -> usize {
        let left = usize::try_from(self.limit - self.taken).unwrap_or(usize::MAX);
        match self.splits.size(self.piece) {
            _ if self.then.is_some() => 0,
            Some(size) => left.min(size - self.piece_taken) - self.held.len(),
            None if self.held.is_empty() => left.min(room),
            None => 0,
        }
    }

    /// Keeps what `read` finds below; `false` if that is nothing now.
    ///
    /// # Errors
    /// A timeout. Any other error is for the reader, behind the bytes that came before it.
    pub(super) fn read_below(
        &mut self,
        room: usize,
        read: impl FnOnce(&mut [u8]) -> io::Result<Option<usize>>,
    ) -> io::Result<bool> {
        let mut chunk = [0; CHUNK];
        let wanted = self.missing(room).min(CHUNK);
        match read(&mut chunk[..wanted]) {
            Ok(None) => return Ok(false),
            Err(e) if is_timeout(&e) => return Err(e),
            Ok(Some(n @ 1..)) => self.held.extend(&chunk[..n]),
            Ok(Some(0)) => self.then = Some(Ok(0)),
            Err(e) => self.then = Some(Err(e)),
        }
        Ok(true)
    }

    /// What a read returns now that nothing is missing: bytes of this piece only.
    pub(super) fn take(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.held.is_empty() {
            return self.then.take().unwrap_or(Ok(0));
        }
        let n = self.held.read(buf)?;
        self.piece_taken += n;
        self.taken += n as u64;
        if self.held.is_empty() && self.then.is_none() {
            (self.piece, self.piece_taken) = (self.piece + 1, 0);
        }
        Ok(n)
    }

    /// Whether the next read must read below first.
    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty() && self.then.is_none()
    }

    pub(super) fn taken(&self) -> u64 {
        self.taken
    }
}
