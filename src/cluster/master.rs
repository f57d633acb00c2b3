//! The settings of a cluster, and its start.

use super::child::Program;
use super::events::Events;
use super::fleet::Fleet;
use super::handle::Cluster;
use super::parent::{Parent, State};
use super::worker::{Process, Start};
use crate::net::{Listener, guarded};
use crate::setters::setters;
use std::env;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// A cluster that does not run yet: the notes' `cluster.setupMaster`.
///
/// ```no_run
/// use barewire::cluster;
///
/// let cluster = cluster::setup_master().workers(4).listen("127.0.0.1:1337")?;
/// cluster.wait()?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn setup_master() -> Master {
    setup_master_with(())
}

/// The same, with the notes' events.
///
/// ```no_run
/// use barewire::cluster::{self, Child, Events};
///
/// struct Mourning;
///
/// impl Events for Mourning {
///     fn exit(&self, child: &Child, code: Option<i32>, signal: Option<i32>) {
///         eprintln!("worker {} is dead: {code:?} {signal:?}", child.pid());
///     }
/// }
///
/// let cluster = cluster::setup_master_with(Mourning).listen("127.0.0.1:1337")?;
/// cluster.wait()?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn setup_master_with(events: impl Events) -> Master {
    let ten_seconds = Duration::from_secs(10);
    Master {
        events: Box::new(events),
        workers: thread::available_parallelism().map_or(1, usize::from),
        exec: None,
        start: Start {
            id: 0,
            round_robin: false,
            owns_socket: true,
            deadline: ten_seconds,
            parent: None,
            file: None,
        },
        fleet: Fleet::new(ten_seconds, 5),
    }
}

/// The settings of a cluster: see [`setup_master`].
///
/// ```no_run
/// use barewire::cluster;
/// use std::time::Duration;
///
/// let master = cluster::setup_master()
///     .workers(2)
///     .round_robin(true)
///     .exec("/usr/local/bin/worker", ["--verbose"])
///     .deadline(Duration::from_secs(30));
/// let cluster = master.listen("unix:/run/app.sock")?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Master {
    events: Box<dyn Events>,
    workers: usize,
    exec: Option<Program>,
    start: Start,
    fleet: Fleet,
}

impl Master {
    setters! {
        /// How many workers there are. Default: one for each core. 0: [`Cluster::fork`] makes each of them, as in the
        /// notes.
        pub fn workers(self, workers: usize) => self.workers = workers;

        /// The workers accept in turn. Default: false, the kernel chooses. See [the page](super#whose-turn-it-is) for
        /// what each costs.
        pub fn round_robin(self, round_robin: bool) => self.start.round_robin = round_robin;

        /// A worker that does not accept connections by then is killed, and has failed. Default: 10 s.
        pub fn start_timeout(self, limit: Duration) => self.fleet.start_timeout = limit;

        /// After this number of workers in a row that ended before they had served for a second, the cluster gives up,
        /// unless other workers serve. Default: 5.
        pub fn max_failures(self, failures: u32) => self.fleet.max_failures = failures.max(1);

        /// How long a worker whose parent is gone, or that is [disconnected](Cluster::disconnect), has to finish its
        /// connections. Default: 10 s.
        pub fn deadline(self, deadline: Duration) => self.start.deadline = deadline;
    }

    /// What a worker runs. Default: the program of this process, with the same arguments.
    pub fn exec<A: Into<OsString>>(
        mut self,
        program: impl Into<PathBuf>,
        args: impl IntoIterator<Item = A>,
    ) -> Master {
        self.exec = Some((program.into(), args.into_iter().map(A::into).collect()));
        self
    }

    /// Binds the address, as [`Listener::bind`] does, and starts the workers. It returns without waiting for them:
    /// connections wait in the backlog until then.
    ///
    /// # Errors
    /// The address cannot be bound, or a thread cannot be started. (A worker that cannot be is an
    /// [`error`](Events::error), and tried again.)
    pub fn listen(mut self, address: &str) -> io::Result<Cluster> {
        let listener = Listener::bind(address)?;
        self.start.file = listener.file_id();
        self.start_on(listener)
    }

    /// [`listen`](Master::listen) on a listener that is bound already, such as a service manager's. It stays open when
    /// the parent is killed.
    ///
    /// # Errors
    /// A thread cannot be started, or the path of this program is not known.
    pub fn listen_on(mut self, listener: Listener) -> io::Result<Cluster> {
        self.start.owns_socket = false;
        self.start_on(listener)
    }

    fn start_on(self, listener: Listener) -> io::Result<Cluster> {
        let own = || Ok::<_, io::Error>((env::current_exe()?, env::args_os().skip(1).collect()));
        let parent = Arc::new(Parent {
            address: listener.local_addr()?,
            program: self.exec.map_or_else(own, Ok)?,
            events: self.events,
            start: Start {
                parent: Process::this(),
                ..self.start
            },
            epoch: Instant::now(),
            asking: Mutex::default(),
            restarting: Mutex::default(),
            state: Mutex::new(State::new(self.fleet, listener)),
            changed: Condvar::new(),
        });
        let _ = guarded(|| parent.events.setup(&parent.address));
        let cluster = Cluster { parent };
        let started = (0..self.workers).try_for_each(|_| cluster.parent.start(true).map(drop));
        if started.is_err() {
            cluster.shutdown(Duration::ZERO);
        }
        started.map(|()| cluster)
    }
}

impl fmt::Debug for Master {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Master({} workers)", self.workers)
    }
}
