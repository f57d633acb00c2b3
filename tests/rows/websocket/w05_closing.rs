//! W05: every way a connection ends, and what each side reports of it.

use super::stage::{
    Peer, close, echo, fake_server, masked, open, plain, reporting, serving, switch,
};
use crate::support::{Log, watched};
use barewire::websocket::{self, Acceptor, Config, ConnectOptions, Error, Outcome, wire::Rule};
use std::io::ErrorKind;
use std::sync::mpsc::Receiver;
use std::time::Duration;

fn outcome(clean: bool, code: u16, reason: &str) -> Outcome {
    Outcome {
        clean,
        code,
        reason: reason.to_owned(),
    }
}

/// A server that reports how each of its connections ended.
fn outcomes() -> (crate::support::Site, Receiver<Outcome>) {
    reporting(Acceptor::new(), |mut ws| {
        while let Ok(Some(_)) = ws.receive() {}
        ws.split().0.outcome().expect("it is over")
    })
}

#[test]
fn row_w05_the_client_closes() {
    watched(|| {
        let (site, outcomes) = outcomes();
        let ours = open(&site).close(1000, "bye").expect("a code");
        assert_eq!(ours, outcome(true, 1000, "")); // the answer has no reason
        assert_eq!(outcomes.recv(), Ok(outcome(true, 1000, "bye")));
    });
}

#[test]
fn row_w05_the_server_closes_and_ends_tcp_first() {
    watched(|| {
        let site = serving(|ws| {
            let outcome = ws.close(4001, "enough").expect("a code");
            assert!(outcome.clean);
        });
        let mut peer = Peer::open(&site);
        peer.expect(plain(0x88, close(4001, "enough")));
        peer.send(masked(0x81, "sent before it knew"));
        peer.send(masked(0x88, close(4001, "")));
        peer.ended(); // our side of TCP is still open
    });
}

/// What a peer sends last, the answer to it, and the outcome that the server reports.
#[test]
fn row_w05_how_a_peer_may_leave() {
    watched(|| {
        let (site, outcomes) = outcomes();
        let cases: [(Vec<u8>, Vec<u8>, Outcome); 4] = [
            (
                masked(0x88, close(1001, "away")),
                plain(0x88, close(1001, "")),
                outcome(true, 1001, "away"),
            ),
            (masked(0x88, []), plain(0x88, []), outcome(true, 1005, "")),
            (
                [masked(0x88, close(3000, "")), masked(0x81, "late")].concat(),
                plain(0x88, close(3000, "")),
                outcome(true, 3000, ""),
            ),
            (vec![], vec![], outcome(false, 1006, "")),
        ];
        for (sent, answered, expected) in cases {
            let mut peer = Peer::open(&site);
            peer.send(&sent);
            if sent.is_empty() {
                peer.finish();
            }
            peer.expect(answered);
            peer.ended();
            drop(peer);
            assert_eq!(outcomes.recv(), Ok(expected));
        }
    });
}

#[test]
fn row_w05_both_close_at_once() {
    watched(|| {
        let (url, server) = fake_server(
            |key| switch(key, ""),
            |mut peer| {
                peer.send(plain(0x88, close(3001, "me too")));
                assert_eq!(peer.exactly(2 + 4 + 2 + 2)[..2], [0x88, 0x84]);
                // It was no answer to ours, and ours is the answer to it: the end comes next.
                peer.finish();
                peer.ended();
            },
        );
        let ws = websocket::connect(&url).expect("open");
        let ours = ws.close(3000, "me").expect("a code");
        assert_eq!(ours, outcome(true, 3001, "me too"));
        server.join().expect("the server");
    });
}

