//! W06: one message for many connections, encoded once.

use super::stage::{Peer, close, masked, plain, serving, until, writers};
use crate::support::{PATIENCE, Site, watched};
use barewire::websocket::{Acceptor, Config, Delivered, Room, Slow, Writer};
use std::sync::Arc;

/// A server whose connections are all in one room.
fn crowded(slow: Slow) -> (Site, Arc<Room>) {
    let room = Arc::new(Room::new(slow));
    let door = Arc::clone(&room);
    let site = serving(move |ws| {
        let (mut reader, writer) = ws.split();
        door.add(&writer);
        while let Ok(Some(_)) = reader.receive() {}
    });
    (site, room)
}

#[test]
fn row_w06_every_member_gets_the_message() {
    watched(|| {
        let (site, room) = crowded(Slow::Skip);
        let mut peers: Vec<Peer> = (0..20).map(|_| Peer::open(&site)).collect();
        until("all are here", || room.len() == 20);
        let delivered = room.send("news");
        assert_eq!(delivered, Delivered { sent: 20, slow: 0 });
        for peer in &mut peers {
            peer.expect(plain(0x81, "news"));
        }
        // A member that has left gets no more messages.
        let mut first = peers.remove(0);
        first.send(masked(0x88, close(1000, "")));
        first.expect(plain(0x88, close(1000, "")));
        first.ended();
        assert_eq!(room.send("more").sent, 19);
        assert_eq!(room.len(), 19);
    });
}

/// No message is sent, so none finds out which members have left: `add` removes them.
#[test]
fn row_w06_a_silent_room_does_not_grow() {
    watched(|| {
        let (site, room) = crowded(Slow::Skip);
        for _ in 0..100 {
            let mut peer = Peer::open(&site);
            peer.send(masked(0x88, close(1000, "")));
            peer.expect(plain(0x88, close(1000, "")));
            peer.ended();
            drop(peer);
            until("it has left", || site.handle.connections() == 0);
        }
        assert!(room.len() < 10, "{}", room.len());
    });
}

#[test]
fn row_w06_a_message_waits_for_no_member() {
    watched(|| {
        for slow in [Slow::Skip, Slow::Close] {
            let (site, room) = crowded(slow);
            let mut reads = Peer::open(&site);
            until("one is here", || room.len() == 1);
            let _does_not = Peer::open(&site);
            until("both are here", || room.len() == 2);
            let news = vec![0; 60_000];
            loop {
                let delivered = room.send(&news);
                reads.expect(plain(0x82, &news));
                if delivered.slow > 0 {
                    assert_eq!(delivered, Delivered { sent: 1, slow: 1 });
                    break;
                }
            }
            if slow == Slow::Close {
                until("it is no member", || {
                    room.send("x").slow == 0 && room.len() == 1
                });
            }
        }
    });
}

/// Five long messages in a row, faster than a member can read: a member that reads gets all of them. One that reads
/// nothing costs the limit and two messages at most, and is closed.
#[test]
fn fault_w06_long_messages_close_no_member_that_reads() {
    watched(|| {
        let config = Config {
            max_buffered: 1 << 20,
            ..Config::default()
        };
        let (site, writers) = writers(Acceptor::new().config(config));
        let room = Room::new(Slow::Close);
        let mut reads = Peer::open(&site);
        let reading = writers.recv_timeout(PATIENCE).expect("a WebSocket");
        let _does_not = Peer::open(&site);
        let stuck = writers.recv_timeout(PATIENCE).expect("a WebSocket");
        assert!(room.add(&reading) && room.add(&stuck));

        let long = vec![7; 200_000];
        let expected = plain(0x82, &long);
        for _ in 0..5 {
            assert_eq!(room.send(&long), sent(2)); // nothing is read in between
        }
        (0..5).for_each(|_| reads.expect(&expected));

        let mut most = 0;
        while room.send(&long).slow == 0 {
            most = most.max(stuck.buffered_amount());
            reads.expect(&expected);
        }
        reads.expect(&expected);
        assert!(most <= (1 << 20) + 2 * expected.len() as u64, "{most}");
        assert!(reading.is_open() && !stuck.is_open());
        assert!(room.members().iter().all(|member| member.is_same(&reading)));
    });
}

/// One message, whatever its length, makes no member slow that had none before it.
#[test]
fn row_w06_one_message_of_any_length_closes_no_member() {
    watched(|| {
        let (site, writers) = writers(Acceptor::new());
        let mut peer = Peer::open(&site);
        let member = writers.recv_timeout(PATIENCE).expect("a WebSocket");
        let room = Room::new(Slow::Close);
        room.add(&member);
        let long = vec![7; 40 << 20];
        assert_eq!(room.send(&long), sent(1));
        assert_eq!(room.send("and a short one"), sent(1));
        peer.expect(plain(0x82, &long));
        peer.expect(plain(0x81, "and a short one"));
    });
}

