//! What the user's own code may do while it is called, and what a failure of it costs.

use super::stage::{Recorder, Up, expect, fill, order_at_close, rest, until};
use crate::support::{Gate, Log, watched};
use barewire::net::{self, Addr, ServerEvents, Socket, SocketEvents};
use std::io::{self, ErrorKind, Write};
use std::net::Shutdown;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Events whose `data` panics while `drain` runs, and that ask the socket everything when they are
/// dropped.
struct Asking {
    socket: Socket,
    draining: Gate,
    panicked: Gate,
    log: Log,
}

impl SocketEvents for Asking {
    fn data(&self, socket: &Socket, _chunk: &[u8]) {
        fill(socket);
        self.log.note("full");
        self.draining.pass();
        self.panicked.open();
        panic!("on purpose");
    }

    fn drain(&self, _socket: &Socket) {
        self.draining.open();
        self.panicked.pass();
        self.log.wait_for("the panic is over");
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        let socket = &self.socket;
        let asked = (
            socket.buffered(),
            socket.write("x"),
            socket.write_all("x").is_ok(),
            socket.drained().is_ok(),
            socket.end().is_ok(),
        );
        self.log.note(format!("{asked:?}"));
    }
}

/// User code never runs under a lock: neither an event nor the `Drop` of the events, which the flush
/// thread does here.
#[test]
fn fault_a23_events_are_dropped_without_a_lock() {
    watched(|| {
        let log = Log::default();
        let server_log = log.clone();
        let up = Up::new(net::create_server(move |socket| {
            let events = Asking {
                socket: socket.clone(),
                draining: Gate::default(),
                panicked: Gate::default(),
                log: server_log.clone(),
            };
            let running = thread::spawn(move || socket.run(events));
            running.join().unwrap_err();
            server_log.note("the panic is over");
            Ok(())
        }));
        let mut peer = up.peer();
        peer.write_all(b"go").unwrap();
        log.wait_for("full");
        rest(peer);
        log.wait_for("(0, false, false, false, false)");
    });
}

/// `drain` holds nothing: it may wait for another thread that writes and waits for the queue.
#[test]
fn fault_a23_drain_may_wait_for_another_writer() {
    watched(|| {
        let log = Log::default();
        let server_log = log.clone();
        let up = Up::new(net::create_server(move |socket| {
            let full = server_log.clone();
            let events = Recorder::new(&server_log).on("data", move |socket| {
                fill(socket);
                full.note("full");
            });
            socket.run(events.on("drain", |socket| {
                let other = socket.clone();
                let writes = move || {
                    other.write("queued, ");
                    other.write_all("written").unwrap();
                    other.drained().unwrap();
                    other.end().unwrap();
                };
                thread::spawn(writes).join().unwrap();
            }))
        }));
        let mut peer = up.peer();
        peer.write_all(b"go").unwrap();
        log.wait_for("full");
        let all = String::from_utf8(rest(&peer)).unwrap();
        assert_eq!(all.trim_start_matches('.'), "queued, written");
        drop(peer);
        assert_eq!(
            order_at_close(&log),
            ["data", "full", "drain", "end", "close"]
        );
    });
}

struct PanicsWhenListening(Log);

impl ServerEvents for PanicsWhenListening {
    fn listening(&self, _address: &Addr) {
        self.0.note("listening");
        panic!("on purpose");
    }

    fn connection(&self, socket: Socket) -> io::Result<()> {
        socket.write_all("hello")
    }
}

/// "A panic in any of these ends nothing but that call."
#[test]
fn fault_a27_a_panic_in_listening_ends_nothing_but_that_call() {
    watched(|| {
        let log = Log::default();
        let up = Up::new(net::create_server_with(PanicsWhenListening(log.clone())));
        assert_eq!(rest(up.peer()), b"hello");
        assert_eq!(log.all(), ["listening"]);
    });
}

/// What had come before is not read any more, either.
#[test]
fn fault_a27_a_read_after_destroy_is_aborted() {
    watched(|| {
        let log = Log::default();
        let server_log = log.clone();
        let up = Up::new(net::create_server(move |socket| {
            let mut byte = [0];
            socket.read(&mut byte)?;
            socket.destroy();
            for _ in 0..2 {
                server_log.note(format!(
                    "{:?}",
                    socket.read(&mut byte).map_err(|e| e.kind())
                ));
            }
            Ok(())
        }));
        up.peer().write_all(b"many bytes").unwrap();
        log.wait_for_several("Err(ConnectionAborted)", 2);
    });
}

