//! Peers that read slowly, or not at all, or have gone: which are waited for, which are cut, and what is
//! reported.
//!
//! The limits are shortened. A peer that reads steadily stays far away from them, while the whole takes
//! longer than they are: that is what these tests are about.

use super::stage::{
    Recorder, Up, expect, order, order_at_close, patient, patient_unix, rest, until,
};
use crate::support::{Gate, Log, steady, watched};
use barewire::net::{self, Addr, Socket};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

const KIB: usize = 1024;
const MUCH: usize = 15 * 1024 * KIB;
/// Shorter than a slow peer takes, and far longer than a steady one lets us wait.
const LIMIT: Duration = Duration::from_secs(1);
const SHORT: Duration = Duration::from_millis(50);

/// Over TCP and a Unix socket, at the same time.
fn over_both(name: &str, test: fn(&str)) {
    let file = format!("barewire-net-{}-{name}.sock", std::process::id());
    let path = format!("unix:{}", std::env::temp_dir().join(file).display());
    thread::scope(|scope| {
        scope.spawn(|| test("127.0.0.1:0"));
        scope.spawn(|| test(&path));
    });
}

trait Peer: Read + Write + Send {}

impl<T: Read + Write + Send> Peer for T {}

fn dial(up: &Up) -> Box<dyn Peer> {
    match up.local_addr() {
        Addr::Ip(_) => Box::new(up.peer()),
        _ => {
            let address = up.address();
            let path = address.trim_start_matches("unix:");
            Box::new(patient_unix(UnixStream::connect(path).unwrap()))
        }
    }
}

/// Reads 16 KiB every 2 ms to the end, which takes longer than [`LIMIT`]. Returns how much there was.
fn read_slowly(mut peer: impl Read) -> usize {
    let (began, mut piece, mut all) = (Instant::now(), [0; 16 * KIB], 0);
    while let n @ 1.. = peer.read(&mut piece).unwrap() {
        all += n;
        thread::sleep(Duration::from_millis(2));
    }
    assert!(began.elapsed() > LIMIT, "or this shows nothing");
    all
}

/// 15 MiB written at once: a peer that reads steadily is not stuck, and bytes that move are activity.
#[test]
fn fault_a10_a11_a_slow_reader_gets_all_of_it() {
    steady(LIMIT / 4, || {
        over_both("a10", |address| {
            let log = Log::default();
            let server_log = log.clone();
            let server = net::create_server(move |socket| {
                socket.set_timeout(Some(LIMIT));
                socket.write(vec![7; MUCH]);
                let server_log = Recorder::new(&server_log).on("drain", |socket| {
                    socket.set_timeout(None); // what the system holds now, only the peer sees moving
                    socket.end().unwrap();
                });
                socket.run(server_log)
            });
            let up = Up::at(address, server.stall_timeout(LIMIT));
            assert_eq!(read_slowly(dial(&up)), MUCH);
            assert_eq!(order_at_close(&log), ["drain", "end", "close"], "{address}");
        });
    });
}

/// The same for a write that waits, and for a handler that returns meanwhile.
#[test]
fn fault_a11_a21_bytes_that_move_are_no_timeout() {
    steady(LIMIT / 4, || {
        over_both("a11", |address| {
            let log = Log::default();
            let server_log = log.clone();
            let server = net::create_server(move |socket| {
                let (writer, server_log) = (socket.clone(), server_log.clone());
                let begun = Gate::default();
                let begins = begun.clone();
                thread::spawn(move || {
                    writer.set_write_timeout(Some(LIMIT)).unwrap();
                    writer.write_all("begun").unwrap();
                    begins.open();
                    server_log.note(format!("{:?}", writer.write_all(vec![7; MUCH])));
                });
                begun.pass();
                until("it writes", || socket.bytes_written() > 5);
                Ok(()) // and the end waits for the writer
            });
            let up = Up::at(address, server.stall_timeout(LIMIT));
            let mut peer = dial(&up);
            expect(&mut peer, "begun");
            assert_eq!(read_slowly(peer), MUCH);
            log.wait_for("Ok(())");
            assert_eq!(up.shutdown(Duration::from_secs(5)).cut, 0);
        });
    });
}

