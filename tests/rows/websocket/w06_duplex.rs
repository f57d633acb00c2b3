//! W06: both directions at once, and which thread may wait for which.

use super::stage::{
    Peer, echo, fake_server, masked, open, plain, reporting, serving, switch, until,
};
use crate::support::{Gate, PATIENCE, watched};
use barewire::http::{self, Failure};
use barewire::net::{self, Stream, pipe_with_capacity};
use barewire::websocket::{self, Acceptor, Config, ConnectOptions, Error, Reader, WebSocket};
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// 8 MiB each way.
const MESSAGES: usize = 420;
const MESSAGE_BYTES: usize = 20_000;

/// One end of a connection on which both ends send all their messages at once, in one thread, while a second
/// one receives and a third one pings, each time as soon as the pong before has come.
pub(crate) fn flood(ws: WebSocket, closes: bool) {
    let (mut reader, writer) = ws.split();
    let pings = AtomicBool::new(true);
    thread::scope(|scope| {
        let (pinger, pings) = (&writer, &pings);
        scope.spawn(move || {
            while pings.load(Ordering::Relaxed) {
                let pong = pinger.ping(PATIENCE);
                if pings.load(Ordering::Relaxed) && pinger.is_open() {
                    pong.expect("a pong");
                }
            }
        });
        let sender = scope.spawn(move || {
            for n in 0..MESSAGES {
                pinger
                    .send(vec![n as u8; MESSAGE_BYTES + n % 2])
                    .expect("open");
            }
        });
        for n in 0..MESSAGES {
            let data = reader.receive().expect("open").expect("a message");
            assert_eq!(data.bytes().len(), MESSAGE_BYTES + n % 2);
            assert!(data.bytes().iter().all(|&byte| byte == n as u8));
        }
        // The pongs to the other end's pings still have to be sent.
        let closer = scope.spawn(move || {
            sender.join().expect("a thread");
            pings.store(false, Ordering::Relaxed);
            if closes {
                pinger.close(1000, "").expect("a code");
            }
        });
        ends_cleanly(&mut reader);
        closer.join().expect("a thread");
    });
}

/// Receives what still comes, and sees the connection end as it should.
pub(crate) fn ends_cleanly(reader: &mut Reader) {
    while let Ok(Some(_)) = reader.receive() {}
    assert!(reader.outcome().expect("over").clean);
}

#[test]
fn row_w06_both_directions_flooded_with_pings() {
    watched(|| {
        let site = serving(|ws| flood(ws, false));
        flood(open(&site), true);
    });
}

/// A WebSocket through a pipe that has room for 100 bytes each way: a write takes a piece of a frame, or a few
/// frames and a piece of the next one.
fn through_a_needle_eye(serve: impl Fn(WebSocket) + Send + Sync + 'static) -> WebSocket {
    let server = Arc::new(http::create_server(move |req, res| {
        serve(websocket::accept(req, res)?.expect("a WebSocket"));
        Ok::<(), Failure>(())
    }));
    let options = ConnectOptions::new().create_connection(move |_: &_, _| {
        let (here, there) = pipe_with_capacity(100);
        let server = Arc::clone(&server);
        thread::spawn(move || server.serve(Arc::new(there)));
        Ok(http::Connected::new(here))
    });
    websocket::connect_with("ws://in.memory/", &options).expect("open")
}

/// Both ends send at once, and each has to wait for the other all the time.
#[test]
fn row_w06_both_directions_through_a_needle_eye() {
    watched(|| {
        let ws = through_a_needle_eye(|ws| {
            let (mut reader, writer) = ws.split();
            thread::scope(|scope| {
                scope.spawn(move || {
                    (0..50).for_each(|_| writer.send([7; 1000]).expect("open"));
                });
                while let Ok(Some(_)) = reader.receive() {}
            });
        });
        let (mut reader, writer) = ws.split();
        thread::scope(|scope| {
            let sender = writer.clone();
            scope.spawn(move || {
                for _ in 0..50 {
                    sender.send([8; 1000]).expect("open");
                    sender.send_ping().expect("open");
                }
            });
            for _ in 0..50 {
                assert!(reader.receive().expect("open").is_some());
            }
        });
        writer.close(1000, "").expect("a code");
        ends_cleanly(&mut reader);
        // The server answers a ping before it answers the Close frame that came behind the ping.
        assert!(writer.round_trip().is_some(), "a pong has come");
    });
}

