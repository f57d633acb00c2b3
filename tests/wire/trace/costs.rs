//! The work grows with the bytes, and what is kept does not.

use crate::support::watched;
use barewire::http::wire::Limits;
use barewire::trace::wire::{Conversation, Direction, Explained};
use std::time::Duration;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

fn receive(conversation: &mut Conversation, from: Direction, bytes: &[u8]) -> Vec<Explained> {
    conversation.receive(from, Duration::ZERO, bytes).collect()
}

/// A body of a gigabyte in pieces of 64 KiB: a span for each piece. (That nothing is kept of it is tested beside the
/// buffer, in `src/trace/wire/side.rs`.)
#[test]
fn a_long_body_is_explained_as_it_comes() {
    let mut conversation = Conversation::new();
    receive(&mut conversation, Direction::FromClient, GET);
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n";
    receive(&mut conversation, Direction::FromServer, head);
    let piece = vec![b'a'; 1 << 16];
    for number in 0..1 << 5 {
        let found = receive(&mut conversation, Direction::FromServer, &piece);
        let start = head.len() as u64 + (number << 16);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].span.range, start..start + (1 << 16));
        assert!(
            found[0].span.value.len() < 1100,
            "only its beginning is shown"
        );
    }
}

/// A hundred thousand small chunks in one read, and a large head byte by byte: with a square in it, this would take
/// hours.
#[test]
fn the_work_is_linear() {
    let mut conversation = Conversation::new();
    let mut body = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    body.extend(b"1\r\nx\r\n".repeat(100_000));
    body.extend_from_slice(b"0\r\n\r\n");
    let spans = conversation.receive(Direction::FromClient, Duration::ZERO, &body);
    assert_eq!(spans.count(), 1 + 300_000 + 2);

    let mut conversation = Conversation::new();
    let mut head = b"GET / HTTP/1.1\r\nHost: a\r\n".to_vec();
    head.extend([&b"X: "[..], &b"v".repeat(60_000), b"\r\n\r\n"].concat());
    let mut found = 0;
    for byte in head.chunks(1) {
        found += receive(&mut conversation, Direction::FromClient, byte).len();
    }
    assert_eq!(found, 1);
}

/// What a refusal has found is looked for among the secrets: many of both.
#[test]
fn a_refusal_among_many_secrets_is_found_at_once() {
    watched(|| {
        let limits = Limits {
            field_section_bytes: 1 << 20,
            ..Limits::default()
        };
        let mut conversation = Conversation::with_limits(limits);
        let mut head = b"GET / HTTP/1.1\r\nHost: a\r\nX: ".to_vec();
        head.extend(b"b".repeat(1 << 18));
        head.extend([b"\r\nCookie: ", &b"a ".repeat(1 << 17)[..]].concat());
        head.extend(b"c\r\nContent-Length: b\r\n\r\n");
        let found = receive(&mut conversation, Direction::FromClient, &head);
        let refused = found.iter().flat_map(|found| &found.span.notes);
        assert!(refused.filter(|note| note.value.contains('b')).count() > 0);
    });
}

/// A list of thousands of elements is one leaf, as is a query of thousands of pairs.
#[test]
fn a_peer_cannot_make_a_span_of_every_byte() {
    let mut conversation = Conversation::new();
    let list = "a,".repeat(8000);
    let query = "a&".repeat(4000);
    let head = format!("GET /?{query} HTTP/1.1\r\nHost: a\r\nConnection: {list}\r\n\r\n");
    let found = receive(&mut conversation, Direction::FromClient, head.as_bytes());
    assert!(found[0].span.leaves().count() < 30);
}
