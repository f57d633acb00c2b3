//! Servers that share one listening socket. They are of one process here; `tests/rows/net/sharing_processes.rs` has processes.

use super::*;
use std::net::TcpListener;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Each test with both kinds of sockets.
fn bound(name: &str) -> [Listener; 2] {
    let path = socket_files::path(name).1;
    ["127.0.0.1:0", &path].map(|address| Listener::bind(address).unwrap().shared())
}

fn again(listener: &Listener) -> Listener {
    let fd = listener.try_clone_fd().unwrap();
    match listener.local_addr().unwrap() {
        Addr::Ip(_) => Listener::from(TcpListener::from(fd)),
        _ => Listener::from(std::os::unix::net::UnixListener::from(fd)),
    }
    .shared()
}

/// Answers with its name.
struct Named(&'static str);

impl Service for Named {
    fn connection(&self, stream: Arc<dyn Stream>, _slot: Slot) {
        let _ = stream.write_all(self.0.as_bytes());
    }

    fn accept_error(&self, error: &std::io::Error) {
        panic!("a tick is no error: {error}");
    }
}

fn named(listener: Listener, name: &'static str) -> Handle {
    listener.serve(Options::default(), Named(name)).unwrap()
}

fn who_answers(address: &Addr) -> String {
    let mut name = String::new();
    let socket = connect(&address.to_string()).unwrap();
    (&socket).read_to_string(&mut name).unwrap();
    name
}

#[test]
fn one_stops_and_the_other_goes_on() {
    within(PATIENCE, || {
        for listener in bound("shared") {
            let address = listener.local_addr().unwrap();
            let other = again(&listener);
            let (first, second) = (named(listener, "first"), named(other, "second"));
            first.stop();
            first.stop();
            first.wait(); // nobody connects: its accepts tick
            if let Addr::Ip(_) = address {
                // (At a path, the first has removed its socket file.)
                (0..50).for_each(|_| assert_eq!(who_answers(&address), "second"));
            }
            second.shutdown(PATIENCE);
        }
    });
}

/// The timeout of the listening socket is none of the connection's.
#[test]
fn an_accepted_connection_may_be_silent_for_longer_than_a_tick() {
    within(PATIENCE, || {
        for listener in bound("silent") {
            let address = listener.local_addr().unwrap().to_string();
            let (events, _received) = mpsc::channel();
            let connection = echo;
            let service = Serve { connection, events };
            let server = listener.serve(Options::default(), service).unwrap();
            let client = connect(&address).unwrap();
            thread::sleep(shared::TICK * 2);
            is_echoed(&mut &client);
            drop(client);
            server.shutdown(PATIENCE);
        }
    });
}

/// Stops its server when a connection was accepted: so that one is late.
#[derive(Default)]
struct StopAtAccept(Mutex<Option<Handle>>);

impl Turn for StopAtAccept {
    fn acquire(&self) -> bool {
        self.0.lock().unwrap().is_some()
    }

    fn release(&self, accepted: bool) {
        if accepted && let Some(server) = self.0.lock().unwrap().take() {
            server.stop();
        }
    }
}

#[test]
fn who_is_accepted_while_the_server_stops_is_served() {
    within(PATIENCE, || {
        for listener in bound("late") {
            let kept = again(&listener); // of another process, which does not accept
            let address = listener.local_addr().unwrap();
            let turn = Arc::new(StopAtAccept::default());
            let server = named(listener.take_turns(turn.clone()), "late");
            *turn.0.lock().unwrap() = Some(server.clone());
            assert_eq!(who_answers(&address), "late");
            server.wait();
            assert_eq!((server.connections(), server.threads()), (0, 0));
            drop(kept);
        }
    });
}

/// Servers come and go beside one that stays, and no connection is lost.
#[test]
fn no_connection_is_lost_while_others_stop() {
    within(PATIENCE, || {
        let listener = Listener::bind("127.0.0.1:0").unwrap().shared();
        let address = listener.local_addr().unwrap();
        let kept = again(&listener);
        let stays = named(listener, "stays");
        let stopped = std::sync::atomic::AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !stopped.load(Ordering::SeqCst) {
                        assert_ne!(who_answers(&address), "", "closed without a word");
                    }
                });
            }
            for _ in 0..3 {
                let goes = named(again(&kept), "goes");
                until(|| goes.threads() > 1); // it has accepted
                assert_eq!(goes.shutdown(PATIENCE).cut, 0);
            }
            stopped.store(true, Ordering::SeqCst);
        });
        stays.shutdown(PATIENCE);
    });
}

/// A turn that counts who holds it.
#[derive(Default)]
struct Counted {
    holders: AtomicUsize,
    released: Mutex<Vec<bool>>,
}

impl Counted {
    fn is_held(&self) -> bool {
        self.holders.load(Ordering::SeqCst) > 0
    }
}

impl Turn for Counted {
    fn acquire(&self) -> bool {
        assert_eq!(self.holders.fetch_add(1, Ordering::SeqCst), 0);
        true
    }

    fn release(&self, accepted: bool) {
        self.holders.fetch_sub(1, Ordering::SeqCst);
        self.released.lock().unwrap().push(accepted);
    }
}

/// The turn is kept from one tick to the next, one thread holds it, and the stop passes it on.
#[test]
fn a_turn_is_released_once_for_each_connection_and_at_the_stop() {
    within(PATIENCE, || {
        let turn = Arc::new(Counted::default());
        let listener = Listener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = named(listener.take_turns(turn.clone()), "in turn");
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| (0..20).for_each(|_| assert_eq!(who_answers(&address), "in turn")));
            }
        });
        until(|| turn.released.lock().unwrap().len() == 60 && turn.is_held());
        thread::sleep(shared::TICK * 2);
        server.shutdown(PATIENCE);
        let released = std::mem::take(&mut *turn.released.lock().unwrap());
        let (accepted, ended) = released.split_at(60);
        assert!(accepted.iter().all(|accepted| *accepted), "{released:?}");
        assert_eq!(ended, [false], "{released:?}");
    });
}

