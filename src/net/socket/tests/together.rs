//! The socket with real threads: what the model of the queue cannot see. Every round is small, so that the
//! threads meet where a queue fills, empties and ends.

use super::*;
use crate::net::{Pipe, Unix};
use std::os::unix::net::UnixStream;
use std::sync::atomic::AtomicUsize;

const WRITERS: u8 = 4;
const MESSAGES: u8 = 40;

/// A message contains its writer and its number; a small pipe has less room.
fn message(writer: u8, n: u8) -> [u8; 24] {
    let mut message = [writer; 24];
    message[1] = n;
    message
}

/// Writes all messages of one writer, each in another way. False: the connection broke.
fn write_messages(socket: &Socket, writer: u8) -> bool {
    (0..MESSAGES).all(|n| {
        let message = message(writer, n);
        match writer % 2 {
            0 => socket.write(message) || socket.drained().is_ok(),
            _ => socket.write_all(message).is_ok(),
        }
    })
}

/// Reads slowly at first, then to the end; each writer's messages are whole and in order.
fn read_messages(there: &dyn Stream) -> Vec<u8> {
    let (mut all, mut buf) = (Vec::new(), [0; 64]);
    while let Ok(n @ 1..) = there.read(&mut buf) {
        all.extend_from_slice(&buf[..n]);
        if all.len() < 500 {
            thread::yield_now();
        }
    }
    let mut next = [0; WRITERS as usize];
    for got in all.chunks_exact(24) {
        let writer = got[0];
        assert_eq!(got, message(writer, next[usize::from(writer)]));
        next[usize::from(writer)] += 1;
    }
    all
}

/// No two calls of `drain` at a time, and none after `close`.
#[derive(Default)]
struct Drains {
    now: AtomicUsize,
    closed: AtomicBool,
}

impl SocketEvents for Drains {
    fn drain(&self, socket: &Socket) {
        assert_eq!(self.now.fetch_add(1, Ordering::SeqCst), 0, "one at a time");
        assert!(!self.closed.load(Ordering::SeqCst), "none after close");
        let _ = socket.drained();
        thread::yield_now();
        self.now.fetch_sub(1, Ordering::SeqCst);
    }

    fn close(&self, _socket: &Socket, _had_error: bool) {
        assert_eq!(self.now.load(Ordering::SeqCst), 0, "it has returned");
        self.closed.store(true, Ordering::SeqCst);
    }
}

fn full_at(bytes: usize) -> ConnectOptions {
    ConnectOptions {
        high_water_mark: bytes,
        ..ConnectOptions::default()
    }
}

/// One round: the writers and the events run at the same time; `then` is what the test does meanwhile.
fn round(here: Arc<dyn Stream>, there: &dyn Stream, then: impl FnOnce(&Socket)) -> (Vec<u8>, bool) {
    let socket = Socket::with(here, full_at(48), false, None);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let all = read_messages(there);
            let _ = there.shutdown(Shutdown::Both);
            all
        });
        let running = scope.spawn(|| socket.run(Drains::default()));
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                scope.spawn({
                    let socket = &socket;
                    move || write_messages(socket, writer)
                })
            })
            .collect();
        then(&socket);
        let wrote = writers.into_iter().all(|writer| writer.join().unwrap());
        let _ = socket.end();
        let _ = socket.end();
        let all = reader.join().unwrap();
        let _ = running.join().unwrap();
        assert_eq!(socket.buffered(), 0);
        (all, wrote)
    })
}

fn streams(kind: usize) -> (Arc<dyn Stream>, Arc<dyn Stream>) {
    let pair = |(here, there): (Pipe, Pipe)| -> (Arc<dyn Stream>, Arc<dyn Stream>) {
        (Arc::new(here), Arc::new(there))
    };
    match kind % 3 {
        0 => pair(pipe_with_capacity(7)),
        1 => pair(pipe_with_capacity(100)),
        _ => {
            let (here, there) = UnixStream::pair().unwrap();
            (Arc::new(Unix::from(here)), Arc::new(Unix::from(there)))
        }
    }
}

#[test]
fn every_byte_arrives_in_order_from_many_writers() {
    within(PATIENCE, || {
        for kind in 0..30 {
            let (here, there) = streams(kind);
            let (all, wrote) = round(here, &*there, |_| {});
            assert!(wrote);
            let whole = usize::from(WRITERS) * usize::from(MESSAGES) * 24;
            assert_eq!(all.len(), whole);
        }
    });
}

/// At whatever moment it is destroyed: every thread returns.
#[test]
fn fault_a21_no_thread_hangs_whenever_it_is_destroyed() {
    within(PATIENCE, || {
        for kind in 0..60 {
            let (here, there) = streams(kind);
            round(here, &*there, |socket| {
                while socket.bytes_written() < kind as u64 * 60 {
                    thread::yield_now();
                }
                socket.destroy();
            });
        }
    });
}
