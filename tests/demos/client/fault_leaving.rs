//! `proxy`: clients that leave before the server responds, and more clients than connections to a server.

use super::forwarding::{connect, proxy};
use crate::support::{Client, Log, PATIENCE, SOON, watched};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Instant;

/// How many connections the proxy opens to one server.
const SOCKETS: usize = 100;

/// A server that responds to `/now` at once and otherwise as `start` says, and notes what comes and goes.
fn server(start: &'static str) -> (Log, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("a port").port();
    let log = Log::default();
    let noting = log.clone();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let log = noting.clone();
            thread::spawn(move || serve(stream, start, &log));
        }
    });
    (log, port)
}

fn serve(mut stream: TcpStream, start: &str, log: &Log) {
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let (mut head, mut byte) = (Vec::new(), [0]);
    while matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
        if !head.ends_with(b"\r\n\r\n") {
            continue;
        }
        if head.starts_with(b"GET /now ") {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnow");
        } else {
            log.note("asked");
            let _ = stream.write_all(start.as_bytes());
        }
        head.clear();
    }
    log.note("closed");
}

fn ask(at: u16, port: u16, request: &str) -> Client {
    let mut client = connect(at);
    client.send(request.replacen(" /", &format!(" http://127.0.0.1:{port}/"), 1));
    client
}

const POLL: &str = "GET /poll HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn fault_c12_a_client_that_leaves_frees_its_upstream() {
    watched(|| {
        let post = "POST /poll HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n";
        let whole = format!("{post}all of it");
        let half = format!("{post}half");
        let events = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhi\n\r\n";
        for (request, start) in [
            (POLL, ""),             // before the head
            (POLL, "HTTP/1.1 200"), // in the middle of the head
            (POLL, events),         // in the middle of a body that is silent
            (&whole, ""),
            (&half, ""), // before its own request was sent
        ] {
            let (log, port) = server(start);
            let (_running, _client, at) = proxy(&[]);
            let client = ask(at, port, request);
            log.wait_for("asked");
            let began = Instant::now();
            drop(client);
            log.wait_for("closed");
            let took = began.elapsed();
            assert!(took < SOON, "{request:?}, {start:?}: {took:?}");
        }
    });
}

#[test]
fn fault_c12_a_full_pool_is_503_and_clients_that_leave_make_room() {
    watched(|| {
        let (log, port) = server("");
        let (_running, _client, at) = proxy(&[]);
        let polls: Vec<Client> = (0..SOCKETS).map(|_| ask(at, port, POLL)).collect();
        log.wait_for_several("asked", SOCKETS);
        let began = Instant::now();
        let mut refused = ask(at, port, POLL);
        let answer = refused.answer();
        assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
        assert_eq!(answer.status, 503);
        assert_eq!(answer.field("Retry-After"), Some("1"));
        assert!(answer.text().contains("no socket of the agent was free"));

        let began = Instant::now();
        drop(polls);
        log.wait_for_several("closed", SOCKETS);
        let mut next = ask(at, port, "GET /now HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(next.answer().text(), "now");
        assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    });
}
