//! What is compressed, as a stream and as a gzip file.
//!
//! - It comes out again, from our decoder and from miniz_oxide's; within the window that was agreed.
//! - The same stream is made however the content is cut, and however little is taken at a time.
//! - After a [`Flush::Sync`] all of the content so far can be read.
//! - A stream behind a `reset` is that of a new compressor.

use crate::input::Input;
use barewire::deflate::{Deflate, Flush, Gunzip, Gzip, Inflate, Level};

/// A flush makes a block, whose codes cost as much as a thousand bytes.
const MOST_FLUSHES: usize = 64;

pub(crate) fn run(input: &Input<'_>) {
    let window = 8 + input.choice(0, 8) as u8;
    let level = [Level::Fast, Level::Normal][input.choice(3, 2)];
    let most = [1, 7, 300, usize::MAX][input.choice(2, 4)];
    let mut deflate = Deflate::new(window, level);
    let whole = compressed(&mut deflate, &[input.bytes], Flush::None, usize::MAX);
    read(window, &whole, input.bytes);
    let theirs = miniz_oxide::inflate::decompress_to_vec(&whole);
    assert_eq!(theirs.as_deref().ok(), Some(input.bytes));
    for pieces in input.ways() {
        deflate.reset();
        assert_eq!(compressed(&mut deflate, &pieces, Flush::None, most), whole);
        if pieces.len() > MOST_FLUSHES {
            continue;
        }
        deflate.reset();
        let flushed = compressed(&mut deflate, &pieces, Flush::Sync, most);
        read(window, &flushed, input.bytes);
    }
    let mut file = Vec::new();
    let mut gzip = Gzip::new(level);
    let mut rest = input.bytes;
    while !gzip.is_done() {
        rest = &rest[gzip.gzip(rest, Flush::Finish, &mut file, most).consumed..];
    }
    let (mut gunzip, mut out) = (Gunzip::new(), Vec::new());
    gunzip
        .gunzip(&file, &mut out, input.bytes.len() + 1)
        .expect("a good file");
    assert_eq!((gunzip.end(), &out[..]), (Ok(()), input.bytes));
}

fn read(window: u8, stream: &[u8], content: &[u8]) {
    let (mut inflate, mut out) = (Inflate::new(window), Vec::new());
    let progress = inflate.inflate(stream, &mut out, content.len() + 1);
    assert_eq!(progress.expect("a good stream").consumed, stream.len());
    assert!(inflate.is_done());
    assert_eq!(out, content);
}

/// The stream of the pieces, with a flush behind each.
fn compressed(deflate: &mut Deflate, pieces: &[&[u8]], flush: Flush, most: usize) -> Vec<u8> {
    let (mut out, mut reader, mut content, mut seen) =
        (Vec::new(), Inflate::new(15), Vec::new(), 0);
    let last: &[u8] = b"";
    let flushes = pieces.iter().map(|piece| (*piece, flush));
    let mut length = 0;
    for (piece, flush) in flushes.chain([(last, Flush::Finish)]) {
        let mut rest = piece;
        length += piece.len();
        loop {
            let before = out.len();
            let progress = deflate.deflate(rest, flush, &mut out, most);
            assert!(out.len() - before <= most);
            rest = &rest[progress.consumed..];
            if !progress.more {
                break;
            }
        }
        assert!(rest.is_empty());
        if flush == Flush::Sync {
            reader
                .inflate(&out[seen..], &mut content, usize::MAX)
                .expect("a good stream");
            seen = out.len();
            assert_eq!(content.len(), length, "all of it can be read");
        }
    }
    assert!(deflate.is_done());
    out
}
