//! What the parent's threads share, and what they do with it.
//!
//! One thread carries out what [`Fleet`] decides; one thread for each worker reads what the worker says, calls its
//! events, and waits for its end. A [`Child`] is written to without the lock, and no event is called with it.

use super::child::{Child, Program};
use super::events::Events;
use super::fleet::{Ended, Fleet, Step};
use super::lines::{Part, Splitter, Verb, millis};
use super::turns::Turns;
use super::worker::{Start, VARIABLE};
use crate::net::{Addr, Listener, guarded, lock, wait, wait_until};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Write};
use std::os::unix::process::ExitStatusExt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, Builder};
use std::time::{Duration, Instant};

const STACK_BYTES: usize = 256 * 1024;
/// How often the parent looks whether a worker has ended whose control stream has.
const POLL_INTERVAL: Duration = Duration::from_millis(5);
/// How long a process may live behind the end of its control stream.
const ORPHAN_GRACE: Duration = Duration::from_secs(1);

pub(super) struct Parent {
    pub(super) events: Box<dyn Events>,
    pub(super) address: Addr,
    program: Program,
    /// What each worker gets, beside its number.
    start: Start,
    epoch: Instant,
    /// Held by the call that asks for figures.
    pub(super) asking: Mutex<()>,
    state: Mutex<State>,
    /// Notified by everything that the supervisor, or a call of [`Cluster`](super::Cluster), could wait for.
    changed: Condvar,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) fleet: Fleet,
    turns: Turns,
    pub(super) children: BTreeMap<u64, Child>,
    /// What the workers have answered to the last question for their figures.
    pub(super) stats: BTreeMap<u64, String>,
    /// Workers that had to be killed because their deadline had passed.
    pub(super) killed: usize,
    pub(super) restart_failed: Option<String>,
    pub(super) gave_up: Option<String>,
    /// All workers have ended, and the socket file is gone.
    pub(super) is_over: bool,
}

impl Parent {
    pub(super) fn new(
        events: Box<dyn Events>,
        address: Addr,
        program: Program,
        start: Start,
        fleet: Fleet,
    ) -> Parent {
        let state = State {
            fleet,
            ..State::default()
        };
        Parent {
            events,
            address,
            program,
            start,
            epoch: Instant::now(),
            asking: Mutex::new(()),
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// The time of the fleet.
    pub(super) fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    /// Changes the state, and wakes whoever waits for a change.
    pub(super) fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let result = change(&mut self.lock());
        self.changed.notify_all();
        result
    }

    /// Waits until `is_done`, or until then; true if it is.
    pub(super) fn wait_for(
        &self,
        until: Option<Instant>,
        is_done: impl Fn(&State) -> bool,
    ) -> bool {
        let mut state = self.lock();
        while !is_done(&state) {
            state = match wait_until(&self.changed, state, until) {
                Some(state) => state,
                None => return false,
            };
        }
        true
    }
}

/// The supervisor: one thread for the whole cluster.
impl Parent {
    pub(super) fn supervise(self: &Arc<Self>, listener: Listener) {
        loop {
            let mut state = self.lock();
            match state.fleet.next(self.now()) {
                Step::Start(id) => {
                    drop(state);
                    if let Err(error) = self.start(id, &listener) {
                        self.failed(None, &error);
                        self.ended(id, &error.to_string());
                    }
                }
                Step::Drain {
                    id,
                    is_restart,
                    deadline,
                } => {
                    drop(state);
                    self.drain(id, is_restart, deadline);
                }
                Step::Kill(id) => {
                    state.killed += 1;
                    state.children.get(&id).inspect(|child| drop(child.kill()));
                }
                Step::Wait(until) => {
                    self.changed.notify_all(); // a restart may be over
                    let left = until.map(|until| until.saturating_sub(self.now()));
                    drop(wait(&self.changed, state, left));
                }
                Step::End => break,
            }
        }
        drop(listener);
        self.change(|state| state.is_over = true);
    }

    fn start(self: &Arc<Self>, id: u64, listener: &Listener) -> io::Result<()> {
        let (socket, start) = (listener.try_clone_fd()?, Start { id, ..self.start });
        let child = Child::spawn(id, &self.program, socket, (VARIABLE, start.encode()))?;
        self.lock().children.insert(id, child.clone());
        let (parent, thread_child) = (Arc::clone(self), child.clone());
        let thread = Builder::new()
            .name(format!("barewire worker {id}"))
            .stack_size(STACK_BYTES);
        let started = thread.spawn(move || parent.live(&thread_child));
        if started.is_err() {
            let _ = child.kill();
            wait_for_exit(&child);
        }
        started.map(drop)
    }