/// A peer that takes nothing is cut, however we write, and each writer gets the error.
#[test]
fn fault_a10_a_peer_that_reads_nothing_is_cut() {
    watched(|| {
        over_both("cut", |address| {
            for waits in [true, false] {
                let log = Log::default();
                let server_log = log.clone();
                let server = net::create_server(move |socket| {
                    if waits {
                        let error = socket.write_all(vec![7; MUCH]).unwrap_err();
                        server_log.note(format!("{:?}", error.kind()));
                        assert!(!net::is_timeout(&error));
                    } else {
                        socket.write(vec![7; MUCH]);
                    }
                    assert_eq!(
                        socket.run(Recorder::new(&server_log)).unwrap_err().kind(),
                        ErrorKind::ConnectionAborted
                    );
                    assert_eq!(socket.buffered(), 0);
                    Ok(())
                });
                let up = Up::at(address, server.stall_timeout(SHORT));
                let _never_reads = dial(&up);
                let at_close = order_at_close(&log);
                let ends = &at_close[usize::from(waits)..];
                assert_eq!(ends, ["error ConnectionAborted", "close!"], "{address}");
                until("its place is free", || up.connections() == 0);
            }
        });
    });
}

/// Where the peer has sent what we did not read, a cut is a reset for it.
#[test]
fn fault_a10_a_cut_is_a_reset_where_tcp_can_say_so() {
    watched(|| {
        let log = Log::default();
        let server_log = log.clone();
        let server = net::create_server(move |socket| {
            socket.write_all("hello")?;
            server_log.wait_for("the peer has written");
            let cut = socket.write_all(vec![7; MUCH]).map_err(|e| e.kind());
            server_log.note(format!("{cut:?}"));
            Ok(())
        });
        let up = Up::new(server.stall_timeout(SHORT));
        let mut peer = up.peer();
        peer.write_all(b"never read").unwrap();
        expect(&peer, "hello");
        log.note("the peer has written");
        log.wait_for("Err(ConnectionAborted)");
        until("it is closed", || up.connections() == 0);
        let cut = peer.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(cut.kind(), ErrorKind::ConnectionReset);
    });
}

/// The peer has sent its FIN and does not read: `timeout` comes, as the order says, until it does.
#[test]
fn fault_a12_timeout_after_the_peers_end() {
    watched(|| {
        for half_open in [true, false] {
            let log = Log::default();
            let server_log = log.clone();
            let server = net::create_server(move |socket| {
                socket.set_timeout(Some(SHORT));
                let full = |socket: &Socket| {
                    socket.write(vec![b'.'; MUCH]); // a false alone may be a kernel that is slow for a moment
                    socket.end().unwrap();
                };
                socket.run(Recorder::new(&server_log).on("end", full))
            });
            let up = Up::new(server.allow_half_open(half_open));
            let peer = up.peer();
            peer.shutdown(Shutdown::Write).unwrap();
            log.wait_for("timeout");
            assert!(rest(&peer).iter().all(|byte| *byte == b'.'));
            drop(peer);
            assert_eq!(order_at_close(&log), ["end", "timeout", "close"]);
        }
    });
}

/// 200 bytes are queued for a peer that has sent its FIN and reads nothing: the end of it is an error,
/// and no thread hangs.
#[test]
fn fault_a21_a_peer_that_has_ended_and_does_not_read() {
    watched(|| {
        let log = Log::default();
        let server_log = log.clone();
        let server = net::create_server(move |socket| {
            socket.write(vec![b'.'; MUCH]);
            socket.run(Recorder::new(&server_log))
        });
        let up = Up::new(server.stall_timeout(SHORT));
        let peer = up.peer();
        peer.shutdown(Shutdown::Write).unwrap();
        let server_log = order_at_close(&log);
        assert_eq!(server_log, ["end", "error ConnectionAborted", "close!"]);
        assert_eq!(up.shutdown(Duration::from_secs(5)).cut, 0);
        drop(peer);
    });
}

/// What a handler reads of a peer that says nothing.
fn reading(read: impl Fn(&Socket) -> io::Result<usize> + Send + Sync + 'static, log: &Log) -> Up {
    let log = log.clone();
    let server = net::create_server(move |socket| {
        socket.write_all("hello")?;
        log.note(format!("{:?}", read(&socket).map_err(|e| e.kind())));
        Ok(())
    });
    Up::new(server.idle_timeout(Some(SHORT)))
}

fn is_cut(up: &Up, log: &Log) -> TcpStream {
    let peer = up.peer();
    expect(&peer, "hello");
    log.wait_for("Err(ConnectionAborted)");
    until("its place is free", || up.connections() == 0);
    peer
}

/// A peer that has vanished, or says nothing, does not keep its place for good.
#[test]
fn fault_d01_an_idle_connection_is_cut() {
    watched(|| {
        let log = Log::default();
        is_cut(&reading(|socket| socket.read(&mut [0; 8]), &log), &log);
    });
}

