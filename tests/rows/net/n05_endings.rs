//! N05: every way in which a connection can end, and its events.

use super::stage::{Recorder, Up, expect, order_at_close, reset};
use crate::support::{Log, Script, watched};
use barewire::net::{self, Socket, Stream, pipe_with_capacity};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

/// A server whose connections do `first` and then run with the events that it returns.
fn server(log: &Log, first: impl Fn(&Socket, Recorder) -> Recorder + Send + Sync + 'static) -> Up {
    let log = log.clone();
    Up::new(net::create_server(move |socket| {
        let server_log = first(&socket, Recorder::new(&log));
        socket.run(server_log)
    }))
}

/// What was on its way when we ended the connection is not reported any more.
#[test]
fn row_n05_no_data_after_destroy() {
    let log = Log::default();
    let pieces = [&b"one"[..], b"two", b"three"];
    let socket = Socket::new(Arc::new(Script::new(pieces)));
    socket
        .run(Recorder::new(&log).on("data", Socket::destroy))
        .unwrap();
    assert_eq!(log.all(), ["data", "close"]);
}

/// It is no error to end one's own connection, even if the writer gets the error at that moment.
#[test]
fn row_n05_destroy_while_the_writer_sleeps() {
    watched(|| {
        let (here, there) = pipe_with_capacity(1);
        let (socket, log) = (Socket::new(Arc::new(here)), Log::default());
        assert!(socket.write("abcdef"));
        there.read(&mut [0]).unwrap();
        there.read(&mut [0]).unwrap(); // this one came from the writer
        there.write(b"enough").unwrap();
        let events = Recorder::new(&log).on("data", Socket::destroy);
        socket.run(events).expect("no error");
        assert_eq!(log.all(), ["data", "close"]);
    });
}

/// A reset that was reported to a *writer* is not the peer's FIN for the reader: a file that ends with
/// the connection would seem whole.
#[test]
fn row_n05_a_reset_that_a_writer_met_is_no_end() {
    watched(|| {
        let log = Log::default();
        let up = server(&log, |socket, recorder| {
            socket.write_all("unread").unwrap();
            while socket.write_all("x").is_ok() {}
            recorder
        });
        reset(up.peer());
        assert_eq!(order_at_close(&log), ["error ConnectionReset", "close!"]);
    });
}

#[test]
fn row_n05_a_plain_read_tells_a_reset_from_a_fin() {
    watched(|| {
        let log = Log::default();
        let server_log = log.clone();
        let up = Up::new(net::create_server(move |socket| {
            socket.write_all("unread")?;
            while socket.write_all("x").is_ok() {}
            server_log.note(format!(
                "{:?}",
                socket.read(&mut [0; 8]).map_err(|e| e.kind())
            ));
            socket.destroy();
            server_log.note(format!(
                "{:?}",
                socket.read(&mut [0; 8]).map_err(|e| e.kind())
            ));
            Ok(())
        }));
        reset(up.peer());
        log.wait_for("Err(ConnectionReset)");
        log.wait_for("Err(ConnectionAborted)");
    });
}

/// A server that is shut down cuts its connections at the deadline. That is no FIN of the peers.
#[test]
fn row_n05_a_cut_is_no_end() {
    watched(|| {
        let log = Log::default();
        let up = server(&log, |socket, recorder| {
            socket.write("hello");
            recorder
        });
        let peer = up.peer();
        expect(&peer, "hello");
        assert_eq!(up.shutdown(Duration::ZERO).cut, 1);
        assert_eq!(order_at_close(&log), ["error ConnectionAborted", "close!"]);
    });
}

/// A pipe that is cut sends no end to the other side.
#[test]
fn row_n05_a_cut_pipe_passes_no_fin_on() {
    watched(|| {
        let log = Log::default();
        let server_log = log.clone();
        let up = Up::new(net::create_server(move |socket| {
            let there = net::pipe();
            let copy = Socket::new(Arc::new(there.0));
            socket.write("hello");
            server_log.note(format!("{:?}", socket.pipe(&copy).map_err(|e| e.kind())));
            let nothing = there.1.try_read(&mut [0; 1]);
            server_log.note(format!("{:?}", nothing.unwrap()));
            Ok(())
        }));
        let peer = up.peer();
        expect(&peer, "hello");
        up.shutdown(Duration::ZERO);
        log.wait_for("Err(ConnectionAborted)");
        log.wait_for("None");
    });
}

/// Also one that waits for its own `end`, with the peer's FIN read long ago.
#[test]
fn row_n05_a_half_open_connection_can_be_cut() {
    watched(|| {
        let log = Log::default();
        let server_log = log.clone();
        let server = net::create_server(move |socket| socket.run(Recorder::new(&server_log)));
        let up = Up::new(server.allow_half_open(true));
        let peer = up.peer();
        peer.shutdown(Shutdown::Write).unwrap();
        log.wait_for("end");
        assert_eq!(up.shutdown(Duration::ZERO).cut, 1);
        assert_eq!(up.connections(), 0);
        assert_eq!(
            order_at_close(&log),
            ["end", "error ConnectionAborted", "close!"]
        );
    });
}