#[test]
fn row_w06_a_room_lists_its_members_and_closes_all() {
    watched(|| {
        let (_site, mut peers, writers) = connected(3);
        let room = Room::default();
        writers.iter().for_each(|member| _ = room.add(member));
        writers[1].close(1000, "").expect("a code");
        let members = room.members();
        assert_eq!(members.len(), 2);
        assert!(members[0].is_same(&writers[0]) && members[1].is_same(&writers[2]));

        assert!(room.close(1005, "").is_err()); // no code for a frame: nothing is sent
        assert!(room.close(1000, "x".repeat(124)).is_err());
        assert_eq!(room.len(), 2);
        room.send("that is all");
        room.close(4000, String::from("over")).expect("a code");
        assert!(room.is_empty() && room.members().is_empty());
        for at in [0, 2] {
            peers[at].expect(plain(0x81, "that is all"));
            peers[at].expect(plain(0x88, close(4000, "over")));
        }
        peers[1].expect(plain(0x88, close(1000, "")));
        assert!(room.close(1005, "").is_err()); // wrong for nobody, too
        assert!(room.close(1000, "").is_ok());
    });
}

/// A server and some connections to it: the peers, and the writers at the server.
fn connected(count: usize) -> (Site, Vec<Peer>, Vec<Writer>) {
    let (site, opened) = writers(Acceptor::new());
    let one = |_| {
        let peer = Peer::open(&site);
        (peer, opened.recv_timeout(PATIENCE).expect("a WebSocket"))
    };
    let (peers, writers) = (0..count).map(one).unzip();
    (site, peers, writers)
}

fn sent(sent: usize) -> Delivered {
    Delivered { sent, slow: 0 }
}

/// A connection that is added twice is one member; removed, it is none.
#[test]
fn fault_d08_a_room_is_a_set() {
    watched(|| {
        let (_site, mut peers, writers) = connected(2);
        let room = Room::new(Slow::Skip);
        assert!(!room.remove(&writers[0]));
        assert!(room.add(&writers[0]) && room.add(&writers[1]));
        assert!(!room.add(&writers[0]) && !room.add(&writers[0].clone()));
        assert_eq!((room.len(), room.send("one")), (2, sent(2)));
        assert!(room.remove(&writers[0].clone()) && !room.remove(&writers[0]));
        assert_eq!((room.len(), room.send("two")), (1, sent(1)));
        assert!(room.add(&writers[0]));
        assert_eq!(room.send("three"), sent(2));
        for text in ["one", "three"] {
            peers[0].expect(plain(0x81, text)); // each of them once
        }
        for text in ["one", "two", "three"] {
            peers[1].expect(plain(0x81, text));
        }
    });
}

#[test]
fn fault_d08_a_connection_changes_rooms() {
    watched(|| {
        let (_site, mut peers, writers) = connected(2);
        let (tea, coffee) = (Room::new(Slow::Skip), Room::new(Slow::Skip));
        writers.iter().for_each(|writer| assert!(tea.add(writer)));
        assert!(tea.remove(&writers[0]) && coffee.add(&writers[0]));
        assert_eq!((tea.send("tea"), coffee.send("coffee")), (sent(1), sent(1)));
        // It may be in both.
        assert!(tea.add(&writers[0]));
        assert_eq!(tea.send("more"), sent(2));
        peers[0].expect(plain(0x81, "coffee"));
        peers[0].expect(plain(0x81, "more"));
        peers[1].expect(plain(0x81, "tea"));
        peers[1].expect(plain(0x81, "more"));
    });
}

/// The member from which a message comes does not get it back.
#[test]
fn fault_d08_all_but_one_get_the_message() {
    watched(|| {
        let (_site, mut peers, writers) = connected(3);
        let room = Room::new(Slow::Skip);
        writers.iter().for_each(|writer| assert!(room.add(writer)));
        assert_eq!(room.send_except(&writers[1], "news"), sent(2));
        assert_eq!(room.send("for all"), sent(3));
        peers[1].expect(plain(0x81, "for all"));
        for peer in [0, 2] {
            peers[peer].expect(plain(0x81, "news"));
            peers[peer].expect(plain(0x81, "for all"));
        }
        // One that is no member changes nothing.
        assert!(room.remove(&writers[1]));
        assert_eq!(room.send_except(&writers[1], "others"), sent(2));
        assert_eq!((room.len(), writers[1].is_open()), (2, true));
    });
}

/// `len` counts no member that has left: by a Close frame, or because both halves were dropped. No message and
/// no `add` is needed.
#[test]
fn fault_d08_the_length_is_exact_and_empty_rooms_can_be_swept() {
    watched(|| {
        let (_site, mut peers, writers) = connected(3);
        let mut rooms = vec![Room::new(Slow::Skip), Room::new(Slow::Close)];
        for room in &rooms {
            writers.iter().for_each(|writer| assert!(room.add(writer)));
            assert_eq!((room.len(), room.is_empty()), (3, false));
        }
        // Our Close frame: the writer lives, and no message can follow.
        writers[0].close(1000, "").expect("a code");
        assert_eq!((rooms[0].len(), rooms[1].len()), (2, 2));
        // The peer's.
        peers[1].send(masked(0x88, close(1000, "")));
        peers[1].expect(plain(0x88, close(1000, "")));
        until("it has left", || rooms[0].len() == 1);
        rooms.retain(|room| !room.is_empty());
        assert_eq!(rooms.len(), 2);
        drop(writers);
        peers[2].finish();
        until("all have left", || rooms[1].is_empty());
        rooms.retain(|room| !room.is_empty());
        assert_eq!(rooms.len(), 0);
    });
}
