//! H06, first half: one connection, many requests.

use crate::support::{Answer, Framing, Log, Site, answers, post, request, watched};
use barewire::http::{self, Request, Response, Server, ServerEvents};
use std::time::Duration;

/// Answers with the request: its method, its path, and its body if it has one.
fn mirror() -> Server<impl ServerEvents> {
    http::create_server(|mut req: Request<'_>, res: Response<'_>| {
        let line = format!("{} {}", req.method(), req.path());
        let body = String::from_utf8_lossy(req.collect()?).into_owned();
        res.end(format!("{line} {body}").trim_end())
    })
}

fn texts(answers: &[Answer]) -> Vec<&str> {
    answers.iter().map(Answer::text).collect()
}

#[test]
fn row_h06_a_connection_serves_request_after_request() {
    watched(|| {
        let site = Site::new(mirror());
        let mut client = site.client();
        for n in 0..100 {
            client.send(post(&format!("/{n}"), "body"));
            let answer = client.answer();
            assert_eq!(answer.text(), format!("POST /{n} body"));
            assert_eq!(answer.field("Connection"), Some("keep-alive"));
        }
        assert_eq!(site.handle.connections(), 1);
    });
}

/// RFC 9112 §9.3.2: requests may come without waiting for answers; those come in order.
#[test]
fn row_h06_pipelined_requests_are_answered_in_order() {
    watched(|| {
        const REQUESTS: usize = 1000;
        let site = Site::new(mirror());
        let mut client = site.client();
        let all: String = (0..REQUESTS)
            .map(|n| request("GET", &format!("/{n}")))
            .collect();
        client.send(all);
        for n in 0..REQUESTS {
            assert_eq!(client.answer().text(), format!("GET /{n}"));
        }
    });
}

/// The next request begins where a body ends, however the body is framed.
#[test]
fn row_h06_pipelined_bodies_of_every_kind() {
    let chunked = "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
                   4\r\nbody\r\n0\r\nX: y\r\n\r\n";
    let bytes = request("GET", "/a") + &post("/b", "GET /x HTTP/1.1") + chunked + &post("/d", "");
    let bytes = bytes + &request("DELETE", "/e");
    let answered = answers(mirror().answer_to(bytes.as_bytes()), &["GET"; 5]);
    let expected = [
        "GET /a",
        "POST /b GET /x HTTP/1.1",
        "POST /c body",
        "POST /d",
        "DELETE /e",
    ];
    assert_eq!(texts(&answered), expected);
}

/// The same bytes cut into two writes at every place.
#[test]
fn row_h06_requests_do_not_know_where_reads_end() {
    use crate::support::Script;
    use std::sync::Arc;
    let bytes = request("GET", "/a") + &post("/b", "body") + &request("GET", "/c");
    let bytes = bytes.as_bytes();
    let server = mirror();
    for cut in 0..bytes.len() {
        let (before, after) = bytes.split_at(cut);
        let script = Arc::new(Script::new([before, after]));
        server.serve(script.clone());
        let answered = answers(script.written(), &["GET"; 3]);
        assert_eq!(
            texts(&answered),
            ["GET /a", "POST /b body", "GET /c"],
            "cut at {cut}"
        );
    }
}

/// RFC 9112 §2.2: an old client may send a CRLF too much after a body.
#[test]
fn row_h06_empty_lines_before_a_request_are_skipped() {
    let bytes = post("/a", "body") + "\r\n\r\n" + &request("GET", "/b");
    let answered = answers(mirror().answer_to(bytes.as_bytes()), &["GET"; 2]);
    assert_eq!(texts(&answered), ["POST /a body", "GET /b"]);
}

/// Each says in its own way that this request is the last: it is answered, and nothing after it.
#[test]
fn row_h06_the_client_may_close() {
    watched(|| {
        let site = Site::new(mirror());
        for option in ["close", "Close", "CLOSE", "close, TE", "TE ,close"] {
            let mut client = site.client();
            let head = format!("GET /last HTTP/1.1\r\nHost: a\r\nConnection: {option}\r\n\r\n");
            client.send(head + &request("GET", "/after"));
            let answer = client.answer();
            assert_eq!(answer.text(), "GET /last");
            assert!(answer.says_close(), "{option}");
            assert_eq!(answer.field("Keep-Alive"), None);
            client.ended();
        }
    });
}

#[test]
fn row_h06_other_connection_options_close_nothing() {
    let bytes = "GET /a HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, TE, x-close\r\n\r\n";
    let bytes = bytes.to_owned() + &request("GET", "/b");
    let answered = answers(mirror().answer_to(bytes.as_bytes()), &["GET"; 2]);
    assert_eq!(texts(&answered), ["GET /a", "GET /b"]);
}

