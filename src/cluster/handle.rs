//! A running cluster, from outside.

use super::child::Child;
use super::lines;
use super::parent::{Parent, State};
use crate::net::{Addr, lock};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long [`Cluster::stats`] waits for an answer.
const STATS_TIMEOUT: Duration = Duration::from_secs(1);

/// A running cluster, in the parent. Clones are the same cluster; dropping them all does not stop it.
///
/// [`restart`](Cluster::restart), [`shutdown`](Cluster::shutdown) and [`wait`](Cluster::wait) wait for workers. An event
/// must not call them: it runs on the thread that sees a worker end.
///
/// A cluster that lives until its input ends:
///
/// ```no_run
/// use barewire::{cluster, net};
/// use std::io;
/// use std::time::Duration;
///
/// fn main() -> io::Result<()> {
///     if let Some(worker) = cluster::worker() {
///         let server = net::create_server(|socket| socket.pipe(&socket).map(drop));
///         worker.serve(&server.listen_on(worker.listener()?)?);
///         return Ok(());
///     }
///     let cluster = cluster::setup_master().listen("127.0.0.1:8124")?;
///     io::copy(&mut io::stdin(), &mut io::sink())?;
///     let killed = cluster.shutdown(Duration::from_secs(10));
///     println!("{killed} workers had to be killed");
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct Cluster {
    pub(super) parent: Arc<Parent>,
}

impl Cluster {
    /// Where the workers listen: the port that was really bound where 0 was asked for.
    pub fn local_addr(&self) -> Addr {
        self.parent.address.clone()
    }

    /// Wants one worker more: it is started at once, and again whenever it ends. If the system has no thread for it, that
    /// is an [`error`](super::Events::error).
    pub fn fork(&self) {
        self.parent.fork();
    }

    /// The workers that are alive: also those that start, or that finish their last connections.
    pub fn children(&self) -> Vec<Child> {
        self.parent.lock().children.values().cloned().collect()
    }

    /// How many workers accept connections.
    pub fn listening(&self) -> usize {
        self.parent.lock().fleet.serving()
    }

    /// Waits until `count` workers accept connections, but no longer than `time`. False: fewer do.
    pub fn wait_listening_within(&self, count: usize, time: Duration) -> bool {
        let is_done = |state: &State| state.is_over() || state.fleet.serving() >= count;
        let until = Instant::now().checked_add(time);
        self.parent.wait_for(until, is_done) && self.listening() >= count
    }

    /// Sends a text to all workers but those that finish their last connections. What cannot be sent is reported to
    /// [`Events::error`](super::Events::error).
    pub fn send(&self, text: &str) {
        self.parent.tell_all_but(None, text);
    }

    /// The worker finishes its connections within [`deadline`](super::Master::deadline) and ends. Another takes its
    /// place: at once, if the worker has served for a second.
    pub fn disconnect(&self, child: &Child) {
        self.parent.disconnect(child.id());
    }

    /// The figures of each worker that answers within a second, but of none that finishes its last connections: text that
    /// [`Worker::serve`](super::Worker::serve) makes, `key=value` pairs with a space between two.
    pub fn stats(&self) -> Vec<(Child, String)> {
        let _one_at_a_time = lock(&self.parent.asking);
        let (question, mut asked) = {
            let mut state = self.parent.lock();
            (state.next_question(), state.live_children())
        };
        asked.retain(|child| child.order(lines::STATS, &question).is_ok());
        let until = Instant::now().checked_add(STATS_TIMEOUT);
        self.parent.wait_for(until, |state| {
            let is_gone = |id: &u64| !state.children.contains_key(id);
            let mut ids = asked.iter().map(Child::id);
            ids.all(|id| state.stats.contains_key(&id) || is_gone(&id))
        });
        let stats = &mut self.parent.lock().stats;
        let answers = asked.into_iter().filter_map(|child| {
            let text = stats.remove(&child.id())?;
            Some((child, text))
        });
        answers.collect()
    }

    /// Replaces every worker by a new process of the same program, one place after another, and returns when the old
    /// ones have ended. A new worker accepts connections before the old one stops: nobody is refused meanwhile. An
    /// old one has until `deadline` to finish its connections.
    ///
    /// The program is looked up by its path: after an upgrade, the new workers are the new program.
    ///
    /// # Errors
    /// A new worker failed. Then the restart is over, and the old workers that are left go on.
    pub fn restart(&self, deadline: Duration) -> io::Result<()> {
        let parent = &self.parent;
        let _one_at_a_time = lock(&parent.restarting);
        let old = parent.change(|state, _| {
            let old = state.fleet.kept();
            state.last_old = old.last().copied().unwrap_or_default();
            state.restart_failed = None;
            old
        });
        for &old in &old {
            let new = parent.start(false)?;
            let is_ready = |state: &State| !state.fleet.is_starting(new);
            parent.wait_for(None, |state| is_ready(state) || state.restarted().is_err());
            parent.change(|state, now| {
                let (superfluous, has_failed) = state.fleet.replace(old, new);
                if has_failed {
                    let failed = || format!("the new worker {new} ended before it took over");
                    state.restart_failed.get_or_insert_with(failed);
                }
                state.drain(superfluous, lines::RESTART, deadline, now);
            });
            parent.lock().restarted()?;
        }
        parent.wait_for(None, |state| {
            let mut old = old.iter();
            state.restarted().is_err() || old.all(|id| !state.children.contains_key(id))
        });
        parent.lock().restarted()
    }

    /// All workers stop accepting and finish their connections until the `deadline`; those that are left four seconds
    /// behind it are killed. Returns how many were, once all have ended and the socket file is gone.
    pub fn shutdown(&self, deadline: Duration) -> usize {
        let before = self.parent.change(|state, now| {
            state.stop(deadline, now);
            state.killed
        });
        self.parent.wait_for(None, State::is_over);
        self.parent.lock().killed - before
    }

    /// Waits until the cluster is over: because of a [`shutdown`](Cluster::shutdown), or because it has given up.
    ///
    /// # Errors
    /// It has given up; the text has the reason.
    pub fn wait(&self) -> io::Result<()> {
        self.parent.wait_for(None, State::is_over);
        match &self.parent.lock().gave_up {
            Some(reason) => Err(io::Error::other(reason.clone())),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cluster({})", self.parent.address)
    }
}
