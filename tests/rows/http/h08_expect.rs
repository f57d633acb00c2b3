//! H08: `Expect: 100-continue`, in every order in which its steps can come.
//!
//! ```text
//!   client                                server
//!   POST, Expect: 100-continue  ───────▶  check_continue, or else request
//!        waits                  ◀───────  100 Continue             the handler wants the body
//!   the body                    ───────▶
//!                               ◀───────  200
//!
//!        waits                  ◀───────  401, Connection: close   it does not
//! ```

use crate::support::{Log, Site, answers, post, request, watched};
use barewire::http::wire::Misuse;
use barewire::http::{self, Handled, Request, Response, ServerEvents};
use std::io::Read;

/// A head that announces 4 bytes and waits.
const EXPECT: &str =
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";
const EXPECT_CHUNKED: &str =
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Notes each request, collects its body and gives it back.
fn echo(log: &Log) -> Site {
    let log = log.clone();
    Site::new(http::create_server(move |mut req: Request<'_>, res| {
        log.note("request");
        res.end(req.collect()?)
    }))
}

/// The default: reading the body is saying that one wants it.
#[test]
fn row_h08_the_first_read_sends_the_100() {
    watched(|| {
        let site = echo(&Log::default());
        let mut client = site.client();
        for (head, body) in [(EXPECT, "body"), (EXPECT_CHUNKED, "4\r\nbody\r\n0\r\n\r\n")] {
            client.send(head);
            let interim = client.interim();
            assert_eq!((interim.status, interim.reason.as_str()), (100, "Continue"));
            assert!(interim.fields.is_empty());
            client.send(body);
            let answer = client.answer();
            assert_eq!((answer.status, answer.text()), (200, "body"));
            assert!(!answer.says_close());
        }
    });
}

/// The notes: the client sends its request *again*. It goes on with the one it has begun.
#[test]
fn erratum_e20_after_the_100_the_same_request_goes_on() {
    watched(|| {
        let log = Log::default();
        let site = echo(&log);
        let mut client = site.client();
        client.send(EXPECT);
        assert_eq!(client.interim().status, 100);
        assert_eq!(log.all(), ["request"]);
        client.send("POST"); // the body, whatever it looks like
        assert_eq!(client.answer().text(), "POST");
        assert_eq!(log.all(), ["request"], "one request, one event");
    });
}

/// RFC 9110 §10.1.1: a client need not wait for ever. Whether the 100 crosses its body or not,
/// it must be able to read it.
#[test]
fn row_h08_a_client_that_does_not_wait() {
    watched(|| {
        let site = echo(&Log::default());
        let mut client = site.client();
        for _ in 0..20 {
            client.send(EXPECT);
            client.send("body");
            let mut answer = client.try_answer().expect("an answer");
            if answer.status == 100 {
                answer = client.answer();
            }
            assert_eq!((answer.status, answer.text()), (200, "body"));
        }
    });
}

/// RFC 9110 §10.1.1: "A server MAY omit sending a 100 (Continue) response if it has already
/// received some or all of the content".
#[test]
fn row_h08_a_body_that_is_here_needs_no_100() {
    watched(|| {
        let site = echo(&Log::default());
        let mut client = site.client();
        client.send(EXPECT.to_owned() + "body");
        assert_eq!(client.answer().text(), "body");
        client.send(EXPECT_CHUNKED.to_owned() + "4\r\nbody\r\n0\r\n\r\n");
        assert_eq!(client.answer().text(), "body");
        client.send(EXPECT.to_owned() + "bo"); // has begun, so it goes on
        client.send("dy");
        assert_eq!(client.answer().text(), "body");
    });
}

#[test]
fn row_h08_without_expect_there_is_no_100() {
    watched(|| {
        let site = echo(&Log::default());
        let mut client = site.client();
        let (head, body) = (post("/", "body"), "body");
        client.send(head.trim_end_matches(body));
        client.send(body);
        assert_eq!(client.answer().text(), "body");
    });
}

/// The answers before it have left when it waits, the 100 stands between, and all are in order.
#[test]
fn row_h08_pipelined_behind_others() {
    watched(|| {
        let site = echo(&Log::default());
        let mut client = site.client();
        client.send(request("GET", "/") + &post("/", "first") + EXPECT);
        assert_eq!(client.answer().text(), "");
        assert_eq!(client.answer().text(), "first");
        assert_eq!(client.interim().status, 100);
        client.send("body".to_owned() + &request("GET", "/"));
        assert_eq!(client.answer().text(), "body");
        assert_eq!(client.answer().text(), "");
    });
}

