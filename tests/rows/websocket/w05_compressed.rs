//! W05, where both ends have agreed on permessage-deflate (RFC 7692).

use super::stage::{
    HANDSHAKE, Peer, accepting, close, echo, fake_server, masked, open, plain, reporting, serving,
    switch, until, url,
};
use crate::support::{Site, watched};
use barewire::deflate::Level;
use barewire::websocket::{
    self, Acceptor, Config, ConnectOptions, Data, Error, Kind, Limits, PerMessageDeflate, Room,
    Slow, WebSocket, wire,
};
use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;

pub(crate) fn config(deflate: PerMessageDeflate) -> Config {
    let deflate = Some(deflate);
    Config {
        deflate,
        ..Config::default()
    }
}

/// Every message is compressed, whatever its length.
pub(crate) fn all() -> PerMessageDeflate {
    PerMessageDeflate {
        threshold: 0,
        ..PerMessageDeflate::default()
    }
}

pub(crate) fn taking_over() -> PerMessageDeflate {
    PerMessageDeflate {
        send_takeover: true,
        receive_takeover: true,
        ..all()
    }
}

fn connect(site: &Site, deflate: PerMessageDeflate) -> WebSocket {
    let options = ConnectOptions::new().config(config(deflate));
    websocket::connect_with(&url(site, "/"), &options).expect("a WebSocket")
}

/// Connects a client of bytes that offers this; returns what the server answers.
fn offering(site: &Site, offer: &str) -> (Peer, Option<String>) {
    let mut peer = Peer::connect(site);
    peer.send(format!(
        "{HANDSHAKE}Sec-WebSocket-Extensions: {offer}\r\n\r\n"
    ));
    let head = peer.head();
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    let field = "Sec-WebSocket-Extensions: ";
    let answer = head.lines().find_map(|line| line.strip_prefix(field));
    (peer, answer.map(str::to_owned))
}

const HELLO: &[u8] = &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
/// The same again, as the RFC has it (a literal and a copy of four), and as we make it (a copy of five).
const AGAIN: &[u8] = &[0xf2, 0x00, 0x11, 0x00, 0x00];
const OUR_AGAIN: &[u8] = &[0x02, 0x13, 0x00, 0x00];

#[test]
fn row_w05_a_server_compresses_if_it_is_asked_to() {
    watched(|| {
        let site = accepting(Acceptor::new().config(config(all())), echo);
        let (mut peer, answer) = offering(&site, "permessage-deflate; client_max_window_bits");
        let expected = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
        assert_eq!(answer.as_deref(), Some(expected));
        let a_text =
            "a text that is longer than what is left of it: longer, longer, longer, longer";
        for _ in 0..2 {
            peer.send(masked(0xc1, HELLO));
            peer.expect(plain(0x81, "Hello")); // compressed, it would be longer
            peer.send(masked(0x81, a_text)); // the peer need not compress
            let header = peer.exactly(2);
            assert_eq!(header[0], 0xc1);
            let compressed = peer.exactly(header[1].into());
            assert!(compressed.len() < a_text.len());
        }
        // A client that does not ask gets every message as it is.
        let mut peer = Peer::open(&site);
        peer.send(masked(0x81, a_text));
        peer.expect(plain(0x81, a_text));
        peer.send(masked(0xc1, HELLO));
        let reason = "a reserved bit is 0 unless an extension gives it a meaning";
        peer.expect(plain(0x88, close(1002, reason)));
    });
}

#[test]
fn row_w05_with_context_takeover_a_message_refers_to_those_before() {
    watched(|| {
        let site = accepting(Acceptor::new().config(config(taking_over())), echo);
        let (mut peer, answer) = offering(&site, "permessage-deflate");
        assert_eq!(answer.as_deref(), Some("permessage-deflate"));
        peer.send(masked(0xc1, HELLO));
        peer.expect(plain(0xc1, HELLO));
        for _ in 0..3 {
            peer.send(masked(0xc1, AGAIN));
            peer.expect(plain(0xc1, OUR_AGAIN));
        }
        peer.send(masked(0xc1, [0]));
        peer.expect(plain(0xc1, [0]));
    });
}

