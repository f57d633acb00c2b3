//! A worker, from inside its own process. Its end of the control stream is its standard output.

use super::lines::{self, Part, Splitter};
use crate::net::{
    Handle, Listener, Report as Connections, Shutdown, SocketFile, Turn, guarded, lock, wait_until,
};
use std::env;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// A parent that reads nothing for this long is as good as gone.
const STALL_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a thread waits for the turn before it looks whether its server stops.
const MOMENT: Duration = Duration::from_millis(250);

/// Tells a process that it is a worker, and what it has to know before its parent speaks: see [`Start`].
pub(super) const VARIABLE: &str = "BAREWIRE_WORKER";

/// `3 true true 10000`: its number, whether it takes turns, whether its parent has bound the socket (or was lent it),
/// and the deadline without a parent in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Start {
    pub(super) id: u64,
    pub(super) round_robin: bool,
    pub(super) owns_socket: bool,
    pub(super) deadline: Duration,
}

impl Start {
    pub(super) fn encode(&self) -> String {
        let millis = lines::millis(self.deadline);
        format!(
            "{} {} {} {millis}",
            self.id, self.round_robin, self.owns_socket
        )
    }

    fn decode(text: &str) -> Option<Start> {
        let mut parts = text.split(' ');
        Some(Start {
            id: parts.next()?.parse().ok()?,
            round_robin: parts.next()?.parse().ok()?,
            owns_socket: parts.next()?.parse().ok()?,
            deadline: Duration::from_millis(parts.next()?.parse().ok()?),
        })
    }
}

/// This process as a worker; `None`: it is the parent, or was started by itself, or its standard output is no control
/// stream. Every call returns the same worker.
///
/// A worker's standard input is the listening socket and its standard output the control stream, so a worker prints on
/// standard error. (What it prints on standard output comes out on the parent's standard error.) A program that a
/// worker starts inherits the environment variable `BAREWIRE_WORKER`: if that is the same program again, remove it.
///
/// ```no_run
/// use barewire::{cluster, http};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// if let Some(worker) = cluster::worker() {
///     let server = http::create_server(|_req, res| res.end(std::process::id().to_string()));
///     worker.serve(&server.listen_on(worker.listener()?)?);
///     return Ok(());
/// }
/// // This is the parent.
/// cluster::setup_master().listen("127.0.0.1:1337")?.wait()?;
/// # Ok(())
/// # }
/// ```
pub fn worker() -> Option<Worker> {
    static WORKER: OnceLock<Option<Worker>> = OnceLock::new();
    let start = || {
        let start = Start::decode(&env::var(VARIABLE).ok()?)?;
        let stream = UnixStream::from(io::stdout().as_fd().try_clone_to_owned().ok()?);
        let inner = Arc::new(Inner::new(start, stream).ok()?);
        let _ = inner.report(lines::ONLINE, ""); // without a parent, `serve` ends at once
        Some(Worker { inner })
    };
    WORKER.get_or_init(start).clone()
}

/// This process as one of several workers: see [`worker`]. Clones are the same worker.
///
/// One worker tells all others:
///
/// ```no_run
/// use barewire::{cluster, http};
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// fn serve(worker: &cluster::Worker) -> std::io::Result<()> {
///     let visits = Arc::new(AtomicU64::new(0));
///     let elsewhere = Arc::clone(&visits);
///     worker.on_message(move |_text| drop(elsewhere.fetch_add(1, Ordering::Relaxed)));
///     let notifier = worker.clone();
///     let server = http::create_server(move |_req, res| {
///         let count = visits.fetch_add(1, Ordering::Relaxed) + 1;
///         notifier.notify("a visit")?;
///         res.end(format!("visit {count} of all workers\n"))
///     });
///     worker.serve(&server.listen_on(worker.listener()?)?);
///     Ok(())
/// }
/// # let _ = serve;
/// ```
#[derive(Clone)]
pub struct Worker {
    inner: Arc<Inner>,
}

struct Inner {
    start: Start,
    stream: UnixStream,
    /// Held by the thread that writes a line.
    writing: Mutex<()>,
    turn: Mutex<TurnState>,
    given: Condvar,
    on_message: Mutex<Option<Arc<Hook>>>,
}

type Hook = dyn Fn(&str) + Send + Sync;

#[derive(Default, PartialEq, Eq)]
enum TurnState {
    /// Nobody reads what the parent says, so the turn would not be heard of; or the server stops.
    #[default]
    NotServing,
    Passed,
    /// The parent has been asked for the turn, and has not given it yet.
    Wanted,
    Given,
}

impl Worker {
    /// Its number in the cluster: 1, 2, 3 …; no two workers have the same.
    pub fn id(&self) -> u64 {
        self.inner.start.id
    }

    /// The listening socket, which all workers share. It takes turns if the parent's
    /// [`round_robin`](super::Master::round_robin) says so.
    ///
    /// # Errors
    /// Standard input is no listening socket.
    pub fn listener(&self) -> io::Result<Listener> {
        let listener = Listener::from_stdin()?;
        Ok(match self.inner.start.round_robin {
            true => listener.take_turns(Arc::clone(&self.inner) as Arc<dyn Turn>),
            false => listener,
        })
    }

