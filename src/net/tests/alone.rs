//! Tests that count what the whole process has, or that run out of it: each runs itself again in
//! a process of its own.

use super::*;
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::{env, iter};

const ALONE: &str = "BAREWIRE_TEST_ALONE";

/// In the process of its own: runs the test. Otherwise starts that process, within these limits of the
/// shell, and fails if it fails.
fn alone(name: &str, limits: &str, test: impl FnOnce() + Send + 'static) {
    if env::var_os(ALONE).is_some() {
        return within(PATIENCE, test);
    }
    let (_, module) = module_path!().split_once("::").unwrap();
    let run = Command::new("sh")
        .args([
            "-c",
            &format!("{limits} exec \"$0\" --exact \"$1\" --nocapture"),
        ])
        .arg(env::current_exe().unwrap())
        .arg(format!("{module}::{name}"))
        .env(ALONE, "1")
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&run.stdout);
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(
        run.status.success() && out.contains("1 passed"),
        "{out}{errors}"
    );
}

fn count(directory: &str) -> usize {
    fs::read_dir(directory).unwrap().count()
}

#[test]
fn a_thousand_connections_leave_nothing_over() {
    alone("a_thousand_connections_leave_nothing_over", "", || {
        let before = (count("/proc/self/fd"), count("/proc/self/task"));
        let (server, events) = serve(Options::default(), echo);
        for _ in 0..10 {
            let mut clients: Vec<_> = (0..100).map(|_| dial(&server)).collect();
            clients.iter_mut().for_each(is_echoed);
        }
        let report = server.shutdown(PATIENCE);
        assert_eq!(report.cut, 0);
        assert_eq!(events.recv().unwrap(), Event::Closed);
        assert_eq!(count("/proc/self/fd"), before.0);
        until(|| count("/proc/self/task") == before.1);
    });
}

/// Takes every descriptor of the process, and connects clients until `accept` fails. (A thread that is
/// in `accept` may have a descriptor already, so one client may be served before that.)
fn exhaust(server: &Handle, events: &Receiver<Event>) -> (Vec<File>, Vec<TcpStream>) {
    let mut files: Vec<_> = iter::from_fn(|| File::open("/dev/null").ok()).collect();
    let mut clients = Vec::new();
    while events.recv_timeout(Duration::from_millis(50)) != Ok(Event::AcceptError) {
        files.pop();
        clients.extend(TcpStream::connect(server.local_addr().ip().unwrap()));
    }
    (files, clients)
}

/// The stop of a shared listener needs no descriptor, and wakes what pauses after the failure.
#[test]
fn a_shared_listener_stops_without_descriptors() {
    let name = "a_shared_listener_stops_without_descriptors";
    alone(name, "ulimit -n 64;", || {
        let (events, received) = mpsc::channel();
        let connection = echo;
        let listener = Listener::bind("127.0.0.1:0").unwrap().shared();
        let service = Serve { connection, events };
        let server = listener.serve(Options::default(), service).unwrap();
        let (files, clients) = exhaust(&server, &received);
        drop(clients);
        assert_eq!(server.shutdown(PATIENCE).cut, 0);
        drop(files);
    });
}

#[test]
fn the_listener_outlives_a_lack_of_descriptors() {
    let name = "the_listener_outlives_a_lack_of_descriptors";
    alone(name, "ulimit -n 64;", || {
        let (server, events) = serve(Options::default(), echo);
        let exhausted = exhaust(&server, &events);
        drop(exhausted);
        is_echoed(&mut dial(&server));
        server.stop();
    });
}

/// The pause would outlast the test: only `stop` ends it.
#[test]
fn stopping_needs_no_descriptor_and_ends_a_pause() {
    let name = "stopping_needs_no_descriptor_and_ends_a_pause";
    alone(name, "ulimit -n 64;", || {
        let system = System {
            first_pause: 2 * PATIENCE,
            ..System::default()
        };
        let (server, events) = serve_on(system, Options::default(), echo);
        let (_all_descriptors, clients) = exhaust(&server, &events);
        server.stop();
        drop(clients);
        server.wait();
        assert_eq!(server.threads(), 0);
    });
}

#[test]
fn the_listener_outlives_a_lack_of_threads() {
    // Two stacks of a gigabyte do not fit: the thread that serves is the only one.
    alone(
        "the_listener_outlives_a_lack_of_threads",
        "ulimit -v 1900000;",
        || {
            let options = Options {
                stack_size: 1 << 30,
                ..Options::default()
            };
            let (server, events) = serve(options, echo);
            for _ in 0..2 {
                is_echoed(&mut dial(&server));
                assert_eq!(events.recv().unwrap(), Event::AcceptError);
            }
            server.shutdown(PATIENCE);
            assert_eq!(events.try_iter().last(), Some(Event::Closed));
        },
    );
}

/// A socket file has the mode that the process asks for: `0o777` without the bits of its umask. To connect, a
/// process needs the permission to write.
#[test]
fn the_mode_of_a_socket_file_is_that_of_the_umask() {
    for (umask, mode) in [
        ("000", 0o777),
        ("022", 0o755),
        ("027", 0o750),
        ("077", 0o700),
        ("177", 0o600),
    ] {
        let limits = format!("umask {umask};");
        alone(
            "the_mode_of_a_socket_file_is_that_of_the_umask",
            &limits,
            move || {
                let (path, address) = socket_files::path("umask");
                let umask = fs::read_to_string("/proc/self/status").unwrap();
                let umask = umask.lines().find_map(|line| line.strip_prefix("Umask:\t"));
                let umask = u32::from_str_radix(umask.unwrap(), 8).unwrap();
                let mode = || fs::metadata(&path).unwrap().mode() & 0o7777;
                // A new file, and one in the place of a dead server's, whatever mode that one has.
                for stale in [None, Some(0o600), Some(0o777)] {
                    if let Some(stale) = stale {
                        drop(UnixListener::bind(&path).unwrap());
                        fs::set_permissions(&path, fs::Permissions::from_mode(stale)).unwrap();
                    }
                    let listener = Listener::bind(&address).unwrap();
                    assert_eq!(mode(), 0o777 & !umask);
                    drop(listener);
                }
            },
        );
        if env::var_os(ALONE).is_none() {
            assert_eq!(mode, 0o777 & !u32::from_str_radix(umask, 8).unwrap());
        }
    }
}

#[test]
fn without_a_first_thread_there_is_no_server() {
    let options = Options {
        stack_size: 1 << 50,
        ..Options::default()
    };
    let (events, _received) = mpsc::channel();
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    assert!(
        listener
            .serve(
                options,
                Serve {
                    connection: echo,
                    events
                }
            )
            .is_err()
    );
    drop(Listener::bind(&address).unwrap());
}
