//! A thread that must not wait does not, and frames leave whole: faults A0, A1, A2, A3, A5, A13, A18, D14.

use super::stage::{HANDSHAKE, Peer, masked, open, plain, reporting, serving, until, writers};
use super::watched_stream::WatchedStream;
use crate::support::{Client, PATIENCE, Site, watched};
use barewire::http::{self, Failure};
use barewire::net::pipe_with_capacity;
use barewire::websocket::wire::{Header, Opcode};
use barewire::websocket::{Acceptor, Config, Error, Misuse, Room, Slow, WebSocket, Writer};
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// The next frame of a server: its opcode and payload.
fn frame(peer: &mut Peer) -> (Opcode, Vec<u8>) {
    let mut bytes = peer.exactly(2);
    loop {
        if let Some((header, _)) = Header::decode(&bytes).expect("a frame begins here") {
            return (header.opcode, peer.exactly(header.length as usize));
        }
        bytes.extend(peer.exactly(1));
    }
}

/// Two threads send 100 kB messages while the peer pings: the pongs stand between them.
#[test]
fn fault_a00_no_pong_inside_a_frame() {
    for bytes in [100_000, 70_000, 5_000] {
        watched(move || {
            let site = serving(move |ws| {
                let (mut reader, writer) = ws.split();
                thread::scope(|scope| {
                    for byte in 1..=2 {
                        let writer = writer.clone();
                        scope.spawn(move || {
                            (0..30).for_each(|_| drop(writer.send(vec![byte; bytes])));
                        });
                    }
                    while let Ok(Some(_)) = reader.receive() {}
                });
            });
            let mut peer = Peer::open(&site);
            let (mut messages, mut pongs) = (0, 0);
            while messages < 60 || pongs == 0 {
                peer.send(masked(0x89, "PINGPING"));
                match frame(&mut peer) {
                    (Opcode::Pong, payload) => {
                        assert_eq!(payload, b"PINGPING");
                        pongs += 1;
                    }
                    (opcode, payload) => {
                        assert_eq!((opcode, payload.len()), (Opcode::Binary, bytes));
                        assert!(payload.iter().all(|byte| *byte == payload[0]));
                        messages += 1;
                    }
                }
            }
        });
    }
}

/// The same where the frames are the parts of messages, and where they are a client's.
#[test]
fn fault_a00_no_pong_inside_a_part_of_a_message() {
    watched(|| {
        let site = serving(|ws| {
            let (mut reader, writer) = ws.split();
            thread::scope(|scope| {
                scope.spawn(move || {
                    let mut message = writer.message()?;
                    (0..30).try_for_each(|_| message.send(vec![7; 100_000]))?;
                    message.end([7])
                });
                while let Ok(Some(_)) = reader.receive() {}
            });
        });
        let mut peer = Peer::open(&site);
        let mut bytes = 0;
        while bytes < 3_000_001 {
            peer.send(masked(0x89, "PINGPING"));
            match frame(&mut peer) {
                (Opcode::Pong, payload) => assert_eq!(payload, b"PINGPING"),
                (opcode, payload) => {
                    assert!(matches!(opcode, Opcode::Binary | Opcode::Continuation));
                    assert!(payload.iter().all(|byte| *byte == 7));
                    bytes += payload.len();
                }
            }
        }
    });
}

#[test]
fn fault_a00_no_pong_inside_a_clients_frame() {
    watched(|| {
        let site = serving(|ws| {
            let (mut reader, writer) = ws.split();
            thread::scope(|scope| {
                let pinger = writer.clone();
                scope.spawn(move || {
                    while pinger.send_ping().is_ok() {
                        thread::yield_now(); // on one core, pings alone would be sent for long
                    }
                });
                for _ in 0..60 {
                    let data = reader.receive().expect("whole frames").expect("a message");
                    assert!(data.bytes().iter().all(|byte| *byte == data.bytes()[0]));
                }
                let _ = writer.close(1000, "");
            });
        });
        let (mut reader, writer) = super::stage::open(&site).split();
        thread::scope(|scope| {
            for byte in 1..=2 {
                let writer = writer.clone();
                scope.spawn(move || (0..30).try_for_each(|_| writer.send(vec![byte; 100_000])));
            }
            while let Ok(Some(_)) = reader.receive() {}
        });
        assert_eq!(reader.outcome().expect("over").code, 1000);
    });
}

/// Opens connections over watched streams that have room for 1 KiB; the test receives the server's ends. The peers offer
/// compression if the server does it.
pub(super) fn over_watched_streams(
    config: Config,
) -> (
    impl FnMut() -> (Arc<WatchedStream>, Client),
    Receiver<WebSocket>,
) {
    let (sender, sockets) = channel();
    let offer = match config.deflate {
        Some(_) => "Sec-WebSocket-Extensions: permessage-deflate\r\n",
        None => "",
    };
    let acceptor = Acceptor::new().config(config);
    let server = Arc::new(http::create_server(move |req, res| {
        if let Some(ws) = acceptor.accept(req, res)? {
            let _ = sender.send(ws);
        }
        Ok::<(), Failure>(())
    }));
    let open = move || {
        let (here, there) = pipe_with_capacity(1024);
        let stream = WatchedStream::new(there);
        let (server, served) = (Arc::clone(&server), Arc::clone(&stream));
        thread::spawn(move || server.serve(served));
        let mut peer = Client::over(Arc::new(here));
        peer.send(format!("{HANDSHAKE}{offer}\r\n"));
        peer.switched();
        (stream, peer)
    };
    (open, sockets)
}

