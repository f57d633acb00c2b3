//! One run of an exchange: its threads, and how it ends.
//!
//! ```text
//!   player ──────── plays the exchange ───────── event ─┐
//!   connections ─── Tap ──► Ear::passed ──────────────► Log   one lock, memory only
//!                                                        │
//!   guard ◀── changed ───────────────────────────────────┘
//!     sends the messages, waits for the end, cuts the connections, sends `done`
//! ```
//!
//! The *player* is the thread of the exchange. The *guard* is the thread that sends, so a page that reads slowly
//! holds no connection up. The first reason to end counts: the exchange is over, the page stops it, 15 s have
//! passed, 512 KiB have. Then the guard cuts what the exchange has opened, gives the player [`GRACE`] to
//! return, and sends `done`, once and last. What passes behind it is dropped. A guard that is inside a `send` at that time
//! cuts later; so [`Stage`](crate::exchange::Stage) asks before each read, and a stop cuts by itself.

use crate::log::{Log, Side};
use barewire::net::{Observer, TapEvent, Tapped};
use barewire::trace::wire::Protocol;
use std::io;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

/// The longest run of a page.
pub(crate) const MOST_TIME: Duration = Duration::from_secs(15);
/// How long a player may go on when its connections are cut.
const GRACE: Duration = Duration::from_secs(1);

/// How a run ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Played,
    Stopped,
    Timeout,
    Failed(String),
}

pub(crate) struct Run {
    deadline: Instant,
    state: Mutex<State>,
    /// There is a message more, or a reason to end, or the player has returned.
    changed: Condvar,
}

struct State {
    log: Log,
    /// How many of its messages the guard has sent.
    sent: usize,
    ending: Option<Ending>,
    /// What the end of the run calls.
    cuts: Vec<Box<dyn FnOnce() + Send>>,
    has_returned: bool,
    /// The guard has sent all, `done` included.
    is_done: bool,
}

/// The threads of a run.
pub(crate) struct Threads(JoinHandle<()>);

impl Threads {
    /// Waits until both have ended.
    pub(crate) fn join(self) {
        let _ = self.0.join(); // a panic of the guard is printed
    }
}

/// Begins a run of at most this time: `play` plays it, `send` takes the messages.
pub(crate) fn begin(
    number: u64,
    time: Duration,
    play: impl FnOnce(&Arc<Run>) -> Ending + Send + 'static,
    mut send: impl FnMut(&str) + Send + 'static,
) -> io::Result<(Arc<Run>, Threads)> {
    let run = Arc::new(Run::new(number, time));
    let (playing, guarded) = (Arc::clone(&run), Arc::clone(&run));
    let player = Builder::new().name("player".into()).spawn(move || {
        let returning = Returning(&playing);
        returning.0.end(play(&playing));
    })?;
    let guard = Builder::new().name("guard".into()).spawn(move || {
        guarded.guard(&mut send);
        let _ = player.join(); // its panic is printed
    });
    guard
        .map(|guard| (Arc::clone(&run), Threads(guard)))
        .inspect_err(|_| {
            run.stop();
        })
}

/// The player returns, or panics.
struct Returning<'r>(&'r Run);

impl Drop for Returning<'_> {
    fn drop(&mut self) {
        self.0
            .end(Ending::Failed("the exchange has panicked".into()));
        self.0.lock().has_returned = true;
        self.0.changed.notify_all();
    }
}