struct NeverMine;

impl Turn for NeverMine {
    fn acquire(&self) -> bool {
        thread::sleep(Duration::from_millis(1));
        false
    }

    fn release(&self, _accepted: bool) {
        panic!("it was never acquired");
    }
}

#[test]
fn a_server_that_waits_for_its_turn_stops() {
    within(PATIENCE, || {
        let listener = Listener::bind("127.0.0.1:0").unwrap();
        let server = named(listener.take_turns(Arc::new(NeverMine)), "never");
        assert_eq!(server.shutdown(PATIENCE), Report::default());
        assert_eq!(server.threads(), 0);
    });
}

/// The others do not wait for a server that is at its limit.
#[test]
fn a_server_at_its_limit_does_not_ask_for_its_turn() {
    within(PATIENCE, || {
        let turn = Arc::new(Counted::default());
        let (events, _received) = mpsc::channel();
        let connection = echo;
        let listener = Listener::bind("127.0.0.1:0").unwrap();
        let options = Options {
            max_connections: 1,
            ..Options::default()
        };
        let listener = listener.take_turns(turn.clone());
        let server = listener
            .serve(options, Serve { connection, events })
            .unwrap();
        for _ in 0..3 {
            let mut client = dial(&server);
            is_echoed(&mut client);
            until(|| server.parked() == server.threads() - 1);
            assert_eq!(turn.holders.load(Ordering::SeqCst), 0);
            drop(client);
        }
        server.shutdown(PATIENCE);
    });
}

#[test]
fn a_turn_that_panics_is_an_error_of_accept() {
    struct Panics;
    impl Turn for Panics {
        fn acquire(&self) -> bool {
            panic!("on purpose");
        }
        fn release(&self, _accepted: bool) {}
    }
    within(PATIENCE, || {
        let (events, received) = mpsc::channel();
        let connection = echo;
        let listener = Listener::bind("127.0.0.1:0").unwrap();
        let service = Serve { connection, events };
        let server = listener
            .take_turns(Arc::new(Panics))
            .serve(Options::default(), service)
            .unwrap();
        assert_eq!(received.recv(), Ok(Event::AcceptError));
        server.shutdown(PATIENCE);
    });
}

/// Another process shuts the socket down, as a worker does whose parent is gone. That is an error only if this server is
/// not stopped soon, too.
#[test]
fn a_socket_that_another_process_shuts_down() {
    within(PATIENCE, || {
        for listener in bound("shut-down") {
            let other = std::net::TcpStream::from(listener.try_clone_fd().unwrap());
            let (events, received) = mpsc::channel();
            let connection = echo;
            let service = Serve { connection, events };
            let server = listener.serve(Options::default(), service).unwrap();
            let began = Instant::now();
            other.shutdown(std::net::Shutdown::Both).unwrap();
            if let Addr::Ip(_) = server.local_addr() {
                assert_eq!(received.recv(), Ok(Event::AcceptError));
                assert!(began.elapsed() >= 4 * shared::TICK, "it waits for its stop");
                server.shutdown(PATIENCE);
                continue;
            }
            server.stop();
            let is_soon = began.elapsed() < 3 * shared::TICK;
            server.wait();
            let failed = received.try_iter().any(|event| event == Event::AcceptError);
            assert!(!failed || !is_soon, "it was stopped meanwhile");
        }
    });
}

/// Few threads wake up four times a second, however many are idle.
#[test]
fn few_threads_of_an_idle_server_tick() {
    within(PATIENCE, || {
        const BURST: usize = 10;
        let listener = Listener::bind("127.0.0.1:0").unwrap().shared();
        let (events, _received) = mpsc::channel();
        let connection = echo;
        let service = Serve { connection, events };
        let server = listener.serve(Options::default(), service).unwrap();
        let mut clients: Vec<_> = (0..BURST).map(|_| dial(&server)).collect();
        clients.iter_mut().for_each(is_echoed);
        drop(clients);
        until(|| server.connections() == 0 && server.parked() + 4 == server.threads());
        assert!(server.threads() >= BURST);
        server.shutdown(PATIENCE);
    });
}

#[test]
fn what_is_no_listening_socket_says_what_it_is() {
    within(PATIENCE, || {
        use std::os::fd::OwnedFd;
        use std::os::unix::net::{UnixDatagram, UnixStream};
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (one, other) = UnixStream::pair().unwrap();
        let file = std::fs::File::open("/dev/null").unwrap();
        let others: [(&str, OwnedFd); 5] = [
            ("a connection", client.into()),
            ("a Unix connection", one.into()),
            (
                "datagrams",
                std::net::UdpSocket::bind("127.0.0.1:0").unwrap().into(),
            ),
            ("Unix datagrams", UnixDatagram::unbound().unwrap().into()),
            ("a file", file.into()),
        ];
        for (what, fd) in others {
            let error = listener::from_fd(fd).unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput, "{what}");
            let text = error.to_string();
            assert!(text.contains("no listening socket"), "{what}: {text}");
        }
        assert_eq!(other.read_timeout().unwrap(), None, "it is as it was");
        for listener in bound("from-fd") {
            let found = listener::from_fd(listener.try_clone_fd().unwrap()).unwrap();
            assert_eq!(found.local_addr().unwrap(), listener.local_addr().unwrap());
        }
    });
}
