//! What the stop of a server does to its connections: which waits end at once, and which go on.

use super::stage::{StopAtAccept, Up, expect, rest, until};
use crate::support::{Gate, Log, PATIENCE, watched};
use crate::tls::stage;
use barewire::framing::Delimiter;
use barewire::net::{self, Framed, Incoming, Listener, Report, Socket, SocketEvents};
use barewire::tls;
use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

const A_MOMENT: Duration = Duration::from_millis(1);
const LINES: Delimiter<2> = Delimiter::CRLF;

type Handler = fn(Socket) -> io::Result<()>;

/// The ways to receive messages.
const WITH_MESSAGES: [(&str, Handler); 4] = [
    ("receive", |socket| {
        let mut lines = Framed::new(socket, LINES);
        let writer = lines.writer();
        while let Some(line) = lines.receive()? {
            writer.send(line)?;
        }
        Ok(())
    }),
    ("receive_within", |socket| receive_within(socket, PATIENCE)),
    ("receive_within, again and again", |socket| {
        receive_within(socket, A_MOMENT)
    }),
    ("on_message", |socket| {
        Framed::new(socket, LINES).on_message(|writer, line| writer.send(line))
    }),
];

fn receive_within(socket: Socket, time: Duration) -> io::Result<()> {
    let mut lines = Framed::new(socket, LINES);
    let writer = lines.writer();
    loop {
        match lines.receive_within(time)? {
            Incoming::Came(line) => writer.send(line)?,
            Incoming::Nothing => {}
            Incoming::Closed => return Ok(()),
        }
    }
}

/// The ways to read bytes.
const WITH_BYTES: [(&str, Handler); 3] = [
    ("pipe", |socket| socket.pipe(&socket).map(drop)),
    ("read", |socket| {
        let mut buf = [0; 16];
        while let n @ 1.. = socket.read(&mut buf)? {
            socket.write_all(&buf[..n])?;
        }
        Ok(())
    }),
    ("run", |socket| socket.run(Echo)),
];

struct Echo;

impl SocketEvents for Echo {
    fn data(&self, socket: &Socket, chunk: &[u8]) {
        socket.write(chunk);
    }
}

/// An exchange, after which the client is connected and sends nothing.
fn exchange(socket: Socket) -> Framed<Delimiter<2>> {
    let mut client = Framed::new(socket, LINES);
    client.send("hello").unwrap();
    assert_eq!(client.receive().unwrap(), Some(&b"hello"[..]));
    client
}

const DRAINED: Report = Report { drained: 1, cut: 0 };

/// The client does nothing, before and after.
#[test]
fn a_wait_between_two_messages_ends_at_once() {
    watched(|| {
        let name = format!("barewire-stopping-{}.sock", std::process::id());
        let path = format!("unix:{}", std::env::temp_dir().join(name).display());
        for (style, handler) in WITH_MESSAGES {
            for address in ["127.0.0.1:0", &path] {
                let up = Up::at(address, net::create_server(handler));
                let mut client = exchange(net::connect(&up.address()).unwrap());
                assert_eq!(up.shutdown(PATIENCE * 2), DRAINED, "{style} at {address}");
                assert_eq!(client.receive().unwrap(), None, "{style} at {address}");
            }
            let server = tls::create_server(&stage::server("server"), handler).unwrap();
            let handle = server.listen("127.0.0.1:0").unwrap();
            let address = handle.local_addr().to_string();
            let mut client = exchange(tls::connect(&address, &stage::client()).unwrap());
            assert_eq!(handle.shutdown(PATIENCE * 2), DRAINED, "{style} over TLS");
            assert_eq!(client.receive().unwrap(), None, "in good order: {style}");
        }
    });
}

/// A connection that was accepted while the server stops brings one message.
#[test]
fn a_message_of_a_late_connection_is_received() {
    watched(|| {
        for (style, handler) in WITH_MESSAGES {
            let turn = Arc::new(StopAtAccept::default());
            let listener = Listener::bind("127.0.0.1:0").unwrap();
            let server = net::create_server(handler);
            let handle = server.listen_on(listener.take_turns(turn.clone())).unwrap();
            turn.set(&handle);
            let socket = net::connect(&handle.local_addr().to_string()).unwrap();
            until("it is late", || {
                handle.connections() == 1 && handle.threads() == 1
            });
            let mut client = exchange(socket);
            assert_eq!(client.receive().unwrap(), None, "and no other: {style}");
            drop(client);
            handle.wait();
        }
    });
}

