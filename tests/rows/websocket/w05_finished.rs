//! W05: `on_finish` of both roles: one summary for each connection, however it ends.

use super::stage::{Peer, accepting, close, echo, masked, plain, until, url};
use crate::support::{Log, Site, watched};
use barewire::websocket::wire::Role;
use barewire::websocket::{self, Acceptor, Config, ConnectOptions, Summary, WebSocket};
use std::time::Duration;

/// `closed by`, its code, `messages/bytes` in and out, the outcome's code.
fn noted(summary: &Summary<'_>) -> String {
    let end = match summary.closed_by() {
        Some(Role::Client) => "client",
        Some(Role::Server) => "server",
        None => "nobody",
    };
    assert!(summary.peer().is_some());
    format!(
        "{end} {} in {}/{} out {}/{} saw {}",
        summary.code(),
        summary.messages_in(),
        summary.bytes_in(),
        summary.messages_out(),
        summary.bytes_out(),
        summary.outcome().code,
    )
}

/// Servers whose connections are noted.
fn noting(config: Config, log: &Log) -> Acceptor {
    let log = log.clone();
    let acceptor = Acceptor::new().config(config);
    acceptor.on_finish(move |summary| {
        assert_eq!(summary.role(), Role::Server);
        log.note(noted(summary));
    })
}

fn open(site: &Site, log: &Log) -> WebSocket {
    let log = log.clone();
    let options = ConnectOptions::new().on_finish(move |summary| {
        assert_eq!(summary.role(), Role::Client);
        log.note(noted(summary));
    });
    websocket::connect_with(&url(site, "/"), &options).expect("a WebSocket")
}

fn wait_for_beginning(log: &Log, beginning: &str) {
    until("it is noted", || {
        log.all().iter().any(|note| note.starts_with(beginning))
    });
}

#[test]
fn row_w05_both_ends_have_a_summary_of_a_connection_that_was_closed() {
    watched(|| {
        let (servers, clients) = (Log::default(), Log::default());
        let site = accepting(noting(Config::default(), &servers), echo);
        let mut ws = open(&site, &clients);
        ws.send("one").unwrap();
        assert_eq!(ws.receive().unwrap().unwrap(), "one");
        let long = "x".repeat(100_000); // written from its sender's memory
        ws.send(&long).unwrap();
        assert_eq!(ws.receive().unwrap().unwrap(), long.as_str());
        let writer = ws.writer();
        let mut parts = writer.message().unwrap();
        parts.send("a").unwrap();
        parts.end("b").unwrap();
        assert_eq!(ws.receive().unwrap().unwrap(), "ab");
        ws.close(1000, "bye").unwrap();
        // 2 or 10 bytes of header, 4 of a mask; the Close frame of the client has a reason.
        let masked = (6 + 3) + (14 + 100_000) + (6 + 1) + (6 + 1) + (6 + 5);
        let plain = (2 + 3) + (10 + 100_000) + (2 + 2) + (2 + 2);
        clients.wait_for(&format!("client 1000 in 3/{plain} out 3/{masked} saw 1000"));
        servers.wait_for(&format!("client 1000 in 3/{masked} out 3/{plain} saw 1000"));
        drop(site);
        assert_eq!((clients.all().len(), servers.all().len()), (1, 1));
    });
}

#[test]
fn row_w05_who_has_closed_first_is_in_the_summary() {
    watched(|| {
        let (servers, clients) = (Log::default(), Log::default());
        let site = accepting(noting(Config::default(), &servers), |ws| {
            let _ = ws.close(3000, "");
        });
        let mut ws = open(&site, &clients);
        assert!(ws.receive().unwrap().is_none());
        clients.wait_for("server 3000 in 0/4 out 0/8 saw 3000");
        servers.wait_for("server 3000 in 0/8 out 0/4 saw 3000");

        let mut peer = Peer::open(&site);
        peer.expect(plain(0x88, close(3000, "")));
        peer.send(masked(0x88, "")); // without a code
        peer.ended();
        servers.wait_for("server 3000 in 0/6 out 0/4 saw 1005");
    });
}

#[test]
fn row_w05_a_connection_that_is_cut_has_a_summary() {
    watched(|| {
        let (servers, clients) = (Log::default(), Log::default());
        let short = Config {
            close_timeout: Duration::from_millis(50),
            ..Config::default()
        };
        let site = accepting(noting(short, &servers), echo);
        let mut peer = Peer::open(&site);
        peer.send(masked(0x81, "hi"));
        peer.expect(plain(0x81, "hi"));
        peer.finish(); // no Close frame
        servers.wait_for("nobody 1006 in 1/8 out 1/4 saw 1006");

        let mut peer = Peer::open(&site);
        peer.send(masked(0x83, "")); // no such opcode
        wait_for_beginning(&servers, "server 1002 in 0/6");

        let ws = open(&site, &clients);
        ws.writer().terminate();
        ws.writer().terminate();
        clients.wait_for("nobody 1006 in 0/0 out 0/0 saw 1006");
        servers.wait_for("nobody 1006 in 0/0 out 0/0 saw 1006");

        drop(open(&site, &clients)); // both halves: 1001
        wait_for_beginning(&clients, "client 1001 in 0/");
        servers.wait_for("client 1001 in 0/8 out 0/4 saw 1001");
        assert_eq!((clients.all().len(), servers.all().len()), (2, 4));
    });
}

/// The peer does not answer our Close frame: the clock cuts the connection, and calls `on_finish`.
#[test]
fn row_w05_a_close_that_is_not_answered_has_a_summary() {
    watched(|| {
        let log = Log::default();
        let short = Config {
            close_timeout: Duration::from_millis(50),
            ..Config::default()
        };
        let site = accepting(noting(short, &log), |mut ws| {
            ws.writer().close(1001, "").unwrap();
            ws.receive().unwrap_err();
        });
        let mut peer = Peer::open(&site);
        peer.expect(plain(0x88, close(1001, "")));
        log.wait_for("server 1001 in 0/0 out 0/4 saw 1006");
        assert_eq!(log.all().len(), 1);
    });
}

/// No lock is held: the program's code may use the connection, and its panic is its own.
#[test]
fn row_w05_on_finish_may_use_the_connection_and_panic() {
    watched(|| {
        let log = Log::default();
        let noted = log.clone();
        let site = accepting(Acceptor::new(), echo);
        let (writers, writer) = std::sync::mpsc::channel::<websocket::Writer>();
        let writer = std::sync::Mutex::new(writer);
        let options = ConnectOptions::new().on_finish(move |_| {
            let writer = writer.lock().unwrap().recv().unwrap();
            assert!(writer.send("late").is_err() && !writer.is_open());
            writer.terminate();
            noted.note(writer.closed().code);
            panic!("expected: a panic of on_finish");
        });
        let ws = websocket::connect_with(&url(&site, "/"), &options).unwrap();
        writers.send(ws.writer()).unwrap();
        assert_eq!(ws.close(1000, "").unwrap().code, 1000);
        log.wait_for("1000");
        assert_eq!(log.all().len(), 1);
    });
}
