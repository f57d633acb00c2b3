//! A server that stops, and peers that vanish.

use super::stage::{Peer, close, echo, masked, open, plain, serving, until};
use crate::support::{Log, PATIENCE, Site, watched};
use barewire::http::{self, Failure};
use barewire::net::{Listener, Service, Shutdown, Slot, Stream};
use barewire::websocket;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

const STOPPING: &str = "the server is stopping";

#[test]
fn a_server_that_stops_sends_1001() {
    watched(|| {
        let site = serving(echo);
        let mut peers: Vec<Peer> = (0..10).map(|_| Peer::open(&site)).collect();
        let mut ws = open(&site);
        thread::scope(|scope| {
            let stops = scope.spawn(|| site.handle.shutdown(PATIENCE));
            for peer in &mut peers {
                peer.expect(plain(0x88, close(1001, STOPPING)));
                peer.send(masked(0x88, close(1001, "")));
                peer.ended();
            }
            drop(std::mem::take(&mut peers));
            assert_eq!(ws.receive().expect("a close"), None);
            drop(ws);
            assert_eq!(stops.join().expect("a thread").cut, 0);
        });
    });
}

#[test]
fn a_server_that_restarts_sends_1012() {
    watched(|| {
        let site = serving(echo);
        let mut peers: Vec<Peer> = (0..3).map(|_| Peer::open(&site)).collect();
        thread::scope(|scope| {
            let restarts = scope.spawn(|| site.handle.shutdown(Shutdown::restart(PATIENCE)));
            for peer in &mut peers {
                peer.expect(plain(0x88, close(1012, "the server is restarting")));
                peer.send(masked(0x88, close(1012, "")));
                peer.ended();
            }
            drop(std::mem::take(&mut peers));
            assert_eq!(restarts.join().expect("a thread").cut, 0);
        });
    });
}

/// A service between the listener and the server passes on the connection's slot with the stream.
#[test]
fn a_server_behind_another_service_sends_1001() {
    struct Between<S>(S);

    impl<S: Service> Service for Between<S> {
        fn connection(&self, stream: Arc<dyn Stream>, slot: Slot) {
            self.0.connection(stream, slot);
        }
    }

    watched(|| {
        let server = http::create_server(|req, res| {
            echo(websocket::accept(req, res)?.expect("a WebSocket"));
            Ok::<(), Failure>(())
        });
        let (options, service) = server.into_service();
        let listener = Listener::bind("127.0.0.1:0").expect("a port");
        let handle = listener.serve(options, Between(service)).expect("threads");
        let site = Site { handle };
        let mut peer = Peer::open(&site);
        thread::scope(|scope| {
            let stops = scope.spawn(|| site.handle.shutdown(PATIENCE));
            peer.expect(plain(0x88, close(1001, STOPPING)));
            peer.send(masked(0x88, close(1001, "")));
            peer.ended();
            drop(peer);
            let report = stops.join().expect("a thread");
            assert_eq!((report.drained, report.cut), (1, 0));
        });
    });
}

#[test]
fn a_peer_that_does_not_answer_is_cut() {
    watched(|| {
        let site = serving(echo);
        let mut peer = Peer::open(&site);
        let report = site.handle.shutdown(Duration::from_millis(20));
        assert_eq!(report.cut, 1);
        peer.expect(plain(0x88, close(1001, STOPPING)));
        peer.ended();
    });
}

/// A peer vanishes in the middle of something: the connection's slot is free again.
#[test]
fn abrupt_disconnects_leave_nothing() {
    watched(|| {
        let log = Log::default();
        let noted = log.clone();
        let site = serving(move |ws| {
            echo(ws);
            noted.note("over");
        });
        for n in 0..100 {
            let mut peer = Peer::open(&site);
            match n % 4 {
                0 => {}
                1 => peer.send(b"\x81"),
                2 => peer.send(&masked(0x81, "cut off")[..9]),
                _ => peer.send(masked(0x82, vec![0; 100_000]).repeat(3)), // unread answers
            }
        }
        log.wait_for_several("over", 100);
        until("all slots are free", || site.handle.connections() == 0);
    });
}
