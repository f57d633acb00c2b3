//! Connecting to a Unix domain socket by a deadline, which the standard library does not know.
//!
//! Such a connect waits only while the server's backlog is full, that is, while the server is behind
//! with accepting. The kernel would end that wait by the socket's write timeout (`SO_SNDTIMEO`), but
//! the standard library creates the socket and connects it in one call, and no timeout can be set in
//! between. So the wait is a step of its own:
//!
//! ```text
//!   wait for room   a socket that is connected already asks to connect: with its write timeout, on
//!                   the caller's thread   ──► "already connected" as soon as the backlog has room
//!   connect         the real one          ──► at once, unless another client was faster
//! ```
//!
//! Linux checks the backlog first, and only then the state of the socket that asks. But nothing
//! promises that order, and another client may take the room between the two steps; then the real
//! connect waits, without a deadline. So it is a blocking call on a thread of its own, as a look-up
//! is. A server that accepts nothing holds [`PER_SERVER`] such threads at most, and a caller that
//! wants another server is not held up.

use super::blocking_calls::BlockingCalls;
use super::call_queue::Limits;
use crate::net::interruptions::uninterrupted;
use crate::net::stream::{at_least_a_moment, is_timeout};
use std::fs;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::time::Instant;

/// How many connects to one server may be under way, those included that nobody waits for any more.
const PER_SERVER: usize = 4;

/// The key is the server: device and inode of its socket file, so that a new server at the same path
/// is not taken for the old one. There is no total: the caller chooses the servers, a stranger does
/// not.
static CONNECTS: BlockingCalls<Option<(u64, u64)>> = BlockingCalls::new(
    "connect",
    Limits {
        total: usize::MAX,
        per_key: PER_SERVER,
    },
);

pub(in crate::net) fn connect(path: &Path, deadline: Instant) -> io::Result<UnixStream> {
    let connected = wait_for_room(path, deadline).and_then(|()| {
        let server = fs::metadata(path).ok().map(|it| (it.dev(), it.ino()));
        let own = path.to_owned();
        CONNECTS.make(server, deadline, move || {
            uninterrupted(|| UnixStream::connect(&own))
        })
    });
    connected.map_err(|e| {
        let why = match is_timeout(&e) {
            true => format!("nothing accepts in time ({e})"),
            false => e.to_string(),
        };
        let text = format!("cannot connect to unix:{}: {why}", path.display());
        io::Error::new(e.kind(), text)
    })
}

/// Waits until the server's backlog has room. Any other error is left to the real connect.
///
/// # Errors
/// [`ErrorKind::TimedOut`]: it had none until the deadline.
fn wait_for_room(path: &Path, deadline: Instant) -> io::Result<()> {
    let asked = uninterrupted(|| {
        let left = deadline.saturating_duration_since(Instant::now());
        let (connected, _other_end) = UnixStream::pair()?;
        // The standard library connects sockets that it has not created itself as this type only.
        let asks = UnixDatagram::from(OwnedFd::from(connected));
        asks.set_write_timeout(at_least_a_moment(Some(left)))?;
        asks.connect(path)
    });
    match asked {
        Err(e) if is_timeout(&e) => Err(io::Error::new(ErrorKind::TimedOut, "its backlog is full")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::tests::{PATIENCE, within};
    use std::os::unix::net::UnixListener;
    use std::path::PathBuf;
    use std::sync::{Arc, Barrier};
    use std::thread;
    use std::time::Duration;

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(50)
    }

    fn patient() -> Instant {
        Instant::now() + PATIENCE
    }

    fn server(name: &str) -> (UnixListener, PathBuf) {
        let name = format!("barewire-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_file(&path);
        (UnixListener::bind(&path).unwrap(), path)
    }

    /// A server that has accepted nothing, and whose backlog is full.
    fn full_server(name: &str) -> (UnixListener, PathBuf) {
        let (listener, path) = server(name);
        while wait_for_room(&path, Instant::now()).is_ok() {
            UnixStream::connect(&path).unwrap(); // stays in the backlog, though it is closed
        }
        (listener, path)
    }

    #[test]
    fn row_n03_a_server_that_does_not_accept_is_waited_for_until_the_deadline() {
        within(PATIENCE, || {
            let (listener, path) = full_server("full");
            let began = Instant::now();
            let error = connect(&path, soon()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
            assert!(began.elapsed() >= Duration::from_millis(50));
            let text = format!(
                "cannot connect to unix:{}: nothing accepts in time (its backlog is full)",
                path.display()
            );
            assert_eq!(error.to_string(), text);

            // When it accepts again, a connect that waits gets in.
            let waits = {
                let path = path.clone();
                thread::spawn(move || connect(&path, patient()))
            };
            listener.accept().unwrap();
            waits.join().unwrap().unwrap();
            fs::remove_file(&path).unwrap();
        });
    }

    #[test]
    fn fault_a24_a_server_that_does_not_accept_holds_up_no_other() {
        within(PATIENCE, || {
            let (stuck, stuck_path) = full_server("stuck");
            let (_well, well_path) = server("well");
            let begin = Arc::new(Barrier::new(65));
            let callers: Vec<_> = (0..64)
                .map(|_| {
                    let (path, begin) = (stuck_path.clone(), Arc::clone(&begin));
                    thread::spawn(move || {
                        begin.wait();
                        connect(&path, patient())
                    })
                })
                .collect();
            begin.wait();
            for _ in 0..200 {
                connect(&well_path, Instant::now() + PATIENCE / 3).unwrap();
            }
            drop(stuck); // the callers are refused
            for caller in callers {
                let error = caller.join().unwrap().unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "{error}");
            }
            fs::remove_file(&stuck_path).unwrap();
            fs::remove_file(&well_path).unwrap();
        });
    }

    /// As many connects as may be are under way to the server that was there before.
    #[test]
    fn fault_a24_a_new_server_at_the_path_of_a_stuck_one_is_reached() {
        within(PATIENCE, || {
            let (_stuck, path) = server("replaced");
            let file = fs::metadata(&path).unwrap();
            let stuck = Some((file.dev(), file.ino()));
            let under_way = Arc::new(Barrier::new(PER_SERVER + 1));
            let over = Arc::new(Barrier::new(PER_SERVER + 1));
            for _ in 0..PER_SERVER {
                let (under_way, over) = (Arc::clone(&under_way), Arc::clone(&over));
                let connects = move || {
                    under_way.wait();
                    over.wait();
                    Ok(())
                };
                thread::spawn(move || CONNECTS.make(stuck, patient(), connects));
            }
            under_way.wait();
            let error = connect(&path, soon()).unwrap_err();
            let text = "nothing accepts in time (4 other connects took all the time)";
            assert!(error.to_string().ends_with(text), "{error}");
            let (_new, path) = server("replaced");
            connect(&path, patient()).unwrap();
            over.wait();
            fs::remove_file(&path).unwrap();
        });
    }

    #[test]
    fn the_systems_error_names_the_path() {
        within(PATIENCE, || {
            let path = std::env::temp_dir().join("barewire-nobody-listens-here");
            let error = connect(&path, patient()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound);
            assert!(error.to_string().contains("barewire-nobody"), "{error}");
        });
    }
}
