//! The threads of a server: they accept, serve, park and stop.
//!
//! ```text
//!   Backlog (src/listen_socket.rs) ──► accept ─ serve ─ accept …   several threads, at most so many connections
//!   stop, shutdown        ──► drain, cut, closed
//! ```

use super::{at_once, listen};
use crate::explore::explore;
use crate::net::engine::{Engine, System};
use crate::net::listen_socket::{Backlog, ListenSocket};
use crate::net::sharing::Sharing;
use crate::net::{
    Addr, Handle, Options, Pipe, Report, Service, Slot, Stop, StopReason, Stream, Turn, pipe,
};
use crate::shim::sync::atomic::{AtomicUsize, Ordering};
use crate::shim::sync::{Arc, Barrier, Condvar, Mutex};
use crate::shim::thread;
use std::io::{self, ErrorKind};
use std::time::Duration;

/// A server of so many connections at once, with so many threads to spare.
fn serve(most: usize, spare: usize, service: impl Service) -> (Arc<Backlog>, Handle) {
    let options = Options {
        max_connections: most,
        spare_threads: spare,
        ..Options::default()
    };
    listen(options, service)
}

fn connect(backlog: &Backlog) -> Pipe {
    let (here, there) = pipe();
    backlog.add(Ok(Arc::new(there)));
    here
}

/// What became of the connections. (A panic in a service ends one connection and nothing else, so it
/// asserts nothing itself.)
#[derive(Default)]
struct Counts {
    live: AtomicUsize,
    most: AtomicUsize,
    served: AtomicUsize,
    closed: AtomicUsize,
    live_when_closed: AtomicUsize,
}

impl Counts {
    fn assert(&self, most: usize) {
        assert!(self.most.load(Ordering::SeqCst) <= most, "too many at once");
        assert_eq!(self.closed.load(Ordering::SeqCst), 1);
        assert_eq!(self.live_when_closed.load(Ordering::SeqCst), 0);
    }
}

/// Says one byte to each connection; every other one ends on a thread of its own.
struct Greeting(Arc<Counts>);

impl Service for Greeting {
    fn connection(&self, stream: Arc<dyn Stream>, slot: Slot) {
        let counts = Arc::clone(&self.0);
        let live = counts.live.fetch_add(1, Ordering::SeqCst) + 1;
        counts.most.fetch_max(live, Ordering::SeqCst);
        let number = counts.served.fetch_add(1, Ordering::SeqCst);
        let end = move || {
            let _ = stream.write(b"!"); // the peer may have left
            drop(stream);
            counts.live.fetch_sub(1, Ordering::SeqCst);
            drop(slot);
        };
        match number % 2 {
            0 => end(),
            _ => drop(thread::spawn(end)),
        }
    }

