use super::socket;
use crate::support::watched;
use barewire::net::is_timeout;
use barewire::udp::{ReceiveBuffer, Received};
use std::time::{Duration, Instant};

#[test]
fn row_u04_a_truncated_datagram_is_marked() {
    watched(|| {
        let (server, client) = (socket(), socket());
        let messages = [&b"four"[..], b"fives", b"", &[7; 60_000]];
        for message in messages {
            client.send_to(message, server.local_addr()).unwrap();
        }
        let mut buffer = ReceiveBuffer::with_capacity(4);
        for message in messages {
            let Received { bytes, rinfo } = server.recv(&mut buffer).unwrap();
            let fits = message.len().min(4);
            assert_eq!(bytes, &message[..fits]);
            assert_eq!((rinfo.size(), rinfo.truncated()), (fits, message.len() > 4));
            assert_eq!(rinfo.socket_addr(), client.local_addr());
        }
    });
}

#[test]
fn row_u04_an_empty_datagram_is_a_message() {
    watched(|| {
        let (server, client) = (socket(), socket());
        let mut sizes = Vec::new();
        for message in [&b""[..], b"x", b""] {
            client.send_to(message, server.local_addr()).unwrap();
        }
        let on_message = |socket: &_, _: &_, rinfo: &barewire::udp::RemoteInfo| {
            sizes.push(rinfo.size());
            if sizes.len() == 3 {
                barewire::udp::Socket::close(socket);
            }
        };
        server.on_message(on_message).unwrap();
        assert_eq!(sizes, [0, 1, 0]);
    });
}

#[test]
fn row_u04_a_read_timeout_leaves_the_socket_as_it_was() {
    watched(|| {
        let (server, client) = (socket(), socket());
        let mut buffer = ReceiveBuffer::new();
        for timeout in [Duration::ZERO, Duration::from_millis(20)] {
            let began = Instant::now();
            server.set_read_timeout(Some(timeout)).unwrap();
            assert!(is_timeout(&server.recv(&mut buffer).unwrap_err()));
            assert!(began.elapsed() >= timeout);
        }
        server.set_read_timeout(None).unwrap();
        client.send_to(b"now", server.local_addr()).unwrap();
        assert_eq!(server.recv(&mut buffer).unwrap().bytes, b"now");
    });
}
