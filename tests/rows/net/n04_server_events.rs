//! N04: the book's events of a server.

use super::stage::{Up, expect, rest, until};
use crate::support::{Gate, Log, watched};
use barewire::net::{self, Addr, Server, ServerEvents, Socket};
use std::io::{self, ErrorKind, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

/// Notes every event there is, and does something with a connection.
struct Noting<F> {
    log: Log,
    connection: F,
}

impl<F> ServerEvents for Noting<F>
where
    F: Fn(&Socket) -> io::Result<()> + Send + Sync + 'static,
{
    fn listening(&self, address: &Addr) {
        assert_ne!(address.port(), Some(0), "a real one");
        self.log.note("listening");
    }

    fn connection(&self, socket: Socket) -> io::Result<()> {
        self.log.note("connection");
        (self.connection)(&socket)
    }

    fn error(&self, error: &io::Error) {
        self.log.note(format!("error {:?}", error.kind()));
    }

    fn close(&self) {
        self.log.note("close");
    }
}

fn noting<F>(log: &Log, connection: F) -> Server<impl ServerEvents>
where
    F: Fn(&Socket) -> io::Result<()> + Send + Sync + 'static,
{
    let log = log.clone();
    net::create_server_with(Noting { log, connection })
}

#[test]
fn row_n04_the_order_of_events() {
    watched(|| {
        let log = Log::default();
        let up = Up::new(noting(&log, |socket| socket.write_all("hello")));
        assert_eq!(log.all(), ["listening"]);
        assert_eq!(rest(up.peer()), b"hello");
        assert_eq!(up.shutdown(Duration::from_secs(5)).cut, 0);
        assert_eq!(log.all(), ["listening", "connection", "close"]);
        up.stop();
        up.shutdown(Duration::ZERO);
        assert_eq!(log.count("close"), 1);
    });
}

/// As in the book: `server.close()` stops accepting; the connections stay, and `close` is called
/// when the last of them has gone.
#[test]
fn row_n04_close_waits_for_every_connection() {
    watched(|| {
        let log = Log::default();
        let up = Up::new(noting(&log, |socket| {
            socket.write_all("hello")?;
            socket.pipe(socket).map(drop)
        }));
        let (mut one, two) = (up.peer(), up.peer());
        expect(&one, "hello");
        expect(&two, "hello");
        up.stop();
        drop(two);
        until("one is left", || up.connections() == 1);
        one.write_all(b"still served").unwrap();
        expect(&one, "still served");
        assert_eq!(log.count("close"), 0);
        drop(one);
        up.wait();
        assert_eq!(
            log.all(),
            ["listening", "connection", "connection", "close"]
        );
    });
}

/// A connection ends with the last clone of its socket, whichever thread has it.
#[test]
fn row_n04_close_waits_for_a_socket_that_was_taken_elsewhere() {
    watched(|| {
        let log = Log::default();
        let taken = Arc::new(std::sync::Mutex::new(None));
        let place = taken.clone();
        let up = Up::new(noting(&log, move |socket| {
            *place.lock().unwrap() = Some(socket.clone());
            Ok(())
        }));
        assert!(rest(up.peer()).is_empty());
        up.stop();
        until("the thread is done", || up.threads() == 0);
        assert_eq!((log.count("close"), up.connections()), (0, 1));
        taken.lock().unwrap().take();
        assert_eq!((log.count("close"), up.connections()), (1, 0));
    });
}

#[test]
fn row_n04_a_used_port_is_an_error_and_no_panic() {
    watched(|| {
        let used = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = used.local_addr().unwrap().to_string();
        let log = Log::default();
        let refused = noting(&log, |_| Ok(())).listen(&address).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::AddrInUse);
        assert!(refused.to_string().contains(&address), "{refused}");
        assert_eq!(log.all(), ["error AddrInUse"]);
    });
}

#[test]
fn row_n04_an_address_in_no_such_form_is_an_error() {
    let log = Log::default();
    for address in ["8124", "127.0.0.1", "127.0.0.1:99999", "unix:"] {
        let refused = noting(&log, |_| Ok(())).listen(address).unwrap_err();
        assert!(refused.to_string().contains(address), "{refused}");
    }
    assert_eq!(log.all(), ["error InvalidInput"; 4]);
}

/// What one handler does wrong costs one connection.
#[test]
fn row_n04_a_panic_costs_one_connection() {
    watched(|| {
        let log = Log::default();
        let up = Up::new(noting(&log, |socket| {
            let mut byte = [0];
            socket.read(&mut byte)?;
            assert_ne!(byte, *b"!", "on purpose");
            socket.write_all(byte)
        }));
        for said in [b"a", b"!", b"b"] {
            let mut peer = up.peer();
            peer.write_all(said).unwrap();
            let answer: &[u8] = if said == b"!" { b"" } else { said };
            assert_eq!(rest(peer), answer);
        }
        up.shutdown(Duration::from_secs(5));
        let mut all = log.all();
        all.dedup();
        assert_eq!(all, ["listening", "connection", "close"]);
    });
}

/// The last answer arrives, although the handler has returned without reading what came.
#[test]
fn row_n04_the_last_answer_arrives() {
    watched(|| {
        let (log, sent) = (Log::default(), Gate::default());
        let is_sent = sent.clone();
        let up = Up::new(noting(&log, move |socket| {
            is_sent.pass();
            socket.write("that was ");
            socket.write("all");
            Err(ErrorKind::Other.into())
        }));
        let mut peer = up.peer();
        peer.write_all(&[b'?'; 100_000]).unwrap();
        sent.open();
        assert_eq!(rest(peer), b"that was all");
    });
}
