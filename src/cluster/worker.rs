//! A worker, from inside its own process.

use super::control::Control;
use super::lines::{Verb, millis};
use crate::net::{
    Handle, Listener, Report as Connections, Shutdown, SocketFile, Turn, guarded, lock,
};
use std::env;
use std::fmt;
use std::io;
use std::mem::ManuallyDrop;
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

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
        let millis = millis(self.deadline);
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

/// This process as a worker; `None`: it is the parent, or was started by itself. Every call returns the same worker.
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
        let control = Arc::new(Control::of_stdout());
        let _ = control.report(Verb::Online, ""); // without a parent, `serve` ends at once
        Some(Worker {
            inner: Arc::new(Inner {
                start,
                control,
                on_message: Mutex::new(None),
            }),
        })
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
    control: Arc<Control>,
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
            true => listener.take_turns(Arc::clone(&self.inner.control) as Arc<dyn Turn>),
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
        self.inner.control.report(Verb::Message, text)
    }

    /// Sends a text to the parent and to all other workers.
    ///
    /// # Errors
    /// As for [`send`](Worker::send).
    pub fn notify(&self, text: &str) -> io::Result<()> {
        self.inner.control.report(Verb::Notify, text)
    }

    /// This worker finishes its connections and ends; another takes its place at once. [`serve`](Worker::serve)
    /// returns then.
    ///
    /// # Errors
    /// The parent is gone.
    pub fn disconnect(&self) -> io::Result<()> {
        self.inner.control.report(Verb::Disconnect, "")
    }

    /// The last thing that a worker does: tells the parent that it accepts connections, follows what the parent says,
    /// and stops the server when the parent wants it to or is gone, whatever signal has ended it. Returns how the
    /// connections ended; the worker should end then.
    ///
    /// If the parent is gone, nobody else is to accept from the socket that it has bound: it is closed for all, and its
    /// file is removed, so that a new cluster can listen on the address at once. A socket that the parent was lent
    /// ([`Master::listen_on`](super::Master::listen_on)) is left alone.
    pub fn serve(&self, handle: &Handle) -> Connections {
        // Its drop removes the file.
        let file = ManuallyDrop::new(SocketFile::of(&handle.local_addr()));
        let mut how = Shutdown::from(self.inner.start.deadline);
        let control = &self.inner.control;
        let has_parent = control.report(Verb::Listening, "").is_ok()
            && control.listen(|verb, text| self.follow(verb, text, handle, &mut how));
        if !has_parent && self.inner.start.owns_socket {
            drop(ManuallyDrop::into_inner(file));
            close_for_all();
        }
        handle.shutdown(how)
    }

    /// True: the server is to stop, and how.
    fn follow(&self, verb: Verb, text: &str, handle: &Handle, how: &mut Shutdown) -> bool {
        match verb {
            Verb::Stats => {
                let figures = handle.snapshot().to_string();
                let _ = self.inner.control.report(Verb::Stats, &figures);
            }
            Verb::Message => {
                let hook = lock(&self.inner.on_message).clone();
                let _ = guarded(|| hook.inspect(|hook| hook(text)));
            }
            Verb::Drain | Verb::Restart => {
                let deadline = text.parse().map_or(how.deadline, Duration::from_millis);
                *how = match verb {
                    Verb::Restart => Shutdown::restart(deadline),
                    _ => Shutdown::from(deadline),
                };
                return true;
            }
            _ => {} // no parent says that
        }
        false
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Worker({})", self.id())
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
