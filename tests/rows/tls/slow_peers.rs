//! Peers of a `net` server under TLS that read slowly, or not at all: as without TLS (see
//! `tests/rows/net/slow_peers.rs`), except that a cut is never mistaken for an end.

use super::stage::{client, server};
use crate::support::{Log, steady, watched};
use barewire::net::{self, Handle, ServerEvents, Socket, SocketEvents};
use barewire::tls::{self, ServerContext};
use std::io::{self, ErrorKind};
use std::thread;
use std::time::{Duration, Instant};

const MUCH: usize = 15 * 1024 * 1024;
const LIMIT: Duration = Duration::from_secs(1);
const SHORT: Duration = Duration::from_millis(50);

fn serve(below: net::Server<impl ServerEvents>) -> Handle {
    let context = ServerContext::new(&server("server")).unwrap();
    tls::Server::new(context, below)
        .listen("127.0.0.1:0")
        .unwrap()
}

fn dial(handle: &Handle) -> Socket {
    tls::connect(&handle.local_addr().to_string(), &client()).unwrap()
}

/// Reads 16 KiB every 2 ms to the end, which takes longer than [`LIMIT`].
fn read_slowly(socket: &Socket) -> io::Result<usize> {
    let (began, mut piece, mut all) = (Instant::now(), [0; 16 * 1024], 0);
    while let n @ 1.. = socket.read(&mut piece)? {
        all += n;
        thread::sleep(Duration::from_millis(2));
    }
    assert!(
        began.elapsed() > LIMIT,
        "the reader was too fast for this test"
    );
    Ok(all)
}

/// Records events that must not occur, and ends the socket when the queue has emptied.
struct Ends(Log);

impl SocketEvents for Ends {
    fn drain(&self, socket: &Socket) {
        socket.set_timeout(None); // only the peer sees the bytes in the kernel's buffer move
        socket.end().unwrap();
    }

    fn timeout(&self, _socket: &Socket) {
        self.0.note("timeout");
    }

    fn error(&self, _socket: &Socket, error: &io::Error) {
        self.0.note(format!("{:?}", error.kind()));
    }

    fn close(&self, _socket: &Socket, _had_error: bool) {
        self.0.note("close");
    }
}

#[test]
fn fault_a10_a11_a_slow_reader_gets_all_of_it_under_tls() {
    steady(LIMIT / 4, || {
        let log = Log::default();
        let events = log.clone();
        let below = net::create_server(move |socket| {
            socket.set_timeout(Some(LIMIT));
            socket.write(vec![7; MUCH]);
            socket.run(Ends(events.clone()))
        });
        let handle = serve(below.stall_timeout(LIMIT));
        let peer = dial(&handle);
        assert_eq!(read_slowly(&peer).unwrap(), MUCH);
        drop(peer);
        log.wait_for("close");
        assert_eq!(log.all(), ["close"]);
        handle.shutdown(Duration::from_secs(5));
    });
}

/// The handler returns while another thread writes, and the end waits for it.
#[test]
fn fault_a19_a21_the_end_follows_what_another_thread_writes_under_tls() {
    steady(LIMIT / 4, || {
        let below = net::create_server(|socket| {
            let writer = socket.clone();
            writer.write_all("begun").unwrap();
            thread::spawn(move || writer.write_all(vec![7; MUCH]));
            while socket.bytes_written() <= 5 {
                thread::sleep(Duration::from_millis(1));
            }
            Ok(())
        });
        let handle = serve(below.stall_timeout(LIMIT));
        let peer = dial(&handle);
        assert_eq!(read_slowly(&peer).unwrap(), 5 + MUCH);
        handle.shutdown(Duration::from_secs(5));
    });
}

/// The peer reads nothing, or sends nothing: the cut does not look like an end to it.
#[test]
fn fault_a10_d01_a_cut_is_not_an_end_under_tls() {
    watched(|| {
        for writes in [true, false] {
            let log = Log::default();
            let events = log.clone();
            let below = net::create_server(move |socket| {
                let done = match writes {
                    true => socket.write_all(vec![7; MUCH]),
                    false => socket.read(&mut [0; 8]).map(drop),
                };
                events.note(format!("{:?}", done.map_err(|e| e.kind())));
                Ok(())
            });
            let below = below.stall_timeout(SHORT).idle_timeout(Some(SHORT));
            let handle = serve(below);
            let peer = dial(&handle);
            log.wait_for("Err(ConnectionAborted)");
            let mut piece = vec![0; 1 << 20];
            let end = loop {
                match peer.read(&mut piece) {
                    Ok(0) => panic!("the cut looks like an end"),
                    Ok(_) => {}
                    Err(e) => break e.kind(),
                }
            };
            let cut = [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset];
            assert!(cut.contains(&end), "{end:?}");
            handle.shutdown(Duration::from_secs(5));
        }
    });
}
