//! The parent: what its threads share, and what they do with it.
//!
//! Each worker has a thread of the parent. It starts the process, reads what the worker says, calls its events, kills the
//! worker at its deadline, waits for its end, and starts the worker that follows. [`Fleet`] decides, under one lock; no
//! event is called with it.

use super::child::{Child, Program};
use super::events::Events;
use super::fleet::{Fleet, Follower};
use super::lines::{self, Part, Splitter};
use super::turns::Turns;
use super::worker::{Start, VARIABLE};
use crate::net::{Addr, Listener, guarded, lock, wait_until};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
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
    pub(super) program: Program,
    /// What each worker gets, beside its number.
    pub(super) start: Start,
    pub(super) epoch: Instant,
    /// Held by the call that asks for figures.
    pub(super) asking: Mutex<()>,
    /// Held by the restart that is in progress.
    pub(super) restarting: Mutex<()>,
    pub(super) state: Mutex<State>,
    /// Notified by every change.
    pub(super) changed: Condvar,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) fleet: Fleet,
    turns: Turns,
    pub(super) children: BTreeMap<u64, Child>,
    /// `None`: all workers have ended, none will be started, and the socket file is gone.
    listener: Option<Listener>,
    /// What the workers have answered to the last question for their figures.
    pub(super) stats: BTreeMap<u64, String>,
    /// The number of that question: an answer that comes late has another.
    question: u64,
    /// Workers that had to be killed because their deadline had passed.
    pub(super) killed: usize,
    /// The last worker of those that the last restart replaces.
    pub(super) last_old: u64,
    /// The first failure of a later one.
    pub(super) restart_failed: Option<String>,
    pub(super) gave_up: Option<String>,
}

impl State {
    pub(super) fn new(fleet: Fleet, listener: Listener) -> State {
        State {
            fleet,
            listener: Some(listener),
            ..State::default()
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.listener.is_none()
    }

    /// How the last restart has gone so far.
    pub(super) fn restarted(&self) -> io::Result<()> {
        let stops = self.fleet.is_stopping().then_some("the cluster stops");
        match self.restart_failed.as_deref().or(stops) {
            Some(how) => Err(io::Error::other(how)),
            None => Ok(()),
        }
    }

    /// Those that get messages and questions: not one that drains.
    pub(super) fn live_children(&self) -> Vec<Child> {
        let all = self.children.values();
        let live = all.filter(|child| self.fleet.is_live(child.id()));
        live.cloned().collect()
    }

    /// The workers are asked for their figures once more; returns what they repeat in front of their answers.
    pub(super) fn next_question(&mut self) -> String {
        self.stats.clear();
        self.question += 1;
        self.question.to_string()
    }

    fn answered(&mut self, id: u64, answer: &str) {
        if let Some((question, figures)) = answer.split_once(' ')
            && question.parse() == Ok(self.question)
        {
            self.stats.insert(id, figures.to_owned());
        }
    }

    /// Asks the worker to end, unless it was asked to end as soon. If that cannot be, it is killed.
    pub(super) fn drain(&mut self, id: u64, verb: &str, deadline: Duration, now: Duration) {
        let is_news = self.fleet.drain(id, deadline, now);
        self.turns.gone(id);
        let millis = lines::millis(deadline).to_string();
        if is_news
            && let Some(child) = self.children.get(&id)
            && child.order(verb, &millis).is_err()
        {
            let _ = child.kill();
        }
    }

    pub(super) fn stop(&mut self, deadline: Duration, now: Duration) {
        self.fleet.stop();
        for id in self.fleet.all() {
            self.drain(id, lines::DRAIN, deadline, now);
        }
    }

    /// Gives the turn to the next worker, if nobody has it.
    fn give_turn(&mut self) {
        while let Some(id) = self.turns.next() {
            let child = self.children.get(&id);
            if child.is_none_or(|child| child.order(lines::TURN, "").is_err()) {
                self.turns.gone(id);
            }
        }
    }
}

impl Parent {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Changes the state at this time of the fleet, and wakes whoever waits for a change.
    pub(super) fn change<R>(&self, change: impl FnOnce(&mut State, Duration) -> R) -> R {
        let mut state = self.lock();
        let result = change(&mut state, self.epoch.elapsed());
        state.give_turn();
        if state.fleet.is_over() {
            state.listener = None;
        }
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

    fn call(&self, event: impl FnOnce(&dyn Events)) {
        let _ = guarded(|| event(&*self.events)); // a panic ends that call alone
    }

    pub(super) fn failed(&self, child: Option<&Child>, error: &io::Error) {
        self.call(|events| events.error(child, error));
    }

    /// Starts a worker on a thread of its own.
    pub(super) fn start(self: &Arc<Self>, is_kept: bool) -> io::Result<u64> {
        let stops = || io::Error::new(ErrorKind::NotConnected, "the cluster stops");
        let id = self.change(|state, now| state.fleet.start(is_kept, now));
        let (id, parent) = (id.ok_or_else(stops)?, Arc::clone(self));
        let thread = Builder::new().name(format!("barewire worker {id}"));
        let started = thread
            .stack_size(STACK_BYTES)
            .spawn(move || parent.keep(id));
        if started.is_err() {
            self.change(|state, _| state.fleet.forget(id));
        }
        started.map(|_| id)
    }

    /// Starts a worker that is kept. False: it has no thread, or the cluster stops.
    pub(super) fn fork(self: &Arc<Self>) -> bool {
        let started = self.start(true);
        if let Err(error) = &started
            && !self.lock().fleet.is_stopping()
        {
            self.failed(None, error);
        }
        started.is_ok()
    }

    /// The worker is to end, and another takes its place.
    pub(super) fn disconnect(self: &Arc<Self>, id: u64) {
        let deadline = self.start.deadline;
        let follows_at_once = self.change(|state, now| {
            let follows_at_once = state.fleet.release(id, now);
            state.drain(id, lines::DRAIN, deadline, now);
            follows_at_once
        });
        if follows_at_once && !self.fork() {
            self.change(|state, _| state.fleet.keep(id));
        }
    }

    pub(super) fn tell_all_but(&self, sender: Option<u64>, text: &str) {
        let children = self.lock().live_children();
        for child in children.iter().filter(|child| Some(child.id()) != sender) {
            if let Err(error) = child.send(text) {
                self.failed(Some(child), &error);
            }
        }
    }

    /// Changes who wants the turn, or has it. (A worker that drains does not get it.)
    fn turn(&self, id: u64, change: impl FnOnce(&mut Turns, u64)) {
        let mut state = self.lock();
        if state.fleet.is_live(id) {
            change(&mut state.turns, id);
            state.give_turn();
        }
    }
}

/// The thread of a worker, and of those that follow it.
impl Parent {
    fn keep(self: Arc<Self>, mut id: u64) {
        while let Some(child) = self.spawn(id) {
            let how = match child {
                Ok(child) => self.live(&child),
                Err(error) => {
                    self.failed(None, &error);
                    error.to_string()
                }
            };
            let Some(follower) = self.ended(id, &how) else {
                return;
            };
            if let Some(failures) = follower.gives_up {
                self.give_up(failures, &how);
            }
            id = follower.id;
            let is_stopped = |state: &State| !state.fleet.is_starting(id);
            self.wait_for(self.epoch.checked_add(follower.from), is_stopped);
        }
        self.ended(id, "it was not started");
    }

