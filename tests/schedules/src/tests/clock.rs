//! The clock thread, which begins when something is scheduled and ends when nothing is; and the bytes
//! that it sends for a handler that waits.

use super::{at_once, peer, write_all};
use crate::explore::{explore, time_stands_still};
use crate::http;
use crate::net::{Stream, Timed, Timer, call_after};
use crate::shim::sync::mpsc::{self, Receiver, Sender};
use crate::shim::sync::{Arc, Mutex};
use crate::shim::thread;
use crate::shim::time::{self, Instant};
use std::time::Duration;

/// Reports that it was called.
struct Called(Mutex<Sender<Duration>>);

impl Timed for Called {
    fn due(self: Arc<Self>, _timer: Timer) -> Option<Instant> {
        let called = self.0.lock().expect("nothing panics under this lock");
        called.send(time::elapsed()).expect("the test waits");
        None
    }
}

/// The clock thread stays for a second without anything to do, and may be about to end when it is
/// asked for something.
#[test]
fn every_call_comes_at_its_time() {
    explore(4000, || {
        let callers = [1000, 1000, 2500].map(|millis| {
            thread::spawn(move || {
                for delay in [0, 1, 1000].map(Duration::from_millis) {
                    thread::sleep(Duration::from_millis(millis));
                    let (calls, called) = mpsc::channel();
                    let one: Arc<dyn Timed> = Arc::new(Called(Mutex::new(calls)));
                    let when = time::elapsed() + delay;
                    call_after(delay, Timer::End, Arc::downgrade(&one));
                    let at = called.recv().expect("it is called");
                    assert!(at >= when && (at == when || !time_stands_still()));
                }
            })
        });
        for caller in callers {
            caller.join().expect("a caller");
        }
    });
}

/// Answers `/first`, and `/second` only when it is told to.
fn serve(told: Receiver<()>) -> http::Server<impl http::ServerEvents> {
    let told = Mutex::new(told);
    http::create_server(move |req, res| {
        if req.path() == "/second" {
            let told = told.lock().expect("one request at a time");
            told.recv().expect("the client tells");
        }
        res.end("!")
    })
}

/// Two requests come together. The answer to the first may leave with that to the second, but the
/// second waits for a client that waits for the first.
#[test]
fn an_answer_leaves_though_the_next_handler_waits() {
    explore(4000, || {
        let (client, ours) = peer(&[1000, 30_000]);
        let (tells, told) = mpsc::channel();
        let serves = thread::spawn(move || serve(told).serve(Arc::new(ours)));
        write_all(
            &client,
            b"GET /first HTTP/1.1\r\nHost: a\r\n\r\n\
              GET /second HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        );
        let mut heard = Vec::new();
        let mut piece = [0; 4096];
        let mut left = Some(tells);
        while let n @ 1.. = client.read(&mut piece).expect("no timeout") {
            heard.extend_from_slice(&piece[..n]);
            if heard.ends_with(b"\r\n\r\n!")
                && let Some(tells) = left.take()
            {
                if time_stands_still() {
                    assert!(time::elapsed() <= Duration::from_millis(5));
                }
                tells.send(()).expect("the handler waits");
            }
        }
        drop(client);
        serves.join().expect("the server");
        let answers = heard
            .windows(4)
            .filter(|bytes| bytes == b"\r\n\r\n")
            .count();
        assert_eq!(answers, 2, "{}", String::from_utf8_lossy(&heard));
    });
}

/// Sixteen requests come together and nothing waits: no deadline does either.
#[test]
fn pipelined_requests_are_answered_in_order() {
    explore(3000, || {
        let (client, ours) = peer(&[100, 30_000]);
        let server = http::create_server(|req, res| res.end(req.path()));
        let serves = thread::spawn(move || server.serve(Arc::new(ours)));
        let client = Arc::new(client);
        let sends = {
            let client = Arc::clone(&client);
            thread::spawn(move || {
                for i in 0..8 {
                    let last = if i == 7 { "Connection: close\r\n" } else { "" };
                    let request = format!("GET /{i} HTTP/1.1\r\nHost: a\r\n{last}\r\n");
                    write_all(&*client, request.as_bytes());
                }
            })
        };
        let mut heard = Vec::new();
        super::read_all(&*client, |bytes| heard.extend_from_slice(bytes));
        sends.join().expect("the client");
        at_once();
        drop(client);
        serves.join().expect("the server");
        let heard = String::from_utf8(heard).expect("ASCII");
        let bodies = heard.split("HTTP/1.1 200 OK").skip(1);
        let bodies: Vec<&str> = bodies
            .filter_map(|answer| answer.split("\r\n\r\n").nth(1))
            .collect();
        assert_eq!(bodies, ["/0", "/1", "/2", "/3", "/4", "/5", "/6", "/7"]);
    });
}
