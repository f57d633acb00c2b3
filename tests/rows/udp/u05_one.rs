use super::{BOOK, bind, next, next_text, socket, socket_at, socket_of_its_own, unless_lacking};
use crate::support::watched;
use barewire::udp::{self, Family};
use std::io::ErrorKind;

#[test]
fn row_u05_a_connected_socket_has_one_peer() {
    watched(|| {
        let (here, peer, stranger) = (socket(), socket(), socket());
        let e = here.send_connected(b"x").unwrap_err();
        assert_eq!(e.kind(), ErrorKind::NotConnected);
        assert_eq!(here.remote_addr(), None);

        here.connect(peer.local_addr().port(), "localhost").unwrap();
        assert_eq!(here.remote_addr(), Some(peer.local_addr()));
        assert_eq!(here.send_connected(b"to my peer").unwrap(), 10);
        assert_eq!(next_text(&peer), "to my peer");
        stranger
            .send_to(b"from a stranger", here.local_addr())
            .unwrap();
        peer.send_to(b"from my peer", here.local_addr()).unwrap();
        let (received, rinfo) = next(&here);
        assert_eq!(received, b"from my peer");
        assert_eq!(rinfo.socket_addr(), peer.local_addr());

        here.connect(stranger.local_addr().port(), "127.0.0.1")
            .unwrap();
        here.send_connected(b"to another").unwrap();
        assert_eq!(next_text(&stranger), "to another");
    });
}

#[test]
fn row_u05_a_connected_socket_gets_the_report_of_a_missing_peer() {
    watched(|| {
        let (here, absent) = (socket(), socket_of_its_own(4));
        absent.close();
        let (address, port) = (
            absent.local_addr().ip().to_string(),
            absent.local_addr().port(),
        );
        here.connect(port, &address).unwrap();
        here.send_connected(b"anybody?").unwrap();
        let e = here.recv(&mut udp::ReceiveBuffer::new()).unwrap_err();
        assert_eq!(e.kind(), ErrorKind::ConnectionRefused);
        here.send_connected(b"told once, and forgotten").unwrap();
    });
}

#[test]
fn row_u05_ipv6_from_end_to_end() {
    watched(|| {
        let Some(server) = unless_lacking("IPv6", bind("[::1]:0")) else {
            return;
        };
        let client = socket_at("[::1]:0");
        let port = server.local_addr().port();
        client.send(BOOK.as_bytes(), 0, 19, port, "::1").unwrap();
        let (msg, rinfo) = next(&server);
        assert_eq!((msg.as_slice(), rinfo.size()), (BOOK.as_bytes(), 19));
        assert_eq!(
            (rinfo.family(), rinfo.port()),
            (Family::V6, client.local_addr().port())
        );
        assert_eq!(rinfo.family().to_string(), "IPv6");
        assert_eq!(rinfo.to_string(), client.local_addr().to_string());
        server.connect(rinfo.port(), "::1").unwrap();
        server.send_connected(b"and back").unwrap();
        assert_eq!(next_text(&client), "and back");
    });
}

#[test]
fn row_u05_a_socket_of_all_ipv6_speaks_ipv4_too() {
    watched(|| {
        let Some(six) = unless_lacking("IPv6", bind("[::]:0")) else {
            return;
        };
        let four = socket();
        let sent = six.send(b"mapped", 0, 6, four.local_addr().port(), "127.0.0.1");
        if unless_lacking("IPv4 on sockets of IPv6", sent).is_none() {
            return;
        }
        let (msg, rinfo) = next(&four);
        assert_eq!((msg, rinfo.family()), (b"mapped".to_vec(), Family::V4));
        four.send_to(b"and back", rinfo.socket_addr()).unwrap();
        let (msg, rinfo) = next(&six);
        assert_eq!(msg, b"and back");
        assert_eq!(rinfo.address().to_string(), "::ffff:127.0.0.1");
    });
}

#[test]
fn row_u05_a_used_port_is_an_error_that_names_it() {
    watched(|| {
        let one = socket();
        let e = udp::create_socket(Family::V4)
            .bind(one.local_addr())
            .unwrap_err();
        assert_eq!(e.kind(), ErrorKind::AddrInUse);
        let what = format!("cannot bind UDP {}: ", one.local_addr());
        assert!(e.to_string().starts_with(&what), "{e}");
    });
}
