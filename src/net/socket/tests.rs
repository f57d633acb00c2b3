//! The socket over streams that are made for one test: which calls it makes, and which locks it holds
//! meanwhile.

mod double;
mod together;

use super::*;
use crate::net::cause::Cause;
use crate::net::stream::is_timeout;
use crate::net::tests::{PATIENCE, within};
use crate::net::{Tcp, pipe_with_capacity};
use double::{Double, Wrote};
use std::io::ErrorKind;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

const ETIMEDOUT: i32 = 110; // on Linux

fn short(stall_millis: u64) -> ConnectOptions {
    ConnectOptions {
        stall_timeout: Duration::from_millis(stall_millis),
        ..ConnectOptions::default()
    }
}

fn with(stream: impl Stream + 'static, settings: ConnectOptions) -> Socket {
    Socket::with(Arc::new(stream), settings, false, None)
}

/// Sends the name of every event but `data`.
struct Names(Sender<String>);

impl SocketEvents for Names {
    fn connect(&self, socket: &Socket) {
        drop(socket.inner.wait(None, queue::SendQueue::is_at_rest));
        self.0.send("connect".into()).unwrap();
    }

    fn end(&self, _socket: &Socket) {
        self.0.send("end".into()).unwrap();
    }

    fn drain(&self, _socket: &Socket) {
        self.0.send("drain".into()).unwrap();
    }

    fn timeout(&self, _socket: &Socket) {
        self.0.send("timeout".into()).unwrap();
    }

    fn error(&self, _socket: &Socket, error: &io::Error) {
        self.0.send(format!("error {error}")).unwrap();
    }

    fn close(&self, _socket: &Socket, _had_error: bool) {
        self.0.send("close".into()).unwrap();
    }
}

fn names() -> (Names, Receiver<String>) {
    let (sender, receiver) = channel();
    (Names(sender), receiver)
}

/// The kernel's ETIMEDOUT is the end of a connection, and no timeout of ours. Writers, a later read and
/// `run` return it as it is, and `run` ends.
#[test]
fn fault_a22_a_dead_connection_is_no_timeout() {
    within(PATIENCE, || {
        let dead = || Double::new(Wrote::Fails(ETIMEDOUT));
        let socket = with(dead(), ConnectOptions::default());
        let error = socket.write_all("x").unwrap_err();
        assert_eq!(error.raw_os_error(), Some(ETIMEDOUT));
        let error = socket.read(&mut [0; 8]).unwrap_err();
        assert!(!is_timeout(&error), "{error}");
        assert_eq!(error.raw_os_error(), Some(ETIMEDOUT));

        for starts_flusher in [true, false] {
            let socket = with(dead(), ConnectOptions::default());
            let (events, called) = names();
            match starts_flusher {
                true => {
                    assert!(socket.write("x"));
                    socket.drained().unwrap_err(); // the flush thread has the error
                }
                false => drop(socket.write_all("x").unwrap_err()),
            }
            let error = socket.run(events).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(ETIMEDOUT));
            let called: Vec<_> = called.iter().collect();
            assert!(called[0].starts_with("error "), "{called:?}");
            assert_eq!(called[1..], ["close"]);
        }
    });
}

/// A write of any size is offered to the stream in pieces, and the stream's timeout is a fraction of the
/// limits: so what has left meanwhile is seen.
#[test]
fn fault_a10_a11_a_large_write_leaves_in_pieces() {
    const MUCH: usize = 15 * 1024 * 1024;
    within(PATIENCE, || {
        let double = Arc::new(Double::new(Wrote::All));
        let socket = Socket::with(double.clone(), short(1000), false, None);
        socket.set_timeout(Some(Duration::from_millis(600)));
        socket
            .set_write_timeout(Some(Duration::from_millis(400)))
            .unwrap();
        socket.write(vec![7; MUCH]);
        socket.drained().unwrap();
        socket.write_all(vec![7; MUCH]).unwrap();
        Write::write(&mut &socket, &vec![7; MUCH]).unwrap();
        let seen = double.seen();
        assert_eq!(
            seen.blocking_bytes.iter().max(),
            Some(&write_state::PIECE_BYTES)
        );
        assert_eq!(seen.write_timeout, Some(Duration::from_millis(100)));
        socket.set_timeout(Some(Duration::from_millis(200)));
        socket.write_all("x").unwrap();
        let sooner = double.seen().write_timeout;
        assert_eq!(sooner, Some(Duration::from_millis(50)));
        assert_eq!(
            socket.bytes_written(),
            2 * MUCH as u64 + write_state::PIECE_BYTES as u64 + 1
        );
    });
}

