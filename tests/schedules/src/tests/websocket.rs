//! The send queue of a WebSocket: writers, pings, a broadcast and a Close frame at once.
//!
//! ```text
//!   writers, room, closer ──► WebSocket ──► pipe with little room ──► frames, decoded strictly
//!   its reading thread    ◄──           ◄──                       ◄── pings
//! ```

use super::frames::{Frames, assert_messages, message, of};
use super::{at_once, peer, read_all, write_all};
use crate::explore::{explore, time_stands_still};
use crate::http::Upgraded;
use crate::net::{Pipe, Stream};
use crate::shim::sync::Arc;
use crate::shim::sync::mpsc::{self, RecvError};
use crate::shim::thread::{self, JoinHandle};
use crate::shim::time;
use crate::websocket::wire::{
    Agreement, Connection, Limits, Opcode, PerMessageDeflate, Received, Role, Sender,
};
use crate::websocket::{Config, Data, Error, Reader, Room, Slow, WebSocket, Writer};
use std::net::Shutdown;
use std::time::Duration;

/// While a message of this length is queued, of many pings only the newest is answered.
const LARGE: usize = 70_000;
/// Too long to be copied behind its header.
const MIDDLE: usize = 5_000;
const SMALL: usize = 10;
const CLOSE: &[u8] = &[0x88, 0x80, 0, 0, 0, 0];

/// A server's end of a connection, and the peer's.
fn open(room: &[usize]) -> (Reader, Writer, Arc<Pipe>) {
    open_with(room, Config::default())
}

fn open_with(room: &[usize], config: Config) -> (Reader, Writer, Arc<Pipe>) {
    let (ours, theirs) = peer(room);
    let (reader, writer) = websocket(ours, Role::Server, config).split();
    (reader, writer, Arc::new(theirs))
}

fn websocket(stream: Pipe, role: Role, config: Config) -> WebSocket {
    let upgraded = Upgraded::new(Arc::new(stream), Vec::new(), None);
    let agreed = config.deflate.map(|_| Agreement::default());
    let opened = WebSocket::open(upgraded, role, Arc::new(config), None, None, agreed);
    opened.expect("a pipe takes a timeout")
}

/// Sends messages of these sizes.
fn send_all(writer: &Writer, number: u8, sizes: &'static [usize]) -> JoinHandle<()> {
    let writer = writer.clone();
    thread::spawn(move || {
        for (i, bytes) in (0..).zip(sizes) {
            let sent = writer.send(message(number, i, *bytes));
            sent.expect("the peer reads");
        }
    })
}

/// Receives until the connection is over.
fn receive_all(mut reader: Reader) -> JoinHandle<()> {
    thread::spawn(move || while let Ok(Some(_)) = reader.receive() {})
}

/// Sends this many pings.
fn ping(peer: &Arc<Pipe>, pings: u8) -> JoinHandle<()> {
    let peer = Arc::clone(peer);
    thread::spawn(move || {
        let mut sender = Sender::new(Role::Client);
        for i in 0..pings {
            let mut bytes = Vec::new();
            let pinged = sender.ping(&[b'P', i], || [0; 4], &mut bytes);
            pinged.expect("nothing was sent before");
            write_all(&*peer, &bytes);
        }
    })
}

/// Reads all frames up to the Close frame, answers that, reads to the end and ends.
fn hear(peer: &Arc<Pipe>) -> JoinHandle<Frames> {
    hear_until(peer, |frames| frames.has(Opcode::Close))
}

/// Closes when enough frames have come.
fn hear_until(
    peer: &Arc<Pipe>,
    enough: impl Fn(&Frames) -> bool + Send + 'static,
) -> JoinHandle<Frames> {
    let peer = Arc::clone(peer);
    thread::spawn(move || {
        let mut frames = Frames::default();
        let mut closed = false;
        read_all(&*peer, |bytes| {
            frames.add(bytes);
            if !closed && enough(&frames) {
                closed = true;
                write_all(&*peer, CLOSE);
            }
        });
        let _ = peer.shutdown(Shutdown::Write); // the server waits for it
        frames
    })
}

#[test]
fn fault_a00_a_pong_stands_between_two_frames() {
    explore(1500, || {
        const SIZES: [&[usize]; 2] = [&[LARGE, SMALL, LARGE], &[SMALL, LARGE]];
        let (reader, writer, peer) = open(&[1000, 9000, 30_000]);
        let reads = receive_all(reader);
        let writers = [0, 1].map(|i| send_all(&writer, i, SIZES[usize::from(i)]));
        let pings = ping(&peer, 3);
        let hears = hear(&peer);
        for writer in writers {
            writer.join().expect("a writer");
        }
        pings.join().expect("the pings");
        writer.close(1000, "").expect("1000 may be sent");
        let frames = hears.join().expect("the peer").whole();
        reads.join().expect("the reading thread");
        assert_messages(&frames, &SIZES);
        let pongs: Vec<u8> = of(&frames, Opcode::Pong)
            .iter()
            .map(|pong| pong[1])
            .collect();
        assert!(pongs.is_sorted(), "{pongs:?}");
        assert_eq!(
            frames.last().map(|(opcode, _)| *opcode),
            Some(Opcode::Close)
        );
        at_once();
    });
}

