//! Unix domain sockets: a stream between processes of one machine, and the file that names it.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{self, Path, PathBuf};
use std::time::Instant;

use super::addr::Addr;
use super::kernel::KernelSocket;
use super::lock_file::{LockFile, file_id};
use super::reach::local;

/// A connection over a Unix domain socket.
///
/// ```
/// use barewire::net::{self, Stream, Unix};
///
/// let path = std::env::temp_dir().join(format!("barewire-doc-{}.sock", std::process::id()));
/// let server = net::create_server(|socket| socket.write_all("welcome"));
/// let handle = server.listen(&format!("unix:{}", path.display()))?;
///
/// let stream = Unix::connect(&path)?; // or net::connect("unix:/…"), for a socket
/// assert_eq!(stream.read(&mut [0; 16])?, 7);
/// # drop(stream);
/// # handle.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), std::io::Error>(())
/// ```
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

/// Removes the file of a dead server and listens in its place, while no other server does the same: between
/// the check of the file and its removal, another server could put its own file there.
///
/// A server that finds no file at the path binds it without the lock. Its bind makes the file first and the
/// socket's entry for it afterwards: in between, the file looks like a dead server's. The kernel holds the lock of
/// the directory during both, and so the second bind below returns when the one that made `found` is over.
fn replace_stale(path: &Path) -> io::Result<UnixListener> {
    let found = match check_stale(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return UnixListener::bind(path),
        found => found?, // a live server is refused without a lock file
    };
    let _locked = LockFile::beside(path)?;
    match UnixListener::bind(path) {
        Err(e) if e.kind() == ErrorKind::AddrInUse => {}
        other => return other,
    }
    match remove_stale(path, found) {
        Err(e) if e.kind() == ErrorKind::NotFound => {} // its server was just closing
        done => done?,
    }
    UnixListener::bind(path)
}

fn remove_stale(path: &Path, found: (u64, u64)) -> io::Result<()> {
    if check_stale(path)? != found || SocketFile::id(path)? != found {
        return Err(in_use("another server has just begun to listen there"));
    }
    fs::remove_file(path)
}

/// Checks that the file at `path` is a socket without a server, and returns its identity.
fn check_stale(path: &Path) -> io::Result<(u64, u64)> {
    let file = fs::symlink_metadata(path)?;
    if !file.file_type().is_socket() {
        return Err(in_use("there is a file that is not a socket"));
    }
    if !is_deserted(path)? {
        return Err(in_use("another server listens there"));
    }
    Ok(file_id(&file))
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
pub(crate) struct SocketFile {
    path: PathBuf,
    id: (u64, u64),
}

impl SocketFile {
    /// The file that another process has bound at this address, with the device and inode that it had then.
    pub(crate) fn of(address: &Addr, id: (u64, u64)) -> Option<SocketFile> {
        let Addr::Unix(Some(path)) = address else {
            return None;
        };
        let path = path::absolute(path).ok()?;
        Some(SocketFile { path, id })
    }

    /// Its device and inode.
    pub(super) fn own_id(&self) -> (u64, u64) {
        self.id
    }

    fn at(path: &Path) -> io::Result<SocketFile> {
        Ok(SocketFile {
            path: path::absolute(path)?,
            id: SocketFile::id(path)?,
        })
    }

    /// Device and inode.
    fn id(path: &Path) -> io::Result<(u64, u64)> {
        fs::symlink_metadata(path).map(|file| file_id(&file))
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if SocketFile::id(&self.path).is_ok_and(|id| id == self.id) {
            let _ = fs::remove_file(&self.path);
        }
    }
}
