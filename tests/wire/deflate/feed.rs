//! A case is decompressed in every way: the same comes out however it is cut, and however little is taken at a time.

use super::format::Expected;
use barewire::deflate::{Error, Gunzip, Inflate, Progress, Rule};

/// Inputs up to this length are cut in two at every place, longer ones near their ends.
const CUT_EVERYWHERE: usize = 1024;

/// What decompresses.
pub(super) trait Decoder {
    fn restart(&mut self);
    fn decode(&mut self, input: &[u8], out: &mut Vec<u8>, most: usize) -> Result<Progress, Error>;
    fn is_done(&self) -> bool;
    /// No more input comes: whether it was all.
    fn end(&self) -> Result<bool, Error>;
}

impl Decoder for Inflate {
    fn restart(&mut self) {
        self.reset();
    }

    fn decode(&mut self, input: &[u8], out: &mut Vec<u8>, most: usize) -> Result<Progress, Error> {
        self.inflate(input, out, most)
    }

    fn is_done(&self) -> bool {
        Inflate::is_done(self)
    }

    fn end(&self) -> Result<bool, Error> {
        Ok(Inflate::is_done(self))
    }
}

impl Decoder for Gunzip {
    fn restart(&mut self) {
        *self = Gunzip::new();
    }

    fn decode(&mut self, input: &[u8], out: &mut Vec<u8>, most: usize) -> Result<Progress, Error> {
        self.gunzip(input, out, most)
    }

    fn is_done(&self) -> bool {
        false
    }

    fn end(&self) -> Result<bool, Error> {
        Gunzip::end(self).map(|()| true)
    }
}

/// What came out of some bytes.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    out: Vec<u8>,
    consumed: usize,
    done: bool,
    error: Option<(Rule, u64)>,
}

/// The input makes what is expected: whole, byte by byte, cut in two, and some bytes at a time.
pub(super) fn check(decoder: &mut impl Decoder, expected: &Expected, place: &str) {
    let input = &expected.input[..];
    let length = input.len();
    let of_end = matches!(expected.error, Some((Rule::Unfinished, _)));
    let whole = Outcome {
        out: expected.out.clone(),
        consumed: if expected.error.is_none() || of_end {
            length
        } else {
            0
        },
        done: expected.done,
        error: expected.error,
    };
    assert_eq!(outcome(decoder, &[input], usize::MAX), whole, "{place}");
    let bytes: Vec<&[u8]> = input.chunks(1).collect();
    for most in [1, 2, 257, 300, usize::MAX] {
        let some = outcome(decoder, &[input], most);
        assert_eq!(some, whole, "{place}: {most} at a time");
        let some = outcome(decoder, &bytes, most);
        assert_eq!(some, whole, "{place}: byte by byte, {most} at a time");
    }
    let cuts = (1..length).filter(|&at| length < CUT_EVERYWHERE || at < 32 || at + 32 > length);
    for at in cuts {
        let cut = outcome(decoder, &[&input[..at], &input[at..]], usize::MAX);
        assert_eq!(cut, whole, "{place}: cut at {at}");
    }
    outcome(decoder, &[input], usize::MAX);
    if decoder.is_done() || whole.error.is_some() && !of_end {
        for behind in [&b"behind"[..], &[0xff; 64]] {
            let more = outcome(decoder, &[&[input, behind].concat()], usize::MAX);
            assert_eq!(more, whole, "{place}: with bytes behind");
        }
    }
}

/// What comes out of the pieces, at most `most` bytes at a call.
fn outcome(decoder: &mut impl Decoder, pieces: &[&[u8]], most: usize) -> Outcome {
    decoder.restart();
    let (mut out, mut consumed) = (Vec::new(), 0);
    for piece in pieces {
        let mut rest = *piece;
        loop {
            let before = out.len();
            let result = decoder.decode(rest, &mut out, most);
            assert!(out.len() - before <= most);
            match result {
                Ok(progress) => {
                    consumed += progress.consumed;
                    rest = &rest[progress.consumed..];
                    assert!(progress.more || decoder.is_done() || rest.is_empty());
                    if !progress.more {
                        break;
                    }
                }
                Err(error) => {
                    shows(&error, piece);
                    stays(decoder, error);
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
    let end = decoder.end();
    Outcome {
        out,
        consumed,
        done: end == Ok(true),
        error: end.err().map(|error| (error.rule(), error.at())),
    }
}

/// The bytes that it shows are of this piece, if they are of this piece at all.
fn shows(error: &Error, piece: &[u8]) {
    let got = error.got();
    assert!(got.is_empty() || piece.windows(got.len()).any(|bytes| bytes == got));
}

/// The same error comes at every call, and nothing else does.
fn stays(decoder: &mut impl Decoder, error: Error) {
    let mut out = Vec::new();
    for input in [&b""[..], b"\x03\x00", &[0xff; 64]] {
        assert_eq!(decoder.decode(input, &mut out, 100), Err(error));
    }
    assert!(out.is_empty() && !decoder.is_done());
}
