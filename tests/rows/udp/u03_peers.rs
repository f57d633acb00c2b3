use super::{next, next_text, socket};
use crate::support::watched;
use barewire::udp::{RemoteInfo, Socket, SocketEvents};
use std::thread;

/// Answers each message to where it came from.
struct Louder;

impl SocketEvents for Louder {
    fn message(&self, socket: &Socket, msg: &[u8], rinfo: &RemoteInfo) {
        let answer = msg.to_ascii_uppercase();
        socket.send_to(&answer, rinfo.socket_addr()).unwrap();
    }
}

#[test]
fn row_u03_one_socket_talks_with_several_peers() {
    watched(|| {
        let server = socket().start(Louder).unwrap();
        let peers: Vec<Socket> = (0..5).map(|_| socket()).collect();
        for (n, peer) in peers.iter().enumerate() {
            let text = format!("peer {n}");
            peer.send_to(text.as_bytes(), server.local_addr()).unwrap();
        }
        for (n, peer) in peers.iter().enumerate() {
            let (answer, rinfo) = next(peer);
            assert_eq!(answer, format!("PEER {n}").into_bytes());
            assert_eq!(rinfo.socket_addr(), server.local_addr());
        }
        server.stop();
        server.wait().unwrap();
    });
}

#[test]
fn row_u03_a_server_may_ask_too() {
    watched(|| {
        let (here, there) = (socket(), socket());
        here.send_to(b"ping", there.local_addr()).unwrap();
        there.send_to(b"ping", here.local_addr()).unwrap();
        for end in [&here, &there] {
            let (ping, rinfo) = next(end);
            assert_eq!(ping, b"ping");
            end.send_to(b"pong", rinfo.socket_addr()).unwrap();
        }
        assert_eq!([next_text(&here), next_text(&there)], ["pong", "pong"]);
    });
}

#[test]
fn row_u03_clones_are_the_same_socket_on_every_thread() {
    watched(|| {
        const EACH: usize = 50;
        let (here, there) = (socket(), socket());
        let mut from = Vec::new();
        thread::scope(|scope| {
            for _ in 0..4 {
                let (here, to) = (here.clone(), there.local_addr());
                scope.spawn(move || {
                    for _ in 0..EACH {
                        here.send_to(b"x", to).unwrap();
                    }
                });
            }
            for _ in 0..4 * EACH {
                from.push(next(&there).1.socket_addr());
            }
        });
        assert!(from.iter().all(|from| *from == here.local_addr()));
    });
}
