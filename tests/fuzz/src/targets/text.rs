//! The text decoders.
//!
//! - The text, and the error, are the same however the bytes are cut.
//! - A replacing decoder never fails. A strict decoder returns the same text up to the error, and fails
//!   where the other puts U+FFFD.
//! - UTF-8 and UTF-16 are decoded as the standard library does.
//! - What is decoded is encoded to the same bytes again.

use crate::input::Input;
use barewire::text::{Decoder, Encoding, Error};

pub(crate) fn run(input: &Input<'_>) {
    let bytes = input.bytes;
    for &encoding in Encoding::ALL {
        let (replaced, none) = decoded(Decoder::new(encoding), [bytes]);
        let (strict, error) = decoded(Decoder::strict(encoding), [bytes]);
        assert_eq!(none, None, "{encoding}: a replacing decoder does not fail");
        for pieces in input.ways() {
            let cut = decoded(Decoder::new(encoding), pieces.iter().copied());
            assert_eq!(cut, (replaced.clone(), None), "{encoding}: {pieces:02x?}");
            let cut = decoded(Decoder::strict(encoding), pieces.iter().copied());
            assert_eq!(cut, (strict.clone(), error), "{encoding}: {pieces:02x?}");
        }
        match error {
            None => same_bytes(encoding, bytes, &strict, &replaced),
            Some(error) => {
                let rest = replaced.strip_prefix(&strict);
                let rest = rest.unwrap_or_else(|| panic!("{encoding}: {strict:?}, {replaced:?}"));
                assert!(rest.starts_with('\u{fffd}'), "{encoding}: {rest:?}");
                assert!(bytes[error.at() as usize..].starts_with(error.got()));
            }
        }
    }
    as_std_does(bytes);
    encoded(&String::from_utf8_lossy(bytes));
}

fn decoded<'p>(
    mut decoder: Decoder,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> (String, Option<Error>) {
    let mut text = String::new();
    for piece in pieces {
        let before = text.len();
        if let Err(error) = decoder.decode(piece, &mut text) {
            let again = decoder.decode(b"more", &mut text);
            assert_eq!(again, Err(error), "an error is final");
            return (text, Some(error));
        }
        assert!(text.len() >= before && decoder.pending() <= 3);
    }
    let error = decoder.finish(&mut text).err();
    (text, error)
}

fn same_bytes(encoding: Encoding, bytes: &[u8], strict: &str, replaced: &str) {
    assert_eq!(strict, replaced, "{encoding}");
    let mut again = Vec::new();
    let encoded = encoding.encode(strict, &mut again);
    assert_eq!((encoded, &again[..]), (Ok(()), bytes), "{encoding}");
}

fn as_std_does(bytes: &[u8]) {
    let (utf8, _) = decoded(Decoder::new(Encoding::Utf8), [bytes]);
    assert_eq!(utf8, String::from_utf8_lossy(bytes));
    let error = decoded(Decoder::strict(Encoding::Utf8), [bytes]).1;
    let std_error = str::from_utf8(bytes).err();
    let at = std_error.map(|error| error.valid_up_to() as u64);
    assert_eq!(error.map(|error| error.at()), at);

    // std has no word for an odd byte at the end.
    let even = &bytes[..bytes.len() & !1];
    let units = even.as_chunks().0.iter();
    let units: Vec<u16> = units.map(|unit| u16::from_le_bytes(*unit)).collect();
    let (utf16, _) = decoded(Decoder::new(Encoding::Utf16Le), [even]);
    assert_eq!(utf16, String::from_utf16_lossy(&units));
}

/// A text that is encoded is decoded to the same text, but for the case of hex digits.
fn encoded(text: &str) {
    for &encoding in Encoding::ALL {
        let mut bytes = b"before".to_vec();
        match encoding.encode(text, &mut bytes) {
            Err(error) => {
                assert_eq!(bytes, b"before", "{encoding}: refused, yet appended");
                let at = error.at() as usize;
                let rest = text.as_bytes().get(at..).unwrap_or_default();
                assert!(rest.starts_with(error.got()), "{encoding}: {error}");
            }
            Ok(()) => {
                let (again, error) = decoded(Decoder::strict(encoding), [&bytes[6..]]);
                let again = again + error.map_or("", |_| "an error");
                let same = match encoding {
                    Encoding::Hex => again == text.to_ascii_lowercase(),
                    _ => again == text,
                };
                assert!(same, "{encoding}: {text:?} came back as {again:?}");
            }
        }
    }
}
