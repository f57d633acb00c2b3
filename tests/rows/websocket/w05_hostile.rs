//! W05: bytes that break a rule, and the Close frame that names it. Nothing follows it, and it arrives: the
//! bytes that the peer is still sending do not destroy it.

use super::stage::{Peer, close, echo, fake_server, masked, plain, serving, switch};
use crate::support::watched;
use barewire::websocket::{self, Error, wire::Rule};

/// What a client sends, and the code and rule in the Close frame that answers it.
fn cases() -> Vec<(&'static str, Vec<u8>, u16, Rule)> {
    vec![
        ("no mask", plain(0x81, "hi"), 1002, Rule::MaskMissing),
        (
            "a reserved bit",
            masked(0xc1, "hi"),
            1002,
            Rule::ReservedBitSet,
        ),
        ("opcode 3", masked(0x83, "hi"), 1002, Rule::OpcodeReserved),
        ("opcode 11", masked(0x8b, "hi"), 1002, Rule::OpcodeReserved),
        (
            "half a ping",
            masked(0x09, "hi"),
            1002,
            Rule::ControlFragmented,
        ),
        (
            "a long ping",
            masked(0x89, [0; 126]),
            1002,
            Rule::ControlTooLong,
        ),
        (
            "a long form",
            b"\x81\xfe\x00\x05".to_vec(),
            1002,
            Rule::LengthNotMinimal,
        ),
        (
            "the top bit",
            b"\x82\xff\x80\0\0\0\0\0\0\0".to_vec(),
            1002,
            Rule::LengthTooLarge,
        ),
        (
            "no beginning",
            masked(0x80, "hi"),
            1002,
            Rule::ContinuationOfNothing,
        ),
        (
            "no end",
            [masked(0x01, "a"), masked(0x81, "b")].concat(),
            1002,
            Rule::MessageInterrupted,
        ),
        ("no text", masked(0x81, b"\xff"), 1007, Rule::TextNotUtf8),
        (
            "half a character",
            masked(0x81, b"\xe6\xb7"),
            1007,
            Rule::TextCut,
        ),
        (
            "a short close",
            masked(0x88, [3]),
            1002,
            Rule::CloseTooShort,
        ),
        (
            "code 1005",
            masked(0x88, close(1005, "")),
            1002,
            Rule::CloseCodeInvalid,
        ),
        (
            "a bad reason",
            masked(0x88, b"\x03\xe8\xff"),
            1007,
            Rule::CloseReasonNotUtf8,
        ),
    ]
}

#[test]
fn row_w05_each_broken_rule_has_its_code_on_the_wire() {
    watched(|| {
        let site = serving(echo);
        for (name, bytes, code, rule) in cases() {
            let mut peer = Peer::open(&site);
            peer.send(bytes);
            // More bytes are coming, so a close without lingering would be a reset.
            let _ = std::io::Write::write_all(&mut peer.stream, &[0; 4096]);
            let frame = plain(0x88, close(code, rule.says()));
            let got = peer.exactly(frame.len());
            assert_eq!(got, frame, "{name}");
            peer.ended();
        }
    });
}

/// A server that masks: the client sends a Close frame that names the rule, too.
#[test]
fn row_w04_a_masked_frame_from_a_server() {
    watched(|| {
        let (url, server) = fake_server(
            |key| switch(key, ""),
            |mut peer| {
                peer.send(masked(0x81, "hi"));
                let says = Rule::MaskForbidden.says();
                let frame = peer.exactly(2 + 4 + 2 + says.len());
                let (head, payload) = frame.split_at(6);
                assert_eq!(head[..2], [0x88, 0x80 | (2 + says.len()) as u8]);
                let key = head[2..].iter().cycle();
                let payload: Vec<u8> = payload.iter().zip(key).map(|(a, b)| a ^ b).collect();
                assert_eq!(payload, close(1002, says));
                peer.ended();
            },
        );
        let mut ws = websocket::connect(&url).expect("open");
        match ws.receive() {
            Err(Error::Peer(error)) => assert_eq!(error.rule(), Rule::MaskForbidden),
            other => panic!("{other:?}"),
        }
        assert_eq!(ws.receive().expect("the error is returned once"), None);
        server.join().expect("the server");
    });
}
