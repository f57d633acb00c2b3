//! H10, second part: a program that answers its clients' errors in words of its own.

use crate::support::{Answer, Log, Site, answers, watched};
use barewire::http::{self, Error, Handled, Request, Response, Server, ServerEvents};

/// The one answer to these bytes.
#[track_caller]
fn refusal(server: &Server<impl ServerEvents>, bytes: &[u8]) -> Answer {
    let answer = answers(server.answer_to(bytes), &["GET"]).remove(0);
    assert!(answer.says_close(), "however it is answered");
    answer
}

/// Answers in the way it was made for.
struct Own {
    log: Log,
    how: &'static str,
}

impl ServerEvents for Own {
    fn request(&self, mut req: Request<'_>, res: Response<'_>) -> Handled {
        res.end(req.collect()?)
    }

    fn client_error(&self, error: &Error, mut res: Response<'_>) -> Handled {
        let Error::Peer(peer) = error else {
            return Err("the client is to blame for these".into());
        };
        self.log
            .note(format!("{} {}", error.status(), peer.rule().name()));
        match self.how {
            "own" => {
                res.set_header("X-Rule", peer.rule().name())?;
                let res = res.write_head((418, "I'm a teapot"), [("Content-Type", "text/html")])?;
                res.end("<h1>no</h1>")
            }
            "words" => res.end("mine"),
            "err" => Err("no words".into()),
            "panic" => panic!("on purpose"),
            "late" => {
                res.end("late")?;
                Err("too late".into())
            }
            "half" => Ok(res.write("half of it")?),
            _ => Ok(()), // says nothing at all
        }
    }

    fn error(&self, what: &dyn std::fmt::Display) {
        self.log.note(what);
    }
}

fn own(how: &'static str) -> (Log, Server<impl ServerEvents>) {
    let log = Log::default();
    let events = Own {
        log: log.clone(),
        how,
    };
    (log, http::create_server_with(events))
}

#[test]
fn row_h10_a_client_error_of_ones_own() {
    let (log, server) = own("own");
    let answer = refusal(&server, b"GET / HTTP/1.1\r\n\r\n");
    assert_eq!(
        (answer.status, answer.reason.as_str()),
        (418, "I'm a teapot")
    );
    assert_eq!(answer.field("X-Rule"), Some("HostMissing"));
    assert_eq!(answer.text(), "<h1>no</h1>");
    let body = refusal(
        &server,
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx",
    );
    assert_eq!(body.status, 418);
    assert_eq!(log.all(), ["400 HostMissing", "400 MessageTruncated"]);
}

/// A page of one's own needs its words and no more: a refusal is never a `200 OK`.
#[test]
fn row_h10_the_response_to_a_client_error_begins_with_its_status() {
    let (_, server) = own("words");
    let answer = refusal(&server, b"GET / HTTP/1.1\r\n\r\n");
    assert_eq!((answer.status, answer.text()), (400, "mine"));
    let long = format!("GET /{} HTTP/1.1\r\n", "x".repeat(20_000));
    assert_eq!(refusal(&server, long.as_bytes()).status, 414);
    let half = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx";
    assert_eq!(refusal(&server, half).status, 400);
}

/// Whatever happens there, the client is answered.
#[test]
fn row_h10_a_client_error_that_fails_is_the_default() {
    for (how, reported) in [
        ("err", &["no words"][..]),
        ("panic", &["a handler panicked"]),
        ("nothing", &[]),
    ] {
        let (log, server) = own(how);
        let answer = refusal(&server, b"GET / HTTP/1.1\r\n\r\n");
        assert_eq!(answer.status, 400, "{how}");
        assert!(answer.text().contains("RFC 9112 §3.2"), "{}", answer.text());
        assert_eq!(
            log.all(),
            [&["400 HostMissing"], reported].concat(),
            "{how}"
        );
    }
}

/// One that fails when it has answered has answered.
#[test]
fn row_h10_a_client_error_that_fails_after_its_answer() {
    let (log, server) = own("late");
    let answer = refusal(&server, b"GET / HTTP/1.1\r\n\r\n");
    assert_eq!((answer.status, answer.text()), (400, "late"));
    assert_eq!(log.all(), ["400 HostMissing", "too late"]);
}

/// A half answer cannot be mended, only cut.
#[test]
fn row_h10_a_client_error_that_stops_halfway_is_cut() {
    let (_, server) = own("half");
    let bytes = server.answer_to(b"GET / HTTP/1.1\r\n\r\n");
    assert!(
        bytes.ends_with(b"\r\n\r\na\r\nhalf of it\r\n"),
        "{}",
        bytes.escape_ascii()
    );
}

/// The error as a program sees it: its words, its reason, its status.
#[test]
fn row_h10_errors_explain_themselves() {
    struct Shown(Log);
    impl ServerEvents for Shown {
        fn request(&self, _req: Request<'_>, res: Response<'_>) -> Handled {
            res.end("")
        }
        fn client_error(&self, error: &Error, res: Response<'_>) -> Handled {
            let source = std::error::Error::source(error).expect("a reason");
            self.0
                .note(format!("{error} | {source} | {}", error.status()));
            res.end("")
        }
    }
    watched(|| {
        let log = Log::default();
        let site = Site::new(http::create_server_with(Shown(log.clone())));
        let mut client = site.client();
        client.send("GET / HTTP/3.0\r\n\r\n");
        client.answer();
        let says = "only HTTP/1.x is supported here (RFC 9110 §15.6.6)";
        let reported = log.all().remove(0);
        assert!(
            reported.starts_with(says) && reported.ends_with("| 505"),
            "{reported}"
        );
        assert_eq!(reported.matches(says).count(), 2);
    });
}
