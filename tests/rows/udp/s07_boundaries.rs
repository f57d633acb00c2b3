use super::{next, socket};
use crate::support::watched;

/// The notes' message, 64 characters.
const MESSAGE: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[test]
fn row_s07_udp_eighteen_sends_are_eighteen_messages() {
    watched(|| {
        assert_eq!(MESSAGE.len(), 64);
        let (server, client) = (socket(), socket());
        for _ in 0..18 {
            let sent = client.send_to(MESSAGE.as_bytes(), server.local_addr());
            assert_eq!(sent.unwrap(), 64);
        }
        for _ in 0..18 {
            assert_eq!(next(&server).0, MESSAGE.as_bytes());
        }
    });
}

#[test]
fn row_s07_udp_no_size_sticks_to_the_next() {
    watched(|| {
        let (server, client) = (socket(), socket());
        for size in [100, 200, 0, 1, 1_472, 1_473, 9_000, 0, 50] {
            client
                .send_to(&vec![size as u8; size], server.local_addr())
                .unwrap();
            client.send_to(b"|", server.local_addr()).unwrap();
            assert_eq!(next(&server).0, vec![size as u8; size]);
            assert_eq!(next(&server).0, b"|");
        }
    });
}
