//! H07 with a listening socket that others share: who is accepted while the server stops is served, and a restart
//! loses no request.

use crate::net::stage::{StopAtAccept, until};
use crate::support::{Client, PATIENCE, Site, request, watched};
use crate::tls::stage as tls_stage;
use barewire::net::{Addr, Handle, Listener, Report, Service, Shutdown, Slot, Stream, Tcp};
use barewire::websocket::{self, CloseCode};
use barewire::{http, https, tls};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Instant;

/// A server that stops as soon as it has accepted its first connection, which is therefore late.
fn late(start: impl FnOnce(Listener) -> Handle) -> Site {
    let turn = Arc::new(StopAtAccept::default());
    let listener = Listener::bind("127.0.0.1:0").expect("a port");
    let handle = start(listener.take_turns(turn.clone()));
    turn.set(&handle);
    Site { handle }
}

fn hello() -> http::Server<impl http::ServerEvents> {
    http::create_server(|_req, res| res.end("hello"))
}

#[test]
fn a_request_of_a_late_connection_is_answered_with_close() {
    watched(|| {
        let site = late(|listener| hello().listen_on(listener).expect("threads"));
        let mut client = site.client();
        until("the server stops", || is_late(&site));
        client.send(request("GET", "/"));
        let answer = client.answer();
        assert_eq!(answer.text(), "hello");
        assert!(answer.says_close());
        client.ended();
        drop(client);
        site.handle.wait();
    });
}

/// The connection is being served, and the server has stopped.
fn is_late(site: &Site) -> bool {
    site.handle.connections() == 1 && site.handle.threads() == 1
}

#[test]
fn a_late_connection_that_is_silent_ends_within_a_second() {
    watched(|| {
        let site = late(|listener| hello().listen_on(listener).expect("threads"));
        let mut client = site.client();
        let began = Instant::now();
        client.ended();
        assert!(began.elapsed() < PATIENCE / 2, "it has 10 s otherwise");
        drop(client);
        site.handle.wait();
    });
}

#[test]
fn a_late_connection_over_tls_is_served() {
    watched(|| {
        let options = tls_stage::server("server");
        let site = late(|listener| {
            let server = https::create_server_with(&options, hello()).expect("a certificate");
            server.listen_on(listener).expect("threads")
        });
        let Addr::Ip(address) = site.address() else {
            panic!("not TCP")
        };
        let below: Arc<dyn Stream> = Arc::new(Tcp::connect(address, Some(PATIENCE)).expect("it"));
        until("the server stops", || is_late(&site));
        let context = tls::ClientContext::new(&tls_stage::client()).expect("an authority");
        let stream = context
            .connect(below, "localhost", Instant::now() + PATIENCE)
            .expect("a handshake");
        let mut client = Client::over(Arc::new(stream));
        client.send(request("GET", "/"));
        assert!(client.answer().says_close());
        drop(client);
        site.handle.wait();
    });
}

#[test]
fn a_late_websocket_is_accepted_and_closed_with_1001() {
    watched(|| {
        let server = http::create_server(|req, res| {
            let ws = websocket::accept(req, res)?.expect("a WebSocket");
            let (mut reader, _writer) = ws.split();
            while reader.receive().is_ok_and(|message| message.is_some()) {}
            Ok::<(), http::Failure>(())
        });
        let site = late(|listener| server.listen_on(listener).expect("threads"));
        let mut ws = crate::websocket::stage::open(&site);
        assert!(ws.receive().expect("a close").is_none());
        let outcome = ws.split().0.outcome().expect("over");
        assert_eq!(outcome.code, CloseCode::GOING_AWAY.number());
        site.handle.wait();
    });
}

/// The youngest of many is asked last. Its client sends a request before that, and the response says that it is the last.
#[test]
fn a_busy_connection_of_a_server_that_restarts_hears_of_it_in_its_next_response() {
    watched(|| {
        let site = Site::new(hello().keep_alive_timeout(None));
        let connected = || {
            let mut client = site.client();
            client.send(request("GET", "/"));
            assert!(!client.answer().says_close());
            client
        };
        let older: Vec<_> = (0..50).map(|_| connected()).collect();
        let mut busy = connected();
        thread::scope(|scope| {
            let restart = scope.spawn(|| site.handle.shutdown(Shutdown::restart(PATIENCE)));
            until("the oldest was asked", || site.handle.connections() < 51);
            busy.send(request("GET", "/"));
            assert!(busy.answer().says_close());
            busy.ended();
            drop((busy, older));
            let report = restart.join().expect("a report");
            assert_eq!(
                report,
                Report {
                    drained: 51,
                    cut: 0
                }
            );
        });
    });
}

/// Stops its server before it serves.
struct StopsFirst<S>(S, Arc<OnceLock<Handle>>);

impl<S: Service> Service for StopsFirst<S> {
    fn connection(&self, stream: Arc<dyn Stream>, slot: Slot) {
        self.1.wait().stop();
        self.0.connection(stream, slot);
    }
}

/// Nobody else accepts: the client finds the end at once, and not when its head has been waited for.
#[test]
fn no_connection_of_a_plain_listener_is_late() {
    watched(|| {
        let server = hello().head_timeout(PATIENCE * 10);
        let (options, service) = server.into_service();
        let handle = Arc::new(OnceLock::new());
        let service = StopsFirst(service, handle.clone());
        let listener = Listener::bind("127.0.0.1:0").expect("a port");
        let started = listener.serve(options, service).expect("threads");
        assert!(handle.set(started.clone()).is_ok());
        let site = Site { handle: started };
        let mut client = site.client();
        client.send("GE"); // half a head would be waited for
        client.ended();
        drop(client);
        site.handle.wait();
    });
}
