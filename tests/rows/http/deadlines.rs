//! What strangers may not do with time. Every deadline is made short, and every test waits for
//! what must happen in the end; none says how soon.

use crate::https::stage as tls;
use crate::support::{
    Client, Gate, Log, PATIENCE, Reporting, Site, over_pipe, post, request, steady,
};
use barewire::http::{self, Error, Request, Response, Server, ServerEvents};
use barewire::net::Stream;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const SHORT: Duration = Duration::from_millis(100);
/// As good as none: if this one were the deadline that applies, the watchdog would come first.
const HOUR: Duration = Duration::from_secs(3600);

fn collecting() -> Server<impl ServerEvents> {
    http::create_server(|mut req: Request<'_>, res| res.end(req.collect()?))
}

/// A server with one short deadline: the others are as good as none.
fn patient(server: Server<impl ServerEvents>) -> Server<impl ServerEvents> {
    let patient = server.head_timeout(HOUR).stall_timeout(HOUR);
    patient.keep_alive_timeout(None)
}

/// Sends `byte` again and again, slowly, until there is an answer: a 408.
#[track_caller]
fn drip(mut client: Client, byte: &'static str) {
    let mut sender = Client::over(client.stream().clone());
    let answered = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !answered.load(Ordering::Relaxed) && sender.try_send(byte).is_ok() {
                thread::sleep(Duration::from_millis(2));
            }
        });
        let answer = client.try_answer();
        answered.store(true, Ordering::Relaxed);
        let answer = answer.expect("an answer");
        assert_eq!(
            (answer.status, answer.reason.as_str()),
            (408, "Request Timeout")
        );
        assert!(
            answer.text().contains("RFC 9110 §15.5.9"),
            "{}",
            answer.text()
        );
        assert!(answer.says_close());
    });
}

/// Bytes keep coming, so the socket never times out. The head as a whole does.
#[test]
fn deadline_of_a_head_that_comes_byte_by_byte() {
    steady(SHORT / 4, || {
        let site = Site::new(patient(collecting()).head_timeout(SHORT));
        let mut client = site.client();
        let began = Instant::now();
        client.send("GET / HTTP/1.1\r\nHost: a\r\nX: ");
        drip(client, "x");
        assert!(began.elapsed() >= SHORT);
    });
}

#[test]
fn deadline_of_a_head_that_does_not_go_on() {
    steady(SHORT / 4, || {
        let site = Site::new(patient(collecting()).head_timeout(SHORT));
        for head in [
            "G",
            "GET / HT",
            "GET / HTTP/1.1\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n\r",
        ] {
            let mut client = site.client();
            client.send(head);
            let answer = client.answer();
            assert_eq!(answer.status, 408, "{head:?}");
            client.ended();
        }
    });
}

/// The second head on a connection has as much time as the first.
#[test]
fn deadline_of_a_later_head() {
    steady(SHORT / 4, || {
        let site = Site::new(patient(collecting()).head_timeout(SHORT));
        let mut client = site.client();
        client.send(request("GET", "/") + "GET / HT");
        assert_eq!(client.answer().status, 200);
        assert_eq!(client.answer().status, 408);
        client.ended();
    });
}

/// A connection that may be idle for an hour waits as long in one read. The deadlines of its next request
/// are its own all the same.
#[test]
fn fault_a15_a_long_idle_time_is_no_deadline_of_the_next_request() {
    steady(SHORT / 4, || {
        let server = || collecting().keep_alive_timeout(Some(HOUR));
        let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome";
        let slow = [
            (server().head_timeout(SHORT).stall_timeout(HOUR), "GET / HT"),
            (server().head_timeout(HOUR).stall_timeout(SHORT), post),
        ];
        for (server, part) in slow {
            let site = Site::new(server);
            let mut client = site.client();
            client.send(request("GET", "/"));
            assert_eq!(client.answer().status, 200);
            std::thread::sleep(2 * SHORT); // it is quiet, or else the test shows less
            client.send(part);
            assert_eq!(client.answer().status, 408, "{part}");
            client.ended();
        }
    });
}

