//! Single fields and targets, down to their tokens; what is derived; and what is hidden.

use super::play::{Leaf, answers, asks, leaves, notes};
use crate::websocket::handshakes;
use barewire::trace::wire::{Conversation, Direction, Label};
use std::time::Duration;

/// The leaves of a field's value: `label=text`, without the prefix that all of its labels share.
fn value(line: &str) -> String {
    let request = format!("GET / HTTP/1.1\r\nHost: a\r\n{line}\r\n\r\n");
    let found = leaves(&[asks(request)]);
    let colon = found
        .iter()
        .rposition(|leaf| leaf.label == Label::FieldColon)
        .expect("a field");
    let value = found[colon + 1..]
        .iter()
        .take_while(|leaf| leaf.label != Label::LineEnd);
    shown(value)
}

fn shown<'l>(leaves: impl Iterator<Item = &'l Leaf>) -> String {
    let leaves = leaves.filter(|leaf| leaf.label != Label::Whitespace);
    let one = |leaf: &Leaf| match leaf.label {
        Label::Delimiter => leaf.text(),
        label => format!(
            "{}={}",
            label.key().rsplit('.').next().unwrap_or_default(),
            leaf.text()
        ),
    };
    leaves.map(one).collect::<Vec<_>>().join(" ")
}

#[test]
fn field_values() {
    for (line, expected) in [
        (
            "Accept: text/html;q=0.8, */*",
            "type=text / subtype=html ; parameter=q = weight=0.8 , type=* / subtype=*",
        ),
        ("Connection: keep-alive", "element=keep-alive"),
        (
            "Content-Type: text/plain; charset=\"a;b\"",
            "type=text / subtype=plain ; parameter=charset = value=\"a;b\"",
        ),
        ("Content-Length: 0", "number=0"),
        (
            "Date: Sun, 06 Nov 1994 08:49:37 GMT",
            "weekday=Sun ,  day=06 month=Nov year=1994 time=08:49:37 zone=GMT",
        ),
        (
            "Date: Sunday, 06-Nov-94 08:49:37 GMT",
            "value=Sunday, 06-Nov-94 08:49:37 GMT",
        ),
        (
            "Range: bytes=0-499, -500,9-",
            "unit=bytes = first=0 - last=499 ,  - suffix=500 , first=9 -",
        ),
        (
            "Content-Range: bytes 0-1/*",
            "unit=bytes first=0 - last=1 / complete=*",
        ),
        (
            "If-None-Match: W/\"a\", \"b,c\"",
            "etag=W/\"a\" ,  etag=\"b,c\"",
        ),
        ("If-None-Match: *", "element=*"),
        ("Cookie: a=b; c=", "name=a = value=b ; name=c ="),
        (
            "Set-Cookie: a=b; Path=/; Secure",
            "name=a = value=b ; parameter=Path = value=/ ; parameter=Secure",
        ),
        ("Authorization: Bearer x", "scheme=Bearer credentials=x"),
        ("X-Other: any, thing", "value=any, thing"),
        // Not of their form: one leaf.
        ("Accept: text/html;q=\u{e4}", "value=text/html;q=\u{e4}"),
        ("Range: bytes=9-0", "value=bytes=9-0"),
        ("If-Match: \"a", "value=\"a"),
        ("Cookie: a", "value=a"),
    ] {
        assert_eq!(value(line), expected, "{line}");
    }
}

#[test]
fn targets() {
    let target = |line: &str| {
        let found = leaves(&[asks(format!("{line} HTTP/1.1\r\nHost: a\r\n\r\n"))]);
        let start = found
            .iter()
            .position(|leaf| leaf.label == Label::Space)
            .expect("a space");
        let target = found[start + 1..]
            .iter()
            .take_while(|leaf| leaf.label != Label::Space);
        (shown(target), notes(&found, Label::Decoded))
    };
    let plain = |line: &str| target(line).0;
    assert_eq!(
        plain("GET /a?b=c&&d&=e&"),
        "path=/a ? name=b = value=c && name=d & = value=e &"
    );
    assert_eq!(plain("GET /a?"), "path=/a ?");
    assert_eq!(
        plain("GET http://[::1]:80/a?b"),
        "scheme=http :// name=[::1] : port=80 path=/a ? name=b"
    );
    assert_eq!(plain("GET http://a"), "scheme=http :// name=a");
    assert_eq!(plain("OPTIONS *"), "path=*");
    assert_eq!(plain("CONNECT a:80"), "name=a : port=80");
    assert_eq!(target("GET /%41?%e6%9c%88=%2B").1, ["/A", "月", "+"]);
}