    /// Calls `hook` with each message from the parent and each that another worker [notifies](Worker::notify), on the
    /// thread that is in [`serve`](Worker::serve). Set it before that: there is one hook, and none before.
    pub fn on_message(&self, hook: impl Fn(&str) + Send + Sync + 'static) {
        *lock(&self.inner.on_message) = Some(Arc::new(hook));
    }

    /// Sends a text to the parent: its event [`message`](super::Events::message).
    ///
    /// # Errors
    /// [`InvalidInput`](io::ErrorKind::InvalidInput): the text is longer than 64 KiB; the parent is gone, or has read
    /// nothing for 10 s.
    pub fn send(&self, text: &str) -> io::Result<()> {
        self.inner.report(lines::MESSAGE, text)
    }

    /// Sends a text to the parent and to all other workers.
    ///
    /// # Errors
    /// As for [`send`](Worker::send).
    pub fn notify(&self, text: &str) -> io::Result<()> {
        self.inner.report(lines::NOTIFY, text)
    }

    /// This worker finishes its connections and ends; another takes its place, as after
    /// [`Cluster::disconnect`](super::Cluster::disconnect). [`serve`](Worker::serve) returns then.
    ///
    /// # Errors
    /// The parent is gone.
    pub fn disconnect(&self) -> io::Result<()> {
        self.inner.report(lines::DISCONNECT, "")
    }

    /// The last thing that a worker does: tells the parent that it accepts connections, follows what the parent says,
    /// and stops the server when the parent wants it to or is gone, whatever signal has ended it. Returns how the
    /// connections ended; the worker should end then.
    ///
    /// If the parent is gone, nobody else is to accept from the socket that it has bound: it is closed for all, and its
    /// file is removed, so that a new cluster can listen on the address at once. A socket that the parent was lent
    /// ([`Master::listen_on`](super::Master::listen_on)) is left alone.
    pub fn serve(&self, handle: &Handle) -> Connections {
        let file = SocketFile::of(&handle.local_addr());
        let start = self.inner.start;
        let reported = self.inner.report(lines::LISTENING, "").ok();
        *lock(&self.inner.turn) = TurnState::Passed;
        self.inner.given.notify_one();
        let mut splitter = Splitter::default();
        match reported.and_then(|()| self.listen(&mut splitter, handle)) {
            Some(how) => {
                self.listen_while_draining(splitter, handle.clone(), file);
                handle.shutdown(how)
            }
            None => {
                self.parent_is_gone(file);
                handle.shutdown(start.deadline)
            }
        }
    }

    /// On a thread of its own, until the process ends: the parent may want it to end sooner, or may be gone before that.
    fn listen_while_draining(
        &self,
        mut splitter: Splitter,
        handle: Handle,
        file: Option<SocketFile>,
    ) {
        let (worker, (file_to, file_of)) = (self.clone(), mpsc::channel());
        let listens = move || {
            let Ok(file) = file_of.recv() else { return };
            while let Some(sooner) = worker.listen(&mut splitter, &handle) {
                handle.shutdown(sooner);
            }
            worker.parent_is_gone(file);
        };
        match thread::Builder::new().spawn(listens) {
            Ok(_) => drop(file_to.send(file)),
            Err(_) => mem::forget(file), // its drop would remove the file
        }
    }

    fn parent_is_gone(&self, file: Option<SocketFile>) {
        match self.inner.start.owns_socket {
            true => close_for_all(), // and the file is removed
            false => mem::forget(file),
        }
    }

    /// Follows what the parent says until the server is to stop. `None`: the parent is gone.
    fn listen(&self, splitter: &mut Splitter, handle: &Handle) -> Option<Shutdown> {
        let (mut buf, mut how) = ([0; 4096], None);
        while how.is_none() {
            let n = match (&self.inner.stream).read(&mut buf) {
                Ok(n @ 1..) => n,
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Ok(_) | Err(_) => return None,
            };
            splitter.receive(&buf[..n], |part| {
                if let Part::Line(verb, text) = part {
                    how = self.follow(verb, text, handle).or(how);
                }
            });
        }
        how
    }

    /// Returns how the server is to stop, once it is.
    fn follow(&self, verb: &str, text: &str, handle: &Handle) -> Option<Shutdown> {
        let deadline = || Duration::from_millis(text.parse().unwrap_or_default());
        match verb {
            lines::DRAIN => return Some(Shutdown::from(deadline())),
            lines::RESTART => return Some(Shutdown::restart(deadline())),
            lines::TURN if handle.is_stopping() => {
                *lock(&self.inner.turn) = TurnState::NotServing; // no thread asks for it once more
                let _ = self.inner.report(lines::PASS_TURN, "");
            }
            lines::TURN => {
                *lock(&self.inner.turn) = TurnState::Given;
                self.inner.given.notify_one();
            }
            lines::STATS => {
                let answer = format!("{text} {}", handle.snapshot());
                let _ = self.inner.report(lines::STATS, &answer);
            }
            lines::MESSAGE => {
                let hook = lock(&self.inner.on_message).clone();
                let _ = guarded(|| hook.inspect(|hook| hook(text)));
            }
            _ => {} // no parent says that
        }
        None
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Worker({})", self.id())
    }
}

