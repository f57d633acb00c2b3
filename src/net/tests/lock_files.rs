//! The lock file beside a socket file: who may hold it, what may stand in its place, and that it is removed.

use super::socket_files::leave_stale;
use super::*;
use crate::net::lock_file::LockFile;
use std::fs::{self, File, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::{env, io};

/// A directory of a test's own, with a dead server's socket file `s` in it.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let directory = env::temp_dir().join(format!("barewire-{}-lock-{name}", process::id()));
        fs::create_dir(&directory).unwrap();
        let place = Place(directory);
        leave_stale(&place.socket());
        place
    }

    fn socket(&self) -> PathBuf {
        self.0.join("s")
    }

    fn lock(&self) -> PathBuf {
        self.0.join("s.lock")
    }

    fn bind(&self) -> io::Result<Listener> {
        bind(&self.0)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
        entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn bind(directory: &Path) -> io::Result<Listener> {
    Listener::bind(&format!("unix:{}/s", directory.display()))
}

#[test]
fn fault_e01_no_other_file_is_left() {
    let place = Place::new("files");
    let listener = place.bind().unwrap();
    assert_eq!(place.names(), ["s"]);
    assert_eq!(place.bind().unwrap_err().kind(), ErrorKind::AddrInUse);
    assert_eq!(place.names(), ["s"]);
    drop(listener);
    assert!(place.names().is_empty());
}

/// As `systemd-tmpfiles` asks of a program whose directory is not to be cleaned.
#[test]
fn fault_e01_a_locked_directory_stops_nobody() {
    let place = Place::new("directory");
    let held = File::open(&place.0).unwrap();
    held.lock().unwrap();
    drop(place.bind().unwrap());
    drop(held);
}

#[test]
fn fault_e01_the_lock_of_another_process_stops_no_start_for_good() {
    within(PATIENCE, || {
        let place = Place::new("held");
        let held = LockFile::beside(&place.socket()).unwrap();
        assert_eq!(fs::metadata(place.lock()).unwrap().mode() & 0o777, 0o600);
        let error = place.bind().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(error.to_string().contains("s.lock"), "{error}");
        assert!(place.socket().exists() && place.lock().exists());
        drop(held);
        drop(place.bind().unwrap());
        assert!(place.names().is_empty());
    });
}

#[test]
fn fault_e01_a_lock_file_left_over_is_taken_over() {
    let place = Place::new("left-over");
    fs::write(place.lock(), "").unwrap();
    drop(place.bind().unwrap());
    assert!(place.names().is_empty());
}

#[test]
fn fault_e01_what_is_no_lock_file_is_left_alone() {
    let place = Place::new("no-lock");
    let target = place.0.join("target");
    fs::write(&target, "precious").unwrap();
    let refused = || {
        let error = place.bind().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        let text = error.to_string();
        assert!(
            text.contains("s.lock") && text.contains("regular"),
            "{text}"
        );
        assert!(place.socket().exists());
    };
    for target in [target.as_path(), Path::new("nowhere")] {
        symlink(target, place.lock()).unwrap();
        refused();
        assert!(place.lock().is_symlink());
        fs::remove_file(place.lock()).unwrap();
    }
    assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
    assert!(!place.0.join("nowhere").exists());
    drop(UnixListener::bind(place.lock()).unwrap());
    refused();
    fs::remove_file(place.lock()).unwrap();
    fs::create_dir(place.lock()).unwrap();
    refused();

    // A path without a file needs no lock.
    fs::remove_file(place.socket()).unwrap();
    let listener = place.bind().unwrap();
    let error = place.bind().unwrap_err().to_string();
    assert!(error.contains("another server listens there"), "{error}");
    drop(listener);
    assert!(place.lock().is_dir());
}

/// Each holder makes the file and removes it, and no two hold the lock at once.
#[test]
fn fault_e01_one_holds_a_lock_file_that_is_removed_and_made_anew() {
    within(PATIENCE, || {
        let place = Place::new("race");
        let (held, times) = (AtomicBool::new(false), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    while times.load(Ordering::SeqCst) < 1000 {
                        let lock = match LockFile::beside(&place.socket()) {
                            Err(e) if e.kind() == ErrorKind::AddrInUse => continue, // a busy machine
                            lock => lock.unwrap(),
                        };
                        assert!(!held.swap(true, Ordering::SeqCst), "two hold it");
                        thread::yield_now();
                        held.store(false, Ordering::SeqCst);
                        times.fetch_add(1, Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
        assert_eq!(place.names(), ["s"]);
    });
}

const DIRECTORY: &str = "BAREWIRE_TEST_DIRECTORY";
const NOBODY: u32 = 65534;

/// A directory that may be written but not read is enough; in one that may not be written, the error names the
/// lock file. The superuser may do everything, so a process of another user binds.
#[test]
fn fault_e01_the_permissions_of_the_directory_count() {
    if let Some(directory) = env::var_os(DIRECTORY) {
        let error = bind(directory.as_ref()).err();
        eprintln!("outcome: {error:?}");
        return;
    }
    let place = Place::new("denied");
    let is_root = fs::metadata(&place.0).unwrap().uid() == 0;
    if is_root {
        chown(place.socket(), Some(NOBODY), None).unwrap();
        chown(&place.0, Some(NOBODY), None).unwrap();
    }
    let (_, module) = module_path!().split_once("::").unwrap();
    let name = format!("{module}::fault_e01_the_permissions_of_the_directory_count");
    for (mode, expected) in [(0o500, "s.lock"), (0o300, "outcome: None")] {
        fs::set_permissions(&place.0, Permissions::from_mode(mode)).unwrap();
        let mut child = Command::new(env::current_exe().unwrap());
        child
            .args(["--exact", &name, "--nocapture"])
            .env(DIRECTORY, &place.0);
        if is_root {
            child.uid(NOBODY);
        }
        let out = match child.output() {
            Err(e) if e.kind() == ErrorKind::PermissionDenied => break, // may not run this file
            out => out.unwrap(),
        };
        let text = String::from_utf8_lossy(&out.stderr);
        assert!(text.contains(expected), "mode {mode:o}: {text}");
        let denied = text.contains("PermissionDenied");
        assert_eq!(denied, mode == 0o500, "mode {mode:o}: {text}");
    }
    fs::set_permissions(&place.0, Permissions::from_mode(0o700)).unwrap();
}