/// `Socket::write` "never waits": where there is no room, the flush thread waits for it.
#[test]
fn fault_a11_a_write_never_waits() {
    within(PATIENCE, || {
        let double = Arc::new(Double::new(Wrote::All)); // without room for a write that does not wait
        let socket = Socket::with(double.clone(), ConnectOptions::default(), false, None);
        for _ in 0..100 {
            socket.write("x");
        }
        socket.drained().unwrap();
        let seen = double.seen();
        assert_eq!(seen.blocking_bytes.iter().sum::<usize>(), 100);
        assert!(!seen.blocking_threads.contains(&thread::current().id()));
    });
}

/// A peer that takes a byte every 20 ms does not hold a thread for ever; nor does one that takes none.
#[test]
fn fault_a10_a21_a_peer_below_the_rate_is_cut() {
    within(PATIENCE, || {
        for (takes_some, is_queued) in [(true, true), (true, false), (false, true), (false, false)]
        {
            let (here, there) = pipe_with_capacity(1);
            let socket = with(here, short(100));
            there.shutdown(Shutdown::Write).unwrap();
            let reads = thread::spawn(move || {
                let mut read = 0;
                while takes_some && there.read(&mut [0]).is_ok_and(|n| n == 1) {
                    read += 1;
                    thread::sleep(Duration::from_millis(20)); // 50 bytes a second
                }
                (read, there)
            });
            let why = match is_queued {
                true => {
                    let (events, called) = names();
                    socket.write([7; 10_000]);
                    let why = socket.run(events).unwrap_err();
                    assert_eq!(
                        called.iter().collect::<Vec<_>>(),
                        ["end".into(), format!("error {why}"), "close".into()]
                    );
                    why
                }
                false => socket.write_all([7; 10_000]).unwrap_err(),
            };
            assert_eq!(why.kind(), ErrorKind::ConnectionAborted, "{why}");
            assert!(why.to_string().contains("256 bytes a second"), "{why}");
            assert_eq!(socket.buffered(), 0);
            assert!(reads.join().unwrap().0 < 1000);
        }
    });
}

/// No lock is held in any call of the stream: it asks the socket, which needs the lock for the answer.
#[test]
fn fault_a23_no_lock_is_held_in_a_call_of_the_stream() {
    within(PATIENCE, || {
        for wrote in [Wrote::All, Wrote::One, Wrote::Fails(ETIMEDOUT)] {
            let double = Arc::new(Double::new(wrote));
            let socket = Socket::with(double.clone(), short(1000), false, None);
            double.asks(&socket);
            socket
                .set_read_timeout(Some(Duration::from_secs(1)))
                .unwrap();
            socket
                .set_write_timeout(Some(Duration::from_secs(1)))
                .unwrap();
            socket.write("abc");
            let _ = socket.drained();
            let _ = socket.write_all("abc");
            let _ = Write::write(&mut &socket, b"abc");
            let _ = Write::write_vectored(&mut &socket, &[IoSlice::new(b"a"), IoSlice::new(b"b")]);
            let (events, called) = names();
            let _ = socket.run(events);
            assert_eq!(called.iter().last().as_deref(), Some("close"));
            socket.destroy();
            assert!(double.seen().calls >= 5);
        }
    });
}

/// A user's stream that panics costs its connection; no thread waits for the one that panicked.
#[test]
fn fault_a18_a_stream_that_panics_leaves_no_thread_waiting() {
    within(PATIENCE, || {
        let socket = with(Double::new(Wrote::Panics), ConnectOptions::default());
        let writer = socket.clone();
        thread::spawn(move || writer.write_all("x"))
            .join()
            .unwrap_err();
        assert_eq!(
            socket.write_all("y").unwrap_err().kind(),
            ErrorKind::BrokenPipe
        );
        let (events, called) = names();
        assert_eq!(
            socket.run(events).unwrap_err().to_string(),
            "a write panicked"
        );
        assert_eq!(called.iter().last().as_deref(), Some("close"));
        // And in the flush thread.
        let socket = with(Double::new(Wrote::Panics), ConnectOptions::default());
        socket.write("x");
        assert_eq!(socket.drained().unwrap_err().kind(), ErrorKind::BrokenPipe);
    });
}