/// The read timeout is that of reads, and `run` has its own: neither replaces the other.
#[test]
fn fault_a27_a_read_timeout_inside_run() {
    watched(|| {
        const MOMENT: Duration = Duration::from_millis(10);
        let log = Log::default();
        let server_log = log.clone();
        let up = Up::new(net::create_server(move |socket| {
            socket.set_timeout(Some(MOMENT));
            let own_log = server_log.clone();
            socket.run(Recorder::new(&server_log).on("data", move |socket| {
                socket.set_read_timeout(Some(MOMENT * 2)).unwrap();
                let error = socket.read(&mut [0; 8]).unwrap_err();
                own_log.note(format!("in time: {}", net::is_timeout(&error)));
                socket
                    .set_read_timeout(Some(Duration::from_secs(3600)))
                    .unwrap();
            }))
        }));
        let mut peer = up.peer();
        for stretch in 1..=3 {
            log.wait_for_several("timeout", stretch); // not after an hour
            peer.write_all(b"?").unwrap();
            log.wait_for_several("in time: true", stretch);
        }
        drop(peer);
        let all = order_at_close(&log);
        assert_eq!(all.last().map(String::as_str), Some("close"), "{all:?}");
    });
}

/// A client that fills its queue, then runs: `connect` first, `drain` after it.
#[test]
fn fault_a27_drain_comes_after_connect() {
    watched(|| {
        let log = Log::default();
        let up = Up::new(net::create_server(|socket| {
            let mut buf = vec![0; 65536];
            while socket.read(&mut buf)? > 0 {}
            Ok(())
        }));
        let socket = net::connect(&up.address()).unwrap();
        fill(&socket);
        let server_log = log.clone();
        let events = Recorder::new(&log)
            .on("connect", move |socket| {
                socket.drained().unwrap();
                server_log.note("still in connect");
            })
            .on("drain", |socket| socket.end().unwrap());
        socket.run(events).unwrap();
        assert_eq!(
            log.all(),
            ["connect", "still in connect", "drain", "end", "close"]
        );
    });
}

/// With `set_timeout(ZERO)` the notice comes once, half open or not, and no thread is kept busy.
#[test]
fn fault_a27_a_timeout_of_zero_comes_once() {
    watched(|| {
        let log = Log::default();
        let server_log = log.clone();
        let server = net::create_server(move |socket| {
            socket.set_timeout(Some(Duration::ZERO));
            let (ends, seen) = (Mutex::new(None), server_log.clone());
            socket.run(Recorder::new(&server_log).on("end", move |socket| {
                let (socket, seen) = (socket.clone(), seen.clone());
                let end = thread::spawn(move || {
                    seen.wait_for("the peer has waited");
                    socket.end().unwrap();
                });
                *ends.lock().unwrap_or_else(PoisonError::into_inner) = Some(end);
            }))
        });
        let up = Up::new(server.allow_half_open(true));
        let peer = up.peer();
        log.wait_for("timeout");
        peer.shutdown(Shutdown::Write).unwrap();
        log.wait_for_several("timeout", 2); // the FIN began a new stretch
        thread::sleep(Duration::from_millis(50)); // more could come, if they did
        log.note("the peer has waited");
        assert!(rest(peer).is_empty());
        let order = ["timeout", "end", "timeout", "the peer has waited", "close"];
        assert_eq!(order_at_close(&log), order);
        assert_eq!(log.count("timeout"), 2);
        until("it is gone", || up.connections() == 0);
    });
}

/// The first error is the one that `run` reports: what follows from a cut is none.
#[test]
fn fault_a10_one_error_for_one_cut() {
    watched(|| {
        let log = Log::default();
        let server_log = log.clone();
        let server = net::create_server(move |socket| {
            socket.write("hello");
            let cut = socket.run(Recorder::new(&server_log)).unwrap_err();
            assert!(
                cut.to_string().contains("nothing was read or written"),
                "{cut}"
            );
            assert_eq!(
                socket.write_all("x").unwrap_err().kind(),
                ErrorKind::BrokenPipe
            );
            Ok(())
        });
        let up = Up::new(server.idle_timeout(Some(Duration::from_millis(20))));
        let peer = up.peer();
        expect(&peer, "hello");
        assert_eq!(order_at_close(&log), ["error ConnectionAborted", "close!"]);
    });
}