#[test]
fn a_folded_value_is_explained_line_by_line() {
    let request = asks("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let response = "HTTP/1.1 204 x\r\nX:\r\n a \r\n\tb\r\n \r\nDate : c\r\nA: b\r\n\r\n";
    let found = leaves(&[request, answers(response)]);
    let folds = found.iter().filter(|leaf| leaf.label == Label::Fold);
    let folds: Vec<String> = folds.map(Leaf::text).collect();
    assert_eq!(folds, ["\r\n ", " \r\n\t", "\r\n "]);
    let values = found.iter().filter(|leaf| leaf.label == Label::FieldValue);
    assert_eq!(
        values.map(Leaf::text).collect::<Vec<_>>(),
        ["a", "b", "c", "b"]
    );
}

/// Without `show_secrets` neither the values nor the bytes of a span have them.
#[test]
fn secrets_are_hidden_unless_they_are_asked_for() {
    let head = b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic QTpzZXNhbWU=\r\n\
        Proxy-Authorization: sesame\r\nCookie: name=sesame; sesame\r\nCookie: id=sesame\r\n\r\n";
    let answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: id=sesame; Path=/\r\nSet-Cookie:\r\n sesame\r\n sesame\r\n\r\n";
    let explained = |mut conversation: Conversation| {
        let mut all = Vec::new();
        all.extend(conversation.receive(Direction::FromClient, Duration::ZERO, head));
        all.extend(conversation.receive(Direction::FromServer, Duration::ZERO, answer));
        let bytes: Vec<u8> = all.iter().flat_map(|one| one.bytes.clone()).collect();
        format!("{all:?} {}", String::from_utf8_lossy(&bytes))
    };
    let hidden = explained(Conversation::new());
    assert!(
        !hidden.contains("sesame") && !hidden.contains("QTpz"),
        "{hidden}"
    );
    assert!(
        hidden.contains("(hidden)") && hidden.contains("id=******;"),
        "{hidden}"
    );
    let shown = explained(Conversation::new().show_secrets());
    assert!(
        shown.contains("A:sesame") && shown.contains("id=sesame;"),
        "{shown}"
    );
}

#[test]
fn the_bits_of_a_header_and_the_message_of_several_frames() {
    let (request, response) = handshakes::samples();
    let frames = b"\x01\x83\0\0\0\0\xe6\x9c\x88\x89\x80\0\0\0\0\x80\x82\0\0\0\0ok";
    let found = leaves(&[asks(request), answers(response), asks(frames)]);
    let first = found
        .iter()
        .find(|leaf| leaf.label == Label::FrameFirst)
        .expect("a frame");
    let bits = first
        .notes
        .iter()
        .map(|note| (note.bits, note.value.as_str()));
    let expected = [
        (0x80, "0"),
        (0x40, "0"),
        (0x20, "0"),
        (0x10, "0"),
        (0x0f, "1 Text"),
    ];
    assert_eq!(bits.collect::<Vec<_>>(), expected);
    assert_eq!(notes(&found, Label::MaskBit), ["1", "1", "1"]);
    assert_eq!(notes(&found, Label::Length7Bits), ["3", "0", "2"]);
}

#[test]
fn close_frames_and_masks() {
    let (request, response) = handshakes::samples();
    let close = b"\x88\x85\x37\xfa\x21\x3d\x34\x12\x43\x44\x52";
    let mut conversation = Conversation::new();
    let mut seen = String::new();
    for (from, bytes) in [
        (Direction::FromClient, &request[..]),
        (Direction::FromServer, &response),
        (Direction::FromClient, close),
        (
            Direction::FromServer,
            b"\x01\x02\xe6\x9c\x80\x03\x88ok\x88\x02\x03\xe8",
        ),
    ] {
        let spans = conversation.receive(from, Duration::ZERO, bytes);
        seen.extend(spans.map(|explained| explained.to_string()));
    }
    for line in [
        "> websocket.close.code           34 12                    RFC 6455 §7.4\n",
        "* websocket.unmasked             1000                     RFC 6455 §5.3\n",
        "* websocket.unmasked             bye                      RFC 6455 §5.3\n",
        "< websocket.close.code           1000                     RFC 6455 §7.4\n",
        "< websocket.message              月ok                      RFC 6455 §5.4\n",
        "* websocket.message.frames       text, 5 bytes in 2 frames RFC 6455 §5.4\n",
    ] {
        assert!(seen.contains(line), "{line}{seen}");
    }
}
