//! Handshakes that succeed.

use super::*;

#[test]
fn both_sides_report_what_was_negotiated() {
    within(|| {
        for version in VERSIONS {
            let (here, there) = pipe();
            let (client, server) = meet(Arc::new(here), Arc::new(there), version);
            assert_eq!(client.protocol(), server.protocol());
            assert_eq!(client.cipher(), server.cipher());
            assert!(client.cipher().starts_with("TLS_"), "{}", client.cipher());
            assert_eq!(server.servername(), Some("localhost"));
            assert_eq!(client.peer_certificates().len(), 1);
            assert!(server.peer_certificates().is_empty());
            assert!(!client.is_session_reused());
        }
    });
}

#[test]
fn bytes_go_both_ways() {
    within(|| {
        for version in VERSIONS {
            let (here, there) = pipe();
            let (client, server) = meet(Arc::new(here), Arc::new(there), version);
            let mut buf = [0; 16];
            assert_eq!(client.write(b"ping").unwrap(), 4);
            assert_eq!(server.read(&mut buf).unwrap(), 4);
            let slices = [IoSlice::new(b"po"), IoSlice::new(b"ng!")];
            assert_eq!(server.write_vectored(&slices).unwrap(), 5);
            assert_eq!(client.read(&mut buf).unwrap(), 5);
            assert_eq!(&buf[..5], b"pong!");
        }
    });
}

#[test]
fn tickets_leave_before_the_client_sends_data() {
    within(|| {
        let (client, _server) = met();
        let arrived = client.get_ref().try_read(&mut [0; 4096]).unwrap();
        assert!(arrived.is_some_and(|n| n > 0), "{arrived:?}");
    });
}