impl Inner {
    fn new(start: Start, stream: UnixStream) -> io::Result<Inner> {
        stream.set_write_timeout(Some(STALL_TIMEOUT))?;
        Ok(Inner {
            start,
            stream,
            writing: Mutex::default(),
            turn: Mutex::default(),
            given: Condvar::new(),
            on_message: Mutex::default(),
        })
    }

    fn report(&self, verb: &str, text: &str) -> io::Result<()> {
        let line = lines::line(verb, text)?;
        let _writing = lock(&self.writing);
        (&self.stream).write_all(&line)
    }
}

/// One thread at a time wants the turn, or has it. If the parent is gone, `serve` sees it.
impl Turn for Inner {
    fn acquire(&self) -> bool {
        let until = Instant::now().checked_add(MOMENT);
        let mut turn = lock(&self.turn);
        while *turn != TurnState::Given {
            if *turn == TurnState::Passed {
                *turn = TurnState::Wanted;
                let _ = self.report(lines::WANT_TURN, "");
            }
            turn = match wait_until(&self.given, turn, until) {
                Some(turn) => turn,
                None => return false,
            };
        }
        true
    }

    fn release(&self, _accepted: bool) {
        *lock(&self.turn) = TurnState::Passed;
        let _ = self.report(lines::PASS_TURN, "");
    }
}

/// Standard input stays open until the process ends, so the socket itself is shut down.
fn close_for_all() {
    let stdin = io::stdin();
    if let Ok(socket) = stdin.as_fd().try_clone_to_owned() {
        let _ = TcpStream::from(socket).shutdown(std::net::Shutdown::Both);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without a start, the process would take itself for the parent.
    #[test]
    fn a_deadline_that_never_comes_is_a_deadline() {
        let start = Start {
            id: 1,
            round_robin: false,
            owns_socket: false,
            deadline: Duration::MAX,
        };
        let read = Start::decode(&start.encode()).expect("a start");
        assert!(read.deadline > Duration::from_secs(3600 * 24 * 365 * 1000));
    }

    /// The others would wait for a worker that does not hear of its turn.
    #[test]
    fn a_worker_asks_for_the_turn_once_it_serves() {
        let start = Start::decode("1 true true 10000").expect("a start");
        let (stream, mut parent) = UnixStream::pair().expect("a pair");
        parent.set_nonblocking(true).expect("a socket");
        let inner = Inner::new(start, stream).expect("a socket");
        let mut buf = [0; 64];
        assert!(!inner.acquire(), "nobody has given it");
        let early = parent.read(&mut buf).map_err(|e| e.kind());
        assert_eq!(early, Err(ErrorKind::WouldBlock));
        *lock(&inner.turn) = TurnState::Passed;
        assert!(!inner.acquire() && !inner.acquire());
        let n = parent.read(&mut buf).expect("a line");
        let asked = lines::line(lines::WANT_TURN, "").expect("it is short");
        assert_eq!(buf[..n], asked, "once");
    }

    /// The program of a worker may stop its server itself, while the parent has been asked for the turn.
    #[test]
    fn a_turn_that_comes_after_the_stop_is_passed_on() {
        let start = Start::decode("1 true true 10000").expect("a start");
        let (stream, mut parent) = UnixStream::pair().expect("a pair");
        parent.set_nonblocking(true).expect("a socket");
        let inner = Arc::new(Inner::new(start, stream).expect("a socket"));
        let worker = Worker { inner };
        let server = crate::net::create_server(|_| Ok(()));
        let handle = server.listen("127.0.0.1:0").expect("an address");
        let mut buf = [0; 64];
        worker.follow(lines::TURN, "", &handle);
        let kept = parent.read(&mut buf).map_err(|e| e.kind());
        assert_eq!(kept, Err(ErrorKind::WouldBlock), "it will accept");
        handle.stop();
        worker.follow(lines::TURN, "", &handle);
        let n = parent.read(&mut buf).expect("a line");
        let passed = lines::line(lines::PASS_TURN, "").expect("it is short");
        assert_eq!(buf[..n], passed);
        assert!(!worker.inner.acquire());
        let asked = parent.read(&mut buf).map_err(|e| e.kind());
        assert_eq!(asked, Err(ErrorKind::WouldBlock), "once more");
    }

    #[test]
    fn what_a_worker_knows_at_its_start_comes_back() {
        for round_robin in [true, false] {
            let start = Start {
                id: 3,
                round_robin,
                owns_socket: !round_robin,
                deadline: Duration::from_secs(10),
            };
            assert_eq!(Start::decode(&start.encode()), Some(start));
        }
        for garbage in [
            "",
            "1",
            "1 both true 2",
            "x true true 2",
            "1 true true -2",
            "1 true 2",
        ] {
            assert_eq!(Start::decode(garbage), None, "{garbage:?}");
        }
    }
}
