//! W05: messages in one frame or many, control frames between them, heartbeat, streaming.

use super::stage::{Peer, accepting, echo, fake_server, masked, open, plain, serving, switch};
use crate::support::{Gate, steady, watched};
use barewire::websocket::{
    self, Acceptor, Config, Data, Error, Kind, OwnedData, Room, Slow, wire::Rule,
};
use std::borrow::Cow;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

#[test]
fn row_w05_fragments_with_control_frames_between() {
    watched(|| {
        let site = serving(echo);
        let mut peer = Peer::open(&site);
        peer.send(masked(0x01, "深"));
        peer.send(masked(0x89, "a"));
        peer.expect(b"\x8a\x01a"); // at once, not at the message's end
        peer.send(masked(0x00, &"入".as_bytes()[..1])); // a character is cut
        peer.send(masked(0x8a, "nobody asked"));
        peer.send(masked(0x80, &"入".as_bytes()[1..]));
        peer.expect(plain(0x81, "深入"));
        peer.send(masked(0x82, []));
        peer.expect(b"\x82\x00");
    });
}

/// What a program has at hand can be sent, by value or by reference: see `AsData`.
#[test]
fn row_w05_the_usual_types_are_sent() {
    watched(|| {
        let site = serving(echo);
        let mut ws = open(&site);
        ws.send(format!("{} words", 2)).expect("open");
        ws.send(String::from("by reference")).expect("open");
        ws.send(Cow::Borrowed("borrowed")).expect("open");
        ws.send(Arc::<str>::from("shared")).expect("open");
        for text in ["2 words", "by reference", "borrowed", "shared"] {
            assert_eq!(ws.receive().expect("open").expect("a message"), text);
        }
        let writer = ws.writer();
        assert!(writer.try_send([1, 2]).expect("open"));
        writer.send(vec![1, 2]).expect("open");
        writer.send(Box::<[u8]>::from([1, 2])).expect("open");
        let mut parts = writer.message().expect("open");
        parts.send(vec![1]).expect("open");
        parts.end([2]).expect("open");
        for _ in 0..4 {
            assert_eq!(ws.receive().expect("open").expect("a message"), [1, 2]);
        }
        let room = Room::new(Slow::Skip);
        room.add(&writer);
        assert_eq!(room.send(String::from("to all")).sent, 1);
        let kept = ws.receive().expect("open").expect("a message").into_owned();
        assert_eq!(kept, OwnedData::Text("to all".to_owned()));
        writer.send(kept).expect("open");
        assert_eq!(ws.receive().expect("open").expect("a message"), "to all");
    });
}

#[test]
fn row_w05_every_length_comes_back() {
    watched(|| {
        let site = serving(echo);
        let mut ws = open(&site);
        for length in [
            0,
            1,
            125,
            126,
            127,
            511,
            512,
            16_384,
            16_385,
            65_535,
            65_536,
            1 << 20,
        ] {
            let sent: Vec<u8> = (0..length).map(|n| (n * 7 + n / 251) as u8).collect();
            let writer = ws.writer();
            std::thread::scope(|scope| {
                let bytes = &sent;
                scope.spawn(move || writer.send(bytes).expect("open"));
                let got = ws.receive().expect("open").expect("a message");
                assert!(got == Data::Binary(&sent), "{length} bytes");
            });
        }
        assert!(ws.close(1000, "").expect("a code").clean);
    });
}

/// Pings that come in one read are all answered, in order, in one write.
#[test]
fn row_w05_pongs_in_order() {
    watched(|| {
        let site = serving(echo);
        let mut peer = Peer::open(&site);
        let numbers: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        let pings: Vec<Vec<u8>> = numbers.iter().map(|n| masked(0x89, n)).collect();
        let pongs: Vec<Vec<u8>> = numbers.iter().map(|n| plain(0x8a, n)).collect();
        peer.send(pings.concat());
        peer.expect(pongs.concat());
    });
}

/// The handler blocks at the second message; the answer to the first leaves all the same.
#[test]
fn row_w05_nothing_is_withheld_while_a_handler_waits() {
    watched(|| {
        let gate = Gate::default();
        let opened = gate.clone();
        let site = serving(move |ws| {
            ws.on_message(|socket, data| {
                if data.text() == Some("wait") {
                    gate.pass();
                }
                socket.send(data).expect("open");
            });
        });
        let mut peer = Peer::open(&site);
        let both = [
            masked(0x81, "first"),
            masked(0x81, "wait"),
            masked(0x89, ""),
        ];
        peer.send(both.concat());
        peer.expect(plain(0x81, "first"));
        opened.open();
        peer.expect(plain(0x81, "wait"));
        peer.expect(b"\x8a\x00");
    });
}