#[test]
fn row_w05_a_peer_that_does_not_answer_a_close_is_cut() {
    watched(|| {
        let (url, server) = fake_server(
            |key| switch(key, ""),
            |mut peer| {
                assert_eq!(peer.exactly(2 + 4 + 2)[0], 0x88);
                peer.ended();
            },
        );
        let config = Config {
            close_timeout: Duration::from_millis(30),
            ..Config::default()
        };
        let options = ConnectOptions::new().config(config);
        let ws = websocket::connect_with(&url, &options).expect("open");
        assert_eq!(
            ws.close(1000, "").expect("a code"),
            outcome(false, 1006, "")
        );
        server.join().expect("the server");
    });
}

/// One thread closes while the reading thread is blocked in a read without a deadline.
#[test]
fn row_w05_a_blocked_reader_sees_the_deadline_of_a_close() {
    watched(|| {
        let config = Config {
            close_timeout: Duration::from_millis(30),
            ..Config::default()
        };
        let (site, reports) = reporting(Acceptor::new().config(config), |ws| {
            let (mut reader, writer) = ws.split();
            std::thread::scope(|scope| {
                let reads = scope.spawn(move || reader.receive().map(|data| data.is_some()));
                writer.close(1000, "").expect("a code");
                (writer.closed(), reads.join().expect("a thread"))
            })
        });
        let mut peer = Peer::open(&site);
        peer.expect(plain(0x88, close(1000, "")));
        let (ours, read) = reports.recv().expect("the end");
        assert_eq!(ours, outcome(false, 1006, ""));
        match read {
            Err(Error::Io(error)) => assert_eq!(error.kind(), ErrorKind::TimedOut),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn row_w05_nothing_follows_a_close() {
    watched(|| {
        let log = Log::default();
        let noted = log.clone();
        let site = serving(move |ws| {
            let (mut reader, writer) = ws.split();
            writer.close(1000, "").expect("a code");
            for (what, done) in [
                ("send", writer.send("late").map(|()| true)),
                ("try_send", writer.try_send("late")),
                ("ping", writer.send_ping().map(|()| true)),
                ("message", writer.message().map(|_| true)),
            ] {
                noted.note(format!("{what} {done:?}"));
            }
            writer.close(1001, "once more").expect("nothing is sent");
            assert!(!writer.is_open());
            while let Ok(Some(_)) = reader.receive() {}
            noted.note("over");
        });
        let mut peer = Peer::open(&site);
        peer.expect(plain(0x88, close(1000, "")));
        peer.send(masked(0x89, "ping")); // no pong either
        peer.send(masked(0x88, close(1000, "")));
        peer.ended();
        drop(peer);
        log.wait_for("over");
        for entry in &log.all()[..4] {
            assert!(entry.ends_with("Err(Misuse(Closed))"), "{entry}");
        }
    });
}

#[test]
fn row_w05_codes_and_reasons_that_cannot_be_sent() {
    watched(|| {
        let site = serving(echo);
        let ws = open(&site);
        for (code, reason) in [(1005, ""), (1006, ""), (999, ""), (1000, &*"x".repeat(124))] {
            let refused = ws.writer().close(code, reason);
            assert!(matches!(refused, Err(Error::Misuse(_))), "{code}");
        }
        assert!(ws.close(1000, "x".repeat(123)).expect("a code").clean);
    });
}

#[test]
fn row_w05_the_end_without_a_close_is_an_error_once() {
    watched(|| {
        let (url, server) = fake_server(|key| switch(key, ""), drop);
        let mut ws = websocket::connect(&url).expect("open");
        match ws.receive() {
            Err(Error::Peer(error)) => assert_eq!(error.rule(), Rule::ClosedAbnormally),
            other => panic!("{other:?}"),
        }
        assert_eq!(ws.receive().expect("nothing more"), None);
        server.join().expect("the server");
    });
}

/// A connection that is dropped sends a Close frame, too.
#[test]
fn row_w05_a_connection_that_is_dropped() {
    watched(|| {
        let site = serving(drop);
        let mut peer = Peer::open(&site);
        peer.expect(plain(0x88, close(1001, "")));
        peer.ended();
    });
}
