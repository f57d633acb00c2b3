//! Beside the rows: a half-close over a full socket, and beside a blocked writer (faults A18 to A20).

use super::stage::{client, server};
use crate::support::{PATIENCE, watched};
use barewire::net::{Handle, Socket, Stream, is_timeout};
use barewire::tls;
use std::io::{self, Read};
use std::net::Shutdown;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

/// A server whose handler is `fills`; the channel says how many bytes the stream took.
fn serving(
    to: &str,
    fills: fn(&dyn Stream, &Sender<usize>) -> io::Result<()>,
) -> (Handle, Receiver<usize>) {
    let (takes, taken) = channel();
    let takes = Mutex::new(takes);
    let handler = move |socket: Socket| {
        let takes = takes.lock().unwrap().clone();
        fills(&**socket.stream(), &takes)
    };
    let server = tls::create_server(&server("server"), handler).unwrap();
    (server.listen(to).unwrap(), taken)
}

fn everywhere(
    name: &'static str,
    fills: fn(&dyn Stream, &Sender<usize>) -> io::Result<()>,
    meets: fn(Socket, &Receiver<usize>),
) {
    watched(move || {
        let file = format!("barewire-{}-{name}.sock", std::process::id());
        let unix = format!("unix:{}", std::env::temp_dir().join(file).display());
        for to in ["127.0.0.1:0", &unix] {
            let (handle, taken) = serving(to, fills);
            let to = match handle.local_addr().port() {
                Some(port) => format!("localhost:{port}"),
                None => to.to_owned(),
            };
            meets(tls::connect(&to, &client()).unwrap(), &taken);
            assert_eq!(handle.shutdown(PATIENCE).cut, 0);
        }
    });
}

/// Writes until there is no room. Returns how many bytes the stream took.
fn fill(stream: &dyn Stream) -> io::Result<usize> {
    let mut taken = 0;
    while let Some(n) = stream.try_write(&[7; 10_000])? {
        taken += n;
    }
    Ok(taken)
}

/// Reads to the end. Returns how many bytes came. An end without close_notify is an error.
fn read_all(mut socket: Socket) -> usize {
    let mut all = Vec::new();
    socket.read_to_end(&mut all).unwrap()
}

#[test]
fn fault_a20_an_end_at_a_full_socket_is_pending_and_arrives() {
    everywhere(
        "a20",
        |stream, takes| {
            let taken = fill(stream)?;
            stream.set_write_timeout(Some(Duration::ZERO))?;
            for _ in 0..2 {
                let pending = stream.shutdown(Shutdown::Write).unwrap_err();
                assert!(is_timeout(&pending), "{pending}");
            }
            takes.send(taken).unwrap();
            stream.set_write_timeout(Some(PATIENCE))?;
            stream.shutdown(Shutdown::Write)
        },
        |socket, taken| {
            let taken = taken.recv().unwrap();
            let read = read_all(socket);
            assert!(read >= taken, "{read} of {taken}");
        },
    );
}

#[test]
fn fault_a18_a_lingering_close_over_a_full_socket_sends_the_end() {
    everywhere(
        "a18",
        |stream, takes| {
            let taken = fill(stream)?;
            stream.set_write_timeout(Some(Duration::ZERO))?;
            let pending = stream.shutdown(Shutdown::Write).unwrap_err();
            assert!(is_timeout(&pending), "{pending}");
            takes.send(taken).unwrap();
            while stream.read(&mut [0; 1000])? > 0 {} // a lingering close
            Ok(())
        },
        |socket, taken| {
            let taken = taken.recv().unwrap();
            // The server reads, so the client can write although it has not read anything.
            socket.write_all(vec![8; 300_000]).unwrap();
            let read = read_all(socket);
            assert!(read >= taken, "{read} of {taken}");
        },
    );
}

#[test]
fn fault_a19_an_end_beside_a_blocked_writer_is_sent_by_that_writer() {
    const BYTES: usize = 20 << 20;
    everywhere(
        "a19",
        |stream, takes| {
            thread::scope(|scope| {
                let writer = scope.spawn(|| {
                    let all = vec![7; BYTES];
                    let mut written = 0;
                    while let Ok(n) = stream.write(&all[written..]) {
                        written += n;
                    }
                    written
                });
                // When there is no room any more, the writer waits.
                while stream.try_write(&[])?.is_some() {
                    thread::yield_now();
                }
                stream.shutdown(Shutdown::Write)?;
                takes.send(0).unwrap();
                takes.send(writer.join().unwrap()).unwrap();
                stream.shutdown(Shutdown::Write)
            })
        },
        |socket, taken| {
            assert_eq!(taken.recv(), Ok(0)); // now read
            let read = read_all(socket);
            assert_eq!(
                taken.recv(),
                Ok(read),
                "all bytes that the stream took, and the end"
            );
            assert!(read < BYTES);
        },
    );
}
