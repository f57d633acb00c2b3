//! A worker as its parent has it: a process, and the parent's end of the control stream.

use super::lines;
use crate::net::{ConnectOptions, Socket, Unix, lock};
use std::ffi::OsString;
use std::fmt;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{self, Command, ExitStatus};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How many bytes are queued for a worker that does not read.
const QUEUE_BYTES: usize = 1024 * 1024;
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
    process: Mutex<process::Child>,
    control: Socket,
}

impl Child {
    /// Starts the process, in a group of its own: a Ctrl-C reaches the parent only.
    pub(super) fn spawn(
        id: u64,
        program: &Program,
        socket: OwnedFd,
        variable: (&str, String),
    ) -> io::Result<Child> {
        Child::spawn_with(id, program, socket, variable, ConnectOptions::default())
    }

    /// The options say how slowly it may read.
    pub(super) fn spawn_with(
        id: u64,
        (path, args): &Program,
        socket: OwnedFd,
        variable: (&str, String),
        options: ConnectOptions,
    ) -> io::Result<Child> {
        let (ours, theirs) = UnixStream::pair()?;
        let mut command = Command::new(path);
        command.args(args).env(variable.0, variable.1);
        command.stdin(socket).stdout(OwnedFd::from(theirs));
        let process = command.process_group(0).spawn().map_err(|e| {
            let text = format!("cannot start {}: {e}", path.display());
            io::Error::new(e.kind(), text)
        })?;
        let inner = Inner {
            id,
            pid: process.id(),
            process: Mutex::new(process),
            control: Socket::with(Arc::new(Unix::from(ours)), options, false, None),
        };
        let inner = Arc::new(inner);
        Ok(Child { inner })
    }

    /// Its number in the cluster: 1, 2, 3 …; no two workers have the same.
    pub fn id(&self) -> u64 {
        self.inner.id
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.inner.pid
    }

    /// Sends it a text, which its [`on_message`](super::Worker::on_message) gets. It never waits: if the worker does not
    /// read, 1 MiB is queued for it. A worker that takes less than 256 bytes a second of its queue for 30 s is killed.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`]: the text is longer than 64 KiB; [`ErrorKind::WouldBlock`]: the queue is full;
    /// [`ErrorKind::NotConnected`]: the worker has ended.
    pub fn send(&self, text: &str) -> io::Result<()> {
        self.order(lines::MESSAGE, text)
    }

    /// Kills the process (SIGKILL). The connections that it serves are lost.
    ///
    /// # Errors
    /// The system refuses to.
    pub fn kill(&self) -> io::Result<()> {
        lock(&self.inner.process).kill()
    }

    pub(super) fn order(&self, verb: &str, text: &str) -> io::Result<()> {
        let line = lines::line(verb, text)?;
        let error = |kind, what| {
            let text = format!("worker {} {what}", self.id());
            Err(io::Error::new(kind, text))
        };
        let control = &self.inner.control;
        // Of the other verbs a worker gets one turn at a time, and an order to end only if it is to end sooner: they
        // always have room.
        let may_pile_up = [lines::MESSAGE, lines::STATS].contains(&verb);
        if may_pile_up && control.buffered() + line.len() > QUEUE_BYTES {
            return error(ErrorKind::WouldBlock, "does not read its messages");
        }
        if self.try_wait()?.is_some() {
            return error(ErrorKind::NotConnected, "has ended");
        }
        control.write(line); // false: it is queued, or the stream has just ended
        Ok(())
    }

    /// What arrives from the worker; `None` from time to time, while nothing does.
    pub(super) fn read(&self, buf: &mut [u8]) -> io::Result<Option<usize>> {
        self.inner.control.read_within(buf, POLL_INTERVAL)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    /// A turn that is not queued would never be asked for again.
    #[test]
    fn a_full_queue_has_room_for_a_turn_and_for_the_end() {
        let program = (PathBuf::from("sleep"), vec![OsString::from("1000")]);
        let socket = OwnedFd::from(File::open("/dev/null").expect("a file"));
        let child = Child::spawn(1, &program, socket, ("NOTHING", String::new()));
        let child = child.expect("a process");
        let text = "x".repeat(60_000);
        for text in [text.as_str(), ""] {
            while child.send(text).is_ok() {}
        }
        let refused = child.send("").map_err(|e| e.kind());
        let verbs = [lines::TURN, lines::DRAIN, lines::RESTART];
        let queued = verbs.map(|verb| child.order(verb, "").is_ok());
        child.kill().expect("it is ours");
        lock(&child.inner.process).wait().expect("it is ours");
        assert_eq!(refused, Err(ErrorKind::WouldBlock));
        assert_eq!(queued, [true; 3], "{verbs:?}");
    }
}
