//! Who is connected: a slab of the live connections, so that they can be counted and ended.
//!
//! ```text
//!   seats   ┌───────┬───────┬───────┬───────┐
//!           │ entry │   -   │   -   │ entry │
//!           └───0───┴───1───┴───2───┴───3───┘
//!   free    [ 2, 1 ]                            live = 4 - 2
//! ```
//!
//! A seat is taken and given back without a search, and without an allocation once there have
//! been as many connections before. The registry only *looks at* a stream (a `Weak`): its
//! descriptor closes as soon as its users have let it go.

use std::fmt;
use std::net::Shutdown;
use std::sync::{Arc, Weak};

use super::slot::Stop;
use super::stream::Stream;

#[derive(Debug, Default)]
pub(super) struct Registry {
    seats: Vec<Option<Entry>>,
    free: Vec<usize>,
}

impl Registry {
    pub(super) fn live(&self) -> usize {
        self.seats.len() - self.free.len()
    }

    /// Takes a seat and returns its number, by which the connection is known from now on.
    pub(super) fn insert(&mut self, stream: &Arc<dyn Stream>) -> usize {
        let entry = Some(Entry {
            stream: Arc::downgrade(stream),
            hook: None,
        });
        match self.free.pop() {
            Some(seat) => {
                self.seats[seat] = entry;
                seat
            }
            None => {
                self.seats.push(entry);
                self.seats.len() - 1
            }
        }
    }

    /// Gives the seat back. What it held is returned, to be dropped when no lock is held.
    pub(super) fn remove(&mut self, seat: usize) -> Option<Entry> {
        let entry = self.seats.get_mut(seat)?.take()?;
        self.free.push(seat);
        Some(entry)
    }

    /// Replaces the hook and returns the old one.
    pub(super) fn set_hook(&mut self, seat: usize, hook: Arc<dyn Stop>) -> Option<Arc<dyn Stop>> {
        self.seats.get_mut(seat)?.as_mut()?.hook.replace(hook)
    }

    /// Everyone who is connected now.
    pub(super) fn entries(&self) -> Vec<Entry> {
        self.seats.iter().flatten().cloned().collect()
    }
}

/// How to end one connection.
#[derive(Clone)]
pub(super) struct Entry {
    stream: Weak<dyn Stream>,
    hook: Option<Arc<dyn Stop>>,
}

impl Entry {
    /// Asks for a polite end. Who has set no hook is not asked.
    pub(super) fn drain(&self) {
        if let Some(hook) = &self.hook {
            hook.drain();
        }
    }

    /// Ends it now: by its hook, or else by shutting the stream under it.
    pub(super) fn cut(&self) {
        match (&self.hook, self.stream.upgrade()) {
            (Some(hook), _) => hook.cut(),
            (None, Some(stream)) => drop(stream.shutdown(Shutdown::Both)),
            (None, None) => {}
        }
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("hook", &self.hook.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::pipe;

    #[test]
    fn seats_are_used_again() {
        let stream: Arc<dyn Stream> = Arc::new(pipe().0);
        let mut registry = Registry::default();
        let seats: Vec<_> = (0..3).map(|_| registry.insert(&stream)).collect();
        assert_eq!(seats, [0, 1, 2]);
        assert!(registry.remove(1).is_some());
        assert!(registry.remove(1).is_none());
        assert_eq!((registry.live(), registry.entries().len()), (2, 2));
        assert_eq!((registry.insert(&stream), registry.insert(&stream)), (1, 3));
    }

    #[test]
    fn a_stream_is_not_kept_alive() {
        let (here, there) = pipe();
        let stream: Arc<dyn Stream> = Arc::new(here);
        let mut registry = Registry::default();
        registry.insert(&stream);
        drop(stream);
        assert_eq!(there.read(&mut [0; 1]).unwrap(), 0);
        registry.entries()[0].cut();
    }

    #[test]
    fn without_a_hook_the_stream_is_shut() {
        let (here, there) = pipe();
        let stream: Arc<dyn Stream> = Arc::new(here);
        let mut registry = Registry::default();
        registry.insert(&stream);
        registry.entries()[0].drain();
        assert_eq!(there.try_read(&mut [0; 1]).unwrap(), None);
        registry.entries()[0].cut();
        assert_eq!(there.try_read(&mut [0; 1]).unwrap(), Some(0));
    }
}
