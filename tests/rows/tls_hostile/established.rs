//! Peers that misbehave after the handshake.

use super::stage::{Site, echoes};
use crate::support::{PATIENCE, watched};
use barewire::net::{Socket, is_timeout};
use barewire::tls::Tls;
use std::io::{ErrorKind, Read};
use std::time::Duration;

/// A server, and a client whose handshake is done on both sides.
fn established() -> (Site, Socket) {
    let site = Site::new();
    let client = site.client();
    echoes(&client, b"hello");
    (site, client)
}

fn tls(client: &Socket) -> &Tls {
    Tls::of(&**client.stream()).expect("it is TLS")
}

#[test]
fn key_updates_between_data_are_accepted() {
    watched(|| {
        let site = Site::new();
        let client = site.client();
        for _ in 0..100 {
            tls(&client).update_keys().expect("TLS 1.3");
            echoes(&client, b"hello");
        }
    });
}

#[test]
fn key_updates_without_data_are_refused() {
    watched(|| {
        let site = Site::new();
        let client = site.client();
        let stream = client.stream();
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        let mut asked = 0;
        while asked < 100_000 && tls(&client).update_keys().is_ok() {
            asked += 1;
        }
        assert!(asked < 100_000, "the server accepted every KeyUpdate");
        let mut buf = [0; 16];
        assert!(!matches!(stream.read(&mut buf), Ok(1..)));
        drop(client);
        site.is_empty();
        site.serves();
    });
}

#[test]
fn a_peer_that_reads_nothing_is_not_sent_more() {
    watched(|| {
        let site = Site::new();
        let client = site.client();
        let stream = client.stream();
        stream
            .set_write_timeout(Some(Duration::from_millis(200)))
            .expect("a timeout");
        let (block, mut sent) = (vec![b'x'; 64 * 1024], 0_u64);
        // The echo is not read: in the end neither side has room to send.
        let error = loop {
            match stream.write(&block) {
                Ok(n) => sent += n as u64,
                Err(e) => break e,
            }
            assert!(sent < 1 << 30, "a gibibyte is buffered somewhere");
        };
        assert!(is_timeout(&error), "{error}");
        site.serves();
        site.has(1);
        assert_eq!(site.0.shutdown(Duration::ZERO).cut, 1);
        assert_eq!(site.0.connections(), 0);
    });
}

#[test]
fn records_that_were_not_sealed_end_the_connection() {
    watched(|| {
        let (site, client) = established();
        let below = tls(&client).get_ref();
        below
            .write_all(b"\x17\x03\x03\x00\x20 this was never sealed by anyone ")
            .expect("it is open");
        let mut buf = [0; 16];
        let error = client.stream().read(&mut buf).expect_err("an alert");
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
        drop(client);
        site.is_empty();
        site.serves();
    });
}

#[test]
fn a_fin_without_close_notify_is_a_cut() {
    watched(|| {
        let (site, client) = established();
        let below = tls(&client).get_ref();
        below
            .shutdown(std::net::Shutdown::Write)
            .expect("it is open");
        // The server has read a cut, not an end, and pipes nothing further.
        let mut rest = Vec::new();
        let _ = (&mut &client).read_to_end(&mut rest);
        assert_eq!(rest, b"");
        drop(client);
        site.is_empty();
    });
}

#[test]
fn a_reset_at_any_moment_leaks_nothing() {
    watched(|| {
        let site = Site::new();
        for _ in 0..50 {
            let client = site.client();
            client.write_all(vec![b'x'; 300_000]).expect("it is open");
            // Because of unread bytes this sends a reset, and no alert.
            let _ = tls(&client).get_ref().shutdown(std::net::Shutdown::Both);
        }
        site.is_empty();
        site.serves();
    });
}
