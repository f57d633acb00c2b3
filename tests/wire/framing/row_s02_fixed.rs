//! Row S02: cells of 128 bytes, zero padded.

use super::ALPHABET;
use super::feed::receive;
use barewire::framing::{Encode, Error, Fixed, Framer, Misuse, Padding};

const KEEP: Fixed<128> = Fixed::new(Padding::Keep);
const STRIP: Fixed<128> = Fixed::new(Padding::Strip);

fn cell(message: &[u8]) -> Vec<u8> {
    let mut cell = message.to_vec();
    cell.resize(128, 0);
    cell
}

#[test]
fn row_s02_eighteen_messages_are_eighteen_cells() {
    let (mut encoder, mut wire) = (STRIP.encoder(), Vec::new());
    for _ in 0..18 {
        encoder.encode(ALPHABET, &mut wire).unwrap();
    }
    assert_eq!(wire, cell(ALPHABET).repeat(18));
    let received = receive(&STRIP, wire.chunks(100));
    assert_eq!(received.messages, vec![ALPHABET.to_vec(); 18]);
    assert_eq!(received.end, Ok(()));
}

#[test]
fn row_s02_a_longer_message_is_an_error() {
    for mut encoder in [KEEP, STRIP] {
        let mut wire = b"before".to_vec();
        let refused = encoder.encode(&[b'x'; 129], &mut wire);
        let (length, most) = (129, 128);
        assert_eq!(refused, Err(Misuse::TooLong { length, most }));
        assert_eq!(wire, b"before");
        assert_eq!(encoder.encode(&[b'x'; 128], &mut wire), Ok(()));
    }
}

/// All 256 byte values, in two cells: with the padding kept, they survive in any order.
#[test]
fn row_s02_binary_survives() {
    let bytes: Vec<u8> = (0..=255).rev().collect();
    let mut wire = Vec::new();
    for half in bytes.chunks(128) {
        KEEP.encoder().encode(half, &mut wire).unwrap();
    }
    assert_eq!(wire, bytes);
    assert_eq!(receive(&KEEP, wire.chunks(3)).messages.concat(), bytes);
}

#[test]
fn row_s02_padding_is_kept_or_stripped() {
    let mut wire = Vec::new();
    KEEP.encoder().encode(b"\0a\0", &mut wire).unwrap();
    assert_eq!(receive(&KEEP, [&wire[..]]).messages, [cell(b"\0a\0")]);
    assert_eq!(receive(&STRIP, [&wire[..]]).messages, [b"\0a"]);

    let refused = STRIP.encoder().encode(b"\0a\0", &mut wire);
    assert_eq!(refused, Err(Misuse::EndsLikePadding));
    assert_eq!(STRIP.encoder().encode(b"\0a", &mut wire), Ok(()));
    assert_eq!(STRIP.encoder().encode(b"", &mut wire), Ok(()));
    assert_eq!(receive(&STRIP, [&wire[256..]]).messages, [b""]);
}

#[test]
fn row_s02_a_part_of_a_cell_is_no_message() {
    let received = receive(&KEEP, [&[b'x'; 130][..]]);
    assert_eq!(received.messages.len(), 1);
    let (got, of) = (2, Some(128));
    assert_eq!(received.end, Err(Error::Unfinished { got, of }));
}