#[test]
fn row_h06_the_handler_may_close() {
    watched(|| {
        let site = Site::new(http::create_server(|_req, mut res| {
            res.set_header("Connection", "close")?;
            res.end("bye")
        }));
        let mut client = site.client();
        client.send(request("GET", "/") + &request("GET", "/after"));
        let answer = client.answer();
        assert!(answer.says_close());
        assert_eq!(answer.text(), "bye");
        client.ended();
    });
}

#[test]
fn row_h06_the_server_may_count_requests() {
    watched(|| {
        let site = Site::new(mirror().max_requests_per_connection(Some(3)));
        let mut client = site.client();
        client.send(request("GET", "/").repeat(5));
        let closes = [(); 3].map(|()| client.answer().says_close());
        assert_eq!(closes, [false, false, true]);
        client.ended();
    });
}

#[test]
fn row_h06_http_1_0_closes_unless_it_asks() {
    watched(|| {
        let site = Site::new(mirror());
        let mut client = site.client();
        client.send("GET /last HTTP/1.0\r\n\r\n");
        let answer = client.answer();
        assert!(answer.says_close());
        assert_eq!(
            (answer.framing, answer.text()),
            (Framing::Length, "GET /last")
        );
        client.ended();
    });
}

#[test]
fn row_h06_http_1_0_with_keep_alive_stays() {
    watched(|| {
        let site = Site::new(mirror());
        let mut client = site.client();
        for n in 0..3 {
            client.send(format!(
                "GET /{n} HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"
            ));
            let answer = client.answer();
            assert_eq!(answer.field("Connection"), Some("keep-alive"));
            assert_eq!(answer.text(), format!("GET /{n}"));
        }
        client.send("GET /last HTTP/1.0\r\n\r\n");
        assert!(client.answer().says_close());
        client.ended();
    });
}

/// A body of unknown length ends with the connection, also if the client asked for keep-alive.
#[test]
fn row_h06_http_1_0_streams_until_the_end() {
    watched(|| {
        let site = Site::new(http::create_server(|_req, res| {
            let mut res = res.write_head(200, ())?;
            res.write("Hello ")?;
            res.end("World")
        }));
        let mut client = site.client();
        client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        let answer = client.answer();
        assert!(answer.says_close());
        assert_eq!(
            (answer.framing, answer.text()),
            (Framing::UntilClose, "Hello World")
        );
    });
}

/// What a handler does not care to read stands before the next request, and is dropped.
#[test]
fn row_h06_an_unread_body_is_skipped() {
    let ignoring = http::create_server(|req: Request<'_>, res| res.end(req.path()));
    let chunked = "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
                   10\r\nGET / HTTP/1.1\r\n\r\n0\r\n\r\n";
    let bytes = post("/a", &"x".repeat(100_000)) + &post("/b", "body") + chunked;
    let bytes = bytes + &request("GET", "/d");
    let answered = answers(ignoring.answer_to(bytes.as_bytes()), &["GET"; 4]);
    assert_eq!(texts(&answered), ["/a", "/b", "/c", "/d"]);
}

/// Only up to a limit: beyond it, closing is cheaper for everyone.
#[test]
fn row_h06_a_large_unread_body_closes_the_connection() {
    watched(|| {
        let ignoring = http::create_server(|req: Request<'_>, res| res.end(req.path()));
        let site = Site::new(ignoring.discard_bytes(1000));
        let mut client = site.client();
        client.send(post("/small", &"x".repeat(1000)));
        assert_eq!(client.answer().text(), "/small");
        client.send(post("/large", &"x".repeat(1001)) + &request("GET", "/after"));
        assert_eq!(client.answer().text(), "/large");
        client.ended();
        // Chunks do not say beforehand how many will come.
        let mut client = site.client();
        client.send("POST /chunks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        client.send("258\r\n".to_owned() + &"x".repeat(600) + "\r\n");
        client.send("258\r\n".to_owned() + &"x".repeat(600) + "\r\n0\r\n\r\n");
        client.send(request("GET", "/after"));
        assert_eq!(client.answer().text(), "/chunks");
        client.ended();
    });
}

/// RFC 9112 §9.6: a client that sends FIN after its request still reads the answer.
#[test]
fn row_h06_a_half_closed_client_gets_its_answers() {
    watched(|| {
        let site = Site::new(mirror());
        let mut client = site.client();
        client.send(request("GET", "/a") + &request("GET", "/b"));
        client.finish();
        assert_eq!(client.answer().text(), "GET /a");
        assert_eq!(client.answer().text(), "GET /b");
        client.ended();
    });
}

#[test]
fn row_h06_an_idle_connection_is_closed() {
    watched(|| {
        let log = Log::default();
        let notes = log.clone();
        let server = http::create_server(move |req: Request<'_>, res| {
            notes.note(req.path());
            res.end("")
        });
        let site = Site::new(server.keep_alive_timeout(Some(Duration::from_millis(100))));
        let mut client = site.client();
        client.send(request("GET", "/"));
        assert_eq!(client.answer().status, 200);
        client.ended(); // no 408: no request has begun
        assert_eq!(log.all(), ["/"]);
    });
}
