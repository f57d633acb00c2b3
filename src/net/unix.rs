//! Unix domain sockets: a stream between processes of one machine, and the file that names it.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{self, Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::addr::Addr;
use super::kernel::KernelSocket;
use super::reach::local;

/// How long a server that starts waits for another one that is replacing a file in the same directory, and
/// how often it tries. That one needs less than a millisecond.
const LOCK_TIMEOUT: Duration = Duration::from_secs(1);
const LOCK_POLL_INTERVAL: Duration = Duration::from_millis(1);

/// A connection over a Unix domain socket.
pub type Unix = KernelSocket<UnixStream>;

impl Unix {
    /// Connects to the server that listens at `path`. Where that server is behind with
    /// accepting, this waits for it.
    ///
    /// # Errors
    /// There is no such file, or no server listens there.
    pub fn connect(path: impl AsRef<Path>) -> io::Result<Unix> {
        UnixStream::connect(path).map(Unix::from)
    }

    /// [`connect`](Unix::connect), but not longer than until `deadline`. (The kernel's timer may be
    /// an eighth late.)
    ///
    /// A caller that waits for a server with a full backlog holds up no caller that connects to another
    /// server. (If the system has no thread for the connect, the caller's thread makes it as soon as
    /// the backlog has room; should another client be faster, it waits until the server accepts.)
    ///
    /// # Errors
    /// As for [`connect`](Unix::connect), with the path named; [`ErrorKind::TimedOut`] at the
    /// deadline.
    pub fn connect_until(path: impl AsRef<Path>, deadline: Instant) -> io::Result<Unix> {
        local::connect(path.as_ref(), deadline).map(Unix::from)
    }
}

/// The stream must be in blocking mode. A `try_clone` of it kept elsewhere shares its timeouts,
/// and its mode during a [`try_read`](super::Stream::try_read).
impl From<UnixStream> for Unix {
    fn from(stream: UnixStream) -> Unix {
        let peer = stream.peer_addr().ok().map(Addr::from);
        KernelSocket::new(stream, peer)
    }
}

/// Listens at `path`. A socket file that a dead server left there is replaced.
pub(super) fn listen(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
    if path.as_os_str().is_empty() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "the path is empty"));
    }
    let listener = match UnixListener::bind(path) {
        Err(e) if e.kind() == ErrorKind::AddrInUse => replace_stale(path)?,
        other => other?,
    };
    let file = SocketFile::at(path)?;
    Ok((listener, file))
}

/// Removes a stale file and listens in its place, under a lock that other servers take, too: between the check of
/// the file and its removal, another server could put its own file there.
fn replace_stale(path: &Path) -> io::Result<UnixListener> {
    let _locked = lock_directory(path)?;
    match remove_stale(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => {} // its server was just closing
        done => done?,
    }
    UnixListener::bind(path)
}

/// Locks the directory of a path: a lock file could be left behind. The lock ends when the value is dropped, or with
/// the process.
fn lock_directory(path: &Path) -> io::Result<File> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let directory = File::open(parent.unwrap_or(Path::new(".")))?;
    let began = Instant::now();
    loop {
        match directory.try_lock() {
            Ok(()) => return Ok(directory),
            Err(TryLockError::Error(e)) => return Err(e),
            Err(TryLockError::WouldBlock) if began.elapsed() < LOCK_TIMEOUT => {
                thread::sleep(LOCK_POLL_INTERVAL);
            }
            Err(TryLockError::WouldBlock) => {
                return Err(in_use(
                    "a socket without a server is there, and another process holds the lock of its directory",
                ));
            }
        }
    }
}

fn remove_stale(path: &Path) -> io::Result<()> {
    let found = SocketFile::id(path)?;
    if !fs::symlink_metadata(path)?.file_type().is_socket() {
        return Err(in_use("there is a file that is not a socket"));
    }
    if !is_deserted(path)? {
        return Err(in_use("another server listens there"));
    }
    if SocketFile::id(path)? != found {
        return Err(in_use("another server has just begun to listen there"));
    }
    fs::remove_file(path)
}

fn in_use(text: &str) -> io::Error {
    io::Error::new(ErrorKind::AddrInUse, text)
}

/// Whether no process has the socket at `path` open any more. A *datagram* socket asks, because
/// it cannot connect to a stream socket: a live server is not troubled with a connection, and one
/// that is behind with accepting does not keep us waiting. It answers "wrong type" (`EPROTOTYPE`),
/// where the dead answer "refused".
fn is_deserted(path: &Path) -> io::Result<bool> {
    use ErrorKind::{ConnectionRefused, NotFound, PermissionDenied};
    match UnixDatagram::unbound()?.connect(path) {
        Err(e) if e.kind() == ConnectionRefused => Ok(true),
        Err(e) if matches!(e.kind(), PermissionDenied | NotFound) => Err(e),
        _ => Ok(false),
    }
}

/// The file that names a listening socket. Dropping this removes it, if it is still ours: drop it
/// before the listener, whose open socket keeps the inode's number from being given to another.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    id: (u64, u64),
}

impl SocketFile {
    fn at(path: &Path) -> io::Result<SocketFile> {
        Ok(SocketFile {
            path: path::absolute(path)?,
            id: SocketFile::id(path)?,
        })
    }

    /// Device and inode.
    fn id(path: &Path) -> io::Result<(u64, u64)> {
        fs::symlink_metadata(path).map(|file| (file.dev(), file.ino()))
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if SocketFile::id(&self.path).is_ok_and(|id| id == self.id) {
            let _ = fs::remove_file(&self.path);
        }
    }
}
