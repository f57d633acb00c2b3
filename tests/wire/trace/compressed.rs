//! Compressed messages and bodies: where each byte belongs, and what comes out.

use super::play::{Leaf, Passes, SERVER, answers, asks, leaves, notes};
use barewire::trace::wire::{Label, Layer};

/// A WebSocket whose server has agreed to this, and what the server sends.
fn websocket(agreed: &str, frames: &[&[u8]]) -> Vec<Leaf> {
    let mut script = vec![
        asks(
            "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
        ),
        answers(format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
             Sec-WebSocket-Extensions: {agreed}\r\n\r\n"
        )),
    ];
    script.push(Passes::Bytes(SERVER, frames.concat()));
    let found = leaves(&script);
    let is_refused = |leaf: &&Leaf| leaf.label == Label::Refused && leaf.layer == Layer::Tcp;
    assert_eq!(found.iter().find(is_refused), None);
    found
}

const TAKEOVER: &str = "permessage-deflate";

/// The compressed leaves: where they begin, what they are, their values, and those of their notes.
fn told(found: &[Leaf]) -> Vec<String> {
    let leaves = found.iter().filter(|leaf| leaf.layer == Layer::Compressed);
    let told = leaves.map(|leaf| {
        let name = |label: Label| label.key().rsplit('.').next().unwrap_or_default();
        let notes = leaf.notes.iter();
        let notes = notes.map(|note| format!("; {} {}", name(note.label), note.value));
        let (range, label, value) = (&leaf.range, name(leaf.label), &leaf.value);
        format!("{range:?} {label} {value}{}", notes.collect::<String>())
    });
    told.collect()
}

/// What has come out.
fn messages(found: &[Leaf]) -> Vec<String> {
    let all = found.iter().filter(|leaf| leaf.layer == Layer::Message);
    all.map(Leaf::text).collect()
}

/// The examples of RFC 7692 §7.2.3.
#[test]
fn a_message_is_explained_bit_by_bit() {
    let hello = b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00";
    let found = websocket(TAKEOVER, &[hello]);
    assert_eq!(
        told(&found),
        [
            "0..1 block fixed codes",
            "1..2 literal 01111000 H",
            "2..3 literal 10010101 e",
            "3..4 literal 10011100 l",
            "4..5 literal 10011100 l",
            "5..6 literal 10011111 o",
            "6..7 end 0000000; block stored; padding 000; tail 00 00 ff ff",
        ]
    );
    assert_eq!(messages(&found), ["Hello"]);
    assert_eq!(notes(&found, Label::Inflated), ["7 bytes"]);

    let fragments = b"\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00";
    let in_two = websocket(TAKEOVER, &[fragments]);
    assert_eq!(
        (told(&in_two), messages(&in_two)),
        (told(&found), vec!["Hello".into()])
    );
    assert_eq!(
        notes(&in_two, Label::MessageFrames),
        ["text, 5 bytes in 2 frames"]
    );
}

#[test]
fn a_message_refers_back_to_the_one_before_it() {
    let hello = b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00";
    let again = b"\xc1\x05\xf2\x00\x11\x00\x00";
    let found = websocket(TAKEOVER, &[hello, again]);
    assert_eq!(messages(&found), ["Hello", "Hello"]);
    assert_eq!(
        told(&found)[7..],
        [
            "0..1 block fixed codes",
            "1..2 literal 01111000 H",
            "2..3 copy 0000010 001000: 4 bytes from 5 back",
            "3..4 end 0000000",
            "4..5 block stored; padding 000000; tail 00 00 ff ff"
        ]
    );
    let found = websocket(
        "permessage-deflate; server_no_context_takeover",
        &[hello, again],
    );
    let refused = found.iter().find(|leaf| leaf.label == Label::Refused);
    assert_eq!(refused.map(|leaf| leaf.rule), Some("RFC 1951 §2"));
}

#[test]
fn stored_blocks_and_last_blocks() {
    let stored = b"\xc1\x0b\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00";
    let found = websocket(TAKEOVER, &[stored]);
    assert_eq!(
        told(&found),
        [
            "0..1 block stored; padding 00000",
            "1..5 length 5",
            "5..10 stored ",
            "10..11 block stored; padding 00000; tail 00 00 ff ff",
        ]
    );
    let last = b"\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00";
    let two = b"\xc1\x0d\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00";
    for frame in [&last[..], two] {
        let found = websocket(TAKEOVER, &[frame, b"\x81\x02ok"]);
        assert_eq!(messages(&found), ["Hello"], "{frame:02x?}");
    }
}

/// A message that is not compressed, between two that are; control frames; masks.
#[test]
fn frames_beside_compressed_ones() {
    let frames: [&[u8]; 3] = [
        b"\x41\x03\xf2\x48\xcd",
        b"\x89\x00",
        b"\x80\x04\xc9\xc9\x07\x00",
    ];
    let found = websocket(TAKEOVER, &frames);
    assert_eq!(messages(&found), ["Hello"]);
    let plain = websocket(TAKEOVER, &[b"\x81\x02ok", b"\x82\x01\xff"]);
    assert_eq!((told(&plain).len(), messages(&plain).len()), (0, 0));
}
