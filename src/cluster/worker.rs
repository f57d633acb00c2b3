//! A worker, from inside its own process. Its end of the control stream is its standard output.

mod own_turn;
mod parent_process;

use super::lines::{self, Part, Splitter};
use crate::net::{
    Addr, Handle, Listener, Report as Connections, Shutdown, SocketFile, Turn, guarded, lock, wait,
};
use own_turn::{Look, OwnTurn};
use parent_process::Parent;
pub(super) use parent_process::Process;
use std::env;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::str::FromStr;
use std::sync::{Arc, Condvar, Mutex, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

/// A parent that reads nothing for this long is as good as gone.
const STALL_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a thread waits for the turn before it looks whether its server stops.
const MOMENT: Duration = Duration::from_millis(250);

/// Tells a process that it is a worker, and what it has to know before its parent speaks: see [`Start`].
pub(super) const VARIABLE: &str = "BAREWIRE_WORKER";

/// `3 true true 10000 812:5077 2049:77`: its number, whether it takes turns, whether its parent has bound the socket (or was
/// lent it), the deadline without a parent in milliseconds, the parent itself, and the device and inode of the socket's
/// file, if the parent has made one. `-` stands for what there is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Start {
    pub(super) id: u64,
    pub(super) round_robin: bool,
    pub(super) owns_socket: bool,
    pub(super) deadline: Duration,
    pub(super) parent: Option<Process>,
    pub(super) file: Option<(u64, u64)>,
}

impl Start {
    pub(super) fn encode(&self) -> String {
        let millis = lines::millis(self.deadline);
        let pair = |pair: Option<(u64, u64)>| match pair {
            Some((one, other)) => format!("{one}:{other}"),
            None => "-".to_owned(),
        };
        let parent = pair(self.parent.map(|it| (it.id.into(), it.began)));
        let (id, file) = (self.id, pair(self.file));
        format!(
            "{id} {} {} {millis} {parent} {file}",
            self.round_robin, self.owns_socket
        )
    }

    /// The file that the parent has made. By now, another server may have put its own in the place of it.
    fn file(&self, address: &Addr) -> Option<SocketFile> {
        self.file.and_then(|id| SocketFile::of(address, id))
    }

    fn decode(text: &str) -> Option<Start> {
        fn pair<T: FromStr, U: FromStr>(text: &str) -> Option<Option<(T, U)>> {
            match text.split_once(':') {
                Some((one, other)) => Some(Some((one.parse().ok()?, other.parse().ok()?))),
                None => (text == "-").then_some(None),
            }
        }
        let mut parts = text.split(' ');
        let start = Start {
            id: parts.next()?.parse().ok()?,
            round_robin: parts.next()?.parse().ok()?,
            owns_socket: parts.next()?.parse().ok()?,
            deadline: Duration::from_millis(parts.next()?.parse().ok()?),
            parent: pair(parts.next()?)?.map(|(id, began)| Process { id, began }),
            file: pair(parts.next()?)?,
        };
        parts.next().is_none().then_some(start)
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
        let mut inner = Inner::new(start, stream).ok()?;
        if inner.report(lines::ONLINE, "").is_err() {
            inner.parent = Parent::Gone; // `serve` ends at once
        }
        let inner = Arc::new(inner);
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
    parent: Parent,
    stream: UnixStream,
    /// Held by the thread that writes a line.
    writing: Mutex<()>,
    turn: Mutex<OwnTurn>,
    given: Condvar,
    /// The one that serves: whether it stops, the thread that waits for the turn asks it.
    server: OnceLock<Handle>,
    on_message: Mutex<Option<Arc<Hook>>>,
}

type Hook = dyn Fn(&str) + Send + Sync;

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
    /// ([`Master::listen_on`](super::Master::listen_on)) is left alone. So is the socket of a parent that lives, and has
    /// broken off this worker because it read too slowly.
    pub fn serve(&self, handle: &Handle) -> Connections {
        let start = self.inner.start;
        let file = start.file(&handle.local_addr());
        let reported = self.inner.report(lines::LISTENING, "").ok();
        self.serves(handle);
        let mut splitter = Splitter::default();
        match reported.and_then(|()| self.listen(&mut splitter, handle)) {
            Some(how) => {
                self.listen_while_draining(splitter, handle.clone(), file);
                handle.shutdown(how)
            }
            None => {
                self.stream_has_ended(file);
                handle.shutdown(start.deadline)
            }
        }
    }

    /// From here on the parent is listened to, so the server may ask for the turn.
    fn serves(&self, handle: &Handle) {
        let _ = self.inner.server.set(handle.clone());
        lock(&self.inner.turn).serve();
        self.inner.given.notify_one();
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
            worker.stream_has_ended(file);
        };
        match thread::Builder::new().spawn(listens) {
            Ok(_) => drop(file_to.send(file)),
            Err(_) => mem::forget(file), // its drop would remove the file
        }
    }

    /// A parent that lives has broken off this worker alone, which was too slow to read: the others go on.
    fn stream_has_ended(&self, file: Option<SocketFile>) {
        match self.inner.start.owns_socket && self.inner.parent.is_gone() {
            true => close_for_all(), // and the file is removed
            false => mem::forget(file),
        }
    }

    /// Follows what the parent says until the server is to stop. `None`: the control stream has ended.
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
            lines::TURN => {
                let is_taken = lock(&self.inner.turn).give();
                match is_taken {
                    true => self.inner.given.notify_one(),
                    false => drop(self.inner.report(lines::PASS_TURN, "")),
                }
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
            parent: Parent::new(start.parent),
            stream,
            writing: Mutex::default(),
            turn: Mutex::default(),
            given: Condvar::new(),
            server: OnceLock::new(),
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
        let mut turn = lock(&self.turn);
        loop {
            let stops = self.server.get().is_some_and(Handle::is_stopping);
            match turn.look(stops) {
                Look::Accept => return true,
                Look::Leave if stops => return false,
                Look::Leave => {
                    drop(wait(&self.given, turn, Some(MOMENT)));
                    return false;
                }
                Look::Ask => drop(self.report(lines::WANT_TURN, "")),
                Look::Wait => {}
            }
            turn = wait(&self.given, turn, Some(MOMENT));
        }
    }

    fn release(&self, _accepted: bool) {
        lock(&self.turn).pass();
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
mod tests;
