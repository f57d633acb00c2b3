//! A request over TLS that another thread cancels: in its handshake, in a tunnel, and afterwards.

use super::stage::{Site, agent};
use crate::support::{Gate, PATIENCE, SOON, watched};
use barewire::http::{self, Error, Phase, Proxy, RequestHandle, RequestOptions};
use barewire::https::Agent;
use std::io::{ErrorKind, Read};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

/// A server that accepts and is silent.
fn silent() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("a port").port();
    (listener, port)
}

#[track_caller]
fn cancelled_in(phase: Phase, agent: &Agent, options: &RequestOptions) -> RequestHandle {
    let mut request = agent.request(options).unwrap();
    let handle = request.handle();
    thread::scope(|scope| {
        let sent = scope.spawn(move || request.end(""));
        until(|| handle.phase() == Some(phase));
        let began = Instant::now();
        handle.cancel();
        is_cancelled(&sent.join().unwrap().unwrap_err());
        assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    });
    handle
}

#[track_caller]
fn is_cancelled(error: &Error) {
    match error {
        Error::Io(error) if error.kind() == ErrorKind::ConnectionAborted => {}
        other => panic!("not cancelled: {other:?}"),
    }
}

#[track_caller]
fn until(mut happened: impl FnMut() -> bool) {
    let began = Instant::now();
    while !happened() {
        assert!(began.elapsed() < PATIENCE, "it never happened");
        thread::sleep(Duration::from_millis(1));
    }
}

/// The slot is free long before the deadline of the handshake, 10 s: the handshake was cut.
#[test]
fn a_handshake_that_hangs_is_cut() {
    watched(|| {
        let (listener, port) = silent();
        let agent = agent();
        let options = agent.options().hostname("localhost").port(port);
        let began = Instant::now();
        let handle = cancelled_in(Phase::Secure, &agent, &options);
        assert!(!handle.timings().secure.is_zero());
        let (mut server, _) = listener.accept().unwrap();
        server.read_to_end(&mut Vec::new()).unwrap_or_default(); // the client has closed
        until(|| agent.pool().totals().sockets == 0);
        assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    });
}

/// The same without a handle: `end_while` asks, and does not wait for the handshake.
#[test]
fn a_handshake_that_hangs_is_cut_if_the_response_is_not_wanted() {
    watched(|| {
        let (listener, port) = silent();
        let agent = agent();
        let options = agent.options().hostname("localhost").port(port);
        let began = Instant::now();
        let request = agent.request(options).unwrap();
        is_cancelled(&request.end_while("", || false).unwrap_err());
        until(|| agent.pool().totals().sockets == 0);
        assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
        drop(listener);
    });
}

/// The deadline says which step has not ended, on the caller's thread and on another.
#[test]
fn a_handshake_that_does_not_end_is_named() {
    watched(|| {
        let (_listener, port) = silent();
        let agent = agent();
        let timeouts = http::Timeouts {
            connect: Duration::from_millis(400),
            ..http::Timeouts::default()
        };
        let options = agent.options().hostname("localhost").port(port);
        let options = options.timeouts(timeouts);
        let says = format!("the TLS handshake with localhost:{port} did not end within 400ms");
        for with_handle in [false, true] {
            let mut request = agent.request(&options).unwrap();
            let handle = with_handle.then(|| request.handle());
            let error = request.end("").unwrap_err();
            assert_eq!(error.to_string(), says);
            let Some(handle) = handle else { continue };
            let timings = handle.timings();
            assert_eq!(handle.phase(), Some(Phase::Secure));
            let parts = [timings.resolve, timings.connect, timings.secure];
            assert!(parts.iter().all(|part| !part.is_zero()), "{timings:?}");
        }
    });
}

/// The CONNECT is cut, although a proxy has 10 s for its response.
#[test]
fn a_proxy_that_opens_no_tunnel_is_not_waited_for() {
    watched(|| {
        let (listener, port) = silent();
        let agent = agent();
        let proxy = Proxy::new(&format!("http://127.0.0.1:{port}")).unwrap();
        let options = agent.options().hostname("localhost").proxy(&proxy);
        cancelled_in(Phase::Connect, &agent, &options);
        assert_eq!(agent.pool().totals().sockets, 0);
        let (mut proxy, _) = listener.accept().unwrap();
        proxy.read_to_end(&mut Vec::new()).unwrap_or_default(); // the client has closed
    });
}

#[test]
fn head_and_body_are_cancelled_over_tls() {
    watched(|| {
        let gate = Gate::default();
        let open = gate.clone();
        let site = Site::new(http::create_server(
            move |req: http::Request<'_>, mut res: http::Response<'_>| -> http::Handled {
                match req.path() {
                    "/silent" => open.pass(),
                    "/now" => return res.end("ok"),
                    _ => {
                        res.write("half")?;
                        res.flush()?;
                        open.pass();
                    }
                }
                Ok(())
            },
        ));
        let agent = agent();
        let options = |path: &str| {
            let options = agent.options().hostname("localhost").port(site.port());
            options.path(path)
        };
        cancelled_in(Phase::Head, &agent, &options("/silent"));
        let mut response = agent.request(options("/half")).unwrap().end("").unwrap();
        let handle = response.handle();
        thread::scope(|scope| {
            let read = scope.spawn(|| response.collect());
            handle.cancel();
            is_cancelled(&read.join().unwrap().unwrap_err());
        });
        assert_eq!(agent.pool().totals().sockets, 0);
        let mut next = agent.request(options("/now")).unwrap().end("").unwrap();
        assert_eq!(next.collect().unwrap(), b"ok");
        gate.open();
    });
}
