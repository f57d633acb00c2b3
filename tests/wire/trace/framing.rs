//! Framed connections: one span for each message, the same however the bytes are cut.

use super::play::{Leaf, Passes, answers, asks, both_end, leaves_by, played_in, refused, texts};
use crate::support::Random;
use barewire::framing::{
    Delimiter, Encode, Fixed, Framer, Header, Header16, Header32, Padding, Prefix,
};
use barewire::trace::wire::{Conversation, Direction, Framing, Label, Layer, Protocol, datagram};
use std::time::Duration;

fn framed<F>(framer: F) -> Protocol
where
    F: Framer<Decoder: Send + Sync> + Clone + Send + Sync + 'static,
{
    Protocol::Framed(Framing::of(framer))
}

/// Every leaf: its label and its value.
fn shown(leaves: &[Leaf]) -> String {
    let one = |leaf: &Leaf| {
        format!(
            "{}={}",
            leaf.label.key().replace("framing.", ""),
            leaf.value
        )
    };
    leaves.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[test]
fn each_framing_down_to_its_parts() {
    for (protocol, bytes, expected) in [
        (
            framed(Fixed::<8>::new(Padding::Strip)),
            &b"HELLO\0\0\0\0\0\0\0\0\0\0\0"[..],
            "body=HELLO padding=3 zeros padding=8 zeros",
        ),
        (
            framed(Fixed::<4>::new(Padding::Keep)),
            b"HI\0\0",
            "body=HI\\u{0}\\u{0}",
        ),
        (
            framed(Delimiter::CRLF),
            b"HELLO\r\n\r\n",
            "body=HELLO delimiter=\\r\\n delimiter=\\r\\n",
        ),
        (
            framed(Header16::new()),
            b"\x01\0\0\x05HELLO\0\x01\0\0",
            "serial=256 length=5 body=HELLO serial=1 length=0",
        ),
        (
            framed(Header32::new()),
            b"\0\x07\0\0\0\x02hi",
            "serial=7 length=2 body=hi",
        ),
        (
            framed(Prefix::new()),
            b"\0\x05HELLO\0\0",
            "length=5 body=HELLO length=0",
        ),
    ] {
        let mut script = vec![asks(bytes), answers(bytes)];
        script.extend(both_end());
        let found = leaves_by(&protocol, &script);
        let expected = format!("{expected} end=");
        assert_eq!(shown(&found), format!("{expected} {expected}"));
    }
}

/// The last leaf names the limit, or the length that was announced.
#[test]
fn bytes_that_the_framing_refuses() {
    let says = |protocol: &Protocol, bytes: &[u8]| {
        let mut script = vec![asks(bytes)];
        script.extend(both_end());
        let found = leaves_by(protocol, &script);
        let broken = found
            .iter()
            .find(|leaf| leaf.label == Label::Refused)
            .expect("refused");
        (broken.text(), broken.value.clone())
    };
    let limited = "a message must not be longer than the limit of its framing".to_owned();
    let cut = "the stream must not end inside a message".to_owned();
    let header = framed(Header16::new().with_limit(10));
    assert_eq!(
        says(&header, b"\0\0\0\x01a\0\x01\xff\xffmore"),
        ("\0\u{1}\u{fffd}\u{fffd}more".into(), limited.clone())
    );
    let line = framed(Delimiter::new(b"\n").with_limit(3));
    assert_eq!(says(&line, b"ok\nendless"), ("endless".into(), limited));
    assert_eq!(says(&line, b"ok\nab"), ("ab".into(), cut.clone()));
    assert_eq!(
        says(&framed(Fixed::<8>::new(Padding::Keep)), b"HELLO"),
        ("HELLO".into(), cut)
    );

    let mut conversation = Conversation::of(header);
    let spans = conversation.receive(Direction::FromClient, Duration::ZERO, b"\0\x01\xff\xff");
    let notes: Vec<String> = spans
        .flat_map(|one| one.span.notes)
        .map(|note| note.value)
        .collect();
    assert_eq!(
        notes,
        ["a message of 65535 bytes is announced, but the limit is 10"]
    );
}

/// What the demos of 7.1 send in `fixtures/demos/`, in every framing of the chapter.
#[test]
fn the_fixtures_of_the_demos() {
    let mut messages = 0;
    for (name, protocol) in [
        ("fixed", framed(Fixed::<128>::new(Padding::Strip))),
        ("delimiter", framed(Delimiter::CRLF)),
        ("header", framed(Header16::new())),
        ("ring", framed(Prefix::new())),
        ("none", Protocol::Bytes),
    ] {
        let path = format!("{}/fixtures/demos/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read(&path).expect("a fixture");
        // Its text is traffic as good as any, whatever framing it is read with.
        let found = leaves_by(&protocol, &[asks(&text[..]), answers(&text[..])]);
        messages += found.len();
    }
    assert!(messages > 20, "{messages}");
}

#[test]
fn random_and_damaged_streams() {
    let mut random = Random::new(0x7e13);
    for round in 0..60 {
        streams(&mut random, round, Fixed::<5>::new(Padding::Strip));
        streams(&mut random, round, Delimiter::new(b"aab").with_limit(30));
        streams(&mut random, round, Header::<1>::new().with_limit(40));
        streams(&mut random, round, Header16::new());
        streams(&mut random, round, Prefix::new().with_limit(40));
    }
}

/// The bodies come out as they went in, and the leaves do not depend on the cuts.
fn streams<F>(random: &mut Random, round: usize, framer: F)
where
    F: Framer<Decoder: Send + Sync> + Clone + Send + Sync + 'static,
{
    let (mut encoder, mut wire, mut sent) = (framer.encoder(), Vec::new(), Vec::new());
    for _ in 0..random.below(6) {
        let body: Vec<u8> = (0..random.below(12))
            .map(|_| b"abc\0"[random.below(4)])
            .collect();
        if encoder.encode(&body, &mut wire).is_ok() && !body.is_empty() {
            sent.push(String::from_utf8(body).expect("ASCII"));
        }
    }
    let is_damaged = round.is_multiple_of(2) && !wire.is_empty();
    if is_damaged {
        let at = random.below(wire.len());
        wire[at] ^= 1 << random.below(8);
    }
    let mut script = vec![asks(&wire[..]), answers(&wire[..])];
    script.extend(both_end());
    let protocol = framed(framer);
    let play = |cut: &mut dyn FnMut() -> usize| {
        played_in(Conversation::of(protocol.clone()), &script, |_| cut())
    };
    let whole = play(&mut || wire.len().max(1));
    for most in [1, 9] {
        assert_eq!(play(&mut || 1 + random.below(most)), whole);
    }
    if !is_damaged {
        assert_eq!(refused(&whole), None);
        let bodies = texts(&whole, Label::FramedBody);
        assert_eq!(bodies, [&sent[..], &sent[..]].concat());
    }
}

#[test]
fn a_datagram_is_a_span() {
    for bytes in [&b"hello"[..], b"", &[0xff; 3000]] {
        let explained = datagram(Direction::FromServer, Duration::ZERO, bytes);
        assert_eq!((explained.layer, &explained.bytes[..]), (Layer::Udp, bytes));
        assert_eq!(
            (explained.span.label, explained.span.range),
            (Label::Datagram, 0..bytes.len() as u64)
        );
        assert!(explained.span.children.is_empty() && explained.span.value.len() < 5000);
    }
    // Nothing of another protocol is looked for in known data.
    let script = [asks("Cookie: a=b\r\n"), Passes::End(Direction::FromClient)];
    let found = leaves_by(&Protocol::Bytes, &script);
    assert_eq!(
        (found[0].label, found[0].text().as_str()),
        (Label::Bytes, "Cookie: a=b\r\n")
    );
}

/// Only where the first byte has to say it, it does.
#[test]
fn the_protocol_is_what_was_said() {
    let first = |protocol: &Protocol, bytes: &[u8]| {
        leaves_by(protocol, &[asks(bytes), Passes::End(Direction::FromClient)])[0].label
    };
    let (hello, get) = (
        &b"\x16\x03\x01\0\x01\0"[..],
        &b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..],
    );
    assert_eq!(first(&Protocol::Detected, get), Label::Method);
    assert_eq!(first(&Protocol::Tls, get), Label::Refused);
    assert_eq!(first(&Protocol::Http, hello), Label::Refused);
    assert_eq!(
        first(&Protocol::Detected, hello),
        first(&Protocol::Tls, hello)
    );
    for bytes in [hello, get] {
        assert_eq!(first(&Protocol::Bytes, bytes), Label::Bytes);
        let line = [bytes, b"\n"].concat();
        assert_eq!(
            first(&framed(Delimiter::new(b"\n")), &line),
            Label::FramedBody
        );
    }
}
