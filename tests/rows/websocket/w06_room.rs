//! W06: one message for many connections, encoded once.

use super::stage::{Peer, close, masked, plain, serving, until};
use crate::support::{Site, watched};
use barewire::websocket::{Delivered, Room, Slow};
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