#[test]
fn small_messages_of_three_threads_come_whole_and_in_order() {
    explore(1500, || {
        const SIZES: [&[usize]; 3] = [&[SMALL, SMALL, SMALL], &[SMALL, MIDDLE], &[SMALL, SMALL]];
        let (reader, writer, peer) = open(&[20, 100, 1000]);
        let reads = receive_all(reader);
        let writers = [0, 1, 2].map(|i| send_all(&writer, i, SIZES[usize::from(i)]));
        let hears = hear(&peer);
        for writer in writers {
            writer.join().expect("a writer");
        }
        writer.close(1000, "").expect("1000 may be sent");
        assert_messages(&hears.join().expect("the peer").whole(), &SIZES);
        reads.join().expect("the reading thread");
        at_once();
    });
}

/// What was sent before the Close frame arrives whole; nothing follows that frame; no thread waits for ever.
#[test]
fn a_close_among_writers_cuts_no_frame() {
    explore(1500, || {
        let (reader, writer, peer) = open(&[100, 1000, 9000]);
        let reads = receive_all(reader);
        let writers = [0, 1].map(|number| {
            let writer = writer.clone();
            thread::spawn(move || {
                let sent = |i: &u8| writer.send(message(number, *i, MIDDLE)).is_ok();
                (0..3).take_while(sent).count()
            })
        });
        let closer = {
            let writer = writer.clone();
            thread::spawn(move || writer.close(1000, "").expect("1000 may be sent"))
        };
        let hears = hear(&peer);
        let sent = writers.map(|writer| writer.join().expect("a writer"));
        closer.join().expect("the closer");
        let frames = hears.join().expect("the peer").whole();
        reads.join().expect("the reading thread");
        assert!(writer.closed().clean);
        let data = of(&frames, Opcode::Binary);
        for (number, sent) in (0..).zip(sent) {
            let came = data
                .iter()
                .filter(|message| message[0] == 0xf0 | number)
                .count();
            assert_eq!(came, sent, "writer {number}");
        }
        assert_eq!(frames.len(), data.len() + 1, "and the Close frame");
        at_once();
    });
}

/// A member that does not read delays neither the other member nor the thread that sends.
#[test]
fn fault_a01_a_broadcast_waits_for_no_member() {
    explore(1500, || {
        let (room, members) = (
            Arc::new(Room::new(Slow::Skip)),
            [open(&[500]), open(&[500])],
        );
        let [(reader, slow, stuck), (other, fast, peer)] = members;
        room.add(&slow);
        room.add(&fast);
        let reads = [receive_all(reader), receive_all(other)];
        let hears = hear(&peer);
        let senders = [0, 1].map(|number| {
            let room = Arc::clone(&room);
            thread::spawn(move || {
                for i in 0..3 {
                    assert_eq!(room.send(message(number, i, 1000)).sent, 2);
                }
                at_once();
            })
        });
        for sender in senders {
            sender.join().expect("a sender");
        }
        fast.close(1000, "").expect("1000 may be sent");
        let one = hears.join().expect("the peer").whole();
        at_once();
        let hears = hear(&stuck);
        slow.close(1000, "").expect("1000 may be sent");
        let other = hears.join().expect("the peer").whole();
        for reads in reads {
            reads.join().expect("a reading thread");
        }
        assert_eq!(one, other, "one order for all members");
        assert_eq!(of(&one, Opcode::Binary).len(), 6);
    });
}

/// The peer sends pings and reads nothing: the reading thread reads them all.
#[test]
fn fault_a02_the_reading_thread_never_waits_for_the_peer_to_read() {
    explore(1500, || {
        let (reader, writer, peer) = open(&[40]);
        let sends = send_all(&writer, 0, &[MIDDLE, SMALL]);
        let reads = receive_all(reader);
        ping(&peer, 20).join().expect("all pings are taken");
        at_once();
        // Then it reads until the newest ping is answered and all messages are there.
        let hears = hear_until(&peer, |frames| {
            let pongs = of(frames.all(), Opcode::Pong);
            let newest = pongs.last().is_some_and(|pong| pong[1] == 19);
            newest && of(frames.all(), Opcode::Binary).len() == 2
        });
        sends.join().expect("the writer");
        let frames = hears.join().expect("the peer").whole();
        reads.join().expect("the reading thread");
        assert_messages(&frames, &[&[MIDDLE, SMALL]]);
        assert!(writer.closed().clean);
    });
}