    /// A worker that cannot be asked to drain is killed.
    fn drain(&self, id: u64, is_restart: bool, deadline: Duration) {
        let child = self.lock().children.get(&id).cloned();
        let verb = match is_restart {
            true => Verb::Restart,
            false => Verb::Drain,
        };
        let millis = millis(deadline).to_string();
        if let Some(child) = child.filter(|it| it.order(verb, &millis).is_err()) {
            let _ = child.kill();
        }
        self.give_turn(|turns| turns.gone(id));
    }
}

/// The life of a worker: one thread for each.
impl Parent {
    fn live(&self, child: &Child) {
        let _ = guarded(|| self.events.fork(child));
        self.listen_to(child);
        let _ = guarded(|| self.events.disconnect(child));
        let (code, signal) = wait_for_exit(child);
        let _ = guarded(|| self.events.exit(child, code, signal));
        let _ = guarded(|| self.events.close(child, code, signal));
        let how = match (code, signal) {
            (Some(code), _) => format!("it exited with code {code}"),
            (_, Some(signal)) => format!("it was ended by signal {signal}"),
            _ => "it ended".to_owned(),
        };
        self.ended(child.id(), &how);
    }

    /// Until its control stream ends, or it is dead and has left nothing to read: a process that it has started may
    /// keep the stream open.
    fn listen_to(&self, child: &Child) {
        let (mut splitter, mut buf) = (Splitter::default(), [0; 4096]);
        loop {
            match child.read(&mut buf) {
                Ok(Some(n @ 1..)) => splitter.receive(&buf[..n], |part| self.heard(child, part)),
                Ok(None) if !matches!(child.try_wait(), Ok(None)) => return,
                Ok(None) => child.flush(),
                Ok(Some(_)) | Err(_) => return,
            }
        }
    }

    fn heard(&self, child: &Child, part: Part<'_>) {
        let line = match part {
            Part::Output(bytes) => return drop(io::stderr().write_all(bytes)),
            Part::Line(line) => line,
        };
        let (id, now, events) = (child.id(), self.now(), &self.events);
        match line {
            Some((Verb::Online, _)) => drop(guarded(|| events.online(child))),
            Some((Verb::Listening, _)) => {
                self.change(|state| state.fleet.listening(id, now));
                let _ = guarded(|| events.listening(child, &self.address));
            }
            Some((Verb::WantTurn, _)) => self.give_turn(|turns| turns.want(id)),
            Some((Verb::PassTurn, _)) => self.give_turn(|turns| turns.pass(id)),
            Some((Verb::Message, text)) => drop(guarded(|| events.message(child, &text))),
            Some((Verb::Notify, text)) => {
                let _ = guarded(|| events.message(child, &text));
                self.tell_all_but(Some(id), &text);
            }
            Some((Verb::Stats, text)) => self.change(|state| drop(state.stats.insert(id, text))),
            Some((Verb::Disconnect, _)) => self.change(|state| state.fleet.disconnect(id)),
            _ => {
                let text = format!("worker {id} has written a control line that is none");
                self.failed(Some(child), &io::Error::new(ErrorKind::InvalidData, text));
            }
        }
    }

    /// Changes who wants the turn, or has it, and gives it to the next worker.
    fn give_turn(&self, change: impl FnOnce(&mut Turns)) {
        let mut state = self.lock();
        change(&mut state.turns);
        while let Some(id) = state.turns.next() {
            let child = match state.fleet.is_live(id) {
                true => state.children.get(&id).cloned(),
                false => None,
            };
            drop(state);
            if child.is_some_and(|child| child.order(Verb::Turn, "").is_ok()) {
                return;
            }
            state = self.lock();
            state.turns.gone(id);
        }
    }

    pub(super) fn tell_all_but(&self, sender: Option<u64>, text: &str) {
        let children: Vec<Child> = self.lock().children.values().cloned().collect();
        for child in children.iter().filter(|child| Some(child.id()) != sender) {
            if let Err(error) = child.send(text) {
                self.failed(Some(child), &error);
            }
        }
    }

    fn failed(&self, child: Option<&Child>, error: &io::Error) {
        let _ = guarded(|| self.events.error(child, error));
    }

    fn ended(&self, id: u64, how: &str) {
        let now = self.now();
        let mut state = self.lock();
        state.children.remove(&id);
        let mut reason = None;
        match state.fleet.ended(id, now) {
            Ended::Well => {}
            Ended::RestartFailed => {
                state.restart_failed = Some(format!("the new worker {id} failed: {how}"));
            }
            Ended::GaveUp { failures } => {
                reason = Some(format!(
                    "{failures} workers in a row ended before they had served for a second; the last: {how}"
                ));
                state.gave_up = reason.clone();
            }
        }
        drop(state);
        self.give_turn(|turns| turns.gone(id));
        if let Some(reason) = reason {
            self.failed(None, &io::Error::other(reason));
        }
        self.changed.notify_all();
    }
}

/// Code and signal of a process whose control stream has ended; if the process lives on, it is killed. The parent looks
/// again and again, since a wait for one process could not be ended in order to kill it.
fn wait_for_exit(child: &Child) -> (Option<i32>, Option<i32>) {
    let began = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return (status.code(), status.signal()),
            Ok(None) if began.elapsed() >= ORPHAN_GRACE => drop(child.kill()),
            Ok(None) => {}
            Err(_) => return (None, None), // somebody else has waited for it
        }
        thread::sleep(POLL_INTERVAL);
    }
}