    fn give_up(&self, failures: u32, how: &str) {
        let reason = format!(
            "{failures} workers in a row ended before they had served for a second; the last: {how}"
        );
        self.lock().gave_up = Some(reason.clone());
        self.failed(None, &io::Error::other(reason));
        self.change(|state, now| state.stop(self.start.deadline, now));
    }

    /// `None`: it is not to start any more. Under the lock, so that it has a process by the time it is drained.
    fn spawn(&self, id: u64) -> Option<io::Result<Child>> {
        let mut state = self.lock();
        let listener = state
            .listener
            .as_ref()
            .filter(|_| state.fleet.is_starting(id))?;
        let start = Start { id, ..self.start };
        let child = listener
            .try_clone_fd()
            .and_then(|socket| Child::spawn(id, &self.program, socket, (VARIABLE, start.encode())));
        if let Ok(child) = &child {
            state.children.insert(id, child.clone());
        }
        Some(child)
    }

    fn ended(&self, id: u64, how: &str) -> Option<Follower> {
        self.change(|state, now| {
            state.children.remove(&id);
            state.turns.gone(id);
            if id > state.last_old && state.fleet.would_fail(id, now) {
                let failed = || format!("the new worker {id} failed: {how}");
                state.restart_failed.get_or_insert_with(failed);
            }
            state.fleet.ended(id, now)
        })
    }

    /// Returns how it ended.
    fn live(self: &Arc<Self>, child: &Child) -> String {
        self.call(|events| events.fork(child));
        self.listen_to(child);
        self.call(|events| events.disconnect(child));
        let status = wait_for_exit(child);
        let code = status.and_then(|status| status.code());
        let signal = status.and_then(|status| status.signal());
        self.call(|events| events.exit(child, code, signal));
        self.call(|events| events.close(child, code, signal));
        status.map_or_else(|| "nobody knows how".to_owned(), |it| it.to_string())
    }