#[test]
fn row_w05_without_the_option_the_offer_is_declined() {
    watched(|| {
        let site = serving(echo);
        let (_, answer) = offering(&site, "permessage-deflate; client_max_window_bits");
        assert_eq!(answer, None);
        // A server that compresses all the same is refused by a client that has not asked.
        let (url, server) = fake_server(
            |key| switch(key, "Sec-WebSocket-Extensions: permessage-deflate\r\n"),
            |_| (),
        );
        let error = websocket::connect(&url).expect_err("it was not asked");
        let Error::Peer(error) = error else {
            panic!("{error}")
        };
        assert_eq!(error.rule(), wire::Rule::ExtensionNotAsked);
        server.join().expect("no panic");
    });
}

/// What is sent and received: short and long ones, texts and bytes, some that cannot be made shorter.
fn messages() -> Vec<Vec<u8>> {
    let mut noise = 1u32;
    let mut random = |n: usize| -> Vec<u8> {
        let next = |_| {
            noise ^= noise << 13;
            noise ^= noise >> 17;
            noise ^= noise << 5;
            noise as u8
        };
        (0..n).map(next).collect()
    };
    let json = br#"{"id":12345,"name":"an item","tags":["a","b"],"price":9.99},"#.repeat(20);
    let long = json.repeat(20);
    vec![
        b"".to_vec(),
        b"Hello".to_vec(),
        json.clone(),
        b"Hello".to_vec(),
        random(300),
        long,
        random(20_000),
        json,
        b"".to_vec(),
        vec![0; 100_000],
    ]
}

/// Sends all, as texts, as bytes and in parts, and gets them back.
pub(crate) fn exchange(mut ws: WebSocket) {
    let writer = ws.writer();
    for message in messages() {
        let data = match str::from_utf8(&message) {
            Ok(text) => Data::Text(text),
            Err(_) => Data::Binary(&message),
        };
        // The answer of a long one is received while the rest is sent.
        thread::scope(|scope| {
            scope.spawn(|| {
                writer.send(data).expect("open");
                let mut parts = writer.message().expect("open");
                let cut = message.len() / 3;
                parts.send(Data::Binary(&message[..cut])).expect("open");
                parts.send(Data::Binary(&message[cut..])).expect("open");
                parts.end(Data::Binary(b"")).expect("open");
            });
            assert_eq!(ws.receive().expect("good"), Some(data));
            assert_eq!(ws.receive().expect("good"), Some(Data::Binary(&message)));
        });
    }
    assert!(ws.close(1000, "").expect("a good code").clean);
}

#[test]
fn row_w05_all_options_in_both_roles() {
    watched(|| {
        for (n, bits) in [15, 9, 12, 10].into_iter().enumerate() {
            let options = PerMessageDeflate {
                level: if n % 2 == 0 {
                    Level::Normal
                } else {
                    Level::Fast
                },
                send_takeover: n & 1 != 0,
                receive_takeover: n & 2 != 0,
                send_window_bits: bits,
                receive_window_bits: 24 - bits,
                ..all()
            };
            let site = accepting(Acceptor::new().config(config(options)), echo);
            exchange(connect(&site, options));
            exchange(connect(&site, all()));
            exchange(connect(&site, taking_over()));
            exchange(open(&site));
        }
    });
}

