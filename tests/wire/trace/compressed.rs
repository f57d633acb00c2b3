//! Compressed messages and bodies: where each byte belongs, and what comes out.

use super::play::{Leaf, Passes, SERVER, answers, asks, leaves, notes};
use barewire::deflate::{Deflate, Flush, Gzip, Level};
use barewire::trace::wire::{Conversation, Direction, Label, Layer};
use std::time::Duration;

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
        format!("{range:?} {label} {}{}", value, notes.collect::<String>())
    });
    told.collect()
}

/// What has come out.
fn messages(found: &[Leaf]) -> Vec<String> {
    let all = found.iter().filter(|leaf| leaf.layer == Layer::Message);
    all.map(Leaf::text).collect()
}

/// What comes out of a text message is judged, wherever the reads have cut it: in codes, in a copy, in a stored block.
#[test]
fn a_text_that_is_not_utf_8_is_refused_behind_the_code_that_shows_it() {
    let mut deflate = Deflate::new(15, Level::Normal);
    let mut frame = |text: &[u8]| {
        let mut payload = Vec::new();
        deflate.reset();
        deflate.deflate(text, Flush::Sync, &mut payload, usize::MAX);
        payload.truncate(payload.len() - 4);
        [&[0xc1, payload.len() as u8][..], &payload].concat()
    };
    let stored = b"\xc1\x0a\x00\x04\x00\xfb\xff\xe6\x9ca\xe6\x00".to_vec();
    for (bytes, refused) in [
        (frame(b"good \xff and more"), "7..17 refused text is UTF-8"),
        (
            frame(b"\xe6\x9c\xa8--\xe6\x9c----\xe6\x9c--"),
            "9..13 refused text is UTF-8",
        ),
        (stored, "8..10 refused text is UTF-8"),
    ] {
        let leaves = told(&websocket(TAKEOVER, &[&bytes]));
        assert_eq!(leaves.last().map(String::as_str), Some(refused));
    }
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

/// A response whose body has this coding, with a length or in chunks.
fn body(coding: &str, bytes: &[u8], is_chunked: bool) -> Vec<Leaf> {
    let framed = match is_chunked {
        true => {
            let chunk = |bytes: &[u8]| {
                [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
            };
            let chunks: Vec<Vec<u8>> = bytes.chunks(5).map(chunk).collect();
            let head = &b"Transfer-Encoding: chunked\r\n\r\n"[..];
            [head, &chunks.concat(), b"0\r\n\r\n"].concat()
        }
        false => [
            format!("Content-Length: {}\r\n\r\n", bytes.len()).as_bytes(),
            bytes,
        ]
        .concat(),
    };
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\n");
    let script = [
        asks("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        answers([head.as_bytes(), &framed].concat()),
    ];
    leaves(&script)
}

/// `hello hello hello hello`, as Python's gzip writes it with a name.
const NAMED: &[u8] = b"\x1f\x8b\x08\x08\x00\x63\xf3\x3f\x02\xff\x68\x65\x6c\x6c\x6f\x2e\x74\x78\x74\x00\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x27\xb9\x00\x00\x88\x59\x0b\x18\x00\x00\x00";

#[test]
fn a_gzip_body_has_its_header_its_blocks_and_its_trailer() {
    let found = body("gzip", NAMED, false);
    assert_eq!(
        told(&found),
        [
            "0..2 magic 1f 8b",
            "2..3 method 8",
            "3..4 flags 08; text 0; crc 0; extra 0; name 1; comment 0",
            "4..8 time 1072915200",
            "8..9 extra_flags 2",
            "9..10 system 255",
            "10..20 name hello.txt",
            "20..21 block last, fixed codes",
            "21..22 literal 10011000 h",
            "22..23 literal 10010101 e",
            "23..24 literal 10011100 l",
            "24..25 literal 10011100 l",
            "25..26 literal 10011111 o",
            "26..27 literal 01010000  ",
            "27..28 literal 10011000 h",
            "28..30 copy 00010111 001001: 16 bytes from 6 back",
            "30..31 literal 00111010 \\n; end 0000000",
            "31..35 crc 00 88 59 0b",
            "35..39 length 24",
        ]
    );
    assert_eq!(messages(&found), ["hello hello hello hello\n"]);
    assert_eq!(
        notes(&found, Label::Inflated),
        [format!("{} bytes", NAMED.len())]
    );
    let in_chunks = body("x-gzip", NAMED, true);
    assert_eq!(
        (told(&in_chunks), messages(&in_chunks)),
        (told(&found), messages(&found))
    );
    for other in ["br", "gzip, gzip", "identity"] {
        assert_eq!(told(&body(other, NAMED, false)), [""; 0], "{other}");
    }
}

#[test]
fn a_gzip_body_that_breaks_a_rule_is_refused_where_it_does() {
    for (at, rule) in [
        (0, "RFC 1952 §2.3.1"),
        (2, "RFC 1952 §2.3.1"),
        (3, "RFC 1952 §2.3.1.2"),
        (NAMED.len() - 5, "RFC 1952 §2.3.1"),
        (NAMED.len() - 1, "RFC 1952 §2.3.1"),
    ] {
        let mut damaged = NAMED.to_vec();
        damaged[at] ^= 0x80;
        let found = body("gzip", &damaged, false);
        let refused = found.iter().find(|leaf| leaf.label == Label::Refused);
        let refused = refused.map(|leaf| (leaf.layer, leaf.rule));
        assert_eq!(refused, Some((Layer::Compressed, rule)), "byte {at}");
    }
    for length in 0..NAMED.len() {
        let found = body("gzip", &NAMED[..length], false);
        let refused = found.iter().find(|leaf| leaf.label == Label::Refused);
        let unfinished = (length > 0).then_some("RFC 1952 §2.2");
        assert_eq!(refused.map(|leaf| leaf.rule), unfinished, "{length} bytes");
    }
}

fn zipped(level: Level, content: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    Gzip::new(level).gzip(content, Flush::Finish, &mut file, usize::MAX);
    file
}

/// Content of many blocks and kinds, however it is cut: the leaves tile it (`play.rs`), and it comes out.
#[test]
fn long_content_has_its_first_codes_told() {
    let lines: String = (0..3000_u32)
        .map(|n| format!("line {n}: {:x}\n", n.wrapping_mul(2_654_435_761)))
        .collect();
    let noise: Vec<u8> = (0..20_000_u32)
        .map(|n| (n.wrapping_mul(n) >> 7) as u8)
        .collect();
    for content in [lines.as_bytes(), &noise, b""] {
        for level in [Level::Fast, Level::Normal] {
            let found = body("gzip", &zipped(level, content), false);
            let content_leaf = found.iter().find(|leaf| leaf.label == Label::Content);
            let length = content_leaf.map(|leaf| leaf.range.end);
            assert_eq!(length, Some(content.len() as u64));
            assert_eq!(
                messages(&found)[0].as_bytes()[..10.min(content.len())],
                String::from_utf8_lossy(&content[..1024.min(content.len())]).as_bytes()
                    [..10.min(content.len())]
            );
            let compressed = |leaf: &&Leaf| leaf.layer == Layer::Compressed;
            let told = found.iter().filter(compressed);
            let told: usize = told.map(|leaf| 1 + leaf.notes.len()).sum();
            assert!(told < 500, "{told}");
            assert_eq!(found.iter().find(|leaf| leaf.label == Label::Refused), None);
            let last = found.iter().rfind(compressed);
            assert_eq!(last.map(|leaf| leaf.label), Some(Label::GzipLength));
        }
    }
    let members = [zipped(Level::Fast, b"one"), zipped(Level::Fast, b"two")].concat();
    assert_eq!(messages(&body("gzip", &members, true)), ["onetwo"]);
}

/// Content that stands for more than is followed: it is cut with a note, and the connection goes on.
#[test]
fn a_bomb_is_not_followed() {
    let bomb = zipped(Level::Fast, &vec![0; 20 << 20]);
    let mut conversation = Conversation::new();
    let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(
        conversation
            .receive(Direction::FromClient, Duration::ZERO, request)
            .count(),
        1
    );
    let length = bomb.len();
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n");
    let response = [head.as_bytes(), &bomb, b"HTTP/1.1 204 No Content\r\n\r\n"].concat();
    let spans = conversation.receive(Direction::FromServer, Duration::ZERO, &response);
    let spans: Vec<_> = spans.collect();
    let rest = spans.iter().find(|it| it.span.label == Label::Unexplained);
    let says = "more than 16777216 bytes come out: not followed";
    assert_eq!(rest.map(|it| it.span.value.as_str()), Some(says));
    assert!(spans.len() < 20 && spans.iter().map(|it| it.bytes.len()).sum::<usize>() < 3 * length);
}

/// With context takeover, what was not decoded is missing for all messages behind it.
#[test]
fn messages_behind_a_bomb_are_not_decoded() {
    let mut deflate = Deflate::new(15, Level::Fast);
    let mut frame = |content: &[u8]| {
        let mut payload = Vec::new();
        deflate.deflate(content, Flush::Sync, &mut payload, usize::MAX);
        payload.truncate(payload.len() - 4);
        match u8::try_from(payload.len()) {
            Ok(length) => [&[0xc1, length][..], &payload].concat(),
            Err(_) => [
                &b"\xc1\x7e"[..],
                &(payload.len() as u16).to_be_bytes(),
                &payload,
            ]
            .concat(),
        }
    };
    let (bomb, behind) = (frame(&vec![b'0'; 17 << 20]), frame(b"0000 and more"));
    let found = websocket("permessage-deflate; server_no_context_takeover", &[&bomb]);
    assert_eq!(notes(&found, Label::Inflated).len(), 1);
    let found = websocket(TAKEOVER, &[&bomb, &behind]);
    let whys = notes(&found, Label::Unexplained);
    assert_eq!(whys.len(), 2, "{whys:?}");
}
