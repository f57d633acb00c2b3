//! N07: `pipe`. The book's echo server is a socket piped to itself.

use super::stage::{Up, expect, rest, shown};
use crate::support::{Gate, Log, watched};
use barewire::net::{self, Socket, pipe_with_capacity};
use std::io::{ErrorKind, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::thread;

fn echo() -> Up {
    Up::new(net::create_server(|socket| {
        socket.write("Echo server\r\n");
        socket.pipe(&socket).map(drop)
    }))
}

#[test]
fn row_n07_the_echo_server() {
    watched(|| {
        let up = echo();
        let mut peer = up.peer();
        expect(&peer, "Echo server\r\n");
        for said in ["hello", "你好\r\n", "\0\u{1}\u{7f}"] {
            peer.write_all(said.as_bytes()).unwrap();
            expect(&peer, said);
        }
        peer.write_all(b"and the last").unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        assert_eq!(shown(&rest(peer)), "and the last");
    });
}

/// Both ways at once, and more than fits on the way.
#[test]
fn row_n07_echo_of_much() {
    watched(|| {
        let up = echo();
        let peer = up.peer();
        expect(&peer, "Echo server\r\n");
        let much: Vec<u8> = (0..8_000_000_u32).map(|i| (i % 251) as u8).collect();
        thread::scope(|scope| {
            scope.spawn(|| {
                (&peer).write_all(&much).unwrap();
                peer.shutdown(Shutdown::Write).unwrap();
            });
            assert!(rest(&peer) == much);
        });
    });
}

/// The number of bytes is returned, and the FIN is passed on.
#[test]
fn row_n07_pipe_to_another_socket() {
    watched(|| {
        let log = Log::default();
        let server_log = log.clone();
        let sink = Up::new(net::create_server(move |socket| {
            server_log.note(String::from_utf8(rest(&socket)).unwrap());
            socket.write_all("thank you")
        }));
        let (to, server_log) = (sink.address(), log.clone());
        let proxy = Up::new(net::create_server(move |socket| {
            let there = net::connect(&to)?;
            let moved = socket.pipe(&there)?;
            server_log.note(moved);
            there.pipe(&socket).map(drop)
        }));
        let mut peer = proxy.peer();
        peer.write_all("从前有座山".as_bytes()).unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        assert_eq!(rest(peer), b"thank you");
        log.wait_for("从前有座山");
        log.wait_for("15");
    });
}

/// A reader that sleeps: what is on its way between the two sockets is one buffer and nothing is
/// queued, so the source has to wait, too.
#[test]
fn row_n07_a_slow_reader_slows_the_source() {
    watched(|| {
        let (source, from) = pipe_with_capacity(1000);
        let (to, sink) = pipe_with_capacity(1000);
        let (from, to) = (Socket::new(Arc::new(from)), Socket::new(Arc::new(to)));
        let source = Socket::new(Arc::new(source));
        let queue = to.clone();
        let piping = thread::spawn(move || from.pipe(&to).map(|n| (n, from.bytes_read())));
        // It takes what fits into the two pipes and the buffer, and no more.
        let mut taken = 0;
        source
            .set_write_timeout(Some(std::time::Duration::from_millis(50)))
            .unwrap();
        while source.write_all([b'.'; 100]).is_ok() {
            taken += 100;
        }
        assert!(
            taken < 2 * 1000 + 64 * 1024,
            "{taken} bytes are on their way"
        );
        assert_eq!(queue.buffered(), 0);
        // Now the reader wakes up.
        let sink = Socket::new(Arc::new(sink));
        let reading = thread::spawn(move || rest(&sink).len());
        source.set_write_timeout(None).unwrap();
        source.write_all([b'.'; 100_000]).unwrap();
        source.end().unwrap();
        let (moved, read) = piping.join().unwrap().unwrap();
        assert_eq!(reading.join().unwrap() as u64, moved);
        assert_eq!(
            (moved, read),
            (source.bytes_written(), source.bytes_written())
        );
    });
}

/// What `write` has queued goes first.
#[test]
fn row_n07_a_pipe_waits_for_its_turn() {
    watched(|| {
        let (gate, log) = (Gate::default(), Log::default());
        let (go, server_log) = (gate.clone(), log.clone());
        let up = Up::new(net::create_server(move |socket| {
            super::stage::fill(&socket);
            server_log.note(socket.bytes_written() + socket.buffered() as u64);
            go.pass();
            socket.pipe(&socket).map(drop)
        }));
        let mut peer = up.peer();
        peer.write_all(b"piped").unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        gate.open();
        let all = rest(peer);
        let dots = all.strip_suffix(b"piped").expect("last of all");
        assert!(dots.iter().all(|byte| *byte == b'.'));
        log.wait_for(&dots.len().to_string());
    });
}

/// The other connection is whole: it can still be written to.
#[test]
fn row_n07_a_broken_target_leaves_the_source_as_it_is() {
    watched(|| {
        let up = Up::new(net::create_server(|socket| {
            let there = Socket::new(Arc::new(net::pipe().0));
            let broken = socket.pipe(&there).unwrap_err();
            assert_eq!(broken.kind(), ErrorKind::BrokenPipe);
            socket.write_all("nobody is there")
        }));
        let mut peer = up.peer();
        peer.write_all(b"hello?").unwrap();
        assert_eq!(rest(peer), b"nobody is there");
    });
}
