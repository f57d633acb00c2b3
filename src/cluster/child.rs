//! A worker as its parent has it: a process, and the parent's end of the control stream.

use super::lines::Verb;
use crate::net::{is_timeout, lock};
use std::ffi::OsString;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{self, Command, ExitStatus};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long a write waits for a worker that does not read. What is left is queued.
const WRITE_SLICE: Duration = Duration::from_millis(1);
/// How many bytes are queued for such a worker.
const QUEUE_BYTES: usize = 1024 * 1024;
/// A worker that reads nothing of its queue for this long is killed.
const STALL_TIMEOUT: Duration = Duration::from_secs(10);
/// How often the parent looks at its worker while nothing arrives from it.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// What a worker runs: its path and its arguments.
pub(super) type Program = (PathBuf, Vec<OsString>);

/// A worker, in the parent. Clones are the same worker.
///
/// The events of a cluster get it, and [`Cluster::children`](super::Cluster::children) returns those that are alive:
///
/// ```
/// use barewire::cluster::{Child, Events};
///
/// /// Answers each message.
/// struct Replies;
///
/// impl Events for Replies {
///     fn message(&self, child: &Child, text: &str) {
///         let _ = child.send(&format!("{text}, worker {}", child.id()));
///     }
/// }
/// # let master = barewire::cluster::setup_master_with(Replies);
/// ```
#[derive(Clone)]
pub struct Child {
    inner: Arc<Inner>,
}

struct Inner {
    id: u64,
    pid: u32,
    stream: UnixStream,
    process: Mutex<process::Child>,
    queue: Mutex<Queue>,
}

/// What the worker has not read yet and the kernel has not taken.
struct Queue {
    bytes: Vec<u8>,
    moved: Instant,
}

impl Child {
    /// Starts the process, in a group of its own: a Ctrl-C reaches the parent only.
    pub(super) fn spawn(
        id: u64,
        (path, args): &Program,
        socket: OwnedFd,
        variable: (&str, String),
    ) -> io::Result<Child> {
        let (stream, theirs) = UnixStream::pair()?;
        stream.set_write_timeout(Some(WRITE_SLICE))?;
        stream.set_read_timeout(Some(POLL_INTERVAL))?;
        let process = Command::new(path)
            .args(args)
            .env(variable.0, variable.1)
            .stdin(socket)
            .stdout(OwnedFd::from(theirs))
            .process_group(0)
            .spawn();
        let process = process.map_err(|e| {
            let text = format!("cannot start {}: {e}", path.display());
            io::Error::new(e.kind(), text)
        })?;
        let queue = Queue {
            bytes: Vec::new(),
            moved: Instant::now(),
        };
        Ok(Child {
            inner: Arc::new(Inner {
                id,
                pid: process.id(),
                stream,
                process: Mutex::new(process),
                queue: Mutex::new(queue),
            }),
        })
    }

    /// Its number in the cluster: 1, 2, 3 …; no two workers have the same.
    pub fn id(&self) -> u64 {
        self.inner.id
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.inner.pid
    }

    /// Sends it a text, which its [`on_message`](super::Worker::on_message) gets. Returns within moments, also if the
    /// worker reads nothing: 1 MiB is queued for it, and it is killed after 10 s without any progress.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`]: the text is longer than 64 KiB; [`ErrorKind::WouldBlock`]: the queue is full; the
    /// worker has ended.
    pub fn send(&self, text: &str) -> io::Result<()> {
        self.order(Verb::Message, text)
    }

    /// Kills the process (SIGKILL). The connections that it serves are lost.
    ///
    /// # Errors
    /// The system refuses to.
    pub fn kill(&self) -> io::Result<()> {
        lock(&self.inner.process).kill()
    }

    pub(super) fn order(&self, verb: Verb, text: &str) -> io::Result<()> {
        let line = verb.line(text)?;
        let mut queue = lock(&self.inner.queue);
        if queue.bytes.len() + line.len() > QUEUE_BYTES {
            let text = format!("worker {} does not read its messages", self.id());
            return Err(io::Error::new(ErrorKind::WouldBlock, text));
        }
        let is_behind = !queue.bytes.is_empty();
        queue.bytes.extend(line);
        match is_behind {
            true => Ok(()), // the thread that reads from the worker sends it
            false => self.write(&mut queue),
        }
    }

    /// Sends what is queued, as much as the worker takes at once. A worker that takes nothing is killed.
    pub(super) fn flush(&self) {
        let mut queue = lock(&self.inner.queue);
        if queue.bytes.is_empty() {
            return;
        }
        let is_broken = self.write(&mut queue).is_err();
        if is_broken || queue.moved.elapsed() > STALL_TIMEOUT {
            let _ = self.kill();
        }
    }

    fn write(&self, queue: &mut Queue) -> io::Result<()> {
        while !queue.bytes.is_empty() {
            match (&self.inner.stream).write(&queue.bytes) {
                Ok(n) => {
                    queue.bytes.drain(..n);
                    queue.moved = Instant::now();
                }
                Err(e) if is_timeout(&e) => return Ok(()),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => {
                    queue.bytes.clear();
                    return Err(e);
                }
            }
        }
        Ok(())
    }

    /// What arrives from the worker; `None` from time to time, while nothing does.
    pub(super) fn read(&self, buf: &mut [u8]) -> io::Result<Option<usize>> {
        match (&self.inner.stream).read(buf) {
            Err(e) if is_timeout(&e) || e.kind() == ErrorKind::Interrupted => Ok(None),
            other => other.map(Some),
        }
    }

    /// How the process ended, if it has.
    pub(super) fn try_wait(&self) -> io::Result<Option<ExitStatus>> {
        lock(&self.inner.process).try_wait()
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Child({}, process {})", self.id(), self.pid())
    }
}
