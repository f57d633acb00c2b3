//! The bytes on their way to the reader: gathered until a piece is whole, then handed over.

use std::collections::VecDeque;
use std::io::{self, Read};

use super::faults::{Faults, Splits};
use crate::net::is_timeout;

/// What one read below takes at most.
const CHUNK: usize = 16 * 1024;

/// The piece at hand. What is behind its end is still in the stream below.
#[derive(Debug)]
pub(super) struct Pieces {
    splits: Splits,
    /// Which piece, counted from 0.
    piece: usize,
    /// How much of it was handed over already.
    given: usize,
    /// How much of it is here.
    held: VecDeque<u8>,
    /// What comes after `held`, where the stream below gave no bytes: its end, or an error.
    then: Option<io::Result<usize>>,
    /// How many bytes were handed over in all, and at how many the reader hears an end.
    handed: u64,
    limit: u64,
}

impl Pieces {
    pub(super) fn new(faults: &Faults) -> Pieces {
        Pieces {
            splits: faults.splits.clone(),
            piece: 0,
            given: 0,
            held: VecDeque::new(),
            then: None,
            handed: 0,
            limit: faults.most_to_read(),
        }
    }

    /// How many bytes are missing before a reader who has so much room can have something.
    pub(super) fn lacks(&self, room: usize) -> usize {
        let left = usize::try_from(self.limit - self.handed).unwrap_or(usize::MAX);
        match self.splits.size(self.piece) {
            _ if self.then.is_some() => 0,
            Some(size) => left.min(size - self.given) - self.held.len(),
            None if self.held.is_empty() => left.min(room),
            None => 0,
        }
    }

    /// Takes in what `read` finds below; `false` if that is nothing now.
    ///
    /// # Errors
    /// A timeout. Any other error is for the reader, behind the bytes that came before it.
    pub(super) fn take_in(
        &mut self,
        room: usize,
        read: impl FnOnce(&mut [u8]) -> io::Result<Option<usize>>,
    ) -> io::Result<bool> {
        let mut chunk = [0; CHUNK];
        let wanted = self.lacks(room).min(CHUNK);
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
    pub(super) fn hand_over(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.held.is_empty() {
            return self.then.take().unwrap_or(Ok(0));
        }
        let n = self.held.read(buf)?;
        self.given += n;
        self.handed += n as u64;
        if self.held.is_empty() && self.then.is_none() {
            (self.piece, self.given) = (self.piece + 1, 0);
        }
        Ok(n)
    }

    /// Whether there is nothing to hand over but what must still be gathered.
    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty() && self.then.is_none()
    }

    pub(super) fn handed(&self) -> u64 {
        self.handed
    }
}
