//! H05, fourth part: a handler refuses its request with a status.

use crate::support::{Answer, Log, answers, post, request};
use barewire::http::wire::Misuse;
use barewire::http::{self, Error, Failure, Handled, Request, Response, Server, ServerEvents};
use std::fmt;
use std::io::{self, Read};

/// A handler, and perhaps words of its own for what is refused.
struct Refusing {
    log: Log,
    handler: fn(Request<'_>, Response<'_>) -> Handled,
    client_error: fn(&Error, Response<'_>) -> Handled,
}

impl ServerEvents for Refusing {
    fn request(&self, req: Request<'_>, res: Response<'_>) -> Handled {
        match req.path() {
            "/next" => res.end("next"),
            _ => (self.handler)(req, res),
        }
    }

    fn client_error(&self, error: &Error, res: Response<'_>) -> Handled {
        self.log
            .note(format!("refused: {} {error}", error.status()));
        (self.client_error)(error, res)
    }

    fn error(&self, what: &dyn fmt::Display) {
        self.log.note(format!("reported: {what}"));
    }
}

type Refuse = fn(Request<'_>, Response<'_>) -> Handled;

fn server(handler: Refuse) -> (Log, Server<impl ServerEvents>) {
    server_with(handler, |error, mut res| {
        let text = format!("{} {error}", error.status());
        res.set_status(error.status())?;
        res.end(text)
    })
}

fn server_with(
    handler: Refuse,
    client_error: fn(&Error, Response<'_>) -> Handled,
) -> (Log, Server<impl ServerEvents>) {
    let log = Log::default();
    let events = Refusing {
        log: log.clone(),
        handler,
        client_error,
    };
    (log, http::create_server_with(events))
}

/// The response to these bytes of a server without words of its own, and to a request behind them.
#[track_caller]
fn refused(method: &str, bytes: impl AsRef<[u8]>, handler: Refuse) -> Answer {
    let both = [bytes.as_ref(), request("GET", "/next").as_bytes()].concat();
    let mut answers = answers(
        http::create_server(
            move |req: Request<'_>, res: Response<'_>| match req.path() {
                "/next" => res.end("next"),
                _ => handler(req, res),
            },
        )
        .answer_to(&both),
        &[method, "GET"],
    );
    assert_eq!(answers.pop().expect("two").text(), "next");
    answers.remove(0)
}

#[test]
fn row_h05_a_refusal_is_a_status_and_why() {
    let answer = refused("GET", request("GET", "/"), |_req, mut res| {
        res.set_status(201)?.set_header("X-Foo", "bar")?;
        Err(http::refuse(404, "no such counter"))
    });
    assert_eq!((answer.status, &*answer.reason), (404, "Not Found"));
    assert_eq!(answer.text(), "404 Not Found: no such counter\n");
    let content_type = answer.field("Content-Type");
    assert_eq!(content_type, Some("text/plain; charset=utf-8"));
    assert_eq!(answer.field("X-Foo"), None, "of another response");
    assert!(!answer.says_close());
}

#[test]
fn row_h05_a_refusal_comes_out_of_every_function() {
    fn number(text: &str) -> Result<u32, Failure> {
        text.parse()
            .map_err(|_| http::refuse(400, "by is no number"))
    }
    /// A reader that refuses in the middle.
    struct Upload;
    impl Read for Upload {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other(http::refuse(400, "by is no number")))
        }
    }
    let handlers: [Refuse; 4] = [
        |_, _| Err(http::refuse(400, "by is no number")),
        |_, res| res.end(number("x")?.to_string()),
        |_, res| res.end(io::read_to_string(Upload)?),
        |_, res| {
            let by: u32 = "x"
                .parse()
                .map_err(|_| http::refuse(400, "by is no number"))?;
            res.end(by.to_string())
        },
    ];
    for handler in handlers {
        let answer = refused("GET", request("GET", "/"), handler);
        assert_eq!(answer.text(), "400 Bad Request: by is no number\n");
    }
}

#[test]
fn row_h05_a_refusal_of_a_head_has_no_body() {
    let answer = refused("HEAD", request("HEAD", "/"), |_, _| {
        Err(http::refuse(403, "no"))
    });
    assert_eq!(
        (answer.status, answer.field("Content-Length")),
        (403, Some("18"))
    );
}

/// The body is dropped as after any response, and a client that waits for a 100 gets the status.
#[test]
fn row_h05_a_refusal_before_the_body() {
    let no: Refuse = |_, _| Err(http::refuse(413, "one line is enough"));
    assert_eq!(refused("POST", post("/", "a body"), no).status, 413);
    let (log, server) = server(no);
    let head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n";
    let answer = answers(server.answer_to(head.as_bytes()), &["POST"]).remove(0);
    assert_eq!((answer.status, answer.says_close()), (413, true));
    assert_eq!(log.all(), ["refused: 413 one line is enough"]);
    let large = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n";
    let answer = answers(server.answer_to(large.as_bytes()), &["POST"]).remove(0);
    assert_eq!((answer.status, answer.says_close()), (413, true));
}

