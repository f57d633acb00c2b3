//! Look-ups that nobody can call off, kept within a number.
//!
//! The system's resolver knows no deadline. So each look-up has a thread of its own, and whoever
//! asked waits for that thread no longer than they want to:
//!
//! ```text
//!   caller   ─ place ─┬─────── wait ────────► answer      or  deadline: an error
//!   look-up           └─ getaddrinfo ─ place back             … goes on, and keeps its place
//! ```
//!
//! A look-up that nobody waits for any more ends when the system gives up, which may take half a
//! minute. A name server that never answers must not collect threads meanwhile, so the places
//! are counted: whoever finds none waits for one, by the same deadline.

use std::io::{self, ErrorKind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The places for look-ups.
pub(super) struct Lookups {
    most: usize,
    under_way: Mutex<usize>,
    ended: Condvar,
}

impl Lookups {
    pub(super) const fn new(most: usize) -> Lookups {
        Lookups {
            most,
            under_way: Mutex::new(0),
            ended: Condvar::new(),
        }
    }

    /// What `look_up` returns, if it does by the deadline.
    pub(super) fn answer<T, F>(&'static self, deadline: Instant, look_up: F) -> io::Result<T>
    where
        T: Send + 'static,
        F: FnOnce() -> io::Result<T> + Send + 'static,
    {
        let began = Instant::now();
        let place = self.place(deadline)?;
        let (tell, answer) = mpsc::channel();
        let looker = thread::Builder::new().name("look-up".into());
        looker.spawn(move || {
            let found = look_up();
            drop(place);
            let _ = tell.send(found); // perhaps nobody waits any more
        })?;
        match answer.recv_timeout(left(deadline)) {
            Ok(found) => found,
            Err(RecvTimeoutError::Timeout) => {
                let given = deadline.saturating_duration_since(began);
                Err(late(format!("looking it up took longer than {given:.1?}")))
            }
            Err(RecvTimeoutError::Disconnected) => {
                Err(io::Error::other("the look-up ended without an answer"))
            }
        }
    }

    fn place(&'static self, deadline: Instant) -> io::Result<Place> {
        let mut under_way = self.lock();
        loop {
            let left = left(deadline);
            if left.is_zero() {
                return Err(late(match *under_way == self.most {
                    true => format!("{} other look-ups took all the time", self.most),
                    false => "no time is left to look it up".into(),
                }));
            }
            if *under_way < self.most {
                *under_way += 1;
                return Ok(Place(self));
            }
            let woken = self.ended.wait_timeout(under_way, left);
            under_way = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// One look-up that is under way, until this is dropped.
struct Place(&'static Lookups);

impl Drop for Place {
    fn drop(&mut self) {
        *self.0.lock() -= 1;
        self.0.ended.notify_one();
    }
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

fn late(what: String) -> io::Error {
    io::Error::new(ErrorKind::TimedOut, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::tests::{PATIENCE, within};

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(20)
    }

    fn patient() -> Instant {
        Instant::now() + PATIENCE
    }

    fn never() -> io::Result<()> {
        unreachable!()
    }

    /// An answer without an end, until `open` is dropped.
    fn blocked() -> (mpsc::Sender<()>, impl FnOnce() -> io::Result<()>) {
        let (open, gate) = mpsc::channel::<()>();
        (open, move || {
            let _ = gate.recv();
            Ok(())
        })
    }

    #[test]
    fn the_deadline_holds_though_the_system_has_none() {
        within(PATIENCE, || {
            static ONE: Lookups = Lookups::new(1);
            let (open, look_up) = blocked();
            let error = ONE.answer(soon(), look_up).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut);
            assert!(error.to_string().contains("took longer than"), "{error}");

            // It goes on, and keeps its place …
            let error = ONE.answer(soon(), never).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut);
            assert_eq!(error.to_string(), "1 other look-ups took all the time");

            // … until it ends, which another may wait for.
            let next = thread::spawn(|| ONE.answer(patient(), || Ok(())));
            drop(open);
            next.join().unwrap().unwrap();
        });
    }

    #[test]
    fn without_time_nothing_is_started() {
        static ONE: Lookups = Lookups::new(1);
        let error = ONE.answer(Instant::now(), never).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(error.to_string(), "no time is left to look it up");
    }

    #[test]
    fn a_look_up_that_breaks_gives_its_place_back() {
        within(PATIENCE, || {
            static ONE: Lookups = Lookups::new(1);
            for _ in 0..3 {
                let breaks = || -> io::Result<()> { panic!("on purpose") };
                let error = ONE.answer(patient(), breaks).unwrap_err();
                assert!(error.to_string().contains("without an answer"), "{error}");
            }
        });
    }
}
