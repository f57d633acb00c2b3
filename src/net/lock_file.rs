//! A file beside another one, `PATH.lock`, that one process at a time has locked while it replaces the file at
//! `PATH`.
//!
//! The lock is `flock`'s, so it ends with the process: a lock file that a crash left behind is locked by the next
//! server. Its holder removes it *before* the lock ends. A server that waited for a removed file then holds the
//! lock of a file without a name, which protects nothing. So each server checks, once it has the lock, that the
//! path still names the file that it has locked; if not, it begins anew.
//!
//! Nothing is ever written to the file, and a symbolic link is not followed: a link has another inode than the
//! file it leads to, so the same check refuses it.

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// How long a server that starts waits for another one that holds the lock, and how often it tries. That one
/// needs less than a millisecond.
const LOCK_TIMEOUT: Duration = Duration::from_secs(1);
const LOCK_POLL_INTERVAL: Duration = Duration::from_millis(1);

/// A lock that is held. Dropping this removes the file and then ends the lock.
#[derive(Debug)]
pub(super) struct LockFile {
    path: PathBuf,
    file: File,
}

impl LockFile {
    /// Locks `PATH.lock`.
    ///
    /// # Errors
    /// The lock file cannot be made, is no regular file, or another process holds its lock for
    /// [`LOCK_TIMEOUT`]. The text names the lock file.
    pub(super) fn beside(path: &Path) -> io::Result<LockFile> {
        let mut path = path.as_os_str().to_owned();
        path.push(".lock");
        let path = PathBuf::from(path);
        match lock(&path) {
            Ok(file) => Ok(LockFile { path, file }),
            Err(e) => Err(io::Error::new(
                e.kind(),
                format!("the lock file {path:?}: {e}"),
            )),
        }
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        if is_named(&self.path, &self.file).unwrap_or(false) {
            let _ = fs::remove_file(&self.path); // if it stays, the next server locks it
        }
    }
}

fn lock(path: &Path) -> io::Result<File> {
    let began = Instant::now();
    loop {
        if let Some(file) = open(path)? {
            match file.try_lock() {
                Ok(()) if is_named(path, &file)? => return Ok(file),
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(e)) => return Err(e),
            }
        }
        if began.elapsed() >= LOCK_TIMEOUT {
            return Err(in_use("another process holds its lock"));
        }
        thread::sleep(LOCK_POLL_INTERVAL);
    }
}

/// Makes the file, or opens the one that is there; `None` if that has just been removed. It is opened for
/// writing too, since NFS locks no other file exclusively.
fn open(path: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    match options.clone().create_new(true).open(path) {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
        made => return made.map(Some),
    }
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => Err(in_use("it is not a regular file")),
        Ok(_) => unless_gone(options.open(path)),
        Err(e) => unless_gone(Err(e)),
    }
}

fn is_named(path: &Path, file: &File) -> io::Result<bool> {
    let named = unless_gone(fs::symlink_metadata(path))?;
    let locked = file_id(&file.metadata()?);
    Ok(named.is_some_and(|named| file_id(&named) == locked))
}

fn unless_gone<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

/// Device and inode.
pub(super) fn file_id(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

fn in_use(text: &str) -> io::Error {
    io::Error::new(ErrorKind::AddrInUse, text)
}
