//! The write queue of TLS: callers that write, the end, and the reading side, over a way with little
//! room.
//!
//! The certificate is of RSA: its signatures have one size, so that a seed repeats its execution.

use super::{at_once, peer};
use crate::explore::explore;
use crate::net::Stream;
use crate::shim::sync::Arc;
use crate::shim::thread;
use crate::shim::time::Instant;
use crate::tls::{ClientContext, ClientOptions, ServerContext, ServerOptions, Tls};
use std::net::Shutdown;
use std::time::Duration;

const CA: &str = include_str!("../../../../fixtures/tls/ca.crt");
const CERT: &str = include_str!("../../../../fixtures/tls/rsa.crt");
const KEY: &str = include_str!("../../../../fixtures/tls/rsa.key");

/// A client and a server that have met.
fn meet(room: &[usize]) -> [Arc<Tls>; 2] {
    let server = ServerContext::new(&ServerOptions::new().cert(CERT).key(KEY));
    let server = server.expect("a certificate and its key");
    let client = ClientContext::new(&ClientOptions::new().ca(CA)).expect("a certificate");
    let (here, there) = peer(room);
    let accepts = thread::spawn(move || server.accept(Arc::new(there)));
    let deadline = Instant::now() + Duration::from_secs(10);
    let client = client.connect(Arc::new(here), "localhost", deadline);
    let server = accepts.join().expect("the server");
    [client, server].map(|end| Arc::new(end.expect("a handshake")))
}

/// All that is read up to the end. Without close_notify that is an error.
fn read_to_end(stream: &dyn Stream) -> Vec<u8> {
    let mut heard = Vec::new();
    super::read_all(stream, |bytes| heard.extend_from_slice(bytes));
    heard
}

/// One thread writes, another ends: what was written comes, then close_notify and the FIN.
#[test]
fn fault_a19_the_end_follows_all_that_was_written() {
    explore(400, || {
        let [here, there] = meet(&[100, 1000]);
        let writes = {
            let here = Arc::clone(&here);
            // Once only: what it leaves pending must leave without another call.
            thread::spawn(move || here.write(&[7; 500]).unwrap_or(0))
        };
        let ends = {
            let here = Arc::clone(&here);
            thread::spawn(move || here.shutdown(Shutdown::Write).expect("it is open"))
        };
        let reads = thread::spawn(move || read_to_end(&*there).len());
        let written = writes.join().expect("the writer");
        ends.join().expect("the end");
        assert_eq!(reads.join().expect("the peer"), written);
        at_once();
    });
}

/// Both ends write more than the way between them holds, and read at the same time.
#[test]
fn two_ends_that_write_at_once_do_not_wait_for_each_other() {
    explore(400, || {
        let ends = meet(&[100, 1000]).map(|end| {
            thread::spawn(move || {
                let writes = {
                    let end = Arc::clone(&end);
                    thread::spawn(move || {
                        let mut left: &[u8] = &[7; 2000];
                        while !left.is_empty() {
                            let n = end.write(left).expect("the peer reads");
                            left = &left[n..];
                        }
                        end.shutdown(Shutdown::Write).expect("it is open");
                    })
                };
                assert_eq!(read_to_end(&*end), [7; 2000]);
                writes.join().expect("the writer");
            })
        });
        for end in ends {
            end.join().expect("an end");
        }
        at_once();
    });
}