/// None of the members reads anything. A broadcast that waited for one of them would wait for ever.
#[test]
fn fault_a01_a13_a_broadcast_never_waits() {
    watched(|| {
        let (mut open, sockets) = over_watched_streams(Config::default());
        let room = Room::new(Slow::Skip);
        let members: Vec<_> = (0..20)
            .map(|_| {
                let (stream, peer) = open();
                let ws = sockets.recv_timeout(PATIENCE).expect("a WebSocket");
                room.add(&ws.writer());
                (stream, peer, ws)
            })
            .collect();
        for bytes in [30_000, 1 << 20, 30_000, 30_000, 30_000] {
            room.send(vec![0; bytes]);
        }
        assert_eq!(room.send("no room").slow, 20);
        for (stream, ..) in &members {
            assert_eq!(stream.waits_of_this_thread(), 0);
            assert!(stream.most_at_once() <= 1, "one flush thread at most");
        }
    });
}

#[test]
fn fault_a13_try_send_of_a_large_message_never_waits() {
    watched(|| {
        let (mut open, sockets) = over_watched_streams(Config::default());
        for bytes in [100, 1 << 20, 32 << 20] {
            let (stream, _reads_nothing) = open();
            let ws = sockets.recv_timeout(PATIENCE).expect("a WebSocket");
            assert!(ws.writer().try_send(vec![1; bytes]).expect("open"));
            let _ = ws.writer().try_send("x").expect("open");
            assert_eq!(stream.waits_of_this_thread(), 0);
        }
    });
}

/// The handler only calls `try_send`, the peer sends and reads nothing: the reading thread goes on.
#[test]
fn fault_a02_try_send_never_makes_the_reader_wait() {
    watched(|| {
        const MESSAGES: usize = 5_000;
        let (site, reports) = reporting(Acceptor::new(), |ws| {
            let (mut reader, writer) = ws.split();
            let (mut received, mut full) = (0, false);
            while received < MESSAGES {
                let Ok(Some(data)) = reader.receive() else {
                    break;
                };
                full |= !writer.try_send(data).expect("open");
                received += 1;
            }
            (received, full)
        });
        let mut peer = Peer::open(&site);
        let message = masked(0x82, [5; 4000]);
        for _ in 0..MESSAGES {
            peer.send(&message);
        }
        let report = reports.recv_timeout(PATIENCE);
        assert_eq!(report.expect("the reader is not stuck"), (MESSAGES, true));
    });
}

/// A thread that waits for a peer sleeps for a second or longer at a time.
#[test]
fn fault_a03_a_thread_that_may_wait_sleeps() {
    watched(|| {
        let (mut open, sockets) = over_watched_streams(Config::default());
        let (stream, _peer) = open();
        let _ws = sockets.recv_timeout(PATIENCE).expect("a WebSocket");
        let timeouts = stream.write_timeouts.lock().expect("timeouts");
        assert!(timeouts.last().expect("one") >= &Some(Duration::from_secs(1)));
    });
}

/// A peer that reads a byte now and then is cut like one that reads none.
#[test]
fn fault_a03_a_trickle_is_given_up() {
    watched(|| {
        let config = Config {
            stall_timeout: Duration::from_millis(50),
            min_bytes_per_second: 1 << 20,
            ..Config::default()
        };
        let (mut open, sockets) = over_watched_streams(config);
        let (_stream, peer) = open();
        let ws = sockets.recv_timeout(PATIENCE).expect("a WebSocket");
        let trickle = thread::spawn(move || {
            let mut peer = peer;
            // Until the connection is cut.
            while peer.try_exactly(1).is_ok() {
                thread::sleep(Duration::from_millis(1));
            }
        });
        match ws.writer().send(vec![0; 1 << 20]) {
            Err(Error::Io(error)) => assert_eq!(error.kind(), ErrorKind::TimedOut),
            other => panic!("{other:?}"),
        }
        trickle.join().expect("a thread");
    });
}

/// A peer, the writer at the other end of its connection, and a room with that one member.
fn room_of_one(slow: Slow) -> (Site, Peer, Writer, Room) {
    let (site, writers) = writers(Acceptor::new());
    let peer = Peer::open(&site);
    let writer = writers.recv_timeout(PATIENCE).expect("a member");
    let room = Room::new(slow);
    room.add(&writer);
    (site, peer, writer, room)
}

