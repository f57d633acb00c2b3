//! Row B01: however a stream is cut, its text is the same, and so is its error.
//!
//! [`cuttings`] makes the ways of cutting; [`oracle`] is a second implementation that shares nothing with
//! `src/text/`.

mod cuttings;
mod oracle;

use barewire::text::{Decoder, Encoding, Error, Rule};
use cuttings::{Random, same_however_cut};

const POEM: &str = "床前明月光，疑是地上霜。举头望明月，低头思故乡。";

/// The text of one whole stream, and the error that ended it.
fn decoded(mut decoder: Decoder, chunks: &[&[u8]]) -> (String, Result<(), Error>) {
    let mut text = String::new();
    for chunk in chunks {
        if let Err(error) = decoder.decode(chunk, &mut text) {
            assert_eq!(decoder.finish(&mut text), Err(error), "an error is final");
            return (text, Err(error));
        }
        assert!(decoder.pending() <= 3);
    }
    let end = decoder.finish(&mut text);
    assert_eq!(decoder.pending(), 0);
    (text, end)
}

fn lossy(encoding: Encoding, bytes: &[u8]) -> String {
    let (text, end) = decoded(Decoder::new(encoding), &[bytes]);
    assert_eq!(end, Ok(()));
    text
}

#[test]
fn row_b01_chinese_text_in_chunks_of_eleven_comes_out_whole() {
    for encoding in [Encoding::Utf8, Encoding::Utf16Le] {
        let mut bytes = Vec::new();
        encoding.encode(POEM, &mut bytes).unwrap();
        for size in 1..=bytes.len() {
            let chunks: Vec<_> = bytes.chunks(size).collect();
            let (text, end) = decoded(Decoder::strict(encoding), &chunks);
            assert_eq!((text.as_str(), end), (POEM, Ok(())), "{size}");
        }
    }
}

#[test]
fn row_b01_text_is_the_same_however_it_is_cut() {
    text_is_the_same_however_it_is_cut(7); // so that every place in a quartet of Base64 is a beginning
}

#[test]
#[ignore = "takes 2 s unoptimized; .ci/run runs it"]
fn row_b01_text_of_every_length_is_the_same_however_it_is_cut() {
    text_is_the_same_however_it_is_cut(1);
}

/// Of the bytes in the simple encodings, every `step`-th is where a text begins.
fn text_is_the_same_however_it_is_cut(step: usize) {
    let text = "\u{FEFF}a\u{7F}é\u{7FF}\u{800}月\u{D7FF}\u{E000}\u{FFFD}\u{FFFF}😀\u{10FFFF}\0";
    for encoding in [Encoding::Utf8, Encoding::Utf16Le] {
        let mut bytes = Vec::new();
        encoding.encode(text, &mut bytes).unwrap();
        assert_eq!(lossy(encoding, &bytes), text);
        same_however_cut(encoding, &bytes);
    }
    for encoding in [Encoding::Latin1, Encoding::Base64, Encoding::Hex] {
        let bytes: Vec<u8> = (0..=255).rev().collect();
        let written = lossy(encoding, &bytes);
        for start in (0..bytes.len()).step_by(step) {
            same_however_cut(encoding, &bytes[start..]);
        }
        let mut back = Vec::new();
        encoding.encode(&written, &mut back).unwrap();
        assert_eq!(back, bytes);
    }
    same_however_cut(Encoding::Ascii, b"to be\0 \x7f\x80 or \xff\xc1 not");
}

/// The bytes at which a rule of UTF-8 begins or ends.
const EDGES: &[u8] = b"\x00\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xc1\xc2\xdf\xe0\xe1\xec\xed\xee\xef\
    \xf0\xf1\xf3\xf4\xf5\xff";

/// Every string of three of these bytes, and of four if the first begins a character of four.
#[test]
fn row_b01_bad_utf8_is_the_same_however_it_is_cut() {
    bad_utf8_is_the_same_however_it_is_cut::<3>(EDGES);
    bad_utf8_is_the_same_however_it_is_cut::<4>(b"\xf0\xf4");
}

#[test]
#[ignore = "takes 2 s unoptimized; .ci/run runs it"]
fn row_b01_bad_utf8_of_four_bytes_is_the_same_however_it_is_cut() {
    bad_utf8_is_the_same_however_it_is_cut::<4>(EDGES);
}