#[test]
fn row_w05_a_compressed_message_is_received_in_parts() {
    watched(|| {
        let (site, parts) = reporting(Acceptor::new().config(config(all())), |ws| {
            let (reader, _writer) = ws.split();
            let (mut reader, mut sizes) = (reader.in_parts(), Vec::new());
            while let Ok(Some(part)) = reader.receive_part() {
                assert!(part.data.bytes().iter().all(|&byte| byte == b'a'));
                sizes.push((part.data.bytes().len(), part.last));
                if part.last {
                    break;
                }
            }
            sizes
        });
        let ws = connect(&site, all());
        let long = "a".repeat(1 << 20); // a kilobyte on the wire, which comes with one read
        ws.send(&long).expect("open");
        let parts = parts.recv().expect("parts");
        let sum: usize = parts.iter().map(|(size, _)| size).sum();
        assert_eq!(sum, long.len());
        assert!(
            parts.iter().all(|(size, _)| *size <= 32 * 1024),
            "{parts:?}"
        );
        assert_eq!(parts.iter().filter(|(_, last)| *last).count(), 1);
    });
}

/// A compressed message of zeros: 1 MiB of it are 1 KiB.
fn bomb(megabytes: usize) -> Vec<u8> {
    let mut deflater = wire::Deflater::new(&PerMessageDeflate {
        send_takeover: true,
        ..all()
    });
    let (zeros, mut out) = (vec![0; 1 << 20], Vec::new());
    for _ in 0..megabytes {
        deflater.deflate(&zeros, false, &mut out);
    }
    deflater.deflate(b"", true, &mut out);
    out
}

#[test]
fn row_w05_a_bomb_is_refused_at_the_limit() {
    watched(|| {
        let limits = Limits {
            message_bytes: 1 << 20,
        };
        let config = Config {
            limits,
            ..config(all())
        };
        let (site, errors) = reporting(Acceptor::new().config(config), |mut ws| {
            let error = ws.receive().expect_err("too long");
            let Error::Peer(error) = error else {
                panic!("{error}")
            };
            error.rule()
        });
        let bomb = bomb(4);
        assert!(bomb.len() < 8 << 10);
        let fragment = |(n, piece)| masked(if n == 0 { 0x42 } else { 0x00 }, piece);
        let fragments: Vec<u8> = bomb.chunks(125).enumerate().flat_map(fragment).collect();
        for frames in [masked(0xc2, &bomb), fragments] {
            let (mut peer, _) = offering(&site, "permessage-deflate");
            let _ = peer.stream.write_all(&frames); // the server may have left
            peer.expect(plain(
                0x88,
                close(1009, "the message is longer than is accepted here"),
            ));
            peer.finish(); // else the server waits for that
            assert_eq!(errors.recv(), Ok(wire::Rule::MessageTooBig));
        }
    });
}

#[test]
fn row_w05_a_client_refuses_what_is_no_compressed_message() {
    watched(|| {
        let answer = |key: &str| {
            let agreed =
                "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n";
            switch(key, agreed)
        };
        for (frames, rule) in [
            (plain(0xc1, b"\x06"), wire::Rule::CompressedInvalid),
            (plain(0xc1, &HELLO[..5]), wire::Rule::CompressedCut),
            (
                [plain(0xc1, HELLO), plain(0xc1, AGAIN)].concat(),
                wire::Rule::CompressedInvalid,
            ),
            (plain(0xc9, ""), wire::Rule::CompressedBitMisplaced),
        ] {
            let code = rule.close_code().expect("a rule of frames");
            let (url, server) = fake_server(answer, move |mut peer| {
                peer.send(frames);
                let header = peer.exactly(6);
                peer.expect(masked_as(&header, &close(code, rule.says())));
            });
            let options = ConnectOptions::new().config(config(all()));
            let mut ws = websocket::connect_with(&url, &options).expect("a WebSocket");
            let error = loop {
                match ws.receive() {
                    Ok(_) => {}
                    Err(Error::Peer(error)) => break error,
                    Err(other) => panic!("{other}"),
                }
            };
            assert_eq!(error.rule(), rule);
            drop(ws);
            server.join().expect("no panic");
        }
    });
}

/// A payload as it is masked with the key at the end of this header.
fn masked_as(header: &[u8], payload: &[u8]) -> Vec<u8> {
    assert_eq!((header[0], header[1]), (0x88, 0x80 | payload.len() as u8));
    let key = &header[2..];
    payload
        .iter()
        .zip(key.iter().cycle())
        .map(|(byte, key)| byte ^ key)
        .collect()
}

