//! The frames of a caller, byte by byte, and what it must not send.

use barewire::websocket::wire::{Close, CloseCode, Data, Misuse, Received, Role, Sender, State};

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

fn key() -> [u8; 4] {
    KEY
}

fn no_key() -> [u8; 4] {
    unreachable!("a server masks nothing")
}

#[test]
fn the_examples_of_the_rfc() {
    let (mut client, mut server) = (Sender::new(Role::Client), Sender::new(Role::Server));
    let mut out = Vec::new();
    server
        .send(Data::Text("Hello"), no_key, &mut out)
        .expect("open");
    client
        .send(Data::Text("Hello"), key, &mut out)
        .expect("open");
    server
        .send_part(Data::Text("Hel"), false, no_key, &mut out)
        .expect("open");
    server
        .send_part(Data::Text("lo"), true, no_key, &mut out)
        .expect("open");
    server.ping(b"Hello", no_key, &mut out).expect("open");
    client.pong(b"Hello", key, &mut out).expect("open");
    let expected: &[&[u8]] = &[
        b"\x81\x05Hello",
        b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
        b"\x01\x03Hel\x80\x02lo",
        b"\x89\x05Hello",
        b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
    ];
    assert_eq!(out, expected.concat());

    for (length, header) in [
        (256, &b"\x82\x7e\x01\x00"[..]),
        (65_536, b"\x82\x7f\0\0\0\0\0\x01\0\0"),
    ] {
        let (mut out, payload) = (Vec::new(), vec![0x5a; length]);
        server
            .send(Data::Binary(&payload), no_key, &mut out)
            .expect("open");
        assert_eq!(out, [header, &payload].concat());
    }
}

/// One key is made for each frame, and no other.
#[test]
fn every_frame_has_a_key_of_its_own() {
    let (mut client, mut out, mut drawn) = (Sender::new(Role::Client), Vec::new(), 0u8);
    let mut draw = || {
        drawn += 1;
        [drawn; 4]
    };
    client
        .send(Data::Text("a"), &mut draw, &mut out)
        .expect("open");
    client
        .send_part(Data::Binary(b"b"), false, &mut draw, &mut out)
        .expect("open");
    assert_eq!(
        client.send(Data::Text("no"), &mut draw, &mut out),
        Err(Misuse::Unfinished)
    );
    assert!(client.ping(&[0; 126], &mut draw, &mut out).is_err());
    client.received(&Received::Ping(b"p"));
    client.fail(&barewire::websocket::wire::Header::decode(b"\x83\x00").expect_err("reserved"));
    client.append_pending_control(&mut draw, &mut out);
    assert_eq!(
        client.close(Close::EMPTY, &mut draw, &mut out),
        Err(Misuse::Closed)
    );
    let keys: Vec<u8> = [2, 9, 16].map(|at| out[at]).to_vec();
    assert_eq!(
        (keys, out[23..27].to_vec(), drawn),
        (vec![1, 2, 3], vec![4; 4], 4)
    );
}

#[test]
fn a_header_alone_whose_payload_the_caller_writes() {
    let payload = "a long text".repeat(1000);
    for (role, masked) in [(Role::Server, false), (Role::Client, true)] {
        let (mut whole, mut apart) = (Vec::new(), Vec::new());
        let data = Data::Text(&payload);
        Sender::new(role).send(data, key, &mut whole).expect("open");
        let mask = Sender::new(role)
            .begin_part(data, true, key, &mut apart)
            .expect("open");
        assert_eq!(mask.is_some(), masked);
        match mask {
            Some(mut mask) => mask.append(payload.as_bytes(), &mut apart),
            None => apart.extend_from_slice(payload.as_bytes()),
        }
        assert_eq!(apart, whole);
    }
}

#[test]
fn parts_are_of_one_kind_and_control_frames_may_come_between() {
    let (mut server, mut out) = (Sender::new(Role::Server), Vec::new());
    server
        .send_part(Data::Text("a"), false, no_key, &mut out)
        .expect("open");
    let other = server.send_part(Data::Binary(b"b"), true, no_key, &mut out);
    assert_eq!((other, server.state()), (Err(Misuse::Kind), State::Message));
    let second = server.send(Data::Text("c"), no_key, &mut out);
    assert_eq!(second, Err(Misuse::Unfinished));
    server.ping(b"", no_key, &mut out).expect("between parts");
    server
        .send_part(Data::Text("d"), true, no_key, &mut out)
        .expect("open");
    server
        .send_part(Data::Binary(b"e"), true, no_key, &mut out)
        .expect("another message");
    assert_eq!(out, b"\x01\x01a\x89\x00\x80\x01d\x82\x01e");
}

#[test]
fn a_control_frame_holds_125_bytes() {
    let (mut server, mut out) = (Sender::new(Role::Server), Vec::new());
    server
        .ping(&[b'x'; 125], no_key, &mut out)
        .expect("the longest");
    let length = out.len();
    let longer = [b'x'; 126];
    assert_eq!(
        server.ping(&longer, no_key, &mut out),
        Err(Misuse::ControlTooLong)
    );
    assert_eq!(
        server.pong(&longer, no_key, &mut out),
        Err(Misuse::ControlTooLong)
    );
    assert_eq!((out.len(), length), (127, 127));
}

/// One pong, for the newest ping; one Close frame, and nothing behind it.
#[test]
fn pending_control_frames_are_sent_once() {
    let (mut server, mut out) = (Sender::new(Role::Server), Vec::new());
    assert!(!server.has_pending_control());
    server.received(&Received::Ping(b"old"));
    server.received(&Received::Pong(b"not this"));
    server.received(&Received::Ping(b"new"));
    assert!(server.has_pending_control());
    server.append_pending_control(no_key, &mut out);
    assert!(!server.has_pending_control());
    server.append_pending_control(no_key, &mut out);
    assert_eq!(out, b"\x8a\x03new");

    out.clear();
    let close = Close::new(CloseCode::new(4321).expect("private"), "why").expect("short");
    server.received(&Received::Close(close));
    server.append_pending_control(no_key, &mut out);
    server.received(&Received::Ping(b"late"));
    assert!(!server.has_pending_control());
    server.append_pending_control(no_key, &mut out);
    assert_eq!(
        (&out[..], server.state()),
        (&b"\x88\x02\x10\xe1"[..], State::Closed)
    );
}

/// A caller closes while control frames are pending: one Close frame is sent, the caller's.
#[test]
fn a_close_of_our_own_replaces_a_pending_one() {
    let (mut server, mut out) = (Sender::new(Role::Server), Vec::new());
    server.received(&Received::Close(Close::EMPTY));
    let bye = Close::new(CloseCode::NORMAL, "bye").expect("short");
    server.close(bye, no_key, &mut out).expect("open");
    server.append_pending_control(no_key, &mut out);
    assert_eq!(
        (&out[..], server.has_pending_control()),
        (&b"\x88\x05\x03\xe8bye"[..], false)
    );
}
