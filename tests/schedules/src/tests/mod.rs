//! The tests: each is a few threads that meet in barewire's code.

mod agent;
mod clock;
mod engine;
mod frames;
mod lookups;
mod socket;
mod tls;
mod websocket;

use crate::explore::time_stands_still;
use crate::net::listen_socket::{self, Backlog};
use crate::net::{Handle, Listener, Options, Pipe, Service, Stream, pipe_with_capacity};
use crate::shim::sync::Arc;
use crate::shim::time;
use shuttle::rand::{Rng, thread_rng};
use std::time::Duration;

/// A connection with room for one of these numbers of bytes in each direction.
fn peer(room: &[usize]) -> (Pipe, Pipe) {
    pipe_with_capacity(room[thread_rng().gen_range(0..room.len())])
}

/// A server that accepts from memory.
fn listen(options: Options, service: impl Service) -> (Arc<Backlog>, Handle) {
    let listener = Listener::bind("127.0.0.1:0").expect("a free port");
    let handle = listener
        .serve(options, service)
        .expect("shuttle always starts a thread");
    (listen_socket::backlog(), handle)
}

/// Asserts that no thread has waited for a deadline until now: neither for a peer that does not read,
/// nor because a wake-up was lost.
fn at_once() {
    if time_stands_still() {
        assert_eq!(
            time::elapsed(),
            Duration::ZERO,
            "something has waited for a deadline"
        );
    }
}

fn write_all(stream: &dyn Stream, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let n = stream.write(bytes).expect("it is read");
        bytes = &bytes[n..];
    }
}

/// Reads to the end.
fn read_all(stream: &dyn Stream, mut heard: impl FnMut(&[u8])) {
    let mut piece = vec![0; 16 * 1024];
    while let n @ 1.. = stream.read(&mut piece).expect("a pipe without timeout") {
        heard(&piece[..n]);
    }
}