/// What was read already when a connection is handed to us may be cut anywhere.
#[test]
fn fault_a15_bytes_that_were_read_already_have_deadlines_too() {
    steady(SHORT / 4, || {
        for part in [
            "GET / HT",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nsome",
        ] {
            let server = collecting().head_timeout(SHORT).stall_timeout(SHORT);
            let (here, there) = barewire::net::pipe();
            let mut client = Client::over(Arc::new(here));
            std::thread::scope(|scope| {
                scope.spawn(|| server.serve_behind(part.as_bytes(), Arc::new(there), None));
                assert_eq!(client.answer().status, 408, "{part}");
                client.finish();
                client.ended();
            });
        }
    });
}

/// A client that sends nothing gets no 408: no request has begun. Browsers open connections in advance, and
/// take a response that was there before their request for its answer (or, by RFC 9112 §9.2, for none).
#[test]
fn fault_b12_a_silent_connection_ends_without_a_response() {
    steady(SHORT / 4, || {
        let server = || patient(collecting()).head_timeout(2 * SHORT);
        let silent = |mut client: Client| {
            let began = Instant::now();
            client.ended();
            assert!(began.elapsed() >= SHORT, "{:?}", began.elapsed());
        };
        let site = Site::new(server());
        silent(site.client());
        let mut client = site.client();
        client.send("\r\n"); // an empty line is no request either
        silent(client);
        silent(tls::Site::new(server()).client());
    });
}

/// Four empty lines are waited behind in silence. The fifth is refused at once, before a request and behind one.
#[test]
fn fault_b02_b12_a_fifth_empty_line_is_refused() {
    steady(SHORT / 4, || {
        let server = || {
            let server = collecting().stall_timeout(HOUR);
            server
                .head_timeout(2 * SHORT)
                .keep_alive_timeout(Some(2 * SHORT))
        };
        let patient = Site::new(patient(collecting()));
        for first in [String::new(), request("GET", "/")] {
            let site = Site::new(server());
            for (site, lines) in [(&site, 4), (&patient, 5)] {
                let mut client = site.client();
                client.send(first.clone() + &"\r\n".repeat(lines));
                if !first.is_empty() {
                    assert_eq!(client.answer().status, 200);
                }
                if lines == 5 {
                    let answer = client.answer();
                    assert_eq!(answer.status, 400);
                    assert!(answer.text().contains("RFC 9112 §2.2"), "{}", answer.text());
                }
                client.ended();
            }
        }
    });
}

/// How long a connection lives on which, after `first`, bytes of empty lines come one by one.
fn life_of_empty_lines(mut client: Client, first: &str, answers: usize) -> Duration {
    client.send(first);
    (0..answers).for_each(|_| assert_eq!(client.answer().status, 200));
    let began = Instant::now();
    let mut sender = Client::over(client.stream().clone());
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for byte in ["\r", "\n"].iter().cycle().take(16) {
                thread::sleep(SECOND * 3 / 10);
                if ended.load(Ordering::Relaxed) || sender.try_send(byte).is_err() {
                    break;
                }
            }
        });
        client.ended(); // and no 408: no request has begun
        ended.store(true, Ordering::Relaxed);
    });
    began.elapsed()
}

const SECOND: Duration = Duration::from_secs(1);

/// An idle connection is idle whatever empty lines come: those before a request, behind it, and behind its
/// body, in one piece with it or byte by byte.
#[test]
fn fault_b02_empty_lines_are_no_sign_of_life() {
    steady(SECOND / 4, || {
        let get = request("GET", "/");
        let firsts = [
            (String::new(), 0),
            ("\r\n".to_owned(), 0),
            (get.clone(), 1),
            (get.clone() + "\r\n\r\n", 1),
            (get + &post("/", "body") + "\r\n", 2),
        ];
        thread::scope(|scope| {
            for (first, answers) in &firsts {
                for over_tls in [false, true] {
                    scope.spawn(move || {
                        let server = collecting().head_timeout(SECOND).stall_timeout(HOUR);
                        let server = server.keep_alive_timeout(Some(SECOND));
                        let life = match over_tls {
                            true => {
                                let site = tls::Site::new(server);
                                life_of_empty_lines(site.client(), first, *answers)
                            }
                            false => {
                                let site = Site::new(server);
                                life_of_empty_lines(site.client(), first, *answers)
                            }
                        };
                        let within = SECOND * 9 / 10..SECOND * 2;
                        assert!(within.contains(&life), "{first:?}: {life:?}");
                    });
                }
            }
        });
    });
}

