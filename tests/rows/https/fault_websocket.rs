//! The faults of WebSockets, over TLS: A0, A1, A2, D1, D3, D9.

use super::stage::{accepting, agent, open};
use crate::support::{PATIENCE, watched};
use barewire::https;
use barewire::websocket::{Acceptor, Config, ConnectOptions, Error, Room, Slow, WebSocket};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// Both ends send long messages from two threads, and pings from a third one: if a frame were not whole, one
/// end would find that the other breaks a rule.
#[test]
fn fault_a00_no_pong_inside_a_frame_over_tls() {
    fn flood(ws: WebSocket, closes: bool) {
        let (mut reader, writer) = ws.split();
        thread::scope(|scope| {
            let senders = [1, 2].map(|byte| {
                let writer = writer.clone();
                scope.spawn(move || {
                    (0..20).for_each(|_| writer.send(vec![byte; 100_000]).expect("open"));
                })
            });
            let pinger = writer.clone();
            scope.spawn(move || {
                while pinger.send_ping().is_ok() {
                    thread::yield_now(); // on one core, pings alone would be sent for long
                }
            });
            for _ in 0..40 {
                let data = reader.receive().expect("whole frames").expect("a message");
                assert_eq!(data.bytes().len(), 100_000);
                assert!(data.bytes().iter().all(|byte| *byte == data.bytes()[0]));
            }
            for sender in senders {
                sender.join().expect("all is sent before it is closed");
            }
            if closes {
                let _ = writer.close(1000, "");
            }
            while let Ok(Some(_)) = reader.receive() {}
        });
    }
    watched(|| {
        let site = accepting(Acceptor::new(), |ws| flood(ws, true));
        flood(open(&site), false);
    });
}

/// Members that read nothing: the socket of each is full, and so is TLS above it.
#[test]
fn fault_a01_a02_no_thread_waits_for_a_slow_member_over_tls() {
    watched(|| {
        let room = Arc::new(Room::new(Slow::Skip));
        let members = Arc::clone(&room);
        let (sender, receiver) = channel();
        let site = accepting(Acceptor::new(), move |ws| {
            let (mut reader, writer) = ws.split();
            members.add(&writer);
            // The reading thread answers without waiting, although the peer does not read.
            while let Ok(Some(message)) = reader.receive() {
                let _ = writer.try_send(message).expect("open");
                if message.text() == Some("the last one") {
                    sender.send(()).expect("a test");
                }
            }
        });
        let mut slow: Vec<_> = (0..3).map(|_| open(&site)).collect();
        while room.len() < 3 || room.send([1; 50_000]).slow < 3 {}
        for ws in &mut slow {
            (0..100).for_each(|_| ws.send([2; 10_000]).expect("the server reads"));
            ws.send("the last one").expect("the server reads");
            let received = receiver.recv_timeout(PATIENCE);
            received.expect("the reader is not stuck");
        }
    });
}

#[test]
fn fault_d01_half_a_message_ends_the_connection_over_tls() {
    watched(|| {
        let config = Config {
            stall_timeout: Duration::from_millis(50),
            ..Config::default()
        };
        let site = accepting(Acceptor::new().config(config), |mut ws| {
            while let Ok(Some(_)) = ws.receive() {}
        });
        let mut ws = open(&site);
        let mut message = ws.writer().message().expect("open");
        message.send("half").expect("open");
        assert!(ws.receive().expect("a Close frame").is_none());
        assert_eq!(ws.split().0.outcome().expect("over").code, 1008);
    });
}

/// The handler has sent 1 MiB and is gone, a message is unread, and the socket may be full: all bytes arrive.
#[test]
fn fault_d03_a18_the_last_messages_arrive_over_tls() {
    watched(|| {
        let site = accepting(Acceptor::new(), |mut ws| {
            ws.receive().expect("open").expect("a message");
            let writer = ws.writer();
            while writer.try_send([4; 60_000]).expect("open") {}
        });
        let mut ws = open(&site);
        ws.send("read").expect("open");
        ws.send("not read").expect("open");
        let mut messages = 0;
        while let Some(data) = ws.receive().expect("no reset, and no message is cut") {
            assert_eq!(data.bytes(), [4; 60_000]);
            messages += 1;
        }
        assert!(messages > 0);
        assert_eq!(ws.split().0.outcome().expect("over").code, 1001);
    });
}

/// The scheme of the server is https, also below a layer that knows nothing of TLS.
#[test]
fn fault_d09_over_tls_the_pages_are_of_https() {
    watched(|| {
        let site = accepting(Acceptor::new().same_origin(), drop);
        let (host, port) = ("localhost", site.port());
        for (origin, status) in [
            (format!("https://{host}:{port}"), 101),
            (format!("http://{host}:{port}"), 403),
            (format!("https://{host}"), 403),
            ("null".to_owned(), 403),
        ] {
            let options = ConnectOptions::new().request_options(&agent().options());
            let url = site.url("/").replace("https:", "wss:");
            match https::websocket_with(&url, &options.origin(&origin)) {
                Ok(_) => assert_eq!(status, 101, "{origin}"),
                Err(Error::Refused(refused)) => assert_eq!(status, refused.status, "{origin}"),
                Err(other) => panic!("{origin}: {other:?}"),
            }
        }
    });
}
