//! Peers that never finish a handshake, or never begin one.

use super::stage::{Site, hello, read_to_end, send};
use crate::support::watched;
use std::io::Write;
use std::net::Shutdown;
use std::thread;
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(200);

/// A record of handshake bytes.
fn record(fragment: &[u8]) -> Vec<u8> {
    let length = (fragment.len() as u16).to_be_bytes();
    [&[22, 3, 3][..], &length, fragment].concat()
}

#[test]
fn garbage_ends_the_connection() {
    watched(|| {
        let site = Site::new();
        for bytes in [
            &b"\0\0\0\0\0\0\0\0"[..],
            b"SSH-2.0-OpenSSH_9.2\r\n",
            b"\x16\x03\x01\x00\x05hello",
            b"\x16\x03\x01\xff\xff",
            b"\x15\x03\x03\x00\x02\x02\x28",
            b"\x17\x03\x03\x00\x01x",
            b"\x14\x03\x03\x00\x01\x01\x14\x03\x03\x00\x01\x01\x14\x03\x03\x00\x01\x01",
            b"\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10", // SSL 2
        ] {
            let peer = site.raw_peer();
            send(&peer, bytes);
            let _ = peer.shutdown(Shutdown::Write);
            read_to_end(&peer);
        }
        site.is_empty();
        site.serves();
    });
}

#[test]
fn half_a_handshake_is_cut_by_the_deadline() {
    watched(|| {
        let site = Site::hasty(SHORT);
        let hello = hello();
        let peers: Vec<_> = [0, 1, 5, 100, hello.len()]
            .map(|cut| {
                let peer = site.raw_peer();
                send(&peer, &hello[..cut]);
                peer
            })
            .into();
        for peer in &peers {
            read_to_end(peer);
        }
        site.is_empty();
        site.serves();
    });
}

#[test]
fn bytes_that_come_one_by_one_do_not_extend_the_deadline() {
    watched(|| {
        let site = Site::hasty(SHORT);
        let peer = site.raw_peer();
        let mut writer = peer.try_clone().expect("a descriptor");
        let dripping = thread::spawn(move || {
            // Each byte comes in time, but all of them take longer than the deadline.
            for byte in hello().iter().cycle() {
                if writer.write_all(&[*byte]).is_err() {
                    return;
                }
                thread::sleep(SHORT / 20);
            }
        });
        read_to_end(&peer);
        drop(peer);
        dripping.join().expect("no panic");
        site.is_empty();
        site.serves();
    });
}

#[test]
fn an_endless_handshake_is_refused() {
    watched(|| {
        let site = Site::new();
        // A ClientHello with a length of 16 MiB.
        let peer = site.raw_peer();
        send(&peer, &record(b"\x01\xff\xff\xff"));
        let more = record(&[0; 16 * 1024]);
        let mut sent = 0;
        while sent < 1024 && (&peer).write_all(&more).is_ok() {
            sent += 1;
        }
        assert!(sent < 1024, "16 MiB were taken");
        read_to_end(&peer);

        // Empty records, and messages of an unknown type, without end.
        for one in [record(b""), record(b"\x63\0\0\0")] {
            let peer = site.raw_peer();
            let many = one.repeat(1000);
            let mut sent = 0;
            while sent < 10_000 && (&peer).write_all(&many).is_ok() {
                sent += 1;
            }
            assert!(sent < 10_000, "{one:x?} was taken ten million times");
            read_to_end(&peer);
        }
        site.is_empty();
        site.serves();
    });
}
