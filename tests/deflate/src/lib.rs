//! barewire's compression beside that of others. See README.md.
#![cfg(test)]
#![forbid(unsafe_code)]

mod inputs;
mod python;

use barewire::deflate::{Deflate, Flush, Inflate, Level};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use inputs::{Random, input};
use miniz_oxide::deflate::core::CompressorOxide;
use miniz_oxide::deflate::core::create_comp_flags_from_zip_params as miniz_flags;
use miniz_oxide::inflate::decompress_to_vec;
use miniz_oxide::{MZFlush, MZStatus};
use python::Python;

/// A number that the environment may name.
fn number(name: &str, default: u64) -> u64 {
    let named = std::env::var(name).ok().filter(|number| !number.is_empty());
    named.map_or(default, |number| number.parse().expect(name))
}

/// Calls `case` with the numbers of each seed, and prints the seed where it panics.
fn each_case(mut case: impl FnMut(&mut Random)) {
    struct Line(u64);
    impl Drop for Line {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("again: make deflate SEED={} CASES=1", self.0);
            }
        }
    }
    let first = number("SEED", 0);
    for seed in first..first + number("CASES", 10_000) {
        let _line = Line(seed);
        case(&mut Random::new(seed));
    }
}

/// Compresses in pieces, with flushes between them, into as little room as it happens.
fn compressed(deflate: &mut Deflate, content: &[u8], random: &mut Random) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), content);
    let (cuts, rooms) = (random.below(18), 1 + random.below(17));
    while !deflate.is_done() {
        let end = rest.len().min(random.size(cuts));
        let (mut piece, flush) = match random.below(8) {
            0 => (&rest[..end], Flush::Sync),
            1 => (rest, Flush::Finish),
            _ => (&rest[..end], Flush::None),
        };
        rest = &rest[piece.len()..];
        loop {
            let (before, most) = (out.len(), random.size(rooms));
            let progress = deflate.deflate(piece, flush, &mut out, most);
            assert!(out.len() - before <= most, "more than is allowed");
            piece = &piece[progress.consumed..];
            if !progress.more {
                break;
            }
        }
        assert!(piece.is_empty(), "the input is not used up");
        if flush == Flush::Sync && !out.is_empty() {
            assert!(
                out.ends_with(&[0, 0, 0xff, 0xff]),
                "no empty block at the end"
            );
        }
    }
    out
}

/// Decompresses in pieces, into as little room as it happens.
fn inflated(window_bits: u8, stream: &[u8], random: &mut Random) -> Vec<u8> {
    let (mut inflate, mut out, mut rest) = (Inflate::new(window_bits), Vec::new(), stream);
    let (cuts, rooms) = (1 + random.below(18), 1 + random.below(17));
    while !inflate.is_done() {
        let piece = &rest[..rest.len().min(random.size(cuts))];
        let (before, most) = (out.len(), random.size(rooms));
        let progress = inflate.inflate(piece, &mut out, most).expect("a stream");
        assert!(out.len() - before <= most, "more than is allowed");
        assert!(
            progress.more || !rest.is_empty() || inflate.is_done(),
            "it does not end"
        );
        rest = &rest[progress.consumed..];
    }
    assert!(rest.is_empty(), "it ends too early");
    out
}

/// What zlib-rs makes of the content.
fn zlib_rs(content: &[u8], window_bits: u8, random: &mut Random) -> Vec<u8> {
    let level = Compression::new(random.below(10) as u32);
    let mut compress = Compress::new_with_window_bits(level, false, window_bits.max(9));
    let mut out = vec![0; 2 * content.len() + 10_000];
    loop {
        let (used, made) = (compress.total_in() as usize, compress.total_out() as usize);
        let rest = &content[used..];
        let piece = &rest[..rest.len().min(random.size(17))];
        let flush = match random.below(6) {
            0 => FlushCompress::Sync,
            1 => FlushCompress::Full,
            _ if piece.len() == rest.len() => FlushCompress::Finish,
            _ => FlushCompress::None,
        };
        let status = compress.compress(piece, &mut out[made..], flush);
        if status.expect("there is room") == Status::StreamEnd {
            out.truncate(compress.total_out() as usize);
            return out;
        }
    }
}

/// What miniz_oxide makes of the content.
fn miniz(content: &[u8], random: &mut Random) -> Vec<u8> {
    let strategy = [0, 0, 1, 2, 3, 4][random.below(6)];
    let flags = miniz_flags(random.below(11) as i32, -15, strategy);
    let (mut compress, mut out) = (
        CompressorOxide::new(flags),
        vec![0; 2 * content.len() + 10_000],
    );
    let (mut rest, mut made) = (content, 0);
    loop {
        let piece = &rest[..rest.len().min(random.size(17))];
        let flush = match random.below(6) {
            0 => MZFlush::Sync,
            1 => MZFlush::Full,
            _ if piece.len() == rest.len() => MZFlush::Finish,
            _ => MZFlush::None,
        };
        let step =
            miniz_oxide::deflate::stream::deflate(&mut compress, piece, &mut out[made..], flush);
        (rest, made) = (&rest[step.bytes_consumed..], made + step.bytes_written);
        if step.status == Ok(MZStatus::StreamEnd) {
            out.truncate(made);
            return out;
        }
    }
}

#[test]
fn what_is_made_here_is_understood_by_zlib_and_what_zlib_makes_is_understood_here() {
    let mut python = Python::start();
    let mut used: Vec<Option<Deflate>> = vec![None; 16];
    each_case(|random| {
        let (window_bits, level) = (8 + random.below(8) as u8, random.below(2));
        let content = input(random, window_bits);
        let level = [Level::Fast, Level::Normal][level];
        let place = usize::from(window_bits - 8) * 2 + level as usize;
        let mut deflate = used[place]
            .take()
            .unwrap_or_else(|| Deflate::new(window_bits, level));
        let stream = compressed(&mut deflate, &content, random);
        deflate.reset();
        used[place] = Some(deflate);

        assert!(
            inflated(window_bits, &stream, random) == content,
            "Inflate: another content"
        );
        let (bits, theirs) = python.judge(window_bits, random.number(), &stream, &content);
        assert!(
            inflated(bits, &theirs, random) == content,
            "zlib's stream: another content"
        );
    });
}

#[test]
fn what_is_made_here_is_understood_by_others_and_what_others_make_is_understood_here() {
    each_case(|random| {
        let (window_bits, level) = (8 + random.below(8) as u8, random.below(2));
        let content = input(random, window_bits);
        let mut deflate = Deflate::new(window_bits, [Level::Fast, Level::Normal][level]);
        let stream = compressed(&mut deflate, &content, random);

        let theirs = decompress_to_vec(&stream).expect("miniz_oxide decompresses it");
        assert!(theirs == content, "miniz_oxide: another content");
        let mut theirs = Vec::with_capacity(content.len() + 1);
        let mut decompress = Decompress::new_with_window_bits(false, window_bits.max(9));
        let status = decompress.decompress_vec(&stream, &mut theirs, FlushDecompress::Finish);
        assert_eq!(status.expect("zlib-rs decompresses it"), Status::StreamEnd);
        assert!(theirs == content, "zlib-rs: another content");

        let bits = window_bits.max(9);
        let theirs = zlib_rs(&content, bits, random);
        assert!(
            inflated(bits, &theirs, random) == content,
            "zlib-rs's stream"
        );
        let theirs = miniz(&content, random);
        assert!(
            inflated(15, &theirs, random) == content,
            "miniz_oxide's stream"
        );
    });
}
