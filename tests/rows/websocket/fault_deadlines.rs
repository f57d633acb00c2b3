//! Everything that a peer can hold has a deadline, and the last Close frame arrives: faults A6, A16, D1, D3, D11.

use super::stage::{
    HANDSHAKE, Peer, accepting, close, echo, fake_server, masked, plain, rest, switch,
};
use crate::support::{Client, Gate, Log, PATIENCE, steady, watched};
use barewire::http::{self, Failure};
use barewire::net::pipe_with_capacity;
use barewire::websocket::wire::{Header, Opcode};
use barewire::websocket::{
    self, Acceptor, Config, ConnectOptions, Data, Outcome, SocketEvents, WebSocket, Writer,
};
use std::io::Read;
use std::net::Shutdown;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(50);

fn hasty() -> Config {
    Config {
        heartbeat_interval: None,
        stall_timeout: SHORT,
        linger_timeout: SHORT,
        ..Config::default()
    }
}

/// A message, a frame or a header that has begun and does not go on.
#[test]
fn fault_d01_a_message_that_does_not_go_on_is_given_up() {
    let message = masked(0x81, "hello world!");
    let fragment = masked(0x01, "hello ");
    let long = masked(0x82, vec![0; 100_000]);
    for begun in [
        &message[..1],
        &message[..5],
        &message[..10],
        &fragment,
        &long[..70_000],
    ] {
        let begun = begun.to_vec();
        watched(move || {
            let site = accepting(Acceptor::new().config(hasty()), echo);
            let mut peer = Peer::open(&site);
            peer.send(&begun);
            let reason = "a message that has begun must go on";
            peer.expect(plain(0x88, close(1008, reason)));
            peer.ended();
        });
    }
}

/// Pings are no progress of a message.
#[test]
fn fault_d01_pings_do_not_keep_half_a_message_alive() {
    watched(|| {
        let site = accepting(Acceptor::new().config(hasty()), echo);
        let mut peer = Peer::open(&site);
        peer.send(masked(0x01, "half"));
        let mut pings = peer.stream.try_clone().expect("a stream");
        let pinger = thread::spawn(move || {
            while std::io::Write::write_all(&mut pings, &masked(0x89, "alive")).is_ok() {
                thread::sleep(Duration::from_millis(5));
            }
        });
        while peer.exactly(2) == [0x8a, 5] {
            assert_eq!(peer.exactly(5), b"alive");
        }
        let _ = peer.stream.shutdown(Shutdown::Both);
        pinger.join().expect("a thread");
    });
}

/// Slow, but not too slow: the rate is what is judged, not the time that the message takes.
#[test]
fn fault_d01_a_message_that_goes_on_is_not_given_up() {
    steady(SHORT, || {
        let config = Config {
            stall_timeout: Duration::from_millis(500),
            min_bytes_per_second: 1,
            ..hasty()
        };
        let site = accepting(Acceptor::new().config(config), echo);
        let mut peer = Peer::open(&site);
        for piece in masked(0x82, [9; 100]).chunks(10) {
            peer.send(piece);
            thread::sleep(Duration::from_millis(60)); // longer in all than it may stand still
        }
        peer.expect(plain(0x82, [9; 100]));
    });
}

/// The same in the client, and where messages are received in parts.
#[test]
fn fault_d01_a_client_gives_half_a_message_up() {
    for in_parts in [false, true] {
        watched(move || {
            let gate = Gate::default();
            let opened = gate.clone();
            let (url, server) = fake_server(
                |key| switch(key, ""),
                move |mut peer| {
                    peer.send(&plain(0x82, [0; 100])[..50]);
                    gate.pass();
                },
            );
            let options = ConnectOptions::new().config(hasty());
            let (mut reader, _writer) = websocket::connect_with(&url, &options)
                .expect("open")
                .split();
            let error = match in_parts {
                false => reader.receive().expect_err("it stands still"),
                true => {
                    let mut parts = reader.in_parts();
                    loop {
                        if let Err(error) = parts.receive_part() {
                            break error;
                        }
                    }
                }
            };
            let text = error.to_string();
            assert!(
                text.starts_with("a message came slower than min_bytes_per_second"),
                "{text}"
            );
            opened.open();
            server.join().expect("the server");
        });
    }
}

