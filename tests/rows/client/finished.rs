//! `RequestOptions::on_finish`: one summary for each request, however it ends.

use super::test_server::{OK, TestServer, get, head_within, ok, one_socket, responding};
use crate::support::{Log, watched};
use barewire::http::{self, ClientSummary, RequestOptions};
use std::net::TcpListener;
use std::time::Duration;

/// The options, whose requests are noted.
fn noting(options: RequestOptions, log: &Log) -> RequestOptions {
    let log = log.clone();
    options.on_finish(move |summary| log.note(noted(summary)))
}

fn noted(summary: &ClientSummary<'_>) -> String {
    let url = summary.url().unwrap_or_default();
    let path = url.splitn(4, '/').nth(3).unwrap_or_default();
    let status = summary.status().map_or("-".into(), |it| it.to_string());
    let mut note = format!("{} /{path} {status}", summary.method());
    for (is_so, word) in [
        (summary.is_complete(), " complete"),
        (summary.is_upgraded(), " upgraded"),
        (summary.is_reused(), " reused"),
        (summary.is_retried(), " retried"),
        (summary.peer().is_some(), " connected"),
    ] {
        note += if is_so { word } else { "" };
    }
    let timings = summary.timings();
    assert!(timings.first_byte <= timings.total());
    assert_eq!(
        timings.first_byte.is_zero(),
        summary.bytes_in() == 0,
        "{note}"
    );
    if let Some(error) = summary.error() {
        note += &format!(": {error}");
    }
    note
}

#[test]
fn row_a04_a_request_that_was_answered_has_one_summary() {
    watched(|| {
        let (log, counted) = (Log::default(), Log::default());
        let server = TestServer::new(responding(OK));
        let options = noting(server.options(), &log);
        ok(&options);
        assert_eq!(log.all(), ["GET / 200 complete connected"]);

        let counts = counted.clone();
        let options = server.options().method("PUT").on_finish(move |summary| {
            let type_length = summary.head().map(|head| head.fields().iter().count());
            let (bytes_in, bytes_out) = (summary.bytes_in(), summary.bytes_out());
            counts.note(format!("{bytes_in} {bytes_out} {type_length:?}"));
        });
        let mut request = http::request(&options).unwrap();
        request.write("a").unwrap();
        let mut response = request.end("bc").unwrap();
        assert_eq!(response.collect().unwrap(), b"ok");
        drop(response);
        let sent = "PUT / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n";
        let expected = format!("{} {} Some(1)", OK.len(), sent.len());
        assert_eq!(counted.all(), [expected]);
        server.end();
    });
}

#[test]
fn row_a04_a_request_without_a_connection_has_a_summary_with_its_error() {
    watched(|| {
        let log = Log::default();
        let closed = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = closed.local_addr().unwrap().port();
        drop(closed);
        let options = RequestOptions::new().hostname("127.0.0.1").port(port);
        let options = noting(options, &log);
        http::request(&options).unwrap().end("").unwrap_err();
        let mut in_pieces = http::request(&options).unwrap();
        in_pieces.write("a").unwrap_err();
        in_pieces.write("b").unwrap_err();
        in_pieces.end("c").unwrap_err(); // the error of the first piece
        let all = log.all();
        assert_eq!(all.len(), 2, "{all:?}");
        for note in all {
            assert!(note.starts_with("GET / -: "), "{note}");
        }
        drop(http::request(&options).unwrap()); // it never began
        assert_eq!(log.all().len(), 2);
    });
}

#[test]
fn row_a04_a_request_that_is_cut_in_the_body_has_a_summary_with_the_reason() {
    watched(|| {
        let log = Log::default();
        let server = TestServer::new(|mut peer| {
            let target = peer.request().unwrap().target().to_owned();
            peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
            match &*target {
                "/cut" => {}
                "/rule" => peer.send("no chunk"),
                _ => assert!(peer.request().is_none()), // until the client has left
            }
        });
        let options = noting(server.options(), &log);
        get(&options.clone().path("/cut")).collect().unwrap_err();
        get(&options.clone().path("/rule")).collect().unwrap_err();
        let short = Duration::from_millis(50);
        get(&options.clone().path("/slow").timeout(short))
            .collect()
            .unwrap_err();
        drop(get(&options.clone().path("/dropped")));
        let mut cancelled = get(&options.clone().path("/cancelled"));
        cancelled.handle().cancel();
        cancelled.collect().unwrap_err();
        let all = log.all();
        let beginnings = [
            "GET /cut 200 connected: ",
            "GET /rule 200 connected: ",
            "GET /slow 200 connected: the request took longer than 50ms",
            "GET /dropped 200 connected",
            "GET /cancelled 200 connected: the request was cancelled",
        ];
        assert_eq!(all.len(), beginnings.len(), "{all:?}");
        for (note, beginning) in all.iter().zip(beginnings) {
            assert!(note.starts_with(beginning), "{note}");
        }
        assert!(!all[3].contains(':'), "nothing failed: {}", all[3]);
        server.end();
    });
}