/// The peer does not read, and one of our threads is blocked in `send`: messages are still received, and the
/// pongs to the peer's pings are queued.
#[test]
fn row_w06_a_stuck_writer_never_blocks_the_reader() {
    watched(|| {
        let gate = Gate::default();
        let opened = gate.clone();
        let (url, server) = fake_server(
            |key| switch(key, ""),
            move |mut peer| {
                for n in 0..1000 {
                    peer.send(plain(0x89, n.to_string()));
                }
                peer.send(plain(0x81, "are you there?"));
                gate.pass(); // until then nothing is read
                let header = peer.exactly(10);
                assert_eq!(header[..2], [0x82, 0xff]);
                let length = u64::from_be_bytes(header[2..].try_into().unwrap());
                peer.exactly(4 + length as usize);
                let first = peer.exactly(2);
                assert_eq!(first[0], 0x8a); // the pongs come right behind
            },
        );
        let (mut reader, writer) = websocket::connect(&url).expect("open").split();
        let sender = writer.clone();
        let stuck = thread::spawn(move || sender.send(vec![0; 30 << 20]));
        until("a writer is stuck", || writer.buffered_amount() > 1 << 20);
        let data = reader.receive().expect("open").expect("a message");
        assert_eq!(data.text(), Some("are you there?"));
        assert!(!writer.try_send("no room").expect("open"));
        opened.open();
        stuck.join().expect("a thread").expect("it left in the end");
        server.join().expect("the server");
    });
}

#[test]
fn row_w06_try_send_stops_at_the_high_water_mark() {
    watched(|| {
        let gate = Gate::default();
        let opened = gate.clone();
        let (url, server) = fake_server(
            |key| switch(key, ""),
            move |mut peer| {
                gate.pass();
                let _ = super::stage::rest(&mut peer.stream);
            },
        );
        let config = Config {
            high_water_mark: 100_000,
            ..Config::default()
        };
        let options = ConnectOptions::new().config(config);
        let ws = websocket::connect_with(&url, &options).expect("open");
        let writer = ws.writer();
        while writer.try_send([0; 1000]).expect("open") {}
        let buffered = writer.buffered_amount();
        assert!((100_000..110_000).contains(&buffered), "{buffered}");
        opened.open();
        until("all has left", || writer.buffered_amount() == 0);
        assert!(writer.try_send("more").expect("open"));
        drop((ws, writer));
        server.join().expect("the server");
    });
}

#[test]
fn row_w06_a_peer_that_never_reads_is_given_up() {
    watched(|| {
        let gate = Gate::default();
        let opened = gate.clone();
        let (url, server) = fake_server(|key| switch(key, ""), move |_peer| gate.pass());
        let config = Config {
            stall_timeout: Duration::from_millis(50),
            ..Config::default()
        };
        let options = ConnectOptions::new().config(config);
        let mut ws = websocket::connect_with(&url, &options).expect("open");
        match ws.send(vec![0; 30 << 20]) {
            Err(Error::Io(error)) => assert_eq!(error.kind(), ErrorKind::TimedOut),
            other => panic!("{other:?}"),
        }
        assert!(ws.receive().is_err());
        opened.open();
        server.join().expect("the server");
    });
}

/// Eight threads send; no frame is cut by another, and each thread's are in order.
#[test]
fn row_w06_many_writers() {
    watched(|| {
        let site = serving(echo);
        crowd(open(&site));
    });
}