/// Also where the handler waits in short pieces, or in a pipe.
#[test]
fn fault_d01_an_idle_connection_is_cut_however_it_is_read() {
    watched(|| {
        let log = Log::default();
        let in_pieces = |socket: &Socket| {
            socket.set_read_timeout(Some(SHORT / 10))?;
            loop {
                match socket.read(&mut [0; 8]) {
                    Err(e) if net::is_timeout(&e) => {}
                    read => return read,
                }
            }
        };
        is_cut(&reading(in_pieces, &log), &log);
        let log = Log::default();
        is_cut(
            &reading(|socket| socket.pipe(socket).map(|n| n as usize), &log),
            &log,
        );
        let log = Log::default();
        let run = |socket: &Socket| socket.on_data(|_, _| {}).map(|()| 0);
        is_cut(&reading(run, &log), &log);
    });
}

/// Bytes in either direction are life, and so is a handler that thinks.
#[test]
fn fault_d01_bytes_and_thinking_are_not_idle() {
    steady(LIMIT / 4, || {
        let log = Log::default();
        let server_log = log.clone();
        let up = Up::new(
            net::create_server(move |socket| {
                socket
                    .run(Recorder::new(&server_log).on("data", |socket| assert!(socket.write("."))))
            })
            .idle_timeout(Some(LIMIT)),
        );
        let mut peer = up.peer();
        let began = Instant::now();
        while began.elapsed() < LIMIT * 2 {
            peer.write_all(b"?").unwrap();
            expect(&peer, ".");
            thread::sleep(LIMIT / 50);
        }
        drop(peer);
        assert_eq!(order_at_close(&log), ["data", "end", "close"]);

        let up = Up::new(
            net::create_server(|socket| {
                thread::sleep(SHORT * 3);
                socket.write_all("thought")
            })
            .idle_timeout(Some(SHORT)),
        );
        assert_eq!(rest(up.peer()), b"thought");
    });
}

/// `set_timeout` says that idle connections are the owner's to judge: the notice comes, and the
/// connection stays.
#[test]
fn fault_d01_an_idle_notice_replaces_the_idle_timeout() {
    watched(|| {
        let log = Log::default();
        let server_log = log.clone();
        let up = Up::new(
            net::create_server(move |socket| {
                socket.set_timeout(Some(SHORT));
                socket
                    .run(Recorder::new(&server_log).on("data", |socket| assert!(socket.write("."))))
            })
            .idle_timeout(Some(SHORT / 10)),
        );
        let mut peer = patient(up.peer());
        for stretch in 1..=3 {
            log.wait_for_several("timeout", stretch);
            peer.write_all(b"?").unwrap();
            expect(&peer, ".");
        }
        drop(peer);
        let all = order_at_close(&log);
        assert_eq!(all.last().map(String::as_str), Some("close"), "{all:?}");
        assert!(!order(&log).contains(&"close!".to_owned()));
    });
}

/// "For ever" is a limit as any other.
#[test]
fn fault_a16_limits_beyond_the_clock() {
    watched(|| {
        over_both("ever", |address| {
            let server = net::create_server(|socket| {
                let ever = Some(Duration::MAX);
                socket.set_timeout(ever);
                socket.set_read_timeout(ever)?;
                socket.set_write_timeout(ever)?;
                let mut byte = [0];
                socket.read(&mut byte)?;
                socket.write(byte);
                socket.drained()?;
                socket.write_all(byte)?;
                socket.on_data(|socket, chunk| assert!(socket.write(chunk)))
            });
            let server = server.stall_timeout(Duration::MAX);
            let up = Up::at(address, server.idle_timeout(Some(Duration::MAX)));
            let mut peer = dial(&up);
            peer.write_all(b"?").unwrap();
            expect(&mut peer, "??");
            peer.write_all(b"!").unwrap();
            expect(&mut peer, "!");
        });
    });
}

/// What the handler wrote is with the kernel when the handler returns, and the peer reads it slowly: it gets all of
/// it, also if it sends meanwhile, and a clean end.
#[test]
fn fault_e03_a_slow_reader_gets_what_the_handler_left_behind() {
    fn read_slowly(sends: bool) {
        const BYTES: usize = 3 << 20;
        const LONGER_THAN_THE_LINGER: Duration = Duration::from_millis(2700);
        let up = Up::new(net::create_server(|socket| {
            socket.write_all(vec![b'.'; BYTES])
        }));
        let mut peer = up.peer();
        let (mut got, mut buf) = (0, vec![0; 64 * KIB]);
        let began = Instant::now();
        while let n @ 1.. = peer.read(&mut buf).expect("no reset") {
            got += n;
            if sends && got < BYTES {
                peer.write_all(b"x").expect("a server that still reads");
            }
            let due = LONGER_THAN_THE_LINGER.mul_f64(got as f64 / BYTES as f64);
            thread::sleep(due.saturating_sub(began.elapsed()));
        }
        assert_eq!(got, BYTES);
    }
    watched(|| {
        thread::scope(|scope| {
            scope.spawn(|| read_slowly(false));
            scope.spawn(|| read_slowly(true));
        });
    });
}