#[test]
fn row_a04_a_request_that_fails_before_its_head_has_a_summary() {
    watched(|| {
        let log = Log::default();
        let server = TestServer::new(|peer| {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = peer.stream().read(&mut bytes) {
                if bytes[..length].starts_with(b"GET /refused") {
                    peer.send("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n");
                }
            }
        });
        let options = noting(server.options(), &log);
        let refused = http::request(options.clone().path("/refused")).unwrap();
        refused.end("").unwrap_err();
        let short = head_within(Duration::from_millis(50));
        let silent = http::request(options.clone().path("/silent").timeouts(short)).unwrap();
        silent.end("").unwrap_err();
        let mut dropped = http::request(options.path("/dropped").method("PUT")).unwrap();
        dropped.write("a").unwrap();
        drop(dropped);
        let all = log.all();
        assert_eq!(all.len(), 3, "{all:?}");
        assert!(all[0].starts_with("GET /refused - connected: "), "{all:?}");
        assert!(all[1].starts_with("GET /silent - connected: "), "{all:?}");
        assert_eq!(all[2], "PUT /dropped - connected");
        server.end();
    });
}

#[test]
fn row_a04_each_redirect_that_is_followed_has_a_summary_of_its_own() {
    watched(|| {
        let log = Log::default();
        let server = TestServer::with(one_socket(), |mut peer| {
            while let Some(received) = peer.request() {
                match received.target() {
                    "/a" => {
                        peer.send("HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n")
                    }
                    _ => peer.send(OK),
                }
            }
        });
        let options = noting(server.options().path("/a").max_redirects(1), &log);
        ok(&options);
        let expected = [
            "GET /a 302 complete connected",
            "GET /b 200 complete reused connected",
        ];
        assert_eq!(log.all(), expected);
        server.end();
    });
}

#[test]
fn row_a04_a_request_that_is_sent_once_more_has_one_summary() {
    watched(|| {
        let log = Log::default();
        let server = TestServer::with(one_socket(), |mut peer| {
            if peer.request().is_some() {
                peer.send(OK);
            }
            if peer.number == 1 {
                peer.request(); // the first connection ends with its second request
            }
        });
        let options = noting(server.options(), &log);
        ok(&options);
        ok(&options);
        let expected = [
            "GET / 200 complete connected",
            "GET / 200 complete retried connected",
        ];
        assert_eq!(log.all(), expected);
        server.end();
    });
}

#[test]
fn row_a04_an_upgrade_has_a_summary_without_the_password() {
    watched(|| {
        let log = Log::default();
        let server = TestServer::over_tcp(|mut peer| {
            peer.request().unwrap();
            peer.send(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
            );
        });
        let url = format!("http://me:secret@127.0.0.1:{}/up?a", server.port());
        let options = server.options().url(&url).unwrap();
        let options = options
            .header("Connection", "upgrade")
            .header("Upgrade", "x");
        let shown = log.clone();
        let noted = noting(options.clone(), &log);
        drop(get(&noted).upgrade().unwrap());
        assert_eq!(log.all(), ["GET /up?a 101 complete upgraded connected"]);
        let printed = options.on_finish(move |summary| shown.note(summary));
        drop(get(&printed)); // not taken
        let line = log.all().pop().unwrap();
        let beginning = format!("GET http://127.0.0.1:{}/up?a 101 ", server.port());
        assert!(
            line.starts_with(&beginning) && !line.contains("cut"),
            "{line}"
        );
        server.end();
    });
}

/// The connection is free and no lock is held, so the program's code may send requests with the only socket. Its panic
/// is its own.
#[test]
fn row_a04_on_finish_may_send_requests_and_panic() {
    watched(|| {
        let log = Log::default();
        let server = TestServer::with(one_socket(), responding(OK));
        let (inner, asked) = (noting(server.options(), &log), log.clone());
        let options = server.options().on_finish(move |_| {
            asked.note("finished");
            ok(&inner);
            panic!("expected: a panic of on_finish");
        });
        ok(&options);
        assert_eq!(
            log.all(),
            ["finished", "GET / 200 complete reused connected"]
        );
        drop(get(&options)); // and in a drop
        assert_eq!(log.count("finished"), 2);
        server.end();
    });
}
