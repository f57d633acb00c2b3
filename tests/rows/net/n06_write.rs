//! N06: a write that does not wait says when to stop, and one that does not stop is stopped.

use super::stage::{Recorder, Up, expect, order_at_close, patient, rest, until};
use crate::support::{Gate, Log, watched};
use barewire::net::{self, ConnectOptions, Socket, pipe_with_capacity};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// What leaves at once is not queued; the rest is, and the mark is 64 KiB unless another is set.
#[test]
fn row_n06_false_at_the_mark() {
    watched(|| {
        let (here, there) = pipe_with_capacity(10);
        let socket = Socket::new(Arc::new(here));
        assert!(socket.write([1; 10]));
        assert_eq!((socket.buffered(), socket.bytes_written()), (0, 10));
        assert!(socket.write(vec![2; 64 * KIB - 1]));
        assert_eq!(socket.buffered(), 64 * KIB - 1);
        assert!(!socket.write([3]), "taken, and full");
        assert!(!socket.write([4]), "taken, too");
        assert_eq!(socket.buffered(), 64 * KIB + 1);
        let peer = Socket::new(Arc::new(there));
        let all = [&[1; 10][..], &vec![2; 64 * KIB - 1], &[3, 4]].concat();
        expect(&peer, all);
        socket.drained().unwrap();
        assert!(socket.write([5]));
    });
}

/// The mark of a server's connections and of a client's. At the default one it would be passed.
#[test]
fn row_n06_the_mark_can_be_set() {
    fn fill(socket: &Socket) {
        while socket.write([0; 100]) {
            assert!(socket.buffered() < 1000);
        }
        assert!(socket.buffered() < 1100);
    }
    watched(|| {
        let (log, gate) = (Log::default(), Gate::default());
        let (server_log, is_seen) = (log.clone(), gate.clone());
        let server = net::create_server(move |socket| {
            fill(&socket);
            server_log.note("full");
            is_seen.pass();
            socket.destroy();
            Ok(())
        });
        let up = Up::new(server.high_water_mark(1000));
        let options = ConnectOptions {
            high_water_mark: 1000,
            ..ConnectOptions::default()
        };
        fill(&net::connect_with(&up.address(), &options).unwrap());
        log.wait_for("full");
        gate.open();
    });
}

/// A fast writer and a slow reader, and a writer that honours the `false` by `drain`: what is
/// queued stays within the mark, give or take one write.
#[test]
fn row_n06_a_fast_writer_and_a_slow_reader() {
    watched(|| {
        let (log, most) = (Log::default(), Arc::new(AtomicUsize::new(0)));
        let (server_log, largest) = (log.clone(), most.clone());
        let up = Up::new(net::create_server(move |socket| {
            let fast = Fast {
                sent: AtomicUsize::new(0),
                most: largest.clone(),
                log: server_log.clone(),
            };
            let fast = Arc::new(fast);
            let (first, then) = (fast.clone(), fast);
            let events = Recorder::new(&server_log).on("data", move |socket| first.go_on(socket));
            socket.run(events.on("drain", move |socket| then.go_on(socket)))
        }));
        let mut peer = up.peer();
        peer.write_all(b"go").unwrap();
        log.wait_for("full");
        let mut piece = [0; PIECE / 10];
        for n in 0..PIECES * 10 {
            peer.read_exact(&mut piece).unwrap();
            assert_eq!(piece, [(n / 10) as u8; PIECE / 10]);
        }
        assert!(rest(peer).is_empty());
        let most = most.load(Ordering::Relaxed);
        assert!(most < 64 * KIB + PIECE, "{most} bytes were queued");
    });
}

const PIECE: usize = 10_000;
const PIECES: usize = 1600;

/// It writes until `write` returns false, and goes on after `drain`.
struct Fast {
    sent: AtomicUsize,
    most: Arc<AtomicUsize>,
    log: Log,
}

impl Fast {
    fn go_on(&self, socket: &Socket) {
        while self.sent.load(Ordering::Relaxed) < PIECES {
            let n = self.sent.fetch_add(1, Ordering::Relaxed);
            let has_room = socket.write([n as u8; PIECE]);
            self.most.fetch_max(socket.buffered(), Ordering::Relaxed);
            if !has_room {
                return self.log.note("full");
            }
        }
        socket.end().unwrap();
    }
}

/// A peer that does not read at all cannot fill our memory, even if the `false` is ignored.
#[test]
fn row_n06_who_does_not_stop_is_stopped() {
    watched(|| {
        let (log, most) = (Log::default(), Arc::new(AtomicUsize::new(0)));
        let (server_log, largest) = (log.clone(), most.clone());
        let server = net::create_server(move |socket| {
            for _ in 0..256 {
                socket.write([7; 64 * KIB]); // 16 MiB, more than the kernel takes
                largest.fetch_max(socket.buffered(), Ordering::Relaxed);
            }
            until("it is given back", || socket.buffered() == 0);
            socket.run(Recorder::new(&server_log))
        });
        let up = Up::new(server.max_buffered(MIB));
        let _never_reads = up.peer();
        assert_eq!(order_at_close(&log), ["error ConnectionAborted", "close!"]);
        let most = most.load(Ordering::Relaxed);
        assert!(most <= MIB + 64 * KIB, "{most} bytes were queued");
    });
}

/// The plain way to write waits, and how long can be set.
#[test]
fn row_n06_write_all_waits_no_longer_than_it_may() {
    watched(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let socket = net::connect(&address).unwrap();
        let peer = patient(listener.accept().unwrap().0);
        socket
            .set_write_timeout(Some(Duration::from_millis(20)))
            .unwrap();
        let late = loop {
            if let Err(e) = socket.write_all([0; 64 * KIB]) {
                break e;
            }
        };
        assert!(net::is_timeout(&late), "{late}");
        assert_eq!(socket.buffered(), 0, "it does not queue");
        let arrived = std::thread::spawn(move || rest(peer).len());
        socket.set_write_timeout(None).unwrap();
        socket.write_all("the connection lives on").unwrap();
        socket.end().unwrap();
        assert_eq!(arrived.join().unwrap() as u64, socket.bytes_written());
    });
}
