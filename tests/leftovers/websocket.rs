//! WebSocket peers that disappear in every state of the connection: what they leave in the process
//! that served them.

#[path = "../rows/websocket/stage.rs"]
#[allow(dead_code)] // the rest is for the rows
mod stage;

use crate::alone;
use crate::support::{Measured, PATIENCE, Site, assert_no_growth, watched};
use barewire::websocket::{Room, Slow, WebSocket};
use stage::{HANDSHAKE, Peer, close, fake_server, masked, plain, serving, switch, until};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;

const MIB: usize = 1024 * 1024;

/// How a peer ends its connection.
#[derive(Clone, Copy)]
enum End {
    /// It closes after it has read everything: FIN.
    Fin,
    /// It closes with bytes unread: RST.
    Reset,
    /// It ends its own direction, and reads to the end.
    HalfClose,
}
use End::{Fin, HalfClose, Reset};

/// The state of the connection when the peer disappears.
#[derive(Clone, Copy)]
enum At {
    /// The peer has connected and sent nothing.
    Nothing,
    /// In the middle of the request.
    InRequest,
    /// The request is sent, and the response is unread.
    Requested,
    Open,
    InHeader,
    InFrame,
    InMessage,
    /// It sends pings and reads no pongs.
    Pinging,
    /// It has read a part of a long message of ours.
    Reading,
    /// It reads none of many messages of ours, which a flush thread is writing.
    Flooded,
    Closing,
}

const LIVES: [(At, End); 20] = [
    (At::Nothing, Fin),
    (At::InRequest, Fin),
    (At::InRequest, HalfClose),
    (At::Requested, Fin),
    (At::Requested, Reset),
    (At::Open, Fin),
    (At::Open, Reset),
    (At::Open, HalfClose),
    (At::InHeader, Fin),
    (At::InHeader, Reset),
    (At::InFrame, Fin),
    (At::InFrame, Reset),
    (At::InFrame, HalfClose),
    (At::InMessage, Fin),
    (At::InMessage, Reset),
    (At::Pinging, Reset),
    (At::Reading, Reset),
    (At::Flooded, Reset),
    (At::Closing, Fin),
    (At::Closing, Reset),
];

impl At {
    fn is_open(self) -> bool {
        !matches!(self, At::Nothing | At::InRequest | At::Requested)
    }

    /// What the peer sends before it disappears.
    fn bytes(self) -> Vec<u8> {
        match self {
            At::Nothing | At::Open => vec![],
            At::InRequest => HANDSHAKE.as_bytes()[..100].to_vec(),
            At::Requested => format!("{HANDSHAKE}\r\n").into_bytes(),
            At::InHeader => b"\x81\xfe\x01".to_vec(),
            At::InFrame => masked(0x81, [b'x'; 1000])[..500].to_vec(),
            At::InMessage => masked(0x01, "the first part"),
            At::Pinging => masked(0x89, [b'p'; 125]).repeat(1000),
            At::Reading => masked(0x81, "send"),
            At::Flooded => masked(0x81, "try_send"),
            At::Closing => masked(0x88, close(1000, "")),
        }
    }
}

/// A member of the room. It gets a message at once, and more than the sockets hold if it asks for it.
fn serve(ws: WebSocket, room: &Room) {
    static LONG: [u8; 16 * MIB] = [7; 16 * MIB];
    let (mut reader, writer) = ws.split();
    room.add(&writer);
    let _ = writer.send("hello");
    while let Ok(Some(message)) = reader.receive() {
        match message.text() {
            Some("send") => drop(writer.send(&LONG[..])),
            _ => while let Ok(true) = writer.try_send(&LONG[..32 * 1024]) {},
        }
    }
}

/// A peer that disappears in this way.
fn live(site: &Site, (at, end): (At, End)) {
    let mut peer = match at.is_open() {
        true => Peer::open(site),
        false => Peer::connect(site),
    };
    let greeting = plain(0x81, "hello");
    if at.is_open() && matches!(end, Fin | HalfClose) {
        peer.expect(&greeting);
    }
    peer.send(at.bytes());
    match (at, end) {
        (At::Nothing | At::InRequest, _) | (_, Fin) => {}
        (At::Reading | At::Flooded, _) => drop(peer.exactly(64 * 1024)),
        (_, Reset) => assert_ne!(peer.stream.peek(&mut [0]).expect("bytes"), 0),
        (_, HalfClose) => {}
    }
    if let HalfClose = end {
        peer.stream.shutdown(Shutdown::Write).expect("a connection");
        let _ = stage::rest(&mut peer.stream);
    }
}

/// 1,000 peers disappear, 50 at a time, in twenty ways. Nothing is left of them: no descriptor, no
/// thread, no slot, no member of the room, no memory.
#[test]
fn leftovers_of_a_thousand_abrupt_disconnects() {
    const CROWD: usize = 50;
    let _alone = alone();
    watched(|| {
        let before = Measured::now();
        let room = Arc::new(Room::new(Slow::Skip));
        let door = Arc::clone(&room);
        let site = serving(move |ws| serve(ws, &door));
        assert_no_growth(4 * MIB, || {
            for crowd in 0..500 / CROWD {
                let (site, room) = (&site, &room);
                thread::scope(|scope| {
                    for n in 0..CROWD {
                        scope.spawn(move || live(site, LIVES[(n + crowd) % LIVES.len()]));
                    }
                    room.send("who is here?");
                });
                until("all places are free", || site.handle.connections() == 0);
            }
        });
        room.send("anybody?");
        assert!(room.is_empty());
        assert_eq!(site.handle.shutdown(PATIENCE).cut, 0);
        drop(site);
        let after = before.come_back();
        println!("before: {before}\nafter: {after}");
    });
}

/// The same for our client: servers disappear.
#[test]
fn leftovers_of_servers_that_vanish() {
    let _alone = alone();
    watched(|| {
        let before = Measured::now();
        for n in 0..100 {
            let (url, server) = fake_server(|key| switch(key, ""), move |peer| vanish(peer, n));
            if let Ok(mut ws) = barewire::websocket::connect(&url) {
                let _ = ws.send("hello");
                while let Ok(Some(_)) = ws.receive() {}
                assert!(ws.send("anybody?").is_err());
            }
            server.join().expect("a thread");
        }
        let after = before.come_back();
        println!("before: {before}\nafter: {after}");
    });
}

fn vanish(mut peer: Peer, n: usize) {
    let sent: &[u8] = match n % 4 {
        0 => b"",
        1 => b"\x81",
        2 => b"\x81\x05hel",
        _ => b"\x01\x05hello",
    };
    peer.send(sent);
    if n.is_multiple_of(3) {
        // Unread bytes: a reset.
        assert_ne!(peer.stream.peek(&mut [0]).expect("bytes"), 0);
    }
    let _: TcpStream = peer.stream;
}
