//! Things that are costly to make, kept for the next thread that needs one: compressors, decompressors, their buffers.
//!
//! A thread takes a thing out of the pool and uses it without a lock. While more are in use than a pool keeps, more are
//! made, and dropped when they come back.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many things a pool keeps.
const KEPT: usize = 8;

#[derive(Debug)]
pub(crate) struct Pool<T>(Mutex<Vec<T>>);

impl<T> Pool<T> {
    pub(crate) const fn new() -> Pool<T> {
        Pool(Mutex::new(Vec::new()))
    }

    /// One that `fits`: the one that came back last, since its memory is the likeliest to be in a cache.
    pub(crate) fn take(&self, fits: impl Fn(&T) -> bool) -> Option<T> {
        let mut kept = self.lock();
        let at = kept.iter().rposition(fits)?;
        Some(kept.remove(at))
    }

    /// Keeps it. Where the pool is full, the thing that was there longest is dropped: it may fit nobody any more.
    pub(crate) fn give_back(&self, thing: T) {
        let mut kept = self.lock();
        let oldest = (kept.len() >= KEPT).then(|| kept.remove(0));
        kept.push(thing);
        drop(kept);
        drop(oldest); // outside the lock
    }

    fn lock(&self) -> MutexGuard<'_, Vec<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, Pool};

    #[test]
    fn the_thing_that_came_back_last_is_taken_first_and_the_oldest_is_dropped() {
        let pool = Pool::new();
        assert_eq!(pool.take(|_: &usize| true), None);
        (0..=KEPT).for_each(|thing| pool.give_back(thing));
        assert_eq!(pool.take(|thing| thing % 2 == 1), Some(KEPT - 1));
        assert_eq!(pool.take(|_| true), Some(KEPT));
        assert_eq!(pool.take(|&thing| thing == 0), None);
        assert_eq!(pool.take(|&thing| thing == 1), Some(1));
    }
}