/// The heartbeat is on from the start: a peer that has vanished is cut.
#[test]
fn fault_d01_a_vanished_peer_is_found_out() {
    let config = Config::default();
    assert_eq!(config.heartbeat_interval, Some(Duration::from_secs(30)));
    assert_eq!(config.heartbeat_timeout, Duration::from_secs(30));
    watched(|| {
        let open = |heartbeat_timeout| {
            let config = Config {
                heartbeat_interval: Some(SHORT),
                heartbeat_timeout,
                ..Config::default()
            };
            let site = accepting(Acceptor::new().config(config), echo);
            (Peer::open(&site), site)
        };
        // One that is there answers, and stays.
        let (mut peer, _site) = open(PATIENCE);
        for _ in 0..3 {
            assert_eq!(peer.exactly(2), [0x89, 8]);
            let payload = peer.exactly(8);
            peer.send(masked(0x8a, payload));
        }
        // One is silent.
        let (mut peer, _site) = open(SHORT);
        let rest = rest(&mut peer.stream).expect("a FIN");
        assert_eq!(rest[..2], [0x89, 8]);
        assert_eq!(rest.len(), 10, "{rest:?}");
    });
}

/// The ping is behind 3 MiB that the peer reads steadily, for much longer than the deadline.
#[test]
fn fault_a06_a_peer_that_reads_a_long_message_is_alive() {
    steady(SHORT, || {
        let every = Duration::from_millis(300);
        let server = Arc::new(http::create_server(move |req, res| {
            let mut ws = websocket::accept(req, res)?.expect("a WebSocket");
            ws.heartbeat(every, every);
            let (mut reader, writer) = ws.split();
            let sender = thread::spawn(move || {
                writer.send(vec![6; 3 << 20]).expect("it was not cut");
                let _ = writer.close(1000, "");
            });
            while let Ok(Some(_)) = reader.receive() {}
            sender.join().expect("a thread");
            Ok::<(), Failure>(())
        }));
        let (here, there) = pipe_with_capacity(64 * 1024);
        let serving = Arc::clone(&server);
        let served = thread::spawn(move || serving.serve(Arc::new(there)));
        let mut peer = Client::over(Arc::new(here));
        peer.send(format!("{HANDSHAKE}\r\n"));
        peer.switched();
        peer.exactly(&plain(0x82, vec![6; 3 << 20])[..10]);
        for _ in 0..48 {
            let piece = peer.try_exactly(64 * 1024).expect("it was not cut");
            assert!(piece.iter().all(|byte| *byte == 6));
            thread::sleep(Duration::from_millis(25)); // 1.2 s in all
        }
        // Behind the message a ping may come, and the Close frame does.
        let mut seen = Vec::new();
        while !seen.ends_with(&close(1000, "")) {
            seen.extend(peer.try_exactly(1).expect("a Close frame"));
        }
        peer.send(masked(0x88, close(1000, "")));
        served.join().expect("a thread");
    });
}

/// No duration is too long for a deadline.
#[test]
fn fault_a16_no_deadline_is_too_far() {
    watched(|| {
        let config = Config {
            heartbeat_interval: Some(Duration::MAX),
            heartbeat_timeout: Duration::MAX,
            stall_timeout: Duration::MAX,
            close_timeout: Duration::MAX,
            linger_timeout: Duration::MAX,
            ..Config::default()
        };
        let site = accepting(Acceptor::new().config(config.clone()), |mut ws| {
            ws.heartbeat(Duration::MAX, Duration::MAX);
            echo(ws);
        });
        let options = ConnectOptions::new().config(config);
        let url = super::stage::url(&site, "/");
        let ws = websocket::connect_with(&url, &options).expect("open");
        let (mut reader, writer) = ws.split();
        let pinger = writer.clone();
        let ping = thread::spawn(move || pinger.ping(Duration::MAX));
        writer.send("hello").expect("open");
        assert_eq!(
            reader.receive().expect("open").expect("a message").text(),
            Some("hello")
        );
        let closing = thread::spawn(move || while let Ok(Some(_)) = reader.receive() {});
        ping.join().expect("no panic").expect("a pong");
        writer.close(1000, "").expect("a code");
        assert!(writer.closed().clean);
        closing.join().expect("no panic");
    });
}