/// Only the handler knows whether its peer may still be answered.
#[test]
fn a_wait_for_bytes_goes_on() {
    watched(|| {
        for (style, handler) in WITH_BYTES {
            let up = Up::new(net::create_server(handler));
            let mut client = exchange(net::connect(&up.address()).unwrap());
            up.stop();
            client.send("still there?").unwrap();
            assert_eq!(client.receive().unwrap(), Some(&b"still there?"[..]));
            let report = up.shutdown(Duration::ZERO);
            assert_eq!(report, Report { drained: 0, cut: 1 }, "{style}");
        }
    });
}

#[test]
fn is_stopping_is_true_from_the_stop_on() {
    watched(|| {
        let (log, gate) = (Log::default(), Gate::default());
        let (seen, may_ask) = (log.clone(), gate.clone());
        let up = Up::new(net::create_server(move |socket| {
            seen.note(socket.is_stopping());
            may_ask.pass();
            seen.note(socket.is_stopping());
            Ok(())
        }));
        let peer = up.peer();
        log.wait_for("false");
        up.stop();
        gate.open();
        log.wait_for("true");
        drop(peer);
        let (here, _there) = net::pipe();
        assert!(!Socket::new(Arc::new(here)).is_stopping());
    });
}

/// A handler that is with its first line when the server stops.
fn held(handler: Handler) -> (Up, TcpStream, Gate) {
    let (log, gate) = (Log::default(), Gate::default());
    let (seen, may_go) = (log.clone(), gate.clone());
    let up = Up::new(net::create_server(move |socket| {
        let mut first = [0; 7];
        io::Read::read_exact(&mut &socket, &mut first)?;
        socket.write_all(first)?;
        seen.note("first");
        may_go.pass();
        handler(socket)
    }));
    let mut peer = up.peer();
    peer.write_all(b"first\r\n").unwrap();
    expect(&peer, "first\r\n");
    log.wait_for("first");
    (up, peer, gate)
}

/// The stop comes while the handler is busy: what has come by then is answered.
#[test]
fn messages_that_have_come_are_received_after_the_stop() {
    watched(|| {
        for (style, handler) in WITH_MESSAGES {
            let (up, mut peer, gate) = held(handler);
            peer.write_all(b"second\r\nthird\r\n").unwrap();
            up.stop();
            gate.open();
            assert_eq!(rest(&peer), b"second\r\nthird\r\n", "{style}");
            drop(peer);
            assert_eq!(up.shutdown(PATIENCE).cut, 0);
        }
    });
}

/// A peer inside a message is not idle.
#[test]
fn a_message_that_has_begun_may_be_finished_after_the_stop() {
    watched(|| {
        for (style, handler) in WITH_MESSAGES {
            let up = Up::new(net::create_server(handler));
            let mut peer = up.peer();
            peer.write_all(b"one\r\ntw").unwrap();
            expect(&peer, "one\r\n"); // "tw" came with it
            up.stop();
            peer.write_all(b"o\r\n").unwrap();
            assert_eq!(rest(&peer), b"two\r\n", "{style}");
        }
    });
}

/// The stop ends reading, and finds half a message there.
#[test]
fn half_a_message_that_the_stop_cuts_is_no_fault_of_the_peer() {
    watched(|| {
        let log = Log::default();
        let seen = log.clone();
        let gate = Gate::default();
        let may_go = gate.clone();
        let up = Up::new(net::create_server(move |socket| {
            may_go.pass();
            let received = Framed::new(socket, LINES).receive()?.map(<[u8]>::to_vec);
            seen.note(format!("{received:?}"));
            Ok(())
        }));
        let mut peer = up.peer();
        peer.write_all(b"half a li").unwrap();
        until("it has connected", || up.connections() == 1);
        up.stop();
        gate.open();
        log.wait_for("None");
        drop(peer);
        assert_eq!(up.shutdown(PATIENCE).cut, 0);
    });
}

/// Many connections that read while the server stops: each ends, whichever is first.
#[test]
fn the_stop_and_a_wait_that_begins_race() {
    watched(|| {
        for round in 0..50 {
            let (_, handler) = WITH_MESSAGES[round % WITH_MESSAGES.len()];
            let up = Up::new(net::create_server(handler));
            let peers: Vec<_> = (0..4).map(|_| up.peer()).collect();
            until("all are served", || up.connections() == 4);
            thread::scope(|scope| {
                for mut peer in &peers {
                    scope.spawn(move || {
                        while peer.write_all(b"x\r\n").is_ok()
                            && io::Read::read(&mut peer, &mut [0; 3]).is_ok_and(|n| n > 0)
                        {
                        }
                    });
                }
                assert_eq!(up.shutdown(PATIENCE).cut, 0);
            });
        }
    });
}