/// The end finds no room, as it may under TLS: it is pending, and leaves later.
#[test]
fn fault_a19_a20_an_end_without_room_stays_pending() {
    within(PATIENCE, || {
        let double = Arc::new(Double::new(Wrote::All));
        double.end_needs_room(2);
        let socket = Socket::with(double.clone(), short(2_000), false, None);
        socket.end().unwrap();
        socket.end().expect("again does nothing");
        socket.inner.end_sent().unwrap();
        let seen = double.seen();
        assert_eq!((seen.ends_refused, seen.ends), (2, 1));
        assert_eq!(
            seen.end_timeouts[0],
            Some(Duration::ZERO),
            "`end` does not wait"
        );
        // There never is room: the peer is given up.
        let double = Arc::new(Double::new(Wrote::All));
        double.end_needs_room(usize::MAX);
        let socket = Socket::with(double.clone(), short(20), false, None);
        let (events, called) = names();
        let why = socket.run(events).unwrap_err();
        assert_eq!(why.kind(), ErrorKind::ConnectionAborted);
        assert_eq!(called.iter().last().as_deref(), Some("close"));
    });
}

/// A queue that empties while `connect` runs: `drain` waits until it has returned.
#[test]
fn fault_a27_drain_after_connect() {
    within(PATIENCE, || {
        let (here, there) = pipe_with_capacity(1000);
        let socket = Socket::with(Arc::new(here), ConnectOptions::default(), true, None);
        assert!(!socket.write(vec![7; 100_000]), "full");
        let reads = thread::spawn(move || {
            let mut buf = vec![0; 4096];
            while there.bytes_are_read(&mut buf) {}
        });
        let (events, called) = names();
        let running = socket.clone();
        let running = thread::spawn(move || running.run(events));
        assert_eq!(called.recv().unwrap(), "connect");
        assert_eq!(called.recv().unwrap(), "drain");
        socket.destroy();
        running.join().unwrap().unwrap();
        reads.join().unwrap();
    });
}

trait Reads {
    fn bytes_are_read(&self, buf: &mut [u8]) -> bool;
}

impl<S: Stream> Reads for S {
    fn bytes_are_read(&self, buf: &mut [u8]) -> bool {
        self.read(buf).is_ok_and(|n| n > 0)
    }
}

/// A socket on one end of a TCP connection, as if a call of the stream were under way.
fn calling() -> (Arc<Inner>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let ours = Tcp::from(listener.accept().unwrap().0);
    let inner = Socket::new(Arc::new(ours)).inner;
    inner.writing.lock().queue.call_begins();
    (inner, peer)
}

fn reset(inner: &Inner, peer: TcpStream) {
    inner.stream.write(b"unread").unwrap();
    assert_eq!(peer.peek(&mut [0; 6]).unwrap(), 6);
    drop(peer);
}

/// Reader and writer sleep and wake at the same time: the system reports the loss to one of them only.
#[test]
fn a_reset_that_only_the_writer_gets_is_no_end() {
    within(PATIENCE, || {
        let (inner, peer) = calling();
        reset(&inner, peer);
        let lost = loop {
            if let Err(e) = inner.stream.write(b"x") {
                break e;
            }
        };
        assert_eq!(
            inner.stream.read(&mut [0; 1]).unwrap(),
            0,
            "as if it were a FIN"
        );
        let own = Arc::clone(&inner);
        let reader = thread::spawn(move || own.peer_ended().map_err(|e| e.kind()));
        while inner.writing.lock().waiting == 0 {
            thread::yield_now();
        }
        let mut state = inner.writing.lock();
        state.queue.call_ended(0);
        state.fail(Cause::of(&lost));
        inner.writing.notify(&state);
        drop(state);
        assert_eq!(reader.join().unwrap(), Err(ErrorKind::ConnectionReset));
    });
}

/// A FIN is reported although a writer sleeps.
#[test]
fn an_end_waits_for_no_writer() {
    within(PATIENCE, || {
        let (inner, peer) = calling();
        peer.shutdown(Shutdown::Write).unwrap();
        assert_eq!(inner.stream.read(&mut [0; 1]).unwrap(), 0);
        inner.peer_ended().unwrap();
    });
}

#[test]
fn a_server_cuts_idle_connections_unless_asked_otherwise() {
    assert_eq!(ConnectOptions::default().idle_timeout, None, "a client's");
    let settings = crate::net::create_server(|_| Ok(())).sockets;
    assert_eq!(settings.idle_timeout, Some(Duration::from_secs(120)));
    assert_eq!(settings.stall_timeout, Duration::from_secs(30));
    assert_eq!(settings.min_bytes_per_second, 256);
}