    fn closed(&self) {
        let live = self.0.live.load(Ordering::SeqCst);
        self.0.live_when_closed.fetch_add(live, Ordering::SeqCst);
        self.0.closed.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn every_connection_is_served_and_never_too_many_at_once() {
    explore(4000, || {
        let counts = Arc::new(Counts::default());
        let greeting = Greeting(Arc::clone(&counts));
        let (backlog, handle) = serve(2, 2, greeting);
        let peers = [0, 1, 2].map(|_| {
            let backlog = Arc::clone(&backlog);
            thread::spawn(move || {
                for _ in 0..2 {
                    let peer = connect(&backlog);
                    assert_eq!(peer.read(&mut [0]).expect("no timeout"), 1);
                }
            })
        });
        for peer in peers {
            peer.join().expect("a peer");
        }
        let report = handle.shutdown(Duration::from_secs(5));
        assert_eq!(report.cut, 0, "all have ended");
        assert_eq!(counts.served.load(Ordering::SeqCst), 6);
        counts.assert(2);
        assert_eq!((handle.connections(), handle.threads()), (0, 0));
        at_once();
    });
}

#[test]
fn a_stop_among_newcomers_ends_everything_once() {
    explore(4000, || {
        let counts = Arc::new(Counts::default());
        let greeting = Greeting(Arc::clone(&counts));
        let (backlog, handle) = serve(3, 2, greeting);
        let peer = {
            let backlog = Arc::clone(&backlog);
            thread::spawn(move || {
                for _ in 0..3 {
                    let _ = connect(&backlog).read(&mut [0]); // served, or reset
                }
            })
        };
        let stops = [0, 1].map(|_| {
            let handle = handle.clone();
            thread::spawn(move || handle.stop())
        });
        handle.wait();
        counts.assert(3);
        assert_eq!((handle.connections(), handle.threads()), (0, 0));
        for stops in stops {
            stops.join().expect("whoever stops");
        }
        peer.join().expect("the peer");
        at_once();
    });
}

/// Serves until it is asked to finish, or (the stubborn) until it is cut.
struct Stubborn;

struct Asked {
    stream: Arc<dyn Stream>,
    drains: bool,
}

impl Stop for Asked {
    fn drain(&self, _: StopReason) {
        if self.drains {
            self.cut();
        }
    }

    fn cut(&self) {
        let _ = self.stream.abort(); // it may be gone
    }
}

impl Service for Stubborn {
    fn connection(&self, stream: Arc<dyn Stream>, slot: Slot) {
        let mut first = [0];
        if stream.read(&mut first).is_ok_and(|n| n == 1) {
            slot.on_stop(Arc::new(Asked {
                stream: Arc::clone(&stream),
                drains: first[0] == b'd',
            }));
            let _ = stream.read(&mut first); // until it is ended
        }
        drop(stream);
    }
}

#[test]
fn a_shutdown_asks_first_and_cuts_at_the_deadline() {
    explore(4000, || {
        let (backlog, handle) = serve(10, 1, Stubborn);
        let peers = [b'd', b's', b'd'].map(|first| {
            let peer = connect(&backlog);
            peer.write(&[first]).expect("there is room");
            thread::spawn(move || {
                let _ = peer.read(&mut [0]); // ended, or reset before it was accepted
            })
        });
        let report = handle.shutdown(Duration::from_secs(1));
        let Report { drained, cut } = report;
        assert!(
            drained <= 2 + 1 && cut <= 3 && drained + cut <= 3,
            "{report:?}"
        );
        assert_eq!((handle.connections(), handle.threads()), (0, 0));
        for peer in peers {
            peer.join().expect("a peer");
        }
    });
}

/// Ends when so many connections are served at once.
struct Meeting(Barrier);

impl Service for Meeting {
    fn connection(&self, stream: Arc<dyn Stream>, slot: Slot) {
        self.0.wait();
        drop(stream);
        drop(slot);
    }
}

#[test]
fn no_connection_waits_for_the_thread_of_another() {
    explore(4000, || {
        let (backlog, handle) = serve(3, 1, Meeting(Barrier::new(3)));
        let peers = [0, 1, 2].map(|_| connect(&backlog));
        for peer in peers {
            assert_eq!(peer.read(&mut [0]).expect("no timeout"), 0);
        }
        handle.stop();
        handle.wait();
        assert_eq!((handle.connections(), handle.threads()), (0, 0));
        at_once();
    });
}

#[test]
fn a_failed_accept_is_followed_by_another() {
    explore(4000, || {
        let counts = Arc::new(Counts::default());
        let greeting = Greeting(Arc::clone(&counts));
        let (backlog, handle) = serve(4, 1, greeting);
        let full = io::Error::from_raw_os_error(24); // EMFILE
        backlog.add(Err(full));
        backlog.add(Err(ErrorKind::ConnectionAborted.into()));
        let peers = [0, 1].map(|_| connect(&backlog));
        for peer in peers {
            assert_eq!(peer.read(&mut [0]).expect("no timeout"), 1);
        }
        handle.stop();
        handle.wait();
        counts.assert(4);
    });
}

/// One of two servers that accept from one backlog.
fn share(backlog: &Arc<Backlog>, turn: Option<Arc<dyn Turn>>, counts: &Arc<Counts>) -> Handle {
    let options = Options {
        max_connections: 2,
        spare_threads: 2,
        ..Options::default()
    };
    let socket = ListenSocket::of(backlog, Sharing::new(turn));
    let greeting = Box::new(Greeting(Arc::clone(counts)));
    let engine = Engine::start(socket, Addr::Pipe, options, greeting, System::default());
    Handle::new(engine.expect("shuttle always starts a thread"))
}

/// Two servers, one of which stops among newcomers: all are served, by the one or the other.
fn one_stops_among_newcomers(turns: impl Fn() -> [Option<Arc<dyn Turn>>; 2]) {
    let backlog = Arc::new(Backlog::default());
    let counts = [0, 1].map(|_| Arc::new(Counts::default()));
    let [first, second] = turns();
    let first = share(&backlog, first, &counts[0]);
    let second = share(&backlog, second, &counts[1]);
    let peer = {
        let backlog = Arc::clone(&backlog);
        thread::spawn(move || {
            for _ in 0..4 {
                let peer = connect(&backlog);
                assert_eq!(peer.read(&mut [0]).expect("no timeout"), 1, "served");
            }
        })
    };
    let stops = {
        let first = first.clone();
        thread::spawn(move || first.shutdown(Duration::from_secs(5)))
    };
    peer.join().expect("a peer");
    assert_eq!(stops.join().expect("a report").cut, 0);
    assert_eq!(second.shutdown(Duration::from_secs(5)).cut, 0);
    for (counts, handle) in counts.iter().zip([first, second]) {
        counts.assert(2);
        assert_eq!((handle.connections(), handle.threads()), (0, 0));
    }
}

#[test]
fn of_two_servers_on_one_socket_one_stops_and_no_connection_is_lost() {
    explore(2000, || one_stops_among_newcomers(|| [None, None]));
}

/// The turn of the server that stops goes to the other: here it is one for whoever comes first.
#[derive(Default)]
struct AnyTurn {
    taken: Mutex<bool>,
    changed: Condvar,
}

impl Turn for AnyTurn {
    fn acquire(&self) -> bool {
        let moment = Duration::from_millis(50);
        let mut taken = self.taken.lock().expect("no panic");
        if *taken {
            let woken = self.changed.wait_timeout(taken, moment);
            taken = woken.expect("no panic").0;
        }
        !std::mem::replace(&mut *taken, true)
    }

    fn release(&self, _accepted: bool) {
        let mut taken = self.taken.lock().expect("no panic");
        assert!(*taken, "released twice");
        *taken = false;
        drop(taken);
        self.changed.notify_one();
    }
}

#[test]
fn of_two_servers_that_take_turns_one_stops_and_no_connection_is_lost() {
    explore(2000, || {
        one_stops_among_newcomers(|| {
            let turn = Arc::new(AnyTurn::default());
            [Some(turn.clone()), Some(turn)]
        });
    });
}