/// A broadcast that meets an unfinished message in parts leaves after it. A member whose own sender is busy is
/// not slow.
#[test]
fn fault_a05_a_member_inside_a_message_in_parts_is_not_slow() {
    watched(|| {
        let (_site, mut peer, writer, room) = room_of_one(Slow::Close);
        let mut message = writer.message().expect("open");
        message.send("one ").expect("open");
        assert_eq!(room.send("news").sent, 1);
        while room.send([0; 10_000]).slow == 0 {}
        message.end("message").expect("it was not closed");
        peer.expect(plain(0x01, "one "));
        peer.expect(plain(0x80, "message"));
        peer.expect(plain(0x81, "news"));
        assert!(writer.is_open());
    });
}

#[test]
fn fault_a05_a_member_that_is_sent_a_long_message_is_not_slow() {
    watched(|| {
        let (_site, mut peer, writer, room) = room_of_one(Slow::Close);
        let sender = writer.clone();
        let sends = thread::spawn(move || sender.send(vec![3; 16 << 20]));
        until("it is on its way", || writer.buffered_amount() > 1 << 20);
        while room.send([0; 10_000]).slow == 0 {}
        let (opcode, payload) = frame(&mut peer);
        assert_eq!((opcode, payload.len()), (Opcode::Binary, 16 << 20));
        assert_eq!(frame(&mut peer).1, [0; 10_000]);
        sends.join().expect("a thread").expect("it has left");
        assert!(writer.is_open());
    });
}

/// A user's code (here: a stream) is called without any lock of ours: it may use the room and the connection.
#[test]
fn fault_a18_the_stream_is_used_under_no_lock() {
    watched(|| {
        let config = Config {
            stall_timeout: Duration::from_millis(50),
            ..Config::default()
        };
        let (mut open, sockets) = over_watched_streams(config);
        let room = Arc::new(Room::new(Slow::Close));
        let (stream, _reads_nothing) = open();
        let ws = sockets.recv_timeout(PATIENCE).expect("a WebSocket");
        room.add(&ws.writer());
        let (asked, writer) = (Arc::clone(&room), ws.writer());
        stream.on_use(move || {
            let _ = (asked.len(), writer.buffered_amount());
        });
        let _ = ws.writer().try_send("a");
        room.send([0; 100_000]); // a flush thread waits, and gives up
        room.send("too slow");
        assert!(room.remove(&ws.writer()) && room.add(&ws.writer()));
        room.send_except(&ws.writer(), "others");
        until("it was given up", || !ws.writer().is_open());
        stream.on_use(|| ());
        // The last reference is dropped by a method of the room, or by this thread: in no case under the lock.
        let asked = Arc::clone(&room);
        stream.on_use(move || _ = asked.len());
        let ask: [fn(&Room); 2] = [|room| _ = room.len(), |room| _ = room.send("nobody")];
        thread::scope(|scope| {
            for ask in ask {
                let room = &room;
                scope.spawn(move || {
                    until("it has left", || {
                        ask(room);
                        room.is_empty()
                    })
                });
            }
            drop(ws);
        });
    });
}

/// Another thread may send the next parts of a message. The message is that thread's then.
#[test]
fn fault_d14_parts_on_another_thread_are_no_deadlock() {
    watched(|| {
        let (_site, mut peer, writer, _room) = room_of_one(Slow::Skip);
        let mut message = writer.message().expect("open");
        message.send("a").expect("open");
        let other = writer.clone();
        let moved = thread::spawn(move || {
            message.send("b").expect("open");
            let between = other.send("between");
            assert!(matches!(between, Err(Error::Misuse(Misuse::Unfinished))));
            message.end("c").expect("open");
            other.send("after").expect("open");
        });
        moved.join().expect("no deadlock");
        for expected in [(0x01, "a"), (0x00, "b"), (0x80, "c"), (0x81, "after")] {
            peer.expect(plain(expected.0, expected.1));
        }
    });
}

/// If that thread has sent no part yet, its `send` fails when no part has come for `stall_timeout`.
#[test]
fn fault_d14_a_message_in_parts_is_not_waited_for_for_ever() {
    watched(|| {
        let config = Config {
            stall_timeout: Duration::from_millis(50),
            ..Config::default()
        };
        let (site, writers) = writers(Acceptor::new().config(config));
        let mut peer = Peer::open(&site);
        let writer = writers.recv_timeout(PATIENCE).expect("a writer");
        let message = writer.message().expect("open");
        let other = writer.clone();
        let moved = thread::spawn(move || {
            let between = other.send("between");
            assert!(matches!(between, Err(Error::Misuse(Misuse::Unfinished))));
            message.end("the message").expect("open");
        });
        moved.join().expect("no deadlock");
        peer.expect(plain(0x81, "the message"));
    });
}

/// A high-water mark of zero is one byte: a message is sent if nothing waits.
#[test]
fn fault_d17_a_high_water_mark_of_zero_still_sends() {
    watched(|| {
        let config = Config {
            high_water_mark: 0,
            ..Config::default()
        };
        let (site, sockets) = writers(Acceptor::new().config(config));
        let mut client = open(&site);
        let writer = sockets.recv_timeout(PATIENCE).expect("a WebSocket");
        for message in ["a", "b", "c"] {
            while !writer.try_send(message).expect("open") {
                thread::sleep(Duration::from_millis(1));
            }
            let received = client.receive().expect("open").expect("a message");
            assert_eq!(received.text(), Some(message));
        }
    });
}
