//! W05, peers that read slowly or nothing, where messages are compressed: only who sends to them waits.

use super::fault_writing::over_watched_streams;
use super::stage::{close, masked, until};
use super::w05_compressed::{all, config, taking_over};
use crate::support::{Client, PATIENCE, Random, watched};
use barewire::websocket::wire::{Agreement, Connection, Received, Role};
use barewire::websocket::{Limits, PerMessageDeflate, Room, Slow};
use std::thread;

/// More peers than a pool keeps compressors.
const PEERS: usize = 10;
const TRIED: &str = "a line that was tried, tried, tried, tried";
const NEWS: &str = "a line for everybody: the same line, the same line, the same line";

/// A text of 16 KiB that leaves 12 when it is compressed: the stream to a peer has room for 1.
fn long(seed: usize) -> String {
    let mut random = Random::new(seed as u64 + 1);
    let letter = |_| char::from(b'0' + random.below(64) as u8);
    (0..16 * 1024).map(letter).collect()
}

/// What a peer hears until a Close comes, a few bytes at a time: its messages in order, and how many pongs.
fn heard(peer: &mut Client, deflate: &PerMessageDeflate) -> (Vec<String>, usize) {
    let agreement = Agreement {
        server_no_context_takeover: !deflate.send_takeover,
        client_no_context_takeover: !deflate.receive_takeover,
        ..Agreement::default()
    };
    let mut connection = Connection::new(Role::Client, Limits::default()).with_deflate(&agreement);
    let (mut texts, mut pongs) = (Vec::new(), 0);
    loop {
        let mut bytes = [0; 100];
        let n = peer.stream().read(&mut bytes).expect("bytes");
        assert!(n > 0, "cut behind {} texts", texts.len());
        let mut rest = &mut bytes[..n];
        while let Some(received) = connection.receive(&mut rest).expect("good frames") {
            match received {
                Received::Message(data) => texts.push(data.text().expect("a text").to_owned()),
                Received::Pong(_) => pongs += 1,
                Received::Close(_) => return (texts, pongs),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn row_w05_a_compression_for_a_peer_that_reads_nothing_delays_no_other() {
    for deflate in [all(), taking_over()] {
        watched(move || {
            let (mut open, sockets) = over_watched_streams(config(deflate));
            let room = Room::new(Slow::Close);
            let mut members = Vec::new();
            for n in 0..PEERS {
                let (stream, mut peer) = open();
                let mut ws = sockets.recv_timeout(PATIENCE).expect("a WebSocket");
                let writer = ws.writer();
                room.add(&writer);
                let sender = writer.clone();
                let sends = thread::spawn(move || sender.send(long(n)));
                until("it is on its way", || writer.buffered_amount() > 1024);
                // The reading thread is not stuck with its pong, nor is `try_send`.
                peer.send(masked(0x89, "ping"));
                peer.send(masked(0x81, "go on"));
                assert_eq!(ws.receive().expect("good").expect("a text"), "go on");
                assert!(writer.try_send(TRIED).expect("open"));
                assert_eq!(room.send(NEWS).sent, n + 1);
                members.push((stream, peer, ws, sends));
            }
            for (n, (stream, peer, ws, sends)) in members.iter_mut().enumerate() {
                ws.writer().close(1000, "").expect("a good code");
                assert_eq!(stream.waits_of_this_thread(), 0);
                assert!(!sends.is_finished(), "nobody has read");
                let (texts, pongs) = heard(peer, &deflate);
                let news = [NEWS].repeat(PEERS - n);
                assert_eq!(texts, [&[&*long(n), TRIED], &news[..]].concat());
                assert_eq!(pongs, 1);
                peer.send(masked(0x88, close(1000, "")));
                peer.finish();
                assert!(ws.receive().expect("a clean end").is_none());
            }
            for (.., sends) in members {
                sends.join().expect("no panic").expect("it was read");
            }
        });
    }
}