/// An empty line is forgiven: a request may follow it, with the time of a head of its own.
#[test]
fn fault_b02_a_request_behind_empty_lines_has_its_own_deadline() {
    steady(SHORT / 4, || {
        let server = collecting().head_timeout(HOUR).stall_timeout(HOUR);
        let site = Site::new(server.keep_alive_timeout(Some(2 * SHORT)));
        let mut client = site.client();
        client.send("\r\n");
        client.send(request("GET", "/"));
        assert_eq!(client.answer().status, 200);
        client.send("\r\n");
        client.send("GET / HTTP/1.1\r\n");
        thread::sleep(4 * SHORT); // long enough for a deadline that must not come
        client.send("Host: a\r\n\r\n");
        assert_eq!(client.answer().status, 200);
        client.ended();
    });
}

#[test]
fn deadline_of_a_body_that_does_not_go_on() {
    steady(SHORT / 4, || {
        let site = Site::new(patient(collecting()).stall_timeout(SHORT));
        let mut client = site.client();
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome");
        assert_eq!(client.answer().status, 408);
        client.ended();
    });
}

/// A byte now and then is progress, but less than the least rate.
#[test]
fn deadline_of_a_body_that_comes_byte_by_byte() {
    steady(SHORT / 4, || {
        let server = patient(collecting()).stall_timeout(SHORT);
        let site = Site::new(server.min_bytes_per_second(1_000_000));
        let mut client = site.client();
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
        drip(client, "x");
        let mut client = site.client();
        client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        drip(client, "1\r\nx\r\n");
    });
}

/// Also where the handler reads for itself, and the error goes through `Read`.
#[test]
fn deadline_of_a_body_that_is_read() {
    steady(SHORT / 4, || {
        let reading = http::create_server(|mut req: Request<'_>, res| -> http::Handled {
            std::io::copy(&mut req, &mut std::io::sink())?;
            res.end("")
        });
        let site = Site::new(patient(reading).stall_timeout(SHORT));
        let mut client = site.client();
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome");
        assert_eq!(client.answer().status, 408);
        client.ended();
    });
}

/// A body that the handler left unread is dropped, but the server does not wait for a slow sender.
#[test]
fn deadline_of_a_body_that_is_skipped() {
    steady(SHORT / 4, || {
        let server = http::create_server(|_req, res| res.end("not read"));
        let site = Site::new(patient(server).stall_timeout(SHORT));
        let mut client = site.client();
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome");
        assert_eq!(client.answer().text(), "not read");
        client.ended();
    });
}

/// The deadline of the head is over with the head.
#[test]
fn deadline_of_the_head_does_not_concern_the_body() {
    steady(SHORT / 4, || {
        let site = Site::new(patient(collecting()).head_timeout(SHORT));
        let mut client = site.client();
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
        thread::sleep(SHORT * 3); // long enough for a deadline that must not come
        client.send("body");
        assert_eq!(client.answer().text(), "body");
    });
}

/// The time in which a handler computes does not count against the client.
#[test]
fn deadline_of_a_body_does_not_run_while_the_handler_computes() {
    steady(SHORT / 4, || {
        let server = http::create_server(|mut req: Request<'_>, mut res: Response<'_>| {
            thread::sleep(SHORT * 3); // far beyond every deadline here
            let body = req.collect()?.to_vec();
            res.write("thought ")?;
            thread::sleep(SHORT * 3);
            res.end(body)
        });
        let server = server.head_timeout(SHORT).stall_timeout(SHORT);
        let site = Site::new(server.keep_alive_timeout(Some(SHORT)));
        let mut client = site.client();
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody");
        assert_eq!(client.answer().text(), "thought body");
    });
}

