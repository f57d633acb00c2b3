//! What passes over a connection, explained.
//!
//! - The leaves of each direction tile its bytes, children tile their span, and no leaf is empty but the end.
//! - The leaves are the same however the bytes are cut.
//! - Nothing of it reaches a terminal or a page unescaped, and no line of hexadecimal is wider than it may be.

use crate::input::Input;
use crate::paper;
use crate::play::{Passes, answers, asks, both_end, played, played_in};
use crate::seeds::BETWEEN;
use barewire::framing::{Delimiter, Fixed, Header, Header16, Padding, Prefix};
use barewire::http::wire::Limits;
use barewire::trace::wire::{Conversation, Framing, Protocol};

const REQUEST: &[u8] = b"GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const RESPONSE: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
const LIMITS: [Limits; 2] = [
    Limits {
        start_line_bytes: 16 * 1024,
        field_section_bytes: 64 * 1024,
        fields: 100,
        chunk_extension_bytes: 16 * 1024,
    },
    Limits {
        start_line_bytes: 100,
        field_section_bytes: 200,
        fields: 7,
        chunk_extension_bytes: 10,
    },
];

const DEFLATE: &[u8] = b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
const GZIP: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n";

/// A head with another field.
fn with(head: &[u8], field: &[u8]) -> Vec<u8> {
    [&head[..head.len() - 2], field].concat()
}

pub(crate) fn run(input: &Input<'_>) {
    let bytes = input.bytes;
    let kind = input.choice(0, 7);
    let mut script = match kind {
        0 => messages(bytes),
        1 => vec![asks(REQUEST), answers(RESPONSE), asks(bytes)],
        2 => vec![asks(REQUEST), answers([RESPONSE, bytes].concat())],
        3 => vec![asks(bytes)],
        4 => {
            let (offer, agrees) = (with(REQUEST, DEFLATE), with(RESPONSE, DEFLATE));
            vec![asks(offer), answers([&agrees, bytes].concat())]
        }
        5 => vec![
            asks(&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..]),
            answers([GZIP, bytes].concat()),
        ],
        _ => in_turns(input),
    };
    script.extend(both_end());
    let limits = LIMITS[input.choice(2, 2)];
    let framing = (kind == 3).then(|| framing(input.choice(1, 6)));
    let conversation = || match &framing {
        None => Conversation::with_limits(limits),
        Some(framing) => Conversation::of(Protocol::Framed(framing.clone())),
    };
    let play = |cut: &dyn Fn(&[u8]) -> usize| match &framing {
        None => played(limits, &script, cut),
        Some(_) => played_in(conversation(), &script, cut),
    };
    let spans = paper::spans(conversation(), &script);
    paper::check(&spans, 60 + input.choice(3, 141));
    let whole = play(&<[u8]>::len);
    assert_eq!(play(&|_| 1), whole);
    for piece in &input.ways()[2] {
        let cut = 1 + piece.len();
        assert_eq!(play(&|_| cut), whole, "in pieces of {cut}");
        if cut > 16 {
            break;
        }
    }
}

/// One of the framings of the chapter.
fn framing(choice: usize) -> Framing {
    match choice {
        0 => Framing::of(Fixed::<7>::new(Padding::Strip)),
        1 => Framing::of(Delimiter::CRLF.with_limit(9)),
        2 => Framing::of(Delimiter::new(b"aabaa").with_limit(300)),
        3 => Framing::of(Header::<1>::new().with_limit(100)),
        4 => Framing::of(Header16::new()),
        _ => Framing::of(Prefix::new().with_capacity(1).with_limit(600)),
    }
}

/// Requests, then responses.
fn messages(bytes: &[u8]) -> Vec<Passes> {
    let between = bytes
        .windows(BETWEEN.len())
        .position(|window| window == BETWEEN);
    let (requests, behind) = bytes.split_at(between.unwrap_or(bytes.len()));
    let responses = behind.strip_prefix(BETWEEN).unwrap_or_default();
    vec![asks(requests), answers(responses)]
}

/// The pieces by chance, by one side and the other in turns.
fn in_turns(input: &Input<'_>) -> Vec<Passes> {
    let pieces = input.ways()[2].clone().into_iter().enumerate();
    let passes = pieces.map(|(turn, piece)| match turn % 2 {
        0 => asks(piece),
        _ => answers(piece),
    });
    passes.collect()
}