/// The peer sends and reads nothing. A handler that only calls `try_send` never waits: messages above the
/// high-water mark are refused, and the others arrive when the peer reads.
#[test]
fn fault_a13_try_send_never_waits() {
    explore(1500, || {
        let config = Config {
            high_water_mark: 700,
            ..Config::default()
        };
        let (reader, writer, peer) = open_with(&[16, 500], config);
        let reads = thread::spawn(move || echo(reader, &writer));
        let mut bytes = Vec::new();
        let mut sender = Sender::new(Role::Client);
        for i in 0..6 {
            let sent = sender.send(Data::Binary(&message(0, i, 300)), || [0; 4], &mut bytes);
            sent.expect("nothing was sent before");
        }
        bytes.extend_from_slice(CLOSE);
        write_all(&*peer, &bytes);
        at_once();
        let hears = hear_until(&peer, |_| false); // until the Close frame
        let taken = reads.join().expect("the reading thread");
        let frames = hears.join().expect("the peer").whole();
        let came = of(&frames, Opcode::Binary);
        let came: Vec<u8> = came.iter().map(|message| message[1]).collect();
        assert_eq!(came, taken);
        assert!(!taken.is_empty());
    });
}

/// The numbers of the messages that `try_send` has sent.
fn echo(mut reader: Reader, writer: &Writer) -> Vec<u8> {
    let mut taken = Vec::new();
    while let Some(data) = reader.receive().expect("the peer keeps the rules") {
        if writer.try_send(data).expect("the peer is there") {
            taken.push(data.bytes()[1]);
        }
    }
    taken
}

/// Other messages wait until a message in parts has ended; pongs do not.
#[test]
fn a_message_in_parts_is_one_message() {
    explore(1500, || {
        let (reader, writer, peer) = open(&[100, 9000]);
        let reads = receive_all(reader);
        let pings = ping(&peer, 2);
        let parts = writer.clone();
        let parts = thread::spawn(move || {
            let mut message = parts.message()?;
            message.send([0xf1, 0])?;
            message.send([0xf1; MIDDLE])?;
            message.end([0xf1; 3])
        });
        const SIZES: [&[usize]; 2] = [&[MIDDLE, SMALL], &[SMALL, MIDDLE]];
        let sends = [0, 2].map(|i| send_all(&writer, i, SIZES[usize::from(i) / 2]));
        let hears = hear(&peer);
        let sent: Result<(), Error> = parts.join().expect("the parts");
        sent.expect("the peer reads");
        for sends in sends {
            sends.join().expect("a writer");
        }
        pings.join().expect("the pings");
        writer.close(1000, "").expect("1000 may be sent");
        let frames = hears.join().expect("the peer").whole();
        reads.join().expect("the reading thread");
        assert_messages(&frames, &[SIZES[0], &[MIDDLE + 5], SIZES[1]]);
        at_once();
    });
}

/// Two messages come together, and their answers may be coalesced. But the handler of the second waits for the
/// peer, and the peer waits for the first answer.
#[test]
fn a_frame_leaves_though_the_handler_waits() {
    explore(1500, || {
        let (mut reader, writer, peer) = open(&[100, 1000]);
        let (tells, told) = mpsc::channel();
        let reads = thread::spawn(move || {
            let mut told = Some(told);
            while let Ok(Some(data)) = reader.receive() {
                writer.send(data).expect("the peer reads");
                if let Some(told) = told.take() {
                    let told: Result<(), RecvError> = told.recv();
                    told.expect("the peer tells");
                }
            }
        });
        let mut bytes = Vec::new();
        let mut sender = Sender::new(Role::Client);
        for i in 0..2 {
            let sent = sender.send(Data::Binary(&message(0, i, 20)), || [0; 4], &mut bytes);
            sent.expect("nothing was sent before");
        }
        write_all(&*peer, &bytes);
        let mut frames = Frames::default();
        let mut piece = [0; 100];
        while frames.all().is_empty() {
            let n = peer.read(&mut piece).expect("no timeout");
            frames.add(&piece[..n]);
        }
        if time_stands_still() {
            assert!(time::elapsed() <= Duration::from_millis(5));
        }
        tells.send(()).expect("the handler waits");
        write_all(&*peer, CLOSE);
        read_all(&*peer, |bytes| frames.add(bytes));
        drop(peer);
        reads.join().expect("the reading thread");
        assert_messages(&frames.whole(), &[&[20, 20]]);
    });
}

