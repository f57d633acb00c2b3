//! Blocking calls with a deadline, where the system has none.
//!
//! The system's resolver knows no deadline, and the standard library has none for connecting to a
//! Unix socket. So such a call is made on a thread of its own, and its caller waits for that thread
//! until the deadline:
//!
//! ```text
//!   caller   ─ slot ─┬─────── wait ────────► result      or  deadline: an error
//!   thread           └─ getaddrinfo ─ slot back               … goes on, and keeps its slot
//! ```
//!
//! A call whose caller has left ends when the system gives up, which may take half a minute. A name server
//! that never answers must not collect threads meanwhile, so the slots are counted: a caller that finds none waits for one, by the same deadline
//! ([`call_queue`](super::call_queue)).
//!
//! If the system has no thread, the caller's thread makes the call. Then the deadline is only
//! checked when the call returns, and an error names the thread that was missing.

use std::io::{self, ErrorKind};
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::call_queue::{CallQueue, Decision, Limits, Slot};
use super::worker::{self, NoThread, Spawn};
use crate::net::lock;

/// The calls of one kind, for the whole process.
pub(super) struct BlockingCalls<K> {
    /// What one of them is called, in names of threads and in errors.
    what: &'static str,
    /// The waker of a thread is a condition variable of its own, used with this lock.
    queue: Mutex<CallQueue<K, Arc<Condvar>>>,
}

impl<K: Clone + PartialEq + Send + 'static> BlockingCalls<K> {
    pub(super) const fn new(what: &'static str, limits: Limits) -> BlockingCalls<K> {
        BlockingCalls {
            what,
            queue: Mutex::new(CallQueue::new(limits)),
        }
    }

    /// What `call` returns, if it does by the deadline.
    pub(super) fn make<T, F>(&'static self, key: K, deadline: Instant, call: F) -> io::Result<T>
    where
        T: Send + 'static,
        F: Fn() -> io::Result<T> + Send + Sync + 'static,
    {
        self.make_on(&worker::spawn, key, deadline, call)
    }

    fn make_on<T, F>(
        &'static self,
        spawn: Spawn<'_>,
        key: K,
        deadline: Instant,
        call: F,
    ) -> io::Result<T>
    where
        T: Send + 'static,
        F: Fn() -> io::Result<T> + Send + Sync + 'static,
    {
        let began = Instant::now();
        let held = self.slot(key, deadline)?;
        if left(deadline).is_zero() {
            return Err(self.without_time(0)); // it was granted at the deadline
        }
        let call = Arc::new(call);
        let (reporter, results) = worker::results();
        let work = {
            let call = Arc::clone(&call);
            move || {
                let done = panic::catch_unwind(AssertUnwindSafe(&*call));
                drop(held); // before the result, so that its receiver finds the slot free
                reporter.report(done.unwrap_or_else(|_| Err(self.panicked())));
            }
        };
        match spawn(self.what, Box::new(work)) {
            Ok(()) => results
                .take_until(deadline)
                .unwrap_or_else(|| Err(self.took_too_long(began))),
            Err(missing) => self.make_here(&*call, began, deadline, &missing),
        }
    }

    /// On the caller's thread, without a slot: no thread is left behind.
    fn make_here<T>(
        &self,
        call: impl Fn() -> io::Result<T>,
        began: Instant,
        deadline: Instant,
        missing: &io::Error,
    ) -> io::Result<T> {
        let done = match call() {
            Ok(_) if Instant::now() >= deadline => Err(self.took_too_long(began)),
            done => done,
        };
        let missing = missing.to_string();
        done.map_err(|e| io::Error::new(e.kind(), format!("{e} ({})", NoThread(&missing))))
    }

    fn slot(&'static self, key: K, deadline: Instant) -> io::Result<HeldSlot<K>> {
        let mut waker = None;
        let mut queue = self.lock();
        if left(deadline).is_zero() {
            return Err(self.without_time(queue.calls_in_the_way(&key)));
        }
        let new_waker = || Arc::clone(waker.insert(Arc::new(Condvar::new())));
        let mut decision = queue.request(key.clone(), new_waker);
        let waker = waker.unwrap_or_default();
        loop {
            let position = match decision {
                Decision::Start(slot) => {
                    let slot = Some(slot);
                    return Ok(HeldSlot { calls: self, slot });
                }
                Decision::Wait(position) => position,
            };
            let left = left(deadline);
            if left.is_zero() {
                let in_the_way = queue.calls_in_the_way(&key);
                wake(queue.cancel(position));
                return Err(self.without_time(in_the_way));
            }
            queue = lock::wait(&waker, queue, Some(left));
            decision = queue.take(position);
        }
    }

    fn lock(&self) -> MutexGuard<'_, CallQueue<K, Arc<Condvar>>> {
        lock::lock(&self.queue)
    }

    fn without_time(&self, in_the_way: usize) -> io::Error {
        let what = self.what;
        late(match in_the_way {
            0 => format!("no time is left for the {what}"),
            n => format!("{n} other {what}s took all the time"),
        })
    }

    fn took_too_long(&self, began: Instant) -> io::Error {
        let (what, took) = (self.what, began.elapsed());
        late(format!("the {what} took longer than {took:.1?}"))
    }

    fn panicked(&self) -> io::Error {
        io::Error::other(format!("the {} ended without an answer", self.what))
    }
}

