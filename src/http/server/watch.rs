//! Nothing is withheld: the watch over answers that wait while a handler runs.
//!
//! Answers to pipelined requests gather in the [`Outbox`] as long as whole requests are
//! here, so that sixteen of them leave in one write. But the handler of the next request
//! may wait: for data, for a lock, for another server; or that of the last one goes on when
//! it has ended its answer. Nobody can see that from outside, so time tells:
//!
//! ```text
//!   connection   GET / answered ──▶ hold ──▶ handler of GET /poll waits … ──▶ release
//!   watch                            │   tick   │   tick │ the same turn still: send
//!   client                           │          │        ▼ has the answer to GET /
//! ```
//!
//! One thread looks at all held connections once a millisecond, and sleeps without a
//! tick while there is none. Sending may block, so a short-lived thread does it.

use crate::http::exchange::Outbox;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::thread;
use std::time::Duration;

const TICK: Duration = Duration::from_millis(1);
/// A connection that has held nothing back for so many ticks is forgotten.
const QUIET_TICKS: u32 = 100;
const STACK_BYTES: usize = 128 * 1024;

/// Looks after the connections of one server.
#[derive(Debug, Default)]
pub(super) struct Watch {
    desk: Arc<Desk>,
}

#[derive(Debug, Default)]
struct Desk {
    arrivals: Mutex<Arrivals>,
    arrived: Condvar,
    over: AtomicBool,
}

#[derive(Debug, Default)]
struct Arrivals {
    list: Vec<Weak<Outbox>>,
    running: bool,
}

/// A connection under watch. It is only looked at: its descriptor closes when it ends.
struct Watched {
    outbox: Weak<Outbox>,
    turn: u32,
    quiet: u32,
    let_go: bool,
}

/// While it lives, a handler runs and answers wait, or will.
pub(super) struct Held<'a>(&'a Outbox);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.release();
    }
}

impl Watch {
    /// A handler is about to run, and answers wait in `outbox`, or its own will.
    pub(super) fn hold<'a>(&self, outbox: &'a Arc<Outbox>) -> Held<'a> {
        outbox.hold();
        if !outbox.watched.load(Ordering::Relaxed) {
            outbox.watched.store(true, Ordering::Relaxed);
            self.add(outbox);
        }
        Held(outbox)
    }

    #[inline(never)]
    fn add(&self, outbox: &Arc<Outbox>) {
        let mut arrivals = self
            .desk
            .arrivals
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        arrivals.list.push(Arc::downgrade(outbox));
        if !arrivals.running {
            let desk = self.desk.clone();
            let watching = thread::Builder::new()
                .name("watch".into())
                .stack_size(STACK_BYTES);
            arrivals.running = watching.spawn(move || desk.watch()).is_ok();
        }
        self.desk.arrived.notify_one();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Under the lock, or the thread might go to sleep between its look at `over` and the bell.
        let _arrivals = self.desk.arrivals.lock();
        self.desk.over.store(true, Ordering::SeqCst);
        self.desk.arrived.notify_one();
    }
}

impl Desk {
    fn watch(&self) {
        let mut watched = Vec::new();
        while !self.over.load(Ordering::SeqCst) {
            self.welcome(&mut watched);
            thread::sleep(TICK);
            watched.retain_mut(Watched::look);
        }
    }

    /// Takes newcomers in; waits for one where there is nobody to watch.
    fn welcome(&self, watched: &mut Vec<Watched>) {
        let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        while watched.is_empty() && arrivals.list.is_empty() && !self.over.load(Ordering::SeqCst) {
            arrivals = self
                .arrived
                .wait(arrivals)
                .unwrap_or_else(PoisonError::into_inner);
        }
        watched.extend(arrivals.list.drain(..).map(Watched::new));
    }
}

impl Watched {
    fn new(outbox: Weak<Outbox>) -> Watched {
        Watched {
            turn: 0,
            quiet: 0,
            let_go: false,
            outbox,
        }
    }

    /// One tick later: sends what the same handler still holds back; `false`: forget it.
    fn look(&mut self) -> bool {
        let Some(outbox) = self.outbox.upgrade() else {
            return false;
        };
        let turn = outbox.turn.load(Ordering::Acquire);
        let holds = turn % 2 == 1;
        if holds && turn == self.turn && outbox.has_waiting() {
            send(outbox.clone());
        }
        self.turn = turn;
        self.quiet = if holds { 0 } else { self.quiet + 1 };
        if self.let_go {
            // A tick has passed, so a connection that holds has come back by itself, or it had
            // not heard yet that it should: then we keep it.
            self.let_go = false;
            return holds && !outbox.watched.swap(true, Ordering::AcqRel);
        }
        if self.quiet >= QUIET_TICKS {
            outbox.watched.store(false, Ordering::Release);
            self.let_go = true;
        }
        true
    }
}

/// Sending may wait for the client: not here.
fn send(outbox: Arc<Outbox>) {
    // Where no thread can be had, the answer waits for its handler.
    let _ = thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(move || outbox.flush());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::config::Config;
    use crate::net::pipe;

    /// Whether a connection is still under watch after so many looks.
    fn looks(outbox: &Arc<Outbox>, most: u32) -> bool {
        let mut watched = Watched::new(Arc::downgrade(outbox));
        (0..most).all(|_| watched.look())
    }

    #[test]
    fn who_has_taken_the_stream_over_is_forgotten() {
        let (here, _there) = pipe();
        let outbox = Arc::new(Outbox::new(Arc::new(here), &Config::default()));
        let watch = Watch::default();
        let held = watch.hold(&outbox);
        assert!(looks(&outbox, 10 * QUIET_TICKS), "a handler that waits");
        outbox.hand_over();
        assert!(!looks(&outbox, 2 * QUIET_TICKS));
        drop(held); // the WebSocket has ended
        assert!(!looks(&outbox, 2 * QUIET_TICKS));
        let _held = watch.hold(&outbox);
        assert!(looks(&outbox, 10 * QUIET_TICKS), "a next handler");
    }
}
