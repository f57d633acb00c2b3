//! W05: a receive with a deadline. Nothing is lost when it passes, and what holds in `receive` holds in it.

use super::stage::{
    self, HANDSHAKE, Peer, accepting, close, fake_server, masked, open, plain, reporting, serving,
    switch,
};
use crate::https::stage as https;
use crate::support::{Gate, PATIENCE, watched};
use barewire::net::{Layer, Pipe, Stream, pipe_with_capacity};
use barewire::websocket::{self, Acceptor, Config, Data, Incoming, OwnedData, WebSocket};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

const SHORT: Duration = Duration::from_millis(20);
const NONE: Duration = Duration::ZERO;

/// Receives until something comes, without ever waiting.
#[track_caller]
fn poll(ws: &mut WebSocket) -> String {
    let began = Instant::now();
    loop {
        assert!(began.elapsed() < PATIENCE, "nothing has come");
        match ws.receive_within(NONE).expect("open") {
            Incoming::Came(data) => return data.text().expect("a text").to_owned(),
            Incoming::Nothing => thread::yield_now(),
            Incoming::Closed => return "closed".to_owned(),
        }
    }
}

/// The time passes, and is no error; then every kind of receive goes on, without the timeout of the one before.
#[track_caller]
fn waits_and_goes_on(mut ws: WebSocket) {
    let began = Instant::now();
    assert_eq!(ws.receive_within(SHORT).expect("open"), Incoming::Nothing);
    assert!(began.elapsed() >= SHORT);
    assert_eq!(ws.receive_within(NONE).expect("open"), Incoming::Nothing);
    ws.send("one").expect("open");
    let one = ws.receive_within(PATIENCE).expect("open");
    assert_eq!(one, Incoming::Came(Data::Text("one")));
    ws.send("two").expect("open");
    assert_eq!(poll(&mut ws), "two");
    assert_eq!(ws.receive_within(SHORT).expect("open"), Incoming::Nothing);
    ws.send("later").expect("open"); // the server waits longer than that before it answers
    assert_eq!(ws.receive().expect("open").expect("a message"), "later");
    ws.send("no end").expect("open");
    let last = ws.receive_within(Duration::MAX).expect("open");
    assert_eq!(last, Incoming::Came(Data::Text("no end")));
    let outcome = ws.close(1000, "").expect("a code");
    assert!(outcome.clean, "{outcome:?}");
}

fn slow_echo(mut ws: WebSocket) {
    let writer = ws.writer();
    while let Ok(Some(message)) = ws.receive() {
        if message == "later" {
            thread::sleep(SHORT * 3);
        }
        if writer.send(message).is_err() {
            return;
        }
    }
}

#[test]
fn row_w05_a_receive_ends_when_its_time_has_passed() {
    watched(|| {
        let site = serving(slow_echo);
        waits_and_goes_on(open(&site));
    });
}

#[test]
fn row_w05_a_receive_over_tls_ends_when_its_time_has_passed() {
    watched(|| {
        let site = https::accepting(Acceptor::new(), slow_echo);
        waits_and_goes_on(https::open(&site));
    });
}

/// Zero takes what is in the read buffer, and what is in the socket.
#[test]
fn row_w05_zero_takes_what_is_here() {
    watched(|| {
        let (site, results) = reporting(Acceptor::new(), |mut ws| {
            let first = ws.receive().expect("open").expect("a message");
            assert_eq!(first, "one");
            // It came in the same read.
            let second = ws.receive_within(NONE).expect("open");
            assert_eq!(second, Incoming::Came(Data::Text("two")));
            assert_eq!(ws.receive_within(NONE).expect("open"), Incoming::Nothing);
            ws.send("go on").expect("open");
            assert_eq!(poll(&mut ws), "three");
            ws.send("the end").expect("open");
            assert_eq!(poll(&mut ws), "closed");
            let again = ws.receive_within(PATIENCE).expect("closed");
            assert_eq!(again, Incoming::Closed);
            ws.writer().closed().clean
        });
        let mut peer = Peer::open(&site);
        peer.send([masked(0x81, "one"), masked(0x81, "two")].concat());
        peer.expect(plain(0x81, "go on"));
        peer.send(masked(0x81, "three"));
        peer.expect(plain(0x81, "the end"));
        peer.send(masked(0x88, close(1000, "")));
        peer.expect(plain(0x88, close(1000, "")));
        peer.finish();
        assert!(results.recv_timeout(PATIENCE).expect("it has ended"));
    });
}

