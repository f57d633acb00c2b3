//! Compressed streams, as RFC 1951 has them.
//!
//! - The same comes out however the stream is cut, and however little is taken at a time; never more than was asked for.
//! - After an error the same error comes, and nothing else.
//! - miniz_oxide accepts the same streams and makes the same content. Ours is the stricter one once: a block without a
//!   code for its end is refused ([`Rule::EndOfBlockMissing`]), as by zlib, while miniz_oxide decodes on. And where the first
//!   code length repeats the one before, miniz_oxide does not wait for the extra bits.

use crate::input::Input;
use barewire::deflate::{Error, Inflate, Progress, Rule};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

/// What more comes out is not looked at.
const MOST: usize = 64 * 1024;

/// What came out, how much was consumed, and how it ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) out: Vec<u8>,
    pub(super) consumed: usize,
    pub(super) end: End,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The stream is done, and there may be more behind it.
    Done,
    /// More input could come.
    Open,
    /// There may be more than [`MOST`] bytes.
    Long,
    /// The rule, and the byte.
    Broken(Rule, u64),
}

pub(crate) fn run(input: &Input<'_>) {
    let window = 8 + input.choice(0, 8) as u8;
    let most = [1, 7, 300, MOST][input.choice(2, 4)];
    let mut inflate = Inflate::new(window);
    let mut outcome = |pieces: &[&[u8]], most| {
        inflate.reset();
        decoded(pieces, most, |input, out, most| {
            let progress = inflate.inflate(input, out, most)?;
            Ok((progress, inflate.is_done()))
        })
    };
    let whole = outcome(&[input.bytes], MOST);
    for pieces in input.ways() {
        assert_eq!(outcome(&pieces, most), whole);
    }
    if window == 15 {
        as_miniz_oxide(input.bytes, &whole);
    }
}

/// What `step` makes of the pieces, at most `most` bytes at a time. It returns also whether the stream is done.
pub(super) fn decoded(
    pieces: &[&[u8]],
    most: usize,
    mut step: impl FnMut(&[u8], &mut Vec<u8>, usize) -> Result<(Progress, bool), Error>,
) -> Outcome {
    let (mut out, mut consumed, mut end) = (Vec::new(), 0, End::Open);
    'all: for piece in pieces {
        let mut rest = *piece;
        loop {
            let room = most.min(MOST - out.len());
            let before = out.len();
            match step(rest, &mut out, room) {
                Ok((progress, is_done)) => {
                    rest = &rest[progress.consumed..];
                    consumed += progress.consumed;
                    assert!(out.len() - before <= room, "more than was asked for");
                    assert!(progress.more || is_done || rest.is_empty());
                    end = if is_done { End::Done } else { End::Open };
                    if out.len() == MOST && progress.more {
                        (end, consumed) = (End::Long, 0);
                        break 'all;
                    }
                    if !progress.more {
                        break;
                    }
                }
                Err(error) => {
                    let again = step(b"\x03\x00\x1f\x8b", &mut Vec::new(), 100);
                    assert_eq!(again, Err(error), "an error is final");
                    end = End::Broken(error.rule(), error.at());
                    consumed = 0;
                    break 'all;
                }
            }
        }
    }
    Outcome { out, consumed, end }
}

fn as_miniz_oxide(stream: &[u8], ours: &Outcome) {
    let mut theirs = vec![0; MOST];
    let whole = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let (status, consumed, length) =
        decompress(&mut DecompressorOxide::new(), stream, &mut theirs, 0, whole);
    let both = length.min(ours.out.len());
    assert_eq!(ours.out[..both], theirs[..both]);
    match (&ours.end, status) {
        (End::Done, TINFLStatus::Done) => {
            assert_eq!((both, consumed), (ours.out.len(), ours.consumed))
        }
        (End::Open, TINFLStatus::FailedCannotMakeProgress) => assert_eq!(both, ours.out.len()),
        (End::Long, TINFLStatus::HasMoreOutput) => assert_eq!(both, MOST),
        (End::Broken(Rule::EndOfBlockMissing, _), _) => {}
        (End::Broken(..), TINFLStatus::Failed) => {}
        (End::Open, TINFLStatus::Failed) => {
            let mut inflate = Inflate::new(15);
            let error = inflate.inflate(&[stream, &[0; 4]].concat(), &mut Vec::new(), MOST);
            assert_eq!(
                error.map_err(|error| error.rule()),
                Err(Rule::RepeatOfNothing)
            );
        }
        (ours, theirs) => panic!("we say {ours:?}, miniz_oxide {theirs:?}"),
    }
}
