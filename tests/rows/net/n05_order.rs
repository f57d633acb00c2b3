//! N05: the events of a socket, in the order that `SocketEvents` documents.
//!
//! ```text
//!   connect?  ( data | text | timeout )*  end?  timeout*  error?  close
//!             └── drain, beside these, never after close ──┘
//! ```

use super::stage::{Recorder, Up, expect, fill, order_at_close, reset, rest};
use crate::support::{Log, watched};
use barewire::net::{self, Socket};
use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// What happens on one connection: the server's events on the one hand, a peer on the other.
struct Scene {
    name: &'static str,
    half_open: bool,
    events: fn(Recorder, Log) -> Recorder,
    peer: fn(TcpStream, &Log),
    /// The server's events. An event that is repeated stands there once.
    order: &'static [&'static str],
}

const SCENES: &[Scene] = &[
    Scene {
        name: "the peer says nothing and ends",
        half_open: false,
        events: |recorder, _| recorder,
        peer: |peer, _| drop(peer),
        order: &["end", "close"],
    },
    Scene {
        name: "the peer speaks and ends, and our FIN follows its own",
        half_open: false,
        events: |recorder, _| recorder.on("end", |socket| assert!(socket.write("bye"))),
        peer: |mut peer, _| {
            peer.write_all(b"hello").unwrap();
            peer.shutdown(Shutdown::Write).unwrap();
            assert_eq!(rest(peer), b"bye");
        },
        order: &["data", "end", "close"],
    },
    Scene {
        name: "we end first: that is no end event, the peer's FIN is",
        half_open: false,
        events: |recorder, _| recorder.on("data", |socket| socket.end().unwrap()),
        peer: |mut peer, log| {
            peer.write_all(b"hello").unwrap();
            assert!(rest(&peer).is_empty(), "the FIN");
            log.note("the peer has our FIN");
            peer.write_all(b"I am still here").unwrap();
        },
        order: &["data", "the peer has our FIN", "data", "end", "close"],
    },
    Scene {
        name: "half open: after the peer's FIN we go on until we end",
        half_open: true,
        events: |recorder, log| {
            recorder.on("end", move |socket| {
                let (socket, log) = (socket.clone(), log.clone());
                std::thread::spawn(move || {
                    log.wait_for("the peer knows");
                    socket.write_all("later").unwrap();
                    socket.end().unwrap();
                });
            })
        },
        peer: |peer, log| {
            peer.shutdown(Shutdown::Write).unwrap();
            log.wait_for("end");
            log.note("the peer knows");
            assert_eq!(rest(peer), b"later");
        },
        order: &["end", "the peer knows", "close"],
    },
    Scene {
        name: "half open, and idle: timeout comes after end, too",
        half_open: true,
        events: |recorder, _| {
            recorder
                .on("data", |socket| socket.set_timeout(Some(MOMENT)))
                .on("timeout", |socket| socket.end().unwrap())
        },
        peer: |mut peer, _| {
            peer.write_all(b"hello").unwrap();
            peer.shutdown(Shutdown::Write).unwrap();
            assert!(rest(peer).is_empty());
        },
        order: &["data", "end", "timeout", "close"],
    },
    Scene {
        name: "the peer resets the connection: no end",
        half_open: false,
        events: |recorder, _| recorder.on("data", |socket| assert!(socket.write("never read"))),
        peer: |mut peer, _| {
            peer.write_all(b"hello").unwrap();
            reset(peer);
        },
        order: &["data", "error ConnectionReset", "close!"],
    },
    Scene {
        name: "half open, and the peer resets what it does not want to hear",
        half_open: true,
        events: |recorder, log| {
            recorder.on("end", move |socket| {
                log.wait_for("gone");
                while socket.write("x") {}
            })
        },
        peer: |peer, log| {
            peer.shutdown(Shutdown::Write).unwrap();
            log.wait_for("end");
            drop(peer); // what is written now is answered by a reset
            log.note("gone");
        },
        order: &["end", "gone", "error BrokenPipe", "close!"],
    },
    Scene {
        name: "we destroy it: neither end nor error",
        half_open: false,
        events: |recorder, _| recorder.on("data", Socket::destroy),
        peer: |mut peer, _| {
            peer.write_all(b"hello").unwrap();
            assert!(rest(peer).is_empty());
        },
        order: &["data", "close"],
    },
    Scene {
        name: "we destroy it because nothing comes",
        half_open: false,
        events: |recorder, _| {
            recorder
                .on("data", |socket| socket.set_timeout(Some(MOMENT)))
                .on("timeout", Socket::destroy)
        },
        peer: |mut peer, _| {
            peer.write_all(b"hello").unwrap();
            assert!(rest(peer).is_empty());
        },
        order: &["data", "timeout", "close"],
    },
    Scene {
        name: "a full queue empties while the peer still speaks",
        half_open: false,
        events: |recorder, log| {
            recorder
                .on("data", move |socket| {
                    fill(socket);
                    log.note("full");
                })
                .on("drain", |socket| socket.end().unwrap())
        },
        peer: |mut peer, log| {
            peer.write_all(b"go").unwrap();
            log.wait_for("full");
            assert!(rest(peer).iter().all(|byte| *byte == b'.'));
        },
        order: &["data", "full", "drain", "end", "close"],
    },
    Scene {
        name: "the peer ends while the queue is full: it gets all of it",
        half_open: false,
        events: |recorder, log| {
            recorder.on("end", move |socket| {
                fill(socket);
                socket.end().unwrap();
                log.note("full");
            })
        },
        peer: |peer, log| {
            peer.shutdown(Shutdown::Write).unwrap();
            log.wait_for("full");
            assert!(rest(peer).len() > 64 * 1024);
        },
        order: &["end", "full", "close"],
    },
];

