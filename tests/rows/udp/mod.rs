//! The rows of the book's UDP section, each shown end to end.
//!
//! | rows | module | what a reader sees there |
//! |---|---|---|
//! | U01 | `u01_hello`, `demo` | the book's server and client; their words, from the demo |
//! | U02 | `u02_send` | `send(buf, offset, length, port, address)`, and what it refuses |
//! | U03 | `u03_peers` | one socket, several peers, both ways |
//! | U04 | `u04_events`, `u04_truncated` | the order of the events; a truncated message is marked |
//! | U04, E41 | `u04_stopping`, `u04_waiting`, `e41_closed` | `close` takes effect at once, and cannot be undone; waiting for the end |
//! | U05 | `u05_many`, `u05_one` | broadcast and multicast; connected, and over IPv6 |
//! | U06 | `u06_loss`, `line` | asking again over what drops, repeats and delays |
//! | S07 | `s07_boundaries` | one send, one message |
//!
//! What the system itself refuses (no IPv6, no interface for multicast) is not tested, and the
//! output says so: `cargo test --test rows udp -- --nocapture`.

mod demo;
mod e41_closed;
mod line;
mod s07_boundaries;
mod u01_hello;
mod u02_send;
mod u03_peers;
mod u04_events;
mod u04_stopping;
mod u04_truncated;
mod u04_waiting;
mod u05_many;
mod u05_one;
mod u06_loss;

use crate::support::PATIENCE;
use barewire::udp::{self, Family, ReceiveBuffer, Received, RemoteInfo, Socket};
use std::io::{self, ErrorKind};
use std::thread;
use std::time::Instant;

/// The book's message: 19 bytes, 11 characters.
const BOOK: &str = "深入浅出Node.js";

/// A socket of this machine, with a port of its own, whose `recv` fails rather than hang.
fn socket() -> Socket {
    socket_at("127.0.0.1:0")
}

fn socket_at(place: &str) -> Socket {
    bind(place).expect("the address can be bound")
}

/// A socket with an address that no other test has, so that no other test takes its port when it is
/// closed. (Linux has sixteen million addresses for itself, others have one.)
fn socket_of_its_own(test: u8) -> Socket {
    match cfg!(target_os = "linux") {
        true => socket_at(&format!("127.41.0.{test}:0")),
        false => socket(),
    }
}

/// A socket at the address of one that is closed but still alive: the kernel gives it away when no descriptor is left.
/// A socket of another test at `0.0.0.0` may have the port for a moment, since that covers all addresses.
fn socket_in_place_of(closed: &Socket) -> Socket {
    let place = closed.local_addr().to_string();
    let give_up = Instant::now() + PATIENCE;
    loop {
        match bind(&place) {
            Err(e) if e.kind() == ErrorKind::AddrInUse && Instant::now() < give_up => {
                thread::yield_now();
            }
            socket => return socket.expect("the address can be bound again"),
        }
    }
}

fn bind(place: &str) -> io::Result<Socket> {
    let family = match place.starts_with('[') {
        true => Family::V6,
        false => Family::V4,
    };
    let socket = udp::create_socket(family).bind(place)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    Ok(socket)
}

/// The next message.
#[track_caller]
fn next(socket: &Socket) -> (Vec<u8>, RemoteInfo) {
    let mut buffer = ReceiveBuffer::new();
    let Received { bytes, rinfo } = socket.recv(&mut buffer).expect("a message");
    (bytes.to_vec(), rinfo)
}

/// The text of the next message.
#[track_caller]
fn next_text(socket: &Socket) -> String {
    String::from_utf8(next(socket).0).expect("UTF-8")
}

/// What worked, unless the system lacks it. Any other error is a failure of the test.
#[track_caller]
fn unless_lacking<T>(what: &str, done: io::Result<T>) -> Option<T> {
    // Linux: ENODEV, ENOPROTOOPT, EOPNOTSUPP, EAFNOSUPPORT, EADDRNOTAVAIL, ENETUNREACH
    const LACKING: [i32; 6] = [19, 92, 95, 97, 99, 101];
    let says = |e: &io::Error, code: i32| e.to_string().contains(&format!("(os error {code})"));
    match done {
        Ok(done) => Some(done),
        Err(e) if LACKING.iter().any(|code| says(&e, *code)) => {
            eprintln!("NOT TESTED: this system has no {what} ({e})");
            None
        }
        Err(e) => panic!("{what}: {e}"),
    }
}
