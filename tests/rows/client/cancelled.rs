//! A request that another thread cancels: at each point of its life, in each order with its end.

use super::peer::Peer;
use super::test_server::{OK, TestServer, get, ok, one_socket, responding};
use crate::support::{Gate, Log, PATIENCE, SOON, watched};
use barewire::http::pool::Gauges;
use barewire::http::{
    self, Agent, ClientEvents, ClientRequest, ClientResponse, Connected, Error, Origin, Phase,
    RequestHandle, RequestOptions, Timeouts,
};
use barewire::net::{Stream, pipe};
use std::io::{BufRead, ErrorKind, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

#[track_caller]
fn cancelled<T: std::fmt::Debug>(result: Result<T, Error>) {
    match result {
        Err(Error::Io(error)) if error.kind() == ErrorKind::ConnectionAborted => {
            assert!(error.to_string().contains("cancelled"), "{error}");
        }
        other => panic!("not cancelled: {other:?}"),
    }
}

fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let began = Instant::now();
    while !happened() {
        assert!(began.elapsed() < PATIENCE, "it never happened that {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Makes the request with `send`, and cancels it once `is_time`. It must return soon, cancelled.
#[track_caller]
fn cancelled_when(
    options: &RequestOptions,
    is_time: impl Fn(&RequestHandle) -> bool,
    send: impl FnOnce(ClientRequest) -> Result<ClientResponse, Error> + Send,
) -> RequestHandle {
    let mut request = http::request(options).unwrap();
    let handle = request.handle();
    thread::scope(|scope| {
        let sent = scope.spawn(move || send(request).map(drop));
        until("it is time to cancel", || is_time(&handle));
        let began = Instant::now();
        handle.cancel();
        cancelled(sent.join().unwrap());
        assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    });
    assert!(handle.is_cancelled());
    handle
}

fn has_come_to(phase: Phase) -> impl Fn(&RequestHandle) -> bool {
    move |handle| handle.phase() == Some(phase)
}

/// The same server over pipes and over TCP.
fn servers() -> [(TestServer, Log); 2] {
    let (log, noting) = (Log::default(), Log::default());
    let over_tcp = TestServer::over_tcp_with(one_socket(), serving(log.clone()));
    let over_pipes = TestServer::with_capacity(one_socket(), 1024, serving(noting.clone()));
    [(over_tcp, log), (over_pipes, noting)]
}

fn server() -> (TestServer, Log) {
    let [_, over_pipes] = servers();
    over_pipes
}

/// Responds to `/now`, sends the beginning of a body to others, and is silent to `/silent`.
fn serving(noting: Log) -> impl Fn(Peer) + Send + Sync + 'static {
    move |mut peer| {
        while let Some(received) = peer.head() {
            match received.target() {
                "/now" => peer.send(OK),
                "/silent" => {}
                "/length" => peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"),
                "/chunked" => {
                    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
                }
                "/until-close" => peer.send("HTTP/1.1 200 OK\r\n\r\nhalf"),
                "/103" => drop(peer.try_send("HTTP/1.1 103 Early Hints\r\n\r\n")),
                "/unread" => {
                    noting.note("asked");
                    return noting.wait_for("may go");
                }
                other => panic!("{other}"),
            }
            if received.target() != "/now" {
                noting.note("asked");
                peer.until_closed();
                return noting.note("closed");
            }
        }
    }
}

/// The agent's only socket is free, and serves another request.
#[track_caller]
fn check_free(server: &TestServer) {
    server.check_quiet();
    ok(&server.options().path("/now"));
}

#[test]
fn a_request_that_has_not_begun_opens_nothing() {
    watched(|| {
        let (server, _) = server();
        let mut request = http::request(server.options().path("/now")).unwrap();
        let handle = request.handle();
        assert_eq!(handle.phase(), None);
        handle.cancel();
        handle.clone().cancel();
        cancelled(request.write("piece"));
        cancelled(request.end(""));
        assert_eq!((handle.phase(), handle.is_cancelled()), (None, true));
        assert_eq!(server.connections(), 0);
        check_free(&server);
        server.end();
    });
}

/// Without the handle it would wait for 30 s, the default of `queue_timeout`.
#[test]
fn a_request_in_the_queue_leaves_it_at_once() {
    watched(|| {
        let (server, _) = server();
        let options = server.options().path("/now");
        let held = http::request(server.options().path("/length")).unwrap();
        let held = held.end("").unwrap();
        let busy = |requests| Gauges {
            sockets: 1,
            requests,
            free_sockets: 0,
        };
        let handle = cancelled_when(
            &options,
            |handle| handle.phase() == Some(Phase::Queue) && server.gauges(&options) == busy(1),
            |request| request.end(""),
        );
        assert_eq!(server.gauges(&options), busy(0));
        let timings = handle.timings();
        assert!(!timings.queue.is_zero() && timings.queue <= timings.total());
        assert_eq!(timings.total(), handle.timings().total(), "it stands still");
        drop(held);
        check_free(&server);
        server.end();
    });
}

/// The slot is granted in the same moment. Whoever wins, it is free afterwards.
#[test]
fn a_slot_that_is_granted_to_a_cancelled_request_goes_to_the_next() {
    watched(|| {
        let server = TestServer::with(one_socket(), responding(OK));
        for _ in 0..100 {
            let held = get(&server.options());
            let mut request = http::request(server.options()).unwrap();
            let handle = request.handle();
            thread::scope(|scope| {
                let sent = scope.spawn(move || request.end("")?.collect());
                let next = scope.spawn(|| ok(&server.options()));
                scope.spawn(|| drop(held));
                handle.cancel();
                match sent.join().unwrap() {
                    Ok(body) => assert_eq!(body, b"ok"),
                    error => cancelled(error),
                }
                next.join().unwrap();
            });
            server.check_quiet();
        }
        server.end();
    });
}

/// In each order of the two, and in the same moment: the connection was not used, so it is idle afterwards.
#[test]
fn a_connection_that_is_granted_to_a_cancelled_request_is_kept() {
    watched(|| {
        let server = TestServer::with(one_socket(), responding(OK));
        for round in 0..300 {
            let mut held = get(&server.options());
            let mut request = http::request(server.options()).unwrap();
            let handle = request.handle();
            thread::scope(|scope| {
                let sent = scope.spawn(move || request.end("")?.collect());
                until("it is queued", || handle.phase() == Some(Phase::Queue));
                match round % 3 {
                    0 => {
                        held.collect().unwrap();
                        handle.cancel();
                    }
                    1 => {
                        handle.cancel();
                        held.collect().unwrap();
                    }
                    _ => {
                        scope.spawn(|| held.collect().unwrap());
                        thread::yield_now();
                        // Of a request that sends already, the connection would be cut.
                        let was_queued = handle.cancel_queued();
                        assert_eq!(handle.is_cancelled(), was_queued);
                    }
                }
                if let Err(error) = sent.join().unwrap() {
                    cancelled::<()>(Err(error));
                }
            });
            server.check_quiet();
            if handle.phase() < Some(Phase::Send) || round % 3 == 2 {
                assert_eq!(server.idle(), 1, "round {round}");
            }
        }
        server.end();
    });
}

#[test]
fn only_what_is_queued_is_cancelled_as_queued() {
    watched(|| {
        let (server, log) = server();
        let options = server.options();
        // Before it begins.
        let mut request = http::request(options.clone().path("/now")).unwrap();
        let handle = request.handle();
        assert!(handle.cancel_queued() && handle.is_cancelled());
        assert!(!handle.cancel_queued(), "it was cancelled already");
        cancelled(request.end(""));
        assert_eq!(server.connections(), 0);

        // While it waits for its response, and for the rest of its body.
        let mut request = http::request(options.clone().path("/length")).unwrap();
        let begun = request.handle();
        let mut response = request.end("").unwrap();
        let handle = cancelled_when_queued(&options.path("/now"));
        assert_eq!(handle.phase(), Some(Phase::Queue));
        assert!(!begun.cancel_queued() && !begun.is_cancelled());
        assert_eq!(response.fill_buf().unwrap(), b"half");
        assert_eq!(log.count("closed"), 0);
        drop(response);
        check_free(&server);
        server.end();
    });
}

fn cancelled_when_queued(options: &RequestOptions) -> RequestHandle {
    let mut request = http::request(options).unwrap();
    let handle = request.handle();
    thread::scope(|scope| {
        let sent = scope.spawn(move || request.end("").map(drop));
        until("it is queued", || handle.phase() == Some(Phase::Queue));
        assert!(handle.cancel_queued());
        cancelled(sent.join().unwrap());
    });
    handle
}

/// The thread of a granted request has not run yet, or has: its phase is another in any case.
#[test]
fn a_request_that_was_granted_a_socket_is_not_queued() {
    watched(|| {
        let (server, _) = server();
        for _ in 0..20 {
            let mut held = get(&server.options().path("/now"));
            let mut request = http::request(server.options().path("/now")).unwrap();
            let handle = request.handle();
            thread::scope(|scope| {
                let sent = scope.spawn(move || request.end("")?.collect());
                until("it waits", || {
                    handle.phase() == Some(Phase::Queue)
                        && server.gauges(&server.options()).requests == 1
                });
                held.collect().unwrap();
                assert_ne!(handle.phase(), Some(Phase::Queue));
                assert!(!handle.cancel_queued());
                assert_eq!(sent.join().unwrap().unwrap(), b"ok");
            });
        }
        server.end();
    });
}

/// A connector that says when it was called, and then waits for its gate. Its connections lead to nobody: the
/// other end of the pipe comes out of the channel.
fn gated(gate: &Gate) -> (RequestOptions, Agent, mpsc::Receiver<barewire::net::Pipe>) {
    let (gate, (sender, receiver)) = (gate.clone(), mpsc::channel());
    let agent = Agent::new(one_socket()).unwrap();
    let options = RequestOptions::new()
        .agent(&agent)
        .create_connection(move |_: &Origin, _| {
            gate.pass();
            let (here, there) = pipe();
            there.set_read_timeout(Some(PATIENCE))?;
            let _ = sender.send(there);
            Ok(Connected::new(here))
        });
    (options, agent, receiver)
}

#[test]
fn a_connection_that_is_being_opened_is_not_waited_for() {
    watched(|| {
        let gate = Gate::default();
        let (options, agent, connections) = gated(&gate);
        let handle = cancelled_when(&options, has_come_to(Phase::Connect), |r| r.end(""));
        assert_eq!(handle.phase(), Some(Phase::Connect));
        assert!(!handle.timings().connect.is_zero());
        assert_eq!(
            agent.totals().sockets,
            0,
            "at once, although the connector goes on"
        );
        gate.open();
        let opened = connections.recv_timeout(PATIENCE).unwrap();
        assert_eq!(opened.read(&mut [0; 1]).unwrap(), 0, "it is closed unused");
        until("the slot is free", || agent.totals().sockets == 0);
    });
}

#[test]
fn a_request_that_is_not_wanted_does_not_wait_for_its_connection() {
    watched(|| {
        let gate = Gate::default();
        let (options, agent, _connections) = gated(&gate);
        let began = Instant::now();
        let request = http::request(&options).unwrap();
        cancelled(request.end_while("", || false));
        let mut request = http::request(options.no_agent()).unwrap();
        cancelled(request.write_while("piece", || false));
        cancelled(request.end(""));
        assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
        gate.open();
        until("the slot is free", || agent.totals().sockets == 0);
    });
}

/// The deadline of an opening that another thread makes is kept by the caller, whatever the connector does.
#[test]
fn a_deadline_ends_the_wait_for_an_opening_thread() {
    watched(|| {
        let gate = Gate::default();
        let (options, agent, _connections) = gated(&gate);
        let timeouts = Timeouts {
            connect: Duration::from_millis(20),
            ..Timeouts::default()
        };
        let mut request = http::request(options.timeouts(timeouts)).unwrap();
        let handle = request.handle();
        let Error::Io(error) = request.end("").unwrap_err() else {
            panic!("no deadline");
        };
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
        assert_eq!(handle.phase(), Some(Phase::Connect));
        assert!(!handle.is_cancelled());
        handle.cancel();
        assert!(!handle.is_cancelled(), "it had ended");
        gate.open();
        until("the slot is free", || agent.totals().sockets == 0);
    });
}

#[test]
fn a_connector_that_panics_on_the_opening_thread_panics_the_caller() {
    watched(|| {
        let agent = Agent::new(one_socket()).unwrap();
        let options = RequestOptions::new()
            .agent(&agent)
            .create_connection(|_: &Origin, _| panic!("on purpose"));
        let mut request = http::request(options).unwrap();
        let _handle = request.handle();
        let panic = catch_unwind(AssertUnwindSafe(|| request.end("")));
        assert!(panic.is_err());
        assert_eq!(agent.totals().sockets, 0);
    });
}

#[test]
fn a_request_that_waits_for_the_head_is_cancelled() {
    watched(|| {
        for (server, log) in servers() {
            for method in ["GET", "POST"] {
                for path in ["/silent", "/103"] {
                    let options = server.options().method(method).path(path);
                    cancelled_when(&options, has_come_to(Phase::Head), |r| r.end("body"));
                    log.wait_for("closed"); // and not sent again
                    check_free(&server);
                }
            }
            server.end();
        }
    });
}

/// Nothing polls: the fastest of a few takes less than any interval would.
#[test]
fn the_caller_of_a_cancelled_request_returns_at_once() {
    watched(|| {
        for (server, _) in servers() {
            let took = (0..8).map(|_| {
                let options = server.options().path("/silent");
                let mut request = http::request(options).unwrap();
                let handle = request.handle();
                thread::scope(|scope| {
                    let sent = scope.spawn(move || (request.end(""), Instant::now()));
                    until("it waits", || handle.phase() == Some(Phase::Head));
                    let began = Instant::now();
                    handle.cancel();
                    let (result, returned) = sent.join().unwrap();
                    cancelled(result);
                    returned - began
                })
            });
            let fastest = took.min().unwrap();
            assert!(fastest < Duration::from_millis(20), "{fastest:?}");
            server.end();
        }
    });
}

#[test]
fn a_request_that_waits_for_a_100_is_cancelled() {
    watched(|| {
        let (server, log) = server();
        let timeouts = Timeouts {
            expect: PATIENCE,
            ..Timeouts::default()
        };
        let options = server.options().method("POST").path("/silent");
        let options = options.header("Expect", "100-continue").timeouts(timeouts);
        cancelled_when(&options, has_come_to(Phase::Head), |r| r.end("body"));
        log.wait_for("closed");
        check_free(&server);
        server.end();
    });
}

/// A body of more than pipe or socket hold.
#[test]
fn a_body_that_the_server_does_not_read_is_cancelled() {
    watched(|| {
        for (server, log) in servers() {
            let options = server.options().method("PUT").path("/unread");
            let is_sending = |handle: &RequestHandle| {
                handle.phase() == Some(Phase::Send) && log.count("asked") > 0
            };
            cancelled_when(&options, is_sending, |r| r.end(vec![b'a'; 32 << 20]));
            log.note("may go");
            check_free(&server);
            server.end();
        }
    });
}

#[test]
fn the_rest_of_a_body_in_pieces_is_not_sent() {
    watched(|| {
        let (server, log) = server();
        let mut request = http::request(server.options().method("PUT").path("/silent")).unwrap();
        request.write("the first piece").unwrap();
        let handle = request.handle(); // only now
        assert_eq!(handle.phase(), Some(Phase::Send));
        handle.cancel();
        log.wait_for("closed");
        cancelled(request.write("the second"));
        cancelled(request.end(""));
        check_free(&server);
        server.end();
    });
}

#[test]
fn a_body_that_is_cancelled_is_never_whole() {
    watched(|| {
        for (server, log) in servers() {
            for path in ["/length", "/chunked", "/until-close"] {
                for has_handle_before in [true, false] {
                    let mut request = http::request(server.options().path(path)).unwrap();
                    let before = has_handle_before.then(|| request.handle());
                    let mut response = request.end("").unwrap();
                    let handle = before.unwrap_or_else(|| response.handle());
                    assert_eq!(handle.phase(), Some(Phase::Body));
                    thread::scope(|scope| {
                        let read = scope.spawn(|| {
                            let mut body = [0; 4];
                            response.read_exact(&mut body).unwrap();
                            assert_eq!(&body, b"half");
                            cancelled(response.collect());
                            cancelled(response.collect()); // and so it stays
                            cancelled(response.fill_buf_within(SOON).map(drop));
                        });
                        thread::yield_now();
                        // While the reader sleeps, or before.
                        until("the body has begun", || log.count("asked") > 0);
                        handle.cancel();
                        read.join().unwrap();
                    });
                    log.wait_for("closed");
                    server.check_quiet(); // although the response still exists
                    drop(response);
                    check_free(&server);
                }
            }
            server.end();
        }
    });
}

#[test]
fn a_request_that_has_ended_cannot_be_cancelled() {
    watched(|| {
        let (server, _) = server();
        let with_handle = |path| {
            let mut request = http::request(server.options().path(path)).unwrap();
            let handle = request.handle();
            (request, handle)
        };
        let too_late = |handle: &RequestHandle| {
            handle.cancel();
            assert!(!handle.is_cancelled());
            ok(&server.options().path("/now"));
            assert_eq!(server.idle(), 1);
        };
        // The connection serves the next request: it is not cut.
        let (request, handle) = with_handle("/now");
        let mut response = request.end("").unwrap();
        assert_eq!(response.collect().unwrap(), b"ok");
        let next = http::request(server.options().path("/length")).unwrap();
        let mut next = next.end("").unwrap();
        handle.cancel();
        assert!(!handle.is_cancelled());
        assert_eq!(next.fill_buf_within(SOON).unwrap(), Some(&b"half"[..]));
        next.consume(4);
        let silent = next.fill_buf_within(Duration::from_millis(10));
        assert_eq!(silent.unwrap(), None);
        drop(next);

        // A response that has its whole body: the handle that is made afterwards has ended, too.
        let mut response = get(&server.options().path("/now"));
        response.collect().unwrap();
        too_late(&response.handle());

        let (request, handle) = with_handle("/now");
        drop(request);
        too_late(&handle);

        let (request, handle) = with_handle("/length");
        drop(request.end("").unwrap());
        too_late(&handle);
        server.end();
    });
}

#[test]
fn a_handle_keeps_no_connection_open() {
    watched(|| {
        let (server, log) = server();
        let mut request = http::request(server.options().path("/length")).unwrap();
        let handle = request.handle();
        drop(request.end("").unwrap());
        log.wait_for("closed");
        assert!(!handle.is_cancelled());
        server.end();
    });
}

#[test]
fn a_stream_that_was_taken_is_not_cut() {
    watched(|| {
        let server = TestServer::new(|mut peer| {
            peer.head();
            peer.send(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n",
            );
            let bytes = peer.take(5);
            peer.send(bytes.unwrap_or_default());
        });
        let ask = || {
            let options = server.options().header("Connection", "upgrade");
            let mut request = http::request(options.header("Upgrade", "echo")).unwrap();
            let handle = request.handle();
            (request.end("").unwrap(), handle)
        };
        let (mut response, handle) = ask();
        let (stream, ..) = response.upgrade().unwrap().into_parts();
        handle.cancel();
        assert!(!handle.is_cancelled());
        stream.write_all(b"hello").unwrap();
        assert_eq!(stream.read(&mut [0; 8]).unwrap(), 5);

        let (mut response, handle) = ask();
        handle.cancel();
        cancelled(response.upgrade().map(drop));
        drop((stream, response));
        server.end();
    });
}

/// Cancels while the response comes, in every order that happens. Whatever the connection serves next is whole.
#[test]
fn a_connection_that_goes_back_in_that_moment_is_not_cut() {
    watched(|| {
        let server = TestServer::with(one_socket(), responding(OK));
        let (mut whole, mut cut) = (0, 0);
        for round in 0..400 {
            let mut request = http::request(server.options()).unwrap();
            let handle = request.handle();
            let spins = AtomicUsize::new(0);
            thread::scope(|scope| {
                scope.spawn(|| {
                    while spins.fetch_add(1, Ordering::Relaxed) < round * 20 {
                        std::hint::spin_loop();
                    }
                    handle.cancel();
                });
                match request.end("").and_then(|mut response| response.collect()) {
                    Ok(body) => {
                        assert_eq!(body, b"ok");
                        whole += 1;
                    }
                    error => {
                        cancelled(error);
                        cut += 1;
                    }
                }
                // In the time of the other thread, on the same connection if it has gone back.
                ok(&server.options());
            });
            server.check_quiet();
        }
        println!("{whole} whole, {cut} cancelled");
        server.end();
    });
}

#[test]
fn a_redirect_that_is_followed_has_the_same_handle() {
    watched(|| {
        let log = Log::default();
        let noting = log.clone();
        let server = TestServer::with(one_socket(), move |mut peer| {
            while let Some(received) = peer.request() {
                match received.target() {
                    "/" => {
                        peer.send("HTTP/1.1 302 Found\r\nLocation: /2\r\nContent-Length: 0\r\n\r\n")
                    }
                    _ => {
                        noting.note("the second one");
                        peer.until_closed();
                    }
                }
            }
        });
        let options = server.options().max_redirects(3);
        let is_time = |_: &RequestHandle| log.count("the second one") > 0;
        cancelled_when(&options, is_time, |r| r.end(""));
        server.check_quiet();
        server.end();
    });
}

/// The events are called on the request's own thread, and may cancel it.
#[test]
fn an_event_may_cancel() {
    struct Cancelling(Option<RequestHandle>);
    impl ClientEvents for Cancelling {
        fn socket(&mut self, _stream: &dyn Stream, _reused: bool) {
            self.0.take().unwrap().cancel();
        }
    }
    watched(|| {
        let (server, _) = server();
        let mut request = http::request(server.options().path("/now")).unwrap();
        let handle = request.handle();
        cancelled(request.on(Cancelling(Some(handle))).end(""));
        check_free(&server);
        server.end();
    });
}

#[test]
fn a_failed_request_says_how_far_it_came_and_how_long_that_took() {
    watched(|| {
        let timed = |options: RequestOptions| {
            let mut request = http::request(options).unwrap();
            let handle = request.handle();
            let failed = request.end("").is_err();
            (failed, handle.phase(), handle.timings())
        };
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = closed.local_addr().unwrap().port();
        drop(closed);
        let refused = RequestOptions::new().hostname("127.0.0.1").port(port);
        let (failed, phase, timings) = timed(refused);
        assert!(failed && phase == Some(Phase::Connect));
        assert!(!timings.connect.is_zero() && timings.first_byte.is_zero());
        assert!(
            !timings.resolve.is_zero(),
            "an address takes no time, but some"
        );

        let unknown = RequestOptions::new().hostname(&"a".repeat(256)); // no name is so long
        let (failed, phase, timings) = timed(unknown);
        assert!(failed && phase == Some(Phase::Resolve));
        assert!(!timings.resolve.is_zero() && timings.total() >= timings.resolve);

        let server = TestServer::over_tcp(|mut peer| drop(peer.request()));
        let (failed, phase, timings) = timed(server.options());
        assert!(failed && phase == Some(Phase::Head));
        assert!(!timings.connect.is_zero() && !timings.reused);
        assert!(timings.total() >= timings.connect);
        server.end();
    });
}

/// The handle's clock stands still with the end of the request, and agrees with the response's.
#[test]
fn a_handle_and_its_response_agree_on_the_timings() {
    watched(|| {
        let server = TestServer::over_tcp(responding(OK));
        for reused in [false, true] {
            let mut request = http::request(server.options()).unwrap();
            let handle = request.handle();
            let mut response = request.end("").unwrap();
            let (one, other) = (*response.timings(), handle.timings());
            assert_eq!(
                (
                    one.queue,
                    one.resolve,
                    one.connect,
                    one.secure,
                    one.first_byte
                ),
                (
                    other.queue,
                    other.resolve,
                    other.connect,
                    other.secure,
                    other.first_byte
                )
            );
            assert!(one.reused == reused && other.reused == reused);
            response.collect().unwrap();
            let total = handle.timings().total();
            assert_eq!(total, handle.timings().total());
            assert!(total <= response.timings().total());
        }
        server.end();
    });
}

#[test]
fn a_handle_can_be_sent_and_shared() {
    fn is_shared<T: Send + Sync + Clone + 'static>() {}
    is_shared::<RequestHandle>();
    fn is_sent<T: Send>() {}
    is_sent::<ClientRequest>();
    is_sent::<ClientResponse>();
    let _: Arc<dyn Fn(RequestHandle) + Send + Sync> = Arc::new(|handle| handle.cancel());
}