const MOMENT: Duration = Duration::from_millis(5);

#[test]
fn row_n05_the_order_of_events() {
    watched(|| SCENES.iter().for_each(play));
}

fn play(scene: &Scene) {
    let log = Log::default();
    let (server_log, events) = (log.clone(), scene.events);
    let server = net::create_server(move |socket| {
        socket.write("hello");
        socket.run(events(Recorder::new(&server_log), server_log.clone()))
    });
    let up = Up::new(server.allow_half_open(scene.half_open));
    let peer = up.peer();
    expect(&peer, "hello");
    (scene.peer)(peer, &log);
    assert_eq!(order_at_close(&log), scene.order, "{}", scene.name);
    up.shutdown(Duration::from_secs(5));
    let after = log.all();
    let closed = after.iter().filter(|event| event.starts_with("close"));
    assert_eq!(closed.count(), 1, "{}: {after:?}", scene.name);
    assert!(
        after.last().is_some_and(|event| event.starts_with("close")),
        "{}",
        scene.name
    );
}

/// A client's first event is `connect`.
#[test]
fn row_n05_connect_is_the_clients() {
    watched(|| {
        let log = Log::default();
        let up = Up::new(net::create_server(|socket| socket.write_all("hello")));
        net::connect(&up.address())
            .unwrap()
            .run(Recorder::new(&log))
            .unwrap();
        assert_eq!(log.all(), ["connect", "data", "end", "close"]);
    });
}

/// The notes say that `end` comes when either side sends its FIN. It is the peer's that is read,
/// and only after everything that came before it.
#[test]
fn erratum_e09_end_is_the_peers_fin() {
    watched(|| {
        let log = Log::default();
        let server_log = log.clone();
        let events = move || {
            let events = Recorder::new(&server_log);
            let bytes = events.bytes();
            let log = server_log.clone();
            events.on("end", move |_| log.note(bytes.lock().unwrap().len()))
        };
        let up = Up::new(net::create_server(move |socket| {
            socket.end()?;
            socket.run(events())
        }));
        let mut peer = up.peer();
        assert!(rest(&peer).is_empty(), "our FIN is there");
        peer.write_all(&[7; 100_000]).unwrap();
        assert_eq!(log.count("end"), 0, "and was none of their `end`");
        drop(peer);
        assert_eq!(order_at_close(&log), ["data", "end", "100000", "close"]);
    });
}