/// Between requests a connection may rest as long as it is allowed to; the head's deadline
/// begins with the head.
#[test]
fn deadline_of_a_resting_connection() {
    steady(SHORT / 4, || {
        let site = Site::new(patient(collecting()).head_timeout(SHORT));
        let mut client = site.client();
        client.send(request("GET", "/"));
        assert_eq!(client.answer().status, 200);
        thread::sleep(SHORT * 3);
        client.send(request("GET", "/"));
        assert_eq!(client.answer().status, 200);
    });
}

/// Writes for ever, and notes how that ended.
fn endless(log: &Log, piece: usize) -> Server<impl ServerEvents> {
    let ended = log.clone();
    let events = Reporting::new(log, move |_req, mut res: Response<'_>| {
        loop {
            if let Err(error) = res.write(vec![b'x'; piece]) {
                if let Error::Io(error) = &error {
                    ended.note(format!("{:?}", error.kind()));
                }
                return Err(error.into());
            }
        }
    });
    http::create_server_with(events)
}

/// It asks for everything and reads nothing: its buffers are full, and no byte moves.
#[test]
fn deadline_of_a_client_that_never_reads() {
    steady(SHORT / 4, || {
        for piece in [100, 100_000] {
            let log = Log::default();
            let server = patient(endless(&log, piece)).stall_timeout(SHORT);
            let began = Instant::now();
            over_pipe(&server, 50_000, |mut client| {
                client.send(request("GET", "/"));
                log.wait_for(&format!("{:?}", ErrorKind::TimedOut));
                assert!(began.elapsed() >= SHORT);
            });
            assert_eq!(
                log.all().len(),
                1,
                "the connection's fault, not the handler's"
            );
        }
    });
}

/// The same over TCP, where the kernel has buffers of its own.
#[test]
fn deadline_of_a_client_that_never_reads_over_tcp() {
    steady(SHORT / 4, || {
        let log = Log::default();
        let server = patient(endless(&log, 1_000_000)).stall_timeout(SHORT);
        let site = Site::new(server);
        let mut client = site.client();
        client.send(request("GET", "/"));
        log.wait_for(&format!("{:?}", ErrorKind::TimedOut));
        assert_eq!(site.handle.shutdown(PATIENCE).cut, 0, "it is gone already");
        assert!(client.rest().starts_with(b"HTTP/1.1 200 OK\r\n"));
    });
}

/// A byte now and then keeps no answer alive either.
#[test]
fn deadline_of_a_client_that_reads_byte_by_byte() {
    steady(SHORT / 4, || {
        let log = Log::default();
        let server = patient(endless(&log, 1000)).stall_timeout(SHORT);
        let server = server.min_bytes_per_second(1_000_000);
        over_pipe(&server, 100, |mut client| {
            client.send(request("GET", "/"));
            let stream = client.stream().clone();
            while let Ok(1..) = stream.read(&mut [0; 1]) {
                thread::sleep(Duration::from_millis(2));
            }
        });
        log.wait_for(&format!("{:?}", ErrorKind::TimedOut));
    });
}

/// Small answers wait for a reader too, when there are enough of them.
#[test]
fn deadline_of_a_client_that_asks_and_never_reads() {
    steady(SHORT / 4, || {
        let server = http::create_server(|_req, res| res.end(vec![b'x'; 1000]));
        let server = patient(server).stall_timeout(SHORT);
        let (here, there) = barewire::net::pipe_with_capacity(30_000);
        let client: &dyn Stream = &here;
        client
            .write_all(request("GET", "/").repeat(500).as_bytes())
            .expect("room");
        server.serve(std::sync::Arc::new(there)); // returns: the test's own end is still open
    });
}

/// One slow client delays no other: each has a thread of its own.
#[test]
fn deadline_or_not_others_are_served() {
    steady(SHORT / 4, || {
        let gate = Gate::default();
        let until_open = gate.clone();
        let site = Site::new(http::create_server(move |req: Request<'_>, res| {
            if req.path() == "/wait" {
                until_open.pass();
            }
            res.end("served")
        }));
        let mut slow: Vec<Client> = (0..8).map(|_| site.client()).collect();
        for (n, client) in slow.iter_mut().enumerate() {
            client.send(["GET /wait HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HT"][n % 2]);
        }
        assert_eq!(site.get("/").text(), "served");
        gate.open();
    });
}
