//! Row S06: the same messages for every way of cutting the stream.

use super::ALPHABET;
use super::feed::{ReadIntoRing, Received, receive, stream};
use super::random::Random;
use barewire::framing::{
    Delimiter, Encode, Error, Fixed, Framer, Header, Header16, Header32, Padding, Prefix,
};

/// Random ways of cutting for each framer.
const CUTTINGS: usize = 10_000;

macro_rules! each_framer {
    ($($name:ident: $framer:expr;)+) => {$(
        mod $name {
            use super::*;

            #[test]
            fn row_s06_the_books_stream_cut_once_anywhere() {
                the_books_stream_cut_once_anywhere(&$framer);
            }

            #[test]
            fn row_s06_cut_twice_anywhere() {
                cut_twice_anywhere(&$framer);
            }

            #[test]
            fn row_s06_every_single_cut_and_byte_by_byte() {
                every_single_cut_and_byte_by_byte(&$framer);
            }

            #[test]
            fn row_s06_random_cuts() {
                random_cuts(&$framer);
            }

            #[test]
            fn row_s06_ended_anywhere() {
                ended_anywhere(&$framer);
            }
        }
    )+};
}

each_framer! {
    fixed_kept: Fixed::<128>::new(Padding::Keep);
    fixed_stripped: Fixed::<128>::new(Padding::Strip);
    fixed_small: Fixed::<1>::new(Padding::Strip);
    crlf: Delimiter::CRLF;
    delimiter_of_one: Delimiter::new(b"\n");
    delimiter_that_overlaps_itself: Delimiter::new(b"aabaa");
    header_16: Header16::new();
    header_32: Header32::new();
    header_8: Header::<1>::new();
    prefix: Prefix::new();
    prefix_read_into_the_ring: ReadIntoRing(Prefix::new());
}

/// The messages of the stream, read in one piece: no cut may change them.
fn uncut<F: Framer>(framer: &F, wire: &[u8], messages: &[Vec<u8>]) -> Received {
    let uncut = receive(framer, [wire]);
    assert_eq!(uncut.end, Ok(()));
    assert_eq!(uncut.messages.len(), messages.len());
    for (read, sent) in uncut.messages.iter().zip(messages) {
        let (same, padding) = read.split_at(sent.len());
        assert_eq!(same, sent);
        assert!(padding.is_empty() || read.len() == 128 && padding.iter().all(|&byte| byte == 0));
    }
    uncut
}

fn the_books_stream_cut_once_anywhere<F: Framer>(framer: &F) {
    let (messages, wire) = stream(framer, vec![ALPHABET.to_vec(); 18]);
    let expected = uncut(framer, &wire, &messages);
    for at in 0..=wire.len() {
        let (one, other) = wire.split_at(at);
        assert_eq!(receive(framer, [one, other]), expected, "cut at {at}");
    }
}

fn cut_twice_anywhere<F: Framer>(framer: &F) {
    let short = [&b"HELLO"[..], b"", b"\r", b"aab", b"", b"\x00\x01", b"x"];
    let (_, wire) = stream(framer, short.map(<[u8]>::to_vec));
    let wire = &wire[..wire.len().min(140)]; // of cells of 128, one and a part
    let expected = receive(framer, [wire]);
    assert!(!expected.messages.is_empty());
    for first in 0..=wire.len() {
        for second in first..=wire.len() {
            let chunks = [&wire[..first], &wire[first..second], &wire[second..]];
            assert_eq!(receive(framer, chunks), expected, "{first}, {second}");
        }
    }
}

fn every_single_cut_and_byte_by_byte<F: Framer>(framer: &F) {
    let mut random = Random::new(0x5306_0001);
    for _ in 0..20 {
        let (messages, wire) = stream(framer, (0..12).map(|_| random.message()));
        let expected = uncut(framer, &wire, &messages);
        assert_eq!(receive(framer, wire.chunks(1)), expected);
        for at in 0..=wire.len() {
            let (one, other) = wire.split_at(at);
            assert_eq!(receive(framer, [one, other]), expected, "cut at {at}");
        }
    }
}

fn random_cuts<F: Framer>(framer: &F) {
    let mut random = Random::new(0x5306_0002);
    for _ in 0..CUTTINGS / 20 {
        let many = random.below(20);
        let (messages, wire) = stream(framer, (0..many).map(|_| random.message()));
        let expected = uncut(framer, &wire, &messages);
        for _ in 0..20 {
            let pieces = random.pieces(&wire, 40);
            let sizes: Vec<_> = pieces.iter().map(|piece| piece.len()).collect();
            assert_eq!(receive(framer, pieces), expected, "{sizes:?} of {wire:x?}");
        }
    }
}

/// At FIN the decoder reports whether a message is unfinished, and how many of its bytes had arrived.
fn ended_anywhere<F: Framer>(framer: &F) {
    let mut random = Random::new(0x5306_0003);
    let (messages, wire) = stream(framer, (0..12).map(|_| random.message()));
    let (mut encoder, mut sent, mut borders) = (framer.encoder(), Vec::new(), vec![0]);
    for message in &messages {
        encoder.encode(message, &mut sent).unwrap();
        borders.push(sent.len());
    }
    for end in 0..=wire.len() {
        let complete = borders.partition_point(|border| *border <= end) - 1;
        let ended = receive(framer, wire[..end].chunks(7));
        assert_eq!(ended.messages.len(), complete);
        let unfinished = end - borders[complete];
        match ended.end {
            Ok(()) => assert_eq!(unfinished, 0),
            Err(Error::Unfinished { got, of }) => {
                let whole = borders[complete + 1] - borders[complete];
                assert_eq!(got, unfinished);
                assert!(of.is_none_or(|of| of == whole), "{of:?} of {whole}");
            }
            Err(error) => panic!("{error}"),
        }
    }
}
