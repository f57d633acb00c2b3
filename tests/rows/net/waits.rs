//! Waits with a limit: each ends with it, tells "not yet" from an error, and loses nothing.

use super::stage::{Up, until};
use crate::support::{Gate, Log, PATIENCE, watched};
use barewire::net::{self, Handle, Socket, pipe_with_capacity};
use std::io::ErrorKind;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

const A_MOMENT: Duration = Duration::from_millis(1);

/// The connection that asks is one of those that are waited for.
#[test]
fn wait_within_ends_also_from_within_a_connection() {
    watched(|| {
        let (own, log, gate) = (
            Arc::new(OnceLock::<Handle>::new()),
            Log::default(),
            Gate::default(),
        );
        let (seen, server_log, may_end) = (own.clone(), log.clone(), gate.clone());
        let server = net::create_server(move |_socket| {
            let handle = seen.wait();
            handle.stop();
            server_log.note(handle.wait_within(A_MOMENT));
            may_end.pass();
            Ok(())
        });
        let up = Up::new(server);
        assert!(!up.wait_within(A_MOMENT), "it accepts");
        let peer = up.peer();
        own.set(up.clone()).unwrap();
        log.wait_for("false");
        assert!(!up.wait_within(A_MOMENT), "a connection is alive");
        gate.open();
        drop(peer);
        assert!(up.wait_within(PATIENCE));
        assert!(up.wait_within(Duration::ZERO));
        assert!(up.wait_within(Duration::MAX));
    });
}

#[test]
fn drained_within_tells_not_yet_from_broken() {
    watched(|| {
        let (here, there) = pipe_with_capacity(10);
        let socket = Socket::new(Arc::new(here));
        assert!(socket.drained_within(Duration::ZERO).unwrap());
        socket.write([b'.'; 20]);
        assert!(!socket.drained_within(A_MOMENT).unwrap());
        let peer = Socket::new(Arc::new(there));
        super::stage::expect(&peer, [b'.'; 20]);
        assert!(socket.drained_within(PATIENCE).unwrap());
        socket.write([b'.'; 20]);
        socket.destroy();
        let error = socket.drained_within(PATIENCE).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

/// Whatever carries the connection. The socket's own read timeout holds, too, and is an error.
#[test]
fn read_within_takes_what_comes_and_says_when_nothing_does() {
    watched(|| {
        let name = format!("barewire-waits-{}.sock", std::process::id());
        let path = format!("unix:{}", std::env::temp_dir().join(name).display());
        for address in ["127.0.0.1:0", &path] {
            let (log, gate) = (Log::default(), Gate::default());
            let (server_log, may_go) = (log.clone(), gate.clone());
            let server = net::create_server(move |socket| {
                let mut buf = [0; 16];
                server_log.note(format!("{:?}", socket.read_within(&mut buf, A_MOMENT)?));
                may_go.pass();
                server_log.note(format!("{:?}", socket.read_within(&mut buf, PATIENCE)?));
                server_log.note(format!("{:?}", socket.read_within(&mut buf, PATIENCE)?));
                socket.set_read_timeout(Some(A_MOMENT))?;
                Ok(())
            });
            let up = Up::at(address, server);
            let peer = net::connect(&up.address()).unwrap();
            log.wait_for("None");
            gate.open();
            peer.write_all(b"hi").unwrap();
            log.wait_for("Some(2)");
            peer.end().unwrap();
            log.wait_for("Some(0)");
            peer.set_read_timeout(Some(A_MOMENT)).unwrap();
            until("the server's FIN comes", || peer.read(&mut [0; 1]).is_ok());
        }
        let (here, _there) = net::pipe();
        let socket = Socket::new(Arc::new(here));
        socket.set_read_timeout(Some(A_MOMENT)).unwrap();
        let error = socket.read_within(&mut [0; 1], PATIENCE).unwrap_err();
        assert!(net::is_timeout(&error));
        assert_eq!(socket.read_within(&mut [0; 1], A_MOMENT).unwrap(), None);
    });
}

/// A loop of short waits is no way around the idle timeout.
#[test]
fn read_within_keeps_the_idle_timeout() {
    watched(|| {
        let log = Log::default();
        let server_log = log.clone();
        let server = net::create_server(move |socket| {
            let error = loop {
                match socket.read_within(&mut [0; 1], A_MOMENT) {
                    Ok(read) => assert_eq!(read, None),
                    Err(error) => break error,
                }
            };
            server_log.note(format!("{:?}", error.kind()));
            Err(error)
        });
        let up = Up::new(server.idle_timeout(Some(Duration::from_millis(20))));
        let _peer = net::connect(&up.address()).unwrap();
        log.wait_for("ConnectionAborted");
    });
}
