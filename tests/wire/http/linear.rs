//! The work grows with the bytes, not with their square.
//!
//! There is no counter, and a clock is not reliable. So the limits are raised and a megabyte of each part
//! is fed byte by byte, every call with all bytes so far. A decoder that continues at its position is done
//! at once; one that starts again must read 10^12 bytes, and the watchdog ends it.

use barewire::http::wire::{ChunkedDecoder, Limits, RequestDecoder, ResponseDecoder};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

const MANY: usize = 1 << 20;
const NONE: usize = 1 << 30;
const BOUNDLESS: Limits = Limits {
    start_line_bytes: NONE,
    field_section_bytes: NONE,
    fields: NONE,
    chunk_extension_bytes: NONE,
};

/// Fails after a minute, a thousand times what a linear decoder needs.
fn in_time(work: impl FnOnce() + Send + 'static) {
    let (done, finished) = mpsc::channel();
    let worker = thread::spawn(move || {
        work();
        let _ = done.send(());
    });
    match finished.recv_timeout(Duration::from_secs(60)) {
        Err(mpsc::RecvTimeoutError::Timeout) => {
            panic!("still at work after a minute: the work is not linear")
        }
        _ => worker
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
    }
}

fn drip_head(bytes: Vec<u8>) {
    in_time(move || {
        let mut decoder = RequestDecoder::new(BOUNDLESS);
        for end in 0..bytes.len() {
            assert_eq!(decoder.decode(&bytes[..end]).expect("a good head"), None);
        }
        assert_eq!(
            decoder.decode(&bytes).expect("a good head"),
            Some(bytes.len())
        );
    });
}

fn drip_response(bytes: Vec<u8>) {
    in_time(move || {
        let mut decoder = ResponseDecoder::new(BOUNDLESS);
        for end in 0..bytes.len() {
            assert_eq!(decoder.decode(&bytes[..end]).expect("a good head"), None);
        }
        let whole = decoder.decode(&bytes).expect("a good head");
        assert_eq!(whole, Some(bytes.len()));
    });
}

fn drip_body(bytes: Vec<u8>) {
    in_time(move || {
        let mut decoder = ChunkedDecoder::new(BOUNDLESS);
        let steps = bytes
            .chunks(1)
            .map(|byte| decoder.decode(byte).expect("a good body"));
        assert!(steps.last().is_some_and(|step| step.ended));
    });
}

#[test]
fn a_long_method() {
    drip_head([&b"M".repeat(MANY)[..], b" / HTTP/1.1\r\nHost: a\r\n\r\n"].concat());
}

#[test]
fn a_long_target() {
    drip_head(
        [
            b"GET /",
            &b"a".repeat(MANY)[..],
            b" HTTP/1.1\r\nHost: a\r\n\r\n",
        ]
        .concat(),
    );
}

#[test]
fn a_long_query_of_percent_encodings_and_question_marks() {
    drip_head(
        [
            b"GET /?",
            &b"%41?".repeat(MANY / 4)[..],
            b" HTTP/1.1\r\nHost: a\r\n\r\n",
        ]
        .concat(),
    );
}

#[test]
fn a_long_name() {
    drip_head(
        [
            b"GET / HTTP/1.1\r\nHost: a\r\n",
            &b"n".repeat(MANY)[..],
            b": v\r\n\r\n",
        ]
        .concat(),
    );
}

#[test]
fn a_long_value() {
    drip_head(
        [
            b"GET / HTTP/1.1\r\nHost: a\r\nX: ",
            &b"v".repeat(MANY)[..],
            b"\r\n\r\n",
        ]
        .concat(),
    );
}

#[test]
fn a_long_value_with_tabs() {
    drip_head(
        [
            b"GET / HTTP/1.1\r\nHost: a\r\nX: ",
            &b"v\t".repeat(MANY / 2)[..],
            b"v\r\n\r\n",
        ]
        .concat(),
    );
}

#[test]
fn much_whitespace() {
    let blanks = b" \t".repeat(MANY / 2);
    drip_head(
        [
            b"GET / HTTP/1.1\r\nHost: a\r\nX:",
            &blanks[..],
            b"v",
            &blanks,
            b"\r\n\r\n",
        ]
        .concat(),
    );
}

#[test]
fn many_fields() {
    drip_head(
        [
            b"GET / HTTP/1.1\r\nHost: a\r\n",
            &b"X: y\r\n".repeat(MANY / 6)[..],
            b"\r\n",
        ]
        .concat(),
    );
}

#[test]
fn many_connection_options() {
    let options = b"close,".repeat(MANY / 6);
    drip_head(
        [
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: ",
            &options[..],
            b"\r\n\r\n",
        ]
        .concat(),
    );
}

/// A start line and a field section as long as the default limits allow.
#[test]
fn the_longest_head_there_is() {
    let line = [b"GET /", &b"a".repeat(16 * 1024 - 16)[..], b" HTTP/1.1\r\n"].concat();
    let value = b"v".repeat(64 * 1024 - 16);
    let bytes = [&line[..], b"Host: a\r\nX: ", &value, b"\r\n\r\n"].concat();
    in_time(move || {
        let mut decoder = RequestDecoder::new(Limits::default());
        let ends = (0..=bytes.len()).filter(|&end| {
            decoder
                .decode(&bytes[..end])
                .expect("a good head")
                .is_some()
        });
        assert_eq!(ends.collect::<Vec<_>>(), [bytes.len()]);
    });
}

#[test]
fn many_chunks() {
    drip_body([&b"1;a=b\r\nz\r\n".repeat(MANY / 10)[..], b"0\r\n\r\n"].concat());
}

#[test]
fn a_long_chunk_extension() {
    drip_body([b"0;a=\"", &b"\\\"".repeat(MANY / 2)[..], b"\"\r\n\r\n"].concat());
}

#[test]
fn many_trailers() {
    drip_body([b"0\r\n", &b"X: y\r\n".repeat(MANY / 6)[..], b"\r\n"].concat());
}

#[test]
fn a_long_trailer() {
    drip_body([b"0\r\nX: ", &b"v".repeat(MANY)[..], b"\r\n\r\n"].concat());
}

#[test]
fn fault_c01_many_folds() {
    for fold in [&b"\r\n "[..], b"\r\n a", b" \r\n\t\t\r\n\ta  "] {
        let folds = fold.repeat(MANY / fold.len());
        drip_response([b"HTTP/1.1 200 OK\r\nX: a", &folds[..], b"\r\nY: b\r\n\r\n"].concat());
    }
}