/// A slot that goes back to the queue when this is dropped.
struct HeldSlot<K: Clone + PartialEq + Send + 'static> {
    calls: &'static BlockingCalls<K>,
    slot: Option<Slot<K>>,
}

impl<K: Clone + PartialEq + Send + 'static> Drop for HeldSlot<K> {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            wake(self.calls.lock().end(slot));
        }
    }
}

fn wake(waker: Option<Arc<Condvar>>) {
    if let Some(waker) = waker {
        waker.notify_one();
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
    use crate::net::reach::worker::Work;
    use crate::net::tests::{PATIENCE, within};
    use std::sync::mpsc::{self, Sender};
    use std::thread;

    type LookUps = BlockingCalls<&'static str>;

    const fn look_ups(total: usize, per_key: usize) -> LookUps {
        BlockingCalls::new("look-up", Limits { total, per_key })
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(20)
    }

    fn patient() -> Instant {
        Instant::now() + PATIENCE
    }

    fn never() -> io::Result<()> {
        unreachable!()
    }

    fn no_thread(_: &str, _: Work) -> io::Result<()> {
        Err(io::Error::new(ErrorKind::WouldBlock, "no thread to be had"))
    }

    /// A call without an end, until the sender is dropped.
    fn blocked() -> (Sender<()>, impl Fn() -> io::Result<()> + Send + Sync) {
        let (open, gate) = mpsc::channel::<()>();
        let gate = Mutex::new(gate);
        (open, move || {
            let _ = gate.lock().unwrap().recv();
            Ok(())
        })
    }

    #[test]
    fn the_deadline_holds_though_the_system_has_none() {
        within(PATIENCE, || {
            static ONE: LookUps = look_ups(1, 1);
            let (open, look_up) = blocked();
            let error = ONE.make("a", soon(), look_up).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut);
            assert!(error.to_string().contains("took longer than"), "{error}");

            // It goes on, and keeps its slot …
            let error = ONE.make("b", soon(), never).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut);
            assert_eq!(error.to_string(), "1 other look-ups took all the time");

            // … until it ends, which another may wait for.
            let next = thread::spawn(|| ONE.make("b", patient(), || Ok(())));
            drop(open);
            next.join().unwrap().unwrap();
        });
    }

    #[test]
    fn without_time_nothing_is_started() {
        static ONE: LookUps = look_ups(1, 1);
        let error = ONE.make("a", Instant::now(), never).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(error.to_string(), "no time is left for the look-up");
    }

    #[test]
    fn a_look_up_that_panics_gives_its_slot_back() {
        within(PATIENCE, || {
            static ONE: LookUps = look_ups(1, 1);
            for _ in 0..3 {
                let panics = || -> io::Result<()> { panic!("on purpose") };
                let error = ONE.make("a", patient(), panics).unwrap_err();
                assert!(error.to_string().contains("without an answer"), "{error}");
            }
        });
    }

    #[test]
    fn fault_a24_calls_that_never_end_leave_slots_for_other_keys() {
        within(PATIENCE, || {
            static THREE: LookUps = look_ups(3, 2);
            let stuck = [blocked(), blocked()];
            let mut open = Vec::new();
            for (sender, look_up) in stuck {
                THREE.make("stuck", soon(), look_up).unwrap_err();
                open.push(sender);
            }
            let error = THREE.make("stuck", soon(), never).unwrap_err();
            assert_eq!(error.to_string(), "2 other look-ups took all the time");
            assert_eq!(THREE.make("well", patient(), || Ok(7)).unwrap(), 7);
        });
    }

    /// The slot comes back at the very moment at which the first waiter gives up.
    #[test]
    fn fault_a25_a_waiter_that_reaches_its_deadline_passes_the_wake_up_on() {
        within(PATIENCE, || {
            static ONE: LookUps = look_ups(1, 1);
            for _ in 0..50 {
                let moment = Instant::now() + Duration::from_millis(5);
                let (_open, gate) = mpsc::channel::<()>();
                let gate = Mutex::new(gate);
                let until_then = move || {
                    let _ = gate.lock().unwrap().recv_timeout(left(moment));
                    Ok(())
                };
                let first = thread::spawn(move || ONE.make("a", patient(), until_then));
                let gives_up = thread::spawn(move || ONE.make("a", moment, || Ok(())));
                let waits = thread::spawn(|| ONE.make("a", patient(), || Ok(())));
                first.join().unwrap().unwrap();
                let _ = gives_up.join().unwrap();
                waits.join().unwrap().unwrap();
            }
        });
    }

    #[test]
    fn fault_a26_without_a_thread_the_caller_makes_the_call() {
        static ONE: LookUps = look_ups(1, 1);
        let here = thread::current().id();
        for _ in 0..3 {
            let made = ONE.make_on(&no_thread, "a", patient(), || Ok(thread::current().id()));
            assert_eq!(made.unwrap(), here);
        }
        let fails =
            || -> io::Result<()> { Err(io::Error::new(ErrorKind::NotFound, "no such name")) };
        let error = ONE.make_on(&no_thread, "a", patient(), fails).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(
            error.to_string(),
            "no such name (on the caller's thread, since no other could be started: \
             no thread to be had)"
        );
    }

    #[test]
    fn fault_a26_a_call_on_the_callers_thread_that_comes_too_late_names_the_missing_thread() {
        static ONE: LookUps = look_ups(1, 1);
        let deadline = soon();
        let slow = move || {
            thread::sleep(left(deadline));
            Ok(())
        };
        let error = ONE.make_on(&no_thread, "a", deadline, slow).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(
            error.to_string().ends_with("no thread to be had)"),
            "{error}"
        );
        // A panic there unwinds through the caller, and takes no slot with it.
        let panics = || -> io::Result<()> { panic!("on purpose") };
        let call = AssertUnwindSafe(|| ONE.make_on(&no_thread, "a", patient(), panics));
        assert!(panic::catch_unwind(call).is_err());
        ONE.make("a", patient(), || Ok(())).unwrap();
    }

    #[test]
    fn fault_a17_a_thread_that_waits_for_a_slot_keeps_the_token_of_an_unpark() {
        within(PATIENCE, || {
            static ONE: LookUps = look_ups(1, 1);
            let (open, look_up) = blocked();
            thread::current().unpark();
            ONE.make("a", soon(), look_up).unwrap_err(); // waits for the result
            ONE.make("a", soon(), never).unwrap_err(); // waits for the slot
            thread::park(); // for ever, if the token were gone
            drop(open);
        });
    }
}