/// However a message is cut, it goes on with the next call.
#[test]
fn row_w05_half_a_message_is_kept() {
    let first = masked(0x01, "月深");
    let second = masked(0x80, "入");
    let whole = [first, second].concat();
    watched(move || {
        let (site, results) = reporting(Acceptor::new(), |mut ws| {
            let mut nothing = 0;
            loop {
                match ws.receive_within(Duration::from_millis(1)).expect("open") {
                    Incoming::Nothing => nothing += 1,
                    Incoming::Came(data) => return (data.text().map(str::to_owned), nothing),
                    Incoming::Closed => panic!("it is open"),
                }
                ws.send("next").expect("open");
            }
        });
        let mut peer = Peer::open(&site);
        for (n, byte) in whole.iter().enumerate() {
            peer.send([*byte]);
            if n + 1 < whole.len() {
                peer.expect(plain(0x81, "next"));
            }
        }
        let (message, nothing) = results.recv_timeout(PATIENCE).expect("a message");
        assert_eq!(message.as_deref(), Some("月深入"));
        assert!(nothing >= whole.len() - 1, "{nothing}");
    });
}

#[test]
fn row_w05_parts_within() {
    watched(|| {
        let (url, server) = fake_server(
            |key| switch(key, ""),
            |mut peer| {
                peer.send(plain(0x01, "hello "));
                peer.exactly(6); // the client has seen that nothing more came
                peer.send(plain(0x80, "world!"));
                let _ = peer.exactly(6);
            },
        );
        let (reader, writer) = websocket::connect(&url).expect("open").split();
        let mut parts = reader.in_parts();
        let (mut text, mut asked) = (String::new(), false);
        loop {
            match parts.receive_part_within(SHORT).expect("open") {
                Incoming::Came(part) => {
                    text.push_str(part.data.text().expect("a text"));
                    if part.last {
                        break;
                    }
                }
                Incoming::Nothing if text.is_empty() || asked => {}
                Incoming::Nothing => {
                    asked = true;
                    writer.send("").expect("open");
                }
                Incoming::Closed => panic!("it is open"),
            }
        }
        assert_eq!(text, "hello world!");
        writer.send("").expect("open");
        server.join().expect("the server");
    });
}

/// A program that only looks now and then answers pings, sends its heartbeat, and finds out who has vanished.
#[test]
fn fault_d01_the_heartbeat_holds_in_receives_with_a_deadline() {
    for time in [NONE, Duration::from_millis(1), PATIENCE] {
        watched(move || {
            let config = Config {
                heartbeat_interval: Some(SHORT),
                heartbeat_timeout: SHORT,
                ..Config::default()
            };
            let (site, results) = reporting(Acceptor::new().config(config), move |mut ws| {
                loop {
                    match ws.receive_within(time) {
                        Ok(Incoming::Nothing) => thread::sleep(Duration::from_millis(1)),
                        Ok(Incoming::Came(_) | Incoming::Closed) => panic!("nothing has come"),
                        Err(error) => return error.to_string(),
                    }
                }
            });
            let mut peer = Peer::open(&site);
            peer.send(masked(0x89, "ping"));
            let mut head = peer.exactly(2);
            while head == [0x89, 8] {
                peer.exactly(8); // a heartbeat of the server
                head = peer.exactly(2);
            }
            assert_eq!(head, [0x8a, 4]);
            assert_eq!(peer.exactly(4), b"ping");
            // The next heartbeat is not answered.
            let error = results.recv_timeout(PATIENCE).expect("it is found out");
            assert!(error.starts_with("no sign of life within"), "{error}");
        });
    }
}

/// Half a message is given up after the stall timeout, also if each call waits for less, or for nothing.
#[test]
fn fault_d01_the_stall_timeout_holds_in_receives_with_a_deadline() {
    for time in [NONE, Duration::from_millis(1), PATIENCE] {
        watched(move || {
            let config = Config {
                heartbeat_interval: None,
                stall_timeout: SHORT,
                linger_timeout: SHORT,
                ..Config::default()
            };
            let site = accepting(Acceptor::new().config(config), move |mut ws| {
                while let Ok(Incoming::Nothing | Incoming::Came(_)) = ws.receive_within(time) {
                    thread::sleep(Duration::from_millis(1));
                }
            });
            let mut peer = Peer::open(&site);
            peer.send(masked(0x01, "half"));
            let reason = "a message that has begun must go on";
            peer.expect(plain(0x88, close(1008, reason)));
        });
    }
}

