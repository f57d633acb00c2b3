//! A slow peer is not cut, one that makes no progress is: faults near A6, D1, D14.

use super::stage::{Peer, close, fake_server, masked, plain, reporting, switch};
use crate::support::{PATIENCE, steady, watched};
use barewire::websocket::{self, Acceptor, Config, ConnectOptions, Error, Misuse};
use std::io::{Read, Write};
use std::thread;
use std::time::{Duration, Instant};

const STALL: Duration = Duration::from_millis(800);
const PAUSE: Duration = Duration::from_millis(50);

fn stall(stall_timeout: Duration) -> Config {
    Config {
        stall_timeout,
        ..Config::default()
    }
}

/// Sends the pieces, each after a pause: together they take longer than `stall_timeout`.
fn drip<'a>(peer: &mut Peer, pieces: impl Iterator<Item = &'a [u8]>) {
    for piece in pieces {
        peer.send(piece);
        thread::sleep(PAUSE);
    }
}

#[test]
fn fault_d01_a_message_in_parts_that_goes_on_is_not_given_up() {
    steady(STALL / 4, || {
        let (site, reports) = reporting(Acceptor::new().config(stall(STALL)), |ws| {
            let mut reader = ws.split().0.in_parts();
            let mut bytes = 0;
            while let Some(part) = reader.receive_part().expect("it goes on") {
                bytes += part.data.bytes().len();
                if part.last {
                    break;
                }
            }
            bytes
        });
        let mut peer = Peer::open(&site);
        drip(&mut peer, masked(0x82, vec![7; 60_000]).chunks(2500));
        assert_eq!(reports.recv_timeout(PATIENCE), Ok(60_000));
    });
}

/// Every read ends inside a frame, as on a full, slow link.
#[test]
fn fault_d01_reads_that_end_inside_a_frame_are_progress() {
    steady(STALL / 4, || {
        let (site, reports) = reporting(Acceptor::new().config(stall(STALL)), |mut ws| {
            let receive = |_| ws.receive().expect("it goes on").is_some();
            (0..24).map(receive).filter(|message| *message).count()
        });
        let mut peer = Peer::open(&site);
        let message = masked(0x82, vec![7; 1000]);
        let all = message.repeat(25);
        peer.send(&all[..1]);
        drip(&mut peer, all[1..].chunks(message.len()).take(24));
        assert_eq!(reports.recv_timeout(PATIENCE), Ok(24));
    });
}

/// The pings have left, and are behind megabytes of small messages in both kernels. The peer reads those
/// steadily, so it is alive.
#[test]
fn fault_a06_a_peer_that_reads_small_messages_steadily_is_alive() {
    steady(STALL / 4, || {
        let (every, deadline) = (Duration::from_millis(200), Duration::from_secs(1));
        let (site, _reports) = reporting(Acceptor::new(), move |mut ws| {
            ws.heartbeat(every, deadline);
            let (mut reader, writer) = ws.split();
            let sender = thread::spawn(move || while writer.send([5; 4000]).is_ok() {});
            while let Ok(Some(_)) = reader.receive() {}
            sender.join().expect("no panic");
        });
        let mut peer = Peer::open(&site);
        let (began, mut buf) = (Instant::now(), vec![0; 1 << 16]);
        while began.elapsed() < deadline * 3 {
            assert_ne!(peer.stream.read(&mut buf).expect("not cut"), 0, "not ended");
            thread::sleep(PAUSE);
        }
    });
}

/// The peer has answered our Close frame, and keeps TCP open: that was a clean end.
#[test]
fn fault_d01_a_close_that_was_answered_is_clean() {
    watched(|| {
        let (url, server) = fake_server(
            |key| switch(key, ""),
            |mut peer| {
                peer.exactly(8);
                peer.send(plain(0x88, close(1000, "")));
                let _ = super::stage::rest(&mut peer.stream);
            },
        );
        let config = Config {
            close_timeout: Duration::from_millis(200),
            ..Config::default()
        };
        let options = ConnectOptions::new().config(config);
        let ws = websocket::connect_with(&url, &options).expect("open");
        assert!(ws.close(1000, "").expect("a code").clean);
        server.join().expect("the server");
    });
}

/// The deadline of our Close frame begins anew while bytes before it leave: the peer reads for longer than that.
#[test]
fn fault_a06_a_close_behind_a_long_message_has_its_time() {
    steady(STALL / 4, || {
        let config = Config {
            close_timeout: Duration::from_secs(1),
            ..Config::default()
        };
        let (site, _reports) = reporting(Acceptor::new().config(config), |ws| {
            assert!(ws.writer().try_send(vec![9; 16 << 20]).expect("open"));
            ws.close(1000, "").expect("a code")
        });
        let mut peer = Peer::open(&site);
        let (mut total, mut buf) = (0, vec![0; 1 << 18]);
        while total < (16 << 20) + 10 + 4 {
            let n = peer.stream.read(&mut buf).expect("no reset");
            assert_ne!(n, 0, "cut at {total}");
            total += n;
            thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(total, (16 << 20) + 10 + 4);
    });
}

/// Pings of the peer are no parts of our message.
#[test]
fn fault_d14_pings_do_not_keep_a_send_waiting() {
    watched(|| {
        let config = Config {
            close_timeout: Duration::from_millis(100),
            ..stall(Duration::from_millis(100))
        };
        let (site, reports) = reporting(Acceptor::new().config(config), |ws| {
            let (mut reader, writer) = ws.split();
            let mut parts = writer.message().expect("open");
            parts.send("a").expect("open");
            let waits = thread::spawn(move || {
                let sent = writer.send("b");
                drop(parts);
                matches!(sent, Err(Error::Misuse(Misuse::Unfinished)))
            });
            while let Ok(Some(_)) = reader.receive() {}
            waits.join().expect("no panic")
        });
        let mut peer = Peer::open(&site);
        // Until the message that is given up closes the connection.
        while peer.stream.write_all(&masked(0x89, "x")).is_ok() {
            thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(reports.recv_timeout(PATIENCE), Ok(true));
    });
}

/// A long message of a client whose peer is gone is not masked to its end.
#[test]
fn fault_a13_what_cannot_be_sent_is_not_masked() {
    watched(|| {
        let (url, server) = fake_server(|key| switch(key, ""), drop);
        let ws = websocket::connect(&url).expect("open");
        server.join().expect("the server");
        let message = vec![1; 64 << 20];
        while ws.writer().send(&message).is_ok() {}
        assert!(!ws.writer().is_open());
    });
}