/// Both ends send at once, more than the pipe between them holds, and both receive.
#[test]
fn two_ends_that_send_at_once_do_not_wait_for_each_other() {
    explore(1000, || {
        let (ours, theirs) = peer(&[64, 1000]);
        let ends = [(ours, Role::Server), (theirs, Role::Client)];
        let ends = ends.map(|(stream, role)| {
            thread::spawn(move || {
                let (mut reader, writer) = websocket(stream, role, Config::default()).split();
                let sends = send_all(&writer, 0, &[MIDDLE, SMALL]);
                for i in 0..2 {
                    let received = reader.receive().expect("the peer keeps the rules");
                    let bytes = received.expect("no Close frame yet").bytes().to_vec();
                    assert_eq!(bytes, message(0, i, [MIDDLE, SMALL][usize::from(i)]));
                }
                sends.join().expect("the writer");
                writer.close(1000, "").expect("1000 may be sent");
                while let Ok(Some(_)) = reader.receive() {}
                reader.outcome().expect("it is over").clean
            })
        });
        for end in ends {
            assert!(end.join().expect("an end"));
        }
        at_once();
    });
}

/// The stream is cut while threads send and others wait for the end: all of them return.
#[test]
fn a_cut_wakes_whoever_waits() {
    explore(5000, || {
        let (reader, writer, peer) = open(&[100]);
        let reads = receive_all(reader);
        let writers = [0, 1, 2].map(|number| {
            let writer = writer.clone();
            thread::spawn(move || writer.send(message(number, 0, MIDDLE)).is_err())
        });
        let waits = [(); 2].map(|()| {
            let writer = writer.clone();
            thread::spawn(move || !writer.closed().clean)
        });
        peer.shutdown(Shutdown::Both).expect("it is open");
        for thread in writers.into_iter().chain(waits) {
            assert!(thread.join().expect("a writer, or one that waits"));
        }
        reads.join().expect("the reading thread");
        at_once();
    });
}

/// Threads that compress with one context, and a room whose frames are in no context: whatever overtakes what, the peer
/// can decompress all, and gets the messages of each thread in order.
#[test]
fn messages_of_one_context_are_queued_in_the_order_in_which_they_were_compressed() {
    explore(1500, || {
        let deflate = PerMessageDeflate {
            send_takeover: true,
            send_window_bits: 9,
            threshold: 0,
            ..PerMessageDeflate::default()
        };
        let config = Config {
            deflate: Some(deflate),
            ..Config::default()
        };
        let (reader, writer, peer) = open_with(&[100, 9000, 30_000], config);
        let reads = receive_all(reader);
        let text = |who: char, n: usize| format!("{who}{n} and what all of them say again");
        let hears = thread::spawn(move || {
            let agreed = Agreement::default();
            let mut client = Connection::new(Role::Client, Limits::default()).with_deflate(&agreed);
            let mut heard = Vec::new();
            read_all(&*peer, |bytes| {
                let mut bytes = bytes.to_vec();
                let mut bytes = &mut bytes[..];
                while let Some(received) = client.receive(&mut bytes).expect("good frames") {
                    match received {
                        Received::Message(data) => {
                            heard.push(data.text().expect("a text").to_owned());
                        }
                        Received::Close(_) => write_all(&*peer, CLOSE),
                        _ => {}
                    }
                }
            });
            let _ = peer.shutdown(Shutdown::Write); // the server waits for it
            heard
        });
        let room = Arc::new(Room::new(Slow::Close));
        room.add(&writer);
        let sends = ['a', 'b'].map(|who| {
            let writer = writer.clone();
            thread::spawn(move || (0..2).for_each(|n| writer.send(text(who, n)).expect("open")))
        });
        let tries = writer.clone();
        let tries = thread::spawn(move || tries.try_send(text('t', 0)).expect("open"));
        let broadcasts = thread::spawn(move || {
            (0..2).for_each(|n| assert_eq!(room.send(text('r', n)).sent, 1));
        });
        let mut parts = writer.message().expect("open");
        for part in ["p", "0 and what all of them", " say again"] {
            parts.send(part).expect("open");
        }
        parts.end("").expect("open");
        for sending in sends {
            sending.join().expect("a writer");
        }
        let tried = tries.join().expect("a writer");
        broadcasts.join().expect("the room");
        writer.close(1000, "").expect("1000 may be sent");
        let heard = hears.join().expect("the peer");
        reads.join().expect("the reading thread");
        for (who, times) in [
            ('a', 2),
            ('b', 2),
            ('r', 2),
            ('p', 1),
            ('t', usize::from(tried)),
        ] {
            let of: Vec<&String> = heard.iter().filter(|text| text.starts_with(who)).collect();
            let expected: Vec<String> = (0..times).map(|n| text(who, n)).collect();
            assert_eq!(of, expected.iter().collect::<Vec<_>>());
        }
        at_once();
    });
}
