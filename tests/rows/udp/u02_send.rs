use super::{BOOK, bind, next, next_text, socket, socket_at, unless_lacking};
use crate::support::watched;
use barewire::udp::is_closed;
use std::io::ErrorKind;

#[test]
fn row_u02_send_completes_with_the_byte_count_and_then_close() {
    watched(|| {
        let (server, client) = (socket(), socket());
        let (buf, port) = (BOOK.as_bytes(), server.local_addr().port());
        assert_eq!(
            client.send(buf, 0, buf.len(), port, "localhost").unwrap(),
            19
        );
        client.close();
        assert_eq!(next_text(&server), BOOK); // what was sent is on its way
    });
}

#[test]
fn row_u02_offset_and_length_choose_the_part() {
    watched(|| {
        let (server, client) = (socket(), socket());
        let port = server.local_addr().port();
        let send = |offset, length| {
            let buf = BOOK.as_bytes();
            client.send(buf, offset, length, port, "127.0.0.1")
        };
        assert_eq!(send(12, 4).unwrap(), 4);
        assert_eq!(send(0, 6).unwrap(), 6);
        assert_eq!(send(19, 0).unwrap(), 0);
        for text in ["Node", "深入", ""] {
            assert_eq!(next_text(&server), text);
        }
        for (offset, length) in [(0, 20), (20, 0), (12, 8), (usize::MAX, 2)] {
            let e = send(offset, length).unwrap_err();
            assert_eq!(e.kind(), ErrorKind::InvalidInput, "{e}");
        }
        let e = send(12, 8).unwrap_err().to_string();
        assert_eq!(e, "8 bytes from offset 12 on: the buffer has 19");
    });
}

#[test]
fn row_u02_a_message_has_a_largest_size() {
    watched(|| {
        largest("127.0.0.1:0", 65_507);
        if unless_lacking("IPv6", bind("[::1]:0")).is_some() {
            largest("[::1]:0", 65_527);
        }
    });
}

fn largest(place: &str, most: usize) {
    let (server, client) = (socket_at(place), socket_at(place));
    let message: Vec<u8> = (0..=most).map(|at| at as u8).collect();
    let sent = client.send_to(&message[..most], server.local_addr());
    assert_eq!(sent.unwrap(), most);
    let (received, rinfo) = next(&server);
    assert!(received == message[..most], "it arrives as it was sent");
    assert_eq!((rinfo.size(), rinfo.truncated()), (most, false));

    let e = client.send_to(&message, server.local_addr()).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::InvalidInput);
    let why = format!("a datagram has room for {most}");
    assert!(e.to_string().contains(&why), "{e}");
}

#[test]
fn row_u02_a_message_that_cannot_be_sent_is_an_error_with_its_reason() {
    watched(|| {
        let client = socket();
        let send = |port, address| client.send(b"x", 0, 1, port, address).unwrap_err();
        let e = send(0, "127.0.0.1");
        let why = "127.0.0.1:0: no socket has port 0";
        assert_eq!(
            (e.kind(), e.to_string().as_str()),
            (ErrorKind::InvalidInput, why)
        );
        let e = send(9, "::1");
        let why = "[::1]:9 is no IPv4 address: create a socket with Family::V6";
        assert_eq!(
            (e.kind(), e.to_string().as_str()),
            (ErrorKind::InvalidInput, why)
        );
        let e = send(9, "not a host name").to_string();
        assert!(e.starts_with("no host \"not a host name\": "), "{e}");
        client.close();
        assert!(is_closed(&send(9, "127.0.0.1")));
    });
}