fn bad_utf8_is_the_same_however_it_is_cut<const LENGTH: usize>(firsts: &[u8]) {
    let mut bytes = [0; LENGTH];
    for number in 0..firsts.len() * EDGES.len().pow(LENGTH as u32 - 1) {
        bytes[0] = firsts[number % firsts.len()];
        let mut rest = number / firsts.len();
        for byte in &mut bytes[1..] {
            *byte = EDGES[rest % EDGES.len()];
            rest /= EDGES.len();
        }
        let first_bad = str::from_utf8(&bytes)
            .err()
            .map(|bad| bad.valid_up_to() as u64);
        let whole = decoded(Decoder::strict(Encoding::Utf8), &[&bytes]);
        assert_eq!(whole.1.err().map(|error| error.at()), first_bad);
        for size in 1..=LENGTH {
            let chunks: Vec<_> = bytes.chunks(size).collect();
            let (text, _) = decoded(Decoder::new(Encoding::Utf8), &chunks);
            assert_eq!(text, String::from_utf8_lossy(&bytes), "{chunks:02X?}");
            let strict = decoded(Decoder::strict(Encoding::Utf8), &chunks);
            assert_eq!(strict, whole, "{chunks:02X?}");
        }
    }
}

#[test]
fn row_b01_random_utf8_is_what_the_standard_library_makes_of_it() {
    let mut random = Random::new(0x51_1e17);
    for _ in 0..400 {
        let bytes = random.nearly_utf8();
        assert_eq!(
            lossy(Encoding::Utf8, &bytes),
            String::from_utf8_lossy(&bytes)
        );
        same_however_cut(Encoding::Utf8, &bytes);
    }
}

#[test]
fn row_b01_random_utf16_is_what_the_encoding_standard_makes_of_it() {
    let mut random = Random::new(0x20_0a0d);
    for _ in 0..400 {
        let bytes = random.nearly_utf16();
        assert_eq!(lossy(Encoding::Utf16Le, &bytes), oracle::utf16le(&bytes));
        same_however_cut(Encoding::Utf16Le, &bytes);
    }
}

#[test]
fn row_b01_a_character_that_never_ends_is_one_replacement_or_an_error() {
    for (encoding, bytes, text, at) in [
        (Encoding::Utf8, &b"caf\xc3"[..], "caf\u{FFFD}", 3),
        (Encoding::Utf8, b"\xe6\x9c", "\u{FFFD}", 0),
        (Encoding::Utf8, b"\xf0\x9f\x98", "\u{FFFD}", 0),
        (Encoding::Utf16Le, b"a\0b", "a\u{FFFD}", 2),
        (Encoding::Utf16Le, b"a\0\x3d\xd8", "a\u{FFFD}", 2),
        (Encoding::Utf16Le, b"a\0\x3d\xd8\x00", "a\u{FFFD}", 2),
    ] {
        assert_eq!(lossy(encoding, bytes), text);
        let (before, end) = decoded(Decoder::strict(encoding), &[bytes]);
        let error = end.unwrap_err();
        assert_eq!((error.rule(), error.at()), (Rule::CutAtEnd, at as u64));
        assert_eq!(error.got(), &bytes[at..]);
        assert_eq!(before, text.replace('\u{FFFD}', ""));
        same_however_cut(encoding, bytes);
    }
}

/// An error is returned at the first byte that makes the bytes invalid, without waiting for more.
#[test]
fn invalid_bytes_are_an_error_at_the_first_wrong_byte() {
    for (start, wrong, rule) in [
        (&b""[..], 0x80, Rule::LoneContinuation),
        (b"", 0xC0, Rule::Overlong),
        (b"\xe0", 0x80, Rule::Overlong),
        (b"\xed", 0xA0, Rule::Surrogate),
        (b"\xf4", 0x90, Rule::TooLarge),
        (b"\xf0\x9f\x98", 0x41, Rule::Interrupted),
    ] {
        let (mut decoder, mut text) = (Decoder::strict(Encoding::Utf8), String::new());
        decoder.decode(b"12345678", &mut text).unwrap();
        decoder.decode(start, &mut text).unwrap();
        assert_eq!(decoder.pending(), start.len());
        let error = decoder.decode(&[wrong], &mut text).unwrap_err();
        assert_eq!((error.rule(), error.at()), (rule, 8));
        assert_eq!(error.got(), [start, &[wrong]].concat());
        assert_eq!(
            (decoder.decode(b"9", &mut text), text.as_str()),
            (Err(error), "12345678")
        );
    }
}

#[test]
fn a_decoder_that_has_finished_is_ready_for_another_stream() {
    let (mut decoder, mut text) = (Decoder::strict(Encoding::Utf8), String::new());
    for _ in 0..2 {
        decoder.decode(b"ab\xe6", &mut text).unwrap();
        assert_eq!(decoder.finish(&mut text).unwrap_err().at(), 2);
        decoder.decode(b"c\xff", &mut text).unwrap_err();
        assert_eq!(decoder.finish(&mut text).unwrap_err().at(), 1);
        assert_eq!(decoder.finish(&mut text), Ok(()));
    }
    assert_eq!(text, "abcabc");
}