#[test]
fn row_w05_a_message_in_parts_both_ways() {
    watched(|| {
        let site = serving(|ws| {
            let (reader, writer) = ws.split();
            let mut reader = reader.in_parts();
            let mut answer = writer.message().expect("open");
            while let Some(part) = reader.receive_part().expect("open") {
                if part.last {
                    return answer.end(part.data).expect("open");
                }
                answer.send(part.data).expect("open");
            }
        });
        let mut ws = open(&site);
        let mut message = ws.writer().message().expect("open");
        let text = "深入浅出".repeat(10_000);
        for part in text.split_inclusive('出') {
            message.send(part).expect("open");
        }
        message.end("").expect("open");
        let got = ws.receive().expect("open").expect("a message");
        assert_eq!(got.kind(), Kind::Text);
        assert!(got.text() == Some(&text), "{} bytes", got.bytes().len());
    });
}

/// While one thread sends a message in parts, the messages of others wait and pings do not.
#[test]
fn row_w05_parts_of_two_messages_are_not_mixed() {
    watched(|| {
        let (url, server) = fake_server(
            |key| switch(key, ""),
            |mut peer| {
                let mut firsts = Vec::new();
                for _ in 0..4 {
                    let header = peer.exactly(2);
                    peer.exactly(4 + usize::from(header[1] & 0x7f));
                    firsts.push(header[0]);
                }
                assert_eq!(firsts, [0x01, 0x89, 0x80, 0x82]);
            },
        );
        let ws = websocket::connect(&url).expect("open");
        let writer = ws.writer();
        let mut message = writer.message().expect("open");
        message.send("a").expect("open");
        assert!(matches!(writer.message(), Err(Error::Misuse(_))));
        assert!(!writer.try_send("no").expect("open"));
        std::thread::scope(|scope| {
            let other = scope.spawn(|| writer.send(b"b"));
            writer.send_ping().expect("open");
            message.end("c").expect("open");
            other.join().expect("a thread").expect("open");
        });
        server.join().expect("the server");
    });
}

#[test]
fn row_w05_a_ping_is_measured() {
    watched(|| {
        let site = serving(echo);
        let (mut reader, writer) = open(&site).split();
        std::thread::scope(|scope| {
            scope.spawn(move || while let Ok(Some(_)) = reader.receive() {});
            let patience = crate::support::PATIENCE;
            let round_trip = writer.ping(patience).expect("a pong");
            assert_eq!(writer.round_trip(), Some(round_trip));
            writer.close(1000, "").expect("a code");
            assert!(writer.closed().clean);
        });
    });
}

#[test]
fn row_w05_a_heartbeat_finds_a_peer_that_is_gone() {
    steady(Duration::from_millis(50), || {
        let (url, server) = fake_server(
            |key| switch(key, ""),
            |mut peer| {
                for _ in 0..2 {
                    // Two pings are answered …
                    let ping = peer.exactly(2 + 4 + 8);
                    assert_eq!(ping[..2], [0x89, 0x88]);
                    let payload = ping[6..].iter().zip(ping[2..6].iter().cycle());
                    let payload: Vec<u8> = payload.map(|(byte, key)| byte ^ key).collect();
                    peer.send(plain(0x8a, payload));
                }
                peer.exactly(2 + 4 + 8); // … and the third is not.
                peer.ended();
            },
        );
        let mut ws = websocket::connect(&url).expect("open");
        ws.heartbeat(Duration::from_millis(5), Duration::from_millis(200));
        match ws.receive() {
            Err(Error::Io(error)) => assert_eq!(error.kind(), ErrorKind::TimedOut),
            other => panic!("{other:?}"),
        }
        assert!(ws.writer().round_trip().is_some());
        server.join().expect("the server");
    });
}

#[test]
fn row_w05_a_message_that_is_too_big() {
    watched(|| {
        let mut config = Config::default();
        config.limits.message_bytes = 1000;
        let site = accepting(Acceptor::new().config(config), |mut ws| {
            while let Ok(Some(_)) = ws.receive() {}
        });
        // As a header that announces it, and as fragments that add up to it.
        let announced = b"\x82\xfe\x03\xe9\0\0\0\0".to_vec();
        let fragments = [masked(0x02, [0; 600]), masked(0x80, [0; 401])].concat();
        for bytes in [announced, fragments] {
            let mut peer = Peer::open(&site);
            peer.send(bytes);
            let says = Rule::MessageTooBig.says();
            peer.expect(plain(0x88, super::stage::close(1009, says)));
            peer.ended();
        }
    });
}