/// The same where a write leaves a piece of a frame behind, which the next writer must send first.
#[test]
fn row_w06_many_writers_through_a_needle_eye() {
    watched(|| crowd(through_a_needle_eye(echo)));
}

fn crowd(ws: WebSocket) {
    let (mut reader, writer) = ws.split();
    let mut next = [0u8; 8];
    thread::scope(|scope| {
        for thread in 0..8u8 {
            let writer = writer.clone();
            scope.spawn(move || {
                for n in 0..100u8 {
                    let long = if n % 10 == 0 { 20_000 } else { 10 };
                    let mut message = vec![thread, n];
                    message.resize(long, thread);
                    writer.send(&message).expect("open");
                }
            });
        }
        for _ in 0..800 {
            let data = reader.receive().expect("open").expect("a message");
            let [thread, n] = data.bytes()[..2] else {
                panic!("a message of one byte");
            };
            assert_eq!(next[usize::from(thread)], n);
            next[usize::from(thread)] += 1;
            assert!(data.bytes()[2..].iter().all(|&byte| byte == thread));
        }
    });
}

/// One write for the answers to frames that came in one read; none is missing.
#[test]
fn row_w06_answers_to_frames_that_came_together_leave_together() {
    watched(|| {
        let (here, there) = pipe_with_capacity(1 << 16);
        let counted = Arc::new(Counted::new(there));
        let server = http::create_server(|req, res| {
            echo(websocket::accept(req, res)?.expect("a WebSocket"));
            Ok::<(), Failure>(())
        });
        thread::scope(|scope| {
            let stream = Arc::clone(&counted);
            scope.spawn(move || server.serve(stream));
            let mut peer = crate::support::Client::over(Arc::new(here));
            peer.send(format!("{}\r\n", super::stage::HANDSHAKE));
            peer.switched();
            let before = counted.writes();
            let sent: Vec<Vec<u8>> = (0..20).map(|n| masked(0x81, n.to_string())).collect();
            let echoed: Vec<Vec<u8>> = (0..20).map(|n| plain(0x81, n.to_string())).collect();
            peer.send(sent.concat());
            peer.exactly(echoed.concat());
            // If the machine stood still for a millisecond, the clock has flushed some of them.
            assert!(counted.writes() - before < 10, "{}", counted.writes());
            peer.finish();
        });
    });
}

/// Counts the writes to a pipe.
#[derive(Debug)]
struct Counted {
    pipe: barewire::net::Pipe,
    writes: std::sync::atomic::AtomicUsize,
}

impl Counted {
    fn new(pipe: barewire::net::Pipe) -> Counted {
        let writes = Default::default();
        Counted { pipe, writes }
    }

    fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }
}

impl net::Layer for Counted {
    fn below(&self) -> &dyn Stream {
        &self.pipe
    }

    fn write(&self, buf: &[u8]) -> std::io::Result<usize> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        self.pipe.write(buf)
    }

    fn write_vectored(&self, bufs: &[std::io::IoSlice<'_>]) -> std::io::Result<usize> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        self.pipe.write_vectored(bufs)
    }

    fn try_write(&self, buf: &[u8]) -> std::io::Result<Option<usize>> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        self.pipe.try_write(buf)
    }
}

/// A peer that sends pings and reads nothing costs a bounded amount of memory.
#[test]
fn row_w06_pings_of_a_peer_that_does_not_read() {
    watched(|| {
        let (site, reports) = reporting(Acceptor::new(), |ws| {
            let (mut reader, writer) = ws.split();
            let _ = reader.receive();
            writer.buffered_amount()
        });
        let mut peer = Peer::open(&site);
        let pings = masked(0x89, [b'p'; 125]).repeat(1000);
        for _ in 0..200 {
            peer.send(&pings); // 26 MB of pings
        }
        peer.send(masked(0x81, "done"));
        let buffered = reports.recv().expect("the server is alive");
        assert!(buffered < 100_000, "{buffered}");
    });
}
