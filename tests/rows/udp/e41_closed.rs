use super::{next_text, socket, socket_in_place_of, socket_of_its_own};
use crate::support::watched;
use barewire::udp::{ReceiveBuffer, is_closed};
use std::net::Ipv4Addr;

/// The notes: to have `message` again after `close`, bind again. But the socket is closed for good;
/// another socket can have its port at once.
#[test]
fn erratum_e41_a_closed_socket_stays_closed_and_another_takes_its_port() {
    watched(|| {
        let (old, client) = (socket_of_its_own(1), socket());
        old.close();
        old.close();
        let group = Ipv4Addr::new(239, 255, 41, 41);
        let all = [
            old.recv(&mut ReceiveBuffer::new()).map(drop),
            old.send(b"x", 0, 1, 9, "127.0.0.1").map(drop),
            old.connect(9, "127.0.0.1"),
            old.send_connected(b"x").map(drop),
            old.set_read_timeout(None),
            old.set_broadcast(true),
            old.set_ttl(1),
            old.set_multicast_ttl(1),
            old.set_multicast_loopback(true),
            old.join_v4(group, Ipv4Addr::LOCALHOST),
            old.leave_v4(group, Ipv4Addr::LOCALHOST),
        ];
        for call in all {
            let e = call.unwrap_err();
            assert!(is_closed(&e), "{e}");
            let what = "the socket is closed; it cannot be bound again: create another one";
            assert_eq!(e.to_string(), what);
        }
        old.on_message(|_, _, _| panic!("a message")).unwrap(); // over before it began
        assert_eq!(old.remote_addr(), None);

        let new = socket_in_place_of(&old);
        client.send_to(b"again", old.local_addr()).unwrap();
        assert_eq!(next_text(&new), "again");
    });
}
