//! The cases of blocks: the same comes out however the stream is cut, and however little is taken at a time.

use super::format::{self, Case, Expected};
use barewire::deflate::{Error, Inflate, Rule};

/// Inputs up to this length are cut in two at every place, longer ones near their ends.
const CUT_EVERYWHERE: usize = 1024;

/// What came out of some bytes.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    out: Vec<u8>,
    consumed: usize,
    done: bool,
    error: Option<(Rule, u64)>,
}

#[test]
fn stored_blocks() {
    run("stored.txt");
}

#[test]
fn blocks_with_fixed_codes() {
    run("fixed.txt");
}

#[test]
fn blocks_with_codes_of_their_own() {
    run("dynamic.txt");
}

fn run(file: &str) {
    let cases = format::cases(file);
    println!("{file}: {} cases", cases.len());
    for case in &cases {
        check(case);
    }
}

fn check(case: &Case) {
    case.only(&["window", "bits", "bytes", "out", "done", "error"]);
    let place = &case.place;
    let expected = format::expected(case);
    let window = case
        .find("window")
        .map_or(15, |bits| bits.parse().expect("a number"));
    let mut inflate = Inflate::new(window);
    let mut outcome = |pieces: &[&[u8]], most| {
        inflate.reset();
        outcome(&mut inflate, pieces, most)
    };
    let Expected {
        input,
        out,
        done,
        error,
    } = expected;
    let length = input.len();
    let consumed = if error.is_some() { 0 } else { length };
    let whole = Outcome {
        out,
        consumed,
        done,
        error,
    };
    assert_eq!(outcome(&[&input], usize::MAX), whole, "{place}");

    let bytes: Vec<&[u8]> = input.chunks(1).collect();
    for most in [1, 2, 257, 300, usize::MAX] {
        assert_eq!(outcome(&[&input], most), whole, "{place}: {most} at a time");
        assert_eq!(
            outcome(&bytes, most),
            whole,
            "{place}: byte by byte, {most} at a time"
        );
    }
    let cuts = (1..length).filter(|&at| length < CUT_EVERYWHERE || at < 32 || at + 32 > length);
    for at in cuts {
        let cut = outcome(&[&input[..at], &input[at..]], usize::MAX);
        assert_eq!(cut, whole, "{place}: cut at {at}");
    }
    if whole.done || whole.error.is_some() {
        for behind in [&b"behind"[..], &[0xff; 64]] {
            let more = outcome(&[&[&input[..], behind].concat()], usize::MAX);
            assert_eq!(more, whole, "{place}: with bytes behind");
        }
    }
}

/// What comes out of the pieces, at most `most` bytes at a call.
fn outcome(inflate: &mut Inflate, pieces: &[&[u8]], most: usize) -> Outcome {
    let (mut out, mut consumed) = (Vec::new(), 0);
    for piece in pieces {
        let mut rest = *piece;
        loop {
            let before = out.len();
            let result = inflate.inflate(rest, &mut out, most);
            assert!(out.len() - before <= most);
            match result {
                Ok(progress) => {
                    consumed += progress.consumed;
                    rest = &rest[progress.consumed..];
                    let done = inflate.is_done();
                    assert!(progress.more || done || rest.is_empty());
                    if !progress.more {
                        break;
                    }
                }
                Err(error) => {
                    shows(&error, piece);
                    stays(inflate, error);
                    let (done, error) = (false, Some((error.rule(), error.at())));
                    return Outcome {
                        out,
                        consumed: 0,
                        done,
                        error,
                    };
                }
            }
        }
    }
    let done = inflate.is_done();
    Outcome {
        out,
        consumed,
        done,
        error: None,
    }
}

/// The bytes that it shows are of this piece, if they are of this piece at all.
fn shows(error: &Error, piece: &[u8]) {
    let got = error.got();
    assert!(got.is_empty() || piece.windows(got.len()).any(|bytes| bytes == got));
}

/// The same error comes at every call, and nothing else does.
fn stays(inflate: &mut Inflate, error: Error) {
    let mut out = Vec::new();
    for input in [&b""[..], b"\x03\x00", &[0xff; 64]] {
        assert_eq!(inflate.inflate(input, &mut out, 100), Err(error));
    }
    assert!(out.is_empty() && !inflate.is_done());
}