/// The handler has sent a message and is gone, and one message of the client is unread: all bytes arrive.
#[test]
fn fault_d03_what_was_sent_last_arrives() {
    for bytes in [10, 100_000, 1 << 20] {
        watched(move || {
            let site = accepting(Acceptor::new(), move |mut ws: WebSocket| {
                ws.receive().expect("open").expect("a message");
                ws.send(vec![4; bytes]).expect("open");
            });
            let mut peer = Peer::open(&site);
            peer.send([masked(0x81, "read"), masked(0x81, "not read")].concat());
            peer.expect(plain(0x82, vec![4; bytes]));
            peer.send(masked(0x81, "and more"));
            peer.expect(plain(0x88, close(1001, "")));
            peer.ended();
        });
    }
}

/// A client that is dropped likewise.
#[test]
fn fault_d03_what_a_client_sent_last_arrives() {
    watched(|| {
        let gate = Gate::default();
        let dropped = gate.clone();
        let (url, server) = fake_server(
            |key| switch(key, ""),
            move |mut peer| {
                peer.send(plain(0x81, "not read"));
                gate.pass();
                let mut all = Vec::new();
                peer.stream.read_to_end(&mut all).expect("no reset");
                let (header, n) = Header::decode(&all).expect("a frame").expect("whole");
                assert_eq!((header.opcode, header.length), (Opcode::Binary, 300_000));
                let (header, _) = Header::decode(&all[n + 300_000..])
                    .expect("a frame")
                    .expect("whole");
                assert_eq!(header.opcode, Opcode::Close);
            },
        );
        let ws = websocket::connect(&url).expect("open");
        ws.writer().send(vec![1; 300_000]).expect("open");
        drop(ws);
        dropped.open();
        server.join().expect("the server");
    });
}

/// Events, one of which panics.
struct Panics {
    log: Log,
    at: &'static str,
}

impl Panics {
    fn event(&self, name: &'static str) {
        self.log.note(name);
        assert_ne!(self.at, name, "on purpose");
    }
}

impl SocketEvents for Panics {
    fn onopen(&self, _socket: &Writer) {
        self.event("onopen");
    }

    fn onmessage(&self, _socket: &Writer, _data: Data<'_>) {
        self.event("onmessage");
    }

    fn onerror(&self, _socket: &Writer, _error: &websocket::Error) {
        self.event("onerror");
    }

    fn onclose(&self, _socket: &Writer, _outcome: &Outcome) {
        self.event("onclose");
    }
}

#[test]
fn fault_d11_onclose_comes_exactly_once_after_a_panic_too() {
    for at in ["onopen", "onmessage", "onerror", "onclose"] {
        watched(move || {
            let log = Log::default();
            let noted = log.clone();
            let site = accepting(Acceptor::new(), move |ws| {
                let log = noted.clone();
                ws.run(Panics { log, at });
            });
            let mut peer = Peer::open(&site);
            peer.send(masked(0x81, "a message"));
            if at == "onerror" {
                peer.send([0xff]);
            }
            if at == "onclose" {
                peer.send(masked(0x88, close(1000, "")));
            }
            let _ = rest_after_close(&mut peer);
            drop(peer);
            log.wait_for("onclose");
            site.handle.shutdown(PATIENCE);
            assert_eq!(log.count("onclose"), 1);
        });
    }
}

/// Reads to the end, and answers a Close frame.
fn rest_after_close(peer: &mut Peer) -> std::io::Result<Vec<u8>> {
    let _ = std::io::Write::write_all(&mut peer.stream, &masked(0x88, close(1000, "")));
    rest(&mut peer.stream)
}
