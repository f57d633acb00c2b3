//! Row S05: a length of two bytes before each message, and a ring.

use super::ALPHABET;
use super::feed::receive;
use barewire::framing::{
    Decode, Encode, Framer, Halves, Message, Misuse, Prefix, PrefixDecoder, Ring,
};

fn wire(messages: &[&[u8]]) -> Vec<u8> {
    let mut wire = Vec::new();
    for message in messages {
        Prefix::new().encoder().encode(message, &mut wire).unwrap();
    }
    wire
}

fn taken(decoder: &mut PrefixDecoder) -> Option<Vec<u8>> {
    decoder.take().unwrap().map(|message| message.to_vec())
}

/// Fills the ring with one read, as far as its free space is in one piece.
fn read(decoder: &mut PrefixDecoder, bytes: &mut &[u8]) -> usize {
    decoder
        .fill(|space| std::io::Read::read(bytes, space))
        .unwrap()
}

#[test]
fn row_s05_a_length_of_two_bytes_before_each_message() {
    let wire = wire(&[&ALPHABET[..]; 18]);
    assert_eq!(wire, [b"\0\x40", &ALPHABET[..]].concat().repeat(18));
    let received = receive(&Prefix::new(), wire.chunks(100));
    assert_eq!(received.messages, vec![ALPHABET.to_vec(); 18]);
    assert_eq!(received.end, Ok(()));
}

#[test]
fn row_s05_the_length_is_unsigned_and_bounded() {
    let body = vec![b'b'; 65_535];
    let wire = wire(&[&body, b"next"]);
    assert_eq!(
        receive(&Prefix::new(), wire.chunks(16_384)).messages,
        [&body[..], b"next"]
    );
    let refused = Prefix::new()
        .encoder()
        .encode(&[b'b'; 65_536], &mut Vec::new());
    let (length, most) = (65_536, 65_535);
    assert_eq!(refused, Err(Misuse::TooLong { length, most }));
}

#[test]
fn row_s05_a_lone_empty_message_is_delivered() {
    let mut decoder = Prefix::new().decoder();
    let mut chunk = &b"\0\0"[..];
    let message = decoder.decode(&mut chunk).unwrap();
    assert_eq!(message.map(|message| message.is_empty()), Some(true));
    assert_eq!(decoder.finish(), Ok(()));
}

#[test]
fn row_s05_capacity_rounds_up_to_512s_and_has_a_limit() {
    let capacities = [1, 128, 512, 513, 1024].map(|bytes| Ring::new(bytes, 65_537).capacity());
    assert_eq!(capacities, [512, 512, 512, 1024, 1024]);
    let mut ring = Ring::new(512, 600);
    while ring.put(&[b'.'; 100]) > 0 {}
    assert_eq!((ring.len(), ring.capacity()), (1024, 1024));
}

/// A message at each place of the ring: across the edge it is in two pieces, and the ring does not grow for
/// it.
#[test]
fn row_s05_wraps_on_write_and_on_read() {
    let message = wire(&[ALPHABET]);
    for place in 1..512 {
        let mut ring = Ring::new(512, 4096);
        ring.put(&vec![b'.'; place]);
        ring.take(place - 1); // not the last one: an empty ring begins at the front again
        assert_eq!(ring.put(&message), message.len());
        ring.take(1);
        let Halves { head, tail } = ring.take(message.len());
        assert_eq!(head.len(), message.len().min(512 - place));
        assert_eq!([head, tail].concat(), message);
        assert_eq!(ring.capacity(), 512);
    }
}

/// Reads directly into the ring, with room for seven and a half messages: every eighth wraps.
#[test]
fn row_s05_consumed_space_is_used_again() {
    let stream = wire(&[&ALPHABET[..]; 1000]);
    let mut decoder = Prefix::new().decoder();
    let (mut bytes, mut messages, mut wrapped) = (&stream[..], 0, 0);
    while read(&mut decoder, &mut bytes) > 0 {
        while let Some(message) = decoder.take().unwrap() {
            assert_eq!(message.to_vec(), ALPHABET);
            messages += 1;
            wrapped += usize::from(!message.tail.is_empty());
        }
    }
    assert_eq!(messages, 1000);
    assert!((120..=130).contains(&wrapped), "{wrapped}");
}

#[test]
fn row_s05_growing_while_wrapped_keeps_every_byte() {
    let long: Vec<u8> = (0..1500).map(|at| at as u8).collect();
    for first in 0..509 {
        let stream = wire(&[&vec![b'1'; first], &long, b"3"]);
        let mut decoder = Prefix::new().decoder();
        let (mut bytes, mut messages) = (&stream[..], Vec::new());
        while read(&mut decoder, &mut bytes) > 0 {
            messages.extend(std::iter::from_fn(|| taken(&mut decoder)));
        }
        assert_eq!(messages, [&vec![b'1'; first], &long, &b"3"[..]], "{first}");
    }
}

/// Returned messages are the bytes of the ring, where the read wrote them.
#[test]
fn row_s05_no_byte_is_copied() {
    let stream = wire(&[b"HELLO"]);
    let mut decoder = Prefix::new().decoder();
    let mut written = 0..0;
    let read = decoder.fill(|space| {
        space[..7].copy_from_slice(&stream);
        written = space.as_ptr().addr()..space.as_ptr().addr() + 7;
        Ok::<_, ()>(7)
    });
    assert_eq!(read, Ok(7));
    let message = decoder.take().unwrap().unwrap();
    assert_eq!(message.head, b"HELLO");
    assert_eq!(message.head.as_ptr().addr(), written.start + 2);
}