/// Members with and without compression, and with context takeover: all get all, in one order, between messages of their own.
#[test]
fn row_w05_a_room_of_all_kinds_of_members() {
    watched(|| {
        let room = Arc::new(Room::new(Slow::Close));
        let door = Arc::clone(&room);
        let site = accepting(Acceptor::new().config(config(taking_over())), move |ws| {
            let (mut reader, writer) = ws.split();
            door.add(&writer);
            while let Ok(Some(message)) = reader.receive() {
                let _ = writer.send(message);
            }
        });
        let small = PerMessageDeflate {
            receive_window_bits: 9,
            ..taking_over()
        };
        let mut members = vec![open(&site), open(&site)];
        members.extend([all(), taking_over(), small].map(|deflate| connect(&site, deflate)));
        until("all are here", || room.len() == members.len());
        let line = |n: usize| {
            format!("line {n} of many lines, all of them alike, line after line").repeat(1 + n % 9)
        };
        for n in 0..50 {
            let sent = room.send(line(n)).sent;
            assert_eq!(sent, members.len());
            for ws in &mut members {
                assert_eq!(
                    ws.receive().expect("good").expect("a line"),
                    line(n).as_str()
                );
                let own = line(n + 1000);
                ws.send(&own).expect("open");
                assert_eq!(ws.receive().expect("good").expect("a line"), own.as_str());
            }
        }
    });
}

/// Threads that send, try to send, send in parts and broadcast, all on one connection that takes contexts over.
#[test]
fn row_w05_compressed_messages_of_many_threads_come_out_right() {
    const EACH: usize = 200;
    watched(|| {
        let room = Arc::new(Room::new(Slow::Close));
        let (sender, results) = channel();
        let door = Arc::clone(&room);
        let site = accepting(Acceptor::new().config(config(taking_over())), move |ws| {
            let writer = ws.writer();
            door.add(&writer);
            let text = |who: &str, n: usize| format!("{who} {n} {}", "and so on, ".repeat(n % 40));
            thread::scope(|scope| {
                scope.spawn(|| (0..EACH).for_each(|n| writer.send(text("send", n)).expect("open")));
                scope
                    .spawn(|| (0..EACH).for_each(|n| writer.send(text("other", n)).expect("open")));
                scope.spawn(|| {
                    for n in 0..EACH {
                        while !writer.try_send(text("try", n)).expect("open") {
                            thread::yield_now();
                        }
                    }
                });
                scope.spawn(|| {
                    (0..EACH).for_each(|n| assert_eq!(door.send(text("room", n)).sent, 1))
                });
                scope.spawn(|| {
                    for n in 0..EACH {
                        let mut parts = writer.message().expect("open");
                        let text = text("parts", n);
                        let (a, b) = text.split_at(6);
                        parts.send(a).expect("open");
                        let _ = parts.send(Data::Binary(b"of another kind")); // it is refused
                        parts.send(b).expect("open");
                        parts.end("").expect("open");
                    }
                });
            });
            writer.close(1000, "").expect("a good code");
            let _ = sender.send(());
        });
        let mut ws = connect(&site, taking_over());
        let mut next = std::collections::HashMap::new();
        while let Some(message) = ws.receive().expect("good") {
            assert_eq!(message.kind(), Kind::Text);
            let text = message.text().expect("a text");
            let mut words = text.splitn(3, ' ');
            let (who, n) = (
                words.next().expect("a word"),
                words.next().expect("a number"),
            );
            let n: usize = n.parse().expect("a number");
            assert_eq!(words.next(), Some(&*"and so on, ".repeat(n % 40)));
            let expected = next.entry(who.to_owned()).or_insert(0);
            assert_eq!(n, *expected, "{who}: in order");
            *expected += 1;
        }
        assert_eq!(next.len(), 5);
        assert!(next.values().all(|&n| n == EACH), "{next:?}");
        results.recv().expect("no panic");
    });
}
