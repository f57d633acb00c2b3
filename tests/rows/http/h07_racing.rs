//! H07: a stop that meets requests on their way, and a server that takes the place of one that has stopped.
//!
//! What [`Handle::stop`](barewire::net::Handle::stop) promises, whatever comes first: a request that has
//! reached a handler gets its whole response. A request that has not gets none: the connection ends before
//! the first byte of one, so its client may send it again elsewhere.

use crate::https::stage as tls;
use crate::support::{Client, Log, Random, Site, request, watched};
use barewire::http::{self, Request, Response, Server, ServerEvents};
use barewire::net::{Addr, Handle};
use std::collections::BTreeSet;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const CLIENTS: usize = 4;

/// Notes each request that reaches the handler.
fn noting(log: &Log) -> Server<impl ServerEvents> {
    let log = log.clone();
    let server = http::create_server(move |req: Request<'_>, res: Response<'_>| {
        log.note(req.path());
        res.end(req.path())
    });
    server.linger_timeout(HOUR).keep_alive_timeout(None)
}

/// Each client has an idle connection, and sends its request in one or two pieces while the server stops.
/// Returns which requests reached the handler, and which got a response.
fn race(
    chance: &mut Random,
    log: &Log,
    handle: &Handle,
    connect: &dyn Fn() -> Client,
) -> (BTreeSet<String>, BTreeSet<String>) {
    let barrier = Arc::new(Barrier::new(CLIENTS + 1));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|n| {
            let mut client = connect();
            if n % 2 == 0 {
                client.send(request("GET", "/before")); // the others are new, and idle
                assert_eq!(client.answer().status, 200);
            }
            let (barrier, delay) = (barrier.clone(), chance.below(200) as u64);
            let path = format!("/{n}");
            let bytes = request("GET", &path);
            let cut = match chance.below(3) {
                0 => 1 + chance.below(bytes.len() - 1),
                _ => bytes.len(),
            };
            thread::spawn(move || {
                barrier.wait();
                thread::sleep(Duration::from_micros(delay));
                let (one, other) = bytes.split_at(cut);
                let sent = client.try_send(one).and_then(|()| client.try_send(other));
                let came = client.rest();
                let answer = String::from_utf8(came).expect("text");
                if answer.is_empty() {
                    return None; // the end, or a reset
                }
                assert!(sent.is_ok(), "answered before it was sent");
                assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
                assert!(answer.ends_with(&format!("\r\n\r\n{path}")), "{answer}");
                Some(path)
            })
        })
        .collect();
    barrier.wait();
    thread::sleep(Duration::from_micros(chance.below(200) as u64));
    assert_eq!(handle.shutdown(HOUR).cut, 0);
    let answered = clients
        .into_iter()
        .filter_map(|client| client.join().expect("no panic"))
        .collect();
    let handled = log.all().into_iter().filter(|path| path != "/before");
    (handled.collect(), answered)
}

#[test]
fn row_h07_a_stop_that_meets_requests_loses_none_that_was_begun() {
    watched(|| {
        let mut chance = Random::new(7);
        let (mut rounds, mut some, mut all) = (0, 0, 0);
        while rounds < 150 {
            rounds += 1;
            let log = Log::default();
            let site = Site::new(noting(&log));
            let (handled, answered) = race(&mut chance, &log, &site.handle, &|| site.client());
            assert_eq!(handled, answered, "in round {rounds}");
            some += usize::from(!answered.is_empty());
            all += usize::from(answered.len() == CLIENTS);
        }
        assert!(some > 0 && all < rounds, "there was no race: {some}, {all}");
    });
}

#[test]
fn row_h07_a_stop_that_meets_requests_over_tls() {
    watched(|| {
        let mut chance = Random::new(8);
        for round in 0..40 {
            let log = Log::default();
            let site = tls::Site::new(noting(&log));
            let (handled, answered) = race(&mut chance, &log, &site.handle, &|| site.client());
            assert_eq!(handled, answered, "in round {round}");
        }
    });
}

/// The port of an address, and how many sockets of the system are in TIME_WAIT there.
fn time_wait(address: &Addr) -> usize {
    let port = format!(":{:04X}", address.port().expect("a port"));
    let table = std::fs::read_to_string("/proc/net/tcp").expect("the system's sockets");
    let waits = |line: &&str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        fields.len() > 3 && fields[1].ends_with(&port) && fields[3] == "06"
    };
    table.lines().filter(waits).count()
}

/// The server that closes first keeps the connection in TIME_WAIT, for a minute. (On a loopback address of its
/// own, so that no other test takes the port.)
#[test]
fn row_h07_a_server_follows_another_on_the_same_port_at_once() {
    watched(|| {
        let log = Log::default();
        let mut address = "127.13.7.1:0".to_owned();
        for round in 0..10 {
            let site = Site::at(&address, noting(&log));
            address = site.address().to_string();
            let mut idle = site.client();
            idle.send(request("GET", "/idle"));
            assert_eq!(idle.answer().text(), "/idle");
            let mut client = site.client();
            client.send("GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            assert!(client.answer().says_close());
            client.ended(); // the server has closed first
            drop(client);
            assert_eq!(site.handle.shutdown(HOUR).cut, 0);
            idle.ended();
            drop(idle);
            if cfg!(target_os = "linux") && round > 0 {
                assert!(time_wait(&site.address()) > 0, "this shows nothing");
            }
        }
    });
}
