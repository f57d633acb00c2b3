//! Row S04: a serial number and a length before each message.

use super::ALPHABET;
use super::feed::receive;
use barewire::framing::{Decode, Encode, Framer, Header16, Header32, Misuse, Packet};

/// Serial numbers and bodies of a stream.
fn packets(wire: &[u8]) -> Vec<(u16, Vec<u8>)> {
    let (mut decoder, mut packets) = (Header16::new().decoder(), Vec::new());
    for mut chunk in wire.chunks(5) {
        while let Some(Packet { serial, body }) = decoder.decode(&mut chunk).unwrap() {
            packets.push((serial, body.to_vec()));
        }
    }
    decoder.finish().unwrap();
    packets
}

#[test]
fn row_s04_two_numbers_of_two_bytes_big_endian() {
    let (mut encoder, mut wire) = (Header16::new().encoder(), Vec::new());
    for _ in 0..18 {
        encoder.encode(ALPHABET, &mut wire).unwrap();
    }
    assert_eq!(wire.len(), 18 * (4 + 64));
    assert_eq!(wire[..6], *b"\0\x00\0\x40AB");
    assert_eq!(wire[17 * 68..][..6], *b"\0\x11\0\x40AB");
    let expected: Vec<_> = (0..18).map(|serial| (serial, ALPHABET.to_vec())).collect();
    assert_eq!(packets(&wire), expected);
}

#[test]
fn row_s04_a_reply_carries_the_same_serial() {
    let mut requests = Vec::new();
    let mut client = Header16::new().encoder();
    for message in [&b"one"[..], b"two", b""] {
        client.encode(message, &mut requests).unwrap();
    }

    let mut replies = Vec::new();
    let server = Header16::new().encoder();
    for (serial, body) in packets(&requests).into_iter().rev() {
        server
            .encode_as(serial, &body.to_ascii_uppercase(), &mut replies)
            .unwrap();
    }
    let expected = [
        (2, b"".to_vec()),
        (1, b"TWO".to_vec()),
        (0, b"ONE".to_vec()),
    ];
    assert_eq!(packets(&replies), expected);
}

#[test]
fn row_s04_the_serial_counts_up_only_when_not_given() {
    let (mut encoder, mut wire) = (Header16::new().encoder(), Vec::new());
    encoder.encode(b"a", &mut wire).unwrap();
    encoder.encode(b"b", &mut wire).unwrap();
    encoder.encode_as(0, b"given", &mut wire).unwrap();
    encoder.encode_as(700, b"given", &mut wire).unwrap();
    encoder.encode(&[0; 65_536], &mut wire).unwrap_err(); // not sent, not counted
    encoder.encode(b"c", &mut wire).unwrap();
    let serials: Vec<u16> = packets(&wire).iter().map(|packet| packet.0).collect();
    assert_eq!(serials, [0, 1, 0, 700, 2]);
}

#[test]
fn row_s04_after_65535_comes_0() {
    let (mut encoder, mut wire) = (Header16::new().encoder(), Vec::new());
    for _ in 0..65_538 {
        encoder.encode(b"", &mut wire).unwrap();
    }
    let serials = packets(&wire).into_iter().map(|packet| packet.0);
    assert!(serials.eq((0..=65_535).chain([0, 1])));
}

#[test]
fn row_s04_the_length_is_unsigned_and_bounded() {
    let (framer, mut wire) = (Header16::new(), Vec::new());
    let body = vec![b'b'; 65_535];
    framer.encoder().encode(&body, &mut wire).unwrap();
    assert_eq!(wire[..4], *b"\0\0\xff\xff");
    assert_eq!(receive(&framer, wire.chunks(16_384)).messages, [&body[..]]);

    let refused = framer.encoder().encode(&[b'b'; 65_536], &mut wire);
    let (length, most) = (65_536, 65_535);
    assert_eq!(refused, Err(Misuse::TooLong { length, most }));
    assert_eq!(wire.len(), 4 + 65_535);
}

#[test]
fn row_s04_four_bytes_of_length_for_more() {
    let (framer, mut wire) = (Header32::new(), Vec::new());
    let body = vec![b'b'; 65_536];
    let mut encoder = framer.encoder();
    encoder.encode(&body, &mut wire).unwrap();
    encoder.encode(b"next", &mut wire).unwrap();
    assert_eq!(wire[..6], *b"\0\0\0\x01\0\0");
    assert_eq!(wire[6 + 65_536..], *b"\0\x01\0\0\0\x04next");
    let received = receive(&framer, wire.chunks(16_384));
    assert_eq!(received.messages, [&body[..], b"next"]);
}