#[test]
fn row_h05_a_4xx_is_not_reported_and_a_5xx_is() {
    for (handler, all) in [
        (
            (|_, _| Err(http::refuse(409, "it exists"))) as Refuse,
            &["refused: 409 it exists"][..],
        ),
        (
            |_, _| Err(http::refuse(503, "too busy")),
            &["reported: too busy", "refused: 503 too busy"],
        ),
    ] {
        let (log, server) = server(handler);
        let both = server.answer_to(
            [request("GET", "/"), request("GET", "/next")]
                .concat()
                .as_bytes(),
        );
        let answers = answers(both, &["GET", "GET"]);
        assert_eq!(log.all(), all);
        assert!(all.last().unwrap().ends_with(answers[0].text()));
        assert_eq!(answers[1].text(), "next");
    }
}

#[test]
fn row_h05_only_a_4xx_or_5xx_refuses() {
    for handler in [
        (|_, _| Err(http::refuse(200, "ok"))) as Refuse,
        |_, _| Err(http::refuse(302, "elsewhere")),
        |_, _| Err(http::refuse(600, "?")),
    ] {
        let (log, server) = server(handler);
        let answer = answers(server.answer_to(request("GET", "/").as_bytes()), &["GET"]).remove(0);
        assert_eq!(answer.text(), "500 Internal Server Error\n");
        assert_eq!(log.all(), [format!("reported: {}", Misuse::Status)]);
    }
}

#[test]
fn row_h05_the_fields_of_a_refusal_are_sent() {
    let handler: Refuse = |_, mut res| {
        res.set_header("X-Foo", "bar")?;
        let fields = [("Allow", "GET"), ("X-Foo", "refused")];
        Err(http::refuse_with(405, "it can be read", fields))
    };
    let fields = |answer: &Answer| {
        assert_eq!(answer.status, 405);
        (
            answer.field("Allow").map(str::to_owned),
            answer.field("X-Foo").map(str::to_owned),
        )
    };
    let expected = (Some("GET".to_owned()), Some("refused".to_owned()));
    let answer = refused("PUT", request("PUT", "/"), handler);
    assert_eq!(fields(&answer), expected);
    let own: [fn(&Error, Response<'_>) -> Handled; 4] = [
        |_, res| {
            let res = res.write_head(405, [("Content-Type", "text/html")])?;
            res.end("<h1>no</h1>")
        },
        |error, mut res| {
            res.set_status(error.status())?;
            res.end("")
        },
        |_, mut res| {
            res.remove_header("Allow")?;
            Err("no words".into())
        },
        |_, _| panic!("on purpose"),
    ];
    for client_error in own {
        let (_, server) = server_with(handler, client_error);
        let answer = answers(server.answer_to(request("PUT", "/").as_bytes()), &["PUT"]).remove(0);
        assert_eq!(fields(&answer), expected);
    }
}

#[test]
fn row_h05_fields_that_cannot_be_sent_are_a_500() {
    for (handler, misuse) in [
        (
            (|_, _| Err(http::refuse_with(400, "", [("a b", "c")]))) as Refuse,
            Misuse::FieldName,
        ),
        (
            |_, _| Err(http::refuse_with(400, "", [("Content-Length", "9")])),
            Misuse::Framing,
        ),
    ] {
        let (log, server) = server(handler);
        let answer = answers(server.answer_to(request("GET", "/").as_bytes()), &["GET"]).remove(0);
        assert_eq!(answer.status, 500);
        assert_eq!(log.all(), [format!("reported: {misuse}")]);
    }
}

#[test]
fn row_h05_a_refusal_behind_a_head_is_reported() {
    let handler: Refuse = |req, mut res| {
        match req.path() {
            "/ended" => res.end("all of it")?,
            "/flushed" => res.flush()?,
            _ => res.write("some of it")?,
        }
        Err(http::refuse(400, "too late"))
    };
    for (path, ends) in [
        ("/written", "\r\n\r\na\r\nsome of it\r\n"),
        ("/flushed", "\r\n\r\n"),
        ("/ended", "\r\n\r\nall of it"),
    ] {
        let (log, server) = server(handler);
        let bytes = server.answer_to(request("GET", path).as_bytes());
        assert!(bytes.ends_with(ends.as_bytes()), "{}", bytes.escape_ascii());
        let says = "reported: too late (a refusal with 400, behind the head of a response)";
        assert_eq!(log.all(), [says], "{path}");
    }
}

#[test]
fn row_h05_why_is_one_line() {
    let answer = refused("GET", request("GET", "/"), |_, _| {
        Err(http::refuse(400, "a\r\n\x1b[2Jb 深"))
    });
    assert_eq!(answer.text(), "400 Bad Request: a\\r\\n\\u{1b}[2Jb 深\n");
    let unnamed = refused("GET", request("GET", "/"), |_, _| {
        Err(http::refuse(499, io::Error::other("it left")))
    });
    assert_eq!((&*unnamed.reason, unnamed.text()), ("", "499: it left\n"));
}

/// What broke the body is the client's mistake; the handler may say so in words of its own.
#[test]
fn row_h05_a_refusal_of_a_broken_body_ends_the_connection() {
    let (log, server) = server(|mut req, _| {
        let body = req.collect_text().map(drop);
        body.map_err(|error| http::refuse(422, error))
    });
    let bytes = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n";
    let answer = answers(server.answer_to(bytes.as_bytes()), &["POST"]).remove(0);
    assert_eq!((answer.status, answer.says_close()), (422, true));
    assert!(
        log.all()[0].starts_with("refused: 422 a chunk starts"),
        "{:?}",
        log.all()
    );
}