impl Run {
    fn new(number: u64, time: Duration) -> Run {
        Run {
            deadline: Instant::now() + time,
            state: Mutex::new(State {
                log: Log::new(number),
                sent: 0,
                ending: None,
                cuts: Vec::new(),
                has_returned: false,
                is_done: false,
            }),
            changed: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long it may go on.
    pub(crate) fn left(&self) -> Duration {
        match self.is_over() {
            true => Duration::ZERO,
            false => self.deadline.saturating_duration_since(Instant::now()),
        }
    }

    /// The guard may be inside a `send` when the deadline passes: then nothing but the clock says so.
    pub(crate) fn is_over(&self) -> bool {
        self.is_late() || self.lock().ending.is_some()
    }

    fn is_late(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// A reason to end. The first one counts. What fails behind the deadline fails because of it.
    pub(crate) fn end(&self, ending: Ending) {
        let ending = match ending {
            Ending::Failed(_) if self.is_late() => Ending::Timeout,
            ending => ending,
        };
        self.lock().ending.get_or_insert(ending);
        self.changed.notify_all();
    }

    /// Ends the run as the page wants it. The connections are cut at once, also while the guard is inside a `send`.
    pub(crate) fn stop(&self) {
        self.end(Ending::Stopped);
        self.cut();
    }

    /// Waits until the page has `done`, for this time. `false`: it has not.
    pub(crate) fn is_done_within(&self, time: Duration) -> bool {
        let goes_on = |state: &mut State| !state.is_done;
        let waited = self.changed.wait_timeout_while(self.lock(), time, goes_on);
        waited.unwrap_or_else(PoisonError::into_inner).0.is_done
    }

    /// Calls `cut` when the run ends; at once if it has ended.
    pub(crate) fn on_end(&self, cut: impl FnOnce() + Send + 'static) {
        let mut state = self.lock();
        if state.ending.is_none() {
            return state.cuts.push(Box::new(cut));
        }
        drop(state);
        cut();
    }

    /// The messages so far, and the capture.
    pub(crate) fn played(&self) -> (Vec<String>, Vec<u8>) {
        let log = &mut self.lock().log;
        (log.messages.clone(), log.pcap())
    }

    /// Writes into the log of this run, and wakes the guard.
    pub(crate) fn log(&self, write: impl FnOnce(&mut Log)) {
        let mut state = self.lock();
        write(&mut state.log);
        if state.log.is_full() {
            let full = "more bytes have passed than a run may have";
            state.ending.get_or_insert(Ending::Failed(full.into()));
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Sends until the run has ended.
    fn guard(&self, send: &mut dyn FnMut(&str)) {
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            let is_idle = |state: &mut State| {
                state.sent == state.log.messages.len() && state.ending.is_none()
            };
            let waited = self.changed.wait_timeout_while(self.lock(), left, is_idle);
            let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            if self.is_late() {
                state.ending.get_or_insert(Ending::Timeout);
            }
            if state.ending.is_some() {
                break;
            }
            drop(state);
            self.send(send, || self.is_over());
        }
        self.cut();
        // The other end may be about to report the write of what was read.
        let goes_on = |state: &mut State| {
            let was_played = matches!(state.ending, Some(Ending::Played));
            !state.has_returned || was_played && state.log.holds_something()
        };
        drop(self.changed.wait_timeout_while(self.lock(), GRACE, goes_on));
        self.done();
        self.send(send, || false);
        self.lock().is_done = true;
        self.changed.notify_all();
    }

    fn done(&self) {
        let mut state = self.lock();
        let (outcome, why) = match state.ending.clone() {
            Some(Ending::Played) | None => ("ok", String::new()),
            Some(Ending::Stopped) => ("stopped", String::new()),
            Some(Ending::Timeout) => ("timeout", String::new()),
            Some(Ending::Failed(why)) => ("failed", why),
        };
        state.log.done(outcome, &why);
    }

    /// Sends what is new, as long as it may. The lock is free while it does.
    fn send(&self, send: &mut dyn FnMut(&str), is_over: impl Fn() -> bool) {
        while !is_over() {
            let mut state = self.lock();
            let Some(next) = state.log.messages.get(state.sent).cloned() else {
                return;
            };
            state.sent += 1;
            drop(state);
            send(&next);
        }
    }

    fn cut(&self) {
        let cuts = mem::take(&mut self.lock().cuts);
        for cut in cuts {
            cut(); // it may wait for the lock
        }
    }
}

/// What a tap of a run calls.
pub(crate) struct Ear {
    pub(crate) run: Arc<Run>,
    pub(crate) side: Side,
    pub(crate) protocol: Protocol,
}

impl Observer for Ear {
    fn passed(&self, tapped: &Tapped, event: TapEvent<'_>) {
        self.run
            .log(|log| log.passed(self.side, &self.protocol, tapped, event));
    }
}

#[cfg(test)]
mod tests;