    /// Until its control stream ends, or it is dead and has left nothing to read: a process that it has started may
    /// keep the stream open.
    fn listen_to(self: &Arc<Self>, child: &Child) {
        let (mut splitter, mut buf, mut is_dead) = (Splitter::default(), [0; 4096], false);
        loop {
            match child.read(&mut buf) {
                Ok(Some(n @ 1..)) => splitter.receive(&buf[..n], |part| self.heard(child, part)),
                Ok(None) if is_dead => return,
                Ok(None) => is_dead = !matches!(child.try_wait(), Ok(None)), // its last line may be here by now
                Ok(Some(_)) => return,
                Err(e) if e.kind() == ErrorKind::ConnectionReset => return, // it has not read all
                Err(_) => return drop(child.kill()), // it was too slow for its queue
            }
            let mut state = self.lock();
            if state.fleet.is_overdue(child.id(), self.epoch.elapsed()) {
                state.killed += 1;
                let _ = child.kill();
            }
        }
    }

    fn heard(self: &Arc<Self>, child: &Child, part: Part<'_>) {
        let id = child.id();
        match part {
            Part::Output(bytes) => drop(io::stderr().write_all(bytes)),
            Part::Line(lines::ONLINE, _) => self.call(|events| events.online(child)),
            Part::Line(lines::LISTENING, _) => {
                self.change(|state, now| state.fleet.listening(id, now));
                self.call(|events| events.listening(child, &self.address));
            }
            Part::Line(lines::WANT_TURN, _) => self.turn(id, Turns::want),
            Part::Line(lines::PASS_TURN, _) => self.turn(id, Turns::pass),
            Part::Line(lines::MESSAGE, text) => self.call(|events| events.message(child, text)),
            Part::Line(lines::NOTIFY, text) => {
                self.call(|events| events.message(child, text));
                self.tell_all_but(Some(id), text);
            }
            Part::Line(lines::STATS, text) => {
                self.change(|state, _| state.answered(id, text));
            }
            Part::Line(lines::DISCONNECT, _) => self.disconnect(id),
            Part::Line(..) => {
                let text = format!("worker {id} has written a control line that is none");
                self.failed(Some(child), &io::Error::new(ErrorKind::InvalidData, text));
            }
        }
    }
}

/// How a process has ended whose control stream has; if the process lives on, it is killed. The parent looks again and
/// again, since a wait for one process could not be ended in order to kill it.
fn wait_for_exit(child: &Child) -> Option<ExitStatus> {
    let began = Instant::now();
    loop {
        match child.try_wait() {
            Ok(status @ Some(_)) => return status,
            Ok(None) if began.elapsed() >= ORPHAN_GRACE => drop(child.kill()),
            Ok(None) => {}
            Err(_) => return None, // somebody else has waited for it
        }
        thread::sleep(POLL_INTERVAL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::ConnectOptions;

    #[test]
    fn a_late_answer_is_not_taken_for_that_to_the_next_question() {
        let mut state = State::default();
        let (first, second) = (state.next_question(), state.next_question());
        state.answered(1, &format!("{first} connections=1"));
        assert_eq!(state.stats.get(&1), None);
        state.answered(1, &format!("{second} connections=2 threads=3"));
        state.answered(1, &format!("{first} connections=1"));
        assert_eq!(state.stats[&1], "connections=2 threads=3");
    }

    /// The queue does not move: the worker never reads.
    #[test]
    fn a_worker_that_reads_too_slowly_is_killed() {
        let program: Program = ("sleep".into(), vec!["60".into()]);
        let listener = Listener::bind("127.0.0.1:0").expect("an address");
        let parent = Arc::new(Parent {
            events: Box::new(()),
            address: listener.local_addr().expect("an address"),
            program: program.clone(),
            start: Start {
                id: 0,
                round_robin: false,
                owns_socket: true,
                deadline: Duration::ZERO,
                parent: None,
                file: None,
            },
            epoch: Instant::now(),
            asking: Mutex::default(),
            restarting: Mutex::default(),
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let socket = listener.try_clone_fd().expect("a descriptor");
        let options = ConnectOptions {
            stall_timeout: Duration::from_millis(200),
            ..ConnectOptions::default()
        };
        let variable = ("NOTHING", String::new());
        let child = Child::spawn_with(1, &program, socket, variable, options);
        let child = child.expect("a process");
        for _ in 0..20 {
            let _ = child.send(&"x".repeat(60_000)); // more than a socket takes
        }
        parent.listen_to(&child);
        let status = loop {
            match child.try_wait().expect("it is ours") {
                Some(status) => break status,
                None => thread::sleep(POLL_INTERVAL),
            }
        };
        assert_eq!(status.signal(), Some(9), "{status}");
    }
}