/// RFC 9110 §10.1.1: without content there is nothing to wait for.
#[test]
fn row_h08_without_a_body_there_is_no_100() {
    for method in ["GET", "HEAD", "POST"] {
        let field = "Host: a\r\nExpect: 100-continue\r\n";
        let bytes = request(method, "/").replace("Host: test\r\n", field);
        let server = http::create_server(|mut req: Request<'_>, res| res.end(req.collect()?));
        let answer = answers(server.answer_to(bytes.as_bytes()), &[method]).remove(0);
        assert_eq!((answer.status, answer.says_close()), (200, false));
    }
}

/// RFC 9110 §15.2: nor is there one for a client that would take it for its answer.
#[test]
fn row_h08_http_1_0_gets_no_100() {
    watched(|| {
        let site = echo(&Log::default());
        let mut client = site.client();
        client.send(EXPECT.replace("1.1", "1.0"));
        client.send("body");
        assert_eq!(client.answer().text(), "body");
        client.ended();
    });
}

#[test]
fn row_h08_an_unknown_expectation_is_417() {
    watched(|| {
        let log = Log::default();
        let site = echo(&log);
        for expected in ["200-ok", "100-continue, more", "100-continue;q=1"] {
            let mut client = site.client();
            client.send(EXPECT.replace("100-continue", expected));
            let answer = client.answer();
            assert_eq!(answer.status, 417, "{expected}");
            assert!(
                answer.text().contains("RFC 9110 §10.1.1"),
                "{}",
                answer.text()
            );
            client.ended();
        }
        assert!(log.all().is_empty());
    });
}

/// The server cannot know whether the body still comes: its bytes could be taken for a request, and a
/// request for the body.
#[test]
fn row_h08_an_answer_with_the_body_unread_closes() {
    watched(|| {
        let site = Site::new(http::create_server(|_req, res| res.end("no, thanks")));
        let mut client = site.client();
        client.send(EXPECT);
        let answer = client.answer();
        assert_eq!(answer.text(), "no, thanks");
        assert!(answer.says_close());
        client.ended();
        let mut client = site.client();
        client.send(EXPECT.to_owned() + "body" + &request("GET", "/after"));
        assert_eq!(client.answer().text(), "no, thanks");
        client.ended();
    });
}

/// Refused by its length, before the client is asked to send it.
#[test]
fn row_h08_a_body_that_is_too_large_is_413_before_any_100() {
    watched(|| {
        let server = http::create_server(|mut req: Request<'_>, res| res.end(req.collect()?));
        let site = Site::new(server.collected_body_bytes(3));
        let mut client = site.client();
        client.send(EXPECT);
        let answer = client.answer();
        assert_eq!(answer.status, 413);
        assert!(answer.says_close());
        client.ended();
    });
}

/// Decides by the path: take it, take it in silence, or refuse.
struct Checking(Log);

impl ServerEvents for Checking {
    fn request(&self, _req: Request<'_>, res: Response<'_>) -> Handled {
        self.0.note("request");
        res.end("")
    }

    fn check_continue(&self, mut req: Request<'_>, mut res: Response<'_>) -> Handled {
        self.0.note("check_continue");
        match req.path() {
            "/continue" => {
                res.write_continue()?;
                let mut body = String::new();
                req.read_to_string(&mut body)?;
                res.end(body)
            }
            "/read" => res.end(req.collect()?),
            "/late" => {
                res.flush()?;
                let late = res.write_continue().expect_err("the final head is out");
                assert_eq!(late.to_string(), Misuse::HeadSent.to_string());
                res.end("late")
            }
            _ => {
                res.set_status(401)?
                    .set_header("WWW-Authenticate", "Basic")?;
                res.end("who are you?")
            }
        }
    }
}

fn checking(log: &Log) -> Site {
    Site::new(http::create_server_with(Checking(log.clone())))
}

/// By `write_continue` or by reading: there is one 100, never two.
#[test]
fn row_h08_check_continue_accepts() {
    watched(|| {
        let log = Log::default();
        let site = checking(&log);
        let mut client = site.client();
        for path in ["/continue", "/read"] {
            client.send(EXPECT.replace("POST /", &format!("POST {path}")));
            assert_eq!(client.interim().status, 100);
            client.send("body");
            let answer = client.answer();
            assert_eq!((answer.text(), answer.says_close()), ("body", false));
        }
        assert_eq!(log.all(), ["check_continue"; 2], "and no request");
    });
}

/// The notes refuse with 400. Any final status will do, and most say more.
#[test]
fn erratum_e22_check_continue_refuses_with_any_final_status() {
    watched(|| {
        let log = Log::default();
        let site = checking(&log);
        let mut client = site.client();
        client.send(EXPECT.replace("POST /", "POST /private"));
        let answer = client.answer();
        assert_eq!((answer.status, answer.text()), (401, "who are you?"));
        assert!(answer.says_close());
        client.ended();
        assert_eq!(log.all(), ["check_continue"], "and no request");
    });
}

#[test]
fn row_h08_after_the_final_head_there_is_no_100() {
    watched(|| {
        let site = checking(&Log::default());
        let mut client = site.client();
        client.send(EXPECT.replace("POST /", "POST /late"));
        let answer = client.answer();
        assert_eq!((answer.status, answer.text()), (200, "late"));
        client.ended();
    });
}

/// A handler that answers first and reads afterwards: the client has its answer and sends the
/// body or not, so no 100 is sent, and the connection ends.
#[test]
fn row_h08_reading_after_the_final_head_sends_no_100() {
    watched(|| {
        let site = Site::new(http::create_server(|mut req: Request<'_>, mut res| {
            res.write("first ")?;
            let mut body = String::new();
            req.read_to_string(&mut body)?;
            res.end(body)
        }));
        let mut client = site.client();
        client.send(EXPECT);
        let head = client.head();
        assert_eq!((head.status, head.says_close()), (200, true));
        client.send("body");
        client.exactly("6\r\nfirst \r\n4\r\nbody\r\n0\r\n\r\n");
        client.ended();
    });
}
