//! The work grows with the bytes, not with their square.
//!
//! There is no counter, and a clock is not reliable. A megabyte is fed byte by byte: a decoder that
//! continues at its position is done at once; one that starts again must read 10^12 bytes, and the watchdog
//! ends it.

use super::feed::receive;
use barewire::framing::{Delimiter, Encode, Error, Fixed, Framer, Header32, Padding};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

const MANY: usize = 1 << 20;

/// Fails after a minute, a thousand times what a linear decoder needs.
fn in_time(work: impl FnOnce() + Send + 'static) {
    let (done, finished) = mpsc::channel::<()>();
    let worker = thread::spawn(move || {
        work();
        drop(done);
    });
    let over = finished.recv_timeout(Duration::from_secs(60));
    assert_eq!(
        over,
        Err(RecvTimeoutError::Disconnected),
        "still at work after a minute"
    );
    worker
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

fn drip<F: Framer + Send + 'static>(framer: F, message: Vec<u8>) {
    in_time(move || {
        let mut wire = Vec::new();
        framer.encoder().encode(&message, &mut wire).unwrap();
        let received = receive(&framer, wire.chunks(1));
        assert_eq!(received.messages, [message]);
        assert_eq!(received.end, Ok(()));
    });
}

#[test]
fn a_megabyte_without_a_delimiter() {
    drip(Delimiter::CRLF.with_limit(MANY), vec![b'.'; MANY]);
}

#[test]
fn a_megabyte_of_half_delimiters() {
    drip(Delimiter::CRLF.with_limit(MANY), vec![b'\r'; MANY]);
    drip(
        Delimiter::new(b"aaaaaaaaaaaaaaab").with_limit(MANY),
        vec![b'a'; MANY],
    );
}

#[test]
fn a_megabyte_in_one_cell() {
    drip(Fixed::<MANY>::new(Padding::Keep), vec![b'.'; MANY]);
}

#[test]
fn a_megabyte_behind_a_header() {
    drip(Header32::new(), vec![b'.'; MANY]);
}

#[test]
fn a_delimiter_that_never_comes() {
    in_time(|| {
        let framer = Delimiter::CRLF.with_limit(MANY);
        let endless = vec![b'.'; MANY + 10];
        let received = receive(&framer, endless.chunks(1));
        assert_eq!(received.end, Err(Error::Endless { limit: MANY }));
    });
}
