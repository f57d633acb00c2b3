use super::*;
use std::fs;
use std::io::{self, BufRead, BufReader, ErrorKind, Lines};
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{self, ChildStderr, ChildStdin, Command, Stdio};
use std::sync::Barrier;
use std::{env, iter};

/// A path without a file, and the same as an address.
pub(super) fn path(name: &str) -> (PathBuf, String) {
    let path = std::env::temp_dir().join(format!("barewire-{}-{name}.sock", process::id()));
    let _ = fs::remove_file(&path);
    let address = format!("unix:{}", path.display());
    (path, address)
}

#[test]
fn row_n02_echo_over_a_path_and_the_file_goes_with_the_server() {
    within(PATIENCE, || {
        let (path, address) = path("echo");
        let (server, _) = serve_at(&address, Options::default(), echo);
        assert_eq!(server.local_addr().to_string(), address);
        is_echoed(&mut UnixStream::connect(&path).unwrap());
        server.shutdown(PATIENCE);
        assert!(!path.exists());
    });
}

#[test]
fn row_n02_a_stale_file_is_replaced() {
    let (path, address) = path("stale");
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    drop(Listener::bind(&address).unwrap());
    assert!(!path.exists());
}

#[test]
fn row_n02_a_live_server_is_left_in_peace() {
    let (path, address) = path("live");
    let live = UnixListener::bind(&path).unwrap();
    let error = Listener::bind(&address).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert!(
        error.to_string().contains("another server listens there"),
        "{error}"
    );
    live.set_nonblocking(true).unwrap();
    assert_eq!(live.accept().unwrap_err().kind(), ErrorKind::WouldBlock); // was not even asked
    UnixStream::connect(&path).unwrap();
    fs::remove_file(&path).unwrap();
}

#[test]
fn what_is_not_a_socket_is_never_removed() {
    let (path, address) = path("file");
    fs::write(&path, "precious").unwrap();
    let error = Listener::bind(&address).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert!(error.to_string().contains("not a socket"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    fs::remove_file(&path).unwrap();
}

#[test]
fn a_file_that_took_our_place_stays() {
    let (path, address) = path("usurped");
    let listener = Listener::bind(&address).unwrap();
    fs::remove_file(&path).unwrap();
    let usurper = UnixListener::bind(&path).unwrap();
    drop(listener);
    assert!(path.exists());
    drop(usurper);
    fs::remove_file(&path).unwrap();
}

/// What a dead server leaves behind.
pub(super) fn leave_stale(path: &Path) {
    let _ = fs::remove_file(path);
    drop(UnixListener::bind(path).unwrap());
    // A process that another test is starting has the socket, too, until it becomes another program.
    until(|| UnixStream::connect(path).is_err());
}

/// Servers that start at once on a stale file: one wins, the others learn that the address is in use, and the
/// winner is reached.
#[test]
fn fault_e01_of_threads_that_start_at_once_one_wins() {
    within(PATIENCE, || {
        const ROUNDS: usize = 300;
        let (path, address) = path("threads");
        let (start, end) = (Barrier::new(5), Barrier::new(5));
        thread::scope(|scope| {
            let bind_each_round = || {
                let mut outcomes = Vec::new();
                for _ in 0..ROUNDS {
                    start.wait();
                    let bound = Listener::bind(&address);
                    outcomes.push(bound.as_ref().err().map(io::Error::kind));
                    end.wait();
                    drop(bound);
                }
                outcomes
            };
            let servers: Vec<_> = iter::repeat_n((), 4)
                .map(|()| scope.spawn(bind_each_round))
                .collect();
            for _ in 0..ROUNDS {
                leave_stale(&path);
                start.wait();
                end.wait();
            }
            let outcomes: Vec<_> = servers.into_iter().map(|it| it.join().unwrap()).collect();
            for round in 0..ROUNDS {
                let mut of_round: Vec<_> = outcomes.iter().map(|it| it[round]).collect();
                of_round.sort();
                let in_use = Some(ErrorKind::AddrInUse);
                assert_eq!(of_round, [None, in_use, in_use, in_use], "round {round}");
            }
        });
        let _ = fs::remove_file(&path);
    });
}

/// The address for the other processes of the next test.
const SERVER: &str = "BAREWIRE_TEST_SERVER";

/// One of them. Each line that it is sent is a step: bind, close, bind, close …
fn bind_and_close(address: &str) {
    let mut steps = io::stdin().lines();
    while let Some(Ok(_)) = steps.next() {
        let bound = Listener::bind(address);
        let outcome = bound
            .as_ref()
            .err()
            .map_or("won".into(), |e| e.kind().to_string());
        eprintln!("outcome: {outcome}");
        steps.next();
        drop(bound);
        eprintln!("outcome: closed");
    }
}

struct ServerProcess {
    child: process::Child,
    steps: ChildStdin,
    lines: Lines<BufReader<ChildStderr>>,
}

impl ServerProcess {
    fn start(name: &str, address: &str) -> ServerProcess {
        let (_, module) = module_path!().split_once("::").unwrap();
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", &format!("{module}::{name}"), "--nocapture"])
            .env(SERVER, address)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let steps = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        ServerProcess {
            child,
            steps,
            lines,
        }
    }

    fn step(&mut self) {
        self.steps.write_all(b"\n").unwrap();
    }

    fn outcome(&mut self) -> String {
        let outcome =
            |line: io::Result<String>| line.unwrap().strip_prefix("outcome: ").map(str::to_owned);
        self.lines.by_ref().find_map(outcome).expect("an outcome")
    }
}

#[test]
fn fault_e01_of_processes_that_start_at_once_one_wins() {
    if let Ok(address) = env::var(SERVER) {
        return bind_and_close(&address);
    }
    within(PATIENCE, || {
        let name = "fault_e01_of_processes_that_start_at_once_one_wins";
        let (path, address) = path("processes");
        let mut servers: Vec<_> = (0..4)
            .map(|_| ServerProcess::start(name, &address))
            .collect();
        for round in 0..200 {
            leave_stale(&path);
            servers.iter_mut().for_each(ServerProcess::step);
            let mut outcomes: Vec<_> = servers.iter_mut().map(ServerProcess::outcome).collect();
            outcomes.sort();
            let in_use = ErrorKind::AddrInUse.to_string();
            assert_eq!(
                outcomes,
                [&in_use, &in_use, &in_use, "won"],
                "round {round}"
            );
            UnixStream::connect(&path).expect("the winner is there");
            servers.iter_mut().for_each(ServerProcess::step);
            assert!(
                servers
                    .iter_mut()
                    .all(|server| server.outcome() == "closed")
            );
        }
        for server in servers {
            drop(server.steps);
            let mut child = server.child;
            assert!(child.wait().unwrap().success());
        }
        let _ = fs::remove_file(&path);
    });
}

/// A symbolic link is no socket: neither it nor what it names is removed.
#[test]
fn fault_e01_a_link_is_never_removed() {
    let (link, address) = path("link");
    let (target, target_address) = path("target");
    leave_stale(&target);
    symlink(&target, &link).unwrap();
    let error = Listener::bind(&address).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert!(error.to_string().contains("not a socket"), "{error}");
    assert!(link.is_symlink() && target.exists());
    fs::remove_file(&link).unwrap();
    symlink("/nowhere/at/all", &link).unwrap();
    assert_eq!(
        Listener::bind(&address).unwrap_err().kind(),
        ErrorKind::AddrInUse
    );
    fs::remove_file(&link).unwrap();
    drop(Listener::bind(&target_address).unwrap());
    assert!(!target.exists());
}