/// Time in which the program did not look is not held against a peer that has sent meanwhile.
#[test]
fn row_w05_a_program_that_is_busy_does_not_blame_its_peer() {
    watched(|| {
        let config = Config {
            heartbeat_interval: None,
            stall_timeout: SHORT * 3,
            ..Config::default()
        };
        let (looked, busy) = (Gate::default(), Gate::default());
        let (opens_looked, waits_busy) = (looked.clone(), busy.clone());
        let (site, results) = reporting(Acceptor::new().config(config), move |mut ws| {
            assert_eq!(ws.receive_within(SHORT).expect("open"), Incoming::Nothing);
            opens_looked.open();
            waits_busy.pass(); // longer than the stall timeout
            ws.receive_within(PATIENCE)
                .map(|came| came == Incoming::Came(Data::Text("whole")))
        });
        let mut peer = Peer::open(&site);
        let message = masked(0x81, "whole");
        peer.send(&message[..3]);
        looked.pass();
        peer.send(&message[3..]);
        thread::sleep(SHORT * 5);
        busy.open();
        let came = results.recv_timeout(PATIENCE).expect("it has ended");
        assert!(came.expect("it is not given up"));
    });
}

/// A pipe on which pings come without end, once it is switched on.
#[derive(Debug)]
struct Flood {
    pipe: Pipe,
    on: AtomicBool,
}

impl Layer for Flood {
    fn below(&self) -> &dyn Stream {
        &self.pipe
    }

    fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        if !self.on.load(Ordering::SeqCst) {
            return self.pipe.read(buf);
        }
        let ping = masked(0x89, "");
        let whole = buf.len() / ping.len() * ping.len();
        buf[..whole].copy_from_slice(&ping.repeat(whole / ping.len()));
        Ok(whole)
    }

    fn try_read(&self, buf: &mut [u8]) -> io::Result<Option<usize>> {
        match self.on.load(Ordering::SeqCst) {
            true => Layer::read(self, buf).map(Some),
            false => self.pipe.try_read(buf),
        }
    }
}

/// A server over one pipe: the other end, after the handshake, and the result of `serve`.
fn over_a_pipe<T: Send + 'static>(
    serve: impl Fn(WebSocket, &Flood) -> T + Send + Sync + 'static,
) -> (Pipe, Receiver<T>) {
    let (here, there) = pipe_with_capacity(1024);
    let there = Arc::new(Flood {
        pipe: there,
        on: AtomicBool::new(false),
    });
    let (sender, results) = channel();
    let flood = Arc::clone(&there);
    let server = stage::server(Acceptor::new(), move |ws| {
        let _ = sender.send(serve(ws, &flood));
    });
    thread::spawn(move || server.serve(there));
    here.write(format!("{HANDSHAKE}\r\n").as_bytes())
        .expect("room");
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        assert_eq!(here.read(&mut byte).expect("a response"), 1);
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "));
    (here, results)
}

#[test]
fn fault_d01_pings_without_end_do_not_keep_a_receive() {
    watched(|| {
        let (_here, results) = over_a_pipe(|mut ws, flood| {
            flood.on.store(true, Ordering::SeqCst);
            for time in [NONE, SHORT] {
                let came = ws.receive_within(time).expect("open");
                assert_eq!(came, Incoming::Nothing);
            }
            ws.terminate();
        });
        results.recv_timeout(PATIENCE).expect("it has ended");
    });
}

/// The messages that were coalesced do not fit into the pipe, and nobody reads them yet.
#[test]
fn fault_a02_a_receive_with_a_deadline_does_not_wait_for_the_peer_to_read() {
    watched(|| {
        let looked = Gate::default();
        let opens_looked = looked.clone();
        let (here, results) = over_a_pipe(move |mut ws, _| {
            let writer = ws.writer();
            let first = ws.receive().expect("open").expect("a message");
            assert_eq!(first, "one");
            writer.send([7; 2000]).expect("open"); // it is coalesced: the second message is here already
            let second = ws.receive().expect("open").expect("a message");
            assert_eq!(second, "two");
            assert_eq!(ws.receive_within(SHORT).expect("open"), Incoming::Nothing);
            assert!(writer.buffered_amount() > 0);
            opens_looked.open();
            ws.receive().expect("open").expect("a message").into_owned()
        });
        here.write(&[masked(0x81, "one"), masked(0x81, "two")].concat())
            .expect("room");
        let (mut all, mut buf) = (Vec::new(), [0; 2004]);
        looked.pass();
        while all.len() < 2004 {
            let n = here.read(&mut buf).expect("bytes");
            all.extend_from_slice(&buf[..n]);
        }
        assert!(all == plain(0x82, [7; 2000]));
        here.write(&masked(0x81, "three")).expect("room");
        let third = results.recv_timeout(PATIENCE).expect("it has ended");
        assert_eq!(third, OwnedData::Text("three".to_owned()));
    });
}
